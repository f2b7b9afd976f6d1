/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *meaning;
} rows[] = {
#define X(name, meaning) {#name, meaning},
    BRINE_STATUSES(X)
#undef X
};

enum brine_status brine_fail(struct brine_error *err, enum brine_status status, size_t offset,
                             const char *format, ...) {
    if (!err) return status;
    err->status = status;
    err->offset = offset;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

const char *brine_status_name(enum brine_status status) {
    return (size_t)status < ARRAY_LEN(rows) ? rows[status].name : "?";
}

const char *brine_status_meaning(enum brine_status status) {
    return (size_t)status < ARRAY_LEN(rows) ? rows[status].meaning : "?";
}
