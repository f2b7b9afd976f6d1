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

static bool is_hashable(struct machine *m, struct pickle_value value, uint32_t *flags) {
    *flags = 0;
    switch ((enum pickle_kind)value.kind) {
    case PICKLE_KIND_TUPLE:
    case PICKLE_KIND_FROZENSET:
        *flags = m->nodes[value.a].flags & (NODE_UNHASHABLE | NODE_NOHASH | NODE_OPAQUE);
        if (value.kind == PICKLE_KIND_FROZENSET) *flags |= NODE_OPAQUE;
        return !(*flags & (NODE_UNHASHABLE | NODE_NOHASH));
    case PICKLE_KIND_INSTANCE:
        *flags = NODE_OPAQUE;
        if (has_right(m, m->nodes[value.a].global, POLICY_HASH)) return true;
        *flags |= NODE_NOHASH;
        return false;
    case PICKLE_KIND_BYTEARRAY:
    case PICKLE_KIND_LIST:
    case PICKLE_KIND_DICT:
    case PICKLE_KIND_SET:
    case PICKLE_KIND_METHOD:
    case PICKLE_KIND_PARTIAL:
        *flags = NODE_UNHASHABLE;
        return false;
    case PICKLE_KIND_NONE:
    case PICKLE_KIND_BOOL:
    case PICKLE_KIND_INT:
    case PICKLE_KIND_LONG:
    case PICKLE_KIND_FLOAT:
    case PICKLE_KIND_STR:
    case PICKLE_KIND_BYTES:
    case PICKLE_KIND_GLOBAL:
        return true;
    }
    *flags = NODE_UNHASHABLE;
    return false;
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
        m->nodes[parent].flags |= NODE_UNHASHABLE;
        return true;
    }
    if (part.kind == PICKLE_KIND_GLOBAL && has_right(m, part.a, POLICY_REF)) {
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

static bool grow_depth(struct machine *m, struct pickle_node *parent, uint32_t depth) {
    if (depth <= parent->depth) return true;
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

bool gain(struct machine *m, uint32_t parent_number, struct pickle_value part, bool bare) {
    if (!is_container(part)) return gain_reference(m, parent_number, part, bare);
    struct pickle_node *parent = &m->nodes[parent_number], *child = &m->nodes[part.a];
    if (child->flags & NODE_BARE) return refuse_bare(m, part.a);
    if (m->limits->expanded_max && parent->flags & NODE_NESTED)
        return refuse_limit(m, PICKLE_EXPANDED, UINT64_MAX, m->limits->expanded_max);
    child->flags |= NODE_NESTED;
    uint32_t flags;
    if (is_hashable(m, part, &flags)) {
        parent->cost = add_saturating(parent->cost, add_saturating(child->cost, 1));
        parent->key_depth = (uint16_t)MAX(parent->key_depth, child->key_depth + 1);
    }
    parent->flags |= flags;
    bool pair = part.kind == PICKLE_KIND_LIST && child->flags & NODE_FIRST_STR;
    if (UNLIKELY(pair || m->limits->expanded_max) && !gain_more(m, parent_number, part.a, pair))
        return false;
    return grow_depth(m, parent, child->depth + 1u);
}

bool step_tuple(struct machine *m, uint32_t count) {
    struct pickle_scratch *scratch = m->scratch;
    uint32_t number;
    if (!above_fence(m, count)) return false;
    if (!node_new(m, NODE_TUPLE, &number)) return false;
    if (!ROOM(m, scratch->cells, scratch->cells_cap, m->cells_count + count)) return false;
    m->cells = scratch->cells;
    struct pickle_node *node = &m->nodes[number];
    node->first = m->cells_count;
    node->count = node->cost = count;
    m->cells_count += count;
    m->top -= count;
    m->heap += 8ull * count;
    for (uint32_t i = 0; i < count; i++) {
        struct pickle_value part = m->stack[m->top + i];
        m->cells[node->first + i] = part;
        if (UNLIKELY(!is_leaf(part)) && !gain(m, number, part, true)) return false;
    }
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_TUPLE, .a = number});
}

/* --- keys --- */

/* Keeps a key whose hash can be foreseen: `target` is the dict, set, or list that may become one.
 */
static bool log_key(struct machine *m, uint32_t target, struct pickle_value key) {
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->keys, scratch->keys_cap, m->keys_count + 1)) return false;
    struct pickle_more *more = more_of(m, target);
    if (!more) return false;
    uint32_t number = m->keys_count++;
    scratch->keys[number] = (struct pickle_key){.value = key, .next = NO_KEY, .offset = m->op_at};
    if (more->keys_last == NO_KEY)
        more->keys_first = number;
    else
        scratch->keys[more->keys_last].next = number;
    more->keys_last = number;
    more->keys_count++;
    return true;
}

static bool is_foreseeable(struct pickle_value key) {
    return key.kind == PICKLE_KIND_INT || key.kind == PICKLE_KIND_LONG ||
           key.kind == PICKLE_KIND_FLOAT || key.kind == PICKLE_KIND_TUPLE;
}

static bool charge_key(struct machine *m, uint32_t cost, uint32_t depth) {
    const struct pickle_limits *limits = m->limits;
    if (depth > limits->key_nesting_max)
        return refuse_limit(m, PICKLE_KEY_NESTING, depth, limits->key_nesting_max);
    if (cost > limits->key_cost_max)
        return refuse_limit(m, PICKLE_KEY_COST, cost, limits->key_cost_max);
    m->key_cost += cost;
    if (m->key_cost > limits->key_cost_total + m->len)
        return refuse_limit(m, PICKLE_KEY_COST_TOTAL, m->key_cost, limits->key_cost_total + m->len);
    return true;
}

static bool refuse_unhashable(struct machine *m, struct pickle_value key, uint32_t flags) {
    if (flags & NODE_UNHASHABLE) return refuse(m, PICKLE_UNHASHABLE);
    return refuse_global(m, PICKLE_HASH,
                         key.kind == PICKLE_KIND_INSTANCE ? m->nodes[key.a].global : NO_GLOBAL);
}

static bool add_opaque_key(struct machine *m, uint32_t target, struct pickle_value key) {
    struct pickle_more *more = more_of(m, target);
    if (!more) return false;
    if (++more->keys_opaque > m->limits->key_opaque_max)
        return refuse_limit(m, PICKLE_KEY_OPAQUE, more->keys_opaque, m->limits->key_opaque_max);
    if (key.kind == PICKLE_KIND_INSTANCE)
        m->scratch->globals[m->nodes[key.a].global].uses |= PICKLE_USE_HASH;
    return true;
}

bool charge_hashing(struct machine *m, uint32_t node) {
    uint32_t cost = m->nodes[node].cost, depth = m->nodes[node].key_depth;
    if (depth > m->limits->key_nesting_max)
        return refuse_limit(m, PICKLE_KEY_NESTING, depth, m->limits->key_nesting_max);
    m->key_cost += cost;
    return m->key_cost <= m->limits->key_cost_total + m->len ||
           refuse_limit(m, PICKLE_KEY_COST_TOTAL, m->key_cost, m->limits->key_cost_total + m->len);
}

bool add_key(struct machine *m, uint32_t target, struct pickle_value key) {
    uint32_t flags = 0;
    if (key.kind == PICKLE_KIND_STR || key.kind == PICKLE_KIND_BYTES) return true;
    if (!is_hashable(m, key, &flags)) return refuse_unhashable(m, key, flags);
    if (is_container(key) &&
        !charge_key(m, add_saturating(m->nodes[key.a].cost, 1), m->nodes[key.a].key_depth + 1u))
        return false;
    if (flags & NODE_OPAQUE) return add_opaque_key(m, target, key);
    return !is_foreseeable(key) || log_key(m, target, key);
}

/* CPython looks these up on the instance: what a state or an item plants there would be called. */
static bool is_planted_name(struct bytes text) {
    bool dunder = text.len >= 4 && text.data[0] == '_' && text.data[1] == '_' &&
                  text.data[text.len - 1] == '_' && text.data[text.len - 2] == '_';
    return dunder || bytes_equal(text, BYTES("append")) || bytes_equal(text, BYTES("extend")) ||
           bytes_equal(text, BYTES("add"));
}

bool note_str_key(struct machine *m, uint32_t number, struct pickle_value key,
                  struct pickle_value value) {
    struct pickle_scratch *scratch = m->scratch;
    if (scratch->collect_keys) {
        struct pickle_more *more = more_of(m, number);
        if (!more || !ROOM(m, scratch->names, scratch->names_cap, m->names_count + 1)) return false;
        scratch->names[m->names_count] =
            (struct pickle_name){.value = key, .previous = more->names};
        more->names = m->names_count++;
    }
    if (scratch->joblib_arrays) joblib_note_item(m, number, key, value);
    uint8_t buffer[TEXT_BYTES_MAX];
    struct bytes text = text_of(m, key, buffer);
    bool undecoded = key.flags & ~VALUE_8BIT && key.a > TEXT_RAW_BYTES_MAX;
    struct pickle_node *node = &m->nodes[number];
    bool is_cache = value.kind == PICKLE_KIND_DICT || value.kind == PICKLE_KIND_NONE;
    if (!is_cache && bytes_equal(text, BYTES("_cache"))) {
        if (node->flags & NODE_STATE) return refuse(m, PICKLE_STATE_KEY);
        node->flags |= NODE_BAD_CACHE;
    }
    if (!undecoded && !is_planted_name(text)) return true;
    /* A dict that was a state may by now be the __dict__ of what got it. */
    if (node->flags & NODE_STATE) return refuse(m, PICKLE_STATE_KEY);
    if (bytes_equal(text, BYTES("__setstate__")) && !is_leaf(value) &&
        value.kind != PICKLE_KIND_LIST && value.kind != PICKLE_KIND_DICT)
        return refuse(m, PICKLE_STATE_KEY);
    node->flags |= NODE_PLANTED;
    return true;
}

/* Every planted name begins with one of these, or is written in a way that has to be decoded. */
static inline bool may_be_planted(struct machine *m, struct pickle_value key) {
    if (key.flags & ~VALUE_8BIT) return true;
    if (key.a < 3) return false;
    uint8_t first = m->data[key.b];
    return first == '_' || first == 'a' || first == 'e';
}

static inline bool set_item(struct machine *m, uint32_t target, struct pickle_value key,
                            struct pickle_value value) {
    if (LIKELY(key.kind == PICKLE_KIND_STR)) {
        if (UNLIKELY(may_be_planted(m, key) || m->sees_keys) &&
            !note_str_key(m, target, key, value))
            return false;
    } else {
        m->nodes[target].flags |= NODE_OTHER_KEYS;
        if (!add_key(m, target, key)) return false;
        if (!is_leaf(key) && !gain(m, target, key, false)) return false;
    }
    if (LIKELY(is_leaf(value))) return true;
    if (value.kind == PICKLE_KIND_TUPLE && !numpy_note_field(m, target, key, value)) return false;
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
static bool fillable(struct machine *m, enum pickle_kind kind, enum policy_right right,
                     uint32_t *number) {
    if (!above_fence(m, 1)) return false;
    struct pickle_value target = m->stack[m->top - 1];
    *number = target.a;
    if (UNLIKELY(m->limits->expanded_max) && is_container(target) &&
        m->nodes[target.a].flags & NODE_NESTED)
        return refuse_limit(m, PICKLE_EXPANDED, UINT64_MAX, m->limits->expanded_max);
    if (LIKELY(target.kind == kind)) return true;
    if (target.kind != PICKLE_KIND_INSTANCE) {
        return refuse_global(m, PICKLE_ITEMS_TARGET,
                             target.kind == PICKLE_KIND_GLOBAL ? target.a : NO_GLOBAL);
    }
    uint32_t global = m->nodes[target.a].global;
    if (!has_right(m, global, right)) return refuse_global(m, PICKLE_ITEMS, global);
    if (m->nodes[target.a].flags & NODE_BUILT) return refuse_global(m, PICKLE_STATE_LAST, global);
    if (kind != PICKLE_KIND_DICT && m->nodes[target.a].flags & NODE_PLANTED)
        return refuse_global(m, PICKLE_STATE_KEY, global);
    if (kind == PICKLE_KIND_SET) m->nodes[target.a].flags |= NODE_SET;
    m->scratch->globals[global].uses |= use_of_items(kind);
    return true;
}

static bool extend(struct machine *m, uint32_t target, const struct pickle_value *items,
                   uint32_t count) {
    struct pickle_node *node = &m->nodes[target];
    bool log = !m->new_list_flags && node->global == NO_GLOBAL;
    if (node->count == 0 && count > 0 &&
        (items[0].kind == PICKLE_KIND_STR || items[0].kind == PICKLE_KIND_BYTES))
        node->flags |= NODE_FIRST_STR;
    node->count = add_saturating(node->count, count);
    node->cost = add_saturating(node->cost, count);
    node->flags |= log ? NODE_LISTED : NODE_UNLOGGED;
    m->heap += 8ull * count;
    for (uint32_t i = 0; i < count; i++) {
        if (UNLIKELY(log) && is_foreseeable(items[i]) && !log_key(m, target, items[i]))
            return false;
        if (!gain_any(m, target, items[i])) return false;
    }
    return true;
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
    return extend(m, number, m->stack + from, count) &&
           push(m, (struct pickle_value){.kind = PICKLE_KIND_LIST, .a = number});
}

enum { DICT_ITEM_BYTES = 48, SET_ITEM_BYTES = 32 };

static bool update(struct machine *m, uint32_t target, const struct pickle_value *items,
                   uint32_t count) {
    if (count % 2) return refuse(m, PICKLE_ITEMS_ODD);
    if (m->nodes[target].flags & NODE_FROZEN) return refuse(m, PICKLE_ITEMS_TARGET);
    m->nodes[target].count = add_saturating(m->nodes[target].count, count / 2);
    m->heap += DICT_ITEM_BYTES * (uint64_t)(count / 2);
    for (uint32_t i = 0; i < count; i += 2)
        if (!set_item(m, target, items[i], items[i + 1])) return false;
    return true;
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
    return update(m, number, m->stack + from, count) &&
           push(m, (struct pickle_value){.kind = PICKLE_KIND_DICT, .a = number});
}

static bool add_elements(struct machine *m, uint32_t target, const struct pickle_value *items,
                         uint32_t count) {
    m->nodes[target].count = add_saturating(m->nodes[target].count, count);
    m->nodes[target].cost = add_saturating(m->nodes[target].cost, count);
    m->heap += SET_ITEM_BYTES * (uint64_t)count;
    for (uint32_t i = 0; i < count; i++)
        if (!add_key(m, target, items[i]) || !gain_any(m, target, items[i])) return false;
    return true;
}

bool step_additems(struct machine *m) {
    uint32_t from, target;
    if (!pop_mark(m, &from)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return fillable(m, PICKLE_KIND_SET, POLICY_ITEMS_SET, &target) &&
           add_elements(m, target, m->stack + from, count);
}

bool step_frozenset(struct machine *m) {
    uint32_t from, number;
    if (!pop_mark(m, &from) || !node_new(m, NODE_SET, &number)) return false;
    uint32_t count = m->top - from;
    m->top = from;
    return add_elements(m, number, m->stack + from, count) &&
           push(m, (struct pickle_value){.kind = PICKLE_KIND_FROZENSET, .a = number});
}
