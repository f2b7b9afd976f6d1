/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A chunk is filled with blocks from end to end:
 *
 *     +-------+------+---------------+---------+ - - +----------+
 *     | entry | free | entry + slack |  entry  |     | end mark |
 *     +-------+------+---------------+---------+ - - +----------+
 *
 * Every block begins with its size, so a chunk can be walked.  A free block also ends with its size
 * (a boundary tag), and the block behind it has F_PREV_FREE: that is how a freed block finds both
 * neighbours and joins with those that are free.  A block in use pays nothing for this.  The end
 * mark is a header of 0 units that is never free.
 *
 * Free blocks hang in bins by size, one bin for each size up to 1 KB, eight for each doubling
 * above, in doubly linked lists of references; a bitmap tells which bins hold something.  An
 * allocation takes the first fit from its own bin upwards and gives the rest back.  Measured
 * elsewhere (glibc does the same): about 0 to 20 bytes of waste a block on mixed sizes, where size
 * classes of a quarter cost 60.
 *
 * Invariant: no two free blocks are neighbours.
 * Invariant: a chunk with nothing in use does not exist; it went back to the allocator.
 * Source: Knuth 2.5 (boundary tags); Doug Lea's malloc (exact bins, bitmap). */

#include "store/heap.h"

#include "base/assert.h"

enum {
    HEAP_BIN_TRIES = 8, /* blocks looked at in a bin that holds several sizes */
    HEAP_END_MARK_BYTES = ENTRY_HEADER_BYTES,
    HEAP_GROWTH_SHARE = 32, /* a new chunk is this part of the heap, */
    HEAP_FINE_SHARE = 128,  /* or this */
    HEAP_SMALL_CHUNK_BYTES = 14 * 1024,
    HEAP_LARGE_FROM_BYTES = 64 * 1024, /* of a share, doubled */
    HEAP_TAIL_SHARE = 64,              /* a tail of this part of a chunk may stay empty */
    HEAP_CHUNKS_CAP_FIRST = 8,
};

/* A free block: 16 bytes at least, the last four repeating its size. */
struct free_block {
    uint16_t units;
    uint8_t flags;
    uint8_t unused;
    heap_ref prev; /* in its bin; 0: it is the first */
    heap_ref next;
    /* ... */
    /* uint32_t units, as the last four bytes */
};
_Static_assert(sizeof(struct free_block) + sizeof(uint32_t) == 16, "the smallest block holds one");
_Static_assert(offsetof(struct free_block, flags) == offsetof(struct entry, flags),
               "a block's flags are found without knowing whether it is free");

static uint32_t ref_chunk(heap_ref ref) {
    return ref >> HEAP_REF_UNIT_BITS;
}

static heap_ref ref_make(uint32_t chunk, uint32_t unit) {
    return chunk << HEAP_REF_UNIT_BITS | unit;
}

static struct free_block *free_block_at(const struct heap *heap, heap_ref ref) {
    return (struct free_block *)(void *)heap_entry(heap, ref);
}

static uint32_t *free_block_tail(struct free_block *block) {
    uint8_t *end = (uint8_t *)block + (size_t)block->units * ENTRY_UNIT_BYTES;
    return (uint32_t *)(void *)(end - sizeof(uint32_t));
}

static size_t bin_of(size_t units) {
    if (units <= HEAP_EXACT_UNITS) return units;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(units);
    size_t step = units >> (doubling - 3) & (HEAP_LOG_STEPS - 1);
    return HEAP_EXACT_UNITS + 1 + (doubling - 7) * HEAP_LOG_STEPS + step;
}

struct heap *heap_create(struct allocator *mem, size_t chunk_bytes_min, size_t chunk_bytes_max) {
    BRINE_ASSERT(chunk_bytes_max <= HEAP_CHUNK_BYTES_MAX && chunk_bytes_min <= chunk_bytes_max,
                 "a chunk's units fit a reference");
    struct heap *heap = mem_alloc_zeroed(mem, sizeof *heap);
    if (!heap) return NULL;
    heap->mem = mem;
    heap->chunk_bytes_min = (uint32_t)chunk_bytes_min;
    heap->chunk_bytes_max = (uint32_t)chunk_bytes_max;
    heap->chunks_len = 1;
    return heap;
}

void heap_destroy(struct heap *heap) {
    if (!heap) return;
    for (uint32_t i = 1; i < heap->chunks_len; i++)
        mem_free(heap->mem, heap->chunks[i].base, heap->chunks[i].bytes);
    mem_free(heap->mem, heap->chunks, heap->chunks_cap * sizeof *heap->chunks);
    mem_free(heap->mem, heap, sizeof *heap);
}

void heap_drop_last_chunk(struct heap *heap) {
    struct heap_chunk *chunk = &heap->chunks[--heap->chunks_len];
    mem_free(heap->mem, chunk->base, chunk->bytes);
    heap->chunk_bytes -= chunk->base ? chunk->bytes : 0;
}

static void bin_insert(struct heap *heap, heap_ref ref, struct free_block *block) {
    if (ref_chunk(ref) == heap->evacuated) return;
    size_t bin = bin_of(block->units);
    block->prev = 0;
    block->next = heap->bins[bin];
    if (block->next) free_block_at(heap, block->next)->prev = ref;
    heap->bins[bin] = ref;
    heap->bins_used[bin / 64] |= UINT64_C(1) << (bin % 64);
}

static void bin_remove(struct heap *heap, heap_ref ref, const struct free_block *block) {
    if (ref_chunk(ref) == heap->evacuated) return;
    size_t bin = bin_of(block->units);
    if (block->next) free_block_at(heap, block->next)->prev = block->prev;
    if (block->prev) {
        free_block_at(heap, block->prev)->next = block->next;
    } else {
        heap->bins[bin] = block->next;
        if (!block->next) heap->bins_used[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
    }
}

/* Writes a free block of `units` at ref, tells the block behind it, and hangs it in its bin. */
static void free_block_make(struct heap *heap, heap_ref ref, size_t units) {
    struct free_block *block = free_block_at(heap, ref);
    block->units = (uint16_t)units;
    block->flags = ENTRY_FREE;
    block->unused = 0;
    *free_block_tail(block) = (uint32_t)units;
    heap_entry(heap, ref + (heap_ref)units)->flags |= F_PREV_FREE;
    bin_insert(heap, ref, block);
}

static enum brine_status chunk_row_reserve(struct heap *heap) {
    if (heap->vacant || heap->chunks_len < heap->chunks_cap) return BRINE_OK;
    uint32_t cap = heap->chunks_cap ? heap->chunks_cap * 2 : HEAP_CHUNKS_CAP_FIRST;
    if (cap > HEAP_CHUNKS_MAX) return BRINE_NO_MEMORY;
    struct heap_chunk *chunks = mem_resize(heap->mem, heap->chunks,
                                           heap->chunks_cap * sizeof *chunks, cap * sizeof *chunks);
    if (!chunks) return BRINE_NO_MEMORY;
    if (!heap->chunks_cap) memset(&chunks[0], 0, sizeof chunks[0]);
    heap->chunks = chunks;
    heap->chunks_cap = cap;
    return BRINE_OK;
}

/* A chunk is a small part of the heap, so that a small heap is small and little lies idle in the
 * newest one.  Between HEAP_SMALL_CHUNK_BYTES and 128 KB there are none: allocators serve what is
 * larger than that in whole pages, jemalloc with one more (README, D6).  In huge pages there are,
 * and smaller ones do: what is idle of the newest chunk is resident there.  Where blocks are large,
 * a chunk is a whole number of them: a tail too short for one more would stay empty in each. */
static size_t chunk_bytes_for(const struct heap *heap, size_t block_bytes) {
    size_t share = heap->chunk_bytes / HEAP_GROWTH_SHARE, bytes = heap->chunk_bytes_min;
    if (block_bytes > HEAP_SMALL_CHUNK_BYTES / 8)
        share = heap->chunk_bytes / 8;
    else if (heap->cuts_fine)
        share = MAX(heap->chunk_bytes / HEAP_FINE_SHARE, MIN(share, HEAP_SMALL_CHUNK_BYTES));
    else if (share < HEAP_LARGE_FROM_BYTES)
        share = MIN(share, HEAP_SMALL_CHUNK_BYTES);
    else
        share *= 2;
    bytes = MAX(bytes, MIN(round_up(share, 1024), heap->chunk_bytes_max));
    if (block_bytes * HEAP_TAIL_SHARE <= bytes) return bytes;
    size_t blocks = MAX((bytes - HEAP_END_MARK_BYTES) / block_bytes, 1);
    return blocks * block_bytes + HEAP_END_MARK_BYTES;
}

/* A new chunk that is one free block, in no bin yet; 0 when refused. */
static heap_ref chunk_add(struct heap *heap, size_t units) {
    size_t block_bytes = units * ENTRY_UNIT_BYTES;
    size_t bytes = chunk_bytes_for(heap, block_bytes);
    if (bytes > HEAP_CHUNK_BYTES_MAX || chunk_row_reserve(heap) != BRINE_OK) return 0;
    uint8_t *base = mem_alloc(heap->mem, bytes);
    if (!base) return 0;
    uint32_t number = heap->vacant;
    if (number)
        heap->vacant = heap->chunks[number].live_bytes;
    else
        number = heap->chunks_len++;
    heap->chunks[number] = (struct heap_chunk){.base = base, .bytes = (uint32_t)bytes};
    heap->chunk_bytes += bytes;
    size_t chunk_units = (bytes - HEAP_END_MARK_BYTES) / ENTRY_UNIT_BYTES;
    heap_ref ref = ref_make(number, 0);
    *heap_entry(heap, ref + (heap_ref)chunk_units) = (struct entry){0};
    free_block_make(heap, ref, chunk_units);
    return ref;
}

static void chunk_remove(struct heap *heap, uint32_t number) {
    struct heap_chunk *chunk = &heap->chunks[number];
    heap->chunk_bytes -= chunk->bytes;
    mem_free(heap->mem, chunk->base, chunk->bytes);
    *chunk = (struct heap_chunk){.live_bytes = heap->vacant};
    heap->vacant = number;
    if (heap->evacuated == number) heap->evacuated = 0;
}

/* The first free block of at least `units`, from the bins; 0 when there is none. */
static heap_ref bin_find(const struct heap *heap, size_t units) {
    size_t bin = bin_of(units);
    if (units > HEAP_EXACT_UNITS) {
        heap_ref ref = heap->bins[bin];
        for (int tries = 0; ref && tries < HEAP_BIN_TRIES; tries++) {
            const struct free_block *block = free_block_at(heap, ref);
            if (block->units >= units) return ref;
            ref = block->next;
        }
        bin++;
    }
    for (size_t word = bin / 64; word < HEAP_BIN_WORDS; word++) {
        uint64_t used = heap->bins_used[word];
        if (word == bin / 64) used &= ~UINT64_C(0) << (bin % 64);
        if (used) return heap->bins[word * 64 + (size_t)__builtin_ctzll(used)];
    }
    return 0;
}

/* Takes `units` from the free block at ref, which is in its bin. */
static heap_ref take(struct heap *heap, heap_ref ref, size_t units) {
    struct free_block *block = free_block_at(heap, ref);
    bin_remove(heap, ref, block);
    size_t rest = block->units - units;
    if (rest < 2) { /* too short for a block: it stays with this one as slack */
        units = block->units;
        heap_entry(heap, ref + (heap_ref)units)->flags &= (uint8_t)~F_PREV_FREE;
    } else {
        free_block_make(heap, ref + (heap_ref)units, rest);
    }
    struct entry *entry = heap_entry(heap, ref);
    entry->units = (uint16_t)units;
    entry->flags = 0;
    heap->chunks[ref_chunk(ref)].live_bytes += (uint32_t)(units * ENTRY_UNIT_BYTES);
    heap->live_bytes += units * ENTRY_UNIT_BYTES;
    return ref;
}

heap_ref heap_alloc_hole(struct heap *heap, size_t units) {
    heap_ref ref = bin_find(heap, units);
    return ref ? take(heap, ref, units) : 0;
}

heap_ref heap_alloc(struct heap *heap, size_t units) {
    heap_ref ref = bin_find(heap, units);
    if (UNLIKELY(!ref)) ref = chunk_add(heap, units);
    return ref ? take(heap, ref, units) : 0;
}

/* Frees `units` from ref on, which are no longer counted as live, joining free neighbours. */
static void release(struct heap *heap, heap_ref ref, size_t units, bool prev_free) {
    heap_ref behind = ref + (heap_ref)units;
    const struct entry *next = heap_entry(heap, behind);
    if (flags_are_free(next->flags)) {
        bin_remove(heap, behind, free_block_at(heap, behind));
        units += next->units;
    }
    if (prev_free) {
        const uint32_t *tail = (const uint32_t *)(const void *)heap_entry(heap, ref) - 1;
        ref -= *tail;
        units += *tail;
        bin_remove(heap, ref, free_block_at(heap, ref));
    }
    free_block_make(heap, ref, units);
}

void heap_free(struct heap *heap, heap_ref ref) {
    const struct entry *entry = heap_entry(heap, ref);
    struct heap_chunk *chunk = &heap->chunks[ref_chunk(ref)];
    size_t bytes = (size_t)entry->units * ENTRY_UNIT_BYTES;
    BRINE_ASSERT(!flags_are_free(entry->flags) && bytes > 0, "a block is freed once");
    chunk->live_bytes -= (uint32_t)bytes;
    heap->live_bytes -= bytes;
    release(heap, ref, entry->units, (entry->flags & F_PREV_FREE) != 0);
    if (chunk->live_bytes > 0) return;
    heap_ref whole = ref_make(ref_chunk(ref), 0);
    bin_remove(heap, whole, free_block_at(heap, whole));
    chunk_remove(heap, ref_chunk(ref));
}

void heap_shrink(struct heap *heap, heap_ref ref, size_t units) {
    struct entry *entry = heap_entry(heap, ref);
    if (entry->units < units + 2) return;
    size_t rest = entry->units - units;
    entry->units = (uint16_t)units;
    heap->chunks[ref_chunk(ref)].live_bytes -= (uint32_t)(rest * ENTRY_UNIT_BYTES);
    heap->live_bytes -= rest * ENTRY_UNIT_BYTES;
    release(heap, ref + (heap_ref)units, rest, false);
}

/* Calls bin_insert or bin_remove for every free block of a chunk. */
static void chunk_each_free(struct heap *heap, uint32_t number,
                            void (*move)(struct heap *, heap_ref, struct free_block *)) {
    for (heap_ref ref = ref_make(number, 0);;) {
        struct free_block *block = free_block_at(heap, ref);
        if (block->units == 0) return;
        if (flags_are_free(block->flags)) move(heap, ref, block);
        ref += block->units;
    }
}

static void unhang(struct heap *heap, heap_ref ref, struct free_block *block) {
    bin_remove(heap, ref, block);
}

uint32_t heap_evacuate_begin(struct heap *heap) {
    if (heap->evacuated) return heap->evacuated;
    uint32_t sparsest = 0;
    for (uint32_t i = 1; i < heap->chunks_len; i++) {
        const struct heap_chunk *chunk = &heap->chunks[i];
        if (!chunk->base || chunk->live_bytes > chunk->bytes / 4 * 3) continue;
        const struct heap_chunk *best = &heap->chunks[sparsest];
        if (!sparsest ||
            (uint64_t)chunk->live_bytes * best->bytes < (uint64_t)best->live_bytes * chunk->bytes)
            sparsest = i;
    }
    /* What moves must find room in the other chunks, or a chunk would be paid for a chunk. */
    size_t room = heap->chunk_bytes - heap->live_bytes;
    const struct heap_chunk *chunk = &heap->chunks[sparsest];
    if (!sparsest || room - (chunk->bytes - chunk->live_bytes) < chunk->live_bytes) return 0;
    chunk_each_free(heap, sparsest, unhang);
    heap->evacuated = sparsest;
    return sparsest;
}

void heap_evacuate_end(struct heap *heap) {
    uint32_t number = heap->evacuated;
    heap->evacuated = 0;
    if (number) chunk_each_free(heap, number, bin_insert);
}

heap_ref heap_next_live(const struct heap *heap, uint32_t chunk, uint32_t unit) {
    for (heap_ref ref = ref_make(chunk, unit);;) {
        const struct entry *entry = heap_entry(heap, ref);
        if (entry->units == 0) return 0;
        if (!flags_are_free(entry->flags)) return ref;
        ref += entry->units;
    }
}

size_t heap_taken_bytes(const struct heap *heap) {
    return sizeof *heap + heap->chunks_cap * sizeof *heap->chunks + heap->chunk_bytes;
}

static const char *chunk_check(const struct heap *heap, uint32_t number, size_t *free_blocks) {
    const struct heap_chunk *chunk = &heap->chunks[number];
    size_t live = 0, at = 0;
    bool prev_free = false;
    for (;;) {
        heap_ref ref = ref_make(number, (uint32_t)(at / ENTRY_UNIT_BYTES));
        struct free_block *block = free_block_at(heap, ref);
        if (((block->flags & F_PREV_FREE) != 0) != prev_free) return "F_PREV_FREE tells the truth";
        if (block->units == 0) break;
        bool is_free = flags_are_free(block->flags);
        if (is_free && prev_free) return "no two free blocks are neighbours";
        if (is_free && *free_block_tail(block) != block->units)
            return "a free block ends with its size";
        if (is_free && number != heap->evacuated) ++*free_blocks;
        if (!is_free) live += (size_t)block->units * ENTRY_UNIT_BYTES;
        prev_free = is_free;
        at += (size_t)block->units * ENTRY_UNIT_BYTES;
        if (at > chunk->bytes - HEAP_END_MARK_BYTES) return "blocks end at the end mark";
    }
    if (at != chunk->bytes - HEAP_END_MARK_BYTES) return "blocks fill their chunk";
    if (live != chunk->live_bytes || live == 0) return "a chunk counts its live bytes";
    return NULL;
}

const char *heap_check(const struct heap *heap) {
    size_t free_blocks = 0, binned = 0, bytes = 0, live = 0;
    for (uint32_t i = 1; i < heap->chunks_len; i++) {
        if (!heap->chunks[i].base) continue;
        const char *broken = chunk_check(heap, i, &free_blocks);
        if (broken) return broken;
        bytes += heap->chunks[i].bytes;
        live += heap->chunks[i].live_bytes;
    }
    if (bytes != heap->chunk_bytes || live != heap->live_bytes) return "the heap counts its bytes";
    for (size_t bin = 0; bin < HEAP_BINS; bin++) {
        bool marked = (heap->bins_used[bin / 64] >> (bin % 64) & 1) != 0;
        if (marked != (heap->bins[bin] != 0)) return "the bitmap knows which bins hold something";
        for (heap_ref ref = heap->bins[bin], prev = 0; ref; binned++) {
            const struct free_block *block = free_block_at(heap, ref);
            if (!flags_are_free(block->flags) || bin_of(block->units) != bin || block->prev != prev)
                return "a bin holds free blocks of its size";
            prev = ref;
            ref = block->next;
        }
    }
    return binned == free_blocks ? NULL : "every free block is in a bin";
}
