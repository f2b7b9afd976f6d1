/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A whole struct net in this process, with its threads, driven through sockets; what main.c would
 * set up is set up here, and what a real server could only show from outside can be looked into. */

#include "keyspace/room.h"
#include "net/net.h"

#include "support/failing.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPLY_BYTES_MAX = 1 << 22 };

struct host {
    struct config config;
    struct mem_account memory;
    struct store *store;
    struct gate gate;
    struct keyspace keyspace;
    struct net net;
    uv_thread_t thread;
    enum net_end end;
    gate_judge *judge; /* NULL: the gate is off */
    void *judge_context;
    char path[64];
};

static void run_net(void *arg) {
    struct host *host = arg;
    struct brine_error err;
    host->end = net_run(&host->net, &err);
}

static enum brine_status load_config(struct config *config, const char *toml,
                                     struct brine_error *err) {
    return config_load_toml(config, "test", bytes_of_cstr(toml), err);
}

/* Listens on a Unix socket alone, which needs no free port; `toml` is added to that. */
static void open_keyspace(struct host *host) {
    host->store =
        store_create(&(struct store_options){.mem = mem_system(), .secret = {1, 2}, .threads = 2});
    cr_assert(host->store);
    gate_init_off(&host->gate);
    if (host->judge) gate_init(&host->gate, host->judge, host->judge_context);
    keyspace_init(&host->keyspace,
                  &(struct keyspace_options){.store = host->store, .gate = &host->gate});
}

static void close_keyspace(struct host *host) {
    keyspace_deinit(&host->keyspace);
    store_destroy(host->store);
}

static void open_host_with(struct host *host, const char *toml, gate_judge *judge,
                           void *judge_context) {
    char text[512];
    struct brine_error err = {0};
    *host = (struct host){.judge = judge, .judge_context = judge_context};
    snprintf(host->path, sizeof(host->path), "/tmp/brine-net-%d", (int)getpid());
    cr_assert(config_init(&host->config, mem_system()) == BRINE_OK);
    snprintf(text, sizeof(text), "server.port = 0\n%sserver.unix_socket = \"%s\"\n%s",
             strstr(toml, "server.threads") ? "" : "server.threads = 2\n", host->path, toml);
    cr_assert(load_config(&host->config, text, &err) == BRINE_OK, "%s", err.text);
    mem_account_init(&host->memory, mem_system(), 0);
    open_keyspace(host);
    struct net_options options = {.mem = &host->memory.allocator,
                                  .config = &host->config,
                                  .keyspace = &host->keyspace,
                                  .version = "0",
                                  .executable = "/test",
                                  .random_seed = 1};
    cr_assert(net_open(&host->net, &options, &err) == BRINE_OK, "%s", err.text);
    cr_assert(uv_thread_create(&host->thread, run_net, host) == 0);
}

static void open_host(struct host *host, const char *toml) {
    open_host_with(host, toml, NULL, NULL);
}

static void close_host(struct host *host) {
    net_stop(&host->net);
    uv_thread_join(&host->thread);
    cr_expect(host->end == NET_STOPPED);
    cr_expect(atomic_load(&host->net.clients_count) == 0);
    cr_expect(budget_held(&host->net.budget) == 0);
    net_close(&host->net);
    cr_expect(mem_account_used(&host->memory) == 0, "%zu bytes were not given back",
              mem_account_used(&host->memory));
    close_keyspace(host);
    config_deinit(&host->config);
}

/* The socket listens before the thread runs, so connecting never fails. */
static int dial(const struct host *host) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(address.sun_path, host->path, strlen(host->path));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    cr_assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static bool send_all(int fd, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool say(int fd, const char *text) {
    return send_all(fd, text, strlen(text));
}

/* Exactly these bytes come next. */
static bool hears(int fd, const char *want) {
    char text[4096];
    size_t have = 0, need = strlen(want);
    cr_assert(need < sizeof(text));
    while (have < need) {
        ssize_t len = recv(fd, text + have, need - have, 0);
        if (len <= 0) return false;
        have += (size_t)len;
    }
    return memcmp(text, want, need) == 0;
}

static size_t hears_bytes(int fd, size_t most) {
    static uint8_t text[65536];
    size_t have = 0;
    while (have < most) {
        ssize_t len = recv(fd, text, MIN(sizeof(text), most - have), 0);
        if (len <= 0) break;
        have += (size_t)len;
    }
    return have;
}

static bool hears_end(int fd) {
    char byte;
    ssize_t len = recv(fd, &byte, 1, 0);
    bool ended = len == 0 || (len < 0 && errno == ECONNRESET);
    close(fd);
    return ended;
}

/* "SET key <bytes of x>" */
static bool set_value(int fd, const char *key, size_t bytes) {
    char head[128];
    static uint8_t block[65536];
    memset(block, 'x', sizeof(block));
    snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(key), key,
             bytes);
    bool sent = say(fd, head);
    for (size_t at = 0; at < bytes && sent; at += sizeof(block))
        sent = send_all(fd, block, MIN(sizeof(block), bytes - at));
    return sent && say(fd, "\r\n") && hears(fd, "+OK\r\n");
}

Test(net, commands_cut_at_every_byte_are_answered_alike) {
    struct host host;
    open_host(&host, "");
    static const char text[] =
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\nGET k\r\n*1\r\n$4\r\nPING\r\n";
    static const char want[] = "+OK\r\n$5\r\nhello\r\n+PONG\r\n";
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        int fd = dial(&host);
        cr_expect(send_all(fd, text, cut) && send_all(fd, text + cut, sizeof(text) - 1 - cut));
        cr_expect(hears(fd, want), "cut at %zu", cut);
        close(fd);
    }
    close_host(&host);
}

Test(net, connections_go_to_the_workers_in_turn) {
    struct host host;
    open_host(&host, "");
    int fds[6];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(&host);
        cr_expect(say(fds[i], "PING\r\n") && hears(fds[i], "+PONG\r\n"));
    }
    /* A gauge that each worker keeps for itself. */
    for (size_t i = 0; i < host.net.workers_count; i++)
        cr_expect(atomic_load(&host.net.workers[i].metrics.values[METRIC_connected_clients]) == 3);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) close(fds[i]);
    close_host(&host);
}

Test(net, after_a_half_close_come_all_replies_and_then_the_end) {
    struct host host;
    open_host(&host, "");
    int fd = dial(&host);
    for (int i = 0; i < 1000; i++) cr_assert(say(fd, "PING\r\n"));
    cr_assert(say(fd, "*2\r\n$4\r\nECHO\r\n$100\r\nabc")); /* never completed */
    shutdown(fd, SHUT_WR);
    cr_expect(hears_bytes(fd, 7000) == 7000);
    cr_expect(hears_end(fd));
    close_host(&host);
}

Test(net, a_client_that_never_reads_holds_little_and_one_that_reads_late_gets_everything) {
    struct host host;
    open_host(&host, "limits.output_pause_bytes = \"64kb\"\n");
    int fd = dial(&host), other = dial(&host);
    cr_assert(set_value(fd, "k", 10000));
    enum { GETS = 20000 };
    static char gets[GETS * 7 + 1];
    for (int i = 0; i < GETS; i++) memcpy(gets + i * 7, "GET k\r\n", 7);
    size_t sent = 0; /* until neither side takes more */
    for (ssize_t len; sent < GETS * 7; sent += (size_t)len) {
        len = send(fd, gets + sent, GETS * 7 - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (len <= 0) break;
    }
    for (int i = 0; i < 100; i++) cr_expect(say(other, "PING\r\n") && hears(other, "+PONG\r\n"));
    size_t held = budget_held(&host.net.budget);
    cr_expect(held > 0 && held < 512 * 1024, "%zu bytes held", held);
    size_t whole = sent / 7 * (8 + 10000 + 2);
    cr_expect(hears_bytes(fd, whole) == whole);
    close(fd);
    close(other);
    close_host(&host);
}

static void check_that_the_greediest_is_closed(const char *settings, size_t memory_max) {
    struct host host;
    open_host(&host, settings);
    room_set(&host.keyspace, &(struct keyspace_memory){.bytes_max = memory_max});
    static uint8_t block[400 * 1024];
    static const char head[] = "*2\r\n$4\r\nECHO\r\n$1000000\r\n";
    int small = dial(&host), greedy[4];
    cr_assert(say(small, "*2\r\n$4\r\nECHO\r\n$5\r\nhe"));
    for (size_t i = 0; i < ARRAY_LEN(greedy); i++) {
        greedy[i] = dial(&host);
        cr_assert(say(greedy[i], head));
        send_all(greedy[i], block, sizeof(block));
    }
    size_t closed = 0;
    while (closed == 0) { /* the others may still be read from meanwhile */
        for (size_t i = 0; i < ARRAY_LEN(greedy); i++) {
            char byte;
            ssize_t len = recv(greedy[i], &byte, 1, MSG_DONTWAIT);
            closed += len == 0 || (len < 0 && errno == ECONNRESET);
        }
    }
    cr_expect(closed < ARRAY_LEN(greedy));
    cr_expect(say(small, "llo\r\n") && hears(small, "$5\r\nhello\r\n"), "the small one lives");
    for (size_t i = 0; i < ARRAY_LEN(greedy); i++) close(greedy[i]);
    close(small);
    close_host(&host);
}

Test(net, the_greediest_client_is_closed_when_all_together_hold_too_much) {
    check_that_the_greediest_is_closed("limits.clients_bytes = \"1mb\"\n", 0);
}

Test(net, what_all_together_may_hold_can_be_a_share_of_the_memory) {
    check_that_the_greediest_is_closed("limits.clients_bytes = \"2%\"\n", 64 << 20);
}

Test(net, clients_of_all_workers_are_listed_and_killed) {
    struct host host;
    open_host(&host, "");
    int fds[5];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(&host);
        cr_assert(say(fds[i], "PING\r\n") && hears(fds[i], "+PONG\r\n"));
    }
    cr_expect(say(fds[0], "CLIENT KILL ID 2 ID 3\r\nCLIENT KILL ID 99\r\nPING\r\n"));
    cr_expect(hears(fds[0], ":1\r\n:0\r\n+PONG\r\n"));
    cr_expect(hears_end(fds[2]));
    cr_expect(say(fds[1], "CLIENT KILL SKIPME yes\r\n") && hears(fds[1], ":3\r\n"));
    cr_expect(hears_end(fds[0]) && hears_end(fds[3]) && hears_end(fds[4]));
    cr_expect(say(fds[1], "CLIENT KILL ID 2 SKIPME no\r\nSET k v\r\n") && hears(fds[1], ":1\r\n"));
    cr_expect(hears_end(fds[1]), "who kills itself is answered, and runs nothing more");
    int fd = dial(&host);
    cr_expect(say(fd, "EXISTS k\r\n") && hears(fd, ":0\r\n"));
    close(fd);
    close_host(&host);
}

/* More clients at once than the intake takes, in batches of which the last command is half sent. */
Test(net, inputs_that_are_run_together_are_each_answered_in_order_and_whole) {
    enum { CLIENTS = 3 * INTAKE_INPUTS_MAX + 1, ROUNDS = 20 };
    struct host host;
    open_host(&host, "server.threads = 1\n");
    int fds[CLIENTS];
    char text[128];
    for (size_t i = 0; i < CLIENTS; i++) fds[i] = dial(&host);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            snprintf(text, sizeof text, "SET k%zu %zu-%zu\r\nAPPEND k%zu x\r\nGET k", i, i, round,
                     i);
            cr_assert(say(fds[i], text));
        }
        for (size_t i = 0; i < CLIENTS; i++) {
            snprintf(text, sizeof text, "%zu\r\nECHO %zu\r\n", i, i);
            cr_assert(say(fds[i], text));
        }
        for (size_t i = 0; i < CLIENTS; i++) {
            char value[32], number[16];
            int len = snprintf(value, sizeof value, "%zu-%zux", i, round);
            int digits = snprintf(number, sizeof number, "%zu", i);
            snprintf(text, sizeof text, "+OK\r\n:%d\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len, len, value,
                     digits, number);
            cr_assert(hears(fds[i], text), "client %zu, round %zu", i, round);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) close(fds[i]);
    close_host(&host);
}

/* Whose input waits for others' may be closed by one of them. */
Test(net, clients_that_kill_each_other_at_once_leave_one_and_nothing_behind) {
    enum { CLIENTS = 12, ROUNDS = 4 };
    struct host host;
    open_host(&host, "server.threads = 1\n");
    for (size_t round = 0; round < ROUNDS; round++) {
        int fds[CLIENTS];
        size_t ended = 0;
        for (size_t i = 0; i < CLIENTS; i++) {
            fds[i] = dial(&host);
            cr_assert(say(fds[i], "PING\r\n") && hears(fds[i], "+PONG\r\n"));
        }
        for (size_t i = 0; i < CLIENTS; i++)
            cr_assert(say(fds[i], "CLIENT KILL TYPE normal SKIPME yes\r\n") || i > 0);
        for (size_t i = 0; i < CLIENTS; i++) {
            struct timeval soon = {.tv_usec = 200000};
            setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
            char reply[64];
            ssize_t len;
            while ((len = recv(fds[i], reply, sizeof reply, 0)) > 0) {}
            ended += len == 0 || errno == ECONNRESET;
            close(fds[i]);
        }
        cr_expect(ended >= CLIENTS - 1, "%zu of %d were closed", ended, CLIENTS);
    }
    int fd = dial(&host);
    cr_expect(say(fd, "SET k 1\r\n") && hears(fd, "+OK\r\n"));
    close(fd);
    close_host(&host);
}

Test(net, a_client_is_shown_with_the_addresses_of_both_ends) {
    struct host host;
    open_host(&host, "");
    char want[160];
    int len = snprintf(want, sizeof(want), " addr=%s:0 laddr=%s:0 fd=", host.path, host.path);
    int fd = dial(&host);
    char text[2048] = {0};
    cr_assert(say(fd, "CLIENT INFO\r\n") && recv(fd, text, sizeof(text) - 1, 0) > len);
    cr_expect(strstr(text, want), "%s", text);
    close(fd);
    close_host(&host);
}

static void talk_on(void *arg) {
    static uint8_t zeros[1 << 20];
    const int *fd = arg;
    for (int i = 0; i < 8; i++) send_all(*fd, zeros, sizeof(zeros));
}

Test(net, replies_before_the_end_arrive_whatever_the_client_still_says) {
    struct host host;
    open_host(&host, "");
    for (int round = 0; round < 20; round++) {
        int fd = dial(&host);
        uv_thread_t talker;
        cr_assert(set_value(fd, "k", 60000));
        cr_assert(say(fd, round % 2 ? "GET k\r\nGET k\r\nGET k\r\nQUIT\r\n"
                                    : "GET k\r\nGET k\r\nGET k\r\n*x\r\n"));
        cr_assert(uv_thread_create(&talker, talk_on, &fd) == 0);
        size_t replies = 3 * (8 + 60000 + 2);
        cr_expect(hears_bytes(fd, replies) == replies, "round %d", round);
        cr_expect(
            hears(fd, round % 2 ? "+OK\r\n" : "-ERR Protocol error: invalid multibulk length\r\n"));
        char byte;
        cr_expect(recv(fd, &byte, 1, 0) == 0, "an orderly end");
        uv_thread_join(&talker);
        close(fd);
    }
    close_host(&host);
}

Test(net, who_stays_after_the_last_word_is_closed_soon) {
    struct host host;
    open_host(&host, "");
    int fd = dial(&host);
    cr_assert(say(fd, "QUIT\r\n") && hears(fd, "+OK\r\n"));
    while (atomic_load(&host.net.clients_count) > 0) {
        int other = dial(&host); /* each look costs the server a connection that ends at once */
        cr_assert(say(other, "PING\r\n") && hears(other, "+PONG\r\n"));
        bool gone = metrics_set_sum(&host.net.metrics_set, METRIC_connected_clients) == 1;
        close(other);
        if (gone) break;
    }
    close(fd);
    close_host(&host);
}

Test(net, replaced_values_that_nobody_reads_are_bounded_for_all_together) {
    struct host host;
    open_host(&host, "limits.output_bytes = \"2mb\"\n");
    int writer = dial(&host), readers[6];
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        cr_assert(set_value(writer, "k", 1900000));
        readers[i] = dial(&host);
        char byte;
        cr_assert(say(readers[i], "GET k\r\n") && recv(readers[i], &byte, 1, 0) == 1);
    }
    cr_assert(say(writer, "DEL k\r\n") && hears(writer, ":1\r\n"));
    while (store_used_bytes(host.store) > 6 << 20) /* twice the limit, and the store itself */
        cr_assert(say(writer, "PING\r\n") && hears(writer, "+PONG\r\n"));
    cr_expect(metrics_set_sum(&host.net.metrics_set, METRIC_client_output_limit_closed) >= 3);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) close(readers[i]);
    close(writer);
    close_host(&host);
}

Test(net, what_was_received_is_answered_before_the_end) {
    struct host host;
    open_host(&host, "");
    int fd = dial(&host);
    cr_assert(set_value(fd, "k", 3000000));
    static const char text[] = "GET k\r\nGET k\r\nGET k\r\nPING\r\n";
    cr_assert(say(fd, text));
    net_stop(&host.net);
    size_t whole = 3 * (10 + 3000000 + 2) + 7;
    size_t got = hears_bytes(fd, whole);
    cr_expect(got == whole, "%zu of %zu", got, whole);
    cr_expect(hears_end(fd));
    close_host(&host);
}

Test(net, a_client_that_is_told_to_wait_long_is_not_waited_for_at_the_end) {
    struct host host;
    open_host(&host, "");
    int fd = dial(&host);
    cr_assert(set_value(fd, "k", 5000000));
    cr_assert(say(fd, "GET k\r\nGET k\r\n"));
    char byte;
    cr_assert(recv(fd, &byte, 1, 0) == 1); /* it has begun, and is never read on */
    close_host(&host);
    close(fd);
}

Test(net, keys_whose_time_is_over_go_away_by_themselves) {
    struct host host;
    open_host(&host, "");
    int fd = dial(&host);
    for (int i = 0; i < 200; i++) {
        char text[64];
        snprintf(text, sizeof(text), "SET k%d v PX 1\r\n", i);
        cr_assert(say(fd, text) && hears(fd, "+OK\r\n"));
    }
    while (store_counts(host.store).keys > 0) /* each turn asks the server something */
        cr_assert(say(fd, "PING\r\n") && hears(fd, "+PONG\r\n"));
    close(fd);
    close_host(&host);
}

Test(net, a_server_without_an_address_says_so) {
    struct host host = {0};
    struct brine_error err = {0};
    cr_assert(config_init(&host.config, mem_system()) == BRINE_OK);
    cr_assert(load_config(&host.config, "server.port = 0\n", &err) == BRINE_OK, "%s", err.text);
    mem_account_init(&host.memory, mem_system(), 0);
    struct net_options options = {.mem = &host.memory.allocator, .config = &host.config};
    cr_expect(net_open(&host.net, &options, &err) == BRINE_INVALID);
    cr_expect(strstr(err.text, "nothing to listen on"), "%s", err.text);
    net_close(&host.net);
    cr_expect(mem_account_used(&host.memory) == 0);
    config_deinit(&host.config);
}

Test(net, a_start_without_memory_is_said_at_every_place_and_leaks_nothing) {
    struct host host = {0};
    struct brine_error err = {0};
    char text[128];
    snprintf(text, sizeof(text), "server.port = 0\nserver.unix_socket = \"/tmp/brine-mem-%d\"\n",
             (int)getpid());
    cr_assert(config_init(&host.config, mem_system()) == BRINE_OK);
    cr_assert(load_config(&host.config, text, &err) == BRINE_OK, "%s", err.text);
    open_keyspace(&host);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct net_options options = {
            .mem = &mem.allocator, .config = &host.config, .keyspace = &host.keyspace};
        enum brine_status status = net_open(&host.net, &options, &err);
        net_close(&host.net);
        cr_expect((status == BRINE_NO_MEMORY) == mem.refused, "%zu", n);
        cr_expect(mem.taken_bytes == 0, "%zu", n);
        if (!mem.refused) break;
    }
    close_keyspace(&host);
    config_deinit(&host.config);
}

Test(net, without_memory_clients_are_dropped_and_the_server_goes_on) {
    static uint8_t zeros[20000];
    struct host host;
    open_host(&host, "");
    int first = dial(&host);
    cr_assert(set_value(first, "k", 1000000));
    size_t used = mem_account_used(&host.memory);
    for (size_t room = 0; room < 40000; room += 500) {
        atomic_store(&host.memory.limit_bytes, used + room);
        int fd = dial(&host);
        if (say(fd, "GET k\r\n*2\r\n$4\r\nECHO\r\n$30000\r\n")) send_all(fd, zeros, sizeof(zeros));
        close(fd);
    }
    atomic_store(&host.memory.limit_bytes, 0);
    cr_expect(say(first, "PING\r\n") && hears(first, "+PONG\r\n"));
    close(first);
    close_host(&host);
}

/* ---- the background -------------------------------------------------------------------------- */

/* Wants time for values that begin with "slow", and says when it has begun with one and may end. */
struct slow_judge {
    uv_sem_t begun, may_end;
};

static enum gate_verdict judge_slowly(void *context, struct gate_desk *desk UNUSED,
                                      const struct gate_question *question,
                                      struct gate_answer *answer) {
    struct slow_judge *slow = context;
    if (question->value.len < 4 || memcmp(question->value.data, "slow", 4)) return GATE_ADMIT;
    if (question->may_defer) return GATE_DEFER;
    uv_sem_post(&slow->begun);
    uv_sem_wait(&slow->may_end);
    return bytes_equal(question->value, BYTES("slow evil")) ? gate_refuse(answer, 5, "evil")
                                                            : GATE_ADMIT;
}

static void open_slow_host(struct host *host, struct slow_judge *slow) {
    uv_sem_init(&slow->begun, 0);
    uv_sem_init(&slow->may_end, 0);
    /* One worker, so that all clients share the loop that must not be held up. */
    open_host_with(host, "server.threads = 1\ngate.threads = 1\n", judge_slowly, slow);
}

static void close_slow_host(struct host *host, struct slow_judge *slow) {
    close_host(host);
    uv_sem_destroy(&slow->begun);
    uv_sem_destroy(&slow->may_end);
}

Test(background, others_are_served_while_a_value_is_judged_and_replies_stay_in_order) {
    struct host host;
    struct slow_judge slow;
    open_slow_host(&host, &slow);
    int fd = dial(&host), other = dial(&host);
    cr_assert(
        say(fd, "SET a 1\r\nSET k \"slow good\"\r\nGET k\r\nSET k \"slow evil\"\r\nGET k\r\n"));
    uv_sem_wait(&slow.begun);
    cr_expect(say(other, "GET a\r\nGET k\r\n") && hears(other, "$1\r\n1\r\n$-1\r\n"));
    uv_sem_post(&slow.may_end);
    cr_expect(hears(fd, "+OK\r\n+OK\r\n$9\r\nslow good\r\n"));
    uv_sem_wait(&slow.begun);
    uv_sem_post(&slow.may_end);
    cr_expect(hears(fd, "-PICKLEDENIED offset 5: evil\r\n$9\r\nslow good\r\n"));
    close(fd);
    close(other);
    close_slow_host(&host, &slow);
}

Test(background, a_client_that_leaves_meanwhile_is_forgotten_when_the_thread_is_done) {
    struct host host;
    struct slow_judge slow;
    open_slow_host(&host, &slow);
    int fd = dial(&host), other = dial(&host);
    cr_assert(say(fd, "SET k \"slow good\"\r\nSET after 1\r\n"));
    uv_sem_wait(&slow.begun);
    cr_expect(say(other, "CLIENT KILL SKIPME yes\r\n") && hears(other, ":1\r\n"));
    cr_expect(hears_end(fd));
    uv_sem_post(&slow.may_end);
    /* A second job of its key is begun when the first is over. */
    cr_assert(say(other, "SET k \"slow better\" GET\r\n"));
    uv_sem_wait(&slow.begun);
    uv_sem_post(&slow.may_end);
    cr_expect(hears(other, "$9\r\nslow good\r\n"));
    cr_expect(say(other, "GET after\r\n") && hears(other, "$-1\r\n"));
    close(other);
    close_slow_host(&host, &slow);
}

Test(background, a_stop_waits_for_what_is_being_judged) {
    struct host host;
    struct slow_judge slow;
    open_slow_host(&host, &slow);
    int fd = dial(&host);
    cr_assert(say(fd, "SET k \"slow good\"\r\nGET k\r\n"));
    uv_sem_wait(&slow.begun);
    net_stop(&host.net);
    uv_sem_post(&slow.may_end);
    cr_expect(hears(fd, "+OK\r\n$9\r\nslow good\r\n"));
    cr_expect(hears_end(fd));
    close_slow_host(&host, &slow);
}

/* Takes its time until it is told that there is none any more. */
static enum gate_verdict judge_until_given_up(void *context, struct gate_desk *desk,
                                              const struct gate_question *question,
                                              struct gate_answer *answer) {
    struct slow_judge *slow = context;
    if (question->may_defer) return GATE_DEFER;
    uv_sem_post(&slow->begun);
    while (!atomic_load(desk->given_up)) sched_yield();
    return gate_refuse(answer, 0, "given up");
}

Test(background, a_stop_gives_up_what_takes_longer_than_it_waits_and_begins_nothing_more) {
    struct host host;
    struct slow_judge slow;
    uv_sem_init(&slow.begun, 0);
    uv_sem_init(&slow.may_end, 0);
    open_host_with(&host, "server.threads = 1\ngate.threads = 1\n", judge_until_given_up, &slow);
    int fd = dial(&host), next = dial(&host);
    cr_assert(say(fd, "SET k slow\r\nSET after 1\r\n"));
    uv_sem_wait(&slow.begun);
    cr_assert(say(next, "SET k later\r\nSET after 1\r\n"));
    net_stop(&host.net);
    cr_expect(hears(fd, "-PICKLEDENIED offset 0: given up\r\n"));
    cr_expect(hears_end(fd) && hears_end(next));
    cr_expect_neq(uv_sem_trywait(&slow.begun), 0, "a second one was begun");
    close(fd);
    close(next);
    close_slow_host(&host, &slow);
}

Test(background, many_clients_take_turns_on_few_threads) {
    enum { CLIENTS = 20 };
    struct host host;
    struct slow_judge slow;
    int fds[CLIENTS];
    open_slow_host(&host, &slow);
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = dial(&host);
        char text[128];
        snprintf(text, sizeof(text), "SET k%zu \"slow good\"\r\nAPPEND k%zu x\r\nPING\r\n", i, i);
        cr_assert(say(fds[i], text));
    }
    for (size_t i = 0; i < 2 * CLIENTS; i++) uv_sem_post(&slow.may_end);
    for (size_t i = 0; i < CLIENTS; i++) {
        cr_expect(hears(fds[i], "+OK\r\n:10\r\n+PONG\r\n"), "client %zu", i);
        close(fds[i]);
    }
    close_slow_host(&host, &slow);
}
