/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "rdb/payload.h"

#include "rdb/crc64.h"

enum { CRC_BYTES = 8 };

static enum brine_status write_little_endian(struct buf *out, uint64_t value, size_t width) {
    uint8_t raw[8];
    for (size_t i = 0; i < width; i++) raw[i] = (uint8_t)(value >> (8 * i));
    return buf_append(out, bytes_view(raw, width));
}

/* Behind what begins at `start`. */
static enum brine_status write_footer(struct buf *out, size_t start) {
    TRY(write_little_endian(out, PAYLOAD_VERSION_WRITTEN, 2));
    struct bytes all = bytes_slice(buf_view(out), start, out->len);
    return write_little_endian(out, rdb_crc64(0, all), CRC_BYTES);
}

enum brine_status payload_write_string(struct buf *out, struct bytes text) {
    size_t start = out->len;
    TRY(buf_append_byte(out, RDB_TYPE_STRING));
    TRY(rdb_write_string(out, text));
    return write_footer(out, start);
}

enum brine_status payload_write_nothing(struct buf *out) {
    return write_footer(out, out->len);
}

enum brine_status payload_open(struct bytes payload, struct reader *value,
                               struct brine_error *err) {
    if (payload.len < PAYLOAD_FOOTER_BYTES)
        return brine_fail(err, BRINE_MALFORMED, 0, "%zu bytes are no payload", payload.len);
    size_t body = payload.len - PAYLOAD_FOOTER_BYTES;
    struct reader footer = reader_over(bytes_slice(payload, body, PAYLOAD_FOOTER_BYTES));
    uint16_t version = read_u16le(&footer);
    uint64_t crc = read_u64le(&footer);
    if (version > PAYLOAD_VERSION_MAX)
        return brine_fail(err, BRINE_MALFORMED, body, "version %u is not known", version);
    if (crc != rdb_crc64(0, bytes_slice(payload, 0, payload.len - CRC_BYTES)))
        return brine_fail(err, BRINE_MALFORMED, body, "the checksum is wrong");
    *value = reader_over(bytes_slice(payload, 0, body));
    return BRINE_OK;
}
