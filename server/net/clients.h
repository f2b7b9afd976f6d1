/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Questions about clients of all workers (cmd/client_query.h): each worker answers for its own, on
 * its own thread, and the one that asked gathers the answers.
 *
 *     asker's worker --message--> every worker: visits its sessions, closes those meant
 *                    <--message--           its part
 *     the last part: client_query_finish writes the reply, the connection goes on
 *
 * The way there and back of one worker is one message object, so nothing can fail under way. */
#ifndef BRINE_CLIENTS_H
#define BRINE_CLIENTS_H

#include "cmd/worker.h"

/* services->clients_query.  Worker's thread. */
void clients_query(struct worker_state *state, struct session *session, struct client_query *query);
/* services->users_changed: soon each worker closes the clients of users that are gone, and
 * listeners that may not listen any more. */
void clients_recheck(struct worker_state *state);

#endif
