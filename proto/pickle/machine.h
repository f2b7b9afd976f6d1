/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The inside of the verifier, shared by its files and by nobody else.
 *
 *   verify.c  the loop                            steps.c  opcodes that only move values
 *   text.c    arguments written as text           items.c  containers, keys, nesting
 *   calls.c   names, calls                        state.c  BUILD
 *   models.c  arguments of known callables        probes.c keys that are made to collide
 *   hashes.c  hashes that a writer can choose, hashes_time.c those of times
 *   attributes.c  keys that become attributes
 *   protocols.c  names that numpy believes
 *
 * Every step returns true to go on, or false after refuse() has filled the report.
 *
 * Invariant: fence <= top <= stack_cap; stack[0..top) are values of a kind other than 0; fence is
 * the last mark or 0; every node number in a value is below nodes_count, and a tuple's cells hold
 * values made before it. */
#ifndef BRINE_PICKLE_MACHINE_H
#define BRINE_PICKLE_MACHINE_H

#include "pickle/opcodes.h"
#include "pickle/seen.h"
#include "pickle/verify.h"

/* The pickle around the one that is being read. */
struct outer_pickle {
    uint32_t class; /* of the array that it waits for */
    uint32_t start, top, fence, marks_count, memo_len, memo_entries;
    uint8_t proto;
};

struct machine {
    const uint8_t *data;
    uint32_t len, at, end; /* end: of the open frame or of the input */
    uint32_t op_at;
    uint8_t op;
    bool framed;
    uint8_t proto;
    uint32_t protocols; /* a bit each that opcodes needed */
    bool seen_8bit, seen_bytes;
    uint64_t offsets;      /* of zones, that pytz keeps */
    uint32_t own_zones;    /* of zoneinfo's, that nobody shares */
    bool built_late;       /* an instance that is part of something got a function as attribute */
    bool grew_late;        /* what is part of something got a part that has parts */
    bool numerical_keys;   /* a scalar of numpy's is made, and may be a key */
    uint64_t wide_keys;    /* how many values the ranges that are keys give */
    bool namespace_calls;  /* a SimpleNamespace has a function as attribute */
    uint32_t long_most;    /* bytes of the longest integer */
    bool escapes_protocol; /* a text with escapes holds a name that numpy believes */
    uint32_t top, fence, stack_cap;
    struct pickle_value *stack;
    struct pickle_node *nodes;
    struct pickle_value *cells;
    uint32_t marks_count, memo_len, memo_entries;
    uint32_t mores_count, nodes_count, cells_count, keys_count, names_count, globals_count;
    uint32_t keys_most; /* in the key log, of one container */
    uint32_t nesting;
    uint64_t heap, heap_max, opcodes, key_cost, nesting_late;
    uint64_t compared;  /* what comparing keys may cost, where nobody has counted */
    uint64_t walked;    /* parts of what numpy and its kin may make arrays of */
    uint64_t name_cost; /* of hashing what stands under "name" and "names" */
    const struct policy *policy;
    const struct pickle_limits *limits;
    struct pickle_scratch *scratch;
    struct pickle_report *report;
    uint32_t unusual;    /* flags of a part of which more is to be noted than depth and hash: all
                          * where expanded sizes are limited */
    bool sees_keys;      /* str keys are looked at one by one */
    bool sums_names;     /* fingerprints of states are wanted */
    bool sees_lists;     /* so are the items of lists, for one of these: */
    bool logs_lists;     /* a callable is met that hashes a list */
    uint32_t index_from; /* nodes from this on were made when pandas' _new_Index was known */
    bool sees_pairs;     /* a callable is met that takes pairs of a key and a value */
    bool sees_maps;      /* lists count the dicts in them, and some may not grow */
    bool sees_results;   /* so do lists and dicts of what they hold, from results_from on */
    uint32_t results_from;
    struct result_state result;
    struct grown_state grown; /* models.c: looked for once such a tree is made */
    struct ranged_state ranged;
    struct identity_state identity;
    struct random_state random;
    /* joblib.c */
    bool inside;    /* in the pickle of an array of objects */
    uint32_t start; /* of the pickle that is being read */
    struct wrapper_state wrapper;
    struct outer_pickle outer;
};

/* tests/stress/exhaustive_step.c compiles the loop once more with this set: after each step it then
 * hands the machine to that program, which checks the invariant. */
#ifndef BRINE_CHECK_MACHINE
#define BRINE_CHECK_MACHINE 0
#endif
void machine_check(const struct machine *m);

/* --- refusing: each fills the report and returns false --- */
bool refuse(struct machine *m, enum pickle_reason reason) __attribute__((cold, noinline));
bool refuse_global(struct machine *m, enum pickle_reason reason, uint32_t global)
    __attribute__((cold, noinline));
bool refuse_limit(struct machine *m, enum pickle_reason reason, uint64_t value, uint64_t limit)
    __attribute__((cold, noinline));

/* --- memory --- */
/* Room for `need` items in one of scratch's arrays. */
bool grow(struct machine *m, void **array, uint32_t *cap, size_t item_bytes, uint32_t need)
    __attribute__((noinline));

#define ROOM(m, array, cap, need)                                                                  \
    (LIKELY((need) <= (cap)) || grow((m), (void **)&(array), &(cap), sizeof *(array), (need)))

static inline bool push(struct machine *m, struct pickle_value value) {
    if (UNLIKELY(m->top == m->stack_cap)) {
        if (!grow(m, (void **)&m->scratch->stack, &m->scratch->stack_cap, sizeof value, m->top + 1))
            return false;
        m->stack = m->scratch->stack;
        m->stack_cap = m->scratch->stack_cap;
    }
    m->stack[m->top++] = value;
    return true;
}

/* A value that stands for a node. */
static inline bool push_node(struct machine *m, enum pickle_kind kind, uint32_t number) {
    if (UNLIKELY(m->top == m->stack_cap))
        return push(m, (struct pickle_value){.kind = (uint8_t)kind, .a = number});
    value_write(&m->stack[m->top++], (uint8_t)kind, number, 0);
    return true;
}

static inline bool above_fence(struct machine *m, uint32_t count) {
    return LIKELY(m->top - m->fence >= count) || refuse(m, PICKLE_UNDERFLOW);
}

/* A new node's number in *number; its numbers are all 0 but those that say "none". */
static inline bool node_new(struct machine *m, uint32_t flags, uint32_t *number) {
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->nodes, scratch->nodes_cap, m->nodes_count + 1)) return false;
    m->nodes = scratch->nodes;
    *number = m->nodes_count++;
    m->nodes[*number] = (struct pickle_node){.flags = flags, .global = NO_GLOBAL};
    return true;
}

/* The node's extra part, made when it has none; NULL after a refusal. */
struct pickle_more *more_of(struct machine *m, uint32_t node);
/* The same for reading: zeros when it has none.  Number 0 is never written but at the start. */
static inline const struct pickle_more *more_seen(const struct machine *m, uint32_t node) {
    return &m->scratch->mores[m->nodes[node].more];
}

static inline struct bytes payload(const struct machine *m, struct pickle_value value) {
    return bytes_view(m->data + value.b, value.a);
}
static inline bool plain_str_is(const struct machine *m, struct pickle_value value,
                                struct bytes text) {
    return is_plain_str(value) && bytes_equal(payload(m, value), text);
}
static inline const struct policy_entry *entry_of(const struct machine *m, uint32_t global) {
    return m->scratch->globals[global].entry;
}
/* module is the package or lies in it. */
static inline bool is_within(struct bytes module, struct bytes package) {
    return bytes_starts_with(module, package) &&
           (module.len == package.len || module.data[package.len] == '.');
}
static inline bool has_right(const struct machine *m, uint32_t global, uint32_t rights) {
    return global != NO_GLOBAL && (entry_of(m, global)->rights & rights) == rights;
}
/* Walks, once it is used, what its state holds. */
static inline bool wraps_data(enum policy_model model) {
    return model == POLICY_MODEL_USER_LIST || model == POLICY_MODEL_USER_DICT ||
           model == POLICY_MODEL_USER_STRING || model == POLICY_MODEL_CHAIN_MAP;
}
/* Instances are made without arguments or with any: __new__ does nothing that a model would fix. */
static inline bool makes_plainly(enum policy_model model) {
    return model == POLICY_MODEL_NONE || model == POLICY_MODEL_NO_ARGUMENTS ||
           model == POLICY_MODEL_JOBLIB_ARRAY || model == POLICY_MODEL_SIMPLE_COOKIE ||
           model == POLICY_MODEL_MULTI_DICT || model == POLICY_MODEL_RESULT_KEYS ||
           model == POLICY_MODEL_UUID || model == POLICY_MODEL_SKLEARN_PREDICTOR ||
           wraps_data(model);
}
bool global_is(const struct machine *m, uint32_t global, const char *module, const char *name);

/* --- steps.c --- */
/* One opcode, m->op, whose byte is behind; true to go on.  STOP is the loop's. */
bool step_opcode(struct machine *m);
bool step_proto(struct machine *m);
bool take_frame(struct machine *m);
/* The one way to an accept. */
bool take_stop(struct machine *m);
/* What can be said of all that was done only when no more is: at STOP, and where the bytes break
 * off, for a reader has done it by then. */
bool check_end(struct machine *m);
/* The bytes or the frame ended where an opcode should stand. */
bool next_frame(struct machine *m);

enum { EMPTY_TUPLE_NODE = 0 };

static inline bool check_heap(struct machine *m) {
    return LIKELY(m->heap <= m->heap_max) || refuse_limit(m, PICKLE_HEAP, m->heap, m->heap_max);
}

/* --- text.c --- */
bool step_int(struct machine *m);
bool step_long(struct machine *m);
bool step_float(struct machine *m);
bool step_string(struct machine *m);
bool step_unicode(struct machine *m);
/* The next line without its newline. */
bool take_line(struct machine *m, struct bytes *line);
/* A memo index written on the next line. */
bool take_index(struct machine *m, uint32_t *index);
bool utf8_valid(struct bytes text);
/* -?digits[/digits]; what decimal.Decimal writes, with an exponent within bounds. */
bool text_is_fraction(struct bytes text);
bool text_is_decimal(struct bytes text);

/* The text of a str, in the buffer when it has to be decoded.  One that is written with escapes and
 * longer than TEXT_RAW_BYTES_MAX comes back as it is written. */
enum { TEXT_RAW_BYTES_MAX = 512, TEXT_BYTES_MAX = 2 * TEXT_RAW_BYTES_MAX + 4 };
struct bytes text_of(const struct machine *m, struct pickle_value value,
                     uint8_t buffer[static TEXT_BYTES_MAX]);
/* Characters of a str that all fit latin-1; false when one does not. */
bool latin1_length(struct machine *m, struct pickle_value value, uint32_t *characters);
/* The bytes that its first characters are, `most` of them, in the buffer; gives the number of all,
 * or most + 1 when there are more. */
uint32_t latin1_copy(const struct machine *m, struct pickle_value value, uint8_t *buffer,
                     uint32_t most);
/* Of the bytes that its characters are: up to 8 of them as a number, of more a hash. */
uint64_t latin1_digest(const struct machine *m, struct pickle_value value);

#include "pickle/parts.h"

/* --- calls.c --- */
struct arguments {
    uint32_t callee; /* global */
    uint32_t tuple;  /* the node that holds them */
    uint32_t count;
};
static inline struct pickle_value argument(const struct machine *m, const struct arguments *args,
                                           uint32_t at) {
    return m->cells[m->nodes[args->tuple].first + at];
}

bool step_global(struct machine *m);
bool step_stack_global(struct machine *m);
bool step_reduce(struct machine *m);
bool step_newobj(struct machine *m);
bool step_newobj_ex(struct machine *m);
bool step_inst(struct machine *m);
bool step_obj(struct machine *m);
/* Resolves a name and gives the value that stands for it. */
bool resolve(struct machine *m, struct bytes module, struct bytes name, bool by_attribute,
             struct pickle_value *value);
/* A value made by a call, of a class or by a function; without parts yet. */
static inline bool instance_new(struct machine *m, uint32_t global, struct pickle_value *value) {
    uint32_t number;
    if (!node_new(m, 0, &number)) return false;
    m->nodes[number].global = global;
    *value = (struct pickle_value){.kind = PICKLE_KIND_INSTANCE, .a = number};
    return true;
}
/* The kinds of a call's arguments in one word, or 0 when there are too many. */
static inline uint64_t kinds_of(const struct machine *m, struct pickle_value tuple) {
    enum { COUNTED_MAX = 7, KIND_BITS = 8 };
    const struct pickle_node *node = &m->nodes[tuple.a];
    uint64_t kinds = 1;
    if (node->count > COUNTED_MAX) return 0;
    for (uint32_t i = 0; i < node->count; i++) {
        struct pickle_value part = m->cells[node->first + i];
        kinds = kinds << KIND_BITS | part.kind | (part.flags & VALUE_8BIT ? 1u << 7 : 0u);
    }
    return kinds;
}

/* What a short way comes to. */
enum outcome { DONE, NOT_COVERED, REFUSED };
/* REDUCE, or NEWOBJ, with arguments of kinds that passed before, where only kinds count.  The
 * instance is the next node, for which there is room. */
enum outcome call_plain(struct machine *m, struct pickle_value callee, struct pickle_value tuple,
                        bool reduce);

#include "pickle/models.h"

/* --- state.c --- */
bool step_build(struct machine *m);
/* The same for a dict and an instance of which nothing else is to be looked at. */
enum outcome build_plain(struct machine *m, struct pickle_value target, struct pickle_value state);
/* Notes what a class's state may be; once for each resolution of its name. */
void state_resolve(struct pickle_global *global);
/* Of a library whose classes and functions ask what they get for attributes and items while they
 * load, or may in a release to come: they get nothing that answers by calling. */
bool asks_what_it_gets(struct bytes module);

/* --- hashes.c: what the hash of an instance that may be a key is made of --- */
enum hash_source {
    HASH_SECRET,  /* text, or its address: nobody who writes the pickle can choose it */
    HASH_KNOWN,   /* what it was made of */
    HASH_UNKNOWN, /* what its class makes of numbers */
};
#define HASH_MODULUS (((uint64_t)1 << 61) - 1)
enum hash_source hash_source(const struct machine *m, uint32_t instance);
/* The instance has got its state. */
bool hash_by_state(struct machine *m, uint32_t instance);
/* hashes_time.c: the same of what is of the module datetime. */
enum hash_source time_source(const struct machine *m, const struct pickle_node *node);
uint64_t time_hash(const struct machine *m, const struct pickle_node *node, const uint64_t *known);
/* Of a tuple of these. */
uint64_t hash_lanes(const struct machine *m, const struct pickle_value *lanes, uint32_t count,
                    const uint64_t *known);
/* Of numbers, and of what is made of parts whose own are in `known`, at their nodes' numbers. */
uint64_t hash_part(const struct machine *m, struct pickle_value value, const uint64_t *known);
/* The same, with the most frequent cases in place. */
static inline uint64_t hash_value(const struct machine *m, struct pickle_value value,
                                  const uint64_t *known) {
    if (LIKELY(value.kind == PICKLE_KIND_INT && value.b < HASH_MODULUS)) return value.b;
    bool is_known = value.kind == PICKLE_KIND_TUPLE && known[value.a];
    return is_known ? known[value.a] : hash_part(m, value, known);
}
void sort_words(uint64_t *words, uint32_t count);
/* Those of all nodes in their order; `room` is for as many words as a container has keys. */
void hash_nodes(const struct machine *m, uint64_t *known, uint64_t *room);

/* --- probes.c --- */
/* Foresees how CPython's tables take the logged keys, and how many are compared.  The probes of a
 * container with few of them are not counted. */
enum { PROBES_FEW_KEYS = 256 };
bool probes_check(struct machine *m);
/* There is nothing to count: no container has many keys, and all of them together do not cost so
 * much that comparing each with those beside it would matter. */
static inline bool probes_needless(const struct machine *m) {
    return m->keys_most <= PROBES_FEW_KEYS && m->keys_count + m->key_cost <= UINT16_MAX;
}
/* The hashes of a container's keys in their order, from its last run back to its first; returns
 * what comparing the costliest costs. */
uint64_t probes_hash_keys(const struct machine *m, uint32_t last, const uint64_t *known,
                          uint64_t *hashes);

/* --- names.c --- */
enum rename { RENAME_SAME, RENAME_DONE, RENAME_AMBIGUOUS };
/* What find_class does to a name before protocol 3; the new ones are constants. */
enum rename pickle_rename(struct bytes *module, struct bytes *name);

#endif
