/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/histogram.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(histogram, a_quantile_is_at_most_a_sixteenth_above_the_true_value) {
    enum { COUNT = 20000 };
    static uint64_t values[COUNT];
    static const unsigned scales[] = {4, 10, 20, 39};
    struct random random;
    random_init(&random, 42);
    for (size_t s = 0; s < ARRAY_LEN(scales); s++) {
        static struct histogram h;
        h = (struct histogram){0};
        for (size_t i = 0; i < COUNT; i++) {
            values[i] = random_below(&random, (uint64_t)1 << scales[s]);
            histogram_record(&h, values[i]);
        }
        qsort(values, COUNT, sizeof(values[0]), by_value);
        static const double quantiles[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1.0};
        for (size_t q = 0; q < ARRAY_LEN(quantiles); q++) {
            uint64_t exact = values[(size_t)(quantiles[q] * COUNT + 0.5) - 1];
            uint64_t said = histogram_quantile(&h, quantiles[q]);
            cr_expect(said >= exact && said <= exact + exact / 16 + 1, "2^%u q%g: %lu, exact %lu",
                      scales[s], quantiles[q], (unsigned long)said, (unsigned long)exact);
        }
        cr_expect(histogram_count(&h) == COUNT && histogram_max(&h) == values[COUNT - 1]);
    }
}

Test(histogram, the_smallest_and_the_largest_values_have_a_place) {
    static struct histogram h;
    cr_expect(histogram_quantile(&h, 0.5) == 0);
    histogram_record(&h, 0);
    cr_expect(histogram_quantile(&h, 1.0) == 0);
    histogram_record(&h, UINT64_MAX);
    histogram_record(&h, HISTOGRAM_VALUE_MAX);
    cr_expect(histogram_quantile(&h, 1.0) == HISTOGRAM_VALUE_MAX);
    cr_expect(histogram_count(&h) == 3);
}

Test(histogram, a_merge_is_as_if_all_values_had_been_recorded_in_one) {
    static struct histogram a, b, both;
    struct random random;
    random_init(&random, 7);
    for (size_t i = 0; i < 5000; i++) {
        uint64_t value = random_below(&random, 1 << 22);
        histogram_record(i % 3 ? &a : &b, value);
        histogram_record(&both, value);
    }
    histogram_merge(&a, &b);
    cr_expect(histogram_count(&a) == histogram_count(&both));
    cr_expect(histogram_sum(&a) == histogram_sum(&both));
    for (double q = 0; q <= 1.0; q += 0.05)
        cr_expect(histogram_quantile(&a, q) == histogram_quantile(&both, q), "%g", q);
}
