/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The network side of the server: listeners and signals on the main thread's loop, connections on
 * the workers'.
 *
 *     TRY(net_open(&net, &options, &err));     binds, starts nothing
 *     enum net_end end = net_run(&net, &err);  serves until it is told to stop
 *     net_close(&net);
 *
 * Signals: SIGTERM and SIGINT stop in order (no more is accepted, what was received is answered);
 * a SIGINT after that gives up waiting.  SIGHUP opens the log and the audit file anew and reads
 * rules and policies again.  SIGPIPE is ignored.
 * systemd: READY=1 and STOPPING=1 go to $NOTIFY_SOCKET when it is set.
 *
 * Thread: the functions belong to the main thread; fields say whose they are. */
#ifndef BRINE_NET_H
#define BRINE_NET_H

#include "net/background.h"
#include "net/listener.h"
#include "net/tls.h"
#include "net/worker.h"
#include "observe/rates.h"

enum { NET_RUN_ID_BYTES = 40, NET_LISTENERS_MAX = 32, NET_WORKERS_MAX = 256 };

struct net_options {
    struct allocator *mem;            /* clients' memory */
    const struct mem_account *memory; /* all memory, for INFO; NULL: not known */
    struct config *config;
    struct log *log;
    struct audit *audit; /* reopened with the log; may be NULL */
    struct keyspace *keyspace;
    struct snapshots *snapshots;      /* for commands; NULL: none */
    const char *version, *executable; /* for INFO */
    uint64_t random_seed;
};

struct net {
    struct net_options options; /* fixed */
    char run_id[NET_RUN_ID_BYTES + 1];
    int64_t started_at_ms;

    uv_loop_t loop; /* main thread's, as all down to `workers` */
    struct inbox inbox;
    uv_signal_t on_term, on_int, on_hup;
    struct listener listeners[NET_LISTENERS_MAX];
    size_t listeners_count;
    uint64_t next_client_id;
    size_t next_worker;
    struct metrics metrics;
    bool loop_is_open, shared_is_open, tls_is_open, inbox_is_open,
        signals_are_open; /* for net_close */
    atomic_bool stopping; /* main's; any thread reads it */
    bool given_up;
    size_t workers_drained;

    struct background background; /* its own lock */
    struct worker *workers;       /* the array is fixed; each is its own thread's */
    size_t workers_count, workers_allocated;
    _Atomic int64_t first_system_us, first_user_us; /* the first one's processor time, by itself */
    struct message stop_message, loaded_message;
    bool told_ready;        /* main's */
    atomic_bool stop_asked; /* stop_message is on its way; any thread */

    struct metrics_set metrics_set; /* members fixed before threads run */
    struct rates rates;             /* the first worker samples, any thread reads */
    struct services services;       /* fixed */
    struct command_shared shared;   /* its own locks */
    struct budget budget;           /* atomic */
    _Atomic size_t clients_count;   /* sockets open: main adds, workers subtract */
    struct tls_server tls;          /* its own lock */
    struct log_limiter budget_limiter, limits_limiter, accept_limiter, tls_limiter;
};

/* How many workers there will be; the store wants to know before. */
size_t net_choose_workers(const struct config *config);

/* Whether users and certificates are as they must be: for --check-config. */
enum brine_status net_check_config(struct config *config, struct brine_error *err) MUST_USE;

enum brine_status net_open(struct net *net, const struct net_options *options,
                           struct brine_error *err) MUST_USE;

enum net_end {
    NET_STOPPED,    /* in order: net_close is next */
    NET_GIVEN_UP,   /* by a second SIGINT: threads may still run, so the process must end at once */
    NET_NOT_STARTED /* *err says why: net_close is next */
};
enum net_end net_run(struct net *net, struct brine_error *err);
void net_close(struct net *net);

/* Asks the loop to stop in order, as SIGTERM does.  Any thread. */
void net_stop(struct net *net);
/* What was on disk is loaded: READY=1 waited for it.  Once, by any thread. */
void net_loaded(struct net *net);
/* A worker's last connection is gone; its thread. */
void net_worker_drained(struct net *net, struct worker *worker);

#endif
