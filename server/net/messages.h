/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Published messages between workers: services->send and ->push.
 *
 * Bound: a worker whose inbox holds more than MESSAGES_BACKLOG_BYTES of messages makes each client
 * that publishes to it wait until it has caught up with that client's message, so every client can
 * add one message to the backlog and no more.
 * Thread: the publishing worker's, or the background's, which has one message at a time. */
#ifndef BRINE_MESSAGES_H
#define BRINE_MESSAGES_H

#include "cmd/worker.h"

enum { MESSAGES_BACKLOG_BYTES = 4 * 1024 * 1024 };

void messages_send(struct worker_state *worker, struct session *session, size_t to_worker,
                   struct topic *topic, struct pubsub_message *message);
void messages_push(struct worker_state *worker, struct session *session, struct bytes bytes);

#endif
