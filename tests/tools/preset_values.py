#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Honest values of the libraries that brine has presets for, pickled by the real libraries.

    preset_values.py --list                 the globals that each preset's values name
    preset_values.py --write DIR            DIR/PRESET/NAME.pN.pkl for every value and protocol
    preset_values.py --check BRINE_CLI      verifies all of them offline, each under its preset
    ... --only data,stdlib                  just these presets

A library that is not installed is skipped and said so.  The last line of --check counts.
"""
import argparse
import builtins
import collections
import datetime
import decimal
import fractions
import io
import ipaddress
import json
import os
import pathlib
import pickle
import pickletools
import subprocess
import sys
import tempfile
import time
import types
import urllib.parse
import uuid

PRESETS = {}


def syntax_error(source):
    try:
        return compile(source, "file", "exec")
    except SyntaxError as error:
        return error


def json_error(text):
    try:
        return json.loads(text)
    except ValueError as error:
        return error


def raised(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return error


def module_errors():
    """What tasks of asyncio, subprocess and the network raise, made by the modules themselves where that needs no network."""
    import asyncio
    import asyncio.queues
    import binascii
    import concurrent.futures
    import concurrent.futures.process
    import concurrent.futures.thread
    import multiprocessing
    import queue
    import socket
    import ssl
    import struct
    import urllib.error
    import zlib
    number, futures = decimal.Decimal, concurrent.futures
    context = decimal.Context(traps=[decimal.Inexact, decimal.Rounded, decimal.Subnormal, decimal.Clamped, decimal.FloatOperation], Emin=-9, Emax=9, clamp=1)
    failed = raised(lambda: subprocess.run([sys.executable, "-c", "print(1); exit(3)"], check=True, stdout=subprocess.PIPE))
    context_of_tls = ssl.create_default_context()
    return {
        "asyncio_errors": [asyncio.CancelledError("x"), asyncio.TimeoutError(), asyncio.InvalidStateError("x"), asyncio.QueueEmpty(), asyncio.QueueFull()],
        "process_errors": [failed, subprocess.CalledProcessError(-9, "a b", b"out", "err"), subprocess.TimeoutExpired(["a"], 1.5), subprocess.TimeoutExpired("a", 2, b"x")],
        "network_errors": [socket.gaierror(-2, "Name or service not known"), socket.herror(1, "x"), socket.timeout("timed out"), urllib.error.URLError("x"),
                           urllib.error.URLError(socket.gaierror(-2, "x")), urllib.error.URLError(ConnectionRefusedError(111, "x"))],
        "ssl_errors": [raised(context_of_tls.set_ciphers, "none such"), raised(context_of_tls.load_verify_locations, None, None, "x"), ssl.SSLError(1, "x")] +
                      [getattr(ssl, name)(1, "x") for name in ("SSLCertVerificationError", "SSLEOFError", "SSLSyscallError", "SSLWantReadError",
                                                               "SSLWantWriteError", "SSLZeroReturnError")],
        "data_errors": [raised(zlib.decompress, b"x"), raised(struct.unpack, "i", b""), raised(binascii.unhexlify, b"x")],
        "queue_errors": [raised(queue.Queue().get_nowait), queue.Full(), getattr(queue, "ShutDown", queue.Full)()],
        "future_errors": [futures.CancelledError(), futures.TimeoutError(), futures.BrokenExecutor("x"), futures.process.BrokenProcessPool("x"),
                          futures.thread.BrokenThreadPool("x"), getattr(futures, "InvalidStateError", futures.CancelledError)("x"),
                          multiprocessing.ProcessError("x"), multiprocessing.TimeoutError("x"), multiprocessing.AuthenticationError("x")],
        "decimal_errors": [raised(number, "x"), raised(lambda: number(1) / 0), raised(lambda: number(0) / 0), raised(lambda: number(1) // number(0)),
                           raised(lambda: number("1e30") % number("1e-30")), raised(number("1e999999").exp), raised(context.divide, 1, 3),
                           raised(context.create_decimal, "1e-15"), raised(context.create_decimal_from_float, 1.5)] +
                          [getattr(decimal, name)("x") for name in ("Clamped", "DecimalException", "Inexact", "Overflow", "Rounded", "Subnormal", "Underflow")],
        "week": datetime.date(2026, 11, 23).isocalendar(), "week_keys": {datetime.date(2026, 11, 23).isocalendar(): 1},
    }


def with_attributes(value, **attributes):
    vars(value).update(attributes)
    return value


def preset(name):
    def note(function):
        PRESETS[name] = function
        return function
    return note


@preset("data")
def data_values():
    return {
        "none": None, "numbers": [0, -1, 255, 65536, 2 ** 70, 1.5, float("inf"), True, False],
        "text": ["", "a", "é", "\U0001f600", "x" * 300], "nested": {"a": [1, (2, 3), {"b": ()}]},
        "shared": [[1, 2]] * 3,
    }


@preset("stdlib")
def stdlib_values():
    values = {
        "bytes": [b"", b"\x00\xff", b"x" * 300], "bytearray": [bytearray(), bytearray(b"\x00a")],
        "sets": [set(), {1, 2, "a"}, frozenset(), frozenset([(1, 2), "b"])],
        "range": [range(3), slice(1, 2), 1j, Ellipsis, NotImplemented, type(None)],
        "types": {"int": int, "converters": [int, float, str, bool, list, tuple, dict, object]},
        "datetime": [datetime.datetime(2026, 11, 22, 1, 2, 3, 4), datetime.date(2026, 1, 2),
                     datetime.time(1, 2), datetime.timedelta(1, 2, 3), datetime.timezone.utc,
                     datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=1), "CET"))],
        "date_keys": {datetime.date(2026, 1, 2): 1},
        "struct_time": time.gmtime(0),
        "decimal": [decimal.Decimal("1.50"), decimal.Decimal("-0"), decimal.Decimal("1E+3"),
                    decimal.Decimal("NaN"), decimal.Decimal("Infinity")],
        "fraction": fractions.Fraction(-1, 3), "uuid": uuid.UUID(int=5),
        "uuid_keys": {uuid.UUID(int=5): 1}, "uuid_safety": list(uuid.SafeUUID),
        "uuid_time": [uuid.uuid1()] + [uuid.UUID(int=5, is_safe=safety) for safety in uuid.SafeUUID],
        "ordered": collections.OrderedDict([("a", 1), ("b", [2])]),
        "defaultdict": [collections.defaultdict(int, {"a": 1}), collections.defaultdict(list),
                        collections.defaultdict(None, {1: 2})],
        "counter": collections.Counter("abca"),
        "deque": [collections.deque([1, 2]), collections.deque([1], 5), collections.deque()],
        "chainmap": collections.ChainMap({"a": 1}, {}), "userdict": collections.UserDict(a=1),
        "userlist": collections.UserList([1, 2]), "userstring": collections.UserString("abc"),
        "namespace": types.SimpleNamespace(a=1, b="c"),
        "paths": [pathlib.PurePosixPath("/a/b"), pathlib.PosixPath("c"), pathlib.PureWindowsPath("c:/x")],
        "addresses": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1"),
                      ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fe80::/64"),
                      ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_interface("fe80::1/64")],
        "urls": [urllib.parse.urlparse("http://a/b?c#d"), urllib.parse.urlsplit("http://a/b")],
        "io": [io.StringIO("abc"), io.BytesIO(b"abc")],
        "exceptions": [ValueError("x"), KeyError(1), FileNotFoundError(2, "no"), StopIteration(),
                       UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")],
    }
    import array
    values["array"] = [array.array("i", [1, 2]), array.array("d", [1.5]), array.array("b")]
    import http
    values["status"] = list(http.HTTPStatus)
    values["method"] = list(getattr(http, "HTTPMethod", []))
    values["json"] = json_error("[1, }")
    values["group"] = [getattr(builtins, "ExceptionGroup", ValueError)("x", [KeyError(1), OSError(2, "no", "file")])]
    values["syntax"] = [syntax_error("a b"), syntax_error("if 1:\nx"), SyntaxError("x"), TabError()]
    values["attributes"] = [with_attributes(ValueError("x"), note="y", __notes__=["z"]),
                            with_attributes(UnicodeEncodeError("ascii", "\xe9", 0, 1, "bad"), note=1), UnicodeTranslateError("\xe9", 0, 1, "bad"),
                            with_attributes(UnicodeDecodeError("ascii", b"\xe9", 0, 1, "bad"), __notes__=["a"])]
    values["zones"] = [datetime.datetime(2026, 1, 2, fold=1), datetime.time(1, tzinfo=datetime.timezone.utc)]
    address = "::1%eth0" if sys.version_info >= (3, 9) else "::1"
    values["mixed_keys"] = {(1, "a"): 1, datetime.timedelta(1): 2, decimal.Decimal("1.5"): 3, fractions.Fraction(1, 2): 4,
                            ipaddress.ip_address(address): 5, pathlib.PurePosixPath("/"): 6, b"x": 7, None: 8, 1.5: 9}
    values.update(module_errors())
    try:
        import zoneinfo
        values["zone"] = zoneinfo.ZoneInfo("UTC")
    except Exception:  # no time zone data on this machine
        pass
    return values


@preset("numpy")
def numpy_values():
    import numpy as np
    structured = np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
    return {
        "arrays": [np.arange(6).reshape(2, 3), np.zeros((0,)), np.array(5), np.array([True]),
                   np.array(["a", "bb"]), np.array([b"x"]), np.array([1 + 2j]),
                   np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(10)[::2]],
        "big": np.arange(1000, dtype="f4"), "bigendian": np.arange(3, dtype=">i2"),
        "dates": [np.array(["2026-01-01"], dtype="datetime64[D]"), np.array([1], dtype="timedelta64[ns]")],
        "objects": np.array([None, "a", {"b": 1}], dtype=object), "structured": structured,
        "scalars": [np.float32(1.5), np.int64(3), np.bool_(True), np.datetime64("2026-01-01"),
                    np.str_("a"), np.bytes_(b"a"), np.complex64(1j)],
        "dtypes": [np.dtype("f8"), np.dtype([("a", "i4")]), np.dtype("datetime64[us]"), np.dtype("U5")],
        "types": [np.float32, np.int64, np.ndarray],
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]), "recarray": structured.view(np.recarray),
        "matrix": np.matrix([[1, 2]]), "random": [np.random.RandomState(1), np.random.default_rng(1)],
        "generators": [np.random.Generator(kind(1)) for kind in (np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM,
                                                                 np.random.Philox, np.random.SFC64)],
        "bits": [np.random.PCG64(1), np.random.MT19937(1)], "seeds": np.random.SeedSequence(1),
        "void": [np.zeros(2, "V3"), structured[0], np.zeros((2, 2), [("a", "f4", (2,))])],
        "object_fields": [np.zeros(2, [("a", "O", (2,)), ("b", "i4")]), np.zeros(1, [("a", [("b", "O")], (2,))]),
                          np.array([(1.5, "x")], np.dtype({"names": ["b", "a"], "formats": ["f8", "O"], "offsets": [8, 0]}))],
        "titles": [np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "titles": ["Title A", "Title B"]})),
                   np.zeros(1, [(("Title", "a"), "f8"), ("b", "i2")]), np.dtype({"a": ("i4", 8, "late"), "b": ("f8", 0)})],
        "masked_out": [np.ma.masked, np.ma.array([1, 2], mask=[1, 1]).sum()],
        "polynomials": [getattr(np.polynomial, kind)([1, 2]) for kind in
                        ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE")],
        "memory_order": np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1), "longdouble": np.longdouble(1.5),
    }


def dateutil_zones():
    """A zone of python-dateutil, where those are what the preset takes: 4 writes a list that it walks."""
    from dateutil import tz
    return () if tz.tzfile.__module__ == "dateutil.tz._tzfile" else ("dateutil/Europe/Paris",)


@preset("pandas")
def pandas_values():
    import numpy as np
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, None], "d": [True, False]})
    stamps = pd.date_range("2026-01-01", periods=3, freq="D")
    return {
        "frame": frame, "empty": pd.DataFrame(), "series": pd.Series([1, 2], name="s"),
        "strings": pd.Series(["a", None], dtype="string"), "ints": pd.Series([1, None], dtype="Int64"),
        "category": pd.Series(["a", "b", "a"], dtype="category"),
        "dates": pd.Series(stamps), "indexed": pd.DataFrame({"v": [1, 2, 3]}, index=stamps),
        "tz": pd.Series(stamps.tz_localize("UTC")), "delta": pd.Series(pd.to_timedelta([1, 2], unit="s")),
        "multi": frame.set_index(["a", "b"]), "index": [pd.Index([1, 2]), pd.Index(["a"]), pd.RangeIndex(3)],
        "timestamp": [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01", tz="UTC"), pd.Timedelta("1s"),
                      pd.NaT, pd.NA, pd.Period("2026-01", "M"), pd.Interval(0, 1)],
        "interval": pd.IntervalIndex.from_breaks([0, 1, 2]), "period": pd.period_range("2026-01", periods=2, freq="M"),
        "sparse": pd.arrays.SparseArray([0, 0, 1]), "objects": pd.DataFrame({"o": [[1], {"a": 2}]}),
        "group": frame.groupby("b").a.sum(), "float32": pd.DataFrame(np.zeros((2, 2), "f4")),
        "zones": [pd.Series(stamps.tz_localize(zone)) for zone in ("Europe/Paris", "UTC") + dateutil_zones()],
        "zoned": [pd.Timestamp("2026-01-01", tz="Europe/Paris"), pd.Timestamp("2026-07-01", tz="Asia/Kolkata")],
        "floats": pd.Series([1.5, None], dtype="Float64"), "booleans": pd.Series([True, None], dtype="boolean"),
        "intervals": pd.Series(pd.IntervalIndex.from_breaks([0.5, 1, 2])), "categories": pd.CategoricalIndex(["a", "b"]),
        "periods": pd.Series(pd.period_range("2026-01", periods=2, freq="Q")), "empty_series": pd.Series([], dtype=float),
        "deltas": pd.to_timedelta([1, 2], unit="h"), "ordered": pd.Series(pd.Categorical([1, 2], ordered=True)),
        "small": [pd.Series([1, None], dtype=kind) for kind in ("Int8", "UInt16", "UInt64", "Float32")],
        "block": pd.arrays.SparseArray([0, 0, 1, 1], kind="block"), "attributes": pd.Series([1]).rename(("a", 1)),
        "offsets": [getattr(pd.offsets, kind)() for kind in
                    ("Day", "Hour", "Minute", "Second", "Milli", "Micro", "Nano", "BusinessDay", "Week", "MonthEnd",
                     "MonthBegin", "BusinessMonthEnd", "BusinessMonthBegin", "QuarterEnd", "QuarterBegin", "YearEnd",
                     "YearBegin", "SemiMonthEnd", "SemiMonthBegin", "BusinessHour")] +
                   [pd.DateOffset(months=2, days=1), pd.offsets.BusinessHour(2, start="08:00"), pd.offsets.SemiMonthEnd(2)] + [pd.offsets.Week(2, weekday=1), pd.offsets.QuarterEnd(startingMonth=2)],
    }


@preset("scipy")
def scipy_values():
    import numpy as np
    import scipy.sparse as sparse
    dense = np.eye(3)
    formats = ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
    values = {kind: getattr(sparse, kind + "_matrix")(dense) for kind in formats}
    values.update({kind + "_array": getattr(sparse, kind + "_array")(dense) for kind in formats})
    return values


def more_estimators(x, y):
    from sklearn.cluster import DBSCAN, MiniBatchKMeans
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import TruncatedSVD
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import (AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, BaggingRegressor,
                                  ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingRegressor, IsolationForest,
                                  RandomForestRegressor, VotingClassifier, VotingRegressor)
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, RidgeClassifier
    from sklearn.linear_model import SGDClassifier, SGDRegressor
    from sklearn.naive_bayes import BernoulliNB, MultinomialNB
    from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
    from sklearn.pipeline import FeatureUnion
    from sklearn.preprocessing import LabelBinarizer, Normalizer, OrdinalEncoder, RobustScaler, StandardScaler
    from sklearn.svm import LinearSVC, LinearSVR, OneClassSVM, SVR
    from sklearn.tree import ExtraTreeClassifier, ExtraTreeRegressor
    models = [DBSCAN(), MiniBatchKMeans(2, n_init=1), TruncatedSVD(2), DummyClassifier(), DummyRegressor(),
              AdaBoostClassifier(n_estimators=2), AdaBoostRegressor(n_estimators=2), BaggingClassifier(n_estimators=2),
              BaggingRegressor(n_estimators=2), ExtraTreesClassifier(2), ExtraTreesRegressor(2), IsolationForest(n_estimators=2),
              GradientBoostingRegressor(n_estimators=2), RandomForestRegressor(2), SimpleImputer(), ElasticNet(), Lasso(),
              RidgeClassifier(), SGDClassifier(), SGDRegressor(), BernoulliNB(), MultinomialNB(), KNeighborsRegressor(2),
              Normalizer(), OrdinalEncoder(), RobustScaler(), LinearSVC(), LinearSVR(), OneClassSVM(), SVR(),
              ExtraTreeClassifier(), ExtraTreeRegressor(), FeatureUnion([("a", StandardScaler())]),
              ColumnTransformer([("a", StandardScaler(), [0])]),
              VotingClassifier([("a", LogisticRegression())]), VotingRegressor([("a", LinearRegression())])]
    values = {type(m).__name__: m.fit(x, y) for m in models}
    values["LabelBinarizer"] = LabelBinarizer().fit(y)
    for metric in ("euclidean", "manhattan", "chebyshev", "minkowski"):
        for tree in ("kd_tree", "ball_tree"):
            values["nearest_%s_%s" % (tree, metric)] = NearestNeighbors(algorithm=tree, metric=metric).fit(x)
    return values


# What the preset leaves out: a __setstate__ that computes, a loss that reads a state unchecked, a __getattr__, scorers
# that hold requests.
LEFT_OUT_OF_SKLEARN = {"IsotonicRegression", "TweedieRegressor", "FrozenEstimator", "TunedThresholdClassifierCV"}


def left_out(name):
    """Whether the preset does not take this estimator: a SplineTransformer only where scipy's splines delegate (1.18)."""
    import scipy.interpolate
    delegating = hasattr(scipy.interpolate.BSpline, "__setstate__")
    return name in LEFT_OUT_OF_SKLEARN or (name == "SplineTransformer" and delegating)


def make_estimator(estimator_class):
    """One of this class with as few parts as it takes, or None where it needs more than another estimator."""
    from sklearn.linear_model import LogisticRegression
    base = LogisticRegression()
    for arguments in ({}, {"estimator": base}, {"base_estimator": base}, {"estimators": [("a", base), ("b", base)]},
                      {"estimator": base, "param_grid": {"C": [1, 2]}},
                      {"estimator": base, "param_distributions": {"C": [1, 2]}, "n_iter": 2}):
        try:
            estimator = estimator_class(**arguments)
        except TypeError:
            continue
        few = {"n_estimators": 2, "n_components": 2, "k": 2, "max_iter": 20, "n_init": 1}
        return estimator.set_params(**{name: few[name] for name in few if name in estimator.get_params(deep=False)})
    return None


def every_estimator(x, y):
    """All that sklearn itself counts as an estimator: fitted where these arrays will do, else as it was made."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils import all_estimators
    values = {}
    for name, estimator_class in all_estimators():
        estimator = None if left_out(name) else make_estimator(estimator_class)
        if estimator is None:
            continue
        for target in (y, x[:, 0] * 2, x[:, :2], None):
            try:
                estimator.fit(*((x,) if target is None else (x, target)))
                break
            except (ValueError, TypeError, AttributeError, IndexError, NotFittedError):
                continue
        values["any_" + name] = estimator
    return values


def searches(x, y):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.feature_selection import SelectKBest, chi2
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import MultiLabelBinarizer
    grid = {"C": [1.0, 2.0]}
    return {
        "search_by_name": GridSearchCV(LogisticRegression(), grid, scoring="accuracy", cv=KFold(3)).fit(x, y),
        "search_by_two": GridSearchCV(LogisticRegression(), grid, scoring=["f1", "roc_auc"], refit="f1").fit(x, y),
        "search_by_error": GridSearchCV(LogisticRegression(), grid, scoring="neg_log_loss").fit(x, y),
        "boosted_many": HistGradientBoostingClassifier(max_iter=2).fit(x, [n % 3 for n in range(len(x))]),
        "best_by_chi2": SelectKBest(chi2, k=2).fit(x, y),
        "network_sgd": MLPClassifier((4,), solver="sgd", max_iter=5).fit(x, y),
        "labels": MultiLabelBinarizer().fit([("a", "b"), ("c",)]),
    }


@preset("sklearn")
def sklearn_values():
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import LabelEncoder, MinMaxScaler, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    random = np.random.RandomState(0)
    x, y = random.rand(30, 3), np.arange(30) % 2
    models = [KMeans(2, n_init=1), PCA(2), RandomForestClassifier(3), LinearRegression(), LogisticRegression(),
              Ridge(), GaussianNB(), KNeighborsClassifier(2), make_pipeline(StandardScaler(), LogisticRegression()),
              MinMaxScaler(), StandardScaler(), SVC(), DecisionTreeClassifier(), DecisionTreeRegressor(),
              GradientBoostingClassifier(n_estimators=2), OneHotEncoder()]
    values = {type(m).__name__: m.fit(x, y) for m in models}
    values.update(more_estimators(x, y))
    values.update(every_estimator(x, y))
    values.update(searches(x, y))
    values["LabelEncoder"] = LabelEncoder().fit(["a", "b"])
    values["CountVectorizer"] = CountVectorizer().fit(["a bc", "bc de"])
    values["TfidfVectorizer"] = TfidfVectorizer().fit(["a bc", "bc de"])
    return values


def set_up_django():
    import django
    from django.conf import settings
    if not settings.configured:
        settings.configure(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], INSTALLED_APPS=["django.contrib." + app for app in ("auth", "contenttypes", "sessions", "sites")], USE_TZ=True,
                           SECRET_KEY="x", DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                                                                  "NAME": ":memory:"}})
        django.setup()


@preset("django")
def django_values():
    set_up_django()
    from django.contrib.auth.models import AnonymousUser, Group, Permission, User
    from django.contrib.contenttypes.models import ContentType
    from django.contrib.messages.storage.base import Message
    from django.contrib.sessions.models import Session
    from django.contrib.sites.models import Site
    from django.core import exceptions
    from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
    from django.template import engines
    from django.template.response import SimpleTemplateResponse
    from django.http import HttpResponse, JsonResponse, QueryDict, SimpleCookie
    from django import db, http
    from django.utils.datastructures import MultiValueDict
    from django.utils.safestring import mark_safe
    from django.utils import timezone
    response = HttpResponse("<p>hello</p>")
    response.set_cookie("a", "b", max_age=5)
    cookie = SimpleCookie("a=b")
    cookie["a"]["path"] = "/"
    return {
        "session": {"_auth_user_id": "1", "_auth_user_hash": "ab", "_session_expiry": 300},
        "response": response, "json": JsonResponse({"a": 1}), "redirect": http.HttpResponseRedirect("/"),
        "others": [http.HttpResponsePermanentRedirect("/"), http.HttpResponseNotModified(), http.HttpResponseBadRequest(),
                   http.HttpResponseForbidden("no"), http.HttpResponseNotFound("no"), http.HttpResponseGone(),
                   http.HttpResponseNotAllowed(["GET"]), http.HttpResponseServerError()],
        "errors": [ObjectDoesNotExist("x"), PermissionDenied(), ValidationError("x", code="c", params={"a": 1})],
        "message": Message(20, "saved", "safe"), "missing": http.Http404("x"),
        "model_errors": [error for model in (User, Group, Permission, ContentType, Session, Site) for error in (model.DoesNotExist("x"), model.MultipleObjectsReturned())],
        "core_errors": [getattr(exceptions, name)("x") for name in (
            "BadRequest DisallowedHost DisallowedRedirect FieldDoesNotExist FieldError ImproperlyConfigured MultipleObjectsReturned RequestAborted "
            "RequestDataTooBig SuspiciousFileOperation SuspiciousOperation TooManyFieldsSent TooManyFilesSent").split() if hasattr(exceptions, name)],
        "database_errors": [getattr(db.utils, name)("UNIQUE constraint failed", 1) for name in (
            "DataError DatabaseError Error IntegrityError InterfaceError InternalError NotSupportedError OperationalError ProgrammingError").split()],
        "rendered": SimpleTemplateResponse(engines["django"].from_string("x")).render(), "writable": QueryDict("a=1", mutable=True), "cookie": cookie, "safe": mark_safe("<b>"),
        "multi": MultiValueDict({"a": ["1", "2"]}), "query": QueryDict("a=1&a=2"),
        "anonymous": AnonymousUser(), "user": User(username="u", date_joined=timezone.now()),
        "values": [{"id": 1, "name": "x", "at": timezone.now()}],
    }


@preset("celery")
def celery_values():
    from celery.exceptions import (Ignore, MaxRetriesExceededError, NotRegistered, Reject, Retry,
                                   SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError, TaskRevokedError)
    from celery.utils.serialization import UnpickleableExceptionWrapper
    meta = {"status": "SUCCESS", "result": {"a": 1}, "traceback": None, "children": [],
            "date_done": "2026-11-22T00:00:00", "task_id": "x"}
    return {
        "result": meta, "message": (("a", 1), {"k": 2}, {"callbacks": None, "errbacks": None,
                                                          "chain": None, "chord": None}),
        "failure": dict(meta, status="FAILURE", result=ValueError("x")),
        "exceptions": [Ignore(), MaxRetriesExceededError("x"), NotRegistered("t"), Reject("r"),
                       SoftTimeLimitExceeded(), TimeLimitExceeded(3), WorkerLostError("x"), TaskRevokedError("x"),
                       UnpickleableExceptionWrapper("m", "E", ("a", 1, 1.5, None, b"x"), "text"), UnpickleableExceptionWrapper("m", "E", ()),
                       UnpickleableExceptionWrapper.from_exception(ValueError(lambda: 0, "x")), Retry("r"), Retry("r", None, 3), Retry(when=datetime.datetime(2026, 1, 2))],
    }


@preset("flask")
def flask_values():
    from werkzeug.datastructures import (CombinedMultiDict, Headers, ImmutableDict, ImmutableList, ImmutableMultiDict,
                                         ImmutableOrderedMultiDict, ImmutableTypeConversionDict, MultiDict,
                                         OrderedMultiDict, TypeConversionDict)
    from werkzeug import exceptions
    from markupsafe import Markup
    return {
        "errors": [exceptions.HTTPException("x")] + [kind() for kind in exceptions.default_exceptions.values()],
        "errors_told": [exceptions.NotFound("x"), exceptions.MethodNotAllowed(["GET"]), exceptions.TooManyRequests("x", retry_after=5),
                        exceptions.ServiceUnavailable(retry_after=datetime.datetime(2026, 1, 2)), exceptions.InternalServerError(original_exception=ValueError("x"))],
        "markup": Markup("<b>"), "multidict": MultiDict([("a", 1), ("a", 2)]),
        "immutable": [ImmutableDict(a=1), ImmutableMultiDict([("a", 1)])], "headers": Headers([("A", "b")]),
        "more": [ImmutableList([1, 2]), ImmutableOrderedMultiDict([("a", 1)]), TypeConversionDict(a=1),
                 ImmutableTypeConversionDict(a=1)],
        "ordered": OrderedMultiDict([("a", 1)]), "combined": CombinedMultiDict([MultiDict({"a": 1})]),
    }


def fetch_rows(sqlalchemy):
    """By every way that gives rows of their own making: text, tables, several columns of one name, the ORM."""
    from sqlalchemy import orm
    base = orm.declarative_base()
    user = type("User", (base,), {"__tablename__": "users", "id": sqlalchemy.Column(sqlalchemy.Integer, primary_key=True),
                                  "name": sqlalchemy.Column(sqlalchemy.String)})
    orders = sqlalchemy.Table("orders", base.metadata, sqlalchemy.Column("id", sqlalchemy.Integer), sqlalchemy.Column("at", sqlalchemy.DateTime),
                              sqlalchemy.Column("price", sqlalchemy.Numeric(8, 2)))
    with sqlalchemy.create_engine("sqlite://").connect() as connection, orm.Session(connection) as session:
        base.metadata.create_all(connection)
        connection.execute(orders.insert(), [{"id": 1, "at": datetime.datetime(2026, 11, 2), "price": decimal.Decimal("1.50")}, {"id": 2, "at": None, "price": None}])
        session.add(user(id=1, name="Ada"))
        session.flush()
        ask, text, select = connection.execute, sqlalchemy.text, sqlalchemy.select
        yield "text", ask(text("select * from orders")).all()
        yield "table", ask(select(orders)).all()
        yield "one row", ask(select(orders)).first()
        yield "a column twice", ask(text("select id, id, at from orders")).all()
        yield "some columns", ask(select(orders)).columns("price", "at").all()
        yield "columns far apart", ask(select(orders)).columns("price", "id").all()
        yield "mappings", ask(select(orders)).mappings().all()
        yield "labels", ask(select(orders.c.id.label("number"), sqlalchemy.func.count(), orders.c.price * 2).group_by(orders.c.id)).all()
        yield "joined", ask(select(orders, user.__table__).join_from(orders, user.__table__, orders.c.id == user.id)).all()
        yield "of the ORM", session.execute(select(user.id, user.name)).all()
        yield "of a query", session.query(user.name, user.id).all()
        yield "frozen", session.execute(select(user.id)).freeze()().all()
        yield "none", ask(select(orders).where(orders.c.id > 5)).all()
        yield "dicts", [dict(row._mapping) for row in ask(select(orders))]


@preset("sqlalchemy")
def sqlalchemy_values():
    import sqlalchemy
    if sqlalchemy.__version__ < "2":
        raise ImportError("rows of SQLAlchemy %s have another form" % sqlalchemy.__version__)
    return dict(fetch_rows(sqlalchemy))


@preset("pydantic")
def pydantic_values():
    import pydantic
    import pydantic_core  # which release 1 has not
    read = {
        "zones": (datetime.datetime, ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05-11:30"]),
        "times": (datetime.time, ["03:04:05Z"]), "secrets": (pydantic.SecretStr, ["x"]), "secret bytes": (pydantic.SecretBytes, [b"x"]),
        "sizes": (pydantic.ByteSize, ["1mb"]), "any": (pydantic.AnyUrl, ["x://a/b?c#d"]), "web": (pydantic.HttpUrl, ["http://a.b/c"]),
        "sockets": (pydantic.WebsocketUrl, ["ws://a/"]), "files": (pydantic.FileUrl, ["file:///a"]), "ftp": (pydantic.FtpUrl, ["ftp://a/"]),
        "postgres": (pydantic.PostgresDsn, ["postgres://a:b@c/d"]), "mysql": (pydantic.MySQLDsn, ["mysql://a/b"]), "redis": (pydantic.RedisDsn, ["redis://a/1"]),
        "mongo": (pydantic.MongoDsn, ["mongodb://a,b/c"]), "amqp": (pydantic.AmqpDsn, ["amqp://a/"]), "kafka": (pydantic.KafkaDsn, ["kafka://a/"]),
        "core": (pydantic_core.Url, ["http://é.b/"]), "address": (pydantic.IPvAnyAddress, ["1.2.3.4", "::1"]), "network": (pydantic.IPvAnyNetwork, ["1.2.3.0/24"]),
    }
    values = {name: [pydantic.TypeAdapter(kind).validate_python(text) for text in texts] for name, (kind, texts) in read.items()}
    return dict(values, keys={values["zones"][0]: 1})


def picklers(protocol):
    def in_python(value):
        out = io.BytesIO()
        pickle._Pickler(out, protocol).dump(value)
        return out.getvalue()
    return {"c": lambda value: pickle.dumps(value, protocol), "py": in_python}


def pickles(make):
    """(name, protocol, writer, bytes) of every value that the library lets be pickled."""
    for name, value in make().items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for writer, dump in picklers(protocol).items():
                try:
                    yield name, protocol, writer, dump(value)
                except (TypeError, pickle.PicklingError, AttributeError, AssertionError, RecursionError):
                    continue  # this protocol or this pickler cannot hold it


class Recorder(pickle.Unpickler):
    """Loads our own pickles to learn which globals they name."""
    def __init__(self, stream, names):
        super().__init__(stream)
        self.names = names

    def find_class(self, module, name):
        import _compat_pickle
        renamed = _compat_pickle.NAME_MAPPING.get((module, name))
        self.names.add("%s:%s" % (renamed or (_compat_pickle.IMPORT_MAPPING.get(module, module), name)))
        return super().find_class(module, name)


def list_globals():
    for preset_name, make in PRESETS.items():
        names = set()
        try:
            for value in pickles(make):
                Recorder(io.BytesIO(value[3]), names).load()
        except ImportError as missing:
            print("%s: skipped, %s" % (preset_name, missing))
            continue
        print("%s:" % preset_name)
        for name in sorted(names):
            print("    " + name)


def write(target):
    written = collections.Counter()
    for preset_name, make in PRESETS.items():
        folder = pathlib.Path(target) / preset_name
        try:
            for name, protocol, writer, raw in pickles(make):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / ("%s.p%d.%s.pkl" % (name, protocol, writer))).write_bytes(raw)
                (folder / ("%s.p%d.%s.opt.pkl" % (name, protocol, writer))).write_bytes(pickletools.optimize(raw))
                written[preset_name] += 2
        except ImportError as missing:
            print("%s: skipped, %s" % (preset_name, missing))
    return written


# What a class does with its arguments while it is loaded, so that the preset's row must bound them: preset, name, pickle.
HOSTILE = [
    ("sqlalchemy", "a row's names are a range of 2 ** 31", b"\x80\x02csqlalchemy.engine.result\nSimpleResultMetaData\n)\x81}"
     b"(X\x05\0\0\0_keysc__builtin__\nxrange\n(J\xff\xff\xff\x7ftRub."),
    ("django", "ValidationError walks 2 ** 60 lists", b"\x80\x02cdjango.core.exceptions\nValidationError\n]" + b"".join(
        b"q%c0](h%ch%ce" % (i, i, i) for i in range(60)) + b"\x85R."),
    ("celery", "Retry writes a tuple of tuples of 2 ** 60 parts", b"\x80\x02ccelery.exceptions\nRetry\nX\x01\0\0\0m)" + b"2\x86" * 60 + b"\x86R."),
    ("celery", "UnpickleableExceptionWrapper walks a range of 2 ** 31", b"\x80\x02ccelery.utils.serialization\nUnpickleableExceptionWrapper\nX\x01\0\0\0mX\x01\0\0\0E"
     b"c__builtin__\nxrange\nJ\xff\xff\xff\x7f\x85R\x87R."),
    ("stdlib", "tuple walks a range of 2 ** 31", b"\x80\x02c__builtin__\ntuple\nc__builtin__\nxrange\nJ\xff\xff\xff\x7f\x85R\x85R."),
    ("stdlib", "a BytesIO closes by a class", b"\x80\x02c_io\nBytesIO\n)\x81(U\x01xK\0}X\x05\0\0\0closecuuid\nUUID\nstb."),
    ("pandas", "the PeriodDtype of the process gets a state", b"\x80\x02cpandas.core.dtypes.dtypes\nPeriodDtype\nX\x01\0\0\0D\x85R}X\x05\0\0\0_freqNsb."),
    ("pandas", "a PeriodDtype of 4,000 digits", b"\x80\x02cpandas.core.dtypes.dtypes\nPeriodDtype\nX\xa0\x0f\0\0" + b"1" * 4000 + b"\x85R."),
    ("scipy", "a sparse matrix is reshaped by its state", b"\x80\x02cscipy.sparse._csr\ncsr_matrix\n)\x81}}X\x05\0\0\0shapeK\2K\2\x86s\x86b."),
    ("scipy", "a spline within a spline makes an array of a range", b"\x80\x02cscipy.interpolate._bsplines\nBSpline\nq\0)\x81h\0)\x81"
     b"cscipy.sparse._csr\ncsr_matrix\n)\x81}U\1tc__builtin__\nxrange\nJ\0\0\x10\0\x85RsbN\x86bN\x86b."),
    ("flask", "NotFound is given a text", b"\x80\x02cwerkzeug.exceptions\nNotFound\nX\x01\0\0\0m\x85R."),
]


LARGE, START = 100000, datetime.datetime(2026, 1, 2)
Row = collections.namedtuple("Row", "number constant")
# Keys whose hash the verifier foresees: honest ones never collide, however many there are and whatever they have in common.
LARGE_KEYS = {
    "uuid": lambda i: uuid.UUID(int=i << 64 | i * 7919), "uuid_counted": lambda i: uuid.UUID(int=i),
    "decimal": lambda i: decimal.Decimal(i) / 100, "decimal_long": lambda i: decimal.Decimal(i ** 9 + 10 ** 40), "fraction": lambda i: fractions.Fraction(i, 997),
    "datetime": lambda i: START + datetime.timedelta(seconds=i), "zoned": lambda i: (START + datetime.timedelta(seconds=i)).replace(tzinfo=datetime.timezone.utc),
    "date": lambda i: datetime.date.fromordinal(1 + i), "timedelta": lambda i: datetime.timedelta(seconds=i, microseconds=i % 997),
    "path": lambda i: pathlib.PurePosixPath("/srv/%d/%d.txt" % (i % 97, i)),
    "v4": lambda i: ipaddress.IPv4Address(0x0a000000 + i), "v6": lambda i: ipaddress.IPv6Address((0x20010db8 << 96) + i),
    "v6_subnet": lambda i: ipaddress.IPv6Address((0x20010db8 << 96) + (i << 64) + 1), "v6_interface": lambda i: ipaddress.IPv6Interface(((0x20010db8 << 96) + i, 64)),
    "v6_network": lambda i: ipaddress.IPv6Network(((0x20010db8 << 96) + (i << 64), 64)),
    "bytes": lambda i: b"%d" % i, "frozenset": lambda i: frozenset([i, i + 1, "a"]), "complex": lambda i: complex(i, -i), "range": lambda i: range(i, i + 9),
    "tuple": lambda i: (uuid.UUID(int=i), "a", i), "encoded": lambda i: (b"%d" % i, 10 ** 6), "float": lambda i: i / 7, "long": lambda i: i << 70,
    "namedtuple": lambda i: Row(i, 10 ** 6),
}
NETWORKS = 30000  # each is charged by its addresses


def check_large(cli, folder):
    """A set and a dict of each kind under the preset "stdlib", which must let all be keys; an application's tuple by a policy of its own."""
    if "stdlib" not in PRESETS:
        return
    target = pathlib.Path(folder) / "large"
    target.mkdir()
    policy = pathlib.Path(folder) / "policy.toml"
    policy.write_text('[policy.large]\nextends = ["stdlib"]\nallow = [{ name = "__main__.Row", may = ["ref", "new", "hash"] }]\n')
    for name, make in LARGE_KEYS.items():
        keys = [make(i) for i in range(NETWORKS if name == "v6_network" else LARGE)]
        for protocol in (2, 4):
            (target / ("%s.set.p%d.pkl" % (name, protocol))).write_bytes(pickle.dumps(set(keys), protocol))
            (target / ("%s.keys.p%d.pkl" % (name, protocol))).write_bytes(pickle.dumps(dict.fromkeys(keys), protocol))
    run = subprocess.run([cli, "verify", str(target), "--policy", "%s:large" % policy], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print("large: %d pickles of %d keys, %s" % (4 * len(LARGE_KEYS), LARGE, "all accepted" if run.returncode == 0 else run.stdout))
    yield run.returncode == 0


def check_hostile(cli, folder):
    for preset_name, what, raw in HOSTILE:
        path = os.path.join(folder, "hostile.pkl")
        pathlib.Path(path).write_bytes(raw)
        run = subprocess.run([cli, "verify", path, "--policy", preset_name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        refused = run.returncode == 1 and ("arguments" in run.stdout or "state" in run.stdout)
        print("%s: %s: %s" % (preset_name, what, "refused" if refused else run.stdout))
        yield refused


def check(cli):
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for preset_name, count in write(folder).items():
            run = subprocess.run([cli, "verify", os.path.join(folder, preset_name), "--policy", preset_name],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            refused = [line.replace(folder + os.sep, "") for line in run.stdout.splitlines() if "refused" in line
                       and folder in line]
            ok = run.returncode == 0 and not refused
            passed, failed = passed + ok, failed + (not ok)
            print("%s: %d pickles, %s" % (preset_name, count, "all accepted" if ok else "exit code %d" % run.returncode))
            for line in refused:
                print("    " + line)
        for ok in check_large(cli, folder):
            passed, failed = passed + ok, failed + (not ok)
        for ok in check_hostile(cli, folder):
            passed, failed = passed + ok, failed + (not ok)
    print("%d passed, %d failed" % (passed, failed))
    return failed == 0 and passed > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", metavar="DIR")
    parser.add_argument("--check", metavar="BRINE_CLI")
    parser.add_argument("--only", metavar="PRESET[,PRESET]")
    options = parser.parse_args()
    if options.only:
        for name in set(PRESETS) - set(options.only.split(",")):
            del PRESETS[name]
    if options.list:
        list_globals()
    if options.write:
        print(dict(write(options.write)))
    if options.check:
        sys.exit(0 if check(options.check) else 1)


if __name__ == "__main__":
    main()
