/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The server as a whole: how much is stored, away with it, and CONFIG.  Source of answers: Redis
 * 7.0 db.c, config.c. */

#include "cmd/debug.h"
#include "cmd/handlers.h"
#include "keyspace/room.h"

#include <inttypes.h>

/* DBSIZE */
void cmd_dbsize(struct command_call *call) {
    struct store_counts counts = store_counts_db(call->access->keyspace->store, call->session->db);
    reply_integer(call->reply, (int64_t)counts.keys);
}

/* A flush unlinks at once and frees later, in pieces; without ASYNC the reply waits for that. */
static bool flush_options(struct command_call *call, bool *async) {
    enum { FLUSH_MODE = 1, FLUSH_ARGS_MAX = 2 };
    *async = call->args_count == FLUSH_ARGS_MAX && call_is(call, FLUSH_MODE, "ASYNC");
    if (call->args_count < FLUSH_ARGS_MAX || *async) return true;
    if (call->args_count == FLUSH_ARGS_MAX && call_is(call, FLUSH_MODE, "SYNC")) return true;
    reply_error(call->reply, ERROR_SYNTAX);
    return false;
}

/* FLUSHDB [ASYNC | SYNC] */
void cmd_flushdb(struct command_call *call) {
    bool async;
    if (!flush_options(call, &async)) return;
    keyspace_flush_db(call->access, call->session->db);
    if (!async) keyspace_reclaim(call->access);
    reply_ok(call->reply);
}

/* FLUSHALL [ASYNC | SYNC] */
void cmd_flushall(struct command_call *call) {
    bool async;
    if (!flush_options(call, &async)) return;
    keyspace_flush_all(call->access);
    if (!async) keyspace_reclaim(call->access);
    reply_ok(call->reply);
}

/* TIME */
void cmd_time(struct command_call *call) {
    const struct services *services = call->worker->services;
    int64_t now_us = services && services->wall_us ? services->wall_us() : call->now_ms * 1000;
    reply_array(call->reply, 2);
    reply_bulkf(call->reply, "%" PRId64, now_us / 1000000);
    reply_bulkf(call->reply, "%" PRId64, now_us % 1000000);
}

/* LOLWUT [VERSION n ...]: salt, as it grows out of brine. */
void cmd_lolwut(struct command_call *call) {
    enum { LOLWUT_OPTION = 1, LOLWUT_VERSION = 2, SIDE = 12 };
    struct buf *text = &call->worker->collected;
    struct bytes version = call->worker->config->server.redis_version;
    int64_t drawing;
    bool failed = false;
    if (call->args_count > LOLWUT_VERSION && call_is(call, LOLWUT_OPTION, "VERSION") &&
        !call_integer(call, LOLWUT_VERSION, &drawing))
        return;
    buf_clear(text);
    for (size_t row = 0; row < SIDE; row++) {
        for (size_t column = 0; column < SIDE; column++) {
            static const char *const ions[] = {"· ", "○ ", "● "};
            uint64_t grown = random_u64(&call->worker->random) % SIDE;
            size_t ion = grown < SIDE - row ? 0 : 1 + (row + column) % 2;
            failed |= buf_append(text, bytes_of_cstr(ions[ion])) != BRINE_OK;
        }
        failed |= buf_append_byte(text, '\n') != BRINE_OK;
    }
    failed |= buf_printf(text, "\nRedis ver. %.*s, and brine %s\n", (int)version.len,
                         (const char *)version.data, call_server_facts(call).version) != BRINE_OK;
    if (failed)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_verbatim(call->reply, buf_view(text));
    buf_clear(text);
}

/* ---- MODULE -----------------------------------------------------------------------------------*/

/* MODULE LIST */
void cmd_module_list(struct command_call *call) {
    reply_array(call->reply, 0);
}

/* MODULE LOAD, LOADEX, UNLOAD: as Redis answers where they are not allowed, which is the default.
 */
void cmd_module_fixed(struct command_call *call) {
    debug_refuse(call->reply, call->command);
}

/* MODULE HELP */
void cmd_module_help(struct command_call *call) {
    static const char *const lines[] = {
        "LIST",
        "    Return a list of loaded modules.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}

/* ---- CONFIG -----------------------------------------------------------------------------------*/

enum { CONFIG_FIRST_ARG = 2 };

/* CONFIG GET pattern ... */
void cmd_config_get(struct command_call *call) {
    struct config_pairs pairs;
    enum brine_status status =
        config_get(call->worker->config, call->args + CONFIG_FIRST_ARG,
                   call->args_count - CONFIG_FIRST_ARG, &call->worker->scratch, &pairs);
    if (status != BRINE_OK) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    reply_map(call->reply, pairs.count);
    for (size_t i = 0; i < pairs.count; i++) {
        reply_bulk(call->reply, pairs.pairs[i].name);
        reply_bulk(call->reply, pairs.pairs[i].value);
    }
}

/* CONFIG SET name value ... */
void cmd_config_set(struct command_call *call) {
    size_t args = call->args_count - CONFIG_FIRST_ARG;
    struct brine_error err;
    if (args % 2) {
        reply_error(call->reply, ERROR_SYNTAX);
    } else if (config_set(call->worker->config, call->args + CONFIG_FIRST_ARG, args / 2, &err) !=
               BRINE_OK) {
        reply_errorf(call->reply, "ERR %s", err.text);
    } else {
        reply_ok(call->reply);
    }
}

/* CONFIG REWRITE */
void cmd_config_rewrite(struct command_call *call) {
    struct brine_error err;
    if (config_rewrite(call->worker->config, &err) == BRINE_OK)
        reply_ok(call->reply);
    else
        reply_errorf(call->reply, "ERR %s", err.text);
}

/* CONFIG RESETSTAT */
void cmd_config_resetstat(struct command_call *call) {
    if (call->worker->metrics_set) metrics_set_reset(call->worker->metrics_set);
    struct command_shared *shared = call->worker->shared;
    struct keyspace *keyspace = call->access->keyspace;
    struct store_counts counts = store_counts(keyspace->store);
    keyspace_reset_stale(keyspace);
    error_kinds_reset(&shared->errors);
    atomic_store(&shared->expired_before, counts.expired_total);
    atomic_store(&shared->evicted_before, counts.evicted_total);
    atomic_store(&shared->exceeded_before_ms, room_counts(keyspace, call->now_ms).exceeded_ms);
    reply_ok(call->reply);
}

/* CONFIG HELP */
void cmd_config_help(struct command_call *call) {
    static const char *const lines[] = {
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Reset statistics reported by the INFO command.",
        "REWRITE",
        "    Rewrite the configuration file.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
