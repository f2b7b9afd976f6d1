/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* DEBUG, as far as test suites of clients and of Redis need it, and only where debug.commands lets
 * it.  What it stores goes through the door as everything does.  Source of answers: Redis 7.0
 * debug.c; digests are our own and mean something only when compared with each other. */

#include "cmd/debug.h"

#include "base/hash.h"
#include "base/number.h"
#include "cmd/handlers.h"
#include "rdb/value.h"
#include "snapshot/snapshots.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    DEBUG_SUBCOMMAND = 1,
    DEBUG_ARGUMENT = 2,
    DEBUG_ONE = 3, /* arguments with one behind the subcommand */
    DEBUG_MANY = 0
};

bool debug_is_allowed(const struct worker_state *worker, const struct session *session) {
    const char *peer = session->peer;
    switch ((enum config_debug_commands)config_read(worker->config->debug.commands)) {
    case CONFIG_DEBUG_COMMANDS_NO:
        return false;
    case CONFIG_DEBUG_COMMANDS_YES:
        return true;
    case CONFIG_DEBUG_COMMANDS_LOCAL:
        return peer[0] == '/' || !strncmp(peer, "127.0.0.1:", 10) || !strncmp(peer, "[::1]:", 6);
    }
    return false;
}

void debug_refuse(struct reply *reply, const struct command *command) {
    bool is_debug = command->handler == cmd_debug;
    reply_errorf(reply,
                 "ERR %s command not allowed. If the enable-%s-command option is set to \"local\", "
                 "you can run it from a local connection, otherwise you need to set this option in "
                 "the configuration file, and then restart the server.",
                 is_debug ? "DEBUG" : "MODULE", is_debug ? "debug" : "module");
}

/* ---- replies ----------------------------------------------------------------------------------*/

/* ERROR text: the reply is "-text", with what would end the line made blank. */
static void debug_error(struct command_call *call) {
    struct bytes text = call->args[DEBUG_ARGUMENT];
    struct buf *line = &call->worker->collected;
    buf_clear(line);
    bool failed = buf_append(line, text) != BRINE_OK;
    for (size_t i = 0; !failed && i < line->len; i++)
        if (line->data[i] == '\r' || line->data[i] == '\n') line->data[i] = ' ';
    reply_error(call->reply, failed ? ERROR_NO_MEMORY : buf_view(line));
    buf_clear(line);
}

static void reply_a_few(struct command_call *call) {
    for (int64_t i = 0; i < 3; i++) reply_integer(call->reply, i);
}
static void protocol_string(struct command_call *call) {
    reply_bulk(call->reply, BYTES("Hello World"));
}
static void protocol_integer(struct command_call *call) {
    reply_integer(call->reply, 12345);
}
static void protocol_double(struct command_call *call) {
    resp_double(&call->reply->writer, 3.141);
}
static void protocol_null(struct command_call *call) {
    reply_null(call->reply);
}
static void protocol_array(struct command_call *call) {
    reply_array(call->reply, 3);
    reply_a_few(call);
}
static void protocol_set(struct command_call *call) {
    reply_set(call->reply, 3);
    reply_a_few(call);
}
static void protocol_map(struct command_call *call) {
    reply_map(call->reply, 3);
    for (int64_t i = 0; i < 3; i++) {
        reply_integer(call->reply, i);
        resp_boolean(&call->reply->writer, i == 1);
    }
}
static void protocol_attribute(struct command_call *call) {
    if (resp_attribute(&call->reply->writer, 1)) {
        reply_bulk(call->reply, BYTES("key-popularity"));
        reply_array(call->reply, 2);
        reply_bulk(call->reply, BYTES("key:123"));
        reply_integer(call->reply, 90);
    }
    reply_bulk(call->reply, BYTES("Some real reply following the attribute"));
}
static void protocol_push(struct command_call *call) {
    if (call->session->resp_version < 3) {
        reply_error(call->reply, BYTES("ERR RESP2 is not supported by this command"));
        return;
    }
    resp_push(&call->reply->writer, 2);
    reply_bulk(call->reply, BYTES("server-cpu-usage"));
    reply_integer(call->reply, 42);
    reply_bulk(call->reply, BYTES("Some real reply following the push reply"));
}
static void protocol_verbatim(struct command_call *call) {
    reply_verbatim(call->reply, BYTES("This is a verbatim\nstring"));
}
static void protocol_true(struct command_call *call) {
    resp_boolean(&call->reply->writer, true);
}
static void protocol_false(struct command_call *call) {
    resp_boolean(&call->reply->writer, false);
}
static void protocol_big_number(struct command_call *call) {
    resp_big_number(&call->reply->writer, BYTES("1234567999999999999999999999999999999"));
}

/* PROTOCOL type */
static void debug_protocol(struct command_call *call) {
    static const struct {
        const char *name;
        command_handler *reply;
    } rows[] = {
        {"string", protocol_string},     {"integer", protocol_integer},
        {"double", protocol_double},     {"bignum", protocol_big_number},
        {"null", protocol_null},         {"array", protocol_array},
        {"set", protocol_set},           {"map", protocol_map},
        {"attrib", protocol_attribute},  {"push", protocol_push},
        {"verbatim", protocol_verbatim}, {"true", protocol_true},
        {"false", protocol_false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!call_is(call, DEBUG_ARGUMENT, rows[i].name)) continue;
        rows[i].reply(call);
        return;
    }
    reply_error(call->reply,
                BYTES("ERR Wrong protocol type name. Please use one of the following: "
                      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|"
                      "false"));
}

/* ---- the server -------------------------------------------------------------------------------*/

/* SLEEP seconds: this worker does nothing else meanwhile. */
static void debug_sleep(struct command_call *call) {
    const struct services *services = call->worker->services;
    double seconds;
    if (!number_parse_double(call->args[DEBUG_ARGUMENT], &seconds)) seconds = 0;
    seconds = MIN(MAX(seconds, 0), DEBUG_SLEEP_S_MAX);
    if (services && services->sleep_us) services->sleep_us((int64_t)(seconds * 1e6));
    reply_ok(call->reply);
}

/* LOG message */
static void debug_log(struct command_call *call) {
    struct bytes text = call->args[DEBUG_ARGUMENT];
    log_write(call->worker->log, LOG_WARNING, "DEBUG LOG: %.*s", (int)MIN(text.len, (size_t)1024),
              (const char *)text.data);
    reply_ok(call->reply);
}

/* SET-ACTIVE-EXPIRE 0|1 */
static void debug_active_expire(struct command_call *call) {
    int64_t on;
    if (!number_parse_i64(call->args[DEBUG_ARGUMENT], &on)) on = 0;
    keyspace_sweep_expired(call->access->keyspace, on != 0);
    reply_ok(call->reply);
}

/* CHANGE-REPL-ID: there are no replicas that could be confused. */
static void debug_change_replication_id(struct command_call *call) {
    reply_ok(call->reply);
}

/* ---- what is stored ---------------------------------------------------------------------------*/

/* 160 bits, so that it looks as Redis's does. */
struct digest {
    uint64_t parts[3];
};
enum { DIGEST_TEXT_BYTES = 41 };

static const struct hash_secret digest_secrets[3] = {
    {0x6272696e65000001, 1}, {0x6272696e65000002, 2}, {0x6272696e65000003, 3}};

static void digest_add(struct digest *digest, uint64_t about, struct bytes name,
                       const struct store_value *value) {
    for (size_t i = 0; i < ARRAY_LEN(digest->parts); i++) {
        struct hash_secret inner = {hash_bytes(&digest_secrets[i], name),
                                    about << 1 | (value->expire_at_ms != STORE_NO_EXPIRY)};
        digest->parts[i] ^= hash_bytes(&inner, value->bytes);
    }
}

static void reply_digest(struct command_call *call, const struct digest *digest) {
    char text[DIGEST_TEXT_BYTES];
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64 "%08" PRIx32, digest->parts[0],
             digest->parts[1], (uint32_t)digest->parts[2]);
    reply_simple(call->reply, bytes_of_cstr(text));
}

struct digest_walk {
    struct digest digest;
    uint32_t db;
};
static void digest_visit(void *context, struct bytes name, const struct store_value *value) {
    struct digest_walk *walk = context;
    digest_add(&walk->digest, walk->db, name, value);
}

/* DIGEST */
static void debug_digest(struct command_call *call) {
    struct digest_walk walk = {0};
    uint32_t databases = store_databases(call->access->keyspace->store);
    for (walk.db = 0; walk.db < databases; walk.db++) {
        struct keyspace_scan scan = {.db = walk.db, .visit = digest_visit, .context = &walk};
        uint64_t cursor = 0;
        do cursor = keyspace_scan(call->access, &scan, cursor);
        while (cursor);
    }
    reply_digest(call, &walk.digest);
}

/* DIGEST-VALUE key ... */
static void debug_digest_value(struct command_call *call) {
    reply_array(call->reply, call->args_count - DEBUG_ARGUMENT);
    for (size_t i = DEBUG_ARGUMENT; i < call->args_count; i++) {
        struct store_key key = keyspace_key(call->access, call->session->db, call->args[i]);
        struct digest digest = {0};
        struct store_value value;
        if (keyspace_peek(call->access, &key, &value)) digest_add(&digest, 0, BYTES(""), &value);
        keyspace_leave(call->access);
        reply_digest(call, &digest);
    }
}

/* OBJECT key: the address is nobody's business, the rest is as Redis would say it. */
static void debug_object(struct command_call *call) {
    enum { LRU_CLOCK_MASK = 0xffffff, OBJECT_LINE_BYTES = 192 };
    struct store_key key =
        keyspace_key(call->access, call->session->db, call->args[DEBUG_ARGUMENT]);
    struct buf *packed = &call->worker->collected;
    struct store_usage usage = {0};
    struct store_value value;
    const char *encoding = "";
    enum brine_status status = BRINE_OK;
    buf_clear(packed);
    bool found = keyspace_peek(call->access, &key, &value);
    if (found) {
        encoding = string_encoding(&value);
        usage = store_usage(call->access->keyspace->store, &value, call->now_ms);
        status = rdb_write_string(packed, value.bytes);
    }
    keyspace_leave(call->access);
    int64_t used_at_s = call->now_ms / 1000 - usage.idle_s;
    char line[OBJECT_LINE_BYTES];
    snprintf(line, sizeof line,
             "Value at:0x0 refcount:1 encoding:%s serializedlength:%zu lru:%" PRId64
             " lru_seconds_idle:%" PRIu32,
             encoding, packed->len, used_at_s & LRU_CLOCK_MASK, usage.idle_s);
    if (!found)
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    else if (status != BRINE_OK)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_simple(call->reply, bytes_of_cstr(line));
    buf_clear(packed);
}

/* RELOAD [NOSAVE] [NOFLUSH] [MERGE]: what the snapshot brings wins over nothing that others wrote.
 */
static void debug_reload(struct command_call *call) {
    const struct services *services = call->worker->services;
    struct snapshots_reload how = {0};
    struct brine_error err;
    for (size_t i = DEBUG_ARGUMENT; i < call->args_count; i++) {
        if (call_is(call, i, "NOSAVE")) {
            how.no_save = true;
        } else if (call_is(call, i, "NOFLUSH")) {
            how.no_flush = true;
        } else if (!call_is(call, i, "MERGE")) {
            reply_error(call->reply, BYTES("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and "
                                           "NOSAVE options."));
            return;
        }
    }
    if (!services || !services->snapshots || call->access->in_transaction) {
        reply_error(call->reply, BYTES("ERR DEBUG RELOAD needs snapshots, and no transaction"));
        return;
    }
    call->access->deferred = call->access->may_defer;
    if (call->access->deferred) return;
    if (snapshots_reload(services->snapshots, call->access, how, &err) == BRINE_OK)
        reply_ok(call->reply);
    else
        reply_errorf(call->reply, "ERR Error trying to load the RDB dump: %s", err.text);
}

/* POPULATE count [prefix] [size]: keys that are there stay as they are. */
static void debug_populate(struct command_call *call) {
    enum { PREFIX = 3, SIZE = 4 };
    struct buf *value = &call->worker->collected;
    struct buf name;
    int64_t count, size = 0;
    if (!number_parse_i64(call->args[DEBUG_ARGUMENT], &count) || count < 0 ||
        (call->args_count > SIZE &&
         (!number_parse_i64(call->args[SIZE], &size) || size < 0 ||
          size > config_read(call->worker->config->limits.bulk_bytes)))) {
        reply_error(call->reply, BYTES("ERR value is out of range, must be positive"));
        return;
    }
    struct bytes prefix = call->args_count > PREFIX ? call->args[PREFIX] : BYTES("key");
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    buf_init(&name, call->worker->mem, DEBUG_NAME_BYTES_MAX);
    for (int64_t i = 0; i < count; i++) {
        struct keyspace_set_options options = {.only_if = KEYSPACE_IF_ABSENT};
        buf_clear(&name);
        buf_clear(value);
        outcome = KEYSPACE_NO_MEMORY;
        if (buf_append(&name, prefix) || buf_printf(&name, ":%" PRId64, i) ||
            buf_reserve(value, (size_t)size) || buf_printf(value, "value:%" PRId64, i))
            break;
        while ((int64_t)value->len < size && buf_append_byte(value, 0) == BRINE_OK) {}
        struct store_key key = keyspace_key(call->access, call->session->db, buf_view(&name));
        struct bytes text = bytes_slice(buf_view(value), 0, size ? (size_t)size : value->len);
        outcome = keyspace_set_string(call->access, &key, text, &options);
        if (outcome != KEYSPACE_DONE && outcome != KEYSPACE_NOT_DONE) break;
    }
    buf_deinit(&name);
    buf_clear(value);
    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_NOT_DONE)
        reply_ok(call->reply);
    else
        reply_outcome(call, outcome);
}

/* ---- DEBUG ------------------------------------------------------------------------------------*/

static void debug_help(struct command_call *call);

static const struct {
    const char *name;
    size_t args_count; /* DEBUG_MANY: two at least */
    command_handler *handler;
} rows[] = {
    {"change-repl-id", 2, debug_change_replication_id},
    {"digest", 2, debug_digest},
    {"digest-value", DEBUG_MANY, debug_digest_value},
    {"error", DEBUG_ONE, debug_error},
    {"help", 2, debug_help},
    {"log", DEBUG_ONE, debug_log},
    {"object", DEBUG_ONE, debug_object},
    {"populate", DEBUG_ONE, debug_populate},
    {"populate", 4, debug_populate},
    {"populate", 5, debug_populate},
    {"protocol", DEBUG_ONE, debug_protocol},
    {"reload", DEBUG_MANY, debug_reload},
    {"set-active-expire", DEBUG_ONE, debug_active_expire},
    {"sleep", DEBUG_ONE, debug_sleep},
};

static void debug_help(struct command_call *call) {
    static const char *const lines[] = {
        "CHANGE-REPL-ID",
        "    Change the replication IDs of the instance.",
        "DIGEST",
        "    Output a hex signature representing the current DB content.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Output a hex signature of the values of all the specified keys.",
        "ERROR <string>",
        "    Return a Redis protocol error with <string> as message.",
        "LOG <message>",
        "    Write <message> to the server log.",
        "OBJECT <key>",
        "    Show low level info about `key` and associated value.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> string keys named key:<num>, or <prefix>:<num>.",
        "PROTOCOL <type>",
        "    Reply with a test value of the specified type.",
        "RELOAD [option ...]",
        "    Save a snapshot and load it again. Valid <option> values:",
        "    * MERGE: changes nothing, for what is there wins anyway.",
        "    * NOFLUSH: the existing database will not be removed before load.",
        "    * NOSAVE: the database will be loaded from an existing snapshot.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether keys are removed in the background when their time is over.",
        "SLEEP <seconds>",
        "    Stop the worker of this connection for <seconds>. Decimals allowed.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}

/* DEBUG subcommand ... */
void cmd_debug(struct command_call *call) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!call_is(call, DEBUG_SUBCOMMAND, rows[i].name)) continue;
        if (rows[i].args_count != DEBUG_MANY && rows[i].args_count != call->args_count) continue;
        rows[i].handler(call);
        return;
    }
    reply_subcommand_error(call);
}
