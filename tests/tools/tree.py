# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What the checks of `make lint` share: the files of the tree, and C text without its comments."""
import os
import re
import subprocess
import sys

SOURCE = (".c", ".h", ".def")
LIBRARY_FOLDERS = ("proto/", "server/", "client/")


def files():
    """Every file that is, or is about to be, under version control."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted(path for path in listed.split("\0") if path and os.path.isfile(path))


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


COMMENT_OR_LITERAL = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def code_only(text):
    """Comments and the insides of literals blanked; every line keeps its number."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)
    return COMMENT_OR_LITERAL.sub(blank, text)


def layers():
    """Rows of layers.mk: folder -> folders it may use, its own not among them."""
    rows = {}
    text = read("tests/tools/layers.mk").replace("\\\n", " ")
    for name, value in re.findall(r"^LAYER_(\S+)\s*:=(.*)$", text, re.M):
        allowed = []
        for word in value.split():
            referred = re.fullmatch(r"\$\(LAYER_(.+)\)", word)
            allowed += rows[referred.group(1)] if referred else [word]
        rows[name] = allowed
    return rows


def finish(found):
    """Prints what was found and ends: 1 when there is anything."""
    for line in found:
        print(line)
    sys.exit(1 if found else 0)
