/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/random.h"
#include "store/heap.h"
#include "support/failing.h"

#include <criterion/criterion.h>

enum { BLOCKS = 2000 };

static struct failing_allocator mem;
static struct random rng;
static heap_ref refs[BLOCKS];
static uint16_t units_of[BLOCKS];
static uint8_t fill[BLOCKS];

static void write_block(struct heap *heap, size_t i) {
    struct entry *entry = heap_entry(heap, refs[i]);
    cr_assert(entry->units >= units_of[i]);
    fill[i] = (uint8_t)random_u64(&rng);
    memset(entry->body, fill[i], (size_t)units_of[i] * 8 - sizeof *entry);
}

static void verify_block(const struct heap *heap, size_t i) {
    const struct entry *entry = heap_entry(heap, refs[i]);
    size_t len = (size_t)units_of[i] * 8 - sizeof *entry;
    cr_assert(entry->body[0] == fill[i] && !memcmp(entry->body, entry->body + 1, len - 1),
              "block %zu", i);
}

static void verify(const struct heap *heap) {
    const char *broken = heap_check(heap);
    cr_assert(!broken, "%s", broken);
    cr_assert_eq(heap_taken_bytes(heap), mem.taken_bytes);
}

static void random_steps(struct heap *heap, size_t steps, uint64_t units_max) {
    for (size_t step = 0; step < steps; step++) {
        size_t i = random_below(&rng, BLOCKS);
        if (refs[i]) verify_block(heap, i);
        if (refs[i] && random_below(&rng, 4) == 0) {
            units_of[i] = (uint16_t)(2 + random_below(&rng, units_of[i] - 1u));
            heap_shrink(heap, refs[i], units_of[i]);
            verify_block(heap, i);
        } else if (refs[i]) {
            heap_free(heap, refs[i]);
            refs[i] = 0;
        } else {
            units_of[i] = (uint16_t)(2 + random_below(&rng, units_max - 1));
            refs[i] = heap_alloc(heap, units_of[i]);
            if (refs[i]) write_block(heap, i);
        }
        if (step % 500 == 0) verify(heap);
    }
}

Test(heap, blocks_keep_their_bytes_over_random_steps) {
    static const struct {
        size_t chunk_bytes_min, chunk_bytes_max;
        uint64_t units_max;
    } rows[] = {{4096, 256 * 1024, 40},
                {4096, 256 * 1024, 400},
                {64, 64, 2},
                {64, 512, 30},
                {4096, 4096, 12000},
                {4096, 256 * 1024, 12000},
                {262144, 256 * 1024, 3000}};
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        random_init(&rng, row);
        failing_init(&mem, SIZE_MAX);
        memset(refs, 0, sizeof refs);
        struct heap *heap =
            heap_create(&mem.allocator, rows[row].chunk_bytes_min, rows[row].chunk_bytes_max);
        cr_assert(heap);
        random_steps(heap, 20000, rows[row].units_max);
        for (size_t i = 0; i < BLOCKS; i++)
            if (refs[i]) heap_free(heap, refs[i]);
        verify(heap);
        cr_expect_eq(heap->chunk_bytes, 0, "an empty heap has no chunk");
        heap_destroy(heap);
        cr_expect_eq(mem.taken_bytes, 0);
    }
}

Test(heap, goes_on_after_any_refused_allocation) {
    for (size_t n = 0;; n++) {
        random_init(&rng, 5);
        failing_init(&mem, n);
        memset(refs, 0, sizeof refs);
        struct heap *heap = heap_create(&mem.allocator, 64, 1024);
        if (heap) {
            random_steps(heap, 300, 60);
            verify(heap);
            heap_destroy(heap);
        }
        cr_assert_eq(mem.taken_bytes, 0);
        if (!mem.refused) break;
    }
}

Test(heap, same_sizes_fill_a_chunk_to_the_end) {
    static const size_t sizes[] = {96, 104, 448, 10272, 81944};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        failing_init(&mem, SIZE_MAX);
        struct heap *heap = heap_create(&mem.allocator, 4096, 256 * 1024);
        cr_assert(heap);
        size_t count = (8 << 20) / sizes[i];
        for (size_t k = 0; k < count; k++) cr_assert(heap_alloc(heap, sizes[i] / 8));
        /* All but what is left in the last chunk is in use. */
        size_t waste = heap->chunk_bytes - heap->live_bytes;
        cr_expect(waste < heap->chunk_bytes / 25, "size %zu: %zu of %zu", sizes[i], waste,
                  heap->chunk_bytes);
        heap_destroy(heap);
    }
}

Test(heap, where_chunks_may_have_any_size_little_of_the_newest_lies_idle) {
    failing_init(&mem, SIZE_MAX);
    struct heap *heap = heap_create(&mem.allocator, 4096, 256 * 1024);
    cr_assert(heap);
    heap->cuts_fine = true;
    while (heap->live_bytes < 16 << 20) {
        cr_assert(heap_alloc(heap, 456 / 8));
        size_t waste = heap->chunk_bytes - heap->live_bytes;
        if (heap->live_bytes > 2 << 20)
            cr_assert(waste < heap->chunk_bytes / 36, "%zu of %zu", waste, heap->chunk_bytes);
    }
    verify(heap);
    heap_destroy(heap);
}
