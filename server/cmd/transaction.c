/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* MULTI, EXEC, DISCARD, WATCH, UNWATCH.  Source of answers: Redis 7.0 multi.c, server.c
 * processCommand.
 *
 * EXEC locks the shards of all keys that its commands name and that are watched, in their order,
 * and runs the commands within that hold; a command that may touch any key has all shards locked.
 */

#include "cmd/transaction.h"

#include "base/number.h"
#include "cmd/dispatch.h"
#include "cmd/handlers.h"

static struct transaction *transaction_of(struct command_call *call) {
    struct session *session = call->session;
    if (session->transaction) return session->transaction;
    size_t bytes_max = (size_t)config_read(call->worker->config->limits.query_buffer_bytes);
    session->transaction = transaction_create(call->access->keyspace, call->worker->mem, bytes_max);
    if (!session->transaction) reply_error(call->reply, ERROR_NO_MEMORY);
    return session->transaction;
}

static bool is_open(const struct session *session) {
    return session->transaction && session->transaction->is_open;
}

/* ---- queueing -------------------------------------------------------------------------------- */

bool transaction_queues(const struct session *session, const struct command *command) {
    if (LIKELY(!is_open(session))) return false;
    command_handler *handler = command->handler;
    return handler != cmd_exec && handler != cmd_discard && handler != cmd_multi &&
           handler != cmd_watch && handler != cmd_quit && handler != cmd_reset;
}

/* Where the values stand that a command stores as they are.  What it works out from what is there
 * can only be judged when it runs. */
static const struct value_place {
    command_handler *handler;
    size_t first, step; /* 0: one value */
} value_places[] = {
    {cmd_publish, 2, 0}, {cmd_spublish, 2, 0}, {cmd_set, 2, 0},
    {cmd_setnx, 2, 0},   {cmd_getset, 2, 0},   {cmd_setex, 3, 0},
    {cmd_psetex, 3, 0},  {cmd_mset, 2, 2},     {cmd_msetnx, 2, 2},
};

static bool judge_value(struct command_call *call, const struct queued *queued, size_t position) {
    struct transaction *transaction = call->session->transaction;
    command_handler *handler = queued->command->handler;
    struct keyspace_judged judged;
    enum keyspace_outcome outcome;
    if (handler == cmd_publish || handler == cmd_spublish) {
        outcome = keyspace_judge_message(call->access, transaction->db, queued->args[position - 1],
                                         queued->args[position], &judged);
    } else {
        const struct command_keys *keys = &queued->command->keys;
        size_t key_position = keys->step > 1 ? position - 1 : (size_t)keys->first;
        struct store_key key =
            keyspace_key(call->access, transaction->db, queued->args[key_position]);
        outcome = keyspace_judge(call->access, &key, queued->args[position], &judged);
    }
    if (outcome == KEYSPACE_DONE && transaction_note_judged(transaction, &judged) != BRINE_OK)
        outcome = KEYSPACE_NO_MEMORY;
    if (outcome == KEYSPACE_DONE) return true;
    reply_outcome(call, outcome);
    return false;
}

static bool judge_values(struct command_call *call, const struct queued *queued) {
    for (size_t i = 0; i < ARRAY_LEN(value_places); i++) {
        const struct value_place *place = &value_places[i];
        if (place->handler != queued->command->handler) continue;
        for (size_t at = place->first; at < queued->args_count; at += place->step) {
            if (!judge_value(call, queued, at)) return false;
            if (place->step == 0) break;
        }
    }
    return true;
}

/* A SELECT in the queue decides under which rules the values behind it are judged. */
static uint32_t db_after(const struct worker_state *worker, const struct queued *queued,
                         uint32_t db) {
    int64_t selected;
    if (queued->command->handler != cmd_select || !number_parse_i64(queued->args[1], &selected))
        return db;
    bool exists = selected >= 0 && selected < config_read(worker->config->server.databases);
    return exists ? (uint32_t)selected : db;
}

void transaction_enqueue(struct command_call *call) {
    struct transaction *transaction = call->session->transaction;
    if (transaction->is_aborted || transaction_is_touched(transaction)) {
        reply_simple(call->reply, BYTES("QUEUED")); /* as Redis: it will never run */
        return;
    }
    struct queued queued = {.command = call->command, .args_count = call->args_count};
    struct transaction_mark mark = transaction_mark(transaction);
    queued.args = transaction_copy_args(transaction, call->args, call->args_count);
    if (!queued.args) {
        transaction->is_aborted = true;
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    if (!judge_values(call, &queued)) {
        transaction_back_to(transaction, mark); /* what is deferred comes again */
        if (!call->access->deferred) transaction->is_aborted = true;
        return;
    }
    if (transaction_queue(transaction, &queued) != BRINE_OK) {
        transaction->is_aborted = true;
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    transaction->db = db_after(call->worker, &queued, transaction->db);
    reply_simple(call->reply, BYTES("QUEUED"));
}

void transaction_reject(struct worker_state *worker, struct session *session,
                        const struct command *command, struct reply_mark mark) {
    if (is_open(session)) session->transaction->is_aborted = true;
    if (!command || command->handler != cmd_exec) return;
    struct reply *reply = &worker->reply;
    worker->transaction_ended = true;
    if (reply_is_broken(reply) || reply->errors == mark.errors) return; /* nothing to quote */
    struct bytes text = bytes_slice(buf_view(&reply->out), reply->error_offset, reply->out.len);
    char line[RESP_ERROR_BYTES_MAX];
    size_t skip = bytes_starts_with(text, BYTES("-ERR ")) ? sizeof "-ERR " - 1 : 1;
    size_t len = MIN(text.len - skip - 2, sizeof line - 1);
    bytes_copy_to(line, bytes_slice(text, skip, len));
    line[len] = 0;
    reply_rewind(reply, mark);
    reply_errorf(reply, "EXECABORT Transaction discarded because of: %s", line);
}

bool transaction_denies_oom(const struct session *session, const struct command *command) {
    if (LIKELY(!is_open(session)) || command->handler != cmd_exec) return false;
    const struct transaction *transaction = session->transaction;
    for (size_t i = 0; i < transaction->queue_count; i++)
        if (transaction->queue[i].command->flags & CMD_DENYOOM) return true;
    return false;
}

bool transaction_replicates(const struct session *session, const struct command *command) {
    enum { REPLICATED = CMD_WRITE | CMD_MAY_REPLICATE };
    if (command->flags & REPLICATED) return true;
    if (!is_open(session) || command->handler != cmd_exec) return false;
    const struct transaction *transaction = session->transaction;
    for (size_t i = 0; i < transaction->queue_count; i++)
        if (transaction->queue[i].command->flags & REPLICATED) return true;
    return false;
}

/* ---- EXEC ------------------------------------------------------------------------------------ */

/* Its keys are what its row says, so they can be locked beforehand. */
static bool names_its_keys(const struct command *command) {
    return command->keys.use != KEYS_NONE && !(command->flags & CMD_MOVABLEKEYS);
}

static bool touches_no_key(const struct command *command) {
    return command->keys.use == KEYS_NONE && !(command->flags & (CMD_WRITE | CMD_READONLY)) &&
           !(command->flags & CMD_ADMIN);
}

static size_t count_keys(const struct queued *queued) {
    size_t first, last, step;
    if (!command_key_positions(queued->command, queued->args, queued->args_count, &first, &last,
                               &step))
        return 0;
    return (last - first) / step + 1;
}

/* All keys that are to be locked, in the transaction's memory.  False: any key may be touched, or
 * there is no memory for the list. */
static bool gather_keys(struct command_call *call, struct store_key **keys, size_t *count) {
    struct transaction *transaction = call->session->transaction;
    size_t most = 1;
    for (const struct watch *watch = transaction->watches; watch; watch = watch->next_of_watcher)
        most++;
    for (size_t i = 0; i < transaction->queue_count; i++) {
        const struct queued *queued = &transaction->queue[i];
        if (names_its_keys(queued->command))
            most += count_keys(queued);
        else if (!touches_no_key(queued->command))
            return false;
    }
    *keys = arena_alloc(&transaction->queue_memory, most * sizeof **keys);
    if (!*keys) return false;
    *count = 0;
    for (const struct watch *watch = transaction->watches; watch; watch = watch->next_of_watcher)
        (*keys)[(*count)++] = watch->key;
    for (size_t i = 0; i < transaction->queue_count; i++) {
        const struct queued *queued = &transaction->queue[i];
        size_t first, last, step;
        if (!command_key_positions(queued->command, queued->args, queued->args_count, &first, &last,
                                   &step))
            continue;
        /* Which database does not matter: a name lies in the same shard in all of them. */
        for (size_t at = first; at <= last; at += step)
            (*keys)[(*count)++] = keyspace_key(call->access, 0, queued->args[at]);
    }
    return true;
}

static bool is_overtaken(struct command_call *call) {
    const struct transaction *transaction = call->session->transaction;
    if (transaction_is_touched(transaction)) return true;
    for (const struct watch *watch = transaction->watches; watch; watch = watch->next_of_watcher)
        if (keyspace_watch_expired(call->access, watch)) return true;
    return false;
}

static void run_queued(struct command_call *call, const struct queued *queued) {
    struct command_call inner = *call;
    inner.args = queued->args;
    inner.args_count = queued->args_count;
    inner.command = queued->command;
    if (queued->command->keys.first > 0 && (size_t)queued->command->keys.first < queued->args_count)
        inner.key = keyspace_key(call->access, call->session->db,
                                 queued->args[queued->command->keys.first]);
    dispatch_run_queued(&inner);
}

static void run_all(struct command_call *call) {
    struct keyspace_access *access = call->access;
    struct transaction *transaction = call->session->transaction;
    struct reply *reply = call->reply;
    struct store_key *keys = NULL;
    size_t count = 0;
    bool may_defer = access->may_defer;
    bool listed = gather_keys(call, &keys, &count);
    access->may_defer = false;
    call->worker->exec_mark = reply_mark(reply);
    keyspace_begin(access, listed ? keys : NULL, count, transaction->judged,
                   transaction->judged_count);
    struct reply_mark mark = reply_mark(reply);
    bool is_muted = call->session->modes & SESSION_MUTED;
    if (is_overtaken(call)) {
        reply_null_array(reply);
    } else {
        uint32_t errors = reply->errors;
        transaction->is_running = true;
        reply_array(reply, transaction->queue_count);
        if (is_muted) reply_rewind(reply, mark);
        call->worker->exec_muted = true; /* from here on each by itself, for one may be REPLY */
        for (size_t i = 0; i < transaction->queue_count; i++)
            run_queued(call, &transaction->queue[i]);
        reply->errors = errors; /* each was accounted to its own command */
    }
    keyspace_end(access);
    access->may_defer = may_defer;
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* MULTI */
void cmd_multi(struct command_call *call) {
    if (is_open(call->session)) {
        reply_error(call->reply, BYTES("ERR MULTI calls can not be nested"));
        return;
    }
    struct transaction *transaction = transaction_of(call);
    if (!transaction) return;
    transaction->is_open = true;
    transaction->db = call->session->db;
    reply_ok(call->reply);
}

/* EXEC */
void cmd_exec(struct command_call *call) {
    struct transaction *transaction = call->session->transaction;
    if (!is_open(call->session)) {
        reply_error(call->reply, BYTES("ERR EXEC without MULTI"));
        return;
    }
    if (transaction->is_aborted)
        reply_error(call->reply,
                    BYTES("EXECABORT Transaction discarded because of previous errors."));
    else
        run_all(call);
    client_run_late_queries(call);
    call->worker->transaction_ended = true;
}

/* DISCARD */
void cmd_discard(struct command_call *call) {
    if (!is_open(call->session)) {
        reply_error(call->reply, BYTES("ERR DISCARD without MULTI"));
        return;
    }
    call->worker->transaction_ended = true;
    reply_ok(call->reply);
}

/* WATCH key [key ...] */
void cmd_watch(struct command_call *call) {
    enum { WATCH_KEYS = 1 };
    if (is_open(call->session)) {
        reply_error(call->reply, BYTES("ERR WATCH inside MULTI is not allowed"));
        return;
    }
    struct transaction *transaction = transaction_of(call);
    if (!transaction) return;
    for (size_t i = WATCH_KEYS; i < call->args_count; i++) {
        struct store_key key = call_key(call, i);
        if (transaction_watch(transaction, call->access, &key) == BRINE_OK) continue;
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    reply_ok(call->reply);
}

/* UNWATCH */
void cmd_unwatch(struct command_call *call) {
    struct transaction *transaction = call->session->transaction;
    if (transaction) transaction_unwatch(transaction);
    reply_ok(call->reply);
}
