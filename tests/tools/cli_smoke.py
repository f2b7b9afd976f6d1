#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""redis-cli and redis-benchmark as their users run them: the right answers and nothing odd.

    cli_smoke.py --server build/brine-server
    cli_smoke.py --address 127.0.0.1:6379       (its keyspace is flushed)

One-shot commands in both output formats, RESP3, standard input, --scan, --pipe, --bigkeys and the
other modes that look on, a password, and an interactive session on a pseudo-terminal.
"""

import argparse
import os
import pty
import re
import select
import subprocess
import sys
import time

import differential

DEADLINE_S = 30
ODD = re.compile(r"Warning|WARNING|Error:|unknown command|Could not|Unknown")


class Smoke:
    def __init__(self, address):
        self.host, self.port = address[0], str(address[1])
        self.passed = self.failed = 0

    def check(self, ok, what):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)

    def run(self, arguments, text="", program="redis-cli"):
        """(exit status, standard output, standard error) of one invocation."""
        done = subprocess.run([program, "-h", self.host, "-p", self.port, *arguments],
                              input=text, capture_output=True, text=True, timeout=DEADLINE_S,
                              errors="replace")
        return done.returncode, done.stdout, done.stderr

    def says(self, arguments, expected, text="", status=0):
        """Exactly this on standard output, nothing on standard error."""
        got = self.run(arguments, text)
        self.check(got == (status, expected, ""),
                   f"redis-cli {' '.join(arguments)}: {got}, not {(status, expected, '')}")

    def matches(self, arguments, pattern, text="", program="redis-cli"):
        status, out, err = self.run(arguments, text, program)
        self.check(status == 0 and re.search(pattern, out, re.DOTALL) and not ODD.search(out + err),
                   f"{program} {' '.join(arguments)}: {status} {out[-2000:]} {err}")

    def shows(self, arguments, pattern, meanwhile=None):
        """What a mode that never ends prints until it matches; it is then ended."""
        child = subprocess.Popen(["redis-cli", "-h", self.host, "-p", self.port, *arguments],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, deadline = b"", time.monotonic() + DEADLINE_S
        try:
            while time.monotonic() < deadline and not re.search(pattern, said, re.DOTALL):
                if select.select([child.stdout], [], [], 0.1)[0]:
                    said += os.read(child.stdout.fileno(), 65536)
                elif meanwhile:
                    meanwhile()
        finally:
            child.terminate()
            child.wait(DEADLINE_S)
            child.stdout.close()
        self.check(re.search(pattern, said, re.DOTALL) and not ODD.search(said.decode("latin-1")),
                   f"redis-cli {' '.join(arguments)}: {said[-2000:]}")


def one_shots(smoke):
    smoke.says(["flushall"], "OK\n")
    smoke.says(["ping"], "PONG\n")
    smoke.says(["set", "k", "a \"quoted\" v\u00e4lue"], "OK\n")
    smoke.says(["get", "k"], "a \"quoted\" v\u00e4lue\n")
    smoke.says(["--no-raw", "get", "k"], '"a \\"quoted\\" v\\xc3\\xa4lue"\n')
    smoke.says(["get", "missing"], "\n")
    smoke.says(["--no-raw", "get", "missing"], "(nil)\n")
    smoke.says(["--no-raw", "incr", "n"], "(integer) 1\n")
    smoke.says(["--no-raw", "mget", "n", "missing"], '1) "1"\n2) (nil)\n')
    smoke.says(["--no-raw", "incr", "k"], "(error) ERR value is not an integer or out of range\n")
    got = smoke.run(["-e", "incr", "k"])
    smoke.check(got == (1, "", "ERR value is not an integer or out of range\n"), f"-e: {got}")
    smoke.says(["--no-raw", "keys", "nosuch*"], "(empty array)\n")
    smoke.says(["--csv", "mget", "n", "missing"], '"1",NULL\n')
    smoke.says(["-r", "3", "ping"], "PONG\nPONG\nPONG\n")
    smoke.says(["-n", "3", "dbsize"], "0\n")
    smoke.says(["--no-raw", "scan", "0", "match", "n", "count", "1000"], '1) "0"\n2) 1) "n"\n')
    smoke.says(["type", "k"], "string\n")
    smoke.says(["config", "get", "maxmemory"], "maxmemory\n0\n")


def resp3(smoke):
    smoke.says(["-3", "ping"], "PONG\n")
    smoke.says(["-3", "--no-raw", "config", "get", "maxmemory"], '1# "maxmemory" => "0"\n')
    smoke.says(["-3", "--no-raw", "get", "missing"], "(nil)\n")
    smoke.says(["-3", "--json", "config", "get", "maxmemory"], '{"maxmemory":"0"}\n')
    smoke.says(["-3", "--json", "mget", "n", "missing"], '["1",null]\n')
    smoke.matches(["-3", "hello", "3"], r"server redis\nversion [\d.]+\nproto 3\n")
    smoke.matches(["-3", "info", "server"], r"# Server\n?\r?\n?redis_version:")
    smoke.matches(["-3", "client", "list"], r"id=\d+ addr=.* resp=3")


def standard_input(smoke):
    smoke.says([], "OK\n1\nERR wrong number of arguments for 'get' command\n\n2\n",
               "set a 1\nget a\nget\nincr a\n")
    smoke.says(["-x", "set", "k"], "OK\n", "from standard\ninput\n")
    smoke.says(["get", "k"], "from standard\ninput\n\n")
    commands = "".join(f"*3\r\n$3\r\nSET\r\n$8\r\nkey:{i:04}\r\n$4\r\n{i:04}\r\n" for i in range(5000))
    smoke.matches(["--pipe"], r"errors: 0, replies: 5000\n", commands)
    status, out, err = smoke.run(["--pipe"], "set a b\r\nincr a\r\n")
    smoke.check(status == 1 and "errors: 1, replies: 2\n" in out, f"--pipe with an error: {out} {err}")


def iterations(smoke):
    status, out, _ = smoke.run(["--scan", "--pattern", "key:*"])
    keys = out.split()
    smoke.check(status == 0 and sorted(keys) == [f"key:{i:04}" for i in range(5000)],
                f"--scan finds {len(keys)} of 5000 keys")
    smoke.matches(["--bigkeys"], r"Sampled 5\d\d\d keys in the keyspace!.*5\d\d\d strings with")
    smoke.matches(["info"], r"# Server.*# Keyspace\s+db0:keys=5\d\d\d,expires=0")
    smoke.matches(["command", "docs", "get"], r"get\nsummary\n")
    smoke.matches(["command", "count"], r"^\d+\n$")
    smoke.matches(["client", "list"], r"^id=\d+ .* cmd=client\|list ")
    smoke.matches(["config", "get", "*"], r"maxmemory\n")


def views(smoke):
    """The modes that look on: figures that go on, what is largest, what others send."""
    smoke.shows(["--stat", "-i", "0.1"],
                rb"keys +mem +clients +blocked +requests +connections +\n"
                rb"5\d\d\d +[\d.]+[BKMG] +\d+ +0 +\d+ \(\+0\) +\d+ +\n"
                rb"5\d\d\d +[\d.]+[BKMG] +\d+ +0 +\d+ \(\+\d+\) +\d+ +\n")
    smoke.matches(["--latency", "-i", "1", "--raw"], r"^\d+ \d+ [\d.]+ \d+\n$")
    smoke.shows(["--latency-history", "-i", "0.2", "--csv"], rb"\d+,\d+,[\d.]+,\d+\n")
    smoke.matches(["--memkeys"], r"Sampled 5\d\d\d keys in the keyspace!.*5\d\d\d strings with \d+ bytes")
    got = smoke.run(["--hotkeys"])
    smoke.check("An LFU maxmemory policy is not selected" in got[1] + got[2], f"--hotkeys: {got}")
    smoke.says(["config", "set", "maxmemory-policy", "allkeys-lfu"], "OK\n")
    smoke.matches(["--hotkeys"], r"Sampled 5\d\d\d keys in the keyspace!")
    smoke.says(["config", "set", "maxmemory-policy", "noeviction"], "OK\n")
    smoke.shows(["monitor"],
                rb'^OK\n\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "get" "a b\\n\\xc3\\xa4"\n',
                lambda: smoke.run(["get", "a b\n\u00e4"]))


def passwords(smoke):
    smoke.says(["config", "set", "requirepass", "s3cret"], "OK\n")
    try:
        smoke.says(["ping"], "NOAUTH Authentication required.\n\n")
        smoke.says(["--no-auth-warning", "-a", "s3cret", "ping"], "PONG\n")
        smoke.says(["--no-auth-warning", "--user", "default", "--pass", "s3cret", "ping"], "PONG\n")
        smoke.says(["--no-auth-warning", "-3", "-a", "s3cret", "ping"], "PONG\n")
        status, out, err = smoke.run(["--no-auth-warning", "-a", "wrong", "ping"])
        smoke.check(out == "NOAUTH Authentication required.\n\n" and "WRONGPASS" in err,
                    f"a wrong password: {status} {out!r} {err!r}")
    finally:
        smoke.run(["--no-auth-warning", "-a", "s3cret", "config", "set", "requirepass", ""])
    smoke.says(["ping"], "PONG\n")


def benchmark(smoke):
    smoke.matches(["-q", "-n", "2000", "-t", "ping,set,get,incr,mset"], r"PING_INLINE.*SET.*GET.*INCR.*MSET",
                  program="redis-benchmark")
    smoke.matches(["-q", "-n", "2000", "-P", "16", "-t", "set,get", "-3"], r"SET.*GET",
                  program="redis-benchmark")


def interactive(smoke, version):
    """A session on a terminal: the prompt, the replies, the hints' COMMAND DOCS unseen."""
    arguments = ["redis-cli", "-h", smoke.host, "-p", smoke.port, *version]
    try:
        pid, fd = pty.fork()
    except OSError as error:  # a bare chroot has no /dev/pts
        print(f"no interactive session: {error}")
        return
    if pid == 0:
        os.environ["TERM"] = "dumb"  # no line editing: output alone
        os.execvp(arguments[0], arguments)
    prompt = f"{smoke.host}:{smoke.port}"
    how = " ".join(arguments)

    def expect(pattern):
        text, deadline = "", time.monotonic() + DEADLINE_S
        while not re.search(pattern, text) and time.monotonic() < deadline:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    text += os.read(fd, 65536).decode(errors="replace")
                except OSError:  # how a terminal says that the other side is gone
                    break
        return text

    def says(line, expected, after=""):
        os.write(fd, line.encode() + b"\n")
        text = expect(re.escape(prompt + after) + "> $").replace("\r", "")
        body = text.removeprefix(line + "\n").rsplit(prompt, 1)[0]
        smoke.check(body == expected, f"{how}: {line}: {body!r}, not {expected!r}")

    greeting = expect("> $")
    smoke.check(greeting.replace("\r", "") == prompt + "> ", f"{how}: greets with {greeting!r}")
    says("set k v", "OK\n")
    says("get k", '"v"\n')
    says("get missing", "(nil)\n")
    says("mget k missing", '1) "v"\n2) (nil)\n')
    says("get", "(error) ERR wrong number of arguments for 'get' command\n")
    says("select 3", "OK\n", after="[3]")
    says("dbsize", "(integer) 0\n", after="[3]")
    says("select 0", "OK\n")
    says('set "a b" "c\\nd"', "OK\n")
    says('get "a b"', '"c\\nd"\n')
    says("config get maxmemory",
         '1# "maxmemory" => "0"\n' if version else '1) "maxmemory"\n2) "0"\n')
    os.write(fd, b"help get\n")
    text = re.sub(r"\x1b\[\d+m", "", expect("> $"))
    smoke.check("GET key" in text and "summary:" in text, f"{how}: help get: {text!r}")
    os.write(fd, b"exit\n")
    expect("(?!)")
    os.close(fd)
    smoke.check(os.waitpid(pid, 0)[1] == 0, f"{how}: exit status")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server", help="a program to start")
    parser.add_argument("--address", help="host:port of a running server, which is flushed")
    options = parser.parse_args()

    os.environ.pop("REDISCLI_AUTH", None)
    os.environ["REDISCLI_HISTFILE"] = os.environ["REDISCLI_RCFILE"] = "/dev/null"
    server = differential.server_of(options.server, options.address)
    smoke = Smoke(server.address)
    try:
        one_shots(smoke)
        resp3(smoke)
        standard_input(smoke)
        iterations(smoke)
        views(smoke)
        passwords(smoke)
        benchmark(smoke)
        interactive(smoke, [])
        interactive(smoke, ["-3"])
        smoke.says(["flushall"], "OK\n")
    finally:
        status = server.stop()
    smoke.check(status == 0, f"the server ended with status {status}")
    print(f"{smoke.passed} passed, {smoke.failed} failed")
    return 1 if smoke.failed else 0


if __name__ == "__main__":
    sys.exit(main())
