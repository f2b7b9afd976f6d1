#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""brine-server's manual pages and what shells complete, beside its --help: one table, said four times."""
import os
import re
import tempfile

import cli_support
from cli_support import SERVER, check, finish
from terminal import SHELLS, check_completion, format_manual

COMPLETIONS = [
    ("a flag", "brine-server --check-c", r"brine-server --check-config "),
    ("an option up to its =", "brine-server --server.unix_socket_m", r"brine-server --server\.unix_socket_mode="),
    ("an option's word", "brine-server --gate.mode=lea", r"brine-server --gate\.mode=learn "),
    ("true and false", "brine-server --snapshot.on_stop=tr", r"brine-server --snapshot\.on_stop=true "),
    ("a file", "brine-server --config only-on", r"brine-server --config only-one\.toml "),
]


def server(*words):
    code, out, err = cli_support.run([SERVER, *words])
    check(f"{words} is printed", code == 0 and out and not err, (code, err))
    return out


def main():
    options = re.findall(r"^  --([a-z_]+\.[a-z_]+)=", server("--help").decode(), re.M)
    flags = re.findall(r"^  (--[a-z-]+) ", server("--help").decode(), re.M)
    check("--help has options and flags", len(options) > 100 and len(flags) > 10, (options, flags))
    with tempfile.TemporaryDirectory() as folder:
        text = format_manual(folder, "brine-server.8", server("--print-manual"))
        missing = [flag for flag in flags if not re.search(rf"^ +{flag}\b", text, re.M)]
        check("each flag has its place in brine-server(8)", not missing, missing)
        text = format_manual(folder, "brine.toml.5", server("--print-file-manual"))
        sections = dict(zip(*[iter(re.split(r"^   \[(\w+)\]$", text, flags=re.M)[1:])] * 2))
        missing = [name for name in options if not re.search(rf"^       {name.split('.')[1]} =", sections[name.split('.')[0]], re.M)]
        check("each option has its place in brine.toml(5)", not missing, missing)
        check("rules and policies stand in it", "[[rule]]" in text and "[policy.shop]" in text)
        open(os.path.join(folder, "only-one.toml"), "wb").close()
        scripts = {shell: server(f"--print-completion-{shell}") for shell, _, _ in SHELLS}
        for shell, script in scripts.items():
            missing = [name for name in options if f"--{name}=" not in script.decode()]
            check(f"each option can be completed in {shell}", not missing, missing)
        check_completion(folder, SERVER, scripts, COMPLETIONS)
    finish()


main()
