#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The verifier against CPython: what it accepts must do in CPython what it reported, and nothing else.

Streams are put together at random (a legal opcode for the present stack most of the time), made from
corpus files and honest pickles by small changes, and verified by pickle_driver.  Those that it accepts
are read by every Python at hand in a limited child: C Unpickler on bytes and on a file, and the pure
Python one, with find_class giving inert stubs that record what is done to them.

usage: pickle_soundness.py [--count N] [--seed S]       exit status 1: a disagreement, kept as a file
       pickle_soundness.py --read FILE                  (the child)"""
import argparse
import glob
import io
import os
import pickle
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
CORPUS = os.path.join(HERE, "..", "corpus", "pickle")
POLICY = os.path.join(CORPUS, "POLICY")
CLASS = "ref,call,new,build"
CONTROLS = re.compile("[\x00-\x1f\x7f]")
BLOCK = 500000  # streams between two readings


def read_policy():
    entries = {}
    for line in open(POLICY):
        words = line.split()
        if words and not line.startswith("#"):
            entries[words[0], words[1]] = set(words[2].replace("class", CLASS).split(","))
    return entries


def rights_of(policy, name):
    """What the policy lets be done with a global: its own row, or that of a wildcard, which stands
    for one last component that is neither empty nor a dunder; None: it may not be resolved."""
    if name in policy and name[1] != "*" and not name[1].endswith(".*"):
        return policy[name]
    prefix, dot, last = name[1].rpartition(".")
    if not last or last.startswith("__") or last == "*" or name in policy:
        return None
    return policy.get((name[0], prefix + dot + "*"))


# ---- the child: readers with inert stubs ---------------------------------------------------------

class Violation(BaseException):
    pass


class World:
    """Stubs for the globals of one reading, and what happened to them."""

    def __init__(self, policy, proto):
        self.policy, self.proto = policy, proto
        self.found, self.events, self.stubs = [], [], {}

    def event(self, what, name, *rights):
        self.events.append("%s %s.%s" % ((what,) + name))
        have = rights_of(self.policy, name) or set()
        if not any(r in have for r in rights):
            raise Violation("%s on %s.%s without the right" % ((what,) + name))

    def find(self, module, name):
        if self.proto < 3:
            import _compat_pickle as compat
            if (module, name) in compat.NAME_MAPPING:
                module, name = compat.NAME_MAPPING[module, name]
            elif module in compat.IMPORT_MAPPING:
                module = compat.IMPORT_MAPPING[module]
        self.found.append("%s:%s" % (module, name))
        if rights_of(self.policy, (module, name)) is None:
            raise Violation("resolves %s.%s" % (module, name))
        return self.stub((module, name))

    def stub(self, name):
        special = {("builtins", "getattr"): self.getattr, ("copyreg", "_reconstructor"): self.reconstructor,
                   ("copyreg", "__newobj__"): self.newobj, ("functools", "partial"): self.partial,
                   ("_codecs", "encode"): self.encode, ("builtins", "bytes"): self.literal(bytes),
                   ("builtins", "bytearray"): self.literal(bytearray), ("builtins", "tuple"): self.same_tuple}
        if name in special:
            return special[name]
        if name not in self.stubs:
            self.stubs[name] = make_stub(self, name)
        return self.stubs[name]

    def reconstructor(self, cls, base, state):
        self.event("call", ("copyreg", "_reconstructor"), "call")
        return cls.__new__(cls, state)

    def newobj(self, cls, *args):
        self.event("call", ("copyreg", "__newobj__"), "call")
        return cls.__new__(cls, *args)

    def partial(self, function):
        self.event("call", ("functools", "partial"), "call")
        return Partial(self, function)

    def literal(self, kind):
        """bytes and bytearray, whose results are values and no instances."""
        def make(*args):
            self.event("call", ("builtins", kind.__name__), "call")
            if args and isinstance(args[0], int):
                raise Violation("%s of a number" % kind.__name__)
            return kind(*args)
        return make

    def same_tuple(self, *args):
        self.event("call", ("builtins", "tuple"), "call")
        if len(args) != 1 or type(args[0]) is not tuple:
            raise Violation("tuple of %r" % (args,))
        return args[0]

    def encode(self, text, encoding):
        self.event("call", ("_codecs", "encode"), "call")
        if encoding not in ("latin1", "latin-1"):
            raise Violation("encodes as %s" % encoding)
        return text.encode(encoding)

    def getattr(self, target, attribute):
        self.event("call", ("builtins", "getattr"), "call")
        if not isinstance(target, StubType) or not isinstance(attribute, str):
            raise Violation("getattr of %r" % type(target))
        module, name = target.stub_name
        if attribute == "__new__":
            return target.__new__
        if rights_of(self.policy, (module, name + "." + attribute)) is None:
            raise Violation("getattr gives %s.%s.%s" % (module, name, attribute))
        return self.stub((module, name + "." + attribute))


class Partial:
    """functools.partial of a __new__, the one kind of partial that may pass."""

    def __init__(self, world, function):
        self.world, self.function, self.args = world, function, None

    def __setstate__(self, state):
        self.function, self.args = state[0], state[1]

    def __call__(self):
        return self.function(*self.args)


class StubType(type):
    """A class whose instances do nothing; calls of it, and changes to it, are noticed."""

    def __call__(cls, *args, **kwargs):
        cls.stub_world.event("call", cls.stub_name, "call")
        if cls.stub_name in (("builtins", "set"), ("builtins", "frozenset")):
            for element in args[0] if args else ():
                hash(element)
        if cls.stub_name[1] in ("_reconstruct", "_mareconstruct"):
            return args[0].__new__(args[0]) if not args[0].stub_name[0].startswith("numpy") else object.__new__(args[0])
        return object.__new__(cls)

    def __setattr__(cls, name, value):
        raise Violation("sets %s of %s.%s" % ((name,) + cls.stub_name))

    def __hash__(cls):
        return id(cls)

    def __setitem__(cls, key, value):
        raise Violation("item of %s.%s" % cls.stub_name)


def make_stub(world, name):
    def new(cls, *args, **kwargs):
        cls.stub_world.event("new", cls.stub_name, "new")
        return object.__new__(cls)

    def extend(self, items):
        if not items:  # the Python reader looks the method up for nothing; C returns at once
            return
        world.event("extend", name, "items.list", "items")

    def append(self, item):
        world.event("extend", name, "items.list", "items")

    def add(self, item):
        world.event("add", name, "items.set", "items")

    def setitem(self, key, value):
        world.event("setitem", name, "items.dict", "items")

    def hashed(self):
        world.event("hash", name, "hash")
        return 1

    def setattribute(self, key, value):
        if key in ("append", "extend", "add") or key[:2] == key[-2:] == "__":
            raise Violation("plants %s on %s.%s" % ((key,) + name))
        world.event("build", name, "build")
        object.__setattr__(self, key, value)

    def setstate(self, state):
        world.event("build", name, "build", "state")

    def called(self, *args):
        raise Violation("calls an instance of %s.%s" % name)
    space = dict(__new__=new, extend=extend, append=append, add=add, __setitem__=setitem, __hash__=hashed,
                 __setattr__=setattribute, __call__=called, stub_name=name, stub_world=world,
                 __eq__=lambda self, other: self is other)
    if "state" in rights_of(world.policy, name) or name[0].startswith("numpy"):
        space["__setstate__"] = setstate
    return StubType("Stub", (object,), space)


class Tiny(io.RawIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def readinto(self, buffer):
        n = min(len(buffer), 3, len(self.data) - self.at)
        buffer[:n] = self.data[self.at:self.at + n]
        self.at += n
        return n

    def readable(self):
        return True


# What pydantic, typing and add_note() write; a dict under "__dict__" is looked at as a state is.
INERT = {"__fields_set__", "__private_attribute_values__", "__pydantic_extra__", "__pydantic_fields_set__",
         "__pydantic_private__", "__orig_class__", "__notes__"}


def check_planted(value, seen):
    names = vars(value) if hasattr(value, "__dict__") and isinstance(type(value), StubType) else {}
    while "__dict__" in names:
        if type(names["__dict__"]) is not dict or any(key in names["__dict__"] for key in ("append", "__setstate__", "__class__")):
            raise Violation("planted __dict__")
        names = {**{key: value for key, value in names.items() if key != "__dict__"}, **names["__dict__"]}
    for key in names:
        if isinstance(key, str) and (key in ("append", "extend", "add") or key[:2] == key[-2:] == "__") and key not in INERT:
            raise Violation("planted %s" % key)


def readings(data):
    yield "C bytes", pickle.Unpickler, io.BytesIO(data)
    yield "Python", pickle._Unpickler, io.BytesIO(data)
    yield "C file", pickle.Unpickler, io.BufferedReader(Tiny(data), 16)


def read_one(policy, data, globals_expected, stats):
    proto = data[1] if data[:1] == b"\x80" else 0
    first = None
    for label, base, file in readings(data):
        world = World(policy, proto)
        reader = type("Reader", (base,), {"find_class": lambda self, m, n, w=world: w.find(m, n)})(file)
        outcome = "value"
        try:
            check_planted(reader.load(), set())
        except Violation as violation:
            return "%s: %s" % (label, violation)
        except UnicodeDecodeError:  # 8-bit strings: the reader's encoding= decides
            outcome = "encoding"
        except MemoryError:
            outcome = "memory"
        except Exception as error:
            return "%s: %s: %s" % (label, type(error).__name__, error)
        stats[outcome] = stats.get(outcome, 0) + 1
        if outcome != "value":
            continue
        found = [CONTROLS.sub("?", name) for name in world.found]  # as the driver prints them
        if found != globals_expected:
            return "%s: resolves %s, reported %s" % (label, found, globals_expected)
        if first is not None and first != world.events:
            return "%s: events differ: %s, %s" % (label, world.events, first)
        first = world.events
    return None


def child(path):
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (1800, 1800))
    import warnings
    warnings.simplefilter("ignore")
    policy, stats, failures = read_policy(), {}, 0
    with open(path, "rb") as file:
        while True:
            head = file.read(8)
            if len(head) < 8:
                break
            size, names = struct.unpack("<II", head)
            data, expected = file.read(size), file.read(names).decode().split("\t")
            wrong = read_one(policy, data, [e for e in expected if e], stats)
            if wrong:
                failures += 1
                kept = os.path.join(tempfile.gettempdir(), "pickle_disagreement_%d.pkl" % failures)
                open(kept, "wb").write(data)
                print("DISAGREEMENT", kept, wrong, data[:400])
                if failures >= 10:
                    break
    print("%s: readings %s, disagreements %d" % (sys.version.split()[0], stats, failures))
    return 1 if failures else 0


# ---- the parent: streams ------------------------------------------------------------------------

def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


class Assembler:
    """Random streams over an approximate stack: kinds by letter, a list of lists for marks."""

    WORDS = ["a", "x", "name", "append", "extend", "add", "__setstate__", "__class__", "app", "os", "system", "User",
             "latin1", "Inner", "RED", "__new__", "items", "helper", "_unpickle", "b", "1/3", "1.5"]

    def __init__(self, rng, names):
        self.rng, self.names = rng, names
        self.out, self.stacks, self.memo = bytearray(), [[]], {}
        self.proto = rng.choice((0, 1, 2, 2, 3, 4, 4, 4, 5))

    def push(self, code, kind):
        self.out += code
        self.stacks[-1].append(kind)

    def pop(self, n):
        del self.stacks[-1][len(self.stacks[-1]) - n:]

    def leaf(self):
        r = self.rng
        k = r.randrange(16)
        if k < 3:
            self.push(b"K" + bytes([r.randrange(4)]), "i")
        elif k < 4:
            self.push(r.choice((b"J\xff\xff\xff\xff", b"M\x00\x01", b"I5\n", b"I01\n", b"L-7L\n", b"\x8a\x01\x05", b"\x8a\x00", b"F1.5\n",
                                b"G?\xf0\0\0\0\0\0\0")), "i")
        elif k < 6:
            self.push(r.choice((b"N", b"\x88", b"\x89")), "n")
        elif k < 10:
            self.push(short(r.choice(self.WORDS)), "s")
        elif k < 11:
            w = r.choice(self.WORDS)
            self.push(r.choice((b"V%s\n", b"S'%s'\n")) % w.encode(), "s")
        elif k < 12:
            w = r.choice(self.WORDS).encode()
            self.push(r.choice((b"X" + struct.pack("<I", len(w)) + w, b"U" + bytes([len(w)]) + w)), "s")
        elif k < 13:
            self.push(r.choice((b"C\x02ab", b"C\x01b", b"B\0\0\0\0", b"\x96\x01\0\0\0\0\0\0\0x")), "b")
        else:
            self.push(r.choice((b"]", b"}", b")", b"\x8f")), None)
            self.stacks[-1][-1] = {93: "l", 125: "d", 41: "t", 143: "e"}[self.out[-1]]

    def glob(self):
        module, name = self.rng.choice(self.names)
        if self.rng.random() < 0.02:
            module, name = self.rng.choice((("os", "system"), ("app", "Nope"), ("app", "User.__init__"), ("builtins", "eval")))
        old = {"builtins": "__builtin__", "copyreg": "copy_reg"}
        if self.proto < 3 and self.rng.random() < 0.95:
            module = old.get(module, module)
        if self.proto >= 4 and self.rng.random() < 0.7 or "." in name and self.proto >= 4:
            self.push(short(module) + short(name) + b"\x93", "g")
        elif self.rng.random() < 0.1:
            self.out += b"("
            self.push(b"i%s\n%s\n" % (module.encode(), name.encode()), "o")
        else:
            self.push(b"c%s\n%s\n" % (module.encode(), name.encode()), "g")

    def construct(self):
        r = self.rng
        self.glob()
        if self.stacks[-1][-1] != "g":
            return
        n = r.randrange(3)
        for _ in range(n):
            self.leaf()
        how = r.random()
        self.out += (b")", b"\x85", b"\x86")[n]
        self.pop(n)
        self.out += b"R" if how < 0.5 else b"\x81"
        self.stacks[-1][-1] = "o"

    def method(self):
        """A known shape, so that models are reached."""
        r = self.rng
        user = b"c" + r.choice((b"app\nUser\n", b"app\nPoint\n", b"app\nArgs\n"))
        get = b"c__builtin__\ngetattr\n" if self.proto < 3 else b"cbuiltins\ngetattr\n"
        obj = b"c__builtin__\nobject\n" if self.proto < 3 else b"cbuiltins\nobject\n"
        rec = b"ccopy_reg\n_reconstructor\n" if self.proto < 3 else b"ccopyreg\n_reconstructor\n"
        cut = r.random() < 0.1
        shapes = (get + b"capp\nColor\nV" + r.choice((b"RED", b"x", b"__init__")) + b"\n\x86R",
                  rec + user + obj + b"N\x87R",
                  b"c_codecs\nencode\nV\xe9\nVlatin1\n\x86R",
                  b"ccollections\nOrderedDict\n)R(K\x01K\x02u",
                  b"ccollections\ndeque\n)]\x86R" if cut else b"ccollections\ndeque\n)R(K\x01e",
                  b"cfunctools\npartial\n" + get + user + b"V__new__\n\x86R\x85R(" + get + user + b"V__new__\n\x86R(" + user + b"K\x01t}Ntb)R")
        self.push(r.choice(shapes), "o")

    def step(self):
        r, top = self.rng, self.stacks[-1]
        k = r.randrange(100)
        if k < 26:
            self.leaf()
        elif k < 33:
            self.glob()
        elif k < 43:
            self.construct()
        elif k < 46:
            self.method()
        elif k < 53:
            self.out += b"("
            self.stacks.append([])
        elif k < 60 and top:
            n = min(len(top), r.randrange(1, 4))
            self.out += (b"\x85", b"\x86", b"\x87")[n - 1]
            self.pop(n)
            top.append("t")
        elif k < 70 and len(self.stacks) > 1:
            self.close()
        elif k < 74 and len(top) > 1:
            self.out += b"a"
            self.pop(1)
        elif k < 78 and len(top) > 2:
            self.out += b"s"
            self.pop(2)
        elif k < 83 and len(top) > 1:
            self.out += b"b"
            self.pop(1)
        elif k < 87 and len(top) > 1:
            self.out += r.choice((b"R", b"\x81", b"R"))
            self.pop(1)
            top[-1] = "o"
        elif k < 92 and top:
            i = len(self.memo) if r.random() < 0.9 else r.randrange(4)
            self.out += r.choice((b"q" + bytes([i & 255]), b"\x94", b"p%d\n" % i))
            self.memo[i & 255] = top[-1]
        elif k < 97 and self.memo:
            i = r.choice(list(self.memo))
            self.push(r.choice((b"h" + bytes([i]), b"g%d\n" % i)), self.memo[i])
        elif top:
            self.out += r.choice((b"0", b"2"))
            self.pop(1) if self.out[-1:] == b"0" else top.append(top[-1])

    def close(self):
        items, below = self.stacks[-1], self.stacks[-2]
        r = self.rng
        even = len(items) % 2 == 0
        kinds = [("t", b"t"), ("l", b"l")]
        target = below[-1] if below else None
        if even:
            kinds += [("d", b"d")]
            if target in ("d", "o"):
                kinds = [(None, b"u")] * 3
        if target in ("l", "o") and r.random() < 0.8:
            kinds = [(None, b"e")]
        if target == "e":
            kinds = [(None, b"\x90")]
        if items and items[0] == "g" and r.random() < 0.5:
            kinds = [("o", b"o")]
        if r.random() < 0.05:
            kinds = [("z", b"\x91"), (None, b"1")]
        kind, code = r.choice(kinds)
        self.out += code
        self.stacks.pop()
        if kind:
            self.stacks[-1].append(kind)

    def stream(self):
        for _ in range(self.rng.randrange(1, 24)):
            self.step()
        while len(self.stacks) > 1:
            self.close()
        if not self.stacks[0]:
            self.out += b"N"
            self.stacks[0] = ["n"]
        n = len(self.stacks[0])
        if n > 3 or n > 1 and self.rng.random() < 0.3:
            self.out += b"0" * (n - 1)
        elif n > 1:
            self.out += (b"\x85", b"\x86", b"\x87")[n - 1]
        body = bytes(self.out) + b"."
        if self.rng.random() < 0.2:
            body = self.framed(body)
        return (b"\x80" + bytes([self.proto]) if self.proto >= 2 else b"") + body

    def framed(self, body):
        cut = self.rng.randrange(1, len(body) + 1)
        return b"\x95" + struct.pack("<Q", cut) + body[:cut] + body[cut:]


def change(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        k = rng.randrange(5)
        at = rng.randrange(len(data) + 1)
        if k == 0 and at < len(data):
            data[at] = rng.choice(b"().012FNSVKRabcdeghilopqstu]}\x80\x81\x85\x86\x87\x88\x8c\x8f\x90\x91\x93\x94\x95")
        elif k == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif k == 2:
            data[at:at] = bytes([rng.choice(b"(0N2e)Rbqh]}t\x93\x94\x85\x86")])
        elif k == 3:
            del data[at:at + rng.randrange(1, 4)]
        else:
            other = rng.randrange(len(data) + 1)
            data[at:at] = data[other:other + rng.randrange(1, 12)]
    return bytes(data)


def honest():
    import collections
    import datetime
    import decimal
    import fractions
    values = [None, {"a": [1, 2.5, "x"], "b": (1,)}, [1] * 3, {1, 2}, frozenset("ab"), b"abc", bytearray(b"x"),
              collections.OrderedDict(a=1), collections.Counter("aab"), collections.defaultdict(list, a=[1]),
              collections.deque([1, 2], 5), datetime.datetime(2026, 1, 2), datetime.timedelta(1), decimal.Decimal("1.5"),
              fractions.Fraction(1, 3), range(3), slice(1, 2), complex(1, 2), type(None), ValueError("x"), object()]
    return [pickle.dumps(v, p) for v in values for p in range(6)]


def streams(count, seed):
    rng = random.Random(seed)
    names = list(read_policy())
    base = [open(f, "rb").read() for f in sorted(glob.glob(os.path.join(CORPUS, "*.pkl"))) if os.path.getsize(f) < 600]
    base += honest()
    yield from base
    for _ in range(count):
        kind = rng.random()
        if kind < 0.6:
            data = Assembler(rng, names).stream()
            yield data if rng.random() < 0.9 else change(rng, data)
        else:
            yield change(rng, rng.choice(base))


def driver_sources():
    folders = ("proto/base", "proto/pickle", "proto/policy", "proto/text")
    return sorted(f for folder in folders for f in glob.glob(os.path.join(ROOT, folder, "*.c"))) + [os.path.join(HERE, "pickle_driver.c")]


def build_driver(folder):
    driver = os.path.join(folder, "pickle_driver")
    # From the top of the tree, which the embedded presets are named from.
    subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-D_GNU_SOURCE", "-I", "proto", "-o", driver]
                          + driver_sources() + ["-lm"], cwd=ROOT)
    return driver


def ask(driver, policy, streams):
    """The driver's fields of each stream: rule, offset, module:name of a refusal, type, heap, globals."""
    data = b"".join(struct.pack("<I", len(s)) + s for s in streams)
    answer = subprocess.run([driver, policy], input=data, stdout=subprocess.PIPE, check=True).stdout
    return [line.split("\t") for line in answer.decode().split("\n")[:-1]]


def names_of(fields):
    """The globals of an accepted stream that find_class sees."""
    return [g.rsplit(":", 1)[0] for g in fields[5:] if not g.endswith("a")]


def verify_all(driver, count, seed, path, seen, rules):
    """Verifies the streams in batches; writes the accepted ones, each once, for the children."""
    batch = []
    accepted = open(path, "wb")

    def flush():
        for stream, fields in zip(batch, ask(driver, POLICY, batch)):
            rules[fields[0]] = rules.get(fields[0], 0) + 1
            if fields[0] == "accepted" and hash(stream) not in seen:
                seen.add(hash(stream))
                names = "\t".join(names_of(fields)).encode()
                accepted.write(struct.pack("<II", len(stream), len(names)) + stream + names)
        batch.clear()
    for stream in streams(count, seed):
        batch.append(stream)
        if len(batch) >= 20000:
            flush()
    flush()
    accepted.close()


def pythons():
    found = {}
    elsewhere = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python")))
    for name in [sys.executable, "/usr/bin/python3"] + ["python3.%d" % n for n in range(8, 16)] + elsewhere:
        path = shutil.which(name)
        if not path:
            continue
        answer = subprocess.run([path, "-c", "import sys; sys.version_info < (3, 8) and sys.exit(1); print(sys.version.split()[0])"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode == 0:
            found.setdefault(answer.stdout.decode().strip(), path)
    return list(found.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--read")
    options = parser.parse_args()
    if options.read:
        return child(options.read)
    rules, seen, failed, readers = {}, set(), set(), pythons()
    with tempfile.TemporaryDirectory() as folder:
        driver = build_driver(folder)
        for block, made in enumerate(range(0, options.count, BLOCK)):
            path = os.path.join(folder, "accepted%d" % block)
            verify_all(driver, min(BLOCK, options.count - made), options.seed + block, path, seen, rules)
            for python in readers:
                if subprocess.call([python, os.path.abspath(__file__), "--read", path]):
                    failed.add(python)
            os.unlink(path)
            if options.count > BLOCK:
                print("%d streams so far, %d accepted, %d of them different" %
                      (sum(rules.values()), rules.get("accepted", 0), len(seen)), flush=True)
    print("%d streams, %d accepted, %d of them different, read by %d Pythons" %
          (sum(rules.values()), rules.get("accepted", 0), len(seen), len(readers)))
    print(" ".join("%s %d" % r for r in sorted(rules.items(), key=lambda r: -r[1])))
    print("%d passed, %d failed" % (len(readers) - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
