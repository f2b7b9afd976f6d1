/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Wire tests: a real server behind real sockets, and tests that read like a redis-cli transcript.
 *
 *     TRANSCRIPT(strings, set_with_nx_keeps_what_is_there,
 *         {"SET k old", "+OK"},
 *         {"SET k new NX", "nil"},
 *         {"GET k", "\"old\""})
 *
 * A row is a command as one would type it into redis-cli (quotes and \x escapes work) and the reply
 * as text: `+OK` status, `-ERR ...` error, `"bulk\r\n"`, `42`, `nil`, `[1, ["a"], nil]`.  A reply
 * that starts with `~` is a glob for what cannot be known beforehand; `20..30` is an integer within
 * these bounds; `(closed)` is a connection that ended.  `@1 PING` is said by connection 1 of
 * WIRE_CLIENTS (without a mark: 0); `@brine` and `@redis` rows are for one server only.
 *
 * wire_open starts the server that BRINE_SERVER names (default build/brine-server) on a free port
 * and waits until it answers; wire_close ends it with SIGTERM and expects exit status 0.  When
 * BRINE_SERVER is a redis-server the flags are translated, so that the same test proves that the
 * expectation is Redis's.  With BRINE_TEST_ADDR=host:port nothing is started: the tests talk to
 * that server, one test at a time, and those that need flags of their own are skipped.
 *
 * What cannot go on (no server, no socket) ends the test; a wrong reply is reported and the
 * transcript goes on.  A test is one process and one thread, as Criterion runs them. */
#ifndef BRINE_TESTS_WIRE_SUPPORT_H
#define BRINE_TESTS_WIRE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct redisContext;

enum {
    WIRE_CLIENTS = 4,              /* connections a transcript can use */
    WIRE_REPLY_TEXT = 1024 * 1024, /* longer replies are cut when rendered */
    WIRE_DEADLINE_MS = 20000,      /* how long anything may take, sanitizers and load included */
};

/* Whose expectation it is: rows and tests of the other server are passed over. */
enum wire_only { BOTH, BRINE_ONLY, REDIS_ONLY };

struct wire {
    pid_t pid; /* the server we started, 0 when it was there before */
    bool is_brine;
    bool may_die; /* the test ends the server itself: wire_close expects no exit status */
    char host[64];
    int port;
    int notify_fd; /* where the server says READY=1 and STOPPING=1 */
    int lock_fd;   /* held while a shared server is used, else -1 */
    char dir[64];  /* the server's working directory, removed at the end */
    struct redisContext *clients[WIRE_CLIENTS]; /* opened when first used */
    char text[WIRE_REPLY_TEXT];                 /* the last reply, rendered */
};

/* Starts or finds the server.  flags: "section.key=value", ended by NULL; NULL for none. */
struct wire *wire_open(const char *const *flags);
void wire_close(struct wire *wire);

/* True, and the test is marked as skipped, where the server is not the one that is meant. */
void wire_only_for(struct wire *wire, enum wire_only only);

/* Starts a server that is expected to refuse; returns its exit status. */
int wire_run_to_exit(const char *const *arguments, char *output, size_t output_size);

/* Plays {command, reply} rows in order and compares each reply. */
void wire_play(struct wire *wire, const char *const rows[][2], size_t count);
#define PLAY(wire, ...)                                                                            \
    do {                                                                                           \
        static const char *const rows_[][2] = {__VA_ARGS__};                                       \
        wire_play((wire), rows_, sizeof rows_ / sizeof *rows_);                                    \
    } while (0)

#define TRANSCRIPT(suite, name, ...)                                                               \
    Test(suite, name) {                                                                            \
        struct wire *wire = wire_open(NULL);                                                       \
        PLAY(wire, __VA_ARGS__);                                                                   \
        wire_close(wire);                                                                          \
    }

/* Sends one command and returns its reply as text, valid until the next call. */
const char *wire_ask(struct wire *wire, int client, const char *command);
const char *wire_ask_argv(struct wire *wire, int client, int argc, const char **argv,
                          const size_t *lens);
/* Whether a rendered reply is what a row expects (globs and ranges included). */
bool wire_matches(const char *reply, const char *expected);
/* Asks again and again until the reply matches; a failure after WIRE_DEADLINE_MS. */
void wire_await(struct wire *wire, int client, const char *command, const char *expected);
/* The connection itself, for pipelines and large replies. */
struct redisContext *wire_client(struct wire *wire, int client);
void wire_forget_client(struct wire *wire, int client);
/* The client has nothing to read and the server has closed it. */
bool wire_client_is_closed(struct wire *wire, int client);

/* ---- raw sockets: bytes out, bytes in -------------------------------------------------------- */

struct raw_row {
    const char *what; /* the case in words */
    const char *send;
    const char *expect;
    bool closes;     /* the server closes after the reply; else it must still answer PING */
    size_t send_len; /* 0: strlen(send) */
    size_t expect_len;
    enum wire_only only;
};

int wire_raw_open(const struct wire *wire);
void wire_raw_send(int fd, const void *data, size_t len);
/* Sends as raw bytes what fits until the server takes no more; returns how much that was. */
size_t wire_raw_send_until_full(int fd, const void *data, size_t len);
/* Reads until size bytes came, the server closed, or the deadline passed; returns the count. */
size_t wire_raw_read(int fd, void *out, size_t size);
/* One read, of a datagram for one; 0 when nothing comes before the deadline. */
size_t wire_raw_read_some(int fd, void *out, size_t size);
/* The server closes the connection, whatever it still says before. */
bool wire_raw_is_closed(int fd);
/* Every row on a connection of its own, once in one piece and once byte by byte. */
void wire_play_raw(struct wire *wire, const struct raw_row *rows, size_t count);
#define PLAY_RAW(wire, ...)                                                                        \
    do {                                                                                           \
        static const struct raw_row rows_[] = {__VA_ARGS__};                                       \
        wire_play_raw((wire), rows_, sizeof rows_ / sizeof *rows_);                                \
    } while (0)

long long wire_now_ms(void); /* monotonic */
/* Of the server's process; 0 where it is not ours to look at. */
size_t wire_resident_bytes(const struct wire *wire);

#endif
