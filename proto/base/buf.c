/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/buf.h"

#include "base/assert.h"

#include <stdio.h>

enum { BUF_FIRST_BYTES = 64 };

void buf_init(struct buf *buf, struct allocator *mem, size_t limit) {
    BRINE_ASSERT(limit > 0, "a buffer has a ceiling");
    *buf = (struct buf){.limit = limit, .mem = mem};
}

void buf_deinit(struct buf *buf) {
    mem_free(buf->mem, buf->data, buf->cap);
    *buf = (struct buf){.limit = buf->limit, .mem = buf->mem};
}

enum brine_status buf_reserve(struct buf *buf, size_t more) {
    if (more <= buf->cap - buf->len) return BRINE_OK;
    if (more > buf->limit - buf->len) return BRINE_TOO_BIG;
    size_t cap = MAX(buf->cap + buf->cap / 2, MAX(buf->len + more, (size_t)BUF_FIRST_BYTES));
    cap = MIN(cap, buf->limit);
    uint8_t *data = mem_resize(buf->mem, buf->data, buf->cap, cap);
    if (!data) return BRINE_NO_MEMORY;
    buf->data = data;
    buf->cap = cap;
    return BRINE_OK;
}

void buf_shrink(struct buf *buf, size_t keep) {
    size_t cap = MAX(buf->len, keep);
    if (cap >= buf->cap) return;
    uint8_t *data = mem_resize(buf->mem, buf->data, buf->cap, cap);
    if (cap > 0 && !data) return; /* giving back may fail; the larger block is still good */
    buf->data = data;
    buf->cap = cap;
}

enum brine_status buf_append_slow(struct buf *buf, struct bytes bytes) {
    TRY(buf_reserve(buf, bytes.len));
    bytes_copy_to(buf->data + buf->len, bytes);
    buf->len += bytes.len;
    return BRINE_OK;
}

enum brine_status buf_vprintf(struct buf *buf, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    size_t room = buf->cap - buf->len;
    int need = vsnprintf(room ? (char *)buf->data + buf->len : NULL, room, format, args);
    BRINE_ASSERT(need >= 0, "a format string of ours is valid");
    enum brine_status status = BRINE_OK;
    if ((size_t)need >= room) {
        status = buf_reserve(buf, (size_t)need + 1);
        if (status == BRINE_OK)
            vsnprintf((char *)buf->data + buf->len, (size_t)need + 1, format, again);
    }
    if (status == BRINE_OK) buf->len += (size_t)need;
    va_end(again);
    return status;
}

enum brine_status buf_printf(struct buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    enum brine_status status = buf_vprintf(buf, format, args);
    va_end(args);
    return status;
}

void buf_consume(struct buf *buf, size_t count) {
    count = MIN(count, buf->len);
    if (count == 0) return;
    buf->len -= count;
    if (buf->len) memmove(buf->data, buf->data + count, buf->len);
}
