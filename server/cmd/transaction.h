/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* MULTI's part of dispatch: which commands are queued instead of run, and what becomes of a
 * transaction when one of them is refused.
 *
 * A value that a command carries is judged when it is queued, so that the client learns there that
 * it is refused, as of a wrong number of arguments, and EXEC has nothing to verify while it holds
 * locks but what APPEND and its like work out.
 * Thread: the worker's, or the background's for a command that was deferred. */
#ifndef BRINE_CMD_TRANSACTION_H
#define BRINE_CMD_TRANSACTION_H

#include "cmd/worker.h"
#include "session/transaction.h"

/* True: this command is to be queued. */
bool transaction_queues(const struct session *session, const struct command *command);
/* True: an EXEC of commands that may take memory. */
bool transaction_denies_oom(const struct session *session, const struct command *command);
/* True: a command that replicas would see, or an EXEC of some: CLIENT PAUSE WRITE holds it. */
bool transaction_replicates(const struct session *session, const struct command *command);
/* Queues it, or replies why not; the transaction is then aborted. */
void transaction_enqueue(struct command_call *call);
/* A command was refused before it could be queued (or an EXEC before it ran): the error that was
 * replied since the mark stands, EXEC's is put in other words. */
void transaction_reject(struct worker_state *worker, struct session *session,
                        const struct command *command, struct reply_mark mark);

#endif
