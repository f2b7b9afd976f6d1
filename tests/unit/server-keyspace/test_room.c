/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "keyspace/keyspace.h"
#include "keyspace/room.h"
#include "store/store_write.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { LIMIT = 64 << 20, BASE = 6 << 20 };

/* What the process has is told by a test: a keyspace asks whoever measures it, without a context.
 */
static struct room_process told;
static size_t times_asked;
static void (*while_asked)(void *context); /* as if the thread were not run for a while */
static void *while_asked_context;
static bool measure(struct room_process *process) {
    *process = told;
    times_asked++;
    if (while_asked) while_asked(while_asked_context);
    return told.resident_bytes > 0;
}

static size_t times_purged;
static void purge(void) {
    times_purged++;
    told.resident_bytes -= told.idle_bytes;
    told.idle_bytes = 0;
}

struct house {
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct keyspace_access access;
};

static void house_init(struct house *house, size_t limit) {
    *house = (struct house){0};
    gate_init_off(&house->gate);
    house->store = store_create(&(struct store_options){.mem = mem_system(), .secret = {3, 4}});
    cr_assert(house->store);
    keyspace_init(&house->keyspace,
                  &(struct keyspace_options){.store = house->store, .gate = &house->gate});
    keyspace_access_init(&house->access, &house->keyspace, NULL, mem_system());
    house->access.now_ms = 1000;
    room_set(&house->keyspace, &(struct keyspace_memory){.bytes_max = limit});
    told = (struct room_process){.resident_bytes = BASE + store_used_bytes(house->store)};
    times_asked = times_purged = 0;
    room_watch_process(&house->keyspace, measure, purge);
}

static void house_deinit(struct house *house) {
    keyspace_access_deinit(&house->access);
    keyspace_deinit(&house->keyspace);
    store_destroy(house->store);
}

static void fill_with(struct house *house, size_t bytes, size_t value_bytes) {
    static const uint8_t value[20000];
    char name[32];
    cr_assert(value_bytes <= sizeof value);
    for (size_t i = 0; store_used_bytes(house->store) < bytes; i++) {
        snprintf(name, sizeof name, "key:%zu", i);
        struct store_key key = keyspace_key(&house->access, 0, bytes_of_cstr(name));
        cr_assert(keyspace_set_string(&house->access, &key, (struct bytes){value, value_bytes},
                                      &(struct keyspace_set_options){0}) == KEYSPACE_DONE);
    }
}

/* Values in blobs, so that there are hardly any holes. */
static void fill(struct house *house, size_t bytes) {
    fill_with(house, bytes, 20000);
}

static size_t overhead(const struct house *house) {
    return room_counts(&house->keyspace, 1000).overhead_bytes;
}

Test(room, what_a_process_has_beyond_its_entries_is_overhead) {
    const size_t fine = LIMIT / 64;
    const struct {
        const char *row;
        size_t limit, beyond, idle, least, most;
    } table[] = {
        {"nothing but its base", LIMIT, BASE, 0, BASE, BASE},
        {"ten megabytes more", LIMIT, BASE + (10 << 20), 0, BASE + (10 << 20), BASE + (10 << 20)},
        {"a little waits to be given back", LIMIT, BASE, fine / 2, BASE, BASE},
        {"much waits to be given back: in steps", LIMIT, BASE, fine * 3, BASE + fine / 2,
         BASE + fine / 2},
        {"a base of a quarter counts", BASE * 4, BASE, 0, BASE, BASE},
        {"of one in between, a part", BASE * 7 / 2, BASE, 0, BASE / 2, BASE / 2},
        {"a base of a third does not", BASE * 3, BASE, 0, 0, 0},
        {"what came since does", BASE * 3, BASE + (2 << 20), 0, 2 << 20, 2 << 20},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct house house;
        house_init(&house, table[i].limit);
        fill(&house, table[i].limit / 4 * 3);
        cr_assert(store_hole_bytes(house.store) < table[i].limit / 64);
        told.idle_bytes = table[i].idle;
        told.resident_bytes = store_used_bytes(house.store) + table[i].beyond + table[i].idle;
        room_measure(&house.keyspace);
        size_t found = overhead(&house);
        cr_expect(found >= table[i].least && found <= table[i].most, "%s: %zu", table[i].row,
                  found);
        house_deinit(&house);
    }
}

Test(room, a_process_over_its_limit_gives_idle_pages_back_at_once) {
    const size_t over = LIMIT + LIMIT / 16, much = LIMIT / 16, little = LIMIT / 256;
    const struct {
        const char *row;
        size_t resident, idle, purged;
    } table[] = {
        {"over, and much is idle", over, much, 1},
        {"over, and little is idle", over, little, 0},
        {"not over", LIMIT, much, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct house house;
        house_init(&house, LIMIT);
        fill(&house, LIMIT / 4 * 3);
        told = (struct room_process){table[i].resident, table[i].idle};
        room_measure(&house.keyspace);
        cr_expect(times_purged == table[i].purged, "%s", table[i].row);
        size_t left = table[i].resident - table[i].idle - store_used_bytes(house.store);
        cr_expect(overhead(&house) >= left && overhead(&house) <= left + LIMIT / 64, "%s: %zu",
                  table[i].row, overhead(&house));
        house_deinit(&house);
    }
}

static size_t purged_meanwhile;
static void end_judging(void *context) {
    while_asked = NULL;
    room_note_judged(context);
    purged_meanwhile = times_purged;
}

Test(room, what_judging_leaves_goes_back_though_another_thread_is_measuring) {
    static const struct {
        const char *row;
        size_t above, idle, purged;
    } table[] = {
        {"over the limit", LIMIT / 8, LIMIT / 4, 1},
        {"within it", 0, LIMIT / 4, 0},
        {"nothing is idle", LIMIT / 8, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct house house;
        house_init(&house, LIMIT);
        fill(&house, LIMIT / 4 * 3);
        told = (struct room_process){LIMIT + table[i].above, table[i].idle};
        while_asked = end_judging;
        while_asked_context = &house.keyspace;
        room_measure(&house.keyspace);
        cr_expect(!while_asked && purged_meanwhile == table[i].purged, "%s: %zu", table[i].row,
                  purged_meanwhile);
        house_deinit(&house);
    }
}

Test(room, what_grows_counts_at_once_and_what_shrinks_in_steps) {
    struct house house;
    house_init(&house, LIMIT);
    fill(&house, LIMIT / 4 * 3);
    size_t used = store_used_bytes(house.store), peak = BASE + (8 << 20);
    told.resident_bytes = used + peak;
    room_measure(&house.keyspace);
    cr_expect(overhead(&house) == peak);
    told.resident_bytes = used + BASE;
    room_measure(&house.keyspace);
    size_t once = overhead(&house);
    cr_expect(once < peak && once > BASE);
    for (int i = 0; i < 100; i++) room_measure(&house.keyspace);
    cr_expect(overhead(&house) < BASE + 64);
    house_deinit(&house);
}

Test(room, commands_that_bring_much_measure_without_a_timer) {
    struct house house;
    house_init(&house, LIMIT);
    size_t asked = times_asked;
    for (int i = 0; i < 1000; i++) cr_assert(keyspace_make_room(&house.access, 64 << 10));
    cr_expect(times_asked == asked, "far from the limit there is nothing to measure");
    fill(&house, LIMIT / 4 * 3);
    told.resident_bytes = LIMIT;
    for (int i = 0; i < 100; i++) cr_assert(keyspace_make_room(&house.access, 64 << 10));
    cr_expect(times_asked > asked + 5 && times_asked < asked + 50, "%zu times",
              times_asked - asked);
    cr_expect(overhead(&house) > BASE);
    cr_expect(store_used_bytes(house.store) > LIMIT / 4 * 3, "nothing had to give way");
    house_deinit(&house);
}

/* Overhead that a measurement finds late, as where a thread was not run for a while; and entries so
 * small that one command cannot make up for it. */
Test(room, a_write_runs_while_more_gives_way_than_it_brings) {
    enum { ABOVE = LIMIT / 3 };
    const struct {
        const char *row;
        enum store_policy policy;
        size_t beyond, limit, argument_bytes;
        bool runs;
    } table[] = {
        {"an eighth above", STORE_POLICY_BRINE, LIMIT / 8, LIMIT, 1000, true},
        {"a third above", STORE_POLICY_BRINE, ABOVE, LIMIT, 1000, true},
        {"as least recently used", STORE_POLICY_ALLKEYS_LRU, ABOVE, LIMIT, 1000, true},
        {"much is brought", STORE_POLICY_BRINE, ABOVE, LIMIT, 1 << 20, true},
        {"more is brought than gives way", STORE_POLICY_BRINE, ABOVE, LIMIT, 30 << 20, false},
        {"nothing may give way", STORE_POLICY_NOEVICTION, ABOVE, LIMIT, 1000, false},
        {"nothing expires", STORE_POLICY_VOLATILE_LRU, ABOVE, LIMIT, 1000, false},
        {"the limit was halved", STORE_POLICY_BRINE, 0, LIMIT / 2, 1000, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct house house;
        house_init(&house, LIMIT);
        fill_with(&house, LIMIT - LIMIT / 32, 300);
        told.resident_bytes = LIMIT + table[i].beyond;
        room_set(&house.keyspace, &(struct keyspace_memory){.bytes_max = table[i].limit,
                                                            .policy = {table[i].policy, 10, 1}});
        room_measure(&house.keyspace);
        bool runs = keyspace_make_room(&house.access, table[i].argument_bytes);
        cr_expect(runs == table[i].runs, "%s", table[i].row);
        cr_expect(room_is_exceeded(&house.keyspace), "%s: upkeep does the rest", table[i].row);
        house_deinit(&house);
    }
}

Test(room, where_it_is_not_known_nothing_is_overhead) {
    struct house house;
    house_init(&house, LIMIT);
    fill(&house, LIMIT / 4 * 3);
    told.resident_bytes = 0;
    room_measure(&house.keyspace);
    cr_expect(overhead(&house) == 0);
    house_deinit(&house);
}

static void empty(void *context) {
    struct house *house = context;
    keyspace_flush_db(&house->access, 0);
    for (size_t i = 0; i < store_shards(house->store); i++)
        while (store_reclaim(house->store, &house->access.hold, i, 1000)) {}
}
static void fill_up(void *context) {
    fill(context, LIMIT / 8 * 7);
}

/* The kernel's figure is of one moment and the store's of another. */
Test(room, what_comes_or_goes_while_it_is_measured_is_no_overhead) {
    static const struct {
        const char *row;
        void (*meanwhile)(void *context);
    } table[] = {{"entries go", empty}, {"entries come", fill_up}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct house house;
        house_init(&house, LIMIT);
        fill(&house, LIMIT / 4 * 3);
        size_t before = store_used_bytes(house.store);
        told.resident_bytes = BASE + before;
        while_asked = table[i].meanwhile;
        while_asked_context = &house;
        room_measure(&house.keyspace);
        while_asked = NULL;
        cr_assert(store_used_bytes(house.store) != before);
        cr_expect(overhead(&house) <= BASE, "%s: %zu", table[i].row, overhead(&house));
        house_deinit(&house);
    }
}

Test(room, what_judging_took_is_kept_free_and_forgotten_in_time) {
    enum { SCRATCH = 8 << 20 };
    struct house house;
    house_init(&house, LIMIT);
    fill(&house, LIMIT / 4 * 3);
    told.resident_bytes = BASE + store_used_bytes(house.store);
    struct allocator *purse = &house.access.purse.allocator;
    void *scratch = mem_alloc(purse, SCRATCH);
    cr_assert(scratch);
    told.resident_bytes += SCRATCH;
    room_measure(&house.keyspace);
    cr_expect(overhead(&house) == BASE + SCRATCH, "it is counted once: %zu", overhead(&house));
    mem_free(purse, scratch, SCRATCH);
    told.idle_bytes = SCRATCH;
    room_measure(&house.keyspace);
    size_t kept = overhead(&house);
    cr_expect(kept <= BASE + SCRATCH && kept > BASE + SCRATCH / 2,
              "what waits to be given back is part of it: %zu", kept);
    for (int i = 0; i < 600; i++) room_measure(&house.keyspace);
    cr_expect(overhead(&house) < BASE + SCRATCH / 2, "half a minute later: %zu", overhead(&house));
    house_deinit(&house);
}

Test(room, where_nothing_ends_it_is_not_looked_for_again_until_something_does) {
    struct house house;
    house_init(&house, LIMIT);
    fill(&house, LIMIT + LIMIT / 16);
    room_set(&house.keyspace,
             &(struct keyspace_memory){.bytes_max = LIMIT,
                                       .policy = {STORE_POLICY_VOLATILE_LRU, 10, 1}});
    cr_expect(!keyspace_make_room(&house.access, 100));
    struct store_evicted vain = store_evict(house.store, &house.access.hold, 1000, LIMIT, SIZE_MAX);
    cr_expect(vain.looked == 0 && vain.entries == 0, "%zu slots", vain.looked);
    struct store_key key = keyspace_key(&house.access, 0, bytes_of_cstr("key:7"));
    cr_expect(keyspace_set_string(&house.access, &key, bytes_of_cstr("ends"),
                                  &(struct keyspace_set_options){.expire_at_ms = 100000}) ==
              KEYSPACE_DONE);
    struct store_evicted found = store_evict(house.store, &house.access.hold, 1000, LIMIT, 100000);
    cr_expect(found.entries == 1, "%zu entries", found.entries);
    house_deinit(&house);
}

Test(room, a_client_may_leave_less_unread_the_more_all_hold) {
    static _Atomic size_t held;
    struct house house;
    house_init(&house, LIMIT);
    room_watch_clients(&house.keyspace, &held);
    cr_expect_eq(room_for_replies(&house.keyspace, 1000), 1000, "what was asked for is the most");
    cr_expect_eq(room_for_replies(&house.keyspace, SIZE_MAX), LIMIT / 8 / 8);
    held = LIMIT / 16;
    cr_expect_eq(room_for_replies(&house.keyspace, SIZE_MAX), LIMIT / 16 / 8);
    held = LIMIT;
    cr_expect_eq(room_for_replies(&house.keyspace, SIZE_MAX), 16 * 1024);
    room_set(&house.keyspace, &(struct keyspace_memory){0});
    cr_expect_eq(room_for_replies(&house.keyspace, 1000), 1000, "without a limit, all of it");
    house_deinit(&house);
}

Test(room, buffers_that_grow_are_paid_for_at_once) {
    static _Atomic size_t held;
    struct house house;
    house_init(&house, LIMIT);
    room_watch_clients(&house.keyspace, &held);
    fill_with(&house, LIMIT / 4 * 3, 1000);
    told.resident_bytes = BASE + store_used_bytes(house.store);
    cr_expect_not(room_note_buffers(&house.access, LIMIT / 32), "there is room");
    for (size_t i = 1; i <= 8; i++) {
        held += LIMIT / 16;
        told.resident_bytes = BASE + store_used_bytes(house.store) + held;
        cr_expect_eq(room_note_buffers(&house.access, LIMIT / 16), i > 2, "%zu", i);
    }
    cr_expect_leq(room_taken_bytes(&house.keyspace), LIMIT + LIMIT / 16, "%zu are taken",
                  room_taken_bytes(&house.keyspace));
    house_deinit(&house);
}

Test(room, one_growth_takes_its_time_from_others_no_longer_than_a_batch) {
    enum { BATCH_BYTES_MOST = 12 * 1024 * 1024 };
    static _Atomic size_t held;
    struct house house;
    house_init(&house, 8 * (size_t)LIMIT);
    room_watch_clients(&house.keyspace, &held);
    fill_with(&house, 8 * (size_t)LIMIT / 8 * 7, 1000);
    size_t before = store_used_bytes(house.store);
    held = 64 * (size_t)LIMIT;
    told.resident_bytes = BASE + before + held;
    cr_expect(room_note_buffers(&house.access, held), "upkeep goes on with it");
    size_t after = store_used_bytes(house.store);
    cr_expect_lt(after, before);
    cr_expect_leq(before - after, BATCH_BYTES_MOST, "%zu went", before - after);
    house_deinit(&house);
}
