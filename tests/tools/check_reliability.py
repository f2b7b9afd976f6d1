#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Whether every test that tests/RELIABILITY.md names exists: files by their name, tests by a word in one."""
import os
import re

import tree

PAGE = "tests/RELIABILITY.md"


def main():
    with open(PAGE, encoding="utf-8") as page:
        named = set(re.findall(r"`([^`]+)`", page.read()))
    paths = [path for path in tree.files() if path.startswith("tests/") and path != PAGE]
    names = {os.path.basename(path) for path in paths}
    words = set()
    for path in paths:
        if path.endswith((".c", ".h", ".py")):
            with open(path, encoding="utf-8") as source:
                words.update(re.findall(r"\w+", source.read()))
    files = {name for name in named if re.fullmatch(r"[\w./]+\.(c|py|md)", name)}
    tests = {name for name in named if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", name)}
    missing = sorted(name for name in files if os.path.basename(name) not in names)
    missing += sorted(name for name in tests if name not in words)
    tree.finish([f"{PAGE}: {name} is not there" for name in missing])


main()
