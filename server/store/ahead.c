/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  Two slots and a semaphore, no lock: who takes empties a slot by an exchange, the
 * thread fills it.
 *
 * A page is made ready when one was asked for.  When the last two were taken within FAST_MS of each
 * other, both slots are filled without being asked: at 200 MB/s half a page lasts for 5 ms, which
 * may be too short to make another ready.
 *
 * The thread runs when its core has nothing else to do (SCHED_IDLE), and gives way at once, because
 * a page that is slow to find takes some milliseconds within the kernel, and an ordinary thread
 * keeps its core for that long while a worker waits (tests/bench/README.md).  Where no core is ever
 * free nothing is ready, and whoever needs a page touches it himself. */

#include "store/ahead.h"

#include "base/assert.h"
#include "observe/clock.h"
#include "store/huge.h"

#include <sched.h>
#include <signal.h>

enum { FAST_MS = 200, MS_A_SECOND = 1000, NS_A_MS = 1000 * 1000 };

void ahead_init(struct ahead *ahead, struct allocator *huge) {
    *ahead = (struct ahead){.huge = huge, .taken_mono_ms = INT64_MIN / 2};
    int failed = sem_init(&ahead->wake, 0, 0);
    BRINE_ASSERT(!failed, "a semaphore within a process is always to be had");
}

/* ---- whoever needs pages ---------------------------------------------------------------------*/

uint8_t *ahead_take(struct ahead *ahead) {
    uint8_t *page = NULL;
    for (size_t i = 0; i < AHEAD_PAGES_MAX && !page; i++)
        page = atomic_exchange(&ahead->ready[i], NULL);
    atomic_store(&ahead->taken, true);
    (void)sem_post(&ahead->wake);
    return page;
}

void ahead_ask(struct ahead *ahead) {
    atomic_store(&ahead->asked, true);
    (void)sem_post(&ahead->wake);
}

static size_t count_ready(const struct ahead *ahead) {
    size_t count = 0;
    for (size_t i = 0; i < AHEAD_PAGES_MAX; i++)
        count += atomic_load_explicit(&ahead->ready[i], memory_order_relaxed) != NULL;
    return count;
}

size_t ahead_bytes(const struct ahead *ahead) {
    return count_ready(ahead) * HUGE_PAGE_BYTES;
}

/* ---- the thread ------------------------------------------------------------------------------*/

static void make_ready(struct ahead *ahead, size_t wanted) {
    for (size_t i = 0; i < AHEAD_PAGES_MAX && count_ready(ahead) < wanted; i++) {
        if (atomic_load(&ahead->ready[i])) continue;
        uint8_t *page = mem_alloc(ahead->huge, HUGE_PAGE_BYTES);
        if (!page) return;
        huge_touch(page);
        atomic_store(&ahead->ready[i], page);
    }
}

static void give_back(struct ahead *ahead) {
    for (size_t i = 0; i < AHEAD_PAGES_MAX; i++) {
        uint8_t *page = atomic_exchange(&ahead->ready[i], NULL);
        if (page) mem_free(ahead->huge, page, HUGE_PAGE_BYTES);
    }
}

bool ahead_turn(struct ahead *ahead, int64_t now_mono_ms) {
    bool asked = atomic_exchange(&ahead->asked, false);
    bool taken = atomic_exchange(&ahead->taken, false);
    if (taken) {
        ahead->grows_fast = now_mono_ms - ahead->taken_mono_ms < FAST_MS;
        ahead->taken_mono_ms = now_mono_ms;
    }
    if (taken || asked) {
        ahead->give_back_mono_ms = now_mono_ms + AHEAD_KEEP_MS;
        make_ready(ahead, ahead->grows_fast ? AHEAD_PAGES_MAX : asked ? 1 : 0);
    } else if (now_mono_ms >= ahead->give_back_mono_ms) {
        ahead->grows_fast = false;
        give_back(ahead);
    }
    return count_ready(ahead) > 0;
}

static void wait_until(struct ahead *ahead, int64_t mono_ms) {
    struct timespec until = {.tv_sec = mono_ms / MS_A_SECOND,
                             .tv_nsec = mono_ms % MS_A_SECOND * NS_A_MS};
    (void)sem_clockwait(&ahead->wake, CLOCK_MONOTONIC, &until);
}

static void *run(void *arg) {
    struct ahead *ahead = arg;
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &(struct sched_param){0});
    while (!atomic_load(&ahead->ends)) {
        if (ahead_turn(ahead, clock_mono_ms()))
            wait_until(ahead, ahead->give_back_mono_ms);
        else
            (void)sem_wait(&ahead->wake);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------*/

/* Signals are for the main thread. */
bool ahead_start(struct ahead *ahead) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ahead->has_thread = pthread_create(&ahead->thread, NULL, run, ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ahead->has_thread;
}

void ahead_deinit(struct ahead *ahead) {
    if (ahead->has_thread) {
        atomic_store(&ahead->ends, true);
        (void)sem_post(&ahead->wake);
        pthread_join(ahead->thread, NULL);
    }
    give_back(ahead);
    sem_destroy(&ahead->wake);
}
