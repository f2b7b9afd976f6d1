/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/blob.h"

#include "base/assert.h"

struct blob *blob_create(struct allocator *mem, size_t len) {
    size_t bytes;
    if (add_overflows(sizeof(struct blob), len, &bytes)) return NULL;
    struct blob *blob = mem_alloc(mem, bytes);
    if (!blob) return NULL;
    blob->mem = mem;
    blob->len = len;
    atomic_init(&blob->refs, 1);
    atomic_init(&blob->pins, 0);
    return blob;
}

struct blob *blob_ref(struct blob *blob) {
    /* Who adds a reference has one (or the shard's lock), so nothing needs to be ordered here. */
    uint32_t before = atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    BRINE_ASSERT(before > 0 && before < UINT32_MAX, "a reference is added to a live blob");
    return blob;
}

void blob_unref(struct blob *blob) {
    if (!blob) return;
    /* Release: this thread's reads are over before another thread frees.  Acquire: that other
     * thread sees them as over. */
    uint32_t before = atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel);
    BRINE_ASSERT(before > 0, "a reference is dropped once");
    if (before == 1) mem_free(blob->mem, blob, sizeof(struct blob) + blob->len);
}

/* Invariant: pins <= refs, at every moment: a pin is counted after its reference and forgotten
 * before it. */
struct blob *blob_pin(struct blob *blob) {
    blob_ref(blob);
    atomic_fetch_add_explicit(&blob->pins, 1, memory_order_relaxed);
    return blob;
}

void blob_unpin(struct blob *blob) {
    if (!blob) return;
    atomic_fetch_sub_explicit(&blob->pins, 1, memory_order_relaxed);
    blob_unref(blob);
}

bool blob_is_orphaned(const struct blob *blob) {
    uint32_t pins = atomic_load_explicit(&blob->pins, memory_order_relaxed);
    return atomic_load_explicit(&blob->refs, memory_order_relaxed) <= pins;
}
