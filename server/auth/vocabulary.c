/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "auth/vocabulary.h"

const char *const auth_category_words[AUTH_CATEGORIES_COUNT] = {
#define C(id, word) word,
    AUTH_CATEGORIES(C)
#undef C
};

_Static_assert(AUTH_CATEGORIES_COUNT <= 32, "categories are the bits of a uint32_t");

enum auth_category auth_category_find(struct bytes word) {
    size_t i = 0;
    while (i < AUTH_CATEGORIES_COUNT && !bytes_is(word, auth_category_words[i])) i++;
    return (enum auth_category)i;
}

size_t auth_vocabulary_find(const struct auth_vocabulary *vocabulary, struct bytes name) {
    for (size_t row = 0; row < vocabulary->count; row++)
        if (bytes_is(name, vocabulary->commands[row].name)) return row;
    return AUTH_ROWS_MAX;
}
