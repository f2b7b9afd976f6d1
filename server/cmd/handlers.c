/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/handlers.h"

#include "base/number.h"

#include <stdio.h>

/* Reached by no client, for a container's arity asks for a subcommand. */
void cmd_container(struct command_call *call) {
    reply_wrong_arity(call->reply, call->command);
}

void reply_wrong_arity(struct reply *reply, const struct command *command) {
    reply_errorf(reply, "ERR wrong number of arguments for '%s' command", command->name);
}

void reply_invalid_expire(struct command_call *call) {
    reply_errorf(call->reply, "ERR invalid expire time in '%s' command", call->command->name);
}

void reply_outcome(struct command_call *call, enum keyspace_outcome outcome) {
    switch (outcome) {
    case KEYSPACE_DONE:
    case KEYSPACE_NOT_DONE:
    case KEYSPACE_STOPPED:
    case KEYSPACE_DEFERRED: /* dispatch takes back whatever was said and has it run elsewhere */
        return;
    case KEYSPACE_WRONG_TYPE:
        reply_error(call->reply, ERROR_WRONG_TYPE);
        return;
    case KEYSPACE_REFUSED:
        reply_error(call->reply, bytes_of_cstr(call->access->answer.text));
        return;
    case KEYSPACE_NO_MEMORY:
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    case KEYSPACE_KEY_TOO_BIG:
        reply_errorf(call->reply, "ERR the key is longer than limits.key_bytes allows");
        return;
    }
}

bool call_integer(struct command_call *call, size_t position, int64_t *value) {
    if (number_parse_i64(call->args[position], value)) return true;
    reply_error(call->reply, ERROR_NOT_INTEGER);
    return false;
}

/* Source: Redis 7.0 object.c getIntFromObjectOrReply, db.c selectDb. */
/* Source: Redis 7.0 timeout.c getTimeoutFromObjectOrReply. */
bool call_timeout(struct command_call *call, size_t position, int64_t *timeout_ms) {
    if (!number_parse_i64(call->args[position], timeout_ms)) {
        reply_error(call->reply, BYTES("ERR timeout is not an integer or out of range"));
        return false;
    }
    if (*timeout_ms >= 0) return true;
    reply_error(call->reply, BYTES("ERR timeout is negative"));
    return false;
}

bool call_database(struct command_call *call, size_t position, uint32_t *db) {
    int64_t index;
    if (!call_integer(call, position, &index)) return false;
    if (index < INT32_MIN || index > INT32_MAX) {
        reply_errorf(call->reply, "ERR value is out of range, value must between %d and %d",
                     INT32_MIN, INT32_MAX);
        return false;
    }
    if (index < 0 || index >= config_read(call->worker->config->server.databases)) {
        reply_error(call->reply, BYTES("ERR DB index is out of range"));
        return false;
    }
    *db = (uint32_t)index;
    return true;
}

struct store_key *call_keys(struct command_call *call, size_t position, size_t step,
                            size_t *count) {
    *count = (call->args_count - position + step - 1) / step;
    struct store_key *keys = arena_alloc(&call->worker->scratch, *count * sizeof *keys);
    if (!keys) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return NULL;
    }
    for (size_t i = 0; i < *count; i++) keys[i] = call_key(call, position + i * step);
    return keys;
}

bool call_leaves_loop(struct command_call *call, size_t bytes) {
    if (bytes <= CALL_AT_ONCE_BYTES || !call->access->may_defer) return false;
    call->access->deferred = true;
    call->access->deferred_bytes = bytes;
    return true;
}

/* Under the lock. */
static void take_value(struct command_call *call, bool found, const struct store_value *value,
                       struct taken_value *taken) {
    *taken = (struct taken_value){.found = found, .bytes = BYTES("")};
    taken->is_string = found && value->type == VALUE_STRING;
    if (!taken->is_string) return;
    if (value->blob) taken->blob = blob_ref(value->blob);
    taken->bytes =
        value->blob ? blob_view(value->blob) : arena_copy(&call->worker->scratch, value->bytes);
}

void call_take_value(struct command_call *call, const struct store_key *key,
                     struct taken_value *taken) {
    struct store_value value;
    bool found = keyspace_enter(call->access, key, &value);
    take_value(call, found, &value, taken);
    keyspace_leave(call->access);
}

void call_take_values(struct command_call *call, const struct store_key *keys, size_t count,
                      struct taken_value *taken) {
    keyspace_enter_keys(call->access, keys, count);
    for (size_t i = 0; i < count; i++) {
        struct store_value value;
        bool found = keyspace_find(call->access, &keys[i], &value);
        take_value(call, found, &value, &taken[i]);
    }
    keyspace_leave(call->access);
}

/* Source: Redis 7.0 t_string.c getExpireMillisecondsOrReply. */
bool call_expire_at(struct command_call *call, size_t position, struct expire_unit unit,
                    int64_t *expire_at_ms) {
    int64_t time;
    if (!call_integer(call, position, &time)) return false;
    if (time <= 0 || (!unit.ms && time > INT64_MAX / 1000)) goto invalid;
    if (!unit.ms) time *= 1000;
    if (!unit.at && add_overflows(time, call->now_ms, &time)) goto invalid;
    *expire_at_ms = time;
    return true;
invalid:
    reply_invalid_expire(call);
    return false;
}

struct server_facts call_server_facts(const struct command_call *call) {
    const struct services *services = call->worker->services;
    struct server_facts facts = {0};
    if (services && services->facts) services->facts(services->server, &facts);
    if (!facts.version) facts.version = "";
    if (!facts.run_id) facts.run_id = "";
    if (!facts.executable) facts.executable = "";
    return facts;
}

/* The command's name as its texts quote it. */
struct upper_name {
    char text[COMMAND_NAME_BYTES_MAX + 1];
};
static struct upper_name upper_name(struct bytes name) {
    struct upper_name upper = {0};
    for (size_t i = 0; i < name.len && i < sizeof upper.text - 1; i++) {
        uint8_t c = byte_lower(name.data[i]);
        upper.text[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    return upper;
}

void reply_subcommand_error(struct command_call *call) {
    enum { QUOTED_BYTES_MAX = 128 }; /* Source: Redis 7.0 networking.c */
    struct bytes name = call->args[1];
    reply_errorf(call->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
                 (int)MIN(name.len, (size_t)QUOTED_BYTES_MAX), (const char *)name.data,
                 upper_name(call->args[0]).text);
}

void reply_help(struct command_call *call, const char *const *lines, size_t count) {
    char head[128];
    int head_len =
        snprintf(head, sizeof head, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                 upper_name(call->args[0]).text);
    reply_array(call->reply, count + 3);
    reply_simple(call->reply, bytes_view(head, (size_t)head_len));
    for (size_t i = 0; i < count; i++) reply_simple(call->reply, bytes_of_cstr(lines[i]));
    reply_simple(call->reply, BYTES("HELP"));
    reply_simple(call->reply, BYTES("    Prints this help."));
}
