/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A key's entry is taken out of the table as a whole when the key changes: its readers are told
 * once, and are remembered again when they read again, as in Redis.  So an entry that was taken
 * out is its taker's alone, and is walked without a lock.
 *
 * A tracker that was switched off stays in the entries that refer to it, marked, until the key
 * changes or the entry grows, which throws such trackers out first. */

#include "session/tracking.h"

#include "base/assert.h"
#include "keyspace/keyspace.h"

enum { BUCKETS_FIRST = 16, SLOTS_FIRST = 8, TRACKERS_FIRST = 4 };

struct tracking_entry {
    struct tracking_entry *next;
    uint64_t hash;
    struct tracker **trackers; /* &one while there is one */
    struct tracker *one;
    uint32_t count, cap;
    uint32_t key_len;
    uint8_t key[];
};

static void init_lock(pthread_mutex_t *lock) {
    int code = pthread_mutex_init(lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void tracking_init(struct tracking *tracking, struct allocator *mem, size_t workers,
                   struct hash_secret secret) {
    BRINE_ASSERT(workers <= TRACKING_WORKERS_MAX, "an address has room for every worker");
    *tracking = (struct tracking){.mem = mem, .secret = secret, .workers_count = workers};
    init_lock(&tracking->lock);
    for (size_t i = 0; i < TRACKING_STRIPES; i++) init_lock(&tracking->stripes[i].lock);
}

static void free_entry(struct tracking *tracking, struct tracking_entry *entry) {
    for (uint32_t i = 0; i < entry->count; i++) tracker_unref(entry->trackers[i]);
    if (entry->trackers != &entry->one)
        mem_free(tracking->mem, entry->trackers, entry->cap * sizeof(struct tracker *));
    mem_free(tracking->mem, entry, sizeof *entry + entry->key_len);
}

static struct tracking_entry *take_all(struct tracking *tracking, struct tracking_stripe *stripe) {
    struct tracking_entry *taken = NULL;
    size_t items = 0;
    pthread_mutex_lock(&stripe->lock);
    for (size_t i = 0; i < stripe->buckets_count; i++) {
        for (struct tracking_entry *entry = stripe->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            entry->next = taken;
            taken = entry;
            items += entry->count;
        }
        stripe->buckets[i] = NULL;
    }
    atomic_fetch_sub(&tracking->keys, stripe->entries);
    atomic_fetch_sub(&tracking->items, items);
    stripe->entries = 0;
    pthread_mutex_unlock(&stripe->lock);
    return taken;
}

static void forget_all(struct tracking *tracking) {
    if (atomic_load(&tracking->keys) == 0) return;
    for (size_t i = 0; i < TRACKING_STRIPES; i++) {
        struct tracking_entry *entry = take_all(tracking, &tracking->stripes[i]);
        while (entry) {
            struct tracking_entry *next = entry->next;
            free_entry(tracking, entry);
            entry = next;
        }
    }
}

void tracking_deinit(struct tracking *tracking) {
    BRINE_ASSERT(!tracking->first && !tracking->prefixes, "nobody tracks when the server ends");
    forget_all(tracking);
    for (size_t i = 0; i < TRACKING_STRIPES; i++) {
        struct tracking_stripe *stripe = &tracking->stripes[i];
        mem_free(tracking->mem, stripe->buckets, stripe->buckets_count * sizeof *stripe->buckets);
        pthread_mutex_destroy(&stripe->lock);
    }
    for (size_t i = 0; i < tracking->workers_count; i++)
        mem_free(tracking->mem, tracking->workers[i].slots,
                 tracking->workers[i].slots_count * sizeof(struct session *));
    pthread_mutex_destroy(&tracking->lock);
}

struct tracker *tracker_ref(struct tracker *tracker) {
    atomic_fetch_add_explicit(&tracker->refs, 1, memory_order_relaxed);
    return tracker;
}

void tracker_unref(struct tracker *tracker) {
    if (atomic_fetch_sub_explicit(&tracker->refs, 1, memory_order_acq_rel) > 1) return;
    mem_free(tracker->mem, tracker, sizeof *tracker);
}

/* ---- who can be told: a worker's own --------------------------------------------------------- */

static size_t find_slot(const struct tracking_worker *worker, uint64_t id) {
    size_t mask = worker->slots_count - 1, at = (size_t)(id * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (worker->slots[at] && worker->slots[at]->id != id) at = (at + 1) & mask;
    return at;
}

static bool grow_slots(struct tracking *tracking, struct tracking_worker *worker) {
    if (2 * (worker->count + 1) <= worker->slots_count) return true;
    size_t old_count = worker->slots_count;
    size_t count = old_count ? old_count * 2 : SLOTS_FIRST;
    struct session **old = worker->slots;
    struct session **grown = mem_alloc_zeroed(tracking->mem, count * sizeof *grown);
    if (!grown) return false;
    worker->slots = grown;
    worker->slots_count = count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i]) worker->slots[find_slot(worker, old[i]->id)] = old[i];
    mem_free(tracking->mem, old, old_count * sizeof *old);
    return true;
}

/* Closes the gap, so that every session is still found from its place on. */
static void clear_slot(struct tracking_worker *worker, size_t at) {
    size_t mask = worker->slots_count - 1;
    worker->slots[at] = NULL;
    worker->count--;
    for (size_t i = (at + 1) & mask; worker->slots[i]; i = (i + 1) & mask) {
        struct session *moved = worker->slots[i];
        worker->slots[i] = NULL;
        worker->slots[find_slot(worker, moved->id)] = moved;
    }
}

enum brine_status tracking_attend(struct tracking *tracking, struct session *session,
                                  size_t worker) {
    if (session->tracked) return BRINE_OK;
    struct tracked *tracked = mem_alloc(tracking->mem, sizeof *tracked);
    if (!tracked || !grow_slots(tracking, &tracking->workers[worker])) {
        mem_free(tracking->mem, tracked, sizeof *tracked);
        return BRINE_NO_MEMORY;
    }
    *tracked = (struct tracked){.tracking = tracking, .worker = worker};
    buf_init(&tracked->held, tracking->mem, TRACKED_HELD_BYTES_MAX);
    struct tracking_worker *own = &tracking->workers[worker];
    own->slots[find_slot(own, session->id)] = session;
    own->count++;
    session->tracked = tracked;
    return BRINE_OK;
}

struct session *tracking_session(const struct tracking *tracking, size_t worker, uint64_t id) {
    const struct tracking_worker *own = &tracking->workers[worker];
    return own->count ? own->slots[find_slot(own, id)] : NULL;
}

/* ---- prefixes: under the table's lock -------------------------------------------------------- */

static struct tracking_prefix *find_prefix(const struct tracking *tracking, struct bytes name) {
    struct tracking_prefix *prefix = tracking->prefixes;
    while (prefix && !bytes_equal(prefix->name, name)) prefix = prefix->next;
    return prefix;
}

static struct tracking_prefix *create_prefix(struct tracking *tracking, struct bytes name) {
    struct tracking_prefix *prefix = mem_alloc_zeroed(tracking->mem, sizeof *prefix + name.len);
    if (!prefix) return NULL;
    uint8_t *text = (uint8_t *)(prefix + 1);
    bytes_copy_to(text, name);
    prefix->name = bytes_view(text, name.len);
    struct tracking_prefix **at = &tracking->prefixes; /* in order, as Redis tells of them */
    while (*at && bytes_compare((*at)->name, name) < 0) at = &(*at)->next;
    prefix->next = *at;
    *at = prefix;
    atomic_fetch_add(&tracking->prefixes_count, 1);
    return prefix;
}

static void destroy_prefix(struct tracking *tracking, struct tracking_prefix *prefix) {
    struct tracking_prefix **at = &tracking->prefixes;
    while (*at != prefix) at = &(*at)->next;
    *at = prefix->next;
    atomic_fetch_sub(&tracking->prefixes_count, 1);
    mem_free(tracking->mem, prefix->trackers, prefix->cap * sizeof *prefix->trackers);
    mem_free(tracking->mem, prefix, sizeof *prefix + prefix->name.len);
}

static bool join_prefix(struct tracking *tracking, struct tracking_prefix *prefix,
                        struct tracker *tracker) {
    if (prefix->count == prefix->cap) {
        size_t cap = prefix->cap ? prefix->cap * 2 : TRACKERS_FIRST;
        struct tracker **grown =
            mem_resize(tracking->mem, prefix->trackers, prefix->cap * sizeof *prefix->trackers,
                       cap * sizeof *prefix->trackers);
        if (!grown) return false;
        prefix->trackers = grown;
        prefix->cap = cap;
    }
    prefix->trackers[prefix->count++] = tracker_ref(tracker);
    return true;
}

static void leave_prefix(struct tracking *tracking, struct tracking_prefix *prefix,
                         struct tracker *tracker) {
    size_t at = 0;
    while (prefix->trackers[at] != tracker) at++;
    prefix->trackers[at] = prefix->trackers[--prefix->count];
    tracker_unref(tracker);
    if (prefix->count == 0) destroy_prefix(tracking, prefix);
}

static bool has_prefix(const struct tracked *tracked, struct bytes name) {
    for (size_t i = 0; i < tracked->prefixes_count; i++)
        if (bytes_equal(tracked->prefixes[i]->name, name)) return true;
    return false;
}

static bool add_prefix(struct tracked *tracked, struct bytes name) {
    struct tracking *tracking = tracked->tracking;
    size_t count = tracked->prefixes_count;
    if (has_prefix(tracked, name)) return true;
    struct tracking_prefix **grown =
        mem_resize(tracking->mem, tracked->prefixes, count * sizeof *tracked->prefixes,
                   (count + 1) * sizeof *tracked->prefixes);
    if (!grown) return false;
    tracked->prefixes = grown;
    struct tracking_prefix *prefix = find_prefix(tracking, name);
    bool is_new = !prefix;
    if (is_new) prefix = create_prefix(tracking, name);
    if (prefix && join_prefix(tracking, prefix, tracked->tracker)) {
        tracked->prefixes[tracked->prefixes_count++] = prefix;
        return true;
    }
    if (prefix && is_new) destroy_prefix(tracking, prefix);
    /* The list keeps its length: what was taken for one more goes back. */
    tracked->prefixes = mem_resize(tracking->mem, grown, (count + 1) * sizeof *tracked->prefixes,
                                   count * sizeof *tracked->prefixes);
    return false;
}

static void drop_prefixes(struct tracked *tracked) {
    struct tracking *tracking = tracked->tracking;
    for (size_t i = 0; i < tracked->prefixes_count; i++)
        leave_prefix(tracking, tracked->prefixes[i], tracked->tracker);
    mem_free(tracking->mem, tracked->prefixes, tracked->prefixes_count * sizeof *tracked->prefixes);
    tracked->prefixes = NULL;
    tracked->prefixes_count = 0;
}

size_t tracking_bytes(const struct session *session) {
    const struct tracked *tracked = session->tracked;
    size_t bytes = tracked ? sizeof *tracked + tracked->held.cap : 0;
    for (size_t i = 0; tracked && i < tracked->prefixes_count; i++)
        bytes +=
            sizeof(struct tracking_prefix) + 2 * sizeof(void *) + tracked->prefixes[i]->name.len;
    return bytes;
}

/* ---- on and off ------------------------------------------------------------------------------ */

static struct tracker *create_tracker(struct tracking *tracking, const struct session *session,
                                      size_t worker) {
    struct tracker *tracker = mem_alloc(tracking->mem, sizeof *tracker);
    if (!tracker) return NULL;
    *tracker = (struct tracker){
        .refs = 1, .mem = tracking->mem, .own = tracking_address_of(session->id, worker)};
    return tracker;
}

/* Under the lock. */
static void link_in(struct tracking *tracking, struct tracker *tracker) {
    tracker->previous = NULL;
    tracker->next = tracking->first;
    if (tracking->first) tracking->first->previous = tracker;
    tracking->first = tracker;
}

static void link_out(struct tracking *tracking, struct tracker *tracker) {
    if (tracker->next) tracker->next->previous = tracker->previous;
    if (tracker->previous)
        tracker->previous->next = tracker->next;
    else
        tracking->first = tracker->next;
}

enum brine_status tracking_start(struct tracking *tracking, struct session *session,
                                 const struct tracking_options *options) {
    TRY(tracking_attend(tracking, session, options->worker));
    struct tracked *tracked = session->tracked;
    bool begins = !tracked->tracker;
    if (begins) tracked->tracker = create_tracker(tracking, session, options->worker);
    struct tracker *tracker = tracked->tracker;
    if (!tracker) return BRINE_NO_MEMORY;
    bool complete = true;
    pthread_mutex_lock(&tracking->lock);
    for (size_t i = 0; i < options->prefixes_count && complete; i++)
        complete = add_prefix(tracked, options->prefixes[i]);
    if (complete) {
        atomic_store(&tracker->target, options->target ? options->target : tracker->own);
        atomic_store(&tracker->flags, options->flags | TRACKING_ON);
    } else if (begins) {
        drop_prefixes(tracked);
    }
    if (complete && begins) {
        link_in(tracking, tracker);
        tracked->keyspace = options->keyspace;
        session->modes |= SESSION_TRACKING;
        if (atomic_fetch_add(&tracking->clients, 1) == 0)
            keyspace_hear(tracked->keyspace, KEYSPACE_HEAR_CACHES, true);
    }
    pthread_mutex_unlock(&tracking->lock);
    if (complete) return BRINE_OK;
    if (begins) {
        tracker_unref(tracker);
        tracked->tracker = NULL;
    }
    return BRINE_NO_MEMORY;
}

void tracking_stop(struct session *session) {
    struct tracked *tracked = session->tracked;
    session->modes &= ~(uint32_t)SESSION_TRACKING;
    if (!tracked || !tracked->tracker) return;
    struct tracking *tracking = tracked->tracking;
    struct tracker *tracker = tracked->tracker;
    pthread_mutex_lock(&tracking->lock);
    drop_prefixes(tracked);
    link_out(tracking, tracker);
    atomic_store(&tracker->flags, 0);
    if (atomic_fetch_sub(&tracking->clients, 1) == 1)
        keyspace_hear(tracked->keyspace, KEYSPACE_HEAR_CACHES, false);
    pthread_mutex_unlock(&tracking->lock);
    tracker_unref(tracker);
    tracked->tracker = NULL;
    tracked->caching = false; /* and what is held was told before, so it follows the reply yet */
}

void tracking_leave(struct session *session) {
    struct tracked *tracked = session->tracked;
    if (!tracked) return;
    tracking_stop(session);
    struct tracking_worker *own = &tracked->tracking->workers[tracked->worker];
    clear_slot(own, find_slot(own, session->id));
    buf_deinit(&tracked->held);
    mem_free(tracked->tracking->mem, tracked, sizeof *tracked);
    session->tracked = NULL;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static struct tracking_stripe *stripe_of(struct tracking *tracking, uint64_t hash) {
    return &tracking->stripes[hash % TRACKING_STRIPES];
}
static struct tracking_entry **bucket_of(struct tracking_stripe *stripe, uint64_t hash) {
    return &stripe->buckets[hash / TRACKING_STRIPES & (stripe->buckets_count - 1)];
}

/* What points to the key's entry, or where it would be put.  There are buckets. */
static struct tracking_entry **find_entry(struct tracking_stripe *stripe, uint64_t hash,
                                          struct bytes key) {
    struct tracking_entry **at = bucket_of(stripe, hash);
    while (*at &&
           ((*at)->hash != hash || !bytes_equal(bytes_view((*at)->key, (*at)->key_len), key)))
        at = &(*at)->next;
    return at;
}

/* When memory refuses, chains grow instead, once there are buckets at all. */
static bool grow_buckets(struct tracking *tracking, struct tracking_stripe *stripe) {
    size_t old_count = stripe->buckets_count;
    if (stripe->entries < old_count) return true;
    size_t count = old_count ? old_count * 2 : BUCKETS_FIRST;
    struct tracking_entry **old = stripe->buckets;
    struct tracking_entry **grown = mem_alloc_zeroed(tracking->mem, count * sizeof *grown);
    if (!grown) return old_count > 0;
    stripe->buckets = grown;
    stripe->buckets_count = count;
    for (size_t i = 0; i < old_count; i++)
        for (struct tracking_entry *entry = old[i], *next; entry; entry = next) {
            next = entry->next;
            entry->next = *bucket_of(stripe, entry->hash);
            *bucket_of(stripe, entry->hash) = entry;
        }
    mem_free(tracking->mem, old, old_count * sizeof *old);
    return true;
}

static struct tracking_entry *create_entry(struct tracking *tracking, uint64_t hash,
                                           struct bytes key) {
    struct tracking_entry *entry = mem_alloc(tracking->mem, sizeof *entry + key.len);
    if (!entry) return NULL;
    *entry = (struct tracking_entry){.hash = hash, .cap = 1, .key_len = (uint32_t)key.len};
    entry->trackers = &entry->one;
    bytes_copy_to(entry->key, key);
    return entry;
}

static bool is_on(const struct tracker *tracker) {
    return atomic_load_explicit(&tracker->flags, memory_order_relaxed) & TRACKING_ON;
}

static void drop_dead(struct tracking *tracking, struct tracking_entry *entry) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < entry->count; i++) {
        if (is_on(entry->trackers[i]))
            entry->trackers[kept++] = entry->trackers[i];
        else
            tracker_unref(entry->trackers[i]);
    }
    atomic_fetch_sub(&tracking->items, entry->count - kept);
    entry->count = kept;
}

/* False: no memory, or too many. */
static bool make_room(struct tracking *tracking, struct tracking_entry *entry) {
    if (entry->count < entry->cap) return true;
    drop_dead(tracking, entry);
    if (entry->count < entry->cap) return true;
    if (entry->count >= TRACKERS_PER_KEY_MAX) return false;
    bool alone = entry->trackers == &entry->one;
    uint32_t cap = alone ? TRACKERS_FIRST : entry->cap * 2;
    struct tracker **grown =
        mem_resize(tracking->mem, alone ? NULL : entry->trackers,
                   alone ? 0 : entry->cap * sizeof *grown, cap * sizeof *grown);
    if (!grown) return false;
    if (alone) grown[0] = entry->one;
    entry->trackers = grown;
    entry->cap = cap;
    return true;
}

static bool join_entry(struct tracking *tracking, struct tracking_entry *entry,
                       struct tracker *tracker) {
    for (uint32_t i = 0; i < entry->count; i++)
        if (entry->trackers[i] == tracker) return true;
    if (!make_room(tracking, entry)) return false;
    entry->trackers[entry->count++] = tracker_ref(tracker);
    atomic_fetch_add(&tracking->items, 1);
    return true;
}

/* Out of the table: *at points to it. */
static struct tracking_entry *take_entry(struct tracking *tracking, struct tracking_stripe *stripe,
                                         struct tracking_entry **at) {
    struct tracking_entry *entry = *at;
    *at = entry->next;
    stripe->entries--;
    atomic_fetch_sub(&tracking->keys, 1);
    atomic_fetch_sub(&tracking->items, entry->count);
    return entry;
}

static void tell_entry(struct tracking *tracking, struct tracking_entry *entry,
                       const struct tracking_teller *teller) {
    struct bytes key = bytes_view(entry->key, entry->key_len);
    for (uint32_t i = 0; i < entry->count; i++) {
        uint32_t flags = atomic_load(&entry->trackers[i]->flags);
        if (flags & TRACKING_ON && !(flags & TRACKING_BCAST))
            teller->tell(teller->context, entry->trackers[i], &key);
    }
    free_entry(tracking, entry);
}

/* Any entry but the one that was just made: the next one in the order of the buckets. */
static struct tracking_entry *take_other(struct tracking *tracking, struct tracking_stripe *stripe,
                                         const struct tracking_entry *kept) {
    size_t first = kept->hash / TRACKING_STRIPES;
    for (size_t i = 1; i <= stripe->buckets_count; i++) {
        struct tracking_entry **at = &stripe->buckets[(first + i) & (stripe->buckets_count - 1)];
        if (*at == kept) at = &(*at)->next;
        if (*at) return take_entry(tracking, stripe, at);
    }
    return NULL;
}

enum brine_status tracking_remember(struct tracking *tracking, struct tracker *tracker,
                                    struct bytes key, size_t keys_max,
                                    const struct tracking_teller *teller) {
    uint64_t hash = hash_bytes(&tracking->secret, key);
    struct tracking_stripe *stripe = stripe_of(tracking, hash);
    struct tracking_entry *evicted = NULL;
    bool remembered = false;
    pthread_mutex_lock(&stripe->lock);
    if (grow_buckets(tracking, stripe)) {
        struct tracking_entry **at = find_entry(stripe, hash, key);
        if (!*at && (*at = create_entry(tracking, hash, key)) != NULL) {
            stripe->entries++;
            atomic_fetch_add(&tracking->keys, 1);
        }
        struct tracking_entry *entry = *at;
        remembered = entry && join_entry(tracking, entry, tracker);
        if (entry && !remembered)
            evicted = take_entry(tracking, stripe, at);
        else if (entry && keys_max && atomic_load(&tracking->keys) > keys_max)
            evicted = take_other(tracking, stripe, entry);
    }
    pthread_mutex_unlock(&stripe->lock);
    if (evicted) tell_entry(tracking, evicted, teller);
    return remembered ? BRINE_OK : BRINE_NO_MEMORY;
}

void tracking_outdate(struct tracking *tracking, struct bytes key,
                      const struct tracking_teller *teller) {
    if (atomic_load(&tracking->keys) == 0) return;
    uint64_t hash = hash_bytes(&tracking->secret, key);
    struct tracking_stripe *stripe = stripe_of(tracking, hash);
    struct tracking_entry *entry = NULL;
    pthread_mutex_lock(&stripe->lock);
    if (stripe->entries) {
        struct tracking_entry **at = find_entry(stripe, hash, key);
        if (*at) entry = take_entry(tracking, stripe, at);
    }
    pthread_mutex_unlock(&stripe->lock);
    if (entry) tell_entry(tracking, entry, teller);
}

/* Up to `most` entries of a stripe, linked by next. */
static struct tracking_entry *take_some(struct tracking *tracking, struct tracking_stripe *stripe,
                                        size_t most) {
    struct tracking_entry *taken = NULL;
    pthread_mutex_lock(&stripe->lock);
    for (size_t i = 0; i < stripe->buckets_count && most > 0 && stripe->entries > 0; i++) {
        while (stripe->buckets[i] && most > 0) {
            struct tracking_entry *entry = take_entry(tracking, stripe, &stripe->buckets[i]);
            entry->next = taken;
            taken = entry;
            most--;
        }
    }
    pthread_mutex_unlock(&stripe->lock);
    return taken;
}

bool tracking_shrink(struct tracking *tracking, size_t keys_max, size_t most,
                     const struct tracking_teller *teller) {
    for (size_t i = 0; i < TRACKING_STRIPES; i++) {
        size_t keys = atomic_load(&tracking->keys);
        if (keys <= keys_max || most == 0) break;
        struct tracking_entry *entry =
            take_some(tracking, &tracking->stripes[i], MIN(keys - keys_max, most));
        while (entry) {
            struct tracking_entry *next = entry->next;
            tell_entry(tracking, entry, teller);
            entry = next;
            most--;
        }
    }
    return atomic_load(&tracking->keys) > keys_max;
}

void tracking_outdate_all(struct tracking *tracking, const struct tracking_teller *teller) {
    forget_all(tracking);
    pthread_mutex_lock(&tracking->lock);
    for (struct tracker *tracker = tracking->first; tracker; tracker = tracker->next)
        teller->tell(teller->context, tracker, NULL);
    pthread_mutex_unlock(&tracking->lock);
}

void tracking_visit_prefixes(struct tracking *tracking, tracking_prefix_fn *visit, void *context) {
    if (atomic_load(&tracking->prefixes_count) == 0) return;
    pthread_mutex_lock(&tracking->lock);
    for (const struct tracking_prefix *prefix = tracking->prefixes; prefix; prefix = prefix->next)
        visit(context, prefix);
    pthread_mutex_unlock(&tracking->lock);
}
