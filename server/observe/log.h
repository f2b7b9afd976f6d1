/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The log: one line a message, to standard error or a file, in the form Redis writes:
 *
 *     7:M 22 Nov 2026 19:10:02.427 * Ready to accept connections
 *
 *     log_write(log, LOG_NOTICE, "client %" PRIu64 " closed: %s", id, why);
 *
 * A line is one write, so lines of several threads never mix, and nothing a stranger sent can forge
 * one: every byte outside printable ASCII, and the backslash, is escaped as \n, \r, \t, \\ or \xNN.
 * A line is cut at LOG_LINE_BYTES_MAX.  A failed write is not reported: there is nowhere left.
 *
 * Any thread may write.  log_open, log_close belong to main; log_reopen to one thread at a time.
 * Cost: a line below the level costs one relaxed load.  A NULL log takes everything and says
 * nothing, which is what most unit tests want. */
#ifndef BRINE_LOG_H
#define BRINE_LOG_H

#include "base/bytes.h"
#include "base/status.h"

#include <stdatomic.h>

/* Redis's four levels, and the mark that each has in a line. */
#define LOG_LEVELS(X)                                                                              \
    X(DEBUG, "debug", '.')                                                                         \
    X(VERBOSE, "verbose", '-')                                                                     \
    X(NOTICE, "notice", '*')                                                                       \
    X(WARNING, "warning", '#')

enum log_level {
#define X(name, text, mark) LOG_##name,
    LOG_LEVELS(X)
#undef X
};

enum { LOG_LINE_BYTES_MAX = 2048, LOG_PATH_BYTES_MAX = 4096 };

struct log_options {
    const char *path;              /* NULL or "": standard error */
    enum log_level level;          /* the lowest that is written */
    int64_t (*wall_ms)(void *arg); /* NULL: the system's clock */
    void *wall_arg;
};

struct log {
    int fd;            /* fixed from open to close; log_reopen puts another file behind it */
    _Atomic int level; /* enum log_level */
    int pid;
    struct log_options options;
    char path[LOG_PATH_BYTES_MAX];
};

enum brine_status log_open(struct log *log, const struct log_options *options,
                           struct brine_error *err) MUST_USE;
void log_close(struct log *log);
/* Opens the path anew, for a file that was moved away; standard error stays as it is.  On failure
 * the old file goes on. */
enum brine_status log_reopen(struct log *log, struct brine_error *err) MUST_USE;
void log_set_level(struct log *log, enum log_level level);
/* False when text names no level. */
bool log_level_parse(struct bytes text, enum log_level *level) MUST_USE;

static inline bool log_wants(const struct log *log, enum log_level level) {
    return log && (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_write_always(struct log *log, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define log_write(log, level, ...)                                                                 \
    do {                                                                                           \
        if (log_wants((log), (level))) log_write_always((log), (level), __VA_ARGS__);              \
    } while (0)

/* For what strangers can cause as often as they like: allows one line an interval and counts the
 * others, which the next allowed line may mention.  Zero-initialised; any thread. */
struct log_limiter {
    _Atomic int64_t next_mono_ms;
    _Atomic uint64_t suppressed;
};

/* True when a line may be written now; *suppressed is then how many were not since the last. */
bool log_limiter_allows(struct log_limiter *limiter, int64_t now_mono_ms, int64_t interval_ms,
                        uint64_t *suppressed) MUST_USE;

#endif
