#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The runner of tests counts rightly, and calls a failure what is one.  Shell scripts stand in for
test programs."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SYNTHESIS = "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d"

# ring, what the program does, counts expected, words expected in the output
ROWS = [
    ("unit", f"echo '{SYNTHESIS % (5, 5, 0, 0)}'", (5, 0), ""),
    ("unit", f"echo '{SYNTHESIS % (5, 2, 2, 1)}'; exit 1", (2, 3), "again: "),
    ("unit", f"echo '{SYNTHESIS % (5, 5, 0, 0)}'; exit 1", (5, 1), "exit code 1"),
    ("unit", f"echo '{SYNTHESIS % (0, 0, 0, 0)}'", (0, 1), "tested nothing"),
    ("wire", "kill -SEGV $$", (0, 1), "SIGSEGV"),
    ("wire", "exit 3", (0, 1), "exit code 3"),
    ("main", "exit 0", (1, 0), ""),
    ("main", "exit 1", (0, 1), "exit code 1"),
    ("main", "echo '1 passed, 1 failed'; echo '7 passed, 0 failed'", (7, 0), ""),
    ("main", "echo '7 passed, 2 failed'", (7, 2), "7 passed, 2 failed"),
    ("replay", "echo 'no counts'", (0, 1), "tested nothing"),
    ("main", 'echo "WARNING: a race" >"${TSAN_OPTIONS##*log_path=}.7"', (1, 1), "a race"),
    ("main", '[ -x "$BRINE_SERVER" ] || [ "${BRINE_SERVER%/brine-server}" = "$BRINE_BUILD" ]', (1, 0), ""),
    ("main", "read -r line && exit 1; exit 0", (1, 0), ""),
]


def run(arguments):
    result = subprocess.run([sys.executable, os.path.join(HERE, "run_tests.py"), "--build", "."] + arguments,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode()


def main():
    passed = failed = 0

    def expect(what, got, counts, words):
        nonlocal passed, failed
        code, output = got
        last = output.splitlines()[-1] if output else ""
        if last == "%d passed, %d failed" % counts and words in output and code == (1 if counts[1] or not sum(counts) else 0):
            passed += 1
        else:
            failed += 1
            print(f"FAIL {what}: exit code {code}\n{output}")

    with tempfile.TemporaryDirectory() as folder:
        programs = []
        for number, (ring, does, counts, words) in enumerate(ROWS):
            path = os.path.join(folder, f"program{number}")
            with open(path, "w", encoding="utf-8") as script:
                script.write("#!/bin/bash\n" + does + "\n")
            os.chmod(path, 0o755)
            programs.append(path)
            expect(does, run(["--" + ring, path]), counts, words)
        expect("sums", run(["--unit"] + programs[:2] + ["--main", programs[8]]), (14, 3), "")
        expect("only a ring", run(["--only", "main", "--unit", programs[1], "--main", programs[6]]), (1, 0), "")
        expect("no program at all", run([]), (0, 0), "")
        suite = os.path.join(folder, "suite.txt")
        with open(suite, "w", encoding="utf-8") as rows:
            rows.write("# a comment\n\nquick | release asan | 10 | echo '2 passed, 0 failed'\n"
                       "other | tsan | 10 | exit 1\nlate | release | 1 | while :; do :; done\n")
        expect("a suite, and a script without end", run(["--suite", suite]), (2, 1), "more than 1 s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
