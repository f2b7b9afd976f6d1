/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include <brine_client.h>

#include "base/base.h"

#include <criterion/criterion.h>

Test(verdict, a_refusal_is_taken_apart) {
    static const struct {
        const char *line, *class, *opcode, *global, *rule, *policy, *framing, *allow;
        size_t offset;
    } rows[] = {
        {"PICKLEDENIED offset 28: STACK_GLOBAL imports posix.system, which is known to be "
         "dangerous "
         "(reaches the operating system); not in policy 'stdlib' (the default rule, key 'k:1')",
         "forbidden", "STACK_GLOBAL", "posix.system", "the default rule", "stdlib", "", "", 28},
        {"PICKLEDENIED offset 0 in zlib > pickle: GLOBAL imports foo.bar; not in policies 'a,b' "
         "(rule 2, key 'k'); to allow it: allow = [\"foo.bar\"]",
         "forbidden", "GLOBAL", "foo.bar", "rule 2", "a,b", "zlib > pickle",
         "allow = [\"foo.bar\"]", 0},
        {"PICKLEDENIED offset 9: REDUCE calls shop.make; not allowed by policy 'x' (rule 1, "
         "channel "
         "'c'); to allow it: allow = [{ name = \"shop.make\", may = [\"ref\", \"call\"] }]",
         "forbidden", "REDUCE", "shop.make", "rule 1", "x", "",
         "allow = [{ name = \"shop.make\", may = [\"ref\", \"call\"] }]", 9},
        {"PICKLETRUNCATED offset 2: FRAME: the bytes end inside an argument (the default rule, key "
         "'k')",
         "truncated", "FRAME", "", "the default rule", "", "", "", 2},
        {"PICKLEMALFORMED offset 3: GLOBAL would import a module: os.system, which is known; and "
         "at "
         "offset 14 the bytes end (the default rule, key 'k')",
         "malformed", "GLOBAL", "os.system", "the default rule", "", "", "", 3},
        {"PICKLELIMIT offset 1: LONG4: an integer is too long", "limit", "LONG4", "", "", "", "",
         "", 1},
        {"PICKLEDENIED nothing that is known", "forbidden", "", "", "", "", "", "", 0},
        {"PICKLEDENIED offset 99999999999999999999999: x", "forbidden", "", "", "", "", "", "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_verdict got;
        cr_expect_eq(brine_verdict_parse(rows[i].line, strlen(rows[i].line), &got), 1, "%zu", i);
        cr_expect_eq(got.refused, 1, "row %zu", i);
        cr_expect_eq(got.offset, rows[i].offset, "row %zu: %zu", i, got.offset);
        cr_expect_str_eq(got.error_class, rows[i].class, "row %zu", i);
        cr_expect_str_eq(got.opcode, rows[i].opcode, "row %zu", i);
        cr_expect_str_eq(got.global, rows[i].global, "row %zu", i);
        cr_expect_str_eq(got.rule, rows[i].rule, "row %zu", i);
        cr_expect_str_eq(got.policy, rows[i].policy, "row %zu", i);
        cr_expect_str_eq(got.framing, rows[i].framing, "row %zu", i);
        cr_expect_str_eq(got.allow, rows[i].allow, "row %zu", i);
        cr_expect_str_eq(got.message, rows[i].line, "row %zu", i);
    }
}

Test(verdict, other_errors_are_none) {
    static const char *const rows[] = {"", "ERR unknown command", "PICKLEDENIED",
                                       "pickledenied offset 1: x", "WRONGTYPE"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_verdict got = {.refused = 1};
        cr_expect_eq(brine_verdict_parse(rows[i], strlen(rows[i]), &got), 0, "%s", rows[i]);
        cr_expect_eq(got.refused, 0);
    }
}

Test(verdict, texts_that_are_too_long_are_cut) {
    static char line[20000] = "PICKLEDENIED offset 1: GLOBAL imports ";
    struct brine_verdict got;
    size_t len = strlen(line);
    memset(line + len, 'x', sizeof line - len - 1);
    cr_expect_eq(brine_verdict_parse(line, sizeof line - 1, &got), 1);
    cr_expect_eq(strlen(got.global), sizeof got.global - 1);
    cr_expect_eq(strlen(got.message), sizeof got.message - 1);
}
