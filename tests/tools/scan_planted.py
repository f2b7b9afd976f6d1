#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli scan over a redis-server that holds honest values and 20 hostile ones among them.

All 20 must be found, whatever their type and framing, nothing else may be called dangerous, and the
policy that the report offers must be one.  With many keys it also says how fast the scan was, what
memory it took, and what redis-server's own latency did meanwhile:

    scan_planted.py --cli build/brine-cli --keys 1000000 --measure
"""
import argparse
import base64
import collections
import datetime
import decimal
import gzip
import hashlib
import json
import lzma
import os
import pickle
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
import uuid
import zlib

import serving
from cli_support import CLI, Redis, check, check_sarif, encode, finish

class Call:
    """Pickles as a call of a function, without importing where it lives."""
    def __init__(self, function, *args):
        self.parts = function, args

    def __reduce__(self):
        return self.parts


def hostile():
    """Twenty (type, key, value): a value of the type that holds one hostile pickle."""
    shell = pickle.dumps(Call(os.system, "true"), 4)
    evil = [pickle.dumps(Call(eval, "1"), protocol) for protocol in (0, 2, 3, 5)]
    popen = pickle.dumps(Call(subprocess.Popen, ["true"]), 5)
    kombu = kombu_message(shell)
    nested = pickle.dumps({"deep": [1, (2, Call(os.system, "true"))]}, 4)
    return [
        ("string", "planted:raw", shell),
        ("string", "planted:proto0", evil[0]),
        ("string", "planted:proto2", evil[1]),
        ("string", "planted:zlib", zlib.compress(evil[2])),
        ("string", "planted:gzip", gzip.compress(evil[3])),
        ("string", "planted:xz", lzma.compress(shell)),
        ("string", "planted:bang", b"!" + shell),
        ("string", "planted:dogpile", b'{"ct": 1795373285.4, "v": 2}|' + shell),
        ("string", "planted:base64", base64.b64encode(popen)),
        ("string", "planted:kombu", kombu),
        ("string", "planted:huey", shell + b":" + hashlib.sha1(b"x").hexdigest().encode()),
        ("string", "planted:truncated", shell[:-1]),
        ("string", "planted:nested", nested),
        ("hash", "planted:hash", zlib.compress(shell)),
        ("list", "planted:list", shell),
        ("list", "planted:kombu-list", b"[" + kombu + b', "exchange", "key"]'),
        ("set", "planted:set", b"!" + popen),
        ("zset", "planted:zset", b"\0\0\1\2\3\4\5\6" + shell),
        ("stream", "planted:stream", base64.b64encode(shell)),
        ("string", "planted:inst", b"(S'true'\nios\nsystem\n."),
    ]


def kombu_message(payload):
    """A Celery message as kombu's Redis transport stores it."""
    return json.dumps({"body": base64.b64encode(payload).decode(), "content-encoding": "binary", "headers": {},
                       "content-type": "application/x-python-serialize", "properties": {"body_encoding": "base64"}}).encode()


def honest(keys):
    """Commands that make so many keys as caches hold them, the same in each run: (command, whether the key is new)."""
    chance = random.Random(7)
    date = datetime.datetime(2026, 11, 23, 4, 5, 6)
    alone = [
        lambda i: [b"SET", b"user:%d:name" % i, b"name %d of a user\nwith a second line" % i],
        lambda i: [b"SET", b"counter:%d" % i, b"%d" % chance.randrange(10 ** 9)],
        lambda i: [b"SET", b"json:%d" % i, json.dumps({"id": i, "tags": ["a", "b"], "ok": True}).encode()],
        lambda i: [b"SET", b":1:view:%s" % hashlib.md5(b"%d" % i).hexdigest().encode(), pickle.dumps({"html": "<p>%d</p>" % i, "at": date}, 5)],
        lambda i: [b"SET", b"session:%s" % uuid.UUID(int=chance.getrandbits(128)).hex.encode(),
                   zlib.compress(pickle.dumps({"cart": [decimal.Decimal("1.5"), i], "n": collections.OrderedDict(a=1)}, 4))],
        lambda i: [b"SET", b"flask:%d" % i, b"!" + pickle.dumps(["x", i, date.date()], 4)],
        lambda i: [b"SET", b"image:%d" % i, b"\x89PNG\r\n\x1a\n" + chance.randbytes(200)],
        lambda i: [b"SET", b"page:%d" % i, gzip.compress(b"<html>%d</html>" % i)],
        lambda i: [b"SET", b"region:%d" % i, b'{"ct": 1795373285.4, "v": 2}|' + pickle.dumps({"row": i}, 4)],
        lambda i: [b"HSET", b"rq:job:%d" % i, b"data", zlib.compress(pickle.dumps(("app.run", None, (i,), {}), 5)), b"status", b"queued"],
        lambda i: [b"RPUSH", b"celery:%d" % i, kombu_message(pickle.dumps({"args": [i]}, 2))],
    ]
    # Fifty elements a key.
    together = [
        lambda i: [b"RPUSH", b"queue:%d" % (i // 50), pickle.dumps({"task": i}, 2)],
        lambda i: [b"SADD", b"members:%d" % (i // 50), b"member-%d" % i],
        lambda i: [b"ZADD", b"scores:%d" % (i // 50), b"%d" % i, b"player:%d" % i],
        lambda i: [b"XADD", b"events:%d" % (i // 50), b"*", b"payload", base64.b64encode(pickle.dumps({"e": i}, 4))],
    ]
    made = i = 0
    while made < keys:
        for maker in alone[:keys - made]:
            yield maker(i), True
            made += 1
        for maker in together[:max(keys - made, 0) if i % 50 == 0 else None]:
            yield maker(i), i % 50 == 0
            made += i % 50 == 0
        i += 1


def plant(kind, key, value):
    filler = [b"harmless-%d" % i for i in range(300)]
    key = key.encode()
    if kind == "string":
        return [[b"SET", key, value, b"EX", b"9999"]]
    if kind == "hash":
        return [[b"HSET", key, b"f%d" % i, item] for i, item in enumerate(filler)] + [[b"HSET", key, b"bad", value]]
    if kind == "list":
        return [[b"RPUSH", key] + filler + [value] + filler]
    if kind == "set":
        return [[b"SADD", key] + filler + [value]]
    if kind == "zset":
        return [[b"ZADD", key, b"5", value]] + [[b"ZADD", key, b"1", item] for item in filler]
    return [[b"XADD", key, b"*", b"a", item] for item in filler] + [[b"XADD", key, b"*", b"a", b"b", b"bad", value]]


def fill(port, keys):
    """So many keys, the planted ones among the others, in two databases."""
    planted = dict(zip(random.Random(3).sample(range(keys - 20), 20), hostile()))
    pipe = subprocess.Popen(["redis-cli", "-p", str(port), "--pipe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, made = [], 0
    for command, new in honest(keys - 20):
        out.append(encode(command))
        if new and made in planted:
            if planted[made][1] == "planted:bang":
                out.append(encode([b"SELECT", b"3"]))
            out += [encode(line) for line in plant(*planted[made])]
            out.append(encode([b"SELECT", b"0"]))
        made += new
        if len(out) > 5000:
            pipe.stdin.write(b"".join(out))
            out = []
    pipe.stdin.write(b"".join(out))
    pipe.stdin.close()
    said = pipe.stdout.read().decode()
    pipe.stdout.close()
    pipe.wait()
    check("the server is filled", "errors: 0" in said, said)
    held = [int(redis_cli(port, "-n", db, "DBSIZE")) for db in ("0", "3")]
    check("it holds the keys that were asked for", sum(held) == keys, held)


def redis_cli(port, *arguments):
    return subprocess.run(["redis-cli", "-p", str(port)] + list(arguments), stdout=subprocess.PIPE, check=True).stdout.decode()


def scan(cli, port, *arguments, fast=True, database=""):
    result = subprocess.run([cli, "scan", f"redis://127.0.0.1:{port}{database}", *(["--rate", "0"] if fast else []), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=1800)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def check_report(code, out, err):
    report = json.loads(out)
    found = {finding["key"]: finding for finding in report["findings"] if finding["severity"] == "dangerous"}
    expected = {key for _, key, _ in hostile()}
    check("all that was planted is found", set(found) == expected, f"missing {expected - set(found)}, false {set(found) - expected} {err}")
    check("each once", report["dangerous"] == 20, report["dangerous"])
    check("nothing honest is refused or broken", report["refused"] == report["broken"] == 0,
          [f for f in report["findings"] if f["severity"] != "dangerous"][:3])
    check("danger is exit code 1", code == 1, code)
    check("the type of each is said", all(found[key]["type"] == kind for kind, key, _ in hostile() if key in found))
    check("the field is said", found.get("planted:hash", {}).get("where") == "bad", found.get("planted:hash"))
    check("the framing is said", found.get("planted:zlib", {}).get("framing") == "zlib > pickle", found.get("planted:zlib"))
    check("the database is said", found.get("planted:bang", {}).get("db") == 3, found.get("planted:bang"))
    patterns = {g["name"]: g["keys"] for g in report["globals"]}
    check("globals have patterns of keys", patterns.get("datetime.datetime") == [":*:view:*"], patterns)
    return report


def check_rest(cli, port, folder):
    ttl = redis_cli(port, "TTL", "planted:raw")
    check("TTLs are as they were", 0 < int(ttl) <= 9999, ttl)
    code, out, _ = scan(cli, port)
    check("the text ends in a summary", code == 1 and re.search(r"\n\d+ keys, \d+ values, .*: 20 dangerous, 0 broken, 0 refused", out), out[-300:])
    code, out, _ = scan(cli, port, "--format", "sarif")
    sarif = json.loads(out)
    check("SARIF has a result for each", len(sarif["runs"][0]["results"]) == 20 and sarif["version"] == "2.1.0")
    check_sarif("of a whole walk", sarif, successful=True)
    code, out, _ = scan(cli, port, "--policy", "data", "--strict", "--json")
    report = json.loads(out)
    policy = os.path.join(folder, "fits.toml")
    with open(policy, "w", encoding="utf-8") as file:
        file.write(report["fitting_policy"])
    check("a narrower policy refuses some", code == 1 and report["refused"] > 0)
    code, out, err = scan(cli, port, "--policy", policy + ":scanned", "--json")
    check("the policy that is offered admits them", json.loads(out or "{}").get("refused") == 0, out[:300] + err)
    code, out, _ = scan(cli, port, "--match", "user:*", "--json")
    check("--match takes a part, where nothing is dangerous", code == 0 and json.loads(out)["keys"] > 0)
    listed = os.path.join(folder, "listed.toml")
    with open(listed, "w", encoding="utf-8") as file:
        file.write('[policy.listed]\nextends = ["stdlib"]\nallow = ["posix.system", "os.system", "builtins.eval", "subprocess.Popen"]\n')
    code, out, err = scan(cli, port, "--policy", listed, "--json")
    check("what is dangerous is so whatever the policy lists", code == 1 and json.loads(out or "{}").get("dangerous") == 20, out[:300] + err)
    code, out, err = scan(cli, port, "--type", "strin")
    check("a type that there is none of is refused", code == 2 and not out and "--type must be string" in err, out + err)
    code, out, err = scan(cli, port, "--untouched")
    check("--untouched does not begin on this server", code == 2 and "idle" in err, err)
    code, out, err = scan(cli, serving.free_port())
    check("no server is exit code 2", code == 2 and "Could not connect" in err, err)


def check_cut_off(cli, port, folder):
    """A walk whose connection is lost says so; it does not go on in another database."""
    state = os.path.join(folder, "cut")
    walk = subprocess.Popen([cli, "scan", f"redis://127.0.0.1:{port}", "--rate", "2000", "--json", "--resume", state],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    serving.await_that(lambda: os.path.exists(state), walk)
    redis_cli(port, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    out, err = walk.communicate(timeout=60)
    check("a lost connection is exit code 2 and told", walk.returncode == 2 and b"connection" in err and b"--resume" in err, err)
    check("the report says that it is not the whole", json.loads(out or "{}").get("stopped"), out[:300])
    os.unlink(state)


def check_interrupted(cli, port, folder):
    """Ctrl-C is no loss: what was found is told, and the rest can be had."""
    state = os.path.join(folder, "interrupted")
    for number, rate in ((signal.SIGINT, "2000"), (signal.SIGTERM, "100")):  # which waits between keys
        before = state_time(state)
        walk = subprocess.Popen([cli, "scan", f"redis://127.0.0.1:{port}", "--rate", rate, "--json", "--resume", state], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        serving.await_that(lambda: state_time(state) != before, walk)
        walk.send_signal(number)
        out, err = walk.communicate(timeout=60)
        report = json.loads(out or "{}")
        check(f"signal {number} has the exit code that shells know", walk.returncode == 128 + number, (walk.returncode, err))
        check("what was found is told, and that it is a part", 0 < report.get("keys", 0) and "interrupted" in report["stopped"], out[:300])
        check("how to go on is told", b"--resume" in err, err)
    code, out, err = scan(cli, port, "--resume", state, "--json")
    check("what was interrupted twice finds all when it is gone on with", code == 1 and json.loads(out or "{}").get("dangerous") == 20, out[:300] + err)


def state_time(path):
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0


def check_denied(cli, port):
    """What may not be read must not pass for clean."""
    reads = ["+scan", "+type", "+strlen", "+client", "+select", "+info"]
    gets = ["+get", "+hscan", "+lrange", "+sscan", "+zscan", "+xrange"]
    users = {"blind": reads, "elsewhere": reads + gets, "uninformed": reads[:-1] + gets}
    for user, rights in users.items():
        redis_cli(port, "ACL", "SETUSER", user, "on", ">secret", "~nothing:*" if user == "elsewhere" else "~*", *rights)
        code, out, err = scan(cli, port, "--user", user, "--pass", "secret")
        if user == "uninformed":
            check("a server that tells no databases is exit code 2", code == 2 and "NOPERM" in err and not out, err + out)
            continue
        check(f"{user}: values that may not be read are said, and exit code 2", code == 2 and " NOT READ" in out and "NOPERM" in out, out[-400:])
        sarif = json.loads(scan(cli, port, "--user", user, "--pass", "secret", "--format", "sarif")[1] or "{}")
        check_sarif(f"of {user}", sarif, successful=False)
        code, out, _ = scan(cli, port, "--user", user, "--pass", "secret", "--json")
        report = json.loads(out)
        check(f"{user}: each is counted", code == 2 and report.get("denied") == report["keys"] > 0, (report.get("denied"), report["keys"]))


# Text that begins as a pickle does, and once more in base64 with what may be a signature before it.
WORDS = [b"cat", b"ios", b"ios.", b"cos.mic", b"cnt", b"index", b"into", b"csys", b"cbuiltins", b"McArthur", b"Kerberos", b"jj\0", b"gASVCwAAAAAAAAB9lIwBZZRNVG9zLg==",
         b"gASVCwAAAAAAAAB9lIwBZZRNVmlvcy4=", b"i am", b"cos", b"(", b"N", b"S'x'", b"I1", b"dict", b"lambda", b"none"]


def check_odd(cli, port):
    """Keys that are no text, and globals that no module can be, which text in between must not be taken for."""
    named = b"\x80\x04\x8c\x05a\n\x1b[m\x8c\x01b\x93."
    values = {b"\xff\xfe": hostile()[0][2], b"odd": named, b"odd:zlib": zlib.compress(named), b"text": b"cat of a b\nwith a line\n.", b"odd:hash": None,
              b"odd:extension": b"\x80\x02\x82\x01.", b"odd:persistent": b"\x80\x02P1\n."}
    values.update((b"word:%d" % i, word) for i, word in enumerate(WORDS))
    lines = [[b"SET", key, value] for key, value in values.items() if value] + [[b"HSET", b"odd:hash", b"f\xff", named]]
    subprocess.run(["redis-cli", "-p", str(port), "--pipe"], stdout=subprocess.DEVNULL, check=True,
                   input=encode([b"SELECT", b"2"]) + b"".join(encode(line) for line in lines))
    code, out, err = scan(cli, port, "--json", database="/2")
    findings = {finding.get("key_hex", finding["key"]): finding for finding in json.loads(out or '{"findings": []}')["findings"]}
    check("what has a global with controls is found, and text that looks like one is not", set(findings) == {"fffe", "odd", "odd:zlib", "odd:hash", "odd:extension", "odd:persistent"}, f"{set(findings)} {err}")
    check("each is refused or dangerous", code == 1 and findings.get("odd", {}).get("severity") == "refused" and findings.get("fffe", {}).get("severity") == "dangerous", findings)
    check("a field that is no text is told in hex", findings.get("odd:hash", {}).get("where_hex") == "66ff", findings.get("odd:hash"))
    check("a key that is text is not told in hex", "key_hex" not in findings.get("odd", {}))
    redis_cli(port, "-n", "2", "FLUSHDB")


def check_names(cli, port):
    """Names of fields may be pickles as well."""
    attack = hostile()[0][2]
    subprocess.run(["redis-cli", "-p", str(port), "--pipe"], stdout=subprocess.DEVNULL, check=True,
                   input=encode([b"SELECT", b"2"]) + encode([b"HSET", b"fields", attack, b"1"]) + encode([b"XADD", b"entries", b"*", attack, b"1"]))
    code, out, err = scan(cli, port, "--json", database="/2")
    found = {(finding["key"], finding["where"][:8]) for finding in json.loads(out or '{"findings": []}')["findings"]}
    check("pickles in names of fields are found", code == 1 and found == {("fields", "name of "), ("entries", "name of ")}, f"{found} {err}")
    redis_cli(port, "-n", "2", "FLUSHDB")


def check_resume(cli, port, folder):
    """A scan that is killed goes on where it stood; what it had found is not lost."""
    state = os.path.join(folder, "state")
    first = subprocess.Popen([cli, "scan", f"redis://127.0.0.1:{port}", "--resume", state, "--rate", "2000", "--json"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    serving.await_that(lambda: os.path.exists(state), first)
    first.kill()
    first.wait()
    check("the state is written early", os.path.exists(state))
    code, out, err = scan(cli, port, "--resume", state, "--json", "--match", "user:*")
    check("a state of a scan with other options is refused", code == 2 and "other options" in err and not out, err + out)
    code, out, err = scan(cli, port, "--resume", state, "--json")
    report = json.loads(out or "{}")
    check("the second run finds all the same", report.get("dangerous") == 20 and code == 1, f"{report.get('dangerous')} {err}")
    check("the state is gone when the scan is done", not os.path.exists(state))
    with open(state, "w", encoding="utf-8") as file:
        file.write("brine-scan 2\nfinding\tx\n")
    code, _, err = scan(cli, port, "--resume", state)
    check("a damaged state is refused", code == 2 and "damaged" in err, err)


PROBE_S = 2


class Probes(threading.Thread):
    """Reads of other connections in another database, 500 a second whether answered or not, each counted from when it was due;
    the percentiles of each few seconds, until told to stop."""
    def __init__(self, cli, port):
        super().__init__()
        self.command = [cli, "bench", "--json", "-p", str(port), "-n", "1", "--reads", "100", "--rate", "500", "-c", "4", "--keys", "1000",
                        "--time", f"{PROBE_S}s"]
        self.stopped, self.rows = threading.Event(), []

    def run(self):
        while not self.stopped.is_set():
            report = json.loads(subprocess.run(self.command, stdout=subprocess.PIPE, check=True).stdout)["get"]
            if not self.stopped.is_set():  # what ran beyond the end is another thing
                self.rows.append(report)

    def milliseconds(self):
        """The worst of the few seconds, and the median of them."""
        self.stopped.set()
        self.join()
        told = {}
        for name in ("p50", "p99", "p99_9"):
            values = sorted(row[name + "_us"] / 1000 for row in self.rows) or [float("nan")]
            told[name] = (round(values[len(values) // 2], 2), round(values[-1], 2))
        return told


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


def measure(cli, port, keys, fast):
    """One scan: what it finds, how fast it is, its memory over the time, and what probes see before and meanwhile."""
    what = "without a rate" if fast else "at the default rate"
    probes = Probes(cli, port)
    probes.start()
    threading.Event().wait(3 * PROBE_S + 2)  # the server alone, for a few of them
    before = probes.milliseconds()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        walk = subprocess.Popen([cli, "scan", f"redis://127.0.0.1:{port}", "--json", *(["--rate", "0"] if fast else [])], stdout=out, stderr=err)
        probes = Probes(cli, port)
        probes.start()
        memory, took = [], 0
        while walk.poll() is None:
            memory.append(memory_of(walk.pid) if walk.poll() is None else memory[-1])
            took = time.monotonic() - began
            try:
                walk.wait(0.1)
            except subprocess.TimeoutExpired:
                pass  # time for another look at its memory
        meanwhile = probes.milliseconds()
        out.seek(0)
        err.seek(0)
        report = check_report(walk.returncode, out.read(), err.read())
    tenths = [round(memory[min(len(memory) - 1, len(memory) * tenth // 10)], 1) for tenth in (1, 3, 5, 7, 9)]
    print(f"{what}: {report['keys']} keys, {report['values']} values in {report['seconds']:.1f} s: {report['keys'] / report['seconds']:.0f} keys/s; "
          f"MB after 1, 3, 5, 7, 9 tenths of {took:.0f} s: {tenths}, largest {max(memory):.1f}; GET ms, median and worst of {PROBE_S} s each: before {before}, meanwhile {meanwhile}", flush=True)
    check("it met every key", report["keys"] >= keys, report["keys"])
    check("memory is flat", max(memory) < 1.2 * tenths[0] + 4, (tenths, max(memory)))


def check_all(cli, port, folder):
    check_report(*scan(cli, port, "--format", "json"))
    check_rest(cli, port, folder)
    check_names(cli, port)
    check_odd(cli, port)
    check_cut_off(cli, port, folder)
    check_interrupted(cli, port, folder)
    check_arrays(cli, port)
    check_denied(cli, port)
    check_resume(cli, port, folder)


def check_arrays(cli, port):
    """What numpy.load unpickles of a file that is a value; an array of numbers that spells the same is none."""
    def npy(descr, body):
        text = ("{'descr': '%s', 'fortran_order': False, 'shape': (1,), }" % descr).ljust(117).encode() + b"\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body
    hostile = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01x\x85R."
    for key, descr in (("objects", "|O"), ("numbers", "|u1")):
        subprocess.run(["redis-cli", "-p", str(port), "-n", "3", "-x", "SET", key], input=npy(descr, hostile), stdout=subprocess.PIPE, check=True)
    code, out, err = scan(cli, port, "--json", database="/3")
    found = [finding["key"] for finding in json.loads(out or "{}").get("findings", []) if finding["severity"] == "dangerous"]
    check("an array of objects is looked into, one of numbers is not", code == 1 and {"objects", "numbers"} & set(found) == {"objects"}, out[:600] + err)
    redis_cli(port, "-n", "3", "DEL", "objects", "numbers")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", default=CLI)
    parser.add_argument("--keys", type=int, default=24000)
    parser.add_argument("--measure", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Redis(folder, "--databases", "4")
        try:
            fill(server.port, args.keys)
            if args.measure:
                for fast in (False, True):
                    measure(args.cli, server.port, args.keys, fast)
            else:
                check_all(args.cli, server.port, folder)
        finally:
            server.stop()
    finish()


if __name__ == "__main__":
    main()
