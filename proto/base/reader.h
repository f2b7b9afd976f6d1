/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct reader: the one way to read hostile bytes.  It checks bounds, remembers the first failure
 * and its offset, and returns zeros and empty views from then on, so that a parser reads like the
 * grammar and checks once at the end of a unit:
 *
 *     uint8_t  kind = read_u8(r);
 *     uint32_t len  = read_u32le(r);
 *     struct bytes key = read_take(r, len);
 *     if (reader_failed(r)) return reader_error(r, err);
 *
 * A loop whose count came from the bytes checks every turn.
 * On success the cursor moves by what was read; on failure nothing moves.  One thread at a time. */
#ifndef BRINE_READER_H
#define BRINE_READER_H

#include "base/bytes.h"
#include "base/status.h"

struct reader {
    const uint8_t *data;
    size_t len, offset;
    bool failed;
    size_t failed_offset;
};

static inline struct reader reader_over(struct bytes bytes) {
    return (struct reader){.data = bytes.data, .len = bytes.len};
}

static inline bool reader_failed(const struct reader *r) {
    return r->failed;
}
static inline size_t reader_left(const struct reader *r) {
    return r->len - r->offset;
}
static inline bool reader_at_end(const struct reader *r) {
    return r->offset == r->len;
}

/* Makes the reader fail at its present offset, for what the caller finds wrong itself. */
static inline void reader_fail(struct reader *r) {
    if (r->failed) return;
    r->failed = true;
    r->failed_offset = r->offset;
}

/* A view of the next `count` bytes; empty when there are fewer. */
static inline struct bytes read_take(struct reader *r, size_t count) {
    if (UNLIKELY(r->failed || count > r->len - r->offset)) {
        reader_fail(r);
        return bytes_view(NULL, 0);
    }
    struct bytes taken = bytes_view(r->data + r->offset, count);
    r->offset += count;
    return taken;
}

static inline uint64_t read_little_endian(struct reader *r, size_t width) {
    uint64_t value = 0;
    if (UNLIKELY(r->failed || width > r->len - r->offset)) {
        reader_fail(r);
        return 0;
    }
    memcpy(&value, r->data + r->offset, width); /* of a constant width: one load */
    r->offset += width;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint8_t read_u8(struct reader *r) {
    return (uint8_t)read_little_endian(r, 1);
}
static inline uint16_t read_u16le(struct reader *r) {
    return (uint16_t)read_little_endian(r, 2);
}
static inline uint32_t read_u32le(struct reader *r) {
    return (uint32_t)read_little_endian(r, 4);
}
static inline uint64_t read_u64le(struct reader *r) {
    return read_little_endian(r, 8);
}
static inline int64_t read_i64le(struct reader *r) {
    return (int64_t)read_little_endian(r, 8);
}

/* BRINE_MALFORMED at the offset of the first failure. */
enum brine_status reader_error(const struct reader *r, struct brine_error *err) MUST_USE;

#endif
