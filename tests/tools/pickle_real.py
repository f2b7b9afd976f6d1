#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The verifier against real libraries: what a preset lets pass is loaded with the real find_class.

pickle_soundness.py reads with stubs, so it cannot see what numpy does with a state.  Here pickles of
honest values are taken apart into the parts that make a value each; parts are exchanged, changed,
left out and repeated; what the verifier accepts under the presets is loaded by the Python that runs
this, in children with bounded memory, time and files, without a network, watched by an audit hook:

  - the globals resolved are those of the report, in that order;
  - nothing is imported, opened, executed or called outside find_class that HARMLESS does not name;
  - memory grows by at most RATIO times the report's estimate, and FLOOR bytes;
  - no failure of the machine's own kind (UnpicklingError, EOFError, SystemError), no crash, no hang,
    also when the object is read through afterwards (pickled again) and freed.

Other exceptions are the called class's own business: real constructors refuse values.

usage: pickle_real.py [--count N] [--seed S] [--presets stdlib,numpy,pandas] [--keep DIR]
exit status 1: a disagreement, kept as a file"""
import argparse
import codecs
import collections
import ctypes
import gc
import io
import json
import mmap
import os
import pickle
import pickletools
import random
import re
import resource
import select
import signal
import struct
import sys
import tempfile
import time
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import preset_values  # noqa: E402
from pickle_soundness import ask, build_driver, names_of  # noqa: E402

RATIO, FLOOR_BYTES = 8, 8 << 20
SPARE_BYTES = 1 << 30       # address space of a child beyond what it has at its start
SECONDS_PER_STREAM = 10
STREAMS_PER_CHILD = 400
BASES_MAX = 6000            # streams that others are made from
PART_OPCODES_MAX = 120

# Events that loading may raise by itself, outside find_class.
HARMLESS = {"array.__new__", "builtins.id", "object.__getattr__", "object.__setattr__", "object.__delattr__",
            "sys._getframe", "sys.excepthook", "sys.unraisablehook",
            "compile"}  # running what was compiled is an event of its own
# What importing an allowed module may do, inside find_class.
IMPORTING = HARMLESS | {"import", "open", "exec", "marshal.loads", "os.listdir", "os.scandir"}

# A time zone is read from its file, by name, wherever Python looks for them.
ZONE_FILES = re.compile(r"(/zoneinfo/|[/.]tzdata/|/importlib/|/importlib_resources/)(?!.*\.\./)")


# ---- streams: parts of honest pickles -----------------------------------------------------------

Op = collections.namedtuple("Op", "name raw tag")  # tag: of a memo entry, unique among all streams
PUTS, GETS = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), ("GET", "BINGET", "LONG_BINGET")
ROUTES = {"REDUCE": "made", "NEWOBJ": "made", "NEWOBJ_EX": "made", "BUILD": "made", "OBJ": "made", "INST": "made",
          "STACK_GLOBAL": "global", "GLOBAL": "global"}


def kind_of(name):
    """Parts of one kind stand for each other more often than others."""
    if name in ROUTES:
        return ROUTES[name]
    for word in ("INT", "LONG", "UNICODE", "BYTES", "TUPLE", "LIST", "DICT", "SET", "FLOAT", "STRING"):
        if word in name:
            return word
    return {"APPENDS": "LIST", "APPEND": "LIST", "SETITEMS": "DICT", "SETITEM": "DICT", "ADDITEMS": "SET"}.get(name, "other")


class Stream:
    """Opcodes of a pickle without PROTO, FRAME and STOP, and its parts: (begin, end, kind)."""

    tags = 0

    def __init__(self, data):
        self.proto, self.ops, memo = 0, [], {}
        found = list(pickletools.genops(data))
        ends = [pos for _, _, pos in found[1:]] + [len(data)]
        for (op, arg, pos), end in zip(found, ends):
            if op.name == "PROTO":
                self.proto = arg
            elif op.name in PUTS:
                Stream.tags += 1
                memo[len(memo) if op.name == "MEMOIZE" else arg] = Stream.tags
                self.ops.append(Op("PUT", b"", Stream.tags))
            elif op.name in GETS:
                self.ops.append(Op("GET", b"", memo[arg]))
            elif op.name not in ("FRAME", "STOP"):
                self.ops.append(Op(op.name, data[pos:end], None))
        self.find_parts()

    def find_parts(self):
        self.parts, stack, marks = [], [], []
        for at, op in enumerate(self.ops):
            if op.name == "MARK":
                marks.append(len(stack))
                stack.append((at, None))
                continue
            info = MOVES[op.name]
            begin, kind = at, kind_of(op.name)
            if info.mark:
                mark = marks.pop()
                begin = stack[mark][0]
                del stack[mark:]
            for _ in range(info.pops):
                begin, below = stack.pop()
                if op.name == "PUT":
                    kind = below
            if info.pushes:
                stack.append((begin, kind))
                self.parts.append((begin, at + 1, kind))


Moves = collections.namedtuple("Moves", "pops pushes mark")


def moves():
    found = {"PUT": Moves(1, 1, False), "GET": Moves(0, 1, False)}
    for op in pickletools.opcodes:
        before, mark = list(op.stack_before), pickletools.markobject in op.stack_before
        if mark:
            before = before[:before.index(pickletools.markobject)]
        found.setdefault(op.name, Moves(len(before), len(op.stack_after), mark))
    return found


MOVES = moves()


def put_together(proto, ops):
    """Bytes of the opcodes; memo entries are numbered in order, and those that none reads left out."""
    read = {op.tag for op in ops if op.name == "GET"}
    written, out = {}, []
    for op in ops:
        if op.name == "PUT":
            if op.tag in read:
                index = len(written)
                if op.tag not in written:
                    written[op.tag] = index
                index = written[op.tag]
                out.append(b"q%c" % index if index < 256 else b"r" + struct.pack("<I", index))
        elif op.name == "GET":
            index = written.get(op.tag)
            out.append(b"N" if index is None else b"h%c" % index if index < 256 else b"j" + struct.pack("<I", index))
        else:
            out.append(op.raw)
    return (b"\x80%c" % proto if proto >= 2 else b"") + b"".join(out) + b"."


INTS = [0, 1, 2, 3, 4, 8, 16, 27, 63, 64, 100, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 62, 2 ** 63 - 1,
        -1, -2, -101, -128, -2 ** 31, -2 ** 63, 10 ** 30]
TEXTS = ["", "a", "b", "f8", "<f8", "i4", "O", "O8", "|O", "V8", "V16", "U4", "S3", "M8", "m8", "M8[ns]", "c16", "b1", "?", "f2", "g", "G",
         "|", "<", ">", "=", "x" * 300, "C", "F", "latin1", "data", "name", "dtype", "names", "levels", "codes", "freq", "values", "D", "ns",
         "category", "int64", "object", "period[M]", "MT19937", "PCG64", "\u20ac", "\x00", "inf", "nan", "1/3", "1E+999999", "UTC", "+01:00"]


def int_op(value):
    return Op("INT", b"I%d\n" % value if abs(value) < 2 ** 62 else pickle.encode_long(value) and
              b"\x8a%c" % len(pickle.encode_long(value)) + pickle.encode_long(value), None)


def text_op(text):
    raw = text.encode()
    return Op("BINUNICODE", b"X" + struct.pack("<I", len(raw)) + raw, None)


def bytes_op(raw):
    return Op("BINBYTES", b"B" + struct.pack("<I", len(raw)) + raw, None)


class Breeder:
    """Makes streams from streams; what was accepted becomes a base itself."""

    def __init__(self, rng, bases):
        self.rng, self.bases, self.pool = rng, bases, {}
        for base in bases:
            self.offer(base)

    def offer(self, base):
        for begin, end, kind in base.parts:
            if end - begin <= PART_OPCODES_MAX:
                parts = self.pool.setdefault((base.proto >= 3, kind), [])
                part = base.ops[begin:end]
                if len(parts) < 4000:
                    parts.append(part)
                elif self.rng.random() < 0.02:
                    parts[self.rng.randrange(len(parts))] = part

    def keep(self, data):
        try:
            base = Stream(data)
        except (ValueError, KeyError, IndexError, UnicodeDecodeError):
            return
        if len(base.ops) > 3000 or not base.parts:
            return
        if len(self.bases) < BASES_MAX:
            self.bases.append(base)
        else:
            self.bases[self.rng.randrange(len(self.bases))] = base
        if self.rng.random() < 0.1:
            self.offer(base)

    def from_pool(self, base, kind):
        if self.rng.random() < 0.25:
            kind = self.rng.choice([k for modern, k in self.pool if modern == (base.proto >= 3)])
        parts = self.pool.get((base.proto >= 3, kind))
        return self.rng.choice(parts) if parts else []

    def leaf(self, kind, part):
        r = self.rng
        if kind in ("INT", "LONG"):
            return [int_op(r.choice(INTS) if r.random() < 0.7 else r.randrange(-300, 300))]
        if kind in ("UNICODE", "STRING"):
            return [text_op(r.choice(TEXTS))]
        if kind == "BYTES" and part[-1].raw[:1] in (b"B", b"C"):
            raw = part[-1].raw[5 if part[-1].raw[:1] == b"B" else 2:]
            return [bytes_op(r.choice((raw[:-1], raw + b"\x01", raw[:len(raw) // 2], raw * 2, b"", r.getrandbits(64).to_bytes(8, "little"),
                                       bytes(b ^ 255 for b in raw[:64]) + raw[64:])))]
        return None

    def edit(self, base, part):
        r, (begin, end, kind) = self.rng, part
        ops, how = base.ops[begin:end], r.random()
        changed = self.leaf(kind, ops) if end - begin <= 2 else None
        if changed is not None and how < 0.5:
            return changed
        if how < 0.75:
            return self.from_pool(base, kind)
        if how < 0.8:
            return [Op("NONE", b"N", None)]
        if how < 0.85:
            return ops + ops
        if how < 0.89:
            return ops + self.from_pool(base, r.choice(("TUPLE", "DICT"))) + [Op("BUILD", b"b", None)]
        if how < 0.92:
            return ops + self.leaf("UNICODE", ops) + self.from_pool(base, "made") + [Op("SETITEM", b"s", None)]
        if how < 0.94:
            return ops + self.from_pool(base, "made") + [Op("APPEND", b"a", None)]
        if how < 0.97 and kind == "made":
            return ops[:-1]
        if how < 0.985:
            return ops + [Op("TUPLE1", b"\x85", None)]
        return []

    def stream(self):
        base = self.rng.choice(self.bases)
        edits = sorted(self.rng.choice(base.parts) for _ in range(self.rng.choice((1, 1, 2, 3, 5))))
        ops, at = [], 0
        for part in edits:
            if part[0] < at:
                continue
            ops += base.ops[at:part[0]] + self.edit(base, part)
            at = part[1]
        return put_together(base.proto, ops + base.ops[at:])


def honest(preset_names):
    """A Stream of each honest value's pickle; those of lists of values also of each one alone."""
    seen = set()
    for name in preset_names:
        values = preset_values.PRESETS[name]()
        single = {"%s.%d" % (key, i): v for key, value in values.items() if isinstance(value, list) for i, v in enumerate(value)}
        for _, _, _, data in preset_values.pickles(lambda made={**values, **single}: made):
            if data not in seen and len(data) < 20000:
                seen.add(data)
                yield Stream(data)


# ---- the child: loading under watch --------------------------------------------------------------
# SystemErrors by which numpy refuses: text that is no Unicode; a cell of a record that cannot be set.
REFUSALS = ("invalid maximum character", "returned a result with an exception set")


class Watch:
    """What the audit hook saw of one load.  A hook cannot be taken off: it asks this object."""

    def __init__(self):
        self.wrong, self.importing, self.zones, self.armed = [], False, False, False

    def allows(self, event, args):
        if event == "pickle.find_class":
            return self.importing
        if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
            return False
        if self.importing:
            return event in IMPORTING
        if self.zones and event in IMPORTING:
            return event != "open" or ZONE_FILES.search(str(args[0])) is not None
        return event in HARMLESS

    def hook(self, event, args):
        if self.armed and not self.allows(event, args):
            self.wrong.append("%s %s" % (event, repr(args)[:200]))
            raise RuntimeError("not allowed while loading: " + event)


def reader(base, watch, found, proto):
    import _compat_pickle as compat

    class Reader(base):
        def find_class(self, module, name):
            key = (module, name)
            if proto < 3:
                key = compat.NAME_MAPPING.get(key, (compat.IMPORT_MAPPING.get(module, module), name))
            found.append("%s:%s" % key)
            watch.zones |= module in ("zoneinfo", "pytz")
            watch.importing = True
            try:
                return super().find_class(module, name)
            finally:
                watch.importing = False
    return Reader


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    return 0


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def read_through(value):
    try:
        pickle.dumps(value, 4)
    except (Exception, RecursionError):
        pass


def load_one(watch, base, progress, data, expected, heap):
    """(outcome, what is wrong, bytes taken)"""
    found, outcome, value = [], "value", None
    proto = data[1] if data[:1] == b"\x80" else 0
    loading = reader(base, watch, found, proto)(io.BytesIO(data))
    forget_peak()
    before = peak_bytes()
    watch.wrong, watch.zones = [], False
    watch.armed = True
    try:
        value = loading.load()
    except (pickle.UnpicklingError, EOFError, SystemError) as error:
        outcome = "%s: %s" % (type(error).__name__, error)
        if any(words in outcome for words in REFUSALS):
            outcome = "exception"
    except (AttributeError, ModuleNotFoundError) as error:
        outcome = "exception"
        if found and str(error).find(found[-1].split(":")[0].split(".")[0]) >= 0:
            outcome = "not in this version"
    except MemoryError:
        outcome = "memory"
    except BaseException as error:
        outcome = "exception"
        if type(error).__name__ == "PanicException":
            outcome = str(error)
    watch.armed = False
    taken = max(0, peak_bytes() - before)
    wrong = list(watch.wrong)
    complete = outcome == "value"
    if found != expected[:len(found)] or (complete and found != expected):
        wrong.append("resolves %s, reported %s" % (found, expected))
    if outcome not in ("value", "exception", "not in this version"):
        wrong.append(outcome)
    if taken > RATIO * heap + FLOOR_BYTES:
        wrong.append("takes %d bytes, estimated %d" % (taken, heap))
    struct.pack_into("<I", progress, 4, True)
    read_through(value)
    return (outcome if complete or outcome in ("exception", "not in this version") else "wrong"), "; ".join(wrong), taken


def confine():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x40000000)  # a network namespace of its own; needs root, the hook is there anyway
    with open("/proc/self/statm") as statm:
        size = int(statm.read().split()[0]) * resource.getpagesize()
    for limit, value in ((resource.RLIMIT_AS, size + SPARE_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
                         (resource.RLIMIT_CPU, SECONDS_PER_STREAM * STREAMS_PER_CHILD)):
        resource.setrlimit(limit, (value, value))


def child(batch, start, progress, out):
    for codec in ("latin1", "latin-1", "ascii", "utf-8"):
        codecs.lookup(codec)  # an import of Python's own, once a process
    try:
        import zoneinfo
        zoneinfo.ZoneInfo("No/Such")  # the same: what it looks for files with
    except (ImportError, KeyError):
        pass
    # Errors that C code can only print: their printing opens source files.
    sys.excepthook = sys.unraisablehook = lambda *error: None
    confine()
    watch = Watch()
    sys.addaudithook(watch.hook)
    stats, worst = collections.Counter(), 0
    for at in range(start, len(batch)):
        data, expected, heap = batch[at]
        struct.pack_into("<II", progress, 0, at, False)
        signal.alarm(SECONDS_PER_STREAM)
        for base in (pickle.Unpickler, pickle._Unpickler) if at % 8 == 0 else (pickle.Unpickler,):
            outcome, wrong, taken = load_one(watch, base, progress, data, expected, heap)
            stats[outcome] += 1
            worst = max(worst, taken / max(heap, FLOOR_BYTES // RATIO))
            if wrong:
                os.write(out, (json.dumps({"at": at, "wrong": "%s: %s" % (base.__name__, wrong)}) + "\n").encode())
        gc.collect(1)
    os.write(out, (json.dumps({"stats": stats, "worst": worst}) + "\n").encode())


class Loader:
    """Forks children that load batches; survives their deaths and names the stream."""

    def __init__(self, keep):
        self.keep, self.stats, self.worst, self.failures = keep, collections.Counter(), 0.0, 0
        self.progress = mmap.mmap(-1, mmap.PAGESIZE)
        self.seen = collections.Counter()

    def fail(self, data, wrong):
        self.failures += 1
        kind = wrong[:60]
        self.seen[kind] += 1
        if self.seen[kind] > 3:
            return
        path = os.path.join(self.keep, "real_%s_%d.pkl" % (sys.version.split()[0], self.failures))
        with open(path, "wb") as file:
            file.write(data)
        print("DISAGREEMENT", path, wrong[:600], data[:300], flush=True)

    def run(self, batch):
        for begin in range(0, len(batch), STREAMS_PER_CHILD):
            piece, start = batch[begin:begin + STREAMS_PER_CHILD], 0
            while start < len(piece):
                start = self.run_child(piece, start)

    def run_child(self, piece, start):
        """Where to go on: behind the stream that killed the child, or at the end."""
        ours, theirs = os.pipe()
        sys.stdout.flush()
        struct.pack_into("<II", self.progress, 0, start, False)
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            code = 3
            try:
                child(piece, start, self.progress, theirs)
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        text = b""
        while True:
            select.select([ours], [], [])
            more = os.read(ours, 65536)
            if not more:
                break
            text += more
        os.close(ours)
        status = os.waitpid(pid, 0)[1]
        for line in text.decode().splitlines():
            answer = json.loads(line)
            if "wrong" in answer:
                self.fail(piece[answer["at"]][0], answer["wrong"])
            else:
                self.stats.update(answer["stats"])
                self.worst = max(self.worst, answer["worst"])
        if status == 0:
            return len(piece)
        at, loaded = struct.unpack_from("<II", self.progress)
        what = "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "exit code %d" % os.WEXITSTATUS(status)
        self.fail(piece[at][0], "kills its reader %s: %s" % ("after the load" if loaded else "while loading", what))
        return at + 1


# ---- the whole ---------------------------------------------------------------------------------

def verify(driver, presets, streams):
    """(stream, globals, heap) of those accepted."""
    for stream, fields in zip(streams, ask(driver, "preset:" + presets, streams)):
        if fields[0] == "accepted":
            yield stream, names_of(fields), int(fields[4])


def examine(driver, presets, count, seed, loader):
    rng = random.Random("%s %d" % (presets, seed))
    breeder = Breeder(rng, list(honest(presets.split(","))))
    honest_ones = [put_together(base.proto, base.ops) for base in breeder.bases]
    accepted = list(verify(driver, presets, honest_ones))
    loader.run(accepted)
    made = passed = 0
    while made < count:
        batch = list({breeder.stream() for _ in range(min(4000, count - made))})
        made += min(4000, count - made)
        accepted = list(verify(driver, presets, batch))
        passed += len(accepted)
        for stream, _, _ in accepted:
            if rng.random() < 0.2:
                breeder.keep(stream)
        loader.run(accepted)
    print("%s: %d honest, %d streams made, %d accepted" % (presets, len(honest_ones), made, passed), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=3000, help="streams of each preset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--presets", default="stdlib,numpy,pandas")
    parser.add_argument("--keep", default=tempfile.gettempdir())
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    began, examined = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        driver = build_driver(folder)
        loader = Loader(options.keep)
        for presets in options.presets.split(","):
            try:
                examine(driver, presets, options.count, options.seed, loader)
                examined += 1
            except ImportError as missing:
                print("%s: skipped, %s" % (presets, missing))
    print("Python %s: loads %s, most memory %.1f times the estimate, %.0f s" %
          (sys.version.split()[0], dict(loader.stats), loader.worst, time.monotonic() - began))
    print("%d passed, %d failed" % (sum(loader.stats.values()) - loader.failures, loader.failures))
    return 1 if loader.failures or not examined else 0


if __name__ == "__main__":
    sys.exit(main())
