/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The same connection as client.c's, driven by libuv.
 *
 *   PAUSING --timer--> CONNECTING --> HANDSHAKE --> LOGIN --> READY
 *      ^                   |             |            |         |
 *      +-------------------+--- lost ----+------------+---------+        any --close--> CLOSED
 *
 * Each call has the position in the stream of bytes where it begins.  When the connection is lost,
 * those that begin before what has been written may have been carried out and are failed; the
 * others, and their bytes, wait for the next connection.
 *
 * The poll handle belongs to one socket, so each connection has its own, freed by its close
 * callback; the timer lives as long as the brine_async, which is freed by the timer's. */
#include "base/random.h"
#include "client/lib/database.h"
#include "client/lib/login.h"
#include "client/lib/reply.h"
#include "client/lib/transport.h"

#include <brine_client_uv.h>
#include <stdio.h>

enum { CALLS_FIRST = 64, CALLS_MAX = 1 << 24, READS_PER_TURN = 64, LOGIN_BYTES_MAX = 8192 };
enum state { STATE_PAUSING, STATE_CONNECTING, STATE_LOGIN, STATE_READY, STATE_CLOSED };

struct call {
    brine_async_reply_fn *callback;
    void *data;
    uint64_t begins; /* in the stream of all bytes ever appended */
};

struct poller {
    uv_poll_t poll;
    brine_async *async; /* NULL once it is closing */
};

struct brine_async {
    uv_loop_t *loop;
    struct endpoint endpoint;
    struct database database;
    struct brine_async_options options;
    struct transport transport;
    enum state state;
    bool handshaken;
    struct poller *poller; /* NULL: no socket */
    uv_timer_t timer;
    struct reply_stream stream;
    struct buf login;
    const char *login_names[LOGIN_COMMANDS_MAX];
    size_t login_due, login_count;
    struct buf out;
    uint64_t written;   /* position in the stream of out's first byte */
    struct call *calls; /* a ring */
    size_t calls_head, calls_count, calls_cap;
    int attempt;
    struct random random;
    brine_async_closed_fn *closed;
    void *closed_data;
};

static void on_ready(uv_poll_t *poll, int status, int events);
static void on_timer(uv_timer_t *timer);

/* ---- handles ----------------------------------------------------------------------------------*/

/* From here on the poller's memory is gone. */
static void on_poller_closed(uv_handle_t *handle) {
    struct poller *poller = CONTAINER_OF(handle, struct poller, poll);
    mem_free(mem_system(), poller, sizeof(*poller));
}

/* The handle before the socket: libuv must not be left polling a number that may be reused. */
static void drop_connection(brine_async *async) {
    if (async->poller) {
        uv_poll_stop(&async->poller->poll);
        async->poller->async = NULL;
        uv_close((uv_handle_t *)&async->poller->poll, on_poller_closed);
        async->poller = NULL;
    }
    transport_close(&async->transport);
    reply_stream_reset(&async->stream);
    buf_clear(&async->login);
    async->handshaken = false;
}

static bool watch(brine_async *async, int events) {
    if (!async->poller) {
        struct poller *poller = mem_alloc_zeroed(mem_system(), sizeof(*poller));
        if (!poller) return false;
        if (uv_poll_init(async->loop, &poller->poll, transport_socket(&async->transport)) != 0) {
            mem_free(mem_system(), poller, sizeof(*poller));
            return false;
        }
        poller->async = async;
        async->poller = poller;
    }
    return uv_poll_start(&async->poller->poll, events, on_ready) == 0;
}

static void changed(brine_async *async, bool connected, const char *why) {
    if (async->options.changed) async->options.changed(async, connected, why, async->options.data);
}

/* ---- calls that are due -----------------------------------------------------------------------*/

static bool is_sent(const brine_async *async) {
    return async->calls_count && async->calls[async->calls_head].begins < async->written;
}

/* The call whose reply comes next has timeout_ms from when it is the next. */
static void start_clock(brine_async *async) {
    int timeout_ms = async->endpoint.timeout_ms;
    if (async->state != STATE_READY) return;
    if (timeout_ms > 0 && is_sent(async))
        uv_timer_start(&async->timer, on_timer, (uint64_t)timeout_ms, 0);
    else
        uv_timer_stop(&async->timer);
}

static struct call take_call(brine_async *async) {
    struct call call = async->calls[async->calls_head];
    async->calls_head = (async->calls_head + 1) % async->calls_cap;
    async->calls_count--;
    return call;
}

static bool add_call(brine_async *async, struct call call) {
    if (async->calls_count == async->calls_cap) {
        size_t cap = MAX(async->calls_cap * 2, (size_t)CALLS_FIRST);
        if (cap > CALLS_MAX) return false;
        struct call *calls = mem_alloc(mem_system(), cap * sizeof(*calls));
        if (!calls) return false;
        for (size_t i = 0; i < async->calls_count; i++)
            calls[i] = async->calls[(async->calls_head + i) % async->calls_cap];
        mem_free(mem_system(), async->calls, async->calls_cap * sizeof(*calls));
        async->calls = calls;
        async->calls_cap = cap;
        async->calls_head = 0;
    }
    async->calls[(async->calls_head + async->calls_count++) % async->calls_cap] = call;
    return true;
}

/* Those that begin before `before`.  A callback may call and close. */
static void fail_calls(brine_async *async, uint64_t before) {
    while (async->calls_count && async->calls[async->calls_head].begins < before) {
        struct call call = take_call(async);
        database_answered(&async->database, &(struct brine_reply){.type = BRINE_REPLY_NIL});
        if (call.callback) call.callback(async, BRINE_CLIENT_DISCONNECTED, NULL, call.data);
    }
}

/* Out begins with the rest of what was sent in part: it goes, up to the first call that was not. */
static void forget_sent(brine_async *async) {
    uint64_t end = async->written + async->out.len, first = end, sent = async->written;
    for (size_t i = 0; i < async->calls_count && first == end; i++) {
        uint64_t begins = async->calls[(async->calls_head + i) % async->calls_cap].begins;
        if (begins >= sent) first = begins;
    }
    buf_consume(&async->out, (size_t)(first - async->written));
    async->written = first;
    fail_calls(async, first);
}

/* ---- losing and making connections ------------------------------------------------------------*/

static void pause_and_retry(brine_async *async) {
    struct brine_client_options *client = &async->options.client;
    int pause_ms = async->attempt ? login_pause_ms(client, async->attempt, &async->random) : 0;
    if (async->attempt < INT16_MAX) async->attempt++;
    async->state = STATE_PAUSING;
    uv_timer_start(&async->timer, on_timer, (uint64_t)pause_ms, 0);
}

static void lose(brine_async *async, const char *why) {
    char text[512];
    snprintf(text, sizeof text, "%s", why);
    if (async->state == STATE_CLOSED) return;
    drop_connection(async);
    async->state = STATE_PAUSING;
    database_end_transaction(&async->database);
    forget_sent(async);
    if (async->state != STATE_CLOSED) changed(async, false, text);
    if (async->state != STATE_CLOSED) pause_and_retry(async);
}

static void lose_by(brine_async *async, enum transport_result result) {
    lose(async,
         result == TRANSPORT_CLOSED ? "the server closed the connection" : async->transport.why);
}

static void start_connecting(brine_async *async) {
    async->state = STATE_CONNECTING;
    enum transport_result result = transport_connect(&async->transport, &async->endpoint, 0, false);
    if (result != TRANSPORT_OK) {
        lose_by(async, result);
        return;
    }
    int timeout_ms = async->options.client.connect_timeout_ms;
    uv_timer_start(&async->timer, on_timer, (uint64_t)timeout_ms, 0);
    if (!watch(async, UV_WRITABLE)) lose(async, "the socket cannot be watched");
}

/* The end of a pause, or of the patience with a connection in the making or with a reply. */
static void on_timer(uv_timer_t *timer) {
    brine_async *async = CONTAINER_OF(timer, brine_async, timer);
    if (async->state == STATE_PAUSING)
        start_connecting(async);
    else if (async->state == STATE_CONNECTING || async->state == STATE_LOGIN)
        lose(async, "no connection in time");
    else if (async->state == STATE_READY)
        lose(async, "the server did not answer in time");
}

static void become_ready(brine_async *async) {
    async->state = STATE_READY;
    async->attempt = 0;
    uv_timer_stop(&async->timer);
    changed(async, true, "connected");
}

static void begin_login(brine_async *async) {
    async->state = STATE_LOGIN;
    async->login_due = 0;
    if (login_commands(&async->endpoint, &async->login, async->login_names, &async->login_count) !=
        BRINE_OK)
        lose(async, "no memory to log in");
    else if (async->login_count == 0)
        become_ready(async);
}

/* ---- moving bytes -----------------------------------------------------------------------------*/

static void take_login_reply(brine_async *async, const struct brine_reply *reply) {
    if (reply->type == BRINE_REPLY_ERROR) {
        char text[512];
        snprintf(text, sizeof text, "%s: %.480s", async->login_names[async->login_due],
                 reply->text);
        lose(async, text);
    } else if (++async->login_due == async->login_count) {
        become_ready(async);
    }
}

static enum brine_client_status judge(const struct brine_reply *reply) {
    if (reply->type != BRINE_REPLY_ERROR) return BRINE_CLIENT_OK;
    return brine_verdict_parse(reply->text, reply->len, NULL) ? BRINE_CLIENT_REFUSED
                                                              : BRINE_CLIENT_ERROR_REPLY;
}

/* A call whose first byte has not left cannot have been answered: that reply is a message. */
static void take_answer(brine_async *async, const struct brine_reply *reply) {
    bool answers = reply->type != BRINE_REPLY_PUSH && is_sent(async);
    if (!answers) {
        if (async->options.message)
            async->options.message(async, judge(reply), reply, async->options.data);
        return;
    }
    struct call call = take_call(async);
    database_answered(&async->database, reply);
    async->endpoint.db = async->database.current; /* of the next connection too */
    start_clock(async);
    if (call.callback) call.callback(async, judge(reply), reply, call.data);
}

/* The replies that have come.  False when the connection is gone. */
static bool take_replies(brine_async *async) {
    for (;;) {
        struct brine_reply *reply;
        struct brine_error err = {0};
        enum brine_status status = reply_stream_next(&async->stream, &reply, &err);
        if (status == BRINE_NEED_MORE) return true;
        if (status != BRINE_OK) {
            lose(async, err.text);
            return false;
        }
        enum state before = async->state;
        if (before == STATE_LOGIN)
            take_login_reply(async, reply);
        else
            take_answer(async, reply);
        brine_reply_free(reply);
        if (!async->poller) return false;
    }
}

static bool read_replies(brine_async *async) {
    struct buf *input = &async->stream.input;
    for (int i = 0; i < READS_PER_TURN || async->transport.ssl; i++) {
        size_t got;
        if (reply_stream_reserve(&async->stream) != BRINE_OK) {
            lose(async, "no memory for the reply");
            return false;
        }
        enum transport_result result = transport_read(&async->transport, input->data + input->len,
                                                      input->cap - input->len, &got);
        input->len += got;
        if (result == TRANSPORT_WANT_READ || result == TRANSPORT_WANT_WRITE) return true;
        if (result != TRANSPORT_OK) {
            lose_by(async, result);
            return false;
        }
        if (!take_replies(async)) return false;
    }
    return true;
}

/* Sets *more when it has to wait before all is out. */
static bool write_from(brine_async *async, struct buf *from, size_t *total, bool *more) {
    size_t at = 0, written = 0;
    enum transport_result result = TRANSPORT_OK;
    while (at < from->len && result == TRANSPORT_OK) {
        struct bytes rest = bytes_slice(buf_view(from), at, from->len);
        result = transport_write(&async->transport, rest, &written);
        at += written;
    }
    buf_consume(from, at);
    *total = at;
    *more = from->len > 0;
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED) {
        lose_by(async, result);
        return false;
    }
    return true;
}

static bool write_calls(brine_async *async) {
    size_t total = 0;
    bool more = false;
    if (async->state == STATE_LOGIN && !write_from(async, &async->login, &total, &more))
        return false;
    if (async->state == STATE_READY) {
        /* Counted before it is sent: what fails half way may have arrived. */
        uint64_t before = async->written;
        async->written += async->out.len;
        size_t len = async->out.len;
        if (!write_from(async, &async->out, &total, &more)) return false;
        if (total < len) async->written = before + total;
        if (!uv_is_active((uv_handle_t *)&async->timer)) start_clock(async);
    }
    if (watch(async, more ? UV_READABLE | UV_WRITABLE : UV_READABLE)) return true;
    lose(async, "the socket cannot be watched");
    return false;
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    brine_async *async = CONTAINER_OF(poll, struct poller, poll)->async;
    (void)events;
    if (!async) return;
    if (status < 0) {
        lose(async, uv_strerror(status));
        return;
    }
    if (!async->handshaken) {
        enum transport_result result = transport_handshake(&async->transport);
        if (result == TRANSPORT_WANT_READ || result == TRANSPORT_WANT_WRITE) {
            bool reads = result == TRANSPORT_WANT_READ;
            if (!watch(async, reads ? UV_READABLE : UV_WRITABLE)) lose(async, "cannot be watched");
            return;
        }
        if (result != TRANSPORT_OK) {
            lose_by(async, result);
            return;
        }
        async->handshaken = true;
        begin_login(async);
    } else if (!read_replies(async)) {
        return;
    }
    if (async->poller) (void)write_calls(async);
}

/* ---- the handle -------------------------------------------------------------------------------*/

static void destroy(brine_async *async) {
    transport_deinit(&async->transport);
    reply_stream_deinit(&async->stream);
    buf_deinit(&async->login);
    buf_deinit(&async->out);
    database_deinit(&async->database);
    mem_free(mem_system(), async->calls, async->calls_cap * sizeof(*async->calls));
    mem_clear(&async->endpoint, sizeof async->endpoint);
    mem_free(mem_system(), async, sizeof(*async));
}

enum brine_client_status brine_async_open(uv_loop_t *loop, const char *url,
                                          const struct brine_async_options *options,
                                          brine_async **async_out, struct brine_client_error *err) {
    struct brine_error why = {0};
    *async_out = NULL;
    brine_async *async = mem_alloc_zeroed(mem_system(), sizeof(*async));
    if (!async) return BRINE_CLIENT_NO_MEMORY;
    if (options) async->options = *options;
    if (async->options.out_bytes_max == 0) async->options.out_bytes_max = 64 << 20;
    struct brine_client_options *client = &async->options.client;
    *client = login_options(client);
    async->loop = loop;
    reply_stream_init(&async->stream, mem_system(), client->reply_bytes_max);
    buf_init(&async->login, mem_system(), LOGIN_BYTES_MAX);
    buf_init(&async->out, mem_system(), async->options.out_bytes_max);
    random_init(&async->random, login_seed());
    enum brine_status status = login_endpoint(url, client, &async->endpoint, &why);
    database_init(&async->database, mem_system(), async->endpoint.db);
    if (status == BRINE_OK)
        status = transport_init(&async->transport, &async->endpoint, client, &why);
    if (status == BRINE_OK && uv_timer_init(loop, &async->timer) != 0)
        status = brine_fail(&why, BRINE_NO_MEMORY, 0, "the loop takes no timer");
    if (status != BRINE_OK) {
        destroy(async);
        enum brine_client_status result =
            status == BRINE_NO_MEMORY ? BRINE_CLIENT_NO_MEMORY : BRINE_CLIENT_MISUSE;
        if (err) {
            err->status = result;
            snprintf(err->text, sizeof err->text, "%s", why.text);
        }
        return result;
    }
    pause_and_retry(async);
    *async_out = async;
    return BRINE_CLIENT_OK;
}

enum brine_client_status brine_async_call(brine_async *async, const struct brine_text *args,
                                          size_t count, brine_async_reply_fn *callback,
                                          void *data) {
    if (count == 0 || async->state == STATE_CLOSED) return BRINE_CLIENT_MISUSE;
    size_t before = async->out.len;
    struct call call = {callback, data, async->written + before};
    bool ok = login_encode(&async->out, args, count) == BRINE_OK && add_call(async, call);
    if (ok && database_sent(&async->database, args, count) != BRINE_OK) {
        async->calls_count--;
        ok = false;
    }
    if (!ok) {
        async->out.len = before;
        return BRINE_CLIENT_NO_MEMORY;
    }
    if (async->state == STATE_READY && async->poller) (void)watch(async, UV_READABLE | UV_WRITABLE);
    return BRINE_CLIENT_OK;
}

/* The last handle of it is gone. */
static void on_timer_closed(uv_handle_t *handle) {
    brine_async *async = CONTAINER_OF(handle, brine_async, timer);
    brine_async_closed_fn *closed = async->closed;
    void *data = async->closed_data;
    destroy(async);
    if (closed) closed(data);
}

void brine_async_close(brine_async *async, brine_async_closed_fn *closed, void *data) {
    if (async->state == STATE_CLOSED) return;
    async->state = STATE_CLOSED;
    async->closed = closed;
    async->closed_data = data;
    drop_connection(async);
    fail_calls(async, UINT64_MAX);
    uv_close((uv_handle_t *)&async->timer, on_timer_closed);
}
