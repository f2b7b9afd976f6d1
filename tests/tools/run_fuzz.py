#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Runs each fuzzer for some seconds on its corpus.  A crash, a leak, an input that takes 10 seconds
or 2 GB fails, and the input is kept in BUILD/crashes/.

    run_fuzz.py --build build/fuzz --seconds 60 [--only resp,toml] [--seed 1]

What was found to reach new code goes to BUILD/found/NAME/, so that the next run goes on from there;
tests/corpus/NAME/ is read and never written.  With --seed the inputs are the same in each run of
the same build, as far as the seconds reach.  Last line "N passed, N failed", a case a target.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

SECONDS_PER_INPUT, MEGABYTES = 10, 2048
TAIL_LINES = 50
PROGRESS = re.compile(r"#\d+\t")
# What makes a target's inputs worth their time: a session is not better for being long, and weighing
# some ten thousand features anew at each new one takes longer than running the input.
FLAGS = {"session": ["-max_len=2048", "-entropic=0"]}
# Freed blocks kept back: more than a cache holds makes each input twice as slow.  Callers noted of each
# block: all thirty that ASan would note cost a sixth of a session.
QUARANTINE_MB, NOTED_CALLERS = 16, 6


def session_words(args):
    """A dictionary of the commands' names, each at the start of a line, and of their options."""
    with open("server/cmd/commands.def", encoding="utf-8") as table:
        text = table.read()
    names = set(re.findall(r'^COMMAND\("([^"]+)"', text, re.M))
    options = set(re.findall(r"=([A-Z]{2,})\b", text))
    words = ["\\x0d\\x0a" + name.replace("|", " ").upper() + " " for name in sorted(names)] + sorted(options)
    path = os.path.join(args.build, "session.dict")
    with open(path, "w", encoding="ascii") as out:
        out.writelines(f'"{word}"\n' for word in words)
    return path


def fuzz(name, args):
    found = os.path.join(args.build, "found", name)
    crashes = os.path.join(args.build, "crashes", name + "-")
    os.makedirs(found, exist_ok=True)
    os.makedirs(os.path.dirname(crashes), exist_ok=True)
    command = [os.path.join(args.build, "tests/fuzz/fuzz_" + name), f"-max_total_time={args.seconds}",
               f"-timeout={SECONDS_PER_INPUT}", f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1",
               f"-artifact_prefix={crashes}"]
    if name.startswith("pickle_"):
        command.append("-dict=tests/fuzz/pickle.dict")
    if name == "session":
        command.append("-dict=" + session_words(args))
    command += FLAGS.get(name, [])
    if args.seed is not None:
        command.append(f"-seed={args.seed}")
    command += [found, f"tests/corpus/{name}"]
    env = dict(os.environ, ASAN_OPTIONS="abort_on_error=1:allocator_may_return_null=1:detect_leaks=1:"
                                          f"quarantine_size_mb={QUARANTINE_MB}:malloc_context_size={NOTED_CALLERS}",
               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:abort_on_error=1")
    try:
        # Reading a large corpus takes its time before the seconds of fuzzing begin.
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env=env, timeout=args.seconds * 2 + 300)
        return name, result.returncode, result.stdout.decode("utf-8", "replace"), command
    except subprocess.TimeoutExpired as late:
        return name, -1, (late.stdout or b"").decode("utf-8", "replace") + "\ndid not end", command


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    names = sorted(re.sub(r".*/fuzz_(\w+)\.c$", r"\1", path) for path in glob.glob("tests/fuzz/fuzz_*.c"))
    if args.only:
        names = [name for name in names if name in args.only.split(",")]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for name, code, output, command in pool.map(lambda name: fuzz(name, args), names):
            units = re.search(r"number_of_executed_units: (\d+)", output)
            features = re.findall(r"cov: (\d+) ft: (\d+)", output)
            print(f"{'ok  ' if code == 0 else 'FAIL'} {name}: {units.group(1) if units else '?'} inputs, "
                  f"{features[-1][0] if features else '?'} edges", flush=True)
            if code:
                failed += 1
                said = [line for line in output.splitlines() if not PROGRESS.match(line)]
                for line in said[-TAIL_LINES:]:
                    print("     | " + line)
                print("     again: " + " ".join(command), flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not names else 0)


main()
