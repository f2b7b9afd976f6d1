/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Values that an older policy admitted, or none: judged again before they are shown.  What it does
 * for the keyspace stands in settle.h.
 *
 * Words: a value is *stale* when its label (gate/kinds.h) is not current; to *settle* a key is to
 * judge its value without a lock and then, if it is still there, to give it its new label or to
 * deny it.  A denied value is removed (denied = "miss"), or stays and is answered as the refusal
 * that it got, until it is overwritten ("error").
 *
 * Thread: any.  Cost of what is not stale: a look at two numbers. */
#ifndef BRINE_KEYSPACE_RECHECK_H
#define BRINE_KEYSPACE_RECHECK_H

#include "base/buf.h"

#include <stdatomic.h>

struct keyspace;
struct keyspace_access;
struct store_key;
struct store_value;

/* ORDER CONFIG_GATE_RECHECKS, CONFIG_GATE_DENIEDS */
enum keyspace_recheck {
    KEYSPACE_RECHECK_READ,
    KEYSPACE_RECHECK_SWEEP,
    KEYSPACE_RECHECK_BOTH,
    KEYSPACE_RECHECK_OFF
};
enum keyspace_denied { KEYSPACE_DENIED_MISS, KEYSPACE_DENIED_ERROR };

struct recheck {
    _Atomic uint8_t when;   /* enum keyspace_recheck */
    _Atomic uint8_t denied; /* enum keyspace_denied */
    /* Low half: the generation under which nothing stale is stored; high half: changed by whoever
     * stores something stale, so that a count begun before does not say so. */
    _Atomic uint64_t clean;
    _Atomic int64_t next_count_ms;
    /* The sweep's, and whoever counts: one thread at a time. */
    atomic_flag busy;
    uint32_t swept; /* the generation that a walk has gone through, or goes through */
    bool walking;
    uint32_t db, names_db;
    uint32_t again; /* how often the present step was made before */
    uint64_t cursor;
    struct buf names; /* that the walk found and has not settled, from names_at on */
    size_t names_at;
};

void recheck_init(struct recheck *recheck, struct allocator *mem);
void recheck_deinit(struct recheck *recheck);

/* At any time, by any thread. */
void keyspace_set_recheck(struct keyspace *keyspace, enum keyspace_recheck when,
                          enum keyspace_denied denied);

#endif
