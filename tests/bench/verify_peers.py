#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli verify beside picklescan and fickling, over the same files in one run: files/s and MB/s.

The peers are Python libraries from PyPI, in a venv that `make bench-verify-peers` makes; each is
called as its manual says for one file, in one process that has imported it before the clock starts.
fickling rebuilds each pickle as a program, so it gets one file in 21 and its rate is of those.

    verify_peers.py --cli build/brine-cli [--files 10000] [--rounds 3]
"""
import argparse
import collections
import datetime
import decimal
import os
import pickle
import random
import statistics
import subprocess
import sys
import tempfile
import time


def write_files(folder, count):
    """Values as caches hold them, one in a hundred hostile; returns paths and bytes."""
    chance, paths, total = random.Random(11), [], 0
    rows = [{"id": i, "name": f"name {i}", "price": decimal.Decimal(i) / 100} for i in range(200)]
    makers = [
        lambda i: {"user": i, "since": datetime.datetime(2026, 11, 23, 4, 5, i % 60), "cart": list(range(i % 30))},
        lambda i: "<li>an entry of a page</li>\n" * (i % 400),
        lambda i: rows[:i % 200],
        lambda i: collections.OrderedDict((f"key{k}", chance.random()) for k in range(i % 100)),
        lambda i: {"blob": chance.randbytes(i % 20000)},
    ]
    for i in range(count):
        value = pickle.dumps(makers[i % len(makers)](i), (2, 3, 4, 5)[i % 4])
        if i % 100 == 99:
            value = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
        path = os.path.join(folder, f"{i % 100:02}", f"{i}.pkl")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(value)
        paths.append(path)
        total += len(value)
    return paths, total


def timed(function):
    wall, cpu = time.perf_counter(), os.times()
    result = function()
    after = os.times()
    used = sum(after[:4]) - sum(cpu[:4])
    return time.perf_counter() - wall, used, result


def run_brine(cli, folder, jobs):
    result = subprocess.run([cli, "verify", folder, "--jobs", str(jobs)], stdout=subprocess.PIPE)
    return {line.split(":")[0] for line in result.stdout.decode().splitlines() if ": refused: " in line}


def run_picklescan(paths):
    from picklescan.scanner import scan_file_path
    return {path for path in paths if scan_file_path(path).infected_files}


def run_fickling(paths):
    import fickling
    flagged = set()
    for path in paths:
        try:
            if not fickling.is_likely_safe(path):
                flagged.add(path)
        except Exception:  # it gives up on some, which is an answer too
            flagged.add(path)
    return flagged


def is_hostile(path):
    return int(os.path.basename(path)[:-4]) % 100 == 99


def peers(paths):
    """Those that can be imported here; a share is no divisor of the makers' turns, so it has files of every kind."""
    for name, run, share in (("picklescan", run_picklescan, 1), ("fickling", run_fickling, 21)):
        try:
            run(paths[:2])
        except ImportError as error:
            print(f"{name}: not here ({error})", file=sys.stderr)
            continue
        yield name, run, paths[share - 1::share]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", default="build/brine-cli")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths, total = write_files(folder, args.files)
        print(f"{len(paths)} files, {total / 1e6:.1f} MB, {len(paths) // 100} hostile; medians of {args.rounds} rounds")
        runs = [("brine, 1 thread", lambda _: run_brine(args.cli, folder, 1), paths),
                (f"brine, {os.cpu_count()} threads", lambda _: run_brine(args.cli, folder, os.cpu_count()), paths)]
        runs += list(peers(paths))
        results = collections.defaultdict(list)
        for _ in range(args.rounds):
            for name, run, some in runs:
                results[name].append(timed(lambda run=run, some=some: run(some)))
        base = None
        for name, _, some in runs:
            wall = statistics.median(r[0] for r in results[name]) / len(some)
            cpu = statistics.median(r[1] for r in results[name]) / len(some)
            base = base or cpu
            mean = sum(map(os.path.getsize, some)) / len(some)
            flagged, hostile = results[name][0][2], {path for path in some if is_hostile(path)}
            print(f"{name:18} {1 / wall:8.0f} files/s  {mean / wall / 1e6:7.1f} MB/s  {cpu * 1e6:8.1f} us CPU a file  {cpu / base:6.1f} x  "
                  f"{len(flagged & hostile)} of {len(hostile)} hostile found, {len(flagged - hostile)} of {len(some) - len(hostile)} honest flagged")


main()
