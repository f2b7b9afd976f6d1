/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/pubsub.h"

#include "base/assert.h"
#include "base/glob.h"

enum { BUCKETS_FIRST = 64, SLOTS_FIRST = 8 };

void pubsub_init(struct pubsub *pubsub, struct allocator *mem, size_t workers,
                 struct hash_secret secret) {
    *pubsub = (struct pubsub){.mem = mem, .workers = workers, .secret = secret};
    int code = pthread_mutex_init(&pubsub->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void pubsub_deinit(struct pubsub *pubsub) {
    BRINE_ASSERT(pubsub->topics_count == 0, "nobody listens when the server ends");
    mem_free(pubsub->mem, pubsub->buckets, pubsub->buckets_count * sizeof(struct topic *));
    pthread_mutex_destroy(&pubsub->lock);
}

/* ---- topics: under the lock ------------------------------------------------------------------ */

static uint64_t hash_of(const struct pubsub *pubsub, enum pubsub_kind kind, struct bytes name) {
    return hash_bytes(&pubsub->secret, name) + (uint64_t)kind * 0x9e3779b97f4a7c15u;
}

static struct topic **bucket_of(const struct pubsub *pubsub, uint64_t hash) {
    return &pubsub->buckets[hash & (pubsub->buckets_count - 1)];
}

static struct topic *find_topic(const struct pubsub *pubsub, enum pubsub_kind kind,
                                struct bytes name) {
    if (pubsub->topics_count == 0) return NULL;
    uint64_t hash = hash_of(pubsub, kind, name);
    struct topic *topic = *bucket_of(pubsub, hash);
    while (topic && (topic->hash != hash || topic->kind != kind || !bytes_equal(topic->name, name)))
        topic = topic->next;
    return topic;
}

/* Keeps a topic a bucket; when memory refuses, chains grow instead. */
static bool grow_buckets(struct pubsub *pubsub) {
    if (pubsub->topics_count < pubsub->buckets_count) return true;
    size_t old_count = pubsub->buckets_count;
    size_t count = old_count ? old_count * 2 : BUCKETS_FIRST;
    struct topic **old = pubsub->buckets;
    struct topic **grown = mem_alloc_zeroed(pubsub->mem, count * sizeof(struct topic *));
    if (!grown) return old_count > 0;
    pubsub->buckets = grown;
    pubsub->buckets_count = count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct topic *topic = old[i], *next; topic; topic = next) {
            next = topic->next;
            topic->next = *bucket_of(pubsub, topic->hash);
            *bucket_of(pubsub, topic->hash) = topic;
        }
    }
    mem_free(pubsub->mem, old, old_count * sizeof(struct topic *));
    return true;
}

static size_t topic_bytes(const struct pubsub *pubsub, size_t name_len) {
    return sizeof(struct topic) + pubsub->workers * sizeof(struct topic_worker) + name_len;
}

static size_t subscription_bytes(const struct pubsub *pubsub,
                                 const struct subscription *subscription) {
    return sizeof *subscription + topic_bytes(pubsub, subscription->topic->name.len);
}

static struct topic *create_topic(struct pubsub *pubsub, enum pubsub_kind kind, struct bytes name) {
    if (!grow_buckets(pubsub)) return NULL;
    struct topic *topic = mem_alloc_zeroed(pubsub->mem, topic_bytes(pubsub, name.len));
    if (!topic) return NULL;
    uint8_t *text = (uint8_t *)&topic->at[pubsub->workers];
    bytes_copy_to(text, name);
    topic->name = bytes_view(text, name.len);
    topic->kind = kind;
    topic->hash = hash_of(pubsub, kind, name);
    topic->next = *bucket_of(pubsub, topic->hash);
    *bucket_of(pubsub, topic->hash) = topic;
    pubsub->topics_count++;
    if (kind == PUBSUB_PATTERN) {
        topic->next_pattern = pubsub->patterns;
        if (pubsub->patterns) pubsub->patterns->previous_pattern = topic;
        pubsub->patterns = topic;
    }
    return topic;
}

static void destroy_topic(struct pubsub *pubsub, struct topic *topic) {
    struct topic **at = bucket_of(pubsub, topic->hash);
    while (*at != topic) at = &(*at)->next;
    *at = topic->next;
    pubsub->topics_count--;
    if (topic->next_pattern) topic->next_pattern->previous_pattern = topic->previous_pattern;
    if (topic->previous_pattern)
        topic->previous_pattern->next_pattern = topic->next_pattern;
    else if (topic->kind == PUBSUB_PATTERN)
        pubsub->patterns = topic->next_pattern;
    mem_free(pubsub->mem, topic, topic_bytes(pubsub, topic->name.len));
}

void topic_ref(struct topic *topic) {
    atomic_fetch_add_explicit(&topic->refs, 1, memory_order_relaxed);
}

/* A topic that is found under the lock may be referred to anew, so the last reference is given up
 * under it. */
static void put_locked(struct pubsub *pubsub, struct topic *topic) {
    if (atomic_fetch_sub_explicit(&topic->refs, 1, memory_order_acq_rel) == 1)
        destroy_topic(pubsub, topic);
}

void pubsub_put(struct pubsub *pubsub, struct topic *topic) {
    pthread_mutex_lock(&pubsub->lock);
    put_locked(pubsub, topic);
    pthread_mutex_unlock(&pubsub->lock);
}

/* ---- a session's own table ------------------------------------------------------------------- */

static size_t slot_of(const struct subscriber *subscriber, const struct topic *topic) {
    return (size_t)topic->hash & (subscriber->slots_count - 1);
}

/* Where the topic's subscription is, or would be put. */
static size_t find_slot(const struct subscriber *subscriber, const struct topic *topic) {
    size_t at = slot_of(subscriber, topic);
    while (subscriber->slots[at] && subscriber->slots[at]->topic != topic)
        at = (at + 1) & (subscriber->slots_count - 1);
    return at;
}

static size_t subscriptions(const struct subscriber *subscriber) {
    size_t count = 0;
    for (size_t i = 0; i < PUBSUB_KINDS; i++) count += subscriber->counts[i];
    return count;
}

static bool grow_slots(struct subscriber *subscriber) {
    if (2 * (subscriptions(subscriber) + 1) <= subscriber->slots_count) return true;
    struct subscriber old = *subscriber;
    size_t count = old.slots_count ? old.slots_count * 2 : SLOTS_FIRST;
    struct allocator *mem = subscriber->pubsub->mem;
    subscriber->slots = mem_alloc_zeroed(mem, count * sizeof(struct subscription *));
    if (!subscriber->slots) {
        *subscriber = old;
        return false;
    }
    subscriber->slots_count = count;
    for (size_t i = 0; i < old.slots_count; i++)
        if (old.slots[i])
            subscriber->slots[find_slot(subscriber, old.slots[i]->topic)] = old.slots[i];
    mem_free(mem, old.slots, old.slots_count * sizeof(struct subscription *));
    return true;
}

/* Closes the gap, so that every subscription is still found from its place on. */
static void clear_slot(struct subscriber *subscriber, size_t at) {
    size_t mask = subscriber->slots_count - 1;
    subscriber->slots[at] = NULL;
    for (size_t i = (at + 1) & mask; subscriber->slots[i]; i = (i + 1) & mask) {
        struct subscription *moved = subscriber->slots[i];
        subscriber->slots[i] = NULL;
        subscriber->slots[find_slot(subscriber, moved->topic)] = moved;
    }
}

static struct subscriber *subscriber_of(struct pubsub *pubsub, struct session *session,
                                        size_t worker) {
    if (session->subscriber) return session->subscriber;
    struct subscriber *subscriber = mem_alloc(pubsub->mem, sizeof *subscriber);
    if (!subscriber) return NULL;
    *subscriber = (struct subscriber){.pubsub = pubsub, .worker = worker};
    session->subscriber = subscriber;
    return subscriber;
}

/* ---- listening ------------------------------------------------------------------------------- */

static void link_in(struct subscription *subscription, size_t worker) {
    struct topic *topic = subscription->topic;
    struct topic_worker *at = &topic->at[worker];
    subscription->next = at->first;
    subscription->previous = NULL;
    if (at->first) at->first->previous = subscription;
    at->first = subscription;
    atomic_fetch_add_explicit(&at->listeners, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&topic->listeners, 1, memory_order_relaxed);
}

static void link_out(struct subscription *subscription, size_t worker) {
    struct topic *topic = subscription->topic;
    struct topic_worker *at = &topic->at[worker];
    if (subscription->next) subscription->next->previous = subscription->previous;
    if (subscription->previous)
        subscription->previous->next = subscription->next;
    else
        at->first = subscription->next;
    atomic_fetch_sub_explicit(&at->listeners, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&topic->listeners, 1, memory_order_relaxed);
}

enum brine_status pubsub_subscribe(struct pubsub *pubsub, struct session *session, size_t worker,
                                   enum pubsub_kind kind, struct bytes name) {
    struct subscriber *subscriber = subscriber_of(pubsub, session, worker);
    struct subscription *subscription = mem_alloc(pubsub->mem, sizeof *subscription);
    enum brine_status status = BRINE_NO_MEMORY;
    pthread_mutex_lock(&pubsub->lock);
    struct topic *topic = NULL;
    if (subscriber && subscription && grow_slots(subscriber)) {
        topic = find_topic(pubsub, kind, name);
        if (!topic) topic = create_topic(pubsub, kind, name);
    }
    if (topic && subscriber->slots) { /* of which there is room for one more now */
        size_t slot = find_slot(subscriber, topic);
        status = BRINE_OK;
        if (!subscriber->slots[slot]) {
            *subscription = (struct subscription){.session = session, .topic = topic};
            subscriber->slots[slot] = subscription;
            subscriber->counts[kind]++;
            subscriber->bytes += subscription_bytes(pubsub, subscription);
            topic_ref(topic);
            if (atomic_load(&topic->listeners) == 0) atomic_fetch_add(&pubsub->counts[kind], 1);
            link_in(subscription, worker);
            subscription = NULL;
        }
    }
    pthread_mutex_unlock(&pubsub->lock);
    mem_free(pubsub->mem, subscription, sizeof *subscription);
    return status;
}

static void end_subscription(struct pubsub *pubsub, struct subscriber *subscriber, size_t slot) {
    struct subscription *subscription = subscriber->slots[slot];
    struct topic *topic = subscription->topic;
    enum pubsub_kind kind = topic->kind;
    clear_slot(subscriber, slot);
    subscriber->counts[kind]--;
    subscriber->bytes -= subscription_bytes(pubsub, subscription);
    link_out(subscription, subscriber->worker);
    if (atomic_load(&topic->listeners) == 0) atomic_fetch_sub(&pubsub->counts[kind], 1);
    put_locked(pubsub, topic);
    mem_free(pubsub->mem, subscription, sizeof *subscription);
}

bool pubsub_unsubscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind,
                        struct bytes name) {
    struct subscriber *subscriber = session->subscriber;
    if (!subscriber || subscriber->counts[kind] == 0) return false;
    bool listened = false;
    pthread_mutex_lock(&pubsub->lock);
    struct topic *topic = find_topic(pubsub, kind, name);
    size_t slot = topic ? find_slot(subscriber, topic) : 0;
    if (topic && subscriber->slots[slot]) {
        end_subscription(pubsub, subscriber, slot);
        listened = true;
    }
    pthread_mutex_unlock(&pubsub->lock);
    return listened;
}

const struct topic *pubsub_any(const struct session *session, enum pubsub_kind kind) {
    const struct subscriber *subscriber = session->subscriber;
    if (!subscriber || subscriber->counts[kind] == 0) return NULL;
    size_t at = 0;
    while (!subscriber->slots[at] || subscriber->slots[at]->topic->kind != kind) at++;
    return subscriber->slots[at]->topic;
}

void pubsub_leave(struct session *session) {
    struct subscriber *subscriber = session->subscriber;
    if (!subscriber) return;
    struct pubsub *pubsub = subscriber->pubsub;
    pthread_mutex_lock(&pubsub->lock);
    for (size_t i = 0; i < subscriber->slots_count; i++)
        while (subscriber->slots[i]) end_subscription(pubsub, subscriber, i);
    pthread_mutex_unlock(&pubsub->lock);
    mem_free(pubsub->mem, subscriber->slots,
             subscriber->slots_count * sizeof(struct subscription *));
    mem_free(pubsub->mem, subscriber, sizeof *subscriber);
    session->subscriber = NULL;
}

/* ---- publishing ------------------------------------------------------------------------------ */

/* A topic without listeners may be there still, while messages to it are on their way. */
static bool is_heard(const struct topic *topic) {
    return atomic_load(&topic->listeners) > 0;
}

enum brine_status pubsub_find(struct pubsub *pubsub, enum pubsub_kind kind, struct bytes channel,
                              struct arena *arena, struct topic ***topics, size_t *topics_count) {
    *topics_count = 0;
    *topics = NULL;
    enum brine_status status = BRINE_OK;
    pthread_mutex_lock(&pubsub->lock);
    size_t most = 1 + (kind == PUBSUB_CHANNEL ? atomic_load(&pubsub->counts[PUBSUB_PATTERN]) : 0);
    *topics = pubsub->topics_count ? arena_alloc(arena, most * sizeof(struct topic *)) : NULL;
    if (pubsub->topics_count && !*topics) {
        status = BRINE_NO_MEMORY;
    } else if (*topics) {
        struct topic *topic = find_topic(pubsub, kind, channel);
        if (topic && is_heard(topic)) (*topics)[(*topics_count)++] = topic;
        if (kind == PUBSUB_CHANNEL)
            for (topic = pubsub->patterns; topic; topic = topic->next_pattern)
                if (is_heard(topic) && glob_match(topic->name, channel))
                    (*topics)[(*topics_count)++] = topic;
    }
    for (size_t i = 0; i < *topics_count; i++) topic_ref((*topics)[i]);
    pthread_mutex_unlock(&pubsub->lock);
    return status;
}

size_t pubsub_listeners(struct pubsub *pubsub, enum pubsub_kind kind, struct bytes name) {
    pthread_mutex_lock(&pubsub->lock);
    const struct topic *topic = find_topic(pubsub, kind, name);
    size_t count = topic ? atomic_load(&topic->listeners) : 0;
    pthread_mutex_unlock(&pubsub->lock);
    return count;
}

void pubsub_visit(struct pubsub *pubsub, enum pubsub_kind kind, pubsub_visit_fn *visit,
                  void *context) {
    pthread_mutex_lock(&pubsub->lock);
    for (size_t i = 0; i < pubsub->buckets_count; i++)
        for (const struct topic *topic = pubsub->buckets[i]; topic; topic = topic->next)
            if (topic->kind == kind && atomic_load(&topic->listeners) > 0)
                visit(context, topic->name);
    pthread_mutex_unlock(&pubsub->lock);
}

/* ---- messages -------------------------------------------------------------------------------- */

struct pubsub_message *pubsub_message_create(struct allocator *mem, struct bytes channel,
                                             struct bytes payload) {
    struct pubsub_message *message = mem_alloc(mem, sizeof *message + channel.len + payload.len);
    if (!message) return NULL;
    uint8_t *text = (uint8_t *)(message + 1);
    bytes_copy_to(text, channel);
    bytes_copy_to(text + channel.len, payload);
    *message = (struct pubsub_message){.refs = 1,
                                       .mem = mem,
                                       .channel = bytes_view(text, channel.len),
                                       .payload = bytes_view(text + channel.len, payload.len)};
    return message;
}

struct pubsub_message *pubsub_message_ref(struct pubsub_message *message) {
    atomic_fetch_add_explicit(&message->refs, 1, memory_order_relaxed);
    return message;
}

void pubsub_message_unref(struct pubsub_message *message) {
    if (atomic_fetch_sub_explicit(&message->refs, 1, memory_order_acq_rel) > 1) return;
    mem_free(message->mem, message, sizeof *message + message->channel.len + message->payload.len);
}
