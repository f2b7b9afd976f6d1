/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A record as one run of bytes, which is how the ring holds it:
 *
 *     | bytes u32 | numbers of struct audit_record | whole length of each text | texts, cut |
 *
 * Private to audit*.c.  Any thread. */
#ifndef BRINE_AUDIT_PACK_H
#define BRINE_AUDIT_PACK_H

#include "observe/audit.h"

enum {
    AUDIT_NUMBERS_BYTES = offsetof(struct audit_record, texts),
    AUDIT_ALIGN = 16, /* of a packed record, so that a filler always finds room for its head */
};

struct audit_packed {
    uint32_t bytes;  /* all of it, a multiple of AUDIT_ALIGN */
    uint32_t filler; /* 1: no record, but the unused end of the ring; nothing below is set */
    uint8_t numbers[AUDIT_NUMBERS_BYTES];
    uint32_t whole[AUDIT_TEXT_COUNT];
    uint8_t texts[];
};

struct audit_packed_max {
    _Alignas(AUDIT_ALIGN) uint8_t bytes[AUDIT_RECORD_BYTES_MAX];
};

static inline size_t audit_text_max(size_t text) {
    bool long_one = text == AUDIT_TEXT_key || text == AUDIT_TEXT_text;
    return long_one ? AUDIT_KEY_BYTES_MAX : AUDIT_TEXT_BYTES_MAX;
}

void audit_pack(const struct audit_record *record, struct audit_packed *packed);
static inline int64_t audit_packed_time_ms(const struct audit_packed *packed) {
    int64_t time_ms;
    memcpy(&time_ms, packed->numbers + offsetof(struct audit_record, time_ms), sizeof time_ms);
    return time_ms;
}
/* Appends the line, without newline. */
enum brine_status audit_packed_format(const struct audit_packed *packed, struct buf *out) MUST_USE;

#endif
