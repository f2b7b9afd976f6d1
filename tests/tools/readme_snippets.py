#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""README's chapter about applications: each snippet is taken from there and used as its library is.

    readme_snippets.py --server build/brine-server [--any]

A server is started with the rules of the chapter, in enforce mode.  Each part's Python is run in a
process of its own, and then: honest values make the round trip by the library's own calls, a value
that would run code is refused and does not come back.  Libraries that are not installed fail, or are
left out with --any.  Last line "N passed, N failed".
"""

import argparse
import datetime
import decimal
import os
import signal
import subprocess
import sys
import tempfile
import types

import readme_blocks
import serving

CHAPTER = "Point your application at it"
SECONDS_MAX = 300
HONEST = ({"user": "Ada", "at": datetime.datetime(2026, 11, 2, 8, 30), "price": decimal.Decimal("1.20")}, [1, 2, 3],
          "text", {"a", "b"}, None)


class Poison:
    def __reduce__(self):
        return os.system, ("echo this machine is mine",)


def expect(good, what):
    print(("ok " if good else "FAIL ") + what)


def is_refused(step):
    """What the library lets through of the server's answer."""
    try:
        step()
    except Exception as error:
        return "PICKLEDENIED" in str(error) and "system" in str(error)
    return False


def use(name, write, read):
    """An application of any library."""
    for value in HONEST:
        write(value)
        expect(read() == value, f"{name}: {value!r} comes back")
    write("before")
    expect(is_refused(lambda: write(Poison())), f"{name}: code is refused, and the application is told")
    expect(read() == "before", f"{name}: what was there is still there")


# ---- the parts ---------------------------------------------------------------------------------


def configure_django(snippet):
    from django.conf import settings
    names = {name: value for name, value in snippet.items() if name.isupper()}
    settings.configure(SECRET_KEY="x", USE_TZ=True, **names)
    import django
    django.setup()


def use_django(name, snippet):
    configure_django(snippet)
    from django.core.cache import cache
    use(name, lambda value: cache.set("k", value, 60), lambda: cache.get("k"))
    from importlib import import_module
    session = import_module(snippet["SESSION_ENGINE"]).SessionStore()
    session["cart"] = [3, 4]
    session.save()
    expect(type(session)(session.session_key)["cart"] == [3, 4], f"{name}: a session comes back")


def django(snippet):
    if not is_there("django.core.cache.backends.redis"):
        # Debian's Django 3.2 has it not yet: a class that sends the same takes its place.
        import gate_library_django
        sys.modules["django.core.cache.backends.redis"] = gate_library_django
    use_django("Django", snippet)


def django_redis(snippet):
    use_django("django-redis", snippet)


def flask_caching(snippet):
    cache = snippet["cache"]
    with snippet["app"].app_context():
        use("Flask-Caching", lambda value: cache.set("k", value), lambda: cache.get("k"))


def celery_results(snippet):
    from celery.exceptions import BackendStoreError
    app = snippet["app"]

    def write(task, value):
        try:
            app.backend.store_result(task, value, "SUCCESS")
        except BackendStoreError as error:
            raise error.__cause__ or error

    for number, value in enumerate(HONEST):
        write(f"task{number}", value)
        expect(app.AsyncResult(f"task{number}").get(timeout=5) == value, f"Celery: {value!r} comes back")
    expect(is_refused(lambda: write("evil", Poison())), "Celery: code is refused, and the worker is told")
    expect(app.AsyncResult("evil").state == "PENDING", "Celery: nothing is stored")


def dogpile_cache(snippet):
    from dogpile.cache.api import NO_VALUE
    region = snippet["region"]
    use("dogpile.cache", lambda value: region.set("k", value), lambda: region.get("k"))
    region.delete("k")
    expect(region.get("k") is NO_VALUE, "dogpile.cache: deletes")


def joblib(snippet):
    import numpy
    use("joblib", lambda value: snippet["save"]("k", value), lambda: snippet["load"]("k"))
    snippet["save"]("array", numpy.arange(1000))
    expect((snippet["load"]("array") == numpy.arange(1000)).all(), "joblib: an array comes back")


def rq_data(snippet):
    judge = snippet["judge"]
    from rq.job import Job
    evil = Job.create("shop.tasks.order", args=(Poison(),), connection=snippet["server"])
    good = Job.create("shop.tasks.order", args=HONEST, connection=snippet["server"])
    expect(judge(good) == "admit", f"RQ's data: an honest job: {judge(good)!r}")
    expect(judge(evil) != "admit" and "system" in judge(evil), f"RQ's data: a hostile job: {judge(evil)!r}")


def rows_and_models(snippet):
    import sqlalchemy
    save, load = snippet["save"], snippet["load"]
    use("rows and models", lambda value: save("k", value), lambda: load("k"))
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        rows = connection.execute(sqlalchemy.text("select 1 as id, 'pen' as name")).all()
    save("rows", rows)
    expect(load("rows") == rows and load("rows")[0].name == "pen", "rows come back")
    item = snippet["Item"](name="pen", link="https://shop.example/pen", seen="2026-11-02T08:30:00Z")
    save("item", item)
    expect(load("item") == item, "a model comes back")


PARTS = {
    # heading: what runs its snippet, the modules it needs
    "Django": (django, ("django",)),
    "django-redis": (django_redis, ("django", "django_redis")),
    "Flask-Caching": (flask_caching, ("flask", "flask_caching")),
    "Celery results": (celery_results, ("celery",)),
    "dogpile.cache": (dogpile_cache, ("dogpile.cache",)),
    "joblib": (joblib, ("joblib", "numpy")),
    "RQ's data": (rq_data, ("rq",)),
    "Rows of SQLAlchemy, models of Pydantic": (rows_and_models, ("pydantic_core", "sqlalchemy")),
}
# Debian 12 has older ones, whose pickles are others: `make test-ecosystem` runs these.
FROM_PYPI = ("Rows of SQLAlchemy, models of Pydantic",)

# ---- main --------------------------------------------------------------------------------------


def is_there(module):
    import importlib.util
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def chapter(language):
    return [block for block in readme_blocks.read() if block.chapter == CHAPTER and block.language == language]


def run_part(part):
    """In a process of its own: the README's lines, then the library in use."""
    block = next(block for block in chapter("python") if block.part == part)
    module = types.ModuleType("shop")
    sys.modules["shop"] = module
    exec(compile(block.text, str(block), "exec"), module.__dict__)
    PARTS[part][0](module.__dict__)


def run_all(args, folder, counter):
    rules = os.path.join(folder, "brine.toml")
    with open(rules, "w", encoding="utf-8") as file:
        file.write("\n".join(block.text for block in chapter("toml")))
    env = readme_blocks.environment()
    server = serving.Process([os.path.abspath(args.server), "--config", rules, "--log.level=warning"], cwd=folder)
    try:
        counter.check(server.ready(), "the server starts with the chapter's rules")
        found = {block.part for block in chapter("python")}
        for part in sorted(found | set(PARTS)):
            counter.check(part in found and part in PARTS, f"{part}: has a snippet in README and a test here")
            missing = [name for name in PARTS.get(part, (None, ()))[1] if not is_there(name)]
            if missing and (args.any or part in FROM_PYPI):
                print(f"left out: {part} (no {missing[0]})")
                continue
            result = subprocess.run([sys.executable, "-W", "ignore", os.path.abspath(__file__), "--part", part], env=env,
                                    cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            lines = result.stdout.splitlines()
            for line in lines:
                if line.startswith(("ok ", "FAIL ")):
                    counter.check(line.startswith("ok "), line[5:])
            ended_well = result.returncode == 0 and any(line.startswith("ok ") for line in lines)
            counter.check(ended_well, f"{part}: ends in order\n{result.stdout[-3000:]}")
    finally:
        server.terminate()
        counter.check(server.wait(30) == 0, "the server stops in order")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=os.environ.get("BRINE_SERVER", "build/brine-server"))
    parser.add_argument("--any", action="store_true", help="leave out libraries that are not installed")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    args = parser.parse_args()
    signal.alarm(SECONDS_MAX)
    if args.part:
        run_part(args.part)
        return
    counter = readme_blocks.Counter()
    if not readme_blocks.own_network() and 6379 in readme_blocks.listening():
        raise SystemExit("readme_snippets.py: port 6379 is taken, and the system gives no network of one's own")
    with tempfile.TemporaryDirectory(prefix="readme-snippets-") as folder:
        run_all(args, folder, counter)
    print(f"{counter.passed} passed, {counter.failed} failed")
    sys.exit(1 if counter.failed else 0)


if __name__ == "__main__":
    main()
