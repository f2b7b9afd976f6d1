#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What tests/corpus/pickle has to show: each known way around pickle scanners, each attack on resources.

The corpus names its files after them: c01_* is the first class.  Each is shown by three files at least, and at
least one of them is refused, but where a reader bears it.  pickle_corpus.py --check asks this of what it writes."""

FILES_LEAST = 3

CLASSES = (
    "missing denylist entry, direct", "obscure stdlib wrappers of a shell", "C twins and aliases", "third-party evaluators",
    "resolver functions", "attribute functions", "partial, reduce, map, starmap", "dotted names, protocol 4 and above",
    "dotted through a class", "module objects as globals", "submodules of a denied module", "Python 2 renames (protocol < 3)",
    "PROTO in mid-stream", "memo index confusion", "memo holds something else", "memo overwritten after GET",
    "memo miss, operand that is no str", "decoy strings between operands", "one string as module and name",
    "operand opcode not expected", "computed operand", "INST, OBJ, NEWOBJ, NEWOBJ_EX", "REDUCE and BUILD",
    "shared analysis state", "reference only, popped global", "BUILD plants __setstate__", "BUILD plants append, extend, add",
    "BUILD on a class, function or module", "values parked in attributes", "__class__ or __dict__ in slot state",
    "SETITEM or APPEND on a global", "EXT1, EXT2, EXT4", "PERSID, BINPERSID", "NEXT_BUFFER", "higher-order via allowed class",
    "finalizers", "nested unpickle", "code objects", "import side effects only", "payload, then broken stream",
    "parser differential before payload", "disassembler differential", "FRAME straddle", "second pickle after STOP",
    "exception-oriented programming", "file name or extension", "zip tricks", "compression, encoding", "magic-number confusion",
    "size gate, padding, nesting", "scanner sabotage", "DNS, SSRF, zero-byte file", "strictness gap", "name-shape traps",
    "non-literal container keys", "multi-command assembly")

# What needs no forbidden global.  Borne: loads in linear time and memory; only who walks the value afterwards is hurt.
ATTACKS = {
    "r01_": "deep tuple as a key", "r02_": "tuple DAG as a key", "r03_": "tuple hashed again and again", "r04_": "colliding keys",
    "r31_laughs": "billion laughs", "r05_": "huge memo index", "r06_": "length lies", "r16_memory": "memory amplification",
    "r32_flood": "floods of stack, marks, memo", "r09_": "deep nesting, unhashed", "r07_": "decimal INT and LONG",
    "r08_": "LONG4 giant", "r10_": "allocation by an allowed callable", "r11_": "infinite iterators", "r12_": "arithmetic",
    "r13_": "regular expressions", "r14_": "codecs", "r15_": "numpy", "r17_recursive": "recursive structures",
}
BORNE = ("r17_recursive",)


def too_few(expected):
    """What is shown too rarely by the rows (file, class of the verdict, ...)."""
    wanted = {"c%02d_" % number: name for number, name in enumerate(CLASSES, 1)}
    wanted.update(ATTACKS)
    wrong = []
    for prefix, name in wanted.items():
        verdicts = [row[1] for row in expected if row[0].startswith(prefix)]
        if len(verdicts) < FILES_LEAST:
            wrong.append("%s %s: %d files" % (prefix, name, len(verdicts)))
        elif prefix not in BORNE and all(verdict == "accept" for verdict in verdicts):
            wrong.append("%s %s: none is refused" % (prefix, name))
    strays = {row[0][:4] for row in expected if row[0][0] == "c"} - set(wanted)
    return wrong + ["%s: no class has this name" % stray for stray in sorted(strays)]
