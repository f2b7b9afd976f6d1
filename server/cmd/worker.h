/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct worker_state: what a worker thread owns and commands use; and struct services: what
 * commands ask of the rest of the server, as functions that net/ fills in.  A test fills in none.
 *
 *     struct worker_state worker;
 *     status = worker_state_init(&worker, &(struct worker_options){.mem = mem, ...});
 *     worker_state_set_time(&worker, clock_wall_ms(), clock_mono_ms());   // once a loop turn
 *     dispatch_input(&worker, &session, input, &result);
 *
 * Thread: one worker's, all of it.  services, config, keyspace and metrics_set are shared. */
#ifndef BRINE_CMD_WORKER_H
#define BRINE_CMD_WORKER_H

#include "base/arena.h"
#include "base/random.h"
#include "cmd/client_query.h"
#include "cmd/command.h"
#include "config/config.h"
#include "observe/log.h"
#include "observe/metrics.h"

/* What INFO says about the server that only its owner knows.  Texts are NUL-terminated and live as
 * long as the server. */
struct server_facts {
    const char *version;    /* brine's */
    const char *run_id;     /* 40 hex digits */
    const char *executable; /* absolute path */
    int64_t started_at_ms;  /* wall clock */
    int64_t process_id;
    int64_t tcp_port;
    size_t workers;
    size_t clients_buffer_bytes; /* query and output buffers of all clients */
};

/* Each may be NULL; `server` is net's own. */
struct services {
    void *server;
    void (*facts)(void *server, struct server_facts *facts);
    /* Runs the query over all workers' sessions (client_query.h says how) and answers later: the
     * session waits meanwhile.  Takes the query over. */
    void (*clients_query)(struct worker_state *worker, struct session *session,
                          struct client_query *query);
};

struct worker_options {
    struct allocator *mem;
    struct config *config;
    struct keyspace *keyspace;
    const struct services *services; /* NULL: none */
    struct metrics *metrics; /* this worker's, with command_table_count() rows; may be NULL */
    struct metrics_set *metrics_set;      /* all workers'; may be NULL */
    struct log *log;                      /* may be NULL */
    struct log_limiter *security_limiter; /* shared by all workers; may be NULL */
    void *worker;                         /* net's own */
    uint64_t random_seed;
};

enum { ERROR_KINDS_MAX = 64, ERROR_KIND_BYTES_MAX = 32 };
/* How often each first word of an error was answered: INFO errorstats. */
struct error_kinds {
    _Atomic size_t count;
    struct error_kind {
        char name[ERROR_KIND_BYTES_MAX];
        _Atomic uint64_t times;
    } kinds[ERROR_KINDS_MAX];
};

enum { DISPATCH_BATCH = 32 };

struct worker_state {
    struct allocator *mem;
    struct config *config;
    struct keyspace_access access; /* its hold, clock and scratch */
    const struct services *services;
    struct metrics *metrics;
    struct metrics_set *metrics_set;
    struct log *log;
    struct log_limiter *security_limiter;
    void *worker;
    struct random random;
    int64_t now_ms, mono_ms;
    struct reply reply;       /* of the session that is being served */
    struct resp_args args;    /* of the batch */
    struct arena inline_args; /* what they point into where a line had quotes */
    struct arena scratch;     /* a handler's: reset before each command */
    struct error_kinds errors;
    struct error_kinds errors_baseline; /* at CONFIG RESETSTAT; origin worker's only */
    const struct command *recent;       /* what was looked up last */
};

enum brine_status worker_state_init(struct worker_state *worker,
                                    const struct worker_options *options) MUST_USE;
void worker_state_deinit(struct worker_state *worker);
/* Both clocks, read once a loop turn. */
void worker_state_set_time(struct worker_state *worker, int64_t now_ms, int64_t mono_ms);

#endif
