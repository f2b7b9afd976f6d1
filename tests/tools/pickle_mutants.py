#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Mutants of the verifier: each place that refuses is taken out in turn, and some test has to fail.

A mutant's refusal is `true` instead ("go on"), so that nothing else changes.  The test is the corpus,
that of array streams with it: every verdict, rule and global has to stay as EXPECTED says, and no read may
leave the input.  A place that only hands on what was refused before, where the corpus gets to it, needs no test of its
own.  By hand, a quarter of an hour.
usage: pickle_mutants.py [FILE.c ...]       prints survivors; exit status 1 when there are any that
                                            SPARED does not explain"""
import os
import re
import resource
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
ARRAY_STREAMS = os.path.join(HERE, "..", "corpus", "pickle_joblib")
FILES = ["verify.c", "steps.c", "items.c", "calls.c", "models.c", "models_numpy.c", "models_result.c", "models_generic.c",
         "models_error.c", "models_zone.c", "protocols.c", "joblib.c", "state.c", "text.c", "probes.c"]
CPU_SECONDS = 30  # what a mutant may take that goes on for ever
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


def rows_of(folder, tables):
    rows = []
    for table in tables:
        for line in open(os.path.join(folder, table)):
            if not line.startswith("#"):
                name, _, rule, name_of_global = line.split()
                rows.append((open(os.path.join(folder, name), "rb").read(), rule, name_of_global))
    return rows


def expectations():
    """How the driver reads, and what it has to answer."""
    return [([], rows_of(CORPUS, ("EXPECTED", "FOUND", "REACHED"))), (["joblib"], rows_of(ARRAY_STREAMS, ("EXPECTED",)))]


def bound_time():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def answers(driver, how, rows):
    data = b"".join(struct.pack("<I", len(r[0])) + r[0] for r in rows)
    run = subprocess.run([driver, os.path.join(CORPUS, "POLICY")] + how, input=data, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, preexec_fn=bound_time)
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


def passes(driver, expected):
    return all(answers(driver, how, rows) for how, rows in expected)


class Bench:
    """The objects of the unchanged sources, so that a mutant costs one compilation and a link."""

    def __init__(self, folder, *flags):
        self.folder, self.flags = folder, flags
        os.mkdir(folder)
        self.objects = {s: self.compile(s) for s in driver_sources()}

    def compile(self, source, origin=None):
        target = os.path.join(self.folder, "mutant.o" if origin else source[len(ROOT):].replace("/", "-") + ".o")
        subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-w", "-D_GNU_SOURCE", "-I", os.path.join(ROOT, "proto"),
                               "-I", HERE, *self.flags, "-c", source, "-o", target], cwd=ROOT, stderr=subprocess.DEVNULL)
        return target

    def link(self, replaced=None, mutant=None):
        driver = os.path.join(self.folder, "driver")
        objects = [mutant if s == replaced else o for s, o in self.objects.items()]
        subprocess.check_call([os.environ.get("CC", "cc"), *self.flags, "-o", driver] + objects + ["-lm"])
        return driver

    def survives(self, source, text, expected):
        """Whether all answers stay as they are; None: that is no program."""
        path = os.path.join(self.folder, "mutant.c")
        with open(path, "w") as file:
            file.write(text)
        try:
            driver = self.link(source, self.compile(path, source))
        except subprocess.CalledProcessError:
            return None
        return passes(driver, expected)


class Benches:
    """The plain one, and one that sees reads outside of the input; that is built when it is needed."""

    def __init__(self, folder):
        self.folder = folder
        self.plain, self.built = Bench(os.path.join(folder, "plain")), None

    def sanitized(self):
        self.built = self.built or Bench(os.path.join(self.folder, "asan"), "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
        return self.built


def fate(benches, source, text, site, expected):
    """Why the mutant at a site is no refusal without a test, or None where it is one."""
    def mutant(bench, instead):
        return bench.survives(source, text[:site[0]] + instead + text[site[1]:], expected)
    alive = mutant(benches.plain, "true")
    if not alive:
        return "fails" if alive is False else "does not compile"
    if mutant(benches.sanitized(), "true") is False:
        return "fails"
    taken = text[site[0]:site[1]]
    if taken == "false" and mutant(benches.plain, "(__builtin_trap(), true)") is False and \
            mutant(benches.plain, "(m->report->reason || (__builtin_trap(), true))"):
        return "said"
    return next((why for mark, why in SPARED.items() if mark in taken or mark in context_of(text, site)), None)


def context_of(text, site):
    return " ".join(text[text.rfind("\n", 0, text.rfind("\n", 0, site[0])) + 1:site[1]].split())


def mutate(benches, source, expected):
    """How many mutants there are, and how many survive that nothing explains."""
    text = open(source).read()
    total = unexplained = 0
    for site in sites(text):
        total += 1
        why = fate(benches, source, text, site, expected)
        unexplained += why is None
        if why not in ("fails", "said"):
            print("%s:%d survives: %s%s" % (os.path.basename(source), text.count("\n", 0, site[0]) + 1, context_of(text, site),
                                            " (%s)" % why if why else ""), flush=True)
    return total, unexplained


def main():
    folder = tempfile.mkdtemp()
    names = sys.argv[1:] or FILES
    try:
        benches = Benches(folder)
        expected = expectations()
        if not passes(benches.plain.link(), expected):
            print("the corpus does not pass as it is")
            return 1
        total = unexplained = 0
        for name in names:
            source = next(s for s in benches.plain.objects if os.path.basename(s) == name)
            count, survivors = mutate(benches, source, expected)
            total, unexplained = total + count, unexplained + survivors
        print("%d mutants, %d refusals survive unexplained" % (total, unexplained))
        return 1 if unexplained else 0
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
