/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A batch goes through three loops, so that the memory of one command is on its way while the
 * others are looked at:
 *
 *     decode   bytes -> arguments -> row -> hash of the first key
 *     prefetch all buckets, then all entries
 *     run      checks that every command has, its handler, the accounts
 *
 * Durations.  A command lasts from the end of the one before it (or the start of its batch) to its
 * own end, so each costs one reading of the clock: 20 ns, of the 400 that a GET in a long pipeline
 * takes.  Who wants neither distributions nor a slow log nor the latency monitor does not pay for
 * them: the clock is then read where the command changes, which is exact for commandstats' sums.
 *
 * Decoding ahead has two traps.  The decoder knows how far it got in an incomplete command at the
 * end of the input; when a batch is left before its end that knowledge is of a place further on
 * than what is handed in next, and is dropped.  And what a command changes for those behind it
 * must not be taken for granted before it ran: the limits of a client that has not authenticated
 * (it gets batches of one), and the database (keys are hashed again after SELECT). */

#include "cmd/dispatch.h"

#include "base/assert.h"
#include "cmd/cluster.h"
#include "cmd/debug.h"
#include "cmd/events.h"
#include "cmd/handlers.h"
#include "cmd/monitor.h"
#include "cmd/permission.h"
#include "cmd/pubsub.h"
#include "cmd/slow.h"
#include "cmd/tracking.h"
#include "cmd/transaction.h"
#include "keyspace/room.h"

#include <stdio.h>

enum {
    ARGS_KEPT = 4096,                 /* arguments that a worker keeps room for between calls */
    AHEAD_INLINE_BYTES_MAX = 1 << 20, /* of one read's lines */
    SECURITY_LOG_INTERVAL_MS = 60000,
    REPLY_BYTES_SURE = 64 << 20, /* however little memory the entries may take */
    /* Cutting lengths of what an error quotes.  Source: Redis server.c commandCheckExistence. */
    QUOTED_BYTES_MAX = 128,
};

/* A run of equal commands that is measured as a whole; where each one is, `command` is NULL. */
struct timer {
    int64_t started_ns;
    const struct command *command;
};

static void decode_batch(struct worker_state *worker, struct session *session, struct bytes input,
                         size_t at, struct dispatch_batch *batch);
static void prefetch_batch(struct worker_state *worker, const struct dispatch_batch *batch);
static size_t run_batch(struct worker_state *worker, struct session *session,
                        struct dispatch_batch *batch, struct dispatch_result *result);
static bool run_slot(struct worker_state *worker, struct session *session,
                     struct dispatch_slot *slot, struct dispatch_result *result);
static bool call_handler(struct worker_state *worker, struct session *session,
                         const struct dispatch_slot *slot, struct reply_mark mark);

/* A reply is made whole before it is sent, so where memory is small it is bounded by that too. */
static size_t reply_limit(const struct worker_state *worker) {
    size_t limit = (size_t)config_read(worker->config->limits.output_bytes);
    size_t room = room_limit(worker->access.keyspace);
    return room ? MIN(limit, MAX(room / 2, (size_t)REPLY_BYTES_SURE)) : limit;
}

/* An argument's view takes more than the six bytes that an empty one has on the wire. */
static size_t args_limit(struct config *config) {
    size_t query_bytes = (size_t)config_read(config->limits.query_buffer_bytes);
    return MIN((size_t)config_read(config->limits.args), query_bytes / sizeof(struct bytes));
}

/* What depends on the client and on options that may change at any time. */
static void prepare(struct worker_state *worker, const struct session *session) {
    worker->reply.writer.version = session->resp_version;
    worker->reply.out.limit = reply_limit(worker);
    worker->args.limit = args_limit(worker->config);
}

/* What the keyspace does between commands (upkeep judges values too) is nobody's question, and the
 * session may end before. */
static void forget_actor(struct worker_state *worker) {
    worker->access.command = NULL;
    worker->access.actor = NULL;
    worker->access.actor_context = NULL;
}

/* What ended the batch ends the input too: false. */
static bool go_on_behind(struct worker_state *worker, const struct dispatch_batch *batch,
                         struct dispatch_result *result) {
    struct reply *reply = &worker->reply;
    if (batch->result == RESP_BROKEN) {
        reply_errorf(reply, "ERR %s", batch->error.text);
        metrics_add(worker->metrics, METRIC_error_replies, 1);
        error_kinds_count(&worker->shared->errors, BYTES("ERR"));
        result->close = true;
    } else if (batch->result == RESP_NO_MEMORY && batch->count == 0) {
        reply_error(reply, ERROR_NO_MEMORY);
        result->close = true;
    }
    return batch->result != RESP_NEED_MORE && !result->close && !result->paused;
}

/* Runs the batch that was decoded from the start of input, and those behind it. */
static void run_input(struct worker_state *worker, struct session *session, struct bytes input,
                      struct dispatch_batch *batch, struct dispatch_result *result) {
    size_t at = 0;
    for (;;) {
        size_t ran = run_batch(worker, session, batch, result);
        if (ran < batch->count || result->close || result->drop || session->waiting) {
            at = ran ? batch->slots[ran - 1].end : at;
            session->decoder = (struct resp_decoder){0};
            break;
        }
        at = batch->end;
        if (!go_on_behind(worker, batch, result)) {
            if (result->close) at = input.len;
            break;
        }
        decode_batch(worker, session, input, at, batch);
        if (batch->count > 1) prefetch_batch(worker, batch);
    }
    result->consumed = at;
}

static void begin_input(struct worker_state *worker, struct session *session,
                        struct dispatch_result *result) {
    *result = (struct dispatch_result){0};
    prepare(worker, session);
    session->last_active_mono_ms = worker->mono_ms;
    worker->serving = session;
    worker->access.may_defer = worker->services && worker->services->may_defer;
}

static void end_input(struct worker_state *worker, struct session *session) {
    tracking_end_batch(worker, session);
    worker->serving = NULL;
    forget_actor(worker);
    resp_args_clear(&worker->args);
    if (UNLIKELY(worker->args.cap > ARGS_KEPT)) resp_args_shrink(&worker->args, ARGS_KEPT);
}

void dispatch_input(struct worker_state *worker, struct session *session, struct bytes input,
                    struct dispatch_result *result) {
    struct dispatch_batch batch;
    begin_input(worker, session, result);
    decode_batch(worker, session, input, 0, &batch);
    if (batch.count > 1) prefetch_batch(worker, &batch);
    run_input(worker, session, input, &batch, result);
    end_input(worker, session);
}

/* The row of the command, and its first key's hash. */
static void look_up(struct worker_state *worker, const struct session *session,
                    struct dispatch_slot *slot) {
    const struct bytes *args = worker->args.items + slot->first_arg;
    const struct command *command =
        command_find_recent(&worker->shared->index, args, slot->args_count, &worker->recent);
    slot->has_key = false;
    slot->command = command;
    if (!command || command->keys.first == 0) return;
    if ((size_t)command->keys.first >= slot->args_count) return;
    slot->has_key = true;
    slot->key = keyspace_key(&worker->access, session->db, args[command->keys.first]);
}

static struct resp_limits decoder_limits(const struct worker_state *worker,
                                         const struct session *session) {
    struct config *config = worker->config;
    return (struct resp_limits){
        .bulk_bytes_max = (size_t)config_read(config->limits.bulk_bytes),
        .args_max = args_limit(config),
        .inline_bytes_max = (size_t)config_read(config->limits.inline_bytes),
        .unauthenticated = !session->authenticated,
    };
}

static void decode_batch(struct worker_state *worker, struct session *session, struct bytes input,
                         size_t at, struct dispatch_batch *batch) {
    struct resp_limits limits = decoder_limits(worker, session);
    size_t most = session->authenticated ? DISPATCH_BATCH : 1;
    batch->count = 0;
    batch->result = RESP_COMMAND;
    resp_args_clear(&worker->args);
    arena_reset(&worker->inline_args);
    while (batch->count < most) {
        struct resp_command command;
        struct bytes rest = bytes_slice(input, at, input.len);
        batch->result = resp_decode(&session->decoder, &limits, rest, &worker->args,
                                    &worker->inline_args, &command, &batch->error);
        if (batch->result != RESP_COMMAND && batch->result != RESP_EMPTY) break;
        at += command.consumed;
        if (batch->result == RESP_EMPTY) continue;
        struct dispatch_slot *slot = &batch->slots[batch->count++];
        slot->first_arg = command.first_arg;
        slot->args_count = command.argc;
        slot->end = at;
        look_up(worker, session, slot);
    }
    batch->end = at;
}

/* How long the value of the first key is likely to be: as what takes its place, or as the last one
 * that was read. */
static size_t likely_bytes(const struct worker_state *worker, const struct dispatch_slot *slot) {
    enum { VALUE = 2 };
    if (slot->args_count <= VALUE) return worker->access.read_bytes;
    return worker->args.items[slot->first_arg + VALUE].len;
}

static void prefetch_buckets(struct worker_state *worker, const struct dispatch_batch *batch) {
    struct store *store = worker->access.keyspace->store;
    struct store_hold *hold = &worker->access.hold;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->slots[i].has_key) store_prefetch_bucket(store, hold, &batch->slots[i].key);
}

static void prefetch_entries(struct worker_state *worker, const struct dispatch_batch *batch) {
    struct store *store = worker->access.keyspace->store;
    struct store_hold *hold = &worker->access.hold;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->slots[i].has_key)
            store_prefetch_entry(store, hold, &batch->slots[i].key,
                                 likely_bytes(worker, &batch->slots[i]));
}

static void prefetch_batch(struct worker_state *worker, const struct dispatch_batch *batch) {
    prefetch_buckets(worker, batch);
    prefetch_entries(worker, batch);
}

/* ---- inputs of several clients ----------------------------------------------------------------*/

void dispatch_ahead_init(struct dispatch_ahead *ahead, struct allocator *mem) {
    resp_args_init(&ahead->args, mem, 1);
    arena_init(&ahead->inline_args, mem, AHEAD_INLINE_BYTES_MAX);
}

void dispatch_ahead_deinit(struct dispatch_ahead *ahead) {
    resp_args_deinit(&ahead->args);
    arena_deinit(&ahead->inline_args);
}

/* What was looked ahead at becomes what the worker runs, and back. */
static void change_places(struct worker_state *worker, struct dispatch_ahead *ahead) {
    struct resp_args args = worker->args;
    struct arena inline_args = worker->inline_args;
    worker->args = ahead->args;
    worker->inline_args = ahead->inline_args;
    ahead->args = args;
    ahead->inline_args = inline_args;
}

void dispatch_look_ahead(struct worker_state *worker, struct session *session, struct bytes input,
                         struct dispatch_ahead *ahead) {
    BRINE_ASSERT(session->authenticated, "a stranger's commands are decoded one by one");
    change_places(worker, ahead);
    worker->args.limit = args_limit(worker->config);
    decode_batch(worker, session, input, 0, &ahead->batch);
    prefetch_buckets(worker, &ahead->batch);
    change_places(worker, ahead);
}

void dispatch_look_closer(struct worker_state *worker, struct dispatch_ahead *ahead) {
    change_places(worker, ahead);
    prefetch_entries(worker, &ahead->batch);
    change_places(worker, ahead);
}

void dispatch_looked_at(struct worker_state *worker, struct session *session, struct bytes input,
                        struct dispatch_ahead *ahead, struct dispatch_result *result) {
    change_places(worker, ahead);
    begin_input(worker, session, result);
    run_input(worker, session, input, &ahead->batch, result);
    end_input(worker, session);
    change_places(worker, ahead);
}

/* ---- running ----------------------------------------------------------------------------------*/

static struct metrics_command *command_metrics(struct worker_state *worker,
                                               const struct command *command) {
    if (!worker->metrics || !worker->metrics->commands) return NULL;
    return &worker->metrics->commands[command_row(command)];
}

/* Whoever wants to know of each command how long it took. */
static bool is_timed_each(const struct worker_state *worker) {
    struct config *config = worker->config;
    return config_read(config->latency.tracking) ||
           config_read(config->slow_log.slower_than_us) >= 0 ||
           config_read(config->latency.monitor_threshold_ms) > 0;
}

static void timer_start(struct worker_state *worker) {
    worker->times_each = worker->mono_ns && is_timed_each(worker);
    if (worker->times_each) worker->timed_until_ns = worker->mono_ns();
}

/* Ends the run of equal commands that is being measured and begins one of `next` (NULL: none). */
static void timer_switch(struct worker_state *worker, struct timer *timer,
                         const struct command *next) {
    if (worker->times_each || !worker->mono_ns || timer->command == next) return;
    int64_t now_ns = worker->mono_ns();
    if (timer->command) {
        struct metrics_command *counts = command_metrics(worker, timer->command);
        if (counts) metrics_bump(&counts->nsec, (uint64_t)MAX(now_ns - timer->started_ns, 0));
    }
    *timer = (struct timer){.started_ns = now_ns, .command = next};
}

/* The command that began at started_ns has ended. */
static void note_duration(const struct command_call *call, int64_t started_ns) {
    struct worker_state *worker = call->worker;
    struct metrics *metrics = worker->metrics;
    int64_t now_ns = worker->mono_ns();
    int64_t took_ns = MAX(now_ns - started_ns, 0);
    worker->timed_until_ns = now_ns;
    if (LIKELY(metrics && metrics->commands)) {
        size_t row = command_row(call->command);
        metrics_bump(&metrics->commands[row].nsec, (uint64_t)took_ns);
        if (config_read(worker->config->latency.tracking))
            metrics_record_latency(metrics, row, (uint64_t)took_ns);
    }
    slow_note(call, took_ns);
}

/* Returns how many ran; fewer than all when the client is to wait, drain or go. */
static size_t run_batch(struct worker_state *worker, struct session *session,
                        struct dispatch_batch *batch, struct dispatch_result *result) {
    enum { LARGES_BYTES_MAX = 16 << 20 }; /* sent from where they lie: they cost time, not memory */
    const struct keyspace *keyspace = worker->access.keyspace;
    size_t most = (size_t)config_read(worker->config->limits.output_pause_bytes);
    size_t pause_bytes = room_for_replies(keyspace, most);
    size_t larges_max = room_for_replies(keyspace, LARGES_BYTES_MAX);
    const struct reply *reply = &worker->reply;
    struct timer timer = {0};
    size_t ran = 0;
    timer_start(worker);
    while (ran < batch->count) {
        struct dispatch_slot *slot = &batch->slots[ran];
        timer_switch(worker, &timer, slot->command);
        bool go_on = run_slot(worker, session, slot, result);
        if (UNLIKELY(result->deferred || result->postponed)) break; /* it has not run yet */
        ran++;
        if (!go_on) break;
        if (UNLIKELY(reply->out.len > pause_bytes || reply->larges_bytes > larges_max)) {
            result->paused = true;
            break;
        }
    }
    timer_switch(worker, &timer, NULL);
    return ran;
}

/* The first words of what was sent, as Redis quotes them. */
static void reply_unknown(struct reply *reply, const struct bytes *args, size_t count,
                          bool container) {
    char text[RESP_ERROR_BYTES_MAX];
    size_t len = 0;
    struct bytes quoted = args[container ? 1 : 0];
    int shown = (int)strnlen((const char *)quoted.data, MIN(quoted.len, (size_t)QUOTED_BYTES_MAX));
    if (container) {
        char upper[COMMAND_NAME_BYTES_MAX + 1] = {0};
        for (size_t i = 0; i < args[0].len && i < sizeof upper - 1; i++) {
            uint8_t c = byte_lower(args[0].data[i]);
            upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
        }
        len = (size_t)snprintf(text, sizeof text, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                               shown, (const char *)quoted.data, upper);
    } else {
        len = (size_t)snprintf(text, sizeof text,
                               "ERR unknown command '%.*s', with args beginning with: ", shown,
                               (const char *)quoted.data);
        size_t listed = 0;
        for (size_t i = 1; i < count && listed < QUOTED_BYTES_MAX; i++) {
            size_t most = MIN(args[i].len, QUOTED_BYTES_MAX - listed);
            int part = snprintf(text + len, sizeof text - len, "'%.*s' ",
                                (int)strnlen((const char *)args[i].data, most),
                                (const char *)args[i].data);
            listed += (size_t)part;
            len += (size_t)part;
        }
    }
    reply_error(reply, bytes_view(text, MIN(len, sizeof text - 1)));
}

/* What an attack through a browser or a mail server would send.  True: drop the connection. */
static bool is_other_protocol(struct worker_state *worker, const struct session *session,
                              struct bytes name) {
    uint64_t suppressed;
    if (!bytes_is(name, "post") && !bytes_is(name, "host:")) return false;
    metrics_add(worker->metrics, METRIC_security_drops, 1);
    if (log_limiter_allows(&worker->shared->security_limiter, worker->mono_ms,
                           SECURITY_LOG_INTERVAL_MS, &suppressed))
        log_write(worker->log, LOG_WARNING,
                  "Possible SECURITY ATTACK detected: %s sends POST or Host: commands, perhaps a "
                  "web page or mail server made to speak for somebody else. Connection dropped.",
                  session->peer);
    return true;
}

/* Entries give way for it, or else it is refused; none does for one that could never be stored. */
static bool memory_is_exceeded(struct worker_state *worker, const struct dispatch_slot *slot) {
    struct keyspace_access *access = &worker->access;
    size_t bytes = 0;
    if (room_limit(access->keyspace) == 0) return false;
    for (size_t i = 0; i < slot->args_count; i++)
        bytes += worker->args.items[slot->first_arg + i].len;
    return !room_could_hold(access->keyspace, bytes) || !keyspace_make_room(access, bytes);
}

bool dispatch_memory_is_exceeded(struct worker_state *worker) {
    struct keyspace_access *access = &worker->access;
    return room_limit(access->keyspace) > 0 && !keyspace_make_room(access, 0);
}

static bool is_denied(struct worker_state *worker, struct session *session,
                      const struct dispatch_slot *slot) {
    struct attempt attempt = {.command = slot->command,
                              .args = worker->args.items + slot->first_arg,
                              .args_count = slot->args_count};
    return permission_denies(worker, session, &attempt);
}

#define ERROR_MISCONF                                                                              \
    BYTES("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "       \
          "persist to disk. Commands that may modify the data set are disabled, because this "     \
          "instance is configured to report errors during writes if RDB snapshotting fails "       \
          "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about "   \
          "the RDB error.")

static const struct snapshots *snapshots_of(const struct worker_state *worker) {
    return worker->services ? worker->services->snapshots : NULL;
}
static bool is_loading(const struct worker_state *worker) {
    const struct snapshots *snapshots = snapshots_of(worker);
    return snapshots && snapshots_loading(snapshots);
}
static bool writes_are_stopped(const struct worker_state *worker) {
    const struct snapshots *snapshots = snapshots_of(worker);
    return snapshots && snapshots_stop_writes(snapshots);
}

/* Refuses what must not run; true: refused, and an error replied.  The order of the questions is
 * Redis's (server.c processCommand), for it decides which error a client sees. */
static bool is_rejected(struct worker_state *worker, struct session *session,
                        const struct dispatch_slot *slot) {
    const struct command *command = slot->command;
    const struct bytes *args = worker->args.items + slot->first_arg;
    struct reply *reply = &worker->reply;
    if (UNLIKELY(session->modes & SESSION_TOO_LONG)) {
        bool beyond_clients = session->modes & SESSION_BEYOND_CLIENTS;
        session->modes &= ~(uint32_t)(SESSION_TOO_LONG | SESSION_BEYOND_CLIENTS);
        reply_error(reply, beyond_clients ? ERROR_BEYOND_CLIENTS : ERROR_OUT_OF_MEMORY);
    } else if (!command) {
        bool container =
            slot->args_count > 1 && command_find(&worker->shared->index, args[0]) != NULL;
        reply_unknown(reply, args, slot->args_count, container);
    } else if (!command_arity_fits(command, slot->args_count)) {
        reply_wrong_arity(reply, command);
    } else if (UNLIKELY(command->flags & CMD_PROTECTED) && !debug_is_allowed(worker, session)) {
        debug_refuse(reply, command);
    } else if (UNLIKELY(!session->authenticated) && !(command->flags & CMD_NO_AUTH) &&
               !auth_is_open(&worker->shared->auth)) {
        reply_error(reply, BYTES("NOAUTH Authentication required."));
    } else if (UNLIKELY(session->queued >= 0) && command->flags & CMD_NO_MULTI) {
        reply_error(reply, BYTES("ERR Command not allowed inside a transaction"));
    } else if (UNLIKELY(permission_asks(session)) && is_denied(worker, session, slot)) {
        /* replied */
    } else if (UNLIKELY(pubsub_forbids(session, command))) {
        reply_errorf(reply,
                     "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                     "QUIT / RESET are allowed in this context",
                     command->name);
    } else if ((command->flags & CMD_DENYOOM || transaction_denies_oom(session, command)) &&
               UNLIKELY(memory_is_exceeded(worker, slot))) {
        reply_error(reply, ERROR_OUT_OF_MEMORY);
    } else if (UNLIKELY(writes_are_stopped(worker)) &&
               (command->flags & CMD_WRITE || command->handler == cmd_ping)) {
        reply_error(reply, ERROR_MISCONF);
    } else if (UNLIKELY(is_loading(worker)) && !(command->flags & CMD_LOADING)) {
        reply_error(reply, BYTES("LOADING Redis is loading the dataset in memory"));
    } else if (UNLIKELY(session->modes & SESSION_MONITOR) &&
               (command->flags & CMD_READONLY || transaction_replicates(session, command))) {
        reply_error(reply, BYTES("ERR Replica can't interact with the keyspace"));
    } else {
        return false;
    }
    struct metrics_command *counts = command ? command_metrics(worker, command) : NULL;
    if (counts) metrics_bump(&counts->rejected, 1);
    return true;
}

static void account_error(struct worker_state *worker) {
    struct reply *reply = &worker->reply;
    metrics_add(worker->metrics, METRIC_error_replies, 1);
    if (reply_is_broken(reply)) return;
    struct bytes text = bytes_slice(buf_view(&reply->out), reply->error_offset, reply->out.len);
    error_kinds_count(&worker->shared->errors, bytes_slice(text, 1, text.len));
}

/* EXEC and DISCARD leave the end to us, for they may have run on another thread. */
static void note_transaction(const struct worker_state *worker, struct session *session) {
    if (worker->transaction_ended)
        session_end_transaction(session);
    else
        session_note_transaction(session);
}

/* Accounts for its error and for a reply that grew too long. */
static void end_command(struct worker_state *worker, const struct session *session,
                        const struct dispatch_slot *slot, struct reply_mark mark,
                        struct dispatch_result *result) {
    struct reply *reply = &worker->reply;
    if (UNLIKELY(reply->errors != mark.errors)) account_error(worker);
    if (LIKELY(!reply_is_broken(reply))) return;
    log_write(worker->log, LOG_WARNING, "client %s closed: a reply to '%s' is too long: %s",
              session->peer, slot->command ? slot->command->name : "",
              brine_status_meaning(reply->writer.failed));
    reply_rewind(reply, mark);
    result->close = true;
}

bool dispatch_is_paused(const struct worker_state *worker) {
    int64_t until_ms =
        atomic_load_explicit(&worker->shared->paused_until_mono_ms, memory_order_relaxed);
    return UNLIKELY(until_ms != 0) && worker->mono_ms < until_ms;
}

/* Source: Redis server.c processCommand. */
static bool is_postponed(const struct worker_state *worker, const struct session *session,
                         const struct command *command) {
    if (LIKELY(!dispatch_is_paused(worker))) return false;
    return atomic_load(&worker->shared->paused_all) || transaction_replicates(session, command);
}

/* CLIENT REPLY OFF and SKIP: what was replied since the mark is taken back.  What the client is
 * told besides, that it listens now and messages to itself, is heard all the same. */
static void mute(struct worker_state *worker, const struct session *session,
                 const struct command *command, struct reply_mark mark) {
    if (LIKELY(!(session->modes & SESSION_MUTED))) return;
    struct reply *reply = &worker->reply;
    bool failed = reply->errors != mark.errors;
    /* What waits for an answer of other workers has put by what was there before the mark. */
    bool is_there = reply->out.len >= mark.out_bytes && reply->larges_count >= mark.larges_count;
    if (is_there && (failed || !command || !pubsub_is_listening(command)))
        reply_rewind(reply, mark);
    if (worker->heard.len) resp_raw(&reply->writer, buf_view(&worker->heard));
    buf_clear(&worker->heard);
    buf_shrink(&worker->heard, 0);
}

/* What CLIENT REPLY and CLIENT CACHING said is for one command. */
static void end_modes(struct worker_state *worker, struct session *session,
                      const struct command *command, struct reply_mark mark) {
    if (!worker->exec_muted) mute(worker, session, command, mark);
    session->modes &= ~(uint32_t)SESSION_REPLY_SKIP;
    bool is_client = command && bytes_starts_with(bytes_of_cstr(command->name), BYTES("client|"));
    if (session->tracked && session->queued < 0 && !is_client) session->tracked->caching = false;
}

/* False: nothing more of this client is to run now. */
static bool run_slot(struct worker_state *worker, struct session *session,
                     struct dispatch_slot *slot, struct dispatch_result *result) {
    worker->transaction_ended = worker->exec_muted = false;
    struct reply *reply = &worker->reply;
    struct reply_mark mark = reply_mark(reply);
    if (UNLIKELY(!slot->command) &&
        is_other_protocol(worker, session, worker->args.items[slot->first_arg])) {
        result->drop = true;
        return false;
    }
    if (UNLIKELY(session->modes & SESSION_REPLY_SKIP_NEXT))
        session->modes ^= SESSION_REPLY_SKIP_NEXT | SESSION_REPLY_SKIP;
    if (UNLIKELY(is_rejected(worker, session, slot))) {
        transaction_reject(worker, session, slot->command, mark);
    } else if (UNLIKELY(cluster_is_enabled(worker)) &&
               cluster_forbids(worker, session, slot->command, worker->args.items + slot->first_arg,
                               slot->args_count)) {
        if (slot->command->handler != cmd_exec)
            transaction_reject(worker, session, slot->command, mark);
    } else {
        if (UNLIKELY(is_postponed(worker, session, slot->command))) {
            session->waiting = true;
            session->modes |= SESSION_POSTPONED;
            worker->postponed_count++;
            metrics_add(worker->metrics, METRIC_blocked_clients, 1);
            result->postponed = true;
            return false;
        }
        session->last_command = slot->command;
        if (UNLIKELY(!call_handler(worker, session, slot, mark))) {
            session->waiting = true;
            session->modes |= SESSION_DEFERRED;
            result->deferred = true;
            result->deferred_hash = slot->has_key ? slot->key.hash : session->id;
            result->deferred_bytes = worker->access.deferred_bytes;
            worker->access.deferred_bytes = 0;
            return false;
        }
    }
    session->commands_total++;
    if (UNLIKELY(session->transaction)) note_transaction(worker, session);
    end_command(worker, session, slot, mark, result);
    if (UNLIKELY(session->modes)) end_modes(worker, session, slot->command, mark);
    events_tell(worker, session);
    if (UNLIKELY(session->tracked) && !(session->modes & SESSION_DEFERRED))
        tracking_release_held(worker, session);
    if (session->close_after_reply) result->close = true;
    return !result->close && !session->waiting;
}

/* For the audit trail, and called only when it writes a record. */
static void describe_actor(const void *context, struct gate_actor *actor) {
    const struct session *session = context;
    *actor = (struct gate_actor){
        .client_id = session->id,
        .address = session->peer,
        .user = session_user_name(session),
        .client_name = session_text_view(&session->name),
        .library_name = session_text_view(&session->library_name),
        .library_version = session_text_view(&session->library_version),
    };
}

/* Whether what the command reads is a use that eviction and OBJECT IDLETIME should know of. */
static bool only_glances(const struct command_call *call) {
    if (call->command->flags & CMD_NO_TOUCH) return true;
    return UNLIKELY(call->session->modes & SESSION_NO_TOUCH) && call->command->handler != cmd_touch;
}

static void run_handler(struct command_call *call, struct reply_mark mark) {
    struct worker_state *worker = call->worker;
    const struct command *command = call->command;
    if (UNLIKELY(call->session->modes & SESSION_TRACKING) && !call->by_script)
        tracking_note_reads(call);
    call->access->command = command->name;
    int64_t started_ns = worker->timed_until_ns;
    brine_assert_doing(command->name);
    if (worker->scratch.newest) arena_reset(&worker->scratch);
    call->access->glances = only_glances(call);
    command->handler(call);
    call->access->glances = false;
    if (UNLIKELY(call->access->withheld)) {
        /* What was stored is not to be shown any more: the reply is why, whatever the handler made
         * of a value that was not found. */
        call->access->withheld = false;
        reply_rewind(call->reply, mark);
        reply_error(call->reply, bytes_of_cstr(call->access->answer.text));
    }
    if (UNLIKELY(call->access->deferred)) return;
    if (UNLIKELY(monitor_listens(worker))) monitor_show(call);
    if (LIKELY(worker->times_each)) note_duration(call, started_ns);
    metrics_add(worker->metrics, METRIC_commands_processed_total, 1);
    struct metrics_command *counts = command_metrics(worker, command);
    if (!counts) return;
    metrics_bump(&counts->calls, 1);
    if (UNLIKELY(call->reply->errors != mark.errors)) metrics_bump(&counts->failed, 1);
}

/* False: the gate wants more time than an event loop has; nothing has happened. */
static bool call_handler(struct worker_state *worker, struct session *session,
                         const struct dispatch_slot *slot, struct reply_mark mark) {
    struct reply *reply = &worker->reply;
    const struct command *command = slot->command;
    struct keyspace_access *access = &worker->access;
    struct command_call call = {
        .args = worker->args.items + slot->first_arg,
        .args_count = slot->args_count,
        .command = command,
        .session = session,
        .access = access,
        .reply = reply,
        .now_ms = worker->now_ms,
        .worker = worker,
    };
    worker->in_command = true;
    if (slot->has_key) {
        call.key = slot->key;
        if (UNLIKELY(slot->key.db != session->db))
            call.key = keyspace_key(call.access, session->db, slot->key.name);
    }
    access->command = command->name;
    access->actor = describe_actor;
    access->actor_context = session;
    if (UNLIKELY(transaction_queues(session, command))) {
        if (worker->scratch.newest) arena_reset(&worker->scratch);
        transaction_enqueue(&call);
    } else {
        run_handler(&call, mark);
    }
    worker->in_command = false;
    BRINE_ASSERT(access->hold.depth == 0, "a command leaves no lock behind");
    if (LIKELY(!access->deferred)) return true;
    access->deferred = false;
    reply_rewind(reply, mark);
    return false;
}

void dispatch_run_inner(struct command_call *call) {
    struct reply_mark mark = reply_mark(call->reply);
    struct attempt attempt = {call->command, call->args, call->args_count};
    bool denied = UNLIKELY(permission_asks(call->session)) &&
                  permission_denies(call->worker, call->session, &attempt);
    if (denied) return;
    if (UNLIKELY(call->command->flags & CMD_WRITE && writes_are_stopped(call->worker)))
        reply_error(call->reply, ERROR_MISCONF);
    else
        run_handler(call, mark);
}

void dispatch_run_queued(struct command_call *call) {
    struct reply_mark mark = reply_mark(call->reply);
    struct attempt attempt = {call->command, call->args, call->args_count};
    bool denied = UNLIKELY(permission_asks(call->session)) &&
                  permission_denies_queued(call->worker, call->session, &attempt);
    if (!denied && !client_run_later(call)) run_handler(call, mark);
    if (UNLIKELY(call->reply->errors != mark.errors)) account_error(call->worker);
    events_tell(call->worker, call->session);
    mute(call->worker, call->session, call->command, mark);
}

/* ---- what was deferred ------------------------------------------------------------------------*/

/* The input was decoded once already, so only a limit that was lowered since, or memory, can be in
 * the way. */
static bool decode_one(struct worker_state *worker, const struct session *session,
                       struct bytes input, struct dispatch_slot *slot) {
    struct resp_decoder decoder = {0};
    struct resp_limits limits = decoder_limits(worker, session);
    struct resp_command command;
    struct brine_error error;
    enum resp_result result;
    size_t at = 0;
    resp_args_clear(&worker->args);
    arena_reset(&worker->inline_args);
    do {
        result = resp_decode(&decoder, &limits, bytes_slice(input, at, input.len), &worker->args,
                             &worker->inline_args, &command, &error);
        if (result == RESP_COMMAND || result == RESP_EMPTY) at += command.consumed;
    } while (result == RESP_EMPTY);
    if (result == RESP_COMMAND) {
        *slot = (struct dispatch_slot){
            .first_arg = command.first_arg, .args_count = command.argc, .end = at};
        look_up(worker, session, slot);
        return true;
    }
    if (result == RESP_BROKEN)
        reply_errorf(&worker->reply, "ERR %s", error.text);
    else
        reply_error(&worker->reply, ERROR_NO_MEMORY);
    return false;
}

void dispatch_deferred(struct worker_state *worker, struct session *session, struct bytes input,
                       struct dispatch_result *result) {
    struct dispatch_slot slot;
    *result = (struct dispatch_result){0};
    prepare(worker, session);
    worker->access.may_defer = false;
    struct reply_mark mark = reply_mark(&worker->reply);
    if (!decode_one(worker, session, input, &slot)) {
        account_error(worker);
        result->close = true;
        result->consumed = input.len;
        return;
    }
    struct timer timer = {0};
    worker->exec_muted = false;
    timer_start(worker);
    timer_switch(worker, &timer, slot.command);
    bool ran = call_handler(worker, session, &slot, mark);
    BRINE_ASSERT(ran, "who may not defer is not deferred");
    timer_switch(worker, &timer, NULL);
    if (!worker->exec_muted) mute(worker, session, slot.command, mark);
    events_tell(worker, session);
    tracking_end_batch(worker, session);
    end_command(worker, session, &slot, mark, result);
    forget_actor(worker);
    result->consumed = slot.end;
    resp_args_clear(&worker->args);
    if (UNLIKELY(worker->args.cap > ARGS_KEPT)) resp_args_shrink(&worker->args, ARGS_KEPT);
}

void dispatch_end_deferred(struct worker_state *worker, struct session *session) {
    session->modes &= ~(uint32_t)(SESSION_DEFERRED | SESSION_REPLY_SKIP);
    session_note_transaction(session);
    if (LIKELY(!session->tracked)) return;
    worker->reply.writer.version = session->resp_version;
    worker->serving = session;
    tracking_release_held(worker, session);
    worker->serving = NULL;
}
