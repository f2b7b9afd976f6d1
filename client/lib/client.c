/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A connection driven by waiting in poll().
 *
 * Invariant: `due` is how many replies the server owes for what has been sent or is in `out`.  When
 * the connection is lost, both are forgotten: what was appended may have been carried out, so it is
 * never sent again.  A new connection is made only for what was appended after that. */
#include "client/lib/brine_client.h"

#include "base/random.h"
#include "client/lib/database.h"
#include "client/lib/login.h"
#include "client/lib/reply.h"
#include "client/lib/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#define OUT_BYTES_MAX ((size_t)4 << 30)
enum { OUT_KEEP_BYTES = 1 << 20, MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct brine_client {
    struct endpoint endpoint;
    struct brine_client_options options;
    struct transport transport;
    bool connected;
    struct reply_stream stream;
    struct buf out; /* not yet written, from out_at on */
    size_t out_at;
    size_t due;
    struct database database;
    int64_t due_at_mono_ms; /* when the call that is waited for has to be over; 0: never */
    struct random random;
    struct brine_client_error error;
};

/* ---- errors -----------------------------------------------------------------------------------*/

static enum brine_client_status fail(brine_client *client, enum brine_client_status status,
                                     const char *text) {
    client->error.status = status;
    snprintf(client->error.text, sizeof client->error.text, "%s", text);
    return status;
}

static enum brine_client_status status_of(enum brine_status status) {
    if (status == BRINE_NO_MEMORY) return BRINE_CLIENT_NO_MEMORY;
    if (status == BRINE_INVALID) return BRINE_CLIENT_MISUSE;
    return BRINE_CLIENT_NONSENSE;
}

static void disconnect(brine_client *client) {
    transport_close(&client->transport);
    reply_stream_reset(&client->stream);
    buf_clear(&client->out);
    client->out_at = 0;
    client->due = 0;
    database_forget(&client->database);
    client->connected = false;
}

static enum brine_client_status lose(brine_client *client, enum brine_client_status status,
                                     const char *text) {
    disconnect(client);
    return fail(client, status, text);
}

/* What a transport that failed means for the caller. */
static enum brine_client_status lose_by(brine_client *client, enum transport_result result) {
    char why[sizeof client->transport.why];
    snprintf(why, sizeof why, "%s", client->transport.why);
    return lose(client, BRINE_CLIENT_DISCONNECTED,
                result == TRANSPORT_CLOSED ? "the server closed the connection" : why);
}

const struct brine_client_error *brine_last_error(const brine_client *client) {
    return &client->error;
}

int brine_socket(const brine_client *client) {
    return client->connected ? transport_socket(&client->transport) : -1;
}

int brine_database(const brine_client *client) {
    return client->database.current;
}

/* ---- time -------------------------------------------------------------------------------------*/

/* A whole call has one time to be over, not each of its reads: a server that says a byte now and
 * then, or one message after the other that nobody asked for, would hold its client for ever. */

static int64_t mono_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static void start_clock(brine_client *client, int timeout_ms) {
    client->due_at_mono_ms = timeout_ms > 0 ? mono_ms() + timeout_ms : 0;
}

/* What poll() may wait; 0 when the time is over. */
static int time_left_ms(const brine_client *client) {
    if (client->due_at_mono_ms == 0) return -1;
    int64_t left_ms = client->due_at_mono_ms - mono_ms();
    return (int)MIN(MAX(left_ms, (int64_t)0), (int64_t)INT32_MAX);
}

/* ---- moving bytes -----------------------------------------------------------------------------*/

/* Until one of `events` is there; they stand in *found, which may be NULL. */
static enum brine_client_status wait_for(brine_client *client, short events, short *found) {
    struct pollfd poll_fd = {.fd = transport_socket(&client->transport), .events = events};
    int ready;
    do ready = poll(&poll_fd, 1, time_left_ms(client));
    while (ready < 0 && errno == EINTR);
    if (found) *found = poll_fd.revents;
    if (ready > 0) return BRINE_CLIENT_OK;
    if (ready == 0)
        return lose(client, BRINE_CLIENT_TIMED_OUT, "the server did not answer in time");
    return lose(client, BRINE_CLIENT_DISCONNECTED, strerror(errno));
}

static short events_of(enum transport_result what) {
    return what == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN;
}

/* Reads what is there, or waits for it. */
static enum brine_client_status read_more(brine_client *client) {
    struct buf *input = &client->stream.input;
    if (reply_stream_reserve(&client->stream) != BRINE_OK)
        return lose(client, BRINE_CLIENT_NO_MEMORY, "no memory for the reply");
    for (;;) {
        /* Looked at before reading too: what always has more to say never lets us wait. */
        if (time_left_ms(client) == 0)
            return lose(client, BRINE_CLIENT_TIMED_OUT, "the server did not answer in time");
        size_t got;
        enum transport_result result = transport_read(&client->transport, input->data + input->len,
                                                      input->cap - input->len, &got);
        input->len += got;
        if (result == TRANSPORT_OK) return BRINE_CLIENT_OK;
        if (result != TRANSPORT_WANT_READ && result != TRANSPORT_WANT_WRITE)
            return lose_by(client, result);
        enum brine_client_status status = wait_for(client, events_of(result), NULL);
        if (status != BRINE_CLIENT_OK) return status;
    }
}

/* While a long pipeline is written the server may stop reading until its replies are read; so when
 * writing has to wait, what has come is read. */
static enum brine_client_status wait_to_write(brine_client *client, enum transport_result what) {
    short events = POLLIN | (what == TRANSPORT_WANT_WRITE ? POLLOUT : 0), found;
    enum brine_client_status status = wait_for(client, events, &found);
    if (status != BRINE_CLIENT_OK) return status;
    return found & POLLIN ? read_more(client) : BRINE_CLIENT_OK;
}

static enum brine_client_status write_all(brine_client *client) {
    while (client->out_at < client->out.len) {
        size_t written;
        struct bytes rest = bytes_slice(buf_view(&client->out), client->out_at, client->out.len);
        enum transport_result result = transport_write(&client->transport, rest, &written);
        client->out_at += written;
        if (result == TRANSPORT_OK) continue;
        if (result != TRANSPORT_WANT_READ && result != TRANSPORT_WANT_WRITE)
            return lose_by(client, result);
        enum brine_client_status status = wait_to_write(client, result);
        if (status != BRINE_CLIENT_OK) return status;
    }
    buf_clear(&client->out);
    buf_shrink(&client->out, OUT_KEEP_BYTES);
    client->out_at = 0;
    return BRINE_CLIENT_OK;
}

static enum brine_client_status take_reply(brine_client *client, struct brine_reply **reply) {
    for (;;) {
        struct brine_error err = {0};
        enum brine_status status = reply_stream_next(&client->stream, reply, &err);
        if (status == BRINE_OK) return BRINE_CLIENT_OK;
        if (status != BRINE_NEED_MORE) return lose(client, status_of(status), err.text);
        enum brine_client_status more = read_more(client);
        if (more != BRINE_CLIENT_OK) return more;
    }
}

/* ---- connecting -------------------------------------------------------------------------------*/

static enum brine_client_status unreachable(brine_client *client, const char *why) {
    char place[URL_TEXT_BYTES + 16], text[sizeof client->error.text];
    endpoint_text(&client->endpoint, place, sizeof place);
    snprintf(text, sizeof text, "Could not connect to %.200s: %.250s", place, why);
    return lose(client, BRINE_CLIENT_UNREACHABLE, text);
}

static enum brine_client_status log_in(brine_client *client) {
    const char *names[LOGIN_COMMANDS_MAX];
    size_t count;
    if (login_commands(&client->endpoint, &client->out, names, &count) != BRINE_OK)
        return lose(client, BRINE_CLIENT_NO_MEMORY, "no memory to log in");
    enum brine_client_status status = write_all(client);
    for (size_t i = 0; status == BRINE_CLIENT_OK && i < count; i++) {
        struct brine_reply *reply;
        status = take_reply(client, &reply);
        if (status != BRINE_CLIENT_OK) break;
        if (reply->type == BRINE_REPLY_ERROR) {
            char text[sizeof client->error.text];
            snprintf(text, sizeof text, "%s: %.480s", names[i], reply->text);
            status = lose(client, BRINE_CLIENT_UNREACHABLE, text);
        }
        brine_reply_free(reply);
    }
    return status;
}

static enum brine_client_status connect_once(brine_client *client) {
    struct transport *transport = &client->transport;
    int timeout_ms = client->options.connect_timeout_ms;
    start_clock(client, timeout_ms);
    enum transport_result result =
        transport_connect(transport, &client->endpoint, timeout_ms, true);
    while (result == TRANSPORT_OK && (result = transport_handshake(transport)) != TRANSPORT_OK) {
        if (result != TRANSPORT_WANT_READ && result != TRANSPORT_WANT_WRITE) break;
        if (wait_for(client, events_of(result), NULL) != BRINE_CLIENT_OK)
            return unreachable(client, "no answer in time");
        result = TRANSPORT_OK;
    }
    if (result != TRANSPORT_OK) {
        char why[sizeof transport->why];
        snprintf(why, sizeof why, "%s", transport->why);
        return unreachable(client, why);
    }
    client->connected = true;
    enum brine_client_status status = log_in(client);
    return status == BRINE_CLIENT_TIMED_OUT ? unreachable(client, "no answer in time") : status;
}

/* Pauses between attempts.  A refused login ends them: it would be refused again. */
static enum brine_client_status connect_again(brine_client *client) {
    enum brine_client_status status = connect_once(client);
    for (int attempt = 1; status == BRINE_CLIENT_UNREACHABLE && attempt < client->options.tries_max;
         attempt++) {
        if (strncmp(client->error.text, "Could not connect", 17) != 0) break;
        (void)poll(NULL, 0, login_pause_ms(&client->options, attempt, &client->random));
        status = connect_once(client);
    }
    return status;
}

static enum brine_client_status make_sure(brine_client *client) {
    bool idle = client->due == 0 && client->out.len == 0;
    if (client->connected && idle && transport_is_stale(&client->transport)) disconnect(client);
    if (client->connected) return BRINE_CLIENT_OK;
    if (client->options.tries_max == 0)
        return fail(client, BRINE_CLIENT_DISCONNECTED, "there is no connection any more");
    return connect_again(client);
}

static brine_client *create(const char *url, const struct brine_client_options *options,
                            struct brine_error *err) {
    brine_client *client = mem_alloc_zeroed(mem_system(), sizeof(*client));
    if (!client) {
        brine_fail(err, BRINE_NO_MEMORY, 0, "no memory for a client");
        return NULL;
    }
    client->options = login_options(options);
    enum brine_status status = login_endpoint(url, &client->options, &client->endpoint, err);
    if (status == BRINE_OK)
        status = transport_init(&client->transport, &client->endpoint, &client->options, err);
    reply_stream_init(&client->stream, mem_system(), client->options.reply_bytes_max);
    buf_init(&client->out, mem_system(), OUT_BYTES_MAX);
    database_init(&client->database, mem_system(), client->endpoint.db);
    random_init(&client->random, login_seed());
    if (status == BRINE_OK) return client;
    brine_close(client);
    return NULL;
}

enum brine_client_status brine_open(const char *url, const struct brine_client_options *options,
                                    brine_client **client, struct brine_client_error *err) {
    struct brine_error why = {0};
    struct brine_client_error error = {0};
    *client = create(url, options, &why);
    if (!*client) {
        error.status = status_of(why.status);
        snprintf(error.text, sizeof error.text, "%s", why.text);
    } else if (connect_once(*client) != BRINE_CLIENT_OK) {
        error = (*client)->error;
        brine_close(*client);
        *client = NULL;
    }
    if (err) *err = error;
    return error.status;
}

void brine_close(brine_client *client) {
    if (!client) return;
    transport_deinit(&client->transport);
    reply_stream_deinit(&client->stream);
    buf_deinit(&client->out);
    database_deinit(&client->database);
    mem_clear(&client->endpoint, sizeof client->endpoint); /* it holds the password */
    mem_free(mem_system(), client, sizeof(*client));
}

void brine_set_timeout(brine_client *client, int timeout_ms) {
    client->endpoint.timeout_ms = timeout_ms;
}

/* ---- calls ------------------------------------------------------------------------------------*/

enum brine_client_status brine_append(brine_client *client, const struct brine_text *args,
                                      size_t count) {
    if (count == 0) return fail(client, BRINE_CLIENT_MISUSE, "a command without a name");
    /* A new connection forgets what was appended, so it is made before. */
    enum brine_client_status status = make_sure(client);
    if (status != BRINE_CLIENT_OK) return status;
    size_t before = client->out.len;
    if (login_encode(&client->out, args, count) != BRINE_OK ||
        database_sent(&client->database, args, count) != BRINE_OK) {
        client->out.len = before;
        return fail(client, BRINE_CLIENT_NO_MEMORY, "no memory for the command");
    }
    client->due++;
    return BRINE_CLIENT_OK;
}

static enum brine_client_status flush(brine_client *client) {
    return client->out.len == client->out_at ? BRINE_CLIENT_OK : write_all(client);
}

enum brine_client_status brine_flush(brine_client *client) {
    start_clock(client, client->endpoint.timeout_ms);
    return flush(client);
}

/* What an error reply means, kept as the last error. */
static enum brine_client_status judge(brine_client *client, const struct brine_reply *reply) {
    if (reply->type != BRINE_REPLY_ERROR) return BRINE_CLIENT_OK;
    bool refused = brine_verdict_parse(reply->text, reply->len, NULL);
    return fail(client, refused ? BRINE_CLIENT_REFUSED : BRINE_CLIENT_ERROR_REPLY, reply->text);
}

static enum brine_client_status take(brine_client *client, struct brine_reply **reply) {
    *reply = NULL;
    if (!client->connected)
        return fail(client, BRINE_CLIENT_DISCONNECTED, "there is no connection any more");
    enum brine_client_status status = flush(client);
    if (status == BRINE_CLIENT_OK) status = take_reply(client, reply);
    if (status != BRINE_CLIENT_OK) return status;
    if (client->due && (*reply)->type != BRINE_REPLY_PUSH) {
        client->due--;
        /* A connection that is made again has to be in the database in which the last one was:
         * otherwise a later SET would quietly go elsewhere. */
        database_answered(&client->database, *reply);
        client->endpoint.db = client->database.current;
    }
    return judge(client, *reply);
}

enum brine_client_status brine_take(brine_client *client, struct brine_reply **reply) {
    start_clock(client, client->endpoint.timeout_ms);
    return take(client, reply);
}

enum brine_client_status brine_take_reply(brine_client *client, struct brine_reply **reply) {
    enum brine_client_status status;
    *reply = NULL;
    /* Without a timeout it would be waited for until the server goes. */
    if (client->connected && client->due == 0)
        return fail(client, BRINE_CLIENT_MISUSE, "no reply is due");
    start_clock(client, client->endpoint.timeout_ms);
    while ((status = take(client, reply)) == BRINE_CLIENT_OK) {
        if ((*reply)->type != BRINE_REPLY_PUSH) break;
        brine_reply_free(*reply);
        *reply = NULL;
    }
    return status;
}

enum brine_client_status brine_call(brine_client *client, const struct brine_text *args,
                                    size_t count, struct brine_reply **reply) {
    *reply = NULL;
    if (client->due)
        return fail(client, BRINE_CLIENT_MISUSE, "replies of a pipeline have not been taken");
    enum brine_client_status status = brine_append(client, args, count);
    return status == BRINE_CLIENT_OK ? brine_take_reply(client, reply) : status;
}
