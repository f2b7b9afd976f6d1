/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How a table's segments are made, filled, split and merged.  Private to store/; words in table.h.
 */
#ifndef BRINE_STORE_SEGMENT_H
#define BRINE_STORE_SEGMENT_H

#include "store/table.h"

/* Empty, in no row yet, counted by the table; NULL when refused. */
struct segment *segment_create(struct table *table, unsigned depth, unsigned pairs) MUST_USE;
void segment_destroy(struct table *table, struct segment *segment);

static inline table_row segment_row(const struct segment *segment) {
    return (table_row)segment | segment->pairs;
}

/* Claims an empty slot and writes the tag.  False: there is none for it. */
bool segment_place(struct segment *segment, uint16_t tag, struct place *place) MUST_USE;

/* Makes room where this hash leads.  Cost: one segment's slots are moved, or, in a split, its keys
 * read and hashed, some 700.  NO_MEMORY: nothing changed. */
enum brine_status table_grow(struct table *table, struct table_keys keys, uint64_t hash) MUST_USE;

#endif
