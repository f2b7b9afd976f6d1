/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that share keys and channels, against a real server with four workers, a small
 * gate.offload_bytes so that long values are judged in the background, and an operator who changes
 * mode and policy meanwhile.  What is claimed:
 *   - a counter raised by WATCH, GET, MULTI, SET, EXEC counts each EXEC that was not refused;
 *   - money moved by MULTI or by WATCH neither appears nor is lost, at any moment of any look;
 *   - MSET is seen whole; a key renamed back and forth is always at exactly one of two places;
 *   - a channel's listeners hear all that each publisher says, in its order;
 *   - a long value is what somebody wrote, and clients that break off harm nobody.
 *
 *     BRINE_SERVER=build/brine-server stress_shared [rounds] */

#include "tests/stress/support/server.h"
#include "tests/stress/support/talk.h"

#include "base/base.h"
#include "base/random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACCOUNTS = 6,
    MONEY = 1000,
    PUBLISHERS = 2,
    LISTENERS = 3,
    PICKLE_HEAD_BYTES = 7,
    LONG_BYTES_MAX = 64 * 1024,
};

struct stress {
    struct stress_server server;
    size_t rounds;
    atomic_size_t passed, failed, counted, heard, listening, overtaken, working;
};

struct client {
    struct stress *stress;
    struct random random;
    size_t number;
    struct talk talk;
};

static void check(struct stress *stress, bool ok, const char *what, const char *reply) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "stress_shared: failed: %s: %.200s\n", what, reply);
}

static bool dial(struct client *client) {
    bool dialled = talk_dial(&client->talk, client->stress->server.port);
    check(client->stress, dialled, "a client can connect", "");
    return dialled;
}

#define ask(client, ...) talk_ask(&(client)->talk, __VA_ARGS__)

static bool is(const char *reply, const char *expected) {
    return strcmp(reply, expected) == 0;
}

static void must_be(struct client *client, const char *expected, const char *what) {
    check(client->stress, is(client->talk.reply, expected), what, client->talk.reply);
}

/* ---- habits -----------------------------------------------------------------------------------*/

/* EXEC's answer: done, or overtaken by somebody. */
static bool was_done(struct client *client) {
    bool overtaken = is(client->talk.reply, "nil");
    if (overtaken) atomic_fetch_add(&client->stress->overtaken, 1);
    check(client->stress, overtaken || client->talk.reply[0] == '*', "EXEC answers",
          client->talk.reply);
    return !overtaken;
}

static void count(struct client *client) {
    for (size_t round = 0; round < client->stress->rounds; round++) {
        ask(client, "WATCH counter");
        long have = strtol(ask(client, "GET counter"), NULL, 10);
        ask(client, "MULTI");
        ask(client, "SET counter %ld", have + 1);
        ask(client, "EXEC");
        if (was_done(client)) atomic_fetch_add(&client->stress->counted, 1);
    }
}

static void pay_by_multi(struct client *client) {
    for (size_t round = 0; round < client->stress->rounds; round++) {
        unsigned from = (unsigned)random_below(&client->random, ACCOUNTS);
        unsigned to = (unsigned)random_below(&client->random, ACCOUNTS);
        unsigned sum = (unsigned)random_below(&client->random, 100);
        ask(client, "MULTI");
        ask(client, "DECRBY account:%u %u", from, sum);
        ask(client, "INCRBY account:%u %u", to, sum);
        ask(client, "EXEC");
        check(client->stress, client->talk.reply[0] == '*', "a payment is made",
              client->talk.reply);
    }
}

static void pay_by_watch(struct client *client) {
    for (size_t round = 0; round < client->stress->rounds; round++) {
        unsigned from = (unsigned)random_below(&client->random, ACCOUNTS);
        unsigned to = (from + 1) % ACCOUNTS;
        ask(client, "WATCH account:%u account:%u", from, to);
        long had = strtol(ask(client, "GET account:%u", from), NULL, 10);
        long has = strtol(ask(client, "GET account:%u", to), NULL, 10);
        ask(client, "MULTI");
        ask(client, "MSET account:%u %ld account:%u %ld", from, had - 7, to, has + 7);
        ask(client, "EXEC");
        (void)was_done(client);
    }
}

static void audit(struct client *client) {
    struct stress *stress = client->stress;
    while (atomic_load(&stress->working) > 0) {
        bool by_multi = random_below(&client->random, 2);
        if (by_multi) {
            ask(client, "MULTI");
            for (unsigned i = 0; i < ACCOUNTS; i++) ask(client, "GET account:%u", i);
            ask(client, "EXEC");
        } else {
            ask(client, "MGET account:0 account:1 account:2 account:3 account:4 account:5");
        }
        long sum = 0;
        char *at = client->talk.reply + strcspn(client->talk.reply, " ");
        for (unsigned i = 0; i < ACCOUNTS; i++) sum += strtol(at, &at, 10);
        check(stress, sum == ACCOUNTS * MONEY, "no money is made or lost", client->talk.reply);
    }
}

static void set_pair(struct client *client) {
    for (size_t round = 0; round < client->stress->rounds; round++) {
        unsigned long number = client->number * 1000000 + round;
        ask(client, "MSET left %lu right %lu", number, number);
        must_be(client, "OK", "MSET is done");
        ask(client, "MGET left right");
        char left[32] = "", right[32] = "";
        check(client->stress,
              sscanf(client->talk.reply, "*2 %31s %31s", left, right) == 2 && is(left, right),
              "MSET is seen whole", client->talk.reply);
    }
}

static void rename_to_and_fro(struct client *client) {
    for (size_t round = 0; round < client->stress->rounds; round++) {
        bool back = random_below(&client->random, 2);
        ask(client, back ? "RENAME there here" : "RENAMENX here there");
        check(client->stress,
              is(client->talk.reply, "OK") || is(client->talk.reply, "1") ||
                  is(client->talk.reply, "-ERR no such key"),
              "a rename is done or finds nothing", client->talk.reply);
        ask(client, "EXISTS here there");
        must_be(client, "1", "a renamed key is at one place");
        ask(client, "MGET here there");
        check(client->stress,
              is(client->talk.reply, "*2 it nil") || is(client->talk.reply, "*2 nil it"),
              "a renamed key is shown once", client->talk.reply);
    }
}

static void publish(struct client *client) {
    struct stress *stress = client->stress;
    while (atomic_load(&stress->listening) < LISTENERS) ask(client, "PING");
    for (size_t round = 0; round < stress->rounds; round++) {
        ask(client, "PUBLISH news:%zu %zu", client->number % 2, round);
        check(stress, strtoul(client->talk.reply, NULL, 10) >= LISTENERS, "listeners are counted",
              client->talk.reply);
    }
}

/* Each publisher has the channel news:0 or news:1, and counts. */
static void listen_to_all(struct client *client) {
    struct stress *stress = client->stress;
    size_t next[PUBLISHERS] = {0};
    bool by_pattern = client->number % 2;
    ask(client, by_pattern ? "PSUBSCRIBE news:*" : "SUBSCRIBE news:0");
    if (!by_pattern) ask(client, "SUBSCRIBE news:1");
    atomic_fetch_add(&stress->listening, 1);
    while (next[0] < stress->rounds || next[1] < stress->rounds) {
        size_t channel = 0, number = 0;
        bool came = talk_hear(&client->talk);
        const char *from = came ? strstr(client->talk.reply, " news:") : NULL;
        if (from && by_pattern) from = strstr(from + 1, " news:");
        bool in_order = from && sscanf(from, " news:%zu %zu", &channel, &number) == 2 &&
                        channel < PUBLISHERS && number == next[channel];
        check(stress, in_order, "messages come in order, all of them", client->talk.reply);
        if (!in_order) return;
        next[channel]++;
    }
    atomic_fetch_add(&stress->heard, 1);
}

/* Comes and goes among the listeners. */
static void listen_a_little(struct client *client) {
    struct stress *stress = client->stress;
    while (atomic_load(&stress->working) > 0) {
        static const char *const topics[] = {"SUBSCRIBE news:0 news:1 x y z", "PSUBSCRIBE n*s:? *",
                                             "SSUBSCRIBE news:0 news:2"};
        const char *topic = topics[random_below(&client->random, ARRAY_LEN(topics))];
        ask(client, "%s", topic);
        ask(client, "UNSUBSCRIBE news:0");
        talk_hang_up(&client->talk, random_below(&client->random, 2));
        if (!dial(client)) return;
        ask(client, "SPUBLISH news:0 hello");
        ask(client, "PUBSUB NUMSUB news:0 x");
        check(stress, strncmp(client->talk.reply, "*4 news:0 ", 10) == 0,
              "listeners can be asked for", client->talk.reply);
    }
}

/* A pickle of a text of one letter. */
static size_t make_pickle(struct client *client, uint8_t *out) {
    uint32_t len = 5000 + (uint32_t)random_below(&client->random, LONG_BYTES_MAX - 6000);
    memcpy(out, "\x80\x04X", 3);
    memcpy(out + 3, &len, sizeof(len));
    memset(out + PICKLE_HEAD_BYTES, (int)('a' + random_below(&client->random, 26)), len);
    out[PICKLE_HEAD_BYTES + len] = '.';
    return PICKLE_HEAD_BYTES + len + 1;
}

static bool send_set(struct client *client, const uint8_t *value, size_t len, size_t part) {
    char head[64];
    int bytes = snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$%zu\r\n", len);
    return stress_server_send(client->talk.fd, head, (size_t)bytes) &&
           stress_server_send(client->talk.fd, value, part) &&
           (part < len || stress_server_send(client->talk.fd, "\r\n", 2));
}

static void check_long(struct client *client) {
    const uint8_t *text = client->talk.value + PICKLE_HEAD_BYTES;
    size_t len = client->talk.value_len;
    if (is(ask(client, "GET long"), "nil")) return; /* before the first */
    len = client->talk.value_len;
    check(client->stress,
          len > PICKLE_HEAD_BYTES + 2 && client->talk.value[len - 1] == '.' &&
              memcmp(text, text + 1, len - PICKLE_HEAD_BYTES - 2) == 0,
          "a long value is one that was written, whole", client->talk.reply);
}

static void write_long(struct client *client) {
    struct stress *stress = client->stress;
    uint8_t *value = malloc(LONG_BYTES_MAX);
    for (size_t round = 0; value && round < stress->rounds / 2 + 1; round++) {
        size_t len = make_pickle(client, value);
        bool in_multi = round % 3 == 0;
        if (in_multi) ask(client, "MULTI");
        bool sent = send_set(client, value, len, len) && talk_hear(&client->talk);
        check(stress, sent && is(client->talk.reply, in_multi ? "QUEUED" : "OK"),
              "a long pickle is admitted", client->talk.reply);
        if (in_multi) {
            ask(client, "EXEC");
            must_be(client, "*1 OK", "a long pickle is stored by EXEC");
        }
        check_long(client);
    }
    free(value);
}

/* Breaks off in the middle of a long value, or while it is judged. */
static void write_and_go(struct client *client) {
    struct stress *stress = client->stress;
    uint8_t *value = malloc(LONG_BYTES_MAX);
    for (size_t round = 0; value && round < stress->rounds; round++) {
        size_t len = make_pickle(client, value);
        if (round % 3 == 0) ask(client, "WATCH long counter");
        if (round % 2 == 0) ask(client, "MULTI");
        (void)send_set(client, value, len,
                       round % 4 == 1 ? (size_t)random_below(&client->random, len) : len);
        if (round % 5 == 0)
            (void)stress_server_send(client->talk.fd, "EXEC\r\nPUBLISH x hello\r\n", 23);
        talk_hang_up(&client->talk, round % 3);
        if (!dial(client)) break;
    }
    free(value);
}

static void operate(struct client *client) {
    static const char *const settings[] = {
        "gate.mode off",      "gate.mode enforce",        "gate.mode learn",
        "gate.policy stdlib", "gate.policy stdlib,numpy", "gate.mode enforce",
        "gate.policy numpy"};
    while (atomic_load(&client->stress->working) > 0) {
        const char *setting = settings[random_below(&client->random, ARRAY_LEN(settings))];
        ask(client, "CONFIG SET %s", setting);
        must_be(client, "OK", "the operator may change the gate");
        ask(client, "CLIENT LIST");
        ask(client, "CLIENT KILL TYPE replica");
        must_be(client, "0", "nobody is a replica");
    }
}

/* ---- the crowd --------------------------------------------------------------------------------*/

struct member {
    pthread_t thread;
    void (*habit)(struct client *client);
    bool watches; /* as long as the others work */
    struct client client;
};

static void *live(void *arg) {
    struct member *member = arg;
    if (dial(&member->client)) {
        member->habit(&member->client);
        talk_hang_up(&member->client.talk, false);
    }
    if (!member->watches) atomic_fetch_sub(&member->client.stress->working, 1);
    return NULL;
}

static void run_crowd(struct stress *stress) {
    static const struct {
        void (*habit)(struct client *client);
        size_t members;
        bool watches;
    } habits[] = {
        {publish, PUBLISHERS, false}, /* first: their numbers are 0 and 1 */
        {listen_to_all, LISTENERS, false}, {count, 4, false},          {pay_by_multi, 2, false},
        {pay_by_watch, 2, false},          {audit, 2, true},           {set_pair, 2, false},
        {rename_to_and_fro, 2, false},     {listen_a_little, 2, true}, {write_long, 2, false},
        {write_and_go, 2, false},          {operate, 1, true},
    };
    enum { MEMBERS_MAX = 32 };
    static struct member crowd[MEMBERS_MAX];
    size_t members = 0;
    for (size_t i = 0; i < ARRAY_LEN(habits); i++)
        for (size_t j = 0; j < habits[i].members; j++, members++) {
            struct member *member = &crowd[members];
            member->habit = habits[i].habit;
            member->watches = habits[i].watches;
            member->client.stress = stress;
            member->client.number = members;
            random_init(&member->client.random, 1000 + members);
            if (!member->watches) atomic_fetch_add(&stress->working, 1);
        }
    for (size_t i = 0; i < members; i++) pthread_create(&crowd[i].thread, NULL, live, &crowd[i]);
    for (size_t i = 0; i < members; i++) pthread_join(crowd[i].thread, NULL);
}

/* What ended clients listened to is forgotten. */
static void wait_for_nobody(struct client *client) {
    for (int tries = 0; tries < 1000 && !is(ask(client, "PUBSUB NUMPAT"), "0"); tries++) {}
    must_be(client, "0", "no pattern is left");
    ask(client, "PUBSUB CHANNELS");
    must_be(client, "*0", "no channel is left");
}

int main(int argc, char **argv) {
    static const char *const flags[] = {"--server.threads=4",  "--log.level=warning",
                                        "--gate.mode=enforce", "--gate.offload_bytes=4096",
                                        "--gate.recheck=off",  NULL};
    static struct stress stress;
    static struct client last;
    stress.rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
    if (!stress_server_start(&stress.server, flags)) {
        fprintf(stderr, "stress_shared: the server named by BRINE_SERVER does not start\n");
        return 1;
    }
    last.stress = &stress;
    if (dial(&last)) {
        for (unsigned i = 0; i < ACCOUNTS; i++) ask(&last, "SET account:%u %d", i, MONEY);
        ask(&last, "MSET counter 0 here it");
        run_crowd(&stress);
        check(&stress, strtoul(ask(&last, "GET counter"), NULL, 10) == stress.counted,
              "the counter counts each EXEC", last.talk.reply);
        check(&stress, stress.heard == LISTENERS, "all listeners heard all", "");
        wait_for_nobody(&last);
        talk_hang_up(&last.talk, false);
    }
    check(&stress, stress_server_stop(&stress.server), "the server stops in order", "");
    printf("%zu raises of the counter, %zu transactions overtaken\n", stress.counted,
           stress.overtaken);
    printf("%zu passed, %zu failed\n", stress.passed, stress.failed);
    return stress.failed > 0;
}
