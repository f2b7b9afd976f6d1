/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The last hour in samples, kept by the server so that a page that is opened now shows what was.
 *
 *     http_history_sample(&history, &sources, now_ms, mono_ms);     every HTTP_SAMPLE_MS
 *     http_history_write(&history, since, &json);                   samples numbered `since` and up
 *
 * A sample is what happened since the one before (counts), or what is at its moment (gauges), or
 * the distribution of the commands' durations in between.  A CONFIG RESETSTAT in between makes one
 * sample show less than there was.
 *
 * Bounds: HTTP_SAMPLES of them, 75 KB, and two histograms, all taken at once.
 * Cost: a sample adds up every command's histogram of every thread: some 100 us.
 * Thread: the endpoint's. */
#ifndef BRINE_HTTP_HISTORY_H
#define BRINE_HTTP_HISTORY_H

#include "http/figures.h"

enum { HTTP_SAMPLE_MS = 5000, HTTP_SAMPLES = 720 };

/* In the order in which a row of the answer has them. */
#define HTTP_SAMPLE_FIELDS(F)                                                                      \
    F(at_ms, "wall clock")                                                                         \
    F(took_ms, "since the sample before")                                                          \
    F(commands, "commands executed")                                                               \
    F(hits, "look-ups that found the key")                                                         \
    F(misses, "look-ups that did not")                                                             \
    F(admitted, "values that the gate admitted")                                                   \
    F(refused, "values that the gate refused or dropped")                                          \
    F(evicted, "keys that gave way")                                                               \
    F(expired, "keys whose time was over")                                                         \
    F(keys, "keys held")                                                                           \
    F(clients, "clients connected")                                                                \
    F(memory_bytes, "taken from the allocator")                                                    \
    F(limit_bytes, "memory.max")                                                                   \
    F(p50_ns, "duration that half of the commands stayed below")                                   \
    F(p99_ns, "and 99 in 100")                                                                     \
    F(p999_ns, "and 999 in 1000")

struct http_sample {
#define F(name, doc) uint64_t name;
    HTTP_SAMPLE_FIELDS(F)
#undef F
};

/* Counters as they stood at the last sample. */
struct http_totals {
    uint64_t commands, hits, misses, admitted, refused, evicted, expired;
};

struct http_history {
    struct allocator *mem;
    struct http_sample *samples; /* a ring; NULL: not made */
    uint64_t taken;              /* samples so far; number n lies at n % HTTP_SAMPLES */
    int64_t sampled_mono_ms;     /* 0: never */
    struct http_totals totals;
    struct histogram *now, *before; /* durations of all commands since the start */
};

enum brine_status http_history_init(struct http_history *history, struct allocator *mem) MUST_USE;
void http_history_deinit(struct http_history *history);
/* The first call only notes where the counters stand. */
void http_history_sample(struct http_history *history, const struct http_sources *sources,
                         int64_t now_ms, int64_t mono_ms);
/* {"interval_ms": , "next": , "fields": [...], "rows": [[...], ...]} */
void http_history_write(const struct http_history *history, uint64_t since, struct json *json);

#endif
