/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An allocator that refuses its nth request (counted from 0) and
 * knows what is still taken, so that a test can walk n upwards until a run succeeds:
 *
 *     for (size_t n = 0;; n++) {
 *         struct failing_allocator mem;
 *         failing_init(&mem, n);
 *         bool done = run(&mem.allocator);
 *         cr_assert(mem.taken_bytes == 0);
 *         if (done && !mem.refused) break;
 *     }
 *
 * One thread at a time. */
#ifndef BRINE_TEST_FAILING_H
#define BRINE_TEST_FAILING_H

#include "base/mem.h"

struct failing_allocator {
    struct allocator allocator;
    size_t fail_at;     /* the request that is refused; SIZE_MAX: none */
    size_t requests;    /* that needed more memory, so far */
    size_t taken_bytes; /* now */
    bool refused;       /* at least one was */
};

void failing_init(struct failing_allocator *failing, size_t fail_at);

#endif
