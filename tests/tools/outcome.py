# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What a test counts, and the line that it ends with."""
import time


class Outcome:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, condition, what):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print("failed:", what, flush=True)
        return condition

    def run(self, name, function, arguments, source_of_chance):
        """One part of a test, and how long it took."""
        began = time.monotonic()
        function(arguments, self, source_of_chance)
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)

    def finish(self):
        """The exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
