#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Pickles through redis-py, as an application would send them: what comes back is bit-identical.

    redis_py_roundtrip.py --server build/brine-server
    redis_py_roundtrip.py --address 127.0.0.1:6379      (its keyspace is flushed)

Values of many kinds, pickled with every protocol by the C and the Python pickler, go through sync
and asyncio clients, pipelines, connection pools, RESP2 and, where the redis-py at hand has it,
RESP3.  Then the rest of this server's commands is called through redis-py's own methods, whose
reply parsers are the test; and a session of its client of clusters.  Runs with any redis-py from 4 on; needs nothing else.
"""

import argparse
import array
import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import inspect
import io
import ipaddress
import os
import pathlib
import pickle
import re
import shutil
import sys
import threading
import time
import uuid

import redis
import redis.asyncio
import redis.backoff
import redis.retry

import differential

VERSION = tuple(int(n) for n in re.findall(r"\d+", redis.__version__)[:2])
HAS_RESP3 = "protocol" in inspect.signature(redis.Redis.__init__).parameters
THREADS = 8
CONCURRENT = 32


# ---- values ------------------------------------------------------------------------------------

Point = collections.namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


@dataclasses.dataclass
class Order:
    number: int
    lines: list
    paid: bool = False


class Account:
    """State through __getstate__ and __setstate__."""

    def __init__(self, owner):
        self.owner, self.lock = owner, "not pickled"

    def __getstate__(self):
        return {"owner": self.owner}

    def __setstate__(self, state):
        self.owner, self.lock = state["owner"], None


class Reduced:
    def __reduce__(self):
        return (Reduced, ())


def honest_values():
    itself = [1]
    itself.append(itself)
    shared = ["shared"]
    return {
        "none": None, "true": True, "false": False, "zero": 0, "minus one": -1, "byte": 255,
        "two bytes": 65535, "four bytes": 2**31, "eight bytes": 2**63, "long": -(2**1000),
        "very long": 2**10000, "float": 1.5, "inf": float("inf"), "nan": float("nan"),
        "complex": 1 + 2j, "empty text": "", "text": "hello", "unicode": "Grüße, 世界 🥒",
        "surrogate": "\ud800", "newlines": "a\r\nb\n'\"\\", "long text": "x" * 300,
        "big text": "y" * (1 << 20), "empty bytes": b"", "bytes": bytes(range(256)),
        "resp in bytes": b"*1\r\n$4\r\nPING\r\n$-1\r\n", "long bytes": os.urandom(70000),
        "bytearray": bytearray(b"abc"), "empty tuple": (), "tuple": (1, 2, 3, 4), "nested": ((1,), [2, {3: 4}]),
        "list": list(range(3000)), "dict": {str(i): i for i in range(3000)}, "empty dict": {},
        "set": {1, 2, 3}, "frozenset": frozenset("abc"), "itself": itself,
        "shared": [shared, shared, {"again": shared}], "range": range(0, 10, 3), "slice": slice(1, None, 2),
        "ellipsis": Ellipsis, "datetime": datetime.datetime(2026, 11, 22, 10, 30, tzinfo=datetime.timezone.utc),
        "date": datetime.date(2026, 11, 22), "time": datetime.time(1, 2, 3), "delta": datetime.timedelta(days=-1, microseconds=5),
        "decimal": decimal.Decimal("1.10"), "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID("12345678123456781234567812345678"),
        "ordered": collections.OrderedDict(a=1, b=2), "default": collections.defaultdict(list, a=[1]),
        "counter": collections.Counter("hello"), "deque": collections.deque([1, 2], maxlen=5),
        "namedtuple": Point(1, 2), "enum": Colour.BLUE, "dataclass": Order(1, ["a"]),
        "account": Account("me"), "reduced": Reduced(), "error": ValueError("wrong", 1),
        "path": pathlib.PurePosixPath("/a/b"), "address": ipaddress.ip_address("10.0.0.1"),
        "array": array.array("d", [1.0, 2.0]), "pattern": re.compile("a+b"), "function": len,
        "class": collections.OrderedDict, "session": {"user": 7, "cart": [("sku", 2)], "seen": {1, 2}},
    }


def pickles():
    """(name, bytes) for each value, protocol and pickler; bytes alone decide."""
    for name, value in honest_values().items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            yield f"{name}, protocol {protocol}", pickle.dumps(value, protocol)
    for name in ("dict", "nested", "dataclass", "shared", "unicode", "long"):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            out = io.BytesIO()
            pickle._Pickler(out, protocol).dump(honest_values()[name])
            yield f"{name}, protocol {protocol}, Python pickler", out.getvalue()


class Count:
    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def check(self, ok, what):
        with self.lock:
            if ok:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED: {what}", flush=True)

    def equal(self, got, expected, what):
        self.check(got == expected, f"{what}: {str(got)[:300]!s}, not {str(expected)[:300]!s}")


# ---- round trips -------------------------------------------------------------------------------


def sync_round_trip(count, client, how, blobs):
    client.flushdb()
    for name, blob in blobs:
        count.check(client.set(name, blob) is True, f"{how}: SET of {name}")
    for name, blob in blobs:
        count.check(client.get(name) == blob, f"{how}: {name}")
    names = [name for name, _ in blobs]
    count.check(client.mget(names) == [blob for _, blob in blobs], f"{how}: MGET of all")
    count.equal(client.dbsize(), len(blobs), f"{how}: DBSIZE")
    loaded = pickle.loads(client.get("session, protocol 5"))
    count.equal(loaded, honest_values()["session"], f"{how}: the value itself")


def pipeline_round_trip(count, client, how, blobs):
    client.flushdb()
    with client.pipeline(transaction=False) as pipe:
        for name, blob in blobs:
            pipe.set(name, blob)
            pipe.get(name)
        replies = pipe.execute()
    for i, (name, blob) in enumerate(blobs):
        count.check(replies[2 * i] is True and replies[2 * i + 1] == blob, f"{how}: {name}")
    with client.pipeline(transaction=False) as pipe:
        pipe.set("k", "text").incr("k").get("k")
        replies = pipe.execute(raise_on_error=False)
    count.check(isinstance(replies[1], redis.ResponseError) and replies[2] == b"text",
                f"{how}: an error inside a pipeline: {replies}")


def pool_round_trip(count, connect, how, blobs):
    client = connect()
    client.flushdb()

    def work(number):
        try:
            for name, blob in blobs[number::THREADS]:
                client.set(name, blob)
                count.check(client.get(name) == blob, f"{how}: {name}")
        except redis.RedisError as error:
            count.check(False, f"{how}: thread {number}: {error!r}")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count.equal(client.dbsize(), len(blobs), f"{how}: DBSIZE")
    client.close()


async def asyncio_round_trip(count, client, how, blobs):
    await client.flushdb()
    replies = []
    for at in range(0, len(blobs), CONCURRENT):  # each on a connection of its own
        part = blobs[at:at + CONCURRENT]
        await asyncio.gather(*(client.set(name, blob) for name, blob in part))
        replies += await asyncio.gather(*(client.get(name) for name, _ in part))
    for (name, blob), reply in zip(blobs, replies):
        count.check(reply == blob, f"{how}: {name}")
    async with client.pipeline(transaction=False) as pipe:
        for name, blob in blobs:
            pipe.set(name, blob, ex=1000).get(name)
        replies = await pipe.execute()
    count.check(replies[1::2] == [blob for _, blob in blobs], f"{how}: pipeline")
    await (client.aclose() if hasattr(client, "aclose") else client.close())


# ---- the commands, by redis-py's methods ---------------------------------------------------------


def strings(count, client, how):
    client.flushdb()
    checks = [
        (client.set("k", "v", nx=True), True), (client.set("k", "w", nx=True), None),
        (client.set("k", "w", xx=True), True), (client.set("missing", "w", xx=True), None),
        (client.set("k", "x", get=True), b"w"), (client.set("k", "x", nx=True, get=True), b"x"),
        (client.set("k", "v", ex=100), True), (90 <= client.ttl("k") <= 100, True),
        (client.set("k", "v", keepttl=True), True), (client.ttl("k") > 0, True),
        (client.set("k", "v", px=100000, xx=True), True), (client.pttl("k") > 90000, True),
        (client.set("k", "v", exat=33177117420), True), (client.set("k", "v", pxat=33177117420000), True),
        (client.set("k", "v", ex=datetime.timedelta(seconds=50)), True), (client.ttl("k") <= 50, True),
        (client.getex("k", persist=True), b"v"), (client.ttl("k"), -1), (client.pttl("none"), -2),
        (client.getex("k", px=5000), b"v"), (client.persist("k"), True), (client.persist("k"), False),
        (client.getset("k", "new"), b"v"), (client.getdel("k"), b"new"), (client.getdel("k"), None),
        (client.setex("k", 100, "v"), True), (client.psetex("k", 100000, "v"), True),
        (client.setnx("k", "v"), False), (client.setnx("l", "v"), True),
        (client.mset({"a": "1", b"b": b"2"}), True), (client.mget("a", "b", "none"), [b"1", b"2", None]),
        (client.incr("n"), 1), (client.incr("n", 41), 42), (client.decr("n", 2), 40),
        (client.incrby("n", -40), 0), (client.decrby("n", 7), -7), (client.append("s", "abc"), 3),
        (client.strlen("s"), 3), (client.exists("a", "b", "none"), 2), (client.type("a"), b"string"),
        (client.type("none"), b"none"), (client.expire("a", 100), True), (client.expire("none", 100), False),
        (client.pexpire("a", 100000), True), (client.delete("a", "none"), 1), (client.unlink("b"), 1),
        (sorted(client.keys("*")), [b"k", b"l", b"n", b"s"]), (sorted(client.scan_iter(match="[kl]", count=1)), [b"k", b"l"]),
        (sorted(client.scan_iter(_type="string")), [b"k", b"l", b"n", b"s"]), (client.dbsize(), 4),
        (client.flushdb(), True), (client.flushall(asynchronous=True), True), (client.dbsize(), 0),
    ]
    if "nx" in inspect.signature(client.expire).parameters:
        client.set("k", "v")
        checks += [(client.expire("k", 100, gt=True), False), (client.expire("k", 100, nx=True), True),
                   (client.expire("k", 50, lt=True, xx=True) if VERSION >= (4, 5) else True, True)]
    for i, (got, expected) in enumerate(checks):
        count.equal(got, expected, f"{how}: strings, check {i + 1}")


def raises(kind, call, *args):
    try:
        call(*args)
    except kind:
        return True
    return False


def connection_and_server(count, client, how):
    client.client_setname("roundtrip")
    listed = client.client_list()
    info = client.info()
    commands = client.command()
    checks = {
        "PING": client.ping() is True, "ECHO": client.echo("x") == b"x",
        "CLIENT GETNAME": client.client_getname() in ("roundtrip", b"roundtrip"),
        "CLIENT ID": isinstance(client.client_id(), int),
        "CLIENT INFO": client.client_info()["name"] == "roundtrip",
        "CLIENT LIST": any(row["name"] == "roundtrip" for row in listed),
        "CLIENT LIST TYPE": len(client.client_list(_type="normal")) >= 1,
        "CLIENT KILL": client.client_kill_filter(_id=1 << 40) == 0,
        "INFO": info["redis_mode"] == "standalone" and info["role"] == "master",
        "INFO numbers": isinstance(info["used_memory"], int) and info["connected_clients"] >= 1,
        "INFO version": re.fullmatch(r"\d+\.\d+\.\d+", info["redis_version"]) is not None,
        "INFO section": "maxmemory" in client.info("memory"),
        "INFO keyspace": client.set("k", "v", ex=100) and client.info("keyspace")["db0"]["keys"] == 1,
        "COMMAND": commands["get"]["arity"] == 2 and commands["mset"]["step_count"] == 2,
        "COMMAND COUNT": client.command_count() == len(commands),
        "COMMAND GETKEYS": client.command_getkeys("MSET", "a", "1", "b", "2") in (["a", "b"], [b"a", b"b"]),
        "CONFIG GET": client.config_get("maxmemory") in ({"maxmemory": "0"}, {b"maxmemory": b"0"}),
        "CONFIG SET": client.config_set("maxmemory", "1gb") is True,
        "CONFIG back": client.config_set("maxmemory", "0") is True,
        "CONFIG RESETSTAT": client.config_resetstat() is True,
        "wrong type of argument": raises(redis.ResponseError, client.incr, "k"),
        "unknown command": raises(redis.ResponseError, client.execute_command, "NOSUCH", "x"),
        "wrong arity": raises(redis.ResponseError, client.execute_command, "GET"),
    }
    client.delete("k")
    for name, ok in checks.items():
        count.check(ok, f"{how}: {name}")


def passwords(count, host, port, how, **options):
    """AUTH as redis-py sends it on connect; the password is set and taken away again."""
    admin = redis.Redis(host=host, port=port, **options)
    admin.config_set("requirepass", "s3cret")
    try:
        for arguments, right in (({"password": "s3cret"}, True), ({"password": "no"}, False), ({}, False),
                                 ({"username": "default", "password": "s3cret"}, True),
                                 ({"username": "nobody", "password": "s3cret"}, False)):
            once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)  # newer ones try a wrong password again
            client = redis.Redis(host=host, port=port, retry=once, **arguments, **options)
            refused = raises((redis.AuthenticationError, redis.ResponseError), client.ping)
            count.check(refused != right, f"{how}: {arguments}")
            client.close()
    finally:
        admin.config_set("requirepass", "")
        admin.close()


def surroundings(count, host, port, how, **options):
    """What the constructor's options send: SELECT, SETNAME, SETINFO, health checks, decoding."""
    client = redis.Redis(host=host, port=port, db=3, client_name="named", health_check_interval=1,
                         decode_responses=True, **options)
    client.set("k", "Grüße")
    count.equal(client.get("k"), "Grüße", f"{how}: decode_responses")
    row = client.client_info()
    count.check(row["name"] == "named" and str(row["db"]) == "3", f"{how}: name and database")
    if VERSION >= (5, 0) and "lib-name" in row:
        count.check(row["lib-name"].startswith("redis-py"), f"{how}: lib-name is {row['lib-name']}")
    client.flushdb()
    other = redis.Redis.from_url(f"redis://{host}:{port}/3", **options)
    count.equal(other.get("k"), None, f"{how}: from_url")
    other.close()
    client.close()
    dropped = redis.Redis(host=host, port=port, **options)
    dropped.set("k", "v")
    admin = redis.Redis(host=host, port=port, **options)
    admin.client_kill_filter(_id=dropped.client_id())
    answer = None
    for _ in range(2):  # older redis-py meets the closed connection once
        try:
            answer = dropped.get("k")
        except redis.ConnectionError:
            continue
    count.equal(answer, b"v", f"{how}: reconnects after CLIENT KILL")
    admin.close()
    dropped.close()


# ---- all of it -----------------------------------------------------------------------------------


def cluster(count, path):
    """The client of clusters, before one node that says it has every slot."""
    if VERSION < (4, 1):
        return
    from redis.cluster import RedisCluster
    server = differential.Server(path, flags=["--cluster.enabled=yes"])
    try:
        for protocol in (2, 3) if HAS_RESP3 else (2,):
            how = f"RedisCluster RESP{protocol}"
            client = RedisCluster(*server.address, **({"protocol": protocol} if HAS_RESP3 else {}))
            cluster_session(count, client, how)
            client.close()
    finally:
        count.check(server.stop() == 0, "the server of a cluster of one ends in order")


def cluster_session(count, client, how):
    client.flushall()
    count.check(len(client.get_nodes()) == 1, f"{how}: there is one node")
    values = {f"key{i}": b"%d" % i for i in range(20)}
    client.mset_nonatomic(values)
    count.check(client.mget_nonatomic(*values) == list(values.values()), f"{how}: keys of many slots")
    client.mset({"{tag}1": "a", "{tag}2": "b"})
    count.check(client.mget("{tag}1", "{tag}2") == [b"a", b"b"], f"{how}: keys of one slot")
    slot = client.cluster_keyslot("{tag}1")
    count.check(client.cluster_countkeysinslot(slot) == 2, f"{how}: a slot's keys are counted")
    told = {key if isinstance(key, str) else key.decode() for key in client.cluster_get_keys_in_slot(slot, 10)}
    count.check(told == {"{tag}1", "{tag}2"}, f"{how}: and told")
    pipe = client.pipeline()
    for key in values:
        pipe.get(key)
    count.check(pipe.execute() == list(values.values()), f"{how}: a pipeline")
    count.check({*client.scan_iter("key*")} == {key.encode() for key in values}, f"{how}: SCAN")
    count.check(client.dbsize() == 22 and client.delete(*values) == 20, f"{how}: DBSIZE and DEL of many slots")
    with client.lock("lock", timeout=10):
        count.check(client.get("lock") is not None, f"{how}: a lock")
    count.check(client.get("lock") is None, f"{how}: is given back")
    listener = client.pubsub()
    listener.subscribe("channel")
    count.check(listener.get_message(timeout=10)["type"] == "subscribe", f"{how}: SUBSCRIBE")
    client.publish("channel", "told")
    count.check(listener.get_message(timeout=10)["data"] == b"told", f"{how}: PUBLISH")
    listener.close()


def run(count, host, port):
    blobs = list(pickles())
    for protocol in (2, 3) if HAS_RESP3 else (2,):
        options = {"protocol": protocol} if HAS_RESP3 else {}
        how = f"RESP{protocol}"

        def connect(**more):
            return redis.Redis(host=host, port=port, **options, **more)
        client = connect()
        sync_round_trip(count, client, f"{how} sync", blobs)
        pipeline_round_trip(count, client, f"{how} pipeline", blobs)
        pool_round_trip(count, lambda: connect(max_connections=THREADS), f"{how} pool", blobs)
        pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, **options)
        pool_round_trip(count, lambda: redis.Redis(connection_pool=pool), f"{how} blocking pool", blobs)
        asyncio.run(asyncio_round_trip(
            count, redis.asyncio.Redis(host=host, port=port, **options), f"{how} asyncio", blobs))
        strings(count, client, how)
        connection_and_server(count, client, how)
        passwords(count, host, port, f"{how} password", **options)
        surroundings(count, host, port, f"{how} connection", **options)
        client.flushall()
        client.close()
    plain = redis.Redis(host=host, port=port)  # the version's own default protocol
    sync_round_trip(count, plain, "default protocol", blobs[:60] + [b for b in blobs if b[0].startswith("session")])
    plain.flushall()
    plain.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server", help="a program to start")
    parser.add_argument("--address", help="host:port of a running server, which is flushed")
    options = parser.parse_args()

    count, started = Count(), time.monotonic()
    path = None if options.address else shutil.which(options.server)
    if not options.address and not path:
        raise SystemExit(f"{options.server}: not found")
    server = differential.Server(path, options.address)
    try:
        run(count, *server.address)
    finally:
        status = server.stop()
    if path:
        cluster(count, path)
    count.check(status == 0, f"the server ended with status {status}")
    try:
        import hiredis
        parser_name = f"hiredis {hiredis.__version__}"
    except ImportError:
        parser_name = "its own parser"
    print(f"redis-py {redis.__version__} with {parser_name}, Python {sys.version.split()[0]}, "
          f"{time.monotonic() - started:.1f} s")
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
