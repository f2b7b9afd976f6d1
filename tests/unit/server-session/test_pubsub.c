/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/pubsub.h"

#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SESSIONS = 4, WORKERS = 2 };

struct hall {
    struct failing_allocator mem;
    struct pubsub pubsub;
    struct session sessions[SESSIONS];
    struct arena arena;
};

static void hall_init(struct hall *hall) {
    *hall = (struct hall){0};
    failing_init(&hall->mem, SIZE_MAX);
    pubsub_init(&hall->pubsub, &hall->mem.allocator, WORKERS, (struct hash_secret){1, 2});
    arena_init(&hall->arena, mem_system(), 1 << 20);
    for (size_t i = 0; i < SESSIONS; i++)
        session_init(&hall->sessions[i],
                     &(struct session_options){.id = i + 1, .mem = &hall->mem.allocator});
}

static void hall_deinit(struct hall *hall) {
    for (size_t i = 0; i < SESSIONS; i++) session_deinit(&hall->sessions[i]);
    pubsub_deinit(&hall->pubsub);
    arena_deinit(&hall->arena);
    cr_expect(hall->mem.taken_bytes == 0, "%zu bytes left", hall->mem.taken_bytes);
}

static void listen(struct hall *hall, size_t who, enum pubsub_kind kind, const char *name) {
    cr_assert(pubsub_subscribe(&hall->pubsub, &hall->sessions[who], who % WORKERS, kind,
                               bytes_of_cstr(name)) == BRINE_OK);
}

static bool leave(struct hall *hall, size_t who, enum pubsub_kind kind, const char *name) {
    return pubsub_unsubscribe(&hall->pubsub, &hall->sessions[who], kind, bytes_of_cstr(name));
}

/* How many hear what is published there. */
static size_t heard(struct hall *hall, enum pubsub_kind kind, const char *channel) {
    struct topic **topics;
    size_t count, listeners = 0;
    cr_assert(pubsub_find(&hall->pubsub, kind, bytes_of_cstr(channel), &hall->arena, &topics,
                          &count) == BRINE_OK);
    for (size_t i = 0; i < count; i++) {
        listeners += topics[i]->listeners;
        pubsub_put(&hall->pubsub, topics[i]);
    }
    return listeners;
}

Test(pubsub, kinds_are_apart_and_patterns_hear_channels) {
    struct hall hall;
    hall_init(&hall);
    listen(&hall, 0, PUBSUB_CHANNEL, "a");
    listen(&hall, 0, PUBSUB_CHANNEL, "a"); /* again counts once */
    listen(&hall, 1, PUBSUB_PATTERN, "a*");
    listen(&hall, 2, PUBSUB_PATTERN, "?");
    listen(&hall, 3, PUBSUB_SHARD, "a");
    static const struct {
        enum pubsub_kind kind;
        const char *channel;
        size_t heard;
    } rows[] = {{PUBSUB_CHANNEL, "a", 3},  {PUBSUB_CHANNEL, "ab", 1}, {PUBSUB_CHANNEL, "b", 1},
                {PUBSUB_CHANNEL, "bb", 0}, {PUBSUB_SHARD, "a", 1},    {PUBSUB_SHARD, "b", 0},
                {PUBSUB_MONITOR, "", 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(heard(&hall, rows[i].kind, rows[i].channel) == rows[i].heard, "%s",
                  rows[i].channel);
    cr_expect(pubsub_listeners(&hall.pubsub, PUBSUB_CHANNEL, BYTES("a")) == 1);
    cr_expect(hall.pubsub.counts[PUBSUB_CHANNEL] == 1 && hall.pubsub.counts[PUBSUB_PATTERN] == 2);
    hall_deinit(&hall);
}

Test(pubsub, who_leaves_hears_no_more) {
    struct hall hall;
    hall_init(&hall);
    listen(&hall, 0, PUBSUB_CHANNEL, "a");
    listen(&hall, 1, PUBSUB_CHANNEL, "a");
    cr_expect(!leave(&hall, 0, PUBSUB_CHANNEL, "b") && !leave(&hall, 0, PUBSUB_PATTERN, "a") &&
              !leave(&hall, 2, PUBSUB_CHANNEL, "a"));
    cr_expect(leave(&hall, 0, PUBSUB_CHANNEL, "a") && !leave(&hall, 0, PUBSUB_CHANNEL, "a"));
    cr_expect(heard(&hall, PUBSUB_CHANNEL, "a") == 1);
    cr_expect(!pubsub_listens(&hall.sessions[0]) && pubsub_listens(&hall.sessions[1]));
    session_reset(&hall.sessions[1], true);
    cr_expect(heard(&hall, PUBSUB_CHANNEL, "a") == 0 && hall.pubsub.topics_count == 0);
    hall_deinit(&hall);
}

Test(pubsub, a_topic_lives_as_long_as_a_message_to_it_is_on_its_way) {
    struct hall hall;
    struct topic **topics;
    size_t count;
    hall_init(&hall);
    listen(&hall, 0, PUBSUB_CHANNEL, "a");
    cr_assert(pubsub_find(&hall.pubsub, PUBSUB_CHANNEL, BYTES("a"), &hall.arena, &topics, &count) ==
                  BRINE_OK &&
              count == 1);
    cr_expect(leave(&hall, 0, PUBSUB_CHANNEL, "a"));
    cr_expect(bytes_equal(topics[0]->name, BYTES("a")) && topics[0]->listeners == 0);
    cr_expect(heard(&hall, PUBSUB_CHANNEL, "a") == 0 && hall.pubsub.counts[PUBSUB_CHANNEL] == 0);
    listen(&hall, 1, PUBSUB_CHANNEL, "a"); /* found again before it was gone */
    cr_expect(topics[0]->listeners == 1 && hall.pubsub.topics_count == 1);
    pubsub_put(&hall.pubsub, topics[0]);
    hall_deinit(&hall);
}

Test(pubsub, many_subscriptions_are_found_again_whatever_their_order) {
    struct hall hall;
    char name[16];
    hall_init(&hall);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "c%d", i);
        listen(&hall, 0, PUBSUB_CHANNEL, name);
    }
    size_t bytes = pubsub_bytes(&hall.sessions[0]);
    cr_expect(bytes > 500 * sizeof(struct topic), "%zu", bytes);
    for (int i = 0; i < 500; i += 2) {
        snprintf(name, sizeof name, "c%d", i);
        cr_expect(leave(&hall, 0, PUBSUB_CHANNEL, name), "%s", name);
    }
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "c%d", i);
        cr_expect(heard(&hall, PUBSUB_CHANNEL, name) == (size_t)(i % 2), "%s", name);
    }
    cr_expect(pubsub_count(&hall.sessions[0], PUBSUB_CHANNEL) == 250);
    cr_expect(pubsub_bytes(&hall.sessions[0]) < bytes);
    const struct topic *any;
    size_t left = 0;
    while ((any = pubsub_any(&hall.sessions[0], PUBSUB_CHANNEL)) != NULL) {
        snprintf(name, sizeof name, "%.*s", (int)any->name.len, (const char *)any->name.data);
        cr_assert(leave(&hall, 0, PUBSUB_CHANNEL, name));
        left++;
    }
    cr_expect(left == 250);
    hall_deinit(&hall);
}

Test(pubsub, a_refused_allocation_subscribes_to_nothing) {
    struct hall hall;
    hall_init(&hall);
    for (size_t n = 0;; n++) {
        hall.mem.refused = false;
        hall.mem.fail_at = hall.mem.requests + n;
        enum brine_status status =
            pubsub_subscribe(&hall.pubsub, &hall.sessions[0], 0, PUBSUB_CHANNEL, BYTES("a"));
        hall.mem.fail_at = SIZE_MAX;
        cr_expect(heard(&hall, PUBSUB_CHANNEL, "a") == (status == BRINE_OK));
        cr_expect(pubsub_count(&hall.sessions[0], PUBSUB_CHANNEL) == (status == BRINE_OK));
        if (!hall.mem.refused) break;
        cr_assert(n < 20);
    }
    hall_deinit(&hall);
}
