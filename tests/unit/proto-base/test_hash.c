/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/hash.h"
#include "base/random.h"

#include <criterion/criterion.h>

/* CPython 3.11 hashes bytes with the same function; with PYTHONHASHSEED=0 its secret is zero:
 * PYTHONHASHSEED=0 python3 -c 'print(hex(hash(b"12345678") & 0xffffffffffffffff))' */
Test(hash, agrees_with_pythons_siphash13_under_a_zero_secret) {
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        {"a", 0x407448d2b89b1813u},
        {"12345678", 0x3489982430560a87u},
        {"key:000000000001", 0x789c96b712070d0au},
        {"0123456789abcdef0123456789abcde", 0x25665a7c52079439u},
    };
    const struct hash_secret zero = {0, 0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(hash_bytes(&zero, bytes_of_cstr(rows[i].text)), rows[i].hash, "%s",
                     rows[i].text);
}

Test(hash, another_secret_gives_another_hash) {
    const struct hash_secret a = {1, 2}, b = {1, 3};
    cr_expect_neq(hash_bytes(&a, BYTES("key")), hash_bytes(&b, BYTES("key")));
}

Test(random, the_same_seed_gives_the_same_choices_within_bounds) {
    struct random a, b;
    random_init(&a, 42);
    random_init(&b, 42);
    bool seen[7] = {false};
    for (int i = 0; i < 1000; i++) {
        uint64_t choice = random_below(&a, 7);
        cr_assert_eq(choice, random_below(&b, 7));
        cr_assert_lt(choice, 7);
        seen[choice] = true;
    }
    for (size_t i = 0; i < 7; i++) cr_expect(seen[i]);
}
