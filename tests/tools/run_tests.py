#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Runs test programs, shows what failed, and counts every case.

    run_tests.py --build build/release --variant release --unit PROGRAM... --wire PROGRAM...
                 --main PROGRAM... --replay PROGRAM... --suite tests/tools/suite.txt

Counts come from Criterion's synthesis line, or from a line "N passed, N failed", the last one
printed.  A plain program without such a line is one case.  A program that counted no failure and
still ended badly, ran too long, or tested nothing counts as one failure more.  A report of a
sanitizer anywhere, in a server too that a test started, is a failure.  The last line printed is
"N passed, N failed", and the exit code is 1 when anything failed.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
SECONDS = {"unit": 300, "wire": 600, "main": 900, "replay": 600}
# Long programs first, so that the cores end their work together.
ORDER = ["suite", "main", "wire", "replay", "unit"]
TAIL_LINES = 60


class Case:
    """One program to run, and how it went."""

    def __init__(self, ring, name, command, seconds):
        self.ring, self.name, self.command, self.seconds = ring, name, command, seconds
        self.passed = self.failed = 0
        self.took = 0.0
        self.output = ""
        self.why = []


def program_cases(ring, programs):
    for program in programs:
        name = re.sub(r".*/tests/", "", program)
        command = [program]
        if ring in ("unit", "wire"):
            # Wire tests of one program share a server at most with themselves: one at a time.
            command += ["--short-filename", "-j1", "--color=never"] if ring == "wire" else \
                       ["--short-filename", "-j2", "--color=never"]
        if ring == "replay":
            corpus = "tests/corpus/" + os.path.basename(program)[len("replay_"):]
            command.append(corpus)
        yield Case(ring, name, command, SECONDS[ring])


def suite_cases(path, variant):
    with open(path, encoding="utf-8") as rows:
        for number, row in enumerate(rows, 1):
            row = row.strip()
            if not row or row.startswith("#"):
                continue
            columns = [column.strip() for column in row.split("|", 3)]
            if len(columns) != 4 or not columns[2].isdigit():
                sys.exit(f"{path}:{number}: a row is: name | variants | seconds | command")
            if variant in columns[1].split():
                yield Case("suite", columns[0], ["sh", "-c", columns[3]], int(columns[2]))


def environment(args, scratch):
    env = dict(os.environ)
    build = os.path.abspath(args.build)
    env.update(
        BRINE_BUILD=build,
        BRINE_VARIANT=args.variant,
        BRINE_SERVER=os.path.join(build, "brine-server"),
        BRINE_CLI=os.path.join(build, "brine-cli"),
    )
    # A report goes to a file, wherever the process that made it keeps its stderr.
    log = "log_path=" + os.path.join(scratch, "report")
    # Criterion passes over a leak unless the process aborts; see STYLE of the unit tests in README.
    env["ASAN_OPTIONS"] = "abort_on_error=1:detect_leaks=1:allocator_may_return_null=1:" + log
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1:abort_on_error=1:" + log
    # Its search for lock cycles has room for 64 locks of a thread, and a transaction over all keys
    # holds one a shard and more: the order is asserted by the store itself.
    suppressions = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tsan.supp")
    env["TSAN_OPTIONS"] = f"detect_deadlocks=0:exitcode=66:suppressions={suppressions}:" + log
    # Debian's redis-tools holds the whole server under another name; it needs no service started.
    if not shutil.which("redis-server") and os.path.exists("/usr/bin/redis-check-rdb"):
        folder = os.path.join(scratch, "bin")
        os.mkdir(folder)
        os.symlink("/usr/bin/redis-check-rdb", os.path.join(folder, "redis-server"))
        env["PATH"] = folder + os.pathsep + env.get("PATH", "")
    return env


def run(case, env):
    started = time.monotonic()
    process = subprocess.Popen(case.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=env, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=case.seconds)
    except subprocess.TimeoutExpired:
        case.why.append(f"ran for more than {case.seconds} s")
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    case.took = time.monotonic() - started
    case.output = output.decode("utf-8", "replace")
    count(case, process.returncode)
    return case


def count(case, code):
    synthesis = SYNTHESIS.findall(case.output)
    counts = COUNTS.findall(case.output)
    if synthesis:
        tested, passing, _, _ = (int(number) for number in synthesis[-1])
        case.passed, case.failed = passing, tested - passing
    elif counts:
        case.passed, case.failed = (int(number) for number in counts[-1])
    elif case.ring == "main" and code == 0:
        case.passed = 1
    if code < 0 and not case.why:
        case.why.append(f"ended by {signal.Signals(-code).name}")
    elif code > 0 and case.failed == 0:
        case.why.append(f"exit code {code}")
    elif code == 0 and case.passed + case.failed == 0:
        case.why.append("tested nothing")
    if case.why and case.failed == 0:
        case.failed = 1


def show(case):
    state = "ok  " if case.failed == 0 else "FAIL"
    print(f"{state} {case.took:6.1f} s  {case.passed:5d} passed  {case.name}"
          + (f"  {case.failed} failed" if case.failed else "")
          + (f"  ({'; '.join(case.why)})" if case.why else ""), flush=True)
    if case.failed:
        lines = case.output.splitlines()
        if len(lines) > TAIL_LINES:
            print(f"     | ... {len(lines) - TAIL_LINES} lines before")
        for line in lines[-TAIL_LINES:]:
            print("     | " + line)
        print("     again: " + " ".join(case.command), flush=True)


def sanitizer_reports(scratch):
    failed = 0
    for name in sorted(os.listdir(scratch)):
        if not name.startswith("report."):
            continue
        failed += 1
        print(f"FAIL a sanitizer's report ({name})")
        with open(os.path.join(scratch, name), encoding="utf-8", errors="replace") as report:
            for line in report.read().splitlines()[:TAIL_LINES]:
                print("     | " + line)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--variant", default="release")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="rings, by comma: unit,wire,main,replay,suite")
    parser.add_argument("--suite")
    for ring in SECONDS:
        parser.add_argument("--" + ring, nargs="*", default=[])
    args = parser.parse_args()

    cases = []
    for ring in SECONDS:
        cases += program_cases(ring, getattr(args, ring))
    if args.suite:
        cases += suite_cases(args.suite, args.variant)
    if args.only:
        cases = [case for case in cases if case.ring in args.only.split(",")]
    cases.sort(key=lambda case: ORDER.index(case.ring))

    scratch = tempfile.mkdtemp(prefix="brine-tests-")
    try:
        env = environment(args, scratch)
        with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
            for done in concurrent.futures.as_completed([pool.submit(run, case, env) for case in cases]):
                show(done.result())
        reports = sanitizer_reports(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    failed = sum(case.failed for case in cases) + reports
    print(f"{sum(case.passed for case in cases)} passed, {failed} failed")
    sys.exit(1 if failed or not cases else 0)


main()
