/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/lock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SPINS = 100 }; /* some microseconds: a table operation takes less than one */

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() atomic_signal_fence(memory_order_seq_cst)
#endif

static void futex(struct lock *lock, int operation, uint32_t value, const struct timespec *most) {
    (void)syscall(SYS_futex, &lock->state, operation | FUTEX_PRIVATE_FLAG, value, most, NULL, 0);
}

void lock_wait(struct lock *lock) {
    static const struct timespec nap = {.tv_nsec = LOCK_NAP_NS};
    for (int i = 0; i < SPINS; i++) {
        RELAX();
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE && lock_try(lock))
            return;
    }
    atomic_fetch_add(&lock->sleepers, 1);
    while (!lock_try(lock)) futex(lock, FUTEX_WAIT, LOCK_HELD, &nap);
    atomic_fetch_sub(&lock->sleepers, 1);
}

void lock_wake_one(struct lock *lock) {
    futex(lock, FUTEX_WAKE, 1, NULL);
}
