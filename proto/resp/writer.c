/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* All output passes through four functions: append (which keeps the sticky failure), write_header,
 * write_bulk, and write_line, the only one that lets text stand between a marker and CR LF and
 * therefore the only one that filters it.
 *
 * An aggregate opened without a count leaves room for the longest header:
 *
 *     position
 *     | RESP_HEADER_ROOM bytes | elements ...          before closing
 *     |*12\r\n elements ...                            after: the elements move left
 *
 * Moving left needs no memory, so closing cannot fail. */

#include "resp/writer.h"

#include "base/assert.h"
#include "base/number.h"

#include <stdarg.h>
#include <stdio.h>

static void append(struct resp_writer *writer, struct bytes bytes) {
    if (writer->failed != BRINE_OK) return;
    writer->failed = buf_append(writer->out, bytes);
}

/* Room for `more` bytes, at which the caller writes; NULL after a failure. */
static uint8_t *reserve(struct resp_writer *writer, size_t more) {
    if (writer->failed == BRINE_OK) writer->failed = buf_reserve(writer->out, more);
    return writer->failed == BRINE_OK ? writer->out->data + writer->out->len : NULL;
}

static size_t format_header(uint8_t target[static RESP_HEADER_ROOM], uint8_t marker,
                            size_t number) {
    target[0] = marker;
    size_t len = 1 + number_format_u64(target + 1, number);
    target[len++] = '\r';
    target[len++] = '\n';
    return len;
}

/* marker, text without control bytes, CR LF: whole or, after a failure, not at all. */
static void write_line(struct resp_writer *writer, uint8_t marker, struct bytes text) {
    uint8_t *at = text.len < SIZE_MAX - 3 ? reserve(writer, text.len + 3) : NULL;
    if (!at) return;
    *at++ = marker;
    for (size_t i = 0; i < text.len; i++) *at++ = resp_no_control(text.data[i]);
    *at++ = '\r';
    *at++ = '\n';
    writer->out->len += text.len + 3;
}

/* ---- scalars ----------------------------------------------------------------------------------
 */

void resp_write_simple(struct resp_writer *writer, struct bytes text) {
    write_line(writer, '+', text);
}

static bool is_line_end(uint8_t c) {
    return c == '\r' || c == '\n';
}

void resp_error(struct resp_writer *writer, struct bytes text) {
    while (text.len > 0 && is_line_end(text.data[0])) text = bytes_slice(text, 1, text.len);
    while (text.len > 0 && is_line_end(text.data[text.len - 1])) text.len--;
    write_line(writer, '-', bytes_slice(text, 0, RESP_ERROR_BYTES_MAX));
}

void resp_error_printf(struct resp_writer *writer, const char *format, ...) {
    char text[RESP_ERROR_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    BRINE_ASSERT(len >= 0, "a format string of ours is valid");
    resp_error(writer, bytes_view(text, MIN((size_t)len, sizeof(text) - 1)));
}

void resp_write_integer(struct resp_writer *writer, int64_t value) {
    uint8_t line[RESP_HEADER_ROOM] = {':'};
    size_t len = 1 + number_format_i64(line + 1, value);
    line[len++] = '\r';
    line[len++] = '\n';
    append(writer, bytes_view(line, len));
}

void resp_write_bulk(struct resp_writer *writer, struct bytes value) {
    size_t most = RESP_HEADER_ROOM + 2;
    uint8_t *at = value.len < SIZE_MAX - most ? reserve(writer, value.len + most) : NULL;
    if (!at) return;
    at += format_header(at, '$', value.len);
    bytes_copy_to(at, value);
    at += value.len;
    *at++ = '\r';
    *at++ = '\n';
    writer->out->len = (size_t)(at - writer->out->data);
}

void resp_bulk_header(struct resp_writer *writer, size_t len) {
    resp_write_header(writer, '$', len);
}

void resp_bulk_end(struct resp_writer *writer) {
    append(writer, BYTES("\r\n"));
}

void resp_null_array(struct resp_writer *writer) {
    append(writer, writer->version == 3 ? BYTES("_\r\n") : BYTES("*-1\r\n"));
}

/* Source: Redis 7.0 addReplyDouble. */
void resp_double(struct resp_writer *writer, double value) {
    uint8_t text[NUMBER_DOUBLE_TEXT_BYTES];
    struct bytes digits = bytes_view(text, number_format_double(text, value));
    if (writer->version == 3)
        write_line(writer, ',', digits);
    else
        resp_bulk(writer, digits);
}

void resp_boolean(struct resp_writer *writer, bool value) {
    if (writer->version == 3)
        append(writer, value ? BYTES("#t\r\n") : BYTES("#f\r\n"));
    else
        append(writer, value ? BYTES(":1\r\n") : BYTES(":0\r\n"));
}

void resp_big_number(struct resp_writer *writer, struct bytes digits) {
    if (writer->version == 3)
        write_line(writer, '(', digits);
    else
        resp_bulk(writer, digits);
}

void resp_verbatim(struct resp_writer *writer, struct bytes format, struct bytes text) {
    enum { FORMAT_BYTES = 3 };
    if (writer->version != 3) {
        resp_bulk(writer, text);
        return;
    }
    uint8_t prefix[FORMAT_BYTES + 1] = "   :";
    for (size_t i = 0; i < MIN(format.len, (size_t)FORMAT_BYTES); i++)
        prefix[i] = resp_no_control(format.data[i]);
    size_t len;
    if (add_overflows(text.len, sizeof(prefix), &len)) {
        writer->failed = BRINE_TOO_BIG;
        return;
    }
    resp_write_header(writer, '=', len);
    append(writer, bytes_view(prefix, sizeof(prefix)));
    append(writer, text);
    append(writer, BYTES("\r\n"));
}

void resp_raw(struct resp_writer *writer, struct bytes encoded) {
    append(writer, encoded);
}

/* ---- aggregates -------------------------------------------------------------------------------
 */

void resp_write_header(struct resp_writer *writer, uint8_t marker, size_t number) {
    uint8_t line[RESP_HEADER_ROOM];
    append(writer, bytes_view(line, format_header(line, marker, number)));
}

/* The header of `pairs` keys and values, or of the array that stands for it in RESP2. */
static void map_header(const struct resp_writer *writer, size_t pairs, uint8_t *marker,
                       size_t *number) {
    *marker = writer->version == 3 ? '%' : '*';
    *number = pairs;
    if (writer->version == 3) return;
    bool overflows = mul_overflows(pairs, (size_t)2, number);
    BRINE_ASSERT(!overflows, "nobody writes a map of half the address space");
}

void resp_map(struct resp_writer *writer, size_t pairs) {
    uint8_t marker;
    size_t number;
    map_header(writer, pairs, &marker, &number);
    resp_write_header(writer, marker, number);
}

void resp_set(struct resp_writer *writer, size_t count) {
    resp_write_header(writer, writer->version == 3 ? '~' : '*', count);
}

void resp_push(struct resp_writer *writer, size_t count) {
    resp_write_header(writer, writer->version == 3 ? '>' : '*', count);
}

bool resp_attribute(struct resp_writer *writer, size_t pairs) {
    if (writer->version != 3) return false;
    resp_write_header(writer, '|', pairs);
    return true;
}

/* ---- aggregates whose count comes last --------------------------------------------------------
 */

static size_t open_aggregate(struct resp_writer *writer) {
    size_t position = writer->out->len;
    if (reserve(writer, RESP_HEADER_ROOM)) writer->out->len += RESP_HEADER_ROOM;
    return position;
}

static void close_aggregate(struct resp_writer *writer, size_t position, uint8_t marker,
                            size_t number) {
    if (writer->failed != BRINE_OK) return;
    struct buf *out = writer->out;
    size_t elements = position + RESP_HEADER_ROOM;
    BRINE_ASSERT(elements <= out->len, "an aggregate is closed where it was opened");
    size_t header = format_header(out->data + position, marker, number);
    memmove(out->data + position + header, out->data + elements, out->len - elements);
    out->len -= RESP_HEADER_ROOM - header;
}

size_t resp_array_open(struct resp_writer *writer) {
    return open_aggregate(writer);
}
void resp_array_close(struct resp_writer *writer, size_t position, size_t count) {
    close_aggregate(writer, position, '*', count);
}

size_t resp_set_open(struct resp_writer *writer) {
    return open_aggregate(writer);
}
void resp_set_close(struct resp_writer *writer, size_t position, size_t count) {
    close_aggregate(writer, position, writer->version == 3 ? '~' : '*', count);
}

size_t resp_map_open(struct resp_writer *writer) {
    return open_aggregate(writer);
}
void resp_map_close(struct resp_writer *writer, size_t position, size_t pairs) {
    uint8_t marker;
    size_t number;
    map_header(writer, pairs, &marker, &number);
    close_aggregate(writer, position, marker, number);
}
