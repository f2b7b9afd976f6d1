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

#include <uv.h>

struct connection;
struct worker;

enum {
    INTAKE_ROOM_BYTES = 64 * 1024, /* of one read at most */
    INTAKE_BYTES = 64 * 1024,      /* that wait */
    INTAKE_INPUTS_MAX = 16,
    INTAKE_COMMANDS = 64, /* that many are more than memory can be asked for at once */
    /* Behind a query that is read in place. */
    INTAKE_QUERY_ROOM_BYTES = 64 * 1024,
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

/* Where the next read may go, if not behind the query: INTAKE_ROOM_BYTES. */
static inline uint8_t *intake_room(const struct intake *intake) {
    return intake->bytes + intake->used;
}
/* Where this connection's next bytes go; len 0: it has had its share of this turn, or memory is
 * out. */
void intake_give_room(struct connection *connection, uv_buf_t *room);
/* Of this turn; what it sent and was not run yet is a share, too. */
bool intake_has_had_its_share(const struct connection *connection);
/* A large value is in the making: its bytes go behind those that are there. */
bool intake_reads_in_place(const struct connection *connection);

/* Whether `count` bytes that were read to the room may wait for what others sent. */
bool intake_may_take(const struct connection *connection, const uv_buf_t *room, size_t count);
/* Takes them and looks ahead at them.  When it is full, all that is in it is run. */
void intake_add(struct connection *connection, size_t count);
/* Runs all that waits. */
void intake_run(struct worker *worker);
/* Takes the connection, which is in it, out; what it sent is not run. */
void intake_drop(struct connection *connection);

#endif
