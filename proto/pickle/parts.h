/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The part of machine.h that says what a container does with what it gets (items.c); included by it
 * alone, behind struct machine.  Here stands in line what is done for each part of each container:
 * gain_plain() is the whole of it in nearly all cases, and falls back to gain(). */
#ifndef BRINE_PICKLE_PARTS_H
#define BRINE_PICKLE_PARTS_H

/* `parent` gets a part that is not a leaf.  With bare, what may not be data only flags the parent.
 */
bool gain(struct machine *m, uint32_t parent, struct pickle_value part, bool bare);
/* `node` is hashed by what this dict or list holds: its state, or keywords. */
void inherit_cost(struct machine *m, uint32_t node, struct pickle_value part);
/* Whether an instance that gets `part` as arguments or state can be made to call a function that
 * may only be referenced: it stands in something among them.  What they name themselves is the
 * business of who takes them: the class that is to be made, an estimator's function. */
bool brings_function(const struct machine *m, struct pickle_value part);
/* numpy and its kin make arrays of what `node`, which they get, holds. */
bool charge_walk(struct machine *m, uint32_t node);
/* `parent` gets a leaf. */
static inline void gain_leaf(struct pickle_node *parent, struct pickle_value leaf) {
    parent->cost = add_saturating(parent->cost, leaf_cost(leaf));
    parent->parts = add_saturating(parent->parts, leaf_parts(leaf));
}

/* Parts of which more is to be noted than depth and hash. */
enum { NODES_UNUSUAL = NODE_BARE | NODE_WIDE | NODE_FIRST_STR | NODE_FUNCTION };

/* Flags that a key of this kind has, and what it is made of; NODE_OPAQUE for any instance. */
static inline uint32_t hash_flags_of(const struct machine *m, struct pickle_value part) {
    const struct pickle_node *node = &m->nodes[part.a];
    if (part.kind == PICKLE_KIND_INSTANCE)
        return node->global == NO_GLOBAL ? NODE_OPAQUE | NODE_NOHASH
                                         : m->scratch->globals[node->global].hash_flags;
    if (part.kind >= PICKLE_KIND_LIST) return NODE_UNHASHABLE; /* ORDER pickle_kind */
    return node->flags & (NODE_UNHASHABLE | NODE_NOHASH | NODE_OPAQUE);
}

/* What is hashed, or may be, is held by these; whether an instance is opaque asks for more than a
 * look at its class, so of other containers it is not known. */
enum { NODES_HASHED = NODE_TUPLE | NODE_SET | NODE_LISTED };
void note_hashed_instance(struct machine *m, struct pickle_node *parent, struct pickle_value part);

static inline void note_hash(struct machine *m, struct pickle_node *parent,
                             struct pickle_value part) {
    if (UNLIKELY(part.kind == PICKLE_KIND_INSTANCE && parent->flags & NODES_HASHED))
        note_hashed_instance(m, parent, part);
    else
        parent->flags |= hash_flags_of(m, part);
}

/* What gain() does of a container without anything unusual, where it makes `parent` no deeper than
 * it may be without a look at the limits; false, and nothing done, otherwise.  The parent is none
 * of numpy's and its kin. */
static inline bool gain_plain(struct machine *m, struct pickle_node *parent,
                              struct pickle_value part) {
    if (UNLIKELY(!is_container(part))) return false;
    struct pickle_node *child = &m->nodes[part.a];
    uint32_t depth = child->depth + 1u, flags = child->flags | NODE_NESTED;
    bool deeper = depth > parent->depth;
    if (UNLIKELY(flags & m->unusual)) return false;
    if (UNLIKELY(parent->flags & NODE_NESTED || (deeper && depth > m->nesting))) return false;
    child->flags = flags;
    uint64_t parts = (uint64_t)parent->parts + child->parts + child->count;
    parent->parts = (uint32_t)MIN(parts, (uint64_t)UINT32_MAX);
    note_hash(m, parent, part);
    if (part.kind < PICKLE_KIND_LIST || part.kind == PICKLE_KIND_INSTANCE) { /* ORDER pickle_kind */
        uint64_t cost = (uint64_t)parent->cost + child->cost + 1;
        parent->cost = (uint32_t)MIN(cost, (uint64_t)UINT32_MAX);
        parent->key_depth = (uint16_t)MAX(parent->key_depth, child->key_depth + 1);
    }
    if (deeper) parent->depth = (uint16_t)depth;
    return true;
}
/* What a tuple that is being made gets and is not light; apart, to keep the loop small. */
bool gain_in_tuple(struct machine *m, uint32_t tuple, struct pickle_value part);
/* `parent` gets any value. */
static inline bool gain_any(struct machine *m, uint32_t parent, struct pickle_value part) {
    if (!is_leaf(part)) return gain(m, parent, part, false);
    if (!is_light(part)) gain_leaf(&m->nodes[parent], part);
    return true;
}
/* The node's ranges give so many values when they are walked. */
bool set_wide(struct machine *m, uint32_t node, uint32_t wide);
/* Counts what a library makes of ranges that it walks. */
void charge_wide(struct machine *m, uint32_t wide);
/* Whether the stream may fill `target` with such items: it is of this kind, or an instance with the
 * right. */
bool check_fillable(struct machine *m, struct pickle_value target, enum pickle_kind kind,
                    enum policy_right right);
/* What APPENDS and SETITEMS do to a container that may be filled.  The loop calls both with the
 * stack in its own registers, so neither looks at m->top or m->fence. */
bool extend(struct machine *m, uint32_t list, const struct pickle_value *items, uint32_t count);
bool update(struct machine *m, uint32_t dict, const struct pickle_value *items, uint32_t count);
/* Writes a tuple's node and cells, for which there is room; nor does it look at the stack. */
static inline bool tuple_fill(struct machine *m, uint32_t number, const struct pickle_value *parts,
                              uint32_t count) {
    struct pickle_node *node = &m->nodes[number];
    struct pickle_value *cells = m->cells + m->cells_count;
    *node = (struct pickle_node){.first = m->cells_count,
                                 .count = count,
                                 .cost = count,
                                 .flags = NODE_TUPLE,
                                 .global = NO_GLOBAL};
    m->cells_count += count;
    m->heap += 8ull * count;
    for (uint32_t i = 0; i < count; i++) {
        cells[i] = parts[i];
        if (!is_light(parts[i]) && !gain_in_tuple(m, number, parts[i])) return false;
    }
    return true;
}
/* A tuple's node. */
static inline bool tuple_new(struct machine *m, const struct pickle_value *parts, uint32_t count,
                             uint32_t *number) {
    struct pickle_scratch *scratch = m->scratch;
    if (!node_new(m, NODE_TUPLE, number)) return false;
    /* One more, so that an empty tuple's cells too lie in memory. */
    if (!ROOM(m, scratch->cells, scratch->cells_cap, m->cells_count + count + 1)) return false;
    m->cells = scratch->cells;
    return tuple_fill(m, *number, parts, count);
}
/* Key of a dict or element of a set that `target` is or stands for. */
bool add_key(struct machine *m, uint32_t target, struct pickle_value key);
bool step_append(struct machine *m);
bool step_appends(struct machine *m);
bool step_setitem(struct machine *m);
bool step_setitems(struct machine *m);
bool step_additems(struct machine *m);
bool step_list(struct machine *m);
bool step_dict(struct machine *m);
bool step_frozenset(struct machine *m);
bool step_tuple(struct machine *m, uint32_t count);
/* Takes the mark; what was above it is stack[*from .. top). */
static inline bool pop_mark(struct machine *m, uint32_t *from) {
    *from = m->fence;
    if (UNLIKELY(m->marks_count == 0)) return refuse(m, PICKLE_MARK_MISSING);
    m->fence = m->scratch->marks[--m->marks_count];
    return true;
}
/* attributes.c: what a key of a state must not be; notes it in the node's flags. */
bool note_str_key(struct machine *m, uint32_t node, struct pickle_value key,
                  struct pickle_value value);

#endif
