/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Output: what could not be sent at once, in order, until the socket takes it.
 *
 *     first -> [chunk: bytes of our own] -> [chunk: a blob, from an offset] -> ... <- last
 *
 * A chunk's bytes do not move until it is sent, so a write in flight may point into the front ones
 * while more are added behind.  An idle connection has no struct output at all.
 *
 * Ownership: bytes are copied in; a blob is pinned.  `owned_bytes` is what is taken from the
 * allocator, for a long reply that was taken over its part of that; `pending_bytes` is what is
 * still to be sent, blobs included.  A blob that is still in the store costs nothing; one that was
 * replaced or deleted meanwhile is *orphaned* and is this client's cost, which output_count_orphans
 * finds out now and then. Thread: the connection's worker.  Bounds: the caller looks at owned_bytes
 * before adding. */
#ifndef BRINE_OUTPUT_H
#define BRINE_OUTPUT_H

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "store/blob.h"

#include <uv.h>

struct output_chunk {
    struct output_chunk *next;
    struct blob *blob; /* NULL: the bytes are in data */
    size_t begin, end; /* what is to be sent of the blob or of data */
    size_t write_end;  /* in flight: how far the write goes; more may have been added behind */
    size_t data_bytes; /* room in data */
    size_t part_bytes; /* of a blob that is a reply and nobody else's: what goes with this chunk */
    uint8_t data[];
};

enum {
    OUTPUT_VECTORS = 4, /* uv_write keeps so many in its request and allocates for more */
    /* Of one write.  The kernel goes on copying as long as the reader of a long value takes it as
     * fast, which on the same machine may be all of it. */
    OUTPUT_WRITE_BYTES = 1 << 20,
};

struct output {
    uv_write_t request;
    struct output_chunk *first, *last;
    size_t chunks_in_flight; /* from first on, being written; 0: no write is under way */
    size_t pending_bytes, owned_bytes;
    size_t reply_bytes;    /* of owned_bytes: long replies, which are no sign of not reading */
    size_t orphaned_bytes; /* when last counted, with so much pending: */
    size_t asked_bytes;
    struct allocator *mem;
};

/* NULL when refused. */
struct output *output_create(struct allocator *mem) MUST_USE;
/* All that was queued, in flight or not, is gone: the socket was closed, and what it has not taken
 * it never will. */
void output_drop(struct output *output);
/* No write may be in flight. */
void output_destroy(struct output *output);

enum brine_status output_add_bytes(struct output *output, struct bytes bytes) MUST_USE;
/* Bytes of the blob; takes a pin of its own. */
enum brine_status output_add_blob(struct output *output, struct blob *blob,
                                  struct bytes bytes) MUST_USE;
/* The same for a part of a long reply's own bytes, which became a blob; so many bytes of it that no
 * part sends go when this part does. */
enum brine_status output_add_reply(struct output *output, struct blob *blob, struct bytes bytes,
                                   size_t beside_bytes) MUST_USE;

/* Fills vectors from the front, marks those chunks as in flight, returns how many. */
size_t output_begin(struct output *output, uv_buf_t vectors[static OUTPUT_VECTORS]);
/* What was in flight is sent (true) or is not known to be (false): it is dropped in both cases.
 * Returns how many bytes that was. */
size_t output_end(struct output *output);

/* At most `most` of the next bytes to be sent, and to say that they were; for who sends them in
 * another form.  No write may be in flight. */
struct bytes output_front(const struct output *output, size_t most);
void output_consume(struct output *output, size_t count);

/* Counts orphaned_bytes anew.  Returns how many of them are behind the first chunk: one value of
 * any size may be finished, more may not be waited for without end.  Cost: O(chunks). */
size_t output_count_orphans(struct output *output);
/* orphaned_bytes, counted anew once some more blobs are pending than when that was done last. */
size_t output_orphans(struct output *output);

#endif
