/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/show.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

enum { DEEP = 24 };

static redisReply text_reply(int type, const char *text) {
    return (redisReply){.type = type, .str = (char *)(uintptr_t)text, .len = (int)strlen(text)};
}

static redisReply array_reply(redisReply **elements, size_t count) {
    return (redisReply){.type = REDIS_REPLY_ARRAY, .element = elements, .elements = count};
}

static void expect_shown(const redisReply *reply, enum show_form form, struct bytes expected) {
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, reply, form), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&out), expected), "form %d: gave '%.*s', wanted '%.*s'", form,
              (int)out.len, (const char *)out.data, (int)expected.len, (const char *)expected.data);
    buf_deinit(&out);
}

Test(show, a_leaf_looks_as_redis_cli_shows_it) {
    const struct {
        redisReply reply;
        const char *formatted, *raw, *report;
    } rows[] = {
        {text_reply(REDIS_REPLY_STRING, "a\"\\\n\r\t\a\b\x01\x7f\xc3"),
         "\"a\\\"\\\\\\n\\r\\t\\a\\b\\x01\\x7f\\xc3\"\n", "a\"\\\n\r\t\a\b\x01\x7f\xc3\n",
         "a\"\\\n\r\t\a\b\x01\x7f\xc3"},
        {text_reply(REDIS_REPLY_STRING, ""), "\"\"\n", "\n", ""},
        {text_reply(REDIS_REPLY_STATUS, "OK"), "OK\n", "OK\n", "OK"},
        {text_reply(REDIS_REPLY_ERROR, "ERR no"), "(error) ERR no\n", "ERR no\n\n", "ERR no\n"},
        {{.type = REDIS_REPLY_INTEGER, .integer = INT64_MIN},
         "(integer) -9223372036854775808\n",
         "-9223372036854775808\n",
         "-9223372036854775808"},
        {{.type = REDIS_REPLY_NIL}, "(nil)\n", "\n", ""},
        {{.type = REDIS_REPLY_ARRAY}, "(empty array)\n", "\n", ""},
        {{.type = 99}, "(a type of reply unknown to this client)\n", "\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_shown(&rows[i].reply, SHOW_FORMATTED, bytes_of_cstr(rows[i].formatted));
        expect_shown(&rows[i].reply, SHOW_RAW, bytes_of_cstr(rows[i].raw));
        expect_shown(&rows[i].reply, SHOW_REPORT, bytes_of_cstr(rows[i].report));
    }
}

Test(show, a_nul_is_shown_and_passed_on) {
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = (char[]){'a', 0, 'b'}, .len = 3};
    expect_shown(&reply, SHOW_FORMATTED, BYTES("\"a\\x00b\"\n"));
    expect_shown(&reply, SHOW_RAW, BYTES("a\0b\n"));
}

Test(show, nesting_is_indentation_as_wide_as_the_numbers_before_it) {
    redisReply one = text_reply(REDIS_REPLY_STRING, "1"), nil = {.type = REDIS_REPLY_NIL};
    redisReply empty = {.type = REDIS_REPLY_ARRAY};
    redisReply *pair[] = {&one, &nil};
    redisReply inner = array_reply(pair, 2);
    redisReply *outer[] = {&inner, &empty, &one};
    redisReply whole = array_reply(outer, 3);
    expect_shown(&whole, SHOW_FORMATTED,
                 BYTES("1) 1) \"1\"\n   2) (nil)\n2) (empty array)\n3) \"1\"\n"));
    expect_shown(&whole, SHOW_RAW, BYTES("1\n\n\n1\n"));
}

Test(show, numbers_are_aligned_to_the_right) {
    redisReply one = {.type = REDIS_REPLY_INTEGER, .integer = 7};
    redisReply *ten[10];
    for (size_t i = 0; i < ARRAY_LEN(ten); i++) ten[i] = &one;
    redisReply whole = array_reply(ten, ARRAY_LEN(ten));
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, &whole, SHOW_FORMATTED), BRINE_OK);
    cr_expect(bytes_starts_with(buf_view(&out), BYTES(" 1) (integer) 7\n 2) ")));
    cr_expect(
        bytes_equal(bytes_slice(buf_view(&out), out.len - 16, 16), BYTES("10) (integer) 7\n")));
    buf_deinit(&out);
}

Test(show, a_reply_that_is_nested_too_deeply_is_cut_and_says_so) {
    redisReply replies[DEEP], *elements[DEEP];
    replies[DEEP - 1] = text_reply(REDIS_REPLY_STRING, "deep");
    for (size_t i = DEEP - 1; i-- > 0;) {
        elements[i] = &replies[i + 1];
        replies[i] = array_reply(&elements[i], 1);
    }
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, &replies[0], SHOW_FORMATTED), BRINE_OK);
    cr_expect_not_null(memmem(out.data, out.len, "(nested too deeply to show)", 27));
    cr_expect_null(memmem(out.data, out.len, "deep\"", 5));
    buf_deinit(&out);
}

Test(show, output_that_does_not_fit_is_a_status) {
    redisReply reply = text_reply(REDIS_REPLY_STRING, "0123456789");
    redisReply *elements[] = {&reply, &reply};
    redisReply whole = array_reply(elements, 2);
    struct buf enough;
    buf_init(&enough, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&enough, &whole, SHOW_FORMATTED), BRINE_OK);
    for (size_t limit = 1; limit < enough.len; limit++) {
        struct buf out;
        buf_init(&out, mem_system(), limit);
        cr_expect_eq(show_reply(&out, &whole, SHOW_FORMATTED), BRINE_TOO_BIG, "%zu bytes", limit);
        buf_deinit(&out);
    }
    buf_deinit(&enough);
}
