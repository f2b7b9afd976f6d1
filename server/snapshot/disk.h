/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The few things that a snapshot asks of a disk, as functions, so that a test can put one there
 * that fails, writes short, or forgets at a power failure whatever was not synced.
 *
 *     struct posix_disk disk;
 *     TRY(posix_disk_open(&disk, "/var/lib/brine", err));
 *     ... &disk.disk ...
 *     posix_disk_close(&disk);
 *
 * Words: a disk is one directory; a *file* is a number that create gave.
 * Each function returns 0 or an errno.  After a failed sync nothing of the file may be trusted: the
 * kernel forgets which pages did not reach the disk (Rebello et al., USENIX ATC 2020).
 * Thread: any; one at a time for a file. */
#ifndef BRINE_SNAPSHOT_DISK_H
#define BRINE_SNAPSHOT_DISK_H

#include "base/bytes.h"
#include "base/status.h"

#include <dirent.h>

struct disk {
    /* For writing; it must not be there: O_EXCL, O_NOFOLLOW, 0600. */
    int (*create)(struct disk *disk, const char *name, int *file);
    /* Appends as much as it can, at least a byte, and says how much. */
    int (*write)(struct disk *disk, int file, const struct bytes *parts, size_t count,
                 size_t *written);
    /* These bytes are complete: writing them out may begin.  Only a hint. */
    void (*begin_sync)(struct disk *disk, int file, uint64_t offset, uint64_t bytes);
    /* What the kernel has of a file in memory, from the offset on, will not be needed: a piece of
     * it is let go, for to remove a large file that is in memory takes 50 ms a GB.  Where to go on;
     * 0: at the end, or there is no such file.  Only a hint. */
    uint64_t (*forget)(struct disk *disk, const char *name, uint64_t offset);
    int (*sync)(struct disk *disk, int file);
    int (*close)(struct disk *disk, int file);
    /* Replaces what has the name. */
    int (*rename)(struct disk *disk, const char *from, const char *to);
    /* A second name; EEXIST when it is taken. */
    int (*link)(struct disk *disk, const char *from, const char *to);
    int (*unlink)(struct disk *disk, const char *name);
    int (*sync_dir)(struct disk *disk);
};

struct posix_disk {
    struct disk disk;
    DIR *dir; /* stays open: what is unfinished is looked for in it */
    int fd;   /* of dir */
};

/* Nothing is locked or changed yet.  IO, with the path and what to do. */
enum brine_status posix_disk_open(struct posix_disk *disk, const char *path,
                                  struct brine_error *err) MUST_USE;
void posix_disk_close(struct posix_disk *disk);
/* For this process alone, until it is closed.  False: another process has it; IO: it cannot be
 * told. */
enum brine_status posix_disk_lock(struct posix_disk *disk, bool *locked,
                                  struct brine_error *err) MUST_USE;
void posix_disk_unlock(struct posix_disk *disk);
/* Removes "<name>.tmp.<anything>", which processes that ended early left; returns how many. */
size_t posix_disk_remove_stale(struct posix_disk *disk, const char *name);

#endif
