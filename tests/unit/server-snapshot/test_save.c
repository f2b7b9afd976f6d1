/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Saving a keyspace and loading it into another. */

#include "server-snapshot/world.h"

#include "observe/clock.h"
#include "snapshot/pack.h"
#include "snapshot/save.h"
#include "support/failing.h"

enum { GIANT = VALUE_BYTES_MAX, MEMORY_MAX = 16 << 20 };

static uint8_t giant[GIANT];

static void fill_giant(void) {
    for (size_t i = 0; i < GIANT; i++) giant[i] = (uint8_t)(i * 31 ^ i >> 7);
}

/* What saves of these tests are packed with. */
static enum snapshot_codec codec = SNAPSHOT_LZ4;

static struct snapshot_save_options save_options(struct world *world, struct allocator *mem) {
    return (struct snapshot_save_options){
        .mem = mem,
        .store = world->store,
        .file = {.disk = &disk.disk,
                 .name = "dump.brine",
                 .process_id = 5,
                 .keep = 1,
                 .header = {.id = {1}}},
        .now_ms = NOW_MS,
        .memory_max = MEMORY_MAX,
        .threads = 2,
        .codec = codec,
        .level = SNAPSHOT_LEVEL_MIN,
    };
}

static enum brine_status save(struct world *world, struct allocator *mem,
                              struct snapshot_save_result *result) {
    struct snapshot_save_options options = save_options(world, mem);
    struct snapshot_save *save;
    TRY(snapshot_save_begin(&save, &options, &world->access.hold, &err));
    enum brine_status status = snapshot_save_run(save, result, &err);
    snapshot_save_destroy(save);
    return status;
}

Test(snapshot_save, brings_back_every_length_of_key_and_value_in_every_database) {
    static const size_t values[] = {0,     1,      100,    16383,      16384,   16385,
                                    32767, 262143, 262144, 256 * 1024, 1 << 20, GIANT};
    static const size_t keys[] = {0, 1, 20, 65535};
    struct world from, to;
    struct snapshot_save_result saved;
    struct snapshot_load_result loaded;
    open_dir();
    fill_giant();
    cr_assert(world_open(&from, mem_system(), NULL));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        for (size_t j = 0; j < ARRAY_LEN(keys); j++, count++)
            cr_assert_eq(put(&from, (uint32_t)i, bytes_view(giant + i, keys[j]),
                             bytes_view(giant, values[i]), j % 2 ? 4102444800000 + (int64_t)i : 0),
                         KEYSPACE_DONE);
    for (codec = SNAPSHOT_PLAIN; codec <= SNAPSHOT_ZSTD; codec++) {
        cr_assert(world_open(&to, mem_system(), NULL));
        cr_assert_eq(save(&from, mem_system(), &saved), BRINE_OK, "%s", err.text);
        cr_expect_eq(saved.records, count);
        cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK, "%s", err.text);
        cr_expect_eq(loaded.loaded, count);
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
            for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
                struct store_value value;
                struct bytes name = bytes_view(giant + i, keys[j]);
                cr_assert(find(&to, (uint32_t)i, name, &value), "value %zu key %zu", i, j);
                cr_expect(bytes_equal(value.bytes, bytes_view(giant, values[i])));
                cr_expect_eq(value.expire_at_ms, j % 2 ? 4102444800000 + (int64_t)i : 0);
                cr_expect_eq(value.stored_at_s, NOW_MS / 1000);
            }
        }
        world_close(&to);
    }
    world_close(&from);
    close_dir();
}

Test(snapshot_save, takes_little_memory_whatever_the_values_are) {
    static const size_t lengths[] = {10, 1000, 16000, 16384, 20000, 100000};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct world world;
        struct snapshot_save_result saved;
        open_dir();
        fill_giant();
        cr_assert(world_open(&world, mem_system(), NULL));
        for (uint32_t n = 0; n < 3000; n++)
            cr_assert_eq(put(&world, 0, bytes_view(&n, sizeof n), bytes_view(giant, lengths[i]), 0),
                         KEYSPACE_DONE);
        cr_assert_eq(save(&world, mem_system(), &saved), BRINE_OK, "%s", err.text);
        cr_expect_eq(saved.records, 3000);
        cr_expect(saved.memory_peak_bytes < 3 << 20, "values of %zu bytes: %zu bytes", lengths[i],
                  saved.memory_peak_bytes);
        world_close(&world);
        close_dir();
    }
}

static void describe_actor(const void *context UNUSED, struct gate_actor *actor) {
    *actor = (struct gate_actor){.address = "10.0.0.7:5", .user = BYTES("alice")};
}

Test(snapshot_save, remembers_who_stored_what) {
    struct world from, to;
    struct snapshot_save_result saved;
    struct snapshot_load_result loaded;
    struct store_value value;
    char text[WRITER_TEXT_BYTES];
    open_dir();
    cr_assert(world_open(&from, mem_system(), NULL) && world_open(&to, mem_system(), NULL));
    cr_assert_eq(writers_number_of(&to.keyspace.writers, BYTES("bob@10.0.0.8")), 1);
    from.access.actor = describe_actor;
    cr_assert_eq(put(&from, 0, BYTES("k"), BYTES("v"), 0), KEYSPACE_DONE);
    struct snapshot_save_options options = save_options(&from, mem_system());
    struct snapshot_save *running;
    cr_assert_eq(snapshot_save_begin(&running, &options, &from.access.hold, &err), BRINE_OK);
    cr_assert_eq(snapshot_save_run(running, &saved, &err), BRINE_OK);
    snapshot_save_destroy(running);
    cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK);
    cr_assert(find(&to, 0, BYTES("k"), &value));
    /* Without names in the file the number means nothing here. */
    keyspace_writer_text(&to.keyspace, value.writer, text, sizeof text);
    cr_expect_str_neq(text, "bob@10.0.0.8");
    cr_expect_eq(value.stored_at_s, NOW_MS / 1000);
    world_close(&from);
    world_close(&to);
    close_dir();
}

static struct store_usage usage_of(struct world *world, struct bytes name, int64_t now_ms) {
    struct store_key key = keyspace_key(&world->access, 0, name);
    struct store_value value;
    store_lock(world->store, &world->access.hold, &key);
    cr_assert(store_find(world->store, &key, now_ms, &value));
    struct store_usage usage = store_usage(world->store, &value, now_ms);
    store_unlock(world->store, &world->access.hold);
    return usage;
}

Test(snapshot_save, remembers_how_long_nobody_asked) {
    static const struct {
        enum store_policy policy;
        uint32_t idle_s, frequency;
    } rows[] = {{STORE_POLICY_ALLKEYS_LRU, 1000, 0}, {STORE_POLICY_ALLKEYS_LFU, 0, 5}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world from, to;
        struct snapshot_save *running;
        struct snapshot_save_result saved;
        struct snapshot_load_result loaded;
        struct keyspace_memory memory = {.policy = {.policy = rows[i].policy}};
        open_dir();
        cr_assert(world_open(&from, mem_system(), NULL) && world_open(&to, mem_system(), NULL));
        room_set(&from.keyspace, &memory);
        room_set(&to.keyspace, &memory);
        cr_assert_eq(put(&from, 0, BYTES("k"), BYTES("v"), 0), KEYSPACE_DONE);
        struct snapshot_save_options options = save_options(&from, mem_system());
        options.now_ms = i ? NOW_MS : NOW_MS + 1000 * 1000;
        cr_assert_eq(snapshot_save_begin(&running, &options, &from.access.hold, &err), BRINE_OK);
        cr_assert_eq(snapshot_save_run(running, &saved, &err), BRINE_OK);
        snapshot_save_destroy(running);
        cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK);
        struct store_usage usage = usage_of(&to, BYTES("k"), clock_wall_ms());
        cr_expect(usage.idle_s >= rows[i].idle_s && usage.idle_s < rows[i].idle_s + 100, "%u s",
                  usage.idle_s);
        cr_expect_eq(usage.frequency, rows[i].frequency);
        world_close(&from);
        world_close(&to);
        close_dir();
    }
}

Test(snapshot_save, leaves_out_what_has_expired) {
    struct world from, to;
    struct snapshot_save_result saved;
    struct snapshot_load_result loaded;
    open_dir();
    cr_assert(world_open(&from, mem_system(), NULL) && world_open(&to, mem_system(), NULL));
    from.access.now_ms = 1;
    cr_assert_eq(put(&from, 0, BYTES("over"), BYTES("v"), NOW_MS - 1), KEYSPACE_DONE);
    cr_assert_eq(put(&from, 0, BYTES("last"), BYTES("v"), NOW_MS), KEYSPACE_DONE);
    cr_assert_eq(put(&from, 0, BYTES("stays"), BYTES("v"), INT64_MAX), KEYSPACE_DONE);
    cr_assert_eq(save(&from, mem_system(), &saved), BRINE_OK);
    cr_expect_eq(saved.records, 2);
    cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK);
    cr_expect_eq(loaded.loaded, 1);
    cr_expect_eq(loaded.expired, 1, "the clock has gone on since 1970");
    world_close(&from);
    world_close(&to);
    close_dir();
}

Test(snapshot_save, is_given_up_when_writers_are_too_fast_and_nobody_waits) {
    struct world world;
    struct snapshot_save_result saved;
    open_dir();
    fill_giant();
    cr_assert(world_open(&world, mem_system(), NULL));
    for (uint32_t i = 0; i < 40; i++)
        cr_assert_eq(put(&world, 0, bytes_view(&i, sizeof i), bytes_view(giant, 1 << 20), 0),
                     KEYSPACE_DONE);
    struct snapshot_save_options options = save_options(&world, mem_system());
    struct snapshot_save *running;
    cr_assert_eq(snapshot_save_begin(&running, &options, &world.access.hold, &err), BRINE_OK);
    size_t before = store_used_bytes(world.store), most = 0;
    for (uint32_t i = 0; i < 40; i++) {
        cr_assert_eq(put(&world, 0, bytes_view(&i, sizeof i), BYTES("new"), 0), KEYSPACE_DONE);
        most = MAX(most, store_used_bytes(world.store));
    }
    cr_expect(most <= before, "old values do not stay for ever");
    cr_expect_eq(snapshot_save_run(running, &saved, &err), BRINE_NO_MEMORY);
    cr_expect(strstr(err.text, "snapshot.memory_max"), "%s", err.text);
    snapshot_save_destroy(running);
    cr_expect(store_used_bytes(world.store) < before / 10);
    cr_expect_eq(save(&world, mem_system(), &saved), BRINE_OK, "the next one is made");
    cr_expect_eq(saved.records, 40);
    world_close(&world);
    close_dir();
}

Test(snapshot_save, with_any_refused_allocation_fails_in_words_and_leaks_nothing) {
    struct world world;
    struct snapshot_save_result saved;
    open_dir();
    fill_giant();
    cr_assert(world_open(&world, mem_system(), NULL));
    for (uint32_t i = 0; i < 300; i++)
        cr_assert_eq(put(&world, i % 3, bytes_view(&i, sizeof i), bytes_view(giant, i * 97), 0),
                     KEYSPACE_DONE);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct snapshot_save_options options = save_options(&world, NULL);
        struct snapshot_save *running;
        failing_init(&mem, n);
        options.mem = &mem.allocator;
        options.threads = 1;
        enum brine_status status =
            snapshot_save_begin(&running, &options, &world.access.hold, &err);
        if (status == BRINE_OK) {
            status = snapshot_save_run(running, &saved, &err);
            snapshot_save_destroy(running);
        }
        cr_expect_eq(mem.taken_bytes, 0, "allocation %zu", n);
        cr_expect(status == BRINE_OK ? saved.records == 300 : status == BRINE_NO_MEMORY,
                  "allocation %zu: %s", n, err.text);
        if (!mem.refused) break;
    }
    world_close(&world);
    close_dir();
}

Test(snapshot_load, with_any_refused_allocation_fails_in_words_and_leaks_nothing) {
    struct world from, to;
    struct snapshot_save_result saved;
    struct snapshot_load_result loaded;
    open_dir();
    fill_giant();
    cr_assert(world_open(&from, mem_system(), NULL));
    for (uint32_t i = 0; i < 60; i++)
        cr_assert_eq(put(&from, i % 3, bytes_view(&i, sizeof i), bytes_view(giant, i * 797), 0),
                     KEYSPACE_DONE);
    cr_assert_eq(save(&from, mem_system(), &saved), BRINE_OK);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        bool opened = world_open(&to, &mem.allocator, NULL);
        struct recover_options options = {.mem = &mem.allocator,
                                          .keyspace = &to.keyspace,
                                          .disk = &disk,
                                          .dir = dir,
                                          .name = "dump.brine",
                                          .threads = 1,
                                          .value_bytes_max = GIANT};
        enum brine_status status = opened ? recover(&options, &loaded, &err) : BRINE_NO_MEMORY;
        cr_expect(status == BRINE_OK ? loaded.loaded == 60 : status == BRINE_NO_MEMORY,
                  "allocation %zu: %s", n, err.text);
        world_close(&to);
        cr_expect_eq(mem.taken_bytes, 0, "allocation %zu", n);
        if (!mem.refused) break;
    }
    world_close(&from);
    close_dir();
}

static enum gate_verdict refuse_evil(void *context UNUSED, struct gate_desk *desk UNUSED,
                                     const struct gate_question *question,
                                     struct gate_answer *answer) {
    if (bytes_is(question->value, "drop")) return GATE_DROP;
    if (bytes_is(question->value, "evil")) return gate_refuse(answer, 0, "evil");
    answer->label = 0;
    return GATE_ADMIT;
}

Test(snapshot_load, asks_the_gate_about_every_value) {
    struct world from, to;
    struct snapshot_save_result saved;
    struct snapshot_load_result loaded;
    struct store_value value;
    open_dir();
    cr_assert(world_open(&from, mem_system(), NULL) && world_open(&to, mem_system(), refuse_evil));
    cr_assert_eq(put(&from, 0, BYTES("a"), BYTES("evil"), 0), KEYSPACE_DONE);
    cr_assert_eq(put(&from, 0, BYTES("b"), BYTES("drop"), 0), KEYSPACE_DONE);
    cr_assert_eq(put(&from, 0, BYTES("c"), BYTES("good"), 0), KEYSPACE_DONE);
    cr_assert_eq(save(&from, mem_system(), &saved), BRINE_OK);
    cr_assert_eq(load(&to, mem_system(), &loaded), BRINE_OK);
    cr_expect_eq(loaded.loaded, 1);
    cr_expect_eq(loaded.refused, 2);
    cr_expect_not(find(&to, 0, BYTES("a"), &value));
    cr_expect_not(find(&to, 0, BYTES("b"), &value));
    cr_expect(find(&to, 0, BYTES("c"), &value));
    world_close(&from);
    world_close(&to);
    close_dir();
}
