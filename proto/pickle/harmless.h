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
 * Any module's name counts as an import, for readers hand it to __import__, which takes any text;
 * but for a name in lines, as in protocol 0, without PROTO before it, whose first dotted part (the
 * second, behind a dot in front) holds a blank, a control character or one of "'()+,:;<=>[]{|}: so
 * begins text, and no file from which Python imports is called so.  What follows STOP is read as
 * another pickle.  An object that the reader itself brings along (for an extension code that its
 * program has registered, a persistent id, an out-of-band buffer) is no import, and asking for it
 * is no effect, for pickle.loads fails there; using it for anything is one.
 *
 * The answer errs to one side only: what is not known to fail counts as done.  Thread, ownership
 * and cost as pickle_verify; one pass, no recursion. */
#ifndef BRINE_PICKLE_HARMLESS_H
#define BRINE_PICKLE_HARMLESS_H

#include "base/bytes.h"
#include "pickle/verify.h"

enum pickle_harm_kind {
    PICKLE_HARM_IMPORT = 1,
    /* The bytes end within the name, as in "cat" and "index": only readers written in Python
     * (pickle._Unpickler, so joblib and pandas) import then, and do nothing after. */
    PICKLE_HARM_IMPORT_AT_END = 2,
    PICKLE_HARM_USE = 4,     /* of an object that the reader brings along */
    PICKLE_HARM_MEMORY = 8,  /* beyond the limits' heap; not counted behind such an object */
    PICKLE_HARM_TIME = 16,   /* hashing without bound or too deep, converting numbers; nor there */
    PICKLE_HARM_UNKNOWN = 32 /* readers part ways here, or a limit stopped the judge */
};

struct pickle_harm {
    unsigned kinds;     /* all that is in it up to the first that is neither memory nor time */
    bool cut;           /* kinds is IMPORT_AT_END and nothing else */
    bool out_of_memory; /* the allocator refused: with more the answer may be another */
    /* Where the reading ended: behind the last opcode that was begun, or at it.  Below the length:
     * with whatever other bytes behind it the answer would be the same. */
    size_t end;
    bool stops; /* some reader may come to a STOP with an object: to it this is a pickle */
    /* The rest tells of that one, or of the first. */
    size_t offset; /* of the opcode that does it */
    uint8_t opcode;
    struct bytes module, name; /* of an import, in the input; data NULL when it is something else */
    char what[96];             /* "GLOBAL would import a module" */
};

/* True when harm->kinds is 0. */
bool pickle_is_harmless(struct bytes input, const struct pickle_limits *limits,
                        struct pickle_scratch *scratch, struct pickle_harm *harm) MUST_USE;

/* Of an import at the end: whether the module's name is there whole.  One that the end cuts short
 * ("into" is no attempt at nt) was not written so. */
bool pickle_harm_has_module(const struct pickle_harm *harm, struct bytes input);

#endif
