/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Threads at one store: single keys, several keys at once, everything at once, walks, flushes and
 * upkeep; then the same where entries give way. To run under TSan, which must have nothing to say;
 * and the store must be whole afterwards.
 *
 *     stress_store [threads, default 4] [steps a thread, default 60000]
 *
 * What is checked meanwhile: a value is always one that some thread wrote whole; the sum over a
 * group of counters that are only changed together, under one lock of several keys, is always 0. */

#include "base/number.h"
#include "base/random.h"
#include "store/ahead.h"
#include "store/huge.h"
#include "store/check.h"
#include "store/store_write.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEYS = 5000,
    COUNTERS = 16,
    THREADS_MAX = 64,
    NOW_MS = 1000000,
    VALUE_BYTES_MAX = 20000,
    LABELS = 40
};
enum { DB_KEYS = 0, DB_FLUSHED = 1, DB_COUNTERS = 2 };

struct worker {
    pthread_t thread;
    struct store *store;
    struct store_hold hold;
    struct random random;
    _Atomic int64_t *now_ms;
    size_t steps;
    bool evicts; /* and so keeps no counters */
    uint8_t value[VALUE_BYTES_MAX];
};

static void require(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "stress_store: %s\n", what);
    exit(1);
}

/* All bytes of a value are alike, so that a torn one shows. */
static void require_whole(struct bytes value) {
    for (size_t i = 1; i < value.len; i++)
        require(value.data[i] == value.data[0], "a value is whole");
}

static struct store_key numbered_key(struct worker *w, uint32_t db, const uint32_t *number) {
    return store_key(w->store, db, bytes_view(number, sizeof *number));
}

static void put_random(struct worker *w, const struct store_key *key, int64_t now_ms) {
    size_t len = random_below(&w->random, 50) ? random_below(&w->random, 300)
                                              : random_below(&w->random, VALUE_BYTES_MAX);
    struct store_new_value value = {.bytes = bytes_view(w->value, len)};
    value.label = (uint16_t)random_below(&w->random, LABELS);
    memset(w->value, (int)random_below(&w->random, 256), len);
    if (random_below(&w->random, 2))
        value.expire_at_ms = now_ms + (int64_t)random_below(&w->random, 3000);
    require(store_put(w->store, key, &value, now_ms) == BRINE_OK, "memory suffices");
}

static void step_key(struct worker *w, uint32_t db) {
    uint32_t number = (uint32_t)random_below(&w->random, KEYS);
    int64_t now_ms = atomic_load(w->now_ms);
    struct store_key key = numbered_key(w, db, &number);
    struct store_value value;
    struct blob *pinned = NULL;
    store_prefetch_bucket(w->store, &w->hold, &key);
    store_prefetch_entry(w->store, &w->hold, &key, 0);
    store_lock(w->store, &w->hold, &key);
    switch (random_below(&w->random, 6)) {
    case 5:
        if (store_find(w->store, &key, now_ms, &value))
            require(store_set_label(w->store, &key, (uint16_t)random_below(&w->random, LABELS),
                                    now_ms) == BRINE_OK,
                    "what is there can be labelled");
        break;
    case 0:
        store_remove(w->store, &key, now_ms);
        break;
    case 1:
        /* A far time needs more room than a near one, which the key keeps so that it ends. */
        if (store_set_expiry(w->store, &key, INT64_MAX - now_ms, now_ms) != BRINE_OK) break;
        require(store_find(w->store, &key, now_ms, &value) &&
                    value.expire_at_ms == INT64_MAX - now_ms,
                "what was given time is there");
        require(store_set_expiry(w->store, &key, now_ms + 2000, now_ms) == BRINE_OK,
                "a near time needs no memory");
        break;
    case 2:
        if (!store_find(w->store, &key, now_ms, &value)) {
            store_miss(w->store, &key, now_ms);
            break;
        }
        store_touch(w->store, &key, &value, now_ms);
        if (value.blob)
            pinned = blob_ref(value.blob);
        else
            require_whole(value.bytes);
        break;
    default:
        put_random(w, &key, now_ms);
    }
    store_unlock(w->store, &w->hold);
    if (pinned) require_whole(blob_view(pinned));
    blob_unref(pinned);
}

static int64_t read_counter(struct worker *w, const struct store_key *key) {
    struct store_value value;
    int64_t count = 0;
    if (store_find(w->store, key, NOW_MS, &value)) memcpy(&count, value.bytes.data, sizeof count);
    return count;
}

static void add_to_counter(struct worker *w, const struct store_key *key, int64_t amount) {
    int64_t count = read_counter(w, key) + amount;
    struct store_new_value value = {.bytes = bytes_view(&count, sizeof count)};
    store_lock(w->store, &w->hold, key); /* nested: it is held already */
    require(store_put(w->store, key, &value, NOW_MS) == BRINE_OK, "memory suffices");
    store_unlock(w->store, &w->hold);
}

/* Moves an amount from one counter to another, or sums them all. */
static void step_counters(struct worker *w) {
    uint32_t numbers[COUNTERS];
    struct store_key keys[COUNTERS];
    for (uint32_t i = 0; i < COUNTERS; i++) {
        numbers[i] = i;
        keys[i] = numbered_key(w, DB_COUNTERS, &numbers[i]);
    }
    if (random_below(&w->random, 4)) {
        struct store_key pair[] = {keys[random_below(&w->random, COUNTERS)],
                                   keys[random_below(&w->random, COUNTERS)]};
        store_lock_keys(w->store, &w->hold, pair, 2);
        add_to_counter(w, &pair[0], 5);
        add_to_counter(w, &pair[1], -5);
    } else {
        int64_t sum = 0;
        if (random_below(&w->random, 2))
            store_lock_all(w->store, &w->hold);
        else
            store_lock_keys(w->store, &w->hold, keys, COUNTERS);
        for (size_t i = 0; i < COUNTERS; i++) sum += read_counter(w, &keys[i]);
        require(sum == 0, "what is changed together is seen together");
    }
    store_unlock(w->store, &w->hold);
}

static void visit(void *ctx, struct bytes name, const struct store_value *value) {
    struct worker *w = ctx;
    require(name.len == sizeof(uint32_t) && w->store, "a walk shows keys that were put");
    require_whole(value->bytes);
}

static void step_evict(struct worker *w, size_t shard, int64_t now_ms) {
    const size_t rooms[FORECAST_SIZES] = {250000, 500000, 1000000, 2000000};
    struct store_evicted evicted = store_evict(w->store, &w->hold, now_ms, 50000, 512);
    require(evicted.entries <= 512 && (evicted.entries || !evicted.bytes), "so many go as may");
    (void)store_age(w->store, &w->hold, shard, now_ms, 100);
    store_forecast_fit(w->store, rooms);
    struct store_forecast forecast = store_forecast(w->store);
    for (size_t i = 0; forecast.known && i < FORECAST_SIZES; i++)
        require(forecast.hit_ratios[i] >= 0 && forecast.hit_ratios[i] <= 1,
                "a ratio is one at any moment");
}

static void step_upkeep(struct worker *w) {
    size_t shard = random_below(&w->random, store_shards(w->store));
    int64_t now_ms = atomic_fetch_add(w->now_ms, 10);
    store_sweep(w->store, &w->hold, shard, now_ms, 100);
    store_reclaim(w->store, &w->hold, shard, 200);
    store_compact(w->store, &w->hold, shard, 100);
    if (w->evicts) step_evict(w, shard, now_ms);
    if (random_below(&w->random, 100) == 0) store_flush_db(w->store, &w->hold, DB_FLUSHED);
    struct store_label_count counts[LABELS] = {{0}};
    store_count_labels(w->store, &w->hold, shard, counts, LABELS);
    for (size_t i = 0; i < LABELS; i++)
        require(counts[i].entries < 3 * KEYS && (counts[i].entries || !counts[i].bytes),
                "labels are counted at any moment");
    struct store_scan scan = {.db = DB_KEYS, .now_ms = now_ms, .visit = visit, .ctx = w};
    uint64_t cursor = random_u64(&w->random);
    for (int i = 0; i < 5; i++) cursor = store_scan(w->store, &w->hold, &scan, cursor);
    require(store_counts(w->store).keys < 3 * KEYS && store_used_bytes(w->store) > 0,
            "counters are sane at any moment");
}

static void *work(void *arg) {
    struct worker *w = arg;
    for (size_t i = 0; i < w->steps; i++) {
        uint64_t die = random_below(&w->random, 100);
        if (die < 70)
            step_key(w, DB_KEYS);
        else if (die < 85)
            step_key(w, DB_FLUSHED);
        else if (die < 95 && !w->evicts)
            step_counters(w);
        else
            step_upkeep(w);
    }
    return NULL;
}

static void finish(struct store *store, int64_t now_ms) {
    static struct store_hold hold;
    for (size_t shard = 0; shard < store_shards(store); shard++) {
        while (store_reclaim(store, &hold, shard, 1000)) {}
        while (store_sweep(store, &hold, shard, now_ms + 1000 * 1000, 1000)) {}
        while (store_compact(store, &hold, shard, 1000)) {}
    }
    struct store_check check = store_check(store, &hold);
    require(!check.broken, check.broken);
    /* The thread that makes pages ready may be at it still. */
    size_t ready_bytes = store_used_bytes(store) - check.structure_bytes - check.blob_bytes;
    require(ready_bytes % HUGE_PAGE_BYTES == 0 && ready_bytes / HUGE_PAGE_BYTES <= AHEAD_PAGES_MAX,
            "all that is taken is accounted for");
    require(store_counts(store).keys_with_expiry == 0, "what had its time is gone");
}

static void run(size_t threads, size_t steps, bool evicts) {
    static struct worker workers[THREADS_MAX];
    static struct mem_account account;
    static _Atomic int64_t now_ms;
    atomic_store(&now_ms, NOW_MS);
    mem_account_init(&account, mem_system(), 0);
    /* Few shards and small segments, so that threads meet and tables split all the time. */
    struct store *store = store_create(&(struct store_options){.mem = &account.allocator,
                                                               .secret = {7, 8},
                                                               .shards = 8,
                                                               .threads = threads,
                                                               .notes = STORE_NOTES_FULL,
                                                               .segment_pairs = 4,
                                                               .huge = huge_pages(),
                                                               .huge_from_bytes = 1,
                                                               .huge_ahead = true,
                                                               .boxed_from_bytes = 100,
                                                               .chunk_bytes_max = 16 * 1024,
                                                               .forecast_bytes = 16 * 1024});
    require(store, "memory suffices");
    for (size_t i = 0; i < threads; i++) {
        workers[i].store = store;
        workers[i].now_ms = &now_ms;
        workers[i].steps = steps;
        workers[i].evicts = evicts;
        random_init(&workers[i].random, i + 1);
        require(!pthread_create(&workers[i].thread, NULL, work, &workers[i]), "a thread starts");
    }
    for (size_t i = 0; i < threads; i++) pthread_join(workers[i].thread, NULL);
    finish(store, atomic_load(&now_ms));
    struct store_counts counts = store_counts(store);
    printf("stress_store: %zu threads, %zu steps each, %zu keys left, %zu gave way\n", threads,
           steps, (size_t)counts.keys, (size_t)counts.evicted_total);
    require(evicts == (counts.evicted_total > 0), "entries give way where they should");
    store_destroy(store);
    require(mem_account_used(&account) == 0, "all memory came back");
}

int main(int argc, char **argv) {
    uint64_t threads = 4, steps = 60000;
    if (argc > 1) require(number_parse_u64(bytes_of_cstr(argv[1]), &threads), "threads: a number");
    if (argc > 2) require(number_parse_u64(bytes_of_cstr(argv[2]), &steps), "steps: a number");
    require(threads >= 1 && threads <= THREADS_MAX, "1 to 64 threads");
    run((size_t)threads, (size_t)steps, false);
    run((size_t)threads, (size_t)steps, true);
    return 0;
}
