/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The slow log: the last commands that took longer than an operator wants, with their arguments cut
 * short.
 *
 *     slowlog_add(&log, &(struct slowlog_record){...}, keep);   // any thread
 *     slowlog_visit(&log, 10, show, context);                   // newest first
 *
 * The caller decides what is slow, and hands in arguments that hide what is secret.  Of each record
 * at most SLOWLOG_ARGS_MAX arguments of SLOWLOG_ARG_BYTES_MAX bytes are kept, in Redis's words for
 * what was cut.
 * Ownership: a record is copied into one allocation; without memory it is not kept.
 * Thread: any; one lock, held for the time of a copy or of a visit.
 * Cost: an allocation a slow command; nothing for the others.
 * Source: Redis 7.0 slowlog.c. */
#ifndef BRINE_SLOWLOG_H
#define BRINE_SLOWLOG_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/mem.h"

#include <pthread.h>

enum { SLOWLOG_ARGS_MAX = 32, SLOWLOG_ARG_BYTES_MAX = 128 };

struct slowlog_record {
    const struct bytes *args; /* of slowlog_args_kept(args_count) arguments */
    size_t args_count;        /* of the command */
    int64_t at_s;             /* wall clock */
    int64_t duration_us;
    struct bytes peer, client_name;
};

/* What a visit is shown, and is gone after it. */
struct slowlog_entry {
    int64_t id, at_s, duration_us;
    size_t args_count;
    struct bytes args[SLOWLOG_ARGS_MAX];
    struct bytes peer, client_name;
};
typedef void slowlog_visit_fn(void *context, const struct slowlog_entry *entry);

struct slowlog_node;

struct slowlog {
    pthread_mutex_t lock;
    struct slowlog_node *newest, *oldest;
    size_t count;
    int64_t next_id;
    struct allocator *mem;
};

void slowlog_init(struct slowlog *log, struct allocator *mem);
void slowlog_deinit(struct slowlog *log);

/* How many of so many arguments slowlog_add looks at. */
static inline size_t slowlog_args_kept(size_t args_count) {
    return args_count > SLOWLOG_ARGS_MAX ? SLOWLOG_ARGS_MAX - 1 : args_count;
}

/* Keeps the record and then the newest `keep`. */
void slowlog_add(struct slowlog *log, const struct slowlog_record *record, size_t keep);
/* Forgets all but the newest `keep`; 0 forgets all, ids go on. */
void slowlog_trim(struct slowlog *log, size_t keep);
/* The length, for those that must say it before they say the entries. */
size_t slowlog_count(struct slowlog *log);
/* Shows the newest `most` under the lock; `begin` (may be NULL) is told first how many will come.
 */
void slowlog_visit(struct slowlog *log, size_t most, void (*begin)(void *context, size_t count),
                   slowlog_visit_fn *visit, void *context);

#endif
