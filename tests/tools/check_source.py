#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Sizes, banned calls, licence lines, left markers.  The rules' reasons stand in README.md beside.

Usage: check_source.py [--sizes]     --sizes prints how long functions are, folder by folder
"""
import re
import sys

import tree

FILE_LINES, HEADER_LINES, PRIVATE_HEADER_LINES = 900, 200, 400
FUNCTION_LINES, TEST_LINES, P90_LINES = 70, 160, 40
FORWARD_DECLARATIONS = 5

# What may be longer, by name, with the reason.
LONGER = {
    "proto/pickle/steps.c:step_opcode": 130,  # the switch over all opcodes, a line or two each: the table is the machine
    "proto/pickle/verify.c:run": 110,  # the loop: a line for each opcode that has a short way
}

PARSERS = ("proto/resp/", "proto/text/", "proto/pickle/", "proto/frame/", "proto/policy/",
           "server/cmd/", "server/session/", "server/config/", "server/gate/")
EVERYWHERE = ("",)

# (calls, where they are banned, where not all the same, what to use)
BANNED = [
    ("strcpy strcat stpcpy sprintf vsprintf gets strtok strncpy strncat", EVERYWHERE, (), "buf.h, snprintf"),
    ("strtok_r", tree.LIBRARY_FOLDERS, (), "bytes_slice"),
    ("atoi atol atoll atof", EVERYWHERE, (), "number.h"),
    ("sscanf scanf fscanf", tree.LIBRARY_FOLDERS, (), "number.h"),
    ("strtol strtoll strtoul strtoull strtod strtof", ("proto/", "server/"), ("proto/base/number.c",), "number.h"),
    ("malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf alloca aligned_alloc posix_memalign",
     tree.LIBRARY_FOLDERS, ("proto/base/mem.c",), "mem.h"),
    ("memcpy mempcpy", PARSERS, (), "bytes_copy_to, buf.h, reader.h"),
    ("abort", tree.LIBRARY_FOLDERS, ("proto/base/assert.c",), "base/assert.h"),
    ("exit _exit quick_exit _Exit atexit", tree.LIBRARY_FOLDERS, ("server/main.c",), "a status that travels to main"),
    ("rand srand rand_r random srandom drand48", EVERYWHERE, (), "random.h"),
    ("time gettimeofday clock ftime", EVERYWHERE, (), "an argument now_ms, or observe/clock"),
    ("clock_gettime", ("proto/", "server/", "client/"), ("server/observe/", "server/net/", "server/main.c", "client/clock.c", "client/lib/client.c"), "an argument now_ms"),
    ("getenv secure_getenv setenv", ("proto/", "server/"), ("server/main.c", "server/config/", "server/net/net.c"), "an argument"),
    ("system popen setlocale", tree.LIBRARY_FOLDERS, (), "nothing"),
    ("sleep usleep nanosleep clock_nanosleep", tree.LIBRARY_FOLDERS, ("server/net/net.c",), "a timer of the loop"),  # DEBUG SLEEP
    ("setjmp longjmp", EVERYWHERE, (), "enum brine_status"),
    ("printf puts putchar perror", ("proto/", "server/"), ("server/main.c", "server/config/"), "observe/log"),
    ("__attribute__", ("server/", "client/"), (), "a macro of base.h"),
]
BANNED_INCLUDES = {"assert.h": "base/assert.h, which stays on in releases"}

NEEDS_LICENCE = (".c", ".h", ".def", ".py", ".sh", ".mk", "Makefile", ".ci/run", "Dockerfile", ".toml", ".pc.in",
                 ".yml", ".service", ".logrotate", "debian/control")
# A fixed number of bytes into a variable is a load, for which C has no other words.
LOAD = re.compile(r"memcpy\(&\w[\w.]*, [^;]*, (sizeof[ (][^,;]*|width)\)")
SLEEP = re.compile(r"\btime\.sleep\(|^\s*sleep |\b(?:u|nano|clock_nano)?sleep\(")
POLLS = re.compile(r"waits for|between two looks")
MARKER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")  # in halves: this file is read too
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home|farm)/")
NOT_TEXT = (".pkl", ".pickle", ".png", ".gz", ".brine", ".rdb")


def public_headers():
    """Headers that a layer other than their own includes: the manuals."""
    public = set()
    for path in tree.files():
        if path.endswith(tree.SOURCE):
            for header in re.findall(r'#\s*include\s+"([^"]+)"', tree.read(path)):
                for found in (folder + header for folder in ("proto/", "server/", "")):
                    if found.rsplit("/", 1)[0] != path.rsplit("/", 1)[0] and not path.startswith("tests/"):
                        public.add(found)
    return public


PUBLIC = public_headers()


def functions(code):
    """(name, first line, lines) of each function of clang-formatted code without comments."""
    start, text = None, ""
    for number, line in enumerate(code.split("\n"), 1):
        if start is None:
            if not re.match(r"[A-Za-z_]", line):
                continue
            start, text = number, ""
        text += line + "\n"
        if text.count("{") == 0 and (";" in line or line.endswith("\\") or line == ""):
            start = None
        elif line.startswith("}") or (text.count("{") == text.count("}") > 0):
            head = text.split("{")[0]
            name = re.search(r"(\w+)\s*\(", head)
            if name and "=" not in head and "define" not in head and not re.match(r"(typedef|enum|struct \w+\s*$)", head):
                yield function_name(head, name), start, number - start + 1
            start = None


def function_name(head, name):
    head = re.sub(r"__attribute__\(\(.*?\)\)", "", head)
    name = re.search(r"(\w+)\s*\(", head) or name
    test = re.match(r"(?:Test|ParameterizedTest|Theory)\(\s*([\w, ]+)", head)
    return "Test " + test.group(1) if test else name.group(1)


def check_sizes(path, text, code):
    limit = FILE_LINES
    if path.endswith(".h"):
        limit = HEADER_LINES if path in PUBLIC else PRIVATE_HEADER_LINES
    lines = text.count("\n")
    if path.endswith((".c", ".h")) and lines > LONGER.get(path, limit):
        yield f"{path}: {lines} lines, at most {limit}"
    for name, line, length in functions(code):
        limit = TEST_LINES if path.startswith("tests/") else FUNCTION_LINES
        if length > LONGER.get(f"{path}:{name}", limit):
            yield f"{path}:{line}: {name} has {length} lines, at most {limit}"
    for run in re.finditer(r"(?:^static [^=;{]*\);\n){%d,}" % (FORWARD_DECLARATIONS + 1), code, re.M):
        yield f"{path}:{code.count(chr(10), 0, run.start()) + 1}: more than {FORWARD_DECLARATIONS} forward declarations in a row"


def check_ifdefs(path, code):
    ranges = [(line, line + length) for _, line, length in functions(code)]
    for number, line in enumerate(code.split("\n"), 1):
        if re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else)\b", line) and "__BYTE_ORDER__" not in line and any(a < number < b for a, b in ranges):
            yield f"{path}:{number}: a variant inside a function: make it another file or a row"


def check_calls(path, code):
    code = LOAD.sub(lambda load: load.group(0).replace("memcpy(", "a_load("), code)
    for calls, where, but, instead in BANNED:
        if not path.startswith(where) or (but and path.startswith(but)):
            continue
        for match in re.finditer(r"(?<![\w.>])(%s)\s*\(" % calls.replace(" ", "|"), code):
            yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: {match.group(1)} is banned here; use {instead}"
    for header, instead in BANNED_INCLUDES.items():
        if path.startswith(tree.LIBRARY_FOLDERS) and re.search(r"#\s*include\s*<%s>" % re.escape(header), code):
            yield f"{path}: <{header}> is banned; use {instead}"


def check_text(path, text):
    if path.endswith(NEEDS_LICENCE) and "SPDX-License-Identifier: Apache-2.0" not in text[:400]:
        yield f"{path}: no SPDX lines at its head"
    for number, line in enumerate(text.split("\n"), 1):
        if MARKER.search(line):
            yield f"{path}:{number}: a marker of unfinished work"
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of one machine"
        if path.startswith("tests/") and SLEEP.search(line) and not POLLS.search(line):
            yield f"{path}:{number}: a sleep: wait for the thing itself, or say in the line what it waits for"


def print_sizes(lengths):
    for folder in sorted(lengths):
        sizes = sorted(lengths[folder])
        print(f"{folder:20} {len(sizes):5} functions  median {sizes[len(sizes) // 2]:3}"
              f"  p90 {sizes[len(sizes) * 9 // 10]:3}  longest {sizes[-1]:3}")


def main():
    found, lengths = [], {}
    for path in tree.files():
        if path.startswith("tests/corpus/") or path.endswith(NOT_TEXT):
            continue
        try:
            text = tree.read(path)
        except UnicodeDecodeError:
            continue
        found += check_text(path, text)
        if not path.endswith(tree.SOURCE):
            continue
        code = tree.code_only(text)
        found += check_calls(path, code)
        if path.endswith(".def"):
            continue
        found += check_sizes(path, text, code)
        found += check_ifdefs(path, code)
        sizes = [length for _, _, length in functions(code)]
        if sizes:
            lengths.setdefault(path.rsplit("/", 1)[0], []).extend(sizes)
    production = sorted(size for folder, sizes in lengths.items() if not folder.startswith("tests") for size in sizes)
    if production and production[len(production) * 9 // 10] > P90_LINES:
        found.append(f"one function in ten has more than {P90_LINES} lines")
    if "--sizes" in sys.argv:
        print_sizes(lengths)
    tree.finish(found)


main()
