#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Lines and branches that the tests of the cov variant ran, by folder.  Parsers have a floor.

    coverage.py --build build/cov        after `make SAN=cov check`; BUILD/coverage.html has each line
    coverage.py --build DIR --corpus     the verifier by file, after the pickle corpus alone was replayed
"""
import argparse
import json
import os
import subprocess
import sys

LINES, BRANCHES = "lines", "branches"
FLOOR_PERCENT = {("proto", LINES): 95.0}
VERIFIER = ["calls", "items", "joblib", "leaf", "models", "models_error", "models_generic", "models_numpy", "models_result", "models_zone", "names",
            "probes", "protocols", "report", "state", "steps", "text", "verify"]
FLOOR_PERCENT_CORPUS = {("the verifier", LINES): 95.0, ("the verifier", BRANCHES): 90.0}


def folders_of(path):
    return {os.path.dirname(path), path.split("/")[0]}


def verifier_of(path):
    name = os.path.splitext(os.path.basename(path))[0]
    return {path, "the verifier"} if os.path.dirname(path) == "proto/pickle" and name in VERIFIER else set()


def measure(build, folder, groups_of):
    """{group: {what: [covered, all]}} of the objects in build/folder; None when gcovr failed."""
    result = subprocess.run(["gcovr", "--root", ".", "--object-directory", os.path.join(build, "obj"),
                             "--filter", "proto/", "--filter", "server/", "--filter", "client/",
                             "--json-summary", "--json-summary-pretty", "--html-details", os.path.join(build, "coverage.html"),
                             "--output", "-", os.path.join(build, folder)],
                            stdout=subprocess.PIPE, check=False)
    if result.returncode:
        return None
    text, groups = result.stdout.decode(), {}
    for row in json.loads(text[text.index("{"):])["files"]:
        for group in groups_of(row["filename"]):
            total = groups.setdefault(group, {LINES: [0, 0], BRANCHES: [0, 0]})
            for what, key in ((LINES, "line"), (BRANCHES, "branch")):
                total[what][0] += row[key + "_covered"]
                total[what][1] += row[key + "_total"]
    return groups


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/cov")
    parser.add_argument("--corpus", action="store_true")
    args = parser.parse_args()
    floors = FLOOR_PERCENT_CORPUS if args.corpus else FLOOR_PERCENT
    groups = measure(args.build, *(("obj/proto/pickle", verifier_of) if args.corpus else ("obj", folders_of)))
    if groups is None:
        sys.exit(1)
    failed = 0
    for group, total in sorted(groups.items()):
        notes, line = "", f"{group:28}"
        for what in (LINES, BRANCHES):
            covered, count = total[what]
            percent = 100.0 * covered / max(count, 1)
            line += f"  {what} {percent:5.1f} % of {count:5}"
            floor = floors.get((group, what))
            if floor is not None and percent < floor:
                notes += f"   below {floor} % of {what}"
        failed += notes != ""
        print(line + notes)
    print(f"{len(groups) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
