# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Django's own cache on Redis came with Django 4; Debian 12 has 3.2.  This sends what that one sends."""

import pickle

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache


class RedisCache(BaseCache):
    def __init__(self, server, params):
        super().__init__(params)
        self.client = redis.Redis.from_url(server)

    def _seconds(self, timeout):
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return None if timeout is None else max(0, int(timeout))

    @staticmethod
    def _pack(value):
        # An exact int only: bool is pickled.
        return value if type(value) is int else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def _unpack(data):
        try:
            return int(data)
        except ValueError:
            return pickle.loads(data)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        key, seconds = self.make_key(key, version), self._seconds(timeout)
        if seconds == 0:
            return bool(self.client.set(key, self._pack(value), nx=True)) and bool(self.client.delete(key))
        return bool(self.client.set(key, self._pack(value), ex=seconds, nx=True))

    def get(self, key, default=None, version=None):
        data = self.client.get(self.make_key(key, version))
        return default if data is None else self._unpack(data)

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        key, seconds = self.make_key(key, version), self._seconds(timeout)
        if seconds == 0:
            self.client.delete(key)
        else:
            self.client.set(key, self._pack(value), ex=seconds)

    def touch(self, key, timeout=DEFAULT_TIMEOUT, version=None):
        key, seconds = self.make_key(key, version), self._seconds(timeout)
        return bool(self.client.persist(key) if seconds is None else self.client.expire(key, seconds))

    def delete(self, key, version=None):
        return bool(self.client.delete(self.make_key(key, version)))

    def get_many(self, keys, version=None):
        names = {self.make_key(key, version): key for key in keys}
        found = zip(names.values(), self.client.mget(names))
        return {key: self._unpack(data) for key, data in found if data is not None}

    def has_key(self, key, version=None):
        return bool(self.client.exists(self.make_key(key, version)))

    def incr(self, key, delta=1, version=None):
        key = self.make_key(key, version)
        if not self.client.exists(key):
            raise ValueError("Key '%s' not found." % key)
        return self.client.incr(key, delta)

    def set_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        packed = {self.make_key(key, version): self._pack(value) for key, value in data.items()}
        pipeline = self.client.pipeline()
        pipeline.mset(packed)
        if self._seconds(timeout) is not None:
            for key in packed:
                pipeline.expire(key, self._seconds(timeout))
        pipeline.execute()
        return []

    def delete_many(self, keys, version=None):
        self.client.delete(*(self.make_key(key, version) for key in keys))

    def clear(self):
        return bool(self.client.flushdb())
