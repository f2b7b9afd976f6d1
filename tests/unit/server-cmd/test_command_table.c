/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "world.h"

#include "gate/kinds.h"
#include "resp/reply.h"

static bool is_row_of(const char *name, const char *container) {
    size_t len = strlen(container);
    return strncmp(name, container, len) == 0 && name[len] == '|';
}

Test(command_table, rows_are_consistent) {
    const char *container = "";
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        const char *name = command->name;
        for (const char *at = name; *at; at++)
            cr_expect(strchr("abcdefghijklmnopqrstuvwxyz|-_.", *at), "%s is not lower case", name);
        cr_expect(command->handler && command->arity != 0, "%s", name);
        cr_expect(strlen(command->summary) > 5 && command->complexity[0] && command->since[0] &&
                      command->group[0],
                  "%s is not described", name);
        cr_expect(!(command->flags & CMD_WRITE && command->flags & CMD_READONLY), "%s", name);
        if (command_is_subcommand(command))
            cr_expect(is_row_of(name, container), "%s does not follow its container", name);
        else
            container = name;
        if (command->keys.use == KEYS_NONE) continue;
        int args = command->arity < 0 ? -command->arity : command->arity;
        if (command->keys.count_at > 0) {
            cr_expect(command->keys.count_at < args && command->keys.first == 0, "%s", name);
            continue;
        }
        if (command->keys.use == KEYS_NOT) args++; /* SUNSUBSCRIBE may name none */
        cr_expect(command->keys.first > 0 && command->keys.first < args && command->keys.step > 0,
                  "%s: keys are where arguments are", name);
        const struct command_keys *others = command->keys.others;
        bool writes = (command->keys.use != KEYS_RO && command->keys.use != KEYS_NOT) ||
                      (others && others->use != KEYS_RO) || command->keys.unknown_written;
        cr_expect(writes == ((command->flags & CMD_WRITE) != 0), "%s: keys and flags differ", name);
    }
}

Test(command_table, every_command_is_found_in_any_case_and_nothing_else) {
    static struct command_index index;
    command_index_init(&index);
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        char upper[COMMAND_NAME_BYTES_MAX + 1] = {0};
        for (size_t i = 0; command->name[i]; i++) {
            char c = command->name[i];
            upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        }
        const struct command *found = command_find(&index, bytes_of_cstr(upper));
        if (command_is_subcommand(command)) {
            cr_expect(found == NULL, "%s", command->name);
            const struct command *container = command;
            while (command_is_subcommand(container)) container--;
            found = command_find_subcommand(container, bytes_of_cstr(strchr(upper, '|') + 1));
        }
        cr_expect(found == command, "%s", command->name);
    }
    static const char *const unknown[] = {
        "", "ge", "gett", "get ", "client|kill", "a_name_that_is_longer_than_any_command_is"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        cr_expect(!command_find(&index, bytes_of_cstr(unknown[i])), "'%s'", unknown[i]);
    cr_expect(!command_find_subcommand(command_find(&index, BYTES("client")), BYTES("nosuch")));
    cr_expect(!command_find_subcommand(command_find(&index, BYTES("get")), BYTES("count")));
}

/* Every reply is one whole value of its protocol, whatever is asked about. */
Test(command_table, what_is_told_is_well_formed_in_both_protocols) {
    static const char *const questions[] = {"COMMAND\r\n",
                                            "COMMAND INFO\r\n",
                                            "COMMAND DOCS\r\n",
                                            "COMMAND LIST\r\n",
                                            "COMMAND COUNT\r\n",
                                            "COMMAND HELP\r\n",
                                            "CLIENT HELP\r\n",
                                            "CONFIG HELP\r\n",
                                            "COMMAND INFO get nosuch client|kill config\r\n",
                                            "COMMAND DOCS set nosuch client\r\n",
                                            "COMMAND GETKEYS mset a 1 b 2\r\n",
                                            "COMMAND GETKEYSANDFLAGS set a b get\r\n",
                                            "COMMAND LIST FILTERBY ACLCAT write\r\n",
                                            "COMMAND LIST FILTERBY PATTERN *get*\r\n",
                                            "COMMAND LIST FILTERBY MODULE none\r\n",
                                            "INFO everything\r\n",
                                            "CONFIG GET *\r\n",
                                            "CLIENT INFO\r\n",
                                            "CLIENT LIST\r\n",
                                            "HELLO\r\n"};
    struct world world;
    world_init(&world);
    for (int version = 2; version <= 3; version++) {
        ask(&world, version == 3 ? "HELLO 3\r\n" : "HELLO 2\r\n");
        for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
            struct resp_reply_reader reader;
            struct resp_reply_event event = {0};
            struct brine_error err;
            resp_reply_init(&reader, (struct resp_reply_limits){0});
            ask(&world, questions[i]);
            struct bytes left = buf_view(&world.text);
            while (!event.ends_reply) {
                enum brine_status status = resp_reply_next(&reader, left, &event, &err);
                cr_assert(status == BRINE_OK, "RESP%d %s: %s", version, questions[i],
                          brine_status_meaning(status));
                cr_expect(event.kind != RESP_KIND_ERROR, "%s", questions[i]);
                left = bytes_slice(left, event.consumed, left.len);
            }
            cr_expect(left.len == 0, "RESP%d %s: %zu bytes too many", version, questions[i],
                      left.len);
        }
    }
    world_deinit(&world);
}

Test(command_table, keys_are_where_the_row_says) {
    static const struct {
        const char *input, *reply;
    } rows[] = {
        {"COMMAND GETKEYS get k\r\n", "*1\r\n$1\r\nk\r\n"},
        {"COMMAND GETKEYS mset a 1 b 2\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
        {"COMMAND GETKEYS del a b c\r\n", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"},
        {"COMMAND GETKEYS ping a\r\n", "-ERR The command has no key arguments\r\n"},
        {"COMMAND GETKEYS nosuch a\r\n", "-ERR Invalid command specified\r\n"},
        {"COMMAND GETKEYS get a b\r\n",
         "-ERR Invalid number of arguments specified for command\r\n"},
        {"COMMAND GETKEYSANDFLAGS set a b\r\n", "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n"},
        {"COMMAND GETKEYSANDFLAGS set a b ex 1 GET\r\n",
         "*1\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+update\r\n"},
    };
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_str_eq(ask(&world, rows[i].input), rows[i].reply, "%s", rows[i].input);
    world_deinit(&world);
}

static void exec_alone(struct world *world, const struct command *command, const char *argument) {
    struct buf input;
    const char *bar = strchr(command->name, '|');
    size_t name_len = bar ? (size_t)(bar - command->name) : strlen(command->name);
    size_t count = (size_t)(command->arity < 0 ? -command->arity : command->arity);
    buf_init(&input, mem_system(), 1 << 16);
    must(buf_printf(&input, "MULTI\r\n%.*s", (int)name_len, command->name));
    if (bar) must(buf_printf(&input, " %s", bar + 1));
    for (size_t i = bar ? 2 : 1; i < count; i++) must(buf_printf(&input, " %s", argument));
    must(buf_printf(&input, "\r\nEXEC\r\n"));
    const char *answer = ask_bytes(world, buf_view(&input));
    cr_expect(strncmp(answer, "+OK\r\n", 5) == 0, "%s answered %s", command->name, answer);
    buf_deinit(&input);
}

/* EXEC locks what the rows say; a handler that locks more ends the server. */
Test(command_table, every_command_stays_within_the_locks_that_exec_takes_for_it) {
    static const char *const arguments[] = {"k", "1"};
    for (size_t row = 0; row < command_table_count(); row++) {
        for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
            struct world world;
            world_init(&world);
            struct gate_kinds *kinds = gate_kinds_create(
                &(struct gate_kinds_options){.mem = &world.mem.allocator, .secret = {5, 6}});
            cr_assert(kinds);
            world.one.gate.kinds = kinds;
            exec_alone(&world, &command_table[row], arguments[i]);
            cr_expect(world.one.worker.access.hold.depth == 0, "%s", command_table[row].name);
            gate_kinds_destroy(kinds);
            world_deinit(&world);
        }
    }
}
