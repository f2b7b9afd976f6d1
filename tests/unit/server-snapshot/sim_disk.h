/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A disk that is simulated: it fails where it is told to, writes short, and after a power failure
 * has whatever of the things that were not synced chance decides.
 *
 * Words: a *node* is a file's content.  What a node holds *safely* is what its last sync saw; every
 * write since is *loose*, and so is every change of a name since the directory was synced.  A
 * power failure keeps all that is safe, and of what is loose any subset: writes whole, in part or
 * not at all, names in any combination.  That is more than a journalling file system loses.
 * Source of the model: Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014). */
#ifndef BRINE_TEST_SIM_DISK_H
#define BRINE_TEST_SIM_DISK_H

#include "base/mem.h"
#include "base/random.h"
#include "snapshot/disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

enum { SIM_NODES = 64, SIM_LOOSE = 512, SIM_NAMES = 16, SIM_NAME_BYTES = 64, SIM_BYTES = 1 << 15 };

struct sim_write {
    size_t offset, bytes;
};
struct sim_node {
    uint8_t *data, *safe; /* SIM_BYTES each */
    size_t len, safe_len;
    struct sim_write loose[SIM_LOOSE];
    size_t loose_count;
    bool sync_failed;
};
struct sim_name {
    char name[SIM_NAME_BYTES];
    int node; /* -1: it is gone */
};
struct sim_disk {
    struct disk disk;
    struct sim_node nodes[SIM_NODES];
    int nodes_count;
    struct sim_name names[SIM_NAMES], safe_names[SIM_NAMES];
    struct sim_name loose_names[SIM_LOOSE]; /* changes in their order */
    size_t loose_names_count;
    size_t operations; /* so far */
    size_t fail_at;    /* the operation that fails; SIZE_MAX: none */
    bool fails_on;     /* and all after it, as after a power failure */
    int code;
    size_t write_max;       /* bytes a write takes; 0: all */
    bool sync_does_nothing; /* to see whether the tests would notice */
};

static inline struct sim_disk *sim_of(struct disk *disk) {
    return CONTAINER_OF(disk, struct sim_disk, disk);
}
static inline bool sim_fails(struct sim_disk *sim) {
    size_t operation = sim->operations++;
    return operation == sim->fail_at || (sim->fails_on && operation > sim->fail_at);
}

static inline struct sim_name *sim_find(struct sim_name *names, const char *name) {
    for (size_t i = 0; i < SIM_NAMES; i++)
        if (names[i].name[0] && names[i].node >= 0 && strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static inline void sim_put(struct sim_name *names, const char *name, int node) {
    struct sim_name *row = sim_find(names, name);
    for (size_t i = 0; i < SIM_NAMES && !row && node >= 0; i++)
        if (!names[i].name[0] || names[i].node < 0) row = &names[i];
    if (!row) return;
    snprintf(row->name, sizeof row->name, "%s", name);
    row->node = node;
}

static inline void sim_change(struct sim_disk *sim, const char *name, int node) {
    cr_assert_lt(sim->loose_names_count, SIM_LOOSE);
    struct sim_name *loose = &sim->loose_names[sim->loose_names_count++];
    snprintf(loose->name, sizeof loose->name, "%s", name);
    loose->node = node;
    sim_put(sim->names, name, node);
}

static inline int sim_create(struct disk *disk, const char *name, int *file) {
    struct sim_disk *sim = sim_of(disk);
    if (sim_fails(sim)) return sim->code;
    if (sim_find(sim->names, name)) return EEXIST;
    cr_assert_lt(sim->nodes_count, SIM_NODES);
    *file = sim->nodes_count++;
    struct sim_node *node = &sim->nodes[*file];
    if (!node->data) node->data = mem_alloc_zeroed(mem_system(), SIM_BYTES);
    if (!node->safe) node->safe = mem_alloc_zeroed(mem_system(), SIM_BYTES);
    node->len = node->safe_len = node->loose_count = 0;
    sim_change(sim, name, *file);
    return 0;
}

static inline int sim_write(struct disk *disk, int file, const struct bytes *parts, size_t count,
                            size_t *written) {
    struct sim_disk *sim = sim_of(disk);
    struct sim_node *node = &sim->nodes[file];
    *written = 0;
    if (sim_fails(sim)) return sim->code;
    size_t most = sim->write_max ? sim->write_max : SIZE_MAX, start = node->len;
    for (size_t i = 0; i < count && *written < most; i++) {
        struct bytes part = bytes_slice(parts[i], 0, most - *written);
        cr_assert(part.len <= SIM_BYTES - node->len);
        bytes_copy_to(node->data + node->len, part);
        node->len += part.len;
        *written += part.len;
    }
    cr_assert_lt(node->loose_count, SIM_LOOSE);
    node->loose[node->loose_count++] = (struct sim_write){start, *written};
    return 0;
}

static inline void sim_begin_sync(struct disk *disk UNUSED, int file UNUSED, uint64_t offset UNUSED,
                                  uint64_t bytes UNUSED) {}

static inline uint64_t sim_forget(struct disk *disk UNUSED, const char *name UNUSED,
                                  uint64_t offset UNUSED) {
    return 0;
}

static inline int sim_sync(struct disk *disk, int file) {
    struct sim_disk *sim = sim_of(disk);
    struct sim_node *node = &sim->nodes[file];
    if (sim_fails(sim)) {
        /* As Linux does: the pages are clean now, and lost. */
        node->loose_count = 0;
        return sim->code;
    }
    if (sim->sync_does_nothing) return 0;
    memcpy(node->safe, node->data, node->len);
    node->safe_len = node->len;
    node->loose_count = 0;
    return 0;
}

static inline int sim_close(struct disk *disk, int file UNUSED) {
    struct sim_disk *sim = sim_of(disk);
    return sim_fails(sim) ? sim->code : 0;
}

static inline int sim_rename(struct disk *disk, const char *from, const char *to) {
    struct sim_disk *sim = sim_of(disk);
    if (sim_fails(sim)) return sim->code;
    const struct sim_name *row = sim_find(sim->names, from);
    if (!row) return ENOENT;
    int node = row->node;
    sim_change(sim, to, node);
    sim_change(sim, from, -1);
    return 0;
}

static inline int sim_link(struct disk *disk, const char *from, const char *to) {
    struct sim_disk *sim = sim_of(disk);
    if (sim_fails(sim)) return sim->code;
    const struct sim_name *row = sim_find(sim->names, from);
    if (!row) return ENOENT;
    if (sim_find(sim->names, to)) return EEXIST;
    sim_change(sim, to, row->node);
    return 0;
}

static inline int sim_unlink(struct disk *disk, const char *name) {
    struct sim_disk *sim = sim_of(disk);
    if (sim_fails(sim)) return sim->code;
    if (!sim_find(sim->names, name)) return ENOENT;
    sim_change(sim, name, -1);
    return 0;
}

static inline int sim_sync_dir(struct disk *disk) {
    struct sim_disk *sim = sim_of(disk);
    if (sim_fails(sim)) return sim->code;
    memcpy(sim->safe_names, sim->names, sizeof sim->names);
    sim->loose_names_count = 0;
    return 0;
}

static inline void sim_init(struct sim_disk *sim) {
    memset(sim, 0, sizeof *sim);
    sim->fail_at = SIZE_MAX;
    sim->code = EIO;
    sim->disk = (struct disk){.create = sim_create,
                              .write = sim_write,
                              .begin_sync = sim_begin_sync,
                              .forget = sim_forget,
                              .sync = sim_sync,
                              .close = sim_close,
                              .rename = sim_rename,
                              .link = sim_link,
                              .unlink = sim_unlink,
                              .sync_dir = sim_sync_dir};
}

static inline void sim_deinit(struct sim_disk *sim) {
    for (size_t i = 0; i < SIM_NODES; i++) {
        mem_free(mem_system(), sim->nodes[i].data, SIM_BYTES);
        mem_free(mem_system(), sim->nodes[i].safe, SIM_BYTES);
    }
}

/* What is read under a name now; NULL data: there is none. */
static inline struct bytes sim_read(struct sim_disk *sim, const char *name) {
    const struct sim_name *row = sim_find(sim->names, name);
    if (!row) return bytes_view(NULL, 0);
    return bytes_view(sim->nodes[row->node].data, sim->nodes[row->node].len);
}

/* One of the contents that a node may have after a power failure. */
static inline void sim_crash_node(struct sim_node *node, struct random *random) {
    size_t len = node->safe_len;
    uint8_t *written = node->data;
    uint64_t style = random_below(random, 4); /* all, none, or any */
    for (size_t i = 0; i < node->loose_count; i++) {
        struct sim_write loose = node->loose[i];
        uint64_t die = style == 0 ? 0 : style == 1 ? 2 : random_below(random, 4);
        size_t bytes = die == 0   ? loose.bytes
                       : die == 1 ? random_below(random, loose.bytes + 1)
                                  : 0;
        /* The length may have reached the disk without the bytes. */
        if (die == 3 || bytes) {
            if (loose.offset + loose.bytes > len && die == 3) len = loose.offset + loose.bytes;
            memcpy(node->safe + loose.offset, written + loose.offset, bytes);
            len = MAX(len, loose.offset + bytes);
        }
    }
    memcpy(node->data, node->safe, SIM_BYTES);
    node->len = node->safe_len = len;
    node->loose_count = 0;
}

/* The power fails, and comes back. */
static inline void sim_crash(struct sim_disk *sim, struct random *random) {
    struct sim_name names[SIM_NAMES];
    memcpy(names, sim->safe_names, sizeof names);
    uint64_t style = random_below(random, 3);
    size_t most = style == 0 ? random_below(random, sim->loose_names_count + 1) : SIZE_MAX;
    for (size_t i = 0; i < sim->loose_names_count; i++)
        if (style == 0 ? i < most : random_below(random, 2))
            sim_put(names, sim->loose_names[i].name, sim->loose_names[i].node);
    memcpy(sim->names, names, sizeof names);
    memcpy(sim->safe_names, names, sizeof names);
    sim->loose_names_count = 0;
    for (int i = 0; i < sim->nodes_count; i++) sim_crash_node(&sim->nodes[i], random);
    sim->fail_at = SIZE_MAX;
    sim->fails_on = false;
}

#endif
