/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keyspaces, and a directory for their snapshots, for tests that save and load. */
#ifndef BRINE_TEST_WORLD_H
#define BRINE_TEST_WORLD_H

#include "snapshot/recover.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOW_MS = 1000, VALUE_BYTES_MAX = 3 << 20 };

/* A keyspace with all that belongs to it. */
struct world {
    struct store *store;
    struct gate gate;
    struct keyspace keyspace;
    struct keyspace_access access;
};

static char dir[64];
static struct posix_disk disk;
static struct brine_error err;

static inline void open_dir(void) {
    snprintf(dir, sizeof dir, "/tmp/brine-unit-XXXXXX");
    cr_assert(mkdtemp(dir));
    cr_assert_eq(posix_disk_open(&disk, dir, &err), BRINE_OK);
}

static inline void close_dir(void) {
    static const char *const names[] = {"dump.brine", "dump.brine.1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) (void)disk.disk.unlink(&disk.disk, names[i]);
    glob_t found;
    char aside[96];
    snprintf(aside, sizeof aside, "%s/dump.brine.damaged-*", dir);
    if (glob(aside, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) (void)unlink(found.gl_pathv[i]);
        globfree(&found);
    }
    posix_disk_close(&disk);
    cr_expect_eq(rmdir(dir), 0, "nothing else is left");
}

static inline bool world_open(struct world *world, struct allocator *mem, gate_judge *judge) {
    *world = (struct world){0};
    if (judge)
        gate_init(&world->gate, judge, NULL);
    else
        gate_init_off(&world->gate);
    world->store = store_create(&(struct store_options){
        .mem = mem, .secret = {4, 5}, .shards = 8, .notes = STORE_NOTES_FULL});
    if (!world->store) return false;
    keyspace_init(&world->keyspace, &(struct keyspace_options){.store = world->store,
                                                               .gate = &world->gate,
                                                               .provenance = true});
    keyspace_access_init(&world->access, &world->keyspace, NULL, mem);
    world->access.now_ms = NOW_MS;
    return true;
}

static inline void world_close(struct world *world) {
    if (!world->store) return;
    keyspace_access_deinit(&world->access);
    keyspace_deinit(&world->keyspace);
    store_destroy(world->store);
}

static inline enum keyspace_outcome put(struct world *world, uint32_t db, struct bytes name,
                                        struct bytes value, int64_t expire_at_ms) {
    struct store_key key = keyspace_key(&world->access, db, name);
    return keyspace_set_string(&world->access, &key, value,
                               &(struct keyspace_set_options){.expire_at_ms = expire_at_ms});
}

static inline struct recover_options recover_options(struct world *world, struct allocator *mem) {
    return (struct recover_options){.mem = mem,
                                    .keyspace = &world->keyspace,
                                    .disk = &disk,
                                    .dir = dir,
                                    .name = "dump.brine",
                                    .threads = 2,
                                    .value_bytes_max = VALUE_BYTES_MAX};
}

static inline enum brine_status load(struct world *world, struct allocator *mem,
                                     struct snapshot_load_result *result) {
    struct recover_options options = recover_options(world, mem);
    return recover(&options, result, &err);
}

static inline bool find(struct world *world, uint32_t db, struct bytes name,
                        struct store_value *value) {
    struct store_key key = keyspace_key(&world->access, db, name);
    bool found = keyspace_enter(&world->access, &key, value);
    keyspace_leave(&world->access);
    return found;
}

#endif
