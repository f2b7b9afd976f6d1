/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Values that come back from disk: judged as a client's would be, and stored with what was known of
 * them.  Thread, locks: as keyspace.h; nothing is held by the caller. */
#ifndef BRINE_KEYSPACE_LOAD_H
#define BRINE_KEYSPACE_LOAD_H

#include "keyspace/keyspace.h"

struct keyspace_loaded {
    struct bytes value;
    int64_t expire_at_ms;
    uint16_t writer;      /* of this process's numbers */
    uint32_t stored_at_s; /* 0: not known */
    struct store_usage usage;
};

/* DONE; NOT_DONE: the key is there already, and stays; STOPPED: the gate dropped it; REFUSED,
 * NO_MEMORY, KEY_TOO_BIG.  Nobody is told of the change. */
enum keyspace_outcome keyspace_load_string(struct keyspace_access *access,
                                           const struct store_key *key,
                                           const struct keyspace_loaded *loaded) MUST_USE;

#endif
