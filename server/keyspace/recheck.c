/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A label says under which generation of the policy its value was admitted, so whether
 * a value is stale costs a compare.  A stale one is settled in the steps of an update: look and
 * copy (or pin) under the lock, judge without it, look again; if it is still the same value it gets
 * its new label or is denied, and if it is another one, that one is looked at.
 *
 * Whether there is anything stale at all is known by counting labels, not by walking entries: the
 * sum over all labels that are not current.  Counted at most once a second, and only until it is
 * nothing; from then on reads of several keys, which cannot let their locks go in the middle, need
 * not look at each key twice.
 *
 * The sweep walks the store once a generation, a few entries a call.  What is too long for an event
 * loop it leaves to who reads it. */

#include "keyspace/door.h"
#include "keyspace/settle.h"

#include "base/assert.h"
#include "store/store_write.h"

#include <stdio.h>

enum {
    COUNT_INTERVAL_MS = 1000,
    SWEEP_STEPS = 8, /* of a walk, some 16 entries each, a call */
    SWEEP_AGAIN_MAX = 8,
    SWEEP_BYTES_MAX = 256 * 1024, /* judged a call: about a millisecond */
    RECHECKED_BYTES_KEPT = 64 * 1024,
    NAMES_BYTES_MAX = 16 << 20,
    GENERATION_BITS = 32,
};

static struct recheck *state_of(const struct keyspace_access *access) {
    return &access->keyspace->recheck;
}
static struct gate_kinds *kinds_of(const struct keyspace_access *access) {
    return access->keyspace->gate->kinds;
}
static enum keyspace_recheck when_of(const struct keyspace_access *access) {
    return (enum keyspace_recheck)atomic_load_explicit(&state_of(access)->when,
                                                       memory_order_relaxed);
}
static bool denied_is_error(const struct keyspace_access *access) {
    return atomic_load_explicit(&state_of(access)->denied, memory_order_relaxed) ==
           KEYSPACE_DENIED_ERROR;
}

static bool has_old_label(const struct keyspace_access *access, const struct store_value *value) {
    const struct gate_kinds *kinds = kinds_of(access);
    return kinds && !gate_kinds_is_current(kinds, value->label) && value->type == VALUE_STRING;
}

bool recheck_is_stale(const struct keyspace_access *access, const struct store_value *value) {
    if (LIKELY(!has_old_label(access, value))) return false;
    enum keyspace_recheck when = when_of(access);
    return when == KEYSPACE_RECHECK_READ || when == KEYSPACE_RECHECK_BOTH;
}

static bool may_hold_stale(const struct keyspace_access *access) {
    const struct gate_kinds *kinds = kinds_of(access);
    if (!kinds) return false;
    uint32_t generation = gate_kinds_generation(kinds);
    return generation && (uint32_t)atomic_load_explicit(&state_of(access)->clean,
                                                        memory_order_acquire) != generation;
}

bool recheck_is_needed(const struct keyspace_access *access) {
    return UNLIKELY(may_hold_stale(access)) && when_of(access) != KEYSPACE_RECHECK_SWEEP &&
           when_of(access) != KEYSPACE_RECHECK_OFF;
}

uint16_t recheck_redeem(struct keyspace_access *access, uint32_t ticket) {
    const struct gate_kinds *kinds = kinds_of(access);
    if (!kinds) return 0;
    uint16_t label = gate_kinds_redeem(kinds, ticket);
    if (UNLIKELY(!gate_kinds_is_current(kinds, label))) {
        struct recheck *recheck = state_of(access);
        uint64_t clean = atomic_load_explicit(&recheck->clean, memory_order_relaxed), dirty;
        do dirty = ((clean >> GENERATION_BITS) + 1) << GENERATION_BITS;
        while (!atomic_compare_exchange_weak(&recheck->clean, &clean, dirty));
    }
    return label;
}

/* ---- one key ------------------------------------------------------------------------------------
 */

/* The value that is being judged, kept beyond the lock. */
struct suspect {
    struct blob *blob;  /* a reference */
    struct bytes bytes; /* of the blob, or of access->rechecked */
    uint16_t label;
};

static enum keyspace_outcome take_suspect(struct keyspace_access *access,
                                          const struct store_value *value,
                                          struct suspect *suspect) {
    suspect->label = value->label;
    if (value->blob) {
        suspect->blob = blob_ref(value->blob);
        suspect->bytes = blob_view(suspect->blob);
        return KEYSPACE_DONE;
    }
    buf_clear(&access->rechecked);
    if (buf_append(&access->rechecked, value->bytes) != BRINE_OK) return KEYSPACE_NO_MEMORY;
    suspect->bytes = buf_view(&access->rechecked);
    return KEYSPACE_DONE;
}

static bool is_suspect(const struct suspect *suspect, const struct store_value *value) {
    if (value->label != suspect->label || value->type != VALUE_STRING) return false;
    if (suspect->blob || value->blob) return suspect->blob == value->blob;
    return bytes_equal(suspect->bytes, value->bytes);
}

static enum gate_verdict judge_suspect(struct keyspace_access *access, const struct store_key *key,
                                       const struct suspect *suspect) {
    struct gate_question question = {
        .db = key->db,
        .key = key->name,
        .value = suspect->bytes,
        .command = access->command ? access->command : "",
        .actor = access->actor,
        .actor_context = access->actor_context,
        .may_defer = access->may_defer || access->in_transaction,
        .recheck = true,
    };
    access->answer.text[0] = 0;
    enum gate_verdict verdict = door_ask(access, &question);
    if (verdict == GATE_DEFER && access->in_transaction)
        verdict = door_ask_locked(access, &question);
    if (verdict == GATE_DROP && !access->answer.text[0])
        snprintf(access->answer.text, sizeof access->answer.text,
                 "PICKLEDENIED offset %zu: the value was stored under an older policy and is not "
                 "allowed any more",
                 access->answer.offset);
    return verdict;
}

/* Under the lock, the value still there. */
static enum keyspace_outcome carry_out(struct keyspace_access *access, const struct store_key *key,
                                       enum gate_verdict verdict) {
    struct store *store = access->keyspace->store;
    if (verdict == GATE_ADMIT) {
        uint16_t label = recheck_redeem(access, access->answer.label);
        return store_set_label(store, key, label, access->now_ms) == BRINE_NO_MEMORY
                   ? KEYSPACE_NO_MEMORY
                   : KEYSPACE_DONE;
    }
    if (access->answer.undecided) return KEYSPACE_REFUSED;
    metrics_add(access->metrics, METRIC_gate_recheck_denied, 1);
    if (denied_is_error(access)) return KEYSPACE_REFUSED;
    (void)store_remove(store, key, access->now_ms);
    door_changed(access, "del", key);
    return KEYSPACE_DONE;
}

/* Judges what is there when it has an old label, whether reads ask for it or not. */
static enum keyspace_outcome settle(struct keyspace_access *access, const struct store_key *key) {
    struct store *store = access->keyspace->store;
    struct suspect suspect = {0};
    struct store_value value;
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    store_lock(store, &access->hold, key);
    bool found = store_find(store, key, access->now_ms, &value) && has_old_label(access, &value);
    if (found) outcome = take_suspect(access, &value, &suspect);
    store_unlock(store, &access->hold);
    if (!found || outcome != KEYSPACE_DONE) return outcome;

    if (access->in_transaction && suspect.bytes.len > access->keyspace->locked_bytes_max) {
        snprintf(access->answer.text, sizeof access->answer.text,
                 "PICKLELIMIT the value was stored under an older policy and is too long to be "
                 "verified within a transaction: read it outside of MULTI first");
        outcome = KEYSPACE_REFUSED;
        goto done;
    }
    BRINE_ASSERT(
        access->hold.depth == 0 || access->in_transaction,
        "the gate is not asked while a lock is held, but for a transaction's short values");
    enum gate_verdict verdict = judge_suspect(access, key, &suspect);
    if (verdict == GATE_DEFER) {
        outcome = KEYSPACE_DEFERRED;
        goto done;
    }
    metrics_add(access->metrics, METRIC_gate_rechecked, 1);
    store_lock(store, &access->hold, key);
    if (store_find(store, key, access->now_ms, &value) && is_suspect(&suspect, &value))
        outcome = carry_out(access, key, verdict);
    store_unlock(store, &access->hold);
done:
    blob_unref(suspect.blob);
    buf_clear(&access->rechecked);
    buf_shrink(&access->rechecked, RECHECKED_BYTES_KEPT);
    return outcome;
}

void recheck_init(struct recheck *recheck, struct allocator *mem) {
    *recheck = (struct recheck){0};
    buf_init(&recheck->names, mem, NAMES_BYTES_MAX);
}

void recheck_deinit(struct recheck *recheck) {
    buf_deinit(&recheck->names);
}

enum keyspace_outcome recheck_settle(struct keyspace_access *access, const struct store_key *key) {
    enum keyspace_outcome outcome = settle(access, key);
    if (outcome == KEYSPACE_DEFERRED) access->deferred = true;
    return outcome;
}

enum keyspace_outcome recheck_give_up(struct keyspace_access *access) {
    snprintf(access->answer.text, sizeof access->answer.text,
             "PICKLEDENIED the policy or the value changes faster than it can be verified; ask "
             "again");
    return KEYSPACE_REFUSED;
}

/* ---- all keys -----------------------------------------------------------------------------------
 */

/* Of all shards; NULL: no memory. */
static struct store_label_count *count_labels(struct keyspace_access *access, size_t labels) {
    struct store_label_count *counts = mem_alloc(access->rechecked.mem, labels * sizeof *counts);
    if (counts) keyspace_count_labels(access, counts, labels);
    return counts;
}

/* Frees kinds that no entry has: counted twice, for what was on its way. */
static void make_room(struct keyspace_access *access, struct gate_kinds *kinds, size_t labels) {
    for (int round = 0; round < 2; round++) {
        struct store_label_count *counts = count_labels(access, labels);
        uint64_t *entries = mem_alloc(access->rechecked.mem, labels * sizeof *entries);
        size_t retired = 0;
        if (counts && entries) {
            for (size_t i = 0; i < labels; i++) entries[i] = counts[i].entries;
            if (round == 0)
                retired = gate_kinds_retire(kinds, entries);
            else
                gate_kinds_free_retired(kinds, entries);
        }
        mem_free(access->rechecked.mem, entries, labels * sizeof *entries);
        mem_free(access->rechecked.mem, counts, labels * sizeof *counts);
        if (retired == 0) return;
    }
}

/* Finds out whether anything stale is left. */
static void count_stale(struct keyspace_access *access, struct gate_kinds *kinds, size_t labels) {
    struct recheck *recheck = state_of(access);
    uint32_t generation = gate_kinds_generation(kinds);
    uint64_t before = atomic_load_explicit(&recheck->clean, memory_order_acquire);
    struct store_label_count *counts = count_labels(access, labels);
    uint64_t stale = 0;
    for (size_t label = 0; counts && label < labels; label++)
        if (counts[label].entries && !gate_kinds_is_current(kinds, (uint16_t)label))
            stale += counts[label].entries;
    uint64_t clean = (before >> GENERATION_BITS) << GENERATION_BITS | generation;
    if (counts && !stale) atomic_compare_exchange_strong(&recheck->clean, &before, clean);
    mem_free(access->rechecked.mem, counts, labels * sizeof *counts);
}

struct stale_names {
    struct keyspace_access *access;
    bool full;
};

static void note_stale(void *context, struct bytes name, const struct store_value *value) {
    struct stale_names *stale = context;
    struct buf *names = &state_of(stale->access)->names;
    size_t start = names->len;
    uint32_t len = (uint32_t)name.len;
    if (stale->full || !has_old_label(stale->access, value)) return;
    if (buf_append(names, bytes_view(&len, sizeof len)) == BRINE_OK &&
        buf_append(names, name) == BRINE_OK)
        return;
    names->len = start;
    stale->full = true;
}

/* A step of the walk: what it finds is left in names.  Names for which there was no memory are
 * looked for again, a few times; then they are left to who reads them. */
static void walk(struct keyspace_access *access) {
    struct recheck *recheck = state_of(access);
    struct store *store = access->keyspace->store;
    struct stale_names stale = {.access = access};
    struct store_scan scan = {
        .db = recheck->db, .now_ms = access->now_ms, .visit = note_stale, .ctx = &stale};
    buf_clear(&recheck->names);
    recheck->names_at = 0;
    recheck->names_db = recheck->db;
    uint64_t next = store_scan(store, &access->hold, &scan, recheck->cursor);
    if (stale.full && recheck->again++ < SWEEP_AGAIN_MAX) return;
    recheck->again = 0;
    recheck->cursor = next;
    if (!recheck->cursor && ++recheck->db == store_databases(store)) recheck->walking = false;
}

/* Settles the next name.  Returns the bytes that were judged. */
static size_t settle_next(struct keyspace_access *access) {
    struct recheck *recheck = state_of(access);
    struct store *store = access->keyspace->store;
    struct bytes names = buf_view(&recheck->names);
    struct store_value value;
    uint32_t len;
    memcpy(&len, names.data + recheck->names_at, sizeof len);
    size_t start = recheck->names_at + sizeof len;
    recheck->names_at = start + len;
    struct store_key key = keyspace_key(access, recheck->names_db, bytes_slice(names, start, len));
    store_lock(store, &access->hold, &key);
    size_t bytes = store_find(store, &key, access->now_ms, &value) ? value.bytes.len : 0;
    store_unlock(store, &access->hold);
    /* What is deferred or finds no memory is left to who reads it. */
    return settle(access, &key) == KEYSPACE_DEFERRED ? 0 : bytes;
}

/* A piece of the walk; true: it has not come to its end. */
static bool sweep(struct keyspace_access *access, uint32_t generation) {
    struct recheck *recheck = state_of(access);
    bool may_defer = access->may_defer;
    if (recheck->swept != generation) {
        recheck->swept = generation;
        recheck->walking = true;
        recheck->db = 0;
        recheck->cursor = 0;
        recheck->names_at = recheck->names.len = 0;
    }
    access->may_defer = true; /* so that what is long is not judged here */
    size_t bytes = 0;
    for (int steps = 0; bytes < SWEEP_BYTES_MAX;) {
        if (recheck->names_at < recheck->names.len) {
            bytes += settle_next(access);
        } else if (recheck->walking && steps < SWEEP_STEPS) {
            walk(access);
            steps++;
        } else {
            break;
        }
    }
    access->may_defer = may_defer;
    return recheck->walking || recheck->names_at < recheck->names.len;
}

bool recheck_upkeep(struct keyspace_access *access) {
    struct recheck *recheck = state_of(access);
    struct gate_kinds *kinds = kinds_of(access);
    if (LIKELY(!may_hold_stale(access)) && (!kinds || LIKELY(!gate_kinds_needs_room(kinds))))
        return false;
    if (atomic_flag_test_and_set_explicit(&recheck->busy, memory_order_acquire)) return false;
    size_t labels = gate_kinds_labels(kinds);
    enum keyspace_recheck when = when_of(access);
    bool more = false;
    if (may_hold_stale(access) && (when == KEYSPACE_RECHECK_SWEEP || when == KEYSPACE_RECHECK_BOTH))
        more = sweep(access, gate_kinds_generation(kinds));
    int64_t next_ms = atomic_load_explicit(&recheck->next_count_ms, memory_order_relaxed);
    if (!more && (access->now_ms >= next_ms || next_ms > access->now_ms + COUNT_INTERVAL_MS)) {
        atomic_store_explicit(&recheck->next_count_ms, access->now_ms + COUNT_INTERVAL_MS,
                              memory_order_relaxed);
        if (may_hold_stale(access)) count_stale(access, kinds, labels);
        if (gate_kinds_needs_room(kinds)) make_room(access, kinds, labels);
    }
    atomic_flag_clear_explicit(&recheck->busy, memory_order_release);
    return more;
}

void keyspace_set_recheck(struct keyspace *keyspace, enum keyspace_recheck when,
                          enum keyspace_denied denied) {
    atomic_store_explicit(&keyspace->recheck.when, (uint8_t)when, memory_order_relaxed);
    atomic_store_explicit(&keyspace->recheck.denied, (uint8_t)denied, memory_order_relaxed);
}
