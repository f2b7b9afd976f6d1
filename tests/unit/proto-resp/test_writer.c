/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The texts are what redis-server 7.0.15 wrote for the same values (DEBUG PROTOCOL, ZSCORE). */

#include "resp/writer.h"

#include "support/failing.h"

#include <criterion/criterion.h>
#include <math.h>

enum { OUT_BYTES_MAX = 1 << 20 };

/* Each writes one reply, and together they use every function. */
static void write_ok(struct resp_writer *w) {
    resp_simple(w, BYTES("OK"));
}
static void write_empty_simple(struct resp_writer *w) {
    resp_simple(w, BYTES(""));
}
static void write_long_simple(struct resp_writer *w) {
    resp_simple(w, BYTES("Background saving started, be patient"));
}
static void write_error(struct resp_writer *w) {
    resp_error(w, BYTES("ERR no such key"));
}
static void write_error_printf(struct resp_writer *w) {
    resp_error_printf(w, "ERR unknown command '%s', with args beginning with: ", "a\r\nb");
}
static void write_integers(struct resp_writer *w) {
    static const int64_t values[] = {0, 9, 10, 99, 100, 999, 1000, 12345, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) resp_integer(w, values[i]);
}
static void write_bulk(struct resp_writer *w) {
    resp_bulk(w, BYTES("Hello World"));
}
static void write_binary_bulks(struct resp_writer *w) {
    resp_bulk(w, bytes_view(NULL, 0));
    resp_bulk(w, BYTES("a\r\n\0b"));
}
static void write_bulk_in_parts(struct resp_writer *w) {
    resp_bulk_header(w, 3);
    resp_raw(w, BYTES("abc"));
    resp_bulk_end(w);
}
static void write_nulls(struct resp_writer *w) {
    resp_null(w);
    resp_null_array(w);
}
static void write_doubles(struct resp_writer *w) {
    static const double values[] = {3.141, 0.1, INFINITY, -INFINITY, 3, 1e300, -0.0, 0, 1e21};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) resp_double(w, values[i]);
}
static void write_booleans(struct resp_writer *w) {
    resp_boolean(w, true);
    resp_boolean(w, false);
}
static void write_big_number(struct resp_writer *w) {
    resp_big_number(w, BYTES("1234567999999999999999999999999999999"));
}
static void write_verbatim(struct resp_writer *w) {
    resp_verbatim(w, BYTES("txt"), BYTES("This is a verbatim\nstring"));
    resp_verbatim(w, BYTES("m"), BYTES(""));
    resp_verbatim(w, BYTES("\r\nlong"), BYTES("x"));
}
static void write_array(struct resp_writer *w) {
    resp_array(w, 3);
    for (int i = 0; i < 3; i++) resp_integer(w, i);
    resp_array(w, 0);
    resp_array(w, 1000);
}
static void write_map(struct resp_writer *w) {
    resp_map(w, 3);
    for (int i = 0; i < 3; i++) {
        resp_integer(w, i);
        resp_boolean(w, i == 1);
    }
}
static void write_set(struct resp_writer *w) {
    resp_set(w, 3);
    for (int i = 0; i < 3; i++) resp_integer(w, i);
}
static void write_push(struct resp_writer *w) {
    resp_push(w, 2);
    resp_bulk(w, BYTES("server-cpu-usage"));
    resp_integer(w, 42);
}
static void write_attribute(struct resp_writer *w) {
    if (resp_attribute(w, 1)) {
        resp_bulk(w, BYTES("key-popularity"));
        resp_integer(w, 90);
    }
    resp_bulk(w, BYTES("reply"));
}
static void write_deferred(struct resp_writer *w) {
    size_t outer = resp_array_open(w);
    size_t map = resp_map_open(w);
    resp_bulk(w, BYTES("key"));
    size_t set = resp_set_open(w);
    for (int i = 0; i < 12; i++) resp_integer(w, i);
    resp_set_close(w, set, 12);
    resp_map_close(w, map, 1);
    size_t none = resp_array_open(w);
    resp_array_close(w, none, 0);
    resp_array_close(w, outer, 2);
}

static const struct row {
    void (*write)(struct resp_writer *w);
    const char *resp2, *resp3; /* NULL: as in RESP2 */
    size_t resp2_len;          /* where NUL is part of it; 0: up to NUL */
} rows[] = {
    {write_ok, "+OK\r\n", NULL, 0},
    {write_empty_simple, "+\r\n", NULL, 0},
    {write_long_simple, "+Background saving started, be patient\r\n", NULL, 0},
    {write_error, "-ERR no such key\r\n", NULL, 0},
    {write_error_printf, "-ERR unknown command 'a  b', with args beginning with: \r\n", NULL, 0},
    {write_integers,
     ":0\r\n:9\r\n:10\r\n:99\r\n:100\r\n:999\r\n:1000\r\n:12345\r\n:-1\r\n:9223372036854775807\r\n"
     ":-9223372036854775808\r\n",
     NULL, 0},
    {write_bulk, "$11\r\nHello World\r\n", NULL, 0},
    {write_binary_bulks, "$0\r\n\r\n$5\r\na\r\n\0b\r\n", NULL, 17},
    {write_bulk_in_parts, "$3\r\nabc\r\n", NULL, 0},
    {write_nulls, "$-1\r\n*-1\r\n", "_\r\n_\r\n", 0},
    {write_doubles,
     "$5\r\n3.141\r\n$19\r\n0.10000000000000001\r\n$3\r\ninf\r\n$4\r\n-inf\r\n$1\r\n3\r\n$23\r\n1."
     "0000000000000001e+300\r\n$2\r\n-0\r\n$1\r\n0\r\n$5\r\n1e+21\r\n",
     ",3.141\r\n,0.10000000000000001\r\n,inf\r\n,-inf\r\n,3\r\n,1.0000000000000001e+300\r\n,-0\r\n,"
     "0\r\n,1e+21\r\n",
     0},
    {write_booleans, ":1\r\n:0\r\n", "#t\r\n#f\r\n", 0},
    {write_big_number, "$37\r\n1234567999999999999999999999999999999\r\n",
     "(1234567999999999999999999999999999999\r\n", 0},
    {write_verbatim, "$25\r\nThis is a verbatim\nstring\r\n$0\r\n\r\n$1\r\nx\r\n",
     "=29\r\ntxt:This is a verbatim\nstring\r\n=4\r\nm  :\r\n=5\r\n  l:x\r\n", 0},
    {write_array, "*3\r\n:0\r\n:1\r\n:2\r\n*0\r\n*1000\r\n", NULL, 0},
    {write_map, "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
     "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n", 0},
    {write_set, "*3\r\n:0\r\n:1\r\n:2\r\n", "~3\r\n:0\r\n:1\r\n:2\r\n", 0},
    {write_push, "*2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n",
     ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n", 0},
    {write_attribute, "$5\r\nreply\r\n", "|1\r\n$14\r\nkey-popularity\r\n:90\r\n$5\r\nreply\r\n",
     0},
    {write_deferred,
     "*2\r\n*2\r\n$3\r\nkey\r\n*12\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n"
     ":10\r\n:11\r\n*0\r\n",
     "*2\r\n%1\r\n$3\r\nkey\r\n~12\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n"
     ":10\r\n:11\r\n*0\r\n",
     0},
};

static struct bytes expected(const struct row *row, unsigned version) {
    const char *text = version == 3 && row->resp3 ? row->resp3 : row->resp2;
    return row->resp2_len ? bytes_view(text, row->resp2_len) : bytes_of_cstr(text);
}

Test(resp_writer, each_value_is_written_as_redis_writes_it_in_both_versions) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (unsigned version = 2; version <= 3; version++) {
            /* From an empty buffer, and with room for the fast paths. */
            for (size_t room = 0; room <= 4096; room += 4096) {
                struct buf out;
                buf_init(&out, mem_system(), OUT_BYTES_MAX);
                cr_assert_eq(buf_reserve(&out, room), BRINE_OK);
                struct resp_writer writer = {.out = &out, .version = (uint8_t)version};
                rows[i].write(&writer);
                cr_expect_eq(writer.failed, BRINE_OK);
                cr_expect(bytes_equal(buf_view(&out), expected(&rows[i], version)),
                          "row %zu in RESP%u gives '%.*s'", i, version, (int)out.len,
                          (char *)out.data);
                buf_deinit(&out);
            }
        }
    }
}

Test(resp_writer, no_line_can_hold_a_control_byte) {
    uint8_t hostile[UINT8_MAX + 1];
    for (size_t i = 0; i < sizeof(hostile); i++) hostile[i] = (uint8_t)i;
    struct bytes all = bytes_view(hostile, sizeof(hostile));
    struct buf out;
    buf_init(&out, mem_system(), OUT_BYTES_MAX);
    struct resp_writer writer = {.out = &out, .version = 3};
    for (int kind = 0; kind < 4; kind++) {
        buf_clear(&out);
        if (kind == 0) resp_simple(&writer, all);
        if (kind == 1) resp_simple(&writer, bytes_slice(all, 0, 12));
        if (kind == 2) resp_error(&writer, all);
        if (kind == 3) resp_big_number(&writer, all);
        cr_assert_gt(out.len, 3);
        cr_expect(memcmp(out.data + out.len - 2, "\r\n", 2) == 0);
        for (size_t i = 0; i < out.len - 2; i++)
            cr_expect(out.data[i] >= ' ' && out.data[i] != 0x7f, "kind %d byte %zu", kind, i);
        cr_expect_eq(out.len, (kind == 1 ? 12 : all.len) + 3);
    }
    buf_deinit(&out);
}

Test(resp_writer, an_error_is_trimmed_and_bounded) {
    struct buf out;
    buf_init(&out, mem_system(), OUT_BYTES_MAX);
    struct resp_writer writer = {.out = &out, .version = 2};
    resp_error(&writer, BYTES("\r\nERR a\nb \r\n"));
    cr_expect(bytes_equal(buf_view(&out), BYTES("-ERR a b \r\n")));
    static uint8_t huge[60000];
    memset(huge, 'x', sizeof(huge));
    buf_clear(&out);
    resp_error(&writer, bytes_view(huge, sizeof(huge)));
    cr_expect_eq(out.len, RESP_ERROR_BYTES_MAX + 3);
    buf_clear(&out);
    resp_error_printf(&writer, "ERR %.*s", (int)sizeof(huge), (const char *)huge);
    cr_expect_eq(out.len, RESP_ERROR_BYTES_MAX + 3);
    buf_clear(&out);
    resp_error(&writer, BYTES("\r\n"));
    cr_expect(bytes_equal(buf_view(&out), BYTES("-\r\n")));
    buf_deinit(&out);
}

Test(resp_writer, long_bulks_keep_every_byte) {
    static uint8_t value[100000];
    for (size_t i = 0; i < sizeof(value); i++) value[i] = (uint8_t)(i * 31);
    static const size_t lengths[] = {9, 10, 99, 100, 999, 1000, 1001, sizeof(value)};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct buf out, plain;
        buf_init(&out, mem_system(), OUT_BYTES_MAX);
        buf_init(&plain, mem_system(), OUT_BYTES_MAX);
        struct resp_writer writer = {.out = &out, .version = 2};
        resp_bulk(&writer, bytes_view(value, lengths[i]));
        cr_assert_eq(buf_printf(&plain, "$%zu\r\n", lengths[i]), BRINE_OK);
        cr_assert_eq(buf_append(&plain, bytes_view(value, lengths[i])), BRINE_OK);
        cr_assert_eq(buf_append(&plain, BYTES("\r\n")), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), buf_view(&plain)), "length %zu", lengths[i]);
        buf_deinit(&out);
        buf_deinit(&plain);
    }
}

static void write_everything(struct resp_writer *writer) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) rows[i].write(writer);
}

Test(resp_writer, any_allocation_may_be_refused_and_nothing_is_written_afterwards) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct buf out;
        buf_init(&out, &mem.allocator, OUT_BYTES_MAX);
        struct resp_writer writer = {.out = &out, .version = 3};
        write_everything(&writer);
        cr_expect_eq(writer.failed, mem.refused ? BRINE_NO_MEMORY : BRINE_OK);
        if (mem.refused) {
            size_t len = out.len;
            write_everything(&writer);
            cr_expect_eq(out.len, len);
        }
        buf_deinit(&out);
        cr_expect_eq(mem.taken_bytes, 0);
        if (!mem.refused) break;
    }
}

Test(resp_writer, a_full_buffer_is_a_sticky_failure) {
    struct buf whole;
    buf_init(&whole, mem_system(), OUT_BYTES_MAX);
    struct resp_writer all = {.out = &whole, .version = 3};
    write_everything(&all);
    for (size_t limit = 1; limit < whole.len; limit++) {
        struct buf out;
        buf_init(&out, mem_system(), limit);
        struct resp_writer writer = {.out = &out, .version = 3};
        write_everything(&writer);
        cr_expect_eq(writer.failed, BRINE_TOO_BIG, "limit %zu", limit);
        cr_expect_leq(out.len, limit);
        size_t len = out.len;
        resp_null(&writer);
        resp_simple(&writer, BYTES("OK"));
        resp_integer(&writer, 1);
        resp_bulk(&writer, BYTES(""));
        resp_array(&writer, 0);
        cr_expect_eq(out.len, len);
        buf_deinit(&out);
    }
    buf_deinit(&whole);
}
