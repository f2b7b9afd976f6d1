#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a library's reader hands to its unpickler is one of the readings that frame_walk shows.

Values are written by the real libraries of Debian (and, where Debian has none, by a few lines that
stand for one: marked "after"), as they are and then changed at random, and read by the same
libraries with pickle.loads replaced by a recorder.  What was recorded must be the beginning of a
reading whose path ends in pickle or joblib.  A reader whose library is not installed is left out
and named.

Usage: frame_honest.py [--count 20000] [--seed 1] [--only NAME]
Last line: "N passed, N failed".
"""
import argparse
import base64
import bz2
import gzip
import hashlib
import importlib
import io
import json
import lzma
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import tempfile
import types
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# ---- the recorder, in place before any library takes its own reference --------------------------

recorded = []


class Stop(Exception):
    pass


def record(data, *_args, **_kwargs):
    recorded.append(bytes(data))
    raise Stop


def record_file(file, *_args, **_kwargs):
    """As an unpickler reads a stream: on and on, until the end or an error."""
    got = bytearray()
    recorded.append(got)
    while True:
        try:
            # By single bytes at first: of a larger part an error would take what came before it.
            part = file.read(1 if len(got) < 2000 else 61)
        except Exception:
            part = b""
        if not part:
            raise Stop
        got += part


# Any other first byte is no opcode, or needs a stack: every unpickler fails at it.
BEGINNINGS = b"()]}FGIJKLMNPSTUVXBCci" + bytes([0x80, 0x82, 0x83, 0x84, *range(0x88, 0x90), 0x95, 0x96, 0x97])

real_loads = pickle.loads
pickle.loads = record
pickle.load = record_file

# ---- the driver ---------------------------------------------------------------------------------


def build_driver(folder):
    driver = os.path.join(folder, "frame_driver")
    sources = [os.path.join(ROOT, "tests/tools/frame_driver.c")]
    for layer in ("proto/base", "proto/text", "proto/frame"):
        path = os.path.join(ROOT, layer)
        sources += sorted(os.path.join(path, f) for f in os.listdir(path) if f.endswith(".c"))
    subprocess.check_call([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address,undefined",
                           "-fno-sanitize-recover=all", "-I", os.path.join(ROOT, "proto"), "-o", driver] + sources
                          + ["-lz", "-lbz2", "-llzma", "-llz4", "-lzstd", "-lm"])
    return driver


class Driver:
    def __init__(self, program, words):
        self.process = subprocess.Popen([program, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def readings(self, value):
        """(status, [(path, bytes)])"""
        self.process.stdin.write(struct.pack("<I", len(value)) + value)
        self.process.stdin.flush()
        shown = []
        while True:
            line = self.process.stdout.readline().decode().rstrip("\n")
            if not line:
                raise RuntimeError("the driver died of %r" % value)
            length = struct.unpack("<I", self.process.stdout.read(4))[0]
            data = self.process.stdout.read(length)
            if not line[0].isdigit():
                return line, shown
            shown.append((line[2:], data))

    def close(self):
        self.process.stdin.close()
        return self.process.wait() == 0


# ---- libraries ----------------------------------------------------------------------------------

class Reader:
    """name; words for the driver; read(value), which unpickles by the library; write(pickle)."""

    def __init__(self, name, words, read, write, integers=False):
        self.name, self.words, self.read, self.write, self.integers = name, words, read, write, integers


def pyzstd_after_zstandard():
    """pyzstd, which Debian has not: decompress reads all frames, and fails on what is none."""
    zstandard = importlib.import_module("zstandard")

    class ZstdError(Exception):
        pass

    def decompress(data):
        out, rest = b"", data
        while rest or not out:
            one = zstandard.ZstdDecompressor().decompressobj()
            try:
                out += one.decompress(rest)
            except zstandard.ZstdError as error:
                raise ZstdError from error
            if not one.eof:
                raise ZstdError
            rest = one.unused_data
        return out

    module = types.ModuleType("pyzstd")
    module.ZstdError, module.decompress = ZstdError, decompress
    module.compress = zstandard.ZstdCompressor().compress
    sys.modules["pyzstd"] = module


def django_redis(compressor):
    def make():
        from django.conf import settings
        if not settings.configured:
            settings.configure(SECRET_KEY="x")
        if compressor == "zstd":
            pyzstd_after_zstandard()
        from django_redis.client import DefaultClient
        from django_redis.serializers.pickle import PickleSerializer
        module = importlib.import_module(f"django_redis.compressors.{compressor}")
        client = DefaultClient.__new__(DefaultClient)
        client._serializer = PickleSerializer({})
        client._compressor = [c for n, c in vars(module).items() if n.lower() == compressor + "compressor"][0]({})
        words = {"identity": "", "lzma": ",lzma,xz"}.get(compressor, "," + compressor)
        return Reader("django-redis " + compressor, "pickle,integer" + words, client.decode, client._compressor.compress, True)
    return make


def cachelib_redis():
    from cachelib.serializers import RedisSerializer
    return Reader("cachelib", "bang,integer", RedisSerializer().loads, lambda p: b"!" + p, True)


def flask_caching_redis():
    from flask_caching.backends.rediscache import RedisCache
    cache = RedisCache.__new__(RedisCache)
    loads = getattr(cache, "load_object", None) or RedisCache.serializer.loads
    return Reader("Flask-Caching", "bang,integer", loads, lambda p: b"!" + p, True)


def dogpile_region():
    from dogpile.cache import make_region
    region = make_region().configure("dogpile.cache.memory")
    region.deserializer = pickle.loads
    head = json.dumps({"ct": 1795373285.43, "v": 2}).encode()
    return Reader("dogpile", "dogpile", region._parse_serialized_from_backend, lambda p: head + b"|" + p)


def kombu_message(name, encode, nested=False):
    def make():
        from kombu.transport.virtual import base
        from kombu.utils.encoding import bytes_to_str
        from kombu.utils.json import loads
        channel = base.Channel.__new__(base.Channel)

        def read(value):
            message = loads(bytes_to_str(value))
            if isinstance(message, list):
                message = message[0]
            base.Message(message, channel=channel, accept={"application/x-python-serialize"}).decode()

        def write(data):
            headers, encoding, body = encode(data)
            message = {"body": body, "content-encoding": "binary", "content-type": "application/x-python-serialize", "headers": headers,
                       "properties": {"body_encoding": encoding, "delivery_tag": "7", "delivery_info": {"exchange": "", "routing_key": "celery"}}}
            return json.dumps([message, "", "celery"] if nested else message).encode()
        return Reader("kombu " + name, "kombu,zlib,bz2,xz,lzma", read, write)
    return make


def beaker_session():
    from beaker.session import Session
    from beaker.ext.redisnm import RedisNamespaceManager
    from beaker.util import PickleSerializer
    session = Session.__new__(Session)
    vars(session).update(encrypt_key=None, serializer=PickleSerializer())
    manager = RedisNamespaceManager.__new__(RedisNamespaceManager)
    manager.namespace = "n"

    def read(value):
        manager.client = types.SimpleNamespace(get=lambda _key: value)
        try:
            manager["session"]
        except Stop:
            pass
        # What cannot be a str of the usual form the gate refuses by the verifier's word.
        if not usual_string(value):
            return
        session._decrypt_data(real_loads(value))
    return Reader("Beaker session", "pickle,string", read, lambda p: pickle.dumps(base64.b64encode(p).decode(), 4))


def usual_string(value):
    """A str as picklers of protocol 1 and later write it, whatever follows its STOP."""
    head = re.match(rb"(\x80.)?(\x95.{8})?(?:X(.{4})|\x8c(.)|\x8d(.{8}))", value, re.S)
    if not head:
        return False
    end = head.end() + int.from_bytes(head.group(3) or head.group(4) or head.group(5), "little")
    return end > head.end() and re.match(rb"(q.|r.{4}|\x94)?\.", value[end:], re.S) is not None


def joblib_load(method):
    def make():
        import joblib
        from joblib import compressor, numpy_pickle

        class Recorder:
            def __init__(self, _filename, file_handle, mmap_mode=None):
                self.file = file_handle

            def load(self):
                record_file(self.file)

        fill = compressor.BinaryZlibFile._fill_buffer

        def fill_once(self):
            """With bytes behind the stream joblib's own never returns, and eats all memory."""
            if self._decompressor.eof and self._decompressor.unused_data and self._buffer_offset == len(self._buffer):
                raise OSError("bytes behind the stream")
            return fill(self)

        numpy_pickle.NumpyUnpickler = Recorder
        if compressor.BinaryZlibFile._fill_buffer.__name__ == "_fill_buffer":
            compressor.BinaryZlibFile._fill_buffer = fill_once

        def write(data):
            if not method:
                return data
            out = io.BytesIO()
            with numpy_pickle._write_fileobject(out, compress=(method, 3)) as file:
                file.write(data)
            return out.getvalue()
        return Reader("joblib " + (method or "bare"), "joblib,zlib,gzip,bz2,xz,lzma,lz4", lambda v: joblib.load(io.BytesIO(v)), write)
    return make


def rq_job():
    from rq.job import Job
    from rq.serializers import DefaultSerializer

    def read(value):
        job = Job.__new__(Job)
        job.serializer = DefaultSerializer
        try:
            job.restore({b"data": value})
        except (Stop, AttributeError, TypeError):
            pass
        record(job.data)
    return Reader("RQ data", "pickle,zlib", read, zlib.compress)


def rq_result():
    from rq.results import Result
    return Reader("RQ result", "base64", lambda v: Result.restore("j", "1-0", {b"return_value": v, b"type": b"1"}, None), base64.b64encode)


def django_signing():
    from django.conf import settings
    if not settings.configured:
        settings.configure(SECRET_KEY="x")
    from django.core import signing

    class Serializer:
        dumps = staticmethod(lambda data: data)
        loads = staticmethod(record)
    signing.constant_time_compare = lambda _a, _b: True

    def write(data):
        return signing.dumps(data, serializer=Serializer, compress=len(data) > 40).encode()
    return Reader("Django signing", "zlib,base64+django-signing", lambda v: signing.loads(v.decode("latin-1"), serializer=Serializer), write)


def itsdangerous_signed():
    import itsdangerous

    class Trusting(itsdangerous.Signer):
        def verify_signature(self, value, sig):
            return True
    serializer = itsdangerous.Serializer("x", serializer=pickle, signer=Trusting)
    return Reader("itsdangerous", "pickle+itsdangerous", serializer.loads, lambda p: itsdangerous.Signer("x").sign(p))


def after(name, words, read, write):
    return lambda: Reader(name, words, lambda v: record(read(v)), write)


def huey_unsign(value):
    if b":" not in value:
        raise ValueError
    data, signature = value.rsplit(b":", 1)
    if len(signature) != 40:
        raise ValueError
    return data


def cacheops_split(value):
    checksum, data = value.split(b":", 1)
    if len(checksum) != 40:  # it is compared with a SHA-1
        raise ValueError
    return data


def cashews_split(value):
    return value.split(b"_", 1)[1]


def gzip_or_raw(value):
    return gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value


READERS = [
    django_redis("identity"), django_redis("zlib"), django_redis("lzma"), django_redis("lz4"), django_redis("zstd"),
    cachelib_redis, flask_caching_redis, dogpile_region,
    kombu_message("base64", lambda p: ({}, "base64", base64.b64encode(p).decode())),
    kombu_message("unacked", lambda p: ({}, "base64", base64.b64encode(p).decode()), nested=True),
    kombu_message("gzip", lambda p: ({"compression": "application/x-gzip"}, "base64", base64.b64encode(zlib.compress(p)).decode())),
    kombu_message("bz2", lambda p: ({"compression": "application/x-bz2"}, "base64", base64.b64encode(bz2.compress(p)).decode())),
    kombu_message("text", lambda p: ({}, None, p.decode("latin-1"))),
    beaker_session, rq_job, rq_result, django_signing, itsdangerous_signed,
    joblib_load(None), joblib_load("zlib"), joblib_load("gzip"), joblib_load("bz2"), joblib_load("xz"), joblib_load("lzma"), joblib_load("lz4"),
    after("huey signed, after SignedSerializer", "pickle+huey", huey_unsign, lambda p: p + b":" + hashlib.sha1(p).hexdigest().encode()),
    after("huey gzip, after Serializer", "pickle,gzip", gzip_or_raw, gzip.compress),
    after("huey priority, after PriorityRedisHuey", "pickle+huey-priority", lambda v: v[8:], lambda p: b"\0\0\1\x8f~\x9c\x10\0" + p),
    after("cashews signed, after HashSigner", "pickle+cashews", cashews_split, lambda p: b"sha256:" + hashlib.sha256(p).hexdigest().encode() + b"_" + p),
    after("cacheops, after insideout", "pickle+cacheops", cacheops_split, lambda p: hashlib.sha1(p).hexdigest().encode() + b":" + p),
    after("lzma.decompress", "lzma,xz", lzma.decompress, lambda p: lzma.compress(p, lzma.FORMAT_ALONE)),
    after("gzip.decompress", "gzip", gzip.decompress, gzip.compress),
    after("bz2.decompress", "bz2", bz2.decompress, bz2.compress),
    after("urlsafe_b64decode", "base64", base64.urlsafe_b64decode, base64.urlsafe_b64encode),
]

# ---- values and what becomes of them ------------------------------------------------------------

OBJECTS = [None, True, 1.5, "text", b"bytes" * 9, list(range(300)), {"a": (1, 2), "b": {"c": "d" * 40}}, "ÿø" * 30, 2 ** 70,
           [(i, str(i * i), i / 7) for i in range(5000)], {"user": 7, "cart": ["x", "y"], "at": 1795373285.43}]
PICKLES = [pickle.dumps(o, protocol) for o in OBJECTS for protocol in range(6)]
BITS = [b"", b"|", b"!", b"=", b"==", b" ", b"\n", b"\0" * 13, b"_", b"-", b":", b".", b'"', b"\\", b"5", b"-7", b"cos\ngetcwd\n(tR.", b"\x1f\x8b", b"BZh9",
        b"{}", b"1|", b'{"a":1}|', b"\xe2\x82", b"\x80\x04N."]


def escape_some(rng, value):
    return b"".join(b"\\u%04x" % c if rng.random() < .2 and chr(c).isalnum() else bytes([c]) for c in value)


def change(rng, value, others):
    """Another value, near this one."""
    at, end = sorted((rng.randrange(len(value) + 1), rng.randrange(len(value) + 1)))
    kind = rng.randrange(11)
    if kind == 0 and value:
        changed = bytearray(value)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    if kind == 1:
        return value[:at] + rng.choice(BITS) + value[at:]
    if kind == 2:
        return value[:end]
    if kind == 3:
        return value + rng.choice(others)
    if kind == 4:
        return value + rng.choice(BITS) + rng.choice(others)
    if kind == 5:
        return rng.choice(BITS) + value
    if kind == 6:
        return value[:at] + value[end:]
    if kind == 7:
        return value[:at] + escape_some(rng, value[at:end]) + value[end:]
    if kind == 8:
        return value.replace(rng.choice([b'"base64"', b"body", b"+", b"/", b"=", b","]), rng.choice([b"null", b"bo\\u0064y", b"-", b"_", b"", b' ,\n']))
    if kind == 9:
        return value[:at] + value[at:end] * 2 + value[end:]
    return rng.choice(PICKLES) + rng.choice(BITS)


def check(driver, reader, value, honest):
    """None, or what is wrong."""
    recorded.clear()
    try:
        reader.read(value)
    except Exception:
        pass  # of the library, or the recorder's Stop as the library passes it on
    given = [bytes(r) for r in recorded]
    status, shown = driver.readings(value)
    if status == "TOO_BIG" and not honest:
        return None
    if status != "OK":
        return f"status {status}"
    if honest and not given:
        return "the library does not read what it wrote"
    ends = [data for path, data in shown if path.rsplit(" > ", 1)[-1] in ("pickle", "joblib")]
    for data in given:
        if honest and data not in ends:
            return f"{data[:60]!r} is no reading of {[(p, d[:40]) for p, d in shown]}"
        if data and data[0] in BEGINNINGS and not any(end.startswith(data) for end in ends):
            return f"{data[:60]!r} begins no reading of {[(p, d[:40]) for p, d in shown]}"
    return None


def check_integers(driver):
    texts = [b"5", b" 12 ", b"1_000", b"+5", b"-0", b"007", b"5\n", b"\x0b5\x0c", b"", b" ", b"_1", b"1_", b"1__0", b"+ 5", b"5 5", b"5\0", b"\x1c5", b"-",
             b"1" * 4300, b"1" * 4301, b"0" * 4301, b"1_" * 4299 + b"1", b"0x1", b"1e3", b"\xc2\xa05"]
    for text in texts:
        try:
            int(text)
            expected = True
        except ValueError:
            expected = False
        shown = [path for path, _ in driver.readings(text)[1]]
        if ("integer" in shown) != expected:
            yield f"int({text[:20]!r}) is {expected}"


def try_reader(reader, program, count, seed):
    rng = random.Random(f"{seed} {reader.name}")
    driver = Driver(program, reader.words)
    wrong = [f"{w} of {p[:40]!r}" for p in PICKLES if (w := check(driver, reader, reader.write(p), True))]
    if reader.integers:
        wrong += check_integers(driver)
    framed = [reader.write(p) for p in PICKLES]
    unpickled = 0
    for _ in range(count):
        value = change(rng, rng.choice(framed), framed)
        for _ in range(rng.randrange(3)):
            value = change(rng, value, framed)
        answer = check(driver, reader, value, False)
        unpickled += bool(recorded and recorded[0])
        if answer:
            wrong.append(f"{answer}\n    of {value[:400]!r}")
            if len(wrong) > 3:
                break
    if not driver.close():
        wrong.append("the driver did not end well")
    for line in wrong[:3]:
        print(f"  {reader.name}: {line}")
    print(f"{'FAIL' if wrong else 'ok  '} {reader.name}: {len(PICKLES)} honest, {count} changed, of which {unpickled} were given to the unpickler")
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20000, help="changed values for all readers together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    passed = failed = 0
    readers = []
    for make in READERS:
        try:
            readers.append(make())
        except ImportError as error:
            print(f"left out: {error}")
    readers = [r for r in readers if options.only in r.name]
    with tempfile.TemporaryDirectory() as folder:
        program = build_driver(folder)
        for reader in readers:
            good = try_reader(reader, program, max(1, options.count // len(readers)), options.seed)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
