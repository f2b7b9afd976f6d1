/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "world.h"

#include "keyspace/room.h"

#define ABC "\"\\x00\\x03\\x61\\x62\\x63\\x0a\\x00\\xd9\\xac\\x30\\x3d\\x41\\x72\\xa2\\xe2\""

static struct store_usage usage_of(struct world *world, const char *name) {
    struct keyspace_access *access = &world->one.worker.access;
    struct store_key key = keyspace_key(access, 0, bytes_of_cstr(name));
    struct store_value value;
    cr_assert(keyspace_peek(access, &key, &value), "%s", name);
    struct store_usage usage = store_usage(world->one.store, &value, access->now_ms);
    keyspace_leave(access);
    return usage;
}

Test(dump, a_restored_value_is_as_old_or_as_used_as_it_was) {
    static const struct {
        enum store_policy name;
        const char *command;
        uint32_t idle_from_s, idle_to_s;
        uint8_t frequency;
    } rows[] = {
        {STORE_POLICY_ALLKEYS_LRU, "RESTORE k 0 " ABC " IDLETIME 1000\r\n", 990, 1010, 0},
        {STORE_POLICY_ALLKEYS_LRU, "RESTORE k 0 " ABC "\r\n", 0, 0, 0},
        {STORE_POLICY_ALLKEYS_LFU, "RESTORE k 0 " ABC " FREQ 100\r\n", 0, 0, 100},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        world_init(&world);
        room_set(&world.one.keyspace, &(struct keyspace_memory){.policy = {rows[i].name, 10, 1}});
        cr_expect_str_eq(ask(&world, rows[i].command), "+OK\r\n");
        struct store_usage usage = usage_of(&world, "k");
        cr_expect(usage.idle_s >= rows[i].idle_from_s && usage.idle_s <= rows[i].idle_to_s,
                  "row %zu: idle for %u s", i, usage.idle_s);
        cr_expect(usage.frequency == rows[i].frequency, "row %zu: used %u", i, usage.frequency);
        world_deinit(&world);
    }
}

Test(dump, a_refused_allocation_leaves_all_as_it_was) {
    for (size_t n = 0; n < 12; n++) {
        struct world world;
        world_init(&world);
        ask(&world, "SET k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        world.mem.fail_at = world.mem.requests + n;
        const char *reply = ask(&world, "DUMP k\r\n");
        cr_expect(*reply == '$' || strncmp(reply, "-OOM", 4) == 0 || *reply == 0, "%s", reply);
        world.mem.fail_at = world.mem.requests + n;
        reply = ask(&world, "RESTORE k 0 " ABC " REPLACE\r\n");
        bool done = strcmp(reply, "+OK\r\n") == 0;
        cr_expect(done || strncmp(reply, "-OOM", 4) == 0 || *reply == 0, "%s", reply);
        world.mem.fail_at = SIZE_MAX;
        cr_expect_str_eq(ask(&world, "STRLEN k\r\n"), done ? ":3\r\n" : ":32\r\n");
        world_deinit(&world);
    }
}
