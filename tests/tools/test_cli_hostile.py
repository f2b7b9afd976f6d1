#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli before servers that mean it ill: every tool ends, in time, in words, without obeying them.

Each tool talks to a server that answers everything with the same nonsense (cut off, nested a million
deep, of the wrong type, four gigabytes long, a byte now and then), to one whose cursors go in
circles, and, on a terminal, to one whose words are commands to that terminal.
"""
import concurrent.futures
import json
import os
import pty
import resource
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

from cli_support import CLI, check, environment, finish, run

TOOLS = ["GET k", "get k", "get k --json", "get k --view", "set k v", "set k v --json", "inspect k", "view k", "dis k", "dis k --json", "ping",
         "scan --quiet", "scan --quiet --format sarif", "policy learned", "audit tail", "audit tail --json", "stat --count 1", "stat --count 1 --json",
         "latency --time 20ms", "bench --time 50ms --rate 100 --keys 4 -c 1", "--json GET k", "-3 GET k", "SUBSCRIBE c"]
SECONDS_MAX = 30  # on a busy machine; -t allows 0.3 for an answer
BYTES_MAX = 400 << 20
# what, the bytes, whether the server hangs up after them
NONSENSE = [
    ("cut off in a string", b"$10\r\nabc", True),
    ("cut off in an array", b"*3\r\n:1\r\n", True),
    ("cut off in a number", b":12", True),
    ("nothing", b"", True),
    ("nested a million deep", b"*1\r\n" * 1000000, False),
    ("nested in maps", b"%1\r\n+k\r\n" * 1000000, False),
    ("a string of four gigabytes", b"$4294967296\r\n" + b"x" * 100000, False),
    ("an array of four thousand million", b"*4294967295\r\n:1\r\n", False),
    ("an array of two thousand million", b"*2147483647\r\n:1\r\n:2\r\n", False),
    ("a number that is none", b":1x\r\n", False),
    ("a length beyond numbers", b"$99999999999999999999\r\n", False),
    ("a type that is none", b"?\r\n", False),
    ("no line", b"\0" * 100000, False),
    ("an integer", b":7\r\n", False),
    ("a negative integer", b":-9223372036854775808\r\n", False),
    ("a state", b"+QUEUED\r\n", False),
    ("nil", b"$-1\r\n", False),
    ("a nil array", b"*-1\r\n", False),
    ("an empty array", b"*0\r\n", False),
    ("an array of nils", b"*3\r\n$-1\r\n*-1\r\n_\r\n", False),
    ("a pair of integers", b"*2\r\n:0\r\n:0\r\n", False),
    ("a page of integers", b"*2\r\n$1\r\n0\r\n*4\r\n:1\r\n:2\r\n*0\r\n$-1\r\n", False),
    ("a pair of arrays", b"*2\r\n*0\r\n*0\r\n", False),
    ("a map", b"%2\r\n+k\r\n*1\r\n:1\r\n:5\r\n_\r\n", False),
    ("a map of odd ends", b"%1\r\n%0\r\n~1\r\n%0\r\n", False),
    ("a set, a double, a boolean", b"~3\r\n,nan\r\n#t\r\n(123456789012345678901234567890\r\n", False),
    ("a big error", b"!5\r\nERR x\r\n", False),
    ("messages alone", b">2\r\n+message\r\n+x\r\n" * 50, False),
    ("an attribute before nothing", b"|1\r\n+ttl\r\n:3\r\n", False),
    ("a long error", b"-ERR " + b"e" * 60000 + b"\r\n", False),
    ("an empty error", b"-\r\n", False),
    ("a refusal without sense", b"-PICKLEDENIED offset x in ;: (rule ; to allow it: \r\n", False),
]


class Fake:
    """A server in threads; answer(arguments) gives the bytes for a command, which drip may follow without end."""
    def __init__(self, answer, drip=None, hangs_up_after=None):
        self.answer, self.drip, self.hangs_up_after = answer, drip, hangs_up_after
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stopped.is_set():
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        asked = 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, connection.makefile("rb") as lines:
                while line := lines.readline():
                    arguments = []
                    for _ in range(int(line[1:])):
                        arguments.append(lines.read(int(lines.readline()[1:]) + 2)[:-2])
                    connection.sendall(self.answer(arguments))
                    asked += 1
                    if self.hangs_up_after == asked:
                        return
                    while self.drip and not self.stopped.wait(0.02):  # the pace of what drips
                        connection.sendall(self.drip)
        except (OSError, ValueError):
            pass  # the client went away

    def stop(self):
        self.stopped.set()
        self.listener.close()


def run_tool(words, port, stdin=b""):
    """(exit code, output, errors, seconds, largest memory); the code of a tool that never ended is None."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        asked.write(stdin)
        asked.seek(0)
        place = ["-p", str(port), "-t", "0.3"]
        words = words.split()
        command = [CLI] + (words + place if words[0].islower() and words[0][0] != "-" else place + words)
        child = subprocess.Popen(command, stdin=asked, stdout=out, stderr=err, env=environment())
        timer = threading.Timer(SECONDS_MAX, child.kill)
        timer.start()
        _, status, used = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return child.returncode, out.read(), err.read(), time.monotonic() - began, used.ru_maxrss * 1024


def check_ends(what, outcome, memory=True):
    code, out, err, seconds, used = outcome
    check(f"{what}: ends with an exit code", code in (0, 1, 2), (code, out[-300:], err[-300:]))
    check(f"{what}: in time", seconds < SECONDS_MAX, seconds)
    if memory and os.environ.get("BRINE_VARIANT", "release") == "release":
        check(f"{what}: in bounded memory", used < BYTES_MAX, used)
    return code


def check_all(rows, judge):
    """rows of (what, tool, fake, standard input), at the same time, for most of it is waiting."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outcomes = pool.map(lambda row: run_tool(row[1], row[2].port, row[3]), rows)
        for (what, tool, _, _), outcome in zip(rows, outcomes):
            judge(f"{tool!r} {what}", outcome)
    for fake in {row[2] for row in rows}:
        fake.stop()


def check_nonsense():
    rows = []
    for what, raw, hangs_up in NONSENSE:
        fake = Fake(lambda _, raw=raw: raw, hangs_up_after=1 if hangs_up else None)
        rows += [(f"told {what}", tool, fake, b"") for tool in TOOLS] + [(f"told {what}", "--pipe", fake, b"GET a\nGET b\n")]
    check_all(rows, check_ends)


def check_fails(what, outcome):
    check(f"{what}: is no success", check_ends(what, outcome) != 0)


def check_drips():
    rows = []
    for what, said, drip in (("a string", b"$1000000\r\n", b"x"), ("an array", b"*1000000\r\n", b":1\r\n"), ("messages", b"", b">1\r\n+m\r\n"), ("a line", b"+", b"x")):
        fake = Fake(lambda _, said=said: said, drip)
        tools = [tool for tool in TOOLS if tool != "SUBSCRIBE c" or what != "messages"]  # those are what it asked for
        rows += [(f"with {what} that drips", tool, fake, b"") for tool in tools] + [(f"with {what} that drips", "--pipe", fake, b"GET a\nGET b\n")]
    check_all(rows, check_fails)


def circle(arguments, walk, length):
    """A server of one key of each type, whose cursors or pages never end; `walk` is the command that goes in a circle."""
    name = arguments[0].upper().decode()
    page = b"*256\r\n" + b"$1\r\nf\r\n$1\r\nv\r\n" * 128
    entry = b"*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
    types = {b"h": b"hash", b"l": b"list", b"s": b"set", b"z": b"zset", b"x": b"stream"}
    end = b"$1\r\n0\r\n"
    answers = {
        "CLIENT": b"+OK\r\n", "SELECT": b"+OK\r\n", "INFO": b"$15\r\ndb0:keys=5,x=0\n\r\n", "DBSIZE": b":5\r\n", "STRLEN": b":1\r\n",
        "SCAN": b"*2\r\n" + (b"$2\r\n77\r\n" if walk == "SCAN" else end) + b"*5\r\n" + b"".join(b"$1\r\n%s\r\n" % key for key in types),
        "TYPE": b"+" + types.get(arguments[-1], b"none") + b"\r\n",
        "LRANGE": b"*128\r\n" + b"$1\r\nv\r\n" * 128 if walk == "LRANGE" else b"*0\r\n",
        "XRANGE": b"*128\r\n" + entry * 128 if walk == "XRANGE" else b"*0\r\n",
    }
    if name in ("HSCAN", "SSCAN", "ZSCAN"):
        return b"*2\r\n" + (b"$2\r\n42\r\n" if walk == name else end) + page
    if name in ("HLEN", "LLEN", "SCARD", "ZCARD", "XLEN"):
        return length
    return answers.get(name, b"-ERR unknown command\r\n")


def check_circles():
    for walk in ("SCAN", "HSCAN", "SSCAN", "ZSCAN", "LRANGE", "XRANGE"):
        for length in (b":100\r\n", b":0\r\n", b"-ERR no\r\n", b":-5\r\n"):
            fake = Fake(lambda arguments, walk=walk, length=length: circle(arguments, walk, length))
            code, out, err, _, _ = run_tool("scan --json --rate 0 --count 2000", fake.port)
            report = json.loads(out or b"{}")
            check(f"{walk} in a circle, length {length}: exit code 2", code == 2, (code, err))
            if walk == "SCAN":
                check("SCAN in a circle is cut off in words", "SCAN does not end" in (report.get("stopped") or ""), (report.get("stopped"), err))
            else:
                check(f"{walk} in a circle is counted as not read", report.get("denied") == 1 and not report["stopped"], report.get("denied"))
            fake.stop()
    fake = Fake(lambda arguments: circle(arguments, None, b":1\r\n"))
    check("and what ends is clean", run_tool("scan --quiet", fake.port)[0] == 0)
    fake.stop()
    fake = Fake(lambda arguments: circle(arguments, "SCAN", b":1\r\n") if arguments[0] != b"DBSIZE" else b":4611686018427387904\r\n")
    code, out, err, seconds, _ = run_tool("scan --rate 0 --time 300ms", fake.port)
    check("--time ends a walk that has no other end", code == 2 and b"--time" in err and b"NOT ALL KEYS" in out and seconds < SECONDS_MAX, (code, err))
    fake.stop()


def check_interrupt():
    """Ctrl-C ends a walk whose server says nothing more, and what came before is told."""
    asked, silent = threading.Event(), threading.Event()

    def answer(arguments):
        if arguments[0] == b"SCAN" and arguments[1] != b"0":
            asked.set()
            silent.wait(SECONDS_MAX)
        return circle(arguments, "SCAN", b":1\r\n")
    fake = Fake(answer)
    walk = subprocess.Popen([CLI, "scan", "--json", "-p", str(fake.port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    check("the walk comes to the second page", asked.wait(SECONDS_MAX))
    began = time.monotonic()
    walk.send_signal(signal.SIGINT)
    out, err = walk.communicate(timeout=2 * SECONDS_MAX)
    report = json.loads(out or b"{}")
    check("Ctrl-C ends a walk that waits for a silent server", walk.returncode == 130 and time.monotonic() - began < SECONDS_MAX / 2, (walk.returncode, err))
    check("what came before is told", report.get("keys") == 5 and "interrupted" in (report.get("stopped") or ""), out)
    silent.set()
    fake.stop()


class Falters:
    """Answers to a Fake: of so many commands, then silence, for good or until it is asked on a new connection."""
    def __init__(self, answered, later=False):
        self.answered, self.later, self.asked, self.over = answered, later, 0, threading.Event()

    def __call__(self, arguments):
        self.asked += 1
        if self.asked == self.answered + 1 or (self.asked > self.answered and not self.later):
            self.over.wait(SECONDS_MAX)
        return {b"PING": b"+PONG\r\n", b"INFO": b"$13\r\nused_memory:7\r\n", b"GET": b"$1\r\nv\r\n"}.get(arguments[0].upper(), b"+OK\r\n")


def check_measuring():
    """What measures does so in its time, measures answers alone, and says what it did not hear."""
    refusing = Fake(lambda _: b"-NOAUTH Authentication required.\r\n")
    got = run([CLI, "latency", "--time", "100ms", "-p", str(refusing.port)])
    check("latency takes no error reply for a PING", got == (1, b"", b"brine-cli: NOAUTH Authentication required.\n"), got)
    got = run([CLI, "latency", "--time", "0", "-p", str(refusing.port)])
    check("latency measures for no time at all no more than bench", got[0] == 2 and got[1] == b"" and b"--time" in got[2], got)
    refusing.stop()
    for words in ("latency --time 200ms", "latency --time 200ms --json"):
        falters = Falters(3)
        fake, began = Fake(falters), time.monotonic()
        got = run([CLI] + words.split() + ["-p", str(fake.port)])
        check(f"{words}: ends by itself before a silent server", got[0] == 1 and got[1] == b"" and b"answer" in got[2] and time.monotonic() - began < 10, got)
        falters.over.set()
        fake.stop()
    keys, answered = 4, 5
    falters = Falters(keys + answered)
    fake, began = Fake(falters), time.monotonic()
    code, out, err = run([CLI, "bench", "--json", "--time", "300ms", "--rate", "100", "--keys", str(keys), "-c", "1", "-p", str(fake.port)])
    seconds, told = time.monotonic() - began, json.loads(out or b"{}")
    check("bench ends by itself before a silent server", code == 1 and b"answer" in err and seconds < 10, (code, err, seconds))
    check("bench counts a failure, and what was not sent", told and (told["errors"], told["not_sent"]) == (1, 30 - answered - 1), out)
    check("and has latencies of answers alone", told and told["get"]["count"] + told["set"]["count"] == answered and
          max(told["get"]["max_us"], told["set"]["max_us"]) < 1000000, out)
    falters.over.set()
    fake.stop()
    falters = Falters(2, later=True)
    fake = Fake(falters)
    code, out, err = run([CLI, "stat", "--count", "3", "--interval", "10ms", "-t", "2", "-p", str(fake.port)])
    check("stat says that a server is silent, and goes on when it is not", code == 0 and err.count(b"does not answer") == 1 and out.count(b"\n") == 3, (code, out, err))
    falters.over.set()
    fake.stop()
    falters = Falters(0)
    fake = Fake(falters)
    code, out, err = run([CLI, "stat", "--count", "1", "--json", "-p", str(fake.port)])
    check("stat hears nothing and says so, without -t too", code == 1 and out == b"" and b"does not answer" in err, (code, out, err))
    falters.over.set()
    fake.stop()


# ---- on a terminal ----------------------------------------------------------------------------------

EVIL = b"\xc3\xa9\x1b]0;evil\x07\x1b[2J\x9b31m\xc2\x9b31m\x08\x7f\x0e"
OBEYED = (b"\x1b", b"\x07", b"\x9b", b"\x08", b"\x7f", b"\x0e")


def on_terminal(words, port):
    """What a terminal would be sent, errors among it."""
    master, slave = pty.openpty()
    child = subprocess.Popen([CLI] + words + ["-p", str(port), "-t", "2"] if words[0].islower() else [CLI, "-p", str(port), "-t", "2"] + words,
                             stdin=subprocess.PIPE, stdout=slave, stderr=slave, env=environment(TERM="xterm", NO_COLOR="1"))
    os.close(slave)
    child.stdin.write(b"GET a\n" if words == ["--pipe"] else b"")
    child.stdin.close()
    said, deadline = b"", time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            got = os.read(master, 65536)
        except OSError:  # the last of the other side is gone
            break
        said += got
    child.kill()
    child.wait()
    os.close(master)
    return said


def check_terminal():
    bulk = b"$%d\r\n%s\r\n" % (len(EVIL), EVIL)
    record = json.dumps({"time": "x", "event": EVIL.decode("latin-1"), "key": EVIL.decode("latin-1"), "db": 0, "time_ms": 5}, ensure_ascii=False).encode()
    kinds = [("a string", bulk), ("an error", b"-ERR " + EVIL + b"\r\n"), ("a state", b"+" + EVIL + b"\r\n"), ("a list", b"*2\r\n" + bulk + bulk),
             ("a record", b"*1\r\n$%d\r\n%s\r\n" % (len(record), record)), ("a page", b"*2\r\n$1\r\n0\r\n*1\r\n" + bulk),
             ("a number", b":1\r\n")]
    # The screen of stat is made of commands, and a subscription has no end.
    tools = [tool for tool in TOOLS if "stat" not in tool and "SUBSCRIBE" not in tool] + ["INFO", "CLIENT LIST", "PICKLE.DIS k", "--pipe", "LRANGE a 0 1"]
    for what, raw in kinds:
        fake = Fake(lambda _, raw=raw: raw)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for tool, said in zip(tools, pool.map(lambda tool, port=fake.port: on_terminal(tool.split(), port), tools)):
                obeyed = [byte for byte in OBEYED if byte in said]
                check(f"a terminal is sent no commands by {tool!r} told {what}", not obeyed, (obeyed, said[:300]))
        fake.stop()
    fake = Fake(lambda _: bulk)
    code, out, _ = run([CLI, "policy", "learned", "-p", str(fake.port)])
    check("a pipe gets the bytes as they are", code == 0 and out == EVIL + b"\n", out)
    fake.stop()


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    check_circles()
    check_interrupt()
    check_measuring()
    check_terminal()
    check_drips()
    check_nonsense()
    finish()


main()
