#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the README's first tutorial, line by line, as a newcomer would.

    tutorial.py [--build build/release]

The commands ("    $ ...") of the section are given to one shell, in a new directory where `build`
and `tests` are the tree's.  What the README shows below a command is compared with what it prints:
"..." stands for any text, on a line of its own for any lines.  Behind the last line the server is
started again from the file that the tutorial has made, and everything must still be as it said.
Only the port is another one, for somebody may be using the README's.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import serving

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HEADING = "## First tutorial"
README_PORT = "6400"
SECONDS_MAX = 240
DONE = "--- that was command"


PORT = str(serving.free_port())


def section():
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as readme:
        text = readme.read()
    begin = text.index(HEADING)
    return text[begin:text.index("\n## ", begin)].replace(README_PORT, PORT)


def steps(text):
    """(command, expected lines) of each indented "$ "; the lines of a here-document are its own."""
    found, end = [], None
    for line in text.splitlines():
        if not line.startswith("    ") and not (end and not line.strip()):
            continue
        line = line[4:]
        if end:
            found[-1][0].append(line)
            end = None if line == end else end
        elif line.startswith("$ "):
            here = re.search(r"<<(\w+)$", line)
            end = here.group(1) if here else None
            found.append(([line[2:]], []))
        elif line.strip() and found:
            found[-1][1].append(line)
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


class Shell:
    """One shell for all commands, so that it is as if a person had typed them."""

    def __init__(self, folder):
        # The tests' own variables are no options of the server's.
        env = {name: value for name, value in os.environ.items() if not name.startswith("BRINE_")}
        env.update(LC_ALL="C.UTF-8", SHOP_PORT=PORT)
        # The site needs Debian's Django; another Python may stand first in the path.
        tools = os.path.join(folder, "bin")
        os.mkdir(tools)
        os.symlink("/usr/bin/python3", os.path.join(tools, "python3"))
        env["PATH"] = tools + os.pathsep + env["PATH"]
        self.number = 0
        self.step = os.path.join(folder, "step")
        self.process = subprocess.Popen(["bash"], cwd=folder, env=env, stdin=subprocess.PIPE, bufsize=1,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, command):
        self.number += 1
        mark = f"{DONE} {self.number}"
        with open(self.step, "w", encoding="utf-8") as step:
            step.write(command + "\n")
        # Sourced, for what runs in the background is this shell's; with an input of its own.
        self.process.stdin.write(f". ./step </dev/null; printf '%s %d\\n' '{mark}' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(mark):
                return "".join(lines), int(line.split()[-1])
            lines.append(line)
        raise SystemExit(f"the shell ended at: {command}\n{''.join(lines)}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Counter:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        self.passed += good
        self.failed += not good
        if not good:
            print("FAIL " + what)


def wait_for(shell, counter):
    """A person would not type faster than the server starts."""
    answers = serving.await_that(lambda: "PONG" in shell.run(f"redis-cli -p {PORT} ping")[0])
    counter.check(answers, "the server answers: " + shell.run("cat brine.log")[0])


def follow(shell, counter):
    for command, expected in steps(section()):
        output, code = shell.run(command)
        counter.check(code == 0, f"exit code {code} of: {command}\n{output}")
        if expected:
            counter.check(pattern(expected).match(output) is not None,
                          f"{command}\nprinted\n{output}\nbut README shows\n" + "\n".join(expected))
        if command.endswith("&"):
            wait_for(shell, counter)


def stop(shell, counter):
    output, code = shell.run("kill $! && wait $!")
    counter.check(code == 0, f"the server stops in order: {code} {output}")


def start_again(shell, counter):
    """What the tutorial has set up stands in the file."""
    stop(shell, counter)
    shell.run("build/brine-server --config brine.toml --log.file=brine.log &")
    wait_for(shell, counter)
    site = "python3 tests/tools/tutorial/visit.py"
    counter.check("all right" in shell.run(site)[0], "the site works after a new start")
    attack, code = shell.run(site + " --attack")
    counter.check(code == 0 and attack.count(": refused") == 4 and "STORED" not in attack, attack)
    mode = shell.run(f"redis-cli -p {PORT} CONFIG GET gate.mode")[0]
    counter.check("enforce" in mode, mode)
    lines = shell.run("grep -c '\"event\":\"refused\"' audit.log")[0]
    counter.check(lines.strip() == "8", "each attack left a record: " + lines)
    valid, code = shell.run("python3 -c 'import json; [json.loads(l) for l in open(\"audit.log\")]'")
    counter.check(code == 0, "the trail is JSON lines: " + valid)
    stop(shell, counter)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("BRINE_BUILD", os.path.join(TOP, "build")))
    args = parser.parse_args()
    signal.alarm(SECONDS_MAX)  # a command that waits for ever ends this program
    folder = tempfile.mkdtemp(prefix="brine-tutorial-")
    counter = Counter()
    shell = None
    try:
        os.symlink(os.path.abspath(args.build), os.path.join(folder, "build"))
        os.symlink(os.path.join(TOP, "tests"), os.path.join(folder, "tests"))
        shell = Shell(folder)
        shell.run("trap 'kill $(jobs -p) 2>/dev/null' EXIT")
        counter.check(len(steps(section())) >= 10, "the README has a tutorial")
        follow(shell, counter)
        start_again(shell, counter)
    finally:
        if shell:
            shell.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{counter.passed} passed, {counter.failed} failed")
    sys.exit(1 if counter.failed else 0)


main()
