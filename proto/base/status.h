/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How functions fail.  What can fail returns `enum brine_status` and, where a human wants to know
 * more, fills a `struct brine_error`: where in the input, and one English line.  errno, libuv codes
 * and the like are translated at the border and never travel inward.
 *
 *     if (len > limit) return brine_fail(err, BRINE_TOO_BIG, offset, "%zu bytes, limit %zu", len,
 * limit);
 *
 * NEED_MORE is a result, not an error: the bytes end inside a value, nothing was consumed.
 * Cost: a failure formats one line into the caller's struct; no allocation.  Any thread. */
#ifndef BRINE_STATUS_H
#define BRINE_STATUS_H

#include "base/base.h"

#define BRINE_STATUSES(X)                                                                          \
    /*  name        what it means */                                                               \
    X(OK, "done")                                                                                  \
    X(NEED_MORE, "the bytes end inside a value")                                                   \
    X(MALFORMED, "the bytes break the format")                                                     \
    X(TOO_BIG, "a configured limit is exceeded")                                                   \
    X(DENIED, "the policy refuses this pickle")                                                    \
    X(INVALID, "the value is not one of those allowed here")                                       \
    X(NOT_FOUND, "there is no such thing")                                                         \
    X(NO_MEMORY, "an allocation was refused")                                                      \
    X(IO, "a file or socket failed")

enum brine_status {
#define X(name, meaning) BRINE_##name,
    BRINE_STATUSES(X)
#undef X
};

#define BRINE_ERROR_TEXT_BYTES 512

struct brine_error {
    enum brine_status status;
    size_t offset;                     /* bytes into the input; 0 where there is no input */
    char text[BRINE_ERROR_TEXT_BYTES]; /* one line, NUL-terminated, cut when longer */
};

/* Fills *err (which may be NULL) and returns status, so that a failure is one statement. */
enum brine_status brine_fail(struct brine_error *err, enum brine_status status, size_t offset,
                             const char *format, ...) PRINTF_LIKE(4, 5);

/* "NO_MEMORY" and "an allocation was refused"; never NULL. */
const char *brine_status_name(enum brine_status status);
const char *brine_status_meaning(enum brine_status status);

/* Returns early on failure.  Forbidden where something must be released: use one `done:` label. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        enum brine_status try_status_ = (expression);                                              \
        if (UNLIKELY(try_status_ != BRINE_OK)) return try_status_;                                 \
    } while (0)

#endif
