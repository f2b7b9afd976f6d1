/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A cluster of one: with cluster.enabled this node owns every slot, for clients that speak to
 * clusters only.  What a cluster forbids is forbidden then: keys of several slots in one command or
 * transaction, and databases other than 0.  Nodes cannot join.
 *
 * Thread: any.  Cost: a hash of each key, only where cluster.enabled says so.
 * Source: Redis 7.0 cluster.c; "Redis cluster specification". */
#ifndef BRINE_CMD_CLUSTER_H
#define BRINE_CMD_CLUSTER_H

#include "cmd/worker.h"

enum { CLUSTER_SLOTS = 16384 };

/* Of the part between the first { and the next }, if there is anything, else of the whole key. */
unsigned cluster_slot(struct bytes key);

/* True: its keys (of EXEC, those of what is queued) are of several slots; the error is replied, and
 * an EXEC's transaction is over. */
bool cluster_forbids(struct worker_state *worker, struct session *session,
                     const struct command *command, const struct bytes *args, size_t args_count);

static inline bool cluster_is_enabled(const struct worker_state *worker) {
    return config_read(worker->config->cluster.enabled);
}

#endif
