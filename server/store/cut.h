/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A cut: every key and value of one moment, shown one by one while writers go on.
 *
 *     store_cut_begin(store, hold, &(struct store_cut){.show = show, .ctx = ctx});
 *     for (each shard)
 *         while (store_cut_step(store, hold, shard, bytes)) ... write what was shown ...
 *     store_cut_end(store, hold);
 *
 * How.  One bit in each entry says whether it was shown.  To begin is to turn round, under all
 * locks, which of its two values means "not yet": an instant, whatever the store holds.  Steps walk
 * the index, show what was not, and turn its bit; who is about to change or remove an entry that
 * was not shown shows it first.  What is inserted meanwhile is born as if shown.  The bit moves
 * with the entry, so growth, compaction, expiry and eviction need no care; a table that a flush
 * took away, or that changed its database, is walked all the same, as of the database it was in.
 *
 * Words: an entry is *shown* exactly once, as it was at the cut.  To *abandon* a cut is to show
 * nothing more; the steps must still be made, for they turn the bits.
 *
 * Thread: any.  One cut at a time.  Cost: begin takes all locks for O(shards * databases); a step
 * its shard's lock for about `bytes` of keys and values; a writer one compare, and once an entry
 * a call of show.  Until a table that was flushed is walked its memory does not come back. */
#ifndef BRINE_STORE_CUT_H
#define BRINE_STORE_CUT_H

#include "store/store.h"

struct store_cut_entry {
    uint32_t db;  /* at the cut */
    size_t shard; /* by which it is shown: of one shard, one at a time */
    struct bytes name;
    const struct store_value *value; /* a blob needs a reference to be kept */
    bool by_writer; /* a client waits for this call: whoever walks can wait, he should not */
};

/* Called under the shard's lock; it may not call the store.  False abandons the cut. */
typedef bool store_cut_show_fn(void *ctx, const struct store_cut_entry *entry);

struct store_cut {
    store_cut_show_fn *show;
    void *ctx;
};

/* What was there at that moment. */
struct store_cut_counts {
    uint64_t keys;          /* that will be shown: those that have expired, and are met, included */
    uint64_t changes_total; /* of store_counts */
};

/* False: there is one already.  Takes all locks. */
bool store_cut_begin(struct store *store, struct store_hold *hold, const struct store_cut *cut,
                     struct store_cut_counts *counts) MUST_USE;
/* Shows about so many bytes of keys and values (four times as many of boxed ones), or looks at some
 * thousands of entries.  False: the shard has nothing left to show. */
bool store_cut_step(struct store *store, struct store_hold *hold, size_t shard,
                    size_t bytes) MUST_USE;
void store_cut_abandon(struct store *store);
/* When every shard's step has answered false. */
void store_cut_end(struct store *store, struct store_hold *hold);

#endif
