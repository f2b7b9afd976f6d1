/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The intake: where a worker's sockets are read to, and what was read and is to be run together.
 *
 *     bytes:   input of a | input of b | input of c | room for the next read ...
 *     inputs:  ^ a          ^ b          ^ c
 *
 * A client that waits for each reply sends one command at a time.  Run as they are read, each of
 * them waits for memory twice, for its bucket and for its entry, with nothing else to do.  So short
 * inputs of several clients are decoded and looked ahead at (cmd/dispatch.h) as they come, and run
 * when there are enough of them or the sockets of this turn have been asked.
 *
 * Ownership: bytes are the intake's; connections are borrowed, and taken out before they close.
 * Thread: its worker's.  Empty whenever the loop is not asking its sockets.
 * Bounds: INTAKE_INPUTS_MAX inputs, INTAKE_COMMANDS of commands, INTAKE_BYTES of bytes. */
#ifndef BRINE_INTAKE_H
#define BRINE_INTAKE_H

#include "cmd/dispatch.h"

struct connection;
struct worker;

enum {
    INTAKE_ROOM_BYTES = 64 * 1024, /* of one read at most */
    INTAKE_BYTES = 64 * 1024,      /* that wait */
    INTAKE_INPUTS_MAX = 16,
    INTAKE_COMMANDS = 64, /* that many are more than memory can be asked for at once */
};

struct intake {
    uint8_t *bytes; /* INTAKE_BYTES + INTAKE_ROOM_BYTES */
    size_t used, commands, count;
    struct intake_input {
        struct connection *connection; /* NULL: taken out */
        struct bytes bytes;
        struct dispatch_ahead ahead;
    } inputs[INTAKE_INPUTS_MAX];
};

enum brine_status intake_init(struct intake *intake, struct allocator *mem) MUST_USE;
void intake_deinit(struct intake *intake, struct allocator *mem);

/* Where the next read may go: INTAKE_ROOM_BYTES. */
static inline uint8_t *intake_room(const struct intake *intake) {
    return intake->bytes + intake->used;
}
/* Takes what was read to there and looks ahead at it; the connection is in it from now on. */
void intake_add(struct worker *worker, struct connection *connection, size_t count);
/* Runs all that waits. */
void intake_run(struct worker *worker);
/* Takes the connection out of it; what it sent is not run. */
void intake_drop(struct intake *intake, const struct connection *connection);

#endif
