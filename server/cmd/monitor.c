/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: Redis 7.0 replication.c replicationFeedMonitors, sds.c sdscatrepr. */

#include "cmd/monitor.h"

#include "cmd/handlers.h"
#include "cmd/pubsub.h"

#include <inttypes.h>

/* A byte that is no plain text, as a C string has it. */
static enum brine_status add_escaped(struct buf *line, uint8_t byte) {
    static const char plain[] = "\n\r\t\a\b\\\"", letters[] = "nrtab\\\"";
    const char *found = byte ? memchr(plain, byte, sizeof plain - 1) : NULL;
    if (!found) return buf_printf(line, "\\x%02x", byte);
    TRY(buf_append_byte(line, '\\'));
    return buf_append_byte(line, (uint8_t)letters[found - plain]);
}

static enum brine_status add_quoted(struct buf *line, struct bytes arg) {
    TRY(buf_append(line, BYTES(" \"")));
    for (size_t at = 0; at < arg.len;) {
        size_t end = at;
        while (end < arg.len && arg.data[end] >= ' ' && arg.data[end] <= '~' &&
               arg.data[end] != '"' && arg.data[end] != '\\')
            end++;
        TRY(buf_append(line, bytes_slice(arg, at, end - at)));
        if (end < arg.len) TRY(add_escaped(line, arg.data[end++]));
        at = end;
    }
    return buf_append_byte(line, '"');
}

/* AUTH's arguments, and the two behind HELLO's AUTH. */
static bool is_secret(const struct command *command, const struct bytes *args, size_t at) {
    if (command->handler == cmd_auth) return at > 0;
    if (command->handler != cmd_hello) return false;
    return (at >= 3 && bytes_is(args[at - 1], "AUTH")) ||
           (at >= 4 && bytes_is(args[at - 2], "AUTH"));
}

static enum brine_status write_line(const struct command_call *call, struct buf *line) {
    const struct worker_state *worker = call->worker;
    const struct session *session = call->session;
    const struct services *services = worker->services;
    int64_t now_us = services && services->wall_us ? services->wall_us() : worker->now_ms * 1000;
    TRY(buf_printf(line, "%" PRId64 ".%06d [%" PRIu32 " ", now_us / 1000000,
                   (int)(now_us % 1000000), session->db));
    if (call->by_script)
        TRY(buf_append(line, BYTES("lua]")));
    else
        TRY(session->peer[0] == '/' ? buf_printf(line, "unix:%s]", session->local)
                                    : buf_printf(line, "%s]", session->peer));
    for (size_t i = 0; i < call->args_count; i++)
        TRY(is_secret(call->command, call->args, i) ? buf_append(line, BYTES(" \"(redacted)\""))
                                                    : add_quoted(line, call->args[i]));
    return BRINE_OK;
}

static void show(const struct command_call *call) {
    struct worker_state *worker = call->worker;
    struct buf *line = &worker->collected;
    buf_clear(line);
    if (worker->scratch.newest) arena_reset(&worker->scratch);
    /* Without memory for the line nobody can be told of it. */
    if (write_line(call, line) == BRINE_OK)
        (void)pubsub_publish(worker, call->session, PUBSUB_MONITOR, bytes_view(NULL, 0),
                             buf_view(line));
    buf_clear(line);
    buf_shrink(line, KEYSPACE_SCRATCH_BYTES_KEPT);
}

void monitor_show(const struct command_call *call) {
    if (!(call->command->flags & (CMD_SKIP_MONITOR | CMD_ADMIN))) show(call);
}

void monitor_show_script(const struct command_call *call) {
    if (UNLIKELY(monitor_listens(call->worker))) show(call);
}

/* MONITOR.  Asked again it says nothing, as in Redis. */
void cmd_monitor(struct command_call *call) {
    struct session *session = call->session;
    if (call->access->in_transaction) {
        reply_error(call->reply, BYTES("ERR MONITOR isn't allowed for DENY BLOCKING client"));
        return;
    }
    if (session->modes & SESSION_MONITOR) return;
    if (pubsub_subscribe(&call->worker->shared->pubsub, session, call->worker->index,
                         PUBSUB_MONITOR, bytes_view(NULL, 0)) != BRINE_OK) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    session->modes |= SESSION_MONITOR;
    reply_ok(call->reply);
}
