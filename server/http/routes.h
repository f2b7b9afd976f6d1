/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Routes: which function answers which path.  A new one is a row of routes.c.
 *
 *     route = http_route_find(request.path);                 NULL: 404
 *     http_route_answer(route, &question, &answer);
 *
 * A route is *open* when it asks for no password, and *slow* when it is to run beside the loop, at
 * the desk; all others run on the loop and may use its history.
 *
 * Thread: a slow one's is the desk's, all others' the endpoint's. */
#ifndef BRINE_HTTP_ROUTES_H
#define BRINE_HTTP_ROUTES_H

#include "http/history.h"
#include "http/request.h"

enum { HTTP_ANSWER_BYTES_MAX = 32 << 20 };

struct http_question {
    const struct http_sources *sources;
    const struct http_counts *counts;
    const struct http_history *history; /* NULL for a slow route */
    struct http_desk *desk;             /* NULL for one that is not */
    const struct http_request *request;
    struct bytes body;
};

struct http_answer {
    unsigned code;
    const char *type;   /* "text/html; charset=utf-8" */
    struct bytes fixed; /* a file of the page, or */
    struct buf text;    /* what was written for this answer */
};

struct http_route;
const struct http_route *http_route_find(struct bytes path);
bool http_route_is_open(const struct http_route *route);
bool http_route_is_slow(const struct http_route *route);
/* Whether it answers this method: GET and HEAD, or POST alone. */
bool http_route_takes(const struct http_route *route, enum http_method method);
/* Fills code, type and fixed or text, of an answer whose text is empty. */
void http_route_answer(const struct http_route *route, const struct http_question *question,
                       struct http_answer *answer);

/* An error as a line of text. */
void http_answer_error(struct http_answer *answer, unsigned code, const char *text);
/* "Not Found" */
const char *http_code_words(unsigned code);

#endif
