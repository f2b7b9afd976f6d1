#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Files that a program writes are what it writes today.

Usage: check_generated.py build/release [--write]     --write brings them in step
"""
import os
import subprocess
import sys

import tree

HERE = os.path.dirname(os.path.abspath(__file__))
# file -> the program, of the build when it has no absolute path, and its arguments
GENERATED = {
    "config.example.toml": ["brine-server", "--print-example-config"],
    "proto/pickle/OPCODES.md": ["tests/tools/opcode_tables", "--manual"],
    "tests/fuzz/pickle.dict": ["tests/tools/opcode_tables", "--words"],
    "README.md": ["/usr/bin/python3", os.path.join(HERE, "compatibility.py"), sys.argv[1]],
    "tests/pictures/way_of_a_value.svg": ["/usr/bin/python3", os.path.join(HERE, "picture.py")],
}


def main():
    found = []
    for path, (program, *arguments) in GENERATED.items():
        result = subprocess.run([os.path.join(sys.argv[1], program)] + arguments, stdout=subprocess.PIPE)
        if result.returncode:
            found.append(f"{path}: {program} {' '.join(arguments)} ends with {result.returncode}")
            continue
        if "--write" in sys.argv:
            with open(path, "wb") as out:
                out.write(result.stdout)
            continue
        try:
            with open(path, "rb") as text:
                same = text.read() == result.stdout
        except FileNotFoundError:
            same = False
        if not same:
            found.append(f"{path}: not what {program} {' '.join(arguments)} writes; make generated")
    tree.finish(found)


main()
