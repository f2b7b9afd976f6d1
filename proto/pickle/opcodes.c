/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/opcodes.h"

static const struct pickle_opcode opcodes[256] = {
#define OP(name, byte, argument, in, out, proto, effect, heap, doc)                                \
    [byte] = {#name, byte, PICKLE_ARG_##argument, in, out, proto, PICKLE_EFFECT_##effect,          \
              heap,  doc},
    PICKLE_OPCODES(OP)
#undef OP
};

#define OP(name, byte, argument, in, out, proto, effect, heap, doc) +1
_Static_assert(PICKLE_OPCODES(OP) == PICKLE_OPCODES_COUNT, "protocols 0 to 5 have 68 opcodes");
#undef OP

const struct pickle_opcode *pickle_opcode(uint8_t byte) {
    return &opcodes[byte];
}

static const struct {
    const char *name;
    size_t width;
} arguments[] = {
#define A(name, width, doc) [PICKLE_ARG_##name] = {#name, width},
    PICKLE_ARGUMENTS(A)
#undef A
};

const char *pickle_argument_name(enum pickle_argument argument) {
    return arguments[argument].name;
}

size_t pickle_argument_width(enum pickle_argument argument) {
    return arguments[argument].width;
}
