/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the decompressors keep between values, so that a small one is cheap: for unpack*.c alone. */
#ifndef BRINE_CODECS_H
#define BRINE_CODECS_H

#include "frame/unpack.h"

#include <zlib.h>
#include <zstd.h>

struct frame_codecs {
    struct frame_scratch *scratch;
    bool limit_met; /* the last refusal was the scratch's own limit */
    bool inflate_ready;
    z_stream inflate;
    ZSTD_DCtx *zstd;     /* its memory is zstd's own */
    size_t zstd_charged; /* what of it is charged to the account */
};

/* The next piece of the input, for a library that takes it as it comes: its length, after
 * stream->left has been lowered by it.  A call may not have so much that it takes long. */
static inline size_t codecs_feed(struct unpack_stream *stream) {
    enum { PIECE_BYTES = 8 << 10 };
    size_t piece = MIN(stream->left, (size_t)PIECE_BYTES);
    stream->left -= piece;
    stream->fed += piece;
    return piece;
}

/* Takes from and gives back to the account without memory changing hands. */
bool codecs_charge(struct frame_codecs *codecs, size_t bytes) MUST_USE;
void codecs_discharge(struct frame_codecs *codecs, size_t bytes);

#endif
