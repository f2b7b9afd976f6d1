/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A connection: one client's socket, its session, what it sent and was not yet run (`query`), and
 * what is to be sent and was not yet taken (`output`).
 *
 *     bytes -> the worker's intake      -> dispatch_input -> worker's reply -> one uv_try_write
 *                  | incomplete command                    small |             ^ | what the socket
 *                  v                                             v             | v does not take
 *                query                                         outbox, to the   output -> uv_write
 *                                                              turn's end
 *
 * Words: *paused*: commands wait until the output has drained; *waiting*: a command's reply comes
 * later (session.waiting); *finishing*: nothing more is run, what comes is thrown away, closed when
 * the output is out; *lingering*: that has happened, and the client is waited for a moment (see
 * linger in the .c); *ended*: the client will send nothing more, what it sent is still answered.
 *
 * Life: a connection belongs to one worker from connection_open on, and everything here is called
 * on that worker's thread.  connection_close ends it at once for everybody; its memory goes when
 * libuv has called back and the last reference (connection_ref) is given back.
 *
 * Bounds: limits.query_buffer_bytes, limits.output_bytes, the budget of all clients, and
 * CONNECTION_TURN_BYTES of input in one turn of the loop.
 * Cost: an idle connection has no buffers. */
#ifndef BRINE_CONNECTION_H
#define BRINE_CONNECTION_H

#include "base/buf.h"
#include "net/budget.h"
#include "net/output.h"
#include "session/session.h"

#include <sys/socket.h>
#include <uv.h>

struct worker;
struct tls;
struct dispatch_ahead;
struct dispatch_result;

enum {
    /* After so much input in one turn the others are served first.  It is some 0.3 ms of small
     * commands, which is what a client waits for each other one that floods. */
    CONNECTION_TURN_BYTES = 64 * 1024,
    /* A stranger gets smaller reads, so that the replies to one are small as well. */
    CONNECTION_UNAUTHENTICATED_READ_BYTES = 8 * 1024,
    /* Redis's limits for strangers (10 arguments of 16 KB) would let each hold 160 KB. */
    CONNECTION_UNAUTHENTICATED_QUERY_BYTES = 32 * 1024,
    /* What is received while replies wait to be read; and values among these that are no longer in
     * the store.  Both keep one client that never reads below 32 MB. */
    CONNECTION_AHEAD_BYTES = 4 * 1024 * 1024,
    CONNECTION_ORPHANS_BYTES = 16 * 1024 * 1024,
    /* How long, and for how much, a client may go on talking after our last word. */
    CONNECTION_LINGER_MS = 1000,
    CONNECTION_PEER_BYTES = 24, /* "255.255.255.255:65535" */
    CONNECTION_LINGER_BYTES = 64 * 1024 * 1024,
};

/* A new socket.  The texts are for CLIENT LIST. */
struct connection_options {
    int fd; /* non-blocking; taken over */
    uint64_t id;
    bool is_unix, is_tls;
    const char *peer, *local;  /* copied; "": the listener's */
    const char *listener_text; /* borrowed, as long as the server lives */
};

struct connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
    } uv; /* its data points here; Unix sockets are a tcp too, whose handle is smaller than a pipe's
           */
    struct worker *worker;
    struct connection *previous, *next; /* in the worker's list; NULL, NULL once closed */
    struct connection *again_next;      /* in the worker's list of those to go on with */
    struct budget_member member;
    struct buf query;
    struct output *output;            /* NULL: nothing is pending */
    int64_t incomplete_since_mono_ms; /* 0: no command is half sent */
    int64_t linger_until_mono_ms;     /* 0: not lingering */
    uint64_t turn;                    /* of the loop, in which it last brought input */
    uint32_t turn_bytes;              /* that it brought in that turn */
    uint32_t refs;                    /* its handle's included */
    uint32_t linger_bytes;            /* thrown away while lingering */
    uint16_t addresses_bytes;         /* of session.peer and .local, where they are copies */
    bool reading, paused, finishing, ended, closed;
    bool again_queued;
    bool in_background; /* a thread runs a command: query and session are not to be touched */
    bool handle_closed; /* libuv is done with it; what is left waits for the background */
    bool copied_peer;   /* the copies begin with session.peer, not with .local */
    bool is_held;       /* a reply of its lies in the worker's outbox */
    bool is_taken_in;   /* input of its lies in the worker's intake */
    atomic_bool gone;   /* closed, for the background to see before it begins */
    bool swallowing;    /* what the decoder lacks is thrown away: the command is too long to keep */
    struct tls *tls;    /* NULL: plain */
    char peer_text[CONNECTION_PEER_BYTES]; /* session.peer, where it fits: IPv4 always does */
    struct session session;
};

/* 640 is a size class of the allocator: one byte more costs 128. */
_Static_assert(sizeof(struct connection) <= 640, "a connection is paid per client: know it");

/* NULL when memory or libuv refuse; the descriptor is then closed. */
struct connection *connection_open(struct worker *worker, const struct connection_options *options);

/* At once: what was not sent is lost.  Nothing calls back into the session from here on. */
void connection_close(struct connection *connection);
/* When everything that was received is answered; input that is still in the kernel is not read. */
void connection_finish(struct connection *connection);
/* The reply that the session waited for is in the worker's reply: sends it and goes on. */
void connection_resume(struct connection *connection);
/* The background is done with the command at the head of `input`, which is the query, or was when
 * its memory became a value's (keyspace_input); its reply is in the worker's reply, unless the
 * connection was closed meanwhile. */
void connection_end_background(struct connection *connection, struct bytes input,
                               const struct dispatch_result *result);
/* Sends bytes that are no reply, behind all replies so far, at the end of this turn.  May close the
 * connection: its memory stays until the loop's next turn. */
void connection_push(struct connection *connection, struct bytes bytes);
/* Sends all that waits in the outbox: when the sockets have been asked, and before they are. */
void connection_send_held(struct worker *worker);
/* Runs what can be run of input and sends the replies; `ahead`, or NULL: what was seen of it. */
void connection_serve(struct connection *connection, struct bytes input,
                      struct dispatch_ahead *ahead);
/* Runs commands that were left for a later turn. */
void connection_go_on(struct connection *connection);
/* Nothing to run, nothing to send, nothing expected from other threads. */
bool connection_is_quiet(const struct connection *connection);
/* Accounts for values that it waits to send and that are no longer in the store; returns their
 * bytes. */
size_t connection_check_orphans(struct connection *connection);
void connection_close_for_orphans(struct connection *connection);
/* Closes it when it is over its time; called now and then. */
void connection_check_time(struct connection *connection, int64_t mono_ms);

void connection_ref(struct connection *connection);
void connection_unref(struct connection *connection);

#endif
