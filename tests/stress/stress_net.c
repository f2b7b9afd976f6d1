/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Clients of every bad habit at once against a real server with four workers: some pipeline and
 * check each reply, some list and kill the others, some break off in every way a socket can, some
 * never read.  What is claimed: who is not killed gets exactly its replies, nothing else happens to
 * it, and the server stops in order at the end.  Built with a sanitizer the server's own report
 * fails the run.
 *
 *     BRINE_SERVER=build/brine-server stress_net [rounds]
 *
 * Work is counted in rounds, not in time, so that a slow (instrumented) server does as much. */

#include "base/base.h"
#include "base/random.h"

#include "tests/stress/support/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 256 * 1024,
    LARGE_BYTES = 1 << 20,
    STEADY_COMMANDS = 64,
};

struct stress {
    struct stress_server server;
    size_t rounds;
    atomic_size_t passed, failed, killed, killers;
};

struct client {
    struct stress *stress;
    struct random random;
    size_t number;
    int fd;
    uint8_t text[TEXT_BYTES]; /* what is to be sent */
    size_t len;
    uint8_t want[TEXT_BYTES]; /* and the reply to it */
    size_t want_len;
};

typedef void habit_fn(struct client *client);

/* ---- a client -------------------------------------------------------------------------------- */

static void check(struct stress *stress, bool ok, const char *what) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "stress_net: failed: %s\n", what);
}

static bool dial(struct client *client) {
    client->fd = stress_server_dial(client->stress->server.port);
    return client->fd >= 0;
}

static void hang_up(struct client *client, bool reset) {
    stress_server_hang_up(client->fd, reset);
    client->fd = -1;
}

static void say(struct client *client, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct client *client, const char *format, ...) {
    va_list args;
    va_start(args, format);
    client->len += (size_t)vsnprintf((char *)client->text + client->len, TEXT_BYTES - client->len,
                                     format, args);
    va_end(args);
}

static void expect(struct client *client, const char *format, ...) PRINTF_LIKE(2, 3);
static void expect(struct client *client, const char *format, ...) {
    va_list args;
    va_start(args, format);
    client->want_len += (size_t)vsnprintf((char *)client->want + client->want_len,
                                          TEXT_BYTES - client->want_len, format, args);
    va_end(args);
}

/* In pieces of random size, so that commands are cut anywhere. */
static bool send_cut(struct client *client) {
    size_t at = 0;
    while (at < client->len) {
        size_t piece = 1 + random_below(&client->random, client->len);
        piece = MIN(piece, client->len - at);
        if (!stress_server_send(client->fd, client->text + at, piece)) return false;
        at += piece;
    }
    return true;
}

enum heard { HEARD_WANTED, HEARD_OTHER, HEARD_END };

static enum heard hear(struct client *client) {
    static const size_t piece_max = 4096;
    uint8_t piece[4096];
    size_t at = 0;
    while (at < client->want_len) {
        ssize_t len = recv(client->fd, piece, MIN(piece_max, client->want_len - at), 0);
        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return HEARD_OTHER;
        if (len <= 0) return HEARD_END;
        if (memcmp(piece, client->want + at, (size_t)len) != 0) return HEARD_OTHER;
        at += (size_t)len;
    }
    return HEARD_WANTED;
}

static bool hears_end(struct client *client) {
    uint8_t byte;
    ssize_t len = recv(client->fd, &byte, 1, 0);
    return len == 0 || (len < 0 && errno == ECONNRESET);
}

/* ---- habits ---------------------------------------------------------------------------------- */

static void fill_pipeline(struct client *client, size_t round) {
    client->len = client->want_len = 0;
    for (int i = 0; i < STEADY_COMMANDS; i++) {
        unsigned key = (unsigned)random_below(&client->random, 8);
        unsigned long value = (unsigned long)(round * 1000 + (size_t)i);
        char text[32];
        int len = snprintf(text, sizeof(text), "%lu", value);
        say(client, "SET c%zu:%u %s\r\n", client->number, key, text);
        expect(client, "+OK\r\n");
        say(client, "*2\r\n$3\r\nGET\r\n$%d\r\nc%zu:%u\r\n",
            snprintf(NULL, 0, "c%zu:%u", client->number, key), client->number, key);
        expect(client, "$%d\r\n%s\r\n", len, text);
    }
}

/* Only this client writes its keys, so every reply is known, unless it is killed. */
static void steady(struct client *client) {
    struct stress *stress = client->stress;
    bool open = dial(client);
    for (size_t round = 0; open && (round < stress->rounds || stress->killers > 0); round++) {
        fill_pipeline(client, round);
        enum heard heard = send_cut(client) ? hear(client) : HEARD_END;
        if (heard == HEARD_END) {
            atomic_fetch_add(&stress->killed, 1);
            hang_up(client, false);
            open = dial(client);
            continue;
        }
        check(stress, heard == HEARD_WANTED, "a pipeline is answered exactly");
    }
    check(stress, open, "a steady client can connect");
    if (open) hang_up(client, false);
}

/* Reads a whole CLIENT LIST and picks an id out of it; 0: the connection ended. */
static unsigned long pick_id(struct client *client) {
    client->len = 0;
    say(client, "CLIENT LIST\r\n");
    if (!stress_server_send(client->fd, client->text, client->len)) return 0;
    size_t have = 0, need = SIZE_MAX;
    while (have < need) {
        ssize_t len = recv(client->fd, client->want + have, TEXT_BYTES - 1 - have, 0);
        if (len <= 0) return 0;
        have += (size_t)len;
        client->want[have] = 0;
        char *line = strstr((char *)client->want, "\r\n");
        if (need == SIZE_MAX && line)
            need = (size_t)(line - (char *)client->want) + 4 +
                   strtoul((char *)client->want + 1, NULL, 10);
    }
    char *place = (char *)client->want + random_below(&client->random, have);
    char *found = strstr(place, "id=");
    if (!found) found = strstr((char *)client->want, "id=");
    return found ? strtoul(found + 3, NULL, 10) : 0;
}

static void killer(struct client *client) {
    struct stress *stress = client->stress;
    bool open = dial(client);
    for (size_t round = 0; round < stress->rounds / 4 && open; round++) {
        unsigned long id = pick_id(client);
        client->len = 0;
        say(client, "CLIENT KILL ID %lu SKIPME no\r\nCLIENT INFO\r\nPING\r\n", id);
        char byte;
        bool alive = id && stress_server_send(client->fd, client->text, client->len) &&
                     recv(client->fd, &byte, 1, 0) == 1;
        /* It may have met itself, or the other killer. */
        check(stress, !alive || byte == ':', "CLIENT KILL answers a number");
        hang_up(client, round % 2);
        open = dial(client);
    }
    atomic_fetch_sub(&stress->killers, 1);
    check(stress, open, "a killer can connect");
    if (open) hang_up(client, false);
}

static void break_off(struct client *client) {
    struct stress *stress = client->stress;
    static const char *const halves[] = {
        "*2\r\n$3\r\nGET\r\n$5\r\nhel",     "*3\r\n$3\r\nSET\r\n", "PI", "*1000000\r\n", "$",
        "*2\r\n$3\r\nGET\r\n$100000000\r\n"};
    for (size_t round = 0; round < stress->rounds; round++) {
        if (!dial(client)) {
            check(stress, false, "a breaking client can connect");
            return;
        }
        client->len = client->want_len = 0;
        for (uint64_t i = random_below(&client->random, 20); i > 0; i--) {
            say(client, "PING\r\n");
            expect(client, "+PONG\r\n");
        }
        bool half_close = round % 3 == 0;
        if (!half_close)
            say(client, "%s", halves[random_below(&client->random, ARRAY_LEN(halves))]);
        bool sent = send_cut(client);
        if (sent && half_close) {
            shutdown(client->fd, SHUT_WR);
            enum heard heard = hear(client);
            check(stress, heard != HEARD_OTHER && hears_end(client),
                  "after a half close come the replies and the end");
        }
        hang_up(client, round % 3 == 1);
    }
}

static void never_read(struct client *client) {
    struct stress *stress = client->stress;
    for (size_t round = 0; round < stress->rounds / 10 + 1; round++) {
        if (!dial(client)) {
            check(stress, false, "a client that never reads can connect");
            return;
        }
        client->len = 0;
        for (int i = 0; i < 2000; i++) say(client, "GET large\r\nCLIENT INFO\r\n");
        for (int i = 0; i < 20; i++)
            if (send(client->fd, client->text, client->len, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
                break;
        hang_up(client, round % 2);
    }
}

/* Everybody writes and reads one large value: each reply is one of those that were written. */
static void large(struct client *client) {
    struct stress *stress = client->stress;
    static const char head[] = "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$1048576\r\n";
    static const char tail[] = "\r\n*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n";
    static const char reply_head[] = "+OK\r\n$1048576\r\n";
    size_t bytes = sizeof(reply_head) - 1 + LARGE_BYTES + 2;
    uint8_t *block = malloc(bytes);
    for (size_t round = 0; block && round < stress->rounds / 10 + 1; round++) {
        bool alive = dial(client);
        memset(block, (int)('a' + random_below(&client->random, 26)), LARGE_BYTES);
        alive = alive && stress_server_send(client->fd, (const uint8_t *)head, sizeof(head) - 1) &&
                stress_server_send(client->fd, block, LARGE_BYTES) &&
                stress_server_send(client->fd, (const uint8_t *)tail, sizeof(tail) - 1);
        size_t have = 0;
        while (alive && have < bytes) {
            ssize_t len = recv(client->fd, block + have, bytes - have, 0);
            alive = len > 0;
            have += alive ? (size_t)len : 0;
        }
        if (alive) {
            const uint8_t *value = block + sizeof(reply_head) - 1;
            bool whole = memcmp(block, reply_head, sizeof(reply_head) - 1) == 0 &&
                         memcmp(value, value + 1, LARGE_BYTES - 1) == 0;
            check(stress, whole, "a large value is one that was written, whole");
        }
        if (client->fd >= 0) hang_up(client, false);
    }
    free(block);
}

/* ---- the server and the crowd ---------------------------------------------------------------- */

struct crowd_member {
    pthread_t thread;
    habit_fn *habit;
    struct client client;
};

static void *live(void *arg) {
    struct crowd_member *member = arg;
    member->habit(&member->client);
    return NULL;
}

static void run_crowd(struct stress *stress) {
    static habit_fn *const habits[] = {steady,    steady,    steady,     killer, killer,
                                       break_off, break_off, never_read, large,  large};
    static struct crowd_member crowd[ARRAY_LEN(habits)];
    for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
        struct crowd_member *member = &crowd[i];
        member->habit = habits[i];
        member->client.stress = stress;
        member->client.number = i;
        member->client.fd = -1;
        random_init(&member->client.random, 1000 + i);
        if (habits[i] == killer) stress->killers++;
    }
    for (size_t i = 0; i < ARRAY_LEN(habits); i++)
        pthread_create(&crowd[i].thread, NULL, live, &crowd[i]);
    for (size_t i = 0; i < ARRAY_LEN(habits); i++) pthread_join(crowd[i].thread, NULL);
}

int main(int argc, char **argv) {
    static struct stress stress;
    static const char *const flags[] = {"--server.threads=4", "--log.level=warning", NULL};
    stress.rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
    if (!stress_server_start(&stress.server, flags)) {
        fprintf(stderr, "stress_net: the server named by BRINE_SERVER does not start\n");
        return 1;
    }
    run_crowd(&stress);

    static struct client last;
    last.stress = &stress;
    expect(&last, "+PONG\r\n");
    say(&last, "PING\r\n");
    check(&stress,
          dial(&last) && stress_server_send(last.fd, last.text, last.len) &&
              hear(&last) == HEARD_WANTED,
          "the server answers afterwards");
    check(&stress, stress_server_stop(&stress.server), "the server stops in order");
    printf("%zu steady clients were killed on the way\n", stress.killed);
    printf("%zu passed, %zu failed\n", stress.passed, stress.failed);
    return stress.failed > 0;
}
