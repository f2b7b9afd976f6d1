/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/exchange.h"

#include "base/assert.h"
#include "observe/clock.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room);
static void send_answer(struct http_exchange *exchange);

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static struct config *config_of(const struct http *http) {
    return http->options.sources.config;
}

static void set_deadline(struct http_exchange *exchange, int64_t ms) {
    exchange->deadline_mono_ms = clock_mono_ms() + ms;
}

/* ---- the end ----------------------------------------------------------------------------------*/

/* From here on the exchange may be freed. */
static void on_closed(uv_handle_t *handle) {
    struct http_exchange *exchange = handle->data;
    struct http *http = exchange->http;
    *(exchange->older ? &exchange->older->newer : &http->oldest) = exchange->newer;
    *(exchange->newer ? &exchange->newer->older : &http->newest) = exchange->older;
    http->exchanges_count--;
    if (http->exchanges_count == 0) uv_timer_stop(&http->tick);
    buf_deinit(&exchange->received);
    buf_deinit(&exchange->answer.text);
    mem_free(http->options.mem, exchange, sizeof *exchange);
}

static void close_exchange(struct http_exchange *exchange) {
    if (exchange->state == HTTP_CLOSING) return;
    exchange->state = HTTP_CLOSING;
    uv_close((uv_handle_t *)&exchange->socket, on_closed);
}

void http_exchange_close_all(struct http *http) {
    http->first_waiting = http->last_waiting = NULL;
    for (struct http_exchange *each = http->oldest; each; each = each->newer)
        if (each != http->at_desk) close_exchange(each);
}

/* ---- deadlines --------------------------------------------------------------------------------*/

static void leave_queue(struct http_exchange *exchange) {
    struct http *http = exchange->http;
    struct http_exchange **link = &http->first_waiting, *before = NULL;
    while (*link != exchange) {
        before = *link;
        link = &before->behind;
    }
    *link = exchange->behind;
    if (http->last_waiting == exchange) http->last_waiting = before;
}

/* Those whose time is over.  Who is at the desk stays there until the answer is made. */
static void on_tick(uv_timer_t *timer) {
    struct http *http = timer->data;
    int64_t now = clock_mono_ms();
    for (struct http_exchange *each = http->oldest; each; each = each->newer) {
        if (each == http->at_desk || each->state == HTTP_CLOSING || each->deadline_mono_ms > now)
            continue;
        if (each->state != HTTP_LINGERING) count(&http->counts.timeouts_total);
        if (each->state != HTTP_WAITING) {
            close_exchange(each);
            continue;
        }
        leave_queue(each);
        http_answer_error(&each->answer, 503, "others are being answered: ask again");
        send_answer(each);
    }
}

/* ---- the beginning ----------------------------------------------------------------------------*/

/* Who has waited longest for his own request, or only lingers, goes for one more, and without such
 * a one who has longest not taken his answer: whoever holds connections without using them cannot
 * keep others out.  Who waits for the desk stays; they are half of all at most, so that one goes.
 */
static bool make_room(struct http *http) {
    size_t open = 0;
    struct http_exchange *idle = NULL, *sending = NULL;
    for (struct http_exchange *each = http->oldest; each; each = each->newer) {
        open += each->state != HTTP_CLOSING;
        if (!idle && (each->state == HTTP_READING || each->state == HTTP_LINGERING)) idle = each;
        if (!sending && each->state == HTTP_SENDING) sending = each;
    }
    if (open < http->exchanges_max) return true;
    if (!idle) idle = sending;
    count(&http->counts.evicted_total);
    if (idle) close_exchange(idle);
    return idle != NULL;
}

static struct http_exchange *create_exchange(struct http *http) {
    struct allocator *mem = http->options.mem;
    size_t header = (size_t)config_read(config_of(http)->http.header_bytes);
    size_t body = (size_t)config_read(config_of(http)->http.body_bytes);
    struct http_exchange *exchange = mem_alloc(mem, sizeof *exchange);
    if (!exchange) return NULL;
    *exchange = (struct http_exchange){.http = http, .older = http->newest};
    buf_init(&exchange->received, mem, header + body);
    buf_init(&exchange->answer.text, mem, HTTP_ANSWER_BYTES_MAX);
    int code = uv_tcp_init(&http->loop, &exchange->socket);
    BRINE_ASSERT(code == 0, "a handle without a descriptor can always be made");
    exchange->socket.data = exchange->write.data = exchange->shutdown.data = exchange;
    *(http->newest ? &http->newest->newer : &http->oldest) = exchange;
    http->newest = exchange;
    if (http->exchanges_count++ == 0)
        uv_timer_start(&http->tick, on_tick, HTTP_TICK_MS, HTTP_TICK_MS);
    set_deadline(exchange, config_read(config_of(http)->http.timeout));
    return exchange;
}

void http_exchange_accept(struct http *http) {
    bool has_room = make_room(http);
    struct http_exchange *exchange = create_exchange(http);
    http->unaccepted = !exchange;
    if (!exchange) return;
    if (uv_accept((uv_stream_t *)&http->listener, (uv_stream_t *)&exchange->socket) || !has_room ||
        uv_read_start((uv_stream_t *)&exchange->socket, on_room, on_read))
        close_exchange(exchange);
}

/* ---- reading ----------------------------------------------------------------------------------*/

static void on_room(uv_handle_t *handle, size_t wanted UNUSED, uv_buf_t *room) {
    struct http_exchange *exchange = handle->data;
    struct buf *received = &exchange->received;
    *room = uv_buf_init((char *)exchange->http->discarded, HTTP_READ_BYTES);
    if (exchange->state != HTTP_READING) return;
    size_t more = MIN(received->limit - received->len, (size_t)HTTP_READ_BYTES);
    if (buf_reserve(received, more) != BRINE_OK) more = 0; /* libuv then reports ENOBUFS */
    *room = uv_buf_init((char *)received->data + received->len, (unsigned)more);
}

static void refuse(struct http_exchange *exchange, unsigned code, const char *why) {
    http_answer_error(&exchange->answer, code, why);
    send_answer(exchange);
}

static void note_wrong_password(struct http *http) {
    uint64_t more;
    if (log_limiter_allows(&http->password_limiter, clock_mono_ms(), HTTP_LOG_EVERY_MS, &more))
        log_write(http->options.sources.log, LOG_WARNING,
                  "HTTP: a wrong password was sent, and %llu times before",
                  (unsigned long long)more);
}

/* Whether the request may be made, as far as its head tells; refuses it if not. */
static bool admit(struct http_exchange *exchange) {
    struct http *http = exchange->http;
    const struct http_request *request = &exchange->request;
    const char *why = "";
    exchange->route = http_route_find(request->path);
    bool is_open = exchange->route && http_route_is_open(exchange->route);
    unsigned code = http_guard_check(&http->guard, request, is_open, &why);
    if (code == 401) {
        count(&http->counts.unauthorized_total);
        if (request->has[HTTP_FIELD_AUTHORIZATION]) note_wrong_password(http);
    }
    if (!code && !exchange->route) {
        code = 404;
        why = "there is nothing here";
    } else if (!code && !http_route_takes(exchange->route, request->method)) {
        code = 405;
        why = "not by this method";
    } else if (!code &&
               request->body_bytes > (uint64_t)config_read(config_of(http)->http.body_bytes)) {
        code = 413;
        why = "the body is longer than http.body_bytes";
    }
    if (code) refuse(exchange, code, why);
    return code == 0;
}

/* What came so far.  False: it was refused, or is not whole. */
static bool take_head(struct http_exchange *exchange) {
    struct bytes received = buf_view(&exchange->received);
    size_t limit = (size_t)config_read(config_of(exchange->http)->http.header_bytes);
    size_t end = http_head_end(received, exchange->scanned);
    struct brine_error err = {0};
    exchange->scanned = received.len;
    if (end == SIZE_MAX && received.len < limit) return false;
    if (end == SIZE_MAX || end > limit) {
        refuse(exchange, 431, "the header is longer than http.header_bytes");
        return false;
    }
    if (http_request_parse(received, &exchange->request, &err) != BRINE_OK) {
        refuse(exchange, exchange->request.refusal, err.text);
        return false;
    }
    if (!admit(exchange)) return false;
    exchange->due_bytes = end + (size_t)exchange->request.body_bytes;
    if (received.len < exchange->due_bytes && exchange->request.minor_version > 0 &&
        bytes_is(exchange->request.fields[HTTP_FIELD_EXPECT], "100-continue")) {
        char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        uv_buf_t out = uv_buf_init(go_on, sizeof go_on - 1);
        (void)uv_try_write((uv_stream_t *)&exchange->socket, &out, 1); /* who waits sends anyway */
    }
    return true;
}

/* ---- answering --------------------------------------------------------------------------------*/

static void answer(struct http_exchange *exchange, struct http_desk *desk) {
    struct http *http = exchange->http;
    const struct http_question question = {
        .sources = &http->options.sources,
        .counts = &http->counts,
        .history = desk ? NULL : &http->history,
        .desk = desk,
        .request = &exchange->request,
        .body = bytes_slice(buf_view(&exchange->received), exchange->request.head_bytes,
                            (size_t)exchange->request.body_bytes),
    };
    http_route_answer(exchange->route, &question, &exchange->answer);
}

static void on_worked(uv_work_t *work, int status);

/* On a thread of libuv's. */
static void work_at_desk(uv_work_t *work) {
    struct http *http = work->data;
    /* A hint to the scheduler: clients' commands go first. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), HTTP_NICE);
    brine_assert_doing("answering HTTP");
    answer(http->at_desk, &http->desk);
    http_desk_end(&http->desk);
}

static void begin_next(struct http *http) {
    struct http_exchange *next = http->first_waiting;
    if (http->at_desk || !next) return;
    http->first_waiting = next->behind;
    if (!next->behind) http->last_waiting = NULL;
    http->at_desk = next;
    http->work.data = http;
    int code = uv_queue_work(&http->loop, &http->work, work_at_desk, on_worked);
    BRINE_ASSERT(code == 0, "work can always be queued");
}

static void on_worked(uv_work_t *work, int status UNUSED) {
    struct http *http = work->data;
    struct http_exchange *exchange = http->at_desk;
    http->at_desk = NULL;
    send_answer(exchange);
    if (uv_is_closing((uv_handle_t *)&http->listener))
        close_exchange(exchange);
    else
        begin_next(http);
}

/* Who is at the desk is among them.  They are at most half of all, because they are not evicted:
 * the other half is for /healthz and whatever else is answered at once. */
static size_t count_waiting(const struct http *http) {
    size_t waiting = 0;
    for (const struct http_exchange *each = http->oldest; each; each = each->newer)
        waiting += each->state == HTTP_WAITING;
    return waiting;
}

static void answer_request(struct http_exchange *exchange) {
    struct http *http = exchange->http;
    struct brine_error err;
    uv_read_stop((uv_stream_t *)&exchange->socket);
    /* The views once more: the bytes have moved as they grew. */
    enum brine_status status =
        http_request_parse(buf_view(&exchange->received), &exchange->request, &err);
    BRINE_ASSERT(status == BRINE_OK, "a request that was read can be read again");
    if (!http_route_is_slow(exchange->route)) {
        answer(exchange, NULL);
        send_answer(exchange);
        return;
    }
    if (count_waiting(http) >= http->exchanges_max / 2) {
        refuse(exchange, 503, "many are waiting already: ask again");
        return;
    }
    exchange->state = HTTP_WAITING;
    set_deadline(exchange, config_read(config_of(http)->http.timeout));
    *(http->last_waiting ? &http->last_waiting->behind : &http->first_waiting) = exchange;
    http->last_waiting = exchange;
    begin_next(http);
}

static void on_read(uv_stream_t *stream, ssize_t read_bytes, const uv_buf_t *room UNUSED) {
    struct http_exchange *exchange = stream->data;
    if (read_bytes < 0) {
        close_exchange(exchange);
        return;
    }
    if (exchange->state != HTTP_READING || read_bytes == 0) return;
    exchange->received.len += (size_t)read_bytes;
    if (exchange->due_bytes == 0 && !take_head(exchange)) return;
    if (exchange->received.len >= exchange->due_bytes) answer_request(exchange);
}

/* ---- sending ----------------------------------------------------------------------------------*/

static void on_shut(uv_shutdown_t *request, int status) {
    struct http_exchange *exchange = request->data;
    if (exchange->state == HTTP_CLOSING) return;
    exchange->state = HTTP_LINGERING;
    set_deadline(exchange, HTTP_LINGER_MS);
    if (status || uv_read_start((uv_stream_t *)&exchange->socket, on_room, on_read))
        close_exchange(exchange);
}

static void on_written(uv_write_t *write, int status) {
    struct http_exchange *exchange = write->data;
    if (exchange->state == HTTP_CLOSING) return;
    if (status || uv_shutdown(&exchange->shutdown, (uv_stream_t *)&exchange->socket, on_shut))
        close_exchange(exchange);
}

/* What a browser may do with the page, and with anything else here: nothing that it does not bring
 * itself. */
#define SECURITY_FIELDS                                                                            \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "X-Frame-Options: DENY\r\n"                                                                    \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "                    \
    "frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"

/* What a status has to be sent with. */
static const char *more_fields(const struct http_exchange *exchange) {
    if (exchange->answer.code == 401)
        return "WWW-Authenticate: Basic realm=\"brine\", charset=\"UTF-8\"\r\n";
    if (exchange->answer.code != 405) return "";
    return http_route_takes(exchange->route, HTTP_POST) ? "Allow: POST\r\n"
                                                        : "Allow: GET, HEAD\r\n";
}

static void send_answer(struct http_exchange *exchange) {
    struct http *http = exchange->http;
    struct http_answer *reply = &exchange->answer;
    struct bytes body = reply->fixed.data ? reply->fixed : buf_view(&reply->text);
    bool is_head = exchange->request.method == HTTP_HEAD && exchange->request.refusal == 0;
    int len = snprintf(exchange->head, sizeof exchange->head,
                       "HTTP/1.1 %u %s\r\n"
                       "Content-Type: %s\r\n"
                       "Content-Length: %zu\r\n"
                       "Connection: close\r\n"
                       "Cache-Control: no-store\r\n" SECURITY_FIELDS "%s\r\n",
                       reply->code, http_code_words(reply->code), reply->type, body.len,
                       more_fields(exchange));
    BRINE_ASSERT(len > 0 && (size_t)len < sizeof exchange->head, "the head of an answer fits");
    uv_buf_t out[] = {uv_buf_init(exchange->head, (unsigned)len),
                      uv_buf_init((char *)(uintptr_t)body.data, (unsigned)body.len)};
    count(&http->counts.requests_total);
    if (reply->code >= 400 && reply->code != 503) count(&http->counts.refused_total);
    uv_read_stop((uv_stream_t *)&exchange->socket);
    exchange->state = HTTP_SENDING;
    set_deadline(exchange, config_read(config_of(http)->http.timeout));
    if (uv_write(&exchange->write, (uv_stream_t *)&exchange->socket, out,
                 is_head || body.len == 0 ? 1 : 2, on_written))
        close_exchange(exchange);
}
