/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/load.h"

#include "base/assert.h"
#include "snapshot/pack.h"

#include <pthread.h>
#include <stdio.h>

enum {
    THREADS_MAX = 64,
    BUFFERS_KEPT = 1 << 20, /* a giant block's memory goes back at once */
    BLOCK_SLACK_BYTES = SNAPSHOT_BLOCK_BYTES + STORE_KEY_BYTES_MAX + 1024,
};

static const char KEY_TOO_LONG[] = "longer than limits.key_bytes";

struct load {
    const struct snapshot_load_options *options;
    pthread_mutex_t lock; /* the reader, result and failure */
    struct snapshot_reader reader;
    struct snapshot_load_result result;
    struct brine_error failure; /* the first in the file's order, as far as it was read */
    _Atomic bool stopped;
    _Atomic uint16_t writers[WRITERS_MAX + 1]; /* this process's numbers for the file's */
};

/* One thread's. */
struct loader {
    struct load *load;
    struct keyspace_access access;
    struct buf payload;
    struct snapshot_unpacker unpacker;
    uint64_t loaded, expired, refused, unusable;
};

static void stop(struct load *load, const struct brine_error *why) {
    pthread_mutex_lock(&load->lock);
    if (load->failure.status == BRINE_OK || why->offset < load->failure.offset)
        load->failure = *why;
    pthread_mutex_unlock(&load->lock);
    atomic_store(&load->stopped, true);
}

static void on_damage(void *ctx, const struct snapshot_damage *damage) {
    struct load *load = ctx;
    load->result.damages++;
    load->result.lost_bytes += damage->to - damage->from;
    load->result.lost_records += damage->records;
    load->result.lost_at_most |= damage->records_at_most;
    if (load->options->on_damage) load->options->on_damage(load->options->damage_ctx, damage);
}

bool snapshot_is_damage(enum brine_status status) {
    return status == BRINE_MALFORMED || status == BRINE_INVALID || status == BRINE_TOO_BIG;
}

/* What is wrong with a block although its checksum fits: a writer's mistake, or forged.  True: it
 * costs the block, at most so many `records`, and no more. */
static bool give_up_block(struct load *load, const struct snapshot_block *block, uint64_t records,
                          enum brine_status status, const struct brine_error *err) {
    if (!load->options->salvage || !snapshot_is_damage(status)) return false;
    on_damage(load, &(struct snapshot_damage){
                        .from = block->offset,
                        .to = block->offset + SNAPSHOT_HEAD_BYTES + block->head.stored_bytes,
                        .records = records,
                        .records_at_most = records > 0,
                        .reason = err->text,
                    });
    return true;
}

/* ---- names ------------------------------------------------------------------------------------*/

static enum brine_status check_writers(struct bytes payload, struct brine_error *err) {
    struct reader rows = reader_over(payload);
    while (!reader_at_end(&rows)) {
        uint16_t number;
        struct bytes text;
        TRY(snapshot_read_writer(&rows, &number, &text, err));
    }
    return BRINE_OK;
}

/* All or none, as with records. */
static enum brine_status take_writers(struct load *load, const struct snapshot_block *block,
                                      struct bytes payload, struct brine_error *err) {
    struct reader rows = reader_over(payload);
    TRY(snapshot_block_check(block, payload, err));
    if (block->head.codec != SNAPSHOT_PLAIN)
        return brine_fail(err, BRINE_MALFORMED, (size_t)block->offset, "names are never packed");
    TRY(check_writers(payload, err));
    while (!reader_at_end(&rows)) {
        uint16_t number;
        struct bytes text;
        TRY(snapshot_read_writer(&rows, &number, &text, err));
        if (number == 0 || number > WRITERS_MAX || load->options->check_only ||
            atomic_load_explicit(&load->writers[number], memory_order_relaxed))
            continue;
        atomic_store_explicit(&load->writers[number],
                              writers_number_of(&load->options->keyspace->writers, text),
                              memory_order_relaxed);
    }
    return BRINE_OK;
}

/* ---- records ----------------------------------------------------------------------------------*/

static enum brine_status refuse(struct loader *loader, const struct snapshot_record *record,
                                const char *why, struct brine_error *err) {
    loader->refused++;
    loader->unusable++;
    if (loader->load->options->salvage) return BRINE_OK;
    return brine_fail(err, BRINE_INVALID, 0, "database %u, a key of %zu bytes: %s",
                      (unsigned)record->db, record->key.len, why);
}

static enum brine_status store_record(struct loader *loader, const struct snapshot_record *record,
                                      struct brine_error *err) {
    struct load *load = loader->load;
    struct keyspace_access *access = &loader->access;
    struct store_key key = keyspace_key(access, record->db, record->key);
    struct keyspace_loaded loaded = {
        .value = record->value,
        .expire_at_ms = record->expire_at_ms,
        .stored_at_s = record->stored_at_s,
        .usage = {.idle_s = record->idle_s, .frequency = record->frequency},
    };
    if (record->writer <= WRITERS_MAX)
        loaded.writer = atomic_load_explicit(&load->writers[record->writer], memory_order_relaxed);
    /* Where nothing may give way it is loaded all the same: a server that was full must be able to
     * start again. */
    (void)!keyspace_make_room(access, 0);
    switch (keyspace_load_string(access, &key, &loaded)) {
    case KEYSPACE_DONE:
        loader->loaded++;
        return BRINE_OK;
    case KEYSPACE_REFUSED:
    case KEYSPACE_STOPPED:
        loader->refused++;
        return BRINE_OK;
    case KEYSPACE_NOT_DONE:
        if (load->options->overwritten) return BRINE_OK;
        return refuse(loader, record, "the key is there twice", err);
    case KEYSPACE_KEY_TOO_BIG:
        return refuse(loader, record, KEY_TOO_LONG, err);
    case KEYSPACE_NO_MEMORY:
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the entries");
    case KEYSPACE_WRONG_TYPE:
    case KEYSPACE_DEFERRED:
        break;
    }
    BRINE_ASSERT(false, "a string that is loaded is judged at once");
    return BRINE_INVALID;
}

static enum brine_status take_record(struct loader *loader, const struct snapshot_record *record,
                                     struct brine_error *err) {
    const struct snapshot_load_options *options = loader->load->options;
    if (record->expire_at_ms && options->now_ms > record->expire_at_ms) {
        loader->expired++;
        return BRINE_OK;
    }
    const char *fault = snapshot_record_fault(record, &loader->load->reader.header);
    if (fault) return refuse(loader, record, fault, err);
    if (record->db >= store_databases(options->keyspace->store))
        return refuse(loader, record, "server.databases is not that many", err);
    if (record->key.len > store_key_bytes_max(options->keyspace->store))
        return refuse(loader, record, KEY_TOO_LONG, err);
    return options->check_only ? BRINE_OK : store_record(loader, record, err);
}

/* Reads all of a block before any of it is stored: where a length is wrong, the records before the
 * place where that shows may be made of other records' bytes.  `count`: as far as it makes sense.
 */
static enum brine_status check_records(struct bytes plain, uint32_t said, uint64_t *count,
                                       struct brine_error *err) {
    struct reader records = reader_over(plain);
    for (; !reader_at_end(&records); ++*count) {
        struct snapshot_record record;
        TRY(snapshot_read_record(&records, &record, err));
    }
    if (*count == said) return BRINE_OK;
    return brine_fail(err, BRINE_MALFORMED, 0, "a block of %u records has %llu", (unsigned)said,
                      (unsigned long long)*count);
}

/* `count`: of them, when it fails as well. */
static enum brine_status take_records(struct loader *loader, const struct snapshot_block *block,
                                      uint64_t *count, struct brine_error *err) {
    struct bytes plain;
    if (!loader->load->options->salvage)
        TRY(snapshot_block_check(block, buf_view(&loader->payload), err));
    TRY(snapshot_unpack(&loader->unpacker, &block->head, buf_view(&loader->payload), &plain, err));
    TRY(check_records(plain, block->head.records, count, err));
    struct reader records = reader_over(plain);
    while (!reader_at_end(&records)) {
        struct snapshot_record record;
        TRY(snapshot_read_record(&records, &record, err));
        TRY(take_record(loader, &record, err));
    }
    return BRINE_OK;
}

/* ---- threads ----------------------------------------------------------------------------------*/

/* The next block of records, into the loader's payload; names are taken on the way. */
static enum brine_status next_records(struct loader *loader, struct snapshot_block *block,
                                      struct brine_error *err) {
    struct load *load = loader->load;
    const struct snapshot_progress *progress = load->options->progress;
    enum brine_status status = BRINE_NOT_FOUND;
    pthread_mutex_lock(&load->lock);
    while (!atomic_load(&load->stopped)) {
        if (progress && atomic_load(&progress->cancelled)) {
            status = brine_fail(err, BRINE_IO, 0, "the server is stopping");
            break;
        }
        status = snapshot_reader_next(&load->reader, block, &loader->payload, err);
        if (status != BRINE_OK || block->head.type != SNAPSHOT_WRITERS) break;
        status = take_writers(load, block, buf_view(&loader->payload), err);
        if (status != BRINE_OK && !give_up_block(load, block, 0, status, err)) break;
    }
    pthread_mutex_unlock(&load->lock);
    return status;
}

/* What the head says of records is believed as far as its bytes could hold them. */
static enum brine_status give_up_records(struct loader *loader, const struct snapshot_block *block,
                                         uint64_t counted, enum brine_status status,
                                         const struct brine_error *err) {
    struct load *load = loader->load;
    uint64_t room = block->head.plain_bytes / SNAPSHOT_RECORD_HEAD_BYTES_MIN,
             said = block->head.records, lost = MIN(MAX(said, counted), room);
    pthread_mutex_lock(&load->lock);
    bool given_up = give_up_block(load, block, lost, status, err);
    pthread_mutex_unlock(&load->lock);
    return given_up ? BRINE_OK : status;
}

static void tell_progress(struct loader *loader, const struct snapshot_block *block) {
    struct snapshot_progress *progress = loader->load->options->progress;
    struct load *load = loader->load;
    pthread_mutex_lock(&load->lock);
    load->result.loaded += loader->loaded;
    load->result.expired += loader->expired;
    load->result.refused += loader->refused;
    load->result.unusable += loader->unusable;
    if (progress) {
        atomic_store(&progress->loaded, load->result.loaded);
        atomic_store(&progress->expired, load->result.expired);
        atomic_store(&progress->refused, load->result.refused);
        atomic_fetch_add(&progress->bytes_read, SNAPSHOT_HEAD_BYTES + block->head.stored_bytes);
    }
    pthread_mutex_unlock(&load->lock);
    loader->loaded = loader->expired = loader->refused = loader->unusable = 0;
}

static void run(struct loader *loader) {
    struct load *load = loader->load;
    for (;;) {
        struct snapshot_block block;
        struct brine_error err = {0};
        enum brine_status status = next_records(loader, &block, &err);
        if (status == BRINE_NOT_FOUND) return;
        if (status == BRINE_OK) {
            uint64_t count = 0;
            status = take_records(loader, &block, &count, &err);
            err.offset = (size_t)block.offset;
            tell_progress(loader, &block);
            if (status != BRINE_OK) status = give_up_records(loader, &block, count, status, &err);
            buf_clear(&loader->payload);
            buf_shrink(&loader->payload, BUFFERS_KEPT);
        }
        if (status != BRINE_OK) {
            err.status = status;
            stop(load, &err);
            return;
        }
    }
}

static void *run_thread(void *arg) {
    struct load *load = arg;
    const struct snapshot_load_options *options = load->options;
    struct loader loader = {.load = load};
    size_t limit = options->value_bytes_max;
    if (limit > SIZE_MAX - BLOCK_SLACK_BYTES) limit = SIZE_MAX - BLOCK_SLACK_BYTES;
    buf_init(&loader.payload, options->mem, limit + BLOCK_SLACK_BYTES);
    snapshot_unpacker_init(&loader.unpacker, options->mem);
    if (!options->check_only) {
        keyspace_access_init(&loader.access, options->keyspace, NULL, options->mem);
        loader.access.now_ms = options->now_ms;
        loader.access.purse.may_wait = true;
        loader.access.hold.passes = true;
    }
    run(&loader);
    if (!options->check_only) keyspace_access_deinit(&loader.access);
    buf_deinit(&loader.payload);
    snapshot_unpacker_deinit(&loader.unpacker);
    return NULL;
}

static void run_threads(struct load *load) {
    pthread_t threads[THREADS_MAX];
    size_t started = 0, wanted = MIN(load->options->threads, (size_t)THREADS_MAX);
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, run_thread, load) == 0)
        started++;
    (void)run_thread(load);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

enum brine_status snapshot_load(const struct snapshot_load_options *options,
                                struct snapshot_load_result *result, struct brine_error *err) {
    struct load *load = mem_alloc_zeroed(options->mem, sizeof *load);
    const struct store *store = options->keyspace->store;
    uint64_t evicted = store_counts(store).evicted_total;
    *result = (struct snapshot_load_result){0};
    if (!load) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for loading");
    load->options = options;
    pthread_mutex_init(&load->lock, NULL);
    struct snapshot_reader_options reading = {.source = options->source};
    if (options->salvage) {
        reading.on_damage = on_damage;
        reading.damage_ctx = load;
    }
    enum brine_status status = snapshot_reader_open(&load->reader, &reading, err);
    if (status == BRINE_OK) {
        if (options->progress) {
            atomic_store(&options->progress->entries, load->reader.header.entries);
            atomic_store(&options->progress->file_bytes, options->source.bytes);
        }
        run_threads(load);
        status = load->failure.status;
        if (status != BRINE_OK && err) *err = load->failure;
    }
    load->result.header = load->reader.header;
    load->result.evicted = store_counts(store).evicted_total - evicted;
    *result = load->result;
    pthread_mutex_destroy(&load->lock);
    mem_free(options->mem, load, sizeof *load);
    return status;
}

enum brine_status snapshot_check(const struct snapshot_load_options *options,
                                 struct brine_error *err) {
    struct snapshot_load_options check = *options;
    struct snapshot_load_result result;
    check.check_only = true;
    check.salvage = false;
    check.progress = NULL;
    return snapshot_load(&check, &result, err);
}
