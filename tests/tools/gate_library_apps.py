# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Applications, one for each library: what they do with their cache, and where and how it lies there.

An App is bound to one server.  `steps` are things that an application does, each a name and a
function whose outcome must be the same with every server; `write` and `read` are one value by the
library's own calls; `framings` wrap the bytes of a pickle as the library would.  For gate_libraries.py.
"""

import base64
import bz2
import collections
import functools
import gzip
import importlib.util
import io
import json
import lzma
import os
import pickle
import sys
import types
import zlib

import redis

import preset_values

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tutorial"))

MISS = "a miss"
APPS = []

# What does not work before the server has what it takes: a step's name -> the command that is missing.
# Such a step writes no key but with "later" in its name.
NOT_YET = {
    "queue": "HSET",
    "chord": "ZADD", "message": "LPUSH", "redirect": "HSET",
}


def app(cls):
    APPS.append(cls)
    return cls


def is_there(module):
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that is not there
        return False


def missing_modules(cls):
    return [name for name in cls.needs if not is_there(name)]


def named(name):
    """The App of that name; None when its library is not installed."""
    cls = next(cls for cls in APPS if cls.name == name)
    return None if missing_modules(cls) else cls


def stand_in_for_pyzstd():
    """django-redis packs with pyzstd, which Debian 12 has not: the same calls on python3-zstandard."""
    if is_there("pyzstd") or not is_there("zstandard"):
        return
    import zstandard
    module = types.ModuleType("pyzstd")
    module.ZstdError = zstandard.ZstdError
    module.compress = lambda data: zstandard.ZstdCompressor().compress(data)
    module.decompress = lambda data: zstandard.ZstdDecompressor().decompress(data)
    sys.modules["pyzstd"] = module


# ---- values ------------------------------------------------------------------------------------


@functools.lru_cache(None)
def preset_of(name):
    """Made once: some values know when they were made."""
    return preset_values.PRESETS[name]()


def honest(*presets):
    """(name, value) of what the presets promise, and of the plain things that caches are full of."""
    yield from {
        "none": None, "true": True, "false": False, "zero": 0, "minus one": -1, "huge": 2 ** 80, "float": 1.5,
        "empty text": "", "text": "hello", "digits": "12", "unicode": "Grüße, 世界 🥒", "empty bytes": b"",
        "bytes": bytes(range(256)), "tuple": (1, "a", None), "html": "<p>hello</p>" * 40,
        "page": {"title": "t", "rows": [{"id": i, "name": "name %d" % i, "price": i / 7} for i in range(300)]},
        "looks like a pickle": b"cos\nsystem\n(S'id'\ntR.", "and in text": "cos\nsystem\n(S'id'\ntR.",
        "an inner pickle": pickle.dumps({"a": 1}), "newlines": "a\r\nb\n'\"\\", "big": "x" * (1 << 19),
        "nested": [[[[[[{"a": {"b": {"c": (1, [2, {3}])}}}]]]]]],
    }.items()
    for preset in presets:
        yield from ((preset + " " + name, value) for name, value in preset_of(preset).items())


STANDARD = ("data", "stdlib")


class App:
    name = profile = ""
    policy = ()      # besides the profile's own
    needs = ()       # modules
    presets = STANDARD
    db = 0
    prefix = ""      # of the keys, so that a rule can tell two apps of one database apart
    never_read = ()        # framings of which a reader may get nothing
    compares_bytes = True  # the same values are the same bytes again
    writes_pickles = True  # or only reads them, where nobody of its own has written one

    def __init__(self, port):
        self.port = port
        self.raw = redis.Redis(port=port, db=self.db)
        self.url = f"redis://127.0.0.1:{port}/{self.db}"
        self.open()

    def open(self):
        pass

    def wire_key(self, key):
        return self.prefix + key

    @property
    def framings(self):
        return {"bare": bytes}

    def values(self):
        return honest(*self.presets)

    def round_trips(self):
        for name, value in self.values():
            yield "set and get " + name, lambda value=value: (self.write("k", value), self.read("k"),
                                                              self.raw.exists(self.wire_key("k")))

    def steps(self):
        yield from self.round_trips()

    def close(self):
        self.raw.close()


# ---- Django ------------------------------------------------------------------------------------

COMPRESSORS = ("identity", "zlib", "gzip", "lzma", "lz4", "zstd")
PORTS = []  # of all servers, known before Django is


class GzipCompressor:
    """After django-redis 6, which has it; 5 has not."""

    def __init__(self, options):
        pass

    def compress(self, value):
        return gzip.compress(value) if len(value) > 15 else value

    def decompress(self, value):
        from django_redis.exceptions import CompressorError
        try:
            return gzip.decompress(value)
        except gzip.BadGzipFile as error:
            raise CompressorError from error


def compressor_path(name):
    if name == "gzip":
        return "gate_library_apps.GzipCompressor"
    words = {"identity": "Identity", "zlib": "Zlib", "lzma": "Lzma", "lz4": "Lz4", "zstd": "ZStd"}
    return f"django_redis.compressors.{name}.{words[name]}Compressor"


def django_caches():
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    for port in PORTS:
        for name in (*COMPRESSORS, "ignoring"):
            options = {"COMPRESSOR": compressor_path("identity" if name == "ignoring" else name)}
            caches[f"{name}-{port}"] = {
                "BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}/1",
                "KEY_PREFIX": name, "OPTIONS": dict(options, IGNORE_EXCEPTIONS=name == "ignoring")}
        caches[f"builtin-{port}"] = {"BACKEND": builtin_backend(), "LOCATION": f"redis://127.0.0.1:{port}/2"}
    return caches


def builtin_backend():
    import django
    return "gate_library_django.RedisCache" if django.VERSION < (4,) else "django.core.cache.backends.redis.RedisCache"


def set_up_django():
    from django.conf import settings
    if settings.configured:
        return
    stand_in_for_pyzstd()
    settings.configure(
        SECRET_KEY="x", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField", CACHES=django_caches(),
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites", "shop"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        ALLOWED_HOSTS=["testserver"], ROOT_URLCONF="shop.views", SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer")
    import django
    django.setup()
    from django.db import connection
    from shop.models import Product
    with connection.schema_editor() as editor:
        editor.create_model(Product)
    for name, price in (("Anchovy", "3.50"), ("Gherkin", "2.00")):
        Product.objects.create(name=name, price=price)


def shop_values():
    from shop.models import Cart, Product, Visit
    product = Product.objects.get(name="Gherkin")
    cart = Cart()
    cart.add(product, 2)
    yield "a model", product
    yield "a list of models", list(Product.objects.all())
    yield "rows", list(Product.objects.values("name", "price"))
    yield "a class of one's own", cart
    yield "a class with __setstate__", Visit("/", 1.5)


class DjangoCache(App):
    presets = (*STANDARD, "django")
    policy = ("shop",)
    alias = ""

    def open(self):
        set_up_django()
        from django.core.cache import caches
        self.cache = caches[f"{self.alias}-{self.port}"]

    def wire_key(self, key):
        return self.cache.make_key(key)

    def write(self, key, value):
        self.cache.set(key, value)

    def read(self, key):
        return self.cache.get(key, MISS)

    def values(self):
        yield from super().values()
        yield from shop_values()

    def steps(self):
        yield from self.round_trips()
        cache = self.cache
        yield "get of nothing", lambda: cache.get("nothing")
        yield "add", lambda: (cache.add("a", {"x": 1}), cache.add("a", 2), cache.get("a"))
        yield "set for a time", lambda: (cache.set("t", [1], 100), cache.touch("t", 50), cache.get("t"))
        yield "set for no time", lambda: (cache.set("t", [1], 0), cache.get("t"))
        yield "incr, decr", lambda: (cache.set("n", 5), cache.incr("n"), cache.incr("n", 10), cache.decr("n"), cache.get("n"))
        yield "incr of a float", lambda: (cache.set("f", 5.5), cache.incr("f"))
        yield "incr beyond 64 bits", lambda: (cache.set("n", 2 ** 63 - 1), cache.incr("n"), cache.get("n"))
        yield "incr of text", lambda: (cache.set("f", "text"), cache.incr("f"))
        yield "set_many", lambda: (cache.set_many({"m%d" % i: {"i": i} for i in range(50)}, 60),
                                   cache.get_many(["m1", "m49", "none"]))
        yield "delete_many", lambda: (cache.delete_many(["m1", "m2"]), cache.get("m1"), cache.has_key("m3"))
        yield "get_or_set", lambda: (cache.get_or_set("g", lambda: {1, 2}), cache.get_or_set("g", 3))
        yield "delete", lambda: (cache.delete("g"), cache.delete("g"), "g" in cache)
        yield "versions", lambda: (cache.set("v", 1), cache.incr_version("v"), cache.get("v"), cache.get("v", version=2))
        yield "a session", self.session
        yield "a session with pickles", lambda: self.session("PickleSerializer")
        yield "a cached page", self.page
        yield "a cached fragment", self.fragment
        yield "clear", lambda: (cache.clear(), cache.get("a"))

    def session(self, serializer="JSONSerializer"):
        from django.contrib.sessions.backends.cache import SessionStore
        from django.contrib.sessions import serializers
        if not hasattr(serializers, serializer):
            return None
        class Store(SessionStore):
            def __init__(store, key=None):
                super().__init__(key)
                store._cache = self.cache
        session = Store()
        session["_auth_user_id"] = "1"
        session["cart"] = [{"id": 3, "count": 2}]
        session.set_expiry(300)
        session.save()
        again = Store(session.session_key)
        found = dict(again.items())
        again["more"] = 1
        again.save()
        again.cycle_key()
        kept = dict(Store(again.session_key).items())
        again.flush()
        return found, kept, Store(session.session_key).load()

    def page(self):
        from django.http import HttpResponse
        from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
        from django.test import RequestFactory
        calls = []

        def view(request):
            calls.append(1)
            response = HttpResponse("<p>page</p>", headers={"X-A": "b", "Vary": "Accept-Language"})
            response.set_cookie("shop", "1")
            return response

        answers = []
        for _ in range(2):
            request = RequestFactory().get("/page")
            fetch, update = FetchFromCacheMiddleware(view), UpdateCacheMiddleware(view)
            for middleware in (fetch, update):
                middleware.cache_alias = f"{self.alias}-{self.port}"
                middleware.__dict__["cache"] = self.cache
            response = fetch.process_request(request)
            if response is None:
                response = update.process_response(request, view(request))
            answers.append((response.status_code, response.content, response["X-A"], str(response.cookies)))
        return answers, len(calls)

    def fragment(self):
        from django.core.cache.utils import make_template_fragment_key
        from django.utils.safestring import mark_safe
        key = make_template_fragment_key("side", ["user"])
        self.cache.set(key, mark_safe("<b>side</b>"))
        return self.cache.get(key)


@app
class DjangoBuiltin(DjangoCache):
    name, profile, alias, db = "django (built in)", "django", "builtin", 2
    needs = ("django",)


class DjangoRedis(DjangoCache):
    profile, db = "django-redis", 1
    needs = ("django", "django_redis")
    pack = staticmethod(bytes)

    @property
    def framings(self):
        # What does not unpack is unpickled as it is; streams after the first are each packer's affair.
        return {"packed": self.pack, "not packed": bytes, "packed, then junk": lambda data: self.pack(data) + b"junk",
                "packed, cut": lambda data: self.pack(data + b"x" * 64)[:-1]}

    # Some unpack nothing then, others what they have.
    never_read = ("packed, cut",)

    def steps(self):
        yield from super().steps()
        cache = self.cache
        yield "ttl", lambda: (cache.set("t", [1], 100), cache.ttl("t") in (99, 100), cache.persist("t"), cache.ttl("t"))
        yield "expire", lambda: (cache.expire("t", 50), cache.ttl("t") in (49, 50), cache.pttl("t") > 1000)
        yield "set if there", lambda: (cache.set("t", 2, xx=True), cache.set("no", 2, xx=True), cache.set("t", 3, nx=True))
        yield "keys", lambda: (cache.set_many({"p1": 1, "p2": 2}), sorted(cache.keys("p*")), sorted(cache.iter_keys("p*")),
                               cache.delete_pattern("p*"), cache.keys("p*"))
        yield "incr of what is not there", lambda: cache.incr("later")
        yield "incr unchecked", lambda: cache.incr("later2", ignore_key_check=True)
        yield "lock", self.lock

    def lock(self):
        with self.cache.lock("later", timeout=10):
            pass


def django_redis_app(name, pack, *needs):
    app(type("DjangoRedis" + name.title(), (DjangoRedis,), {
        "name": "django-redis" if name == "identity" else f"django-redis, {name}", "alias": name, "prefix": name + ":",
        "needs": (*DjangoRedis.needs, *needs), "pack": staticmethod(pack)}))


def lz4_frame(data):
    import lz4.frame
    return lz4.frame.compress(data)


def zstd_frame(data):
    import zstandard
    return zstandard.ZstdCompressor().compress(data)


for row in (("identity", bytes), ("zlib", zlib.compress), ("gzip", gzip.compress), ("lzma", lzma.compress),
            ("lz4", lz4_frame, "lz4"), ("zstd", zstd_frame, "zstandard")):
    django_redis_app(*row)


# ---- Flask -------------------------------------------------------------------------------------


def bang(data):
    return b"!" + data


@app
class Cachelib(App):
    name, profile, db, needs = "cachelib", "cachelib", 3, ("cachelib",)

    def open(self):
        from cachelib import RedisCache
        self.cache = RedisCache("127.0.0.1", self.port, db=self.db, key_prefix="lib:")

    def wire_key(self, key):
        return "lib:" + key

    framings = {"bang": bang, "bare": bytes}

    def write(self, key, value):
        if not self.cache.set(key, value):
            raise RuntimeError("not stored")

    def read(self, key):
        return self.cache.get(key) if self.cache.has(key) else MISS

    def steps(self):
        yield from self.round_trips()
        cache = self.cache
        yield "add", lambda: (cache.add("a", {"x": 1}), cache.add("a", 2), cache.get("a"))
        yield "for ever", lambda: (cache.set("e", [1], timeout=0), cache.get("e"))
        yield "set_many", lambda: (cache.set_many({"m1": 1, "m2": {"a": 2}}), cache.get_many("m1", "m2", "m3"),
                                   cache.get_dict("m1", "m3"))
        yield "delete", lambda: (cache.delete("m1"), cache.delete_many("m2", "m3"), cache.get("m1"))
        yield "counters", lambda: (cache.inc("n"), cache.inc("n", 5), cache.dec("n", 2), self.raw.get("lib:n"))
        yield "a counter read", lambda: cache.get("n")
        yield "clear", lambda: (cache.clear(), cache.get("a"))


@app
class FlaskCaching(Cachelib):
    name, profile, db, needs = "Flask-Caching", "flask-caching", 4, ("flask", "flask_caching")
    presets = (*STANDARD, "flask")

    def open(self):
        from flask import Flask
        from flask_caching import Cache
        self.flask = Flask("shop")
        self.flask.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_URL=self.url, CACHE_KEY_PREFIX="lib:",
                                 CACHE_DEFAULT_TIMEOUT=300)
        self.caching = Cache(self.flask)
        with self.flask.app_context():
            self.cache = self.caching.cache

    def steps(self):
        yield from super().steps()
        yield "cached views", self.views
        yield "memoized functions", self.memoized

    def views(self):
        if getattr(self, "client", None) is None:
            self.calls = collections.Counter()
            self.add_views()
            self.client = self.flask.test_client()
        self.calls.clear()
        got = [(self.client.get(path).status_code, self.client.get(path).data)
               for path in ("/page", "/json", "/tuple", "/response")]
        return got, dict(self.calls)

    def add_views(self):
        from flask import jsonify, make_response
        from markupsafe import Markup
        answers = {"page": lambda: Markup("<p>page</p>"), "json": lambda: {"a": [1, 2]},
                   "tuple": lambda: ("made", 201, {"X-A": "b"}), "response": lambda: "plain",
                   "made": lambda: make_response(jsonify({"a": 1}))}
        for name, answer in answers.items():
            def view(name=name, answer=answer):
                self.calls[name] += 1
                return answer()
            self.flask.add_url_rule("/" + name, name, self.caching.cached(60)(view))

    def memoized(self):
        calls = []

        @self.caching.memoize(60)
        def cost(a, b=1):
            calls.append(a)
            return {"a": a, "b": b}
        with self.flask.test_request_context():
            found = cost(1), cost(1), cost(2, b=3)
            self.caching.delete_memoized(cost, 1)
            found += cost(1), len(calls)
        self.cache.clear()  # the keys are random
        return found


@app
class FlaskCachingFrames(FlaskCaching):
    """Superset's: cached frames of pandas."""
    name, db, needs = "Flask-Caching, pandas", 14, ("flask", "flask_caching", "pandas")
    policy = ("numpy", "pandas")
    presets = ("numpy", "pandas")

    def steps(self):
        yield from self.round_trips()


@app
class FlaskSession(App):
    name, profile, db, needs = "Flask-Session", "flask-session", 5, ("flask", "flask_session")

    def open(self):
        from flask import Flask
        from flask_session import Session
        self.flask = Flask("shop")
        self.flask.config.update(SESSION_TYPE="redis", SESSION_REDIS=self.raw, SECRET_KEY="x")
        Session(self.flask)
        if not hasattr(self.flask, "session_cookie_name"):
            # Flask 2.3 took it away; releases of Flask-Session before it ask for it.
            type(self.flask).session_cookie_name = property(lambda flask: flask.config["SESSION_COOKIE_NAME"])

    # From 0.7 on it writes msgpack, and still reads pickles.
    writes_pickles = not is_there("msgspec")

    def values(self):
        for name, value in super().values():
            if self.writes_pickles or self.is_packable(value):
                yield name, value

    @staticmethod
    def is_packable(value):
        import msgspec
        try:
            return bool(msgspec.msgpack.encode(value))
        except (TypeError, OverflowError):
            return False

    def wire_key(self, key):
        return "session:" + key

    def context(self, key):
        name = self.flask.config["SESSION_COOKIE_NAME"]
        return self.flask.test_request_context("/", headers={"Cookie": f"{name}={key}"})

    def write(self, key, value):
        from flask import session
        if not self.writes_pickles and not self.raw.exists(self.wire_key(key)):
            self.raw.set(self.wire_key(key), b"\x80")  # no session of a name that it has not given
        with self.context(key):
            session["value"] = value
            self.flask.session_interface.save_session(self.flask, session, self.flask.response_class())

    def read(self, key):
        from flask import session
        with self.context(key):
            return session.get("value", MISS)


# ---- dogpile, Beaker, joblib -------------------------------------------------------------------


@app
class Dogpile(App):
    name, profile, db, needs = "dogpile.cache", "dogpile", 6, ("dogpile.cache",)
    compares_bytes = False  # the time of creation is part of the value
    framings = {"dogpile": lambda data: b'{"ct": 1795373285.43, "v": 1}|' + data, "bare": bytes,
                "another head": lambda data: b"0|" + data}

    def region(self, **arguments):
        from dogpile.cache import make_region
        arguments = dict({"host": "127.0.0.1", "port": self.port, "db": self.db}, **arguments)
        return make_region().configure("dogpile.cache.redis", arguments=arguments)

    def open(self):
        self.cache = self.region(redis_expiration_time=600)

    def write(self, key, value):
        self.cache.set(key, value)

    def read(self, key):
        from dogpile.cache.api import NO_VALUE
        found = self.cache.get(key)
        return MISS if found is NO_VALUE else found

    def steps(self):
        yield from self.round_trips()
        yield "get_or_create", lambda: (self.cache.get_or_create("g", lambda: {"a": 1}), self.cache.get_or_create("g", lambda: 2))
        yield "set_multi", lambda: (self.cache.set_multi({"m1": [1], "m2": (2,)}), self.cache.get_multi(["m1", "m2"]))
        yield "delete", lambda: (self.cache.delete("m1"), self.cache.delete_multi(["m2"]), self.read("m1"))
        yield "without a time", self.without_time
        yield "cache_on_arguments", self.on_arguments
        yield "lock", self.lock

    def without_time(self):
        region = self.region()
        region.set("w", {"a": 1})
        region.set_multi({"w1": 1, "w2": {3}})
        return region.get("w"), region.get_multi(["w1", "w2"])

    def on_arguments(self):
        calls = []

        @self.cache.cache_on_arguments()
        def add(a, b):
            calls.append(a)
            return a + b
        found = add(1, 2), add(1, 2)
        add.invalidate(1, 2)
        return found, add(1, 2), len(calls)

    def lock(self):
        region = self.region(distributed_lock=True, thread_local_lock=False, lock_timeout=10)
        return region.get_or_create("later", lambda: [1])


@app
class Beaker(App):
    name, profile, db, needs = "Beaker", "beaker", 7, ("beaker",)
    # Below 1.12 a session is a dict of pickles; from then on a str of base64.
    framings = {"bare": bytes, "session": lambda data: pickle.dumps(base64.b64encode(data).decode(), 4),
                "session, protocol 0": lambda data: pickle.dumps(base64.b64encode(data).decode(), 0),
                "session, Python 2": lambda data: b"S'" + base64.b64encode(data) + b"'\n.",
                # Texts that no pickler writes so: the refusal says that, and names nothing.
                "session, by the memo": lambda data: pickle.dumps(base64.b64encode(data).decode(), 2)[:-1] + b"0h\x00.",
                "session, a UserString": lambda data: pickle.dumps(collections.UserString(base64.b64encode(data).decode())),
                "session, escaped": lambda data: b"".join(b"\\u%04x" % byte for byte in base64.b64encode(data)).join([b"V", b"\n."])}

    def open(self):
        from beaker.ext.redisnm import RedisNamespaceManager
        self.cache = RedisNamespaceManager("shop", self.url, timeout=600)

    def wire_key(self, key):
        return "beaker_cache:shop:" + key

    def values(self):
        # A UserString would be decoded like a session's text: what no pickler writes so is refused.
        yield from (row for row in super().values() if row[0] != "stdlib userstring")

    def write(self, key, value):
        self.cache.set_value(key, value)

    def read(self, key):
        return self.cache[key] if key in self.cache else MISS

    def steps(self):
        yield from self.round_trips()
        yield "for ever", lambda: (setattr(self.cache, "timeout", None), self.cache.set_value("e", [1]), self.cache["e"])
        yield "delete", lambda: (self.cache.__delitem__("e"), "e" in self.cache)
        yield "a creation lock", self.creation_lock
        yield "a cached function", self.cached
        yield "a session", self.session
        yield "a session with a secret", lambda: self.session(secret="x")
        yield "clear", lambda: (self.cache.do_remove(), "k" in self.cache)

    def creation_lock(self):
        lock = self.cache.get_creation_lock("c")
        lock.acquire_write_lock()
        lock.release_write_lock()
        return self.raw.keys("beaker_lock*")

    def cached(self):
        from beaker.cache import CacheManager
        cache = CacheManager(type="ext:redis", url=self.url).get_cache("made", type="ext:redis", url=self.url, expire=60)
        calls = []
        found = [cache.get(key="k", createfunc=lambda: calls.append(1) or {"a": {1, 2}}) for _ in range(2)]
        cache.clear()  # when it was made is part of the value
        return found, len(calls)

    def session(self, **options):
        from beaker.session import Session
        request = {"cookie": "", "cookie_out": ""}
        session = Session(request, type="ext:redis", url=self.url, use_cookies=True, **options)
        session["cart"] = [{"id": 3}]
        session.save()
        again = Session(request, id=session.id, type="ext:redis", url=self.url, use_cookies=False)
        found = again["cart"]
        again["more"] = {"when": preset_values.datetime.date(2026, 1, 2)}
        again.save()
        third = Session(request, id=session.id, type="ext:redis", url=self.url, use_cookies=False)
        kept = third["cart"], third["more"]
        third.delete()
        return found, kept


JOBLIB_PACKERS = (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3))


@app
class Joblib(App):
    name, profile, db, needs = "joblib", "joblib", 8, ("joblib", "pandas", "lz4")
    presets = (*STANDARD, "numpy", "pandas")
    policy = ("numpy", "pandas")
    packer = 0
    framings = {"bare": bytes, "zlib": zlib.compress, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
                "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "lz4": lz4_frame}

    def write(self, key, value):
        import joblib
        out = io.BytesIO()
        joblib.dump(value, out, compress=self.packer)
        self.raw.set(key, out.getvalue())

    def read(self, key):
        import joblib
        found = self.raw.get(key)
        return MISS if found is None else joblib.load(io.BytesIO(found))

    def steps(self):
        import numpy
        for packer in JOBLIB_PACKERS:
            for name, value in self.values():
                yield f"{packer}: {name}", lambda packer=packer, value=value: (
                    setattr(self, "packer", packer), self.write("k", value), self.read("k"))
        yield "a big array", lambda: (setattr(self, "packer", 0), self.write("k", numpy.arange(1 << 17)), self.read("k"))


# ---- Celery, kombu, RQ -------------------------------------------------------------------------


@app
class Celery(App):
    name, profile, db, needs = "Celery", "celery", 9, ("celery", "kombu")
    presets = (*STANDARD, "celery")
    compares_bytes = False  # when it was done is part of the value
    framings = {
        "bare": bytes,
        "message": lambda data: json.dumps({"body": base64.b64encode(data).decode(), "content-encoding": "binary",
                                            "content-type": "application/x-python-serialize", "headers": {"task": "t"},
                                            "properties": {"body_encoding": "base64"}}).encode(),
        "message said to be JSON": lambda data: json.dumps({"body": base64.b64encode(data).decode(),
                                                            "content-type": "application/json"}).encode(),
    }

    def open(self):
        from celery import Celery as Application
        self.celery = Application("shop", broker="memory://", backend=self.url, set_as_current=False)
        self.celery.conf.update(result_serializer="pickle", task_serializer="pickle", accept_content=["pickle", "json"],
                                result_accept_content=["pickle", "json"])
        self.backend = self.celery.backend

    def wire_key(self, key):
        return "celery-task-meta-" + key

    def write(self, key, value):
        # A task that is done stays as it was; each value here is another run of it.
        self.backend.delete(self.wire_key(key))
        if isinstance(value, BaseException):
            self.backend.mark_as_failure(key, value)
        else:
            self.backend.mark_as_done(key, value)

    def read(self, key):
        meta = self.backend.get_task_meta(key, cache=False)
        return MISS if meta["status"] == "PENDING" else meta["result"]

    def steps(self):
        yield from self.round_trips()
        for error in (ValueError("wrong"), KeyError("k"), OSError(2, "no", "file"), ZeroDivisionError()):
            yield f"a failure, {error!r}", lambda error=error: self.failure(error)
        yield "a retry", lambda: (self.backend.delete(self.wire_key("r")), self.backend.mark_as_retry("r", ValueError("x")),
                                  type(self.backend.get_task_meta("r", cache=False)["result"]).__name__)
        yield "a started task", lambda: (self.backend.mark_as_started("s", pid=1, hostname="h"), self.read("s"))
        yield "results together", lambda: ([self.write("g%d" % i, i) for i in range(3)],
                                           sorted(self.backend.mget([self.wire_key("g%d" % i) for i in range(3)]) != [] for _ in "1"))
        yield "a result waited for", self.waited_for
        yield "a group's result", self.group
        yield "forget", lambda: (self.backend.forget("g0"), self.read("g0"))
        yield "message", self.message
        yield "chord", lambda: self.raw.zadd("celery-taskset-x.j", {pickle.dumps((1, "t", "SUCCESS", 2)): 1})

    def failure(self, error):
        self.write("e", error)
        meta = self.backend.get_task_meta("e", cache=False)
        return meta["status"], type(meta["result"]).__name__, meta["result"].args

    def waited_for(self):
        """The consumer takes the result from the channel, as a client of a running worker does."""
        from celery.result import AsyncResult
        result = AsyncResult("waited", app=self.celery)
        consumer = self.backend.result_consumer
        consumer.start("waited")
        seen = []
        consumer.on_message = lambda meta: seen.append(meta["result"])
        self.write("waited", {"answer": {1, 2}})
        for _ in range(20):
            consumer.drain_events(timeout=1)
            if seen:
                break
        consumer.stop()
        return seen, result.get(timeout=5)

    def group(self):
        from celery.result import AsyncResult, GroupResult
        results = [AsyncResult("g%d" % i, app=self.celery) for i in range(3)]
        GroupResult("group", results, app=self.celery).save(self.backend)
        return [each.id for each in GroupResult.restore("group", self.backend, app=self.celery).results]

    def message(self):
        from celery import Celery as Application
        sender = Application("sender", broker=self.url, set_as_current=False)
        sender.conf.update(task_serializer="pickle", broker_transport_options={"max_retries": 0})
        with sender.connection_for_write() as connection:
            connection.SimpleQueue("tasks").put({"a": 1}, serializer="pickle", retry=False)


@app
class Rq(App):
    name, profile, db, needs = "RQ", "rq", 10, ("rq",)
    framings = {"job's data": zlib.compress, "bare": bytes, "result": base64.b64encode}

    def write(self, key, value):
        from rq.job import Job
        job = Job.create("shop.tasks.order", args=(value,), kwargs={"k": value}, connection=self.raw)
        self.raw.set(key, job.to_dict()["data"])

    def read(self, key):
        from rq.job import Job
        data = self.raw.get(key)
        if data is None:
            return MISS
        job = Job(connection=self.raw)
        job.restore({b"data": data, b"created_at": b"2026-01-02T00:00:00.000000Z"})
        return job.args[0], job.kwargs

    def steps(self):
        yield from self.round_trips()
        yield "a result", lambda: (self.raw.set("r", base64.b64encode(pickle.dumps({"a": 1}))), self.raw.get("r"))
        yield "queue", self.queue

    def queue(self):
        from rq import Queue
        name = Queue("tasks", connection=self.raw).enqueue("shop.tasks.order", 1).func_name
        self.raw.delete(*self.raw.keys("rq:*"))
        return name


# ---- requests-cache ----------------------------------------------------------------------------


@app
class RequestsCache(App):
    name, profile, db, needs = "requests-cache", "requests-cache", 13, ("requests_cache",)
    policy = ("fetched",)
    compares_bytes = False  # the time it was fetched is part of the value
    framings = {"bare": bytes, "signed": lambda data: data + b".aGVsbG8tc2lnbmF0dXJl"}

    def open(self):
        from requests_cache.backends.redis import RedisCache
        self.cache = RedisCache("http", connection=self.raw, secret_key=None)
        self.signed = RedisCache("signed", connection=self.raw, secret_key="x", serializer="pickle")

    def wire_key(self, key):
        return f"{self.cache.responses.namespace}:{key}"

    # A dict would be taken for a response that came from JSON.
    def write(self, key, value):
        self.cache.responses[key] = [value]

    def read(self, key):
        return self.cache.responses[key][0] if key in self.cache.responses else MISS

    def steps(self):
        yield from self.round_trips()
        yield "a response", self.response
        yield "redirect", lambda: self.cache.redirects.__setitem__("a", "b")

    def response(self):
        import requests
        import requests_cache
        response = requests.Response()
        response.status_code, response._content, response.url = 200, b"<p>hello</p>", "http://example.org/"
        response.headers["Content-Type"] = "text/html"
        response.request = requests.Request("GET", response.url).prepare()
        response.raw = requests.packages.urllib3.HTTPResponse(body=io.BytesIO(b"<p>hello</p>"), status=200,
                                                               preload_content=False)
        kept = requests_cache.CachedResponse.from_response(response)
        for store in (self.cache, self.signed):
            store.responses["page"] = kept
        found = [store.responses["page"].content for store in (self.cache, self.signed)]
        self.raw.flushdb()
        return found


# ---- what Debian has not -----------------------------------------------------------------------


def signed_by_django(data):
    packed = base64.urlsafe_b64encode(zlib.compress(data)).rstrip(b"=")
    return b"." + packed + b":1tAbCd:" + b"s" * 27


HANDMADE = {
    # profile: (how the library frames it, how it reads it)
    "aiocache": (bytes, bytes),
    "apscheduler": (bytes, bytes),
    "arq": (bytes, bytes),
    "cacheops": (lambda data: b"0123456789" * 4 + b":" + data, lambda data: data[41:]),
    "cashews": (lambda data: b"sha256:" + b"ab" * 32 + b"_" + data, lambda data: data.partition(b"_")[2]),
    "django-q2": (signed_by_django, lambda data: zlib.decompress(
        base64.urlsafe_b64decode(data[1:].split(b":")[0] + b"==="))),
    "huey": (lambda data: data + b":" + b"ab" * 20, lambda data: data[:-41]),
    "huey-priority": (lambda data: b"\0\6\x5d\x2a\x10\0\0\0" + data, lambda data: data[8:]),
    "scrapy-redis": (bytes, bytes),
    "walrus": (bytes, bytes),
}


def handmade_app(profile, frame, unframe):
    """A library that Debian 12 has not, by what it writes and reads."""

    class Handmade(App):
        name, db, prefix = f"{profile} (by hand)", 11, profile + ":"
        framings = {"framed": frame} if frame is bytes else {"framed": frame, "bare": bytes}
        def write(self, key, value):
            self.raw.set(self.wire_key(key), frame(pickle.dumps(value)))

        def read(self, key):
            found = self.raw.get(self.wire_key(key))
            return MISS if found is None else pickle.loads(unframe(found))

    Handmade.profile = profile
    app(Handmade)


for row in HANDMADE.items():
    handmade_app(row[0], *row[1])
