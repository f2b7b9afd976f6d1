/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/scan_pace.h"

#include <criterion/criterion.h>

enum { RATE = 1000, STEP_US = 8000 /* of eight keys at that rate */ };

static void hear(struct scan_pace *pace, int64_t took_us, int times) {
    for (int i = 0; i < times; i++) scan_pace_heard(pace, took_us);
}

Test(scan_pace, keys_are_read_at_the_rate) {
    struct scan_pace pace;
    int64_t now = 1000000;
    scan_pace_init(&pace, RATE);
    int64_t first = scan_pace_next(&pace, now, SCAN_PACE_KEYS);
    for (int i = 0; i < 100; i++) now = scan_pace_next(&pace, now, SCAN_PACE_KEYS);
    cr_expect_eq(now, first + (int64_t)100 * STEP_US);
}

Test(scan_pace, without_a_rate_there_is_nothing_to_wait_for) {
    struct scan_pace pace;
    scan_pace_init(&pace, 0);
    cr_expect_eq(scan_pace_next(&pace, 77, 1000), 77);
    hear(&pace, 50, SCAN_PACE_FIRST);
    hear(&pace, 5000000, 100);
    cr_expect_eq(scan_pace_next(&pace, 78, 1000), 78);
}

Test(scan_pace, time_that_was_not_used_is_not_made_up_for) {
    struct scan_pace pace;
    scan_pace_init(&pace, RATE);
    (void)scan_pace_next(&pace, 1000000, SCAN_PACE_KEYS);
    int64_t now = 60000000;
    cr_expect_gt(scan_pace_next(&pace, now, SCAN_PACE_KEYS), now);
}

Test(scan_pace, slow_answers_slow_it_down_and_quick_ones_let_it_go_on) {
    static const struct {
        int64_t took_us;
        bool slower;
    } rows[] = {{100, false}, {390, false}, {5000, true}, {100000, true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scan_pace pace;
        scan_pace_init(&pace, RATE);
        hear(&pace, 100, SCAN_PACE_FIRST);
        hear(&pace, rows[i].took_us, 1000);
        int64_t before = scan_pace_next(&pace, 1000000, SCAN_PACE_KEYS);
        int64_t step = scan_pace_next(&pace, before, SCAN_PACE_KEYS) - before;
        int64_t expected = rows[i].slower ? SCAN_PACE_SLOWEST_PART * STEP_US : STEP_US;
        cr_expect_eq(step, expected, "row %zu: %lld", i, (long long)step);
        hear(&pace, 100, 1000);
        before = scan_pace_next(&pace, before, SCAN_PACE_KEYS);
        cr_expect_eq(scan_pace_next(&pace, before, SCAN_PACE_KEYS) - before, STEP_US, "row %zu", i);
    }
}

Test(scan_pace, one_slow_answer_is_no_reason_nor_is_a_slow_first_one) {
    struct scan_pace pace;
    scan_pace_init(&pace, RATE);
    hear(&pace, 100000, 1); /* the cold one */
    hear(&pace, 100, SCAN_PACE_FIRST - 1);
    cr_expect_eq(pace.usual_us, 100);
    hear(&pace, 5000000, 1);
    cr_expect_eq(pace.part, 1.0);
    hear(&pace, 5000000, 5);
    cr_expect_lt(pace.part, 1.0);
}
