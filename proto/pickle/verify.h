/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The verifier: reads any pickle without executing it and says whether a policy lets it be loaded.
 *
 *     struct pickle_scratch scratch;                      // one a thread, kept from call to call
 *     pickle_scratch_init(&scratch, mem, 1 << 30);
 *     struct pickle_report report;
 *     if (pickle_verify(bytes, policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report) != BRINE_OK)
 *         puts(pickle_report_message(&report, line, sizeof line));
 *
 * An accept says: every CPython unpickler from 3.8 on that reads these bytes resolves just the
 * globals of the report, in that order, itself calls nothing but what the policy lets be called,
 * gives state and items only to what it has made, and stays within the limits.  It does not say
 * that what the policy lists is harmless: an allowed class's own __setstate__ and __hash__ run, and
 * may call what they find in the state, a listed `ref` too.  What cannot be decided is refused.
 *
 * Words: an *instance* is what a call has made; a *callee* is a global about to be called;
 * *scratch* is the machine's memory, reused: a usual value allocates nothing.  Ownership: a
 * report's views point into input, policy and scratch, valid until the next call with that scratch.
 * Reentrant; a scratch is one thread's at a time.  Cost: one pass.  Source: CPython's _pickle.c. */
#ifndef BRINE_PICKLE_VERIFY_H
#define BRINE_PICKLE_VERIFY_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "pickle/reasons.def"
#include "policy/match.h"

enum pickle_class {
    PICKLE_CLASS_ACCEPT,
    PICKLE_CLASS_MALFORMED, /* no reader, or not every reader, takes it: Python's UnpicklingError */
    PICKLE_CLASS_TRUNCATED, /* a beginning of something longer: Python's EOFError at an opcode */
    PICKLE_CLASS_FORBIDDEN, /* the policy does not allow it */
    PICKLE_CLASS_LIMIT,
};

enum pickle_reason {
#define R(id, class, rule, text) PICKLE_##id,
    PICKLE_REASONS(R)
#undef R
};

/* clang-format off */
#define PICKLE_LIMITS(L)                                                                               \
    /* field            default     what honest data never meets */                                    \
    L(bytes_max,        1u << 30,   "bytes of a pickle; at most 4 GiB - 1")                            \
    L(opcodes_max,      1u << 30,   "opcodes of a pickle")                                             \
    L(nesting_max,      1000,       "containers inside containers; at most 60000")                     \
    L(nesting_late_max, 1u << 20,   "levels gained by filling containers that are nested already (cycles)") \
    L(key_nesting_max,  500,        "tuples and frozensets inside each other in a key")                \
    L(key_cost_max,     10000,      "elements that hashing one key visits")                            \
    L(key_cost_total,   10000000,   "elements that hashing all keys and arguments visits, above one a byte of input") \
    L(key_opaque_max,   8192,       "keys of one container whose hash is not known")                   \
    L(key_probes_max,   64,         "slots that a key of a dict looks at, on average above 65536; of a set 4 times as many") \
    L(memo_skip_max,    1,          "memo indices that are left out")                                  \
    L(digits_max,       4300,       "digits of a number written as text")                              \
    L(long_bytes_max,   65536,      "bytes of a binary integer")                                       \
    L(heap_free,        64u << 20,  "bytes of the object that are always allowed (estimated)")         \
    L(heap_ratio,       64,         "bytes of the object for each byte of the pickle above that")      \
    L(expanded_max,     0,          "values when shared parts are written out each time; 0: not limited")
/* clang-format on */

struct pickle_limits {
#define L(field, value, doc) uint64_t field;
    PICKLE_LIMITS(L)
#undef L
};

extern const struct pickle_limits PICKLE_LIMITS_DEFAULT;

enum pickle_kind {
    PICKLE_KIND_NONE = 1,
    PICKLE_KIND_BOOL,
    PICKLE_KIND_INT,
    PICKLE_KIND_FLOAT,
    PICKLE_KIND_STR,
    PICKLE_KIND_BYTES,
    PICKLE_KIND_LONG = 8, /* ORDER pickle_kind: an int beyond 64 bits, the last without parts */
    PICKLE_KIND_BYTEARRAY,
    PICKLE_KIND_GLOBAL,
    PICKLE_KIND_METHOD,  /* getattr(class, '__new__') */
    PICKLE_KIND_PARTIAL, /* functools.partial of that */
    PICKLE_KIND_TUPLE,   /* ORDER pickle_kind: from here on they have parts */
    PICKLE_KIND_FROZENSET,
    PICKLE_KIND_LIST, /* three that have no hash */
    PICKLE_KIND_DICT,
    PICKLE_KIND_SET,
    PICKLE_KIND_INSTANCE,
};

enum pickle_use {
    PICKLE_USE_REF = 1,
    PICKLE_USE_CALL = 2,
    PICKLE_USE_NEW = 4,
    PICKLE_USE_STATE = 8,
    PICKLE_USE_ITEMS = 16,
    PICKLE_USE_HASH = 32,
    PICKLE_USE_STATE_ANY = 64,   /* with STATE: one was none that the right "build" covers */
    PICKLE_USE_ITEMS_LIST = 128, /* with ITEMS: which */
    PICKLE_USE_ITEMS_DICT = 256,
    PICKLE_USE_ITEMS_SET = 512,
};

/* One resolution of a name.  A pickle without a memo may resolve the same name again. */
struct pickle_global {
    struct bytes module, name; /* after the renames of protocols below 3 */
    const struct policy_entry *entry;
    uint32_t offset, uses; /* uses: of enum pickle_use */
    bool by_attribute;     /* getattr(global, 'literal'), which find_class does not see */
    /* The verifier's own: what the class does with parts and states, flags of nodes that bar a
     * state and that a key has, kinds of arguments that passed. */
    bool walks, numerical, copies_values, plain_state, sees_pairs, moment;
    uint32_t barred, hash_flags;
    uint64_t called_with, made_with;
    /* With collect_keys: the sorted keys of the first state that an instance got, a fingerprint of
     * them (never 0, also by collect_fingerprints), and whether another instance had others. */
    const struct bytes *keys;
    uint32_t keys_count;
    bool keys_vary;
    uint64_t keys_fingerprint;
};

enum pickle_origin { PICKLE_ORIGIN_UNKNOWN, PICKLE_ORIGIN_PYTHON2, PICKLE_ORIGIN_PYTHON3 };

struct pickle_report {
    /* the verdict */
    enum pickle_reason reason;
    size_t offset;                    /* of the opcode that was refused; the length when accepted */
    uint8_t opcode;                   /* the byte there; 0 when there is none */
    struct bytes module, name;        /* the global concerned; name.data NULL when none is */
    const struct policy_entry *entry; /* of that global, when the policy knows it */
    uint64_t value, limit;            /* of a limit: what was met, what is allowed */
    /* the facts, as far as the pass came */
    uint8_t protocol;        /* declared; 0 when not */
    uint8_t protocol_needed; /* the highest of the opcodes seen */
    enum pickle_origin origin;
    uint64_t opcodes;
    uint32_t memo_entries, nesting;
    uint64_t heap_bytes; /* estimate of what the object takes */
    enum pickle_kind top_kind;
    const struct pickle_global *top_global; /* the object's class, or the object, a global */
    const struct pickle_global *globals;    /* in the order of their resolution */
    size_t globals_count;
};

struct pickle_value;
struct pickle_node;
struct pickle_more;
union pickle_key;
struct pickle_name;

/* Memory of the machine.  The fields are verify's alone. */
struct pickle_scratch {
    struct allocator *mem;
    size_t limit_bytes, taken_bytes;
    bool collect_keys, collect_fingerprints; /* may be set after init: see pickle_global */
    /* May be set from call to call: the reader is joblib.load, so a NumpyArrayWrapper's state is
     * followed by the raw bytes of its array, or by a second pickle when that holds objects.
     * Careful: any other reader takes the raw bytes for opcodes, so this is only for values that
     * nothing but joblib.load reads; without it such a wrapper is refused (array-stream). */
    bool joblib_arrays;
    struct pickle_value *stack, *memo, *cells;
    uint32_t *marks;
    struct pickle_node *nodes;
    struct pickle_more *mores;
    union pickle_key *keys;
    struct pickle_name *names;
    uint64_t *table;
    struct pickle_global *globals;
    struct pickle_value *other_stack, *other_memo; /* of the pickle inside an array stream */
    uint32_t *other_marks;
    uint32_t stack_cap, marks_cap, memo_cap, nodes_cap, mores_cap, cells_cap, keys_cap, names_cap,
        table_cap, globals_cap, other_stack_cap, other_marks_cap, other_memo_cap;
    struct arena text;
};

/* Takes nothing from mem yet; never takes more than limit_bytes. */
void pickle_scratch_init(struct pickle_scratch *scratch, struct allocator *mem, size_t limit_bytes);
void pickle_scratch_deinit(struct pickle_scratch *scratch);
/* Gives everything back when more than keep_bytes are held, as after a giant value. */
void pickle_scratch_trim(struct pickle_scratch *scratch, size_t keep_bytes);

/* BRINE_OK: accepted.  Otherwise by the reason's class: BRINE_MALFORMED, NEED_MORE (truncated),
 * DENIED, TOO_BIG, or NO_MEMORY.  *report is filled in either way. */
enum brine_status pickle_verify(struct bytes input, const struct policy *policy,
                                const struct pickle_limits *limits, struct pickle_scratch *scratch,
                                struct pickle_report *report) MUST_USE;

enum pickle_class pickle_reason_class(enum pickle_reason reason);
const char *pickle_reason_rule(enum pickle_reason reason); /* "frame-straddled" */
const char *pickle_class_name(enum pickle_class of_class); /* "malformed" */
const char *pickle_kind_name(enum pickle_kind kind);

/* One English line, cut when longer than size; returns line.  Names are escaped. */
const char *pickle_report_message(const struct pickle_report *report, char *line, size_t size);
#endif
