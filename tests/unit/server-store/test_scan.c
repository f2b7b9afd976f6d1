/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/random.h"
#include "store/check.h"
#include "store/store_write.h"

#include <criterion/criterion.h>

enum { KEYS = 20000, NOW_MS = 1000 };

static struct store_hold hold;
static struct store *store;
static struct random rng;
static bool present[KEYS], stays[KEYS]; /* now; and since the walk began */
static uint32_t shown[KEYS];
static size_t steps_shown;

static void visit(void *ctx, struct bytes name, const struct store_value *value) {
    uint32_t number;
    cr_assert_eq(name.len, sizeof number);
    memcpy(&number, name.data, sizeof number);
    cr_assert(number < KEYS && present[number] && ctx == &rng);
    cr_assert(bytes_equal(value->bytes, name));
    shown[number]++;
    steps_shown++;
}

static void set_present(uint32_t number, bool wanted) {
    struct store_key key = store_key(store, 1, bytes_view(&number, sizeof number));
    store_lock(store, &hold, &key);
    if (wanted) {
        struct store_new_value value = {.bytes = key.name};
        cr_assert_eq(store_put(store, &key, &value, NOW_MS), BRINE_OK);
    } else {
        cr_assert_eq(store_remove(store, &key, NOW_MS), present[number]);
        stays[number] = false;
    }
    present[number] = wanted;
    store_unlock(store, &hold);
}

static void open_store(size_t shards, size_t segment_pairs, uint64_t seed) {
    random_init(&rng, seed);
    store = store_create(&(struct store_options){.mem = mem_system(),
                                                 .secret = {seed, 9},
                                                 .shards = shards,
                                                 .segment_pairs = segment_pairs});
    cr_assert(store);
    memset(present, 0, sizeof present);
}

static uint64_t step(uint64_t cursor) {
    struct store_scan scan = {.db = 1, .now_ms = NOW_MS, .visit = visit, .ctx = &rng};
    steps_shown = 0;
    return store_scan(store, &hold, &scan, cursor);
}

/* A walk, with `changes` insertions or removals before each step: below `kept` nothing is removed.
 */
static void walk(size_t changes, uint32_t kept, bool growing) {
    memcpy(stays, present, sizeof stays);
    memset(shown, 0, sizeof shown);
    uint64_t cursor = 0;
    size_t steps = 0;
    do {
        for (size_t i = 0; i < changes; i++) {
            uint32_t number = (uint32_t)random_below(&rng, KEYS);
            if (growing)
                set_present(number, true);
            else if (number >= kept)
                set_present(number, false);
        }
        cursor = step(cursor);
        cr_assert(steps_shown <= 16 + 14 * 8, "a step is bounded: %zu", steps_shown);
        cr_assert(++steps < 100 * KEYS, "a walk ends");
    } while (cursor);
    for (uint32_t i = 0; i < KEYS; i++)
        cr_assert(!stays[i] || shown[i], "key %u was there all the time and was not shown", i);
}

Test(scan, a_quiet_walk_shows_every_key_once) {
    static const size_t counts[] = {0, 1, 5, 100, KEYS};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        open_store(i % 2 ? 1 : 64, 0, i);
        for (uint32_t number = 0; number < counts[i]; number++) set_present(number, true);
        walk(0, 0, false);
        for (uint32_t number = 0; number < KEYS; number++)
            cr_assert_eq(shown[number], number < counts[i]);
        store_destroy(store);
    }
}

Test(scan, nothing_that_stays_is_missed_while_tables_grow_and_shrink) {
    static const struct {
        size_t shards, segment_pairs, changes;
    } rows[] = {{1, 1, 3},    {1, 1, 50},  {1, 2, 10}, {2, 24, 40},
                {64, 24, 40}, {64, 1, 20}, {4, 3, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        open_store(rows[i].shards, rows[i].segment_pairs, i);
        for (uint32_t number = 0; number < 200; number++) set_present(number, true);
        for (int round = 0; round < 3; round++) {
            walk(rows[i].changes, 0, true);
            cr_assert(!store_check(store, &hold).broken);
            walk(rows[i].changes, 200, false);
            cr_assert(!store_check(store, &hold).broken);
        }
        store_destroy(store);
    }
}

/* The hardest turns are those where whole subtrees merge, or split, under the cursor. */
Test(scan, nothing_that_stays_is_missed_when_all_changes_at_one_step) {
    enum { KEPT = 400, MANY = 6000 };
    for (uint64_t seed = 0; seed < 40; seed++) {
        for (int shrinking = 0; shrinking < 2; shrinking++) {
            open_store(1, 4 + seed % 5, seed);
            for (uint32_t i = 0; i < (shrinking ? MANY : KEPT); i++) set_present(i, true);
            memset(stays, 0, sizeof stays);
            memset(stays, 1, KEPT);
            memset(shown, 0, sizeof shown);
            uint64_t cursor = 0, change_at = 1 + (shrinking ? seed * 8 : seed / 2), steps = 0;
            do {
                cursor = step(cursor);
                if (++steps == change_at)
                    for (uint32_t i = KEPT; i < MANY; i++) set_present(i, !shrinking);
            } while (cursor);
            cr_assert(steps >= change_at);
            for (uint32_t i = 0; i < KEPT; i++)
                cr_assert(shown[i], "seed %d, key %u of those that stayed", (int)seed, i);
            store_destroy(store);
        }
    }
}

Test(scan, any_number_is_a_safe_cursor) {
    open_store(4, 2, 3);
    for (uint32_t number = 0; number < 5000; number++) set_present(number, true);
    for (int i = 0; i < 20000; i++) {
        uint64_t cursor = random_u64(&rng) >> random_below(&rng, 64);
        uint64_t next = step(cursor);
        cr_assert(next == 0 || next < UINT64_C(1) << 57);
    }
    step(UINT64_MAX);
    store_destroy(store);
}

Test(scan, what_has_expired_is_not_shown) {
    open_store(2, 0, 4);
    for (uint32_t number = 0; number < 100; number++) {
        struct store_key key = store_key(store, 1, bytes_view(&number, sizeof number));
        struct store_new_value value = {.bytes = key.name,
                                        .expire_at_ms = number % 2 ? NOW_MS - 1 : NOW_MS};
        store_lock(store, &hold, &key);
        cr_assert_eq(store_put(store, &key, &value, NOW_MS - 500), BRINE_OK);
        store_unlock(store, &hold);
        present[number] = true;
    }
    memset(shown, 0, sizeof shown);
    for (uint64_t cursor = step(0); cursor;) cursor = step(cursor);
    for (uint32_t number = 0; number < 100; number++) cr_expect_eq(shown[number], number % 2 == 0);
    store_destroy(store);
}

Test(scan, few_keys_take_few_steps) {
    open_store(4096, 0, 5);
    for (uint32_t number = 0; number < 10; number++) set_present(number, true);
    size_t steps = 1;
    for (uint64_t cursor = step(0); cursor; steps++) cursor = step(cursor);
    cr_expect(steps <= 11, "%zu", steps);
    store_destroy(store);
}
