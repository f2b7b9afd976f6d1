/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Sockets without a client library: what goes out and what comes in is compared byte for byte. */

#include "support.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RAW_REPLY_BYTES = 64 * 1024,
    FULL_MS = 300, /* a socket that takes nothing for so long is full */
};

static const char ping[] = "*1\r\n$4\r\nPING\r\n";
static const char pong[] = "+PONG\r\n";

int wire_raw_open(const struct wire *wire) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wire->port)};
    if (inet_pton(AF_INET, wire->host, &addr.sin_addr) != 1)
        addr.sin_addr.s_addr = htonl(0x7f000001);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

/* A server that has closed makes sending fail; what it said before is still to be read. */
void wire_raw_send(int fd, const void *data, size_t len) {
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return;
        sent += (size_t)n;
    }
}

size_t wire_raw_send_until_full(int fd, const void *data, size_t len) {
    size_t sent = 0;
    while (sent < len) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (poll(&ready, 1, FULL_MS) <= 0 || (ready.revents & (POLLERR | POLLHUP))) break;
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    return sent;
}

size_t wire_raw_read(int fd, void *out, size_t size) {
    size_t len = 0;
    long long deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    while (len < size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        long long left = deadline - wire_now_ms();
        if (left <= 0 || poll(&ready, 1, (int)left) <= 0) break;
        ssize_t n = read(fd, (char *)out + len, size - len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        len += (size_t)n;
    }
    return len;
}

size_t wire_raw_read_some(int fd, void *out, size_t size) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, WIRE_DEADLINE_MS) <= 0) return 0;
    ssize_t n = read(fd, out, size);
    return n > 0 ? (size_t)n : 0;
}

bool wire_raw_is_closed(int fd) {
    long long deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        long long left = deadline - wire_now_ms();
        if (left <= 0 || poll(&ready, 1, (int)left) <= 0) return false;
        char scratch[4096];
        ssize_t n = read(fd, scratch, sizeof scratch);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) return true;
        if (n < 0 && errno != EINTR) return false;
    }
}

static void play_raw_row(struct wire *wire, const struct raw_row *row, size_t step) {
    size_t send_len = row->send_len ? row->send_len : strlen(row->send);
    size_t expect_len = row->expect_len ? row->expect_len : strlen(row->expect);
    static char reply[RAW_REPLY_BYTES];
    cr_assert(expect_len < sizeof reply, "%s: too long", row->what);
    int fd = wire_raw_open(wire);
    cr_assert(fd >= 0, "cannot connect: %s", strerror(errno));
    for (size_t sent = 0; sent < send_len; sent += step) {
        wire_raw_send(fd, row->send + sent, step < send_len - sent ? step : send_len - sent);
    }
    size_t len = wire_raw_read(fd, reply, expect_len);
    reply[len] = '\0';
    cr_expect(len == expect_len && memcmp(reply, row->expect, len) == 0,
              "%s (%zu bytes at a time): expected '%s', got '%s'", row->what, step, row->expect,
              reply);
    if (row->closes) {
        cr_expect(wire_raw_is_closed(fd), "%s: the connection stays open", row->what);
    } else if (len == expect_len) {
        wire_raw_send(fd, ping, strlen(ping));
        len = wire_raw_read(fd, reply, strlen(pong));
        reply[len] = '\0';
        cr_expect(strcmp(reply, pong) == 0, "%s: then PING is answered '%s'", row->what, reply);
    }
    close(fd);
}

void wire_play_raw(struct wire *wire, const struct raw_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (rows[i].only != BOTH && wire->is_brine != (rows[i].only == BRINE_ONLY)) continue;
        play_raw_row(wire, &rows[i], (size_t)-1 / 2);
        play_raw_row(wire, &rows[i], 1);
    }
}
