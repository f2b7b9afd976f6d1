/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* INFO.  Sections and fields are Redis 7.0's, in its order, as far as they say something here;
 * what exporters insist on is there even where it is always 0 (no replicas, no scripts).  What is
 * ours stands in a section of its own, which exporters skip. */

#include "cmd/cluster.h"
#include "cmd/handlers.h"
#include "cmd/slow.h"

#include "base/number.h"
#include "gate/keeper.h"
#include "keyspace/room.h"
#include "observe/audit.h"
#include "observe/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

struct info {
    struct buf *out;
    bool failed; /* sticky */
    const struct command_call *call;
    struct server_facts facts;
};

PRINTF_LIKE(2, 3) static void say(struct info *info, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (!info->failed) info->failed = buf_vprintf(info->out, format, args) != BRINE_OK;
    va_end(args);
}

static uint64_t total(const struct info *info, enum metric metric) {
    const struct metrics_set *set = info->call->worker->metrics_set;
    return set ? metrics_set_sum(set, metric) : 0;
}

/* "12B", "1.50K", "2.00G" */
struct human {
    char text[32];
};
static struct human human(uint64_t bytes) {
    static const char units[] = "KMGTP";
    struct human result;
    double size = (double)bytes;
    size_t unit = 0;
    if (bytes < 1024) {
        snprintf(result.text, sizeof result.text, "%" PRIu64 "B", bytes);
        return result;
    }
    for (size /= 1024; size >= 1024 && units[unit + 1]; unit++) size /= 1024;
    snprintf(result.text, sizeof result.text, "%.2f%c", size, units[unit]);
    return result;
}

static void say_server(struct info *info) {
    const struct server_facts *facts = &info->facts;
    struct bytes version = info->call->worker->config->server.redis_version;
    struct bytes file = info->call->worker->config->file_path;
    struct utsname name = {0};
    int64_t uptime_s = MAX(info->call->now_ms - facts->started_at_ms, 0) / 1000;
    if (!facts->started_at_ms) uptime_s = 0;
    uname(&name);
    say(info, "redis_version:%.*s\r\n", (int)version.len, (const char *)version.data);
    say(info, "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:0\r\n");
    say(info, "brine_version:%s\r\n", facts->version);
    say(info, "redis_mode:%s\r\n",
        cluster_is_enabled(info->call->worker) ? "cluster" : "standalone");
    say(info, "os:%s %s %s\r\narch_bits:%zu\r\n", name.sysname, name.release, name.machine,
        sizeof(void *) * 8);
    say(info, "monotonic_clock:POSIX clock_gettime\r\nmultiplexing_api:epoll\r\n");
    say(info, "atomicvar_api:c11-builtin\r\ngcc_version:%d.%d.%d\r\n", __GNUC__, __GNUC_MINOR__,
        __GNUC_PATCHLEVEL__);
    say(info, "process_id:%" PRId64 "\r\nprocess_supervised:no\r\nrun_id:%s\r\n", facts->process_id,
        facts->run_id);
    say(info, "tcp_port:%" PRId64 "\r\nserver_time_usec:%" PRId64 "\r\n", facts->tcp_port,
        info->call->now_ms * 1000);
    say(info, "uptime_in_seconds:%" PRId64 "\r\nuptime_in_days:%" PRId64 "\r\n", uptime_s,
        uptime_s / 86400);
    say(info, "hz:10\r\nconfigured_hz:10\r\nlru_clock:%" PRId64 "\r\n",
        info->call->now_ms / 1000 & 0xffffff);
    say(info, "executable:%s\r\nconfig_file:%.*s\r\nio_threads_active:%d\r\n", facts->executable,
        (int)file.len, (const char *)file.data, facts->workers > 1);
}

static void say_clients(struct info *info) {
    say(info, "connected_clients:%" PRIu64 "\r\ncluster_connections:0\r\n",
        total(info, METRIC_connected_clients));
    say(info, "maxclients:%" PRId64 "\r\n",
        config_read(info->call->worker->config->server.max_clients));
    say(info, "client_recent_max_input_buffer:%zu\r\nclient_recent_max_output_buffer:%zu\r\n",
        info->facts.recent_query_bytes, info->facts.recent_output_bytes);
    say(info, "blocked_clients:%" PRIu64 "\r\n", total(info, METRIC_blocked_clients));
    say(info, "tracking_clients:%zu\r\nclients_in_timeout_table:0\r\n",
        atomic_load(&info->call->worker->shared->tracking.clients));
}

static double ratio(size_t of, size_t to) {
    return to ? (double)of / (double)to : 0;
}

/* What it has of pages beyond what it was asked for, and the process beyond its pages. */
static void say_allocator(struct info *info, const struct machine_allocator *allocator,
                          size_t resident) {
    size_t allocated = allocator->allocated_bytes, active = allocator->active_bytes;
    say(info, "allocator_frag_ratio:%.2f\r\nallocator_frag_bytes:%zu\r\n", ratio(active, allocated),
        active - MIN(allocated, active));
    say(info, "allocator_rss_ratio:%.2f\r\nallocator_rss_bytes:%" PRId64 "\r\n",
        ratio(allocator->resident_bytes, active),
        (int64_t)allocator->resident_bytes - (int64_t)active);
    say(info, "rss_overhead_ratio:%.2f\r\nrss_overhead_bytes:%" PRId64 "\r\n",
        ratio(resident, allocator->resident_bytes),
        (int64_t)resident - (int64_t)allocator->resident_bytes);
}

static void say_memory(struct info *info) {
    struct config *config = info->call->worker->config;
    size_t stored = store_used_bytes(info->call->access->keyspace->store);
    size_t used = info->facts.memory_used_bytes ? info->facts.memory_used_bytes
                                                : stored + info->facts.clients_buffer_bytes;
    size_t peak = MAX(info->facts.memory_peak_bytes, used);
    size_t resident = machine_resident_bytes();
    struct machine_allocator allocator = machine_allocator();
    size_t machine = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t max = room_limit(info->call->access->keyspace);
    static const char *const policies[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_MEMORY_POLICIES(W)
#undef W
    };
    say(info, "used_memory:%zu\r\nused_memory_human:%s\r\n", used, human(used).text);
    say(info, "used_memory_rss:%zu\r\nused_memory_rss_human:%s\r\n", resident,
        human(resident).text);
    say(info, "used_memory_peak:%zu\r\nused_memory_peak_human:%s\r\n", peak, human(peak).text);
    say(info, "used_memory_peak_perc:%.2f%%\r\n", peak ? (double)used * 100 / (double)peak : 0);
    say(info, "used_memory_overhead:%zu\r\nused_memory_startup:0\r\n", used - MIN(stored, used));
    say(info, "used_memory_dataset:%zu\r\nused_memory_dataset_perc:%.2f%%\r\n", stored,
        used ? (double)stored * 100 / (double)used : 0);
    say(info, "allocator_allocated:%zu\r\nallocator_active:%zu\r\nallocator_resident:%zu\r\n",
        allocator.allocated_bytes, allocator.active_bytes, allocator.resident_bytes);
    say(info, "used_memory_lua:0\r\nused_memory_lua_human:0B\r\nused_memory_scripts:0\r\n");
    say(info, "used_memory_scripts_human:0B\r\nnumber_of_cached_scripts:%zu\r\n",
        script_cache_count(&info->call->worker->shared->scripts));
    say(info, "maxmemory:%zu\r\nmaxmemory_human:%s\r\nmaxmemory_policy:%s\r\n", max,
        human(max).text, policies[config_read(config->memory.policy)]);
    say_allocator(info, &allocator, resident);
    say(info, "mem_fragmentation_ratio:%.2f\r\nmem_fragmentation_bytes:%" PRId64 "\r\n",
        used ? (double)resident / (double)used : 0, (int64_t)resident - (int64_t)used);
    say(info, "mem_not_counted_for_evict:0\r\nmem_replication_backlog:0\r\n");
    say(info, "mem_clients_slaves:0\r\nmem_clients_normal:%zu\r\nmem_aof_buffer:0\r\n",
        info->facts.clients_buffer_bytes);
    say(info, "mem_allocator:brine\r\nactive_defrag_running:0\r\n");
    say(info, "total_system_memory:%zu\r\ntotal_system_memory_human:%s\r\n", machine,
        human(machine).text);
    say(info, "used_memory_vm_eval:0\r\nused_memory_vm_functions:0\r\nused_memory_vm_total:0\r\n");
    say(info, "used_memory_vm_total_human:0B\r\nused_memory_functions:0\r\n");
    say(info, "used_memory_scripts_eval:0\r\nnumber_of_functions:0\r\nnumber_of_libraries:0\r\n");
    say(info, "mem_cluster_links:0\r\nmem_total_replication_buffers:0\r\n");
    say(info, "lazyfree_pending_objects:0\r\nlazyfreed_objects:0\r\n");
}

static void say_persistence(struct info *info) {
    const struct services *services = info->call->worker->services;
    struct snapshots_facts facts = {.last_ok = true,
                                    .last_save_s = info->facts.started_at_ms / 1000,
                                    .last_took_s = -1,
                                    .current_took_s = -1};
    if (services && services->snapshots) snapshots_facts(services->snapshots, &facts);
    say(info, "loading:%d\r\nasync_loading:0\r\n", facts.loading);
    if (facts.loading) {
        uint64_t percent =
            facts.load_bytes_total ? facts.load_bytes * 100 / facts.load_bytes_total : 0;
        say(info, "loading_start_time:%" PRId64 "\r\nloading_total_bytes:%" PRIu64 "\r\n",
            facts.load_started_s, facts.load_bytes_total);
        say(info, "loading_loaded_bytes:%" PRIu64 "\r\nloading_loaded_perc:%" PRIu64 ".00\r\n",
            facts.load_bytes, percent);
    }
    say(info, "current_cow_peak:0\r\ncurrent_cow_size:0\r\ncurrent_cow_size_age:0\r\n");
    say(info, "current_fork_perc:0.00\r\n"); /* a snapshot forks nothing */
    say(info, "current_save_keys_processed:%" PRIu64 "\r\ncurrent_save_keys_total:%" PRIu64 "\r\n",
        facts.current_done, facts.current_total);
    say(info, "rdb_changes_since_last_save:%" PRIu64 "\r\nrdb_bgsave_in_progress:%d\r\n",
        facts.changes_since, facts.saving);
    say(info, "rdb_last_save_time:%" PRId64 "\r\nrdb_last_bgsave_status:%s\r\n", facts.last_save_s,
        facts.last_ok ? "ok" : "err");
    say(info, "rdb_last_bgsave_time_sec:%" PRId64 "\r\nrdb_current_bgsave_time_sec:%" PRId64 "\r\n",
        facts.last_took_s, facts.current_took_s);
    say(info, "rdb_saves:%" PRIu64 "\r\nrdb_last_cow_size:%zu\r\n", facts.saves,
        facts.last_memory_bytes);
    say(info, "rdb_last_load_keys_expired:%" PRIu64 "\r\nrdb_last_load_keys_loaded:%" PRIu64 "\r\n",
        facts.expired, facts.loaded);
    say(info, "aof_enabled:0\r\naof_rewrite_in_progress:0\r\n");
    say(info, "aof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:-1\r\n");
    say(info, "aof_current_rewrite_time_sec:-1\r\naof_last_bgrewrite_status:ok\r\n");
    say(info, "aof_rewrites:0\r\naof_rewrites_consecutive_failures:0\r\n");
    say(info, "aof_last_write_status:ok\r\naof_last_cow_size:0\r\n");
    say(info, "module_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n");
}

static void say_stats(struct info *info) {
    struct store_counts counts = store_counts(info->call->access->keyspace->store);
    struct command_shared *shared = info->call->worker->shared;
    say(info, "total_connections_received:%" PRIu64 "\r\n",
        total(info, METRIC_connections_received_total));
    say(info, "total_commands_processed:%" PRIu64 "\r\n",
        total(info, METRIC_commands_processed_total));
    say(info, "instantaneous_ops_per_sec:%" PRIu64 "\r\n", info->facts.ops_per_second);
    say(info, "total_net_input_bytes:%" PRIu64 "\r\ntotal_net_output_bytes:%" PRIu64 "\r\n",
        total(info, METRIC_net_input_bytes), total(info, METRIC_net_output_bytes));
    say(info, "instantaneous_input_kbps:%.2f\r\ninstantaneous_output_kbps:%.2f\r\n",
        (double)info->facts.input_bytes_per_second / 1024,
        (double)info->facts.output_bytes_per_second / 1024);
    say(info, "instantaneous_input_repl_kbps:0.00\r\ninstantaneous_output_repl_kbps:0.00\r\n");
    say(info, "total_net_repl_input_bytes:0\r\ntotal_net_repl_output_bytes:0\r\n");
    say(info, "rejected_connections:%" PRIu64 "\r\n", total(info, METRIC_rejected_connections));
    say(info, "sync_full:0\r\nsync_partial_ok:0\r\nsync_partial_err:0\r\n");
    say(info, "expired_keys:%" PRIu64 "\r\nexpired_stale_perc:%.2f\r\n",
        counts.expired_total - atomic_load(&shared->expired_before),
        keyspace_stale_share(info->call->access->keyspace) * 100);
    say(info, "expired_time_cap_reached_count:%" PRIu64 "\r\n",
        total(info, METRIC_upkeep_cut_short));
    say(info, "expire_cycle_cpu_milliseconds:%" PRIu64 "\r\n",
        total(info, METRIC_upkeep_us) / 1000);
    struct room_counts room = room_counts(info->call->access->keyspace, info->call->now_ms);
    say(info, "evicted_keys:%" PRIu64 "\r\ntotal_eviction_exceeded_time:%" PRId64 "\r\n",
        counts.evicted_total - atomic_load(&shared->evicted_before),
        MAX(room.exceeded_ms - atomic_load(&shared->exceeded_before_ms), 0));
    say(info, "current_eviction_exceeded_time:%" PRId64 "\r\n", room.exceeded_now_ms);
    say(info, "evicted_clients:%" PRIu64 "\r\n", total(info, METRIC_client_budget_closed));
    say(info, "keyspace_hits:%" PRIu64 "\r\nkeyspace_misses:%" PRIu64 "\r\n",
        total(info, METRIC_keyspace_hits), total(info, METRIC_keyspace_misses));
    struct pubsub *pubsub = &info->call->worker->shared->pubsub;
    say(info, "pubsub_channels:%zu\r\npubsub_patterns:%zu\r\npubsubshard_channels:%zu\r\n",
        atomic_load(&pubsub->counts[PUBSUB_CHANNEL]), atomic_load(&pubsub->counts[PUBSUB_PATTERN]),
        atomic_load(&pubsub->counts[PUBSUB_SHARD]));
    say(info, "latest_fork_usec:0\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\n");
    say(info, "slave_expires_tracked_keys:0\r\nactive_defrag_hits:0\r\n");
    say(info, "active_defrag_misses:0\r\nactive_defrag_key_hits:0\r\n");
    say(info, "total_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n");
    const struct tracking *tracking = &info->call->worker->shared->tracking;
    say(info, "active_defrag_key_misses:0\r\ntracking_total_keys:%zu\r\n",
        atomic_load(&tracking->keys));
    say(info, "tracking_total_items:%zu\r\ntracking_total_prefixes:%zu\r\n",
        atomic_load(&tracking->items), atomic_load(&tracking->prefixes_count));
    say(info, "unexpected_error_replies:0\r\ntotal_error_replies:%" PRIu64 "\r\n",
        total(info, METRIC_error_replies));
    say(info, "dump_payload_sanitizations:0\r\n");
    say(info, "total_reads_processed:%" PRIu64 "\r\ntotal_writes_processed:%" PRIu64 "\r\n",
        total(info, METRIC_net_reads), total(info, METRIC_net_writes));
    say(info, "io_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\n");
    say(info, "reply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\n");
}

static void say_replication(struct info *info) {
    say(info, "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n");
    say(info, "master_replid:%s\r\n", info->facts.run_id);
    say(info, "master_replid2:0000000000000000000000000000000000000000\r\n");
    say(info, "master_repl_offset:0\r\nsecond_repl_offset:-1\r\nrepl_backlog_active:0\r\n");
    say(info, "repl_backlog_size:0\r\nrepl_backlog_first_byte_offset:0\r\n");
    say(info, "repl_backlog_histlen:0\r\n");
}

static void say_cpu(struct info *info) {
    struct rusage self = {0}, children = {0};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    say(info, "used_cpu_sys:%ld.%06ld\r\nused_cpu_user:%ld.%06ld\r\n", self.ru_stime.tv_sec,
        self.ru_stime.tv_usec, self.ru_utime.tv_sec, self.ru_utime.tv_usec);
    say(info, "used_cpu_sys_children:%ld.%06ld\r\nused_cpu_user_children:%ld.%06ld\r\n",
        children.ru_stime.tv_sec, children.ru_stime.tv_usec, children.ru_utime.tv_sec,
        children.ru_utime.tv_usec);
    int64_t system_us = info->facts.first_worker_system_us;
    int64_t user_us = info->facts.first_worker_user_us;
    say(info, "used_cpu_sys_main_thread:%" PRId64 ".%06" PRId64 "\r\n", system_us / 1000000,
        system_us % 1000000);
    say(info, "used_cpu_user_main_thread:%" PRId64 ".%06" PRId64 "\r\n", user_us / 1000000,
        user_us % 1000000);
}

static void say_nothing(struct info *info) {
    (void)info;
}

static void say_commandstats(struct info *info) {
    const struct metrics_set *set = info->call->worker->metrics_set;
    for (size_t row = 0; set && row < command_table_count(); row++) {
        struct metrics_command_sum sum = metrics_set_command(set, row);
        if (!sum.calls && !sum.rejected && !sum.failed) continue;
        say(info, "cmdstat_%s:calls=%" PRIu64 ",usec=%" PRIu64 ",usec_per_call=%.2f",
            command_table[row].name, sum.calls, sum.nsec / 1000,
            sum.calls ? (double)sum.nsec / 1000 / (double)sum.calls : 0);
        say(info, ",rejected_calls=%" PRIu64 ",failed_calls=%" PRIu64 "\r\n", sum.rejected,
            sum.failed);
    }
}

/* p50=1.003,p99=2.007 of one command, as the option's words ask for. */
static void say_percentiles(struct info *info, const struct histogram *histogram,
                            struct bytes words) {
    const char *comma = "";
    char label[PERCENTILE_LABEL_BYTES];
    double percentile;
    while (words.len > 0) {
        struct bytes word = latency_next_percentile(&words);
        if (latency_read_percentile(word, &percentile, label) != PERCENTILE_GOOD) continue;
        uint64_t ns = histogram_quantile(histogram, percentile / 100);
        say(info, "%sp%s=%.3f", comma, label, (double)ns / 1000);
        comma = ",";
    }
    say(info, "\r\n");
}

static void say_latencystats(struct info *info) {
    struct worker_state *worker = info->call->worker;
    struct config *config = worker->config;
    struct histogram *histogram = arena_alloc(&worker->scratch, sizeof *histogram);
    struct buf words;
    if (!worker->metrics_set || !config_read(config->latency.tracking)) return;
    buf_init(&words, worker->mem, PERCENTILES_BYTES_MAX);
    if (!histogram || config_copy_text(config, &config->latency.percentiles, &words) != BRINE_OK) {
        info->failed = true;
        goto done;
    }
    for (size_t row = 0; row < command_table_count(); row++) {
        histogram_clear(histogram);
        if (!metrics_set_latency(worker->metrics_set, row, histogram)) continue;
        say(info, "latency_percentiles_usec_%s:", command_table[row].name);
        say_percentiles(info, histogram, buf_view(&words));
    }
done:
    buf_deinit(&words);
}

static void say_errorstats(struct info *info) {
    struct error_kinds *errors = &info->call->worker->shared->errors;
    size_t count = atomic_load_explicit(&errors->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        uint64_t times = atomic_load_explicit(&errors->kinds[i].times, memory_order_relaxed);
        if (times) say(info, "errorstat_%s:count=%" PRIu64 "\r\n", errors->kinds[i].name, times);
    }
}

static void say_cluster(struct info *info) {
    say(info, "cluster_enabled:%d\r\n", cluster_is_enabled(info->call->worker));
}

static void say_keyspace(struct info *info) {
    struct store *store = info->call->access->keyspace->store;
    for (uint32_t db = 0; db < store_databases(store); db++) {
        struct store_counts counts = store_counts_db(store, db);
        int64_t left_ms = 0;
        if (!counts.keys) continue;
        if (counts.keys_with_expiry)
            left_ms = (int64_t)(counts.expire_at_sum_s / counts.keys_with_expiry) * 1000 -
                      info->call->now_ms;
        say(info, "db%" PRIu32 ":keys=%" PRIu64 ",expires=%" PRIu64 ",avg_ttl=%" PRId64 "\r\n", db,
            counts.keys, counts.keys_with_expiry, MAX(left_ms, 0));
    }
}

static void say_audit(struct info *info) {
    struct gate_keeper *keeper = info->call->access->keyspace->gate->keeper;
    struct audit_stats stats = audit_stats(keeper ? gate_keeper_parts(keeper)->audit : NULL);
    say(info, "audit_records:%" PRIu64 "\r\naudit_dropped:%" PRIu64 "\r\n", stats.records_total,
        stats.dropped_total);
    say(info, "audit_queue_bytes:%zu\r\n", stats.queue_bytes);
}

/* What the last load could not bring back. */
static void say_last_load(struct info *info) {
    const struct services *services = info->call->worker->services;
    struct snapshots_facts facts = {0};
    if (services && services->snapshots) snapshots_facts(services->snapshots, &facts);
    say(info, "snapshot_load_refused:%" PRIu64 "\r\nsnapshot_load_lost:%" PRIu64 "\r\n",
        facts.refused, facts.lost_records);
    say(info, "snapshot_load_damaged_bytes:%" PRIu64 "\r\nsnapshot_load_evicted:%" PRIu64 "\r\n",
        facts.lost_bytes, facts.evicted);
}

/* What the hit ratio would be with another memory.max. */
static void say_forecast(struct info *info) {
    static const char *const names[FORECAST_SIZES] = {[FORECAST_HALF] = "half",
                                                      [FORECAST_SAME] = "same",
                                                      [FORECAST_DOUBLE] = "double",
                                                      [FORECAST_QUADRUPLE] = "quadruple"};
    struct store_forecast forecast = store_forecast(info->call->access->keyspace->store);
    if (!forecast.known) return;
    say(info, "forecast_keys:%zu\r\nforecast_keys_share:%.6f\r\nforecast_reads:%" PRIu64 "\r\n",
        forecast.keys, forecast.share, forecast.reads);
    for (size_t i = 0; i < FORECAST_SIZES; i++)
        say(info, "forecast_hit_ratio_%s:%.4f\r\n", names[i], forecast.hit_ratios[i]);
}

/* How long what was evicted had not been used: a cache that is large enough has only large ones. */
static void say_eviction(struct info *info) {
    const struct keyspace *keyspace = info->call->access->keyspace;
    struct store_idle_counts idle = store_idle_counts(keyspace->store);
    say(info, "eviction_taken_bytes:%zu\r\neviction_limit_bytes:%zu\r\n",
        room_taken_bytes(keyspace), room_limit(keyspace));
    say(info, "eviction_overhead_bytes:%zu\r\neviction_hole_bytes:%zu\r\n",
        room_counts(keyspace, info->call->now_ms).overhead_bytes,
        store_hole_bytes(keyspace->store));
    for (unsigned i = 0; i < STORE_IDLE_BUCKETS; i++)
        if (idle.counts[i])
            say(info, "evicted_idle_below_%" PRIu64 "ms:%" PRIu64 "\r\n", UINT64_C(1) << i,
                idle.counts[i]);
    say_forecast(info);
}

static void say_brine(struct info *info) {
    struct store *store = info->call->access->keyspace->store;
    static const char *const modes[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_GATE_MODES(W)
#undef W
    };
    say(info, "workers:%zu\r\nshards:%zu\r\n", info->facts.workers, store_shards(store));
    say(info, "gate_mode:%s\r\n", modes[config_read(info->call->worker->config->gate.mode)]);
    say(info, "gate_admitted:%" PRIu64 "\r\ngate_refused:%" PRIu64 "\r\n",
        total(info, METRIC_gate_admitted), total(info, METRIC_gate_refused));
    say(info, "upkeep_turns:%" PRIu64 "\r\nupkeep_long_turns:%" PRIu64 "\r\n",
        total(info, METRIC_upkeep_turns), total(info, METRIC_upkeep_long_turns));
    say(info, "stored_bytes:%zu\r\nauth_failures:%" PRIu64 "\r\n", store_used_bytes(store),
        total(info, METRIC_auth_failures));
    say(info, "client_read_pauses:%" PRIu64 "\r\nclient_output_limit_closed:%" PRIu64 "\r\n",
        total(info, METRIC_client_read_pauses), total(info, METRIC_client_output_limit_closed));
    say(info, "client_query_limit_closed:%" PRIu64 "\r\nsecurity_drops:%" PRIu64 "\r\n",
        total(info, METRIC_client_query_limit_closed), total(info, METRIC_security_drops));
    say_audit(info);
    say_last_load(info);
}

static const struct section {
    const char *title;
    bool by_default; /* what INFO alone shows; the others come with ALL, EVERYTHING and by name */
    void (*say)(struct info *info);
} sections[] = {
    {"Server", true, say_server},
    {"Clients", true, say_clients},
    {"Memory", true, say_memory},
    {"Persistence", true, say_persistence},
    {"Stats", true, say_stats},
    {"Replication", true, say_replication},
    {"CPU", true, say_cpu},
    {"Modules", true, say_nothing},
    {"Commandstats", false, say_commandstats},
    {"Errorstats", true, say_errorstats},
    {"Latencystats", false, say_latencystats},
    {"Cluster", true, say_cluster},
    {"Keyspace", true, say_keyspace},
    {"Eviction", true, say_eviction},
    {"Brine", true, say_brine},
};

enum { INFO_FIRST_SECTION = 1 };

static bool is_wanted(const struct command_call *call, const struct section *section) {
    if (call->args_count == INFO_FIRST_SECTION) return section->by_default;
    for (size_t i = INFO_FIRST_SECTION; i < call->args_count; i++) {
        if (call_is(call, i, section->title) || call_is(call, i, "all") ||
            call_is(call, i, "everything"))
            return true;
        if (section->by_default && call_is(call, i, "default")) return true;
    }
    return false;
}

/* INFO [section ...] */
void cmd_info(struct command_call *call) {
    struct info info = {
        .out = &call->worker->collected, .call = call, .facts = call_server_facts(call)};
    buf_clear(info.out);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (!is_wanted(call, &sections[i])) continue;
        say(&info, "%s# %s\r\n", info.out->len ? "\r\n" : "", sections[i].title);
        sections[i].say(&info);
    }
    if (info.failed)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_verbatim(call->reply, buf_view(info.out));
    buf_clear(info.out);
}
