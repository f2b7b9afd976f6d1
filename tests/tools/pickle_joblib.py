#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Array streams of the real joblib, honest and changed, under `brine-cli verify --joblib`.

Every honest stream has to be accepted with joblib_arrays and, when it holds an array, refused without.
Every changed stream that is accepted is read by joblib itself: it must resolve just the globals of the
report, in that order, and read to the last byte.
usage: pickle_joblib.py BRINE_CLI [COUNT [SEED]]    COUNT changed streams (default 3000)"""
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings

import joblib
import numpy as np
from joblib import numpy_pickle

POLICIES = "joblib,sklearn"
# Numbers that a changed stream may hold and numpy may refuse: no global is resolved by that.
NUMPY_REFUSES = (ValueError, TypeError, OverflowError, IndexError)


def values(folder):
    grid = np.arange(12.0).reshape(3, 4)
    mapped = np.memmap(os.path.join(folder, "mapped"), dtype="f8", mode="w+", shape=(3,))
    structured = np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
    return {
        "plain": {"a": 1}, "scalar": np.float32(1.5), "c_order": grid, "f_order": np.asfortranarray(grid),
        "strided": grid[:, ::2], "no_dimension": np.array(5), "empty": np.zeros((0, 3)), "structured": structured,
        "records": structured.view(np.recarray), "subarray": np.zeros(2, [("a", "f4", (2,))]),
        "fields_named_so": np.zeros(2, [("shape", "i4"), ("order", "f8"), ("dtype", "i1")]),
        "text": np.array(["a", "bc"]), "dates": np.array(["2026-01-01"], "datetime64[D]"), "matrix": np.matrix([[1, 2]]),
        "bigendian": np.arange(3, dtype=">i4"), "memmap": mapped, "long": np.zeros(10000), "booleans": np.array([True]),
        "objects": np.array([None, "a", {"b": [1]}], dtype=object), "no_objects": np.array([], dtype=object),
        "object_fields": np.array([(1, "x")], dtype=[("a", "i4"), ("b", "O")]),
        "several": {"x": grid, "y": [grid, grid], "z": np.arange(5, dtype="u1")},
        "objects_between": [np.array([1, "x"], dtype=object), grid, np.array([2, "y"], dtype=object)],
    }


def estimators():
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    draw = np.random.RandomState(0)
    x, y = draw.rand(30, 3), np.arange(30) % 2
    return {type(m).__name__: m.fit(x, y) for m in (KMeans(2, n_init=1), RandomForestClassifier(3),
                                                    make_pipeline(StandardScaler(), LogisticRegression()))}


def streams(made):
    """(name, bytes, whether joblib writes raw bytes for it)"""
    for name, value in made.items():
        for protocol in range(6):
            if name == "fields_named_so" and protocol == 0:
                continue  # there the fields' dict is filled between two items of the state, and taken for it
            out = io.BytesIO()
            joblib.dump(value, out, protocol=protocol)
            yield "%s.p%d" % (name, protocol), out.getvalue(), name not in ("plain", "scalar", "records")


def change(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, kind = rng.randrange(len(data)), rng.random()
        if kind < 0.5:
            data[at] = rng.choice((0, 1, 2, 255, ord("."), ord("b"), ord("0"), rng.randrange(256), data[at] ^ 1 << rng.randrange(8)))
        elif kind < 0.7:
            del data[at:at + rng.choice((1, 1, 2, 8))]
        elif kind < 0.9:
            data[at:at] = rng.choice((b"\x00", b"N", b"0", b"\xff" * 8, bytes(data[at:at + 8])))
        else:
            other = rng.randrange(len(data))
            data[at:at + 4] = data[other:other + 4]
        if not data:
            return b"."
    return bytes(data)


def verify(cli, folder, *options):
    run = subprocess.run([cli, "verify", folder, "--policy", POLICIES, "--json"] + list(options), stdout=subprocess.PIPE, text=True)
    return {os.path.basename(row["file"]): row for row in map(json.loads, run.stdout.splitlines())}


class Reader(numpy_pickle.NumpyUnpickler):
    """joblib's own, which notes what it resolves."""
    def __init__(self, stream):
        order = {"ensure_native_byte_order": True} if "ensure_native_byte_order" in numpy_pickle.NumpyUnpickler.__init__.__code__.co_varnames else {}
        super().__init__("", stream, **order)
        self.names = []

    def find_class(self, module, name):
        found = super().find_class(module, name)
        import _compat_pickle
        if self.proto < 3:
            module, name = _compat_pickle.NAME_MAPPING.get((module, name), (_compat_pickle.IMPORT_MAPPING.get(module, module), name))
        self.names.append(module + "." + name)
        return found


def read(data):
    """What joblib resolves, whether it ends well, and how many bytes it leaves."""
    stream = io.BytesIO(data)
    reader = Reader(stream)
    inner = numpy_pickle.pickle.load
    # An array of objects is read by pickle.load, whose globals count too.
    def load_inside(source):
        class Inside(numpy_pickle.pickle._Unpickler):
            def find_class(self, module, name):
                reader.proto, outer = self.proto, reader.proto
                try:
                    return reader.find_class(module, name)
                finally:
                    reader.proto = outer
        return Inside(source).load()
    numpy_pickle.pickle.load = load_inside
    try:
        reader.load()
        return reader.names, None, len(data) - stream.tell()
    except NUMPY_REFUSES as error:
        return reader.names, error, 0
    finally:
        numpy_pickle.pickle.load = inner


def honest(cli, folder, made):
    wrong = []
    for name, data, _ in made:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    with_arrays, without = verify(cli, folder, "--joblib"), verify(cli, folder)
    for name, data, has_array in made:
        if with_arrays[name]["verdict"] != "accept":
            wrong.append("%s: %s" % (name, with_arrays[name]["message"]))
        if has_array and without[name]["rule"] != "array-stream":
            wrong.append("%s: without --joblib it is %s" % (name, without[name]["rule"] or "accepted"))
        wrong += disagreements(name, data, with_arrays[name], read(data))
    return wrong


def disagreements(name, data, row, result):
    names, error, left = result
    expected = [g["name"] for g in row["globals"]]
    if error and names == expected[:len(names)]:
        return []
    if names != expected:
        return ["%s: joblib resolves %s, the report says %s" % (name, names, expected)]
    return ["%s: joblib leaves %d bytes" % (name, left)] if left else []


def changed(cli, folder, made, count, seed):
    rng = random.Random(seed)
    wrong, accepted, raised = [], 0, 0
    files = {}
    for number in range(count):
        name, data, _ = rng.choice(made)
        if len(data) < 20000:
            files["%d.%s" % (number, name)] = change(rng, data)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    for name, row in verify(cli, folder, "--joblib").items():
        if row["verdict"] != "accept":
            continue
        accepted += 1
        try:
            result = read(files[name])
            raised += result[1] is not None
            wrong += disagreements(name, files[name], row, result)
        except Exception as error:
            wrong.append("%s: joblib says %s: %s" % (name, type(error).__name__, error))
    print("%d changed streams, %d accepted, numpy refuses %d of them" % (len(files), accepted, raised))
    return wrong, accepted


def main():
    cli = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        made = list(streams(values(folder)))
        for part in ("honest", "changed"):
            os.mkdir(os.path.join(folder, part))
        try:
            models = list(streams(estimators()))
        except ImportError as missing:
            print("no estimators: %s" % missing)
            models = []
        wrong = honest(cli, os.path.join(folder, "honest"), made + models)
        print("joblib %s: %d honest streams" % (joblib.__version__, len(made + models)))
        more, accepted = changed(cli, os.path.join(folder, "changed"), made, count, seed)
        wrong += more
    for line in wrong[:20]:
        print(line)
    print("%d passed, %d failed" % (accepted + len(made + models), len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
