/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reading a snapshot file block by block, from wherever its bytes come.
 *
 *     TRY(snapshot_reader_open(&reader, &source, err));
 *     while ((status = snapshot_reader_next(&reader, &block, &payload, err)) == BRINE_OK) {
 *         TRY(snapshot_block_check(&block, buf_view(&payload), err));   // any thread
 *         TRY(snapshot_unpack(&unpacker, &block.head, buf_view(&payload), &plain, err));
 *         struct reader records = reader_over(plain);
 *         while (!reader_at_end(&records)) TRY(snapshot_read_record(&records, &record, err));
 *     }
 *     if (status == BRINE_NOT_FOUND) ... it was whole: header, all blocks, footer, nothing more ...
 *
 * Words: a *source* answers for the file's bytes.  A file is *whole* when the reader came to
 * NOT_FOUND and every block passed its check.  To *salvage* is to go on behind damage: with
 * on_damage set, snapshot_reader_next checks each block itself, passes over what is not intact,
 * tells on_damage of each range, and finds the next block that is (by its magic and its checksum,
 * which nobody can forge who did not see the file's id).
 *
 * Errors: MALFORMED, TOO_BIG and IO with err->offset in the file; NO_MEMORY.
 * Ownership: the source is borrowed.  Thread: one at a time; snapshot_block_check any.
 * Cost: a read of 64 bytes and one of the payload a block; salvaging reads at most four times the
 * file's length more. */
#ifndef BRINE_SNAPSHOT_READER_H
#define BRINE_SNAPSHOT_READER_H

#include "snapshot/format.h"

/* Reads exactly so many bytes, which are within the source; IO when they cannot be had. */
typedef enum brine_status snapshot_read_fn(void *ctx, uint64_t offset, void *target, size_t bytes,
                                           struct brine_error *err);

struct snapshot_source {
    snapshot_read_fn *read;
    void *ctx;
    uint64_t bytes; /* in all */
};

/* A range that is not intact. */
struct snapshot_damage {
    uint64_t from, to;    /* bytes in the file, `to` excluded */
    uint64_t records;     /* lost there; with records_at_most an upper bound */
    bool records_at_most; /* the count of what is missing at the end is not known exactly */
    const char *reason;   /* one line */
};
typedef void snapshot_damage_fn(void *ctx, const struct snapshot_damage *damage);

struct snapshot_block {
    struct snapshot_head head;
    uint64_t offset; /* of the head, in the file */
    uint8_t id[SNAPSHOT_ID_BYTES];
};

enum { SNAPSHOT_WINDOW_BYTES = 8 * 1024 };

struct snapshot_reader {
    struct snapshot_source source;
    struct snapshot_header header;
    struct snapshot_footer footer; /* when has_footer */
    bool has_footer, at_end;
    bool is_damaged;    /* some was told */
    uint64_t offset;    /* of the next block */
    uint64_t sequence;  /* that it should have */
    uint64_t records;   /* in the blocks before it, those that were lost included */
    uint64_t checksums; /* of them */
    uint64_t search_bytes_left;
    uint64_t window_from; /* what is searched lies in a window: */
    size_t window_bytes;
    uint8_t window[SNAPSHOT_WINDOW_BYTES];
    snapshot_damage_fn *on_damage; /* NULL: damage is an error */
    void *damage_ctx;
    char reason[BRINE_ERROR_TEXT_BYTES];
};

struct snapshot_reader_options {
    struct snapshot_source source;
    snapshot_damage_fn *on_damage;
    void *damage_ctx;
};

enum brine_status snapshot_reader_open(struct snapshot_reader *reader,
                                       const struct snapshot_reader_options *options,
                                       struct brine_error *err) MUST_USE;
/* The next RECORDS or WRITERS block, its payload into `payload` (whose limit is the longest that is
 * taken; TOO_BIG beyond).  NOT_FOUND: the end. */
enum brine_status snapshot_reader_next(struct snapshot_reader *reader, struct snapshot_block *block,
                                       struct buf *payload, struct brine_error *err) MUST_USE;
/* The payload is the one that was written. */
enum brine_status snapshot_block_check(const struct snapshot_block *block, struct bytes payload,
                                       struct brine_error *err) MUST_USE;

#endif
