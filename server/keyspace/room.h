/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Room: how much the process may take, what it takes, and who gives way.
 *
 *     room_set(&keyspace, &(struct keyspace_memory){...});   // memory.max, any time
 *     if (!keyspace_make_room(access, bytes)) reply "OOM ..."      // before a command
 *
 * Words: what is *taken* is what the store has from the allocator, what clients' buffers hold, and
 * the *overhead*: what the process has of the machine beyond both, as the kernel counts it (the
 * allocator's rounding, its tables and broken pages, code, stacks), measured now and then, and what
 * judging values took at most in the last minute (purse.h).  *Holes*
 * in the store's heaps are part of what is taken, and free for the next entry: eviction is about
 * what is taken without them, compaction about them.
 *
 * Thread: any.  Cost: four loads while there is room, some 80 us for a measurement; else at most
 * some hundred microseconds of eviction a command, and upkeep does the rest. */
#ifndef BRINE_KEYSPACE_ROOM_H
#define BRINE_KEYSPACE_ROOM_H

#include "keyspace/access.h"

struct keyspace_memory {
    size_t bytes_max; /* 0: no limit */
    struct store_policy_options policy;
};
/* Holds from now on. */
void room_set(struct keyspace *keyspace, const struct keyspace_memory *memory);
size_t room_limit(const struct keyspace *keyspace);
/* Where clients' buffers are counted, as long as the keyspace lives. */
void room_watch_clients(struct keyspace *keyspace, const _Atomic size_t *held_bytes);
/* What the process has of the machine. */
struct room_process {
    size_t resident_bytes; /* all its pages that are in memory */
    size_t idle_bytes;     /* of them, those that its allocator is about to give back */
};
/* From now on `measure` says so, to any threads, at the same time as well; false: it is not known.
 * `purge` gives idle pages back at once: it is called where the process is over its limit with
 * them.  Once, before much is stored. */
void room_watch_process(struct keyspace *keyspace, room_measure_fn *measure, room_purge_fn *purge);
/* For a timer: besides, it is measured whenever commands brought a small part of the limit.  Tells
 * the store what room its forecasts have, too (store_forecast.h). */
void room_measure(struct keyspace *keyspace);

/* Judging has given much back to the allocator, which is to give it to the machine before others
 * take as much, if the process is over its limit. */
void room_note_judged(struct keyspace *keyspace);

/* Clients' buffers grew by so many bytes: where what is taken is well above the limit, entries give
 * way for as much, some 2 ms a megabyte, of 8 MB at most.  True now and then then: the upkeep that
 * goes on with it, and tells of what went, is not to wait for its timer. */
bool room_note_buffers(struct keyspace_access *access, size_t bytes) MUST_USE;
/* How much of a client's replies may wait to be read before its next command does: `most`, where
 * clients hold little, and less the more they hold together. */
size_t room_for_replies(const struct keyspace *keyspace, size_t most);

/* Holes included. */
size_t room_taken_bytes(const struct keyspace *keyspace);
/* A value of so many bytes could be stored, were there no other: it is there twice, for a moment,
 * in who brings it and in the store.  For what could not no entry is to give way. */
bool room_could_hold(const struct keyspace *keyspace, size_t bytes);
/* True when entries have to give way. */
bool room_is_exceeded(const struct keyspace *keyspace);

/* Before a command with so many bytes of arguments.  False: there is no room, and nothing can give
 * way, or what is taken is more than a quarter above the limit and less gave way than the command
 * brings, or it is more than a half above. */
bool keyspace_make_room(struct keyspace_access *access, size_t argument_bytes) MUST_USE;

/* The shard's part of making room; true: more is left to do. */
bool room_upkeep(struct keyspace_access *access, size_t shard);

struct room_counts {
    size_t overhead_bytes;
    int64_t exceeded_ms, exceeded_now_ms; /* how long the limit was exceeded; 0: is not now */
};
struct room_counts room_counts(const struct keyspace *keyspace, int64_t now_ms);

#endif
