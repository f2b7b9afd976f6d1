/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Transactions: answers given ahead, locks over several commands, and watched keys. */

#include "keyspace/transaction.h"

#include "base/assert.h"
#include "keyspace/door.h"

/* What unpacking may take of a transaction, beyond what each value gets on an event loop: of a
 * thread's time as much as a client waits for without noticing. */
#define LOCKED_UNPACKED_BYTES ((uint64_t)64 << 20)
#define LOCKED_UNPACK_NS      ((int64_t)100 * 1000 * 1000)

static enum keyspace_outcome judge_ahead(struct keyspace_access *access,
                                         const struct store_key *key, struct bytes value,
                                         bool published, struct keyspace_judged *judged) {
    struct prepared prepared = {0};
    enum keyspace_outcome outcome = door_judge_for(access, key, value, published, &prepared);
    *judged = (struct keyspace_judged){.db = key->db,
                                       .key = key->name,
                                       .value = value,
                                       .label = prepared.label,
                                       .dropped = prepared.dropped};
    return outcome;
}

enum keyspace_outcome keyspace_judge(struct keyspace_access *access, const struct store_key *key,
                                     struct bytes value, struct keyspace_judged *judged) {
    return judge_ahead(access, key, value, false, judged);
}

enum keyspace_outcome keyspace_judge_message(struct keyspace_access *access, uint32_t db,
                                             struct bytes channel, struct bytes message,
                                             struct keyspace_judged *judged) {
    struct store_key key = {.name = channel, .db = db};
    return judge_ahead(access, &key, message, true, judged);
}

void keyspace_begin(struct keyspace_access *access, const struct store_key *keys, size_t count,
                    const struct keyspace_judged *judged, size_t judged_count) {
    struct store *store = access->keyspace->store;
    BRINE_ASSERT(access->hold.depth == 0, "transactions do not nest");
    if (keys)
        store_lock_keys(store, &access->hold, keys, count);
    else
        store_lock_all(store, &access->hold);
    access->in_transaction = true;
    access->judged = judged;
    access->judged_count = judged_count;
    access->judged_next = 0;
    access->locked_bytes = 0;
    access->locked_unpacking = (struct frame_budget){LOCKED_UNPACKED_BYTES, LOCKED_UNPACK_NS};
}

void keyspace_end(struct keyspace_access *access) {
    access->in_transaction = false;
    access->judged_count = 0;
    store_unlock(access->keyspace->store, &access->hold);
}

void keyspace_watch(struct keyspace_access *access, struct watch *watch) {
    struct store *store = access->keyspace->store;
    struct store_value value;
    store_lock(store, &access->hold, &watch->key);
    watch->existed = store_find(store, &watch->key, access->now_ms, &value);
    watch_add(&access->keyspace->watches, watch);
    store_unlock(store, &access->hold);
}

void keyspace_unwatch(struct keyspace *keyspace, struct watch *watch) {
    watch_remove(&keyspace->watches, watch);
}

bool keyspace_watch_expired(struct keyspace_access *access, const struct watch *watch) {
    struct store_value value;
    return watch->existed &&
           !store_find(access->keyspace->store, &watch->key, access->now_ms, &value);
}
