/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/show.h"

#include <criterion/criterion.h>

enum { DEEP = 80 };

static struct brine_reply text_reply(enum brine_reply_type type, const char *text) {
    return (struct brine_reply){.type = type, .text = text, .len = strlen(text)};
}

static struct brine_reply aggregate(enum brine_reply_type type, const struct brine_reply *elements,
                                    size_t count) {
    return (struct brine_reply){.type = type, .text = "", .elements = elements, .count = count};
}

static void expect_shown(const struct brine_reply *reply, enum show_form form,
                         struct bytes expected) {
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, reply, (struct show){.form = form}), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&out), expected), "form %d: gave '%.*s', wanted '%.*s'", form,
              (int)out.len, (const char *)out.data, (int)expected.len, (const char *)expected.data);
    buf_deinit(&out);
}

Test(show, a_leaf_looks_as_redis_cli_shows_it) {
    const struct {
        struct brine_reply reply;
        const char *formatted, *raw, *report;
    } rows[] = {
        {text_reply(BRINE_REPLY_STRING, "a\"\\\n\r\t\a\b\x01\x7f\xc3"),
         "\"a\\\"\\\\\\n\\r\\t\\a\\b\\x01\\x7f\\xc3\"\n", "a\"\\\n\r\t\a\b\x01\x7f\xc3\n",
         "a\"\\\n\r\t\a\b\x01\x7f\xc3"},
        {text_reply(BRINE_REPLY_STRING, ""), "\"\"\n", "\n", ""},
        {text_reply(BRINE_REPLY_STATUS, "OK"), "OK\n", "OK\n", "OK"},
        {text_reply(BRINE_REPLY_ERROR, "ERR no"), "(error) ERR no\n", "ERR no\n\n", "ERR no\n"},
        {{.type = BRINE_REPLY_INTEGER, .integer = INT64_MIN},
         "(integer) -9223372036854775808\n",
         "-9223372036854775808\n",
         "-9223372036854775808"},
        {{.type = BRINE_REPLY_NIL}, "(nil)\n", "\n", ""},
        {{.type = BRINE_REPLY_ARRAY}, "(empty array)\n", "\n", ""},
        {{.type = BRINE_REPLY_MAP}, "(empty hash)\n", "\n", ""},
        {{.type = BRINE_REPLY_SET}, "(empty set)\n", "\n", ""},
        {{.type = BRINE_REPLY_PUSH}, "(empty push)\n", "\n", ""},
        {{.type = BRINE_REPLY_BOOLEAN, .integer = 1}, "(true)\n", "(true)\n", "(true)"},
        {{.type = BRINE_REPLY_BOOLEAN}, "(false)\n", "(false)\n", "(false)"},
        {text_reply(BRINE_REPLY_DOUBLE, "1.5"), "(double) 1.5\n", "1.5\n", "1.5"},
        {text_reply(BRINE_REPLY_VERBATIM, "a\"b"), "a\"b\n", "a\"b\n", "a\"b"},
        {text_reply(BRINE_REPLY_STATUS, "\x1b[31mred\x7f\xc2\x9b"), "\\x1b[31mred\\x7f\\xc2\\x9b\n",
         "\x1b[31mred\x7f\xc2\x9b\n", "\x1b[31mred\x7f\xc2\x9b"},
        {text_reply(BRINE_REPLY_ERROR, "ERR \xc3\xa9 \\ \a"), "(error) ERR \xc3\xa9 \\ \\x07\n",
         "ERR \xc3\xa9 \\ \a\n\n", "ERR \xc3\xa9 \\ \a\n"},
        {text_reply(BRINE_REPLY_VERBATIM, "a\r\nb\tc\rd"), "a\r\nb\tc\\x0dd\n", "a\r\nb\tc\rd\n",
         "a\r\nb\tc\rd"},
        {text_reply(BRINE_REPLY_BIG_NUMBER, "12"), "(big number) 12\n", "12\n", "12"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_shown(&rows[i].reply, SHOW_FORMATTED, bytes_of_cstr(rows[i].formatted));
        expect_shown(&rows[i].reply, SHOW_RAW, bytes_of_cstr(rows[i].raw));
        expect_shown(&rows[i].reply, SHOW_REPORT, bytes_of_cstr(rows[i].report));
    }
}

Test(show, a_nul_is_shown_and_passed_on) {
    struct brine_reply reply = {.type = BRINE_REPLY_STRING, .text = "a\0b", .len = 3};
    expect_shown(&reply, SHOW_FORMATTED, BYTES("\"a\\x00b\"\n"));
    expect_shown(&reply, SHOW_RAW, BYTES("a\0b\n"));
}

Test(show, what_a_terminal_obeys_is_escaped_and_nothing_else_is) {
    static const struct {
        struct bytes text;
        const char *shown;
    } rows[] = {
        {BYTES("plain \xc3\xa9\t\n\r\n"), "plain \xc3\xa9\t\n\r\n"},
        {BYTES("\x1b[31m\a\b\x7f\0"), "\\x1b[31m\\x07\\x08\\x7f\\x00"},
        {BYTES("\xc2\x9b|\x9b|\xc2"), "\\xc2\\x9b|\\x9b|\xc2"},
        {BYTES("\rover\r"), "\\x0dover\\x0d"},
        {BYTES("\xe2\x80\x9b\xff"), "\xe2\x80\x9b\xff"}, /* 9b within a character */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_reply reply = {.type = BRINE_REPLY_STRING,
                                    .text = (const char *)rows[i].text.data,
                                    .len = rows[i].text.len};
        struct show show = {.form = SHOW_REPORT, .escape = true};
        struct buf out;
        buf_init(&out, mem_system(), 1 << 16);
        cr_assert_eq(show_reply(&out, &reply, show), BRINE_OK);
        cr_expect(bytes_is(buf_view(&out), rows[i].shown), "row %zu: %.*s", i, (int)out.len,
                  (const char *)out.data);
        buf_deinit(&out);
    }
}

Test(show, nesting_is_indentation_as_wide_as_the_numbers_before_it) {
    struct brine_reply pair[] = {text_reply(BRINE_REPLY_STRING, "1"), {.type = BRINE_REPLY_NIL}};
    struct brine_reply outer[] = {aggregate(BRINE_REPLY_ARRAY, pair, 2),
                                  {.type = BRINE_REPLY_ARRAY},
                                  text_reply(BRINE_REPLY_STRING, "1")};
    struct brine_reply whole = aggregate(BRINE_REPLY_ARRAY, outer, 3);
    expect_shown(&whole, SHOW_FORMATTED,
                 BYTES("1) 1) \"1\"\n   2) (nil)\n2) (empty array)\n3) \"1\"\n"));
    expect_shown(&whole, SHOW_RAW, BYTES("1\n\n\n1\n"));
    expect_shown(&whole, SHOW_JSON, BYTES("[[\"1\",null],[],\"1\"]\n"));
}

Test(show, maps_and_sets_have_marks_of_their_own) {
    struct brine_reply inner[] = {text_reply(BRINE_REPLY_STRING, "x"),
                                  {.type = BRINE_REPLY_INTEGER, .integer = 2}};
    struct brine_reply pairs[] = {text_reply(BRINE_REPLY_STRING, "a"),
                                  {.type = BRINE_REPLY_INTEGER, .integer = 1},
                                  text_reply(BRINE_REPLY_STRING, "b"),
                                  aggregate(BRINE_REPLY_SET, inner, 2)};
    struct brine_reply map = aggregate(BRINE_REPLY_MAP, pairs, 4);
    expect_shown(&map, SHOW_FORMATTED,
                 BYTES("1# \"a\" => (integer) 1\n2# \"b\" => \n   1~ \"x\"\n   2~ (integer) 2\n"));
    expect_shown(&map, SHOW_RAW, BYTES("a 1\nb x\n2\n"));
    expect_shown(&map, SHOW_JSON, BYTES("{\"a\":1,\"b\":[\"x\",2]}\n"));
}

static enum brine_status shout(struct buf *out, struct bytes text) {
    if (text.len != 3) return BRINE_NOT_FOUND;
    return buf_append(out, BYTES("THREE"));
}

Test(show, a_string_may_be_shown_in_another_way_among_formatted_ones) {
    struct brine_reply strings[] = {text_reply(BRINE_REPLY_STRING, "abc"),
                                    text_reply(BRINE_REPLY_STRING, "ab")};
    struct brine_reply whole = aggregate(BRINE_REPLY_ARRAY, strings, 2);
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, &whole, (struct show){.form = SHOW_FORMATTED, .string = shout}),
                 BRINE_OK);
    cr_expect(bytes_equal(buf_view(&out), BYTES("1) THREE\n2) \"ab\"\n")));
    buf_deinit(&out);
}

Test(show, numbers_are_aligned_to_the_right) {
    struct brine_reply ten[10];
    for (size_t i = 0; i < ARRAY_LEN(ten); i++)
        ten[i] = (struct brine_reply){.type = BRINE_REPLY_INTEGER, .integer = 7};
    struct brine_reply whole = aggregate(BRINE_REPLY_ARRAY, ten, ARRAY_LEN(ten));
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, &whole, (struct show){.form = SHOW_FORMATTED}), BRINE_OK);
    cr_expect(bytes_starts_with(buf_view(&out), BYTES(" 1) (integer) 7\n 2) ")));
    cr_expect(
        bytes_equal(bytes_slice(buf_view(&out), out.len - 16, 16), BYTES("10) (integer) 7\n")));
    buf_deinit(&out);
}

Test(show, a_reply_that_is_nested_too_deeply_is_cut_and_says_so) {
    struct brine_reply replies[DEEP];
    replies[DEEP - 1] = text_reply(BRINE_REPLY_STRING, "deep");
    for (size_t i = DEEP - 1; i-- > 0;)
        replies[i] = aggregate(BRINE_REPLY_ARRAY, &replies[i + 1], 1);
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    cr_assert_eq(show_reply(&out, &replies[0], (struct show){.form = SHOW_FORMATTED}), BRINE_OK);
    cr_expect_not_null(memmem(out.data, out.len, "(nested too deeply to show)", 27));
    cr_expect_null(memmem(out.data, out.len, "deep\"", 5));
    cr_expect_eq(show_reply(&out, &replies[0], (struct show){.form = SHOW_JSON}), BRINE_TOO_BIG);
    buf_deinit(&out);
}

Test(show, output_that_does_not_fit_is_a_status) {
    static const enum show_form forms[] = {SHOW_FORMATTED, SHOW_JSON};
    struct brine_reply elements[] = {text_reply(BRINE_REPLY_STRING, "0123456789"),
                                     text_reply(BRINE_REPLY_STRING, "0123456789")};
    struct brine_reply whole = aggregate(BRINE_REPLY_ARRAY, elements, 2);
    for (size_t form = 0; form < ARRAY_LEN(forms); form++) {
        struct show show = {.form = forms[form]};
        struct buf enough;
        buf_init(&enough, mem_system(), 1 << 16);
        cr_assert_eq(show_reply(&enough, &whole, show), BRINE_OK);
        for (size_t limit = 1; limit < enough.len; limit++) {
            struct buf out;
            buf_init(&out, mem_system(), limit);
            cr_expect_eq(show_reply(&out, &whole, show), BRINE_TOO_BIG, "%zu bytes", limit);
            buf_deinit(&out);
        }
        buf_deinit(&enough);
    }
}
