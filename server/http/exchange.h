/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An exchange: one connection, one request, one answer, and the end.  And struct http, which has
 * them; no other module looks into either.
 *
 *     READING    bytes come; the head is judged as soon as it is whole, before any body is taken
 *     WAITING    the request is whole and waits for the desk, or is at it
 *     SENDING    the answer is on its way
 *     LINGERING  it is out, the socket is shut for writing; what still comes is thrown away, for
 *                closing over unread bytes would make the kernel take the answer back
 *     CLOSING    the handle is closing; its callback frees the exchange
 *
 * Each state has a deadline, but for who is at the desk.  One request a connection, because what
 * Prometheus and a page ask for now and then saves nothing by more, and because requests that are
 * never read from the same bytes cannot be smuggled.
 *
 * Thread: the endpoint's; the desk has the one exchange that is at it, and gives it back. */
#ifndef BRINE_HTTP_EXCHANGE_H
#define BRINE_HTTP_EXCHANGE_H

#include "http/guard.h"
#include "http/http.h"
#include "http/routes.h"

#include <uv.h>

enum {
    HTTP_TICK_MS = 250,
    HTTP_LINGER_MS = 1000,
    HTTP_READ_BYTES = 16 * 1024,
    HTTP_HEAD_BYTES = 1024,
    HTTP_LOG_EVERY_MS = 10000,
    HTTP_NICE = 5,
};

enum http_state { HTTP_READING, HTTP_WAITING, HTTP_SENDING, HTTP_LINGERING, HTTP_CLOSING };

struct http_exchange {
    struct http *http;
    struct http_exchange *older, *newer; /* of all */
    struct http_exchange *behind;        /* in the desk's queue */
    uv_tcp_t socket;
    uv_write_t write;
    uv_shutdown_t shutdown;
    enum http_state state;
    int64_t deadline_mono_ms;
    struct buf received;
    size_t scanned,
        due_bytes; /* of received: no end of head in here; the whole request, once known */
    struct http_request request;
    const struct http_route *route;
    struct http_answer answer;
    char head[HTTP_HEAD_BYTES]; /* of the answer */
};

struct http {
    struct http_options options; /* fixed, as the next three */
    struct http_guard guard;
    char address_text[HTTP_ADDRESS_TEXT_BYTES];
    size_t exchanges_max;

    uv_loop_t loop; /* the endpoint's, as all below but `desk` and `counts` */
    uv_thread_t thread;
    bool running;
    uv_tcp_t listener;
    uv_async_t stop;
    uv_timer_t tick, sampling;
    struct http_exchange *oldest, *newest;
    size_t exchanges_count;
    bool unaccepted;
    struct http_history history;
    struct log_limiter password_limiter;
    uint8_t discarded[HTTP_READ_BYTES];

    uv_work_t work;
    struct http_exchange *at_desk; /* NULL: nobody's, the desk is free */
    struct http_exchange *first_waiting, *last_waiting;
    struct http_desk desk;     /* who is at it */
    struct http_counts counts; /* atomic */
};

/* Takes the connection that the listener has; without memory it is left there, and the listener
 * rests until this is called once more (unaccepted). */
void http_exchange_accept(struct http *http);
/* Closes all but one that is at the desk, which is closed when it leaves it. */
void http_exchange_close_all(struct http *http);

#endif
