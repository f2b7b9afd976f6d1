/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What is made of the opcode table and read by people and tools: the manual of the opcodes
 * (--manual, Markdown) and the dictionary of the pickle fuzz targets (--words, libFuzzer's form).
 * `make generated` writes both into the tree; lint holds them against the table. */
#include "pickle/opcodes.h"

#include <stdio.h>
#include <string.h>

static const char *const argument_docs[] = {
#define A(name, width, doc) [PICKLE_ARG_##name] = doc,
    PICKLE_ARGUMENTS(A)
#undef A
};

static const char *const effect_docs[] = {
    [PICKLE_EFFECT_DATA] = "makes a value",
    [PICKLE_EFFECT_STACK] = "moves values and marks",
    [PICKLE_EFFECT_MEMO] = "writes or reads the memo",
    [PICKLE_EFFECT_ITEMS] = "fills a container",
    [PICKLE_EFFECT_STATE] = "gives an instance its state",
    [PICKLE_EFFECT_IMPORT] = "resolves a name",
    [PICKLE_EFFECT_CALL] = "calls",
    [PICKLE_EFFECT_OUTSIDE] = "asks the reader for something that is not in the stream",
    [PICKLE_EFFECT_CONTROL] = "steers the machine",
};

static void print_manual(void) {
    puts("<!-- SPDX-FileCopyrightText: 2026 The brine authors\n"
         "     SPDX-License-Identifier: Apache-2.0\n"
         "     Written by `make generated` from opcodes.def. -->\n\n"
         "# The opcodes of pickle\n\n"
         "In and out are the top of the stack before and after, the topmost last: a any, i int, j "
         "int or\n"
         "bool, o bool, f float, n None, s str, x 8-bit str, b bytes, y bytearray, u buffer, t "
         "tuple,\n"
         "l list, d dict, e set, z frozenset, ( a mark, * the slice above it. Heap is what CPython "
         "3.11\n"
         "takes for what the opcode makes, in bytes and without the payload.\n\n"
         "| opcode | byte | protocol | argument | in | out | effect | heap | what it does |\n"
         "|---|---|---|---|---|---|---|---|---|");
    for (int byte = 0; byte <= UINT8_MAX; byte++) {
        const struct pickle_opcode *op = pickle_opcode((uint8_t)byte);
        if (!op->name) continue;
        printf("| %s | %02x | %u | %s | %s | %s | %s | %u | %s |\n", op->name, op->byte, op->proto,
               argument_docs[op->argument], op->in, op->out, effect_docs[op->effect],
               op->heap_bytes, op->doc);
    }
}

/* An opcode alone, and before the shortest argument of its kind. */
static void print_words(void) {
    puts("# SPDX-FileCopyrightText: 2026 The brine authors\n"
         "# SPDX-License-Identifier: Apache-2.0\n"
         "# Written by `make generated` from opcodes.def.");
    for (int byte = 0; byte <= UINT8_MAX; byte++) {
        const struct pickle_opcode *op = pickle_opcode((uint8_t)byte);
        if (!op->name) continue;
        printf("%s=\"\\x%02x", op->name, op->byte);
        if (strstr(pickle_argument_name(op->argument), "NL")) printf("1\\x0a");
        for (size_t i = 0; i < pickle_argument_width(op->argument); i++) printf("\\x00");
        puts("\"");
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--manual") == 0) {
        print_manual();
    } else if (argc == 2 && strcmp(argv[1], "--words") == 0) {
        print_words();
    } else {
        fputs("usage: opcode_tables --manual|--words\n", stderr);
        return 2;
    }
    return 0;
}
