/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: Redis 7.0 notify.c notifyKeyspaceEvent. */

#include "cmd/events.h"

#include "cmd/pubsub.h"
#include "cmd/tracking.h"
#include "keyspace/transaction.h"

#include <stdio.h>

/* Events that are about more than a key's string; all others are "generic". */
static const struct {
    const char *name;
    int64_t class;
} event_classes[] = {
    {"set", CONFIG_EVENTS_STRING},         {"incrby", CONFIG_EVENTS_STRING},
    {"incrbyfloat", CONFIG_EVENTS_STRING}, {"append", CONFIG_EVENTS_STRING},
    {"setrange", CONFIG_EVENTS_STRING},    {"setbit", CONFIG_EVENTS_STRING},
    {"expired", CONFIG_EVENTS_EXPIRED},    {"evicted", CONFIG_EVENTS_EVICTED},
    {"keymiss", CONFIG_EVENTS_MISSES},     {"new", CONFIG_EVENTS_NEW},
};

static int64_t class_of(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(event_classes); i++)
        if (strcmp(name, event_classes[i].name) == 0) return event_classes[i].class;
    return CONFIG_EVENTS_GENERIC;
}

void events_apply_classes(struct keyspace *keyspace, int64_t classes) {
    bool told = classes & (CONFIG_EVENTS_KEYSPACE | CONFIG_EVENTS_KEYEVENT);
    keyspace_hear(keyspace, KEYSPACE_HEAR_CHANGES, told && classes & CONFIG_EVENTS_ALL);
    keyspace_hear(keyspace, KEYSPACE_HEAR_ENDS, told && classes & CONFIG_EVENTS_EXPIRED);
    keyspace_hear(keyspace, KEYSPACE_HEAR_MISSES, told && classes & CONFIG_EVENTS_MISSES);
    keyspace_hear(keyspace, KEYSPACE_HEAR_NEW, told && classes & CONFIG_EVENTS_NEW);
}

/* A key's name is anybody's bytes, so as a message it is judged like any other. */
static void publish(struct worker_state *worker, struct session *session, uint32_t db,
                    struct bytes channel, struct bytes payload, bool is_a_key) {
    struct keyspace_judged judged = {0};
    if (is_a_key) {
        bool may_defer = worker->access.may_defer;
        worker->access.may_defer = false;
        enum keyspace_outcome outcome =
            keyspace_judge_message(&worker->access, db, channel, payload, &judged);
        worker->access.may_defer = may_defer;
        if (outcome != KEYSPACE_DONE || judged.dropped) return;
    }
    (void)pubsub_publish(worker, session, PUBSUB_CHANNEL, channel, payload);
}

static void notify(struct worker_state *worker, struct session *session, int64_t classes,
                   const struct keyspace_event *event) {
    struct bytes name = bytes_of_cstr(event->name);
    struct buf *channel = &worker->collected;
    if (!(classes & class_of(event->name))) return;
    if (classes & CONFIG_EVENTS_KEYSPACE) {
        buf_clear(channel);
        if (buf_printf(channel, "__keyspace@%u__:", (unsigned)event->db) == BRINE_OK &&
            buf_append(channel, event->key) == BRINE_OK)
            publish(worker, session, event->db, buf_view(channel), name, false);
    }
    if (classes & CONFIG_EVENTS_KEYEVENT) {
        buf_clear(channel);
        if (buf_printf(channel, "__keyevent@%u__:%s", (unsigned)event->db, event->name) == BRINE_OK)
            publish(worker, session, event->db, buf_view(channel), event->key, true);
    }
    buf_clear(channel);
}

void events_tell_all(struct worker_state *worker, struct session *session) {
    struct keyspace_access *access = &worker->access;
    const struct pubsub *pubsub = &worker->shared->pubsub;
    int64_t classes = config_read(worker->config->events.notify);
    bool heard = atomic_load(&pubsub->counts[PUBSUB_CHANNEL]) ||
                 atomic_load(&pubsub->counts[PUBSUB_PATTERN]);
    struct keyspace_event event;
    size_t at = 0;
    keyspace_gather_events(access);
    tracking_tell(worker, session);
    /* Publishing judges, and judging changes nothing, so no event is added meanwhile. */
    while (heard && classes && keyspace_next_event(access, &at, &event)) {
        if (!event.name) continue;
        if (worker->scratch.newest) arena_reset(&worker->scratch);
        notify(worker, session, classes, &event);
    }
    keyspace_forget_events(access);
}
