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

#endif
