/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writing one snapshot file (proto's snapshot/format.h): under a temporary name, and under its own
 * only when all of it is on the disk.
 *
 *     TRY(snapshot_file_create(&file, &options, err));
 *     ... snapshot_file_add(&file, &block, err) ... by one thread at a time
 *     status = snapshot_file_finish(&file, err);   // or snapshot_file_abandon(&file)
 *
 * Protocol: create NAME.tmp.PID (O_EXCL, O_NOFOLLOW, 0600), write, footer, fsync, close, give the
 * file that has the name a second one, rename, keep the old one as NAME.1 (and NAME.1 as NAME.2
 * ...), fsync the directory.  At each moment of it NAME is the old file or the new one, whole.  The
 * older one is kept by a second name and not by renaming it, for then NAME would be missing for a
 * moment; generations move only when the new file has its name, for saves that fail, one after the
 * other, would push out all of them.
 *
 * Errors: IO with errno's words; then the temporary file is gone (finish and add leave that to
 * abandon, which may always be called) and the old files are as they were, unless is_named says
 * that only the directory could not be synced.  Cost: writing; a hint to the kernel every half MB,
 * so that the fsync is short.
 */
#ifndef BRINE_SNAPSHOT_FILE_H
#define BRINE_SNAPSHOT_FILE_H

#include "snapshot/disk.h"
#include "snapshot/format.h"

enum {
    SNAPSHOT_NAME_BYTES_MAX = 256,
    SNAPSHOT_KEEP_MAX = 100,
    SNAPSHOT_PARTS_MAX = 2, /* of a block's payload */
};

struct snapshot_file_options {
    struct disk *disk;
    const char *name;
    int64_t process_id; /* for the temporary name */
    size_t keep;        /* older generations, at most SNAPSHOT_KEEP_MAX */
    struct snapshot_header header;
};

struct snapshot_file {
    struct snapshot_file_options options;
    char name[SNAPSHOT_NAME_BYTES_MAX], temporary[SNAPSHOT_NAME_BYTES_MAX + 32];
    int file;
    bool is_open, is_there; /* the temporary file */
    bool is_named;          /* it has become the file of the name, be it that the rest failed */
    bool generation_lost;   /* the old file could not be kept: a warning, not an error */
    uint64_t offset, sequence, records, checksums, hinted;
};

struct snapshot_file_block {
    enum snapshot_block_type type;
    enum snapshot_codec codec;
    uint64_t plain_bytes;
    uint32_t records, shard;
    uint64_t payload_hash; /* of the parts */
    struct bytes parts[SNAPSHOT_PARTS_MAX];
};

enum brine_status snapshot_file_create(struct snapshot_file *file,
                                       const struct snapshot_file_options *options,
                                       struct brine_error *err) MUST_USE;
enum brine_status snapshot_file_add(struct snapshot_file *file,
                                    const struct snapshot_file_block *block,
                                    struct brine_error *err) MUST_USE;
enum brine_status snapshot_file_finish(struct snapshot_file *file,
                                       struct brine_error *err) MUST_USE;
/* Whose name finish takes away: the oldest generation's, or, where none is kept, the old file's. */
void snapshot_file_oldest(const struct snapshot_file *file, char *name, size_t size);
void snapshot_file_abandon(struct snapshot_file *file);

#endif
