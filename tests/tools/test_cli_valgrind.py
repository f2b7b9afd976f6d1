#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli's ways under valgrind: nothing read that was not written, nothing past its end, nothing kept.

Beside ASan, which does not see what was never initialised.
"""
import concurrent.futures
import os
import pickle
import subprocess
import tempfile

import serving
from cli_support import CLI, SERVER, Redis, check, encode, finish, run

VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,possible"]
EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
# words, standard input, exit code; {brine} and {redis} are the options of a connection
ROWS = [
    ("{brine} -x SET good", pickle.dumps({"a": [1, 2.5, "x"], "b": {1, 2}}, 4), 0),
    ("{brine} GET good", b"", 0),
    ("{brine} --json GET good", b"", 0),
    ("{brine} -3 --no-raw CONFIG GET *", b"", 0),
    ("{brine} --pipe", encode([b"SET", b"a", b"b"]) * 100 + encode([b"GET"]), 1),
    ("{brine}", b"PING\nset x \"unbalanced\nCOMMAND DOCS get\nquit\n", 0),
    ("get good {brine}", b"", 0),
    ("get good --json {redis}", b"", 1),
    ("set bad --file evil.pkl --json {brine}", b"", 1),
    ("inspect good {brine}", b"", 0),
    ("view planted:1 --json {redis}", b"", 0),
    ("dis good {brine}", b"", 0),
    ("ping --json {brine}", b"", 0),
    ("scan --json --rate 0 {redis}", b"", 1),
    ("scan --rate 0 --resume state {redis}", b"", 1),
    ("scan --format sarif --policy data --strict {redis}", b"", 1),
    ("verify tree --jobs 2 -v", b"", 1),
    ("verify evil.pkl --json --explain", b"", 1),
    ("policy diff data stdlib", b"", 1),
    ("policy check shop.toml --json", b"", 0),
    ("policy learned {brine}", b"", 0),
    ("audit tail {brine}", b"", 0),
    ("stat --count 2 --interval 10ms {brine}", b"", 0),
    ("latency --time 50ms {brine}", b"", 0),
    ("bench --time 200ms --rate 100 --keys 10 -c 2 {brine}", b"", 0),
    ("snapshot list saved.snap --json", b"", 0),
    ("snapshot cat saved.snap kept --view", b"", 0),
    ("completion zsh", b"", 0),
    ("man", b"", 0),
    ("ping -p {closed}", b"", 1),
]


def write_files(folder):
    os.makedirs(os.path.join(folder, "tree"))
    files = {"evil.pkl": EVIL, "shop.toml": b'[policy.shop]\nextends = ["stdlib"]\nallow = ["shop.Cart"]\n', "tree/evil.pkl": EVIL,
             "tree/good.pkl": pickle.dumps(list(range(1000)), 5), "tree/text": b"<html>"}
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


def fill(brine, redis, folder):
    commands = [[b"SET", b"planted:1", EVIL], [b"SET", b"text", b"x" * 1000], [b"HSET", b"h", b"f", EVIL], [b"XADD", b"x", b"*", b"f", pickle.dumps({1}, 5)],
                [b"RPUSH", b"l"] + [b"%d" % i for i in range(300)], [b"SADD", b"s"] + [b"m%d" % i for i in range(300)], [b"ZADD", b"z", b"1", EVIL]]
    run([CLI, "-p", str(redis), "--pipe"], b"".join(encode(command) for command in commands))
    run([CLI, "-p", str(brine), "-x", "SET", "kept"], pickle.dumps({"k": 1}, 4))
    run([CLI, "-p", str(brine), "-x", "SET", "bad"], EVIL)
    before = set(os.listdir(folder))
    run([CLI, "-p", str(brine), "SAVE"])
    os.rename(os.path.join(folder, (set(os.listdir(folder)) - before).pop()), os.path.join(folder, "saved.snap"))


def check_row(row, places, folder):
    words, stdin, expected = row
    code, out, err = run(VALGRIND + [CLI] + words.format(**places).split(), stdin, cwd=folder)
    return f"{words!r} under valgrind ends with {expected}", code == expected and b"== " not in err, (code, out[-200:], err[-2000:].decode(errors="replace"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        port = serving.free_port()
        brine = serving.Process([SERVER, f"--server.port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        redis = Redis(folder)
        try:
            check("brine-server starts", brine.ready())
            fill(port, redis.port, folder)
            places = {"brine": f"-p {port}", "redis": f"-p {redis.port}", "closed": serving.free_port()}
            check(*check_row(ROWS[0], places, folder))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                for outcome in pool.map(lambda row: check_row(row, places, folder), ROWS[1:]):
                    check(*outcome)
        finally:
            redis.stop()
            brine.kill()
            brine.wait()
    finish()


main()
