/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/budget.h"

#include "base/random.h"

#include <criterion/criterion.h>

Test(budget, the_greediest_is_one_of_the_largest_power_of_two) {
    struct budget budget = {0};
    struct budget_share share;
    budget_share_init(&share, &budget);
    struct budget_member a = {0}, b = {0}, c = {0};
    cr_expect(budget_greediest(&share) == NULL && budget_largest_class(&share) == -1);
    budget_hold(&share, &a, 100);
    budget_hold(&share, &b, 5000);
    budget_hold(&share, &c, 6000);
    cr_expect(budget_held(&budget) == 11100);
    cr_expect(budget_greediest(&share) == &b || budget_greediest(&share) == &c);
    cr_expect(budget_largest_class(&share) == 12);
    budget_hold(&share, &a, 1 << 20);
    cr_expect(budget_greediest(&share) == &a);
    budget_hold(&share, &a, 0);
    budget_hold(&share, &c, 0);
    cr_expect(budget_greediest(&share) == &b);
    budget_hold(&share, &b, 0);
    cr_expect(budget_greediest(&share) == NULL && budget_held(&budget) == 0);
}

static size_t visited_bytes;
static struct budget_share *visited_share;
static void let_go(struct budget_member *member) {
    visited_bytes += member->held_bytes;
    budget_hold(visited_share, member, 0);
}

Test(budget, a_visit_meets_every_member_even_when_each_leaves) {
    struct budget budget = {0};
    struct budget_share share;
    struct budget_member members[5] = {0};
    budget_share_init(&share, &budget);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        budget_hold(&share, &members[i], 100 << (i / 2));
    visited_share = &share;
    budget_visit(&share, let_go);
    cr_expect(visited_bytes == 100 + 100 + 200 + 200 + 400 && budget_held(&budget) == 0);
    cr_expect(budget_greediest(&share) == NULL);
}

static void grow(struct budget_member *member) {
    visited_bytes++;
    budget_hold(visited_share, member, member->held_bytes * 4);
}

Test(budget, a_member_that_grows_while_it_is_visited_is_met_once) {
    struct budget budget = {0};
    struct budget_share share;
    struct budget_member member = {0};
    budget_share_init(&share, &budget);
    budget_hold(&share, &member, 100);
    visited_share = &share;
    visited_bytes = 0;
    budget_visit(&share, grow);
    cr_expect(visited_bytes == 1 && budget_held(&budget) == 400);
    budget_visit(&share, grow);
    cr_expect(visited_bytes == 2 && budget_held(&budget) == 1600);
}

Test(budget, lists_and_totals_agree_with_a_plain_array_after_many_changes) {
    enum { MEMBERS = 40, SHARES = 2, STEPS = 20000 };
    static struct budget_member members[SHARES][MEMBERS];
    static struct budget_share shares[SHARES];
    struct budget budget = {0};
    struct random random;
    random_init(&random, 11);
    for (size_t s = 0; s < SHARES; s++) budget_share_init(&shares[s], &budget);
    for (size_t step = 0; step < STEPS; step++) {
        size_t s = random_below(&random, SHARES), m = random_below(&random, MEMBERS);
        size_t bytes =
            random_below(&random, 3) ? (size_t)random_u64(&random) >> (20 + step % 44) : 0;
        budget_hold(&shares[s], &members[s][m], bytes);
        size_t total = 0, largest[SHARES] = {0};
        for (size_t i = 0; i < SHARES; i++)
            for (size_t j = 0; j < MEMBERS; j++) {
                total += members[i][j].held_bytes;
                largest[i] = MAX(largest[i], members[i][j].held_bytes);
            }
        cr_assert(budget_held(&budget) == total);
        struct budget_member *greediest = budget_greediest(&shares[s]);
        cr_assert((greediest == NULL) == (largest[s] == 0));
        cr_assert(!greediest || greediest->held_bytes > largest[s] / 2);
    }
}
