/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Ghosts: what a shard remembers of entries that gave way: how often they had been used, in two
 * bytes each, so that a key which comes back is known to be no stranger.  Private to store/.
 *
 * A ghost is 12 bits of the key's hash and 4 of its uses, in one of 16 places that the hash
 * chooses: one stranger in 256 is taken for one that came back.  A full set forgets its least used.
 * Thread: whoever holds the shard's lock.  Cost: a look at 32 bytes for each birth and eviction.
 * Errors: without memory there are no ghosts. */
#ifndef BRINE_STORE_GHOST_H
#define BRINE_STORE_GHOST_H

#include "base/mem.h"

enum { GHOST_SET = 16, GHOST_USES_MAX = 15, GHOST_SETS_MAX = 1 << 22 };

struct ghosts {
    uint16_t *slots; /* NULL: none yet; 0: an empty place */
    uint32_t sets;   /* a power of two */
    uint32_t turn;   /* which of equals a full set forgets */
};

/* Makes room for about so many; what was there is forgotten when it grows or shrinks by much. */
void ghosts_fit(struct ghosts *ghosts, struct allocator *mem, uint64_t entries);
void ghosts_deinit(struct ghosts *ghosts, struct allocator *mem);

size_t ghosts_taken_bytes(const struct ghosts *ghosts);

void ghosts_add(struct ghosts *ghosts, uint64_t hash, uint32_t uses);
/* Takes the key's ghost; false: there is none. */
bool ghosts_take(struct ghosts *ghosts, uint64_t hash, uint32_t *uses);

#endif
