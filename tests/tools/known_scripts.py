#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Each known script, run by brine and by the Lua of redis-server: the same answers and the same keys.

    known_scripts.py --server build/brine-server --count 20000 --seed 1

A case is a few keys with values and times to live, and some runs of one script of
tests/corpus/scripts with random keys and arguments: mostly of the kind that the library sends, some
missing, some nonsense.  After each run the answer and all keys are compared.  Some answers depend on
the milliseconds that passed meanwhile: what differs must differ three times to count.
"""

import argparse
import glob
import hashlib
import os
import random
import sys

import differential
from differential import Connection, decode, with_servers

TEXTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "corpus", "scripts")
KEYS = [b"k", b"l", b"m"]
TOKENS = [b"token", b"other", b"", b"1", b"\x80\x04K\x01.", b"x" * 100]
NUMBERS = [b"0", b"1", b"2", b"5", b"-1", b"10", b"100000", b"3.7", b" 7 ", b"0x10", b"1e3", b"9223372036854775807",
           b"-9223372036854775808", b"nan", b"inf", b"abc", b"", b"5\x00x", b"1e400", b"12abc", b"99999999999999999999"]
TIMES = [b"100000000", b"200000000", b"100000", b"-1", b"0", b"1.5", b"abc", b"-7", b"86400"]
TTL_S, TTL_MS = 100_000, 100_000_000


def token(rng):
    return rng.choice(TOKENS[:2]) if rng.random() < 0.8 else rng.choice(TOKENS)


def number(rng):
    return b"%d" % rng.randint(1, 9) if rng.random() < 0.6 else rng.choice(NUMBERS)


def moment(rng):
    return b"%d" % rng.randint(TTL_MS, 3 * TTL_MS) if rng.random() < 0.6 else rng.choice(TIMES)


def seconds(rng):
    return b"%d" % rng.randint(TTL_S, 3 * TTL_S) if rng.random() < 0.6 else rng.choice(TIMES)


def flag(rng):
    return rng.choice([b"0", b"1", b"", b"00"])


def unit(rng):
    return rng.choice([b"PX", b"EX", b"px", b"KEEPTTL", b"NX"])


def pattern(rng):
    return rng.choice([b"*", b"k*", b"[kl]", b"none*", b""])


# What the libraries give: how many keys, and each argument.
SHAPES = {
    "redis-py_lock_release": (1, [token]),
    "redis-py_lock_extend": (1, [token, moment, flag]),
    "redis-py_lock_reacquire": (1, [token, moment]),
    "redbeat_lock_extend_to": (1, [token, moment]),
    "compare_and_delete": (1, [token]),
    "compare_and_unlink": (1, [token]),
    "walrus_cas": (1, [token, token]),
    "walrus_lock_acquire": (1, [token, moment]),
    "dramatiq_maxstack": (0, []),
    "compare_and_pexpire": (1, [token, moment]),
    "compare_and_expire": (1, [token, seconds]),
    "python-redis-lock_extend": (1, [token, seconds]),
    "pottery_redlock_acquired": (1, [token]),
    "pottery_next_id": (1, [number]),
    "aioredlock_set": (1, [token, moment]),
    "aioredlock_unset": (1, [token]),
    "aioredlock_ttl": (1, [token]),
    "sherlock_acquire": (1, [token, seconds]),
    "sherlock_release": (1, [token]),
    "sherlock_renew": (1, [token, seconds]),
    "aiocache_compare_and_set": (1, [token, token, unit, moment]),
    "django-redis_incr": (1, [number]),
    "django-redis_incr_unchecked": (1, [number]),
    "cashews_incr_expire": (1, [number, moment]),
    "limits_fixed_window": (1, [seconds, number]),
    "limits_sliding_window": (2, [number, seconds, number]),
    "limits_sliding_window_stats": (2, [seconds]),
    "limits_clear": (1, []),
    "fastapi-limiter": (1, [number, moment]),
    "fastapi-cache_clear": (0, []),
}


def shape_of(name):
    """A text's name begins with its program's."""
    fits = [program for program in SHAPES if name == program or name.startswith(program + "_")]
    return SHAPES[max(fits, key=len)] if fits else None


def texts():
    for path in sorted(glob.glob(os.path.join(TEXTS, "*.lua"))):
        with open(path, "rb") as file:
            yield os.path.basename(path)[:-len(".lua")], file.read()


def draw_seed(rng):
    """Commands that make the keys before a run."""
    commands = [[b"FLUSHALL"]]
    for key in KEYS + ([b"fastapi-cache:users:1", b"fastapi-cache:x"] if rng.random() < 0.3 else []):
        if rng.random() < 0.3:
            continue
        value = rng.choice([token, number, number])(rng)
        commands.append([b"SET", key, value] + ([b"PX", b"%d" % rng.randint(TTL_MS // 10, 3 * TTL_MS)]
                                                if rng.random() < 0.6 else []))
    return commands


def draw_run(rng, name, text):
    keys_count, kinds = shape_of(name)
    if name == "limits_clear":
        keys = [pattern(rng)]
    else:
        keys = [rng.choice(KEYS) for _ in range(keys_count)]
    arguments = [kind(rng) for kind in kinds]
    if name == "aiocache_compare_and_set" and rng.random() < 0.5:
        del arguments[2:]
    kind = rng.random()
    if kind < 0.05 and arguments:
        arguments.pop()
    elif kind < 0.08 and keys:
        keys.pop()
    elif kind < 0.12:
        arguments.append(number(rng))
    kind = rng.random()
    command = b"EVAL"
    if kind < 0.05:
        command = b"EVAL_RO"
    elif kind < 0.4:
        command, text = b"EVALSHA", hashlib.sha1(text).hexdigest().encode()
    return [command, text, b"%d" % len(keys), *keys, *arguments]


def draw_case(rng, name, text):
    commands = draw_seed(rng)
    if rng.random() < 0.2:
        commands.append([b"SCRIPT", b"FLUSH"])
    for _ in range(rng.choice([1, 2, 4])):
        if rng.random() < 0.2:
            commands += [[b"MULTI"], draw_run(rng, name, text), draw_run(rng, name, text), [b"EXEC"]]
        else:
            commands.append(draw_run(rng, name, text))
        commands += [[word, key] for key in KEYS for word in (b"GET", b"PTTL")]
    return commands + [[b"DBSIZE"], [b"SCRIPT", b"EXISTS", hashlib.sha1(text).hexdigest().encode()]]


def near(one, other):
    """The same, but for milliseconds that went by between the two servers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, int) and min(one, other) > 10_000:
        return abs(one - other) < 5_000
    return one == other


def first_difference(connections, protocol, commands):
    for connection in connections:
        connection.ask([b"HELLO", b"%d" % protocol])
    for command in commands:
        replies = [connection.ask(command) for connection in connections]
        if replies[0] != replies[1] and (replies[0][:1] != replies[1][:1]
                                         or not near(*map(decode, replies))):
            return command, replies
    return None


def run(servers, options):
    rng = random.Random(options.seed)
    known = [(name, text) for name, text in texts() if shape_of(name)]
    connections = [Connection(server) for server in servers]
    passed = failed = 0
    while passed < options.count and failed < options.stop_after:
        name, text = rng.choice(known)
        commands = draw_case(rng, name, text)
        protocol = rng.choice([2, 3])
        for _ in range(3):
            difference = first_difference(connections, protocol, commands)
            if not difference:
                break
            for connection in connections:
                connection.ask([b"DISCARD"])
        passed += len(commands)
        if difference:
            failed += 1
            print(f"difference in RESP{protocol}, {name}:")
            for command in commands[:commands.index(difference[0]) + 1]:
                print("   ", " ".join(map(differential.quoted, command)))
            for server, reply in zip(servers, difference[1]):
                print(f"  {server.name:14} {reply!r}")
    refused = [(name, text) for name, text in texts() if not shape_of(name)]
    for name, text in refused:
        reply = connections[0].ask([b"EVAL", text, b"1", b"k", b"1", b"1", b"1", b"1"])
        passed += 1
        if b"needs " not in reply:
            failed += 1
            print(f"{name}: {reply!r} names no type that is missing")
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server", help="a program, or host:port")
    parser.add_argument("--reference", default="redis-server", help="a program, or host:port")
    parser.add_argument("--count", type=int, default=20_000, help="commands to compare")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=10, help="differences")
    options = parser.parse_args()
    passed, failed = with_servers(options, run)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
