/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Replays tests/corpus/pickle: every file is answered as EXPECTED says, and every file is named
 * there. Files that a fuzzer or a differential run found stand in FOUND, and those that reach code
 * which the others leave out in REACHED, with the same columns. */

#include "pickle/machine.h"
#include "policy_file.h"
#include "support/failing.h"

#include <criterion/criterion.h>

#include <dirent.h>

#define CORPUS  "tests/corpus/pickle/"
#define STREAMS "tests/corpus/pickle_joblib/"

enum { PICKLE_BYTES_MAX = 1 << 20 };

struct corpus {
    const char *folder;
    struct test_policy policy;
    struct pickle_scratch scratch;
    struct pickle_report report;
    uint8_t bytes[PICKLE_BYTES_MAX];
    size_t length;
};

/* Array streams are read as joblib.load reads them. */
static bool is_streams(const struct corpus *c) {
    return strcmp(c->folder, STREAMS) == 0;
}

static struct corpus *corpus_open(const char *folder) {
    struct corpus *c = mem_alloc_zeroed(mem_system(), sizeof *c);
    c->folder = folder;
    cr_assert(test_policy_load(&c->policy, CORPUS "POLICY"));
    pickle_scratch_init(&c->scratch, mem_system(), 1 << 30);
    c->scratch.joblib_arrays = is_streams(c);
    return c;
}

static void corpus_close(struct corpus *c) {
    pickle_scratch_deinit(&c->scratch);
    mem_free(mem_system(), c, sizeof *c);
}

static void load(struct corpus *c, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s%s", c->folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    c->length = fread(c->bytes, 1, sizeof c->bytes, file);
    fclose(file);
}

static enum brine_status verify(struct corpus *c, size_t length) {
    /* A copy of just that length, so that a sanitizer sees a read beyond it. */
    uint8_t *copy = mem_alloc(mem_system(), length + (length == 0));
    bytes_copy_to(copy, bytes_view(c->bytes, length));
    enum brine_status status = pickle_verify(bytes_view(copy, length), &c->policy.policy,
                                             &PICKLE_LIMITS_DEFAULT, &c->scratch, &c->report);
    c->report.module = c->report.name = bytes_view(NULL, 0);
    mem_free(mem_system(), copy, length + (length == 0));
    return status;
}

static bool next_row(FILE *table, char row[4][256]) {
    char line[1200];
    while (fgets(line, sizeof line, table))
        if (line[0] != '#' &&
            sscanf(line, "%255s %255s %255s %255s", row[0], row[1], row[2], row[3]) == 4)
            return true;
    return false;
}

static void check_row(struct corpus *c, char row[4][256]) {
    char global[1024] = "-";
    load(c, row[0]);
    (void)!pickle_verify(bytes_view(c->bytes, c->length), &c->policy.policy, &PICKLE_LIMITS_DEFAULT,
                         &c->scratch, &c->report);
    const struct pickle_report *r = &c->report;
    if (r->name.data)
        snprintf(global, sizeof global, "%.*s.%.*s", (int)r->module.len, r->module.data,
                 (int)r->name.len, r->name.data);
    cr_expect_str_eq(pickle_class_name(pickle_reason_class(r->reason)), row[1], "%s is %s", row[0],
                     pickle_reason_rule(r->reason));
    cr_expect_str_eq(pickle_reason_rule(r->reason), row[2], "%s is %s", row[0],
                     pickle_reason_rule(r->reason));
    /* A name that cannot be written in a column is quoted in EXPECTED and not compared. */
    if (row[3][0] != '\'') cr_expect_str_eq(global, row[3], "%s names %s", row[0], global);
}

static void replay(const char *folder, const char *table_name, size_t rows_least) {
    struct corpus *c = corpus_open(folder);
    char path[512];
    snprintf(path, sizeof path, "%s%s", folder, table_name);
    FILE *table = fopen(path, "r");
    cr_assert_not_null(table);
    char row[4][256];
    size_t rows = 0;
    for (; next_row(table, row); rows++) check_row(c, row);
    fclose(table);
    corpus_close(c);
    cr_expect_geq(rows, rows_least);
}

Test(corpus, every_file_gets_its_expected_verdict) {
    replay(CORPUS, "EXPECTED", 400);
}

Test(corpus, array_streams_get_their_expected_verdict) {
    replay(STREAMS, "EXPECTED", 60);
}

Test(corpus, what_fuzzers_and_differential_runs_found_stays_settled) {
    replay(CORPUS, "FOUND", 3);
}

Test(corpus, what_is_kept_for_the_code_it_reaches_stays_settled) {
    replay(CORPUS, "REACHED", 150);
}

Test(corpus, the_files_are_those_that_the_script_writes) {
    cr_expect_eq(system("python3 tests/tools/pickle_corpus.py --check"), 0);
}

/* Properties D and E of the verifier on all of the corpus. */
static void check_neighbours(struct corpus *c, const char *name) {
    load(c, name);
    size_t length = c->length;
    if (verify(c, length) != BRINE_OK) return;
    for (size_t cut = 0; cut < length; cut += length < 4096 ? 1 : length / 97)
        cr_expect_eq(verify(c, cut), BRINE_NEED_MORE, "%s cut to %zu: %s", name, cut,
                     pickle_reason_rule(c->report.reason));
    for (unsigned byte = 0; byte < 256; byte++) {
        c->bytes[length] = (uint8_t)byte;
        cr_expect_eq(verify(c, length + 1), BRINE_MALFORMED, "%s with %02x behind", name, byte);
    }
}

static void for_each_file(struct corpus *c, void (*visit)(struct corpus *c, const char *name)) {
    DIR *dir = opendir(c->folder);
    cr_assert_not_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strstr(entry->d_name, ".pkl")) visit(c, entry->d_name);
    closedir(dir);
}

static void visit_both(void (*visit)(struct corpus *c, const char *name)) {
    static const char *const folders[] = {CORPUS, STREAMS};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct corpus *c = corpus_open(folders[i]);
        for_each_file(c, visit);
        corpus_close(c);
    }
}

Test(corpus, no_beginning_and_no_lengthening_of_an_accepted_pickle_is_accepted) {
    visit_both(check_neighbours);
}

/* Without joblib_arrays the raw bytes would be opcodes. */
static void check_refused_as_pickle(struct corpus *c, const char *name) {
    load(c, name);
    c->scratch.joblib_arrays = false;
    bool has_no_array = strcmp(name, "j_plain.pkl") == 0 || strcmp(name, "j_bz2.pkl") == 0;
    cr_expect_eq(verify(c, c->length) == BRINE_OK, has_no_array, "%s", name);
}

Test(corpus, no_array_stream_is_accepted_as_a_pickle) {
    struct corpus *c = corpus_open(STREAMS);
    for_each_file(c, check_refused_as_pickle);
    corpus_close(c);
}

/* The verdict of a scratch that is new and gets its memory from `mem`. */
static enum pickle_reason verify_anew(struct corpus *c, struct allocator *mem, size_t limit_bytes) {
    struct pickle_scratch scratch;
    pickle_scratch_init(&scratch, mem, limit_bytes);
    scratch.collect_keys = true;
    scratch.joblib_arrays = is_streams(c);
    (void)!pickle_verify(bytes_view(c->bytes, c->length), &c->policy.policy, &PICKLE_LIMITS_DEFAULT,
                         &scratch, &c->report);
    enum pickle_reason reason = c->report.reason;
    pickle_scratch_deinit(&scratch);
    return reason;
}

/* Files whose every allocation is refused in turn; the larger ones only show that growth repeats.
 */
enum { MEMORY_FILE_BYTES_MAX = 4096 };

static void check_refused_memory(struct corpus *c, const char *name) {
    load(c, name);
    if (c->length > MEMORY_FILE_BYTES_MAX) return;
    enum pickle_reason whole = verify_anew(c, mem_system(), SIZE_MAX / 2);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        enum pickle_reason reason = verify_anew(c, &mem.allocator, SIZE_MAX / 2);
        cr_expect_eq(mem.taken_bytes, 0, "%s: request %zu", name, n);
        cr_expect_eq(reason, mem.refused ? PICKLE_NO_MEMORY : whole, "%s: request %zu: %s", name, n,
                     pickle_reason_rule(reason));
        if (!mem.refused) break;
    }
}

Test(corpus, memory_that_is_refused_at_any_point_is_an_answer) {
    visit_both(check_refused_memory);
}

#define SCRATCH_ARRAYS(X)                                                                          \
    X(stack) X(marks) X(memo) X(nodes) X(mores) X(cells) X(keys) X(names) X(table) X(globals)
enum { FULL_ITEMS = 512 };

/* The verdict of a scratch whose arrays cannot grow: one of them has `items`, the others plenty. */
static enum pickle_reason verify_cramped(struct corpus *c, bool collects, unsigned array,
                                         uint32_t items) {
    struct pickle_scratch scratch;
    unsigned number = 0;
    pickle_scratch_init(&scratch, mem_system(), (size_t)1 << 20);
    scratch.collect_keys = collects;
    scratch.joblib_arrays = is_streams(c);
#define X(name)                                                                                    \
    scratch.name##_cap = number++ == array ? items : FULL_ITEMS;                                   \
    scratch.name = mem_alloc(mem_system(), scratch.name##_cap * sizeof *scratch.name);             \
    scratch.taken_bytes += scratch.name##_cap * sizeof *scratch.name;
    SCRATCH_ARRAYS(X)
#undef X
    scratch.limit_bytes = scratch.taken_bytes;
    (void)!pickle_verify(bytes_view(c->bytes, c->length), &c->policy.policy, &PICKLE_LIMITS_DEFAULT,
                         &scratch, &c->report);
    pickle_scratch_deinit(&scratch);
    return c->report.reason;
}

static void check_each_array(struct corpus *c, const char *name, bool collects) {
    enum { ARRAYS = 10, FULL = ARRAYS };
    enum pickle_reason whole = verify_cramped(c, collects, FULL, 0);
    if (c->length > MEMORY_FILE_BYTES_MAX || whole == PICKLE_SCRATCH) return;
    for (unsigned array = 0; array < ARRAYS; array++) {
        enum pickle_reason reason = PICKLE_SCRATCH;
        for (uint32_t items = 1; items < FULL_ITEMS && reason == PICKLE_SCRATCH; items++)
            reason = verify_cramped(c, collects, array, items);
        cr_expect_eq(reason, whole, "%s, array %u: %s", name, array, pickle_reason_rule(reason));
    }
}

static void check_small_scratch(struct corpus *c, const char *name) {
    load(c, name);
    check_each_array(c, name, true);
    check_each_array(c, name, false);
}

Test(corpus, a_scratch_that_is_too_small_is_said_wherever_it_ends) {
    visit_both(check_small_scratch);
}

/* Each limit alone made small: what was refused stays refused. */
static void check_tight_limits(struct corpus *c, const char *name) {
    static const uint64_t tight[] = {0, 1, 2, 8, 100};
    load(c, name);
    if (c->length > MEMORY_FILE_BYTES_MAX) return;
    struct bytes input = bytes_view(c->bytes, c->length);
    enum brine_status usual =
        pickle_verify(input, &c->policy.policy, &PICKLE_LIMITS_DEFAULT, &c->scratch, &c->report);
    for (size_t field = 0; field < sizeof(struct pickle_limits) / sizeof(uint64_t); field++) {
        for (size_t i = 0; i < ARRAY_LEN(tight); i++) {
            struct pickle_limits limits = PICKLE_LIMITS_DEFAULT;
            uint64_t *limit = (uint64_t *)&limits + field;
            if (*limit > 0 && tight[i] > *limit) continue; /* 0: not limited */
            *limit = tight[i];
            enum brine_status now =
                pickle_verify(input, &c->policy.policy, &limits, &c->scratch, &c->report);
            cr_expect(usual == BRINE_OK || now != BRINE_OK, "%s, limit %zu of %llu", name, field,
                      (unsigned long long)tight[i]);
        }
    }
}

Test(corpus, a_tighter_limit_accepts_nothing_new) {
    struct corpus *c = corpus_open(CORPUS);
    for_each_file(c, check_tight_limits);
    corpus_close(c);
}
