/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An array command is walked by one loop, in one of two ways:
 *
 *     *3\r\n  $3\r\nSET\r\n  $3\r\nkey\r\n  $5\r\nval
 *             |              |              |         |
 *             storing views into args ...   offset    the input ends
 *
 * The first call stores a view of each argument as it passes.  When the input ends early the views
 * are dropped, since the bytes may move, and only the offset of the first unfinished argument and
 * the number of arguments still to come are kept.  Later calls walk on from there without storing;
 * when they reach the end, one storing walk over the whole command follows.  So each byte of a
 * header is looked at a bounded number of times however the input is cut, and a bulk's bytes never.
 *
 * Headers are nearly always a few digits, which a plain loop reads faster than a search for CR; all
 * that is not in that form (incomplete, too long, wrong) goes to the slow readers, which know
 * Redis's order of checks and its words.  The two agree because the fast one accepts only what the
 * slow one would accept.
 *
 * This file reads by index instead of through struct reader (base/reader.h): that one is made for
 * fixed-width fields and would check for failure at each byte of the hottest loop of the server.
 * The bounds stand in three places: read_short_count, find_line_end and the loop of walk_args.
 *
 * Invariant: decoder->offset + decoder->scanned <= length of the input that was last seen. */

#include "resp/command.h"

#include "base/assert.h"
#include "base/number.h"

enum {
    ARG_WIRE_BYTES_MIN = 6, /* "$0\r\n\r\n" */
    ARGS_FIRST = 64,
    SHORT_DIGITS_MAX = 9 /* fit 32 bits, and any limit a server is given */
};

/* ---- the vector of arguments ------------------------------------------------------------------
 */

void resp_args_init(struct resp_args *args, struct allocator *mem, size_t limit) {
    *args = (struct resp_args){.mem = mem, .limit = limit};
}

void resp_args_deinit(struct resp_args *args) {
    mem_free(args->mem, args->items, args->cap * sizeof(*args->items));
    *args = (struct resp_args){.mem = args->mem, .limit = args->limit};
}

static bool resize_args(struct resp_args *args, size_t cap) {
    struct bytes *items =
        mem_resize(args->mem, args->items, args->cap * sizeof(*items), cap * sizeof(*items));
    if (cap > 0 && !items) return false;
    args->items = items;
    args->cap = cap;
    return true;
}

void resp_args_shrink(struct resp_args *args, size_t keep) {
    size_t cap = MAX(args->count, keep);
    /* Giving back may fail; the larger block is still good. */
    if (cap < args->cap) (void)resize_args(args, cap);
}

/* Room for `more` items behind count. */
static bool reserve_args(struct resp_args *args, size_t more) {
    if (LIKELY(more <= args->cap - args->count)) return true;
    if (more > args->limit - args->count) return false;
    size_t cap = MAX(args->cap + args->cap / 2, MAX(args->count + more, (size_t)ARGS_FIRST));
    cap = MIN(cap, args->limit);
    return cap <= SIZE_MAX / sizeof(*args->items) && resize_args(args, cap);
}

/* ---- failures ---------------------------------------------------------------------------------
 */

static enum resp_result broken(struct resp_decoder *decoder, struct brine_error *err, size_t offset,
                               const char *words) {
    *decoder = (struct resp_decoder){0};
    (void)brine_fail(err, BRINE_MALFORMED, offset, "Protocol error: %s", words);
    return RESP_BROKEN;
}

static enum resp_result no_memory(struct resp_decoder *decoder, struct brine_error *err) {
    *decoder = (struct resp_decoder){0};
    (void)brine_fail(err, BRINE_NO_MEMORY, 0, "no room for the arguments of a command");
    return RESP_NO_MEMORY;
}

/* ---- header lines -----------------------------------------------------------------------------
 */

/* Reads "<1 to 9 digits>\r\n" at `at`, without sign or leading zero.  Returns the offset behind it,
 * or 0 when something else stands there or the input ends: the slow readers decide which. */
static inline size_t read_short_count(struct bytes input, size_t at, size_t *count) {
    size_t stop = MIN(input.len, at + SHORT_DIGITS_MAX);
    size_t first = at;
    uint32_t value = 0;
    for (; at < stop; at++) {
        uint32_t digit = (uint32_t)input.data[at] - '0';
        if (digit > 9) break;
        value = value * 10 + digit;
    }
    if (UNLIKELY(at == first || input.len - at < 2)) return 0;
    if (UNLIKELY(input.data[at] != '\r' || input.data[at + 1] != '\n')) return 0;
    if (UNLIKELY(input.data[first] == '0' && at - first > 1)) return 0;
    *count = value;
    return at + 2;
}

/* Finds the CR of the header at decoder->offset and the byte behind it.  RESP_COMMAND: found. */
static enum resp_result find_line_end(struct resp_decoder *decoder, struct bytes input,
                                      const char *too_big, size_t *cr, struct brine_error *err) {
    size_t window = MIN(input.len - decoder->offset, (size_t)RESP_HEADER_BYTES_MAX + 1);
    const uint8_t *line = input.data + decoder->offset;
    const uint8_t *found = window > decoder->scanned
                               ? memchr(line + decoder->scanned, '\r', window - decoder->scanned)
                               : NULL;
    if (!found && window > RESP_HEADER_BYTES_MAX)
        return broken(decoder, err, decoder->offset, too_big);
    size_t before = found ? (size_t)(found - line) : window;
    if (!found || input.len - decoder->offset - before < 2) {
        decoder->scanned = before;
        return RESP_NEED_MORE;
    }
    *cr = decoder->offset + before;
    return RESP_COMMAND;
}

/* The number between the marker at decoder->offset and cr; false when it is none or LF is missing.
 */
static bool parse_count(const struct resp_decoder *decoder, struct bytes input, size_t cr,
                        int64_t *value) {
    size_t digits = decoder->offset + 1;
    return cr >= digits && number_parse_i64(bytes_slice(input, digits, cr - digits), value) &&
           input.data[cr + 1] == '\n';
}

/* "*3\r\n" when it is not of the short form; on RESP_COMMAND *next is the offset behind it.
 * Source: Redis networking.c processMultibulkBuffer, first half. */
static enum resp_result read_array_header(struct resp_decoder *decoder,
                                          const struct resp_limits *limits, struct bytes input,
                                          int64_t *count, size_t *next, struct brine_error *err) {
    size_t cr;
    enum resp_result result = find_line_end(decoder, input, "too big mbulk count string", &cr, err);
    if (result != RESP_COMMAND) return result;
    bool valid = parse_count(decoder, input, cr, count);
    if (!valid || (*count > 0 && (uint64_t)*count > limits->args_max))
        return broken(decoder, err, decoder->offset, "invalid multibulk length");
    if (limits->unauthenticated && *count > RESP_UNAUTHENTICATED_ARGS_MAX)
        return broken(decoder, err, decoder->offset, "unauthenticated multibulk length");
    *next = cr + 2;
    return RESP_COMMAND;
}

/* "$5\r\n" likewise.  Source: the same, second half. */
static enum resp_result read_bulk_header(struct resp_decoder *decoder,
                                         const struct resp_limits *limits, struct bytes input,
                                         size_t *len, size_t *next, struct brine_error *err) {
    size_t cr;
    enum resp_result result = find_line_end(decoder, input, "too big bulk count string", &cr, err);
    if (result != RESP_COMMAND) return result;
    uint8_t marker = input.data[decoder->offset];
    if (marker != '$') {
        char words[] = "expected '$', got '?'";
        words[sizeof(words) - 3] = marker < ' ' || marker == 0x7f ? ' ' : (char)marker;
        return broken(decoder, err, decoder->offset, words);
    }
    int64_t value;
    bool valid = parse_count(decoder, input, cr, &value);
    if (!valid || value < 0 || (uint64_t)value > limits->bulk_bytes_max)
        return broken(decoder, err, decoder->offset, "invalid bulk length");
    if (limits->unauthenticated && value > RESP_UNAUTHENTICATED_BULK_MAX)
        return broken(decoder, err, decoder->offset, "unauthenticated bulk length");
    *len = (size_t)value;
    *next = cr + 2;
    return RESP_COMMAND;
}

/* ---- array commands ---------------------------------------------------------------------------
 */

/* Walks decoder->args_left arguments from decoder->offset on and writes their views to items, or
 * nowhere when that is NULL.  RESP_COMMAND: decoder->offset stands behind the last. */
static inline enum resp_result walk_args(struct resp_decoder *decoder,
                                         const struct resp_limits *limits, struct bytes input,
                                         struct bytes *items, struct brine_error *err) {
    size_t usual_max = limits->unauthenticated
                           ? MIN(limits->bulk_bytes_max, (size_t)RESP_UNAUTHENTICATED_BULK_MAX)
                           : limits->bulk_bytes_max;
    size_t at = decoder->offset, left = decoder->args_left;
    decoder->missing = 0;
    for (; left > 0; left--) {
        size_t len = 0, body = 0;
        if (LIKELY(at < input.len && input.data[at] == '$'))
            body = read_short_count(input, at + 1, &len);
        if (UNLIKELY(body == 0 || len > usual_max)) {
            if (at != decoder->offset) decoder->scanned = 0;
            decoder->offset = at;
            decoder->args_left = left;
            enum resp_result result = read_bulk_header(decoder, limits, input, &len, &body, err);
            if (result != RESP_COMMAND) return result;
        }
        size_t arrived = input.len - body;
        if (UNLIKELY(arrived < 2 || arrived - 2 < len)) {
            *decoder = (struct resp_decoder){
                .offset = at, .args_left = left, .missing = len - arrived + 2};
            return RESP_NEED_MORE;
        }
        if (UNLIKELY(input.data[body + len] != '\r' || input.data[body + len + 1] != '\n'))
            return broken(decoder, err, body + len, "invalid bulk terminator");
        if (items) *items++ = bytes_view(input.data + body, len);
        at = body + len + 2;
    }
    decoder->offset = at;
    return RESP_COMMAND;
}

static enum resp_result decode_array(struct resp_decoder *decoder, const struct resp_limits *limits,
                                     struct bytes input, struct resp_args *args,
                                     struct resp_command *out, struct brine_error *err) {
    if (UNLIKELY(decoder->args_left > 0)) {
        BRINE_ASSERT(input.len >= decoder->offset + decoder->scanned,
                     "a caller passes what it passed before, and more behind it");
        enum resp_result result = walk_args(decoder, limits, input, NULL, err);
        if (result != RESP_COMMAND) return result;
        *decoder = (struct resp_decoder){0};
    }
    size_t count = 0, first = read_short_count(input, 1, &count);
    if (UNLIKELY(first == 0 || count == 0 || count > limits->args_max || limits->unauthenticated)) {
        int64_t claimed;
        enum resp_result result = read_array_header(decoder, limits, input, &claimed, &first, err);
        if (result != RESP_COMMAND) return result;
        if (claimed <= 0) {
            *out = (struct resp_command){.first_arg = args->count, .consumed = first};
            *decoder = (struct resp_decoder){0};
            return RESP_EMPTY;
        }
        count = (size_t)claimed;
    }
    *decoder = (struct resp_decoder){.offset = first, .args_left = count};
    /* What cannot be whole yet is walked without taking memory for it. */
    struct bytes *items = NULL;
    if (LIKELY(count <= (input.len - first) / ARG_WIRE_BYTES_MIN)) {
        if (UNLIKELY(!reserve_args(args, count))) return no_memory(decoder, err);
        items = args->items + args->count;
    }
    enum resp_result result = walk_args(decoder, limits, input, items, err);
    if (UNLIKELY(result != RESP_COMMAND)) return result;
    *out =
        (struct resp_command){.first_arg = args->count, .argc = count, .consumed = decoder->offset};
    args->count += count;
    *decoder = (struct resp_decoder){0};
    return RESP_COMMAND;
}

/* ---- inline commands --------------------------------------------------------------------------
 */

/* isspace and the separators of an unquoted word, which differ, as sdssplitargs has them. */
static bool is_blank(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static bool ends_word(uint8_t c) {
    return c == ' ' || c == '\r' || c == '\t';
}

static int hex_digit(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at line.data[*at] (a backslash) stands for; moves *at behind it. */
static uint8_t unescape(struct bytes line, size_t *at, uint8_t quote) {
    size_t left = line.len - *at;
    uint8_t c = left > 1 ? line.data[*at + 1] : '\\';
    if (left == 1 || (quote == '\'' && c != '\'')) {
        *at += 1;
        return '\\';
    }
    if (quote == '"' && c == 'x' && left > 3) {
        int high = hex_digit(line.data[*at + 2]), low = hex_digit(line.data[*at + 3]);
        if (high >= 0 && low >= 0) {
            *at += 4;
            return (uint8_t)(high << 4 | low);
        }
    }
    *at += 2;
    if (quote == '\'') return c;
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* Writes the word at *at to target, which has room for the rest of the line, without its quotes and
 * escapes.  False: a quote is not closed, or something clings to a closed one. */
static bool unquote_word(struct bytes line, size_t *at, uint8_t *target, size_t *len) {
    uint8_t quote = 0;
    size_t written = 0;
    while (*at < line.len) {
        uint8_t c = line.data[*at];
        if (!quote && ends_word(c)) break;
        if (quote && c == '\\') {
            target[written++] = unescape(line, at, quote);
            continue;
        }
        *at += 1;
        if (quote && c == quote) {
            *len = written;
            return *at == line.len || is_blank(line.data[*at]);
        }
        if (!quote && (c == '"' || c == '\''))
            quote = c;
        else
            target[written++] = c;
    }
    *len = written;
    return !quote;
}

/* Cuts a line into words behind args->count; *count says how many.  RESP_COMMAND: well. */
static enum resp_result split_words(struct resp_decoder *decoder, struct bytes line,
                                    struct resp_args *args, struct arena *scratch, size_t *count,
                                    struct brine_error *err) {
    uint8_t *room = NULL; /* one piece a line, since all its words together are no longer */
    *count = 0;
    for (size_t at = 0;;) {
        while (at < line.len && is_blank(line.data[at])) at++;
        if (at == line.len) return RESP_COMMAND;
        size_t first = at;
        while (at < line.len && !ends_word(line.data[at]) && line.data[at] != '"' &&
               line.data[at] != '\'')
            at++;
        struct bytes word = bytes_slice(line, first, at - first);
        if (at < line.len && !ends_word(line.data[at])) {
            if (!room) room = arena_alloc(scratch, line.len);
            if (!room) return no_memory(decoder, err);
            at = first;
            if (!unquote_word(line, &at, room, &word.len))
                return broken(decoder, err, first, "unbalanced quotes in request");
            word.data = room;
            room += word.len;
        }
        if (!reserve_args(args, *count + 1)) return no_memory(decoder, err);
        args->items[args->count + *count] = word;
        *count += 1;
    }
}

/* Source: Redis networking.c processInlineBuffer. */
static enum resp_result decode_inline(struct resp_decoder *decoder,
                                      const struct resp_limits *limits, struct bytes input,
                                      struct resp_args *args, struct arena *scratch,
                                      struct resp_command *out, struct brine_error *err) {
    size_t window = limits->inline_bytes_max < input.len ? limits->inline_bytes_max + 1 : input.len;
    struct bytes fresh =
        bytes_slice(input, decoder->scanned, window - MIN(window, decoder->scanned));
    const uint8_t *newline = fresh.len ? memchr(fresh.data, '\n', fresh.len) : NULL;
    if (newline) fresh.len = (size_t)(newline - fresh.data);
    const uint8_t *nul = fresh.len ? memchr(fresh.data, 0, fresh.len) : NULL;
    if (nul) return broken(decoder, err, (size_t)(nul - input.data), "NUL byte in inline request");
    if (!newline && input.len > limits->inline_bytes_max)
        return broken(decoder, err, 0, "too big inline request");
    if (!newline) {
        decoder->scanned = input.len;
        return RESP_NEED_MORE;
    }
    struct bytes line = bytes_view(input.data, (size_t)(newline - input.data));
    size_t consumed = line.len + 1, count;
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    enum resp_result result = split_words(decoder, line, args, scratch, &count, err);
    if (result != RESP_COMMAND) return result;
    *out = (struct resp_command){.first_arg = args->count, .argc = count, .consumed = consumed};
    args->count += count;
    *decoder = (struct resp_decoder){0};
    return count > 0 ? RESP_COMMAND : RESP_EMPTY;
}

enum resp_result resp_decode(struct resp_decoder *decoder, const struct resp_limits *limits,
                             struct bytes input, struct resp_args *args, struct arena *scratch,
                             struct resp_command *out, struct brine_error *err) {
    if (UNLIKELY(input.len == 0)) return RESP_NEED_MORE;
    if (LIKELY(input.data[0] == '*')) return decode_array(decoder, limits, input, args, out, err);
    return decode_inline(decoder, limits, input, args, scratch, out, err);
}
