/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One snapshot being taken: the store's cut on one side, a file on the other.
 *
 *     TRY(snapshot_save_begin(&save, &options, hold, err));   // the moment whose state it is
 *     status = snapshot_save_run(save, err);                  // on a thread of its own; minutes
 *     ... save->result ...
 *     snapshot_save_destroy(save);
 *
 * Words: a *chunk* is the making of a block: records of one shard, and at most one boxed value
 * behind them, by reference.  A chunk is *open* while its shard still adds to it, *ready* when it
 * waits to be written.  *Handed over* is what a writer gave before changing it.
 *
 * Memory: chunks and the blobs that writers replaced count against memory_max.  Where a writer
 * finds no room the snapshot is given up and he goes on: nobody waits for the disk.
 *
 * Threads: begin by any, which holds nothing; run by one, which starts options.threads - 1 more;
 * cancel by any.  Cost: begin takes all shards' locks for an instant; a step of the walk one
 * shard's lock for some ten microseconds. */
#ifndef BRINE_SNAPSHOT_SAVE_H
#define BRINE_SNAPSHOT_SAVE_H

#include "snapshot/file.h"
#include "store/cut.h"

enum { SNAPSHOT_SAVE_STEP_BYTES = 32 * 1024 }; /* copied under a shard's lock at a time */

/* Adds what names writers' numbers, as rows of a WRITERS block. */
typedef enum brine_status snapshot_writers_fn(void *ctx, struct buf *rows);

struct snapshot_save_options {
    struct allocator *mem;
    struct store *store;
    struct snapshot_file_options file; /* the header's id; the rest of it is filled in */
    int64_t now_ms;                    /* what has expired by then is left out */
    size_t memory_max, threads;
    int nice;           /* added to the process's own */
    size_t cpu_percent; /* of a core for each thread, at most; 0 and 100: all */
    enum snapshot_codec codec;
    int level;                    /* of zstd */
    snapshot_writers_fn *writers; /* may be NULL */
    void *writers_ctx;
};

struct snapshot_save_result {
    uint64_t records, file_bytes, changes_total; /* the last one at the cut */
    uint64_t handed_over;                        /* entries */
    size_t memory_peak_bytes;
    bool generation_lost;
    bool is_named; /* of a save that failed: the new file has the name all the same */
};

struct snapshot_save;

/* NO_MEMORY: nothing has begun; INVALID: one is under way. */
enum brine_status snapshot_save_begin(struct snapshot_save **save,
                                      const struct snapshot_save_options *options,
                                      struct store_hold *hold, struct brine_error *err) MUST_USE;
/* Writes all of it and puts the file in its place. */
enum brine_status snapshot_save_run(struct snapshot_save *save, struct snapshot_save_result *result,
                                    struct brine_error *err) MUST_USE;
/* Entries written so far, and those that were there at the cut.  Any thread. */
void snapshot_save_progress(struct snapshot_save *save, uint64_t *done, uint64_t *total);
/* Makes run fail soon. */
void snapshot_save_cancel(struct snapshot_save *save);
void snapshot_save_destroy(struct snapshot_save *save);

#endif
