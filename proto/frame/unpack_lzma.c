/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* xz, lzip and lzma-alone, as Python's FORMAT_AUTO tells them apart: by the first byte, and what is
 * neither of the first two is taken for the third:
 *
 *     props u8, dictionary u32, unpacked size u64 (all ones: unknown), data
 *
 * The dictionary's size is a claim that costs nothing to make, so it is cut to what the budget lets
 * come out: no match can reach farther back. */

#include "frame/codecs.h"

#include "base/reader.h"

#include <lzma.h>

enum { ALONE_HEAD_BYTES = 13, ALONE_PROPS_MAX = (4 * 5 + 4) * 9 + 8, ALONE_DICTIONARY_AT = 1 };
#define ALONE_SIZE_MAX ((uint64_t)1 << 38) /* liblzma's, when it guesses */

struct alone {
    uint8_t head[ALONE_HEAD_BYTES];
};

/* 2^n or 2^n + 2^(n-1), by which liblzma tells a header from other bytes; 0 passes too. */
static bool is_usual_dictionary(uint32_t bytes) {
    uint32_t size = bytes - 1;
    size |= size >> 2;
    size |= size >> 3;
    size |= size >> 4;
    size |= size >> 8;
    size |= size >> 16;
    return size + 1 == bytes || bytes == UINT32_MAX;
}

bool unpack_is_lzma(struct bytes input) {
    struct reader r = reader_over(input);
    uint8_t props = read_u8(&r);
    uint32_t dictionary = read_u32le(&r);
    uint64_t size = read_u64le(&r);
    if (reader_failed(&r) || props > ALONE_PROPS_MAX) return false;
    return is_usual_dictionary(dictionary) && (size == UINT64_MAX || size < ALONE_SIZE_MAX);
}

static void *alloc(void *codecs, size_t count, size_t size) {
    return unpack_alloc(codecs, count, size);
}
static void release(void *codecs, void *block) {
    unpack_free(codecs, block);
}

static void read_alone(struct alone *alone, struct bytes input, uint64_t budget) {
    uint32_t top = 4096;
    while (top < (uint32_t)1 << 31 && top <= budget) top *= 2;
    bytes_copy_to(alone->head, bytes_slice(input, 0, ALONE_HEAD_BYTES));
    struct reader r = reader_over(bytes_view(alone->head + ALONE_DICTIONARY_AT, 4));
    uint32_t claimed = read_u32le(&r), dictionary = MIN(claimed, top);
    for (size_t i = 0; i < 4; i++)
        alone->head[ALONE_DICTIONARY_AT + i] = (uint8_t)(dictionary >> 8 * i);
}

/* Feeds what there is of lzma->next_in, then `rest`. */
static enum brine_status decode(struct unpack *unpack, lzma_stream *lzma, struct bytes rest,
                                lzma_ret *code) {
    size_t wanted = unpack_first_guess(rest);
    for (*code = LZMA_OK; *code == LZMA_OK; wanted = 1) {
        size_t room;
        TRY(unpack_reserve(unpack, wanted, &room));
        if (lzma->avail_in == 0) {
            lzma->next_in = rest.data;
            lzma->avail_in = rest.len;
            rest = bytes_view(NULL, 0);
        }
        lzma->next_out = unpack->out->data + unpack->out->len;
        lzma->avail_out = room;
        *code = lzma_code(lzma, LZMA_RUN);
        unpack->out->len += room - lzma->avail_out;
        if (*code == LZMA_MEM_ERROR) return unpack_refused(unpack);
        if (*code == LZMA_MEMLIMIT_ERROR)
            return brine_fail(unpack->err, BRINE_TOO_BIG, 0,
                              "%s: needs more memory than is allowed", unpack->name);
        if (*code == LZMA_OK && lzma->avail_in == 0 && rest.len == 0 && lzma->avail_out > 0) break;
    }
    return unpack_check(unpack);
}

/* One stream; *input moves behind it, or is emptied when the stream does not come to its end. */
static enum brine_status decode_stream(struct unpack *unpack, lzma_stream *lzma,
                                       struct bytes *input) {
    struct alone alone;
    struct bytes rest = *input;
    uint8_t first = input->data[0];
    bool guessed = first == 0xfd || first == 'L';
    size_t limit =
        atomic_load_explicit(&unpack->scratch->account.limit_bytes, memory_order_relaxed);
    size_t used = mem_account_used(&unpack->scratch->account);
    uint64_t memory = limit == 0 ? UINT64_MAX : limit > used ? limit - used : 1;
    lzma_ret code =
        guessed ? lzma_auto_decoder(lzma, memory, 0) : lzma_alone_decoder(lzma, UINT64_MAX);
    if (code != LZMA_OK) return unpack_refused(unpack);
    lzma->avail_in = 0;
    if (!guessed) {
        if (input->len < ALONE_HEAD_BYTES) {
            *input = bytes_view(NULL, 0);
            return BRINE_OK;
        }
        read_alone(&alone, *input, unpack->budget);
        lzma->next_in = alone.head;
        lzma->avail_in = ALONE_HEAD_BYTES;
        rest = bytes_slice(*input, ALONE_HEAD_BYTES, SIZE_MAX);
    }
    TRY(decode(unpack, lzma, rest, &code));
    if (code != LZMA_STREAM_END)
        *input = bytes_view(NULL, 0);
    else
        *input = bytes_slice(*input, (size_t)(lzma->next_in - input->data), SIZE_MAX);
    return BRINE_OK;
}

enum brine_status unpack_lzma(struct unpack *unpack, struct bytes input) {
    struct frame_codecs *codecs = unpack_codecs(unpack->scratch);
    if (!codecs) return unpack_refused(unpack);
    lzma_allocator allocator = {.alloc = alloc, .free = release, .opaque = codecs};
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma.allocator = &allocator;
    enum brine_status status = BRINE_OK;
    for (size_t streams = 0; input.len > 0 && status == BRINE_OK; streams++) {
        if (streams == UNPACK_STREAMS_MAX)
            status = brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d streams",
                                unpack->name, UNPACK_STREAMS_MAX);
        else
            status = decode_stream(unpack, &lzma, &input);
    }
    lzma_end(&lzma);
    return status;
}
