/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/glob.h"

#include <criterion/criterion.h>

/* Each row was asked of redis-server 7.0.15 with KEYS, those of the empty text with PSUBSCRIBE. */
Test(glob, matches_as_redis_does) {
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "", false},
        {"**", "", false},
        {"a", "", false},
        {"*", "abc", true},
        {"", "", true},
        {"", "a", false},
        {"a*c", "abbc", true},
        {"a*c", "abbd", false},
        {"?", "a", true},
        {"?", "", false},
        {"a?c", "abc", true},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[^abc]", "d", true},
        {"[^abc]", "a", false},
        {"[a-c]", "b", true},
        {"[c-a]", "b", true},
        {"[a-c]x", "bx", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a\\", "a\\", true},
        {"[\\]]", "]", true},
        {"[a", "a", true},
        {"[]", "a", false},
        {"**a**", "bab", true},
        {"a*a*a*b", "aaaaaa", false},
        {"*a*b*", "xaxbx", true},
        {"h[^e]llo", "hello", false},
        {"h[^e]llo", "hallo", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(glob_match(bytes_of_cstr(rows[i].pattern), bytes_of_cstr(rows[i].text)),
                     rows[i].matches, "'%s' on '%s'", rows[i].pattern, rows[i].text);
}

Test(glob, case_is_folded_only_when_asked) {
    cr_expect(!glob_match(BYTES("ABC*"), BYTES("abcd")));
    cr_expect(glob_match_nocase(BYTES("ABC*"), BYTES("abcd")));
    cr_expect(glob_match_nocase(BYTES("[A-C]x"), BYTES("bX")));
}

Test(glob, a_pattern_made_for_backtracking_ends, .timeout = 10) {
    static char pattern[4001], text[4001];
    for (size_t i = 0; i + 1 < sizeof pattern; i += 2) {
        pattern[i] = 'a';
        pattern[i + 1] = '*';
    }
    pattern[sizeof pattern - 2] = 'b';
    memset(text, 'a', sizeof text - 1);
    cr_expect(!glob_match(bytes_of_cstr(pattern), bytes_of_cstr(text)));
}
