/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/scan_pace.h"

enum { US_PER_S = 1000000, SLACK_US = 200, SMOOTHED_OVER = 8, STALL_PARTS = 8 };
/* A scan that slept too long reads so much at once at most. */
enum { BEHIND_US_MAX = 5000 };
#define SLOWER 0.8
#define FASTER 1.1

void scan_pace_init(struct scan_pace *pace, int64_t keys_per_s) {
    *pace = (struct scan_pace){.keys_per_s = keys_per_s, .part = 1};
}

/* By insertion: there are few. */
static int64_t median(const int64_t *values, size_t count) {
    int64_t sorted[SCAN_PACE_FIRST] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return sorted[count / 2];
}

void scan_pace_heard(struct scan_pace *pace, int64_t took_us) {
    if (pace->heard < SCAN_PACE_FIRST) {
        pace->first_us[pace->heard++] = took_us;
        pace->usual_us = median(pace->first_us, pace->heard);
        pace->smoothed_us = (double)pace->usual_us;
        return;
    }
    /* One stall, however long, is not yet a busy server. */
    double counted_us = (double)MIN(took_us, STALL_PARTS * pace->usual_us + SLACK_US);
    pace->smoothed_us += (counted_us - pace->smoothed_us) / SMOOTHED_OVER;
    bool busy = pace->smoothed_us > 2 * (double)pace->usual_us + SLACK_US;
    pace->part = busy ? pace->part * SLOWER : pace->part * FASTER;
    pace->part = MIN(MAX(pace->part, 1.0 / SCAN_PACE_SLOWEST_PART), 1.0);
}

int64_t scan_pace_next(struct scan_pace *pace, int64_t now_us, size_t keys) {
    if (pace->keys_per_s == 0) return now_us;
    pace->next_us = MAX(pace->next_us, now_us - BEHIND_US_MAX);
    pace->next_us += (int64_t)((double)keys * US_PER_S / ((double)pace->keys_per_s * pace->part));
    return pace->next_us;
}
