/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Replays tests/corpus/pickle: every file is answered as EXPECTED says, and every file is named
 * there. Files that a fuzzer or a differential run found stand in FOUND, with the same columns. */

#include "pickle/verify.h"
#include "policy_file.h"

#include <criterion/criterion.h>

#include <dirent.h>

#define CORPUS "tests/corpus/pickle/"

enum { PICKLE_BYTES_MAX = 1 << 20 };

struct corpus {
    struct test_policy policy;
    struct pickle_scratch scratch;
    struct pickle_report report;
    uint8_t bytes[PICKLE_BYTES_MAX];
    size_t length;
};

static struct corpus *corpus_open(void) {
    struct corpus *c = mem_alloc_zeroed(mem_system(), sizeof *c);
    cr_assert(test_policy_load(&c->policy, CORPUS "POLICY"));
    pickle_scratch_init(&c->scratch, mem_system(), 1 << 30);
    return c;
}

static void corpus_close(struct corpus *c) {
    pickle_scratch_deinit(&c->scratch);
    mem_free(mem_system(), c, sizeof *c);
}

static void load(struct corpus *c, const char *name) {
    char path[512];
    snprintf(path, sizeof path, CORPUS "%s", name);
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

static void replay(const char *table_name, size_t rows_least) {
    struct corpus *c = corpus_open();
    FILE *table = fopen(table_name, "r");
    cr_assert_not_null(table);
    char row[4][256];
    size_t rows = 0;
    for (; next_row(table, row); rows++) check_row(c, row);
    fclose(table);
    corpus_close(c);
    cr_expect_geq(rows, rows_least);
}

Test(corpus, every_file_gets_its_expected_verdict) {
    replay(CORPUS "EXPECTED", 400);
}

Test(corpus, what_fuzzers_and_differential_runs_found_stays_settled) {
    replay(CORPUS "FOUND", 3);
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

Test(corpus, no_beginning_and_no_lengthening_of_an_accepted_pickle_is_accepted) {
    struct corpus *c = corpus_open();
    DIR *dir = opendir(CORPUS);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (strstr(entry->d_name, ".pkl")) check_neighbours(c, entry->d_name);
    closedir(dir);
    corpus_close(c);
}
