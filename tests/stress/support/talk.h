/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One side of a conversation with the server: lines out, replies in, as a person would read them.
 *
 *     struct talk talk;                       // some kilobytes: static, or in something that is
 *     if (talk_dial(&talk, port))
 *         talk_ask(&talk, "SET k %d", 7);     // "OK", which talk.reply keeps until the next
 *     talk_hang_up(&talk, false);
 *
 * Thread: one a talk. */
#ifndef BRINE_TESTS_STRESS_TALK_H
#define BRINE_TESTS_STRESS_TALK_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TALK_TEXT_BYTES = 4096, TALK_VALUE_BYTES = 128 * 1024 };

struct talk {
    int fd;
    uint8_t in[TALK_TEXT_BYTES]; /* what came and was not read */
    size_t in_at, in_len;
    char reply[TALK_TEXT_BYTES];     /* the last one, as text */
    uint8_t value[TALK_VALUE_BYTES]; /* the last bulk string, cut to fit */
    size_t value_len;
};

/* False: no connection; talk->fd is -1. */
bool talk_dial(struct talk *talk, int port);
/* With a reset when `hard`. */
void talk_hang_up(struct talk *talk, bool hard);

/* Reads one reply: its parts with spaces between them, "*2 OK 7", nil as "nil".  False: the
 * connection has ended, or nothing came for a minute. */
bool talk_hear(struct talk *talk);

/* Says a line, of at most 512 bytes, and hears the reply; "" when the connection ended. */
const char *talk_ask(struct talk *talk, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
