#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine beside redis-server: throughput, server CPU per operation, memory per entry.

    bench.py --build build/release [--rounds 5] [--quick] [--peer 'NAME=COMMAND with {port}']
             [--json FILE] [--only set:64,memory]

Each server has one core and one worker thread, the load generator another core.  In every round
each row of work goes through all servers, in an order that turns from round to round, so that what
is compared lies seconds apart; ratios are medians of the ratios within a round.  Values are pickles
of exactly the stated size, of one bytes object.  README.md beside says what this does not show.
"""
import argparse
import json
import os
import pickle
import platform
import random
import statistics
import sys
import tempfile

from peers import Peer, redis_server_command, run_load

CONNECTIONS = 50
KEYS = 1000000
# operation, bytes of value, pipeline
WORK = [(operation, size, pipeline) for size in (64, 1024) for pipeline in (1, 16, 64) for operation in ("set", "get")]
# bytes of key, bytes of value, entries, TTL in seconds (0: none)
MEMORY = [(16, 64, 1000000, 3600), (16, 64, 1000000, 0), (32, 400, 500000, 3600), (16, 10240, 50000, 3600)]
IDLE_CONNECTIONS = 5000


def pickle_of(size):
    """A pickle of one bytes object that is `size` bytes long; the bytes repeat nothing."""
    source = random.Random(size).randbytes(size)
    for length in range(size, 0, -1):
        data = pickle.dumps(source[:length], protocol=4)
        if len(data) == size:
            return data
    return sys.exit(f"no pickle of one bytes object has {size} bytes")


def value_file(folder, size):
    path = os.path.join(folder, f"{size}.pickle")
    if not os.path.exists(path):
        with open(path, "wb") as out:
            out.write(pickle_of(size))
    return path


def server_commands(args):
    brine = os.path.abspath(os.path.join(args.build, "brine-server"))
    servers = {
        "brine": f"{brine} --server.port={{port}} --server.bind=127.0.0.1 --server.threads=1 {args.brine_options}",
        "redis": redis_server_command() + ' --port {port} --bind 127.0.0.1 --save "" --appendonly no',
    }
    for peer in args.peer:
        name, _, command = peer.partition("=")
        if "{port}" not in command:
            sys.exit("--peer wants NAME=COMMAND with {port} in the command")
        servers[name] = command
    if args.servers:
        servers = {name: servers[name] for name in args.servers.split(",")}
    return servers


def start_all(commands, args):
    peers = {}
    try:
        for name, command in commands.items():
            peers[name] = Peer(name, command, args.server_cpu)
    except BaseException:
        stop_all(peers)
        raise
    return peers


def stop_all(peers):
    for peer in peers.values():
        peer.stop()


def measure(peer, args, path, operation, pipeline):
    """One run of one row: operations per second and server CPU per operation."""
    before = peer.cpu_seconds()
    run = run_load(args.load, peer, path, args.client_cpu, connections=CONNECTIONS, pipeline=pipeline, keys=args.keys,
                   set=100 if operation == "set" else 0, seconds=args.seconds)
    if run["errors"] or run["misses"]:
        sys.exit(f"{peer.name}: {run['errors']} errors, {run['misses']} misses: {run['first_error']}")
    return {"per_second": run["per_second"], "cpu_us": (peer.cpu_seconds() - before) * 1e6 / run["requests"],
            "p50_us": run["p50_us"], "p99_us": run["p99_us"],
            "client_busy": run["client_cpu_seconds"] / max(run["seconds"], 1e-9)}


def in_turn(names, turn):
    names = list(names)
    turn %= len(names)
    return names[turn:] + names[:turn]


def bench_work(args, folder):
    """rows[(operation, size, pipeline)][server] = a run per round."""
    rows = {row: {name: [] for name in args.commands} for row in WORK if wanted(args, f"{row[0]}:{row[1]}:{row[2]}")}
    sizes = sorted({row[1] for row in rows})
    for size in sizes:
        peers = start_all(args.commands, args)
        try:
            path = value_file(folder, size)
            for peer in peers.values():
                run_load(args.load, peer, path, args.client_cpu, fill=True, pipeline=64, keys=args.keys)
                run_load(args.load, peer, path, args.client_cpu, check=True, pipeline=16, keys=args.keys, seconds=0.3)
            for turn in range(args.rounds):
                for row in [row for row in rows if row[1] == size]:
                    for name in in_turn(peers, turn):
                        rows[row][name].append(measure(peers[name], args, path, row[0], row[2]))
                print(f"  {size} bytes: round {turn + 1} of {args.rounds}", file=sys.stderr, flush=True)
        finally:
            stop_all(peers)
    return rows


def bench_memory(args, folder):
    """rows[(key, value, entries, ttl)][server] = bytes an entry beyond key and value."""
    rows = {}
    for key, value, entries, ttl in MEMORY:
        if not wanted(args, f"memory:{key}+{value}"):
            continue
        entries = max(20000, entries // (10 if args.quick else 1))
        row = rows[(key, value, entries, ttl)] = {}
        for name, command in args.commands.items():
            peer = Peer(name, command, args.server_cpu)
            try:
                before = peer.rss_bytes()
                options = {"ttl": ttl} if ttl else {}
                run_load(args.load, peer, value_file(folder, value), args.client_cpu, fill=True, pipeline=16,
                         keys=entries, key_bytes=key, **options)
                held = int(peer.ask("DBSIZE").lstrip(":"))
                if held != entries:
                    sys.exit(f"{name}: holds {held} of {entries} entries")
                row[name] = (peer.rss_bytes() - before) / entries - key - value
            finally:
                peer.stop()
    return rows


def bench_idle(args):
    """Bytes of an idle connection, by server."""
    import resource
    import socket
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(IDLE_CONNECTIONS, most - 200)
    row = {}
    for name, command in args.commands.items():
        peer = Peer(name, command, args.server_cpu)
        connections = []
        try:
            before = peer.rss_bytes()
            for _ in range(count):
                connections.append(socket.create_connection(("127.0.0.1", peer.port), 10))
            peer.ask("PING")
            row[name] = (peer.rss_bytes() - before) / count
        finally:
            for connection in connections:
                connection.close()
            peer.stop()
    return row


def wanted(args, what):
    return not args.only or any(what.startswith(part) for part in args.only.split(","))


def spread(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))}-{form(max(values))})"


def ratio(runs, name, base, key):
    return statistics.median(a[key] / b[key] for a, b in zip(runs[name], runs[base]))


def thousands(value):
    return f"{value / 1000:.0f}k"


def print_work(rows, commands):
    first, others = list(commands)[0], list(commands)[1:]
    print(f"\n{'work':14}" + "".join(f"{name + ' ops/s':>26}{name + ' CPU us/op':>24}" for name in commands)
          + "".join(f"{first + '/' + other:>16}" for other in others))
    for (operation, size, pipeline), runs in rows.items():
        line = f"{operation + ':' + str(size) + ':' + str(pipeline):14}"
        for name in commands:
            line += f"{spread([run['per_second'] for run in runs[name]], thousands):>26}"
            line += f"{spread([run['cpu_us'] for run in runs[name]], '{:.2f}'.format):>24}"
        for other in others:
            line += f"{ratio(runs, first, other, 'per_second'):7.2f}x {ratio(runs, first, other, 'cpu_us'):5.2f}c"
        # Where the load generator had no time left, its figure and not the server's is seen.
        if max(run["client_busy"] for name in commands for run in runs[name]) > 0.97:
            line += "  load generator at its limit: judge by CPU"
        print(line)
    print("x: operations per second, c: server CPU per operation; medians of the ratios within a round")


def print_memory(rows, idle, commands):
    if rows:
        print(f"\n{'bytes an entry beyond key and value':44}" + "".join(f"{name:>10}" for name in commands))
    for (key, value, entries, ttl), row in rows.items():
        label = f"  {key} + {value} B, {entries} entries, {'TTL' if ttl else 'no TTL'}"
        print(f"{label:44}" + "".join(f"{row[name]:10.1f}" for name in commands))
    if idle:
        print(f"{'bytes an idle connection':44}" + "".join(f"{idle[name]:10.0f}" for name in commands))


def as_json(args, work, memory, idle):
    first, others = list(args.commands)[0], list(args.commands)[1:]
    return {
        "machine": {"cpu": platform.processor() or platform.machine(), "kernel": platform.release(), "cores": os.cpu_count()},
        "rounds": args.rounds, "seconds": args.seconds, "keys": args.keys, "connections": CONNECTIONS,
        "servers": args.commands,
        "work": [{"work": f"{row[0]}:{row[1]}:{row[2]}", "runs": runs,
                  "ratios": {other: {"per_second": ratio(runs, first, other, "per_second"),
                                     "cpu": ratio(runs, first, other, "cpu_us")} for other in others}}
                 for row, runs in work.items()],
        "memory": [{"key": key, "value": value, "entries": entries, "ttl": ttl, "overhead_bytes": row}
                   for (key, value, entries, ttl), row in memory.items()],
        "idle_connection_bytes": idle,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--keys", type=int)
    parser.add_argument("--quick", action="store_true", help="two short rounds over fewer keys: a look, no figure")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--servers", help="only these, by comma, in this order; the first is compared with the others")
    parser.add_argument("--brine-options", default="", help="appended to brine's command line")
    parser.add_argument("--only", help="rows that start with one of these, by comma: set:64, get:1024:16, memory, idle")
    parser.add_argument("--json", help="where to write what was measured (default: BUILD/../bench.json)")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--client-cpu", type=int, default=1)
    args = parser.parse_args()
    args.rounds = args.rounds or (2 if args.quick else 5)
    args.seconds = args.seconds or (0.5 if args.quick else 2.0)
    args.keys = args.keys or (100000 if args.quick else KEYS)
    args.json = args.json or os.path.join(args.build, "..", "bench.json")
    args.load = os.path.join(args.build, "tests/bench/load")
    if os.cpu_count() < 2:
        args.server_cpu = args.client_cpu = None
        print("one core only: server and load generator share it, and the figures mean little")
    args.commands = server_commands(args)
    return args


def main():
    args = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="brine-bench-") as folder:
        work = bench_work(args, folder)
        memory = bench_memory(args, folder)
    idle = bench_idle(args) if wanted(args, "idle") else {}
    if work:
        print_work(work, args.commands)
    print_memory(memory, idle, args.commands)
    with open(args.json, "w", encoding="utf-8") as out:
        json.dump(as_json(args, work, memory, idle), out, indent=1)
    print(f"\nwritten: {os.path.normpath(args.json)}")


main()
