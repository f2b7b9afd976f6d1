/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/ahead.h"
#include "store/huge.h"
#include "store/pages.h"

#include <criterion/criterion.h>

enum { BLOCK_BYTES = 64 * 1024, BLOCKS_A_PAGE = HUGE_PAGE_BYTES / BLOCK_BYTES };

/* Huge pages, counted, also where the thread asks for them; `left` more are to be had. */
struct counted {
    struct allocator allocator;
    _Atomic size_t taken, asked, left;
};

static void *counted_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct counted *counted = CONTAINER_OF(self, struct counted, allocator);
    if (new_bytes > 0 && counted->left == 0) return NULL;
    void *page = huge_pages()->resize(huge_pages(), old, old_bytes, new_bytes);
    if (new_bytes == 0) {
        counted->taken--;
    } else if (page) {
        counted->taken++;
        counted->asked++;
        counted->left--;
    }
    return page;
}

static struct counted huge;
static struct ahead ahead;
static struct mem_account account;
static struct pages pages;
static void *blocks[BLOCKS_A_PAGE * 8];

static void begin(size_t left) {
    huge = (struct counted){.allocator = {.resize = counted_resize}, .left = left};
    ahead_init(&ahead, &huge.allocator);
    mem_account_init(&account, mem_system(), 0);
    pages_init(&pages, &account, &huge.allocator, 0);
    pages.ahead = &ahead;
}

static void end(void) {
    ahead_deinit(&ahead);
    pages_deinit(&pages);
    cr_expect_eq(huge.taken, 0, "every page went back");
}

static void fill(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        blocks[i] = mem_alloc(&pages.allocator, BLOCK_BYTES);
        cr_assert(blocks[i]);
    }
}

static void drop(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) mem_free(&pages.allocator, blocks[i], BLOCK_BYTES);
}

Test(ahead, without_a_turn_there_is_nothing_to_take) {
    begin(SIZE_MAX);
    cr_expect_null(ahead_take(&ahead));
    ahead_ask(&ahead);
    cr_expect_null(ahead_take(&ahead));
    cr_expect_eq(ahead_bytes(&ahead), 0);
    end();
}

Test(ahead, what_is_asked_for_is_ready_and_goes_back_when_nobody_takes_it) {
    begin(SIZE_MAX);
    ahead_ask(&ahead);
    cr_expect(ahead_turn(&ahead, 5000));
    cr_expect_eq(ahead_bytes(&ahead), HUGE_PAGE_BYTES);
    cr_expect(ahead_turn(&ahead, 5000 + AHEAD_KEEP_MS - 1));
    cr_expect_eq(ahead_bytes(&ahead), HUGE_PAGE_BYTES, "not before its time");
    cr_expect_not(ahead_turn(&ahead, 5000 + AHEAD_KEEP_MS));
    cr_expect_eq(ahead_bytes(&ahead), 0);
    cr_expect_eq(huge.taken, 0);
    end();
}

Test(ahead, who_takes_seldom_has_to_ask_and_who_takes_often_has_not) {
    static const struct {
        int64_t after_ms;
        size_t ready;
    } rows[] = {{100000, 0}, {10000, 0}, {50, AHEAD_PAGES_MAX}, {50, AHEAD_PAGES_MAX}, {5000, 0}};
    int64_t now_ms = 0;
    begin(SIZE_MAX);
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        now_ms += rows[row].after_ms;
        (void)ahead_turn(&ahead, now_ms);
        uint8_t *page = ahead_take(&ahead);
        if (page) mem_free(&huge.allocator, page, HUGE_PAGE_BYTES);
        (void)ahead_turn(&ahead, now_ms);
        cr_expect_eq(ahead_bytes(&ahead), rows[row].ready * HUGE_PAGE_BYTES, "row %zu: %zu bytes",
                     row, ahead_bytes(&ahead));
    }
    end();
}

Test(ahead, where_no_page_is_to_be_had_none_is_ready_and_pages_go_on) {
    begin(1);
    fill(0, BLOCKS_A_PAGE);
    cr_expect_not(ahead_turn(&ahead, 1));
    void *more = mem_alloc(&pages.allocator, BLOCK_BYTES);
    cr_expect(more, "it comes from elsewhere");
    mem_free(&pages.allocator, more, BLOCK_BYTES);
    drop(0, BLOCKS_A_PAGE);
    end();
}

Test(ahead, pages_ask_at_a_half_and_take_what_is_ready) {
    begin(SIZE_MAX);
    fill(0, BLOCKS_A_PAGE / 2 - 1);
    (void)ahead_turn(&ahead, 1);
    cr_expect_eq(huge.asked, 1, "more than half is left");
    fill(BLOCKS_A_PAGE / 2 - 1, BLOCKS_A_PAGE / 2);
    (void)ahead_turn(&ahead, 2);
    cr_expect_eq(huge.asked, 2);
    fill(BLOCKS_A_PAGE / 2, BLOCKS_A_PAGE);
    cr_expect_eq(huge.asked, 2);
    fill(BLOCKS_A_PAGE, BLOCKS_A_PAGE + 1);
    cr_expect_eq(huge.asked, 2, "the second page was ready");
    cr_expect_eq(ahead_bytes(&ahead), 0);
    cr_expect_null(pages_check(&pages));
    drop(0, BLOCKS_A_PAGE + 1);
    end();
}

Test(ahead, a_small_store_meets_its_pages_itself) {
    begin(SIZE_MAX);
    pages.from_bytes = HUGE_PAGE_BYTES;
    void *small[BLOCKS_A_PAGE];
    for (size_t i = 0; i < BLOCKS_A_PAGE; i++)
        cr_assert(small[i] = mem_alloc(&pages.allocator, BLOCK_BYTES));
    static const struct {
        size_t blocks;
        bool made_ahead;
    } rows[] = {{BLOCKS_A_PAGE * 2 - 1, false}, {BLOCKS_A_PAGE * 4, true}};
    size_t filled = 0;
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        fill(filled, rows[row].blocks);
        filled = rows[row].blocks;
        (void)ahead_turn(&ahead, 1);
        cr_expect_eq(ahead_bytes(&ahead) > 0, rows[row].made_ahead, "row %zu", row);
    }
    drop(0, filled);
    for (size_t i = 0; i < BLOCKS_A_PAGE; i++) mem_free(&pages.allocator, small[i], BLOCK_BYTES);
    end();
}

/* What was given back since is asked for again, but not by every block. */
Test(ahead, a_store_that_grows_slowly_asks_a_few_times_a_page) {
    begin(SIZE_MAX);
    size_t asked = 0;
    for (size_t i = 0; i < BLOCKS_A_PAGE; i++) {
        fill(i, i + 1);
        size_t before = huge.asked;
        (void)ahead_turn(&ahead, (int64_t)i * 10 * AHEAD_KEEP_MS);
        (void)ahead_turn(&ahead, (int64_t)i * 10 * AHEAD_KEEP_MS + AHEAD_KEEP_MS);
        asked += huge.asked - before;
        cr_expect_eq(ahead_bytes(&ahead), 0, "block %zu", i);
    }
    cr_expect(asked >= 3 && asked <= 8, "%zu", asked);
    drop(0, BLOCKS_A_PAGE);
    end();
}

Test(ahead, blocks_that_come_and_go_in_a_page_ask_no_more) {
    begin(SIZE_MAX);
    fill(0, BLOCKS_A_PAGE / 4 * 3);
    (void)ahead_turn(&ahead, 1);
    size_t before = huge.asked;
    for (int64_t round = 1; round < 100; round++) {
        drop(0, BLOCKS_A_PAGE / 2);
        fill(0, BLOCKS_A_PAGE / 2);
        (void)ahead_turn(&ahead, round * 2 * AHEAD_KEEP_MS);
    }
    cr_expect_eq(huge.asked, before);
    drop(0, BLOCKS_A_PAGE / 4 * 3);
    end();
}

Test(ahead, its_thread_ends_with_what_is_ready_given_back) {
    begin(SIZE_MAX);
    cr_assert(ahead_start(&ahead));
    for (int round = 0; round < 20; round++) {
        fill(0, ARRAY_LEN(blocks));
        for (size_t i = 0; i < ARRAY_LEN(blocks); i++) memset(blocks[i], (int)i, BLOCK_BYTES);
        for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
            cr_assert(((uint8_t *)blocks[i])[BLOCK_BYTES - 1] == (uint8_t)i, "block %zu", i);
        drop(0, ARRAY_LEN(blocks));
    }
    end();
}
