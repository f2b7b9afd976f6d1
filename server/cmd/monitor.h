/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* MONITOR: every command, as a line, to each client that asked for it, whatever worker runs it.
 *
 * A monitor is a listener of pubsub's kind PUBSUB_MONITOR, so what it does not read counts against
 * limits.messages_bytes, as a subscriber's messages do.
 * Order: a client's commands in their order; those of other workers' clients, as they arrive.
 * Cost: one relaxed load a command while nobody monitors. */
#ifndef BRINE_CMD_MONITOR_H
#define BRINE_CMD_MONITOR_H

#include "cmd/worker.h"

static inline bool monitor_listens(const struct worker_state *worker) {
    return atomic_load_explicit(&worker->shared->pubsub.counts[PUBSUB_MONITOR],
                                memory_order_relaxed) > 0;
}

/* After a command has run; takes the worker's scratch.  Not those that show themselves. */
void monitor_show(const struct command_call *call);

/* A script, ahead of what it calls; takes the worker's scratch. */
void monitor_show_script(const struct command_call *call);

#endif
