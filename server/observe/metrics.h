/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Counters.  Each thread owns one `struct metrics` and is its only writer; anyone may read and sum
 * them at any time.  A count is then a plain addition, without a locked instruction or a shared
 * cache line.
 *
 *     metrics_add(worker->metrics, METRIC_keyspace_hits, 1);         // its owner
 *     uint64_t hits = metrics_set_sum(set, METRIC_keyspace_hits);    // any thread
 *
 * A COUNTER only rises, and is counted from the last metrics_set_reset (CONFIG RESETSTAT); a GAUGE
 * rises and falls (add a negated value) and knows no reset.  A sum over threads is not one instant:
 * it may lack what happened while it was taken. */
#ifndef BRINE_METRICS_H
#define BRINE_METRICS_H

#include "base/base.h"
#include "base/mem.h"
#include "base/status.h"
#include "observe/histogram.h"

#include <stdatomic.h>

/* Names are those of Redis's INFO where it has the figure. */
#define METRICS(M)                                                                                 \
    /* name                        kind     what it counts */                                      \
    M(connections_received_total, COUNTER, "connections accepted")                                 \
    M(rejected_connections, COUNTER, "connections refused at maxclients or in protected mode")     \
    M(connected_clients, GAUGE, "clients connected")                                               \
    M(blocked_clients, GAUGE, "clients that CLIENT PAUSE holds, or held when they went")           \
    M(commands_processed_total, COUNTER, "commands executed")                                      \
    M(net_input_bytes, COUNTER, "bytes read from clients")                                         \
    M(net_output_bytes, COUNTER, "bytes written to clients")                                       \
    M(net_reads, COUNTER, "reads that brought bytes")                                              \
    M(net_writes, COUNTER, "writes to clients")                                                    \
    M(accept_pauses, COUNTER, "times accepting rested because descriptors or memory ran out")      \
    M(client_query_limit_closed, COUNTER, "clients closed at the query buffer limit")              \
    M(client_output_limit_closed, COUNTER, "clients closed at the output limit")                   \
    M(client_budget_closed, COUNTER, "clients closed because all clients' buffers were full")      \
    M(client_idle_closed, COUNTER, "clients closed by the idle or incomplete-command timeout")     \
    M(client_read_pauses, COUNTER, "times a client that did not read was no longer read from")     \
    M(error_replies, COUNTER, "error replies sent")                                                \
    M(auth_failures, COUNTER, "AUTH and HELLO with a wrong password")                              \
    M(security_drops, COUNTER, "connections dropped because they spoke HTTP or SMTP")              \
    M(tls_failures, COUNTER,                                                                       \
      "connections closed because TLS failed, or because it was not spoken")                       \
    M(keyspace_hits, COUNTER, "look-ups that found the key")                                       \
    M(keyspace_misses, COUNTER, "look-ups that did not")                                           \
    M(expired_keys, COUNTER, "keys removed because their time was over")                           \
    M(evicted_keys, COUNTER, "keys removed to make room")                                          \
    M(upkeep_us, COUNTER, "microseconds of removing what is over, and of compacting")              \
    M(upkeep_cut_short, COUNTER, "turns of it that ended by time, with more to do")                \
    M(upkeep_turns, COUNTER, "turns of it")                                                        \
    M(upkeep_long_turns, COUNTER, "turns of it that took over a millisecond of the processor")     \
    M(gate_admitted, COUNTER, "values that the gate admitted")                                     \
    M(gate_refused, COUNTER, "values that the gate refused")                                       \
    M(gate_dropped, COUNTER, "values answered as stored and dropped by the gate")                  \
    M(gate_rechecked, COUNTER, "stored values judged again under a new policy")                    \
    M(gate_recheck_denied, COUNTER, "stored values that a new policy denied")                      \
    M(gate_logged, COUNTER,                                                                        \
      "values admitted though their rule does not allow them: on_refusal = log")                   \
    M(gate_refused_denied, COUNTER,                                                                \
      "values not allowed by their policy, whatever was done with them")                           \
    M(gate_refused_malformed, COUNTER, "values that are broken pickles")                           \
    M(gate_refused_truncated, COUNTER, "values that are cut-off pickles")                          \
    M(gate_refused_limit, COUNTER, "values beyond a limit")                                        \
    M(gate_verified_bytes, COUNTER, "bytes that the verifier was given")

enum metric {
#define M(name, kind, doc) METRIC_##name,
    METRICS(M)
#undef M
        METRIC_COUNT
};

/* What is known of one command; the rows are the caller's. */
struct metrics_command {
    _Atomic uint64_t calls;    /* executed */
    _Atomic uint64_t nsec;     /* spent in it */
    _Atomic uint64_t rejected; /* refused before it ran: arity, NOAUTH ... */
    _Atomic uint64_t failed;   /* ran and answered an error */
    /* How long each call took, in nanoseconds; NULL: none was recorded.  Made by its one writer at
     * the first, so that a command nobody uses costs nothing. */
    struct metrics_latency *_Atomic latency;
};

/* What is of an epoch before the set's counts as empty: CONFIG RESETSTAT cannot clear what another
 * thread adds to. */
struct metrics_latency {
    _Atomic uint32_t epoch;
    struct histogram histogram;
};

struct metrics {
    _Atomic uint64_t values[METRIC_COUNT];
    struct metrics_command *commands;
    size_t commands_count;
    /* How long the gate took, in nanoseconds, of one value in METRICS_GATE_EVERY: a clock costs a
     * twentieth of what judging a small value does. */
    struct histogram gate_ns;
    uint32_t gate_asked;           /* the owner's: values so far */
    const _Atomic uint32_t *epoch; /* the set's; NULL: in none */
    struct allocator *mem;
};

enum { METRICS_GATE_EVERY = 64 };

enum brine_status metrics_init(struct metrics *metrics, struct allocator *mem,
                               size_t commands_count) MUST_USE;
void metrics_deinit(struct metrics *metrics);

/* One writer: a load and a store, both relaxed, cost what a plain addition costs. */
static inline void metrics_bump(_Atomic uint64_t *value, uint64_t more) {
    uint64_t old = atomic_load_explicit(value, memory_order_relaxed);
    atomic_store_explicit(value, old + more, memory_order_relaxed);
}
/* Owner's thread.  NULL metrics count nothing. */
static inline void metrics_add(struct metrics *metrics, enum metric metric, uint64_t more) {
    if (metrics) metrics_bump(&metrics->values[metric], more);
}

/* Owner's thread: a call of the command took so long.  Without memory for a histogram it is not
 * recorded. */
void metrics_record_latency(struct metrics *metrics, size_t row, uint64_t nsec);

/* All threads' metrics, and what they were at the last reset.  The members are fixed before any
 * thread runs; everything else is for any thread. */
struct metrics_set {
    struct metrics **members;
    size_t members_count, members_max;
    struct metrics baseline; /* not a member: what the sums were at the last reset */
    _Atomic uint32_t epoch;  /* resets so far */
    struct allocator *mem;
};

enum brine_status metrics_set_init(struct metrics_set *set, struct allocator *mem,
                                   size_t members_max, size_t commands_count) MUST_USE;
void metrics_set_deinit(struct metrics_set *set);
/* Borrows metrics, which live as long as the set is used. */
void metrics_set_add(struct metrics_set *set, struct metrics *metrics);

uint64_t metrics_set_sum(const struct metrics_set *set, enum metric metric);

struct metrics_command_sum {
    uint64_t calls, nsec, rejected, failed;
};
struct metrics_command_sum metrics_set_command(const struct metrics_set *set, size_t row);
/* Adds all threads' durations of a command since the last reset to `into`; false: there are none.
 */
bool metrics_set_latency(const struct metrics_set *set, size_t row, struct histogram *into);

/* Adds all threads' gate_ns to `into`: since the start, for nothing resets them. */
void metrics_set_gate(const struct metrics_set *set, struct histogram *into);

/* Counters count from here; gauges stay.  Nobody's own counter is touched. */
void metrics_set_reset(struct metrics_set *set);

/* "keyspace_hits" and its one-line meaning. */
const char *metric_name(enum metric metric);
const char *metric_doc(enum metric metric);

#endif
