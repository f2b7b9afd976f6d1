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

/* REPLCONF [option value ...].  Whoever would follow is told by PSYNC that it cannot. */
void cmd_replconf(struct command_call *call) {
    int64_t number;
    if (call->args_count % 2 == 0) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    for (size_t i = 1; i < call->args_count; i += 2) {
        if (call_is(call, i, "listening-port") || call_is(call, i, "rdb-only")) {
            if (!call_integer(call, i + 1, &number)) return;
        } else if (call_is(call, i, "ack") || call_is(call, i, "getack")) {
            return; /* who is no replica gets no reply */
        } else if (!call_is(call, i, "ip-address") && !call_is(call, i, "capa")) {
            reply_errorf(call->reply, "ERR Unrecognized REPLCONF option: %.*s",
                         (int)call->args[i].len, (const char *)call->args[i].data);
            return;
        }
    }
    reply_ok(call->reply);
}
