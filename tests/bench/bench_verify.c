/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How long the verifier takes for pickles that lie in files, under all presets and one class of
 * the bench's own.  bench_verify.py writes the files, asks for one round at a time and measures
 * CPython between the rounds.  Without files it measures a list of rows that it makes itself.
 *
 * usage: bench_verify [FILE...]
 *   each line of standard input is "NUMBER MICROSECONDS": a file, and how long to verify it again
 *   and again.  The answer is ns a call, opcodes, allocations since the first call of that file,
 *   and the verdict, parted by tabs. */

#include "base/buf.h"
#include "pickle/verify.h"
#include "policy/policy.h"
#include "policy/presets.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FILES_MAX = 64, LINE_BYTES = 256 };

static const char own_policy[] = "[policy.bench]\nallow = [\"shop.Line\"]\n";

/* Counts what passes, to show that the steady state takes nothing. */
struct counting {
    struct allocator allocator;
    size_t calls;
};

struct subject {
    struct bytes input;
    struct counting counting;
    struct pickle_scratch scratch;
    size_t first_calls; /* of the allocator, made by the first verification */
    bool seen;
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

static void fail(const char *why) {
    fprintf(stderr, "bench_verify: %s\n", why);
    exit(2);
}

static struct bytes read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("a file cannot be opened");
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = mem_alloc(mem_system(), length + 1);
    if (!bytes || fread(bytes, 1, length, file) != length) fail("a file cannot be read");
    fclose(file);
    return bytes_view(bytes, length);
}

static void load_policy(struct policy_compiled *compiled) {
    struct policy_book *book;
    struct brine_error err;
    struct bytes names[POLICY_PRESET_COUNT + 1];
    struct policy_text text = {.file = "bench", .text = bytes_of_cstr(own_policy)};
    for (int i = 0; i < POLICY_PRESET_COUNT; i++)
        names[i] = bytes_of_cstr(policy_preset_name((enum policy_preset)i));
    names[POLICY_PRESET_COUNT] = BYTES("bench");
    if (policy_book_create(mem_system(), true, &book, &err) != BRINE_OK ||
        policy_book_add(book, &text, &err) != BRINE_OK ||
        policy_compile(book, names, ARRAY_LEN(names), compiled, &err) != BRINE_OK)
        fail(err.text);
    policy_book_destroy(book);
}

static void subject_init(struct subject *subject, struct bytes input) {
    *subject = (struct subject){.input = input, .counting.allocator.resize = count_resize};
    pickle_scratch_init(&subject->scratch, &subject->counting.allocator, (size_t)4 << 30);
}

/* Verifies for about so long and prints the round's line. */
static bool measure(struct subject *subject, const struct policy *policy, int64_t round_ns) {
    struct pickle_report report;
    enum brine_status status = BRINE_OK;
    char line[LINE_BYTES];
    size_t calls = 0, batch = subject->input.len < 65536 ? 64 : 1;
    if (!subject->seen) {
        status = pickle_verify(subject->input, policy, &PICKLE_LIMITS_DEFAULT, &subject->scratch,
                               &report);
        subject->first_calls = subject->counting.calls;
        subject->seen = true;
    }
    int64_t start = now_ns(), spent = 0;
    for (; spent < round_ns && status == BRINE_OK; spent = now_ns() - start)
        for (size_t i = 0; i < batch; i++, calls++)
            status |= pickle_verify(subject->input, policy, &PICKLE_LIMITS_DEFAULT,
                                    &subject->scratch, &report);
    printf("%.1f\t%llu\t%zu\t%s\n", calls ? (double)spent / (double)calls : 0,
           (unsigned long long)report.opcodes, subject->counting.calls - subject->first_calls,
           status == BRINE_OK ? "accepted" : pickle_report_message(&report, line, sizeof line));
    fflush(stdout);
    return status == BRINE_OK;
}

/* A list of rows: an integer, a string from the memo, a dict, a tuple, a bool. */
static bool measure_dense(const struct policy *policy) {
    enum { ROWS = 20000, ROUNDS = 5, ROUND_NS = 50000000 };
    struct buf dense;
    buf_init(&dense, mem_system(), 1 << 24);
    enum brine_status status = buf_append(&dense, BYTES("\x80\x04\x8c\x04"
                                                        "name\x94"
                                                        "0]\x94("));
    for (int i = 0; i < ROWS && status == BRINE_OK; i++)
        status = buf_append(&dense, BYTES("](K\x07h\x00}(\x8c\x01"
                                          "aK\x01\x8c\x01"
                                          "bK\x02N\x86u\x88"
                                          "e"));
    if (status != BRINE_OK || buf_append(&dense, BYTES("e.")) != BRINE_OK) return false;
    struct subject subject;
    subject_init(&subject, buf_view(&dense));
    bool fine = true;
    puts("ns a call\topcodes\tallocations\tverdict   (rows of a list)");
    for (int i = 0; i < ROUNDS && fine; i++) fine = measure(&subject, policy, ROUND_NS);
    pickle_scratch_deinit(&subject.scratch);
    buf_deinit(&dense);
    return fine;
}

int main(int argc, char **argv) {
    static struct subject subjects[FILES_MAX];
    struct policy_compiled compiled;
    unsigned number;
    long long round_us;
    char line[LINE_BYTES];
    if (argc > FILES_MAX) fail("too many files");
    load_policy(&compiled);
    if (argc == 1) return measure_dense(&compiled.policy) ? 0 : 1;
    for (int i = 1; i < argc; i++) subject_init(&subjects[i - 1], read_file(argv[i]));
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%u %lld", &number, &round_us) != 2 || number + 1 >= (unsigned)argc)
            fail("what is asked for is not NUMBER MICROSECONDS");
        (void)measure(&subjects[number], &compiled.policy, round_us * 1000);
    }
    return 0;
}
