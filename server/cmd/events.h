/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Tells what the keyspace's events (keyspace/events.h) are worth to clients: keyspace notifications
 * are published, clients that cache are told which keys are outdated.
 *
 * Called after each command and after upkeep, with nothing locked; within EXEC, after each of its
 * commands, under EXEC's locks, so that messages come in the order of the changes, as in Redis. The
 * session is whose command it was, NULL when nobody's.  Its own messages come behind the command's
 * reply; that keys are outdated it is told behind EXEC's. */
#ifndef BRINE_CMD_EVENTS_H
#define BRINE_CMD_EVENTS_H

#include "cmd/worker.h"

void events_tell_all(struct worker_state *worker, struct session *session);

static inline void events_tell(struct worker_state *worker, struct session *session) {
    if (UNLIKELY(keyspace_has_events(&worker->access))) events_tell_all(worker, session);
}

/* Brings what the keyspace collects in line with events.notify. */
void events_apply_classes(struct keyspace *keyspace, int64_t classes);

#endif
