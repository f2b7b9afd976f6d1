/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Arguments written as text.  CPython's C and Python unpicklers read text numbers by different
 * rules (base prefixes, blanks, underscores, NUL, leading zeros); only what both read alike, and
 * what every pickler writes, passes here. */

#include "base/number.h"
#include "pickle/machine.h"

bool take_line(struct machine *m, struct bytes *line) {
    const uint8_t *from = m->data + m->at;
    const uint8_t *newline = memchr(from, '\n', m->end - m->at);
    if (!newline) {
        bool straddles = m->framed && memchr(from, '\n', m->len - m->at);
        return refuse(m, straddles ? PICKLE_FRAME_STRADDLED : PICKLE_END_IN_ARGUMENT);
    }
    *line = bytes_view(from, (size_t)(newline - from));
    m->at += (uint32_t)line->len + 1;
    m->heap += line->len;
    return true;
}

static size_t count_digits(struct bytes text, size_t from) {
    size_t at = from;
    while (at < text.len && byte_is_digit(text.data[at])) at++;
    return at - from;
}

/* -?(0|[1-9][0-9]*), and not "-0", which C reads as a bool. */
static bool is_decimal(struct bytes text) {
    size_t sign = text.len > 0 && text.data[0] == '-';
    size_t digits = count_digits(text, sign);
    if (digits == 0 || sign + digits != text.len) return false;
    return text.data[sign] != '0' || text.len == 1;
}

static bool push_decimal(struct machine *m, struct bytes text) {
    if (text.len > m->limits->digits_max)
        return refuse_limit(m, PICKLE_DIGITS, text.len, m->limits->digits_max);
    if (!is_decimal(text)) return refuse(m, PICKLE_TEXT);
    int64_t value;
    if (number_parse_i64(text, &value))
        return push(m, (struct pickle_value){.kind = PICKLE_KIND_INT, .b = (uint64_t)value});
    m->long_most = (uint32_t)MAX(m->long_most, text.len);
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_LONG,
                                         .flags = VALUE_TEXT,
                                         .a = (uint32_t)text.len,
                                         .b = (uint64_t)(text.data - m->data)});
}

bool step_int(struct machine *m) {
    struct bytes line;
    if (!take_line(m, &line)) return false;
    bool is_true = bytes_equal(line, BYTES("01"));
    if (is_true || bytes_equal(line, BYTES("00")))
        return push(m, (struct pickle_value){.kind = PICKLE_KIND_BOOL, .b = is_true});
    return push_decimal(m, line);
}

bool step_long(struct machine *m) {
    struct bytes line;
    if (!take_line(m, &line)) return false;
    if (line.len == 0 || line.data[line.len - 1] != 'L') return refuse(m, PICKLE_TEXT);
    return push_decimal(m, bytes_slice(line, 0, line.len - 1));
}

/* -?digits[.digits][e[+-]digits], or a word as repr() writes it. */
static bool is_float(struct bytes text) {
    size_t at = text.len > 0 && text.data[0] == '-';
    struct bytes word = bytes_slice(text, at, text.len);
    if (bytes_equal(word, BYTES("inf")) || bytes_equal(text, BYTES("nan"))) return true;
    size_t digits = count_digits(text, at);
    if (digits == 0) return false;
    at += digits;
    if (at < text.len && text.data[at] == '.') at += 1 + count_digits(text, at + 1);
    if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
        at++;
        at += at < text.len && (text.data[at] == '+' || text.data[at] == '-');
        digits = count_digits(text, at);
        if (digits == 0) return false;
        at += digits;
    }
    return at == text.len;
}

bool step_float(struct machine *m) {
    struct bytes line;
    double value;
    if (!take_line(m, &line)) return false;
    /* An overflow ends number_parse_double too: C raises there, Python reads infinity. */
    if (!is_float(line) || !number_parse_double(line, &value)) return refuse(m, PICKLE_TEXT);
    struct pickle_value pushed = {.kind = PICKLE_KIND_FLOAT};
    memcpy(&pushed.b, &value, sizeof value);
    return push(m, pushed);
}

bool take_index(struct machine *m, uint32_t *index) {
    struct bytes line;
    uint64_t value;
    if (!take_line(m, &line)) return false;
    if (!number_parse_u64(line, &value) || !is_decimal(line)) return refuse(m, PICKLE_TEXT);
    /* Saturated: no memo reaches so far, so that the opcode refuses it by its own rule. */
    *index = (uint32_t)MIN(value, (uint64_t)UINT32_MAX - 1);
    return true;
}

static bool is_hex(uint8_t c) {
    return byte_is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'f');
}

static uint32_t hex_value(uint8_t c) {
    return (uint32_t)(byte_is_digit(c) ? c - '0' : byte_lower(c) - 'a' + 10);
}

/* The character that an escape of an 8-bit string at text[*at] stands for; moves *at behind it.
 * Only what repr() writes: what Python would warn about or will refuse some day is refused. */
static bool string_escape(struct bytes text, size_t *at, uint32_t *point) {
    static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
    if (*at + 1 >= text.len) return false;
    uint8_t c = text.data[*at + 1];
    if (c == 'x') {
        if (*at + 3 >= text.len || !is_hex(text.data[*at + 2]) || !is_hex(text.data[*at + 3]))
            return false;
        *point = hex_value(text.data[*at + 2]) << 4 | hex_value(text.data[*at + 3]);
        *at += 4;
        return true;
    }
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found) return false;
    *point = (uint8_t)meanings[found - letters];
    *at += 2;
    return true;
}

bool step_string(struct machine *m) {
    struct bytes line;
    if (!take_line(m, &line)) return false;
    m->seen_8bit = true;
    if (line.len < 2 || (line.data[0] != '\'' && line.data[0] != '"') ||
        line.data[0] != line.data[line.len - 1])
        return refuse(m, PICKLE_TEXT);
    struct bytes inner = bytes_slice(line, 1, line.len - 2);
    uint8_t flags = VALUE_8BIT;
    uint64_t last = 0;
    for (size_t at = 0; at < inner.len;) {
        uint32_t point;
        if (inner.data[at] != '\\') {
            protocols_note_character(m, &last, inner.data[at++]);
            continue;
        }
        flags |= VALUE_ESCAPES;
        if (!string_escape(inner, &at, &point)) return refuse(m, PICKLE_TEXT);
        protocols_note_character(m, &last, point);
    }
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_STR,
                                         .flags = flags,
                                         .a = (uint32_t)inner.len,
                                         .b = (uint64_t)(inner.data - m->data)});
}

/* The character at text[*at] of raw-unicode-escape; moves *at behind it.  A backslash before
 * anything but u and U stands for itself, and so does what follows it. */
static bool raw_unicode_character(struct bytes text, size_t *at, uint32_t *point) {
    *point = text.data[*at];
    bool escape = *point == '\\' && *at + 1 < text.len &&
                  (text.data[*at + 1] == 'u' || text.data[*at + 1] == 'U');
    if (!escape) {
        *at += 1;
        return true;
    }
    size_t digits = text.data[*at + 1] == 'u' ? 4 : 8;
    if (text.len - *at - 2 < digits) return false;
    *point = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = text.data[*at + 2 + i];
        if (!is_hex(c)) return false;
        *point = *point << 4 | hex_value(c);
    }
    *at += 2 + digits;
    return *point <= 0x10ffff;
}

/* Two backslashes are two characters, and the second one starts no escape. */
static bool raw_unicode_next(struct bytes text, size_t *at, uint32_t *point, bool *literal_next) {
    if (*literal_next) {
        *literal_next = false;
        *point = text.data[(*at)++];
        return true;
    }
    if (!raw_unicode_character(text, at, point)) return false;
    *literal_next = *point == '\\' && text.data[*at - 1] == '\\' && *at < text.len;
    return true;
}

bool step_unicode(struct machine *m) {
    struct bytes line;
    if (!take_line(m, &line)) return false;
    uint8_t flags = 0;
    bool literal_next = false;
    uint64_t last = 0;
    for (size_t at = 0; at < line.len;) {
        uint32_t point;
        uint8_t first = line.data[at];
        if (first == '\\') flags |= VALUE_ESCAPES;
        if (first >= 0x80) flags |= VALUE_LATIN1;
        if (!raw_unicode_next(line, &at, &point, &literal_next)) return refuse(m, PICKLE_TEXT);
        protocols_note_character(m, &last, point);
    }
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_STR,
                                         .flags = flags,
                                         .a = (uint32_t)line.len,
                                         .b = (uint64_t)(line.data - m->data)});
}

/* UTF-8 as Python's "surrogatepass" takes it: lone surrogates are characters. */
static size_t utf8_character(const uint8_t *at, size_t left, uint32_t *point) {
    uint8_t c = at[0];
    size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (length == 0 || left < length) return 0;
    uint32_t value = length == 1 ? c : c & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && (value < 0x10000 || value > 0x10ffff)))
        return 0;
    *point = value;
    return length;
}

static __attribute__((noinline)) bool utf8_valid_from(struct bytes text, size_t at) {
    while (at < text.len) {
        uint64_t word;
        if (text.len - at >= sizeof word) {
            memcpy(&word, text.data + at, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                at += sizeof word;
                continue;
            }
        }
        uint32_t point;
        size_t length = utf8_character(text.data + at, text.len - at, &point);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

bool utf8_valid(struct bytes text) {
    return ascii_valid(text.data, text.len) || utf8_valid_from(text, 0);
}

static size_t utf8_write(uint8_t *target, uint32_t point) {
    if (point < 0x80) {
        target[0] = (uint8_t)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        target[i] = (uint8_t)(0x80 | (point & 0x3f));
    target[0] = (uint8_t)((0xf00u >> length) | point);
    return length;
}

/* The next character of a str, however it is written; the value passed its opcode's check. */
static bool next_character(struct bytes raw, uint8_t flags, size_t *at, uint32_t *point,
                           bool *literal_next) {
    if (flags & VALUE_8BIT) {
        if (flags & VALUE_ESCAPES && raw.data[*at] == '\\') return string_escape(raw, at, point);
        *point = raw.data[(*at)++];
        return true;
    }
    if (flags & (VALUE_ESCAPES | VALUE_LATIN1))
        return raw_unicode_next(raw, at, point, literal_next);
    size_t length = utf8_character(raw.data + *at, raw.len - *at, point);
    *at += length;
    return length > 0;
}

struct bytes text_of(const struct machine *m, struct pickle_value value,
                     uint8_t buffer[static TEXT_BYTES_MAX]) {
    struct bytes raw = payload(m, value);
    if (!(value.flags & (VALUE_ESCAPES | VALUE_LATIN1)) || raw.len > TEXT_RAW_BYTES_MAX) return raw;
    size_t length = 0;
    bool literal_next = false;
    for (size_t at = 0; at < raw.len;) {
        uint32_t point;
        if (!next_character(raw, value.flags, &at, &point, &literal_next)) break;
        length += utf8_write(buffer + length, point);
    }
    return bytes_view(buffer, length);
}

bool latin1_length(struct machine *m, struct pickle_value value, uint32_t *characters) {
    struct bytes raw = payload(m, value);
    bool literal_next = false;
    *characters = 0;
    for (size_t at = 0; at < raw.len; (*characters)++) {
        uint32_t point;
        if (!next_character(raw, value.flags, &at, &point, &literal_next) || point > 0xff)
            return false;
    }
    return true;
}

uint32_t latin1_copy(const struct machine *m, struct pickle_value value, uint8_t *buffer,
                     uint32_t most) {
    struct bytes raw = payload(m, value);
    bool literal_next = false;
    uint32_t count = 0;
    for (size_t at = 0; at < raw.len && count <= most; count++) {
        uint32_t point;
        if (!next_character(raw, value.flags, &at, &point, &literal_next)) break;
        if (count < most) buffer[count] = (uint8_t)point;
    }
    return count;
}

uint64_t latin1_digest(const struct machine *m, struct pickle_value value) {
    enum { WORD_BYTES = 8 };
    struct bytes raw = payload(m, value);
    bool literal_next = false;
    uint64_t word = 0, hash = 0xcbf29ce484222325u, count = 0;
    for (size_t at = 0; at < raw.len; count++) {
        uint32_t point;
        if (!next_character(raw, value.flags, &at, &point, &literal_next)) break;
        if (count < WORD_BYTES) word |= (uint64_t)point << count * 8;
        hash = (hash ^ point) * 0x100000001b3u;
    }
    return count <= WORD_BYTES ? word : hash;
}

/* --- numbers that are arguments of calls --- */

static size_t skip_digits(struct bytes text, size_t at) {
    while (at < text.len && byte_is_digit(text.data[at])) at++;
    return at;
}

bool text_is_fraction(struct bytes text) {
    size_t from = text.len > 0 && text.data[0] == '-', at = skip_digits(text, from);
    if (at == from) return false;
    if (at == text.len) return true;
    if (text.data[at] != '/' || at + 1 == text.len) return false;
    return skip_digits(text, at + 1) == text.len;
}

bool text_is_decimal(struct bytes text) {
    enum { EXPONENT_MAX = 999999 };
    size_t at = text.len > 0 && text.data[0] == '-';
    struct bytes rest = bytes_slice(text, at, text.len);
    if (bytes_equal(rest, BYTES("Infinity"))) return true;
    bool nan = bytes_starts_with(rest, BYTES("NaN")), snan = bytes_starts_with(rest, BYTES("sNaN"));
    if (nan || snan) return skip_digits(rest, nan ? 3 : 4) == rest.len;
    size_t digits = skip_digits(text, at);
    if (digits == at) return false;
    at = digits;
    if (at < text.len && text.data[at] == '.') at = skip_digits(text, at + 1);
    if (at == text.len) return true;
    if (text.data[at] != 'E' && text.data[at] != 'e') return false;
    at++;
    at += at < text.len && (text.data[at] == '+' || text.data[at] == '-');
    uint64_t exponent;
    struct bytes power = bytes_slice(text, at, text.len);
    return number_parse_u64(power, &exponent) && exponent <= EXPONENT_MAX;
}
