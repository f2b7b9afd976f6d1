/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Renders a pickle for people, from the stream alone: nothing is imported, called or judged, so
 * that what was refused can be looked at too.
 *
 * As Python-like text:
 *     app.User(id=3, when=datetime.datetime(2026, 11, 22, 0, 0))
 * Calls are written as calls, a state as named arguments, items of an instance behind "with".  A
 * part that stands in several places is written once, as $1=[...], and as $1 afterwards, also
 * inside itself.
 *
 * As JSON, one value: what JSON has is itself; the rest is an object with one of the keys
 *     tuple, set, frozenset, dict (keys and values in turn), bytes, bytearray (hex, cut, and
 * "length"), int (as text, beyond 2**53), float (nan, inf), global, call (with args, and state and
 * items when there are), persistent, extension, buffer; "id" beside it (and list, object) when it
 * is shared, {"ref": 1} afterwards,
 *     {"more": n} in place of n parts that are left out.
 *
 * Bounded by the options and by out's limit (BRINE_TOO_BIG; what fits stands in out).  A stream
 * that no reader takes is BRINE_MALFORMED or BRINE_NEED_MORE with its offset. Cost: O(input) time
 * and memory, taken from out's allocator and given back.  Any thread. */
#ifndef BRINE_PICKLE_VIEW_H
#define BRINE_PICKLE_VIEW_H

#include "base/buf.h"

struct pickle_view_options {
    bool json;
    uint32_t items_max; /* parts shown of one container; 0: 100 */
    uint32_t text_max;  /* bytes shown of one string; 0: 200 */
    uint32_t depth_max; /* 0: 32 */
    size_t memory_max;  /* 0: 256 MiB */
};

enum brine_status pickle_view(struct bytes input, struct pickle_view_options options,
                              struct buf *out, struct brine_error *err) MUST_USE;

#endif
