/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/exposition.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(exposition, a_family_is_two_comments_and_its_samples) {
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    struct exposition e = {.out = &out};
    exposition_single(&e, "redis_up", EXPOSITION_GAUGE, "it answers", 1);
    exposition_family(&e, "x_total", EXPOSITION_COUNTER, "x");
    const struct exposition_label labels[] = {{"a", BYTES("1")}, {"b", BYTES("")}};
    exposition_sample(&e, "", labels, 2, 0.25);
    exposition_sample(&e, "", labels, 1, 12345678901234.0);
    cr_assert_not(e.failed);
    cr_expect(bytes_equal(buf_view(&out), BYTES("# HELP redis_up it answers\n"
                                                "# TYPE redis_up gauge\n"
                                                "redis_up 1\n"
                                                "# HELP x_total x\n"
                                                "# TYPE x_total counter\n"
                                                "x_total{a=\"1\",b=\"\"} 0.25\n"
                                                "x_total{a=\"1\"} 12345678901234\n")),
              "%.*s", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
}

Test(exposition, no_text_of_a_client_leaves_its_label) {
    static const struct {
        struct bytes value;
        const char *shown;
    } rows[] = {
        {{(const uint8_t *)"a\"} 1\nfaked 2", 13}, "a\\\"} 1\\nfaked 2"},
        {{(const uint8_t *)"back\\slash", 10}, "back\\\\slash"},
        {{(const uint8_t *)"\xff\xc3\xa4\0\r", 5}, "\xef\xbf\xbd\xc3\xa4??"},
        {{(const uint8_t *)"<script>", 8}, "<script>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out, wanted;
        buf_init(&out, mem_system(), 1 << 16);
        buf_init(&wanted, mem_system(), 1 << 16);
        struct exposition e = {.out = &out, .family = "m"};
        exposition_sample(&e, "", &(struct exposition_label){"l", rows[i].value}, 1, 3);
        cr_assert_eq(buf_printf(&wanted, "m{l=\"%s\"} 3\n", rows[i].shown), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), buf_view(&wanted)), "%.*s", (int)out.len,
                  (const char *)out.data);
        buf_deinit(&out);
        buf_deinit(&wanted);
    }
}

Test(exposition, a_label_has_a_most) {
    static uint8_t text[1000];
    struct buf out;
    memset(text, 'x', sizeof text);
    buf_init(&out, mem_system(), 1 << 16);
    struct exposition e = {.out = &out, .family = "m"};
    exposition_sample(&e, "", &(struct exposition_label){"l", bytes_view(text, sizeof text)}, 1, 3);
    cr_expect_eq(out.len, strlen("m{l=\"\"} 3\n") + EXPOSITION_LABEL_BYTES_MAX);
    buf_deinit(&out);
}

Test(exposition, buckets_never_fall_and_end_in_the_count) {
    struct buf out;
    static struct histogram histogram;
    buf_init(&out, mem_system(), 1 << 16);
    for (uint64_t i = 0; i < 40; i++) histogram_record(&histogram, UINT64_C(1) << i);
    struct exposition e = {.out = &out};
    exposition_family(&e, "t", EXPOSITION_HISTOGRAM, "t");
    exposition_histogram(&e, &(struct exposition_label){"cmd", BYTES("get")}, &histogram, 1e-9);
    cr_assert_eq(buf_append_byte(&out, 0), BRINE_OK);
    unsigned long long before = 0, value = 0;
    size_t buckets = 0;
    for (char *line = (char *)out.data; (line = strstr(line, "t_bucket{cmd=\"get\",le=")); line++) {
        cr_assert_eq(sscanf(strchr(line, '}'), "} %llu", &value), 1);
        cr_expect_geq(value, before);
        before = value;
        buckets++;
    }
    cr_expect_eq(buckets, 14);
    cr_expect_eq(value, 40);
    cr_expect_not_null(strstr((char *)out.data, "t_count{cmd=\"get\"} 40\n"));
    cr_expect_not_null(strstr((char *)out.data, "le=\"1.024e-06\"} 10\n"));
    buf_deinit(&out);
}

Test(exposition, without_memory_it_says_that_it_failed) {
    struct failing_allocator mem;
    struct buf out;
    failing_init(&mem, 0);
    buf_init(&out, &mem.allocator, 1 << 16);
    struct exposition e = {.out = &out};
    exposition_single(&e, "m", EXPOSITION_GAUGE, "m", 1);
    cr_expect(e.failed);
    buf_deinit(&out);
}
