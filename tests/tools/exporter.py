#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's prometheus-redis-exporter scrapes brine and redis-server after the same commands.

    exporter.py --server build/brine-server [--reference redis-server]

Each metric that it derives of redis-server it derives of brine, with the same labels, and no other;
counters of what was done are equal.  Labels that name the server itself (version, process, port) are
there and may differ, as do figures of memory and time.
"""

import argparse
import re
import shutil
import subprocess
import sys
import urllib.request

import differential
import serving

EXPORTER = "prometheus-redis-exporter"
LINE = re.compile(r"(?P<name>redis_[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
OWN_LABELS = {"maxmemory_policy", "process_id", "redis_build_id", "redis_version", "run_id", "tcp_port"}
EQUAL = re.compile(r"redis_(commands_(total|processed_total|failed_calls_total|rejected_calls_total)|connected_clients|"
                   r"db_keys(_expiring)?|errors_total|expired_keys_total|evicted_keys_total|keyspace_(hits|misses)_total|"
                   r"key_(size|value|value_as_string)|keys_count|slowlog_length|up|connected_slaves|pubsub_channels|"
                   r"rejected_connections_total)$")
COMMANDS = ["FLUSHALL", "CONFIG RESETSTAT", "MSET key:1 v key:2 hello key:3 5", "GET key:1", "GET none", "SET x y EX 1000",
            "INCR key:1", "INCR key:3", "DEL none", "NOSUCH", "GET", "MULTI", "SET", "EXEC", "SELECT 3", "SET there 1",
            "SELECT 0", "EXPIRE key:2 -1", "OBJECT FREQ key:1", "SCAN 0", "BITCOUNT key:1", "XX", "EVALSHA 0 0"]


def use(server):
    connection = differential.Connection(server)
    for command in COMMANDS:
        connection.ask(command.encode().split())
    connection.close()


def scrape(server):
    """name and labels -> value."""
    host, port = server.address
    page_port = serving.free_port()
    command = [EXPORTER, "-redis.addr", f"redis://{host}:{port}", "-web.listen-address", f"127.0.0.1:{page_port}",
               "-include-system-metrics", "-check-keys", "db0=key:*", "-count-keys", "db0=key:*"]
    url = f"http://127.0.0.1:{page_port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        def answers():
            try:
                return urllib.request.urlopen(url + "/health", timeout=10).status == 200
            except OSError:
                return False
        try:
            if not serving.await_that(answers, process):
                raise SystemExit(f"{EXPORTER} does not serve")
            page = urllib.request.urlopen(url + "/metrics", timeout=60).read().decode()
        finally:
            process.terminate()
    found = {}
    for match in filter(None, map(LINE.match, page.splitlines())):
        labels = tuple((name, "" if name in OWN_LABELS else text) for name, text in LABEL.findall(match["labels"] or ""))
        found[match["name"], labels] = match["value"]
    return found


def compare(servers, _options):
    mine, theirs = map(read, servers)
    passed = failed = 0
    for metric in sorted({*mine, *theirs}):
        name, labels = metric
        if name.startswith("redis_exporter_"):
            continue
        in_both = metric in mine and metric in theirs
        same = in_both and (not EQUAL.match(name) or mine[metric] == theirs[metric])
        passed += same
        failed += not same
        if not same:
            print(f"{name}{dict(labels)}: {mine.get(metric, 'missing')}, not {theirs.get(metric, 'there')}")
    return passed, failed


def read(server):
    use(server)
    return scrape(server)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", default="build/brine-server", help="a program, or host:port")
    parser.add_argument("--reference", default="redis-server", help="a program, or host:port")
    options = parser.parse_args()
    if not shutil.which(EXPORTER):
        raise SystemExit(f"{EXPORTER}: not found")
    passed, failed = differential.with_servers(options, compare)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
