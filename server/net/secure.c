/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/secure.h"

#include "base/assert.h"
#include "net/net.h"
#include "net/worker.h"

/* ---- sending --------------------------------------------------------------------------------- */

bool secure_is_behind(const struct connection *connection) {
    const struct tls *tls = connection->tls;
    return tls && (tls->is_writing || tls->unsent.len > 0);
}

/* Sends what is in the worker's buffer, and keeps the rest in order.  Negative: the connection is
 * not to go on; 0: the socket took all. */
static int push_out(struct connection *connection) {
    struct worker *worker = connection->worker;
    struct buf *cipher = &worker->cipher_out;
    struct tls *tls = connection->tls;
    size_t sent = 0;
    if (cipher->len == 0) return 0;
    if (!secure_is_behind(connection)) {
        uv_buf_t vector = {.base = (char *)cipher->data, .len = cipher->len};
        int code = uv_try_write(&connection->uv.stream, &vector, 1);
        if (code < 0 && code != UV_EAGAIN) return code;
        sent = (size_t)MAX(code, 0);
        metrics_add(&worker->metrics, METRIC_net_writes, 1);
        metrics_add(&worker->metrics, METRIC_net_output_bytes, sent);
    }
    struct bytes rest = bytes_slice(buf_view(cipher), sent, cipher->len);
    enum brine_status status = rest.len ? buf_append(&tls->unsent, rest) : BRINE_OK;
    buf_clear(cipher);
    if (status != BRINE_OK || tls->unsent.len > SECURE_UNSENT_BYTES_MAX) return UV_ENOBUFS;
    return 0;
}

ssize_t secure_try_write(struct connection *connection, const uv_buf_t *vectors, size_t count) {
    struct buf *cipher = &connection->worker->cipher_out;
    size_t taken = 0;
    buf_clear(cipher);
    for (size_t i = 0; i < count; i++) {
        struct bytes left = bytes_view(vectors[i].base, vectors[i].len);
        while (left.len > 0) {
            if (secure_is_behind(connection)) return (ssize_t)taken;
            struct bytes slice = bytes_slice(left, 0, SECURE_WRITE_BYTES);
            if (tls_write(connection->tls, slice, cipher) != BRINE_OK) return UV_ECONNABORTED;
            taken += slice.len;
            left = bytes_slice(left, slice.len, left.len);
            if (cipher->len < SECURE_WRITE_BYTES && (left.len > 0 || i + 1 < count)) continue;
            int code = push_out(connection);
            if (code < 0) return code;
        }
    }
    int code = push_out(connection);
    return code < 0 ? code : (ssize_t)taken;
}

static enum brine_status encrypt_output(struct tls *tls, struct output *output) {
    while (tls->sending.len < SECURE_WRITE_BYTES) {
        struct bytes front = output_front(output, SECURE_WRITE_BYTES - tls->sending.len);
        if (front.len == 0) return BRINE_OK;
        TRY(tls_write(tls, front, &tls->sending));
        output_consume(output, front.len);
    }
    return BRINE_OK;
}

bool secure_begin_write(struct connection *connection, uv_buf_t *vector) {
    struct tls *tls = connection->tls;
    BRINE_ASSERT(!tls->is_writing, "one write of a client is in flight at a time");
    struct buf empty = tls->sending;
    tls->sending = tls->unsent;
    tls->unsent = empty;
    if (encrypt_output(tls, connection->output) != BRINE_OK) {
        connection_close(connection);
        return false;
    }
    if (tls->sending.len == 0) return false;
    tls->is_writing = true;
    *vector = (uv_buf_t){.base = (char *)tls->sending.data, .len = tls->sending.len};
    return true;
}

size_t secure_end_write(struct connection *connection) {
    struct tls *tls = connection->tls;
    size_t sent = tls->sending.len;
    tls->is_writing = false;
    buf_clear(&tls->sending);
    if (!connection->output->first) buf_shrink(&tls->sending, 0);
    return sent;
}

/* What the handshake or an alert wants said, now.  False: the connection was closed. */
static bool flush(struct connection *connection) {
    if (push_out(connection) < 0) {
        connection_close(connection);
        return false;
    }
    if (connection->tls->unsent.len == 0 || connection->tls->is_writing) return true;
    if (!connection->output)
        connection->output = output_create(connection->worker->net->options.mem);
    if (!connection->output) {
        connection_close(connection);
        return false;
    }
    connection_start_write(connection);
    return !connection->closed;
}

void secure_say_goodbye(struct connection *connection) {
    if (connection->closed || secure_is_behind(connection)) return;
    buf_clear(&connection->worker->cipher_out);
    tls_say_goodbye(connection->tls, &connection->worker->cipher_out);
    (void)push_out(connection); /* what does not fit is not waited for */
}

/* ---- receiving ------------------------------------------------------------------------------- */

void secure_give_room(struct connection *connection, uv_buf_t *room) {
    struct worker *worker = connection->worker;
    *room = (uv_buf_t){0};
    if (tls_has_input(connection->tls)) return; /* first that */
    size_t bytes = connection->session.authenticated ? SECURE_READ_BYTES
                                                     : CONNECTION_UNAUTHENTICATED_READ_BYTES;
    *room = (uv_buf_t){.base = (char *)worker->cipher_in, .len = bytes};
}

static void say_broken(struct connection *connection) {
    struct net *net = connection->worker->net;
    uint64_t suppressed = 0;
    metrics_add(&connection->worker->metrics, METRIC_tls_failures, 1);
    if (log_limiter_allows(&net->tls_limiter, connection->worker->state.mono_ms, 60000,
                           &suppressed))
        log_write(net->options.log, LOG_WARNING,
                  "TLS: closing client id=%llu addr=%s: %s (%llu more not shown)",
                  (unsigned long long)connection->session.id, connection->session.peer,
                  connection->tls->reason, (unsigned long long)suppressed);
}

/* One step.  False: not now, or never again. */
static bool pump_once(struct connection *connection) {
    struct worker *worker = connection->worker;
    struct tls *tls = connection->tls;
    bool was_established = tls->is_established;
    uv_buf_t room;
    size_t count;
    intake_give_room(connection, &room);
    if (room.len == 0) {
        worker_queue_again(worker, connection);
        return false;
    }
    buf_clear(&worker->cipher_out);
    enum tls_result result =
        tls_read(tls, &worker->net->tls, room.base, room.len, &count, &worker->cipher_out);
    if (tls->is_established && !was_established) worker->handshakes_count--;
    if (!flush(connection)) return false;
    switch (result) {
    case TLS_DATA:
        connection_take_plain(connection, &room, count);
        return true;
    case TLS_WAITS:
        return false;
    case TLS_ENDED:
        connection_end_input(connection);
        return false;
    case TLS_BROKEN:
        say_broken(connection);
        connection_close(connection);
        return false;
    }
    return false;
}

void secure_pump(struct connection *connection) {
    while (!connection->closed && connection->reading && pump_once(connection)) {}
    if (!connection->closed && tls_keep(connection->tls) != BRINE_OK) connection_close(connection);
}

void secure_take(struct connection *connection, const uv_buf_t *room, size_t count) {
    worker_note_time(connection->worker);
    tls_feed(connection->tls, bytes_view(room->base, count));
    secure_pump(connection);
}

bool secure_is_late(const struct connection *connection, int64_t mono_ms) {
    struct config *config = connection->worker->net->options.config;
    int64_t limit_ms = config_read(config->tls.handshake_timeout);
    return connection->tls && !connection->tls->is_established && limit_ms > 0 &&
           mono_ms - connection->session.created_mono_ms > limit_ms;
}

bool secure_refuses_hello(struct connection *connection, struct bytes input) {
    struct net *net = connection->worker->net;
    uint64_t suppressed = 0;
    if (LIKELY(!tls_looks_like_hello(input)) || connection->tls ||
        connection->session.commands_total > 0)
        return false;
    metrics_add(&connection->worker->metrics, METRIC_tls_failures, 1);
    if (log_limiter_allows(&net->tls_limiter, connection->worker->state.mono_ms, 60000,
                           &suppressed))
        log_write(net->options.log, LOG_WARNING,
                  "Closing client id=%llu addr=%s: it speaks TLS to a port that is not tls.port "
                  "(%llu more not shown)",
                  (unsigned long long)connection->session.id, connection->session.peer,
                  (unsigned long long)suppressed);
    connection_close(connection);
    return true;
}
