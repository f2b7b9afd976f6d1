/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A worker: a thread, its loop, and the connections that live on it.
 *
 *     worker_open(worker, net, index, &err)   main thread, before any thread runs
 *     worker_start(worker, &err)              the thread exists
 *     worker_accept(worker, accepted)         any thread: a new socket
 *     worker_drain(worker)                    any thread: answer, close; on_drained when done
 *     worker_stop(worker)                     main thread, when all workers have drained: joins
 *     worker_close(worker)                    main thread
 *
 * A turn of the loop: the first callback that needs it reads both clocks; sockets are served; then
 * connections that had more than their share go on in the next turn.  Upkeep of the keyspace and
 * the timeouts of connections run from one timer.
 *
 * Thread: every field is the worker's own once it runs, but for what is said to be atomic and the
 * inbox. */
#ifndef BRINE_WORKER_H
#define BRINE_WORKER_H

#include "cmd/dispatch.h"
#include "net/budget.h"
#include "net/connection.h"
#include "net/inbox.h"
#include "net/intake.h"
#include "net/listener.h"
#include "net/messages.h"
#include "net/outbox.h"

struct net;

enum {
    WORKER_TICK_MS = 100,
    WORKER_CLIENTS_SHARE = 2,      /* of memory.max at most, unless a share is given */
    WORKER_UPKEEP_NS = 500 * 1000, /* of keyspace upkeep in one turn: half a millisecond's pause */
    WORKER_RECENT_MS = 4000, /* a period of `recent`: what was in the last 4 to 8 s, as in Redis */
    WORKER_DRAIN_TICK_MS = 5,
    WORKER_DRAIN_READ_MS = 500, /* how long a client that never stops sending is still read */
    WORKER_DRAIN_MS = 5000,     /* how long unsent replies are waited for */
};

struct worker {
    struct net *net;
    size_t index;
    uv_thread_t thread;
    bool running; /* main thread's */
    uv_loop_t loop;
    struct inbox inbox;
    uv_prepare_t turn_ends;
    uv_check_t sockets_served;
    uv_timer_t tick, drain_tick;
    uv_idle_t again; /* active while somebody has work left over: the loop does not sleep then */

    struct worker_state state;
    struct metrics metrics;
    struct budget_share budget;
    uint8_t *cipher_in;    /* SECURE_READ_BYTES, for all in turn; NULL: no TLS */
    struct buf cipher_out; /* what is being encrypted */
    struct intake intake;  /* what was read and waits for what others sent */
    struct outbox outbox;  /* replies that wait for the end of this turn */

    struct connection *serving;     /* whose query is being run; NULL: nobody's */
    struct connection *connections; /* open ones, in a ring that is walked by the tick */
    size_t connections_count;       /* closed ones whose memory is still there included */
    struct connection *again_first;
    size_t lingering_count;
    size_t handshakes_count;              /* connections that wait for a TLS handshake */
    struct connection *orphans_greediest; /* while the tick looks for it */
    _Atomic size_t orphaned_bytes, orphans_largest, orphans_holders; /* at the last tick */
    /* The largest buffers of a client in this period and the one before; for INFO. */
    struct recent_buffers {
        _Atomic size_t query_bytes, output_bytes;
    } recent[2];
    int64_t recent_since_mono_ms;
    int64_t desk_used_mono_ms; /* a long input was run then */
    uint64_t turn;
    bool time_is_known; /* for this turn */
    size_t upkeep_shard;
    bool upkeep_is_due; /* there was more than one turn's share */

    bool draining;
    uint64_t drain_turn; /* of the previous drain tick */
    int64_t drain_started_mono_ms;
    struct message drain_message, drained_message, stop_message, relieve_message, recheck_message;
    atomic_bool relief_asked;  /* relieve_message is on its way */
    atomic_bool recheck_asked; /* recheck_message is on its way */
    struct mailbox mailbox;
};

/* A new socket on its way to its worker. */
struct accepted {
    struct message message;
    int fd;
    bool is_unix, is_tls;
    uint64_t id;
    char peer[LISTENER_ADDRESS_BYTES], local[LISTENER_ADDRESS_BYTES]; /* "": as the listener */
    const char *listener_text;
};

enum brine_status worker_open(struct worker *worker, struct net *net, size_t index,
                              struct brine_error *err) MUST_USE;
enum brine_status worker_start(struct worker *worker, struct brine_error *err) MUST_USE;
void worker_accept(struct worker *worker, struct accepted *accepted);
void worker_drain(struct worker *worker);
void worker_stop(struct worker *worker);
void worker_close(struct worker *worker);

/* The rest is for the worker's own thread. */

/* Reads the clocks unless this turn has done so already. */
void worker_note_time(struct worker *worker);
/* connection_go_on will be called in the next turn. */
void worker_queue_again(struct worker *worker, struct connection *connection);
/* Behind a batch: gives back what judging took, where that is much. */
void worker_note_judged(struct worker *worker, size_t input_bytes);
/* A client's buffers are so large now. */
void worker_note_buffers(struct worker *worker, size_t query_bytes, size_t output_bytes);
/* Memory was taken for clients, so many bytes of it: entries may have to give way. */
void worker_note_brought(struct worker *worker, size_t bytes);
/* What all clients may hold together; SIZE_MAX: no limit. */
size_t worker_clients_limit(const struct worker *worker);
/* What the connection holds has changed to so many bytes: accounts for it and, when all clients
 * together hold too much, closes the greediest, which may be this one (false). */
bool worker_hold(struct worker *worker, struct connection *connection, size_t bytes) MUST_USE;
/* Closes the greediest connections until the budget is kept; asks another worker where a greedier
 * one is. */
void worker_relieve(struct worker *worker);

#endif
