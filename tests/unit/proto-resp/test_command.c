/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The words and limits expected here are those that redis-server 7.0.15 answered to the same bytes,
 * except where a row is marked "stricter". */

#include "resp/command.h"

#include "base/buf.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct resp_limits usual = {
    .bulk_bytes_max = 512 << 20, .args_max = INT32_MAX, .inline_bytes_max = RESP_HEADER_BYTES_MAX};

/* One connection and what it needs. */
struct wire {
    struct resp_decoder decoder;
    struct resp_limits limits;
    struct resp_args args;
    struct arena scratch;
    struct brine_error err;
};

static void wire_init(struct wire *wire, struct allocator *mem) {
    *wire = (struct wire){.limits = usual};
    resp_args_init(&wire->args, mem, 1 << 21);
    arena_init(&wire->scratch, mem, 1 << 24);
}

static void wire_deinit(struct wire *wire) {
    resp_args_deinit(&wire->args);
    arena_deinit(&wire->scratch);
}

static enum resp_result decode(struct wire *wire, struct bytes input, struct resp_command *out) {
    return resp_decode(&wire->decoder, &wire->limits, input, &wire->args, &wire->scratch, out,
                       &wire->err);
}

static struct bytes arg(const struct wire *wire, const struct resp_command *command, size_t i) {
    return wire->args.items[command->first_arg + i];
}

static bool is_inside(struct bytes view, struct bytes input) {
    return view.data >= input.data && view.len <= input.len &&
           (size_t)(view.data - input.data) <= input.len - view.len;
}

/* Gives args room, without which no command takes the fast way. */
static void warm(struct wire *wire) {
    struct resp_command command;
    cr_assert_eq(decode(wire, BYTES("*1\r\n$4\r\nPING\r\n"), &command), RESP_COMMAND);
    resp_args_clear(&wire->args);
}

/* Appends what happened to the transcript: "C2 3:GET 1:k\n", "E\n", "B <words> @offset\n". */
static void note(struct buf *transcript, const struct wire *wire, enum resp_result result,
                 const struct resp_command *command, size_t base) {
    enum brine_status status = BRINE_OK;
    if (result == RESP_EMPTY) status = buf_append(transcript, BYTES("E\n"));
    if (result == RESP_BROKEN)
        status = buf_printf(transcript, "B %s @%zu\n", wire->err.text, base + wire->err.offset);
    if (result == RESP_COMMAND) {
        status = buf_printf(transcript, "C%zu", command->argc);
        for (size_t i = 0; i < command->argc && status == BRINE_OK; i++) {
            struct bytes view = arg(wire, command, i);
            status = buf_printf(transcript, " %zu:", view.len);
            if (status == BRINE_OK) status = buf_append(transcript, view);
        }
        if (status == BRINE_OK) status = buf_append_byte(transcript, '\n');
    }
    cr_assert_eq(status, BRINE_OK);
}

/* Decodes what has arrived, from *consumed on; the bytes lie in a block of exactly their size, at
 * another address each time.  False once the stream is broken. */
static bool decode_arrived(struct wire *wire, struct bytes stream, size_t arrived, size_t *consumed,
                           struct buf *transcript) {
    size_t len = arrived - *consumed;
    uint8_t *copy = mem_alloc(mem_system(), MAX(len, 1));
    bytes_copy_to(copy, bytes_slice(stream, *consumed, len));
    size_t at = 0;
    enum resp_result result;
    resp_args_clear(&wire->args);
    arena_reset(&wire->scratch);
    for (;;) {
        struct resp_command command;
        struct bytes input = bytes_view(copy + at, len - at);
        size_t args_before = wire->args.count;
        result = decode(wire, input, &command);
        note(transcript, wire, result, &command, *consumed + at);
        if (result != RESP_COMMAND && result != RESP_EMPTY) {
            cr_assert_eq(wire->args.count, args_before);
            break;
        }
        cr_assert(command.consumed > 0 && command.consumed <= input.len);
        for (size_t i = 0; i < command.argc; i++) {
            struct bytes view = arg(wire, &command, i);
            if (input.data[0] == '*') cr_assert(is_inside(view, input));
        }
        at += command.consumed;
    }
    *consumed += at;
    mem_free(mem_system(), copy, MAX(len, 1));
    return result == RESP_NEED_MORE;
}

/* What the stream is when it arrives in two parts cut at `cut`, or in parts of `step` bytes. */
static void transcribe(struct bytes stream, size_t cut, size_t step, bool is_warm,
                       struct resp_limits limits, struct buf *transcript) {
    struct wire wire;
    wire_init(&wire, mem_system());
    if (is_warm) warm(&wire);
    wire.limits = limits;
    buf_clear(transcript);
    size_t consumed = 0;
    bool open = true;
    if (step)
        for (size_t at = 0; at < stream.len && open; at += step)
            open = decode_arrived(&wire, stream, at, &consumed, transcript);
    else
        open = decode_arrived(&wire, stream, cut, &consumed, transcript);
    if (open) open = decode_arrived(&wire, stream, stream.len, &consumed, transcript);
    cr_assert_eq(buf_append_byte(transcript, open ? 'M' : '!'), BRINE_OK);
    wire_deinit(&wire);
}

/* ---- what is read -----------------------------------------------------------------------------
 */

Test(resp_command, a_pipeline_is_cut_into_views_without_copies) {
    struct bytes input = BYTES("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nSET k v\r\n*1\r\n$0\r\n\r\n*1");
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command get, set, none, more;
    cr_assert_eq(decode(&wire, input, &get), RESP_COMMAND);
    cr_expect(get.argc == 2 && get.first_arg == 0 && get.consumed == 20);
    cr_expect(bytes_equal(arg(&wire, &get, 1), BYTES("k")));
    cr_expect(arg(&wire, &get, 0).data == input.data + 8);
    input = bytes_slice(input, get.consumed, input.len);
    cr_assert_eq(decode(&wire, input, &set), RESP_COMMAND);
    cr_expect(set.argc == 3 && set.first_arg == 2 && set.consumed == 9);
    cr_expect(arg(&wire, &set, 2).data == input.data + 6);
    input = bytes_slice(input, set.consumed, input.len);
    cr_assert_eq(decode(&wire, input, &none), RESP_COMMAND);
    cr_expect(none.argc == 1 && arg(&wire, &none, 0).len == 0);
    input = bytes_slice(input, none.consumed, input.len);
    cr_assert_eq(decode(&wire, input, &more), RESP_NEED_MORE);
    cr_expect_eq(wire.args.count, 6);
    cr_expect_eq(wire.scratch.taken_bytes, 0);
    wire_deinit(&wire);
}

Test(resp_command, inline_lines_are_cut_as_sdssplitargs_cuts_them) {
    static const struct {
        const char *line, *transcript;
    } rows[] = {
        {"PING\r\n", "C1 4:PING\n"},
        {"PING\n", "C1 4:PING\n"},
        {"  PING \t x  \r\n", "C2 4:PING 1:x\n"},
        {"PING\rfoo\n", "C2 4:PING 3:foo\n"},
        {"PING\r\r\n", "C1 4:PING\n"},
        {"PING a\vb\r\n", "C2 4:PING 3:a\vb\n"},
        {"\vPING\f\r\n", "C1 5:PING\f\n"},
        {"PING \"\"\r\n", "C2 4:PING 0:\n"},
        {"PING '' \"\"\r\n", "C3 4:PING 0: 0:\n"},
        {"PING fo\"o b\"\r\n", "C2 4:PING 5:foo b\n"},
        {"PING fo'o b'\r\n", "C2 4:PING 5:foo b\n"},
        {"PING \"a\\x41\\n\\r\\t\\b\\a\\q\\\"z\"\r\n", "C2 4:PING 10:aA\n\r\t\b\aq\"z\n"},
        {"PING \"\\x4g\"\r\n", "C2 4:PING 3:x4g\n"},
        {"PING \"\\xFf\\xaA\\x05\\x50\"\r\n", "C2 4:PING 4:\xff\xaa\x05P\n"},
        {"PING \"\\n41\\q41\"\r\n", "C2 4:PING 6:\n41q41\n"},
        {"PING \"\\x@4\\xg4\"\r\n", "C2 4:PING 6:x@4xg4\n"},
        {"PING \"\\x4\"\r\n", "C2 4:PING 2:x4\n"},
        {"PING 'a\\'b\\n'\r\n", "C2 4:PING 5:a'b\\n\n"},
        {"PING 'a\\x41'\r\n", "C2 4:PING 5:a\\x41\n"},
        {"PING \"a\"\v\r\n", "C2 4:PING 1:a\n"},
        {"PING a\\nb\r\n", "C2 4:PING 4:a\\nb\n"},
        {"\r\n", "E\n"},
        {"\n", "E\n"},
        {" \t \r\n", "E\n"},
        {"$4\r\n", "C1 2:$4\n"},
    };
    struct buf transcript;
    buf_init(&transcript, mem_system(), 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes line = bytes_of_cstr(rows[i].line);
        transcribe(line, line.len, 0, false, usual, &transcript);
        transcript.len--; /* the M */
        cr_expect(bytes_equal(buf_view(&transcript), bytes_of_cstr(rows[i].transcript)),
                  "'%s' gives '%.*s'", rows[i].line, (int)transcript.len, (char *)transcript.data);
    }
    buf_deinit(&transcript);
}

Test(resp_command, words_with_quotes_stay_where_they_are_for_the_whole_batch) {
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command first, other;
    cr_assert_eq(decode(&wire, BYTES("SET \"a b\" 'c d'\r\n"), &first), RESP_COMMAND);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(decode(&wire, BYTES("SET 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx' \"y\"\r\n"), &other),
                     RESP_COMMAND);
    cr_expect(bytes_equal(arg(&wire, &first, 1), BYTES("a b")));
    cr_expect(bytes_equal(arg(&wire, &first, 2), BYTES("c d")));
    wire_deinit(&wire);
}

Test(resp_command, empty_requests_leave_no_state_behind) {
    static const char *const empties[] = {"*0\r\n", "*-1\r\n", "*-9223372036854775808\r\n",
                                          "\r\n",   "\n",      "   \n"};
    for (size_t i = 0; i < ARRAY_LEN(empties); i++) {
        struct wire wire;
        wire_init(&wire, mem_system());
        struct resp_command command;
        struct bytes empty = bytes_of_cstr(empties[i]);
        cr_expect_eq(decode(&wire, empty, &command), RESP_EMPTY, "row %zu", i);
        cr_expect(command.consumed == empty.len && command.argc == 0, "row %zu", i);
        cr_expect(memcmp(&wire.decoder, &(struct resp_decoder){0}, sizeof(wire.decoder)) == 0);
        cr_expect_eq(decode(&wire, BYTES("PING\r\n"), &command), RESP_COMMAND);
        cr_expect_eq(decode(&wire, empty, &command), RESP_EMPTY);
        cr_expect_eq(decode(&wire, BYTES("*1\r\n$4\r\nPING\r\n"), &command), RESP_COMMAND);
        wire_deinit(&wire);
    }
}

/* ---- what is refused --------------------------------------------------------------------------
 */

enum variant { USUAL, UNAUTHENTICATED, SMALL };

static struct resp_limits limits_of(enum variant variant) {
    struct resp_limits limits = usual;
    limits.unauthenticated = variant == UNAUTHENTICATED;
    if (variant == SMALL)
        limits = (struct resp_limits){.bulk_bytes_max = 100, .args_max = 3, .inline_bytes_max = 8};
    return limits;
}

/* NULL words: nothing is wrong yet. */
static const struct broken_row {
    const char *stream, *words;
    enum variant variant;
} broken_rows[] = {
    {"*abc\r\n", "invalid multibulk length", USUAL},
    {"*2147483648\r\n", "invalid multibulk length", USUAL},
    {"*2147483647\r\n", NULL, USUAL},
    {"*999999999999999999999999999999\r\n", "invalid multibulk length", USUAL},
    {"*9223372036854775808\r\n", "invalid multibulk length", USUAL},
    {"*-9223372036854775809\r\n", "invalid multibulk length", USUAL},
    {"*+1\r\n", "invalid multibulk length", USUAL},
    {"*01\r\n", "invalid multibulk length", USUAL},
    {"*00\r\n", "invalid multibulk length", USUAL},
    {"* 1\r\n", "invalid multibulk length", USUAL},
    {"*1 \r\n", "invalid multibulk length", USUAL},
    {"*\r\n", "invalid multibulk length", USUAL},
    {"*-0\r\n", "invalid multibulk length", USUAL},
    {"*4\r\n", "invalid multibulk length", SMALL},
    {"*3\r\n", NULL, SMALL},
    {"*1\n$4\r\n", "invalid multibulk length", USUAL},
    {"*1\rX", "invalid multibulk length", USUAL}, /* stricter: Redis skips the X */
    {"*1\r\r\n", "invalid multibulk length", USUAL},
    {"*abc", NULL, USUAL},
    {"*abc\r", NULL, USUAL},
    {"*1\n$4\nPING\n", NULL, USUAL},
    {"*11\r\n", "unauthenticated multibulk length", UNAUTHENTICATED},
    {"*10\r\n", NULL, UNAUTHENTICATED},
    {"*2147483648\r\n", "invalid multibulk length", UNAUTHENTICATED},
    {"*1\r\n*1\r\n", "expected '$', got '*'", USUAL},
    {"*1\r\n+OK\r\n", "expected '$', got '+'", USUAL},
    {"*1\r\n%1\r\n", "expected '$', got '%'", USUAL},
    {"*1\r\n\xff\r\n", "expected '$', got '\xff'", USUAL},
    {"*1\r\n\r\n", "expected '$', got ' '", USUAL},
    {"*1\r\n\n\r\n", "expected '$', got ' '", USUAL},
    {"*1\r\n\x01\r\n", "expected '$', got ' '", USUAL}, /* Redis lets the control byte out */
    {"*2\r\n$1\r\na\r\nb\r\n", "expected '$', got 'b'", USUAL},
    {"*1\r\nfoo\n", NULL, USUAL},
    {"*1\r\n$-1\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$abc\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$+4\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$04\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$00\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$ 4\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$4 \r\n", "invalid bulk length", USUAL},
    {"*1\r\n$0x4\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$536870913\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$536870912\r\n", NULL, USUAL},
    {"*1\r\n$9223372036854775807\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$18446744073709551615\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$4\rXPING\r\n", "invalid bulk length", USUAL}, /* stricter */
    {"*1\r\n$10\rX0123456789\r\n", "invalid bulk length", USUAL},
    {"*10\rX$1\r\na\r\n", "invalid multibulk length", USUAL},
    {"*1\r\n$10\n\n0123456789\r\n", "invalid bulk length", USUAL},
    {"*1\r\n$101\r\n", "invalid bulk length", SMALL},
    {"*1\r\n$100\r\n", NULL, SMALL},
    {"*1\r\n$16385\r\n", "unauthenticated bulk length", UNAUTHENTICATED},
    {"*1\r\n$16384\r\n", NULL, UNAUTHENTICATED},
    {"*1\r\n$536870913\r\n", "invalid bulk length", UNAUTHENTICATED},
    {"*1\r\n$-1\r\n", "invalid bulk length", UNAUTHENTICATED},
    {"*1\r\n$4\r\nPINGxx", "invalid bulk terminator", USUAL}, /* stricter, as are the next three */
    {"*1\r\n$4\r\nPING\rx", "invalid bulk terminator", USUAL},
    {"*1\r\n$4\r\nPING\n\n", "invalid bulk terminator", USUAL},
    {"*1\r\n$3\r\nPING\r\n", "invalid bulk terminator", USUAL},
    {"\"foo\r\n", "unbalanced quotes in request", USUAL},
    {"'foo\r\n", "unbalanced quotes in request", USUAL},
    {"\"foo\"bar\r\n", "unbalanced quotes in request", USUAL},
    {"'a'b\r\n", "unbalanced quotes in request", USUAL},
    {"PING \"a\\\r\n", "unbalanced quotes in request", USUAL},
    {"PING 'a\\'\r\n", "unbalanced quotes in request", USUAL},
    {"PING ok ''\"\"\r\n", "unbalanced quotes in request", USUAL},
    {"12345678\n", NULL, SMALL},
    {"12345678", NULL, SMALL},
    {"123456789", "too big inline request", SMALL},
    {"123456789\n", "too big inline request", SMALL},
};

Test(resp_command, each_protocol_error_has_redis_words) {
    for (size_t i = 0; i < 2 * ARRAY_LEN(broken_rows); i++) {
        const struct broken_row *row = &broken_rows[i / 2];
        struct wire wire;
        wire_init(&wire, mem_system());
        if (i % 2) warm(&wire);
        wire.limits = limits_of(row->variant);
        struct resp_command command;
        enum resp_result result = decode(&wire, bytes_of_cstr(row->stream), &command);
        if (row->words) {
            char words[128];
            snprintf(words, sizeof(words), "Protocol error: %s", row->words);
            cr_expect(result == RESP_BROKEN && strcmp(wire.err.text, words) == 0,
                      "'%s' gives %d '%s'", row->stream, (int)result, wire.err.text);
        } else {
            cr_expect(result != RESP_BROKEN, "'%s' gives '%s'", row->stream, wire.err.text);
        }
        cr_expect(wire.args.count == (result == RESP_COMMAND), "'%s'", row->stream);
        wire_deinit(&wire);
    }
}

/* "*count\r\n" and as many arguments of len bytes. */
static void encode(struct buf *request, size_t count, size_t len) {
    static const uint8_t filler[70000];
    buf_clear(request);
    cr_assert_eq(buf_printf(request, "*%zu\r\n", count), BRINE_OK);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(buf_printf(request, "$%zu\r\n", len), BRINE_OK);
        cr_assert_eq(buf_append(request, bytes_view(filler, len)), BRINE_OK);
        cr_assert_eq(buf_append(request, BYTES("\r\n")), BRINE_OK);
    }
}

Test(resp_command, every_count_and_length_up_to_its_limit_is_taken_whole) {
    static const struct {
        size_t count, len;
        enum variant variant;
        const char *words; /* NULL: a command */
    } rows[] = {
        {3, 100, SMALL, NULL},
        {4, 1, SMALL, "Protocol error: invalid multibulk length"},
        {1, 101, SMALL, "Protocol error: invalid bulk length"},
        {10, 16384, UNAUTHENTICATED, NULL},
        {11, 1, UNAUTHENTICATED, "Protocol error: unauthenticated multibulk length"},
        {1, 16385, UNAUTHENTICATED, "Protocol error: unauthenticated bulk length"},
        {1000, 65536, USUAL, NULL},
    };
    struct buf request;
    buf_init(&request, mem_system(), (size_t)1 << 28);
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command command;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) { /* the second round is warm */
        size_t row = i % ARRAY_LEN(rows);
        encode(&request, rows[row].count, rows[row].len);
        wire.limits = limits_of(rows[row].variant);
        resp_args_clear(&wire.args);
        enum resp_result result = decode(&wire, buf_view(&request), &command);
        cr_expect_eq(result, rows[row].words ? RESP_BROKEN : RESP_COMMAND, "row %zu", row);
        if (rows[row].words) cr_expect_str_eq(wire.err.text, rows[row].words, "row %zu", row);
    }
    wire.limits = usual;
    for (size_t n = 0; n < 2300; n++) {
        encode(&request, n ? n : 1, n % 1100);
        resp_args_clear(&wire.args);
        cr_assert_eq(decode(&wire, buf_view(&request), &command), RESP_COMMAND, "%zu", n);
        cr_assert(command.argc == (n ? n : 1) && command.consumed == request.len, "%zu", n);
        if (n > 120 && n < 980) n += 20;
        if (n > 1010) n += 97;
    }
    wire_deinit(&wire);
    buf_deinit(&request);
}

Test(resp_command, a_nul_byte_ends_an_inline_connection_at_once) {
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command command;
    cr_assert_eq(decode(&wire, BYTES("PI\0NG"), &command), RESP_BROKEN);
    cr_expect_str_eq(wire.err.text, "Protocol error: NUL byte in inline request");
    cr_expect_eq(wire.err.offset, 2);
    cr_assert_eq(decode(&wire, BYTES("PING\n\0"), &command), RESP_COMMAND);
    cr_assert_eq(decode(&wire, BYTES("*\0\r\n"), &command), RESP_BROKEN);
    cr_expect_str_eq(wire.err.text, "Protocol error: invalid multibulk length");
    wire_deinit(&wire);
}

Test(resp_command, a_header_or_line_of_more_than_64_KB_is_refused) {
    static const struct {
        const char *start, *words;
        uint8_t filler;
        size_t line_at;
    } rows[] = {
        {"*", "Protocol error: too big mbulk count string", '1', 0},
        {"*1\r\n$", "Protocol error: too big bulk count string", '1', 4},
        {"*1\r\n", "Protocol error: too big bulk count string", 'x', 4},
        {"x", "Protocol error: too big inline request", 'x', 0},
    };
    static uint8_t stream[RESP_HEADER_BYTES_MAX + 64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes start = bytes_of_cstr(rows[i].start);
        memset(stream, rows[i].filler, sizeof(stream));
        bytes_copy_to(stream, start);
        size_t most = rows[i].line_at + RESP_HEADER_BYTES_MAX;
        struct wire wire;
        wire_init(&wire, mem_system());
        struct resp_command command;
        cr_expect_eq(decode(&wire, bytes_view(stream, most), &command), RESP_NEED_MORE);
        cr_expect_eq(decode(&wire, bytes_view(stream, most + 1), &command), RESP_BROKEN);
        cr_expect_str_eq(wire.err.text, rows[i].words);
        /* An end of line that comes one byte too late does not count, and one in time does. */
        bytes_copy_to(stream + most + 1, BYTES("\r\n"));
        cr_expect_eq(decode(&wire, bytes_view(stream, sizeof(stream)), &command), RESP_BROKEN);
        cr_expect_str_eq(wire.err.text, rows[i].words);
        bytes_copy_to(stream + most, BYTES("\r\n"));
        wire.err.text[0] = 0;
        cr_expect_neq(decode(&wire, bytes_view(stream, sizeof(stream)), &command), RESP_NEED_MORE);
        cr_expect(strstr(wire.err.text, "too big") == NULL || i == 3, "row %zu", i);
        wire_deinit(&wire);
    }
}

/* ---- however it is cut ------------------------------------------------------------------------
 */

Test(resp_command, every_cut_gives_what_the_whole_gives) {
    static const char *const streams[] = {
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nvalue\r\n*1\r\n$\r\n*1\r\n$4\r\nPING\r\n",
        "PING\r\n*1\r\n$4\r\nPING\r\n\r\nECHO 'a b' \"c\\n\" d\r\n*0\r\n*-1\r\n*1\r\n$0\r\n\r\nx",
        "*2\r\n$3\r\nGET\r\n$1000\r\nshort",
        "*2\r\n$0\r\n\r\n$0\r\n\r\n",
        "*12\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$"
        "1\r\nh"
        "\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$1\r\nl\r\nPING\n",
    };
    struct buf whole, parts;
    buf_init(&whole, mem_system(), 1 << 16);
    buf_init(&parts, mem_system(), 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(streams) + ARRAY_LEN(broken_rows); i++) {
        bool is_row = i >= ARRAY_LEN(streams);
        const struct broken_row *row = &broken_rows[is_row ? i - ARRAY_LEN(streams) : 0];
        struct bytes stream = bytes_of_cstr(is_row ? row->stream : streams[i]);
        struct resp_limits limits = limits_of(is_row ? row->variant : USUAL);
        transcribe(stream, stream.len, 0, false, limits, &whole);
        for (size_t cut = 0; cut <= stream.len; cut++) {
            transcribe(stream, cut, 0, true, limits, &parts);
            cr_expect(bytes_equal(buf_view(&whole), buf_view(&parts)), "stream %zu cut at %zu", i,
                      cut);
        }
        for (size_t step = 1; step <= 7; step++) {
            transcribe(stream, 0, step, step % 2, limits, &parts);
            cr_expect(bytes_equal(buf_view(&whole), buf_view(&parts)), "stream %zu by %zu", i,
                      step);
        }
    }
    buf_deinit(&whole);
    buf_deinit(&parts);
}

/* Quadratic work would be 10^11 steps here. */
Test(resp_command, the_cost_is_linear_byte_by_byte, .timeout = 20) {
    enum { ARGS = 100000 };
    struct buf stream;
    buf_init(&stream, mem_system(), 1 << 24);
    cr_assert_eq(buf_printf(&stream, "*%d\r\n", ARGS), BRINE_OK);
    for (int i = 0; i < ARGS; i++)
        cr_assert_eq(buf_append(&stream, BYTES("$4\r\n\r\n*1\r\n")), BRINE_OK);
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command command;
    for (size_t len = 1; len < stream.len; len++)
        cr_assert_eq(decode(&wire, bytes_view(stream.data, len), &command), RESP_NEED_MORE);
    cr_assert_eq(decode(&wire, buf_view(&stream), &command), RESP_COMMAND);
    cr_expect(command.argc == ARGS && command.consumed == stream.len);
    wire_deinit(&wire);

    static uint8_t line[RESP_HEADER_BYTES_MAX];
    memset(line, ' ', sizeof(line));
    wire_init(&wire, mem_system());
    for (size_t len = 1; len <= sizeof(line); len++)
        cr_assert_eq(decode(&wire, bytes_view(line, len), &command), RESP_NEED_MORE);
    cr_expect_eq(wire.decoder.scanned, sizeof(line));
    wire_deinit(&wire);
    buf_deinit(&stream);
}

/* ---- memory -----------------------------------------------------------------------------------
 */

Test(resp_command, memory_grows_with_what_arrives_and_not_with_what_is_claimed) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct wire wire;
    wire_init(&wire, &account.allocator);
    struct resp_command command;

    struct bytes many = BYTES("*2147483647\r\n$3\r\nSET\r\n$1\r\n");
    cr_assert_eq(decode(&wire, many, &command), RESP_NEED_MORE);
    cr_expect_eq(resp_bytes_missing(&wire.decoder), 3);
    wire.decoder = (struct resp_decoder){0};

    struct bytes big = BYTES("*1\r\n$536870912\r\n12345");
    cr_assert_eq(decode(&wire, big, &command), RESP_NEED_MORE);
    cr_expect_eq(resp_bytes_missing(&wire.decoder), ((size_t)512 << 20) + 2 - 5);
    wire.decoder = (struct resp_decoder){0};

    cr_assert_eq(decode(&wire, BYTES("*1\r\n$5"), &command), RESP_NEED_MORE);
    cr_expect_eq(resp_bytes_missing(&wire.decoder), 0);
    cr_assert_eq(decode(&wire, BYTES("*1\r\n$5\r\n12345\r"), &command), RESP_NEED_MORE);
    cr_expect_eq(resp_bytes_missing(&wire.decoder), 1);
    cr_expect_eq(mem_account_peak(&account), 0);

    cr_assert_eq(decode(&wire, BYTES("*1\r\n$5\r\n12345\r\n"), &command), RESP_COMMAND);
    cr_expect_eq(resp_bytes_missing(&wire.decoder), 0);
    cr_expect_leq(mem_account_used(&account), 2048);
    resp_args_clear(&wire.args);
    resp_args_shrink(&wire.args, 0);
    cr_expect_eq(mem_account_used(&account), 0);

    /* Many quoted words of one line share one piece of scratch. */
    struct buf line;
    buf_init(&line, mem_system(), 1 << 17);
    while (line.len < RESP_HEADER_BYTES_MAX - 4)
        cr_assert_eq(buf_append(&line, BYTES("'' ")), BRINE_OK);
    cr_assert_eq(buf_append(&line, BYTES("\n")), BRINE_OK);
    cr_assert_eq(decode(&wire, buf_view(&line), &command), RESP_COMMAND);
    cr_expect_eq(command.argc, line.len / 3);
    cr_expect_leq(wire.scratch.taken_bytes, 2 * line.len);
    buf_deinit(&line);
    wire_deinit(&wire);
    cr_expect_eq(mem_account_used(&account), 0);
}

Test(resp_command, a_full_vector_says_so_and_the_same_bytes_decode_once_it_is_cleared) {
    struct wire wire;
    wire_init(&wire, mem_system());
    wire.args.limit = 3;
    struct resp_command command;
    struct bytes get = BYTES("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), line = BYTES("GET k\r\n");
    cr_assert_eq(decode(&wire, get, &command), RESP_COMMAND);
    cr_assert_eq(decode(&wire, get, &command), RESP_NO_MEMORY);
    cr_assert_eq(decode(&wire, line, &command), RESP_NO_MEMORY);
    cr_expect_eq(wire.args.count, 2);
    cr_expect_eq(wire.err.status, BRINE_NO_MEMORY);
    resp_args_clear(&wire.args);
    cr_assert_eq(decode(&wire, get, &command), RESP_COMMAND);
    resp_args_clear(&wire.args);
    cr_assert_eq(decode(&wire, line, &command), RESP_COMMAND);
    cr_expect(bytes_equal(arg(&wire, &command, 1), BYTES("k")));
    wire_deinit(&wire);
}

Test(resp_command, a_limit_lowered_below_what_is_held_stops_growth_and_nothing_else) {
    struct wire wire;
    wire_init(&wire, mem_system());
    warm(&wire);
    size_t cap = wire.args.cap;
    wire.args.limit = 1;
    struct resp_command command;
    struct bytes get = BYTES("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    for (size_t i = 0; i < cap / 2; i++) cr_assert_eq(decode(&wire, get, &command), RESP_COMMAND);
    cr_expect_eq(decode(&wire, get, &command), RESP_NO_MEMORY);
    cr_expect_eq(decode(&wire, BYTES("GET k\n"), &command), RESP_NO_MEMORY);
    cr_expect(wire.args.cap == cap && wire.args.count == cap / 2 * 2);
    wire.args.count -= 2;
    resp_args_shrink(&wire.args, 1);
    cr_expect(wire.args.cap == wire.args.count && wire.args.items[2].len == 3);
    resp_args_shrink(&wire.args, cap);
    cr_expect_eq(wire.args.cap, wire.args.count);
    wire_deinit(&wire);
}

/* RESET, or CONFIG SET proto-max-bulk-len, in front of half a command. */
Test(resp_command, a_limit_lowered_under_half_a_command_lets_it_be_completed) {
    struct buf input;
    buf_init(&input, mem_system(), 1 << 16);
    cr_assert_eq(buf_append(&input, BYTES("*12\r\n$3000\r\n")), BRINE_OK);
    for (int i = 0; i < 300; i++) cr_assert_eq(buf_append(&input, BYTES("0123456789")), BRINE_OK);
    cr_assert_eq(buf_append(&input, BYTES("\r\n")), BRINE_OK);
    size_t half = input.len;
    for (int i = 0; i < 11; i++) cr_assert_eq(buf_append(&input, BYTES("$1\r\na\r\n")), BRINE_OK);
    struct wire wire;
    wire_init(&wire, mem_system());
    struct resp_command command;
    cr_assert_eq(decode(&wire, bytes_slice(buf_view(&input), 0, half), &command), RESP_NEED_MORE);
    wire.limits.bulk_bytes_max = 100;
    wire.limits.args_max = 11;
    wire.limits.unauthenticated = true;
    cr_assert_eq(decode(&wire, buf_view(&input), &command), RESP_COMMAND);
    cr_expect(command.argc == 12 && wire.args.items[command.first_arg].len == 3000);
    wire_deinit(&wire);
    buf_deinit(&input);
}

Test(resp_command, any_allocation_may_be_refused) {
    struct buf array;
    buf_init(&array, mem_system(), 1 << 16);
    cr_assert_eq(buf_append(&array, BYTES("*200\r\n")), BRINE_OK);
    for (int i = 0; i < 200; i++) cr_assert_eq(buf_append(&array, BYTES("$1\r\na\r\n")), BRINE_OK);
    const struct bytes inputs[] = {BYTES("SET 'a b' \"c\" d\r\n"), buf_view(&array),
                                   BYTES("x \"y\"\n")};
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct wire wire;
        wire_init(&wire, &mem.allocator);
        for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
            struct resp_command command;
            size_t before = wire.args.count;
            enum resp_result result = decode(&wire, inputs[i], &command);
            if (result == RESP_NO_MEMORY) {
                cr_expect(mem.refused && wire.args.count == before);
                result = decode(&wire, inputs[i], &command);
            }
            cr_expect(result == RESP_COMMAND && command.argc == wire.args.count - before);
        }
        wire_deinit(&wire);
        cr_expect_eq(mem.taken_bytes, 0);
        if (!mem.refused) break;
    }
    buf_deinit(&array);
}
