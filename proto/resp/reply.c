/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Each event begins with a line: a marker, some text, CR LF.  The marker's row says what the text
 * is (shape), and for a bulk the body follows.
 *
 * The stack holds the aggregates that are not complete, each with the number of its elements to
 * come.  A leaf, or an aggregate of none, is one element of the level above; a level whose last
 * element has come is one of the level above it, and so on (complete_element).  Attributes are the
 * exception: they count for nothing.
 *
 *     *2 %1 +k :1 |1 +a +b +x        levels after each event:
 *                                    *2: [2]   %1: [2 2]   +k: [2 1]   :1: [1]
 *                                    |1: [1 2|]   +a: [1 1|]   +b: [1]   +x: []  ends the reply
 *
 * Invariant: left of every level is > 0 between two calls.
 * Source: the RESP3 specification, github.com/redis/redis-specifications protocol/RESP3.md. */

#include "resp/reply.h"

#include "base/assert.h"
#include "base/number.h"

enum shape { LINE, BULK, AGGREGATE };

static const struct {
    const char *name, *doc;
    uint8_t marker;
    enum shape shape;
} rows[] = {
#define X(name, marker, shape, doc) [RESP_KIND_##name] = {#name, doc, marker, shape},
    RESP_REPLY_KINDS(X)
#undef X
};

/* 1 + the kind that a marker stands for; 0: none. */
static const uint8_t kind_of_marker[UINT8_MAX + 1] = {
#define X(name, marker, shape, doc) [marker] = 1 + RESP_KIND_##name,
    RESP_REPLY_KINDS(X)
#undef X
};

enum { FORMAT_BYTES = 3, HEADER_DIGITS_MAX = 20 };

static size_t or_default(size_t value, size_t standard) {
    return value ? value : standard;
}

void resp_reply_init(struct resp_reply_reader *reader, struct resp_reply_limits limits) {
    *reader = (struct resp_reply_reader){0};
    reader->limits = (struct resp_reply_limits){
        .bulk_bytes_max = or_default(limits.bulk_bytes_max, (size_t)512 << 20),
        .line_bytes_max = or_default(limits.line_bytes_max, (size_t)64 << 10),
        .elements_max = or_default(limits.elements_max, INT32_MAX),
        .depth_max =
            MIN(or_default(limits.depth_max, RESP_REPLY_DEPTH_MAX), (size_t)RESP_REPLY_DEPTH_MAX)};
}

const char *resp_reply_kind_name(enum resp_reply_kind kind) {
    return (size_t)kind < ARRAY_LEN(rows) ? rows[kind].name : "?";
}

const char *resp_reply_kind_doc(enum resp_reply_kind kind) {
    return (size_t)kind < ARRAY_LEN(rows) ? rows[kind].doc : "?";
}

/* ---- the line ---------------------------------------------------------------------------------
 */

/* The text between the marker and CR LF, and in *next the offset behind them. */
static enum brine_status take_line(struct resp_reply_reader *reader, struct bytes input,
                                   size_t line_max, struct bytes *text, size_t *next,
                                   struct brine_error *err) {
    size_t most = line_max < SIZE_MAX - 3 ? line_max + 3 : SIZE_MAX; /* marker, CR, LF */
    size_t window = MIN(input.len, most);
    const uint8_t *newline = window > reader->scanned ? memchr(input.data + reader->scanned, '\n',
                                                               window - reader->scanned)
                                                      : NULL;
    if (!newline) {
        if (input.len >= most)
            return brine_fail(err, BRINE_TOO_BIG, 0, "a line of more than %zu bytes", line_max);
        reader->scanned = input.len;
        return BRINE_NEED_MORE;
    }
    size_t at = (size_t)(newline - input.data);
    if (at < 2 || input.data[at - 1] != '\r')
        return brine_fail(err, BRINE_MALFORMED, at, "a line ends in LF without CR");
    *text = bytes_view(input.data + 1, at - 2);
    const uint8_t *stray = text->len ? memchr(text->data, '\r', text->len) : NULL;
    if (stray)
        return brine_fail(err, BRINE_MALFORMED, (size_t)(stray - input.data),
                          "a CR stands inside a line");
    *next = at + 1;
    return BRINE_OK;
}

/* ---- leaves of one line -----------------------------------------------------------------------
 */

static bool is_big_number(struct bytes text) {
    size_t sign = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
    for (size_t i = sign; i < text.len; i++)
        if (!byte_is_digit(text.data[i])) return false;
    return text.len > sign;
}

/* True when event->text is what its kind allows; fills in the value. */
static bool parse_line_value(struct resp_reply_event *event) {
    struct bytes text = event->text;
    switch (event->kind) {
    case RESP_KIND_SIMPLE:
    case RESP_KIND_ERROR:
        return true;
    case RESP_KIND_INTEGER:
        return number_parse_i64(text, &event->integer);
    case RESP_KIND_NULL:
        return text.len == 0;
    case RESP_KIND_BOOLEAN:
        event->integer = bytes_equal(text, BYTES("t"));
        return event->integer || bytes_equal(text, BYTES("f"));
    case RESP_KIND_DOUBLE:
        return number_parse_double(text, &event->number);
    case RESP_KIND_BIG_NUMBER:
        return is_big_number(text);
    case RESP_KIND_BULK:
    case RESP_KIND_BULK_ERROR:
    case RESP_KIND_VERBATIM:
    case RESP_KIND_ARRAY:
    case RESP_KIND_MAP:
    case RESP_KIND_SET:
    case RESP_KIND_PUSH:
    case RESP_KIND_ATTRIBUTE:
        break;
    }
    BRINE_ASSERT(false, "only the kinds of one line come here");
    return false;
}

/* ---- bulks ------------------------------------------------------------------------------------
 */

/* The body of `len` bytes at `at`; moves event->consumed behind its CR LF. */
static enum brine_status take_body(struct resp_reply_reader *reader, struct bytes input, size_t at,
                                   size_t len, struct resp_reply_event *event,
                                   struct brine_error *err) {
    if (len > reader->limits.bulk_bytes_max)
        return brine_fail(err, BRINE_TOO_BIG, 0, "a bulk of %zu bytes, the limit is %zu", len,
                          reader->limits.bulk_bytes_max);
    size_t arrived = input.len - at;
    if (arrived < 2 || arrived - 2 < len) {
        reader->missing = len - arrived + 2;
        return BRINE_NEED_MORE;
    }
    if (input.data[at + len] != '\r' || input.data[at + len + 1] != '\n')
        return brine_fail(err, BRINE_MALFORMED, at + len, "no CR LF behind a bulk");
    event->text = bytes_view(input.data + at, len);
    event->consumed = at + len + 2;
    if (event->kind != RESP_KIND_VERBATIM) return BRINE_OK;
    if (len <= FORMAT_BYTES || event->text.data[FORMAT_BYTES] != ':')
        return brine_fail(err, BRINE_MALFORMED, at, "a verbatim string without a format");
    event->format = bytes_slice(event->text, 0, FORMAT_BYTES);
    event->text = bytes_slice(event->text, FORMAT_BYTES + 1, len);
    return BRINE_OK;
}

/* ---- aggregates -------------------------------------------------------------------------------
 */

/* One element of the innermost level has come.  True when that was the last of the whole reply. */
static bool complete_element(struct resp_reply_reader *reader) {
    while (reader->depth > 0) {
        struct resp_reply_level *level = &reader->levels[reader->depth - 1];
        if (--level->left > 0) return false;
        reader->depth--;
        if (level->is_attribute) return false;
    }
    return true;
}

/* Turns `count` from the wire into event->elements and opens the level. */
static enum brine_status enter(struct resp_reply_reader *reader, uint64_t count,
                               struct resp_reply_event *event, struct brine_error *err) {
    bool is_attribute = event->kind == RESP_KIND_ATTRIBUTE;
    size_t each = event->kind == RESP_KIND_MAP || is_attribute ? 2 : 1;
    if (event->kind == RESP_KIND_PUSH && reader->depth > 0)
        return brine_fail(err, BRINE_MALFORMED, 0, "a push inside a reply");
    if (count > reader->limits.elements_max / each)
        return brine_fail(err, BRINE_TOO_BIG, 0, "an aggregate of more than %zu elements",
                          reader->limits.elements_max);
    event->elements = (size_t)count * each;
    if (event->elements == 0) {
        event->ends_reply = !is_attribute && complete_element(reader);
        return BRINE_OK;
    }
    if (reader->depth == reader->limits.depth_max)
        return brine_fail(err, BRINE_TOO_BIG, 0, "aggregates nested more than %zu deep",
                          reader->limits.depth_max);
    reader->levels[reader->depth++] =
        (struct resp_reply_level){.left = event->elements, .is_attribute = is_attribute};
    return BRINE_OK;
}

/* ---- one event --------------------------------------------------------------------------------
 */

/* A kind whose line is a count: a bulk, an aggregate, or one of RESP2's two nulls. */
static enum brine_status read_counted(struct resp_reply_reader *reader, struct bytes input,
                                      struct bytes digits, struct resp_reply_event *event,
                                      struct brine_error *err) {
    bool can_be_null = event->kind == RESP_KIND_BULK || event->kind == RESP_KIND_ARRAY;
    if (can_be_null && bytes_equal(digits, BYTES("-1"))) {
        event->kind = RESP_KIND_NULL;
        event->ends_reply = complete_element(reader);
        return BRINE_OK;
    }
    const char *name = rows[event->kind].name;
    if (bytes_equal(digits, BYTES("?")))
        return brine_fail(err, BRINE_MALFORMED, 0, "a streamed %s, which is not supported", name);
    uint64_t count;
    if (!number_parse_u64(digits, &count))
        return brine_fail(err, BRINE_MALFORMED, 1, "the count of %s is no number", name);
    if (rows[event->kind].shape == AGGREGATE) return enter(reader, count, event, err);
    TRY(take_body(reader, input, event->consumed, (size_t)count, event, err));
    event->ends_reply = complete_element(reader);
    return BRINE_OK;
}

enum brine_status resp_reply_next(struct resp_reply_reader *reader, struct bytes input,
                                  struct resp_reply_event *event, struct brine_error *err) {
    reader->missing = 0;
    if (input.len == 0) return BRINE_NEED_MORE;
    uint8_t marker = input.data[0];
    if (kind_of_marker[marker] == 0)
        return brine_fail(err, BRINE_MALFORMED, 0, "no reply begins with the byte 0x%02x", marker);
    enum resp_reply_kind kind = (enum resp_reply_kind)(kind_of_marker[marker] - 1);
    bool is_line = rows[kind].shape == LINE;
    size_t line_max = is_line ? reader->limits.line_bytes_max : HEADER_DIGITS_MAX;
    struct bytes text = {0};
    size_t next = 0;
    TRY(take_line(reader, input, line_max, &text, &next, err));
    *event = (struct resp_reply_event){
        .kind = kind, .marker = marker, .depth = reader->depth, .consumed = next};
    if (is_line) {
        event->text = text;
        if (!parse_line_value(event))
            return brine_fail(err, BRINE_MALFORMED, 1, "not a valid %s", rows[kind].name);
        event->ends_reply = complete_element(reader);
    } else {
        TRY(read_counted(reader, input, text, event, err));
    }
    reader->scanned = 0;
    return BRINE_OK;
}
