#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The HTTP endpoint of a real server: what it answers whom, and what those get who mean it ill.

    http_clients.py --server build/brine-server [--only hostile,crowd]

routes    every path: status, type, the fields that browsers obey
hostile   requests that two readers could read differently, too long ones, two in one
crowd     clients that drip, that do not read, a thousand that do nothing: others are served
desk      a pickle that takes long to judge does not hold up /healthz, nor do those that wait behind it; its memory is given back
password  who must give one, and that the server does not start open to others
states    /readyz while data is loaded and while the server stops
metrics   the text is well-formed, and its counts are those of INFO
dashboard each expression under docker/observe names figures that there are
"""
import argparse
import base64
import json
import os
import pickle
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib

import redis

import serving
from outcome import Outcome

OBSERVE = os.path.join(os.path.dirname(__file__), "..", "..", "docker", "observe")
POLICY = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'",
          "frame-ancestors 'none'", "require-trusted-types-for 'script'")
POISON = pickle.dumps(os.system, 4)[:-1] + b"\x8c\x02id\x85R."

OUTCOME = Outcome()
check = OUTCOME.check


class Server:
    def __init__(self, path, *flags, ready=True):
        self.directory = tempfile.mkdtemp(prefix="brine-http-")
        self.start(path, *flags, ready=ready)

    def start(self, path, *flags, ready=True):
        self.port, self.http_port = serving.free_port(), serving.free_port()
        self.process = serving.Process(
            [path, f"--server.port={self.port}", f"--http.listen=127.0.0.1:{self.http_port}", "--server.threads=2",
             f"--snapshot.dir={self.directory}", *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if ready:
            check(self.process.ready(), "the server starts")

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=serving.DEADLINE_S)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.http_port), serving.DEADLINE_S)

    def send(self, data):
        """All that comes back, until the server closes."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass
            return receive(connection)

    def ask(self, target, method="GET", body=b"", fields=None, host=None):
        head = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.http_port}'}"]
        if method == "POST":
            head += [f"Content-Length: {len(body)}", "Content-Type: application/octet-stream"]
        head += [f"{name}: {value}" for name, value in (fields or {}).items()]
        return Answer(self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body))

    def stop(self):
        self.process.terminate()
        check(self.process.wait(serving.DEADLINE_S) == 0, "the server ends in order")

    def remove(self):
        shutil.rmtree(self.directory)


def receive(connection):
    data = b""
    try:
        while more := connection.recv(1 << 16):
            data += more
    except ConnectionResetError:
        pass
    return data


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.code = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/1.1 ") else 0
        self.fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        self.text = self.body.decode("utf-8", "replace")


# ---- routes ---------------------------------------------------------------------------------------

ROUTES = [("/", "text/html", "<title>brine</title>"), ("/app.js", "text/javascript", "use strict"),
          ("/plots.js", "text/javascript", "class Plot"), ("/app.css", "text/css", "--paper"),
          ("/icon.svg", "image/svg+xml", "<svg"), ("/healthz", "text/plain", "alive"),
          ("/readyz", "text/plain", "ready"), ("/metrics", "text/plain; version=0.0.4", "redis_up 1\n"),
          ("/api/history", "application/json", "interval_ms"), ("/api/status", "application/json", "gate_mode")]


def try_routes(path):
    server = Server(path)
    for target, kind, text in ROUTES:
        answer = server.ask(target)
        check(answer.code == 200 and answer.fields["content-type"].startswith(kind) and text in answer.text,
              f"{target}: {answer.code} {answer.fields.get('content-type')}")
        check(int(answer.fields["content-length"]) == len(answer.body), f"{target}: the length is the body's")
        check(answer.fields["x-content-type-options"] == "nosniff" and answer.fields["connection"] == "close"
              and "access-control-allow-origin" not in answer.fields, f"{target}: {answer.fields}")
        check(all(rule in answer.fields["content-security-policy"] for rule in POLICY), f"{target}: the policy")
        head = server.ask(target, "HEAD")
        check(head.code == 200 and head.body == b"", f"HEAD {target} has no body")
        check(server.ask(target, "POST").code == 405, f"POST {target} is not answered")
    for target, method, code in (("/nothing", "GET", 404), ("/verify", "GET", 405), ("/", "DELETE", 405),
                                 ("/../etc/passwd", "GET", 404), ("/%61pp.js", "GET", 404), ("//", "GET", 404),
                                 ("/api/history?since=x", "GET", 400), ("/api/history?since=" + "9" * 21, "GET", 400),
                                 ("/verify?key=%zz", "POST", 400), ("/verify?key=a%", "POST", 400),
                                 ("/verify?db=00000000000000000000000", "POST", 400), ("/verify?db=%3", "POST", 400),
                                 ("/verify?db=x", "POST", 400), ("/verify?db=4294967296", "POST", 400)):
        check(server.ask(target, method).code == code, f"{method} {target}: {code}")
    for target, method, allowed in (("/verify", "GET", "post"), ("/", "POST", "get, head"), ("/healthz", "DELETE", "get, head")):
        check(server.ask(target, method).fields.get("allow") == allowed, f"{method} {target} is told what it takes: {allowed}")
    verdict = json.loads(server.ask("/verify?db=3&key=a%3Cb", "POST", POISON).body)
    check(verdict["verdict"]["verdict"] == "refuse" and "posix.system" in verdict["verdict"]["message"]
          and "a<b" in verdict["verdict"]["message"], f"a poisoned pickle is refused: {verdict['verdict']}")
    check("STACK_GLOBAL" in verdict["disassembly"] and "system('id')" in verdict["view"], "and shown")
    good = json.loads(server.ask("/verify", "POST", pickle.dumps({"a": 1})).body)
    check(good["verdict"]["verdict"] == "admit" and good["view"] == "{'a': 1}", f"another is admitted: {good}")
    check(server.ask("/verify?db=16", "POST", b"x").code == 400, "there is no such database")
    check(json.loads(server.ask("/verify", "POST", b"").body)["verdict"]["verdict"] == "admit", "nothing is no pickle")
    check(server.client().dbsize() == 0, "nothing was stored")
    server.stop()
    server.remove()


# ---- hostile --------------------------------------------------------------------------------------

HOST = b"Host: 127.0.0.1\r\n"
SHAPES = [
    ("bare line ends", b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n\r\n\r\n", 400),
    ("a folded field", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    ("a blank before the colon", b"GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400),
    ("two hosts", b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    ("a host of others", b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    ("two lengths", b"POST /verify HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    ("a list of lengths", b"POST /verify HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\na", 400),
    ("length and chunks", b"POST /verify HTTP/1.1\r\n" + HOST
     + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunks", b"POST /verify HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    ("hidden chunks", b"POST /verify HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: x\x0bchunked\r\n\r\n", 400),
    ("a negative length", b"POST /verify HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    ("a length beyond counting", b"POST /verify HTTP/1.1\r\n" + HOST + b"Content-Length: 18446744073709551617\r\n\r\n", 400),
    ("a body to GET", b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\na", 400),
    ("no length", b"POST /verify HTTP/1.1\r\n" + HOST + b"\r\n", 411),
    ("a NUL", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: \0\r\n\r\n", 400),
    ("an absolute target", b"GET http://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/0.9", b"GET /healthz\r\n\r\n", 400),
    ("a Redis command", b"*1\r\n$4\r\nPING\r\n\r\n\r\n", 400),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("a long target", b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    ("many fields", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 150 + b"\r\n", 431),
    ("a long header", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 200000 + b"\r\n\r\n", 431),
    ("a header without end", b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 50000, 431),
    ("another site's form", b"POST /verify HTTP/1.1\r\n" + HOST
     + b"Origin: http://evil.example\r\nContent-Length: 1\r\nContent-Type: application/octet-stream\r\n\r\na", 403),
    ("a plain form", b"POST /verify HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Type: text/plain\r\n\r\na", 415),
    ("a body too long", b"POST /verify HTTP/1.1\r\n" + HOST
     + b"Content-Length: 1073741824\r\nContent-Type: application/octet-stream\r\n\r\n", 413),
    ("a body too long, sent", b"POST /verify HTTP/1.1\r\n" + HOST
     + b"Content-Length: 4000000\r\nContent-Type: application/octet-stream\r\n\r\n" + b"a" * 4000000, 413),
]


def answers_in(data):
    return len(re.findall(rb"HTTP/1\.1 \d\d\d ", data))


def try_hostile(path):
    server = Server(path)
    for what, data, code in SHAPES:
        answers = server.send(data)
        check(Answer(answers).code == code, f"{what}: {code} and not {answers[:60]}")
        check(answers_in(answers) == 1, f"{what}: one answer and the end")
    good = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    check(answers_in(server.send(good + good)) == 1, "of two requests in one the first is answered, alone")
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in good:
            connection.sendall(bytes([byte]))
        check(Answer(receive(connection)).code == 200, "a request may come byte by byte")
    with server.connect() as connection:
        body = pickle.dumps(list(range(1000)))
        connection.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                           "Content-Type: application/octet-stream\r\nExpect: 100-continue\r\n\r\n".encode())
        check(connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "who asks whether to go on is told")
        connection.sendall(body)
        check(Answer(receive(connection)).code == 200, "and answered")
    for length in range(len(good)):
        with server.connect() as connection:
            connection.sendall(good[:length])
    check(server.ask("/healthz").code == 200, "requests that are cut off leave nothing behind")
    server.stop()
    server.remove()


# ---- crowd ----------------------------------------------------------------------------------------

def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def try_crowd(path):
    server = Server(path, "--http.timeout=1s", "--http.max_connections=16", "--http.header_bytes=1mb")
    client = server.client()
    client.ping()
    before = descriptors(server)
    with server.connect() as dripping:
        started, slowest = time.monotonic(), 0.0
        try:
            while time.monotonic() - started < serving.DEADLINE_S:
                dripping.sendall(b"X")
                asked = time.monotonic()
                client.ping()
                slowest = max(slowest, time.monotonic() - asked)
        except OSError:
            pass
        took = time.monotonic() - started
        check(0.9 < took < 20, f"a client that drips is closed by the request's deadline: {took:.1f} s")
    with server.connect() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = pickle.dumps([str(i) for i in range(100000)])
        lazy.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n".encode() + body)
        check(serving.await_that(lambda: descriptors(server) <= before),
              "a client that does not read is closed by the answer's deadline, or once the kernel has it all")
    check(int(figures(server)["brine_http_timeouts_total"]) >= 1, "who took too long is counted")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    crowd = []
    for number in range(1000):
        crowd.append(server.connect())
        if number % 100 == 0:
            check(server.ask("/healthz").code == 200, f"beside {number} idle clients others are answered")
            check(client.ping(), "and so are Redis's")
    check(descriptors(server) < before + 3 * 16 + 8, f"they hold few descriptors: {descriptors(server)}, {before} before")
    for each in crowd:
        each.close()
    check(serving.await_that(lambda: descriptors(server) <= before + 2), "and nothing when they are gone")
    server.stop()
    server.remove()


def try_desk(path):
    server = Server(path, "--gate.unpack_ms=3000", "--http.body_bytes=16mb")
    deep = pickle.dumps([b"x" * 40] * 3)
    # Long enough to be waited for, in each variant.
    items = 100_000 if os.environ.get("BRINE_VARIANT") == "tsan" else 2_000_000
    before = server.client().info("memory")["used_memory"]
    big = pickle.dumps([str(i) for i in range(800_000)])
    check(server.ask("/verify", "POST", big).code == 200, f"{len(big)} bytes are judged")
    grown = lambda: server.client().info("memory")["used_memory"] - before
    check(serving.await_that(lambda: grown() < 4 << 20), f"and what that took is given back: {grown()} bytes more")
    bomb = zlib.compress(deep[:-1] + b"(" + b"]" * items + b"e.", 9)
    waiting = [server.connect() for _ in range(2)]
    for each in waiting:
        each.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(bomb)}\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n".encode() + bomb)
    slowest, answered = 0.0, 0
    for _ in range(20):
        asked = time.monotonic()
        answered += server.ask("/healthz").code == 200
        slowest = max(slowest, time.monotonic() - asked)
    check(answered == 20, f"/healthz is answered while pickles are judged, slowest {slowest * 1000:.0f} ms")
    for each in waiting:
        check(Answer(receive(each)).code == 200, "each of them is judged in its turn")
        each.close()
    server.stop()
    server.start(path, "--gate.unpack_ms=3000", "--http.timeout=200ms")
    waiting = [server.connect() for _ in range(16)]
    for each in waiting:
        each.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(bomb)}\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n".encode() + bomb)
    codes = [Answer(receive(each)).code for each in waiting]
    for each in waiting:
        each.close()
    check(codes[0] == 200 and set(codes) <= {200, 503} and 503 in codes,
          f"who waits too long for his turn is told so: {codes}")
    abandoned = server.connect()
    abandoned.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(bomb)}\r\n"
                      "Content-Type: application/octet-stream\r\n\r\n".encode() + bomb)
    abandoned.close()
    server.stop()
    server.start(path, "--gate.unpack_ms=3000", "--http.max_connections=8")
    for posts in (6, 16):
        waiting = [server.connect() for _ in range(posts)]
        for each in waiting:
            try:
                each.sendall(f"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(bomb)}\r\n"
                             "Content-Type: application/octet-stream\r\n\r\n".encode() + bomb)
            except OSError:  # closed for others
                pass
        codes = [server.ask(target).code for target in ("/healthz", "/readyz") * 4]
        check(codes == [200] * 8, f"probes have a place beside {posts} that want to be judged: {codes}")
        codes = sorted(Answer(receive(each)).code for each in waiting)
        check(posts > 8 or codes == [200] * 4 + [503] * 2, f"half of all connections may wait for the desk, others are told: {codes}")
        check(codes.count(200) >= 4, f"{posts}: those that wait are answered: {codes}")
        for each in waiting:
            each.close()
    server.stop()
    server.remove()


# ---- password -------------------------------------------------------------------------------------

def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def try_password(path):
    server = Server(path, "--http.password=sesame")
    for target, _, _ in ROUTES:
        is_open = target in ("/healthz", "/readyz")
        bare = server.ask(target)
        check(bare.code == (200 if is_open else 401), f"{target} without the password: {bare.code}")
        check(is_open or bare.fields["www-authenticate"].startswith("basic realm="), f"{target} asks for it")
        check(server.ask(target, fields=basic("any:sesame")).code == 200, f"{target} with it")
    for wrong in ("any:", "any:sesam", "any:sesamee", "sesame", ":"):
        check(server.ask("/", fields=basic(wrong)).code == 401, f"{wrong} is not it")
    check(server.ask("/", fields=basic(":sesame"), host="any.example").code == 200, "any name will do then")
    check(server.ask("/verify", "POST", b"x" * 100).code == 401, "a stranger's pickle is not judged")
    check(int(figures(server, basic(":sesame"))["brine_http_unauthorized_total"]) >= 8, "they are counted")
    server.stop()
    server.remove()
    for listen in ("0.0.0.0:0", "*:0", "[::]:0"):
        refused = subprocess.run([path, "--server.port=0", f"--http.listen={listen}", "--check-config"],
                                 env=serving.clean_environment(), capture_output=True, text=True, timeout=60)
        check(refused.returncode == 78 and "http.password" in refused.stderr + refused.stdout,
              f"{listen} without a password is refused: {refused.returncode} {refused.stderr}")


# ---- states ---------------------------------------------------------------------------------------

def try_states(path):
    server = Server(path)
    client = server.client()
    value = pickle.dumps(list(range(500)))
    for start in range(0, 60000, 1000):
        pipeline = client.pipeline(transaction=False)
        for i in range(start, start + 1000):
            pipeline.set(f"key:{i}", value)
        pipeline.execute()
    client.save()
    server.stop()
    server.start(path, "--snapshot.threads=1", ready=False)
    seen = []

    def is_ready():
        try:
            answer = server.ask("/readyz")
        except OSError:
            return False
        if (answer.code, answer.text) not in seen:
            seen.append((answer.code, answer.text))
        return answer.code == 200

    check(serving.await_that(is_ready, server.process), "the server becomes ready")
    check((503, "loading what is on disk\n") in seen, f"while it loads it says so: {seen}")
    with socket.create_connection(("127.0.0.1", server.port)) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(b"".join(b"GET key:%d\r\n" % i for i in range(20000)))
        lazy.recv(1)
        server.process.send_signal(signal.SIGTERM)
        is_stopping = lambda: server.ask("/readyz").code == 503
        check(serving.await_that(is_stopping, server.process), "while it stops it is not ready")
        check(server.ask("/readyz").text == "stopping\n", "and says why")
        check(server.ask("/healthz").code == 200, "and lives")
    check(server.process.wait(serving.DEADLINE_S) == 0, "the server ends in order")
    server.remove()


# ---- metrics --------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.e+-]+)$')


def figures(server, fields=None):
    """What /metrics says, by name with labels."""
    lines = server.ask("/metrics", fields=fields).text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line and line[0] != "#")


def check_text(text):
    families, family, kind, seen = set(), None, None, set()
    last = (None, 0)
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            check(family not in families, f"{family} stands there once")
            families.add(family)
        elif line.startswith("# TYPE "):
            check(line.split(" ")[2] == family, f"the type of {family} follows its help")
            kind = line.split(" ")[3]
            check(kind != "counter" or family.endswith("_total"), f"counter {family} ends in _total")
        else:
            match = SAMPLE.match(line)
            if not check(match, f"is a sample: {line}"):
                continue
            name, labels, value = match.groups()
            check(name == family or kind == "histogram" and name in (family + "_bucket", family + "_sum", family + "_count"),
                  f"{name} belongs to {family}")
            check((name, labels) not in seen, f"{name}{labels} stands there once")
            seen.add((name, labels))
            if name.endswith("_bucket"):
                series = re.sub(r'le="[^"]*"', "", labels)
                check(series != last[0] or float(value) >= last[1], f"buckets do not fall: {line}")
                last = (series, float(value))
    return families


def try_metrics(path):
    server = Server(path, "--gate.mode=learn")
    client = server.client()
    for i in range(300):
        client.set(f"k{i}", pickle.dumps({"n": i}), ex=100 if i % 3 else None)
        client.get(f"k{i * 2}")
    for name in (b"<b>x</b>", b"x" * 200, b"line\nend", b'x"} 1'):
        try:
            client.set(b"odd" + name, b"\x80\x04\x8c\x01m\x8c" + bytes([len(name)]) + name + b"\x93)\x81.")
        except redis.ResponseError:  # what could not stand in a policy is not learned
            check(name[:1] != b"<" and name[:2] != b"xx", f"{name} is refused")
    for poison in (POISON, b"\x80\x04]", b"\x80\x04c\n"):
        try:
            client.set("poison", poison)
        except redis.ResponseError:
            pass
    text = server.ask("/metrics").text
    check_text(text)
    now = figures(server)
    info = client.info("everything")
    for name, field in (("redis_keyspace_hits_total", "keyspace_hits"), ("redis_keyspace_misses_total", "keyspace_misses"),
                        ("redis_connected_clients", "connected_clients"), ("redis_memory_max_bytes", "maxmemory"),
                        ("redis_expired_keys_total", "expired_keys"), ("redis_rdb_changes_since_last_save", "rdb_changes_since_last_save")):
        check(int(now[name]) == info[field], f"{name} {now[name]} is INFO's {field} {info[field]}")
    for name, value in (('redis_commands_total{cmd="set"}', 307), ('redis_commands_total{cmd="get"}', 300),
                        ('redis_commands_latencies_usec_count{cmd="get"}', 300),
                        ('redis_db_keys{db="db0"}', info["db0"]["keys"]), ('redis_db_keys_expiring{db="db0"}', 200),
                        ('brine_gate_verdicts_total{verdict="refused"}', info["gate_refused"]),
                        ('brine_type_entries{type="dict"}', 300), ('brine_type_entries{type="m.<b>x</b>"}', 1)):
        check(float(now.get(name, -1)) == value, f"{name} is {value}: {now.get(name)}")
    check(float(now['brine_type_entries{type="(others)"}']) == 1, "what is too long for a label is counted among the others")
    check(int(now["brine_gate_seconds_count"]) >= 4, f"the gate's time is measured: {now['brine_gate_seconds_count']}")
    promtool = shutil.which("promtool")
    if promtool:
        verdict = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        complaints = [line for line in (verdict.stdout + verdict.stderr).splitlines() if "abbreviated units" not in line]
        check(complaints == [], f"promtool: {complaints}")
    server.stop()
    server.remove()


# ---- dashboard ------------------------------------------------------------------------------------

WORDS = {"sum", "rate", "by", "le", "histogram_quantile", "increase", "max", "min", "clamp_min", "time", "topk", "absent",
         "and", "or", "unless", "cmd", "type", "verdict", "class", "db", "job", "instance", "err", "on", "up"}


def names_of(expression):
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", expression)
    return {name for name in re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", bare) if name not in WORDS}


def expressions():
    with open(os.path.join(OBSERVE, "dashboard.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"]
    with open(os.path.join(OBSERVE, "alerts.yml"), encoding="utf-8") as file:
        for line in file:
            if match := re.match(r"\s*expr: (.*)", line):
                yield "alerts.yml", match.group(1)


def try_dashboard(path):
    server = Server(path)
    server.client().set("k", "v")
    server.client().get("k")
    families = check_text(server.ask("/metrics").text)
    known = families | {name + end for name in families for end in ("_bucket", "_sum", "_count")}
    count = 0
    for where, expression in expressions():
        count += 1
        check(names_of(expression) <= known, f"{where}: {expression}: there is no {names_of(expression) - known}")
        check(names_of(expression), f"{where}: {expression} names a figure")
    check(count >= 20, f"there are {count} expressions")
    promtool = shutil.which("promtool")
    if promtool:
        for command in (["check", "config", "--syntax-only", os.path.join(OBSERVE, "prometheus.yml")],
                        ["check", "rules", os.path.join(OBSERVE, "alerts.yml")]):
            verdict = subprocess.run([promtool, *command], capture_output=True, text=True)
            check(verdict.returncode == 0, f"promtool {command}: {verdict.stdout}{verdict.stderr}")
    server.stop()
    server.remove()


TRIALS = {"routes": try_routes, "hostile": try_hostile, "crowd": try_crowd, "desk": try_desk, "password": try_password,
          "states": try_states, "metrics": try_metrics, "dashboard": try_dashboard}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default=",".join(TRIALS))
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        TRIALS[name](arguments.server)
    sys.exit(OUTCOME.finish())


if __name__ == "__main__":
    main()
