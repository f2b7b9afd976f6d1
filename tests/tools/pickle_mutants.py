#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Mutants of the verifier: each place that refuses is taken out in turn, and some test has to fail.

A mutant's refusal is `true` instead ("go on"), so that nothing else changes.  The test is the corpus,
that of array streams with it: every verdict, rule and global has to stay as EXPECTED says, and no read leave
the input.  What survives is given to test_corpus and test_verify too.  A place that only hands on what was refused before, and
that these get to, needs no test of its own.  By hand, half an hour.
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
FILES = ["verify.c", "steps.c", "items.c", "attributes.c", "calls.c", "models.c", "models_numpy.c", "models_result.c", "models_generic.c",
         "models_error.c", "models_plain.c", "models_pandas.c", "models_zone.c", "protocols.c", "joblib.c", "state.c", "text.c", "probes.c"]
CPU_SECONDS = 10  # what a mutant may take that goes on for ever
SITE = re.compile(r"\brefuse(_global|_limit|_name|_arguments|_bare|_unhashable|_short|_outside)?\((?!struct)")

# Mutants that answer as before, and why; part of the statement.
SPARED = {
    "refuse(m, PICKLE_REFERENCE)": "not reached: a bare tuple holds what made it bare",
    "key.a < 3": "a short way past note_str_key, which says the same",
    "(text[0] | 4) != 'e'": "a short way past note_str_key, which says the same",
    "digits = count_digits(text, at); if (digits == 0) return false": "number_parse_double refuses an empty exponent too",
    'BYTES("pydantic_core")))) return false': "a short way past looking again, which says the same",
    "PICKLE_KIND_STR) return true; return false": "a short way past looking again, which says the same",
    "give_instance_of(m, args, argument(m, args, 0), 1, result)) return false": "not reached but where memory ends: these arguments have no parts",
    "more_of(m, list); if (!more) return false": "not reached but where memory ends",
    "words > UINT32_MAX": "not reached below 3 GB of pickle: a word is a node or a share of a key, 1.25 of them a byte at most",
    "!numpy_set_items(m, array, items": "not reached: step_build has made room for what is noted of an array",
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


class Bench:
    """The objects of the unchanged sources, so that a mutant costs one compilation and a link."""

    def __init__(self, folder, sources, libraries=()):
        self.folder, self.libraries = folder, libraries
        os.mkdir(folder)
        self.objects = {s: self.compile(s) for s in sources}

    def compile(self, source, origin=None):
        target = os.path.join(self.folder, "mutant.o" if origin else source[len(ROOT):].replace("/", "-") + ".o")
        includes = [part for folder in ("proto", "tests/unit", "tests/tools", "proto/pickle") for part in ("-I", os.path.join(ROOT, folder))]
        subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-w", "-D_GNU_SOURCE", *includes, "-c", source, "-o", target],
                              cwd=ROOT, stderr=subprocess.DEVNULL)
        return target

    def link(self, replaced=None, mutant=None):
        program = os.path.join(self.folder, "program")
        objects = [mutant if s == replaced else o for s, o in self.objects.items()]
        subprocess.check_call([os.environ.get("CC", "cc"), "-o", program, *objects, *self.libraries, "-lm"])
        return program

    def survives(self, source, text):
        """Whether all answers stay as they are; None: that is no program."""
        path = os.path.join(self.folder, "mutant.c")
        with open(path, "w") as file:
            file.write(text)
        try:
            program = self.link(source, self.compile(path, source))
        except subprocess.CalledProcessError:
            return None
        return self.passes(program)


class Corpus(Bench):
    """The driver, asked all files in one go: most mutants end here."""

    def __init__(self, folder):
        super().__init__(folder, driver_sources())
        self.expected = expectations()

    def passes(self, program):
        return all(answers(program, how, rows) for how, rows in self.expected)


class UnitTests(Bench):
    """Memory that is refused, limits made small, beginnings and lengthenings of each file."""

    def __init__(self, folder):
        tests = [os.path.join(ROOT, "tests/unit", name) for name in ("proto-pickle/test_corpus.c", "proto-pickle/test_verify.c", "support/failing.c")]
        super().__init__(folder, driver_sources()[:-1] + tests, ("-lcriterion",))

    def passes(self, program):
        return subprocess.run([program, "-j1"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=bound_time).returncode == 0


def statement_of(text, site):
    """The statement that a site is in, with the assignment before it."""
    start = max(text.rfind(mark, 0, site[0]) for mark in ("}", "{", "*/", ":\n"))
    return " ".join("; ".join(text[start + 1:site[1]].split(";")[-2:]).split())


def spares(mark, statement):
    """Whether the mark stands there, and not in the statement before alone."""
    _, found, behind = statement.rpartition(mark)
    return bool(found) and ";" not in behind


def marks_of_nothing(sources):
    """What SPARED says of statements that are no more."""
    statements = [statement_of(text, site) for text in (open(s).read() for s in sources) for site in sites(text)]
    return [mark for mark in SPARED if not any(spares(mark, statement) for statement in statements)]


def fate(corpus, units, source, text, site):
    """Why the mutant at a site is no refusal without a test, or None where it is one."""
    def mutant(instead):
        return text[:site[0]] + instead + text[site[1]:]
    alive = corpus.survives(source, mutant("true"))
    if alive is None:
        return "does not compile"
    if not alive or not units.survives(source, mutant("true")):
        return "fails"
    if text[site[0]:site[1]] == "false" and units.survives(source, mutant("(__builtin_trap(), true)")) is False and \
            units.survives(source, mutant("(m->report->reason || (__builtin_trap(), true))")):
        return "said"
    return next((SPARED[mark] for mark in SPARED if spares(mark, statement_of(text, site))), None)


def mutate(corpus, units, source):
    """How many mutants there are, and how many survive that nothing explains."""
    text = open(source).read()
    total = unexplained = 0
    for site in sites(text):
        total += 1
        why = fate(corpus, units, source, text, site)
        unexplained += why is None
        if why not in ("fails", "said"):
            print("%s:%d survives: %s%s" % (os.path.basename(source), text.count("\n", 0, site[0]) + 1, statement_of(text, site),
                                            " (%s)" % why if why else ""), flush=True)
    return total, unexplained


def main():
    folder = tempfile.mkdtemp()
    try:
        corpus, units = Corpus(os.path.join(folder, "corpus")), UnitTests(os.path.join(folder, "units"))
        if not corpus.passes(corpus.link()) or not units.passes(units.link()):
            print("the tests do not pass as they are")
            return 1
        stale = marks_of_nothing(s for s in corpus.objects if os.path.basename(s) in FILES)
        if stale:
            print("no such statement to spare:", *stale, sep="\n  ")
            return 1
        total = unexplained = 0
        for name in sys.argv[1:] or FILES:
            source = next(s for s in corpus.objects if os.path.basename(s) == name)
            count, survivors = mutate(corpus, units, source)
            total, unexplained = total + count, unexplained + survivors
        print("%d mutants, %d refusals survive unexplained" % (total, unexplained))
        return 1 if unexplained else 0
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
