/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { MS_PER_S = 1000, US_PER_MS = 1000 };

enum brine_status transport_init(struct transport *transport, const struct endpoint *endpoint,
                                 const struct brine_client_options *options,
                                 struct brine_error *err) {
    *transport = (struct transport){.verify = !options->insecure};
    if (!endpoint->tls) return BRINE_OK;
    const char *name = options->server_name ? options->server_name : endpoint->host;
    snprintf(transport->server_name, sizeof transport->server_name, "%s", name);
    return transport_tls_init(transport, options, err);
}

void transport_deinit(struct transport *transport) {
    transport_close(transport);
    transport_tls_deinit(transport);
}

int transport_socket(const struct transport *transport) {
    return transport->redis ? transport->redis->fd : -1;
}

void transport_close(struct transport *transport) {
    transport_tls_close(transport);
    if (transport->redis) redisFree(transport->redis);
    transport->redis = NULL;
}

static enum transport_result fail(struct transport *transport, const char *why) {
    snprintf(transport->why, sizeof transport->why, "%s", why);
    return TRANSPORT_FAILED;
}

static redisContext *connect_by_hiredis(const struct endpoint *endpoint, int timeout_ms,
                                        bool wait) {
    struct timeval timeout = {.tv_sec = timeout_ms / MS_PER_S,
                              .tv_usec = timeout_ms % MS_PER_S * US_PER_MS};
    if (endpoint->socket[0])
        return wait ? redisConnectUnixWithTimeout(endpoint->socket, timeout)
                    : redisConnectUnixNonBlock(endpoint->socket);
    return wait ? redisConnectWithTimeout(endpoint->host, endpoint->port, timeout)
                : redisConnectNonBlock(endpoint->host, endpoint->port);
}

enum transport_result transport_connect(struct transport *transport,
                                        const struct endpoint *endpoint, int timeout_ms,
                                        bool wait) {
    transport_close(transport);
    transport->redis = connect_by_hiredis(endpoint, timeout_ms, wait);
    if (!transport->redis) return fail(transport, "out of memory");
    if (transport->redis->err) {
        fail(transport, transport->redis->errstr);
        transport_close(transport);
        return TRANSPORT_FAILED;
    }
    int fd = transport->redis->fd, flags = fcntl(fd, F_GETFL), on = 1;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return fail(transport, strerror(errno));
    /* Small commands wait for nobody; a Unix socket does not know the option. */
    if (!endpoint->socket[0]) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return TRANSPORT_OK;
}

enum transport_result transport_handshake(struct transport *transport) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(transport_socket(transport), SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error) return fail(transport, strerror(error));
    return transport->tls ? transport_tls_handshake(transport) : TRANSPORT_OK;
}

enum transport_result transport_read(struct transport *transport, void *target, size_t room,
                                     size_t *got) {
    *got = 0;
    if (transport->ssl) return transport_tls_read(transport, target, room, got);
    for (;;) {
        ssize_t n = recv(transport_socket(transport), target, room, 0);
        if (n > 0) {
            *got = (size_t)n;
            return TRANSPORT_OK;
        }
        if (n == 0) return TRANSPORT_CLOSED;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return TRANSPORT_WANT_READ;
        if (errno == ECONNRESET) return TRANSPORT_CLOSED;
        if (errno != EINTR) return fail(transport, strerror(errno));
    }
}

enum transport_result transport_write(struct transport *transport, struct bytes bytes,
                                      size_t *written) {
    *written = 0;
    if (transport->ssl) return transport_tls_write(transport, bytes, written);
    for (;;) {
        ssize_t n = send(transport_socket(transport), bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n >= 0) {
            *written = (size_t)n;
            return TRANSPORT_OK;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return TRANSPORT_WANT_WRITE;
        if (errno == EPIPE || errno == ECONNRESET) return TRANSPORT_CLOSED;
        if (errno != EINTR) return fail(transport, strerror(errno));
    }
}

bool transport_is_stale(const struct transport *transport) {
    uint8_t byte;
    ssize_t n = recv(transport_socket(transport), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
