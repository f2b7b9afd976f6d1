/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The line that a refused client is answered; it reaches a developer's traceback as it is:
 *
 *     PICKLEDENIED offset 34: STACK_GLOBAL imports shop.models.Cart; not in policy 'stdlib' (rule
 *     2, key 'session:9'); to allow it: allow = ["shop.models.Cart"]
 *
 * One line of printable ASCII: whatever comes from the value or the key is escaped, and cut where
 * it is long.  What is known to be dangerous is named so, and no hint is given.  Private to gate.
 */
#ifndef BRINE_GATE_REFUSAL_H
#define BRINE_GATE_REFUSAL_H

#include "gate/keeper.h"
#include "pickle/harmless.h"

struct gate_refusal {
    const struct gate_question *question;
    const struct gate_finding *finding;
    /* What would happen although the pickle is broken; NULL: it is not that. */
    const struct pickle_harm *harm;
};

/* Memory was refused, so nothing is known of the value: in Redis's words, for clients wait on them.
 */
void gate_refusal_say_memory(struct gate_answer *answer);
/* By finding->report. */
void gate_refusal_say_report(const struct gate_refusal *refusal, struct gate_answer *answer);
/* "PICKLELIMIT offset 0: the value has 20 bytes, at most 10 are admitted (rule 2, ...)" */
void gate_refusal_say(const struct gate_refusal *refusal, struct gate_answer *answer,
                      const char *format, ...) PRINTF_LIKE(3, 4);

#endif
