# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What brine still holds when memory is short, beside redis-server's allkeys-lru and allkeys-lfu with
equal memory: replays the traces of evict_traces.py and prints misses.

    evict.py --build build/release [--memory-mb 48] [--only WORKLOAD ...] [--scale 1.0] [--bounds]

redis-server's maxmemory leaves its own program and its fragmentation out, and brine's memory.max does not.
So equal is said in two ways.  `brine` has the same setting, and what it has resident while it is empty on
top.  `brine-res` has as memory.max what the smaller of the two redis-servers had resident in the end, less
RESIDENT_SPARE: the same memory as the machine sees it.  What each server had resident stands beside the
misses; the bars are judged by `brine`, and a third of the misses is told of both.  --bounds adds what nobody can undercut, and what a policy
gets that knows the future (evict_bound.py; minutes).

`lru` is brine's store alone under allkeys-lru, with as many bytes of entries as brine's server held:
plain LRU without the difference in what an entry costs.  What it does not show: other memory sizes,
several clients, values that the gate reads (here they are random bytes).
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import evict_bound
import evict_traces
from evict_traces import WARM_SHARE
from peers import serving



RESIDENT_SPARE = 0.04  # brine's resident memory may be so much above memory.max


class Server:
    def __init__(self, command, port):
        self.port = port
        self.process = serving.Process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not self.process.ready():
            raise RuntimeError(f"{command[0]} does not start")

    def info(self):
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall(b"INFO everything\r\n")
            data = b""
            while b"\r\n" not in data:
                data += s.recv(65536)
            size, _, rest = data.partition(b"\r\n")
            while len(rest) < int(size[1:]):
                rest += s.recv(65536)
        lines = (line.partition(b":") for line in rest.split(b"\r\n"))
        return {name.decode(): value.decode() for name, _, value in lines}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def replay(bench, trace, *where):
    out = subprocess.run([bench, trace, *where], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    reads, hits, total, hit = map(int, out.split())
    return 1 - hits / reads, 1 - hit / total


def set_limit(server, limit):
    with socket.create_connection(("127.0.0.1", server.port), 10) as s:
        s.sendall(b"CONFIG SET maxmemory %d\r\n" % limit)
        if s.recv(64) != b"+OK\r\n":
            raise RuntimeError("CONFIG SET maxmemory is refused")


def first_reads(trace):
    """The share of reads that miss in a cache of any size: of what was never read, or has ended since."""
    lines = pathlib.Path(trace).read_text().splitlines()
    ends, misses = {}, 0
    for number, line in enumerate(lines):
        at_ms, key, _, ttl_ms = line.split()
        if ends.get(key, -1) < int(at_ms):
            ends[key] = int(at_ms) + int(ttl_ms) if ttl_ms != "0" else 1 << 60
            misses += number >= len(lines) // WARM_SHARE
    return misses / (len(lines) - len(lines) // WARM_SHARE)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--memory-mb", type=int, default=48)
    parser.add_argument("--only", nargs="*", default=list(evict_traces.WORKLOADS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--bounds", action="store_true")
    options = parser.parse_args()
    build = pathlib.Path(options.build)
    bench = str(build / "tests/bench/bench_evict")
    limit = options.memory_mb << 20
    redis = shutil.which("redis-server")
    if not redis:
        sys.exit("evict.py: redis-server is not installed")

    def redis_command(policy):
        return lambda port: [redis, "--port", str(port), "--save", "", "--maxmemory", str(limit),
                             "--maxmemory-policy", policy]

    def brine_command(port):
        return [str(build / "brine-server"), f"--server.port={port}", "--server.threads=1"]

    peers = {
        "redis-lru": redis_command("allkeys-lru"),
        "redis-lfu": redis_command("allkeys-lfu"),
        "brine": brine_command,
        "brine-res": brine_command,
    }
    print(f"{options.memory_mb} MB each; misses of reads / misses of bytes; keys held; resident MB")
    behind = []
    thirds, resident_thirds = [], []
    with tempfile.TemporaryDirectory() as directory:
        for workload in options.only:
            trace = str(evict_traces.write(directory, workload, options.scale))
            misses, resident = {}, {}
            for name, command in peers.items():
                port = serving.free_port()
                server = Server(command(port), port)
                try:
                    if name == "brine":
                        set_limit(server, limit + int(server.info()["used_memory_rss"]))
                    if name == "brine-res":
                        set_limit(server, int(min(resident.values()) * (1 - RESIDENT_SPARE)))
                    misses[name], misses_bytes = replay(bench, trace, "server", str(port))
                    info = server.info()
                finally:
                    server.stop()
                if name.startswith("redis"):
                    resident[name] = int(info["used_memory_rss"])
                keys = info.get("db0", "keys=0").split(",")[0].split("=")[1]
                if name == "brine":
                    stored = int(info["stored_bytes"]) - int(info["eviction_hole_bytes"])
                print(f"{workload:9} {name:10} {misses[name]:.4f} / {misses_bytes:.4f}  "
                      f"{keys:>7} keys  {int(info['used_memory_rss']) / 2**20:6.1f} MB", flush=True)
            misses["lru"], misses_bytes = replay(bench, trace, "allkeys-lru", str(stored))
            print(f"{workload:9} {'lru':10} {misses['lru']:.4f} / {misses_bytes:.4f}  "
                  f"in {stored / 2**20:.1f} MB of entries", flush=True)
            best = min(misses["redis-lru"], misses["redis-lfu"])
            less = 1 - misses["brine"] / best
            print(f"{workload:9} brine has {less:+.1%} fewer misses than the better of Redis's, "
                  f"{1 - misses['brine'] / misses['lru']:+.1%} than plain LRU; with equal resident memory "
                  f"{1 - misses['brine-res'] / best:+.1%}", flush=True)
            floor = first_reads(trace)
            print(f"{workload:9} {floor:.4f} miss in a cache of any size: of the others brine has "
                  f"{1 - (misses['brine'] - floor) / (best - floor):+.1%} fewer", flush=True)
            if options.bounds:
                columns = evict_bound.read_trace(trace)
                print(f"{workload:9} no policy undercuts {evict_bound.least_misses(columns, limit):.4f}; one that "
                      f"knows the future has {evict_bound.seer_misses(columns, limit):.4f}", flush=True)
            if misses["brine"] >= best or misses["brine"] > misses["lru"]:
                behind.append(workload)
            if less >= 1 / 3:
                thirds.append(workload)
            if 1 - misses["brine-res"] / best >= 1 / 3:
                resident_thirds.append(workload)
            os.unlink(trace)
    print(f"behind on: {' '.join(behind) or 'none'}; ahead by a third on: {' '.join(thirds) or 'none'}; "
          f"with equal resident memory: {' '.join(resident_thirds) or 'none'}")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
