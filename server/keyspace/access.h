/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who acts on the keyspace, with what, and what comes of it: the types of keyspace.h.
 *
 *     keyspace_init(&keyspace, &(struct keyspace_options){.store = store, .gate = &gate});
 *     keyspace_access_init(&access, &keyspace, metrics, mem);
 *     access.now_ms = now_ms;                             // each turn
 *
 * Ownership: the keyspace borrows the store and the gate, an access borrows the keyspace; each
 * frees what it grew.
 * Thread: a keyspace is everybody's; an access belongs to one thread at a time. */
#ifndef BRINE_KEYSPACE_ACCESS_H
#define BRINE_KEYSPACE_ACCESS_H

#include "base/buf.h"
#include "gate/gate.h"
#include "keyspace/events.h"
#include "keyspace/purse.h"
#include "keyspace/recheck.h"
#include "keyspace/watch.h"
#include "keyspace/writers.h"
#include "observe/metrics.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

/* See room.h. */
struct room_process;
typedef bool room_measure_fn(struct room_process *process);
typedef void room_purge_fn(void);
struct room {
    _Atomic size_t bytes_max;
    _Atomic size_t overhead_bytes;
    _Atomic size_t judging_bytes; /* what judging took at most, lately */
    /* How it is measured; NULL: not yet.  What it is made of is who sets `measuring`'s. */
    room_measure_fn *_Atomic measure;
    room_purge_fn *purge;
    atomic_flag measuring;
    size_t base_bytes;                            /* what it began with */
    size_t process_bytes, hole_bytes, idle_bytes; /* see room.c */
    _Atomic uint32_t settling;                    /* ticks at most, after the limit was lowered */
    uint32_t quiet;                               /* of them, without any progress */
    size_t debris_bytes;                          /* at the last tick */
    size_t floor_bytes;                           /* process_bytes when it was lowered, */
    size_t broken_bytes;                          /* and what came since */
    const _Atomic size_t *held_bytes;             /* by clients; may be NULL */
    _Atomic uint32_t next_shard;
    _Atomic int64_t exceeded_since_ms; /* 0: there is room */
    _Atomic int64_t exceeded_total_ms;
};

struct keyspace {
    struct store *store;     /* borrowed */
    const struct gate *gate; /* borrowed; fixed while threads run */
    size_t blob_from_bytes;  /* values from here on are filled into a blob before the lock */
    size_t locked_bytes_max, locked_total_max; /* see the options */
    struct watch_table watches;
    struct recheck recheck;
    bool provenance;               /* entries know who stored them when */
    atomic_bool sweep_is_off;      /* see keyspace_sweep_expired */
    _Atomic uint64_t expired_seen; /* by keyspace_note_stale */
    _Atomic uint32_t stale_ppm;
    struct writers writers;
    struct room room;
    struct purses purses;
    struct keyspace_events events;
    /* An update that was overtaken too often reserves its key: writers of it wait their turn. */
    _Atomic uint64_t reserved_hash; /* 0: none */
    pthread_mutex_t reservation;
};

struct keyspace_options {
    struct store *store;
    const struct gate *gate;
    size_t blob_from_bytes; /* 0: 16 KB; at least the store's boxed_from_bytes */
    /* A value that a transaction works out (APPEND) is judged while its keys are locked, for it
     * depends on the commands before.  Longer ones than the first (0: 1 MB) are so up to the
     * second, all of a transaction together (0: 64 MB), and what is beyond is refused. */
    size_t locked_bytes_max, locked_total_max;
    bool provenance; /* who stored a value when is given to the store, which may keep it */
};

void keyspace_init(struct keyspace *keyspace, const struct keyspace_options *options);
void keyspace_deinit(struct keyspace *keyspace);

enum { KEYSPACE_SCRATCH_BYTES_KEPT = 64 * 1024 };

/* Where the arguments of a command lie.  A long value that is most of it is stored with its memory,
 * not copied: the buffer is empty then, and what was in it stays readable until keyspace_end_input.
 */
struct keyspace_input {
    struct buf *buf;    /* NULL: nothing may be taken */
    struct blob *taken; /* of it; a reference */
    size_t len;         /* what was in it then */
};

/* One a worker; now_ms is set once a loop turn. */
struct keyspace_access {
    struct keyspace *keyspace;
    struct store_hold hold;
    struct metrics *metrics; /* NULL: counts nothing */
    int64_t now_ms;
    struct keyspace_input input;
    const char *command; /* whose question it is: see struct gate_question */
    gate_actor_fn *actor;
    const void *actor_context;
    size_t unmeasured_bytes; /* brought since what the process takes was measured */
    size_t read_bytes;       /* how long the value was that was read last */
    bool may_defer;
    bool glances;                         /* what it reads does not count as used */
    bool in_transaction;                  /* between keyspace_begin and keyspace_end */
    const struct keyspace_judged *judged; /* of the transaction: transaction.h */
    size_t judged_count, judged_next;
    size_t locked_bytes;                  /* of long values, judged within the transaction */
    struct frame_budget locked_unpacking; /* what is left of it */
    bool deferred;             /* an outcome was KEYSPACE_DEFERRED; the asker clears it, and */
    size_t deferred_bytes;     /* how much is to be gone through; 0: not known */
    struct gate_answer answer; /* of the last question; its text of the last KEYSPACE_REFUSED */
    struct purse purse;        /* what the desk pays from */
    struct gate_desk desk;
    struct buf old, new;  /* an update's scratch */
    struct buf rechecked; /* a value that is judged again */
    struct writer_cache writer;
    /* A value was there that the policy in force denies, or that could not be judged now, and is
     * not shown: answer.text says why, and is the reply whatever the handler made of it.  Dispatch
     * clears it. */
    bool withheld;
    bool asks_nothing; /* what is read is on its way elsewhere: that it is missing is no event, and
                          nothing counts */
    /* What this access changed, and what of the store's removals it took over, until it is told. */
    struct buf events, removals;
    bool events_lost;
};

void keyspace_access_init(struct keyspace_access *access, struct keyspace *keyspace,
                          struct metrics *metrics, struct allocator *mem);
void keyspace_access_deinit(struct keyspace_access *access);

/* When the command has run, or is to run later: what was taken and not stored is in the buffer
 * again. */
static inline void keyspace_settle_input(struct keyspace_input *input) {
    if (UNLIKELY(input->taken != NULL) && blob_back_to_buf(input->taken, input->buf, input->len))
        input->taken = NULL;
}
/* When nobody reads the arguments any more. */
static inline void keyspace_end_input(struct keyspace_input *input) {
    blob_unref(input->taken);
    *input = (struct keyspace_input){0};
}

enum keyspace_outcome {
    KEYSPACE_DONE,
    KEYSPACE_NOT_DONE,   /* a condition was not met */
    KEYSPACE_WRONG_TYPE, /* the key holds something else than a string */
    KEYSPACE_REFUSED,    /* by the gate: access->answer */
    KEYSPACE_STOPPED,    /* a callback said no, and knows why */
    KEYSPACE_NO_MEMORY,
    KEYSPACE_KEY_TOO_BIG,
    KEYSPACE_DEFERRED, /* judging takes long, and access->may_defer: ask again where time is */
};

static inline struct store_key keyspace_key(const struct keyspace_access *access, uint32_t db,
                                            struct bytes name) {
    return store_key(access->keyspace->store, db, name);
}

#endif
