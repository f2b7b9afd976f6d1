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
/* Before a script of such a session reads for the first time: all keys that the script was given,
 * as in Redis, for which of them it reads is nobody's to know beforehand. */
void tracking_note_script(struct command_call *call, const struct bytes *keys, size_t count);
/* Tells of the events that the access has collected and gathered, but for those who asked for
 * prefixes: these are told once a batch of commands, or a turn of upkeep, of all its keys in their
 * order; and before any of the batch's replies are sent, so that nobody can know of a change before
 * they do.  (Redis waits for the end of the loop's turn, which may be several clients' batches.) */
void tracking_tell(struct worker_state *worker, struct session *session);
void tracking_tell_prefixes(struct worker_state *worker, struct session *session);
static inline void tracking_end_batch(struct worker_state *worker, struct session *session) {
    if (UNLIKELY(worker->outdated_count)) tracking_tell_prefixes(worker, session);
}

/* What it was told while its command ran elsewhere is sent behind that command's reply. */
void tracking_release_held(struct worker_state *worker, struct session *session);
/* Now and then, on a worker of clients: makes good for what could not be told there. */
void tracking_make_good(struct worker_state *worker);
/* The same: where events.tracking_keys was lowered, keys beyond it are forgotten and told. */
void tracking_keep_limit(struct worker_state *worker);

/* CLIENT TRACKING, once it is known on which worker the client lives that it redirects to: what
 * was asked for, whose memory belongs to a client_query. */
struct tracking_request {
    uint32_t flags;
    tracking_address target;
    bool off;
    struct bytes error;     /* what else is wrong, which is said when the target exists; or none */
    struct bytes *prefixes; /* and their bytes, and the error's: one block */
    size_t prefixes_count, block_bytes;
};
/* Replies. */
void tracking_carry_out(struct worker_state *worker, struct session *session,
                        struct keyspace *keyspace, const struct tracking_request *request);

#endif
