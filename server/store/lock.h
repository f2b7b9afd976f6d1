/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A shard's lock.  Private to store/.  Free, it costs one exchange to take, and a store and a load
 * to give back, inline: a command takes it three times, and glibc's adaptive mutex made that 250
 * instructions of 2,200 for a GET.  Contended, it is waited for as by that mutex: by spinning a
 * little, then asleep.
 *
 * Who gives back asks for sleepers without an exchange, which would cost as much again as to take
 * it.  The processor may ask before others see that the lock is free; a sleeper who announces
 * himself and looks at the lock within those nanoseconds is missed.  So nobody sleeps longer than
 * LOCK_NAP_NS before he looks again.
 *
 * Any thread; who holds it must not take it again.  All zero is a free lock, and nothing is to be
 * freed.  Source: Drepper, "Futexes Are Tricky". */
#ifndef BRINE_STORE_LOCK_H
#define BRINE_STORE_LOCK_H

#include "base/base.h"

#include <stdatomic.h>

enum lock_state { LOCK_FREE, LOCK_HELD };
enum { LOCK_NAP_NS = 1000000 };

struct lock {
    _Atomic uint32_t state;    /* enum lock_state */
    _Atomic uint32_t sleepers; /* who is about to sleep among them */
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
    atomic_store_explicit(&lock->state, LOCK_FREE, memory_order_release);
    if (UNLIKELY(atomic_load_explicit(&lock->sleepers, memory_order_relaxed))) lock_wake_one(lock);
}

#endif
