#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The verifier beside CPython: pickle.loads and pickletools.genops on the same pickles, in one run.

Times are processor time, best of a few; ratios are what to quote.
usage: bench_verify.py PATH_OF_bench_verify"""
import collections
import datetime
import os
import pickle
import pickletools
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
POLICY = os.path.join(ROOT, "tests", "corpus", "pickle", "POLICY")


def values():
    small = {"user_id": 12345, "name": "Alice Example", "email": "alice@example.com", "roles": ["admin", "user"],
             "prefs": {"theme": "dark", "lang": "en", "n": 3}, "active": True, "score": 1.5, "tags": ("a", "b"), "x": None,
             "last": "2026-11-22T10:00:00", "ip": "10.0.0.1", "csrf": "x" * 32, "k1": 1, "k2": 2, "k3": 3, "k4": 4}
    session = {"_auth_user_id": "17", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
               "_auth_user_hash": "0123456789abcdef" * 4, "cart": [1, 2, 3]}
    yield "small dict", small
    yield "session", session
    yield "dense rows", [[i % 200, "k%d" % (i % 50), {"a": i % 7, "b": (i % 5, None)}, True] for i in range(32000)]
    yield "int keys", dict.fromkeys(range(100000), 1)
    yield "datetimes", [datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=i) for i in range(20000)]
    yield "counters", [collections.OrderedDict(a=i) for i in range(20000)]
    yield "text", ["some text that is longer %d" % i for i in range(50000)]
    yield "blob", b"x" * 100_000_000


def best(function, data, rounds=5):
    calls = max(1, min(2000, 200000 // len(data)))
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for _ in range(calls):
            function(data)
        times.append((time.process_time_ns() - start) / calls)
    return min(times)


def main():
    with tempfile.TemporaryDirectory() as folder:
        names, paths, data = [], [], []
        for name, value in values():
            names.append(name)
            data.append(pickle.dumps(value, 4))
            paths.append(os.path.join(folder, name.replace(" ", "_")))
            with open(paths[-1], "wb") as file:
                file.write(data[-1])
        rows = subprocess.check_output([sys.argv[1], POLICY] + paths, text=True).splitlines()[1:]
        print("%-12s %10s %8s %12s %8s %8s %12s %12s" % ("pickle", "bytes", "opcodes", "verify ns", "Mop/s", "MB/s", "loads", "genops"))
        for name, row, stream in zip(names, rows, data):
            fields = row.split("\t")
            ns = float(fields[3])
            loads = best(pickle.loads, stream)
            genops = best(lambda s: collections.deque(pickletools.genops(s), 0), stream, 2)
            print("%-12s %10s %8s %12.0f %8s %8.0f %11.1fx %11.1fx  %s" % (
                name, fields[1], fields[2], ns, fields[5], float(fields[4]), loads / ns, genops / ns,
                fields[7] if fields[6] == "0" else fields[6] + " allocations"))


if __name__ == "__main__":
    main()
