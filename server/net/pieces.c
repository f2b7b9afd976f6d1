/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/pieces.h"

enum {
    TAKEN_FROM_BYTES = 256 * 1024, /* of a reply, which then is not copied again */
    PART_FROM_BYTES = 1024,
};

struct piece {
    struct bytes bytes;
    struct blob *blob; /* NULL: bytes are the reply's own */
};

/* `own` are the reply's own bytes. */
static struct piece piece_at(const struct reply *reply, struct bytes own, size_t index) {
    size_t large = index / 2;
    if (index % 2) return (struct piece){reply->larges[large].bytes, reply->larges[large].blob};
    size_t begin = large ? reply->larges[large - 1].offset : 0;
    size_t end = large < reply->larges_count ? reply->larges[large].offset : own.len;
    return (struct piece){bytes_slice(own, begin, end - begin), NULL};
}

static size_t pieces_count(const struct reply *reply) {
    return 2 * reply->larges_count + 1;
}

size_t pieces_vectors(const struct reply *reply, uv_buf_t vectors[static PIECES_MAX]) {
    size_t count = 0, left = OUTPUT_WRITE_BYTES;
    for (size_t i = 0; i < pieces_count(reply) && count < PIECES_MAX && left > 0; i++) {
        struct piece piece = piece_at(reply, buf_view(&reply->out), i);
        if (piece.bytes.len == 0) continue;
        size_t bytes = MIN(piece.bytes.len, left);
        vectors[count++] = (uv_buf_t){.base = (char *)(uintptr_t)piece.bytes.data, .len = bytes};
        left -= bytes;
    }
    return count;
}

static size_t own_bytes_left(const struct reply *reply, size_t sent) {
    struct bytes own = buf_view(&reply->out);
    size_t left = 0;
    for (size_t i = 0; i < pieces_count(reply); i++) {
        struct piece piece = piece_at(reply, own, i);
        size_t skip = MIN(sent, piece.bytes.len);
        sent -= skip;
        if (!piece.blob) left += piece.bytes.len - skip;
    }
    return left;
}

/* NULL: they are to be copied.  A letter's bytes are not its own; and for a small rest the whole of
 * a buffer is not kept, nor the room behind it for any. */
static struct blob *take_bytes(struct reply *reply, size_t left) {
    struct buf *out = &reply->out;
    if (out->cap == 0 || left < TAKEN_FROM_BYTES || left < out->len / 2) return NULL;
    buf_shrink(out, 0);
    return blob_of_buf(out);
}

enum brine_status pieces_queue(struct reply *reply, size_t sent, struct output *output) {
    size_t left = own_bytes_left(reply, sent);
    struct blob *taken = take_bytes(reply, left);
    struct bytes own = taken ? blob_view(taken) : buf_view(&reply->out);
    size_t beside = taken ? taken->taken_bytes - left : 0;
    enum brine_status status = BRINE_OK;
    for (size_t i = 0; i < pieces_count(reply) && status == BRINE_OK; i++) {
        struct piece piece = piece_at(reply, own, i);
        size_t skip = MIN(sent, piece.bytes.len);
        sent -= skip;
        if (skip == piece.bytes.len) continue;
        struct bytes rest = bytes_slice(piece.bytes, skip, piece.bytes.len);
        if (piece.blob)
            status = output_add_blob(output, piece.blob, rest);
        else if (taken && rest.len >= PART_FROM_BYTES) {
            status = output_add_reply(output, taken, rest, beside);
            beside = 0;
        } else
            status = output_add_bytes(output, rest);
    }
    blob_unref(taken);
    return status;
}
