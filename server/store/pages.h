/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Where the chunks of heaps come from (heap.h).  Private to store/.  In a store of some size they
 * are cut from huge pages, because an entry that is met at random costs a walk through the page
 * tables beside the look at its bytes: with pages of 4 KB that was a fifth of the processor time
 * of a pipelined SET.
 *
 * Words.  A *page* is one huge page (huge.h), cut into *units* of 1 KB; a *run* is units next to
 * each other.  What is asked for while the store is small, and what is too short or too long, comes
 * from `small`.
 * With `ahead` set after init, pages of a larger store are made ready by a thread (ahead.h): one is
 * asked for when half of the newest is left, and, as what is not taken goes back, with a quarter
 * and so on. Memory.  used_bytes is what was handed out of pages; what of them is not handed out is
 * at most one page and PAGES_KEPT_SHARE of that, for beyond it what is given back goes to the
 * system at once, in pages of 4 KB. Thread: any; a lock of its own, taken under shards' locks and
 * taking none.  Cost: one in some hundred inserts comes here. */
#ifndef BRINE_STORE_PAGES_H
#define BRINE_STORE_PAGES_H

#include "base/bytes.h"
#include "base/mem.h"
#include "store/lock.h"

enum {
    PAGES_UNIT_BYTES = 1024,
    PAGES_BLOCK_BYTES_MIN = 4 * 1024,
    PAGES_BLOCK_BYTES_MAX = 256 * 1024,
    PAGES_KEPT_SHARE = 32,
    PAGES_AHEAD_FROM = 4, /* times from_bytes */
};

struct ahead;
struct page;

struct pages {
    struct allocator allocator; /* hand out &pages.allocator */
    struct mem_account *small;
    struct allocator *huge; /* NULL: all comes from small */
    size_t from_bytes;      /* of the store, before pages are used */
    struct lock lock;
    struct page **rows;      /* sorted by address */
    size_t count, cap, next; /* next: where the search begins */
    size_t broken;           /* pages of which parts went back */
    struct ahead *ahead;     /* NULL: nobody makes pages ready */
    struct page *newest;     /* the last one that was added, while it is there */
    size_t ask_units;        /* with so many left in it, another is asked for */
    _Atomic size_t used_bytes;
};

void pages_init(struct pages *pages, struct mem_account *small, struct allocator *huge,
                size_t from_bytes);
/* All blocks have been given back. */
void pages_deinit(struct pages *pages);

static inline size_t pages_used(const struct pages *pages) {
    return atomic_load_explicit(&pages->used_bytes, memory_order_relaxed);
}

/* What it takes of small for itself. */
size_t pages_own_bytes(const struct pages *pages);

/* Walks everything; NULL when all invariants hold, else which one does not. */
const char *pages_check(struct pages *pages);

#endif
