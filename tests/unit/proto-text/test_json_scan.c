/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/json_scan.h"

#include <criterion/criterion.h>

Test(json_scan, takes_what_python_takes_and_refuses_what_is_no_json) {
    static const struct {
        struct bytes text;
        bool whole;
    } rows[] = {
        {BYTES("1"), true},           {BYTES(" -0.5e+7\r\n\t"), true},
        {BYTES("1E5"), true},         {BYTES("NaN"), true},
        {BYTES("-Infinity"), true},   {BYTES("null"), true},
        {BYTES("\"a\\\"b\""), true},  {BYTES("[]"), true},
        {BYTES("{}"), true},          {BYTES("[1, [2, {\"a\": [], \"a\": {}}]]"), true},
        {BYTES("\"\\ud800\""), true}, {BYTES("\"\xff\""), true},
        {BYTES(""), false},           {BYTES(" "), false},
        {BYTES("1 2"), false},        {BYTES("1,2"), false},
        {BYTES("\"a\":1"), false},    {BYTES("[1,]"), false},
        {BYTES("[,1]"), false},       {BYTES("[1 2]"), false},
        {BYTES("["), false},          {BYTES("]"), false},
        {BYTES("{\"a\":}"), false},   {BYTES("\"a"), false},
        {BYTES("\"a\\\""), false},    {BYTES("nul"), false},
        {BYTES("nulls"), false},      {BYTES("01"), false},
        {BYTES("1."), false},         {BYTES(".5"), false},
        {BYTES("1e"), false},         {BYTES("-"), false},
        {BYTES("+1"), false},         {BYTES("0x1"), false},
        {BYTES("name"), false},       {BYTES("'a'"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(json_is_whole(rows[i].text), rows[i].whole, "row %zu: %.*s", i,
                     (int)rows[i].text.len, (const char *)rows[i].text.data);
}

Test(json_scan, depth_has_no_bound_and_costs_nothing) {
    enum { DEPTH = 1000000 };
    static char text[2 * DEPTH];
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    cr_expect(json_is_whole(bytes_view(text, sizeof text)));
    cr_expect(!json_is_whole(bytes_view(text, sizeof text - 1)));
}

Test(json_scan, strings_decode_as_in_python) {
    static const struct {
        struct bytes raw, text;
    } rows[] = {
        {BYTES("plain"), BYTES("plain")},
        {BYTES("\\\"\\\\\\/\\b\\f\\n\\r\\t"), BYTES("\"\\/\b\f\n\r\t")},
        {BYTES("\\u0041\\u00e9\\u20ac"), BYTES("A\xc3\xa9\xe2\x82\xac")},
        {BYTES("\\u004a\\u004A"), BYTES("JJ")},
        {BYTES("\\ud83d\\ude00"), BYTES("\xf0\x9f\x98\x80")},
        {BYTES("\\ud83dx"), BYTES("\xef\xbf\xbdx")},
        {BYTES("\\ude00\\ud83d\\u0041"), BYTES("\xef\xbf\xbd\xef\xbf\xbd"
                                               "A")},
        {BYTES("\\u0000"), BYTES("\0")},
        {BYTES("\xc3\xa9"), BYTES("\xc3\xa9")},
        /* b'...'.decode(errors='replace') */
        {BYTES("\xff"), BYTES("\xef\xbf\xbd")},
        {BYTES("\xe2\x82x"), BYTES("\xef\xbf\xbdx")},
        {BYTES("\xe2\x28\xa1"), BYTES("\xef\xbf\xbd(\xef\xbf\xbd")},
        {BYTES("\xf0\x9f\x98"), BYTES("\xef\xbf\xbd")},
        {BYTES("\xf0\x80\x80"), BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {BYTES("\xed\xa0\x80"), BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {BYTES("\xf4\x90\x80\x80"), BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {BYTES("\xc0\x80\xf5"), BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {BYTES("\xe0\x9f"), BYTES("\xef\xbf\xbd\xef\xbf\xbd")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, mem_system(), 1 << 10);
        cr_expect_eq(json_string_decode(rows[i].raw, &out), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), rows[i].text), "row %zu: %.*s", i, (int)out.len,
                  (const char *)out.data);
        cr_expect_eq(json_string_is_verbatim(rows[i].raw), bytes_equal(rows[i].raw, rows[i].text),
                     "row %zu", i);
        buf_deinit(&out);
    }
    cr_expect(json_string_is(BYTES("b\\u006fdy"), BYTES("body")));
    cr_expect(json_string_is(BYTES(""), BYTES("")));
    cr_expect(!json_string_is(BYTES("bod"), BYTES("body")));
    cr_expect(!json_string_is(BYTES("bodyx"), BYTES("body")));
}
