/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The scripts that clients have loaded: which known program the SHA-1 of a text stands for, and
 * where in that text its sites are.  What the programs are is the asker's table; here they are
 * numbers.
 *
 *     script_cache_put(&cache, &entry);                   // SCRIPT LOAD, EVAL
 *     if (!script_cache_find(&cache, &digest, &entry)) ... NOSCRIPT
 *
 * Bound: SCRIPTS_LOADED_MAX texts; another one takes the place of the one that was loaded first,
 * and whoever wants that again is told NOSCRIPT and loads it, as after SCRIPT FLUSH.  Texts are not
 * kept.
 * Thread: any, under a mutex that is a leaf.  Cost: one look at each loaded script's first bytes;
 * the memory is there from the start. */
#ifndef BRINE_SCRIPT_CACHE_H
#define BRINE_SCRIPT_CACHE_H

#include "script/normal.h"

#include <pthread.h>

enum { SCRIPTS_LOADED_MAX = 128 };

struct script_entry {
    struct script_digest digest; /* of the text */
    uint16_t program;
    struct script_normal normal; /* its lines and its hole */
};

struct script_cache {
    pthread_mutex_t lock;
    size_t count, next; /* the place that is taken next */
    struct script_entry entries[SCRIPTS_LOADED_MAX];
};

void script_cache_init(struct script_cache *cache);
void script_cache_deinit(struct script_cache *cache);

/* A text that is there already stays where it is. */
void script_cache_put(struct script_cache *cache, const struct script_entry *entry);
/* *entry (may be NULL) is a copy. */
bool script_cache_find(struct script_cache *cache, const struct script_digest *digest,
                       struct script_entry *entry);
void script_cache_flush(struct script_cache *cache);
size_t script_cache_count(struct script_cache *cache);

#endif
