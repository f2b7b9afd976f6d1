/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/roff.h"

#include <criterion/criterion.h>

typedef enum brine_status append_fn(struct buf *out, const char *text);

static void expect(append_fn *append, const char *text, const char *expected) {
    struct buf out;
    buf_init(&out, mem_system(), 4096);
    cr_assert_eq(append(&out, text), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(expected)), "%s becomes %.*s, not %s", text,
              (int)out.len, (const char *)out.data, expected);
    buf_deinit(&out);
}

Test(roff, what_means_something_to_troff_is_escaped) {
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", "\n"},
        {"plain", "plain\n"},
        {"a-b", "a\\-b\n"},
        {"a\\b", "a\\eb\n"},
        {".TH x", "\\&.TH x\n"},
        {"'quoted'", "\\&'quoted'\n"},
        {"no. dot", "no. dot\n"},
        {"one\ntwo", "one\n.PP\ntwo\n"},
        {"one\n.two", "one\n.PP\n\\&.two\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(roff_append, rows[i].text, rows[i].expected);
}

Test(roff, lines_stand_as_they_are) {
    expect(roff_append_lines, "a = 1\n\n.b\n", ".PP\n.nf\na = 1\n\n\\&.b\n.fi\n");
}

Test(roff, a_word_does_not_end_its_line) {
    expect(roff_append_word, "server.port", "server.port");
    expect(roff_append_word, "--check\nnow", "\\-\\-check now");
}

Test(roff, a_full_buffer_is_an_answer) {
    for (size_t limit = 1; limit < 12; limit++) {
        struct buf out;
        buf_init(&out, mem_system(), limit);
        cr_expect_eq(roff_append(&out, "a-b\\c\n.dd"), BRINE_TOO_BIG, "with %zu bytes", limit);
        buf_deinit(&out);
    }
}
