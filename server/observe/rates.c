/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/rates.h"

static const enum metric counted[RATE_COUNT] = {
    [RATE_commands] = METRIC_commands_processed_total,
    [RATE_input_bytes] = METRIC_net_input_bytes,
    [RATE_output_bytes] = METRIC_net_output_bytes,
};

void rates_sample(struct rates *rates, int64_t mono_ms, const struct metrics_set *set) {
    int64_t passed_ms = mono_ms - rates->sampled_mono_ms;
    bool first = rates->sampled_mono_ms == 0;
    if (!first && passed_ms <= 0) return;
    for (size_t rate = 0; rate < RATE_COUNT; rate++) {
        uint64_t now = metrics_set_sum(set, counted[rate]);
        /* CONFIG RESETSTAT lets a counter fall. */
        uint64_t more = now > rates->seen[rate] ? now - rates->seen[rate] : 0;
        rates->seen[rate] = now;
        if (first) continue;
        rates->samples[rate][rates->next] = more * 1000 / (uint64_t)passed_ms;
        uint64_t sum = 0;
        for (size_t i = 0; i < RATES_SAMPLES; i++) sum += rates->samples[rate][i];
        atomic_store_explicit(&rates->means[rate], sum / RATES_SAMPLES, memory_order_relaxed);
    }
    rates->sampled_mono_ms = mono_ms;
    if (!first) rates->next = (rates->next + 1) % RATES_SAMPLES;
}
