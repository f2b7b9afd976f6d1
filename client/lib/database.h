/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which database a connection is in, from what is sent and what is answered: SELECT and RESET, and
 * SELECT inside MULTI, which counts when EXEC says that it was done.
 *
 *     database_sent(&database, args, count);    for each command, in order
 *     database_answered(&database, reply);      for each reply that answers one
 *     database_forget(&database);               what was sent will not be answered any more
 *
 * A new connection is made in `current`.  Who sends what waits on a new connection forgets nothing:
 * each command that was lost is answered by NIL, and database_end_transaction called.
 *
 * The commands that matter wait in a queue for their replies, for a pipeline may hold many.
 * Cost: a comparison of the name for each command.  One thread. */
#ifndef BRINE_CLIENT_DATABASE_H
#define BRINE_CLIENT_DATABASE_H

#include "base/buf.h"
#include "client/lib/brine_client.h"

struct database {
    int current;
    uint64_t sent, answered; /* commands of this connection */
    struct buf awaited;      /* struct database_mark each, from awaited_at on */
    size_t awaited_at;
    struct buf queued;     /* the same, of the SELECTs of a transaction */
    uint64_t queued_count; /* commands of it */
};

void database_init(struct database *database, struct allocator *mem, int current);
void database_deinit(struct database *database);
void database_forget(struct database *database);
void database_end_transaction(struct database *database);

/* BRINE_NO_MEMORY, TOO_BIG: the command must not be sent. */
enum brine_status database_sent(struct database *database, const struct brine_text *args,
                                size_t count) MUST_USE;
void database_answered(struct database *database, const struct brine_reply *reply);

#endif
