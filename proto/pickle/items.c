/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Containers: what may be put where, how deep, and what may be a key.
 *
 * Depth.  A node's depth is that of its parts when they were put in, plus one.  A part that grows
 * afterwards makes the number of its holders stale; each such growth is added to nesting_late, and
 * no simple path is longer than the greatest depth plus that sum.  Picklers fill a container before
 * they nest it, cycles apart.
 *
 * Keys.  hash() of a tuple walks it each time, recursing in C: key_depth and cost say how far.
 * Tuples and frozensets cannot grow, so both are exact.  An instance counts what its arguments and
 * the hashable parts of its state cost. */

#include "pickle/machine.h"

static inline bool is_hashable(struct machine *m, struct pickle_value value, uint32_t *flags) {
    *flags = 0;
    if (value.kind <= PICKLE_KIND_LONG || value.kind == PICKLE_KIND_GLOBAL) return true;
    *flags = is_container(value) ? hash_flags_of(m, value) : (uint32_t)NODE_UNHASHABLE;
    if (value.kind == PICKLE_KIND_INSTANCE && hash_source(m, value.a) != HASH_UNKNOWN)
        *flags &= ~(uint32_t)NODE_OPAQUE;
    return !(*flags & (NODE_UNHASHABLE | NODE_NOHASH));
}

/* The global that makes a tuple bare. */
static bool refuse_bare(struct machine *m, uint32_t tuple) {
    const struct pickle_node *node = &m->nodes[tuple];
    for (uint32_t i = 0; i < node->count; i++) {
        struct pickle_value part = m->cells[node->first + i];
        if (part.kind == PICKLE_KIND_METHOD ||
            (part.kind == PICKLE_KIND_GLOBAL && !has_right(m, part.a, POLICY_REF)))
            return refuse_global(m, PICKLE_REFERENCE, part.a);
    }
    return refuse(m, PICKLE_REFERENCE);
}

/* A part that is no container but no leaf either. */
static bool gain_reference(struct machine *m, uint32_t parent, struct pickle_value part,
                           bool bare) {
    if (part.kind == PICKLE_KIND_BYTEARRAY) {
        gain_leaf(&m->nodes[parent], part);
        m->nodes[parent].flags |= NODE_UNHASHABLE;
        return true;
    }
    if (part.kind == PICKLE_KIND_GLOBAL && has_right(m, part.a, POLICY_REF)) {
        const struct policy_entry *entry = entry_of(m, part.a);
        if (m->nodes[parent].global == NO_GLOBAL) m->nodes[parent].flags |= NODE_NAMES;
        /* Who calls it as a method passes by the arguments that the policy admits. */
        bool is_value = entry->rights & (POLICY_NEW | POLICY_HASH) ||
                        (entry->rights & POLICY_CALL && !entry->shape.data);
        if (!is_value && entry->model == POLICY_MODEL_NONE) {
            if (m->nodes[parent].flags & NODE_STATE)
                return refuse_global(m, PICKLE_STATE_KEY, part.a);
            m->nodes[parent].flags |= NODE_FUNCTION;
        }
        m->scratch->globals[part.a].uses |= PICKLE_USE_REF;
        return true;
    }
    if (bare) {
        m->nodes[parent].flags |= NODE_BARE;
        return true;
    }
    return refuse_global(m, PICKLE_REFERENCE,
                         part.kind == PICKLE_KIND_PARTIAL ? NO_GLOBAL : part.a);
}

static __attribute__((noinline)) bool grow_depth(struct machine *m, struct pickle_node *parent,
                                                 uint32_t depth) {
    if (depth > m->limits->nesting_max || depth > UINT16_MAX - 1)
        return refuse_limit(m, PICKLE_NESTING, depth, m->limits->nesting_max);
    if (parent->flags & NODE_NESTED) {
        m->nesting_late += depth - parent->depth;
        if (m->nesting_late > m->limits->nesting_late_max)
            return refuse_limit(m, PICKLE_NESTING_LATE, m->nesting_late,
                                m->limits->nesting_late_max);
    }
    parent->depth = (uint16_t)depth;
    m->nesting = MAX(m->nesting, depth);
    return true;
}

static bool gain_more(struct machine *m, uint32_t parent, uint32_t child, bool pair) {
    struct pickle_more *more = more_of(m, parent);
    uint64_t expanded;
    if (!more) return false;
    more->aux += pair;
    if (add_overflows(more_seen(m, child)->expanded, m->nodes[child].count + 1ull, &expanded) ||
        add_overflows(more->expanded, expanded, &more->expanded))
        more->expanded = UINT64_MAX / 2;
    return true;
}

bool set_wide(struct machine *m, uint32_t node, uint32_t wide) {
    struct pickle_more *more = more_of(m, node);
    if (!more) return false;
    more->wide = wide;
    if (wide > 0) m->nodes[node].flags |= NODE_WIDE;
    return true;
}

void charge_wide(struct machine *m, uint32_t wide) {
    enum { ITEM_BYTES = 40 }; /* an int and its place in a list */
    m->heap += wide == UINT32_MAX ? UINT64_MAX / 4 : (uint64_t)wide * ITEM_BYTES;
    m->heap = MIN(m->heap, UINT64_MAX / 2);
}

/* A range takes three numbers and gives as many as its length says.  As a value it is harmless, so
 * it is charged where a library may walk it: in what it calls, and in what it has as state.  The
 * cells of an array are not walked. */
static __attribute__((noinline, cold)) bool gain_wide(struct machine *m, uint32_t parent,
                                                      uint32_t child) {
    struct pickle_node *node = &m->nodes[parent];
    uint32_t wide = more_seen(m, child)->wide;
    if (node->flags & NODE_NDARRAY) return true;
    if (node->flags & NODE_NESTED ||
        (node->global != NO_GLOBAL && m->scratch->globals[node->global].walks))
        charge_wide(m, wide);
    return set_wide(m, parent, add_saturating(more_seen(m, parent)->wide, wide));
}

bool brings_function(const struct machine *m, struct pickle_value part) {
    const struct pickle_node *node = &m->nodes[part.a];
    if (!is_container(part) || !(node->flags & NODE_FUNCTION)) return false;
    if (part.kind != PICKLE_KIND_TUPLE) return true;
    for (uint32_t i = 0; i < node->count; i++) {
        struct pickle_value inner = m->cells[node->first + i];
        if (is_container(inner) && m->nodes[inner.a].flags & NODE_FUNCTION) return true;
    }
    return false;
}

/* What holds something that holds a function: items, arguments, keywords, a state, whatever the
 * holder is.  The cells of an array are nobody's attributes. */
static bool gain_function(struct machine *m, uint32_t parent, struct pickle_value part) {
    struct pickle_node *node = &m->nodes[parent];
    if (node->global != NO_GLOBAL) {
        if (node->flags & NODE_NDARRAY || !brings_function(m, part)) return true;
        if (asks_what_it_gets(m->scratch->globals[node->global].module))
            return refuse_global(m, PICKLE_ARGUMENTS, node->global);
    }
    m->built_late |= (node->flags & (NODE_NESTED | NODE_STATE)) != 0;
    node->flags |= NODE_FUNCTION;
    return true;
}

/* Its text is that of all its parts.  Of classes that Python and the presets do not have, whose
 * cycles are frequent, it is their name. */
static bool is_written_whole(const struct machine *m, const struct pickle_node *node) {
    if (node->global == NO_GLOBAL) return true;
    struct bytes module = m->scratch->globals[node->global].module;
    return bytes_equal(module, BYTES("types")) || bytes_equal(module, BYTES("collections")) ||
           bytes_equal(module, BYTES("builtins"));
}

void inherit_cost(struct machine *m, uint32_t node, struct pickle_value part) {
    if (part.kind != PICKLE_KIND_DICT && part.kind != PICKLE_KIND_LIST) return;
    struct pickle_node *holder = &m->nodes[node], *held = &m->nodes[part.a];
    holder->cost = add_saturating(holder->cost, held->cost);
    holder->key_depth = MAX(holder->key_depth, held->key_depth);
}

/* The cells of an array are not walked; that pandas hashes them, when they become its labels, is
 * counted by who looks at the state. */
static inline void add_parts(struct pickle_node *parent, struct pickle_node *child) {
    if (UNLIKELY(parent->flags & NODE_NDARRAY)) return;
    parent->parts = add_saturating(parent->parts, add_saturating(child->count, child->parts));
}

/* Shared lists of lists are small in the stream and without bound as an array.  Each part takes a
 * byte of the stream at least, so what honest objects hold is no more than that for each level at
 * which it is held. */
bool charge_walk(struct machine *m, uint32_t node) {
    enum { LEVELS = 32, FREE_PARTS = 8 << 20 };
    uint64_t parts = m->nodes[node].count + (uint64_t)m->nodes[node].parts;
    uint64_t most = FREE_PARTS + (uint64_t)LEVELS * m->len;
    m->walked += m->grew_late && m->nodes[node].count > 0 ? most + 1 : parts;
    return m->walked <= most || refuse_limit(m, PICKLE_EXPANDED, m->walked, most);
}

void note_hashed_instance(struct machine *m, struct pickle_node *parent, struct pickle_value part) {
    uint32_t flags;
    (void)is_hashable(m, part, &flags);
    parent->flags |= flags;
    if (parent->flags & (NODE_TUPLE | NODE_SET)) m->nodes[part.a].flags |= NODE_IN_TUPLE;
}

/* hash() of what cannot be hashed walks it as far as to the part that cannot. */
static bool gain_container(struct machine *m, uint32_t parent_number, struct pickle_value part) {
    struct pickle_node *parent = &m->nodes[parent_number], *child = &m->nodes[part.a];
    child->flags |= NODE_NESTED;
    add_parts(parent, child);
    if (UNLIKELY(parent->flags & NODE_NESTED)) m->grew_late |= is_written_whole(m, parent);
    note_hash(m, parent, part);
    if (part.kind < PICKLE_KIND_LIST || part.kind == PICKLE_KIND_INSTANCE) { /* ORDER pickle_kind */
        parent->cost = add_saturating(parent->cost, add_saturating(child->cost, 1));
        parent->key_depth = (uint16_t)MAX(parent->key_depth, child->key_depth + 1);
    }
    uint32_t depth = child->depth + 1u;
    if (depth <= parent->depth) return true;
    if (depth > m->nesting || parent->flags & NODE_NESTED) return grow_depth(m, parent, depth);
    parent->depth = (uint16_t)depth;
    return true;
}

static __attribute__((noinline)) bool gain_unusual(struct machine *m, uint32_t parent,
                                                   struct pickle_value part) {
    uint32_t flags = m->nodes[part.a].flags;
    if (flags & NODE_BARE) return refuse_bare(m, part.a);
    if (flags & NODE_FUNCTION && !gain_function(m, parent, part)) return false;
    if (m->limits->expanded_max && m->nodes[parent].flags & NODE_NESTED)
        return refuse_limit(m, PICKLE_EXPANDED, UINT64_MAX, m->limits->expanded_max);
    if (flags & NODE_WIDE && !gain_wide(m, parent, part.a)) return false;
    bool pair = part.kind == PICKLE_KIND_LIST && flags & NODE_FIRST_STR;
    if (pair) m->nodes[parent].flags |= flags & NODE_OTHER_KEYS;
    if (pair) /* a mapping may be made of it */
        m->nodes[parent].cost = add_saturating(m->nodes[parent].cost, m->nodes[part.a].cost);
    if ((pair || m->limits->expanded_max) && !gain_more(m, parent, part.a, pair)) return false;
    return gain_container(m, parent, part);
}

bool gain(struct machine *m, uint32_t parent, struct pickle_value part, bool bare) {
    if (!is_container(part)) return gain_reference(m, parent, part, bare);
    uint32_t global = m->nodes[parent].global;
    if (UNLIKELY(global != NO_GLOBAL && m->scratch->globals[global].numerical) &&
        !(m->nodes[parent].flags & NODE_NDARRAY) && !charge_walk(m, part.a))
        return false;
    bool unusual = (m->nodes[part.a].flags | NODE_NESTED) & m->unusual;
    return UNLIKELY(unusual) ? gain_unusual(m, parent, part) : gain_container(m, parent, part);
}

/* The same, with the most frequent case in place. */
static inline bool gain_here(struct machine *m, uint32_t parent, struct pickle_value part) {
    struct pickle_node *node = &m->nodes[parent];
    if (LIKELY(node->global == NO_GLOBAL) && gain_plain(m, node, part)) return true;
    return gain(m, parent, part, false);
}

bool gain_in_tuple(struct machine *m, uint32_t tuple, struct pickle_value part) {
    if (is_leaf(part)) {
        gain_leaf(&m->nodes[tuple], part);
        return true;
    }
    return gain_plain(m, &m->nodes[tuple], part) || gain(m, tuple, part, true);
}

bool step_tuple(struct machine *m, uint32_t count) {
    uint32_t number;
    if (!above_fence(m, count)) return false;
    m->top -= count;
    return tuple_new(m, m->stack + m->top, count, &number) &&
           push_node(m, PICKLE_KIND_TUPLE, number);
}

/* --- keys --- */

/* The container's run at the end of the log, where it can go on; NULL when it has none there. */
static union pickle_key *open_run(struct machine *m, uint32_t target) {
    uint32_t at = m->nodes[target].keys;
    if (at == 0) return NULL;
    union pickle_key *run = &m->scratch->keys[at];
    return at + 1 + run->run.stored == m->keys_count ? run : NULL;
}

static bool begin_run(struct machine *m, uint32_t target, struct pickle_value key, uint32_t count) {
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->keys, scratch->keys_cap, m->keys_count + 3)) return false;
    m->keys_count += m->keys_count == 0; /* number 0 says "none" */
    uint32_t previous = m->nodes[target].keys;
    uint32_t total = count + (previous ? scratch->keys[previous].run.total : 0);
    m->nodes[target].keys = m->keys_count;
    scratch->keys[m->keys_count++].run =
        (struct pickle_run){.previous = previous, .total = total, .stored = 1, .offset = m->op_at};
    scratch->keys[m->keys_count++].value = key;
    m->keys_most = MAX(m->keys_most, total);
    return true;
}

/* Keeps `count` keys whose hash can be foreseen, of which the first is given and the others are the
 * integers that follow it: `target` is the dict, set, or list that may become one. */
static bool log_keys(struct machine *m, uint32_t target, struct pickle_value key, uint32_t count) {
    struct pickle_scratch *scratch = m->scratch;
    union pickle_key *run = open_run(m, target);
    if (!run) return begin_run(m, target, key, count);
    uint32_t before = run->run.previous ? scratch->keys[run->run.previous].run.total : 0;
    uint32_t length = run->run.total - before;
    if (run->run.stored == 1 && continues_run(run[1].value, length, key)) {
        run->run.total += count;
    } else {
        if (count > 1 || length != run->run.stored) return begin_run(m, target, key, count);
        if (!ROOM(m, scratch->keys, scratch->keys_cap, m->keys_count + 1)) return false;
        run = &scratch->keys[m->nodes[target].keys];
        scratch->keys[m->keys_count++].value = key;
        run->run.stored++;
        run->run.total++;
    }
    m->keys_most = MAX(m->keys_most, run->run.total);
    return true;
}

/* A run that stores two keys stores all that it counts. */
static inline bool log_key(struct machine *m, uint32_t target, struct pickle_value key) {
    union pickle_key *run = open_run(m, target);
    bool goes_on = run && run->run.stored > 1 && m->keys_count < m->scratch->keys_cap;
    if (UNLIKELY(!goes_on)) return log_keys(m, target, key, 1);
    m->scratch->keys[m->keys_count++].value = key;
    run->run.stored++;
    run->run.total++;
    m->keys_most = MAX(m->keys_most, run->run.total);
    return true;
}

static inline bool is_foreseeable(const struct machine *m, struct pickle_value key) {
    return key.kind == PICKLE_KIND_INT || key.kind == PICKLE_KIND_LONG ||
           key.kind == PICKLE_KIND_FLOAT || key.kind == PICKLE_KIND_TUPLE ||
           key.kind == PICKLE_KIND_FROZENSET ||
           (key.kind == PICKLE_KIND_INSTANCE && hash_source(m, key.a) == HASH_KNOWN);
}

static bool charge_key(struct machine *m, uint32_t cost, uint32_t depth) {
    const struct pickle_limits *limits = m->limits;
    if (depth > limits->key_nesting_max)
        return refuse_limit(m, PICKLE_KEY_NESTING, depth, limits->key_nesting_max);
    if (cost > limits->key_cost_max)
        return refuse_limit(m, PICKLE_KEY_COST, cost, limits->key_cost_max);
    return charge_work(m, cost);
}

static bool refuse_unhashable(struct machine *m, struct pickle_value key, uint32_t flags) {
    if (flags & NODE_UNHASHABLE) return refuse(m, PICKLE_UNHASHABLE);
    return refuse_global(m, PICKLE_HASH,
                         key.kind == PICKLE_KIND_INSTANCE ? m->nodes[key.a].global : NO_GLOBAL);
}

bool charge_hashing(struct machine *m, uint32_t node) {
    uint32_t cost = m->nodes[node].cost, depth = m->nodes[node].key_depth;
    if (depth > m->limits->key_nesting_max)
        return refuse_limit(m, PICKLE_KEY_NESTING, depth, m->limits->key_nesting_max);
    return charge_work(m, cost);
}

bool charge_work(struct machine *m, uint64_t work) {
    uint64_t most = m->limits->key_cost_total + m->len;
    if (add_overflows(m->key_cost, work, &m->key_cost)) m->key_cost = UINT64_MAX;
    return m->key_cost <= most || refuse_limit(m, PICKLE_KEY_COST_TOTAL, m->key_cost, most);
}

/* Writing in decimal the integers that are in a key.  A node has their cost in its own, and of so
 * many bytes the longest integer takes the most work. */
static uint64_t decimal_work(const struct machine *m, struct pickle_value key) {
    enum { COST_SHARE = 8 };
    uint64_t cost = is_container(key) ? m->nodes[key.a].cost : 0;
    return is_container(key) ? cost * m->long_most / COST_SHARE : long_work(key);
}

/* Adding a key to a container compares it with those that have the same hash, and a Decimal is
 * compared with an integer or a Fraction by writing that in decimal. */
static __attribute__((noinline)) bool charge_decimal(struct machine *m, uint32_t target,
                                                     struct pickle_value key) {
    const struct pickle_more *seen = more_seen(m, target);
    if (is_container(key) && !charge_work(m, seen->long_work)) return false;
    uint64_t work = decimal_work(m, key);
    if (work == 0) return true;
    struct pickle_more *more = charge_work(m, work * seen->keys_held) ? more_of(m, target) : NULL;
    if (more) more->long_work += work;
    return more != NULL;
}

/* numpy compares a scalar with any key of the same hash, and makes an array of it for that. */
static void note_compared(struct machine *m, struct pickle_value key) {
    if (m->nodes[key.a].flags & NODE_WIDE) {
        uint32_t wide = more_seen(m, key.a)->wide;
        m->wide_keys += wide;
        if (m->numerical_keys) charge_wide(m, wide);
    }
}

void note_scalar(struct machine *m) {
    if (!m->numerical_keys) charge_wide(m, (uint32_t)MIN(m->wide_keys, (uint64_t)UINT32_MAX));
    m->numerical_keys = true;
}

/* A key with parts, that is hashed and compared by code of its own. */
static bool add_held_key(struct machine *m, uint32_t target, struct pickle_value key,
                         uint32_t flags) {
    struct pickle_more *more = more_of(m, target);
    if (!more) return false;
    more->keys_held++;
    note_compared(m, key);
    if (flags & NODE_OPAQUE && ++more->keys_opaque > m->limits->key_opaque_max)
        return refuse_limit(m, PICKLE_KEY_OPAQUE, more->keys_opaque, m->limits->key_opaque_max);
    if (key.kind != PICKLE_KIND_INSTANCE) return true;
    /* A class derived from str: as an attribute it is the text that nobody has looked at. */
    if (m->nodes[target].flags & NODE_STATE) return refuse(m, PICKLE_STATE_KEY);
    more->keys_instances++;
    m->scratch->globals[m->nodes[key.a].global].uses |= PICKLE_USE_HASH;
    return true;
}

bool add_key(struct machine *m, uint32_t target, struct pickle_value key) {
    enum { LONG_BYTES = 512 };
    uint32_t flags = 0;
    bool longs = UNLIKELY(m->long_most > LONG_BYTES);
    if (UNLIKELY(is_leaf(key) && !is_light(key))) {
        gain_leaf(&m->nodes[target], key);
        if (!charge_work(m, leaf_cost(key))) return false;
        if (key.kind == PICKLE_KIND_LONG && longs && !charge_decimal(m, target, key)) return false;
    }
    if (key.kind == PICKLE_KIND_STR || key.kind == PICKLE_KIND_BYTES) return true;
    if (!is_hashable(m, key, &flags)) return refuse_unhashable(m, key, flags);
    if (is_container(key) &&
        ((longs && !charge_decimal(m, target, key)) ||
         !charge_key(m, add_saturating(m->nodes[key.a].cost, 1), m->nodes[key.a].key_depth + 1u) ||
         !add_held_key(m, target, key, flags)))
        return false;
    return flags & NODE_OPAQUE || !is_foreseeable(m, key) || log_key(m, target, key);
}

static inline bool may_be_name(const struct machine *m, struct pickle_value key) {
    bool is_as_long = key.a == sizeof "name" - 1 || key.a == sizeof "names" - 1;
    return is_as_long && !(key.flags & ~VALUE_8BIT) &&
           memcmp(m->data + key.b, "name", sizeof "name" - 1) == 0;
}

/* Every name that note_str_key looks at begins with "__", is one of "add", "append", "extend",
 * "args", "_cache", "_name_", "_value_", "_metadata", "_memoryview_attrs", "_sklearn_version",
 * "_django_version", or is written in a way that has to be decoded; "is_safe", "name" and "names"
 * are looked at where values are no leaves. */
static inline bool may_be_planted(const struct machine *m, struct pickle_value key) {
    if (UNLIKELY(key.flags & ~VALUE_8BIT)) return true;
    if (key.a < 3) return false;
    const uint8_t *text = m->data + key.b;
    if (UNLIKELY(text[0] == '_')) {
        bool is_version = (text[1] == 's' && key.a == sizeof "_sklearn_version" - 1) ||
                          (text[1] == 'd' && key.a == sizeof "_django_version" - 1);
        bool is_member =
            (key.a == sizeof "_value_" - 1 && text[1] == 'v') ||
            ((key.a == sizeof "_metadata" - 1 || key.a == sizeof "_memoryview_attrs" - 1) &&
             text[1] == 'm');
        bool is_short = key.a == sizeof "_cache" - 1 && (text[1] == 'c' || text[1] == 'n');
        return text[1] == '_' || is_short || is_member || is_version;
    }
    if (LIKELY((text[0] | 4) != 'e')) return false; /* neither 'a' nor 'e' */
    bool is_short = key.a == 3 || key.a == 4 || key.a == 6;
    return is_short && (text[1] == 'd' || text[1] == 'p' || text[1] == 'x' || text[1] == 'r');
}

/* Nothing is to be noted of the pair and nothing can be wrong with it. */
static inline bool is_plain_pair(const struct machine *m, const struct pickle_value *pair) {
    return LIKELY(is_plain_str(pair[0]) && is_light(pair[0]) && is_light(pair[1]) &&
                  !m->sees_keys) &&
           !may_be_planted(m, pair[0]);
}

/* Only a tuple that begins with an instance can be a field of a dtype. */
static inline bool may_be_field(const struct machine *m, struct pickle_value value) {
    const struct pickle_node *tuple = &m->nodes[value.a];
    return value.kind == PICKLE_KIND_TUPLE && tuple->count >= 2 &&
           m->cells[tuple->first].kind == PICKLE_KIND_INSTANCE;
}

static inline bool set_item(struct machine *m, uint32_t target, struct pickle_value key,
                            struct pickle_value value) {
    if (LIKELY(key.kind == PICKLE_KIND_STR)) {
        if (UNLIKELY(!is_light(key))) {
            gain_leaf(&m->nodes[target], key);
            if (!charge_work(m, leaf_cost(key))) return false;
        }
        bool may_matter = is_leaf(value) ? key.a == sizeof "freq" - 1 && !is_light(value)
                                         : (key.a == sizeof "is_safe" - 1 || may_be_name(m, key));
        if (UNLIKELY(may_be_planted(m, key) || m->sees_keys || may_matter) &&
            !note_str_key(m, target, key, value))
            return false;
    } else {
        m->nodes[target].flags |= NODE_OTHER_KEYS;
        if (!add_key(m, target, key)) return false;
        if (!is_leaf(key) && !gain_here(m, target, key)) return false;
    }
    if (UNLIKELY(m->sees_results) && !result_note_value(m, target, value)) return false;
    if (LIKELY(is_light(value))) return true;
    if (is_leaf(value)) {
        gain_leaf(&m->nodes[target], value);
        return true;
    }
    if (UNLIKELY(may_be_field(m, value)) && !numpy_note_field(m, target, key, value)) return false;
    return gain(m, target, value, false);
}

/* --- opcodes --- */

static uint32_t use_of_items(enum pickle_kind kind) {
    if (kind == PICKLE_KIND_LIST) return PICKLE_USE_ITEMS | PICKLE_USE_ITEMS_LIST;
    if (kind == PICKLE_KIND_SET) return PICKLE_USE_ITEMS | PICKLE_USE_ITEMS_SET;
    return PICKLE_USE_ITEMS | PICKLE_USE_ITEMS_DICT;
}

/* The container at the top must be one that the stream may fill: of this kind, or an instance with
 * the right to such items. */
bool check_fillable(struct machine *m, struct pickle_value target, enum pickle_kind kind,
                    enum policy_right right) {
    if (UNLIKELY(m->limits->expanded_max) && is_container(target) &&
        m->nodes[target.a].flags & NODE_NESTED)
        return refuse_limit(m, PICKLE_EXPANDED, UINT64_MAX, m->limits->expanded_max);
    if (target.kind == kind) return true;
    if (target.kind != PICKLE_KIND_INSTANCE) {
        return refuse_global(m, PICKLE_ITEMS_TARGET,
                             target.kind == PICKLE_KIND_GLOBAL ? target.a : NO_GLOBAL);
    }
    uint32_t global = m->nodes[target.a].global;
    forget_made(&m->nodes[target.a]);
    if (!has_right(m, global, right)) return refuse_global(m, PICKLE_ITEMS, global);
    if (m->nodes[target.a].flags & NODE_BUILT) return refuse_global(m, PICKLE_STATE_LAST, global);
    if (kind != PICKLE_KIND_DICT && m->nodes[target.a].flags & NODE_PLANTED)
        return refuse_global(m, PICKLE_STATE_KEY, global);
    if (kind == PICKLE_KIND_SET) m->nodes[target.a].flags |= NODE_SET;
    m->scratch->globals[global].uses |= use_of_items(kind);
    return true;
}

static inline bool fillable(struct machine *m, enum pickle_kind kind, enum policy_right right,
                            uint32_t *number) {
    if (!above_fence(m, 1)) return false;
    struct pickle_value target = m->stack[m->top - 1];
    *number = target.a;
    return LIKELY(target.kind == kind && !m->limits->expanded_max) ||
           check_fillable(m, target, kind, right);
}

/* The items of a list that may become a set. */
static __attribute__((noinline)) bool log_items(struct machine *m, uint32_t target,
                                                const struct pickle_value *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (!log_key(m, target, items[i])) return false;
    return true;
}

static __attribute__((noinline)) bool gain_all(struct machine *m, uint32_t target,
                                               const struct pickle_value *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (is_light(items[i])) continue;
        if (is_leaf(items[i]))
            gain_leaf(&m->nodes[target], items[i]);
        else if (!gain_here(m, target, items[i]))
            return false;
    }
    return true;
}

/* The pairs that are tuples, of what a callable may make a mapping of. */
static __attribute__((noinline)) bool note_pairs(struct machine *m, uint32_t list,
                                                 const struct pickle_value *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        bool is_pair = items[i].kind == PICKLE_KIND_TUPLE && m->nodes[items[i].a].count == 2;
        struct pickle_value key = {0};
        if (is_pair) key = m->cells[m->nodes[items[i].a].first];
        if (!is_pair || !is_leaf(key)) continue;
        struct pickle_more *more = more_of(m, list);
        if (!more) return false;
        more->aux++;
        bool is_text = key.kind == PICKLE_KIND_STR || key.kind == PICKLE_KIND_BYTES;
        if (!is_text) m->nodes[list].flags |= NODE_OTHER_KEYS;
    }
    return true;
}

/* What models ask of the items of lists. */
static __attribute__((noinline)) bool note_items(struct machine *m, uint32_t target,
                                                 const struct pickle_value *items, uint32_t count) {
    struct pickle_node *node = &m->nodes[target];
    bool log = m->logs_lists && node->global == NO_GLOBAL;
    node->flags |= log ? NODE_LISTED : NODE_UNLOGGED;
    if (m->sees_pairs && node->count == 0 && count > 0 && is_leaf(items[0])) {
        bool is_text = items[0].kind == PICKLE_KIND_STR || items[0].kind == PICKLE_KIND_BYTES;
        node->flags |= NODE_FIRST_STR | (is_text ? 0 : NODE_OTHER_KEYS);
    }
    if (m->sees_maps && !model_note_parts(m, target, items, count)) return false;
    if (m->sees_results && !result_note_parts(m, target, items, count)) return false;
    if (m->sees_pairs && !note_pairs(m, target, items, count)) return false;
    return !log || log_items(m, target, items, count);
}

static inline bool are_light(const struct pickle_value *items, uint32_t count) {
    enum { LIGHT = PICKLE_KIND_LONG - 1 }; /* ORDER pickle_kind */
    _Static_assert((PICKLE_KIND_LONG & LIGHT) == 0, "kinds below it have the bits below its own");
    uint32_t kinds = 0, lengths = 0;
    for (uint32_t i = 0; i < count; i++) {
        kinds |= items[i].kind;
        lengths |= items[i].a;
    }
    return kinds <= LIGHT && lengths < LIGHT_BYTES;
}

bool extend(struct machine *m, uint32_t target, const struct pickle_value *items, uint32_t count) {
    struct pickle_node *node = &m->nodes[target];
    /* Its elements are the hash of a frozenset by now. */
    if (UNLIKELY(node->flags & NODE_KEYED) && node->global == NO_GLOBAL)
        return refuse(m, PICKLE_ITEMS_TARGET);
    if (LIKELY(!m->sees_lists))
        node->flags |= NODE_UNLOGGED;
    else if (!note_items(m, target, items, count))
        return false;
    node->count = add_saturating(node->count, count);
    node->cost = add_saturating(node->cost, count);
    m->heap += 8ull * count;
    return are_light(items, count) || gain_all(m, target, items, count);
}

bool step_append(struct machine *m) {
    uint32_t target;
    if (!above_fence(m, 2)) return false;
    m->top--;
    struct pickle_value item = m->stack[m->top];
    return fillable(m, PICKLE_KIND_LIST, POLICY_ITEMS_LIST, &target) && extend(m, target, &item, 1);
}

bool step_appends(struct machine *m) {
    uint32_t from, target;
    if (!pop_mark(m, &from)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return fillable(m, PICKLE_KIND_LIST, POLICY_ITEMS_LIST, &target) &&
           extend(m, target, m->stack + from, count);
}

bool step_list(struct machine *m) {
    uint32_t from, number;
    if (!pop_mark(m, &from) || !node_new(m, 0, &number)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return extend(m, number, m->stack + from, count) && push_node(m, PICKLE_KIND_LIST, number);
}

enum { DICT_ITEM_BYTES = 48, SET_ITEM_BYTES = 32 };

/* How many of the pairs have an integer as key and a leaf as value; the first has the integer. */
static __attribute__((noinline)) uint32_t int_pairs(const struct pickle_value *items,
                                                    uint32_t count, bool *consecutive) {
    const struct pickle_value *pair = items, *end = items + count;
    uint64_t gaps = 0;
    for (uint64_t next = items[0].b; pair < end; pair += 2, next++) {
        if (pair[0].kind != PICKLE_KIND_INT || !is_leaf(pair[1])) break;
        gaps |= pair[0].b ^ next;
    }
    *consecutive = gaps == 0;
    return (uint32_t)(pair - items) / 2;
}

/* What log_key would do for the key of each pair, at once. */
static bool log_int_pairs(struct machine *m, uint32_t target, const struct pickle_value *items,
                          uint32_t pairs) {
    struct pickle_scratch *scratch = m->scratch;
    if (!begin_run(m, target, items[0], 1)) return false;
    if (!ROOM(m, scratch->keys, scratch->keys_cap, m->keys_count + pairs)) return false;
    struct pickle_run *run = &scratch->keys[m->nodes[target].keys].run;
    union pickle_key *keys = scratch->keys + m->keys_count;
    for (uint32_t i = 1; i < pairs; i++) keys[i - 1].value = items[2 * i];
    m->keys_count += pairs - 1;
    run->stored += pairs - 1;
    run->total += pairs - 1;
    m->keys_most = MAX(m->keys_most, run->total);
    return true;
}

/* The pairs that begin `items` and have integers as keys; *pairs says how many. */
static bool update_ints(struct machine *m, uint32_t target, const struct pickle_value *items,
                        uint32_t count, uint32_t *pairs) {
    bool consecutive;
    *pairs = int_pairs(items, count, &consecutive);
    if (*pairs == 0) return true;
    m->nodes[target].flags |= NODE_OTHER_KEYS;
    return consecutive ? log_keys(m, target, items[0], *pairs)
                       : log_int_pairs(m, target, items, *pairs);
}

/* Pairs of which something is to be noted or checked. */
static __attribute__((noinline)) bool
update_pairs(struct machine *m, uint32_t target, const struct pickle_value *items, uint32_t count) {
    uint32_t ints = 0;
    if (count > 2 && items[0].kind == PICKLE_KIND_INT &&
        !update_ints(m, target, items, count, &ints))
        return false;
    for (uint32_t i = 2 * ints; i < count; i += 2)
        if (!is_plain_pair(m, items + i) && !set_item(m, target, items[i], items[i + 1]))
            return false;
    return true;
}

#define GOLDEN_RATIO 0x9e3779b97f4a7c15u

static inline uint64_t mix(uint64_t hash) {
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

/* In words, the last of which overlaps; mixed to the end, since sums do not.  Of a long name its
 * end: the memo gives one of megabytes as a key of two bytes again and again. */
static inline uint64_t name_hash(struct bytes name) {
    enum { WORD = 8, HALF = 4, LONGEST = 128 };
    const uint8_t *end = name.data + name.len;
    const uint8_t *text = name.len > LONGEST ? end - LONGEST : name.data;
    uint64_t hash = name.len * GOLDEN_RATIO, last = 0;
    if (name.len >= WORD) {
        for (; end - text > WORD; text += WORD) hash = mix(hash ^ load_le(text, WORD));
        last = load_le(end - WORD, WORD);
    } else if (name.len >= HALF) {
        last = load_le(text, HALF) | load_le(end - HALF, HALF) << 32;
    } else if (name.len > 0) {
        last = text[0] | (uint64_t)text[name.len / 2] << 8 | (uint64_t)end[-1] << 16;
    }
    return mix(mix(hash ^ last) + GOLDEN_RATIO);
}

/* Of a dict's str keys, for the fingerprint of what it may become the state of. */
static __attribute__((noinline)) bool sum_names(struct machine *m, uint32_t target,
                                                const struct pickle_value *items, uint32_t count) {
    struct pickle_more *more = more_of(m, target);
    if (!more) return false;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i += 2) {
        uint8_t buffer[TEXT_BYTES_MAX];
        if (LIKELY(is_plain_str(items[i])))
            sum += name_hash(payload(m, items[i]));
        else if (items[i].kind == PICKLE_KIND_STR)
            sum += name_hash(text_of(m, items[i], buffer));
    }
    more->names_sum += sum;
    return true;
}

bool update(struct machine *m, uint32_t target, const struct pickle_value *items, uint32_t count) {
    struct pickle_node *node = &m->nodes[target];
    if (count % 2) return refuse(m, PICKLE_ITEMS_ODD);
    if (node->flags & NODE_FROZEN) return refuse(m, PICKLE_ITEMS_TARGET);
    if (UNLIKELY(node->global != NO_GLOBAL) && m->scratch->globals[node->global].sees_pairs &&
        !model_admits_pairs(m, node->global, items, count))
        return false;
    node->count = add_saturating(node->count, count / 2);
    m->heap += DICT_ITEM_BYTES * (uint64_t)(count / 2);
    if (UNLIKELY(m->sums_names) && node->global == NO_GLOBAL && !sum_names(m, target, items, count))
        return false;
    uint32_t plain = 0;
    while (plain < count && is_plain_pair(m, items + plain)) plain += 2;
    return plain == count || update_pairs(m, target, items + plain, count - plain);
}

bool step_setitem(struct machine *m) {
    uint32_t target;
    if (!above_fence(m, 3)) return false;
    m->top -= 2;
    return fillable(m, PICKLE_KIND_DICT, POLICY_ITEMS_DICT, &target) &&
           update(m, target, m->stack + m->top, 2);
}

bool step_setitems(struct machine *m) {
    uint32_t from, target;
    if (!pop_mark(m, &from)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return fillable(m, PICKLE_KIND_DICT, POLICY_ITEMS_DICT, &target) &&
           update(m, target, m->stack + from, count);
}

bool step_dict(struct machine *m) {
    uint32_t from, number;
    if (!pop_mark(m, &from) || !node_new(m, 0, &number)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return update(m, number, m->stack + from, count) && push_node(m, PICKLE_KIND_DICT, number);
}

/* Of a frozenset all elements are kept, for its own hash. */
static bool add_elements(struct machine *m, uint32_t target, const struct pickle_value *items,
                         uint32_t count, bool frozen) {
    m->nodes[target].count = add_saturating(m->nodes[target].count, count);
    m->nodes[target].cost = add_saturating(m->nodes[target].cost, count);
    m->heap += SET_ITEM_BYTES * (uint64_t)count;
    for (uint32_t i = 0; i < count; i++)
        if (!add_key(m, target, items[i]) || !gain_any(m, target, items[i]) ||
            (frozen && !is_foreseeable(m, items[i]) && !log_key(m, target, items[i])))
            return false;
    return true;
}

bool step_additems(struct machine *m) {
    uint32_t from, target;
    if (!pop_mark(m, &from)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return fillable(m, PICKLE_KIND_SET, POLICY_ITEMS_SET, &target) &&
           add_elements(m, target, m->stack + from, count, false);
}

bool step_frozenset(struct machine *m) {
    uint32_t from, number;
    if (!pop_mark(m, &from) || !node_new(m, NODE_SET | NODE_KEYED, &number)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return add_elements(m, number, m->stack + from, count, true) &&
           push_node(m, PICKLE_KIND_FROZENSET, number);
}
