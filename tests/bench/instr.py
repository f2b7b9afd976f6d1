#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Instructions a command takes, beside those on record: what noise cannot hide.

    instr.py --program build/release/tests/bench/instr [--write] [--functions STREAM]

Runs the program's streams of requests under valgrind's callgrind, divides by the commands, and
compares with instructions.txt beside: a stream that takes over 5 % more fails.  --write puts the
new figures on record, for a change that is meant.  --functions "set 64 B, pipeline 16" shows where
a stream's instructions go.  Instructions are no time: what waits for memory costs more than it
counts.  The figures are those of the release as Debian 12's gcc builds it for x86-64.
"""
import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile

GROWTH_MAX = 0.05
RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.txt")
FUNCTIONS_SHOWN = 40


def measure(program, folder):
    """{stream: instructions a command}, and callgrind's file of each."""
    if not shutil.which("valgrind"):
        sys.exit("valgrind is missing; make deps installs it")
    out = os.path.join(folder, "out")
    command = ["valgrind", "-q", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
               "--zero-before=run_stream", "--dump-after=run_stream", f"--callgrind-out-file={out}", program]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"instr.py: {' '.join(command)}:\n{result.stderr}")
    counts, files = {}, {}
    for number, line in enumerate(result.stdout.splitlines(), 1):
        commands, name = line.split(" ", 1)
        files[name] = (f"{out}.{number}", int(commands))
        counts[name] = sum(self_costs(files[name][0]).values()) / int(commands)
    return counts, files


def self_costs(path):
    """Instructions of each function itself, from callgrind's format: the line behind calls= is of the callee."""
    costs = collections.Counter()
    function, is_call = "", False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("fn="):
                function = line[3:].strip()
            elif line.startswith("calls="):
                is_call = True
            elif line[:1].isdigit():
                if not is_call:
                    costs[function] += int(line.split()[1])
                is_call = False
    return costs


def read_record():
    record = {}
    with open(RECORD, encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                count, name = line.strip().split(" ", 1)
                record[name] = int(count)
    return record


def write_record(counts):
    with open(RECORD, "w", encoding="utf-8") as out:
        out.write("# Instructions a command; written by instr.py --write, compared by make test.\n")
        for name, count in counts.items():
            out.write(f"{count:.0f} {name}\n")


def show_functions(name, files):
    if name not in files:
        sys.exit(f"no stream is called '{name}': " + "; ".join(files))
    path, commands = files[name]
    for function, count in self_costs(path).most_common(FUNCTIONS_SHOWN):
        print(f"{count / commands:10.1f}  {function}")


def compare(counts, record):
    """How many streams have grown too much, or are not on record."""
    failed = 0
    for name, count in counts.items():
        before = record.get(name)
        if before is None:
            failed += 1
            print(f"{count:8.0f}            {name}  IS NOT ON RECORD")
            continue
        growth = count / before - 1
        failed += growth > GROWTH_MAX
        print(f"{count:8.0f}  {growth:+7.1%}  {name}" + ("  GROWN" if growth > GROWTH_MAX else ""))
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--functions", metavar="STREAM")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="brine-instr-") as folder:
        counts, files = measure(args.program, folder)
        if args.functions:
            show_functions(args.functions, files)
            return 0
    if args.write:
        write_record(counts)
    failed = compare(counts, read_record())
    if failed:
        print("a growth that is meant is put on record by make bench-instr INSTR_ARGS=--write")
    print(f"{len(counts) - failed} passed, {failed} failed")
    return 1 if failed or not counts else 0


sys.exit(main())
