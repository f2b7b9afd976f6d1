/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the verifier knows of a pickle's values, and how it reads bytes; part of machine.h.
 *
 * Values are 16 bytes and copied freely.  What is mutable or has parts is a node, and its value
 * holds the node's number: a list that was memoized empty and filled later is then the filled one
 * for all who hold it, as in CPython.
 */
#ifndef BRINE_PICKLE_VALUE_H
#define BRINE_PICKLE_VALUE_H

#include "base/bytes.h"
#include "pickle/verify.h"

/* A row of a constant table of texts. */
#define BYTES_ROW(literal)                                                                         \
    { (const uint8_t *)("" literal), sizeof(literal) - 1 }

enum value_flag {
    VALUE_TEXT = 1,     /* long: decimal digits at b, not two's complement */
    VALUE_8BIT = 2,     /* str: of an 8-bit opcode, so the reader's encoding= decides */
    VALUE_ESCAPES = 4,  /* str: written with escapes */
    VALUE_LATIN1 = 8,   /* str: bytes above 127 are characters of their own */
    VALUE_DERIVED = 16, /* bytes or bytearray made by a call: a is the length, b the digest */
    VALUE_MOMENT = 32,  /* the same, of which a date or time may be made */
};

struct pickle_value {
    uint8_t kind, flags;
    uint16_t depth; /* of a tuple that harmless.c made */
    uint32_t a;     /* length of a payload; number of a node or global */
    uint64_t b;     /* offset of a payload; an int's value, a float's bits */
};
_Static_assert(sizeof(struct pickle_value) == 16, "values are copied for each opcode");

/* Writes a value without flags as one store of 16 bytes.  Written field by field, it could not be
 * read back as a whole before all stores have left the processor's queue: twelve cycles, and most
 * values are copied right away, into the memo or a tuple. */
static inline void value_write(struct pickle_value *at, uint8_t kind, uint32_t a, uint64_t b) {
    typedef uint64_t words __attribute__((vector_size(16), aligned(8), may_alias));
    uint64_t head = (uint64_t)a << 32 | kind;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    head = (uint64_t)kind << 56 | a;
#endif
    *(words *)at = (words){head, b};
}

static inline bool is_leaf(struct pickle_value value) {
    return value.kind <= PICKLE_KIND_LONG; /* ORDER pickle_kind */
}
enum { LIGHT_BYTES = 64 };
/* A leaf that costs nothing to hash, to compare, to compute with or to write out. */
static inline bool is_light(struct pickle_value value) {
    return value.kind < PICKLE_KIND_LONG && value.a < LIGHT_BYTES; /* ORDER pickle_kind */
}
/* What hashing a leaf costs, or comparing it with one that is equal, beside a part of a tuple: the
 * hash of text is kept in it, so that it is walked by comparisons only. */
static inline uint32_t leaf_cost(struct pickle_value value) {
    enum { LONG_PART_BYTES = 32, TEXT_PART_BYTES = 1024 };
    return value.a / (value.kind == PICKLE_KIND_LONG ? LONG_PART_BYTES : TEXT_PART_BYTES);
}
/* For how many parts it stands where it is written out, beyond the one that it is. */
static inline uint32_t leaf_parts(struct pickle_value value) {
    enum { PART_BYTES = 64 };
    return value.a / PART_BYTES;
}
/* What dividing it, or writing it in decimal, costs in the same measure: it grows with the square.
 */
static inline uint64_t long_work(struct pickle_value value) {
    enum { PART_BYTES = 64, PARTS_COST = 16 };
    uint64_t parts = value.kind == PICKLE_KIND_LONG ? value.a / PART_BYTES : 0;
    return parts * parts * PARTS_COST;
}
static inline bool is_container(struct pickle_value value) {
    return value.kind >= PICKLE_KIND_TUPLE;
}
static inline bool is_plain_int(struct pickle_value value, uint64_t number) {
    return value.kind == PICKLE_KIND_INT && value.b == number;
}
/* Whether the key is the integer behind a run of `length` that begins with `first`.  No two of such
 * a run share a slot of a table that holds them all. */
static inline bool continues_run(struct pickle_value first, uint32_t length,
                                 struct pickle_value key) {
    return first.kind == PICKLE_KIND_INT && is_plain_int(key, first.b + length);
}
/* A str whose bytes are its text, whatever the reader's options. */
static inline bool is_plain_str(struct pickle_value value) {
    return value.kind == PICKLE_KIND_STR && value.flags == 0;
}
/* --- nodes --- */

enum node_flag {
    NODE_NESTED = 1,      /* is part of something */
    NODE_UNHASHABLE = 2,  /* an element cannot be hashed */
    NODE_NOHASH = 4,      /* an element is an instance without the right `hash` */
    NODE_OPAQUE = 8,      /* its hash depends on an instance */
    NODE_BARE = 16,       /* a tuple that holds what may not be data, for a model to judge */
    NODE_OTHER_KEYS = 32, /* a dict with keys that are not str */
    NODE_PLANTED = 64,    /* a dict with a key that no state may have */
    NODE_LISTED = 128,    /* a list whose elements are in the key log */
    NODE_MADE = 128,      /* an instance: `keys` is the tuple of its arguments */
    NODE_STATE = 256,     /* a dict that was given as state, and may live on as a __dict__ */
    NODE_UNLOGGED = 512,  /* a list that got elements which are not in the key log */
    NODE_KEYED = 1024,    /* a list whose elements became a set */
    NODE_IN_TUPLE = 1024, /* an instance that is part of a tuple or frozenset */
    NODE_SET = 2048,      /* probed as a set, not as a dict */
    NODE_TUPLE = 4096,
    NODE_DTYPE = 8192,    /* numpy dtype */
    NODE_NDARRAY = 16384, /* made by numpy's _reconstruct */
    NODE_READY = 32768,   /* a partial that has its state */
    NODE_NAMES = 32768,   /* a dict that holds a reference of any kind */
    /* A list whose first element is a str or bytes; with NODE_OTHER_KEYS another leaf, as it is in
     * a list that holds such a list. */
    NODE_FIRST_STR = 1 << 16,
    NODE_FROZEN = 1 << 17,     /* a dict that a dtype keeps: no more items */
    NODE_FLEXIBLE = 1 << 18,   /* a dtype whose state sets its size */
    NODE_OBJECTS = 1 << 19,    /* a dtype whose items hold pointers; a dict with such a field */
    NODE_VOID = 1 << 22,       /* a dtype that may have fields or a subarray */
    NODE_UNSIZED = 1 << 23,    /* a dtype that has its size from its state */
    NODE_TIME = 1 << 24,       /* a dtype of dates or spans, whose state has a unit */
    NODE_WIDE = 1 << 26,       /* a range, or holds one; how long, its more says */
    NODE_WRAPS = 1 << 30,      /* a functools.partial that is data */
    NODE_POINTERS = 1 << 29,   /* a dtype that is objects through and through */
    NODE_SUBARRAY = 1 << 27,   /* a dtype whose items are arrays of objects */
    NODE_FUNCTION = 1 << 28,   /* a part is a reference that may not be called */
    NODE_BAD_CACHE = 1 << 25,  /* a dict whose _cache is no dict */
    NODE_BUILT = 1 << 20,      /* an instance that has its state */
    NODE_UNORDERED = 1 << 21,  /* a dict with a field that is not behind those before it */
    NODE_IDENTIFIED = 1 << 21, /* the same, or one that has an "int" */
    NODE_WALKED = 1u << 31, /* a dict with an attribute that its reader walks, and no plain value */
};

enum { NO_GLOBAL = UINT32_MAX, NO_KEY = UINT32_MAX };

struct pickle_node {
    union {
        uint32_t first; /* tuple: its first cell */
        uint32_t keys;  /* others: the last run in the key log; 0 when there is none */
    };
    uint32_t count; /* of cells or items */
    uint32_t cost;  /* of hashing it, or what is in it */
    uint16_t depth, key_depth;
    uint32_t global; /* of an instance's class or callee */
    uint32_t more;   /* number of its struct pickle_more; 0 when it has none */
    uint32_t flags;
    uint32_t parts; /* that what it holds has, written out, for a node that is part of another */
};
_Static_assert(sizeof(struct pickle_node) == 32, "two to a cache line: each container has one");

/* What few nodes need. */
struct pickle_more {
    uint64_t names_sum; /* dict, where asked for: of the hashes of its str keys */
    uint32_t keys_opaque, keys_held, keys_instances; /* of unknown hash; with parts; instances */
    uint32_t names; /* newest of its str keys, when they are collected */
    /* What models look at.  dtype: bytes of an item, 0 when unknown; list: how many of its parts
     * are pairs that begin with a leaf; dict: where the farthest of its (dtype, offset) values
     * ends.
     */
    uint32_t aux;
    uint32_t fields;    /* dict: how many (dtype, offset) values; array: bytes of its data */
    uint32_t wrapped;   /* dict: what it has as "data" and "maps"; list: whether it may grow; both:
                         * what is no part of a result */
    uint32_t maps;      /* dict: its list "maps"; list: how many of its items are dicts */
    uint64_t long_work; /* of the long integers among its keys */
    uint64_t data;      /* dict: bytes of its arrays, while pandas' indexes are made */
    uint32_t wide;     /* how many values the ranges and networks in it give when they are walked */
    uint64_t expanded; /* of its parts that have parts, when that is limited */
};

/* The key log: keys whose hash a writer can choose, in runs, each a head and what it stores.  A run
 * that stores one key but counts more stands for the integers from that one on. */
struct pickle_run {
    uint32_t previous; /* run of the same container; 0: none */
    uint32_t total;    /* keys of the container up to this run's end */
    uint32_t stored;
    uint32_t offset; /* of the opcode that gave the first */
};
union pickle_key {
    struct pickle_value value;
    struct pickle_run run;
};
_Static_assert(sizeof(union pickle_key) == 16, "a head takes the place of one key");

struct pickle_name {
    struct pickle_value value;
    uint32_t previous;
    uint32_t field; /* the tuple that is its value, when a dtype may have it for a field; or 0 */
};

/* --- bytes --- */

/* The node is filled: `keys` is what it gets, and no more what it was made of. */
static inline void forget_made(struct pickle_node *instance) {
    if (!(instance->flags & NODE_MADE)) return;
    instance->flags &= ~(uint32_t)NODE_MADE;
    instance->keys = 0;
}

static inline uint32_t add_saturating(uint32_t a, uint32_t b) {
    uint32_t sum;
    return add_overflows(a, b, &sum) ? UINT32_MAX : sum;
}
static inline uint64_t load_le(const uint8_t *at, unsigned width) {
    uint64_t value = 0;
    memcpy(&value, at, width);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint64_t load_u64(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}
static inline uint32_t load_u32(const uint8_t *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}
/* Only ASCII: the usual case of UTF-8, in words that overlap at the end.  `room` bytes may be read,
 * of which the text is the first. */
static inline bool ascii_valid_within(const uint8_t *at, uint64_t length, uint64_t room) {
    static const uint64_t high = 0x8080808080808080u;
    if (length >= 8) {
        uint64_t seen = load_u64(at) | load_u64(at + length - 8);
        if (length > 16) seen |= load_u64(at + 8) | load_u64(at + length - 16);
        for (uint64_t i = 16; i + 16 < length; i += 16)
            seen |= load_u64(at + i) | load_u64(at + i + 8);
        return !(seen & high);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static const uint64_t high_below[8] = {
        0, 0x80, 0x8080, 0x808080, 0x80808080, 0x8080808080, 0x808080808080, 0x80808080808080,
    };
    if (LIKELY(room >= 8)) return !(load_u64(at) & high_below[length]);
#endif
    for (uint64_t i = 0; i < length; i++)
        if (at[i] & 0x80) return false;
    return true;
}
static inline bool ascii_valid(const uint8_t *at, uint64_t length) {
    return ascii_valid_within(at, length, length);
}

#endif
