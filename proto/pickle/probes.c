/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that are made to collide.  The hash of a number is known to who writes the pickle (modulo
 * 2**61 - 1, no secret), and so is a tuple's of numbers; with them a dict or set can be made to
 * take quadratic time, by equal hashes or by hashes that walk the same slots.  Str and bytes are
 * hashed with a secret and are no concern.
 *
 * So for each container with many such keys CPython's table is built here, slots only, in the order
 * of the stream and by CPython's own probing and growth, and the probes are counted.  Honest keys
 * need less than two each; the limit's default leaves room for strides.
 *
 * Cost: one pass over the key log, only when a container has more than PROBES_FEW_KEYS in it.
 * Source: CPython Objects/dictobject.c (3.7 to 3.13), setobject.c, longobject.c long_hash,
 * tupleobject.c tuplehash (3.8 on), pyhash.c _Py_HashDouble. */

#include "pickle/machine.h"

#include <math.h>

enum { PROBES_FREE = 65536, LINEAR_PROBES = 9 };

static const uint64_t NO_HASH = UINT64_MAX; /* CPython never gives -1 */
static const uint64_t MODULUS = ((uint64_t)1 << 61) - 1;

/* --- hashes --- */

static uint64_t mod_mul(uint64_t a, uint64_t b) {
    return (uint64_t)((unsigned __int128)a * b % MODULUS);
}

static uint64_t signed_hash(uint64_t absolute, bool negative) {
    uint64_t hash = negative ? (uint64_t)0 - absolute : absolute;
    return hash == NO_HASH ? NO_HASH - 1 : hash;
}

static uint64_t hash_int(int64_t value) {
    uint64_t absolute = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    return signed_hash(LIKELY(absolute < MODULUS) ? absolute : absolute % MODULUS, value < 0);
}

static uint64_t hash_long(const struct machine *m, struct pickle_value value) {
    enum { WORD = 8 };
    struct bytes raw = payload(m, value);
    uint64_t sum = 0;
    if (value.flags & VALUE_TEXT) {
        bool negative = raw.data[0] == '-';
        for (size_t i = negative; i < raw.len; i++)
            sum = (mod_mul(sum, 10) + (uint64_t)(raw.data[i] - '0')) % MODULUS;
        return signed_hash(sum, negative);
    }
    /* The value of a negative one is what complement and one more give. */
    bool negative = raw.data[raw.len - 1] & 0x80;
    for (size_t left = raw.len; left > 0;) {
        unsigned width = left % WORD ? left % WORD : WORD;
        uint64_t all = width == WORD ? UINT64_MAX : ((uint64_t)1 << width * 8) - 1;
        left -= width;
        uint64_t word = load_le(raw.data + left, width);
        sum = (uint64_t)((((unsigned __int128)sum << width * 8) + (negative ? ~word & all : word)) %
                         MODULUS);
    }
    if (negative) sum = (sum + 1) % MODULUS;
    return signed_hash(sum, negative);
}

static uint64_t hash_double(double value) {
    if (isinf(value)) return value > 0 ? 314159 : (uint64_t)-314159;
    if (isnan(value)) return 0; /* before 3.10; later ones use the address */
    int exponent;
    double mantissa = frexp(value, &exponent);
    bool negative = mantissa < 0;
    mantissa = fabs(mantissa);
    uint64_t x = 0;
    for (int i = 0; i < 3 && mantissa != 0; i++) { /* 53 bits, 28 at a time */
        x = ((x << 28) & MODULUS) | x >> 33;
        mantissa *= 268435456.0;
        exponent -= 28;
        uint64_t part = (uint64_t)mantissa;
        mantissa -= (double)part;
        x += part;
        if (x >= MODULUS) x -= MODULUS;
    }
    int shift = exponent >= 0 ? exponent % 61 : 61 - 1 - ((-1 - exponent) % 61);
    x = ((x << shift) & MODULUS) | x >> (61 - shift);
    return signed_hash(x, negative);
}

/* Stands for a hash with a secret: equal texts have equal ones, which is all that can be foreseen.
 */
static uint64_t hash_text(const struct machine *m, struct pickle_value value) {
    enum { WHOLE_BYTES_MAX = 256, PART_BYTES = 64 };
    struct bytes raw = value.flags & VALUE_DERIVED ? bytes_view("", 0) : payload(m, value);
    uint64_t hash = raw.len ^ 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.len > WHOLE_BYTES_MAX && i == PART_BYTES) i = raw.len - PART_BYTES;
        hash = (hash ^ raw.data[i]) * 0x100000001b3u;
    }
    return hash ^ hash >> 29;
}

static uint64_t hash_part(const struct machine *m, struct pickle_value value,
                          const uint64_t *tuples) {
    double number;
    switch ((enum pickle_kind)value.kind) {
    case PICKLE_KIND_NONE:
        return 0xfca86420u;
    case PICKLE_KIND_BOOL:
        return value.b;
    case PICKLE_KIND_INT:
        return hash_int((int64_t)value.b);
    case PICKLE_KIND_LONG:
        return hash_long(m, value);
    case PICKLE_KIND_FLOAT:
        memcpy(&number, &value.b, sizeof number);
        return hash_double(number);
    case PICKLE_KIND_STR:
    case PICKLE_KIND_BYTES:
        return hash_text(m, value);
    case PICKLE_KIND_TUPLE:
        return tuples[value.a];
    case PICKLE_KIND_GLOBAL:
    case PICKLE_KIND_BYTEARRAY:
    case PICKLE_KIND_METHOD:
    case PICKLE_KIND_PARTIAL:
    case PICKLE_KIND_FROZENSET:
    case PICKLE_KIND_LIST:
    case PICKLE_KIND_DICT:
    case PICKLE_KIND_SET:
    case PICKLE_KIND_INSTANCE:
        break;
    }
    return ((uint64_t)value.kind << 32 | value.a) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_tuple(const struct machine *m, const struct pickle_node *node,
                           const uint64_t *tuples) {
    static const uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u,
                          prime5 = 2870177450012600261u;
    uint64_t sum = prime5;
    for (uint32_t i = 0; i < node->count; i++) {
        sum += hash_part(m, m->cells[node->first + i], tuples) * prime2;
        sum = (sum << 31 | sum >> 33) * prime1;
    }
    sum += node->count ^ (prime5 ^ 3527539u);
    return sum == NO_HASH ? 1546275796u : sum;
}

/* A tuple's parts were made before it, so one pass in the order of the nodes finds each known. */
static void hash_tuples(const struct machine *m, uint64_t *tuples) {
    for (uint32_t i = 0; i < m->nodes_count; i++)
        tuples[i] = m->nodes[i].flags & NODE_TUPLE ? hash_tuple(m, &m->nodes[i], tuples) : 0;
}

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
static uint64_t keys_that_fit(const struct table *t) {
    return t->is_set ? (t->mask * 3 + 4) / 5 : (t->mask + 1) * 2 / 3;
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
        if (first.kind != PICKLE_KIND_INT || first.b + length > MODULUS) return false;
        if (run->stored != 1 || (next.kind && !continues_run(first, length, next))) return false;
        next = first;
    }
    return true;
}

/* The hashes of a container's keys in their order, from its last run back to its first. */
static void hash_keys(const struct machine *m, uint32_t last, const uint64_t *tuples,
                      uint64_t *hashes) {
    for (uint32_t at = last; at; at = run_at(m, at)->previous) {
        const struct pickle_run *run = run_at(m, at);
        const union pickle_key *keys = m->scratch->keys + at + 1;
        uint32_t from = keys_before(m, run), length = run->total - from;
        for (uint32_t i = 0; i < run->stored; i++)
            hashes[from + i] = hash_part(m, keys[i].value, tuples);
        for (uint32_t i = run->stored; i < length; i++)
            hashes[from + i] = hash_int((int64_t)(keys[0].value.b + i));
    }
}

/* The opcode that gave the key with this number. */
static uint32_t key_offset(const struct machine *m, uint32_t last, uint64_t number) {
    uint32_t at = last;
    while (keys_before(m, run_at(m, at)) > number) at = run_at(m, at)->previous;
    return run_at(m, at)->offset;
}

static bool check_table(struct machine *m, uint32_t last, bool is_set, uint64_t *memory,
                        const uint64_t *tuples) {
    uint32_t total = run_at(m, last)->total;
    struct table t = {.hashes = memory, .taken = memory + total, .is_set = is_set};
    t.allowed = MIN(m->limits->key_probes_max, UINT32_MAX) * total + PROBES_FREE;
    if (are_consecutive(m, last)) return true;
    hash_keys(m, last, tuples, t.hashes);
    if (fill(&t, total)) return true;
    m->op_at = key_offset(m, last, t.used ? t.used - 1 : 0);
    return refuse_limit(m, PICKLE_KEY_COLLISIONS, t.probes, t.allowed);
}

static bool has_many(const struct machine *m, const struct pickle_node *node) {
    bool is_table = !(node->flags & NODE_LISTED) || node->flags & NODE_KEYED;
    return node->keys && !(node->flags & NODE_TUPLE) &&
           run_at(m, node->keys)->total > PROBES_FEW_KEYS && is_table;
}

bool probes_check(struct machine *m) {
    struct pickle_scratch *scratch = m->scratch;
    uint64_t slots = slots_for(m->keys_most);
    uint64_t words = m->nodes_count + (uint64_t)m->keys_most + slots / 64 + 1;
    if (words > UINT32_MAX) return refuse_limit(m, PICKLE_SCRATCH, words, UINT32_MAX);
    if (!ROOM(m, scratch->table, scratch->table_cap, (uint32_t)words)) return false;
    uint64_t *tuples = scratch->table, *memory = scratch->table + m->nodes_count;
    hash_tuples(m, tuples);
    for (uint32_t i = 0; i < m->nodes_count; i++) {
        const struct pickle_node *node = &m->nodes[i];
        if (has_many(m, node) &&
            !check_table(m, node->keys, node->flags & NODE_SET, memory, tuples))
            return false;
    }
    return true;
}
