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

/* Sends a message, which was judged before, to all who listen; the session's is whose command this
 * is, or NULL.  How many there are; -1: no memory.  Takes the worker's scratch. */
int64_t pubsub_publish(struct worker_state *worker, struct session *session, enum pubsub_kind kind,
                       struct bytes channel, struct bytes payload);

/* SUBSCRIBE and its kin, whose answers are messages: CLIENT REPLY OFF does not hide them. */
bool pubsub_is_listening(const struct command *command);
/* True: a client of RESP2 that listens may say little else, and not this. */
bool pubsub_forbids(const struct session *session, const struct command *command);

#endif
