/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct worker_state: what a worker thread owns and commands use; struct command_shared: what all
 * workers' commands share; struct services: what commands ask of the rest of the server, as
 * functions that net/ fills in.  A test fills in none.
 *
 *     command_shared_init(&shared);
 *     worker_state_init(&worker, &options);
 *     worker_state_set_time(&worker, clock_wall_ms(), clock_mono_ms());   // once a loop turn
 *     dispatch_input(&worker, &session, input, &result);
 *
 * Thread: worker_state is one worker's, all of it; what its pointers lead to is everybody's. */
#ifndef BRINE_CMD_WORKER_H
#define BRINE_CMD_WORKER_H

#include "base/arena.h"
#include "auth/auth.h"
#include "base/random.h"
#include "cmd/client_query.h"
#include "cmd/command.h"
#include "cmd/mail.h"
#include "config/config.h"
#include "observe/log.h"
#include "observe/latency.h"
#include "observe/metrics.h"
#include "script/cache.h"
#include "observe/slowlog.h"
#include "session/pubsub.h"
#include "snapshot/snapshots.h"
#include "session/tracking.h"

/* ---- what net tells ----------------------------------------------------------------------------
 */

/* What INFO says about the server that only its owner knows.  Texts are NUL-terminated and live as
 * long as the server. */
struct server_facts {
    const char *version;    /* brine's */
    const char *run_id;     /* 40 hex digits */
    const char *executable; /* absolute path */
    int64_t started_at_ms;  /* wall clock */
    int64_t process_id;
    int64_t tcp_port;
    bool stopping; /* nobody is accepted any more */
    size_t workers;
    size_t clients_buffer_bytes;                    /* query and output buffers of all clients */
    size_t recent_query_bytes, recent_output_bytes; /* the largest of one client, lately */
    int64_t first_worker_system_us, first_worker_user_us; /* of the processor */
    size_t memory_used_bytes; /* all that was taken from the allocator; 0: not known */
    size_t memory_peak_bytes;
    uint64_t ops_per_second, input_bytes_per_second, output_bytes_per_second; /* lately */
};

/* Each function may be NULL. */
struct services {
    void *server; /* net's own */
    void (*facts)(void *server, struct server_facts *facts);
    void (*sleep_us)(int64_t us); /* for DEBUG SLEEP alone */
    int64_t (*wall_us)(void);     /* for TIME, which is asked to the microsecond */
    /* Runs the query over all workers' sessions (client_query.h says how) and answers later: the
     * session waits meanwhile.  Takes the query over. */
    void (*clients_query)(struct worker_state *worker, struct session *session,
                          struct client_query *query);
    /* Takes mail to another worker: see mail.h.  Where that worker is far behind the session, if
     * there is one, waits until it has caught up. */
    void (*post)(struct worker_state *worker, struct session *session, size_t to_worker,
                 struct mail *mail);
    /* Sends bytes to a client of this worker, behind its replies. */
    void (*push)(struct worker_state *worker, struct session *session, struct bytes bytes);
    /* A user changed: soon each worker calls permission_recheck for each of its sessions and closes
     * those for which it says true. */
    void (*users_changed)(struct worker_state *worker);
    /* Ends the server in order, as SIGTERM does. */
    void (*stop)(void *server);
    struct snapshots *snapshots; /* NULL: none */
    /* net runs commands that dispatch defers: see dispatch.h. */
    bool may_defer;
};

/* ---- what workers share ------------------------------------------------------------------------
 */

enum { ERROR_KINDS_MAX = 64, ERROR_KIND_BYTES_MAX = 32 };

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

/* Counts the first word of an error's text. */
void error_kinds_count(struct error_kinds *errors, struct bytes text);
void error_kinds_reset(struct error_kinds *errors);

struct command_shared {
    struct command_index index;
    struct error_kinds errors;
    /* What the store and room counted until CONFIG RESETSTAT; their own counts only rise. */
    _Atomic uint64_t expired_before, evicted_before;
    _Atomic int64_t exceeded_before_ms;
    struct log_limiter security_limiter; /* for lines about HTTP and SMTP */
    struct pubsub pubsub;
    struct script_cache scripts;
    struct slowlog slowlog;
    struct latency_monitor latency;
    struct auth_vocabulary vocabulary; /* constant: the command table, as rules name it */
    struct auth auth;                  /* its own lock */
    struct tracking tracking;
    /* CLIENT PAUSE: until when by the monotonic clock, 0 while nothing is; and what. */
    _Atomic int64_t paused_until_mono_ms;
    _Atomic bool paused_all;
};
struct command_shared_options {
    struct allocator *mem;
    size_t workers; /* whose clients may listen */
    struct hash_secret secret;
    /* Of permission_vocabulary, to be copied; NULL: made anew, which is half of what this costs. */
    const struct auth_vocabulary *vocabulary;
};
/* NO_MEMORY: command_shared_deinit is not due. */
enum brine_status command_shared_init(struct command_shared *shared,
                                      const struct command_shared_options *options) MUST_USE;
void command_shared_deinit(struct command_shared *shared);

/* ---- a worker's own ----------------------------------------------------------------------------
 */

struct worker_options {
    struct allocator *mem;
    struct config *config;
    struct keyspace *keyspace;
    struct command_shared *shared;
    const struct services *services; /* NULL: none */
    struct metrics *metrics; /* this worker's, with command_table_count() rows; may be NULL */
    struct metrics_set *metrics_set; /* all workers'; may be NULL */
    struct log *log;                 /* may be NULL */
    size_t index;                    /* of this worker; WORKER_NONE: has no clients of its own */
    void *worker;                    /* net's own */
    int64_t (*mono_ns)(void);        /* for commandstats; NULL: durations are not measured */
    uint64_t random_seed;
};

#define WORKER_NONE SIZE_MAX

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
    size_t index;
    void *worker;
    const struct session *serving; /* whose input is being run; NULL: nobody's */
    int64_t (*mono_ns)(void);
    struct random random;
    int64_t now_ms, mono_ms;
    struct reply reply;       /* of the session that is being served */
    struct resp_args args;    /* of the batch */
    struct arena inline_args; /* what they point into where a line had quotes */
    struct arena scratch;     /* a handler's: reset before each command */
    struct buf pushed;        /* a message as it is sent to listeners */
    struct buf heard; /* messages to whom is served, where its replies are taken back: see mute */
    struct buf outdated; /* keys, for clients that asked for prefixes: tracking.h */
    size_t outdated_count;
    struct buf collected; /* a handler's: what is complete before its reply begins */
    struct command_recent recent;
    bool times_each;                   /* every command of this batch is timed, not runs of them */
    int64_t timed_until_ns;            /* when the last one ended, or the batch began */
    struct client_query *late_queries; /* of the EXEC that runs */
    struct reply_mark exec_mark;       /* where its reply begins */
    size_t postponed_count;            /* clients that CLIENT PAUSE holds; net counts them down */
    bool in_command;                   /* a handler is at work, or EXEC */
    bool exec_muted;                   /* EXEC has taken back itself what is not to be heard */
    bool transaction_ended; /* the command that ran was the end of its client's transaction */
};

/* Allocates nothing yet. */
void worker_state_init(struct worker_state *worker, const struct worker_options *options);
void worker_state_deinit(struct worker_state *worker);
/* Gives back what a giant value made it take. */
void worker_state_trim(struct worker_state *worker);
/* Both clocks, read once a loop turn. */
void worker_state_set_time(struct worker_state *worker, int64_t now_ms, int64_t mono_ms);

#endif
