/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Coarse expiry: a key's end of life in the 16 bits that its index slot has for it, so that a sweep
 * finds what is due without touching an entry.  Private to store/.
 *
 *     0            no expiry
 *     1            FAR: more than EXPIRY_NEAR_S ahead when it was written
 *     2 .. 65535   the second, rounded up, modulo EXPIRY_CYCLE_S
 *
 * Rounded up, so a slot that is due has an entry that is over.  A code is read as within half a
 * cycle of now; the entry's exact time decides before anything is removed, so that a clock that was
 * set costs reads, never keys.  FAR slots are looked at again every EXPIRY_FAR_CHECK_S. */
#ifndef BRINE_STORE_EXPIRY_H
#define BRINE_STORE_EXPIRY_H

#include "store/store.h"

enum {
    EXPIRY_NONE = 0,
    EXPIRY_FAR = 1,
    EXPIRY_FIRST = 2,
    EXPIRY_CYCLE_S = 65536 - EXPIRY_FIRST,
    EXPIRY_NEAR_S = 8 * 3600, /* with the far check's hour still below half a cycle */
    EXPIRY_FAR_CHECK_S = 3600,
    /* A segment that is due for this long was not swept in time: its codes may have come round. */
    EXPIRY_DISTRUST_S = 4 * 3600,
};
#define EXPIRY_NEVER_MS INT64_MAX
#define EXPIRY_NEVER_S  UINT32_MAX

/* Seconds as a segment's head keeps them: from 1970 to 2106.  Beyond, all is due and looked at. */
static inline uint32_t expiry_head_s(int64_t s) {
    return (uint32_t)MAX(MIN(s, (int64_t)EXPIRY_NEVER_S - 1), 0);
}

static inline int64_t expiry_floor_s(int64_t ms) {
    return ms / 1000 - (ms % 1000 < 0);
}
static inline int64_t expiry_ceil_s(int64_t ms) {
    return ms / 1000 + (ms % 1000 > 0);
}
static inline int64_t expiry_in_cycle(int64_t s) {
    int64_t rest = s % EXPIRY_CYCLE_S;
    return rest < 0 ? rest + EXPIRY_CYCLE_S : rest;
}

static inline uint16_t expiry_encode(int64_t expire_at_ms, int64_t now_ms) {
    if (expire_at_ms == STORE_NO_EXPIRY) return EXPIRY_NONE;
    int64_t at_s = expiry_ceil_s(expire_at_ms), now_s = expiry_floor_s(now_ms);
    if (at_s > now_s && (uint64_t)at_s - (uint64_t)now_s > EXPIRY_NEAR_S) return EXPIRY_FAR;
    /* What is over already is due at once, however long ago it ended. */
    return (uint16_t)(EXPIRY_FIRST + expiry_in_cycle(MAX(at_s, now_s)));
}

/* The second that a near code stands for, by a clock that shows now. */
static inline int64_t expiry_decode_s(uint16_t code, int64_t now_s) {
    int64_t ahead = expiry_in_cycle(code - EXPIRY_FIRST - expiry_in_cycle(now_s));
    if (ahead > EXPIRY_CYCLE_S / 2) ahead -= EXPIRY_CYCLE_S;
    return now_s + ahead;
}

#endif
