/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Replies: values in, RESP2 or RESP3 out, exactly as Redis 7 writes each.
 *
 *     struct resp_writer writer = {.out = &buf, .version = session->version};
 *     resp_map(&writer, 1);
 *     resp_bulk(&writer, BYTES("proto"));
 *     resp_integer(&writer, writer.version);
 *     if (writer.failed) ... close the connection, or cut out back to where the reply began ...
 *
 * Failure is sticky: once an append fails, `failed` holds why (TOO_BIG, NO_MEMORY) and nothing more
 * is written, so that handlers check nothing and the owner of the writer checks once.  The reply is
 * then incomplete in `out`.
 *
 * Text that travels as a line (simple strings, errors, big numbers) can hold no control byte: each
 * byte below 0x20 and 0x7f leaves as a space, so that no value forges a second reply.
 *
 * Counts are promises: who writes resp_array(n) writes n elements behind it, resp_map(n) 2 n.
 * The writer owns nothing.  One thread at a time.  Cost: a few ns and the copy. */
#ifndef BRINE_RESP_WRITER_H
#define BRINE_RESP_WRITER_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/status.h"

enum {
    RESP_ERROR_BYTES_MAX = 1024, /* of an error's text; what is longer is cut */
    RESP_HEADER_ROOM = 24        /* a marker, 20 digits, CR LF */
};

struct resp_writer {
    struct buf *out;
    uint8_t version; /* 2 or 3 */
    enum brine_status failed;
};

/* ---- scalars ----------------------------------------------------------------------------------
 */

/* "+OK": text is short and ours; see above for control bytes. */
static inline void resp_simple(struct resp_writer *writer, struct bytes text);
/* "-ERR no such key": the text begins with its code.  CR and LF at both ends are dropped. */
void resp_error(struct resp_writer *writer, struct bytes text);
void resp_error_printf(struct resp_writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void resp_integer(struct resp_writer *writer, int64_t value);
static inline void resp_bulk(struct resp_writer *writer, struct bytes value);
static inline void resp_null(struct resp_writer *writer);
/* Where RESP2 has "*-1" instead of "$-1": BLPOP without result, an EXEC that was aborted. */
void resp_null_array(struct resp_writer *writer);
/* RESP2: a bulk string of the same digits. */
void resp_double(struct resp_writer *writer, double value);
/* RESP2: the integer 1 or 0. */
void resp_boolean(struct resp_writer *writer, bool value);
/* digits: an optional '-' and decimal digits.  RESP2: a bulk string. */
void resp_big_number(struct resp_writer *writer, struct bytes digits);
/* format: three letters, "txt" or "mkd"; shorter is filled with spaces.  RESP2: a bulk string. */
void resp_verbatim(struct resp_writer *writer, struct bytes format, struct bytes text);

/* A bulk string whose bytes travel by reference: the header here, then `len` bytes that the owner
 * of the output sends from elsewhere, then the end. */
void resp_bulk_header(struct resp_writer *writer, size_t len);
void resp_bulk_end(struct resp_writer *writer);

/* Bytes that are already RESP of this version. */
void resp_raw(struct resp_writer *writer, struct bytes encoded);

/* ---- aggregates -------------------------------------------------------------------------------
 */

static inline void resp_array(struct resp_writer *writer, size_t count);
/* `pairs` keys, each followed by its value.  RESP2: an array of 2 * pairs. */
void resp_map(struct resp_writer *writer, size_t pairs);
/* RESP2: an array. */
void resp_set(struct resp_writer *writer, size_t count);
/* Out of band in RESP3.  RESP2: an array. */
void resp_push(struct resp_writer *writer, size_t count);
/* Stands before the reply that it describes.  RESP2 has no place for it: nothing is written, and
 * false says that the pairs must not be written either. */
bool resp_attribute(struct resp_writer *writer, size_t pairs) MUST_USE;

/* An aggregate whose count is known only at its end:
 *
 *     size_t position = resp_array_open(&writer);
 *     ... elements ...
 *     resp_array_close(&writer, position, count);
 *
 * Any number may be open, closed in the opposite order.  Closing moves the elements to meet the
 * header, so it costs O(bytes of the elements).
 * Careful: until it is closed nothing of `out` may be sent from `position` on, and no offset behind
 * it may be kept; so no values by reference in between. */
size_t resp_array_open(struct resp_writer *writer) MUST_USE;
void resp_array_close(struct resp_writer *writer, size_t position, size_t count);
size_t resp_set_open(struct resp_writer *writer) MUST_USE;
void resp_set_close(struct resp_writer *writer, size_t position, size_t count);
size_t resp_map_open(struct resp_writer *writer) MUST_USE;
void resp_map_close(struct resp_writer *writer, size_t position, size_t pairs);

/* ---- the hot ones, in line --------------------------------------------------------------------
 */

/* The general form of a header line; used below. */
void resp_write_header(struct resp_writer *writer, uint8_t marker, size_t number);
void resp_write_simple(struct resp_writer *writer, struct bytes text);
void resp_write_integer(struct resp_writer *writer, int64_t value);
void resp_write_bulk(struct resp_writer *writer, struct bytes value);

/* True when `bytes` can be written behind out->len without a check. */
static inline bool resp_has_room(const struct resp_writer *writer, size_t bytes) {
    return LIKELY(!writer->failed) && LIKELY(writer->out->cap - writer->out->len >= bytes);
}

/* What a line may hold of a byte. */
static inline uint8_t resp_no_control(uint8_t c) {
    return c < ' ' || c == 0x7f ? ' ' : c;
}

/* "<marker><number>\r\n" for number < 1000; returns its end. */
static inline uint8_t *resp_put_short_header(uint8_t *at, uint8_t marker, unsigned number) {
    *at++ = marker;
    if (number >= 100) *at++ = (uint8_t)('0' + number / 100);
    if (number >= 10) *at++ = (uint8_t)('0' + number / 10 % 10);
    *at++ = (uint8_t)('0' + number % 10);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static inline void resp_integer(struct resp_writer *writer, int64_t value) {
    struct buf *out = writer->out;
    if (LIKELY((uint64_t)value < 1000) && resp_has_room(writer, RESP_HEADER_ROOM)) {
        uint8_t *end = resp_put_short_header(out->data + out->len, ':', (unsigned)value);
        out->len = (size_t)(end - out->data);
        return;
    }
    resp_write_integer(writer, value);
}

static inline void resp_bulk(struct resp_writer *writer, struct bytes value) {
    struct buf *out = writer->out;
    if (LIKELY(value.len < 1000) && resp_has_room(writer, value.len + RESP_HEADER_ROOM)) {
        uint8_t *at = resp_put_short_header(out->data + out->len, '$', (unsigned)value.len);
        bytes_copy_to(at, value);
        at += value.len;
        at[0] = '\r';
        at[1] = '\n';
        out->len = (size_t)(at + 2 - out->data);
        return;
    }
    resp_write_bulk(writer, value);
}

static inline void resp_array(struct resp_writer *writer, size_t count) {
    struct buf *out = writer->out;
    if (LIKELY(count < 1000) && resp_has_room(writer, RESP_HEADER_ROOM)) {
        uint8_t *end = resp_put_short_header(out->data + out->len, '*', (unsigned)count);
        out->len = (size_t)(end - out->data);
        return;
    }
    resp_write_header(writer, '*', count);
}

static inline void resp_null(struct resp_writer *writer) {
    resp_raw(writer, writer->version == 3 ? BYTES("_\r\n") : BYTES("$-1\r\n"));
}

static inline void resp_simple(struct resp_writer *writer, struct bytes text) {
    struct buf *out = writer->out;
    if (LIKELY(text.len <= RESP_HEADER_ROOM - 3) && resp_has_room(writer, RESP_HEADER_ROOM)) {
        uint8_t *at = out->data + out->len;
        *at++ = '+';
        for (size_t i = 0; i < text.len; i++) *at++ = resp_no_control(text.data[i]);
        *at++ = '\r';
        *at++ = '\n';
        out->len = (size_t)(at - out->data);
        return;
    }
    resp_write_simple(writer, text);
}

#endif
