/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* lz4 and zstd frames.  Neither library lets its stable functions allocate from us: so lz4's frame,
 * which is simple, is read here and its blocks are decoded where they are to lie, which needs no
 * memory at all; and what zstd takes is read from the frame's head and charged to the account. */

#include "frame/codecs.h"

#include "base/reader.h"

#include <lz4.h>

/* 50..5f 2a 4d 18, length u32, bytes */
bool unpack_is_skippable(struct bytes input) {
    struct reader r = reader_over(input);
    return (read_u32le(&r) & 0xfffffff0) == 0x184d2a50;
}

static bool skip_skippable(struct reader *r) {
    struct bytes rest = bytes_view(r->data + r->offset, reader_left(r));
    if (rest.len < 8 || !unpack_is_skippable(rest)) return false;
    (void)read_u32le(r);
    (void)read_take(r, read_u32le(r));
    return !reader_failed(r);
}

/* ---- lz4 --------------------------------------------------------------------------------------*/

enum {
    LZ4_MAGIC = 0x184d2204,
    LZ4_HAS_DICTIONARY_ID = 1,
    LZ4_HAS_CHECKSUM = 4,
    LZ4_HAS_SIZE = 8,
    LZ4_HAS_BLOCK_CHECKSUM = 16,
    LZ4_BLOCKS_ALONE = 32,
    LZ4_WINDOW_BYTES = 64 << 10,
    LZ4_BLOCK_COST = 16, /* in bytes that take as long */
};
#define LZ4_BLOCK_RAW ((uint32_t)1 << 31) /* in a block's size */

struct lz4_head {
    uint8_t flags;
    uint32_t block_bytes_max;
};

/* magic u32, flags u8, block size u8, [size u64], [dictionary u32], checksum u8 */
static bool read_lz4_head(struct reader *r, struct lz4_head *head) {
    uint32_t magic = read_u32le(r);
    head->flags = read_u8(r);
    uint8_t size_code = read_u8(r) >> 4 & 7;
    if (head->flags & LZ4_HAS_SIZE) (void)read_u64le(r);
    if (head->flags & LZ4_HAS_DICTIONARY_ID) (void)read_u32le(r);
    (void)read_u8(r);
    if (reader_failed(r) || magic != LZ4_MAGIC || head->flags >> 6 != 1 || size_code < 4)
        return false;
    head->block_bytes_max = (uint32_t)1 << (8 + 2 * size_code);
    return true;
}

/* A block behind what its frame has given so far, which linked blocks may refer to. */
static enum brine_status decode_lz4_block(struct unpack *unpack, const struct lz4_head *head,
                                          struct bytes block, size_t frame_start, bool *decoded) {
    struct buf *out = unpack->out;
    size_t room;
    TRY(unpack_reserve(unpack, head->block_bytes_max, &room));
    size_t window =
        head->flags & LZ4_BLOCKS_ALONE ? 0 : MIN(out->len - frame_start, (size_t)LZ4_WINDOW_BYTES);
    char *target = (char *)out->data + out->len;
    int written = LZ4_decompress_safe_usingDict((const char *)block.data, target, (int)block.len,
                                                (int)MIN(room, (size_t)head->block_bytes_max),
                                                target - window, (int)window);
    TRY(unpack_tick(unpack, LZ4_BLOCK_COST + block.len + (size_t)MAX(written, 0)));
    *decoded = written >= 0;
    if (written >= 0) out->len += (size_t)written;
    /* What does not fit into the last of the budget's room would have gone beyond it. */
    if (written < 0 && room < head->block_bytes_max) out->len += room;
    return unpack_check(unpack);
}

static enum brine_status decode_lz4_frame(struct unpack *unpack, struct reader *r, bool *ended) {
    struct lz4_head head;
    size_t frame_start = unpack->out->len;
    *ended = false;
    if (!read_lz4_head(r, &head)) return BRINE_OK;
    for (;;) {
        uint32_t field = read_u32le(r);
        bool raw = field & LZ4_BLOCK_RAW;
        uint32_t bytes = field & ~LZ4_BLOCK_RAW;
        if (reader_failed(r) || bytes > head.block_bytes_max) return BRINE_OK;
        if (field == 0) break;
        /* A raw block that is cut off gives what there is of it, the other kind nothing. */
        struct bytes block = read_take(r, raw ? MIN((size_t)bytes, reader_left(r)) : bytes);
        if (reader_failed(r)) return BRINE_OK;
        bool decoded = true;
        if (raw) {
            size_t room;
            TRY(unpack_reserve(unpack, block.len, &room));
            block.len = MIN(block.len, room);
            TRY(buf_append(unpack->out, block));
            TRY(unpack_tick(unpack, LZ4_BLOCK_COST + block.len));
            TRY(unpack_check(unpack));
        } else {
            TRY(decode_lz4_block(unpack, &head, block, frame_start, &decoded));
        }
        if (head.flags & LZ4_HAS_BLOCK_CHECKSUM) (void)read_u32le(r);
        if (!decoded) return BRINE_OK;
    }
    if (head.flags & LZ4_HAS_CHECKSUM) (void)read_u32le(r);
    *ended = !reader_failed(r);
    return BRINE_OK;
}

/* lz4.frame.decompress stops behind the first frame, joblib's reader goes on: frames that follow
 * add to the end, where they are no harm to the former. */
enum brine_status unpack_lz4(struct unpack *unpack, struct bytes input) {
    struct reader r = reader_over(input);
    for (size_t frames = 0; !reader_at_end(&r); frames++) {
        bool ended = true;
        if (frames == UNPACK_STREAMS_MAX)
            return brine_fail(unpack->err, BRINE_TOO_BIG, r.offset, "%s: more than %d frames",
                              unpack->name, UNPACK_STREAMS_MAX);
        if (!skip_skippable(&r)) TRY(decode_lz4_frame(unpack, &r, &ended));
        if (!ended) return BRINE_OK;
    }
    return BRINE_OK;
}

/* ---- zstd -------------------------------------------------------------------------------------*/

enum {
    ZSTD_OWN_BYTES = 1 << 20,       /* its context and two blocks, at least */
    ZSTD_KEEP_BYTES = 4 << 20,      /* of a context, from one value to the next */
    ZSTD_WINDOW_BYTES_MAX = 1 << 27 /* beyond this readers refuse by themselves */
};

/* What the frame at the reader says of its window: magic u32, flags u8, [window u8],
 * [dictionary u8, u16 or u32], [size].  Of an older format the most. */
static uint64_t zstd_window(struct bytes frame) {
    static const uint8_t dictionary_bytes[] = {0, 1, 2, 4}, size_bytes[] = {0, 2, 4, 8};
    struct reader r = reader_over(frame);
    uint32_t magic = read_u32le(&r);
    uint8_t flags = read_u8(&r);
    bool single = flags & 0x20;
    uint64_t window = UINT64_MAX;
    if (!single) {
        uint8_t code = read_u8(&r);
        window = (uint64_t)1 << (10 + (code >> 3));
        window += window / 8 * (code & 7);
    }
    (void)read_take(&r, dictionary_bytes[flags & 3]);
    size_t width = flags >> 6 ? size_bytes[flags >> 6] : single;
    uint64_t size = width ? read_little_endian(&r, width) + (width == 2 ? 256 : 0) : UINT64_MAX;
    if (reader_failed(&r)) return 0;
    if (magic != ZSTD_MAGICNUMBER) return ZSTD_WINDOW_BYTES_MAX;
    return MIN(MIN(window, size), (uint64_t)ZSTD_WINDOW_BYTES_MAX);
}

static void drop_zstd(struct frame_codecs *codecs) {
    ZSTD_freeDCtx(codecs->zstd);
    codecs->zstd = NULL;
    codecs_discharge(codecs, codecs->zstd_charged);
    codecs->zstd_charged = 0;
}

static enum brine_status charge_zstd(struct unpack *unpack, struct bytes frame) {
    struct frame_codecs *codecs = unpack->scratch->codecs;
    size_t needed = (size_t)zstd_window(frame) + ZSTD_OWN_BYTES;
    if (needed > codecs->zstd_charged) {
        if (!codecs_charge(codecs, needed - codecs->zstd_charged)) return unpack_refused(unpack);
        codecs->zstd_charged = needed;
    }
    if (!codecs->zstd) codecs->zstd = ZSTD_createDCtx();
    if (!codecs->zstd) {
        codecs->limit_met = false;
        return unpack_refused(unpack);
    }
    return BRINE_OK;
}

static enum unpack_step start_zstd(struct unpack_stream *stream) {
    stream->left = stream->input.len;
    return ZSTD_isError(ZSTD_DCtx_reset(stream->codecs->zstd, ZSTD_reset_session_only))
               ? UNPACK_BROKEN
               : UNPACK_MORE;
}

static enum unpack_step step_zstd(struct unpack_stream *stream, uint8_t *target, size_t room,
                                  size_t *written) {
    size_t before = stream->left, at = stream->input.len - before;
    ZSTD_inBuffer in = {stream->input.data, at + codecs_feed(stream), at};
    ZSTD_outBuffer out = {target, room, 0};
    size_t hint = ZSTD_decompressStream(stream->codecs->zstd, &out, &in);
    stream->left = before - (in.pos - at);
    *written = out.pos;
    if (ZSTD_isError(hint)) return UNPACK_BROKEN;
    if (hint == 0) return UNPACK_END;
    return out.pos < room && stream->left == 0 ? UNPACK_CUT : UNPACK_MORE;
}

/* Frames follow each other. */
enum brine_status unpack_zstd(struct unpack *unpack, struct bytes input) {
    struct unpack_stream stream = {
        .codecs = unpack_codecs(unpack->scratch),
        .input = input,
        .start = start_zstd,
        .step = step_zstd,
    };
    if (!stream.codecs) return unpack_refused(unpack);
    enum brine_status status = BRINE_OK;
    enum unpack_step end = UNPACK_END;
    for (size_t frames = 0; status == BRINE_OK && end == UNPACK_END && stream.input.len > 0;
         frames++) {
        status = frames < UNPACK_STREAMS_MAX
                     ? charge_zstd(unpack, stream.input)
                     : brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d frames",
                                  unpack->name, UNPACK_STREAMS_MAX);
        if (status == BRINE_OK) status = unpack_run(unpack, &stream, &end);
        stream.input = bytes_slice(stream.input, stream.input.len - stream.left, SIZE_MAX);
    }
    if (stream.codecs->zstd_charged > ZSTD_KEEP_BYTES) drop_zstd(stream.codecs);
    return status;
}
