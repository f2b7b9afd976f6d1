/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One ring of packed records is both the queue to the file and what PICKLE.AUDIT looks back on:
 *
 *     oldest            unwritten          end
 *     | kept, in the file | not yet in it  |   room   |
 *
 * Positions only rise; a record lies at its position modulo the ring's size, and never across the
 * end of the memory: a filler takes what is left there.  A writer that needs room takes it from the
 * oldest records, as far as they are in the file; when those do not suffice its record is dropped.
 * Rejected: a queue of lines beside a list of kept lines, which stores everything twice and makes
 * JSON on the worker (1.5 us more a record).
 *
 * The file's thread copies a batch out of the ring, makes lines of it and writes them.  `unwritten`
 * moves on only when all of them are in the file, so a disk that is full keeps the batch waiting.
 * When a write ended within a line and the file is then reopened, that line begins anew in the new
 * file. */

#include "observe/audit.h"

#include "base/assert.h"
#include "observe/audit_pack.h"
#include "observe/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    AUDIT_FILE_MODE = 0600,
    BATCH_BYTES = 32 << 10,
    /* JSON of a batch at worst: every byte of a text escaped, every field with its notes. */
    LINES_BYTES_MAX = 10 * BATCH_BYTES,
    AUDIT_LINE_BYTES_MAX = 10 * AUDIT_RECORD_BYTES_MAX,
    /* After waking up: so many records share one write. */
    GATHER_MS = 5,
    RETRY_MS = 1000,
    SYNC_MS = 1000,
    COMPLAIN_MS = 60000,
};

struct audit {
    struct audit_options options;
    char path[LOG_PATH_BYTES_MAX]; /* "": memory only, and no thread */

    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the file's thread has something to do */
    uint8_t *ring;
    size_t size;
    uint64_t oldest, unwritten, end;
    size_t kept; /* records from oldest to end */
    uint64_t records_total, dropped_total;
    uint64_t dropped_untold; /* since the last dropped record */
    bool stop, reopen;
    bool asleep;  /* the file's thread is to be signalled */
    bool failing; /* the last attempt to write or reopen failed */

    /* the file's thread */
    pthread_t thread;
    int fd;
    uint8_t *batch;
    uint64_t batch_end; /* where `unwritten` goes once lines are written */
    struct buf lines;   /* of the batch */
    size_t lines_sent;
    bool unsynced; /* the file has what fsync has not seen */
    int64_t synced_mono_ms, retry_mono_ms;
    struct log_limiter complaints;
};

static void *write_file(void *context);

/* ---- life ------------------------------------------------------------------------------------ */

/* Readable too, because a file that does not end in a newline was cut off when a machine stopped:
 * its last line must not swallow the next. */
static enum brine_status open_file(const char *path, int *fd, struct brine_error *err) {
    struct stat about;
    char last = '\n';
    *fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, AUDIT_FILE_MODE);
    if (*fd < 0)
        return brine_fail(err, BRINE_IO, 0, "%s: cannot open the audit file: %s", path,
                          strerror(errno));
    if (fstat(*fd, &about) || !S_ISREG(about.st_mode) || about.st_size == 0) return BRINE_OK;
    if (pread(*fd, &last, 1, about.st_size - 1) == 1 && last != '\n' && write(*fd, "\n", 1) < 0)
        errno = 0; /* a full disk: the next write says so too */
    return BRINE_OK;
}

/* A thread that waits for its condition by the clock that never steps. */
static void init_lock(struct audit *audit) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&audit->lock, NULL);
    pthread_cond_init(&audit->wake, &clock);
    pthread_condattr_destroy(&clock);
}

/* Signals are for the main thread. */
static int start_thread(struct audit *audit) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&audit->thread, NULL, write_file, audit);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void destroy(struct audit *audit) {
    struct allocator *mem = audit->options.mem;
    if (audit->fd >= 0) close(audit->fd);
    buf_deinit(&audit->lines);
    mem_free(mem, audit->batch, BATCH_BYTES);
    mem_free(mem, audit->ring, audit->size);
    pthread_cond_destroy(&audit->wake);
    pthread_mutex_destroy(&audit->lock);
    mem_free(mem, audit, sizeof *audit);
}

static enum brine_status open_all(struct audit *audit, struct brine_error *err) {
    const char *path = audit->options.path ? audit->options.path : "";
    size_t path_bytes = strlen(path);
    audit->ring = mem_alloc(audit->options.mem, audit->size);
    if (!audit->ring)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the audit trail");
    if (path_bytes == 0) return BRINE_OK;
    if (path_bytes >= sizeof audit->path)
        return brine_fail(err, BRINE_TOO_BIG, 0, "the audit file's path is longer than %d bytes",
                          LOG_PATH_BYTES_MAX - 1);
    audit->batch = mem_alloc(audit->options.mem, BATCH_BYTES);
    if (!audit->batch || buf_reserve(&audit->lines, LINES_BYTES_MAX) != BRINE_OK)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the audit trail");
    TRY(open_file(path, &audit->fd, err));
    memcpy(audit->path, path, path_bytes + 1);
    int error = start_thread(audit);
    if (error == 0) return BRINE_OK;
    audit->path[0] = 0;
    return brine_fail(err, BRINE_NO_MEMORY, 0, "cannot start the audit trail's thread: %s",
                      strerror(error));
}

enum brine_status audit_open(struct audit **opened, const struct audit_options *options,
                             struct brine_error *err) {
    struct audit *audit = mem_alloc_zeroed(options->mem, sizeof *audit);
    if (!audit) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for the audit trail");
    audit->options = *options;
    audit->size = round_up(MAX(options->queue_bytes, (size_t)AUDIT_QUEUE_BYTES_MIN), AUDIT_ALIGN);
    audit->fd = -1;
    init_lock(audit);
    buf_init(&audit->lines, options->mem, LINES_BYTES_MAX);
    enum brine_status status = open_all(audit, err);
    if (status != BRINE_OK) {
        destroy(audit);
        return status;
    }
    *opened = audit;
    return BRINE_OK;
}

static bool has_file(const struct audit *audit) {
    return audit->path[0] != 0;
}

void audit_close(struct audit *audit) {
    if (!audit) return;
    if (has_file(audit)) {
        pthread_mutex_lock(&audit->lock);
        audit->stop = true;
        pthread_cond_signal(&audit->wake);
        pthread_mutex_unlock(&audit->lock);
        pthread_join(audit->thread, NULL);
    }
    destroy(audit);
}

void audit_reopen(struct audit *audit) {
    if (!audit || !has_file(audit)) return;
    pthread_mutex_lock(&audit->lock);
    audit->reopen = true;
    pthread_cond_signal(&audit->wake);
    pthread_mutex_unlock(&audit->lock);
}

/* ---- the ring: all under the lock ------------------------------------------------------------ */

static struct audit_packed *packed_at(const struct audit *audit, uint64_t position) {
    return (struct audit_packed *)(audit->ring + position % audit->size);
}

/* Takes the oldest record away; false when the file has not got it yet. */
static bool evict(struct audit *audit) {
    if (audit->oldest == audit->unwritten) return false;
    const struct audit_packed *packed = packed_at(audit, audit->oldest);
    audit->kept -= !packed->filler;
    audit->oldest += packed->bytes;
    return true;
}

/* False: there is no room. */
static bool append(struct audit *audit, const struct audit_packed *packed) {
    size_t to_edge = audit->size - audit->end % audit->size;
    size_t filler = to_edge < packed->bytes ? to_edge : 0;
    while (audit->size - (audit->end - audit->oldest) < filler + packed->bytes)
        if (!evict(audit)) return false;
    if (filler) {
        struct audit_packed *unused = packed_at(audit, audit->end);
        unused->bytes = (uint32_t)filler;
        unused->filler = 1;
        audit->end += filler;
    }
    memcpy(packed_at(audit, audit->end), packed, packed->bytes);
    audit->end += packed->bytes;
    audit->kept++;
    audit->records_total++;
    if (!has_file(audit)) audit->unwritten = audit->end;
    while (audit->kept > audit->options.keep && evict(audit)) {}
    return true;
}

static int64_t wall_ms(const struct audit *audit) {
    const struct audit_options *options = &audit->options;
    return options->wall_ms ? options->wall_ms(options->wall_arg) : clock_wall_ms();
}

/* Says in the trail how many records are missing at this place. */
static bool tell_dropped(struct audit *audit) {
    struct audit_packed_max space;
    struct audit_packed *packed = (struct audit_packed *)space.bytes;
    struct audit_record record = AUDIT_RECORD(DROPPED);
    if (audit->dropped_untold == 0) return true;
    record.time_ms = wall_ms(audit);
    record.count = (int64_t)audit->dropped_untold;
    audit_pack(&record, packed);
    if (!append(audit, packed)) return false;
    audit->dropped_untold = 0;
    return true;
}

void audit_write(struct audit *audit, const struct audit_record *record) {
    struct audit_packed_max space;
    struct audit_packed *packed = (struct audit_packed *)space.bytes;
    if (!audit) return;
    audit_pack(record, packed);
    if (record->time_ms == 0) {
        int64_t now_ms = wall_ms(audit);
        memcpy(packed->numbers + offsetof(struct audit_record, time_ms), &now_ms, sizeof now_ms);
    }
    pthread_mutex_lock(&audit->lock);
    if (!tell_dropped(audit) || !append(audit, packed)) {
        audit->dropped_total++;
        audit->dropped_untold++;
    }
    bool crowded = audit->end - audit->unwritten > audit->size / 2;
    bool signal = has_file(audit) && (audit->asleep || crowded) && !audit->failing;
    if (signal) audit->asleep = false;
    pthread_mutex_unlock(&audit->lock);
    if (signal) pthread_cond_signal(&audit->wake);
}

struct audit_stats audit_stats(struct audit *audit) {
    struct audit_stats stats = {0};
    if (!audit) return stats;
    pthread_mutex_lock(&audit->lock);
    stats.records_total = audit->records_total;
    stats.dropped_total = audit->dropped_total;
    stats.queue_bytes = (size_t)(audit->end - audit->unwritten);
    stats.kept = audit->kept;
    pthread_mutex_unlock(&audit->lock);
    return stats;
}

/* ---- looking back ---------------------------------------------------------------------------- */

/* The position from which `count` records not older than since_ms follow. */
static uint64_t find_recent(struct audit *audit, const struct audit_query *query) {
    size_t matching = 0;
    uint64_t position = audit->oldest;
    for (uint64_t at = audit->oldest; at < audit->end; at += packed_at(audit, at)->bytes)
        matching += !packed_at(audit, at)->filler &&
                    audit_packed_time_ms(packed_at(audit, at)) >= query->since_ms;
    for (; matching > query->count; position += packed_at(audit, position)->bytes)
        matching -= !packed_at(audit, position)->filler &&
                    audit_packed_time_ms(packed_at(audit, position)) >= query->since_ms;
    return position;
}

/* Copies the first record from *position on; false when there is none. */
static bool copy_next(struct audit *audit, uint64_t *position, struct audit_packed *copy) {
    bool found = false;
    pthread_mutex_lock(&audit->lock);
    *position = MAX(*position, audit->oldest); /* overtaken by writers: those are gone */
    while (!found && *position < audit->end) {
        const struct audit_packed *packed = packed_at(audit, *position);
        found = !packed->filler;
        if (found) memcpy(copy, packed, packed->bytes);
        *position += packed->bytes;
    }
    pthread_mutex_unlock(&audit->lock);
    return found;
}

enum brine_status audit_recent(struct audit *audit, const struct audit_query *query,
                               audit_line_fn *line, void *context) {
    struct audit_packed_max space;
    struct audit_packed *packed = (struct audit_packed *)space.bytes;
    struct buf text;
    if (!audit || query->count == 0) return BRINE_OK;
    buf_init(&text, query->mem, LINES_BYTES_MAX);
    TRY(buf_reserve(&text, AUDIT_LINE_BYTES_MAX));
    pthread_mutex_lock(&audit->lock);
    uint64_t position = find_recent(audit, query), end = audit->end;
    pthread_mutex_unlock(&audit->lock);
    enum brine_status status = BRINE_OK;
    for (bool more = true; more && status == BRINE_OK && position < end;) {
        if (!copy_next(audit, &position, packed)) break;
        if (audit_packed_time_ms(packed) < query->since_ms) continue;
        buf_clear(&text);
        status = audit_packed_format(packed, &text);
        if (status == BRINE_OK) more = line(context, buf_view(&text));
    }
    buf_deinit(&text);
    return status;
}

/* ---- the file's thread ----------------------------------------------------------------------- */

/* Copies records into the batch and notes where they end; false when all is written.  Locked. */
static bool take_batch(struct audit *audit, size_t *bytes) {
    *bytes = 0;
    for (audit->batch_end = audit->unwritten; audit->batch_end < audit->end;) {
        const struct audit_packed *packed = packed_at(audit, audit->batch_end);
        if (!packed->filler) {
            if (packed->bytes > BATCH_BYTES - *bytes) break;
            memcpy(audit->batch + *bytes, packed, packed->bytes);
            *bytes += packed->bytes;
        }
        audit->batch_end += packed->bytes;
    }
    return audit->batch_end > audit->unwritten;
}

static void format_batch(struct audit *audit, size_t bytes) {
    buf_clear(&audit->lines);
    audit->lines_sent = 0;
    for (size_t at = 0; at < bytes;) {
        const struct audit_packed *packed = (const struct audit_packed *)(audit->batch + at);
        bool fits = audit_packed_format(packed, &audit->lines) == BRINE_OK &&
                    buf_append_byte(&audit->lines, '\n') == BRINE_OK;
        BRINE_ASSERT(fits, "the lines of a batch have their memory from the start");
        at += packed->bytes;
    }
}

static void complain(struct audit *audit, const char *problem) {
    uint64_t unsaid;
    if (!log_limiter_allows(&audit->complaints, clock_mono_ms(), COMPLAIN_MS, &unsaid)) return;
    struct audit_stats stats = audit_stats(audit);
    log_write(audit->options.log, LOG_WARNING,
              "%s; %zu bytes of the audit trail wait, %" PRIu64 " records were dropped so far",
              problem, stats.queue_bytes, stats.dropped_total);
}

/* False: not everything could be written, try again later. */
static bool send_lines(struct audit *audit) {
    while (audit->lines_sent < audit->lines.len) {
        ssize_t sent = write(audit->fd, audit->lines.data + audit->lines_sent,
                             audit->lines.len - audit->lines_sent);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) {
            struct brine_error err;
            (void)brine_fail(&err, BRINE_IO, 0, "%s: cannot write: %s", audit->path,
                             strerror(errno));
            complain(audit, err.text);
            return false;
        }
        audit->lines_sent += (size_t)sent;
        audit->unsynced = true;
    }
    return true;
}

static bool reopen_file(struct audit *audit) {
    struct brine_error err;
    int fresh;
    if (open_file(audit->path, &fresh, &err) != BRINE_OK) {
        complain(audit, err.text);
        return false;
    }
    if (audit->options.sync && audit->unsynced) fdatasync(audit->fd);
    close(audit->fd);
    audit->fd = fresh;
    while (audit->lines_sent > 0 && audit->lines_sent < audit->lines.len &&
           audit->lines.data[audit->lines_sent - 1] != '\n')
        audit->lines_sent--;
    log_write(audit->options.log, LOG_NOTICE, "Audit file reopened");
    return true;
}

static void sync_file(struct audit *audit) {
    int64_t now_ms = clock_mono_ms();
    if (!audit->options.sync || !audit->unsynced || now_ms < audit->synced_mono_ms + SYNC_MS)
        return;
    fdatasync(audit->fd);
    audit->synced_mono_ms = now_ms;
    audit->unsynced = false;
}

/* Writes until all is written or the file is to be reopened, for what comes after that goes into
 * the new one; false: something could not be written.  Called and left with the lock held, which is
 * given up meanwhile. */
static bool write_all(struct audit *audit) {
    size_t bytes = 0;
    bool good = true;
    while (good && !audit->reopen) {
        bool unsent = audit->lines_sent < audit->lines.len;
        if (!unsent && audit->end == audit->unwritten && !tell_dropped(audit)) break;
        if (!unsent && !take_batch(audit, &bytes)) break;
        pthread_mutex_unlock(&audit->lock);
        if (!unsent) format_batch(audit, bytes);
        good = send_lines(audit);
        pthread_mutex_lock(&audit->lock);
        if (good) audit->unwritten = audit->batch_end;
        while (audit->kept > audit->options.keep && evict(audit)) {}
    }
    return good;
}

/* Sleeps until `until_mono_ms` (0: for ever) or until woken. */
static void sleep_until(struct audit *audit, int64_t until_mono_ms) {
    struct timespec until = {.tv_sec = until_mono_ms / 1000,
                             .tv_nsec = until_mono_ms % 1000 * 1000000};
    if (until_mono_ms)
        pthread_cond_timedwait(&audit->wake, &audit->lock, &until);
    else
        pthread_cond_wait(&audit->wake, &audit->lock);
}

/* True when the thread may go on at once; false: it has slept, look again. */
static bool has_work(struct audit *audit) {
    bool sync = audit->options.sync && audit->unsynced;
    int64_t sync_mono_ms = audit->synced_mono_ms + SYNC_MS;
    if (audit->stop || (audit->reopen && !audit->failing)) return true;
    if (audit->failing) {
        if (clock_mono_ms() >= audit->retry_mono_ms) return true;
        sleep_until(audit, audit->retry_mono_ms);
        return false;
    }
    if (audit->end > audit->unwritten || audit->dropped_untold > 0) {
        sleep_until(audit, clock_mono_ms() + GATHER_MS);
        return true;
    }
    if (sync && clock_mono_ms() >= sync_mono_ms) return true;
    audit->asleep = true;
    sleep_until(audit, sync ? sync_mono_ms : 0);
    audit->asleep = false;
    return false;
}

static void *write_file(void *context) {
    struct audit *audit = context;
    brine_assert_doing("writing the audit trail");
    pthread_mutex_lock(&audit->lock);
    for (bool stop = false; !stop;) {
        if (!has_work(audit)) continue;
        stop = audit->stop;
        bool reopen = audit->reopen, reopened = true;
        audit->reopen = false;
        pthread_mutex_unlock(&audit->lock);
        if (reopen) reopened = reopen_file(audit);
        sync_file(audit);
        pthread_mutex_lock(&audit->lock);
        audit->failing = !write_all(audit) || !reopened;
        stop = stop && !audit->reopen;
        audit->reopen |= !reopened;
        if (audit->failing) audit->retry_mono_ms = clock_mono_ms() + RETRY_MS;
    }
    pthread_mutex_unlock(&audit->lock);
    if (audit->options.sync && audit->unsynced) fdatasync(audit->fd);
    return NULL;
}
