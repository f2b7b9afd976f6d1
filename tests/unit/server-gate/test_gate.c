/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/gate.h"

#include <criterion/criterion.h>

static struct gate_desk desk; /* never used by these judges */

static const struct gate_question question = {
    .db = 3, .key = {(const uint8_t *)"k", 1}, .value = {(const uint8_t *)"\x80\x04N.", 4}};

Test(gate, off_admits_everything) {
    struct gate gate;
    struct gate_answer why;
    gate_init_off(&gate);
    cr_expect(gate_admit(&gate, &desk, &question, &why) == GATE_ADMIT);
}

static enum gate_verdict refuse_at_two(void *context, struct gate_desk *own UNUSED,
                                       const struct gate_question *asked, struct gate_answer *why) {
    cr_expect(asked->db == 3 && bytes_equal(asked->value, question.value));
    return gate_refuse(why, 2, "%s", (const char *)context);
}

Test(gate, a_judge_of_the_callers_is_asked_and_its_words_are_made_one_line) {
    struct gate gate;
    struct gate_answer why;
    gate_init(&gate, refuse_at_two, "because\r\nof\x7fthis");
    cr_expect(gate_admit(&gate, &desk, &question, &why) == GATE_REFUSE);
    cr_expect(why.offset == 2);
    cr_expect_str_eq(why.text, "PICKLEDENIED offset 2: because??of?this");
}

Test(gate, a_long_reason_is_cut) {
    static char reason[2000];
    struct gate gate;
    struct gate_answer why;
    memset(reason, 'x', sizeof reason - 1);
    gate_init(&gate, refuse_at_two, reason);
    cr_expect(gate_admit(&gate, &desk, &question, &why) == GATE_REFUSE);
    cr_expect(strlen(why.text) == GATE_TEXT_BYTES - 1);
}
