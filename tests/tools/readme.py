#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Does what README.md says, as a newcomer would, chapter by chapter.

    readme.py [--build build/release] [--only CHAPTER]

Sessions (```console) are given to a shell and what they print is compared, see readme_blocks.py.
TOML must be a configuration that the server takes, so must the options of the manifest for Kubernetes.  What
is not run (```sh) stands in NOT_RUN with the reason and is checked by the shell.  readme_snippets.py
runs the Python.  Behind the tutorial the server is started again from the file that it has made.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import readme_blocks
from readme_blocks import TOP

SECONDS_MAX = 400
KUBERNETES = "docker/kubernetes.yaml"
TUTORIAL = "Ten minutes: learn, look, enforce"
SNIPPETS = "Point your application at it"

# What a reader looks for, in the order in which it matters to him.
CHAPTERS = ["A poisoned pickle, refused", "Quick start", SNIPPETS, TUTORIAL, "Compatible with Redis, and what is not",
            "What it protects from, and what not", "Configuration", "Operating it", "Limits", "Performance",
            "How to read the code", "Recipes", "Licence"]
FILES_TO_READ = 10

# The beginning of a command -> why it is not run here, and what proves it instead.
NOT_RUN = {
    "make run": "installs packages and serves: bare_debian.sh does it on a bare Debian 12",
    "make test": "this is part of it; bare_debian.sh does it",
    "make deb": "installs packages: deb.sh does it in a fresh root",
    "apt-get install ./build/deb/": "changes the machine: deb.sh does it in a fresh root",
    "make bench": "takes minutes and a quiet machine",
    "make churn": "takes minutes and a quiet machine",
    "make unread": "takes minutes and a quiet machine; a short run is in the suite",
    "make install": "test_install.sh does it in a folder",
    "BRINE_HTTP_PASSWORD=$(openssl rand -hex 16) docker ": "needs an engine: `docker-compose config` reads it in `make lint`",
    "docker ": "needs an engine: container.sh builds and runs the same steps without one",
    "systemctl ": "needs systemd as process 1",
    "sysctl ": "changes the machine",
    "git clone": "the tree is here already",
}


def check_shell(block, counter):
    """Commands that are not run: each has its reason, and a shell can read them."""
    for line in block.lines:
        command = line.split("#")[0].strip()
        if command:
            reason = next((why for begin, why in NOT_RUN.items() if command.startswith(begin)), None)
            counter.check(reason, f"{block}: `{command}` is neither run nor in NOT_RUN")
    result = subprocess.run(["bash", "-n"], input=block.text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    counter.check(result.returncode == 0, f"{block}: {result.stdout}")
    if shutil.which("shellcheck"):
        result = subprocess.run(["shellcheck", "-s", "bash", "-"], input=block.text, text=True, stdout=subprocess.PIPE)
        counter.check(result.returncode == 0, f"{block}: {result.stdout}")
    targets = re.findall(r"^make ([a-z-]+)", block.text, re.M)
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as makefile:
        text = makefile.read()
    for target in targets:
        counter.check(re.search(rf"^{target}:", text, re.M), f"{block}: there is no `make {target}`")


def check_toml(block, build, counter):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(block.text)
        file.flush()
        result = subprocess.run([os.path.join(build, "brine-server"), "--config", file.name, "--check-config"],
                                env=readme_blocks.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    counter.check(result.returncode == 0, f"{block}: {result.stdout}")


def check_exposure(counter):
    """The figure that README gives for the unit's sandbox is systemd's."""
    if not shutil.which("systemd-analyze"):
        return
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", os.path.join(TOP, "docker/brine.service")],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"exposure level for brine.service: ([0-9.]+ \w+)", result.stdout)
    with open(readme_blocks.README, encoding="utf-8") as readme:
        stated = re.search(r"exposure ([0-9.]+), (\w+)", readme.read())
    counter.check(found and stated and found.group(1) == " ".join(stated.groups()), f"systemd-analyze: {found}, README: {stated}")


def check_order(counter):
    """Its chapters, the contents that lead to them, and as many files to read as it says."""
    with open(readme_blocks.README, encoding="utf-8") as readme:
        text = readme.read()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    chapters = re.findall(r"^## (.*)$", prose, re.M)
    counter.check(chapters == CHAPTERS, f"README.md: chapters {chapters}")
    contents = re.findall(r"\]\(#([a-z0-9-]+)\) ·$|\]\(#([a-z0-9-]+)\)$", prose.split("\n## ")[0], re.M)
    anchors = [re.sub(r"[^a-z0-9 -]", "", chapter.lower()).replace(" ", "-") for chapter in CHAPTERS]
    counter.check([first or last for first, last in contents] == anchors, f"README.md: its contents are {contents}")
    files = re.findall(r"^\d+\. `(\S+)`", prose, re.M)
    counter.check(len(files) == FILES_TO_READ, f"README.md: files to read: {files}")


def check_links(counter):
    """What it points to is there: files of the tree, its own headings as GitHub names them, files named in passing."""
    with open(readme_blocks.README, encoding="utf-8") as readme:
        text = readme.read()
    headings = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        there = target[1:] in headings if target.startswith("#") else os.path.exists(os.path.join(TOP, target))
        counter.check(there, f"README.md: a link to nothing: {target}")
    for path in re.findall(r"`((?:proto|server|client|tests|docker)/[\w./-]*)`", text):
        counter.check(os.path.exists(os.path.join(TOP, path)), f"README.md: there is no {path}")


def option_variables():
    """BRINE_SERVER_PORT and its like, one for each option."""
    with open(os.path.join(TOP, "config.example.toml"), encoding="utf-8") as file:
        section, known = "", set()
        for line in file:
            found = re.match(r"#?(?:\[(\w+)\]|(\w+) = )", line)
            if found and found.group(1):
                section = found.group(1)
            elif found:
                known.add(f"BRINE_{section}_{found.group(2)}".upper())
    return known


def check_kubernetes(build, counter):
    """The server takes the options of the manifest that README points at."""
    with open(os.path.join(TOP, KUBERNETES), encoding="utf-8") as file:
        text = file.read()
    known = option_variables()
    variables = re.findall(r"name: (BRINE_\w+)(?:, value: \"(.*?)\")?", text)
    counter.check(len(variables) >= 3, f"{KUBERNETES} sets options")
    for name, _ in variables:
        counter.check(name in known, f"{KUBERNETES}: {name} is no option")
    arguments = re.search(r"args: \[(.*)\]", text).group(1)
    result = subprocess.run([os.path.join(build, "brine-server"), *re.findall(r'"([^"]*)"', arguments), "--check-config"],
                            env=readme_blocks.environment(**{name: value or "from a secret" for name, value in variables}),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    counter.check(result.returncode == 0, f"{KUBERNETES}: {result.stdout}")
    try:
        import yaml
    except ImportError:
        return
    try:
        kinds = [part["kind"] for part in yaml.safe_load_all(text)]
        counter.check(kinds == ["Service", "StatefulSet"], f"{KUBERNETES}: {kinds}")
    except (yaml.YAMLError, TypeError, KeyError) as error:
        counter.check(False, f"{KUBERNETES}: {error}")


def check_recipe(block, counter):
    """Where the recipe's text goes is there; readme_recipes.py puts it there and tries it."""
    found = re.fullmatch(r"in (\S+)(?: (?:after|before): (.*))?", block.note)
    counter.check(found, f"{block}: says no place")
    if found and found.group(2):
        with open(os.path.join(TOP, found.group(1)), encoding="utf-8") as file:
            counter.check(found.group(2) in file.read(), f"{block}: {found.group(1)} has no line `{found.group(2)}`")


def check_quietly(block, build, counter):
    """Everything but sessions and Python."""
    if block.note.startswith("in "):
        check_recipe(block, counter)
    elif block.language == "sh":
        check_shell(block, counter)
    elif block.language == "toml" and block.chapter != SNIPPETS:
        check_toml(block, build, counter)
    elif block.chapter != SNIPPETS or block.language not in ("toml", "python"):
        counter.check(False, f"{block}: nobody tests a block of `{block.language}` here")


def start_again(shell, counter):
    """What the tutorial has set up stands in the file."""
    output, code = shell.run("kill $! && wait $!")
    counter.check(code == 0, f"the server stops in order: {code} {output}")
    shell.run("build/brine-server --config brine.toml --log.file=brine.log &")
    output, code = shell.run("build/brine-cli ping --wait 20s -p 6400")
    counter.check(code == 0, f"the server starts again: {output}" + shell.log())
    site = "python3 tests/tools/tutorial/visit.py"
    counter.check("all right" in shell.run(site)[0], "the site works after a new start")
    attack, code = shell.run(site + " --attack")
    counter.check(code == 0 and attack.count(": refused") == 4 and "STORED" not in attack, attack)
    mode = shell.run("redis-cli -p 6400 CONFIG GET gate.mode")[0]
    counter.check("enforce" in mode, mode)
    lines = shell.run("grep -c '\"event\":\"refused\"' audit.log")[0]
    counter.check(lines.strip() == "8", "each attack left a record: " + lines)
    valid, code = shell.run("python3 -c 'import json; [json.loads(l) for l in open(\"audit.log\")]'")
    counter.check(code == 0, "the trail is JSON lines: " + valid)


def follow(chapter, sessions, build, counter):
    folder = tempfile.mkdtemp(prefix="brine-readme-")
    shell = None
    try:
        shell = readme_blocks.Shell(folder, build)
        for block in sessions:
            shell.follow(block, counter)
        if chapter == TUTORIAL:
            start_again(shell, counter)
    finally:
        if shell:
            shell.close()
        shutil.rmtree(folder, ignore_errors=True)


def run_snippets(build, counter):
    """Its counts are added to these."""
    result = subprocess.run(["/usr/bin/python3", "-W", "ignore", os.path.join(TOP, "tests/tools/readme_snippets.py"), "--server",
                             os.path.join(build, "brine-server")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = re.search(r"(\d+) passed, (\d+) failed\n\Z", result.stdout)
    counter.check(last, result.stdout)
    if last:
        counter.passed += int(last.group(1))
        counter.failed += int(last.group(2))
        if result.returncode:
            print(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("BRINE_BUILD", os.path.join(TOP, "build")))
    parser.add_argument("--only", help="chapters whose heading contains this")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    signal.alarm(SECONDS_MAX)  # a command that waits for ever ends this program
    counter = readme_blocks.Counter()
    if not readme_blocks.own_network() and {6379, 6400} & readme_blocks.listening():
        raise SystemExit("readme.py: ports 6379 and 6400 are not free, and the system gives no network of one's own")
    blocks = [block for block in readme_blocks.read() if not args.only or args.only in block.chapter]
    sessions = {}
    for block in blocks:
        if block.language == "console":
            sessions.setdefault(block.chapter, []).append(block)
        else:
            check_quietly(block, build, counter)
    check_exposure(counter)
    check_links(counter)
    check_order(counter)
    check_kubernetes(build, counter)
    counter.check(args.only or TUTORIAL in sessions and len(sessions) >= 5, "README has its sessions")
    for chapter, found in sessions.items():
        if not found[0].note.startswith("recipe"):
            follow(chapter, found, build, counter)
    if not args.only or args.only in SNIPPETS:
        run_snippets(build, counter)
    print(f"{counter.passed} passed, {counter.failed} failed")
    sys.exit(1 if counter.failed else 0)


if __name__ == "__main__":
    main()
