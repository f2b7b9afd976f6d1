/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTP endpoint: a page for people, figures for Prometheus, answers for supervisors.
 *
 *     TRY(http_open(&http, &options, err));    binds http.listen; NULL when it is empty
 *     TRY(http_start(http, err));              its thread
 *     http_stop(http);                         closes all connections, ends the thread
 *     http_close(http);
 *
 *     GET /          the page, with /app.js and /app.css         GET /healthz  200: it lives
 *     GET /metrics   Prometheus's text                           GET /readyz   200, or 503 and why
 *     GET /api/...   what the page asks for, as JSON             POST /verify  judges the body
 *
 * Isolation.  It has a thread and a loop of its own, and asks of the rest of the server only what
 * any thread may ask, so that no client of it can hold up a worker.  What takes long (a pickle to
 * judge, types to count) runs beside its loop, one at a time, so that /healthz is always answered.
 * Half of http.max_connections may wait for their turn; others are told 503 at once.
 *
 * Bounds: http.max_connections, http.header_bytes, http.body_bytes, http.timeout for a request to
 * arrive and once more for its answer to be taken; one request a connection.
 *
 * Thread: the functions belong to main.  Memory: from options.mem.  Errors: one line that says what
 * to do. */
#ifndef BRINE_HTTP_H
#define BRINE_HTTP_H

#include "http/figures.h"

struct http;

struct http_options {
    struct allocator *mem;
    struct http_sources sources;
};

/* For --check-config: whether http.listen is an address that may be listened on. */
enum brine_status http_check_config(const struct config *config, struct brine_error *err) MUST_USE;

enum brine_status http_open(struct http **http, const struct http_options *options,
                            struct brine_error *err) MUST_USE;
enum brine_status http_start(struct http *http, struct brine_error *err) MUST_USE;
void http_stop(struct http *http);
void http_close(struct http *http);

/* "127.0.0.1:9121", as it was bound. */
const char *http_address_text(const struct http *http);

#endif
