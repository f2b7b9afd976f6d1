/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Huge pages that are ready before somebody needs them.  Private to store/.  The first touch of a
 * page clears 2 MB: 0.1 ms, and on a virtual machine whose host must find the memory first, 5.7 ms;
 * in a store that grows, one batch in some thousand waited for that.  Here a thread does it.
 *
 * Words.  A page is *ready* when it was touched and nobody has it.
 * Memory.  At most AHEAD_PAGES_MAX pages are ready, and none when nobody has taken or asked for
 * AHEAD_KEEP_MS.
 * Thread: take and ask from any, one at a time (pages.h has a lock); they never wait.  The pages'
 * allocator is called from the thread too. */
#ifndef BRINE_STORE_AHEAD_H
#define BRINE_STORE_AHEAD_H

#include "base/mem.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { AHEAD_PAGES_MAX = 2, AHEAD_KEEP_MS = 1000 };

struct ahead {
    struct allocator *huge;
    _Atomic(uint8_t *) ready[AHEAD_PAGES_MAX];
    _Atomic bool asked, taken; /* since the last turn */
    _Atomic bool ends;
    sem_t wake;

    /* the thread's */
    pthread_t thread;
    bool has_thread, grows_fast;
    int64_t taken_mono_ms, give_back_mono_ms;
};

/* Nothing is made ready before ahead_start, which says false when there is no thread to be had. */
void ahead_init(struct ahead *ahead, struct allocator *huge);
bool ahead_start(struct ahead *ahead);
void ahead_deinit(struct ahead *ahead); /* what is ready goes back */

/* A ready page, the caller's from now on; NULL: none is. */
uint8_t *ahead_take(struct ahead *ahead);
/* A page will be needed soon. */
void ahead_ask(struct ahead *ahead);

/* Of pages that are ready. */
size_t ahead_bytes(const struct ahead *ahead);

/* One turn of the thread, for tests: makes ready or gives back; whether something is ready after
 * it, which is to go back at give_back_mono_ms. */
bool ahead_turn(struct ahead *ahead, int64_t now_mono_ms);

#endif
