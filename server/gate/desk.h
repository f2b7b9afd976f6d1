/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct gate_desk: the memory a judge works in, one a thread, reused from value to value.
 *
 * Thread: its owner's.  Allocates nothing until a value is judged; a giant value's memory is given
 * back by gate_desk_trim.  What one value takes comes from an allocator of its own, which may
 * refuse (keyspace/purse.h); what is remembered of kinds does not. */
#ifndef BRINE_GATE_DESK_H
#define BRINE_GATE_DESK_H

#include "base/mem.h"
#include "frame/frame.h"
#include "gate/kinds.h"
#include "pickle/verify.h"

struct gate_keeper;
struct gate_setup;
struct metrics;

struct gate_desk {
    struct pickle_scratch pickle;
    struct frame_scratch frame;
    struct gate_kinds_cache kinds;
    struct metrics
        *metrics; /* of the desk's thread, set by who owns it; NULL: nothing is counted */
    const _Atomic bool *given_up; /* the same; once true, nothing is unpacked any more */
    /* The keeper's: whose setup it is that this desk judges by.  Compared before each question. */
    const struct gate_keeper *keeper;
    struct gate_setup *setup; /* a reference */
};

enum { GATE_DESK_BYTES_MAX = 1 << 30 };

void gate_desk_leave_setup(struct gate_desk *desk); /* gives the reference back */

static inline void gate_desk_init(struct gate_desk *desk, struct allocator *mem,
                                  struct allocator *scratch) {
    *desk = (struct gate_desk){0};
    frame_scratch_init(&desk->frame, scratch, GATE_DESK_BYTES_MAX);
    pickle_scratch_init(&desk->pickle, scratch, GATE_DESK_BYTES_MAX);
    desk->pickle.collect_fingerprints = true; /* kinds tell classes apart by them */
    gate_kinds_cache_init(&desk->kinds, mem);
}
static inline void gate_desk_deinit(struct gate_desk *desk) {
    gate_kinds_cache_deinit(&desk->kinds);
    frame_scratch_deinit(&desk->frame);
    pickle_scratch_deinit(&desk->pickle);
    gate_desk_leave_setup(desk);
}
static inline void gate_desk_trim(struct gate_desk *desk, size_t keep_bytes) {
    pickle_scratch_trim(&desk->pickle, keep_bytes);
    frame_scratch_trim(&desk->frame, keep_bytes);
}

#endif
