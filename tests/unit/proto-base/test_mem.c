/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/arena.h"
#include "base/mem.h"

#include "support/failing.h"

#include <criterion/criterion.h>

Test(mem, an_account_is_the_sum_of_the_live_blocks) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct allocator *mem = &account.allocator;
    uint8_t *a = mem_alloc(mem, 100), *b = mem_alloc(mem, 50);
    cr_expect_eq(mem_account_used(&account), 150);
    a = mem_resize(mem, a, 100, 300);
    cr_expect_eq(mem_account_used(&account), 350);
    a = mem_resize(mem, a, 300, 10);
    cr_expect_eq(mem_account_used(&account), 60);
    mem_free(mem, a, 10);
    mem_free(mem, b, 50);
    cr_expect_eq(mem_account_used(&account), 0);
    cr_expect_eq(mem_account_peak(&account), 350);
}

Test(mem, beyond_its_limit_an_account_refuses_and_charges_nothing) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 100);
    void *a = mem_alloc(&account.allocator, 60);
    cr_expect_not_null(a);
    cr_expect_null(mem_alloc(&account.allocator, 41));
    cr_expect_null(mem_resize(&account.allocator, a, 60, 101));
    cr_expect_eq(mem_account_used(&account), 60);
    mem_free(&account.allocator, a, 60);
}

Test(mem, what_the_parent_refuses_is_not_charged) {
    struct failing_allocator failing;
    failing_init(&failing, 0);
    struct mem_account account;
    mem_account_init(&account, &failing.allocator, 0);
    cr_expect_null(mem_alloc(&account.allocator, 10));
    cr_expect_eq(mem_account_used(&account), 0);
}

Test(mem, a_block_may_be_handed_to_an_account_of_the_same_parent) {
    struct mem_account all, one, other, stranger;
    mem_account_init(&all, mem_system(), 0);
    mem_account_init(&one, &all.allocator, 0);
    mem_account_init(&other, &all.allocator, 150);
    mem_account_init(&stranger, mem_system(), 0);
    void *a = mem_alloc(&one.allocator, 100), *b = mem_alloc(&one.allocator, 60);
    cr_expect(mem_hand_over(&one.allocator, &one.allocator, 100));
    cr_expect(!mem_hand_over(&one.allocator, &stranger.allocator, 100));
    cr_expect(!mem_hand_over(&one.allocator, mem_system(), 100));
    cr_expect(!mem_hand_over(mem_system(), &one.allocator, 100));
    cr_expect(mem_account_used(&one) == 160 && mem_account_used(&stranger) == 0);
    cr_assert(mem_hand_over(&one.allocator, &other.allocator, 100));
    cr_expect(mem_account_used(&one) == 60 && mem_account_used(&other) == 100);
    cr_expect(mem_account_peak(&other) == 100 && mem_account_used(&all) == 160);
    cr_expect(!mem_hand_over(&one.allocator, &other.allocator, 60), "it has a limit");
    cr_expect(mem_account_used(&one) == 60 && mem_account_used(&other) == 100);
    mem_free(&other.allocator, a, 100);
    mem_free(&one.allocator, b, 60);
    cr_expect(mem_account_used(&all) == 0 && mem_account_used(&other) == 0);
}

Test(arena, blocks_are_aligned_apart_and_freed_together) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct arena arena;
    arena_init(&arena, &account.allocator, 1 << 20);
    uint8_t *previous = NULL;
    for (size_t i = 1; i < 500; i++) {
        uint8_t *block = arena_alloc(&arena, i);
        cr_assert_not_null(block);
        cr_assert_eq((uintptr_t)block % 16, 0);
        memset(block, (int)i, i);
        if (previous) cr_assert_eq(previous[0], (uint8_t)(i - 1));
        previous = block;
    }
    arena_deinit(&arena);
    cr_expect_eq(mem_account_used(&account), 0);
}

Test(arena, after_a_reset_the_same_work_takes_no_more_memory) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct arena arena;
    arena_init(&arena, &account.allocator, 1 << 20);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) cr_assert_not_null(arena_alloc(&arena, 100));
        if (round == 2) account.peak_bytes = mem_account_used(&account);
        arena_reset(&arena);
    }
    size_t steady = mem_account_peak(&account);
    for (int i = 0; i < 100; i++) cr_assert_not_null(arena_alloc(&arena, 100));
    cr_expect_eq(mem_account_peak(&account), steady);
    arena_deinit(&arena);
}

Test(arena, its_limit_and_the_allocator_refuse_with_null) {
    struct arena arena;
    arena_init(&arena, mem_system(), 4096);
    cr_expect_null(arena_alloc(&arena, 4096));
    cr_expect_null(arena_alloc(&arena, SIZE_MAX));
    size_t got = 0;
    while (arena_alloc(&arena, 256)) got += 256;
    cr_expect(got >= 2048 && got <= 4096, "%zu", got);
    arena_deinit(&arena);

    struct failing_allocator failing;
    failing_init(&failing, 0);
    arena_init(&arena, &failing.allocator, 4096);
    cr_expect_null(arena_alloc(&arena, 8));
    cr_expect(bytes_equal(arena_copy(&arena, BYTES("x")), BYTES("x")),
              "a later request may succeed");
    arena_deinit(&arena);
}
