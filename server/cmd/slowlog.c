/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SLOWLOG.  Source of answers: Redis 7.0 slowlog.c. */

#include "cmd/handlers.h"
#include "cmd/redact.h"
#include "cmd/slow.h"

#include "base/number.h"

static size_t kept(const struct worker_state *worker) {
    return (size_t)config_read(worker->config->slow_log.keep);
}

static void log_slow(const struct command_call *call, int64_t took_ns) {
    struct bytes args[SLOWLOG_ARGS_MAX];
    const struct session *session = call->session;
    size_t count = slowlog_args_kept(call->args_count);
    if (call->command->flags & CMD_SKIP_SLOWLOG) return;
    for (size_t i = 0; i < count; i++)
        args[i] = redact_argument(call->command, call->args, call->args_count, i);
    slowlog_add(&call->worker->shared->slowlog,
                &(struct slowlog_record){.args = args,
                                         .args_count = call->args_count,
                                         .at_s = call->now_ms / 1000,
                                         .duration_us = took_ns / 1000,
                                         .peer = bytes_of_cstr(session->peer),
                                         .client_name = session_text_view(&session->name)},
                kept(call->worker));
}

void slow_tell(const struct command_call *call, int64_t took_ns) {
    struct config *config = call->worker->config;
    int64_t log_us = config_read(config->slow_log.slower_than_us);
    int64_t monitor_ms = config_read(config->latency.monitor_threshold_ms);
    if (log_us >= 0 && took_ns / 1000 >= log_us) log_slow(call, took_ns);
    if (monitor_ms <= 0 || took_ns / 1000000 < monitor_ms) return;
    latency_add(&call->worker->shared->latency,
                call->command->flags & CMD_FAST ? LATENCY_fast_command : LATENCY_command,
                call->now_ms / 1000, took_ns / 1000000);
}

/* ---- SLOWLOG ----------------------------------------------------------------------------------*/

enum { SLOWLOG_COUNT = 2, SLOWLOG_DEFAULT = 10, SLOWLOG_ENTRY_FIELDS = 6 };

static void begin_entries(void *context, size_t count) {
    struct command_call *call = context;
    reply_array(call->reply, count);
}

static void reply_entry(void *context, const struct slowlog_entry *entry) {
    struct command_call *call = context;
    struct reply *reply = call->reply;
    reply_array(reply, SLOWLOG_ENTRY_FIELDS);
    reply_integer(reply, entry->id);
    reply_integer(reply, entry->at_s);
    reply_integer(reply, entry->duration_us);
    reply_array(reply, entry->args_count);
    for (size_t i = 0; i < entry->args_count; i++) reply_bulk(reply, entry->args[i]);
    reply_bulk(reply, entry->peer);
    reply_bulk(reply, entry->client_name);
}

/* SLOWLOG GET [count] */
void cmd_slowlog_get(struct command_call *call) {
    struct slowlog *log = &call->worker->shared->slowlog;
    int64_t count = SLOWLOG_DEFAULT;
    if (call->args_count > SLOWLOG_COUNT + 1) {
        reply_subcommand_error(call);
        return;
    }
    if (call->args_count > SLOWLOG_COUNT &&
        (!number_parse_i64(call->args[SLOWLOG_COUNT], &count) || count < -1)) {
        reply_error(call->reply, BYTES("ERR count should be greater than or equal to -1"));
        return;
    }
    slowlog_trim(log, kept(call->worker));
    slowlog_visit(log, count < 0 ? SIZE_MAX : (size_t)count, begin_entries, reply_entry, call);
}

/* SLOWLOG LEN */
void cmd_slowlog_len(struct command_call *call) {
    struct slowlog *log = &call->worker->shared->slowlog;
    slowlog_trim(log, kept(call->worker));
    reply_integer(call->reply, (int64_t)slowlog_count(log));
}

/* SLOWLOG RESET */
void cmd_slowlog_reset(struct command_call *call) {
    slowlog_trim(&call->worker->shared->slowlog, 0);
    reply_ok(call->reply);
}

/* SLOWLOG HELP */
void cmd_slowlog_help(struct command_call *call) {
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
