/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.
 *
 *     walker: store_cut_step ---- show() ---> open chunk of the shard --full--> ready ---> file
 *     writer: about to change --- show() -----^                                   ^ any walker
 *
 * show() is called under the shard's lock, which is what protects the shard's open chunk.  A walker
 * first writes what is ready, and only then makes another step, so that what walkers take is
 * bounded by themselves; what writers hand over is bounded by memory_max.
 *
 * After each chunk a walker rests, so that it has its share of a core in small pieces: one that
 * works without a pause is taken off its core by the scheduler after some milliseconds, and until
 * then whoever wants that core waits.  Where writers hand over faster than that, nobody rests.
 *
 * Whatever goes wrong, the walk goes on to its end, showing nothing: the entries' bits must be
 * turned before the next cut. */

#include "snapshot/save.h"

#include "base/assert.h"
#include "observe/clock.h"
#include "snapshot/pack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CHUNK_BYTES_MIN = 4 * 1024,
    OPEN_SHARE = 4, /* open chunks of all shards take at most this part of memory_max */
    THREADS_MAX = 64,
    WRITERS_BYTES_MAX = 4 << 20,
    SPARE_CHUNKS_MAX = 64, /* kept for use again: their pages are there already */
    HURRY_SHARE = 4,       /* with this part of memory_max in use nobody rests */
    PERCENT = 100,
    NS_A_SECOND = 1000 * 1000 * 1000,
};

struct chunk {
    struct chunk *next;
    struct blob *blob; /* a reference; the value of the last record */
    size_t charged;    /* bytes of it that count against memory_max */
    size_t cap, len;
    uint32_t shard, records;
    uint8_t data[];
};

struct snapshot_save {
    struct snapshot_save_options options;
    struct mem_account account; /* chunks */
    size_t chunk_bytes;
    struct store_cut_counts counts;

    pthread_mutex_t lock; /* a leaf: down to `failure` */
    struct chunk *oldest, *newest, *spare;
    size_t spares;
    struct brine_error failure; /* the first one; status OK: none */
    pthread_cond_t has_ended;   /* it has failed: nobody rests any longer */

    pthread_mutex_t file_lock;
    struct snapshot_file file;

    _Atomic bool failed;
    _Atomic size_t blob_bytes;             /* charged */
    _Atomic uint64_t handed_over, written; /* entries */
    _Atomic size_t next_shard;
    size_t shards;
    struct chunk *open[]; /* by shard, under its lock */
};

/* ---- failing ----------------------------------------------------------------------------------*/

static bool has_failed(struct snapshot_save *save) {
    return atomic_load_explicit(&save->failed, memory_order_relaxed);
}

static void fail(struct snapshot_save *save, const struct brine_error *why) {
    pthread_mutex_lock(&save->lock);
    if (save->failure.status == BRINE_OK) save->failure = *why;
    atomic_store_explicit(&save->failed, true, memory_order_relaxed);
    pthread_cond_broadcast(&save->has_ended);
    pthread_mutex_unlock(&save->lock);
    store_cut_abandon(save->options.store);
}

void snapshot_save_cancel(struct snapshot_save *save) {
    struct brine_error why;
    (void)brine_fail(&why, BRINE_IO, 0, "the server is stopping");
    fail(save, &why);
}

/* ---- chunks -----------------------------------------------------------------------------------*/

static void chunk_free(struct snapshot_save *save, struct chunk *chunk) {
    if (chunk->charged) atomic_fetch_sub(&save->blob_bytes, chunk->charged);
    blob_unref(chunk->blob);
    chunk->blob = NULL;
    chunk->charged = 0;
    pthread_mutex_lock(&save->lock);
    bool keep = chunk->cap == save->chunk_bytes && save->spares < SPARE_CHUNKS_MAX;
    if (keep) {
        chunk->next = save->spare;
        save->spare = chunk;
        save->spares++;
    }
    pthread_mutex_unlock(&save->lock);
    if (!keep) mem_free(&save->account.allocator, chunk, sizeof *chunk + chunk->cap);
}

/* For more to come, or for these bytes alone. */
static struct chunk *chunk_create(struct snapshot_save *save, size_t shard, size_t cap,
                                  bool alone) {
    struct chunk *chunk = NULL;
    if (cap <= save->chunk_bytes && !alone) {
        pthread_mutex_lock(&save->lock);
        chunk = save->spare;
        if (chunk) {
            save->spare = chunk->next;
            save->spares--;
        }
        pthread_mutex_unlock(&save->lock);
        cap = save->chunk_bytes;
    }
    if (!chunk) chunk = mem_alloc(&save->account.allocator, sizeof *chunk + cap);
    if (chunk) *chunk = (struct chunk){.cap = cap, .shard = (uint32_t)shard};
    return chunk;
}

/* The shard's chunk, if it has one, is complete. */
static void seal(struct snapshot_save *save, size_t shard) {
    struct chunk *chunk = save->open[shard];
    if (!chunk) return;
    save->open[shard] = NULL;
    chunk->next = NULL;
    pthread_mutex_lock(&save->lock);
    if (save->oldest)
        save->newest->next = chunk;
    else
        save->oldest = chunk;
    save->newest = chunk;
    pthread_mutex_unlock(&save->lock);
}

static struct chunk *next_ready(struct snapshot_save *save) {
    pthread_mutex_lock(&save->lock);
    struct chunk *chunk = save->oldest;
    if (chunk) save->oldest = chunk->next;
    pthread_mutex_unlock(&save->lock);
    return chunk;
}

/* An open chunk with room for so many bytes, `last` when nothing will follow them; NULL: no memory.
 */
static struct chunk *room_for(struct snapshot_save *save, size_t shard, size_t bytes, bool last) {
    struct chunk *chunk = save->open[shard];
    if (chunk && chunk->cap - chunk->len >= bytes) return chunk;
    seal(save, shard);
    save->open[shard] = chunk_create(save, shard, bytes, last);
    return save->open[shard];
}

/* ---- taking entries ---------------------------------------------------------------------------*/

static struct snapshot_record record_of(const struct snapshot_save *save,
                                        const struct store_cut_entry *entry) {
    const struct store_value *value = entry->value;
    struct store_usage usage = store_usage(save->options.store, value, save->options.now_ms);
    struct snapshot_record record = {
        .idle_s = usage.idle_s,
        .frequency = usage.frequency,
        .flags = (uint8_t)value->type,
        .db = (uint16_t)entry->db,
        .expire_at_ms = value->expire_at_ms,
        .writer = value->writer,
        .stored_at_s = value->stored_at_s,
        .key = entry->name,
        .value = value->bytes,
    };
    if (value->expire_at_ms != STORE_NO_EXPIRY) record.flags |= SNAPSHOT_EXPIRY;
    if (usage.idle_s) record.flags |= SNAPSHOT_IDLE;
    if (usage.frequency) record.flags |= SNAPSHOT_FREQUENCY;
    if (value->stored_at_s) record.flags |= SNAPSHOT_ORIGIN;
    return record;
}

/* A blob that a writer is about to replace is memory that only the snapshot needs. */
static bool charge_blob(struct snapshot_save *save, struct chunk *chunk, size_t bytes) {
    size_t held = atomic_fetch_add(&save->blob_bytes, bytes) + bytes;
    chunk->charged = bytes;
    return mem_account_used(&save->account) + held <= save->options.memory_max;
}

static bool give_up(struct snapshot_save *save) {
    struct brine_error why;
    (void)brine_fail(&why, BRINE_NO_MEMORY, 0,
                     "clients change more than can be written meanwhile: snapshot.memory_max "
                     "(%zu bytes) is reached",
                     save->options.memory_max);
    pthread_mutex_lock(&save->lock);
    if (save->failure.status == BRINE_OK) save->failure = why;
    pthread_mutex_unlock(&save->lock);
    atomic_store_explicit(&save->failed, true, memory_order_relaxed);
    return false;
}

/* Under the shard's lock. */
static bool show(void *ctx, const struct store_cut_entry *entry) {
    struct snapshot_save *save = ctx;
    const struct store_value *value = entry->value;
    if (value->expire_at_ms != STORE_NO_EXPIRY && save->options.now_ms > value->expire_at_ms)
        return true;
    struct snapshot_record record = record_of(save, entry);
    uint8_t head[SNAPSHOT_RECORD_HEAD_BYTES_MAX];
    size_t head_len = snapshot_write_record_head(&record, head);
    size_t bytes = head_len + entry->name.len + (value->blob ? 0 : value->bytes.len);
    struct chunk *chunk = room_for(save, entry->shard, bytes, value->blob != NULL);
    if (!chunk) return give_up(save);
    bytes_copy_to(chunk->data + chunk->len, bytes_view(head, head_len));
    bytes_copy_to(chunk->data + chunk->len + head_len, entry->name);
    if (!value->blob)
        bytes_copy_to(chunk->data + chunk->len + head_len + entry->name.len, value->bytes);
    chunk->len += bytes;
    chunk->records++;
    if (entry->by_writer) atomic_fetch_add_explicit(&save->handed_over, 1, memory_order_relaxed);
    if (!value->blob) return true;
    chunk->blob = blob_ref(value->blob);
    bool fits = !entry->by_writer || charge_blob(save, chunk, value->bytes.len);
    seal(save, entry->shard);
    return fits || give_up(save);
}

/* ---- writing ----------------------------------------------------------------------------------*/

/* What a thread packs with. */
struct scratch {
    struct snapshot_packer packer;
    uint8_t joined[SNAPSHOT_PACKED_BYTES_MAX], packed[SNAPSHOT_PACKED_BYTES_MAX];
};

static void pack_block(struct scratch *scratch, struct snapshot_file_block *block) {
    struct bytes plain = block->parts[0];
    if (block->plain_bytes > SNAPSHOT_PACKED_BYTES_MAX) return;
    if (block->parts[1].len) {
        bytes_copy_to(scratch->joined, plain);
        bytes_copy_to(scratch->joined + plain.len, block->parts[1]);
        plain = bytes_view(scratch->joined, plain.len + block->parts[1].len);
    }
    size_t packed = snapshot_pack(&scratch->packer, plain, scratch->packed);
    if (!packed) return;
    block->codec = scratch->packer.codec;
    block->parts[0] = bytes_view(scratch->packed, packed);
    block->parts[1] = bytes_view(NULL, 0);
}

static void add_block(struct snapshot_save *save, struct snapshot_file_block *block) {
    struct brine_error err;
    block->payload_hash = snapshot_hash(block->parts, block->parts[1].len ? 2 : 1);
    pthread_mutex_lock(&save->file_lock);
    enum brine_status status =
        has_failed(save) ? BRINE_OK : snapshot_file_add(&save->file, block, &err);
    pthread_mutex_unlock(&save->file_lock);
    if (status != BRINE_OK) fail(save, &err);
}

static void write_chunk(struct snapshot_save *save, struct chunk *chunk, struct scratch *scratch) {
    struct snapshot_file_block block = {
        .type = SNAPSHOT_RECORDS,
        .codec = SNAPSHOT_PLAIN,
        .plain_bytes = chunk->len + (chunk->blob ? chunk->blob->len : 0),
        .records = chunk->records,
        .shard = chunk->shard,
        .parts = {bytes_view(chunk->data, chunk->len)},
    };
    if (chunk->blob) block.parts[1] = blob_view(chunk->blob);
    if (!has_failed(save)) {
        if (scratch) pack_block(scratch, &block);
        add_block(save, &block);
        atomic_fetch_add_explicit(&save->written, block.records, memory_order_relaxed);
    }
    chunk_free(save, chunk);
}

static void write_writers(struct snapshot_save *save) {
    struct buf rows;
    struct brine_error err;
    buf_init(&rows, save->options.mem, WRITERS_BYTES_MAX);
    if (save->options.writers &&
        save->options.writers(save->options.writers_ctx, &rows) != BRINE_OK) {
        (void)brine_fail(&err, BRINE_NO_MEMORY, 0, "out of memory for a snapshot");
        fail(save, &err);
    } else if (rows.len > 0) {
        struct snapshot_file_block block = {.type = SNAPSHOT_WRITERS,
                                            .codec = SNAPSHOT_PLAIN,
                                            .plain_bytes = rows.len,
                                            .parts = {buf_view(&rows)}};
        add_block(save, &block);
    }
    buf_deinit(&rows);
}

/* ---- threads ----------------------------------------------------------------------------------*/

/* When a walker began the piece of work that it rests from. */
struct pace {
    int64_t mono_ns, thread_ns;
};

static void begin_piece(struct pace *pace) {
    *pace = (struct pace){clock_mono_ns(), clock_thread_ns()};
}

static bool must_hurry(struct snapshot_save *save) {
    size_t used = mem_account_used(&save->account) + atomic_load(&save->blob_bytes);
    return save->options.cpu_percent == 0 || save->options.cpu_percent >= PERCENT ||
           used > save->options.memory_max / HURRY_SHARE || has_failed(save);
}

/* 0: nobody rests now. */
static int64_t rest_ns(struct snapshot_save *save, const struct pace *pace) {
    if (must_hurry(save)) return 0;
    int64_t worked_ns = clock_thread_ns() - pace->thread_ns;
    int64_t took_ns = clock_mono_ns() - pace->mono_ns;
    return worked_ns * PERCENT / (int64_t)save->options.cpu_percent - took_ns;
}

/* As long as makes the piece cpu_percent of the time; a wait for the disk is a rest as well. */
static void rest(struct snapshot_save *save, struct pace *pace) {
    int64_t ns = rest_ns(save, pace);
    if (ns > 0) {
        int64_t until_ns = clock_mono_ns() + ns;
        struct timespec until = {.tv_sec = until_ns / NS_A_SECOND,
                                 .tv_nsec = until_ns % NS_A_SECOND};
        pthread_mutex_lock(&save->lock);
        if (!has_failed(save)) (void)pthread_cond_timedwait(&save->has_ended, &save->lock, &until);
        pthread_mutex_unlock(&save->lock);
    }
    begin_piece(pace);
}

/* Takes shards, one after the other, until there is none left and nothing is ready. */
static void walk(struct snapshot_save *save, struct scratch *scratch) {
    struct store *store = save->options.store;
    struct store_hold hold = {.passes = true};
    size_t shard = SIZE_MAX;
    struct pace pace;
    begin_piece(&pace);
    for (;;) {
        struct chunk *chunk = next_ready(save);
        if (chunk) {
            write_chunk(save, chunk, scratch);
            rest(save, &pace);
            continue;
        }
        if (shard == SIZE_MAX) shard = atomic_fetch_add(&save->next_shard, 1);
        if (shard >= save->shards) return;
        if (store_cut_step(store, &hold, shard, SNAPSHOT_SAVE_STEP_BYTES)) continue;
        /* Nobody shows anything of this shard any more, so its chunk is ours. */
        seal(save, shard);
        shard = SIZE_MAX;
    }
}

/* A file that is about to go leaves memory first, piece by piece. */
static void forget_oldest(struct snapshot_save *save) {
    struct disk *disk = save->options.file.disk;
    char name[SNAPSHOT_NAME_BYTES_MAX + 32];
    struct pace pace;
    snapshot_file_oldest(&save->file, name, sizeof name);
    begin_piece(&pace);
    for (uint64_t at = 0; (at = disk->forget(disk, name, at)) != 0 && !has_failed(save);)
        rest(save, &pace);
}

static void *run_walker(void *arg) {
    struct snapshot_save *save = arg;
    /* The scheduler's hint is all it is; behind the process's own niceness. */
    int own = getpriority(PRIO_PROCESS, (id_t)getpid());
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), own + save->options.nice);
    /* Without it nothing is packed. */
    struct scratch *scratch = NULL;
    if (save->options.codec != SNAPSHOT_PLAIN)
        scratch = mem_alloc(save->options.mem, sizeof *scratch);
    if (scratch)
        snapshot_packer_init(&scratch->packer, save->options.mem, save->options.codec,
                             save->options.level);
    walk(save, scratch);
    if (scratch) snapshot_packer_deinit(&scratch->packer);
    mem_free(save->options.mem, scratch, sizeof *scratch);
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------*/

static size_t save_bytes(size_t shards) {
    return sizeof(struct snapshot_save) + shards * sizeof(struct chunk *);
}

enum brine_status snapshot_save_begin(struct snapshot_save **result,
                                      const struct snapshot_save_options *options,
                                      struct store_hold *hold, struct brine_error *err) {
    size_t shards = store_shards(options->store);
    struct snapshot_save *save = mem_alloc_zeroed(options->mem, save_bytes(shards));
    *result = NULL;
    if (!save) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for a snapshot");
    save->options = *options;
    save->shards = shards;
    mem_account_init(&save->account, options->mem, options->memory_max);
    size_t chunk_bytes = options->memory_max / OPEN_SHARE / shards;
    save->chunk_bytes = MAX(MIN(chunk_bytes, (size_t)SNAPSHOT_BLOCK_BYTES), CHUNK_BYTES_MIN);
    pthread_mutex_init(&save->lock, NULL);
    pthread_mutex_init(&save->file_lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&save->has_ended, &attributes);
    pthread_condattr_destroy(&attributes);
    struct store_cut cut = {.show = show, .ctx = save};
    if (!store_cut_begin(options->store, hold, &cut, &save->counts)) {
        snapshot_save_destroy(save);
        return brine_fail(err, BRINE_INVALID, 0, "a snapshot is being taken already");
    }
    *result = save;
    return BRINE_OK;
}

static void run_threads(struct snapshot_save *save) {
    pthread_t threads[THREADS_MAX];
    size_t started = 0, wanted = MIN(save->options.threads, (size_t)THREADS_MAX);
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, run_walker, save) == 0)
        started++;
    (void)run_walker(save);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    BRINE_ASSERT(!save->oldest, "walkers end when all is written");
}

enum brine_status snapshot_save_run(struct snapshot_save *save, struct snapshot_save_result *result,
                                    struct brine_error *err) {
    struct store_hold hold = {.passes = true};
    struct snapshot_file_options file = save->options.file;
    file.header.version = SNAPSHOT_VERSION;
    file.header.databases = (uint32_t)store_databases(save->options.store);
    file.header.taken_at_ms = save->options.now_ms;
    file.header.entries = save->counts.keys;
    if (snapshot_file_create(&save->file, &file, err) != BRINE_OK) fail(save, err);
    if (!has_failed(save)) write_writers(save);
    run_threads(save);
    store_cut_end(save->options.store, &hold);
    enum brine_status status = BRINE_OK;
    if (has_failed(save)) {
        *err = save->failure;
        status = err->status;
    } else {
        forget_oldest(save);
        status = snapshot_file_finish(&save->file, err);
    }
    if (status != BRINE_OK) snapshot_file_abandon(&save->file);
    *result = (struct snapshot_save_result){
        .records = save->file.records,
        .file_bytes = save->file.offset,
        .changes_total = save->counts.changes_total,
        .handed_over = atomic_load(&save->handed_over),
        .memory_peak_bytes = mem_account_peak(&save->account),
        .generation_lost = save->file.generation_lost,
        .is_named = save->file.is_named,
    };
    return status;
}

void snapshot_save_progress(struct snapshot_save *save, uint64_t *done, uint64_t *total) {
    *done = atomic_load_explicit(&save->written, memory_order_relaxed);
    *total = save->counts.keys;
}

void snapshot_save_destroy(struct snapshot_save *save) {
    for (struct chunk *next, *chunk = save->spare; chunk; chunk = next) {
        next = chunk->next;
        mem_free(&save->account.allocator, chunk, sizeof *chunk + chunk->cap);
    }
    pthread_mutex_destroy(&save->lock);
    pthread_mutex_destroy(&save->file_lock);
    pthread_cond_destroy(&save->has_ended);
    mem_free(save->options.mem, save, save_bytes(save->shards));
}
