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

/* NULL: they are to be copied.  A letter's bytes are not its own. */
static struct blob *take_bytes(struct reply *reply) {
    bool is_long = reply->out.cap > 0 && reply->out.len >= TAKEN_FROM_BYTES;
    return is_long ? blob_of_buf(&reply->out) : NULL;
}

enum brine_status pieces_queue(struct reply *reply, size_t sent, struct output *output) {
    struct bytes own = buf_view(&reply->out);
    struct blob *taken = take_bytes(reply);
    enum brine_status status = BRINE_OK;
    for (size_t i = 0; i < pieces_count(reply) && status == BRINE_OK; i++) {
        struct piece piece = piece_at(reply, own, i);
        size_t skip = MIN(sent, piece.bytes.len);
        sent -= skip;
        if (skip == piece.bytes.len) continue;
        struct bytes rest = bytes_slice(piece.bytes, skip, piece.bytes.len);
        if (piece.blob)
            status = output_add_blob(output, piece.blob, rest);
        else if (taken && rest.len >= PART_FROM_BYTES)
            status = output_add_reply(output, taken, rest);
        else
            status = output_add_bytes(output, rest);
    }
    blob_unref(taken);
    return status;
}
