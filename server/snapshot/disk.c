/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/disk.h"

#include "base/assert.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PARTS_MAX = 8, FORGET_BYTES = 2 << 20 };

static int dir_of(struct disk *disk) {
    return CONTAINER_OF(disk, struct posix_disk, disk)->fd;
}
static int outcome(int failed) {
    return failed ? errno : 0;
}

static int posix_create(struct disk *disk, const char *name, int *file) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    *file = openat(dir_of(disk), name, flags, 0600);
    return outcome(*file < 0);
}

static int posix_write(struct disk *disk UNUSED, int file, const struct bytes *parts, size_t count,
                       size_t *written) {
    struct iovec vectors[PARTS_MAX];
    BRINE_ASSERT(count <= PARTS_MAX, "a block has few parts");
    for (size_t i = 0; i < count; i++)
        vectors[i] =
            (struct iovec){.iov_base = (void *)(uintptr_t)parts[i].data, .iov_len = parts[i].len};
    ssize_t bytes;
    do bytes = writev(file, vectors, (int)count);
    while (bytes < 0 && errno == EINTR);
    *written = bytes < 0 ? 0 : (size_t)bytes;
    if (bytes == 0) return ENOSPC; /* nothing was asked for, or a device takes no more */
    return outcome(bytes < 0);
}

static void posix_begin_sync(struct disk *disk UNUSED, int file, uint64_t offset, uint64_t bytes) {
    (void)sync_file_range(file, (off64_t)offset, (off64_t)bytes, SYNC_FILE_RANGE_WRITE);
}

static uint64_t posix_forget(struct disk *disk, const char *name, uint64_t offset) {
    struct stat facts;
    uint64_t next = 0;
    int file = openat(dir_of(disk), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return 0;
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && offset < (uint64_t)facts.st_size) {
        (void)posix_fadvise(file, (off_t)offset, FORGET_BYTES, POSIX_FADV_DONTNEED);
        next = offset + FORGET_BYTES;
    }
    close(file);
    return next;
}

static int posix_sync(struct disk *disk UNUSED, int file) {
    return outcome(fsync(file));
}
static int posix_close(struct disk *disk UNUSED, int file) {
    return outcome(close(file));
}
static int posix_rename(struct disk *disk, const char *from, const char *to) {
    return outcome(renameat(dir_of(disk), from, dir_of(disk), to));
}
static int posix_link(struct disk *disk, const char *from, const char *to) {
    return outcome(linkat(dir_of(disk), from, dir_of(disk), to, 0));
}
static int posix_unlink(struct disk *disk, const char *name) {
    return outcome(unlinkat(dir_of(disk), name, 0));
}
static int posix_sync_dir(struct disk *disk) {
    return outcome(fsync(dir_of(disk)));
}

enum brine_status posix_disk_open(struct posix_disk *disk, const char *path,
                                  struct brine_error *err) {
    *disk = (struct posix_disk){
        .disk = {.create = posix_create,
                 .write = posix_write,
                 .begin_sync = posix_begin_sync,
                 .forget = posix_forget,
                 .sync = posix_sync,
                 .close = posix_close,
                 .rename = posix_rename,
                 .link = posix_link,
                 .unlink = posix_unlink,
                 .sync_dir = posix_sync_dir},
        .dir = opendir(path),
        .fd = -1,
    };
    if (disk->dir) {
        disk->fd = dirfd(disk->dir);
        return BRINE_OK;
    }
    return brine_fail(err, BRINE_IO, 0, "snapshot.dir %s: %s", path, strerror(errno));
}

void posix_disk_close(struct posix_disk *disk) {
    if (disk->dir) closedir(disk->dir);
    disk->dir = NULL;
    disk->fd = -1;
}

enum brine_status posix_disk_lock(struct posix_disk *disk, bool *locked, struct brine_error *err) {
    *locked = flock(disk->fd, LOCK_EX | LOCK_NB) == 0;
    if (*locked || errno == EWOULDBLOCK) return BRINE_OK;
    return brine_fail(err, BRINE_IO, 0, "the directory of the snapshots cannot be locked: %s",
                      strerror(errno));
}

void posix_disk_unlock(struct posix_disk *disk) {
    (void)flock(disk->fd, LOCK_UN);
}

size_t posix_disk_remove_stale(struct posix_disk *disk, const char *name) {
    size_t removed = 0, name_len = strlen(name);
    static const char temp[] = ".tmp.";
    rewinddir(disk->dir);
    for (const struct dirent *row; (row = readdir(disk->dir)) != NULL;) {
        if (strncmp(row->d_name, name, name_len) != 0) continue;
        if (strncmp(row->d_name + name_len, temp, sizeof temp - 1) != 0) continue;
        removed += unlinkat(disk->fd, row->d_name, 0) == 0;
    }
    return removed;
}
