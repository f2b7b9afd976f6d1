/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach glob_match, glob_match_nocase.  Oracle: on patterns without sets and escapes the
 * answer is that of the textbook table, cell (p, t) by its three neighbours. */

#include "base/glob.h"

enum { TABLE_SIDE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool match_by_table(struct bytes pattern, struct bytes text) {
    bool table[TABLE_SIDE + 1][TABLE_SIDE + 1] = {{true}};
    for (size_t p = 1; p <= pattern.len; p++) {
        uint8_t c = pattern.data[p - 1];
        table[p][0] = c == '*' && table[p - 1][0];
        for (size_t t = 1; t <= text.len; t++)
            table[p][t] = c == '*' ? table[p - 1][t] || table[p][t - 1]
                                   : (c == '?' || c == text.data[t - 1]) && table[p - 1][t - 1];
    }
    return table[pattern.len][text.len];
}

static bool is_plain(struct bytes pattern) {
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.data[i] == '[' || pattern.data[i] == '\\') return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len == 0) return 0;
    size_t cut = MIN((size_t)data[0], len - 1);
    struct bytes pattern = bytes_view(data + 1, cut),
                 text = bytes_view(data + 1 + cut, len - 1 - cut);
    bool matched = glob_match(pattern, text);
    if (matched && !glob_match_nocase(pattern, text) && is_plain(pattern)) __builtin_trap();
    if (text.len == 0 && matched != (pattern.len == 0)) __builtin_trap();
    if (text.len > 0 && pattern.len <= TABLE_SIDE && text.len <= TABLE_SIDE && is_plain(pattern) &&
        matched != match_by_table(pattern, text))
        __builtin_trap();
    return 0;
}
