/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A blob: a large value outside of the table, counted by references, so that it can be sent from
 * where it lies while a writer replaces it, and filled straight from a socket before it is stored.
 *
 *     struct blob *blob = blob_create(store_allocator(store), len);  // one reference, the caller's
 *     ... fill blob->data ...
 *     status = store_put(store, &key, &(struct store_new_value){.blob = blob}, now_ms);
 *
 * Its bytes lie in one of three places: behind the header (blob_create), in a block that was a
 * buffer before (blob_of_buf, blob_of_part), or in a *run*, which has room behind them:
 *
 *     run:   [ the bytes of the first | added later | room ]
 *     blob   |<-------- len -------->|
 *     another, made of it by blob_extend:
 *            |<---------------- len -------------->|
 *
 * So what is appended to a long value again and again is copied now and then, and not each time;
 * who reads the shorter one goes on reading it.
 *
 * Words: a *pin* is a reference held by a reply that waits for its client to read; a blob is
 * *orphaned* when pins are all that keep it.
 * Careful: bytes may be written only between the blob's making and the first time it is shared, of
 * an extended one those alone that it has more than the blob before; and later by who has the only
 * reference, as the store's under its shard's lock (store_edit), while nobody else can get one.
 * Thread: references may be taken and dropped by any thread; whoever drops the last one frees. */
#ifndef BRINE_STORE_BLOB_H
#define BRINE_STORE_BLOB_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"

#include <stdatomic.h>

struct blob_run; /* blob.c */

struct blob {
    uint8_t *data; /* not aligned */
    size_t len;
    struct allocator *mem;
    struct blob_run *run; /* NULL: the bytes are its own, */
    uint8_t *block;       /* in this block, or when NULL behind the header, */
    size_t taken_bytes;   /* and with the header as much of memory; of a run: the header alone */
    _Atomic uint32_t refs;
    _Atomic uint32_t pins; /* of refs */
};

/* NULL when refused.  data is not initialised. */
struct blob *blob_create(struct allocator *mem, size_t len) MUST_USE;
/* Takes what is in the buffer, which is empty then.  NULL when refused: the buffer is as it was. */
struct blob *blob_of_buf(struct buf *buf) MUST_USE;
/* The same of a part of what is in the buffer, with all of the buffer's memory, which counts in
 * `mem` then (mem_hand_over).  The bytes around the part stay readable as long as the blob is
 * there.
 */
struct blob *blob_of_part(struct buf *buf, struct bytes part, struct allocator *mem) MUST_USE;
/* Undoes blob_of_part for the buffer, which is empty since, and in which were `len` bytes; the blob
 * is gone.  False: somebody else has a reference to it, and it is as it was. */
bool blob_back_to_buf(struct blob *blob, struct buf *buf, size_t len);
/* Adds a reference; returns blob. */
struct blob *blob_ref(struct blob *blob);
/* Drops a reference; NULL is allowed. */
void blob_unref(struct blob *blob);

/* A copy of `bytes` of `len`, the rest not initialised, with room behind it of an eighth more. NULL
 * when refused. */
struct blob *blob_create_run(struct allocator *mem, struct bytes bytes, size_t len) MUST_USE;
/* The blob's bytes and some more behind them, not initialised, without a copy.  NULL: it has no
 * such room, somebody else took it, or memory was refused.  Who does not share the new blob gives
 * the room back by blob_unextend. */
struct blob *blob_extend(struct blob *blob, size_t len) MUST_USE;
void blob_unextend(struct blob *extended, const struct blob *blob);

/* True when there is one reference to the blob and to its bytes, and who had others has done with
 * them.  It stays so as long as who has that reference lets nobody else have one. */
bool blob_is_sole(const struct blob *blob);

/* A reference that is counted as a pin, and its end. */
struct blob *blob_pin(struct blob *blob);
void blob_unpin(struct blob *blob);
/* True when nothing but pins keeps the blob: its bytes are then the cost of who pins it.  The
 * answer is of one moment; a blob that is orphaned stays so. */
bool blob_is_orphaned(const struct blob *blob);

static inline struct bytes blob_view(const struct blob *blob) {
    return bytes_view(blob->data, blob->len);
}
/* What goes when the blob goes, as far as nobody else has a part in it. */
size_t blob_bytes(const struct blob *blob);

#endif
