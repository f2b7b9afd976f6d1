/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "server-store/model.h"
#include "store/huge.h"

/* From what a server uses to what makes everything happen all the time. */
static const struct {
    const char *name;
    struct store_options options;
} settings[] = {
    {"default", {.shards = 0}},
    {"one thread", {.single_threaded = true, .shards = 4}},
    {"one shard", {.shards = 1}},
    {"labels", {.shards = 4, .notes = STORE_NOTES_LABEL}},
    {"labels and origins", {.shards = 2, .notes = STORE_NOTES_FULL, .segment_pairs = 4}},
    {"tiny segments", {.shards = 2, .segment_pairs = 1}},
    {"huge pages", {.shards = 2, .huge_from_bytes = 1}},
    {"tiny chunks", {.shards = 2, .chunk_bytes_min = 64, .chunk_bytes_max = 1024}},
    {"hostile",
     {.shards = 1,
      .notes = STORE_NOTES_FULL,
      .segment_pairs = 2,
      .chunk_bytes_min = 64,
      .chunk_bytes_max = 512,
      .boxed_from_bytes = 48}},
};

static struct model model;

static void run_batches(struct model *m, size_t batches, size_t steps) {
    for (size_t batch = 0; batch < batches; batch++) {
        /* Fewer keys and more removals in turn: tables grow, shrink and vanish. */
        uint32_t keys = batch % 3 == 2 ? 40 : MODEL_KEYS;
        uint64_t removals = batch % 4 == 3 ? 80 : 20;
        for (size_t i = 0; i < steps; i++) {
            model_step(m, keys, removals);
            if (random_below(&m->random, 50) == 0)
                m->now_ms += (int64_t)random_below(&m->random, 2000);
        }
        model_check(m);
        if (batch % 5 == 4) model_flush(m, (uint32_t)random_below(&m->random, MODEL_DBS + 1));
        model_check(m);
        if (batch % 2) {
            model_upkeep(m, model_reclaim);
            m->unreclaimed = false;
        }
        if (batch % 3 == 0) m->now_ms += (int64_t)random_below(&m->random, 20 * 3600000);
        model_upkeep(m, model_sweep);
        model_compare_counts(m);
        model_compare_labels(m);
        model_upkeep(m, model_compact);
        model_check(m);
    }
}

Test(store, agrees_with_a_naive_map_over_random_steps) {
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct store_options options = settings[i].options;
            if (options.huge_from_bytes) options.huge = huge_pages();
            cr_assert(model_init(&model, options, seed, SIZE_MAX), "%s", settings[i].name);
            run_batches(&model, 20, 3000);
            model_compare(&model);
            model_check(&model);
            cr_expect_eq(model.hook_calls, store_counts(model.store).expired_total);
            cr_expect(model.hook_calls > 0, "%s", settings[i].name);
            model_deinit(&model);
        }
    }
}

Test(store, is_consistent_after_any_refused_allocation) {
    static const struct store_options options = {.shards = 1,
                                                 .notes = STORE_NOTES_FULL,
                                                 .segment_pairs = 2,
                                                 .chunk_bytes_min = 64,
                                                 .chunk_bytes_max = 1024,
                                                 .boxed_from_bytes = 100};
    for (size_t n = 0;; n++) {
        bool created = model_init(&model, options, 7, n);
        if (created) {
            for (size_t i = 0; i < 400; i++) {
                bool refused = model.mem.refused;
                model_step(&model, 300, 25);
                if (model.mem.refused != refused) model_check(&model);
            }
            model_compare(&model);
            model_check(&model);
        }
        model_deinit(&model);
        if (created && !model.mem.refused) break;
    }
}

Test(store, survives_refusals_again_and_again) {
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        cr_assert(model_init(&model, settings[i].options, 11, SIZE_MAX));
        for (size_t batch = 0; batch < 10; batch++) {
            for (size_t step = 0; step < 1000; step++) {
                model.mem.fail_at = model.mem.requests + random_below(&model.random, 4);
                model_step(&model, MODEL_KEYS, batch % 3 == 2 ? 70 : 15);
            }
            model_upkeep(&model, model_compact);
            model_upkeep(&model, model_sweep);
            model_check(&model);
        }
        cr_expect(model.mem.refused, "%s", settings[i].name);
        model_compare(&model);
        model_deinit(&model);
    }
}

/* ---- single facts -----------------------------------------------------------------------------*/

static struct mem_account account;
static struct store_hold hold;

static struct store *small_store(void) {
    mem_account_init(&account, mem_system(), 0);
    struct store *store = store_create(&(struct store_options){
        .mem = &account.allocator, .secret = {1, 2}, .shards = 4, .key_bytes_max = 100});
    cr_assert(store);
    return store;
}

static enum brine_status put(struct store *store, const char *name, struct bytes value,
                             int64_t expire_at_ms) {
    struct store_key key = store_key(store, 0, bytes_of_cstr(name));
    struct store_new_value new = {.bytes = value, .expire_at_ms = expire_at_ms};
    store_lock(store, &hold, &key);
    enum brine_status status = store_put(store, &key, &new, 1000);
    store_unlock(store, &hold);
    return status;
}

Test(store, a_key_is_valid_through_its_last_millisecond) {
    struct store *store = small_store();
    struct store_key key = store_key(store, 0, BYTES("k"));
    struct store_value value;
    cr_assert_eq(put(store, "k", BYTES("v"), 5000), BRINE_OK);
    store_lock(store, &hold, &key);
    cr_expect(store_find(store, &key, 5000, &value));
    cr_expect_eq(value.expire_at_ms, 5000);
    cr_expect(!store_find(store, &key, 5001, &value));
    cr_expect_eq(store_counts(store).expired_total, 1);
    cr_expect_eq(store_counts(store).keys, 0);
    store_unlock(store, &hold);
    store_destroy(store);
}

Test(store, a_key_longer_than_the_limit_is_refused_and_its_blob_dropped) {
    struct store *store = small_store();
    uint8_t name[101] = {0};
    size_t used = store_used_bytes(store);
    for (size_t len = 100; len <= 101; len++) {
        struct store_key key = store_key(store, 0, bytes_view(name, len));
        struct blob *blob = blob_create(store_allocator(store), 20000);
        store_lock(store, &hold, &key);
        enum brine_status status =
            store_put(store, &key, &(struct store_new_value){.blob = blob}, 1000);
        cr_expect_eq(status, len == 100 ? BRINE_OK : BRINE_TOO_BIG);
        store_remove(store, &key, 1000);
        store_unlock(store, &hold);
        cr_expect_eq(store_used_bytes(store), used);
    }
    store_destroy(store);
    cr_expect_eq(mem_account_used(&account), 0);
}

Test(store, a_pinned_value_outlives_its_key_and_its_store) {
    static uint8_t large[64 * 1024];
    memset(large, 'x', sizeof large);
    struct store *store = small_store();
    struct store_key key = store_key(store, 0, BYTES("k"));
    struct store_value value;
    cr_assert_eq(put(store, "k", bytes_view(large, sizeof large), 0), BRINE_OK);
    store_lock(store, &hold, &key);
    cr_assert(store_find(store, &key, 1000, &value) && value.blob);
    struct blob *pinned = blob_ref(value.blob);
    store_unlock(store, &hold);
    cr_assert_eq(put(store, "k", BYTES("small"), 0), BRINE_OK);
    store_lock(store, &hold, &key);
    cr_expect(store_find(store, &key, 1000, &value) && !value.blob);
    cr_expect(bytes_equal(value.bytes, BYTES("small")));
    cr_expect(store_remove(store, &key, 1000));
    store_unlock(store, &hold);
    cr_expect(bytes_equal(blob_view(pinned), bytes_view(large, sizeof large)));
    blob_unref(pinned);
    store_destroy(store);
    cr_expect_eq(mem_account_used(&account), 0);
}

Test(store, a_value_may_be_set_from_a_part_of_itself) {
    static const struct {
        size_t len, from, part;
        int64_t old_at_ms, new_at_ms;
    } rows[] = {
        {100, 0, 100, 0, 9000},  {100, 1, 99, 0, 9000},      {100, 0, 100, 9000, 0},
        {100, 3, 90, 9000, 0},   {100, 50, 50, 0, 0},        {20000, 5, 100, 0, 0},
        {20000, 0, 20000, 0, 0}, {20000, 1, 19999, 0, 9000}, {17, 1, 16, 0, 9000},
        {17, 16, 1, 9000, 9000},
    };
    static uint8_t text[20000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store *store = small_store();
        struct store_key key = store_key(store, 0, BYTES("key"));
        struct store_value value;
        cr_assert_eq(put(store, "key", bytes_view(text, rows[i].len), rows[i].old_at_ms), BRINE_OK);
        store_lock(store, &hold, &key);
        cr_assert(store_find(store, &key, 1000, &value));
        struct store_new_value new = {.bytes = bytes_slice(value.bytes, rows[i].from, rows[i].part),
                                      .expire_at_ms = rows[i].new_at_ms};
        cr_assert_eq(store_put(store, &key, &new, 1000), BRINE_OK);
        cr_assert(store_find(store, &key, 1000, &value));
        cr_expect(bytes_equal(value.bytes, bytes_view(text + rows[i].from, rows[i].part)),
                  "row %zu", i);
        cr_expect_eq(value.expire_at_ms, rows[i].new_at_ms);
        store_unlock(store, &hold);
        cr_expect(!store_check(store, &hold).broken);
        store_destroy(store);
    }
}

Test(store, an_empty_store_takes_what_it_took_at_first) {
    struct store *store = small_store();
    size_t used = store_used_bytes(store);
    cr_expect_eq(used, mem_account_used(&account));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20000; i++) {
            char name[16];
            snprintf(name, sizeof name, "key%d", i);
            cr_assert_eq(put(store, name, BYTES("a value of some length"), i % 2 ? 0 : 5000),
                         BRINE_OK);
        }
        cr_assert(!store_check(store, &hold).broken);
        for (int i = 0; i < 20000; i++) {
            char name[16];
            snprintf(name, sizeof name, "key%d", i);
            struct store_key key = store_key(store, 0, bytes_of_cstr(name));
            store_lock(store, &hold, &key);
            cr_assert(store_remove(store, &key, 1000));
            store_unlock(store, &hold);
        }
        cr_expect_eq(store_used_bytes(store), used);
    }
    store_destroy(store);
}

Test(store, locks_nest_within_what_is_held) {
    struct store *store = small_store();
    struct store_key keys[8];
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++) keys[i] = store_key(store, 0, bytes_of_cstr(names[i]));
    store_lock_keys(store, &hold, keys, 8);
    for (size_t i = 0; i < 8; i++) {
        cr_expect(store_hold_covers(store, &hold, &keys[i]));
        cr_expect_eq(put(store, names[i], BYTES("v"), 0), BRINE_OK);
    }
    store_lock_keys(store, &hold, keys, 3);
    store_unlock(store, &hold);
    cr_expect(store_hold_covers(store, &hold, &keys[7]));
    store_unlock(store, &hold);
    cr_expect(!store_hold_covers(store, &hold, &keys[0]));
    store_lock_all(store, &hold);
    cr_expect_eq(put(store, "a", BYTES("w"), 0), BRINE_OK);
    store_unlock(store, &hold);
    store_lock_keys(store, &hold, keys, 0);
    cr_expect(!store_hold_covers(store, &hold, &keys[0]));
    store_unlock(store, &hold);
    store_destroy(store);
}

Test(store, a_million_keys_grow_and_are_all_found) {
    mem_account_init(&account, mem_system(), 0);
    struct store *store =
        store_create(&(struct store_options){.mem = &account.allocator, .secret = {3, 4}});
    cr_assert(store);
    enum { KEYS = 1000 * 1000 };
    for (uint32_t i = 0; i < KEYS; i++) {
        struct store_key key = store_key(store, 0, bytes_view(&i, sizeof i));
        struct store_new_value new = {.bytes = bytes_view(&i, sizeof i)};
        store_lock(store, &hold, &key);
        cr_assert_eq(store_put(store, &key, &new, 1000), BRINE_OK);
        store_unlock(store, &hold);
    }
    cr_expect_eq(store_counts_db(store, 0).keys, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct store_key key = store_key(store, 0, bytes_view(&i, sizeof i));
        struct store_value value;
        store_lock(store, &hold, &key);
        cr_assert(store_find(store, &key, 1000, &value) &&
                  bytes_equal(value.bytes, bytes_view(&i, sizeof i)));
        store_unlock(store, &hold);
    }
    struct store_check check = store_check(store, &hold);
    cr_expect(!check.broken, "%s", check.broken);
    cr_expect(check.index_bytes < 12u * KEYS, "%zu", check.index_bytes);
    store_destroy(store);
    cr_expect_eq(mem_account_used(&account), 0);
}
