/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The framings that are not compression; kombu.c has the longest of them. */

#include "frame/adapters.h"

#include "base/reader.h"

/* ---- '!' and '|' ------------------------------------------------------------------------------*/

/* Source: cachelib redis.py load_object. */
enum brine_status adapter_bang(struct frame_look *look, struct bytes *payload) {
    if (look->turn.index++ > 0 || look->input.len < 2 || look->input.data[0] != '!')
        return BRINE_NOT_FOUND;
    *payload = bytes_slice(look->input, 1, SIZE_MAX);
    return BRINE_OK;
}

static bool may_begin_json(uint8_t c) {
    return c && memchr(" \t\n\r\"{[-0123456789tfnNI", c, sizeof " \t\n\r\"{[-0123456789tfnNI" - 1);
}

/* json.loads takes UTF-16 and UTF-32 too, by a mark or a zero among the first four bytes; of what
 * is in those the first character alone is looked at, where a zero comes first, as in rows of bits.
 * Source: Lib/json/__init__.py detect_encoding. */
static bool may_be_json(struct bytes head) {
    struct bytes start = bytes_slice(head, 0, 4);
    if (start.len > 1 && !start.data[0])
        return may_begin_json(start.data[1]) || (start.len == 4 && !start.data[1] &&
                                                 !start.data[2] && may_begin_json(start.data[3]));
    if (start.len > 0 && memchr(start.data, 0, start.len)) return true;
    if (bytes_starts_with(head, BYTES("\xfe\xff")) || bytes_starts_with(head, BYTES("\xff\xfe")))
        return true;
    if (bytes_starts_with(head, BYTES("\xef\xbb\xbf"))) head = bytes_slice(head, 3, SIZE_MAX);
    return json_is_whole(head);
}

/* Whether what begins so has no '|' soon, and no JSON before any.  A token of JSON fails by its
 * first bytes, or is a string, which may go on. */
bool adapter_is_no_dogpile(struct bytes front) {
    enum { TOKEN_BYTES = 16 };
    if (memchr(front.data, '|', front.len)) return false;
    if (front.len < TOKEN_BYTES || front.data[0] >= 0xef) return false; /* the latter: marks */
    if (memchr(front.data, 0, 4)) return !may_be_json(front);
    struct json_scan scan = json_scan_over(front);
    struct json_token token;
    while (json_scan_next(&scan, &token)) {}
    return scan.failed && front.len - scan.at > TOKEN_BYTES && front.data[scan.at] != '"';
}

/* The first '|' counts, though one may stand in a string of the JSON: then that is cut off and the
 * reader fails.  Source: dogpile cache/region.py _parse_serialized_from_backend. */
enum brine_status adapter_dogpile(struct frame_look *look, struct bytes *payload) {
    bool is_long = look->input.len > FRAME_FRONT_BYTES;
    if (is_long && adapter_is_no_dogpile(bytes_slice(look->input, 0, FRAME_FRONT_BYTES)))
        return BRINE_NOT_FOUND;
    const uint8_t *bar = memchr(look->input.data, '|', look->input.len);
    if (look->turn.index++ > 0 || !bar) return BRINE_NOT_FOUND;
    size_t head = (size_t)(bar - look->input.data);
    if (head + 1 == look->input.len || !may_be_json(bytes_slice(look->input, 0, head)))
        return BRINE_NOT_FOUND;
    *payload = bytes_slice(look->input, head + 1, SIZE_MAX);
    return BRINE_OK;
}

/* ---- signatures -------------------------------------------------------------------------------*/

/* SIZE_MAX when there is none. */
static size_t find_first(struct bytes text, struct bytes word) {
    const uint8_t *found = memmem(text.data, text.len, word.data, word.len);
    return found ? (size_t)(found - text.data) : SIZE_MAX;
}

static size_t find_last(struct bytes text, struct bytes word) {
    for (size_t len = text.len; len >= word.len;) {
        const uint8_t *end = memrchr(text.data, word.data[word.len - 1], len);
        if (!end || (size_t)(end - text.data) + 1 < word.len) return SIZE_MAX;
        size_t at = (size_t)(end - text.data) + 1 - word.len;
        if (memcmp(text.data + at, word.data, word.len) == 0) return at;
        len = at + word.len - 1;
    }
    return SIZE_MAX;
}

static bool cut_prefix(const struct frame_affix *affix, struct bytes *text) {
    size_t length = affix->prefix_bytes;
    if (affix->prefix_to.len > 0) {
        size_t at = find_first(*text, affix->prefix_to);
        if (at == SIZE_MAX || (length > 0 && at != length)) return false;
        length = at + affix->prefix_to.len;
    }
    if (length > text->len) return false;
    *text = bytes_slice(*text, length, SIZE_MAX);
    return true;
}

static bool cut_suffix(const struct frame_affix *affix, struct bytes *text) {
    if (affix->suffix_from.len == 0) {
        if (affix->suffix_bytes > text->len) return false;
        *text = bytes_slice(*text, 0, text->len - affix->suffix_bytes);
        return true;
    }
    struct bytes rest = *text;
    for (uint32_t part = MAX(affix->suffix_parts, 1u); part > 0; part--) {
        size_t at = find_last(rest, affix->suffix_from);
        if (at == SIZE_MAX) return false;
        rest = bytes_slice(rest, 0, at);
    }
    size_t behind = text->len - rest.len - affix->suffix_from.len;
    if (affix->suffix_bytes > 0 && behind != affix->suffix_bytes) return false;
    *text = rest;
    return true;
}

enum brine_status adapter_signed(struct frame_look *look, struct bytes *payload) {
    size_t *index = &look->turn.index;
    for (*index = MAX(*index, look->affixes_done); *index < look->options->affixes_count;) {
        const struct frame_affix *affix = &look->options->affixes[(*index)++];
        struct bytes text = look->input;
        if (!cut_prefix(affix, &text) || !cut_suffix(affix, &text)) continue;
        if (text.len == 0 || text.len == look->input.len) continue;
        *payload = text;
        return BRINE_OK;
    }
    return BRINE_NOT_FOUND;
}

bool adapter_has_suffix(struct bytes input, const struct frame_options *options) {
    for (size_t i = 0; i < options->affixes_count; i++) {
        struct bytes text = input;
        if (!cut_prefix(&options->affixes[i], &text)) continue;
        size_t before = text.len;
        if (cut_suffix(&options->affixes[i], &text) && text.len < before) return true;
    }
    return false;
}

/* ---- a pickled str ----------------------------------------------------------------------------*/

enum { PICKLE_PROTO = 0x80, PICKLE_FRAME = 0x95, PICKLE_MEMOIZE = 0x94 };

static uint8_t peek(const struct reader *r) {
    return reader_left(r) > 0 ? r->data[r->offset] : 0;
}

/* A str as it stands in the pickle. */
struct written_text {
    struct bytes text;
    uint8_t escapes; /* 'V' or 'S' when it has a backslash, else 0 */
};

static struct bytes read_line(struct reader *r) {
    const uint8_t *from = r->data + r->offset;
    const uint8_t *end = reader_left(r) > 0 ? memchr(from, '\n', reader_left(r)) : NULL;
    if (!end) reader_fail(r);
    struct bytes line = read_take(r, end ? (size_t)(end - from) : 0);
    (void)read_u8(r);
    return line;
}

static struct written_text read_text(struct reader *r) {
    struct written_text written = {0};
    uint8_t opcode = read_u8(r);
    switch (opcode) {
    case 'X':
    case 'T':
        written.text = read_take(r, read_u32le(r));
        break;
    case 0x8c:
    case 'U':
        written.text = read_take(r, read_u8(r));
        break;
    case 0x8d:
        written.text = read_take(r, read_u64le(r));
        break;
    case 'V':
    case 'S':
        written.text = read_line(r);
        if (written.text.len > 0 && memchr(written.text.data, '\\', written.text.len))
            written.escapes = opcode;
        break;
    default:
        reader_fail(r);
    }
    if (opcode == 'S' && written.text.len >= 2)
        written.text = bytes_slice(written.text, 1, written.text.len - 2);
    return written;
}

/* [PROTO] [FRAME] a str [MEMOIZE or PUT] STOP: what picklers write, and of the ways to make a str
 * just that one.  STRING, BINSTRING, SHORT_BINSTRING are Python 2's. */
static bool read_written(struct bytes pickle, struct written_text *written) {
    struct reader r = reader_over(pickle);
    if (peek(&r) == PICKLE_PROTO) (void)read_take(&r, 2);
    if (peek(&r) == PICKLE_FRAME) (void)read_take(&r, 9);
    *written = read_text(&r);
    uint8_t next = read_u8(&r);
    if (next == 'q') (void)read_u8(&r);
    if (next == 'r') (void)read_u32le(&r);
    if (next == 'p') (void)read_line(&r);
    if (next == 'q' || next == 'r' || next == 'p' || next == PICKLE_MEMOIZE) next = read_u8(&r);
    return !reader_failed(&r) && next == '.';
}

static uint8_t byte_at(struct bytes bytes, size_t at) {
    return at < bytes.len ? bytes.data[at] : 0;
}

bool adapter_may_be_text(struct bytes input) {
    enum { PROTO_BYTES = 2, FRAME_BYTES = 9 };
    size_t at = byte_at(input, 0) == PICKLE_PROTO ? PROTO_BYTES : 0;
    if (byte_at(input, at) == PICKLE_FRAME) at += FRAME_BYTES;
    uint8_t opcode = byte_at(input, at);
    return opcode == 0x8c || opcode == 0x8d || (opcode >= 'S' && opcode <= 'X');
}

bool frame_is_written_text(struct bytes pickle) {
    struct written_text written;
    return read_written(pickle, &written);
}

static uint32_t digits_at(struct bytes text, size_t at, size_t count, unsigned base) {
    uint32_t value = 0;
    for (size_t i = at; i < at + count && i < text.len; i++) {
        uint8_t c = text.data[i], lower = c | 0x20;
        uint32_t digit = byte_is_digit(c)               ? (uint32_t)(c - '0')
                         : lower >= 'a' && lower <= 'f' ? (uint32_t)(lower - 'a' + 10)
                                                        : 99;
        if (digit >= base) return UINT32_MAX;
        value = value * base + digit;
    }
    return value;
}

/* The character behind the backslash at `at`, which moves behind it; what is no ASCII does not
 * matter, for readers of base64 take none.  Source: Objects/unicodeobject.c, bytesobject.c. */
static uint32_t unescape(struct bytes text, size_t *at, uint8_t escapes) {
    uint8_t c = *at + 1 < text.len ? text.data[*at + 1] : 0;
    size_t width = c == 'u' ? 4 : c == 'U' ? 8 : 0, begin = *at + 2;
    unsigned base = 16;
    if (escapes == 'S') {
        width = c == 'x' ? 2 : 0;
        if (c >= '0' && c <= '7') {
            base = 8;
            begin = *at + 1;
            while (width < 3 && begin + width < text.len &&
                   (text.data[begin + width] & 0xf8) == '0')
                width++;
        }
    }
    *at = begin + width;
    return width > 0 ? digits_at(text, begin, width, base) : '\\';
}

enum brine_status adapter_string(struct frame_look *look, struct bytes *payload) {
    struct written_text written;
    if (look->turn.index++ > 0 || !read_written(look->input, &written)) return BRINE_NOT_FOUND;
    *payload = written.text;
    if (written.text.len == 0) return BRINE_NOT_FOUND;
    if (!written.escapes) return BRINE_OK;

    struct buf *out = look->unpack.out;
    size_t room;
    buf_clear(out);
    TRY(unpack_reserve(&look->unpack, written.text.len, &room));
    for (size_t at = 0; at < written.text.len && out->len < room;) {
        uint32_t c = written.text.data[at];
        if (c == '\\')
            c = unescape(written.text, &at, written.escapes);
        else
            at++;
        if (c < 0x80) out->data[out->len++] = (uint8_t)c;
    }
    TRY(unpack_check(&look->unpack));
    *payload = buf_view(out);
    return payload->len > 0 ? BRINE_OK : BRINE_NOT_FOUND;
}

/* ---- base64 -----------------------------------------------------------------------------------*/

enum { NO_LETTER = 0x40, URL_LETTER = 0x80, HEAD_BYTES = 16 };

/* clang-format off */
#define X NO_LETTER
static const uint8_t letters_from_plus[] = {
    62, X, 62 | URL_LETTER, X, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X, X,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    X, X, X, X, 63 | URL_LETTER, X,
    26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};
#undef X
/* clang-format on */

static uint8_t letter_value(uint8_t c, bool url_safe) {
    uint8_t from_plus = (uint8_t)(c - '+');
    uint8_t value = from_plus < sizeof letters_from_plus ? letters_from_plus[from_plus] : NO_LETTER;
    if (value & URL_LETTER) return url_safe ? value & (uint8_t)~URL_LETTER : NO_LETTER;
    return value;
}

/* Appends at most `most` bytes, for which there must be room.  False when no reader takes the text.
 *
 * As binascii.a2b_base64 without strict_mode, which b64decode uses: what is no letter is skipped,
 * '=' too unless it completes a group, and then the rest is not looked at.  A group that lacks its
 * '=' is an error there, but readers put them on, so it counts here. */
static bool decode_base64(struct bytes text, bool url_safe, struct buf *out, size_t most) {
    uint32_t group = 0;
    unsigned letters = 0, pads = 0;
    size_t end = out->len + most;
    for (size_t i = 0; i < text.len && out->len < end; i++) {
        uint8_t value = letter_value(text.data[i], url_safe);
        if (value == NO_LETTER) {
            if (text.data[i] == '=' && letters >= 2 && letters + ++pads >= 4) return true;
            continue;
        }
        pads = 0;
        group = group << 6 | value;
        letters = (letters + 1) % 4;
        if (letters == 2) out->data[out->len++] = (uint8_t)(group >> 4);
        if (letters == 3) out->data[out->len++] = (uint8_t)(group >> 2);
        if (letters == 0) out->data[out->len++] = (uint8_t)group;
    }
    return letters != 1 || out->len == end;
}

/* Opcodes with which a pickle can begin (INST because Python's own unpickler imports before it
 * misses the mark), and first bytes of what else may be in base64. */
static bool may_begin(struct bytes head) {
    static const uint8_t opcodes[] = "()]}FGIJKLMNPSTUVXBCci\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c"
                                     "\x8d\x8e\x8f\x95\x96\x97";
    static const uint8_t others[] = "{[ \t\r\n\x1f\xfd\x04\x22\x23\x24\x25\x26\x27\x28";
    uint8_t first = head.data[0];
    return memchr(opcodes, first, sizeof opcodes - 1) || memchr(others, first, sizeof others - 1) ||
           (first & 0x8f) == 8 || (first & 0xf0) == 0x50 || unpack_is_lzma(head);
}

static bool has_url_letters(struct bytes text) {
    return text.len > 0 && (memchr(text.data, '-', text.len) || memchr(text.data, '_', text.len));
}

/* With the usual letters, then, when it makes a difference, with those for URLs. */
enum brine_status adapter_base64(struct frame_look *look, struct bytes *payload) {
    /* Beaker's sessions with a key put a nonce in front, in 8 letters before 1.12 and in 24 since;
     * what lies behind it is plain base64 where no library for AES is installed. */
    static const size_t nonces[] = {0, 8, 24};
    struct buf *out = look->unpack.out;
    for (size_t *index = &look->turn.index; *index < 2 * ARRAY_LEN(nonces);) {
        size_t nonce = nonces[*index / 2];
        bool url_safe = (*index)++ % 2 == 1;
        size_t room;
        uint8_t begun[HEAD_BYTES];
        struct buf head = {.data = begun, .cap = sizeof begun};
        struct bytes text = bytes_slice(look->input, nonce, look->input.len);
        if (nonce > 0 && (!look->has_nonce || text.len == 0)) break;
        if (url_safe ? !look->urls_only && !has_url_letters(text) : look->urls_only) continue;
        bool decoded = decode_base64(text, url_safe, &head, sizeof begun);
        if (!decoded || head.len == 0 || !may_begin(buf_view(&head))) continue;
        buf_clear(out);
        TRY(unpack_reserve(&look->unpack, text.len / 4 * 3 + 3, &room));
        if (!decode_base64(text, url_safe, out, room) || out->len == 0) continue;
        TRY(unpack_check(&look->unpack));
        *payload = buf_view(out);
        return BRINE_OK;
    }
    return BRINE_NOT_FOUND;
}

/* ---- joblib -----------------------------------------------------------------------------------*/

static int digit_value(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* \x6a, \152, \u006a, \U0000006a: a letter of the name in the escapes of pickled text. */
static bool is_escaped_letter(struct bytes escape) {
    size_t base = 16, at = 2, digits;
    switch (escape.len > 1 ? escape.data[1] : 0) {
    case 'x':
        digits = 2;
        break;
    case 'u':
        digits = 4;
        break;
    case 'U':
        digits = 8;
        break;
    default:
        base = 8;
        at = 1;
        digits = 3;
    }
    uint32_t letter = 0;
    for (size_t end = at + digits; at < end; at++) {
        int digit = at < escape.len ? digit_value(escape.data[at]) : 99;
        if ((size_t)digit >= base) return false;
        letter = letter * (uint32_t)base + (uint32_t)digit;
    }
    return letter > 0 && letter < 0x80 && strchr("joblib", (int)letter);
}

/* The next of a byte that is rare in what is cached: many times faster than memmem, which is what
 * a look costs that all pickles get. */
static const uint8_t *next_byte(struct bytes text, size_t from, uint8_t byte) {
    return from < text.len ? memchr(text.data + from, byte, text.len - from) : NULL;
}

bool adapter_may_name_joblib(struct bytes input) {
    const uint8_t *at;
    for (size_t from = 0; (at = next_byte(input, from, 'j')); from++) {
        from = (size_t)(at - input.data);
        if (bytes_starts_with(bytes_slice(input, from, SIZE_MAX), BYTES("joblib"))) return true;
    }
    for (size_t from = 0; (at = next_byte(input, from, '\\')); from++) {
        from = (size_t)(at - input.data);
        if (is_escaped_letter(bytes_slice(input, from, SIZE_MAX))) return true;
    }
    return false;
}
