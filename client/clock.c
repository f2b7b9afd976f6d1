/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/clock.h"

#include "base/bytes.h"
#include "base/number.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, MS_PER_S = 1000, WAIT_US_MAX = 60000000 };
#define CENTURY_MS (INT64_C(100) * 366 * 86400 * MS_PER_S)

int64_t clock_mono_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / NS_PER_US;
}

int64_t clock_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

bool clock_wait_until(int64_t mono_us, int fd) {
    struct pollfd input = {.fd = fd, .events = POLLIN};
    for (;;) {
        int64_t left_us = mono_us - clock_mono_us();
        if (left_us <= 0) return false;
        left_us = MIN(left_us, WAIT_US_MAX);
        struct timespec left = {.tv_sec = left_us / CLOCK_US_PER_S,
                                .tv_nsec = left_us % CLOCK_US_PER_S * NS_PER_US};
        int ready = ppoll(&input, fd >= 0 ? 1 : 0, &left, NULL);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

bool clock_parse_duration(const char *text, int64_t *ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } rows[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"", 1000}};
    struct bytes all = bytes_of_cstr(text);
    size_t digits = 0;
    while (digits < all.len && byte_is_digit(all.data[digits])) digits++;
    int64_t number;
    if (!number_parse_i64(bytes_slice(all, 0, digits), &number)) return false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(text + digits, rows[i].unit) != 0) continue;
        return !mul_overflows(number, rows[i].ms, ms) && *ms <= CENTURY_MS;
    }
    return false;
}
