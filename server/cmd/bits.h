/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What bits.c and bitfield.c share.  For the files of this folder. */
#ifndef BRINE_CMD_BITS_H
#define BRINE_CMD_BITS_H

#include "cmd/handlers.h"
#include "keyspace/edit.h"

/* A bit's offset, or with a width "#n", the n-th field of that width.  False: an error was replied.
 */
bool call_bit_offset(struct command_call *call, size_t position, unsigned width,
                     uint64_t *offset) MUST_USE;

#endif
