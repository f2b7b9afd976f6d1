/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "rdb/value.h"

#include "base/number.h"

#include <liblzf/lzf.h>

enum {
    LENGTH_6 = 0x00, /* the two upper bits of a length's first byte */
    LENGTH_14 = 0x40,
    LENGTH_32 = 0x80, /* the whole byte */
    LENGTH_64 = 0x81,
    SPECIAL = 0xc0, /* the two upper bits of a string's that is packed */
    SPECIAL_INT8 = 0xc0,
    SPECIAL_INT16 = 0xc1,
    SPECIAL_INT32 = 0xc2,
    SPECIAL_LZF = 0xc3,
    KIND_BITS = 0xc0,
    LZF_FROM_BYTES = 21,
    LZF_SPARES_BYTES = 4,
    LZF_RATIO_MAX = 88, /* three bytes make 264 at most */
    INT_TEXT_BYTES_MAX = 11,
};

static const struct rdb_type types[] = {
#define RDB_TYPE(number, kind, form) {number, kind, form},
#include "rdb/types.def"
#undef RDB_TYPE
};

const struct rdb_type *rdb_type_find(uint8_t number) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].number == number) return &types[i];
    return NULL;
}

/* ---- lengths --------------------------------------------------------------------------------- */

static uint64_t read_big_endian(struct reader *r, size_t width) {
    struct bytes raw = read_take(r, width);
    uint64_t value = 0;
    for (size_t i = 0; i < raw.len; i++) value = value << 8 | raw.data[i];
    return value;
}

/* What follows a first byte that begins a length. */
static uint64_t read_rest_of_length(struct reader *r, uint8_t first) {
    if ((first & KIND_BITS) == LENGTH_6) return first;
    if ((first & KIND_BITS) == LENGTH_14) return (uint64_t)(first & 0x3f) << 8 | read_u8(r);
    if (first == LENGTH_32) return read_big_endian(r, 4);
    if (first == LENGTH_64) return read_big_endian(r, 8);
    reader_fail(r);
    return 0;
}

enum brine_status rdb_read_length(struct reader *r, uint64_t *length, struct brine_error *err) {
    uint8_t first = read_u8(r);
    *length = read_rest_of_length(r, first);
    return reader_failed(r) ? reader_error(r, err) : BRINE_OK;
}

static enum brine_status write_big_endian(struct buf *out, uint64_t value, size_t width) {
    uint8_t raw[8];
    for (size_t i = 0; i < width; i++) raw[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    return buf_append(out, bytes_view(raw, width));
}

enum brine_status rdb_write_length(struct buf *out, uint64_t length) {
    if (length < 1 << 6) return buf_append_byte(out, (uint8_t)length);
    if (length < 1 << 14) return write_big_endian(out, LENGTH_14 << 8 | length, 2);
    bool wide = length > UINT32_MAX;
    TRY(buf_append_byte(out, wide ? LENGTH_64 : LENGTH_32));
    return write_big_endian(out, length, wide ? 8 : 4);
}

/* ---- reading strings ------------------------------------------------------------------------- */

static enum brine_status read_number(int64_t value, struct buf *scratch, struct bytes *text) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    TRY(buf_append(scratch, bytes_view(digits, number_format_i64(digits, value))));
    *text = buf_view(scratch);
    return BRINE_OK;
}

static enum brine_status unpack(struct reader *r, size_t bytes_max, struct buf *scratch,
                                struct bytes *text, struct brine_error *err) {
    uint64_t packed_len, len;
    size_t start = r->offset;
    TRY(rdb_read_length(r, &packed_len, err));
    TRY(rdb_read_length(r, &len, err));
    if (packed_len > reader_left(r)) {
        reader_fail(r);
        return reader_error(r, err);
    }
    struct bytes packed = read_take(r, (size_t)packed_len);
    if (len > bytes_max)
        return brine_fail(err, BRINE_TOO_BIG, start, "%llu bytes, limit %zu",
                          (unsigned long long)len, bytes_max);
    if (packed.len == 0 || packed.len > UINT32_MAX || len == 0 || len > UINT32_MAX ||
        len / LZF_RATIO_MAX > packed.len)
        return brine_fail(err, BRINE_MALFORMED, start, "%zu packed bytes cannot be %llu",
                          packed.len, (unsigned long long)len);
    TRY(buf_reserve(scratch, (size_t)len));
    unsigned made = lzf_decompress(packed.data, (unsigned)packed.len, scratch->data, (unsigned)len);
    if (made != len)
        return brine_fail(err, BRINE_MALFORMED, start, "packed bytes that do not unpack to %llu",
                          (unsigned long long)len);
    scratch->len = (size_t)len;
    *text = buf_view(scratch);
    return BRINE_OK;
}

enum brine_status rdb_read_string(struct reader *r, size_t bytes_max, struct buf *scratch,
                                  struct bytes *text, struct brine_error *err) {
    size_t start = r->offset;
    uint8_t first = read_u8(r);
    int64_t number = 0;
    *text = bytes_view(NULL, 0);
    buf_clear(scratch);
    if ((first & KIND_BITS) != SPECIAL) {
        uint64_t len = read_rest_of_length(r, first);
        if (!reader_failed(r) && len > reader_left(r)) reader_fail(r);
        if (reader_failed(r)) return reader_error(r, err);
        if (len > bytes_max)
            return brine_fail(err, BRINE_TOO_BIG, start, "%llu bytes, limit %zu",
                              (unsigned long long)len, bytes_max);
        *text = read_take(r, (size_t)len);
        return BRINE_OK;
    }
    switch (first) {
    case SPECIAL_INT8:
        number = (int64_t)(read_u8(r) ^ 0x80) - 0x80;
        break;
    case SPECIAL_INT16:
        number = (int16_t)read_u16le(r);
        break;
    case SPECIAL_INT32:
        number = (int32_t)read_u32le(r);
        break;
    case SPECIAL_LZF:
        return unpack(r, bytes_max, scratch, text, err);
    default:
        reader_fail(r);
    }
    if (reader_failed(r)) return reader_error(r, err);
    return read_number(number, scratch, text);
}

/* ---- writing strings ------------------------------------------------------------------------- */

static enum brine_status write_number(struct buf *out, int64_t value) {
    uint8_t special = SPECIAL_INT32;
    size_t width = 4;
    if (value >= INT8_MIN && value <= INT8_MAX) {
        special = SPECIAL_INT8;
        width = 1;
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        special = SPECIAL_INT16;
        width = 2;
    }
    uint8_t raw[5] = {special};
    for (size_t i = 0; i < width; i++) raw[i + 1] = (uint8_t)((uint64_t)value >> (8 * i));
    return buf_append(out, bytes_view(raw, width + 1));
}

/* BRINE_NOT_FOUND: packing spares nothing.  The packed bytes are made behind room for the head and
 * moved next to it, for the head says how long they are. */
static enum brine_status write_packed(struct buf *out, struct bytes text) {
    enum { HEAD_BYTES_MAX = 1 + 9 + 9 };
    size_t start = out->len;
    TRY(buf_reserve(out, HEAD_BYTES_MAX + text.len));
    unsigned packed =
        lzf_compress(text.data, (unsigned)text.len, out->data + start + HEAD_BYTES_MAX,
                     (unsigned)(text.len - LZF_SPARES_BYTES));
    if (packed == 0) return BRINE_NOT_FOUND;
    TRY(buf_append_byte(out, SPECIAL_LZF));
    TRY(rdb_write_length(out, packed));
    TRY(rdb_write_length(out, text.len));
    memmove(out->data + out->len, out->data + start + HEAD_BYTES_MAX, packed);
    out->len += packed;
    return BRINE_OK;
}

enum brine_status rdb_write_string(struct buf *out, struct bytes text) {
    int64_t value;
    if (text.len <= INT_TEXT_BYTES_MAX && number_parse_i64(text, &value) && value >= INT32_MIN &&
        value <= INT32_MAX)
        return write_number(out, value);
    if (text.len >= LZF_FROM_BYTES && text.len <= UINT32_MAX) {
        enum brine_status status = write_packed(out, text);
        if (status != BRINE_NOT_FOUND) return status;
    }
    TRY(rdb_write_length(out, text.len));
    return buf_append(out, text);
}
