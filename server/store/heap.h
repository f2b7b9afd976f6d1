/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A shard's heap: where its entries lie.  Private to store/.
 *
 * Words.  Memory comes from the allocator in *chunks* of at most 256 KB, small ones while the heap
 * is small.  A chunk is a row of *blocks*, sized in *units* of 8 bytes.  A block is named by a
 * 32-bit *reference*: number of the chunk (17 bits) and unit in it (15 bits); 0 names nothing.  So
 * a heap reaches 32 GB, and the index pays 4 bytes for a reference. Thread: whoever holds the
 * shard's lock. Cost: O(1) to allocate and free, but for a look at up to HEAP_BIN_TRIES blocks of a
 * bin above 1 KB. A block's waste is its rounding to 8 bytes. */
#ifndef BRINE_STORE_HEAP_H
#define BRINE_STORE_HEAP_H

#include "base/mem.h"
#include "store/entry.h"

enum {
    HEAP_REF_UNIT_BITS = 15,
    HEAP_CHUNKS_MAX = 1 << (32 - HEAP_REF_UNIT_BITS),
    HEAP_CHUNK_BYTES_MAX = ENTRY_UNIT_BYTES << HEAP_REF_UNIT_BITS,
    HEAP_EXACT_UNITS = 128, /* up to here each size has a bin of its own: 1 KB */
    HEAP_LOG_STEPS = 8,     /* bins for each doubling above */
    HEAP_BINS = HEAP_EXACT_UNITS + 1 + 8 * HEAP_LOG_STEPS,
    HEAP_BIN_WORDS = (HEAP_BINS + 63) / 64,
};

typedef uint32_t heap_ref;

struct heap_chunk {
    uint8_t *base;       /* NULL: this number is vacant */
    uint32_t bytes;      /* as taken from the allocator, the end mark included */
    uint32_t live_bytes; /* of blocks in use; in a vacant row the next vacant number */
};

struct heap {
    struct allocator *mem;
    struct heap_chunk *chunks; /* row 0 is not used, so that no reference is 0 */
    uint32_t chunks_len, chunks_cap;
    uint32_t vacant;    /* head of the list of vacant rows; 0: none */
    uint32_t evacuated; /* the chunk being emptied: its free blocks are in no bin; 0: none */
    uint32_t chunk_bytes_min, chunk_bytes_max;
    bool cuts_fine; /* the owner's: chunks of any size cost no more than their bytes (pages.h) */
    size_t chunk_bytes;   /* sum over chunks */
    size_t live_bytes;    /* sum over chunks */
    size_t boxed_entries; /* kept by the owner: 0 lets a dropped heap be freed unread */
    struct heap *next;    /* in the shard's list of dropped heaps */
    uint64_t bins_used[HEAP_BIN_WORDS];
    heap_ref bins[HEAP_BINS];
};

/* NULL when refused. */
struct heap *heap_create(struct allocator *mem, size_t chunk_bytes_min,
                         size_t chunk_bytes_max) MUST_USE;
/* Frees all chunks, whatever is in them; entries' blobs are the caller's to drop first. */
void heap_destroy(struct heap *heap);
/* Frees the chunk of the highest number, for a heap that is destroyed piece by piece. */
void heap_drop_last_chunk(struct heap *heap);

static inline struct entry *heap_entry(const struct heap *heap, heap_ref ref) {
    uint32_t unit = ref & ((1u << HEAP_REF_UNIT_BITS) - 1);
    uint8_t *base = heap->chunks[ref >> HEAP_REF_UNIT_BITS].base;
    return (struct entry *)(void *)(base + (size_t)unit * ENTRY_UNIT_BYTES);
}

/* A block of at least `units`; its header has units set, no flag, and is otherwise not initialised.
 * 0 when refused.  Careful: what lies in the block's first bytes says its size; keep entry->units,
 * and F_PREV_FREE among the flags. */
heap_ref heap_alloc(struct heap *heap, size_t units) MUST_USE;
/* The same from what is free in the chunks there are. */
heap_ref heap_alloc_hole(struct heap *heap, size_t units) MUST_USE;
void heap_free(struct heap *heap, heap_ref ref);
/* Gives the units beyond `units` back, where they make a block (two or more). */
void heap_shrink(struct heap *heap, heap_ref ref, size_t units);

/* Compaction: the sparsest chunk's free blocks leave the bins, so that nothing new lands in it.
 * Returns its number, 0 when no chunk is worth it.  Goes on with a chunk that was begun. */
uint32_t heap_evacuate_begin(struct heap *heap);
/* Gives up on it: what is free in it may be used again.  A chunk that ran empty has gone already.
 */
void heap_evacuate_end(struct heap *heap);

/* The chunk's first block in use at or after `unit`; 0 when there is none.  To walk a chunk, go on
 * from heap_ref_after. */
heap_ref heap_next_live(const struct heap *heap, uint32_t chunk, uint32_t unit);
static inline uint32_t heap_unit_after(const struct heap *heap, heap_ref ref) {
    return (ref & ((1u << HEAP_REF_UNIT_BITS) - 1)) + heap_entry(heap, ref)->units;
}

/* Bytes taken from the allocator by the heap itself and its chunks. */
size_t heap_taken_bytes(const struct heap *heap);
/* Walks everything; NULL when all invariants hold, else which one does not.  Cost: all blocks. */
const char *heap_check(const struct heap *heap);

#endif
