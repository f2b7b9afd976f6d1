/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/output.h"

#include "base/assert.h"

enum {
    /* A client that is behind usually stays so for a while: small replies share a chunk. */
    CHUNK_BYTES_MIN = 4096 - sizeof(struct output_chunk)
};

struct output *output_create(struct allocator *mem) {
    struct output *output = mem_alloc(mem, sizeof(*output));
    if (output) *output = (struct output){.mem = mem, .owned_bytes = sizeof(*output)};
    return output;
}

static void free_chunk(struct output *output, struct output_chunk *chunk) {
    size_t bytes = sizeof(*chunk) + chunk->data_bytes;
    output->owned_bytes -= bytes + chunk->part_bytes;
    output->reply_bytes -= chunk->part_bytes;
    blob_unpin(chunk->blob);
    mem_free(output->mem, chunk, bytes);
}

/* libuv, which is told of the socket's end at once, does not look at the bytes of a request after
 * that, only at how many they were. */
void output_drop(struct output *output) {
    while (output->first) {
        struct output_chunk *chunk = output->first;
        output->first = chunk->next;
        free_chunk(output, chunk);
    }
    output->last = NULL;
    output->chunks_in_flight = 0;
    output->pending_bytes = output->orphaned_bytes = 0;
}

void output_destroy(struct output *output) {
    output_drop(output);
    mem_free(output->mem, output, sizeof(*output));
}

static struct output_chunk *add_chunk(struct output *output, size_t data_bytes) {
    size_t bytes = sizeof(struct output_chunk) + data_bytes;
    struct output_chunk *chunk = mem_alloc(output->mem, bytes);
    if (!chunk) return NULL;
    *chunk = (struct output_chunk){.data_bytes = data_bytes};
    output->owned_bytes += bytes;
    if (output->last)
        output->last->next = chunk;
    else
        output->first = chunk;
    output->last = chunk;
    return chunk;
}

enum brine_status output_add_bytes(struct output *output, struct bytes bytes) {
    struct output_chunk *chunk = output->last;
    /* Also while it is in flight: the write's vector ends before what is added now. */
    bool fits = chunk && !chunk->blob && chunk->data_bytes - chunk->end >= bytes.len;
    if (!fits) chunk = add_chunk(output, MAX(bytes.len, (size_t)CHUNK_BYTES_MIN));
    if (!chunk) return BRINE_NO_MEMORY;
    bytes_copy_to(chunk->data + chunk->end, bytes);
    chunk->end += bytes.len;
    output->pending_bytes += bytes.len;
    return BRINE_OK;
}

enum brine_status output_add_blob(struct output *output, struct blob *blob, struct bytes bytes) {
    struct output_chunk *chunk = add_chunk(output, 0);
    if (!chunk) return BRINE_NO_MEMORY;
    chunk->blob = blob_pin(blob);
    chunk->begin = (size_t)(bytes.data - blob->data);
    chunk->end = chunk->begin + bytes.len;
    output->pending_bytes += bytes.len;
    return BRINE_OK;
}

enum brine_status output_add_reply(struct output *output, struct blob *blob, struct bytes bytes,
                                   size_t beside_bytes) {
    TRY(output_add_blob(output, blob, bytes));
    output->last->part_bytes = bytes.len + beside_bytes;
    output->owned_bytes += bytes.len + beside_bytes;
    output->reply_bytes += bytes.len + beside_bytes;
    return BRINE_OK;
}

static const uint8_t *chunk_bytes(const struct output_chunk *chunk) {
    return chunk->blob ? chunk->blob->data : chunk->data;
}

size_t output_begin(struct output *output, uv_buf_t vectors[static OUTPUT_VECTORS]) {
    BRINE_ASSERT(output->chunks_in_flight == 0, "one write of a client is in flight at a time");
    size_t count = 0, left = OUTPUT_WRITE_BYTES;
    for (struct output_chunk *chunk = output->first; chunk && count < OUTPUT_VECTORS && left > 0;
         chunk = chunk->next) {
        size_t bytes = MIN(chunk->end - chunk->begin, left);
        chunk->write_end = chunk->begin + bytes;
        left -= bytes;
        /* libuv's vectors are for reading into as well, so they point to bytes that may change. */
        vectors[count++] = (uv_buf_t){
            .base = (char *)(uintptr_t)(chunk_bytes(chunk) + chunk->begin), .len = bytes};
    }
    output->chunks_in_flight = count;
    return count;
}

size_t output_end(struct output *output) {
    size_t sent = 0;
    for (; output->chunks_in_flight > 0; output->chunks_in_flight--) {
        struct output_chunk *chunk = output->first;
        BRINE_ASSERT(chunk, "what is in flight is still queued");
        sent += chunk->write_end - chunk->begin;
        chunk->begin = chunk->write_end;
        if (chunk->begin < chunk->end)
            continue; /* of the last one more is to be sent: it stays first */
        output->first = chunk->next;
        if (!output->first) output->last = NULL;
        free_chunk(output, chunk);
    }
    output->pending_bytes -= sent;
    return sent;
}

struct bytes output_front(const struct output *output, size_t most) {
    const struct output_chunk *chunk = output->first;
    if (!chunk) return bytes_view(NULL, 0);
    return bytes_slice(bytes_view(chunk_bytes(chunk), chunk->end), chunk->begin,
                       MIN(most, chunk->end - chunk->begin));
}

void output_consume(struct output *output, size_t count) {
    struct output_chunk *chunk = output->first;
    BRINE_ASSERT(chunk && output->chunks_in_flight == 0 && count <= chunk->end - chunk->begin,
                 "what is consumed is the front's");
    chunk->begin += count;
    output->pending_bytes -= count;
    if (chunk->begin < chunk->end) return;
    output->first = chunk->next;
    if (!output->first) output->last = NULL;
    free_chunk(output, chunk);
}

size_t output_count_orphans(struct output *output) {
    size_t first = 0;
    output->orphaned_bytes = 0;
    output->asked_bytes = output->pending_bytes;
    for (const struct output_chunk *chunk = output->first; chunk; chunk = chunk->next) {
        if (!chunk->blob || chunk->part_bytes || !blob_is_orphaned(chunk->blob)) continue;
        output->orphaned_bytes += chunk->blob->len;
        if (chunk == output->first) first = chunk->blob->len;
    }
    return output->orphaned_bytes - first;
}

size_t output_orphans(struct output *output) {
    enum { ASK_BYTES = 4 << 20 };
    output->asked_bytes = MIN(output->asked_bytes, output->pending_bytes);
    if (output->pending_bytes - output->asked_bytes >= ASK_BYTES)
        (void)output_count_orphans(output);
    return output->orphaned_bytes;
}
