/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "tests/stress/support/history.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    STEPS_MAX = 1 << 20, /* requests carried out on trial, for one history */
    TRIED_SLOTS = 1 << 22,
    DEPTH_MAX = HISTORY_CLIENTS * HISTORY_REQUESTS,
    ABSENT = -1,
};

/* ---- the model --------------------------------------------------------------------------------*/

struct state {
    int64_t values[HISTORY_DATABASES][HISTORY_KEYS];
};

struct answers {
    int64_t items[HISTORY_ANSWERS];
    size_t count;
};

static void answer(struct answers *answers, int64_t item) {
    BRINE_ASSERT(answers->count < HISTORY_ANSWERS, "a request's answers have room");
    answers->items[answers->count++] = item;
}

static bool is_padded(int64_t value) {
    return value >= HISTORY_PADDED;
}

/* 1, 10, 100 ..., of as many digits as the number. */
static int64_t scale_of(int64_t number) {
    int64_t scale = 1;
    while (number / scale >= 10) scale *= 10;
    return scale;
}

static int64_t length_of(int64_t value) {
    int64_t length = is_padded(value) ? HISTORY_PAD_BYTES : 0;
    if (value == ABSENT) return 0;
    for (int64_t scale = scale_of(value & ~HISTORY_PADDED); scale > 0; scale /= 10) length++;
    return length;
}

/* What a reader makes of it. */
static int64_t shown(int64_t value) {
    int64_t number = value & ~HISTORY_PADDED;
    if (value == ABSENT || !is_padded(value)) return value;
    return number / (scale_of(number) / 1000);
}

static void carry_out_edit(int64_t *value, const struct act *act, struct answers *answers) {
    int64_t padded = is_padded(*value) ? HISTORY_PADDED : 0;
    int64_t number = *value == ABSENT ? 0 : *value & ~HISTORY_PADDED;
    int64_t scale = scale_of(number), first = number / scale, digit = history_digit(act->value);
    if (act->kind == ACT_BITFIELD) answer(answers, first ? '0' + first : 0);
    if (act->kind == ACT_SETBIT) answer(answers, first % 2);
    if (act->kind == ACT_APPEND)
        number = number * 10 + digit;
    else if (act->kind == ACT_SETRANGE)
        number = scale > 1000 ? act->value * (scale / 1000) + number % (scale / 1000) : act->value;
    else if (act->kind == ACT_BITFIELD)
        number += (digit - first) * scale;
    else if (first % 2 == 0)
        number += scale;
    *value = number | padded;
    if (act->kind == ACT_APPEND || act->kind == ACT_SETRANGE) answer(answers, length_of(*value));
}

static void move_value(int64_t *from, int64_t *to) {
    *to = *from;
    *from = ABSENT;
}

static int64_t count_present(const int64_t *values, const struct act *act) {
    int64_t present = 0;
    for (size_t i = 0; i < act->keys_count; i++) present += values[act->keys[i]] != ABSENT;
    return present;
}

static void carry_out_several(struct state *state, const struct act *act, struct answers *answers) {
    int64_t *values = state->values[act->db];
    int64_t present = count_present(values, act);
    if (act->kind == ACT_MSETNX) answer(answers, present == 0);
    if (act->kind == ACT_MSETNX && present) return;
    for (size_t i = 0; i < act->keys_count; i++)
        values[act->keys[i]] = act->kind == ACT_DEL ? ABSENT : act->value + (int64_t)i;
    if (act->kind == ACT_DEL) answer(answers, present);
    if (act->kind == ACT_MSET) answer(answers, ANSWER_OK);
}

/* From one key to another, in this database or the other. */
static void carry_out_move(struct state *state, const struct act *act, struct answers *answers) {
    int64_t *from = &state->values[act->db][act->keys[0]];
    int64_t *to = act->kind == ACT_MOVE ? &state->values[1 - act->db][act->keys[0]]
                                        : &state->values[act->db][act->keys[1]];
    bool may_replace = act->kind == ACT_RENAME || act->kind == ACT_COPY_REPLACE;
    bool is_copy = act->kind == ACT_COPY || act->kind == ACT_COPY_REPLACE;
    bool has_error = act->kind == ACT_RENAME || act->kind == ACT_RENAMENX;
    bool done = *from != ABSENT && (may_replace || *to == ABSENT);
    if (*from == ABSENT && has_error)
        answer(answers, ANSWER_NO_KEY);
    else
        answer(answers, act->kind == ACT_RENAME ? ANSWER_OK : done);
    if (done && is_copy) *to = *from;
    if (done && !is_copy) move_value(from, to);
}

static void carry_out(struct state *state, const struct act *act, struct answers *answers) {
    int64_t *values = state->values[act->db], *value = &values[act->keys[0]];
    int64_t old = *value;
    switch (act->kind) {
    case ACT_GET:
        answer(answers, shown(old));
        return;
    case ACT_SET:
        *value = act->value;
        answer(answers, ANSWER_OK);
        return;
    case ACT_SETNX:
        if (old == ABSENT) *value = act->value;
        answer(answers, old == ABSENT);
        return;
    case ACT_GETSET:
        *value = act->value;
        answer(answers, shown(old));
        return;
    case ACT_GETDEL:
        *value = ABSENT;
        answer(answers, shown(old));
        return;
    case ACT_INCR:
        if (!is_padded(old)) *value = old == ABSENT ? 1 : old + 1;
        answer(answers, is_padded(old) ? ANSWER_NO_INTEGER : *value);
        return;
    case ACT_EXISTS:
        answer(answers, count_present(values, act));
        return;
    case ACT_MGET:
        for (size_t i = 0; i < HISTORY_KEYS; i++) answer(answers, shown(values[i]));
        return;
    case ACT_DEL:
    case ACT_MSET:
    case ACT_MSETNX:
        carry_out_several(state, act, answers);
        return;
    case ACT_RENAME:
    case ACT_RENAMENX:
    case ACT_COPY:
    case ACT_COPY_REPLACE:
    case ACT_MOVE:
        carry_out_move(state, act, answers);
        return;
    case ACT_SWAPDB:
        for (size_t i = 0; i < HISTORY_KEYS; i++) {
            int64_t kept = state->values[0][i];
            state->values[0][i] = state->values[1][i];
            state->values[1][i] = kept;
        }
        answer(answers, ANSWER_OK);
        return;
    case ACT_FLUSHALL:
        for (size_t i = 0; i < HISTORY_KEYS; i++)
            state->values[0][i] = state->values[1][i] = ABSENT;
        answer(answers, ANSWER_OK);
        return;
    case ACT_COMPARE_AND_DELETE:
        if (old == act->value) *value = ABSENT;
        answer(answers, old == act->value);
        return;
    case ACT_APPEND:
    case ACT_SETRANGE:
    case ACT_BITFIELD:
    case ACT_SETBIT:
        carry_out_edit(value, act, answers);
        return;
    case ACT_BITOP:
        values[act->keys[1]] = old;
        answer(answers, length_of(old));
        return;
    case ACT_STRLEN:
        answer(answers, length_of(old));
        return;
    case ACT_KINDS:
        break;
    }
}

/* False: it could not have answered what it did. */
static bool could_be(struct state *state, const struct request *request) {
    struct answers answers = {.count = 0};
    bool was_overtaken =
        request->is_watched && request->answers_count == 1 && request->answers[0] == ANSWER_NIL;
    if (was_overtaken) return true; /* by whom is not asked */
    if (request->is_watched &&
        shown(state->values[request->acts[0].db][request->watched_key]) != request->watched_value)
        return false;
    for (size_t i = 0; i < request->acts_count; i++) carry_out(state, &request->acts[i], &answers);
    return answers.count == request->answers_count &&
           memcmp(answers.items, request->answers, answers.count * sizeof *answers.items) == 0;
}

/* ---- the search -------------------------------------------------------------------------------*/

/* What was carried out so far, as numbers for each client, and what that left behind. */
struct frame {
    struct state state;
    uint8_t done[HISTORY_CLIENTS];
    uint8_t clients_tried; /* as bits */
};

struct history_checker {
    struct frame frames[DEPTH_MAX + 1];
    uint64_t tried[TRIED_SLOTS]; /* hashes of frames, of other histories too; 0: none */
    size_t tried_count;
    uint64_t histories;
};

struct history_checker *history_checker_create(void) {
    return mem_alloc_zeroed(mem_system(), sizeof(struct history_checker));
}

void history_checker_destroy(struct history_checker *checker) {
    mem_free(mem_system(), checker, sizeof *checker);
}

void history_begin(struct history *history, size_t clients) {
    history->clients_count = clients;
    for (size_t i = 0; i < HISTORY_CLIENTS; i++) history->clients[i].count = 0;
}

/* True: nobody came here before.  Two frames with one hash in 2^64 would hide one. */
static bool is_new(struct history_checker *checker, const struct frame *frame) {
    struct hash_secret salt = {0, checker->histories};
    memcpy(&salt, frame->done, sizeof frame->done);
    uint64_t hash = hash_bytes(&salt, bytes_view(&frame->state, sizeof frame->state)) | 1;
    size_t slot = hash >> 32 & (TRIED_SLOTS - 1);
    for (; checker->tried[slot]; slot = (slot + 1) & (TRIED_SLOTS - 1))
        if (checker->tried[slot] == hash) return false;
    checker->tried[slot] = hash;
    checker->tried_count++;
    return true;
}

static const struct request *request_of(const struct history *history, const struct frame *frame,
                                        size_t client) {
    const struct history_client *of = &history->clients[client];
    return frame->done[client] < of->count ? &of->requests[frame->done[client]] : NULL;
}

/* Nobody's next request had returned before this one was called. */
static bool may_be_next(const struct history *history, const struct frame *frame, size_t client) {
    const struct request *request = request_of(history, frame, client);
    if (!request) return false;
    for (size_t i = 0; i < history->clients_count; i++) {
        const struct request *other = request_of(history, frame, i);
        if (other && other->returned_ns < request->called_ns) return false;
    }
    return true;
}

/* Of those that were not tried, whose request returned first: most histories are in about that
 * order, and a search that guesses well is short.  clients_count: nobody is left. */
static size_t take_client(const struct history *history, struct frame *frame) {
    size_t first = history->clients_count;
    for (size_t i = 0; i < history->clients_count; i++) {
        const struct request *request = request_of(history, frame, i);
        if (frame->clients_tried >> i & 1 || !request) continue;
        if (first == history->clients_count ||
            request->returned_ns < request_of(history, frame, first)->returned_ns)
            first = i;
    }
    frame->clients_tried |= (uint8_t)(1U << first % HISTORY_CLIENTS);
    return first;
}

static size_t requests_of(const struct history *history) {
    size_t count = 0;
    for (size_t i = 0; i < history->clients_count; i++) count += history->clients[i].count;
    return count;
}

enum history_verdict history_check(const struct history *history, struct history_checker *checker) {
    size_t depth = 0, steps = 0, all = requests_of(history);
    _Static_assert(sizeof checker->frames->done == sizeof(uint64_t), "it is half a secret");
    _Static_assert(STEPS_MAX < TRIED_SLOTS / 2, "there is a free slot at any time");
    if (checker->tried_count > TRIED_SLOTS / 2) {
        memset(checker->tried, 0, sizeof checker->tried);
        checker->tried_count = 0;
    }
    checker->histories++;
    checker->frames[0] = (struct frame){.clients_tried = 0};
    for (size_t db = 0; db < HISTORY_DATABASES; db++)
        for (size_t i = 0; i < HISTORY_KEYS; i++) checker->frames[0].state.values[db][i] = ABSENT;
    while (depth < all) {
        struct frame *frame = &checker->frames[depth], *then = frame + 1;
        size_t client = take_client(history, frame);
        if (client == history->clients_count) {
            if (depth-- == 0) return HISTORY_IMPOSSIBLE;
            continue;
        }
        if (!may_be_next(history, frame, client)) continue;
        if (++steps == STEPS_MAX) return HISTORY_TOO_LONG;
        *then = *frame;
        then->clients_tried = 0;
        if (!could_be(&then->state, request_of(history, frame, client))) continue;
        then->done[client]++;
        depth += is_new(checker, then);
    }
    return HISTORY_POSSIBLE;
}

/* ---- for people -------------------------------------------------------------------------------*/

static const char *const names[ACT_KINDS] = {"GET",
                                             "SET",
                                             "SETNX",
                                             "GETSET",
                                             "GETDEL",
                                             "INCR",
                                             "DEL",
                                             "EXISTS",
                                             "MGET",
                                             "MSET",
                                             "MSETNX",
                                             "RENAME",
                                             "RENAMENX",
                                             "COPY",
                                             "COPY-REPLACE",
                                             "MOVE",
                                             "SWAPDB",
                                             "FLUSHALL",
                                             "COMPARE-AND-DELETE",
                                             "APPEND",
                                             "SETRANGE",
                                             "BITFIELD",
                                             "SETBIT",
                                             "BITOP",
                                             "STRLEN"};

static void print_request(const struct request *request, size_t client, int64_t since_ns) {
    printf("%8" PRId64 "..%8" PRId64 " us  client %zu: ", (request->called_ns - since_ns) / 1000,
           (request->returned_ns - since_ns) / 1000, client);
    if (request->is_watched)
        printf("WATCH k%u=%" PRId64 " ", request->watched_key, request->watched_value);
    for (size_t i = 0; i < request->acts_count; i++) {
        const struct act *act = &request->acts[i];
        printf("%s%u:%s", i ? "; " : "", act->db, names[act->kind]);
        for (size_t j = 0; j < act->keys_count; j++) printf(" k%u", act->keys[j]);
        printf(" (%" PRId64 "%s)", act->value & ~HISTORY_PADDED,
               is_padded(act->value) ? "..." : "");
    }
    printf(" ->");
    for (size_t i = 0; i < request->answers_count; i++) printf(" %" PRId64, request->answers[i]);
    printf("\n");
}

void history_print(const struct history *history) {
    struct frame frame = {.clients_tried = 0};
    int64_t since_ns = 0;
    for (size_t left = requests_of(history); left > 0; left--) {
        size_t first = HISTORY_CLIENTS;
        for (size_t i = 0; i < history->clients_count; i++) {
            const struct request *request = request_of(history, &frame, i);
            if (request && (first == HISTORY_CLIENTS ||
                            request->called_ns < request_of(history, &frame, first)->called_ns))
                first = i;
        }
        const struct request *request = request_of(history, &frame, first);
        if (since_ns == 0) since_ns = request->called_ns;
        print_request(request, first, since_ns);
        frame.done[first]++;
    }
}
