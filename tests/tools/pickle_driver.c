/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Verifies many pickles for a script: from standard input a four-byte length and the bytes, again
 * and again; to standard output one line each, fields parted by tabs: rule, offset, module.name of
 * a refusal, type, heap, then module:name:uses of each global.
 * usage: pickle_driver POLICY|preset:NAME[,NAME] [dis|joblib]   (dis answers with a length too;
 * joblib reads array streams) */

#include "../unit/proto-pickle/policy_file.h"
#include "pickle/disasm.h"
#include "pickle/verify.h"
#include "policy/policy.h"

#include <sys/mman.h>

static bool read_exactly(void *target, size_t bytes) {
    return fread(target, 1, bytes, stdin) == bytes;
}

/* Names of a refusal are the stream's own: nothing in them may look like the end of a field. */
static void print_name(struct bytes name) {
    for (size_t i = 0; i < name.len; i++)
        putchar(name.data[i] < ' ' || name.data[i] > '~' ? '?' : name.data[i]);
}

/* An accepted one is compared: only what ends fields and lines is replaced. */
static void print_resolved(struct bytes name) {
    for (size_t i = 0; i < name.len; i++)
        putchar(name.data[i] < ' ' || name.data[i] == 0x7f ? '?' : name.data[i]);
}

static void print_verdict(const struct pickle_report *r) {
    printf("%s\t%zu\t", pickle_reason_rule(r->reason), r->offset);
    print_name(r->module);
    putchar(':');
    print_name(r->name);
    printf("\t%s\t%llu", pickle_kind_name(r->top_kind), (unsigned long long)r->heap_bytes);
    for (size_t i = 0; i < r->globals_count; i++) {
        const struct pickle_global *g = &r->globals[i];
        putchar('\t');
        print_resolved(g->module);
        putchar(':');
        print_resolved(g->name);
        printf(":%u%s", g->uses, g->by_attribute ? "a" : "");
    }
    putchar('\n');
}

static bool print_disassembly(struct bytes input) {
    struct buf out;
    struct brine_error err;
    buf_init(&out, mem_system(), (size_t)1 << 30);
    uint8_t whole = pickle_disassemble(input, &out, &err) == BRINE_OK;
    uint32_t length = (uint32_t)out.len;
    bool written = fwrite(&whole, 1, 1, stdout) == 1 &&
                   fwrite(&length, sizeof length, 1, stdout) == 1 &&
                   fwrite(out.len ? (const void *)out.data : "", 1, out.len, stdout) == out.len;
    buf_deinit(&out);
    return written;
}

static bool print_verification(struct bytes input, const struct policy *policy,
                               struct pickle_scratch *scratch) {
    struct pickle_report report;
    enum brine_status status =
        pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, scratch, &report);
    print_verdict(&report);
    return (status == BRINE_OK) == (report.reason == PICKLE_ACCEPTED);
}

/* The presets of a list "a,b" as one policy. */
static bool compile_presets(const char *list, struct policy *policy) {
    enum { NAMES_MAX = 16 };
    struct policy_book *book;
    struct policy_compiled compiled;
    struct brine_error err;
    struct bytes names[NAMES_MAX], rest = bytes_of_cstr(list);
    size_t count = 0;
    while (rest.len > 0 && count < NAMES_MAX) names[count++] = test_policy_cut(&rest, ',');
    bool ok = policy_book_create(mem_system(), true, &book, &err) == BRINE_OK &&
              policy_compile(book, names, count, &compiled, &err) == BRINE_OK;
    if (ok)
        *policy = compiled.policy;
    else
        fprintf(stderr, "pickle_driver: %s\n", err.text);
    return ok;
}

static bool load_policy(const char *word, struct policy *policy) {
    static const char mark[] = "preset:";
    static struct test_policy file;
    if (strncmp(word, mark, sizeof mark - 1) == 0)
        return compile_presets(word + sizeof mark - 1, policy);
    if (!test_policy_load(&file, word)) return false;
    *policy = file.policy;
    return true;
}

/* Where inputs lie: at the end of what can be read. */
struct place {
    uint8_t *bytes;
    size_t capacity;
};

static uint8_t *place_for(struct place *place, size_t length) {
    enum { PAGE_BYTES = 4096, LEAST = 1 << 20 };
    if (length > place->capacity || !place->bytes) {
        size_t capacity = MAX((length | (PAGE_BYTES - 1)) + 1, (size_t)LEAST);
        if (place->bytes) munmap(place->bytes, place->capacity + PAGE_BYTES);
        place->bytes = mmap(NULL, capacity + PAGE_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (place->bytes == MAP_FAILED) return NULL;
        if (mprotect(place->bytes + capacity, PAGE_BYTES, PROT_NONE) != 0) return NULL;
        place->capacity = capacity;
    }
    return place->bytes + place->capacity - length;
}

int main(int argc, char **argv) {
    struct policy policy;
    struct pickle_scratch scratch;
    if (argc < 2 || !load_policy(argv[1], &policy)) return 2;
    pickle_scratch_init(&scratch, mem_system(), (size_t)4 << 30);
    struct place place = {0};
    bool disassembles = argc > 2 && strcmp(argv[2], "dis") == 0;
    scratch.joblib_arrays = argc > 2 && strcmp(argv[2], "joblib") == 0;
    uint32_t length;
    while (read_exactly(&length, sizeof length)) {
        uint8_t *bytes = place_for(&place, length);
        if (!bytes || !read_exactly(bytes, length)) return 1;
        struct bytes input = bytes_view(bytes, length);
        bool ok =
            disassembles ? print_disassembly(input) : print_verification(input, &policy, &scratch);
        if (!ok) return 3;
        fflush(stdout);
    }
    pickle_scratch_deinit(&scratch);
    return 0;
}
