# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""README.md as its tests see it: chapters, fenced blocks, what a session prints, a place to run it in.

A block is what stands between ``` and ```; its language says what it is.  `console` is a session: "$ "
begins a command, lines below it are what it prints, "..." stands for any text, alone on a line for
any lines.  Commands of a chapter are given to one shell, in a new directory where `build` and the
tree's folders are links, and where `python3` is Debian's, which has the libraries.
"""

import ctypes
import fcntl
import os
import re
import socket
import struct
import subprocess
import termios

import serving

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
README = os.path.join(TOP, "README.md")
LINKS = ("client", "config.example.toml", "docker", "proto", "server", "tests")
DONE = "--- that was command"


class Block:
    def __init__(self, chapter, part, language, line):
        self.chapter, self.part, self.language, self.line = chapter, part, language, line
        self.note = ""  # of the comment above it: <!-- note -->
        self.lines = []

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    def __str__(self):
        return f"README.md:{self.line} ({self.part or self.chapter})"


def blocks(text):
    """Every fenced block, with the headings above it."""
    found, chapter, part, note, inside = [], "", "", "", None
    for number, line in enumerate(text.splitlines(), 1):
        if inside is not None:
            if line.strip() == "```":
                found.append(inside)
                inside = None
            else:
                inside.lines.append(line)
        elif line.startswith("```"):
            inside = Block(chapter, part, line[3:].strip(), number)
            inside.note, note = note, ""
        elif line.startswith("## "):
            chapter, part = line[3:].strip(), ""
        elif line.startswith("### "):
            part = line[4:].strip()
        elif re.fullmatch(r"<!-- .* -->", line):
            note = line[5:-4]
        elif line.strip():
            note = ""
    if inside is not None:
        raise SystemExit(f"{inside} does not end")
    return found


def read(path=README):
    with open(path, encoding="utf-8") as readme:
        return blocks(readme.read())


def steps(block):
    """(command, expected lines) of each "$ "; here-documents and lines that end in \\ go on."""
    found, end = [], None
    for line in block.lines:
        if end is not None:
            found[-1][0].append(line)
            goes_on = line.endswith("\\") if end == "\\" else line != end
            end = end if goes_on else None
        elif line.startswith("$ "):
            here = re.search(r"<<'?(\w+)'?( .*)?$", line)
            end = here.group(1) if here else "\\" if line.endswith("\\") else None
            found.append(([line[2:]], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise SystemExit(f"{block}: a session begins with a command")
    return [("\n".join(command), expected) for command, expected in found]


def pattern(expected):
    """A regular expression for what the README shows."""
    lines = []
    for line in expected:
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(r".*".join(re.escape(part) for part in line.split("...")).rstrip() + r"\s*?\n")
    return re.compile("".join(lines) + r"\s*\Z")


class Counter:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL " + what, flush=True)


# ---- a network of one's own --------------------------------------------------------------------

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def own_network():
    """The README's ports are free here, whoever uses them outside; False where the system forbids it."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        for path, line in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open("/proc/self/" + path, "w", encoding="ascii") as file:
                file.write(line)
    with socket.socket() as any_socket:
        request = struct.pack("16sh", b"lo", 0) + bytes(22)
        flags = struct.unpack_from("h", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP) + bytes(22))
    return True


def listening():
    """Ports that somebody listens on."""
    ports = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
            ports |= {int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == "0A"}
    return ports


# ---- a shell -----------------------------------------------------------------------------------


def environment(**more):
    """Neither the tests' own variables, nor those of somebody's redis-cli."""
    kept = {name: value for name, value in serving.clean_environment().items() if not name.startswith(("BRINE", "REDISCLI"))}
    return dict(kept, LC_ALL="C.UTF-8", **more)


def terminal():
    """(its end here, its end there): programs print for people, and lines come as they were written."""
    here, there = os.openpty()
    attributes = termios.tcgetattr(there)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(there, termios.TCSANOW, attributes)
    return here, there


class Shell:
    """One shell for all commands of a chapter, so that it is as if a person had typed them."""

    def __init__(self, folder, build):
        os.symlink(os.path.abspath(build), os.path.join(folder, "build"))
        for name in LINKS:
            os.symlink(os.path.join(TOP, name), os.path.join(folder, name))
        tools = os.path.join(folder, "bin")
        os.mkdir(tools)
        os.symlink("/usr/bin/python3", os.path.join(tools, "python3"))
        self.number = 0
        self.step = os.path.join(folder, "step")
        here, there = terminal()
        self.output = os.fdopen(here, "rb", 0)
        self.unread = b""
        self.process = subprocess.Popen(["bash"], cwd=folder, stdin=subprocess.PIPE, bufsize=0, stdout=there, stderr=there,
                                        env=environment(PATH=tools + os.pathsep + os.environ["PATH"], TERM="dumb"))
        os.close(there)
        self.run("trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT")

    def line(self):
        """The next line; b"" when the shell is gone."""
        while b"\n" not in self.unread:
            try:
                read = self.output.read(65536)
            except OSError:  # nobody at the other end
                read = b""
            if not read:
                return b""
            self.unread += read
        line, _, self.unread = self.unread.partition(b"\n")
        return line + b"\n"

    def run(self, command):
        self.number += 1
        mark = f"{DONE} {self.number}"
        with open(self.step, "w", encoding="utf-8") as step:
            step.write(command + "\n")
        # Sourced, for what runs in the background is this shell's; with an input of its own.
        self.process.stdin.write(f". ./step </dev/null; printf '%s %d\\n' '{mark}' $?\n".encode())
        lines = []
        while True:
            line = re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", self.line().decode("utf-8", "replace"))  # colours
            before, found, code = line.partition(mark)
            if found:
                return "".join(lines) + before, int(code)
            if not line:
                raise SystemExit(f"the shell ended at: {command}\n{''.join(lines)}")
            lines.append(line)

    def follow(self, block, counter):
        """Gives the session's commands and compares what they print."""
        for command, expected in steps(block):
            output, code = self.run(command)
            # A traceback is what the README means to show there.
            counter.check(code == 0 or "Error:" in "".join(expected), f"{block}: exit code {code} of: {command}\n{output}")
            if expected:
                counter.check(pattern(expected).match(output) is not None,
                              f"{block}: {command}\nprinted\n{output}\nbut README shows\n" + "\n".join(expected))

    def log(self):
        return self.run("cat *.log 2>/dev/null || true")[0]

    def close(self):
        self.process.stdin.close()
        while self.line():
            pass
        self.output.close()
        self.process.wait(30)
