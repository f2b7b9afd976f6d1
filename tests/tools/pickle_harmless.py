#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""pickle_is_harmless against CPython: where it answers yes, no reader may do anything.

Random bytes, text, opcodes in any order and changed pickles are judged by harmless_driver, then given
to every reader of every Python at hand: C and Python, loads and load, three encodings, files with and
without peek.  An audit hook stands before each import, extension codes, persistent ids and buffers give
an object that tells when it is touched, memory and time are watched.  A reader that takes more than some
seconds of CPU, or dies, is counted and named by its signal; over a harmless stream that is a failure,
unless it is time alone that was taken, behind an object from outside.

usage: pickle_harmless.py [--count N] [--deal]     exit status 1: a reader acted on what was harmless
       pickle_harmless.py --measure [--folder D]   how many honest values of each kind are refused
       pickle_harmless.py --read FILE              (the child)"""
import argparse
import base64
import collections
import functools
import glob
import io
import json
import os
import pickle
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import uuid
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
CORPUS = os.path.join(ROOT, "tests", "corpus")
IMPORT, AT_END, USE, MEMORY, TIME, UNKNOWN = 1, 2, 4, 8, 16, 32  # enum pickle_harm_kind
OPCODES = b"().012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu}" + bytes(range(0x80, 0x99))


# ---- the child: readers that are watched ---------------------------------------------------------

class Acted(BaseException):
    pass


class Watch:
    """What the present reading has done."""
    what = ""
    has_protocol = False  # at the beginning, where every reader comes by

    def note(self, what):
        self.what = self.what or what


WATCH = Watch()


OF_TEXT_ONLY = frozenset(map(chr, range(33))) | frozenset("\x7f\"'()+,:;<=>[]{|}")


class Asked:
    """Stands in the place of all finders and keeps the first name that the import system looks for."""
    name = None

    def find_spec(self, name, path=None, target=None):
        self.name = name if self.name is None else self.name
        return None


@functools.lru_cache(maxsize=None)
def first_file(module):
    """The file's name, without its suffix, that __import__(module) looks for first; None: none at all."""
    asked, finders, modules = Asked(), sys.meta_path[:], dict(sys.modules)
    sys.meta_path[:] = [asked]
    sys.modules.clear()
    try:
        __import__(module)
    except (ImportError, ValueError):
        pass
    finally:
        sys.modules.update(modules)
        sys.meta_path[:] = finders
    return None if asked.name is None else asked.name.rpartition(".")[2]


def counts_as_import(module):
    """Not where text without PROTO may name it; in what begins with PROTO whatever it is."""
    file = first_file(module)
    return file is not None and (WATCH.has_protocol or not OF_TEXT_ONLY & set(file))


def hook(event, args):
    if event == "pickle.find_class":
        module, name = args
        if counts_as_import(module):
            WATCH.note("import %r %r" % (module, name))
        raise Acted


def touched(name):
    def method(self, *args, **kwargs):
        WATCH.note("%s of an object from outside" % name)
        raise Acted
    return method


class Outside:
    """Stands for what a reader brings along; nothing may be done to it."""
    for _name in ("getattribute call hash eq iter len bool index setitem getitem setattr add iadd "
                  "contains next buffer").split():
        locals()["__%s__" % _name] = touched(_name)


OUTSIDE = Outside()


class Plain:
    """A file with neither peek nor readinto."""
    def __init__(self, data):
        self.inner = io.BytesIO(data)

    def read(self, n):
        return self.inner.read(n)

    def readline(self):
        return self.inner.readline()


def forever():
    while True:
        yield OUTSIDE


class Persistent:
    def persistent_load(self, pid):
        return OUTSIDE


class CPersistent(Persistent, pickle.Unpickler):
    pass


class PythonPersistent(Persistent, pickle._Unpickler):
    pass


def load_all(load, file, **options):
    """One pickle after the other, as a reader that loops does."""
    for _ in range(50):
        load(file, **options)


def load_again(kind, file, **options):
    """The same with one unpickler, which keeps its memo."""
    unpickler = kind(file, **options)
    for _ in range(50):
        unpickler.load()


READERS = [
    ("C loads", lambda d: pickle.loads(d)),
    ("C load", lambda d: load_all(pickle.load, io.BytesIO(d), encoding="latin1")),
    ("C load, peek", lambda d: load_again(CPersistent, io.BufferedReader(io.BytesIO(d)), encoding="bytes", buffers=forever())),
    ("C load, plain file", lambda d: load_again(pickle.Unpickler, Plain(d))),
    ("Python loads", lambda d: pickle._loads(d)),
    ("Python load", lambda d: load_again(PythonPersistent, io.BytesIO(d), encoding="latin1", buffers=forever())),
    ("Python load, plain file", lambda d: load_all(pickle._load, Plain(d), encoding="bytes")),
]
MEMORY_KB, SECONDS = 64 << 10, 1.0
ENDED_SECONDS = 2  # of CPU, in whole seconds: no reader of a refused stream may take longer here


def bound_time():
    """From now on so much CPU time, and then the process ends: C code that hashes takes no notice of signals."""
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1 + ENDED_SECONDS, resource.RLIM_INFINITY))


def is_weighed(data):
    """Whether memory and time count: not behind an object from outside, see strain() in harmless.c."""
    return not any(code in data for code in b"PQ\x82\x83\x84\x97")


def read(data):
    """What some reader did, or an empty string."""
    done = ""
    WATCH.has_protocol = data[:1] == b"\x80" and data[1:2] <= b"\x05"
    weighed = is_weighed(data)
    for name, reader in READERS:
        WATCH.what = ""
        bound_time()
        memory, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        try:
            reader(data)
        except (Acted, Exception):
            pass
        if weighed and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > memory + MEMORY_KB:
            WATCH.note("memory")
        if weighed and time.process_time() - start > SECONDS:
            WATCH.note("time")
        if WATCH.what and not done:
            done = "%s: %s" % (name, WATCH.what)
    return done


def read_streams(path):
    """(is it called harmless, its bytes) of each stream in the file."""
    found = []
    with open(path, "rb") as file:
        while head := file.read(5):
            harmless, length = struct.unpack("<?I", head)
            found.append((harmless, file.read(length)))
    return found


def complain(done, data):
    print("%s acts on what is called harmless: %s\n  %r" % (sys.version.split()[0], done, data[:400]), flush=True)


def work(judged, answers):
    """A byte for each stream: whether some reader has done something."""
    for harmless, data in judged:
        done = read(data)
        if harmless and done:
            complain(done, data)
        os.write(answers, b"1" if done else b"0")


def answers_of(judged):
    """What work() says of the streams, in a process of its own, and the signal that ended it."""
    ours, theirs = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(ours)
        try:
            work(judged, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        answers = pipe.read()
    return answers, os.WTERMSIG(os.waitpid(worker, 0)[1])


def child(path):
    import copyreg
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    for code in list(range(1, 1 << 16)) + [1 << 16, 0x7fffffff]:
        copyreg._extension_cache[code] = OUTSIDE
    sys.addaudithook(hook)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # CPython complains of bytearrays that it could not allocate
    judged = read_streams(path)
    acted, quiet, ended, at = collections.Counter(), collections.Counter(), collections.Counter(), 0
    while at < len(judged):
        answers, killer = answers_of(judged[at:])
        for (harmless, _), answer in zip(judged[at:], answers):
            (acted if answer == ord("1") else quiet)[harmless] += 1
        at += len(answers)
        if at < len(judged):  # the worker came to an end over this one
            harmless, data = judged[at]
            how = signal.Signals(killer).name if killer else "exit"
            ended[how] += 1
            counts = how != "SIGXCPU" or is_weighed(data)
            (acted if counts else quiet)[harmless] += 1
            if harmless and counts:
                complain(how, data)
            at += 1
    print("%s: harmless %d, refused %d, of these no reader did anything with %d; ended: %s" % (
        sys.version.split()[0], quiet[True] + acted[True], quiet[False] + acted[False], quiet[False],
        ", ".join("%d by %s" % (n, how) for how, n in sorted(ended.items())) or "none"), flush=True)
    return 1 if acted[True] else 0


# ---- streams -------------------------------------------------------------------------------------

WORDS = b"a cat os country name of index Version N I am 12 0x1f 1.5e3 'x' \"y\" . .. config.ini p0 g0 000 L12L inf nan caf\xc3\xa9 \xff".split()
LINES = (b"os\nsystem\n", b"posix\n", b"a b\nc\n", b"os. x\ny\n", b".os\nx\n", b". os\nx\n", b"..os\nx\n", b"\n\n", b"\n", b"1\n", b"0\n", b"7\n", b"5000\n", b"99999999\n", b"'a'\n", b"\"os\"\n",
         b"1.5\n", b"1L\n", b"0x10\n", b"01\n", b" 3 \n", b"os\n", b"\xc3\xa9\nx\n", b"\xff\nx\n", b"1_0\n", b"0_0\n", b"0x_f\n", b"0b1\n", b"+0o17 \n", b".5e+3\n", b"-inf\n", b"\x00\n", b"3\x00x\n", b"-0\n", b"os", b"9" * 4400 + b"\n")
LINED = b"cFgILipPSV"


def argument(rng, code):
    """Something to stand behind the opcode; often what it wants."""
    if code in LINED:
        if rng.random() < 0.3:
            return bytes(rng.choice(b"0011279_+-.eExXobLl \t\r\0'\"infaNcs") for _ in range(rng.randrange(1, 6))) + b"\n"
        return rng.choice(LINES)
    small = rng.choice((0, 1, 2, 2, 3, 5, 8, 200))
    text = rng.choice((b"os", b"system", b".os", b"..", b"a b", b"\xc3\xa9", b"x", b""))
    if code in b"UC\x8c\x8a":
        return bytes([len(text) if rng.random() < 0.9 else small]) + text
    if code in b"TXB\x8b":
        return struct.pack("<I", len(text) if rng.random() < 0.9 else rng.choice((small, 1 << 31, 1 << 29))) + text
    if code in b"\x8d\x8e\x96":
        return struct.pack("<Q", len(text) if rng.random() < 0.9 else rng.choice((small, 1 << 33, 1 << 50, 1 << 63))) + text
    if code == 0x95:
        return struct.pack("<Q", rng.choice((0, 1, 2, 3, 4, 6, 9, 14, 20, 1 << 20, 1 << 63)))
    if code in b"rj\x84J":
        return struct.pack("<I", rng.choice((0, 1, 2, small, 4097, 1 << 24, 1 << 31)))
    if code in b"hqK\x80\x82":
        return bytes([rng.choice((0, 1, 2, 4, small))])
    if code in b"M\x83":
        return struct.pack("<H", small)
    return bytes(8) if code == 0x47 else b""


PUSHES = b"NNK)]}\x8fX\x8c\x8cSUVIFLC\x96B\x88J"


def opcode_stream(rng):
    out = bytearray()
    for _ in range(rng.randrange(1, 14)):
        code = rng.choice(PUSHES) if rng.random() < 0.5 else rng.choice(OPCODES)
        if rng.random() < 0.08:
            code = 0x28
        out.append(code)
        out += argument(rng, code)
    if rng.random() < 0.5:  # how far a reader comes shows by what is done there
        out += rng.choice((b"cos\nx\n", b"cos\nx\n", b"cos\nx\n.", b"\x8c\x02os\x8c\x01x\x93", b"ios\nx\n", b"\x82\x01)R"))
    if rng.random() < 0.15:
        at = rng.randrange(len(out) + 1)
        out[at:at] = b"\x95" + struct.pack("<Q", rng.randrange(len(out) - at + 2))
    return bytes(out if rng.random() < 0.8 else out[:rng.randrange(len(out) + 1)])


def text_stream(rng):
    lines = [b" ".join(rng.choice(WORDS) for _ in range(rng.choice((1, 1, 2, 4)))) for _ in range(rng.randrange(1, 5))]
    first = bytes([rng.choice(OPCODES[:45])]) if rng.random() < 0.7 else b""
    return first + rng.choice((b"\n", b"\n", b"\r\n")).join(lines) + rng.choice((b"", b"\n"))


def change(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        kind, at = rng.randrange(5), rng.randrange(len(data) + 1)
        if kind == 0:
            data[at:at + 1] = bytes([rng.choice(OPCODES)])
        elif kind == 1:
            data[at:at + 1] = bytes([rng.randrange(256)])
        elif kind == 2:
            data[at:at] = bytes([rng.choice(b"(0N2e)Rbqh]}t\x93\x94\x85\x86\x95\x82.")])
        elif kind == 3:
            del data[at:at + rng.randrange(1, 4)]
        else:
            del data[at:]
    return bytes(data)


def corpus():
    values = [None, {"a": [1, 2.5, "x"], "b": (1,)}, [1] * 3, {1, 2}, frozenset("ab"), b"abc", bytearray(b"x"), {1: 2, b"x": "y"},
              "os", 1 << 80, [[]], "caf\xe9"]
    found = [pickle.dumps(v, p) for v in values for p in range(6)]
    for folder in ("pickle", "pickle_harmless"):
        for path in sorted(glob.glob(os.path.join(CORPUS, folder, "*"))):
            if os.path.getsize(path) < 600:
                found.append(open(path, "rb").read())
    return found


# Refused for what is outside, and then a tuple of 2**60 parts as a key: what reads them has to be ended.
ENDLESS = [b"\x82\x01" + key for key in (b"})" + b"2\x86" * 60 + b"Ns.", b"\x8f()" + b"2\x86" * 60 + b"\x90.")]


def streams(count, seed):
    rng = random.Random(seed)
    base = corpus()
    if seed == 1:
        for data in [bytes([a]) for a in range(256)] + base + ENDLESS:
            yield data
    for _ in range(count):
        kind = rng.random()
        if kind < 0.1:
            yield bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40)))
        elif kind < 0.2:
            yield text_stream(rng)
        elif kind < 0.7:
            yield opcode_stream(rng)
        else:
            yield change(rng, rng.choice(base))


# ---- the judge -----------------------------------------------------------------------------------

def build_driver(folder):
    driver = os.path.join(folder, "harmless_driver")
    sources = [path for part in ("base", "pickle", "policy", "text") for path in glob.glob(os.path.join(ROOT, "proto", part, "*.c"))]
    subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-D_GNU_SOURCE", "-I", os.path.join(ROOT, "proto"), "-o", driver,
                           os.path.join(HERE, "harmless_driver.c")] + sources + ["-lm"], cwd=ROOT)
    return driver


def judge(driver, values):
    """(kinds of harm, offset, what) of each value."""
    data = b"".join(struct.pack("<I", len(v)) + v for v in values)
    answer = subprocess.run([driver], input=data, stdout=subprocess.PIPE, check=True).stdout
    lines = answer.decode().splitlines()
    assert len(lines) == len(values)
    return [(int(kinds), int(offset), what) for kinds, offset, what in (line.split("\t") for line in lines)]


def pythons():
    found = {}
    for name in [sys.executable, "/usr/bin/python3"] + ["python3.%d" % n for n in range(8, 15)] + \
            sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python"))):
        path = shutil.which(name)
        answer = path and subprocess.run([path, "-c", "import sys; print(*sys.version_info[:3])"], stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL)
        version = tuple(map(int, answer.stdout.split())) if answer and answer.returncode == 0 else ()
        if version >= (3, 8):
            found.setdefault(version, path)
    return [found[v] for v in sorted(found)]


def write_streams(path, judged):
    with open(path, "wb") as file:
        for harmless, value in judged:
            file.write(struct.pack("<?I", harmless, len(value)) + value)


def start_child(python, path):
    return subprocess.Popen([python, "-W", "ignore", os.path.abspath(__file__), "--read", path])


def check(driver, folder, options, seed):
    """How many Pythons passed and failed on the streams of one seed; all see all, or each its share."""
    values = list(streams(options.count, seed))
    judged = [(verdict[0] == 0, value) for value, verdict in zip(values, judge(driver, values))
              if not verdict[0] & (MEMORY | TIME)]  # what takes a reader's memory or time takes ours too
    waiting, results, running = pythons(), [], []
    shares = len(waiting) if options.deal else 1
    while waiting or running:
        while waiting and len(running) < options.jobs:
            path = os.path.join(folder, "streams.%d" % len(waiting))
            write_streams(path, judged[len(waiting) % shares::shares])
            running.append(start_child(waiting.pop(0), path))
        results.append(running.pop(0).wait())
    return results.count(0), len(results) - results.count(0)


# ---- what it costs honest values -----------------------------------------------------------------

def pack(value):
    """msgpack of a value."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        return b"\xff" if value == -1 else b"\xce" + struct.pack(">I", value & 0xffffffff)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return (bytes([0xa0 + len(raw)]) if len(raw) < 32 else b"\xda" + struct.pack(">H", len(raw))) + raw
    count = len(value)
    if isinstance(value, list):
        head = bytes([0x90 + count]) if count < 16 else b"\xdc" + struct.pack(">H", count)
        return head + b"".join(map(pack, value))
    head = bytes([0x80 + count]) if count < 16 else b"\xde" + struct.pack(">H", count)
    return head + b"".join(pack(k) + pack(v) for k, v in value.items())


NAMES = "id name user email count total price created updated status items city country code currency is_active info cart config".split()


def random_value(rng, depth=0):
    kind = rng.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return rng.choice((rng.randrange(100), rng.randrange(1 << 31)))
    if kind < 4:
        return " ".join(rng.choice(NAMES) for _ in range(rng.randrange(1, 4)))
    if kind == 4:
        return rng.random()
    if kind == 5:
        return rng.choice((None, True, False))
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(9))]
    return {rng.choice(NAMES): random_value(rng, depth + 1) for _ in range(rng.randrange(1, 9))}


def random_object(rng):
    return {rng.choice(NAMES): random_value(rng, 1) for _ in range(rng.randrange(1, 7))}


FOLDERS = ("/usr/share", "/usr/include", "/usr/lib", "/var/log", "/etc")
FILE_KINDS = [("HTML", "html htm"), ("JSON files", "json"), ("CSV", "csv"), ("XML, SVG", "xml svg"), ("Python", "py"), ("C", "c h"),
              ("JavaScript, CSS", "js css"), ("shell, SQL", "sh sql"), ("Markdown, reST, text", "md rst txt"), ("YAML, TOML, conf", "yml yaml toml conf"),
              ("logs", "log"), ("images", "png gif jpg ico webp"), ("archives, binaries", "gz zip so pyc mo deb whl")]


def files(folders, limit=4000):
    """Honest files by kind, not more than `limit` of each."""
    kinds = {ext: kind for kind, exts in FILE_KINDS for ext in exts.split()}
    found = collections.defaultdict(list)
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                kind = kinds.get(name.rsplit(".", 1)[-1])
                if kind:
                    found[kind].append(os.path.join(where, name))
    rng = random.Random(1)
    for kind, paths in found.items():
        rng.shuffle(paths)
        contents = []
        for path in paths:
            if len(contents) >= limit:
                break
            if os.path.isfile(path) and 0 < os.path.getsize(path) < 1 << 20:
                contents.append(open(path, "rb").read())
        yield kind, contents


def chunks(rng, contents, count):
    """Pieces that begin where a line does, of any length."""
    out = []
    for data in contents:
        starts = [0] + [m.end() for m in re.finditer(b"\n", data)]
        for _ in range(max(1, count // len(contents))):
            at = rng.choice(starts)
            out.append(data[at:at + rng.choice((30, 200, 1000, 5000))])
    return [c for c in out if c]


def lines(rng, contents, count):
    out = [line for data in contents for line in data.splitlines() if line]
    rng.shuffle(out)
    return out[:count]


def generated(rng, count):
    base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    stamp = [time.gmtime(rng.randrange(1 << 31)) for _ in range(count // 10)]
    yield "JSON objects", [json.dumps(random_object(rng)).encode() for _ in range(count)]
    yield "msgpack objects", [pack(random_object(rng)) for _ in range(count)]
    yield "msgpack values", [pack(random_value(rng)) for _ in range(count)]
    yield "msgpack, integer keys", [pack({rng.randrange(128): rng.randrange(200) for _ in range(rng.randrange(1, 6))}) for _ in range(count)]
    yield "random bytes, 16 to 100", [rng.getrandbits(8 * n).to_bytes(n, "big") for n in (rng.randrange(16, 101) for _ in range(10 * count))]
    yield "zlib", [zlib.compress(json.dumps(random_object(rng)).encode()) for _ in range(count // 4)]
    yield "uuid", [str(uuid.UUID(int=rng.getrandbits(128))).encode() for _ in range(count)]
    yield "hex, 32 digits", [b"%032x" % rng.getrandbits(128) for _ in range(count)]
    yield "base62, 24 letters", ["".join(rng.choice(base62) for _ in range(24)).encode() for _ in range(count)]
    yield "base64 of 24 bytes", [base64.b64encode(rng.getrandbits(192).to_bytes(24, "big")) for _ in range(count)]
    yield "base64 of 300 bytes", [base64.b64encode(rng.getrandbits(2400).to_bytes(300, "big")) for _ in range(count // 10)]
    yield "times", [time.strftime("%Y-%m-%dT%H:%M:%SZ", t).encode() for t in stamp] + [time.asctime(t).encode() for t in stamp]
    yield "numbers", [str(rng.choice((rng.random(), rng.randrange(-1 << 40, 1 << 40)))).encode() for _ in range(count)]


def words():
    """Single words, as flags and states are stored."""
    found = set()
    for path in glob.glob("/usr/share/dict/words") + glob.glob(os.path.join(ROOT, "**", "*.md"), recursive=True):
        found.update(re.findall(b"[A-Za-z]{2,12}", open(path, "rb").read()))
    return sorted(found)


def row(driver, kind, values, wanted):
    if wanted not in kind:
        return []
    verdicts = judge(driver, values)
    refused = [(v, value) for v, value in zip(verdicts, values) if v[0]]
    counts = [sum(bool(v[0] & kind) for v, _ in refused) for kind in (IMPORT, AT_END, USE, MEMORY, TIME, UNKNOWN)]
    print("%-36s %9d %8d %8.3f%%" % (kind, len(values), len(refused), 100.0 * len(refused) / max(1, len(values))) + " %7d" * 6 % tuple(counts))
    return refused


def measure(driver, folder, folders, show, wanted):
    """The table, and then how many refused values no reader does anything with."""
    rng = random.Random(1)
    print("%-36s %9s %8s %9s" % ("kind", "values", "refused", "") + " %7s" * 6 % ("import", "at end", "use", "memory", "time", "unknown"))
    refused = []
    for kind, contents in sorted(files(folders)):
        refused += row(driver, kind + ", whole", contents, wanted)
        if kind not in ("images", "archives, binaries"):
            refused += row(driver, kind + ", from a line on", chunks(rng, contents, 40000), wanted)
            refused += row(driver, kind + ", one line", lines(rng, contents, 100000), wanted)
    for kind, values in generated(rng, 100000):
        refused += row(driver, kind, values, wanted)
    refused += row(driver, "single words", words(), wanted)
    path = os.path.join(folder, "refused")
    write_streams(path, [(False, value) for verdict, value in refused if not verdict[0] & (MEMORY | TIME)])
    start_child(sys.executable, path).wait()
    rng.shuffle(refused)
    for verdict, value in refused[:show]:
        print("%s %s %s: %r" % (verdict[0], verdict[1], verdict[2], value[:100]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=1, help="of so many streams, each from the next seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--deal", action="store_true", help="each stream to one Python only")
    parser.add_argument("--read")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--kind", default="", help="only kinds with this in their name")
    parser.add_argument("--folder", action="append")
    options = parser.parse_args()
    if options.read:
        return child(options.read)
    with tempfile.TemporaryDirectory() as folder:
        driver = build_driver(folder)
        if options.measure:
            measure(driver, folder, options.folder or FOLDERS, options.show, options.kind)
            return 0
        passed = failed = 0
        for seed in range(options.seed, options.seed + options.rounds):
            good, bad = check(driver, folder, options, seed)
            passed, failed = passed + good, failed + bad
        print("%d passed, %d failed" % (passed, failed))
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
