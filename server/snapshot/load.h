/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reading a snapshot back into the keyspace: blocks in parallel, each record through the door.
 *
 *     TRY(snapshot_load(&options, &result, err));
 *
 * The file is as foreign as the network: no block is looked at before its checksum fits, no value
 * is stored that the policy of today refuses, whatever policy it was stored under.
 *
 * Without `salvage` the first thing that is wrong ends it, with the offset; part of the entries may
 * be in the keyspace then, so the caller ends too, or empties it.  With it what is intact is loaded
 * and what is not is told.  snapshot_check reads all of a file and stores nothing.
 *
 * What exceeds memory.max pushes other entries out, or, where the policy lets nothing give way, is
 * loaded nevertheless.
 *
 * Thread: one, which starts options.threads - 1 more and waits for them. */
#ifndef BRINE_SNAPSHOT_LOAD_H
#define BRINE_SNAPSHOT_LOAD_H

#include "keyspace/load.h"
#include "keyspace/room.h"
#include "snapshot/reader.h"

#include <stdatomic.h>

/* What has come in so far; written by the loading threads, read by any. */
struct snapshot_progress {
    _Atomic uint64_t entries, file_bytes; /* of the file */
    _Atomic uint64_t bytes_read, loaded, expired, refused;
    _Atomic bool cancelled; /* written by others: loading is to end soon, as IO */
};

struct snapshot_load_options {
    struct allocator *mem;
    struct keyspace *keyspace;
    struct snapshot_source source;
    int64_t now_ms;
    size_t threads;
    size_t value_bytes_max; /* the longest that is read */
    bool salvage;
    bool check_only;  /* nothing is stored, and no value judged */
    bool overwritten; /* a key that is there already is newer and stays; else it is an error */
    snapshot_damage_fn *on_damage; /* with salvage; called by one thread at a time */
    void *damage_ctx;
    struct snapshot_progress *progress; /* may be NULL */
};

struct snapshot_load_result {
    struct snapshot_header header;
    uint64_t loaded;
    uint64_t expired; /* left out, for their time was over */
    uint64_t refused; /* by the gate, or of a kind that this version does not store */
    uint64_t
        unusable; /* of the refused, those that no policy refused: of another kind, database ... */
    uint64_t evicted; /* meanwhile, of what was there and of what was loaded */
    uint64_t damages, lost_records, lost_bytes;
    bool kept_aside;   /* the file has a second name, and what is lacking is in no other */
    bool lost_at_most; /* lost_records is an upper bound */
};

/* The file is at fault, and not the machine. */
bool snapshot_is_damage(enum brine_status status);

enum brine_status snapshot_load(const struct snapshot_load_options *options,
                                struct snapshot_load_result *result,
                                struct brine_error *err) MUST_USE;

/* Whether all of it is as it was written and the keyspace would take it: types, databases, lengths
 * of keys.  Of what snapshot_load finds only two things are left to it: what the gate refuses, and
 * a key that is there twice. */
enum brine_status snapshot_check(const struct snapshot_load_options *options,
                                 struct brine_error *err) MUST_USE;

#endif
