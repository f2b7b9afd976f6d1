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

/* The time that is left for a value.  Bytes say nothing of it: crafted streams of bzip2 and xz take
 * a hundred times as long a byte of input as honest ones, and put nothing out. */
struct unpack_clock {
    int64_t (*now_ns)(void);         /* NULL: none */
    int64_t most_ns, end_ns;         /* end_ns 0: not begun */
    size_t bytes;                    /* read and written since it was looked at */
    bool (*given_up)(void *context); /* NULL: never */
    void *given_up_context;
};
enum { UNPACK_LOOK_BYTES = 8 << 10 };

struct unpack {
    struct frame_scratch *scratch;
    struct unpack_clock *clock;
    struct buf *out;
    uint64_t budget; /* bytes of out */
    const char *name;
    struct brine_error *err;
    /* Asked now and then, while little is out, whether what follows is of no matter: then NOT_FOUND
     * comes of it. */
    bool (*is_settled)(void *context, struct bytes front);
    void *settled_context;
    size_t ask_at; /* bytes of out */
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
/* TOO_BIG when out has outgrown the budget. */
enum brine_status unpack_check(struct unpack *unpack) MUST_USE;

/* After `bytes` of input or output: TOO_BIG when time is up. */
enum brine_status unpack_tick(struct unpack *unpack, size_t bytes) MUST_USE;

enum unpack_step {
    UNPACK_MORE,
    UNPACK_END,     /* of the stream */
    UNPACK_CUT,     /* the input ends before the stream does */
    UNPACK_BROKEN,  /* the input is no such stream from here on */
    UNPACK_REFUSED, /* memory: see unpack_refused */
    UNPACK_AGAIN,   /* more room is needed than it began with: from the beginning, start knows */
};

/* One stream of a library, from the beginning of `input` on. */
struct unpack_stream {
    struct frame_codecs *codecs;
    struct bytes input;
    size_t left;  /* of the input, not yet given to the library */
    size_t fed;   /* of the input, given to it since the last tick */
    bool exact;   /* a step that ends BROKEN has still written what came before */
    void *state;  /* the library's */
    uint64_t top; /* the most that may come out, for who sizes a window by it */
    /* Begins, or begins again, at the beginning of the input. */
    enum unpack_step (*start)(struct unpack_stream *stream);
    enum unpack_step (*step)(struct unpack_stream *stream, uint8_t *target, size_t room,
                             size_t *written);
};

/* Appends the stream to out.  What a library has written in a call that ends in an error it does
 * not say, or it is not yet right; a reader who asked for fewer bytes had got those before.  So
 * where a stream breaks, it is decoded again, byte by byte from the last call on. */
enum brine_status unpack_run(struct unpack *unpack, struct unpack_stream *stream,
                             enum unpack_step *end) MUST_USE;

/* What the libraries keep, made when first needed; NULL when refused. */
struct frame_codecs *unpack_codecs(struct frame_scratch *scratch);
void unpack_codecs_destroy(struct frame_scratch *scratch);
/* For the libraries' hooks: memory of the scratch's account, which remembers its size. */
void *unpack_alloc(struct frame_codecs *codecs, size_t count, size_t size);
void unpack_free(struct frame_codecs *codecs, void *block);
/* Why an unpack_alloc refused: TOO_BIG by the scratch's limit, else NO_MEMORY; filled into err. */
enum brine_status unpack_refused(struct unpack *unpack);

#endif
