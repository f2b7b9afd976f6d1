/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The latency monitor: what took longer than an operator allows, by kind of event, the worst of
 * each second, the last LATENCY_SAMPLES of them.
 *
 *     latency_add(&monitor, LATENCY_command, clock_wall_ms() / 1000, 120);   // any thread
 *     latency_read(&monitor, LATENCY_command, &history);                     // a copy
 *
 * The caller knows the threshold (latency.monitor_threshold_ms) and adds only what exceeds it.
 * Thread: any; one lock.  Cost: nothing until an event happens; 1.3 KB a kind.
 * Source: Redis 7.0 latency.c. */
#ifndef BRINE_LATENCY_H
#define BRINE_LATENCY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/bytes.h"

#include <pthread.h>

#define LATENCY_EVENTS(E)                                                                          \
    /* name           word             what took long */                                           \
    E(command, "command", "a command that is not marked fast")                                     \
    E(fast_command, "fast-command", "a command that is marked fast")                               \
    E(expire_cycle, "expire-cycle", "a turn of removing what is over, in the background")          \
    E(eviction_cycle, "eviction-cycle", "making room before a command that writes")

enum latency_event {
#define E(name, word, doc) LATENCY_##name,
    LATENCY_EVENTS(E)
#undef E
        LATENCY_EVENT_COUNT
};

enum { LATENCY_SAMPLES = 160 };

struct latency_sample {
    uint32_t at_s; /* wall clock */
    uint32_t ms;
};
/* Of one kind, oldest first. */
struct latency_history {
    size_t count;
    uint32_t max_ms; /* ever, or since the reset */
    struct latency_sample samples[LATENCY_SAMPLES];
};

struct latency_monitor {
    pthread_mutex_t lock;
    struct {
        size_t next; /* where the next sample goes */
        struct latency_history kept;
    } events[LATENCY_EVENT_COUNT];
};

void latency_init(struct latency_monitor *monitor);
void latency_deinit(struct latency_monitor *monitor);

void latency_add(struct latency_monitor *monitor, enum latency_event event, int64_t now_s,
                 int64_t ms);
/* Copies; a history without samples: nothing has happened. */
void latency_read(struct latency_monitor *monitor, enum latency_event event,
                  struct latency_history *history);
/* True: there was something to forget. */
bool latency_reset(struct latency_monitor *monitor, enum latency_event event);

const char *latency_event_name(enum latency_event event);
/* In any case; false: there is no such event. */
bool latency_event_find(struct bytes name, enum latency_event *event);

/* What one history amounts to. */
struct latency_summary {
    size_t count;
    uint32_t low_ms, high_ms, max_ms, average_ms, mean_deviation_ms;
    double period_s; /* between two of them */
};
struct latency_summary latency_summarise(const struct latency_history *history, int64_t now_s);

/* A bar for each sample, four lines of them, and how long ago it was, read downwards. */
enum brine_status latency_draw(const struct latency_history *history, int64_t now_s,
                               struct buf *out) MUST_USE;

#endif
