/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The desk: where the HTTP endpoint asks what commands know already (PICKLE.TYPES, PICKLE.VERIFY),
 * as one more client would, but without dispatch: its questions are in no count, log or MONITOR.
 *
 *     struct bytes reply = http_desk_ask(&desk, args, args_count);   RESP3, until the next
 *     http_json_reply(&json, reply);                                 the same as JSON
 *
 * Thread: one at a time.  Errors: a reply that could not be made is an error reply. */
#ifndef BRINE_HTTP_DESK_H
#define BRINE_HTTP_DESK_H

#include "cmd/worker.h"
#include "text/json.h"

struct http_desk {
    struct worker_state state;
    struct session session;
};

void http_desk_init(struct http_desk *desk, const struct worker_options *options);
void http_desk_deinit(struct http_desk *desk);

/* Reads the clock and drops what is in the scratch; each of those below does so itself. */
void http_desk_begin(struct http_desk *desk);
/* After the last one of a request: gives back what it took, for the next may come in a day. */
void http_desk_end(struct http_desk *desk);
/* args[0] is a command's name, which exists; it is given the right number of arguments. */
struct bytes http_desk_ask(struct http_desk *desk, const struct bytes *args, size_t args_count);
/* What PICKLE.VIEW or PICKLE.DIS would show of these bytes; nothing is stored. */
enum http_desk_form { HTTP_DESK_VIEW, HTTP_DESK_DIS };
struct http_desk_pickle {
    uint32_t db;
    struct bytes key, value;
};
struct bytes http_desk_show(struct http_desk *desk, const struct http_desk_pickle *pickle,
                            enum http_desk_form form);

/* The text of `name` in a reply that is a map; empty: there is none. */
struct bytes http_desk_field(struct bytes reply, const char *name);

/* Text as strings, maps as objects, an error as {"error": "..."}.  Of an array or map at the top
 * the first `most` elements. */
void http_json_reply(struct json *json, struct bytes reply, size_t most);

#endif
