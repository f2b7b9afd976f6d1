/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What to do with the file that is there: load it, and what when it is damaged.
 *
 *     REFUSE    an error that names file, offset and reason, and what can be done; nothing is
 * changed SALVAGE   every intact block is loaded, what was lost is told, the file gets a second
 * name EMPTY     the file is moved aside, and the keyspace begins empty
 *
 * A damaged file is never overwritten, nor one of which something does not fit this server: aside
 * is NAME.damaged-<ms since 1970>.  What was salvaged has to be saved then: until that is done NAME
 * is the damaged file still. Thread: one. */
#ifndef BRINE_SNAPSHOT_RECOVER_H
#define BRINE_SNAPSHOT_RECOVER_H

#include "observe/audit.h"
#include "observe/log.h"
#include "snapshot/disk.h"
#include "snapshot/load.h"

enum recover_damaged {
    RECOVER_REFUSE,
    RECOVER_SALVAGE,
    RECOVER_EMPTY
}; /* ORDER
    CONFIG_SNAPSHOT_DAMAGEDS */

struct recover_options {
    struct allocator *mem;
    struct keyspace *keyspace;
    struct posix_disk *disk;
    const char *dir, *name;
    size_t threads, value_bytes_max;
    enum recover_damaged damaged;
    bool overwritten; /* as in snapshot_load_options */
    struct log *log;
    struct audit *audit;
    struct snapshot_progress *progress;
};

/* Something has the name, be it a link to nothing. */
bool snapshot_is_there(struct posix_disk *disk, const char *name);

/* OK where there is no file.  On an error part of it may have been loaded. */
enum brine_status recover(const struct recover_options *options,
                          struct snapshot_load_result *result, struct brine_error *err) MUST_USE;
/* Reads all of it and changes nothing; NOT_FOUND: there is none. */
enum brine_status recover_check(const struct recover_options *options,
                                struct brine_error *err) MUST_USE;

#endif
