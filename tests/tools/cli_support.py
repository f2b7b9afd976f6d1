# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of brine-cli share: counting, the programs under test, a redis-server that is ready.

    from cli_support import CLI, check, finish
    check("the answer is right", answer == 42, answer)
    finish()                                     # prints "N passed, N failed" and exits
"""
import os
import subprocess
import sys

import serving

CLI = os.path.abspath(os.environ.get("BRINE_CLI", "build/brine-cli"))
SERVER = os.path.abspath(os.environ.get("BRINE_SERVER", "build/brine-server"))
COUNTS = {True: 0, False: 0}


def check(what, ok, detail=""):
    COUNTS[bool(ok)] += 1
    if not ok:
        print(f"FAIL {what} {detail}", flush=True)


def finish():
    print(f"{COUNTS[True]} passed, {COUNTS[False]} failed")
    sys.exit(1 if COUNTS[False] else 0)


def environment(**variables):
    """This one without what would configure brine or redis-cli."""
    kept = {name: value for name, value in serving.clean_environment().items() if not name.startswith(("BRINECLI_", "REDISCLI_"))}
    return {**kept, "REDISCLI_HISTFILE": "/dev/null", **variables}


def run(command, stdin=b"", timeout=120, cwd=None, **variables):
    """(exit code, output, errors) of a program that ends by itself."""
    result = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                            cwd=cwd, env=environment(**variables))
    return result.returncode, result.stdout, result.stderr


def run_into(output, command, timeout=120, cwd=None):
    """(exit code, errors) of a program that writes into a file of the caller's."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, timeout=timeout, cwd=cwd, env=environment())
    return result.returncode, result.stderr


def encode(arguments):
    """A command as the protocol has it."""
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)


class Redis:
    """A redis-server in a folder, ready when this returns."""
    def __init__(self, folder, *options, port=None):
        self.port = serving.free_port() if port is None else port
        self.process = serving.Process(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *options],
                                       stdout=subprocess.DEVNULL, cwd=folder)
        if not self.process.ready():
            sys.exit("redis-server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


def check_sarif(what, sarif, successful):
    """What SARIF 2.1.0 requires of the objects that are there, and what a reader has to know."""
    levels, problems = {"none", "note", "warning", "error"}, []

    def need(ok, text):
        if not ok:
            problems.append(text)

    def message(holder):
        need(isinstance(holder.get("message", {}).get("text"), str) and holder["message"]["text"], f"a text in the message of {holder}")
        need(holder.get("level") in levels, f"a level in {holder}")
    need(set(sarif) == {"$schema", "version", "runs"} and sarif.get("version") == "2.1.0" and len(sarif.get("runs", [])) == 1, "a log's properties")
    run = (sarif.get("runs") or [{}])[0]
    driver = run.get("tool", {}).get("driver", {})
    rules = [rule.get("id") for rule in driver.get("rules", [])]
    need(driver.get("name") and len(rules) == len(set(rules)) > 0, "a driver with a name and rules")
    for result in run.get("results", [{}]):
        message(result)
        need(result.get("ruleId") in rules, f"a rule in {result}")
        need(all(place.get("logicalLocations", [{}])[0].get("fullyQualifiedName") for place in result.get("locations", [{}])), f"a place in {result}")
    invocations = run.get("invocations", [])
    need(len(invocations) == 1 and invocations[0].get("executionSuccessful") is successful, f"that it was {successful}: {invocations}")
    for notification in invocations[0].get("toolExecutionNotifications", []) if invocations else []:
        message(notification)
    told = [n["level"] for n in invocations[0].get("toolExecutionNotifications", [])] if invocations else []
    need(successful or "error" in told, f"why it was not: {told}")
    check(f"SARIF {what} has what the standard requires", not problems, problems)
