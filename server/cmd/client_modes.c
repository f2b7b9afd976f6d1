/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CLIENT REPLY, PAUSE, UNPAUSE, UNBLOCK, NO-EVICT, NO-TOUCH, MAINT_NOTIFICATIONS.  Source of
 * answers: Redis 7.0 networking.c clientCommand, timeout.c getTimeoutFromObjectOrReply; NO-TOUCH:
 * Redis 7.2. */

#include "cmd/handlers.h"

enum { CLIENT_FIRST_ARG = 2, CLIENT_SECOND_ARG = 3 };

/* CLIENT REPLY ON | OFF | SKIP.  Dispatch takes back the replies that are not wanted. */
void cmd_client_reply(struct command_call *call) {
    uint32_t *modes = &call->session->modes;
    if (call_is(call, CLIENT_FIRST_ARG, "ON")) {
        *modes &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP_NEXT | SESSION_REPLY_SKIP);
        reply_ok(call->reply);
    } else if (call_is(call, CLIENT_FIRST_ARG, "OFF")) {
        *modes |= SESSION_REPLY_OFF;
    } else if (call_is(call, CLIENT_FIRST_ARG, "SKIP")) {
        if (!(*modes & SESSION_REPLY_OFF)) *modes |= SESSION_REPLY_SKIP_NEXT;
    } else {
        reply_error(call->reply, ERROR_SYNTAX);
    }
}

static bool has_too_many(struct command_call *call) {
    if (call->args_count <= CLIENT_SECOND_ARG + 1) return false;
    reply_errorf(call->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try CLIENT HELP.",
                 (int)call->args[1].len, (const char *)call->args[1].data);
    return true;
}

/* CLIENT PAUSE milliseconds [WRITE | ALL].  A longer or stricter pause that is in force stays. */
void cmd_client_pause(struct command_call *call) {
    struct command_shared *shared = call->worker->shared;
    int64_t ms, until_ms;
    bool all = true;
    if (has_too_many(call)) return;
    if (call->args_count == CLIENT_SECOND_ARG + 1) {
        all = call_is(call, CLIENT_SECOND_ARG, "ALL");
        if (!all && !call_is(call, CLIENT_SECOND_ARG, "WRITE")) {
            reply_error(call->reply, BYTES("ERR CLIENT PAUSE mode must be WRITE or ALL"));
            return;
        }
    }
    if (!call_timeout(call, CLIENT_FIRST_ARG, &ms)) return;
    if (add_overflows(call->worker->mono_ms, ms, &until_ms)) until_ms = INT64_MAX;
    int64_t before_ms = atomic_load(&shared->paused_until_mono_ms);
    bool is_on = before_ms > call->worker->mono_ms;
    atomic_store(&shared->paused_all, all || (is_on && atomic_load(&shared->paused_all)));
    atomic_store(&shared->paused_until_mono_ms, is_on ? MAX(before_ms, until_ms) : until_ms);
    reply_ok(call->reply);
}

/* CLIENT UNPAUSE */
void cmd_client_unpause(struct command_call *call) {
    atomic_store(&call->worker->shared->paused_until_mono_ms, 0);
    reply_ok(call->reply);
}

/* CLIENT UNBLOCK id [TIMEOUT | ERROR].  No command here blocks, so nobody is unblocked. */
void cmd_client_unblock(struct command_call *call) {
    int64_t id;
    if (has_too_many(call)) return;
    if (call->args_count == CLIENT_SECOND_ARG + 1 && !call_is(call, CLIENT_SECOND_ARG, "TIMEOUT") &&
        !call_is(call, CLIENT_SECOND_ARG, "ERROR")) {
        reply_error(call->reply, BYTES("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        return;
    }
    if (call_integer(call, CLIENT_FIRST_ARG, &id)) reply_integer(call->reply, 0);
}

static void switch_mode(struct command_call *call, enum session_mode mode) {
    bool on = call_is(call, CLIENT_FIRST_ARG, "ON");
    if (!on && !call_is(call, CLIENT_FIRST_ARG, "OFF")) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    if (on)
        call->session->modes |= (uint32_t)mode;
    else
        call->session->modes &= ~(uint32_t)mode;
    reply_ok(call->reply);
}

/* CLIENT NO-EVICT ON | OFF */
void cmd_client_no_evict(struct command_call *call) {
    switch_mode(call, SESSION_NO_EVICT);
}

/* CLIENT NO-TOUCH ON | OFF */
void cmd_client_no_touch(struct command_call *call) {
    switch_mode(call, SESSION_NO_TOUCH);
}

/* CLIENT MAINT_NOTIFICATIONS ON | OFF [parameter value ...]: a service that moves its servers would
 * tell its clients beforehand.  This one is never moved under a client, so to tell nothing is to
 * keep the promise; redis-py 7 and 8 ask on every connection, and count an error otherwise.
 * Source: redis-py connection.py activate_maint_notifications_handling_if_enabled. */
void cmd_client_maint_notifications(struct command_call *call) {
    static const char *const endpoint_types[] = {"none", "internal-ip", "internal-fqdn",
                                                 "external-ip", "external-fqdn"};
    bool is_known = call_is(call, CLIENT_FIRST_ARG, "ON") || call_is(call, CLIENT_FIRST_ARG, "OFF");
    is_known = is_known && call->args_count % 2 == 1;
    for (size_t i = CLIENT_SECOND_ARG; i < call->args_count && is_known; i += 2) {
        is_known = !call_is(call, i, "moving-endpoint-type");
        for (size_t j = 0; j < ARRAY_LEN(endpoint_types) && !is_known; j++)
            is_known = call_is(call, i + 1, endpoint_types[j]);
    }
    if (is_known)
        reply_ok(call->reply);
    else
        reply_error(call->reply, ERROR_SYNTAX);
}
