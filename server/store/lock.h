/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A shard's lock.  Private to store/.  Free, it costs one exchange to take and one to give back,
 * inline: a command takes it three times, and glibc's adaptive mutex made that 250 instructions
 * of 2,200 for a GET.  Contended, it is waited for as by that mutex: by spinning a little, then
 * asleep.
 *
 *     0 free      1 held      2 held, and somebody may sleep
 *
 * Any thread; who holds it must not take it again.  All zero is a free lock, and nothing is to be
 * freed.  Source: Drepper, "Futexes Are Tricky", mutex 2. */
#ifndef BRINE_STORE_LOCK_H
#define BRINE_STORE_LOCK_H

#include "base/base.h"

#include <stdatomic.h>

enum lock_state { LOCK_FREE, LOCK_HELD, LOCK_AWAITED };

struct lock {
    _Atomic uint32_t state; /* enum lock_state */
};

void lock_wait(struct lock *lock);     /* until it is ours */
void lock_wake_one(struct lock *lock); /* somebody may sleep */

static inline bool lock_try(struct lock *lock) {
    uint32_t expected = LOCK_FREE;
    return atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_HELD,
                                                   memory_order_acquire, memory_order_relaxed);
}
static inline void lock_take(struct lock *lock) {
    if (UNLIKELY(!lock_try(lock))) lock_wait(lock);
}
static inline void lock_give_back(struct lock *lock) {
    if (UNLIKELY(atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) ==
                 LOCK_AWAITED))
        lock_wake_one(lock);
}

#endif
