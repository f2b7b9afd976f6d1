/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An update (APPEND, INCR) depends on what is there, so it looks twice: it takes a copy of the old
 * value under the lock, works out and judges the new one without it, and puts the new one only if
 * the old one is still there.  If not, somebody else has succeeded meanwhile and it begins again.
 * Large old values are pinned instead of copied; whether it is still the same blob says whether it
 * changed, for a pinned blob's address is given to nobody else.
 *
 * Progress.  One of the writers of a key always succeeds, but the same one might always lose: its
 * value is long and takes long to judge.  So an update that was overtaken KEYSPACE_UPDATE_TRIES
 * times reserves the key's hash.  Whoever puts a value compares that word with its own key under
 * the shard's lock; who finds its key reserved leaves the lock and waits until the reservation is
 * given up, or is deferred, for an event loop does not wait.  The owner's next look is then the
 * last one, but for what removes, flushes and expires, which does not wait: what is absent is soon
 * judged. One key of the whole keyspace is reserved at a time.
 *
 * An edit (APPEND, SETRANGE, SETBIT, BITFIELD) of a long value is worked on in the blob that is
 * then stored.  What only adds behind the old value may find room there (blob.h): then nothing is
 * copied, whoever reads or sends the old value meanwhile.
 *
 * What keeps its length is written where it lies, if nobody but the store has a part in the bytes:
 * under the lock they are changed, judged, and put again or changed back, so that nobody sees what
 * the gate did not admit, and no snapshot (store_edit).  The gate answers there only if that takes
 * no longer than a lock may be held, as of rows of bits, of which every unpickler leaves the first
 * bytes alone.  Otherwise the bytes are changed back, and the edit is worked on in a copy, for the
 * old value is shown until the new one has been judged. */

#include "base/assert.h"
#include "keyspace/door.h"
#include "keyspace/edit.h"
#include "keyspace/room.h"
#include "store/store_write.h"

enum {
    EDIT_AT_ONCE_BYTES = 256 * 1024, /* that an event loop copies by itself for an edit */
    IN_PLACE_FROM_BYTES = 64 * 1024, /* what is shorter is copied as fast as it is judged */
    IN_PLACE_CHANGED_BYTES = 64 * 1024,
};

/* What an update remembers of the old value between its two looks. */
struct snapshot {
    bool found;
    struct blob *blob;  /* pinned */
    struct bytes bytes; /* of the blob, or of access->old */
};

struct update {
    const struct store_key *key;
    keyspace_transform *transform; /* or, when NULL, */
    const struct keyspace_edit *edit;
    void *context;
    const char *event;
    bool owns;            /* the reservation */
    bool overtaken;       /* the old value was no longer there: nothing is done, begin again */
    bool extends;         /* the new value's blob has the old one's bytes */
    bool same;            /* there is nothing to be written */
    enum value_form form; /* that it stores */
    bool in_place;        /* all is done, or the outcome says why not */
    struct snapshot snapshot;
};

static enum keyspace_outcome outcome_of(enum keyspace_step step) {
    switch (step) {
    case KEYSPACE_STEP_STORE:
    case KEYSPACE_STEP_STORE_TEXT:
    case KEYSPACE_STEP_STORE_EDITED:
        return KEYSPACE_DONE;
    case KEYSPACE_STEP_LEAVE:
    case KEYSPACE_STEP_REMOVE: /* not said of a value that is made of itself */
        return KEYSPACE_NOT_DONE;
    case KEYSPACE_STEP_STOP:
        return KEYSPACE_STOPPED;
    case KEYSPACE_STEP_NO_MEMORY:
        return KEYSPACE_NO_MEMORY;
    }
    return KEYSPACE_NOT_DONE;
}

/* ---- in place -------------------------------------------------------------------------------- */

static bool is_told(const struct update *update) {
    return !update->edit || !update->edit->untold || !*update->edit->untold;
}

/* Whether another thread waits for its last look at the key. */
static bool is_reserved(const struct keyspace_access *access, const struct update *update) {
    return !update->owns && atomic_load_explicit(&access->keyspace->reserved_hash,
                                                 memory_order_acquire) == (update->key->hash | 1);
}

/* Under the lock, of what has been changed in old->blob: the gate's answer, and what follows. */
static enum keyspace_outcome judge_in_place(struct keyspace_access *access,
                                            const struct update *update,
                                            const struct store_value *old) {
    struct prepared prepared;
    enum keyspace_outcome outcome =
        door_judge_briefly(access, update->key, blob_view(old->blob), &prepared);
    if (outcome != KEYSPACE_DONE) return outcome;
    if (!prepared.dropped) prepared.blob = blob_ref(old->blob);
    prepared.form = update->form;
    outcome = door_prepare(access, &prepared);
    BRINE_ASSERT(outcome == KEYSPACE_DONE, "what is in a blob needs no other");
    outcome = door_put(access, update->key, &prepared, old->expire_at_ms);
    if (outcome == KEYSPACE_DONE && is_told(update))
        door_changed(access, update->event, update->key);
    return outcome;
}

/* Under the lock: the edit of what was found, where it lies.  False: nothing is changed, and it
 * needs a copy; else *outcome is the whole edit's. */
static bool edit_in_place(struct keyspace_access *access, struct update *update,
                          const struct store_value *old, enum keyspace_outcome *outcome) {
    const struct keyspace_edit *edit = update->edit;
    struct keyspace_extent extent = {0};
    if (old->bytes.len < IN_PLACE_FROM_BYTES || is_reserved(access, update)) return false;
    *outcome = outcome_of(edit->plan(edit->context, &old->bytes, &extent));
    if (*outcome != KEYSPACE_DONE) return true;
    bool keeps_length = extent.len == old->bytes.len && extent.from < extent.to;
    if (!keeps_length || extent.to - extent.from > IN_PLACE_CHANGED_BYTES) return false;
    BRINE_ASSERT(extent.to <= extent.len, "an edit writes within the value");
    struct bytes before = bytes_slice(old->bytes, extent.from, extent.to - extent.from);
    uint8_t *data = NULL;
    if (buf_append(&access->old, before) == BRINE_OK)
        data = store_edit(access->keyspace->store, update->key, access->now_ms);
    if (!data) return false;
    enum keyspace_step step = edit->write(edit->context, data, &extent);
    *outcome = outcome_of(step);
    update->form = door_form(step);
    if (*outcome == KEYSPACE_DONE) *outcome = judge_in_place(access, update, old);
    if (*outcome != KEYSPACE_DONE) bytes_copy_to(data + extent.from, buf_view(&access->old));
    return *outcome != KEYSPACE_DEFERRED;
}

/* ---- the looks ------------------------------------------------------------------------------- */

/* Beyond the lock. */
static enum keyspace_outcome keep_snapshot(struct keyspace_access *access,
                                           const struct store_value *old,
                                           struct snapshot *snapshot) {
    buf_clear(&access->old);
    if (old->type != VALUE_STRING) return KEYSPACE_WRONG_TYPE;
    if (old->blob) snapshot->blob = blob_ref(old->blob);
    if (old->blob || buf_append(&access->old, old->bytes) == BRINE_OK) return KEYSPACE_DONE;
    return KEYSPACE_NO_MEMORY;
}

/* The first look: what is there now, edited where it lies or kept beyond the lock. */
static enum keyspace_outcome take_snapshot(struct keyspace_access *access, struct update *update) {
    struct store *store = access->keyspace->store;
    struct snapshot *snapshot = &update->snapshot;
    const struct store_key *key = update->key;
    struct store_value old;
    *snapshot = (struct snapshot){0};
    buf_clear(&access->old);

    enum keyspace_outcome outcome = door_lock_and_find(access, key, false, &snapshot->found, &old);
    if (outcome != KEYSPACE_DONE) return outcome;
    if (snapshot->found) {
        if (old.type == VALUE_STRING && old.blob && update->edit)
            update->in_place = edit_in_place(access, update, &old, &outcome);
        if (!update->in_place) outcome = keep_snapshot(access, &old, snapshot);
    }
    store_unlock(store, &access->hold);

    snapshot->bytes = snapshot->blob ? blob_view(snapshot->blob) : buf_view(&access->old);
    return outcome;
}

/* Under the lock: is the snapshot still what is there?  *expire_at_ms is then its expiry. */
static bool snapshot_holds(struct keyspace_access *access, const struct store_key *key,
                           const struct snapshot *snapshot, int64_t *expire_at_ms) {
    struct store_value now;
    *expire_at_ms = STORE_NO_EXPIRY;
    if (!store_find(access->keyspace->store, key, access->now_ms, &now)) return !snapshot->found;
    if (!snapshot->found || now.type != VALUE_STRING) return false;
    *expire_at_ms = now.expire_at_ms;
    if (snapshot->blob || now.blob) return snapshot->blob == now.blob;
    return bytes_equal(snapshot->bytes, now.bytes);
}

/* ---- the new value --------------------------------------------------------------------------- */

/* The blob that the edit works in, with the old bytes in it. */
static enum keyspace_outcome open_blob(struct keyspace_access *access, struct update *update,
                                       const struct keyspace_extent *extent, struct blob **blob) {
    struct allocator *mem = store_allocator(access->keyspace->store);
    struct snapshot *snapshot = &update->snapshot;
    bool adds = snapshot->found && extent->from >= snapshot->bytes.len;
    *blob = adds && snapshot->blob ? blob_extend(snapshot->blob, extent->len) : NULL;
    update->extends = *blob != NULL;
    if (update->extends) return KEYSPACE_DONE;
    if (access->may_defer && extent->len > EDIT_AT_ONCE_BYTES) {
        door_defer(access, extent->len);
        return KEYSPACE_DEFERRED;
    }
    if (adds) *blob = blob_create_run(mem, snapshot->bytes, extent->len);
    if (*blob) return KEYSPACE_DONE;
    *blob = blob_create(mem, extent->len); /* without room behind it, if memory is short */
    if (!*blob) return KEYSPACE_NO_MEMORY;
    bytes_copy_to((*blob)->data, snapshot->bytes);
    return KEYSPACE_DONE;
}

/* Nobody was shown it. */
static void drop_blob(struct update *update, struct prepared *prepared) {
    if (prepared->blob && update->extends)
        blob_unextend(prepared->blob, update->snapshot.blob);
    else
        blob_unref(prepared->blob);
    prepared->blob = NULL;
}

static enum keyspace_outcome edit_value(struct keyspace_access *access, struct update *update,
                                        struct prepared *prepared) {
    const struct keyspace_edit *edit = update->edit;
    const struct snapshot *snapshot = &update->snapshot;
    struct keyspace_extent extent = {0};
    const struct bytes *old = snapshot->found ? &snapshot->bytes : NULL;
    size_t kept = snapshot->bytes.len;
    enum keyspace_outcome outcome = outcome_of(edit->plan(edit->context, old, &extent));
    if (outcome != KEYSPACE_DONE) return outcome;
    BRINE_ASSERT(extent.len >= kept, "an edit shortens nothing");
    update->same = old && extent.len == kept && extent.from == kept;
    if (update->same) return KEYSPACE_DONE;
    /* What is made of a small argument may be long. */
    if (extent.len > kept && !room_could_hold(access->keyspace, extent.len))
        return KEYSPACE_NO_MEMORY;
    uint8_t *data;
    if (extent.len >= access->keyspace->blob_from_bytes) {
        outcome = open_blob(access, update, &extent, &prepared->blob);
        if (outcome != KEYSPACE_DONE) return outcome;
        data = prepared->blob->data;
        prepared->bytes = blob_view(prepared->blob);
    } else {
        buf_clear(&access->new);
        if (buf_reserve(&access->new, MAX(extent.len, (size_t)1)) != BRINE_OK)
            return KEYSPACE_NO_MEMORY;
        access->new.len = extent.len;
        data = access->new.data;
        bytes_copy_to(data, snapshot->bytes);
        prepared->bytes = buf_view(&access->new);
    }
    if (extent.len > kept) memset(data + kept, 0, extent.len - kept);
    enum keyspace_step step = edit->write(edit->context, data, &extent);
    update->form = door_form(step);
    outcome = outcome_of(step);
    if (outcome != KEYSPACE_DONE) drop_blob(update, prepared);
    return outcome;
}

static enum keyspace_outcome transform_value(struct keyspace_access *access, struct update *update,
                                             struct prepared *prepared) {
    const struct snapshot *snapshot = &update->snapshot;
    buf_clear(&access->new);
    enum keyspace_step step =
        update->transform(update->context, snapshot->found ? &snapshot->bytes : NULL, &access->new);
    update->form = door_form(step);
    prepared->bytes = buf_view(&access->new);
    return outcome_of(step);
}

/* Works the new value out, judges and prepares it; of what is not DONE nothing is left. */
static enum keyspace_outcome make_value(struct keyspace_access *access, struct update *update,
                                        struct prepared *prepared) {
    struct prepared made = {0}, judged = {0};
    enum keyspace_outcome outcome =
        update->edit ? edit_value(access, update, &made) : transform_value(access, update, &made);
    if (outcome != KEYSPACE_DONE || update->same) return outcome;
    outcome = door_judge(access, update->key, made.bytes, &judged);
    if (outcome != KEYSPACE_DONE || judged.dropped) drop_blob(update, &made);
    judged.blob = made.blob;
    judged.form = update->form;
    if (outcome == KEYSPACE_DONE) outcome = door_prepare(access, &judged);
    if (outcome != KEYSPACE_DONE) drop_blob(update, &judged);
    *prepared = judged;
    return outcome;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum keyspace_outcome try_update(struct keyspace_access *access, struct update *update) {
    struct store *store = access->keyspace->store;
    const struct store_key *key = update->key;
    struct snapshot *snapshot = &update->snapshot;
    struct prepared prepared = {0};
    update->extends = update->same = update->in_place = false;
    enum keyspace_outcome outcome = take_snapshot(access, update);
    if (update->in_place) return outcome;
    if (outcome == KEYSPACE_DONE) outcome = make_value(access, update, &prepared);
    if (outcome != KEYSPACE_DONE) return outcome;

    if (update->owns)
        store_lock(store, &access->hold, key);
    else
        outcome = door_lock(access, key);
    if (outcome != KEYSPACE_DONE) {
        drop_blob(update, &prepared);
        return outcome;
    }
    int64_t expire_at_ms;
    update->overtaken = !snapshot_holds(access, key, snapshot, &expire_at_ms);
    if (!update->overtaken && !update->same)
        outcome = door_put(access, key, &prepared, expire_at_ms);
    if (!update->overtaken && outcome == KEYSPACE_DONE && is_told(update))
        door_changed(access, update->event, key);
    store_unlock(store, &access->hold);
    if (update->overtaken) drop_blob(update, &prepared);
    return outcome;
}

static enum keyspace_outcome run_update(struct keyspace_access *access, struct update *update) {
    struct keyspace *keyspace = access->keyspace;
    enum keyspace_outcome outcome;
    int tries = 0;
    do {
        if (!update->owns && tries++ == KEYSPACE_UPDATE_TRIES) {
            if (access->may_defer && pthread_mutex_trylock(&keyspace->reservation)) {
                access->deferred = true;
                outcome = KEYSPACE_DEFERRED;
                break;
            }
            if (!access->may_defer) pthread_mutex_lock(&keyspace->reservation);
            atomic_store_explicit(&keyspace->reserved_hash, update->key->hash | 1,
                                  memory_order_release);
            update->owns = true;
        }
        update->overtaken = false;
        outcome = try_update(access, update);
        blob_unref(update->snapshot.blob);
    } while (update->overtaken);
    if (update->owns) {
        atomic_store_explicit(&keyspace->reserved_hash, 0, memory_order_release);
        pthread_mutex_unlock(&keyspace->reservation);
    }
    buf_clear(&access->old);
    buf_clear(&access->new);
    buf_shrink(&access->old, KEYSPACE_SCRATCH_BYTES_KEPT);
    buf_shrink(&access->new, KEYSPACE_SCRATCH_BYTES_KEPT);
    return outcome;
}

enum keyspace_outcome keyspace_update_string(struct keyspace_access *access,
                                             const struct store_key *key,
                                             keyspace_transform *transform, void *context,
                                             const char *event) {
    struct update update = {.key = key, .transform = transform, .context = context, .event = event};
    return run_update(access, &update);
}

enum keyspace_outcome keyspace_edit_string(struct keyspace_access *access,
                                           const struct store_key *key,
                                           const struct keyspace_edit *edit) {
    struct update update = {.key = key, .edit = edit, .event = edit->event};
    return run_update(access, &update);
}
