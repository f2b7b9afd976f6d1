/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Strings.  Source of answers and of the order of errors: Redis 7.0 t_string.c. */

#include "cmd/handlers.h"
#include "cmd/set_options.h"

#include "base/number.h"
#include "keyspace/edit.h"

/* A look at the old value that goes into the reply: its type is checked, its bytes are replied. */
static bool reply_old(void *context, const struct store_value *old) {
    struct reply *reply = context;
    if (!old) {
        reply_null(reply);
    } else if (old->type != VALUE_STRING) {
        reply_error(reply, ERROR_WRONG_TYPE);
        return false;
    } else {
        reply_value(reply, old);
    }
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------*/

/* GET key */
void cmd_get(struct command_call *call) {
    struct store_value value;
    bool found = keyspace_enter(call->access, &call->key, &value);
    if (!found)
        reply_null(call->reply);
    else if (value.type != VALUE_STRING)
        reply_error(call->reply, ERROR_WRONG_TYPE);
    else
        reply_value(call->reply, &value);
    keyspace_leave(call->access);
}

/* STRLEN key */
void cmd_strlen(struct command_call *call) {
    struct store_value value;
    bool found = keyspace_enter(call->access, &call->key, &value);
    if (found && value.type != VALUE_STRING)
        reply_error(call->reply, ERROR_WRONG_TYPE);
    else
        reply_integer(call->reply, found ? (int64_t)value.bytes.len : 0);
    keyspace_leave(call->access);
}

/* Many keys' values are long together, and a reply that is made by doubling is there twice.  False
 * when it would be too long: half of it would be made for nothing. */
static bool expect_values(struct command_call *call, const struct store_key *keys, size_t count) {
    enum { FEW_KEYS = 64 };
    if (LIKELY(count <= FEW_KEYS)) return true;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct store_value value;
        bool found = keyspace_peek(call->access, &keys[i], &value);
        bytes += found && !value.blob && value.type == VALUE_STRING ? value.bytes.len : 0;
        keyspace_leave(call->access);
    }
    reply_expect(call->reply, bytes, (count + 1) * RESP_HEADER_ROOM);
    return !reply_is_broken(call->reply);
}

/* MGET key [key ...] */
void cmd_mget(struct command_call *call) {
    enum { MGET_KEYS = 1 };
    size_t count;
    struct store_key *keys = call_keys(call, MGET_KEYS, 1, &count);
    if (!keys) return;

    if (!expect_values(call, keys, count)) return;
    reply_array(call->reply, count);
    keyspace_enter_keys(call->access, keys, count);
    for (size_t i = 0; i < count; i++) {
        struct store_value value;
        if (keyspace_find(call->access, &keys[i], &value) && value.type == VALUE_STRING)
            reply_value(call->reply, &value);
        else
            reply_null(call->reply);
    }
    keyspace_leave(call->access);
}

/* ---- SET and its relatives --------------------------------------------------------------------*/

/* SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] */
void cmd_set(struct command_call *call) {
    enum { SET_VALUE = 2, SET_FIRST_OPTION = 3 };
    struct bytes value = call->args[SET_VALUE];
    if (LIKELY(call->args_count == SET_FIRST_OPTION)) {
        struct keyspace_set_options plain = {0};
        enum keyspace_outcome outcome =
            keyspace_set_string(call->access, &call->key, value, &plain);
        if (outcome == KEYSPACE_DONE)
            reply_ok(call->reply);
        else
            reply_outcome(call, outcome);
        return;
    }

    struct set_options options;
    struct keyspace_set_options set = {0};
    if (!set_options_parse(call, SET_FIRST_OPTION, SET_OPTIONS_OF_SET, &options)) return;
    if (options.expire_position &&
        !call_expire_at(call, options.expire_position, options.unit, &set.expire_at_ms))
        return;
    struct reply_mark mark = reply_mark(call->reply);
    set.keep_ttl = options.keep_ttl;
    set.only_if = options.only_if;
    if (options.get) {
        set.on_old = reply_old;
        set.context = call->reply;
    }
    enum keyspace_outcome outcome = keyspace_set_string(call->access, &call->key, value, &set);

    if (outcome != KEYSPACE_DONE && outcome != KEYSPACE_NOT_DONE && outcome != KEYSPACE_STOPPED)
        reply_rewind(call->reply, mark);
    if (options.get || outcome > KEYSPACE_NOT_DONE)
        reply_outcome(call, outcome);
    else if (outcome == KEYSPACE_DONE)
        reply_ok(call->reply);
    else
        reply_null(call->reply);
}

/* GETSET key value */
void cmd_getset(struct command_call *call) {
    enum { GETSET_VALUE = 2 };
    struct reply_mark mark = reply_mark(call->reply);
    struct keyspace_set_options options = {.on_old = reply_old, .context = call->reply};

    enum keyspace_outcome outcome =
        keyspace_set_string(call->access, &call->key, call->args[GETSET_VALUE], &options);

    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_STOPPED) return;
    reply_rewind(call->reply, mark);
    reply_outcome(call, outcome);
}

/* SETNX key value */
void cmd_setnx(struct command_call *call) {
    enum { SETNX_VALUE = 2 };
    struct keyspace_set_options options = {.only_if = KEYSPACE_IF_ABSENT};

    enum keyspace_outcome outcome =
        keyspace_set_string(call->access, &call->key, call->args[SETNX_VALUE], &options);

    if (outcome > KEYSPACE_NOT_DONE)
        reply_outcome(call, outcome);
    else
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
}

static void set_for_a_time(struct command_call *call, struct expire_unit unit) {
    enum { SETEX_TIME = 2, SETEX_VALUE = 3 };
    struct keyspace_set_options options = {0};
    if (!call_expire_at(call, SETEX_TIME, unit, &options.expire_at_ms)) return;

    enum keyspace_outcome outcome =
        keyspace_set_string(call->access, &call->key, call->args[SETEX_VALUE], &options);

    if (outcome == KEYSPACE_DONE)
        reply_ok(call->reply);
    else
        reply_outcome(call, outcome);
}

/* SETEX key seconds value */
void cmd_setex(struct command_call *call) {
    set_for_a_time(call, (struct expire_unit){.ms = false});
}

/* PSETEX key milliseconds value */
void cmd_psetex(struct command_call *call) {
    set_for_a_time(call, (struct expire_unit){.ms = true});
}

static void set_pairs(struct command_call *call, bool only_if_absent) {
    enum { MSET_FIRST = 1, MSET_STEP = 2 };
    if (call->args_count % MSET_STEP == 0) {
        reply_wrong_arity(call->reply, call->command);
        return;
    }
    size_t count;
    struct store_key *keys = call_keys(call, MSET_FIRST, MSET_STEP, &count);
    if (!keys) return;
    struct keyspace_pair *pairs = arena_alloc(&call->worker->scratch, count * sizeof *pairs);
    if (!pairs) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct keyspace_pair){.key = keys[i],
                                          .value = call->args[MSET_FIRST + i * MSET_STEP + 1]};

    enum keyspace_outcome outcome =
        keyspace_set_strings(call->access, pairs, count, keys, only_if_absent);

    if (only_if_absent && (outcome == KEYSPACE_DONE || outcome == KEYSPACE_NOT_DONE))
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
    else if (outcome == KEYSPACE_DONE)
        reply_ok(call->reply);
    else
        reply_outcome(call, outcome);
}

/* MSET key value [key value ...] */
void cmd_mset(struct command_call *call) {
    set_pairs(call, false);
}

/* MSETNX key value [key value ...] */
void cmd_msetnx(struct command_call *call) {
    set_pairs(call, true);
}

/* ---- reading with a change --------------------------------------------------------------------*/

/* GETDEL key */
void cmd_getdel(struct command_call *call) {
    (void)!keyspace_remove(call->access, &call->key, reply_old, call->reply);
}

struct getex {
    struct command_call *call;
    const struct set_options *options;
    bool answered;
};

static bool getex_decide(void *context, const struct store_value *value, int64_t *expire_at_ms) {
    struct getex *getex = context;
    struct command_call *call = getex->call;
    getex->answered = true;
    if (value->type != VALUE_STRING) {
        reply_error(call->reply, ERROR_WRONG_TYPE);
        return false;
    }
    size_t position = getex->options->expire_position;
    int64_t moment = STORE_NO_EXPIRY;
    if (position && !call_expire_at(call, position, getex->options->unit, &moment)) return false;
    reply_value(call->reply, value);
    *expire_at_ms = moment;
    return position || value->expire_at_ms != STORE_NO_EXPIRY;
}

/* GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] */
void cmd_getex(struct command_call *call) {
    enum { GETEX_FIRST_OPTION = 2 };
    struct set_options options;
    if (!set_options_parse(call, GETEX_FIRST_OPTION, SET_OPTIONS_OF_GETEX, &options)) return;
    if (!options.expire_position && !options.persist) {
        cmd_get(call);
        return;
    }

    struct getex getex = {.call = call, .options = &options};
    struct reply_mark mark = reply_mark(call->reply);
    enum keyspace_outcome outcome =
        keyspace_change_expiry(call->access, &call->key, getex_decide, &getex);

    keyspace_count_look(call->access, getex.answered);
    if (!getex.answered) {
        reply_null(call->reply);
    } else if (outcome == KEYSPACE_NO_MEMORY) {
        reply_rewind(call->reply, mark);
        reply_outcome(call, outcome);
    }
}

/* ---- updates ----------------------------------------------------------------------------------*/

struct increment {
    int64_t by, result;
    struct bytes error; /* what stopped it */
};

static enum keyspace_step add_to(void *context, const struct bytes *old, struct buf *result) {
    struct increment *increment = context;
    int64_t value = 0;
    if (old && !number_parse_i64(*old, &value)) {
        increment->error = ERROR_NOT_INTEGER;
        return KEYSPACE_STEP_STOP;
    }
    if (add_overflows(value, increment->by, &increment->result)) {
        increment->error = BYTES("ERR increment or decrement would overflow");
        return KEYSPACE_STEP_STOP;
    }
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    size_t len = number_format_i64(digits, increment->result);
    return buf_append(result, bytes_view(digits, len)) == BRINE_OK ? KEYSPACE_STEP_STORE
                                                                   : KEYSPACE_STEP_NO_MEMORY;
}

static void change_by(struct command_call *call, int64_t by) {
    struct increment increment = {.by = by};
    enum keyspace_outcome outcome =
        keyspace_update_string(call->access, &call->key, add_to, &increment, "incrby");
    if (outcome == KEYSPACE_DONE)
        reply_integer(call->reply, increment.result);
    else if (outcome == KEYSPACE_STOPPED)
        reply_error(call->reply, increment.error);
    else
        reply_outcome(call, outcome);
}

/* INCR key */
void cmd_incr(struct command_call *call) {
    change_by(call, 1);
}

/* DECR key */
void cmd_decr(struct command_call *call) {
    change_by(call, -1);
}

/* INCRBY key increment */
void cmd_incrby(struct command_call *call) {
    enum { INCRBY_INCREMENT = 2 };
    int64_t by;
    if (call_integer(call, INCRBY_INCREMENT, &by)) change_by(call, by);
}

/* DECRBY key decrement */
void cmd_decrby(struct command_call *call) {
    enum { DECRBY_DECREMENT = 2 };
    int64_t by;
    if (!call_integer(call, DECRBY_DECREMENT, &by)) return;
    if (by == INT64_MIN)
        reply_error(call->reply, BYTES("ERR decrement would overflow"));
    else
        change_by(call, -by);
}

struct appended {
    struct bytes tail;
    size_t bytes_max, len;
    bool is_new;
};

static enum keyspace_step plan_append(void *context, const struct bytes *old,
                                      struct keyspace_extent *extent) {
    struct appended *appended = context;
    if (old && (appended->tail.len > appended->bytes_max ||
                old->len > appended->bytes_max - appended->tail.len))
        return KEYSPACE_STEP_STOP;
    appended->is_new = !old;
    extent->from = old ? old->len : 0;
    extent->len = extent->to = appended->len = extent->from + appended->tail.len;
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_step write_append(void *context, uint8_t *data,
                                       const struct keyspace_extent *extent) {
    const struct appended *appended = context;
    bytes_copy_to(data + extent->from, appended->tail);
    return appended->is_new ? KEYSPACE_STEP_STORE : KEYSPACE_STEP_STORE_EDITED;
}

/* APPEND key value */
void cmd_append(struct command_call *call) {
    enum { APPEND_VALUE = 2 };
    struct appended appended = {
        .tail = call->args[APPEND_VALUE],
        .bytes_max = (size_t)config_read(call->worker->config->limits.bulk_bytes),
    };
    struct keyspace_edit edit = {plan_append, write_append, &appended, "append", NULL};
    enum keyspace_outcome outcome = keyspace_edit_string(call->access, &call->key, &edit);
    if (outcome == KEYSPACE_DONE)
        reply_integer(call->reply, (int64_t)appended.len);
    else if (outcome == KEYSPACE_STOPPED)
        reply_error(call->reply, ERROR_STRING_TOO_LONG);
    else
        reply_outcome(call, outcome);
}
