/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool number_parse_u64(struct bytes text, uint64_t *value) {
    if (text.len == 0 || text.len > NUMBER_I64_TEXT_BYTES) return false;
    if (text.data[0] == '0' && text.len > 1) return false;
    uint64_t total = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!byte_is_digit(text.data[i])) return false;
        if (mul_overflows(total, (uint64_t)10, &total)) return false;
        if (add_overflows(total, (uint64_t)(text.data[i] - '0'), &total)) return false;
    }
    *value = total;
    return true;
}

bool number_parse_i64(struct bytes text, int64_t *value) {
    bool negative = text.len > 0 && text.data[0] == '-';
    uint64_t magnitude;
    if (!number_parse_u64(negative ? bytes_slice(text, 1, text.len) : text, &magnitude))
        return false;
    if (negative) {
        if (magnitude == 0 || magnitude > (uint64_t)INT64_MAX + 1)
            return false; /* "-0" is no number */
        *value = (int64_t)(0 - magnitude);
        return true;
    }
    if (magnitude > INT64_MAX) return false;
    *value = (int64_t)magnitude;
    return true;
}

size_t number_format_u64(uint8_t target[static NUMBER_I64_TEXT_BYTES], uint64_t value) {
    uint8_t reversed[NUMBER_I64_TEXT_BYTES];
    size_t len = 0;
    do {
        reversed[len++] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < len; i++) target[i] = reversed[len - 1 - i];
    return len;
}

size_t number_format_i64(uint8_t target[static NUMBER_I64_TEXT_BYTES], int64_t value) {
    if (value >= 0) return number_format_u64(target, (uint64_t)value);
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    size_t len = number_format_u64(digits, 0 - (uint64_t)value);
    target[0] = '-';
    for (size_t i = 0; i < len; i++) target[i + 1] = digits[i];
    return len + 1;
}

static bool is_double_text(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!byte_is_digit(c) && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E')
            return false;
    }
    return text.len > 0;
}

bool number_parse_double(struct bytes text, double *value) {
    struct bytes unsigned_text = text;
    bool negative = text.len > 0 && text.data[0] == '-';
    if (text.len > 0 && (negative || text.data[0] == '+'))
        unsigned_text = bytes_slice(text, 1, text.len);
    if (bytes_is(unsigned_text, "inf") || bytes_is(unsigned_text, "infinity")) {
        *value = negative ? -INFINITY : INFINITY;
        return true;
    }
    if (bytes_is(unsigned_text, "nan")) {
        *value = NAN;
        return true;
    }
    char copy[256];
    if (text.len >= sizeof copy || !is_double_text(text)) return false;
    bytes_copy_to(copy, text);
    copy[text.len] = 0;
    char *end;
    double parsed = strtod(copy, &end);
    if (end != copy + text.len || isinf(parsed)) return false;
    *value = parsed;
    return true;
}

bool number_parse_lua(struct bytes text, double *value) {
    char copy[1024], *end;
    if (text.len >= sizeof copy) return false;
    bytes_copy_to(copy, text);
    copy[text.len] = 0;
    *value = strtod(copy, &end);
    if (end == copy) return false;
    if (*end == 'x' || *end == 'X') *value = (double)strtoul(copy, &end, 16);
    end += strspn(end, " \t\n\v\f\r");
    return *end == 0;
}

size_t number_format_double(uint8_t target[static NUMBER_DOUBLE_TEXT_BYTES], double value) {
    if (isnan(value)) return (size_t)snprintf((char *)target, NUMBER_DOUBLE_TEXT_BYTES, "nan");
    if (isinf(value))
        return (size_t)snprintf((char *)target, NUMBER_DOUBLE_TEXT_BYTES,
                                value > 0 ? "inf" : "-inf");
    return (size_t)snprintf((char *)target, NUMBER_DOUBLE_TEXT_BYTES, "%.17g", value);
}
