/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How fast the verifier is: for each pickle file MB/s, opcodes/s and time a call, best of a few
 * rounds, and whether the steady state allocates.  bench_verify.py makes the files and measures
 * CPython's pickle.loads and pickletools.genops on them beside it. usage: bench_verify POLICY
 * FILE... */

#include "../unit/proto-pickle/policy_file.h"
#include "base/buf.h"
#include "pickle/verify.h"

#include <time.h>

enum { ROUNDS = 15, ROUND_NS = 20000000 };

/* Counts what passes, to show that the steady state takes nothing. */
struct counting {
    struct allocator allocator;
    size_t calls;
};

static void *count_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    ((struct counting *)self)->calls++;
    return mem_system()->resize(mem_system(), old, old_bytes, new_bytes);
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = mem_alloc(mem_system(), *length + 1);
    if (bytes && fread(bytes, 1, *length, file) != *length) bytes = NULL;
    fclose(file);
    return bytes;
}

static bool bench(const char *name, struct bytes input, const struct policy *policy) {
    struct counting counting = {.allocator.resize = count_resize};
    struct pickle_scratch scratch;
    struct pickle_report report;
    char line[256];
    pickle_scratch_init(&scratch, &counting.allocator, (size_t)4 << 30);
    enum brine_status status =
        pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report);
    size_t calls_before = counting.calls;
    int batch = report.opcodes < 1024 ? 64 : 1;
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns(), spent = 0;
        size_t calls = 0;
        for (; spent < ROUND_NS; spent = now_ns() - start)
            for (int i = 0; i < batch; i++, calls++)
                status |= pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report);
        best = MIN(best, (double)spent / (double)calls);
    }
    printf("%s\t%zu\t%llu\t%.1f\t%.1f\t%.1f\t%zu\t%s\n", name, input.len,
           (unsigned long long)report.opcodes, best, (double)input.len / best * 1000,
           (double)report.opcodes / best * 1000, counting.calls - calls_before,
           status == BRINE_OK ? "accepted" : pickle_report_message(&report, line, sizeof line));
    pickle_scratch_deinit(&scratch);
    return status == BRINE_OK;
}

/* A list of rows: an integer, a string from the memo, a dict, a tuple, a bool. */
static bool bench_dense(void) {
    enum { ROWS = 20000 };
    static struct policy none;
    struct buf dense;
    buf_init(&dense, mem_system(), 1 << 24);
    enum brine_status status = buf_append(&dense, BYTES("\x80\x04\x8c\x03key\x94"
                                                        "0]\x94("));
    for (int i = 0; i < ROWS && status == BRINE_OK; i++)
        status = buf_append(&dense, BYTES("](K\x07h\x00}(\x8c\x01"
                                          "aK\x01\x8c\x01"
                                          "bK\x02N\x86u\x88"
                                          "e"));
    if (status == BRINE_OK) status = buf_append(&dense, BYTES("e."));
    bool fine = status == BRINE_OK && bench("dense", buf_view(&dense), &none);
    buf_deinit(&dense);
    return fine;
}

static bool bench_file(const char *path, const struct policy *policy) {
    size_t length;
    uint8_t *bytes = read_file(path, &length);
    if (!bytes) return false;
    bool fine = bench(path, bytes_view(bytes, length), policy);
    mem_free(mem_system(), bytes, length + 1);
    return fine;
}

int main(int argc, char **argv) {
    static struct test_policy policy;
    if (argc > 1 && (argc < 3 || !test_policy_load(&policy, argv[1]))) return 2;
    puts("file\tbytes\topcodes\tns a call\tMB/s\tMop/s\tallocations\tverdict");
    if (argc == 1) return bench_dense() ? 0 : 1;
    for (int i = 2; i < argc; i++)
        if (!bench_file(argv[i], &policy.policy)) return 1;
    return 0;
}
