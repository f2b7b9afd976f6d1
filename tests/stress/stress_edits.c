/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that edit one long value at once, while others read it: APPEND, SETRANGE, SETBIT and
 * BITFIELD, alone and in MULTI, on a value that is edited in the background, against a real server
 * with four workers.  Each editor has places of its own in the value, and one counter is
 * everybody's.  What is claimed:
 *   - no edit is lost, none is done twice, and each answers with what it did;
 *   - whoever reads sees whole edits: two fields of one BITFIELD together, a block of one letter,
 *     records in the order of their editor and nothing between them, a length that fits the bytes;
 *   - clients that are killed or hang up while their edit waits harm nobody;
 *   - where one byte makes of a value what the gate refuses, nobody ever reads that byte.
 *
 *     BRINE_SERVER=build/brine-server stress_edits [rounds]
 *
 * The value: zeros at first, which is no pickle's beginning;
 *     8 the leavers' block, 16 the common counter and one an editor, then a block and a row of bits
 *     an editor; records are added from LONG_BYTES on. */

#include "tests/stress/support/server.h"
#include "tests/stress/support/talk.h"

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDITORS = 4,
    READERS = 2,
    LEAVERS = 2,
    ARMERS = 2,
    MEMBERS = EDITORS + READERS + LEAVERS + ARMERS,
    LEFT_AT = 8,
    LEFT_BYTES = 8,
    COUNTERS_AT = 16, /* u32 each, the common one first */
    BLOCKS_AT = 1024,
    BLOCK_BYTES = 64,
    ROWS_AT = 4096,
    ROW_BYTES = 256,
    LONG_BYTES = 300 * 1024, /* more than an event loop copies for an edit */
    RECORD_BYTES = 8,
    ROUNDS_MAX = ROW_BYTES * 8,
};

struct stress {
    struct stress_server server;
    size_t rounds;
    atomic_size_t passed, failed, looks, working;
};

struct member {
    pthread_t thread;
    struct stress *stress;
    size_t number; /* among those of its kind */
    void (*habit)(struct member *member);
    struct talk talk, killer;
};

static void check(struct stress *stress, bool ok, const char *what, const char *reply) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "stress_edits: failed: %s: %.200s\n", what, reply);
}

#define ask(member, ...) talk_ask(&(member)->talk, __VA_ARGS__)

static void must_be(struct member *member, const char *expected, const char *what) {
    check(member->stress, strcmp(member->talk.reply, expected) == 0, what, member->talk.reply);
}

/* ---- editors --------------------------------------------------------------------------------- */

static char letter_of(size_t round) {
    return (char)('a' + round % 26);
}

/* Raises the common counter and the editor's by one command; the latter is its own. */
static void raise_counters(struct member *member, size_t round, bool in_multi) {
    size_t common = 0, own = 0;
    ask(member, "BITFIELD edited INCRBY u32 %d 1 INCRBY u32 %zu 1", COUNTERS_AT * 8,
        (size_t)(COUNTERS_AT + 4) * 8 + member->number * 32);
    if (in_multi) return;
    check(member->stress,
          sscanf(member->talk.reply, "*2 %zu %zu", &common, &own) == 2 && own == round + 1 &&
              common >= own,
          "BITFIELD counts", member->talk.reply);
}

static void fill_block(struct member *member, size_t round) {
    char block[BLOCK_BYTES + 1] = "";
    memset(block, letter_of(round), BLOCK_BYTES);
    ask(member, "SETRANGE edited %zu %s", BLOCKS_AT + member->number * BLOCK_BYTES, block);
}

static void add_record(struct member *member, size_t round) {
    ask(member, "APPEND edited %zu:%05zu.", member->number, round);
}

/* Sees what it wrote itself. */
static void look_back(struct member *member, size_t round) {
    size_t at = BLOCKS_AT + member->number * BLOCK_BYTES;
    char block[BLOCK_BYTES + 1] = "";
    memset(block, letter_of(round), BLOCK_BYTES);
    ask(member, "GETRANGE edited %zu %zu", at, at + BLOCK_BYTES - 1);
    must_be(member, block, "an editor reads what it wrote");
}

static void edit_in_multi(struct member *member, size_t round) {
    size_t len = 0, longer = 0, common = 0, own = 0;
    ask(member, "MULTI");
    fill_block(member, round);
    raise_counters(member, round, true);
    add_record(member, round);
    ask(member, "EXEC");
    check(member->stress,
          sscanf(member->talk.reply, "*3 %zu *2 %zu %zu %zu", &len, &common, &own, &longer) == 4 &&
              own == round + 1 && len >= LONG_BYTES && longer == len + RECORD_BYTES,
          "a transaction edits with nobody between", member->talk.reply);
}

static void edit(struct member *member) {
    struct stress *stress = member->stress;
    for (size_t round = 0; round < stress->rounds; round++) {
        size_t bit = (ROWS_AT + member->number * ROW_BYTES) * 8 + round;
        if (round % 4 == 3) {
            edit_in_multi(member, round);
        } else {
            fill_block(member, round);
            check(stress, strtoul(member->talk.reply, NULL, 10) >= LONG_BYTES,
                  "SETRANGE answers the length", member->talk.reply);
            raise_counters(member, round, false);
            add_record(member, round);
            check(stress,
                  strtoul(member->talk.reply, NULL, 10) >= LONG_BYTES + (round + 1) * RECORD_BYTES,
                  "APPEND answers the length", member->talk.reply);
        }
        ask(member, "SETBIT edited %zu 1", bit);
        must_be(member, "0", "nobody else sets an editor's bits");
        look_back(member, round);
    }
}

/* ---- readers --------------------------------------------------------------------------------- */

static bool is_one_letter(const uint8_t *data, size_t len) {
    return memcmp(data, data + 1, len - 1) == 0;
}

static uint32_t counter_of(const uint8_t *value, size_t index) {
    const uint8_t *at = value + COUNTERS_AT + index * 4;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The reply is sent from the value itself, while that is edited. */
static void look_at_places(struct member *member) {
    const uint8_t *value = member->talk.value;
    uint32_t sum = 0;
    ask(member, "GET edited");
    bool whole = is_one_letter(value + LEFT_AT, LEFT_BYTES);
    for (size_t i = 0; i < EDITORS; i++) {
        sum += counter_of(value, i + 1);
        whole = whole && is_one_letter(value + BLOCKS_AT + i * BLOCK_BYTES, BLOCK_BYTES);
    }
    check(member->stress, whole, "a block is of one edit", "");
    check(member->stress, sum == counter_of(value, 0), "fields of one command are seen together",
          "");
}

/* Each editor's are numbered from 0 on, without a gap. */
static bool are_records(const uint8_t *records, size_t len, size_t *next) {
    if (len % RECORD_BYTES) return false;
    for (size_t at = 0; at < len; at += RECORD_BYTES) {
        char record[RECORD_BYTES + 1] = "";
        size_t editor, number;
        memcpy(record, records + at, RECORD_BYTES);
        if (sscanf(record, "%1zu:%5zu", &editor, &number) != 2 || editor >= EDITORS ||
            record[RECORD_BYTES - 1] != '.' || number != next[editor]++)
            return false;
    }
    return true;
}

static void look_at_records(struct member *member) {
    size_t next[EDITORS] = {0}, len = 0;
    ask(member, "MULTI");
    ask(member, "STRLEN edited");
    ask(member, "GETRANGE edited %d -1", LONG_BYTES);
    ask(member, "EXEC");
    check(member->stress,
          sscanf(member->talk.reply, "*2 %zu", &len) == 1 &&
              len == LONG_BYTES + member->talk.value_len,
          "the length is that of the bytes", member->talk.reply);
    check(member->stress, are_records(member->talk.value, member->talk.value_len, next),
          "records are whole and in order", member->talk.reply);
}

static void look_at_arms(struct member *member) {
    ask(member, "GETRANGE armed 0 0");
    check(member->stress, member->talk.value_len == 1 && member->talk.value[0] == 'a',
          "what is refused is never read", member->talk.reply);
}

static void read_along(struct member *member) {
    while (atomic_load(&member->stress->working) > 0) {
        look_at_arms(member);
        look_at_places(member);
        look_at_records(member);
        atomic_fetch_add(&member->stress->looks, 1);
    }
}

/* ---- those who assemble ---------------------------------------------------------------------- */

/* The value's first byte, turned from 'a' to 'c', is all that an import of os.system lacks. */
static void arm(struct member *member) {
    static const char *const edits[] = {"SETRANGE armed 0 c", "SETBIT armed 6 1",
                                        "BITFIELD armed INCRBY u8 0 2"};
    for (size_t round = 0; round < member->stress->rounds; round++) {
        bool in_multi = round % 4 == 3;
        if (in_multi) ask(member, "MULTI");
        ask(member, "%s", edits[round % ARRAY_LEN(edits)]);
        if (in_multi) ask(member, "EXEC");
        check(member->stress, strstr(member->talk.reply, "PICKLEDENIED"),
              "what is refused as a whole is refused in parts", member->talk.reply);
        ask(member, "SETRANGE armed %zu %c", LONG_BYTES / 2 + member->number, letter_of(round));
        check(member->stress, strtoul(member->talk.reply, NULL, 10) == LONG_BYTES,
              "other bytes are edited", member->talk.reply);
    }
}

/* ---- those who go ---------------------------------------------------------------------------- */

/* Its edits wait in the background, or are being done, when it is killed or hangs up.  A few times
 * only: what those that hung up have said is done before what others say. */
static void edit_and_go(struct member *member) {
    struct stress *stress = member->stress;
    if (!talk_dial(&member->killer, stress->server.port)) return;
    for (size_t round = 0; round < stress->rounds / 4; round++) {
        char line[64], block[LEFT_BYTES + 1] = "";
        memset(block, letter_of(round), LEFT_BYTES);
        int len = snprintf(line, sizeof(line), "SETRANGE edited %d %s\r\n", LEFT_AT, block);
        unsigned long id = strtoul(ask(member, "CLIENT ID"), NULL, 10);
        for (int i = 0; i < 3; i++) (void)stress_server_send(member->talk.fd, line, (size_t)len);
        if (round % 2 == 0) {
            const char *reply = talk_ask(&member->killer, "CLIENT KILL ID %lu", id);
            check(stress, strcmp(reply, "1") == 0, "who waits can be killed", reply);
        }
        talk_hang_up(&member->talk, round % 3 == 0);
        if (!talk_dial(&member->talk, stress->server.port)) break;
    }
    talk_hang_up(&member->killer, false);
}

/* ---- the crowd ------------------------------------------------------------------------------- */

static void *live(void *arg) {
    struct member *member = arg;
    bool dialled = talk_dial(&member->talk, member->stress->server.port);
    check(member->stress, dialled, "a client can connect", "");
    if (dialled) {
        member->habit(member);
        talk_hang_up(&member->talk, false);
    }
    if (member->habit == edit) atomic_fetch_sub(&member->stress->working, 1);
    return NULL;
}

static void run_crowd(struct stress *stress) {
    static struct member crowd[MEMBERS];
    atomic_store(&stress->working, EDITORS);
    for (size_t i = 0; i < MEMBERS; i++) {
        bool edits = i < EDITORS, reads = !edits && i < EDITORS + READERS;
        crowd[i].stress = stress;
        crowd[i].number = i;
        bool arms = i >= MEMBERS - ARMERS;
        crowd[i].habit = edits ? edit : reads ? read_along : arms ? arm : edit_and_go;
        pthread_create(&crowd[i].thread, NULL, live, &crowd[i]);
    }
    for (size_t i = 0; i < MEMBERS; i++) pthread_join(crowd[i].thread, NULL);
}

/* All that was done is there, once. */
static void check_end(struct member *last) {
    size_t rounds = last->stress->rounds, next[EDITORS] = {0};
    ask(last, "GETRANGE edited %d -1", LONG_BYTES);
    bool whole = are_records(last->talk.value, last->talk.value_len, next);
    look_at_places(last);
    bool counted = counter_of(last->talk.value, 0) == EDITORS * rounds;
    for (size_t i = 0; i < EDITORS; i++) {
        size_t row = ROWS_AT + i * ROW_BYTES;
        whole = whole && next[i] == rounds;
        counted = counted && counter_of(last->talk.value, i + 1) == rounds;
        ask(last, "BITCOUNT edited %zu %zu", row, row + ROW_BYTES - 1);
        check(last->stress, strtoul(last->talk.reply, NULL, 10) == rounds, "each bit is set",
              last->talk.reply);
    }
    check(last->stress, whole, "each record is there", "");
    check(last->stress, counted, "each raise is counted", "");
}

int main(int argc, char **argv) {
    static const char *const flags[] = {"--server.threads=4", "--log.level=warning",
                                        "--gate.mode=enforce", "--gate.threads=2", NULL};
    static struct stress stress;
    static struct member last = {.stress = &stress};
    stress.rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 40;
    stress.rounds = MIN(stress.rounds, (size_t)ROUNDS_MAX);
    if (!stress_server_start(&stress.server, flags)) {
        fprintf(stderr, "stress_edits: the server named by BRINE_SERVER does not start\n");
        return 1;
    }
    check(&stress, talk_dial(&last.talk, stress.server.port), "a client can connect", "");
    ask(&last, "SETBIT edited %d 0", LONG_BYTES * 8 - 1);
    must_be(&last, "0", "the value is made");
    ask(&last, "SETRANGE armed 0 \"aos\\nsystem\\n(S'id'\\ntR.\"");
    ask(&last, "SETRANGE armed %d x", LONG_BYTES - 1);
    run_crowd(&stress);
    check_end(&last);
    talk_hang_up(&last.talk, false);
    check(&stress, stress_server_stop(&stress.server), "the server stops in order", "");
    printf("%zu rounds of %d editors, %zu looks\n", stress.rounds, EDITORS, stress.looks);
    printf("%zu passed, %zu failed\n", stress.passed, stress.failed);
    return stress.failed > 0;
}
