/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/events.h"

#include "base/assert.h"
#include "keyspace/access.h"

enum { EVENTS_BYTES_KEPT = 64 * 1024 };

/* In front of each key's bytes. */
struct record {
    const char *name;
    uint32_t db;
    uint16_t key_len;
    bool changes, by_store;
};

void keyspace_events_init(struct keyspace_events *events, struct allocator *mem) {
    *events = (struct keyspace_events){0};
    int code = pthread_mutex_init(&events->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    buf_init(&events->removals, mem, KEYSPACE_EVENTS_BYTES_MAX);
}

void keyspace_events_deinit(struct keyspace_events *events) {
    buf_deinit(&events->removals);
    pthread_mutex_destroy(&events->lock);
}

void keyspace_hear(struct keyspace *keyspace, uint32_t hearings, bool on) {
    if (on)
        atomic_fetch_or(&keyspace->events.heard, hearings);
    else
        atomic_fetch_and(&keyspace->events.heard, ~hearings);
}

/* False: no memory, or too many. */
static bool add_record(struct buf *records, const struct record *record, struct bytes key) {
    size_t start = records->len;
    if (buf_append(records, bytes_view(record, sizeof *record)) == BRINE_OK &&
        buf_append(records, key) == BRINE_OK)
        return true;
    records->len = start;
    return false;
}

_Static_assert(STORE_KEY_BYTES_MAX <= UINT16_MAX, "a key's length fits into its record");

void events_note(struct keyspace_access *access, const char *name, const struct store_key *key,
                 bool changes) {
    struct record record = {
        .name = name, .db = key->db, .key_len = (uint16_t)key->name.len, .changes = changes};
    if (!add_record(&access->events, &record, key->name)) access->events_lost = true;
}

void events_note_flush(struct keyspace_access *access) {
    struct record record = {0};
    if (!add_record(&access->events, &record, bytes_view(NULL, 0))) access->events_lost = true;
}

void events_note_removed(struct keyspace *keyspace, uint32_t db, struct bytes name,
                         enum store_removal reason) {
    struct keyspace_events *events = &keyspace->events;
    if (LIKELY(!(atomic_load_explicit(&events->heard, memory_order_relaxed) &
                 (KEYSPACE_HEAR_CHANGES | KEYSPACE_HEAR_CACHES))))
        return;
    struct record record = {.name = reason == STORE_REMOVED_EXPIRED ? "expired" : "evicted",
                            .db = db,
                            .key_len = (uint16_t)name.len,
                            .changes = true,
                            .by_store = true};
    pthread_mutex_lock(&events->lock);
    if (!add_record(&events->removals, &record, name)) events->removals_lost = true;
    atomic_store_explicit(&events->removals_wait, true, memory_order_release);
    pthread_mutex_unlock(&events->lock);
}

bool keyspace_has_events(const struct keyspace_access *access) {
    return access->events.len > 0 || access->removals.len > 0 || access->events_lost ||
           atomic_load_explicit(&access->keyspace->events.removals_wait, memory_order_relaxed);
}

/* The store's removals are not younger than what the access did about the same keys: it met them
 * before it wrote. */
void keyspace_gather_events(struct keyspace_access *access) {
    struct keyspace_events *events = &access->keyspace->events;
    if (!atomic_load_explicit(&events->removals_wait, memory_order_acquire)) return;
    pthread_mutex_lock(&events->lock);
    if (buf_append(&access->removals, buf_view(&events->removals)) != BRINE_OK)
        access->events_lost = true;
    access->events_lost |= events->removals_lost;
    events->removals_lost = false;
    buf_clear(&events->removals);
    buf_shrink(&events->removals, EVENTS_BYTES_KEPT);
    atomic_store_explicit(&events->removals_wait, false, memory_order_relaxed);
    pthread_mutex_unlock(&events->lock);
}

bool keyspace_next_event(const struct keyspace_access *access, size_t *at,
                         struct keyspace_event *event) {
    bool of_store = *at < access->removals.len;
    const struct buf *records = of_store ? &access->removals : &access->events;
    size_t start = of_store ? *at : *at - access->removals.len;
    struct record record;
    if (start == records->len) return false;
    bytes_copy_to(&record, bytes_slice(buf_view(records), start, sizeof record));
    start += sizeof record;
    *event = (struct keyspace_event){
        .name = record.name,
        .db = record.db,
        .changes = record.changes,
        .by_store = record.by_store,
        .key = bytes_slice(buf_view(records), start, record.key_len),
    };
    *at += sizeof record + record.key_len;
    return true;
}

static void settle_records(struct buf *records) {
    struct record record;
    for (size_t at = 0; at < records->len; at += sizeof record + record.key_len) {
        bytes_copy_to(&record, bytes_slice(buf_view(records), at, sizeof record));
        record.changes = false;
        bytes_copy_to(records->data + at, bytes_view(&record, sizeof record));
    }
}

void keyspace_settle_events(struct keyspace_access *access) {
    settle_records(&access->events);
    settle_records(&access->removals);
}

bool keyspace_events_lost(struct keyspace_access *access) {
    bool lost = access->events_lost;
    access->events_lost = false;
    return lost;
}

void keyspace_forget_events(struct keyspace_access *access) {
    buf_clear(&access->events);
    buf_clear(&access->removals);
    buf_shrink(&access->events, EVENTS_BYTES_KEPT);
    buf_shrink(&access->removals, EVENTS_BYTES_KEPT);
}
