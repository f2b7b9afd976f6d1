#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The tutorial's site: a Django shop whose cache and sessions are pickles in brine.

    visit.py             visitors come, and everything they see is right
    visit.py --attack    somebody who can write to the cache plants pickles that run code

What Django and django-redis do here they do as on any site; only the settings stand in this file
and the visitors are Django's test client.
"""

import os
import pickle
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import django
from django.conf import settings

PORT = int(os.environ.get("SHOP_PORT", "6400"))
VISITORS = 5

settings.configure(
    SECRET_KEY="tutorial",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="shop.views",
    INSTALLED_APPS=["shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    CACHES={"default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{PORT}/1",
        "OPTIONS": {"SERIALIZER": "django_redis.serializers.pickle.PickleSerializer"},
    }},
)
django.setup()

from django.core.cache import cache
from django.db import connection
from django.test import Client

from shop.models import Product, Visit


def expect(what, wanted):
    if what != wanted:
        sys.exit(f"wrong page: {what!r} instead of {wanted!r}")


def fill_database():
    with connection.schema_editor() as editor:
        editor.create_model(Product)
    for name, price in (("Anchovy", "3.50"), ("Gherkin", "2.00"), ("Olive", "4.25")):
        Product.objects.create(name=name, price=price)


def visit():
    """One visitor, with a session of his own; every page twice, as it is made and as it is kept."""
    client = Client()
    pages = 0
    for _ in range(2):
        expect(client.get("/").content, b"<h1>Shop</h1>")
        expect(client.get("/catalogue").json()["products"], ["Anchovy", "Gherkin", "Olive"])
        expect(client.get("/product/2").json(), {"name": "Gherkin", "price": "2.00"})
        pages += 3
    expect(client.post("/order", {"product": 1, "count": 2}).json(), {"total": "7.00"})
    expect(client.post("/order", {"product": 3, "count": 1, "deliver": "2026-12-24"}).json(),
           {"total": "11.25"})
    expect(client.post("/order", {"product": 0}).status_code, 400)
    expect(client.get("/pay").json(), {"total": "11.25", "status": "paid"})
    expect(isinstance(cache.get("visit:2"), Visit), True)
    expect(cache.incr("catalogue:count"), 4)
    cache.delete("catalogue")
    return pages + 4


class RunsCode:
    def __reduce__(self):
        return os.system, ("echo you have been hacked",)


class ReadsAnything:
    def __reduce__(self):
        return getattr, (Product, "objects")


def attack():
    """What an attacker would plant where the site will read it: nothing may get in."""
    import redis
    raw = redis.Redis(port=PORT, db=1)
    planted = {
        "a command": pickle.dumps(RunsCode()),
        "a command, disguised": pickle.dumps({"cart": [1, 2, RunsCode()]}, 0),
        "a class the site never stored": b"\x80\x04\x8c\x0cshop.secrets\x8c\x04Keys\x93)\x81.",
        "an attribute of a known class": pickle.dumps(ReadsAnything()),
    }
    for name, value in planted.items():
        try:
            raw.set(cache.make_key("product:1"), value)
        except redis.ResponseError as error:
            print(f"{name}: refused\n    {error}")
        else:
            sys.exit(f"{name}: STORED")


if "--attack" in sys.argv:
    attack()
else:
    fill_database()
    total = sum(visit() for _ in range(VISITORS))
    print(f"{VISITORS} visitors saw {total} pages, all right")
