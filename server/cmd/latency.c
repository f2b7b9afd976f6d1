/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* LATENCY.  Source of answers: Redis 7.0 latency.c; what DOCTOR and GRAPH say of spikes is meant
 * for people and in words of our own. */

#include "base/number.h"
#include "cmd/handlers.h"
#include "cmd/slow.h"

#include <stdio.h>

enum { LATENCY_FIRST_NAME = 2, LATENCY_EVENT = 2 };

/* ---- events -----------------------------------------------------------------------------------*/

/* What the event of this name has seen, copied; false: nothing, or there is no such event. */
static bool read_event(struct command_call *call, struct latency_history *history) {
    enum latency_event event;
    if (!latency_event_find(call->args[LATENCY_EVENT], &event)) return false;
    latency_read(&call->worker->shared->latency, event, history);
    return history->count > 0;
}

/* LATENCY HISTORY event */
void cmd_latency_history(struct command_call *call) {
    struct latency_history history;
    if (!read_event(call, &history)) {
        reply_array(call->reply, 0);
        return;
    }
    reply_array(call->reply, history.count);
    for (size_t i = 0; i < history.count; i++) {
        reply_array(call->reply, 2);
        reply_integer(call->reply, history.samples[i].at_s);
        reply_integer(call->reply, history.samples[i].ms);
    }
}

/* LATENCY LATEST */
void cmd_latency_latest(struct command_call *call) {
    struct latency_sample newest[LATENCY_EVENT_COUNT];
    uint32_t max_ms[LATENCY_EVENT_COUNT];
    struct latency_history history;
    size_t seen = 0;
    for (size_t event = 0; event < LATENCY_EVENT_COUNT; event++) {
        latency_read(&call->worker->shared->latency, (enum latency_event)event, &history);
        max_ms[event] = history.max_ms;
        newest[event] =
            history.count ? history.samples[history.count - 1] : (struct latency_sample){0};
        seen += history.count > 0;
    }
    reply_array(call->reply, seen);
    for (size_t event = 0; event < LATENCY_EVENT_COUNT; event++) {
        if (!newest[event].at_s) continue;
        reply_array(call->reply, 4);
        reply_bulk(call->reply, bytes_of_cstr(latency_event_name((enum latency_event)event)));
        reply_integer(call->reply, newest[event].at_s);
        reply_integer(call->reply, newest[event].ms);
        reply_integer(call->reply, max_ms[event]);
    }
}

/* LATENCY RESET [event ...] */
void cmd_latency_reset(struct command_call *call) {
    struct latency_monitor *monitor = &call->worker->shared->latency;
    enum latency_event event;
    int64_t count = 0;
    for (size_t i = LATENCY_FIRST_NAME; i < call->args_count; i++)
        if (latency_event_find(call->args[i], &event)) count += latency_reset(monitor, event);
    for (size_t all = 0; call->args_count == LATENCY_FIRST_NAME && all < LATENCY_EVENT_COUNT; all++)
        count += latency_reset(monitor, (enum latency_event)all);
    reply_integer(call->reply, count);
}

/* LATENCY GRAPH event */
void cmd_latency_graph(struct command_call *call) {
    static const char line[] =
        "--------------------------------------------------------------------------------\n";
    struct latency_history history;
    struct buf *text = &call->worker->collected;
    int64_t now_s = call->now_ms / 1000;
    if (!read_event(call, &history)) {
        struct bytes name = call->args[LATENCY_EVENT];
        reply_errorf(call->reply, "ERR No samples available for event '%.*s'",
                     (int)MIN(name.len, (size_t)128), (const char *)name.data);
        return;
    }
    enum latency_event event = LATENCY_command;
    bool found = latency_event_find(call->args[LATENCY_EVENT], &event);
    struct latency_summary summary = latency_summarise(&history, now_s);
    buf_clear(text);
    if (!found ||
        buf_printf(text, "%s - high %u ms, low %u ms (all time high %u ms)\n%s",
                   latency_event_name(event), summary.high_ms, summary.low_ms, summary.max_ms,
                   line) ||
        latency_draw(&history, now_s, text))
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_verbatim(call->reply, buf_view(text));
    buf_clear(text);
}

/* ---- DOCTOR ----------------------------------------------------------------------------------*/

static enum brine_status describe_spikes(struct command_call *call, struct buf *text,
                                         bool seen[LATENCY_EVENT_COUNT]) {
    struct latency_history history;
    int number = 0;
    TRY(buf_printf(text, "Dave, I have observed latency spikes in this brine instance. You don't "
                         "mind talking about it, do you Dave?\n\n"));
    for (size_t event = 0; event < LATENCY_EVENT_COUNT; event++) {
        latency_read(&call->worker->shared->latency, (enum latency_event)event, &history);
        seen[event] = history.count > 0;
        if (!seen[event]) continue;
        struct latency_summary s = latency_summarise(&history, call->now_ms / 1000);
        TRY(buf_printf(text,
                       "%d. %s: %zu latency spikes (average %ums, mean deviation %ums, period "
                       "%.2f sec). Worst all time event %ums.\n",
                       ++number, latency_event_name((enum latency_event)event), s.count,
                       s.average_ms, s.mean_deviation_ms, s.period_s, s.max_ms));
    }
    return buf_printf(text, "\nWhat may help:\n\n");
}

static enum brine_status advise(const struct config *config, struct buf *text,
                                const bool seen[LATENCY_EVENT_COUNT]) {
    if (seen[LATENCY_command] || seen[LATENCY_fast_command]) {
        if (config_read(config->slow_log.slower_than_us) < 0)
            TRY(buf_printf(text, "- The slow log is off: CONFIG SET slowlog-log-slower-than 10000 "
                                 "tells which commands they were.\n"));
        else
            TRY(buf_printf(text, "- SLOWLOG GET tells which commands they were; KEYS, and walks "
                                 "over all that is stored, are the usual ones.\n"));
        TRY(buf_printf(text, "- PICKLE.STATS tells how much is being verified; values above "
                             "gate.offload_bytes are verified beside the event loops.\n"));
    }
    if (seen[LATENCY_fast_command])
        TRY(buf_printf(text, "- What is fast and took long was not given processor time: look for "
                             "other programs on this host, or give the server fewer threads than "
                             "there are cores.\n"));
    if (seen[LATENCY_expire_cycle] || seen[LATENCY_eviction_cycle])
        TRY(buf_printf(text, "- Many keys go at once: spread their times to live, or give "
                             "memory.max more room.\n"));
    return BRINE_OK;
}

static bool has_seen_anything(struct command_call *call) {
    struct latency_history history;
    for (size_t event = 0; event < LATENCY_EVENT_COUNT; event++) {
        latency_read(&call->worker->shared->latency, (enum latency_event)event, &history);
        if (history.count) return true;
    }
    return false;
}

/* LATENCY DOCTOR */
void cmd_latency_doctor(struct command_call *call) {
    struct config *config = call->worker->config;
    struct buf *text = &call->worker->collected;
    bool seen[LATENCY_EVENT_COUNT];
    if (!has_seen_anything(call)) {
        reply_verbatim(
            call->reply,
            config_read(config->latency.monitor_threshold_ms) <= 0
                ? BYTES("I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this "
                        "Redis instance. You may use \"CONFIG SET latency-monitor-threshold "
                        "<milliseconds>.\" in order to enable it. If we weren't in a deep space "
                        "mission I'd suggest to take a look at "
                        "https://redis.io/topics/latency-monitor.\n")
                : BYTES("Dave, no latency spike was observed during the lifetime of this Redis "
                        "instance, not in the slightest bit. I honestly think you ought to sit "
                        "down calmly, take a stress pill, and think things over.\n"));
        return;
    }
    buf_clear(text);
    if (describe_spikes(call, text, seen) || advise(config, text, seen))
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_verbatim(call->reply, buf_view(text));
    buf_clear(text);
}

/* ---- HISTOGRAM --------------------------------------------------------------------------------
 *
 * Redis's buckets double, from 1024 ns on, and are named by the highest value that its own
 * histogram cannot tell from their bound, in whole microseconds: 1 2 4 8 16 33 66 132 264 ... */

enum { FIRST_BUCKET_BIT = 10, LAST_BUCKET_BIT = 39, REDIS_PRECISION_BITS = 7 };

static int64_t bucket_us(unsigned bit) {
    uint64_t bound = (uint64_t)1 << bit;
    return (int64_t)((bound + (bound >> REDIS_PRECISION_BITS) - 1) / 1000);
}

static void reply_buckets(struct reply *reply, const struct histogram *histogram) {
    int64_t names[LAST_BUCKET_BIT - FIRST_BUCKET_BIT + 1], counts[ARRAY_LEN(names)];
    uint64_t before = 0;
    size_t shown = 0;
    for (unsigned bit = FIRST_BUCKET_BIT; bit <= LAST_BUCKET_BIT; bit++) {
        uint64_t below = histogram_count_below(histogram, (uint64_t)1 << bit);
        if (below == before) continue;
        names[shown] = bucket_us(bit);
        counts[shown++] = (int64_t)below;
        before = below;
    }
    reply_map(reply, shown);
    for (size_t i = 0; i < shown; i++) {
        reply_integer(reply, names[i]);
        reply_integer(reply, counts[i]);
    }
}

static struct histogram *clean_histogram(struct command_call *call) {
    struct histogram *histogram = arena_alloc(&call->worker->scratch, sizeof *histogram);
    if (histogram) histogram_clear(histogram);
    return histogram;
}

/* Rows whose commands are shown: a container's are its subcommands'. */
struct rows {
    size_t *items, count;
};

static void add_row(const struct command_call *call, struct rows *rows, size_t row,
                    struct histogram *histogram) {
    histogram_clear(histogram);
    if (rows->count == command_table_count()) return; /* named more than once */
    if (metrics_set_latency(call->worker->metrics_set, row, histogram))
        rows->items[rows->count++] = row;
}

static void add_named(const struct command_call *call, struct rows *rows, struct bytes name,
                      struct histogram *histogram) {
    for (size_t row = 0; row < command_table_count(); row++) {
        if (!bytes_is(name, command_table[row].name)) continue;
        size_t own = command_subcommands(&command_table[row]);
        if (own == 0) add_row(call, rows, row, histogram);
        for (size_t i = 1; i <= own; i++) add_row(call, rows, row + i, histogram);
        return;
    }
}

/* LATENCY HISTOGRAM [command ...] */
void cmd_latency_histogram(struct command_call *call) {
    struct histogram *histogram = clean_histogram(call);
    struct rows rows = {
        arena_alloc(&call->worker->scratch, command_table_count() * sizeof *rows.items), 0};
    if (!histogram || !rows.items) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    bool known = call->worker->metrics_set != NULL;
    for (size_t i = LATENCY_FIRST_NAME; known && i < call->args_count; i++)
        add_named(call, &rows, call->args[i], histogram);
    for (size_t row = 0;
         known && call->args_count == LATENCY_FIRST_NAME && row < command_table_count(); row++)
        add_row(call, &rows, row, histogram);
    reply_map(call->reply, rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        histogram_clear(histogram);
        (void)metrics_set_latency(call->worker->metrics_set, rows.items[i], histogram);
        reply_bulk(call->reply, bytes_of_cstr(command_table[rows.items[i]].name));
        reply_map(call->reply, 2);
        reply_bulk(call->reply, BYTES("calls"));
        reply_integer(call->reply, (int64_t)histogram_count(histogram));
        reply_bulk(call->reply, BYTES("histogram_usec"));
        reply_buckets(call->reply, histogram);
    }
}

/* LATENCY HELP */
void cmd_latency_help(struct command_call *call) {
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a human readable latency analysis report.",
        "GRAPH <event>",
        "    Return an ASCII latency graph for the <event> class.",
        "HISTORY <event>",
        "    Return time-latency samples for the <event> class.",
        "LATEST",
        "    Return the latest latency samples for all events.",
        "RESET [<event> ...]",
        "    Reset latency data of one or more <event> classes.",
        "    (default: reset all data for all event classes)",
        "HISTOGRAM [COMMAND ...]",
        ("    Return a cumulative distribution of latencies in the format of a histogram for the "
         "specified command names."),
        "    If no commands are specified then all histograms are replied.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}

/* ---- latency.percentiles ----------------------------------------------------------------------*/

enum percentile_fault latency_read_percentile(struct bytes word, double *value,
                                              char label[static PERCENTILE_LABEL_BYTES]) {
    if (!number_parse_double(word, value) || *value != *value) return PERCENTILE_NO_NUMBER;
    if (!(*value >= 0 && *value <= 100)) return PERCENTILE_OUT_OF_RANGE;
    int len = snprintf(label, PERCENTILE_LABEL_BYTES, "%f", *value);
    while (len > 1 && label[len - 1] == '0') label[--len] = 0;
    if (label[len - 1] == '.') label[len - 1] = 0;
    return PERCENTILE_GOOD;
}

struct bytes latency_next_percentile(struct bytes *words) {
    size_t len = 0;
    while (len < words->len && words->data[len] != ' ') len++;
    struct bytes word = bytes_slice(*words, 0, len);
    *words = bytes_slice(*words, len + 1, words->len);
    return word;
}

enum brine_status latency_check_percentiles(void *context UNUSED, struct config *config,
                                            enum config_option option UNUSED,
                                            struct brine_error *err) {
    enum brine_status status;
    char label[PERCENTILE_LABEL_BYTES];
    double value;
    struct buf text;
    buf_init(&text, config->mem, PERCENTILES_BYTES_MAX);
    status = config_copy_text(config, &config->latency.percentiles, &text);
    struct bytes rest = buf_view(&text);
    while (status == BRINE_OK && rest.len > 0) {
        struct bytes word = latency_next_percentile(&rest);
        enum percentile_fault fault =
            word.len ? latency_read_percentile(word, &value, label) : PERCENTILE_GOOD;
        if (fault == PERCENTILE_NO_NUMBER)
            status = brine_fail(err, BRINE_INVALID, 0,
                                "Invalid latency-tracking-info-percentiles parameters");
        else if (fault == PERCENTILE_OUT_OF_RANGE)
            status = brine_fail(err, BRINE_INVALID, 0,
                                "latency-tracking-info-percentiles parameters should sit between "
                                "[0.0,100.0]");
    }
    buf_deinit(&text);
    return status;
}
