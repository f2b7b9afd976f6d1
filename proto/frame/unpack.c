/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Room and memory for all decompressors, then those of zlib and bzip2.  A loop is the same for
 * each: make room, let the library write there, stop at its end, at an error, or when it can go no
 * further. */

#include "frame/codecs.h"

#include "base/reader.h"

#include <bzlib.h>

/* ---- room -------------------------------------------------------------------------------------*/

enum { FIRST_GUESS_MAX = 1 << 20, FIRST_GUESS_MIN = 512, GUESSED_RATIO = 4 };

size_t unpack_first_guess(struct bytes input) {
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

/* ---- zlib -------------------------------------------------------------------------------------*/

static voidpf zlib_alloc(voidpf codecs, uInt count, uInt size) {
    return unpack_alloc(codecs, count, size);
}
static void zlib_free(voidpf codecs, voidpf block) {
    unpack_free(codecs, block);
}

/* A stream from *input on, which moves behind what was read; *ended says that its end was there. */
static enum brine_status inflate_stream(struct unpack *unpack, int window_bits, struct bytes *input,
                                        bool *ended) {
    struct frame_codecs *codecs = unpack_codecs(unpack->scratch);
    *ended = false;
    if (!codecs) return unpack_refused(unpack);
    z_stream *z = &codecs->inflate;
    if (!codecs->inflate_ready) {
        *z = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = codecs};
        if (inflateInit2(z, window_bits) != Z_OK) return unpack_refused(unpack);
        codecs->inflate_ready = true;
    } else if (inflateReset2(z, window_bits) != Z_OK) {
        return unpack_refused(unpack);
    }
    size_t wanted = unpack_first_guess(*input), left = input->len;
    z->next_in = (Bytef *)(uintptr_t)input->data; /* zlib does not write there */
    z->avail_in = 0;
    for (int code = Z_OK; code == Z_OK; wanted = 1) {
        size_t room;
        TRY(unpack_reserve(unpack, wanted, &room));
        if (z->avail_in == 0) {
            z->avail_in = (uInt)MIN(left, (size_t)1 << 30);
            left -= z->avail_in;
        }
        z->next_out = unpack->out->data + unpack->out->len;
        z->avail_out = (uInt)MIN(room, (size_t)1 << 30);
        uInt before = z->avail_out;
        code = inflate(z, Z_SYNC_FLUSH);
        unpack->out->len += before - z->avail_out;
        if (code == Z_MEM_ERROR) return unpack_refused(unpack);
        *ended = code == Z_STREAM_END;
        if (code == Z_OK && z->avail_in == 0 && left == 0 && z->avail_out > 0) break; /* cut off */
    }
    *input = bytes_slice(*input, input->len - left - z->avail_in, SIZE_MAX);
    return unpack_check(unpack);
}

/* zlib.decompress ignores what follows the stream, and joblib's reader gets no further either. */
enum brine_status unpack_zlib(struct unpack *unpack, struct bytes input) {
    bool ended;
    return inflate_stream(unpack, MAX_WBITS, &input, &ended);
}

enum { GZIP_EXTRA = 4, GZIP_NAME = 8, GZIP_COMMENT = 16, GZIP_HEADER_CRC = 2 };

static void skip_text(struct reader *r) {
    while (!reader_failed(r) && read_u8(r) != 0) {}
}

/* As Python's gzip reads it, which is less strict than zlib: unknown flags are nothing, the
 * header's checksum is not compared. */
static bool skip_gzip_head(struct reader *r) {
    bool magic = read_u8(r) == 0x1f && read_u8(r) == 0x8b && read_u8(r) == 8;
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
        bool ended;
        input = bytes_slice(input, r.offset, SIZE_MAX);
        TRY(inflate_stream(unpack, -MAX_WBITS, &input, &ended));
        if (!ended) return BRINE_OK;
        input = bytes_slice(input, 8, SIZE_MAX); /* checksum, size */
        while (input.len > 0 && input.data[0] == 0) input = bytes_slice(input, 1, SIZE_MAX);
    }
    return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d members", unpack->name,
                      UNPACK_STREAMS_MAX);
}

/* ---- bzip2 ------------------------------------------------------------------------------------*/

static void *bz2_alloc(void *codecs, int count, int size) {
    return unpack_alloc(codecs, (size_t)count, (size_t)size);
}
static void bz2_free(void *codecs, void *block) {
    unpack_free(codecs, block);
}

static enum brine_status decode_bz2(struct unpack *unpack, bz_stream *bz, size_t left, int *code) {
    size_t wanted = unpack_first_guess(bytes_view(bz->next_in, left));
    for (*code = BZ_OK; *code == BZ_OK; wanted = 1) {
        size_t room;
        TRY(unpack_reserve(unpack, wanted, &room));
        if (bz->avail_in == 0) {
            bz->avail_in = (unsigned)MIN(left, (size_t)1 << 30);
            left -= bz->avail_in;
        }
        bz->next_out = (char *)unpack->out->data + unpack->out->len;
        bz->avail_out = (unsigned)MIN(room, (size_t)1 << 30);
        unsigned before = bz->avail_out;
        *code = BZ2_bzDecompress(bz);
        unpack->out->len += before - bz->avail_out;
        if (*code == BZ_MEM_ERROR) return unpack_refused(unpack);
        if (*code == BZ_OK && bz->avail_in == 0 && left == 0 && bz->avail_out > 0) break;
    }
    return unpack_check(unpack);
}

/* Streams follow each other; what follows the last and is none is ignored. */
enum brine_status unpack_bz2(struct unpack *unpack, struct bytes input) {
    struct frame_codecs *codecs = unpack_codecs(unpack->scratch);
    if (!codecs) return unpack_refused(unpack);
    for (size_t streams = 0; streams < UNPACK_STREAMS_MAX; streams++) {
        bz_stream bz = {.bzalloc = bz2_alloc, .bzfree = bz2_free, .opaque = codecs};
        if (BZ2_bzDecompressInit(&bz, 0, 0) != BZ_OK) return unpack_refused(unpack);
        int code;
        bz.next_in = (char *)(uintptr_t)input.data; /* libbz2 does not write there */
        enum brine_status status = decode_bz2(unpack, &bz, input.len, &code);
        size_t read = (size_t)((const uint8_t *)bz.next_in - input.data);
        (void)BZ2_bzDecompressEnd(&bz);
        if (status != BRINE_OK || code != BZ_STREAM_END) return status;
        input = bytes_slice(input, read, SIZE_MAX);
        if (input.len == 0) return BRINE_OK;
    }
    return brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d streams", unpack->name,
                      UNPACK_STREAMS_MAX);
}
