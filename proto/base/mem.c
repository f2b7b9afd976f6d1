/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* This file and its like in tests are the only callers of malloc, realloc and free. */

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *system_resize(struct allocator *self UNUSED, void *old, size_t old_bytes UNUSED,
                           size_t new_bytes) {
    if (new_bytes == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_bytes);
}

struct allocator *mem_system(void) {
    /* It holds no state, so one for the whole process is no shared mutable data. */
    static struct allocator system = {.resize = system_resize};
    return &system;
}

void mem_clear(void *block, size_t bytes) {
    memset(block, 0, bytes);
}

void *mem_alloc_zeroed(struct allocator *mem, size_t bytes) {
    void *block = mem_alloc(mem, bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

static void raise_peak(struct mem_account *account, size_t used) {
    size_t peak = atomic_load_explicit(&account->peak_bytes, memory_order_relaxed);
    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&account->peak_bytes, &peak, used,
                                                  memory_order_relaxed, memory_order_relaxed)) {}
}

/* The account is charged before the parent is asked, and paid back when it refuses: two threads
 * can then never pass the limit together. */
static void *account_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct mem_account *account = CONTAINER_OF(self, struct mem_account, allocator);
    if (new_bytes <= old_bytes) {
        void *block = account->parent->resize(account->parent, old, old_bytes, new_bytes);
        if (new_bytes > 0 && !block) return NULL;
        atomic_fetch_sub_explicit(&account->used_bytes, old_bytes - new_bytes,
                                  memory_order_relaxed);
        return block;
    }
    size_t grown = new_bytes - old_bytes;
    size_t used =
        atomic_fetch_add_explicit(&account->used_bytes, grown, memory_order_relaxed) + grown;
    size_t limit = atomic_load_explicit(&account->limit_bytes, memory_order_relaxed);
    void *block = limit && used > limit
                      ? NULL
                      : account->parent->resize(account->parent, old, old_bytes, new_bytes);
    if (!block) {
        atomic_fetch_sub_explicit(&account->used_bytes, grown, memory_order_relaxed);
        return NULL;
    }
    raise_peak(account, used);
    return block;
}

void mem_account_init(struct mem_account *account, struct allocator *parent, size_t limit_bytes) {
    account->allocator.resize = account_resize;
    account->parent = parent;
    atomic_init(&account->limit_bytes, limit_bytes);
    atomic_init(&account->used_bytes, 0);
    atomic_init(&account->peak_bytes, 0);
}

bool mem_hand_over(struct allocator *from, struct allocator *to, size_t bytes) {
    if (from == to) return true;
    if (from->resize != account_resize || to->resize != account_resize) return false;
    struct mem_account *giver = CONTAINER_OF(from, struct mem_account, allocator);
    struct mem_account *taker = CONTAINER_OF(to, struct mem_account, allocator);
    if (giver->parent != taker->parent) return false;
    size_t used =
        atomic_fetch_add_explicit(&taker->used_bytes, bytes, memory_order_relaxed) + bytes;
    size_t limit = atomic_load_explicit(&taker->limit_bytes, memory_order_relaxed);
    if (limit && used > limit) {
        atomic_fetch_sub_explicit(&taker->used_bytes, bytes, memory_order_relaxed);
        return false;
    }
    raise_peak(taker, used);
    atomic_fetch_sub_explicit(&giver->used_bytes, bytes, memory_order_relaxed);
    return true;
}

size_t mem_account_used(const struct mem_account *account) {
    return atomic_load_explicit(&account->used_bytes, memory_order_relaxed);
}

size_t mem_account_peak(const struct mem_account *account) {
    return atomic_load_explicit(&account->peak_bytes, memory_order_relaxed);
}
