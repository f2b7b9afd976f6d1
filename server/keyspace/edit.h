/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An edit: what changes some bytes of a value, or adds some behind it, without a copy of the whole
 * where that can be (APPEND, SETRANGE, SETBIT, BITFIELD).
 *
 *     struct keyspace_edit edit = {plan, write, &context, "append", NULL};
 *     outcome = keyspace_edit_string(access, &key, &edit);
 *
 * `plan` looks at the old value (NULL: absent) and says how long the new one is and which bytes may
 * differ: from `from` up to and without `to`; beyond the old one's end all do.  `write` is shown
 * the new value with the old one's bytes in it and zeros behind, and writes there alone.  Either
 * may say LEAVE or STOP; nothing that was written then remains.  When from and len are the old
 * length, nothing is written, and those who watch are told all the same.  What write stores with
 * *untold set nobody is told of.
 *
 * Both may be called with the key's shard locked, so they are as short as they can be, and maybe
 * again when somebody else was faster, as a transform is: progress, thread and errors are
 * keyspace_update_string's.
 * Cost: that of writing where a long value keeps its length, nobody reads it meanwhile and the gate
 * needs no more than a look at what it has become; else of a copy, and a long copy leaves the event
 * loop. */
#ifndef BRINE_KEYSPACE_EDIT_H
#define BRINE_KEYSPACE_EDIT_H

#include "keyspace/keyspace.h"

struct keyspace_extent {
    size_t len, from, to;
};
struct keyspace_edit {
    enum keyspace_step (*plan)(void *context, const struct bytes *old,
                               struct keyspace_extent *extent);
    enum keyspace_step (*write)(void *context, uint8_t *data, const struct keyspace_extent *extent);
    void *context;
    const char *event;
    const bool *untold; /* of the context; NULL: all is told */
};
enum keyspace_outcome keyspace_edit_string(struct keyspace_access *access,
                                           const struct store_key *key,
                                           const struct keyspace_edit *edit) MUST_USE;

#endif
