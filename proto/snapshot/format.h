/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The snapshot file, version 1: every key and value of one moment.  This is its manual; reader.h
 * reads it, format.c holds the few functions that know the layouts, both ways.
 *
 *     file = header, block, block, ..., footer               nothing behind the footer
 *
 * All numbers are little-endian; what is reserved is 0 and is refused when it is not.  H() is
 * XXH3-64 without a seed (xxhash.com), a u64.  No value of a checksum means "not checked".
 *
 *     header, 64 bytes
 *      0  magic           8  "BRINESNP"
 *      8  version         4  1
 *     12  flags           4  0
 *     16  id             16  random, of this file
 *     32  taken_at        8  the moment, in ms since 1970
 *     40  entries         8  that were there, the expired ones included, which are not written
 *     48  databases       4  1 to SNAPSHOT_DATABASES_MAX
 *     52  reserved        4
 *     56  checksum        8  H(bytes 0 to 55)
 *
 *     block = head, payload of stored_bytes; the footer is a block as well
 *
 *     head, 64 bytes
 *      0  magic           4  "BRBK"
 *      4  type            1  snapshot_block_type
 *      5  codec           1  snapshot_codec
 *      6  reserved        2
 *      8  sequence        8  0, 1, 2 ... in the file's order
 *     16  records_before  8  in all blocks before this one
 *     24  stored_bytes    8  of the payload, as it lies here
 *     32  plain_bytes     8  of the payload, unpacked
 *     40  records         4  in this block; 0 unless it is of RECORDS
 *     44  shard           4  a hint: who wrote it
 *     48  payload_hash    8  H(payload as it lies here)
 *     56  checksum        8  H(the file's id, bytes 0 to 55 of the head)
 *
 * So a checksum covers payload, place in the file and the file's id: blocks that were exchanged,
 * repeated or come from another file are found.
 *
 *     RECORDS   record, record, ...                            as many as the head says
 *     WRITERS   { number u16, len u16, text }, ...             names for the numbers in records
 *     FOOTER    the header again (64 bytes, the same), blocks u64, records u64, file_bytes u64,
 *               checksums u64
 *
 * WRITERS and FOOTER are PLAIN.  `blocks` and `records` count what comes before the footer,
 * `file_bytes` is the file's length with it, and `checksums` begins with 0 and is for each block
 * before the footer H(itself as u64, the head's checksum).
 *
 *     record  = flags u8, db u16, key_len u16, value_len u64,
 *               [expire_at_ms i64] if EXPIRY, [idle_s u32] if IDLE, [frequency u8] if FREQUENCY,
 *               [stored_at_s u32, writer u16] if ORIGIN,
 *               key, value
 *     flags   = the value's type in the low three bits (0: string), and snapshot_record_flag
 *
 * A block has about 64 KB of records, or one that is longer; a record does not go over a block's
 * end.  Packed, a payload is one lz4 block (not a frame) or one zstd frame without a dictionary; it
 * is at most SNAPSHOT_PACKED_BYTES_MAX when unpacked, and shorter than that when packed.  The order
 * of records is of no meaning.  What a writer keeps to and no checksum shows: `db` is less than the
 * header's `databases`, a key of a database is there once, no type is other than 0, the footer's
 * records are at most the header's entries.  A reader refuses a file in which one of these is not
 * so (snapshot_record_fault says it of a record).  A key may be empty, a RECORDS block too.
 *
 * Times are wall clock; what had expired when it is read (now > expire_at_ms, which is not 0) is
 * left out by the reader; before 1970 is as good as any other.  `idle_s` is how long nobody had
 * asked for the value when it was written; `frequency` is how often, as OBJECT FREQ says it.  A
 * writer says what its policy knows, mostly one of the two; a reader uses what his can.
 * `stored_at_s` is since 1970; `writer` is a row's number in WRITERS, 0 nobody's.
 *
 * WRITERS blocks, of which there is one or none today, stand before the records that use them.
 * Where a number is there again the first row holds, as for a reader that takes blocks in parallel;
 * 0, and a number that no row has, are nobody's.
 *
 * A reader of version 1 skips nothing that it does not know: another version, flag, type, codec or
 * reserved field that is not 0 ends it.
 *
 * A reader trusts nothing: the file is as foreign as a client, and its values are verified again.
 * So no verdict is written beside a value: who can write the file could write that one, too, and
 * the checksums are against damage, not against him. Any thread.  Cost: H() reads 10 GB/s and more.
 */
#ifndef BRINE_SNAPSHOT_FORMAT_H
#define BRINE_SNAPSHOT_FORMAT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "base/status.h"

enum {
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_ID_BYTES = 16,
    SNAPSHOT_HEADER_BYTES = 64,
    SNAPSHOT_HEAD_BYTES = 64,
    SNAPSHOT_FOOTER_PAYLOAD_BYTES = SNAPSHOT_HEADER_BYTES + 32,
    SNAPSHOT_FOOTER_BYTES = SNAPSHOT_HEAD_BYTES + SNAPSHOT_FOOTER_PAYLOAD_BYTES,
    SNAPSHOT_BLOCK_BYTES = 64 * 1024,       /* that a writer aims at */
    SNAPSHOT_PACKED_BYTES_MAX = 256 * 1024, /* more is not packed */
    SNAPSHOT_RECORD_HEAD_BYTES_MIN = 13,
    SNAPSHOT_RECORD_HEAD_BYTES_MAX = SNAPSHOT_RECORD_HEAD_BYTES_MIN + 8 + 4 + 1 + 6,
    SNAPSHOT_DATABASES_MAX = 1024,
};
#define SNAPSHOT_MAGIC       "BRINESNP"
#define SNAPSHOT_BLOCK_MAGIC "BRBK"

enum snapshot_block_type { SNAPSHOT_RECORDS = 1, SNAPSHOT_WRITERS = 2, SNAPSHOT_FOOTER = 3 };
enum snapshot_codec { SNAPSHOT_PLAIN = 0, SNAPSHOT_LZ4 = 1, SNAPSHOT_ZSTD = 2 };
enum snapshot_record_flag {
    SNAPSHOT_TYPE_MASK = 0x07,
    SNAPSHOT_EXPIRY = 0x08,
    SNAPSHOT_IDLE = 0x10,
    SNAPSHOT_FREQUENCY = 0x20,
    SNAPSHOT_ORIGIN = 0x40,
    SNAPSHOT_FLAGS_RESERVED = 0x80,
};

struct snapshot_header {
    uint32_t version, databases;
    uint8_t id[SNAPSHOT_ID_BYTES];
    int64_t taken_at_ms;
    uint64_t entries;
};

struct snapshot_head {
    enum snapshot_block_type type;
    enum snapshot_codec codec;
    uint64_t sequence, records_before, stored_bytes, plain_bytes;
    uint32_t records, shard;
    uint64_t payload_hash, checksum;
};

struct snapshot_footer {
    struct snapshot_header header;
    uint64_t blocks, records, file_bytes, checksums;
};

struct snapshot_record {
    uint8_t flags; /* says which of the fields are there; the others are 0 */
    uint8_t frequency;
    uint16_t db, writer;
    uint32_t idle_s, stored_at_s;
    int64_t expire_at_ms; /* 0: none */
    struct bytes key, value;
};

/* H() over parts that lie one behind the other. */
uint64_t snapshot_hash(const struct bytes *parts, size_t count);
static inline uint64_t snapshot_hash_of(struct bytes bytes) {
    return snapshot_hash(&bytes, 1);
}
/* The next value of the footer's `checksums`. */
uint64_t snapshot_fold(uint64_t checksums, uint64_t checksum);

/* ---- writing ----------------------------------------------------------------------------------*/

void snapshot_write_header(const struct snapshot_header *header,
                           uint8_t target[static SNAPSHOT_HEADER_BYTES]);
/* Works out head->checksum first. */
void snapshot_write_head(struct snapshot_head *head, const uint8_t id[static SNAPSHOT_ID_BYTES],
                         uint8_t target[static SNAPSHOT_HEAD_BYTES]);
void snapshot_write_footer(const struct snapshot_footer *footer,
                           uint8_t target[static SNAPSHOT_FOOTER_PAYLOAD_BYTES]);
/* What comes before key and value; returns its length. */
size_t snapshot_write_record_head(const struct snapshot_record *record,
                                  uint8_t target[static SNAPSHOT_RECORD_HEAD_BYTES_MAX]);

/* ---- reading: MALFORMED says what is wrong, TOO_BIG a version or flag of later times ----------*/

enum brine_status snapshot_read_header(struct bytes bytes, struct snapshot_header *header,
                                       struct brine_error *err) MUST_USE;
/* Everything but the payload; what it says of sizes is consistent. */
enum brine_status snapshot_read_head(struct bytes bytes, const uint8_t id[static SNAPSHOT_ID_BYTES],
                                     struct snapshot_head *head, struct brine_error *err) MUST_USE;
enum brine_status snapshot_read_footer(struct bytes payload, struct snapshot_footer *footer,
                                       struct brine_error *err) MUST_USE;
/* The next record of an unpacked RECORDS block; views into it. */
enum brine_status snapshot_read_record(struct reader *r, struct snapshot_record *record,
                                       struct brine_error *err) MUST_USE;
/* Why no file with such a header may hold such a record; NULL: it may. */
const char *snapshot_record_fault(const struct snapshot_record *record,
                                  const struct snapshot_header *header);
/* The next row of an unpacked WRITERS block. */
enum brine_status snapshot_read_writer(struct reader *r, uint16_t *number, struct bytes *text,
                                       struct brine_error *err) MUST_USE;

#endif
