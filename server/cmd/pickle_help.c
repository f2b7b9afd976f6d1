/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* PICKLE.HELP: every PICKLE command of the table with its arguments, for people. */

#include "cmd/handlers.h"

#include <stdio.h>

enum { LINE_BYTES = 512 };

struct line {
    char text[LINE_BYTES];
    size_t len;
};

static void put(struct line *line, struct bytes text) {
    size_t room = sizeof line->text - line->len;
    bytes_copy_to(line->text + line->len, bytes_slice(text, 0, MIN(text.len, room)));
    line->len += MIN(text.len, room);
}

static void put_upper(struct line *line, struct bytes text) {
    for (size_t i = 0; i < text.len && line->len < sizeof line->text; i++) {
        uint8_t c = byte_lower(text.data[i]);
        line->text[line->len++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
}

static bool is_one_of(uint8_t c, const char *set) {
    return c && strchr(set, c);
}

/* One argument of the row's syntax (commands.def says how it is written) from *at on. */
struct argument {
    struct bytes name, type, token;
    bool optional, repeats, has_inner;
};

static struct bytes word(struct bytes syntax, size_t *at, const char *ends) {
    size_t start = *at;
    bool quoted = start < syntax.len && syntax.data[start] == '\'';
    if (quoted) {
        for (++*at; *at < syntax.len && syntax.data[*at] != '\'';) ++*at;
        size_t len = *at - start - 1;
        *at += *at < syntax.len;
        return bytes_slice(syntax, start + 1, len);
    }
    while (*at < syntax.len && !is_one_of(syntax.data[*at], ends)) ++*at;
    return bytes_slice(syntax, start, *at - start);
}

static struct argument read_argument(struct bytes syntax, size_t *at) {
    static const char ends[] = " ():=?+@";
    struct argument argument = {.name = word(syntax, at, ends)};
    for (; *at < syntax.len;) {
        uint8_t sign = syntax.data[*at];
        if (sign == ' ' || sign == ')') break;
        ++*at;
        if (sign == ':') argument.type = word(syntax, at, ends);
        if (sign == '=') argument.token = word(syntax, at, ends);
        if (sign == '@') (void)word(syntax, at, " ()?+");
        argument.optional |= sign == '?';
        argument.repeats |= sign == '+';
        argument.has_inner = sign == '(';
        if (argument.has_inner) break;
    }
    return argument;
}

/* "[COUNT count]", "GLOBAL pattern | TYPE pattern".  Nesting is as deep as in the table. */
static void put_arguments(struct line *line, struct bytes syntax, size_t *at, const char *between) {
    while (*at < syntax.len && syntax.data[*at] != ')') {
        if (syntax.data[*at] == ' ') {
            ++*at;
            put(line, bytes_of_cstr(between));
            continue;
        }
        struct argument argument = read_argument(syntax, at);
        bool flag = argument.token.len > 0 && argument.type.len == 0;
        if (argument.optional) put(line, BYTES("["));
        if (argument.token.len > 0) put(line, argument.token);
        if (argument.token.len > 0 && !flag) put(line, BYTES(" "));
        if (argument.has_inner) {
            put_arguments(line, syntax, at, bytes_is(argument.type, "oneof") ? " | " : " ");
            *at += *at < syntax.len; /* the ')' */
        } else if (!flag) {
            put(line, argument.name);
        }
        if (argument.repeats) put(line, BYTES(" ..."));
        if (argument.optional) put(line, BYTES("]"));
    }
}

static bool is_listed(const struct command *command) {
    const char *bar = strchr(command->name, '|');
    return strncmp(command->name, "pickle.", 7) == 0 &&
           (bar ? strcmp(bar, "|help") != 0 : command_subcommands(command) == 0);
}

/* PICKLE.HELP */
void cmd_pickle_help(struct command_call *call) {
    size_t lines = 0, head = resp_array_open(&call->reply->writer);
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        if (!is_listed(command)) continue;
        struct line line = {.len = 0};
        const char *bar = strchr(command->name, '|');
        struct bytes name = bytes_of_cstr(command->name);
        put_upper(&line, bar ? bytes_slice(name, 0, (size_t)(bar - command->name)) : name);
        if (bar) put(&line, BYTES(" "));
        if (bar) put_upper(&line, bytes_of_cstr(bar + 1));
        if (command->arguments[0]) put(&line, BYTES(" "));
        size_t at = 0;
        put_arguments(&line, bytes_of_cstr(command->arguments), &at, " ");
        reply_simple(call->reply, bytes_view(line.text, line.len));
        reply_bulkf(call->reply, "    %s", command->summary);
        lines += 2;
    }
    resp_array_close(&call->reply->writer, head, lines);
}
