#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Locks and counters of real libraries, whose scripts brine runs without Lua.

    script_clients.py --server build/brine-server
    script_clients.py --address 127.0.0.1:6379      (its keyspace is flushed)

redis-py's Lock, by threads and by asyncio, with SCRIPT FLUSH in between; django-redis' incr, decr,
lock and touch; dogpile's distributed lock.  What a lock is to keep apart is a counter that is read
and written in two steps: it is right in the end, or the lock kept nothing apart.  A library that is
not installed is left out, and said so.
"""

import argparse
import asyncio
import importlib.util
import sys
import threading

import redis
import redis.asyncio
from redis.exceptions import LockError, LockNotOwnedError, NoScriptError, ResponseError

import differential

THREADS, ROUNDS, CONCURRENT = 8, 40, 16


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, true, what):
        self.passed += bool(true)
        self.failed += not true
        if not true:
            print("failed:", what, flush=True)

    def equal(self, got, expected, what):
        self.check(got == expected, f"{what}: {got!r}, not {expected!r}")

    def raises(self, kind, call, what):
        try:
            got = call()
        except kind:
            self.passed += 1
        else:
            self.check(False, f"{what}: no {kind.__name__}, but {got!r}")


def lock_alone(count, client):
    lock = client.lock("lock", timeout=100)
    count.check(lock.acquire(blocking=False), "a free lock is taken")
    count.check(lock.locked() and lock.owned(), "it is locked and owned")
    count.check(not client.lock("lock", timeout=100).acquire(blocking=False), "another one is not taken")
    count.check(90_000 < client.pttl("lock") <= 100_000, "it ends")
    lock.extend(100)
    count.check(190_000 < client.pttl("lock") <= 200_000, "it is extended by its time")
    lock.extend(50, replace_ttl=True)
    count.check(40_000 < client.pttl("lock") <= 50_000, "its time is replaced")
    lock.reacquire()
    count.check(90_000 < client.pttl("lock") <= 100_000, "it is acquired anew")
    client.set("lock", "somebody else's")
    for name in ("release", "reacquire"):
        token = lock.local.token
        count.raises(LockNotOwnedError, getattr(lock, name), f"{name} of somebody else's lock")
        lock.local.token = token
    count.raises(LockNotOwnedError, lambda: lock.extend(10), "extend of somebody else's lock")
    client.delete("lock")
    count.raises(LockError, lambda: client.lock("none").release(), "release of a lock that is not held")
    with client.lock("lock", timeout=10):
        count.check(client.exists("lock"), "a block holds it")
    count.check(not client.exists("lock"), "and gives it up")


def lock_by_threads(count, connect):
    client = connect()
    client.set("counter", 0)

    def work():
        mine = connect()
        for turn in range(ROUNDS):
            with mine.lock("lock", timeout=30, sleep=0.001):
                mine.set("counter", int(mine.get("counter")) + 1)
            if turn == ROUNDS // 2:
                mine.script_flush()  # the next one loads its scripts again
        mine.close()
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count.equal(int(client.get("counter")), THREADS * ROUNDS, "a counter under a lock, by threads")


async def lock_by_tasks(count, client):
    await client.set("counter", 0)

    async def work():
        for _ in range(ROUNDS // 4):
            async with client.lock("lock", timeout=30, sleep=0.001):
                await client.set("counter", int(await client.get("counter")) + 1)
    await asyncio.gather(*(work() for _ in range(CONCURRENT)))
    count.equal(int(await client.get("counter")), CONCURRENT * (ROUNDS // 4), "a counter under a lock, by tasks")
    lock = client.lock("lock", timeout=100)
    await lock.acquire()
    await lock.extend(100)
    await lock.reacquire()
    await lock.release()
    count.check(not await client.exists("lock"), "a task's lock is given up")
    await client.close()


def scripts(count, client):
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    client.script_flush()
    count.equal(client.script_exists(script.sha), [False], "no script is loaded")
    count.raises(NoScriptError, lambda: client.evalsha(script.sha, 1, "n", 1), "EVALSHA of what is not loaded")
    count.equal(script(keys=["n"], args=[5]), 5, "a registered script")
    count.equal(client.script_exists(script.sha), [True], "now it is loaded")
    pipeline = client.pipeline()
    script(keys=["n"], args=[2], client=pipeline)
    script(keys=["n"], args=[3], client=pipeline)
    count.equal(pipeline.execute(), [7, 10], "a script in a transaction")
    if b"brine" in client.execute_command("HELLO", "2"):
        count.raises(ResponseError, lambda: client.eval("return redis.call('get', KEYS[1])", 1, "n"), "an unknown script")


def django(count, host, port):
    import django
    from django.conf import settings
    cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"redis://{host}:{port}/1"}
    settings.configure(CACHES={"default": cache})
    django.setup()
    from django.core.cache import cache
    cache.set("n", 1, timeout=1000)
    count.equal(cache.incr("n"), 2, "django-redis: incr")
    count.equal(cache.incr("n", 10), 12, "django-redis: incr by ten")
    count.equal(cache.decr("n", 2), 10, "django-redis: decr")
    count.check(990 < cache.ttl("n") <= 1000, "django-redis: incr keeps the time to live")
    count.raises(ValueError, lambda: cache.incr("none"), "django-redis: incr of nothing")
    count.equal(cache.client.incr("new", ignore_key_check=True), 1, "django-redis: incr without a check")
    with cache.lock("django", timeout=10):
        count.check(not cache.lock("django", timeout=10).acquire(blocking=False), "django-redis: a lock is held")
    count.check(cache.lock("django", timeout=10).acquire(blocking=False), "django-redis: and given up")


def dogpile(count, host, port):
    from dogpile.cache import make_region
    region = make_region().configure("dogpile.cache.redis", expiration_time=100,
                                     arguments={"host": host, "port": port, "db": 2, "distributed_lock": True,
                                                "lock_timeout": 30, "lock_sleep": 0.001})
    made = []

    def make():
        made.append(1)
        return {"rows": [1, 2, 3]}
    got = []
    threads = [threading.Thread(target=lambda: got.append(region.get_or_create("k", make))) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count.equal(got, [{"rows": [1, 2, 3]}] * THREADS, "dogpile: all have the value")
    count.equal(len(made), 1, "dogpile: one made it")


def run(count, host, port):
    def connect():
        return redis.Redis(host=host, port=port)
    client = connect()
    client.flushall()
    scripts(count, client)
    lock_alone(count, client)
    lock_by_threads(count, connect)
    asyncio.run(lock_by_tasks(count, redis.asyncio.Redis(host=host, port=port)))
    for module, test in (("django_redis", django), ("dogpile", dogpile)):
        if importlib.util.find_spec(module):
            test(count, host, port)
        else:
            print(f"{module} is not installed: left out")
    client.flushall()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server", help="a program to start")
    parser.add_argument("--address", help="host:port of a running server, which is flushed")
    options = parser.parse_args()
    count = Count()
    server = differential.server_of(options.server, options.address, ["--gate.mode=enforce", "--server.threads=2"])
    try:
        run(count, *server.address)
    finally:
        status = server.stop()
    count.check(status == 0, f"the server ended with status {status}")
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
