/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* .npy:  \x93NUMPY major minor, header length (u16, from version 2 on u32), the header (npy.h);
 * then the data, which is a pickle when the dtype holds objects. .zip:  ... local header, data ...
 * directory entries, end of directory, comment. Source: numpy/lib/format.py; PKWARE APPNOTE 6.3.10,
 * Lib/zipfile.py _EndRecData. */
#include "client/archive.h"

#include "base/reader.h"
#include "client/npy.h"

#include <zlib.h>

#define NPY_MAGIC BYTES("\x93NUMPY")
enum {
    NPY_HEADER_BYTES_MAX = 1 << 20,
    END_MARK = 0x06054b50,
    ENTRY_MARK = 0x02014b50,
    LOCAL_MARK = 0x04034b50,
    END64_MARK = 0x06064b50,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    LOCAL_BYTES = 30,
    COMMENT_BYTES_MAX = 65535,
    STORED = 0,
    DEFLATED = 8,
    INFLATE_PIECE_BYTES = 256 * 1024,
};

/* What zipfile takes for a directory: two marks at the beginning, as numpy.load looks for them. */
static bool is_zip(struct bytes file) {
    return bytes_starts_with(file, BYTES("PK\3\4")) || bytes_starts_with(file, BYTES("PK\5\6"));
}

static bool is_npy(struct bytes file) {
    return bytes_starts_with(file, NPY_MAGIC);
}

bool archive_is_one(struct bytes file) {
    return is_zip(file) || is_npy(file);
}

/* ---- arrays -----------------------------------------------------------------------------------*/

/* numpy.save into an open file puts one array behind the other, and numpy.load reads on where the
 * last ended: what follows an array is another, or else bytes that are judged as a pickle. */
static enum brine_status next_array(struct bytes *rest, struct archive_member *member,
                                    struct brine_error *err) {
    struct reader reader = reader_over(*rest);
    struct npy_header header;
    (void)read_take(&reader, NPY_MAGIC.len);
    uint8_t major = read_u8(&reader);
    (void)read_u8(&reader);
    size_t len = major == 1 ? read_u16le(&reader) : read_u32le(&reader);
    if (len > NPY_HEADER_BYTES_MAX)
        return brine_fail(err, BRINE_TOO_BIG, 0, "the header of the array is %zu bytes long", len);
    struct bytes text = read_take(&reader, len);
    if (reader_failed(&reader) || major == 0 || major > 3)
        return brine_fail(err, BRINE_MALFORMED, 0, "the header of the array cannot be read");
    if (!npy_header_parse(text, &header))
        return brine_fail(err, BRINE_MALFORMED, 0, "the header of the array is none of numpy's");
    member->array = true;
    member->objects = header.objects;
    member->bytes = read_take(&reader, header.objects ? reader_left(&reader) : header.data_bytes);
    if (reader_failed(&reader))
        return brine_fail(err, BRINE_MALFORMED, 0, "the array is shorter than its header says");
    *rest = bytes_slice(*rest, reader.offset, rest->len);
    return BRINE_OK;
}

static enum brine_status walk_arrays(struct bytes file, struct bytes name, archive_visit_fn *visit,
                                     void *context, struct brine_error *err) {
    struct bytes rest = file;
    do {
        /* At first what stands behind an array without being one. */
        struct archive_member member = {
            .name = name, .bytes = rest, .array = true, .objects = true};
        bool array = is_npy(rest);
        if (array) {
            TRY(next_array(&rest, &member, err));
            member.name = name;
        }
        TRY(visit(context, &member));
        if (!array) break;
    } while (rest.len);
    return BRINE_OK;
}

/* ---- zip --------------------------------------------------------------------------------------*/

struct zip {
    struct bytes file;
    size_t shift; /* bytes before the archive begins */
    struct bytes directory;
    size_t members;
    size_t bytes_max;
    struct buf unpacked;
    struct brine_error *err;
};

struct entry {
    struct bytes name;
    uint16_t flags, method;
    size_t packed_bytes, unpacked_bytes, offset;
};

static enum brine_status broken(struct zip *zip, const char *what) {
    return brine_fail(zip->err, BRINE_MALFORMED, 0, "the zip archive %s", what);
}

/* The last end mark with which the comment's length agrees, or any as zipfile takes it. */
static bool find_end(struct bytes file, size_t *at) {
    if (file.len < END_BYTES) return false;
    size_t lowest = file.len - MIN(file.len, (size_t)END_BYTES + COMMENT_BYTES_MAX);
    for (size_t from = file.len - END_BYTES + 1; from-- > lowest;) {
        if (memcmp(file.data + from, "PK\5\6", 4) != 0) continue;
        *at = from;
        return true;
    }
    return false;
}

/* torch.save writes a second end of directory, in 64 bits, before the first; readers take the one
 * or the other. So they must say the same. *end is moved to where the directory ends. */
static enum brine_status check_zip64(struct zip *zip, size_t len, size_t offset, size_t *end) {
    if (*end < LOCATOR_BYTES || memcmp(zip->file.data + *end - LOCATOR_BYTES, "PK\6\7", 4) != 0)
        return BRINE_OK;
    if (*end < LOCATOR_BYTES + END64_BYTES) return broken(zip, "has no zip64 directory");
    size_t at = *end - LOCATOR_BYTES - END64_BYTES;
    struct reader reader = reader_over(bytes_slice(zip->file, at, *end - at));
    bool same = read_u32le(&reader) == END64_MARK;
    same = read_u64le(&reader) == END64_BYTES - 12 && same;
    (void)read_u32le(&reader);               /* versions */
    same = read_u64le(&reader) == 0 && same; /* disks */
    same = read_u64le(&reader) == zip->members && same;
    same = read_u64le(&reader) == zip->members && same;
    same = read_u64le(&reader) == len && same;
    same = read_u64le(&reader) == offset && same;
    (void)read_u32le(&reader);               /* the locator's mark */
    same = read_u32le(&reader) == 0 && same; /* disk */
    uint64_t located = read_u64le(&reader);
    same = read_u32le(&reader) <= 1 && same;
    /* Where bytes stand before the archive, the locator does not count them. */
    same = len <= at && offset <= at - len && located == offset + len && same;
    if (reader_failed(&reader) || !same) return broken(zip, "has two directories that differ");
    *end = at;
    return BRINE_OK;
}

static enum brine_status open_zip(struct zip *zip) {
    size_t end;
    if (!find_end(zip->file, &end)) return broken(zip, "has no directory");
    struct reader reader = reader_over(bytes_slice(zip->file, end, zip->file.len));
    (void)read_u32le(&reader);
    uint16_t disk = read_u16le(&reader), first_disk = read_u16le(&reader);
    uint16_t disk_members = read_u16le(&reader);
    zip->members = read_u16le(&reader);
    size_t len = read_u32le(&reader), offset = read_u32le(&reader);
    if (reader_failed(&reader)) return broken(zip, "ends within its directory");
    if (len == UINT32_MAX || offset == UINT32_MAX || zip->members == UINT16_MAX)
        return brine_fail(zip->err, BRINE_TOO_BIG, 0, "a zip archive of 4 GB and more");
    if (disk || first_disk) return broken(zip, "has several volumes");
    if (disk_members != zip->members) return broken(zip, "has several volumes");
    TRY(check_zip64(zip, len, offset, &end));
    if (len > end || offset > end - len) return broken(zip, "has no directory where it says");
    zip->shift = end - len - offset;
    zip->directory = bytes_slice(zip->file, end - len, len);
    return BRINE_OK;
}

static bool read_entry(struct reader *reader, struct entry *entry) {
    if (read_u32le(reader) != ENTRY_MARK) return false;
    (void)read_u32le(reader); /* versions */
    entry->flags = read_u16le(reader);
    entry->method = read_u16le(reader);
    (void)read_u32le(reader); /* time and date */
    (void)read_u32le(reader); /* checksum */
    entry->packed_bytes = read_u32le(reader);
    entry->unpacked_bytes = read_u32le(reader);
    size_t name_len = read_u16le(reader), extra_len = read_u16le(reader);
    size_t comment_len = read_u16le(reader);
    (void)read_u32le(reader); /* disk, internal attributes */
    (void)read_u32le(reader); /* external attributes */
    entry->offset = read_u32le(reader);
    entry->name = read_take(reader, name_len);
    (void)read_take(reader, extra_len);
    (void)read_take(reader, comment_len);
    return !reader_failed(reader);
}

/* The bytes behind the local header, whose name and extra field have lengths of their own. */
static enum brine_status find_packed(struct zip *zip, const struct entry *entry,
                                     struct bytes *packed) {
    if (entry->packed_bytes == UINT32_MAX || entry->unpacked_bytes == UINT32_MAX ||
        entry->offset == UINT32_MAX)
        return brine_fail(zip->err, BRINE_TOO_BIG, 0, "a member of 4 GB and more");
    size_t at = entry->offset + zip->shift;
    struct reader reader = reader_over(bytes_slice(zip->file, at, zip->file.len));
    bool marked = read_u32le(&reader) == LOCAL_MARK;
    (void)read_take(&reader, LOCAL_BYTES - 8);
    size_t name_len = read_u16le(&reader), extra_len = read_u16le(&reader);
    (void)read_take(&reader, name_len);
    (void)read_take(&reader, extra_len);
    *packed = read_take(&reader, entry->packed_bytes);
    if (!marked || reader_failed(&reader)) return broken(zip, "holds less than its directory says");
    return BRINE_OK;
}

static enum brine_status inflate_into(struct zip *zip, z_stream *stream) {
    struct buf *out = &zip->unpacked;
    for (int code = Z_OK; code != Z_STREAM_END;) {
        size_t room = MIN((size_t)INFLATE_PIECE_BYTES, zip->bytes_max + 1 - out->len);
        if (room == 0)
            return brine_fail(zip->err, BRINE_TOO_BIG, 0, "a member unpacks to more than %zu bytes",
                              zip->bytes_max);
        TRY(buf_reserve(out, room));
        stream->next_out = out->data + out->len;
        stream->avail_out = (uInt)room;
        code = inflate(stream, Z_NO_FLUSH);
        out->len += room - stream->avail_out;
        if (code != Z_OK && code != Z_STREAM_END)
            return broken(zip, "has a member that is damaged");
    }
    return BRINE_OK;
}

static enum brine_status unpack(struct zip *zip, const struct entry *entry, struct bytes *bytes) {
    struct bytes packed;
    TRY(find_packed(zip, entry, &packed));
    if (entry->flags & 1) return broken(zip, "is encrypted");
    if (entry->method == STORED) {
        *bytes = packed;
        return BRINE_OK;
    }
    if (entry->method != DEFLATED)
        return broken(zip, "has a member packed in a way not known here");
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.len};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return BRINE_NO_MEMORY;
    buf_clear(&zip->unpacked);
    enum brine_status status = inflate_into(zip, &stream);
    (void)inflateEnd(&stream);
    *bytes = buf_view(&zip->unpacked);
    return status;
}

static enum brine_status walk_zip(struct zip *zip, archive_visit_fn *visit, void *context) {
    TRY(open_zip(zip));
    struct reader reader = reader_over(zip->directory);
    while (!reader_at_end(&reader)) {
        struct entry entry;
        struct archive_member member = {0};
        if (!read_entry(&reader, &entry)) return broken(zip, "has a directory that is damaged");
        bool empty = entry.packed_bytes == 0 && entry.unpacked_bytes == 0;
        if (empty && entry.name.len && entry.name.data[entry.name.len - 1] == '/') continue;
        TRY(unpack(zip, &entry, &member.bytes));
        member.name = entry.name;
        if (member.bytes.len != entry.unpacked_bytes)
            return broken(zip, "has a member of another length than its directory says");
        if (is_npy(member.bytes))
            TRY(walk_arrays(member.bytes, member.name, visit, context, zip->err));
        else
            TRY(visit(context, &member));
    }
    return BRINE_OK;
}

enum brine_status archive_walk(struct bytes file, size_t bytes_max, archive_visit_fn *visit,
                               void *context, struct brine_error *err) {
    if (is_npy(file)) return walk_arrays(file, BYTES(""), visit, context, err);
    struct zip zip = {.file = file, .bytes_max = bytes_max, .err = err};
    buf_init(&zip.unpacked, mem_system(), bytes_max + 1);
    enum brine_status status = walk_zip(&zip, visit, context);
    buf_deinit(&zip.unpacked);
    return status;
}
