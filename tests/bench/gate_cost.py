#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What the gate costs a SET: the same server with gate.mode enforce and off, side by side.

    tests/bench/gate_cost.py --server build/release/brine-server --load build/release/tests/bench/load

Server on one core with one worker thread, load generator on another; rounds are interleaved, the
figures are medians of the rounds' ratios enforce / off, of operations a second and of the server's
CPU time an operation.

With --index build/release/tests/bench/bench_index: what the index of types and globals adds to the
same SET.  No server runs without it, so its nanoseconds a value, with and without in one program, are
set against the CPU time of a SET that was measured through sockets."""
import argparse
import os
import pickle
import re
import statistics
import subprocess
import tempfile

from peers import Peer, run_load

BARS = {("bytes 1 KB", 1): 0.98, ("dict 1 KB", 1): 0.90, ("bytes 64 B", 16): 0.90, ("bytes 1 KB", 16): 0.90}


def values():
    record = {"field%02d" % i: (i * 7, "text %d" % i, i / 3)[i % 3] for i in range(44)}
    return {"bytes 64 B": pickle.dumps(b"x" * 49), "bytes 1 KB": pickle.dumps(b"x" * 1008),
            "dict 1 KB": pickle.dumps(record)}


def measure(options, peer, path, pipeline):
    before = peer.cpu_seconds()
    result = run_load(options.load, peer, path, 1, connections=options.connections, pipeline=pipeline,
                      keys=10000, seconds=options.seconds, set=100)
    if result["errors"]:
        raise SystemExit("%s: %s" % (peer.name, result["first_error"]))
    return result["per_second"], (peer.cpu_seconds() - before) / result["requests"]


def compare(options, peers, path, pipeline):
    speeds, costs, off = [], [], []
    for number in range(options.rounds):
        order = peers if number % 2 else peers[::-1]
        found = {peer.name: measure(options, peer, path, pipeline) for peer in order}
        speeds.append(found["enforce"][0] / found["off"][0])
        costs.append(found["enforce"][1] / found["off"][1])
        off.append(found["off"][1] * 1e9)
    return statistics.median(speeds), statistics.median(costs), statistics.median(off)


def report_index(program, set_ns):
    shown = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout
    for what, without, with_index in re.findall(r"^ +(.*?)  +\d+ B +(\d+) ns without, +(\d+) ns with", shown, re.M):
        more = int(with_index) - int(without)
        shares = ", ".join("%.1f %% at pipeline %d" % (100 * more / ns, pipeline) for pipeline, ns in set_ns.items())
        print("the index adds %d ns to a SET of %s: %s" % (more, what, shares), flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    arguments.add_argument("--server", required=True)
    arguments.add_argument("--load", required=True)
    arguments.add_argument("--index", help="bench_index")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=1.0)
    arguments.add_argument("--connections", type=int, default=50)
    options = arguments.parse_args()
    peers = [Peer(mode, f"{options.server} --server.port={{port}} --server.threads=1 --gate.mode={mode}", 0)
             for mode in ("enforce", "off")]
    set_ns = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, value in values().items():
                path = os.path.join(folder, "value")
                with open(path, "wb") as file:
                    file.write(value)
                for pipeline in (1, 16):
                    speed, cost, off = compare(options, peers, path, pipeline)
                    set_ns[pipeline] = off * cost  # of the last value: a dict
                    bar = BARS.get((name, pipeline))
                    verdict = "" if bar is None else "  bar %.2f %s" % (bar, "ok" if speed >= bar else "MISSED")
                    print("SET of %-10s pipeline %2d: operations/s x %.3f, server CPU/op x %.3f (of %.0f ns off)%s"
                          % (name, pipeline, speed, cost, off, verdict), flush=True)
        if options.index:
            report_index(options.index, set_ns)
    finally:
        for peer in peers:
            peer.stop()


if __name__ == "__main__":
    main()
