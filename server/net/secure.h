/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection does otherwise when it speaks TLS: its bytes pass through net/tls.h on their
 * way in and out.  connection.c calls these where connection->tls is set.
 *
 *     socket -> worker's cipher buffer -> tls_read -> the room that plain bytes would be read to
 *     reply  -> tls_write -> uv_try_write, the rest -> tls->unsent -> tls->sending -> uv_write
 *
 * What is to be sent stays in plain text in `output`, by reference where it is a value, and is
 * encrypted SECURE_WRITE_BYTES at a time when the socket takes it, so a reply of any size costs
 * that much memory.  What was received and may not be looked at yet (the connection is paused, or
 * has had its share of the turn) stays encrypted in tls->held, and the socket is not read
 * meanwhile.
 *
 * Thread: the connection's worker. */
#ifndef BRINE_NET_SECURE_H
#define BRINE_NET_SECURE_H

#include "net/connection.h"
#include "net/tls.h"

enum {
    SECURE_READ_BYTES = 64 * 1024,
    SECURE_WRITE_BYTES = 64 * 1024,
    /* Of answers to the handshake and to key updates that the peer does not read. */
    SECURE_UNSENT_BYTES_MAX = 256 * 1024,
    SECURE_OUT_BYTES_MAX = 1024 * 1024,
};

void secure_give_room(struct connection *connection, uv_buf_t *room);
/* count bytes came from the socket. */
void secure_take(struct connection *connection, const uv_buf_t *room, size_t count);
/* Goes on with what was received before, as far as the connection reads. */
void secure_pump(struct connection *connection);

/* How much of the vectors is on its way; the rest is to be queued.  Negative: libuv's code. */
ssize_t secure_try_write(struct connection *connection, const uv_buf_t *vectors, size_t count);
/* Something is encrypted and not yet sent. */
bool secure_is_behind(const struct connection *connection);
/* Fills the vector with what is to be sent next; false: there is nothing, or it failed (closed). */
bool secure_begin_write(struct connection *connection, uv_buf_t *vector);
/* It was sent, or never will be; returns how many bytes that was. */
size_t secure_end_write(struct connection *connection);

/* The last word, if the socket takes it. */
void secure_say_goodbye(struct connection *connection);
/* Over its time for the handshake. */
bool secure_is_late(const struct connection *connection, int64_t mono_ms);

/* ---- connection.c's part ----------------------------------------------------------------------
 */

/* What was received, in clear, in the room that intake_give_room gave. */
void connection_take_plain(struct connection *connection, const uv_buf_t *room, size_t count);
/* The client will send nothing more. */
void connection_end_input(struct connection *connection);
/* Sends what waits; the write calls back. */
void connection_start_write(struct connection *connection);

/* A browser or a client with the wrong port: what it wants is said in the log, and it is not
 * answered with errors that it cannot read.  True: it was closed. */
bool secure_refuses_hello(struct connection *connection, struct bytes input) MUST_USE;

#endif
