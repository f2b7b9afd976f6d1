/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: CPython Objects/unicodeobject.c unicode_repr, bytesobject.c PyBytes_Repr, pystrtod.c. */

#include "pickle/repr.h"

#include "base/number.h"
#include "pickle/unprintable.def"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- characters --- */

static bool hex_digits(struct bytes text, size_t at, size_t count, uint32_t *value) {
    if (at > text.len || text.len - at < count) return false;
    *value = 0;
    for (size_t i = at; i < at + count; i++) {
        uint8_t c = byte_lower(text.data[i]);
        bool letter = c >= 'a' && c <= 'f';
        if (!letter && !byte_is_digit(c)) return false;
        *value = *value << 4 | (uint32_t)(letter ? c - 'a' + 10 : c - '0');
    }
    return true;
}

static bool utf8_character(struct bytes text, size_t *at, uint32_t *point) {
    uint8_t first = text.data[*at];
    size_t length = first < 0x80   ? 1
                    : first < 0xc2 ? 0
                    : first < 0xe0 ? 2
                    : first < 0xf0 ? 3
                    : first < 0xf5 ? 4
                                   : 0;
    if (length == 0 || text.len - *at < length) return false;
    *point = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        uint8_t next = text.data[*at + i];
        if ((next & 0xc0) != 0x80) return false;
        *point = *point << 6 | (next & 0x3f);
    }
    *at += length;
    return !(length == 3 && *point < 0x800) &&
           !(length == 4 && (*point < 0x10000 || *point > 0x10ffff));
}

static bool octal_escape(struct bytes text, size_t *at, uint32_t *point) {
    *point = 0;
    size_t end = MIN(text.len, *at + 4);
    for (++*at; *at < end && text.data[*at] >= '0' && text.data[*at] <= '7'; ++*at)
        *point = *point << 3 | (uint32_t)(text.data[*at] - '0');
    *point &= 0xff;
    return true;
}

/* An unknown escape stands for itself: the backslash is one character, what follows the next. */
static bool string_character(struct bytes text, size_t *at, uint32_t *point) {
    static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
    *point = text.data[*at];
    if (*point != '\\') {
        ++*at;
        return true;
    }
    if (*at + 1 == text.len) return false;
    uint8_t c = text.data[*at + 1];
    if (c >= '0' && c <= '7') return octal_escape(text, at, point);
    if (c == 'x') {
        if (!hex_digits(text, *at + 2, 2, point)) return false;
        *at += 4;
        return true;
    }
    const char *found = c ? strchr(letters, c) : NULL;
    *at += found ? 2 : 1;
    if (found) *point = (uint8_t)meanings[found - letters];
    return true;
}

static bool unicode_character(struct bytes text, size_t *at, uint32_t *point) {
    *point = text.data[*at];
    uint8_t next = *at + 1 < text.len ? text.data[*at + 1] : 0;
    /* An odd number of backslashes before u makes an escape. */
    size_t run = 0;
    while (run < *at && text.data[*at - 1 - run] == '\\') run++;
    if (*point != '\\' || (next != 'u' && next != 'U') || run % 2) {
        ++*at;
        return true;
    }
    size_t digits = next == 'u' ? 4 : 8;
    if (!hex_digits(text, *at + 2, digits, point) || *point > 0x10ffff) return false;
    *at += 2 + digits;
    return true;
}

bool repr_character(struct bytes text, enum repr_text how, size_t *at, uint32_t *point) {
    switch (how) {
    case REPR_UTF8:
        return utf8_character(text, at, point);
    case REPR_LATIN1:
        *point = text.data[(*at)++];
        return true;
    case REPR_STRING:
        return string_character(text, at, point);
    case REPR_UNICODE:
        return unicode_character(text, at, point);
    }
    return false;
}

static bool is_printable(uint32_t point) {
    static const struct {
        uint32_t first, last;
    } runs[] = {
#define R(first, last) {first, last},
        PICKLE_UNPRINTABLE(R)
#undef R
    };
    if (point < 0x80) return point >= 0x20 && point < 0x7f;
    size_t low = 0, high = ARRAY_LEN(runs);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (point > runs[middle].last)
            low = middle + 1;
        else if (point < runs[middle].first)
            high = middle;
        else
            return false;
    }
    return true;
}

static enum brine_status append_character(struct buf *out, uint32_t point, char quote) {
    if (point == (uint32_t)quote || point == '\\') return buf_printf(out, "\\%c", (int)point);
    if (point == '\n') return buf_append(out, BYTES("\\n"));
    if (point == '\r') return buf_append(out, BYTES("\\r"));
    if (point == '\t') return buf_append(out, BYTES("\\t"));
    if (!is_printable(point))
        return buf_printf(out,
                          point < 0x100     ? "\\x%02x"
                          : point < 0x10000 ? "\\u%04x"
                                            : "\\U%08x",
                          point);
    if (point < 0x80) return buf_append_byte(out, (uint8_t)point);
    uint8_t utf8[4];
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6) utf8[i] = (uint8_t)(0x80 | (point & 0x3f));
    utf8[0] = (uint8_t)((0xf00u >> length) | point);
    return buf_append(out, bytes_view(utf8, length));
}

enum brine_status repr_str(struct buf *out, struct bytes text, enum repr_text how) {
    bool single = false, twofold = false;
    uint32_t point;
    for (size_t at = 0; at < text.len;) {
        if (!repr_character(text, how, &at, &point)) return BRINE_MALFORMED;
        single |= point == '\'';
        twofold |= point == '"';
    }
    char quote = single && !twofold ? '"' : '\'';
    TRY(buf_append_byte(out, (uint8_t)quote));
    for (size_t at = 0; at < text.len;) {
        if (!repr_character(text, how, &at, &point)) return BRINE_MALFORMED;
        TRY(append_character(out, point, quote));
    }
    return buf_append_byte(out, (uint8_t)quote);
}

enum brine_status repr_bytes(struct buf *out, struct bytes bytes) {
    bool single = bytes.len && memchr(bytes.data, '\'', bytes.len);
    bool twofold = bytes.len && memchr(bytes.data, '"', bytes.len);
    char quote = single && !twofold ? '"' : '\'';
    TRY(buf_printf(out, "b%c", quote));
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        if (c >= 0x80)
            TRY(buf_printf(out, "\\x%02x", c));
        else
            TRY(append_character(out, c, quote));
    }
    return buf_append_byte(out, (uint8_t)quote);
}

/* --- numbers --- */

static bool reads_back(const char *text, double value) {
    double read;
    return number_parse_double(bytes_of_cstr(text), &read) && read == value;
}

/* Writes d.ddde+xx of the fewest digits that read back as the value.  At a power of two the closest
 * decimal of that many digits may lie outside while its neighbour reads back, so that is tried too.
 */
static void shortest(char *text, size_t size, double value) {
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*e", digits - 1, value);
        if (reads_back(text, value)) return;
        char *last = strchr(text, 'e') - 1;
        if (digits < 15 || *last == '9' || *last == '0') continue;
        for (int step = -1; step <= 1; step += 2) {
            *last = (char)(*last + step);
            if (reads_back(text, value)) return;
            *last = (char)(*last - step);
        }
    }
}

/* As repr() has it; exponents below -4 and from 16 on are written with e. */
enum brine_status repr_float(struct buf *out, double value) {
    char text[40], digits[24];
    if (isnan(value)) return buf_append(out, BYTES("nan"));
    if (isinf(value)) return buf_append(out, value < 0 ? BYTES("-inf") : BYTES("inf"));
    shortest(text, sizeof text, value);
    const char *power = strchr(text, 'e') + 1;
    int exponent = 0, count = 0;
    for (const char *c = power + 1; *c; c++) exponent = exponent * 10 + (*c - '0');
    if (*power == '-') exponent = -exponent;
    for (const char *c = text; *c != 'e'; c++)
        if (byte_is_digit((uint8_t)*c)) digits[count++] = *c;
    while (count > 1 && digits[count - 1] == '0') count--;
    if (signbit(value)) TRY(buf_append_byte(out, '-'));
    if (exponent < -4 || exponent >= 16) {
        TRY(buf_append_byte(out, (uint8_t)digits[0]));
        if (count > 1) TRY(buf_printf(out, ".%.*s", count - 1, digits + 1));
        return buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    }
    if (exponent < 0) return buf_printf(out, "0.%.*s%.*s", -exponent - 1, "0000", count, digits);
    for (int i = 0; i <= exponent; i++)
        TRY(buf_append_byte(out, i < count ? (uint8_t)digits[i] : '0'));
    if (count <= exponent + 1) return buf_append(out, BYTES(".0"));
    return buf_printf(out, ".%.*s", count - exponent - 1, digits + exponent + 1);
}

/* Divides by ten to the ninth again and again, on 32-bit limbs that lie in `out` behind what is
 * there. */
static enum brine_status append_limbs(struct buf *out, uint32_t *limbs, size_t count) {
    enum { BILLION = 1000000000 };
    size_t start = out->len;
    while (count > 0) {
        uint64_t rest = 0;
        for (size_t i = count; i > 0; i--) {
            uint64_t part = rest << 32 | limbs[i - 1];
            limbs[i - 1] = (uint32_t)(part / BILLION);
            rest = part % BILLION;
        }
        while (count > 0 && limbs[count - 1] == 0) count--;
        for (int i = 0; i < 9 && (count > 0 || rest > 0); i++, rest /= 10)
            TRY(buf_append_byte(out, (uint8_t)('0' + rest % 10)));
    }
    if (out->len == start) return buf_append_byte(out, '0');
    for (size_t i = start, j = out->len - 1; i < j; i++, j--) {
        uint8_t digit = out->data[i];
        out->data[i] = out->data[j];
        out->data[j] = digit;
    }
    return BRINE_OK;
}

enum brine_status repr_long(struct buf *out, struct bytes bytes) {
    enum { LIMBS_MAX = 512 };
    uint32_t limbs[LIMBS_MAX] = {0};
    if (bytes.len > sizeof limbs) return BRINE_TOO_BIG;
    bool negative = bytes.len > 0 && bytes.data[bytes.len - 1] & 0x80;
    uint32_t carry = negative;
    size_t count = (bytes.len + 3) / 4;
    for (size_t i = 0; i < bytes.len; i++) {
        uint32_t byte = (negative ? (uint8_t)~bytes.data[i] : bytes.data[i]) + carry;
        carry = byte >> 8;
        limbs[i / 4] |= (byte & 0xff) << i % 4 * 8;
    }
    if (carry && bytes.len < sizeof limbs) {
        limbs[bytes.len / 4] |= 1u << bytes.len % 4 * 8;
        count = bytes.len / 4 + 1;
    }
    while (count > 0 && limbs[count - 1] == 0) count--;
    size_t start = out->len;
    enum brine_status status = negative ? buf_append_byte(out, '-') : BRINE_OK;
    if (status == BRINE_OK) status = append_limbs(out, limbs, count);
    /* Digits come from the last to the first: half of them would be another number. */
    if (status != BRINE_OK) out->len = start;
    return status;
}
