/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/metrics.h"

#include "base/assert.h"

enum metric_kind { COUNTER, GAUGE };

static const struct {
    const char *name, *doc;
    enum metric_kind kind;
} rows[] = {
#define M(name, kind, doc) {#name, doc, kind},
    METRICS(M)
#undef M
};

enum brine_status metrics_init(struct metrics *metrics, struct allocator *mem,
                               size_t commands_count) {
    *metrics = (struct metrics){.commands_count = commands_count, .mem = mem};
    if (commands_count == 0) return BRINE_OK;
    metrics->commands = mem_alloc_zeroed(mem, commands_count * sizeof(*metrics->commands));
    return metrics->commands ? BRINE_OK : BRINE_NO_MEMORY;
}

void metrics_deinit(struct metrics *metrics) {
    for (size_t row = 0; metrics->commands && row < metrics->commands_count; row++)
        mem_free(metrics->mem,
                 atomic_load_explicit(&metrics->commands[row].latency, memory_order_relaxed),
                 sizeof(struct metrics_latency));
    mem_free(metrics->mem, metrics->commands, metrics->commands_count * sizeof(*metrics->commands));
    metrics->commands = NULL;
}

enum brine_status metrics_set_init(struct metrics_set *set, struct allocator *mem,
                                   size_t members_max, size_t commands_count) {
    *set = (struct metrics_set){.members_max = members_max, .mem = mem};
    TRY(metrics_init(&set->baseline, mem, commands_count));
    set->members = mem_alloc_zeroed(mem, members_max * sizeof(struct metrics *));
    if (set->members) return BRINE_OK;
    metrics_deinit(&set->baseline);
    return BRINE_NO_MEMORY;
}

void metrics_set_deinit(struct metrics_set *set) {
    mem_free(set->mem, set->members, set->members_max * sizeof(struct metrics *));
    metrics_deinit(&set->baseline);
    *set = (struct metrics_set){.mem = set->mem};
}

void metrics_set_add(struct metrics_set *set, struct metrics *metrics) {
    BRINE_ASSERT(set->members_count < set->members_max, "a metrics set was made large enough");
    BRINE_ASSERT(metrics->commands_count == set->baseline.commands_count,
                 "all metrics of a set count the same commands");
    set->members[set->members_count++] = metrics;
    metrics->epoch = &set->epoch;
}

static uint64_t look(const _Atomic uint64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}
static void put(_Atomic uint64_t *target, uint64_t value) {
    atomic_store_explicit(target, value, memory_order_relaxed);
}

static uint64_t sum_since_start(const struct metrics_set *set, enum metric metric) {
    uint64_t sum = 0;
    for (size_t i = 0; i < set->members_count; i++) sum += look(&set->members[i]->values[metric]);
    return sum;
}

uint64_t metrics_set_sum(const struct metrics_set *set, enum metric metric) {
    return sum_since_start(set, metric) - look(&set->baseline.values[metric]);
}

static struct metrics_command_sum command_since_start(const struct metrics_set *set, size_t row) {
    struct metrics_command_sum sum = {0};
    for (size_t i = 0; i < set->members_count; i++) {
        const struct metrics_command *command = &set->members[i]->commands[row];
        sum.calls += look(&command->calls);
        sum.nsec += look(&command->nsec);
        sum.rejected += look(&command->rejected);
        sum.failed += look(&command->failed);
    }
    return sum;
}

struct metrics_command_sum metrics_set_command(const struct metrics_set *set, size_t row) {
    BRINE_ASSERT(row < set->baseline.commands_count, "a command row exists");
    struct metrics_command_sum sum = command_since_start(set, row);
    const struct metrics_command *base = &set->baseline.commands[row];
    sum.calls -= look(&base->calls);
    sum.nsec -= look(&base->nsec);
    sum.rejected -= look(&base->rejected);
    sum.failed -= look(&base->failed);
    return sum;
}

void metrics_record_latency(struct metrics *metrics, size_t row, uint64_t nsec) {
    struct metrics_command *command = &metrics->commands[row];
    struct metrics_latency *latency = atomic_load_explicit(&command->latency, memory_order_relaxed);
    uint32_t epoch =
        metrics->epoch ? atomic_load_explicit(metrics->epoch, memory_order_relaxed) : 0;
    if (UNLIKELY(!latency)) {
        latency = mem_alloc_zeroed(metrics->mem, sizeof *latency);
        if (!latency) return;
        atomic_store_explicit(&latency->epoch, epoch, memory_order_relaxed);
        atomic_store_explicit(&command->latency, latency, memory_order_release);
    } else if (UNLIKELY(atomic_load_explicit(&latency->epoch, memory_order_relaxed) != epoch)) {
        histogram_clear(&latency->histogram);
        atomic_store_explicit(&latency->epoch, epoch, memory_order_release);
    }
    histogram_record(&latency->histogram, nsec);
}

bool metrics_set_latency(const struct metrics_set *set, size_t row, struct histogram *into) {
    uint32_t epoch = atomic_load_explicit(&set->epoch, memory_order_relaxed);
    bool any = false;
    for (size_t i = 0; i < set->members_count; i++) {
        const struct metrics_latency *latency =
            atomic_load_explicit(&set->members[i]->commands[row].latency, memory_order_acquire);
        if (!latency || atomic_load_explicit(&latency->epoch, memory_order_acquire) != epoch)
            continue;
        histogram_merge(into, &latency->histogram);
        any = any || histogram_count(&latency->histogram) > 0;
    }
    return any;
}

void metrics_set_gate(const struct metrics_set *set, struct histogram *into) {
    for (size_t i = 0; i < set->members_count; i++)
        histogram_merge(into, &set->members[i]->gate_ns);
}

void metrics_set_reset(struct metrics_set *set) {
    atomic_fetch_add_explicit(&set->epoch, 1, memory_order_relaxed);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (rows[i].kind == COUNTER)
            put(&set->baseline.values[i], sum_since_start(set, (enum metric)i));
    for (size_t row = 0; row < set->baseline.commands_count; row++) {
        struct metrics_command_sum sum = command_since_start(set, row);
        struct metrics_command *base = &set->baseline.commands[row];
        put(&base->calls, sum.calls);
        put(&base->nsec, sum.nsec);
        put(&base->rejected, sum.rejected);
        put(&base->failed, sum.failed);
    }
}

const char *metric_name(enum metric metric) {
    return rows[metric].name;
}

const char *metric_doc(enum metric metric) {
    return rows[metric].doc;
}
