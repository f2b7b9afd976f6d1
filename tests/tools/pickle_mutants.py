#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Mutants of the verifier: each place that refuses is taken out in turn, and some test has to fail.

A mutant's refusal is `true` instead ("go on"), so that nothing else changes.  The test is the corpus:
every verdict, rule and global has to stay as EXPECTED says.  By hand, some minutes.
usage: pickle_mutants.py [FILE.c ...]       prints survivors; exit status 1 when there are any that
                                            SPARED does not explain"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pickle_soundness import driver_sources  # noqa: E402

ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
CORPUS = os.path.join(HERE, "..", "corpus", "pickle")
FILES = ["verify.c", "steps.c", "items.c", "calls.c", "models.c", "models_numpy.c", "state.c", "text.c", "probes.c"]
SITE = re.compile(r"\brefuse(_global|_limit|_name|_arguments|_bare|_unhashable|_short|_outside)?\((?!struct)")

# Refusals that no corpus file can reach, and what holds them instead.
SPARED = {
    "PICKLE_NO_MEMORY": "test_verify: refused_memory_is_an_answer",
    "PICKLE_SCRATCH": "test_verify: a_scratch_is_bounded",
    "PICKLE_EXPANDED": "test_verify: shared_parts_count_each_time",
    "PICKLE_OPCODES": "test_verify: each_limit_refuses",
    "PICKLE_BYTES": "test_verify: each_limit_refuses",
    "PICKLE_NESTING_LATE": "test_verify: each_limit_refuses",
    "refuse(m, PICKLE_REFERENCE)": "not reached: a bare tuple holds what made it bare",
    "PICKLE_KEY_OPAQUE": "test_verify: each_limit_refuses",
}


def call_end(text, start):
    depth = 0
    for at in range(text.index("(", start), len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    raise ValueError("no end of a call")


def sites(text):
    """(start, end) of each expression that refuses; definitions are left alone."""
    for match in SITE.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if re.match(r"(static )?(bool|__attribute__)", line) or line.startswith(" *") or "//" in line:
            continue
        yield match.start(), call_end(text, match.start())
    for match in re.finditer(r"return false;", text):
        yield match.start() + len("return "), match.end() - 1


def expectations():
    rows = []
    for table in ("EXPECTED", "FOUND", "REACHED"):
        for line in open(os.path.join(CORPUS, table)):
            if not line.startswith("#"):
                name, _, rule, name_of_global = line.split()
                rows.append((open(os.path.join(CORPUS, name), "rb").read(), rule, name_of_global))
    return rows



def passes(driver, rows):
    data = b"".join(struct.pack("<I", len(r[0])) + r[0] for r in rows)
    try:
        run = subprocess.run([driver, os.path.join(CORPUS, "POLICY")], input=data, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    lines = run.stdout.decode("latin1").split("\n")
    if run.returncode != 0 or len(lines) != len(rows) + 1:
        return False
    for (_, rule, name), line in zip(rows, lines):
        fields = line.split("\t")
        seen = fields[2].replace(":", ".", 1)
        if fields[0] != rule or name[:1] != "'" and seen != ("." if name == "-" else name):
            if "\\x" not in name and not (name != "-" and "?" in seen):
                return False
    return True


class Bench:
    """The objects of the unchanged sources, so that a mutant costs one compilation and a link."""

    def __init__(self, folder):
        self.folder = folder
        self.objects = {s: self.compile(s) for s in driver_sources()}

    def compile(self, source, origin=None):
        target = os.path.join(self.folder, "mutant.o" if origin else source[len(ROOT):].replace("/", "-") + ".o")
        subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-w", "-D_GNU_SOURCE", "-I", os.path.join(ROOT, "proto"),
                               "-I", HERE, "-c", source, "-o", target], cwd=ROOT)
        return target

    def link(self, replaced=None, mutant=None):
        driver = os.path.join(self.folder, "driver")
        objects = [mutant if s == replaced else o for s, o in self.objects.items()]
        subprocess.check_call([os.environ.get("CC", "cc"), "-o", driver] + objects + ["-lm"])
        return driver


def mutate(bench, source, rows):
    """Survivors of a file: line, what was taken out."""
    text = open(source).read()
    total, survivors = 0, []
    for start, end in sites(text):
        total += 1
        path = os.path.join(bench.folder, "mutant.c")
        with open(path, "w") as file:
            file.write(text[:start] + "true" + text[end:])
        try:
            driver = bench.link(source, bench.compile(path, source))
        except subprocess.CalledProcessError:
            continue
        if passes(driver, rows):
            line = text.count("\n", 0, start) + 1
            taken = " ".join(text[start:end].split())
            context = " ".join(text[text.rfind("\n", 0, text.rfind("\n", 0, start)) + 1:end].split())
            survivors.append((line, taken, context))
    return total, survivors


def main():
    folder = tempfile.mkdtemp()
    names = sys.argv[1:] or FILES
    try:
        bench = Bench(folder)
        rows = expectations()
        if not passes(bench.link(), rows):
            print("the corpus does not pass as it is")
            return 1
        total = unexplained = 0
        for name in names:
            source = next(s for s in bench.objects if os.path.basename(s) == name)
            count, survivors = mutate(bench, source, rows)
            total += count
            for line, taken, context in survivors:
                spared = next((why for mark, why in SPARED.items() if mark in taken), None)
                unexplained += spared is None and taken != "false"
                print("%s:%d survives: %s%s" % (name, line, context if taken == "false" else taken, " (%s)" % spared if spared else ""))
            sys.stdout.flush()
        print("%d mutants, %d refusals survive unexplained" % (total, unexplained))
        return 1 if unexplained else 0
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
