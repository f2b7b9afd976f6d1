/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/pieces.h"

struct piece {
    struct bytes bytes;
    struct blob *blob; /* NULL: bytes are the reply's own */
};

static struct piece piece_at(const struct reply *reply, size_t index) {
    size_t large = index / 2;
    if (index % 2)
        return (struct piece){blob_view(reply->larges[large].blob), reply->larges[large].blob};
    size_t begin = large ? reply->larges[large - 1].offset : 0;
    size_t end = large < reply->larges_count ? reply->larges[large].offset : reply->out.len;
    return (struct piece){bytes_slice(buf_view(&reply->out), begin, end - begin), NULL};
}

static size_t pieces_count(const struct reply *reply) {
    return 2 * reply->larges_count + 1;
}

size_t pieces_vectors(const struct reply *reply, uv_buf_t vectors[static PIECES_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < pieces_count(reply) && count < PIECES_MAX; i++) {
        struct piece piece = piece_at(reply, i);
        if (piece.bytes.len == 0) continue;
        vectors[count++] =
            (uv_buf_t){.base = (char *)(uintptr_t)piece.bytes.data, .len = piece.bytes.len};
    }
    return count;
}

enum brine_status pieces_queue(const struct reply *reply, size_t sent, struct output *output) {
    for (size_t i = 0; i < pieces_count(reply); i++) {
        struct piece piece = piece_at(reply, i);
        size_t skip = MIN(sent, piece.bytes.len);
        sent -= skip;
        if (skip == piece.bytes.len) continue;
        if (piece.blob)
            TRY(output_add_blob(output, piece.blob, skip));
        else
            TRY(output_add_bytes(output, bytes_slice(piece.bytes, skip, piece.bytes.len)));
    }
    return BRINE_OK;
}
