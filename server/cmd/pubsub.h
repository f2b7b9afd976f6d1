/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The way of a published message, for net/: cmd_publish judges it, finds the topics that hear it,
 * and calls services->send for each worker that has listeners; on that worker net calls
 * pubsub_deliver, which writes it to each listener by services->push.
 * Thread: each call is its worker's. */
#ifndef BRINE_CMD_PUBSUB_H
#define BRINE_CMD_PUBSUB_H

#include "cmd/worker.h"
#include "session/pubsub.h"

/* Writes the message to all who listen to the topic on this worker. */
void pubsub_deliver(struct worker_state *worker, const struct topic *topic,
                    const struct pubsub_message *message);

/* True: a client of RESP2 that listens may say little else, and not this. */
bool pubsub_forbids(const struct session *session, const struct command *command);

#endif
