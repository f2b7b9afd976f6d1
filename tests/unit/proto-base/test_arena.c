/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/arena.h"

#include "support/failing.h"

#include <criterion/criterion.h>

Test(arena, what_came_after_a_mark_is_given_back_and_what_was_before_stays) {
    static const size_t sizes[] = {0, 1, 100, 2000, 100000};
    struct failing_allocator mem;
    struct arena arena;
    failing_init(&mem, SIZE_MAX);
    arena_init(&arena, &mem.allocator, 1 << 20);
    struct arena_mark empty = arena_mark(&arena);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        arena_back_to(&arena, empty);
        cr_expect_eq(mem.taken_bytes, 0, "row %zu", i);
        struct bytes before = arena_copy(&arena, BYTES("before"));
        size_t taken = arena.taken_bytes;
        struct arena_mark mark = arena_mark(&arena);
        for (int turn = 0; turn < 3; turn++) {
            uint8_t *first = arena_alloc(&arena, sizes[i]);
            cr_assert(first && arena_alloc(&arena, sizes[i]));
            memset(first, 'x', sizes[i]);
            arena_back_to(&arena, mark);
            cr_expect_eq(arena.taken_bytes, taken, "row %zu", i);
            cr_expect(bytes_equal(before, BYTES("before")));
        }
    }
    arena_deinit(&arena);
    cr_expect_eq(mem.taken_bytes, 0);
}

Test(arena, it_never_takes_more_than_its_limit) {
    struct arena arena;
    arena_init(&arena, mem_system(), 10000);
    size_t got = 0;
    while (arena_alloc(&arena, 100)) got += 100;
    cr_expect(got > 8000 && got <= 10000, "%zu", got);
    cr_expect_leq(arena.taken_bytes, 10000);
    cr_expect_null(arena_alloc(&arena, SIZE_MAX));
    arena_reset(&arena);
    cr_expect(arena_alloc(&arena, 100));
    arena_deinit(&arena);
}
