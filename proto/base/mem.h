/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Where memory comes from.  Nothing in brine calls malloc: who allocates is handed a
 * `struct allocator`, so that memory is accounted exactly, bounded, and can be made to fail in a
 * test.  Releases say the size, so that an account needs no look-up.
 *
 *     struct mem_account account;
 *     mem_account_init(&account, mem_system(), 0);
 *     void *p = mem_alloc(&account.allocator, 100);   // mem_account_used(&account) == 100
 *
 * Out of memory is an answer: mem_alloc returns NULL and the caller says BRINE_NO_MEMORY.
 * An allocator may be used by any thread unless its own header says otherwise. */
#ifndef BRINE_MEM_H
#define BRINE_MEM_H

#include "base/base.h"

#ifdef __cplusplus /* brine.h has included <atomic>, which no extern "C" may surround */
typedef std::atomic<size_t> mem_counter;
#else
#include <stdatomic.h>
typedef _Atomic size_t mem_counter;
#endif

struct allocator {
    /* resize with old_bytes 0 and old NULL allocates; with new_bytes 0 it frees and returns NULL.
     * NULL for new_bytes > 0 means refused: old is still valid.  Blocks are 16-byte aligned. */
    void *(*resize)(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes);
};

/* The C library's (or jemalloc's) heap, without an account. */
struct allocator *mem_system(void);

static inline void *mem_alloc(struct allocator *mem, size_t bytes) {
    return mem->resize(mem, NULL, 0, bytes);
}
void *mem_alloc_zeroed(struct allocator *mem, size_t bytes);
/* memset by the C library: where the size is known, gcc puts in "rep stos", which takes 15 ns to
 * start.  For what is cleared in each call of something that takes 100 ns. */
void mem_clear(void *block, size_t bytes);
static inline void mem_free(struct allocator *mem, void *block, size_t bytes) {
    if (block) (void)mem->resize(mem, block, bytes, 0);
}
static inline void *mem_resize(struct allocator *mem, void *old, size_t old_bytes,
                               size_t new_bytes) {
    return mem->resize(mem, old, old_bytes, new_bytes);
}

/* Counts what passes through it and refuses beyond a limit.
 * Invariant: used is the sum of the sizes of all live blocks taken through this account. */
struct mem_account {
    struct allocator allocator; /* hand out &account.allocator */
    struct allocator *parent;
    mem_counter limit_bytes; /* 0: no limit */
    mem_counter used_bytes;
    mem_counter peak_bytes;
};

void mem_account_init(struct mem_account *account, struct allocator *parent, size_t limit_bytes);
size_t mem_account_used(const struct mem_account *account);
size_t mem_account_peak(const struct mem_account *account);
/* A live block that was taken through `from` counts in `to` from now on, and is to be freed through
 * it.  False, and nothing changed: they are not accounts over the same parent, or it is more than
 * `to` may have. */
bool mem_hand_over(struct allocator *from, struct allocator *to, size_t bytes);

#endif
