/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A naive map beside a store: the same random steps are done to both, and they must agree.  Keys
 * are numbers below MODEL_KEYS, values are drawn from a seed, so that the map need not keep bytes.
 */
#ifndef BRINE_TEST_STORE_MODEL_H
#define BRINE_TEST_STORE_MODEL_H

#include "base/random.h"
#include "store/check.h"
#include "store/store_write.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MODEL_KEYS = 3000, MODEL_DBS = 3, MODEL_NAME_BYTES = 40, MODEL_VALUE_BYTES = 40 * 1024 };
enum { MODEL_LABELS = 200 };

struct model_key {
    bool present;
    uint16_t label;
    uint32_t len, seed;
    int64_t expire_at_ms;
};

struct model {
    struct failing_allocator mem;
    struct store *store;
    struct store_hold hold;
    struct random random;
    int64_t now_ms;
    size_t value_bytes_max;
    uint64_t hook_calls;
    bool unreclaimed; /* blobs of flushed keys may still be there */
    enum store_notes notes;
    struct model_key keys[MODEL_DBS][MODEL_KEYS];
    uint8_t value[MODEL_VALUE_BYTES];
};

static inline struct bytes model_name(uint32_t number, uint8_t name[static MODEL_NAME_BYTES]) {
    /* Lengths from 0 up, and a NUL in the middle. */
    if (number == 0) return bytes_view(NULL, 0);
    int len = snprintf((char *)name, MODEL_NAME_BYTES, "k%c%u:%.*s", 0, number, (int)(number % 23),
                       "abcdefghijklmnopqrstuvwxyz");
    return bytes_view(name, (size_t)len);
}

static inline struct bytes model_value(struct model *m, uint32_t len, uint32_t seed) {
    for (uint32_t i = 0; i < len; i++) m->value[i] = (uint8_t)(seed >> (i % 4 * 8) ^ i * 7);
    return bytes_view(m->value, len);
}

static inline bool model_live(const struct model *m, const struct model_key *key) {
    return key->present && (key->expire_at_ms == STORE_NO_EXPIRY || m->now_ms <= key->expire_at_ms);
}

static inline void model_count_removed(void *ctx, uint32_t db, struct bytes name,
                                       enum store_removal reason) {
    struct model *m = ctx;
    cr_assert(db < MODEL_DBS && name.len < MODEL_NAME_BYTES && reason == STORE_REMOVED_EXPIRED);
    m->hook_calls++;
}

/* False when the store could not be created. */
static inline bool model_init(struct model *m, struct store_options options, uint64_t seed,
                              size_t fail_at) {
    memset(m, 0, sizeof *m);
    failing_init(&m->mem, fail_at);
    random_init(&m->random, seed);
    m->now_ms = 1700000000000;
    m->value_bytes_max = 400;
    options.mem = &m->mem.allocator;
    options.secret = (struct hash_secret){seed, ~seed};
    options.databases = MODEL_DBS;
    m->notes = options.notes;
    options.on_removed = model_count_removed;
    options.on_removed_ctx = m;
    m->store = store_create(&options);
    return m->store != NULL;
}

static inline void model_deinit(struct model *m) {
    store_destroy(m->store);
    cr_assert_eq(m->mem.taken_bytes, 0);
}

static inline int64_t model_pick_expiry(struct model *m) {
    static const int64_t spans_ms[] = {
        1, 900, 5000, 100 * 1000, 7 * 3600000, 9 * 3600000, 30LL * 24 * 3600000};
    static const int64_t far_ms[] = {(1LL << 48) - 3, 1LL << 62, INT64_MAX - 4};
    if (random_below(&m->random, 2)) return STORE_NO_EXPIRY;
    /* Around what six bytes hold, and far beyond. */
    if (random_below(&m->random, 5) == 0)
        return far_ms[random_below(&m->random, ARRAY_LEN(far_ms))] +
               (int64_t)random_below(&m->random, 5);
    int64_t span_ms = spans_ms[random_below(&m->random, ARRAY_LEN(spans_ms))];
    return m->now_ms + (int64_t)random_below(&m->random, (uint64_t)span_ms + 1);
}

static inline uint32_t model_pick_len(struct model *m) {
    uint64_t die = random_below(&m->random, 100);
    if (die == 0) return (uint32_t)random_below(&m->random, MODEL_VALUE_BYTES);
    if (die < 5) return (uint32_t)random_below(&m->random, 3000);
    return (uint32_t)random_below(&m->random, m->value_bytes_max);
}

/* Mostly few, sometimes one that makes the counts grow. */
static inline uint16_t model_pick_label(struct model *m) {
    return (uint16_t)random_below(&m->random, random_below(&m->random, 50) ? 5 : MODEL_LABELS);
}

static inline uint16_t model_writer(uint32_t seed) {
    return (uint16_t)(seed >> 3);
}

static inline void model_put(struct model *m, const struct store_key *key,
                             struct model_key *known) {
    struct model_key next = {.present = true,
                             .len = model_pick_len(m),
                             .seed = (uint32_t)random_u64(&m->random),
                             .label = model_pick_label(m),
                             .expire_at_ms = model_pick_expiry(m)};
    struct store_new_value value = {.type = VALUE_STRING,
                                    .expire_at_ms = next.expire_at_ms,
                                    .label = next.label,
                                    .writer = model_writer(next.seed),
                                    .stored_at_s = ~next.seed};
    struct bytes bytes = model_value(m, next.len, next.seed);
    if (random_below(&m->random, 4) == 0)
        value.blob = blob_create(store_allocator(m->store), bytes.len);
    if (value.blob)
        bytes_copy_to(value.blob->data, bytes);
    else
        value.bytes = bytes;
    enum brine_status status = store_put(m->store, key, &value, m->now_ms);
    cr_assert(status == BRINE_OK || (status == BRINE_NO_MEMORY && m->mem.refused));
    if (status == BRINE_OK) *known = next;
}

static inline void model_find(struct model *m, const struct store_key *key,
                              const struct model_key *known) {
    struct store_value value;
    bool found = store_find(m->store, key, m->now_ms, &value);
    cr_assert_eq(found, model_live(m, known));
    if (!found) return;
    cr_assert_eq(value.expire_at_ms, known->expire_at_ms);
    cr_assert_eq(value.type, VALUE_STRING);
    cr_assert_eq(value.label, m->notes == STORE_NOTES_NONE ? 0 : known->label);
    cr_assert_eq(value.writer, m->notes == STORE_NOTES_FULL ? model_writer(known->seed) : 0);
    cr_assert_eq(value.stored_at_s, m->notes == STORE_NOTES_FULL ? ~known->seed : 0);
    cr_assert(bytes_equal(value.bytes, model_value(m, known->len, known->seed)));
}

static inline void model_set_expiry(struct model *m, const struct store_key *key,
                                    struct model_key *known) {
    int64_t at_ms = model_pick_expiry(m);
    enum brine_status status = store_set_expiry(m->store, key, at_ms, m->now_ms);
    if (status == BRINE_NO_MEMORY) {
        cr_assert(m->mem.refused);
        return;
    }
    cr_assert_eq(status, model_live(m, known) ? BRINE_OK : BRINE_NOT_FOUND);
    if (status == BRINE_OK) known->expire_at_ms = at_ms;
}

static inline void model_set_label(struct model *m, const struct store_key *key,
                                   struct model_key *known) {
    uint16_t label = model_pick_label(m);
    enum brine_status status = store_set_label(m->store, key, label, m->now_ms);
    if (status == BRINE_NO_MEMORY) {
        cr_assert(m->mem.refused);
        return;
    }
    cr_assert_eq(status, model_live(m, known) ? BRINE_OK : BRINE_NOT_FOUND);
    if (status == BRINE_OK) known->label = label;
}

/* One step on one key; removals are as likely as `removals` in 100. */
static inline void model_step(struct model *m, uint32_t keys, uint64_t removals) {
    uint32_t db = (uint32_t)random_below(&m->random, MODEL_DBS);
    uint32_t number = (uint32_t)random_below(&m->random, keys);
    uint8_t name[MODEL_NAME_BYTES];
    struct store_key key = store_key(m->store, db, model_name(number, name));
    struct model_key *known = &m->keys[db][number];
    uint64_t die = random_below(&m->random, 100);
    store_prefetch_bucket(m->store, &m->hold, &key);
    store_prefetch_entry(m->store, &m->hold, &key, 300);
    store_lock(m->store, &m->hold, &key);
    if (die < removals) {
        cr_assert_eq(store_remove(m->store, &key, m->now_ms), model_live(m, known));
        known->present = false;
    } else if (die < removals + (100 - removals) / 5) {
        model_set_expiry(m, &key, known);
    } else if (die < removals + (100 - removals) / 4) {
        model_set_label(m, &key, known);
    } else if (die < removals + (100 - removals) / 2) {
        model_find(m, &key, known);
    } else {
        model_put(m, &key, known);
    }
    store_unlock(m->store, &m->hold);
}

static inline void model_flush(struct model *m, uint32_t db) {
    if (db == MODEL_DBS)
        store_flush_all(m->store, &m->hold);
    else
        store_flush_db(m->store, &m->hold, db);
    m->unreclaimed = true;
    for (uint32_t i = 0; i < MODEL_DBS; i++)
        if (i == db || db == MODEL_DBS) memset(m->keys[i], 0, sizeof m->keys[i]);
}

typedef bool model_upkeep_fn(struct model *m, size_t shard);

static inline bool model_sweep(struct model *m, size_t shard) {
    return store_sweep(m->store, &m->hold, shard, m->now_ms, 1 + random_below(&m->random, 100));
}
static inline bool model_reclaim(struct model *m, size_t shard) {
    return store_reclaim(m->store, &m->hold, shard, 1 + random_below(&m->random, 100));
}
static inline bool model_compact(struct model *m, size_t shard) {
    return store_compact(m->store, &m->hold, shard, 1 + random_below(&m->random, 100));
}

/* Does one kind of upkeep on every shard until nothing is left to do. */
static inline void model_upkeep(struct model *m, model_upkeep_fn *upkeep) {
    for (size_t shard = 0; shard < store_shards(m->store); shard++)
        for (size_t tries = 0; upkeep(m, shard); tries++)
            cr_assert(tries < 100 * 1000, "upkeep comes to an end");
}

static inline void model_check(struct model *m) {
    struct store_check check = store_check(m->store, &m->hold);
    cr_assert(!check.broken, "%s", check.broken);
    size_t bytes = check.structure_bytes + check.blob_bytes;
    cr_assert(m->unreclaimed ? bytes <= store_used_bytes(m->store)
                             : bytes == store_used_bytes(m->store));
    cr_assert_eq(m->mem.taken_bytes, store_used_bytes(m->store) - store_paged_bytes(m->store));
}

/* Finds every key. */
static inline void model_compare(struct model *m) {
    for (uint32_t db = 0; db < MODEL_DBS; db++) {
        for (uint32_t number = 0; number < MODEL_KEYS; number++) {
            uint8_t name[MODEL_NAME_BYTES];
            struct store_key key = store_key(m->store, db, model_name(number, name));
            store_lock(m->store, &m->hold, &key);
            model_find(m, &key, &m->keys[db][number]);
            store_unlock(m->store, &m->hold);
        }
    }
}

/* After a sweep: what is counted is what lives, and what ended within this very second. */
static inline void model_compare_counts(struct model *m) {
    for (uint32_t db = 0; db < MODEL_DBS; db++) {
        struct store_counts counts = store_counts_db(m->store, db);
        uint64_t live = 0, ending = 0;
        for (uint32_t number = 0; number < MODEL_KEYS; number++) {
            const struct model_key *key = &m->keys[db][number];
            if (model_live(m, key))
                live++;
            else if (key->present && (key->expire_at_ms + 999) / 1000 > m->now_ms / 1000)
                ending++;
        }
        cr_assert(counts.keys >= live && counts.keys <= live + ending, "db %u: %zu keys, live %zu",
                  db, (size_t)counts.keys, (size_t)live);
    }
}

/* After a sweep: each label is counted as often as it is there, but for what ends this second. */
static inline void model_compare_labels(struct model *m) {
    struct store_label_count counts[MODEL_LABELS] = {{0}}, live[MODEL_LABELS] = {{0}};
    uint64_t ending = 0, beyond = 0;
    if (m->notes == STORE_NOTES_NONE) return;
    for (size_t shard = 0; shard < store_shards(m->store); shard++)
        store_count_labels(m->store, &m->hold, shard, counts, MODEL_LABELS);
    for (uint32_t db = 0; db < MODEL_DBS; db++) {
        for (uint32_t number = 0; number < MODEL_KEYS; number++) {
            const struct model_key *key = &m->keys[db][number];
            if (model_live(m, key)) {
                live[key->label].entries++;
                live[key->label].bytes += key->len;
            } else if (key->present && (key->expire_at_ms + 999) / 1000 > m->now_ms / 1000) {
                ending++;
            }
        }
    }
    for (size_t label = 0; label < MODEL_LABELS; label++) {
        cr_assert(counts[label].entries >= live[label].entries, "label %zu", label);
        beyond += counts[label].entries - live[label].entries;
        cr_assert(counts[label].entries > live[label].entries ||
                      counts[label].bytes == live[label].bytes,
                  "label %zu", label);
    }
    cr_assert(beyond <= ending, "%zu counted that are not there", (size_t)beyond);
}

#endif
