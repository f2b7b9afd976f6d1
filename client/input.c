/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/input.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 64 * 1024 };

static enum brine_status io_error(struct brine_error *err) {
    return brine_fail(err, BRINE_IO, 0, "%s", strerror(errno));
}

/* The size is a hint alone: what counts is where reading ends. */
static size_t size_hint(int file) {
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size < 0) return 0;
    return (size_t)facts.st_size;
}

static enum brine_status read_to_end(struct buf *buf, int file, size_t bytes_max,
                                     struct brine_error *err) {
    /* One byte more than the file has, so that its end is met without growing. */
    size_t room = MIN(MAX(size_hint(file), FIRST_BYTES - 1), bytes_max) + 1;
    while (buf->len <= bytes_max) {
        if (buf->cap == buf->len) {
            enum brine_status status = buf_reserve(buf, MIN(room, bytes_max + 1 - buf->len));
            if (status != BRINE_OK)
                return brine_fail(err, status, 0, "%s", brine_status_meaning(status));
            room = FIRST_BYTES;
        }
        ssize_t got =
            read(file, buf->data + buf->len, MIN(buf->cap - buf->len, bytes_max + 1 - buf->len));
        if (got == 0) break;
        if (got < 0 && errno != EINTR) return io_error(err);
        if (got > 0) buf->len += (size_t)got;
    }
    return BRINE_OK;
}

enum brine_status input_read(struct buf *buf, const char *path, size_t bytes_max,
                             struct brine_error *err) {
    buf_clear(buf);
    if (strcmp(path, "-") == 0) return read_to_end(buf, STDIN_FILENO, bytes_max, err);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) return io_error(err);
    enum brine_status status = read_to_end(buf, file, bytes_max, err);
    close(file);
    return status;
}

static bool is_shown(uint32_t point) {
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0) || point == '\\';
    /* Line ends, and marks that turn the direction of what follows. */
    bool format = (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
                  (point >= 0x2066 && point <= 0x2069) || point == 0x61c;
    return !control && !format;
}

enum brine_status input_append_name(struct buf *out, struct bytes name) {
    for (size_t at = 0; at < name.len;) {
        uint32_t point = 0;
        size_t len = utf8_decode(name, at, &point);
        if (len && is_shown(point)) {
            TRY(buf_append(out, bytes_slice(name, at, len)));
            at += len;
            continue;
        }
        for (size_t end = at + MAX(len, (size_t)1); at < end; at++)
            TRY(buf_printf(out, "\\x%02x", name.data[at]));
    }
    return BRINE_OK;
}
