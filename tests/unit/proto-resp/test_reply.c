/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "resp/reply.h"

#include "base/buf.h"
#include "base/number.h"
#include "base/random.h"
#include "resp/writer.h"

#include <criterion/criterion.h>
#include <math.h>

enum { TEXT_BYTES_MAX = 1 << 22 };

static void append(struct buf *buf, struct bytes bytes) {
    cr_assert_eq(buf_append(buf, bytes), BRINE_OK);
}

/* "<depth> KIND <elements>|<len>:<text>[.]\n", the dot where a reply ends. */
static void note(struct buf *transcript, size_t depth, const char *kind, size_t elements,
                 struct bytes text, bool ends) {
    cr_assert_eq(buf_printf(transcript, "%zu %s %zu|%zu:", depth, kind, elements, text.len),
                 BRINE_OK);
    append(transcript, text);
    append(transcript, ends ? BYTES(".\n") : BYTES("\n"));
}

/* Reads what has arrived from *consumed on, each time at another address.  False: broken. */
static bool read_arrived(struct resp_reply_reader *reader, struct bytes stream, size_t arrived,
                         size_t *consumed, struct buf *transcript) {
    size_t len = arrived - *consumed;
    uint8_t *copy = mem_alloc(mem_system(), MAX(len, 1));
    bytes_copy_to(copy, bytes_slice(stream, *consumed, len));
    size_t at = 0;
    struct resp_reply_event event;
    struct brine_error err;
    enum brine_status status;
    while ((status = resp_reply_next(reader, bytes_view(copy + at, len - at), &event, &err)) ==
           BRINE_OK) {
        cr_assert(event.consumed > 0 && event.consumed <= len - at);
        note(transcript, event.depth, resp_reply_kind_name(event.kind), event.elements, event.text,
             event.ends_reply);
        at += event.consumed;
    }
    if (status != BRINE_NEED_MORE)
        cr_assert_eq(buf_printf(transcript, "%s %s @%zu\n", brine_status_name(status), err.text,
                                *consumed + at + err.offset),
                     BRINE_OK);
    *consumed += at;
    mem_free(mem_system(), copy, MAX(len, 1));
    return status == BRINE_NEED_MORE;
}

/* step 0: two parts, cut at `cut`. */
static void transcribe(struct bytes stream, size_t cut, size_t step,
                       struct resp_reply_limits limits, struct buf *transcript) {
    struct resp_reply_reader reader;
    resp_reply_init(&reader, limits);
    buf_clear(transcript);
    size_t consumed = 0;
    bool open = true;
    if (step)
        for (size_t at = 0; at < stream.len && open; at += step)
            open = read_arrived(&reader, stream, at, &consumed, transcript);
    else
        open = read_arrived(&reader, stream, cut, &consumed, transcript);
    if (open) open = read_arrived(&reader, stream, stream.len, &consumed, transcript);
    if (open) append(transcript, consumed == stream.len ? BYTES("whole") : BYTES("more"));
}

static const struct resp_reply_limits small = {
    .bulk_bytes_max = 10, .line_bytes_max = 8, .elements_max = 4, .depth_max = 2};

static const struct row {
    const char *stream, *transcript;
    bool is_small;
} rows[] = {
    {"+OK\r\n", "0 SIMPLE 0|2:OK.\nwhole", 0},
    {"+\r\n", "0 SIMPLE 0|0:.\nwhole", 0},
    {"-ERR no\r\n", "0 ERROR 0|6:ERR no.\nwhole", 0},
    {":-5\r\n", "0 INTEGER 0|2:-5.\nwhole", 0},
    {"$3\r\na\r\n\r\n", "0 BULK 0|3:a\r\n.\nwhole", 0},
    {"$0\r\n\r\n", "0 BULK 0|0:.\nwhole", 0},
    {"$-1\r\n", "0 NULL 0|0:.\nwhole", 0},
    {"*-1\r\n", "0 NULL 0|0:.\nwhole", 0},
    {"_\r\n", "0 NULL 0|0:.\nwhole", 0},
    {"#t\r\n#f\r\n", "0 BOOLEAN 0|1:t.\n0 BOOLEAN 0|1:f.\nwhole", 0},
    {",1.5\r\n,inf\r\n,-inf\r\n,nan\r\n",
     "0 DOUBLE 0|3:1.5.\n0 DOUBLE 0|3:inf.\n0 DOUBLE 0|4:-inf.\n0 DOUBLE 0|3:nan.\nwhole", 0},
    {"(-123\r\n", "0 BIG_NUMBER 0|4:-123.\nwhole", 0},
    {"!5\r\nERR x\r\n", "0 BULK_ERROR 0|5:ERR x.\nwhole", 0},
    {"=8\r\ntxt:abcd\r\n", "0 VERBATIM 0|4:abcd.\nwhole", 0},
    {"=4\r\nmkd:\r\n", "0 VERBATIM 0|0:.\nwhole", 0},
    {"*0\r\n", "0 ARRAY 0|0:.\nwhole", 0},
    {"*2\r\n:1\r\n*1\r\n:2\r\n",
     "0 ARRAY 2|0:\n1 INTEGER 0|1:1\n1 ARRAY 1|0:\n2 INTEGER 0|1:2.\nwhole", 0},
    {"%1\r\n+k\r\n~0\r\n", "0 MAP 2|0:\n1 SIMPLE 0|1:k\n1 SET 0|0:.\nwhole", 0},
    {">1\r\n+m\r\n", "0 PUSH 1|0:\n1 SIMPLE 0|1:m.\nwhole", 0},
    {"|1\r\n+a\r\n+b\r\n+x\r\n",
     "0 ATTRIBUTE 2|0:\n1 SIMPLE 0|1:a\n1 SIMPLE 0|1:b\n0 SIMPLE 0|1:x.\nwhole", 0},
    {"|0\r\n:1\r\n", "0 ATTRIBUTE 0|0:\n0 INTEGER 0|1:1.\nwhole", 0},
    {"*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n+b\r\n:2\r\n",
     "0 ARRAY 2|0:\n1 INTEGER 0|1:1\n1 ATTRIBUTE 2|0:\n2 SIMPLE 0|1:a\n2 ARRAY 1|0:\n3 SIMPLE "
     "0|1:b\n"
     "1 INTEGER 0|1:2.\nwhole",
     0},
    {"*2\r\n:1\r\n", "0 ARRAY 2|0:\n1 INTEGER 0|1:1\nwhole", 0},
    {"$5\r\nab", "more", 0},
    {"", "whole", 0},
    /* refused */
    {"PONG\r\n", "MALFORMED no reply begins with the byte 0x50 @0\n", 0},
    {"\r\n", "MALFORMED no reply begins with the byte 0x0d @0\n", 0},
    {"+OK\n", "MALFORMED a line ends in LF without CR @3\n", 0},
    {"+\n", "MALFORMED a line ends in LF without CR @1\n", 0},
    {"+a\rb\r\n", "MALFORMED a CR stands inside a line @2\n", 0},
    {":\r\n", "MALFORMED not a valid INTEGER @1\n", 0},
    {":+1\r\n", "MALFORMED not a valid INTEGER @1\n", 0},
    {":01\r\n", "MALFORMED not a valid INTEGER @1\n", 0},
    {":9223372036854775808\r\n", "MALFORMED not a valid INTEGER @1\n", 0},
    {"_x\r\n", "MALFORMED not a valid NULL @1\n", 0},
    {"#T\r\n", "MALFORMED not a valid BOOLEAN @1\n", 0},
    {"#\r\n", "MALFORMED not a valid BOOLEAN @1\n", 0},
    {",1.5x\r\n", "MALFORMED not a valid DOUBLE @1\n", 0},
    {",\r\n", "MALFORMED not a valid DOUBLE @1\n", 0},
    {"(\r\n", "MALFORMED not a valid BIG_NUMBER @1\n", 0},
    {"(-\r\n", "MALFORMED not a valid BIG_NUMBER @1\n", 0},
    {"(x1\r\n", "MALFORMED not a valid BIG_NUMBER @1\n", 0},
    {"(+5\r\n(7\r\n", "0 BIG_NUMBER 0|2:+5.\n0 BIG_NUMBER 0|1:7.\nwhole", 0},
    {"(1x\r\n", "MALFORMED not a valid BIG_NUMBER @1\n", 0},
    {"$-2\r\n", "MALFORMED the count of BULK is no number @1\n", 0},
    {"$01\r\n", "MALFORMED the count of BULK is no number @1\n", 0},
    {"$\r\n", "MALFORMED the count of BULK is no number @1\n", 0},
    {"!-1\r\n", "MALFORMED the count of BULK_ERROR is no number @1\n", 0},
    {"%-1\r\n", "MALFORMED the count of MAP is no number @1\n", 0},
    {"$?\r\n", "MALFORMED a streamed BULK, which is not supported @0\n", 0},
    {"*?\r\n", "MALFORMED a streamed ARRAY, which is not supported @0\n", 0},
    {"%?\r\n", "MALFORMED a streamed MAP, which is not supported @0\n", 0},
    {"$536870913\r\n", "TOO_BIG a bulk of 536870913 bytes, the limit is 536870912 @0\n", 0},
    {"$18446744073709551615\r\n",
     "TOO_BIG a bulk of 18446744073709551615 bytes, the limit is 536870912 @0\n", 0},
    {"$123456789012345678901\r\n", "TOO_BIG a line of more than 20 bytes @0\n", 0},
    {"$2\r\nabcd", "MALFORMED no CR LF behind a bulk @6\n", 0},
    {"$2\r\nab\rx", "MALFORMED no CR LF behind a bulk @6\n", 0},
    {"=3\r\ntxt\r\n", "MALFORMED a verbatim string without a format @4\n", 0},
    {"=5\r\ntxtab\r\n", "MALFORMED a verbatim string without a format @4\n", 0},
    {"*2147483648\r\n", "TOO_BIG an aggregate of more than 2147483647 elements @0\n", 0},
    {"%1073741824\r\n", "TOO_BIG an aggregate of more than 2147483647 elements @0\n", 0},
    {"%18446744073709551615\r\n", "TOO_BIG an aggregate of more than 2147483647 elements @0\n", 0},
    {"*1\r\n>1\r\n", "0 ARRAY 1|0:\nMALFORMED a push inside a reply @4\n", 0},
    /* limits */
    {"+12345678\r\n", "0 SIMPLE 0|8:12345678.\nwhole", 1},
    {"+123456789\r\n", "TOO_BIG a line of more than 8 bytes @0\n", 1},
    {"+1234567890", "TOO_BIG a line of more than 8 bytes @0\n", 1},
    {"$10\r\n0123456789\r\n", "0 BULK 0|10:0123456789.\nwhole", 1},
    {"$11\r\n", "TOO_BIG a bulk of 11 bytes, the limit is 10 @0\n", 1},
    {"*4\r\n", "0 ARRAY 4|0:\nwhole", 1},
    {"*5\r\n", "TOO_BIG an aggregate of more than 4 elements @0\n", 1},
    {"%2\r\n", "0 MAP 4|0:\nwhole", 1},
    {"%3\r\n", "TOO_BIG an aggregate of more than 4 elements @0\n", 1},
    {"*1\r\n*1\r\n*0\r\n", "0 ARRAY 1|0:\n1 ARRAY 1|0:\n2 ARRAY 0|0:.\nwhole", 1},
    {"*1\r\n*1\r\n*1\r\n",
     "0 ARRAY 1|0:\n1 ARRAY 1|0:\nTOO_BIG aggregates nested more than 2 deep @8\n", 1},
};

Test(resp_reply, each_type_is_read_and_each_fault_is_named_however_the_stream_is_cut) {
    struct buf transcript;
    buf_init(&transcript, mem_system(), TEXT_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes stream = bytes_of_cstr(rows[i].stream);
        struct bytes wanted = bytes_of_cstr(rows[i].transcript);
        struct resp_reply_limits limits = rows[i].is_small ? small : (struct resp_reply_limits){0};
        for (size_t cut = 0; cut <= stream.len; cut++) {
            transcribe(stream, cut, 0, limits, &transcript);
            cr_expect(bytes_equal(buf_view(&transcript), wanted), "'%s' cut at %zu gives '%.*s'",
                      rows[i].stream, cut, (int)transcript.len, (char *)transcript.data);
        }
        transcribe(stream, 0, 1, limits, &transcript);
        cr_expect(bytes_equal(buf_view(&transcript), wanted), "'%s' byte by byte", rows[i].stream);
    }
    buf_deinit(&transcript);
}

Test(resp_reply, values_arrive_as_numbers_and_formats) {
    struct resp_reply_reader reader;
    struct resp_reply_event event;
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    cr_assert_eq(resp_reply_next(&reader, BYTES(":-9223372036854775808\r\n"), &event, NULL), 0);
    cr_expect_eq(event.integer, INT64_MIN);
    cr_assert_eq(resp_reply_next(&reader, BYTES("#t\r\n"), &event, NULL), 0);
    cr_expect_eq(event.integer, 1);
    cr_assert_eq(resp_reply_next(&reader, BYTES("#f\r\n"), &event, NULL), 0);
    cr_expect_eq(event.integer, 0);
    cr_assert_eq(resp_reply_next(&reader, BYTES(",-2.5e3\r\n"), &event, NULL), 0);
    cr_expect_eq(event.number, -2500.0);
    cr_assert_eq(resp_reply_next(&reader, BYTES(",-inf\r\n"), &event, NULL), 0);
    cr_expect(isinf(event.number) && event.number < 0);
    cr_assert_eq(resp_reply_next(&reader, BYTES("=5\r\nmkd:x\r\n"), &event, NULL), 0);
    cr_expect(bytes_equal(event.format, BYTES("mkd")) && bytes_equal(event.text, BYTES("x")));
    cr_assert_eq(resp_reply_next(&reader, BYTES("*-1\r\n"), &event, NULL), 0);
    cr_expect(event.kind == RESP_KIND_NULL && event.marker == '*');
    cr_assert_eq(resp_reply_next(&reader, BYTES("$100\r\nabc"), &event, NULL), BRINE_NEED_MORE);
    cr_expect_eq(resp_reply_bytes_missing(&reader), 99);
    cr_expect_str_eq(resp_reply_kind_doc(RESP_KIND_BULK), "bytes of a stated length");
    enum resp_reply_kind none = (enum resp_reply_kind)(RESP_KIND_ATTRIBUTE + 1);
    cr_expect_str_eq(resp_reply_kind_name(none), "?");
    cr_expect_str_eq(resp_reply_kind_doc(none), "?");
}

Test(resp_reply, nesting_is_bounded_by_the_reader_and_not_by_the_stack) {
    struct resp_reply_reader reader;
    struct resp_reply_event event;
    struct brine_error err;
    resp_reply_init(&reader, (struct resp_reply_limits){.depth_max = 1 << 20});
    for (size_t i = 0; i < RESP_REPLY_DEPTH_MAX; i++) {
        cr_assert_eq(resp_reply_next(&reader, BYTES("*1\r\n"), &event, &err), BRINE_OK);
        cr_assert_eq(event.depth, i);
    }
    cr_expect_eq(resp_reply_next(&reader, BYTES("*1\r\n"), &event, &err), BRINE_TOO_BIG);
    cr_assert_eq(resp_reply_next(&reader, BYTES(":1\r\n"), &event, &err), BRINE_OK);
    cr_expect(event.ends_reply && reader.depth == 0);
}

Test(resp_reply, the_cost_is_linear_byte_by_byte, .timeout = 20) {
    static uint8_t line[1 << 22];
    memset(line, 'x', sizeof(line));
    line[0] = '+';
    struct resp_reply_reader reader;
    struct resp_reply_event event;
    resp_reply_init(&reader, (struct resp_reply_limits){.line_bytes_max = sizeof(line)});
    for (size_t len = 1; len <= sizeof(line); len++)
        cr_assert_eq(resp_reply_next(&reader, bytes_view(line, len), &event, NULL),
                     BRINE_NEED_MORE);
}

/* ---- property: what is written is read back ---------------------------------------------------
 */

/* Writes random replies and notes, from the RESP rules and not from the bytes, what must be read.
 */
struct generator {
    struct random random;
    struct resp_writer writer;
    struct buf *expected;
    bool is_last; /* the element being written is the last of the whole reply */
};

static struct bytes random_text(struct generator *g, uint8_t *room, size_t room_bytes,
                                bool is_line) {
    size_t len = random_below(&g->random, random_below(&g->random, 20) ? 20 : room_bytes);
    for (size_t i = 0; i < len; i++)
        room[i] = is_line ? (uint8_t)(' ' + random_below(&g->random, 95))
                          : (uint8_t)random_u64(&g->random);
    return bytes_view(room, len);
}

static void write_random_bulk_form(struct generator *g, size_t depth) {
    uint8_t room[3000], number_text[NUMBER_DOUBLE_TEXT_BYTES];
    bool resp3 = g->writer.version == 3;
    struct bytes text = random_text(g, room, sizeof(room), false);
    switch (random_below(&g->random, 4)) {
    case 0: {
        double value = (double)(int64_t)random_u64(&g->random) / 1024;
        if (random_below(&g->random, 8) == 0) value = INFINITY;
        resp_double(&g->writer, value);
        text = bytes_view(number_text, number_format_double(number_text, value));
        note(g->expected, depth, resp3 ? "DOUBLE" : "BULK", 0, text, g->is_last);
        break;
    }
    case 1:
        resp_big_number(&g->writer, BYTES("-98765432109876543210987"));
        note(g->expected, depth, resp3 ? "BIG_NUMBER" : "BULK", 0,
             BYTES("-98765432109876543210987"), g->is_last);
        break;
    case 2:
        resp_verbatim(&g->writer, BYTES("txt"), text);
        note(g->expected, depth, resp3 ? "VERBATIM" : "BULK", 0, text, g->is_last);
        break;
    default:
        resp_bulk_header(&g->writer, text.len);
        resp_raw(&g->writer, text);
        resp_bulk_end(&g->writer);
        note(g->expected, depth, "BULK", 0, text, g->is_last);
        break;
    }
}

static void write_random_leaf(struct generator *g, size_t depth) {
    uint8_t room[3000], digits[NUMBER_I64_TEXT_BYTES];
    bool resp3 = g->writer.version == 3, is_last = g->is_last;
    struct bytes text;
    switch (random_below(&g->random, 8)) {
    case 0:
        text = random_text(g, room, sizeof(room), true);
        resp_simple(&g->writer, text);
        note(g->expected, depth, "SIMPLE", 0, text, is_last);
        break;
    case 1:
        text = random_text(g, room, RESP_ERROR_BYTES_MAX, true);
        resp_error(&g->writer, text);
        note(g->expected, depth, "ERROR", 0, text, is_last);
        break;
    case 2: {
        int64_t value = (int64_t)random_u64(&g->random) >> random_below(&g->random, 64);
        resp_integer(&g->writer, value);
        text = bytes_view(digits, number_format_i64(digits, value));
        note(g->expected, depth, "INTEGER", 0, text, is_last);
        break;
    }
    case 3:
        text = random_text(g, room, sizeof(room), false);
        resp_bulk(&g->writer, text);
        note(g->expected, depth, "BULK", 0, text, is_last);
        break;
    case 4:
        if (random_below(&g->random, 2))
            resp_null(&g->writer);
        else
            resp_null_array(&g->writer);
        note(g->expected, depth, "NULL", 0, BYTES(""), is_last);
        break;
    case 5: {
        bool value = random_below(&g->random, 2);
        resp_boolean(&g->writer, value);
        if (resp3)
            note(g->expected, depth, "BOOLEAN", 0, value ? BYTES("t") : BYTES("f"), is_last);
        else
            note(g->expected, depth, "INTEGER", 0, value ? BYTES("1") : BYTES("0"), is_last);
        break;
    }
    default:
        write_random_bulk_form(g, depth);
        break;
    }
}

/* Recursive over our own choices, a few levels deep. */
static void write_random_value(struct generator *g, size_t depth);

static void write_random_elements(struct generator *g, size_t depth, size_t count, bool can_end) {
    bool is_last = g->is_last;
    for (size_t i = 0; i < count; i++) {
        g->is_last = is_last && can_end && i + 1 == count;
        write_random_value(g, depth);
    }
    g->is_last = is_last;
}

static void write_random_aggregate(struct generator *g, size_t depth) {
    bool resp3 = g->writer.version == 3;
    size_t count = random_below(&g->random, 5), elements = count;
    bool ends = g->is_last && count == 0;
    size_t kind = random_below(&g->random, 6), position = 0;
    const char *name = "ARRAY";
    if (kind == 1 || kind == 4) elements = 2 * count;
    if (resp3 && (kind == 1 || kind == 4)) name = "MAP";
    if (resp3 && (kind == 2 || kind == 5)) name = "SET";
    note(g->expected, depth, name, elements, BYTES(""), ends);
    if (kind == 0) resp_array(&g->writer, count);
    if (kind == 1) resp_map(&g->writer, count);
    if (kind == 2) resp_set(&g->writer, count);
    if (kind == 3) position = resp_array_open(&g->writer);
    if (kind == 4) position = resp_map_open(&g->writer);
    if (kind == 5) position = resp_set_open(&g->writer);
    write_random_elements(g, depth + 1, elements, true);
    if (kind == 3) resp_array_close(&g->writer, position, count);
    if (kind == 4) resp_map_close(&g->writer, position, count);
    if (kind == 5) resp_set_close(&g->writer, position, count);
}

static void write_random_value(struct generator *g, size_t depth) {
    bool resp3 = g->writer.version == 3;
    if (random_below(&g->random, 20) == 0 && depth < 5) {
        size_t pairs = random_below(&g->random, 3);
        cr_assert_eq(resp_attribute(&g->writer, pairs), resp3);
        if (resp3) {
            note(g->expected, depth, "ATTRIBUTE", 2 * pairs, BYTES(""), false);
            write_random_elements(g, depth + 1, 2 * pairs, false);
        }
    }
    if (depth < 5 && random_below(&g->random, 3) == 0)
        write_random_aggregate(g, depth);
    else
        write_random_leaf(g, depth);
}

static void write_random_reply(struct generator *g) {
    g->is_last = true;
    if (random_below(&g->random, 10)) {
        write_random_value(g, 0);
        return;
    }
    size_t count = 1 + random_below(&g->random, 3);
    resp_push(&g->writer, count);
    note(g->expected, 0, g->writer.version == 3 ? "PUSH" : "ARRAY", count, BYTES(""), false);
    write_random_elements(g, 1, count, true);
}

Test(resp_reply, everything_that_the_writer_writes_is_read_back_the_same) {
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct buf out, expected, transcript;
        buf_init(&out, mem_system(), TEXT_BYTES_MAX);
        buf_init(&expected, mem_system(), TEXT_BYTES_MAX);
        buf_init(&transcript, mem_system(), TEXT_BYTES_MAX);
        struct generator g = {.writer = {.out = &out, .version = seed % 2 ? 3 : 2},
                              .expected = &expected};
        random_init(&g.random, seed);
        for (int i = 0; i < 10; i++) write_random_reply(&g);
        append(&expected, BYTES("whole"));
        cr_assert_eq(g.writer.failed, BRINE_OK);
        size_t step = random_below(&g.random, 50);
        transcribe(buf_view(&out), out.len, step, (struct resp_reply_limits){0}, &transcript);
        cr_assert(bytes_equal(buf_view(&transcript), buf_view(&expected)),
                  "seed %u in steps of %zu: wrote\n%.*s\nexpected\n%.*s\nread\n%.*s",
                  (unsigned)seed, step, (int)out.len, (char *)out.data, (int)expected.len,
                  (char *)expected.data, (int)transcript.len, (char *)transcript.data);
        buf_deinit(&out);
        buf_deinit(&expected);
        buf_deinit(&transcript);
    }
}
