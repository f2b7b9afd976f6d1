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
import os
import pickle
import re
import subprocess
import sys
import tempfile
import zipfile

import cli_support
import serving
from cli_support import CLI, SERVER, check, environment, finish
from terminal import SHELLS, Terminal, check_completion, format_manual

GOLDEN = os.path.abspath("tests/golden/cli")
TOOLS = ["", "get", "set", "inspect", "view", "dis", "ping", "verify", "scan", "policy check", "policy diff", "policy learned",
         "audit tail", "stat", "latency", "bench", "snapshot check", "snapshot list", "snapshot cat", "completion", "man"]
EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
# name, words, standard input, with the options of the connection, what of the output is a number of the moment
ROWS = [
    ("get", "get session", b"", True),
    ("get_raw", "get session --raw", b"", True),
    ("get_view", "get session --view", b"", True),
    ("get_json_view", "get session --json-view", b"", True),
    ("get_json", "get session --json", b"", True),
    ("get_json_text", "get greeting --json", b"", True),
    ("get_missing", "get nosuch", b"", True),
    ("get_view_of_text", "get greeting --view", b"", True),
    ("get_out", "get greeting --out out.bin", b"", True),
    ("set", "set a b", b"", True),
    ("set_forwarded", "set a c EX 100 GET", b"", True),
    ("set_file", "set from-file --file good.pkl --ttl 5m", b"", True),
    ("set_stdin", "set from-stdin --file -", b"text", True),
    ("set_dash", "set from-dash -", b"text", True),
    ("set_dash_get", "get from-dash --raw", b"", True),
    ("set_refused", "set bad --file evil.pkl", b"", True),
    ("set_refused_json", "set bad --file evil.pkl --json", b"", True),
    ("set_wrong_ttl", "set a b --ttl soon", b"", True),
    ("inspect", "inspect session", b"", True),
    ("inspect_json", "inspect session --json", b"", True),
    ("view", "view session", b"", True),
    ("view_json", "view session --json", b"", True),
    ("view_framed", "view framed", b"", True),
    ("dis", "dis session", b"", True),
    ("dis_json", "dis small --json", b"", True),
    ("ping", "ping", b"", True),
    ("ping_json", "ping --json", b"", True),
    ("verify", "verify good.pkl evil.pkl data.npz nosuch", b"", False),
    ("verify_explain", "verify evil.pkl --explain", b"", False),
    ("verify_json", "verify evil.pkl plain.npy --json --explain", b"", False),
    ("verify_verbose", "verify good.pkl good.pkl.gz data.npz plain.npy -v", b"", False),
    ("verify_stdin", "verify -v -", EVIL[:-1], False),
    ("policy_check", "policy check shop.toml", b"", False),
    ("policy_check_dangerous", "policy check dangerous.toml", b"", False),
    ("policy_check_dangerous_json", "policy check dangerous.toml --json", b"", False),
    ("policy_check_none", "policy check server.toml", b"", False),
    ("policy_check_broken", "policy check broken.toml", b"", False),
    ("policy_check_json", "policy check shop.toml --json", b"", False),
    ("policy_diff", "policy diff stdlib shop.toml", b"", False),
    ("policy_diff_json", "policy diff data shop.toml:narrow --json", b"", False),
    ("policy_diff_same", "policy diff stdlib stdlib", b"", False),
    ("policy_learned", "policy learned", b"", True),
    ("scan", "scan --match [gs]*", b"", True),
    ("stat", "stat --count 2 --interval 10ms", b"", True),
    ("stat_json", "stat --count 1 --json", b"", True),
    ("latency", "latency --time 50ms", b"", True),
    ("latency_json", "latency --time 50ms --json", b"", True),
    ("bench", "bench --time 200ms --rate 200 --keys 20 -c 2", b"", True),
    ("bench_json", "bench --time 200ms --rate 200 --keys 20 -c 2 --json", b"", True),
    ("audit_tail", "audit tail --count 1", b"", True),
    ("audit_tail_json", "audit tail --count 1 --json", b"", True),
    ("snapshot_check", "snapshot check saved.snap", b"", False),
    ("snapshot_check_json", "snapshot check saved.snap --json", b"", False),
    ("snapshot_check_damaged", "snapshot check damaged.snap", b"", False),
    ("snapshot_check_none", "snapshot check good.pkl", b"", False),
    ("snapshot_list", "snapshot list saved.snap --db 5", b"", False),
    ("snapshot_list_json", "snapshot list saved.snap --db 5 --json", b"", False),
    ("snapshot_cat", "snapshot cat saved.snap kept --db 5", b"", False),
    ("snapshot_cat_view", "snapshot cat saved.snap kept --db 5 --view", b"", False),
    ("snapshot_cat_missing", "snapshot cat saved.snap nosuch", b"", False),
    ("completion", "completion tcsh", b"", False),
    ("completion_bash", "completion bash", b"", False),
    ("completion_zsh", "completion zsh", b"", False),
    ("completion_fish", "completion fish", b"", False),
    ("man", "man", b"", False),
    ("group", "policy", b"", False),
    ("group_help", "snapshot --help", b"", False),
    ("group_unknown", "audit tial", b"", False),
    ("usage_no_word", "view", b"", True),
    ("usage_many", "view a b", b"", True),
    ("json_reply", "--json CONFIG GET server.por*", b"", True),
    ("tool_behind_options", "-n 0 stat --count 1 --json", b"", True),
    ("tool_behind_options_scan", "-n 5 scan", b"", True),
    ("command_behind_options", "-n 5 scan 0 match te*", b"", True),
    ("last_argument", "-x SET x", b"from a pipe", True),
    ("pipe", "--pipe", b"*3\r\n$3\r\nSET\r\n$1\r\np\r\n$1\r\nq\r\nGET p\nNOSUCH\n", True),
    ("repeat", "-r 3 PING", b"", True),
    ("resp3", "-3 --no-raw CONFIG GET nosuch*", b"", True),
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


def normal(name, text):
    """What is of the moment becomes N."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:N", text)
    text = re.sub(r'"(time_ms|client_id|taken_at_ms|ttl_ms|us|ping_us)":\d+', r'"\1":N', text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r'"digest":"[0-9a-f]+"', '"digest":"N"', text)
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
        ("the prompt names a transaction", ("multi", "Enter"), rf":{port}\[3\]\(TX\)>\s*$"),
        ("until it ends", ("discard", "Enter"), rf"discard\nOK\n127\.0\.0\.1:{port}\[3\]>\s*$"),
        ("and database 0 is none", ("reset", "Enter"), rf"RESET\n127\.0\.0\.1:{port}>\s*$"),
        ("a line is kept before the end", ("echo remembered", "Enter"), r'"remembered"'),
        ("Ctrl-C ends it", ("C-c",), r"code \d+"),
    ]
    for what, keys, pattern in steps:
        for key in keys:
            terminal.keys(key) if key in ("Tab", "Enter", "Up", "C-u", "C-l", "C-c") else terminal.keys("-l", key)
        check(f"interactive: {what}", terminal.wait(pattern), "\n" + terminal.screen())
    terminal.close()
    with open(history, encoding="utf-8") as file:
        text = file.read()
    check("the history is kept, without passwords", "getrange" in text and "remembered" in text and "secretword" not in text, text)
    check("the history is its owner's alone", os.stat(history).st_mode & 0o77 == 0)


# ---- shells and the manual --------------------------------------------------------------------------

COMPLETIONS = [
    ("a tool that is the only one", "brine-cli verif", r"brine-cli verify "),
    ("the first word of two", "brine-cli snap", r"brine-cli snapshot "),
    ("the second word of two", "brine-cli snapshot ch", r"brine-cli snapshot check "),
    ("an option of a tool", "brine-cli scan --untou", r"brine-cli scan --untouched "),
    ("an option of a tool of two words", "brine-cli audit tail --sin", r"brine-cli audit tail --since[= ]"),
    ("an option of a connection", "brine-cli get --cacer", r"brine-cli get --cacert[= ]"),
    ("an option before any tool", "brine-cli --no-auth", r"brine-cli --no-auth-warning "),
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
        try:
            fill(server.port, folder)
            save_snapshot(server.port, folder)
            for name, words, stdin, connects in ROWS:
                words, place = words.split(), ["-p", str(server.port)] if connects else []
                tool = words[0].islower() and words[0][0] != "-"
                compare(name, run(words + place if tool else place + words, stdin, folder), write)
            for tool in TOOLS:
                compare("help" + "_".join([""] + tool.split()), run(tool.split() + ["--help"], b"", folder), write)
            with open(os.path.join(folder, "out.bin"), "rb") as file:
                check("--out writes the bytes", file.read() == b"hello\nworld")
            check_interactive(server.port, folder)
            check_colours(folder)
            check_shells(folder)
            check_manual(folder)
        finally:
            server.stop()
    extra = set(os.listdir(GOLDEN)) - {name + ".txt" for name, _, _, _ in ROWS} - {"help" + "_".join([""] + t.split()) + ".txt" for t in TOOLS}
    for name in extra if write else ():
        os.unlink(os.path.join(GOLDEN, name))
    check("no golden file is left over", write or not extra, extra)
    finish()


main()
