/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/slowlog.h"

#include "support/failing.h"

#include <criterion/criterion.h>

struct seen {
    size_t announced, count;
    int64_t ids[8];
    struct slowlog_entry last;
    char arg[256];
    size_t arg_len;
};

static void begin(void *context, size_t count) {
    struct seen *seen = context;
    seen->announced = count;
}
static void remember(void *context, const struct slowlog_entry *entry) {
    struct seen *seen = context;
    if (seen->count < ARRAY_LEN(seen->ids)) seen->ids[seen->count] = entry->id;
    seen->count++;
    seen->last = *entry;
    struct bytes arg = entry->args[entry->args_count - 1];
    seen->arg_len = MIN(arg.len, sizeof seen->arg);
    bytes_copy_to(seen->arg, bytes_slice(arg, 0, seen->arg_len));
}

static void add(struct slowlog *log, const struct bytes *args, size_t count, size_t keep) {
    slowlog_add(log,
                &(struct slowlog_record){.args = args,
                                         .args_count = count,
                                         .at_s = 1700000000,
                                         .duration_us = 12345,
                                         .peer = BYTES("127.0.0.1:1"),
                                         .client_name = BYTES("me")},
                keep);
}

Test(slowlog, the_newest_come_first_and_ids_never_return) {
    struct slowlog log;
    struct seen seen = {0};
    const struct bytes args[] = {BYTES("keys"), BYTES("*")};
    slowlog_init(&log, mem_system());
    for (int i = 0; i < 5; i++) add(&log, args, 2, 3);
    cr_expect(slowlog_count(&log) == 3);
    slowlog_visit(&log, 2, begin, remember, &seen);
    cr_expect(seen.announced == 2 && seen.count == 2);
    cr_expect(seen.ids[0] == 4 && seen.ids[1] == 3);
    cr_expect(seen.last.at_s == 1700000000 && seen.last.duration_us == 12345);
    cr_expect(bytes_equal(seen.last.peer, BYTES("127.0.0.1:1")));
    cr_expect(bytes_equal(seen.last.client_name, BYTES("me")));
    slowlog_trim(&log, 0);
    cr_expect(slowlog_count(&log) == 0);
    add(&log, args, 2, 3);
    seen = (struct seen){0};
    slowlog_visit(&log, SIZE_MAX, NULL, remember, &seen);
    cr_expect(seen.count == 1 && seen.ids[0] == 5);
    add(&log, args, 2, 0);
    cr_expect(slowlog_count(&log) == 0, "nothing is kept when nothing is to be");
    slowlog_deinit(&log);
}

Test(slowlog, arguments_are_cut_in_number_and_in_length) {
    static uint8_t long_text[SLOWLOG_ARG_BYTES_MAX + 1];
    struct slowlog log;
    struct bytes args[SLOWLOG_ARGS_MAX + 8];
    const struct {
        const char *name;
        size_t args_count, last_len, kept;
        const char *ending;
    } rows[] = {
        {"all fit", SLOWLOG_ARGS_MAX, 5, SLOWLOG_ARGS_MAX, "AAAAA"},
        {"one too many", SLOWLOG_ARGS_MAX + 1, 5, SLOWLOG_ARGS_MAX, "... (2 more arguments)"},
        {"eight too many", SLOWLOG_ARGS_MAX + 8, 5, SLOWLOG_ARGS_MAX, "... (9 more arguments)"},
        {"as long as may be", 2, SLOWLOG_ARG_BYTES_MAX, 2, "AAAA"},
        {"a byte too long", 2, SLOWLOG_ARG_BYTES_MAX + 1, 2, "AAAA... (1 more bytes)"},
    };
    memset(long_text, 'A', sizeof long_text);
    slowlog_init(&log, mem_system());
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen seen = {0};
        for (size_t arg = 0; arg < rows[i].args_count; arg++)
            args[arg] = bytes_view(long_text, rows[i].last_len);
        add(&log, args, rows[i].args_count, 1);
        slowlog_visit(&log, 1, NULL, remember, &seen);
        cr_expect(seen.last.args_count == rows[i].kept, "%s", rows[i].name);
        size_t len = strlen(rows[i].ending);
        cr_expect(seen.arg_len >= len &&
                      !memcmp(seen.arg + seen.arg_len - len, rows[i].ending, len),
                  "%s: %.*s", rows[i].name, (int)seen.arg_len, seen.arg);
    }
    slowlog_deinit(&log);
}

Test(slowlog, without_memory_a_command_is_not_remembered) {
    struct slowlog log;
    struct failing_allocator mem;
    const struct bytes args[] = {BYTES("ping")};
    failing_init(&mem, 0);
    slowlog_init(&log, &mem.allocator);
    add(&log, args, 1, 10);
    cr_expect(slowlog_count(&log) == 0);
    slowlog_deinit(&log);
}
