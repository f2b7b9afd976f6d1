/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/show.h"

#include "base/number.h"
#include "base/utf8.h"
#include "text/json.h"

#include <stdio.h>

enum { SHOW_DEPTH_MAX = 64 }; /* what the library lets through */

/* An aggregate whose elements are being shown: `next` is the one to come. */
struct level {
    const struct brine_reply *all;
    size_t next;
    size_t indent; /* blanks that an element of it, not the first, stands behind */
};

static struct bytes text_of(const struct brine_reply *reply) {
    return bytes_view(reply->text, reply->len);
}

static bool is_aggregate(const struct brine_reply *reply) {
    return reply->type == BRINE_REPLY_ARRAY || reply->type == BRINE_REPLY_MAP ||
           reply->type == BRINE_REPLY_SET || reply->type == BRINE_REPLY_PUSH;
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

/* What a terminal would obey: C0 but for the ends of lines and the tab, DEL, and C1, as UTF-8 has
 * it or, where the bytes are none, as one byte. */
static bool is_obeyed(uint32_t point, uint8_t next) {
    if (point == '\n' || point == '\t' || (point == '\r' && next == '\n')) return false;
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

enum brine_status show_text(struct buf *out, struct bytes text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t point = text.data[at];
        size_t len = MAX(utf8_decode(text, at, &point), (size_t)1);
        uint8_t next = at + 1 < text.len ? text.data[at + 1] : 0;
        bool obeyed = is_obeyed(point, next);
        if (!obeyed) TRY(buf_append(out, bytes_slice(text, at, len)));
        for (size_t i = 0; obeyed && i < len; i++)
            TRY(buf_printf(out, "\\x%02x", text.data[at + i]));
        at += len;
    }
    return BRINE_OK;
}

static enum brine_status show_integer(struct buf *out, int64_t value) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    return buf_append(out, bytes_view(digits, number_format_i64(digits, value)));
}

static enum brine_status show_string(struct buf *out, struct bytes text, struct show show) {
    enum brine_status status = show.string ? show.string(out, text) : BRINE_NOT_FOUND;
    return status == BRINE_NOT_FOUND ? show_quoted(out, text) : status;
}

/* Anything but an aggregate with elements, without an end of line. */
static enum brine_status show_leaf_formatted(struct buf *out, const struct brine_reply *reply,
                                             struct show show) {
    switch (reply->type) {
    case BRINE_REPLY_STRING:
        return show_string(out, text_of(reply), show);
    case BRINE_REPLY_STATUS:
    case BRINE_REPLY_VERBATIM:
        return show_text(out, text_of(reply));
    case BRINE_REPLY_ERROR:
        TRY(buf_append(out, BYTES("(error) ")));
        return show_text(out, text_of(reply));
    case BRINE_REPLY_INTEGER:
        TRY(buf_append(out, BYTES("(integer) ")));
        return show_integer(out, reply->integer);
    case BRINE_REPLY_BIG_NUMBER:
        TRY(buf_append(out, BYTES("(big number) ")));
        return show_text(out, text_of(reply));
    case BRINE_REPLY_DOUBLE:
        TRY(buf_append(out, BYTES("(double) ")));
        return show_text(out, text_of(reply));
    case BRINE_REPLY_BOOLEAN:
        return buf_append(out, reply->integer ? BYTES("(true)") : BYTES("(false)"));
    case BRINE_REPLY_NIL:
        return buf_append(out, BYTES("(nil)"));
    case BRINE_REPLY_ARRAY:
        return buf_append(out, BYTES("(empty array)"));
    case BRINE_REPLY_MAP:
        return buf_append(out, BYTES("(empty hash)"));
    case BRINE_REPLY_SET:
        return buf_append(out, BYTES("(empty set)"));
    case BRINE_REPLY_PUSH:
        return buf_append(out, BYTES("(empty push)"));
    }
    return buf_append(out, BYTES("(a type of reply unknown to this client)"));
}

static enum brine_status show_leaf_raw(struct buf *out, const struct brine_reply *reply,
                                       struct show show) {
    switch (reply->type) {
    case BRINE_REPLY_STRING:
    case BRINE_REPLY_STATUS:
    case BRINE_REPLY_VERBATIM:
    case BRINE_REPLY_DOUBLE:
    case BRINE_REPLY_BIG_NUMBER:
        return show.escape ? show_text(out, text_of(reply)) : buf_append(out, text_of(reply));
    case BRINE_REPLY_ERROR:
        TRY(show.escape ? show_text(out, text_of(reply)) : buf_append(out, text_of(reply)));
        return buf_append_byte(out, '\n');
    case BRINE_REPLY_INTEGER:
        return show_integer(out, reply->integer);
    case BRINE_REPLY_BOOLEAN:
        return buf_append(out, reply->integer ? BYTES("(true)") : BYTES("(false)"));
    case BRINE_REPLY_NIL:
    case BRINE_REPLY_ARRAY:
    case BRINE_REPLY_MAP:
    case BRINE_REPLY_SET:
    case BRINE_REPLY_PUSH:
        break; /* nil and the empty array are no bytes */
    }
    return BRINE_OK;
}

static size_t digits_of(size_t number) {
    size_t digits = 1;
    for (; number >= 10; number /= 10) digits++;
    return digits;
}

/* A map counts its pairs. */
static size_t numbered(const struct brine_reply *all) {
    return all->type == BRINE_REPLY_MAP ? all->count / 2 : all->count;
}

/* A value of several elements begins on a line of its own. */
static enum brine_status show_arrow(struct buf *out, const struct level *level) {
    const struct brine_reply *value = &level->all->elements[level->next];
    TRY(buf_append(out, BYTES(" => ")));
    if (!is_aggregate(value) || numbered(value) < 2) return BRINE_OK;
    TRY(buf_append_byte(out, '\n'));
    size_t indent = level->indent + digits_of(numbered(level->all)) + 2;
    for (size_t i = 0; i < indent; i++) TRY(buf_append_byte(out, ' '));
    return BRINE_OK;
}

/* What stands before an element: its number, and on a new line its indentation; before a map's
 * value an arrow, on the line on which its key ended. */
static enum brine_status show_element_head(struct buf *out, const struct level *level,
                                           enum show_form form) {
    size_t at = level->next;
    bool map = level->all->type == BRINE_REPLY_MAP;
    if (form != SHOW_FORMATTED && map && at % 2) return buf_append_byte(out, ' ');
    if (form != SHOW_FORMATTED) return at ? buf_append_byte(out, '\n') : BRINE_OK;
    if (map && at % 2) {
        if (out->len) out->len--; /* the key's end of line */
        return show_arrow(out, level);
    }
    if (at)
        for (size_t i = 0; i < level->indent; i++) TRY(buf_append_byte(out, ' '));
    size_t number = (map ? at / 2 : at) + 1, width = digits_of(numbered(level->all));
    for (size_t i = digits_of(number); i < width; i++) TRY(buf_append_byte(out, ' '));
    char mark = map ? '#' : level->all->type == BRINE_REPLY_SET ? '~' : ')';
    return buf_printf(out, "%zu%c ", number, mark);
}

static enum brine_status show_leaf(struct buf *out, const struct brine_reply *leaf,
                                   struct show show) {
    if (show.form != SHOW_FORMATTED) return show_leaf_raw(out, leaf, show);
    TRY(show_leaf_formatted(out, leaf, show));
    return buf_append_byte(out, '\n');
}

/* ---- JSON -------------------------------------------------------------------------------------*/

static void json_leaf(struct json *json, const struct brine_reply *leaf) {
    if (leaf->type == BRINE_REPLY_INTEGER)
        json_int(json, leaf->integer);
    else if (leaf->type == BRINE_REPLY_BOOLEAN)
        json_bool(json, leaf->integer != 0);
    else if (leaf->type == BRINE_REPLY_DOUBLE)
        json_double(json, leaf->number);
    else if (leaf->type == BRINE_REPLY_NIL)
        json_null(json);
    else
        json_string(json, text_of(leaf));
}

/* The key of a map as text, whatever it is. */
static void json_map_key(struct json *json, const struct brine_reply *key) {
    char number[24];
    if (key->type == BRINE_REPLY_INTEGER || key->type == BRINE_REPLY_BOOLEAN) {
        snprintf(number, sizeof number, "%lld", (long long)key->integer);
        json_key(json, number);
    } else {
        json_key(json, is_aggregate(key) ? "(an aggregate)" : key->text);
    }
}

static enum brine_status show_json(struct buf *out, const struct brine_reply *reply) {
    struct level levels[SHOW_DEPTH_MAX] = {{.all = reply}};
    struct json json;
    size_t depth = 0;
    json_init(&json, out);
    for (const struct brine_reply *at = reply;;) {
        if (!is_aggregate(at)) {
            json_leaf(&json, at);
        } else {
            if (depth == SHOW_DEPTH_MAX) return BRINE_TOO_BIG;
            levels[depth++] = (struct level){.all = at};
            if (at->type == BRINE_REPLY_MAP)
                json_open_object(&json);
            else
                json_open_array(&json);
        }
        while (depth && levels[depth - 1].next == levels[depth - 1].all->count) {
            json_close(&json);
            depth--;
        }
        if (!depth) break;
        struct level *level = &levels[depth - 1];
        if (level->all->type == BRINE_REPLY_MAP) {
            json_map_key(&json, &level->all->elements[level->next++]);
            if (level->next == level->all->count) return BRINE_MALFORMED;
        }
        at = &level->all->elements[level->next++];
    }
    TRY(json_finish(&json));
    return buf_append_byte(out, '\n');
}

enum brine_status show_reply(struct buf *out, const struct brine_reply *reply, struct show show) {
    struct level levels[SHOW_DEPTH_MAX];
    size_t depth = 0, indent = 0;
    if (show.form == SHOW_JSON) return show_json(out, reply);
    for (const struct brine_reply *at = reply;;) {
        bool opens = is_aggregate(at) && at->count > 0;
        if (opens && depth == SHOW_DEPTH_MAX) {
            TRY(buf_append(out, BYTES("(nested too deeply to show)\n")));
        } else if (opens) {
            levels[depth++] = (struct level){.all = at, .indent = indent};
            indent += digits_of(numbered(at)) + 2;
        } else {
            TRY(show_leaf(out, at, show));
        }
        while (depth && levels[depth - 1].next == levels[depth - 1].all->count)
            indent = levels[--depth].indent;
        if (!depth) break;
        struct level *level = &levels[depth - 1];
        TRY(show_element_head(out, level, show.form));
        at = &level->all->elements[level->next++];
    }
    return show.form == SHOW_RAW ? buf_append_byte(out, '\n') : BRINE_OK;
}
