/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A question about clients of all workers: CLIENT LIST and CLIENT KILL.
 *
 * The way of one, for net/: the command hands it to services->clients_query and sets
 * session->waiting.  Each worker, on its own thread, calls client_query_visit for each of its
 * sessions with a part of its own.  Back on the first worker, client_query_finish writes the
 * reply into worker->reply and frees the query; net then clears session->waiting, sends, and goes
 * on with that client's input.  If the client is gone meanwhile, client_query_destroy instead.
 *
 * Thread: while it travels the query is constant and any worker may read it; a part is one
 * worker's until it is handed back. */
#ifndef BRINE_CMD_CLIENT_QUERY_H
#define BRINE_CMD_CLIENT_QUERY_H

#include "base/buf.h"
#include "session/reply.h"
#include "session/session.h"

struct worker_state;

enum client_query_kind { CLIENT_QUERY_LIST, CLIENT_QUERY_KILL };

/* A client is meant when it fits all that is set. */
struct client_query {
    enum client_query_kind kind;
    struct allocator *mem;
    uint64_t asker_id;
    uint8_t resp_version;
    bool skip_asker;
    bool old_form; /* CLIENT KILL ip:port: answers OK or an error, not a count */
    uint64_t *ids; /* NULL: any */
    size_t ids_count;
    char peer[SESSION_ADDRESS_BYTES], local[SESSION_ADDRESS_BYTES]; /* "": any */
    bool nobody; /* a type or user that no client has */
};

/* What one worker found; zero it, then buf_init(&part->text). */
struct client_query_part {
    struct buf text; /* LIST: lines, each with its id in front */
    int64_t matches; /* KILL */
    bool failed;     /* no memory, or too long */
};

enum { CLIENT_QUERY_TEXT_BYTES_MAX = 64 << 20 };

/* True: this session is to be closed (never the asker: that one gets close_after_reply at the
 * end). */
bool client_query_visit(const struct client_query *query, const struct session *session,
                        int64_t mono_ms, struct client_query_part *part);
void client_query_finish(struct worker_state *worker, struct session *asker,
                         struct client_query *query, struct client_query_part *parts,
                         size_t parts_count);
void client_query_destroy(struct client_query *query);

#endif
