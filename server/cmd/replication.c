/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What Redis says about replication when there is none: WAIT, ROLE, REPLICAOF, FAILOVER, SYNC,
 * PSYNC, REPLCONF.  Source of answers: Redis 7.0 replication.c. */

#include "base/number.h"
#include "cmd/handlers.h"

/* WAIT numreplicas timeout.  There will be none however long one waits, so the answer comes at
 * once. */
void cmd_wait(struct command_call *call) {
    enum { WAIT_REPLICAS = 1, WAIT_TIMEOUT = 2 };
    int64_t replicas, timeout_ms;
    if (!call_integer(call, WAIT_REPLICAS, &replicas) ||
        !call_timeout(call, WAIT_TIMEOUT, &timeout_ms))
        return;
    reply_integer(call->reply, 0);
}

/* ROLE */
void cmd_role(struct command_call *call) {
    reply_array(call->reply, 3);
    reply_bulk(call->reply, BYTES("master"));
    reply_integer(call->reply, 0);
    reply_array(call->reply, 0);
}

/* REPLICAOF NO ONE | host port, and SLAVEOF */
void cmd_replicaof(struct command_call *call) {
    enum { REPLICAOF_HOST = 1, REPLICAOF_PORT = 2, PORT_MAX = 65535 };
    int64_t port;
    if (call_is(call, REPLICAOF_HOST, "NO") && call_is(call, REPLICAOF_PORT, "ONE"))
        reply_ok(call->reply);
    else if (!number_parse_i64(call->args[REPLICAOF_PORT], &port) || port < 0 || port > PORT_MAX)
        reply_error(call->reply, BYTES("ERR Invalid master port"));
    else
        reply_error(call->reply, BYTES("ERR REPLICAOF not allowed: brine does not replicate"));
}

static void reply_failover(struct command_call *call, bool abort, bool no_time, bool no_target) {
    const char *why = "ERR FAILOVER requires connected replicas.";
    if (abort) why = "ERR No failover in progress.";
    if (no_time) why = "ERR FAILOVER timeout must be greater than 0";
    if (no_target)
        why = "ERR FAILOVER with force option requires both a timeout and target HOST "
              "and IP options.";
    reply_error(call->reply, bytes_of_cstr(why));
}

/* FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT ms] */
void cmd_failover(struct command_call *call) {
    bool target = false, force = false, abort = false, limited = false;
    int64_t timeout_ms = 0;
    for (size_t i = 1; i < call->args_count; i++) {
        size_t more = call->args_count - i - 1;
        if (call_is(call, i, "TIMEOUT") && more >= 1 && !limited) {
            if (!call_integer(call, ++i, &timeout_ms)) return;
            limited = true;
        } else if (call_is(call, i, "ABORT") && call->args_count == 2) {
            abort = true;
        } else if (call_is(call, i, "TO") && more >= 2 && !target) {
            int64_t port;
            if (!call_integer(call, i + 2, &port)) return;
            i += 2;
            target = true;
        } else if (call_is(call, i, "FORCE") && !force) {
            force = true;
        } else {
            reply_error(call->reply, ERROR_SYNTAX);
            return;
        }
    }
    reply_failover(call, abort, limited && timeout_ms <= 0, force && !(target && limited));
}

/* SYNC, PSYNC */
void cmd_sync(struct command_call *call) {
    reply_error(call->reply, BYTES("ERR brine does not replicate: there is nothing to follow"));
}

/* RDB-FILTER-ONLY's words; false: an error was replied.  Redis takes quotes there as well, which
 * nobody sends. */
static bool take_filters(struct command_call *call, struct bytes text) {
    while (text.len > 0) {
        size_t start = 0, end;
        while (start < text.len && text.data[start] == ' ') start++;
        for (end = start; end < text.len && text.data[end] != ' ';) end++;
        struct bytes word = bytes_slice(text, start, end - start);
        text = bytes_slice(text, end, text.len);
        if (word.len == 0 || bytes_is(word, "functions")) continue;
        reply_errorf(call->reply, "ERR Unsupported rdb-filter-only option: %.*s",
                     (int)MIN(word.len, (size_t)128), (const char *)word.data);
        return false;
    }
    return true;
}

/* One option of REPLCONF; false: an error was replied. */
static bool take_option(struct command_call *call, size_t position) {
    enum { HOST_BYTES_MAX = 255 };
    struct bytes option = call->args[position], value = call->args[position + 1];
    int64_t number;
    if (bytes_is(option, "listening-port")) return call_integer(call, position + 1, &number);
    if (bytes_is(option, "rdb-only")) {
        if (!call_integer(call, position + 1, &number)) return false;
        if (number == 0 || number == 1) return true;
        reply_error(call->reply, BYTES("ERR value is out of range, value must between 0 and 1"));
    } else if (bytes_is(option, "ip-address")) {
        if (value.len <= HOST_BYTES_MAX) return true;
        reply_errorf(call->reply,
                     "ERR REPLCONF ip-address provided by replica instance is too long: %zu bytes",
                     value.len);
    } else if (bytes_is(option, "rdb-filter-only")) {
        return take_filters(call, value);
    } else if (bytes_is(option, "capa")) {
        return true;
    } else {
        reply_errorf(call->reply, "ERR Unrecognized REPLCONF option: %.*s",
                     (int)MIN(option.len, (size_t)128), (const char *)option.data);
    }
    return false;
}

/* REPLCONF [option value ...].  Whoever would follow is told by PSYNC that it cannot. */
void cmd_replconf(struct command_call *call) {
    if (call->args_count % 2 == 0) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    for (size_t i = 1; i < call->args_count; i += 2) {
        /* Who is no replica gets no reply. */
        if (call_is(call, i, "ack") || call_is(call, i, "getack")) return;
        if (!take_option(call, i)) return;
    }
    reply_ok(call->reply);
}
