/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A reply as text, byte for byte as redis-cli shows it, and as JSON.
 *
 *   SHOW_FORMATTED  for people: `(integer) 1`, `"a\x00b"`, `1) "a"` with nesting by indentation
 *   SHOW_RAW        for pipes: the bytes themselves, elements a line each
 *   SHOW_REPORT     raw, and no end of line added: INFO and its like bring their own
 *   SHOW_JSON       one value: maps are objects, sets arrays, what is no UTF-8 becomes U+FFFD
 *
 * The library bounds the nesting of what it hands over; the walk keeps its place in an array of
 * that size.  Cost: linear in the reply. Source: Redis 7.0 redis-cli.c cliFormatReplyTTY,
 * cliFormatReplyRaw. */
#ifndef BRINE_CLIENT_SHOW_H
#define BRINE_CLIENT_SHOW_H

#include "base/buf.h"

#include <brine_client.h>

enum show_form { SHOW_FORMATTED, SHOW_RAW, SHOW_REPORT, SHOW_JSON };

/* How a string is shown among formatted ones, without an end of line; BRINE_NOT_FOUND: as usual. */
typedef enum brine_status show_string_fn(struct buf *out, struct bytes text);

struct show {
    enum show_form form;
    bool escape;            /* REPORT: what a terminal would obey, as show_text has it */
    show_string_fn *string; /* for FORMATTED; may be NULL */
};

/* Appends the reply with the end of line that belongs to the form. */
enum brine_status show_reply(struct buf *out, const struct brine_reply *reply,
                             struct show show) MUST_USE;

/* Appends text with what a terminal would obey escaped (\x1b); ends of lines and tabs stay. What
 * SHOW_FORMATTED shows of states and errors went this way, which no honest server's words change.
 */
enum brine_status show_text(struct buf *out, struct bytes text) MUST_USE;

/* Appends text in double quotes, with what is no printable ASCII escaped. */
enum brine_status show_quoted(struct buf *out, struct bytes text) MUST_USE;

#endif
