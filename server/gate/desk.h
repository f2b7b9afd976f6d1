/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct gate_desk: the memory a judge works in, one a thread, reused from value to value.
 *
 * Thread: its owner's.  Allocates nothing until a value is judged; a giant value's memory is given
 * back by gate_desk_trim. */
#ifndef BRINE_GATE_DESK_H
#define BRINE_GATE_DESK_H

#include "base/mem.h"
#include "gate/kinds.h"
#include "pickle/verify.h"

struct gate_desk {
    struct pickle_scratch pickle;
    struct gate_kinds_cache kinds;
};

enum { GATE_DESK_BYTES_MAX = 1 << 30 };

static inline void gate_desk_init(struct gate_desk *desk, struct allocator *mem) {
    pickle_scratch_init(&desk->pickle, mem, GATE_DESK_BYTES_MAX);
    gate_kinds_cache_init(&desk->kinds, mem);
}
static inline void gate_desk_deinit(struct gate_desk *desk) {
    gate_kinds_cache_deinit(&desk->kinds);
    pickle_scratch_deinit(&desk->pickle);
}
static inline void gate_desk_trim(struct gate_desk *desk, size_t keep_bytes) {
    pickle_scratch_trim(&desk->pickle, keep_bytes);
}

#endif
