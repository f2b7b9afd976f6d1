/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t snapshot_hash(const struct bytes *parts, size_t count) {
    if (count == 1) return XXH3_64bits(parts[0].data, parts[0].len);
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < count; i++) XXH3_64bits_update(&state, parts[i].data, parts[i].len);
    return XXH3_64bits_digest(&state);
}

/* ---- writing ----------------------------------------------------------------------------------*/

struct cursor {
    uint8_t *at;
};

static void put(struct cursor *cursor, struct bytes bytes) {
    bytes_copy_to(cursor->at, bytes);
    cursor->at += bytes.len;
}

static void put_number(struct cursor *cursor, uint64_t number, size_t width) {
    for (size_t i = 0; i < width; i++) *cursor->at++ = (uint8_t)(number >> (8 * i));
}

uint64_t snapshot_fold(uint64_t checksums, uint64_t checksum) {
    uint8_t both[16];
    struct cursor cursor = {both};
    put_number(&cursor, checksums, 8);
    put_number(&cursor, checksum, 8);
    return snapshot_hash_of(bytes_view(both, sizeof both));
}

void snapshot_write_header(const struct snapshot_header *header,
                           uint8_t target[static SNAPSHOT_HEADER_BYTES]) {
    struct cursor cursor = {target};
    put(&cursor, BYTES(SNAPSHOT_MAGIC));
    put_number(&cursor, header->version, 4);
    put_number(&cursor, 0, 4);
    put(&cursor, bytes_view(header->id, SNAPSHOT_ID_BYTES));
    put_number(&cursor, (uint64_t)header->taken_at_ms, 8);
    put_number(&cursor, header->entries, 8);
    put_number(&cursor, header->databases, 4);
    put_number(&cursor, 0, 4);
    size_t written = (size_t)(cursor.at - target);
    put_number(&cursor, snapshot_hash_of(bytes_view(target, written)), 8);
}

enum { CHECKSUM_BYTES = 8, HEAD_COVERED_BYTES = SNAPSHOT_HEAD_BYTES - CHECKSUM_BYTES };

static uint64_t head_checksum(const uint8_t *id, const uint8_t *head) {
    uint8_t both[SNAPSHOT_ID_BYTES + HEAD_COVERED_BYTES];
    struct cursor cursor = {both};
    put(&cursor, bytes_view(id, SNAPSHOT_ID_BYTES));
    put(&cursor, bytes_view(head, HEAD_COVERED_BYTES));
    return snapshot_hash_of(bytes_view(both, sizeof both));
}

void snapshot_write_head(struct snapshot_head *head, const uint8_t id[static SNAPSHOT_ID_BYTES],
                         uint8_t target[static SNAPSHOT_HEAD_BYTES]) {
    struct cursor cursor = {target};
    put(&cursor, BYTES(SNAPSHOT_BLOCK_MAGIC));
    put_number(&cursor, head->type, 1);
    put_number(&cursor, head->codec, 1);
    put_number(&cursor, 0, 2);
    put_number(&cursor, head->sequence, 8);
    put_number(&cursor, head->records_before, 8);
    put_number(&cursor, head->stored_bytes, 8);
    put_number(&cursor, head->plain_bytes, 8);
    put_number(&cursor, head->records, 4);
    put_number(&cursor, head->shard, 4);
    put_number(&cursor, head->payload_hash, 8);
    head->checksum = head_checksum(id, target);
    put_number(&cursor, head->checksum, 8);
}

void snapshot_write_footer(const struct snapshot_footer *footer,
                           uint8_t target[static SNAPSHOT_FOOTER_PAYLOAD_BYTES]) {
    snapshot_write_header(&footer->header, target);
    struct cursor cursor = {target + SNAPSHOT_HEADER_BYTES};
    put_number(&cursor, footer->blocks, 8);
    put_number(&cursor, footer->records, 8);
    put_number(&cursor, footer->file_bytes, 8);
    put_number(&cursor, footer->checksums, 8);
}

size_t snapshot_write_record_head(const struct snapshot_record *record,
                                  uint8_t target[static SNAPSHOT_RECORD_HEAD_BYTES_MAX]) {
    struct cursor cursor = {target};
    put_number(&cursor, record->flags, 1);
    put_number(&cursor, record->db, 2);
    put_number(&cursor, record->key.len, 2);
    put_number(&cursor, record->value.len, 8);
    if (record->flags & SNAPSHOT_EXPIRY) put_number(&cursor, (uint64_t)record->expire_at_ms, 8);
    if (record->flags & SNAPSHOT_IDLE) put_number(&cursor, record->idle_s, 4);
    if (record->flags & SNAPSHOT_FREQUENCY) put_number(&cursor, record->frequency, 1);
    if (record->flags & SNAPSHOT_ORIGIN) {
        put_number(&cursor, record->stored_at_s, 4);
        put_number(&cursor, record->writer, 2);
    }
    return (size_t)(cursor.at - target);
}

/* ---- reading ----------------------------------------------------------------------------------*/

enum brine_status snapshot_read_header(struct bytes bytes, struct snapshot_header *header,
                                       struct brine_error *err) {
    struct reader r = reader_over(bytes);
    *header = (struct snapshot_header){0};
    struct bytes magic = read_take(&r, sizeof SNAPSHOT_MAGIC - 1);
    header->version = read_u32le(&r);
    uint32_t flags = read_u32le(&r);
    bytes_copy_to(header->id, read_take(&r, SNAPSHOT_ID_BYTES));
    header->taken_at_ms = read_i64le(&r);
    header->entries = read_u64le(&r);
    header->databases = read_u32le(&r);
    uint32_t reserved = read_u32le(&r);
    struct bytes covered = bytes_slice(bytes, 0, r.offset);
    uint64_t checksum = read_u64le(&r);
    if (reader_failed(&r))
        return brine_fail(err, BRINE_MALFORMED, 0, "the file ends within its header");
    if (!bytes_equal(magic, BYTES(SNAPSHOT_MAGIC)))
        return brine_fail(err, BRINE_MALFORMED, 0, "this is no snapshot of brine");
    if (snapshot_hash_of(covered) != checksum)
        return brine_fail(err, BRINE_MALFORMED, 0, "the header's checksum does not fit");
    if (header->version != SNAPSHOT_VERSION || flags || reserved)
        return brine_fail(err, BRINE_TOO_BIG, 0,
                          "format version %u, flags %#x: this program reads version %d",
                          (unsigned)header->version, (unsigned)flags, SNAPSHOT_VERSION);
    if (header->databases == 0 || header->databases > SNAPSHOT_DATABASES_MAX)
        return brine_fail(err, BRINE_MALFORMED, 0, "%u databases", (unsigned)header->databases);
    return BRINE_OK;
}

/* What is wrong with a head whose checksum fits; NULL: nothing. */
static const char *head_fault(const struct snapshot_head *head, uint16_t reserved) {
    bool packed = head->codec != SNAPSHOT_PLAIN;
    if (reserved) return "a reserved field is not 0";
    if (head->type < SNAPSHOT_RECORDS || head->type > SNAPSHOT_FOOTER) return "unknown block type";
    if (head->codec > SNAPSHOT_ZSTD) return "unknown codec";
    if (!packed && head->stored_bytes != head->plain_bytes) return "lengths contradict each other";
    if (packed &&
        (head->plain_bytes > SNAPSHOT_PACKED_BYTES_MAX || head->stored_bytes >= head->plain_bytes))
        return "a packed block of impossible length";
    if (head->type != SNAPSHOT_RECORDS && head->records) return "records in a block of none";
    if (head->type == SNAPSHOT_FOOTER &&
        (packed || head->stored_bytes != SNAPSHOT_FOOTER_PAYLOAD_BYTES))
        return "a footer of another length";
    return NULL;
}

enum brine_status snapshot_read_head(struct bytes bytes, const uint8_t id[static SNAPSHOT_ID_BYTES],
                                     struct snapshot_head *head, struct brine_error *err) {
    struct reader r = reader_over(bytes);
    struct bytes magic = read_take(&r, sizeof SNAPSHOT_BLOCK_MAGIC - 1);
    *head = (struct snapshot_head){0};
    head->type = (enum snapshot_block_type)read_u8(&r);
    head->codec = (enum snapshot_codec)read_u8(&r);
    uint16_t reserved = read_u16le(&r);
    head->sequence = read_u64le(&r);
    head->records_before = read_u64le(&r);
    head->stored_bytes = read_u64le(&r);
    head->plain_bytes = read_u64le(&r);
    head->records = read_u32le(&r);
    head->shard = read_u32le(&r);
    head->payload_hash = read_u64le(&r);
    head->checksum = read_u64le(&r);
    if (reader_failed(&r))
        return brine_fail(err, BRINE_MALFORMED, 0, "the file ends within a block's head");
    if (!bytes_equal(magic, BYTES(SNAPSHOT_BLOCK_MAGIC)))
        return brine_fail(err, BRINE_MALFORMED, 0, "no block begins here");
    if (head_checksum(id, bytes.data) != head->checksum)
        return brine_fail(err, BRINE_MALFORMED, 0, "the checksum of a block's head does not fit");
    const char *fault = head_fault(head, reserved);
    if (fault) return brine_fail(err, BRINE_MALFORMED, 0, "%s", fault);
    return BRINE_OK;
}

enum brine_status snapshot_read_footer(struct bytes payload, struct snapshot_footer *footer,
                                       struct brine_error *err) {
    TRY(snapshot_read_header(bytes_slice(payload, 0, SNAPSHOT_HEADER_BYTES), &footer->header, err));
    struct reader r = reader_over(bytes_slice(payload, SNAPSHOT_HEADER_BYTES, payload.len));
    footer->blocks = read_u64le(&r);
    footer->records = read_u64le(&r);
    footer->file_bytes = read_u64le(&r);
    footer->checksums = read_u64le(&r);
    if (reader_failed(&r) || !reader_at_end(&r))
        return brine_fail(err, BRINE_MALFORMED, 0, "a footer of another length");
    return BRINE_OK;
}

enum brine_status snapshot_read_record(struct reader *r, struct snapshot_record *record,
                                       struct brine_error *err) {
    *record = (struct snapshot_record){0};
    size_t start = r->offset;
    record->flags = read_u8(r);
    record->db = read_u16le(r);
    uint16_t key_len = read_u16le(r);
    uint64_t value_len = read_u64le(r);
    if (record->flags & SNAPSHOT_EXPIRY) record->expire_at_ms = read_i64le(r);
    if (record->flags & SNAPSHOT_IDLE) record->idle_s = read_u32le(r);
    if (record->flags & SNAPSHOT_FREQUENCY) record->frequency = read_u8(r);
    if (record->flags & SNAPSHOT_ORIGIN) {
        record->stored_at_s = read_u32le(r);
        record->writer = read_u16le(r);
    }
    record->key = read_take(r, key_len);
    if (value_len > reader_left(r)) reader_fail(r);
    record->value = read_take(r, (size_t)value_len);
    if (reader_failed(r))
        return brine_fail(err, BRINE_MALFORMED, start, "a record goes beyond its block's end");
    if (record->flags & SNAPSHOT_FLAGS_RESERVED)
        return brine_fail(err, BRINE_MALFORMED, start, "a record of unknown kind");
    if (record->flags & SNAPSHOT_EXPIRY && record->expire_at_ms == 0)
        return brine_fail(err, BRINE_MALFORMED, start, "a record whose expiry is none");
    return BRINE_OK;
}

const char *snapshot_record_fault(const struct snapshot_record *record,
                                  const struct snapshot_header *header) {
    if (record->flags & SNAPSHOT_TYPE_MASK) return "this version stores strings only";
    if (record->db >= header->databases) return "the file's header says of fewer databases";
    return NULL;
}

enum brine_status snapshot_read_writer(struct reader *r, uint16_t *number, struct bytes *text,
                                       struct brine_error *err) {
    size_t start = r->offset;
    *number = read_u16le(r);
    *text = read_take(r, read_u16le(r));
    if (!reader_failed(r)) return BRINE_OK;
    return brine_fail(err, BRINE_MALFORMED, start, "a name goes beyond its block's end");
}
