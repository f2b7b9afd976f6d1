/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/assert.h"

#include <stdio.h>

/* The one thread-local of the library: it is read only on the way to the end of the process. */
static _Thread_local const char *thread_doing;

void brine_assert_doing(const char *doing) {
    thread_doing = doing;
}

void brine_assert_failed(const char *condition, const char *invariant, const char *file, int line) {
    fprintf(stderr, "brine: invariant broken: %s (%s) at %s:%d while %s\n", invariant, condition,
            file, line, thread_doing ? thread_doing : "idle");
    fflush(stderr);
    __builtin_trap();
}
