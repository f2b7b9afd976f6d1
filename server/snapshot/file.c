/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "snapshot/file.h"

#include "base/assert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    /* Written out in the background as they are complete.  The kernel finds them places in the
     * meantime of the call: 4 MB took it half a millisecond, during which it leaves the core to
     * nobody. */
    HINT_BYTES = 512 * 1024,
    WRITE_PARTS = 1 + SNAPSHOT_PARTS_MAX,
};

static enum brine_status failed(struct snapshot_file *file, const char *what, int code,
                                struct brine_error *err) {
    return brine_fail(err, BRINE_IO, (size_t)file->offset, "%s: %s: %s", file->temporary, what,
                      strerror(code));
}

static enum brine_status write_all(struct snapshot_file *file, struct bytes *parts, size_t count,
                                   struct brine_error *err) {
    struct disk *disk = file->options.disk;
    for (size_t first = 0; first < count;) {
        size_t written;
        if (parts[first].len == 0) {
            first++;
            continue;
        }
        int code = disk->write(disk, file->file, parts + first, count - first, &written);
        if (code) return failed(file, "cannot write", code, err);
        file->offset += written;
        for (; first < count && written >= parts[first].len; first++) written -= parts[first].len;
        if (first < count) parts[first] = bytes_slice(parts[first], written, parts[first].len);
    }
    if (file->offset - file->hinted >= HINT_BYTES) {
        disk->begin_sync(disk, file->file, file->hinted, file->offset - file->hinted);
        file->hinted = file->offset;
    }
    return BRINE_OK;
}

enum brine_status snapshot_file_create(struct snapshot_file *file,
                                       const struct snapshot_file_options *options,
                                       struct brine_error *err) {
    uint8_t header[SNAPSHOT_HEADER_BYTES];
    *file = (struct snapshot_file){.options = *options};
    BRINE_ASSERT(strlen(options->name) < sizeof file->name, "config bounds the name");
    snprintf(file->name, sizeof file->name, "%s", options->name);
    file->options.name = file->name;
    snprintf(file->temporary, sizeof file->temporary, "%s.tmp.%" PRId64, file->name,
             options->process_id);
    int code = options->disk->create(options->disk, file->temporary, &file->file);
    if (code) return failed(file, "cannot create", code, err);
    file->is_open = file->is_there = true;
    snapshot_write_header(&options->header, header);
    return write_all(file, &(struct bytes){header, sizeof header}, 1, err);
}

enum brine_status snapshot_file_add(struct snapshot_file *file,
                                    const struct snapshot_file_block *block,
                                    struct brine_error *err) {
    uint8_t bytes[SNAPSHOT_HEAD_BYTES];
    struct snapshot_head head = {
        .type = block->type,
        .codec = block->codec,
        .sequence = file->sequence,
        .records_before = file->records,
        .plain_bytes = block->plain_bytes,
        .records = block->records,
        .shard = block->shard,
        .payload_hash = block->payload_hash,
    };
    struct bytes parts[WRITE_PARTS] = {bytes_view(bytes, sizeof bytes)};
    for (size_t i = 0; i < SNAPSHOT_PARTS_MAX; i++) {
        parts[1 + i] = block->parts[i];
        head.stored_bytes += block->parts[i].len;
    }
    snapshot_write_head(&head, file->options.header.id, bytes);
    TRY(write_all(file, parts, WRITE_PARTS, err));
    file->sequence++;
    file->records += block->records;
    file->checksums = snapshot_fold(file->checksums, head.checksum);
    return BRINE_OK;
}

static enum brine_status write_footer(struct snapshot_file *file, struct brine_error *err) {
    uint8_t payload[SNAPSHOT_FOOTER_PAYLOAD_BYTES];
    struct snapshot_footer footer = {
        .header = file->options.header,
        .blocks = file->sequence,
        .records = file->records,
        .file_bytes = file->offset + SNAPSHOT_FOOTER_BYTES,
        .checksums = file->checksums,
    };
    snapshot_write_footer(&footer, payload);
    struct snapshot_file_block block = {
        .type = SNAPSHOT_FOOTER,
        .plain_bytes = sizeof payload,
        .payload_hash = snapshot_hash_of(bytes_view(payload, sizeof payload)),
        .parts = {bytes_view(payload, sizeof payload)},
    };
    return snapshot_file_add(file, &block, err);
}

/* ---- generations ------------------------------------------------------------------------------*/

/* The file that has the name gets a second one, for it is about to lose the first.  That it cannot
 * be kept is no reason to lose the new one. */
static bool hold_old(struct snapshot_file *file, char *held, size_t size) {
    struct disk *disk = file->options.disk;
    if (file->options.keep == 0) return false;
    snprintf(held, size, "%s.old", file->temporary);
    int code = disk->link(disk, file->name, held);
    if (code == EEXIST) {
        (void)disk->unlink(disk, held);
        code = disk->link(disk, file->name, held);
    }
    file->generation_lost |= code && code != ENOENT;
    return !code;
}

/* It becomes generation 1, and each older one a step older. */
static void keep_old(struct snapshot_file *file, const char *held) {
    struct disk *disk = file->options.disk;
    char from[SNAPSHOT_NAME_BYTES_MAX + 32], to[SNAPSHOT_NAME_BYTES_MAX + 32];
    for (size_t i = MIN(file->options.keep, (size_t)SNAPSHOT_KEEP_MAX); i > 1; i--) {
        snprintf(from, sizeof from, "%s.%zu", file->name, i - 1);
        snprintf(to, sizeof to, "%s.%zu", file->name, i);
        int code = disk->rename(disk, from, to);
        file->generation_lost |= code && code != ENOENT;
    }
    snprintf(to, sizeof to, "%s.1", file->name);
    if (disk->rename(disk, held, to) == 0) return;
    file->generation_lost = true;
    (void)disk->unlink(disk, held);
}

enum brine_status snapshot_file_finish(struct snapshot_file *file, struct brine_error *err) {
    struct disk *disk = file->options.disk;
    TRY(write_footer(file, err));
    int code = disk->sync(disk, file->file);
    if (code) return failed(file, "cannot sync", code, err);
    file->is_open = false;
    code = disk->close(disk, file->file);
    if (code) return failed(file, "cannot close", code, err);
    char held[sizeof file->temporary + sizeof ".old"];
    bool is_held = hold_old(file, held, sizeof held);
    code = disk->rename(disk, file->temporary, file->name);
    if (code && is_held) (void)disk->unlink(disk, held);
    if (code) return failed(file, "cannot rename", code, err);
    file->is_there = false;
    file->is_named = true;
    if (is_held) keep_old(file, held);
    code = disk->sync_dir(disk);
    if (code) return failed(file, "cannot sync the directory", code, err);
    return BRINE_OK;
}

void snapshot_file_oldest(const struct snapshot_file *file, char *name, size_t size) {
    size_t keep = MIN(file->options.keep, (size_t)SNAPSHOT_KEEP_MAX);
    if (keep == 0)
        snprintf(name, size, "%s", file->name);
    else
        snprintf(name, size, "%s.%zu", file->name, keep);
}

void snapshot_file_abandon(struct snapshot_file *file) {
    struct disk *disk = file->options.disk;
    if (file->is_open) (void)disk->close(disk, file->file);
    if (file->is_there) (void)disk->unlink(disk, file->temporary);
    file->is_open = file->is_there = false;
}
