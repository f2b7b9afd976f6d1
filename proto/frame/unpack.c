/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Room, memory and the loop for all decompressors, then those of zlib and bzip2. */

#include "frame/codecs.h"

#include "base/reader.h"

#include <bzlib.h>

/* ---- room -------------------------------------------------------------------------------------*/

enum { FIRST_GUESS_MAX = 1 << 20, FIRST_GUESS_MIN = 512, GUESSED_RATIO = 4 };
/* A call's most.  What is decoded again byte by byte is no more than this: under a millisecond. */
enum { STEP_BYTES = 16 << 10 };

static size_t first_guess(struct bytes input) {
    if (input.len > FIRST_GUESS_MAX / GUESSED_RATIO) return FIRST_GUESS_MAX;
    return input.len * GUESSED_RATIO + FIRST_GUESS_MIN;
}

enum brine_status unpack_check(struct unpack *unpack) {
    if (unpack->out->len <= unpack->budget) return BRINE_OK;
    return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: unpacks to more than %llu bytes",
                      unpack->name, (unsigned long long)unpack->budget);
}

static enum brine_status fail_memory(struct unpack *unpack, bool limit_met) {
    if (limit_met)
        return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: needs more memory than is allowed",
                          unpack->name);
    return brine_fail(unpack->err, BRINE_NO_MEMORY, 0, "%s: out of memory", unpack->name);
}

static bool fits(const struct frame_scratch *scratch, size_t bytes) {
    size_t limit = atomic_load_explicit(&scratch->account.limit_bytes, memory_order_relaxed);
    size_t used = mem_account_used(&scratch->account);
    return limit == 0 || (used <= limit && bytes <= limit - used);
}

enum brine_status unpack_reserve(struct unpack *unpack, size_t wanted, size_t *room) {
    struct buf *out = unpack->out;
    TRY(unpack_check(unpack));
    uint64_t left = unpack->budget - out->len + 1;
    wanted = (size_t)MIN((uint64_t)wanted, left);
    size_t cap = out->cap;
    enum brine_status status = buf_reserve(out, wanted);
    if (status != BRINE_OK) {
        size_t asked = MAX(cap + cap / 2, out->len + wanted);
        return fail_memory(unpack, status == BRINE_TOO_BIG || !fits(unpack->scratch, asked - cap));
    }
    *room = (size_t)MIN((uint64_t)(out->cap - out->len), left);
    return BRINE_OK;
}

/* ---- time -------------------------------------------------------------------------------------*/

enum brine_status unpack_tick(struct unpack *unpack, size_t bytes) {
    struct unpack_clock *clock = unpack->clock;
    clock->bytes += bytes;
    if (LIKELY(clock->bytes < UNPACK_LOOK_BYTES)) return BRINE_OK;
    clock->bytes = 0;
    if (clock->given_up && clock->given_up(clock->given_up_context))
        return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: unpacking was given up",
                          unpack->name);
    if (!clock->now_ns) return BRINE_OK;
    int64_t now_ns = clock->now_ns();
    if (clock->end_ns == 0) clock->end_ns = now_ns + clock->most_ns;
    if (now_ns <= clock->end_ns && clock->most_ns > 0) return BRINE_OK;
    return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: takes longer to unpack than %lld ms",
                      unpack->name, (long long)(clock->most_ns / 1000000));
}

/* ---- memory of the libraries ------------------------------------------------------------------*/

/* Before each block; 16 bytes, so that what is behind stays aligned. */
struct block_head {
    size_t bytes;
    size_t unused;
};

struct frame_codecs *unpack_codecs(struct frame_scratch *scratch) {
    if (!scratch->codecs) {
        scratch->codecs =
            mem_alloc_zeroed(&scratch->account.allocator, sizeof(struct frame_codecs));
        if (scratch->codecs) scratch->codecs->scratch = scratch;
    }
    return scratch->codecs;
}

void unpack_codecs_destroy(struct frame_scratch *scratch) {
    struct frame_codecs *codecs = scratch->codecs;
    if (!codecs) return;
    if (codecs->inflate_ready) (void)inflateEnd(&codecs->inflate);
    ZSTD_freeDCtx(codecs->zstd);
    codecs_discharge(codecs, codecs->zstd_charged);
    mem_free(&scratch->account.allocator, codecs, sizeof *codecs);
    scratch->codecs = NULL;
}

void *unpack_alloc(struct frame_codecs *codecs, size_t count, size_t size) {
    size_t bytes;
    struct block_head *head = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *head, &bytes))
        head = mem_alloc(&codecs->scratch->account.allocator, bytes);
    if (!head) {
        codecs->limit_met = !fits(codecs->scratch, bytes);
        return NULL;
    }
    head->bytes = bytes;
    return head + 1;
}

void unpack_free(struct frame_codecs *codecs, void *block) {
    if (!block) return;
    struct block_head *head = (struct block_head *)block - 1;
    mem_free(&codecs->scratch->account.allocator, head, head->bytes);
}

enum brine_status unpack_refused(struct unpack *unpack) {
    struct frame_codecs *codecs = unpack->scratch->codecs;
    bool limit_met = codecs ? codecs->limit_met : !fits(unpack->scratch, sizeof *codecs);
    return fail_memory(unpack, limit_met);
}

bool codecs_charge(struct frame_codecs *codecs, size_t bytes) {
    codecs->limit_met = !fits(codecs->scratch, bytes);
    if (codecs->limit_met) return false;
    atomic_fetch_add_explicit(&codecs->scratch->account.used_bytes, bytes, memory_order_relaxed);
    return true;
}

void codecs_discharge(struct frame_codecs *codecs, size_t bytes) {
    atomic_fetch_sub_explicit(&codecs->scratch->account.used_bytes, bytes, memory_order_relaxed);
}

/* ---- the loop ---------------------------------------------------------------------------------*/

/* Whether nobody reads on behind what is out.  Asked four times at most: what is settled at all is
 * so by its first bytes. */
static NOT_INLINED bool is_settled(struct unpack *unpack) {
    enum { STEP = 8 };
    unpack->ask_at = unpack->out->len < FRAME_FRONT_BYTES ? unpack->ask_at * STEP : SIZE_MAX;
    struct bytes front = bytes_slice(buf_view(unpack->out), 0, FRAME_FRONT_BYTES);
    return unpack->is_settled(unpack->settled_context, front);
}

/* Once through the stream; from out->len == careful_from on, byte by byte. */
static enum brine_status decode(struct unpack *unpack, struct unpack_stream *stream,
                                size_t careful_from, enum unpack_step *end) {
    struct buf *out = unpack->out;
    enum { START_BYTES = 512 }; /* starting a library takes as long as some bytes do */
    size_t wanted = first_guess(stream->input);
    TRY(unpack_tick(unpack, START_BYTES));
    *end = stream->start(stream);
    for (; *end == UNPACK_MORE; wanted = 1) {
        size_t room, written = 0;
        TRY(unpack_reserve(unpack, wanted, &room));
        room = MIN(room, (size_t)STEP_BYTES);
        room = out->len < careful_from ? MIN(room, careful_from - out->len) : 1;
        *end = stream->step(stream, out->data + out->len, room, &written);
        if (*end != UNPACK_BROKEN || stream->exact) out->len += written;
        TRY(unpack_tick(unpack, written + stream->fed));
        stream->fed = 0;
        if (UNLIKELY(out->len >= unpack->ask_at) && is_settled(unpack)) return BRINE_NOT_FOUND;
    }
    return *end == UNPACK_REFUSED ? unpack_refused(unpack) : unpack_check(unpack);
}

enum brine_status unpack_run(struct unpack *unpack, struct unpack_stream *stream,
                             enum unpack_step *end) {
    size_t start = unpack->out->len;
    do {
        unpack->out->len = start;
        TRY(decode(unpack, stream, SIZE_MAX, end));
    } while (*end == UNPACK_AGAIN);
    if (*end != UNPACK_BROKEN || stream->exact) return BRINE_OK;
    size_t reached = unpack->out->len;
    unpack->out->len = start;
    return decode(unpack, stream, reached, end);
}

static enum brine_status too_many(struct unpack *unpack, const char *what) {
    return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d %s", unpack->name,
                      UNPACK_STREAMS_MAX, what);
}

/* ---- zlib -------------------------------------------------------------------------------------*/

static voidpf zlib_alloc(voidpf codecs, uInt count, uInt size) {
    return unpack_alloc(codecs, count, size);
}
static void zlib_free(voidpf codecs, voidpf block) {
    unpack_free(codecs, block);
}

static enum unpack_step start_inflate(struct unpack_stream *stream, int window_bits) {
    struct frame_codecs *codecs = stream->codecs;
    z_stream *z = &codecs->inflate;
    if (!codecs->inflate_ready) {
        *z = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = codecs};
        if (inflateInit2(z, window_bits) != Z_OK) return UNPACK_REFUSED;
        codecs->inflate_ready = true;
    } else if (inflateReset2(z, window_bits) != Z_OK) {
        return UNPACK_REFUSED;
    }
    z->next_in = (Bytef *)(uintptr_t)stream->input.data; /* zlib does not write there */
    z->avail_in = 0;
    stream->left = stream->input.len;
    return UNPACK_MORE;
}
static enum unpack_step start_zlib(struct unpack_stream *stream) {
    return start_inflate(stream, MAX_WBITS);
}
static enum unpack_step start_raw_inflate(struct unpack_stream *stream) {
    return start_inflate(stream, -MAX_WBITS);
}

static enum unpack_step step_inflate(struct unpack_stream *stream, uint8_t *target, size_t room,
                                     size_t *written) {
    z_stream *z = &stream->codecs->inflate;
    if (z->avail_in == 0) z->avail_in = (uInt)codecs_feed(stream);
    z->next_out = target;
    z->avail_out = (uInt)room;
    int code = inflate(z, Z_SYNC_FLUSH);
    *written = room - z->avail_out;
    if (code == Z_STREAM_END) return UNPACK_END;
    if (code == Z_MEM_ERROR) return UNPACK_REFUSED;
    if (code != Z_OK && code != Z_BUF_ERROR) return UNPACK_BROKEN;
    return z->avail_out > 0 && z->avail_in + stream->left == 0 ? UNPACK_CUT : UNPACK_MORE;
}

static struct unpack_stream inflate_over(struct unpack *unpack, struct bytes input, bool raw) {
    return (struct unpack_stream){
        .codecs = unpack_codecs(unpack->scratch),
        .input = input,
        .exact = true,
        .start = raw ? start_raw_inflate : start_zlib,
        .step = step_inflate,
    };
}

/* zlib.decompress ignores what follows the stream, and joblib's reader gets no further either. */
enum brine_status unpack_zlib(struct unpack *unpack, struct bytes input) {
    enum unpack_step end;
    struct unpack_stream stream = inflate_over(unpack, input, false);
    return stream.codecs ? unpack_run(unpack, &stream, &end) : unpack_refused(unpack);
}

enum { GZIP_EXTRA = 4, GZIP_NAME = 8, GZIP_COMMENT = 16, GZIP_HEADER_CRC = 2 };

static void skip_text(struct reader *r) {
    while (!reader_failed(r) && read_u8(r) != 0) {}
}

/* As Python's gzip reads it, which is less strict than zlib: unknown flags are nothing, the
 * header's checksum is not compared. */
static bool skip_gzip_head(struct reader *r) {
    bool magic = bytes_equal(read_take(r, 3), BYTES("\x1f\x8b\x08"));
    uint8_t flags = read_u8(r);
    (void)read_take(r, 6); /* time, level, system */
    if (flags & GZIP_EXTRA) (void)read_take(r, read_u16le(r));
    if (flags & GZIP_NAME) skip_text(r);
    if (flags & GZIP_COMMENT) skip_text(r);
    if (flags & GZIP_HEADER_CRC) (void)read_take(r, 2);
    return magic && !reader_failed(r);
}

/* Members follow each other, with zeros between them. */
enum brine_status unpack_gzip(struct unpack *unpack, struct bytes input) {
    for (size_t members = 0; members < UNPACK_STREAMS_MAX; members++) {
        struct reader r = reader_over(input);
        if (!skip_gzip_head(&r)) return BRINE_OK;
        enum unpack_step end;
        struct unpack_stream stream =
            inflate_over(unpack, bytes_slice(input, r.offset, SIZE_MAX), true);
        if (!stream.codecs) return unpack_refused(unpack);
        TRY(unpack_run(unpack, &stream, &end));
        if (end != UNPACK_END) return BRINE_OK;
        size_t checks = stream.left + stream.codecs->inflate.avail_in; /* CRC, size */
        input = bytes_slice(input, input.len - checks + 8, SIZE_MAX);
        while (input.len > 0 && input.data[0] == 0) input = bytes_slice(input, 1, SIZE_MAX);
    }
    return too_many(unpack, "members");
}

/* ---- bzip2 ------------------------------------------------------------------------------------*/

static void *bz2_alloc(void *codecs, int count, int size) {
    return unpack_alloc(codecs, (size_t)count, (size_t)size);
}
static void bz2_free(void *codecs, void *block) {
    unpack_free(codecs, block);
}

static enum unpack_step start_bz2(struct unpack_stream *stream) {
    bz_stream *bz = stream->state;
    (void)BZ2_bzDecompressEnd(bz); /* of the first time through; else it has no state and says so */
    *bz = (bz_stream){.bzalloc = bz2_alloc, .bzfree = bz2_free, .opaque = stream->codecs};
    if (BZ2_bzDecompressInit(bz, 0, 0) != BZ_OK) return UNPACK_REFUSED;
    bz->next_in = (char *)(uintptr_t)stream->input.data; /* libbz2 does not write there */
    stream->left = stream->input.len;
    return UNPACK_MORE;
}

static enum unpack_step step_bz2(struct unpack_stream *stream, uint8_t *target, size_t room,
                                 size_t *written) {
    bz_stream *bz = stream->state;
    if (bz->avail_in == 0) bz->avail_in = (unsigned)codecs_feed(stream);
    bz->next_out = (char *)target;
    bz->avail_out = (unsigned)room;
    int code = BZ2_bzDecompress(bz);
    *written = room - bz->avail_out;
    if (code == BZ_STREAM_END) return UNPACK_END;
    if (code == BZ_MEM_ERROR) return UNPACK_REFUSED;
    if (code != BZ_OK) return UNPACK_BROKEN;
    return bz->avail_out > 0 && bz->avail_in + stream->left == 0 ? UNPACK_CUT : UNPACK_MORE;
}

/* Streams follow each other; what follows the last and is none is ignored. */
enum brine_status unpack_bz2(struct unpack *unpack, struct bytes input) {
    bz_stream bz = {0};
    struct unpack_stream stream = {
        .codecs = unpack_codecs(unpack->scratch),
        .input = input,
        .state = &bz,
        .start = start_bz2,
        .step = step_bz2,
    };
    if (!stream.codecs) return unpack_refused(unpack);
    enum brine_status status = BRINE_OK;
    enum unpack_step end = UNPACK_END;
    for (size_t streams = 0; status == BRINE_OK && end == UNPACK_END && stream.input.len > 0;
         streams++) {
        status = streams < UNPACK_STREAMS_MAX ? unpack_run(unpack, &stream, &end)
                                              : too_many(unpack, "streams");
        size_t left = stream.left + bz.avail_in;
        stream.input = bytes_slice(stream.input, stream.input.len - left, SIZE_MAX);
    }
    (void)BZ2_bzDecompressEnd(&bz);
    return status;
}
