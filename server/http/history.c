/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/history.h"

enum brine_status http_history_init(struct http_history *history, struct allocator *mem) {
    *history = (struct http_history){.mem = mem};
    history->samples = mem_alloc_zeroed(mem, HTTP_SAMPLES * sizeof *history->samples);
    history->now = mem_alloc_zeroed(mem, sizeof *history->now);
    history->before = mem_alloc_zeroed(mem, sizeof *history->before);
    if (history->samples && history->now && history->before) return BRINE_OK;
    http_history_deinit(history);
    return BRINE_NO_MEMORY;
}

void http_history_deinit(struct http_history *history) {
    mem_free(history->mem, history->samples, HTTP_SAMPLES * sizeof *history->samples);
    mem_free(history->mem, history->now, sizeof *history->now);
    mem_free(history->mem, history->before, sizeof *history->before);
    *history = (struct http_history){.mem = history->mem};
}

static struct http_totals count_totals(const struct http_sources *sources,
                                       const struct store_counts *counts) {
    const struct metrics_set *set = sources->metrics_set;
    return (struct http_totals){
        .commands = metrics_set_sum(set, METRIC_commands_processed_total),
        .hits = metrics_set_sum(set, METRIC_keyspace_hits),
        .misses = metrics_set_sum(set, METRIC_keyspace_misses),
        .admitted = metrics_set_sum(set, METRIC_gate_admitted),
        .refused =
            metrics_set_sum(set, METRIC_gate_refused) + metrics_set_sum(set, METRIC_gate_dropped),
        .evicted = counts->evicted_total,
        .expired = counts->expired_total,
    };
}

/* After a reset what was before says nothing. */
static uint64_t rise(uint64_t now, uint64_t before) {
    return now >= before ? now - before : now;
}

/* The durations since the sample before, into `between`. */
static void take_durations(struct http_history *history, const struct http_sources *sources,
                           struct histogram *between) {
    struct histogram *now = history->now, *before = history->before;
    histogram_clear(now);
    for (size_t row = 0; row < command_table_count(); row++)
        (void)metrics_set_latency(sources->metrics_set, row, now);
    histogram_subtract(now, before, between);
    history->now = before;
    history->before = now;
}

void http_history_sample(struct http_history *history, const struct http_sources *sources,
                         int64_t now_ms, int64_t mono_ms) {
    struct store_counts counts = store_counts(sources->keyspace->store);
    struct http_totals now = count_totals(sources, &counts), before = history->totals;
    int64_t before_ms = history->sampled_mono_ms;
    struct histogram between = {0};
    take_durations(history, sources, &between);
    history->totals = now;
    history->sampled_mono_ms = mono_ms;
    if (before_ms == 0) return;
    struct http_facts facts;
    http_facts_take(sources, now_ms, &facts);
    history->samples[history->taken++ % HTTP_SAMPLES] = (struct http_sample){
        .at_ms = (uint64_t)now_ms,
        .took_ms = (uint64_t)MAX(mono_ms - before_ms, 1),
        .commands = rise(now.commands, before.commands),
        .hits = rise(now.hits, before.hits),
        .misses = rise(now.misses, before.misses),
        .admitted = rise(now.admitted, before.admitted),
        .refused = rise(now.refused, before.refused),
        .evicted = rise(now.evicted, before.evicted),
        .expired = rise(now.expired, before.expired),
        .keys = counts.keys,
        .clients = metrics_set_sum(sources->metrics_set, METRIC_connected_clients),
        .memory_bytes = facts.used_bytes,
        .limit_bytes = facts.limit_bytes,
        .p50_ns = histogram_quantile(&between, 0.5),
        .p99_ns = histogram_quantile(&between, 0.99),
        .p999_ns = histogram_quantile(&between, 0.999),
    };
}

static void write_sample(const struct http_sample *sample, struct json *json) {
    json_open_array(json);
#define F(name, doc) json_uint(json, sample->name);
    HTTP_SAMPLE_FIELDS(F)
#undef F
    json_close(json);
}

void http_history_write(const struct http_history *history, uint64_t since, struct json *json) {
    static const char *const names[] = {
#define F(name, doc) #name,
        HTTP_SAMPLE_FIELDS(F)
#undef F
    };
    uint64_t oldest = history->taken > HTTP_SAMPLES ? history->taken - HTTP_SAMPLES : 0;
    json_open_object(json);
    json_key(json, "interval_ms");
    json_int(json, HTTP_SAMPLE_MS);
    json_key(json, "next");
    json_uint(json, history->taken);
    json_key(json, "fields");
    json_open_array(json);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) json_cstr(json, names[i]);
    json_close(json);
    json_key(json, "rows");
    json_open_array(json);
    for (uint64_t i = MAX(since, oldest); i < history->taken; i++)
        write_sample(&history->samples[i % HTTP_SAMPLES], json);
    json_close(json);
    json_close(json);
}
