/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One key's value under another, and keys met by chance.  Source of answers and of the order of
 * errors: Redis 7.0 db.c. */

#include "base/number.h"
#include "cmd/cluster.h"
#include "cmd/handlers.h"
#include "keyspace/combine.h"

#include <inttypes.h>

enum { SOURCE = 1, TARGET = 2 };

static bool is_there(struct command_call *call, const struct store_key *key) {
    struct store_value value;
    call->access->asks_nothing = true;
    bool found = keyspace_enter(call->access, key, &value);
    keyspace_leave(call->access);
    call->access->asks_nothing = false;
    return found;
}

/* RENAME and RENAMENX.  A key that becomes itself stays as it is. */
static enum keyspace_outcome rename_key(struct command_call *call, bool only_if_absent) {
    struct keyspace_transfer transfer = {
        .from = call_key(call, SOURCE),
        .to = call_key(call, TARGET),
        .only_if_absent = only_if_absent,
        .event_from = "rename_from",
        .event_to = "rename_to",
    };
    if (!bytes_equal(transfer.from.name, transfer.to.name))
        return keyspace_transfer(call->access, &transfer);
    if (!is_there(call, &transfer.from)) return KEYSPACE_NOT_DONE;
    return only_if_absent ? KEYSPACE_STOPPED : KEYSPACE_DONE;
}

/* RENAME key newkey */
void cmd_rename(struct command_call *call) {
    enum keyspace_outcome outcome = rename_key(call, false);
    if (outcome == KEYSPACE_DONE)
        reply_ok(call->reply);
    else if (outcome == KEYSPACE_NOT_DONE)
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    else
        reply_outcome(call, outcome);
}

/* RENAMENX key newkey */
void cmd_renamenx(struct command_call *call) {
    enum keyspace_outcome outcome = rename_key(call, true);
    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_STOPPED)
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
    else if (outcome == KEYSPACE_NOT_DONE)
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    else
        reply_outcome(call, outcome);
}

struct copy_options {
    uint32_t db;
    bool replace;
};

/* False: an error was replied. */
static bool parse_copy(struct command_call *call, struct copy_options *options) {
    enum { COPY_FIRST_OPTION = 3 };
    options->db = call->session->db;
    for (size_t i = COPY_FIRST_OPTION; i < call->args_count; i++) {
        if (call_is(call, i, "REPLACE")) {
            options->replace = true;
        } else if (call_is(call, i, "DB") && i + 1 < call->args_count) {
            if (!call_database(call, ++i, &options->db)) return false;
        } else {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
    }
    if (options->db == 0 || !cluster_is_enabled(call->worker)) return true;
    reply_error(call->reply,
                BYTES("ERR Copying to another database is not allowed in cluster mode"));
    return false;
}

/* 1 or 0: whether it was done. */
static void reply_done(struct command_call *call, enum keyspace_outcome outcome) {
    if (outcome <= KEYSPACE_NOT_DONE || outcome == KEYSPACE_STOPPED)
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
    else
        reply_outcome(call, outcome);
}

#define ERROR_SAME_OBJECT BYTES("ERR source and destination objects are the same")

/* COPY source destination [DB index] [REPLACE] */
void cmd_copy(struct command_call *call) {
    struct copy_options options = {0};
    if (!parse_copy(call, &options)) return;
    struct keyspace_transfer transfer = {
        .from = call_key(call, SOURCE),
        .to = keyspace_key(call->access, options.db, call->args[TARGET]),
        .keep_source = true,
        .only_if_absent = !options.replace,
        .event_to = "copy_to",
    };
    if (transfer.from.db == transfer.to.db && bytes_equal(transfer.from.name, transfer.to.name)) {
        reply_error(call->reply, ERROR_SAME_OBJECT);
        return;
    }
    reply_done(call, keyspace_transfer(call->access, &transfer));
}

/* MOVE key db */
void cmd_move(struct command_call *call) {
    enum { MOVE_DB = 2 };
    uint32_t db;
    if (cluster_is_enabled(call->worker)) {
        reply_error(call->reply, BYTES("ERR MOVE is not allowed in cluster mode"));
        return;
    }
    if (!call_database(call, MOVE_DB, &db)) return;
    if (db == call->session->db) {
        reply_error(call->reply, ERROR_SAME_OBJECT);
        return;
    }
    struct keyspace_transfer transfer = {
        .from = call->key,
        .to = keyspace_key(call->access, db, call->key.name),
        .only_if_absent = true,
        .event_from = "move_from",
        .event_to = "move_to",
    };
    reply_done(call, keyspace_transfer(call->access, &transfer));
}

/* TOUCH key [key ...] */
void cmd_touch(struct command_call *call) {
    cmd_exists(call);
}

/* ---- RANDOMKEY ------------------------------------------------------------------------------- */

struct pick {
    struct buf *name;
    struct random *random;
    size_t seen;
    bool failed;
};

/* Keeps each of what is shown with the same chance. */
static void pick_one(void *context, struct bytes name, const struct store_value *value UNUSED) {
    struct pick *pick = context;
    pick->seen++;
    if (random_below(pick->random, pick->seen) > 0) return;
    buf_clear(pick->name);
    pick->failed = buf_append(pick->name, name) != BRINE_OK;
}

/* RANDOMKEY: from a random place on, one of the first few that live there */
void cmd_randomkey(struct command_call *call) {
    struct worker_state *worker = call->worker;
    struct pick pick = {.name = &worker->collected, .random = &worker->random};
    struct keyspace_scan scan = {
        .db = call->session->db, .visit = pick_one, .context = &pick, .remove_expired = true};
    uint64_t start = random_u64(&worker->random), cursor = start;
    bool from_the_start = false;
    while (pick.seen == 0) {
        cursor = keyspace_scan(call->access, &scan, cursor);
        if (cursor != 0) continue;
        if (from_the_start) break;
        from_the_start = true; /* the end was reached: what is before the random place is left */
    }
    if (pick.failed)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else if (pick.seen == 0)
        reply_null(call->reply);
    else
        reply_bulk(call->reply, buf_view(pick.name));
    buf_clear(pick.name);
}

/* ---- BITOP ----------------------------------------------------------------------------------- */

enum bit_op { BIT_AND, BIT_OR, BIT_XOR, BIT_NOT };

struct bitop {
    enum bit_op op;
    size_t len;
};

static uint8_t byte_at(struct bytes text, size_t at) {
    return at < text.len ? text.data[at] : 0;
}

static uint8_t combine_byte(enum bit_op op, const struct bytes *values, size_t count, size_t at) {
    uint8_t byte = byte_at(values[0], at);
    for (size_t i = 1; i < count; i++) {
        uint8_t other = byte_at(values[i], at);
        byte = op == BIT_AND ? byte & other : op == BIT_OR ? byte | other : byte ^ other;
    }
    return op == BIT_NOT ? (uint8_t)~byte : byte;
}

static enum keyspace_step combine_bits(void *context, const struct bytes *values, size_t count,
                                       struct buf *result) {
    struct bitop *bitop = context;
    bitop->len = 0;
    for (size_t i = 0; i < count; i++) bitop->len = MAX(bitop->len, values[i].len);
    if (bitop->len == 0) return KEYSPACE_STEP_REMOVE;
    if (buf_reserve(result, bitop->len) != BRINE_OK) return KEYSPACE_STEP_NO_MEMORY;
    for (size_t at = 0; at < bitop->len; at++)
        result->data[at] = combine_byte(bitop->op, values, count, at);
    result->len = bitop->len;
    return KEYSPACE_STEP_STORE_EDITED;
}

/* BITOP AND | OR | XOR | NOT destkey key [key ...] */
void cmd_bitop(struct command_call *call) {
    enum { BITOP_NAME = 1, BITOP_TARGET = 2, BITOP_SOURCES = 3 };
    static const char *const names[] = {"AND", "OR", "XOR", "NOT"}; /* ORDER bit_op */
    struct bitop bitop = {0};
    size_t op = 0, count;
    while (op < ARRAY_LEN(names) && !call_is(call, BITOP_NAME, names[op])) op++;
    if (op == ARRAY_LEN(names)) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    bitop.op = (enum bit_op)op;
    if (bitop.op == BIT_NOT && call->args_count > BITOP_SOURCES + 1) {
        reply_error(call->reply, BYTES("ERR BITOP NOT must be called with a single source key."));
        return;
    }
    struct store_key target = call_key(call, BITOP_TARGET);
    struct store_key *keys = call_keys(call, BITOP_SOURCES, 1, &count);
    if (!keys) return;
    enum keyspace_outcome outcome =
        keyspace_combine(call->access, &target, keys, count, combine_bits, &bitop);
    if (outcome == KEYSPACE_DONE)
        reply_integer(call->reply, (int64_t)bitop.len);
    else
        reply_outcome(call, outcome);
}

/* SWAPDB index index */
void cmd_swapdb(struct command_call *call) {
    enum { SWAPDB_FIRST = 1, SWAPDB_SECOND = 2 };
    static const char *const which[] = {"first", "second"};
    int64_t databases = config_read(call->worker->config->server.databases);
    int64_t indexes[2];
    if (cluster_is_enabled(call->worker)) {
        reply_error(call->reply, BYTES("ERR SWAPDB is not allowed in cluster mode"));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        /* An index is an int to Redis. */
        if (number_parse_i64(call->args[SWAPDB_FIRST + i], &indexes[i]) &&
            indexes[i] == (int32_t)indexes[i])
            continue;
        reply_errorf(call->reply, "ERR invalid %s DB index", which[i]);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        if (indexes[i] >= 0 && indexes[i] < databases) continue;
        reply_error(call->reply, BYTES("ERR DB index is out of range"));
        return;
    }
    if (indexes[0] == indexes[1] || keyspace_swap_dbs(call->access, (uint32_t)indexes[0],
                                                      (uint32_t)indexes[1]) == KEYSPACE_DONE)
        reply_ok(call->reply);
    else
        reply_errorf(call->reply,
                     "ERR SWAPDB is refused: a rule names one of the databases %" PRId64
                     " and %" PRId64 " alone, so values would stand under a rule that did not "
                     "admit them",
                     indexes[0], indexes[1]);
}
