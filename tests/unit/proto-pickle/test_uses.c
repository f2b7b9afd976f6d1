/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/buf.h"
#include "pickle/uses.h"
#include "pickle/verify.h"
#include "policy/policy.h"
#include "policy/print.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(uses, words_and_rights_agree) {
    static const struct {
        uint32_t uses;
        const char *words; /* with a blank behind each */
        uint32_t rights;
    } rows[] = {
        {0, "", POLICY_REF},
        {PICKLE_USE_REF, "ref ", POLICY_REF},
        {PICKLE_USE_CALL | PICKLE_USE_HASH, "call hash ", POLICY_CALL | POLICY_HASH},
        {PICKLE_USE_NEW | PICKLE_USE_STATE, "new build ", POLICY_NEW | POLICY_BUILD},
        {PICKLE_USE_STATE | PICKLE_USE_STATE_ANY, "state ", POLICY_STATE_ANY},
        {PICKLE_USE_ITEMS | PICKLE_USE_ITEMS_SET, "items ", POLICY_ITEMS_SET},
        {1023, "ref call new state items hash ",
         POLICY_REF | POLICY_CALL | POLICY_NEW | POLICY_STATE_ANY | POLICY_ITEMS | POLICY_HASH},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *words[PICKLE_USE_WORDS_MAX];
        char line[128] = "";
        size_t count = pickle_use_words(rows[i].uses, words), len = 0;
        for (size_t word = 0; word < count; word++)
            len += (size_t)snprintf(line + len, sizeof line - len, "%s ", words[word]);
        cr_expect_str_eq(line, rows[i].words);
        cr_expect_eq(pickle_use_rights(rows[i].uses), rows[i].rights, "row %zu", i);
    }
}

Test(uses, what_was_met_is_a_row_and_what_no_policy_can_name_a_comment) {
    static char giant[POLICY_GLOBAL_BYTES_MAX];
    struct buf out;
    buf_init(&out, mem_system(), 1 << 16);
    memset(giant, 'g', sizeof giant);
    uint32_t rights = pickle_use_rights(PICKLE_USE_CALL);
    cr_expect_eq(policy_print_met(&out, BYTES("a.b"), BYTES("C"), rights), BRINE_OK);
    cr_expect(bytes_is(buf_view(&out), "    { name = \"a.b.C\", may = [\"call\"] },\n"));
    buf_clear(&out);
    struct bytes name = bytes_view(giant, sizeof giant - 2);
    cr_expect_eq(policy_print_met(&out, BYTES("a"), name, rights), BRINE_OK);
    cr_expect(bytes_starts_with(buf_view(&out), BYTES("    { name = \"a.ggg")), "the longest fits");
    buf_clear(&out);
    name.len++;
    cr_expect_eq(policy_print_met(&out, BYTES("a"), name, rights), BRINE_OK);
    cr_expect(bytes_starts_with(buf_view(&out), BYTES("    # (a global of 1025 bytes")));
    buf_deinit(&out);
}
