/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/judge.h"
#include "client/policy_option.h"

#include <criterion/criterion.h>

/* What was said: 'a' accepted, 'o' opaque, 'r' refused, 'l' a limit of unpacking. */
static void note(void *context, const struct judgement *judgement) {
    char *said = context;
    if (!judgement->report)
        *said = 'l';
    else if (judgement_accepts(judgement))
        *said = 'a';
    else
        *said = judgement->opaque ? 'o' : 'r';
}

Test(judge, values_that_may_be_anything_are_findings_only_when_they_are_pickles) {
    static const struct {
        struct bytes value;
        char anything, pickles; /* what is said of it where it may be anything, and where not */
    } rows[] = {
        {BYTES("N."), 'a', 'a'},
        {BYTES("<html>"), 'o', 'o'},
        {BYTES("cos\nsystem\n."), 'r', 'r'},
        {BYTES("cat"), 'o', 'r'}, /* the bytes end within a global's name */
        {BYTES("ios"), 'o', 'r'},
        {BYTES("cos.mic"), 'o', 'r'},
        {BYTES("cos\nsys"), 'r', 'r'}, /* but here the module is whole, and known */
        {BYTES("McArthur"), 'o', 'r'}, /* a memo index that takes memory */
        {BYTES("Kerberos"), 'o', 'r'},
        {BYTES("cab cd\nef\n."), 'o', 'o'},
        {BYTES("\x80\x04\x8c\x05"
               "a\n\x1b[m\x8c\x01"
               "b\x93."),
         'r', 'r'},                           /* PROTO: a pickle whatever it names */
        {BYTES("\x80\x02\x82\1."), 'r', 'o'}, /* of the extension registry */
        {BYTES("\x80\x02P1\n."), 'r', 'o'},   /* a persistent object */
        {BYTES("P1\n."), 'o', 'o'},
        {BYTES("\x80\x06P1\n."), 'o', 'o'}, /* of no protocol there is */
    };
    struct policy_compiled compiled;
    struct brine_error err;
    struct judge judge;
    cr_assert_eq(policy_option_load("stdlib", &compiled, &err), BRINE_OK);
    judge_init(&judge, &compiled.policy);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char said[2] = {0, 0};
        judge.anything = true;
        cr_expect_eq(judge_value(&judge, rows[i].value, note, &said[0]), BRINE_OK);
        judge.anything = false;
        cr_expect_eq(judge_value(&judge, rows[i].value, note, &said[1]), BRINE_OK);
        cr_expect_eq(said[0], rows[i].anything, "row %zu: %c", i, said[0]);
        cr_expect_eq(said[1], rows[i].pickles, "row %zu: %c", i, said[1]);
    }
    judge_deinit(&judge);
    policy_compiled_deinit(&compiled);
}
