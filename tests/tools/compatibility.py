#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""README's table of Redis's commands, from the command tables of a brine-server and a redis-server.

    compatibility.py build/release           prints README.md as it should be

Between the two marks stands, for each of Redis's groups, what brine has of it and what it has not.
A container's subcommands count one by one; what only inner workings of Redis ask for is left out.
"""
import os
import shutil
import sys
import tempfile

import redis

import differential
import readme_blocks

BEGIN, END = "<!-- begin generated: compatibility.py -->\n", "<!-- end generated -->\n"
# Asked by Redis's own servers, tools and test suite only.
INNER = {"pfdebug", "pfselftest", "restore-asking", "debug", "module", "sync", "psync", "replconf"}
GROUPS = {
    "string": "strings", "bitmap": "bits", "generic": "keys and expiry", "transactions": "transactions",
    "pubsub": "messages", "connection": "connections, ACL users", "server": "server", "scripting": "scripts",
    "cluster": "cluster", "hash": "hashes", "list": "lists", "set": "sets", "sorted-set": "sorted sets",
    "stream": "streams", "hyperloglog": "HyperLogLog", "geo": "geo",
}
# What the names alone do not tell.
REMARKS = {
    "scripting": "EVAL and EVALSHA run the scripts that Python libraries are known to send, and no other; no function can be loaded",
    "server": "BGREWRITEAOF, FAILOVER, REPLICAOF and SLAVEOF answer as a server that has no append-only file and no replicas",
    "generic": "WAIT finds no replica",
    "cluster": "one node that owns every slot, with `cluster.enabled`",
}


def redis_server(folder):
    """Debian's redis-tools has the same program under another name."""
    if shutil.which("redis-server"):
        return "redis-server"
    link = os.path.join(folder, "redis-server")
    os.symlink("/usr/bin/redis-check-rdb", link)
    return link


def as_map(items):
    return {name.decode(): value for name, value in zip(items[::2], items[1::2])}


def commands(path, *flags):
    """{group: names} of a server, "client|kill" among them."""
    server = differential.Server(path, flags=flags)
    try:
        with redis.Redis(port=server.address[1]) as client:
            client.response_callbacks.clear()
            docs = as_map(client.execute_command("COMMAND", "DOCS"))
    finally:
        server.stop()
    found = {}
    for name, doc in docs.items():
        doc = as_map(doc)
        names = [name, *(sub.decode() for sub in doc.get("subcommands", [])[::2])]
        found.setdefault(doc["group"].decode(), []).extend(names)
    return found


def shown(names, of_all):
    """Names in capitals; a container that is whole is one name."""
    words = []
    for name in sorted(names):
        container, _, sub = name.partition("|")
        whole = {each for each in of_all if each.startswith(container + "|")} <= set(names)
        if not sub or not whole or container not in names:
            parts = {each for each in of_all if each.startswith(name + "|")}
            if not parts or whole:
                words.append(name.replace("|", " ").upper())
    return ", ".join(f"`{word}`" for word in words)


def row(group, title, here, there):
    there = [name for name in there if name.split("|")[0] not in INNER and not name.endswith("|help")]
    has = [name for name in there if name in here]
    lacks = [name for name in there if name not in here]
    has_text, lacks_text = shown(has, there), shown(lacks, there)
    remark = f"; {REMARKS[group]}" if group in REMARKS else ""
    return f"| {title} | {(has_text or '-') + remark} | {lacks_text or '-'} |\n"


def table(server, folder):
    theirs = commands(redis_server(folder))
    ours = {name for names in commands(server).values() for name in names}
    missing = set(theirs) - set(GROUPS)
    if missing:
        raise SystemExit(f"compatibility.py: Redis has groups that have no title here: {missing}")
    text = "| | brine has | brine has not |\n|---|---|---|\n"
    return text + "".join(row(group, title, ours, theirs.get(group, [])) for group, title in GROUPS.items())


def main():
    with open(readme_blocks.README, encoding="utf-8") as readme:
        head, _, rest = readme.read().partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit("compatibility.py: README.md has not both marks")
    with tempfile.TemporaryDirectory(prefix="compatibility-") as folder:
        made = table(os.path.join(sys.argv[1], "brine-server"), folder)
    sys.stdout.write(head + BEGIN + made + END + tail)


if __name__ == "__main__":
    main()
