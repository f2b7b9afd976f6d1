/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/snapshots.h"

#include "base/assert.h"
#include "observe/clock.h"
#include "snapshot/load.h"
#include "snapshot/recover.h"
#include "snapshot/save.h"
#include "store/store_close.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    SAVE_NICE = 0, /* who is nice and holds a shard's lock keeps others waiting: README D8 */
    THREADS_MAX = 64,
    VALUE_BYTES_KEPT = 1 << 30, /* was taken once: limits.bulk_bytes is for who sends */
    TICK_MS = 1000,             /* how often the schedule is looked at */
    RETRY_MS = 60 * 1000, /* after a scheduled save failed.  Source: Redis waits 5 s, for less */
};

static const enum snapshot_codec CODECS[] = {
    [CONFIG_SNAPSHOT_COMPRESSION_LZ4] = SNAPSHOT_LZ4,
    [CONFIG_SNAPSHOT_COMPRESSION_NONE] = SNAPSHOT_PLAIN,
    [CONFIG_SNAPSHOT_COMPRESSION_ZSTD] = SNAPSHOT_ZSTD,
};

/* Who waits for a save; on his stack. */
struct waiter {
    bool done;
    enum brine_status status;
    struct brine_error err;
};

struct snapshots {
    struct snapshots_options options;
    struct posix_disk disk;
    char path[SNAPSHOT_NAME_BYTES_MAX]; /* name in the directory */
    pthread_t thread;
    bool is_running;

    pthread_mutex_t lock; /* a leaf, but that begin holds it over nothing; all down to `facts` */
    pthread_cond_t changed;
    bool is_locked; /* the directory */
    bool stopping, scheduled;
    bool salvaged; /* what the damaged file still had is in memory alone, until it is saved */
    bool saving;   /* from before the cut to after the rename */
    struct snapshot_save *save; /* the cut is taken: the thread's */
    struct waiter *waiter;
    int64_t began_mono_ms, last_try_mono_ms;
    uint64_t changes_at_save;
    struct snapshots_facts facts;

    _Atomic bool loading, last_failed;
    _Atomic int unwatched; /* > 0: nobody is served now, so that a save need not be considerate */
    _Atomic int last;      /* 0: as snapshot.on_stop says; 1: save at the end; -1: do not */
    struct snapshot_progress progress;
};

static const struct config *config_of(const struct snapshots *snapshots) {
    return snapshots->options.config;
}
static struct store *store_of(const struct snapshots *snapshots) {
    return snapshots->options.keyspace->store;
}
static const char *name_of(const struct snapshots *snapshots) {
    return (const char *)config_of(snapshots)->snapshot.file.data;
}

static size_t threads_of(const struct snapshots *snapshots) {
    int64_t wanted = config_read(config_of(snapshots)->snapshot.threads);
    if (wanted == 0) wanted = (sysconf(_SC_NPROCESSORS_ONLN) + 1) / 2;
    return (size_t)MIN(MAX(wanted, 1), THREADS_MAX);
}

/* ---- opening ----------------------------------------------------------------------------------*/

static enum brine_status lock_directory(struct snapshots *snapshots, struct brine_error *err) {
    bool locked = true;
    pthread_mutex_lock(&snapshots->lock);
    enum brine_status status = BRINE_OK;
    if (!snapshots->is_locked) status = posix_disk_lock(&snapshots->disk, &locked, err);
    if (status == BRINE_OK && !locked)
        status = brine_fail(err, BRINE_IO, 0,
                            "snapshot.dir %s belongs to another brine-server that is running: give "
                            "this one another snapshot.dir",
                            (const char *)config_of(snapshots)->snapshot.dir.data);
    bool first = status == BRINE_OK && !snapshots->is_locked;
    snapshots->is_locked |= status == BRINE_OK;
    pthread_mutex_unlock(&snapshots->lock);
    size_t removed = first ? posix_disk_remove_stale(&snapshots->disk, name_of(snapshots)) : 0;
    if (removed)
        log_write(snapshots->options.log, LOG_NOTICE,
                  "removed %zu unfinished snapshots that an earlier process left", removed);
    return status;
}

enum brine_status snapshots_open(struct snapshots **result, const struct snapshots_options *options,
                                 struct brine_error *err) {
    struct snapshots *snapshots = mem_alloc_zeroed(options->mem, sizeof *snapshots);
    *result = NULL;
    if (!snapshots) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for snapshots");
    snapshots->options = *options;
    pthread_mutex_init(&snapshots->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&snapshots->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    snapshots->disk.fd = -1;
    snapshots->facts = (struct snapshots_facts){
        .last_ok = true,
        .last_save_s = clock_wall_ms() / 1000,
        .last_took_s = -1,
        .current_took_s = -1,
    };
    snapshots->last_try_mono_ms = clock_mono_ms();
    const struct config *config = options->config;
    const char *dir = (const char *)config->snapshot.dir.data;
    enum brine_status status = BRINE_OK;
    if (strchr(name_of(snapshots), '/'))
        status = brine_fail(err, BRINE_INVALID, 0,
                            "snapshot.file '%s' is no plain name: the directory is snapshot.dir",
                            name_of(snapshots));
    if (status == BRINE_OK) status = posix_disk_open(&snapshots->disk, dir, err);
    bool is_there = status == BRINE_OK && snapshot_is_there(&snapshots->disk, name_of(snapshots));
    bool will_write =
        config_read(config->snapshot.every) > 0 || config_read(config->snapshot.on_stop);
    if (status == BRINE_OK && (is_there || will_write))
        status = lock_directory(snapshots, err);
    else if (status == BRINE_OK)
        (void)!lock_directory(snapshots, &(struct brine_error){0}); /* to tidy up, if we may */
    if (status == BRINE_OK && !is_there && !will_write) {
        posix_disk_unlock(&snapshots->disk);
        snapshots->is_locked = false;
    }
    if (status != BRINE_OK) {
        snapshots_close(snapshots);
        return status;
    }
    *result = snapshots;
    return BRINE_OK;
}

void snapshots_close(struct snapshots *snapshots) {
    if (!snapshots) return;
    BRINE_ASSERT(!snapshots->is_running, "the thread ends before the module");
    posix_disk_close(&snapshots->disk);
    pthread_cond_destroy(&snapshots->changed);
    pthread_mutex_destroy(&snapshots->lock);
    mem_free(snapshots->options.mem, snapshots, sizeof *snapshots);
}

/* ---- loading ----------------------------------------------------------------------------------*/

static struct recover_options recover_options(struct snapshots *snapshots) {
    const struct config *config = config_of(snapshots);
    return (struct recover_options){
        .mem = snapshots->options.mem,
        .keyspace = snapshots->options.keyspace,
        .disk = &snapshots->disk,
        .name = name_of(snapshots),
        .dir = (const char *)config->snapshot.dir.data,
        .threads = threads_of(snapshots),
        .value_bytes_max = MAX((size_t)config_read(config->limits.bulk_bytes), VALUE_BYTES_KEPT),
        .damaged = (enum recover_damaged)config_read(config->snapshot.damaged),
        .log = snapshots->options.log,
        .audit = snapshots->options.audit,
        .progress = &snapshots->progress,
    };
}

static void note_load(struct snapshots *snapshots, const struct snapshot_load_result *result) {
    uint64_t changes = store_counts(store_of(snapshots)).changes_total;
    pthread_mutex_lock(&snapshots->lock);
    snapshots->facts.loaded = result->loaded;
    snapshots->facts.expired = result->expired;
    snapshots->facts.refused = result->refused;
    snapshots->facts.evicted = result->evicted;
    snapshots->facts.lost_records = result->lost_records;
    snapshots->facts.lost_bytes = result->lost_bytes;
    if (result->damages == 0) snapshots->changes_at_save = changes;
    pthread_mutex_unlock(&snapshots->lock);
}

/* False: the server is to end; it stays loading. */
static bool load_at_start(struct snapshots *snapshots) {
    struct recover_options options = recover_options(snapshots);
    struct snapshot_load_result result;
    struct brine_error err;
    if (recover(&options, &result, &err) != BRINE_OK) {
        if (atomic_load(&snapshots->progress.cancelled)) return false;
        log_write(snapshots->options.log, LOG_WARNING, "%s", err.text);
        if (snapshots->options.on_load_failed)
            snapshots->options.on_load_failed(snapshots->options.context, &err);
        return false;
    }
    note_load(snapshots, &result);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->salvaged = result.kept_aside;
    pthread_mutex_unlock(&snapshots->lock);
    atomic_store(&snapshots->loading, false);
    if (snapshots->options.on_loaded) snapshots->options.on_loaded(snapshots->options.context);
    return true;
}

/* ---- saving -----------------------------------------------------------------------------------*/

static enum brine_status add_writers(void *ctx, struct buf *rows) {
    const struct snapshots *snapshots = ctx;
    char text[WRITER_TEXT_BYTES];
    for (uint32_t number = 1; number <= WRITERS_MAX; number++) {
        keyspace_writer_text(snapshots->options.keyspace, (uint16_t)number, text, sizeof text);
        if (!text[0]) break;
        uint16_t len = (uint16_t)strlen(text);
        uint8_t head[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)len,
                           (uint8_t)(len >> 8)};
        TRY(buf_append(rows, bytes_view(head, sizeof head)));
        TRY(buf_append(rows, bytes_view(text, len)));
    }
    return BRINE_OK;
}

/* A damaged file has another name already, and is no generation. */
static size_t keeps(struct snapshots *snapshots) {
    pthread_mutex_lock(&snapshots->lock);
    bool salvaged = snapshots->salvaged;
    pthread_mutex_unlock(&snapshots->lock);
    return salvaged ? 0 : (size_t)config_read(config_of(snapshots)->snapshot.keep);
}

/* The cut, by the thread that asks for it; `saving` is set. */
static enum brine_status take_cut(struct snapshots *snapshots, struct store_hold *hold,
                                  struct snapshot_save **save, struct brine_error *err) {
    const struct config *config = config_of(snapshots);
    struct snapshot_save_options options = {
        .mem = snapshots->options.mem,
        .store = store_of(snapshots),
        .file = {.disk = &snapshots->disk.disk,
                 .name = name_of(snapshots),
                 .process_id = (int64_t)getpid(),
                 .keep = keeps(snapshots)},
        .now_ms = clock_wall_ms(),
        .memory_max = (size_t)config_read(config->snapshot.memory_max),
        .threads = threads_of(snapshots),
        .nice = SAVE_NICE,
        .cpu_percent = atomic_load(&snapshots->unwatched)
                           ? 0
                           : (size_t)config_read(config->snapshot.cpu_percent),
        .codec = CODECS[config_read(config->snapshot.compression)],
        .level = (int)config_read(config->snapshot.compression_level),
        .writers = add_writers,
        .writers_ctx = snapshots,
    };
    TRY(lock_directory(snapshots, err));
    uint8_t *id = options.file.header.id;
    if (getrandom(id, SNAPSHOT_ID_BYTES, 0) != SNAPSHOT_ID_BYTES)
        return brine_fail(err, BRINE_IO, 0, "the operating system gave no random bytes: %s",
                          strerror(errno));
    return snapshot_save_begin(save, &options, hold, err);
}

/* Under the lock. */
static void end_save(struct snapshots *snapshots, enum brine_status status,
                     const struct brine_error *err) {
    struct waiter *waiter = snapshots->waiter;
    snapshots->saving = false;
    snapshots->facts.last_ok = status == BRINE_OK;
    atomic_store(&snapshots->last_failed, status != BRINE_OK);
    if (waiter) {
        waiter->done = true;
        waiter->status = status;
        if (status != BRINE_OK) waiter->err = *err;
    }
    snapshots->waiter = NULL;
    pthread_cond_broadcast(&snapshots->changed);
}

static enum snapshots_answer begin(struct snapshots *snapshots, struct store_hold *hold,
                                   struct waiter *waiter, struct brine_error *err) {
    pthread_mutex_lock(&snapshots->lock);
    bool busy = snapshots->saving || snapshots_loading(snapshots);
    if (!busy) {
        snapshots->saving = true;
        snapshots->waiter = waiter;
        snapshots->began_mono_ms = snapshots->last_try_mono_ms = clock_mono_ms();
    }
    pthread_mutex_unlock(&snapshots->lock);
    if (busy) return SNAPSHOTS_BUSY;

    struct snapshot_save *save = NULL;
    enum brine_status status = take_cut(snapshots, hold, &save, err);
    pthread_mutex_lock(&snapshots->lock);
    if (status == BRINE_OK) {
        snapshots->save = save;
        pthread_cond_broadcast(&snapshots->changed);
    } else {
        snapshots->waiter = NULL; /* he is told by what we return */
        end_save(snapshots, status, err);
    }
    pthread_mutex_unlock(&snapshots->lock);
    if (status == BRINE_OK) return SNAPSHOTS_BEGUN;
    log_write(snapshots->options.log, LOG_WARNING, "no snapshot was taken: %s", err->text);
    return SNAPSHOTS_FAILED;
}

enum snapshots_answer snapshots_begin(struct snapshots *snapshots, struct store_hold *hold,
                                      struct brine_error *err) {
    return begin(snapshots, hold, NULL, err);
}

bool snapshots_schedule(struct snapshots *snapshots) {
    pthread_mutex_lock(&snapshots->lock);
    bool busy = snapshots->saving;
    snapshots->scheduled |= !busy;
    pthread_cond_broadcast(&snapshots->changed);
    pthread_mutex_unlock(&snapshots->lock);
    return !busy;
}

enum brine_status snapshots_save(struct snapshots *snapshots, struct store_hold *hold,
                                 struct brine_error *err) {
    struct waiter waiter = {0};
    switch (begin(snapshots, hold, &waiter, err)) {
    case SNAPSHOTS_FAILED:
        return err->status;
    case SNAPSHOTS_BUSY:
        return brine_fail(err, BRINE_INVALID, 0, "Background save already in progress");
    case SNAPSHOTS_BEGUN:
        break;
    }
    pthread_mutex_lock(&snapshots->lock);
    while (!waiter.done) pthread_cond_wait(&snapshots->changed, &snapshots->lock);
    pthread_mutex_unlock(&snapshots->lock);
    if (waiter.status != BRINE_OK) *err = waiter.err;
    return waiter.status;
}

/* ---- the thread -------------------------------------------------------------------------------*/

static void note_save(struct snapshots *snapshots, enum brine_status status,
                      const struct snapshot_save_result *result, const struct brine_error *err) {
    pthread_mutex_lock(&snapshots->lock);
    int64_t took_ms = clock_mono_ms() - snapshots->began_mono_ms;
    snapshots->facts.last_took_s = took_ms / 1000;
    snapshots->facts.last_memory_bytes = result->memory_peak_bytes;
    if (status == BRINE_OK) {
        snapshots->facts.saves++;
        snapshots->facts.last_save_s = clock_wall_ms() / 1000;
        snapshots->changes_at_save = result->changes_total;
        snapshots->salvaged = false;
    }
    end_save(snapshots, status, err);
    pthread_mutex_unlock(&snapshots->lock);
    struct log *log = snapshots->options.log;
    if (status != BRINE_OK) {
        log_write(log, LOG_WARNING, "the snapshot failed, %s: %s",
                  result->is_named
                      ? "the new file has its name, but may not outlive a power failure"
                      : "the one before is as it was",
                  err->text);
        return;
    }
    log_write(log, LOG_NOTICE,
              "DB saved on disk: %" PRIu64 " entries, %" PRIu64 " bytes, %" PRId64 " ms; %" PRIu64
              " entries handed over by writers, %zu bytes of memory",
              result->records, result->file_bytes, took_ms, result->handed_over,
              result->memory_peak_bytes);
    if (result->generation_lost)
        log_write(log, LOG_WARNING,
                  "the snapshot before could not be kept as an older generation: this file system "
                  "may not know hard links, set snapshot.keep = 0");
}

/* Runs the cut that was taken. */
static void run_save(struct snapshots *snapshots, struct snapshot_save *save) {
    struct snapshot_save_result result;
    struct brine_error err = {0};
    enum brine_status status = snapshot_save_run(save, &result, &err);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->save = NULL;
    pthread_mutex_unlock(&snapshots->lock);
    snapshot_save_destroy(save);
    note_save(snapshots, status, &result, &err);
}

/* Under the lock, while nothing is being saved. */
static bool is_due(struct snapshots *snapshots) {
    const struct config *config = config_of(snapshots);
    int64_t every_ms = config_read(config->snapshot.every);
    if (snapshots->scheduled) return true;
    if (snapshots->salvaged)
        return snapshots->facts.last_ok ||
               clock_mono_ms() - snapshots->last_try_mono_ms >= RETRY_MS;
    if (every_ms == 0) return false;
    if (!snapshots->facts.last_ok) every_ms = MIN(every_ms, RETRY_MS);
    if (clock_mono_ms() - snapshots->last_try_mono_ms < every_ms) return false;
    uint64_t changes = store_counts(store_of(snapshots)).changes_total;
    return changes - snapshots->changes_at_save >=
           (uint64_t)config_read(config->snapshot.after_changes);
}

static void wait_a_tick(struct snapshots *snapshots) {
    int64_t until_ms = clock_mono_ms() + TICK_MS;
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&snapshots->changed, &snapshots->lock, &until);
}

static void *run_thread(void *arg) {
    struct snapshots *snapshots = arg;
    struct store_hold hold = {0};
    if (snapshots_loading(snapshots) && !load_at_start(snapshots)) return NULL;
    pthread_mutex_lock(&snapshots->lock);
    while (!snapshots->stopping || snapshots->saving) {
        struct snapshot_save *save = snapshots->save;
        bool due = !save && !snapshots->saving && !snapshots->stopping && is_due(snapshots);
        if (due) snapshots->scheduled = false;
        if (!save && !due) {
            wait_a_tick(snapshots);
            continue;
        }
        pthread_mutex_unlock(&snapshots->lock);
        struct brine_error err;
        if (due)
            (void)begin(snapshots, &hold, NULL, &err);
        else
            run_save(snapshots, save);
        pthread_mutex_lock(&snapshots->lock);
    }
    pthread_mutex_unlock(&snapshots->lock);
    return NULL;
}

/* Where there is no file of the name, one that is left is not passed over in silence. */
static void tell_older(struct snapshots *snapshots) {
    char older[SNAPSHOT_NAME_BYTES_MAX + 32];
    for (int number = 1; number <= SNAPSHOT_KEEP_MAX; number++) {
        snprintf(older, sizeof older, "%s.%d", name_of(snapshots), number);
        if (!snapshot_is_there(&snapshots->disk, older)) continue;
        log_write(
            snapshots->options.log, LOG_WARNING,
            "there is no %s, so the server begins empty; an older snapshot is there: %s, which "
            "may be renamed to take its place",
            name_of(snapshots), older);
        return;
    }
}

enum brine_status snapshots_start(struct snapshots *snapshots, struct brine_error *err) {
    sigset_t all, before;
    bool is_there = snapshot_is_there(&snapshots->disk, name_of(snapshots));
    snapshots->facts.load_started_s = clock_wall_ms() / 1000;
    if (!is_there) tell_older(snapshots);
    atomic_store(&snapshots->loading, is_there);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&snapshots->thread, NULL, run_thread, snapshots);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "cannot start the snapshots' thread: %s",
                          strerror(code));
    snapshots->is_running = true;
    return BRINE_OK;
}

enum brine_status snapshots_stop(struct snapshots *snapshots, bool save, struct brine_error *err) {
    if (!snapshots->is_running) return BRINE_OK;
    struct store_hold hold = {0};
    if (snapshots_loading(snapshots)) atomic_store(&snapshots->progress.cancelled, true);
    atomic_fetch_add(&snapshots->unwatched, 1);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->scheduled = false;
    while (snapshots->saving) {
        if (snapshots->save) snapshot_save_cancel(snapshots->save);
        pthread_cond_wait(&snapshots->changed, &snapshots->lock);
    }
    pthread_mutex_unlock(&snapshots->lock);
    enum brine_status status = BRINE_OK;
    if (save && !snapshots_loading(snapshots)) status = snapshots_save(snapshots, &hold, err);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->stopping = true;
    pthread_cond_broadcast(&snapshots->changed);
    pthread_mutex_unlock(&snapshots->lock);
    pthread_join(snapshots->thread, NULL);
    snapshots->is_running = false;
    return status;
}

void snapshots_set_last(struct snapshots *snapshots, bool save) {
    atomic_store(&snapshots->last, save ? 1 : -1);
}

bool snapshots_wants_last(const struct snapshots *snapshots) {
    int last = atomic_load(&snapshots->last);
    return last ? last > 0 : config_read(config_of(snapshots)->snapshot.on_stop) != 0;
}

/* ---- what others ask --------------------------------------------------------------------------*/

static enum brine_status reload(struct snapshots *snapshots, struct keyspace_access *access,
                                struct snapshots_reload how, struct brine_error *err) {
    struct recover_options options = recover_options(snapshots);
    struct snapshot_load_result result;
    if (!how.no_save) TRY(snapshots_save(snapshots, &access->hold, err));
    TRY(recover_check(&options, err));
    if (!how.no_flush) keyspace_flush_all(access);
    options.overwritten = true;
    options.damaged = RECOVER_REFUSE;
    TRY(recover(&options, &result, err));
    note_load(snapshots, &result);
    return BRINE_OK;
}

enum brine_status snapshots_reload(struct snapshots *snapshots, struct keyspace_access *access,
                                   struct snapshots_reload how, struct brine_error *err) {
    access->hold.passes = true;
    store_close(store_of(snapshots), &access->hold);
    atomic_fetch_add(&snapshots->unwatched, 1);
    enum brine_status status = reload(snapshots, access, how, err);
    atomic_fetch_sub(&snapshots->unwatched, 1);
    store_open(store_of(snapshots), &access->hold);
    access->hold.passes = false;
    return status;
}

void snapshots_facts(struct snapshots *snapshots, struct snapshots_facts *facts) {
    uint64_t changes = store_counts(store_of(snapshots)).changes_total;
    pthread_mutex_lock(&snapshots->lock);
    *facts = snapshots->facts;
    facts->saving = snapshots->saving;
    facts->changes_since = changes - MIN(changes, snapshots->changes_at_save);
    if (facts->saving) facts->current_took_s = (clock_mono_ms() - snapshots->began_mono_ms) / 1000;
    if (snapshots->save)
        snapshot_save_progress(snapshots->save, &facts->current_done, &facts->current_total);
    pthread_mutex_unlock(&snapshots->lock);
    facts->loading = snapshots_loading(snapshots);
    facts->load_entries = atomic_load(&snapshots->progress.entries);
    facts->load_bytes_total = atomic_load(&snapshots->progress.file_bytes);
    facts->load_bytes = atomic_load(&snapshots->progress.bytes_read);
}

bool snapshots_loading(const struct snapshots *snapshots) {
    return atomic_load_explicit(&snapshots->loading, memory_order_relaxed);
}

bool snapshots_stop_writes(const struct snapshots *snapshots) {
    return atomic_load_explicit(&snapshots->last_failed, memory_order_relaxed) &&
           config_read(config_of(snapshots)->snapshot.stop_writes_on_error) &&
           config_read(config_of(snapshots)->snapshot.every) > 0;
}
