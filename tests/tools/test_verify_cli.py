#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-cli verify: the corpus gets its verdicts in --json, and text, options and exit codes are as --help says.

Usage: BRINE_CLI=build/brine-cli test_verify_cli.py
"""
import base64
import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

import cli_support
from cli_support import CLI, check, finish

CORPUS = "tests/corpus/pickle"
KEYS = ["file", "verdict", "class", "offset", "opcode", "global", "danger", "rule", "message", "protocol", "type", "globals", "framing"]
NAMES_A_STAR = "c54_shape_08.pkl"  # allowed by the corpus' own policy, which TOML cannot write
CLASS_RIGHTS = ["ref", "call", "new", "build"]

def run(*arguments, stdin=b"", cwd=None):
    code, out, err = cli_support.run([CLI, "verify", *arguments], stdin, cwd=cwd)
    return code, out.decode(), err.decode()


def corpus_policy():
    """The corpus' POLICY as TOML."""
    rows = []
    with open(f"{CORPUS}/POLICY", encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            module, name, rights, *shape = line.split()
            if name == "wild*":
                continue  # a star that is no wildcard cannot be written in TOML
            may = [right for word in rights.split(",") for right in (CLASS_RIGHTS if word == "class" else [word])]
            args = f', args = "{shape[0]}"' if shape else ""
            args += f', only = {json.dumps(shape[1].split(","))}' if shape[1:] else ""
            rows.append(f'    {{ name = "{module}:{name}", may = {json.dumps(may)}{args} }},\n')
    return "[policy.corpus]\nallow = [\n" + "".join(rows) + "]\n"


def expected():
    for table in ("EXPECTED", "FOUND", "REACHED"):
        with open(f"{CORPUS}/{table}", encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#") and line.strip():
                    name, verdict, rule, concerned = line.rstrip("\n").split(" ", 3)
                    yield name, verdict, rule, concerned


def check_corpus(policy):
    rows = [row for row in expected() if row[0] != NAMES_A_STAR]
    code, out, err = run("--json", "--policy", policy, *(f"{CORPUS}/{row[0]}" for row in rows))
    verdicts = [json.loads(line) for line in out.splitlines()]
    check("the corpus has one object a line for each file", len(verdicts) == len(rows) > 100, f"{len(verdicts)} {err}")
    check("a corpus with refusals exits with 1", code == 1, f"{code} {err}")
    for (name, verdict, rule, concerned), got in zip(rows, verdicts):
        accepted = verdict == "accept"
        ok = list(got) == KEYS and got["file"] == f"{CORPUS}/{name}"
        ok = ok and got["verdict"] == ("accept" if accepted else "refuse")
        ok = ok and got["class"] == (None if accepted else verdict)
        ok = ok and (accepted or got["rule"] == rule)
        # A name that cannot be written in a column is quoted there and not compared.
        ok = ok and (concerned.startswith("'") or accepted or (got["global"] or "-") == concerned)
        check(f"{name} is {verdict} {rule} {concerned}", ok, json.dumps(got))


def check_golden(folder):
    """Name, bytes, what is printed behind the name."""
    rows = [
        ("call", b"cos\nsystem\n(Vid\ntR.", ":0: refused: GLOBAL: the policy does not list the global: os.system"),
        ("stack", b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
         ":14: refused: STACK_GLOBAL: the policy does not list the global: os.system"),
        ("empty", b"", ":0: refused: the bytes end where an opcode should stand"),
        ("cut", b"\x80\x04\x8c\x05ab", ":2: refused: SHORT_BINUNICODE: the bytes end inside an argument"),
        ("unknown", b"\x80\x04\xff.", ":2: refused: no opcode has this byte"),
        ("trailing", b"N.N.", ":1: refused: STOP: bytes follow the end of the pickle"),
        ("underflow", b".", ":0: refused: STOP: the stack holds too little for the opcode"),
        ("persistent", b"Pid\n.", ":0: refused: PERSID: the object comes from the reader's persistent_load"),
        ("memo", b"h\x05.", ":0: refused: BINGET: the memo holds nothing at the index"),
        ("computed", b"\x80\x04NN\x93.", ":4: refused: STACK_GLOBAL: a global's name is not a plain string of this stream"),
        ("right", b"cbuiltins\nint\n)R.", ":15: refused: REDUCE: "),
        ("protocol", b"\x80\x06N.", ":0: refused: PROTO: the protocol is above 5"),
        ("line\n\x1b[2J\u202e", b"(", ":1: refused: the bytes end where an opcode should stand"),
    ]
    shown = {"line\n\x1b[2J\u202e": "line\\x0a\\x1b[2J\\xe2\\x80\\xae"}
    for name, raw, text in rows:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(raw)
        code, out, err = run(name, cwd=folder)
        line = shown.get(name, name) + text
        check(f"{name!a} is refused in words", code == 1 and out.startswith(line) and
              out.endswith("\n1 pickle: 0 accepted, 1 refused\n") and not err, repr((code, out, err, line)))


def check_framings(folder):
    """Name, bytes, arguments, exit code, framing and class in JSON, what is printed behind the name."""
    honest, hostile = pickle.dumps({"a": [1, 2]}, 4), b"cos\nsystem\n(Vid\ntR."
    message = json.dumps({"body": base64.b64encode(zlib.compress(honest)).decode(), "content-type": "application/json"}).encode()
    attack = message.replace(base64.b64encode(zlib.compress(honest)), base64.b64encode(hostile))
    listed = "GLOBAL: the policy does not list the global: os.system"
    rows = [
        ("zlib", zlib.compress(honest), [], 0, "zlib > pickle", None, ": accepted: dict, protocol 4, globals 0, zlib > pickle"),
        ("gzip", gzip.compress(honest), [], 0, "gzip > pickle", None, ": accepted: dict"),
        ("bz2", bz2.compress(honest), [], 0, "bz2 > pickle", None, ": accepted: dict"),
        ("xz", lzma.compress(honest), [], 0, "xz > pickle", None, ": accepted: dict"),
        ("bang", b"!" + honest, [], 0, "bang > pickle", None, ": accepted: dict"),
        ("dogpile", b"{}|" + honest, [], 0, "dogpile > pickle", None, ": accepted: dict"),
        ("kombu", message, [], 0, "kombu > base64 > zlib > pickle", None, ": accepted: dict"),
        ("joblib", zlib.compress(honest), ["--joblib"], 0, "zlib > joblib", None, ": accepted: dict"),
        ("hostile in zlib", zlib.compress(hostile), [], 1, "zlib > pickle", "forbidden", ":0: refused: zlib > pickle: " + listed),
        ("hostile in kombu", attack, [], 1, "kombu > base64 > pickle", "forbidden", ":0: refused: kombu > base64 > pickle: " + listed),
        ("hostile behind '!'", b"!" + hostile, [], 1, "bang > pickle", "forbidden", ":1: refused: bang > pickle: " + listed),
        ("hostile beside", b"{}|!" + hostile + zlib.compress(honest), [], 1, "dogpile > bang > pickle", "forbidden", ":4: refused: dogpile > bang"),
        ("cut", zlib.compress(hostile * 9)[:-6], [], 1, "zlib > pickle", "forbidden", ":0: refused: zlib > pickle: " + listed),
        ("text", b"<html>", [], 1, "pickle", "malformed", ":0: refused: no opcode has this byte"),
        ("no pickle in zlib", zlib.compress(b"<html>"), [], 1, "pickle", "malformed", ":0: refused: no opcode has this byte"),
        ("bomb", zlib.compress(zlib.compress(bytes(1 << 20) * 1100, 1), 9), [], 1, None, "limit", ": refused: zlib: unpacks to more than"),
    ]
    for name, raw, arguments, code, framing, kind, text in rows:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(raw)
        got_code, out, err = run("--json", *arguments, name, cwd=folder)
        got = json.loads(out)
        ok = got_code == code and (got["framing"], got["class"]) == (framing, kind) and list(got) == KEYS and not err
        check(f"{name} in JSON", ok, repr((got_code, out, err)))
        got_code, out, err = run("-v", *arguments, name, cwd=folder)
        check(f"{name} in words", got_code == code and out.startswith(name + text), repr((got_code, out, err)))


def npy(header, data):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def with_zip64(archive, other=None):
    """The archive with a 64-bit end of directory before the 32-bit one, as torch.save writes it: the same, or of another directory."""
    end = archive.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<H2L", archive, end + 10)
    body, record = archive[:end], end
    said = (count, size, offset)
    if other:
        said = (1, len(other), end)
        body, record = body + other, end + len(other)
    body += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, said[0], *said)
    body += struct.pack("<4sLQL", b"PK\6\7", 0, record, 1)
    return body + archive[end:]


def check_archives(folder):
    """Arrays and archives in which numpy, zipfile or torch find more than the first look does."""
    evil = b"cos\nsystem\n(Vid\ntR."
    order = "'fortran_order': False, 'shape': (), }"
    number = npy("{'descr': '<f8', " + order, b"01234567")
    hidden = npy("{'descr': '|O', " + order, evil)
    entry = zipped(("e.npy", hidden))
    rows = [
        # name, bytes, exit code, in stdout
        ("number.npy", number, 0, "1 accepted, 0 refused"),
        ("numbers.npy", number + number, 0, "2 accepted, 0 refused"),
        ("record.npy", npy("{'descr': [('a', '<i4'), ('b', '<i2', (2,))], " + order, b"01234567"), 0, "1 accepted"),
        ("then-honest.npy", number + pickle.dumps([1]), 0, "2 accepted, 0 refused"),
        ("objects.npy", hidden, 1, "os.system"),
        ("escaped.npy", npy(r"{'descr': '|\x4f', " + order, evil), 1, "1 refused"),
        ("adjoining.npy", npy(r"{'descr': '|' '\117', " + order, evil), 1, "1 refused"),
        ("twice.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), 'descr': '|O', }", evil), 1, "1 refused"),
        ("key.npy", npy(r"{'descr': '<f8', 'fortran_order': False, 'shape': (), 'd\x65scr': '|O', }", evil), 1, "1 refused"),
        ("then-array.npy", number + hidden, 1, "os.system"),
        ("then-pickle.npy", number + evil, 1, "os.system"),
        ("then-junk.npy", number + b"\xff\xff", 1, "1 refused"),
        ("short.npy", number[:-1], 1, "1 refused"),
        ("behind.npz", zipped(("a.npy", number + hidden)), 1, "os.system"),
        ("slash.npz", zipped(("a/", hidden)), 1, "os.system"),
        ("folder.npz", zipped(("a/", b""), ("a/b.npy", number)), 0, "1 accepted, 0 refused"),
        ("honest.pt", with_zip64(zipped(("a/data.pkl", pickle.dumps([1])))), 0, "1 accepted, 0 refused"),
        ("hostile.pt", with_zip64(zipped(("a/data.pkl", evil))), 1, "os.system"),
        ("other.npz", with_zip64(zipped(("version", b"3\n")), entry[entry.index(b"PK\1\2"):entry.rindex(b"PK\5\6")]), 1, "1 refused"),
    ]
    for name, raw, code, out in rows:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(raw)
        got = run(name, cwd=folder)
        check(f"verify {name} exits with {code}", got[0] == code and out in got[1] and not got[2], repr(got))


def check_options(folder):
    honest = pickle.dumps({"a": [1, 2]}, 4)
    os.makedirs(os.path.join(folder, "tree/below/deeper"))
    for name, raw in (("tree/b", honest), ("tree/below/deeper/c", honest), ("tree/below/a", b"cos\nsystem\n.")):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(raw)
    os.symlink("b", os.path.join(folder, "tree/link"))
    files = {
        "one.toml": '[policy.mine]\nextends = ["stdlib"]\nallow = ["os.system"]\n',
        "two.toml": '[policy.a]\nallow = ["os.system"]\n[policy.b]\n[server]\nport = 7\n',
        "none.toml": "[server]\nport = 7\n", "broken.toml": "[policy.a\n", "wild.toml": '[policy.a]\nallow = ["os.*"]\n',
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.makedirs(os.path.join(folder, "links"))
    os.makedirs(os.path.join(folder, "nothing"))
    os.makedirs(os.path.join(folder, "pipes/in"))
    os.symlink("../tree/b", os.path.join(folder, "links/b"))
    os.symlink("nowhere", os.path.join(folder, "links/dangling"))
    os.mkfifo(os.path.join(folder, "pipes/in/fifo"))
    rows = [
        # arguments, standard input, exit code, in stdout, in stderr
        (["-"], b"cos\nsystem\n(S'true'\ntR.", 1, "os.system, which is known to be dangerous (reaches the operating system)\n", ""),
        (["-"], b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", 1, "builtins.eval, which is known to be dangerous (", ""),
        (["-"], b"\x80\x04N.csubprocess\nPopen\n.", 1, "STOP: bytes follow the end of the pickle; it names subprocess.Popen, which is known to be dangerous (", ""),
        (["-"], b"cshop\nCart\n.", 1, "does not list the global: shop.Cart\n", ""),
        (["links"], b"", 2, "0 files, 2 links not followed\n", "brine-cli: nothing was verified"),
        (["links", "--json"], b"", 2, "", "brine-cli: nothing was verified"),
        (["pipes"], b"", 2, "0 files, 1 no plain file skipped\n", "brine-cli: nothing was verified"),
        (["nothing"], b"", 0, "0 files\n", ""),
        (["links", "tree/b"], b"", 0, "1 pickle: 1 accepted, 0 refused, 2 links not followed\n", ""),
        (["links", "nosuch"], b"", 2, "0 pickles: 0 accepted, 0 refused, 2 links not followed, 1 not read\n", "nosuch"),
        (["-"], honest, 0, "1 pickle: 1 accepted, 0 refused\n", ""),
        (["-v", "-"], honest, 0, "-: accepted: dict, protocol 4, globals 0\n", ""),
        (["tree/b", "tree/below/deeper"], b"", 0, "2 pickles: 2 accepted, 0 refused\n", ""),
        (["tree"], b"", 1, "tree/below/a:0: refused: GLOBAL", ""),
        (["tree"], b"", 1, "3 pickles: 2 accepted, 1 refused, 1 link not followed\n", ""),
        (["tree/link"], b"", 0, "1 accepted", ""),
        (["tree", "--policy", "one.toml"], b"", 0, "3 accepted", ""),
        (["tree", "--policy", "two.toml:a"], b"", 0, "3 accepted", ""),
        (["tree", "--policy=two.toml:b,a"], b"", 0, "3 accepted", ""),
        (["tree", "--policy", "two.toml:b"], b"", 1, "2 accepted, 1 refused", ""),
        (["tree", "--policy", "wild.toml"], b"", 1, "2 accepted, 1 refused", "warning: wild.toml:2:10: 'os.*' admits"),
        (["tree", "--policy", "data,stdlib,numpy"], b"", 1, "2 accepted, 1 refused", ""),
        (["tree", "--policy", "two.toml"], b"", 2, "", "holds 2 policies; say which: --policy two.toml:NAME"),
        (["tree", "--policy", "none.toml"], b"", 2, "", "none.toml: holds no [policy.NAME] table"),
        (["tree", "--policy", "broken.toml"], b"", 2, "", "brine-cli: broken.toml:1:"),
        (["tree", "--policy", "two.toml:c"], b"", 2, "", "there is no policy 'c'"),
        (["tree", "--policy", "stdlob"], b"", 2, "", "there is no policy 'stdlob'; presets are data, stdlib, numpy"),
        (["tree", "--policy", "missing.toml"], b"", 2, "", "missing.toml: No such file or directory"),
        (["tree/b", "nosuch"], b"", 2, "1 accepted, 0 refused, 1 not read\n", "brine-cli: nosuch: No such file"),
        (["tree", "nosuch"], b"", 1, "2 accepted, 1 refused, 1 link not followed, 1 not read\n", "nosuch"),
        (["nosuch\x1b"], b"", 2, "", "brine-cli: nosuch\\x1b: No such file"),
        ([], b"", 2, "", "verify needs PATH"),
        (["--nonsense"], b"", 2, "", "brine-cli verify --help"),
        (["--help"], b"", 0, "usage: brine-cli verify PATH", ""),
    ]
    for arguments, stdin, code, out, err in rows:
        got = run(*arguments, stdin=stdin, cwd=folder)
        check(f"verify {' '.join(arguments)!a} exits with {code}", got[0] == code and out in got[1] and err in got[2]
              and bool(err) == bool(got[2]), repr(got))


def check_json(folder):
    import datetime
    value = [datetime.date(2026, 1, 2), {datetime.date(2026, 1, 3)}]
    code, out, _ = run("--json", "-", stdin=pickle.dumps(value[0], 4))
    check("an accept has nulls where a refusal would be", code == 0 and json.loads(out) == {
        "file": "-", "verdict": "accept", "class": None, "offset": None, "opcode": None, "global": None, "danger": None, "rule": None,
        "message": None, "protocol": 4, "type": "datetime.date",
        "globals": [{"name": "datetime.date", "use": ["call"]}], "framing": "pickle"}, out)
    code, out, _ = run("--json", "-", stdin=pickle.dumps(value, 4))
    check("uses are the policy's words", code == 0 and json.loads(out)["globals"] ==
          [{"name": "datetime.date", "use": ["call", "hash"]}] and json.loads(out)["type"] == "list", out)
    code, out, _ = run("--json", "-", stdin=b"cos\nsystem\n.")
    check("a refusal says all", code == 1 and json.loads(out) == {
        "file": "-", "verdict": "refuse", "class": "forbidden", "offset": 0, "opcode": "GLOBAL", "global": "os.system",
        "danger": "os.system reaches the operating system", "rule": "global", "message": "offset 0: GLOBAL: the policy does not list the global: os.system", "protocol": 0,
        "type": None, "globals": [], "framing": "pickle"}, out)
    name = os.path.join(folder, b"\xff\n".decode("utf-8", "surrogateescape"))
    with open(name, "wb") as file:
        file.write(b"c\x01\"\\\n\x7f\n.")
    code, out, _ = run("--json", name)
    check("any name gives one line of JSON", code == 1 and out.count("\n") == 1 and json.loads(out)["global"] == "\x01\"\\.\x7f" and
          json.loads(out)["file"].endswith("\ufffd\n"), out)


def check_presets():
    """The values of data and stdlib, which need no library; `make test-presets` does the others."""
    run_all = subprocess.run([sys.executable, "-W", "ignore", "tests/tools/preset_values.py", "--check", CLI, "--only", "data,stdlib"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    check("honest values pass under data and stdlib", run_all.returncode == 0 and " passed, 0 failed" in run_all.stdout, run_all.stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        policy = os.path.join(folder, "corpus.toml")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(corpus_policy())
        check_corpus(policy)
        check_golden(folder)
        check_framings(folder)
        check_archives(folder)
        check_options(folder)
        check_json(folder)
    check_presets()
    finish()


main()
