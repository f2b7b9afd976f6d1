/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/recover.h"

#include "observe/clock.h"
#include "snapshot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 320, TEXT_BYTES_MAX = 400 };

bool snapshot_is_there(struct posix_disk *disk, const char *name) {
    struct stat facts;
    return fstatat(disk->fd, name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum brine_status read_file(void *ctx, uint64_t offset, void *target, size_t bytes,
                                   struct brine_error *err) {
    const int *fd = ctx;
    uint8_t *to = target;
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(*fd, to + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return brine_fail(err, BRINE_IO, (size_t)offset, "cannot read: %s",
                              got < 0 ? strerror(errno) : "the file became shorter");
        done += (size_t)got;
    }
    return BRINE_OK;
}

/* A name of its own in what the thread sanitizer says; tests/tools/tsan.supp needs it. */
static void close_source(int fd) {
    close(fd);
}

/* NOT_FOUND: there is no file. */
static enum brine_status open_source(const struct recover_options *options, int *fd,
                                     struct snapshot_source *source, struct brine_error *err) {
    struct stat facts;
    *fd = openat(options->disk->fd, options->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && errno == ENOENT && !snapshot_is_there(options->disk, options->name))
        return brine_fail(err, BRINE_NOT_FOUND, 0, "%s/%s: there is no such file", options->dir,
                          options->name);
    int code = *fd < 0 || fstat(*fd, &facts) ? errno : 0;
    if (!code && !S_ISREG(facts.st_mode)) code = EINVAL;
    if (!code) {
        (void)posix_fadvise(*fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        *source = (struct snapshot_source){
            .read = read_file, .ctx = fd, .bytes = (uint64_t)facts.st_size};
        return BRINE_OK;
    }
    if (*fd >= 0) close_source(*fd);
    return brine_fail(err, BRINE_IO, 0, "%s/%s: cannot be read as a file: %s", options->dir,
                      options->name, strerror(code));
}

/* ---- telling ----------------------------------------------------------------------------------*/

static void audit_text(const struct recover_options *options, const char *verdict, uint64_t count,
                       const char *text) {
    struct audit_record record = AUDIT_RECORD(SNAPSHOT);
    record.verdict = bytes_of_cstr(verdict);
    record.count = (int64_t)count;
    record.text = bytes_of_cstr(text);
    audit_write(options->audit, &record);
}

static void tell_damage(void *ctx, const struct snapshot_damage *damage) {
    const struct recover_options *options = ctx;
    char text[TEXT_BYTES_MAX];
    snprintf(text, sizeof text,
             "%s: bytes %" PRIu64 " to %" PRIu64 " are damaged (%s): %s%" PRIu64
             " entries are lost",
             options->name, damage->from, damage->to, damage->reason,
             damage->records_at_most ? "at most " : "", damage->records);
    log_write(options->log, LOG_WARNING, "%s", text);
    audit_text(options, "lost", damage->records, text);
}

static void tell_loaded(const struct recover_options *options,
                        const struct snapshot_load_result *result, int64_t took_ms) {
    char text[TEXT_BYTES_MAX];
    snprintf(text, sizeof text,
             "%s: %" PRIu64 " entries loaded, %" PRIu64 " had expired, %" PRIu64
             " were refused by the policy of today, %" PRIu64
             " do not fit (databases, limits or types of this server, a key that is there twice), "
             "%s%" PRIu64 " lost in %" PRIu64 " damaged ranges of %" PRIu64
             " bytes; for memory.max %" PRIu64 " gave way meanwhile",
             options->name, result->loaded, result->expired, result->refused - result->unusable,
             result->unusable, result->lost_at_most ? "at most " : "", result->lost_records,
             result->damages, result->lost_bytes, result->evicted);
    log_write(options->log,
              result->damages || result->refused || result->evicted ? LOG_WARNING : LOG_NOTICE,
              "DB loaded from disk in %" PRId64 " ms: %s", took_ms, text);
    audit_text(options, "loaded", result->refused, text);
    if (result->evicted || room_is_exceeded(options->keyspace))
        log_write(options->log, LOG_WARNING,
                  "the snapshot holds more than memory.max: %" PRIu64 " entries gave way so far, "
                  "some of those that were loaded too; where memory.policy lets none go, writes "
                  "are refused until memory.max is raised",
                  result->evicted);
}

/* The latest generation that is whole, into `name`; it is read to its end for that. */
static bool find_older(const struct recover_options *options, char *name, size_t size) {
    for (int number = 1; number <= SNAPSHOT_KEEP_MAX; number++) {
        struct recover_options older = *options;
        struct brine_error err;
        snprintf(name, size, "%s.%d", options->name, number);
        older.name = name;
        enum brine_status status = recover_check(&older, &err);
        if (status == BRINE_OK) return true;
    }
    return false;
}

/* What can be done by option; nothing where the file is not at fault, or it was done already. */
static const char *way_out(const struct recover_options *options, enum brine_status status) {
    if (!snapshot_is_damage(status)) return "";
    if (options->damaged == RECOVER_SALVAGE)
        return " Nothing of it can be salvaged. Start with --snapshot.damaged=empty to begin anew; "
               "the file is moved aside then";
    return " Start with --snapshot.damaged=salvage to load what is intact, or =empty to begin "
           "anew; the file is moved aside then";
}

/* The refusal, with what can be done. */
static enum brine_status refuse(const struct recover_options *options, enum brine_status status,
                                struct brine_error *err) {
    char why[BRINE_ERROR_TEXT_BYTES], older[NAME_BYTES_MAX];
    size_t offset = err->offset;
    memcpy(why, err->text, sizeof why);
    bool has_older = snapshot_is_damage(status) && find_older(options, older, sizeof older);
    return brine_fail(err, status, offset, "%s/%s: offset %zu: %.200s.%s%s%s%s", options->dir,
                      options->name, offset, why, way_out(options, status),
                      has_older ? ". An older snapshot is whole: " : "", has_older ? older : "",
                      has_older ? ", which may be renamed to take its place" : "");
}

/* ---- loading ----------------------------------------------------------------------------------*/

static void tell_aside(const struct recover_options *options, const char *aside) {
    (void)options->disk->disk.sync_dir(&options->disk->disk);
    log_write(options->log, LOG_WARNING, "the damaged snapshot is kept as %s", aside);
    audit_text(options, "moved", 0, aside);
}

static enum brine_status move_aside(const struct recover_options *options,
                                    struct brine_error *err) {
    char aside[NAME_BYTES_MAX];
    snprintf(aside, sizeof aside, "%s.damaged-%" PRId64, options->name, clock_wall_ms());
    struct disk *disk = &options->disk->disk;
    int code = disk->rename(disk, options->name, aside);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "%s/%s is damaged and cannot be moved aside: %s",
                          options->dir, options->name, strerror(code));
    tell_aside(options, aside);
    return BRINE_OK;
}

/* A second name, of the time when the file was written, so that who salvages it again and again
 * gives it no third. */
static bool link_aside(const struct recover_options *options, char *aside, size_t size) {
    struct stat file, other;
    if (fstatat(options->disk->fd, options->name, &file, AT_SYMLINK_NOFOLLOW)) return false;
    snprintf(aside, size, "%s.damaged-%" PRId64, options->name,
             (int64_t)file.st_mtim.tv_sec * 1000 + file.st_mtim.tv_nsec / 1000000);
    struct disk *disk = &options->disk->disk;
    if (disk->link(disk, options->name, aside) == 0) return true;
    return fstatat(options->disk->fd, aside, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
           other.st_dev == file.st_dev && other.st_ino == file.st_ino;
}

/* What was salvaged is nowhere else until the next save, so the damaged file keeps its name until
 * then: who starts again before that salvages again.  Where a file cannot have two names it is
 * moved. */
static enum brine_status keep_aside(const struct recover_options *options,
                                    struct snapshot_load_result *result, struct brine_error *err) {
    char aside[NAME_BYTES_MAX];
    result->kept_aside = true;
    if (!link_aside(options, aside, sizeof aside)) return move_aside(options, err);
    tell_aside(options, aside);
    return BRINE_OK;
}

static struct snapshot_load_options load_options(const struct recover_options *options,
                                                 struct snapshot_source source) {
    return (struct snapshot_load_options){
        .mem = options->mem,
        .keyspace = options->keyspace,
        .source = source,
        .now_ms = clock_wall_ms(),
        .threads = options->threads,
        .value_bytes_max = options->value_bytes_max,
        .salvage = options->damaged == RECOVER_SALVAGE,
        .overwritten = options->overwritten,
        .on_damage = tell_damage,
        .damage_ctx = (void *)(uintptr_t)options,
        .progress = options->progress,
    };
}

/* After a strict load that met damage: what it stored goes again. */
static enum brine_status begin_empty(const struct recover_options *options,
                                     struct snapshot_load_result *result, struct brine_error *err) {
    struct keyspace_access access;
    log_write(options->log, LOG_WARNING, "%s/%s: offset %zu: %s: beginning empty", options->dir,
              options->name, err->offset, err->text);
    keyspace_access_init(&access, options->keyspace, NULL, options->mem);
    keyspace_flush_all(&access);
    keyspace_access_deinit(&access);
    result->loaded = result->expired = result->refused = 0;
    result->damages = 1;
    result->lost_records = result->header.entries;
    result->lost_at_most = true;
    return move_aside(options, err);
}

enum brine_status recover(const struct recover_options *options,
                          struct snapshot_load_result *result, struct brine_error *err) {
    int fd;
    struct snapshot_source source;
    int64_t began_ms = clock_mono_ms();
    *result = (struct snapshot_load_result){0};
    enum brine_status status = open_source(options, &fd, &source, err);
    if (status == BRINE_NOT_FOUND) return BRINE_OK;
    if (status != BRINE_OK) return status;
    struct snapshot_load_options load = load_options(options, source);
    status = snapshot_load(&load, result, err);
    close_source(fd);
    if (status == BRINE_OK) {
        tell_loaded(options, result, clock_mono_ms() - began_ms);
        return result->damages || result->unusable ? keep_aside(options, result, err) : BRINE_OK;
    }
    if (options->damaged == RECOVER_EMPTY && snapshot_is_damage(status))
        return begin_empty(options, result, err);
    return refuse(options, status, err);
}

enum brine_status recover_check(const struct recover_options *options, struct brine_error *err) {
    int fd;
    struct snapshot_source source;
    TRY(open_source(options, &fd, &source, err));
    struct snapshot_load_options load = load_options(options, source);
    enum brine_status status = snapshot_check(&load, err);
    close_source(fd);
    return status;
}
