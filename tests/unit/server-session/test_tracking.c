/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/tracking.h"

#include "keyspace/keyspace.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SESSIONS = 40 };

struct hall {
    struct failing_allocator mem;
    struct keyspace keyspace; /* only heard of */
    struct tracking tracking;
    struct session sessions[SESSIONS];
    struct tracking_teller teller;
    char told[512]; /* "1:key 2:key ", "1:* " for all */
};

static void note(void *context, struct tracker *tracker, const struct bytes *key) {
    struct hall *hall = context;
    size_t len = strlen(hall->told);
    snprintf(hall->told + len, sizeof hall->told - len, "%d:%.*s ",
             (int)tracking_address_id(tracker->own), key ? (int)key->len : 1,
             key ? (const char *)key->data : "*");
}

static void hall_init(struct hall *hall) {
    *hall = (struct hall){.teller = {note, hall}};
    failing_init(&hall->mem, SIZE_MAX);
    tracking_init(&hall->tracking, &hall->mem.allocator, 2, (struct hash_secret){1, 2});
    for (size_t i = 0; i < SESSIONS; i++)
        session_init(&hall->sessions[i],
                     &(struct session_options){.id = i + 1, .mem = &hall->mem.allocator});
}

static void hall_deinit(struct hall *hall) {
    for (size_t i = 0; i < SESSIONS; i++) session_deinit(&hall->sessions[i]);
    tracking_deinit(&hall->tracking);
    cr_expect(hall->mem.taken_bytes == 0, "%zu bytes left", hall->mem.taken_bytes);
}

static struct tracker *start(struct hall *hall, size_t who, uint32_t flags) {
    struct tracking_options options = {
        .keyspace = &hall->keyspace, .worker = who % 2, .flags = flags};
    cr_assert(tracking_start(&hall->tracking, &hall->sessions[who], &options) == BRINE_OK);
    return hall->sessions[who].tracked->tracker;
}

static void reads(struct hall *hall, size_t who, const char *key, size_t keys_max) {
    cr_assert(tracking_remember(&hall->tracking, hall->sessions[who].tracked->tracker,
                                bytes_of_cstr(key), keys_max, &hall->teller) == BRINE_OK);
}

static void expect_told(struct hall *hall, const char *expected) {
    cr_expect_str_eq(hall->told, expected);
    hall->told[0] = 0;
}

Test(tracking, readers_of_a_key_are_told_once) {
    struct hall hall;
    hall_init(&hall);
    for (size_t i = 0; i < 6; i++) start(&hall, i, 0);
    for (size_t i = 0; i < 6; i++) reads(&hall, i, "k", 0);
    reads(&hall, 0, "k", 0); /* again: once remembered is enough */
    reads(&hall, 1, "", 0);
    cr_expect(hall.tracking.keys == 2 && hall.tracking.items == 7);
    tracking_outdate(&hall.tracking, BYTES("other"), &hall.teller);
    expect_told(&hall, "");
    tracking_outdate(&hall.tracking, BYTES("k"), &hall.teller);
    expect_told(&hall, "1:k 2:k 3:k 4:k 5:k 6:k ");
    tracking_outdate(&hall.tracking, BYTES("k"), &hall.teller);
    expect_told(&hall, "");
    tracking_outdate(&hall.tracking, BYTES(""), &hall.teller);
    expect_told(&hall, "2: ");
    cr_expect(hall.tracking.keys == 0 && hall.tracking.items == 0);
    hall_deinit(&hall);
}

Test(tracking, who_stopped_is_not_told_and_is_forgotten) {
    struct hall hall;
    hall_init(&hall);
    for (size_t i = 0; i < 5; i++) {
        start(&hall, i, 0);
        reads(&hall, i, "k", 0);
    }
    cr_expect(hall.keyspace.events.heard == KEYSPACE_HEAR_CACHES && hall.tracking.clients == 5);
    for (size_t i = 1; i < 5; i++) tracking_stop(&hall.sessions[i]);
    cr_expect(hall.keyspace.events.heard && hall.tracking.clients == 1);
    cr_expect(!(hall.sessions[1].modes & SESSION_TRACKING) &&
              tracking_flags(&hall.sessions[1]) == 0);
    for (size_t i = 5; i < 9; i++) { /* the entry grows, and throws out who stopped */
        start(&hall, i, 0);
        reads(&hall, i, "k", 0);
    }
    cr_expect(hall.tracking.items == 5, "%zu", (size_t)hall.tracking.items);
    start(&hall, 1, 0); /* began anew: what it read before is not what it keeps now */
    tracking_outdate(&hall.tracking, BYTES("k"), &hall.teller);
    expect_told(&hall, "1:k 6:k 7:k 8:k 9:k ");
    for (size_t i = 0; i < 9; i++) tracking_leave(&hall.sessions[i]);
    cr_expect(hall.keyspace.events.heard == 0 && hall.tracking.clients == 0);
    hall_deinit(&hall);
}

Test(tracking, a_full_table_forgets_another_key_and_says_so) {
    struct hall hall;
    hall_init(&hall);
    start(&hall, 0, 0);
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        hall.told[0] = 0;
        reads(&hall, 0, key, 100);
        char own[24];
        snprintf(own, sizeof own, ":%s ", key);
        cr_expect(!strstr(hall.told, own), "%s was read just now", key);
    }
    /* A stripe whose only key was just read has no other to give up. */
    cr_expect(hall.tracking.keys >= 64 && hall.tracking.keys <= 164, "%zu",
              (size_t)hall.tracking.keys);
    cr_expect(hall.told[0] != 0);
    hall_deinit(&hall);
}

Test(tracking, a_flush_tells_every_tracker_whatever_it_read) {
    struct hall hall;
    hall_init(&hall);
    start(&hall, 0, 0);
    start(&hall, 1, TRACKING_BCAST);
    reads(&hall, 0, "a", 0);
    tracking_outdate_all(&hall.tracking, &hall.teller);
    expect_told(&hall, "2:* 1:* ");
    tracking_outdate(&hall.tracking, BYTES("a"), &hall.teller);
    expect_told(&hall, "");
    hall_deinit(&hall);
}

static void count_prefixes(void *context, const struct tracking_prefix *prefix) {
    char *text = context;
    size_t len = strlen(text);
    snprintf(text + len, 64 - len, "%.*s=%zu ", (int)prefix->name.len,
             (const char *)prefix->name.data, prefix->count);
}

Test(tracking, prefixes_are_shared_and_go_with_their_last_client) {
    struct hall hall;
    char text[64] = "";
    struct bytes names[] = {BYTES("a"), BYTES("b")};
    hall_init(&hall);
    for (size_t who = 0; who < 3; who++) {
        struct tracking_options options = {.keyspace = &hall.keyspace,
                                           .flags = TRACKING_BCAST,
                                           .prefixes = names,
                                           .prefixes_count = who ? 1 : 2};
        cr_assert(tracking_start(&hall.tracking, &hall.sessions[who], &options) == BRINE_OK);
        cr_assert(tracking_start(&hall.tracking, &hall.sessions[who], &options) == BRINE_OK);
    }
    tracking_visit_prefixes(&hall.tracking, count_prefixes, text);
    cr_expect_str_eq(text, "a=3 b=1 ");
    cr_expect(tracking_bytes(&hall.sessions[0]) > tracking_bytes(&hall.sessions[1]));
    session_reset(&hall.sessions[0], true);
    text[0] = 0;
    tracking_visit_prefixes(&hall.tracking, count_prefixes, text);
    cr_expect_str_eq(text, "a=2 ");
    hall_deinit(&hall);
}

Test(tracking, sessions_are_found_by_their_number_on_their_worker) {
    struct hall hall;
    hall_init(&hall);
    for (size_t i = 0; i < SESSIONS; i++)
        cr_assert(tracking_attend(&hall.tracking, &hall.sessions[i], i % 2) == BRINE_OK);
    for (size_t i = 0; i < SESSIONS; i += 3) tracking_leave(&hall.sessions[i]);
    for (size_t i = 0; i < SESSIONS; i++) {
        struct session *expected = i % 3 ? &hall.sessions[i] : NULL;
        cr_expect(tracking_session(&hall.tracking, i % 2, i + 1) == expected, "%zu", i);
        cr_expect(!tracking_session(&hall.tracking, (i + 1) % 2, i + 1), "%zu", i);
    }
    hall_deinit(&hall);
}

Test(tracking, a_refused_allocation_leaves_everything_as_it_was) {
    struct bytes names[] = {BYTES("a"), BYTES("b")};
    struct hall hall;
    hall_init(&hall);
    for (size_t n = 0;; n++) {
        struct session *session = &hall.sessions[0];
        struct tracking_options options = {.keyspace = &hall.keyspace,
                                           .flags = TRACKING_BCAST,
                                           .prefixes = names,
                                           .prefixes_count = 2};
        hall.mem.refused = false;
        hall.mem.fail_at = hall.mem.requests + n;
        enum brine_status started = tracking_start(&hall.tracking, session, &options);
        enum brine_status remembered = BRINE_OK;
        if (started == BRINE_OK)
            remembered = tracking_remember(&hall.tracking, session->tracked->tracker, BYTES("k"), 0,
                                           &hall.teller);
        hall.mem.fail_at = SIZE_MAX;
        if (started != BRINE_OK)
            cr_expect(tracking_flags(session) == 0 && !hall.tracking.first &&
                      !hall.tracking.prefixes && hall.keyspace.events.heard == 0);
        else if (remembered != BRINE_OK)
            cr_expect(hall.tracking.items == 0 && hall.tracking.keys == 0);
        tracking_leave(session);
        tracking_outdate_all(&hall.tracking, &hall.teller);
        if (!hall.mem.refused) break;
        cr_assert(n < 100);
    }
    hall_deinit(&hall);
}
