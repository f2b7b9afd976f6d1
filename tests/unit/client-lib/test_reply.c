/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/reply.h"

#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { LIMIT = 1 << 20, TEXT_BYTES = 4096 };

/* A reply as one line of text, to compare trees by. */
static void describe(const struct brine_reply *reply, struct buf *out) {
    static const char *const names[] = {"nil",   "status", "error", "int", "string",
                                        "array", "double", "bool",  "big", "verbatim",
                                        "map",   "set",    "push"};
    cr_assert_eq(buf_printf(out, "%s", names[reply->type]), BRINE_OK);
    if (reply->len) cr_assert_eq(buf_printf(out, ":%s", reply->text), BRINE_OK);
    if (reply->integer) cr_assert_eq(buf_printf(out, "=%lld", (long long)reply->integer), BRINE_OK);
    if (!reply->count) return;
    cr_assert_eq(buf_append_byte(out, '('), BRINE_OK);
    for (size_t i = 0; i < reply->count; i++) {
        if (i) cr_assert_eq(buf_append_byte(out, ' '), BRINE_OK);
        describe(&reply->elements[i], out);
    }
    cr_assert_eq(buf_append_byte(out, ')'), BRINE_OK);
}

/* Feeds the bytes in pieces; the status when no more replies come, replies described in out. */
static enum brine_status feed(struct bytes bytes, size_t piece, size_t limit, struct buf *out) {
    struct reply_stream stream;
    struct brine_reply *reply;
    enum brine_status status = BRINE_NEED_MORE;
    reply_stream_init(&stream, mem_system(), limit);
    for (size_t at = 0; at < bytes.len && status == BRINE_NEED_MORE; at += piece) {
        cr_assert_eq(reply_stream_reserve(&stream), BRINE_OK);
        struct bytes part = bytes_slice(bytes, at, piece);
        cr_assert_eq(buf_append(&stream.input, part), BRINE_OK);
        while ((status = reply_stream_next(&stream, &reply, NULL)) == BRINE_OK) {
            describe(reply, out);
            cr_assert_eq(buf_append_byte(out, ';'), BRINE_OK);
            brine_reply_free(reply);
        }
    }
    reply_stream_deinit(&stream);
    return status;
}

Test(reply, every_type_becomes_its_own_however_it_is_cut) {
    static const struct {
        const char *bytes, *described;
    } rows[] = {
        {"+OK\r\n", "status:OK;"},
        {"-ERR no\r\n", "error:ERR no;"},
        {":-7\r\n", "int=-7;"},
        {"$5\r\nhello\r\n", "string:hello;"},
        {"$0\r\n\r\n", "string;"},
        {"$-1\r\n*-1\r\n_\r\n", "nil;nil;nil;"},
        {"*0\r\n", "array;"},
        {"*2\r\n:1\r\n*1\r\n+x\r\n", "array(int=1 array(status:x));"},
        {"%1\r\n+a\r\n:1\r\n", "map(status:a int=1);"},
        {"~1\r\n#t\r\n", "set(bool=1);"},
        {",1.5\r\n", "double:1.5;"},
        {"(123456789012345678901\r\n", "big:123456789012345678901;"},
        {"=7\r\ntxt:abc\r\n", "verbatim:abc;"},
        {"!5\r\nERR x\r\n", "error:ERR x;"},
        {">1\r\n+message\r\n:1\r\n", "push(status:message);int=1;"},
        {"|1\r\n+ttl\r\n:3\r\n:5\r\n", "int=5;"},
        {"*1\r\n|1\r\n+a\r\n*1\r\n:2\r\n:5\r\n", "array(int=5);"},
        {"|0\r\n:5\r\n", "int=5;"},
    };
    struct buf out;
    buf_init(&out, mem_system(), TEXT_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t piece = 1; piece <= strlen(rows[i].bytes); piece++) {
            buf_clear(&out);
            cr_expect_eq(feed(bytes_of_cstr(rows[i].bytes), piece, LIMIT, &out), BRINE_NEED_MORE);
            cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(rows[i].described)),
                      "row %zu in pieces of %zu: %.*s", i, piece, (int)out.len, (char *)out.data);
        }
    buf_deinit(&out);
}

Test(reply, what_a_hostile_server_sends_ends_in_a_status) {
    static const struct {
        const char *bytes;
        enum brine_status status;
    } rows[] = {
        {"$4294967296\r\n", BRINE_TOO_BIG},
        {"*2147483648\r\n", BRINE_TOO_BIG},
        {"*2147483647\r\n:1\r\n", BRINE_NEED_MORE}, /* as much memory as one element takes */
        {"?\r\n", BRINE_MALFORMED},
        {"$3\r\nabcd\r\n", BRINE_MALFORMED},
        {":x\r\n", BRINE_MALFORMED},
        {"*1\r\n>1\r\n+x\r\n", BRINE_MALFORMED},
    };
    struct buf out;
    buf_init(&out, mem_system(), TEXT_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(feed(bytes_of_cstr(rows[i].bytes), SIZE_MAX / 2, LIMIT, &out), rows[i].status,
                     "row %zu", i);
    buf_deinit(&out);
}

Test(reply, a_million_levels_are_refused_at_the_bound) {
    struct buf deep, out;
    buf_init(&deep, mem_system(), 8 << 20);
    buf_init(&out, mem_system(), TEXT_BYTES);
    for (size_t i = 0; i < 1000000; i++) cr_assert_eq(buf_append(&deep, BYTES("*1\r\n")), BRINE_OK);
    cr_expect_eq(feed(buf_view(&deep), 4096, LIMIT, &out), BRINE_TOO_BIG);
    buf_deinit(&deep);
    buf_deinit(&out);
}

Test(reply, many_small_elements_meet_the_limit_of_memory) {
    struct buf wide, out;
    buf_init(&wide, mem_system(), 8 << 20);
    buf_init(&out, mem_system(), TEXT_BYTES);
    cr_assert_eq(buf_append(&wide, BYTES("*1000000\r\n")), BRINE_OK);
    for (size_t i = 0; i < 1000000; i++) cr_assert_eq(buf_append(&wide, BYTES(":1\r\n")), BRINE_OK);
    cr_expect_eq(feed(buf_view(&wide), 4096, LIMIT, &out), BRINE_TOO_BIG);
    cr_expect_eq(out.len, 0);
    buf_deinit(&wide);
    buf_deinit(&out);
}

Test(reply, every_allocation_may_fail) {
    static const char bytes[] = "*3\r\n$5\r\nhello\r\n*2\r\n:1\r\n:2\r\n+OK\r\n";
    bool whole = false;
    for (size_t nth = 0; !whole; nth++) {
        struct failing_allocator failing;
        struct reply_stream stream;
        struct brine_reply *reply = NULL;
        failing_init(&failing, nth);
        reply_stream_init(&stream, &failing.allocator, LIMIT);
        enum brine_status status = reply_stream_reserve(&stream);
        if (status == BRINE_OK)
            status = buf_append(&stream.input, bytes_view(bytes, sizeof bytes - 1));
        if (status == BRINE_OK) status = reply_stream_next(&stream, &reply, NULL);
        cr_expect_eq(reply != NULL, status == BRINE_OK, "allocation %zu", nth);
        whole = reply && !failing.refused;
        brine_reply_free(reply);
        reply_stream_deinit(&stream);
        cr_expect_eq(failing.taken_bytes, 0, "allocation %zu leaks", nth);
        cr_assert_lt(nth, 100);
    }
}
