#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What one client's work on a long value costs the others: the latency of PING at pipeline 1 while
another client sends one command again and again to a value of 60 MB.

    tests/bench/long_values.py build/release/brine-server [--mb 60] [--seconds 4] [--only append]

The server has one worker thread, so that both clients share a loop.  Prints for each command how
long it takes itself, and percentiles of PING; exits with 1 when a 99.9th is above the bar."""
import argparse
import socket
import sys
import threading
import time

from peers import Peer
from stall import BAR_MS, command, percentile

# name: what is sent again and again, and the longest answer to be read
COMMANDS = {
    "nothing": (b"ECHO", b"x"),
    "append 1 KB": (b"APPEND", b"long", b"a" * 1024),
    "append nothing": (b"APPEND", b"long", b""),
    "setrange": (b"SETRANGE", b"long", b"1000000", b"part"),
    "setbit": None,  # alternates
    "bitfield": (b"BITFIELD", b"long", b"INCRBY", b"u8", b"8000000", b"1"),
    "bitcount": (b"BITCOUNT", b"long"),
    "bitpos": (b"BITPOS", b"zeros", b"1"),
    "bitop": (b"BITOP", b"NOT", b"other", b"long"),
    "get": (b"GET", b"long"),
    "getrange": (b"GETRANGE", b"long", b"0", b"-1"),
    "copy": (b"COPY", b"long", b"copied", b"REPLACE"),
    "set": None,
    "lcs": (b"LCS", b"text", b"text2", b"LEN"),
}


def read_reply(client):
    """One reply of a number, a status or a bulk string; its bytes are thrown away."""
    line = b""
    while not line.endswith(b"\r\n"):
        line += client.recv(1)
    if line[:1] == b"-":
        sys.exit("answered %r" % line)
    left = int(line[1:]) + 2 if line[:1] == b"$" else 0
    while left > 0:
        left -= len(client.recv(min(left, 1 << 20)))
    if line[:1] == b"*":
        for _ in range(int(line[1:])):
            read_reply(client)


def work(port, requests, stop, took):
    with socket.create_connection(("127.0.0.1", port)) as client:
        while not stop.is_set():
            began = time.perf_counter()
            client.sendall(requests[len(took) % len(requests)])
            read_reply(client)
            took.append((time.perf_counter() - began) * 1000)


def pings(port, seconds):
    latencies = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            client.sendall(b"PING\r\n")
            client.recv(100)
            latencies.append((time.perf_counter() - began) * 1000)
    return sorted(latencies)


def requests_of(name, size):
    if name == "setbit":
        return [command(b"SETBIT", b"long", b"8000000", b"%d" % bit) for bit in (0, 1)]
    if name == "set":
        return [command(b"SET", b"long", b"l" * size)]
    return [command(*COMMANDS[name])]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    arguments.add_argument("server")
    arguments.add_argument("--mb", type=int, default=60)
    arguments.add_argument("--seconds", type=float, default=4)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--flags", default="--gate.mode=off")
    options = arguments.parse_args()
    size = options.mb << 20
    server = Peer("brine", options.server + " --server.port={port} --server.threads=1 " + options.flags)
    missed = 0
    try:
        for name in COMMANDS:
            if options.only not in name:
                continue
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                for key, value in ((b"long", b"l" * size), (b"zeros", b"\0" * size),
                                   (b"text", b"ab" * 4000), (b"text2", b"bca" * 2600)):
                    client.sendall(command(b"SET", key, value))
                    read_reply(client)
            stop, took = threading.Event(), []
            worker = threading.Thread(target=work, args=(server.port, requests_of(name, size), stop, took))
            worker.start()
            latencies = pings(server.port, options.seconds)
            stop.set()
            worker.join()
            worst = percentile(latencies, 0.999)
            missed += worst > BAR_MS
            took.sort()
            print("%-16s itself p50 %7.2f max %7.2f ms, %5d times; PING p50 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms%s"
                  % (name, percentile(took, 0.5), took[-1], len(took), percentile(latencies, 0.5),
                     percentile(latencies, 0.99), worst, latencies[-1], "  MISSED" if worst > BAR_MS else ""), flush=True)
    finally:
        server.stop()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
