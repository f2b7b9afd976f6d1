/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An arena: many small allocations that are freed together.  Reset keeps the largest block, so that
 * steady work allocates nothing.  Blocks are 16-byte aligned.  One thread at a time. */
#ifndef BRINE_ARENA_H
#define BRINE_ARENA_H

#include "base/bytes.h"
#include "base/mem.h"

struct arena_block;

struct arena {
    struct allocator *mem;
    struct arena_block *newest;
    size_t taken_bytes; /* from mem */
    size_t limit_bytes; /* of what is taken from mem; never 0 */
};

void arena_init(struct arena *arena, struct allocator *mem, size_t limit_bytes);
void arena_deinit(struct arena *arena);
/* Everything handed out becomes invalid. */
void arena_reset(struct arena *arena);

/* Where it stands now; what is handed out from then on becomes invalid by arena_back_to.  A reset
 * makes marks invalid. */
struct arena_mark {
    struct arena_block *block;
    size_t used;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_back_to(struct arena *arena, struct arena_mark mark);

/* NULL when the limit or the allocator refuses.  0 bytes give a pointer that may not be read. */
void *arena_alloc(struct arena *arena, size_t bytes) MUST_USE;
/* A copy that ends in NUL (not counted in len); data is NULL when refused. */
struct bytes arena_copy(struct arena *arena, struct bytes bytes) MUST_USE;

#endif
