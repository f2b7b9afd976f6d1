/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A block's head has a checksum of its own, so that a damaged payload does not take
 * the place of the next block along.  Where a head is damaged, the next one is searched for by its
 * magic, byte by byte; the file's id in the checksum keeps a value that looks like a block from
 * being taken for one.  When the header is damaged, its copy in the footer gives the id. */

#include "snapshot/reader.h"

#include "base/assert.h"

#include <stdio.h>

enum {
    SEARCH_SHARE_MAX = 4, /* all searching together reads so many times the file */
    SEARCH_BYTES_MIN = 1 << 20,
};

#define FOLD_FAULT "the footer's checksum over all blocks does not fit"

static uint64_t bytes_left(const struct snapshot_reader *reader, uint64_t offset) {
    return reader->source.bytes - offset;
}

static enum brine_status read_at(const struct snapshot_reader *reader, uint64_t offset,
                                 void *target, size_t bytes, struct brine_error *err) {
    BRINE_ASSERT(bytes <= bytes_left(reader, offset), "reads stay within the file");
    return reader->source.read(reader->source.ctx, offset, target, bytes, err);
}

/* A failure at this place of the file. */
static enum brine_status place_at(struct brine_error *err, enum brine_status status,
                                  uint64_t offset) {
    if (err) err->offset = (size_t)offset;
    return status;
}

static void tell_damage(struct snapshot_reader *reader, struct snapshot_damage damage) {
    if (damage.from >= damage.to && !damage.records) return;
    reader->is_damaged = true;
    reader->on_damage(reader->damage_ctx, &damage);
}

static void keep_reason(struct snapshot_reader *reader, const struct brine_error *err) {
    memcpy(reader->reason, err->text, sizeof reader->reason);
}

/* ---- opening ----------------------------------------------------------------------------------*/

/* The header's copy at the file's end. */
static enum brine_status read_header_copy(const struct snapshot_reader *reader,
                                          struct snapshot_header *header, struct brine_error *err) {
    uint8_t bytes[SNAPSHOT_FOOTER_BYTES];
    struct snapshot_head head;
    if (reader->source.bytes < SNAPSHOT_HEADER_BYTES + sizeof bytes)
        return brine_fail(err, BRINE_MALFORMED, 0, "the file has no intact header or footer");
    TRY(read_at(reader, reader->source.bytes - sizeof bytes, bytes, sizeof bytes, err));
    struct bytes payload = bytes_view(bytes + SNAPSHOT_HEAD_BYTES, SNAPSHOT_FOOTER_PAYLOAD_BYTES);
    TRY(snapshot_read_header(bytes_slice(payload, 0, SNAPSHOT_HEADER_BYTES), header, err));
    TRY(snapshot_read_head(bytes_view(bytes, SNAPSHOT_HEAD_BYTES), header->id, &head, err));
    if (head.type == SNAPSHOT_FOOTER && head.payload_hash == snapshot_hash_of(payload))
        return BRINE_OK;
    return brine_fail(err, BRINE_MALFORMED, 0, "the file has no intact header or footer");
}

enum brine_status snapshot_reader_open(struct snapshot_reader *reader,
                                       const struct snapshot_reader_options *options,
                                       struct brine_error *err) {
    uint8_t bytes[SNAPSHOT_HEADER_BYTES];
    *reader = (struct snapshot_reader){
        .source = options->source,
        .offset = SNAPSHOT_HEADER_BYTES,
        .on_damage = options->on_damage,
        .damage_ctx = options->damage_ctx,
    };
    reader->search_bytes_left =
        MAX(options->source.bytes, SEARCH_BYTES_MIN) * (uint64_t)SEARCH_SHARE_MAX;
    if (options->source.bytes < sizeof bytes)
        return brine_fail(err, BRINE_MALFORMED, 0, "the file is too short for a snapshot");
    TRY(read_at(reader, 0, bytes, sizeof bytes, err));
    struct brine_error why;
    enum brine_status status =
        snapshot_read_header(bytes_view(bytes, sizeof bytes), &reader->header, &why);
    if (status == BRINE_MALFORMED && reader->on_damage) {
        TRY(read_header_copy(reader, &reader->header, err));
        keep_reason(reader, &why);
        tell_damage(reader, (struct snapshot_damage){.to = sizeof bytes, .reason = reader->reason});
        return BRINE_OK;
    }
    if (status != BRINE_OK) return brine_fail(err, status, 0, "%s", why.text);
    return BRINE_OK;
}

/* ---- one block --------------------------------------------------------------------------------*/

static enum brine_status read_head_at(const struct snapshot_reader *reader, uint64_t offset,
                                      struct snapshot_block *block, struct brine_error *err) {
    uint8_t bytes[SNAPSHOT_HEAD_BYTES];
    if (bytes_left(reader, offset) == 0)
        return brine_fail(err, BRINE_MALFORMED, (size_t)offset, "the file ends without a footer");
    if (bytes_left(reader, offset) < sizeof bytes)
        return brine_fail(err, BRINE_MALFORMED, (size_t)offset,
                          "the file ends within a block's head");
    TRY(read_at(reader, offset, bytes, sizeof bytes, err));
    enum brine_status status =
        snapshot_read_head(bytes_view(bytes, sizeof bytes), reader->header.id, &block->head, err);
    if (status != BRINE_OK) return place_at(err, status, offset);
    block->offset = offset;
    memcpy(block->id, reader->header.id, sizeof block->id);
    if (block->head.stored_bytes > bytes_left(reader, offset) - sizeof bytes)
        return brine_fail(err, BRINE_MALFORMED, (size_t)offset, "the file ends within a block");
    return BRINE_OK;
}

static enum brine_status read_payload(const struct snapshot_reader *reader,
                                      const struct snapshot_block *block, struct buf *payload,
                                      struct brine_error *err) {
    buf_clear(payload);
    if (block->head.stored_bytes > payload->limit)
        return brine_fail(err, BRINE_TOO_BIG, (size_t)block->offset,
                          "a block of %llu bytes, more than is allowed",
                          (unsigned long long)block->head.stored_bytes);
    size_t bytes = (size_t)block->head.stored_bytes;
    enum brine_status status = buf_reserve(payload, bytes);
    if (status != BRINE_OK)
        return brine_fail(err, status, (size_t)block->offset, "out of memory for a block");
    TRY(read_at(reader, block->offset + SNAPSHOT_HEAD_BYTES, payload->data, bytes, err));
    payload->len = bytes;
    return BRINE_OK;
}

enum brine_status snapshot_block_check(const struct snapshot_block *block, struct bytes payload,
                                       struct brine_error *err) {
    if (payload.len == block->head.stored_bytes &&
        snapshot_hash_of(payload) == block->head.payload_hash)
        return BRINE_OK;
    return brine_fail(err, BRINE_MALFORMED, (size_t)block->offset,
                      "the checksum of a block does not fit");
}

static uint64_t block_end(const struct snapshot_block *block) {
    return block->offset + SNAPSHOT_HEAD_BYTES + block->head.stored_bytes;
}

/* Moves behind a block that is where it belongs. */
static void pass(struct snapshot_reader *reader, const struct snapshot_block *block) {
    reader->offset = block_end(block);
    reader->sequence = block->head.sequence + 1;
    reader->records = block->head.records_before + block->head.records;
    reader->checksums = snapshot_fold(reader->checksums, block->head.checksum);
}

/* What is wrong with the footer; NULL: nothing. */
static const char *footer_fault(const struct snapshot_reader *reader,
                                const struct snapshot_block *block) {
    const struct snapshot_footer *footer = &reader->footer;
    if (memcmp(footer->header.id, reader->header.id, SNAPSHOT_ID_BYTES) != 0 ||
        footer->header.entries != reader->header.entries ||
        footer->header.taken_at_ms != reader->header.taken_at_ms ||
        footer->header.databases != reader->header.databases)
        return "the footer is another file's";
    if (footer->blocks != block->head.sequence || footer->records != block->head.records_before ||
        footer->records > footer->header.entries)
        return "the footer's counts do not fit";
    if (footer->file_bytes != block_end(block)) return "the footer is of a file of another length";
    return NULL;
}

static enum brine_status take_footer(struct snapshot_reader *reader,
                                     const struct snapshot_block *block, struct bytes payload,
                                     struct brine_error *err) {
    TRY(snapshot_block_check(block, payload, err));
    enum brine_status status = snapshot_read_footer(payload, &reader->footer, err);
    if (status != BRINE_OK) return place_at(err, status, block->offset);
    const char *fault = footer_fault(reader, block);
    if (fault) return brine_fail(err, BRINE_MALFORMED, (size_t)block->offset, "%s", fault);
    reader->has_footer = true;
    reader->at_end = true;
    return BRINE_OK;
}

/* ---- without mercy ----------------------------------------------------------------------------*/

static enum brine_status next_strict(struct snapshot_reader *reader, struct snapshot_block *block,
                                     struct buf *payload, struct brine_error *err) {
    TRY(read_head_at(reader, reader->offset, block, err));
    if (block->head.sequence != reader->sequence || block->head.records_before != reader->records)
        return brine_fail(err, BRINE_MALFORMED, (size_t)block->offset, "a block is out of place");
    TRY(read_payload(reader, block, payload, err));
    if (block->head.type != SNAPSHOT_FOOTER) {
        pass(reader, block);
        return BRINE_OK;
    }
    TRY(take_footer(reader, block, buf_view(payload), err));
    if (reader->footer.checksums != reader->checksums)
        return brine_fail(err, BRINE_MALFORMED, (size_t)block->offset, FOLD_FAULT);
    reader->offset = block_end(block);
    if (reader->offset != reader->source.bytes)
        return brine_fail(err, BRINE_MALFORMED, (size_t)reader->offset,
                          "there are bytes behind the footer");
    return BRINE_NOT_FOUND;
}

/* ---- salvaging --------------------------------------------------------------------------------*/

/* A block that is intact and not before its turn; a footer that is none costs itself, as any other.
 * Errors other than MALFORMED are not of the
 * file's making. */
static enum brine_status try_block(struct snapshot_reader *reader, uint64_t offset,
                                   struct snapshot_block *block, struct buf *payload,
                                   struct brine_error *err) {
    TRY(read_head_at(reader, offset, block, err));
    if (block->head.sequence < reader->sequence || block->head.records_before < reader->records)
        return brine_fail(err, BRINE_MALFORMED, (size_t)offset, "a block is out of place");
    TRY(read_payload(reader, block, payload, err));
    uint64_t spent = SNAPSHOT_HEAD_BYTES + block->head.stored_bytes;
    reader->search_bytes_left -= MIN(reader->search_bytes_left, spent);
    if (block->head.type == SNAPSHOT_FOOTER)
        return take_footer(reader, block, buf_view(payload), err);
    return snapshot_block_check(block, buf_view(payload), err);
}

/* What lies from `offset` on, a whole head at least, which the file must have. */
static enum brine_status look(struct snapshot_reader *reader, uint64_t offset, struct bytes *seen,
                              struct brine_error *err) {
    uint64_t end = reader->window_from + reader->window_bytes;
    if (offset < reader->window_from || offset + SNAPSHOT_HEAD_BYTES > end) {
        size_t bytes = (size_t)MIN(bytes_left(reader, offset), sizeof reader->window);
        reader->window_bytes = 0;
        TRY(read_at(reader, offset, reader->window, bytes, err));
        reader->window_from = offset;
        reader->window_bytes = bytes;
        reader->search_bytes_left -= MIN(reader->search_bytes_left, bytes);
    }
    size_t skipped = (size_t)(offset - reader->window_from);
    *seen = bytes_view(reader->window + skipped, reader->window_bytes - skipped);
    return BRINE_OK;
}

/* From `offset` on, where an intact head lies; the file's end when there is none.  A client's value
 * may be full of magics: one that is nothing costs a checksum and no reading. */
static enum brine_status find_head(struct snapshot_reader *reader, uint64_t *offset,
                                   struct brine_error *err) {
    const size_t magic = sizeof SNAPSHOT_BLOCK_MAGIC - 1;
    while (bytes_left(reader, *offset) >= SNAPSHOT_HEAD_BYTES && reader->search_bytes_left > 0) {
        struct snapshot_head head;
        struct bytes seen;
        TRY(look(reader, *offset, &seen, err));
        const uint8_t *found = memmem(seen.data, seen.len, SNAPSHOT_BLOCK_MAGIC, magic);
        if (found != seen.data) {
            *offset += found ? (size_t)(found - seen.data) : seen.len - (magic - 1);
            continue;
        }
        if (snapshot_read_head(bytes_slice(seen, 0, SNAPSHOT_HEAD_BYTES), reader->header.id, &head,
                               NULL) == BRINE_OK)
            return BRINE_OK;
        ++*offset;
    }
    *offset = reader->source.bytes;
    return BRINE_OK;
}

/* The next intact block behind `from`.  NOT_FOUND: none. */
static enum brine_status search(struct snapshot_reader *reader, uint64_t from,
                                struct snapshot_block *block, struct buf *payload,
                                struct brine_error *err) {
    for (uint64_t offset = from;; offset++) {
        TRY(find_head(reader, &offset, err));
        if (offset == reader->source.bytes) return BRINE_NOT_FOUND;
        enum brine_status status = try_block(reader, offset, block, payload, err);
        if (status != BRINE_MALFORMED && status != BRINE_TOO_BIG) return status;
    }
}

/* Without a footer, be it that nothing else is missing. */
static enum brine_status end_salvage(struct snapshot_reader *reader, uint64_t damaged_from) {
    struct snapshot_damage damage = {
        .from = damaged_from,
        .to = reader->source.bytes,
        .records = reader->header.entries - MIN(reader->header.entries, reader->records),
        .records_at_most = true,
        .reason = reader->reason,
    };
    reader->at_end = true;
    reader->is_damaged = true;
    reader->on_damage(reader->damage_ctx, &damage);
    return BRINE_NOT_FOUND;
}

/* Behind an intact footer.  Its checksum over all blocks says nothing where some are missing. */
static enum brine_status end_at_footer(struct snapshot_reader *reader,
                                       const struct snapshot_block *block) {
    if (!reader->is_damaged && reader->footer.checksums != reader->checksums)
        tell_damage(reader, (struct snapshot_damage){.from = block->offset,
                                                     .to = block_end(block),
                                                     .reason = FOLD_FAULT});
    tell_damage(reader, (struct snapshot_damage){
                            .from = block_end(block),
                            .to = reader->source.bytes,
                            .reason = "there are bytes behind the footer",
                        });
    return BRINE_NOT_FOUND;
}

/* Where an intact block may be next.  A head that is intact leads past its payload, which may be of
 * a client's making and full of magics. */
static uint64_t behind_damage(const struct snapshot_reader *reader) {
    struct snapshot_block block;
    struct brine_error err;
    if (read_head_at(reader, reader->offset, &block, &err) == BRINE_OK &&
        block.head.sequence >= reader->sequence && block.head.records_before >= reader->records)
        return block_end(&block);
    return MIN(reader->offset + 1, reader->source.bytes);
}

/* By the block's head, and never more than the file says to have. */
static uint64_t lost_between(const struct snapshot_reader *reader,
                             const struct snapshot_block *block) {
    uint64_t left = reader->header.entries - MIN(reader->header.entries, reader->records);
    return MIN(block->head.records_before - reader->records, left);
}

static enum brine_status next_salvaged(struct snapshot_reader *reader, struct snapshot_block *block,
                                       struct buf *payload, struct brine_error *err) {
    uint64_t damaged_from = reader->offset;
    struct brine_error why = {0};
    enum brine_status status = try_block(reader, reader->offset, block, payload, &why);
    if (status == BRINE_MALFORMED || status == BRINE_TOO_BIG) {
        keep_reason(reader, &why);
        uint64_t from = behind_damage(reader);
        status = search(reader, from, block, payload, err);
        if (status == BRINE_NOT_FOUND) return end_salvage(reader, damaged_from);
    } else if (status != BRINE_OK) {
        return brine_fail(err, status, why.offset, "%s", why.text);
    }
    TRY(status);
    if (block->offset > damaged_from || block->head.records_before > reader->records)
        tell_damage(reader, (struct snapshot_damage){
                                .from = damaged_from,
                                .to = block->offset,
                                .records = lost_between(reader, block),
                                .reason = block->offset > damaged_from ? reader->reason
                                                                       : "blocks are missing",
                            });
    if (block->head.type != SNAPSHOT_FOOTER) {
        pass(reader, block);
        return BRINE_OK;
    }
    return end_at_footer(reader, block);
}

enum brine_status snapshot_reader_next(struct snapshot_reader *reader, struct snapshot_block *block,
                                       struct buf *payload, struct brine_error *err) {
    if (reader->at_end) return BRINE_NOT_FOUND;
    return reader->on_damage ? next_salvaged(reader, block, payload, err)
                             : next_strict(reader, block, payload, err);
}
