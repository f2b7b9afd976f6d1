/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* COMMAND: the table, told to clients.  Source of the shapes: Redis 7.0 server.c
 * addReplyCommandInfo, addReplyCommandDocs. */

#include "cmd/handlers.h"

#include "base/glob.h"

#include <stdio.h>

enum { COMMAND_FIRST_ARG = 2 };

static const char *const flag_words[] = {
#define F(name, word, doc) word,
    COMMAND_FLAGS(F)
#undef F
};

/* ORDER key_use */
static const char *const key_use_words[] = {"", "RO", "RW", "OW", "RM", "not_key"};

/* Takes the next blank-separated word off a text; false: there is none. */
static bool next_word(const char **text, struct bytes *word) {
    *text += strspn(*text, " ");
    *word = bytes_view(*text, strcspn(*text, " "));
    *text += word->len;
    return word->len > 0;
}

static size_t count_words(const char *text) {
    struct bytes word;
    size_t count = 0;
    while (next_word(&text, &word)) count++;
    return count;
}

static bool has_word(const char *text, const char *wanted) {
    struct bytes word;
    while (next_word(&text, &word))
        if (bytes_equal(word, bytes_of_cstr(wanted))) return true;
    return false;
}

/* ---- COMMAND INFO -----------------------------------------------------------------------------*/

static void reply_text(struct reply *reply, const char *text) {
    reply_bulk(reply, bytes_of_cstr(text));
}

static void reply_flags(struct reply *reply, uint32_t flags) {
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(flag_words); i++) count += flags >> i & 1;
    reply_set(reply, count);
    for (size_t i = 0; i < ARRAY_LEN(flag_words); i++)
        if (flags >> i & 1) reply_simple(reply, bytes_of_cstr(flag_words[i]));
}

static void reply_categories(struct reply *reply, const struct command *command) {
    size_t count = 0;
    for (size_t i = 0; i < AUTH_CATEGORIES_COUNT; i++)
        count += command_is_in_category(command, (enum auth_category)i);
    reply_set(reply, count);
    for (size_t i = 0; i < AUTH_CATEGORIES_COUNT; i++) {
        char text[32];
        if (!command_is_in_category(command, (enum auth_category)i)) continue;
        snprintf(text, sizeof text, "@%s", auth_category_words[i]);
        reply_simple(reply, bytes_of_cstr(text));
    }
}

static void reply_words(struct reply *reply, const char *text) {
    struct bytes word;
    reply_set(reply, count_words(text));
    while (next_word(&text, &word)) reply_bulk(reply, word);
}

/* "RW", "access", "update" */
static void reply_key_flags(struct reply *reply, const struct command_keys *keys) {
    const char *access = keys->access;
    struct bytes word;
    reply_set(reply, 1 + count_words(access));
    reply_simple(reply, bytes_of_cstr(key_use_words[keys->use]));
    while (next_word(&access, &word)) reply_simple(reply, word);
}

/* {"type": kind, "spec": {...}}, of which the caller says the numbers. */
static void reply_search(struct reply *reply, const char *name, const char *kind, size_t numbers) {
    reply_text(reply, name);
    reply_map(reply, 2);
    reply_text(reply, "type");
    reply_text(reply, kind);
    reply_text(reply, "spec");
    reply_map(reply, numbers);
}

static void reply_named_integer(struct reply *reply, const char *name, int64_t value) {
    reply_text(reply, name);
    reply_integer(reply, value);
}

static void reply_known_keys(struct reply *reply, const struct command_keys *keys) {
    reply_map(reply, 3 + (keys->notes != NULL));
    if (keys->notes) {
        reply_text(reply, "notes");
        reply_text(reply, keys->notes);
    }
    reply_text(reply, "flags");
    reply_key_flags(reply, keys);
    reply_search(reply, "begin_search", "index", 1);
    reply_named_integer(reply, "index", keys->count_at ? keys->count_at : keys->first);
    reply_search(reply, "find_keys", keys->count_at ? "keynum" : "range", 3);
    if (keys->count_at) {
        reply_named_integer(reply, "keynumidx", 0);
        reply_named_integer(reply, "firstkey", 1);
        reply_named_integer(reply, "keystep", 1);
    } else {
        int last = keys->others ? keys->first : keys->last;
        reply_named_integer(reply, "lastkey", last < 0 ? last : last - keys->first);
        reply_named_integer(reply, "keystep", keys->step);
        reply_named_integer(reply, "limit", 0);
    }
}

/* Keys that stand where no rule tells. */
static void reply_unknown_keys(struct reply *reply, const struct command_keys *keys) {
    reply_map(reply, 4);
    reply_text(reply, "notes");
    reply_text(reply, keys->notes);
    reply_text(reply, "flags");
    reply_key_flags(reply, keys);
    reply_search(reply, "begin_search", "unknown", 0);
    reply_search(reply, "find_keys", "unknown", 0);
}

static void reply_key_specifications(struct reply *reply, const struct command_keys *keys) {
    size_t count = (size_t)(keys->use != KEYS_NONE) + (keys->unknown_read != NULL) +
                   (keys->unknown_written != NULL) + (keys->others != NULL);
    reply_set(reply, count);
    if (keys->use != KEYS_NONE) reply_known_keys(reply, keys);
    if (keys->others) reply_known_keys(reply, keys->others);
    if (keys->unknown_read)
        reply_unknown_keys(reply, &(struct command_keys){.use = KEYS_RO,
                                                         .access = "access",
                                                         .notes = keys->unknown_read});
    if (keys->unknown_written)
        reply_unknown_keys(reply, &(struct command_keys){.use = KEYS_OW,
                                                         .access = "update",
                                                         .notes = keys->unknown_written});
}

static void reply_info_row(struct reply *reply, const struct command *command) {
    reply_array(reply, 10);
    reply_text(reply, command->name);
    reply_integer(reply, command->arity);
    reply_flags(reply, command->flags);
    reply_integer(reply, command->keys.first);
    reply_integer(reply, command->keys.last);
    reply_integer(reply, command->keys.step);
    reply_categories(reply, command);
    reply_words(reply, command->tips);
    reply_key_specifications(reply, &command->keys);
}

/* A subcommand has none of its own, so this ends at the second level. */
static void reply_info(struct reply *reply, const struct command *command) {
    size_t subcommands = command_subcommands(command);
    reply_info_row(reply, command);
    if (subcommands)
        reply_array(reply, subcommands);
    else
        reply_set(reply, 0);
    for (size_t i = 1; i <= subcommands; i++) {
        reply_info_row(reply, &command[i]);
        reply_set(reply, 0);
    }
}

static size_t count_commands(void) {
    size_t count = 0;
    for (size_t i = 0; i < command_table_count(); i++)
        count += !command_is_subcommand(&command_table[i]);
    return count;
}

/* "get" or "client|kill"; NULL: there is no such command. */
static const struct command *find_full_name(const struct command_call *call, struct bytes name) {
    size_t len = 0;
    while (len < name.len && name.data[len] != '|') len++;
    const struct command *command =
        command_find(&call->worker->shared->index, bytes_slice(name, 0, len));
    if (!command || len == name.len) return command;
    return command_find_subcommand(command, bytes_slice(name, len + 1, name.len));
}

static void reply_all_info(struct reply *reply) {
    reply_array(reply, count_commands());
    for (size_t i = 0; i < command_table_count(); i++)
        if (!command_is_subcommand(&command_table[i])) reply_info(reply, &command_table[i]);
}

/* COMMAND */
void cmd_command(struct command_call *call) {
    reply_all_info(call->reply);
}

/* COMMAND COUNT */
void cmd_command_count(struct command_call *call) {
    reply_integer(call->reply, (int64_t)count_commands());
}

/* COMMAND INFO [name ...] */
void cmd_command_info(struct command_call *call) {
    if (call->args_count == COMMAND_FIRST_ARG) {
        reply_all_info(call->reply);
        return;
    }
    reply_array(call->reply, call->args_count - COMMAND_FIRST_ARG);
    for (size_t i = COMMAND_FIRST_ARG; i < call->args_count; i++) {
        const struct command *command = find_full_name(call, call->args[i]);
        if (command)
            reply_info(call->reply, command);
        else
            reply_null(call->reply);
    }
}

/* ---- COMMAND LIST -----------------------------------------------------------------------------*/

static bool list_wants(const struct command_call *call, const struct command *command) {
    enum { LIST_KIND = 3, LIST_VALUE = 4 };
    if (call->args_count == COMMAND_FIRST_ARG) return true;
    struct bytes value = call->args[LIST_VALUE];
    if (call_is(call, LIST_KIND, "PATTERN"))
        return glob_match_nocase(value, bytes_of_cstr(command->name));
    enum auth_category category = auth_category_find(value);
    return call_is(call, LIST_KIND, "ACLCAT") && category < AUTH_CATEGORIES_COUNT &&
           command_is_in_category(command, category);
}

/* COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern] */
void cmd_command_list(struct command_call *call) {
    enum { LIST_FILTERBY = 2, LIST_KIND = 3, LIST_ARGS_FILTER = 5 };
    bool filtered = call->args_count == LIST_ARGS_FILTER &&
                    call_is(call, LIST_FILTERBY, "FILTERBY") &&
                    (call_is(call, LIST_KIND, "MODULE") || call_is(call, LIST_KIND, "ACLCAT") ||
                     call_is(call, LIST_KIND, "PATTERN"));
    if (call->args_count != COMMAND_FIRST_ARG && !filtered) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    size_t count = 0, position = resp_array_open(&call->reply->writer);
    for (size_t i = 0; i < command_table_count(); i++) {
        if (!list_wants(call, &command_table[i])) continue;
        reply_text(call->reply, command_table[i].name);
        count++;
    }
    resp_array_close(&call->reply->writer, position, count);
}

/* ---- COMMAND GETKEYS --------------------------------------------------------------------------*/

/* BITFIELD that only reads.  Source: Redis db.c bitfieldGetKeys. */
static bool bitfield_only_reads(const struct bytes *args, size_t count) {
    for (size_t i = 2; i < count; i++) {
        size_t rest = count - i - 1;
        if (bytes_is(args[i], "get") && rest >= 2)
            i += 2;
        else if (bytes_is(args[i], "overflow") && rest >= 1)
            i += 1;
        else
            return false; /* SET, INCRBY, or what is no option */
    }
    return true;
}

/* SET reads its key only when it is told to.  Source: Redis db.c setGetKeys. */
static struct command_keys keys_as_used(const struct command *command, const struct bytes *args,
                                        size_t count) {
    struct command_keys keys = command->keys;
    if (!has_word(keys.access, "variable_flags")) return keys;
    if (command->handler == cmd_bitfield) {
        bool reads = bitfield_only_reads(args, count);
        keys.use = reads ? KEYS_RO : KEYS_RW;
        keys.access = reads ? "access" : "access update";
        return keys;
    }
    keys.use = KEYS_OW;
    keys.access = "update";
    for (size_t i = 3; i < count; i++) {
        if (!bytes_is(args[i], "GET")) continue;
        keys.use = KEYS_RW;
        keys.access = "access update";
    }
    return keys;
}

/* Where SORT stores: behind the last STORE that is no other option's argument; 0: it does not.
 * Source: Redis 7.0 db.c sortGetKeys. */
static size_t sort_target(const struct command *command, const struct bytes *args, size_t count) {
    size_t target = 0;
    for (size_t i = 2; command->handler == cmd_sort && i < count; i++) {
        if (bytes_is(args[i], "limit"))
            i += 2;
        else if (bytes_is(args[i], "get") || bytes_is(args[i], "by"))
            i += 1;
        else if (bytes_is(args[i], "store") && i + 1 < count)
            target = i + 1;
    }
    return target;
}

static void reply_key(struct command_call *call, struct bytes name,
                      const struct command_keys *flags) {
    if (flags) reply_array(call->reply, 2);
    reply_bulk(call->reply, name);
    if (flags) reply_key_flags(call->reply, flags);
}

static void reply_keys(struct command_call *call, bool with_flags) {
    const struct bytes *args = call->args + COMMAND_FIRST_ARG;
    size_t count = call->args_count - COMMAND_FIRST_ARG, first, last, step;
    const struct command *command = command_find_args(&call->worker->shared->index, args, count);
    if (!command) {
        reply_error(call->reply, BYTES("ERR Invalid command specified"));
        return;
    }
    if (command->keys.use == KEYS_NONE) {
        reply_error(call->reply, BYTES("ERR The command has no key arguments"));
        return;
    }
    bool fits = command_arity_fits(command, count);
    bool found = fits && command_key_positions(command, args, count, &first, &last, &step);
    if (fits && !found && command->keys.count_at > 0) {
        reply_array(call->reply, 0);
        return;
    }
    if (!found) {
        reply_error(call->reply, BYTES("ERR Invalid number of arguments specified for command"));
        return;
    }
    struct command_keys keys = keys_as_used(command, args, count);
    struct command_keys written = {.use = KEYS_OW, .access = "update"};
    size_t target = sort_target(command, args, count);
    reply_array(call->reply, (last - first) / step + 1 + (target > 0));
    for (size_t i = first; i <= last; i += step) {
        const struct command_keys *flags = keys.others && i > first ? keys.others : &keys;
        reply_key(call, args[i], with_flags ? flags : NULL);
    }
    if (target) reply_key(call, args[target], with_flags ? &written : NULL);
}

/* COMMAND GETKEYS command [arg ...] */
void cmd_command_getkeys(struct command_call *call) {
    reply_keys(call, false);
}

/* COMMAND GETKEYSANDFLAGS command [arg ...] */
void cmd_command_getkeysandflags(struct command_call *call) {
    reply_keys(call, true);
}

/* COMMAND HELP */
void cmd_command_help(struct command_call *call) {
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all Redis commands.",
        "COUNT",
        "    Return the total number of commands in this Redis server.",
        "LIST",
        "    Return a list of all commands in this Redis server.",
        "INFO [<command-name> ...]",
        "    Return details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "DOCS [<command-name> ...]",
        "    Return documentation details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "GETKEYS <full-command>",
        "    Return the keys from a full Redis command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full Redis command.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}

/* ---- COMMAND DOCS -----------------------------------------------------------------------------*/

/* One argument of a row's syntax: name[:type][=TOKEN][?][+[+]][@since][(arguments)]. */
struct argument {
    struct bytes name, type, token, since, inner;
    bool has_token, optional, multiple, multiple_token, has_inner;
};

static struct bytes take_until(const char **at, const char *stops, const char *end) {
    const char *start = *at;
    while (*at < end && !strchr(stops, **at)) (*at)++;
    return bytes_view(start, (size_t)(*at - start));
}

/* The run up to the parenthesis that closes the one before it. */
static struct bytes take_inner(const char **at, const char *end) {
    const char *start = *at;
    size_t depth = 1;
    for (; *at < end; (*at)++) {
        depth += **at == '(';
        depth -= **at == ')';
        if (depth == 0) break;
    }
    struct bytes inner = bytes_view(start, (size_t)(*at - start));
    *at += *at < end;
    return inner;
}

/* Takes the next argument off a syntax; false: there is none. */
static bool next_argument(struct bytes *syntax, struct argument *argument) {
    static const char stops[] = " :=?+@(";
    const char *at = (const char *)syntax->data, *end = at + syntax->len;
    while (at < end && *at == ' ') at++;
    if (at == end) return false;
    bool quoted = *at == '\'';
    at += quoted;
    *argument = (struct argument){.name = take_until(&at, quoted ? "'" : stops, end)};
    at += quoted && at < end;
    if (at < end && *at == ':') at++, argument->type = take_until(&at, stops, end);
    if (at < end && *at == '=') {
        at++;
        argument->has_token = true;
        argument->token = take_until(&at, stops, end);
    }
    if (at < end && *at == '?') at++, argument->optional = true;
    if (at < end && *at == '+') at++, argument->multiple = true;
    if (at < end && *at == '+') at++, argument->multiple_token = true;
    if (at < end && *at == '@') at++, argument->since = take_until(&at, stops, end);
    if (at < end && *at == '(') {
        at++;
        argument->has_inner = true;
        argument->inner = take_inner(&at, end);
    }
    if (!argument->type.len)
        argument->type = argument->has_token ? BYTES("pure-token") : BYTES("string");
    *syntax = bytes_view(at, (size_t)(end - at));
    return true;
}

static void reply_argument_head(struct reply *reply, const struct argument *argument) {
    bool is_other = bytes_is(argument->type, "otherkey");
    bool is_key = is_other || bytes_is(argument->type, "key");
    size_t flags = (size_t)argument->optional + argument->multiple + argument->multiple_token;
    reply_map(reply, 2 + (size_t)is_key + argument->has_token + (argument->since.len > 0) +
                         (flags > 0) + argument->has_inner);
    reply_text(reply, "name");
    reply_bulk(reply, argument->name);
    reply_text(reply, "type");
    reply_bulk(reply, is_other ? BYTES("key") : argument->type);
    if (is_key) {
        reply_text(reply, "key_spec_index");
        reply_integer(reply, is_other);
    }
    if (argument->has_token) {
        reply_text(reply, "token");
        reply_bulk(reply, argument->token);
    }
    if (argument->since.len) {
        reply_text(reply, "since");
        reply_bulk(reply, argument->since);
    }
    if (flags) {
        reply_text(reply, "flags");
        reply_set(reply, flags);
        if (argument->optional) reply_simple(reply, BYTES("optional"));
        if (argument->multiple) reply_simple(reply, BYTES("multiple"));
        if (argument->multiple_token) reply_simple(reply, BYTES("multiple_token"));
    }
}

/* Recursion is over our own rows and as deep as they are: three levels. */
static void reply_arguments(struct reply *reply, struct bytes syntax) {
    struct argument argument;
    struct bytes rest = syntax;
    size_t count = 0;
    while (next_argument(&rest, &argument)) count++;
    reply_array(reply, count);
    while (next_argument(&syntax, &argument)) {
        reply_argument_head(reply, &argument);
        if (!argument.has_inner) continue;
        reply_text(reply, "arguments");
        reply_arguments(reply, argument.inner);
    }
}

static void reply_docs_row(struct reply *reply, const struct command *command, size_t subcommands) {
    struct bytes arguments = bytes_of_cstr(command->arguments);
    reply_map(reply, 4 + (size_t)(arguments.len > 0) + (subcommands > 0));
    reply_text(reply, "summary");
    reply_text(reply, command->summary);
    reply_text(reply, "since");
    reply_text(reply, command->since);
    reply_text(reply, "group");
    reply_text(reply, command->group);
    reply_text(reply, "complexity");
    reply_text(reply, command->complexity);
    if (!arguments.len) return;
    reply_text(reply, "arguments");
    reply_arguments(reply, arguments);
}

static void reply_docs(struct reply *reply, const struct command *command) {
    size_t subcommands = command_subcommands(command);
    reply_text(reply, command->name);
    reply_docs_row(reply, command, subcommands);
    if (!subcommands) return;
    reply_text(reply, "subcommands");
    reply_map(reply, subcommands);
    for (size_t i = 1; i <= subcommands; i++) {
        reply_text(reply, command[i].name);
        reply_docs_row(reply, &command[i], 0);
    }
}

/* COMMAND DOCS [name ...] */
void cmd_command_docs(struct command_call *call) {
    size_t known = 0;
    if (call->args_count == COMMAND_FIRST_ARG) {
        reply_map(call->reply, count_commands());
        for (size_t i = 0; i < command_table_count(); i++)
            if (!command_is_subcommand(&command_table[i]))
                reply_docs(call->reply, &command_table[i]);
        return;
    }
    for (size_t i = COMMAND_FIRST_ARG; i < call->args_count; i++)
        known += find_full_name(call, call->args[i]) != NULL;
    reply_map(call->reply, known);
    for (size_t i = COMMAND_FIRST_ARG; i < call->args_count; i++) {
        const struct command *command = find_full_name(call, call->args[i]);
        if (command) reply_docs(call->reply, command);
    }
}
