/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/utf8.h"

#include <criterion/criterion.h>

Test(utf8, every_character_comes_back_and_nothing_else_is_one) {
    for (uint32_t point = 0; point < 0x110100; point++) {
        uint8_t text[UTF8_BYTES_MAX];
        uint32_t back = UINT32_MAX;
        bool exists = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        size_t len = utf8_encode(text, point);
        cr_assert_eq(len > 0, exists, "U+%X", point);
        if (!exists) continue;
        cr_assert_eq(utf8_decode(bytes_view(text, len), 0, &back), len, "U+%X", point);
        cr_assert_eq(back, point);
        cr_assert_eq(utf8_decode(bytes_view(text, len - 1), 0, NULL), 0, "U+%X cut off", point);
    }
}

Test(utf8, malformed_bytes_are_found_where_they_are) {
    static const struct {
        struct bytes text;
        size_t valid;
    } rows[] = {
        {BYTES(""), 0},
        {BYTES("plain"), 5},
        {BYTES("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 9},
        {BYTES("a\x80"), 1},            /* a tail alone */
        {BYTES("ab\xC3"), 2},           /* cut off */
        {BYTES("ab\xC3("), 2},          /* no tail */
        {BYTES("\xC0\x80"), 0},         /* overlong NUL */
        {BYTES("\xC1\xBF"), 0},         /* overlong DEL */
        {BYTES("\xE0\x80\x80"), 0},     /* overlong in three */
        {BYTES("\xF0\x80\x80\x80"), 0}, /* overlong in four */
        {BYTES("x\xED\xA0\x80"), 1},    /* a surrogate */
        {BYTES("\xF4\x90\x80\x80"), 0}, /* above U+10FFFF */
        {BYTES("\xF5\x80\x80\x80"), 0}, /* no such lead */
        {BYTES("\xF8\x88\x80\x80\x80"), 0},
        {BYTES("\xFF"), 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(utf8_valid_prefix(rows[i].text), rows[i].valid, "row %zu", i);
    cr_expect_eq(utf8_decode(BYTES("a"), 1, NULL), 0);
}

Test(utf8, a_malformed_byte_is_found_at_every_place_of_a_long_text) {
    enum { LENGTH = 40 };
    uint8_t text[LENGTH];
    for (size_t bad = 0; bad < LENGTH; bad++)
        for (size_t at = 0; at + 1 < LENGTH; at++) {
            if (bad == at || bad == at + 1) continue;
            memset(text, 'a', sizeof text);
            bytes_copy_to(text + at, BYTES("\xC3\xA9"));
            text[bad] = 0xFF;
            cr_expect_eq(utf8_valid_prefix(bytes_view(text, LENGTH)), bad, "%zu, %zu", bad, at);
        }
}
