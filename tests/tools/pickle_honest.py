#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Completeness: what CPython's own picklers write is accepted when its globals are allowed.

Every kind of value that the standard library pickles, by each protocol, by the C and the Python
pickler and through pickletools.optimize, must be accepted, and refused again, naming the global, when any
one of its globals is taken out of the policy.  Also holds the renames against CPython's own.
exit status 1: something is refused, or not refused"""
import array
import collections
import datetime
import decimal
import enum
import fractions
import io
import ipaddress
import os
import pathlib
import pickle
import pickletools
import sys
import tempfile
import time
import types
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pickle_soundness import POLICY, ask, build_driver  # noqa: E402

app = types.ModuleType("app")
sys.modules["app"] = app


def export(cls):
    cls.__module__ = "app"
    setattr(app, cls.__name__, cls)
    return cls


@export
class User:
    def __init__(self, **kw):
        self.__dict__.update(kw)


@export
class Slots:
    __slots__ = ("a", "b")


@export
class Args:
    def __new__(cls, a, *, b=None):
        self = object.__new__(cls)
        self.a = a
        return self

    def __getnewargs_ex__(self):
        return (self.a,), {"b": 1}


Args.__new__.__module__ = "app"


@export
class DictSub(dict):
    pass


@export
class ListSub(list):
    pass


@export
class StrSub(str):
    pass


@export
class IntSub(int):
    pass


@export
class TupleSub(tuple):
    pass


@export
class Outer:
    class Inner:
        pass


Outer.Inner.__module__ = "app"


@export
class Color(enum.Enum):
    RED = 1


def helper():
    pass


helper.__module__ = "app"
app.helper = helper
Point = export(collections.namedtuple("Point", "x y"))


def filled(cls, value):
    made = cls(value)
    made.note = "x"
    return made


def values():
    slots = Slots()
    slots.a, slots.b = 1, [2]
    parent, child = User(name="p"), User(name="c")
    parent.child, child.parent = child, parent
    loop = []
    loop.append(loop)
    big = dict.fromkeys(range(3000), "x")
    yield from [None, True, False, 0, 255, 256, -1, 65535, 2 ** 31, -2 ** 31, 2 ** 63, -2 ** 63, 2 ** 64, 10 ** 100, -10 ** 300, 2 ** 3000]
    yield from [0.0, -0.0, 1.5, 1e300, 1e-320, float("inf"), float("-inf"), float("nan"), 1j]
    yield from ["", "a", "\n\\\0\r\x1a", "\xe9\u20ac\U0001f600", "\ud800", "\\u0041", "x" * 300, "y" * 70000, b"", b"a\xff\n", b"z" * 300,
                b"w" * 70000, bytearray(b""), bytearray(b"a\xff")]
    yield from [[], [1, 2], [[]] * 3, list(range(2500)), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {"a": {"b": [1]}}, big,
                {(1, "a"): 1, None: 2, 1.5: 3, b"x": 4}, set(), {1, 2}, set(range(2000)), frozenset("ab"), frozenset(),
                frozenset([frozenset([1])]), {frozenset([1]): 1}, loop, range(3), range(1, 10, 2), slice(1, None, 2), ..., NotImplemented,
                type(None), type(...), int, list, dict.fromkeys]
    yield from [object(), User(), User(a=1, b=[2]), parent, [User(a=i) for i in range(50)], slots, Args(3), DictSub(a=1), filled(DictSub, {"a": 1}),
                ListSub([1, 2]), filled(ListSub, [1]), StrSub("x"), IntSub(5), IntSub(10 ** 30), TupleSub((1, 2)), Point(1, 2), {Point(1, 2): 3},
                Outer.Inner(), Outer.Inner, Color.RED, {Color.RED: 1}, helper]
    yield from [datetime.datetime(2026, 11, 22, 1, 2, 3, 4), datetime.date(2026, 1, 1), datetime.time(1, 2), datetime.timedelta(1, 2, 3),
                datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=1), "x"),
                datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), {datetime.date(2026, 1, 1): 1}]
    try:
        import zoneinfo
        yield zoneinfo.ZoneInfo("Europe/Berlin")
    except Exception:
        pass
    yield from [decimal.Decimal("-1.50E+3"), decimal.Decimal("NaN"), decimal.Decimal(10) ** 50, fractions.Fraction(-1, 3), uuid.UUID(int=5),
                collections.OrderedDict([("a", 1), (2, 3)]), collections.defaultdict(int, a=1), collections.defaultdict(None),
                collections.Counter("aab"), collections.deque([1, 2]), collections.deque([1, 2], 3), collections.ChainMap({"a": 1}),
                collections.UserDict(a=1), pathlib.PurePosixPath("/a/b"), pathlib.PosixPath("."), ipaddress.IPv4Address("10.0.0.1"),
                array.array("i", [1, 2]), array.array("d"), types.SimpleNamespace(a=1), time.gmtime(0), ValueError("x"), OSError(2, "no"),
                filled(ValueError, "x"), io.StringIO("a\nb"), io.BytesIO(b"ab")]


def dumps(value, protocol):
    """The different streams of the picklers; those that cannot be made are left out."""
    found = {}
    for pickler in (pickle.dumps, pickle._dumps):
        try:
            data = pickler(value, protocol)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError):
            continue
        found[data] = pickler.__name__
        try:
            found[pickletools.optimize(data)] = "optimize"
        except (ValueError, UnicodeDecodeError):
            pass
    return found


EXTRA = ["numpy unused ref", "builtins dict.fromkeys ref"]


def check_renames(driver, policy):
    import _compat_pickle as compat
    pairs = list(compat.NAME_MAPPING) + [(m, "x") for m in compat.IMPORT_MAPPING] + [("app2", "x"), ("builtins", "reduce"), ("os", "system")]
    streams, expected = [], []
    for protocol in (1, 2, 3):
        for module, name in pairs:
            streams.append((b"\x80%c" % protocol if protocol > 1 else b"") + b"c%s\n%s\n." % (module.encode(), name.encode()))
            if protocol < 3:
                module, name = compat.NAME_MAPPING.get((module, name), (compat.IMPORT_MAPPING.get(module, module), name))
            expected.append(module + ":" + name)
    wrong = 0
    for stream, answer, name in zip(streams, ask(driver, policy, streams), expected):
        seen = answer[5].rsplit(":", 1)[0] if answer[0] == "accepted" else answer[2]
        if seen != name and answer[0] != "global-ambiguous":
            wrong += 1
            print("rename of", stream, "is", seen, "not", name, answer)
    return wrong


def check_monotone(driver, folder, streams, answers):
    """Without any one of its globals a stream is refused, and that global is named."""
    lines = [line for line in open(POLICY) if line.strip() and not line.startswith("#")] + [line + "\n" for line in EXTRA]
    wrong = 0
    for line in lines:
        name = ":".join(line.split()[:2])
        users = [s for s, a in zip(streams, answers) if any(g.rsplit(":", 1)[0] == name for g in a[5:])]
        if not users:
            continue
        path = os.path.join(folder, "without")
        with open(path, "w") as file:
            file.writelines(other for other in lines if other != line)
        for stream, answer in zip(users, ask(driver, path, users)):
            if answer[0] != "global" or answer[2] != name:
                wrong += 1
                print("without", name, answer[:3], stream[:80])
    return wrong


def main():
    with tempfile.TemporaryDirectory() as folder:
        driver = build_driver(folder)
        policy = os.path.join(folder, "policy")
        with open(policy, "w") as file:
            file.write(open(POLICY).read() + "\n".join(EXTRA) + "\n")
        streams, notes = [], []
        for value in values():
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                for data, pickler in dumps(value, protocol).items():
                    streams.append(data)
                    notes.append((repr(value)[:60], protocol, pickler))
        answers = ask(driver, policy, streams)
        wrong = 0
        for answer, note, stream in zip(answers, notes, streams):
            if answer[0] != "accepted":
                wrong += 1
                print(note, answer[:3], stream[:120])
        wrong += check_monotone(driver, folder, streams, answers)
        wrong += check_renames(driver, policy)
        print("%d passed, %d failed" % (len(streams) - min(wrong, len(streams)), wrong))
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
