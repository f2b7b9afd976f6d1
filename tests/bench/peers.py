# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Servers under measurement: started on a free port, pinned, watched through /proc, ended."""
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import serving  # noqa: E402

START_SECONDS = 20
TICKS = os.sysconf("SC_CLK_TCK")


def redis_server_command():
    """Debian's redis-tools holds the whole server, under the name of one of its tools."""
    if shutil.which("redis-server"):
        return "redis-server"
    if not os.path.exists("/usr/bin/redis-check-rdb"):
        sys.exit("redis-server is missing; make deps installs it")
    link = os.path.join(tempfile.mkdtemp(prefix="brine-bench-"), "redis-server")
    os.symlink("/usr/bin/redis-check-rdb", link)
    return link


def pinned(command, cpu=None, realtime=0):
    """The words of a command that runs on these cores (0, or "0,1"), before all others' programs if realtime > 0."""
    words = ["taskset", "-c", str(cpu)] if cpu is not None else []
    return words + (["chrt", "-r", str(realtime)] if realtime else []) + command


def ask_over(connection, *words):
    """As Peer.ask, over a connection that is kept."""
    connection.sendall(b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(word), word) for word in (word.encode() for word in words)))
    with connection.makefile("rb") as replies:
        line = replies.readline().rstrip(b"\r\n").decode()
        if line.startswith("$") and line != "$-1":
            return replies.read(int(line[1:]) + 2)[:-2].decode("utf-8", "replace")
    return line[1:]


def upkeep_turns(port):
    """Of a brine server: its turns of upkeep so far, and those over 1 ms of the processor.  Nobody waits longer for its upkeep
    than a turn takes."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        facts = dict(line.split(":", 1) for line in ask_over(connection, "INFO", "everything").split("\r\n") if ":" in line)
    return int(facts["upkeep_turns"]), int(facts["upkeep_long_turns"])


class Peer:
    """A running server.  `command` holds {port}; the process is this one's child and ends with it."""

    def __init__(self, name, command, cpu=None, realtime=0):
        self.name, self.port = name, serving.free_port()
        self.folder = tempfile.mkdtemp(prefix="brine-peer-")
        words = pinned(shlex.split(command.replace("{port}", str(self.port))), cpu, realtime)
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = serving.Process(words, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=subprocess.STDOUT, cwd=self.folder)
        self.wait_until_it_answers()

    def answers(self):
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False

    def wait_until_it_answers(self):
        """Whatever server it is: not each says that it is ready."""
        if serving.await_that(self.answers, self.process, START_SECONDS):
            return
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            last_words = log.read()[-2000:]
        self.stop()
        sys.exit(f"{self.name} does not answer on port {self.port}:\n{last_words}")

    def dial(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def ask(self, *words):
        """One command, and a reply of one line or one bulk string."""
        with self.dial() as connection:
            return ask_over(connection, *words)

    def cpu_seconds(self):
        """Of all its threads so far, by the scheduler's nanoseconds where the kernel has them."""
        total, folder = 0, f"/proc/{self.process.pid}/task"
        try:
            for task in os.listdir(folder):
                with open(f"{folder}/{task}/schedstat", encoding="ascii") as stat:
                    total += int(stat.read().split()[0])
            return total / 1e9
        except OSError:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """The exit code after SIGTERM; a server that does not end within 20 seconds is killed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode


def load_words(load, peer, value_file, **options):
    """The load generator's command; options by their names with _ for -, True for a flag."""
    command = [load, "--port", str(peer.port), "--value-file", value_file]
    for name, value in options.items():
        command.append("--" + name.replace("_", "-"))
        if value is not True:
            command.append(str(value))
    return command


def run_load(load, peer, value_file, cpu=None, realtime=0, **options):
    """The load generator's line of JSON."""
    command = pinned(load_words(load, peer, value_file, **options), cpu, realtime)
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not result.stdout:
        sys.exit(f"{peer.name}: the load generator failed: {result.stderr.decode()}")
    return json.loads(result.stdout)
