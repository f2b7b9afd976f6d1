/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* pickle_dis.py holds the disassembler against pickletools; here are its answers to what fails. */

#include "pickle/disasm.h"
#include "pickle/repr.h"

#include <criterion/criterion.h>

static void expect_text(struct buf *out, const char *text) {
    cr_expect(bytes_equal(buf_view(out), bytes_of_cstr(text)), "%.*s is not %s", (int)out->len,
              out->data, text);
    buf_clear(out);
}

Test(disasm, lines_are_those_of_pickletools) {
    struct buf out;
    struct brine_error err;
    buf_init(&out, mem_system(), 1 << 16);
    cr_expect_eq(pickle_disassemble(BYTES("\x80\x04(K\x01\x94t."), &out, &err), BRINE_OK);
    expect_text(&out, "    0: \\x80 PROTO      4\n"
                      "    2: (    MARK\n"
                      "    3: K        BININT1    1\n"
                      "    5: \\x94     MEMOIZE    (as 0)\n"
                      "    6: t        TUPLE      (MARK at 2)\n"
                      "    7: .    STOP\n"
                      "highest protocol among opcodes = 4\n");
    buf_deinit(&out);
}

Test(disasm, a_failure_keeps_the_lines_before_it_and_says_where) {
    static const struct {
        struct bytes input;
        enum brine_status status;
        size_t offset;
    } rows[] = {
        {BYTES("N\xff"), BRINE_MALFORMED, 1},  {BYTES("N"), BRINE_NEED_MORE, 1},
        {BYTES("NX\xff"), BRINE_NEED_MORE, 2}, {BYTES("Na."), BRINE_MALFORMED, 1},
        {BYTES("NN."), BRINE_MALFORMED, 2},    {BYTES("Nt."), BRINE_MALFORMED, 1},
    };
    struct buf out;
    struct brine_error err;
    buf_init(&out, mem_system(), 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&out);
        cr_expect_eq(pickle_disassemble(rows[i].input, &out, &err), rows[i].status, "row %zu", i);
        cr_expect_eq(err.offset, rows[i].offset, "row %zu: %zu", i, err.offset);
        cr_expect(bytes_starts_with(buf_view(&out), BYTES("    0: N    NONE\n")), "row %zu", i);
    }
    buf_deinit(&out);
}

Test(disasm, output_stops_at_its_limit) {
    struct buf out;
    struct brine_error err;
    buf_init(&out, mem_system(), 20);
    cr_expect_eq(pickle_disassemble(BYTES("NNNN0000."), &out, &err), BRINE_TOO_BIG);
    cr_expect_leq(out.len, 20);
    buf_deinit(&out);
}

Test(repr, floats_have_the_fewest_digits_that_read_back) {
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.0, "0.0"},        {-0.0, "-0.0"},    {1.5, "1.5"},
        {0.1, "0.1"},        {1e16, "1e+16"},   {1e15, "1000000000000000.0"},
        {1e-4, "0.0001"},    {1e-5, "1e-05"},   {123456.789, "123456.789"},
        {5e-324, "5e-324"},  {1e100, "1e+100"}, {0x1p122, "5.316911983139664e+36"},
        {2.5e-7, "2.5e-07"},
    };
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(repr_float(&out, rows[i].value), BRINE_OK);
        expect_text(&out, rows[i].text);
    }
    buf_deinit(&out);
}

Test(repr, long_integers_are_written_in_decimal) {
    static const struct {
        struct bytes bytes;
        const char *text;
    } rows[] = {
        {BYTES(""), "0"},
        {BYTES("\xff"), "-1"},
        {BYTES("\x00\x80"), "-32768"},
        {BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x01"), "18446744073709551616"},
        {BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\xff"), "-18446744073709551616"},
        {BYTES("\x00\xca\x9a\x3b"), "1000000000"},
    };
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(repr_long(&out, rows[i].bytes), BRINE_OK);
        expect_text(&out, rows[i].text);
    }
    buf_deinit(&out);
}

Test(repr, a_number_that_does_not_fit_leaves_nothing_of_itself) {
    struct buf out;
    buf_init(&out, mem_system(), 3);
    cr_expect_eq(repr_long(&out, BYTES("\x00\x80\x80")), BRINE_TOO_BIG);
    expect_text(&out, "");
    buf_deinit(&out);
}
