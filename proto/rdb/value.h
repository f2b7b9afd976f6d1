/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Lengths and strings as RDB files and DUMP payloads hold them.
 *
 *     struct reader r = reader_over(bytes);
 *     status = rdb_read_string(&r, 512 << 20, &scratch, &text, err);       // text: of r or scratch
 *     status = rdb_write_string(&out, text);
 *
 *     length   00nnnnnn | 01nnnnnn n | 10000000 u32 | 10000001 u64 (big-endian)
 *     string   length, bytes
 *              11000000 i8 | 11000001 i16 | 11000010 i32 (little-endian): a number's decimal text
 *              11000011 length of the packed, length of the text, packed by LZF
 *
 * What is written is what Redis 7 writes, byte for byte: integers of 32 bits as such, LZF from 21
 * bytes on where it spares four.  What is read is any of these forms, shortest or not.
 *
 * Bounds: a text longer than bytes_max, and a packed string that claims more than LZF can unpack,
 * is TOO_BIG or MALFORMED before memory is taken.  No recursion.
 * Errors: MALFORMED, TOO_BIG, NO_MEMORY, with the offset of what is wrong; the reader then has
 * failed or stands anywhere.  Any thread.
 * Source: Redis 7.0 rdb.c rdbLoadLenByRef, rdbGenericLoadStringObject, rdbSaveRawString. */
#ifndef BRINE_RDB_VALUE_H
#define BRINE_RDB_VALUE_H

#include "base/buf.h"
#include "base/reader.h"

/* The kinds of values; types.def. */
struct rdb_type {
    uint8_t number;
    const char *kind; /* "string", "hash" ... */
    const char *form; /* "listpack" ... */
};
enum { RDB_TYPE_STRING = 0 };
/* NULL: no version of the format has it. */
const struct rdb_type *rdb_type_find(uint8_t number);

/* A length, where no special string may stand. */
enum brine_status rdb_read_length(struct reader *r, uint64_t *length,
                                  struct brine_error *err) MUST_USE;

/* *text is a view of what r reads, or of scratch, which is cleared first, where it was packed. */
enum brine_status rdb_read_string(struct reader *r, size_t bytes_max, struct buf *scratch,
                                  struct bytes *text, struct brine_error *err) MUST_USE;

enum brine_status rdb_write_length(struct buf *out, uint64_t length) MUST_USE;
/* Cost: LZF packs some 200 MB a second; out grows by the text's length at most, and some bytes. */
enum brine_status rdb_write_string(struct buf *out, struct bytes text) MUST_USE;

#endif
