/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Stands between a server and the disk of one directory (LD_PRELOAD): writes down what is done
 * there, so that a power failure at any moment of it can be played afterwards, and makes the n-th
 * of a kind of call fail, or wait.  snapshot_disk.py builds it, and is the only one who uses it.
 *
 *     SHIM_DIR       the directory, as stat() finds it
 *     SHIM_GATE      a FIFO, at which a call that is HELD waits for somebody who writes
 *     SHIM_JOURNAL   a file, to which a record is appended after each call that was done:
 *                    kind u8, node u32, name_len u16, other_len u16, bytes u32, name, other, bytes
 *     SHIM_CONTROL   a file of struct control, shared: what is to fail, and what was counted
 *
 * Words: a node is a file that was created under our eyes, numbered from 1.
 * Limit: what a process does by system calls of its own or through stdio is not seen. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES_MAX = 1024, SHORT = -1, HELD = -2 };

/* ORDER KINDS in snapshot_disk.py */
enum kind { CREATE, WRITE, SYNC, CLOSE, RENAME, LINK, UNLINK, SYNC_DIR, KINDS };

struct control {
    int32_t kind;      /* that fails; -1: none */
    int32_t countdown; /* at the call that makes it 0 */
    int32_t code;      /* errno; SHORT: a write of one byte only; HELD: done once the gate opens */
    int32_t failed;    /* how many were made to */
    int32_t counted[KINDS];
};

struct shim {
    pthread_mutex_t lock;
    dev_t dev;
    ino_t ino;
    int journal;
    struct control *control;
    uint32_t nodes[FILES_MAX]; /* by descriptor; 0: none of ours */
    uint32_t created;
};
static struct shim shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .journal = -1};

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void start(void) {
    struct stat facts;
    const char *dir = getenv("SHIM_DIR"), *journal = getenv("SHIM_JOURNAL"),
               *control = getenv("SHIM_CONTROL");
    if (!dir || !journal || !control || stat(dir, &facts)) return;
    shim.dev = facts.st_dev;
    shim.ino = facts.st_ino;
    int file = open(control, O_RDWR | O_CLOEXEC);
    void *shared = mmap(NULL, sizeof *shim.control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) _exit(99);
    shim.control = shared;
    shim.journal = open(journal, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static bool is_dir(int fd) {
    struct stat facts;
    return shim.control && fd >= 0 && fstat(fd, &facts) == 0 && facts.st_dev == shim.dev &&
           facts.st_ino == shim.ino;
}

static uint32_t node_of(int fd) {
    return fd >= 0 && fd < FILES_MAX ? __atomic_load_n(&shim.nodes[fd], __ATOMIC_ACQUIRE) : 0;
}

/* Counts the call.  0: it is to be done; else what it fails with. */
static int fault(enum kind kind) {
    struct control *control = shim.control;
    __atomic_add_fetch(&control->counted[kind], 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&control->kind, __ATOMIC_SEQ_CST) != (int32_t)kind) return 0;
    if (__atomic_sub_fetch(&control->countdown, 1, __ATOMIC_SEQ_CST) != 0) return 0;
    int code = control->code;
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    if (code != HELD) return code;
    int gate = open(getenv("SHIM_GATE"), O_RDONLY | O_CLOEXEC);
    if (gate >= 0) close(gate);
    return 0;
}

struct record {
    enum kind kind;
    uint32_t node;
    const char *name, *other;
    const struct iovec *parts;
    int parts_count;
    size_t bytes; /* of the parts */
};

static void put(uint8_t *head, size_t *at, uint32_t number, size_t width) {
    for (size_t i = 0; i < width; i++) head[(*at)++] = (uint8_t)(number >> (8 * i));
}

static void append(const void *data, size_t len) {
    for (const uint8_t *at = data; len > 0;) {
        ssize_t written = REAL(write)(shim.journal, at, len);
        if (written <= 0) _exit(99);
        at += written;
        len -= (size_t)written;
    }
}

/* Under the lock. */
static void tell(const struct record *record) {
    uint8_t head[16];
    size_t at = 0, left = record->bytes;
    const char *name = record->name ? record->name : "",
               *other = record->other ? record->other : "";
    put(head, &at, record->kind, 1);
    put(head, &at, record->node, 4);
    put(head, &at, (uint32_t)strlen(name), 2);
    put(head, &at, (uint32_t)strlen(other), 2);
    put(head, &at, (uint32_t)record->bytes, 4);
    append(head, at);
    append(name, strlen(name));
    append(other, strlen(other));
    for (int i = 0; i < record->parts_count && left > 0; i++) {
        size_t part = record->parts[i].iov_len < left ? record->parts[i].iov_len : left;
        append(record->parts[i].iov_base, part);
        left -= part;
    }
}

static int failed(int code) {
    errno = code;
    return -1;
}

/* ---- calls ------------------------------------------------------------------------------------*/

int openat(int dir, const char *name, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (!(flags & O_CREAT) || !is_dir(dir)) return REAL(openat)(dir, name, flags, mode);
    int code = fault(CREATE);
    if (code) return failed(code);
    pthread_mutex_lock(&shim.lock);
    int file = REAL(openat)(dir, name, flags, mode);
    if (file >= 0 && file < FILES_MAX) {
        __atomic_store_n(&shim.nodes[file], ++shim.created, __ATOMIC_RELEASE);
        tell(&(struct record){.kind = CREATE, .node = shim.created, .name = name});
    }
    pthread_mutex_unlock(&shim.lock);
    return file;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    uint32_t node = node_of(file);
    if (!node) return REAL(writev)(file, parts, count);
    int code = fault(WRITE);
    struct iovec one = parts[0];
    if (code > 0) return failed(code);
    if (code == SHORT) {
        one.iov_len = one.iov_len ? 1 : 0;
        parts = &one;
        count = 1;
    }
    pthread_mutex_lock(&shim.lock);
    ssize_t bytes = REAL(writev)(file, parts, count);
    if (bytes > 0)
        tell(&(struct record){.kind = WRITE,
                              .node = node,
                              .parts = parts,
                              .parts_count = count,
                              .bytes = (size_t)bytes});
    pthread_mutex_unlock(&shim.lock);
    return bytes;
}

int fsync(int file) {
    uint32_t node = node_of(file);
    if (!node && !is_dir(file)) return REAL(fsync)(file);
    enum kind kind = node ? SYNC : SYNC_DIR;
    int code = fault(kind);
    if (code) return failed(code);
    pthread_mutex_lock(&shim.lock);
    int result = REAL(fsync)(file);
    if (result == 0) tell(&(struct record){.kind = kind, .node = node});
    pthread_mutex_unlock(&shim.lock);
    return result;
}

int close(int file) {
    uint32_t node = node_of(file);
    if (!node) return REAL(close)(file);
    __atomic_store_n(&shim.nodes[file], 0, __ATOMIC_RELEASE);
    int code = fault(CLOSE), result = REAL(close)(file); /* it is closed whatever is said */
    return code ? failed(code) : result;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    if (!is_dir(from_dir)) return REAL(renameat)(from_dir, from, to_dir, to);
    int code = fault(RENAME);
    if (code) return failed(code);
    pthread_mutex_lock(&shim.lock);
    int result = REAL(renameat)(from_dir, from, to_dir, to);
    int why = errno;
    if (result == 0) tell(&(struct record){.kind = RENAME, .name = from, .other = to});
    pthread_mutex_unlock(&shim.lock);
    errno = why;
    return result;
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    if (!is_dir(from_dir)) return REAL(linkat)(from_dir, from, to_dir, to, flags);
    int code = fault(LINK);
    if (code) return failed(code);
    pthread_mutex_lock(&shim.lock);
    int result = REAL(linkat)(from_dir, from, to_dir, to, flags);
    int why = errno;
    if (result == 0) tell(&(struct record){.kind = LINK, .name = from, .other = to});
    pthread_mutex_unlock(&shim.lock);
    errno = why;
    return result;
}

int unlinkat(int dir, const char *name, int flags) {
    if (!is_dir(dir)) return REAL(unlinkat)(dir, name, flags);
    int code = fault(UNLINK);
    if (code) return failed(code);
    pthread_mutex_lock(&shim.lock);
    int result = REAL(unlinkat)(dir, name, flags);
    int why = errno;
    if (result == 0) tell(&(struct record){.kind = UNLINK, .name = name});
    pthread_mutex_unlock(&shim.lock);
    errno = why;
    return result;
}
