/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/load.h"

#include "keyspace/door.h"
#include "keyspace/settle.h"
#include "store/store_write.h"

/* Under the lock.  Takes the prepared blob. */
static enum keyspace_outcome put_loaded(struct keyspace_access *access, const struct store_key *key,
                                        const struct keyspace_loaded *loaded,
                                        const struct prepared *prepared) {
    struct store *store = access->keyspace->store;
    struct store_value there;
    if (store_find(store, key, access->now_ms, &there)) {
        blob_unref(prepared->blob);
        return KEYSPACE_NOT_DONE;
    }
    struct store_new_value value = {
        .bytes = prepared->bytes,
        .blob = prepared->blob,
        .expire_at_ms = loaded->expire_at_ms,
        .label = recheck_redeem(access, prepared->label),
        .writer = loaded->writer,
        .stored_at_s = loaded->stored_at_s,
        .usage = loaded->usage,
    };
    enum brine_status status = store_put(store, key, &value, access->now_ms);
    if (status == BRINE_TOO_BIG) return KEYSPACE_KEY_TOO_BIG;
    return status == BRINE_OK ? KEYSPACE_DONE : KEYSPACE_NO_MEMORY;
}

enum keyspace_outcome keyspace_load_string(struct keyspace_access *access,
                                           const struct store_key *key,
                                           const struct keyspace_loaded *loaded) {
    struct prepared prepared;
    enum keyspace_outcome outcome = door_judge(access, key, loaded->value, &prepared);
    if (outcome == KEYSPACE_DONE && prepared.dropped) return KEYSPACE_STOPPED;
    if (outcome == KEYSPACE_DONE) outcome = door_prepare(access, &prepared);
    if (outcome != KEYSPACE_DONE) return outcome;
    outcome = door_lock(access, key);
    if (outcome != KEYSPACE_DONE) {
        blob_unref(prepared.blob);
        return outcome;
    }
    outcome = put_loaded(access, key, loaded, &prepared);
    store_unlock(access->keyspace->store, &access->hold);
    return outcome;
}
