/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* xz, lzip and lzma-alone, as Python's FORMAT_AUTO tells them apart: by the first byte, and what is
 * neither of the first two is taken for the third:
 *
 *     props u8, dictionary u32, unpacked size u64 (all ones: unknown), data
 *
 * The dictionary's size is a claim that costs nothing to make, and text behind zeros makes one of a
 * gigabyte.  No match can reach farther back than what has come out; so a stream begins with a
 * small dictionary, and one that outgrows it begins again with one GROWTH times as large, at most
 * with what it claims and what the budget lets come out. */

#include "frame/codecs.h"

#include "base/reader.h"

#include <lzma.h>

enum { SMALL_DICTIONARY = 1 << 20, GROWTH = 16 };
enum { ALONE_HEAD_BYTES = 13, ALONE_PROPS_MAX = (4 * 5 + 4) * 9 + 8, ALONE_DICTIONARY_AT = 1 };
#define ALONE_SIZE_MAX ((uint64_t)1 << 38) /* liblzma's, when it guesses */

struct lzma_state {
    lzma_stream lzma;
    uint8_t head[ALONE_HEAD_BYTES]; /* given to the library in place of the input's */
    uint64_t room;                  /* what may come out before the dictionary is too small */
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
    if (LIKELY(!is_usual_dictionary(dictionary))) return false; /* most values end here */
    uint64_t size = read_u64le(&r);
    if (reader_failed(&r) || props > ALONE_PROPS_MAX) return false;
    return size == UINT64_MAX || size < ALONE_SIZE_MAX;
}

static void *alloc(void *codecs, size_t count, size_t size) {
    return unpack_alloc(codecs, count, size);
}
static void release(void *codecs, void *block) {
    unpack_free(codecs, block);
}

static void copy_head(struct unpack_stream *stream, struct lzma_state *state) {
    uint8_t *head = state->head;
    uint32_t top = 4096;
    while (top < (uint32_t)1 << 31 && top <= stream->top) top *= 2;
    bytes_copy_to(head, bytes_slice(stream->input, 0, ALONE_HEAD_BYTES));
    struct reader r = reader_over(bytes_view(head + ALONE_DICTIONARY_AT, 4));
    uint32_t claimed = read_u32le(&r), dictionary = MIN(claimed, top);
    if (dictionary > state->room)
        dictionary = (uint32_t)state->room;
    else
        state->room = UINT64_MAX;
    for (size_t i = 0; i < 4; i++) head[ALONE_DICTIONARY_AT + i] = (uint8_t)(dictionary >> 8 * i);
}

static enum unpack_step start(struct unpack_stream *stream) {
    struct lzma_state *state = stream->state;
    lzma_stream *lzma = &state->lzma;
    uint8_t first = stream->input.data[0];
    bool guessed = first == 0xfd || first == 'L';
    const struct mem_account *account = &stream->codecs->scratch->account;
    size_t limit = atomic_load_explicit(&account->limit_bytes, memory_order_relaxed);
    size_t used = mem_account_used(account);
    uint64_t memory = limit == 0 ? UINT64_MAX : limit > used ? limit - used : 1;
    lzma_ret code =
        guessed ? lzma_auto_decoder(lzma, memory, 0) : lzma_alone_decoder(lzma, UINT64_MAX);
    if (code != LZMA_OK) return UNPACK_REFUSED;
    lzma->avail_in = 0;
    stream->left = stream->input.len;
    if (guessed) {
        state->room = UINT64_MAX;
        return UNPACK_MORE;
    }
    if (stream->input.len < ALONE_HEAD_BYTES) return UNPACK_CUT;
    copy_head(stream, state);
    lzma->next_in = state->head;
    lzma->avail_in = ALONE_HEAD_BYTES;
    stream->left = stream->input.len - ALONE_HEAD_BYTES;
    return UNPACK_MORE;
}

static enum unpack_step step(struct unpack_stream *stream, uint8_t *target, size_t room,
                             size_t *written) {
    struct lzma_state *state = stream->state;
    lzma_stream *lzma = &state->lzma;
    *written = 0;
    if (lzma->total_out >= state->room) {
        state->room *= GROWTH;
        return UNPACK_AGAIN;
    }
    room = MIN(room, state->room - lzma->total_out);
    if (lzma->avail_in == 0) {
        lzma->next_in = stream->input.data + (stream->input.len - stream->left);
        lzma->avail_in = codecs_feed(stream);
    }
    lzma->next_out = target;
    lzma->avail_out = room;
    lzma_ret code = lzma_code(lzma, LZMA_RUN);
    *written = room - lzma->avail_out;
    if (code == LZMA_STREAM_END) return UNPACK_END;
    if (code == LZMA_MEMLIMIT_ERROR) stream->codecs->limit_met = true;
    if (code == LZMA_MEM_ERROR || code == LZMA_MEMLIMIT_ERROR) return UNPACK_REFUSED;
    if (code != LZMA_OK && code != LZMA_BUF_ERROR) return UNPACK_BROKEN;
    return lzma->avail_out > 0 && lzma->avail_in + stream->left == 0 ? UNPACK_CUT : UNPACK_MORE;
}

/* Zeros are empty streams, one after the other: a header that announces no byte, and five bytes of
 * the range coder.  They are no reason to refuse a value that is full of them. */
static enum brine_status skip_empty_streams(struct unpack *unpack, struct bytes *input) {
    enum { STREAM_BYTES = ALONE_HEAD_BYTES + 5, MANY = 200, TICKED_IN_ONE = 10 };
    static const uint8_t zeros[MANY * STREAM_BYTES];
    while (bytes_starts_with(*input, bytes_view(zeros, sizeof zeros))) {
        *input = bytes_slice(*input, sizeof zeros, SIZE_MAX);
        TRY(unpack_tick(unpack, sizeof zeros / TICKED_IN_ONE));
    }
    while (bytes_starts_with(*input, bytes_view(zeros, STREAM_BYTES)))
        *input = bytes_slice(*input, STREAM_BYTES, SIZE_MAX);
    return BRINE_OK;
}

enum brine_status unpack_lzma(struct unpack *unpack, struct bytes input) {
    struct frame_codecs *codecs = unpack_codecs(unpack->scratch);
    if (!codecs) return unpack_refused(unpack);
    lzma_allocator allocator = {.alloc = alloc, .free = release, .opaque = codecs};
    struct lzma_state state = {.lzma = LZMA_STREAM_INIT};
    struct unpack_stream stream = {
        .codecs = codecs,
        .input = input,
        .state = &state,
        .top = unpack->budget,
        .start = start,
        .step = step,
    };
    state.lzma.allocator = &allocator;
    enum brine_status status = skip_empty_streams(unpack, &stream.input);
    enum unpack_step end = UNPACK_END;
    for (size_t streams = 0; status == BRINE_OK && end == UNPACK_END && stream.input.len > 0;
         streams++) {
        state.room = SMALL_DICTIONARY;
        status = streams < UNPACK_STREAMS_MAX
                     ? unpack_run(unpack, &stream, &end)
                     : brine_fail(unpack->err, BRINE_TOO_BIG, 0, "%s: more than %d streams",
                                  unpack->name, UNPACK_STREAMS_MAX);
        size_t left = stream.left + state.lzma.avail_in;
        stream.input = bytes_slice(stream.input, stream.input.len - left, SIZE_MAX);
        if (status == BRINE_OK) status = skip_empty_streams(unpack, &stream.input);
    }
    lzma_end(&state.lzma);
    return status;
}
