/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A blob: a large value in a block of its own, counted by references, so that it can be sent from
 * where it lies while a writer replaces it, and filled straight from a socket before it is stored.
 *
 *     struct blob *blob = blob_create(store_allocator(store), len);  // one reference, the caller's
 *     ... fill blob->data ...
 *     status = store_put(store, &key, &(struct store_new_value){.blob = blob}, now_ms);
 *
 * Words: a *pin* is a reference held by a reply that waits for its client to read; a blob is
 * *orphaned* when pins are all that keep it.
 * Careful: data may be written only between blob_create and the first time the blob is shared.
 * Thread: references may be taken and dropped by any thread; whoever drops the last one frees. */
#ifndef BRINE_STORE_BLOB_H
#define BRINE_STORE_BLOB_H

#include "base/bytes.h"
#include "base/mem.h"

#include <stdatomic.h>

struct blob {
    struct allocator *mem;
    size_t len;
    _Atomic uint32_t refs;
    _Atomic uint32_t pins; /* of refs */
    uint8_t data[];        /* 8-byte aligned */
};

/* NULL when refused.  data is not initialised. */
struct blob *blob_create(struct allocator *mem, size_t len) MUST_USE;
/* Adds a reference; returns blob. */
struct blob *blob_ref(struct blob *blob);
/* Drops a reference; NULL is allowed. */
void blob_unref(struct blob *blob);

/* A reference that is counted as a pin, and its end. */
struct blob *blob_pin(struct blob *blob);
void blob_unpin(struct blob *blob);
/* True when nothing but pins keeps the blob: its bytes are then the cost of who pins it.  The
 * answer is of one moment; a blob that is orphaned stays so. */
bool blob_is_orphaned(const struct blob *blob);

static inline struct bytes blob_view(const struct blob *blob) {
    return bytes_view(blob->data, blob->len);
}

#endif
