#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Finds small pickles that reach code which the corpus does not reach, for tests/corpus/pickle/REACHED.

Calls of every callable of POLICY with many arguments, parts of corpus files put together anew, and
random streams are handed to the fuzzer's -merge, which keeps those that add an edge.  Each becomes a
file named after its verdict; the verdict is read over by whoever adds it, and every one that is
accepted is loaded by pickle_soundness.py as its neighbours are.  By hand.

usage: pickle_reach.py FUZZER [--count N] [--seed S]      FUZZER: build/fuzz/tests/fuzz/fuzz_pickle_verify"""
import argparse
import glob
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pickle_corpus import B, G, P, S  # noqa: E402
from pickle_real import Breeder  # noqa: E402
from pickle_soundness import CORPUS, POLICY, ROOT, Assembler, ask, build_driver, read_policy  # noqa: E402

BYTES_MAX = 400
DTYPES = [G("numpy", "dtype") + S(kind) + b"\x89\x88\x87R" for kind in ("f8", "O8", "V8", "U1", "S0", "M8", "b1")]
ARRAY = G("numpy.core.multiarray", "_reconstruct") + G("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
VALUES = [b"N", b"\x88", b"\x89", b"K\x00", b"K\x01", b"K\x08", b"J\xff\xff\xff\xff", b"\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09",
          b"L12345678901234567890123L\n", b"G?\xf8\0\0\0\0\0\0", S(""), S("a"), S("b"), S("i"), S("u"), S("latin1"), S("latin-1"), S("-1/3"),
          S("1.5E-7"), S("NaN"), S("Europe/Berlin"), S("\u20ac"), S("x" * 300), b"U\x01a", b"U\x02\xe9a", b"Va\\u00e9\n", b"S'a\\x41'\n", B(b""), B(b"b"),
          B(b"12345678"), b"\x96\x01\0\0\0\0\0\0\0x", b"]", b"](K\x01S'b'\ne", b"](](S'a'\nK\x01ee", b"}", b"}K\x01Ns", b"}" + S("a") + b"Ns",
          b"}" + S("subclass") + b"Ns", b")", b"K\x00\x85", b"K\x01K\x02\x86", b"K\x01\x85", b"\x8f", b"\x8f(K\x01\x90", b"(K\x01\x91", b"(",
          G("app", "User"), G("app", "User") + b")\x81", G("app", "Hashed") + b")\x81", G("app", "helper"), G("builtins", "object"),
          G("builtins", "Ellipsis"), G("builtins", "NotImplemented"), G("numpy", "ndarray"), G("numpy", "record"), G("array", "array"), ARRAY] + DTYPES


def matrix(rng, names):
    """A call, an instance or a state with arguments of all kinds."""
    module, name = rng.choice(names)
    args = [rng.choice(VALUES) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 5)))]
    call = G(module, name) if "." not in name else S(module) + S(name) + b"\x93"
    how = rng.random()
    if how < 0.6:
        body = call + b"(" + b"".join(args) + b"tR"
    elif how < 0.75:
        body = call + b"(" + b"".join(args) + b"t\x81"
    elif how < 0.8:
        body = call + b"(" + b"".join(args[:2]) + b"t" + rng.choice(VALUES) + b"\x92"
    elif how < 0.85:
        body = b"(" + call + b"".join(args) + b"o"
    elif how < 0.9:
        body = b"(" + b"".join(args) + b"i" + module.encode() + b"\n" + name.encode() + b"\n"
    else:
        body = rng.choice(VALUES)
    follow = rng.random()
    if follow < 0.3:
        body += rng.choice(VALUES) + b"b"
    elif follow < 0.4:
        body += b"(" + b"".join(args) + b"tb"
    elif follow < 0.5:
        body += b"(" + b"".join(args) + rng.choice((b"e", b"u", b"\x90"))
    elif follow < 0.55:
        body = b"}" + body + b"Ns"
    return P(rng.choice((2, 3, 4, 4, 5))) + body + b"."


def candidates(count, seed):
    rng = random.Random(seed)
    names = list(read_policy())
    breeder = Breeder(rng, [])
    for path in sorted(glob.glob(os.path.join(CORPUS, "*.pkl"))):
        if os.path.getsize(path) < BYTES_MAX:
            with open(path, "rb") as file:
                breeder.keep(file.read())
    for base in list(breeder.bases):
        breeder.offer(base)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.5:
            yield matrix(rng, names)
        elif kind < 0.85:
            yield breeder.stream()
        else:
            yield Assembler(rng, names).stream()


def rule_classes():
    """The class of each rule, from reasons.def."""
    with open(os.path.join(ROOT, "proto/pickle/reasons.def")) as file:
        return {rule: kind.lower() for kind, rule in re.findall(r'R\(\w+,\s*(\w+),\s*"([^"]+)"', file.read())}


def name_of(data, fields):
    """t_RULE_WORD_HASH: the word is the last of the global concerned, or the type of what was accepted."""
    word = fields[3] if fields[0] == "accepted" else re.split(r"\W+", fields[2])[-1]
    parts = ["t", fields[0].replace("-", "_"), word[:24], hashlib.sha256(data).hexdigest()[:6]]
    return "_".join(part for part in parts if part) + ".pkl"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fuzzer")
    parser.add_argument("--count", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made, whole = os.path.join(folder, "made"), os.path.join(folder, "whole")
        os.mkdir(made)
        shutil.copytree(CORPUS, whole)
        for data in candidates(options.count, options.seed):
            if len(data) <= BYTES_MAX:
                with open(os.path.join(made, hashlib.sha256(data).hexdigest()), "wb") as file:
                    file.write(data)
        known = set(os.listdir(whole))
        # Edges alone: how often one was taken is no reason to keep a file.
        subprocess.check_call([os.path.abspath(options.fuzzer), "-merge=1", "-use_counters=0", "-use_value_profile=0", whole, made],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        streams = []
        for name in sorted(set(os.listdir(whole)) - known):
            with open(os.path.join(whole, name), "rb") as file:
                streams.append(file.read())
        classes = rule_classes()
        with open(os.path.join(CORPUS, "REACHED"), "a") as table:
            for data, answer in zip(streams, ask(build_driver(folder), POLICY, streams)):
                rule, concerned, name = answer[0], answer[2].replace(":", ".", 1), name_of(data, answer)
                with open(os.path.join(CORPUS, name), "wb") as file:
                    file.write(data)
                plain = re.fullmatch(r"[\w.]+", concerned)
                row = "%s %s %s %s" % (name, classes[rule], rule, "-" if concerned == "." else concerned if plain and len(concerned) < 200 else "'")
                table.write(row + "\n")
                print(row)


if __name__ == "__main__":
    main()
