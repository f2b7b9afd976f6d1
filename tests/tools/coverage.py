#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Lines and branches that the tests of the cov variant ran, by folder.  Parsers have a floor.

    coverage.py --build build/cov        after `make SAN=cov check`; BUILD/coverage.html has each line
"""
import argparse
import json
import os
import subprocess
import sys

FLOOR_PERCENT = {"proto": 95.0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/cov")
    args = parser.parse_args()
    page = os.path.join(args.build, "coverage.html")
    result = subprocess.run(["gcovr", "--root", ".", "--object-directory", os.path.join(args.build, "obj"),
                             "--filter", "proto/", "--filter", "server/", "--filter", "client/",
                             "--json-summary", "--json-summary-pretty", "--html-details", page, "--output", "-",
                             os.path.join(args.build, "obj")],
                            stdout=subprocess.PIPE, check=False)
    if result.returncode:
        sys.exit(result.returncode)
    text = result.stdout.decode()
    folders = {}
    for row in json.loads(text[text.index("{"):])["files"]:
        path = row["filename"]
        for folder in {os.path.dirname(path), path.split("/")[0]}:
            total = folders.setdefault(folder, [0, 0, 0, 0])
            for at, key in enumerate(("line_covered", "line_total", "branch_covered", "branch_total")):
                total[at] += row[key]
    failed = 0
    for folder, (lines, lines_all, branches, branches_all) in sorted(folders.items()):
        percent = 100.0 * lines / max(lines_all, 1)
        floor = FLOOR_PERCENT.get(folder)
        low = floor is not None and percent < floor
        failed += low
        print(f"{folder:20} lines {percent:5.1f} % of {lines_all:5}   branches "
              f"{100.0 * branches / max(branches_all, 1):5.1f} %" + (f"   below {floor} %" if low else ""))
    print(f"{len(folders) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
