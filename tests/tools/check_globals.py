#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""No mutable data at file level: `struct server` owns the state, and a test can hold two of them.

Usage: check_globals.py build/release
"""
import os
import re
import subprocess
import sys

import tree

# symbol -> why it may be there
ALLOWED = {
    "pages": "huge.c: the kernel's pages as an allocator; it has no field but its function",
    "system": "mem.c: the C library's heap as an allocator; it has no field but its function",
    "thread_doing": "assert.c: what this thread is at, for the last words before abort",
}


def main():
    found = []
    folder = os.path.join(sys.argv[1], "lib")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".a"):
            continue
        table = subprocess.run(["objdump", "-t", os.path.join(folder, name)],
                               stdout=subprocess.PIPE, check=True).stdout.decode()
        for line in table.splitlines():
            row = re.match(r"[0-9a-f]{16} .{7} (\.data\S*|\.bss\S*|\.tdata\S*|\.tbss\S*|\*COM\*)\t[0-9a-f]+\s+(?:\.\w+ )?(\S+)$", line)
            if not row or row.group(1).startswith(".data.rel.ro") or row.group(2) == row.group(1):
                continue
            symbol = re.sub(r"\.\d+$", "", row.group(2))
            if symbol not in ALLOWED:
                found.append(f"{name}: {symbol} is mutable data ({row.group(1)})")
    tree.finish(found)


main()
