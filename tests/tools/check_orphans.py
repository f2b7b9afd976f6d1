#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing lies about unused: each fuzz target has its corpus and each source file its place.

A corpus without a fuzz target must be named by a test.  A folder of sources has its README.md.
"""
import os
import re

import tree


def main():
    found = []
    paths = tree.files()
    layers = tree.layers()
    targets = {re.sub(r".*/fuzz_(\w+)\.c$", r"\1", path) for path in paths if re.match(r"tests/fuzz/fuzz_\w+\.c$", path)}
    # A link to another target's corpus is a corpus too.
    corpora = {name for name in os.listdir("tests/corpus") if os.listdir(os.path.join("tests/corpus", name))}
    for target in sorted(targets - corpora):
        found.append(f"tests/fuzz/fuzz_{target}.c: no corpus tests/corpus/{target}/")
    tests = [path for path in paths if path.startswith("tests/") and not path.startswith("tests/corpus/")
             and path.endswith((".c", ".h", ".py", ".txt", ".sh"))]
    text = "\n".join(tree.read(path) for path in tests)
    for corpus in sorted(corpora - targets):
        if f"corpus/{corpus}" not in text:
            found.append(f"tests/corpus/{corpus}/: no fuzz target and no test names it")
    for path in paths:
        folder = os.path.dirname(path)
        if path.startswith("client/examples/"):
            continue  # test_install.sh compiles them
        if path.endswith(".c") and path.startswith(tree.LIBRARY_FOLDERS) and folder not in layers and folder != "server":
            found.append(f"{path}: no layer compiles it")
        if path.startswith("tests/unit/") and path.endswith(".c") and "/support/" not in path:
            layer = path.split("/")[2].replace("-", "/")
            if layer not in layers or not os.path.basename(path).startswith("test_"):
                found.append(f"{path}: no rule builds it")
    for folder in sorted({os.path.dirname(path) for path in paths if path.endswith(".c")}):
        if folder in layers and not os.path.exists(os.path.join(folder, "README.md")):
            found.append(f"{folder}/: no README.md")
    tree.finish(found)


main()
