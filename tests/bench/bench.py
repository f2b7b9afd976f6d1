#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine beside redis-server: throughput, server CPU per operation, memory, pauses, workers.

    bench.py --build build/release [--rounds 5] [--quick] [--peer 'NAME=COMMAND with {port}']
             [--json FILE] [--only "set 64 B,memory"] [--keep] [--realtime 5]

Each server has one core and one worker thread, the load generator another core.  In every round
each row of work goes through all servers, in an order that turns from round to round, so that what
is compared lies seconds apart; ratios are medians of the ratios within a round, with their range
beside.  The rows, the values and the bars are in rows.py; README.md says what this does not show.
"""
import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time

import extras
from peers import Peer, redis_server_command, run_load
from rows import GROWTH_FROM, GROWTH_TO, OFF, REDIS, ROWS, keys_of, name_of, value_of

CONNECTIONS = 50
KEYS = 1000000
GATE_ROUNDS = 3  # times as many, as short, where the bar lies within the noise of few


def value_file(folder, kind, size):
    path = os.path.join(folder, f"{kind}-{size}.pickle")
    if not os.path.exists(path):
        with open(path, "wb") as out:
            out.write(value_of(kind, size))
    return path


def server_commands(args):
    brine = os.path.abspath(os.path.join(args.build, "brine-server"))
    brine += f" --server.port={{port}} --server.bind=127.0.0.1 {args.brine_options}"
    commands = {
        "brine": brine + " --server.threads=1",
        REDIS: redis_server_command() + ' --port {port} --bind 127.0.0.1 --save "" --appendonly no',
    }
    for peer in args.peer:
        name, _, command = peer.partition("=")
        if "{port}" not in command:
            sys.exit("--peer wants NAME=COMMAND with {port} in the command")
        commands[name] = command
    return commands, {OFF: brine + " --server.threads=1 --gate.mode=off", "two": brine + " --server.threads=2"}


def start_all(commands, args):
    peers = {}
    try:
        for name, command in commands.items():
            peers[name] = Peer(name, command, args.server_cpu, args.realtime)
    except BaseException:
        stop_all(peers)
        raise
    return peers


def stop_all(peers):
    for peer in peers.values():
        peer.stop()


def load(args, peer, path, **options):
    return run_load(args.load, peer, path, args.client_cpu, args.realtime, **options)


def measure(peer, args, path, row, seconds):
    """One run of one row: operations per second and server CPU per operation."""
    before = peer.cpu_seconds()
    run = load(args, peer, path, connections=CONNECTIONS, pipeline=row.pipeline, keys=keys_of(row.size, args.keys),
               set=100 if row.operation == "set" else 0, seconds=seconds)
    if run["errors"] or run["misses"]:
        sys.exit(f"{peer.name}: {run['errors']} errors, {run['misses']} misses: {run['first_error']}")
    return {"ops": run["per_second"], "cpu": (peer.cpu_seconds() - before) * 1e6 / run["requests"],
            "p50_us": run["p50_us"], "p99_us": run["p99_us"],
            "client_busy": run["client_cpu_seconds"] / max(run["seconds"], 1e-9)}


def in_turn(names, turn):
    names = list(names)
    turn %= len(names)
    return names[turn:] + names[:turn]


def bench_group(args, folder, rows, commands):
    """The rows of one kind and size of value: runs[row][server] = a run per round."""
    path, size = value_file(folder, rows[0].value, rows[0].size), rows[0].size
    is_gate = rows[0].against == OFF
    rounds, seconds = args.rounds, args.seconds
    if is_gate:
        rounds, seconds = rounds * GATE_ROUNDS, max(seconds / GATE_ROUNDS, 0.25)
    runs = {row: {name: [] for name in commands} for row in rows}
    peers = start_all(commands, args)
    try:
        for peer in peers.values():
            load(args, peer, path, fill=True, pipeline=16, keys=keys_of(size, args.keys))
            load(args, peer, path, check=True, pipeline=4, keys=keys_of(size, args.keys), seconds=0.2)
        for turn in range(rounds):
            for row in rows:
                for name in in_turn(peers, turn):
                    runs[row][name].append(measure(peers[name], args, path, row, seconds))
        print(f"  {rows[0].value} of {size} bytes{', gate on and off' if is_gate else ''}: done", file=sys.stderr, flush=True)
    finally:
        stop_all(peers)
    return runs


def bench_work(args, folder):
    rows = [row for row in ROWS if wanted(args, name_of(row))]
    groups, runs = {}, {}
    for row in rows:
        groups.setdefault((row.value, row.size, row.against), []).append(row)
    for (_, _, against), group in groups.items():
        commands = {"brine": args.commands["brine"], OFF: args.others[OFF]} if against == OFF else args.commands
        runs.update(bench_group(args, folder, group, commands))
    return runs


def wanted(args, what):
    return not args.only or any(what.startswith(part) for part in args.only.split(","))


# ---- figures ---------------------------------------------------------------------------------------

def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def ratios(runs, name, base, key):
    return spread([a[key] / b[key] for a, b in zip(runs[name], runs[base])])


def figures_of(row, runs):
    """What the JSON has of a row, and the verdict."""
    figures = {"row": name_of(row), "against": row.against, "servers": {}, "ratios": {}}
    for name, of_server in runs.items():
        figures["servers"][name] = {key: spread([run[key] for run in of_server]) for key in of_server[0]}
        if name != "brine":
            figures["ratios"][name] = {key: ratios(runs, "brine", name, key) for key in ("ops", "cpu")}
    # Where the load generator had no time left, its figure and not the server's is seen.
    figures["load_at_limit"] = max(run["client_busy"] for of_server in runs.values() for run in of_server) > 0.97
    if row.bar and row.against in figures["ratios"]:
        value = figures["ratios"][row.against][row.bar.kind]["median"]
        figures["bar"] = {"kind": row.bar.kind, "limit": row.bar.limit, "value": value,
                          "met": value >= row.bar.limit if row.bar.kind == "ops" else value <= row.bar.limit}
    return figures


def thousands(value):
    return f"{value / 1000:.0f}k" if value >= 10000 else f"{value:.0f}"


def range_text(figures, form):
    return f"{form(figures['median'])} ({form(figures['low'])}-{form(figures['high'])})"


def bar_text(bar):
    sign = ">=" if bar["kind"] == "ops" else "<="
    return f"{bar['kind']} {sign} {bar['limit']:.2f} {'ok' if bar['met'] else 'MISSED'}"


def print_work(all_figures):
    print(f"\n{'work':24}{'server':>10}{'ops/s (range)':>26}{'CPU us/op (range)':>26}{'brine / it: ops':>24}{'CPU':>22}  bar")
    for figures in all_figures:
        for number, (name, of_server) in enumerate(figures["servers"].items()):
            line = f"{'' if number else figures['row']:24}{name:>10}"
            line += f"{range_text(of_server['ops'], thousands):>26}{range_text(of_server['cpu'], '{:.2f}'.format):>26}"
            if name in figures["ratios"]:
                of_ratio = figures["ratios"][name]
                line += "".join(f"{range_text(of_ratio[key], '{:.2f}'.format):>{width}}" for key, width in (("ops", 24), ("cpu", 22)))
                if "bar" in figures and name == figures["against"]:
                    line += "  " + bar_text(figures["bar"])
                if figures["load_at_limit"]:
                    line += "  load generator at its limit: judge by CPU"
            print(line)


def print_extras(rows):
    if rows:
        print(f"\n{'what':58}{'brine':>12}{'redis':>12}  bar")
    for row in rows:
        cells = "".join(f"{row['values'][name]:12.{row['digits']}f}" if name in row["values"] else f"{'':12}" for name in ("brine", REDIS))
        bar = f"{row['bar']['text']} {'ok' if row['bar']['met'] else 'MISSED'}" if row.get("bar") else ""
        print(f"{row['row']:58}{cells}  {bar}")


def merged(old, new):
    """The rows of the file as it was, with those that were measured now in their places."""
    by_name = {figures["row"]: figures for figures in old}
    by_name.update({figures["row"]: figures for figures in new})
    order = [name_of(row) for row in ROWS]
    return sorted(by_name.values(), key=lambda figures: order.index(figures["row"]) if figures["row"] in order else len(order))


def write_json(args, work, more):
    old = {}
    if args.keep and os.path.exists(args.json):
        with open(args.json, encoding="utf-8") as file:
            old = json.load(file)
    result = {
        "machine": {"cpu": cpu_model(), "kernel": platform.release(), "cores": os.cpu_count()},
        "rounds": args.rounds, "seconds": args.seconds, "keys": args.keys, "connections": CONNECTIONS,
        "realtime": args.realtime, "servers": {**args.commands, **args.others},
        "work": merged(old.get("work", []), work), "extras": merged(old.get("extras", []), more),
    }
    with open(args.json, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    print(f"\nwritten: {os.path.normpath(args.json)}")


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--keys", type=int)
    parser.add_argument("--quick", action="store_true", help="two short rounds over fewer keys: a look, no figure")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--brine-options", default="", help="appended to brine's command line")
    parser.add_argument("--only", help="rows that start with one of these, by comma: 'set 64 B', memory, idle, growth, expiry, workers")
    parser.add_argument("--json", help="where to write what was measured (default: BUILD/../bench.json)")
    parser.add_argument("--keep", action="store_true", help="rows that are not measured stay in the JSON as they were")
    parser.add_argument("--realtime", type=int, default=0, metavar="PRIORITY",
                        help="servers and load run before all else (needs root): for a machine that others use; "
                             "the kernel then takes 5 %% of each second away, seen in the highest percentiles")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--client-cpu", type=int, default=1)
    args = parser.parse_args()
    args.rounds = args.rounds or (2 if args.quick else 5)
    args.seconds = args.seconds or (0.4 if args.quick else 1.0)
    args.keys = args.keys or (100000 if args.quick else KEYS)
    args.growth = (GROWTH_FROM // 10, GROWTH_TO // 10) if args.quick else (GROWTH_FROM, GROWTH_TO)
    args.json = args.json or os.path.join(args.build, "..", "bench.json")
    args.load = os.path.join(args.build, "tests/bench/load")
    if os.cpu_count() < 2:
        args.server_cpu = args.client_cpu = None
        print("one core only: server and load generator share it, and the figures mean little")
    args.commands, args.others = server_commands(args)
    return args


def main():
    args = parse_arguments()
    started, more = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="brine-bench-") as folder:
        values = lambda size: value_file(folder, "bytes", size)
        work = [figures_of(row, runs) for row, runs in bench_work(args, folder).items()]
        for name, bench in (("memory", extras.bench_memory), ("idle", extras.bench_idle), ("growth", extras.bench_growth),
                            ("expiry", extras.bench_expiry), ("workers", extras.bench_workers)):
            if wanted(args, name):
                more += bench(args, values)
    if work:
        print_work(work)
    print_extras(more)
    missed = [figures["row"] for figures in work + more if figures.get("bar") and not figures["bar"]["met"]]
    print(f"\n{len(missed)} bars missed{': ' if missed else ''}{', '.join(missed)}; {time.monotonic() - started:.0f} s")
    write_json(args, work, more)


main()
