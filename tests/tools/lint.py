#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""make lint: every check of the style, a line each; what a check found stands above its line.

    lint.py --build build/release --jobs 2 [--only NAME[,NAME]]

What each checks and why: README.md beside.  Last line "N passed, N failed"; exit code 1 on any.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import time

import tree

HERE = os.path.dirname(os.path.abspath(__file__))
CFLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-Iproto", "-Iserver", "-I.", "-Iclient/lib", "-Itests/unit"]
# Words that codespell takes for slips.
SPELLING_KNOWN = "optin,ake,ro,te,fo,nd,hel,ans,sems,keypair,inout,ue,ba,ot,fpr,crate,tre,exat,oll,daa,coo,smove"
SPELLING_SKIP = (".pkl", ".pickle", ".png", ".toml.txt")


def tool(name):
    """Debian has the tools of LLVM under a name with their version."""
    return shutil.which(name + "-14") or shutil.which(name) or name + "-14"


def output(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return result.returncode, result.stdout.decode("utf-8", "replace")


def c_files(*folders):
    return [path for path in tree.files() if path.endswith((".c", ".h")) and path.startswith(folders or ("",))]


def in_parts(command, paths, after=(), parts=24):
    """The command over the paths in parts, so that cores share the work."""
    paths = sorted(paths)
    return [list(command) + paths[start::parts] + list(after) for start in range(min(parts, len(paths)))]


def check_format():
    return in_parts([tool("clang-format"), "--dry-run", "-Werror"], c_files(), parts=4)


def check_tidy():
    sources = [path for path in c_files(*tree.LIBRARY_FOLDERS) if path.endswith(".c")]
    # A bound on the paths explored in a function: a fifth of the default, a fifth of the time.
    bound = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=40000"]
    return in_parts([tool("clang-tidy"), "--quiet"], sources, ["--"] + CFLAGS + bound)


def check_cppcheck():
    return [["cppcheck", "--quiet", "--std=c11", "--enable=warning,portability,performance", "--inline-suppr",
             "--error-exitcode=1", "--suppress=missingIncludeSystem"] + CFLAGS[1:5] + ["proto", "server", "client"]]


def check_spelling():
    paths = [path for path in tree.files() if not path.startswith("tests/corpus/") and not path.endswith(SPELLING_SKIP)
             and path != "LICENSE"]
    return [["codespell", "--builtin", "clear,rare", "-L", SPELLING_KNOWN] + paths]


def check_shell():
    scripts = []
    for path in tree.files():
        if path.startswith("tests/corpus/"):
            continue
        with open(path, "rb") as file:
            first = file.readline(80)
        if first.startswith(b"#!") and (b"/sh" in first or b"bash" in first):
            scripts.append(path)
    return [["shellcheck"] + scripts] if scripts else []


def check_compose():
    """Read and filled in as the client does it; that needs no engine.  Debian's client, 1.29, knows no
    secrets from the environment: it is shown a file's."""
    script = ("cd docker && sed 's,^    environment: BRINE_.*,    file: /dev/null,' \"${0#docker/}\" | "
              "BRINE_HTTP_PASSWORD=x docker-compose -f - config -q")
    return [["sh", "-c", script, path] for path in tree.files() if path.startswith("docker/compose")]


def check_python():
    return [["pyflakes3"] + [path for path in tree.files() if path.endswith(".py")]]


def script(name, *arguments):
    return [[sys.executable, os.path.join(HERE, name)] + list(arguments)]


def checks(build):
    return {
        "format": check_format,
        "layers": lambda: script("check_layers.py", "--build", build),
        "source": lambda: script("check_source.py"),
        "globals": lambda: script("check_globals.py", build),
        "generated": lambda: script("check_generated.py", build),
        "orphans": lambda: script("check_orphans.py"),
        "reliability": lambda: script("check_reliability.py"),
        "spelling": check_spelling,
        "shell": check_shell,
        "compose": check_compose,
        "python": check_python,
        "cppcheck": check_cppcheck,
        "tidy": check_tidy,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only")
    args = parser.parse_args()
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, commands in checks(args.build).items():
            if args.only and name not in args.only.split(","):
                continue
            started = time.monotonic()
            results = list(pool.map(output, commands()))
            bad = [text for code, text in results if code]
            for text in bad:
                # clang-tidy counts what it did not show; nobody needs that.
                lines = [line for line in text.splitlines() if not line.endswith(("warnings generated.", "warning generated."))]
                print("\n".join(lines))
            passed, failed = (passed, failed + 1) if bad else (passed + 1, failed)
            print(f"{'FAIL' if bad else 'ok  '} {time.monotonic() - started:6.1f} s  {name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
