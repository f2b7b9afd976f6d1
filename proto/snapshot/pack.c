/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A codec is a row of two functions.  zstd is given all of its memory beforehand
 * (ZSTD_initStatic...): so it is ours to account, a frame that claims a huge window gets an error
 * instead, and so does one of a format before 0.8, whose decoders allocate by themselves. */

#define ZSTD_STATIC_LINKING_ONLY
#include "snapshot/pack.h"

#include "base/assert.h"
#include "base/mem.h"

#include <lz4.h>
#include <zstd.h>

_Static_assert(SNAPSHOT_PACKED_BYTES_MAX < LZ4_MAX_INPUT_SIZE, "lz4 counts in int");

typedef size_t pack_fn(struct snapshot_packer *packer, struct bytes plain, uint8_t *target,
                       size_t room);
/* Whether exactly plain.cap bytes came out; NO_MEMORY. */
typedef enum brine_status unpack_fn(struct snapshot_unpacker *unpacker, struct bytes payload,
                                    size_t plain_bytes, bool *fits);

static pack_fn pack_nothing, pack_lz4, pack_zstd;
static unpack_fn unpack_nothing, unpack_lz4, unpack_zstd;

/* ORDER snapshot_codec */
static const struct {
    pack_fn *pack;
    unpack_fn *unpack;
} CODECS[] = {
    [SNAPSHOT_PLAIN] = {pack_nothing, unpack_nothing},
    [SNAPSHOT_LZ4] = {pack_lz4, unpack_lz4},
    [SNAPSHOT_ZSTD] = {pack_zstd, unpack_zstd},
};

/* ---- packing ----------------------------------------------------------------------------------*/

void snapshot_packer_init(struct snapshot_packer *packer, struct allocator *mem,
                          enum snapshot_codec codec, int level) {
    BRINE_ASSERT(codec < ARRAY_LEN(CODECS), "a codec that there is");
    *packer = (struct snapshot_packer){.mem = mem, .codec = codec, .level = level};
}

void snapshot_packer_deinit(struct snapshot_packer *packer) {
    mem_free(packer->mem, packer->zstd.block, packer->zstd.bytes);
    packer->zstd = (struct snapshot_workspace){0};
}

size_t snapshot_pack(struct snapshot_packer *packer, struct bytes plain, uint8_t *target) {
    if (plain.len == 0 || plain.len > SNAPSHOT_PACKED_BYTES_MAX) return 0;
    /* One byte less than it has, or it was for nothing. */
    return CODECS[packer->codec].pack(packer, plain, target, plain.len - 1);
}

static size_t pack_nothing(struct snapshot_packer *packer UNUSED, struct bytes plain UNUSED,
                           uint8_t *target UNUSED, size_t room UNUSED) {
    return 0;
}

static size_t pack_lz4(struct snapshot_packer *packer UNUSED, struct bytes plain, uint8_t *target,
                       size_t room) {
    int packed =
        LZ4_compress_default((const char *)plain.data, (char *)target, (int)plain.len, (int)room);
    return packed > 0 ? (size_t)packed : 0;
}

/* zstd has a table of tunings for each of these lengths, and what one of them takes does not tell
 * what another does. */
static const unsigned long long TUNED_LENGTHS[] = {16 << 10, 128 << 10, SNAPSHOT_PACKED_BYTES_MAX};

static bool start_zstd(struct snapshot_packer *packer) {
    struct snapshot_workspace *zstd = &packer->zstd;
    zstd->bytes = 0;
    for (size_t i = 0; i < ARRAY_LEN(TUNED_LENGTHS); i++) {
        ZSTD_compressionParameters tuning = ZSTD_getCParams(packer->level, TUNED_LENGTHS[i], 0);
        zstd->bytes = MAX(zstd->bytes, ZSTD_estimateCCtxSize_usingCParams(tuning));
    }
    zstd->block = mem_alloc(packer->mem, zstd->bytes);
    if (!zstd->block) return false;
    zstd->context = ZSTD_initStaticCCtx(zstd->block, zstd->bytes);
    BRINE_ASSERT(zstd->context, "zstd has what it asked for");
    return true;
}

static size_t pack_zstd(struct snapshot_packer *packer, struct bytes plain, uint8_t *target,
                        size_t room) {
    if (!packer->zstd.context && !start_zstd(packer)) return 0;
    size_t packed =
        ZSTD_compressCCtx(packer->zstd.context, target, room, plain.data, plain.len, packer->level);
    return ZSTD_isError(packed) ? 0 : packed;
}

/* ---- unpacking --------------------------------------------------------------------------------*/

void snapshot_unpacker_init(struct snapshot_unpacker *unpacker, struct allocator *mem) {
    *unpacker = (struct snapshot_unpacker){0};
    buf_init(&unpacker->plain, mem, SNAPSHOT_PACKED_BYTES_MAX);
}

void snapshot_unpacker_deinit(struct snapshot_unpacker *unpacker) {
    mem_free(unpacker->plain.mem, unpacker->zstd.block, unpacker->zstd.bytes);
    buf_deinit(&unpacker->plain);
    unpacker->zstd = (struct snapshot_workspace){0};
}

enum brine_status snapshot_unpack(struct snapshot_unpacker *unpacker,
                                  const struct snapshot_head *head, struct bytes payload,
                                  struct bytes *plain, struct brine_error *err) {
    *plain = payload;
    if (head->codec == SNAPSHOT_PLAIN) return BRINE_OK;
    BRINE_ASSERT(head->plain_bytes <= SNAPSHOT_PACKED_BYTES_MAX && payload.len < head->plain_bytes,
                 "snapshot_read_head has seen the lengths");
    bool fits = false;
    buf_clear(&unpacker->plain);
    enum brine_status status = buf_reserve(&unpacker->plain, (size_t)head->plain_bytes);
    if (status == BRINE_OK)
        status = CODECS[head->codec].unpack(unpacker, payload, (size_t)head->plain_bytes, &fits);
    if (status != BRINE_OK) return brine_fail(err, status, 0, "out of memory for a block");
    if (!fits) return brine_fail(err, BRINE_MALFORMED, 0, "a packed block cannot be unpacked");
    unpacker->plain.len = (size_t)head->plain_bytes;
    *plain = buf_view(&unpacker->plain);
    return BRINE_OK;
}

static enum brine_status unpack_nothing(struct snapshot_unpacker *unpacker UNUSED,
                                        struct bytes payload UNUSED, size_t plain_bytes UNUSED,
                                        bool *fits) {
    *fits = false;
    return BRINE_OK;
}

static enum brine_status unpack_lz4(struct snapshot_unpacker *unpacker, struct bytes payload,
                                    size_t plain_bytes, bool *fits) {
    int bytes = LZ4_decompress_safe((const char *)payload.data, (char *)unpacker->plain.data,
                                    (int)payload.len, (int)plain_bytes);
    *fits = bytes >= 0 && (size_t)bytes == plain_bytes;
    return BRINE_OK;
}

static enum brine_status unpack_zstd(struct snapshot_unpacker *unpacker, struct bytes payload,
                                     size_t plain_bytes, bool *fits) {
    struct snapshot_workspace *zstd = &unpacker->zstd;
    if (!zstd->context) {
        zstd->bytes = ZSTD_estimateDCtxSize();
        zstd->block = mem_alloc(unpacker->plain.mem, zstd->bytes);
        if (!zstd->block) return BRINE_NO_MEMORY;
        zstd->context = ZSTD_initStaticDCtx(zstd->block, zstd->bytes);
        BRINE_ASSERT(zstd->context, "zstd has what it asked for");
    }
    /* One frame, and nothing behind it. */
    size_t frame = ZSTD_findFrameCompressedSize(payload.data, payload.len);
    *fits = !ZSTD_isError(frame) && frame == payload.len &&
            ZSTD_decompressDCtx(zstd->context, unpacker->plain.data, plain_bytes, payload.data,
                                payload.len) == plain_bytes;
    return BRINE_OK;
}
