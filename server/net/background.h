/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The background: threads for commands whose value takes long to judge, so that one client's large
 * pickle does not hold up the others of its loop.
 *
 * The way of one: dispatch finds that the gate answers GATE_DEFER, takes back what the command did
 * (nothing but its reply), and leaves it at the head of the connection's query.  background_run
 * hands the connection over; a thread runs that one command with a worker_state of its own, and the
 * loop then sends its reply and goes on with what came behind.  Meanwhile the session is `waiting`,
 * nothing is read from the socket, and query and session stay as they are, also when the
 * connection is closed: its memory is given back when the thread is done with it.  A command that
 * was not begun when its connection was closed (CLIENT KILL, a limit) is not run at all.  A peer
 * that only hung up is not such a one: what it said is done, as in Redis.
 *
 * Words: a *job* is one such command; there is at most one a connection, which bounds them.  Their
 * order is turns.h's: by what they cost and by their keys, so that neither a long one nor a queue
 * for one key stands before everybody; and one thread, besides those that gate.threads says, takes
 * nothing but short ones, for the others may all be at long ones.
 *
 * Thread: background_run belongs to a worker; open, start, stop and close to the main thread. */
#ifndef BRINE_BACKGROUND_H
#define BRINE_BACKGROUND_H

#include "cmd/dispatch.h"
#include "net/inbox.h"
#include "net/turns.h"

#include <pthread.h>

struct connection;
struct net;

enum {
    BACKGROUND_THREADS_MAX = 64,
    BACKGROUND_NICE = 5, /* the loops go first */
    BACKGROUND_SHORT_BYTES = 4 << 20,
    BACKGROUND_UNKNOWN_BYTES = 64 << 20, /* what a job costs that does not say it */
};

struct background_thread {
    struct background *background;
    struct worker_state state;
    struct metrics metrics;
    uv_thread_t thread;
    uint64_t cost_max; /* of the jobs it takes */
    bool running;
};

struct background {
    struct net *net;
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t wake;
    struct turns turns; /* of jobs that wait */
    bool stopping;
    atomic_bool given_up;
    struct background_thread *threads;
    size_t threads_count, threads_allocated;
};

/* How many threads there will be, the one for short jobs included. */
size_t background_choose_threads(const struct config *config);

enum brine_status background_open(struct background *background, struct net *net,
                                  struct brine_error *err) MUST_USE;
enum brine_status background_start(struct background *background, struct brine_error *err) MUST_USE;
/* The server stops and has waited for long enough: what was not begun is not done, and what is
 * being unpacked is refused.  Any thread; once is enough. */
void background_give_up(struct background *background);
/* When no connection has a job any more, or is closed. */
void background_stop(struct background *background);
void background_close(struct background *background);

/* Has the command at the head of the connection's query run, of which the result says what it may
 * cost; the session is waiting already. Should there be no memory for a job, the worker runs it
 * itself. */
void background_run(struct connection *connection, const struct dispatch_result *result);

#endif
