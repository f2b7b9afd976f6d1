/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What dispatch tells the slow log and the latency monitor.  Thread: the worker's.  Cost: two
 * loads of options a command. */
#ifndef BRINE_CMD_SLOW_H
#define BRINE_CMD_SLOW_H

#include "cmd/worker.h"

/* A command took longer than either of them wants. */
void slow_tell(const struct command_call *call, int64_t took_ns);

/* A command has ended. */
static inline void slow_note(const struct command_call *call, int64_t took_ns) {
    struct config *config = call->worker->config;
    int64_t log_us = config_read(config->slow_log.slower_than_us);
    int64_t monitor_ms = config_read(config->latency.monitor_threshold_ms);
    if (UNLIKELY(log_us >= 0 && took_ns / 1000 >= log_us) ||
        UNLIKELY(monitor_ms > 0 && took_ns / 1000000 >= monitor_ms))
        slow_tell(call, took_ns);
}

/* ---- latency.percentiles: numbers with blanks between them ------------------------------------
 */

enum { PERCENTILES_BYTES_MAX = 1024, PERCENTILE_LABEL_BYTES = 32 };
enum percentile_fault { PERCENTILE_GOOD, PERCENTILE_NO_NUMBER, PERCENTILE_OUT_OF_RANGE };

/* The number, and how it is shown: without zeros at its end. */
enum percentile_fault latency_read_percentile(struct bytes word, double *value,
                                              char label[static PERCENTILE_LABEL_BYTES]);
/* Cuts the first word off, which is empty where blanks follow each other. */
struct bytes latency_next_percentile(struct bytes *words);
/* A config_apply_fn: refuses what are no percentiles. */
enum brine_status latency_check_percentiles(void *context, struct config *config,
                                            enum config_option option,
                                            struct brine_error *err) MUST_USE;

#endif
