# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Clients who do not read what they asked for, or send halves: does the process stay within memory.max?

    unread.py --server build/release/brine-server [--memory-mb 48 [MB ...]] [--only SHAPE ...] [--seconds 3] [--writer]

Fills the memory with values of 1 KB, lets the clients of one shape after the other connect, send and not read,
and asks the kernel for the largest resident memory meanwhile (VmHWM, which misses no moment).  Fails where it is
more than 10 % above memory.max and one reply more, which is made whole before it is sent and counts where it is
long (mget-long), or where somebody who reads is not answered.  Prints besides how many of the entries were left at
least, and how many clients were closed.  --writer: another one stores values meanwhile.
"""
import argparse
import contextlib
import pathlib
import random
import selectors
import socket
import subprocess
import sys
import threading
import time

from evict import Server
from outcome import Outcome
from peers import ask_over, serving

ALLOWED = 1.10
LOOK_SECONDS = 0.05
VALUE_BYTES = 1000
LARGE_BYTES = 100_000
LARGES = 40
HALF_BYTES = 1 << 20
LONG_KEYS = 4800
# One reply, made at once.
MADE_BYTES = {"mget-long": LONG_KEYS * VALUE_BYTES}
PATIENCE_S = 30


def command(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def plain(rng, size):
    """Noise that is no pickle to any reader."""
    return b"<" + rng.randbytes(size - 1)


def key(index):
    return b"v%06d" % index


def mget(rng, keys, count):
    start = rng.randrange(max(keys - count, 1))
    return command("MGET", *(key(start + i) for i in range(count)))


# What one client sends, given a source of chance and how many keys there are.
SHAPES = {
    "mget": (60, lambda rng, keys: b"".join(mget(rng, keys, 480) for _ in range(20))),
    "mget-long": (30, lambda rng, keys: b"".join(mget(rng, keys, LONG_KEYS) for _ in range(4))),
    "get": (60, lambda rng, keys: b"".join(command("GET", key(rng.randrange(keys))) for _ in range(3000))),
    "get-large": (30, lambda rng, keys: b"".join(command("GET", "large%d" % rng.randrange(LARGES)) for _ in range(200))),
    "keys": (30, lambda rng, keys: command("KEYS", "*") * 4),
    "scan": (60, lambda rng, keys: command("SCAN", 0, "COUNT", 100_000) * 20),
    "half": (60, lambda rng, keys: command("SET", "half", bytes(HALF_BYTES))[:-3]),
    "multi": (30, lambda rng, keys: command("MULTI") + command("SET", "queued", bytes(HALF_BYTES // 4)) * 4),
    "subscribe": (30, lambda rng, keys: command("SUBSCRIBE", "channel")),
    "monitor": (30, lambda rng, keys: command("MONITOR")),
}
# What others do meanwhile, again and again: it is what makes the shape's clients fall behind.
MEANWHILE = {
    "get-large": lambda rng: command("SET", "large%d" % rng.randrange(LARGES), plain(rng, LARGE_BYTES)),
    "subscribe": lambda rng: command("PUBLISH", "channel", plain(rng, 10_000)),
    "monitor": lambda rng: command("GET", plain(rng, 5000)),
}


def written(rng):
    size = rng.choice((200, 1000, 10_000, 60_000))
    return command("SET", b"w%d" % rng.randrange(100_000), plain(rng, size))


def exchange(connection, replies, requests):
    """Sends them and reads as many replies; those that are errors."""
    connection.sendall(b"".join(requests))
    errors = []
    for _ in requests:
        line = replies.readline()
        if not line:
            raise ConnectionError("a client who reads was closed")
        if line.startswith(b"-"):
            errors.append(line.decode().strip())
        if line.startswith(b"$") and line != b"$-1\r\n":
            replies.read(int(line[1:]) + 2)
    return errors


class Reader(threading.Thread):
    """Does what an honest client does until it is told to end."""

    def __init__(self, port, request, batch):
        super().__init__()
        self.port, self.request, self.batch = port, request, batch
        self.ended, self.failure, self.errors, self.done = threading.Event(), None, [], 0

    def run(self):
        rng = random.Random(7)
        try:
            with (socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection,
                  connection.makefile("rb") as replies):
                while not self.ended.is_set():
                    self.errors += exchange(connection, replies, [self.request(rng) for _ in range(self.batch)])
                    self.done += self.batch
        except OSError as error:
            self.failure = error

    def end(self):
        self.ended.set()
        self.join()


def fill(port, limit):
    """Values until some give way; returns how many keys were stored."""
    rng = random.Random(1)
    keys = int(limit * 1.3) // VALUE_BYTES
    payload = rng.randbytes(1 << 20)
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection, connection.makefile("rb") as replies:
        for first in range(0, keys, 200):
            places = [rng.randrange(len(payload) - VALUE_BYTES) for _ in range(200)]
            exchange(connection, replies, [command("SET", key(first + i), b"<" + payload[place:place + VALUE_BYTES - 1])
                                           for i, place in enumerate(places)])
        exchange(connection, replies, [command("SET", "large%d" % i, plain(rng, LARGE_BYTES)) for i in range(LARGES)])
    return keys


class Mute:
    """Clients that send what they have as far as the server takes it, and read nothing."""

    def __init__(self, port, count, request):
        self.selector = selectors.DefaultSelector()
        self.rest = {}
        for index in range(count):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", port))
            connection.setblocking(False)
            self.rest[connection] = memoryview(request(index))
            self.selector.register(connection, selectors.EVENT_WRITE)

    def push(self, seconds):
        for ready, _ in self.selector.select(seconds):
            connection = ready.fileobj
            try:
                self.rest[connection] = self.rest[connection][connection.send(self.rest[connection]):]
            except BlockingIOError:
                continue
            except OSError:
                self.rest[connection] = b""
            if not self.rest[connection]:
                self.selector.unregister(connection)

    def close(self):
        for connection in self.rest:
            connection.close()
        self.selector.close()


class Process:
    def __init__(self, pid):
        self.directory = pathlib.Path(f"/proc/{pid}")

    def forget_peak(self):
        (self.directory / "clear_refs").write_text("5")

    def peak_bytes(self):
        text = (self.directory / "status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) * 1024


def run_shape(server, limit, name, keys, options):
    """The peak's share of the limit, entries left at least, clients closed, and the readers."""
    count, request = SHAPES[name]
    rng = random.Random(name)
    process = Process(server.process.pid)
    readers = [Reader(server.port, lambda _: command("PING"), 1)]
    if name in MEANWHILE:
        readers.append(Reader(server.port, MEANWHILE[name], 50))
    if options.writer:
        readers.append(Reader(server.port, written, 50))
    before = server.info()
    process.forget_peak()
    mute = Mute(server.port, count, lambda _: request(rng, keys))
    with contextlib.closing(mute):
        for reader in readers:
            reader.start()
        least = entries_of(before)
        ends = time.monotonic() + options.seconds
        while time.monotonic() < ends:
            mute.push(LOOK_SECONDS)
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
                least = min(least, int(ask_over(connection, "DBSIZE")))
        for reader in readers:
            reader.end()
        peak = process.peak_bytes() / limit
    closed = sum(int(server.info()[field]) - int(before[field]) for field in ("evicted_clients", "client_output_limit_closed"))
    return peak, least / max(entries_of(before), 1), closed, count, readers


def entries_of(info):
    return sum(int(value.split("keys=")[1].split(",")[0]) for name, value in info.items()
               if name.startswith("db") and value.startswith("keys="))


def settle(server, limit):
    """The last shape's clients are gone, and what they pushed out is there again."""
    serving.await_that(lambda: int(server.info()["connected_clients"]) <= 1)
    return fill(server.port, limit)


def run(options, megabytes, outcome):
    limit, port = megabytes << 20, serving.free_port()
    server = Server([options.server, f"--server.port={port}", f"--memory.max={limit}", *options.option], port)
    try:
        for name in options.only or SHAPES:
            keys = settle(server, limit)
            peak, left, closed, count, readers = run_shape(server, limit, name, keys, options)
            print(f"{megabytes} MB, {name}{' and a writer' if options.writer else ''}: resident at most {peak:.1%} of memory.max, "
                  f"{left:.0%} of the entries left at least, {closed} of {count} clients closed, "
                  f"{sum(reader.done for reader in readers)} commands of others answered", flush=True)
            allowed = ALLOWED + MADE_BYTES.get(name, 0) / limit
            outcome.check(peak <= allowed, f"{megabytes} MB, {name}: {peak:.1%} of memory.max resident")
            for reader in readers:
                outcome.check(not reader.failure and not reader.errors and reader.done,
                              f"{megabytes} MB, {name}: who reads was told {reader.failure or reader.errors[:1]}")
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--memory-mb", type=int, nargs="+", default=[48])
    parser.add_argument("--only", choices=SHAPES, nargs="+")
    parser.add_argument("--seconds", type=float, default=3, help="for each shape")
    parser.add_argument("--writer", action="store_true")
    parser.add_argument("--option", action="append", default=[], help="one of the server's, such as --limits.clients_bytes=10%%")
    options = parser.parse_args()
    outcome = Outcome()
    try:
        for megabytes in options.memory_mb:
            run(options, megabytes, outcome)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"unread.py: {error}")
    return outcome.finish()


if __name__ == "__main__":
    sys.exit(main())
