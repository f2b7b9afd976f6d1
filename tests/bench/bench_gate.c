/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the gate's question costs, without sockets or store: nanoseconds of CPU time a value, the
 * least of several rounds, with gate.mode off and enforce (the default rule).
 *
 *     build/release/tests/bench/bench_gate [rounds [words of the samples wanted]]
 *
 * What it does not show: caches that a real load fills with other things. */

#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/random.h"
#include "config/config.h"
#include "gate/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20, ASKED = 20000, LONGEST = 64 * 1024 };

typedef size_t fill_fn(uint8_t *target);

/* As gate_cost.py: a dict of 44 texts and numbers, some 130 opcodes. */
static size_t fill_record(uint8_t *target) {
    struct buf buf;
    buf_init(&buf, mem_system(), LONGEST);
    enum brine_status status = buf_append(&buf, BYTES("\x80\x04}\x94("));
    for (int i = 0; i < 44 && status == BRINE_OK; i++) {
        static const struct bytes values[] = {
            BYTES("K\x2a"),
            BYTES("\x8c\x07text 13\x94"),
            BYTES("G\x40\x11\x55\x55\x55\x55\x55\x55"),
        };
        status = buf_printf(&buf, "\x8c\x07%s%02d\x94", "field", i);
        if (status == BRINE_OK) status = buf_append(&buf, values[i % 3]);
    }
    if (status == BRINE_OK) status = buf_append(&buf, BYTES("u."));
    size_t len = status == BRINE_OK ? buf.len : 0;
    bytes_copy_to(target, bytes_view(buf.data, len));
    buf_deinit(&buf);
    return len;
}

static size_t fill_bytes(uint8_t *target, uint16_t count) {
    static const char head[] = {'\x80', '\x04', 'B'};
    memcpy(target, head, sizeof head);
    size_t at = sizeof head;
    for (unsigned shift = 0; shift < 32; shift += 8) target[at++] = (uint8_t)(count >> shift);
    memset(target + at, 'x', count);
    target[at + count] = '.';
    return at + count + 1;
}
static size_t fill_bytes_64(uint8_t *target) {
    return fill_bytes(target, 56);
}
static size_t fill_bytes_1k(uint8_t *target) {
    return fill_bytes(target, 1016);
}

struct sample {
    const char *name;
    const char *seed; /* repeated up to len; NULL: random */
    size_t seed_len, len;
    fill_fn *fill; /* instead of all that: its length */
};

#define S(text) text, sizeof(text) - 1

static const struct sample samples[] = {
    {"64 bytes of x", S("x"), 64, NULL},
    {"64 bytes of text", S("The quick brown fox "), 64, NULL},
    {"64 random bytes", NULL, 0, 64, NULL},
    {"integer", S("12345"), 5, NULL},
    {"lock token, 32 hex", S("9f86d081884c7d659a2feaa0c55ad015"), 32, NULL},
    {"JSON, 1 KB", S("{\"name\": \"x\", \"n\": 1},"), 1024, NULL},
    {"HTML, 1 KB", S("<p>some text</p>\n"), 1024, NULL},
    {"1 KB of x", S("x"), 1024, NULL},
    {"1 KB of i", S("i"), 1024, NULL},
    {"1 KB of c", S("c"), 1024, NULL},
    {"1 KB of text", S("country names and what "), 1024, NULL},
    {"JSON of text, 1 KB", S("{\"about\": \"the quick brown fox jumps by\"},"), 1024, NULL},
    {"1 KB random", NULL, 0, 1024, NULL},
    {"64 KB random", NULL, 0, LONGEST, NULL},
    {"pickle of None", S("\x80\x04N."), 4, NULL},
    {"pickle of a str", S("\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x0bhello world\x94."),
     26, NULL},
    {"pickle of a small dict",
     S("\x80\x04\x95\x19\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01"
       "a\x94K\x01\x8c\x01"
       "b\x94]\x94(K\x01K\x02K\x03"
       "eu."),
     36, NULL},
    {"pickle of bytes, 64 B", .fill = fill_bytes_64},
    {"pickle of bytes, 1 KB", .fill = fill_bytes_1k},
    {"pickle of a dict, 1 KB", .fill = fill_record},
};

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct bytes make(const struct sample *sample, uint8_t *target) {
    struct random random;
    random_init(&random, 1);
    if (sample->fill) return bytes_view(target, sample->fill(target));
    for (size_t i = 0; i < sample->len; i++)
        target[i] = sample->seed ? (uint8_t)sample->seed[i % sample->seed_len]
                                 : (uint8_t)random_u64(&random);
    return bytes_view(target, sample->len);
}

static double measure(struct gate *gate, struct gate_desk *desk, struct bytes value, int rounds) {
    struct gate_question question = {.key = BYTES("key:1"), .value = value, .command = "set"};
    struct gate_answer answer;
    int64_t least = INT64_MAX;
    size_t asked = value.len > 4096 ? ASKED / 100 : ASKED;
    for (int round = 0; round < rounds; round++) {
        int64_t start = cpu_ns();
        for (size_t i = 0; i < asked; i++)
            if (gate_admit(gate, desk, &question, &answer) != GATE_ADMIT) return -1;
        least = MIN(least, cpu_ns() - start);
    }
    return (double)least / (double)asked;
}

static void must(enum brine_status status, const struct brine_error *err) {
    if (status == BRINE_OK) return;
    fprintf(stderr, "bench_gate: %s\n", err->text);
    exit(1);
}

int main(int argc, char **argv) {
    static uint8_t bytes[LONGEST];
    struct config config;
    struct brine_error err = {0};
    struct gate_keeper *keeper;
    struct gate gate;
    struct gate_desk desk;
    must(config_init(&config, mem_system()), &err);
    struct gate_kinds *kinds = gate_kinds_create(&(struct gate_kinds_options){.mem = mem_system()});
    struct gate_keeper_options options = {.mem = mem_system(), .config = &config, .kinds = kinds};
    must(gate_keeper_create(&options, &keeper, &err), &err);
    gate_init_keeper(&gate, keeper);
    gate_desk_init(&desk, mem_system(), mem_system());
    int64_t rounds = ROUNDS;
    if (argc > 1 && !number_parse_i64(bytes_of_cstr(argv[1]), &rounds)) return 1;
    printf("%-24s %8s %8s  ns a value\n", "", "off", "enforce");
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        double ns[2];
        if (argc > 2 && !strstr(samples[i].name, argv[2])) continue;
        for (int on = 0; on < 2; on++) {
            struct bytes set[] = {BYTES("gate.mode"), on ? BYTES("enforce") : BYTES("off")};
            must(config_set(&config, set, 1, &err), &err);
            ns[on] = measure(&gate, &desk, make(&samples[i], bytes), (int)rounds);
        }
        printf("%-24s %8.0f %8.0f\n", samples[i].name, ns[0], ns[1]);
    }
    gate_desk_deinit(&desk);
    gate_keeper_destroy(keeper);
    gate_kinds_destroy(kinds);
    config_deinit(&config);
    return 0;
}
