#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What one client's giant pickle costs the others: the latency of GETs at pipeline 1 on the same
server, alone and while another client stores a pickle of many opcodes again and again.

    tests/bench/stall.py build/release/brine-server [--mb 256] [--seconds 20]

The server has one worker thread, so that both clients share a loop.  Prints percentiles, and exits
with 1 when the 99.9th is above the bar."""
import argparse
import pickle
import socket
import sys
import threading
import time

from peers import Peer

BAR_MS = 5.0


def command(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        parts += [b"$%d\r\n" % len(word), word, b"\r\n"]
    return b"".join(parts)


def dense_pickle(size):
    """A flat list of floats: nine bytes an opcode, and no memory for the verifier to keep."""
    count = size // 9
    return b"\x80\x04](" + b"G\x3f\xf8\0\0\0\0\0\0" * count + b"e."


def measure(port, seconds):
    """Latencies in ms of one GET after the other."""
    latencies = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(command(b"SET", b"small", pickle.dumps(b"x" * 40)))
        client.recv(100)
        request = command(b"GET", b"small")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            client.sendall(request)
            client.recv(4096)
            latencies.append((time.perf_counter() - began) * 1000)
    return sorted(latencies)


def store_again_and_again(port, value, stop, done):
    request = command(b"SET", b"giant", value)
    with socket.create_connection(("127.0.0.1", port)) as client:
        while not stop.is_set():
            client.sendall(request)
            reply = client.recv(1000)
            if reply != b"+OK\r\n":
                sys.exit("the giant was answered %r" % reply)
            done.append(time.monotonic())


def percentile(latencies, share):
    return latencies[min(int(len(latencies) * share), len(latencies) - 1)]


def report(name, latencies):
    figures = [percentile(latencies, share) for share in (0.5, 0.99, 0.999)] + [latencies[-1]]
    print("%-34s n=%-8d p50 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms"
          % ((name, len(latencies)) + tuple(figures)), flush=True)
    return figures[2]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    arguments.add_argument("server")
    arguments.add_argument("--mb", type=int, default=256)
    arguments.add_argument("--seconds", type=float, default=20)
    options = arguments.parse_args()
    server = Peer("brine", options.server + " --server.port={port} --server.threads=1"
                  " --limits.bulk_bytes=1gb --limits.query_buffer_bytes=2gb")
    try:
        report("alone", measure(server.port, options.seconds / 4))
        stop, done = threading.Event(), []
        giant = threading.Thread(target=store_again_and_again, daemon=True,
                                 args=(server.port, dense_pickle(options.mb << 20), stop, done))
        giant.start()
        worst = report("beside a pickle of %d MB" % options.mb, measure(server.port, options.seconds))
        stop.set()
        giant.join()
        print("the giant was stored %d times" % len(done))
        print("p99.9 %.3f ms, bar %.0f ms: %s" % (worst, BAR_MS, "ok" if worst <= BAR_MS else "MISSED"))
        return 0 if worst <= BAR_MS and done else 1
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
