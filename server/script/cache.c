/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "script/cache.h"

#include "base/assert.h"

void script_cache_init(struct script_cache *cache) {
    cache->count = cache->next = 0;
    int code = pthread_mutex_init(&cache->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void script_cache_deinit(struct script_cache *cache) {
    pthread_mutex_destroy(&cache->lock);
}

/* Under the lock; NULL: it is not there. */
static const struct script_entry *find(const struct script_cache *cache,
                                       const struct script_digest *digest) {
    for (size_t i = 0; i < cache->count; i++)
        if (script_digest_equal(&cache->entries[i].digest, digest)) return &cache->entries[i];
    return NULL;
}

void script_cache_put(struct script_cache *cache, const struct script_entry *entry) {
    pthread_mutex_lock(&cache->lock);
    if (!find(cache, &entry->digest)) {
        cache->entries[cache->next] = *entry;
        cache->next = (cache->next + 1) % SCRIPTS_LOADED_MAX;
        cache->count = MIN(cache->count + 1, (size_t)SCRIPTS_LOADED_MAX);
    }
    pthread_mutex_unlock(&cache->lock);
}

bool script_cache_find(struct script_cache *cache, const struct script_digest *digest,
                       struct script_entry *entry) {
    pthread_mutex_lock(&cache->lock);
    const struct script_entry *found = find(cache, digest);
    if (found && entry) *entry = *found;
    pthread_mutex_unlock(&cache->lock);
    return found != NULL;
}

void script_cache_flush(struct script_cache *cache) {
    pthread_mutex_lock(&cache->lock);
    cache->count = cache->next = 0;
    pthread_mutex_unlock(&cache->lock);
}

size_t script_cache_count(struct script_cache *cache) {
    pthread_mutex_lock(&cache->lock);
    size_t count = cache->count;
    pthread_mutex_unlock(&cache->lock);
    return count;
}
