/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The verifier against CPython; the scripts build the driver, so these tests run once, not for each
 * sanitizer, when BRINE_SOUNDNESS_COUNT is 0. */

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

Test(soundness, what_is_accepted_does_in_cpython_what_was_reported_and_nothing_else,
     .timeout = 900) {
    const char *count = getenv("BRINE_SOUNDNESS_COUNT");
    char command[256];
    snprintf(command, sizeof command, "python3 tests/tools/pickle_soundness.py --count %ld",
             count ? strtol(count, NULL, 10) : 100000l);
    cr_expect_eq(system(command), 0);
}

Test(soundness, what_cpythons_picklers_write_is_accepted_and_needs_each_of_its_globals,
     .timeout = 900) {
    cr_expect_eq(system("python3 tests/tools/pickle_honest.py"), 0);
}
