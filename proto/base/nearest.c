/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/nearest.h"

struct nearest nearest_to(struct bytes typed) {
    return (struct nearest){.typed = typed, .distance = MAX((size_t)2, typed.len / 3) + 1};
}

void nearest_try(struct nearest *nearest, const char *word) {
    size_t distance = edit_distance(nearest->typed, bytes_of_cstr(word));
    if (distance >= nearest->distance) return;
    nearest->distance = distance;
    nearest->word = word;
}

/* A row of his table at a time. */
size_t edit_distance(struct bytes a, struct bytes b) {
    if (a.len > NEAREST_BYTES_MAX || b.len > NEAREST_BYTES_MAX) return SIZE_MAX;
    size_t row[NEAREST_BYTES_MAX + 1];
    for (size_t i = 0; i <= b.len; i++) row[i] = i;
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            bool same = byte_lower(a.data[i]) == byte_lower(b.data[j]);
            size_t replaced = diagonal + (same ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = MIN(replaced, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[b.len];
}
