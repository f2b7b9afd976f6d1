/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A line is built on the writer's stack and leaves in one write(2), so no lock is needed. Reopening
 * puts the new file behind the old descriptor's number with dup3, which is atomic: a thread that
 * writes meanwhile reaches the old file or the new one. */

#include "observe/log.h"

#include "base/assert.h"
#include "observe/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LOG_FILE_MODE = 0640,
    LOG_ESCAPE_BYTES_MAX = 4 /* \xNN */
};

static const char *const level_texts[] = {
#define X(name, text, mark) text,
    LOG_LEVELS(X)
#undef X
};
static const char level_marks[] = {
#define X(name, text, mark) mark,
    LOG_LEVELS(X)
#undef X
};

static bool names_file(const struct log_options *options) {
    return options->path && options->path[0];
}

static enum brine_status open_file(const char *path, int *fd, struct brine_error *err) {
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, LOG_FILE_MODE);
    if (*fd < 0)
        return brine_fail(err, BRINE_IO, 0, "%s: cannot open the log file: %s", path,
                          strerror(errno));
    return BRINE_OK;
}

enum brine_status log_open(struct log *log, const struct log_options *options,
                           struct brine_error *err) {
    *log = (struct log){.fd = STDERR_FILENO, .pid = (int)getpid(), .options = *options};
    log->options.path = NULL;
    atomic_init(&log->level, (int)options->level);
    if (!names_file(options)) return BRINE_OK;
    size_t len = strlen(options->path);
    if (len >= sizeof(log->path))
        return brine_fail(err, BRINE_TOO_BIG, 0, "the log file's path is longer than %d bytes",
                          LOG_PATH_BYTES_MAX - 1);
    memcpy(log->path, options->path, len + 1);
    log->options.path = log->path;
    return open_file(log->path, &log->fd, err);
}

void log_close(struct log *log) {
    if (names_file(&log->options) && log->fd >= 0) close(log->fd);
    log->fd = -1;
}

enum brine_status log_reopen(struct log *log, struct brine_error *err) {
    if (!names_file(&log->options)) return BRINE_OK;
    int fresh = -1;
    TRY(open_file(log->path, &fresh, err));
    int moved = dup3(fresh, log->fd, O_CLOEXEC);
    int error = errno;
    close(fresh);
    if (moved < 0)
        return brine_fail(err, BRINE_IO, 0, "%s: cannot reopen: %s", log->path, strerror(error));
    return BRINE_OK;
}

void log_set_level(struct log *log, enum log_level level) {
    if (log) atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool log_level_parse(struct bytes text, enum log_level *level) {
    for (size_t i = 0; i < ARRAY_LEN(level_texts); i++) {
        if (!bytes_is(text, level_texts[i])) continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

/* "7:M 22 Nov 2026 19:10:02.427 * "; M is Redis's mark of a server that is no replica.  The month
 * is spelled from a table because strftime would ask the locale. */
static size_t write_head(struct log *log, enum log_level level, char *target, size_t room) {
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t now_ms =
        log->options.wall_ms ? log->options.wall_ms(log->options.wall_arg) : clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm local = {0};
    localtime_r(&seconds, &local);
    int len =
        snprintf(target, room, "%d:M %02d %s %d %02d:%02d:%02d.%03d %c ", log->pid, local.tm_mday,
                 months[local.tm_mon % 12], local.tm_year + 1900, local.tm_hour, local.tm_min,
                 local.tm_sec, (int)(now_ms % 1000), level_marks[level]);
    BRINE_ASSERT(len > 0 && (size_t)len < room, "a log line's head fits its room");
    return (size_t)len;
}

/* Writes one byte as it may stand in a log; returns how many bytes that took. */
static size_t escape_byte(uint8_t byte, char target[static LOG_ESCAPE_BYTES_MAX]) {
    static const char hex[] = "0123456789abcdef";
    target[0] = '\\';
    switch (byte) {
    case '\n':
        target[1] = 'n';
        return 2;
    case '\r':
        target[1] = 'r';
        return 2;
    case '\t':
        target[1] = 't';
        return 2;
    case '\\':
        target[1] = '\\';
        return 2;
    default:
        break;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        target[0] = (char)byte;
        return 1;
    }
    target[1] = 'x';
    target[2] = hex[byte >> 4];
    target[3] = hex[byte & 15];
    return 4;
}

void log_write_always(struct log *log, enum log_level level, const char *format, ...) {
    if (!log || log->fd < 0) return;
    char message[LOG_LINE_BYTES_MAX], line[LOG_LINE_BYTES_MAX + LOG_ESCAPE_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    BRINE_ASSERT(wanted >= 0, "a log format is valid");

    size_t len = write_head(log, level, line, LOG_LINE_BYTES_MAX);
    size_t count = MIN((size_t)wanted, sizeof(message) - 1);
    for (size_t i = 0; i < count && len < LOG_LINE_BYTES_MAX; i++)
        len += escape_byte((uint8_t)message[i], line + len);
    line[len++] = '\n';
    ssize_t written UNUSED = write(log->fd, line, len);
}

bool log_limiter_allows(struct log_limiter *limiter, int64_t now_mono_ms, int64_t interval_ms,
                        uint64_t *suppressed) {
    int64_t next = atomic_load_explicit(&limiter->next_mono_ms, memory_order_relaxed);
    /* Of two threads at the same moment one wins the exchange and the other's line is counted. */
    if (now_mono_ms >= next && atomic_compare_exchange_strong_explicit(
                                   &limiter->next_mono_ms, &next, now_mono_ms + interval_ms,
                                   memory_order_relaxed, memory_order_relaxed)) {
        *suppressed = atomic_exchange_explicit(&limiter->suppressed, 0, memory_order_relaxed);
        return true;
    }
    atomic_fetch_add_explicit(&limiter->suppressed, 1, memory_order_relaxed);
    return false;
}
