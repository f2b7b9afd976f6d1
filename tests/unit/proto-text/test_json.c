/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/json.h"

#include <criterion/criterion.h>
#include <math.h>

static void expect_text(struct json *json, const char *expected) {
    cr_expect_eq(json_finish(json), BRINE_OK);
    cr_expect(bytes_equal(buf_view(json->out), bytes_of_cstr(expected)), "gave %.*s, wanted %s",
              (int)json->out->len, (const char *)json->out->data, expected);
    buf_deinit(json->out);
}

static void start(struct json *json, struct buf *out) {
    buf_init(out, mem_system(), 1 << 16);
    json_init(json, out);
}

Test(json, commas_stand_where_they_belong) {
    struct buf out;
    struct json json;
    start(&json, &out);
    json_open_object(&json);
    json_key(&json, "a");
    json_int(&json, -1);
    json_key(&json, "b");
    json_open_array(&json);
    json_open_array(&json);
    json_close(&json);
    json_open_object(&json);
    json_close(&json);
    json_bool(&json, true);
    json_null(&json);
    json_close(&json);
    json_key(&json, "c");
    json_bool(&json, false);
    json_close(&json);
    expect_text(&json, "{\"a\":-1,\"b\":[[],{},true,null],\"c\":false}");
}

Test(json, a_lone_value_is_a_document) {
    struct buf out;
    struct json json;
    start(&json, &out);
    json_uint(&json, UINT64_MAX);
    expect_text(&json, "18446744073709551615");
}

Test(json, strings_are_escaped_and_always_utf8) {
    static const struct {
        struct bytes text;
        const char *json;
    } rows[] = {
        {BYTES(""), "\"\""},
        {BYTES("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
        {BYTES("\b\t\n\f\r\x01\x1f\x7f"), "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\""},
        {BYTES("a\0b"), "\"a\\u0000b\""},
        {BYTES("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {BYTES("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0"), "\"\\u0080\\u009b\\u009f\xC2\xA0\""},
        {BYTES("\xFFx\xC3"), "\"\\ufffdx\\ufffd\""},
        {BYTES("\xED\xA0\x80"), "\"\\ufffd\\ufffd\\ufffd\""},
        {BYTES("\xC0\x80\xF4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        struct json json;
        start(&json, &out);
        json_string(&json, rows[i].text);
        expect_text(&json, rows[i].json);
    }
}

Test(json, a_member_that_is_no_utf8_has_its_bytes_in_hex_beside_it) {
    static const struct {
        struct bytes text;
        const char *json;
    } rows[] = {
        {BYTES("k\xC3\xA9"), "{\"key\":\"k\xC3\xA9\"}"},
        {BYTES(""), "{\"key\":\"\"}"},
        {BYTES("k\xFF\0"), "{\"key\":\"k\\ufffd\\u0000\",\"key_hex\":\"6bff00\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        struct json json;
        start(&json, &out);
        json_open_object(&json);
        json_member(&json, "key", rows[i].text);
        json_close(&json);
        expect_text(&json, rows[i].json);
    }
}

Test(json, doubles_are_short_and_read_back) {
    static const struct {
        double value;
        const char *json;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1, "0.1"},
        {1.5, "1.5"},
        {1e300, "1e+300"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "4.94065645841247e-324"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        struct json json;
        start(&json, &out);
        json_double(&json, rows[i].value);
        expect_text(&json, rows[i].json);
    }
}

Test(json, depth_is_bounded) {
    struct buf out;
    struct json json;
    start(&json, &out);
    for (size_t i = 0; i < JSON_DEPTH_MAX; i++) json_open_array(&json);
    for (size_t i = 0; i < JSON_DEPTH_MAX; i++) json_close(&json);
    cr_expect_eq(json_finish(&json), BRINE_OK);
    json_init(&json, &out);
    for (size_t i = 0; i < JSON_DEPTH_MAX + 1; i++) json_open_object(&json), json_key(&json, "x");
    cr_expect_eq(json_finish(&json), BRINE_TOO_BIG);
    buf_deinit(&out);
}

Test(json, the_first_failure_is_kept) {
    struct buf out;
    buf_init(&out, mem_system(), 8);
    struct json json;
    json_init(&json, &out);
    json_open_array(&json);
    json_cstr(&json, "too long for it");
    json_int(&json, 1);
    json_close(&json);
    cr_expect_eq(json_finish(&json), BRINE_TOO_BIG);
    cr_expect_leq(out.len, 8);
    buf_deinit(&out);
}
