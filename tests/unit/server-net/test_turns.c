/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/turns.h"

#include <criterion/criterion.h>

enum { MB = 1 << 20 };

/* The costs in the order in which they are taken, each over before the next. */
static void expect_order(struct turns *turns, const uint64_t *costs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct turn *turn = turns_take(turns, UINT64_MAX);
        cr_assert(turn, "turn %zu", i);
        cr_expect_eq(turn->cost, costs[i], "turn %zu: %llu", i, (unsigned long long)turn->cost);
        turns_end(turns, turn);
    }
    cr_expect(!turns_take(turns, UINT64_MAX));
    cr_expect_eq(turns->waiting, 0);
}

Test(turns, a_short_one_passes_long_ones_and_one_flow_keeps_its_order) {
    static struct turns turns;
    struct turn turn[6] = {0};
    for (size_t i = 0; i < 4; i++) turns_add(&turns, &turn[i], 7, 400 * MB + i);
    turns_add(&turns, &turn[4], 8, MB);
    turns_add(&turns, &turn[5], 9, 500 * MB);
    expect_order(&turns,
                 (uint64_t[]){MB, 400 * MB, 500 * MB, 400 * MB + 1, 400 * MB + 2, 400 * MB + 3}, 6);
}

Test(turns, of_one_flow_one_is_taken_at_a_time_and_the_next_when_it_is_over) {
    static struct turns turns;
    struct turn turn[3] = {0};
    turns_add(&turns, &turn[0], 7, 10);
    turns_add(&turns, &turn[1], 7, 20);
    turns_add(&turns, &turn[2], 8, 30);
    cr_expect_eq(turns_take(&turns, UINT64_MAX), &turn[0]);
    cr_expect_eq(turns_take(&turns, UINT64_MAX), &turn[2]);
    cr_expect(!turns_take(&turns, UINT64_MAX));
    cr_expect_eq(turns.waiting, 1);
    turns_end(&turns, &turn[0]);
    cr_expect_eq(turns_take(&turns, UINT64_MAX), &turn[1]);
}

Test(turns, who_takes_short_ones_leaves_the_long) {
    static struct turns turns;
    struct turn turn[2] = {0};
    turns_add(&turns, &turn[0], 1, 5 * MB);
    cr_expect(!turns_take(&turns, 4 * MB));
    turns_add(&turns, &turn[1], 2, 4 * MB);
    cr_expect_eq(turns_take(&turns, 4 * MB), &turn[1]);
    cr_expect_eq(turns_take(&turns, UINT64_MAX), &turn[0]);
}

Test(turns, nobody_waits_for_ever_behind_short_ones_that_go_on_coming) {
    static struct turns turns;
    static struct turn shorts[64];
    struct turn long_one = {0};
    turns_add(&turns, &long_one, 1, 16 * MB);
    size_t passed = 0;
    for (; passed < ARRAY_LEN(shorts); passed++) {
        turns_add(&turns, &shorts[passed], 2, MB);
        struct turn *turn = turns_take(&turns, UINT64_MAX);
        cr_assert(turn);
        turns_end(&turns, turn);
        if (turn == &long_one) break;
    }
    cr_expect(passed == 15 || passed == 16, "%zu passed", passed);
}
