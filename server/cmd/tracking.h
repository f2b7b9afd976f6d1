/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Client-side caching's part of dispatch: what is remembered before a command reads, and who is
 * told what is outdated.  CLIENT TRACKING and its kin are in client_tracking.c.
 * Thread: the worker's, or the background's for a command that was deferred. */
#ifndef BRINE_CMD_TRACKING_H
#define BRINE_CMD_TRACKING_H

#include "cmd/worker.h"

/* Before a command of a session that tracks runs. */
void tracking_note_reads(struct command_call *call);
/* Tells of the events that the access has collected and gathered. */
void tracking_tell(struct worker_state *worker, struct session *session);

/* What it was told while its command ran elsewhere is sent behind that command's reply. */
void tracking_release_held(struct worker_state *worker, struct session *session);
/* Now and then, on a worker of clients: makes good for what could not be told there. */
void tracking_make_good(struct worker_state *worker);

/* CLIENT TRACKING ON, once it is known on which worker the client lives that it redirects to: what
 * was asked for, whose memory belongs to a client_query. */
struct tracking_request {
    uint32_t flags;
    tracking_address target;
    struct bytes *prefixes; /* and their bytes: one block */
    size_t prefixes_count, block_bytes;
};
/* Replies. */
void tracking_carry_out(struct worker_state *worker, struct session *session,
                        struct keyspace *keyspace, const struct tracking_request *request);

#endif
