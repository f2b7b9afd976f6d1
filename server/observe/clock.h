/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The one place that asks the operating system what time it is.  Loops read both clocks once a
 * turn and hand the figures down; nobody below a loop calls these.  Any thread.  Cost: 30 ns. */
#ifndef BRINE_CLOCK_H
#define BRINE_CLOCK_H

#include "base/base.h"

#include <time.h>

/* Milliseconds since 1970; steps when the system's clock is set. */
static inline int64_t clock_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t clock_wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Since some moment in the past; never steps.  For durations only. */
static inline int64_t clock_mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
static inline int64_t clock_mono_ms(void) {
    return clock_mono_ns() / 1000000;
}

/* CPU time of the calling thread, which others' load does not lengthen.  Cost: a system call. */
static inline int64_t clock_thread_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
