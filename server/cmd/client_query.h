/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A question about clients of all workers: CLIENT LIST, CLIENT KILL, and CLIENT TRACKING ON where
 * another client is to be told.
 *
 * The way of one, for net/: the command hands it to services->clients_query; the asker's session is
 * `waiting`.  Each worker, on its own thread, calls client_query_visit for each of its sessions
 * with a part of its own, and closes those for which it says true.  Back on the first worker,
 * client_query_finish writes the reply into worker->reply and frees the query; net then clears
 * session->waiting, sends, closes the asker too if close_after_reply was set, and goes on with its
 * input; or asks the next query first, where one is returned.  If the asker is gone meanwhile,
 * client_query_destroy instead.
 *
 * Thread: while it travels the query is constant and any worker may read it; a part is one
 * worker's until it is handed back. */
#ifndef BRINE_CLIENT_QUERY_H
#define BRINE_CLIENT_QUERY_H

#include "base/buf.h"
#include "session/session.h"
#include "session/tracking.h"

struct worker_state;
struct tracking_request;
struct command_call;

/* RUN asks nobody: a command of EXEC that runs behind the answers of what EXEC asked before. */
enum client_query_kind {
    CLIENT_QUERY_LIST,
    CLIENT_QUERY_KILL,
    CLIENT_QUERY_TARGET,
    CLIENT_QUERY_RUN
};

/* A client is meant when it fits all that is set. */
struct client_query {
    enum client_query_kind kind;
    struct allocator *mem;
    uint64_t asker_id;
    bool skip_asker;
    bool old_form;     /* CLIENT KILL ip:port: answers OK or an error, not a count */
    bool is_muted;     /* CLIENT REPLY: its answer is not to be heard */
    bool nobody;       /* an address that no client has */
    int64_t age_min_s; /* KILL MAXAGE: connected for so long; 0: any */
    enum client_type {
        CLIENT_ANY,
        CLIENT_NORMAL,
        CLIENT_LISTENING, /* what Redis calls pubsub */
        CLIENT_NONE,      /* replicas and masters: there are none */
    } type;
    uint64_t *ids; /* NULL: any */
    size_t ids_count;
    char peer[SESSION_ADDRESS_BYTES], local[SESSION_ADDRESS_BYTES]; /* "": any */
    struct auth_user *user;                                         /* one reference; NULL: any */
    /* Of EXEC, whose reply is put together when all its queries are answered: what it said before
     * this query's answer, and behind the last one's. */
    bool within_exec;
    struct client_query *next;
    struct buf head, tail;
    struct tracking_request *request; /* TARGET: what for */
    struct client_query_command {     /* RUN */
        const struct command *command;
        size_t args_count, block_bytes;
        struct bytes args[]; /* with their bytes behind them */
    } * run;
};

/* What one worker found; zero it, then buf_init(&part.text, mem, CLIENT_QUERY_TEXT_BYTES_MAX). */
struct client_query_part {
    struct buf text;         /* LIST: lines, each with its client's id in front */
    int64_t matches;         /* clients that were meant */
    bool asker_meant;        /* KILL: the asker is one of them */
    bool failed;             /* no memory, or too long */
    tracking_address target; /* TARGET: where the client lives */
};

enum { CLIENT_QUERY_TEXT_BYTES_MAX = 64 << 20 };

/* True: this session, one of the worker's, is to be closed.  Never the asker's, which goes when it
 * has its reply. */
bool client_query_visit(const struct client_query *query, struct worker_state *worker,
                        struct session *session, struct client_query_part *part);
/* Returns the query to be asked next, before anything is sent; NULL: the reply is complete. */
struct client_query *client_query_finish(struct worker_state *worker, struct session *asker,
                                         struct client_query *query,
                                         struct client_query_part *parts, size_t parts_count);
/* Nothing of EXEC's reply is sent before the next query is answered too: takes worker->reply over.
 * False: no memory. */
bool client_query_keep_reply(struct worker_state *worker, struct client_query *next) MUST_USE;
/* With those behind it. */
void client_query_destroy(struct client_query *query);
/* It could not be asked: replies so, or where that would be half of EXEC's reply has the session
 * closed. */
void client_query_fail(struct worker_state *worker, struct session *asker,
                       struct client_query *query);

/* For handlers: a query in the call's name; NULL: no memory, replied. */
struct client_query *client_create_query(struct command_call *call, enum client_query_kind kind);
/* Asks it and takes it over; the reply comes later. */
void client_run_query(struct command_call *call, struct client_query *query);
/* EXEC's next command is about the clients that there are, and how many that is an earlier command
 * of EXEC has asked: true: it runs, or an error is replied, when that was answered. */
bool client_run_later(struct command_call *call);
/* The end of EXEC: asks what its commands wanted to ask. */
void client_run_late_queries(struct command_call *call);

/* As CLIENT GETREDIR answers: the client that its outdated keys are told to; 0: itself, -1: it does
 * not track. */
int64_t client_redirection(const struct session *session);
/* One line of CLIENT LIST, with its LF. */
enum brine_status client_describe(const struct session *session, int64_t mono_ms,
                                  struct buf *out) MUST_USE;

#endif
