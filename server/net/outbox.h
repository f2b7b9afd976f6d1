/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The outbox: replies of one turn of the loop that wait for its end, so that they are sent one
 * after the other.  Each write to a socket whose reader sleeps wakes it, which costs a core as much
 * as sixteen small commands; a reader that is awake already is not woken again.
 *
 *     bytes:    reply to a | reply to b | reply to c |
 *     letters:           ^ a          ^ b          ^ c
 *
 * Ownership: bytes are copied in; connections are borrowed, and taken out before they close.
 * Thread: its worker's.  Bounds: OUTBOX_LETTERS_MAX letters of OUTBOX_LETTER_BYTES_MAX; what is
 * longer is sent at once, for its reader is busy with it for a while.
 * Cost: a copy of what is small. */
#ifndef BRINE_OUTBOX_H
#define BRINE_OUTBOX_H

#include "base/buf.h"

struct connection;

enum {
    OUTBOX_LETTERS_MAX = 32,
    OUTBOX_LETTER_BYTES_MAX = 32 * 1024,
    OUTBOX_BYTES_MAX = 128 * 1024,
};

struct outbox {
    struct buf bytes;
    size_t count;
    struct outbox_letter {
        struct connection *connection; /* NULL: taken out */
        size_t end;
    } letters[OUTBOX_LETTERS_MAX];
};

void outbox_init(struct outbox *outbox, struct allocator *mem);
void outbox_deinit(struct outbox *outbox);

/* False: there is no room, or no memory. */
bool outbox_add(struct outbox *outbox, struct connection *connection, struct bytes bytes) MUST_USE;
/* What waits for this connection, which is in it; it is in it no longer.  Valid until the outbox is
 * added to or cleared. */
struct bytes outbox_take(struct outbox *outbox, const struct connection *connection);
/* The bytes of one letter. */
struct bytes outbox_letter(const struct outbox *outbox, size_t index);
/* Forgets all letters. */
static inline void outbox_clear(struct outbox *outbox) {
    outbox->count = 0;
    buf_clear(&outbox->bytes);
}

#endif
