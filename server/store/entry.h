/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An entry: one key and its value in one block of a shard's heap (heap.h).  Private to store/.
 *
 *     0       2       3       4         6        8
 *     +-------+-------+-------+---------+--------+--------+-----+-------+- - - - -+- - - -+
 *     | units | flags | slack | key_len | access | prefix | key | value | far_ms  |       |
 *     +-------+-------+-------+---------+--------+--------+-----+-------+- - - - -+- - - -+
 *                                                                 8, if at all      slack, to units
 * * 8 the prefix, of what there is:
 *     +--------------+-------+--------+-------------+
 *     | expire_at_ms | label | writer | stored_at_s |
 *     +--------------+-------+--------+-------------+
 *     6, F_EXPIRY    2, F_LABEL  2 + 4, F_ORIGIN, never without a label
 *
 * `units` is the block's size in 8 bytes, which is all the heap needs to walk a chunk: a block has
 * no header beside this one.  A boxed entry's value is the pointer to its blob, unaligned.
 * The expiry field may be there and say STORE_NO_EXPIRY: PERSIST does not move the key.  Six bytes
 * last until the year 10889; a time beyond (or before 1970) is far_ms behind the value, and the
 * field says ENTRY_EXPIRY_FAR.  So the key's place depends on the flags alone.
 * How long the value is follows from the block's size and what of it is not used, which is at most
 * ENTRY_SLACK_MAX: that leaves room for 15 bits of `access`, which eviction reads (evict.h), and
 * one that says whether a snapshot that is under way has seen the entry (cut.h). A free block keeps
 * units and flags and uses the rest as struct free_block says. */
#ifndef BRINE_STORE_ENTRY_H
#define BRINE_STORE_ENTRY_H

#include "store/store.h"

enum {
    ENTRY_UNIT_BYTES = 8,
    ENTRY_HEADER_BYTES = 8,
    ENTRY_EXPIRY_BYTES = 6,
    ENTRY_FAR_BYTES = 8,
    ENTRY_LABEL_BYTES = 2,
    ENTRY_ORIGIN_BYTES = 6,
    ENTRY_INLINE_BYTES_MAX = 32 * 1024,
    ENTRY_SLACK_MAX = 255,
    ENTRY_ACCESS_BITS = 15,
    ENTRY_ACCESS_MASK = (1 << ENTRY_ACCESS_BITS) - 1,
};

/* In the expiry field: the time is behind the value. */
#define ENTRY_EXPIRY_FAR ((UINT64_C(1) << 48) - 1)

enum entry_flag {
    ENTRY_TYPE_MASK = 0x07, /* enum value_type, */
    ENTRY_TEXT = 0x05,      /* or a string of another form, */
    ENTRY_EDITED = 0x06,
    ENTRY_FREE = 0x07, /* or none: the block is free */
    F_LABEL = 0x08,
    F_EXPIRY = 0x10,
    F_BOXED = 0x20,
    F_PREV_FREE = 0x40, /* the block before this one is free: the heap's, kept by all others */
    F_ORIGIN = 0x80,
};
#define ONE_MORE(name, word) +1
_Static_assert(0 VALUE_TYPES(ONE_MORE) <= ENTRY_TEXT, "no type looks like a form or a free block");
#undef ONE_MORE

static inline bool flags_are_free(uint8_t flags) {
    return (flags & ENTRY_TYPE_MASK) == ENTRY_FREE;
}

static inline uint8_t flags_of_value(enum value_type type, enum value_form form) {
    if (type != VALUE_STRING || form == VALUE_FORM_SET) return (uint8_t)type;
    return form == VALUE_FORM_TEXT ? ENTRY_TEXT : ENTRY_EDITED;
}
static inline enum value_form flags_form(uint8_t flags) {
    uint8_t type = flags & ENTRY_TYPE_MASK;
    if (LIKELY(type < ENTRY_TEXT)) return VALUE_FORM_SET;
    return type == ENTRY_TEXT ? VALUE_FORM_TEXT : VALUE_FORM_EDITED;
}

struct entry {
    uint16_t units;
    uint8_t flags;
    uint8_t slack;
    uint16_t key_len;
    uint16_t access : ENTRY_ACCESS_BITS, cut : 1;
    uint8_t body[];
};
_Static_assert(sizeof(struct entry) == ENTRY_HEADER_BYTES,
               "the entry header is paid per key: change it knowingly");

/* Without branches, for every look at a key needs it. */
static inline size_t flags_prefix_bytes(uint8_t flags) {
    return (size_t)(flags & F_EXPIRY) / F_EXPIRY * ENTRY_EXPIRY_BYTES +
           (size_t)(flags & F_LABEL) / F_LABEL * ENTRY_LABEL_BYTES +
           (size_t)(flags / F_ORIGIN) * ENTRY_ORIGIN_BYTES;
}
static inline size_t entry_prefix_bytes(const struct entry *entry) {
    return flags_prefix_bytes(entry->flags);
}

/* What the time needs behind the value. */
static inline size_t expiry_far_bytes(int64_t expire_at_ms) {
    return (uint64_t)expire_at_ms < ENTRY_EXPIRY_FAR ? 0 : ENTRY_FAR_BYTES;
}

/* What of the body is in use. */
static inline size_t entry_body_bytes(const struct entry *entry) {
    return (size_t)entry->units * ENTRY_UNIT_BYTES - ENTRY_HEADER_BYTES - entry->slack;
}
/* So much of it is from now on; the block is as large as it is. */
static inline void entry_set_body_bytes(struct entry *entry, size_t bytes) {
    entry->slack = (uint8_t)((size_t)entry->units * ENTRY_UNIT_BYTES - ENTRY_HEADER_BYTES - bytes);
}

static inline uint64_t entry_expiry_field(const struct entry *entry) {
    uint32_t low;
    uint16_t high;
    memcpy(&low, entry->body, sizeof low);
    memcpy(&high, entry->body + sizeof low, sizeof high);
    return (uint64_t)high << 32 | low;
}

/* 8 when a time lies behind the value, else 0. */
static inline size_t entry_far_bytes(const struct entry *entry) {
    bool far = entry->flags & F_EXPIRY && entry_expiry_field(entry) == ENTRY_EXPIRY_FAR;
    return far ? ENTRY_FAR_BYTES : 0;
}

static inline int64_t entry_expire_at_ms(const struct entry *entry) {
    if (!(entry->flags & F_EXPIRY)) return STORE_NO_EXPIRY;
    int64_t at_ms = (int64_t)entry_expiry_field(entry);
    if (UNLIKELY(at_ms == (int64_t)ENTRY_EXPIRY_FAR))
        memcpy(&at_ms, entry->body + entry_body_bytes(entry) - ENTRY_FAR_BYTES, sizeof at_ms);
    return at_ms;
}

/* What lies behind the key, but for a far time: the value, or the pointer to its blob. */
static inline size_t entry_payload_len(const struct entry *entry) {
    return entry_body_bytes(entry) - entry_prefix_bytes(entry) - entry->key_len -
           entry_far_bytes(entry);
}

/* What of the body would be in use with this time in its field. */
static inline size_t entry_body_bytes_with(const struct entry *entry, int64_t expire_at_ms) {
    return entry_body_bytes(entry) - entry_far_bytes(entry) + expiry_far_bytes(expire_at_ms);
}

/* The entry has F_EXPIRY, and body bytes as entry_body_bytes_with says. */
static inline void entry_write_expiry(struct entry *entry, int64_t expire_at_ms) {
    bool far = expiry_far_bytes(expire_at_ms) != 0;
    uint64_t field = far ? ENTRY_EXPIRY_FAR : (uint64_t)expire_at_ms;
    uint32_t low = (uint32_t)field;
    uint16_t high = (uint16_t)(field >> 32);
    memcpy(entry->body, &low, sizeof low);
    memcpy(entry->body + sizeof low, &high, sizeof high);
    if (far)
        memcpy(entry->body + entry_body_bytes(entry) - ENTRY_FAR_BYTES, &expire_at_ms,
               sizeof expire_at_ms);
}

/* What an entry knows beside its value, as far as the store keeps it. */
struct entry_notes {
    uint16_t label, writer;
    uint32_t stored_at_s;
};
_Static_assert(sizeof(struct entry_notes) == ENTRY_LABEL_BYTES + ENTRY_ORIGIN_BYTES,
               "notes lie in the entry as in this struct");

static inline void entry_set_notes(struct entry *entry, const struct entry_notes *notes) {
    uint8_t *at = entry->body + (entry->flags & F_EXPIRY ? ENTRY_EXPIRY_BYTES : 0);
    memcpy(at, notes, entry->flags & F_ORIGIN ? sizeof *notes : sizeof notes->label);
}
static inline struct entry_notes entry_notes(const struct entry *entry) {
    struct entry_notes notes = {0};
    const uint8_t *at = entry->body + (entry->flags & F_EXPIRY ? ENTRY_EXPIRY_BYTES : 0);
    if (entry->flags & F_ORIGIN)
        memcpy(&notes, at, sizeof notes);
    else if (entry->flags & F_LABEL)
        memcpy(&notes.label, at, sizeof notes.label);
    return notes;
}

static inline struct bytes entry_key(const struct entry *entry) {
    return bytes_view(entry->body + entry_prefix_bytes(entry), entry->key_len);
}

/* The bytes after the key: the value, or the pointer to its blob. */
static inline uint8_t *entry_payload(struct entry *entry) {
    return entry->body + entry_prefix_bytes(entry) + entry->key_len;
}

static inline struct blob *entry_blob(const struct entry *entry) {
    struct blob *blob = NULL;
    if (entry->flags & F_BOXED)
        memcpy(&blob, entry->body + entry_prefix_bytes(entry) + entry->key_len, sizeof blob);
    return blob;
}

static inline void entry_view_value(struct entry *entry, struct store_value *value) {
    value->entry = entry;
    value->blob = entry_blob(entry);
    value->bytes = value->blob
                       ? blob_view(value->blob)
                       : bytes_view(entry->body + entry_prefix_bytes(entry) + entry->key_len,
                                    entry_payload_len(entry));
    value->expire_at_ms = entry_expire_at_ms(entry);
    value->form = flags_form(entry->flags);
    value->type = value->form == VALUE_FORM_SET ? (enum value_type)(entry->flags & ENTRY_TYPE_MASK)
                                                : VALUE_STRING;
    struct entry_notes notes = entry_notes(entry);
    value->label = notes.label;
    value->writer = notes.writer;
    value->stored_at_s = notes.stored_at_s;
}

static inline size_t entry_value_len(const struct entry *entry) {
    const struct blob *blob = entry_blob(entry);
    return blob ? blob->len : entry_payload_len(entry);
}

static inline bool entry_has_key(const struct entry *entry, struct bytes name) {
    return bytes_equal(entry_key(entry), name);
}

static inline bool expiry_is_over(int64_t expire_at_ms, int64_t now_ms) {
    return expire_at_ms != STORE_NO_EXPIRY && now_ms > expire_at_ms;
}

/* Bytes of a body in units of a block. */
static inline size_t body_units(size_t body_bytes) {
    size_t bytes = ENTRY_HEADER_BYTES + body_bytes;
    size_t units = (bytes + ENTRY_UNIT_BYTES - 1) / ENTRY_UNIT_BYTES;
    return MAX(units, 2); /* a free block needs 16 bytes */
}

#endif
