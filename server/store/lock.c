/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/lock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 100 }; /* some microseconds: a table operation takes less than one */

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() atomic_signal_fence(memory_order_seq_cst)
#endif

static void futex(struct lock *lock, int operation, uint32_t value) {
    (void)syscall(SYS_futex, &lock->state, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

void lock_wait(struct lock *lock) {
    for (int i = 0; i < SPINS; i++) {
        RELAX();
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE && lock_try(lock))
            return;
    }
    /* Who wakes up does not know whether others sleep, and says so by the state that it leaves. */
    while (atomic_exchange_explicit(&lock->state, LOCK_AWAITED, memory_order_acquire) != LOCK_FREE)
        futex(lock, FUTEX_WAIT, LOCK_AWAITED);
}

void lock_wake_one(struct lock *lock) {
    futex(lock, FUTEX_WAKE, 1);
}
