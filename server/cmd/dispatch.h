/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Dispatch: bytes of one client in, its commands run, replies appended to the worker's reply.
 *
 *     dispatch_input(worker, session, input, &result);
 *     ... send worker->reply, keep input from result.consumed on, obey close and paused ...
 *
 * Commands are taken in batches of up to DISPATCH_BATCH: all are decoded and their keys hashed, all
 * buckets are prefetched, then all entries, then each is run in order.
 *
 * Nothing here knows sockets or clocks.  Thread: the worker's.  Input is borrowed for the call and
 * may be the network's own buffer; nothing points into it afterwards.
 * Bounds: a call ends when reply_bytes() exceeds limits.output_pause_bytes (paused). */
#ifndef BRINE_CMD_DISPATCH_H
#define BRINE_CMD_DISPATCH_H

#include "cmd/worker.h"

struct dispatch_result {
    size_t consumed; /* bytes of input that are done; what is behind is incomplete or not yet run */
    bool close;      /* send what is in the reply, then close */
    bool drop;       /* close at once: the peer does not speak our protocol */
    bool paused;     /* the reply is long: call again with the rest when it has drained, also when
                        nothing new was read */
    bool postponed;  /* CLIENT PAUSE holds the command at `consumed`: the session waits, and is to
                        be handed in again once dispatch_is_paused says no */
    bool deferred;   /* the command at `consumed` takes long to judge: the session waits until
                        dispatch_deferred has run it on a thread that may take its time */
    uint64_t deferred_hash;  /* what is alike concerns the same key, or the same client */
    uint64_t deferred_bytes; /* that it goes through, about; 0: not known */
};

void dispatch_input(struct worker_state *worker, struct session *session, struct bytes input,
                    struct dispatch_result *result);

/* ---- inputs of several clients at once ---------------------------------------------------------
 *
 *     dispatch_look_ahead(worker, session, input, &ahead)     for each, as it is read
 *     dispatch_look_closer(worker, &ahead)                    for each
 *     dispatch_looked_at(worker, session, input, &ahead, &result)     for each, as dispatch_input
 *
 * A client that waits for each reply sends batches of one: by themselves each would wait for its
 * bucket, then for its entry.  Between the first step and the last the input stays where it is, and
 * nothing is done with the session's decoder; other clients' commands may run. */

struct dispatch_slot {
    size_t first_arg, args_count;
    size_t end;                    /* offset into the input behind the command */
    const struct command *command; /* NULL: unknown */
    struct store_key key;
    bool has_key;
};

struct dispatch_batch {
    struct dispatch_slot slots[DISPATCH_BATCH];
    size_t count;
    size_t end;              /* offset behind what was decoded */
    enum resp_result result; /* why decoding ended */
    struct brine_error error;
};

struct dispatch_ahead {
    struct dispatch_batch batch;
    struct resp_args args;
    struct arena inline_args;
};

void dispatch_ahead_init(struct dispatch_ahead *ahead, struct allocator *mem);
void dispatch_ahead_deinit(struct dispatch_ahead *ahead);
/* Of a client that has authenticated. */
void dispatch_look_ahead(struct worker_state *worker, struct session *session, struct bytes input,
                         struct dispatch_ahead *ahead);
void dispatch_look_closer(struct worker_state *worker, struct dispatch_ahead *ahead);
void dispatch_looked_at(struct worker_state *worker, struct session *session, struct bytes input,
                        struct dispatch_ahead *ahead, struct dispatch_result *result);

/* Runs one command within EXEC: its handler and its accounts. */
void dispatch_run_queued(struct command_call *call);
/* Runs one command within another, which makes of its reply what it likes. */
void dispatch_run_inner(struct command_call *call);
/* Whether commands that take memory are refused now, after some was made room for.  Holding
 * nothing. */
bool dispatch_memory_is_exceeded(struct worker_state *worker);

/* Runs the one command at the head of the input, which was deferred, however long it takes; the
 * worker state is another thread's own, and its reply gets the reply.  Dispatch does not write to
 * the session here, for its worker may look at it meanwhile. */
void dispatch_deferred(struct worker_state *worker, struct session *session, struct bytes input,
                       struct dispatch_result *result);
/* Back on the session's own thread, the command's reply in worker->reply. */
void dispatch_end_deferred(struct worker_state *worker, struct session *session);

/* CLIENT PAUSE is in force. */
bool dispatch_is_paused(const struct worker_state *worker);

#endif
