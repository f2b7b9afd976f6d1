/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A value that holds a pickle, as Python-like text, JSON or opcodes; nothing is executed.
 *
 * Of the readings that libraries make of a value (proto/frame) the first is taken that is a pickle
 * from its first byte to STOP.  Raw bytes are one when they begin as protocols 2 and above do: that
 * "N." is a pickle of None too is nobody's meaning; `anything` takes those as well.
 * BRINE_NOT_FOUND: there is none, and nothing was appended.  BRINE_MALFORMED: there is none, but
 * `broken` asked for one that breaks off, and its opcodes as far as they go were appended and a
 * line that begins with READABLE_FAULT: where, and what is wrong. */
#ifndef BRINE_CLIENT_READABLE_H
#define BRINE_CLIENT_READABLE_H

#include "base/buf.h"

#define READABLE_FAULT "# offset "

enum readable_form { READABLE_TEXT, READABLE_JSON, READABLE_OPCODES };

struct readable {
    enum readable_form form;
    bool anything;
    bool broken;  /* of opcodes */
    bool framing; /* before it, as "zlib > pickle: ", when it is framed */
};

enum brine_status readable_append(struct buf *out, struct bytes value, struct readable options,
                                  struct brine_error *err) MUST_USE;

#endif
