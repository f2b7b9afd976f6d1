/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Dicts of chosen integers: what the verifier says of each is held against a dict that is filled
 * here one key after the other, as CPython fills it. */

#include "base/buf.h"
#include "base/random.h"
#include "pickle/verify.h"
#include "policy_file.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint64_t modulus = ((uint64_t)1 << 61) - 1;

enum { KEYS_MAX = 21845, SLOTS_MAX = 1 << 15, FREE_PROBES = 65536, LONG_BYTES = 12 };

struct keys {
    unsigned __int128 numbers[KEYS_MAX];
    size_t count;
};

/* --- CPython's dict --- */

struct dict {
    bool taken[SLOTS_MAX];
    uint64_t slots, used, probes;
};

static uint64_t probe(const struct dict *dict, uint64_t hash, uint64_t *slot) {
    uint64_t perturb = hash, probes = 1;
    *slot = hash & (dict->slots - 1);
    for (; dict->taken[*slot]; probes++) {
        perturb >>= 5;
        *slot = (*slot * 5 + perturb + 1) & (dict->slots - 1);
    }
    return probes;
}

static void insert(struct dict *dict, uint64_t hash) {
    uint64_t slot;
    dict->probes += probe(dict, hash, &slot);
    dict->taken[slot] = true;
    dict->used++;
}

static uint64_t hash_of(const struct keys *keys, size_t at) {
    return (uint64_t)(keys->numbers[at] % modulus);
}

static void grow(struct dict *dict, const struct keys *keys) {
    uint64_t used = dict->used;
    for (size_t i = 0; i < SLOTS_MAX; i++) dict->taken[i] = false;
    dict->slots *= 2;
    dict->used = 0;
    for (size_t i = 0; i < used; i++) insert(dict, hash_of(keys, i));
}

static void dict_fill(struct dict *dict, const struct keys *keys) {
    *dict = (struct dict){.slots = 8};
    for (size_t i = 0; i < keys->count; i++) {
        if (dict->used == dict->slots * 2 / 3) grow(dict, keys);
        insert(dict, hash_of(keys, i));
    }
}

/* --- shapes of keys --- */

static void add(struct keys *keys, unsigned __int128 number) {
    keys->numbers[keys->count++] = number;
}

static void random_keys(struct keys *keys, size_t count, struct random *random) {
    while (keys->count < count) add(keys, random_u64(random) % (1 << 30));
}

static void wide_random_keys(struct keys *keys, size_t count, struct random *random) {
    while (keys->count < count) add(keys, random_u64(random) % modulus);
}

static void keys_with_gaps(struct keys *keys, size_t count, struct random *random) {
    unsigned __int128 next = 1000;
    for (; keys->count < count; next += 1 + random_u64(random) % 3) add(keys, next);
}

static void strides(struct keys *keys, size_t count, struct random *random) {
    (void)random;
    while (keys->count < count) add(keys, (unsigned __int128)keys->count << 20);
}

static void equal_low_bits(struct keys *keys, size_t count, struct random *random) {
    while (keys->count < count) add(keys, random_u64(random) % modulus >> 20 << 20);
}

static void equal_hashes(struct keys *keys, size_t count, struct random *random) {
    (void)random;
    while (keys->count < count) add(keys, (unsigned __int128)modulus * keys->count + 5);
}

static void few_equal_hashes(struct keys *keys, size_t count, struct random *random) {
    random_keys(keys, count - 150, random);
    equal_hashes(keys, count, random);
}

/* Most of what a table of `slots` takes lies on the one cycle that keys come to when their hash is
 * used up; then come random keys that meet nothing but taken slots until they are on it. */
static void walking_keys(struct keys *keys, uint64_t slots, size_t count, struct random *random) {
    enum { LONG_WALK = 40 }; /* so long only on the cycle */
    static struct dict dict;
    dict = (struct dict){.slots = slots};
    uint64_t at = 1, slot;
    for (; keys->count < slots * 3 / 5; at = (at * 5 + 1) & (slots - 1)) {
        add(keys, at);
        insert(&dict, at);
    }
    while (keys->count < count) {
        uint64_t number = random_u64(random) % modulus;
        if (probe(&dict, number, &slot) <= LONG_WALK) continue;
        add(keys, number);
        insert(&dict, number);
    }
}

static void walking_at_the_end(struct keys *keys, size_t count, struct random *random) {
    uint64_t slots = 8;
    while (slots * 2 / 3 < count) slots *= 2;
    walking_keys(keys, slots, count, random);
}

/* Only in a table that has been outgrown. */
static void walking_before(struct keys *keys, size_t count, struct random *random) {
    uint64_t slots = 8;
    while (slots * 2 / 3 < count) slots *= 2;
    walking_keys(keys, slots / 2, slots / 3, random);
    wide_random_keys(keys, count, random);
}

/* --- the verifier --- */

static void append(struct buf *buf, const void *bytes, size_t len) {
    cr_assert_eq(buf_append(buf, bytes_view(bytes, len)), BRINE_OK);
}

static void write_dict(struct buf *buf, const char *before, const struct keys *keys) {
    buf_clear(buf);
    append(buf, before, strlen(before));
    append(buf, "}(", 2);
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t text[LONG_BYTES + 3] = {0x8a, LONG_BYTES};
        for (size_t j = 0; j < LONG_BYTES; j++) text[2 + j] = (uint8_t)(keys->numbers[i] >> 8 * j);
        text[LONG_BYTES + 2] = 'N';
        append(buf, text, sizeof text);
    }
    append(buf, "u.", 2);
}

struct row {
    const char *name;
    void (*make)(struct keys *keys, size_t count, struct random *random);
    bool refused; /* KEYS_MAX of them; if not, any number passes */
};

static const struct row rows[] = {
    {"random", random_keys, false},
    {"wide random", wide_random_keys, false},
    {"with gaps", keys_with_gaps, false},
    {"strides", strides, false},
    {"equal low bits", equal_low_bits, false},
    {"equal hashes", equal_hashes, true},
    {"few equal hashes", few_equal_hashes, false},
    {"walking", walking_at_the_end, true},
    {"walking before", walking_before, true},
};

static const size_t counts[] = {257, 341, 342, 700, 1000, 5461, 5462, 10000, KEYS_MAX};

Test(probes, what_cpythons_dict_takes_decides) {
    static struct keys keys;
    static struct dict dict;
    struct test_policy policy;
    struct pickle_scratch scratch;
    struct pickle_report report;
    struct random random;
    struct buf buf;
    random_init(&random, 1);
    buf_init(&buf, mem_system(), 1 << 20);
    pickle_scratch_init(&scratch, mem_system(), 1 << 26);
    cr_assert(test_policy_load(&policy, "tests/corpus/pickle/POLICY"));
    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(counts); i++) {
        const struct row *row = &rows[i / ARRAY_LEN(counts)];
        size_t count = counts[i % ARRAY_LEN(counts)];
        keys.count = 0;
        row->make(&keys, count, &random);
        dict_fill(&dict, &keys);
        write_dict(&buf, "", &keys);
        bool few = dict.probes <= PICKLE_LIMITS_DEFAULT.key_probes_max * keys.count + FREE_PROBES;
        bool passed = pickle_verify(buf_view(&buf), &policy.policy, &PICKLE_LIMITS_DEFAULT,
                                    &scratch, &report) == BRINE_OK;
        cr_expect_eq(passed, few, "%zu keys, %s: %llu probes", count, row->name,
                     (unsigned long long)dict.probes);
        cr_expect(row->refused ? count < KEYS_MAX || !passed : passed, "%zu keys, %s", count,
                  row->name);
        cr_expect_eq(report.reason, passed ? PICKLE_ACCEPTED : PICKLE_KEY_COLLISIONS);
    }
    buf_deinit(&buf);
    pickle_scratch_deinit(&scratch);
}

/* The first thing that a scratch sees: no tuple has made room for parts yet. */
Test(probes, keys_beside_an_empty_tuple_and_no_other) {
    static struct keys keys;
    struct test_policy policy;
    struct pickle_scratch scratch;
    struct pickle_report report;
    struct random random;
    struct buf buf;
    random_init(&random, 1);
    buf_init(&buf, mem_system(), 1 << 20);
    pickle_scratch_init(&scratch, mem_system(), 1 << 26);
    cr_assert(test_policy_load(&policy, "tests/corpus/pickle/POLICY"));
    keys.count = 0;
    random_keys(&keys, counts[0], &random);
    write_dict(&buf, ")0", &keys);
    cr_expect_eq(
        pickle_verify(buf_view(&buf), &policy.policy, &PICKLE_LIMITS_DEFAULT, &scratch, &report),
        BRINE_OK);
    cr_expect_eq(report.reason, PICKLE_ACCEPTED);
    cr_expect_not_null(scratch.cells, "what is read of an empty tuple lies in memory");
    buf_deinit(&buf);
    pickle_scratch_deinit(&scratch);
}
