/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An array command is read by two functions that agree.
 *
 *   collect   The fast one.  Takes a whole, well-formed command and stores the views, or stores
 *             nothing and says no, not knowing why.
 *   judge     The careful one.  Knows Redis's order of checks and its words, stores no view, and
 * can stop anywhere and go on from there:
 *
 *                 *3\r\n  $3\r\nSET\r\n  $3\r\nkey\r\n  $5\r\nval
 *                                                     |         |
 *                                                offset         the input ends, args_left is 1
 *
 * The first call tries collect.  When that says no, judge finds out why; once judge has seen the
 * command whole there is room made for its arguments, and collect cannot fail.  So each byte of a
 * header is looked at a bounded number of times however the input is cut, a bulk's bytes never, and
 * args grow only for a command that is there.
 *
 * Invariant: what judge passes, collect takes: collect reads up to 18 digits, and a number of more
 * can be no count of bytes that have arrived.  fuzz_resp_command holds both against each other.
 *
 * This file reads by index instead of through struct reader (base/reader.h): that one is made for
 * fixed-width fields and would check for failure at each byte of the hottest loop of the server.
 * The bounds stand in four places: read_count, collect, find_line_end and judge_args. */

#include "resp/command.h"

#include "base/assert.h"
#include "base/number.h"

enum {
    ARGS_FIRST = 64,
    COUNT_DIGITS_MAX = 18 /* no overflow in 64 bits */
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
    if (args->count > args->limit || more > args->limit - args->count) return false;
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

/* ---- array commands: the careful way ----------------------------------------------------------
 */

/* Walks decoder->args_left arguments from decoder->offset on.  RESP_COMMAND: all are there. */
static enum resp_result judge_args(struct resp_decoder *decoder, const struct resp_limits *limits,
                                   struct bytes input, struct brine_error *err) {
    decoder->missing = 0;
    while (decoder->args_left > 0) {
        size_t len, body;
        enum resp_result result = read_bulk_header(decoder, limits, input, &len, &body, err);
        if (result != RESP_COMMAND) return result;
        size_t arrived = input.len - body;
        if (arrived < 2 || arrived - 2 < len) {
            decoder->missing = len - arrived + 2;
            return RESP_NEED_MORE;
        }
        if (input.data[body + len] != '\r' || input.data[body + len + 1] != '\n')
            return broken(decoder, err, body + len, "invalid bulk terminator");
        decoder->offset = body + len + 2;
        decoder->scanned = 0;
        decoder->args_left--;
    }
    return RESP_COMMAND;
}

/* From the beginning or from where the last call stopped. */
static enum resp_result judge(struct resp_decoder *decoder, const struct resp_limits *limits,
                              struct bytes input, size_t *consumed, struct brine_error *err) {
    BRINE_ASSERT(decoder->offset <= input.len && decoder->scanned <= input.len - decoder->offset,
                 "a caller passes what it passed before, and more behind it");
    if (decoder->args_left == 0) {
        int64_t count;
        size_t first;
        enum resp_result result = read_array_header(decoder, limits, input, &count, &first, err);
        if (result != RESP_COMMAND) return result;
        *consumed = first;
        if (count <= 0) return RESP_EMPTY;
        *decoder = (struct resp_decoder){.offset = first, .args_left = (size_t)count};
    }
    return judge_args(decoder, limits, input, err);
}

/* ---- array commands: the fast way -------------------------------------------------------------
 */

/* Reads "<digits>\r\n" at `at`, without sign or leading zero.  Returns the offset behind it, or 0
 * when something else stands there or the input ends too soon. */
static inline size_t read_count(struct bytes input, size_t at, size_t *count) {
    if (UNLIKELY(input.len - at < 4))
        return 0; /* no header of a whole command is so near its end */
    const uint8_t *digits = input.data + at;
    size_t first = (size_t)digits[0] - '0';
    if (UNLIKELY(first > 9)) return 0;
    if (digits[1] == '\r') {
        *count = first;
        return LIKELY(digits[2] == '\n') ? at + 3 : 0;
    }
    size_t value = first, len = 1, most = MIN(input.len - at - 2, (size_t)COUNT_DIGITS_MAX);
    if (UNLIKELY(first == 0)) return 0;
    for (size_t digit; len < most && (digit = (size_t)digits[len] - '0') <= 9; len++)
        value = value * 10 + digit;
    *count = value;
    return LIKELY(digits[len] == '\r' && digits[len + 1] == '\n') ? at + len + 2 : 0;
}

/* A whole command at the start of input, for whose arguments args has room; else false, and nothing
 * has changed. */
static inline bool collect(const struct resp_limits *limits, struct bytes input,
                           struct resp_args *args, struct resp_command *out) {
    size_t args_max = limits->args_max, bulk_max = limits->bulk_bytes_max, count;
    if (UNLIKELY(limits->unauthenticated)) {
        args_max = MIN(args_max, (size_t)RESP_UNAUTHENTICATED_ARGS_MAX);
        bulk_max = MIN(bulk_max, (size_t)RESP_UNAUTHENTICATED_BULK_MAX);
    }
    size_t at = read_count(input, 1, &count);
    if (UNLIKELY(at == 0 || count == 0 || count > MIN(args_max, args->cap - args->count)))
        return false;
    struct bytes *item = args->items + args->count;
    for (struct bytes *end = item + count; item < end; item++) {
        size_t len;
        if (UNLIKELY(at == input.len || input.data[at] != '$')) return false;
        size_t body = read_count(input, at + 1, &len);
        if (UNLIKELY(body == 0 || len > bulk_max)) return false;
        size_t arrived = input.len - body;
        if (UNLIKELY(arrived < 2 || arrived - 2 < len)) return false;
        const uint8_t *value = input.data + body;
        if (UNLIKELY(value[len] != '\r' || value[len + 1] != '\n')) return false;
        *item = bytes_view(value, len);
        at = body + len + 2;
    }
    *out = (struct resp_command){.first_arg = args->count, .argc = count, .consumed = at};
    args->count += count;
    return true;
}

/* Kept out of line, so that its locals are no burden to collect. */
static __attribute__((noinline)) enum resp_result
decode_array(struct resp_decoder *decoder, const struct resp_limits *limits, struct bytes input,
             struct resp_args *args, struct resp_command *out, struct brine_error *err) {
    size_t consumed = 0, count = 0;
    enum resp_result result = judge(decoder, limits, input, &consumed, err);
    if (result == RESP_EMPTY)
        *out = (struct resp_command){.first_arg = args->count, .consumed = consumed};
    if (result == RESP_NEED_MORE) return result;
    *decoder = (struct resp_decoder){0};
    if (result != RESP_COMMAND) return result;
    size_t first = read_count(input, 1, &count);
    BRINE_ASSERT(first > 0, "the fast reader takes a count that the careful one passed");
    if (!reserve_args(args, count)) return no_memory(decoder, err);
    /* Each argument was judged when it came, and stays so when a limit is lowered meanwhile. */
    const struct resp_limits judged = {.bulk_bytes_max = SIZE_MAX, .args_max = SIZE_MAX};
    bool collected = collect(&judged, input, args, out);
    BRINE_ASSERT(collected, "the fast reader takes a command that the careful one passed");
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
    if (UNLIKELY(input.data[0] != '*'))
        return decode_inline(decoder, limits, input, args, scratch, out, err);
    bool is_fresh = decoder->args_left == 0 && decoder->scanned == 0;
    if (LIKELY(is_fresh && collect(limits, input, args, out))) return RESP_COMMAND;
    return decode_array(decoder, limits, input, args, out, err);
}
