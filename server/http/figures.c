/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/figures.h"

#include "base/utf8.h"
#include "cmd/cluster.h"
#include "gate/keeper.h"
#include "http/exposition.h"
#include "keyspace/room.h"
#include "observe/audit.h"
#include "observe/machine.h"
#include "resp/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

struct figures {
    struct exposition e;
    const struct http_sources *sources;
    struct http_desk *desk;
    struct http_facts facts;
    int64_t now_ms;
};

void http_facts_take(const struct http_sources *sources, int64_t now_ms, struct http_facts *facts) {
    const struct services *services = sources->services;
    *facts = (struct http_facts){
        .server = {.version = "", .run_id = "", .executable = "", .started_at_ms = now_ms},
        .snapshots = {.last_ok = true, .last_took_s = -1, .current_took_s = -1},
        .store = store_counts(sources->keyspace->store),
        .stored_bytes = store_used_bytes(sources->keyspace->store),
        .taken_bytes = room_taken_bytes(sources->keyspace),
        .limit_bytes = room_limit(sources->keyspace),
    };
    if (services && services->facts) services->facts(services->server, &facts->server);
    facts->snapshots.last_save_s = facts->server.started_at_ms / 1000;
    if (services && services->snapshots) snapshots_facts(services->snapshots, &facts->snapshots);
    facts->used_bytes = facts->server.memory_used_bytes
                            ? facts->server.memory_used_bytes
                            : facts->stored_bytes + facts->server.clients_buffer_bytes;
}

static void say_one(struct figures *f, struct exposition_label label, double value) {
    exposition_sample(&f->e, "", &label, 1, value);
}

static uint64_t sum(const struct figures *f, enum metric metric) {
    return metrics_set_sum(f->sources->metrics_set, metric);
}

/* ---- single figures: a row each ---------------------------------------------------------------
 *   name, kind, what it says, expression over `f` and its facts */

/* clang-format off */
#define SERVER_FIGURES(X)                                                                                                     \
    X(redis_up,                               GAUGE,   "1: this server answers", 1)                                           \
    X(redis_uptime_in_seconds,                GAUGE,   "seconds since the server started", uptime_s)                          \
    X(redis_start_time_seconds,               GAUGE,   "when the server started, Unix time", started_s)                      \
    X(redis_process_id,                       GAUGE,   "process id", server->process_id)                                      \
    X(redis_cluster_enabled,                  GAUGE,   "1: it answers as a cluster of one node", cluster)                     \
    X(redis_connected_slaves,                 GAUGE,   "replicas; there are none", 0)                                         \
    X(redis_tracking_clients,                 GAUGE,   "clients that cache and are told what is outdated", tracking_clients)  \
    X(redis_max_clients,                      GAUGE,   "server.max_clients", max_clients)                                     \
    X(redis_memory_used_bytes,                GAUGE,   "bytes taken from the allocator", f->facts.used_bytes)                 \
    X(redis_memory_used_peak_bytes,           GAUGE,   "the most that was", MAX(server->memory_peak_bytes, f->facts.used_bytes)) \
    X(redis_memory_used_rss_bytes,            GAUGE,   "bytes of the process that are in memory", machine_resident_bytes())   \
    X(redis_memory_used_dataset_bytes,        GAUGE,   "bytes of entries, with what the store needs for them", f->facts.stored_bytes) \
    X(redis_memory_used_overhead_bytes,       GAUGE,   "bytes taken for anything else", overhead)                             \
    X(redis_memory_max_bytes,                 GAUGE,   "memory.max; 0: no limit", f->facts.limit_bytes)                       \
    X(redis_mem_clients_normal,               GAUGE,   "bytes of clients' buffers", server->clients_buffer_bytes)             \
    X(redis_instantaneous_ops_per_sec,        GAUGE,   "commands a second, lately", server->ops_per_second)                   \
    X(redis_expired_keys_total,               COUNTER, "keys removed because their time was over", f->facts.store.expired_total) \
    X(redis_evicted_keys_total,               COUNTER, "keys removed to make room", f->facts.store.evicted_total)             \
    X(redis_cpu_sys_seconds_total,            COUNTER, "CPU time in the kernel", seconds(&usage.ru_stime))                    \
    X(redis_cpu_user_seconds_total,           COUNTER, "CPU time outside of it", seconds(&usage.ru_utime))                    \
    X(redis_pubsub_channels,                  GAUGE,   "channels that somebody listens to", channels)                         \
    X(redis_pubsub_patterns,                  GAUGE,   "patterns that somebody listens to", patterns)

#define SNAPSHOT_FIGURES(X)                                                                                                   \
    X(redis_loading_dump_file,                GAUGE,   "1: what was on disk is being loaded", s->loading)                     \
    X(redis_rdb_changes_since_last_save,      GAUGE,   "keys changed since the last snapshot", s->changes_since)              \
    X(redis_rdb_bgsave_in_progress,           GAUGE,   "1: a snapshot is being written", s->saving)                           \
    X(redis_rdb_last_save_timestamp_seconds,  GAUGE,   "when the last snapshot was complete, Unix time", s->last_save_s)      \
    X(redis_rdb_last_bgsave_status,           GAUGE,   "1: the last snapshot succeeded", s->last_ok)                          \
    X(redis_rdb_last_bgsave_duration_sec,     GAUGE,   "seconds it took; -1: none was made", s->last_took_s)                  \
    X(redis_rdb_current_bgsave_duration_sec,  GAUGE,   "seconds of the one under way; -1: none is", s->current_took_s)        \
    X(redis_rdb_last_cow_size_bytes,          GAUGE,   "bytes that the last snapshot took beside the store", s->last_memory_bytes) \
    X(brine_snapshots_total,                  COUNTER, "snapshots written", s->saves)                                         \
    X(brine_snapshot_loaded_keys,             GAUGE,   "keys that the last load brought", s->loaded)                          \
    X(brine_snapshot_expired_keys,            GAUGE,   "keys of it whose time was over", s->expired)                          \
    X(brine_snapshot_refused_keys,            GAUGE,   "keys of it that the gate refused", s->refused)                        \
    X(brine_snapshot_lost_keys,               GAUGE,   "keys of it that were damaged", s->lost_records)                       \
    X(brine_snapshot_damaged_bytes,           GAUGE,   "bytes of it that were damaged", s->lost_bytes)

#define BRINE_FIGURES(X)                                                                                                      \
    X(brine_ready,                            GAUGE,   "1: /readyz says so", !s->loading && !server->stopping)                \
    X(brine_workers,                          GAUGE,   "worker threads", server->workers)                                     \
    X(brine_shards,                           GAUGE,   "independent parts of the keyspace", store_shards(store))              \
    X(brine_eviction_taken_bytes,             GAUGE,   "bytes that count towards memory.max", f->facts.taken_bytes)           \
    X(brine_eviction_overhead_bytes,          GAUGE,   "of them, what the process has beyond entries and clients", room.overhead_bytes) \
    X(brine_eviction_hole_bytes,              GAUGE,   "of them, holes between entries", store_hole_bytes(store))             \
    X(brine_eviction_exceeded_seconds_total,  COUNTER, "seconds during which memory.max was exceeded", (double)room.exceeded_ms / 1000) \
    X(brine_slow_commands,                    GAUGE,   "commands that SLOWLOG shows", slowlog_count(&f->sources->shared->slowlog)) \
    X(brine_audit_records_total,              COUNTER, "records of the audit trail", audit.records_total)                     \
    X(brine_audit_dropped_total,              COUNTER, "records of it that found no room", audit.dropped_total)               \
    X(brine_audit_queue_bytes,                GAUGE,   "bytes of it that wait for the file", audit.queue_bytes)               \
    X(brine_policy_generation,                GAUGE,   "rises when rules and policies are loaded anew", generation)           \
    X(brine_kinds,                            GAUGE,   "kinds of values told apart", kinds.kinds)                             \
    X(brine_kinds_bytes,                      GAUGE,   "bytes that they take", kinds.bytes)                                   \
    X(brine_unkinded_values_total,            COUNTER, "values for which there was no kind of their own", kinds.common_total)
/* clang-format on */

#define SAY(name, kind, doc, value)                                                                \
    exposition_single(&f->e, #name, EXPOSITION_##kind, doc, (double)(value));

static double seconds(const struct timeval *time) {
    return (double)time->tv_sec + (double)time->tv_usec / 1000000;
}

static void say_server(struct figures *f) {
    const struct server_facts *server = &f->facts.server;
    struct command_shared *shared = f->sources->shared;
    int64_t uptime_s = MAX(f->now_ms - server->started_at_ms, 0) / 1000;
    int64_t started_s = server->started_at_ms / 1000;
    size_t overhead = f->facts.used_bytes - MIN(f->facts.stored_bytes, f->facts.used_bytes);
    int64_t max_clients = config_read(f->sources->config->server.max_clients);
    size_t tracking_clients = atomic_load(&shared->tracking.clients);
    size_t channels = atomic_load(&shared->pubsub.counts[PUBSUB_CHANNEL]);
    size_t patterns = atomic_load(&shared->pubsub.counts[PUBSUB_PATTERN]);
    bool cluster = cluster_is_enabled(&f->desk->state);
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    SERVER_FIGURES(SAY)
}

static void say_snapshots(struct figures *f) {
    const struct snapshots_facts *s = &f->facts.snapshots;
    SNAPSHOT_FIGURES(SAY)
}

static void say_brine(struct figures *f) {
    const struct server_facts *server = &f->facts.server;
    const struct snapshots_facts *s = &f->facts.snapshots;
    struct keyspace *keyspace = f->sources->keyspace;
    struct store *store = keyspace->store;
    struct room_counts room = room_counts(keyspace, f->now_ms);
    struct audit_stats audit = audit_stats(f->sources->audit);
    struct gate_kinds_counts kinds = {0};
    uint32_t generation = 0;
    if (keyspace->gate->kinds) {
        kinds = gate_kinds_counts(keyspace->gate->kinds);
        generation = gate_kinds_generation(keyspace->gate->kinds);
    }
    BRINE_FIGURES(SAY)
}

/* ---- the counters that every thread keeps -----------------------------------------------------*/

/* Under redis_exporter's names; the others are brine_ and their own.  "": shown elsewhere. */
static const char *const metric_names[METRIC_COUNT] = {
    [METRIC_connections_received_total] = "redis_connections_received_total",
    [METRIC_rejected_connections] = "redis_rejected_connections_total",
    [METRIC_connected_clients] = "redis_connected_clients",
    [METRIC_blocked_clients] = "redis_blocked_clients",
    [METRIC_commands_processed_total] = "redis_commands_processed_total",
    [METRIC_net_input_bytes] = "redis_net_input_bytes_total",
    [METRIC_net_output_bytes] = "redis_net_output_bytes_total",
    [METRIC_keyspace_hits] = "redis_keyspace_hits_total",
    [METRIC_keyspace_misses] = "redis_keyspace_misses_total",
    [METRIC_expired_keys] = "",
    [METRIC_evicted_keys] = "",
    [METRIC_upkeep_us] = "",
    [METRIC_gate_admitted] = "",
    [METRIC_gate_refused] = "",
    [METRIC_gate_dropped] = "",
    [METRIC_gate_logged] = "",
    [METRIC_gate_refused_denied] = "",
    [METRIC_gate_refused_malformed] = "",
    [METRIC_gate_refused_truncated] = "",
    [METRIC_gate_refused_limit] = "",
};

enum { METRIC_NAME_BYTES = 80 };

static void say_metrics(struct figures *f) {
    static const enum exposition_kind kinds[] = {
#define COUNTER            EXPOSITION_COUNTER
#define GAUGE              EXPOSITION_GAUGE
#define M(name, kind, doc) [METRIC_##name] = kind,
        METRICS(M)
#undef M
#undef COUNTER
#undef GAUGE
    };
    char name[METRIC_NAME_BYTES];
    for (int i = 0; i < METRIC_COUNT; i++) {
        const char *known = metric_names[i];
        if (known && !known[0]) continue;
        snprintf(name, sizeof name, "brine_%s%s", metric_name((enum metric)i),
                 kinds[i] == EXPOSITION_COUNTER ? "_total" : "");
        exposition_single(&f->e, known ? known : name, kinds[i], metric_doc((enum metric)i),
                          (double)sum(f, (enum metric)i));
    }
    exposition_single(&f->e, "brine_upkeep_seconds_total", EXPOSITION_COUNTER,
                      "seconds of removing what is over, and of compacting",
                      (double)sum(f, METRIC_upkeep_us) / 1e6);
}

/* A family with one label of a few words. */
struct worded {
    const char *word;
    enum metric metric;
};

static void say_worded(struct figures *f, const char *label_name, const struct worded *rows,
                       size_t count) {
    for (size_t i = 0; i < count; i++)
        say_one(f, (struct exposition_label){label_name, bytes_of_cstr(rows[i].word)},
                (double)sum(f, rows[i].metric));
}

#define GATE_EVERY_TEXT "64"
_Static_assert(METRICS_GATE_EVERY == 64, "the text says it");

static void say_gate(struct figures *f) {
    static const struct worded verdicts[] = {{"admitted", METRIC_gate_admitted},
                                             {"refused", METRIC_gate_refused},
                                             {"dropped", METRIC_gate_dropped},
                                             {"logged", METRIC_gate_logged}};
    static const struct worded classes[] = {{"denied", METRIC_gate_refused_denied},
                                            {"malformed", METRIC_gate_refused_malformed},
                                            {"truncated", METRIC_gate_refused_truncated},
                                            {"limit", METRIC_gate_refused_limit}};
    struct histogram *histogram = arena_alloc(&f->desk->state.scratch, sizeof *histogram);
    exposition_family(&f->e, "brine_gate_verdicts_total", EXPOSITION_COUNTER,
                      "values by what was done: logged ones are admitted ones as well");
    say_worded(f, "verdict", verdicts, ARRAY_LEN(verdicts));
    exposition_family(&f->e, "brine_gate_refusals_total", EXPOSITION_COUNTER,
                      "values that a rule does not allow, whatever was done, by why");
    say_worded(f, "class", classes, ARRAY_LEN(classes));
    f->e.failed |= !histogram;
    if (!histogram) return;
    histogram_clear(histogram);
    metrics_set_gate(f->sources->metrics_set, histogram);
    exposition_family(&f->e, "brine_gate_seconds", EXPOSITION_HISTOGRAM,
                      "how long the gate took to judge a value, of one in " GATE_EVERY_TEXT);
    exposition_histogram(&f->e, &(struct exposition_label){0}, histogram, 1e-9);
}

/* ---- databases, commands, errors --------------------------------------------------------------*/

static void say_databases(struct figures *f) {
    static const char *const names[] = {"redis_db_keys", "redis_db_keys_expiring",
                                        "redis_db_avg_ttl_seconds"};
    static const char *const docs[] = {"keys of a database", "keys of it that expire",
                                       "how long those live on, on average"};
    struct store *store = f->sources->keyspace->store;
    for (size_t family = 0; family < ARRAY_LEN(names); family++) {
        exposition_family(&f->e, names[family], EXPOSITION_GAUGE, docs[family]);
        for (uint32_t db = 0; db < store_databases(store); db++) {
            struct store_counts counts = store_counts_db(store, db);
            char name[16];
            snprintf(name, sizeof name, "db%u", db);
            double left_s = counts.keys_with_expiry
                                ? (double)counts.expire_at_sum_s / (double)counts.keys_with_expiry -
                                      (double)f->now_ms / 1000
                                : 0;
            const double values[] = {(double)counts.keys, (double)counts.keys_with_expiry,
                                     MAX(left_s, 0)};
            say_one(f, (struct exposition_label){"db", bytes_of_cstr(name)}, values[family]);
        }
    }
}

static const struct {
    const char *name, *doc;
} command_families[] = {
    {"redis_commands_total", "calls of a command"},
    {"redis_commands_duration_seconds_total", "time spent in it"},
    {"redis_commands_rejected_calls_total", "calls refused before it ran"},
    {"redis_commands_failed_calls_total", "calls that answered an error"},
};

static void say_commands(struct figures *f) {
    const struct metrics_set *set = f->sources->metrics_set;
    for (size_t family = 0; family < ARRAY_LEN(command_families); family++) {
        exposition_family(&f->e, command_families[family].name, EXPOSITION_COUNTER,
                          command_families[family].doc);
        for (size_t row = 0; row < command_table_count(); row++) {
            struct metrics_command_sum each = metrics_set_command(set, row);
            const double values[] = {(double)each.calls, (double)each.nsec / 1e9,
                                     (double)each.rejected, (double)each.failed};
            if (!each.calls && !each.rejected && !each.failed) continue;
            say_one(f, (struct exposition_label){"cmd", bytes_of_cstr(command_table[row].name)},
                    values[family]);
        }
    }
}

static void say_latencies(struct figures *f) {
    struct histogram *histogram = arena_alloc(&f->desk->state.scratch, sizeof *histogram);
    f->e.failed |= !histogram;
    if (!histogram) return;
    exposition_family(&f->e, "redis_commands_latencies_usec", EXPOSITION_HISTOGRAM,
                      "how long calls of a command took, in microseconds");
    for (size_t row = 0; row < command_table_count(); row++) {
        histogram_clear(histogram);
        if (!metrics_set_latency(f->sources->metrics_set, row, histogram)) continue;
        exposition_histogram(
            &f->e, &(struct exposition_label){"cmd", bytes_of_cstr(command_table[row].name)},
            histogram, 1e-3);
    }
}

static void say_errors(struct figures *f) {
    struct error_kinds *errors = &f->sources->shared->errors;
    size_t count = atomic_load_explicit(&errors->count, memory_order_acquire);
    exposition_family(&f->e, "redis_errors_total", EXPOSITION_COUNTER,
                      "error replies by their first word");
    for (size_t i = 0; i < count; i++) {
        uint64_t times = atomic_load_explicit(&errors->kinds[i].times, memory_order_relaxed);
        say_one(f, (struct exposition_label){"err", bytes_of_cstr(errors->kinds[i].name)},
                (double)times);
    }
}

static void say_instance(struct figures *f) {
    static const char *const policies[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_MEMORY_POLICIES(W)
#undef W
    };
    static const char *const modes[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_GATE_MODES(W)
#undef W
    };
    const struct config *config = f->sources->config;
    const struct exposition_label labels[] = {
        {"role", BYTES("master")},
        {"redis_version", config->server.redis_version},
        {"brine_version", bytes_of_cstr(f->facts.server.version)},
        {"maxmemory_policy", bytes_of_cstr(policies[config_read(config->memory.policy)])},
        {"gate_mode", bytes_of_cstr(modes[config_read(config->gate.mode)])},
        {"run_id", bytes_of_cstr(f->facts.server.run_id)},
    };
    exposition_family(&f->e, "redis_instance_info", EXPOSITION_GAUGE, "what this server is");
    exposition_sample(&f->e, "", labels, ARRAY_LEN(labels), 1);
}

/* ---- the endpoint's own, and types ------------------------------------------------------------*/

static void say_own(struct figures *f, const struct http_counts *counts) {
#define C(name, doc)                                                                               \
    exposition_single(&f->e, "brine_http_" #name, EXPOSITION_COUNTER, doc,                         \
                      (double)atomic_load_explicit(&counts->name, memory_order_relaxed));
    HTTP_COUNTS(C)
#undef C
}

struct type_figures {
    struct bytes name;
    int64_t entries, bytes;
};

/* As a label it stays as it is, so that two types never become one line. */
static bool is_plain(struct bytes name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < ' ' || name.data[i] == 0x7f) return false;
    return name.len <= EXPOSITION_LABEL_BYTES_MAX && utf8_valid_prefix(name) == name.len;
}

struct type_table {
    struct type_figures rows[FIGURES_TYPES_MAX];
    size_t count;
    struct type_figures others;
};

static void add_type(struct type_table *table, const struct type_figures *type) {
    if (table->count < FIGURES_TYPES_MAX && is_plain(type->name)) {
        table->rows[table->count++] = *type;
        return;
    }
    table->others.entries += type->entries;
    table->others.bytes += type->bytes;
}

/* The reply to PICKLE.TYPES: an array of maps, the type with most entries first.  What is deeper
 * than their values is not looked at. */
static void read_types(struct bytes reply, struct type_table *table) {
    struct resp_reply_reader reader;
    struct resp_reply_event event = {0};
    struct type_figures type = {0};
    struct bytes key = {0};
    bool is_key = true, any = false;
    resp_reply_init(&reader, (struct resp_reply_limits){0});
    while (!event.ends_reply && resp_reply_next(&reader, reply, &event, NULL) == BRINE_OK) {
        reply = bytes_slice(reply, event.consumed, reply.len);
        if (event.depth == 1) {
            if (any) add_type(table, &type);
            type = (struct type_figures){0};
            any = is_key = true;
        }
        if (event.depth != 2) continue;
        if (is_key)
            key = event.text;
        else if (bytes_equal(key, BYTES("type")))
            type.name = event.text;
        else if (bytes_equal(key, BYTES("entries")))
            type.entries = event.integer;
        else if (bytes_equal(key, BYTES("bytes")))
            type.bytes = event.integer;
        is_key = !is_key;
    }
    if (any) add_type(table, &type);
    table->others.name = BYTES("(others)");
}

static void say_type(struct figures *f, struct bytes name, int64_t value) {
    say_one(f, (struct exposition_label){"type", name}, (double)value);
}

static void say_types(struct figures *f) {
    struct type_table table = {.count = 0};
    const struct bytes args[] = {BYTES("pickle.types")};
    read_types(http_desk_ask(f->desk, args, ARRAY_LEN(args)), &table);
    exposition_family(&f->e, "brine_type_entries", EXPOSITION_GAUGE,
                      "entries by the type of their value, those with most");
    for (size_t i = 0; i < table.count; i++) say_type(f, table.rows[i].name, table.rows[i].entries);
    say_type(f, table.others.name, table.others.entries);
    exposition_family(&f->e, "brine_type_bytes", EXPOSITION_GAUGE,
                      "bytes of the values of those types");
    for (size_t i = 0; i < table.count; i++) say_type(f, table.rows[i].name, table.rows[i].bytes);
    say_type(f, table.others.name, table.others.bytes);
}

enum brine_status http_figures_write(const struct http_sources *sources,
                                     const struct http_counts *counts, struct http_desk *desk,
                                     struct buf *out) {
    struct figures f = {.e = {.out = out}, .sources = sources, .desk = desk};
    http_desk_begin(desk);
    f.now_ms = desk->state.now_ms;
    http_facts_take(sources, f.now_ms, &f.facts);
    say_server(&f);
    say_snapshots(&f);
    say_brine(&f);
    say_metrics(&f);
    say_gate(&f);
    say_databases(&f);
    say_commands(&f);
    say_latencies(&f);
    say_errors(&f);
    say_instance(&f);
    say_own(&f, counts);
    say_types(&f);
    return f.e.failed ? BRINE_NO_MEMORY : BRINE_OK;
}
