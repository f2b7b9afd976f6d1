/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A byte stream to a server: TCP or a Unix socket, connected by hiredis, with or without TLS.  It
 * never waits after transport_connect: an operation that cannot go on says for what, and whoever
 * drives it (poll in client.c, libuv in async.c) waits and asks again.
 *
 * Careful: hiredis looks host names up while connecting, without a bound in time. */
#ifndef BRINE_CLIENT_TRANSPORT_H
#define BRINE_CLIENT_TRANSPORT_H

#include "client/lib/brine_client.h"
#include "client/lib/url.h"

struct redisContext;
struct ssl_ctx_st;
struct ssl_st;

enum transport_result {
    TRANSPORT_OK,
    TRANSPORT_WANT_READ,
    TRANSPORT_WANT_WRITE,
    TRANSPORT_CLOSED, /* by the other side */
    TRANSPORT_FAILED, /* transport_why says why */
};

struct transport {
    struct redisContext *redis; /* NULL: no connection */
    struct ssl_ctx_st *tls;     /* kept from one connection to the next; NULL: plain */
    struct ssl_st *ssl;
    char server_name[URL_TEXT_BYTES];
    bool verify;
    char why[256];
};

/* Reads what options say of TLS when the endpoint wants it.  BRINE_INVALID, NO_MEMORY: a file is
 * not what it should be. */
enum brine_status transport_init(struct transport *transport, const struct endpoint *endpoint,
                                 const struct brine_client_options *options,
                                 struct brine_error *err) MUST_USE;
void transport_deinit(struct transport *transport);

/* `wait`: until connected, for timeout_ms at most.  Otherwise the connection is being made and the
 * socket becomes writable when that has ended. */
enum transport_result transport_connect(struct transport *transport,
                                        const struct endpoint *endpoint, int timeout_ms, bool wait);
void transport_close(struct transport *transport);
int transport_socket(const struct transport *transport); /* -1: none */

/* Ends the making of a connection: whether it succeeded, and TLS's handshake.  To be called until
 * it wants nothing more. */
enum transport_result transport_handshake(struct transport *transport);

enum transport_result transport_read(struct transport *transport, void *target, size_t room,
                                     size_t *got);
enum transport_result transport_write(struct transport *transport, struct bytes bytes,
                                      size_t *written);
/* True when the other side has hung up, though nobody has read that yet. */
bool transport_is_stale(const struct transport *transport);

/* The part of it that knows TLS: transport_tls.c. */
enum brine_status transport_tls_init(struct transport *transport,
                                     const struct brine_client_options *options,
                                     struct brine_error *err) MUST_USE;
void transport_tls_deinit(struct transport *transport);
void transport_tls_close(struct transport *transport);
enum transport_result transport_tls_handshake(struct transport *transport);
enum transport_result transport_tls_read(struct transport *transport, void *target, size_t room,
                                         size_t *got);
enum transport_result transport_tls_write(struct transport *transport, struct bytes bytes,
                                          size_t *written);

#endif
