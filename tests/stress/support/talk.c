/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "tests/stress/support/talk.h"

#include "tests/stress/support/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LINE_BYTES = 512 };

bool talk_dial(struct talk *talk, int port) {
    talk->in_at = talk->in_len = 0;
    talk->fd = stress_server_dial(port);
    return talk->fd >= 0;
}

void talk_hang_up(struct talk *talk, bool hard) {
    stress_server_hang_up(talk->fd, hard);
}

static int next_byte(struct talk *talk) {
    if (talk->in_at == talk->in_len) {
        ssize_t len = recv(talk->fd, talk->in, sizeof(talk->in), 0);
        if (len <= 0) return -1;
        talk->in_at = 0;
        talk->in_len = (size_t)len;
    }
    return talk->in[talk->in_at++];
}

static bool read_line(struct talk *talk, char *line, size_t size) {
    size_t len = 0;
    for (int c; (c = next_byte(talk)) != '\n';) {
        if (c < 0) return false;
        if (c != '\r' && len + 1 < size) line[len++] = (char)c;
    }
    line[len] = 0;
    return true;
}

static bool read_bulk(struct talk *talk, size_t len) {
    talk->value_len = 0;
    for (size_t i = 0; i < len + 2; i++) {
        int c = next_byte(talk);
        if (c < 0) return false;
        if (i < len && i < sizeof(talk->value)) talk->value[talk->value_len++] = (uint8_t)c;
    }
    return true;
}

bool talk_hear(struct talk *talk) {
    size_t len = 0;
    talk->reply[0] = 0;
    for (long left = 1; left > 0; left--) {
        char line[LINE_BYTES];
        if (!read_line(talk, line, sizeof(line))) return false;
        const char *text = line + 1;
        long count = strtol(line + 1, NULL, 10);
        if (line[0] == '*' && count > 0) left += count;
        if (line[0] == '*' || line[0] == '-') text = line;
        if ((line[0] == '*' || line[0] == '$') && count < 0) text = "nil";
        if (line[0] == '$' && count >= 0) {
            if (!read_bulk(talk, (size_t)count)) return false;
            snprintf(line, sizeof(line), "%.*s", (int)MIN(talk->value_len, (size_t)100),
                     (const char *)talk->value);
            text = line;
        }
        int part =
            snprintf(talk->reply + len, sizeof(talk->reply) - len, "%s%s", len ? " " : "", text);
        len = MIN(len + (size_t)part, sizeof(talk->reply) - 1);
    }
    return true;
}

const char *talk_ask(struct talk *talk, const char *format, ...) {
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line) - 2, format, args);
    va_end(args);
    memcpy(line + len, "\r\n", 2);
    if (!stress_server_send(talk->fd, line, (size_t)len + 2) || !talk_hear(talk))
        talk->reply[0] = 0;
    return talk->reply;
}
