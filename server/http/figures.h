/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What /metrics shows: the server's figures in Prometheus's text format.
 *
 *     status = http_figures_write(&sources, &desk, &out);
 *
 * Names are redis_exporter's where the figure means the same, so that its dashboards and alerts
 * fit; what is brine's own begins with brine_.  Rates are left to the reader, which has counters.
 * Cardinality is bounded: commands and error words by their tables, types by FIGURES_TYPES_MAX.
 *
 * Cost: some 100 us, and PICKLE.TYPES.  Thread: the desk's.  Errors: the buffer's.
 * Source: oliver006/redis_exporter exporter.go, its two maps of INFO's fields. */
#ifndef BRINE_HTTP_FIGURES_H
#define BRINE_HTTP_FIGURES_H

#include "http/desk.h"

enum { FIGURES_TYPES_MAX = 20 };

/* Where figures come from; all outlive who has them. */
struct http_sources {
    struct config *config;
    struct keyspace *keyspace;
    struct command_shared *shared;
    const struct metrics_set *metrics_set;
    const struct services *services; /* facts, snapshots */
    struct audit *audit;             /* may be NULL */
    struct log *log;                 /* may be NULL */
};

/* What the endpoint itself counts. */
#define HTTP_COUNTS(C)                                                                             \
    C(requests_total, "HTTP requests that were answered")                                          \
    C(refused_total, "HTTP requests that were answered with an error")                             \
    C(unauthorized_total, "HTTP requests without the right password")                              \
    C(timeouts_total, "HTTP connections closed because they took too long")                        \
    C(evicted_total, "HTTP connections closed to make room for others")
struct http_counts {
#define C(name, doc) _Atomic uint64_t name;
    HTTP_COUNTS(C)
#undef C
};

enum brine_status http_figures_write(const struct http_sources *sources,
                                     const struct http_counts *counts, struct http_desk *desk,
                                     struct buf *out) MUST_USE;

/* What several of the figures are made of. */
struct http_facts {
    struct server_facts server;
    struct snapshots_facts snapshots;
    struct store_counts store;
    size_t stored_bytes, used_bytes, taken_bytes, limit_bytes;
};
void http_facts_take(const struct http_sources *sources, int64_t now_ms, struct http_facts *facts);

#endif
