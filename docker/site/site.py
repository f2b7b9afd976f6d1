#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""A Django site of three pages whose cache and sessions live in brine.

    CACHE_URL=redis://127.0.0.1:6379/1 python3 site.py [PORT]

/         counts your visits in a session and shows a page kept for ten seconds
/poison   plants, as an attacker who can write to the cache would, a pickle that runs a command
/victim   reads what /poison wanted to plant, as the site itself would
"""
import datetime
import os
import pickle
import sys
import wsgiref.simple_server

from django.conf import settings

settings.configure(
    SECRET_KEY=os.environ.get("SECRET_KEY", "only for this demonstration"),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_SERIALIZER="django.contrib.sessions.serializers.PickleSerializer",
    CACHES={"default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": os.environ.get("CACHE_URL", "redis://127.0.0.1:6379/1"),
    }},
)

import django

django.setup()

import redis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.utils.html import format_html


class RunsCode:
    """Its pickle says: call os.system."""
    def __reduce__(self):
        return os.system, ("echo this machine is mine >&2",)


def page(title, text):
    return HttpResponse(format_html(
        "<!doctype html><title>{0}</title><h1>{0}</h1><p>{1}<p><a href=/>home</a> <a href=/poison>poison the cache</a> "
        "<a href=/victim>read what was planted</a>\n", title, text))


def home(request):
    visits = request.session.get("visits", []) + [datetime.datetime.now(datetime.timezone.utc)]
    request.session["visits"] = visits
    made = cache.get_or_set("home", lambda: {"at": datetime.datetime.now(datetime.timezone.utc)}, 10)
    return page("Visits", f"You were here {len(visits)} times; this text was made at {made['at']:%H:%M:%S} UTC.")


def poison(request):
    try:
        redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]).set(cache.make_key("news"), pickle.dumps(RunsCode()))
    except redis.ResponseError as refusal:
        return page("Refused", f"The cache said: {refusal}")
    return page("Stored", "The cache took a pickle that runs a command in whoever reads it.")


def victim(request):
    return page("News", f"The cache holds: {cache.get('news')!r}")


urlpatterns = [path("", home), path("poison", poison), path("victim", victim)]

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    wsgiref.simple_server.make_server("", port, get_wsgi_application()).serve_forever()
