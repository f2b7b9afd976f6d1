#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What monitoring tools ask, and whether they can read the answers.

    tools_view.py --server build/brine-server [--redis redis-server]

redis_exporter's and RedisInsight's requests are replayed on a server that has been used, and each
field that they read is read as they read it.  INFO is compared with redis-server's, section by
section: every field of Redis's is there, under the same title; every section can be asked for by name.
"""

import argparse
import re
import shutil
import sys

import redis

import differential

FIGURE = re.compile(r"-?\d+(\.\d+)?%?$")

# What redis_exporter makes metrics of; those of the sections that are always there.
EXPORTED = """
uptime_in_seconds process_id connected_clients blocked_clients maxclients tracking_clients
clients_in_timeout_table used_memory used_memory_rss used_memory_peak used_memory_overhead
used_memory_startup used_memory_dataset maxmemory mem_fragmentation_ratio mem_fragmentation_bytes
mem_clients_normal mem_clients_slaves lazyfree_pending_objects lazyfreed_objects active_defrag_running
used_memory_scripts number_of_cached_scripts total_system_memory mem_not_counted_for_evict
loading rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time
rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_saves rdb_last_cow_size aof_enabled
aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec
total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes
total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps rejected_connections sync_full
sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count
expire_cycle_cpu_milliseconds evicted_keys evicted_clients keyspace_hits keyspace_misses pubsub_channels
pubsub_patterns pubsubshard_channels latest_fork_usec total_forks migrate_cached_sockets
slave_expires_tracked_keys active_defrag_hits active_defrag_misses active_defrag_key_hits
active_defrag_key_misses tracking_total_keys tracking_total_items tracking_total_prefixes
unexpected_error_replies total_error_replies dump_payload_sanitizations total_reads_processed
total_writes_processed connected_slaves master_repl_offset second_repl_offset repl_backlog_active
repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen used_cpu_sys used_cpu_user
used_cpu_sys_children used_cpu_user_children cluster_enabled
""".split()
WORDS = {
    "redis_version": r"\d+\.\d+\.\d+$", "redis_mode": r"standalone$", "os": r"Linux ", "run_id": r"[0-9a-f]{40}$",
    "tcp_port": r"\d+$", "executable": r"/", "config_file": r"", "maxmemory_policy": r"[a-z-]+$",
    "mem_allocator": r".", "rdb_last_bgsave_status": r"ok$", "aof_last_bgrewrite_status": r"ok$",
    "role": r"master$", "master_replid": r"[0-9a-f]{40}$", "used_memory_human": r"[\d.]+[BKMGT]$",
    "maxmemory_human": r"[\d.]+[BKMGT]$",
}
ROWS = [  # sections of one row a command, error or database
    ("commandstats", r"cmdstat_[a-z0-9_|.-]+:calls=\d+,usec=\d+,usec_per_call=\d+\.\d\d,"
                     r"rejected_calls=\d+,failed_calls=\d+$"),
    ("errorstats", r"errorstat_[A-Z]+:count=\d+$"),
    ("latencystats", r"latency_percentiles_usec_[a-z0-9_|.-]+:p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$"),
    ("keyspace", r"db\d+:keys=\d+,expires=\d+,avg_ttl=\d+$"),
]


class Check:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, ok, what):
        self.passed += bool(ok)
        if not ok:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)


def sections(client, *names):
    """{title: [line, ...]} of INFO."""
    found, title = {}, None
    client.set_response_callback("INFO", lambda answer, **_: answer)
    for line in client.execute_command("INFO", *names).split("\r\n"):
        if line.startswith("# "):
            title = line[2:]
            found[title] = []
        elif line:
            found[title].append(line)
    return found


def use(client):
    """So that every kind of row is there."""
    client.flushall()
    client.mset({"a": 1, "b": 2})
    client.setex("c", 1000, "x")
    client.get("a")
    client.get("missing")
    for wrong in (["INCR", "c"], ["GET"], ["NOSUCH"]):
        try:
            client.execute_command(*wrong)
        except redis.ResponseError:
            pass


def exporter(client, check):
    client.execute_command("CLIENT", "SETNAME", "redis_exporter")
    found = sections(client, "ALL")
    fields = dict(line.split(":", 1) for lines in found.values() for line in lines)
    for name in EXPORTED:
        check(FIGURE.match(fields.get(name, "")), f"INFO: {name} is {fields.get(name)!r}, not a figure")
    for name, pattern in WORDS.items():
        check(re.match(pattern, fields.get(name, "\0")), f"INFO: {name} is {fields.get(name)!r}")
    for title, pattern in ROWS:
        lines = found.get(title.capitalize(), [])
        check(lines, f"INFO {title} has no rows")
        for line in lines:
            check(re.match(pattern, line), f"INFO {title}: {line}")
    config = client.execute_command("CONFIG", "GET", "*")
    for name in ("maxmemory", "maxclients", "databases", "maxmemory-policy", "timeout", "io-threads"):
        check(name in config, f"CONFIG GET * has no {name}")
    check(client.execute_command("LATENCY", "LATEST") == [], "LATENCY LATEST")
    histograms = client.execute_command("LATENCY", "HISTOGRAM")
    check("get" in histograms and "config|get" in histograms, f"LATENCY HISTOGRAM: {histograms}")
    check(client.execute_command("SLOWLOG", "LEN") >= 0, "SLOWLOG LEN")
    check(isinstance(client.execute_command("SLOWLOG", "GET", "1"), list), "SLOWLOG GET 1")
    client.set_response_callback("COMMAND", lambda answer, **_: answer)
    check(client.execute_command("COMMAND", "INFO", "COMMANDLOG") == [None], "COMMAND INFO COMMANDLOG")
    check("name=redis_exporter" in client.execute_command("CLIENT", "INFO"), "CLIENT SETNAME")


def insight(client, check):
    """The browser's way through the keys, and the panels."""
    client.set_response_callback("CLIENT LIST", lambda answer, **_: answer)
    check("cmd=client|list" in client.execute_command("CLIENT LIST"), "CLIENT LIST")
    check(client.execute_command("CONFIG", "GET", "databases") == ["databases", "16"], "databases")
    check(client.execute_command("DBSIZE") == 3, "DBSIZE")
    hello = client.execute_command("HELLO")
    check("version" in hello, f"HELLO: {hello}")
    cursor, names = client.execute_command("SCAN", 0, "MATCH", "*", "COUNT", 500)
    check(int(cursor) == 0 and sorted(names) == ["a", "b", "c"], f"SCAN: {cursor} {names}")
    for name in names:
        check(client.execute_command("TYPE", name) == "string", f"TYPE {name}")
        check(client.execute_command("TTL", name) == (1000 if name == "c" else -1), f"TTL {name}")
        check(client.execute_command("STRLEN", name) == 1, f"STRLEN {name}")
        check(len(client.execute_command("GETRANGE", name, 0, 4999)) == 1, f"GETRANGE {name}")
    for section in ("server", "memory", "keyspace", "clients", "stats", "replication"):
        check(list(sections(client, section)) == [section.capitalize()], f"INFO {section}")


def same_fields(brine, other, check):
    ours, theirs = sections(brine, "everything"), sections(other, "everything")
    check([title for title in ours if title in theirs] == list(theirs),
          f"sections: {list(ours)}, redis-server {list(theirs)}")
    rows = {title.capitalize() for title, _ in ROWS} | {"Modules"}
    for title, lines in theirs.items():
        named = {line.split(":", 1)[0] for line in ours.get(title, [])}
        for name in (line.split(":", 1)[0] for line in lines):
            if title not in rows:
                check(name in named, f"INFO {title.lower()} has no {name}")
    for name in ("default", "all", "everything"):
        mine = [title for title in sections(brine, name) if title in theirs]
        check(mine == list(sections(other, name)), f"INFO {name}: {mine}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server")
    parser.add_argument("--redis", default="redis-server")
    options = parser.parse_args()
    check = Check()
    servers = [differential.Server(shutil.which(path)) for path in (options.server, options.redis)]
    try:
        clients = [redis.Redis(*server.address, decode_responses=True) for server in servers]
        for client in clients:
            use(client)
            exporter(client, check)
            insight(client, check)
        same_fields(*clients, check)
        for client in clients:
            client.connection_pool.disconnect()
    finally:
        statuses = [server.stop() for server in servers]
    check(statuses == [0, 0], f"the servers ended with {statuses}")
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
