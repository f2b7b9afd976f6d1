/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/audit.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- support --------------------------------------------------------------------------------- */

static int64_t test_now_ms = 1795374602427; /* 2026-11-22 19:10:02.427 UTC */
static char test_dir[64], test_path[128], moved_path[128];

static int64_t fixed_clock(void *arg) {
    return *(int64_t *)arg;
}

static void make_dir(void) {
    snprintf(test_dir, sizeof test_dir, "/tmp/brine-audit-XXXXXX");
    cr_assert(mkdtemp(test_dir));
    snprintf(test_path, sizeof test_path, "%s/audit.log", test_dir);
    snprintf(moved_path, sizeof moved_path, "%s/audit.log.1", test_dir);
}

static void remove_dir(void) {
    unlink(test_path);
    unlink(moved_path);
    rmdir(test_dir);
}

static struct audit *open_audit(struct audit_options options) {
    struct audit *audit = NULL;
    struct brine_error err = {0};
    options.mem = options.mem ? options.mem : mem_system();
    options.wall_ms = fixed_clock;
    options.wall_arg = &test_now_ms;
    options.keep = options.keep ? options.keep : 1000;
    cr_assert(audit_open(&audit, &options, &err) == BRINE_OK, "%s", err.text);
    return audit;
}

static void write_key(struct audit *audit, const char *key) {
    struct audit_record record = AUDIT_RECORD(REFUSED);
    record.key = bytes_of_cstr(key);
    audit_write(audit, &record);
}

static void write_number(struct audit *audit, size_t number) {
    char key[32];
    snprintf(key, sizeof key, "%zu", number);
    write_key(audit, key);
}

enum { FILE_BYTES_MAX = 4 << 20 };
static char *read_back(const char *path) {
    static char text[FILE_BYTES_MAX + 1];
    size_t len = 0;
    int fd = open(path, O_RDONLY);
    cr_assert(fd >= 0, "%s cannot be read", path);
    for (ssize_t got = 1; got > 0; len += (size_t)MAX(got, 0))
        got = read(fd, text + len, FILE_BYTES_MAX - len);
    close(fd);
    text[len] = 0;
    return text;
}

/* Waits until the condition holds; false after ten seconds. */
#define EVENTUALLY(condition)                                                                      \
    ({                                                                                             \
        int turns = 10000;                                                                         \
        while (!(condition) && --turns > 0) poll(NULL, 0, 1);                                      \
        turns > 0;                                                                                 \
    })

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

struct gathered {
    struct buf text;
    size_t lines, limit;
};
static bool gather(void *context, struct bytes line) {
    struct gathered *gathered = context;
    cr_assert(buf_append(&gathered->text, line) == BRINE_OK);
    cr_assert(buf_append(&gathered->text, BYTES("\n")) == BRINE_OK);
    return ++gathered->lines < gathered->limit;
}
static struct gathered recent(struct audit *audit, size_t count, int64_t since_ms) {
    struct gathered gathered = {.limit = SIZE_MAX};
    buf_init(&gathered.text, mem_system(), FILE_BYTES_MAX);
    struct audit_query query = {.count = count, .since_ms = since_ms, .mem = mem_system()};
    cr_assert(audit_recent(audit, &query, gather, &gathered) == BRINE_OK);
    cr_assert(buf_append_byte(&gathered.text, 0) == BRINE_OK);
    return gathered;
}

#define HEAD(event)                                                                                \
    "{\"time\":\"2026-11-22T19:10:02.427Z\",\"time_ms\":1795374602427,\"event\":\"" event "\""

static void expect_line(const struct audit_record *record, const char *want) {
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert(audit_format(record, &out) == BRINE_OK);
    cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(want)), "%.*s\ninstead of\n%s",
              (int)out.len, (const char *)out.data, want);
    buf_deinit(&out);
}

/* ---- lines ----------------------------------------------------------------------------------- */

Test(audit, a_line_says_all_that_is_known_in_a_fixed_order) {
    struct audit_record record = AUDIT_RECORD(REFUSED);
    record.time_ms = test_now_ms;
    expect_line(&record, HEAD("refused") "}");

    struct audit_digest digest;
    record.client_id = 7;
    record.address = BYTES("127.0.0.1:5000");
    record.user = BYTES("default");
    record.client_name = BYTES("web");
    record.library_name = BYTES("redis-py");
    record.library_version = BYTES("5.0");
    record.command = BYTES("set");
    record.db = 0;
    record.key = BYTES("session:9");
    record.rule = 2;
    record.rule_name = BYTES("sessions");
    record.policy = BYTES("stdlib");
    record.generation = 3;
    record.verdict = BYTES("error");
    record.class_name = BYTES("forbidden");
    record.reason = BYTES("global-unknown");
    record.offset = 34;
    record.opcode = BYTES("STACK_GLOBAL");
    record.module = BYTES("os");
    record.name = BYTES("system");
    record.type = BYTES("dict");
    record.protocol = 4;
    record.framing = BYTES("zlib > pickle");
    record.size = 3;
    record.text = BYTES("says \"no\"");
    audit_record_digest(&record, BYTES("abc"), &digest);
    expect_line(
        &record,
        HEAD("refused") ",\"client_id\":7,\"address\":\"127.0.0.1:5000\",\"user\":\"default\""
                        ",\"client_name\":\"web\",\"library\":\"redis-py\",\"library_version\":\"5."
                        "0\""
                        ",\"command\":\"set\",\"db\":0,\"key\":\"session:9\",\"rule\":2"
                        ",\"rule_name\":\"sessions\",\"policy\":\"stdlib\",\"generation\":3"
                        ",\"verdict\":\"error\",\"class\":\"forbidden\",\"reason\":\"global-"
                        "unknown\""
                        ",\"offset\":34,\"opcode\":\"STACK_GLOBAL\",\"module\":\"os\",\"name\":"
                        "\"system\""
                        ",\"protocol\":4,\"type\":\"dict\",\"framing\":\"zlib > pickle\",\"size\":3"
                        ",\"digest\":\"ba7816bf8f01cfea414140de5dae2223\",\"text\":\"says "
                        "\\\"no\\\"\"}");
}

Test(audit, texts_of_strangers_stay_valid_and_unambiguous) {
    static char key[1000];
    char want[4096];
    const struct {
        struct bytes key;
        const char *shown;
    } rows[] = {
        {BYTES("a\nb\"\\"), "\"a\\nb\\\"\\\\\""},
        {BYTES("\0"), "\"\\u0000\""},
        {BYTES("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\""},
        {BYTES("\xff"), "\"\\\\xff\",\"key_escaped\":true"},
        {BYTES("\\xff"), "\"\\\\xff\""},
        {BYTES("\\xff\xff"), "\"\\\\\\\\xff\\\\xff\",\"key_escaped\":true"},
        {BYTES("\xc3"), "\"\\\\xc3\",\"key_escaped\":true"},
        {BYTES("a\xc2\x9b"
               "31m"),
         "\"a\\\\xc2\\\\x9b31m\",\"key_escaped\":true"},
        {BYTES("a\xe2\x80\xae"), "\"a\\\\xe2\\\\x80\\\\xae\",\"key_escaped\":true"},
        {BYTES("a\nb\xff"), "\"a\\\\x0ab\\\\xff\",\"key_escaped\":true"},
    };
    struct audit_record record = AUDIT_RECORD(ADMITTED);
    record.time_ms = test_now_ms;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        record.key = rows[i].key;
        snprintf(want, sizeof want, HEAD("admitted") ",\"key\":%s}", rows[i].shown);
        expect_line(&record, want);
    }
    memset(key, 'k', sizeof key);
    record.key = bytes_view(key, sizeof key);
    snprintf(want, sizeof want, HEAD("admitted") ",\"key\":\"%.512s\",\"key_bytes\":1000}", key);
    expect_line(&record, want);
    /* the cut goes through a character of two bytes */
    memcpy(key + AUDIT_KEY_BYTES_MAX - 1, "\xc3\xbc", 2);
    snprintf(want, sizeof want, HEAD("admitted") ",\"key\":\"%.511s\",\"key_bytes\":1000}", key);
    expect_line(&record, want);
}

Test(audit, the_longest_record_fits_into_its_bounds) {
    static char text[70000];
    make_dir();
    memset(text, 0xff, sizeof text);
    struct audit_record record = AUDIT_RECORD(REFUSED);
    for (size_t i = 0; i < AUDIT_TEXT_COUNT; i++) record.texts[i] = bytes_view(text, sizeof text);
    record.time_ms = record.rule = record.offset = record.size = record.count = INT64_MAX / 1000;
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    for (size_t i = 0; i < 50; i++) audit_write(audit, &record);
    struct gathered gathered = recent(audit, 5, 0);
    cr_expect(gathered.lines == 5);
    buf_deinit(&gathered.text);
    audit_close(audit);
    const char *file = read_back(test_path);
    cr_expect(count_of(file, "\n") >= 7 && count_of(file, "\"key_bytes\":70000") >= 7);
    remove_dir();
}

Test(audit, a_digest_is_of_the_first_megabyte) {
    static uint8_t value[AUDIT_DIGEST_BYTES_MAX + 1];
    struct audit_record record = AUDIT_RECORD(REFUSED);
    struct audit_digest all, more;
    audit_record_digest(&record, BYTES(""), &all);
    cr_expect_str_eq(all.text, "e3b0c44298fc1c149afbf4c8996fb924");
    cr_expect(record.digest_bytes == -1);
    audit_record_digest(&record, bytes_view(value, sizeof value), &more);
    cr_expect_str_eq(more.text, "30e14955ebf1352266dc2ff8067e6810"); /* of 2^20 zeros */
    cr_expect(record.digest_bytes == AUDIT_DIGEST_BYTES_MAX);
}

/* ---- the file -------------------------------------------------------------------------------- */

Test(audit, records_reach_the_file_and_a_clean_stop_flushes) {
    make_dir();
    for (size_t run = 0; run < 2; run++) {
        struct audit *audit = open_audit(
            (struct audit_options){.path = test_path, .sync = true, .queue_bytes = 1 << 20});
        for (size_t i = 0; i < 500; i++) write_number(audit, i);
        audit_close(audit);
    }
    struct stat about;
    cr_expect(stat(test_path, &about) == 0 && (about.st_mode & 0777) == 0600);
    const char *file = read_back(test_path);
    cr_expect(count_of(file, "\n") == 1000 && count_of(file, "\"key\":\"499\"}\n") == 2);
    remove_dir();
}

Test(audit, an_idle_trail_is_written_without_being_asked) {
    make_dir();
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    for (size_t i = 0; i < 3; i++) {
        write_key(audit, "k");
        cr_expect(EVENTUALLY(count_of(read_back(test_path), "\n") == i + 1));
    }
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    audit_close(audit);
    remove_dir();
}

Test(audit, a_file_that_was_moved_away_is_opened_anew) {
    make_dir();
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    write_key(audit, "first");
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    cr_assert(rename(test_path, moved_path) == 0);
    audit_reopen(audit);
    cr_expect(EVENTUALLY(access(test_path, F_OK) == 0));
    write_key(audit, "second");
    audit_close(audit);
    cr_expect(strstr(read_back(moved_path), "\"first\""));
    cr_expect(strstr(read_back(test_path), "\"second\"") && !strstr(read_back(test_path), "first"));
    remove_dir();
}

Test(audit, a_directory_that_went_away_loses_nothing) {
    make_dir();
    char away[80];
    snprintf(away, sizeof away, "%s-away", test_dir);
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    cr_assert(rename(test_dir, away) == 0);
    audit_reopen(audit);
    for (size_t i = 0; i < 10; i++) write_number(audit, i);
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0)); /* into the file it still has */
    cr_assert(rename(away, test_dir) == 0);
    audit_close(audit);
    cr_expect(count_of(read_back(test_path), "\n") == 10);
    remove_dir();
}

Test(audit, a_full_disk_drops_counts_and_says_so) {
    make_dir();
    cr_assert(symlink("/dev/full", test_path) == 0);
    struct audit *audit =
        open_audit((struct audit_options){.path = test_path, .queue_bytes = AUDIT_QUEUE_BYTES_MIN});
    size_t written = 0;
    while (audit_stats(audit).dropped_total < 100) write_number(audit, written++);
    struct audit_stats stats = audit_stats(audit);
    cr_expect(stats.records_total + stats.dropped_total == written);
    cr_expect(stats.queue_bytes <= AUDIT_QUEUE_BYTES_MIN);

    cr_assert(unlink(test_path) == 0);
    audit_reopen(audit);
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    write_number(audit, written++);
    audit_close(audit);
    const char *file = read_back(test_path);
    cr_expect(count_of(file, "\n") == written - 100 + 1);
    cr_expect(count_of(file, "\"event\":\"dropped\",\"count\":100}\n") == 1);
    const char *dropped = strstr(file, "dropped");
    char last[32];
    snprintf(last, sizeof last, "\"key\":\"%zu\"", written - 1);
    cr_expect(dropped && strstr(dropped, last), "the loss is told where it happened");
    remove_dir();
}

/* Gives the file so many bytes of room; what comes in their place is a partial write. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    cr_assert(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

Test(audit, a_line_that_was_half_written_is_completed) {
    make_dir();
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    limit_files(300);
    for (size_t i = 0; i < 5; i++) write_number(audit, i);
    cr_expect(EVENTUALLY(strlen(read_back(test_path)) == 300));
    limit_files(RLIM_INFINITY);
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    audit_close(audit);
    const char *file = read_back(test_path);
    cr_expect(count_of(file, "\n") == 5 && count_of(file, HEAD("refused")) == 5);
    cr_expect(count_of(file, "}\n") == 5);
    remove_dir();
}

Test(audit, a_line_that_was_half_written_begins_anew_in_a_new_file) {
    make_dir();
    struct audit *audit = open_audit((struct audit_options){.path = test_path});
    limit_files(300);
    for (size_t i = 0; i < 5; i++) write_number(audit, i);
    cr_expect(EVENTUALLY(strlen(read_back(test_path)) == 300));
    cr_assert(rename(test_path, moved_path) == 0);
    limit_files(RLIM_INFINITY);
    audit_reopen(audit);
    cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    audit_close(audit);
    size_t before = count_of(read_back(moved_path), "}\n");
    const char *file = read_back(test_path);
    cr_expect(count_of(file, "}\n") == 5 - before && count_of(file, HEAD("refused")) == 5 - before);
    cr_expect(strncmp(file, HEAD("refused"), sizeof HEAD("refused") - 1) == 0);

    /* and whoever opens the old one ends its last line first */
    cr_assert(rename(moved_path, test_path) == 0);
    audit = open_audit((struct audit_options){.path = test_path});
    write_key(audit, "later");
    audit_close(audit);
    cr_expect(strstr(read_back(test_path), "\n" HEAD("refused") ",\"key\":\"later\"}\n"));
    remove_dir();
}

Test(audit, a_file_that_cannot_be_opened_is_an_error_at_the_start) {
    struct audit *audit = NULL;
    struct brine_error err;
    struct audit_options options = {.mem = mem_system(), .path = "/nonexistent/audit.log"};
    cr_expect(audit_open(&audit, &options, &err) == BRINE_IO);
    cr_expect_str_eq(
        err.text, "/nonexistent/audit.log: cannot open the audit file: No such file or directory");
    options.path = "/tmp";
    cr_expect(audit_open(&audit, &options, &err) == BRINE_IO);
    cr_expect(audit == NULL);
}

/* ---- in memory ------------------------------------------------------------------------------- */

Test(audit, the_last_records_are_kept_in_memory) {
    struct audit *audit = open_audit((struct audit_options){.keep = 10});
    struct gathered gathered = recent(audit, 10, 0);
    cr_expect(gathered.lines == 0);
    buf_deinit(&gathered.text);
    for (size_t i = 0; i < 1000; i++) {
        write_number(audit, i);
        test_now_ms++;
    }
    const struct {
        size_t count;
        int64_t since_ms;
        size_t lines;
        const char *first;
    } rows[] = {
        {3, 0, 3, "\"997\""},
        {1000, 0, 10, "\"990\""},
        {1000, test_now_ms - 4, 4, "\"996\""},
        {2, test_now_ms - 4, 2, "\"998\""},
        {1000, test_now_ms, 0, ""},
        {0, 0, 0, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        gathered = recent(audit, rows[i].count, rows[i].since_ms);
        const char *end = gathered.lines ? strchr((const char *)gathered.text.data, '\n') : NULL;
        const char *first = end ? strstr((const char *)gathered.text.data, rows[i].first) : "";
        cr_expect(gathered.lines == rows[i].lines, "row %zu: %zu lines", i, gathered.lines);
        cr_expect(first && (!end || first < end), "row %zu begins elsewhere", i);
        buf_deinit(&gathered.text);
    }
    cr_expect(audit_stats(audit).kept == 10 && audit_stats(audit).dropped_total == 0);
    audit_close(audit);
}

Test(audit, a_small_ring_keeps_what_fits_and_loses_nothing_to_the_file) {
    make_dir();
    struct audit *audit = open_audit((struct audit_options){
        .path = test_path, .queue_bytes = AUDIT_QUEUE_BYTES_MIN, .keep = 100000});
    size_t refused = 0;
    for (size_t i = 0; i < 5000; i++) {
        write_number(audit, i);
        refused = audit_stats(audit).dropped_total;
        if (refused) break;
        if (i % 50 == 0) cr_expect(EVENTUALLY(audit_stats(audit).queue_bytes == 0));
    }
    cr_expect(refused == 0);
    struct audit_stats stats = audit_stats(audit);
    cr_expect(stats.kept > 100 && stats.kept < 1000, "%zu kept", stats.kept);
    struct gathered gathered = recent(audit, 100000, 0);
    cr_expect(gathered.lines == stats.kept);
    buf_deinit(&gathered.text);
    audit_close(audit);
    cr_expect(count_of(read_back(test_path), "\n") == 5000);
    remove_dir();
}

Test(audit, no_trail_at_all_takes_everything) {
    write_key(NULL, "k");
    audit_reopen(NULL);
    audit_close(NULL);
    cr_expect(audit_stats(NULL).records_total == 0);
    struct gathered gathered = recent(NULL, 10, 0);
    cr_expect(gathered.lines == 0);
    buf_deinit(&gathered.text);
}

Test(audit, a_refused_allocation_is_an_error_and_leaks_nothing) {
    make_dir();
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct audit *audit = NULL;
        struct brine_error err = {0};
        failing_init(&mem, n);
        struct audit_options options = {.mem = &mem.allocator, .path = test_path, .keep = 10};
        enum brine_status status = audit_open(&audit, &options, &err);
        cr_expect(status == (mem.refused ? BRINE_NO_MEMORY : BRINE_OK), "request %zu", n);
        if (status == BRINE_OK) {
            write_key(audit, "k");
            struct gathered gathered = {.limit = SIZE_MAX};
            buf_init(&gathered.text, mem_system(), FILE_BYTES_MAX);
            struct audit_query query = {.count = 1, .mem = &mem.allocator};
            cr_expect(audit_recent(audit, &query, gather, &gathered) == BRINE_OK || mem.refused);
            buf_deinit(&gathered.text);
            audit_close(audit);
        }
        cr_assert(mem.taken_bytes == 0);
        if (!mem.refused) break;
    }
    remove_dir();
}
