#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The verifier beside CPython on the same pickles, in one run, on one core.

A round measures one pickle three ways, one right after the other: bench_verify, pickle.loads in C, and
in the first rounds pickletools.genops.  Rounds go over all pickles again and again.  Times are medians of
the rounds; ratios are medians of each round's ratio, with the range beside them.  What misses its bar is
marked with !, and the last line counts.
usage: bench_verify.py PATH_OF_bench_verify [--rounds N] [--only WORD]"""
import argparse
import collections
import datetime
import gc
import os
import pickle
import pickletools
import random
import statistics
import subprocess
import sys
import tempfile
import time
import types

ROUND_S = 0.03
RATIO_BAR, OPCODES_BAR = 10, 100e6
SMALL_NS, BLOB_NS = 500, 10000


class Line:
    """A small object with a state, as an application has them; bench_verify's policy names it."""

    def __init__(self, number):
        self.article = "article-%d" % number
        self.count = number % 9 + 1
        self.price = number * 0.25
        self.gift = False


def shop_module():
    Line.__module__, Line.__qualname__ = "shop", "Line"
    sys.modules["shop"] = types.ModuleType("shop")
    sys.modules["shop"].Line = Line


# ---- what is measured: name, its bar, value, protocol --------------------------------------------

def plain_values():
    small = {"user_id": 12345, "name": "Alice Example", "email": "alice@example.com", "roles": ["admin", "user"],
             "prefs": {"theme": "dark", "lang": "en", "n": 3}, "active": True, "score": 1.5, "tags": ("a", "b"), "x": None,
             "last": "2026-11-22T10:00:00", "ip": "10.0.0.1", "csrf": "x" * 32, "k1": 1, "k2": 2, "k3": 3}
    session = {"_auth_user_id": "17", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
               "_auth_user_hash": "0123456789abcdef" * 4, "cart": [1, 2, 3]}
    start = datetime.datetime(2026, 1, 1)
    chance = random.Random(1)
    yield "small dict", "small", small, 4
    yield "Django session", "small", session, 4
    yield "dense rows", "dense", [[i % 200, "k%d" % (i % 50), {"a": i % 7, "b": (i % 5, None)}, True] for i in range(24000)], 4
    yield "int keys", "dense", dict.fromkeys(range(100000), 1), 4
    yield "random int keys", "dense", {chance.randrange(1 << 30): i for i in range(50000)}, 4
    yield "tuple keys", "dense", {(i, i % 7): i for i in range(20000)}, 4
    yield "str keys", "dense", {"key%d" % i: i for i in range(50000)}, 4
    yield "datetimes", "dense", [start + datetime.timedelta(hours=i) for i in range(20000)], 4
    yield "OrderedDicts", "dense", [collections.OrderedDict(a=i) for i in range(20000)], 4
    yield "objects", "dense", [Line(i) for i in range(10000)], 4
    yield "lists of floats", "dense", [[i * 0.5, i * 0.25, i / 3] for i in range(40000)], 4
    yield "lists of numbers", "dense", [list(range(i, i + 100)) for i in range(2000)], 4
    yield "text", "text", ["some text that is longer %d" % i for i in range(50000)], 4
    yield "blob 100 MB", "blob", b"x" * 100_000_000, 4


def library_values():
    try:
        import numpy
        yield "array 100 MB", "blob", numpy.zeros(12_500_000), 5
        import pandas
        yield "DataFrame", "dense", pandas.DataFrame({"a": range(1000), "b": [i * 0.5 for i in range(1000)],
                                                      "c": ["text %d" % (i % 30) for i in range(1000)]}), 5
        from sklearn.ensemble import RandomForestClassifier
        x = numpy.random.RandomState(1).rand(200, 5)
        yield "sklearn forest", "dense", RandomForestClassifier(20, random_state=1).fit(x, x[:, 0] > x[:, 1]), 5
    except ImportError as error:
        print("not measured: %s" % error)


# ---- one round -----------------------------------------------------------------------------------

class Subject:
    def __init__(self, number, name, bar, data):
        self.number, self.name, self.bar, self.data = number, name, bar, data
        self.verify, self.loads, self.genops = [], [], []
        self.opcodes = self.allocations = 0
        self.verdict = ""


def time_of(function, data, calls):
    start = time.process_time_ns()
    for _ in range(calls):
        function(data)
    return (time.process_time_ns() - start) / calls


def calls_within(function, data):
    return max(1, int(ROUND_S * 1e9 / max(1, time_of(function, data, 1))))


def walk(data):
    collections.deque(pickletools.genops(data), 0)


def ask(verifier, subject):
    verifier.stdin.write("%d %d\n" % (subject.number, ROUND_S * 1e6))
    verifier.stdin.flush()
    ns, opcodes, subject.allocations, subject.verdict = verifier.stdout.readline().rstrip("\n").split("\t")
    subject.opcodes = int(opcodes)
    return float(ns)


def run_rounds(verifier, subjects, rounds, genops_rounds):
    for subject in subjects:
        ask(verifier, subject)
        subject.calls = calls_within(pickle.loads, subject.data)
    for number in range(rounds):
        for subject in subjects:
            subject.verify.append(ask(verifier, subject))
            subject.loads.append(time_of(pickle.loads, subject.data, subject.calls))
            if number < genops_rounds:
                subject.genops.append(time_of(walk, subject.data, 1))


# ---- the table -----------------------------------------------------------------------------------

def misses(subject, ns, ratio):
    if subject.verdict != "accepted":
        return [subject.verdict]
    found = []
    if subject.allocations != "0":
        found.append("%s allocations" % subject.allocations)
    if subject.bar == "blob":
        return found + (["%.0f us" % (BLOB_NS / 1000)] if ns >= BLOB_NS else [])
    if subject.bar == "small" and ns >= SMALL_NS:
        found.append("%d ns" % SMALL_NS)
    if ratio < RATIO_BAR:
        found.append("%dx" % RATIO_BAR)
    if subject.bar != "text" and subject.opcodes / ns * 1e9 < OPCODES_BAR:
        found.append("%.0f Mop/s" % (OPCODES_BAR / 1e6))
    return found


def print_table(subjects):
    print("%-17s %9s %7s %11s %7s %8s  %s" % ("pickle", "bytes", "opcodes", "ns a call", "Mop/s", "MB/s", "times loads (range)      times genops"))
    missed = 0
    for s in subjects:
        ns = statistics.median(s.verify) or 1
        ratios = sorted(loads / verify for loads, verify in zip(s.loads, s.verify) if verify)
        genops = statistics.median(g / v for g, v in zip(s.genops, s.verify)) if s.genops else 0
        found = misses(s, ns, statistics.median(ratios))
        missed += bool(found)
        print("%-17s %9d %7d %11.0f %7.0f %8.0f  %9.1f (%.1f to %.1f) %12.0f  %s" % (
            s.name, len(s.data), s.opcodes, ns, s.opcodes / ns * 1000, len(s.data) / ns * 1000, statistics.median(ratios),
            ratios[0], ratios[-1], genops, "! misses " + ", ".join(found) if found else ""))
    print("%d at their bars, %d not; no allocation in the steady state: %s" % (
        len(subjects) - missed, missed, "yes" if all(s.allocations == "0" for s in subjects) else "NO"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--genops-rounds", type=int, default=2)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    shop_module()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        subjects, paths = [], []
        for values in (plain_values(), library_values()):
            for name, bar, value, protocol in values:
                if options.only not in name:
                    continue
                paths.append(os.path.join(folder, str(len(subjects))))
                subjects.append(Subject(len(subjects), name, bar, pickle.dumps(value, protocol)))
                with open(paths[-1], "wb") as file:
                    file.write(subjects[-1].data)
        gc.freeze()  # loads pays for collecting what it makes, not for what was imported above
        with subprocess.Popen([options.program] + paths, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as verifier:
            run_rounds(verifier, subjects, options.rounds, options.genops_rounds)
            verifier.stdin.close()
    print_table(subjects)


if __name__ == "__main__":
    main()
