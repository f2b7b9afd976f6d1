/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/gate.h"

#include "base/assert.h"
#include "gate/keeper.h"
#include "gate/setup.h"

#include <stdarg.h>
#include <stdio.h>

static gate_judge admit_all;

void gate_init_off(struct gate *gate) {
    gate_init(gate, admit_all, NULL);
}

void gate_init(struct gate *gate, gate_judge *judge, void *context) {
    *gate = (struct gate){.judge = judge, .context = context};
}

enum brine_status gate_reload(const struct gate *gate, struct brine_error *err) {
    return gate->keeper ? gate_keeper_reload(gate->keeper, err) : BRINE_OK;
}

enum gate_verdict gate_admit(const struct gate *gate, struct gate_desk *desk,
                             const struct gate_question *question, struct gate_answer *answer) {
    answer->label = 0;
    answer->undecided = false;
    enum gate_verdict verdict = gate->judge(gate->context, desk, question, answer);
    BRINE_ASSERT(verdict != GATE_REFUSE || answer->text[0], "a refusal says why");
    BRINE_ASSERT(verdict != GATE_DEFER || question->may_defer, "only who asked for it is deferred");
    return verdict;
}

enum gate_verdict gate_refuse(struct gate_answer *answer, size_t offset, const char *format, ...) {
    answer->offset = offset;
    int head = snprintf(answer->text, sizeof answer->text, "PICKLEDENIED offset %zu: ", offset);
    va_list args;
    va_start(args, format);
    vsnprintf(answer->text + head, sizeof answer->text - (size_t)head, format, args);
    va_end(args);
    for (char *at = answer->text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127) *at = '?';
    return GATE_REFUSE;
}

static enum gate_verdict admit_all(void *context, struct gate_desk *desk,
                                   const struct gate_question *question,
                                   struct gate_answer *answer) {
    (void)context, (void)desk, (void)question, (void)answer;
    return GATE_ADMIT;
}

bool gate_tells_apart(const struct gate *gate, uint32_t a, uint32_t b, uint32_t *generation) {
    *generation = 0;
    if (!gate->keeper) return false;
    struct gate_setup *setup = gate_keeper_setup(gate->keeper);
    bool apart = false;
    for (size_t i = 0; i < setup->rules_count; i++)
        apart |= (setup->rules[i].databases >> a & 1) != (setup->rules[i].databases >> b & 1);
    *generation = setup->generation;
    gate_setup_unref(setup);
    return apart;
}

bool gate_treats_alike(const struct gate *gate, uint32_t generation, const struct gate_place *from,
                       const struct gate_place *to) {
    if (!gate->keeper) return false;
    struct gate_setup *setup = gate_keeper_setup(gate->keeper);
    const struct gate_rule *rule = gate_setup_rule(setup, to->db, to->key);
    bool alike = setup->generation == generation && setup->mode == CONFIG_GATE_MODE_ENFORCE &&
                 rule == gate_setup_rule(setup, from->db, from->key) &&
                 rule->on_refusal != GATE_ON_REFUSAL_LOG && rule->audited != GATE_AUDIT_ALL;
    gate_setup_unref(setup);
    return alike;
}

bool gate_is_at(const struct gate *gate, uint32_t generation) {
    return !gate->keeper || gate_keeper_generation(gate->keeper) == generation;
}
