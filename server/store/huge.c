/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/huge.h"

#include <sys/mman.h>

/* Twice as much is asked for, and what lies around the last aligned part of it is given back at
 * once: the last, because the kernel goes on below, so that one page lies beside the other and all
 * are one mapping. */
static void *page_map(void) {
    uint8_t *block = mmap(NULL, (size_t)2 * HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) return NULL;
    size_t after = (uintptr_t)block % HUGE_PAGE_BYTES, before = HUGE_PAGE_BYTES - after;
    uint8_t *page = block + before;
    (void)munmap(block, before);
    if (after) (void)munmap(page + HUGE_PAGE_BYTES, after);
    (void)madvise(page, HUGE_PAGE_BYTES, MADV_HUGEPAGE); /* a wish */
    return page;
}

static void *page_resize(struct allocator *self UNUSED, void *old, size_t old_bytes UNUSED,
                         size_t new_bytes) {
    if (new_bytes == 0) {
        (void)munmap(old, HUGE_PAGE_BYTES);
        return NULL;
    }
    return old || new_bytes != HUGE_PAGE_BYTES ? NULL : page_map();
}

struct allocator *huge_pages(void) {
    /* It holds no state, so one for the whole process is no shared mutable data. */
    static struct allocator pages = {.resize = page_resize};
    return &pages;
}

/* A byte in each small page, for it may be made of those.  Not by MADV_POPULATE_WRITE, which holds
 * the process's map for as long as it takes, where a touch holds this mapping's alone (Linux 6.4).
 */
void huge_touch(uint8_t *page) {
    for (size_t at = 0; at < HUGE_PAGE_BYTES; at += SMALL_PAGE_BYTES)
        ((volatile uint8_t *)page)[at] = 0;
}

void huge_wish(uint8_t *page, bool whole) {
    (void)madvise(page, HUGE_PAGE_BYTES, whole ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void huge_forget(uint8_t *from, uint8_t *to) {
    if (to > from) (void)madvise(from, (size_t)(to - from), MADV_DONTNEED);
}
