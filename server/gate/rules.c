/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which rule speaks of a key, and its words.  rules_read.c makes rules from text. */

#include "gate/rules.h"

#include "base/glob.h"

#include <stdio.h>

/* All framings but joblib's: its readings are those of a pickle until an array comes, and what lies
 * under a key that others unpickle too may hold none. */
struct gate_rule gate_rule_default(void) {
    struct gate_rule rule = {
        .databases = UINT64_MAX,
        .values = GATE_VALUES_AUTO,
        .frames = FRAME_OPTIONS_DEFAULT,
        .max_protocol = GATE_PROTOCOL_MAX,
        .on_refusal = GATE_ON_REFUSAL_ERROR,
        .audited = GATE_AUDIT_REFUSED,
    };
    rule.frames.admitted &= ~FRAME_BIT(FRAME_JOBLIB);
    rule.frames.admitted_inside &= ~FRAME_BIT(FRAME_JOBLIB);
    return rule;
}

bool gate_rule_fits(const struct gate_rule *rule, uint32_t db, struct bytes key) {
    bool all_databases = rule->databases == UINT64_MAX;
    if (!all_databases && (db >= GATE_RULE_DATABASES_MAX || !(rule->databases & (uint64_t)1 << db)))
        return false;
    for (size_t i = 0; i < rule->keys_count; i++)
        if (glob_is_all(rule->keys[i]) || glob_match(rule->keys[i], key)) return true;
    return rule->keys_count == 0;
}

/* ORDER GATE_VALUES, GATE_ON_REFUSAL, GATE_AUDITED */
#define W(id, word) word,
const char *gate_values_word(enum gate_values values) {
    static const char *const words[] = {GATE_VALUES(W)};
    return words[values];
}

const char *gate_on_refusal_word(enum gate_on_refusal what) {
    static const char *const words[] = {GATE_ON_REFUSAL(W)};
    return words[what];
}

const char *gate_audited_word(enum gate_audited audited) {
    static const char *const words[] = {GATE_AUDITED(W)};
    return words[audited];
}
#undef W

const char *gate_rule_text(const struct gate_rule *rule, char *line, size_t size) {
    if (rule->index == 0)
        snprintf(line, size, "the default rule");
    else if (rule->name.len == 0)
        snprintf(line, size, "rule %u", rule->index);
    else
        snprintf(line, size, "rule %u '%.*s'", rule->index, (int)rule->name.len,
                 (const char *)rule->name.data);
    return line;
}
