/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/metrics.h"

#include "support/failing.h"

#include <criterion/criterion.h>

Test(metrics, a_sum_is_over_all_threads_and_a_gauge_may_fall) {
    struct metrics one, two;
    struct metrics_set set;
    cr_assert(metrics_init(&one, mem_system(), 3) == BRINE_OK);
    cr_assert(metrics_init(&two, mem_system(), 3) == BRINE_OK);
    cr_assert(metrics_set_init(&set, mem_system(), 2, 3) == BRINE_OK);
    metrics_set_add(&set, &one);
    metrics_set_add(&set, &two);
    metrics_add(&one, METRIC_keyspace_hits, 5);
    metrics_add(&two, METRIC_keyspace_hits, 7);
    metrics_add(&one, METRIC_connected_clients, 1);
    metrics_add(&two, METRIC_connected_clients,
                (uint64_t)-1); /* closed by another thread's count */
    metrics_add(&two, METRIC_connected_clients, 1);
    cr_expect(metrics_set_sum(&set, METRIC_keyspace_hits) == 12);
    cr_expect(metrics_set_sum(&set, METRIC_connected_clients) == 1);
    metrics_add(NULL, METRIC_keyspace_hits, 1);
    metrics_set_deinit(&set);
    metrics_deinit(&two);
    metrics_deinit(&one);
}

Test(metrics, a_reset_clears_counters_and_leaves_gauges) {
    struct metrics one;
    struct metrics_set set;
    cr_assert(metrics_init(&one, mem_system(), 2) == BRINE_OK);
    cr_assert(metrics_set_init(&set, mem_system(), 1, 2) == BRINE_OK);
    metrics_set_add(&set, &one);
    metrics_add(&one, METRIC_keyspace_hits, 5);
    metrics_add(&one, METRIC_connected_clients, 4);
    metrics_bump(&one.commands[1].calls, 9);
    metrics_bump(&one.commands[1].nsec, 900);
    metrics_bump(&one.commands[1].rejected, 2);
    metrics_bump(&one.commands[1].failed, 1);
    struct metrics_command_sum sum = metrics_set_command(&set, 1);
    cr_expect(sum.calls == 9 && sum.nsec == 900 && sum.rejected == 2 && sum.failed == 1);
    metrics_set_reset(&set);
    cr_expect(metrics_set_sum(&set, METRIC_keyspace_hits) == 0);
    cr_expect(metrics_set_sum(&set, METRIC_connected_clients) == 4);
    metrics_add(&one, METRIC_keyspace_hits, 3);
    metrics_bump(&one.commands[1].calls, 1);
    cr_expect(metrics_set_sum(&set, METRIC_keyspace_hits) == 3);
    sum = metrics_set_command(&set, 1);
    cr_expect(sum.calls == 1 && sum.nsec == 0 && sum.rejected == 0 && sum.failed == 0);
    metrics_set_deinit(&set);
    metrics_deinit(&one);
}

Test(metrics, a_refused_allocation_is_said_and_leaks_nothing) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct metrics_set set;
        enum brine_status status = metrics_set_init(&set, &mem.allocator, 4, 8);
        if (status == BRINE_OK) metrics_set_deinit(&set);
        cr_expect((status == BRINE_NO_MEMORY) == mem.refused, "%zu", n);
        cr_expect(mem.taken_bytes == 0, "%zu", n);
        if (!mem.refused) break;
    }
}

Test(metrics, durations_are_summed_over_threads_and_forgotten_at_a_reset) {
    static struct histogram sum;
    struct metrics one, two;
    struct metrics_set set;
    cr_assert(metrics_init(&one, mem_system(), 2) == BRINE_OK);
    cr_assert(metrics_init(&two, mem_system(), 2) == BRINE_OK);
    cr_assert(metrics_set_init(&set, mem_system(), 2, 2) == BRINE_OK);
    metrics_set_add(&set, &one);
    metrics_set_add(&set, &two);
    cr_expect(!metrics_set_latency(&set, 1, &sum));
    metrics_record_latency(&one, 1, 1000);
    metrics_record_latency(&one, 1, 2000);
    metrics_record_latency(&two, 1, 5000000);
    cr_expect(metrics_set_latency(&set, 1, &sum));
    cr_expect(histogram_count(&sum) == 3 && histogram_max(&sum) == 5000000);
    cr_expect(histogram_count_below(&sum, 1024) == 1 && histogram_count_below(&sum, 2048) == 2);
    cr_expect(histogram_count_below(&sum, UINT64_MAX) == 3);
    cr_expect(!metrics_set_latency(&set, 0, &sum));

    metrics_set_reset(&set);
    histogram_clear(&sum);
    cr_expect(!metrics_set_latency(&set, 1, &sum));
    metrics_record_latency(&two, 1, 7);
    cr_expect(metrics_set_latency(&set, 1, &sum));
    cr_expect(histogram_count(&sum) == 1 && histogram_max(&sum) == 7);
    metrics_set_deinit(&set);
    metrics_deinit(&two);
    metrics_deinit(&one);
}

Test(metrics, without_memory_a_duration_is_not_recorded) {
    static struct histogram sum;
    struct failing_allocator mem;
    struct metrics one;
    struct metrics_set set;
    failing_init(&mem, 1);
    cr_assert(metrics_set_init(&set, mem_system(), 1, 1) == BRINE_OK);
    cr_assert(metrics_init(&one, &mem.allocator, 1) == BRINE_OK);
    metrics_set_add(&set, &one);
    metrics_record_latency(&one, 0, 5);
    cr_expect(mem.refused && !metrics_set_latency(&set, 0, &sum));
    metrics_record_latency(&one, 0, 5);
    cr_expect(metrics_set_latency(&set, 0, &sum));
    metrics_deinit(&one);
    cr_expect(mem.taken_bytes == 0);
    metrics_set_deinit(&set);
}

Test(metrics, every_row_has_a_name_and_a_line_of_doc) {
    for (size_t i = 0; i < METRIC_COUNT; i++)
        cr_expect(metric_name((enum metric)i)[0] && metric_doc((enum metric)i)[0], "row %zu", i);
}
