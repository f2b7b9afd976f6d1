/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach snapshot_reader_open, snapshot_reader_next (strict and salvaging), snapshot_unpack,
 * snapshot_read_record, snapshot_read_writer, and snapshot_load into a keyspace.  Oracles: what is
 * read strictly to its end is written again record by record and read to the same; salvaging
 * hands out at least what the strict reader did; bytes are only asked for within the file; the
 * keyspace holds no more than the file.
 *
 * So that checksums do not stop the fuzzer at the door, the first byte says whether they are made
 * right beforehand: the header's, and those of every head that a walk by lengths finds. */

#include "snapshot/load.h"
#include "snapshot/pack.h"

enum { PAYLOAD_BYTES_MAX = 1 << 20, BLOCKS_MAX = 64, FILE_BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum brine_status read_bytes(void *ctx, uint64_t offset, void *target, size_t bytes,
                                    struct brine_error *err UNUSED) {
    const struct bytes *file = ctx;
    if (offset > file->len || bytes > file->len - offset) __builtin_trap();
    bytes_copy_to(target, bytes_slice(*file, (size_t)offset, bytes));
    return BRINE_OK;
}

/* ---- making checksums right -------------------------------------------------------------------*/

static void mend_header(uint8_t *file) {
    struct snapshot_header header = {.version = SNAPSHOT_VERSION};
    struct reader r = reader_over(bytes_view(file, SNAPSHOT_HEADER_BYTES));
    (void)read_take(&r, 16);
    bytes_copy_to(header.id, read_take(&r, SNAPSHOT_ID_BYTES));
    header.taken_at_ms = read_i64le(&r);
    header.entries = read_u64le(&r);
    header.databases = 1 + read_u32le(&r) % 16;
    snapshot_write_header(&header, file);
}

/* Each block's numbers are taken as they are, but for what a checksum is of. */
static void mend_blocks(uint8_t *file, size_t len) {
    const uint8_t *id = file + 16;
    size_t at = SNAPSHOT_HEADER_BYTES;
    uint64_t sequence = 0, records = 0, checksums = 0;
    while (len - at >= SNAPSHOT_HEAD_BYTES && sequence < BLOCKS_MAX) {
        struct reader r = reader_over(bytes_view(file + at, SNAPSHOT_HEAD_BYTES));
        struct snapshot_head head = {0};
        (void)read_take(&r, 4);
        head.type = (enum snapshot_block_type)(1 + read_u8(&r) % 3);
        head.codec = (enum snapshot_codec)(read_u8(&r) % 3);
        (void)read_take(&r, 2 + 16);
        head.stored_bytes = read_u64le(&r) % (len - at - SNAPSHOT_HEAD_BYTES + 1);
        head.plain_bytes = read_u64le(&r);
        head.records = head.type == SNAPSHOT_RECORDS ? read_u32le(&r) % 8 : 0;
        head.sequence = sequence;
        head.records_before = records;
        if (head.codec == SNAPSHOT_PLAIN) head.plain_bytes = head.stored_bytes;
        uint8_t *payload = file + at + SNAPSHOT_HEAD_BYTES;
        if (head.type == SNAPSHOT_FOOTER && head.stored_bytes >= SNAPSHOT_FOOTER_PAYLOAD_BYTES) {
            struct snapshot_footer footer = {.blocks = sequence,
                                             .records = records,
                                             .file_bytes = at + SNAPSHOT_FOOTER_BYTES,
                                             .checksums = checksums};
            struct brine_error err;
            struct bytes header = bytes_view(file, SNAPSHOT_HEADER_BYTES);
            if (snapshot_read_header(header, &footer.header, &err) != BRINE_OK) return;
            snapshot_write_footer(&footer, payload);
            head.codec = SNAPSHOT_PLAIN;
            head.stored_bytes = head.plain_bytes = SNAPSHOT_FOOTER_PAYLOAD_BYTES;
        }
        head.payload_hash = snapshot_hash_of(bytes_view(payload, (size_t)head.stored_bytes));
        snapshot_write_head(&head, id, file + at);
        checksums = snapshot_fold(checksums, head.checksum);
        at += SNAPSHOT_HEAD_BYTES + (size_t)head.stored_bytes;
        sequence++;
        records += head.records;
    }
}

/* ---- reading ----------------------------------------------------------------------------------*/

struct seen {
    uint64_t records, hash; /* of all that was read, in any order */
    uint64_t damages, lost;
    enum brine_status status;
};

static void on_damage(void *ctx, const struct snapshot_damage *damage) {
    struct seen *seen = ctx;
    if (damage->from > damage->to || !damage->reason) __builtin_trap();
    seen->damages++;
    seen->lost += damage->records;
}

/* Written again, a record must be read to the same. */
static void take_record(struct seen *seen, const struct snapshot_record *record) {
    uint8_t head[SNAPSHOT_RECORD_HEAD_BYTES_MAX];
    size_t head_len = snapshot_write_record_head(record, head);
    struct bytes parts[] = {bytes_view(head, head_len), record->key, record->value};
    seen->hash += snapshot_hash(parts, 3);
    seen->records++;
    struct buf again;
    struct snapshot_record copy;
    struct brine_error err;
    buf_init(&again, mem_system(), PAYLOAD_BYTES_MAX * 2);
    for (size_t i = 0; i < 3; i++)
        if (buf_append(&again, parts[i]) != BRINE_OK) __builtin_trap();
    struct reader r = reader_over(buf_view(&again));
    if (snapshot_read_record(&r, &copy, &err) != BRINE_OK || !reader_at_end(&r)) __builtin_trap();
    if (!bytes_equal(copy.key, record->key) || !bytes_equal(copy.value, record->value) ||
        copy.expire_at_ms != record->expire_at_ms || copy.db != record->db ||
        copy.writer != record->writer || copy.idle_s != record->idle_s)
        __builtin_trap();
    buf_deinit(&again);
}

static enum brine_status read_block(struct seen *seen, const struct snapshot_head *head,
                                    struct bytes plain, struct brine_error *err) {
    struct reader rows = reader_over(plain);
    while (!reader_at_end(&rows)) {
        struct snapshot_record record;
        uint16_t number;
        struct bytes text;
        if (head->type == SNAPSHOT_WRITERS) {
            TRY(snapshot_read_writer(&rows, &number, &text, err));
            continue;
        }
        TRY(snapshot_read_record(&rows, &record, err));
        take_record(seen, &record);
    }
    return BRINE_OK;
}

static void read_all(struct bytes file, bool salvage, struct seen *seen) {
    struct snapshot_reader reader;
    struct snapshot_block block;
    struct buf payload;
    struct snapshot_unpacker unpacker;
    struct brine_error err;
    struct snapshot_reader_options options = {
        .source = {.read = read_bytes, .ctx = &file, .bytes = file.len},
        .on_damage = salvage ? on_damage : NULL,
        .damage_ctx = seen,
    };
    *seen = (struct seen){0};
    buf_init(&payload, mem_system(), PAYLOAD_BYTES_MAX);
    snapshot_unpacker_init(&unpacker, mem_system());
    seen->status = snapshot_reader_open(&reader, &options, &err);
    while (seen->status == BRINE_OK) {
        struct bytes plain;
        seen->status = snapshot_reader_next(&reader, &block, &payload, &err);
        if (seen->status != BRINE_OK) break;
        seen->status = snapshot_block_check(&block, buf_view(&payload), &err);
        if (salvage && seen->status != BRINE_OK) __builtin_trap();
        if (seen->status == BRINE_OK)
            seen->status =
                snapshot_unpack(&unpacker, &block.head, buf_view(&payload), &plain, &err);
        if (seen->status == BRINE_OK) seen->status = read_block(seen, &block.head, plain, &err);
    }
    buf_deinit(&payload);
    snapshot_unpacker_deinit(&unpacker);
}

/* Where files are loaded into.  It is kept from input to input, for making one costs more than
 * loading a file; anew now and then, so that what flushes leave and names that files bring do not
 * grow.  Its memory is a block of its own that is given back whole: libFuzzer looks for leaks,
 * which takes 10 ms, after each input that frees less than it allocates. */
enum { HOME_BYTES = 64 << 20, HOME_USES_MAX = 256, HOME_ALIGN = 16 };
struct home {
    struct allocator mem;
    struct gate gate;
    struct keyspace keyspace;
    struct keyspace_access access;
    struct store *store;
    size_t uses, used;
    uint8_t *block;
};

static void *home_resize(struct allocator *mem, void *old, size_t old_bytes, size_t new_bytes) {
    struct home *home = CONTAINER_OF(mem, struct home, mem);
    size_t needed = (new_bytes + HOME_ALIGN - 1) / HOME_ALIGN * HOME_ALIGN;
    if (new_bytes == 0 || needed > HOME_BYTES - home->used) return NULL;
    void *block = home->block + home->used;
    home->used += needed;
    if (old) bytes_copy_to(block, bytes_view(old, MIN(old_bytes, new_bytes)));
    return block;
}

static void leave_home(struct home *home) {
    keyspace_access_deinit(&home->access);
    keyspace_deinit(&home->keyspace);
    store_destroy(home->store);
    home->store = NULL;
}

static void enter_home(struct home *home) {
    bool used_up = home->uses++ == HOME_USES_MAX || home->used > HOME_BYTES / 2;
    if (home->store && used_up) leave_home(home);
    if (home->store) return;
    if (!home->block) home->block = mem_alloc(mem_system(), HOME_BYTES);
    if (!home->block) __builtin_trap();
    home->mem.resize = home_resize;
    home->uses = home->used = 0;
    gate_init_off(&home->gate);
    home->store = store_create(&(struct store_options){
        .mem = &home->mem, .secret = {1, 2}, .shards = 4, .single_threaded = true});
    if (!home->store) __builtin_trap();
    keyspace_init(&home->keyspace,
                  &(struct keyspace_options){.store = home->store, .gate = &home->gate});
    keyspace_access_init(&home->access, &home->keyspace, NULL, &home->mem);
}

static void load(struct bytes file, bool salvage) {
    static struct home home;
    struct snapshot_load_result result;
    struct brine_error err = {0};
    enter_home(&home);
    struct snapshot_load_options options = {
        .mem = mem_system(),
        .keyspace = &home.keyspace,
        .source = {.read = read_bytes, .ctx = &file, .bytes = file.len},
        .now_ms = 1000,
        .threads = 1,
        .value_bytes_max = PAYLOAD_BYTES_MAX,
        .salvage = salvage,
    };
    enum brine_status status = snapshot_load(&options, &result, &err);
    if (status != BRINE_OK && (!err.text[0] || err.offset > file.len)) __builtin_trap();
    if (store_counts(home.store).keys != result.loaded) __builtin_trap();
    if (result.loaded) keyspace_flush_all(&home.access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len < 1 || len > FILE_BYTES_MAX) return 0;
    bool mend = data[0] & 1;
    struct buf copy;
    struct seen strict, salvaged;
    buf_init(&copy, mem_system(), FILE_BYTES_MAX);
    if (buf_append(&copy, bytes_view(data + 1, len - 1)) != BRINE_OK) return 0;
    if (mend && copy.len >= SNAPSHOT_HEADER_BYTES) {
        mend_header(copy.data);
        mend_blocks(copy.data, copy.len);
    }
    struct bytes file = buf_view(&copy);
    read_all(file, false, &strict);
    read_all(file, true, &salvaged);
    if (strict.status == BRINE_NOT_FOUND &&
        (salvaged.damages || salvaged.records != strict.records || salvaged.hash != strict.hash))
        __builtin_trap();
    load(file, false);
    load(file, true);
    buf_deinit(&copy);
    return 0;
}
