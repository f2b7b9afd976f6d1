/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* DUMP and RESTORE: a value as other servers pack it.  Source of answers and of the order of
 * errors: Redis 7.0 cluster.c dumpCommand, restoreCommand.
 *
 * What RESTORE unpacks is a value like any other: the gate judges it, and that its checksum is
 * right says nothing about who packed it. */

#include "cmd/handlers.h"

#include "base/number.h"
#include "rdb/payload.h"

static void reply_payload(struct command_call *call, struct bytes value) {
    struct buf *payload = &call->worker->collected;
    buf_clear(payload);
    if (value.data && payload_write_string(payload, value) == BRINE_OK)
        reply_buf(call->reply, payload);
    else
        reply_error(call->reply, ERROR_NO_MEMORY);
    buf_clear(payload);
    buf_shrink(payload, KEYSPACE_SCRATCH_BYTES_KEPT);
}

/* DUMP key */
void cmd_dump(struct command_call *call) {
    struct taken_value taken;
    call_take_value(call, &call->key, &taken);
    if (!taken.found)
        reply_null(call->reply);
    else if (!taken.is_string)
        reply_error(call->reply, BYTES("ERR only strings can be dumped"));
    else if (!call_leaves_loop(call, taken.bytes.len))
        reply_payload(call, taken.bytes);
    taken_value_drop(&taken);
}

/* ---- RESTORE --------------------------------------------------------------------------------- */

enum { RESTORE_TTL = 2, RESTORE_PAYLOAD = 3, RESTORE_FIRST_OPTION = 4 };

struct restore {
    bool replace, absolute;
    int64_t idle_s, frequency; /* -1: not said */
    int64_t expire_at_ms;
};

/* An option's number; false: an error was replied. */
static bool parse_access(struct command_call *call, size_t position, int64_t max, const char *name,
                         int64_t *value) {
    if (!call_integer(call, position, value)) return false;
    if (*value >= 0 && *value <= max) return true;
    reply_errorf(call->reply, "ERR Invalid %s value, must be >= 0%s", name,
                 max == UINT8_MAX ? " and <= 255" : "");
    return false;
}

/* False: an error was replied. */
static bool parse_restore(struct command_call *call, struct restore *restore) {
    for (size_t i = RESTORE_FIRST_OPTION; i < call->args_count; i++) {
        bool more = i + 1 < call->args_count;
        if (call_is(call, i, "REPLACE")) {
            restore->replace = true;
        } else if (call_is(call, i, "ABSTTL")) {
            restore->absolute = true;
        } else if (call_is(call, i, "IDLETIME") && more && restore->frequency == -1) {
            if (!parse_access(call, ++i, INT64_MAX, "IDLETIME", &restore->idle_s)) return false;
        } else if (call_is(call, i, "FREQ") && more && restore->idle_s == -1) {
            if (!parse_access(call, ++i, UINT8_MAX, "FREQ", &restore->frequency)) return false;
        } else {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
    }
    return true;
}

#define ERROR_BUSY_KEY BYTES("BUSYKEY Target key name already exists.")

static bool is_busy(struct command_call *call) {
    struct store_value value;
    call->access->asks_nothing = true; /* a key that may be made is not missed */
    bool found = keyspace_enter(call->access, &call->key, &value);
    keyspace_leave(call->access);
    call->access->asks_nothing = false;
    return found;
}

/* False: an error was replied.  A time that cannot be is far away, as Redis's sum wraps and no
 * client asks for it. */
static bool parse_ttl(struct command_call *call, struct restore *restore) {
    int64_t ttl;
    if (!call_integer(call, RESTORE_TTL, &ttl)) return false;
    if (ttl < 0) {
        reply_error(call->reply, BYTES("ERR Invalid TTL value, must be >= 0"));
        return false;
    }
    restore->expire_at_ms = STORE_NO_EXPIRY;
    if (ttl == 0) return true;
    if (restore->absolute)
        restore->expire_at_ms = ttl;
    else if (add_overflows(ttl, call->now_ms, &restore->expire_at_ms))
        restore->expire_at_ms = INT64_MAX;
    return true;
}

/* *text is a part of the argument, or of the worker's `collected`.  False: an error was replied. */
static bool unpack(struct command_call *call, struct bytes *text) {
    struct brine_error err;
    struct reader value;
    if (payload_open(call->args[RESTORE_PAYLOAD], &value, &err) != BRINE_OK) {
        reply_error(call->reply, BYTES("ERR DUMP payload version or checksum are wrong"));
        return false;
    }
    const struct rdb_type *type = rdb_type_find(read_u8(&value));
    if (type && type->number != RDB_TYPE_STRING && !reader_at_end(&value)) {
        reply_errorf(call->reply, "ERR Bad data format: a %s (%s), and only strings are held here",
                     type->kind, type->form);
        return false;
    }
    size_t bytes_max = (size_t)config_read(call->worker->config->limits.bulk_bytes);
    enum brine_status status = BRINE_MALFORMED;
    if (type && type->number == RDB_TYPE_STRING)
        status = rdb_read_string(&value, bytes_max, &call->worker->collected, text, &err);
    if (status == BRINE_OK) return true;
    reply_error(call->reply,
                status == BRINE_NO_MEMORY ? ERROR_NO_MEMORY : BYTES("ERR Bad data format"));
    return false;
}

/* What would be over as soon as it is there only removes what was there. */
static enum keyspace_outcome put(struct command_call *call, const struct restore *restore,
                                 struct bytes text) {
    struct keyspace_set_options options = {
        .expire_at_ms = restore->expire_at_ms,
        .only_if = restore->replace ? KEYSPACE_ALWAYS : KEYSPACE_IF_ABSENT,
        .event = "restore",
        .replaces = true,
        .usage = {.idle_s = (uint32_t)MIN(MAX(restore->idle_s, 0), UINT32_MAX),
                  .frequency = (uint8_t)MAX(restore->frequency, 0)},
    };
    if (restore->expire_at_ms == STORE_NO_EXPIRY || restore->expire_at_ms > call->now_ms)
        return keyspace_set_string(call->access, &call->key, text, &options);
    if (restore->replace) (void)keyspace_remove_keys(call->access, &call->key, 1);
    return KEYSPACE_DONE;
}

/* RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] */
void cmd_restore(struct command_call *call) {
    struct restore restore = {.idle_s = -1, .frequency = -1};
    struct bytes text;
    if (!parse_restore(call, &restore)) return;
    if (!restore.replace && is_busy(call)) {
        reply_error(call->reply, ERROR_BUSY_KEY);
        return;
    }
    if (!parse_ttl(call, &restore)) return;
    if (call_leaves_loop(call, call->args[RESTORE_PAYLOAD].len) || !unpack(call, &text)) return;
    enum keyspace_outcome outcome = put(call, &restore, text);
    if (outcome == KEYSPACE_DONE)
        reply_ok(call->reply);
    else if (outcome == KEYSPACE_NOT_DONE)
        reply_error(call->reply, ERROR_BUSY_KEY);
    else
        reply_outcome(call, outcome);
    buf_clear(&call->worker->collected);
    buf_shrink(&call->worker->collected, KEYSPACE_SCRATCH_BYTES_KEPT);
}
