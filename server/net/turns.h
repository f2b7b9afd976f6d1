/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Whose turn is next, where some wait for much and others for little.
 *
 *     turns_add(&turns, &job->turn, key_hash, bytes);
 *     struct turn *turn = turns_take(&turns, UINT64_MAX);    // NULL: nobody's
 *     ... do it ...
 *     turns_end(&turns, turn);
 *
 * Words: a *flow* is what waits in order among itself: what concerns one key, and of it one at a
 * time is done, for two that change the same value would do it in vain.  A turn's *cost* is about
 * how many bytes it goes through; its *finish* is when it would be over if all flows were served at
 * once, at the same speed, counted in bytes from the finish of the one that was taken last.  The
 * turn with the nearest finish is next.  So a short one passes any number of long ones, one key's
 * queue counts as one, and nobody waits for ever: what comes later finishes later by its cost at
 * least.
 *
 * Limit: flows are told apart by TURNS_FLOWS values of the hash; two that meet share their turns.
 * Thread: its owner locks.  Nothing is allocated: a turn lies in what waits, and is the caller's.
 * Cost: O(1) to add, a look at all flows to take (under a microsecond, where a turn takes a hundred
 * at least).
 * Source: S. J. Golestani, "A self-clocked fair queueing scheme", 1994. */
#ifndef BRINE_NET_TURNS_H
#define BRINE_NET_TURNS_H

#include "base/base.h"

enum { TURNS_FLOWS = 512 };

struct turn {
    struct turn *next;
    uint64_t cost;
    uint32_t flow;
};

struct turns {
    uint64_t now; /* the finish of the turn that was taken last */
    size_t waiting;
    struct turns_flow {
        struct turn *oldest, *newest;
        uint64_t finish;  /* of the oldest, or of the last one taken */
        bool busy;        /* one of it was taken and is not over */
    } flows[TURNS_FLOWS]; /* all zero: nobody waits */
};

void turns_add(struct turns *turns, struct turn *turn, uint64_t flow_hash, uint64_t cost);
/* The next that costs at most so much; NULL: all that wait cost more, or wait for their flow. */
struct turn *turns_take(struct turns *turns, uint64_t cost_max);
/* What was taken is over. */
void turns_end(struct turns *turns, const struct turn *turn);

#endif
