/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Pickles of one object without parts: None, a bool, a number, bytes; in the form that CPython's
 * picklers write, from PROTO to STOP.  Counters, tokens, images and whatever was made to bytes
 * before it was cached are such pickles, and a grammar of six opcodes tells them at a fraction of
 * what beginning the verifier's machine costs.
 *
 * What is a leaf here is accepted by pickle_verify under any policy, with this kind and protocol;
 * what is none here may be accepted all the same.  Strings are left out: see frame/frame.h for what
 * may hide in one.  Any thread.  Cost: some 10 ns whatever the length.
 * Source: PEP 3154; the opcodes' arguments as in opcodes.def. */
#ifndef BRINE_PICKLE_LEAF_H
#define BRINE_PICKLE_LEAF_H

#include "pickle/verify.h"

struct pickle_leaf {
    enum pickle_kind kind;
    uint8_t protocol; /* the highest of those declared and needed */
};

bool pickle_is_leaf(struct bytes input, const struct pickle_limits *limits,
                    struct pickle_leaf *leaf) MUST_USE;

#endif
