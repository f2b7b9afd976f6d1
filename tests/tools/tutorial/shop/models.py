# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What the shop keeps: a model in the database, and classes that live in the cache alone."""

import collections
import dataclasses
import datetime
import decimal
import enum

from django.db import models

Price = collections.namedtuple("Price", "amount currency")


class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"


class Product(models.Model):
    name = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    added = models.DateField(default=datetime.date(2026, 11, 1))

    class Meta:
        app_label = "shop"


@dataclasses.dataclass
class Line:
    product: str
    count: int
    price: Price


class Tags(set):
    """A set of its own class."""


class Cart:
    """What a visitor has chosen."""

    def __init__(self):
        self.lines = []
        self.status = Status.OPEN
        self.tags = Tags()

    def add(self, product, count):
        self.lines.append(Line(product.name, count, Price(product.price, "EUR")))
        self.tags.add(product.name[0])

    def total(self):
        return sum((line.price.amount * line.count for line in self.lines), decimal.Decimal())


class Visit:
    """Packs itself."""

    __slots__ = ("page", "at")

    def __init__(self, page, at):
        self.page, self.at = page, at

    def __getstate__(self):
        return (self.page, self.at)

    def __setstate__(self, state):
        self.page, self.at = state

    def __eq__(self, other):
        return (self.page, self.at) == (other.page, other.at)
