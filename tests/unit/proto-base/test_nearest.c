/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/nearest.h"

#include <criterion/criterion.h>

Test(nearest, finds_the_word_that_was_meant_or_none) {
    static const struct {
        const char *typed, *meant;
    } rows[] = {
        {"zlip", "zlib"},
        {"ZLIB", "zlib"},
        {"gzib", "gzip"},
        {"pickel", "pickle"},
        {"", NULL},
        {"x", NULL},
        {"frobnicate", NULL},
        {"cahcelib", "cachelib"},
        {"pick", "pickle"},
        {"pickles", "pickle"},
        {"flaskcaching", "flask-caching"},
    };
    static const char *const words[] = {"zlib", "gzip", "pickle", "cachelib", "flask-caching"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct nearest nearest = nearest_to(bytes_of_cstr(rows[i].typed));
        for (size_t w = 0; w < ARRAY_LEN(words); w++) nearest_try(&nearest, words[w]);
        bool right = rows[i].meant ? nearest.word && strcmp(nearest.word, rows[i].meant) == 0
                                   : nearest.word == NULL;
        cr_expect(right, "'%s': %s", rows[i].typed, nearest.word ? nearest.word : "none");
    }
}

Test(nearest, distance_counts_changes_and_long_texts_are_far) {
    static char text[NEAREST_BYTES_MAX + 2];
    memset(text, 'a', NEAREST_BYTES_MAX + 1);
    cr_expect_eq(edit_distance(BYTES("kitten"), BYTES("sitting")), 3);
    cr_expect_eq(edit_distance(BYTES(""), BYTES("abc")), 3);
    cr_expect_eq(edit_distance(bytes_of_cstr(text), bytes_of_cstr(text)), SIZE_MAX);
    cr_expect_eq(edit_distance(bytes_of_cstr(text + 1), bytes_of_cstr(text + 1)), 0);
}
