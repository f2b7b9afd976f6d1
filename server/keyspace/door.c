/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/door.h"

#include "base/assert.h"
#include "keyspace/room.h"
#include "keyspace/settle.h"
#include "keyspace/transaction.h"
#include "observe/clock.h"
#include "store/store_write.h"

#include <stdio.h>

static uint32_t heard(const struct keyspace_access *access) {
    return atomic_load_explicit(&access->keyspace->events.heard, memory_order_relaxed);
}

void door_changed(struct keyspace_access *access, const char *event, const struct store_key *key) {
    struct keyspace *keyspace = access->keyspace;
    watch_touch(&keyspace->watches, key);
    if (UNLIKELY(heard(access) & (KEYSPACE_HEAR_CHANGES | KEYSPACE_HEAR_CACHES)))
        events_note(access, event, key, true);
}

void door_told(struct keyspace_access *access, const char *event, const struct store_key *key) {
    if (UNLIKELY(heard(access) & KEYSPACE_HEAR_CHANGES)) events_note(access, event, key, false);
}

void door_missed(struct keyspace_access *access, const struct store_key *key) {
    if (UNLIKELY(heard(access) & KEYSPACE_HEAR_MISSES) && !access->asks_nothing)
        events_note(access, "keymiss", key, false);
}

void door_flushed(struct keyspace_access *access) {
    if (UNLIKELY(heard(access) & KEYSPACE_HEAR_CACHES)) events_note_flush(access);
}

void door_defer(struct keyspace_access *access, size_t bytes) {
    access->deferred = true;
    access->deferred_bytes = bytes;
}

/* ---- judging ----------------------------------------------------------------------------------*/

/* An answer holds as long as the policy it was given under; but what was dropped stays so. */
static bool still_holds(const struct keyspace_access *access,
                        const struct keyspace_judged *judged) {
    const struct gate_kinds *kinds = access->keyspace->gate->kinds;
    return judged->dropped || !kinds ||
           gate_kinds_is_current(kinds, gate_kinds_redeem(kinds, judged->label));
}

/* The transaction's answers are asked for in the order in which they were given. */
static bool judged_already(struct keyspace_access *access, const struct store_key *key,
                           struct bytes value, struct prepared *prepared) {
    for (size_t i = 0; i < access->judged_count; i++) {
        size_t at = (access->judged_next + i) % access->judged_count;
        const struct keyspace_judged *judged = &access->judged[at];
        if (judged->value.data != value.data || judged->value.len != value.len ||
            judged->db != key->db || !bytes_equal(judged->key, key->name))
            continue;
        if (!still_holds(access, judged)) return false;
        access->judged_next = at + 1;
        *prepared =
            (struct prepared){.bytes = value, .label = judged->label, .dropped = judged->dropped};
        return true;
    }
    return false;
}

static enum keyspace_outcome refuse_long(struct keyspace_access *access, struct bytes value) {
    access->answer.offset = 0;
    snprintf(access->answer.text, sizeof access->answer.text,
             "PICKLELIMIT a transaction would make a value of %zu bytes; at most %zu are verified "
             "within one, of values above %zu: do it outside of MULTI",
             value.len, access->keyspace->locked_total_max, access->keyspace->locked_bytes_max);
    metrics_add(access->metrics, METRIC_gate_refused, 1);
    return KEYSPACE_REFUSED;
}

enum keyspace_outcome door_judge(struct keyspace_access *access, const struct store_key *key,
                                 struct bytes value, struct prepared *prepared) {
    return door_judge_for(access, key, value, false, prepared);
}

static enum purse_manner manner_of(const struct keyspace_access *access,
                                   const struct gate_question *question) {
    if (question->may_defer) return PURSE_DEFERS;
    bool holds = access->in_transaction || access->hold.depth > 0;
    return access->purse.may_wait && !holds ? PURSE_WAITS : PURSE_TAKES;
}

enum gate_verdict door_ask(struct keyspace_access *access, const struct gate_question *question) {
    purse_open(&access->purse, manner_of(access, question));
    enum gate_verdict verdict =
        gate_admit(access->keyspace->gate, &access->desk, question, &access->answer);
    if (UNLIKELY(purse_holds_many(&access->purse))) {
        gate_desk_trim(&access->desk, purses_few_bytes(&access->keyspace->purses) / 2);
        room_note_judged(access->keyspace);
    }
    purse_close(&access->purse);
    return verdict;
}

/* The gate's answer, and now and then how long it took. */
static enum gate_verdict ask_gate(struct keyspace_access *access,
                                  const struct gate_question *question) {
    struct metrics *metrics = access->metrics;
    if (LIKELY(!metrics || metrics->gate_asked++ % METRICS_GATE_EVERY))
        return door_ask(access, question);
    int64_t from_ns = clock_mono_ns();
    enum gate_verdict verdict = door_ask(access, question);
    int64_t took_ns = clock_mono_ns() - from_ns;
    histogram_record(&metrics->gate_ns, (uint64_t)MAX(took_ns, 0));
    return verdict;
}

enum gate_verdict door_ask_locked(struct keyspace_access *access, struct gate_question *question) {
    BRINE_ASSERT(access->in_transaction, "the bound is a transaction's");
    question->unpacking = &access->locked_unpacking;
    question->may_defer = false;
    return ask_gate(access, question);
}

static enum keyspace_outcome answer_of(struct keyspace_access *access, enum gate_verdict verdict,
                                       struct prepared *prepared) {
    switch (verdict) {
    case GATE_ADMIT:
        metrics_add(access->metrics, METRIC_gate_admitted, 1);
        prepared->label = access->answer.label;
        return KEYSPACE_DONE;
    case GATE_DROP:
        metrics_add(access->metrics, METRIC_gate_dropped, 1);
        prepared->dropped = true;
        return KEYSPACE_DONE;
    case GATE_DEFER:
        return KEYSPACE_DEFERRED;
    case GATE_REFUSE:
        break;
    }
    metrics_add(access->metrics, METRIC_gate_refused, 1);
    return KEYSPACE_REFUSED;
}

static struct gate_question question_of(const struct keyspace_access *access,
                                        const struct store_key *key, struct bytes value) {
    return (struct gate_question){
        .db = key->db,
        .key = key->name,
        .value = value,
        .command = access->command ? access->command : "",
        .actor = access->actor,
        .actor_context = access->actor_context,
        .may_defer = access->may_defer,
    };
}

enum keyspace_outcome door_judge_for(struct keyspace_access *access, const struct store_key *key,
                                     struct bytes value, bool published,
                                     struct prepared *prepared) {
    BRINE_ASSERT(access->hold.depth == 0 || access->in_transaction,
                 "the gate is not asked while a lock is held, but within a transaction's bounds, "
                 "or briefly");
    if (access->in_transaction && judged_already(access, key, value, prepared))
        return KEYSPACE_DONE;
    struct keyspace *keyspace = access->keyspace;
    bool is_long = access->in_transaction && value.len > keyspace->locked_bytes_max;
    struct gate_question question = question_of(access, key, value);
    question.published = published;
    question.may_defer |= access->in_transaction;
    *prepared = (struct prepared){.bytes = value};
    enum gate_verdict verdict = ask_gate(access, &question);
    if (verdict == GATE_DEFER && access->in_transaction) {
        if (is_long && value.len > keyspace->locked_total_max - access->locked_bytes)
            return refuse_long(access, value);
        if (is_long) access->locked_bytes += value.len;
        verdict = door_ask_locked(access, &question);
    }
    enum keyspace_outcome outcome = answer_of(access, verdict, prepared);
    if (outcome == KEYSPACE_DEFERRED) door_defer(access, value.len);
    return outcome;
}

enum keyspace_outcome door_judge_briefly(struct keyspace_access *access,
                                         const struct store_key *key, struct bytes value,
                                         struct prepared *prepared) {
    struct gate_question question = question_of(access, key, value);
    question.may_defer = question.brief = true;
    *prepared = (struct prepared){.bytes = value};
    return answer_of(access, ask_gate(access, &question), prepared);
}

static uint16_t writer_of(struct keyspace_access *access) {
    struct gate_actor actor = {.address = ""};
    if (!access->actor) return 0;
    access->actor(access->actor_context, &actor);
    return writers_number(&access->keyspace->writers, &access->writer, &actor);
}

/* The memory in which a value arrived, when little else is in it.  NULL: it is to be copied. */
static struct blob *take_input(struct keyspace_access *access, struct bytes value) {
    enum { BESIDE_SHARE = 16 }; /* of the value, that is kept with it */
    struct keyspace_input *input = &access->input;
    if (!input->buf) return NULL;
    size_t at = (uintptr_t)value.data - (uintptr_t)input->buf->data;
    bool is_inside = at < input->buf->len && value.len <= input->buf->len - at;
    if (!is_inside || input->buf->cap - value.len > value.len / BESIDE_SHARE) return NULL;
    size_t len = input->buf->len;
    struct blob *blob = blob_of_part(input->buf, value, store_allocator(access->keyspace->store));
    if (!blob) return NULL;
    input->taken = blob_ref(blob);
    input->len = len;
    return blob;
}

enum keyspace_outcome door_prepare(struct keyspace_access *access, struct prepared *prepared) {
    struct bytes value = prepared->bytes;
    if (UNLIKELY(access->keyspace->provenance)) prepared->writer = writer_of(access);
    bool is_boxed = prepared->blob != NULL;
    if (is_boxed || prepared->dropped || value.len < access->keyspace->blob_from_bytes)
        return KEYSPACE_DONE;
    prepared->blob = take_input(access, value);
    if (prepared->blob) return KEYSPACE_DONE;
    if (access->may_defer && value.len > DOOR_COPY_AT_ONCE_BYTES) {
        door_defer(access, value.len);
        return KEYSPACE_DEFERRED;
    }
    prepared->blob = blob_create(store_allocator(access->keyspace->store), value.len);
    if (!prepared->blob) return KEYSPACE_NO_MEMORY;
    bytes_copy_to(prepared->blob->data, value);
    return KEYSPACE_DONE;
}

/* ---- locking ----------------------------------------------------------------------------------*/

/* Holding nothing: until no key is reserved, unless the asker would rather be deferred. */
static enum keyspace_outcome wait_for_reservation(struct keyspace_access *access) {
    if (access->may_defer) {
        access->deferred = true;
        return KEYSPACE_DEFERRED;
    }
    pthread_mutex_lock(&access->keyspace->reservation);
    pthread_mutex_unlock(&access->keyspace->reservation);
    return KEYSPACE_DONE;
}

/* Locks the keys that are to be written together, when none of them is reserved. */
enum keyspace_outcome door_lock_keys(struct keyspace_access *access, const struct store_key *keys,
                                     size_t count) {
    struct keyspace *keyspace = access->keyspace;
    for (;;) {
        store_lock_keys(keyspace->store, &access->hold, keys, count);
        uint64_t reserved = atomic_load_explicit(&keyspace->reserved_hash, memory_order_acquire);
        bool waits = false;
        for (size_t i = 0; reserved && i < count && !waits; i++)
            waits = (keys[i].hash | 1) == reserved;
        /* Inside a hold nobody can have looked at the key since he reserved it. */
        if (!waits || access->hold.depth > 1) return KEYSPACE_DONE;
        store_unlock(keyspace->store, &access->hold);
        enum keyspace_outcome outcome = wait_for_reservation(access);
        if (outcome != KEYSPACE_DONE) return outcome;
    }
}

enum keyspace_outcome door_lock(struct keyspace_access *access, const struct store_key *key) {
    struct keyspace *keyspace = access->keyspace;
    store_lock(keyspace->store, &access->hold, key);
    while (UNLIKELY(atomic_load_explicit(&keyspace->reserved_hash, memory_order_acquire) ==
                    (key->hash | 1)) &&
           access->hold.depth == 1) {
        store_unlock(keyspace->store, &access->hold);
        enum keyspace_outcome outcome = wait_for_reservation(access);
        if (outcome != KEYSPACE_DONE) return outcome;
        store_lock(keyspace->store, &access->hold, key);
    }
    return KEYSPACE_DONE;
}

enum value_form door_form(enum keyspace_step step) {
    if (step == KEYSPACE_STEP_STORE_TEXT) return VALUE_FORM_TEXT;
    return step == KEYSPACE_STEP_STORE_EDITED ? VALUE_FORM_EDITED : VALUE_FORM_SET;
}

/* ---- storing ----------------------------------------------------------------------------------*/

/* Under the lock.  Takes the prepared blob, whatever comes out. */
enum keyspace_outcome door_put(struct keyspace_access *access, const struct store_key *key,
                               const struct prepared *prepared, int64_t expire_at_ms) {
    if (prepared->dropped) {
        (void)store_remove(access->keyspace->store, key, access->now_ms);
        return KEYSPACE_DONE;
    }
    struct store_value old;
    bool is_new =
        UNLIKELY(heard(access) & KEYSPACE_HEAR_NEW) &&
        (prepared->replaces || !store_find(access->keyspace->store, key, access->now_ms, &old));
    struct store_new_value value = {
        .bytes = prepared->bytes,
        .blob = prepared->blob,
        .expire_at_ms = expire_at_ms,
        .form = prepared->form,
        .label = recheck_redeem(access, prepared->label),
        .writer = prepared->writer,
        .usage = prepared->usage,
    };
    if (UNLIKELY(access->keyspace->provenance))
        value.stored_at_s = (uint32_t)(access->now_ms / 1000);
    enum brine_status status = store_put(access->keyspace->store, key, &value, access->now_ms);
    if (is_new && status == BRINE_OK) events_note(access, "new", key, false);
    if (status == BRINE_TOO_BIG) return KEYSPACE_KEY_TOO_BIG;
    return status == BRINE_OK ? KEYSPACE_DONE : KEYSPACE_NO_MEMORY;
}
