#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Mixed load with expiry and churn of connections for a while; then: did anything leak or fail?

    soak.py --seconds 600 --server build/release/brine-server --load build/release/tests/bench/load

Four loads run together: small values that live for seconds, 1 KB values overwritten for ever over
a fixed set of keys, more of them than memory.max holds, and clients that come and go, politely, with
replies unread, and in the middle of a command; and a snapshot every few seconds.  Checked: no error
reply and no wrong value, resident memory that does not climb once the working set is there (from 20
minutes on: by less than 1 % in ten minutes), keys evicted, snapshots made, as many descriptors after
as before, exit code 0 on SIGTERM.
Last line "N passed, N failed".
"""
import argparse
import os
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from peers import Peer, ask_over, run_load, serving

SAMPLES = 200
# What the second half of the time may add to memory: noise of the allocator's pages.
CLIMB_BYTES, CLIMB_PART = 4 << 20, 0.1
SLICE_SECONDS = 5
# Of a run that is long enough to say so.
SLOPE_PART, SLOPE_SECONDS, SLOPE_FROM_SECONDS = 0.01, 600, 1200
SERVER_FLAGS = "--server.bind=127.0.0.1 --memory.max=96mb --snapshot.every=10s"


class Watch(threading.Thread):
    """Samples memory and descriptors until told to stop."""

    def __init__(self, peer, seconds):
        super().__init__(daemon=True)
        self.peer, self.pause, self.samples, self.ended = peer, max(seconds / SAMPLES, 0.05), [], threading.Event()

    def run(self):
        while not self.ended.wait(self.pause) and self.peer.process.poll() is None:
            self.samples.append(self.peer.rss_bytes())


def loads(folder, seconds):
    """What runs together.  The values stay the same, slice after slice."""
    small, large = os.path.join(folder, "small"), os.path.join(folder, "large")
    for path, size in ((small, 40), (large, 1000)):
        if os.path.exists(path):
            continue
        with open(path, "wb") as out:
            out.write(pickle.dumps(os.urandom(size), protocol=4))
    shared = {"check": True, "seconds": seconds}
    return [
        (small, dict(shared, connections=20, pipeline=8, set=50, keys=200000, ttl=3, key_bytes=20)),
        (large, dict(shared, connections=10, pipeline=4, set=30, keys=20000, key_bytes=24)),
        (large, dict(shared, connections=20, pipeline=3, set=50, keys=5000, key_bytes=32, churn=4)),
        (large, dict(shared, connections=5, pipeline=4, set=50, keys=200000, key_bytes=28)),
    ]


def run_loads(args, peer, folder):
    """All loads at once, in slices, so that a failure is seen soon."""
    totals = {"requests": 0, "errors": 0, "mismatches": 0, "reconnects": 0, "first_error": ""}
    end = time.monotonic() + args.seconds
    while time.monotonic() < end and peer.process.poll() is None:
        seconds = min(SLICE_SECONDS, max(end - time.monotonic(), 0.5))
        results = []
        threads = [threading.Thread(target=lambda path=path, options=options: results.append(
            run_load(args.load, peer, path, **options))) for path, options in loads(folder, seconds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(results) < len(threads):
            totals["errors"] += 1
            totals["first_error"] = "a load generator lost its connection"
            break
        for result in results:
            for key in ("requests", "errors", "mismatches", "reconnects"):
                totals[key] += result[key]
            totals["first_error"] = totals["first_error"] or result["first_error"]
    return totals


def idle_descriptors(peer, expected=0):
    """How many are open while ours is the only client, which it is over one connection that stays, and
    nothing is being saved.  What is more than `expected` is waited for."""
    with peer.dial() as connection:
        def is_idle():
            info = ask_over(connection, "INFO", "everything")
            return "connected_clients:1\r" in info and "rdb_bgsave_in_progress:0\r" in info
        serving.await_that(is_idle, peer.process, 10)
        if expected:
            serving.await_that(lambda: peer.descriptors() <= expected, peer.process, 10)
        return peer.descriptors()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--server", default="build/release/brine-server")
    parser.add_argument("--load", default="build/release/tests/bench/load")
    parser.add_argument("--command", help="another server to soak: COMMAND with {port}")
    args = parser.parse_args()
    command = args.command or os.path.abspath(args.server) + " --server.port={port} " + SERVER_FLAGS
    counts = {True: 0, False: 0}

    def check(what, ok, detail=""):
        counts[bool(ok)] += 1
        print(f"{'ok  ' if ok else 'FAIL'} {what} {detail}", flush=True)

    peer = Peer("server", command)
    try:
        watch = Watch(peer, args.seconds)
        with tempfile.TemporaryDirectory(prefix="brine-soak-") as folder:
            # What a worker opens at its first connection is no leak.
            path, options = loads(folder, 0.2)[1]
            run_load(args.load, peer, path, **options)
            before = idle_descriptors(peer)
            watch.start()
            totals = run_loads(args, peer, folder)
        watch.ended.set()
        watch.join()
        alive = peer.process.poll() is None
        check("the server is alive", alive)
        check("no error reply", totals["errors"] == 0, totals["first_error"])
        check("every value read is the value written", totals["mismatches"] == 0, f"({totals['requests']} commands)")
        check("clients came and went", totals["reconnects"] > 0, f"({totals['reconnects']} times)")
        half, last = (watch.samples[len(watch.samples) * part // 8:][:max(1, len(watch.samples) // 8)] for part in (4, 7))
        climb = statistics.median(last) - statistics.median(half)
        allowed = max(CLIMB_BYTES, CLIMB_PART * statistics.median(half))
        check("memory stays", climb <= allowed,
              f"({statistics.median(half) / 1e6:.1f} MB at half time, {climb / 1e6:+.1f} MB at the end)")
        slope = climb / statistics.median(half) * SLOPE_SECONDS / (args.seconds * 3 / 8)
        check("memory's slope", slope < SLOPE_PART or args.seconds < SLOPE_FROM_SECONDS, f"({slope * 100:+.2f} % in ten minutes)")
        if alive and not args.command:
            evicted, saves = (int(re.search(name + r":(\d+)", peer.ask("INFO", section)).group(1))
                              for name, section in (("evicted_keys", "stats"), ("rdb_saves", "persistence")))
            check("keys are evicted and snapshots made", evicted > 0 and saves > 0, f"({evicted} keys, {saves} snapshots)")
        if alive:
            after = idle_descriptors(peer, before)
            check("descriptors are given back", after <= before, f"({before} before, {after} after)")
        code = peer.stop()
        check("SIGTERM ends it in order", code == 0, f"(exit code {code})")
    finally:
        peer.stop()
    print(f"{counts[True]} passed, {counts[False]} failed")
    sys.exit(1 if counts[False] else 0)


try:
    main()
except subprocess.SubprocessError as error:
    sys.exit(f"soak: {error}")
