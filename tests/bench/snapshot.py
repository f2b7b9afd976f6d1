#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Snapshots beside redis-server's: how long BGSAVE and loading take, what memory BGSAVE takes beside
the data, and what clients notice while half of what they do is writing.

    tests/bench/snapshot.py [--build build/release] [--mb 1024] [--value 1000] [--rounds 3] [--pinned]

Both servers hold the same values, each of its own random bytes in a pickle.  Rounds of the two
alternate.  Per round: BGSAVE while nobody else asks; BGSAVE under load (closed loop, 50 % SET), with
the load lasting as long as the save does; the same load without a save; a restart.  Memory is the
highest sum of Pss over the server and its children during the save less that before.  Pinned, the server
and whoever saves for it have one core, and the clients another: what saving costs whoever is served is not
hidden by idle cores then.  Medians and
ranges of ratios, brine / redis; the last line says which bars are met:
memory <= 0.1, p99.9 <= 0.2, save and load time <= 1."""
import argparse
import os
import pickle
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import peers
from peers import Peer, ask_over, redis_server_command, run_load

peers.START_SECONDS = 600  # a restart loads the file

BARS = {"save quiet (s)": 1.0, "save under load (s)": 1.0, "load (s)": 1.0, "memory (MB)": 0.1, "p99.9 (us)": 0.2}
BATCH = 2000
SAVE_SECONDS_MAX = 3600
LOOK_SECONDS, WATCH_SECONDS = 0.1, 0.01


def children(pid):
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as rows:
                found += [int(word) for word in rows.read().split()]
        except OSError:
            pass
    return found


def memory_bytes(pid):
    total = 0
    for process in children(pid):
        try:
            with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as rows:
                total += int(re.search(r"^Pss:\s+(\d+)", rows.read(), re.M).group(1)) * 1024
        except (OSError, AttributeError):
            pass
    return total


def fill(port, entries, size):
    """Values that no packer makes smaller, as pickles of bytes."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, entries, BATCH):
            count = min(BATCH, entries - start)
            noise = os.urandom(count * size)
            parts = []
            for i in range(count):
                value = pickle.dumps(noise[i * size:(i + 1) * size], 4)
                key = b"kkk:%012d" % (start + i)
                parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value))
            client.sendall(b"".join(parts))
            left = count * 5
            while left:
                got = client.recv(min(left, 1 << 16))
                if not got or b"-" in got:
                    sys.exit(f"filling failed: {got[:200]}")
                left -= len(got)


def persistence(connection):
    return dict(row.split(":", 1) for row in ask_over(connection, "INFO", "persistence").split("\r\n") if ":" in row)


def bgsave(peer, watched=False):
    """Seconds that it took, and, when watched, bytes of memory beside the data.  To ask the kernel what a
    process of 1 GB has takes some milliseconds of a core, so latency is measured unwatched, and seldom asked whether
    the save has ended, over a connection that is kept: with a new one every 10 ms it was this program for which
    clients waited 0.5 ms."""
    before, peak = memory_bytes(peer.process.pid) if watched else 0, 0
    with peer.dial() as connection:
        began = time.monotonic()
        if "started" not in ask_over(connection, "BGSAVE"):
            sys.exit(f"{peer.name}: BGSAVE did not start")
        while (facts := persistence(connection))["rdb_bgsave_in_progress"] != "0":
            if watched:
                peak = max(peak, memory_bytes(peer.process.pid))
            if peer.process.poll() is not None or time.monotonic() - began > SAVE_SECONDS_MAX:
                sys.exit(f"{peer.name}: the save does not end")
            time.sleep(WATCH_SECONDS if watched else LOOK_SECONDS)  # between two looks whether it has ended
    took = time.monotonic() - began
    if facts["rdb_last_bgsave_status"] != "ok":
        sys.exit(f"{peer.name}: the save failed")
    return took, max(peak - before, 0)


class Server:
    def __init__(self, name, command, args, folder):
        self.name, self.args, self.folder = name, args, os.path.join(folder, name)
        os.makedirs(self.folder)
        self.command = command.replace("{dir}", self.folder)
        self.rows = {}
        self.cpu_server, self.cpu_clients = (0, 1) if args.pinned else (None, None)
        self.peer = Peer(name, self.command, self.cpu_server)

    def note(self, row, value):
        self.rows.setdefault(row, []).append(value)
        print(f"{self.name}: {row} {value:.2f}", file=sys.stderr, flush=True)

    def load(self, seconds, value_file):
        args = self.args
        return run_load(os.path.join(args.build, "tests/bench/load"), self.peer, value_file, self.cpu_clients, seconds=seconds, set=50, keys=args.entries,
                        key_bytes=16, connections=args.connections, pipeline=1)

    def measure(self, value_file):
        took, _ = bgsave(self.peer)
        self.note("save quiet (s)", took)
        quiet = self.load(max(took, 2), value_file)
        self.note("p99.9 alone (us)", quiet["p999_us"])
        # A first save under load says how long the load must last to end with the save.
        seconds = self.under_load(3600, value_file, None)
        result = {}
        took = self.under_load(max(seconds, 0.5), value_file, result)
        self.note("save under load (s)", took)
        self.note("p99.9 (us)", result["p999_us"])
        self.note("max (us)", result["max_us"])
        self.note("requests/s", result["per_second"])

    def under_load(self, seconds, value_file, result):
        """Saves while the load runs; without a result the load ends with the save."""
        args, outcome = self.args, []
        if result is None:
            command = ["taskset", "-c", str(self.cpu_clients)] if args.pinned else []
            command += [os.path.join(args.build, "tests/bench/load"), "--port", str(self.peer.port), "--value-file", value_file, "--seconds",
                       str(seconds), "--set", "50", "--keys", str(args.entries), "--key-bytes", "16", "--connections",
                       str(args.connections), "--pipeline", "1"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        else:
            thread = threading.Thread(target=lambda: outcome.append(self.load(seconds, value_file)))
            thread.start()
        took, memory = bgsave(self.peer, watched=result is None)
        if result is None:
            process.kill()
            process.wait()
            self.note("memory (MB)", memory / 1e6)
        else:
            thread.join()
            result.update(outcome[0])
        return took

    def restart(self):
        entries = self.peer.ask("DBSIZE")
        self.peer.stop()
        began = time.monotonic()
        self.peer = Peer(self.name, self.command, self.cpu_server)
        if not self.peer.process.ready():
            sys.exit(f"{self.name}: it did not load its data")
        self.note("load (s)", time.monotonic() - began)
        if self.peer.ask("DBSIZE") != entries:
            sys.exit(f"{self.name}: not all entries came back")


def report(servers):
    brine, redis = servers["brine"].rows, servers["redis"].rows
    met = []
    print(f"{'':22} {'brine':>12} {'redis':>12} {'ratio':>8}  range of ratios")
    for row in brine:
        ratios = [a / b if b else float("inf") for a, b in zip(brine[row], redis[row])]
        ratio = statistics.median(ratios)
        print(f"{row:22} {statistics.median(brine[row]):12.2f} {statistics.median(redis[row]):12.2f} {ratio:8.3f}"
              f"  {min(ratios):.3f} .. {max(ratios):.3f}")
        if row in BARS:
            met.append(f"{row} {'met' if ratio <= BARS[row] else 'NOT MET'}")
    size = {name: os.path.getsize(os.path.join(server.folder, "dump.brine" if name == "brine" else "dump.rdb"))
            for name, server in servers.items()}
    print(f"{'file (MB)':22} {size['brine'] / 1e6:12.1f} {size['redis'] / 1e6:12.1f} {size['brine'] / size['redis']:8.3f}")
    print("; ".join(met))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--mb", type=int, default=1024)
    parser.add_argument("--value", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--brine-options", default="")
    parser.add_argument("--dir", help="where the files go; else the temporary folder")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    args.entries = args.mb * (1 << 20) // args.value
    folder = tempfile.mkdtemp(prefix="brine-bench-snapshot-", dir=args.dir)
    value_file = os.path.join(folder, "value")
    with open(value_file, "wb") as file:
        file.write(pickle.dumps(os.urandom(args.value), 4))
    commands = {
        "brine": f"{args.build}/brine-server --server.port={{port}} --snapshot.dir={{dir}} --server.threads=1 {args.brine_options}",
        "redis": redis_server_command() + " --port {port} --save '' --appendonly no --dir {dir}",
    }
    servers = {}
    try:
        for name, command in commands.items():
            servers[name] = Server(name, command, args, folder)
            fill(servers[name].peer.port, args.entries, args.value)
        print(f"{args.entries} entries of {args.value} bytes, {args.connections} connections", flush=True)
        for _ in range(args.rounds):
            for server in servers.values():
                server.measure(value_file)
            for server in servers.values():
                server.restart()
        report(servers)
    finally:
        for server in servers.values():
            server.peer.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
