/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a policy is to the verifier: a look-up from (module, qualname) to an entry or nothing.
 *
 * The key is the pair of whole strings, as CPython hands them to find_class after the protocol < 3
 * renames: never split, never a prefix, compared byte for byte.  "datetime"/"datetime" is another
 * key than "datetime.datetime"/"x".  A nested class is module "app", name "Outer.Inner".
 *
 * An entry whose name is "*" or ends in ".*" is a wildcard: it stands for one more component
 * without a dot, but neither for one that begins with "__" nor for a global of models.def or
 * dangerous.def: those have to be named exactly.
 *
 * Who compiles a policy (policy.h) or writes a test fills an array of entries and calls
 * policy_index.  Entries, their bytes and the slots stay the caller's and outlive the policy.
 * After policy_index a policy is never written: any thread may look up.
 * Cost of a look-up: one hash of module and name, and one more when the policy has wildcards. */
#ifndef BRINE_POLICY_MATCH_H
#define BRINE_POLICY_MATCH_H

#include "base/bytes.h"
#include "base/status.h"
#include "policy/models.def"

/* What a pickle may do with a global.  Any right lets it be resolved, that is imported; without one
 * of these it may be resolved but not used. */
/* clang-format off */
#define POLICY_RIGHTS(R)                                                                          \
    /*  id          bit  name          doc */                                                     \
    R(REF,          0,   "ref",        "stand in the data as a value: a class or function object") \
    R(CALL,         1,   "call",       "be called: REDUCE, and INST and OBJ with arguments")      \
    R(NEW,          2,   "new",        "be instantiated through __new__: NEWOBJ, NEWOBJ_EX, INST, OBJ") \
    R(BUILD,        3,   "build",      "its instances take a state: a dict of attributes, slots")  \
    R(STATE_ANY,    4,   "state",      "its own __setstate__ takes any value as state")           \
    R(ITEMS_LIST,   5,   "items.list", "its instances take APPEND and APPENDS")                   \
    R(ITEMS_DICT,   6,   "items.dict", "its instances take SETITEM and SETITEMS")                 \
    R(ITEMS_SET,    7,   "items.set",  "its instances take ADDITEMS")                             \
    R(HASH,         8,   "hash",       "its instances may be keys of dicts and elements of sets")
/* clang-format on */

enum policy_right {
#define R(id, bit, name, doc) POLICY_##id = 1 << bit,
    POLICY_RIGHTS(R)
#undef R
        POLICY_ITEMS = POLICY_ITEMS_LIST | POLICY_ITEMS_DICT | POLICY_ITEMS_SET,
    /* A plain entry: a class whose instances are constructed and get their state. */
    POLICY_CLASS = POLICY_REF | POLICY_CALL | POLICY_NEW | POLICY_BUILD,
};

/* Which arguments a call may have: models.def. */
enum policy_model {
#define M(id, doc) POLICY_MODEL_##id,
    POLICY_MODELS(M)
#undef M
};

struct policy_name {
    struct bytes module, name;
};

struct policy_entry {
    struct bytes module, name;
    uint32_t rights;         /* of enum policy_right */
    enum policy_model model; /* set by policy_index */
    /* Shape of the arguments of a call, one letter each: s str, b bytes, i int, f float or int,
     * o bool, n None, v any of these, l list, t tuple, q list or tuple, d dict, e set, m an
     * instance or None, g allowed reference, a any.  '?' after a letter: it and what follows may be
     * missing;
     * '*' after the last: any number.  data NULL: any. */
    struct bytes shape;
    /* Which globals the arguments may be, for callables that call or instantiate what they are
     * handed; count 0: any that has the right "ref". */
    const struct policy_name *only;
    size_t only_count;
    const char *origin; /* for messages: "preset stdlib line 12"; may be NULL */
};

struct policy {
    const struct policy_entry *entries;
    size_t entries_count;
    uint32_t *slots; /* entry number + 1, or 0 */
    size_t slots_count;
    size_t wildcards_count;
    /* For learning, set after policy_index or compiling: names that it does not know are admitted
     * with every right, but for what is dangerous.h's and for attributes that every object has. */
    bool admits_unknown;
};

/* How many slots policy_index needs for so many entries: a power of two. */
size_t policy_slots_for(size_t entries_count);

/* Sets the model of every entry and fills slots (slots_count of policy_slots_for).  Of two entries
 * of the same name it says BRINE_INVALID and which (err->offset is the second one's number). */
enum brine_status policy_index(struct policy *policy, struct policy_entry *entries,
                               size_t entries_count, uint32_t *slots, size_t slots_count,
                               struct brine_error *err) MUST_USE;

/* NULL when the policy does not know the name. */
const struct policy_entry *policy_match(const struct policy *policy, struct bytes module,
                                        struct bytes name) MUST_USE;

/* True for what policy_match gave because of admits_unknown; such an entry has no name. */
bool policy_entry_is_unknown(const struct policy_entry *entry) MUST_USE;

/* Whether a global may be an argument of a call of the entry.  Cost: linear in its list. */
bool policy_takes_global(const struct policy_entry *entry, struct bytes module,
                         struct bytes name) MUST_USE;

/* The model that belongs to a name whatever the policy says; NONE for most. */
enum policy_model policy_model_of(struct bytes module, struct bytes name) MUST_USE;

/* "CODECS_ENCODE", and what it admits. */
const char *policy_model_name(enum policy_model model);
const char *policy_model_doc(enum policy_model model);

#endif
