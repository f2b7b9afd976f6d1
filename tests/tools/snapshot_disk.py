#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""A real server on a disk that fails, and on one whose power fails: disk_shim.c stands between them.

    snapshot_disk.py --server build/brine-server --cli build/brine-cli [--states 300] [--only faults,power]

faults    every open, write, fsync, close, rename and link of a snapshot fails once, with EIO and with
          ENOSPC, and every write is short once: the error reaches the client, INFO and the log, the file
          before is whole, nothing unfinished stays, the server goes on and the next save works
slow      a disk that does not come to an end with an fsync delays nobody but who asked for SAVE
stop      SHUTDOWN, SHUTDOWN SAVE and snapshot.on_stop where the disk fails
power     what was done to the directory is written down while snapshots are taken, and played up to a random
          moment; what was not synced by then is there in part or not at all.  The name leads to a whole
          snapshot, none older than the last one acknowledged"""
import argparse
import ctypes
import hashlib
import mmap
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

import redis
import serving
from outcome import Outcome
from snapshot_faults import Server, unfinished

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = CREATE, WRITE, SYNC, CLOSE, RENAME, LINK, UNLINK, SYNC_DIR = range(8)  # ORDER of disk_shim.c
NAMES = ["open", "write", "fsync", "close", "rename", "link", "unlink", "fsync of the directory"]
WORDS = {5: "Input/output error", 28: "No space left on device"}
SHORT, HELD = -1, -2
SLOWEST_S = 1  # beside whatever else runs; the disk's own pace has no end
KEYS = 300


class Control(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("countdown", ctypes.c_int32), ("code", ctypes.c_int32), ("failed", ctypes.c_int32),
                ("counted", ctypes.c_int32 * len(KINDS))]


class Shim:
    """The library, its journal and its control, and a directory to watch over."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="brine-shim-")
        self.directory = os.path.join(self.folder, "data")
        os.mkdir(self.directory)
        self.library = os.path.join(self.folder, "disk_shim.so")
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", self.library, os.path.join(HERE, "disk_shim.c"),
                        "-ldl"], check=True)
        self.journal = os.path.join(self.folder, "journal")
        path = os.path.join(self.folder, "control")
        with open(path, "wb") as file:
            file.write(bytes(ctypes.sizeof(Control)))
        self.file = open(path, "r+b")
        self.control = Control.from_buffer(mmap.mmap(self.file.fileno(), 0))
        self.control.kind = -1
        open(self.journal, "wb").close()
        self.gate = os.path.join(self.folder, "gate")
        os.mkfifo(self.gate)

    def server(self, path, *flags):
        mine = {"LD_PRELOAD": self.library, "SHIM_DIR": self.directory, "SHIM_JOURNAL": self.journal,
                "SHIM_CONTROL": os.path.join(self.folder, "control"), "SHIM_GATE": self.gate}
        return Server(path, self.directory, "--log.file=", f"--log.file={self.folder}/server.log", *flags, variables=mine)

    def fail(self, kind, countdown, code):
        """The call of this kind that is so many calls away."""
        self.control.kind, self.control.failed, self.control.code, self.control.countdown = -1, 0, code, countdown
        self.control.kind = kind

    def heal(self):
        """What fails no longer does; whoever is held goes on."""
        self.control.kind = -1
        if self.control.failed and self.control.code == HELD:
            open(self.gate, "wb").close()

    def remove(self):
        shutil.rmtree(self.folder)


def value_of(key, version):
    head = b"%d:%d:" % (key, version)
    return head + hashlib.blake2b(head).digest() * (1 + key % 40)


def write_version(client, version):
    pipe = client.pipeline(transaction=False)
    for key in range(KEYS):
        pipe.set(f"k{key}", value_of(key, version))
    pipe.set("version", version)
    pipe.execute()


def check_version(client, outcome, least, what):
    """Every key is of one version, or of that and the next, that is at least so high."""
    values = client.mget([f"k{key}" for key in range(KEYS)])
    versions = {int(value.split(b":", 2)[1]) if value else None for value in values}
    outcome.check(None not in versions and min(versions) >= least, f"{what}: {versions}, and {least} was acknowledged")
    outcome.check(all(value == value_of(key, int(value.split(b":", 2)[1])) for key, value in enumerate(values) if value),
                  f"{what}: every value is one that was written")


def version_in(args, path):
    """Of the snapshot in the file; None: it is not whole.  0: there is none."""
    if not os.path.exists(path):
        return 0
    if subprocess.run([args.cli, "snapshot", "check", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        return None
    return int(subprocess.run([args.cli, "snapshot", "cat", path, "version"], stdout=subprocess.PIPE, check=True).stdout)


# ---- faults -------------------------------------------------------------------------------------

def try_save(client):
    try:
        client.save()
        return None
    except redis.ResponseError as error:
        return str(error)


def judge_fault(args, outcome, shim, client, kind, countdown, code, version):
    what = f"{NAMES[kind]} number {countdown} fails with {code}"
    path = os.path.join(shim.directory, "dump.brine")
    write_version(client, version)
    shim.fail(kind, countdown, code)
    error = try_save(client)
    failed = shim.control.failed
    shim.heal()
    if not outcome.check(failed == 1, f"{what}: it was met"):
        return
    status = client.info("persistence")["rdb_last_bgsave_status"]
    here = version_in(args, path)
    if code == SHORT or kind == LINK or (kind == RENAME and countdown > 1):
        # A short write is gone on with; of an older generation that cannot be kept the log tells.
        outcome.check(error is None and status == "ok" and here == version, f"{what}: {error}, version {here}")
    else:
        outcome.check(error and WORDS[code] in error and status == "err", f"{what}: the client is told {error}, INFO says {status}")
        # Once it is renamed the new one is in its place, and it is not known for how long.
        outcome.check(here == (version if kind == SYNC_DIR else version - 1), f"{what}: version {here}, {version} failed")
        with open(os.path.join(shim.folder, "server.log"), encoding="utf-8", errors="replace") as log:
            outcome.check(WORDS[code] in log.read().rsplit("the snapshot failed", 1)[-1], f"{what}: it is in the log")
    outcome.check(not unfinished(shim.directory), f"{what}: nothing unfinished stays: {os.listdir(shim.directory)}")
    outcome.check(try_save(client) is None and version_in(args, path) == version, f"{what}: the next save works")
    outcome.check(client.info("persistence")["rdb_last_bgsave_status"] == "ok", f"{what}: and INFO says so")


def run_faults(args, outcome, _rng):
    shim = Shim()
    server = shim.server(args.server, "--snapshot.keep=2", "--snapshot.compression=none")
    client = server.wait()
    for version in range(1, 4):  # until there are as many older ones as are kept
        write_version(client, version)
        client.save()
    before = list(shim.control.counted)
    client.save()
    calls = [after - count for after, count in zip(shim.control.counted, before)]
    outcome.check(all(calls[kind] for kind in KINDS if kind != UNLINK) and calls[WRITE] > 5, f"a save does all of it: {calls}")
    for kind in KINDS:
        for countdown in range(1, calls[kind] + 1):
            for code in sorted(WORDS) + ([SHORT] if kind == WRITE else []):
                version += 1
                judge_fault(args, outcome, shim, client, kind, countdown, code, version)
                client.ping()
    print(f"faults: {sum(calls)} calls of a save: {dict(zip(NAMES, calls))}")
    server.kill()
    server = shim.server(args.server)
    check_version(server.wait(), outcome, version, "after all of them")
    server.kill()
    shim.remove()


# ---- slowness -----------------------------------------------------------------------------------

def run_slow(args, outcome, _rng):
    shim = Shim()
    server = shim.server(args.server)
    client, saver = server.wait(), server.client()
    write_version(client, 1)
    for words in (["BGSAVE"], ["SAVE"]):
        saves = client.info("persistence")["rdb_saves"]
        shim.fail(SYNC, 1, HELD)
        thread = threading.Thread(target=saver.execute_command, args=words)
        thread.start()
        outcome.check(serving.await_that(lambda: shim.control.failed == 1, server.process), f"{words}: the disk takes its time")
        slowest = 0
        for number in range(500):
            began = time.monotonic()
            client.set("beside", number)
            slowest = max(slowest, time.monotonic() - began)
        outcome.check(client.get("beside") == b"499" and slowest < SLOWEST_S, f"{words}: others are served within {slowest * 1000:.1f} ms")
        outcome.check(client.info("persistence")["rdb_saves"] == saves, f"{words}: and it is not done")
        shim.heal()
        thread.join()
        done = serving.await_that(lambda before=saves: client.info("persistence")["rdb_saves"] > before, server.process)
        outcome.check(done and version_in(args, os.path.join(shim.directory, "dump.brine")) == 1, f"{words}: in the end it is")
    outcome.check(server.stop() == 0, "the server ends in order")
    shim.remove()


# ---- stopping -----------------------------------------------------------------------------------

def run_stop(args, outcome, _rng):
    shim = Shim()
    path = os.path.join(shim.directory, "dump.brine")
    server = shim.server(args.server, "--snapshot.on_stop=true")
    client = server.wait()
    write_version(client, 1)
    client.save()
    write_version(client, 2)
    for words in (["SHUTDOWN"], ["SHUTDOWN", "SAVE"]):
        shim.fail(SYNC, 1, 28)
        try:
            client.execute_command(*words)
            outcome.check(False, f"{words} where the disk fails ends the server")
        except redis.ResponseError as error:
            outcome.check("Errors trying to SHUTDOWN" in str(error), f"{words}: {error}")
        outcome.check(client.ping() and version_in(args, path) == 1, f"{words} where the disk fails changes nothing")
    shim.fail(SYNC, 1, 28)
    server.process.terminate()
    text, code = server.output()
    shim.heal()
    outcome.check(code == 1 and WORDS[28] in text, f"SIGTERM where the disk fails: exit {code}: {text[-300:]}")
    outcome.check(version_in(args, path) == 1 and not unfinished(shim.directory), "and the file before is whole")
    server = shim.server(args.server, "--snapshot.on_stop=true")
    client = server.wait()
    write_version(client, 3)
    outcome.check(server.stop() == 0 and version_in(args, path) == 3, "on a good disk SIGTERM saves")
    shim.remove()


# ---- power --------------------------------------------------------------------------------------

def read_journal(data):
    """(end of the record in the journal, kind, node, name, other name, bytes)"""
    head, at, rows = struct.Struct("<BIHHI"), 0, []
    while at < len(data):
        kind, node, name_len, other_len, size = head.unpack_from(data, at)
        at += head.size
        name, other = data[at:at + name_len].decode(), data[at + name_len:at + name_len + other_len].decode()
        at += name_len + other_len
        rows.append((at + size, kind, node, name, other, data[at:at + size]))
        at += size
    return rows


class Disk:
    """Safe is what a sync saw; loose what came since, which a power failure may take."""

    def __init__(self):
        self.safe, self.loose = {}, {}  # by node: bytes; [bytes, ...]
        self.names, self.safe_names, self.changes = {}, {}, []  # by name: node

    def play(self, row):
        _, kind, node, name, other, data = row
        if kind == CREATE:
            self.safe[node], self.loose[node] = b"", []
            self.change({name: node})
        elif kind == WRITE:
            self.loose[node].append(data)
        elif kind == SYNC:
            self.safe[node] += b"".join(self.loose[node])
            self.loose[node] = []
        elif kind == RENAME:
            self.change({other: self.names[name], name: None})
        elif kind == LINK:
            self.change({other: self.names[name]})
        elif kind == UNLINK:
            self.change({name: None})
        else:
            self.safe_names, self.changes = dict(self.names), []

    def change(self, names):
        self.names.update(names)
        self.changes.append(names)

    def content(self, node, rng):
        """Of loose writes each is there, or zeros, or in part; and the file may end anywhere in them."""
        out = bytearray(self.safe[node])
        for data in self.loose[node]:
            fate = rng.randrange(4)
            cut = rng.randrange(len(data) + 1)
            out += data if fate < 2 else bytes(len(data)) if fate == 2 else data[:cut] + bytes(len(data) - cut)
        if self.loose[node] and rng.randrange(2):
            del out[len(self.safe[node]) + rng.randrange(len(out) - len(self.safe[node]) + 1):]
        return out

    def crash(self, rng, directory):
        """What is there when the power is back."""
        names = dict(self.safe_names)
        in_order = rng.randrange(2)
        kept = rng.randrange(len(self.changes) + 1)
        for number, change in enumerate(self.changes):
            if number < kept if in_order else rng.randrange(2):
                names.update(change)
        for name, node in names.items():
            if node is not None:
                with open(os.path.join(directory, name), "wb") as file:
                    file.write(self.content(node, rng))


def record_saves(args, shim, saves):
    """Snapshots beside a writer: the journal, and (bytes of it, version) of each that was acknowledged."""
    server = shim.server(args.server, "--snapshot.keep=2")
    client = server.wait()
    acknowledged, version = [], 0
    for number in range(saves):
        version += 1
        write_version(client, version)
        if number % 3 == 2:
            saves_before = client.info("persistence")["rdb_saves"]
            client.bgsave()
            write_version(client, version + 1)
            serving.await_that(lambda before=saves_before: client.info("persistence")["rdb_saves"] > before, server.process)
        else:
            client.save()
        acknowledged.append((os.path.getsize(shim.journal), version))
        version += number % 3 == 2
    server.kill()
    with open(shim.journal, "rb") as file:
        return read_journal(file.read()), acknowledged


def run_power(args, outcome, rng):
    shim = Shim()
    rows, acknowledged = record_saves(args, shim, 9)
    # Most moments are among writes, what matters among names: half of the states are near those.
    turns = [i for i, row in enumerate(rows) if row[1] not in (WRITE, CREATE)]
    seen = {}
    for state in range(args.states):
        at = rng.randrange(len(rows) + 1) if state % 2 else min(rng.choice(turns) + rng.randrange(2), len(rows))
        disk = Disk()
        for row in rows[:at]:
            disk.play(row)
        directory = tempfile.mkdtemp(prefix="state-", dir=shim.folder)
        disk.crash(rng, directory)
        done = rows[at - 1][0] if at else 0
        least = max((version for offset, version in acknowledged if offset <= done), default=0)
        version = version_in(args, os.path.join(directory, "dump.brine"))
        what = f"state {state}, power fails after {at} of {len(rows)} calls"
        if outcome.check(version is not None and version >= least, f"{what}: version {version}, {least} was acknowledged"):
            seen[version - least if least else version] = seen.get(version - least if least else version, 0) + 1
            if state % 50 == 0 and version:
                start_from(args, outcome, directory, version, what)
        shutil.rmtree(directory)
    print(f"power: {args.states} states of {len(rows)} calls in {len(acknowledged)} snapshots; versions beyond the acknowledged one: {seen}")
    outcome.check(len(seen) > 1, "the old one was met, and the new one")
    shim.remove()


def start_from(args, outcome, directory, version, what):
    server = Server(args.server, directory)
    client = server.wait()
    if outcome.check(client is not None, f"{what}: the server starts"):
        outcome.check(int(client.get("version")) == version, f"{what}: with that version")
        check_version(client, outcome, version, what)
        outcome.check(not unfinished(directory), f"{what}: nothing unfinished stays")
    server.kill()


RUNS = {"faults": run_faults, "slow": run_slow, "stop": run_stop, "power": run_power}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--cli", required=True)
    parser.add_argument("--states", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(RUNS))
    args = parser.parse_args()
    args.server, args.cli = os.path.abspath(args.server), os.path.abspath(args.cli)
    outcome = Outcome()
    for name in args.only.split(","):
        outcome.run(name, RUNS[name], args, random.Random(args.seed))
    return outcome.finish()


if __name__ == "__main__":
    sys.exit(main())
