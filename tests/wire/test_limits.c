/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What one client can cost the others: connections, buffers, silence, floods; and the other ways to
 * the server, Unix sockets and IPv6. */

#include "support.h"

#include <bzlib.h>
#include <criterion/criterion.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MB = 1 << 20 };

static char big[64 * MB];

static bool raw_answers(int fd, const char *command, const char *expected) {
    char reply[256];
    size_t due = strlen(expected);
    wire_raw_send(fd, command, strlen(command));
    return wire_raw_read(fd, reply, due) == due && memcmp(reply, expected, due) == 0;
}

static void set_value(struct wire *wire, const char *key, size_t len) {
    const char *set[] = {"SET", key, big};
    memset(big, 'v', len);
    const char *reply = wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, strlen(key), len});
    cr_assert_str_eq(reply, "+OK");
}

/* ---- judging --------------------------------------------------------------------------------- */

static const char *const one_thread[] = {"server.threads=1", NULL};

static long used_memory(struct wire *wire) {
    const char *field = strstr(wire_ask(wire, 0, "INFO memory"), "used_memory:");
    cr_assert(field);
    return strtol(field + strlen("used_memory:"), NULL, 10);
}

/* 200 KB of empty dicts take 12 MB to judge. */
Test(limits, what_judging_took_is_given_back) {
    enum { VALUE_BYTES = 200 * 1000 };
    struct wire *wire = wire_open(one_thread);
    const char *set[] = {"SET", "k", big};
    long before = used_memory(wire), after = 0;
    memset(big, '}', VALUE_BYTES);
    cr_expect_str_eq(wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, 1, VALUE_BYTES}), "+OK");
    cr_expect_str_eq(wire_ask(wire, 0, "SET k small"), "+OK");
    for (long long deadline = wire_now_ms() + WIRE_DEADLINE_MS; wire_now_ms() < deadline;)
        if ((after = used_memory(wire)) < before + MB) break;
    cr_expect_lt(after, before + MB, "%ld bytes, %ld before", after, before);
    wire_close(wire);
}

/* ---- connections ----------------------------------------------------------------------------- */

static const char *const three_clients[] = {"server.max_clients=3", NULL};

Test(limits, one_client_too_many_is_told_so) {
    static const char refusal[] = "-ERR max number of clients reached\r\n";
    struct wire *wire = wire_open(three_clients);
    int fd[3];
    for (int i = 0; i < 3; i++) {
        /* The connection that found the server listening may still be counted. */
        for (long long deadline = wire_now_ms() + WIRE_DEADLINE_MS; wire_now_ms() < deadline;) {
            fd[i] = wire_raw_open(wire);
            if (raw_answers(fd[i], "PING\r\n", "+PONG\r\n")) break;
            close(fd[i]);
        }
    }
    int fourth = wire_raw_open(wire);
    char reply[sizeof refusal] = "";
    wire_raw_read(fourth, reply, sizeof refusal - 1);
    cr_expect_str_eq(reply, refusal);
    cr_expect(wire_raw_is_closed(fourth));
    close(fourth);
    cr_expect(raw_answers(fd[0], "PING\r\n", "+PONG\r\n"), "the others are served on");

    close(fd[1]);
    bool served = false;
    for (long long deadline = wire_now_ms() + WIRE_DEADLINE_MS;
         wire_now_ms() < deadline && !served;) {
        int next = wire_raw_open(wire);
        served = raw_answers(next, "PING\r\n", "+PONG\r\n");
        close(next);
    }
    cr_expect(served, "a place that became free is taken");
    close(fd[0]);
    close(fd[2]);
    wire_await(wire, 0, "PING", "+PONG");
    cr_expect(wire_matches(wire_ask(wire, 0, "INFO stats"), "~*rejected_connections:*"));
    wire_close(wire);
}

Test(limits, connections_that_come_and_go_leave_nothing) {
    static const char half[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf";
    struct wire *wire = wire_open(NULL);
    for (int i = 0; i < 2000; i++) {
        int fd = wire_raw_open(wire);
        cr_assert(fd >= 0);
        if (i % 2)
            cr_expect(raw_answers(fd, "PING\r\n", "+PONG\r\n"));
        else
            wire_raw_send(fd, half, sizeof half - 1);
        close(fd);
    }
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    PLAY(wire, {"EXISTS k", "0"});
    wire_close(wire);
}

Test(limits, few_connections_are_spread_over_the_workers) {
    struct wire *wire = wire_open(NULL);
    enum { CLIENTS = 64 };
    int fd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) fd[i] = wire_raw_open(wire);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < CLIENTS; i++) wire_raw_send(fd[i], "INCR n\r\n", 8);
        for (int i = 0; i < CLIENTS; i++) {
            char kind;
            cr_expect(wire_raw_read(fd[i], &kind, 1) == 1 && kind == ':');
            while (wire_raw_read(fd[i], &kind, 1) == 1 && kind != '\n') continue;
        }
    }
    for (int i = 0; i < CLIENTS; i++) close(fd[i]);
    PLAY(wire, {"GET n", "\"640\""});
    wire_close(wire);
}

static const char *const one_second[] = {"server.idle_timeout=1", NULL};

Test(limits, a_silent_client_is_closed_and_a_talking_one_is_not) {
    struct wire *wire = wire_open(one_second);
    int silent = wire_raw_open(wire), talking = wire_raw_open(wire);
    cr_expect(raw_answers(silent, "PING\r\n", "+PONG\r\n"));
    bool answered = true;
    long long start = wire_now_ms();
    char byte;
    /* The talking one speaks until the silent one is gone, which is the proof of time passed. */
    while (answered && recv(silent, &byte, 1, MSG_DONTWAIT) < 0) {
        answered = raw_answers(talking, "PING\r\n", "+PONG\r\n");
        cr_assert(wire_now_ms() - start < WIRE_DEADLINE_MS, "it stays");
    }
    cr_expect(answered, "the talking client is served");
    cr_expect(wire_now_ms() - start >= 900, "not before its time: %lld ms", wire_now_ms() - start);
    close(silent);
    close(talking);
    wire_close(wire);
}

static const char *const one_second_half[] = {"limits.incomplete_timeout=1", NULL};

Test(limits, half_a_command_is_waited_for_only_so_long) {
    struct wire *wire = wire_open(one_second_half); /* Redis has no such option */
    int half = wire_raw_open(wire), silent = wire_raw_open(wire);
    cr_expect(raw_answers(silent, "PING\r\n", "+PONG\r\n"));
    wire_raw_send(half, "*2\r\n$4\r\nECHO\r\n$100\r\nabc", 22);
    cr_expect(wire_raw_is_closed(half));
    cr_expect(raw_answers(silent, "PING\r\n", "+PONG\r\n"), "one that owes nothing stays");
    close(half);
    close(silent);
    wire_close(wire);
}

/* ---- input ----------------------------------------------------------------------------------- */

static const char *const small_query[] = {"limits.query_buffer_bytes=1mb", NULL};

Test(limits, a_query_larger_than_its_buffer_may_be_ends_the_connection) {
    struct wire *wire = wire_open(small_query);
    int fd = wire_raw_open(wire), other = wire_raw_open(wire);
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4194304\r\n";
    wire_raw_send(fd, head, sizeof head - 1);
    wire_raw_send(fd, big, 4 * MB);
    wire_raw_send(fd, "\r\n", 2);
    cr_expect(wire_raw_is_closed(fd));
    cr_expect(raw_answers(other, "EXISTS k\r\n", ":0\r\n"));
    set_value(wire, "fits", MB / 2);
    close(fd);
    close(other);
    wire_close(wire);
}

Test(limits, the_buffer_of_a_large_query_is_given_back_when_it_was_run) {
    struct wire *wire = wire_open(NULL);
    int fd = wire_raw_open(wire);
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4194304\r\n";
    char id[32] = "", list[64];
    wire_raw_send(fd, "CLIENT ID\r\n", 11);
    for (size_t len = 0; len + 1 < sizeof id && !strchr(id, '\n'); len++)
        cr_assert_eq(wire_raw_read(fd, id + len, 1), 1);
    snprintf(list, sizeof list, "CLIENT LIST ID %ld", strtol(id + 1, NULL, 10));
    wire_raw_send(fd, head, sizeof head - 1);
    wire_raw_send(fd, big, 4 * MB);
    wire_await(wire, 0, list, "~* qbuf=4194*");
    cr_expect(raw_answers(fd, "\r\n", "+OK\r\n"));
    wire_await(wire, 0, list, "~* qbuf=0 qbuf-free=0 *");
    close(fd);
    wire_close(wire);
}

static const char *const small_bulk[] = {"limits.bulk_bytes=1mb", NULL};

Test(limits, a_bulk_longer_than_allowed_is_refused_at_its_header) {
    struct wire *wire = wire_open(small_bulk);
    /* clang-format off */
    PLAY_RAW(wire,
        {.what = "one byte too many", .send = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n", .expect = "-ERR Protocol error: invalid bulk length\r\n", .closes = true});
    /* clang-format on */
    set_value(wire, "k", MB);
    PLAY(wire, {"STRLEN k", "1048576"});
    wire_close(wire);
}

/* Claims of half a gigabyte each, little sent: memory follows what has arrived. */
Test(limits, a_claimed_length_costs_nothing) {
    enum { CLIENTS = 50 };
    struct wire *wire = wire_open(NULL);
    int fd[CLIENTS];
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n";
    PLAY(wire, {"PING", "+PONG"});
    size_t before = wire_resident_bytes(wire);
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = wire_raw_open(wire);
        wire_raw_send(fd[i], head, sizeof head - 1);
        wire_raw_send(fd[i], big, 40000);
    }
    wire_await(wire, 0, "INFO clients", "~*connected_clients:51\\r\\n*");
    PLAY(wire, {"PING", "+PONG"}, {"SET k v", "+OK"});
    size_t after = wire_resident_bytes(wire);
    cr_expect(after < before + 64 * MB, "%zu MB resident, then %zu", before / MB, after / MB);
    for (int i = 0; i < CLIENTS; i++) close(fd[i]);
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    PLAY(wire, {"GET k", "\"v\""});
    wire_close(wire);
}

/* ---- output ---------------------------------------------------------------------------------- */

/* 2000 replies of 100 KB are asked for before the first is read. */
Test(limits, a_client_that_reads_late_gets_everything) {
    enum { ASKED = 2000, VALUE = 100000 };
    struct wire *wire = wire_open(NULL);
    set_value(wire, "k", VALUE);
    int fd = wire_raw_open(wire);
    for (int i = 0; i < ASKED; i++) wire_raw_send(fd, "GET k\r\n", 7);
    for (int i = 0; i < 100; i++) PLAY(wire, {"PING", "+PONG"});
    size_t reply_len = strlen("$100000\r\n") + VALUE + 2, right = 0;
    for (int i = 0; i < ASKED; i++) {
        if (wire_raw_read(fd, big, reply_len) != reply_len) break;
        right += memcmp(big, "$100000\r\n", 9) == 0 && memcmp(big + reply_len - 2, "\r\n", 2) == 0;
    }
    cr_expect(right == ASKED, "%zu of %d replies", right, ASKED);
    cr_expect(raw_answers(fd, "PING\r\n", "+PONG\r\n"));
    close(fd);
    wire_close(wire);
}

/* Behind some other letters unpicklers read names, in which a sanitizer takes longer to see that
 * there is none than a socket has to be full. */
static char letter_of(size_t pair) {
    return (char)('k' + pair % 16);
}

/* A client sends all of a pipeline before it reads, as redis-py does: values that lie in the store
 * on their way back, values that were replaced meanwhile, or more short replies than are kept. */
Test(limits, a_pipeline_is_answered_whose_client_sends_all_before_it_reads) {
    static const struct {
        const char *what, *get;
        size_t pairs, gets_each, value;
        bool replaces;
    } rows[] = {
        {"kept values", "GET k\r\n", 32, 1, 1000000, false},
        {"replaced values", "GET x\r\n", 12, 1, 1000000, true},
        {"short ones", "GET k\r\n", 1, 400000, 1000, false},
    };
    struct wire *wire = wire_open(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_value(wire, "k", rows[i].value);
        char head[64], reply_head[32];
        int fd = wire_raw_open(wire);
        size_t at = 0, len = rows[i].value, get_len = strlen(rows[i].get);
        int head_len = snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$%zu\r\n", len);
        int reply_head_len = snprintf(reply_head, sizeof reply_head, "$%zu\r\n", len);
        for (size_t pair = 0; pair < rows[i].pairs; pair++) {
            memcpy(big + at, head, (size_t)head_len);
            at += (size_t)head_len;
            memset(big + at, letter_of(pair), len);
            memcpy(big + at + len, "\r\n", 2);
            at += len + 2;
            for (size_t get = 0; get < rows[i].gets_each; get++, at += get_len)
                memcpy(big + at, rows[i].get, get_len);
        }
        size_t sent = wire_raw_send_until_full(fd, big, at);
        cr_expect(sent == at, "%s: %zu of %zu bytes were taken", rows[i].what, sent, at);
        size_t right = 0, get_reply = (size_t)reply_head_len + len + 2;
        for (size_t pair = 0; sent == at && pair < rows[i].pairs; pair++) {
            right += wire_raw_read(fd, big, 5) == 5 && memcmp(big, "+OK\r\n", 5) == 0;
            char want = rows[i].replaces ? letter_of(pair) : 'v';
            for (size_t get = 0; get < rows[i].gets_each; get++)
                right += wire_raw_read(fd, big, get_reply) == get_reply &&
                         memcmp(big, reply_head, (size_t)reply_head_len) == 0 &&
                         big[reply_head_len] == want && big[get_reply - 3] == want;
        }
        size_t due = rows[i].pairs * (1 + rows[i].gets_each);
        cr_expect(right == due, "%s: %zu of %zu replies", rows[i].what, right, due);
        close(fd);
    }
    wire_close(wire);
}

/* A client that only sends is, at some point, not read from any more: what it can make the server
 * hold is bounded.  Redis reads on. */
Test(limits, a_client_that_never_reads_is_no_longer_read_from) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    set_value(wire, "k", 10000);
    size_t before = wire_resident_bytes(wire);
    int fd = wire_raw_open(wire);
    for (size_t at = 0; at + 7 <= sizeof big; at += 7) memcpy(big + at, "GET k\r\n", 7);
    size_t sent = wire_raw_send_until_full(fd, big, sizeof big / 7 * 7);
    size_t after = wire_resident_bytes(wire);
    cr_expect(sent < sizeof big / 7 * 7, "all of %zu bytes were taken", sent);
    cr_expect(after < before + 64 * MB, "%zu MB resident, then %zu", before / MB, after / MB);
    PLAY(wire, {"PING", "+PONG"}, {"STRLEN k", "10000"});
    close(fd);
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    wire_close(wire);
}

static const char *const small_output[] = {"limits.output_bytes=1mb", NULL};

/* Pipelined replies can wait; one reply that is larger than the limit cannot. */
Test(limits, a_reply_above_the_output_limit_ends_the_connection) {
    struct wire *wire = wire_open(small_output);
    if (!wire->is_brine) {
        PLAY(wire, {"CONFIG SET client-output-buffer-limit \"normal 1mb 0 0\"", "+OK"});
    }
    set_value(wire, "k", 10000);
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, "MGET", 4);
    for (int i = 0; i < 2000; i++) wire_raw_send(fd, " k", 2);
    wire_raw_send(fd, "\r\n", 2);
    cr_expect(wire_raw_is_closed(fd));
    PLAY(wire, {"PING", "+PONG"}, {"STRLEN k", "10000"});
    close(fd);
    wire_close(wire);
}

/* What a client publishes to itself while it wants no replies is sent as to any other. */
Test(limits, messages_to_oneself_above_the_output_limit_end_the_connection) {
    enum { CLIENTS = 8, MESSAGES = 40, MESSAGE_BYTES = 50000 };
    static char message[MESSAGE_BYTES];
    static const char head[] = "HELLO 3\r\nCLIENT REPLY OFF\r\nSUBSCRIBE c\r\nMULTI\r\n";
    struct wire *wire = wire_open(small_output);
    wire_only_for(wire, BRINE_ONLY);
    memset(message, 'x', sizeof message);
    for (int i = 0; i < CLIENTS; i++) {
        int fd = wire_raw_open(wire);
        wire_raw_send(fd, head, sizeof head - 1);
        for (int j = 0; j < MESSAGES; j++) {
            wire_raw_send(fd, "PUBLISH c ", 10);
            wire_raw_send(fd, message, sizeof message);
            wire_raw_send(fd, "\r\n", 2);
        }
        wire_raw_send(fd, "EXEC\r\n", 6);
        wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
        close(fd);
    }
    /* What a closed client held is given back in a later turn. */
    static const char field[] = "mem_clients_normal:";
    long long deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    unsigned long bytes = MESSAGE_BYTES;
    while (bytes >= MESSAGE_BYTES && wire_now_ms() < deadline) {
        const char *held = strstr(wire_ask(wire, 0, "INFO memory"), field);
        cr_assert(held);
        bytes = strtoul(held + sizeof field - 1, NULL, 10);
    }
    cr_expect(bytes < MESSAGE_BYTES, "%lu bytes are still held", bytes);
    wire_close(wire);
}

static const char *const four_megabytes[] = {"limits.output_bytes=4mb",
                                             "limits.output_pause_bytes=64mb", NULL};

/* A large value waits where it lies and costs its reader nothing; once it is deleted the reader
 * alone holds it, and is charged for it. */
Test(limits, deleted_values_that_nobody_reads_end_the_connection) {
    enum { VALUES = 20 };
    struct wire *wire = wire_open(four_megabytes);
    wire_only_for(wire, BRINE_ONLY);
    int fd = wire_raw_open(wire);
    for (int i = 0; i < VALUES; i++) {
        char key[8], get[16], head[10];
        snprintf(key, sizeof key, "k%d", i);
        set_value(wire, key, MB);
        int len = snprintf(get, sizeof get, "GET %s\r\n", key);
        wire_raw_send(fd, get, (size_t)len);
        if (i == 0) cr_expect(wire_raw_read(fd, head, 10) == 10); /* it is being answered */
    }
    PLAY(wire, {"INFO clients", "~*connected_clients:2\\r\\n*"}, {"FLUSHALL", "+OK"});
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    close(fd);
    wire_close(wire);
}

/* ---- all clients together -------------------------------------------------------------------- */

static const char *const small_budget[] = {"limits.clients_bytes=2mb", NULL};

/* What waits for EXEC counts as a query does. */
Test(limits, queued_commands_count_too) {
    enum { VALUES = 8 };
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\n";
    struct wire *wire = wire_open(small_budget);
    char replies[1024];
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, "MULTI\r\n", 7);
    for (int i = 0; i < VALUES; i++) {
        wire_raw_send(fd, head, sizeof head - 1);
        wire_raw_send(fd, big, 500000);
        wire_raw_send(fd, "\r\n", 2);
    }
    cr_expect(wire_raw_read(fd, replies, sizeof replies) < 5 + VALUES * 9, "all was queued");
    close(fd);
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    wire_close(wire);
}

/* There would be room for it. */
Test(limits, a_command_beyond_the_budget_of_all_is_refused_by_the_options_name) {
    enum { VALUE = 3 * MB };
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3145728\r\n";
    static const char said[] =
        "-OOM command not allowed when it is longer than limits.clients_bytes,"
        " which is what all clients may hold together\r\n+PONG\r\n";
    struct wire *wire = wire_open(small_budget);
    char reply[sizeof said] = "";
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, head, sizeof head - 1);
    for (int sent = 0; sent < VALUE; sent += MB) wire_raw_send(fd, big, MB);
    wire_raw_send(fd, "\r\nPING\r\n", 8);
    wire_raw_read(fd, reply, sizeof said - 1);
    cr_expect_str_eq(reply, said);
    PLAY(wire, {"CONFIG SET limits.clients_bytes 8mb", "+OK"});
    wire_raw_send(fd, head, sizeof head - 1);
    for (int sent = 0; sent < VALUE; sent += MB) wire_raw_send(fd, big, MB);
    wire_raw_send(fd, "\r\n", 2);
    cr_expect(wire_raw_read(fd, reply, 5) == 5 && memcmp(reply, "+OK\r\n", 5) == 0);
    close(fd);
    wire_close(wire);
}

/* Each is far below its own limit; together they ask for eight times the budget. */
Test(limits, the_buffers_of_all_clients_share_one_budget) {
    enum { CLIENTS = 32, PART = MB / 2 };
    struct wire *wire = wire_open(small_budget);
    static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n";
    int fd[CLIENTS], closed = 0;
    PLAY(wire, {"PING", "+PONG"});
    size_t before = wire_resident_bytes(wire);
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = wire_raw_open(wire);
        wire_raw_send(fd[i], head, sizeof head - 1);
        wire_raw_send(fd[i], big, PART);
    }
    wire_await(wire, 0, "INFO clients", "~*connected_clients:*");
    for (int i = 0; i < CLIENTS; i++) {
        char byte;
        wire_raw_send(fd[i], big, 1000000 - PART);
        wire_raw_send(fd[i], "\r\n", 2);
        closed += wire_raw_read(fd[i], &byte, 1) == 0;
        close(fd[i]);
    }
    size_t after = wire_resident_bytes(wire);
    cr_expect(closed > 0, "all of them were served");
    /* ASan keeps what is freed resident for a while, to know it again. */
    const char *variant = getenv("BRINE_VARIANT");
    if (!variant || strcmp(variant, "asan") != 0)
        cr_expect(after < before + 32 * MB, "%zu MB resident, then %zu", before / MB, after / MB);
    PLAY(wire, {"PING", "+PONG"}, {"SET small v", "+OK"});
    wire_close(wire);
}

/* utime + stime of the server, in clock ticks. */
static long long cpu_ticks(const struct wire *wire) {
    char path[64];
    long long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)wire->pid);
    FILE *file = fopen(path, "re");
    cr_assert(file);
    int found = fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
                       &user, &system);
    fclose(file);
    cr_assert_eq(found, 2);
    return user + system;
}

/* Neither a busy loop nor a dead listener: it rests, and takes up again. */
Test(limits, accepting_rests_while_descriptors_are_used_up) {
    enum { CLIENTS = 100, DESCRIPTORS = 64, WATCHED_MS = 500 };
    struct wire *wire = wire_open(NULL);
    if (wire->pid <= 0) {
        wire_close(wire);
        cr_skip_test("the server's limits are not ours to lower");
    }
    PLAY(wire, {"PING", "+PONG"});
    struct rlimit few = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
    cr_assert(prlimit(wire->pid, RLIMIT_NOFILE, &few, NULL) == 0);
    int fd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = wire_raw_open(wire);
        wire_raw_send(fd[i], "PING\r\n", 6);
    }
    struct pollfd last = {.fd = fd[CLIENTS - 1], .events = POLLIN};
    long long before = cpu_ticks(wire);
    cr_expect(poll(&last, 1, WATCHED_MS) == 0, "the last one cannot have been accepted");
    long long used_ms = (cpu_ticks(wire) - before) * 1000 / sysconf(_SC_CLK_TCK);
    /* Redis spins here: its listener stays readable. */
    if (wire->is_brine) cr_expect(used_ms < WATCHED_MS / 3, "%lld ms of CPU time", used_ms);
    PLAY(wire, {"PING", "+PONG"});
    for (int i = 0; i < CLIENTS - 1; i++) close(fd[i]);
    char reply[7];
    cr_expect(wire_raw_read(last.fd, reply, 7) == 7, "a descriptor that became free is used");
    close(last.fd);
    wire_close(wire);
}

/* ---- other ways in --------------------------------------------------------------------------- */

static const char *const unix_socket[] = {"server.unix_socket=s.sock",
                                          "server.unix_socket_mode=700", NULL};

Test(limits, a_unix_socket_serves_with_the_mode_it_was_given) {
    struct wire *wire = wire_open(unix_socket);
    /* The port listens before the path does; an answer says that both do. */
    PLAY(wire, {"PING", "+PONG"});
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s/s.sock", wire->dir);
    struct stat info;
    cr_assert(stat(addr.sun_path, &info) == 0, "%s is not there", addr.sun_path);
    cr_expect(S_ISSOCK(info.st_mode) && (info.st_mode & 0777) == 0700, "mode %o", info.st_mode);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0);
    cr_expect(raw_answers(fd, "SET k v\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n"));
    PLAY(wire, {"GET k", "\"v\""}, {"CLIENT LIST", "~*addr=*s.sock:0 *"});
    close(fd);
    wire_close(wire);
    cr_expect(stat(addr.sun_path, &info) != 0, "the socket's file stays behind");
}

static const char *const both_families[] = {"server.bind=127.0.0.1,::1", NULL};

Test(limits, ipv6_and_ipv4_are_served_side_by_side) {
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0 || bind(probe, (struct sockaddr *)&addr, sizeof addr) != 0) {
        cr_skip_test("this machine has no ::1");
    }
    close(probe);
    const char *server = getenv("BRINE_SERVER");
    if (server && strstr(server, "redis-server")) cr_skip_test("redis-server wants two arguments");
    struct wire *wire = wire_open(both_families);
    addr.sin6_port = htons((uint16_t)wire->port);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0);
    cr_expect(raw_answers(fd, "SET k v\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n"));
    PLAY(wire, {"GET k", "\"v\""}, {"CLIENT LIST", "~*addr=[::1]:* *"});
    close(fd);
    wire_close(wire);
}

/* ---- the end --------------------------------------------------------------------------------- */

Test(limits, sigint_ends_the_server_in_order_too) {
    struct wire *wire = wire_open(NULL);
    if (wire->pid <= 0) {
        wire_close(wire);
        cr_skip_test("the server is not ours to stop");
    }
    PLAY(wire, {"SET k v", "+OK"}, {"@1 PING", "+PONG"});
    kill(wire->pid, SIGINT);
    cr_expect(wire_client_is_closed(wire, 1), "clients are closed");
    wire_close(wire); /* which expects exit status 0 */
}

Test(limits, what_was_received_is_answered_before_the_server_stops) {
    struct wire *wire = wire_open(NULL);
    if (wire->pid <= 0) {
        wire_close(wire);
        cr_skip_test("the server is not ours to stop");
    }
    wire_only_for(wire, BRINE_ONLY);
    set_value(wire, "k", 100000);
    int fd = wire_raw_open(wire);
    for (int i = 0; i < 100; i++) wire_raw_send(fd, "GET k\r\n", 7);
    char first;
    cr_expect(wire_raw_read(fd, &first, 1) == 1);
    kill(wire->pid, SIGTERM);
    size_t due = 100 * (strlen("$100000\r\n") + 100000 + 2) - 1;
    size_t got = wire_raw_read(fd, big, due);
    cr_expect(got == due, "%zu of %zu bytes", got, due);
    close(fd);
    wire_close(wire);
}

/* It reads nothing, is in the middle of a large value, and goes on sending while the server stops.
 */
Test(limits, half_a_large_value_is_dropped_when_the_server_stops) {
    static const char *const far_pause[] = {"limits.output_pause_bytes=64mb", NULL};
    static const char begin[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$30000000\r\n";
    struct wire *wire = wire_open(far_pause);
    if (wire->pid <= 0) {
        wire_close(wire);
        cr_skip_test("the server is not ours to stop");
    }
    wire_only_for(wire, BRINE_ONLY);
    set_value(wire, "k", 100000);
    int fd = wire_raw_open(wire);
    for (int i = 0; i < 200; i++) wire_raw_send(fd, "GET k\r\n", 7);
    wire_raw_send(fd, begin, sizeof begin - 1);
    wire_raw_send(fd, big, 300000);
    wire_await(wire, 0, "CLIENT LIST", "~*qbuf=300031 *");
    int busy = wire_raw_open(wire);
    kill(wire->pid, SIGTERM);
    char answer[64];
    do wire_raw_send(busy, "PING\r\n", 6); /* is heard until the server reads nobody any more */
    while (wire_raw_read_some(busy, answer, sizeof answer) > 0);
    close(busy);
    wire_raw_send_until_full(fd, big, 300000);
    /* A reset for what it still sends may cost it replies; the server has to end in order. */
    while (wire_raw_read_some(fd, big, sizeof big) > 0) {}
    close(fd);
    wire_close(wire);
}

/* Noise in so many streams, each of which takes a tenth of a second to unpack. */
static void send_slow_value(int fd, const char *key, size_t streams) {
    static char noise[900000], packed[1000000];
    char head[128];
    unsigned len = sizeof packed;
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = i ? (char)((state = state * 1664525 + 1013904223) >> 24) : '<';
    cr_assert(BZ2_bzBuffToBuffCompress(packed, &len, noise, sizeof noise, 9, 0, 0) == BZ_OK);
    int head_len = snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n",
                            strlen(key), key, streams * len);
    wire_raw_send(fd, head, (size_t)head_len);
    for (size_t i = 0; i < streams; i++) wire_raw_send(fd, packed, len);
    wire_raw_send(fd, "\r\n", 2);
}

Test(limits, values_that_are_being_unpacked_do_not_hold_up_a_stop) {
    enum { STREAMS = 60, AWAITED_MS = 3000 };
    static const char *const patient[] = {"gate.threads=1", "gate.unpack_ms=86400000", NULL};
    struct wire *wire = wire_open(patient);
    if (wire->pid <= 0) {
        wire_close(wire);
        cr_skip_test("the server is not ours to stop");
    }
    wire_only_for(wire, BRINE_ONLY);
    int begun = wire_raw_open(wire), queued = wire_raw_open(wire);
    send_slow_value(begun, "begun", STREAMS);
    send_slow_value(queued, "queued", STREAMS);
    wire_await(wire, 0, "CLIENT LIST", "~*cmd=set*cmd=set*");
    long long from_ms = wire_now_ms();
    kill(wire->pid, SIGTERM);
    char answer[512] = "";
    size_t len = wire_raw_read(begun, answer, sizeof answer - 1);
    cr_expect(len == 0 || strstr(answer, "-PICKLELIMIT offset 0: the server is stopping"), "%s",
              answer);
    cr_expect(wire_raw_is_closed(queued));
    close(begun);
    close(queued);
    wire_close(wire);
    long long took_ms = wire_now_ms() - from_ms;
    cr_expect(took_ms < AWAITED_MS, "it took %lld ms", took_ms);
}
