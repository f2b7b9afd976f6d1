/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* OBJECT: how a value is kept and used.  Source of answers: Redis 7.0 object.c objectCommand.
 * Limit: an APPEND of nothing leaves an integer or a short string as it is kept, and Redis does
 * not. */

#include "cmd/handlers.h"

#include "base/number.h"

#include <limits.h>

enum { SHARED_INTEGERS = 10000 };

static bool is_lfu(const struct command_call *call) {
    int64_t policy = config_read(call->worker->config->memory.policy);
    return policy == CONFIG_MEMORY_POLICY_ALLKEYS_LFU ||
           policy == CONFIG_MEMORY_POLICY_VOLATILE_LFU;
}

const char *string_encoding(const struct store_value *value) {
    int64_t number;
    if (value->form == VALUE_FORM_EDITED) return "raw";
    if (value->form == VALUE_FORM_SET && number_parse_i64(value->bytes, &number)) return "int";
    return value->bytes.len <= STRING_EMBEDDED_BYTES_MAX ? "embstr" : "raw";
}

/* keyspace_peek, which counts as a look all the same. */
static bool look(struct command_call *call, struct store_value *value) {
    bool found = keyspace_peek(call->access, &call->key, value);
    keyspace_count_look(call->access, found);
    return found;
}

/* OBJECT ENCODING key */
void cmd_object_encoding(struct command_call *call) {
    struct store_value value;
    bool found = look(call, &value);
    const char *encoding = found ? string_encoding(&value) : NULL;
    keyspace_leave(call->access);
    if (encoding)
        reply_bulk(call->reply, bytes_of_cstr(encoding));
    else
        reply_null(call->reply);
}

static bool find_usage(struct command_call *call, struct store_usage *usage) {
    struct store_value value;
    bool found = look(call, &value);
    if (found) *usage = store_usage(call->access->keyspace->store, &value, call->now_ms);
    keyspace_leave(call->access);
    return found;
}

/* OBJECT FREQ key */
void cmd_object_freq(struct command_call *call) {
    struct store_usage usage;
    if (!find_usage(call, &usage))
        reply_null(call->reply);
    else if (is_lfu(call))
        reply_integer(call->reply, usage.frequency);
    else
        reply_error(call->reply,
                    BYTES("ERR An LFU maxmemory policy is not selected, access frequency not "
                          "tracked. Please note that when switching between policies at runtime "
                          "LRU and LFU data will take some time to adjust."));
}

/* OBJECT IDLETIME key */
void cmd_object_idletime(struct command_call *call) {
    struct store_usage usage;
    if (!find_usage(call, &usage))
        reply_null(call->reply);
    else if (!is_lfu(call))
        reply_integer(call->reply, usage.idle_s);
    else
        reply_error(call->reply,
                    BYTES("ERR An LFU maxmemory policy is selected, idle time not tracked. Please "
                          "note that when switching between policies at runtime LRU and LFU data "
                          "will take some time to adjust."));
}

/* OBJECT REFCOUNT key: Redis shares small integers while it need not know their use. */
void cmd_object_refcount(struct command_call *call) {
    struct store_value value;
    int64_t number = -1;
    bool found = look(call, &value);
    bool is_number =
        found && value.form == VALUE_FORM_SET && number_parse_i64(value.bytes, &number);
    keyspace_leave(call->access);
    bool shared = is_number && number >= 0 && number < SHARED_INTEGERS &&
                  config_read(call->worker->config->memory.max) == 0;
    if (found)
        reply_integer(call->reply, shared ? INT_MAX : 1);
    else
        reply_null(call->reply);
}

/* OBJECT HELP */
void cmd_object_help(struct command_call *call) {
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
