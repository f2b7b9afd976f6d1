/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes that take their value from other keys.  As an update does, they look twice: the sources
 * are copied or pinned at one moment and watched from before it on; the new value is worked out and
 * judged without a lock; and it is put when no source was touched meanwhile.  If one was, all
 * begins anew. */

#include "keyspace/combine.h"

#include "base/assert.h"
#include "keyspace/door.h"
#include "keyspace/settle.h"
#include "keyspace/transaction.h"
#include "store/store_write.h"

/* Beyond so many tries the sources change faster than their values can be verified. */
enum { COMBINE_TRIES = 1000 };

/* Shorter ones are judged sooner than two rules are found and compared. */
enum { TRANSFER_READ_BYTES = 64 * 1024 };

/* Bytes that an event loop works out by itself. */
static const size_t COMBINE_AT_ONCE_BYTES = (size_t)1 << 20;

/* No source is longer, and no result longer than they are. */
static const size_t RESULT_BYTES_MAX = (size_t)4 << 30;

/* A source between the two looks. */
struct source {
    struct watch watch;
    bool found;
    enum value_form form;
    struct blob *blob; /* pinned; NULL: the bytes are in access->old */
    size_t offset, len;
    int64_t expire_at_ms;
    uint32_t ticket, generation; /* by which it was admitted; 0: not by the policy in force */
};

struct combination {
    const struct store_key *to;
    const struct store_key *keys;
    size_t count;
    struct watcher watcher;
    struct source *sources;
    struct bytes *values;    /* as the callbacks see them */
    struct store_key *locks; /* the sources and the target */
};

static bool open_combination(struct keyspace_access *access, struct combination *combination) {
    struct allocator *mem = access->old.mem;
    size_t count = combination->count;
    combination->sources = mem_alloc_zeroed(mem, count * sizeof(struct source));
    combination->values = mem_alloc(mem, count * sizeof(struct bytes));
    combination->locks = mem_alloc(mem, (count + 1) * sizeof(struct store_key));
    if (!combination->sources || !combination->values || !combination->locks) return false;
    for (size_t i = 0; i < count; i++) combination->locks[i] = combination->keys[i];
    combination->locks[count] = *combination->to;
    return true;
}

static void close_combination(struct keyspace_access *access, struct combination *combination) {
    struct allocator *mem = access->old.mem;
    size_t count = combination->count;
    mem_free(mem, combination->sources, count * sizeof(struct source));
    mem_free(mem, combination->values, count * sizeof(struct bytes));
    mem_free(mem, combination->locks, (count + 1) * sizeof(struct store_key));
    buf_clear(&access->old);
    buf_clear(&access->new);
    buf_shrink(&access->old, KEYSPACE_SCRATCH_BYTES_KEPT);
    buf_shrink(&access->new, KEYSPACE_SCRATCH_BYTES_KEPT);
}

static void watch_sources(struct keyspace_access *access, struct combination *combination) {
    atomic_store(&combination->watcher.touched, false);
    for (size_t i = 0; i < combination->count; i++) {
        struct source *source = &combination->sources[i];
        *source = (struct source){
            .watch = {.key = combination->keys[i], .watcher = &combination->watcher}};
        keyspace_watch(access, &source->watch);
    }
}

static void forget_sources(struct keyspace_access *access, struct combination *combination) {
    for (size_t i = 0; i < combination->count; i++) {
        keyspace_unwatch(access->keyspace, &combination->sources[i].watch);
        blob_unref(combination->sources[i].blob);
    }
}

static enum keyspace_outcome read_source(struct keyspace_access *access,
                                         const struct store_key *key, struct source *source) {
    struct store_value value;
    if (!keyspace_find(access, key, &value)) return KEYSPACE_DONE;
    if (value.type != VALUE_STRING) return KEYSPACE_WRONG_TYPE;
    source->found = true;
    source->expire_at_ms = value.expire_at_ms;
    source->len = value.bytes.len;
    source->form = value.form;
    source->offset = access->old.len;
    const struct gate_kinds *kinds = access->keyspace->gate->kinds;
    if (kinds) source->ticket = gate_kinds_ticket(kinds, value.label, &source->generation);
    if (value.blob)
        source->blob = blob_ref(value.blob);
    else if (buf_append(&access->old, value.bytes) != BRINE_OK)
        return KEYSPACE_NO_MEMORY;
    return KEYSPACE_DONE;
}

/* The first look. */
static enum keyspace_outcome read_sources(struct keyspace_access *access,
                                          struct combination *combination) {
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    buf_clear(&access->old);
    keyspace_enter_keys(access, combination->keys, combination->count);
    for (size_t i = 0; i < combination->count && outcome == KEYSPACE_DONE; i++)
        outcome = read_source(access, &combination->keys[i], &combination->sources[i]);
    keyspace_leave(access);
    if (outcome == KEYSPACE_DONE && access->deferred) outcome = KEYSPACE_DEFERRED;
    if (outcome == KEYSPACE_DONE && access->withheld) outcome = KEYSPACE_REFUSED;
    for (size_t i = 0; i < combination->count; i++) {
        const struct source *source = &combination->sources[i];
        combination->values[i] = bytes_view(NULL, 0);
        if (!source->found) continue;
        combination->values[i] =
            source->blob ? blob_view(source->blob)
                         : bytes_slice(buf_view(&access->old), source->offset, source->len);
        if (!combination->values[i].data) combination->values[i] = BYTES("");
    }
    return outcome;
}

/* Under the lock of all: a source is not what was read any more. */
static bool is_overtaken(struct keyspace_access *access, const struct combination *combination) {
    if (atomic_load_explicit(&combination->watcher.touched, memory_order_acquire)) return true;
    for (size_t i = 0; i < combination->count; i++) {
        const struct source *source = &combination->sources[i];
        struct store_value value;
        bool found =
            store_find(access->keyspace->store, &combination->keys[i], access->now_ms, &value);
        if (found != source->found) return true;
    }
    return false;
}

/* The second look's lock; *overtaken: nothing is held, begin anew. */
static enum keyspace_outcome lock_unchanged(struct keyspace_access *access,
                                            struct combination *combination, bool *overtaken) {
    enum keyspace_outcome outcome =
        door_lock_keys(access, combination->locks, combination->count + 1);
    if (outcome != KEYSPACE_DONE) return outcome;
    *overtaken = is_overtaken(access, combination);
    if (*overtaken) store_unlock(access->keyspace->store, &access->hold);
    return KEYSPACE_DONE;
}

typedef enum keyspace_outcome combine_try_fn(struct keyspace_access *access,
                                             struct combination *combination, void *context,
                                             bool *overtaken);

static enum keyspace_outcome try_again_and_again(struct keyspace_access *access,
                                                 struct combination *combination,
                                                 combine_try_fn *try, void *context) {
    enum keyspace_outcome outcome = KEYSPACE_NO_MEMORY;
    bool overtaken = open_combination(access, combination);
    for (int tries = 0; overtaken; tries++) {
        if (tries == COMBINE_TRIES) {
            outcome = recheck_give_up(access);
            break;
        }
        overtaken = false;
        watch_sources(access, combination);
        outcome = read_sources(access, combination);
        if (outcome == KEYSPACE_DONE) outcome = try(access, combination, context, &overtaken);
        forget_sources(access, combination);
    }
    close_combination(access, combination);
    return outcome;
}

/* ---- RENAME, COPY, MOVE ---------------------------------------------------------------------- */

/* What is long and was admitted by the rule that stands over the target too is not read again. */
static enum keyspace_outcome judge_transfer(struct keyspace_access *access,
                                            const struct keyspace_transfer *transfer,
                                            const struct combination *combination,
                                            struct prepared *prepared) {
    const struct source *source = &combination->sources[0];
    struct bytes value = combination->values[0];
    const struct gate_place from = {transfer->from.db, transfer->from.name};
    const struct gate_place to = {transfer->to.db, transfer->to.name};
    if (value.len < TRANSFER_READ_BYTES || !source->ticket ||
        !gate_treats_alike(access->keyspace->gate, source->generation, &from, &to))
        return door_judge(access, &transfer->to, value, prepared);
    *prepared = (struct prepared){.bytes = value, .label = source->ticket};
    return KEYSPACE_DONE;
}

static enum keyspace_outcome try_transfer(struct keyspace_access *access,
                                          struct combination *combination, void *context,
                                          bool *overtaken) {
    const struct keyspace_transfer *transfer = context;
    struct store *store = access->keyspace->store;
    struct source *source = &combination->sources[0];
    struct prepared prepared = {0};
    if (!source->found) return KEYSPACE_NOT_DONE;
    enum keyspace_outcome outcome = judge_transfer(access, transfer, combination, &prepared);
    prepared.form = source->form;
    /* A boxed value is shared by both keys. */
    if (outcome == KEYSPACE_DONE && source->blob && !prepared.dropped)
        prepared.blob = blob_ref(source->blob);
    if (outcome == KEYSPACE_DONE) outcome = door_prepare(access, &prepared);
    if (outcome == KEYSPACE_DONE) outcome = lock_unchanged(access, combination, overtaken);
    if (outcome != KEYSPACE_DONE || *overtaken) {
        blob_unref(prepared.blob);
        return outcome;
    }
    struct store_value old;
    if (transfer->only_if_absent && store_find(store, &transfer->to, access->now_ms, &old)) {
        blob_unref(prepared.blob);
        outcome = KEYSPACE_STOPPED;
    } else {
        prepared.replaces = true;
        outcome = door_put(access, &transfer->to, &prepared, source->expire_at_ms);
    }
    if (outcome == KEYSPACE_DONE) {
        if (!transfer->keep_source) {
            (void)store_remove(store, &transfer->from, access->now_ms);
            door_changed(access, transfer->event_from, &transfer->from);
        }
        door_changed(access, transfer->event_to, &transfer->to);
    }
    store_unlock(store, &access->hold);
    return outcome;
}

enum keyspace_outcome keyspace_transfer(struct keyspace_access *access,
                                        const struct keyspace_transfer *transfer) {
    struct combination combination = {.to = &transfer->to, .keys = &transfer->from, .count = 1};
    struct keyspace_transfer copy = *transfer;
    access->asks_nothing = !transfer->keep_source;
    enum keyspace_outcome outcome = try_again_and_again(access, &combination, try_transfer, &copy);
    access->asks_nothing = false;
    return outcome;
}

/* ---- BITOP ----------------------------------------------------------------------------------- */

struct combine {
    keyspace_combine_fn *combine;
    void *context;
};

static bool takes_long(const struct combination *combination, size_t *bytes) {
    size_t longest = 0;
    *bytes = 0;
    for (size_t i = 0; i < combination->count; i++) {
        longest = MAX(longest, combination->values[i].len);
        *bytes += combination->values[i].len;
    }
    return longest > COMBINE_AT_ONCE_BYTES / combination->count;
}

/* A long result becomes the value's blob as it is. */
static enum keyspace_outcome judge_result(struct keyspace_access *access,
                                          const struct store_key *to, struct buf *result,
                                          struct prepared *prepared) {
    enum keyspace_outcome outcome = door_judge(access, to, buf_view(result), prepared);
    if (outcome != KEYSPACE_DONE) return outcome;
    if (!prepared->dropped && result->len >= access->keyspace->blob_from_bytes) {
        prepared->blob = blob_of_buf(result);
        if (!prepared->blob) return KEYSPACE_NO_MEMORY;
    }
    return door_prepare(access, prepared);
}

static enum keyspace_outcome try_combine(struct keyspace_access *access,
                                         struct combination *combination, void *context,
                                         bool *overtaken) {
    const struct combine *combine = context;
    struct store *store = access->keyspace->store;
    struct prepared prepared = {0};
    enum keyspace_outcome outcome = KEYSPACE_DONE;
    size_t bytes;
    if (access->may_defer && takes_long(combination, &bytes)) {
        door_defer(access, bytes);
        return KEYSPACE_DEFERRED;
    }
    struct buf result;
    buf_init(&result, store_allocator(store), RESULT_BYTES_MAX);
    enum keyspace_step step =
        combine->combine(combine->context, combination->values, combination->count, &result);
    switch (step) {
    case KEYSPACE_STEP_STORE:
    case KEYSPACE_STEP_STORE_TEXT:
    case KEYSPACE_STEP_STORE_EDITED:
        outcome = judge_result(access, combination->to, &result, &prepared);
        prepared.form = door_form(step);
        break;
    case KEYSPACE_STEP_REMOVE:
        prepared.dropped = true;
        break;
    case KEYSPACE_STEP_LEAVE:
        outcome = KEYSPACE_NOT_DONE;
        break;
    case KEYSPACE_STEP_STOP:
        outcome = KEYSPACE_STOPPED;
        break;
    case KEYSPACE_STEP_NO_MEMORY:
        outcome = KEYSPACE_NO_MEMORY;
        break;
    }
    bool removes = prepared.dropped;
    if (outcome == KEYSPACE_DONE) outcome = lock_unchanged(access, combination, overtaken);
    if (outcome != KEYSPACE_DONE || *overtaken) {
        blob_unref(prepared.blob);
        buf_deinit(&result);
        return outcome;
    }
    struct store_value old;
    bool found = store_find(store, combination->to, access->now_ms, &old);
    outcome = door_put(access, combination->to, &prepared, STORE_NO_EXPIRY);
    if (outcome == KEYSPACE_DONE && (!removes || found))
        door_changed(access, removes ? "del" : "set", combination->to);
    store_unlock(store, &access->hold);
    buf_deinit(&result);
    return outcome;
}

enum keyspace_outcome keyspace_combine(struct keyspace_access *access, const struct store_key *to,
                                       const struct store_key *keys, size_t count,
                                       keyspace_combine_fn *combine, void *context) {
    struct combination combination = {.to = to, .keys = keys, .count = count};
    struct combine all = {combine, context};
    return try_again_and_again(access, &combination, try_combine, &all);
}
