#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli prints what redis-cli prints, byte for byte, and its exit codes mean what --help says.

Both talk to one redis-server.  Usage: BRINE_CLI=build/brine-cli test_cli.py
"""
import os
import re
import subprocess
import tempfile

from cli_support import CLI, Redis, check, finish, run
from serving import free_port

SESSION = r"""PING
SET a "x\x00\ny\"q\\\a\b\t\r~\x7f\xff"
GET a
GET nosuch
INCR n
DECRBY n 100
LPUSH l 1 2 3 4 5 6 7 8 9 10 11
LRANGE l 0 -1
LRANGE nosuch 0 -1
NOSUCHCOMMAND bar
MGET a nosuch n
EVAL "return {1,{2,{3,{},'x'},'y'},false,{ok='fine'},{err='bad'}}" 0
EVAL "return {{{{}}},{{{{1,2}}}}}" 0
COMMAND INFO get set
CONFIG GET save*

   ECHO   'single \' quotes'
SET "unbalanced
ECHO "closed"x
ECHO last"""
COMMANDS = ["info replication", "client info", "memory doctor", "get nosuch", "nosuch", "lrange x 0 1", "ping", "echo -x"]

def without_moments(text):
    """The report of a client differs from one connection to the next."""
    return re.sub(rb"(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|tot-mem|rbp)=\S*", b"", text)


def compare_with_redis_cli(port):
    for form in ([], ["--raw"], ["--no-raw"], ["-3"], ["-3", "--no-raw"]):
        outputs = []
        for cli in ("redis-cli", CLI):
            run(["redis-cli", "-p", str(port), "FLUSHALL"])
            outputs.append(run([cli, "-p", str(port)] + form, SESSION.encode())[1])
        theirs, ours = outputs
        check(f"the session prints the same {form}", theirs == ours and len(ours) > 500,
              "\n%r\n%r" % (theirs, ours))
        for command in COMMANDS:
            theirs, ours = (without_moments(run([cli, "-p", str(port)] + form + command.split())[1])
                            for cli in ("redis-cli", CLI))
            check(f"{command} prints the same {form}", theirs == ours, "\n%r\n%r" % (theirs, ours))


def check_tls(folder):
    """Who shows no certificate that is believed is not talked to."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   cwd=folder, check=True, stderr=subprocess.DEVNULL)
    port = free_port()
    server = Redis(folder, "--tls-port", str(port), "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem",
                         "--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no", port=0)
    trust = ["--cacert", os.path.join(folder, "cert.pem")]
    big = bytes(range(256)) * 8192
    rows = [
        (["-u", f"rediss://127.0.0.1:{port}"] + trust + ["PING"], b"", 0, b"PONG\n", b""),
        (["--tls", "-h", "localhost", "-p", str(port)] + trust + ["PING"], b"", 0, b"PONG\n", b""),
        (["--tls", "-p", str(port), "--insecure", "PING"], b"", 0, b"PONG\n", b""),
        (["--tls", "-p", str(port), "PING"], b"", 1, b"", b"certificate verify failed"),
        (["--tls", "-p", str(port), "--sni", "other.example"] + trust + ["PING"], b"", 1, b"", b"certificate verify failed"),
        (["-p", str(port), "-t", "5", "PING"], b"", 1, b"", b"closed the connection"),
        (["--tls", "-p", str(port), "--cacert", "/nonexistent", "PING"], b"", 2, b"", b"authorities"),
        (["--tls", "-p", str(port)] + trust + ["-x", "SET", "big"], big, 0, b"OK\n", b""),
        (["--tls", "-p", str(port)] + trust + ["GET", "big"], b"", 0, big + b"\n", b""),
    ]
    for arguments, stdin, code, out, err in rows:
        got = run([CLI] + arguments, stdin)
        check(f"TLS: {' '.join(arguments)} exits with {code}", got[0] == code and out in got[1] and err in got[2],
              repr((got[0], got[1][:200], got[2])))
    server.stop()


def check_exit_codes(port, unix_socket):
    rows = [
        (["-p", str(port), "PING"], 0, b"PONG\n", b""),
        (["-s", unix_socket, "PING"], 0, b"PONG\n", b""),
        (["-p", str(port), "-n", "9", "CLIENT", "INFO"], 0, b" db=9 ", b""),
        (["-p", str(port), "NOSUCH"], 1, b"ERR unknown command", b""),
        (["-p", str(port), "-n", "99999", "PING"], 1, b"", b"DB index is out of range"),
        (["-p", str(port), "-a", "wrong", "PING"], 1, b"", b"AUTH"),
        (["-p", str(port), "-t", "1", "BLPOP", "never", "0"], 1, b"", b"brine-cli: "),
        (["-p", str(free_port()), "PING"], 1, b"", b"Could not connect to 127.0.0.1:"),
        (["-s", unix_socket + ".none", "PING"], 1, b"", b"Could not connect to "),
        (["-p", "99999", "PING"], 2, b"", b"from 1 to 65535"),
        (["--nonsense"], 2, b"", b"--help"),
        (["--version"], 0, b"brine-cli ", b""),
        (["--help"], 0, b"usage: ", b""),
    ]
    for arguments, code, out, err in rows:
        got = run([CLI] + arguments)
        check(f"{' '.join(arguments)} exits with {code}", got[0] == code and out in got[1] and err in got[2], repr(got))
    cli = [CLI, "-p", str(port)]
    run(cli + ["CONFIG", "SET", "requirepass", "secret word"])
    for arguments, variables, code in (([], {}, 1), (["-a", "secret word"], {}, 0), (["--user", "default", "-a", "secret word"], {}, 0),
                                       ([], {"BRINECLI_AUTH": "secret word"}, 0), ([], {"BRINECLI_AUTH": "wrong"}, 1)):
        got = run(cli + arguments + ["PING"], **variables)
        check(f"with a password set, {arguments} {variables} exits with {code}", got[0] == code, repr(got))
    run(cli + ["-a", "secret word", "CONFIG", "SET", "requirepass", ""])
    got = run([CLI, "-p", str(port)], b"PING\nquit\nPING\n")
    check("quit ends the session", got == (0, b"PONG\n", b""), repr(got))
    got = run([CLI, "-p", str(port)], b"PING\nSHUTDOWN NOSAVE\nPING\n")
    check("a lost connection is a failure", got[0] == 1 and got[1] == b"PONG\n" and got[2] != b"", repr(got))


def main():
    with tempfile.TemporaryDirectory() as folder:
        unix_socket = os.path.join(folder, "redis.sock")
        server = Redis(folder, "--unixsocket", unix_socket)
        try:
            compare_with_redis_cli(server.port)
            check_exit_codes(server.port, unix_socket)
            check_tls(folder)
        finally:
            server.stop()
    finish()


main()
