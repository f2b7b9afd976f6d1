/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/lock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

enum { THREADS = 4, TURNS = 50000, LONG_TURNS = 200 };

struct shared {
    struct lock lock;
    uint64_t count; /* of turns, under the lock */
    bool yields;    /* who holds the lock lets others run, so that they fall asleep */
    int turns;
};

static void *take_turns(void *context) {
    struct shared *shared = context;
    for (int i = 0; i < shared->turns; i++) {
        lock_take(&shared->lock);
        uint64_t seen = shared->count;
        for (int times = 0; shared->yields && times < 100; times++) sched_yield();
        shared->count = seen + 1;
        lock_give_back(&shared->lock);
    }
    return NULL;
}

static void compete(bool yields, int turns) {
    struct shared shared = {.yields = yields, .turns = turns};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_turns, &shared), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    cr_expect_eq(shared.count, (uint64_t)THREADS * (uint64_t)turns);
    cr_expect_eq(shared.lock.state, LOCK_FREE);
    cr_expect_eq(shared.lock.sleepers, 0);
}

Test(lock, one_thread_at_a_time_is_inside) {
    compete(false, TURNS);
}

Test(lock, who_fell_asleep_is_woken) {
    compete(true, LONG_TURNS);
}

Test(lock, a_held_one_is_not_taken_twice) {
    struct lock lock = {0};
    cr_expect(lock_try(&lock));
    cr_expect(!lock_try(&lock));
    lock_give_back(&lock);
    cr_expect(lock_try(&lock));
    lock_give_back(&lock);
}
