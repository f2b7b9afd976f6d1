# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Pickles that run code when they are read, and the ways in which a client gets bytes into a keyspace.

Each way is for one command of COMMAND with the flag "write" (or for messages); it has to end in a
refusal, or at least without the value.  For gate_libraries.py.
"""

import os
import pickle
import struct
import zlib

import redis

REFUSAL = ("PICKLEDENIED", "PICKLEMALFORMED", "PICKLETRUNCATED", "PICKLELIMIT")

# ---- pickles -----------------------------------------------------------------------------------


class Calls:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def long_text(text):
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def evils(marker):
    """(name, bytes, what the refusal names).  Whoever reads one makes the file `marker`.

    Where nothing is named, every unpickler fails before it does anything: `auto` may admit it."""
    shell = f": > {marker}"
    made = []

    def add(name, data, named):
        made.append((name, data, named))

    for protocol in range(6):
        add(f"os.system, protocol {protocol}", pickle.dumps(Calls(os.system, shell), protocol), "posix.system")
    for protocol in (0, 2, 4):
        add(f"eval, protocol {protocol}", pickle.dumps(Calls(eval, f"open({marker!r}, 'w')"), protocol), "eval")
    add("exec in a list", pickle.dumps([1, {"a": (2, Calls(exec, f"open({marker!r}, 'w')"))}]), "builtins.exec")
    add("open", pickle.dumps(Calls(open, marker, "w")), "io.open")
    add("a pickle that loads another", pickle.dumps(Calls(pickle.loads, pickle.dumps(Calls(os.system, shell)))), "_pickle.loads")
    import subprocess
    add("subprocess", pickle.dumps(Calls(subprocess.Popen, ["touch", marker])), "subprocess.Popen")
    add("getattr of a module", b"cbuiltins\ngetattr\n(cos\npath\nS'os'\ntR.", "os.path")
    add("getattr of a class", b"cbuiltins\ngetattr\n(cbuiltins\nstr\nS'format'\ntR.", "builtins.getattr")
    add("INST", f"(S'{shell}'\nios\nsystem\n.".encode(), "os.system")
    add("OBJ", f"(cos\nsystem\nS'{shell}'\no.".encode(), "os.system")
    add("NEWOBJ", b"cos\nsystem\n(S'x'\nt\x81.", "os.system")
    add("STACK_GLOBAL", b"\x80\x04" + long_text("os") + long_text("system") + b"\x93" + long_text(shell) + b"\x85R.", "os.system")
    add("names out of the memo", b"\x80\x04" + long_text("os") + b"\x94" + long_text("system") + b"\x94" + b"0" + b"0"
        + b"h\x00h\x01\x93" + long_text(shell) + b"\x85R.", "os.system")
    add("an attribute of an attribute", b"\x80\x04" + long_text("os") + long_text("path.os.system") + b"\x93" + long_text(shell)
        + b"\x85R.", "os.path.os.system")
    for module, name in (("numpy.testing._private.utils", "runstring"), ("numpy.f2py.crackfortran", "myeval"),
                         ("numpy", "load"), ("pandas", "eval"), ("pandas.io.pickle", "read_pickle"), ("joblib", "load"),
                         ("django.utils.module_loading", "import_string"), ("celery.utils.imports", "symbol_by_name"),
                         ("werkzeug.utils", "import_string"), ("runpy", "run_path"), ("importlib", "import_module"),
                         ("operator", "attrgetter"), ("functools", "partial"), ("timeit", "timeit"), ("pty", "spawn")):
        add(f"{module}.{name}", f"c{module}\n{name}\n(S'x'\ntR.".encode(), f"{module}.{name}")
    add("a state that calls", b"\x80\x02cos\nenviron\n}S'a'\ncos\nsystem\n(S'" + shell.encode() + b"'\ntRsb.", "os.environ")
    add("a hash that calls", b"\x80\x04}cos\nsystem\n(S'" + shell.encode() + b"'\ntRNs.", "os.system")
    add("behind honest values", pickle.dumps({"cart": list(range(50))})[:-1] + b"0" + pickle.dumps(Calls(os.system, shell), 2), "posix.system")
    add("a class nobody knows", b"\x80\x04" + long_text("shop.secrets") + long_text("Keys") + b"\x93)\x81.", "shop.secrets.Keys")
    add("a number of the extension registry", b"\x80\x02\x82\x01.", "")
    add("a persistent id", b"Pposix.system\n.", "")
    add("ends after the import", b"cos\nsystem\n", "os.system")
    add("ends after the call", f"cos\nsystem\n(S'{shell}'\ntR".encode(), "os.system")
    add("broken after the call", f"cos\nsystem\n(S'{shell}'\ntR\xff\xff".encode("latin1"), "os.system")
    add("an unknown protocol", b"\x80\x09" + pickle.dumps(Calls(os.system, shell), 4)[2:], "")
    add("nested too deep", b"(" * 3000 + b"cos\nsystem\n(S'x'\ntR" + b"t" * 3000 + b".", "")
    return made


def bomb():
    """Half a megabyte that unpacks to 512 MB, a call behind them."""
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    data = packer.compress(b"\x80\x04B" + struct.pack("<I", 512 << 20))
    return data + b"".join(packer.compress(zeros) for _ in range(512)) + packer.compress(b"0cos\nsystem\n(S'x'\ntR.") + packer.flush()


# ---- ways in -----------------------------------------------------------------------------------


class Way:
    """What an attacker has: a raw connection, the victim's key, the value, and an opaque corner.

    The corner is the keys `raw:*` of the same database and the whole of database 15, whose rules
    admit anything: what lies there is read by nobody."""

    def __init__(self, raw, key, evil, db):
        self.raw, self.key, self.evil, self.db = raw, key, evil, db
        self.fresh = key + "-new"  # the same rule, nothing stored

    def __call__(self, *words):
        return self.raw.execute_command(*words)

    def corner(self, name, data):
        self("SET", "raw:" + name, data)
        return "raw:" + name

    def halves(self):
        middle = max(1, len(self.evil) // 2)
        return self.evil[:middle], self.evil[middle:]

    def elsewhere(self, data):
        """A key of the same name in the database that admits anything."""
        self("SELECT", 15)
        try:
            self("SET", self.key, data)
        finally:
            self("SELECT", self.db)

    def from_elsewhere(self, *words):
        self("SELECT", 15)
        try:
            return self(*words)
        finally:
            self("SELECT", self.db)


def by_append(way):
    head, tail = way.halves()
    way("APPEND", way.fresh, head)
    way("APPEND", way.fresh, tail)


def by_append_to_a_half(way):
    way("RENAME", way.corner("half", way.halves()[0]), way.fresh)
    way("APPEND", way.fresh, way.halves()[1])


def by_setrange(way):
    way("SETRANGE", way.fresh, 0, way.halves()[0])
    way("SETRANGE", way.fresh, len(way.halves()[0]), way.halves()[1])


def by_setrange_backwards(way):
    way("SETRANGE", way.fresh, len(way.halves()[0]), way.halves()[1])
    way("SETRANGE", way.fresh, 0, way.halves()[0])


def by_setbit(way):
    for at, byte in enumerate(way.evil):
        for bit in range(8):
            if byte >> (7 - bit) & 1:
                way("SETBIT", way.fresh, at * 8 + bit, 1)


def by_bitfield(way):
    words = []
    for at, byte in enumerate(way.evil):
        words += ["SET", "u8", f"#{at}", byte]
    way("BITFIELD", way.key, *words)


def by_bitfield_increments(way):
    for at, byte in enumerate(way.evil):
        way("BITFIELD", way.fresh, "INCRBY", "u8", f"#{at}", byte)


def by_bitop(way):
    head, tail = way.halves()
    left = way.corner("left", head + bytes(len(tail)))
    right = way.corner("right", bytes(len(head)) + tail)
    way("BITOP", "OR", way.key, left, right)


def by_bitop_not(way):
    way("BITOP", "NOT", way.key, way.corner("inverse", bytes(byte ^ 255 for byte in way.evil)))


def by_bitop_xor(way):
    pad = way.corner("pad", b"\xa5" * len(way.evil))
    way("BITOP", "XOR", way.key, pad, way.corner("mixed", bytes(byte ^ 0xa5 for byte in way.evil)))


def in_transaction(way, *words):
    way.raw.pipeline(transaction=True).set(way.fresh, b"1").execute_command(*words).execute()


def by_exec_of_a_rename(way):
    in_transaction(way, "RENAME", way.corner("whole", way.evil), way.key)


def by_move(way):
    way.elsewhere(way.evil)
    way("DEL", way.key)  # MOVE writes over nothing
    if not way.from_elsewhere("MOVE", way.key, way.db):
        raise RuntimeError("there is nothing to move")


def by_copy_from_elsewhere(way):
    way.elsewhere(way.evil)
    way.from_elsewhere("COPY", way.key, way.key, "DB", way.db, "REPLACE")


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


def payload(text, version=10):
    """What DUMP would answer, plain."""
    body = b"\x00\x80" + struct.pack(">I", len(text)) + text + struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def payload_in_literals(text):
    """The same, packed by LZF without a reference."""
    packed = b"".join(bytes([len(text[at:at + 32]) - 1]) + text[at:at + 32] for at in range(0, len(text), 32))
    body = (b"\x00\xc3\x80" + struct.pack(">I", len(packed)) + b"\x80" + struct.pack(">I", len(text)) + packed
            + struct.pack("<H", 80))
    return body + struct.pack("<Q", crc64(body))


def set_with(*options):
    return lambda way: way("SET", way.fresh if "NX" in options else way.key, way.evil, *options)


def no_value(*words):
    """A command that stores no value it is given: it is given one all the same, in each place."""
    def way_in(way):
        for at in range(len(words)):
            given = [way.key if word == "KEY" else word for word in words]
            given[at] = way.evil
            if at:
                try:
                    way(*given)
                except redis.ResponseError:
                    pass
    way_in.may_be_answered = True
    return way_in


WAYS = {
    "set": [set_with(), set_with("EX", 100), set_with("PX", 100000), set_with("XX"), set_with("NX"), set_with("KEEPTTL"),
            set_with("XX", "GET"), set_with("EXAT", 4000000000)],
    "getset": [lambda way: way("GETSET", way.key, way.evil)],
    "setex": [lambda way: way("SETEX", way.key, 100, way.evil)],
    "psetex": [lambda way: way("PSETEX", way.key, 100000, way.evil)],
    "setnx": [lambda way: way("SETNX", way.fresh, way.evil)],
    "mset": [lambda way: way("MSET", way.fresh, b"1", way.key, way.evil), lambda way: way("MSET", way.key, b"1", way.key, way.evil)],
    "msetnx": [lambda way: way("MSETNX", way.fresh, way.evil, way.fresh + "2", b"1")],
    "append": [lambda way: way("APPEND", way.fresh, way.evil), by_append, by_append_to_a_half],
    "setrange": [lambda way: way("SETRANGE", way.key, 0, way.evil), by_setrange, by_setrange_backwards],
    "setbit": [by_setbit],
    "bitfield": [by_bitfield, by_bitfield_increments],
    "bitop": [by_bitop, by_bitop_not, by_bitop_xor],
    "rename": [lambda way: way("RENAME", way.corner("whole", way.evil), way.key), by_exec_of_a_rename],
    "renamenx": [lambda way: way("RENAMENX", way.corner("whole", way.evil), way.fresh)],
    "copy": [lambda way: way("COPY", way.corner("whole", way.evil), way.key, "REPLACE"), by_copy_from_elsewhere],
    "move": [by_move],
    "restore": [lambda way: way("RESTORE", way.fresh, 0, payload(way.evil)),
                lambda way: way("RESTORE", way.key, 100000, payload(way.evil, 12), "REPLACE"),
                lambda way: way("RESTORE", way.key, 4000000000000, payload_in_literals(way.evil), "ABSTTL", "REPLACE")],
    "getex": [no_value("GETEX", "KEY", "EX", "100")],
    "getdel": [no_value("GETDEL", "KEY")],
    "incr": [no_value("INCR", "KEY")], "decr": [no_value("DECR", "KEY")],
    "incrby": [no_value("INCRBY", "KEY", "1")], "decrby": [no_value("DECRBY", "KEY", "1")],
    "incrbyfloat": [no_value("INCRBYFLOAT", "KEY", "1.5")],
    "sort": [no_value("SORT", "none", "STORE", "raw:none")],
    "expire": [no_value("EXPIRE", "KEY", "100", "NX")], "pexpire": [no_value("PEXPIRE", "KEY", "100000", "NX")],
    "expireat": [no_value("EXPIREAT", "KEY", "4000000000", "NX")],
    "pexpireat": [no_value("PEXPIREAT", "KEY", "4000000000000", "NX")],
    "persist": [no_value("PERSIST", "KEY")],
    "del": [no_value("DEL", "raw:none", "raw:none")], "unlink": [no_value("UNLINK", "raw:none", "raw:none")],
    "flushdb": [no_value("FLUSHDB", "NEVER")], "flushall": [no_value("FLUSHALL", "NEVER")],
    "swapdb": [no_value("SWAPDB", "0", "NEVER")],
    "pickle.forget": [no_value("PICKLE.FORGET", "GLOBAL", "none")],
}

COMPARE_AND_SET = """if redis.call('get',KEYS[1]) == ARGV[2] then if #ARGV == 4 then
    return redis.call('set', KEYS[1], ARGV[1], ARGV[3], ARGV[4]) else return redis.call('set', KEYS[1], ARGV[1]) end
    else return 0 end"""
SET_IF_ABSENT = """local result = redis.call('SETNX', KEYS[1], ARGV[1]) if result == 1 and ARGV[2] ~= -1 then
    redis.call('EXPIRE', KEYS[1], ARGV[2]) end return result"""


def by_script(way):
    way("EVAL", COMPARE_AND_SET, 1, way.key, way.evil, way("GET", way.key))


def by_loaded_script(way):
    sha = way("SCRIPT", "LOAD", SET_IF_ABSENT)
    way("EVALSHA", sha, 1, way.fresh, way.evil, 100)


# Not writes by COMMAND, but values come in by them.
MESSAGES = {
    "publish": [lambda way: way("PUBLISH", way.key, way.evil)],
    "spublish": [lambda way: way("SPUBLISH", way.key, way.evil)],
    "exec": [lambda way: in_transaction(way, "SET", way.key, way.evil),
             lambda way: in_transaction(way, "PUBLISH", way.key, way.evil)],
    "eval": [by_script, lambda way: in_transaction(way, "EVAL", SET_IF_ABSENT, 1, way.fresh, way.evil, 100)],
    "evalsha": [by_loaded_script],
}
