/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who stored what: clients' descriptions under small numbers, which entries keep
 * (audit.provenance).
 *
 * A description is "alice@10.0.0.7 web-1 redis-py": user, address without port, client's name and
 * library, as far as there are.  At most WRITERS_MAX different ones are remembered, for as long as
 * the server runs; later ones are number 0, which is nobody.
 *
 * Thread: any, under a mutex that is a leaf; a cache is one thread's, and spares the mutex while
 * the same client goes on writing. */
#ifndef BRINE_KEYSPACE_WRITERS_H
#define BRINE_KEYSPACE_WRITERS_H

#include "base/mem.h"
#include "gate/gate.h"

#include <pthread.h>

enum { WRITERS_MAX = 4095, WRITER_TEXT_BYTES = 128, WRITERS_SLOTS = 8192 };

struct writers {
    pthread_mutex_t lock;
    struct allocator *mem;
    struct writer_texts *texts; /* NULL until somebody writes */
};

struct writer_cache {
    char text[WRITER_TEXT_BYTES];
    uint16_t number;
};

void writers_init(struct writers *writers, struct allocator *mem);
void writers_deinit(struct writers *writers);

/* The number of this actor; 0: no room. */
uint16_t writers_number(struct writers *writers, struct writer_cache *cache,
                        const struct gate_actor *actor);
/* The number of a description as writers_text gave it, by this process or an earlier one. */
uint16_t writers_number_of(struct writers *writers, struct bytes text);
/* Into text, cut; returns text. */
const char *writers_text(struct writers *writers, uint16_t number, char *text, size_t size);

#endif
