/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct transaction: what MULTI and WATCH leave with a client until EXEC: commands that wait, and
 * keys that are watched.  A client has one from its first WATCH or MULTI to the next EXEC, DISCARD,
 * UNWATCH, RESET or its end.
 *
 * Ownership: it owns copies of all arguments and of the watched keys' names.
 * Thread: its client's; watches are touched by anybody, through their atomic flag.
 * Bounds: bytes_max for all copies together, lists of them included.  Errors: NO_MEMORY or TOO_BIG,
 * with nothing changed.
 */
#ifndef BRINE_TRANSACTION_H
#define BRINE_TRANSACTION_H

#include "base/arena.h"
#include "keyspace/transaction.h"

struct command;

struct queued {
    const struct command *command;
    const struct bytes *args;
    size_t args_count;
};

struct transaction {
    struct keyspace *keyspace;
    struct allocator *mem;
    size_t bytes_max;
    struct watcher watcher;
    struct watch *watches; /* by next_of_watcher */
    bool is_open;          /* MULTI was said */
    bool is_aborted;       /* a command could not be queued */
    bool is_running;       /* EXEC has seen that nothing was touched; now its own commands may */
    uint32_t db;           /* that the next command will find selected */
    struct arena queue_memory, watch_memory;
    struct queued *queue;
    size_t queue_count, queue_cap;
    struct keyspace_judged *judged; /* answers of the gate for queued values */
    size_t judged_count, judged_cap;
    size_t noted_bytes; /* transaction_bytes() after the last command; its session's thread's */
};

/* NULL: no memory. */
struct transaction *transaction_create(struct keyspace *keyspace, struct allocator *mem,
                                       size_t bytes_max);
void transaction_destroy(struct transaction *transaction);
/* What it holds of memory, itself included. */
size_t transaction_bytes(const struct transaction *transaction);

/* The arguments as copies of its own, not queued yet; NULL: no room. */
const struct bytes *transaction_copy_args(struct transaction *transaction, const struct bytes *args,
                                          size_t args_count);
/* What was copied and noted since the mark is given up, for a command that is not queued after all.
 */
struct transaction_mark {
    struct arena_mark memory;
    size_t judged_count;
};
static inline struct transaction_mark transaction_mark(const struct transaction *transaction) {
    return (struct transaction_mark){arena_mark(&transaction->queue_memory),
                                     transaction->judged_count};
}
void transaction_back_to(struct transaction *transaction, struct transaction_mark mark);
enum brine_status transaction_queue(struct transaction *transaction,
                                    const struct queued *queued) MUST_USE;
enum brine_status transaction_note_judged(struct transaction *transaction,
                                          const struct keyspace_judged *judged) MUST_USE;

/* Watching a key again does nothing. */
enum brine_status transaction_watch(struct transaction *transaction, struct keyspace_access *access,
                                    const struct store_key *key) MUST_USE;
void transaction_unwatch(struct transaction *transaction);

static inline bool transaction_is_touched(const struct transaction *transaction) {
    return atomic_load_explicit(&transaction->watcher.touched, memory_order_acquire);
}

#endif
