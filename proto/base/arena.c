/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/arena.h"

#include "base/assert.h"

enum { ARENA_ALIGN = 16, ARENA_FIRST_BYTES = 1024 };

struct arena_block {
    struct arena_block *older;
    size_t bytes; /* of the whole block, this header included */
    size_t used;
};
_Static_assert(sizeof(struct arena_block) <= 2 * ARENA_ALIGN, "a block's header takes two units");
enum { ARENA_HEADER_BYTES = 2 * ARENA_ALIGN };

void arena_init(struct arena *arena, struct allocator *mem, size_t limit_bytes) {
    BRINE_ASSERT(limit_bytes > 0, "an arena has a ceiling");
    *arena = (struct arena){.mem = mem, .limit_bytes = limit_bytes};
}

/* The block and the older ones, down to one that stays. */
static void free_blocks(struct arena *arena, struct arena_block *block,
                        const struct arena_block *last) {
    while (block != last) {
        struct arena_block *older = block->older;
        arena->taken_bytes -= block->bytes;
        mem_free(arena->mem, block, block->bytes);
        block = older;
    }
}

void arena_deinit(struct arena *arena) {
    free_blocks(arena, arena->newest, NULL);
    arena->newest = NULL;
}

void arena_reset(struct arena *arena) {
    if (!arena->newest) return;
    free_blocks(arena, arena->newest->older, NULL); /* the newest is the largest: blocks double */
    arena->newest->older = NULL;
    arena->newest->used = ARENA_HEADER_BYTES;
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){arena->newest, arena->newest ? arena->newest->used : 0};
}

void arena_back_to(struct arena *arena, struct arena_mark mark) {
    free_blocks(arena, arena->newest, mark.block);
    arena->newest = mark.block;
    if (mark.block) mark.block->used = mark.used;
}

static struct arena_block *add_block(struct arena *arena, size_t payload) {
    size_t left = arena->limit_bytes - arena->taken_bytes;
    if (left < ARENA_HEADER_BYTES || payload > left - ARENA_HEADER_BYTES) return NULL;
    size_t wanted = MAX((size_t)ARENA_FIRST_BYTES, arena->newest ? 2 * arena->newest->bytes : 0);
    size_t bytes = MIN(MAX(wanted, payload + ARENA_HEADER_BYTES), left);
    struct arena_block *block = mem_alloc(arena->mem, bytes);
    if (!block) return NULL;
    *block =
        (struct arena_block){.older = arena->newest, .bytes = bytes, .used = ARENA_HEADER_BYTES};
    arena->newest = block;
    arena->taken_bytes += bytes;
    return block;
}

void *arena_alloc(struct arena *arena, size_t bytes) {
    if (bytes > SIZE_MAX - ARENA_ALIGN) return NULL;
    size_t rounded = round_up(bytes, ARENA_ALIGN);
    struct arena_block *block = arena->newest;
    if (!block || rounded > block->bytes - MIN(block->used, block->bytes))
        block = add_block(arena, rounded);
    if (!block) return NULL;
    void *result = (uint8_t *)block + block->used;
    block->used += rounded;
    return result;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes) {
    uint8_t *copy = bytes.len < SIZE_MAX ? arena_alloc(arena, bytes.len + 1) : NULL;
    if (!copy) return bytes_view(NULL, 0);
    bytes_copy_to(copy, bytes);
    copy[bytes.len] = 0;
    return bytes_view(copy, bytes.len);
}
