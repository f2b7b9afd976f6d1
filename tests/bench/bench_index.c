/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the index of types and globals costs a write: CPU time of verifying and storing a value,
 * with the facts noted, labelled and counted, and without, in turns within one run; the median of
 * the rounds.
 *
 *     bench_index [rounds, default 31]
 *
 * What it does not show: sockets, replies and decoding, which a SET pays for as well, so the part
 * of a whole SET is smaller than what is printed. */

#include "base/number.h"
#include "gate/kinds.h"
#include "store/store_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KEYS = 20000, OPERATIONS = 40000, ROUNDS_MAX = 1001, NOW_MS = 1000 };

struct side {
    struct store *store;
    struct store_hold hold;
    struct pickle_scratch scratch;
    struct gate_kinds *kinds; /* NULL: without the index */
    struct gate_kinds_cache cache;
    double ns[ROUNDS_MAX];
};

static const struct frame_path path = {.kinds = {FRAME_PICKLE}, .depth = 1};
static const struct policy everything = {.admits_unknown = true};

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void open_side(struct side *side, bool index) {
    side->store = store_create(&(struct store_options){
        .mem = mem_system(),
        .secret = {1, 2},
        .notes = index ? STORE_NOTES_LABEL : STORE_NOTES_NONE,
    });
    pickle_scratch_init(&side->scratch, mem_system(), 1 << 30);
    gate_kinds_cache_init(&side->cache, mem_system());
    if (!side->store) exit(1);
    if (!index) return;
    side->kinds = gate_kinds_create(&(struct gate_kinds_options){.mem = mem_system()});
    if (!side->kinds) exit(1);
    gate_kinds_set_generation(side->kinds, 1);
}

static void close_side(struct side *side) {
    gate_kinds_cache_deinit(&side->cache);
    gate_kinds_destroy(side->kinds);
    pickle_scratch_deinit(&side->scratch);
    store_destroy(side->store);
}

static void set(struct side *side, uint32_t number, struct bytes value) {
    struct pickle_report report;
    struct store_key key = store_key(side->store, 0, bytes_view(&number, sizeof number));
    struct store_new_value put = {.bytes = value};
    if (side->kinds) gate_kinds_begin(&side->cache);
    side->scratch.collect_fingerprints = side->kinds && gate_kinds_expect_state(value);
    if (pickle_verify(value, &everything, &PICKLE_LIMITS_DEFAULT, &side->scratch, &report) !=
        BRINE_OK)
        exit(1);
    if (side->kinds && !side->scratch.collect_fingerprints && gate_kinds_lack_keys(&report))
        exit(1);
    gate_ticket ticket = 0;
    if (side->kinds) {
        gate_kinds_note_pickle(&side->cache, &path, &report);
        ticket = gate_kinds_label(side->kinds, &side->cache, 1);
    }
    store_lock(side->store, &side->hold, &key);
    if (side->kinds) put.label = gate_kinds_redeem(side->kinds, ticket);
    if (store_put(side->store, &key, &put, NOW_MS) != BRINE_OK) exit(1);
    store_unlock(side->store, &side->hold);
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(struct side *side, size_t rounds) {
    qsort(side->ns, rounds, sizeof side->ns[0], by_size);
    return side->ns[rounds / 2];
}

static void compare(const char *what, struct bytes value, size_t rounds) {
    static struct side sides[2];
    for (int index = 0; index < 2; index++) {
        sides[index] = (struct side){0};
        open_side(&sides[index], index);
        for (uint32_t i = 0; i < KEYS; i++) set(&sides[index], i, value);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (int turn = 0; turn < 2; turn++) {
            struct side *side = &sides[(round + (size_t)turn) % 2];
            double start = cpu_ns();
            for (uint32_t i = 0; i < OPERATIONS; i++) set(side, i * 7919u % KEYS, value);
            side->ns[round] = (cpu_ns() - start) / OPERATIONS;
        }
    }
    double without = median(&sides[0], rounds), with = median(&sides[1], rounds);
    printf("    %-42s %5zu B  %6.0f ns without, %6.0f ns with: %+.1f %%\n", what, value.len,
           without, with, (with / without - 1) * 100);
    for (int index = 0; index < 2; index++) close_side(&sides[index]);
}

/* ---- values -------------------------------------------------------------------------------------
 */

/* A dict of n entries, or with `class` as many attributes of an instance. */
static struct bytes build(struct buf *out, int n, const char *class, const char *value) {
    enum brine_status status = BRINE_OK;
    buf_clear(out);
    status |= buf_append(out, BYTES("\x80\x04"));
    if (class)
        status |= buf_printf(out, "\x8c\x04shop\x8c%c%s\x93)\x81", (int)strlen(class), class);
    status |= buf_append(out, BYTES("}("));
    for (int i = 0; i < n; i++) {
        status |= buf_printf(out, "\x8c\x05k%04d", i);
        status |= buf_append(out, bytes_view(value, strlen(value)));
    }
    status |= buf_append(out, class ? BYTES("ub.") : BYTES("u."));
    if (status != BRINE_OK) exit(1);
    return buf_view(out);
}

int main(int argc, char **argv) {
    uint64_t rounds = 31;
    if (argc > 1 && !number_parse_u64(bytes_of_cstr(argv[1]), &rounds)) return 2;
    if (rounds < 1 || rounds > ROUNDS_MAX) return 2;
    static char bytes_1k[1100];
    memset(bytes_1k, 'v', sizeof bytes_1k);
    struct buf out;
    buf_init(&out, mem_system(), 1 << 20);
    printf("verify and store a value, without and with the index of types and globals\n");
    /* B, little-endian length, and the payload: 1,000 bytes. */
    memcpy(bytes_1k,
           "\x80\x04"
           "B\xe8\x03\x00\x00",
           7);
    bytes_1k[1007] = '.';
    compare("bytes of 1 KB", bytes_view(bytes_1k, 1008), rounds);
    compare("dict of 60 integers (124 opcodes)", build(&out, 60, NULL, "K\x01"), rounds);
    compare("instance with 8 attributes", build(&out, 8, "Cart", "K\x01"), rounds);
    compare("instance with 40 attributes", build(&out, 40, "Cart", "\x8c\x05value"), rounds);
    buf_deinit(&out);
    return 0;
}
