/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/blob.h"

#include "base/assert.h"

enum { RUN_ROOM_SHARE = 8 };

/* Invariant: used_bytes is the length of the longest blob that was made of it and not given back,
 * and only who moves it there may write between that blob's predecessor and it. */
struct blob_run {
    struct allocator *mem;
    size_t room_bytes;
    _Atomic size_t used_bytes;
    _Atomic uint32_t refs; /* by blobs */
    uint8_t data[];
};

static struct blob *create(struct allocator *mem, size_t bytes) {
    struct blob *blob = mem_alloc(mem, bytes);
    if (!blob) return NULL;
    *blob = (struct blob){.mem = mem, .taken_bytes = bytes};
    atomic_init(&blob->refs, 1);
    return blob;
}

struct blob *blob_create(struct allocator *mem, size_t len) {
    size_t bytes;
    if (add_overflows(sizeof(struct blob), len, &bytes)) return NULL;
    struct blob *blob = create(mem, bytes);
    if (!blob) return NULL;
    blob->data = (uint8_t *)(blob + 1);
    blob->len = len;
    return blob;
}

struct blob *blob_of_part(struct buf *buf, struct bytes part, struct allocator *mem) {
    struct blob *blob = create(mem, sizeof *blob);
    if (!blob || !mem_hand_over(buf->mem, mem, buf->cap)) {
        mem_free(mem, blob, sizeof *blob);
        return NULL;
    }
    blob->block = buf->data;
    blob->data = part.len > 0 ? buf->data + (part.data - buf->data) : buf->data;
    blob->len = part.len;
    blob->taken_bytes += buf->cap;
    buf->data = NULL;
    buf->len = buf->cap = 0;
    return blob;
}

struct blob *blob_of_buf(struct buf *buf) {
    return blob_of_part(buf, buf_view(buf), buf->mem);
}

bool blob_back_to_buf(struct blob *blob, struct buf *buf, size_t len) {
    size_t cap = blob->taken_bytes - sizeof *blob;
    BRINE_ASSERT(blob->block && !buf->data && len <= cap, "what came of a buffer goes back to it");
    if (!blob_is_sole(blob) || !mem_hand_over(blob->mem, buf->mem, cap)) return false;
    buf->data = blob->block;
    buf->cap = cap;
    buf->len = len;
    mem_free(blob->mem, blob, sizeof *blob);
    return true;
}

struct blob *blob_ref(struct blob *blob) {
    /* Who adds a reference has one (or the shard's lock), so nothing needs to be ordered here. */
    uint32_t before = atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    BRINE_ASSERT(before > 0 && before < UINT32_MAX, "a reference is added to a live blob");
    return blob;
}

static void drop_run(struct blob_run *run) {
    uint32_t before = atomic_fetch_sub_explicit(&run->refs, 1, memory_order_acq_rel);
    BRINE_ASSERT(before > 0, "a run lives as long as its blobs");
    if (before == 1) mem_free(run->mem, run, sizeof *run + run->room_bytes);
}

void blob_unref(struct blob *blob) {
    if (!blob) return;
    /* Release: this thread's reads are over before another thread frees.  Acquire: that other
     * thread sees them as over. */
    uint32_t before = atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel);
    BRINE_ASSERT(before > 0, "a reference is dropped once");
    if (before > 1) return;
    size_t header_bytes = blob->block ? sizeof *blob : blob->taken_bytes;
    if (blob->run) drop_run(blob->run);
    mem_free(blob->mem, blob->block, blob->taken_bytes - header_bytes);
    mem_free(blob->mem, blob, header_bytes);
}

/* ---- runs ------------------------------------------------------------------------------------ */

struct blob *blob_create_run(struct allocator *mem, struct bytes bytes, size_t len) {
    size_t room, taken;
    if (add_overflows(len, len / RUN_ROOM_SHARE, &room) ||
        add_overflows(room, sizeof(struct blob_run), &taken))
        return NULL;
    struct blob *blob = create(mem, sizeof *blob);
    struct blob_run *run = blob ? mem_alloc(mem, taken) : NULL;
    if (!run) {
        mem_free(mem, blob, sizeof *blob);
        return NULL;
    }
    run->mem = mem;
    run->room_bytes = room;
    atomic_init(&run->used_bytes, len);
    atomic_init(&run->refs, 1);
    bytes_copy_to(run->data, bytes);
    blob->run = run;
    blob->data = run->data;
    blob->len = len;
    return blob;
}

struct blob *blob_extend(struct blob *blob, size_t len) {
    struct blob_run *run = blob->run;
    size_t used = blob->len;
    if (!run || len > run->room_bytes || len < used) return NULL;
    struct blob *extended = create(blob->mem, sizeof *extended);
    if (!extended) return NULL;
    /* Acquire: what was written behind by who gave the room back is over. */
    if (!atomic_compare_exchange_strong_explicit(&run->used_bytes, &used, len, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        mem_free(extended->mem, extended, sizeof *extended);
        return NULL;
    }
    atomic_fetch_add_explicit(&run->refs, 1, memory_order_relaxed);
    extended->run = run;
    extended->data = run->data;
    extended->len = len;
    return extended;
}

void blob_unextend(struct blob *extended, const struct blob *blob) {
    BRINE_ASSERT(atomic_load(&extended->refs) == 1, "what is given back was shared with nobody");
    size_t used = extended->len;
    bool was_last = extended->run == blob->run && atomic_compare_exchange_strong_explicit(
                                                      &extended->run->used_bytes, &used, blob->len,
                                                      memory_order_acq_rel, memory_order_relaxed);
    BRINE_ASSERT(was_last, "nobody extends what he was not shown");
    blob_unref(extended);
}

size_t blob_bytes(const struct blob *blob) {
    return blob->taken_bytes + (blob->run ? sizeof *blob->run + blob->run->room_bytes : 0);
}

bool blob_is_sole(const struct blob *blob) {
    /* Acquire: the reads of who dropped the others are over. */
    return atomic_load_explicit(&blob->refs, memory_order_acquire) == 1 &&
           (!blob->run || atomic_load_explicit(&blob->run->refs, memory_order_acquire) == 1);
}

/* ---- pins ------------------------------------------------------------------------------------ */

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
