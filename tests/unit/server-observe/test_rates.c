/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/rates.h"

#include <criterion/criterion.h>

Test(rates, are_means_of_the_last_samples) {
    struct rates rates = {0};
    struct metrics one;
    struct metrics_set set;
    cr_assert(metrics_init(&one, mem_system(), 0) == BRINE_OK);
    cr_assert(metrics_set_init(&set, mem_system(), 1, 0) == BRINE_OK);
    metrics_set_add(&set, &one);
    metrics_add(&one, METRIC_commands_processed_total, 1000000);
    int64_t now_ms = 5000;
    rates_sample(&rates, now_ms, &set);
    cr_expect_eq(rates_read(&rates, RATE_commands), 0, "what was before the first is no rate");
    for (int i = 0; i < RATES_SAMPLES; i++) {
        metrics_add(&one, METRIC_commands_processed_total, 50);
        metrics_add(&one, METRIC_net_input_bytes, 200);
        rates_sample(&rates, now_ms += 100, &set);
        cr_expect_eq(rates_read(&rates, RATE_commands), 500u * (unsigned)(i + 1) / RATES_SAMPLES);
    }
    cr_expect_eq(rates_read(&rates, RATE_input_bytes), 2000);
    cr_expect_eq(rates_read(&rates, RATE_output_bytes), 0);
    metrics_add(&one, METRIC_commands_processed_total, 1000);
    rates_sample(&rates, now_ms, &set);
    cr_expect_eq(rates_read(&rates, RATE_commands), 500, "no time has passed");

    metrics_set_reset(&set);
    for (int i = 0; i < RATES_SAMPLES; i++) rates_sample(&rates, now_ms += 100, &set);
    cr_expect_eq(rates_read(&rates, RATE_commands), 0, "a reset is no wrap");
    metrics_set_deinit(&set);
    metrics_deinit(&one);
}
