/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The only place of the client that asks what time it is. */
#ifndef BRINE_CLIENT_CLOCK_H
#define BRINE_CLIENT_CLOCK_H

#include "base/base.h"

enum { CLOCK_US_PER_MS = 1000, CLOCK_US_PER_S = 1000000 };

int64_t clock_mono_us(void);
int64_t clock_wall_ms(void);
/* Waits until that moment, or until fd (-1: none) can be read.  True when it can. */
bool clock_wait_until(int64_t mono_us, int fd);

/* "5m", "90s", "250ms", "1h", "2d", or seconds; false when it is none of these or beyond a century.
 */
bool clock_parse_duration(const char *text, int64_t *ms) MUST_USE;

#endif
