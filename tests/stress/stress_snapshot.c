/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Snapshots while threads change everything, each loaded into another keyspace and judged.  What is
 * claimed: a snapshot is one moment.  A writer sets its keys in turn to version 1, 2, 3 ..., so at
 * one moment some first part of them has a version and the rest the one before; pairs that MSET
 * writes together are equal; a database that is filled and flushed as a whole is never half there
 * beyond what its filler had written; and nothing acknowledged before the cut is missing.  Run
 * under TSan as well. */

#include "snapshot/recover.h"
#include "snapshot/save.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WRITERS = 2,
    KEYS = 1500,
    PAIRS = 200,
    SAVES = 25,
    NAME_BYTES = 32,
    VALUE_BYTES = 40 * 1024,
    DB_PLAIN = 0,
    DB_FLUSHED = 1,
};

struct stress {
    struct store *store;
    struct gate gate;
    struct keyspace keyspace;
    atomic_bool done;
    _Atomic uint64_t versions[WRITERS]; /* complete */
    atomic_size_t passed, failed;
    uint64_t handed_over;
    char dir[64];
    struct posix_disk disk;
};

static void check(struct stress *stress, bool ok, const char *what) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "failed: %s\n", what);
}

static void open_keyspace(struct store **store, struct keyspace *keyspace,
                          const struct gate *gate) {
    *store = store_create(
        &(struct store_options){.mem = mem_system(), .secret = {1, 2}, .shards = 16, .threads = 4});
    if (!*store) exit(1);
    keyspace_init(keyspace, &(struct keyspace_options){.store = *store, .gate = gate});
}

/* ---- who changes things -----------------------------------------------------------------------*/

static void set(struct keyspace_access *access, uint32_t db, struct bytes name,
                struct bytes value) {
    struct store_key key = keyspace_key(access, db, name);
    if (keyspace_set_string(access, &key, value, &(struct keyspace_set_options){0}) !=
        KEYSPACE_DONE)
        exit(1);
}

static struct bytes name_of(char text[static NAME_BYTES], const char *kind, size_t writer,
                            size_t number) {
    int len = snprintf(text, NAME_BYTES, "%s%zu:%zu", kind, writer, number);
    return bytes_view(text, (size_t)len);
}

/* The version, and padding of a length that changes: some values grow into blobs and back. */
static struct bytes value_of(char text[static VALUE_BYTES], uint64_t version, size_t number) {
    int len = snprintf(text, VALUE_BYTES, "%llu ", (unsigned long long)version);
    size_t padding = (version * 7 + number) % 50 == 0 ? 20000 : (version + number) % 200;
    memset(text + len, 'x', padding);
    return bytes_view(text, (size_t)len + padding);
}

struct writer {
    struct stress *stress;
    size_t number;
    pthread_t thread;
};

static void set_pair(struct keyspace_access *access, size_t writer, size_t number,
                     struct bytes value) {
    char a[NAME_BYTES], b[NAME_BYTES];
    struct keyspace_pair pairs[] = {
        {keyspace_key(access, DB_PLAIN, name_of(a, "left", writer, number)), value},
        {keyspace_key(access, DB_PLAIN, name_of(b, "right", writer, number)), value}};
    struct store_key keys[2];
    if (keyspace_set_strings(access, pairs, 2, keys, false) != KEYSPACE_DONE) exit(1);
}

static void *write_on(void *argument) {
    struct writer *writer = argument;
    struct stress *stress = writer->stress;
    struct keyspace_access access;
    char name[NAME_BYTES], *value = malloc(VALUE_BYTES);
    if (!value) exit(1);
    keyspace_access_init(&access, &stress->keyspace, NULL, mem_system());
    access.now_ms = 1000;
    for (uint64_t version = 1; !atomic_load(&stress->done); version++) {
        for (size_t i = 0; i < KEYS; i++) {
            struct bytes bytes = value_of(value, version, i);
            set(&access, DB_PLAIN, name_of(name, "key", writer->number, i), bytes);
            if (i < PAIRS) set_pair(&access, writer->number, i, bytes);
        }
        atomic_store(&stress->versions[writer->number], version);
    }
    keyspace_access_deinit(&access);
    free(value);
    return NULL;
}

/* Fills a database in order, flushes it, and tidies up. */
static void *flush_on(void *argument) {
    struct stress *stress = argument;
    struct keyspace_access access;
    char name[NAME_BYTES];
    keyspace_access_init(&access, &stress->keyspace, NULL, mem_system());
    access.now_ms = 1000;
    for (size_t round = 0; !atomic_load(&stress->done); round++) {
        for (size_t i = 0; i < KEYS; i++)
            set(&access, DB_FLUSHED, name_of(name, "flushed", 0, i), BYTES("v"));
        keyspace_flush_db(&access, DB_FLUSHED);
        for (size_t shard = 0; shard < store_shards(stress->store); shard++)
            (void)keyspace_upkeep(&access, shard);
    }
    keyspace_access_deinit(&access);
    return NULL;
}

/* ---- what a snapshot holds --------------------------------------------------------------------*/

/* 0: not there */
static uint64_t version_of(struct keyspace_access *access, uint32_t db, struct bytes name) {
    struct store_key key = keyspace_key(access, db, name);
    struct store_value value;
    uint64_t version = 0;
    if (keyspace_enter(access, &key, &value)) {
        for (size_t i = 0; i < value.bytes.len && byte_is_digit(value.bytes.data[i]); i++)
            version = version * 10 + (uint64_t)(value.bytes.data[i] - '0');
        if (value.bytes.len == 1) version = 1;
    }
    keyspace_leave(access);
    return version;
}

static void judge_writer(struct stress *stress, struct keyspace_access *loaded, size_t writer,
                         uint64_t acknowledged) {
    char name[NAME_BYTES], other[NAME_BYTES];
    uint64_t first = version_of(loaded, DB_PLAIN, name_of(name, "key", writer, 0)), last = first;
    bool one_moment = first >= acknowledged, equal = true;
    for (size_t i = 1; i < KEYS; i++) {
        uint64_t version = version_of(loaded, DB_PLAIN, name_of(name, "key", writer, i));
        one_moment &= version == last || (last == first && version + 1 == first);
        last = version;
    }
    for (size_t i = 0; i < PAIRS; i++)
        equal &= version_of(loaded, DB_PLAIN, name_of(name, "left", writer, i)) ==
                 version_of(loaded, DB_PLAIN, name_of(other, "right", writer, i));
    check(stress, one_moment, "a writer's keys are of one moment");
    check(stress, last >= acknowledged, "what was acknowledged before is there");
    check(stress, equal, "what MSET wrote together is there together");
}

static void judge_flushed(struct stress *stress, struct keyspace_access *loaded) {
    char name[NAME_BYTES];
    bool one_moment = true, before = true;
    for (size_t i = 0; i < KEYS; i++) {
        bool there = version_of(loaded, DB_FLUSHED, name_of(name, "flushed", 0, i)) > 0;
        one_moment &= before || !there;
        before = there;
    }
    check(stress, one_moment, "a flushed database is there to the point where it was filled");
}

static void load_and_judge(struct stress *stress, const uint64_t *acknowledged, uint64_t records) {
    struct store *store;
    struct keyspace keyspace;
    struct keyspace_access access;
    struct snapshot_load_result result;
    struct brine_error err;
    open_keyspace(&store, &keyspace, &stress->gate);
    struct recover_options options = {.mem = mem_system(),
                                      .keyspace = &keyspace,
                                      .disk = &stress->disk,
                                      .dir = stress->dir,
                                      .name = "dump.brine",
                                      .threads = 2,
                                      .value_bytes_max = 1 << 20};
    bool whole = recover(&options, &result, &err) == BRINE_OK;
    check(stress, whole, whole ? "" : err.text);
    check(stress, result.loaded == records, "as many entries are loaded as were written");
    keyspace_access_init(&access, &keyspace, NULL, mem_system());
    access.now_ms = 1000;
    for (size_t i = 0; i < WRITERS; i++) judge_writer(stress, &access, i, acknowledged[i]);
    judge_flushed(stress, &access);
    keyspace_access_deinit(&access);
    keyspace_deinit(&keyspace);
    store_destroy(store);
}

static void save_once(struct stress *stress, size_t round) {
    struct store_hold hold = {0};
    struct snapshot_save *save;
    struct snapshot_save_result result;
    struct brine_error err = {0};
    uint64_t acknowledged[WRITERS];
    struct snapshot_save_options options = {
        .mem = mem_system(),
        .store = stress->store,
        .file = {.disk = &stress->disk.disk,
                 .name = "dump.brine",
                 .process_id = (int64_t)getpid(),
                 .header = {.id = {(uint8_t)round, 1}}},
        .now_ms = 1000,
        .memory_max = 64 << 20,
        .threads = 1 + round % 3,
        .codec = (enum snapshot_codec)(round % 3),
        .level = 1,
    };
    for (size_t i = 0; i < WRITERS; i++) acknowledged[i] = atomic_load(&stress->versions[i]);
    bool begun = snapshot_save_begin(&save, &options, &hold, &err) == BRINE_OK;
    check(stress, begun, "a snapshot begins");
    if (!begun) return;
    if (round % 6 == 5) {
        snapshot_save_cancel(save);
        check(stress, snapshot_save_run(save, &result, &err) != BRINE_OK, "a cancelled one fails");
    } else {
        bool saved = snapshot_save_run(save, &result, &err) == BRINE_OK;
        check(stress, saved, saved ? "" : err.text);
        stress->handed_over += result.handed_over;
        if (saved) load_and_judge(stress, acknowledged, result.records);
    }
    snapshot_save_destroy(save);
}

int main(void) {
    static struct stress stress;
    struct writer writers[WRITERS];
    struct brine_error err;
    pthread_t flusher;
    gate_init_off(&stress.gate);
    open_keyspace(&stress.store, &stress.keyspace, &stress.gate);
    snprintf(stress.dir, sizeof stress.dir, "/tmp/brine-snapshot-XXXXXX");
    if (!mkdtemp(stress.dir) || posix_disk_open(&stress.disk, stress.dir, &err) != BRINE_OK)
        return 1;
    for (size_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.stress = &stress, .number = i};
        if (pthread_create(&writers[i].thread, NULL, write_on, &writers[i])) return 1;
    }
    if (pthread_create(&flusher, NULL, flush_on, &stress)) return 1;
    for (size_t i = 0; i < WRITERS; i++)
        while (atomic_load(&stress.versions[i]) == 0) sched_yield();
    for (size_t round = 0; round < SAVES; round++) save_once(&stress, round);
    atomic_store(&stress.done, true);
    for (size_t i = 0; i < WRITERS; i++) pthread_join(writers[i].thread, NULL);
    pthread_join(flusher, NULL);
    check(&stress, stress.handed_over > 0, "writers handed entries over");
    (void)stress.disk.disk.unlink(&stress.disk.disk, "dump.brine");
    posix_disk_close(&stress.disk);
    rmdir(stress.dir);
    keyspace_deinit(&stress.keyspace);
    store_destroy(stress.store);
    printf("%zu passed, %zu failed\n", atomic_load(&stress.passed), atomic_load(&stress.failed));
    return atomic_load(&stress.failed) != 0;
}
