#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of snapshots when processes are killed and disks fail, with a real server.

    snapshot_faults.py --server build/brine-server [--cycles 20] [--flips 200] [--only kill,limit]

kill      kill -9 at a random moment while a snapshot is written under load: what was acknowledged is
          there after the next start, every value as it was written, no unfinished file stays
limit     RLIMIT_FSIZE and a full tmpfs end a save half way: an error to the client, in INFO and in the
          log, the old file whole, the server goes on, and the next save works
readonly  a directory that takes no file
damage    bytes changed and files cut: the server refuses to start, or salvages and says what was lost
unusable  what is no snapshot, or cannot be opened, is not started over, and stays as it is
larger    what is larger than memory.max is loaded as far as the policy lets entries go, and said
policy    a stricter policy refuses what the snapshot holds
lock      two servers do not share a directory
schedule  snapshot.every, snapshot.on_stop, SHUTDOWN SAVE and NOSAVE
busy      while one snapshot is taken no other begins, and the server's end does not wait for it
reload    DEBUG RELOAD keeps everything, and what others write beside it, and takes nothing away when the file is damaged or of more databases
misconf   snapshot.stop_writes_on_error
"""
import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import redis

import serving
from outcome import Outcome

KEYS = 4000
LARGER_KEYS = 40000
DEADLINE_S = 60


class Server:
    """A server with a directory that outlives it."""

    def __init__(self, path, directory, *flags, limit=None, variables=None):
        self.port = serving.free_port()
        self.directory = directory
        self.log = os.path.join(directory, "server.log")
        command = [path, f"--server.port={self.port}", "--server.threads=2"]
        if "--log.file=" not in flags:
            command.append(f"--log.file={self.log}")
        if not any(flag.startswith("--snapshot.dir=") for flag in flags):
            command.append(f"--snapshot.dir={directory}")

        def prepare():
            if limit:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        self.process = serving.Process(command + [flag for flag in flags if flag != "--log.file="],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=prepare, variables=variables or {})

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=DEADLINE_S)

    def wait(self):
        """A client, once the data is loaded; None when the server ended instead."""
        return self.client() if self.process.ready(DEADLINE_S) else None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(DEADLINE_S)

    def output(self):
        text = self.process.communicate(timeout=DEADLINE_S)[0].decode(errors="replace")
        return text, self.process.returncode


def value_of(key, version):
    """Tells its key and version, and is checked by every byte."""
    head = b"%d:%d:" % (key, version)
    digest = hashlib.blake2b(head).digest()
    long = (key * 7 + version) % 300 == 0
    return head + digest * (400 if long else 1 + (key + version) % 5)


def check_values(client, outcome, what):
    """The lowest and highest version of all keys."""
    versions = []
    for start in range(0, KEYS, 500):
        for key, value in zip(range(start, start + 500), client.mget([f"k{i}" for i in range(start, start + 500)])):
            if value is None:
                outcome.check(False, f"{what}: key {key} is missing")
                return None
            version = int(value.split(b":", 2)[1])
            if value != value_of(key, version):
                outcome.check(False, f"{what}: key {key} has bytes that were never written")
                return None
            versions.append(version)
    outcome.check(True, what)
    return min(versions), max(versions)


def write_version(client, version):
    for start in range(0, KEYS, 500):
        pipe = client.pipeline(transaction=False)
        for key in range(start, start + 500):
            pipe.set(f"k{key}", value_of(key, version))
        pipe.execute()


def unfinished(directory):
    return [name for name in os.listdir(directory) if ".tmp." in name]


KILLER = """
import os, sys, time
pid, delay, saving, directory = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "True", sys.argv[4]
end = time.monotonic() + 10
while saving and time.monotonic() < end and not any(".tmp." in name for name in os.listdir(directory)):
    pass
time.sleep(delay)  # a random moment is what this waits for
os.kill(pid, 9)
"""


def killer(server, delay, saving):
    """Kills the server after the delay, which begins with a save when it is `saving`, by a process of its own, so that writing goes on until
    then."""
    return subprocess.Popen([sys.executable, "-c", KILLER, str(server.process.pid), str(delay), str(saving), server.directory])


def run_kill(args, outcome, rng):
    directory = tempfile.mkdtemp(prefix="brine-kill-")
    acknowledged, version, in_save = 0, 0, 0
    for cycle in range(args.cycles):
        server = Server(args.server, directory)
        client = server.wait()
        if not outcome.check(client is not None, f"cycle {cycle}: starts after a kill"):
            print(*(server.output() if server.process.poll() is not None else ["it does not answer"]))
            break
        outcome.check(not unfinished(directory), f"cycle {cycle}: no unfinished file stays")
        if acknowledged:
            seen = check_values(client, outcome, f"cycle {cycle}: every value is one that was written")
            outcome.check(seen is not None and seen[0] >= acknowledged,
                          f"cycle {cycle}: {seen} is not older than {acknowledged}, which was acknowledged")
            # One client writes key after key, so that at one moment there are two versions at most.
            outcome.check(seen is not None and seen[1] - seen[0] <= 1, f"cycle {cycle}: {seen} is of one moment")
        version += 1
        write_version(client, version)
        client.save()
        acknowledged = version
        # At any moment, and in every other cycle soon after a save has begun, most of them before it ends.
        death = killer(server, rng.uniform(0.0, 0.002 if cycle % 2 else 0.12), cycle % 2 == 1)
        try:
            while True:
                if client.info("persistence")["rdb_bgsave_in_progress"] == 0:
                    client.bgsave()
                version += 1
                write_version(client, version)
        except redis.RedisError:
            death.wait()
        server.process.wait()
        in_save += len(unfinished(directory))
    print(f"{in_save} of {args.cycles} were killed while saving")
    outcome.check(in_save > 0, "some were killed while saving")
    shutil.rmtree(directory)


def run_limit(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-limit-")
    server = Server(args.server, directory)
    client = server.wait()
    write_version(client, 1)
    client.save()
    server.stop()
    whole = os.path.getsize(os.path.join(directory, "dump.brine"))
    server = Server(args.server, directory, "--log.file=", limit=whole // 2)
    client = server.wait()
    write_version(client, 2)
    save_fails(client, outcome, "File too large", "RLIMIT_FSIZE")
    outcome.check(not unfinished(directory), "RLIMIT_FSIZE: no unfinished file stays")
    outcome.check(client.set("still", "here"), "RLIMIT_FSIZE: the server goes on")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    outcome.check(client.save(), "the next save works")
    outcome.check(client.info("persistence")["rdb_last_bgsave_status"] == "ok", "and INFO says so")
    server.kill()
    server = Server(args.server, directory)
    seen = check_values(server.wait(), outcome, "RLIMIT_FSIZE: all is there")
    outcome.check(seen == (2, 2), "RLIMIT_FSIZE: as it was saved last")
    server.kill()
    shutil.rmtree(directory)


def save_fails(client, outcome, words, what):
    try:
        client.save()
        outcome.check(False, f"{what}: SAVE says OK")
    except redis.ResponseError as error:
        outcome.check(words in str(error), f"{what}: {error}")
    outcome.check(client.info("persistence")["rdb_last_bgsave_status"] == "err", f"{what}: INFO says so")


def run_full(args, outcome, _rng):
    """Runs itself in a namespace of its own, where it may mount a small tmpfs."""
    if not shutil.which("unshare"):
        return
    inner = ["unshare", "-rm", sys.executable, __file__, "--server", args.server, "--only", "full-inside"]
    done = subprocess.run(inner, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode()
    if "unshare failed" in text or "not permitted" in text or "permission denied" in text.lower():
        print("full: this host allows no mount; passed by")
        return
    outcome.check(done.returncode == 0, "a full file system: " + text)


def run_full_inside(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-full-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", directory], check=False).returncode:
        print("not permitted")
        return
    server = Server(args.server, directory, "--log.file=", "--snapshot.compression=none", "--snapshot.keep=0")
    client = server.wait()
    pipe = client.pipeline(transaction=False)
    for key in range(1000):
        pipe.set(f"small{key}", os.urandom(50).hex())
    pipe.execute()
    outcome.check(client.save(), "what fits is saved")
    before = open(os.path.join(directory, "dump.brine"), "rb").read()
    pipe = client.pipeline(transaction=False)
    for key in range(1000):
        pipe.set(f"large{key}", os.urandom(1000).hex())
    pipe.execute()
    save_fails(client, outcome, "No space left on device", "ENOSPC")
    outcome.check(not unfinished(directory), "ENOSPC: no unfinished file stays")
    outcome.check(open(os.path.join(directory, "dump.brine"), "rb").read() == before, "ENOSPC: the old file is whole")
    client.delete(*[f"large{key}" for key in range(1000)])
    outcome.check(client.save(), "ENOSPC: what fits again is saved")
    subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
    save_fails(client, outcome, "Read-only file system", "EROFS")
    subprocess.run(["mount", "-o", "remount,rw", directory], check=True)
    outcome.check(not unfinished(directory) and client.save(), "EROFS: saved when it may be written again")
    server.kill()


def run_readonly(args, outcome, _rng):
    """Root writes everywhere, so the name is taken by a directory that cannot be replaced."""
    directory = tempfile.mkdtemp(prefix="brine-readonly-")
    server = Server(args.server, directory, "--log.file=")
    client = server.wait()
    client.set("a", "1")
    os.mkdir(os.path.join(directory, "dump.brine"))
    save_fails(client, outcome, "cannot rename", "a name that is taken")
    outcome.check(not unfinished(directory), "a name that is taken: no unfinished file stays")
    os.rmdir(os.path.join(directory, "dump.brine"))
    outcome.check(client.save(), "and free again: saved")
    server.kill()
    for name, make in (("a directory", lambda path: os.mkdir(path)), ("a link to nothing", lambda path: os.symlink("nowhere", path)),
                       ("an empty file", lambda path: open(path, "wb").close()), ("a pipe", lambda path: os.mkfifo(path))):
        path = os.path.join(directory, "dump.brine")
        os.unlink(path)
        make(path)
        server = Server(args.server, directory, "--log.file=")
        text, code = server.output()
        outcome.check(code == 1 and "dump.brine" in text, f"{name} in the file's place: exit {code}, {text[-300:]}")
        if os.path.isdir(path):
            os.rmdir(path)
            open(path, "wb").close()
    shutil.rmtree(directory)


def run_damage(args, outcome, rng):
    directory = tempfile.mkdtemp(prefix="brine-damage-")
    path = os.path.join(directory, "dump.brine")
    server = Server(args.server, directory)
    client = server.wait()
    write_version(client, 1)
    client.save()
    server.kill()
    whole = open(path, "rb").read()
    for i in range(args.flips):
        broken = bytearray(whole)
        if i % 3 == 0:
            del broken[rng.randrange(len(whole)):]
        elif i % 3 == 1:
            broken[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        else:
            at = rng.randrange(len(whole))
            broken[at:at + 4096] = bytes(len(broken[at:at + 4096]))
            if broken == whole:
                continue
        judge_damage(args, outcome, directory, bytes(broken), i)
    for name, data in (("", whole[:-1]), (".1", whole[:100]), (".2", whole)):
        with open(path + name, "wb") as file:
            file.write(data)
    text = Server(args.server, directory, "--log.file=").output()[0]
    outcome.check("An older snapshot is whole: dump.brine.2" in text, f"an older one that is whole is offered: {text[-300:]}")
    os.rename(path + ".2", path)
    server = Server(args.server, directory)
    outcome.check(check_values(server.wait(), outcome, "the whole file loads") == (1, 1), "the whole file loads whole")
    server.kill()
    shutil.rmtree(directory)


def count_there(client, outcome, what):
    there = 0
    for start in range(0, KEYS, 500):
        for key, value in zip(range(start, start + 500), client.mget([f"k{i}" for i in range(start, start + 500)])):
            there += value is not None
            if value is not None and value != value_of(key, 1):
                outcome.check(False, f"{what}: key {key} has wrong bytes")
    return there


def judge_damage(args, outcome, directory, broken, number):
    path = os.path.join(directory, "dump.brine")
    with open(path, "wb") as file:
        file.write(broken)
    what = f"damage {number}"
    server = Server(args.server, directory, "--log.file=")
    text, code = server.output()
    outcome.check(code == 1 and "offset" in text and "--snapshot.damaged=salvage" in text, f"{what} is refused: exit {code}: {text[-400:]}")
    outcome.check(open(path, "rb").read() == broken, f"{what}: the file is as it was")
    if number % 10:
        return
    server = Server(args.server, directory, "--snapshot.damaged=salvage")
    client = server.wait()
    if client is None:
        # Without its header and footer nothing of a file can be told.
        text, code = server.output()
        outcome.check(code == 1 and len(broken) < 200, f"{what} is salvaged: exit {code}")
        return
    there = count_there(client, outcome, what)
    lost = client.info("brine")["snapshot_load_lost"]
    outcome.check(there + lost == KEYS, f"{what}: {there} are there and {lost} are said to be lost")
    audit = b"\n".join(client.execute_command("PICKLE.AUDIT", "COUNT", 100) or [])
    outcome.check(b"damaged" in audit, f"{what} is in the audit trail")
    aside = [name for name in os.listdir(directory) if ".damaged-" in name]
    outcome.check(len(aside) == 1, f"{what}: the file has another name")
    saved = serving.await_that(lambda: client.info("persistence")["rdb_saves"] > 0, server.process, DEADLINE_S)
    outcome.check(saved and open(os.path.join(directory, aside[0]), "rb").read() == broken, f"{what}: what was salvaged is saved, and the file kept")
    server.kill()
    server = Server(args.server, directory)
    client = server.wait()
    outcome.check(client is not None and count_there(client, outcome, what) == there, f"{what}: what was salvaged outlives a kill")
    server.kill()
    for name in aside:
        os.unlink(os.path.join(directory, name))


def run_unusable(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-unusable-")
    path = os.path.join(directory, "dump.brine")
    makers = {"an empty file": lambda: open(path, "wb").close(), "a directory": lambda: os.mkdir(path),
              "zeros": lambda: open(path, "wb").write(bytes(5000)), "another program's file": lambda: open(path, "wb").write(b"REDIS0011\xfa" * 500),
              "a link to nothing": lambda: os.symlink(os.path.join(directory, "nowhere"), path)}
    for what, make in makers.items():
        make()
        before = os.lstat(path)
        text, code = Server(args.server, directory, "--log.file=").output()
        after = os.lstat(path)
        outcome.check(code == 1 and "dump.brine: " in text, f"{what} is not started over: exit {code}: {text[-300:]}")
        outcome.check((before.st_ino, before.st_size) == (after.st_ino, after.st_size) and os.listdir(directory) == ["dump.brine"],
                      f"{what} stays as it is: {os.listdir(directory)}")
        (os.rmdir if what == "a directory" else os.unlink)(path)
    shutil.rmtree(directory)


def read_larger(client):
    """How many keys are there, how many of them with another value, and what had given way before and after:
    upkeep lets entries go for what the process takes beside them while, and after, a snapshot is loaded."""
    before = client.info("stats")["evicted_keys"]
    keys = client.dbsize()
    values = []
    for start in range(0, LARGER_KEYS, 50):  # replies that are no part of the limit worth speaking of
        values += client.mget([f"k{key}" for key in range(start, start + 50)])
    there = sum(value is not None for value in values)
    wrong = sum(value not in (None, larger_value(key)) for key, value in enumerate(values))
    return keys, there, wrong, before, client.info("stats")["evicted_keys"]


def larger_value(key):
    return f"{key}".encode() * 200


def check_larger(server, client, outcome, policy):
    """What is there and what gave way is all that was stored: at each look within what went meanwhile, and to the
    entry when nothing went.  How many gave way while loading."""
    looks = []

    def is_quiet():
        looks.append(read_larger(client))
        return looks[-1][-2] == looks[-1][-1]

    outcome.check(serving.await_that(is_quiet, server.process, DEADLINE_S), f"{policy}: entries give way for ever: {looks}")
    for keys, there, wrong, before, after in looks:
        outcome.check(all(before <= LARGER_KEYS - count <= after for count in (keys, there)),
                      f"{policy}: DBSIZE {keys}, {there} are there and {before} to {after} gave way")
        outcome.check(wrong == 0, f"{policy}: {wrong} of {there} with another value")
    loading = client.info("brine")["snapshot_load_evicted"]
    outcome.check((loading > 0) == (policy != "noeviction") and loading <= looks[0][-2] and (looks[-1][-1] > 0) == (loading > 0),
                  f"{policy}: {loading} gave way while loading: {looks}")
    return loading


def run_larger(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-larger-")
    server = Server(args.server, directory)
    client = server.wait()
    pipe = client.pipeline(transaction=False)
    for key in range(LARGER_KEYS):
        pipe.set(f"k{key}", larger_value(key))
    pipe.execute()
    client.save()
    server.kill()
    for policy in ("brine", "allkeys-lru", "noeviction"):
        server = Server(args.server, directory, "--memory.max=24mb", f"--memory.policy={policy}", "--log.file=")
        client = server.wait()
        if not outcome.check(client is not None, f"{policy}: the server starts"):
            server.kill()
            continue
        loading = check_larger(server, client, outcome, policy)
        server.process.terminate()
        text, code = server.output()
        said = f"the snapshot holds more than memory.max: {loading} entries gave way so far"
        outcome.check(code == 0 and said in text and f" {loading} gave way meanwhile" in text,
                      f"{policy}: and the log says so: exit {code}, {loading}: {text[-900:]}")
    shutil.rmtree(directory)


def run_policy(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-policy-")
    server = Server(args.server, directory, "--gate.mode=off")
    client = server.wait()
    client.set("evil", b"cos\nsystem\n(S'id'\ntR.")
    client.set("good", b"\x80\x04K\x01.")
    client.set("gone", "x", px=1)
    client.set("later", "x", px=100000000)
    outcome.check(client.save(), "saved with the gate off")
    server.kill()
    server = Server(args.server, directory)
    client = server.wait()
    outcome.check(client.get("evil") is None, "what the policy of today refuses is not loaded")
    outcome.check(client.get("good") is not None and client.get("gone") is None, "the rest is, but what expired")
    outcome.check(0 < client.pttl("later") <= 100000000, "times to live are kept")
    outcome.check(client.info("brine")["snapshot_load_refused"] == 1, "and it is counted")
    audit = b"\n".join(client.execute_command("PICKLE.AUDIT", "COUNT", 10))
    outcome.check(b"os" in audit and b"evil" in audit, "and in the audit trail")
    server.kill()
    shutil.rmtree(directory)


def run_lock(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-lock-")
    first, second = Server(args.server, directory), Server(args.server, directory, "--log.file=")
    one, two = first.wait(), second.wait()
    outcome.check(one.save(), "the first to save has the directory")
    save_fails(two, outcome, "belongs to another brine-server", "the second")
    second.kill()
    third = Server(args.server, directory, "--log.file=")
    text, code = third.output()
    outcome.check(code == 1 and "another brine-server" in text, f"a third does not start: exit {code}: {text[-300:]}")
    first.kill()
    fourth = Server(args.server, directory)
    outcome.check(fourth.wait() is not None, "and does when the first is gone")
    fourth.kill()
    shutil.rmtree(directory)


def run_misconf(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-misconf-")
    server = Server(args.server, directory, "--log.file=", "--snapshot.every=1h", "--snapshot.stop_writes_on_error=true")
    client = server.wait()
    client.set("a", "1")
    os.mkdir(os.path.join(directory, "dump.brine"))
    save_fails(client, outcome, "cannot rename", "misconf")
    try:
        client.set("a", "2")
        outcome.check(False, "a write after a failed snapshot is refused")
    except redis.ResponseError as error:
        outcome.check(str(error).startswith("MISCONF"), f"misconf: {error}")
    outcome.check(client.get("a") == b"1", "reads go on")
    client.config_set("stop-writes-on-bgsave-error", "no")
    outcome.check(client.set("a", "2"), "and writes when it is switched off")
    server.kill()
    shutil.rmtree(directory)


def run_schedule(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-schedule-")
    server = Server(args.server, directory, "--snapshot.every=1s", "--snapshot.after_changes=3", "--snapshot.on_stop=true")
    client = server.wait()
    client.mset({"a": "1", "b": "2", "c": "3"})
    outcome.check(serving.await_that(lambda: client.info("persistence")["rdb_saves"] == 1), "the schedule saves")
    outcome.check(client.info("persistence")["rdb_changes_since_last_save"] == 0, "and the count begins anew")
    client.set("d", "4")
    outcome.check(server.stop() == 0, "stops in order")
    server = Server(args.server, directory)
    client = server.wait()
    outcome.check(client.mget("a", "b", "c", "d") == [b"1", b"2", b"3", b"4"], "and had saved before it ended")
    client.set("e", "5")
    try:
        client.execute_command("SHUTDOWN", "SAVE")
    except redis.RedisError:
        pass
    outcome.check(server.process.wait(DEADLINE_S) == 0, "SHUTDOWN SAVE ends it")
    server = Server(args.server, directory)
    client = server.wait()
    outcome.check(client.get("e") == b"5", "with everything saved")
    client.set("f", "6")
    try:
        client.execute_command("SHUTDOWN", "NOSAVE")
    except redis.RedisError:
        pass
    outcome.check(server.process.wait(DEADLINE_S) == 0, "SHUTDOWN NOSAVE ends it")
    server = Server(args.server, directory)
    outcome.check(server.wait().get("f") is None, "without saving")
    server.kill()
    shutil.rmtree(directory)


def run_busy(args, outcome, _rng):
    """A snapshot at a hundredth of a core's pace lasts for as long as is needed."""
    directory = tempfile.mkdtemp(prefix="brine-busy-")
    server = Server(args.server, directory, "--snapshot.cpu_percent=1", "--snapshot.threads=1")
    client = server.wait()
    pipe = client.pipeline(transaction=False)
    for key in range(2000):
        pipe.set(f"k{key}", os.urandom(5000).hex())
    pipe.execute()
    outcome.check(client.bgsave(), "one begins")
    within = client.pipeline(transaction=True)
    within.execute_command("BGSAVE")
    for what, ask in (("BGSAVE", client.bgsave), ("BGSAVE SCHEDULE", lambda: client.execute_command("BGSAVE", "SCHEDULE")), ("SAVE", client.save),
                      ("BGSAVE in EXEC", within.execute)):
        try:
            outcome.check(False, f"{what} beside it says {ask()}")
        except redis.ResponseError as error:
            outcome.check("Background save already in progress" in str(error), f"{what} beside it: {error}")
    facts = client.info("persistence")
    outcome.check(facts["rdb_bgsave_in_progress"] == 1 and facts["current_save_keys_total"] == 2000, f"INFO tells of it: {facts}")
    outcome.check(facts["current_save_keys_processed"] < 2000, "and that it is under way")
    began = time.monotonic()
    outcome.check(server.stop() == 0 and time.monotonic() - began < 5, "the end gives it up")
    outcome.check(os.listdir(directory) == ["server.log"], f"and leaves nothing: {os.listdir(directory)}")
    shutil.rmtree(directory)


def run_reload(args, outcome, _rng):
    directory = tempfile.mkdtemp(prefix="brine-reload-")
    server = Server(args.server, directory, "--debug.commands=yes")
    client = server.wait()
    write_version(client, 1)
    client.set("timed", "x", px=100000000)
    outcome.check(client.execute_command("DEBUG", "RELOAD") == b"OK", "DEBUG RELOAD")
    outcome.check(check_values(client, outcome, "all is there after it") == (1, 1), "as it was")
    outcome.check(0 < client.pttl("timed") <= 100000000, "with its time to live")
    path = os.path.join(directory, "dump.brine")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\0\0\0\0\0\0\0\0")
    try:
        client.execute_command("DEBUG", "RELOAD", "NOSAVE")
        outcome.check(False, "DEBUG RELOAD NOSAVE of a damaged file says OK")
    except redis.ResponseError as error:
        outcome.check("checksum" in str(error), f"DEBUG RELOAD NOSAVE of a damaged file: {error}")
    outcome.check(check_values(client, outcome, "nothing is gone") == (1, 1), "a damaged file takes nothing away")
    reload_beside_writers(server, client, outcome)
    outcome.check(client.save(), "a file of 16 databases")
    server.kill()
    reload_of_more_databases(args, outcome, path)
    shutil.rmtree(directory)


def reload_beside_writers(server, client, outcome):
    """Who counts sees each number once: nothing that was answered is gone, nothing comes back."""
    stopped, wrong, counted = threading.Event(), [], []

    def count(name):
        own, seen = server.client(), 0
        while not stopped.is_set():
            value = own.incr(name)
            if value != seen + 1:
                wrong.append((name, seen, value))
            seen = value
        counted.append(seen)

    threads = [threading.Thread(target=count, args=(f"counter{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        outcome.check(client.execute_command("DEBUG", "RELOAD") == b"OK", "DEBUG RELOAD beside writers")
    stopped.set()
    for thread in threads:
        thread.join()
    outcome.check(not wrong, f"counters that jumped: {wrong[:3]}")
    outcome.check(len(counted) == 3 and min(counted) > 0, f"all counted: {counted}")


def reload_of_more_databases(args, outcome, path):
    directory = tempfile.mkdtemp(prefix="brine-databases-")
    first = Server(args.server, directory)
    client = first.wait()
    client.execute_command("SELECT", 9)
    client.set("far", "away")
    client.save()
    first.kill()
    shutil.copyfile(os.path.join(directory, "dump.brine"), path)
    os.unlink(os.path.join(directory, "dump.brine"))
    server = Server(args.server, directory, "--debug.commands=yes", "--server.databases=4")
    client = server.wait()
    client.set("precious", "x")
    shutil.copyfile(path, os.path.join(directory, "dump.brine"))
    try:
        client.execute_command("DEBUG", "RELOAD", "NOSAVE")
        outcome.check(False, "a database that is not there is loaded")
    except redis.ResponseError as error:
        outcome.check("server.databases" in str(error), f"DEBUG RELOAD NOSAVE of database 9: {error}")
    outcome.check(client.get("precious") == b"x", "what was there is there still")
    server.kill()
    shutil.rmtree(directory)


RUNS = {"kill": run_kill, "limit": run_limit, "full": run_full, "full-inside": run_full_inside, "readonly": run_readonly,
        "damage": run_damage, "unusable": run_unusable, "larger": run_larger, "policy": run_policy, "lock": run_lock, "misconf": run_misconf, "schedule": run_schedule,
        "busy": run_busy, "reload": run_reload}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--flips", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(name for name in RUNS if name != "full-inside"))
    args = parser.parse_args()
    args.server = os.path.abspath(args.server)
    outcome = Outcome()
    for name in args.only.split(","):
        outcome.run(name, RUNS[name], args, random.Random(args.seed))
    return outcome.finish()


if __name__ == "__main__":
    sys.exit(main())
