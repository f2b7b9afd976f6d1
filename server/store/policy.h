/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine's own policy.  Private to store/.
 *
 * Words.  A *tick* is the clock of the policy: a sixty-fourth of a turnover, which is the time in
 * which as many keys are born as there are; where keys are born slowly ticks also pass by time, at
 * most some 256 of them a turnover or the store's age.  An entry's *age* is in ticks since it was
 * last used.  *Uses* count logarithmically how often. */
#ifndef BRINE_STORE_POLICY_H
#define BRINE_STORE_POLICY_H

#include "store/evict.h"

void brine_init(struct evict *evict);
/* Of a key that is born; it may have been here before. */
uint16_t brine_new(struct shard *shard, uint64_t hash, int64_t now_ms);
/* An entry gives way. */
void brine_bury(struct shard *shard, const struct store_key *key, uint16_t access);
/* One went, for whatever reason but that somebody removed it. */
void brine_note_end(struct evict *evict, uint16_t access);
/* What uses are after one more, so many ticks after the one before; random: any number. */
uint32_t brine_uses_more(uint32_t uses, uint32_t age, uint32_t random);
uint16_t brine_used(struct shard *shard, uint16_t access, int64_t now_ms);
/* Of one that comes back, after so long without a use; how often it was used is not known. */
uint16_t brine_restored(struct evict *evict, int64_t idle_ms, int64_t now_ms);
int64_t brine_idle_ms(const struct evict *evict, uint16_t access, int64_t now_ms);
void brine_count_births(struct shard *shard, uint32_t births, int64_t now_ms);
/* The larger, the less is lost by its going. */
double brine_badness(const struct shard *shard, const struct entry *entry, uint32_t tick);

#endif
