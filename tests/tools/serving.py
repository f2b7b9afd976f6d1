# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Servers that tests start: ready when they say so, as services say it to systemd."""
import os
import select
import signal
import socket
import subprocess
import time

DEADLINE_S = 60

# A shell's background job ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**more):
    """This process's variables without BRINE_*, which brine-server reads as its options."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BRINE_")}
    return {**kept, **more}


class Process(subprocess.Popen):
    """A brine-server or redis-server; the command may have another's words before it (taskset)."""

    def __init__(self, command, **how):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind("")  # the kernel picks a name that no file stands behind
        name = self.notify.getsockname()[1:].decode("ascii")
        if any(os.path.basename(word) == "redis-server" for word in command):
            command = [*command, "--supervised", "systemd"]
        super().__init__(command, env=clean_environment(NOTIFY_SOCKET="@" + name, **how.pop("variables", {})), **how)

    def ready(self, seconds=DEADLINE_S):
        """Waits until it has loaded its data and listens; False when it ended instead, or is late."""
        end = os.pidfd_open(self.pid)
        deadline = time.monotonic() + seconds
        try:
            while (left := deadline - time.monotonic()) > 0:
                waited = select.select([self.notify, end], [], [], left)[0]
                if self.notify in waited:
                    if b"READY=1" in self.notify.recv(4096).split(b"\n"):
                        return True
                elif waited:
                    return False
            return False
        finally:
            os.close(end)

    def __exit__(self, *exception):
        self.notify.close()
        return super().__exit__(*exception)


def await_that(holds, process=None, seconds=DEADLINE_S):
    """Asks again and again, for what nothing tells of; False when it is late or the process ended."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline or (process and process.poll() is not None):
            return False
        time.sleep(0.01)  # between two looks at what `holds` asks
    return True
