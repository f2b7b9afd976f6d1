/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What every file of brine may assume: fixed-width types, sizes, and a handful of macros that
 * the compiler turns into checks.  Nothing here allocates or has state. */
#ifndef BRINE_BASE_H
#define BRINE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A result that must be looked at: ignoring it is a compile error in this tree. */
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at)                                                           \
    __attribute__((__format__(__printf__, format_at, first_at)))
#define UNUSED      __attribute__((unused))
#define NOT_INLINED __attribute__((noinline))
#define WEAK        __attribute__((weak)) /* NULL where no library has it */
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)        ((a) < (b) ? (a) : (b))
#define MAX(a, b)        ((a) > (b) ? (a) : (b))

/* The struct that holds `member` at `pointer`; for callbacks that are handed a part. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define CACHE_LINE_BYTES 64
#define CACHE_ALIGNED    __attribute__((aligned(CACHE_LINE_BYTES)))

/* Behind a scalar's typedef: a vector of so many bytes, for operators on all elements at once. */
#define VECTOR_OF(bytes) __attribute__((vector_size(bytes)))

/* True when a * b (a + b) does not fit; otherwise *result holds it. */
#define mul_overflows(a, b, result) __builtin_mul_overflow((a), (b), (result))
#define add_overflows(a, b, result) __builtin_add_overflow((a), (b), (result))

/* value rounded up to a multiple of a power of two */
static inline size_t round_up(size_t value, size_t power_of_two) {
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

#endif
