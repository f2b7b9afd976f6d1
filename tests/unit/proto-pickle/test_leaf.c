/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The short way to an accept: it may never say yes where the verifier says no, or something else.
 */

#include "pickle/leaf.h"

#include "policy/policy.h"

#include <criterion/criterion.h>

enum { SEED_BYTES_MAX = 64 };

static const struct bytes leaves[] = {
    BYTES("\x80\x04N."),
    BYTES("\x80\x02\x88."),
    BYTES("\x80\x05\x89."),
    BYTES("\x80\x04K\x07."),
    BYTES("\x80\x03M\x01\x02."),
    BYTES("\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00J\x01\x02\x03\x04."),
    BYTES("\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00."),
    BYTES("\x80\x04\x95\x07\x00\x00\x00\x00\x00\x00\x00"
          "C\x03"
          "abc\x94."),
    BYTES("\x80\x03"
          "C\x03"
          "abcq\x00."),
    BYTES("\x80\x04"
          "B\x03\x00\x00\x00"
          "abc\x94."),
    BYTES("\x80\x05\x95\x04\x00\x00\x00\x00\x00\x00\x00"
          "C\x00\x94."),
};

struct verifier {
    struct policy policy;
    struct pickle_scratch scratch;
    size_t leaves, asked;
};

static void compare(struct verifier *verifier, struct bytes input) {
    struct pickle_leaf leaf;
    struct pickle_report report;
    verifier->asked++;
    if (!pickle_is_leaf(input, &PICKLE_LIMITS_DEFAULT, &leaf)) return;
    verifier->leaves++;
    enum brine_status status = pickle_verify(input, &verifier->policy, &PICKLE_LIMITS_DEFAULT,
                                             &verifier->scratch, &report);
    cr_assert_eq(status, BRINE_OK, "%s", pickle_reason_rule(report.reason));
    cr_assert_eq(report.top_kind, leaf.kind);
    cr_assert_eq(MAX(report.protocol, report.protocol_needed), leaf.protocol);
    cr_assert(report.globals_count == 0 && report.nesting == 0);
}

Test(leaf, what_picklers_write_of_one_object_is_a_leaf) {
    struct verifier verifier = {0};
    pickle_scratch_init(&verifier.scratch, mem_system(), 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(leaves); i++) compare(&verifier, leaves[i]);
    cr_expect_eq(verifier.leaves, ARRAY_LEN(leaves));
    pickle_scratch_deinit(&verifier.scratch);
}

Test(leaf, what_is_one_is_accepted_with_the_same_facts_whatever_byte_is_changed_cut_or_added) {
    struct verifier verifier = {0};
    uint8_t changed[SEED_BYTES_MAX + 1];
    pickle_scratch_init(&verifier.scratch, mem_system(), 1 << 20);
    for (size_t seed = 0; seed < ARRAY_LEN(leaves); seed++) {
        size_t len = leaves[seed].len;
        for (size_t at = 0; at < len; at++) {
            for (unsigned first = 0; first <= UINT8_MAX; first++) {
                bytes_copy_to(changed, leaves[seed]);
                changed[at] = (uint8_t)first;
                changed[len] = '.';
                compare(&verifier, bytes_view(changed, len));
                compare(&verifier, bytes_view(changed, len + 1));
                compare(&verifier, bytes_view(changed + at, len - at));
                for (unsigned second = 0; second <= UINT8_MAX && at + 1 < len; second++) {
                    changed[at + 1] = (uint8_t)second;
                    compare(&verifier, bytes_view(changed, len));
                }
            }
            compare(&verifier, bytes_slice(leaves[seed], 0, at));
        }
    }
    cr_expect(verifier.leaves > 10000 && verifier.leaves < verifier.asked / 2, "%zu of %zu",
              verifier.leaves, verifier.asked);
    pickle_scratch_deinit(&verifier.scratch);
}

Test(leaf, strings_parts_names_and_second_objects_are_none) {
    static const struct bytes others[] = {
        BYTES(""),
        BYTES("N."),
        BYTES("\x80\x06N."),
        BYTES("\x80\x04\x8c\x01x\x94."),
        BYTES("\x80\x04]\x94."),
        BYTES("\x80\x04)."),
        BYTES("\x80\x04NN."),
        BYTES("\x80\x04N0N."),
        BYTES("\x80\x04Nq\x01."),
        BYTES("\x80\x04N.x"),
        BYTES("\x80\x04N\x94\x94."),
        BYTES("\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00N."),
        BYTES("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N."),
        BYTES("\x80\x04"
              "cos\nsystem\n."),
        BYTES("\x80\x04"
              "B\xff\xff\xff\xff"
              "abc."),
    };
    struct pickle_leaf leaf;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        cr_expect(!pickle_is_leaf(others[i], &PICKLE_LIMITS_DEFAULT, &leaf), "%zu", i);
}

Test(leaf, whatever_might_exceed_a_limit_is_left_to_the_verifier) {
    struct pickle_leaf leaf;
    struct pickle_limits limits = PICKLE_LIMITS_DEFAULT;
    cr_expect(pickle_is_leaf(leaves[0], &limits, &leaf));
    limits.opcodes_max = 2;
    cr_expect(!pickle_is_leaf(leaves[0], &limits, &leaf));
    limits = PICKLE_LIMITS_DEFAULT;
    limits.bytes_max = leaves[0].len - 1;
    cr_expect(!pickle_is_leaf(leaves[0], &limits, &leaf));
    limits = PICKLE_LIMITS_DEFAULT;
    limits.heap_free = 100;
    cr_expect(!pickle_is_leaf(leaves[0], &limits, &leaf));
}
