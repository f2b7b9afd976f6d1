/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Only the last star needs remembering: a match that fails behind it can be mended only by letting
 * that star eat one byte more, for an earlier star could eat nothing that the later one cannot. */

#include "base/glob.h"

static uint8_t fold(uint8_t c, bool nocase) {
    return nocase ? byte_lower(c) : c;
}

/* Matches one [set] at pattern[*at] against c and moves *at behind it.  As in Redis, a set that is
 * never closed ends with the pattern. */
static bool match_set(struct bytes pattern, size_t *at, uint8_t c, bool nocase) {
    size_t p = *at + 1;
    bool negated = p < pattern.len && pattern.data[p] == '^';
    if (negated) p++;
    bool matched = false;
    c = fold(c, nocase);
    while (p < pattern.len && pattern.data[p] != ']') {
        if (pattern.data[p] == '\\' && p + 1 < pattern.len) {
            p++;
            if (fold(pattern.data[p], nocase) == c) matched = true;
        } else if (p + 2 < pattern.len && pattern.data[p + 1] == '-') {
            uint8_t low = fold(pattern.data[p], nocase), high = fold(pattern.data[p + 2], nocase);
            if (low > high) {
                uint8_t swap = low;
                low = high;
                high = swap;
            }
            if (c >= low && c <= high) matched = true;
            p += 2;
        } else if (fold(pattern.data[p], nocase) == c) {
            matched = true;
        }
        p++;
    }
    *at = p < pattern.len ? p + 1 : p;
    return matched != negated;
}

/* Matches the single item at pattern[*at] (not a star) against c and moves *at behind it. */
static bool match_one(struct bytes pattern, size_t *at, uint8_t c, bool nocase) {
    uint8_t item = pattern.data[*at];
    if (item == '?') {
        (*at)++;
        return true;
    }
    if (item == '[') return match_set(pattern, at, c, nocase);
    if (item == '\\' && *at + 1 < pattern.len) (*at)++;
    item = pattern.data[(*at)++];
    return fold(item, nocase) == fold(c, nocase);
}

static bool match(struct bytes pattern, struct bytes text, bool nocase) {
    size_t p = 0, t = 0, star_p = SIZE_MAX, star_t = 0;
    if (text.len == 0) return pattern.len == 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star_p = ++p;
            star_t = t;
            if (p == pattern.len) return true;
            continue;
        }
        if (p < pattern.len && match_one(pattern, &p, text.data[t], nocase)) {
            t++;
            continue;
        }
        if (star_p == SIZE_MAX) return false;
        p = star_p;
        t = ++star_t;
    }
    while (p < pattern.len && pattern.data[p] == '*') p++;
    return p == pattern.len;
}

bool glob_match(struct bytes pattern, struct bytes text) {
    return match(pattern, text, false);
}
bool glob_match_nocase(struct bytes pattern, struct bytes text) {
    return match(pattern, text, true);
}
