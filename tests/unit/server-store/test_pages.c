/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/random.h"
#include "store/huge.h"
#include "store/pages.h"
#include "support/failing.h"

#include <criterion/criterion.h>

enum { BLOCKS = 400, BYTES_MAX = PAGES_BLOCK_BYTES_MAX + 5000 };

static struct failing_allocator mem;
static struct mem_account account;
static struct pages pages;

/* Huge pages that are refused when `left` of them are there. */
struct scarce {
    struct allocator allocator;
    size_t left, taken;
};

static void *scarce_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct scarce *scarce = CONTAINER_OF(self, struct scarce, allocator);
    if (new_bytes > 0 && scarce->taken == scarce->left) return NULL;
    void *page = huge_pages()->resize(huge_pages(), old, old_bytes, new_bytes);
    if (new_bytes == 0)
        scarce->taken--;
    else if (page)
        scarce->taken++;
    return page;
}

static struct scarce huge = {.allocator = {.resize = scarce_resize}};

static void begin(size_t from_bytes, size_t huge_left) {
    failing_init(&mem, SIZE_MAX);
    mem_account_init(&account, &mem.allocator, 0);
    huge.left = huge_left;
    huge.taken = 0;
    pages_init(&pages, &account, &huge.allocator, from_bytes);
}

static void end(void) {
    pages_deinit(&pages);
    cr_expect_eq(mem.taken_bytes, 0);
    cr_expect_eq(pages_used(&pages), 0);
    cr_expect_eq(huge.taken, 0, "a page with nothing in it goes back");
}

static void check(void) {
    const char *broken = pages_check(&pages);
    cr_assert(!broken, "%s", broken);
}

Test(pages, blocks_keep_their_bytes_whatever_is_freed_beside_them) {
    static const size_t from[] = {0, 1 << 20, SIZE_MAX}, left[] = {SIZE_MAX, 3, 0};
    static uint8_t *blocks[BLOCKS];
    static size_t lens[BLOCKS];
    struct random rng;
    for (size_t row = 0; row < ARRAY_LEN(from) * ARRAY_LEN(left); row++) {
        begin(from[row % ARRAY_LEN(from)], left[row / ARRAY_LEN(from)]);
        random_init(&rng, row);
        for (size_t step = 0; step < 6000; step++) {
            size_t i = random_below(&rng, BLOCKS);
            if (blocks[i]) {
                cr_assert(blocks[i][0] == (uint8_t)i && blocks[i][lens[i] - 1] == (uint8_t)i &&
                              blocks[i][lens[i] / 2] == (uint8_t)i,
                          "row %zu, step %zu", row, step);
                mem_free(&pages.allocator, blocks[i], lens[i]);
                blocks[i] = NULL;
            } else {
                lens[i] = 1 + random_below(&rng, step % 16 ? 20000 : BYTES_MAX);
                blocks[i] = mem_alloc(&pages.allocator, lens[i]);
                cr_assert(blocks[i]);
                memset(blocks[i], (int)i, lens[i]);
            }
            if (step % 200 == 0) check();
        }
        for (size_t i = 0; i < BLOCKS; i++) mem_free(&pages.allocator, blocks[i], lens[i]);
        memset(blocks, 0, sizeof blocks);
        end();
    }
}

Test(pages, what_is_handed_out_is_counted_to_the_byte) {
    begin(0, SIZE_MAX);
    void *block = mem_alloc(&pages.allocator, 14 * 1024 + 8);
    cr_expect_eq(pages_used(&pages), 14 * 1024 + 8);
    cr_expect_eq(mem_account_used(&account), pages_own_bytes(&pages));
    void *small = mem_alloc(&pages.allocator, PAGES_BLOCK_BYTES_MIN - 1);
    void *large = mem_alloc(&pages.allocator, PAGES_BLOCK_BYTES_MAX + 1);
    cr_expect_eq(pages_used(&pages), 14 * 1024 + 8, "too short and too long is not cut from pages");
    mem_free(&pages.allocator, block, 14 * 1024 + 8);
    mem_free(&pages.allocator, small, PAGES_BLOCK_BYTES_MIN - 1);
    mem_free(&pages.allocator, large, PAGES_BLOCK_BYTES_MAX + 1);
    end();
}

Test(pages, a_block_that_grows_takes_its_bytes_along) {
    static const size_t to[] = {3000, 10000, 200000, 400000};
    for (size_t row = 0; row < ARRAY_LEN(to); row++) {
        begin(0, SIZE_MAX);
        size_t len = 8000;
        uint8_t *block = mem_alloc(&pages.allocator, len);
        memset(block, 7, len);
        uint8_t *grown = mem_resize(&pages.allocator, block, len, to[row]);
        cr_assert(grown);
        cr_expect(grown[0] == 7 && grown[MIN(len, to[row]) - 1] == 7, "row %zu", row);
        check();
        mem_free(&pages.allocator, grown, to[row]);
        end();
    }
}

Test(pages, without_memory_for_its_own_the_block_is_refused_or_comes_from_elsewhere) {
    for (size_t nth = 0; nth < 4; nth++) {
        begin(0, SIZE_MAX);
        mem.fail_at = nth;
        void *block = mem_alloc(&pages.allocator, 8192);
        cr_assert(block, "request %zu: one that is refused leaves the other way", nth);
        check();
        cr_expect_eq(pages_used(&pages), nth < 2 ? 0 : 8192);
        mem_free(&pages.allocator, block, 8192);
        end();
    }
}

/* Else the kernel would make huge pages of what was given back, and so take it again. */
Test(pages, of_which_parts_went_back_are_not_to_be_huge_until_they_are_full) {
    enum { BLOCK = 16 * 1024, COUNT = 6 * HUGE_PAGE_BYTES / BLOCK };
    static void *blocks[COUNT];
    begin(0, SIZE_MAX);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++)
            if (!blocks[i]) cr_assert(blocks[i] = mem_alloc(&pages.allocator, BLOCK));
        cr_expect_eq(pages.broken, 0, "round %d: %zu of full pages", round, pages.broken);
        for (size_t i = 0; i < COUNT; i++) {
            if (i % 4 == 0) continue;
            mem_free(&pages.allocator, blocks[i], BLOCK);
            blocks[i] = NULL;
        }
        cr_expect_geq(pages.broken, pages.count - 2, "round %d: %zu of %zu", round, pages.broken,
                      pages.count);
        check();
    }
    for (size_t i = 0; i < COUNT; i++) mem_free(&pages.allocator, blocks[i], BLOCK);
    cr_expect_eq(pages.broken, 0);
    end();
}

Test(pages, what_is_forgotten_is_zero_and_its_neighbours_stay) {
    uint8_t *page = mem_alloc(huge_pages(), HUGE_PAGE_BYTES);
    cr_assert(page && (uintptr_t)page % HUGE_PAGE_BYTES == 0);
    memset(page, 5, HUGE_PAGE_BYTES);
    huge_forget(page + SMALL_PAGE_BYTES, page + 3 * SMALL_PAGE_BYTES);
    cr_expect(page[0] == 5 && page[SMALL_PAGE_BYTES - 1] == 5 && page[3 * SMALL_PAGE_BYTES] == 5);
    cr_expect(page[SMALL_PAGE_BYTES] == 0 && page[3 * SMALL_PAGE_BYTES - 1] == 0);
    mem_free(huge_pages(), page, HUGE_PAGE_BYTES);
    cr_expect_null(mem_alloc(huge_pages(), 4096), "single huge pages and nothing else");
}
