/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that are made to collide.  The hash of a number is known to who writes the pickle (modulo
 * 2**61 - 1, no secret), and so is a tuple's of numbers; with them a dict or set can be made to
 * take quadratic time, by equal hashes or by hashes that walk the same slots.  Str and bytes are
 * hashed with a secret and are no concern.
 *
 * So for each container with many such keys CPython's table is built here, slots only, in the order
 * of the stream and by CPython's own probing and growth, and the probes are counted.  Honest keys
 * need two to four each, strides up to sixty.
 *
 * Cost: one pass over the key log, only when a container has more than PROBES_FEW_KEYS in it.
 * Source: CPython Objects/dictobject.c (3.7 to 3.13), setobject.c, longobject.c long_hash,
 * tupleobject.c tuplehash (3.8 on), pyhash.c _Py_HashDouble. */

#include "pickle/machine.h"

enum { PROBES_FREE = 65536, LINEAR_PROBES = 9 };

/* --- tables --- */

struct table {
    uint64_t *taken;  /* a bit each slot */
    uint64_t *hashes; /* in order of insertion */
    uint64_t mask, used, probes, allowed;
    bool is_set;
};

static inline bool is_taken(const struct table *t, uint64_t slot) {
    return t->taken[slot / 64] >> slot % 64 & 1;
}

static inline void take(struct table *t, uint64_t slot) {
    t->taken[slot / 64] |= (uint64_t)1 << slot % 64;
}

static inline void insert_dict(struct table *t, uint64_t hash) {
    uint64_t perturb = hash, at = hash & t->mask, probes = 1;
    for (; is_taken(t, at); probes++) {
        perturb >>= 5;
        at = (at * 5 + perturb + 1) & t->mask;
    }
    t->probes += probes;
    take(t, at);
}

static void insert_set(struct table *t, uint64_t hash) {
    uint64_t perturb = hash, at = hash & t->mask;
    for (;;) {
        uint64_t linear = at + LINEAR_PROBES <= t->mask ? LINEAR_PROBES : 0;
        for (uint64_t i = 0; i <= linear; i++) {
            t->probes++;
            if (!is_taken(t, at + i)) {
                take(t, at + i);
                return;
            }
        }
        perturb >>= 5;
        at = (at * 5 + 1 + perturb) & t->mask;
    }
}

/* The hashes numbered `from` to before `to` go in, as long as probes are left; returns how far. */
static uint64_t insert(struct table *t, uint64_t from, uint64_t to) {
    uint64_t i = from;
    if (t->is_set)
        for (; i < to && t->probes <= t->allowed; i++) insert_set(t, t->hashes[i]);
    else
        for (; i < to && t->probes <= t->allowed; i++) insert_dict(t, t->hashes[i]);
    return i;
}

static void resize(struct table *t, uint64_t size) {
    t->mask = size - 1;
    mem_clear(t->taken, (size + 63) / 64 * sizeof *t->taken);
    (void)insert(t, 0, t->used);
}

/* How many keys the table takes before it grows: a dict with the next one, a set at once. */
static uint64_t dict_keys(uint64_t slots) {
    return slots * 2 / 3;
}

static uint64_t keys_that_fit(const struct table *t) {
    return t->is_set ? (t->mask * 3 + 4) / 5 : dict_keys(t->mask + 1);
}

static void grow_table(struct table *t) {
    uint64_t size = 8, wanted = t->used * 3;
    if (t->is_set) wanted = t->used * (t->used > 50001 ? 2 : 4) + 1;
    while (size < wanted) size *= 2;
    resize(t, size);
}

/* All the hashes, in their order; false when they take too many probes. */
static bool fill(struct table *t, uint64_t total) {
    resize(t, 8);
    while (t->used < total && t->probes <= t->allowed) {
        if (t->used == keys_that_fit(t)) grow_table(t);
        t->used = insert(t, t->used, MIN(total, keys_that_fit(t)));
        if (t->is_set && t->used == keys_that_fit(t)) grow_table(t);
    }
    return t->probes <= t->allowed;
}

/* --- dicts, several at once --- */

/* One of the tables that a dict goes through, with the key that is looking for its slot.  A key
 * that finds none at once is as frequent as one that does, which no processor foretells: so a step
 * looks at one slot, without a branch, and goes on either to the key's next one or to the next key.
 * What a step waits for is the step before it, and the tables do not depend on each other: three
 * are filled beside each other. */
struct lane {
    uint64_t *taken;
    uint64_t mask, at, perturb;
    uint64_t next, keys; /* number of the key behind this one; how many it takes */
};

enum { LANES = 3 };

static inline void lane_step(struct lane *lane, const uint64_t *hashes) {
    uint64_t *word = &lane->taken[lane->at / 64];
    uint64_t missed = (uint64_t)0 - (*word >> lane->at % 64 & 1);
    uint64_t fresh = hashes[lane->next], perturb = lane->perturb >> 5;
    uint64_t on = lane->at * 5 + perturb + 1;
    *word |= (uint64_t)1 << lane->at % 64;
    lane->at = ((fresh & ~missed) | (on & missed)) & lane->mask;
    lane->perturb = (fresh & ~missed) | (perturb & missed);
    lane->next += 1 + missed;
}

static void lanes_step(struct lane lanes[static LANES], const uint64_t *hashes, uint64_t steps) {
    struct lane a = lanes[0], b = lanes[1], c = lanes[2];
    for (uint64_t i = 0; i < steps; i++) {
        lane_step(&a, hashes);
        lane_step(&b, hashes);
        lane_step(&c, hashes);
    }
    lanes[0] = a, lanes[1] = b, lanes[2] = c;
}

enum { NO_KEYS = 0, SMALLEST_TABLE = 8 };

/* An empty table of `size` slots for the first `keys`.  With NO_KEYS its only slot is taken, so it
 * stays as it is. */
static void lane_start(struct lane *lane, const uint64_t *hashes, uint64_t size, uint64_t keys) {
    *lane = (struct lane){.taken = lane->taken, .mask = size - 1, .next = 1, .keys = keys};
    mem_clear(lane->taken, (size + 63) / 64 * sizeof *lane->taken);
    if (keys == NO_KEYS) lane->taken[0] = 1;
    lane->perturb = hashes[0];
    lane->at = hashes[0] & lane->mask;
}

/* The probes of all tables that a dict of these keys goes through, which double from 8 slots on; it
 * may stop when they are more than `allowed`.  Behind the hashes is room for one more. */
static uint64_t dict_probes(uint64_t *hashes, uint64_t total, uint64_t *memory, uint64_t allowed) {
    struct lane lanes[LANES];
    uint64_t size = SMALLEST_TABLE, probes = 0, active;
    hashes[total] = 0;
    while (dict_keys(size) < total) size *= 2;
    for (uint32_t i = 0; i < LANES; i++, size /= 2) {
        lanes[i].taken = memory;
        lane_start(&lanes[i], hashes, size, MIN(total, dict_keys(size)));
        memory += (size + 63) / 64;
    }
    do {
        uint64_t steps = UINT64_MAX;
        active = 0;
        for (uint32_t i = 0; i < LANES; i++) {
            struct lane *lane = &lanes[i];
            if (lane->next > lane->keys && lane->keys != NO_KEYS) {
                bool more = size >= SMALLEST_TABLE;
                lane_start(lane, hashes, more ? size : 1, more ? dict_keys(size) : NO_KEYS);
                size /= 2;
            }
            if (lane->keys == NO_KEYS) continue;
            steps = MIN(steps, lane->keys + 1 - lane->next);
            active++;
        }
        if (active > 0) lanes_step(lanes, hashes, steps);
        probes += steps * active;
    } while (active > 0 && probes <= allowed);
    return probes;
}

/* Slots that the table of so many keys has at most. */
static uint64_t slots_for(uint64_t keys) {
    uint64_t size = 8;
    while (size < keys * 4 + 8) size *= 2;
    return size * 2;
}

/* --- the log --- */

static const struct pickle_run *run_at(const struct machine *m, uint32_t at) {
    return &m->scratch->keys[at].run;
}

static uint32_t keys_before(const struct machine *m, const struct pickle_run *run) {
    return run->previous ? run_at(m, run->previous)->total : 0;
}

/* 5, 6, 7 ...: no two share a slot of a table that holds them all, so there is nothing to count. */
static bool are_consecutive(const struct machine *m, uint32_t last) {
    struct pickle_value next = {0};
    for (uint32_t at = last; at; at = run_at(m, at)->previous) {
        const struct pickle_run *run = run_at(m, at);
        struct pickle_value first = m->scratch->keys[at + 1].value;
        uint32_t length = run->total - keys_before(m, run);
        if (first.kind != PICKLE_KIND_INT || first.b + length > HASH_MODULUS) return false;
        if (run->stored != 1 || (next.kind && !continues_run(first, length, next))) return false;
        next = first;
    }
    return true;
}

/* What comparing a key with an equal one costs, in parts; code in Python takes as long as many. */
static uint64_t comparing_cost(const struct machine *m, struct pickle_value key) {
    enum { PYTHON_COST = 64 };
    uint64_t cost = 1 + (is_container(key) ? m->nodes[key.a].cost : leaf_cost(key));
    return cost + (key.kind == PICKLE_KIND_INSTANCE ? PYTHON_COST : 0);
}

uint64_t probes_hash_keys(const struct machine *m, uint32_t last, const uint64_t *known,
                          uint64_t *hashes) {
    uint64_t cost = 1;
    for (uint32_t at = last; at; at = run_at(m, at)->previous) {
        const struct pickle_run *run = run_at(m, at);
        const union pickle_key *keys = m->scratch->keys + at + 1;
        uint32_t from = keys_before(m, run), length = run->total - from;
        struct pickle_value next = keys[0].value;
        for (uint32_t i = 0; i < run->stored; i++) {
            hashes[from + i] = hash_value(m, keys[i].value, known);
            if (keys[i].value.kind != PICKLE_KIND_INT)
                cost = MAX(cost, comparing_cost(m, keys[i].value));
        }
        for (uint32_t i = run->stored; i < length; i++) {
            next.b++;
            hashes[from + i] = hash_value(m, next, known);
        }
    }
    return cost;
}

/* The opcode that gave the key with this number. */
static uint32_t key_offset(const struct machine *m, uint32_t last, uint64_t number) {
    uint32_t at = last;
    while (keys_before(m, run_at(m, at)) > number) at = run_at(m, at)->previous;
    return run_at(m, at)->offset;
}

static bool check_probes(struct machine *m, uint32_t last, struct table *t) {
    enum { SET_SHARE = 4 }; /* neighbours, which are looked at first, lie in one cache line */
    uint32_t total = run_at(m, last)->total;
    uint64_t each = MIN(m->limits->key_probes_max, UINT32_MAX) * (t->is_set ? SET_SHARE : 1);
    t->allowed = each * total + PROBES_FREE;
    if (!t->is_set) {
        t->probes = dict_probes(t->hashes, total, t->taken, t->allowed);
        if (t->probes <= t->allowed) return true;
        t->probes = 0; /* which key was too many is found one after the other */
    }
    if (fill(t, total)) return true;
    m->op_at = key_offset(m, last, t->used ? t->used - 1 : 0);
    return refuse_limit(m, PICKLE_KEY_COLLISIONS, t->probes, t->allowed);
}

static uint64_t mul_saturating(uint64_t a, uint64_t b) {
    uint64_t product;
    return mul_overflows(a, b, &product) ? UINT64_MAX / 2 : MIN(product, UINT64_MAX / 2);
}

static uint64_t equal_pairs(uint64_t *hashes, uint64_t total) {
    uint64_t pairs = 0, equals = 0;
    sort_words(hashes, (uint32_t)total);
    for (uint64_t i = 1; i < total; i++) {
        equals = hashes[i] == hashes[i - 1] ? equals + 1 : 0;
        pairs += equals;
    }
    return pairs;
}

/* Keys of the same hash are compared.  How many are is counted only when there may be so many that
 * it takes a reader longer than to read the pickle; honest keys never are. */
static bool may_be_compared(struct machine *m, uint64_t work) {
    enum { FREE_WORK = 1 << 24, WORK_OF_BYTE = 4 };
    bool fine = m->compared + work <= FREE_WORK + (uint64_t)WORK_OF_BYTE * m->len;
    if (fine) m->compared += work;
    return fine;
}

static bool check_table(struct machine *m, const struct pickle_node *node, uint64_t *memory,
                        const uint64_t *known) {
    uint64_t total = run_at(m, node->keys)->total, pairs = total * (total - 1) / 2;
    struct table t = {.hashes = memory, .taken = memory + total + 1};
    t.is_set = node->flags & NODE_SET;
    if (are_consecutive(m, node->keys)) return true;
    uint64_t cost = probes_hash_keys(m, node->keys, known, t.hashes);
    if (total > PROBES_FEW_KEYS) {
        if (!check_probes(m, node->keys, &t)) return false;
        pairs = MIN(pairs, t.probes - total);
    }
    if (may_be_compared(m, mul_saturating(pairs, cost))) return true;
    return charge_work(m, mul_saturating(equal_pairs(t.hashes, total), cost));
}

static bool is_table(const struct pickle_node *node) {
    bool is_list = node->flags & NODE_LISTED && !(node->flags & NODE_KEYED);
    return !is_list && !(node->flags & NODE_TUPLE) &&
           !(node->global != NO_GLOBAL && node->flags & NODE_MADE);
}

/* Few keys, none of which costs so much that it matters how often they are compared. */
static bool is_small(struct machine *m, const struct pickle_node *node) {
    uint64_t total = run_at(m, node->keys)->total;
    bool instances = node->flags & NODE_LISTED || m->scratch->mores[node->more].keys_instances;
    return total <= PROBES_FEW_KEYS && !instances &&
           may_be_compared(m, (total - 1) * (node->cost + total));
}

bool probes_check(struct machine *m) {
    struct pickle_scratch *scratch = m->scratch;
    uint64_t slots = slots_for(m->keys_most);
    uint64_t words = m->nodes_count + (uint64_t)m->keys_most + 1 + slots / 64 + 1;
    if (words > UINT32_MAX) return refuse_limit(m, PICKLE_SCRATCH, words, UINT32_MAX);
    if (!ROOM(m, scratch->table, scratch->table_cap, (uint32_t)words)) return false;
    uint64_t *known = scratch->table, *memory = scratch->table + m->nodes_count;
    hash_nodes(m, known, memory);
    for (uint32_t i = 0; i < m->nodes_count; i++) {
        const struct pickle_node *node = &m->nodes[i];
        if (!is_table(node) || !node->keys || is_small(m, node)) continue;
        if (!check_table(m, node, memory, known)) return false;
    }
    return true;
}
