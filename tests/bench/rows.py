# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The table that make bench measures: what is done, with what, and the bar it is held to.

Bars are ratios, brine's figure over the other server's, medians over rounds: of operations a second
("ops") at least, of server CPU time an operation ("cpu") at most.  Memory and pauses have bars of
their own, in their units.
"""
import collections
import pickle
import random
import sys

Row = collections.namedtuple("Row", "operation value size pipeline against bar")
Bar = collections.namedtuple("Bar", "kind limit")


def ops(limit):
    return Bar("ops", limit)


def cpu(limit):
    return Bar("cpu", limit)


REDIS, OFF = "redis", "gate-off"
# operation, value, its bytes, pipeline, beside whom, bar
ROWS = [
    Row("set", "bytes", 64, 1, REDIS, cpu(0.85)),
    Row("get", "bytes", 64, 1, REDIS, cpu(0.85)),
    Row("set", "bytes", 64, 16, REDIS, ops(2.9)),
    Row("get", "bytes", 64, 16, REDIS, ops(2.8)),
    Row("set", "bytes", 64, 64, REDIS, ops(4.0)),
    Row("get", "bytes", 64, 64, REDIS, ops(4.0)),
    Row("set", "bytes", 1024, 1, REDIS, None),
    Row("get", "bytes", 1024, 1, REDIS, None),
    Row("set", "bytes", 1024, 16, REDIS, ops(2.5)),
    Row("get", "bytes", 1024, 16, REDIS, ops(1.9)),
    Row("set", "dict", 1024, 1, REDIS, ops(1.0)),
    Row("set", "dict", 1024, 16, REDIS, ops(1.4)),
    Row("set", "bytes", 16384, 16, REDIS, ops(1.2)),
    Row("get", "bytes", 16384, 16, REDIS, ops(1.2)),
    Row("set", "bytes", 1 << 20, 1, REDIS, ops(1.3)),
    Row("get", "bytes", 1 << 20, 1, REDIS, ops(1.3)),
    Row("set", "bytes", 64, 1, OFF, ops(0.98)),
    Row("set", "bytes", 64, 16, OFF, ops(0.90)),
    Row("set", "bytes", 1024, 1, OFF, ops(0.98)),
    Row("set", "bytes", 1024, 16, OFF, ops(0.90)),
]

# bytes of key, bytes of value, entries, TTL in seconds (0: none), bytes an entry at most
MEMORY = [(16, 64, 1000000, 3600, 32), (16, 64, 1000000, 0, None), (32, 400, 1000000, 3600, 45),
          (16, 10240, 100000, 3600, 500)]
IDLE_CONNECTIONS, IDLE_BYTES_MAX = 10000, 700
GROWTH_FROM, GROWTH_TO = 1000000, 16000000
GROWTH_PEAK_MAX = 1.10  # highest resident memory on the way, over that at the end
GROWTH_BATCH_MAX_MS = 1  # 16 writes; the control beside says what the machine adds
EXPIRY_PAUSE_MAX_MS, EXPIRY_BACK_MAX_S, EXPIRY_LONG_TURNS_MAX = 3.0, 3.0, 0
# Two workers on two cores over one on one, load from the same two cores: operations a second at least
WORKERS = [("set", 1, 1.0), ("get", 1, 1.0), ("set", 16, 1.0), ("get", 16, 1.0)]
IDLE_CPU_MAX = 0.01  # of a core, while nobody asks


def name_of(row):
    size = f"{row.size // 1024} KB" if row.size >= 1024 else f"{row.size} B"
    if row.size >= 1 << 20:
        size = f"{row.size >> 20} MB"
    kind = " dict" if row.value == "dict" else ""
    return f"{row.operation} {size}{kind} p{row.pipeline}" + (" gate on/off" if row.against == OFF else "")


def keys_of(size, most):
    """As many as 1 GB holds, at most."""
    return min(most, max(200, (1 << 30) // (2 * size)))


def bytes_pickle(size):
    """A pickle of one bytes object that is `size` bytes long; the bytes repeat nothing."""
    source = random.Random(size).randbytes(size)
    for length in range(size, 0, -1):
        data = pickle.dumps(source[:length], protocol=4)
        if len(data) == size:
            return data
    return sys.exit(f"no pickle of one bytes object has {size} bytes")


def dict_pickle(size):
    """A pickle of a dict with str keys and int, str and float values."""
    record, number = {}, 0
    while True:
        key = f"a_field_{number:02}"
        left = size - len(pickle.dumps(record, protocol=4))
        if left < 60:
            break
        record[key] = (number * 7 + 300, f"some words of text, {number}", number / 3)[number % 3]
        number += 1
    for length in range(left):
        record["last"] = "x" * length
        data = pickle.dumps(record, protocol=4)
        if len(data) == size:
            return data
    return sys.exit(f"no such dict has a pickle of {size} bytes")


def value_of(kind, size):
    return dict_pickle(size) if kind == "dict" else bytes_pickle(size)
