/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The budget: one ceiling over the buffers of all clients.
 *
 * Words: a *member* is a connection; it *holds* the bytes of its query buffer and of its unsent
 * output.  A *share* is one worker's part: it keeps its members in lists by the power of two of
 * what they hold, so that the greediest is found without a search.
 *
 *     budget_hold(&share, &connection->member, bytes);
 *     while (budget_held(budget) > limit) close(budget_greediest(&share));
 *
 * Idle connections hold nothing and are in no list.  A value sent by reference is counted from when
 * it is no longer in the store (output.h).
 * Thread: a share and its members are one worker's; the total and `largest_class` are for anyone.
 * Cost: an addition while the size class stays; else a list move and two atomic operations. */
#ifndef BRINE_BUDGET_H
#define BRINE_BUDGET_H

#include "base/base.h"

#include <stdatomic.h>

struct budget {
    _Atomic size_t held_bytes; /* by all members of all shares */
};

struct budget_member { /* zero-initialised: holds nothing */
    struct budget_member *previous, *next;
    size_t held_bytes;
    uint32_t visit; /* the last one that met it */
};

enum { BUDGET_CLASSES = 64 }; /* class c holds 2^c to 2^(c+1) - 1 bytes */

struct budget_share {
    struct budget *budget;
    struct budget_member *classes[BUDGET_CLASSES];
    uint32_t visits;           /* so far, modulo 2^32 */
    uint64_t used_classes;     /* bit c: classes[c] is not empty */
    _Atomic int largest_class; /* -1: nobody holds anything; for other workers to compare */
};

void budget_share_init(struct budget_share *share, struct budget *budget);
/* The member holds so many bytes from now on; 0 takes it out of the lists. */
void budget_hold(struct budget_share *share, struct budget_member *member, size_t bytes);
/* Calls fn once for every member; fn may change what members hold, or take them out: one that
 * enters another list meanwhile may not be met. */
void budget_visit(struct budget_share *share, void (*fn)(struct budget_member *member));
/* A member of the largest class of this share; NULL when nobody holds anything. */
struct budget_member *budget_greediest(const struct budget_share *share);

static inline size_t budget_held(const struct budget *budget) {
    return atomic_load_explicit(&budget->held_bytes, memory_order_relaxed);
}
static inline int budget_largest_class(const struct budget_share *share) {
    return atomic_load_explicit(&share->largest_class, memory_order_relaxed);
}

#endif
