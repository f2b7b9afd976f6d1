#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""TLS as clients of all kinds meet it: honest ones, wrong certificates, torn handshakes, churn.

    tls_clients.py --server build/brine-server [--only WORD] [--churn SECONDS]

Each check is a function whose name is the sentence it proves; it gets a server with a certificate of
its own authority.  Runs under the sanitizers too: a report of theirs ends the server with a status
that is counted as a failure.  The last line is a count.
"""

import argparse
import os
import random
import resource
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import differential
import serving
import tls_files

DEADLINE_S = 60
SMALL = b"*1\r\n$4\r\nPING\r\n"
VARIANT = os.environ.get("BRINE_VARIANT", "release")


class Server:
    """A server with a plain port and a TLS port."""

    def __init__(self, path, folder, *flags):
        self.folder, self.port, self.tls_port = folder, serving.free_port(), serving.free_port()
        self.log = os.path.join(folder, "server.log")
        open(self.log, "w", encoding="ascii").close()
        given = {flag.partition("=")[0] for flag in flags}
        usual = ["--server.threads=2", "--gate.mode=off", f"--log.file={self.log}", "--log.level=verbose",
                 "--tls.auth_clients=no", *tls_files.server_flags(folder, self.tls_port)]
        self.process = serving.Process(
            [path, f"--server.port={self.port}", *(f for f in usual if f.partition("=")[0] not in given), *flags],
            cwd=folder, stdout=subprocess.DEVNULL)
        assert self.process.ready(), self.said()

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return text.read()

    def await_that(self, holds, seconds=DEADLINE_S):
        assert serving.await_that(holds, self.process, seconds), "it did not happen in time"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)

    def raw(self, port=None):
        client = socket.create_connection(("127.0.0.1", port or self.tls_port), timeout=DEADLINE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def tls(self, certificate=None, context=None):
        context = context or tls_files.client_context(self.folder, certificate)
        return context.wrap_socket(self.raw(), server_hostname="localhost", suppress_ragged_eofs=False)

    def ask(self, *args):
        """Over the plain port."""
        with self.raw(self.port) as client:
            return ask(client, *args)

    def memory(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as text:
            return int(text.read().split()[1]) * resource.getpagesize()


def read_reply(client):
    data = b""
    while differential.frame_end(data, 0) < 0 if data else True:
        more = client.recv(1 << 20)
        assert more, f"closed after {data[:100]!r}"
        data += more
    return data


def ask(client, *args):
    client.sendall(differential.encode([a if isinstance(a, bytes) else str(a).encode() for a in args]))
    return read_reply(client)


def is_closed(client):
    """The server ends the connection, whatever it still says."""
    try:
        while client.recv(1 << 16):
            pass
    except (ConnectionError, ssl.SSLError):
        pass
    return True  # a socket that stays open ends by its timeout


def hello(folder):
    """The first bytes that a client says."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls_files.client_context(folder).wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


# ---- honest clients ----------------------------------------------------------------------------


def both_versions_are_spoken_and_no_older_one(server):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = tls_files.client_context(server.folder)
        context.minimum_version = context.maximum_version = version
        with server.tls(context=context) as client:
            assert ask(client, "PING") == b"+PONG\r\n"
    context = tls_files.client_context(server.folder)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        server.tls(context=context)
    except (ssl.SSLError, ConnectionError):
        return
    raise AssertionError("TLS 1.1 was spoken")


def a_session_is_taken_up_again(server):
    context = tls_files.client_context(server.folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with server.tls(context=context) as client:
        assert ask(client, "PING") == b"+PONG\r\n"
        session = client.session
    with context.wrap_socket(server.raw(), server_hostname="localhost", session=session) as client:
        assert ask(client, "PING") == b"+PONG\r\n" and client.session_reused


def exchange(client, data, wanted):
    """Sends and receives in turns: a connection of OpenSSL's is one thread's at a time."""
    got, sent = bytearray(), 0
    client.setblocking(False)
    while len(got) < wanted:
        waits = [[client], [client] if sent < len(data) else []]
        try:
            if sent < len(data):
                sent += client.send(data[sent:sent + (1 << 16)])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            piece = client.recv(1 << 20)
            assert piece, "the server hung up"
            got += piece
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            assert any(select.select(*waits, [], DEADLINE_S)), "nothing comes"
    client.setblocking(True)
    client.settimeout(DEADLINE_S)
    return bytes(got)


def pipelines_and_large_values_come_back_whole(server):
    big = random.Random(1).randbytes(16 << 20)
    with server.tls() as client:
        assert ask(client, "SET", "big", big) == b"+OK\r\n"
        assert ask(client, "GET", "big") == b"$%d\r\n%s\r\n" % (len(big), big)
        commands = b"".join(differential.encode([b"SET", b"k%d" % i, b"v" * (i % 3000)]) for i in range(5000))
        commands += b"".join(differential.encode([b"GET", b"k%d" % i]) for i in range(5000))
        expected = b"+OK\r\n" * 5000 + b"".join(b"$%d\r\n%s\r\n" % (i % 3000, b"v" * (i % 3000)) for i in range(5000))
        assert exchange(client, commands, len(expected)) == expected


def records_may_come_in_any_pieces(server):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = tls_files.client_context(server.folder).wrap_bio(incoming, outgoing, server_hostname="localhost")
    chance = random.Random(2)
    with server.raw() as client:
        def flush(piece):
            data = outgoing.read()
            for at in range(0, len(data), piece):
                client.sendall(data[at:at + piece])

        def until(step, piece):
            while True:
                try:
                    result = step()
                    flush(piece)
                    return result
                except ssl.SSLWantReadError:
                    flush(piece)
                    incoming.write(client.recv(chance.choice([1, 5, 100, 65536])))
        until(tls.do_handshake, 1)
        for piece in (1, 7, 1000):
            for part in (SMALL[:5], SMALL[5:], SMALL * 20):
                tls.write(part)
            data = b""
            while data != b"+PONG\r\n" * 21:
                data += until(lambda: tls.read(3), piece)


def what_was_sent_before_the_last_word_is_answered(server):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = tls_files.client_context(server.folder).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with server.raw() as client:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.sendall(outgoing.read())
                incoming.write(client.recv(65536))
        tls.write(SMALL * 1000)
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        client.sendall(outgoing.read())
        while more := client.recv(65536):
            incoming.write(more)
        data = b""
        while len(data) < 7 * 1000:
            data += tls.read(65536)
        assert data == b"+PONG\r\n" * 1000
        try:
            assert tls.read(1) == b""
        except ssl.SSLZeroReturnError:
            pass


def the_server_says_goodbye(server):
    with server.tls() as client:
        assert ask(client, "QUIT") == b"+OK\r\n"
        assert client.recv(100) == b""  # without close_notify this raises


def messages_reach_a_listener(server):
    with server.tls() as listener, server.tls() as other:
        ask(listener, "SUBSCRIBE", "c")
        for size in (1, 100, 100_000):
            assert ask(other, "PUBLISH", "c", b"m" * size) == b":1\r\n"
            assert read_reply(listener).endswith(b"\r\n%s\r\n" % (b"m" * size))


def programs_of_others_speak_to_it(server):
    words = ["-p", str(server.tls_port), "--tls", "--cacert", f"{server.folder}/ca.crt"]
    if shutil.which("redis-cli"):
        said = subprocess.run(["redis-cli", *words, "ECHO", "hello"], capture_output=True, timeout=DEADLINE_S, check=True)
        assert said.stdout == b"hello\n", said
    try:
        import redis
    except ImportError:
        return
    client = redis.Redis(port=server.tls_port, ssl=True, ssl_ca_certs=f"{server.folder}/ca.crt", ssl_check_hostname=False)
    assert client.set("k", b"v" * 100_000) and client.get("k") == b"v" * 100_000


# ---- certificates ------------------------------------------------------------------------------


def serial_served(server):
    with server.tls() as client:
        return client.getpeercert()["serialNumber"]


def is_let_in(server, certificate):
    """With TLS 1.3 a client learns only when it reads that its certificate was refused."""
    try:
        with server.tls(certificate) as client:
            return ask(client, "PING") == b"+PONG\r\n"
    except (ssl.SSLError, ConnectionError, AssertionError):
        return False


def clients_show_certificates_as_the_option_asks(server):
    for asks, none, right, wrong in (("no", True, True, True), ("optional", True, True, False), ("yes", False, True, False)):
        assert server.ask("CONFIG", "SET", "tls-auth-clients", asks) == b"+OK\r\n"
        assert is_let_in(server, None) is none, asks
        assert is_let_in(server, "client") is right, asks
        assert is_let_in(server, "stranger") is wrong, asks


def a_certificate_is_renewed_by_sighup_and_config_set(server):
    first = serial_served(server)
    with server.tls() as old:
        for end in ("crt", "key"):
            shutil.copy(f"{server.folder}/server.{end}", f"{server.folder}/before.{end}")
            shutil.copy(f"{server.folder}/renewed.{end}", f"{server.folder}/server.{end}")
        server.process.send_signal(signal.SIGHUP)
        server.await_that(lambda: "certificates were read again" in server.said())
        assert serial_served(server) != first
        assert ask(old, "PING") == b"+PONG\r\n"
        assert server.ask("CONFIG", "SET", "tls-cert-file", f"{server.folder}/before.crt", "tls-key-file",
                          f"{server.folder}/before.key") == b"+OK\r\n"
        assert serial_served(server) == first


def a_broken_certificate_changes_nothing_and_is_reported(server):
    first = serial_served(server)
    for name, value in (("tls-cert-file", "/nowhere"), ("tls-key-file", f"{server.folder}/client.key"),
                        ("tls-ciphers", "nonsense"), ("tls-protocols", "SSLv3")):
        reply = server.ask("CONFIG", "SET", name, value)
        assert b"Unable to update TLS configuration. Check server logs." in reply, reply
        assert serial_served(server) == first
    with open(f"{server.folder}/server.crt", "w", encoding="ascii") as text:
        text.write("no certificate\n")
    server.process.send_signal(signal.SIGHUP)
    server.await_that(lambda: "certificates stay as they were: tls.cert_file" in server.said())
    assert serial_served(server) == first


# ---- hostile ones ------------------------------------------------------------------------------


def plain_text_on_the_tls_port_is_closed_and_named(server):
    for text in (SMALL, b"PING\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\x00", b"*"):
        with server.raw() as client:
            client.sendall(text)
            assert is_closed(client)
    assert "does not speak TLS" in server.said()


def tls_on_the_plain_port_is_closed_and_named(server):
    with server.raw(server.port) as client:
        client.sendall(hello(server.folder))
        assert is_closed(client)
    assert "speaks TLS to a port that is not tls.port" in server.said()


def half_a_greeting_is_not_waited_for_without_end(server):
    assert server.ask("CONFIG", "SET", "tls.handshake_timeout", "200ms") == b"+OK\r\n"
    first = hello(server.folder)
    clients = [server.raw() for _ in range(40)]
    for at, client in enumerate(clients):
        client.sendall(first[:at * len(first) // 40])
    with server.tls() as other:
        assert ask(other, "PING") == b"+PONG\r\n"
        for client in clients:
            assert is_closed(client)
        assert ask(other, "PING") == b"+PONG\r\n", "who has greeted stays"


def claims_are_not_believed(server):
    record = b"\x16\x03\x01\x40\x00"
    for text in (record + b"\x01\x01\xff\xff", record + b"\x02\x00\x00\x10", b"\x16\x03\x01\x00\x00\x16\x03\x01\x00",
                 b"\x16\x03\x01\x00\x01\x01\x16\x03\x01", b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x00\x20" + bytes(32),
                 b"\x16\x03\x01\xff\xff\x01\x00\x10\x00" + bytes(5000)):
        with server.raw() as client:
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            assert is_closed(client)


def garbage_at_any_place_ends_one_connection_only(server):
    chance = random.Random(3)
    first = hello(server.folder)
    for _ in range(100):
        text = bytearray(first)
        for _ in range(chance.choice([1, 1, 2, 8])):
            text[chance.randrange(len(text))] = chance.randrange(256)
        with server.raw() as client:
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            is_closed(client)
    client = server.tls()
    plain = socket.socket(fileno=os.dup(client.fileno()))
    plain.settimeout(DEADLINE_S)
    plain.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
    assert is_closed(plain)
    assert server.ask("PING") == b"+PONG\r\n"


def a_kill_may_come_amid_the_greeting(server):
    first = hello(server.folder)
    for sent in (0, 5, len(first) // 2, len(first)):
        client = server.raw()
        client.sendall(first[:sent])
        address = "%s:%d" % client.getsockname()
        server.await_that(lambda: address.encode() in server.ask("CLIENT", "LIST"))
        assert server.ask("CLIENT", "KILL", address) == b"+OK\r\n"
        assert is_closed(client)
        client.close()


def who_does_not_read_is_closed_and_costs_little(server):
    assert server.ask("CONFIG", "SET", "limits.output_bytes", str(4 << 20)) == b"+OK\r\n"
    assert server.ask("SET", "k", b"v" * 10_000) == b"+OK\r\n"
    assert server.ask("CONFIG", "SET", "limits.output_pause_bytes", str(64 << 20)) == b"+OK\r\n"
    with server.tls() as client:
        before = server.memory()
        try:
            for _ in range(3000):
                client.sendall(differential.encode([b"GET", b"k"]) * 10)
        except (ConnectionError, ssl.SSLError):
            pass
        server.await_that(lambda: "limits.output_bytes" in server.said())
        grown = server.memory() - before
        assert VARIANT != "release" or grown < 64 << 20, grown


def replies_that_nobody_reads_stop_the_reading(server):
    assert server.ask("SET", "k", b"v" * 1_000_000) == b"+OK\r\n"
    client = server.tls()
    client.setblocking(False)
    before = server.memory()
    sent = 0
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and sent < 400:
        try:
            client.send(differential.encode([b"GET", b"k"]))
            sent += 1
        except (BlockingIOError, ssl.SSLWantWriteError):
            break
    grown = server.memory() - before
    assert VARIANT != "release" or grown < 32 << 20, grown
    client.settimeout(DEADLINE_S)
    for _ in range(sent):
        assert len(read_exactly(client, 1_000_012)) == 1_000_012


def read_exactly(client, size):
    data = bytearray()
    while len(data) < size:
        more = client.recv(size - len(data))
        assert more
        data += more
    return data


def strangers_cost_little_memory(server):
    """Figure 5: 64 KB each, handshake done and commands half sent, before AUTH."""
    assert server.ask("CONFIG", "SET", "requirepass", "pw") == b"+OK\r\n"
    warm = [server.tls() for _ in range(20)]
    before = server.memory()
    context = tls_files.client_context(server.folder)
    clients = [server.tls(context=context) for _ in range(200)]
    for client in clients:
        client.sendall(b"*2\r\n$4\r\nAUTH\r\n$16000\r\n" + b"x" * 8000)
    with server.tls(context=context) as last:
        assert ask(last, "AUTH", "pw") == b"+OK\r\n"
    each = (server.memory() - before) / len(clients)
    print(f"    {each / 1024:.1f} KB for each stranger over TLS")
    for client in clients + warm:
        client.close()
    assert VARIANT != "release" or each < 64 * 1024


# ---- churn -------------------------------------------------------------------------------------


def churner(server, seed, until, faults):
    chance = random.Random(seed)
    contexts = [tls_files.client_context(server.folder) for _ in range(2)]
    contexts[1].maximum_version = ssl.TLSVersion.TLSv1_2
    first = hello(server.folder)
    while time.monotonic() < until:
        try:
            kind = chance.randrange(6)
            client = server.raw(server.port if kind == 0 else None)
            if kind == 1:
                client.sendall(first[:chance.randrange(len(first) + 1)])
            elif kind > 1:
                client = chance.choice(contexts).wrap_socket(client, server_hostname="localhost")
            for _ in range(chance.randrange(6)):
                if kind == 1:
                    break
                ask(client, *chance.choice([
                    ("SET", "k%d" % chance.randrange(9), b"v" * chance.choice([1, 1000, 300_000])),
                    ("GET", "k%d" % chance.randrange(9)), ("SUBSCRIBE", "c"), ("PUBLISH", "c", "m" * 2000),
                    ("CLIENT", "KILL", "ID", chance.randrange(1, 3000)), ("CLIENT", "LIST"),
                    ("ACL", "SETUSER", "u", "on", "nopass", "+@all", "allkeys", "&*"), ("AUTH", "u", "x"),
                    ("ACL", "SETUSER", "u", "resetchannels"), ("ACL", "DELUSER", "u"), ("MULTI",), ("EXEC",),
                    ("CONFIG", "SET", "tls-session-caching", chance.choice(["yes", "no"]))]))
            if chance.random() < 0.3:
                client.sendall(differential.encode([b"GET", b"k1"]) * 50)
            if chance.random() < 0.3:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        except (ConnectionError, ssl.SSLError, AssertionError):
            pass  # it was killed, or its user was
        except OSError as error:
            faults.append(error)
            return


def clients_come_and_go_and_are_killed(server):
    faults, until = [], time.monotonic() + OPTIONS.churn
    threads = [threading.Thread(target=churner, args=(server, seed, until, faults)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    assert server.ask("PING") == b"+PONG\r\n"
    print(f"    {server.ask('INFO', 'stats').split(b'total_connections_received:')[1].split()[0].decode()} connections")


CHECKS = [both_versions_are_spoken_and_no_older_one, a_session_is_taken_up_again,
          pipelines_and_large_values_come_back_whole, records_may_come_in_any_pieces,
          what_was_sent_before_the_last_word_is_answered, the_server_says_goodbye, messages_reach_a_listener,
          programs_of_others_speak_to_it, clients_show_certificates_as_the_option_asks,
          a_certificate_is_renewed_by_sighup_and_config_set, a_broken_certificate_changes_nothing_and_is_reported,
          plain_text_on_the_tls_port_is_closed_and_named, tls_on_the_plain_port_is_closed_and_named,
          half_a_greeting_is_not_waited_for_without_end, claims_are_not_believed,
          garbage_at_any_place_ends_one_connection_only, a_kill_may_come_amid_the_greeting,
          who_does_not_read_is_closed_and_costs_little, replies_that_nobody_reads_stop_the_reading,
          strangers_cost_little_memory, clients_come_and_go_and_are_killed]


def run(check, path):
    folder = tempfile.mkdtemp(prefix="tls-clients-")
    server = None
    try:
        tls_files.make(folder)
        server = Server(path, folder)
        check(server)
        status = server.stop()
        assert status == 0, f"the server ended with status {status}"
        return True
    except (AssertionError, OSError, ValueError) as error:
        print(f"failed: {check.__name__.replace('_', ' ')}: {type(error).__name__} {error}")
        return False
    finally:
        if server and server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/brine-server")
    parser.add_argument("--only", default="", help="checks whose name has this word")
    parser.add_argument("--churn", type=float, default=5, help="seconds")
    global OPTIONS
    OPTIONS = parser.parse_args()
    path = os.path.abspath(OPTIONS.server)
    results = []
    for check in CHECKS:
        if OPTIONS.only in check.__name__:
            started = time.monotonic()
            results.append(run(check, path))
            print(f"{time.monotonic() - started:5.1f} s  {check.__name__.replace('_', ' ')}")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
