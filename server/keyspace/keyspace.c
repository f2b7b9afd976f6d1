/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A write has three steps, and the lock is held in the last one alone:
 *
 *     judge    the gate reads the bytes that would be stored
 *     prepare  a large value is copied into a blob of its own
 *     store    lock, look at what is there now, put, unlock
 *
 * What depends on what is there already is in update.c, what is made of other keys in combine.c. */

#include "keyspace/keyspace.h"

#include "base/assert.h"
#include "keyspace/door.h"
#include "keyspace/room.h"
#include "keyspace/settle.h"
#include "store/store_write.h"

#include <stdio.h>

/* Of an update's or an MSET's old values together; beyond it the write finds no memory. */
static const size_t SCRATCH_BYTES_MAX = (size_t)4 << 30;

enum {
    BLOB_FROM_BYTES = 16 * 1024,
    LOCKED_BYTES_MAX = 1 << 20,
    LOCKED_TOTAL_MAX = 64 << 20, /* 0.1 s of who waits, most of the time */
    /* Entries a call of upkeep looks at: some 100 us each, so that a lock is free again soon. */
    SWEEP_BUDGET = 1000,
    RECLAIM_BUDGET = 1000,
    COMPACT_BUDGET = 200,
    SETTLE_TRIES = 8, /* looks at a key whose value an older policy admitted */
};
static const double STALE_WEIGHT = 0.05; /* Source: Redis expire.c, activeExpireCycle */
static const double PPM = 1e6;

static bool condition_holds(enum keyspace_condition condition, bool found) {
    switch (condition) {
    case KEYSPACE_ALWAYS:
        return true;
    case KEYSPACE_IF_ABSENT:
        return !found;
    case KEYSPACE_IF_PRESENT:
        return found;
    }
    return false;
}

/* Under the shard's lock: what the store removes of its own accord. */
static void tell_removed(void *context, uint32_t db, struct bytes name, enum store_removal reason) {
    struct keyspace *keyspace = context;
    events_note_removed(keyspace, db, name, reason);
    /* A transaction sees by itself that what it watches has expired. */
    if (reason == STORE_REMOVED_EXPIRED) return;
    struct store_key key = store_key(keyspace->store, db, name);
    watch_touch(&keyspace->watches, &key);
}

void keyspace_init(struct keyspace *keyspace, const struct keyspace_options *options) {
    *keyspace = (struct keyspace){
        .store = options->store,
        .gate = options->gate,
        .blob_from_bytes = options->blob_from_bytes ? options->blob_from_bytes : BLOB_FROM_BYTES,
        .locked_bytes_max =
            options->locked_bytes_max ? options->locked_bytes_max : LOCKED_BYTES_MAX,
        .locked_total_max =
            options->locked_total_max ? options->locked_total_max : LOCKED_TOTAL_MAX,
        .provenance = options->provenance,
    };
    int code = pthread_mutex_init(&keyspace->reservation, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    watch_table_init(&keyspace->watches);
    keyspace_events_init(&keyspace->events, store_allocator(options->store));
    recheck_init(&keyspace->recheck, store_allocator(options->store));
    writers_init(&keyspace->writers, store_allocator(options->store));
    purses_init(&keyspace->purses, &keyspace->room.bytes_max);
    store_set_hook(options->store, tell_removed, keyspace);
}

void keyspace_deinit(struct keyspace *keyspace) {
    purses_deinit(&keyspace->purses);
    writers_deinit(&keyspace->writers);
    recheck_deinit(&keyspace->recheck);
    keyspace_events_deinit(&keyspace->events);
    watch_table_deinit(&keyspace->watches);
    pthread_mutex_destroy(&keyspace->reservation);
}

void keyspace_access_init(struct keyspace_access *access, struct keyspace *keyspace,
                          struct metrics *metrics, struct allocator *mem) {
    *access = (struct keyspace_access){.keyspace = keyspace, .metrics = metrics};
    buf_init(&access->old, mem, SCRATCH_BYTES_MAX);
    buf_init(&access->new, mem, SCRATCH_BYTES_MAX);
    buf_init(&access->rechecked, mem, SCRATCH_BYTES_MAX);
    buf_init(&access->events, mem, KEYSPACE_EVENTS_BYTES_MAX);
    buf_init(&access->removals, mem, KEYSPACE_EVENTS_BYTES_MAX);
    purse_init(&access->purse, &keyspace->purses, mem);
    gate_desk_init(&access->desk, mem, &access->purse.allocator);
    access->desk.metrics = metrics;
}

void keyspace_access_deinit(struct keyspace_access *access) {
    buf_deinit(&access->old);
    buf_deinit(&access->new);
    buf_deinit(&access->rechecked);
    buf_deinit(&access->events);
    buf_deinit(&access->removals);
    gate_desk_deinit(&access->desk);
}

/* ---- reading ----------------------------------------------------------------------------------*/

/* What was there is not shown: the answer says why, unless it is to be a miss or to be asked again
 * elsewhere. */
static void withhold(struct keyspace_access *access, enum keyspace_outcome outcome) {
    if (outcome == KEYSPACE_NO_MEMORY)
        snprintf(access->answer.text, sizeof access->answer.text,
                 "OOM the value is to be verified again, and the server is out of memory");
    access->withheld |= outcome == KEYSPACE_REFUSED || outcome == KEYSPACE_NO_MEMORY;
}

enum keyspace_outcome door_lock_and_find(struct keyspace_access *access,
                                         const struct store_key *key, bool for_write, bool *found,
                                         struct store_value *value) {
    struct store *store = access->keyspace->store;
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    for (int tries = 0; outcome == KEYSPACE_DONE && tries < SETTLE_TRIES; tries++) {
        if (for_write) {
            outcome = door_lock(access, key);
            if (outcome != KEYSPACE_DONE) return outcome;
        } else {
            store_lock(store, &access->hold, key);
        }
        *found = store_find(store, key, access->now_ms, value);
        if (LIKELY(!*found || !recheck_is_stale(access, value))) return KEYSPACE_DONE;
        store_unlock(store, &access->hold);
        outcome = recheck_settle(access, key);
    }
    if (outcome == KEYSPACE_DONE) outcome = recheck_give_up(access);
    withhold(access, outcome);
    return outcome;
}

void keyspace_count_look(struct keyspace_access *access, bool found) {
    metrics_add(access->metrics, found ? METRIC_keyspace_hits : METRIC_keyspace_misses, 1);
}

static void count_read(struct keyspace_access *access, const struct store_key *key, bool found,
                       const struct store_value *value) {
    if (LIKELY(!access->asks_nothing)) keyspace_count_look(access, found);
    struct store *store = access->keyspace->store;
    if (found) access->read_bytes = value->bytes.len;
    if (found && !access->glances) store_touch(store, key, value, access->now_ms);
    if (!found && !access->glances) store_miss(store, key, access->now_ms);
    if (!found) door_missed(access, key);
}

bool keyspace_enter(struct keyspace_access *access, const struct store_key *key,
                    struct store_value *value) {
    bool found;
    if (UNLIKELY(door_lock_and_find(access, key, false, &found, value) != KEYSPACE_DONE)) {
        store_lock(access->keyspace->store, &access->hold, key);
        found = false;
    }
    count_read(access, key, found, value);
    return found;
}

bool keyspace_peek(struct keyspace_access *access, const struct store_key *key,
                   struct store_value *value) {
    store_lock(access->keyspace->store, &access->hold, key);
    return store_find(access->keyspace->store, key, access->now_ms, value);
}

/* Holding nothing but a transaction's locks. */
static enum keyspace_outcome settle_keys(struct keyspace_access *access,
                                         const struct store_key *keys, size_t count) {
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    if (LIKELY(!recheck_is_needed(access))) return KEYSPACE_DONE;
    for (size_t i = 0; i < count && outcome == KEYSPACE_DONE; i++)
        outcome = recheck_settle(access, &keys[i]);
    return outcome;
}

void keyspace_enter_keys(struct keyspace_access *access, const struct store_key *keys,
                         size_t count) {
    struct store *store = access->keyspace->store;
    withhold(access, settle_keys(access, keys, count));
    store_lock_keys(store, &access->hold, keys, count);
}

/* A value that was stored by another since its key was settled, under an older policy yet, is a
 * miss: it cannot be judged while several keys are locked. */
bool keyspace_find(struct keyspace_access *access, const struct store_key *key,
                   struct store_value *value) {
    bool found = store_find(access->keyspace->store, key, access->now_ms, value) &&
                 LIKELY(!recheck_is_stale(access, value));
    count_read(access, key, found, value);
    return found;
}

void keyspace_leave(struct keyspace_access *access) {
    store_unlock(access->keyspace->store, &access->hold);
}

const char *keyspace_writer_text(struct keyspace *keyspace, uint16_t writer, char *text,
                                 size_t size) {
    return writers_text(&keyspace->writers, writer, text, size);
}

void keyspace_count_labels(struct keyspace_access *access, struct store_label_count *counts,
                           size_t labels_count) {
    struct store *store = access->keyspace->store;
    memset(counts, 0, labels_count * sizeof *counts);
    for (size_t shard = 0; shard < store_shards(store); shard++)
        store_count_labels(store, &access->hold, shard, counts, labels_count);
}

struct scan_step {
    struct keyspace_access *access;
    const struct keyspace_scan *scan;
};

/* Shows what lives, and remembers in access->old the names of what is over. */
static void scan_visit(void *context, struct bytes name, const struct store_value *value) {
    const struct scan_step *step = context;
    bool over =
        value->expire_at_ms != STORE_NO_EXPIRY && step->access->now_ms > value->expire_at_ms;
    if (!over && LIKELY(!recheck_is_stale(step->access, value))) {
        step->scan->visit(step->scan->context, name, value);
        return;
    }
    if (!over) {
        struct store_value hidden = *value;
        hidden.bytes = bytes_view(NULL, 0);
        hidden.blob = NULL;
        step->scan->visit(step->scan->context, name, &hidden);
        return;
    }
    struct buf *names = &step->access->old;
    size_t start = names->len;
    /* No memory: the sweep will find it. */
    if (buf_append(names, bytes_view(&name.len, sizeof name.len)) != BRINE_OK ||
        buf_append(names, name) != BRINE_OK)
        names->len = start;
}

uint64_t keyspace_scan(struct keyspace_access *access, const struct keyspace_scan *scan,
                       uint64_t cursor) {
    struct store *store = access->keyspace->store;
    struct scan_step step = {access, scan};
    struct store_scan shown = {.db = scan->db, .visit = scan_visit, .ctx = &step};
    if (!scan->remove_expired) shown.now_ms = access->now_ms;
    buf_clear(&access->old);
    cursor = store_scan(store, &access->hold, &shown, cursor);
    for (size_t at = 0; at < access->old.len;) {
        struct store_value value;
        struct bytes name = bytes_view(NULL, 0);
        bytes_copy_to(&name.len, bytes_slice(buf_view(&access->old), at, sizeof name.len));
        name.data = access->old.data + at + sizeof name.len;
        at += sizeof name.len + name.len;
        struct store_key key = keyspace_key(access, scan->db, name);
        store_lock(store, &access->hold, &key);
        (void)!store_find(store, &key, access->now_ms, &value); /* meeting it removes it */
        store_unlock(store, &access->hold);
    }
    buf_clear(&access->old);
    return cursor;
}

/* ---- writing strings --------------------------------------------------------------------------*/

/* Locks for a SET and looks at what is there, where an option asks for it.  A value that is denied
 * and stays (denied = "error") may be overwritten, but not shown. */
static enum keyspace_outcome lock_for_set(struct keyspace_access *access,
                                          const struct store_key *key,
                                          const struct keyspace_set_options *options, bool *found,
                                          struct store_value *old) {
    enum keyspace_outcome outcome = door_lock_and_find(access, key, true, found, old);
    if (outcome != KEYSPACE_REFUSED || options->on_old) return outcome;
    access->withheld = false;
    outcome = door_lock(access, key);
    if (outcome == KEYSPACE_DONE)
        *found = store_find(access->keyspace->store, key, access->now_ms, old);
    return outcome;
}

enum keyspace_outcome keyspace_set_string(struct keyspace_access *access,
                                          const struct store_key *key, struct bytes value,
                                          const struct keyspace_set_options *options) {
    struct store *store = access->keyspace->store;
    struct prepared prepared;
    struct store_value old;
    bool found = false;
    int64_t expire_at_ms = options->expire_at_ms;
    enum keyspace_outcome outcome = door_judge(access, key, value, &prepared);
    if (outcome == KEYSPACE_DONE) outcome = door_prepare(access, &prepared);
    if (outcome != KEYSPACE_DONE) return outcome;
    prepared.usage = options->usage;
    prepared.replaces = options->replaces;

    /* The plain SET, which is most of all writes, needs no look at what was there. */
    bool looks = options->keep_ttl || options->on_old || options->only_if != KEYSPACE_ALWAYS;
    outcome = looks ? lock_for_set(access, key, options, &found, &old) : door_lock(access, key);
    if (outcome != KEYSPACE_DONE) {
        blob_unref(prepared.blob);
        return outcome;
    }
    if (looks) {
        if (options->on_old) keyspace_count_look(access, found);
        if (options->on_old && !found) door_missed(access, key);
        if (options->on_old && !options->on_old(options->context, found ? &old : NULL))
            outcome = KEYSPACE_STOPPED;
        else if (!condition_holds(options->only_if, found))
            outcome = KEYSPACE_NOT_DONE;
        if (options->keep_ttl && found) expire_at_ms = old.expire_at_ms;
    }
    if (outcome == KEYSPACE_DONE) {
        const char *event = options->event ? options->event : "set";
        outcome = door_put(access, key, &prepared, expire_at_ms);
        if (outcome == KEYSPACE_DONE) {
            door_changed(access, event, key);
            if (expire_at_ms != STORE_NO_EXPIRY && !options->keep_ttl && !options->event)
                door_told(access, "expire", key);
        }
    } else {
        blob_unref(prepared.blob);
    }
    store_unlock(store, &access->hold);
    return outcome;
}

/* What puts need to be undone: the old values, one behind the other. */
struct undo {
    struct blob *blob;
    size_t offset, len; /* into access->old, when there is no blob */
    int64_t expire_at_ms;
    enum value_type type;
    uint16_t label, writer;
    uint32_t stored_at_s;
    bool found;
};

static bool remember_for_undo(struct keyspace_access *access, const struct store_key *key,
                              struct undo *undo) {
    struct store_value old;
    *undo = (struct undo){0};
    if (!store_find(access->keyspace->store, key, access->now_ms, &old)) return true;
    *undo = (struct undo){
        .found = true,
        .expire_at_ms = old.expire_at_ms,
        .type = old.type,
        .label = old.label,
        .writer = old.writer,
        .stored_at_s = old.stored_at_s,
    };
    if (old.blob) {
        undo->blob = blob_ref(old.blob);
        return true;
    }
    undo->offset = access->old.len;
    undo->len = old.bytes.len;
    return buf_append(&access->old, old.bytes) == BRINE_OK;
}

/* Puts an old value back.  Should even that find no memory, the key is gone: a cache may forget,
 * but it may not show half of what was to be written together. */
static void undo_put(struct keyspace_access *access, const struct store_key *key,
                     struct undo *undo) {
    struct store *store = access->keyspace->store;
    struct store_new_value old = {
        .blob = undo->blob,
        .expire_at_ms = undo->expire_at_ms,
        .type = undo->type,
        .label = undo->label,
        .writer = undo->writer,
        .stored_at_s = undo->stored_at_s,
    };
    if (!undo->blob) old.bytes = bytes_slice(buf_view(&access->old), undo->offset, undo->len);
    undo->blob = NULL;
    if (!undo->found || store_put(store, key, &old, access->now_ms) != BRINE_OK)
        (void)store_remove(store, key, access->now_ms);
}

/* Under the lock of all keys: puts all, or puts back what was put. */
static enum keyspace_outcome put_all(struct keyspace_access *access,
                                     const struct keyspace_pair *pairs, size_t count,
                                     struct prepared *prepared, struct undo *undo) {
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    size_t done = 0, remembered = 0;
    buf_clear(&access->old);
    while (done < count && outcome == KEYSPACE_DONE) {
        bool safe = remember_for_undo(access, &pairs[done].key, &undo[done]);
        remembered++;
        outcome = safe ? door_put(access, &pairs[done].key, &prepared[done], STORE_NO_EXPIRY)
                       : KEYSPACE_NO_MEMORY;
        prepared[done].blob = safe ? NULL : prepared[done].blob;
        if (outcome == KEYSPACE_DONE) done++;
    }
    if (outcome == KEYSPACE_DONE)
        for (size_t i = 0; i < count; i++) door_changed(access, "set", &pairs[i].key);
    else
        for (size_t i = done; i > 0; i--) undo_put(access, &pairs[i - 1].key, &undo[i - 1]);
    for (size_t i = 0; i < remembered; i++) blob_unref(undo[i].blob);
    return outcome;
}

enum keyspace_outcome keyspace_set_strings(struct keyspace_access *access,
                                           const struct keyspace_pair *pairs, size_t count,
                                           struct store_key *keys, bool only_if_absent) {
    struct allocator *mem = access->old.mem;
    struct prepared *prepared = NULL;
    struct undo *undo = NULL;
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    prepared = mem_alloc_zeroed(mem, count * sizeof *prepared);
    undo = mem_alloc(mem, count * sizeof *undo);
    if (!prepared || !undo) outcome = KEYSPACE_NO_MEMORY;
    for (size_t i = 0; i < count && outcome == KEYSPACE_DONE; i++)
        outcome = door_judge(access, &pairs[i].key, pairs[i].value, &prepared[i]);
    for (size_t i = 0; i < count && outcome == KEYSPACE_DONE; i++) {
        outcome = door_prepare(access, &prepared[i]);
        keys[i] = pairs[i].key;
    }
    if (outcome != KEYSPACE_DONE) goto done;

    if (only_if_absent && settle_keys(access, keys, count) == KEYSPACE_DEFERRED)
        outcome = KEYSPACE_DEFERRED;
    if (outcome == KEYSPACE_DONE) outcome = door_lock_keys(access, keys, count);
    if (outcome != KEYSPACE_DONE) goto done;
    for (size_t i = 0; only_if_absent && i < count && outcome == KEYSPACE_DONE; i++) {
        struct store_value old;
        if (store_find(access->keyspace->store, &keys[i], access->now_ms, &old))
            outcome = KEYSPACE_NOT_DONE;
    }
    if (outcome == KEYSPACE_DONE) outcome = put_all(access, pairs, count, prepared, undo);
    store_unlock(access->keyspace->store, &access->hold);
done:
    for (size_t i = 0; prepared && i < count; i++) blob_unref(prepared[i].blob);
    mem_free(mem, prepared, count * sizeof *prepared);
    mem_free(mem, undo, count * sizeof *undo);
    buf_clear(&access->old);
    buf_shrink(&access->old, KEYSPACE_SCRATCH_BYTES_KEPT);
    return outcome;
}

/* ---- writing what is no value -----------------------------------------------------------------*/

enum keyspace_outcome keyspace_remove(struct keyspace_access *access, const struct store_key *key,
                                      keyspace_old_fn *on_old, void *context) {
    struct store *store = access->keyspace->store;
    struct store_value old;
    bool found;
    enum keyspace_outcome outcome = door_lock_and_find(access, key, false, &found, &old);
    if (outcome != KEYSPACE_DONE) return outcome;
    if (on_old) keyspace_count_look(access, found);
    if (on_old && !found) door_missed(access, key);
    if (on_old && !on_old(context, found ? &old : NULL))
        outcome = KEYSPACE_STOPPED;
    else if (!found || !store_remove(store, key, access->now_ms))
        outcome = KEYSPACE_NOT_DONE;
    else
        door_changed(access, "del", key);
    store_unlock(store, &access->hold);
    return outcome;
}

bool keyspace_remove_if(struct keyspace_access *access, const struct store_key *key,
                        keyspace_wanted_fn *wanted, void *context) {
    struct store *store = access->keyspace->store;
    struct store_value value;
    store_lock(store, &access->hold, key);
    bool removed = store_find(store, key, access->now_ms, &value) && wanted(context, &value) &&
                   store_remove(store, key, access->now_ms);
    if (removed) door_changed(access, "del", key);
    store_unlock(store, &access->hold);
    return removed;
}

size_t keyspace_remove_keys(struct keyspace_access *access, const struct store_key *keys,
                            size_t count) {
    size_t removed = 0;
    store_lock_keys(access->keyspace->store, &access->hold, keys, count);
    for (size_t i = 0; i < count; i++) {
        if (!store_remove(access->keyspace->store, &keys[i], access->now_ms)) continue;
        removed++;
        door_changed(access, "del", &keys[i]);
    }
    store_unlock(access->keyspace->store, &access->hold);
    return removed;
}

enum keyspace_outcome keyspace_change_expiry(struct keyspace_access *access,
                                             const struct store_key *key,
                                             keyspace_expiry_fn *decide, void *context) {
    struct store *store = access->keyspace->store;
    struct store_value value;
    bool found;
    enum keyspace_outcome outcome = door_lock_and_find(access, key, false, &found, &value);
    if (outcome != KEYSPACE_DONE) return outcome;
    outcome = KEYSPACE_NOT_DONE;
    if (found) {
        store_touch(store, key, &value, access->now_ms);
        int64_t expire_at_ms = value.expire_at_ms;
        bool wanted = decide(context, &value, &expire_at_ms);
        if (wanted && expire_at_ms != STORE_NO_EXPIRY && expire_at_ms <= access->now_ms) {
            (void)store_remove(store, key, access->now_ms);
            door_changed(access, "del", key);
            outcome = KEYSPACE_DONE;
        } else if (wanted) {
            enum brine_status status = store_set_expiry(store, key, expire_at_ms, access->now_ms);
            outcome = status == BRINE_OK ? KEYSPACE_DONE : KEYSPACE_NO_MEMORY;
            if (status == BRINE_OK)
                door_changed(access, expire_at_ms == STORE_NO_EXPIRY ? "persist" : "expire", key);
        }
    }
    store_unlock(store, &access->hold);
    return outcome;
}

struct flush {
    struct keyspace_access *access;
    bool all;
    uint32_t db;
};

static bool flush_changes(void *context, const struct watch *watch) {
    const struct flush *flush = context;
    struct store_value value;
    return (flush->all || watch->key.db == flush->db) &&
           store_find(flush->access->keyspace->store, &watch->key, flush->access->now_ms, &value);
}

static void flush(struct keyspace_access *access, bool all, uint32_t db) {
    struct store *store = access->keyspace->store;
    struct flush context = {access, all, db};
    store_lock_all(store, &access->hold);
    watch_touch_if(&access->keyspace->watches, flush_changes, &context);
    if (all)
        store_flush_all(store, &access->hold);
    else
        store_flush_db(store, &access->hold, db);
    door_flushed(access);
    store_unlock(store, &access->hold);
}

void keyspace_flush_db(struct keyspace_access *access, uint32_t db) {
    flush(access, false, db);
}

void keyspace_flush_all(struct keyspace_access *access) {
    flush(access, true, 0);
}

struct swap {
    struct keyspace_access *access;
    uint32_t a, b;
};

/* A key that was there, or is there now.  Source: Redis 7.0 multi.c touchAllWatchedKeysInDb. */
static bool swap_changes(void *context, const struct watch *watch) {
    const struct swap *swap = context;
    struct store *store = swap->access->keyspace->store;
    struct store_key other = watch->key;
    struct store_value value;
    if (watch->key.db != swap->a && watch->key.db != swap->b) return false;
    other.db = watch->key.db == swap->a ? swap->b : swap->a;
    return store_find(store, &watch->key, swap->access->now_ms, &value) ||
           store_find(store, &other, swap->access->now_ms, &value);
}

/* The rules are asked before and looked at again under the locks: as long as they are the same, no
 * value lies there that others have admitted. */
enum keyspace_outcome keyspace_swap_dbs(struct keyspace_access *access, uint32_t a, uint32_t b) {
    struct keyspace *keyspace = access->keyspace;
    struct swap swap = {access, a, b};
    uint32_t generation;
    if (gate_tells_apart(keyspace->gate, a, b, &generation)) return KEYSPACE_NOT_DONE;
    store_lock_all(keyspace->store, &access->hold);
    bool same = gate_is_at(keyspace->gate, generation);
    if (same) {
        watch_touch_if(&keyspace->watches, swap_changes, &swap);
        store_swap_dbs(keyspace->store, &access->hold, a, b);
        door_flushed(access);
    }
    store_unlock(keyspace->store, &access->hold);
    return same ? KEYSPACE_DONE : KEYSPACE_NOT_DONE;
}

void keyspace_reclaim(struct keyspace_access *access) {
    struct store *store = access->keyspace->store;
    for (size_t shard = 0; shard < store_shards(store); shard++)
        while (store_reclaim(store, &access->hold, shard, RECLAIM_BUDGET)) {}
}

static bool sweep_shard(struct keyspace_access *access, size_t shard) {
    struct keyspace *keyspace = access->keyspace;
    bool is_off = atomic_load_explicit(&keyspace->sweep_is_off, memory_order_relaxed);
    uint32_t heard = atomic_load_explicit(&keyspace->events.heard, memory_order_relaxed);
    bool promptly = heard & (KEYSPACE_HEAR_ENDS | KEYSPACE_HEAR_CACHES);
    if (is_off) return false;
    return (promptly ? store_sweep_promptly : store_sweep)(keyspace->store, &access->hold, shard,
                                                           access->now_ms, SWEEP_BUDGET);
}

static bool tidy_shard(struct keyspace_access *access, size_t shard) {
    struct store *store = access->keyspace->store;
    bool more = sweep_shard(access, shard);
    more |= store_reclaim(store, &access->hold, shard, RECLAIM_BUDGET);
    more |= store_compact(store, &access->hold, shard, COMPACT_BUDGET);
    return more;
}

bool keyspace_upkeep(struct keyspace_access *access, size_t shard) {
    bool more = tidy_shard(access, shard);
    more |= room_upkeep(access, shard); /* each has its share of the turn */
    more |= recheck_upkeep(access);
    return more;
}

void keyspace_compact(struct keyspace_access *access) {
    for (size_t shard = 0; shard < store_shards(access->keyspace->store); shard++)
        while (tidy_shard(access, shard)) {}
}

/* ---- how much is stale ------------------------------------------------------------------------*/

void keyspace_note_stale(struct keyspace *keyspace) {
    struct store_counts counts = store_counts(keyspace->store);
    uint64_t seen = atomic_exchange(&keyspace->expired_seen, counts.expired_total);
    uint64_t ended = counts.expired_total - MIN(seen, counts.expired_total);
    uint32_t before = atomic_load_explicit(&keyspace->stale_ppm, memory_order_relaxed);
    double share = ended ? (double)ended / (double)(counts.keys_with_expiry + ended) : 0;
    if (before == 0 && ended == 0) return;
    double mean = before * (1 - STALE_WEIGHT) + share * PPM * STALE_WEIGHT;
    atomic_store_explicit(&keyspace->stale_ppm, (uint32_t)mean, memory_order_relaxed);
}

double keyspace_stale_share(const struct keyspace *keyspace) {
    return atomic_load_explicit(&keyspace->stale_ppm, memory_order_relaxed) / PPM;
}

void keyspace_reset_stale(struct keyspace *keyspace) {
    atomic_store(&keyspace->expired_seen, store_counts(keyspace->store).expired_total);
    atomic_store_explicit(&keyspace->stale_ppm, 0, memory_order_relaxed);
}
