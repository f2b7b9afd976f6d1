/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* TLS by OpenSSL, as bytes in and bytes out: no sockets, no loop.
 *
 *     tls_server_reload(&server, config, &err)      certificates, keys, ciphers
 *     tls = tls_create(mem)                         a connection; costs little until it has spoken
 *     tls_feed(tls, &server, received)              what the socket brought
 *     while (tls_read(tls, room, size, &count, out) == TLS_DATA) ...
 *     tls_write(tls, bytes, out)                    what is to be sent instead of bytes
 *
 * `out` gets what must be sent, of the handshake too; the order of calls is the order on the wire.
 * Before anything else the first bytes are looked at: plain text, and a ClientHello that claims to
 * be larger than TLS_HELLO_BYTES_MAX, end the connection before OpenSSL is given memory for it.
 *
 * Thread: struct tls is its connection's worker's.  A tls_server is for anyone: a reload swaps the
 * context under its lock, and connections that exist keep the one they began with.
 * Bounds: one record (16 KB) and what was fed; renegotiation, compression and early data are off.
 * Errors: OpenSSL's queue is read here and never travels. */
#ifndef BRINE_NET_TLS_H
#define BRINE_NET_TLS_H

#include "base/buf.h"
#include "config/config.h"

#include <openssl/ssl.h>
#include <pthread.h>

enum {
    TLS_HELLO_BYTES_MAX = 16 * 1024,
    TLS_CLIENT_CHAIN_BYTES_MAX = 32 * 1024,
    TLS_FIRST_BYTES = 9, /* a record's header and a handshake message's */
    /* What OpenSSL takes for a connection that is open and idle; measured, see README.md. */
    TLS_CONNECTION_BYTES = 12 * 1024,
    TLS_REASON_BYTES = 160,
};

struct tls_server {
    pthread_mutex_t lock;
    SSL_CTX *context; /* NULL: TLS is not asked for */
    BIO_METHOD *method;
};

enum brine_status tls_server_init(struct tls_server *server, struct brine_error *err) MUST_USE;
void tls_server_deinit(struct tls_server *server);
/* Makes a context of what the options say now.  On failure the one in force stays. */
enum brine_status tls_server_reload(struct tls_server *server, struct config *config,
                                    struct brine_error *err) MUST_USE;
/* Whether that would succeed. */
enum brine_status tls_check_config(struct config *config, struct brine_error *err) MUST_USE;

struct tls {
    SSL *ssl; /* NULL: nothing was said yet */
    struct allocator *mem;
    struct bytes in; /* fed and not yet taken */
    struct buf held; /* owns `in` between calls */
    uint8_t first[TLS_FIRST_BYTES];
    uint8_t first_count, first_taken;
    bool is_established; /* the handshake is done */
    bool is_writing;     /* `sending` is in flight */
    bool is_broken;
    struct buf sending;            /* for who owns the socket: in flight, and not to be moved */
    struct buf unsent;             /* to be sent behind it */
    struct buf *out;               /* of the call at hand */
    char reason[TLS_REASON_BYTES]; /* why it is broken */
};

/* NULL: no memory. */
struct tls *tls_create(struct allocator *mem);
void tls_destroy(struct tls *tls);

/* Nothing may be left of what was fed before.  The bytes are borrowed until tls_keep. */
void tls_feed(struct tls *tls, struct bytes received);
/* Copies what was not taken yet.  BRINE_NO_MEMORY: the connection cannot go on. */
enum brine_status tls_keep(struct tls *tls) MUST_USE;
/* There is something to read without anything new from the socket, perhaps. */
bool tls_has_input(const struct tls *tls);

enum tls_result {
    TLS_DATA,   /* count bytes of plain text */
    TLS_WAITS,  /* for more from the socket */
    TLS_ENDED,  /* the peer said that it will send nothing more */
    TLS_BROKEN, /* tls->reason says why; send `out`, then close */
};
enum tls_result tls_read(struct tls *tls, struct tls_server *server, void *room, size_t size,
                         size_t *count, struct buf *out) MUST_USE;
/* All of it, or the connection is broken. */
enum brine_status tls_write(struct tls *tls, struct bytes bytes, struct buf *out) MUST_USE;
/* Tells the peer that nothing more comes. */
void tls_say_goodbye(struct tls *tls, struct buf *out);

/* What a connection holds, OpenSSL's part by estimate. */
size_t tls_bytes(const struct tls *tls);

/* Whether these are the first bytes of a TLS client. */
static inline bool tls_looks_like_hello(struct bytes text) {
    return text.len >= 3 && text.data[0] == 0x16 && text.data[1] == 3 && text.data[2] <= 4;
}

#endif
