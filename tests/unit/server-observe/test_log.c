/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t fixed_clock(void *arg) {
    return *(int64_t *)arg;
}

static int64_t test_now_ms = 1795374602427; /* 2026-11-22 19:10:02.427 UTC */
static char test_path[64];

static void open_log(struct log *log, enum log_level level) {
    snprintf(test_path, sizeof(test_path), "/tmp/brine-log-%d", (int)getpid());
    setenv("TZ", "UTC", 1);
    struct log_options options = {
        .path = test_path, .level = level, .wall_ms = fixed_clock, .wall_arg = &test_now_ms};
    struct brine_error err;
    cr_assert(log_open(log, &options, &err) == BRINE_OK, "%s", err.text);
}

static size_t read_back(const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY);
    cr_assert(fd >= 0);
    ssize_t len = read(fd, text, room - 1);
    close(fd);
    text[len > 0 ? len : 0] = 0;
    return len > 0 ? (size_t)len : 0;
}

Test(log, a_line_has_the_form_that_redis_writes) {
    struct log log;
    open_log(&log, LOG_DEBUG);
    log_write(&log, LOG_NOTICE, "Ready, %d connections", 3);
    log_write(&log, LOG_WARNING, "w");
    log_write(&log, LOG_VERBOSE, "v");
    log_write(&log, LOG_DEBUG, "d");
    char text[512], want[512];
    read_back(test_path, text, sizeof(text));
    int pid = (int)getpid();
    snprintf(want, sizeof(want),
             "%d:M 22 Nov 2026 19:10:02.427 * Ready, 3 connections\n"
             "%d:M 22 Nov 2026 19:10:02.427 # w\n"
             "%d:M 22 Nov 2026 19:10:02.427 - v\n"
             "%d:M 22 Nov 2026 19:10:02.427 . d\n",
             pid, pid, pid, pid);
    cr_expect_str_eq(text, want);
    log_close(&log);
    unlink(test_path);
}

Test(log, nothing_from_outside_can_forge_a_line) {
    struct log log;
    open_log(&log, LOG_NOTICE);
    log_write(&log, LOG_NOTICE, "%s", "a\r\n1:M fake\t\x1b[2J\x7f\\\xc3\xa4");
    char text[512];
    size_t len = read_back(test_path, text, sizeof(text));
    cr_expect(strchr(text, '\n') == text + len - 1, "one line break, the last byte");
    cr_expect(strstr(text, "a\\r\\n1:M fake\\t\\x1b[2J\\x7f\\\\\\xc3\\xa4\n"), "%s", text);
    log_close(&log);
    unlink(test_path);
}

Test(log, a_line_is_cut_at_its_limit_and_still_ends) {
    struct log log;
    open_log(&log, LOG_NOTICE);
    static char huge[3 * LOG_LINE_BYTES_MAX], text[4 * LOG_LINE_BYTES_MAX];
    memset(huge, 1, sizeof(huge) - 1); /* each byte needs four */
    log_write(&log, LOG_NOTICE, "%s", huge);
    size_t len = read_back(test_path, text, sizeof(text));
    cr_expect(len <= LOG_LINE_BYTES_MAX + 5 && len >= LOG_LINE_BYTES_MAX, "%zu", len);
    cr_expect(text[len - 1] == '\n');
    log_close(&log);
    unlink(test_path);
}

Test(log, what_is_below_the_level_is_not_written_and_the_level_can_change) {
    struct log log;
    open_log(&log, LOG_WARNING);
    char text[512];
    log_write(&log, LOG_NOTICE, "quiet");
    cr_expect(read_back(test_path, text, sizeof(text)) == 0);
    log_set_level(&log, LOG_NOTICE);
    log_write(&log, LOG_NOTICE, "loud");
    cr_expect(read_back(test_path, text, sizeof(text)) > 0 && strstr(text, "loud"));
    log_close(&log);
    unlink(test_path);
}

Test(log, reopening_writes_to_a_new_file_after_the_old_was_moved) {
    struct log log;
    open_log(&log, LOG_NOTICE);
    log_write(&log, LOG_NOTICE, "before");
    char moved[80], text[512];
    snprintf(moved, sizeof(moved), "%s.1", test_path);
    cr_assert(rename(test_path, moved) == 0);
    struct brine_error err;
    cr_assert(log_reopen(&log, &err) == BRINE_OK, "%s", err.text);
    log_write(&log, LOG_NOTICE, "after");
    read_back(moved, text, sizeof(text));
    cr_expect(strstr(text, "before") && !strstr(text, "after"));
    read_back(test_path, text, sizeof(text));
    cr_expect(strstr(text, "after") && !strstr(text, "before"));
    log_close(&log);
    unlink(test_path);
    unlink(moved);
}

Test(log, a_file_that_cannot_be_opened_is_named) {
    struct log log;
    struct log_options options = {.path = "/nonexistent/dir/brine.log"};
    struct brine_error err;
    cr_assert(log_open(&log, &options, &err) == BRINE_IO);
    cr_expect(strstr(err.text, "/nonexistent/dir/brine.log"), "%s", err.text);
}

Test(log, a_missing_log_takes_everything) {
    log_write((struct log *)NULL, LOG_WARNING, "%d", 1);
    cr_expect(!log_wants(NULL, LOG_WARNING));
}

Test(log, levels_are_known_by_redis_names) {
    enum log_level level;
    cr_expect(log_level_parse(BYTES("Verbose"), &level) && level == LOG_VERBOSE);
    cr_expect(log_level_parse(BYTES("warning"), &level) && level == LOG_WARNING);
    cr_expect(!log_level_parse(BYTES("loud"), &level));
    cr_expect(!log_level_parse(BYTES(""), &level));
}

Test(log, a_limiter_allows_one_line_an_interval_and_counts_the_rest) {
    struct log_limiter limiter = {0};
    uint64_t suppressed = 99;
    cr_expect(log_limiter_allows(&limiter, 1000, 60000, &suppressed) && suppressed == 0);
    for (int i = 0; i < 5; i++)
        cr_expect(!log_limiter_allows(&limiter, 2000 + i, 60000, &suppressed));
    cr_expect(!log_limiter_allows(&limiter, 60999, 60000, &suppressed));
    cr_expect(log_limiter_allows(&limiter, 61000, 60000, &suppressed) && suppressed == 6);
}
