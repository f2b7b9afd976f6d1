/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Prints a pickle as Python's pickletools.dis does, byte for byte; it executes nothing and needs no
 * policy.
 *
 *     struct buf out;
 *     buf_init(&out, mem, 1 << 20);
 *     enum brine_status status = pickle_disassemble(bytes, &out, &err);
 *
 * Where pickletools.dis raises, the lines before it stand in `out` and the status is
 * BRINE_MALFORMED, or BRINE_NEED_MORE where the bytes end too early; err holds the offset and
 * Python's words. Differences: a memo index above DISASM_MEMO_MAX and an integer of more than
 * DISASM_LONG_BYTES_MAX bytes are refused (BRINE_TOO_BIG). Output is bounded by out's limit
 * (BRINE_TOO_BIG).  Cost: O(input + output), and a bit for each memo index below the
 * highest.  Any thread. */
#ifndef BRINE_PICKLE_DISASM_H
#define BRINE_PICKLE_DISASM_H

#include "base/buf.h"

enum { DISASM_MEMO_MAX = 1 << 24, DISASM_LONG_BYTES_MAX = 1785 /* 4300 digits */ };

enum brine_status pickle_disassemble(struct bytes input, struct buf *out,
                                     struct brine_error *err) MUST_USE;

#endif
