# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Churn of mixed sizes at the memory limit: does the process stay within memory.max?

    churn.py --server build/release/brine-server [--seconds 600] [--memory-mb 128]

Stores values whose sizes change by phases (small, lognormal, large, all), overwrites and deletes some,
and reads the process's resident memory once a second.  Fails when, once the limit was reached, it is
more than 10 % above memory.max, or a write was refused.  Prints the largest and the last.
"""
import argparse
import math
import pathlib
import random
import socket
import subprocess
import sys
import time

from evict import Server
from peers import serving

BATCH = 100
PHASES = 6
WARM_SHARE = 0.15
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


def batch(rng, phase, keys, payload):
    parts = []
    for _ in range(BATCH):
        key = b"k%d" % rng.randrange(keys)
        if rng.random() < 0.1:
            parts.append(b"*2\r\n$3\r\nDEL\r\n$%d\r\n%s\r\n" % (len(key), key))
            continue
        size = size_of(rng, phase)
        start = rng.randrange(len(payload) - size)
        parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" %
                     (len(key), key, size, payload[start:start + size]))
    return b"".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--memory-mb", type=int, default=128)
    options = parser.parse_args()
    limit = options.memory_mb << 20
    rng = random.Random(1)
    payload = rng.randbytes(2 << 20)
    port = serving.free_port()
    server = Server([options.server, f"--server.port={port}", f"--memory.max={limit}"], port)
    errors = batches = 0
    worst = last = 0.0
    try:
        connection = socket.create_connection(("127.0.0.1", port), 30)
        replies = connection.makefile("rb")
        started = sampled = time.monotonic()
        while (now := time.monotonic()) - started < options.seconds:
            phase = int((now - started) / options.seconds * PHASES)
            connection.sendall(batch(rng, phase, limit // 2000, payload))
            for _ in range(BATCH):
                errors += replies.readline().startswith(b"-OOM")
            batches += 1
            if now - sampled < 1:
                continue
            sampled = now
            last = resident_bytes(server.process.pid) / limit
            if now - started > options.seconds * WARM_SHARE:
                worst = max(worst, last)
        info = server.info()
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"churn.py: {error}")
    finally:
        server.stop()
    for field in ("eviction_taken_bytes", "eviction_overhead_bytes", "eviction_hole_bytes",
                  "stored_bytes"):
        print(f"{field} {int(info[field]) / limit:.1%} of memory.max")
    print(f"memory.max {options.memory_mb} MB, {batches * BATCH} commands in {options.seconds:.0f} s, "
          f"{errors} refused, {info['evicted_keys']} evicted: resident at most {worst:.1%} of it, "
          f"at last {last:.1%}")
    return 1 if errors or worst > ALLOWED or worst == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
