/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Every invariant of the store, checked by walking all of it: for tests, and for whoever suspects
 * it. Takes all locks.  Cost: every entry is read and hashed. */
#ifndef BRINE_STORE_CHECK_H
#define BRINE_STORE_CHECK_H

#include "store/store.h"

struct store_check {
    const char *broken;     /* the first invariant that does not hold; NULL: all do */
    size_t structure_bytes; /* shards, tables and heaps, counted by walking them */
    size_t blob_bytes;      /* of boxed entries; a blob in two entries counts twice */
    size_t live_bytes;      /* of entries, with the rounding of their blocks */
    size_t heap_bytes;      /* in which these lie */
    size_t index_bytes;     /* tables */
};

/* Where no blob is shared or pinned, and without pages that are ready ahead: structure_bytes +
 * blob_bytes == store_used_bytes(). */
struct store_check store_check(struct store *store, struct store_hold *hold);

#endif
