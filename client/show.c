/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/show.h"

#include "base/number.h"

#include <hiredis/hiredis.h>

enum { SHOW_DEPTH_MAX = 16 }; /* hiredis 0.14 refuses replies nested deeper than 7 */

/* An array whose elements are being shown: `next` is the one to come. */
struct level {
    const redisReply *array;
    size_t next;
    size_t indent; /* blanks that an element of it, not the first, stands behind */
};

static struct bytes text_of(const redisReply *reply) {
    return bytes_view(reply->str, reply->len);
}

static enum brine_status show_escaped(struct buf *out, uint8_t c) {
    static const char plain[] = "\\\"\n\r\t\a\b", letter[] = "\\\"nrtab";
    for (size_t i = 0; i < sizeof(plain) - 1; i++) {
        if (c != (uint8_t)plain[i]) continue;
        TRY(buf_append_byte(out, '\\'));
        return buf_append_byte(out, (uint8_t)letter[i]);
    }
    if (c >= 0x20 && c < 0x7f) return buf_append_byte(out, c);
    return buf_printf(out, "\\x%02x", c);
}

enum brine_status show_quoted(struct buf *out, struct bytes text) {
    TRY(buf_append_byte(out, '"'));
    for (size_t i = 0; i < text.len; i++) TRY(show_escaped(out, text.data[i]));
    return buf_append_byte(out, '"');
}

static enum brine_status show_integer(struct buf *out, int64_t value) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    return buf_append(out, bytes_view(digits, number_format_i64(digits, value)));
}

/* Anything but an array with elements, without an end of line. */
static enum brine_status show_leaf_formatted(struct buf *out, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_STRING:
        return show_quoted(out, text_of(reply));
    case REDIS_REPLY_STATUS:
        return buf_append(out, text_of(reply));
    case REDIS_REPLY_ERROR:
        TRY(buf_append(out, BYTES("(error) ")));
        return buf_append(out, text_of(reply));
    case REDIS_REPLY_INTEGER:
        TRY(buf_append(out, BYTES("(integer) ")));
        return show_integer(out, reply->integer);
    case REDIS_REPLY_NIL:
        return buf_append(out, BYTES("(nil)"));
    case REDIS_REPLY_ARRAY:
        return buf_append(out, BYTES("(empty array)"));
    default:
        return buf_append(out, BYTES("(a type of reply unknown to this client)"));
    }
}

static enum brine_status show_leaf_raw(struct buf *out, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return buf_append(out, text_of(reply));
    case REDIS_REPLY_ERROR:
        TRY(buf_append(out, text_of(reply)));
        return buf_append_byte(out, '\n');
    case REDIS_REPLY_INTEGER:
        return show_integer(out, reply->integer);
    default:
        return BRINE_OK; /* nil and the empty array are no bytes */
    }
}

static size_t digits_of(size_t number) {
    size_t digits = 1;
    for (; number >= 10; number /= 10) digits++;
    return digits;
}

/* What stands before an element: its number, and on a new line its indentation. */
static enum brine_status show_element_head(struct buf *out, const struct level *level,
                                           enum show_form form) {
    size_t at = level->next;
    if (form != SHOW_FORMATTED) return at ? buf_append_byte(out, '\n') : BRINE_OK;
    if (at)
        for (size_t i = 0; i < level->indent; i++) TRY(buf_append_byte(out, ' '));
    size_t width = digits_of(level->array->elements);
    for (size_t i = digits_of(at + 1); i < width; i++) TRY(buf_append_byte(out, ' '));
    return buf_printf(out, "%zu) ", at + 1);
}

enum brine_status show_reply(struct buf *out, const redisReply *reply, enum show_form form) {
    struct level levels[SHOW_DEPTH_MAX];
    size_t depth = 0, indent = 0;
    for (const redisReply *at = reply;;) {
        bool opens = at->type == REDIS_REPLY_ARRAY && at->elements > 0;
        if (opens && depth == SHOW_DEPTH_MAX) {
            TRY(buf_append(out, BYTES("(nested too deeply to show)\n")));
        } else if (opens) {
            levels[depth++] = (struct level){.array = at, .indent = indent};
            indent += digits_of(at->elements) + 2;
        } else if (form != SHOW_FORMATTED) {
            TRY(show_leaf_raw(out, at));
        } else {
            TRY(show_leaf_formatted(out, at));
            TRY(buf_append_byte(out, '\n'));
        }
        while (depth && levels[depth - 1].next == levels[depth - 1].array->elements)
            indent = levels[--depth].indent;
        if (!depth) break;
        struct level *level = &levels[depth - 1];
        TRY(show_element_head(out, level, form));
        at = level->array->element[level->next++];
    }
    return form == SHOW_RAW ? buf_append_byte(out, '\n') : BRINE_OK;
}
