/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How fast a scan reads, so that the server's other clients hardly feel it.
 *
 *     scan_pace_init(&pace, keys_per_s);                  0: no limit
 *     ... a step of SCAN ...
 *     scan_pace_heard(&pace, how long the server took);
 *     ... a few keys are read, SCAN_PACE_KEYS at a time ...
 *     wait until scan_pace_next(&pace, now, how many);
 *
 * Two things make others wait: a long pipeline, which is why few keys are read at a time; and a
 * server that is busy already, which is why the pace falls, down to a SCAN_PACE_SLOWEST_PART, while
 * answers take longer than twice what the first ones took.  What was not used is not made up for.
 * No clock of its own. */
#ifndef BRINE_CLIENT_SCAN_PACE_H
#define BRINE_CLIENT_SCAN_PACE_H

#include "base/base.h"

enum { SCAN_PACE_KEYS = 8, SCAN_PACE_FIRST = 15, SCAN_PACE_SLOWEST_PART = 16 };

struct scan_pace {
    int64_t keys_per_s; /* 0: no limit */
    double part;        /* of it, 1 at best */
    int64_t first_us[SCAN_PACE_FIRST];
    size_t heard;
    int64_t usual_us;   /* the median of the first */
    double smoothed_us; /* of the last few */
    int64_t next_us;
};

void scan_pace_init(struct scan_pace *pace, int64_t keys_per_s);
void scan_pace_heard(struct scan_pace *pace, int64_t took_us);
/* The moment from which the next keys may be read, after `keys` were. */
int64_t scan_pace_next(struct scan_pace *pace, int64_t now_us, size_t keys);

#endif
