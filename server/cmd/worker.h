/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct worker_state: what a worker thread owns and commands use; and struct services: what
 * commands ask of the rest of the server, as functions that net/ fills in.  A test fills in none.
 *
 *     struct worker_state worker;
 *     status = worker_state_init(&worker, &(enum { ERROR_KINDS_MAX = 64, ERROR_KIND_BYTES_MAX = 32
};

/* How often each first word of an error was answered, by all workers: INFO errorstats.  A name is
 * written before `count` shows it and never changes. */
struct error_kinds {
    pthread_mutex_t adding;
    _Atomic size_t count;
    struct error_kind {
        char name[ERROR_KIND_BYTES_MAX];
        _Atomic uint64_t times;
    } kinds[ERROR_KINDS_MAX];
};

/* What all workers' commands share; one a server, any thread. */
struct command_shared {
    struct command_index index;
    struct error_kinds errors;
    struct log_limiter security_limiter; /* for lines about HTTP and SMTP */
};
void command_shared_init(struct command_shared *shared);
void command_shared_deinit(struct command_shared *shared);

struct worker_options {
    struct allocator *mem;
    struct config *config;
    struct keyspace *keyspace;
    struct command_shared *shared;
    const struct services *services; /* NULL: none */
    struct metrics *metrics; /* this worker's, with command_table_count() rows; may be NULL */
    struct metrics_set *metrics_set; /* all workers'; may be NULL */
    struct log *log;                 /* may be NULL */
    void *worker;                    /* net's own */
    int64_t (*mono_ns)(void);        /* for commandstats; NULL: durations are not measured */
    uint64_t random_seed;
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
    struct command_shared *shared;
    void *worker;
    int64_t (*mono_ns)(void);
    struct random random;
    int64_t now_ms, mono_ms;
    struct reply reply;           /* of the session that is being served */
    struct resp_args args;        /* of the batch */
    struct arena inline_args;     /* what they point into where a line had quotes */
    struct arena scratch;         /* a handler's: reset before each command */
    const struct command *recent; /* what was looked up last */
};

enum brine_status worker_state_init(struct worker_state *worker,
                                    const struct worker_options *options) MUST_USE;
void worker_state_deinit(struct worker_state *worker);
/* Both clocks, read once a loop turn. */
void worker_state_set_time(struct worker_state *worker, int64_t now_ms, int64_t mono_ms);

#endif
