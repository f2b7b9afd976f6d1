/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct server: all that changes while brine-server runs, and which thread may touch it.  main
 * owns it and hands its parts down; there is no other mutable state in the process, so a test can
 * hold two servers.
 *
 * Threads
 *     main        its own loop: listening sockets, signals; sets up and tears down
 *     http        its own loop: the page and the figures, if http.listen is set; asks of the others
 *                 what any thread may ask, and has long questions answered by libuv's threads
 *     snapshots   its own: loads at start, saves, with helpers while it does
 *     worker 0..  a loop each: connections, their sessions, reading, running, sending; a
 *                 connection never changes its worker
 *     A thread asks another by a message to its inbox (net/inbox.h) and never waits for the answer.
 *
 * Locks, in the order in which they may be nested
 *     1  a shard or several by rising index (store/): for a table operation, never while
 *        verifying, allocating replies on a socket, or writing to one
 *     2  the config's set_lock, then the gate keeper's `changing`, then text_lock (config/)
 *     3  leaves, held for a few stores: an inbox, error_kinds.adding, the gate's
 *     keyspace.reservation is taken before 1.
 *     Counters, options and the clients' budget are atomics without a lock.
 *
 * Exit codes
 *       0  stopped in order by SIGTERM or SIGINT; or --help, --version and the like were answered
 *       1  could not start (address in use, a damaged snapshot, no memory ...), or could not save
 *          when it ended: one line on standard error says what and what to do
 *      78  the configuration was refused: file:line:column, the reason, the nearest known key
 *     130  SIGINT while stopping: clients may not have been answered
 *     A broken invariant ends the process by SIGILL after one line on standard error. */
#ifndef BRINE_SERVER_H
#define BRINE_SERVER_H

#include "base/version.h"
#include "config/config.h"
#include "gate/keeper.h"
#include "http/http.h"
#include "keyspace/keyspace.h"
#include "net/net.h"
#include "observe/audit.h"
#include "observe/log.h"
#include "snapshot/snapshots.h"
#include "store/store.h"

enum { EXIT_STOPPED = 0, EXIT_NOT_STARTED = 1, EXIT_GIVEN_UP = 130 };

struct server {
    struct mem_account memory;         /* any thread: all but options and log; INFO's used_memory */
    struct mem_account clients_memory; /* any thread: connections and all that serves them */
    struct config config;              /* any thread, by its own rules */
    struct log log;                    /* any thread; reopened by main */
    struct audit *audit;               /* any thread; reopened by main */
    struct store *store;               /* any thread, under its shards' locks */
    struct gate_kinds *kinds;          /* any thread, by their own rules, as the next two */
    struct learn *learn;
    struct gate_keeper *keeper;    /* changed by CONFIG SET, SIGHUP, PICKLE.POLICY RELOAD */
    struct gate gate;              /* any thread; fixed once started */
    struct keyspace keyspace;      /* any thread, by its own rules */
    struct snapshots *snapshots;   /* any thread, by its own rules */
    struct net net;                /* main; its workers their own */
    struct http *http;             /* its own thread; NULL: none */
    struct brine_error load_error; /* why net was told to stop; written before it is */
    char executable[4096];         /* fixed once started */
};

#endif
