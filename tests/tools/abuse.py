#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm, against a server with its default configuration, and what they cost.

    abuse.py --server build/brine-server [--tls] [--full] [--only WORD]

Each check is one abuse; its name is what the server does then.  Through all of them a probe asks PING
on a connection of its own, and tells how long it waited at worst.  Memory is held against its bar
always, time only with --full, which also opens 9000 connections and takes a minute: a loaded machine
makes anybody wait.  The bars are those of tests/RELIABILITY.md.  Last line "N passed, N failed".
"""
import argparse
import contextlib
import multiprocessing
import os
import random
import re
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import serving
import tls_files

MB = 1 << 20
SECONDS = 60
IS_RELEASE = os.environ.get("BRINE_VARIANT", "release") == "release"  # a sanitizer's memory is its own
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """The server, how it is reached, and what it takes."""

    def __init__(self, args, folder, *flags):
        self.args, self.folder = args, folder
        self.port, self.context = serving.free_port(), None
        words = [args.server, "--log.level=warning", f"--server.port={self.port}", *flags]
        if args.tls:
            port = serving.free_port()
            words += tls_files.server_flags(folder, port) + ["--tls.auth_clients=no"]
            self.port, self.context = port, tls_files.client_context(folder)
        self.process = serving.Process(words, stdin=subprocess.DEVNULL, cwd=folder)
        if not self.process.ready():
            sys.exit(f"{args.server} does not start")

    def raw(self, buffer=0):
        """A connection before any greeting; buffer: of its receiving side, if small."""
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", self.port))
        return client

    def dial(self, buffer=0):
        client = self.raw(buffer)
        return self.context.wrap_socket(client, server_hostname="localhost") if self.context else client

    def ask(self, *words):
        with self.dial() as client:
            return ask(client, *words)

    def rss(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        return self.process.wait(SECONDS)

    def another(self, *flags):
        """One more, with flags of its own and without TLS."""
        args = argparse.Namespace(**{**vars(self.args), "tls": False})
        return Server(args, self.folder, *flags)


def request(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_all(client, seconds=SECONDS):
    """Until the server closes; None: it does not."""
    client.settimeout(seconds)
    got = b""
    try:
        while part := client.recv(65536):
            got += part
    except (socket.timeout, TimeoutError):
        return None
    except OSError:
        pass
    return got


def read_line(client):
    line = b""
    while not line.endswith(b"\r\n"):
        part = client.recv(1)
        if not part:
            return line
        line += part
    return line[:-2]


def ask(client, *words):
    """A reply of one line or one bulk string."""
    client.sendall(request(*words))
    line = read_line(client)
    if not line.startswith(b"$") or line == b"$-1":
        return line
    left, got = int(line[1:]) + 2, b""
    while len(got) < left:
        got += client.recv(left - len(got))
    return got[:-2]


def send_unread(client, data, seconds=3.0):
    """Sends until the server takes no more, or has closed; how much went."""
    client.settimeout(0.5)
    sent, end = 0, time.monotonic() + seconds
    try:
        while sent < len(data) and time.monotonic() < end:
            sent += client.send(data[sent:sent + 65536])
    except OSError:
        pass
    return sent


class Probe:
    """Asks PING again and again in a process of its own, and keeps the longest wait."""

    def __init__(self, server):
        self.client = server.dial()
        self.number = ask(self.client, "CLIENT", "ID")[1:]
        self.mine, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.run, args=(theirs,), daemon=True)
        self.process.start()

    def run(self, told):
        worst, asked = 0.0, 0
        while not told.poll(0.002):
            begun = time.monotonic()
            if ask(self.client, "PING") != b"+PONG":
                worst = float("inf")
                break
            worst, asked = max(worst, time.monotonic() - begun), asked + 1
        told.send((worst * 1000, asked))

    def end(self):
        self.mine.send("enough")
        self.ms, self.asked = self.mine.recv()
        self.process.join()
        self.client.close()


@contextlib.contextmanager
def probing(server):
    probe = Probe(server)
    try:
        yield probe
    finally:
        probe.end()


def peak_rss(server, seconds=1.5):
    """The most it holds from now on, while it does what it was asked."""
    peak, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        peak = max(peak, server.rss())
        select.select([], [], [], 0.01)
    return peak


class Outcome:
    """What one check found: (what, figure, bar, unit, whether the bar is of time)."""

    def __init__(self, full):
        self.full, self.figures, self.wrong = full, [], []

    def figure(self, what, value, bar, unit, is_time=False):
        self.figures.append(f"{what} {value:.1f} {unit} (bar {bar:g})")
        if value > bar and (self.full if is_time else IS_RELEASE):
            self.wrong.append(f"{what}: {value:.1f} {unit} is above {bar:g}")

    def claim(self, holds, what):
        if not holds:
            self.wrong.append(what)


# ---- one abuse each -----------------------------------------------------------------------------

# What is sent, and what the one line of error must hold; the connection is closed behind it.
FRAMING = [
    (b"*abc\r\n", b"invalid multibulk length"), (b"*2147483648\r\n", b"invalid multibulk length"),
    (b"*" + b"9" * 30 + b"\r\n", b"invalid multibulk length"), (b"*+1\r\n", b"invalid multibulk length"),
    (b"*01\r\n", b"invalid multibulk length"), (b"* 1\r\n", b"invalid multibulk length"),
    (b"*1\r\n*1\r\n$4\r\nPING\r\n", b"expected '$', got '*'"), (b"*1\r\n:1\r\n", b"expected '$', got ':'"),
    (b"*1\r\nPING\r\n", b"expected '$', got 'P'"), (b"*1\r\n%1\r\n", b"expected '$', got '%'"),
    (b"*1\r\n$-1\r\n", b"invalid bulk length"), (b"*1\r\n$abc\r\n", b"invalid bulk length"),
    (b"*1\r\n$536870913\r\n", b"invalid bulk length"), (b"*1\r\n$99999999999999999999\r\n", b"invalid bulk length"),
    (b"*" + b"1" * 70000, b"too big mbulk count string"), (b"*1\r\n$" + b"1" * 70000, b"too big bulk count string"),
    (b"x" * 70000, b"too big inline request"), (b"SET k \"unbalanced\r\n", b"unbalanced quotes"),
]


def broken_framing_is_named_in_one_line_and_ends_the_connection(server, outcome):
    for before in (b"", b"*0\r\n", b"\r\n", b"*-1\r\n", request("PING")):
        for text, word in FRAMING:
            with server.dial() as client:
                send_unread(client, before + text)
                got = read_all(client)
                got = got and got.replace(b"+PONG\r\n", b"")
                outcome.claim(got and got.startswith(b"-ERR Protocol error") and word in got and got.count(b"\r\n") == 1,
                              f"{text[:20]!r} behind {before!r} is answered {got!r}")


def other_protocols_are_never_answered_with_success(server, outcome):
    talks = [b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET hacked 1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET hacked 1\r\n",
             b"post / HTTP/1.1\r\nhost: x\r\n\r\nSET hacked 1\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
             b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", b"stats\r\nset k 0 0 1\r\nv\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
             b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x3a\x00\x00\x00" + b"\x00" * 54, bytes(range(256)) * 4]
    for talk in talks:
        with server.dial() as client:
            send_unread(client, talk)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR) if not server.context else client.unwrap()
            got = read_all(client, 5) or b""
            outcome.claim(b"+OK" not in got and b"\r\n:" not in got, f"{talk[:30]!r} is answered {got[:100]!r}")
    outcome.claim(server.ask("EXISTS", "hacked") == b":0", "a web page has stored something")


def an_error_quotes_no_line_end_and_not_much(server, outcome):
    words = [(b"no\r\n+OK\r\nsuch",), (b"nosuch", b"a\r\n-ERR\r\nb"), (b"CLIENT", b"x\r\n+OK"), (b"SET", b"k", b"v", b"EX\r\n+OK"),
             (b"AUTH", b"a\r\n", b"b"), (b"CONFIG", b"SET", b"no\r\n+OK", b"x"), (b"n" * 60000,), (b"nosuch", b"a" * MB)]
    for some in words:
        with server.dial() as client:
            client.sendall(request(*some) + request("ECHO", "mark"))
            got = b""
            while not got.endswith(b"$4\r\nmark\r\n"):
                part = client.recv(65536)
                outcome.claim(part, f"{some[0][:20]!r} ends the connection")
                if not part:
                    break
                got += part
            error = got[:-len(b"$4\r\nmark\r\n")]
            outcome.claim(error.startswith(b"-") and error.count(b"\r") == error.count(b"\n") == 1 and len(error) <= 2048,
                          f"{some[0][:20]!r} is answered {error[:100]!r} of {len(error)} bytes")


def claimed_lengths_cost_what_arrives(server, outcome):
    before, clients = server.rss(), []
    for i in range(200):
        clients.append(server.dial())
        clients[-1].sendall(b"*1048576\r\n$3\r\nSET\r\n" if i % 2 else b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nhalf")
    outcome.claim(server.ask("PING") == b"+PONG", "the others are not served")
    outcome.figure("200 claims of 512 MB or a million words:", (peak_rss(server) - before) / MB, 16, "MB")
    for client in clients:
        client.close()


def a_client_that_never_reads_holds_little(server, outcome):
    server.ask("SET", "big", b"b" * MB)
    before = server.rss()
    with server.dial(4096) as client:
        sent = send_unread(client, request("GET", "big") * 500)
        outcome.figure("one client, 500 MB asked for:", (peak_rss(server) - before) / MB, 32, "MB")
        outcome.claim(sent > 0, "nothing was asked")


def twenty_clients_that_never_read_hold_little_together(server, outcome):
    server.ask("SET", "medium", b"m" * 20000)
    before = server.rss()
    with probing(server) as probe:
        clients = [server.dial(4096) for _ in range(20)]
        for client in clients:
            send_unread(client, request("GET", "medium") * 5000, 0.6)
        held = peak_rss(server) - before
    outcome.figure("20 clients, 100 MB each asked for:", held / MB, 128, "MB")
    outcome.figure("probe", probe.ms, 100, "ms", is_time=True)
    for client in clients:
        client.close()


def twenty_clients_that_pull_20_mb_each_delay_nobody(server, outcome):
    server.ask("SET", "big", b"b" * MB)

    def pull():
        with server.dial() as client:
            client.sendall(request("GET", "big") * 20)
            left = 20 * (MB + len(b"$1048576\r\n\r\n"))
            while left > 0 and (part := client.recv(MB)):
                left -= len(part)
            sys.exit(left)

    with probing(server) as probe:
        pullers = [multiprocessing.Process(target=pull) for _ in range(20)]
        for puller in pullers:
            puller.start()
        for puller in pullers:
            puller.join()
    outcome.claim(all(puller.exitcode == 0 for puller in pullers), "a client did not get all")
    outcome.figure(f"probe ({probe.asked} times)", probe.ms, 100, "ms", is_time=True)


def a_listener_that_never_reads_is_cut_off(server, outcome):
    before = server.rss()
    with server.dial(4096) as listener:
        ask(listener, "SUBSCRIBE", "news")
        with server.dial() as client:
            reached = [ask(client, "PUBLISH", "news", b"n" * MB) for _ in range(100)]
        outcome.claim(b":1" in reached and reached[-1] == b":0", "it still listens")
        outcome.figure("100 MB published:", (peak_rss(server) - before) / MB, 96, "MB")  # limits.messages_bytes is 64


def strangers_hold_little(server, outcome):
    """With a password set: what they send and ask for before they say it."""
    count = 500
    server.ask("CONFIG", "SET", "requirepass", "secret")
    try:
        with server.dial() as known:
            ask(known, "AUTH", "secret")
            clients = [server.dial() for _ in range(count)]
            for client in clients:
                send_unread(client, request("PING"), 0.1)
            before = server.rss()
            for i, client in enumerate(clients):
                text = (b"*10\r\n" + b"$16000\r\n" + b"x" * 15000, request("GET", "k") * 2000,
                        b"x" * 60000, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16384\r\n" + b"v" * 16000)[i % 4]
                client.setblocking(False)
                with contextlib.suppress(OSError, ssl.SSLError):
                    client.send(text)
            ask(known, "PING")
            outcome.figure(f"{count} strangers, each", (peak_rss(server) - before) / count / 1024, 64, "KB")
            for client in clients:
                client.close()
            for words, answer in ((["x"] * 11, b"unauthenticated multibulk"), ([b"x" * 16385], b"unauthenticated bulk")):
                with server.dial() as client:
                    client.sendall(request(*words))
                    outcome.claim(answer in (read_all(client, 10) or b""), f"{answer.decode()} is not said")
            for word in ("PING", "INFO", "COMMAND", "GET", "CONFIG", "SUBSCRIBE", "MULTI", "CLIENT", "EVAL", "DEBUG"):
                with server.dial() as client:
                    outcome.claim(ask(client, word, "x").startswith((b"-NOAUTH", b"-ERR")), f"{word} is answered to strangers")
            ask(known, "CONFIG", "SET", "requirepass", "")
    finally:
        outcome.claim(server.ask("PING") == b"+PONG", "the password is not gone")


def slow_senders_and_half_commands_are_carried(server, outcome):
    command = request("SET", "slow", "value")
    with probing(server) as probe:
        half = [server.dial() for _ in range(500)]
        for client in half:
            client.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf")
        slow = [server.dial() for _ in range(100)]
        for i in range(len(command)):
            for client in slow:
                client.sendall(command[i:i + 1])
        answered = sum(client.recv(5) == b"+OK\r\n" for client in slow)
    outcome.claim(answered == len(slow), f"{answered} of {len(slow)} slow senders are answered")
    outcome.claim(server.ask("EXISTS", "k") == b":0", "half a command is run")
    outcome.figure("probe", probe.ms, 100, "ms", is_time=True)
    for client in half + slow:
        client.close()


def resets_at_any_place_leave_nothing(server, outcome):
    server.ask("SET", "big", b"b" * 16 * MB)
    chance = random.Random(1)
    texts = [b"", request("GET", "big"), request("SET", "k", b"v" * 100000)[:50000], request("PING") * 100,
             request("SUBSCRIBE", "a") + request("MULTI"), b"\x16\x03\x01"]
    for i in range(2000 if outcome.full else 400):
        client = server.raw() if i % 5 == 0 else server.dial()
        with contextlib.suppress(OSError):
            client.send(chance.choice(texts))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    quiet = serving.await_that(lambda: b"connected_clients:1\r" in server.ask("INFO", "clients"), server.process, 20)
    outcome.claim(quiet, "connections are left: " + server.ask("INFO", "clients").decode())
    server.ask("DEL", "big", "k")


def a_half_closed_pipeline_gets_all_its_replies(server, outcome):
    if server.context:  # TLS has no half of a connection: its goodbye ends both
        return
    with server.dial() as client:
        client.sendall(request("ECHO", "x" * 1000) * 2000)
        client.shutdown(socket.SHUT_WR)
        got = read_all(client)
        outcome.claim(got == (b"$1000\r\n" + b"x" * 1000 + b"\r\n") * 2000, "replies are missing")


def kills_at_any_moment_end_whom_they_name(server, outcome):
    """Each is killed amid commands, replies, messages and transactions, by another or by itself."""
    chance, killed = random.Random(2), 0
    server.ask("SET", "big", b"b" * MB)

    texts = [request("GET", "big") * 5, request("MULTI") + request("SET", "k", "v"), request("SUBSCRIBE", "a", "b"),
             request("WATCH", "k") + request("GET", "k"), request("CLIENT", "TRACKING", "ON") + request("GET", "k")]

    def misbehave(number):
        mine = random.Random(number)
        for _ in range(300 if outcome.full else 60):
            with contextlib.suppress(OSError), server.dial(4096) as client:
                client.sendall(mine.choice(texts))
                client.sendall(request("PUBLISH", "a", "x" * 1000) + request("CLIENT", "ID"))
                client.recv(mine.choice([1, 100, 100000]))
                client.settimeout(0.1)
                while mine.random() < 0.9 and client.recv(65536):
                    pass

    with probing(server) as probe:
        threads = [threading.Thread(target=misbehave, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        with server.dial() as client:
            spared = (ask(client, "CLIENT", "ID")[1:], probe.number)
            while any(thread.is_alive() for thread in threads):
                for number in re.findall(rb"\bid=(\d+) ", ask(client, "CLIENT", "LIST")):
                    if number not in spared and chance.random() < 0.3:
                        killed += ask(client, "CLIENT", "KILL", "ID", number) == b":1"
        for thread in threads:
            thread.join()
    with server.dial() as client:
        client.sendall(request("PING") + request("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no") + request("SET", "after", "1"))
        got = read_all(client, 20)
    outcome.claim(got is not None and got.startswith(b"+PONG\r\n:"), f"who kills itself is told {got!r}")
    outcome.claim(server.ask("EXISTS", "after") == b":0", "what stood behind a client's own end was run")
    outcome.claim(killed > 20, f"only {killed} were killed")
    outcome.figures.append(f"{killed} killed")


def a_full_house_is_told_so(server, outcome):
    server.ask("CONFIG", "SET", "maxclients", "50")
    clients = []
    try:
        refused = b""
        for _ in range(60):
            clients.append(server.raw())
        for client in clients[-5:]:
            refused = refused or read_all(client, 5) or b""
        outcome.claim(server.context or b"max number of clients reached" in refused, f"who is too many is told {refused!r}")
    finally:
        for client in clients:
            client.close()
        free = serving.await_that(lambda: is_served(server), server.process, 20)
        outcome.claim(free, "nobody is served afterwards")
        server.ask("CONFIG", "SET", "maxclients", "10000")


def is_served(server):
    try:
        return server.ask("PING") == b"+PONG"
    except OSError:
        return False


def many_keys_that_end_at_once_delay_nobody(server, outcome):
    with server.dial() as client:
        when = int(time.time() * 1000) + 4000
        for start in range(0, 100000, 1000):
            client.sendall(b"".join(request("SET", f"x:{i}", "v", "PXAT", when) for i in range(start, start + 1000)))
            left = 1000 * len(b"+OK\r\n")
            while left:
                left -= len(client.recv(left))
        with probing(server) as probe:
            gone = serving.await_that(lambda: int(ask(client, "DBSIZE")[1:]) < 100 and time.time() * 1000 > when, seconds=30)
        outcome.claim(gone, "they are still there")
    outcome.figure("100 000 at once, probe", probe.ms, 20, "ms", is_time=True)


def emptying_everything_delays_nobody(server, outcome):
    with server.dial() as client:
        for start in range(0, 200000, 1000):
            client.sendall(b"".join(request("SET", f"f:{i}", "v") for i in range(start, start + 1000)))
            left = 1000 * len(b"+OK\r\n")
            while left:
                left -= len(client.recv(left))
        with probing(server) as probe:
            outcome.claim(ask(client, "FLUSHALL") == b"+OK", "FLUSHALL is refused")
            for _ in range(1000):  # what is freed behind the answer would be met now
                ask(client, "PING")
    outcome.figure("FLUSHALL of 200 000, probe", probe.ms, 20, "ms", is_time=True)


def globs_made_for_backtracking_end_soon(server, outcome):
    server.ask("SET", "a" * 200, "1")
    begun = time.monotonic()
    for pattern in ("a*" * 60 + "b", "*" * 10000 + "b", "[" * 5000, "\\" * 4000, "a*" * 500000 + "b"):
        server.ask("KEYS", pattern)
    outcome.figure("five patterns", (time.monotonic() - begun) * 1000, 1000, "ms", is_time=True)


def thousands_of_connections_are_held(server, outcome):
    count = 9000 if outcome.full and not server.context else 500
    before, clients = server.rss(), []
    with probing(server) as probe:
        for _ in range(count):
            clients.append(server.dial())
        answered = 0
        for client in clients:
            client.sendall(request("PING"))
        for client in clients:
            answered += client.recv(7) == b"+PONG\r\n"
    outcome.claim(answered == count, f"{answered} of {count} are answered")
    bar = 20 * count / 9000 if not server.context else count * 0.06
    outcome.figure(f"{count} connections:", (server.rss() - before) / MB, bar + 1, "MB")
    outcome.figure("probe", probe.ms, 50, "ms", is_time=True)
    for client in clients:
        client.close()


def descriptors_that_run_out_cost_little_time(server, outcome):
    pid, clients = server.process.pid, []
    with server.dial() as known:
        ask(known, "PING")
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 4, limits[1]))
        try:
            clients += [server.raw() for _ in range(40)]
            before, begun = server.cpu_seconds(), time.monotonic()
            select.select([], [], [], 2)  # what is measured is two seconds of it
            used = (server.cpu_seconds() - before) / (time.monotonic() - begun)
            outcome.claim(ask(known, "PING") == b"+PONG", "who was there is not served")
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            for client in clients:
                client.close()
    outcome.claim(serving.await_that(lambda: is_served(server), server.process, 20), "nobody is served afterwards")
    outcome.figure("of a core:", used * 100, 5, "%")


def own_address():
    """By which other hosts would reach this one; None: there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        with contextlib.suppress(OSError):
            asking.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
            return asking.getsockname()[0]
    return None


def other_hosts_are_kept_out_while_there_is_no_password(server, outcome):
    address = own_address()
    if not address or address.startswith("127."):
        outcome.figures.append("this machine has no other address: not tried")
        return
    open_one = server.another("--server.bind=0.0.0.0")
    try:
        with socket.create_connection((address, open_one.port), SECONDS) as client:
            with contextlib.suppress(OSError):
                client.sendall(request("PING"))
            got = read_all(client, 10)
            outcome.claim(got and got.startswith(b"-DENIED") and b"+PONG" not in got, f"a stranger is told {got!r}")
        open_one.ask("CONFIG", "SET", "requirepass", "secret")
        with socket.create_connection((address, open_one.port), SECONDS) as client:
            outcome.claim(ask(client, "AUTH", "secret") == b"+OK", "with a password it is not let in")
    finally:
        outcome.claim(open_one.stop() == 0, "it does not end in order")


CHECKS = [
    broken_framing_is_named_in_one_line_and_ends_the_connection, other_protocols_are_never_answered_with_success,
    an_error_quotes_no_line_end_and_not_much, claimed_lengths_cost_what_arrives, a_client_that_never_reads_holds_little,
    twenty_clients_that_never_read_hold_little_together, twenty_clients_that_pull_20_mb_each_delay_nobody,
    a_listener_that_never_reads_is_cut_off, strangers_hold_little, slow_senders_and_half_commands_are_carried,
    resets_at_any_place_leave_nothing, a_half_closed_pipeline_gets_all_its_replies, kills_at_any_moment_end_whom_they_name,
    a_full_house_is_told_so, descriptors_that_run_out_cost_little_time, many_keys_that_end_at_once_delay_nobody, emptying_everything_delays_nobody,
    globs_made_for_backtracking_end_soon, other_hosts_are_kept_out_while_there_is_no_password,
    thousands_of_connections_are_held,
]


# ---- all of them --------------------------------------------------------------------------------


def run(check, server, full):
    outcome = Outcome(full)
    try:
        check(server, outcome)
        outcome.claim(server.process.poll() is None, "the server has ended")
        outcome.claim(is_served(server), "the server does not answer")
    except (OSError, ValueError, IndexError) as error:
        outcome.wrong.append(f"{type(error).__name__}: {error}")
    print(f"{'FAIL' if outcome.wrong else 'ok  '} {check.__name__.replace('_', ' ')}"
          + (": " + ", ".join(outcome.figures) if outcome.figures else ""), flush=True)
    for wrong in outcome.wrong[:10]:
        print("     " + wrong, flush=True)
    return not outcome.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/brine-server")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    args.server = os.path.abspath(args.server)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard == resource.RLIM_INFINITY else max(soft, hard), hard))
    counts = {True: 0, False: 0}
    with tempfile.TemporaryDirectory(prefix="brine-abuse-") as folder:
        tls_files.make(folder)
        server = Server(args, folder)
        for check in CHECKS:
            if args.only in check.__name__:
                counts[run(check, server, args.full)] += 1
        stopped = server.stop()
        counts[stopped == 0] += 1
        if stopped != 0:
            print(f"FAIL SIGTERM does not end it in order: {stopped}")
    print(f"{counts[True]} passed, {counts[False]} failed")
    sys.exit(1 if counts[False] else 0)


main()
