/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A small snapshot of records whose values say to which version they belong, written to a disk and
 * read from bytes. */
#ifndef BRINE_TEST_SMALL_FILE_H
#define BRINE_TEST_SMALL_FILE_H

#include "server-snapshot/sim_disk.h"
#include "snapshot/file.h"
#include "snapshot/pack.h"
#include "snapshot/reader.h"

enum { SMALL_BLOCKS = 24, SMALL_RECORDS = 15, SMALL_VALUE_BYTES = 24, SMALL_PROCESS = 77 };

static inline size_t small_value(uint32_t version, uint32_t number,
                                 char text[static SMALL_VALUE_BYTES]) {
    return (size_t)snprintf(text, SMALL_VALUE_BYTES, "version %u of %u", version, number);
}

static inline size_t small_payload(uint32_t version, uint32_t block, uint8_t *target) {
    size_t len = 0;
    for (uint32_t i = 0; i < SMALL_RECORDS; i++) {
        char key[16], value[SMALL_VALUE_BYTES];
        uint32_t number = block * SMALL_RECORDS + i;
        struct snapshot_record record = {
            .flags = i % 2 ? SNAPSHOT_EXPIRY | SNAPSHOT_ORIGIN : SNAPSHOT_IDLE,
            .expire_at_ms = 1900000000000 + number,
            .idle_s = number,
            .writer = 1,
            .stored_at_s = 5,
            .key = bytes_view(key, (size_t)snprintf(key, sizeof key, "key:%u", number)),
            .value = bytes_view(value, small_value(version, number, value)),
        };
        len += snapshot_write_record_head(&record, target + len);
        bytes_copy_to(target + len, record.key);
        bytes_copy_to(target + len + record.key.len, record.value);
        len += record.key.len + record.value.len;
    }
    return len;
}

static inline enum brine_status small_add(struct snapshot_file *file, uint32_t version,
                                          uint32_t number, struct brine_error *err) {
    uint8_t plain[2048], packed[2048];
    size_t len = small_payload(version, number, plain);
    struct snapshot_file_block block = {.type = SNAPSHOT_RECORDS,
                                        .codec = SNAPSHOT_PLAIN,
                                        .plain_bytes = len,
                                        .records = SMALL_RECORDS,
                                        .shard = number,
                                        .parts = {bytes_view(plain, len)}};
    enum snapshot_codec codec = (enum snapshot_codec)(number % 3);
    if (codec != SNAPSHOT_PLAIN) {
        struct snapshot_packer packer;
        snapshot_packer_init(&packer, mem_system(), codec, SNAPSHOT_LEVEL_MIN);
        block.codec = codec;
        block.parts[0] = bytes_view(packed, snapshot_pack(&packer, bytes_view(plain, len), packed));
        snapshot_packer_deinit(&packer);
        cr_assert(block.parts[0].len > 0);
    }
    block.payload_hash = snapshot_hash_of(block.parts[0]);
    return snapshot_file_add(file, &block, err);
}

/* Abandons it when it fails. */
static inline enum brine_status small_write(struct disk *disk, uint32_t version, size_t keep,
                                            struct brine_error *err) {
    struct snapshot_file file;
    struct snapshot_file_options options = {
        .disk = disk,
        .name = "dump.brine",
        .process_id = SMALL_PROCESS,
        .keep = keep,
        .header = {.version = SNAPSHOT_VERSION,
                   .databases = 16,
                   .id = {1, 2, 3, (uint8_t)version},
                   .entries = SMALL_BLOCKS * SMALL_RECORDS},
    };
    enum brine_status status = snapshot_file_create(&file, &options, err);
    for (uint32_t i = 0; status == BRINE_OK && i < SMALL_BLOCKS; i++)
        status = small_add(&file, version, i, err);
    if (status == BRINE_OK) status = snapshot_file_finish(&file, err);
    if (status != BRINE_OK) snapshot_file_abandon(&file);
    return status;
}

static inline enum brine_status small_read_bytes(void *ctx, uint64_t offset, void *target,
                                                 size_t bytes, struct brine_error *err UNUSED) {
    const struct bytes *file = ctx;
    cr_assert(offset <= file->len && bytes <= file->len - offset, "reads stay within the file");
    bytes_copy_to(target, bytes_slice(*file, (size_t)offset, bytes));
    return BRINE_OK;
}

struct small_reading {
    enum brine_status status; /* NOT_FOUND: the end was reached */
    struct brine_error err;
    uint32_t version;       /* of the records; all of one */
    uint32_t records;       /* read */
    uint64_t damages, lost; /* told, when salvaged */
    bool at_most;
    bool wrong; /* a record that was never written so, or twice */
    bool seen[SMALL_BLOCKS * SMALL_RECORDS];
};

static inline void small_damage(void *ctx, const struct snapshot_damage *damage) {
    struct small_reading *reading = ctx;
    reading->damages++;
    reading->lost += damage->records;
    reading->at_most |= damage->records_at_most;
    cr_assert(damage->from <= damage->to && damage->reason);
}

static inline void small_take(struct small_reading *reading, const struct snapshot_record *record) {
    char expected[SMALL_VALUE_BYTES];
    unsigned version, number, key;
    char value[SMALL_VALUE_BYTES + 1] = {0}, name[17] = {0};
    bytes_copy_to(value, bytes_slice(record->value, 0, SMALL_VALUE_BYTES));
    bytes_copy_to(name, bytes_slice(record->key, 0, 16));
    reading->wrong |= sscanf(value, "version %u of %u", &version, &number) != 2 ||
                      sscanf(name, "key:%u", &key) != 1 || key != number ||
                      number >= SMALL_BLOCKS * SMALL_RECORDS;
    if (reading->wrong) return;
    size_t len = small_value(version, number, expected);
    reading->wrong |= !bytes_equal(record->value, bytes_view(expected, len));
    reading->wrong |= reading->seen[number] || (reading->records && version != reading->version);
    reading->wrong |= number % SMALL_RECORDS % 2 ? record->expire_at_ms != 1900000000000 + number
                                                 : record->idle_s != number;
    reading->seen[number] = true;
    reading->version = version;
    reading->records++;
}

/* Reads to the end or the first error. */
static inline void small_read(struct bytes file, bool salvage, struct small_reading *reading) {
    struct snapshot_reader reader;
    struct snapshot_block block;
    struct buf payload;
    struct snapshot_unpacker unpacker;
    struct snapshot_reader_options options = {
        .source = {.read = small_read_bytes, .ctx = &file, .bytes = file.len}};
    if (salvage) {
        options.on_damage = small_damage;
        options.damage_ctx = reading;
    }
    *reading = (struct small_reading){0};
    buf_init(&payload, mem_system(), 1 << 20);
    snapshot_unpacker_init(&unpacker, mem_system());
    struct brine_error *err = &reading->err;
    enum brine_status status = snapshot_reader_open(&reader, &options, err);
    while (status == BRINE_OK) {
        struct bytes plain;
        status = snapshot_reader_next(&reader, &block, &payload, err);
        if (status == BRINE_OK) status = snapshot_block_check(&block, buf_view(&payload), err);
        if (status == BRINE_OK)
            status = snapshot_unpack(&unpacker, &block.head, buf_view(&payload), &plain, err);
        if (status != BRINE_OK) break;
        struct reader records = reader_over(plain);
        while (status == BRINE_OK && !reader_at_end(&records)) {
            struct snapshot_record record;
            status = snapshot_read_record(&records, &record, err);
            if (status == BRINE_OK) small_take(reading, &record);
        }
    }
    reading->status = status;
    buf_deinit(&payload);
    snapshot_unpacker_deinit(&unpacker);
}

/* The version of a file that is whole; 0: it is not. */
static inline uint32_t small_version(struct bytes file) {
    struct small_reading reading;
    small_read(file, false, &reading);
    bool whole = reading.status == BRINE_NOT_FOUND && !reading.wrong &&
                 reading.records == SMALL_BLOCKS * SMALL_RECORDS;
    return whole ? reading.version : 0;
}

#endif
