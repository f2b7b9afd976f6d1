/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How long a worker is away from its clients for the memory's sake: the processor's time of single
 * pieces of work, which a busy machine does not change.  No sockets.
 *
 *     bench_pauses [KEYS]
 *
 * grow:   16 times as many keys of 16 + 64 bytes are stored, in batches of 16, first with huge
 * pages that the batches themselves meet for the first time, then with pages that are made ready
 * ahead; expire: KEYS keys of 16 + 64 bytes (a million) end at once, and upkeep runs in turns of
 * half a millisecond, as a worker's do, until all are gone; evict:  writes at the limit, of 100 to
 * 500 bytes, each 64th of 256 KB, with a turn of upkeep whenever one is due. */

#include "base/random.h"
#include "keyspace/keyspace.h"
#include "keyspace/room.h"
#include "store/huge.h"
#include "store/store_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    TURN_NS = 500 * 1000,
    LIMIT_BYTES = 64 << 20,
    LARGE_BYTES = 256 * 1024,
    WRITES = 400000,
    SAMPLES_MAX = 1 << 20,
    GROWTH = 16,
    GROWTH_BATCH = 16,
    LATE_NS = 1000 * 1000,
};

struct pauses {
    int64_t ns[SAMPLES_MAX];
    size_t count;
};

struct bench {
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct keyspace_access access;
    size_t shard;
};

static uint8_t value_bytes[LARGE_BYTES];

static int64_t processor_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void note(struct pauses *pauses, int64_t began_ns) {
    if (pauses->count < SAMPLES_MAX) pauses->ns[pauses->count++] = processor_ns() - began_ns;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, struct pauses *pauses) {
    qsort(pauses->ns, pauses->count, sizeof *pauses->ns, by_size);
    size_t count = pauses->count, late = 0;
    if (count == 0) return;
    while (late < count && pauses->ns[count - 1 - late] > LATE_NS) late++;
    printf("%-22s %8zu times, median %7.3f ms, p99.9 %7.3f ms, longest %7.3f ms, over 1 ms %zu\n",
           name, count, (double)pauses->ns[count / 2] / 1e6,
           (double)pauses->ns[count - 1 - count / 1000] / 1e6, (double)pauses->ns[count - 1] / 1e6,
           late);
    pauses->count = 0;
}

static void begin(struct bench *bench, size_t limit_bytes, struct allocator *huge, bool ahead) {
    *bench = (struct bench){0};
    gate_init_off(&bench->gate);
    bench->store = store_create(&(struct store_options){.mem = mem_system(),
                                                        .secret = {1, 2},
                                                        .notes = STORE_NOTES_LABEL,
                                                        .huge = huge,
                                                        .huge_ahead = ahead,
                                                        .forecast_bytes = 256 << 10});
    if (!bench->store) exit(1);
    keyspace_init(&bench->keyspace,
                  &(struct keyspace_options){.store = bench->store, .gate = &bench->gate});
    keyspace_access_init(&bench->access, &bench->keyspace, NULL, mem_system());
    bench->access.now_ms = 1000000;
    room_set(&bench->keyspace, &(struct keyspace_memory){.bytes_max = limit_bytes,
                                                         .policy = {STORE_POLICY_BRINE, 10, 1}});
    room_measure(&bench->keyspace);
}

static void end(struct bench *bench) {
    keyspace_access_deinit(&bench->access);
    keyspace_deinit(&bench->keyspace);
    store_destroy(bench->store);
}

static void set(struct bench *bench, uint32_t number, size_t bytes, int64_t expire_at_ms) {
    char name[32];
    int len = snprintf(name, sizeof name, "key:%012u", number);
    struct store_key key = keyspace_key(&bench->access, 0, bytes_view(name, (size_t)len));
    if (!keyspace_make_room(&bench->access, bytes) ||
        keyspace_set_string(&bench->access, &key, bytes_view(value_bytes, bytes),
                            &(struct keyspace_set_options){.expire_at_ms = expire_at_ms}) !=
            KEYSPACE_DONE) {
        fprintf(stderr, "bench_pauses: a write was refused\n");
        exit(1);
    }
}

/* As a worker's turn; true: more is left to do. */
static bool upkeep(struct bench *bench, struct pauses *turns) {
    size_t shards = store_shards(bench->store);
    int64_t began_ns = processor_ns();
    bool more = false;
    for (size_t i = 0; i < shards && (i == 0 || processor_ns() < began_ns + TURN_NS); i++) {
        more |= keyspace_upkeep(&bench->access, bench->shard);
        bench->shard = (bench->shard + 1) % shards;
    }
    note(turns, began_ns);
    return more;
}

static void grow(struct bench *bench, struct pauses *batches, uint32_t keys, bool ahead) {
    begin(bench, SIZE_MAX / 2, huge_pages(), ahead);
    for (uint32_t i = 0; i < keys; i++) set(bench, i, 64, STORE_NO_EXPIRY);
    for (uint32_t i = keys; i < GROWTH * keys; i += GROWTH_BATCH) {
        int64_t began_ns = processor_ns();
        for (uint32_t j = 0; j < GROWTH_BATCH; j++) set(bench, i + j, 64, STORE_NO_EXPIRY);
        note(batches, began_ns);
    }
    print(ahead ? "grow: ready ahead" : "grow: touched first", batches);
    end(bench);
}

static void expire(struct bench *bench, struct pauses *turns, uint32_t keys) {
    begin(bench, (size_t)4 << 30, NULL, false);
    for (uint32_t i = 0; i < keys; i++) set(bench, i, 64, bench->access.now_ms + 10000);
    bench->access.now_ms += 11000;
    while (store_counts(bench->store).keys > 0) (void)upkeep(bench, turns);
    while (upkeep(bench, turns)) {}
    print("expire: turns", turns);
    end(bench);
}

static void evict(struct bench *bench, struct pauses *small, struct pauses *large,
                  struct pauses *turns) {
    begin(bench, LIMIT_BYTES, NULL, false);
    bool due = false;
    for (uint32_t i = 0; i < WRITES; i++) {
        bool is_large = i % 64 == 63;
        int64_t began_ns = processor_ns();
        bench->access.now_ms = 1000000 + i / 50;
        set(bench, i, is_large ? LARGE_BYTES : 100 + i % 400, STORE_NO_EXPIRY);
        if (i > WRITES / 4) note(is_large ? large : small, began_ns);
        if (i % 5000 == 0) room_measure(&bench->keyspace);
        if (due || i % 1000 == 0) due = upkeep(bench, turns);
    }
    print("evict: small writes", small);
    print("evict: of 256 KB", large);
    print("evict: turns", turns);
    end(bench);
}

int main(int argc, char **argv) {
    static struct pauses turns, small, large;
    static struct bench bench;
    uint32_t keys = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    grow(&bench, &turns, keys, false);
    grow(&bench, &turns, keys, true);
    expire(&bench, &turns, keys);
    evict(&bench, &small, &large, &turns);
    return 0;
}
