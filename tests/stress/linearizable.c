/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Clients at once against a real server of several workers, on few keys that lie in different
 * shards; what they were told must be what some order of their requests, one at a time, would have
 * told (support/history.h).  Requests are single commands, those of several keys (MSET, MSETNX,
 * MGET, RENAME, COPY, MOVE, DEL, EXISTS), of whole databases (SWAPDB, FLUSHALL), edits (APPEND,
 * SETRANGE, BITFIELD, SETBIT, BITOP), transactions, WATCH with EXEC, a script, and pipelines of
 * two.
 *
 *     BRINE_SERVER=build/brine-server linearizable [rounds [threads]]
 *
 * A round is eight requests of each of six clients on keys that nobody used before; then a seventh
 * reads what is left.  One round in 32 is *long*: what is set there has 300 KB, which is filled in,
 * judged, edited and copied off the event loops.
 *
 * It can fail: first the clients lie, in the ways a broken server would, one lie at a time
 * (`lies`): each must be found out, and is, within some ten rounds.  A server made to let go of its
 * locks between the commands of EXEC was found out after 1455 rounds, one that did not look whether
 * a long value was changed while it was edited after 733 and 2328. */

#include "tests/stress/support/history.h"
#include "tests/stress/support/server.h"
#include "tests/stress/support/talk.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/random.h"
#include "observe/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENTS = 6,
    READER = CLIENTS, /* who looks at what is left */
    REQUESTS = 8,
    ROUNDS = 2000,
    LIE_ROUNDS = 400, /* in which each lie must be found out */
    READ_LATE = 3,    /* of so many GETs the lying client answers one out of its head */
    LONG_EVERY = 32,
    LONG_KEYS = 3,
    APPENDS_MAX = HISTORY_APPENDS_MAX / CLIENTS, /* in a round by one client */
};

enum lie {
    HONEST,
    LIE_TORN_MSET,   /* two SETs, one behind the other */
    LIE_TORN_MULTI,  /* no MULTI */
    LIE_TORN_RENAME, /* GETDEL and SET */
    LIE_TORN_MGET,   /* GET by GET */
    LIE_STALE_GET,   /* what the client was told before */
    LIE_LOST_SET,    /* OK, and nothing is set */
    LIE_NO_WATCH,    /* GET alone */
    LIE_TORN_APPEND, /* GET and SET */
    LIE_LOST_EDIT,   /* GET, and nothing is changed */
    LIE_LOST_LONG,   /* the same of long values */
    LIES,
};
static const char *const lies[LIES] = {[LIE_TORN_MSET] = "MSET in two steps",
                                       [LIE_TORN_MULTI] = "a transaction command by command",
                                       [LIE_TORN_RENAME] = "RENAME in two steps",
                                       [LIE_TORN_MGET] = "MGET key by key",
                                       [LIE_STALE_GET] = "a GET that is late",
                                       [LIE_LOST_SET] = "a SET that is lost",
                                       [LIE_NO_WATCH] = "a WATCH that does not watch",
                                       [LIE_TORN_APPEND] = "APPEND in two steps",
                                       [LIE_LOST_EDIT] = "a BITFIELD that is lost",
                                       [LIE_LOST_LONG] = "a BITFIELD of a long value that is lost"};

struct run {
    struct stress_server server;
    pthread_barrier_t barrier;
    struct history histories[2]; /* of this round and of the one before, which is being checked */
    size_t rounds, round;        /* main's; clients count along */
    enum lie lie;
    atomic_bool over;
    size_t requests, overtaken, found, too_long;
};

struct client {
    struct run *run;
    pthread_t thread;
    struct random random;
    size_t number, round;
    uint8_t db;
    size_t appends;
    int64_t next_value;
    int64_t seen_value; /* the last that it was told */
    struct talk talk;
};

/* ---- what is asked ----------------------------------------------------------------------------*/

static bool is_long(const struct client *client) {
    enum lie lie = client->run->lie;
    return lie == LIE_LOST_LONG || (lie == HONEST && client->round % LONG_EVERY == 0);
}

/* Long values are fewer, for they are changed in less of a round's time. */
static uint8_t any_key(struct client *client) {
    return (uint8_t)random_below(&client->random, is_long(client) ? LONG_KEYS : HISTORY_KEYS);
}

/* Different ones. */
static void choose_keys(struct client *client, struct act *act, size_t count) {
    act->keys_count = (uint8_t)count;
    for (size_t i = 0; i < count;) {
        act->keys[i] = any_key(client);
        size_t same = 0;
        while (act->keys[same] != act->keys[i]) same++;
        i += same == i;
    }
}

static int64_t new_value(struct client *client) {
    int64_t value = client->next_value;
    client->next_value += 10;
    return value;
}

static bool stores_its_value(enum act_kind kind) {
    return kind == ACT_SET || kind == ACT_SETNX || kind == ACT_GETSET || kind == ACT_MSET ||
           kind == ACT_MSETNX;
}

static struct act choose_act(struct client *client, bool in_multi) {
    /* How many keys each has, and out of a hundred how often it is asked. */
    static const struct {
        uint8_t keys, often;
    } shapes[ACT_KINDS] = {[ACT_GET] = {1, 7},
                           [ACT_SET] = {1, 7},
                           [ACT_SETNX] = {1, 3},
                           [ACT_GETSET] = {1, 5},
                           [ACT_GETDEL] = {1, 3},
                           [ACT_INCR] = {1, 6},
                           [ACT_DEL] = {2, 4},
                           [ACT_EXISTS] = {3, 2},
                           [ACT_MGET] = {0, 7},
                           [ACT_MSET] = {3, 8},
                           [ACT_MSETNX] = {2, 5},
                           [ACT_RENAME] = {2, 6},
                           [ACT_RENAMENX] = {2, 3},
                           [ACT_COPY] = {2, 3},
                           [ACT_COPY_REPLACE] = {2, 4},
                           [ACT_MOVE] = {1, 3},
                           [ACT_SWAPDB] = {0, 2},
                           [ACT_FLUSHALL] = {0, 1},
                           [ACT_COMPARE_AND_DELETE] = {1, 3},
                           [ACT_APPEND] = {1, 5},
                           [ACT_SETRANGE] = {1, 4},
                           [ACT_BITFIELD] = {1, 4},
                           [ACT_BITOP] = {2, 3},
                           [ACT_STRLEN] = {1, 2}};
    struct act act = {.db = client->db};
    uint64_t at = random_below(&client->random, 100);
    while (at >= shapes[act.kind].often) at -= shapes[act.kind++].often;
    bool is_for_one = act.kind == ACT_SWAPDB || act.kind == ACT_MGET;
    if (in_multi && is_for_one) act.kind = ACT_INCR;
    if (act.kind == ACT_APPEND && client->appends++ >= APPENDS_MAX) act.kind = ACT_STRLEN;
    choose_keys(client, &act, in_multi && is_for_one ? 1 : shapes[act.kind].keys);
    act.value = new_value(client);
    if (is_long(client) && stores_its_value(act.kind)) act.value |= HISTORY_PADDED;
    if (act.kind == ACT_COMPARE_AND_DELETE) act.value = client->seen_value;
    return act;
}

#define UNLOCK                                                                                     \
    "if redis.call('get',KEYS[1]) == ARGV[1] then\n return redis.call('del',KEYS[1])\nelse "       \
    "return 0 end"

static void add(struct buf *text, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct buf *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    BRINE_ASSERT(buf_vprintf(text, format, args) == BRINE_OK, "the test has memory");
    va_end(args);
}

/* A request's words, each with its length in front. */
struct words {
    struct buf text;
    size_t count;
};

static void add_word(struct words *words, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_word(struct words *words, const char *format, ...) {
    char word[160];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(word, sizeof word, format, args);
    va_end(args);
    add(&words->text, "$%d\r\n%s\r\n", len, word);
    words->count++;
}

static void add_value(struct words *words, int64_t value) {
    static const char some[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    _Static_assert(HISTORY_PAD_BYTES % (sizeof some - 1) == 0, "so many make up the pad");
    int64_t number = value & ~HISTORY_PADDED;
    if (number == value) {
        add_word(words, "%" PRId64, number);
        return;
    }
    add(&words->text, "$%d\r\n%" PRId64, HISTORY_HEAD_DIGITS + HISTORY_PAD_BYTES, number);
    for (size_t i = 0; i < HISTORY_PAD_BYTES; i += sizeof some - 1) add(&words->text, "%s", some);
    add(&words->text, "\r\n");
    words->count++;
}

/* What follows the keys. */
static void add_options(struct words *words, const struct act *act) {
    switch ((int)act->kind) {
    case ACT_SET:
    case ACT_SETNX:
    case ACT_GETSET:
    case ACT_COMPARE_AND_DELETE:
        add_value(words, act->value);
        break;
    case ACT_COPY_REPLACE:
        add_word(words, "REPLACE");
        break;
    case ACT_MOVE:
        add_word(words, "%d", 1 - act->db);
        break;
    case ACT_APPEND:
        add_word(words, "%d", history_digit(act->value));
        break;
    case ACT_SETRANGE:
        add_word(words, "0");
        add_value(words, act->value);
        break;
    case ACT_BITFIELD:
        add_word(words, "SET");
        add_word(words, "u8");
        add_word(words, "0");
        add_word(words, "%d", '0' + history_digit(act->value));
        break;
    case ACT_SETBIT:
        add_word(words, "7");
        add_word(words, "1");
        break;
    default:
        break;
    }
}

static void add_act(struct buf *text, const struct client *client, const struct act *act) {
    static const char *const names[ACT_KINDS] = {[ACT_GET] = "GET",
                                                 [ACT_SET] = "SET",
                                                 [ACT_SETNX] = "SETNX",
                                                 [ACT_GETSET] = "GETSET",
                                                 [ACT_GETDEL] = "GETDEL",
                                                 [ACT_INCR] = "INCR",
                                                 [ACT_DEL] = "DEL",
                                                 [ACT_EXISTS] = "EXISTS",
                                                 [ACT_MGET] = "MGET",
                                                 [ACT_MSET] = "MSET",
                                                 [ACT_MSETNX] = "MSETNX",
                                                 [ACT_RENAME] = "RENAME",
                                                 [ACT_RENAMENX] = "RENAMENX",
                                                 [ACT_COPY] = "COPY",
                                                 [ACT_COPY_REPLACE] = "COPY",
                                                 [ACT_MOVE] = "MOVE",
                                                 [ACT_SWAPDB] = "SWAPDB",
                                                 [ACT_FLUSHALL] = "FLUSHALL",
                                                 [ACT_COMPARE_AND_DELETE] = "EVAL",
                                                 [ACT_APPEND] = "APPEND",
                                                 [ACT_SETRANGE] = "SETRANGE",
                                                 [ACT_BITFIELD] = "BITFIELD",
                                                 [ACT_SETBIT] = "SETBIT",
                                                 [ACT_BITOP] = "BITOP",
                                                 [ACT_STRLEN] = "STRLEN"};
    enum act_kind kind = act->kind;
    struct words words = {.count = 0};
    buf_init(&words.text, mem_system(), SIZE_MAX);
    add_word(&words, "%s", names[kind]);
    if (kind == ACT_SWAPDB || kind == ACT_COMPARE_AND_DELETE)
        add_word(&words, "%s", kind == ACT_SWAPDB ? "0" : UNLOCK);
    if (kind == ACT_SWAPDB || kind == ACT_COMPARE_AND_DELETE) add_word(&words, "1");
    if (kind == ACT_BITOP) add_word(&words, "OR");
    size_t count = kind == ACT_MGET ? HISTORY_KEYS : act->keys_count;
    for (size_t i = 0; i < count; i++) {
        size_t at = kind == ACT_BITOP ? count - 1 - i : i; /* its target comes first */
        add_word(&words, "%zu:%zu", client->round, kind == ACT_MGET ? i : act->keys[at]);
        if (kind == ACT_MSET || kind == ACT_MSETNX) add_value(&words, act->value + (int64_t)i);
    }
    add_options(&words, act);
    add(text, "*%zu\r\n", words.count);
    BRINE_ASSERT(buf_append(text, buf_view(&words.text)) == BRINE_OK, "the test has memory");
    buf_deinit(&words.text);
}

/* SETBIT of a key that is there, for of no key it makes no number. */
static void choose_setbit(struct client *client, struct request *request) {
    struct act *acts = request->acts;
    acts[0] = (struct act){.kind = ACT_SETNX, .db = client->db, .value = new_value(client)};
    if (is_long(client)) acts[0].value |= HISTORY_PADDED;
    choose_keys(client, &acts[0], 1);
    acts[1] = acts[0];
    acts[1].kind = ACT_SETBIT;
    request->acts_count = 2;
}

static struct request choose_request(struct client *client) {
    struct request request = {.acts_count = 1};
    if (random_below(&client->random, 24) == 0) {
        choose_setbit(client, &request);
        return request;
    }
    if (random_below(&client->random, 6) == 0)
        request.acts_count = 2 + random_below(&client->random, HISTORY_ACTS - 1);
    for (size_t i = 0; i < request.acts_count; i++)
        request.acts[i] = choose_act(client, request.acts_count > 1);
    return request;
}

/* ---- asking -----------------------------------------------------------------------------------*/

static void take_answer(struct client *client, struct request *request, int64_t answer) {
    if (answer >= 0) client->seen_value = answer;
    BRINE_ASSERT(request->answers_count < HISTORY_ANSWERS, "a request's answers have room");
    request->answers[request->answers_count++] = answer;
}

/* The reply as numbers, without the heads of arrays. */
static void take_answers(struct client *client, struct request *request, const char *reply) {
    static const struct {
        const char *text;
        int64_t answer;
    } errors[] = {{"-ERR no such key", ANSWER_NO_KEY},
                  {"-ERR value is not an integer or out of range", ANSWER_NO_INTEGER}};
    for (const char *at = reply; *at; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        const char *error = *at == '-' ? at : NULL;
        size_t which = 0;
        while (error && which < ARRAY_LEN(errors) &&
               strncmp(at, errors[which].text, strlen(errors[which].text)) != 0)
            which++;
        if (error && which < ARRAY_LEN(errors)) {
            take_answer(client, request, errors[which].answer);
            len = strlen(errors[which].text);
        } else if (*at >= '0' && *at <= '9') {
            take_answer(client, request, strtoll(at, NULL, 10));
        } else if (strncmp(at, "nil", len) == 0) {
            take_answer(client, request, ANSWER_NIL);
        } else if (strncmp(at, "OK", len) == 0) {
            take_answer(client, request, ANSWER_OK);
        } else if (*at != '*') {
            printf("an odd reply: %s\n", reply);
            take_answer(client, request, ANSWER_ODD);
            return;
        }
        at += len;
    }
}

static bool hear(struct client *client) {
    return talk_hear(&client->talk);
}

/* All of them in one go. */
static void ask(struct client *client, struct request *requests, size_t count) {
    struct buf text;
    buf_init(&text, mem_system(), SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        bool is_multi = requests[i].acts_count > 1;
        if (is_multi) add(&text, "MULTI\r\n");
        for (size_t j = 0; j < requests[i].acts_count; j++)
            add_act(&text, client, &requests[i].acts[j]);
        if (is_multi) add(&text, "EXEC\r\n");
    }
    int64_t called_ns = clock_mono_ns();
    bool sent = stress_server_send(client->talk.fd, text.data, text.len);
    for (size_t i = 0; i < count; i++) {
        size_t unimportant = requests[i].acts_count > 1 ? requests[i].acts_count + 1 : 0;
        while (sent && unimportant-- > 0) sent = hear(client);
        sent = sent && hear(client);
        requests[i].called_ns = called_ns;
        requests[i].returned_ns = clock_mono_ns();
        take_answers(client, &requests[i], sent ? client->talk.reply : "gone");
    }
    buf_deinit(&text);
}

/* ---- lies -------------------------------------------------------------------------------------*/

/* Asks for the act alone; the answer. */
static int64_t ask_act(struct client *client, enum act_kind kind, uint8_t key, int64_t value) {
    struct request request = {
        .acts_count = 1,
        .acts = {{.kind = kind, .db = client->db, .keys = {key}, .keys_count = 1, .value = value}}};
    ask(client, &request, 1);
    return request.answers[0];
}

/* False: there is no lie for it, it is to be asked. */
static bool lie_about_act(struct client *client, struct request *request) {
    const struct act *act = &request->acts[0];
    enum lie lie = client->run->lie;
    if (lie == LIE_TORN_MSET && act->kind == ACT_MSET) {
        for (size_t i = 0; i < act->keys_count; i++)
            (void)ask_act(client, ACT_SET, act->keys[i], act->value + (int64_t)i);
        take_answer(client, request, ANSWER_OK);
    } else if (lie == LIE_TORN_RENAME && act->kind == ACT_RENAME) {
        int64_t value = ask_act(client, ACT_GETDEL, act->keys[0], 0);
        if (value >= 0) (void)ask_act(client, ACT_SET, act->keys[1], value);
        take_answer(client, request, value >= 0 ? ANSWER_OK : ANSWER_NO_KEY);
    } else if (lie == LIE_TORN_MGET && act->kind == ACT_MGET) {
        for (uint8_t i = 0; i < HISTORY_KEYS; i++)
            take_answer(client, request, ask_act(client, ACT_GET, i, 0));
    } else if (lie == LIE_STALE_GET && act->kind == ACT_GET &&
               random_below(&client->random, READ_LATE) == 0) {
        take_answer(client, request, client->seen_value);
    } else if (lie == LIE_TORN_APPEND && act->kind == ACT_APPEND) {
        int64_t value = MAX(ask_act(client, ACT_GET, act->keys[0], 0), 0), length = 1;
        value = value * 10 + history_digit(act->value);
        (void)ask_act(client, ACT_SET, act->keys[0], value);
        while ((value /= 10) > 0) length++;
        take_answer(client, request, length);
    } else if ((lie == LIE_LOST_EDIT || lie == LIE_LOST_LONG) && act->kind == ACT_BITFIELD) {
        int64_t value = ask_act(client, ACT_GET, act->keys[0], 0);
        while (value >= 10) value /= 10;
        take_answer(client, request, value > 0 ? '0' + value : 0);
    } else if (lie == LIE_LOST_SET && act->kind == ACT_SET) {
        take_answer(client, request, ANSWER_OK);
    } else {
        return false;
    }
    return true;
}

static bool lie_about(struct client *client, struct request *request) {
    bool lied = false;
    int64_t called_ns = clock_mono_ns();
    if (client->run->lie == LIE_TORN_MULTI && request->acts_count > 1) {
        for (size_t i = 0; i < request->acts_count; i++) {
            struct request part = {.acts_count = 1, .acts = {request->acts[i]}};
            ask(client, &part, 1);
            for (size_t j = 0; j < part.answers_count; j++)
                take_answer(client, request, part.answers[j]);
        }
        lied = true;
    } else if (request->acts_count == 1) {
        lied = lie_about_act(client, request);
    }
    request->called_ns = called_ns;
    request->returned_ns = clock_mono_ns();
    return lied;
}

/* ---- a client's round -------------------------------------------------------------------------*/

/* WATCH and GET are one request of the history, EXEC the next. */
static void watch_and_exec(struct client *client, struct request *requests) {
    struct talk *talk = &client->talk;
    uint8_t key = any_key(client);
    requests[0] = (struct request){
        .acts_count = 1,
        .acts = {{.kind = ACT_GET, .db = client->db, .keys = {key}, .keys_count = 1}},
        .called_ns = clock_mono_ns()};
    if (client->run->lie != LIE_NO_WATCH) talk_ask(talk, "WATCH %zu:%u", client->round, key);
    take_answers(client, &requests[0], talk_ask(talk, "GET %zu:%u", client->round, key));
    requests[0].returned_ns = clock_mono_ns();
    requests[1] = (struct request){.acts_count = 2,
                                   .is_watched = true,
                                   .watched_key = key,
                                   .watched_value = requests[0].answers[0]};
    for (size_t i = 0; i < requests[1].acts_count; i++)
        requests[1].acts[i] = choose_act(client, true);
    ask(client, &requests[1], 1);
}

static void live_round(struct client *client, struct history_client *history) {
    while (history->count < REQUESTS) {
        struct request *next = &history->requests[history->count];
        uint64_t how = random_below(&client->random, 10);
        bool has_two = history->count + 2 <= REQUESTS;
        if (how < 2 && has_two) {
            watch_and_exec(client, next);
            history->count += 2;
        } else if (how < 4 && has_two && client->run->lie == HONEST && !is_long(client)) {
            next[0] = choose_request(client);
            next[1] = choose_request(client);
            ask(client, next, 2);
            history->count += 2;
        } else {
            *next = choose_request(client);
            if (!lie_about(client, next)) ask(client, next, 1);
            history->count++;
        }
    }
}

static void *live(void *argument) {
    struct client *client = argument;
    struct run *run = client->run;
    for (;; client->round++) {
        pthread_barrier_wait(&run->barrier); /* all begin */
        if (atomic_load(&run->over)) return NULL;
        client->next_value = (int64_t)(1000 * (client->number + 1));
        client->seen_value = 0;
        client->appends = 0;
        live_round(client, &run->histories[client->round % 2].clients[client->number]);
        pthread_barrier_wait(&run->barrier); /* all have ended */
    }
}

/* ---- the reader and judge ---------------------------------------------------------------------*/

static bool begin_client(struct client *client, struct run *run, size_t number, size_t round) {
    client->run = run;
    client->number = number;
    client->round = round;
    random_init(&client->random, 1000 * round + number);
    if (!talk_dial(&client->talk, run->server.port)) return false;
    client->db = number % 2;
    return strcmp(talk_ask(&client->talk, "SELECT %u", client->db), "OK") == 0;
}

/* What both databases hold in the end. */
static void read_what_is_left(struct client *reader, struct history_client *history) {
    for (uint8_t db = 0; db < HISTORY_DATABASES; db++) {
        struct request *request = &history->requests[history->count++];
        talk_ask(&reader->talk, "SELECT %u", db);
        *request = (struct request){.acts_count = 1, .acts = {{.kind = ACT_MGET, .db = db}}};
        ask(reader, request, 1);
    }
}

static void judge(struct run *run, const struct history *history, struct history_checker *checker) {
    enum history_verdict verdict = history_check(history, checker);
    for (size_t i = 0; i < history->clients_count; i++) {
        const struct history_client *client = &history->clients[i];
        run->requests += client->count;
        for (size_t j = 0; j < client->count; j++)
            run->overtaken +=
                client->requests[j].is_watched && client->requests[j].answers_count == 1;
    }
    run->too_long += verdict == HISTORY_TOO_LONG;
    run->found += verdict == HISTORY_IMPOSSIBLE;
    if (verdict != HISTORY_IMPOSSIBLE || run->lie != HONEST) return;
    printf("no order of these requests gives these answers:\n");
    history_print(history);
}

/* Rounds until the first that is impossible, or to the end; false: a client could not connect. */
static bool run_rounds(struct run *run, size_t rounds, struct history_checker *checker) {
    static struct client clients[CLIENTS + 1];
    bool all = true;
    size_t end = run->round + rounds;
    run->requests = run->overtaken = run->found = run->too_long = 0;
    atomic_store(&run->over, false);
    for (size_t i = 0; i <= READER; i++) all &= begin_client(&clients[i], run, i, run->round);
    if (!all) return false;
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i].thread, NULL, live, &clients[i]);
    for (bool is_first = true; run->round < end && run->found == 0; run->round++) {
        struct history *history = &run->histories[run->round % 2];
        history_begin(history, CLIENTS + 1);
        pthread_barrier_wait(&run->barrier);
        if (!is_first) judge(run, &run->histories[1 - run->round % 2], checker);
        pthread_barrier_wait(&run->barrier);
        clients[READER].round = run->round;
        read_what_is_left(&clients[READER], &history->clients[READER]);
        if (is_long(&clients[READER])) talk_ask(&clients[READER].talk, "FLUSHALL");
        is_first = false;
    }
    atomic_store(&run->over, true);
    pthread_barrier_wait(&run->barrier);
    for (size_t i = 0; i < CLIENTS; i++) pthread_join(clients[i].thread, NULL);
    for (size_t i = 0; i <= READER; i++) talk_hang_up(&clients[i].talk, false);
    if (run->found == 0) judge(run, &run->histories[1 - run->round % 2], checker);
    return true;
}

static bool finds_lie(struct run *run, enum lie lie, struct history_checker *checker) {
    size_t before = run->round;
    run->lie = lie;
    bool found = run_rounds(run, LIE_ROUNDS, checker) && run->found > 0;
    printf("%s %s in %zu rounds\n", lies[lie], found ? "is found out" : "goes unnoticed",
           run->round - before);
    return found;
}

int main(int argc, char **argv) {
    static struct run run;
    char threads[64];
    snprintf(threads, sizeof threads, "--server.threads=%s", argc > 2 ? argv[2] : "4");
    const char *const flags[] = {threads, "--gate.threads=2", "--log.level=warning", NULL};
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS, passed = 0, failed = 0;
    if (!stress_server_start(&run.server, flags)) {
        fprintf(stderr, "linearizable: the server named by BRINE_SERVER does not start\n");
        return 1;
    }
    struct history_checker *checker = history_checker_create();
    pthread_barrier_init(&run.barrier, NULL, CLIENTS + 1);
    for (enum lie lie = HONEST + 1; lie < LIES; lie++)
        *(finds_lie(&run, lie, checker) ? &passed : &failed) += 1;
    run.lie = HONEST;
    bool done = run_rounds(&run, rounds, checker) && run.found == 0;
    passed += done;
    failed += !done + run.too_long;
    printf("%zu requests in %zu rounds, %zu overtaken, %zu rounds too long to judge\n",
           run.requests, rounds, run.overtaken, run.too_long);
    history_checker_destroy(checker);
    pthread_barrier_destroy(&run.barrier);
    *(stress_server_stop(&run.server) ? &passed : &failed) += 1;
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
