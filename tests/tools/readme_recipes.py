#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Carries README's recipes out, to the letter: `make test-recipes`.

    readme_recipes.py [--jobs N]

In a copy of the tree as version control sees it, each block below a comment `in FILE` is put where the
comment says; then all is built, and the recipes' sessions are given to a shell.  Takes a whole
build, so it is no part of `make test`, where readme.py sees that the places are still there.  Last
line "N passed, N failed".
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import readme_blocks
from readme_blocks import TOP

SECONDS_MAX = 900


def copy_tree(target):
    listed = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], stdout=subprocess.PIPE, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and not name.startswith("tests/corpus/") and os.path.exists(os.path.join(TOP, name)):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy(os.path.join(TOP, name), os.path.join(target, name))


def put(block, tree):
    """The block's text where its comment says: at a line, or at the end of a file, a new one too."""
    name, where, line = re.fullmatch(r"in (\S+)(?: (after|before): (.*))?", block.note).groups()
    path = os.path.join(tree, name)
    lines = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
    at = len(lines)
    if where:
        at = next(number for number, text in enumerate(lines) if line in text) + (where == "after")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines[:at] + [block.text] + lines[at:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", default="2")
    args = parser.parse_args()
    signal.alarm(SECONDS_MAX)
    counter = readme_blocks.Counter()
    recipes = [block for block in readme_blocks.read() if block.chapter == "Recipes"]
    folder = tempfile.mkdtemp(prefix="brine-recipes-")
    try:
        tree = os.path.join(folder, "tree")
        copy_tree(tree)
        for block in recipes:
            if block.note.startswith("in "):
                put(block, tree)
        # Without the variables of the make that runs this.
        env = {name: value for name, value in readme_blocks.environment().items() if not name.startswith(("MAKE", "MFLAGS", "BUILD", "SAN"))}
        built = subprocess.run(["make", "-s", "-C", tree, "-j", args.jobs, "all"], env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        counter.check(built.returncode == 0, "the tree with the recipes' lines builds\n" + built.stdout[-3000:])
        if not readme_blocks.own_network() and 6379 in readme_blocks.listening():
            raise SystemExit("readme_recipes.py: port 6379 is taken, and the system gives no network of one's own")
        for number, block in enumerate(block for block in recipes if block.language == "console" and not built.returncode):
            place = os.path.join(folder, f"recipe{number}")
            os.mkdir(place)
            shell = readme_blocks.Shell(place, os.path.join(tree, "build"))
            try:
                shell.follow(block, counter)
            finally:
                shell.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    counter.check(counter.passed >= 8, "README has its recipes")
    print(f"{counter.passed} passed, {counter.failed} failed")
    sys.exit(1 if counter.failed else 0)


if __name__ == "__main__":
    main()
