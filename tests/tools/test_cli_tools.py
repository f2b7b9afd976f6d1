#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Each tool of brine-cli against what stands in tests/golden/cli: output, errors and exit code.

Numbers that differ from run to run (times, rates, ports) are written as N there.  The interactive
mode is driven in a terminal of tmux: prompt, completion, hints, history, readable pickles.

    test_cli_tools.py [--write]     --write makes the golden files anew; look at the difference
"""
import datetime
import decimal
import gzip
import io
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
import zipfile

import cli_support
import serving
from cli_support import CLI, SERVER, check, check_sarif, environment, finish
from terminal import SHELLS, Terminal, check_completion, format_manual

GOLDEN = os.path.abspath("tests/golden/cli")
TOOLS = [""] + re.findall("^  ([a-z]+(?: [a-z]+)?) {2,}", cli_support.run([CLI, "--help"])[1].decode().split("\nTools")[1].split("\nOptions")[0], re.M)
EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
BRINE, REDIS, NOWHERE = "brine", "redis", None
CART = b"\x80\x04\x8c\x04shop\x8c\x04Cart\x93)\x81."
# name, words, standard input, the server whose place is given as options
ROWS = [
    ("get", "get session", b"", BRINE),
    ("get_raw", "get session --raw", b"", BRINE),
    ("get_view", "get session --view", b"", BRINE),
    ("get_json_view", "get session --json-view", b"", BRINE),
    ("get_json", "get session --json", b"", BRINE),
    ("get_json_text", "get greeting --json", b"", BRINE),
    ("get_missing", "get nosuch", b"", BRINE),
    ("get_view_of_text", "get greeting --view", b"", BRINE),
    ("get_out", "get greeting --out out.bin", b"", BRINE),
    ("set", "set a b", b"", BRINE),
    ("set_forwarded", "set a c EX 100 GET", b"", BRINE),
    ("set_file", "set from-file --file good.pkl --ttl 5m", b"", BRINE),
    ("set_stdin", "set from-stdin --file -", b"text", BRINE),
    ("set_dash", "set from-dash -", b"text", BRINE),
    ("set_dash_get", "get from-dash --raw", b"", BRINE),
    ("set_refused", "set bad --file evil.pkl", b"", BRINE),
    ("set_refused_json", "set bad --file evil.pkl --json", b"", BRINE),
    ("set_json", "set a d --json", b"", BRINE),
    ("set_wrong_ttl", "set a b --ttl soon", b"", BRINE),
    ("inspect", "inspect session", b"", BRINE),
    ("inspect_json", "inspect session --json", b"", BRINE),
    ("inspect_missing", "inspect nosuch", b"", BRINE),
    ("inspect_missing_json", "inspect nosuch --json", b"", BRINE),
    ("inspect_missing_json_here", "inspect nosuch --json", b"", REDIS),
    ("ping_no_url", "ping -u bogus --wait 5m --alive", b"", NOWHERE),
    ("view", "view session", b"", BRINE),
    ("view_json", "view session --json", b"", BRINE),
    ("view_framed", "view framed", b"", BRINE),
    ("dis", "dis session", b"", BRINE),
    ("dis_json", "dis small --json", b"", BRINE),
    ("dis_broken", "dis planted-cut -n 2", b"", REDIS),
    ("dis_broken_json", "dis planted-cut -n 2 --json", b"", REDIS),
    ("dis_text", "dis text -n 5", b"", REDIS),
    ("ping", "ping", b"", BRINE),
    ("ping_json", "ping --json", b"", BRINE),
    ("verify", "verify good.pkl evil.pkl data.npz nosuch", b"", NOWHERE),
    ("verify_explain", "verify evil.pkl --explain", b"", NOWHERE),
    ("verify_json", "verify evil.pkl plain.npy --json --explain", b"", NOWHERE),
    ("verify_verbose", "verify good.pkl good.pkl.gz data.npz plain.npy -v", b"", NOWHERE),
    ("verify_stdin", "verify -v -", EVIL[:-1], NOWHERE),
    ("policy_check", "policy check shop.toml", b"", NOWHERE),
    ("policy_check_dangerous", "policy check dangerous.toml", b"", NOWHERE),
    ("policy_check_dangerous_json", "policy check dangerous.toml --json", b"", NOWHERE),
    ("policy_check_none", "policy check server.toml", b"", NOWHERE),
    ("policy_check_broken", "policy check broken.toml", b"", NOWHERE),
    ("policy_check_json", "policy check shop.toml --json", b"", NOWHERE),
    ("policy_diff", "policy diff stdlib shop.toml", b"", NOWHERE),
    ("policy_diff_rows", "policy diff stdlib shop.toml:shop", b"", NOWHERE),
    ("policy_diff_json", "policy diff data shop.toml:narrow --json", b"", NOWHERE),
    ("policy_diff_same", "policy diff stdlib stdlib", b"", NOWHERE),
    ("policy_learned", "policy learned", b"", BRINE),
    ("policy_learned_json", "policy learned --json", b"", BRINE),
    ("scan", "scan --match [gs]*", b"", BRINE),
    ("scan_text", "scan", b"", REDIS),
    ("scan_json", "scan --json", b"", REDIS),
    ("scan_sarif", "scan --format sarif", b"", REDIS),
    ("scan_no_server", "scan redis://127.0.0.1:1/0", b"", NOWHERE),
    ("stat", "stat --count 2 --interval 10ms", b"", BRINE),
    ("stat_json", "stat --count 1 --json", b"", BRINE),
    ("latency", "latency --time 50ms", b"", BRINE),
    ("latency_json", "latency --time 50ms --json", b"", BRINE),
    ("bench", "bench --time 200ms --rate 200 --keys 20 -c 2", b"", BRINE),
    ("bench_json", "bench --time 200ms --rate 200 --keys 20 -c 2 --json", b"", BRINE),
    ("audit_tail", "audit tail --count 1", b"", BRINE),
    ("audit_tail_json", "audit tail --count 1 --json", b"", BRINE),
    ("snapshot_check", "snapshot check saved.snap", b"", NOWHERE),
    ("snapshot_check_json", "snapshot check saved.snap --json", b"", NOWHERE),
    ("snapshot_check_damaged", "snapshot check damaged.snap", b"", NOWHERE),
    ("snapshot_check_none", "snapshot check good.pkl", b"", NOWHERE),
    ("snapshot_list", "snapshot list saved.snap --db 5", b"", NOWHERE),
    ("snapshot_list_json", "snapshot list saved.snap --db 5 --json", b"", NOWHERE),
    ("snapshot_cat", "snapshot cat saved.snap kept --db 5", b"", NOWHERE),
    ("snapshot_cat_view", "snapshot cat saved.snap kept --db 5 --view", b"", NOWHERE),
    ("snapshot_cat_json", "snapshot cat saved.snap kept --db 5 --json", b"", NOWHERE),
    ("snapshot_cat_missing", "snapshot cat saved.snap nosuch", b"", NOWHERE),
    ("completion", "completion tcsh", b"", NOWHERE),
    ("completion_bash", "completion bash", b"", NOWHERE),
    ("completion_zsh", "completion zsh", b"", NOWHERE),
    ("completion_fish", "completion fish", b"", NOWHERE),
    ("completion_json", "completion bash --json", b"", NOWHERE),
    ("man", "man", b"", NOWHERE),
    ("man_json", "man --json", b"", NOWHERE),
    ("group", "policy", b"", NOWHERE),
    ("group_help", "snapshot --help", b"", NOWHERE),
    ("group_unknown", "audit tial", b"", NOWHERE),
    ("usage_no_word", "view", b"", BRINE),
    ("usage_many", "view a b", b"", BRINE),
    ("json_reply", "--json CONFIG GET server.por*", b"", BRINE),
    ("tool_behind_options", "-n 0 stat --count 1 --json", b"", BRINE),
    ("tool_behind_options_scan", "-n 5 scan", b"", BRINE),
    ("tool_behind_options_dash", "-n 0 set behind -", b"text from a pipe", BRINE),
    ("tool_behind_options_raw", "-n 0 get behind --raw", b"", BRINE),
    ("tool_behind_options_view", "-n 5 get kept --view", b"", BRINE),
    ("tool_behind_options_file", "-n 0 set behind --file good.pkl --ttl=5m", b"", BRINE),
    ("tool_behind_options_letter", "-n 0 set behind -f good.pkl", b"", BRINE),
    ("tool_behind_options_url", "-n 0 scan redis://127.0.0.1:1/0", b"", NOWHERE),
    ("tool_behind_options_ping", "-n 0 ping --json", b"", BRINE),
    ("command_behind_options_set", "-n 0 set behind --nosuch EX 100", b"", BRINE),
    ("command_behind_options_value", "-n 0 set behind --ttl", b"", BRINE),
    ("command_behind_options_get", "-n 0 get behind", b"", BRINE),
    ("command_behind_options_capitals", "-n 0 SET behind -", b"text", BRINE),
    ("command_behind_options_dash", "-n 0 get behind", b"", BRINE),
    ("command_behind_options_ping", "-n 0 ping -", b"", BRINE),
    ("command_behind_options", "-n 5 scan 0 match te*", b"", BRINE),
    ("last_argument", "-x SET x", b"from a pipe", BRINE),
    ("pipe", "--pipe", b"*3\r\n$3\r\nSET\r\n$1\r\np\r\n$1\r\nq\r\nGET p\nNOSUCH\n", BRINE),
    ("repeat", "-r 3 PING", b"", BRINE),
    ("resp3", "-3 --no-raw CONFIG GET nosuch*", b"", BRINE),
]

def npy(descr, data, shape):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def write_files(folder):
    values = {"good.pkl": pickle.dumps({"a": [1, 2.5, None]}, 4), "evil.pkl": EVIL,
              "plain.npy": npy("<f8", b"\0" * 24, (3,)), "broken.toml": b"[policy.x]\nallow = [1]\n",
              "server.toml": b"[server]\nport = 7\n",
              "dangerous.toml": b'[policy.x]\nallow = ["posix.system", "builtins.eval", "subprocess.Popen", "shop.Cart"]\n',
              "shop.toml": b'[policy.narrow]\nallow = ["shop.Cart"]\n[policy.shop]\nextends = ["stdlib", "narrow"]\nallow = ["wild.*"]\n'}
    values["good.pkl.gz"] = gzip.compress(values["good.pkl"], mtime=0)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("plain.npy", values["plain.npy"])
        members.writestr("objects.npy", npy("|O", EVIL, (1,)))
        members.writestr("data.pkl", values["good.pkl"])
        members.writestr("version", b"3\n")
    values["data.npz"] = archive.getvalue()
    for name, content in values.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


def run(words, stdin, folder):
    return cli_support.run([CLI] + words, stdin, cwd=folder, HOME=folder, LC_ALL="C.UTF-8")


def tool_of(words):
    """The tool that the words of a row run: behind options of a connection, too."""
    starts = range(len(words)) if words[0].startswith("-n") else (0,)
    return next((tool for at in starts for tool in TOOLS[1:] if words[at:at + tool.count(" ") + 1] == tool.split()), "")


def with_place(words, port):
    """The options of a connection stand before a command and behind a tool."""
    place = ["-p", str(port)] if port else []
    return words + place if words[0].islower() and words[0][0] != "-" else place + words


def is_json(out):
    """One value, or one a line."""
    try:
        return [json.loads(line) for line in out.splitlines()] != []
    except ValueError:
        return False


def normal(name, text):
    """What is of the moment becomes N."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:N", text)
    text = re.sub(r'"(time_ms|client_id|taken_at_ms|ttl_ms|us|ping_us)":\d+', r'"\1":N', text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r'"digest":"[0-9a-f]+"', '"digest":"N"', text)
    if name in ("man_json", "completion_json"):  # the same text once more, see check_pages
        text = re.sub(r'":"[^\n]{60}\K.*' if False else r'("(?:page|script)":".{60})[^\n]*', r"\1...", text)
    if name in ("scan_json", "scan_sarif", "scan_text"):
        text = re.sub(r'"seconds":[\d.e-]+', '"seconds":N', text)
        return re.sub(r"[\d.]+ MB in [\d.]+ s \(\d+ keys/s\)", "N MB in N s (N keys/s)", text)
    if name.startswith(("stat", "tool_behind", "latency", "bench", "scan")):
        text = re.sub(r"(?<![A-Za-z_])\d+(\.\d+)?(e-?\d+)?", "N", text)
        text = re.sub(r" +", " ", text)
    if name.startswith("json_reply"):
        text = re.sub(r"\d+", "N", text)
    if name.startswith("snapshot_list"):
        text = re.sub(r"\t[\d.]+s\t", "\tNs\t", text)
        text = "".join(sorted(text.splitlines(True)))  # in the order of a table that is another in each run
    if name.startswith("snapshot_check"):
        text = re.sub(r"\d+ (records|bytes of values|blocks)|(records|value_bytes|blocks|records_lost)\":\d+|bytes \d+ to \d+", "N", text)
        text = text.replace("of a block's head", "of a block")
    return text


def compare(name, outcome, write):
    code, out, err = outcome
    said = [normal(name, part.decode("utf-8", "backslashreplace")) for part in (out, err)]
    text = f"exit code {code}\n---- output\n{said[0]}\n---- errors\n{said[1]}"
    path = os.path.join(GOLDEN, name + ".txt")
    if write:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return
    expected = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8", newline="") as file:
            expected = file.read()
    check(f"{name} says what {os.path.relpath(path)} has", text == expected, f"\n{text}\n---- instead of\n{expected}")


class Server:
    """A brine-server in a folder of its own, ready."""
    def __init__(self, folder, *options):
        self.port = serving.free_port()
        self.log = open(os.path.join(folder, "server.log"), "wb")
        self.process = subprocess.Popen([SERVER, f"--server.port={self.port}", *options], stdout=self.log,
                                        stderr=self.log, cwd=folder, env=environment())
        code, _, err = run(["ping", "--wait", "30s", "-p", str(self.port)], b"", folder)
        if code:
            sys.exit(f"brine-server did not start: {err.decode()}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def fill(port, folder):
    session = pickle.dumps({"user": 7, "since": datetime.date(2026, 11, 23), "total": decimal.Decimal("9.50")}, 4)
    for key, value in (("session", session), ("greeting", b"hello\nworld"), ("framed", b"!" + session), ("small", pickle.dumps(1, 2))):
        check(f"{key} is stored", run(["-p", str(port), "-x", "SET", key], value, folder)[0] == 0)
    run(["-p", str(port), "-n", "5", "-x", "SET", "kept"], session, folder)
    run(["-p", str(port), "-n", "5", "SET", "text", "plain", "EX", "90000"], b"", folder)


def poison(port, folder):
    """Each kind of finding, and a clean pickle: a database each, for keys of one come in no order."""
    values = (("planted", EVIL), ("cart:1", CART), ("planted-cut", EVIL[:-1]), ("cart:2-cut", CART[:-1]),
              ("session:7", pickle.dumps(datetime.date(2026, 11, 23), 4)), ("text", b"plain"))
    for db, (key, value) in enumerate(values):
        check(f"{key} is planted", run(["-p", str(port), "-n", str(db), "-x", "SET", key], value, folder)[0] == 0)


def save_snapshot(port, folder):
    """The file that SAVE writes, whatever its name, and one of which a byte is another."""
    before = set(os.listdir(folder))
    code, out, err = run(["-p", str(port), "SAVE"], b"", folder)
    written = [name for name in set(os.listdir(folder)) - before if os.path.isfile(os.path.join(folder, name))]
    check("SAVE writes a file", code == 0 and len(written) == 1, f"{out} {err} {written}")
    if len(written) == 1:
        os.rename(os.path.join(folder, written[0]), os.path.join(folder, "saved.snap"))
        with open(os.path.join(folder, "saved.snap"), "rb") as file:
            content = bytearray(file.read())
        content[200] ^= 1
        with open(os.path.join(folder, "damaged.snap"), "wb") as file:
            file.write(content)


# ---- the interactive mode ---------------------------------------------------------------------------

def secret_lines():
    """Commands with a password in each spelling, and every option that is one; the wrong ones change nothing."""
    with open("server/config/options.def", encoding="utf-8") as file:
        rows = re.findall(r'^OPTION\((\w+), (\w+), +SECRET, .*?(?:RUNTIME|STARTUP), +"([^"]*)"', file.read(), re.M)
    names = {name for section, key, alias in rows for name in (f"{section}.{key}", alias) if name}
    check("there are options that are secrets", {"auth.password", "requirepass", "tls-key-file-pass", "http.password"} <= names, names)
    lines = [f"config set nosuch 1 {name} hunter2" for name in sorted(names)]
    return lines + ["AUTH  hunter2", "\"au\\x74h\" default hunter2", "config  set nosuch 1 masterauth hunter2", "CONFIG SET nosuch '' \"requirepass\" hunter2",
                    "hello 3 setname a auth default hunter2 nosuch", "acl  setuser x nosuch >hunter2", "ACL SETUSER x nosuch >hunter2",
                    "migrate 127.0.0.1 1 k 0 1 AUTH2 u hunter2", "config set requirepass \"hunter2"]


def check_interactive(port, folder):
    history = os.path.join(folder, "history")
    terminal = Terminal(folder, f"trap : INT; env BRINECLI_HISTORY={history} {CLI} -p {port}; echo code $?; cat")
    steps = [
        ("the prompt names the server", (), rf"127\.0\.0\.1:{port}>"),
        ("Tab completes a command", ("getran", "Tab"), r"> getrange "),
        ("its arguments stand at the right", (), r"> getrange +key start end"),
        ("the line is run", ("greeting 0 4", "Enter"), r'"hello"'),
        ("Tab lists what there is", ("config ", "Tab"), r"get .*resetstat|resetstat .*set"),
        ("a line can be dropped", ("C-u", "get session", "Enter"), r"\{'user': 7, 'since': datetime\.date\(2026, 11, 23\)"),
        ("pickles are bytes on demand", (":raw", "Enter", "get session", "Enter"), r'"\\x80\\x04\\x95'),
        ("and readable again", (":readable", "Enter", "get framed", "Enter"), r"bang > pickle: \{'user': 7"),
        ("a refusal is shown", ("set x \"cos\\nsystem\\n.\"", "Enter"), r"\(error\) PICKLEDENIED"),
        ("help tells of a command", ("help setex", "Enter"), r"summary: "),
        ("history comes back", ("C-l", "Up", "Up", "Up", "Enter"), r"get framed .*\nbang"),
        ("secrets are typed", ("auth secretword", "Enter"), r"\(error\) "),
        ("the prompt names another database", ("select 3", "Enter"), rf"127\.0\.0\.1:{port}\[3\]>\s*$"),
        ("a SELECT inside a transaction counts", ("multi", "Enter", "select 5", "Enter", "exec", "Enter"), rf"1\) OK\n127\.0\.0\.1:{port}\[5\]>\s*$"),
        ("and not when it is given up", ("multi", "Enter", "select 6", "Enter", "discard", "Enter"), rf"discard\nOK\n127\.0\.0\.1:{port}\[5\]>\s*$"),
        ("the prompt follows back", ("select 3", "Enter"), rf"127\.0\.0\.1:{port}\[3\]>\s*$"),
        ("the prompt names a transaction", ("multi", "Enter"), rf":{port}\[3\]\(TX\)>\s*$"),
        ("until it ends", ("discard", "Enter"), rf"discard\nOK\n127\.0\.0\.1:{port}\[3\]>\s*$"),
        ("and database 0 is none", ("reset", "Enter"), rf"RESET\n127\.0\.0\.1:{port}>\s*$"),
        ("a line is kept before the end", ("echo remembered", "Enter"), r'"remembered"'),
        ("Ctrl-C ends it", ("C-c",), r"code \d+"),
    ]
    for line in secret_lines():
        steps.insert(-2, (f"a secret is typed: {line}", ("C-u", "C-l", line, "Enter"), r"(?s)hunter2.*\n[^\n]*>\s*$"))
    for what, keys, pattern in steps:
        for key in keys:
            terminal.keys(key) if key in ("Tab", "Enter", "Up", "C-u", "C-l", "C-c") else terminal.keys("-l", key)
        check(f"interactive: {what}", terminal.wait(pattern), "\n" + terminal.screen())
    terminal.close()
    with open(history, encoding="utf-8") as file:
        text = file.read()
    check("the history is kept, without passwords", "getrange" in text and "remembered" in text and "secretword" not in text and "hunter2" not in text, text)
    check("the history is its owner's alone", os.stat(history).st_mode & 0o77 == 0)


def check_history(port, folder):
    """Shells at the same time keep each other's lines, and the file does not grow for ever."""
    history = os.path.join(folder, "shared")
    shells = [Terminal(folder, f"env BRINECLI_HISTORY={history} {CLI} -p {port}; cat") for _ in range(2)]
    for shell in shells:
        check("a shell is ready", shell.wait(rf":{port}>\s*$"), shell.screen())
    for word, shell in (("first", 0), ("second", 1), ("third", 0), ("fourth", 1)):
        shells[shell].keys("-l", f"echo {word}")
        shells[shell].keys("Enter")
        check(f"{word} is said", shells[shell].wait(f'"{word}"'), shells[shell].screen())
    for shell in shells:
        shell.close()
    with open(history, encoding="utf-8") as file:
        lines = file.read().splitlines()
    check("the lines of both are kept in their order", lines == ["_HiStOrY_V2_"] + [f"echo\\040{word}\\012" for word in ("first", "second", "third", "fourth")], lines)
    with open(history, "w", encoding="utf-8") as file:
        file.write("_HiStOrY_V2_\n" + "".join(f"get\\040{i}\\012\n" for i in range(2001)))
    os.chmod(history, 0o644)
    shell = Terminal(folder, f"env BRINECLI_HISTORY={history} {CLI} -p {port}; cat")
    check("a shell with a long history is ready", shell.wait(rf":{port}>\s*$"), shell.screen())
    for word in ("newest", "x" * 5000):
        shell.keys("-l", f"echo {word}")
        shell.keys("Enter")
        check("a line is said", shell.wait(rf'{word[-1]}"\n.*:{port}>\s*$'), shell.screen())
    shell.close()
    with open(history, encoding="utf-8") as file:
        lines = file.read().splitlines()
    check("the newest lines are left of a long history", len(lines) == 1001 and lines[-2:] == ["get\\0402000\\012", "echo\\040newest\\012"], (len(lines), lines[-2:]))
    check("and it is its owner's alone", os.stat(history).st_mode & 0o77 == 0)


# ---- shells and the manual --------------------------------------------------------------------------

COMPLETIONS = [
    ("a tool that is the only one", "brine-cli verif", r"brine-cli verify "),
    ("the first word of two", "brine-cli snap", r"brine-cli snapshot "),
    ("the second word of two", "brine-cli snapshot ch", r"brine-cli snapshot check "),
    ("an option of a tool", "brine-cli scan --untou", r"brine-cli scan --untouched "),
    ("an option of a tool of two words", "brine-cli audit tail --sin", r"brine-cli audit tail --since[= ]"),
    ("an option of a connection", "brine-cli get --cacer", r"brine-cli get --cacert[= ]"),
    ("an option before any tool", "brine-cli --no-auth", r"brine-cli --no-auth-warning "),
    ("a word behind an option", "brine-cli scan --format sa", r"brine-cli scan --format sarif "),
    ("a word behind an option and =", "brine-cli scan --format=sa", r"brine-cli scan --format=sarif "),
    ("a preset", "brine-cli verify --policy pyd", r"brine-cli verify --policy pydantic "),
    ("a file with policies", "brine-cli verify --policy only-on", r"brine-cli verify --policy only-one\.pkl "),
    ("a word of a tool", "brine-cli completion fi", r"brine-cli completion fish "),
    ("a file", "brine-cli verify only-on", r"brine-cli verify only-one\.pkl "),
]


def check_colours(folder):
    """On a terminal alone, and where nobody asked for none."""
    terminal = Terminal(folder, f"cd {folder}; {CLI} verify evil.pkl good.pkl -v; env NO_COLOR=1 {CLI} verify evil.pkl; TERM=dumb {CLI} verify evil.pkl; echo ready; cat")
    check("verify's output is there", terminal.wait(r"ready"))
    lines = terminal.tmux("capture-pane", "-p", "-e").split("\n")
    painted = [line for line in lines if "\x1b[" in line and ("refused:" in line or "accepted:" in line or re.search("refused\x1b|accepted\x1b", line))]
    plain = [line for line in lines if ":14: refused: " in line]
    check("a refusal is painted on a terminal, an acceptance too", len(painted) == 2 and re.search("\x1b\\[1m\x1b\\[31mrefused|\x1b\\[1;31mrefused", painted[0]), lines)
    check("nothing is where NO_COLOR or a dumb terminal asks", len(plain) == 2, lines)
    terminal.close()


def check_shells(folder):
    open(os.path.join(folder, "only-one.pkl"), "wb").close()
    scripts = {shell: run(["completion", shell], b"", folder)[1] for shell, _, _ in SHELLS}
    check_completion(folder, CLI, scripts, COMPLETIONS)


def check_output_gone(port, folder):
    """A full disk is said; a reader that went away knows."""
    place = f"-p {port}"
    for words in ("man", "completion zsh", "--help", "verify good.pkl -v", f"get greeting {place}", f"{place} GET greeting", "policy diff data stdlib",
                  f"scan {place}", f"scan {place} --json", "snapshot list saved.snap", f"bench {place} --time 100ms --keys 4 -c 1"):
        reader, gone = os.pipe()
        os.close(reader)
        with open("/dev/full", "wb") as full, open(gone, "wb", buffering=0) as left:
            for name, output, said in (("full", full, b"No space left on device"), ("gone", left, b"")):
                code, err = cli_support.run_into(output, [CLI, *words.split()], cwd=folder)
                check(f"{words} exits with 2, its output {name}, and says {said!r}", code == 2 and (said in err if said else err == b""), (code, err))


def check_pages(folder):
    """In JSON stands the very text."""
    for words, name in ((["man"], "page"), (["completion", "bash"], "script"), (["completion", "zsh"], "script"), (["completion", "fish"], "script")):
        plain, told = run(words, b"", folder)[1].decode(), json.loads(run(words + ["--json"], b"", folder)[1])
        check(f"{words} is in JSON what it is without", told == {**({"shell": words[1]} if name == "script" else {}), name: plain})


def check_manual(folder):
    text = format_manual(folder, "brine-cli.1", run(["man"], b"", folder)[1])
    missing = [tool for tool in TOOLS if f"brine-cli {tool}".strip() not in text]
    check("each tool has its place in it", not missing, missing)


def main():
    write = "--write" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        os.makedirs(GOLDEN, exist_ok=True)
        server = Server(folder, "--audit.file=audit.log")
        redis = cli_support.Redis(folder)
        try:
            fill(server.port, folder)
            poison(redis.port, folder)
            save_snapshot(server.port, folder)
            covered = {True: set(), False: set()}
            for name, words, stdin, place in ROWS:
                words = words.split()
                outcome = run(with_place(words, {BRINE: server.port, REDIS: redis.port}.get(place)), stdin, folder)
                compare(name, outcome, write)
                if name.startswith("scan_sarif"):
                    check_sarif("of a small walk", json.loads(outcome[1]), successful=True)
                json_asked = any(word in ("--json", "--json-view", "sarif") for word in words)
                if json_asked:
                    check(f"{name} is JSON", is_json(outcome[1]), outcome)
                if outcome[1]:
                    covered[json_asked].add(tool_of(words))
            for json_asked, names in covered.items():
                check(f"each tool has a golden output, JSON: {json_asked}", not set(TOOLS) - names, set(TOOLS) - names)
            for tool in TOOLS:
                outcome = run(tool.split() + ["--help"], b"", folder)
                compare("help" + "_".join([""] + tool.split()), outcome, write)
                check(f"'{tool}' knows --json", b"\n      --json " in outcome[1], outcome[1])
            with open(os.path.join(folder, "out.bin"), "rb") as file:
                check("--out writes the bytes", file.read() == b"hello\nworld")
            check_interactive(server.port, folder)
            check_history(server.port, folder)
            check_colours(folder)
            check_shells(folder)
            check_output_gone(server.port, folder)
            check_pages(folder)
            check_manual(folder)
        finally:
            redis.stop()
            server.stop()
    extra = set(os.listdir(GOLDEN)) - {row[0] + ".txt" for row in ROWS} - {"help" + "_".join([""] + t.split()) + ".txt" for t in TOOLS}
    for name in extra if write else ():
        os.unlink(os.path.join(GOLDEN, name))
    check("no golden file is left over", write or not extra, extra)
    finish()


main()
