/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/latency.h"

#include "base/assert.h"

#include <stdio.h>

static const char *const names[] = {
#define E(name, word, doc) word,
    LATENCY_EVENTS(E)
#undef E
};

void latency_init(struct latency_monitor *monitor) {
    *monitor = (struct latency_monitor){0};
    int code = pthread_mutex_init(&monitor->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void latency_deinit(struct latency_monitor *monitor) {
    pthread_mutex_destroy(&monitor->lock);
}

void latency_add(struct latency_monitor *monitor, enum latency_event event, int64_t now_s,
                 int64_t ms) {
    uint32_t took_ms = (uint32_t)MIN(MAX(ms, 0), (int64_t)UINT32_MAX);
    pthread_mutex_lock(&monitor->lock);
    struct latency_history *kept = &monitor->events[event].kept;
    size_t *next = &monitor->events[event].next;
    struct latency_sample *newest = &kept->samples[(*next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
    kept->max_ms = MAX(kept->max_ms, took_ms);
    if (kept->count > 0 && newest->at_s == (uint32_t)now_s) {
        newest->ms = MAX(newest->ms, took_ms);
    } else {
        kept->samples[*next] = (struct latency_sample){.at_s = (uint32_t)now_s, .ms = took_ms};
        *next = (*next + 1) % LATENCY_SAMPLES;
        kept->count = MIN(kept->count + 1, (size_t)LATENCY_SAMPLES);
    }
    pthread_mutex_unlock(&monitor->lock);
}

void latency_read(struct latency_monitor *monitor, enum latency_event event,
                  struct latency_history *history) {
    pthread_mutex_lock(&monitor->lock);
    const struct latency_history *kept = &monitor->events[event].kept;
    size_t oldest = monitor->events[event].next + LATENCY_SAMPLES - kept->count;
    history->count = kept->count;
    history->max_ms = kept->max_ms;
    for (size_t i = 0; i < kept->count; i++)
        history->samples[i] = kept->samples[(oldest + i) % LATENCY_SAMPLES];
    pthread_mutex_unlock(&monitor->lock);
}

bool latency_reset(struct latency_monitor *monitor, enum latency_event event) {
    pthread_mutex_lock(&monitor->lock);
    struct latency_history *kept = &monitor->events[event].kept;
    bool was_there = kept->count > 0;
    kept->count = 0;
    kept->max_ms = 0;
    pthread_mutex_unlock(&monitor->lock);
    return was_there;
}

const char *latency_event_name(enum latency_event event) {
    return names[event];
}

bool latency_event_find(struct bytes name, enum latency_event *event) {
    for (size_t i = 0; i < LATENCY_EVENT_COUNT; i++) {
        if (!bytes_is(name, names[i])) continue;
        *event = (enum latency_event)i;
        return true;
    }
    return false;
}

struct latency_summary latency_summarise(const struct latency_history *history, int64_t now_s) {
    struct latency_summary summary = {.count = history->count, .max_ms = history->max_ms};
    uint64_t sum = 0, deviations = 0;
    if (history->count == 0) return summary;
    summary.low_ms = UINT32_MAX;
    for (size_t i = 0; i < history->count; i++) {
        uint32_t ms = history->samples[i].ms;
        summary.low_ms = MIN(summary.low_ms, ms);
        summary.high_ms = MAX(summary.high_ms, ms);
        sum += ms;
    }
    summary.average_ms = (uint32_t)(sum / history->count);
    for (size_t i = 0; i < history->count; i++) {
        uint32_t ms = history->samples[i].ms;
        deviations += ms > summary.average_ms ? ms - summary.average_ms : summary.average_ms - ms;
    }
    summary.mean_deviation_ms = (uint32_t)(deviations / history->count);
    summary.period_s = (double)(now_s - history->samples[0].at_s) / (double)history->count;
    return summary;
}

/* ---- the picture ------------------------------------------------------------------------------
 *
 *       #     a sample is a column; its height is where it stands between the lowest and the
 *      o|     highest of those shown, in four lines of three steps each: `_`, `o`, `#`; below a
 *     _||     sign the column goes on as `|`.
 *     |||
 *     321     how long ago: 32s, 21s, 1m ... each below its column */

enum { ROWS = 4, STEPS = 3, LABEL_BYTES = 16 };

static const char steps[STEPS + 1] = "_o#";

/* 0 .. ROWS * STEPS - 1 */
static unsigned height_of(uint32_t ms, const struct latency_summary *summary) {
    uint64_t span = (uint64_t)summary->high_ms - summary->low_ms;
    if (span == 0) return 0;
    return (unsigned)((uint64_t)(ms - summary->low_ms) * (ROWS * STEPS - 1) / span);
}

static void label_of(char label[LABEL_BYTES], int64_t ago_s) {
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    ago_s = MIN(MAX(ago_s, 0), (int64_t)9999 * 86400);
    while (units[i].seconds > 1 && ago_s < units[i].seconds) i++;
    snprintf(label, LABEL_BYTES, "%d%c", (int)(ago_s / units[i].seconds), units[i].unit);
}

static enum brine_status draw_bars(const struct latency_history *history,
                                   const struct latency_summary *summary, struct buf *out) {
    for (unsigned row = ROWS; row-- > 0;) {
        for (size_t i = 0; i < history->count; i++) {
            unsigned height = height_of(history->samples[i].ms, summary);
            char sign = height / STEPS > row ? '|' : ' ';
            if (height / STEPS == row) sign = steps[height % STEPS];
            TRY(buf_append_byte(out, (uint8_t)sign));
        }
        TRY(buf_append_byte(out, '\n'));
    }
    return BRINE_OK;
}

static enum brine_status draw_labels(const struct latency_history *history, int64_t now_s,
                                     struct buf *out) {
    bool more = true;
    for (size_t row = 0; more; row++) {
        more = false;
        TRY(buf_append_byte(out, '\n'));
        for (size_t i = 0; i < history->count; i++) {
            char label[LABEL_BYTES] = {0};
            label_of(label, now_s - history->samples[i].at_s);
            char sign = row < strlen(label) ? label[row] : ' ';
            more |= row + 1 < strlen(label);
            TRY(buf_append_byte(out, (uint8_t)sign));
        }
    }
    return buf_append_byte(out, '\n');
}

enum brine_status latency_draw(const struct latency_history *history, int64_t now_s,
                               struct buf *out) {
    struct latency_summary summary = latency_summarise(history, now_s);
    TRY(draw_bars(history, &summary, out));
    return draw_labels(history, now_s, out);
}
