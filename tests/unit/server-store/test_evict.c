/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/check.h"
#include "store/store_write.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MS = 1700000000 };
#define NOW_MS ((int64_t)MS * 1000)

struct fixture {
    struct failing_allocator mem;
    struct store *store;
    struct store_hold hold;
    size_t evicted, expired;
};

static void count_removed(void *ctx, uint32_t db, struct bytes name, enum store_removal reason) {
    struct fixture *f = ctx;
    cr_assert(db == 0 && name.len > 0);
    if (reason == STORE_REMOVED_EVICTED)
        f->evicted++;
    else
        f->expired++;
}

static void begin_shards(struct fixture *f, enum store_policy policy, size_t shards) {
    memset(f, 0, sizeof *f);
    failing_init(&f->mem, SIZE_MAX);
    f->store = store_create(&(struct store_options){
        .mem = &f->mem.allocator, .secret = {1, 2}, .shards = shards, .notes = STORE_NOTES_LABEL});
    cr_assert(f->store);
    store_set_hook(f->store, count_removed, f);
    store_set_policy(f->store, &(struct store_policy_options){policy, 10, 1});
}

static void begin(struct fixture *f, enum store_policy policy) {
    begin_shards(f, policy, 1);
}

static void end(struct fixture *f) {
    const char *broken = store_check(f->store, &f->hold).broken;
    cr_expect(!broken, "%s", broken);
    store_destroy(f->store);
    cr_expect_eq(f->mem.taken_bytes, 0, "all memory is given back");
}

static struct store_key key_of(struct fixture *f, char *name, const char *kind, int number) {
    int len = snprintf(name, 32, "%s:%d", kind, number);
    return store_key(f->store, 0, bytes_view(name, (size_t)len));
}

static void put(struct fixture *f, const char *kind, int number, size_t bytes, int64_t expire_at_ms,
                int64_t now_ms) {
    static uint8_t value[64 * 1024];
    char name[32];
    struct store_key key = key_of(f, name, kind, number);
    struct store_new_value new = {.bytes = bytes_view(value, bytes), .expire_at_ms = expire_at_ms};
    store_lock(f->store, &f->hold, &key);
    cr_assert_eq(store_put(f->store, &key, &new, now_ms), BRINE_OK);
    store_unlock(f->store, &f->hold);
}

static bool use(struct fixture *f, const char *kind, int number, int64_t now_ms) {
    char name[32];
    struct store_value value;
    struct store_key key = key_of(f, name, kind, number);
    store_lock(f->store, &f->hold, &key);
    bool found = store_find(f->store, &key, now_ms, &value);
    if (found) store_touch(f->store, &key, &value, now_ms);
    store_unlock(f->store, &f->hold);
    return found;
}

static int held(struct fixture *f, const char *kind, int count, int64_t now_ms) {
    int found = 0;
    for (int i = 0; i < count; i++) {
        char name[32];
        struct store_value value;
        struct store_key key = key_of(f, name, kind, i);
        store_lock(f->store, &f->hold, &key);
        found += store_find(f->store, &key, now_ms, &value);
        store_unlock(f->store, &f->hold);
    }
    return found;
}

/* Until so many entries have gone. */
static void evict(struct fixture *f, size_t entries, int64_t now_ms) {
    for (int tries = 0; f->evicted < entries && tries < 100000; tries++)
        (void)store_evict(f->store, &f->hold, now_ms, 1, 64);
    cr_assert_geq(f->evicted, entries);
}

enum { KEYS = 1000, HALF = KEYS / 2 };
#define LIFE_MS (NOW_MS + 3600 * 1000)

/* What of two kinds of keys is left when half of all had to go: `good` is what the policy's name
 * promises to keep. */
static const struct policy_row {
    const char *name;
    enum store_policy policy;
    bool only_volatile; /* the kind that is bad expires, the good one does not */
    int uses;           /* of the good ones, */
    int64_t used_ms;    /* so much later */
    int good_min;       /* of HALF */
} policy_rows[] = {
    {"allkeys-lru keeps what was used last", STORE_POLICY_ALLKEYS_LRU, false, 1, 60000, 460},
    {"allkeys-lfu keeps what was used often", STORE_POLICY_ALLKEYS_LFU, false, 30, 0, 450},
    {"brine keeps what was used", STORE_POLICY_BRINE, false, 3, 0, 450},
    {"volatile-lru leaves what does not expire", STORE_POLICY_VOLATILE_LRU, true, 0, 0, HALF},
    {"volatile-lfu leaves what does not expire", STORE_POLICY_VOLATILE_LFU, true, 0, 0, HALF},
    {"volatile-random leaves what does not expire", STORE_POLICY_VOLATILE_RANDOM, true, 0, 0, HALF},
    {"volatile-ttl leaves what does not expire", STORE_POLICY_VOLATILE_TTL, true, 0, 0, HALF},
};

Test(evict, policies_do_what_their_names_say) {
    for (size_t row = 0; row < ARRAY_LEN(policy_rows); row++) {
        const struct policy_row *r = &policy_rows[row];
        struct fixture f;
        begin(&f, r->policy);
        for (int i = 0; i < HALF; i++) {
            put(&f, "good", i, 100, STORE_NO_EXPIRY, NOW_MS);
            put(&f, "bad", i, 100, r->only_volatile ? LIFE_MS : STORE_NO_EXPIRY, NOW_MS);
        }
        for (int times = 0; times < r->uses; times++)
            for (int i = 0; i < HALF; i++) use(&f, "good", i, NOW_MS + r->used_ms);
        evict(&f, HALF - 20, NOW_MS + r->used_ms + 1000);
        int good = held(&f, "good", HALF, NOW_MS + r->used_ms + 1000);
        cr_expect_geq(good, r->good_min, "%s: %d of %d", r->name, good, HALF);
        cr_expect_eq(f.expired, 0, "%s", r->name);
        end(&f);
    }
}

/* What goes at once, as after the limit was lowered, goes of all shards: the best tenth stays. */
Test(evict, of_many_shards_none_loses_what_is_better_than_what_others_keep) {
    static const struct {
        const char *name;
        enum store_policy policy;
        size_t shards, value_bytes;
        int keys, gone;
        int good_min; /* of a tenth of the keys */
    } rows[] = {
        {"allkeys-lru, 100 keys a shard", STORE_POLICY_ALLKEYS_LRU, 64, 2000, 6400, 2000, 640},
        {"allkeys-lfu, 100 keys a shard", STORE_POLICY_ALLKEYS_LFU, 64, 2000, 6400, 2000, 640},
        {"brine, 100 keys a shard", STORE_POLICY_BRINE, 64, 2000, 6400, 2000, 635},
        {"volatile-ttl, 100 keys a shard", STORE_POLICY_VOLATILE_TTL, 64, 2000, 6400, 2000, 640},
        {"allkeys-lru, a key a shard", STORE_POLICY_ALLKEYS_LRU, 64, 40000, 60, 40, 6},
        {"allkeys-lfu, a key a shard", STORE_POLICY_ALLKEYS_LFU, 64, 40000, 60, 40, 6},
        {"brine, a key a shard", STORE_POLICY_BRINE, 64, 40000, 60, 40, 6},
        {"volatile-ttl, a key a shard", STORE_POLICY_VOLATILE_TTL, 64, 40000, 60, 40, 6},
        {"allkeys-lru, ten keys a shard", STORE_POLICY_ALLKEYS_LRU, 16, 100, 160, 100, 16},
    };
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct fixture f;
        begin_shards(&f, rows[row].policy, rows[row].shards);
        for (int i = 0; i < rows[row].keys; i++)
            put(&f, i % 10 ? "bad" : "good", i / 10 * 10 + i % 10, rows[row].value_bytes,
                i % 10 ? LIFE_MS : LIFE_MS * 2, NOW_MS);
        for (int times = 0; times < 20; times++)
            for (int i = 0; i < rows[row].keys; i += 10) use(&f, "good", i, NOW_MS + 60000);
        while (f.evicted < (size_t)rows[row].gone)
            (void)store_evict(f.store, &f.hold, NOW_MS + 61000,
                              (rows[row].gone - f.evicted) * rows[row].value_bytes, 2048);
        int good = held(&f, "good", rows[row].keys, NOW_MS + 61000);
        cr_expect_geq(good, rows[row].good_min, "%s: %d", rows[row].name, good);
        cr_expect_leq(f.evicted, (size_t)rows[row].gone + 1, "%s: %zu", rows[row].name, f.evicted);
        end(&f);
    }
}

Test(evict, volatile_ttl_takes_what_ends_first) {
    struct fixture f;
    begin(&f, STORE_POLICY_VOLATILE_TTL);
    for (int i = 0; i < HALF; i++) {
        put(&f, "long", i, 100, LIFE_MS, NOW_MS);
        put(&f, "short", i, 100, NOW_MS + 60000, NOW_MS);
    }
    evict(&f, HALF - 20, NOW_MS);
    cr_expect_geq(held(&f, "long", HALF, NOW_MS), 460);
    end(&f);
}

Test(evict, random_takes_of_both_kinds) {
    struct fixture f;
    begin(&f, STORE_POLICY_ALLKEYS_RANDOM);
    for (int i = 0; i < HALF; i++) {
        put(&f, "a", i, 100, STORE_NO_EXPIRY, NOW_MS);
        put(&f, "b", i, 100, STORE_NO_EXPIRY, NOW_MS);
        use(&f, "a", i, NOW_MS);
    }
    evict(&f, HALF, NOW_MS);
    int a = held(&f, "a", HALF, NOW_MS);
    cr_expect(a > 180 && a < 320, "%d", a);
    end(&f);
}

Test(evict, nothing_goes_that_may_not) {
    struct fixture f;
    begin(&f, STORE_POLICY_NOEVICTION);
    for (int i = 0; i < 100; i++) put(&f, "k", i, 100, LIFE_MS, NOW_MS);
    cr_expect_eq(store_evict(f.store, &f.hold, NOW_MS, 1, 1000).entries, 0);
    cr_expect_not(store_can_evict(f.store));
    store_set_policy(f.store, &(struct store_policy_options){STORE_POLICY_VOLATILE_LRU, 10, 1});
    cr_expect(store_can_evict(f.store));
    end(&f);

    begin(&f, STORE_POLICY_VOLATILE_LRU);
    for (int i = 0; i < 100; i++) put(&f, "k", i, 100, STORE_NO_EXPIRY, NOW_MS);
    cr_expect_not(store_can_evict(f.store));
    cr_expect_eq(store_evict(f.store, &f.hold, NOW_MS, 1, 10000).entries, 0);
    cr_expect_eq(held(&f, "k", 100, NOW_MS), 100);
    end(&f);
}

Test(evict, what_has_expired_goes_first_and_counts_as_expired) {
    struct fixture f;
    begin(&f, STORE_POLICY_BRINE);
    for (int i = 0; i < HALF; i++) {
        put(&f, "over", i, 100, NOW_MS + 10, NOW_MS);
        put(&f, "k", i, 100, STORE_NO_EXPIRY, NOW_MS);
    }
    while (f.expired < HALF / 2) (void)store_evict(f.store, &f.hold, NOW_MS + 5000, 1, 64);
    cr_expect_lt(f.evicted, 10);
    cr_expect_eq(store_counts(f.store).expired_total, f.expired);
    cr_expect_eq(store_counts(f.store).evicted_total, f.evicted);
    end(&f);
}

Test(evict, brine_lets_a_scan_pass) {
    struct fixture f;
    begin(&f, STORE_POLICY_BRINE);
    for (int i = 0; i < HALF; i++) {
        put(&f, "hot", i, 100, STORE_NO_EXPIRY, NOW_MS);
        use(&f, "hot", i, NOW_MS);
        use(&f, "hot", i, NOW_MS);
    }
    for (int i = 0; i < 5 * KEYS; i++) {
        put(&f, "scan", i, 100, STORE_NO_EXPIRY, NOW_MS + i / 100);
        if (i >= HALF) evict(&f, f.evicted + 1, NOW_MS + i / 100);
        if (i % 2 == 0) use(&f, "hot", i / 2 % HALF, NOW_MS + i / 100);
    }
    int hot = held(&f, "hot", HALF, NOW_MS + 100);
    cr_expect_geq(hot, 450, "%d", hot);
    end(&f);
}

Test(evict, brine_gives_up_the_large_before_the_small) {
    struct fixture f;
    begin(&f, STORE_POLICY_BRINE);
    for (int i = 0; i < HALF; i++) {
        put(&f, "small", i, 100, STORE_NO_EXPIRY, NOW_MS);
        put(&f, "large", i, i % 2 ? 4000 : 20000, STORE_NO_EXPIRY, NOW_MS);
    }
    evict(&f, HALF - 20, NOW_MS);
    cr_expect_geq(held(&f, "small", HALF, NOW_MS), 460);
    end(&f);
}

Test(evict, usage_is_told_as_far_as_the_policy_remembers_it) {
    static const struct {
        enum store_policy policy;
        int64_t idle_ms;
        uint32_t idle_min, idle_max;
    } rows[] = {
        {STORE_POLICY_ALLKEYS_LRU, 3000, 2, 3},
        {STORE_POLICY_NOEVICTION, 3000, 2, 3},
        {STORE_POLICY_ALLKEYS_LRU, 1000 * 1000, 999, 1000},
        {STORE_POLICY_BRINE, 3000, 2, 3},
        {STORE_POLICY_BRINE, 100 * 1000, 95, 101},
        {STORE_POLICY_ALLKEYS_LFU, 3000, 0, 0},
    };
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct fixture f;
        char name[32];
        begin(&f, rows[row].policy);
        put(&f, "k", 1, 100, STORE_NO_EXPIRY, NOW_MS);
        for (int64_t ms = 0; ms <= rows[row].idle_ms; ms += 100) {
            put(&f, "other", 1, 100, STORE_NO_EXPIRY, NOW_MS + ms);
            use(&f, "other", 1, NOW_MS + ms);
        }
        struct store_value value;
        struct store_key key = key_of(&f, name, "k", 1);
        store_lock(f.store, &f.hold, &key);
        cr_assert(store_find(f.store, &key, NOW_MS, &value));
        struct store_usage usage = store_usage(f.store, &value, NOW_MS + rows[row].idle_ms);
        store_unlock(f.store, &f.hold);
        cr_expect(usage.idle_s >= rows[row].idle_min && usage.idle_s <= rows[row].idle_max,
                  "row %zu: %u", row, usage.idle_s);
        cr_expect_eq(usage.frequency, rows[row].policy == STORE_POLICY_ALLKEYS_LFU ? 5 : 0);
        end(&f);
    }
}

Test(evict, usage_comes_back_with_a_value) {
    static const struct {
        enum store_policy policy;
        uint32_t idle_s, idle_min, idle_max;
    } rows[] = {
        {STORE_POLICY_ALLKEYS_LRU, 5000, 4900, 5100}, {STORE_POLICY_ALLKEYS_LFU, 5000, 0, 0},
        {STORE_POLICY_BRINE, 5000, 4850, 5170},       {STORE_POLICY_BRINE, 3, 3, 4},
        {STORE_POLICY_BRINE, 600000, 580000, 620000}, {STORE_POLICY_BRINE, 0, 0, 0},
    };
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct fixture f;
        char name[32];
        begin(&f, rows[row].policy);
        struct store_key key = key_of(&f, name, "k", 1);
        struct store_new_value new = {.bytes = BYTES("v"), .usage = {rows[row].idle_s, 77}};
        struct store_value value;
        store_lock(f.store, &f.hold, &key);
        cr_assert_eq(store_put(f.store, &key, &new, NOW_MS), BRINE_OK);
        cr_assert(store_find(f.store, &key, NOW_MS, &value));
        struct store_usage usage = store_usage(f.store, &value, NOW_MS);
        store_unlock(f.store, &f.hold);
        cr_expect_eq(usage.frequency, rows[row].policy == STORE_POLICY_ALLKEYS_LFU ? 77 : 0);
        cr_expect(usage.idle_s >= rows[row].idle_min && usage.idle_s <= rows[row].idle_max,
                  "row %zu: %u", row, usage.idle_s);
        end(&f);
    }
}

/* Under a policy that is chosen later, nobody has said yet what time it is. */
/* In a small cache that turns over in a second, most would be idle for 0 s, else for 1. */
Test(evict, idle_times_of_what_gave_way_are_told_to_a_part_of_a_second) {
    static const int64_t idle_ms[] = {200, 400, 700, 1500};
    for (size_t row = 0; row < ARRAY_LEN(idle_ms); row++) {
        struct fixture f;
        begin(&f, STORE_POLICY_BRINE);
        put(&f, "first", 0, 50, 0, NOW_MS);
        for (int i = 0; i < 1000; i++) put(&f, "old", i, 50, 0, NOW_MS + 750);
        evict(&f, 300, NOW_MS + 750 + idle_ms[row]);
        struct store_idle_counts idle = store_idle_counts(f.store);
        uint64_t near = 0, all = 0;
        for (unsigned i = 0; i < STORE_IDLE_BUCKETS; i++) {
            int64_t least_ms = i ? (int64_t)1 << (i - 1) : 0, most_ms = (int64_t)1 << i;
            all += idle.counts[i];
            if (idle_ms[row] + 64 >= least_ms && idle_ms[row] - 64 < most_ms)
                near += idle.counts[i];
        }
        cr_expect(all == 300 && near * 10 >= all * 9, "%d ms: %zu of %zu", (int)idle_ms[row],
                  (size_t)near, (size_t)all);
        end(&f);
    }
}

Test(evict, nothing_is_idle_since_1970) {
    struct fixture f;
    char name[32];
    begin(&f, STORE_POLICY_ALLKEYS_RANDOM);
    put(&f, "k", 1, 100, STORE_NO_EXPIRY, 1790000000000);
    store_set_policy(f.store, &(struct store_policy_options){STORE_POLICY_BRINE, 10, 1});
    struct store_value value;
    struct store_key key = key_of(&f, name, "k", 1);
    store_lock(f.store, &f.hold, &key);
    cr_assert(store_find(f.store, &key, 1790000000000, &value));
    cr_expect_eq(store_usage(f.store, &value, 1790000000000).idle_s, 0);
    store_unlock(f.store, &f.hold);
    end(&f);
}

/* A year without a use, as upkeep sees it once an hour: the clocks come round many times. */
Test(evict, old_entries_stay_old) {
    static const enum store_policy policies[] = {STORE_POLICY_ALLKEYS_LRU, STORE_POLICY_BRINE};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct fixture f;
        char name[32];
        begin(&f, policies[i]);
        put(&f, "old", 1, 100, STORE_NO_EXPIRY, NOW_MS);
        put(&f, "new", 1, 100, STORE_NO_EXPIRY, NOW_MS);
        int64_t now_ms = NOW_MS;
        for (int tick = 0; tick < 365 * 24 * 4; tick++) {
            now_ms += 15 * 60 * 1000;
            use(&f, "new", 1, now_ms);
            while (store_age(f.store, &f.hold, 0, now_ms, 1000)) {}
        }
        struct store_value value;
        struct store_key key = key_of(&f, name, "old", 1);
        store_lock(f.store, &f.hold, &key);
        cr_assert(store_find(f.store, &key, now_ms, &value));
        struct store_usage usage = store_usage(f.store, &value, now_ms);
        store_unlock(f.store, &f.hold);
        cr_expect_geq(usage.idle_s, 5 * 24 * 3600u, "policy %d: %u", policies[i], usage.idle_s);
        end(&f);
    }
}

Test(evict, holes_are_what_no_entry_uses) {
    struct fixture f;
    begin(&f, STORE_POLICY_ALLKEYS_LRU);
    for (int i = 0; i < 20000; i++) put(&f, "k", i, 300, STORE_NO_EXPIRY, NOW_MS);
    size_t used = store_used_bytes(f.store), holes = store_hole_bytes(f.store);
    evict(&f, 10000, NOW_MS);
    size_t made = store_hole_bytes(f.store) - holes + used - store_used_bytes(f.store);
    cr_expect(made > 10000 * 300 && made < 10000 * 400, "%zu", made);
    while (store_compact(f.store, &f.hold, 0, 1000)) {}
    cr_expect_lt(store_hole_bytes(f.store), store_used_bytes(f.store) / 6);
    end(&f);
}
