/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/random.h"
#include "store/store_write.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { KEYS = 50000, READS = 400000, BASE_BYTES = 8 << 20, SAMPLE_BYTES = 256 << 10 };
#define NOW_MS 1700000000000

/* One client's work, drawn from a seed, so that it is the same for a cache of any size: reads by
 * Zipf, values of one size or of many, some with a time to live.  Who misses stores. */
struct work {
    const char *name;
    enum store_policy policy;
    double alpha;
    bool mixed_sizes, expires;
};

struct cache {
    struct failing_allocator mem;
    struct store *store;
    struct store_hold hold;
    size_t bytes_max;
    uint64_t reads, hits;
};

static double weights[KEYS];

static void weigh(double alpha) {
    double sum = 0;
    for (int i = 0; i < KEYS; i++) weights[i] = sum += pow(i + 1, -alpha);
}

static int draw_key(struct random *random) {
    double point = (double)(random_u64(random) >> 11) / 9007199254740992.0 * weights[KEYS - 1];
    int low = 0, high = KEYS - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (weights[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void open_cache(struct cache *cache, enum store_policy policy, size_t bytes_max) {
    *cache = (struct cache){.bytes_max = bytes_max};
    failing_init(&cache->mem, SIZE_MAX);
    cache->store = store_create(&(struct store_options){.mem = &cache->mem.allocator,
                                                        .secret = {5, 6},
                                                        .shards = 16,
                                                        .forecast_bytes = SAMPLE_BYTES});
    cr_assert(cache->store);
    store_set_policy(cache->store, &(struct store_policy_options){policy, 10, 1});
}

static void fit(struct cache *cache) {
    size_t max = cache->bytes_max, rooms[] = {max / 2, max, max * 2, max * 4};
    store_forecast_fit(cache->store, rooms);
}

static void make_room(struct cache *cache, int64_t now_ms) {
    for (int tries = 0; tries < 1000; tries++) {
        size_t used = store_used_bytes(cache->store) - store_hole_bytes(cache->store);
        if (used <= cache->bytes_max) return;
        (void)store_evict(cache->store, &cache->hold, now_ms, used - cache->bytes_max, 512);
    }
}

static void read_key(struct cache *cache, const struct work *work, int number, int64_t now_ms) {
    static const uint8_t value[16384];
    char name[32];
    int len = snprintf(name, sizeof name, "key:%d", number);
    uint32_t fate = (uint32_t)number * UINT32_C(2654435761);
    struct store_key key = store_key(cache->store, 0, bytes_view(name, (size_t)len));
    struct store_value found;
    store_lock(cache->store, &cache->hold, &key);
    bool hit = store_find(cache->store, &key, now_ms, &found);
    if (hit)
        store_touch(cache->store, &key, &found, now_ms);
    else
        store_miss(cache->store, &key, now_ms);
    store_unlock(cache->store, &cache->hold);
    cache->reads++;
    cache->hits += hit;
    if (hit) return;
    make_room(cache, now_ms);
    size_t bytes = work->mixed_sizes ? (size_t)64 << (fate >> 29) : 400;
    int64_t expire_at_ms = work->expires && fate >> 28 & 1 ? now_ms + 2000 : STORE_NO_EXPIRY;
    struct store_new_value new = {.bytes = {value, bytes}, .expire_at_ms = expire_at_ms};
    store_lock(cache->store, &cache->hold, &key);
    cr_assert_eq(store_put(cache->store, &key, &new, now_ms), BRINE_OK);
    store_unlock(cache->store, &cache->hold);
}

static void run(struct cache *cache, const struct work *work) {
    struct random random;
    random_init(&random, 11);
    weigh(work->alpha);
    fit(cache);
    for (int i = 0; i < READS; i++) {
        int64_t now_ms = NOW_MS + i / 50;
        read_key(cache, work, draw_key(&random), now_ms);
        if (i % 5000 != 0) continue;
        fit(cache);
        for (size_t s = 0; s < store_shards(cache->store); s++) {
            while (store_sweep(cache->store, &cache->hold, s, now_ms, 1000)) {}
            (void)store_compact(cache->store, &cache->hold, s, 1000);
        }
    }
    fit(cache);
}

static void close_cache(struct cache *cache) {
    store_destroy(cache->store);
    cr_expect_eq(cache->mem.taken_bytes, 0, "all memory is given back");
}

/* The truth is what caches of those sizes do with the same work. */
Test(forecast, comes_within_three_hundredths_of_what_other_sizes_do, .timeout = 240) {
    static const struct work works[] = {
        {"zipf 0.8", STORE_POLICY_BRINE, 0.8, false, false},
        {"zipf 1.1", STORE_POLICY_BRINE, 1.1, false, false},
        {"mixed sizes and times to live", STORE_POLICY_BRINE, 0.9, true, true},
        {"mixed sizes, lru", STORE_POLICY_ALLKEYS_LRU, 0.9, true, false},
    };
    for (size_t row = 0; row < ARRAY_LEN(works); row++) {
        struct store_forecast forecast = {0};
        double truth[FORECAST_SIZES];
        for (int size = 0; size < FORECAST_SIZES; size++) {
            struct cache cache;
            open_cache(&cache, works[row].policy, ((size_t)BASE_BYTES / 2) << size);
            run(&cache, &works[row]);
            truth[size] = (double)cache.hits / (double)cache.reads;
            if (size == FORECAST_SAME) forecast = store_forecast(cache.store);
            close_cache(&cache);
        }
        cr_assert(forecast.known);
        for (int size = 0; size < FORECAST_SIZES; size++)
            cr_expect(fabs(forecast.hit_ratios[size] - truth[size]) < 0.03,
                      "%s, size %d: %.4f is %.4f", works[row].name, size, forecast.hit_ratios[size],
                      truth[size]);
    }
}

Test(forecast, begins_when_it_is_told_of_room_and_follows_what_is_removed) {
    static const struct work work = {"", STORE_POLICY_BRINE, 0, false, false};
    struct cache cache;
    open_cache(&cache, work.policy, BASE_BYTES);
    for (int i = 0; i < 4000; i++) read_key(&cache, &work, i, NOW_MS);
    cr_expect_eq(store_forecast(cache.store).keys, 0);
    fit(&cache);
    for (int i = 0; i < 4000; i++) read_key(&cache, &work, i, NOW_MS);
    struct store_forecast forecast = store_forecast(cache.store);
    cr_expect(forecast.keys > 800 && forecast.keys < 1200, "%zu", forecast.keys);
    cr_expect_not(forecast.known, "what was read before it began is not known");
    fit(&cache);
    cr_expect(store_forecast(cache.store).known);
    for (int i = 0; i < 2000; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "key:%d", i);
        struct store_key key = store_key(cache.store, 0, bytes_view(name, (size_t)len));
        store_lock(cache.store, &cache.hold, &key);
        cr_assert(store_remove(cache.store, &key, NOW_MS));
        store_unlock(cache.store, &cache.hold);
    }
    size_t left = store_forecast(cache.store).keys;
    cr_expect(left > 400 && left < 600, "%zu", left);
    store_flush_all(cache.store, &cache.hold);
    cr_expect_eq(store_forecast(cache.store).keys, 0);
    close_cache(&cache);
}

Test(forecast, keeps_to_its_bytes_by_sampling_fewer_keys) {
    static const struct work work = {"", STORE_POLICY_BRINE, 0, false, false};
    struct cache cache;
    open_cache(&cache, work.policy, (size_t)BASE_BYTES * 8);
    fit(&cache);
    double before = store_forecast(cache.store).share;
    for (int i = 0; i < KEYS; i++) read_key(&cache, &work, i, NOW_MS);
    struct store_forecast forecast = store_forecast(cache.store);
    cr_expect(forecast.share < before / 2 && forecast.share > before / 8, "%f", forecast.share);
    cr_expect(forecast.keys > 3000 && forecast.keys * 40 < SAMPLE_BYTES, "%zu", forecast.keys);
    close_cache(&cache);
}

Test(forecast, knows_nothing_without_a_sample_or_where_nothing_gives_way) {
    struct cache cache;
    open_cache(&cache, STORE_POLICY_NOEVICTION, BASE_BYTES);
    static const struct work work = {"", STORE_POLICY_NOEVICTION, 0, false, false};
    fit(&cache);
    for (int i = 0; i < 4000; i++) read_key(&cache, &work, i, NOW_MS);
    fit(&cache);
    cr_expect_not(store_forecast(cache.store).known);
    close_cache(&cache);
    struct store *without =
        store_create(&(struct store_options){.mem = mem_system(), .secret = {5, 6}});
    store_forecast_fit(without, (size_t[FORECAST_SIZES]){1, 2, 4, 8});
    cr_expect_not(store_forecast(without).known);
    store_destroy(without);
}
