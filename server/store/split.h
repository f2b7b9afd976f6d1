/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How a table's segments are made, filled, split and merged.  Private to store/; words in table.h.
 */
#ifndef BRINE_STORE_SPLIT_H
#define BRINE_STORE_SPLIT_H

#include "store/table.h"

/* Empty, of the table's present pairs; NULL when refused. */
struct segment *segment_create(const struct table *table, unsigned depth) MUST_USE;

/* Claims an empty slot for this hash: counted, its tag still 0.  False: the segment is full. */
bool segment_place(const struct table *table, struct segment *segment, uint64_t hash,
                   struct place *place) MUST_USE;

/* So empty that a merge may be due: an eighth of its pairs' slots. */
static inline bool segment_is_sparse(const struct table *table, const struct segment *segment) {
    return segment->entries <= (uint32_t)table->pairs * PAIR_SLOTS / 8 && segment->depth > 0;
}

/* Makes room where this hash leads: more pairs while the table is one small segment, else a split.
 * Cost: one segment's entries are read and hashed, some 400.  NO_MEMORY: nothing changed. */
enum brine_status table_grow(struct table *table, struct table_keys keys, uint64_t hash) MUST_USE;

#endif
