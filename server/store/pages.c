/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A bitmap of 2,048 units for each page; a block is the first run that is long enough,
 * of the page that gave the last one and of PAGES_LOOKS more.  Chunks are freed rarely and in no
 * order, so nothing better than first fit was looked for.
 *
 * A page with nothing in use goes back whole.  Else its free small pages go back when more than
 * PAGES_KEPT_SHARE of all is free: the huge page is *broken* then, but the memory is not lost to
 * others.  The kernel is told to leave it broken, until it is all but full: left alone, it fills
 * what was given back with zeros to have its huge page again, and 48 MB of churned entries took
 * 12 MB more, seconds after anybody did anything. */

#include "store/pages.h"

#include "base/assert.h"
#include "store/ahead.h"
#include "store/huge.h"

enum {
    UNITS = HUGE_PAGE_BYTES / PAGES_UNIT_BYTES,
    WORDS = UNITS / 64,
    LOOKS = 32,
    ROWS_FIRST = 16,
    MENDED_SHARE = 32,  /* of a page: no more is free when it may be huge again */
    BROKEN_MAX = 16384, /* each may be a mapping of its own, and a process has 65,530 */
};

struct page {
    uint8_t *base;
    size_t used_units;
    bool broken;
    uint64_t used[WORDS]; /* a bit a unit */
};

static size_t units_of(size_t bytes) {
    return (bytes + PAGES_UNIT_BYTES - 1) / PAGES_UNIT_BYTES;
}

/* ---- runs of bits ------------------------------------------------------------------------------
 */

/* The first unit from `at` on that is in use, or is not; UNITS when there is none. */
static size_t next_unit(const struct page *page, size_t at, bool in_use) {
    for (size_t word = at / 64; word < WORDS; word++) {
        uint64_t bits = in_use ? page->used[word] : ~page->used[word];
        if (word == at / 64) bits &= ~UINT64_C(0) << (at % 64);
        if (bits) return word * 64 + (size_t)__builtin_ctzll(bits);
    }
    return UNITS;
}

/* The first unit before `at` behind which all is free up to it. */
static size_t free_from(const struct page *page, size_t at) {
    while (at > 0 && !(page->used[(at - 1) / 64] >> ((at - 1) % 64) & 1)) at--;
    return at;
}

/* Where a run of so many free units begins; UNITS when there is none. */
static size_t find_run(const struct page *page, size_t units) {
    if (UNITS - page->used_units < units) return UNITS;
    for (size_t at = next_unit(page, 0, false); at < UNITS;) {
        size_t end = next_unit(page, at, true);
        if (end - at >= units) return at;
        at = end < UNITS ? next_unit(page, end, false) : UNITS;
    }
    return UNITS;
}

static void mark(struct page *page, size_t at, size_t units, bool in_use) {
    for (size_t unit = at; unit < at + units; unit++) {
        uint64_t bit = UINT64_C(1) << (unit % 64);
        BRINE_ASSERT(((page->used[unit / 64] & bit) != 0) != in_use, "a unit has one owner");
        page->used[unit / 64] ^= bit;
    }
    page->used_units += in_use ? units : -units;
}

/* ---- rows --------------------------------------------------------------------------------------
 */

/* The first row whose page lies behind `at`. */
static size_t row_behind(const struct pages *pages, const uint8_t *at) {
    size_t low = 0, high = pages->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pages->rows[middle]->base <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Under the lock: the row of the page that holds the block; count: it is of none. */
static size_t find_row(const struct pages *pages, const uint8_t *block) {
    size_t row = row_behind(pages, block);
    bool inside = row > 0 && (size_t)(block - pages->rows[row - 1]->base) < HUGE_PAGE_BYTES;
    return inside ? row - 1 : pages->count;
}

static bool reserve_row(struct pages *pages) {
    if (pages->count < pages->cap) return true;
    size_t cap = pages->cap ? 2 * pages->cap : ROWS_FIRST;
    struct page **rows = mem_resize(&pages->small->allocator, pages->rows,
                                    pages->cap * sizeof *rows, cap * sizeof *rows);
    if (!rows) return false;
    pages->rows = rows;
    pages->cap = cap;
    return true;
}

static size_t stored_bytes(const struct pages *pages) {
    return mem_account_used(pages->small) + pages_used(pages);
}

/* In a small store what is ready would be a good part of all, and at the limit of memory others
 * would give way for it. */
static bool is_made_ahead(const struct pages *pages) {
    return pages->ahead && stored_bytes(pages) / PAGES_AHEAD_FROM >= pages->from_bytes;
}

static struct page *page_add(struct pages *pages) {
    struct allocator *small = &pages->small->allocator;
    if (!reserve_row(pages)) return NULL;
    struct page *page = mem_alloc_zeroed(small, sizeof *page);
    if (!page) return NULL;
    page->base = is_made_ahead(pages) ? ahead_take(pages->ahead) : NULL;
    if (!page->base) page->base = mem_alloc(pages->huge, HUGE_PAGE_BYTES);
    if (!page->base) {
        mem_free(small, page, sizeof *page);
        return NULL;
    }
    size_t row = row_behind(pages, page->base);
    memmove(pages->rows + row + 1, pages->rows + row, (pages->count - row) * sizeof *pages->rows);
    pages->rows[row] = page;
    pages->next = row;
    pages->count++;
    pages->newest = page;
    pages->ask_units = UNITS / 2;
    return page;
}

static void page_remove(struct pages *pages, size_t row) {
    struct page *page = pages->rows[row];
    pages->broken -= page->broken;
    if (pages->newest == page) pages->newest = NULL;
    pages->count--;
    memmove(pages->rows + row, pages->rows + row + 1, (pages->count - row) * sizeof *pages->rows);
    mem_free(pages->huge, page->base, HUGE_PAGE_BYTES);
    mem_free(&pages->small->allocator, page, sizeof *page);
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

static bool is_for_pages(const struct pages *pages, size_t bytes) {
    return pages->huge && bytes >= PAGES_BLOCK_BYTES_MIN && bytes <= PAGES_BLOCK_BYTES_MAX &&
           stored_bytes(pages) >= pages->from_bytes;
}

static void set_broken(struct pages *pages, struct page *page, bool broken) {
    if (LIKELY(page->broken == broken) || (broken && pages->broken == BROKEN_MAX)) return;
    page->broken = broken;
    if (broken)
        pages->broken++;
    else
        pages->broken--;
    huge_wish(page->base, !broken);
}

/* Once at a half, once at a quarter, so that a store that grows slowly has its page in time and one
 * that does not grow has none. */
static void ask_ahead(struct pages *pages, const struct page *page) {
    size_t left = UNITS - page->used_units;
    if (page != pages->newest || left > pages->ask_units || !is_made_ahead(pages)) return;
    while (pages->ask_units >= left && pages->ask_units > 0) pages->ask_units /= 2;
    ahead_ask(pages->ahead);
}

static uint8_t *cut(struct pages *pages, struct page *page, size_t at, size_t bytes) {
    mark(page, at, units_of(bytes), true);
    if (UNITS - page->used_units < UNITS / MENDED_SHARE) set_broken(pages, page, false);
    ask_ahead(pages, page);
    atomic_fetch_add_explicit(&pages->used_bytes, bytes, memory_order_relaxed);
    return page->base + at * PAGES_UNIT_BYTES;
}

/* NULL: no page has it, and none is to be had. */
static uint8_t *block_alloc(struct pages *pages, size_t bytes) {
    size_t units = units_of(bytes), looks = MIN(pages->count, (size_t)LOOKS);
    for (size_t i = 0; i < looks; i++) {
        pages->next = pages->next < pages->count ? pages->next : 0;
        struct page *page = pages->rows[pages->next];
        size_t at = find_run(page, units);
        if (at < UNITS) return cut(pages, page, at, bytes);
        pages->next++;
    }
    struct page *page = page_add(pages);
    return page ? cut(pages, page, 0, bytes) : NULL;
}

/* What is free around this run makes whole small pages with it: those that were not whole before go
 * back. */
static void forget_run(struct pages *pages, struct page *page, size_t at, size_t units) {
    enum { SMALL_UNITS = SMALL_PAGE_BYTES / PAGES_UNIT_BYTES };
    size_t from = round_up(free_from(page, at), SMALL_UNITS);
    size_t to = next_unit(page, at + units - 1, true) / SMALL_UNITS * SMALL_UNITS;
    from = MAX(from, at / SMALL_UNITS * SMALL_UNITS);
    to = MIN(to, round_up(at + units, SMALL_UNITS));
    if (to <= from) return;
    set_broken(pages, page, true);
    huge_forget(page->base + from * PAGES_UNIT_BYTES, page->base + to * PAGES_UNIT_BYTES);
}

static void block_free(struct pages *pages, size_t row, const uint8_t *block, size_t bytes) {
    struct page *page = pages->rows[row];
    size_t at = (size_t)(block - page->base) / PAGES_UNIT_BYTES, units = units_of(bytes);
    mark(page, at, units, false);
    atomic_fetch_sub_explicit(&pages->used_bytes, bytes, memory_order_relaxed);
    size_t used = pages_used(pages), all = pages->count * HUGE_PAGE_BYTES;
    if (page->used_units == 0)
        page_remove(pages, row);
    else if (all - used > HUGE_PAGE_BYTES + all / PAGES_KEPT_SHARE)
        forget_run(pages, page, at, units);
}

static void *pages_alloc(struct pages *pages, size_t bytes) {
    uint8_t *block = NULL;
    if (is_for_pages(pages, bytes)) {
        lock_take(&pages->lock);
        block = block_alloc(pages, bytes);
        lock_give_back(&pages->lock);
    }
    return block ? block : mem_alloc(&pages->small->allocator, bytes);
}

/* False: it is none of ours. */
static bool pages_free(struct pages *pages, const void *block, size_t bytes) {
    lock_take(&pages->lock);
    size_t row = find_row(pages, block);
    bool found = row < pages->count;
    if (found) block_free(pages, row, block, bytes);
    lock_give_back(&pages->lock);
    return found;
}

static bool is_ours(struct pages *pages, const void *block) {
    lock_take(&pages->lock);
    bool found = find_row(pages, block) < pages->count;
    lock_give_back(&pages->lock);
    return found;
}

static void *resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct pages *pages = CONTAINER_OF(self, struct pages, allocator);
    if (!old) return pages_alloc(pages, new_bytes);
    if (new_bytes == 0) {
        if (!pages->huge || !pages_free(pages, old, old_bytes))
            mem_free(&pages->small->allocator, old, old_bytes);
        return NULL;
    }
    if (!pages->huge || !is_ours(pages, old))
        return mem_resize(&pages->small->allocator, old, old_bytes, new_bytes);
    uint8_t *block = pages_alloc(pages, new_bytes);
    if (!block) return NULL;
    bytes_copy_to(block, bytes_view(old, MIN(old_bytes, new_bytes)));
    (void)pages_free(pages, old, old_bytes);
    return block;
}

/* ---- life --------------------------------------------------------------------------------------
 */

void pages_init(struct pages *pages, struct mem_account *small, struct allocator *huge,
                size_t from_bytes) {
    *pages = (struct pages){
        .allocator = {.resize = resize}, .small = small, .huge = huge, .from_bytes = from_bytes};
}

void pages_deinit(struct pages *pages) {
    BRINE_ASSERT(pages->count == 0, "whoever took of the pages has given it back");
    mem_free(&pages->small->allocator, pages->rows, pages->cap * sizeof *pages->rows);
}

size_t pages_own_bytes(const struct pages *pages) {
    return pages->cap * sizeof *pages->rows + pages->count * sizeof(struct page);
}

const char *pages_check(struct pages *pages) {
    const char *broken = NULL;
    size_t used = 0, broken_pages = 0;
    lock_take(&pages->lock);
    for (size_t row = 0; row < pages->count && !broken; row++) {
        const struct page *page = pages->rows[row];
        size_t units = 0;
        for (size_t word = 0; word < WORDS; word++)
            units += (size_t)__builtin_popcountll(page->used[word]);
        if (units != page->used_units) broken = "a page counts its units";
        if (units == 0) broken = "a page with nothing in use does not exist";
        if (row > 0 && pages->rows[row - 1]->base >= page->base) broken = "rows are sorted";
        used += units * PAGES_UNIT_BYTES;
        broken_pages += page->broken;
    }
    if (!broken && broken_pages != pages->broken) broken = "broken pages are counted";
    if (!broken && used < pages_used(pages)) broken = "what is handed out is marked";
    lock_give_back(&pages->lock);
    return broken;
}
