/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Assertions are for our own errors and stay on in release builds.  Whatever bytes, clients, files
 * or the kernel can do is a status instead (status.h), so no input reaches one.
 *
 *     BRINE_ASSERT(depth > 0, "a mark was popped that was never pushed");
 *
 * A broken invariant prints the words, the place and what the thread was doing, then ends the
 * process.  Any thread. */
#ifndef BRINE_ASSERT_H
#define BRINE_ASSERT_H

#include "base/base.h"

#define BRINE_ASSERT(condition, invariant)                                                         \
    do {                                                                                           \
        if (UNLIKELY(!(condition)))                                                                \
            brine_assert_failed(#condition, (invariant), __FILE__, __LINE__);                      \
    } while (0)

/* Names what this thread is doing, for the message of an assertion that fails meanwhile.
 * `doing` is borrowed until the next call and may be NULL. */
void brine_assert_doing(const char *doing);

__attribute__((noreturn, cold)) void
brine_assert_failed(const char *condition, const char *invariant, const char *file, int line);

#endif
