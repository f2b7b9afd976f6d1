/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct bytes: a borrowed run of bytes, never freed by who holds it.  A parameter of this type
 * lends; a `struct buf` (buf.h) owns.  NUL has no meaning here.  Any thread. */
#ifndef BRINE_BYTES_H
#define BRINE_BYTES_H

#include "base/base.h"

#include <string.h>

struct bytes {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
};

/* A view of a literal: BYTES("get"). */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct bytes bytes_view(const void *data, size_t len) {
    return (struct bytes){(const uint8_t *)data, len};
}

static inline struct bytes bytes_of_cstr(const char *text) {
    return bytes_view(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* memcmp order, the shorter first where one is a prefix of the other. */
static inline int bytes_compare(struct bytes a, struct bytes b) {
    size_t shorter = MIN(a.len, b.len);
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    if (order) return order;
    return (a.len > b.len) - (a.len < b.len);
}

/* ASCII only, so that the answer depends on no locale. */
static inline uint8_t byte_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
static inline bool byte_is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Cost: O(len). */
static inline bool bytes_equal_nocase(struct bytes a, struct bytes b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (byte_lower(a.data[i]) != byte_lower(b.data[i])) return false;
    return true;
}

/* True when text is `literal` in any case: bytes_is(arg, "NX"). */
static inline bool bytes_is(struct bytes text, const char *literal) {
    return bytes_equal_nocase(text, bytes_of_cstr(literal));
}

static inline bool bytes_starts_with(struct bytes text, struct bytes prefix) {
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.data, prefix.data, prefix.len) == 0);
}

/* The part from `from` on, `len` long, cut to what there is. */
static inline struct bytes bytes_slice(struct bytes text, size_t from, size_t len) {
    if (from > text.len) from = text.len;
    const uint8_t *start = from > 0 ? text.data + from : text.data; /* NULL has no offset 0 */
    return bytes_view(start, MIN(len, text.len - from));
}

/* memcpy that allows a length of 0 with NULL. */
static inline void bytes_copy_to(void *target, struct bytes source) {
    if (source.len) memcpy(target, source.data, source.len);
}

#endif
