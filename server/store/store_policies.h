/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The names of the eviction policies: part of store.h, which includes it. */
#ifndef BRINE_STORE_POLICIES_H
#define BRINE_STORE_POLICIES_H

#include <stdint.h>

/* ORDER store_policy: who gives way when there is no room, by the words of maxmemory-policy.  All
 * but brine's own are Redis's and do what they say; brine's is described in policy.h. */
#define STORE_POLICIES(X)                                                                          \
    X(BRINE, "brine")                                                                              \
    X(VOLATILE_LRU, "volatile-lru")                                                                \
    X(VOLATILE_LFU, "volatile-lfu")                                                                \
    X(VOLATILE_RANDOM, "volatile-random")                                                          \
    X(VOLATILE_TTL, "volatile-ttl")                                                                \
    X(ALLKEYS_LRU, "allkeys-lru")                                                                  \
    X(ALLKEYS_LFU, "allkeys-lfu")                                                                  \
    X(ALLKEYS_RANDOM, "allkeys-random")                                                            \
    X(NOEVICTION, "noeviction")

enum store_policy {
#define X(name, word) STORE_POLICY_##name,
    STORE_POLICIES(X)
#undef X
};

struct store_policy_options {
    enum store_policy policy;
    uint32_t lfu_log_factor, lfu_decay_minutes; /* as in Redis */
};

#endif
