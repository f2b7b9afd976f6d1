/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/lessons.h"

#include <criterion/criterion.h>

static void note(struct lessons *lessons, uint32_t uses, uint32_t age, int hits, int ends) {
    for (int i = 0; i < hits; i++) lessons_note_hit(lessons, uses, age);
    for (int i = 0; i < ends; i++) lessons_note_end(lessons, uses, age);
}

Test(lessons, steps_of_age_grow_and_meet_at_their_borders) {
    uint32_t before = lesson_age(0);
    cr_expect_eq(before, 0);
    for (uint32_t age = 1; age <= LESSON_AGE_MAX; age++) {
        uint32_t step = lesson_age(age);
        cr_expect(step == before || step == before + 1, "age %u: step %u after %u", age, step,
                  before);
        before = step;
    }
    cr_expect_eq(before, LESSON_AGES - 1);
    cr_expect_eq(lesson_age(UINT32_MAX), LESSON_AGES - 1);
}

Test(lessons, before_anything_is_learned_more_uses_and_later_ones_are_worth_more) {
    static struct lessons lessons;
    lessons_init(&lessons);
    for (uint32_t uses = 0; uses < LESSON_USES; uses++) {
        for (uint32_t age = 1; age <= LESSON_AGE_MAX; age++) {
            float worth = lessons_worth(&lessons, uses, age);
            cr_expect(worth > 0 && worth <= lessons_worth(&lessons, uses, age - 1));
            cr_expect(uses == 0 || worth > lessons_worth(&lessons, uses - 1, age));
        }
    }
}

Test(lessons, what_was_used_again_soon_is_worth_more_whatever_one_would_guess) {
    static struct lessons lessons;
    lessons_init(&lessons);
    note(&lessons, 2, 20, 9000, 1000); /* two uses: again after twenty ticks, nearly all */
    note(&lessons, 9, 20, 1000, 9000); /* nine: hardly one; they are popular no more */
    note(&lessons, 5, 200, 9000, 1000);
    lessons_draw(&lessons);
    cr_expect_gt(lessons_worth(&lessons, 2, 10), 3 * lessons_worth(&lessons, 9, 10));
    cr_expect_gt(lessons_worth(&lessons, 2, 10), 3 * lessons_worth(&lessons, 5, 10));
    cr_expect_gt(lessons_worth(&lessons, 5, 190), 2 * lessons_worth(&lessons, 2, 190),
                 "whose time has passed is not waited for");
}

Test(lessons, of_few_events_nothing_is_drawn) {
    static struct lessons lessons;
    lessons_init(&lessons);
    float before = lessons_worth(&lessons, 2, 10);
    note(&lessons, 2, 20, 4000, 0);
    lessons_draw(&lessons);
    cr_expect_eq(lessons_worth(&lessons, 2, 10), before);
    note(&lessons, 2, 20, 200, 0);
    lessons_draw(&lessons);
    float after = lessons_worth(&lessons, 2, 10);
    cr_expect_neq(after, before);
    for (int i = 0; i < 100; i++) lessons_draw(&lessons); /* a quiet night forgets nothing */
    cr_expect_eq(lessons_worth(&lessons, 2, 10), after);
}

Test(lessons, what_is_long_ago_counts_less) {
    static struct lessons lessons;
    lessons_init(&lessons);
    note(&lessons, 3, 30, 20000, 0);
    lessons_draw(&lessons);
    float popular = lessons_worth(&lessons, 3, 20);
    for (int i = 0; i < 40; i++) {
        note(&lessons, 3, 30, 0, 5000);
        lessons_draw(&lessons);
    }
    cr_expect_lt(lessons_worth(&lessons, 3, 20), popular / 10);
}

Test(lessons, uses_within_one_tick_are_not_counted) {
    static struct lessons lessons;
    lessons_init(&lessons);
    float before = lessons_worth(&lessons, 15, 1);
    note(&lessons, 15, 0, 100000, 0);
    lessons_draw(&lessons);
    cr_expect_eq(lessons_worth(&lessons, 15, 1), before);
}
