/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "server-store/model.h"
#include "store/cut.h"

static struct model model;
static struct model_key at_cut[MODEL_DBS][MODEL_KEYS];
static uint32_t shown[MODEL_DBS][MODEL_KEYS];
static int64_t cut_at_ms;
static uint64_t shows_left; /* before show says no */

static uint32_t number_of(struct bytes name) {
    if (name.len == 0) return 0;
    uint32_t number = 0;
    for (size_t i = 2; i < name.len && byte_is_digit(name.data[i]); i++)
        number = number * 10 + (uint32_t)(name.data[i] - '0');
    return number;
}

static bool show(void *ctx UNUSED, const struct store_cut_entry *entry) {
    if (shows_left == 0) return false;
    shows_left--;
    uint32_t number = number_of(entry->name);
    cr_assert(entry->db < MODEL_DBS && number < MODEL_KEYS);
    const struct model_key *then = &at_cut[entry->db][number];
    cr_assert(then->present, "db %u key %u was not there at the cut", entry->db, number);
    cr_assert_eq(shown[entry->db][number]++, 0, "db %u key %u is shown once", entry->db, number);
    cr_assert_eq(entry->value->expire_at_ms, then->expire_at_ms);
    /* The model's scratch may hold a value that is on its way into the store. */
    cr_assert_eq(entry->value->bytes.len, then->len);
    for (uint32_t i = 0; i < then->len; i++)
        cr_assert_eq(entry->value->bytes.data[i], (uint8_t)(then->seed >> (i % 4 * 8) ^ i * 7));
    return true;
}

static void begin(struct model *m) {
    struct store_cut_counts counts;
    memcpy(at_cut, m->keys, sizeof at_cut);
    memset(shown, 0, sizeof shown);
    cut_at_ms = m->now_ms;
    shows_left = UINT64_MAX;
    struct store_cut cut = {.show = show, .ctx = m};
    cr_assert(store_cut_begin(m->store, &m->hold, &cut, &counts));
    cr_assert_eq(counts.keys, store_counts(m->store).keys);
    cr_assert_not(store_cut_begin(m->store, &m->hold, &cut, &counts), "one cut at a time");
}

static void swap_dbs(struct model *m, uint32_t a, uint32_t b) {
    static struct model_key other[MODEL_KEYS];
    store_swap_dbs(m->store, &m->hold, a, b);
    memcpy(other, m->keys[a], sizeof other);
    memcpy(m->keys[a], m->keys[b], sizeof other);
    memcpy(m->keys[b], other, sizeof other);
}

/* What writers and upkeep do between two steps. */
static void disturb(struct model *m, size_t steps) {
    uint64_t removals = random_below(&m->random, 2) ? 80 : 15;
    uint32_t keys = random_below(&m->random, 3) ? MODEL_KEYS : 100;
    for (size_t i = 0; i < steps; i++) model_step(m, keys, removals);
    switch (random_below(&m->random, 12)) {
    case 0:
        model_flush(m, (uint32_t)random_below(&m->random, MODEL_DBS + 1));
        break;
    case 1:
        m->now_ms += (int64_t)random_below(&m->random, 20000);
        model_upkeep(m, model_sweep);
        break;
    case 2:
        model_upkeep(m, model_compact);
        break;
    case 3:
        model_upkeep(m, model_reclaim);
        break;
    case 4:
        swap_dbs(m, 0, 1 + (uint32_t)random_below(&m->random, MODEL_DBS - 1));
        break;
    default:
        break;
    }
}

static void walk(struct model *m, size_t steps_between, size_t bytes) {
    begin(m);
    for (size_t shard = 0; shard < store_shards(m->store); shard++) {
        do disturb(m, random_below(&m->random, steps_between + 1));
        while (store_cut_step(m->store, &m->hold, shard, bytes));
    }
    store_cut_end(m->store, &m->hold);
}

static void check_shown(void) {
    for (uint32_t db = 0; db < MODEL_DBS; db++) {
        for (uint32_t number = 0; number < MODEL_KEYS; number++) {
            const struct model_key *then = &at_cut[db][number];
            bool over = then->expire_at_ms != STORE_NO_EXPIRY && cut_at_ms > then->expire_at_ms;
            cr_assert(!then->present || over || shown[db][number] == 1,
                      "db %u key %u was there at the cut", db, number);
        }
    }
}

static const struct {
    const char *name;
    struct store_options options;
} settings[] = {
    {"default", {.shards = 0}},
    {"one shard", {.shards = 1, .notes = STORE_NOTES_FULL}},
    {"tiny segments", {.shards = 2, .segment_pairs = 1}},
    {"hostile",
     {.shards = 1,
      .notes = STORE_NOTES_LABEL,
      .segment_pairs = 2,
      .chunk_bytes_min = 64,
      .chunk_bytes_max = 512,
      .boxed_from_bytes = 48}},
};

Test(cut, shows_each_key_once_as_it_was_while_everything_changes) {
    static const struct {
        size_t steps_between, bytes, warm_up;
    } rows[] = {{0, 1, 3000}, {3, 1, 9000}, {40, 500, 9000}, {400, 20000, 20000}, {5, 4000, 0}};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
            cr_assert(model_init(&model, settings[i].options, 3 + row, SIZE_MAX));
            model.unreclaimed = true;
            for (size_t round = 0; round < 3; round++) {
                for (size_t n = 0; n < rows[row].warm_up; n++) model_step(&model, MODEL_KEYS, 10);
                walk(&model, rows[row].steps_between, rows[row].bytes);
                check_shown();
                model_check(&model);
            }
            model_upkeep(&model, model_reclaim);
            model.unreclaimed = false;
            model_compare(&model);
            model_check(&model);
            model_deinit(&model);
        }
    }
}

Test(cut, that_is_abandoned_at_any_point_leaves_the_next_one_whole) {
    cr_assert(model_init(&model, settings[3].options, 5, SIZE_MAX));
    model.unreclaimed = true;
    for (uint64_t shows = 0; shows < 1500; shows = shows * 2 + 1) {
        for (size_t n = 0; n < 3000; n++) model_step(&model, MODEL_KEYS, 10);
        begin(&model);
        shows_left = shows;
        for (size_t shard = 0; shard < store_shards(model.store); shard++)
            while (store_cut_step(model.store, &model.hold, shard, 300)) disturb(&model, 2);
        store_cut_end(model.store, &model.hold);
        walk(&model, 10, 1000);
        check_shown();
    }
    model_upkeep(&model, model_reclaim);
    model.unreclaimed = false;
    model_check(&model);
    model_deinit(&model);
}

Test(cut, keeps_what_a_flush_takes_away_until_it_was_shown) {
    cr_assert(model_init(&model, settings[0].options, 9, SIZE_MAX));
    for (size_t n = 0; n < 9000; n++) model_step(&model, MODEL_KEYS, 5);
    begin(&model);
    size_t before = store_used_bytes(model.store);
    model_flush(&model, MODEL_DBS);
    cr_assert_eq(store_counts(model.store).keys, 0);
    model_upkeep(&model, model_reclaim);
    cr_expect(store_used_bytes(model.store) > before / 2);
    for (size_t shard = 0; shard < store_shards(model.store); shard++)
        while (store_cut_step(model.store, &model.hold, shard, 1000)) {}
    store_cut_end(model.store, &model.hold);
    check_shown();
    model_upkeep(&model, model_reclaim);
    model.unreclaimed = false;
    model_check(&model);
    cr_expect(store_used_bytes(model.store) < before / 10);
    model_deinit(&model);
}

Test(cut, is_counted_in_changes) {
    cr_assert(model_init(&model, settings[0].options, 2, SIZE_MAX));
    struct store_key key = store_key(model.store, 0, BYTES("k"));
    struct store_new_value value = {.bytes = BYTES("v")};
    store_lock(model.store, &model.hold, &key);
    cr_assert_eq(store_put(model.store, &key, &value, 1), BRINE_OK);
    cr_assert_eq(store_set_expiry(model.store, &key, 5000, 1), BRINE_OK);
    cr_assert_eq(store_set_expiry(model.store, &key, 6000, 1), BRINE_OK);
    cr_assert(store_remove(model.store, &key, 1));
    cr_assert_not(store_remove(model.store, &key, 1));
    store_unlock(model.store, &model.hold);
    cr_expect_eq(store_counts(model.store).changes_total, 4);
    store_flush_all(model.store, &model.hold);
    cr_expect_eq(store_counts(model.store).changes_total, 4);
    model_deinit(&model);
}

static bool keep(void *ctx, const struct store_cut_entry *entry) {
    struct blob **kept = ctx;
    if (entry->value->blob) *kept = blob_ref(entry->value->blob);
    return true;
}

Test(cut, has_a_part_in_what_was_shown_so_it_is_not_edited_where_it_lies) {
    struct store *store =
        store_create(&(struct store_options){.mem = mem_system(), .secret = {3, 4}, .shards = 1});
    struct store_hold hold = {0};
    struct blob *kept = NULL, *blob = blob_create(store_allocator(store), 20000);
    cr_assert(store && blob);
    memset(blob->data, 'a', blob->len);
    struct store_key key = store_key(store, 0, BYTES("k")), other = store_key(store, 0, BYTES("o"));
    store_lock(store, &hold, &key);
    cr_assert_eq(store_put(store, &key, &(struct store_new_value){.blob = blob}, 1000), BRINE_OK);
    cr_assert_eq(store_put(store, &other, &(struct store_new_value){.bytes = BYTES("short")}, 1000),
                 BRINE_OK);
    cr_expect_eq(store_edit(store, &key, 1000), blob->data);
    cr_expect_null(store_edit(store, &other, 1000), "it is inline");
    struct blob *reader = blob_ref(blob);
    cr_expect_null(store_edit(store, &key, 1000), "somebody reads it");
    blob_unref(reader);
    store_unlock(store, &hold);

    struct store_cut_counts counts;
    cr_assert(
        store_cut_begin(store, &hold, &(struct store_cut){.show = keep, .ctx = &kept}, &counts));
    store_lock(store, &hold, &key);
    cr_expect_null(store_edit(store, &key, 1000), "it was shown, and is kept");
    cr_assert_eq(kept, blob);
    blob_unref(kept);
    cr_expect_eq(store_edit(store, &key, 1000), blob->data, "it was shown once, and written");
    store_unlock(store, &hold);
    while (store_cut_step(store, &hold, 0, 1 << 20)) {}
    store_cut_end(store, &hold);
    store_destroy(store);
}
