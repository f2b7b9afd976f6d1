/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct buf: an owned, growable run of bytes with a ceiling from birth.  Hitting the ceiling is
 * BRINE_TOO_BIG, a refused allocation BRINE_NO_MEMORY; both leave the buffer as it was.
 *
 *     struct buf out;
 *     buf_init(&out, mem, 64 << 20);
 *     TRY(buf_append(&out, BYTES("+OK\r\n")));
 *     ... buf_view(&out) ...
 *     buf_deinit(&out);
 *
 * Growth is by half, so appending n bytes costs O(n).  One thread at a time. */
#ifndef BRINE_BUF_H
#define BRINE_BUF_H

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

#include <stdarg.h>

struct buf {
    uint8_t *data;
    size_t len, cap;
    size_t limit; /* bytes; never 0 */
    struct allocator *mem;
};

void buf_init(struct buf *buf, struct allocator *mem, size_t limit);
void buf_deinit(struct buf *buf);

static inline struct bytes buf_view(const struct buf *buf) {
    return bytes_view(buf->data, buf->len);
}
static inline void buf_clear(struct buf *buf) {
    buf->len = 0;
}

/* Room for `more` bytes behind len; the caller writes there and adds to len. */
enum brine_status buf_reserve(struct buf *buf, size_t more) MUST_USE;
/* Gives the room beyond max(len, keep) back to the allocator; 0 frees it all when empty. */
void buf_shrink(struct buf *buf, size_t keep);

enum brine_status buf_append_slow(struct buf *buf, struct bytes bytes) MUST_USE;

static inline MUST_USE enum brine_status buf_append(struct buf *buf, struct bytes bytes) {
    if (UNLIKELY(buf->cap - buf->len < bytes.len)) return buf_append_slow(buf, bytes);
    if (UNLIKELY(bytes.len == 0)) return BRINE_OK; /* data may be NULL, which has no offset 0 */
    bytes_copy_to(buf->data + buf->len, bytes);
    buf->len += bytes.len;
    return BRINE_OK;
}

static inline MUST_USE enum brine_status buf_append_byte(struct buf *buf, uint8_t byte) {
    return buf_append(buf, bytes_view(&byte, 1));
}

enum brine_status buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
enum brine_status buf_vprintf(struct buf *buf, const char *format, va_list args)
    PRINTF_LIKE(2, 0) MUST_USE;

/* Drops the first `count` bytes (at most len).  Cost: a move of the rest. */
void buf_consume(struct buf *buf, size_t count);

#endif
