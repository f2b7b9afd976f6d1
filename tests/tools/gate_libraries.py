#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Real libraries against a real server: what is honest works, what is hostile never comes in.

    gate_libraries.py --server build/brine-server [--only NAME] [--any]

Each application of gate_library_apps.py does the same with a brine-server, whose rules name its
library's profile, and with Debian's redis-server: every outcome and every byte stored must be the
same.  Then pickles that run code, framed as the library frames them, are sent by every command that
writes (a write command without such a test fails): each is refused with a text that names what it
imports, and the library still finds the old value.  A library that is not installed fails, unless
--any is given.  Prints a table; the last line is "N passed, N failed".
"""

import argparse
import collections
import logging
import os
import pickle
import re
import signal
import sys
import tempfile
import traceback
import warnings

import redis

import differential
import gate_library_apps as apps
import gate_library_attacks as attacks
import gate_library_modern

SECONDS_MAX = 600
OLD = {"old": [1, 2, 3], "name": "what was there"}
SHOWN_MAX = 60

POLICIES = """
[policy.shop]
allow = [
    { name = "shop.models.Product", may = ["ref", "new", "build"] },
    { name = "shop.models.Cart", may = ["new", "build"] },
    { name = "shop.models.Line", may = ["new", "build"] },
    { name = "shop.models.Price", may = ["new"] },
    { name = "shop.models.Status", may = ["ref"] },
    { name = "shop.models:Status.OPEN", may = ["ref"] },
    { name = "shop.models.Tags", may = ["call", "new", "build", "items.set"] },
    { name = "shop.models.Visit", may = ["new", "build", "state"] },
]
[policy.fetched]
allow = ["requests_cache.models.response.*", "requests_cache.models.request.*", "requests_cache.models.raw_response.*"]
""" + gate_library_modern.POLICIES


class Counter:
    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.failures = []
        self.not_yet = []

    def check(self, app, kind, good, what):
        self.rows[app][kind + ("" if good else " failed")] += 1
        if not good:
            self.failures.append(f"{app}: {what}")
            if len(self.failures) <= SHOWN_MAX:
                print(f"FAIL {app}: {what}", flush=True)


def rules(classes):
    """A rule for each app, behind one for the corner that admits anything."""
    lines = ["[gate]\nmode = \"enforce\"\n", POLICIES,
             "[[rule]]\nname = \"corner\"\nkeys = \"raw:*\"\nvalues = \"opaque\"\n",
             "[[rule]]\nname = \"elsewhere\"\ndb = 15\nvalues = \"opaque\"\n"]
    for what in ("drop", "log"):
        lines.append(f"[[rule]]\nname = \"{what}\"\ndb = 1\nkeys = \"*{what}me\"\nprofile = \"django-redis\"\n"
                     f"on_refusal = \"{what}\"\n")
    for cls in classes:
        policy = ", ".join(f'"{name}"' for name in (*profile_row(cls.profile)[1], *cls.policy))
        keys = f"keys = \"{cls.prefix}*\"\n" if cls.prefix else ""
        lines.append(f"[[rule]]\nname = \"{cls.name}\"\ndb = {cls.db}\n{keys}profile = \"{cls.profile}\"\n"
                     + (f"policy = [{policy}]\n" if cls.policy else ""))
    return "".join(lines)


def profile_rows():
    """{profile: (what values may be, policies)}"""
    path = os.path.join(os.path.dirname(__file__), "..", "..", "server", "gate", "profiles.def")
    with open(path, encoding="utf-8") as rows:
        found = re.findall(r'P\("([\w-]+)",\s+"(\w+)",\s+"[^"]*",\s+"([^"]*)"', rows.read())
    return {name: (values, policies.split()) for name, values, policies in found}


def profile_row(profile):
    return profile_rows()[profile]


# ---- honest ------------------------------------------------------------------------------------


def outcome(step):
    """What an application sees: a value (by its pickle, which is the same for the same value), or an error."""
    try:
        value = step()
    except Exception as error:
        return "error", type(error).__name__, str(error)
    try:
        return "value", pickle.dumps(value, 4)
    except Exception:
        return "value", repr(value)


def brief(result):
    return " ".join(str(part) for part in result)[:300]


def honest(cls, brine, control, counter):
    """The same steps with both; a step's name tells whether it may not work yet."""
    here, there = cls(brine), cls(control)
    for (name, ours), (_, theirs) in zip(here.steps(), there.steps()):
        expected, found = outcome(theirs), outcome(ours)
        missing = apps.NOT_YET.get(name)
        if missing:
            counter.not_yet.append(f"{cls.name}: {name} ({missing})")
            counter.check(cls.name, "honest", found != expected,
                          f"{name} works now: take it out of NOT_YET, for {missing} is there")
            continue
        same = expected == found
        if name.startswith("set and get") and expected[0] == "error":
            same = False  # nobody's application: the test is wrong
        counter.check(cls.name, "honest", same, f"{name}: {brief(found)}\n     redis-server: {brief(expected)}")
    if cls.compares_bytes:
        keys = set(here.raw.keys(cls.prefix + "*")) | set(there.raw.keys(cls.prefix + "*"))
        differ = [key for key in keys if b"session" not in key.lower() and b"later" not in key
                  and here.raw.get(key) != there.raw.get(key)]
        counter.check(cls.name, "honest", not differ, f"stored bytes differ: {differ[:5]}")
    here.close()
    there.close()


# ---- hostile -----------------------------------------------------------------------------------


class Stage:
    """One app's victim on brine: a value that the library wrote and must find again."""

    def __init__(self, app, counter):
        self.app, self.counter = app, counter
        self.app.is_auto = profile_row(app.profile)[0] == "auto"
        self.key = app.wire_key("victim")
        self.raw = app.raw
        self.raw.flushdb()
        self.read_old = None
        self.restore()

    def restore(self):
        self.raw.delete(self.key)  # some libraries read what is there before they write
        self.app.write("victim", OLD)
        self.old = self.raw.get(self.key)
        self.read_old = self.read_old or pickle.dumps(self.app.read("victim"))

    def attack(self, what, way_in, evil, named=None):
        counter, name = self.counter, self.app.name
        way = attacks.Way(self.raw, self.key, evil, self.app.db)
        text = None
        try:
            way_in(way)
        except redis.ResponseError as error:
            text = str(error)
        if getattr(way_in, "may_be_answered", False):
            pass
        elif text is None and named == "" and self.app.is_auto:
            self.harmless(what, evil)
            return
        elif text is None:
            counter.check(name, "hostile", False, f"{what}: ADMITTED {evil[:80]!r}")
        else:
            refused = any(word in text for word in attacks.REFUSAL)
            says = not named or named in text or "no form that picklers write" in text
            counter.check(name, "hostile", refused and says, f"{what} ({named}): {text[:300]}")
        self.inspect(what, evil, lost="move" in what or "getdel" in what)

    def harmless(self, what, evil):
        """What `auto` admits is stored as it came, and does nothing to its reader."""
        stored = self.raw.get(self.key) == evil
        outcome(lambda: self.app.read("victim"))
        self.counter.check(self.app.name, "hostile", stored, f"{what}: neither refused nor stored")
        self.restore()

    def inspect(self, what, evil, lost):
        """The old value is there, the library finds it, and nothing else holds the hostile one."""
        now = self.raw.get(self.key)
        if lost and now is None:
            self.restore()
            now = self.old
        self.counter.check(self.app.name, "old value", now == self.old, f"{what}: changed to {(now or b'')[:80]!r}")
        fresh = [key for key in self.raw.keys(self.key + "-new*")]
        for key in fresh:
            self.counter.check(self.app.name, "hostile", self.raw.get(key) != evil, f"{what}: STORED under {key!r}")
        if fresh:
            self.raw.delete(*fresh)
        if now != self.old:
            self.restore()
        self.counter.check(self.app.name, "old value", pickle.dumps(self.app.read("victim")) == self.read_old,
                           f"{what}: the library finds something else")


def verdicts(stage, marker):
    """Each pickle in each framing, by SET."""
    for framing, frame in stage.app.framings.items():
        for name, data, named in attacks.evils(marker):
            named = "" if framing in stage.app.never_read else named
            stage.attack(f"SET of {name}, {framing}", attacks.WAYS["set"][0], frame(data), named)


def every_way(stage, marker):
    """Three pickles by every command."""
    chosen = [row for row in attacks.evils(marker) if row[0] in ("os.system, protocol 4", "os.system, protocol 0", "STACK_GLOBAL")]
    frame = next(iter(stage.app.framings.values()))
    for command, ways in {**attacks.WAYS, **attacks.MESSAGES}.items():
        for number, way_in in enumerate(ways):
            for name, data, _ in chosen[:1] if command == "setbit" else chosen:
                stage.attack(f"{command} {number} of {name}", way_in, frame(data))


def listeners_hear_nothing(stage, marker):
    """Messages: an honest one comes through, a hostile one is heard by nobody."""
    frame = next(iter(stage.app.framings.values()))
    with stage.raw.pubsub() as listener:
        listener.subscribe(stage.key)
        listener.get_message(timeout=5)
        for _, data, _ in attacks.evils(marker)[:9]:
            try:
                stage.raw.publish(stage.key, frame(data))
            except redis.ResponseError:
                pass
        stage.raw.publish(stage.key, stage.old)
        heard = listener.get_message(timeout=5)
    stage.counter.check(stage.app.name, "hostile", heard and heard["data"] == stage.old, f"a listener heard {heard}")


def hostile(cls, brine, counter, marker):
    app = cls(brine)
    stage = Stage(app, counter)
    verdicts(stage, marker)
    every_way(stage, marker)
    listeners_hear_nothing(stage, marker)
    counter.check(cls.name, "hostile", not os.path.exists(marker), "CODE RAN")
    app.close()


def table_is_complete(raw, counter):
    """A command that writes and has no hostile test is a failure."""
    written = {name.decode() if isinstance(name, bytes) else name for name, row in raw.command().items()
               if "write" in {flag.decode() if isinstance(flag, bytes) else flag for flag in row["flags"]}}
    counter.check("COMMAND", "hostile", written, "no command writes")
    for name in sorted(written):
        counter.check("COMMAND", "hostile", name in attacks.WAYS, f"the command {name} writes and has no hostile test")
    for name in sorted(set(attacks.WAYS) - written):
        counter.check("COMMAND", "hostile", False, f"{name} is no write command of this server")


def profiles_are_complete(counter):
    """A profile that no application uses here is a failure."""
    used = {cls.profile for cls in apps.APPS}
    for profile in profile_rows():
        counter.check("profiles", "honest", profile in used, f"no application tries the profile {profile}")


def bombs(raw, counter):
    for key in ("zlib:1:bomb", "zlib:1:bomb2"):
        try:
            raw.set(key, attacks.bomb())
            counter.check("bomb", "hostile", False, "ADMITTED")
        except redis.ResponseError as error:
            counter.check("bomb", "hostile", "PICKLELIMIT" in str(error) or "PICKLEDENIED" in str(error), str(error))


# ---- refusals as applications see them ---------------------------------------------------------


class Unknown:
    """A class that no policy knows."""

    def __eq__(self, other):
        return isinstance(other, Unknown)


def raises(step, *words):
    try:
        found = step()
    except Exception as error:
        return all(word in str(error) for word in words), f"{type(error).__name__}: {error}"
    return False, f"no error but {found!r}"


HINT = "to allow it: allow = ["


def django_sees(brine, counter):
    app = apps.named("django-redis")(brine)
    cache, check = app.cache, lambda good, what: counter.check("Django sees", "seen", good, what)
    cache.clear()
    check(*raises(lambda: cache.set("k", Unknown()), "PICKLEDENIED", Unknown.__module__ + ".Unknown", HINT))
    cache.set("a", 1)
    check(*raises(lambda: cache.set_many({"a": 2, "b": Unknown(), "c": 3}), "PICKLEDENIED"))
    check(cache.get_many(["a", "b", "c"]) == {"a": 1}, "set_many writes all or nothing")
    check(*raises(lambda: cache.get_or_set("g", Unknown), "PICKLEDENIED"))
    from django.core.cache import caches
    ignoring = caches[f"ignoring-{brine}"]
    check(not ignoring.set("k", Unknown()), "IGNORE_EXCEPTIONS: set says nothing")
    check(ignoring.get("k") is None, "IGNORE_EXCEPTIONS: a miss")
    check(ignoring.get_or_set("g", Unknown) == Unknown(), "IGNORE_EXCEPTIONS: get_or_set fails open")
    from django.contrib.sessions.backends.cache import SessionStore

    class Store(SessionStore):
        def __init__(store):
            super().__init__()
            store._cache = cache
    session = Store()
    session["x"] = Unknown()
    check(*raises(session.save, "PICKLEDENIED"))
    app.close()


def flask_sees(brine, counter):
    check = lambda good, what: counter.check("Flask sees", "seen", good, what)
    app = apps.named("Flask-Caching")(brine)
    check(*raises(lambda: app.cache.set("k", Unknown()), "PICKLEDENIED", HINT))
    calls = []

    @app.caching.memoize(60)
    def make():
        calls.append(1)
        return Unknown()
    logging.getLogger("flask_caching").setLevel(logging.CRITICAL)
    with app.flask.test_request_context():
        check(make() == Unknown() and make() == Unknown() and len(calls) == 2, "memoize fails open, uncached")
    app.close()


def others_see(brine, counter):
    found = map(apps.named, ("cachelib", "dogpile.cache", "Beaker", "Celery", "Flask-Session", "joblib", "RQ"))
    for cls in filter(None, found):
        name, app = cls.name, cls(brine)
        app.write("k", [1])
        old = pickle.dumps(app.read("k"))
        if not cls.writes_pickles:
            continue
        counter.check(name + " sees", "seen", *raises(lambda: app.write("k", Unknown()), "PICKLEDENIED", "Unknown", HINT))
        if name != "Celery":  # there the value before it was deleted
            counter.check(name + " sees", "seen", pickle.dumps(app.read("k")) == old, "the old value is there")
        if name == "dogpile.cache":
            counter.check(name + " sees", "seen", *raises(lambda: app.cache.get_or_create("x", Unknown), "PICKLEDENIED"))
        app.close()


def pipelines_see(brine, counter):
    check = lambda good, what: counter.check("redis-py sees", "seen", good, what)
    raw = redis.Redis(port=brine, db=0)
    evil = pickle.dumps(attacks.Calls(os.system, "true"))
    good, text = raises(lambda: raw.pipeline(transaction=False).set("a", 1).set("b", evil).set("c", 3).execute(),
                        "Command # 2 (SET b", "PICKLEDENIED", "posix.system, which is known to be dangerous")
    check(good and HINT not in text, text)
    check(raw.mget("a", "b", "c") == [b"1", None, b"3"], "without MULTI the others are stored")
    check(*raises(lambda: raw.pipeline().set("a", 5).set("b", evil).execute(), "PICKLEDENIED"))
    check(raw.mget("a", "b") == [b"1", None], "in MULTI nothing is stored")
    check(isinstance(raw.pipeline(transaction=False).set("b", evil).execute(raise_on_error=False)[0], redis.ResponseError),
          "raise_on_error=False")
    raw.close()


def the_hint_is_right(brine, folder, counter):
    """Follow the error's hint until the value is stored: what a developer would do."""
    from shop.models import Product
    app = apps.named("django (built in)")(brine)
    config = os.path.join(folder, "rules.toml")
    with open(config, encoding="utf-8") as file:
        text = file.read()
    allowed = []
    for value in (Unknown(), Product.objects.filter(price__gt=1).order_by("name")):
        for _ in range(60):
            good, said = raises(lambda: app.write("hint", value), HINT)
            if not good:
                break
            allowed.append(re.search(r"allow = \[(.*)\]", said).group(1))
            with open(config, "w", encoding="utf-8") as file:
                file.write(text.replace("[policy.shop]\nallow = [", "[policy.shop]\nallow = [" + ",".join(allowed) + ",", 1))
            app.raw.execute_command("PICKLE.POLICY", "RELOAD")
        counter.check("Django sees", "seen", said.startswith("no error"), f"following the hints ({allowed}): {said}")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    app.raw.execute_command("PICKLE.POLICY", "RELOAD")
    app.close()


def drop_and_log(brine, counter):
    check = lambda good, what: counter.check("drop, log", "seen", good, what)
    app = apps.named("django-redis")(brine)
    cache, raw = app.cache, app.raw
    evil = pickle.dumps(attacks.Calls(os.system, "true"))
    cache.set("dropme", OLD)
    check(cache.get("dropme") == OLD, "drop: honest values are stored")
    check(raw.set(cache.make_key("dropme"), evil) is True, "drop: the client is told OK")
    check(cache.get("dropme") is None, "drop: the application sees a miss")
    check(cache.set("dropme", Unknown()) and cache.get("dropme", "miss") == "miss", "drop: so it is by the library")
    check(cache.get_or_set("dropme", Unknown, 60) == Unknown(), "drop: get_or_set hands out what was made")
    check(cache.add("dropme", Unknown()) and cache.get("dropme") is None, "drop: add")
    cache.set_many({"dropme": Unknown(), "kept": 1})
    check(cache.get_many(["dropme", "kept"]) == {"kept": 1}, "drop: set_many keeps the others")
    check(raw.set(cache.make_key("logme"), evil) is True and raw.get(cache.make_key("logme")) == evil, "log: it is stored")
    cache.set("logme", Unknown())
    check(cache.get("logme") == Unknown(), "log: the application works as before")
    app.close()


# ---- main --------------------------------------------------------------------------------------


def report(counter):
    kinds = ("honest", "hostile", "old value", "seen")
    print(f"\n{'library':30}" + "".join(f"{kind:>12}" for kind in kinds) + f"{'failed':>10}")
    for name, row in counter.rows.items():
        failed = sum(count for kind, count in row.items() if kind.endswith("failed"))
        print(f"{name:30}" + "".join(f"{row[kind]:12}" for kind in kinds) + f"{failed:10}")
    for line in counter.not_yet:
        print("not yet: " + line)
    total = sum(sum(row.values()) for row in counter.rows.values())
    failed = len(counter.failures)
    print(f"{total - failed} passed, {failed} failed")
    return failed


def run(args, folder, counter):
    classes = []
    for cls in apps.APPS:
        missing = apps.missing_modules(cls)
        if not missing:
            classes.append(cls)
        elif args.any:
            print(f"left out: {cls.name} (no {missing[0]})")
        else:
            counter.check(cls.name, "honest", False, f"there is no Python module {missing[0]}")
    path = os.path.join(folder, "rules.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(rules(classes))
    brine = differential.Server(args.server, flags=[f"--config={path}", "--gate.mode=enforce", "--server.threads=2"])
    control = differential.Server("redis-server")
    try:
        ports = brine.address[1], control.address[1]
        apps.PORTS.extend(ports)
        raw = redis.Redis(port=ports[0])
        for cls in classes:
            if not args.only or args.only in cls.name:
                part(counter, cls.name, honest, cls, *ports, counter)
                part(counter, cls.name, hostile, cls, ports[0], counter, os.path.join(folder, "marker"))
        if not args.only:
            table_is_complete(raw, counter)
            profiles_are_complete(counter)
            bombs(redis.Redis(port=ports[0], db=1), counter)
            for seen, needed in ((django_sees, "django-redis"), (drop_and_log, "django-redis"), (flask_sees, "Flask-Caching"),
                                 (others_see, None), (pipelines_see, None)):
                if not needed or apps.named(needed):
                    part(counter, seen.__name__, seen, ports[0], counter)
            if apps.named("django (built in)"):
                part(counter, "the hint", the_hint_is_right, ports[0], folder, counter)
    finally:
        status = brine.stop()
        control.stop()
    counter.check("server", "honest", status == 0, f"exit status {status}")


def part(counter, name, function, *arguments):
    try:
        function(*arguments)
    except Exception:
        counter.check(name, "honest", False, traceback.format_exc())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=os.environ.get("BRINE_SERVER", "build/brine-server"))
    parser.add_argument("--only", help="applications whose name contains this")
    parser.add_argument("--any", action="store_true", help="leave out libraries that are not installed")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.alarm(SECONDS_MAX)
    counter = Counter()
    with tempfile.TemporaryDirectory(prefix="gate-libraries-") as folder:
        run(args, folder, counter)
    sys.exit(1 if report(counter) else 0)


if __name__ == "__main__":
    main()
