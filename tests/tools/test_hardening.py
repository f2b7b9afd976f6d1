#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What was built is hardened: read from the programs themselves, not from the flags.

Usage: BRINE_BUILD=build/release test_hardening.py
"""
import os
import re
import subprocess
import sys

BUILD = os.environ.get("BRINE_BUILD", "build/release")
passed = failed = 0


def check(program, what, ok):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {os.path.basename(program)}: {what}")


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


def check_program(program, needs_jemalloc):
    shape = output("readelf", "-hldW", program)
    names = output("nm", "-D", program)
    check(program, "is position independent", "DYN (Position-Independent Executable" in shape)
    check(program, "has a RELRO segment", "GNU_RELRO" in shape)
    check(program, "binds everything at start", "BIND_NOW" in shape and re.search(r"Flags:.*NOW", shape) is not None)
    check(program, "has a stack that is not executable", re.search(r"GNU_STACK.*\bRW\b\s", shape) is not None)
    check(program, "has no segment that is written and run", re.search(r"LOAD.*\bRWE\b", shape) is None)
    check(program, "has no text relocations", "TEXTREL" not in shape)
    check(program, "searches no path of its own for libraries", "RPATH" not in shape and "RUNPATH" not in shape)
    check(program, "has stack canaries", "__stack_chk_fail" in names)
    check(program, "has fortified calls", re.search(r"__\w+_chk@", names.replace("__stack_chk_fail@", "")) is not None)
    check(program, "links jemalloc" if needs_jemalloc else "does not link jemalloc",
          ("libjemalloc" in shape) == needs_jemalloc)


def check_control_flow():
    """Debian's start files carry no CET note, so the programs do not either; our objects must."""
    for folder, _, files in os.walk(os.path.join(BUILD, "lib")):
        for name in files:
            if not name.endswith(".a"):
                continue
            notes = output("readelf", "-n", os.path.join(folder, name))
            members = notes.count("File: ")
            check(name, "every object supports IBT and SHSTK", notes.count("x86 feature: IBT, SHSTK") == members)


check_program(os.path.join(BUILD, "brine-server"), True)
check_program(os.path.join(BUILD, "brine-cli"), False)
if os.uname().machine == "x86_64":
    check_control_flow()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
