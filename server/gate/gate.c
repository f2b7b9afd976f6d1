/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/gate.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>

static gate_judge admit_all;

void gate_init_off(struct gate *gate) {
    gate_init(gate, admit_all, NULL);
}

void gate_init(struct gate *gate, gate_judge *judge, void *context) {
    *gate = (struct gate){.judge = judge, .context = context};
}

enum gate_verdict gate_admit(const struct gate *gate, const struct gate_question *question,
                             struct gate_refusal *why) {
    enum gate_verdict verdict = gate->judge(gate->context, question, why);
    BRINE_ASSERT(verdict == GATE_ADMIT || why->text[0], "a refusal says why");
    return verdict;
}

enum gate_verdict gate_refuse(struct gate_refusal *why, size_t offset, const char *format, ...) {
    why->offset = offset;
    int head = snprintf(why->text, sizeof why->text, "PICKLEDENIED offset %zu: ", offset);
    va_list args;
    va_start(args, format);
    vsnprintf(why->text + head, sizeof why->text - (size_t)head, format, args);
    va_end(args);
    for (char *at = why->text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127) *at = '?';
    return GATE_REFUSE;
}

static enum gate_verdict admit_all(void *context, const struct gate_question *question,
                                   struct gate_refusal *why) {
    (void)context, (void)question, (void)why;
    return GATE_ADMIT;
}
