/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Files whose checksums all fit and whose content makes no sense: whoever may write the file can
 * make them, and a writer with a fault. */

#include "server-snapshot/world.h"
#include "snapshot/file.h"

enum { RECORDS_BYTES = 1024, BLOCKS = 5 };

static uint8_t payloads[BLOCKS][RECORDS_BYTES];

static struct snapshot_file_block block_of(enum snapshot_block_type type, struct bytes payload,
                                           uint32_t records) {
    return (struct snapshot_file_block){.type = type,
                                        .plain_bytes = payload.len,
                                        .records = records,
                                        .parts = {payload},
                                        .payload_hash = snapshot_hash_of(payload)};
}

/* `number` chooses where the payload lies. */
static struct snapshot_file_block records_of(size_t number, const struct snapshot_record *records,
                                             size_t count) {
    uint8_t *plain = payloads[number];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += snapshot_write_record_head(&records[i], plain + len);
        bytes_copy_to(plain + len, records[i].key);
        bytes_copy_to(plain + len + records[i].key.len, records[i].value);
        len += records[i].key.len + records[i].value.len;
    }
    return block_of(SNAPSHOT_RECORDS, bytes_view(plain, len), (uint32_t)count);
}

static void write_blocks(const struct snapshot_file_block *blocks, size_t count, uint64_t entries) {
    struct snapshot_file file;
    struct snapshot_file_options options = {
        .disk = &disk.disk,
        .name = "dump.brine",
        .header = {.version = 1, .databases = 17, .entries = entries}};
    cr_assert_eq(snapshot_file_create(&file, &options, &err), BRINE_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(snapshot_file_add(&file, &blocks[i], &err), BRINE_OK);
    cr_assert_eq(snapshot_file_finish(&file, &err), BRINE_OK);
}

Test(forged_snapshot, is_refused_for_what_the_keyspace_cannot_hold) {
    static const struct {
        const char *what, *words;
        struct snapshot_record second;
    } rows[] = {
        {"a key twice", "twice", {.key = {(const uint8_t *)"k", 1}}},
        {"a database", "server.databases", {.db = 16, .key = {(const uint8_t *)"x", 1}}},
        {"a database that the file has not",
         "header",
         {.db = 17, .key = {(const uint8_t *)"x", 1}}},
        {"a type", "strings only", {.flags = VALUE_HASH, .key = {(const uint8_t *)"x", 1}}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world to;
        struct snapshot_load_result loaded;
        struct snapshot_record records[] = {{.key = BYTES("k"), .value = BYTES("v")},
                                            rows[i].second};
        struct snapshot_file_block block = records_of(0, records, 2);
        open_dir();
        write_blocks(&block, 1, 2);
        cr_assert(world_open(&to, mem_system(), NULL));
        cr_expect_neq(load(&to, mem_system(), &loaded), BRINE_OK, "%s", rows[i].what);
        cr_expect(strstr(err.text, rows[i].words) && strstr(err.text, "offset 64"), "%s", err.text);
        world_close(&to);
        close_dir();
    }
}

/* A block that makes no sense between two that do; `lost` is what its bytes could hold of the
 * records that it says to have. */
static const struct nonsense {
    const char *what;
    enum snapshot_block_type type;
    enum snapshot_codec codec;
    uint32_t records;
    size_t lost;
    uint8_t bytes[SNAPSHOT_FOOTER_PAYLOAD_BYTES];
    size_t len;
} nonsense[] = {
    {"a flag of later times", SNAPSHOT_RECORDS, SNAPSHOT_PLAIN, 2, 1, {0x80}, 15},
    {"an expiry that is none", SNAPSHOT_RECORDS, SNAPSHOT_PLAIN, 2, 1, {SNAPSHOT_EXPIRY}, 21},
    {"a length beyond the block", SNAPSHOT_RECORDS, SNAPSHOT_PLAIN, 2, 1, {0, 0, 0, 200}, 20},
    {"nonsense behind a record",
     SNAPSHOT_RECORDS,
     SNAPSHOT_PLAIN,
     2,
     2,
     {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'm', 0x80},
     29},
    {"a value that takes the next record along",
     SNAPSHOT_RECORDS,
     SNAPSHOT_PLAIN,
     3,
     3,
     {[3] = 1, [5] = 15, [13] = 'm', [14] = 'v', [18] = 1, [28] = 'n', [32] = 1, [42] = 'o'},
     43},
    {"one record where two are said",
     SNAPSHOT_RECORDS,
     SNAPSHOT_PLAIN,
     2,
     1,
     {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'm'},
     14},
    {"two records where one is said",
     SNAPSHOT_RECORDS,
     SNAPSHOT_PLAIN,
     1,
     2,
     {[3] = 1, [13] = 'm', [17] = 1, [27] = 'n'},
     28},
    {"four thousand million in a few bytes",
     SNAPSHOT_RECORDS,
     SNAPSHOT_PLAIN,
     UINT32_MAX,
     1,
     {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'm'},
     14},
    {"what lz4 does not unpack", SNAPSHOT_RECORDS, SNAPSHOT_LZ4, 2, 2, {0xff, 0xff, 0xff}, 20},
    {"what zstd does not unpack", SNAPSHOT_RECORDS, SNAPSHOT_ZSTD, 2, 2, {0x28, 0xb5}, 20},
    {"a name beyond its block",
     SNAPSHOT_WRITERS,
     SNAPSHOT_PLAIN,
     0,
     0,
     {1, 0, 1, 0, 'a', 2, 0, 9, 0, 'b'},
     10},
    {"a footer that is not the file's",
     SNAPSHOT_FOOTER,
     SNAPSHOT_PLAIN,
     0,
     0,
     {'x'},
     SNAPSHOT_FOOTER_PAYLOAD_BYTES},
};

static const char *writer_of(struct world *world, struct bytes name,
                             char text[static WRITER_TEXT_BYTES]) {
    struct store_value value;
    cr_assert(find(world, 0, name, &value));
    keyspace_writer_text(&world->keyspace, value.writer, text, WRITER_TEXT_BYTES);
    return text;
}

Test(forged_snapshot, costs_what_makes_no_sense_and_no_block_beside) {
    for (size_t row = 0; row < ARRAY_LEN(nonsense) * 2; row++) {
        const struct nonsense *bad = &nonsense[row / 2];
        struct world to;
        struct store_value value;
        struct snapshot_load_result loaded;
        const struct snapshot_record first = {.key = BYTES("first"), .value = BYTES("v")},
                                     last = {.flags = SNAPSHOT_ORIGIN,
                                             .writer = 1,
                                             .key = BYTES("last"),
                                             .value = BYTES("v")};
        char text[WRITER_TEXT_BYTES];
        struct snapshot_file_block blocks[] = {
            records_of(0, &first, 1),
            block_of(bad->type, bytes_view(bad->bytes, bad->len), bad->records),
            records_of(1, &last, 1)};
        blocks[1].codec = bad->codec;
        if (bad->codec != SNAPSHOT_PLAIN) blocks[1].plain_bytes = 100;
        open_dir();
        write_blocks(blocks, ARRAY_LEN(blocks), (uint64_t)bad->records + 2);
        cr_assert(world_open(&to, mem_system(), NULL));
        struct recover_options options = recover_options(&to, mem_system());
        if (row % 2) options.damaged = RECOVER_SALVAGE;
        enum brine_status status = recover(&options, &loaded, &err);
        if (row % 2 == 0) {
            cr_expect(snapshot_is_damage(status) && strstr(err.text, "salvage"), "%s: %s",
                      bad->what, err.text);
        } else {
            cr_assert_eq(status, BRINE_OK, "%s: %s", bad->what, err.text);
            cr_expect_eq(loaded.damages, 1, "%s", bad->what);
            cr_expect_eq(loaded.lost_records, bad->lost, "%s: %zu", bad->what,
                         (size_t)loaded.lost_records);
            cr_expect_eq(loaded.lost_at_most, bad->lost > 0, "%s", bad->what);
            cr_expect_eq(loaded.loaded, 2, "%s: none of the block is stored", bad->what);
            cr_expect(find(&to, 0, BYTES("first"), &value) && find(&to, 0, BYTES("last"), &value),
                      "%s", bad->what);
            cr_expect_str_eq(writer_of(&to, BYTES("last"), text), "", "%s: nor a name", bad->what);
            cr_expect(loaded.kept_aside, "%s: what is lost is in the file alone", bad->what);
        }
        world_close(&to);
        close_dir();
    }
}

/* A block that is passed over has no bytes that were read: what its head says is believed as far as
 * the file says to have entries. */
Test(forged_snapshot, loses_no_more_than_its_header_says_to_have) {
    struct world to;
    struct snapshot_load_result loaded;
    const struct snapshot_record first = {.key = BYTES("first"), .value = BYTES("v")},
                                 last = {.key = BYTES("last"), .value = BYTES("v")};
    struct snapshot_file_block blocks[] = {records_of(0, &first, 1),
                                           block_of(SNAPSHOT_RECORDS, BYTES("v"), UINT32_MAX),
                                           records_of(1, &last, 1)};
    blocks[1].codec = SNAPSHOT_ZSTD + 1;
    open_dir();
    write_blocks(blocks, ARRAY_LEN(blocks), 4);
    cr_assert(world_open(&to, mem_system(), NULL));
    struct recover_options options = recover_options(&to, mem_system());
    options.damaged = RECOVER_SALVAGE;
    cr_assert_eq(recover(&options, &loaded, &err), BRINE_OK, "%s", err.text);
    cr_expect_eq(loaded.loaded, 2);
    cr_expect_eq(loaded.lost_records, 3, "%zu", (size_t)loaded.lost_records);
    world_close(&to);
    close_dir();
}

Test(forged_snapshot, has_names_for_the_records_behind_them_and_each_number_once) {
    static const uint8_t names[] = "\1\0\3\0bob\2\0\3\0eve", again[] = "\1\0\3\0eve\0\0\3\0eve";
    static const struct {
        struct bytes key;
        uint16_t writer;
        const char *is;
    } rows[] = {
        {{(const uint8_t *)"before", 6}, 1, ""},    {{(const uint8_t *)"behind", 6}, 1, "bob"},
        {{(const uint8_t *)"second", 6}, 2, "eve"}, {{(const uint8_t *)"nobody", 6}, 0, ""},
        {{(const uint8_t *)"no row", 6}, 3, ""},    {{(const uint8_t *)"beyond", 6}, 60000, ""},
        {{(const uint8_t *)"later", 5}, 1, "bob"},
    };
    struct snapshot_record records[ARRAY_LEN(rows)];
    struct snapshot_load_result loaded;
    struct world to;
    char text[WRITER_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        records[i] = (struct snapshot_record){.flags = SNAPSHOT_ORIGIN,
                                              .writer = rows[i].writer,
                                              .stored_at_s = 7,
                                              .key = rows[i].key,
                                              .value = BYTES("v")};
    struct snapshot_file_block blocks[BLOCKS] = {
        records_of(0, records, 1), block_of(SNAPSHOT_WRITERS, bytes_view(names, 14), 0),
        records_of(1, records + 1, 5), block_of(SNAPSHOT_WRITERS, bytes_view(again, 14), 0),
        records_of(2, records + 6, 1)};
    open_dir();
    write_blocks(blocks, BLOCKS, ARRAY_LEN(rows));
    cr_assert(world_open(&to, mem_system(), NULL));
    struct recover_options options = recover_options(&to, mem_system());
    options.threads = 1; /* one that is before its name may be read behind it by several */
    cr_assert_eq(recover(&options, &loaded, &err), BRINE_OK, "%s", err.text);
    cr_expect_eq(loaded.loaded, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_str_eq(writer_of(&to, rows[i].key, text), rows[i].is, "%.*s is %s",
                         (int)rows[i].key.len, rows[i].key.data, text);
    world_close(&to);
    close_dir();
}

/* What gives way while a file comes in that is larger than memory.max is told. */
Test(forged_snapshot, larger_than_the_limit_says_how_many_gave_way) {
    enum { VALUES = 1000, VALUE_BYTES = 900 };
    static uint8_t value[VALUE_BYTES];
    struct snapshot_load_result loaded;
    struct world to;
    char key[16];
    struct snapshot_file file;
    struct snapshot_file_options to_disk = {
        .disk = &disk.disk,
        .name = "dump.brine",
        .header = {.version = 1, .databases = 16, .entries = VALUES}};
    open_dir();
    cr_assert_eq(snapshot_file_create(&file, &to_disk, &err), BRINE_OK);
    for (size_t i = 0; i < VALUES; i++) {
        struct snapshot_record record = {.value = {value, VALUE_BYTES}};
        record.key = bytes_view(key, (size_t)snprintf(key, sizeof key, "key:%zu", i));
        struct snapshot_file_block block = records_of(0, &record, 1);
        cr_assert_eq(snapshot_file_add(&file, &block, &err), BRINE_OK);
    }
    cr_assert_eq(snapshot_file_finish(&file, &err), BRINE_OK);
    cr_assert(world_open(&to, mem_system(), NULL));
    size_t empty = store_used_bytes(to.store);
    room_set(&to.keyspace,
             &(struct keyspace_memory){.bytes_max = empty + VALUES * VALUE_BYTES / 2,
                                       .policy = {.policy = STORE_POLICY_ALLKEYS_LRU}});
    cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK, "%s", err.text);
    cr_expect_eq(loaded.loaded, VALUES);
    cr_expect(loaded.evicted > VALUES / 4 && loaded.evicted < VALUES, "%zu gave way",
              (size_t)loaded.evicted);
    world_close(&to);
    close_dir();
}
