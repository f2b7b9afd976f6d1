/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What happens to a connection, and who goes on with it:
 *
 *     all run, all sent           it reads on
 *     paused, output is costly    write_done, when the output is out, runs the rest of the query
 *     paused, it is not           the next turn runs the rest (worker_queue_again)
 *     waiting                     connection_resume
 *     in the background           connection_end_background
 *     finishing                   write_done ends it when the output is out
 *     lingering                   on_read, at the end of input, or connection_check_time
 *
 * It reads exactly when it is neither waiting nor ended, and while it is paused only as far ahead
 * as CONNECTION_AHEAD_BYTES: a client may send all of a pipeline before it reads the first reply.
 * Invariant: `query` holds what was received and not yet run, and nothing else does between
 * callbacks. */

#include "net/connection.h"

#include "base/assert.h"
#include "cmd/permission.h"
#include "keyspace/room.h"
#include "net/net.h"
#include "net/pieces.h"
#include "net/secure.h"
#include "net/swallow.h"
#include "net/worker.h"
#include "session/pubsub.h"
#include "session/tracking.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum {
    /* What a worker keeps of a reply buffer that had to grow. */
    REPLY_BYTES_KEPT = 256 * 1024,
    KEEPALIVE_PROBES = 3,
};

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room);
static void closed(uv_handle_t *handle);
static void release(struct connection *connection);

/* ---- life ------------------------------------------------------------------------------------ */

/* Options that this host refuses change how fast a connection is, not what it says. */
static void set_socket_options(int fd, struct config *config) {
    int on = 1, seconds = (int)(config_read(config->server.tcp_keepalive) / 1000);
    if (config_read(config->server.tcp_nodelay))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (seconds <= 0) return;
    int interval = MAX(seconds / KEEPALIVE_PROBES, 1), probes = KEEPALIVE_PROBES;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* Most clients of a listener have its text for their local address: it is not copied for each. */
static bool copy_addresses(struct connection *connection,
                           const struct connection_options *options) {
    struct session *session = &connection->session;
    size_t peer_bytes = options->peer[0] ? strlen(options->peer) + 1 : 0;
    size_t local_bytes = options->local[0] ? strlen(options->local) + 1 : 0;
    session->peer = session->local = options->listener_text;
    if (peer_bytes > 0 && peer_bytes <= sizeof connection->peer_text) {
        session->peer = memcpy(connection->peer_text, options->peer, peer_bytes);
        peer_bytes = 0;
    }
    if (peer_bytes + local_bytes == 0) return true;
    char *texts = mem_alloc(connection->worker->net->options.mem, peer_bytes + local_bytes);
    if (!texts) return false;
    connection->copied_peer = peer_bytes > 0;
    connection->addresses_bytes = (uint16_t)(peer_bytes + local_bytes);
    if (peer_bytes) session->peer = memcpy(texts, options->peer, peer_bytes);
    if (local_bytes) session->local = memcpy(texts + peer_bytes, options->local, local_bytes);
    return true;
}

static void free_addresses(struct connection *connection) {
    const struct session *session = &connection->session;
    const char *texts = connection->copied_peer ? session->peer : session->local;
    if (connection->addresses_bytes)
        mem_free(connection->worker->net->options.mem, (void *)(uintptr_t)texts,
                 connection->addresses_bytes);
    connection->addresses_bytes = 0;
}

static int open_handle(struct connection *connection, const struct connection_options *options) {
    int code = uv_tcp_init(&connection->worker->loop, &connection->uv.tcp);
    BRINE_ASSERT(code == 0, "libuv initialises a handle without a descriptor");
    connection->uv.handle.data = connection;
    return uv_tcp_open(&connection->uv.tcp, options->fd);
}

static void link_in(struct worker *worker, struct connection *connection) {
    if (!worker->connections) {
        connection->previous = connection->next = connection;
        worker->connections = connection;
    } else {
        connection->next = worker->connections;
        connection->previous = worker->connections->previous;
        connection->previous->next = connection->next->previous = connection;
    }
    worker->connections_count++;
    metrics_add(&worker->metrics, METRIC_connected_clients, 1);
}

static void link_out(struct worker *worker, struct connection *connection) {
    bool alone = connection->next == connection;
    connection->previous->next = connection->next;
    connection->next->previous = connection->previous;
    if (worker->connections == connection) worker->connections = alone ? NULL : connection->next;
    connection->previous = connection->next = NULL;
    metrics_add(&worker->metrics, METRIC_connected_clients, (uint64_t)-1);
}

static void start_reading(struct connection *connection) {
    if (connection->reading) return;
    connection->reading = true;
    if (uv_read_start(&connection->uv.stream, give_room, on_read)) connection_close(connection);
    if (connection->tls && tls_has_input(connection->tls))
        worker_queue_again(connection->worker, connection);
}

static void stop_reading(struct connection *connection) {
    if (!connection->reading) return;
    connection->reading = false;
    uv_read_stop(&connection->uv.stream);
}

static void open_session(struct connection *connection, const struct connection_options *options) {
    struct worker *worker = connection->worker;
    bool authenticated;
    struct auth_user *user = permission_newcomer(&worker->net->shared, &authenticated);
    worker_note_time(worker);
    session_init(&connection->session, &(struct session_options){
                                           .id = options->id,
                                           .mem = worker->net->options.mem,
                                           .now_ms = worker->state.now_ms,
                                           .mono_ms = worker->state.mono_ms,
                                           .authenticated = authenticated,
                                           .user = user,
                                           .fd = options->fd,
                                           .peer = connection->session.peer,
                                           .local = connection->session.local,
                                       });
}

struct connection *connection_open(struct worker *worker,
                                   const struct connection_options *options) {
    struct net *net = worker->net;
    struct connection *connection = mem_alloc(net->options.mem, sizeof(*connection));
    if (!connection) goto refuse;
    *connection = (struct connection){.worker = worker, .refs = 1};
    buf_init(&connection->query, net->options.mem, SIZE_MAX); /* keep_rest has the limit */
    if (options->is_tls) connection->tls = tls_create(net->options.mem);
    if (options->is_tls && !connection->tls) goto refuse;
    if (!copy_addresses(connection, options)) goto refuse;
    if (options->is_tls) worker->handshakes_count++;
    if (!options->is_unix) set_socket_options(options->fd, net->options.config);

    open_session(connection, options);
    link_in(worker, connection);
    if (open_handle(connection, options)) {
        close(options->fd); /* libuv did not take it */
        connection_close(connection);
        return NULL;
    }
    start_reading(connection);
    return connection->closed ? NULL : connection;
refuse:
    close(options->fd);
    atomic_fetch_sub_explicit(&net->clients_count, 1, memory_order_relaxed);
    if (connection) tls_destroy(connection->tls);
    if (connection) mem_free(net->options.mem, connection, sizeof(*connection));
    return NULL;
}

void connection_ref(struct connection *connection) {
    connection->refs++;
}

void connection_unref(struct connection *connection) {
    BRINE_ASSERT(connection->refs > 0, "a connection is referred to while it is used");
    if (--connection->refs > 0) return;
    connection->worker->connections_count--;
    mem_free(connection->worker->net->options.mem, connection, sizeof(*connection));
}

/* What it was answered already is tried to be sent, and not waited for. */
static void say_last(struct connection *connection) {
    struct bytes bytes = outbox_take(&connection->worker->outbox, connection);
    uv_buf_t vector = {.base = (char *)(uintptr_t)bytes.data, .len = bytes.len};
    connection->is_held = false;
    (void)uv_try_write(&connection->uv.stream, &vector, 1);
}

/* First step: nobody finds the connection any more, its socket is closed and no read calls back.
 * The struct of a write in flight stays until `closed`. */
void connection_close(struct connection *connection) {
    if (connection->closed) return;
    struct worker *worker = connection->worker;
    if (UNLIKELY(connection->is_held)) say_last(connection);
    if (UNLIKELY(connection->is_taken_in)) intake_drop(connection);
    connection->closed = true;
    atomic_store_explicit(&connection->gone, true, memory_order_relaxed);
    if (connection->linger_until_mono_ms) worker->lingering_count--;
    if (connection->tls && !connection->tls->is_established) worker->handshakes_count--;
    link_out(worker, connection);
    budget_hold(&worker->budget, &connection->member, 0);
    atomic_fetch_sub_explicit(&worker->net->clients_count, 1, memory_order_relaxed);
    log_write(worker->net->options.log, LOG_VERBOSE, "Client closed connection id=%llu addr=%s",
              (unsigned long long)connection->session.id, connection->session.peer);
    uv_close(&connection->uv.handle, closed);
    /* Not when libuv has called back: until then many others of this turn may be answered. */
    if (connection->output) output_drop(connection->output);
    if (!connection->in_background && worker->serving != connection) buf_deinit(&connection->query);
}

/* Second step: libuv has called back for all that was in flight. */
static void closed(uv_handle_t *handle) {
    struct connection *connection = handle->data;
    if (connection->output) output_destroy(connection->output);
    connection->output = NULL;
    tls_destroy(connection->tls);
    connection->tls = NULL;
    connection->handle_closed = true;
    if (!connection->in_background) release(connection);
}

/* Third step: no thread uses it either.  Only the memory itself may still be referred to. */
static void release(struct connection *connection) {
    buf_deinit(&connection->query);
    session_deinit(&connection->session);
    free_addresses(connection);
    connection_unref(connection);
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct log *log_of(const struct connection *connection) {
    return connection->worker->net->options.log;
}

/* A limit was hit: strangers can cause this as often as they like, so it is said once a minute. */
static void close_for_limit(struct connection *connection, enum metric metric, const char *what) {
    struct worker *worker = connection->worker;
    uint64_t suppressed = 0;
    metrics_add(&worker->metrics, metric, 1);
    if (log_limiter_allows(&worker->net->limits_limiter, worker->state.mono_ms, 60000, &suppressed))
        log_write(log_of(connection), LOG_WARNING,
                  "Closing client id=%llu addr=%s: %s (%llu more of this kind not shown)",
                  (unsigned long long)connection->session.id, connection->session.peer, what,
                  (unsigned long long)suppressed);
    connection_close(connection);
}

/* Of a query in the making only what has arrived was ever touched. */
static size_t held_bytes(const struct connection *connection) {
    const struct output *output = connection->output;
    const struct buf *query = &connection->query;
    bool in_the_making = resp_bytes_missing(&connection->session.decoder) > 0;
    size_t query_bytes =
        in_the_making ? MIN(query->cap, query->len + INTAKE_QUERY_ROOM_BYTES) : query->cap;
    return query_bytes + session_transaction_bytes(&connection->session) +
           pubsub_bytes(&connection->session) + tracking_bytes(&connection->session) +
           (connection->tls ? tls_bytes(connection->tls) : 0) +
           (output ? output->owned_bytes + output->orphaned_bytes : 0);
}

/* Accounts for buffers that changed.  False: the connection was closed to keep the budget. */
static bool account(struct connection *connection) {
    struct session *session = &connection->session;
    /* CLIENT NO-EVICT: what is never closed for the budget is not part of it, as in Redis. */
    size_t held = UNLIKELY(session->modes & SESSION_NO_EVICT) ? 0 : held_bytes(connection);
    /* Who waits for an answer is still at the input that asked. */
    if (!session->waiting) session->query_bytes = connection->query.len;
    session->query_cap_bytes = connection->query.cap;
    session->output_bytes = connection->output ? connection->output->pending_bytes : 0;
    if (held == connection->member.held_bytes) return true;
    worker_note_buffers(connection->worker, connection->query.cap, session->output_bytes);
    return worker_hold(connection->worker, connection, held);
}

static size_t query_limit(const struct connection *connection) {
    if (!connection->session.authenticated) return CONNECTION_UNAUTHENTICATED_QUERY_BYTES;
    struct config *config = connection->worker->net->options.config;
    return (size_t)config_read(config->limits.query_buffer_bytes);
}

/* libuv asks where to read to.  No room at all makes it stop reading this socket until the next
 * turn, without a system call: that is how a flood is made to take turns.  A large value in the
 * making is no flood of commands and may take what it needs. */
static void give_room(uv_handle_t *handle, size_t suggested UNUSED, uv_buf_t *room) {
    struct connection *connection = handle->data;
    if (UNLIKELY(connection->tls != NULL))
        secure_give_room(connection, room);
    else
        intake_give_room(connection, room);
}

/* Keeps what was not run of input, which is the query itself or lies in the worker's buffer, the
 * query's bytes in front.  False: closed. */
static bool keep_rest(struct connection *connection, struct bytes input, size_t consumed) {
    struct buf *query = &connection->query;
    struct bytes rest = bytes_slice(input, consumed, input.len);
    bool in_place = input.data == query->data;
    if (rest.len == 0) {
        query->len = 0;
        buf_shrink(query, 0);
    } else if (in_place) {
        buf_consume(query, consumed);
        /* What was grown for a large value is not kept for the small command behind it. */
        if (query->cap > INTAKE_QUERY_ROOM_BYTES && query->len < query->cap / 4)
            buf_shrink(query, 0);
    } else {
        if (consumed > 0) query->len = 0;
        rest = bytes_slice(rest, query->len, rest.len);
        if (buf_append(query, rest) != BRINE_OK) {
            close_for_limit(connection, METRIC_client_budget_closed, "out of memory for its query");
            return false;
        }
    }
    if (query->len > query_limit(connection)) {
        close_for_limit(connection, METRIC_client_query_limit_closed,
                        "it reached max query buffer length");
        return false;
    }
    return true;
}

static void note_incomplete(struct connection *connection, size_t consumed) {
    if (connection->query.len == 0 || connection->paused || connection->session.waiting)
        connection->incomplete_since_mono_ms = 0;
    else if (consumed > 0 || connection->incomplete_since_mono_ms == 0)
        connection->incomplete_since_mono_ms = connection->worker->state.mono_ms;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* How much of the reply the socket took; negative: libuv's code of an error that ends it. */
static ssize_t try_write(struct connection *connection, const struct reply *reply) {
    uv_buf_t vectors[PIECES_MAX];
    size_t count = pieces_vectors(reply, vectors);
    if (UNLIKELY(connection->tls != NULL)) return secure_try_write(connection, vectors, count);
    int code = uv_try_write(&connection->uv.stream, vectors, (unsigned)count);
    if (code == UV_EAGAIN) return 0;
    return code;
}

/* Copies (or refers to) what the socket did not take. */
static enum brine_status queue_rest(struct connection *connection, struct reply *reply,
                                    size_t sent) {
    struct worker *worker = connection->worker;
    size_t limit = (size_t)config_read(worker->net->options.config->limits.output_bytes);
    size_t already = connection->output ? connection->output->owned_bytes : 0;
    if (reply->out.len > limit || already > limit - reply->out.len) return BRINE_TOO_BIG;
    if (!connection->output) connection->output = output_create(worker->net->options.mem);
    if (!connection->output) return BRINE_NO_MEMORY;
    return pieces_queue(reply, sent, connection->output);
}

static bool is_writing(const struct connection *connection) {
    return connection->tls ? connection->tls->is_writing : connection->output->chunks_in_flight > 0;
}

/* Sends a reply, in one system call when the socket takes it all.  False: closed. */
static bool send_reply(struct connection *connection, struct reply *reply) {
    struct worker *worker = connection->worker;
    size_t total = reply_bytes(reply), sent = 0;
    if (total == 0) return true;
    if (!connection->output) {
        ssize_t code = try_write(connection, reply);
        if (code < 0) {
            connection_close(connection);
            return false;
        }
        sent = (size_t)code;
        if (LIKELY(!connection->tls)) {
            metrics_add(&worker->metrics, METRIC_net_writes, 1);
            metrics_add(&worker->metrics, METRIC_net_output_bytes, sent);
        }
        if (sent == total && !secure_is_behind(connection)) return true;
    }
    enum brine_status status = queue_rest(connection, reply, sent);
    if (status != BRINE_OK) {
        close_for_limit(connection, METRIC_client_output_limit_closed,
                        status == BRINE_TOO_BIG ? "its pending replies reached limits.output_bytes"
                                                : "out of memory for its replies");
        return false;
    }
    if (!is_writing(connection)) connection_start_write(connection);
    return !connection->closed;
}

/* ---- the outbox ------------------------------------------------------------------------------ */

/* Whether the reply of what was just run may wait for the others of this turn: it is short, and
 * nothing about the connection changes with it. */
static bool may_be_held(const struct connection *connection, const struct dispatch_result *result) {
    const struct reply *reply = &connection->worker->state.reply;
    const struct session *session = &connection->session;
    bool plain = !connection->tls && !connection->output && connection->reading &&
                 !connection->paused && !connection->finishing && !connection->ended &&
                 !connection->is_held;
    bool goes_on = !result->close && !result->paused && !result->deferred && !session->waiting &&
                   !session->close_after_reply && session->authenticated;
    return plain && goes_on && reply->larges_count == 0 && !reply_is_broken(reply) &&
           reply->out.len > 0 && reply->out.len <= OUTBOX_LETTER_BYTES_MAX;
}

/* False: it is to be sent at once. */
static bool hold_reply(struct connection *connection, const struct dispatch_result *result) {
    struct worker *worker = connection->worker;
    struct reply *reply = &worker->state.reply;
    if (!may_be_held(connection, result)) return false;
    struct bytes bytes = buf_view(&reply->out);
    if (!outbox_add(&worker->outbox, connection, bytes)) {
        connection_send_held(worker);
        if (!outbox_add(&worker->outbox, connection, bytes)) return false;
    }
    connection->is_held = true;
    reply_clear(reply);
    return true;
}

/* The socket may not take it all; then the rest is written when it does.  False: closed. */
static bool send_letter(struct connection *connection, struct bytes bytes) {
    struct reply letter = {.out = {.data = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.len}};
    connection->is_held = false;
    return send_reply(connection, &letter);
}

/* What waits for it goes out before anything else does.  False: closed. */
static bool release_held(struct connection *connection) {
    if (LIKELY(!connection->is_held)) return true;
    return send_letter(connection, outbox_take(&connection->worker->outbox, connection));
}

/* ---- running --------------------------------------------------------------------------------- */

/* A stranger is not let ahead of its replies at all. */
static size_t pause_limit(const struct connection *connection) {
    if (!connection->session.authenticated) return 0;
    const struct net_options *options = &connection->worker->net->options;
    return room_for_replies(options->keyspace,
                            (size_t)config_read(options->config->limits.output_pause_bytes));
}

/* Closing a socket while input lies unread in the kernel makes it send a reset, which throws away
 * replies that the client has not read yet.  So after our last word the client is told that there
 * is no more, and listened to, for a moment and without running anything, until it ends too. */
static void linger(struct connection *connection) {
    struct worker *worker = connection->worker;
    uv_os_fd_t fd;
    if (connection->linger_until_mono_ms) return;
    if (connection->tls) secure_say_goodbye(connection);
    if (worker->draining || uv_fileno(&connection->uv.handle, &fd) || shutdown(fd, SHUT_WR)) {
        connection_close(connection);
        return;
    }
    connection->linger_until_mono_ms = worker->state.mono_ms + CONNECTION_LINGER_MS;
    worker->lingering_count++;
    start_reading(connection);
}

/* From here on nothing more is run; what was received and not run is dropped. */
static void begin_finishing(struct connection *connection) {
    connection->finishing = true;
    connection->query.len = 0;
    buf_shrink(&connection->query, 0);
}

static void settle_finishing(struct connection *connection) {
    if (connection->ended) stop_reading(connection);
    if (!connection->output && connection->ended) {
        if (connection->tls) secure_say_goodbye(connection);
        connection_close(connection);
    } else if (!connection->output)
        linger(connection);
    else if (!connection->ended)
        start_reading(connection);
}

/* Whether what is pending is to be sent before anything more is run.  What goes from where it lies
 * in the store costs nothing until it is replaced there. */
static bool is_output_costly(const struct connection *connection) {
    struct output *output = connection->output;
    size_t bytes = connection->tls ? connection->tls->unsent.len : 0;
    const struct keyspace *keyspace = connection->worker->net->options.keyspace;
    if (output && output_orphans(output) > room_for_replies(keyspace, CONNECTION_ORPHANS_BYTES))
        return true;
    return bytes + (output ? output->owned_bytes : 0) > pause_limit(connection);
}

/* Of a client that is trusted with pipelines. */
static bool may_read_ahead(const struct connection *connection) {
    return connection->session.authenticated && !connection->session.waiting &&
           connection->query.len < CONNECTION_AHEAD_BYTES;
}

/* Brings reading, closing and going on into line with the state: the one place that decides. */
static void settle(struct connection *connection) {
    struct session *session = &connection->session;
    if (!release_held(connection)) return;
    if (connection->finishing) {
        settle_finishing(connection);
        return;
    }
    if (connection->paused && !session->waiting && !is_output_costly(connection)) {
        worker_queue_again(connection->worker, connection);
        return;
    }
    bool busy = connection->paused || session->waiting;
    if (connection->ended && !busy) {
        /* What is left of the query can never become a command. */
        begin_finishing(connection);
        settle_finishing(connection);
        return;
    }
    if (connection->ended || (busy && !may_read_ahead(connection)))
        stop_reading(connection);
    else
        start_reading(connection);
}

/* No more is run while the commands at hand, or the output so far, are to come first. */
static void note_pause(struct connection *connection, bool has_commands) {
    bool was_paused = connection->paused;
    connection->paused = !connection->finishing && (has_commands || is_output_costly(connection));
    if (connection->paused && !was_paused)
        metrics_add(&connection->worker->metrics, METRIC_client_read_pauses, 1);
}

void connection_send_held(struct worker *worker) {
    struct outbox *outbox = &worker->outbox;
    for (size_t i = 0; i < outbox->count; i++) {
        struct connection *connection = outbox->letters[i].connection;
        if (UNLIKELY(!connection)) continue;
        outbox->letters[i].connection = NULL;
        if (!send_letter(connection, outbox_letter(outbox, i))) continue;
        if (LIKELY(!connection->output)) continue;
        note_pause(connection, false);
        if (account(connection)) settle(connection);
    }
    outbox_clear(outbox);
}

static void finish_serving(struct connection *connection, const struct dispatch_result *result) {
    struct reply *reply = &connection->worker->state.reply;
    if (UNLIKELY(connection->closed)) { /* by a message to itself that went beyond a limit */
        reply_clear(reply);
        return;
    }
    if (hold_reply(connection, result)) {
        note_incomplete(connection, result->consumed);
        (void)account(connection);
        return;
    }
    bool broken = reply_is_broken(reply);
    if (UNLIKELY(broken))
        metrics_add(&connection->worker->metrics, METRIC_client_output_limit_closed, 1);
    if (result->close || broken || connection->session.close_after_reply)
        begin_finishing(connection);
    bool open = release_held(connection) && send_reply(connection, reply);
    size_t made = reply->out.cap;
    reply_clear(reply);
    reply_shrink(reply, REPLY_BYTES_KEPT);
    /* What it took, sent or not, is with the allocator now, which gives it back later. */
    if (UNLIKELY(made > REPLY_BYTES_KEPT)) worker_note_brought(connection->worker, made);
    if (!open) return;

    note_pause(connection, result->paused);
    note_incomplete(connection, result->consumed);
    if (account(connection)) settle(connection);
}

void connection_serve(struct connection *connection, struct bytes input,
                      struct dispatch_ahead *ahead) {
    struct worker *worker = connection->worker;
    struct dispatch_result result = {0};
    messages_collect(worker);
    if (UNLIKELY(connection->closed)) return;
    connection->session.query_bytes = input.len; /* as CLIENT LIST shows its asker */
    struct keyspace_input *lent = &worker->state.access.input;
    lent->buf = &connection->query;
    worker->serving = connection;
    if (ahead)
        dispatch_looked_at(&worker->state, &connection->session, input, ahead, &result);
    else
        dispatch_input(&worker->state, &connection->session, input, &result);
    keyspace_settle_input(lent);
    bool kept = result.drop || keep_rest(connection, input, result.consumed);
    keyspace_end_input(lent);
    worker->serving = NULL;
    if (result.drop) {
        reply_clear(&worker->state.reply);
        connection_close(connection);
        return;
    }
    if (!kept) {
        reply_clear(&worker->state.reply);
        return;
    }
    if (!result.paused && !result.deferred && !result.close && !connection->session.waiting &&
        !connection->swallowing)
        swallow_begin_if_too_long(connection);
    finish_serving(connection, &result);
    worker_note_judged(worker, input.len);
    if (UNLIKELY(result.deferred) && !connection->closed) background_run(connection, &result);
}

static void note_input(struct connection *connection, size_t count) {
    struct worker *worker = connection->worker;
    worker_note_time(worker);
    if (connection->turn != worker->turn) connection->turn_bytes = 0;
    connection->turn = worker->turn;
    /* A value that is read in place is no flood of commands, but takes turns like one, only in
     * larger steps: a copy of that size costs what the commands of a small buffer do. */
    connection->turn_bytes += (uint32_t)(intake_reads_in_place(connection) ? count / 16 : count);
    connection->session.last_active_mono_ms = worker->state.mono_ms;
    metrics_add(&worker->metrics, METRIC_net_reads, 1);
    metrics_add(&worker->metrics, METRIC_net_input_bytes, count);
}

void connection_end_input(struct connection *connection) {
    connection->ended = true;
    stop_reading(connection);
    settle(connection);
}

/* Input for later, while replies wait to be sent. */
static void take_ahead(struct connection *connection, const uv_buf_t *room, size_t count) {
    struct buf *query = &connection->query;
    struct bytes bytes = bytes_view(room->base, count);
    if (bytes.data == query->data + query->len) {
        query->len += count;
    } else if (buf_append(query, bytes) != BRINE_OK) {
        close_for_limit(connection, METRIC_client_budget_closed, "out of memory for its query");
        return;
    }
    if (account(connection) && !may_read_ahead(connection)) stop_reading(connection);
}

void connection_take_plain(struct connection *connection, const uv_buf_t *room, size_t count) {
    struct worker *worker = connection->worker;
    note_input(connection, count);
    if (connection->finishing) {
        if (connection->linger_until_mono_ms) connection->linger_bytes += (uint32_t)count;
        if (connection->linger_bytes > CONNECTION_LINGER_BYTES) connection_close(connection);
        return;
    }
    if (UNLIKELY(connection->swallowing)) {
        enum brine_status status = swallow_take(connection, bytes_view(room->base, count));
        if (status == BRINE_OK && !connection->paused)
            connection_serve(connection, buf_view(&connection->query), NULL);
        else if (status != BRINE_OK && status != BRINE_NEED_MORE)
            close_for_limit(connection, METRIC_client_budget_closed, "out of memory for its query");
        return;
    }
    if (connection->paused) {
        take_ahead(connection, room, count);
        return;
    }
    struct buf *query = &connection->query;
    if (room->base == (char *)query->data + query->len) {
        query->len += count;
        connection_serve(connection, buf_view(query), NULL);
        return;
    }
    struct bytes input = bytes_view(intake_room(&worker->intake), query->len + count);
    if (secure_refuses_hello(connection, input)) return;
    if (intake_may_take(connection, room, count))
        intake_add(connection, count);
    else
        connection_serve(connection, input, NULL);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room) {
    struct connection *connection = stream->data;
    struct worker *worker = connection->worker;
    if (count == 0) return;
    if (UNLIKELY(count < 0 && count != UV_ENOBUFS && connection->is_taken_in)) intake_run(worker);
    if (UNLIKELY(connection->closed)) return;
    if (count == UV_EOF) {
        connection->reading = false; /* libuv has stopped by itself */
        connection_end_input(connection);
        return;
    }
    /* Its share of this turn is used up: see give_room. */
    if (count == UV_ENOBUFS && (connection->tls || intake_has_had_its_share(connection))) return;
    if (count == UV_ENOBUFS)
        close_for_limit(connection, METRIC_client_budget_closed, "out of memory for its query");
    else if (count < 0)
        connection_close(connection);
    else if (UNLIKELY(connection->tls != NULL))
        secure_take(connection, room, (size_t)count);
    else
        connection_take_plain(connection, room, (size_t)count);
}

static void run_rest(struct connection *connection) {
    connection->paused = false;
    if (connection->query.len > 0)
        connection_serve(connection, buf_view(&connection->query), NULL);
    else
        settle(connection);
}

void connection_go_on(struct connection *connection) {
    if (connection->closed) return;
    if (connection->output && !is_writing(connection)) connection_start_write(connection);
    if (connection->closed) return;
    bool is_free = !connection->output || (connection->paused && !is_output_costly(connection));
    bool may_run = !connection->finishing && !connection->session.waiting && is_free;
    worker_note_time(connection->worker);
    if (may_run && (connection->paused || !connection->tls)) run_rest(connection);
    if (connection->tls && !connection->closed) secure_pump(connection);
}

void connection_resume(struct connection *connection) {
    connection->session.waiting = false;
    /* What came behind the command that waited is run as if the reply had been a long one. */
    struct dispatch_result result = {.paused = connection->query.len > 0};
    finish_serving(connection, &result);
}

void connection_end_background(struct connection *connection, struct bytes input,
                               const struct dispatch_result *result) {
    connection->in_background = false;
    if (connection->closed) {
        if (connection->handle_closed) release(connection);
        return;
    }
    connection->session.waiting = false;
    struct worker *worker = connection->worker;
    worker->serving = connection;
    dispatch_end_deferred(&worker->state, &connection->session);
    bool kept = keep_rest(connection, input, result->consumed);
    worker->serving = NULL;
    if (!kept) {
        reply_clear(&connection->worker->state.reply);
        return;
    }
    struct dispatch_result rest = {.close = result->close, .paused = connection->query.len > 0};
    finish_serving(connection, &rest);
}

void connection_push(struct connection *connection, struct bytes bytes) {
    struct worker *worker = connection->worker;
    struct config *config = worker->net->options.config;
    size_t limit = (size_t)MIN(config_read(config->limits.messages_bytes),
                               config_read(config->limits.output_bytes));
    if (connection->closed || connection->finishing || !release_held(connection)) return;
    if (!connection->output) connection->output = output_create(worker->net->options.mem);
    struct output *output = connection->output;
    size_t already = output ? output->owned_bytes - output->reply_bytes : 0;
    if (bytes.len > limit || already > limit - bytes.len) {
        close_for_limit(connection, METRIC_client_output_limit_closed,
                        "it does not read its messages, which reached limits.messages_bytes");
        return;
    }
    if (!output || output_add_bytes(output, bytes) != BRINE_OK) {
        close_for_limit(connection, METRIC_client_output_limit_closed,
                        "out of memory for its messages");
        return;
    }
    if (!is_writing(connection)) worker_queue_again(worker, connection);
    (void)account(connection);
}

/* From this callback on libuv no longer uses what was in flight.  With UV_ECANCELED the connection
 * is being closed and `closed` follows. */
static void write_done(uv_write_t *request, int code) {
    struct output *output = CONTAINER_OF(request, struct output, request);
    struct connection *connection = request->handle->data;
    size_t sent = output_end(output);
    if (connection->closed) return;
    if (connection->tls) sent = secure_end_write(connection);
    if (code < 0) {
        connection_close(connection);
        return;
    }
    metrics_add(&connection->worker->metrics, METRIC_net_output_bytes, sent);
    if (output->first || secure_is_behind(connection)) {
        connection_start_write(connection);
        return;
    }
    connection->output = NULL;
    output_destroy(output);
    if (!account(connection)) return;
    if (connection->finishing || !connection->paused)
        settle(connection);
    else
        connection_go_on(connection);
}

void connection_start_write(struct connection *connection) {
    uv_buf_t vectors[OUTPUT_VECTORS];
    struct output *output = connection->output;
    size_t count;
    if (UNLIKELY(connection->tls != NULL))
        count = secure_begin_write(connection, vectors);
    else
        count = output_begin(output, vectors);
    if (connection->closed) return;
    int code =
        uv_write(&output->request, &connection->uv.stream, vectors, (unsigned)count, write_done);
    if (code == 0) return;
    output->chunks_in_flight = 0;
    connection_close(connection);
}

/* ---- ends ------------------------------------------------------------------------------------ */

void connection_finish(struct connection *connection) {
    if (connection->closed) return;
    connection->ended = true;
    settle(connection);
}

bool connection_is_quiet(const struct connection *connection) {
    return !connection->output && !connection->paused && !connection->session.waiting;
}

size_t connection_check_orphans(struct connection *connection) {
    struct output *output = connection->output;
    if (!output || connection->closed) return 0;
    struct config *config = connection->worker->net->options.config;
    size_t behind = output_count_orphans(output);
    if (behind > (size_t)config_read(config->limits.output_bytes)) {
        connection_close_for_orphans(connection);
        return 0;
    }
    return account(connection) ? output->orphaned_bytes : 0;
}

void connection_close_for_orphans(struct connection *connection) {
    close_for_limit(connection, METRIC_client_output_limit_closed,
                    "replaced values that it does not read took too much memory");
}

void connection_check_time(struct connection *connection, int64_t mono_ms) {
    if (connection->linger_until_mono_ms) {
        if (mono_ms > connection->linger_until_mono_ms) connection_close(connection);
        return;
    }
    struct config *config = connection->worker->net->options.config;
    int64_t idle_ms = config_read(config->server.idle_timeout);
    int64_t incomplete_ms = config_read(config->limits.incomplete_timeout);
    int64_t since = connection->incomplete_since_mono_ms;
    bool is_idle = idle_ms > 0 && !connection->session.waiting &&
                   mono_ms - connection->session.last_active_mono_ms > idle_ms;
    bool is_half = incomplete_ms > 0 && since > 0 && mono_ms - since > incomplete_ms;
    if (!is_idle && !is_half && !secure_is_late(connection, mono_ms)) return;
    metrics_add(&connection->worker->metrics, METRIC_client_idle_closed, 1);
    log_write(log_of(connection), LOG_VERBOSE, "Closing %s client id=%llu addr=%s",
              is_half   ? "half-sent"
              : is_idle ? "idle"
                        : "never greeting",
              (unsigned long long)connection->session.id, connection->session.peer);
    connection_close(connection);
}
