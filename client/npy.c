/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* {'descr': TYPE, 'fortran_order': False, 'shape': (3, 4), }  then blanks and a line's end.
 * TYPE: '<f8', '|O', '<M8[ns]', or [('name', TYPE), ('other', TYPE, (2, 3))]. */
#include "client/npy.h"

#include "base/reader.h"

enum { DEPTH_MAX = 16, DESCR = 1, FORTRAN_ORDER = 2, SHAPE = 4, ALL_KEYS = 7 };

struct parser {
    struct reader reader;
    bool objects;
};

static bool next_is(const struct parser *parser, char c) {
    const struct reader *reader = &parser->reader;
    return !reader_at_end(reader) && reader->data[reader->offset] == (uint8_t)c;
}

static void skip_blanks(struct parser *parser) {
    while (next_is(parser, ' ')) parser->reader.offset++;
}

/* Takes c and the blanks behind it; false when something else stands there. */
static bool take(struct parser *parser, char c) {
    if (!next_is(parser, c)) return false;
    parser->reader.offset++;
    skip_blanks(parser);
    return true;
}

/* A string with nothing in it that Python would read as something else. */
static bool take_string(struct parser *parser, struct bytes *text) {
    struct reader *reader = &parser->reader;
    if (!next_is(parser, '\'')) return false;
    size_t from = ++reader->offset;
    for (; !reader_at_end(reader) && !next_is(parser, '\''); reader->offset++) {
        uint8_t c = reader->data[reader->offset];
        if (c < 0x20 || c == 0x7f || c == '\\') return false;
    }
    *text = bytes_view(reader->data + from, reader->offset - from);
    return take(parser, '\'');
}

static bool take_word(struct parser *parser, const char *word) {
    struct reader *reader = &parser->reader;
    struct bytes rest =
        bytes_slice(bytes_view(reader->data, reader->len), reader->offset, reader->len);
    if (!bytes_starts_with(rest, bytes_of_cstr(word))) return false;
    reader->offset += strlen(word);
    skip_blanks(parser);
    return true;
}

/* The decimal number at *at, which is moved behind it. */
static bool parse_number(struct bytes text, size_t *at, size_t *number) {
    size_t from = *at;
    *number = 0;
    for (; *at < text.len && byte_is_digit(text.data[*at]); ++*at)
        if (__builtin_mul_overflow(*number, (size_t)10, number) ||
            __builtin_add_overflow(*number, (size_t)(text.data[*at] - '0'), number))
            return false;
    return *at > from && (text.data[from] != '0' || *at == from + 1);
}

/* (), (3,), (3, 4): multiplies *count by each. */
static bool take_shape(struct parser *parser, size_t *count) {
    struct reader *reader = &parser->reader;
    if (!take(parser, '(')) return false;
    for (size_t numbers = 0; !take(parser, ')'); numbers++) {
        size_t number;
        if (!parse_number(bytes_view(reader->data, reader->len), &reader->offset, &number) ||
            __builtin_mul_overflow(*count, number, count))
            return false;
        skip_blanks(parser);
        if (!take(parser, ',') && (numbers == 0 || !next_is(parser, ')'))) return false;
    }
    return true;
}

/* '<f8': one value's bytes. '|O' has none that count. */
static bool take_plain_type(struct parser *parser, size_t *bytes) {
    struct bytes text;
    size_t at = 2;
    if (!take_string(parser, &text) || text.len < 2) return false;
    if (!memchr("<>|=", text.data[0], 4)) return false;
    uint8_t kind = text.data[1];
    *bytes = 0;
    if (kind == 'O') {
        parser->objects = true;
        return text.len == 2 || bytes_equal(text, BYTES("|O8")) || bytes_equal(text, BYTES("|O4"));
    }
    if (!memchr("biufcSUVmM", kind, 10) || !parse_number(text, &at, bytes) || *bytes == 0)
        return false;
    if (kind == 'U' && __builtin_mul_overflow(*bytes, (size_t)4, bytes)) return false;
    if (at == text.len) return true;
    if ((kind != 'm' && kind != 'M') || text.data[at++] != '[') return false;
    size_t unit = at;
    while (at < text.len && (byte_is_digit(text.data[at]) || byte_lower(text.data[at]) >= 'a'))
        at++;
    return at > unit && at + 1 == text.len && text.data[at] == ']';
}

/* "('name', " */
static bool take_field_name(struct parser *parser) {
    struct bytes name;
    return take(parser, '(') && take_string(parser, &name) && take(parser, ',');
}

/* A type may be a list of fields, each with a type: `sums` has the bytes of those not yet closed.
 */
static bool take_type(struct parser *parser, size_t *bytes) {
    size_t sums[DEPTH_MAX + 1] = {0}, depth = 0;
    for (;;) {
        if (take(parser, '[')) {
            if (depth == DEPTH_MAX || !take_field_name(parser)) return false;
            sums[++depth] = 0;
            continue;
        }
        if (!take_plain_type(parser, bytes)) return false;
        for (;;) {
            if (depth == 0) return true;
            if (take(parser, ',') && !take_shape(parser, bytes)) return false;
            if (!take(parser, ')') || __builtin_add_overflow(sums[depth], *bytes, &sums[depth]))
                return false;
            bool more = take(parser, ',');
            if (!take(parser, ']')) {
                if (!more || !take_field_name(parser)) return false;
                break; /* to its type */
            }
            *bytes = sums[depth--];
        }
    }
}

/* The three entries in any order, each once. */
static bool take_dict(struct parser *parser, size_t *item_bytes, size_t *count) {
    unsigned seen = 0;
    if (!take(parser, '{')) return false;
    while (!take(parser, '}')) {
        struct bytes key;
        unsigned bit = 0;
        if (!take_string(parser, &key) || !take(parser, ':')) return false;
        if (bytes_equal(key, BYTES("descr")) && take_type(parser, item_bytes))
            bit = DESCR;
        else if (bytes_equal(key, BYTES("shape")) && take_shape(parser, count))
            bit = SHAPE;
        else if (bytes_equal(key, BYTES("fortran_order")) &&
                 (take_word(parser, "False") || take_word(parser, "True")))
            bit = FORTRAN_ORDER;
        if (!bit || (seen & bit)) return false;
        seen |= bit;
        if (!take(parser, ',') && !next_is(parser, '}')) return false;
    }
    return seen == ALL_KEYS;
}

bool npy_header_parse(struct bytes text, struct npy_header *header) {
    struct parser parser = {.reader = reader_over(text)};
    size_t item_bytes = 0, count = 1;
    if (!take_dict(&parser, &item_bytes, &count)) return false;
    (void)take(&parser, '\n');
    if (!reader_at_end(&parser.reader)) return false;
    *header = (struct npy_header){.objects = parser.objects};
    if (parser.objects) return true;
    /* What numpy makes of items without bytes is not known here. */
    return item_bytes && !__builtin_mul_overflow(item_bytes, count, &header->data_bytes);
}
