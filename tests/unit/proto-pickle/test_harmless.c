/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What bytes that are no pickle would do to their reader, row by row.  That CPython's readers agree
 * is held by tests/tools/pickle_harmless.py. */

#include "base/buf.h"
#include "pickle/harmless.h"

#include <criterion/criterion.h>

enum {
    NONE = 0,
    IMPORT = PICKLE_HARM_IMPORT,
    AT_END = PICKLE_HARM_IMPORT_AT_END,
    USE = PICKLE_HARM_USE,
    MEMORY = PICKLE_HARM_MEMORY,
    TIME = PICKLE_HARM_TIME,
    UNKNOWN = PICKLE_HARM_UNKNOWN,
};

struct row {
    struct bytes input;
    unsigned kinds;
    size_t offset;
    const char *why;
};

static void check_rows(const struct row *rows, size_t count) {
    struct pickle_scratch scratch;
    struct pickle_harm found;
    pickle_scratch_init(&scratch, mem_system(), 1 << 26);
    for (size_t i = 0; i < count; i++) {
        bool harmless = pickle_is_harmless(rows[i].input, &PICKLE_LIMITS_DEFAULT, &scratch, &found);
        cr_expect_eq(harmless, rows[i].kinds == NONE, "%s: %s", rows[i].why, found.what);
        cr_expect_eq(found.kinds, rows[i].kinds, "%s: kinds %u", rows[i].why, found.kinds);
        cr_expect_eq(found.offset, rows[i].offset, "%s: offset %zu", rows[i].why, found.offset);
        cr_expect_eq(found.cut, rows[i].kinds == AT_END, "%s", rows[i].why);
        cr_expect_eq(found.what[0] == '\0', rows[i].kinds == NONE, "%s", rows[i].why);
    }
    pickle_scratch_deinit(&scratch);
}

#define CHECK(...)                                                                                 \
    static const struct row rows[] = {__VA_ARGS__};                                                \
    check_rows(rows, ARRAY_LEN(rows))

/* clang-format off */
Test(harmless, honest_bytes_pass) {
    CHECK(
        {BYTES(""), NONE, 0, "nothing"},
        {BYTES("<!DOCTYPE html>\n<html>\n"), NONE, 0, "HTML"},
        {BYTES("{\"country\": \"os\"}\n"), NONE, 0, "JSON"},
        {BYTES("[1, 2]"), NONE, 0, "a JSON array"},
        {BYTES("id,name\n1,os\n"), NONE, 0, "CSV whose header no import could hold"},
        {BYTES("import os\nos.x\n"), NONE, 0, "source"},
        {BYTES("#include <stdio.h>\n"), NONE, 0, "C"},
        {BYTES("I am here\ncos\nsystem\n"), NONE, 0, "INT that is no number"},
        {BYTES("2026-11-22 10:00:00 cos\n"), NONE, 0, "a log line"},
        {BYTES("Further\ncos\nx\n"), NONE, 0, "FLOAT that is none"},
        {BYTES("See below\ncos\nx\n"), NONE, 0, "STRING without quotes"},
        {BYTES("Because of x\ncos\nx\n"), NONE, 0, "BINBYTES of 1.6 GB"},
        {BYTES("\x82\xa1" "a\x01\xa1" "b\x02"), NONE, 0, "msgpack map of two"},
        {BYTES("\x83\xa2id\x01\xa4name\xa1x\xa4user\xa1y"), NONE, 0, "msgpack map of three"},
        {BYTES("\x89PNG\r\n\x1a\n"), NONE, 0, "PNG: NEWFALSE, and P waits for a line"},
        {BYTES("\x1f\x8b\x08"), NONE, 0, "gzip"},
        {BYTES("d8ddc2a1-9cbb-4b1a-8d5e-3f1f2f3f4f5f"), NONE, 0, "a uuid"},
    );
}

Test(harmless, an_import_is_found_wherever_a_reader_gets_to_it) {
    CHECK(
        {BYTES("cos\ngetcwd\n(tR."), IMPORT, 0, "a pickle without magic"},
        {BYTES("cposix\nsystem\n"), IMPORT, 0, "a beginning of one"},
        {BYTES("country\nGermany\n"), IMPORT, 0, "text"},
        {BYTES("cos\n\n"), IMPORT, 0, "an empty name: the Python reader imports first"},
        {BYTES("cos. x\ny\n"), IMPORT, 0, "os is imported before 'os. x' fails"},
        {BYTES("cos\nx y\n"), IMPORT, 0, "any name will do"},
        {BYTES("ccaf\xc3\xa9\nx\n"), IMPORT, 0, "letters beyond ASCII"},
        {BYTES("(ios\nsystem\n"), IMPORT, 1, "INST"},
        {BYTES("ios\nsystem\n"), IMPORT, 0, "INST without a mark: the Python reader imports first"},
        {BYTES("\x80\x04\x8c\x02os\x8c\x01x\x93"), IMPORT, 9, "STACK_GLOBAL"},
        {BYTES("Vos\nVx\n\x93"), IMPORT, 7, "with text from lines"},
        {BYTES("U\x02osU\x01x\x93"), IMPORT, 7, "with 8-bit text"},
        {BYTES("Version 1\ncat\nx\n"), IMPORT, 10, "a second line"},
        {BYTES("N0Ncos\nx\n"), IMPORT, 3, "behind POP"},
        {BYTES("(0cos\nx\n"), IMPORT, 2, "behind POP of a mark"},
        {BYTES("\x80\x05" "cos\nx\n"), IMPORT, 2, "behind the highest protocol"},
        {BYTES("\x8c\x03\xed\xa0\x80" "cos\nx\n"), IMPORT, 5, "behind a lone surrogate"},
        {BYTES("(K\x01K\x02\x91" "cos\nx\n"), IMPORT, 6, "behind a frozenset of numbers"},
        {BYTES("Np+1\n0g 1\ncos\nx\n"), IMPORT, 10, "an index with a sign and a blank"},
        {BYTES("Np1_0\n0g10\ncos\nx\n"), IMPORT, 11, "an index with an underscore"},
        {BYTES("N.cos\nx\n"), IMPORT, 2, "a second pickle"},
        {BYTES("Np1\n0g1\ncos\nx\n"), IMPORT, 8, "behind the memo"},
        {BYTES("Np1\n.g1\ncos\nx\n"), IMPORT, 8, "a memo that outlives STOP"},
        {BYTES("I 0x1f \ncos\nx\n"), IMPORT, 8, "a number as C reads it"},
        {BYTES("I\0 any\ncos\nx\n"), IMPORT, 7, "NUL ends a number for C"},
        {BYTES("I0_0\ncos\nx\n"), IMPORT, 5, "a zero of two"},
        {BYTES("L-12L\ncos\nx\n"), IMPORT, 6, "a long"},
        {BYTES("F+infinity\ncos\nx\n"), IMPORT, 11, "a float that is a word"},
        {BYTES("F1_0.5e-3\ncos\nx\n"), IMPORT, 10, "a float as Python reads it"},
        {BYTES("S'a'b'\ncos\nx\n"), IMPORT, 7, "a string"},
        {BYTES("S\"\"\ncos\nx\n"), IMPORT, 4, "an empty string"},
        {BYTES("}(Vk\nNdcos\nx\n"), IMPORT, 7, "a dict"},
        {BYTES("](NNecos\nx\n"), IMPORT, 5, "APPENDS"},
        {BYTES("\x8f(K\x01\x90" "cos\nx\n"), IMPORT, 5, "ADDITEMS"},
        {BYTES("NNbcos\nx\n"), IMPORT, 3, "BUILD of nothing"},
        {BYTES("N(ecos\nx\n"), IMPORT, 3, "an empty APPENDS on what is no list"},
        {BYTES("C\x01x\x98" "cos\nx\n"), IMPORT, 4, "READONLY_BUFFER"},
        {BYTES("Please\ncos\nx\n"), IMPORT, 7, "behind a persistent id"},
        {BYTES("NQcos\nx\n"), IMPORT, 2, "behind BINPERSID"},
        {BYTES("\x82\x01" "cos\nx\n"), IMPORT, 2, "behind an extension code"},
        {BYTES("\x97" "cos\nx\n"), IMPORT, 1, "behind a buffer from outside"},
        {BYTES("\x95\xff\0\0\0\0\0\0\0cos\nx\n"), IMPORT, 9, "a frame that says too much"},
        {BYTES("\x95\0\0\0\0\0\0\0\0cos\nx\n"), IMPORT, 9, "an empty frame"},
        {BYTES("\x95\x01\0\0\0\0\0\0\0Ncos\nx\n"), IMPORT, 10, "behind a frame"},
        {BYTES("\x95\x01\0\0\0\0\0\0\0cos\nx\n"), IMPORT, 9, "an argument behind the frame of its opcode"},
    );
}

Test(harmless, bytes_that_end_within_a_name_are_told_apart) {
    CHECK(
        {BYTES("cat"), AT_END, 0, "one letter is left of it"},
        {BYTES("ca"), NONE, 0, "nothing is left of it"},
        {BYTES("c"), NONE, 0, "nor of this"},
        {BYTES("country\nGermany"), AT_END, 0, "the second line"},
        {BYTES("country\n"), AT_END, 0, "no second line"},
        {BYTES("index"), AT_END, 0, "INST"},
        {BYTES("ca9e8"), AT_END, 0, "hex"},
        {BYTES("c9ae8"), AT_END, 0, "hex that begins with a digit"},
        {BYTES("c8ddc2a1-9cbb-4b1a-8d5e-3f1f2f3f4f5f"), AT_END, 0, "a uuid"},
        {BYTES("cat\xff"), AT_END, 0, "the last byte is dropped"},
        {BYTES("cat\xff."), NONE, 0, "not UTF-8"},
        {BYTES("i\xc3\xa9t\xc3\xa9\nx\n"), NONE, 0, "INST wants ASCII"},
        {BYTES("\x95\x03\0\0\0\0\0\0\0cat"), NONE, 0, "in a frame all readers fail"},
        {BYTES("\x95\x09\0\0\0\0\0\0\0cat"), NONE, 0, "in a frame that says too much too"},
        {BYTES("\x95\x01\0\0\0\0\0\0\0Ncat"), AT_END, 10, "behind one"},
    );
}

Test(harmless, names_that_are_text_are_no_import) {
    CHECK(
        {BYTES("could you\nx\n"), NONE, 0, "a blank"},
        {BYTES("color: red\nx\n"), NONE, 0, "a colon"},
        {BYTES("c\nx\n"), NONE, 0, "empty"},
        {BYTES("cos\r\nx\r\n"), NONE, 0, "a carriage return"},
        {BYTES("cos\0\nx\n"), NONE, 0, "a NUL"},
        {BYTES("\x80\x02" "c\nx\n"), NONE, 0, "empty behind PROTO"},
        {BYTES("\x8c\x01.\x8c\x01x\x93"), IMPORT, 6, "STACK_GLOBAL, one dot"},
        {BYTES("\x8c\x02osK\x01\x93"), NONE, 0, "a name that is no str"},
        {BYTES("\x8c\x02\xff\xff\x8c\x02os\x8c\x01x\x93"), NONE, 0, "not UTF-8 before it"},
    );
}

Test(harmless, a_character_of_text_counts_in_the_part_of_a_name_that_decides) {
    static const char of_text[] = "\"'()+,:;<=>[]{|}";
    struct pickle_scratch scratch;
    struct pickle_harm found;
    pickle_scratch_init(&scratch, mem_system(), 1 << 20);
    for (unsigned c = 0; c < 0x80; c++) {
        bool text = c <= ' ' || c == 0x7f || strchr(of_text, (int)c);
        uint8_t within[] = {'c', 'a', (uint8_t)c, 'b', '\n', 'x', '\n'};
        uint8_t behind_dot[] = {'c', 'a', '.', (uint8_t)c, '\n', 'x', '\n'};
        uint8_t hidden[] = {'c', '.', (uint8_t)c, 'a', '.', 'b', '\n', 'x', '\n'};
        cr_expect_eq(pickle_is_harmless(bytes_view(within, sizeof within), &PICKLE_LIMITS_DEFAULT,
                                        &scratch, &found),
                     text && c != '\n', "a%cb", (int)c);
        cr_expect_not(pickle_is_harmless(bytes_view(behind_dot, sizeof behind_dot),
                                         &PICKLE_LIMITS_DEFAULT, &scratch, &found),
                      "a.%c", (int)c);
        cr_expect_eq(pickle_is_harmless(bytes_view(hidden, sizeof hidden), &PICKLE_LIMITS_DEFAULT,
                                        &scratch, &found),
                     text && c != '\n', ".%ca", (int)c);
    }
    pickle_scratch_deinit(&scratch);
}

/* __import__ takes any text, and finds any file: the first is a module of every Python on Linux,
 * and a folder beside the program is one as well. */
Test(harmless, names_that_no_import_statement_could_hold_are_imported_all_the_same) {
    CHECK(
        {BYTES("c_sysconfigdata__x86_64-linux-gnu\nx\n"), IMPORT, 0, "a hyphen"},
        {BYTES("(i_sysconfigdata__x86_64-linux-gnu\nx\n"), IMPORT, 1, "a hyphen, INST"},
        {BYTES("\x80\x04\x8c\x04" "os-x\x8c\x01x\x93"), IMPORT, 11, "a hyphen, STACK_GLOBAL"},
        {BYTES("\x8c\x02o \x8c\x01x\x93"), IMPORT, 7, "a blank, STACK_GLOBAL"},
        {BYTES("\x80\x02" "cmy files\nx\n"), IMPORT, 2, "a blank behind PROTO"},
        {BYTES("c1os\nx\n"), IMPORT, 0, "a digit first"},
        {BYTES("cc#\nx\n"), IMPORT, 0, "other signs"},
        {BYTES("c.this\nx\n"), IMPORT, 0, "a dot in front"},
        {BYTES("(i.this\nx\n"), IMPORT, 1, "a dot in front, INST"},
        {BYTES("\x80\x04\x8c\x05.this\x8c\x01x\x93"), IMPORT, 12, "a dot in front, STACK_GLOBAL"},
        {BYTES("c..this\nx\n"), IMPORT, 0, "two dots"},
        {BYTES("\x80\x02" "c. x\nx\n"), IMPORT, 2, "a dot and a blank behind PROTO"},
        {BYTES("c. and so on\nx\n"), NONE, 0, "a dot and a blank"},
    );
}

Test(harmless, data_cannot_be_called_nor_changed) {
    CHECK(
        {BYTES("N)Rcos\nx\n"), NONE, 0, "REDUCE"},
        {BYTES("N)\x81" "cos\nx\n"), NONE, 0, "NEWOBJ"},
        {BYTES("(NNocos\nx\n"), NONE, 0, "OBJ"},
        {BYTES("NNacos\nx\n"), NONE, 0, "APPEND to None"},
        {BYTES("}]Nscos\nx\n"), NONE, 0, "a list as key"},
        {BYTES("}(Nucos\nx\n"), NONE, 0, "an odd number of items"},
        {BYTES("0cos\nx\n"), NONE, 0, "POP of nothing"},
        {BYTES("N(\x85" "cos\nx\n"), NONE, 0, "a tuple across a mark"},
        {BYTES("h\0cos\nx\n"), NONE, 0, "an empty memo"},
        {BYTES("\x80\x06" "cos\nx\n"), NONE, 0, "a protocol of tomorrow"},
        {BYTES("\x82\0cos\nx\n"), NONE, 0, "extension code 0"},
        {BYTES("\x84\xff\xff\xff\xff" "cos\nx\n"), NONE, 0, "a negative extension code"},
        {BYTES("\x85\x86zcos\nx\n"), NONE, 0, "no opcode"},
    );
}

Test(harmless, what_the_reader_brings_along_must_not_be_used) {
    CHECK(
        {BYTES("\x82\x01)R"), USE, 3, "called"},
        {BYTES("\x82\x01)\x81"), USE, 3, "called by NEWOBJ"},
        {BYTES("(\x82\x01o"), USE, 3, "called by OBJ"},
        {BYTES("\x82\x01}b"), USE, 3, "given state"},
        {BYTES("\x82\x01Na"), USE, 3, "given an item"},
        {BYTES("}\x82\x01Ns"), USE, 4, "a key"},
        {BYTES("(\x82\x01\x91"), USE, 3, "in a frozenset"},
        {BYTES("(\x82\x01\x85\x91"), USE, 4, "in a tuple in a frozenset"},
        {BYTES("\x82\x01\x8c\x01x\x93"), USE, 5, "a name"},
        {BYTES("Pid\nNb"), USE, 5, "a persistent object"},
        {BYTES("\x97\x98"), USE, 1, "a buffer"},
        {BYTES("\x82\x01R"), NONE, 0, "not with too few operands"},
        {BYTES("\x82\x01\x85."), NONE, 0, "put into a tuple and returned"},
    );
}

/* Fifteen times a tuple of twice what is there. */
#define DOUBLED_FIVE "2\x86" "2\x86" "2\x86" "2\x86" "2\x86"
#define DOUBLED DOUBLED_FIVE DOUBLED_FIVE DOUBLED_FIVE
#define DEEP_TEN "\x85\x85\x85\x85\x85" "\x85\x85\x85\x85\x85"
#define DEEP_HUNDRED DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN DEEP_TEN
#define DEEP_FIVE_HUNDRED DEEP_HUNDRED DEEP_HUNDRED DEEP_HUNDRED DEEP_HUNDRED DEEP_HUNDRED

Test(harmless, memory_and_time_out_of_proportion_are_told_apart) {
    CHECK(
        {BYTES("Nr    "), MEMORY, 1, "a memo of 8 GB"},
        {BYTES("Np99999999\n"), MEMORY, 1, "in text"},
        {BYTES("Nr    cos\nx\n"), MEMORY | IMPORT, 6, "and an import"},
        {BYTES("Nr    j    cos\nx\n"), MEMORY | UNKNOWN, 6, "what was put so far is not known"},
        {BYTES("Nr\x01\0\0\0"), NONE, 0, "a low index"},
        {BYTES("Np1234\n"), NONE, 0, "a hole is no bomb"},
        {BYTES("\x96\0\0\0\0\x02\0\0\0"), MEMORY, 0, "8 GB of zeros"},
        {BYTES("\x96        "), NONE, 0, "more than any allocator gives"},
        {BYTES("\x82\x01r    "), NONE, 0, "behind an extension code"},
        {BYTES("})Nscos\nx\n"), IMPORT, 4, "a tuple as key"},
        {BYTES("})2\x86" "2\x86" "2\x86" "2\x86" "Ns"), NONE, 0, "a key of 30 parts"},
        {BYTES("})" DOUBLED DOUBLED "Ns"), TIME, 63, "a key of a billion parts"},
        {BYTES("()" DOUBLED DOUBLED "\x91."), TIME, 62, "an element of a frozenset"},
        {BYTES("})" DEEP_FIVE_HUNDRED "Ns"), NONE, 0, "a key as deep as it may be"},
        {BYTES("})" DEEP_FIVE_HUNDRED "\x85Ns"), TIME, 504, "one that recurses deeper"},
        {BYTES("()" DEEP_FIVE_HUNDRED "\x85\x91."), TIME, 503, "in a frozenset"},
        {BYTES("(K\x01K\x02\x91" "."), NONE, 0, "a frozenset of numbers"},
        {BYTES("\x96\x01\0\0\0\0\0\0\0x"), NONE, 0, "bytes that are there"},
    );
}

Test(harmless, where_readers_part_ways_nothing_is_known) {
    CHECK(
        {BYTES("\x95\x02\0\0\0\0\0\0\0K"), NONE, 0, "cut off"},
        {BYTES("\x95\x02\0\0\0\0\0\0\0C\x05" "abcde"), NONE, 0, "behind the frame of its length"},
        {BYTES("\x95\x03\0\0\0\0\0\0\0C\x05" "abcde"), UNKNOWN, 9, "a payload across the end"},
        {BYTES("\x95\x03\0\0\0\0\0\0\0cos\nx\n"), UNKNOWN, 9, "a line across the end"},
        {BYTES("\x95\x0b\0\0\0\0\0\0\0N\x95\x01\0\0\0\0\0\0\0N."), UNKNOWN, 10, "a frame in a frame"},
        {BYTES("\x95\x03\0\0\0\0\0\0\0N..."), UNKNOWN, 10, "STOP before the end of a frame"},
    );
}
/* clang-format on */

Test(harmless, an_import_is_told_with_its_names) {
    struct pickle_scratch scratch;
    struct pickle_harm found;
    pickle_scratch_init(&scratch, mem_system(), 1 << 20);
    struct bytes input = BYTES("Vx\ncountry\nGermany\n");
    cr_assert_not(pickle_is_harmless(input, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect(bytes_equal(found.module, BYTES("ountry")));
    cr_expect(bytes_equal(found.name, BYTES("Germany")));
    cr_expect_eq(found.opcode, 'c');
    cr_expect_str_eq(found.what, "GLOBAL would import a module");
    pickle_scratch_deinit(&scratch);
}

static struct bytes repeated(uint8_t *buffer, size_t count, struct bytes piece) {
    for (size_t i = 0; i < count; i++) bytes_copy_to(buffer + i * piece.len, piece);
    return bytes_view(buffer, count * piece.len);
}

Test(harmless, floods_and_long_numbers_are_bounded) {
    enum { FLOOD = 1 << 20 };
    struct pickle_scratch scratch;
    struct pickle_harm found;
    pickle_scratch_init(&scratch, mem_system(), 1 << 26);
    uint8_t *buffer = mem_alloc(mem_system(), 3 * FLOOD);
    struct bytes sets = repeated(buffer, FLOOD, BYTES("\x8f"));
    cr_expect_not(pickle_is_harmless(sets, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect_eq(found.kinds, MEMORY);
    struct bytes digits = repeated(buffer, 5000, BYTES("I"));
    memset(buffer + 1, '9', digits.len - 1);
    cr_expect_not(pickle_is_harmless(digits, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect_eq(found.kinds, TIME);
    cr_expect(
        pickle_is_harmless(bytes_slice(digits, 0, 4300), &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    struct bytes keys = repeated(buffer + 1, 5000, BYTES("K\x01"));
    buffer[0] = '(';
    buffer[keys.len + 1] = 0x91;
    keys = bytes_view(buffer, keys.len + 2);
    cr_expect_not(pickle_is_harmless(keys, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect_eq(found.kinds, TIME);
    mem_free(mem_system(), buffer, 3 * FLOOD);
    pickle_scratch_deinit(&scratch);
}

/* {t: None, t: None, ...} of a tuple of 1,000 times the same integer, broken off before STOP. */
Test(harmless, integers_in_hashed_tuples_count_by_their_length) {
    enum { DIGIT_BYTES = 3200, HELD = 1000, KEYS = 20 };
    static const uint8_t digits[DIGIT_BYTES];
    struct pickle_scratch scratch;
    struct pickle_harm found;
    pickle_scratch_init(&scratch, mem_system(), 1 << 26);
    for (int is_long = 0; is_long < 2; is_long++) {
        struct buf buf;
        buf_init(&buf, mem_system(), 1 << 16);
        uint32_t length = is_long ? DIGIT_BYTES : 1;
        const uint8_t head[] = {0x80, 4, 0x8b, (uint8_t)length, (uint8_t)(length >> 8), 0, 0};
        cr_assert_eq(buf_append(&buf, bytes_view(head, sizeof head)), BRINE_OK);
        cr_assert_eq(buf_append(&buf, bytes_view(digits, length)), BRINE_OK);
        cr_assert_eq(buf_append(&buf, BYTES("q\0"
                                            "0(")),
                     BRINE_OK);
        for (int i = 0; i < HELD; i++) cr_assert_eq(buf_append(&buf, BYTES("h\0")), BRINE_OK);
        cr_assert_eq(buf_append(&buf, BYTES("tq\1"
                                            "0}(")),
                     BRINE_OK);
        for (int i = 0; i < KEYS; i++) cr_assert_eq(buf_append(&buf, BYTES("h\1N")), BRINE_OK);
        cr_assert_eq(buf_append(&buf, BYTES("u")), BRINE_OK);
        bool harmless =
            pickle_is_harmless(buf_view(&buf), &PICKLE_LIMITS_DEFAULT, &scratch, &found);
        cr_expect_eq(harmless, !is_long, "%u bytes", length);
        cr_expect_eq(found.kinds, is_long ? TIME : NONE);
        buf_deinit(&buf);
    }
    pickle_scratch_deinit(&scratch);
}

Test(harmless, what_cannot_be_judged_is_not_harmless) {
    struct pickle_scratch scratch;
    struct pickle_harm found;
    uint8_t buffer[4096];
    struct bytes marks = repeated(buffer, sizeof buffer, BYTES("("));
    pickle_scratch_init(&scratch, mem_system(), 1024);
    cr_expect_not(pickle_is_harmless(marks, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect_eq(found.kinds, UNKNOWN);
    pickle_scratch_deinit(&scratch);

    struct mem_account account;
    mem_account_init(&account, mem_system(), 1024);
    pickle_scratch_init(&scratch, &account.allocator, 1 << 20);
    cr_expect_not(pickle_is_harmless(marks, &PICKLE_LIMITS_DEFAULT, &scratch, &found));
    cr_expect_eq(found.kinds, UNKNOWN);
    pickle_scratch_deinit(&scratch);
    cr_expect_eq(mem_account_used(&account), 0);

    struct pickle_limits limits = PICKLE_LIMITS_DEFAULT;
    limits.bytes_max = 3;
    cr_expect_not(pickle_is_harmless(BYTES("<ht>"), &limits, &scratch, &found));
    cr_expect_eq(found.kinds, UNKNOWN);
    cr_expect(pickle_is_harmless(BYTES("<h>"), &limits, &scratch, &found));
}
