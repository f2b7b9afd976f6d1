#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Two servers, the same random commands, every reply compared byte for byte.

    differential.py --server build/brine-server --count 100000 --seed 1

A case is some hundred commands on one fresh connection and an empty keyspace, pipelined in batches,
in RESP2 and RESP3 by turns, some as inline commands; at its end the keyspaces are compared too.
Three cases of eight are of two connections that take turns command by command, subscribe, publish
and watch what the other changes; a command has as many replies there as come before a marker's.
Commands come from differential_grammar.py, where also stands what may differ, and why.  A
difference is shrunk to a short sequence and printed as redis-cli would take it.  The same seed and
count give the same commands.  Exit status 1 when anything differed.
"""

import argparse
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import differential_grammar as grammar
import serving
import tls_files

CASE_COMMANDS = 400
BATCH_COMMANDS = 64
# A batch's bytes have room in the socket's buffers: while replies fill those of the other direction nobody reads.
BATCH_BYTES = 64 << 10
DEADLINE_S = 30
LATE_S = 5  # for a message that comes behind the marker, as it may from another thread
SHRINK_RUNS_MAX = 300
SCAN_STEPS_MAX = 100_000


# ---- servers -----------------------------------------------------------------------------------


class Server:
    """A server that was started here, or one that runs at host:port."""

    def __init__(self, path=None, address=None, flags=(), tls=False):
        self.name = os.path.basename(path) if path else address
        self.process = self.dir = self.tls = None
        if address:
            host, _, port = address.rpartition(":")
            self.address = (host, int(port))
            return
        self.dir = tempfile.mkdtemp(prefix="differential-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        port = self.address[1]
        if tls:
            tls_files.make(self.dir)
            self.tls = tls_files.client_context(self.dir)
            flags = [*flags, *tls_files.server_flags(self.dir, port), "--tls.auth_clients=no"]
            port = 0
        if self.name == "redis-server":
            command = [path, "--port", str(port), "--save", "", "--loglevel", "warning"]
        else:
            # With several threads a message may come behind an UNSUBSCRIBE that followed it.  Redis
            # stores any bytes; what the gate refuses has tests of its own.
            given = {flag.partition("=")[0] for flag in flags}
            usual = ["--server.threads=1", "--gate.mode=off", "--memory.policy=noeviction",
                     "--log.level=warning", "--log.file=server.log"]
            command = [os.path.abspath(path), f"--server.port={port}", "--server.bind=127.0.0.1",
                       *(flag for flag in usual if flag.partition("=")[0] not in given)]
        self.process = serving.Process([*command, *flags], cwd=self.dir, stdout=subprocess.DEVNULL)
        if not self.process.ready():
            raise SystemExit(f"{self.name} does not start")

    def stop(self):
        """Ends the server; returns its exit status, 0 for one that was not started here."""
        if not self.process:
            return 0
        self.process.terminate()
        try:
            status = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        return status


# ---- the wire ----------------------------------------------------------------------------------

QUEUED = b"+QUEUED\r\n"
LINES = b"+-:_,#("
BULKS = b"$=!"
LISTS = b"*~>"


def frame_end(data, at):
    """The position behind the reply that starts at `at`; -1 when it is not complete."""
    left = 1
    while left:
        line = data.find(b"\r\n", at)
        if line < 0:
            return -1
        kind, left = data[at], left - 1
        if kind in BULKS:
            length = int(data[at + 1:line])
            at = line + 2 + (length + 2 if length >= 0 else 0)
            if at > len(data):
                return -1
            continue
        if kind in LISTS:
            left += max(int(data[at + 1:line]), 0)
        elif kind == ord("%"):
            left += 2 * int(data[at + 1:line])
        elif kind not in LINES:
            raise ValueError(f"not a reply: {bytes(data[at:at + 40])!r}")
        at = line + 2
    return at


class Status(str):
    """A status reply, which is not the same as a bulk string."""


class Failure(str):
    """An error reply."""


def decode(frame):
    """A reply as a Python value, so that two may be compared for what they mean."""
    def read(at):
        line = frame.find(b"\r\n", at)
        kind, text, at = frame[at:at + 1], frame[at + 1:line], line + 2
        if kind in b"$=!":
            if text == b"-1":
                return None, at
            body = frame[at:at + int(text)]
            return body[4:] if kind == b"=" else body, at + int(text) + 2
        if kind in b"*~>":
            if text == b"-1":
                return None, at
            items = []
            for _ in range(int(text)):
                item, at = read(at)
                items.append(item)
            return items, at
        if kind == b"%":
            pairs = {}
            for _ in range(int(text)):
                name, at = read(at)
                pairs[name], at = read(at)
            return pairs, at
        return {b":": lambda: int(text), b"_": lambda: None, b"-": lambda: Failure(text),
                b"+": lambda: Status(text)}.get(kind, lambda: text)(), at
    return read(0)[0]


def encode(args):
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in args)


def encode_inline(args):
    return b" ".join(b'"%s"' % b"".join(b"\\x%02x" % c for c in a) for a in args) + b"\r\n"


class Connection:
    def __init__(self, server):
        self.socket = socket.create_connection(server.address, timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.tls:
            self.socket = server.tls.wrap_socket(self.socket, server_hostname="localhost")
        self.data = b""
        self.closed = False

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def read(self, count):
        """Up to count raw replies; fewer when the server closed."""
        frames, at = [], 0
        while len(frames) < count:
            end = frame_end(self.data, at)
            if end >= 0:
                frames.append(self.data[at:end])
                at = end
                continue
            try:
                more = self.socket.recv(1 << 20)
            except ConnectionResetError:
                more = b""
            except TimeoutError as error:
                raise SystemExit(f"no reply within {DEADLINE_S} s") from error
            if not more:
                self.closed = True
                break
            self.data, at = self.data[at:] + more, 0
        self.data = self.data[at:]
        return frames

    def ask(self, args):
        self.send(encode(args))
        return (self.read(1) or [None])[0]

    def read_to_marker(self, marker, at_least):
        """All replies up to that to `PING marker`, and more until there are at_least."""
        frames, seen = [], False
        while not seen or len(frames) < at_least:
            if seen and not self.has_more():
                break
            frames += self.read(1)
            if self.closed:
                break
            seen = seen or marker in frames[-1] or (
                frames[-1] == QUEUED and len(by_kind(frames, False)[1]) > 1)
        return frames

    def read_late(self, count):
        """Up to count replies that may come behind the marker."""
        frames = []
        while len(frames) < count and self.has_more():
            frames += self.read(1) or [b""]
        return frames

    def has_more(self):
        """A reply has begun to come, or does so soon."""
        if self.data or getattr(self.socket, "pending", lambda: 0)():
            return True
        return bool(select.select([self.socket], [], [], LATE_S)[0])

    def wait_until_alone(self):
        """The clients of the case before are gone, whom CLIENT LIST would show."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and (self.ask([b"CLIENT", b"LIST"]) or b"").count(b"laddr=") > 1:
            pass

    def close(self):
        self.socket.close()


# ---- a case ------------------------------------------------------------------------------------


class Case:
    """Commands and how each is written.  ops: list of (args, inline)."""

    def __init__(self, ops, protocol):
        self.ops, self.protocol = grammar.without_late(ops), protocol

    def run(self, servers):
        """The first difference as (index into ops, reply, reply), or None; counts go to self.done."""
        self.done, self.servers = 0, servers
        connections = [Connection(server) for server in servers]
        try:
            for connection in connections:
                for args in ([b"CONFIG", b"SET", b"maxmemory", b"0"], [b"FLUSHALL"], [b"ACL", b"LOG", b"RESET"],
                             [b"ACL", b"DELUSER", *grammar.USERS],
                             [b"CONFIG", b"SET", b"notify-keyspace-events", b""],
                             [b"HELLO", b"%d" % self.protocol]):
                    connection.ask(args)
                connection.wait_until_alone()
            return self.run_ops(connections)
        finally:
            for connection in connections:
                connection.close()

    def run_ops(self, connections):
        at = 0
        self.queue = []
        while at < len(self.ops):
            if self.ops[at][0][0] in SPECIAL:
                difference = self.run_special(connections, at)
                if difference:
                    return difference
                at += 1
                continue
            end, size = at, 0
            while end < len(self.ops) and end - at < BATCH_COMMANDS and self.ops[end][0][0] not in SPECIAL:
                size += sum(map(len, self.ops[end][0]))
                if size > BATCH_BYTES and end > at:
                    break
                end += 1
            difference = self.run_batch(connections, at, end)
            if difference or connections[0].closed:
                return difference
            at = end
        return None

    def run_special(self, connections, at):
        (name, *args), _ = self.ops[at]
        first, do = SPECIAL[name]
        one, other = [do(connection, args) for connection in connections]
        self.done += 1
        if one == other == QUEUED:
            self.queue.append([first])
        return None if one == other else (at, one, other)

    def run_batch(self, connections, at, end):
        data = b"".join((encode_inline if inline else encode)(args)
                        for args, inline in self.ops[at:end])
        for connection in connections:
            connection.send(data)
        replies = [connection.read(end - at) for connection in connections]
        for i, (one, other) in enumerate(zip(*replies)):
            self.done += 1
            if not self.same(self.ops[at + i][0], one, other):
                return at + i, one, other
        if len(replies[0]) != len(replies[1]):
            shorter = min(map(len, replies))
            return (at + shorter, *(r[shorter] if len(r) > shorter else b"(closed)" for r in replies))
        return None


    def same(self, args, one, other):
        """As same(), where the reply to EXEC is those to the commands that were queued."""
        name, queue = args[0].upper(), self.queue
        if one == other == QUEUED:
            queue.append(args)
        elif ends_transaction(args):
            self.queue = []
        if one == other:
            return True
        if name == b"EXEC" and one[:1] == other[:1] == b"*":
            ones, others = items(one), items(other)
            return len(ones) == len(others) == len(queue) and all(
                same(*each) or each[0][0].upper() in grammar.COUNTING
                for each in zip(queue, ones, others))
        return same(args, one, other)


def ends_transaction(args):
    """EXEC also when it is refused."""
    name = args[0].upper()
    return name == b"EXEC" or name in (b"DISCARD", b"RESET") and len(args) == 1


class Crowd(Case):
    """Two connections.  ops: a first word *2 marks what the second one says."""

    def run_ops(self, connections):
        second = [Connection(server) for server in self.servers]
        for connection in second:
            connection.ask([b"PING"])  # connected is not yet accepted, and CLIENT LIST shows who is
        self.queues, self.refused = [[], []], [set(), set()]
        try:
            for at, (args, _) in enumerate(self.ops):
                who = 1 if args[0] == b"*2" else 0
                pair = second if who else connections
                if not any(connection.closed for connection in pair):
                    difference = self.step(pair, args[who:], who, at)
                    if difference:
                        return (at, *difference)
        finally:
            for connection in second:
                connection.close()
        return None

    def step(self, pair, args, who, at):
        marker = b"marker:%d:%d" % (at, who)
        for connection in pair:
            connection.send(encode(args) + encode([b"PING", marker]))
        self.done += 1
        other = pair[1].read_to_marker(marker, 0)
        one = pair[0].read_to_marker(marker, len(other))
        if len(one) > len(other) and self.broadcasts(at):
            other += pair[1].read_late(len(one) - len(other))
        self.queue = self.queues[who]
        if pair[0].closed and pair[1].closed:
            # Who was killed hears in brine what was sent before; Redis throws away what waits.
            one, other = by_kind(one, False)[1], by_kind(other, False)[1]
        equal = self.equal(args, one, other) or self.equal(args, one, self.without_late_ends(who, one, other)) or (
            self.script_tells_itself(at) and self.equal(args, *map(without_invalidations, (one, other))))
        if one and one[0][:1] == b"-":
            self.refused[who].update(args[1:])
        if QUEUED in one[1:]:
            self.queue.append([b"PING"])
        self.queues[who] = self.queue
        return None if equal else [b"".join(frames) for frames in (one, other)]

    def without_late_ends(self, who, one, other):
        """Without what Redis says of keys that were over when the client was refused a read of them.  brine meets
        them then, before it remembers who reads; Redis remembers, and meets them at the next read."""
        def is_late(frame):
            told = decode(frame) if frame.startswith(INVALIDATE) and frame not in one else None
            return told and told[1] and set(told[1]) <= self.refused[who]
        return [frame for frame in other if not is_late(frame)]

    def broadcasts(self, at):
        """Changes of keys with a prefix are told at the end of a batch, so behind the marker.  In brine a batch also
        ends with a command that is carried out off the event loop, as those are that edit a long value."""
        return any(b"BCAST" in map(bytes.upper, args) for args, _ in self.ops[:at])

    def script_tells_itself(self, at):
        """Redis tells a client of what its own script changed though it said NOLOOP, with BCAST."""
        words = [{word.upper() for word in args} for args, _ in self.ops[:at + 1]]
        return any({b"NOLOOP", b"BCAST"} <= its for its in words) and any(
            {b"EVAL", b"EVALSHA"} & its for its in words)

    def equal(self, args, one, other):
        if one == other and QUEUED not in one:
            if ends_transaction(args):
                self.queue = []
            return True
        is_exec = args[0].upper() == b"EXEC"
        (told, one), (also_told, other) = by_kind(one, is_exec), by_kind(other, is_exec)
        if one[:1] == other[:1] == [OPENED]:
            one, other = ([OPENED + b"".join(rest[1:-1]), *rest[-1:]] for rest in (one, other))
            self.queue = [queued for queued in self.queue if not queued[0].upper().endswith(
                b"SUBSCRIBE") or queued[0].upper() == b"SSUBSCRIBE"]
        first = not one or not other or self.same(args, one[0], other[0])
        return first and told == also_told and one[1:] == other[1:]


# Patterns and a client's own channels come in the order of a hash table: what is told is the same.
TOLD = (b"invalidate", b"message", b"pmessage", b"smessage", b"subscribe", b"psubscribe", b"ssubscribe")
GOODBYES = (b"unsubscribe", b"punsubscribe", b"sunsubscribe")


OPENED = b"*0\r\n"
INVALIDATE = b">2\r\n$10\r\ninvalidate"


def without_invalidations(frames):
    return [frame for frame in frames if not frame.startswith(INVALIDATE)]


def by_kind(frames, is_exec):
    """What was told, sorted, and the replies.  The array of EXEC is taken apart: it may hold pushes
    that its length does not count."""
    told, rest = [], []
    while frames:
        frame, frames = frames[0], frames[1:]
        reply = decode(frame) if frame[:1] in LISTS else None
        if reply and reply[0] in TOLD:
            told.append(frame)
        elif reply and reply[0] in GOODBYES:
            told += [b"%r" % reply[1] if reply[1] else b"", b"%r" % reply[2]]
        elif is_exec and reply and not rest:
            frames = items(frame) + frames
            rest = [OPENED]
        else:
            rest.append(frame)
    return sorted(told), rest


def items(frame):
    """The parts of an array, each a reply as it came."""
    at, found = frame.find(b"\r\n") + 2, []
    while at < len(frame):
        end = frame_end(frame, at)
        found.append(frame[at:end])
        at = end
    return found


def same(args, one, other):
    if one == other or grammar.same_error(one, other):
        return True
    compare = grammar.comparison_for(args)
    return compare is not None and compare(decode(one), decode(other))


def scan(connection, options):
    """A whole iteration: the keys, or the error."""
    keys, cursor = set(), b"0"
    for _ in range(SCAN_STEPS_MAX):
        frame = connection.ask([b"SCAN", cursor, *options])
        reply = decode(frame) if frame else None
        if not isinstance(reply, list):
            return frame
        cursor = reply[0]
        keys.update(reply[1])
        if cursor == b"0":
            return sorted(keys)
    return b"(the scan has no end)"


def dump_and_restore(connection, args):
    source, target, ttl, *options = args
    frame = connection.ask([b"DUMP", source])
    payload = decode(frame) if frame else None
    if not isinstance(payload, bytes):
        return frame
    return frame + connection.ask([b"RESTORE", target, ttl, payload, *options])


# A step of several commands: the one that MULTI queues first, and what it does; the rest is not asked then.
SPECIAL = {b"*SCAN": (b"SCAN", scan), b"*RESTORE": (b"DUMP", dump_and_restore)}


def audit():
    """Commands that show what the case left behind."""
    ops = [[b"DISCARD"], [b"UNWATCH"]]
    for database in (b"0", b"1", b"15"):
        ops += [[b"SELECT", database], [b"*SCAN"], [b"DBSIZE"], [b"KEYS", b"*"]]
        ops += [[command, key] for key in grammar.KEYS for command in (b"GET", b"PTTL")]
    return [(args, False) for args in ops]


def draw_crowd(rng, protocol, count):
    ops = []
    for _ in range(count):
        who = rng.randrange(2)
        args = grammar.draw(rng, grammar.CROWD_RULES)
        if args[0] not in (*SPECIAL, b"") and args[0].upper() not in (b"DBSIZE", b"QUIT"):
            ops.append(([b"*2"] * who + args, False))
    return Crowd(ops, protocol)


def draw_case(rng, protocol, count):
    ops = []
    for _ in range(count):
        args = grammar.draw(rng, grammar.RULES)
        if grammar.asks_for_pushes(args):
            continue
        if args[0].upper() in grammar.COUNTING:
            ops.append(([b"*SCAN"], False))
        inline = (rng.random() < 0.05 and args[0] not in SPECIAL
                  and sum(map(len, args)) < 4000 and args[0] != b"")
        ops.append((args, inline))
    return Case(ops + audit(), protocol)


# ---- a difference ------------------------------------------------------------------------------


def shrink(case, servers, at):
    """A shorter case that still differs: halves, quarters ... are left out while it does."""
    ops, runs = case.ops[:at + 1], 0
    size = max(len(ops) // 2, 1)
    while runs < SHRINK_RUNS_MAX:
        start, smaller = 0, False
        while start < len(ops) and runs < SHRINK_RUNS_MAX:
            rest = ops[:start] + ops[start + size:]
            runs += 1
            found = type(case)(rest, case.protocol).run(servers) if rest else None
            if found:
                ops, smaller = rest[:found[0] + 1], True
            else:
                start += size
        if size == 1 and not smaller:
            break
        size = max(size // 2, 1)
    return type(case)(ops, case.protocol)


def quoted(arg):
    if arg and all(33 <= c < 127 and c not in b"\"'\\" for c in arg):
        return arg.decode()
    if len(arg) > 200:
        return f"<{len(arg)} bytes {arg[:20]!r}...>"
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02x}"
                         for c in arg) + '"'


def report(case, servers, difference):
    _, one, other = difference
    print(f"difference in RESP{case.protocol}:")
    for args, inline in case.ops:
        print("   ", " ".join(map(quoted, args)), "  (inline)" if inline else "")
    for server, reply in zip(servers, (one, other)):
        print(f"  {server.name:14} {reply[:1000]!r}")
    print(flush=True)


def run(servers, options):
    rng = random.Random(options.seed)
    passed = failed = number = 0
    while passed < options.count and failed < options.stop_after:
        number += 1
        draw = draw_crowd if number % 4 > 2 or number % 8 == 2 else draw_case
        case = draw(rng, 3 if number % 2 else 2, CASE_COMMANDS)
        difference = case.run(servers)
        passed += case.done - (1 if difference else 0)
        if not difference:
            continue
        failed += 1
        smaller = shrink(case, servers, difference[0])
        again = smaller.run(servers)
        if again:
            report(smaller, servers, again)
        else:
            print("a difference that does not come again:")
            report(Case(case.ops[difference[0]:difference[0] + 1], case.protocol), servers,
                   difference)
    return passed, failed


def with_servers(options, compare, **how):
    """Starts --server and --reference, or takes running ones, and hands them to `compare`."""
    servers, statuses = [], []
    try:
        for which, its in ((options.server, how), (options.reference, {})):
            path = shutil.which(which)
            servers.append(Server(path, **its) if path else Server(address=which))
        passed, failed = compare(servers, options)
    finally:
        statuses = [server.stop() for server in servers]
    for server, status in zip(servers, statuses):
        if status:
            failed += 1
            print(f"{server.name} ended with status {status}")
    return passed, failed


def server_of(program, address, flags=()):
    """One that is started, or the running one at the address."""
    path = None if address else shutil.which(program)
    if not address and not path:
        raise SystemExit(f"{program}: not found")
    return Server(path, address, flags)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server", help="a program, or host:port")
    parser.add_argument("--reference", default="redis-server", help="a program, or host:port")
    parser.add_argument("--count", type=int, default=100_000, help="commands to compare")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=10, help="differences")
    parser.add_argument("--tls", action="store_true", help="speak TLS to --server")
    parser.add_argument("--flag", action="append", default=[], help="a flag for --server")
    options = parser.parse_args()

    started = time.monotonic()
    passed, failed = with_servers(options, run, flags=options.flag, tls=options.tls)
    print(f"seed {options.seed}, {time.monotonic() - started:.1f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
