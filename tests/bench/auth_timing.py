#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What the time of a refused AUTH tells: medians of passwords and names that are wrong in every way.

    auth_timing.py --server build/brine-server [--rounds 3000]

All kinds take turns on one connection, so that what else the machine does meets them alike.  The
spread is between the medians of kinds whose passwords are equally long; the goal is below 1 us.
"""

import argparse
import os
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import differential  # noqa: E402

PASSWORD = b"correct horse battery staple 12345"
KINDS = {
    "wrong at the first byte": (b"ann", b"X" + PASSWORD[1:]),
    "wrong at the last byte": (b"ann", PASSWORD[:-1] + b"X"),
    "nothing in common": (b"ann", b"z" * len(PASSWORD)),
    "another user's password": (b"ann", b"p" * len(PASSWORD)),
    "no such user": (b"nob", PASSWORD),
    "a user that is off, right password": (b"off", PASSWORD),
    "default, wrong": (b"default", PASSWORD[:-1] + b"X"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server")
    parser.add_argument("--rounds", type=int, default=3000)
    options = parser.parse_args()
    server = differential.Server(options.server)
    try:
        setup = differential.Connection(server)
        for args in ([b"ACL", b"SETUSER", b"ann", b"on", b">" + PASSWORD, b"+@all"],
                     [b"ACL", b"SETUSER", b"bob", b"on", b">" + b"p" * len(PASSWORD)],
                     [b"ACL", b"SETUSER", b"off", b"off", b">" + PASSWORD],
                     [b"CONFIG", b"SET", b"requirepass", b"another password that is long enough"]):
            assert setup.ask(args) == b"+OK\r\n", args
        client = socket.create_connection(server.address)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = {kind: differential.encode([b"AUTH", *pair]) for kind, pair in KINDS.items()}
        times = {kind: [] for kind in KINDS}
        for turn in range(options.rounds):
            kinds = list(KINDS)
            for kind in kinds[turn % len(kinds):] + kinds[:turn % len(kinds)]:
                started = time.perf_counter_ns()
                client.sendall(wire[kind])
                reply = client.recv(1000)
                times[kind].append(time.perf_counter_ns() - started)
                assert reply.startswith(b"-WRONGPASS"), reply
    finally:
        server.stop()
    medians = {kind: statistics.median(each) / 1000 for kind, each in times.items()}
    for kind, median in medians.items():
        print(f"{median:8.2f} us  {kind}")
    print(f"{max(medians.values()) - min(medians.values()):8.2f} us  spread of the medians, {options.rounds} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
