/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Is what concurrent clients were told possible, had their requests been carried out one at a time,
 * each at some moment between its call and its return?  Over all keys at once, so that requests
 * about several keys must be whole.
 *
 *     history_begin(&history, clients);
 *     history.clients[c].requests[history.clients[c].count++] = request;    // each client its own
 *     history_check(&history, checker)                                      // after all returned
 *
 * What a key holds is a number as text.  A *padded* one (HISTORY_PADDED) has so many bytes behind
 * its first four digits that a server edits it where time is, and not where it talks to clients; of
 * such a value only these digits are read.  Edits change digits.
 *
 * Words: an *act* is one command as the model knows it; a *request* is what is atomic, one act or a
 * transaction of several, with what came back; a *history* is a round of requests by all clients,
 * which begins with no key.
 *
 * Source: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memory of
 * what was tried before (2017).  As each client's requests are in order, what was carried out is a
 * number for each client.  Cost: exponential in how many requests overlap, bounded by STEPS_MAX. */
#ifndef BRINE_TESTS_STRESS_HISTORY_H
#define BRINE_TESTS_STRESS_HISTORY_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTORY_CLIENTS = 8,
    HISTORY_REQUESTS = 10, /* of one client */
    HISTORY_ACTS = 3,      /* of one request */
    HISTORY_KEYS = 6,
    HISTORY_DATABASES = 2,
    HISTORY_ANSWERS = 16, /* numbers that came back for one request */
    HISTORY_HEAD_DIGITS = 4,
    HISTORY_PAD_BYTES = 300 * 1024,
    HISTORY_APPENDS_MAX = 12, /* in a round by all: no number is beyond 64 bits */
};
#define HISTORY_PADDED (INT64_C(1) << 62)

/* What is no number; what a key holds is at least 1. */
enum {
    ANSWER_NIL = -1,
    ANSWER_OK = -2,
    ANSWER_NO_KEY = -3,
    ANSWER_ODD = -4,
    ANSWER_NO_INTEGER = -5,
};

enum act_kind {
    ACT_GET,
    ACT_SET,
    ACT_SETNX,
    ACT_GETSET,
    ACT_GETDEL,
    ACT_INCR,
    ACT_DEL,    /* keys */
    ACT_EXISTS, /* keys */
    ACT_MGET,   /* all keys */
    ACT_MSET,   /* keys, to value, value + 1 ... */
    ACT_MSETNX, /* as MSET */
    ACT_RENAME, /* keys[0] to keys[1] */
    ACT_RENAMENX,
    ACT_COPY,
    ACT_COPY_REPLACE,
    ACT_MOVE, /* to the other database */
    ACT_SWAPDB,
    ACT_FLUSHALL,
    ACT_COMPARE_AND_DELETE, /* a script */
    ACT_APPEND,             /* one digit, which value says: history_digit */
    ACT_SETRANGE,           /* the first four digits */
    ACT_BITFIELD,           /* sets the first byte to one digit, and tells what it was */
    ACT_SETBIT,             /* makes the first digit odd; only of a key that is there */
    ACT_BITOP,              /* OR: keys[0] to keys[1], as there is but one source */
    ACT_STRLEN,
    ACT_KINDS,
};

struct act {
    enum act_kind kind;
    uint8_t db;
    uint8_t keys[HISTORY_KEYS], keys_count; /* no key twice */
    int64_t value;                          /* maybe HISTORY_PADDED */
};

static inline int history_digit(int64_t value) {
    return (int)(1 + value % 9);
}

struct request {
    struct act acts[HISTORY_ACTS];
    size_t acts_count;
    /* WATCH: of acts[0]'s database; carried out only if the key still holds what was seen. */
    bool is_watched;
    uint8_t watched_key;
    int64_t watched_value;
    int64_t called_ns, returned_ns;
    int64_t answers[HISTORY_ANSWERS];
    size_t answers_count;
};

struct history {
    struct history_client {
        struct request requests[HISTORY_REQUESTS];
        size_t count;
    } clients[HISTORY_CLIENTS];
    size_t clients_count;
};

void history_begin(struct history *history, size_t clients);

enum history_verdict { HISTORY_POSSIBLE, HISTORY_IMPOSSIBLE, HISTORY_TOO_LONG };

struct history_checker; /* the memory of what was tried; one thread's */
struct history_checker *history_checker_create(void);
void history_checker_destroy(struct history_checker *checker);
enum history_verdict history_check(const struct history *history, struct history_checker *checker);

/* Prints it, in the order in which requests were called. */
void history_print(const struct history *history);

#endif
