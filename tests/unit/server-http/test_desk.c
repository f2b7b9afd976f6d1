/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/desk.h"

#include <criterion/criterion.h>

Test(desk, a_field_is_found_among_the_keys_of_the_map_itself) {
    static const struct {
        const char *reply, *text;
    } rows[] = {
        {"%2\r\n+a\r\n+b\r\n+class\r\n$5\r\nlimit\r\n", "limit"},
        {"%2\r\n+a\r\n+class\r\n+b\r\n+c\r\n", ""},
        {"%2\r\n+a\r\n*2\r\n+class\r\n+x\r\n+class\r\n+y\r\n", "y"},
        {"%1\r\n+a\r\n*2\r\n+class\r\n+x\r\n", ""},
        {"%0\r\n", ""},
        {"-ERR class\r\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes text = http_desk_field(bytes_of_cstr(rows[i].reply), "class");
        cr_expect(bytes_equal(text, bytes_of_cstr(rows[i].text)), "row %zu: %.*s", i, (int)text.len,
                  (const char *)text.data);
    }
}

Test(desk, a_reply_becomes_the_same_as_JSON) {
    static const struct {
        const char *reply, *json;
        size_t most;
    } rows[] = {
        {":42\r\n", "42", 9},
        {"+OK\r\n", "\"OK\"", 9},
        {"$3\r\na\"b\r\n", "\"a\\\"b\"", 9},
        {"$8\r\n<script>\r\n", "\"<script>\"", 9},
        {"$2\r\n\xff\x01\r\n", "\"\\ufffd\\u0001\"", 9},
        {"=8\r\ntxt:view\r\n", "\"view\"", 9},
        {"_\r\n", "null", 9},
        {"#t\r\n", "true", 9},
        {",0.5\r\n", "0.5", 9},
        {"-ERR no\r\n", "{\"error\":\"ERR no\"}", 9},
        {"*0\r\n", "[]", 9},
        {"%0\r\n", "{}", 9},
        {"*2\r\n:1\r\n*1\r\n+a\r\n", "[1,[\"a\"]]", 9},
        {"%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n*0\r\n", "{\"a\":1,\"b\":{\"c\":[]}}", 9},
        {"*2\r\n%1\r\n+a\r\n:1\r\n%1\r\n+a\r\n:2\r\n", "[{\"a\":1},{\"a\":2}]", 9},
        {"*3\r\n:1\r\n:2\r\n:3\r\n", "[1,2]", 2},
        {"%3\r\n+a\r\n:1\r\n+b\r\n:2\r\n+c\r\n:3\r\n", "{\"a\":1,\"b\":2}", 2},
        {"*2\r\n*2\r\n:1\r\n:2\r\n*2\r\n:3\r\n:4\r\n", "[[1,2]]", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        struct json json;
        buf_init(&out, mem_system(), 1 << 16);
        json_init(&json, &out);
        http_json_reply(&json, bytes_of_cstr(rows[i].reply), rows[i].most);
        cr_assert_eq(json_finish(&json), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(rows[i].json)), "row %zu: %.*s", i,
                  (int)out.len, (const char *)out.data);
        buf_deinit(&out);
    }
}
