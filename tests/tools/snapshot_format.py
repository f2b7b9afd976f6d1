#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Snapshots of a real server, read by two readers: brine-cli, and snapshot_reader.py, which was written
from the format's description.  They must agree on every key, time to live and value, for each
compression; and on whether a file is whole, for files cut at each block's end and at random places,
and with random bits turned round.

    snapshot_format.py --server build/brine-server --cli build/brine-cli [--damages 20] [--seed 1]"""
import argparse
import json
import os
import pickle
import random
import shutil
import struct
import subprocess
import sys
import tempfile

from outcome import Outcome
from snapshot_faults import Server
from snapshot_reader import FREQUENCY, IDLE, LZ4, ORIGIN, PLAIN, ZSTD, Damaged, Snapshot, checksum

COMPRESSIONS = {"none": [PLAIN], "lz4": [LZ4], "zstd": [ZSTD]}


def fill(client, rng):
    """What is stored, by database and key: (value, whether it expires)."""
    stored = {}
    sizes = [0, 1, 13, 100, 1000, 16383, 16384, 70000, 262144, 600000]
    for db in (0, 15):
        client.execute_command("SELECT", db)
        for i in range(80):
            key = (b"key %d \xff\n\xc3\xa9" % i) if i % 3 else b"plain:%d" % i
            body = rng.randbytes(sizes[i % len(sizes)] if i % 20 < 10 else i)
            value = pickle.dumps(body if i % 2 else body[:8] * (len(body) // 8), 2 + i % 4)
            client.execute_command("SET", key, value, *(["PX", 10 ** 9 + i] if i % 4 == 0 else []))
            stored[db, key] = value, i % 4 == 0
    client.execute_command("SELECT", 0)
    for _ in range(300):
        client.execute_command("GET", "plain:0")
    return stored


def run_cli(args, *words):
    return subprocess.run([args.cli, "snapshot", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def compare(args, outcome, path, stored, snapshot):
    theirs = {(record.db, record.key): record for record in snapshot.records}
    outcome.check({place: (record.value, record.expire_at_ms != 0) for place, record in theirs.items()} == stored,
                  "the reader finds what was stored, and nothing else")
    listed = [json.loads(row) for row in run_cli(args, "list", path, "--json").stdout.splitlines()]
    outcome.check(len(listed) == len(theirs), f"both find as many records: {len(listed)}, {len(theirs)}")
    for row in listed:
        # The bytes that are no UTF-8 are written as JSON writers do; such keys are found by their length.
        known = theirs.get((row["db"], row["key"].encode()))
        if known:
            outcome.check(row["bytes"] == len(known.value) and (row["ttl_ms"] is None) == (known.expire_at_ms == 0), f"list: {row}")
    for (db, key), record in theirs.items():
        if b"\n" in key:
            continue
        shown = run_cli(args, "cat", path, key.decode(), "--db", str(db)).stdout
        outcome.check(shown == record.value, f"cat: {db} {key}: {len(shown)} bytes, the reader has {len(record.value)}")


def judge(args, outcome, path, data, what):
    with open(path, "wb") as file:
        file.write(data)
    try:
        Snapshot(data)
        whole = True
    except Damaged:
        whole = False
    done = run_cli(args, "check", path)
    outcome.check(done.returncode == (0 if whole else done.returncode or -1) and done.returncode in (0, 1, 2),
                  f"{what}: the reader says whole={whole}, brine-cli ends with {done.returncode}: {done.stderr[-200:]}")


def run_damages(args, outcome, path, rng, data, ends):
    for offset in ends:
        judge(args, outcome, path, data[:offset], f"cut at a block's end, {offset}")
        judge(args, outcome, path, data[:offset + 64], f"cut behind a head, {offset}")
    for _ in range(args.damages):
        at = rng.randrange(len(data))
        judge(args, outcome, path, data[:at], f"cut at {at}")
        at, bit = rng.randrange(len(data)), rng.randrange(8)
        judge(args, outcome, path, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:], f"bit {bit} of byte {at} turned round")
    judge(args, outcome, path, data + b"\0", "a byte behind the end")
    judge(args, outcome, path, data, "the whole file")


def forge(records, databases=16, fold=None):
    """A file of one block, whose checksums fit but for `fold`; records are (db, type, key)."""
    plain = b"".join(struct.pack("<BHHQ", kind, db, len(key), 1) + key + b"v" for db, kind, key in records)
    start = b"BRINESNP" + struct.pack("<II16sqQII", 1, 0, b"I" * 16, 1, len(records), databases, 0)
    header = start + struct.pack("<Q", checksum(start))

    def block(kind, sequence, before, payload, count):
        head = struct.pack("<4sBBHQQQQIIQ", b"BRBK", kind, 0, 0, sequence, before, len(payload), len(payload), count, 0, checksum(payload))
        return head + struct.pack("<Q", checksum(b"I" * 16 + head)) + payload

    only = block(1, 0, 0, plain, len(records))
    folded = checksum(bytes(8) + only[56:64]) if fold is None else fold
    length = len(header) + len(only) + 64 + 96
    return header + only + block(3, 1, len(records), header + struct.pack("<QQQQ", 1, len(records), length, folded), 0)


def run_forged(args, outcome, path):
    """What no checksum shows is found all the same."""
    for what, data, words in (
            ("nothing is wrong", forge([(0, 0, b"a"), (1, 0, b"a")]), b""), ("a key twice", forge([(0, 0, b"a"), (0, 0, b"a")]), b"twice"),
            ("a type", forge([(0, 3, b"a")]), b"strings only"), ("a database", forge([(1, 0, b"a")], databases=1), b"fewer databases"),
            ("the footer's fold", forge([(0, 0, b"a")], fold=7), b"over all blocks")):
        with open(path, "wb") as file:
            file.write(data)
        done = run_cli(args, "check", path)
        outcome.check(done.returncode == (1 if words else 0) and words in done.stderr, f"{what}: exit {done.returncode}, {done.stderr}")
    os.unlink(path)
    os.mkfifo(path)
    outcome.check(run_cli(args, "check", path).returncode == 2, "a pipe is no file, and nobody waits for it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--cli", required=True)
    parser.add_argument("--damages", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.cli = os.path.abspath(args.cli)
    outcome, rng = Outcome(), random.Random(args.seed)
    directory = tempfile.mkdtemp(prefix="brine-format-")
    path = os.path.join(directory, "dump.brine")
    server = Server(os.path.abspath(args.server), directory, "--audit.provenance=true", "--memory.policy=allkeys-lfu")
    client = server.wait()
    stored = fill(client, rng)
    packed = {}
    for compression, codecs in COMPRESSIONS.items():
        client.config_set("snapshot.compression", compression)
        outcome.check(client.save(), f"{compression}: saved")
        with open(path, "rb") as file:
            data = file.read()
        snapshot = Snapshot(data)
        compare(args, outcome, path, stored, snapshot)
        outcome.check({head.codec for head in snapshot.heads} - {PLAIN} == set(codecs) - {PLAIN}, f"{compression}: as it says")
        flags = {flag for record in snapshot.records for flag in (IDLE, FREQUENCY, ORIGIN) if record.flags & flag}
        outcome.check(FREQUENCY in flags and ORIGIN in flags, f"{compression}: frequency and origin are written")
        outcome.check(all(record.writer in snapshot.writers for record in snapshot.records), f"{compression}: every writer has a name")
        packed[compression] = len(data)
        ends = snapshot.offsets[:-1] if compression == "zstd" else snapshot.offsets[:3]
        run_damages(args, outcome, os.path.join(directory, "damaged"), rng, data, ends)
    run_forged(args, outcome, os.path.join(directory, "forged"))
    outcome.check(packed["zstd"] <= packed["lz4"] < packed["none"], f"packing makes it smaller: {packed}")
    server.kill()
    shutil.rmtree(directory)
    print(f"{outcome.passed} passed, {outcome.failed} failed")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
