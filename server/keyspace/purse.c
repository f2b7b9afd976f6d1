/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/purse.h"

enum {
    FEW_SHARE = 64, /* of the limit; of 48 MB the scratch of 12 KB of opcodes, */
    MANY_SHARE = 2,
};

static size_t limit_of(const struct purses *purses) {
    return atomic_load_explicit(purses->limit_bytes, memory_order_relaxed);
}

void purses_init(struct purses *purses, const _Atomic size_t *limit_bytes) {
    *purses = (struct purses){.limit_bytes = limit_bytes};
    pthread_mutex_init(&purses->lock, NULL);
    pthread_cond_init(&purses->free, NULL);
}

void purses_deinit(struct purses *purses) {
    pthread_cond_destroy(&purses->free);
    pthread_mutex_destroy(&purses->lock);
}

size_t purses_used_bytes(const struct purses *purses) {
    return atomic_load_explicit(&purses->used_bytes, memory_order_relaxed);
}

size_t purses_take_peak(struct purses *purses) {
    return atomic_exchange_explicit(&purses->peak_bytes, purses_used_bytes(purses),
                                    memory_order_relaxed);
}

size_t purses_few_bytes(const struct purses *purses) {
    size_t limit = limit_of(purses);
    return limit ? MAX(limit / FEW_SHARE, (size_t)PURSE_FEW_BYTES_MIN) : SIZE_MAX;
}

static void count_in(struct purses *purses, size_t bytes) {
    if (bytes == 0) return;
    size_t used =
        atomic_fetch_add_explicit(&purses->used_bytes, bytes, memory_order_relaxed) + bytes;
    size_t peak = atomic_load_explicit(&purses->peak_bytes, memory_order_relaxed);
    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&purses->peak_bytes, &peak, used,
                                                  memory_order_relaxed, memory_order_relaxed)) {}
}

/* False: somebody else takes many, and the purse is not to wait. */
static bool begin_many(struct purse *purse) {
    struct purses *purses = purse->purses;
    if (purse->takes_many || purse->manner == PURSE_TAKES) return true;
    pthread_mutex_lock(&purses->lock);
    while (purses->taken && purse->manner == PURSE_WAITS)
        pthread_cond_wait(&purses->free, &purses->lock);
    purse->takes_many = !purses->taken;
    purses->taken = true;
    pthread_mutex_unlock(&purses->lock);
    return purse->takes_many;
}

static bool may_grow(struct purse *purse, size_t bytes) {
    size_t few = purses_few_bytes(purse->purses), limit = limit_of(purse->purses);
    if (purse->used_bytes <= few && bytes <= few - purse->used_bytes) return true;
    size_t many = MAX(limit / MANY_SHARE, few);
    if (purse->used_bytes > many || bytes > many - purse->used_bytes) return false;
    return begin_many(purse);
}

static void count_out(struct purses *purses, size_t bytes) {
    atomic_fetch_sub_explicit(&purses->used_bytes, bytes, memory_order_relaxed);
}

/* What grows is there twice while it is copied. */
static void *purse_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct purse *purse = CONTAINER_OF(self, struct purse, allocator);
    struct purses *purses = purse->purses;
    if (new_bytes > old_bytes && !may_grow(purse, new_bytes - old_bytes)) return NULL;
    count_in(purses, new_bytes);
    void *block = purse->parent->resize(purse->parent, old, old_bytes, new_bytes);
    bool refused = new_bytes > 0 && !block;
    count_out(purses, refused ? new_bytes : old_bytes);
    if (refused) return NULL;
    purse->used_bytes += new_bytes;
    purse->used_bytes -= old_bytes;
    return block;
}

void purse_init(struct purse *purse, struct purses *purses, struct allocator *mem) {
    *purse = (struct purse){
        .allocator = {.resize = purse_resize},
        .parent = mem,
        .purses = purses,
    };
}

bool purse_compare(const struct purse *purse) {
    return purse->used_bytes > purses_few_bytes(purse->purses);
}

void purse_let_others(struct purse *purse) {
    struct purses *purses = purse->purses;
    purse->takes_many = false;
    pthread_mutex_lock(&purses->lock);
    purses->taken = false;
    pthread_cond_signal(&purses->free);
    pthread_mutex_unlock(&purses->lock);
}
