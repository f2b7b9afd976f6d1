/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/opcodes.h"

#include <criterion/criterion.h>

#include <stdio.h>

Test(opcodes, every_row_is_what_pickletools_says) {
    static const uint8_t in_order[] = {
#define OP(name, byte, argument, in, out, proto, effect, heap, doc) byte,
        PICKLE_OPCODES(OP)
#undef OP
    };
    FILE *python = popen("python3 tests/tools/pickle_opcodes.py", "r");
    cr_assert_not_null(python);
    char line[256];
    size_t rows = 0;
    while (fgets(line, sizeof line, python)) {
        cr_assert_lt(rows, ARRAY_LEN(in_order), "Python has more opcodes: %s", line);
        const struct pickle_opcode *op = pickle_opcode(in_order[rows++]);
        char ours[256];
        snprintf(ours, sizeof ours, "%s %02x %s %s>%s %d\n", op->name, op->byte,
                 pickle_argument_name(op->argument), op->in, op->out, op->proto);
        cr_expect_str_eq(ours, line);
    }
    cr_expect_eq(pclose(python), 0);
    cr_expect_eq(rows, (size_t)PICKLE_OPCODES_COUNT);
}

Test(opcodes, renames_hold_what_python_at_hand_renames) {
    cr_expect_eq(system("python3 tests/tools/pickle_names.py --check"), 0);
}

Test(opcodes, the_other_188_bytes_have_no_name) {
    size_t named = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        const struct pickle_opcode *op = pickle_opcode((uint8_t)byte);
        named += op->name != NULL;
        if (op->name) cr_expect_eq(op->byte, byte, "%s", op->name);
    }
    cr_expect_eq(named, (size_t)PICKLE_OPCODES_COUNT);
}
