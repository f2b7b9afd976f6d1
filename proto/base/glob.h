/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Redis's glob patterns: ? * [abc] [^abc] [a-z] and \ to escape.  Iterative: a pattern made for
 * backtracking costs at most O(pattern * text), and no stack.  Any thread. */
#ifndef BRINE_GLOB_H
#define BRINE_GLOB_H

#include "base/bytes.h"

/* Source: Redis util.c stringmatchlen, whose answers these are.  Careful: no pattern but the empty
 * one fits an empty text, not even "*"; who means everything asks glob_is_all. */
bool glob_match(struct bytes pattern, struct bytes text);
bool glob_match_nocase(struct bytes pattern, struct bytes text);

static inline bool glob_is_all(struct bytes pattern) {
    return pattern.len == 1 && pattern.data[0] == '*';
}

#endif
