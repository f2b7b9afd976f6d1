/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/number.h"

#include <criterion/criterion.h>

Test(number, strict_integers_parse_and_everything_else_is_refused) {
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"-0", false, 0},
        {"+1", false, 0},
        {"01", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
        {"99999999999999999999999", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = 0;
        bool ok = number_parse_i64(bytes_of_cstr(rows[i].text), &value);
        cr_expect(ok == rows[i].ok && (!ok || value == rows[i].value), "'%s'", rows[i].text);
    }
}

Test(number, what_is_formatted_parses_to_the_same_integer) {
    static const int64_t values[] = {0, 1, -1, 10, -10, 1234567890, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        uint8_t text[NUMBER_I64_TEXT_BYTES];
        size_t len = number_format_i64(text, values[i]);
        int64_t back;
        cr_expect(number_parse_i64(bytes_view(text, len), &back) && back == values[i]);
    }
}
