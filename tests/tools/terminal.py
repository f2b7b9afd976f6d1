# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Programs as people meet them: in a terminal of tmux, completed by their shell, in man.

    terminal.Terminal(folder, "brine-cli").wait("prompt")
    terminal.check_completion("brine-cli", program, scripts, rows)
"""
import os
import re
import subprocess

import cli_support
import serving
from cli_support import check

SHELLS = [
    # shell, how it is started, what makes it complete the words of {program}
    ("bash", "bash --norc --noprofile", "source {script}"),
    ("zsh", "zsh -f", "fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u"),
    ("fish", "fish --no-config", "source {script}"),
]


class Terminal:
    """A screen of tmux with a program in it, by a server of its own: the last one may not have ended yet."""
    count = 0

    def __init__(self, folder, command):
        Terminal.count += 1
        self.socket = os.path.join(folder, f"tmux-{Terminal.count}")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40", command)

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket] + list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")).stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p").rstrip("\n")

    def wait(self, pattern, seconds=20):
        """True when the pattern shows; waits for it."""
        return serving.await_that(lambda: re.search(pattern, self.screen()), seconds=seconds)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def close(self):
        self.tmux("kill-server")


def check_completion(folder, program, scripts, rows):
    """`scripts` has each shell's; a row is what is completed, what is typed before Tab, the pattern it becomes."""
    name = os.path.basename(program)
    programs = os.path.join(folder, f"bin-{name}")
    os.makedirs(programs)
    os.symlink(program, os.path.join(programs, name))
    for shell, start, load in SHELLS:
        script = os.path.join(programs, f"_{name}" if shell == "zsh" else f"{name}.{shell}")
        with open(script, "wb") as file:
            file.write(scripts[shell])
        terminal = Terminal(folder, f"cd {folder}; env HOME={folder} PATH={programs}:$PATH PS1='ready> ' {start}; cat")
        if shell == "fish":
            terminal.keys("-l", "function fish_prompt; echo -n 'ready> '; end")
            terminal.keys("Enter")
        check(f"{shell} starts", terminal.wait(r"ready>\s*$"), terminal.screen())
        terminal.keys("-l", load.format(script=script, folder=programs))
        terminal.keys("Enter")
        for what, typed, expected in rows:
            terminal.keys("C-u")
            terminal.keys("C-l")
            terminal.wait(r"ready>\s*$")
            terminal.keys("-l", typed)
            terminal.wait(re.escape(typed))
            terminal.keys("Tab")
            terminal.keys("-l", "|")  # so that a blank that was added shows
            check(f"{shell} completes {what}", terminal.wait(expected + r"?\|", 5), "\n" + terminal.screen())
        terminal.close()


def format_manual(folder, name, page):
    """What man shows of it, with plain dashes; a warning of man is a failed test."""
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(page)
    code, out, err = cli_support.run(["man", "--warnings", "-l", path], LC_ALL="C.UTF-8", MANWIDTH="80", MAN_KEEP_FORMATTING="")
    check(f"{name} is formatted without a warning", code == 0 and not err and out.count(b"\n") > 50, err)
    return out.decode().replace("\u2010", "-")
