/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A lexer and three bits of grammar: whether a value must come, whether a container was opened just
 * now, and how many are open.  Which kind each is need not be known to be generous. */

#include "text/json_scan.h"

#include "base/utf8.h"

/* ---- tokens -----------------------------------------------------------------------------------*/

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Python's pure scanner takes any Unicode digit. */
static bool is_digit(uint8_t c) {
    return byte_is_digit(c) || c >= 0x80;
}

static uint8_t byte_at(const struct json_scan *scan, size_t at) {
    return at < scan->text.len ? scan->text.data[at] : 0;
}

static size_t skip_digits(const struct json_scan *scan, size_t at) {
    while (is_digit(byte_at(scan, at))) at++;
    return at;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?; where it does not go on, it ends. */
static size_t number_length(const struct json_scan *scan) {
    size_t at = scan->at;
    if (byte_at(scan, at) == '-') at++;
    size_t digits = at;
    at = byte_at(scan, at) == '0' ? at + 1 : skip_digits(scan, at);
    if (at == digits) return 0;
    if (byte_at(scan, at) == '.' && is_digit(byte_at(scan, at + 1))) at = skip_digits(scan, at + 1);
    if (byte_lower(byte_at(scan, at)) == 'e') {
        size_t exponent = at + 1;
        uint8_t sign = byte_at(scan, exponent);
        if (sign == '-' || sign == '+') exponent++;
        if (is_digit(byte_at(scan, exponent))) at = skip_digits(scan, exponent);
    }
    return at - scan->at;
}

static size_t plain_length(const struct json_scan *scan) {
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity", "-Infinity"};
    struct bytes rest = bytes_slice(scan->text, scan->at, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (bytes_starts_with(rest, bytes_of_cstr(words[i]))) return strlen(words[i]);
    return number_length(scan);
}

/* The length of the text between the quotes, the first of which is at `at`; SIZE_MAX: no end. */
static size_t string_length(const struct json_scan *scan) {
    size_t from = scan->at + 1;
    for (size_t at = from; at < scan->text.len; at++) {
        uint8_t c = scan->text.data[at];
        if (c == '"') return at - from;
        if (c == '\\') at++;
    }
    return SIZE_MAX;
}

/* ---- grammar ----------------------------------------------------------------------------------*/

static bool take(struct json_scan *scan, struct json_token *token, enum json_token_kind kind,
                 size_t bytes) {
    *token = (struct json_token){kind, bytes_slice(scan->text, scan->at, bytes)};
    scan->at += bytes;
    scan->opened = kind == JSON_TOKEN_OPEN;
    scan->wants_value =
        kind == JSON_TOKEN_OPEN || kind == JSON_TOKEN_COMMA || kind == JSON_TOKEN_COLON;
    return true;
}

static bool fail(struct json_scan *scan) {
    scan->failed = true;
    return false;
}

static bool take_value(struct json_scan *scan, struct json_token *token, uint8_t first) {
    if (!scan->wants_value) return fail(scan);
    if (first == '{' || first == '[') {
        scan->depth++;
        return take(scan, token, JSON_TOKEN_OPEN, 1);
    }
    if (first == '"') {
        size_t length = string_length(scan);
        if (length == SIZE_MAX) return fail(scan);
        (void)take(scan, token, JSON_TOKEN_STRING, length + 2);
        token->text = bytes_slice(token->text, 1, length);
        return true;
    }
    size_t length = plain_length(scan);
    return length ? take(scan, token, JSON_TOKEN_PLAIN, length) : fail(scan);
}

bool json_scan_next(struct json_scan *scan, struct json_token *token) {
    if (scan->failed) return false;
    while (is_space(byte_at(scan, scan->at))) scan->at++;
    if (scan->at == scan->text.len)
        return scan->depth > 0 || scan->wants_value ? fail(scan) : false;
    uint8_t first = scan->text.data[scan->at];
    switch (first) {
    case '}':
    case ']':
        if (scan->depth == 0 || (scan->wants_value && !scan->opened)) return fail(scan);
        scan->depth--;
        return take(scan, token, JSON_TOKEN_CLOSE, 1);
    case ',':
    case ':':
        if (scan->depth == 0 || scan->wants_value) return fail(scan);
        return take(scan, token, first == ',' ? JSON_TOKEN_COMMA : JSON_TOKEN_COLON, 1);
    default:
        return take_value(scan, token, first);
    }
}

bool json_is_whole(struct bytes text) {
    struct json_scan scan = json_scan_over(text);
    struct json_token token;
    while (json_scan_next(&scan, &token)) {}
    return !scan.failed;
}

/* ---- strings ----------------------------------------------------------------------------------*/

enum { REPLACEMENT = 0xfffd };

static int hex_value(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX whose backslash is at `at`; UINT32_MAX when it is none. */
static uint32_t unit_at(struct bytes raw, size_t at) {
    struct bytes escape = bytes_slice(raw, at, 6);
    uint32_t unit = 0;
    if (escape.len < 6 || escape.data[0] != '\\' || escape.data[1] != 'u') return UINT32_MAX;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_value(escape.data[i]);
        if (digit < 0) return UINT32_MAX;
        unit = unit << 4 | (uint32_t)digit;
    }
    return unit;
}

static bool is_low_surrogate(uint32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* What the escape at `at` stands for; *length is how long it is written. */
static uint32_t decode_escape(struct bytes raw, size_t at, size_t *length) {
    uint8_t letter = at + 1 < raw.len ? raw.data[at + 1] : '\\';
    uint32_t unit = unit_at(raw, at);
    *length = MIN((size_t)2, raw.len - at);
    if (unit != UINT32_MAX) {
        *length = 6;
        if (unit >= 0xd800 && unit <= 0xdbff) {
            uint32_t low = unit_at(raw, at + 6);
            if (low != UINT32_MAX && is_low_surrogate(low)) {
                *length = 12;
                return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
            }
            return REPLACEMENT;
        }
        return is_low_surrogate(unit) ? REPLACEMENT : unit;
    }
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter < 0x80 ? letter : REPLACEMENT;
    }
}

/* How many bytes at `at`, which begin no well-formed character, are replaced together: those that
 * could have begun one.  Source: Unicode 15, 3.9, "maximal subparts"; Objects/stringlib/codecs.h.
 */
static size_t malformed_length(struct bytes raw, size_t at) {
    uint8_t lead = raw.data[at];
    size_t wanted = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    if (lead > 0xf4) wanted = 1;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    size_t length = 1;
    while (length < wanted && at + length < raw.len) {
        uint8_t c = raw.data[at + length];
        if (c < low || c > high) break;
        low = 0x80;
        high = 0xbf;
        length++;
    }
    return length;
}

/* One character of the string at *at, which moves behind it. */
static uint32_t next_point(struct bytes raw, size_t *at) {
    uint8_t c = raw.data[*at];
    uint32_t point = c;
    size_t length = 1;
    if (c == '\\') {
        point = decode_escape(raw, *at, &length);
    } else if (c >= 0x80) {
        length = utf8_decode(raw, *at, &point);
        if (length == 0) {
            point = REPLACEMENT;
            length = malformed_length(raw, *at);
        }
    }
    *at += length;
    return point;
}

bool json_string_is(struct bytes raw, struct bytes text) {
    size_t at = 0, matched = 0;
    while (at < raw.len && matched < text.len)
        if (next_point(raw, &at) != text.data[matched++]) return false;
    return at == raw.len && matched == text.len;
}

bool json_string_is_verbatim(struct bytes raw) {
    return (raw.len == 0 || !memchr(raw.data, '\\', raw.len)) && utf8_valid_prefix(raw) == raw.len;
}

/* What is one byte here becomes three at most, a malformed one. */
enum brine_status json_string_decode(struct bytes raw, struct buf *out) {
    for (size_t at = 0; at < raw.len;) {
        uint8_t encoded[UTF8_BYTES_MAX];
        size_t length = utf8_encode(encoded, next_point(raw, &at));
        TRY(buf_append(out, bytes_view(encoded, length)));
    }
    return BRINE_OK;
}
