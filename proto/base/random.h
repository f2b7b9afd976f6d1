/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A small, fast generator for choices that need no secrecy (sampling, jitter, simulation).  Seeded
 * by its owner, so that a run can be repeated.  One thread at a time.
 * Source: Blackman and Vigna, xoshiro256**; seeded by splitmix64. */
#ifndef BRINE_RANDOM_H
#define BRINE_RANDOM_H

#include "base/base.h"

struct random {
    uint64_t state[4];
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_u64(struct random *random);
/* Evenly from 0 to limit - 1; limit is not 0. */
uint64_t random_below(struct random *random, uint64_t limit);

#endif
