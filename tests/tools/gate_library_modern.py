# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""More applications for gate_libraries.py: libraries of today that Debian 12 has not, and what
applications keep in their caches of SQLAlchemy, Pydantic and scikit-learn.

`make test-ecosystem` runs them.  Models are of the application's own making: their policy stands in
POLICIES, as an operator would write it beside the preset.
"""

import asyncio
import datetime
import decimal

import gate_library_apps as apps

POLICIES = """
[policy.models]
allow = [
    { name = "gate_library_modern.Item", may = ["new", "build"], args = "" },
    { name = "gate_library_modern.Basket", may = ["new", "build"], args = "" },
]
"""


# ---- caches for asyncio ------------------------------------------------------------------------


class Async(apps.App):
    """A library whose calls are coroutines, each run to its end."""

    db = 12

    def open(self):
        self.loop = asyncio.new_event_loop()
        self.run(self.connect())

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def close(self):
        self.run(self.cache.close())
        self.loop.close()
        super().close()


@apps.app
class Aiocache(Async):
    name, profile, prefix, needs = "aiocache", "aiocache", "aio:", ("aiocache",)

    async def connect(self):
        from aiocache import RedisCache
        from aiocache.serializers import PickleSerializer
        self.cache = RedisCache(endpoint="127.0.0.1", port=self.port, db=self.db, namespace="aio",
                                key_builder=lambda key, namespace: f"{namespace}:{key}", serializer=PickleSerializer())

    def write(self, key, value):
        self.run(self.cache.set(key, value, ttl=100))

    def read(self, key):
        return self.run(self.cache.get(key, default=apps.MISS))

    def values(self):
        # None is what a miss is to it.
        yield from (row for row in super().values() if row[1] is not None)

    def steps(self):
        yield from self.round_trips()
        cache, run = self.cache, self.run
        yield "add", lambda: (run(cache.add("a", [1])), run(cache.get("a")))
        yield "add twice", lambda: run(cache.add("a", 2))
        yield "multi", lambda: (run(cache.multi_set([("m1", 1), ("m2", {"a"})], ttl=10)), run(cache.multi_get(["m1", "m2", "m3"])))
        yield "exists, expire, delete", lambda: (run(cache.exists("a")), run(cache.expire("a", 10)), run(cache.delete("a")))
        yield "a lock", lambda: run(self.lock())
        yield "a cached function", lambda: run(self.cached())
        yield "clear", lambda: (run(cache.clear(namespace="aio")), run(cache.get("m1")))

    async def lock(self):
        from aiocache.lock import RedLock
        async with RedLock(self.cache, "later", lease=10):
            return await self.cache.exists("later")

    async def cached(self):
        calls = []
        for _ in range(2):
            if await self.cache.get("page") is None:
                calls.append(1)
                await self.cache.set("page", {"at": datetime.date(2026, 11, 2)})
        return calls, await self.cache.get("page")


@apps.app
class Cashews(Async):
    name, profile, prefix, needs = "cashews", "cashews", "cash:", ("cashews",)

    async def connect(self):
        from cashews import Cache
        self.cache = Cache()
        self.cache.setup(f"redis://127.0.0.1:{self.port}/{self.db}", suppress=False)
        await self.cache.init()

    def write(self, key, value):
        self.run(self.cache.set(self.prefix + key, value, expire=100))

    def read(self, key):
        return self.run(self.cache.get(self.prefix + key, default=apps.MISS))

    def steps(self):
        yield from self.round_trips()
        cache, run = self.cache, self.run
        yield "set if not there", lambda: (run(cache.set("cash:a", [1], exist=False)), run(cache.set("cash:a", 2, exist=False)))
        yield "many", lambda: (run(cache.set_many({"cash:m1": 1, "cash:m2": {"a"}}, expire=10)),
                               run(cache.get_many("cash:m1", "cash:m2", "cash:m3")))
        yield "incr", lambda: (run(cache.incr("cash:n")), run(cache.incr("cash:n", 5)))
        yield "a lock", lambda: run(self.lock())
        yield "a cached function", lambda: run(self.cached())
        yield "delete", lambda: (run(cache.delete("cash:a")), run(cache.exists("cash:a")))
        yield "delete_match", lambda: (run(cache.delete_match("cash:m*")), run(cache.get("cash:m1")))

    async def lock(self):
        async with self.cache.lock("cash:later", 10):
            return await self.cache.is_locked("cash:later")

    async def cached(self):
        calls = []

        @self.cache(ttl=60, key="cash:page:{number}")
        async def page(number):
            calls.append(number)
            return {"number": number, "at": datetime.date(2026, 11, 2)}
        found = await page(1), await page(1), await page(2), calls
        await self.cache.delete_match("cash:page*")
        return found


# ---- what stands in caches ---------------------------------------------------------------------


def declare_models():
    """Of module level, for pickles name them."""
    from typing import List, Optional, Set

    from pydantic import BaseModel

    class Item(BaseModel):
        name: str
        price: decimal.Decimal
        at: Optional[datetime.datetime] = None
        tags: Set[str] = set()

    class Basket(BaseModel):
        items: List[Item]
        owner: Optional[str] = None

    for model in (Item, Basket):
        model.__module__, model.__qualname__ = __name__, model.__name__
        globals()[model.__name__] = model


class InCachelib(apps.Cachelib):
    db, prefix = 12, "lib:"

    def steps(self):
        yield from self.round_trips()


@apps.app
class Pydantic(InCachelib):
    name, needs, policy = "Pydantic, in cachelib", ("cachelib", "pydantic"), ("pydantic", "models")

    def values(self):
        if "Item" not in globals():
            declare_models()
        make_item, make_basket = globals()["Item"], globals()["Basket"]
        item = make_item(name="pen", price="1.20", at="2026-01-02T03:04:05Z", tags={"a"})
        yield "a model", item
        yield "models in a model", make_basket(items=[item, make_item(name="ink", price=2)], owner="Ada")
        yield "a model as a dict", item.model_dump()


@apps.app
class SqlAlchemy(InCachelib):
    name, db, needs, policy = "SQLAlchemy, in cachelib", 12, ("cachelib", "sqlalchemy"), ("sqlalchemy",)
    prefix = "rows:"

    def open(self):
        from cachelib import RedisCache
        self.cache = RedisCache("127.0.0.1", self.port, db=self.db, key_prefix=self.prefix)

    def wire_key(self, key):
        return self.prefix + key

    def values(self):
        from sqlalchemy import create_engine, text
        with create_engine("sqlite://").connect() as connection:
            connection.execute(text("create table orders (id int, name text, price float)"))
            connection.execute(text("insert into orders values (1, 'pen', 1.5), (2, 'ink', null)"))
            rows = list(connection.execute(text("select * from orders")))
        yield "rows", rows
        yield "mappings", [row._mapping for row in rows]
        yield "tuples", [tuple(row) for row in rows]
        yield "dicts", [dict(row._mapping) for row in rows]


@apps.app
class Estimators(apps.Joblib):
    name, db, prefix = "scikit-learn, in joblib", 12, "model:"
    needs = ("joblib", "sklearn")
    policy = ("joblib", "sklearn", "numpy")

    def wire_key(self, key):
        return self.prefix + key

    def write(self, key, value):
        super().write(self.wire_key(key), value)

    def read(self, key):
        return super().read(self.wire_key(key))

    def values(self):
        from sklearn.datasets import load_iris
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        x, y = load_iris(return_X_y=True)
        yield "a pipeline", make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
        yield "a forest", RandomForestClassifier(5, random_state=1).fit(x, y)

    def steps(self):
        for packer in (0, ("zlib", 3)):
            for name, value in self.values():
                yield f"{packer}: {name}", lambda packer=packer, value=value: (
                    setattr(self, "packer", packer), self.write("k", value), self.read("k").predict([[5, 3, 1, 0.2]]))
