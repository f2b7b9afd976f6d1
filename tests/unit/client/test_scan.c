/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/clock.h"
#include "client/quantiles.h"
#include "client/scan.h"

#include <criterion/criterion.h>

Test(scan, keys_become_patterns) {
    static const struct {
        const char *key, *pattern;
    } rows[] = {
        {"session:42", "session:*"},
        {"session:42:cart", "session:*:cart"},
        {":1:view:0123456789abcdef0123456789abcdef", ":*:view:*"},
        {"user:deadbeef:x", "user:deadbeef:x"}, /* a word without digits */
        {"plain", "plain"},
        {"", ""},
        {"a b\tc", "a*b*c"},
        {"\xff\xfe\xfd", "*"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char pattern[SCAN_PATTERN_BYTES_MAX];
        size_t len = scan_pattern(bytes_of_cstr(rows[i].key), pattern);
        cr_expect(bytes_equal(bytes_view(pattern, len), bytes_of_cstr(rows[i].pattern)),
                  "%s gave %.*s", rows[i].key, (int)len, pattern);
    }
}

Test(scan, a_long_key_makes_a_pattern_that_fits) {
    static char key[100000];
    char pattern[SCAN_PATTERN_BYTES_MAX];
    memset(key, 'k', sizeof key);
    for (size_t i = 0; i < sizeof key; i += 7) key[i] = ':';
    cr_expect_lt(scan_pattern(bytes_view(key, sizeof key), pattern), sizeof pattern);
}

Test(clock, durations_are_read) {
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"5", 5000},     {"90s", 90000},    {"250ms", 250}, {"2m", 120000},
                {"1h", 3600000}, {"7d", 604800000}, {"", -1},       {"m", -1},
                {"1y", -1},      {"-1", -1},        {"1.5s", -1},   {"9223372036854775807d", -1},
                {"40000d", -1},  {"01s", -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = -1;
        bool ok = clock_parse_duration(rows[i].text, &ms);
        cr_expect_eq(ok, rows[i].ms >= 0, "%s", rows[i].text);
        if (ok) cr_expect_eq(ms, rows[i].ms, "%s", rows[i].text);
    }
}

Test(quantiles, are_at_most_a_thirty_second_too_high) {
    static struct quantiles all, part;
    cr_expect_eq(quantiles_us(&all, 500000), 0);
    for (int64_t us = 1; us <= 100000; us++) quantiles_add(us % 2 ? &all : &part, us);
    quantiles_merge(&all, &part);
    cr_expect_eq(all.count, 100000);
    cr_expect_eq(all.min_us, 1);
    cr_expect_eq(all.max_us, 100000);
    static const unsigned rows[] = {1000, 500000, 900000, 990000, 999900, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t exact = (uint64_t)rows[i] / 10, got = quantiles_us(&all, rows[i]);
        cr_expect(got >= exact && got <= exact + exact / 32 + 1, "%u: %llu", rows[i],
                  (unsigned long long)got);
    }
}
