/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/latency.h"

#include <criterion/criterion.h>

Test(latency, the_worst_of_a_second_is_kept_and_the_newest_seconds) {
    struct latency_monitor monitor;
    struct latency_history history;
    latency_init(&monitor);
    latency_read(&monitor, LATENCY_command, &history);
    cr_expect(history.count == 0);
    latency_add(&monitor, LATENCY_command, 100, 7);
    latency_add(&monitor, LATENCY_command, 100, 30);
    latency_add(&monitor, LATENCY_command, 100, 8);
    latency_add(&monitor, LATENCY_command, 101, 5);
    latency_read(&monitor, LATENCY_command, &history);
    cr_expect(history.count == 2 && history.max_ms == 30);
    cr_expect(history.samples[0].at_s == 100 && history.samples[0].ms == 30);
    cr_expect(history.samples[1].at_s == 101 && history.samples[1].ms == 5);
    latency_read(&monitor, LATENCY_fast_command, &history);
    cr_expect(history.count == 0);

    for (int64_t second = 0; second < LATENCY_SAMPLES + 10; second++)
        latency_add(&monitor, LATENCY_command, 200 + second, second);
    latency_read(&monitor, LATENCY_command, &history);
    cr_expect(history.count == LATENCY_SAMPLES);
    for (size_t i = 0; i < history.count; i++)
        cr_expect(history.samples[i].at_s == 210 + i && history.samples[i].ms == 10 + i);
    cr_expect(latency_reset(&monitor, LATENCY_command));
    cr_expect(!latency_reset(&monitor, LATENCY_command));
    latency_read(&monitor, LATENCY_command, &history);
    cr_expect(history.count == 0 && history.max_ms == 0);
    latency_deinit(&monitor);
}

Test(latency, events_are_found_by_name) {
    enum latency_event event;
    for (size_t i = 0; i < LATENCY_EVENT_COUNT; i++) {
        const char *name = latency_event_name((enum latency_event)i);
        cr_expect(latency_event_find(bytes_of_cstr(name), &event) && event == i, "%s", name);
    }
    cr_expect(!latency_event_find(BYTES("commands"), &event));
}

Test(latency, a_history_amounts_to_figures_and_a_picture) {
    struct latency_history history = {
        .count = 4, .max_ms = 90, .samples = {{100, 10}, {3700, 40}, {7255, 20}, {7299, 70}}};
    struct latency_summary summary = latency_summarise(&history, 7300);
    cr_expect(summary.low_ms == 10 && summary.high_ms == 70 && summary.max_ms == 90);
    cr_expect(summary.average_ms == 35 && summary.mean_deviation_ms == 20);
    cr_expect(summary.period_s == 1800);

    struct buf out;
    buf_init(&out, mem_system(), 4096);
    cr_assert(latency_draw(&history, 7300, &out) == BRINE_OK);
    cr_assert(buf_append_byte(&out, 0) == BRINE_OK);
    cr_expect_str_eq((const char *)out.data, "   #\n"
                                             "   |\n"
                                             " # |\n"
                                             "_|o|\n"
                                             "\n"
                                             "2141\n"
                                             "hh5s\n"
                                             "  s \n");
    buf_deinit(&out);
}
