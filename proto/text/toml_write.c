/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/toml_write.h"

#include "base/number.h"
#include "base/utf8.h"

static enum brine_status write_character(struct buf *out, struct bytes text, size_t at, size_t len,
                                         uint32_t point) {
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    const char *letter = point && point < 0x80 ? strchr(meant, (int)point) : NULL;
    if (letter) return buf_printf(out, "\\%c", letters[letter - meant]);
    if (point < 0x20 || point == 0x7F) return buf_printf(out, "\\u%04X", (unsigned)point);
    return buf_append(out, bytes_slice(text, at, len));
}

enum brine_status toml_write_string(struct buf *out, struct bytes text) {
    TRY(buf_append_byte(out, '"'));
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        size_t len = utf8_decode(text, at, &point);
        if (len == 0)
            TRY(buf_append(out, BYTES("\xEF\xBF\xBD")));
        else
            TRY(write_character(out, text, at, len, point));
        at += MAX(len, 1u);
    }
    return buf_append_byte(out, '"');
}

static bool is_bare_key(struct bytes key) {
    for (size_t i = 0; i < key.len; i++) {
        uint8_t c = key.data[i], lower = byte_lower(c);
        if (!byte_is_digit(c) && !(lower >= 'a' && lower <= 'z') && c != '_' && c != '-')
            return false;
    }
    return key.len > 0;
}

enum brine_status toml_write_key(struct buf *out, struct bytes key) {
    return is_bare_key(key) ? buf_append(out, key) : toml_write_string(out, key);
}

enum brine_status toml_write_integer(struct buf *out, int64_t value) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    return buf_append(out, bytes_view(digits, number_format_i64(digits, value)));
}

enum brine_status toml_write_float(struct buf *out, double value) {
    uint8_t text[NUMBER_DOUBLE_TEXT_BYTES];
    struct bytes written = bytes_view(text, number_format_double(text, value));
    TRY(buf_append(out, written));
    for (size_t i = 0; i < written.len; i++)
        if (!byte_is_digit(written.data[i]) && written.data[i] != '-') return BRINE_OK;
    return buf_append(out, BYTES(".0")); /* "1" would be read back as an integer */
}

static enum brine_status write_scalar(struct buf *out, const struct toml_value *value) {
    switch (value->kind) {
    case TOML_STRING:
        return toml_write_string(out, value->string);
    case TOML_INTEGER:
        return toml_write_integer(out, value->integer);
    case TOML_FLOAT:
        return toml_write_float(out, value->real);
    case TOML_BOOLEAN:
        return buf_append(out, value->boolean ? BYTES("true") : BYTES("false"));
    case TOML_ARRAY:
    case TOML_TABLE:
        break;
    }
    return BRINE_INVALID;
}

static enum brine_status open_item(struct buf *out, const struct toml_value *item) {
    if (item->parent->kind != TOML_TABLE) return BRINE_OK;
    TRY(toml_write_key(out, item->key));
    return buf_append(out, BYTES(" = "));
}

/* Walks the tree by its own links: down to the first item, on to the next, up to the parent. */
enum brine_status toml_write_value(struct buf *out, const struct toml_value *value) {
    const struct toml_value *at = value;
    for (;;) {
        bool is_array = at->kind == TOML_ARRAY, has_items = is_array || at->kind == TOML_TABLE;
        if (has_items)
            TRY(buf_append_byte(out, is_array ? '[' : '{'));
        else
            TRY(write_scalar(out, at));
        const struct toml_value *first = toml_first(at);
        if (first) {
            at = first;
            TRY(open_item(out, at));
            continue;
        }
        if (has_items) TRY(buf_append_byte(out, is_array ? ']' : '}'));
        while (at != value && !at->next) {
            at = at->parent;
            TRY(buf_append_byte(out, at->kind == TOML_ARRAY ? ']' : '}'));
        }
        if (at == value) return BRINE_OK;
        TRY(buf_append(out, BYTES(", ")));
        at = at->next;
        TRY(open_item(out, at));
    }
}

enum brine_status toml_write_document(struct buf *out, const struct toml_value *root) {
    for (const struct toml_value *item = toml_first(root); item; item = item->next) {
        TRY(toml_write_key(out, item->key));
        TRY(buf_append(out, BYTES(" = ")));
        TRY(toml_write_value(out, item));
        TRY(buf_append_byte(out, '\n'));
    }
    return BRINE_OK;
}
