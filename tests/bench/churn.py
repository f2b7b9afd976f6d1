# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Churn of mixed sizes at the memory limit: does the process stay within memory.max?

    churn.py --server build/release/brine-server [--seconds 600] [--memory-mb 128 [MB ...]] [--clients 1]
             [--values noise|opcodes] [--looks 1.0]

Of opcodes, judging takes 60 times a value's length: what dear values do to the limit.

Stores values whose sizes change by phases (small, lognormal, large, all), overwrites and deletes some,
and reads the process's resident memory ten times a second.  Fails when it is more than 10 % above memory.max
in any look, or in more than the share that --looks leaves, or a write was refused for want of memory; of the first of each client it says when, and how.  Prints the largest, and the least and the median of the moments in
which entries gave way: what the setting promises is used, too.
"""
import argparse
import concurrent.futures
import math
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import threading
import time

from evict import Server
from peers import serving
from outcome import Outcome

BATCH = 100
PHASES = 6
LOOK_SECONDS = 0.1
ALLOWED = 1.10


def size_of(rng, phase):
    kind = phase % 4
    if kind == 0:
        return rng.randint(50, 500)
    if kind == 1:
        return min(int(rng.lognormvariate(math.log(3000), 1.4)) + 50, 1 << 20)
    if kind == 2:
        return rng.randint(8_000, 120_000)
    return rng.choice((100, 1_000, 10_000, 100_000))


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def noise(rng, size, payload):
    start = rng.randrange(len(payload) - size)
    return payload[start:start + size]


def opcodes(rng, size, _payload):
    return b")" * size  # EMPTY_TUPLE: a pickle that never ends, so no pickle to any reader


VALUES = {"noise": noise, "opcodes": opcodes}


def batch(rng, phase, keys, payload, value):
    parts = []
    for _ in range(BATCH):
        key = b"k%d" % rng.randrange(keys)
        if rng.random() < 0.1:
            parts.append(b"*2\r\n$3\r\nDEL\r\n$%d\r\n%s\r\n" % (len(key), key))
            continue
        size = size_of(rng, phase)
        parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" %
                     (len(key), key, size, value(rng, size, payload)))
    return b"".join(parts)


class Watch:
    """What is resident, as a share of the limit, from one look to the next."""

    def __init__(self, server, limit):
        self.server, self.limit, self.evicted = server, limit, 0
        self.shares, self.full, self.info = [], [], {}

    def look(self):
        share = resident_bytes(self.server.process.pid) / self.limit
        self.info = self.server.info()
        evicted, self.evicted = self.evicted, int(self.info["evicted_keys"])
        self.shares.append(share)
        if self.evicted > evicted:
            self.full.append(share)

    def until(self, ended):
        while not ended.wait(LOOK_SECONDS):
            self.look()


def churn(port, limit, seconds, seed, value):
    """Commands sent, how many were refused, and how the first was."""
    rng = random.Random(seed)
    payload = rng.randbytes(2 << 20)
    errors, batches, first = 0, 0, ""
    with socket.create_connection(("127.0.0.1", port), 30) as connection, connection.makefile("rb") as replies:
        started = time.monotonic()
        while (now := time.monotonic()) - started < seconds:
            phase = int((now - started) / seconds * PHASES)
            connection.sendall(batch(rng, phase, limit // 2000, payload, value))
            for _ in range(BATCH):
                reply = replies.readline()
                if not reply.startswith(b"-OOM"):
                    continue
                errors += 1
                first = first or f"client {seed}, phase {phase}, after {now - started:.2f} s: {reply.decode().strip()}"
            batches += 1
    return batches * BATCH, errors, first


def churn_watched(port, limit, options, watch):
    """What all clients sent, how much of it was refused, and how the first of each was."""
    ended = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(options.clients + 1) as pool:
        watching = pool.submit(watch.until, ended)
        try:
            sent = list(pool.map(lambda seed: churn(port, limit, options.seconds, seed, VALUES[options.values]),
                                 range(1, options.clients + 1)))
        finally:
            ended.set()
        watching.result()
    commands, errors, firsts = zip(*sent, strict=True)
    return sum(commands), sum(errors), [first for first in firsts if first]


def run(options, megabytes, outcome):
    path, seconds = options.server, options.seconds
    limit = megabytes << 20
    port = serving.free_port()
    server = Server([path, f"--server.port={port}", f"--memory.max={limit}"], port)
    watch = Watch(server, limit)
    try:
        commands, errors, firsts = churn_watched(port, limit, options, watch)
    finally:
        server.stop()
    fields = ("taken", "overhead", "hole")
    parts = ", ".join(f"{field} {int(watch.info[f'eviction_{field}_bytes']) / limit:.1%}" for field in fields)
    shares = sorted(watch.shares)
    worst, reached = shares[-1], shares[math.ceil(options.looks * len(shares)) - 1]
    least, median = (min(watch.full), statistics.median(watch.full)) if watch.full else (0, 0)
    print(f"memory.max {megabytes} MB, {commands} commands in {seconds:.0f} s, {errors} refused, {watch.evicted} "
          f"evicted: resident at most {worst:.1%} of it, {reached:.1%} in {options.looks:.0%} of {len(shares)} looks; while entries gave way {least:.1%} at least, "
          f"{median:.1%} in the median; at last {parts}", flush=True)
    outcome.check(errors == 0, f"{megabytes} MB: {errors} writes refused: {'; '.join(firsts)}")
    outcome.check(watch.full, f"{megabytes} MB: nothing had to give way")
    outcome.check(reached <= ALLOWED, f"{megabytes} MB: {reached:.1%} of memory.max resident")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--memory-mb", type=int, nargs="+", default=[128])
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--values", choices=VALUES, default="noise")
    parser.add_argument("--looks", type=float, default=1.0, help="the share of looks that must be within the limit")
    options = parser.parse_args()
    outcome = Outcome()
    try:
        for megabytes in options.memory_mb:
            run(options, megabytes, outcome)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"churn.py: {error}")
    return outcome.finish()


if __name__ == "__main__":
    sys.exit(main())
