/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Decompression, as far as it goes, for frame.c alone.
 *
 * Each unpack_* appends to unpack->out what a Python reader of that format could get from the
 * input, in a stream or at once: all streams or members that follow each other when any reader goes
 * on to the next, and of one that breaks, what came before the break.  Checksums are not compared:
 * who reads in a stream has unpickled before it comes to them.
 *
 * OK: what there is stands in out, perhaps nothing.  TOO_BIG: more than the budget, or the library
 * wants more than the scratch may hold; NO_MEMORY: the allocator refused.
 * Memory: the libraries allocate from the scratch's account (zlib, bz2, lzma), need none (lz4,
 * which decodes into out), or are charged to it (zstd). */
#ifndef BRINE_UNPACK_H
#define BRINE_UNPACK_H

#include "frame/frame.h"

/* Streams inside one value, for starting one costs more than its bytes. */
enum { UNPACK_STREAMS_MAX = 1000 };

struct unpack {
    struct frame_scratch *scratch;
    struct buf *out;
    uint64_t budget; /* bytes of out */
    const char *name;
    struct brine_error *err;
};

typedef enum brine_status unpack_fn(struct unpack *unpack, struct bytes input);

unpack_fn unpack_zlib, unpack_gzip, unpack_bz2, unpack_lzma, unpack_lz4, unpack_zstd;

/* Of an lzma stream without magic: the only test is that its header makes sense. */
bool unpack_is_lzma(struct bytes input);
/* A frame that readers skip, the same in lz4 and zstd. */
bool unpack_is_skippable(struct bytes input);

/* At least `wanted` bytes behind out's end, or fewer where the budget ends: one byte beyond it, by
 * which it is seen to be exceeded. */
enum brine_status unpack_reserve(struct unpack *unpack, size_t wanted, size_t *room) MUST_USE;
/* The first guess of how much comes out. */
size_t unpack_first_guess(struct bytes input);
/* TOO_BIG when out has outgrown the budget. */
enum brine_status unpack_check(struct unpack *unpack) MUST_USE;

/* What the libraries keep, made when first needed; NULL when refused. */
struct frame_codecs *unpack_codecs(struct frame_scratch *scratch);
void unpack_codecs_destroy(struct frame_scratch *scratch);
/* For the libraries' hooks: memory of the scratch's account, which remembers its size. */
void *unpack_alloc(struct frame_codecs *codecs, size_t count, size_t size);
void unpack_free(struct frame_codecs *codecs, void *block);
/* Why an unpack_alloc refused: TOO_BIG by the scratch's limit, else NO_MEMORY; filled into err. */
enum brine_status unpack_refused(struct unpack *unpack);

#endif
