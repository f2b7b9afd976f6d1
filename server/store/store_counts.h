/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the store counts: part of store.h, which includes it.  Read without a lock, each figure
 * exact for one moment; any thread. */
#ifndef BRINE_STORE_COUNTS_H
#define BRINE_STORE_COUNTS_H

#include <stddef.h>
#include <stdint.h>

struct store;
struct store_hold;

struct store_counts {
    uint64_t keys; /* expired ones that nothing has met yet included */
    uint64_t keys_with_expiry;
    uint64_t expire_at_sum_s; /* of those, in seconds: avg_ttl = sum / keys_with_expiry - now */
    uint64_t expired_total;   /* removed because their time was over; of the whole store */
    uint64_t evicted_total;   /* removed to make room; of the whole store */
    uint64_t changes_total;   /* keys set, removed, flushed or given another expiry; as well */
};

struct store_counts store_counts_db(const struct store *store, uint32_t db);
struct store_counts store_counts(const struct store *store);
/* Exactly what is taken from options.mem and used of options.huge at this moment, pinned blobs and
 * what is ready ahead included. */
size_t store_used_bytes(const struct store *store);
/* The second part of it. */
size_t store_paged_bytes(const struct store *store);

/* Of them, what no entry uses: holes between entries, which new ones fill and compaction closes.
 * About right: within a few KB a shard. */
size_t store_hole_bytes(const struct store *store);

/* Entries that gave way, by how long they had not been used: counts[i] of those below 2^i ms (and
 * not below half of it).  The LFU policies do not know, and count all as 0. */
enum { STORE_IDLE_BUCKETS = 40 };
struct store_idle_counts {
    uint64_t counts[STORE_IDLE_BUCKETS];
};
struct store_idle_counts store_idle_counts(const struct store *store);

/* How many entries have a label, and the bytes of their values. */
struct store_label_count {
    uint64_t entries, bytes;
};
/* Adds, for each label below labels_count, what one shard (0 to store_shards() - 1) holds of it in
 * all databases; takes its lock.  Exact: what was overwritten, removed or flushed is not counted,
 * what has expired is until it is met.  Without notes everything has label 0 and is not counted. */
void store_count_labels(struct store *store, struct store_hold *hold, size_t shard,
                        struct store_label_count *counts, size_t labels_count);

#endif
