# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of make bench that are no work by one worker: memory, growth, workers.  Each function returns rows
for the table: {"row", "values": {server: figure}, "digits", "bar"}."""
import json
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time

from peers import Peer, load_words, pinned, run_load, upkeep_turns
from serving import await_that
from rows import (EXPIRY_BACK_MAX_S, EXPIRY_LONG_TURNS_MAX, EXPIRY_PAUSE_MAX_MS, GROWTH_BATCH_MAX_MS, GROWTH_PEAK_MAX,
                  IDLE_BYTES_MAX, IDLE_CONNECTIONS, IDLE_CPU_MAX, MEMORY, WORKERS)

STEADY_LOOKS, STEADY_SECONDS_MAX = 150, 10  # a look takes 10 ms; ready pages are kept for a second
CONTROL_SECONDS = 15


def row(name, values, digits, limit=None, at_least=False):
    """A row of the table; brine's figure is held to the limit."""
    figures = {"row": name, "values": values, "digits": digits}
    if limit is not None:
        met = values["brine"] >= limit if at_least else values["brine"] <= limit
        figures["bar"] = {"text": f"{'>=' if at_least else '<='} {limit:g}", "limit": limit, "met": met}
    return figures


def progress(text):
    print(f"  {text}: done", file=sys.stderr, flush=True)


# ---- memory ----------------------------------------------------------------------------------------

def settled_rss_bytes(peer):
    """What is resident when it has been the same for so many looks: pages that were made ready ahead are given back by then."""
    looks = []

    def is_steady():
        looks.append(peer.rss_bytes())
        return len(looks) > STEADY_LOOKS and len(set(looks[-STEADY_LOOKS:])) == 1

    await_that(is_steady, peer.process, STEADY_SECONDS_MAX)
    return looks[-1]


def bench_memory(args, value_file):
    """Bytes an entry beyond key and value, by what the process grows."""
    rows = []
    for key, value, entries, ttl, limit in MEMORY:
        entries = max(20000, entries // (10 if args.quick else 1))
        taken = {}
        for name, command in args.commands.items():
            peer = Peer(name, command, args.server_cpu)
            try:
                before = peer.rss_bytes()
                options = {"ttl": ttl} if ttl else {}
                run_load(args.load, peer, value_file(value), args.client_cpu, fill=True, pipeline=16, keys=entries,
                         key_bytes=key, **options)
                held = int(peer.ask("DBSIZE").lstrip(":"))
                if held != entries:
                    sys.exit(f"{name}: holds {held} of {entries} entries")
                taken[name] = (settled_rss_bytes(peer) - before) / entries - key - value
            finally:
                peer.stop()
        rows.append(row(f"memory: bytes beyond {key}+{value} B, {'TTL' if ttl else 'no TTL'}, {entries} entries", taken, 1, limit))
    progress("memory")
    return rows


def bench_idle(args, _):
    """Bytes of an idle connection, and CPU while nobody asks."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(IDLE_CONNECTIONS, most - 200)
    taken, busy = {}, {}
    for name, command in args.commands.items():
        peer = Peer(name, command, args.server_cpu)
        connections = []
        try:
            before = peer.rss_bytes()
            for _ in range(count):
                connections.append(socket.create_connection(("127.0.0.1", peer.port), 10))
            peer.ask("PING")
            taken[name] = (peer.rss_bytes() - before) / count
            busy[name] = idle_cpu(peer)
        finally:
            for connection in connections:
                connection.close()
            peer.stop()
    progress("idle connections")
    return [row("idle: bytes a connection", taken, 0, IDLE_BYTES_MAX),
            row("idle: share of a core, no requests", busy, 4, IDLE_CPU_MAX)]


def idle_cpu(peer, seconds=3.0):
    before, started = peer.cpu_seconds(), time.monotonic()
    time.sleep(seconds)  # waits for the time to pass in which nothing is asked
    return (peer.cpu_seconds() - before) / (time.monotonic() - started)


# ---- growth ----------------------------------------------------------------------------------------

class Watch(threading.Thread):
    """Samples a server's resident memory until it is stopped."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer, self.stopped, self.samples = peer, threading.Event(), []
        self.start()

    def run(self):
        while not self.stopped.wait(0.02):
            self.samples.append(self.peer.rss_bytes())

    def stop(self):
        self.stopped.set()
        self.join()
        return self.samples


def bench_growth(args, value_file):
    """One connection stores key after key, 16 in flight: how long does a batch take at most, and how does memory
    rise?  The control stores keys that are there already: its pauses are the machine's own."""
    first, last = args.growth
    path = value_file(64)
    worst, late, usual_worst, usual, peaks, steps = {}, {}, {}, {}, {}, {}
    for name, command in args.commands.items():
        peer = Peer(name, command, args.server_cpu, args.realtime)

        def store(peer=peer, **options):
            return run_load(args.load, peer, path, args.client_cpu, args.realtime, **options)
        try:
            store(fill=True, pipeline=64, keys=first)
            watch = Watch(peer)
            run = store(fill=True, pipeline=16, keys=last, connections=1, first=first)
            samples = watch.stop()
            again = store(set=100, pipeline=16, keys=first, connections=1, seconds=min(run["seconds"], CONTROL_SECONDS))
            held = int(peer.ask("DBSIZE").lstrip(":"))
            if held != last or run["errors"]:
                sys.exit(f"{name}: holds {held} of {last} entries, {run['errors']} errors")
        finally:
            peer.stop()
        worst[name], late[name] = run["max_us"] / 1000, run["over_1_ms"] / run["batches"] * 1e6
        usual_worst[name], usual[name] = again["max_us"] / 1000, again["over_1_ms"] / again["batches"] * 1e6
        peaks[name] = max(samples) / samples[-1]
        steps[name] = max(b - a for a, b in zip(samples, samples[1:])) / (1 << 20)
    progress("growth")
    what = f"growth {first / 1e6:g} M to {last / 1e6:g} M keys: "
    return [row(what + "longest batch, ms", worst, 2, GROWTH_BATCH_MAX_MS),
            row(what + "batches over 1 ms, in a million", late, 1),
            row("   the same, keys that are there already", usual, 1),
            row("   longest batch of those, ms", usual_worst, 2),
            row(what + "peak memory over the end's", peaks, 3, GROWTH_PEAK_MAX),
            row(what + "largest step of 20 ms, MB", steps, 1)]


# ---- expiry ----------------------------------------------------------------------------------------

def bench_expiry(args, _):
    """As many keys as the table has end in one second, while a probe asks for others; delay.c says how."""
    peer = Peer("brine", args.commands["brine"], args.server_cpu, args.realtime)
    try:
        words = [args.load.replace("load", "delay"), str(peer.port), str(peer.process.pid), "expire", str(args.keys)]
        result = subprocess.run(pinned(words, args.client_cpu, args.realtime), check=True, stdout=subprocess.PIPE)
        turns, long_turns = upkeep_turns(peer.port)
    finally:
        peer.stop()
    got = json.loads(result.stdout)
    progress("expiry")
    what = f"{args.keys} keys end at once: "
    back = got["memory_back_s"] if got["memory_back_s"] >= 0 else float("inf")
    return [row(what + f"turns of upkeep over 1 ms of the processor, of {turns}", {"brine": long_turns}, 0, EXPIRY_LONG_TURNS_MAX),
            row(what + "longest wait meanwhile, ms", {"brine": got["during_max_ms"]}, 2, max(EXPIRY_PAUSE_MAX_MS, got["before_max_ms"])),
            row("   control: the same before, while nothing ends", {"brine": got["before_max_ms"]}, 2),
            row(what + "99.9 % of waits below, ms", {"brine": got["during_p999_ms"]}, 2),
            row(what + "nine tenths of memory back after, s", {"brine": back}, 2, EXPIRY_BACK_MAX_S)]


# ---- workers ---------------------------------------------------------------------------------------

def load_from_both(args, peer, path, operation, pipeline):
    """Two load generators, as the server on any of two cores; operations a second of both together."""
    before, total = peer.cpu_seconds(), 0
    words = load_words(args.load, peer, path, connections=25, pipeline=pipeline, keys=args.keys, seconds=args.seconds,
                       set=100 if operation == "set" else 0)
    loads = [subprocess.Popen(pinned(words, "0,1"), stdout=subprocess.PIPE) for _ in range(2)]
    runs = [json.loads(process.communicate()[0]) for process in loads]
    for run in runs:
        if run["errors"]:
            sys.exit(f"{peer.name}: {run['first_error']}")
        total += run["requests"]
    return {"ops": sum(run["per_second"] for run in runs), "cpu": (peer.cpu_seconds() - before) * 1e6 / total}


def bench_workers(args, value_file):
    """Two workers on two cores over one on one, where the load comes from the same two cores."""
    path, results = value_file(64), {}
    servers = {"one": (args.commands["brine"], 0), "two": (args.others["two"], "0,1")}
    peers = {}
    try:
        for name, (command, cpus) in servers.items():
            peers[name] = Peer(name, command, cpus)
            run_load(args.load, peers[name], path, "0,1", fill=True, pipeline=64, keys=args.keys)
        for turn in range(args.rounds):
            for operation, pipeline, _ in WORKERS:
                for name in sorted(peers, reverse=bool(turn % 2)):
                    run = load_from_both(args, peers[name], path, operation, pipeline)
                    results.setdefault((operation, pipeline, name), []).append(run)
        busy = idle_cpu(peers["two"])
    finally:
        for peer in peers.values():
            peer.stop()
    progress("two workers")
    rows = []
    for operation, pipeline, limit in WORKERS:
        one, two = results[(operation, pipeline, "one")], results[(operation, pipeline, "two")]
        ratio = statistics.median(b["ops"] / a["ops"] for a, b in zip(one, two))
        cpu = statistics.median(b["cpu"] / a["cpu"] for a, b in zip(one, two))
        rows.append(row(f"workers: 2 over 1, {operation} 64 B p{pipeline}, ops/s", {"brine": ratio}, 2, limit, True))
        rows.append(row(f"workers: 2 over 1, {operation} 64 B p{pipeline}, CPU us/op", {"brine": cpu}, 2))
    rows.append(row("workers: share of a core, 2 idle workers", {"brine": busy}, 4, IDLE_CPU_MAX))
    return rows
