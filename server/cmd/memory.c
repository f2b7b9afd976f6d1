/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* MEMORY: what keys and the server take.  Source of answers: Redis 7.0 object.c memoryCommand; the
 * figures are this server's own, and 0 stands for what it does not have. */

#include "cmd/handlers.h"

#include "base/number.h"
#include "cmd/set_options.h"
#include "keyspace/room.h"
#include "observe/machine.h"

#include <inttypes.h>
#include <stdio.h>

enum { DOCTOR_BYTES_MIN = 5 << 20, INDEX_BYTES_A_KEY = 11, REPORT_BYTES_MAX = 1 << 20 };

/* MEMORY USAGE key [SAMPLES count] */
void cmd_memory_usage(struct command_call *call) {
    enum { USAGE_KEY = 2, USAGE_FIRST_OPTION = 3 };
    for (size_t i = USAGE_FIRST_OPTION; i < call->args_count; i += 2) {
        int64_t samples;
        if (!bytes_is(call->args[i], "samples") || i + 1 == call->args_count) {
            reply_error(call->reply, ERROR_SYNTAX);
            return;
        }
        if (!call_integer(call, i + 1, &samples)) return;
        if (samples < 0) {
            reply_error(call->reply, ERROR_SYNTAX);
            return;
        }
    }
    struct store_key key = call_key(call, USAGE_KEY);
    struct store_value value;
    bool found = keyspace_peek(call->access, &key, &value);
    size_t bytes = found ? store_value_bytes(&value) + INDEX_BYTES_A_KEY : 0;
    keyspace_leave(call->access);
    if (found)
        reply_integer(call->reply, (int64_t)bytes);
    else
        reply_null(call->reply);
}

static void say_number(struct reply *reply, const char *name, uint64_t number) {
    reply_bulk(reply, bytes_of_cstr(name));
    reply_integer(reply, (int64_t)number);
}

static void say_ratio(struct reply *reply, const char *name, double part, double whole) {
    reply_bulk(reply, bytes_of_cstr(name));
    resp_double(&reply->writer, whole > 0 ? part / whole : 0);
}

static void say_databases(struct command_call *call) {
    const struct store *store = call->access->keyspace->store;
    for (uint32_t db = 0; db < store_databases(store); db++) {
        struct store_counts counts = store_counts_db(store, db);
        if (!counts.keys) continue;
        reply_bulkf(call->reply, "db.%" PRIu32, db);
        reply_map(call->reply, 3);
        say_number(call->reply, "overhead.hashtable.main", counts.keys * INDEX_BYTES_A_KEY);
        say_number(call->reply, "overhead.hashtable.expires", 0);
        say_number(call->reply, "overhead.hashtable.slot-to-keys", 0);
    }
}

/* MEMORY STATS */
void cmd_memory_stats(struct command_call *call) {
    const struct services *services = call->worker->services;
    const struct store *store = call->access->keyspace->store;
    struct server_facts facts = {0};
    struct reply *reply = call->reply;
    if (services && services->facts) services->facts(services->server, &facts);
    struct machine_allocator allocator = machine_allocator();
    struct store_counts counts = store_counts(store);
    size_t stored = store_used_bytes(store), used = MAX(facts.memory_used_bytes, stored);
    size_t resident = machine_resident_bytes(), databases = 0;
    uint64_t index = counts.keys * INDEX_BYTES_A_KEY, overhead = used - stored + index;
    for (uint32_t db = 0; db < store_databases(store); db++)
        databases += store_counts_db(store, db).keys > 0;

    enum { OWN_ROWS = 27 };
    reply_map(reply, OWN_ROWS + databases);
    say_number(reply, "peak.allocated", MAX(facts.memory_peak_bytes, used));
    say_number(reply, "total.allocated", used);
    say_number(reply, "startup.allocated", 0);
    say_number(reply, "replication.backlog", 0);
    say_number(reply, "clients.slaves", 0);
    say_number(reply, "clients.normal", facts.clients_buffer_bytes);
    say_number(reply, "cluster.links", 0);
    say_number(reply, "aof.buffer", 0);
    say_number(reply, "lua.caches", 0);
    say_number(reply, "functions.caches", 0);
    say_databases(call);
    say_number(reply, "overhead.total", overhead);
    say_number(reply, "keys.count", counts.keys);
    say_number(reply, "keys.bytes-per-key", counts.keys ? used / counts.keys : 0);
    say_number(reply, "dataset.bytes", used - MIN(overhead, used));
    say_ratio(reply, "dataset.percentage", (double)(used - MIN(overhead, used)) * 100,
              (double)used);
    say_ratio(reply, "peak.percentage", (double)used * 100,
              (double)MAX(facts.memory_peak_bytes, used));
    say_number(reply, "allocator.allocated", allocator.allocated_bytes);
    say_number(reply, "allocator.active", allocator.active_bytes);
    say_number(reply, "allocator.resident", allocator.resident_bytes);
    say_ratio(reply, "allocator-fragmentation.ratio", (double)allocator.active_bytes,
              (double)allocator.allocated_bytes);
    say_number(reply, "allocator-fragmentation.bytes",
               allocator.active_bytes - allocator.allocated_bytes);
    say_ratio(reply, "allocator-rss.ratio", (double)allocator.resident_bytes,
              (double)allocator.active_bytes);
    say_number(reply, "allocator-rss.bytes", allocator.resident_bytes - allocator.active_bytes);
    say_ratio(reply, "rss-overhead.ratio", (double)resident, (double)allocator.resident_bytes);
    say_number(reply, "rss-overhead.bytes", resident - allocator.resident_bytes);
    say_ratio(reply, "fragmentation", (double)resident, (double)used);
    say_number(reply, "fragmentation.bytes", resident - used);
}

/* MEMORY PURGE */
void cmd_memory_purge(struct command_call *call) {
    if (!call->access->in_transaction) keyspace_compact(call->access);
    (void)machine_purge_allocator();
    reply_ok(call->reply);
}

/* Verbatim text of the allocator, up to a ceiling. */
static void collect(void *context, const char *text) {
    struct buf *report = context;
    if (report->len + strlen(text) <= REPORT_BYTES_MAX)
        (void)!buf_append(report, bytes_of_cstr(text));
}

/* MEMORY MALLOC-STATS */
void cmd_memory_malloc_stats(struct command_call *call) {
    struct buf *report = &call->worker->collected;
    buf_clear(report);
    if (machine_describe_allocator(collect, report))
        reply_verbatim(call->reply, buf_view(report));
    else
        reply_bulk(call->reply,
                   BYTES("Stats not supported for the current allocator: the C library's"));
    buf_clear(report);
}

/* MEMORY DOCTOR */
void cmd_memory_doctor(struct command_call *call) {
    const struct keyspace *keyspace = call->access->keyspace;
    struct room_counts room = room_counts(keyspace, call->now_ms);
    size_t taken = room_taken_bytes(keyspace), limit = room_limit(keyspace);
    size_t holes = store_hole_bytes(keyspace->store), resident = machine_resident_bytes();
    char text[1024];
    if (taken < DOCTOR_BYTES_MIN)
        snprintf(text, sizeof text,
                 "This instance is empty or uses very little memory: there is nothing to judge.");
    else if (room.exceeded_now_ms > 0)
        snprintf(text, sizeof text,
                 "memory.max is exceeded since %" PRId64 " ms: %zu bytes are taken of %zu. Entries "
                 "do not give way fast enough, or memory.policy lets none.",
                 room.exceeded_now_ms, taken, limit);
    else if (holes > taken / 4)
        snprintf(text, sizeof text,
                 "%zu of %zu bytes are holes between entries. Compaction closes them in the "
                 "background; MEMORY PURGE does so at once.",
                 holes, taken);
    else if (resident > taken + taken / 2)
        snprintf(
            text, sizeof text,
            "The process has %zu bytes of the machine for %zu that it uses. MEMORY PURGE gives "
            "back what is free.",
            resident, taken);
    else
        snprintf(text, sizeof text, "Nothing is wrong with this instance's memory.");
    reply_verbatim(call->reply, bytes_of_cstr(text));
}

/* MEMORY HELP */
void cmd_memory_help(struct command_call *call) {
    static const char *const lines[] = {
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
