/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Purses: what judging takes of memory while it lasts, and who may take much at once.
 *
 *     purse_open(&purse, PURSE_DEFERS);       // before the gate is asked
 *     ...                                     // the desk takes from purse.allocator
 *     if (purse_holds_many(&purse)) gate_desk_trim(&desk, purses_few_bytes(purse.purses) / 2);
 *     purse_close(&purse);
 *
 * A value of nothing but opcodes takes 60 times its length to judge.  So that memory.max holds
 * though every thread judges one, a thread takes *few* bytes freely, a 64th of the limit; one
 * thread at a time may take *many*, up to half of the limit, until it closes.  Another one
 * that needs many meanwhile does as it has said when it opened: it waits, or is refused, which the
 * gate takes for a reason to defer, or takes them all the same, for it holds locks.  Beyond half of
 * the limit everybody is refused: that is no value for a cache of that size, and the answer is OOM.
 *
 * Words: purses are the keyspace's, a purse is one access's.
 * Thread: a purse is one thread's; purses are everybody's.  Who waits holds no shard's lock; who
 * may take many waits for nobody, so it ends.
 * Cost: an atomic addition each time that a desk grows, which is once a doubling. */
#ifndef BRINE_KEYSPACE_PURSE_H
#define BRINE_KEYSPACE_PURSE_H

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PURSE_FEW_BYTES_MIN = 256 * 1024 };
enum purse_manner { PURSE_TAKES, PURSE_DEFERS, PURSE_WAITS };

struct purses {
    const _Atomic size_t *limit_bytes; /* of all that the process takes; 0: none */
    _Atomic size_t used_bytes, peak_bytes;
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t free;
    bool taken; /* somebody takes many */
};

struct purse {
    struct allocator allocator;
    struct allocator *parent;
    struct purses *purses;
    size_t used_bytes;
    enum purse_manner manner;
    bool takes_many;
    bool may_wait; /* its thread has the time: set by who owns the thread */
};

void purses_init(struct purses *purses, const _Atomic size_t *limit_bytes);
void purses_deinit(struct purses *purses);
/* Of all purses, now; the second: at most since it was asked last. */
size_t purses_used_bytes(const struct purses *purses);
size_t purses_take_peak(struct purses *purses);
/* What anybody may take at any time. */
size_t purses_few_bytes(const struct purses *purses);

/* Must not be moved afterwards; what was taken is given back through it before purses end. */
void purse_init(struct purse *purse, struct purses *purses, struct allocator *mem);
static inline void purse_open(struct purse *purse, enum purse_manner manner) {
    purse->manner = manner;
}
/* More than few bytes: the desk is to give them back before the purse is closed. */
bool purse_compare(const struct purse *purse);
static inline bool purse_holds_many(const struct purse *purse) {
    return UNLIKELY(purse->used_bytes > PURSE_FEW_BYTES_MIN) && purse_compare(purse);
}
void purse_let_others(struct purse *purse);
static inline void purse_close(struct purse *purse) {
    purse->manner = PURSE_TAKES;
    if (UNLIKELY(purse->takes_many)) purse_let_others(purse);
}

#endif
