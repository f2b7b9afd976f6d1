/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which known word did a mistyped one mean?
 *
 *     struct nearest nearest = nearest_to(typed);
 *     for (...) nearest_try(&nearest, words[i]);
 *     if (nearest.word) printf("; did you mean '%s'?", nearest.word);
 *
 * Cost: O(length * length) a word; what is longer than NEAREST_BYTES_MAX is near to nothing.  Any
 * thread. */
#ifndef BRINE_NEAREST_H
#define BRINE_NEAREST_H

#include "base/bytes.h"

enum { NEAREST_BYTES_MAX = 64 };

struct nearest {
    struct bytes typed;
    const char *word; /* NULL: none is near enough */
    size_t distance;  /* of the word; before there is one, what is too far */
};

/* Near enough is two changes, or one for three letters. */
struct nearest nearest_to(struct bytes typed);
void nearest_try(struct nearest *nearest, const char *word);

/* Levenshtein's, in any case of letters; SIZE_MAX when one is too long. */
size_t edit_distance(struct bytes a, struct bytes b);

#endif
