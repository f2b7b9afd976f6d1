/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach tls_feed, tls_read, tls_keep with bytes of strangers, in pieces whose sizes the input
 * chooses.  Oracle: no plain text comes before a handshake, which no input can complete, and what
 * is held is never more than was fed. */

#include "net/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { OUT_BYTES_MAX = 1 << 20, ROOM_BYTES = 512 };

static bool feed(struct tls *tls, struct tls_server *server, struct bytes piece) {
    uint8_t room[ROOM_BYTES];
    size_t count, before = tls->in.len;
    struct buf out;
    if (tls_has_input(tls)) return false;
    tls_feed(tls, piece);
    buf_init(&out, mem_system(), OUT_BYTES_MAX);
    enum tls_result result = tls_read(tls, server, room, sizeof room, &count, &out);
    buf_deinit(&out);
    if (result == TLS_DATA || count > 0 || tls->is_established) __builtin_trap();
    if (tls_keep(tls) != BRINE_OK || tls->in.len > before + piece.len) __builtin_trap();
    return result == TLS_WAITS;
}

/* The context has no certificate: what comes before one is needed is what strangers reach. */
static bool make_server(struct tls_server *server) {
    struct brine_error err;
    if (tls_server_init(server, &err) != BRINE_OK) return false;
    server->context = SSL_CTX_new(TLS_server_method());
    return server->context != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct tls_server server;
    if (len == 0 || !make_server(&server)) return 0;
    struct tls *tls = tls_create(mem_system());
    struct bytes rest = bytes_view(data + 1, len - 1);
    size_t piece = data[0] ? data[0] : rest.len;
    while (tls && rest.len > 0) {
        if (!feed(tls, &server, bytes_slice(rest, 0, piece))) break;
        rest = bytes_slice(rest, piece, rest.len);
    }
    tls_destroy(tls);
    tls_server_deinit(&server);
    return 0;
}
