/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A block's payload made smaller, and large again.
 *
 *     snapshot_packer_init(&packer, mem, SNAPSHOT_ZSTD, level);
 *     size_t len = snapshot_pack(&packer, plain, target);      // 0: it stays PLAIN
 *
 *     snapshot_unpacker_init(&unpacker, mem);
 *     TRY(snapshot_unpack(&unpacker, &head, payload, &plain, err));
 *
 * lz4 works without memory of its own.  zstd gets a block of `mem` to work in, of a size that
 * follows from the level (packing: 0.6 MB at level 1, 1.0 MB at 3, 5.5 MB at 19; unpacking: 94 KB
 * whatever the frame says); it is taken at the first use and kept.  Who packs and finds no memory
 * for it leaves things plain.
 *
 * Thread: one for a packer or an unpacker.
 * Errors: MALFORMED, whatever the payload is; NO_MEMORY. */
#ifndef BRINE_SNAPSHOT_PACK_H
#define BRINE_SNAPSHOT_PACK_H

#include "snapshot/format.h"

enum { SNAPSHOT_LEVEL_MIN = 1, SNAPSHOT_LEVEL_MAX = 19 };

/* zstd's. */
struct snapshot_workspace {
    void *block, *context; /* the latter lies in the former */
    size_t bytes;
};

struct snapshot_packer {
    struct allocator *mem;
    enum snapshot_codec codec;
    int level; /* of zstd; lz4 has none */
    struct snapshot_workspace zstd;
};

void snapshot_packer_init(struct snapshot_packer *packer, struct allocator *mem,
                          enum snapshot_codec codec, int level);
void snapshot_packer_deinit(struct snapshot_packer *packer);
/* Into target, which has room for plain.len, by the packer's codec; 0: it would not get smaller, or
 * is longer than is packed. */
size_t snapshot_pack(struct snapshot_packer *packer, struct bytes plain, uint8_t *target);

struct snapshot_unpacker {
    struct buf plain;
    struct snapshot_workspace zstd;
};

void snapshot_unpacker_init(struct snapshot_unpacker *unpacker, struct allocator *mem);
void snapshot_unpacker_deinit(struct snapshot_unpacker *unpacker);
/* The payload as it was before it was packed: a view of it, or of unpacker->plain, which lasts
 * until the next call. */
enum brine_status snapshot_unpack(struct snapshot_unpacker *unpacker,
                                  const struct snapshot_head *head, struct bytes payload,
                                  struct bytes *plain, struct brine_error *err) MUST_USE;

#endif
