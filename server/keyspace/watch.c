/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/watch.h"

#include "base/assert.h"

void watch_table_init(struct watch_table *table) {
    *table = (struct watch_table){0};
    for (size_t i = 0; i < WATCH_STRIPES; i++) {
        int code = pthread_mutex_init(&table->stripes[i].lock, NULL);
        BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    }
}

void watch_table_deinit(struct watch_table *table) {
    BRINE_ASSERT(atomic_load(&table->count) == 0, "nobody watches when the server ends");
    for (size_t i = 0; i < WATCH_STRIPES; i++) pthread_mutex_destroy(&table->stripes[i].lock);
}

/* The hash's upper bits choose the shard: the lower ones are as good for all keys of one. */
static struct watch_stripe *stripe_of(struct watch_table *table, uint64_t hash) {
    return &table->stripes[hash % WATCH_STRIPES];
}
static struct watch **bucket_of(struct watch_stripe *stripe, uint64_t hash) {
    return &stripe->buckets[hash / WATCH_STRIPES % WATCH_BUCKETS];
}

void watch_add(struct watch_table *table, struct watch *watch) {
    struct watch_stripe *stripe = stripe_of(table, watch->key.hash);
    struct watch **bucket = bucket_of(stripe, watch->key.hash);
    pthread_mutex_lock(&stripe->lock);
    watch->next = *bucket;
    watch->at = bucket;
    if (watch->next) watch->next->at = &watch->next;
    *bucket = watch;
    pthread_mutex_unlock(&stripe->lock);
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
}

void watch_remove(struct watch_table *table, struct watch *watch) {
    struct watch_stripe *stripe = stripe_of(table, watch->key.hash);
    pthread_mutex_lock(&stripe->lock);
    *watch->at = watch->next;
    if (watch->next) watch->next->at = watch->at;
    pthread_mutex_unlock(&stripe->lock);
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

static bool is_watch_of(const struct watch *watch, const struct store_key *key) {
    return watch->key.hash == key->hash && watch->key.db == key->db &&
           bytes_equal(watch->key.name, key->name);
}

bool watch_has(struct watch_table *table, const struct store_key *key,
               const struct watcher *watcher) {
    struct watch_stripe *stripe = stripe_of(table, key->hash);
    pthread_mutex_lock(&stripe->lock);
    struct watch *watch = *bucket_of(stripe, key->hash);
    while (watch && (watch->watcher != watcher || !is_watch_of(watch, key))) watch = watch->next;
    pthread_mutex_unlock(&stripe->lock);
    return watch != NULL;
}

static void touch(struct watch *watch) {
    atomic_store_explicit(&watch->watcher->touched, true, memory_order_release);
}

void watch_touch_all(struct watch_table *table, const struct store_key *key) {
    struct watch_stripe *stripe = stripe_of(table, key->hash);
    pthread_mutex_lock(&stripe->lock);
    for (struct watch *watch = *bucket_of(stripe, key->hash); watch; watch = watch->next)
        if (is_watch_of(watch, key)) touch(watch);
    pthread_mutex_unlock(&stripe->lock);
}

void watch_touch_if(struct watch_table *table, watch_changes_fn *changes, void *context) {
    if (atomic_load_explicit(&table->count, memory_order_relaxed) == 0) return;
    for (size_t i = 0; i < WATCH_STRIPES; i++) {
        struct watch_stripe *stripe = &table->stripes[i];
        pthread_mutex_lock(&stripe->lock);
        for (size_t j = 0; j < WATCH_BUCKETS; j++)
            for (struct watch *watch = stripe->buckets[j]; watch; watch = watch->next)
                if (changes(context, watch)) touch(watch);
        pthread_mutex_unlock(&stripe->lock);
    }
}
