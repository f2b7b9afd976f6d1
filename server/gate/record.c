/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Findings as records of the audit trail. */

#include "gate/keeper_state.h"
#include "pickle/opcodes.h"

static struct bytes verdict_word(const struct gate_finding *finding,
                                 const struct gate_answer *answer) {
    if (finding->found != GATE_FOUND_REFUSED) return BYTES("admit");
    return bytes_of_cstr(gate_on_refusal_word(answer->undecided ? GATE_ON_REFUSAL_ERROR
                                                                : finding->rule->on_refusal));
}

static void add_actor(struct audit_record *record, const struct gate_question *question) {
    struct gate_actor actor = {.address = ""};
    if (!question->actor) return;
    question->actor(question->actor_context, &actor);
    record->client_id = actor.client_id;
    record->address = bytes_of_cstr(actor.address);
    record->user = actor.user;
    record->client_name = actor.client_name;
    record->library_name = actor.library_name;
    record->library_version = actor.library_version;
}

static void add_report(struct audit_record *record, const struct gate_finding *finding) {
    const struct pickle_report *report = finding->report;
    if (!report) return;
    const char *opcode = pickle_opcode(report->opcode)->name;
    record->protocol = finding->protocol;
    if (opcode && report->reason != PICKLE_END_AT_OPCODE && report->reason != PICKLE_BYTES)
        record->opcode = bytes_of_cstr(opcode);
    record->module = report->module;
    record->name = report->name;
}

static bool is_wanted(const struct gate_finding *finding) {
    switch (finding->rule->audited) {
    case GATE_AUDIT_REFUSED:
        return finding->found == GATE_FOUND_REFUSED || finding->learned > 0;
    case GATE_AUDIT_ALL:
        return true;
    case GATE_AUDIT_NONE:
        break;
    }
    return false;
}

void gate_record_finding(struct audit *audit, const struct gate_question *question,
                         const struct gate_finding *finding, const struct gate_answer *answer) {
    if (!audit || !is_wanted(finding)) return;
    bool refused = finding->found == GATE_FOUND_REFUSED;
    struct audit_record record = AUDIT_RECORD(ADMITTED);
    struct audit_digest digest;
    char path[128];
    if (refused)
        record.event = question->recheck ? AUDIT_RECHECKED : AUDIT_REFUSED;
    else if (finding->learned > 0)
        record.event = AUDIT_LEARNED;
    record.db = question->db;
    record.rule = finding->rule->index ? (int64_t)finding->rule->index : -1;
    record.rule_name = finding->rule->name;
    record.generation = finding->setup->generation;
    record.policy = finding->rule->policy_text;
    record.size = (int64_t)question->value.len;
    record.key = question->key;
    record.command = bytes_of_cstr(question->command);
    record.verdict = verdict_word(finding, answer);
    if (finding->path.depth)
        record.framing = bytes_of_cstr(frame_path_text(&finding->path, path, sizeof path));
    if (refused) {
        record.class_name = bytes_of_cstr(pickle_class_name(finding->class));
        record.reason = bytes_of_cstr(finding->reason);
        record.offset = (int64_t)finding->offset;
        record.text = bytes_of_cstr(answer->text);
    }
    add_report(&record, finding);
    add_actor(&record, question);
    audit_record_digest(&record, question->value, &digest);
    audit_write(audit, &record);
}
