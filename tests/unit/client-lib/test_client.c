/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A client and a server that is a list of bytes to say: each connection gets the next of the list,
 * whatever it asks, in one piece or byte by byte, and is then closed or held open. */
#include "base/bytes.h"

#include <brine_client.h>
#include <brine_client_uv.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SCRIPTS_MAX = 8, INPUT_BYTES = 65536 };

struct script {
    const char *says;  /* after the first bytes have come */
    bool at_once;      /* before any have */
    bool holds;        /* until the client hangs up */
    const char *again; /* said over and over after it, until the client hangs up */
    int pause_ms;      /* between two of them */
};

struct fake {
    struct script scripts[SCRIPTS_MAX];
    size_t count;
    int listener;
    char path[64], url[80];
    pthread_t thread;
    _Atomic size_t accepted;
    char heard[INPUT_BYTES]; /* by the last connection */
};

static void serve(struct fake *fake, int fd, const struct script *script) {
    size_t heard = 0;
    ssize_t got = 1;
    if (!script->at_once) got = read(fd, fake->heard, INPUT_BYTES - 1);
    heard = got > 0 ? (size_t)got : 0;
    fake->heard[script->at_once ? 0 : heard] = 0;
    if (script->says) (void)!write(fd, script->says, strlen(script->says));
    char rest[512];
    while (script->again && send(fd, script->again, strlen(script->again), MSG_NOSIGNAL) > 0)
        (void)poll(NULL, 0, script->pause_ms);
    while (script->holds && read(fd, rest, sizeof rest) > 0) continue;
    close(fd);
}

static void *run(void *context) {
    struct fake *fake = context;
    for (size_t i = 0; i < fake->count; i++) {
        int fd = accept(fake->listener, NULL, NULL);
        if (fd < 0) break;
        atomic_fetch_add(&fake->accepted, 1);
        serve(fake, fd, &fake->scripts[i]);
    }
    return NULL;
}

static void start(struct fake *fake) {
    static _Atomic int number;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(fake->path, sizeof fake->path, "/tmp/brine_test_%d_%d", (int)getpid(),
             atomic_fetch_add(&number, 1));
    snprintf(fake->url, sizeof fake->url, "unix://%s", fake->path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fake->path);
    unlink(fake->path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(fake->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fake->listener, 8), 0);
    cr_assert_eq(pthread_create(&fake->thread, NULL, run, fake), 0);
}

static void stop(struct fake *fake) {
    shutdown(fake->listener, SHUT_RDWR);
    close(fake->listener);
    pthread_join(fake->thread, NULL);
    unlink(fake->path);
}

static brine_client *open_client(const struct fake *fake,
                                 const struct brine_client_options *options) {
    brine_client *client;
    struct brine_client_error err = {0};
    cr_assert_eq(brine_open(fake->url, options, &client, &err), BRINE_CLIENT_OK, "%s", err.text);
    return client;
}

static enum brine_client_status get(brine_client *client, struct brine_reply **reply) {
    return brine_get(client, BRINE_TEXT("k"), reply);
}

Test(client, a_call_sends_what_redis_expects_and_takes_the_reply) {
    struct fake fake = {.scripts = {{.says = "$2\r\nhi\r\n", .holds = true}}, .count = 1};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, NULL);
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_OK);
    cr_expect_str_eq(reply->text, "hi");
    cr_expect_str_eq(fake.heard, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    brine_close(client);
    cr_expect_str_eq(reply->text, "hi", "a reply outlives its client");
    brine_reply_free(reply);
    stop(&fake);
}

Test(client, a_login_is_sent_before_anything_and_its_refusal_is_known_at_once) {
    struct fake fake = {.scripts = {{.says = "-WRONGPASS no\r\n+OK\r\n", .holds = true}},
                        .count = 1};
    struct brine_client_options options = {.user = "ada", .password = "pw", .db = 3};
    struct brine_client_error err;
    brine_client *client;
    start(&fake);
    cr_expect_eq(brine_open(fake.url, &options, &client, &err), BRINE_CLIENT_UNREACHABLE);
    cr_expect_str_eq(err.text, "AUTH: WRONGPASS no");
    cr_expect_null(client);
    stop(&fake);
    cr_expect_str_eq(fake.heard, "*3\r\n$4\r\nAUTH\r\n$3\r\nada\r\n$2\r\npw\r\n"
                                 "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
}

Test(client, a_refusal_of_the_gate_is_a_struct) {
    struct fake fake = {
        .scripts = {{.says = "-PICKLEDENIED offset 5: GLOBAL imports os.system; not in policy 'p' "
                             "(rule 1, key 'k')\r\n",
                     .holds = true}},
        .count = 1};
    struct brine_verdict verdict;
    start(&fake);
    brine_client *client = open_client(&fake, NULL);
    cr_expect_eq(brine_set(client, BRINE_TEXT("k"), BRINE_TEXT("v"), 1500, &verdict),
                 BRINE_CLIENT_REFUSED);
    cr_expect_eq(verdict.offset, 5);
    cr_expect_str_eq(verdict.global, "os.system");
    cr_expect_not_null(strstr(fake.heard, "$2\r\nPX\r\n$4\r\n1500\r\n"));
    brine_close(client);
    stop(&fake);
}

Test(client, what_is_lost_during_a_call_is_not_sent_again_and_the_next_call_connects) {
    struct fake fake = {.scripts = {{.says = "$5\r\nab"}, {.says = "+OK\r\n", .holds = true}},
                        .count = 2};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, &(struct brine_client_options){.pause_first_ms = 1});
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_DISCONNECTED);
    cr_expect_null(reply);
    cr_expect_eq(atomic_load(&fake.accepted), 1, "nothing was sent twice");
    cr_expect_eq(brine_socket(client), -1);
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_OK);
    cr_expect_str_eq(reply->text, "OK");
    brine_reply_free(reply);
    brine_close(client);
    stop(&fake);
}

Test(client, a_new_connection_is_in_the_database_of_the_last_select) {
    static const char select[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n";
    struct fake fake = {.scripts = {{.says = "+OK\r\n"}, {.says = "+OK\r\n+OK\r\n", .holds = true}},
                        .count = 2};
    struct brine_text seven[] = {BRINE_TEXT("select"), BRINE_TEXT("7")};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, &(struct brine_client_options){.pause_first_ms = 1});
    cr_expect_eq(brine_append(client, seven, 2), BRINE_CLIENT_OK);
    cr_expect_eq(brine_take(client, &reply), BRINE_CLIENT_OK);
    brine_reply_free(reply);
    struct pollfd ended = {.fd = brine_socket(client), .events = POLLIN};
    cr_expect_eq(poll(&ended, 1, 10000), 1, "the server hangs up");
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_OK);
    brine_reply_free(reply);
    cr_expect(strncmp(fake.heard, select, sizeof select - 1) == 0, "heard '%s'", fake.heard);
    brine_close(client);
    stop(&fake);
}

Test(client, the_database_is_that_of_the_last_select_until_a_reset) {
    static const struct {
        const char *says;
        int before;
        const char *words[2];
        int after;
    } rows[] = {
        {"+OK\r\n", 0, {"SELECT", "7"}, 7},
        {"-ERR DB index is out of range\r\n", 0, {"SELECT", "99"}, 0},
        {"+OK\r\n+RESET\r\n", 7, {"reset"}, 0}, /* the first is the login's */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.scripts = {{.says = rows[i].says, .holds = true}}, .count = 1};
        struct brine_text args[2] = {brine_text_of(rows[i].words[0])};
        struct brine_reply *reply;
        if (rows[i].words[1]) args[1] = brine_text_of(rows[i].words[1]);
        start(&fake);
        brine_client *client =
            open_client(&fake, &(struct brine_client_options){.db = rows[i].before});
        cr_expect_eq(brine_database(client), rows[i].before, "row %zu", i);
        (void)brine_call(client, args, rows[i].words[1] ? 2 : 1, &reply);
        cr_expect_eq(brine_database(client), rows[i].after, "row %zu", i);
        brine_reply_free(reply);
        brine_close(client);
        stop(&fake);
    }
}

Test(client, without_tries_a_lost_connection_stays_lost) {
    struct fake fake = {.scripts = {{.says = "+OK\r\n"}}, .count = 1};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, &(struct brine_client_options){.tries_max = -1});
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_OK);
    brine_reply_free(reply);
    stop(&fake);
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_DISCONNECTED);
    brine_close(client);
}

Test(client, silence_ends_in_a_timeout) {
    struct fake fake = {.scripts = {{.says = NULL, .holds = true}}, .count = 1};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, &(struct brine_client_options){.timeout_ms = 20});
    cr_expect_eq(get(client, &reply), BRINE_CLIENT_TIMED_OUT);
    cr_expect_null(reply);
    brine_close(client);
    stop(&fake);
}

Test(client, a_server_that_never_ends_has_no_more_time_than_a_silent_one) {
    static const struct {
        const char *what;
        struct script script;
    } rows[] = {
        {"a byte now and then", {.says = "$1000000\r\n", .again = "x", .pause_ms = 2}},
        {"elements now and then", {.says = "*1000000\r\n", .again = ":1\r\n", .pause_ms = 2}},
        {"messages now and then", {.says = NULL, .again = ">1\r\n+m\r\n", .pause_ms = 2}},
        {"messages without a pause", {.says = NULL, .again = ">1\r\n+m\r\n"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.scripts = {rows[i].script}, .count = 1};
        struct brine_reply *reply;
        start(&fake);
        brine_client *client = open_client(&fake, &(struct brine_client_options){.timeout_ms = 50});
        cr_expect_eq(get(client, &reply), BRINE_CLIENT_TIMED_OUT, "%s", rows[i].what);
        cr_expect_null(reply);
        cr_expect_eq(brine_socket(client), -1);
        brine_close(client);
        stop(&fake);
    }
}

Test(client, a_login_has_the_time_of_connecting) {
    struct fake fake = {.scripts = {{.again = "x", .says = "+", .pause_ms = 2}}, .count = 1};
    struct brine_client_options options = {.password = "pw", .connect_timeout_ms = 50};
    struct brine_client_error err;
    brine_client *client;
    start(&fake);
    cr_expect_eq(brine_open(fake.url, &options, &client, &err), BRINE_CLIENT_UNREACHABLE);
    cr_expect_not_null(strstr(err.text, "no answer in time"), "%s", err.text);
    stop(&fake);
}

Test(client, hostile_replies_end_the_connection_and_nothing_else) {
    static const char *const rows[] = {"$4294967296\r\n", "*2147483648\r\n",
                                       "?\r\n",           "$2\r\nabc\r\n",
                                       ":12x\r\n",        "$99999999999999999999\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.scripts = {{.says = rows[i], .holds = true}}, .count = 1};
        struct brine_reply *reply;
        start(&fake);
        brine_client *client = open_client(&fake, NULL);
        cr_expect_eq(get(client, &reply), BRINE_CLIENT_NONSENSE, "row %zu: %s", i,
                     brine_last_error(client)->text);
        cr_expect_eq(brine_socket(client), -1);
        brine_close(client);
        stop(&fake);
    }
}

Test(client, a_pipeline_takes_its_replies_in_order_and_a_call_among_them_is_misuse) {
    struct fake fake = {
        .scripts = {{.says = ":1\r\n>1\r\n+pushed\r\n:2\r\n-ERR x\r\n", .holds = true}},
        .count = 1};
    struct brine_text args[] = {BRINE_TEXT("INCR"), BRINE_TEXT("k")};
    struct brine_reply *reply;
    start(&fake);
    brine_client *client = open_client(&fake, NULL);
    for (int i = 0; i < 3; i++) cr_expect_eq(brine_append(client, args, 2), BRINE_CLIENT_OK);
    cr_expect_eq(brine_call(client, args, 2, &reply), BRINE_CLIENT_MISUSE);
    for (int i = 1; i <= 2; i++) {
        cr_expect_eq(brine_take(client, &reply), BRINE_CLIENT_OK);
        if (reply->type == BRINE_REPLY_PUSH) {
            brine_reply_free(reply);
            cr_expect_eq(brine_take(client, &reply), BRINE_CLIENT_OK);
        }
        cr_expect_eq(reply->integer, i);
        brine_reply_free(reply);
    }
    cr_expect_eq(brine_take(client, &reply), BRINE_CLIENT_ERROR_REPLY);
    cr_expect_str_eq(brine_last_error(client)->text, "ERR x");
    brine_reply_free(reply);
    cr_expect_eq(brine_take_reply(client, &reply), BRINE_CLIENT_MISUSE, "none is due any more");
    cr_expect_null(reply);
    brine_close(client);
    stop(&fake);
}

Test(client, nobody_there_and_a_wrong_url_are_said) {
    struct brine_client_error err;
    brine_client *client;
    cr_expect_eq(brine_open("unix:///nonexistent/socket", NULL, &client, &err),
                 BRINE_CLIENT_UNREACHABLE);
    cr_expect_not_null(strstr(err.text, "Could not connect to /nonexistent/socket: "));
    cr_expect_eq(brine_open("nonsense", NULL, &client, &err), BRINE_CLIENT_MISUSE);
    cr_expect_null(client);
    brine_close(NULL);
    brine_reply_free(NULL);
}

/* ---- on libuv ---------------------------------------------------------------------------------*/

struct tally {
    int answered, lost, connected, messages, closed;
    int expected; /* callbacks of calls, after which it closes */
    int timeout_ms;
};

static void on_changed(brine_async *async, int connected, const char *why, void *data) {
    struct tally *tally = data;
    (void)async;
    (void)why;
    tally->connected += connected;
}

static void on_message(brine_async *async, enum brine_client_status status,
                       const struct brine_reply *reply, void *data) {
    struct tally *tally = data;
    (void)async;
    (void)status;
    (void)reply;
    tally->messages++;
}

static void on_closed(void *data) {
    struct tally *tally = data;
    tally->closed++;
}

static void on_reply(brine_async *async, enum brine_client_status status,
                     const struct brine_reply *reply, void *data) {
    struct tally *tally = data;
    if (reply)
        tally->answered++;
    else if (status == BRINE_CLIENT_DISCONNECTED)
        tally->lost++;
    if (tally->answered + tally->lost == tally->expected)
        brine_async_close(async, on_closed, tally);
}

static void run_async(struct fake *fake, struct tally *tally, int calls) {
    uv_loop_t loop;
    brine_async *async;
    struct brine_text args[] = {BRINE_TEXT("PING")};
    struct brine_async_options options = {.client = {.pause_first_ms = 1, .pause_max_ms = 2},
                                          .changed = on_changed,
                                          .message = on_message,
                                          .data = tally};
    options.client.timeout_ms = tally->timeout_ms;
    tally->expected = calls;
    start(fake);
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(brine_async_open(&loop, fake->url, &options, &async, NULL), BRINE_CLIENT_OK);
    for (int i = 0; i < calls; i++)
        cr_expect_eq(brine_async_call(async, args, 1, on_reply, tally), BRINE_CLIENT_OK);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0, "no handle is left");
    stop(fake);
    cr_expect_eq(tally->closed, 1);
}

Test(async, replies_come_in_order_and_messages_apart) {
    struct fake fake = {.scripts = {{.says = ">1\r\n+pushed\r\n+PONG\r\n+PONG\r\n", .holds = true}},
                        .count = 1};
    struct tally tally = {0};
    run_async(&fake, &tally, 2);
    cr_expect_eq(tally.answered, 2);
    cr_expect_eq(tally.messages, 1);
    cr_expect_eq(tally.connected, 1);
}

Test(async, what_was_sent_is_lost_with_the_connection_and_each_callback_runs_once) {
    struct fake fake = {.scripts = {{.says = "+PONG\r\n"}, {.says = NULL, .holds = true}},
                        .count = 2};
    struct tally tally = {0};
    run_async(&fake, &tally, 3);
    cr_expect_eq(tally.answered, 1);
    cr_expect_eq(tally.lost, 2);
}

Test(async, a_reply_that_never_ends_is_lost_with_the_connection) {
    struct fake fake = {.scripts = {{.says = "+PONG\r\n$1000000\r\n", .again = "x", .pause_ms = 2}},
                        .count = 1};
    struct tally tally = {.timeout_ms = 50};
    run_async(&fake, &tally, 2);
    cr_expect_eq(tally.answered, 1);
    cr_expect_eq(tally.lost, 1);
}

Test(async, nonsense_ends_the_connection) {
    struct fake fake = {.scripts = {{.says = "*2147483648\r\n"}, {.says = NULL, .holds = true}},
                        .count = 2};
    struct tally tally = {0};
    run_async(&fake, &tally, 1);
    cr_expect_eq(tally.lost, 1);
}

/* The second connection is asked for one thing more, and then it is enough. */
static void on_connected(brine_async *async, int connected, const char *why, void *data) {
    struct tally *tally = data;
    struct brine_text args[] = {BRINE_TEXT("PING")};
    (void)why;
    tally->connected += connected;
    if (connected && tally->connected == 2)
        cr_expect_eq(brine_async_call(async, args, 1, on_reply, tally), BRINE_CLIENT_OK);
}

Test(async, a_new_connection_is_in_the_database_of_the_last_select) {
    static const char select[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n";
    struct fake fake = {
        .scripts = {{.says = "+OK\r\n"}, {.says = "+OK\r\n", .again = "+PONG\r\n", .pause_ms = 2}},
        .count = 2};
    struct tally tally = {.expected = 2};
    struct brine_text seven[] = {BRINE_TEXT("select"), BRINE_TEXT("7")};
    struct brine_async_options options = {
        .client = {.pause_first_ms = 1}, .changed = on_connected, .data = &tally};
    uv_loop_t loop;
    brine_async *async;
    start(&fake);
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(brine_async_open(&loop, fake.url, &options, &async, NULL), BRINE_CLIENT_OK);
    cr_expect_eq(brine_async_call(async, seven, 2, on_reply, &tally), BRINE_CLIENT_OK);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0);
    stop(&fake);
    cr_expect_eq(tally.answered, 2);
    cr_expect(strncmp(fake.heard, select, sizeof select - 1) == 0, "heard '%s'", fake.heard);
}

Test(async, a_wrong_url_is_said_and_takes_nothing) {
    uv_loop_t loop;
    brine_async *async;
    struct brine_client_error err;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_expect_eq(brine_async_open(&loop, "nonsense", NULL, &async, &err), BRINE_CLIENT_MISUSE);
    cr_expect_null(async);
    cr_expect_eq(uv_loop_close(&loop), 0);
}
