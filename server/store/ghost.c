/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/ghost.h"

enum { USES_BITS = 4, SHRINK_SHARE = 8 };

/* The hash's top bits chose the shard and its low ones the slot: both are as good as any here. */
static uint16_t *set_of(const struct ghosts *ghosts, uint64_t hash) {
    return ghosts->slots + (size_t)(hash >> 16 & (ghosts->sets - 1)) * GHOST_SET;
}
/* Never 0, so that no ghost looks like an empty place. */
static uint16_t mark_of(uint64_t hash) {
    uint16_t mark = hash & 0xfff;
    return mark ? mark : 1;
}

static size_t bytes_of(uint32_t sets) {
    return (size_t)sets * GHOST_SET * sizeof(uint16_t);
}

size_t ghosts_taken_bytes(const struct ghosts *ghosts) {
    return bytes_of(ghosts->sets);
}

void ghosts_deinit(struct ghosts *ghosts, struct allocator *mem) {
    mem_free(mem, ghosts->slots, bytes_of(ghosts->sets));
    *ghosts = (struct ghosts){0};
}

void ghosts_fit(struct ghosts *ghosts, struct allocator *mem, uint64_t entries) {
    uint64_t sets = 1, wanted = MIN(entries / GHOST_SET, (uint64_t)GHOST_SETS_MAX);
    if (ghosts->slots && wanted <= ghosts->sets && wanted >= ghosts->sets / SHRINK_SHARE) return;
    while (sets < wanted) sets *= 2;
    if (ghosts->slots && sets == ghosts->sets) return;
    ghosts_deinit(ghosts, mem);
    ghosts->slots = mem_alloc_zeroed(mem, bytes_of((uint32_t)sets));
    ghosts->sets = ghosts->slots ? (uint32_t)sets : 0;
}

void ghosts_add(struct ghosts *ghosts, uint64_t hash, uint32_t uses) {
    if (!ghosts->slots) return;
    uint16_t *set = set_of(ghosts, hash), *least = set;
    uint32_t first = ghosts->turn++ % GHOST_SET;
    for (uint32_t i = 0; i < GHOST_SET; i++) {
        uint16_t *slot = &set[(first + i) % GHOST_SET];
        if (!*slot) {
            least = slot;
            break;
        }
        if ((*slot & GHOST_USES_MAX) < (*least & GHOST_USES_MAX) || i == 0) least = slot;
    }
    *least = (uint16_t)(mark_of(hash) << USES_BITS | MIN(uses, (uint32_t)GHOST_USES_MAX));
}

bool ghosts_take(struct ghosts *ghosts, uint64_t hash, uint32_t *uses) {
    if (!ghosts->slots) return false;
    uint16_t *set = set_of(ghosts, hash), mark = mark_of(hash);
    for (uint32_t i = 0; i < GHOST_SET; i++) {
        if (set[i] >> USES_BITS != mark) continue;
        *uses = set[i] & GHOST_USES_MAX;
        set[i] = 0;
        return true;
    }
    return false;
}
