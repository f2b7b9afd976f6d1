/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Times to live.  Source of answers and of the order of errors: Redis 7.0 expire.c. */

#include "cmd/handlers.h"

/* What the options ask of the present expiry. */
struct expire {
    bool nx, xx, gt, lt;
    int64_t when_ms;
};

static bool expire_decide(void *context, const struct store_value *value, int64_t *expire_at_ms) {
    struct expire *expire = context;
    int64_t now = value->expire_at_ms;
    bool lives_on = now == STORE_NO_EXPIRY;
    if (expire->nx && !lives_on) return false;
    if (expire->xx && lives_on) return false;
    if (expire->gt && (lives_on || expire->when_ms <= now)) return false;
    if (expire->lt && !lives_on && expire->when_ms >= now) return false;
    *expire_at_ms = MAX(expire->when_ms, 1); /* 0 would mean none; what is past is past */
    return true;
}

static bool parse_conditions(struct command_call *call, size_t first, struct expire *expire) {
    for (size_t i = first; i < call->args_count; i++) {
        if (call_is(call, i, "NX"))
            expire->nx = true;
        else if (call_is(call, i, "XX"))
            expire->xx = true;
        else if (call_is(call, i, "GT"))
            expire->gt = true;
        else if (call_is(call, i, "LT"))
            expire->lt = true;
        else {
            reply_errorf(call->reply, "ERR Unsupported option %.*s", (int)call->args[i].len,
                         (const char *)call->args[i].data);
            return false;
        }
    }
    if (expire->nx && (expire->xx || expire->gt || expire->lt)) {
        reply_error(call->reply, BYTES("ERR NX and XX, GT or LT options at the same time are not "
                                       "compatible"));
        return false;
    }
    if (expire->gt && expire->lt) {
        reply_error(call->reply,
                    BYTES("ERR GT and LT options at the same time are not compatible"));
        return false;
    }
    return true;
}

/* Unlike SET's, this time may be past: the key goes at once. */
static void expire_at(struct command_call *call, int64_t ms_per_unit, int64_t from_ms) {
    enum { EXPIRE_TIME = 2, EXPIRE_FIRST_OPTION = 3 };
    struct expire expire = {0};
    int64_t time;
    if (!parse_conditions(call, EXPIRE_FIRST_OPTION, &expire)) return;
    if (!call_integer(call, EXPIRE_TIME, &time)) return;
    if (mul_overflows(time, ms_per_unit, &time) || add_overflows(time, from_ms, &expire.when_ms)) {
        reply_invalid_expire(call);
        return;
    }

    enum keyspace_outcome outcome =
        keyspace_change_expiry(call->access, &call->key, expire_decide, &expire);

    if (outcome > KEYSPACE_NOT_DONE)
        reply_outcome(call, outcome);
    else
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
}

/* EXPIRE key seconds [NX | XX | GT | LT] */
void cmd_expire(struct command_call *call) {
    expire_at(call, 1000, call->now_ms);
}

/* PEXPIRE key milliseconds [NX | XX | GT | LT] */
void cmd_pexpire(struct command_call *call) {
    expire_at(call, 1, call->now_ms);
}

/* EXPIREAT key unix-time-seconds [NX | XX | GT | LT] */
void cmd_expireat(struct command_call *call) {
    expire_at(call, 1000, 0);
}

/* PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] */
void cmd_pexpireat(struct command_call *call) {
    expire_at(call, 1, 0);
}

static bool persist_decide(void *context, const struct store_value *value, int64_t *expire_at_ms) {
    (void)context;
    *expire_at_ms = STORE_NO_EXPIRY;
    return value->expire_at_ms != STORE_NO_EXPIRY;
}

/* PERSIST key */
void cmd_persist(struct command_call *call) {
    enum keyspace_outcome outcome =
        keyspace_change_expiry(call->access, &call->key, persist_decide, NULL);
    if (outcome > KEYSPACE_NOT_DONE)
        reply_outcome(call, outcome);
    else
        reply_integer(call->reply, outcome == KEYSPACE_DONE);
}

/* -2: no such key; -1: it lives on. */
static int64_t left_ms(struct command_call *call) {
    struct store_value value;
    int64_t left = -2;
    if (keyspace_enter(call->access, &call->key, &value))
        left =
            value.expire_at_ms == STORE_NO_EXPIRY ? -1 : MAX(value.expire_at_ms - call->now_ms, 0);
    keyspace_leave(call->access);
    return left;
}

/* TTL key: seconds, rounded to the nearest */
void cmd_ttl(struct command_call *call) {
    int64_t left = left_ms(call);
    reply_integer(call->reply, left < 0 ? left : left / 1000 + (left % 1000 >= 500));
}

/* PTTL key */
void cmd_pttl(struct command_call *call) {
    reply_integer(call->reply, left_ms(call));
}

/* As left_ms, but the moment itself. */
static int64_t moment_ms(struct command_call *call) {
    struct store_value value;
    int64_t moment = -2;
    if (keyspace_enter(call->access, &call->key, &value))
        moment = value.expire_at_ms == STORE_NO_EXPIRY ? -1 : value.expire_at_ms;
    keyspace_leave(call->access);
    return moment;
}

/* EXPIRETIME key: in seconds, rounded to the nearest */
void cmd_expiretime(struct command_call *call) {
    int64_t moment = moment_ms(call);
    reply_integer(call->reply, moment < 0 ? moment : moment / 1000 + (moment % 1000 >= 500));
}

/* PEXPIRETIME key */
void cmd_pexpiretime(struct command_call *call) {
    reply_integer(call->reply, moment_ms(call));
}
