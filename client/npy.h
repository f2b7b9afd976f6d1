/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The header of a .npy file: the text of a Python dict.
 *
 * numpy reads it with ast.literal_eval, which knows escapes, adjoining strings, comments and keys
 * that stand twice.  Here it is read only in the plain form that numpy writes; any other is not
 * understood, and nothing may be said of the bytes behind it.
 *
 * Thread: any.  Cost: one pass.  Source: numpy/lib/format.py. */
#ifndef BRINE_CLIENT_NPY_H
#define BRINE_CLIENT_NPY_H

#include "base/bytes.h"

struct npy_header {
    bool objects;      /* what follows is a pickle */
    size_t data_bytes; /* of an array without objects */
};

/* False: not understood, or of more bytes than a size_t counts. */
bool npy_header_parse(struct bytes text, struct npy_header *header) MUST_USE;

#endif
