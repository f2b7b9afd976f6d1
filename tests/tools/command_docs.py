#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What COMMAND DOCS says of brine's own commands, tried out: each form that it describes is asked.

    command_docs.py --server build/brine-server

Every command whose name begins with "pickle." is called in each of its documented forms, options in
both orders: none may be answered that its syntax or the number of its arguments is wrong.  Then what
the documents do not describe: a word too few, a word too many, an option without its value, which
have to be errors.  The shortest form has as many words as COMMAND INFO's arity says.
"""
import argparse
import itertools
import shutil
import sys

import differential

WRONG = ("ERR syntax error", "ERR wrong number", "ERR unknown")
SAMPLES = {"key": b"k", "string": b"text", "integer": b"1", "pattern": b"*"}
BY_NAME = {"policy": b"stdlib", "policies": b"stdlib", "value": b"text"}


def text(item):
    """Of a bulk string, or of a status or an error, which differential.py has as Python prints bytes."""
    return item[2:-1] if isinstance(item, str) else item.decode()


def as_map(items):
    """A flat list of names and values, as RESP2 has maps."""
    return {text(name): value for name, value in zip(items[::2], items[1::2])}


def forms(argument):
    """Each way to write one argument, as lists of words; [] for leaving it out."""
    argument = as_map(argument)
    flags = [text(flag) for flag in argument.get("flags", [])]
    kind = text(argument["type"])
    words = [text(argument["token"]).encode()] if "token" in argument else []
    if kind == "oneof":
        found = [words + form for part in argument["arguments"] for form in forms(part)]
    elif kind == "block":
        found = [words + form for form in sequences(argument["arguments"])]
    elif kind == "pure-token":
        found = [words]
    else:
        name = text(argument["name"])
        found = [words + [BY_NAME.get(name, SAMPLES[kind])]]
    return ([[]] if "optional" in flags else []) + found


def sequences(arguments):
    """Each way to write them all, options that stand side by side in each order."""
    optional = ["optional" in map(text, as_map(a).get("flags", [])) and "token" in as_map(a)
                for a in arguments]
    fixed = next((i for i, is_optional in enumerate(optional) if is_optional), len(arguments))
    orders = itertools.permutations(arguments[fixed:]) if all(optional[fixed:]) else [arguments[fixed:]]
    seen = []
    for order in orders:
        for parts in itertools.product(*map(forms, [*arguments[:fixed], *order])):
            form = [word for part in parts for word in part]
            if form not in seen:
                seen.append(form)
    return seen


class Trial:
    def __init__(self, connection):
        self.connection = connection
        self.passed = self.failed = 0

    def ask(self, *words):
        self.connection.ask([b"SET", b"k", b"\x80\x04}."])
        return differential.decode(self.connection.ask(list(words)))

    def check(self, ok, what):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok:
            print(f"FAILED: {what}", flush=True)

    def command(self, name, doc, arity):
        words = name.upper().encode().split(b"|")
        described = sequences(doc.get("arguments", []))
        lengths = [len(words) + len(form) for form in described]
        shown = b" ".join(words).decode()
        if arity < 0:
            self.check(min(lengths) == -arity, f"{shown}: arity {arity}, the shortest form has {min(lengths)} words")
        else:
            self.check(set(lengths) == {arity}, f"{shown}: arity {arity}, forms of {set(lengths)} words")
        for form in described:
            reply = self.ask(*words, *form)
            wrong = isinstance(reply, differential.Failure) and text(reply).startswith(WRONG)
            self.check(not wrong, f"{shown} {form} is described and answered {reply!r}")
        self.undescribed(words, shown, described)

    def undescribed(self, words, shown, described):
        """Forms with their last word cut off or one more behind it."""
        attempts = [form[:-1] for form in described if form] + [form + [b"NOSUCH"] for form in described]
        for form in attempts:
            if form in described or any(self.is_like(form, other) for other in described):
                continue
            reply = self.ask(*words, *form)
            self.check(isinstance(reply, differential.Failure),
                       f"{shown} {form} is not described and answered {reply!r}")

    @staticmethod
    def is_like(form, other):
        """The same but for a free word, which NOSUCH may be as well."""
        return len(form) == len(other) and form[:-1] == other[:-1] and \
            other[-1] in {*SAMPLES.values(), *BY_NAME.values()}

    def all(self):
        listed = [text(name) for name in self.ask(b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN", b"pickle.*")]
        names = sorted(name for name in listed if "|" not in name)
        self.check(len(names) >= 12, f"COMMAND LIST names {names}")
        for name in names:
            info = self.ask(b"COMMAND", b"INFO", name.encode())[0]
            doc = as_map(as_map(self.ask(b"COMMAND", b"DOCS", name.encode()))[name])
            self.check(doc.get("summary") and text(doc.get("group")) == "pickle", f"{name}: {doc}")
            inner = {text(row[0]): row[1] for row in info[9]}
            parts = as_map(doc.get("subcommands", []))
            self.check(set(parts) == set(inner), f"{name}: subcommands {parts} and {inner}")
            for part, part_doc in parts.items():
                self.command(part, as_map(part_doc), inner[part])
            if not parts:
                self.command(name, doc, info[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", default="build/brine-server", help="a program to start")
    path = shutil.which(parser.parse_args().server)
    if not path:
        raise SystemExit("the server is not found")
    server = differential.Server(path)
    trial = Trial(differential.Connection(server))
    try:
        trial.all()
    finally:
        trial.connection.close()
        status = server.stop()
    trial.check(status == 0, f"the server ended with status {status}")
    print(f"{trial.passed} passed, {trial.failed} failed")
    return 1 if trial.failed else 0


if __name__ == "__main__":
    sys.exit(main())
