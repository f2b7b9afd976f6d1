/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What would happen if bytes that are no pickle were unpickled all the same?
 *
 *     if (!pickle_is_harmless(value, &limits, scratch, &harm)) refuse(harm.offset, harm.what);
 *
 * pickle_verify says whether a pickle may be stored.  Of what it calls malformed or truncated this
 * says whether it may pass as bytes without meaning: true when no CPython unpickler (3.8 on, C or
 * Python, loads or load, any encoding=) that is given these bytes imports, calls or changes
 * anything before it comes to its error or its end, nor takes memory or time out of proportion.
 *
 * An import is counted when the name's first dotted part could stand in an import statement, for a
 * reader imports the first part first.  Bytes above 127 count as letters.  What follows STOP is
 * read as another pickle.  An object that the reader itself brings along (an extension code that
 * its program has registered, an out-of-band buffer) is no import, but using it for anything is an
 * effect.  Persistent ids end the reading: pickle.loads has no persistent_load.
 *
 * The answer errs to one side only: what is not known to fail counts as done. Thread, ownership and
 * cost as pickle_verify; one pass, no recursion. */
#ifndef BRINE_PICKLE_HARMLESS_H
#define BRINE_PICKLE_HARMLESS_H

#include "base/bytes.h"
#include "pickle/verify.h"

struct pickle_harm {
    size_t offset;             /* of the opcode that does it */
    uint8_t opcode;            /* 0 when it is no opcode's */
    struct bytes module, name; /* of an import, in the input; data NULL when it is something else */
    /* The bytes end within the name: only readers written in Python (pickle._Unpickler, and so
     * joblib and pandas) import then, and it is the last thing they do.  The C unpickler does
     * nothing.  The words "cat" and "index" are such values. */
    bool cut;
    char what[96]; /* "GLOBAL would import a module" */
};

/* *harm is filled in when the answer is false. */
bool pickle_is_harmless(struct bytes input, const struct pickle_limits *limits,
                        struct pickle_scratch *scratch, struct pickle_harm *harm) MUST_USE;

#endif
