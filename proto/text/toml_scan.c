/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/toml_scan.h"

#include "base/assert.h"
#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    WORD_BYTES_MAX = 128, /* of a number: the longest double needs far fewer */
    SHOWN_BYTES_MAX = 32, /* of what is quoted in a message */
};

/* ---- the cursor -------------------------------------------------------------------------------
 */

void toml_advance(struct toml_scan *scan, size_t count) {
    for (; count > 0; count--) {
        uint8_t c = scan->text.data[scan->here.offset++];
        if (c == '\n') {
            scan->here.line++;
            scan->here.column = 1;
        } else if ((c & 0xC0) != 0x80) { /* not the inside of a character */
            scan->here.column++;
        }
    }
}

void toml_skip_blank(struct toml_scan *scan, bool lines) {
    for (;;) {
        int c = toml_peek(scan, 0);
        bool skip = c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'));
        if (skip) {
            toml_advance(scan, 1);
        } else if (lines && c == '#') {
            while (toml_peek(scan, 0) != '\n' && toml_peek(scan, 0) != TOML_END)
                toml_advance(scan, 1);
        } else {
            return;
        }
    }
}

static size_t line_end_len(const struct toml_scan *scan) {
    if (toml_peek(scan, 0) == '\n') return 1;
    return toml_peek(scan, 0) == '\r' ? 2 : 0;
}

enum brine_status toml_expect_line_end(struct toml_scan *scan) {
    toml_skip_blank(scan, false);
    int c = toml_peek(scan, 0);
    if (c != '#' && c != TOML_END && line_end_len(scan) == 0)
        return toml_expected(scan, "the end of the line");
    toml_skip_blank(scan, true);
    return BRINE_OK;
}

/* ---- failures ---------------------------------------------------------------------------------
 */

void toml_describe_failure(struct toml_scan *scan, struct toml_place place,
                           enum brine_status status, const char *format, ...) {
    char text[BRINE_ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)brine_fail(scan->err, status, place.offset, "%u:%u: %s", place.line, place.column, text);
}

void toml_describe_expected(struct toml_scan *scan, const char *what) {
    struct toml_place here = scan->here;
    const char *found = NULL;
    if (toml_peek(scan, 0) == TOML_END)
        found = "the end of the text";
    else if (line_end_len(scan))
        found = "the end of the line";
    size_t len = utf8_decode(scan->text, here.offset, NULL);
    if (found)
        toml_describe_failure(scan, here, BRINE_MALFORMED, "expected %s, found %s", what, found);
    else
        toml_describe_failure(scan, here, BRINE_MALFORMED, "expected %s, found '%.*s'", what,
                              (int)len, (const char *)scan->text.data + here.offset);
}

static enum brine_status no_memory(struct toml_scan *scan) {
    return toml_scan_fail(scan, scan->here, BRINE_NO_MEMORY, "out of memory");
}

enum brine_status toml_check_text(struct toml_scan *scan) {
    struct toml_place start = scan->here;
    while (toml_peek(scan, 0) != TOML_END) {
        int c = toml_peek(scan, 0);
        size_t len = utf8_decode(scan->text, scan->here.offset, NULL);
        if (len == 0)
            return toml_scan_fail(scan, scan->here, BRINE_MALFORMED,
                                  "expected UTF-8 text, found the byte 0x%02x", (unsigned)c);
        if (c == '\r' && toml_peek(scan, 1) != '\n')
            return toml_scan_fail(scan, scan->here, BRINE_MALFORMED,
                                  "expected a line feed after the carriage return");
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return toml_scan_fail(scan, scan->here, BRINE_MALFORMED,
                                  "the control character U+%04X may only be written as an escape",
                                  (unsigned)c);
        toml_advance(scan, len);
    }
    scan->here = start;
    return BRINE_OK;
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static enum brine_status take_byte(struct toml_scan *scan) {
    enum brine_status status = buf_append_byte(&scan->scratch, (uint8_t)toml_peek(scan, 0));
    toml_advance(scan, 1);
    return status == BRINE_OK ? BRINE_OK : no_memory(scan);
}

static int hex_digit(int c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The cursor is at the 'u' of \uXXXX or the 'U' of \UXXXXXXXX. */
static enum brine_status scan_unicode_escape(struct toml_scan *scan, struct toml_place start) {
    size_t digits = toml_peek(scan, 0) == 'u' ? 4 : 8;
    toml_advance(scan, 1);
    uint32_t point = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(toml_peek(scan, 0));
        if (digit < 0) return toml_expected(scan, digits == 4 ? "4 hex digits" : "8 hex digits");
        point = point << 4 | (uint32_t)digit;
        toml_advance(scan, 1);
    }
    uint8_t encoded[UTF8_BYTES_MAX];
    size_t len = utf8_encode(encoded, point);
    if (len == 0)
        return toml_scan_fail(scan, start, BRINE_MALFORMED,
                              "expected a Unicode character, found the number %X", point);
    if (buf_append(&scan->scratch, bytes_view(encoded, len)) != BRINE_OK) return no_memory(scan);
    return BRINE_OK;
}

/* A backslash before a line end takes with it all blanks and line ends that follow. */
static bool skip_line_continuation(struct toml_scan *scan) {
    size_t ahead = 0;
    while (toml_peek(scan, ahead) == ' ' || toml_peek(scan, ahead) == '\t') ahead++;
    if (toml_peek(scan, ahead) != '\n' && toml_peek(scan, ahead) != '\r') return false;
    for (;;) {
        int c = toml_peek(scan, 0);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return true;
        toml_advance(scan, 1);
    }
}

static enum brine_status scan_escape(struct toml_scan *scan, bool multi_line) {
    struct toml_place start = scan->here;
    toml_advance(scan, 1);
    if (multi_line && skip_line_continuation(scan)) return BRINE_OK;
    int c = toml_peek(scan, 0);
    if (c == 'u' || c == 'U') return scan_unicode_escape(scan, start);
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (!letter) return toml_expected(scan, "one of b t n f r \" \\ u U after the backslash");
    toml_advance(scan, 1);
    if (buf_append_byte(&scan->scratch, (uint8_t)meant[letter - letters]) != BRINE_OK)
        return no_memory(scan);
    return BRINE_OK;
}

static bool at_three(const struct toml_scan *scan, int quote) {
    return toml_peek(scan, 0) == quote && toml_peek(scan, 1) == quote &&
           toml_peek(scan, 2) == quote;
}

/* Three quotes end the text, but up to two more before them belong to it: """a""""" is a"". */
static enum brine_status scan_multi_line(struct toml_scan *scan, int quote,
                                         struct toml_place start) {
    toml_advance(scan, 3);
    toml_advance(scan, line_end_len(scan)); /* a line end right after the quotes is not text */
    for (;;) {
        int c = toml_peek(scan, 0);
        if (c == TOML_END)
            return toml_scan_fail(scan, start, BRINE_MALFORMED,
                                  "expected %s to close the string that starts here",
                                  quote == '"' ? "\"\"\"" : "'''");
        if (at_three(scan, quote) && toml_peek(scan, 3) != quote) {
            toml_advance(scan, 3);
            return BRINE_OK;
        }
        if (at_three(scan, quote) && toml_peek(scan, 4) == quote && toml_peek(scan, 5) == quote)
            return toml_scan_fail(scan, scan->here, BRINE_MALFORMED,
                                  "expected at most five quotes in a row");
        if (quote == '"' && c == '\\')
            TRY(scan_escape(scan, true));
        else
            TRY(take_byte(scan));
    }
}

static enum brine_status scan_single_line(struct toml_scan *scan, int quote) {
    toml_advance(scan, 1);
    for (;;) {
        int c = toml_peek(scan, 0);
        if (c == TOML_END || line_end_len(scan))
            return toml_expected(scan,
                                 quote == '"' ? "\" to close the string" : "' to close the string");
        if (c == quote) {
            toml_advance(scan, 1);
            return BRINE_OK;
        }
        if (quote == '"' && c == '\\')
            TRY(scan_escape(scan, false));
        else
            TRY(take_byte(scan));
    }
}

static enum brine_status keep_scratch(struct toml_scan *scan, struct bytes *text) {
    *text = arena_copy(scan->arena, buf_view(&scan->scratch));
    return text->data ? BRINE_OK : no_memory(scan);
}

static enum brine_status scan_string(struct toml_scan *scan, bool multi_line_allowed,
                                     struct bytes *text) {
    struct toml_place start = scan->here;
    int quote = toml_peek(scan, 0);
    buf_clear(&scan->scratch);
    if (at_three(scan, quote)) {
        if (!multi_line_allowed)
            return toml_scan_fail(scan, start, BRINE_MALFORMED,
                                  "expected a key, found a string of several lines");
        TRY(scan_multi_line(scan, quote, start));
    } else {
        TRY(scan_single_line(scan, quote));
    }
    return keep_scratch(scan, text);
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static bool is_bare(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

enum brine_status toml_scan_key(struct toml_scan *scan, struct bytes *key) {
    int c = toml_peek(scan, 0);
    if (c == '"' || c == '\'') return scan_string(scan, false, key);
    if (!is_bare(c)) return toml_expected(scan, "a key");
    buf_clear(&scan->scratch);
    while (is_bare(toml_peek(scan, 0))) TRY(take_byte(scan));
    return keep_scratch(scan, key);
}

/* ---- one-word values --------------------------------------------------------------------------
 */

struct word {
    struct bytes text; /* as written */
    struct toml_place place;
};

static bool is_word(int c) {
    return is_bare(c) || c == '+' || c == '.' || c == ':';
}

static bool is_digit_at(struct bytes text, size_t at) {
    return at < text.len && byte_is_digit(text.data[at]);
}

/* 1979-05-27... or 07:32... */
static bool is_date_or_time(struct bytes text) {
    size_t digits = 0;
    while (is_digit_at(text, digits)) digits++;
    if (digits >= text.len) return false;
    return (digits == 4 && text.data[4] == '-') || (digits == 2 && text.data[2] == ':');
}

static enum brine_status bad_word(struct toml_scan *scan, const struct word *word,
                                  const char *expected) {
    bool cut = word->text.len > SHOWN_BYTES_MAX;
    return toml_scan_fail(scan, word->place, BRINE_MALFORMED, "expected %s, found '%.*s%s'",
                          expected, (int)(cut ? SHOWN_BYTES_MAX : word->text.len),
                          (const char *)word->text.data, cut ? "..." : "");
}

/* The digits of text from *at on into digits, without their underscores, each of which stands
 * between two digits.  False when there are none, or an underscore stands elsewhere. */
static bool take_digits(struct bytes text, size_t *at, int base, char *digits, size_t *len) {
    bool after_digit = false;
    while (*at < text.len) {
        uint8_t c = text.data[*at];
        int digit = hex_digit(c);
        if (digit >= 0 && digit < base) {
            digits[(*len)++] = (char)c;
            after_digit = true;
        } else if (c == '_' && after_digit) {
            after_digit = false;
        } else {
            break;
        }
        (*at)++;
    }
    return after_digit;
}

static enum brine_status scan_based_integer(struct toml_scan *scan, const struct word *word,
                                            int base, struct toml_value *value) {
    const char *expected = base == 16  ? "hex digits after 0x"
                           : base == 8 ? "octal digits after 0o"
                                       : "binary digits after 0b";
    char digits[WORD_BYTES_MAX];
    size_t at = 2, len = 0;
    if (!take_digits(word->text, &at, base, digits, &len) || at != word->text.len)
        return bad_word(scan, word, expected);
    int64_t total = 0;
    for (size_t i = 0; i < len; i++) {
        if (mul_overflows(total, (int64_t)base, &total) ||
            add_overflows(total, (int64_t)hex_digit(digits[i]), &total))
            return bad_word(scan, word, "an integer of 64 bits");
    }
    value->kind = TOML_INTEGER;
    value->integer = total;
    return BRINE_OK;
}

/* [+-] digits [. digits] [e [+-] digits], without underscores, into number; false when misshapen.
 */
static bool clean_number(struct bytes text, char *number, size_t *len, bool *is_float) {
    size_t at = 0;
    *len = 0;
    *is_float = false;
    bool has_sign = text.data[0] == '+' || text.data[0] == '-';
    if (has_sign) number[(*len)++] = (char)text.data[at++];
    bool leading_zero = at + 1 < text.len && text.data[at] == '0' &&
                        (is_digit_at(text, at + 1) || text.data[at + 1] == '_');
    if (leading_zero || !take_digits(text, &at, 10, number, len)) return false;
    if (at < text.len && text.data[at] == '.') {
        *is_float = true;
        number[(*len)++] = (char)text.data[at++];
        if (!take_digits(text, &at, 10, number, len)) return false;
    }
    if (at < text.len && byte_lower(text.data[at]) == 'e') {
        *is_float = true;
        number[(*len)++] = (char)text.data[at++];
        if (at < text.len && (text.data[at] == '+' || text.data[at] == '-'))
            number[(*len)++] = (char)text.data[at++];
        if (!take_digits(text, &at, 10, number, len)) return false;
    }
    return at == text.len;
}

static enum brine_status scan_number(struct toml_scan *scan, const struct word *word,
                                     struct toml_value *value) {
    char number[WORD_BYTES_MAX];
    size_t len;
    bool is_float;
    if (!clean_number(word->text, number, &len, &is_float))
        return bad_word(scan, word, "a number as TOML writes it");
    struct bytes clean = bytes_view(number, len);
    if (is_float) {
        value->kind = TOML_FLOAT;
        if (!number_parse_double(clean, &value->real))
            return bad_word(scan, word, "a float within range");
        return BRINE_OK;
    }
    if (number[0] == '+' || bytes_equal(clean, BYTES("-0"))) clean = bytes_slice(clean, 1, len);
    value->kind = TOML_INTEGER;
    if (!number_parse_i64(clean, &value->integer))
        return bad_word(scan, word, "an integer of 64 bits");
    return BRINE_OK;
}

static bool scan_named_value(struct bytes text, struct toml_value *value) {
    if (bytes_equal(text, BYTES("true")) || bytes_equal(text, BYTES("false"))) {
        value->kind = TOML_BOOLEAN;
        value->boolean = text.len == 4;
        return true;
    }
    bool has_sign = text.data[0] == '+' || text.data[0] == '-';
    struct bytes name = bytes_slice(text, has_sign ? 1 : 0, text.len);
    bool is_inf = bytes_equal(name, BYTES("inf")), is_nan = bytes_equal(name, BYTES("nan"));
    if (!is_inf && !is_nan) return false;
    value->kind = TOML_FLOAT;
    value->real = is_nan ? NAN : text.data[0] == '-' ? -INFINITY : INFINITY;
    return true;
}

enum brine_status toml_scan_scalar(struct toml_scan *scan, struct toml_value *value) {
    int c = toml_peek(scan, 0);
    if (c == '"' || c == '\'') {
        value->kind = TOML_STRING;
        return scan_string(scan, true, &value->string);
    }
    if (!is_word(c)) return toml_expected(scan, "a value");
    struct word word = {.place = scan->here};
    while (is_word(toml_peek(scan, 0))) toml_advance(scan, 1);
    word.text = bytes_slice(scan->text, word.place.offset, scan->here.offset - word.place.offset);
    if (scan_named_value(word.text, value)) return BRINE_OK;
    if (is_date_or_time(word.text))
        return toml_scan_fail(scan, word.place, BRINE_MALFORMED,
                              "dates and times are not supported; write a string");
    bool has_sign = c == '+' || c == '-';
    if (!is_digit_at(word.text, has_sign ? 1 : 0))
        return bad_word(scan, &word, "a value (text stands in quotes)");
    if (word.text.len > WORD_BYTES_MAX)
        return bad_word(scan, &word, "a number of at most 128 characters");
    int prefix = c == '0' && word.text.len > 1 ? word.text.data[1] : 0;
    if (prefix == 'x') return scan_based_integer(scan, &word, 16, value);
    if (prefix == 'o') return scan_based_integer(scan, &word, 8, value);
    if (prefix == 'b') return scan_based_integer(scan, &word, 2, value);
    return scan_number(scan, &word, value);
}
