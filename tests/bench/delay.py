# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""How long a command waits while a million keys end in one moment, or while every write makes another
entry give way; how soon memory is back; and what a server costs that has nothing to do.

    delay.py --build build/release [--keys 1000000] [--seconds 10] [--threads 1 2] [--only expire evict idle]

Bars: memory back within 2 s, p99.9 of the waits meanwhile at most 2 ms, and at most 1 ms while entries give
way, or what it was before if that is more.  The longest wait is printed beside that of the quiet seconds
before: on a shared machine it is the machine's.  No turn of the server's upkeep may take more than 1 ms of the
processor, by its own count; bench_pauses measures the longest piece of work.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

from evict import Server
from peers import serving, upkeep_turns

EXPIRE_MS, EXPIRE_BACK_S, EVICT_MS = 2.0, 2.0, 1.0
EVICT_MEMORY_MB = 64
IDLE_CPU_SHARE = 0.01  # of a core


def cpu_seconds(pid):
    nanoseconds = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        nanoseconds += int(path.read_text().split()[0])
    return nanoseconds / 1e9


def measure(build, port, server, *what):
    out = subprocess.run([str(build / "tests/bench/delay"), str(port), str(server.process.pid), *what],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)


def expire(build, port, server, options):
    got = measure(build, port, server, "expire", str(options.keys))
    turns, long_turns = upkeep_turns(port)
    print(f"  {got['keys']} keys end: p99.9 of waits {got['during_p999_ms']:.2f} ms, longest {got['during_max_ms']:.2f} "
          f"(before: {got['before_p999_ms']:.2f}, {got['before_max_ms']:.2f}); all gone in {got['gone_s']:.2f} s, "
          f"{got['full_mb']:.0f} MB back to {got['left_mb']:.0f} MB, nine tenths of it in {got['memory_back_s']:.2f} s; {long_turns} of {turns} turns over 1 ms")
    return (got["during_p999_ms"] <= max(EXPIRE_MS, got["before_p999_ms"])
            and long_turns == 0 and 0 <= got["memory_back_s"] <= EXPIRE_BACK_S)


def evict(build, port, server, options):
    got = measure(build, port, server, "evict", str(options.seconds))
    print(f"  {got['writes']} writes in {EVICT_MEMORY_MB} MB, {got['refused']} refused: p99.9 of waits of small ones "
          f"{got['small_p999_ms']:.2f} ms, longest {got['small_max_ms']:.2f}; of 256 KB {got['large_p999_ms']:.2f}, "
          f"{got['large_max_ms']:.2f}; resident {got['resident_mb']:.1f} MB")
    return got["small_p999_ms"] <= EVICT_MS and got["refused"] == 0


def idle(_build, _port, server, options):
    before = cpu_seconds(server.process.pid)
    time.sleep(options.seconds)  # waits for nothing: an idle time is what is measured
    share = (cpu_seconds(server.process.pid) - before) / options.seconds
    print(f"  idle: {share:.3%} of a core")
    return share <= IDLE_CPU_SHARE


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--only", nargs="*", default=["expire", "evict", "idle"])
    options = parser.parse_args()
    build = pathlib.Path(options.build)
    missed = []
    for threads in options.threads:
        print(f"{threads} worker thread(s)")
        for name, run, memory_mb in (("expire", expire, 4096), ("evict", evict, EVICT_MEMORY_MB), ("idle", idle, 4096)):
            if name not in options.only:
                continue
            port = serving.free_port()
            server = Server([str(build / "brine-server"), f"--server.port={port}",
                             f"--server.threads={threads}", f"--memory.max={memory_mb}mb"], port)
            try:
                if not run(build, port, server, options):
                    missed.append(f"{name} with {threads}")
            finally:
                server.stop()
    print(f"bars missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
