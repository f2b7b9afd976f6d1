#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Prints pickletools.opcodes, one opcode a line, as test_opcodes.c expects its own table to look."""
import pickletools

LETTERS = {"any": "a", "int": "i", "int_or_bool": "j", "bool": "o", "float": "f",
           "bytes_or_str": "x", "bytes": "b", "bytearray": "y", "str": "s", "None": "n",
           "tuple": "t", "list": "l", "dict": "d", "set": "e", "frozenset": "z", "buffer": "u",
           "mark": "(", "stackslice": "*"}

for op in pickletools.opcodes:
    print("%s %02x %s %s>%s %d" % (
        op.name, ord(op.code), op.arg.name.upper() if op.arg else "NONE",
        "".join(LETTERS[o.name] for o in op.stack_before),
        "".join(LETTERS[o.name] for o in op.stack_after), op.proto))
