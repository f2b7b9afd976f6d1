/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The opcode table (opcodes.def) as C: PICKLE_OP_REDUCE is 0x52, and pickle_opcode(0x52) its row.
 * Constant data; any thread. */
#ifndef BRINE_PICKLE_OPCODES_H
#define BRINE_PICKLE_OPCODES_H

#include "base/bytes.h"
#include "pickle/opcodes.def"

/* How an argument stands in the stream; little-endian. */
/* clang-format off */
#define PICKLE_ARGUMENTS(A)                                                                    \
    /*  name                    bytes of the argument or of its length; 0: lines */            \
    A(NONE,                     0, "nothing")                                                  \
    A(UINT1,                    1, "one byte")                                                 \
    A(UINT2,                    2, "two bytes, unsigned")                                      \
    A(INT4,                     4, "four bytes, signed")                                       \
    A(UINT4,                    4, "four bytes, unsigned")                                     \
    A(UINT8,                    8, "eight bytes, unsigned")                                    \
    A(FLOAT8,                   8, "an IEEE double, the highest byte first")                   \
    A(DECIMALNL_SHORT,          0, "a decimal integer, newline")                               \
    A(DECIMALNL_LONG,           0, "a decimal integer, L, newline")                            \
    A(FLOATNL,                  0, "a decimal float, newline")                                 \
    A(STRINGNL,                 0, "a string in quotes with escapes, newline")                 \
    A(STRINGNL_NOESCAPE,        0, "text, newline")                                            \
    A(STRINGNL_NOESCAPE_PAIR,   0, "text, newline, text, newline")                             \
    A(UNICODESTRINGNL,          0, "text in raw-unicode-escape, newline")                      \
    A(STRING1,                  1, "one-byte length, 8-bit string")                            \
    A(STRING4,                  4, "four-byte signed length, 8-bit string")                    \
    A(BYTES1,                   1, "one-byte length, bytes")                                   \
    A(BYTES4,                   4, "four-byte length, bytes")                                  \
    A(BYTES8,                   8, "eight-byte length, bytes")                                 \
    A(BYTEARRAY8,               8, "eight-byte length, bytes")                                 \
    A(UNICODESTRING1,           1, "one-byte length, UTF-8")                                   \
    A(UNICODESTRING4,           4, "four-byte length, UTF-8")                                  \
    A(UNICODESTRING8,           8, "eight-byte length, UTF-8")                                 \
    A(LONG1,                    1, "one-byte length, two's complement")                        \
    A(LONG4,                    4, "four-byte signed length, two's complement")
/* clang-format on */

enum pickle_argument {
#define A(name, width, doc) PICKLE_ARG_##name,
    PICKLE_ARGUMENTS(A)
#undef A
};

enum pickle_effect {
    PICKLE_EFFECT_DATA,    /* makes a value */
    PICKLE_EFFECT_STACK,   /* moves values and marks */
    PICKLE_EFFECT_MEMO,    /* writes or reads the memo */
    PICKLE_EFFECT_ITEMS,   /* fills a container */
    PICKLE_EFFECT_STATE,   /* gives an instance its state */
    PICKLE_EFFECT_IMPORT,  /* resolves a name */
    PICKLE_EFFECT_CALL,    /* calls */
    PICKLE_EFFECT_OUTSIDE, /* asks the reader for something that is not in the stream */
    PICKLE_EFFECT_CONTROL,
};

enum {
#define OP(name, byte, argument, in, out, proto, effect, heap, doc) PICKLE_OP_##name = byte,
    PICKLE_OPCODES(OP)
#undef OP
};

struct pickle_opcode {
    const char *name; /* NULL: no opcode has this byte */
    uint8_t byte;
    enum pickle_argument argument;
    const char *in, *out;
    uint8_t proto; /* that introduced it */
    enum pickle_effect effect;
    uint32_t heap_bytes;
    const char *doc;
};

enum { PICKLE_OPCODES_COUNT = 68, PICKLE_PROTOCOL_MAX = 5 };

/* The row of a byte; its name is NULL when no opcode has it. */
const struct pickle_opcode *pickle_opcode(uint8_t byte);

/* "UINT1": as pickletools calls it, in capitals. */
const char *pickle_argument_name(enum pickle_argument argument);
/* Bytes of the argument, or of the length before it; 0 for none and for lines. */
size_t pickle_argument_width(enum pickle_argument argument);

#endif
