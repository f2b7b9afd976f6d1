/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach: pickle_is_leaf; pickle_verify, and of it items.c, calls.c, models.c, state.c,
 * probes.c. Oracles: the same bytes get the same verdict from a used scratch; a beginning of an
 * accepted pickle and a lengthening of it are refused; a refusal's offset lies in the input; what
 * is accepted is in the policy; without its first global it is refused; a leaf is accepted with the
 * same facts. */

#include "../unit/proto-pickle/policy_file.h"
#include "pickle/leaf.h"

static void demand(bool holds) {
    if (!holds) __builtin_trap();
}

static enum brine_status verify(struct bytes input, const struct policy *policy,
                                struct pickle_report *report, struct pickle_scratch *scratch) {
    enum brine_status status =
        pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, scratch, report);
    char line[256];
    demand((status == BRINE_OK) == (report->reason == PICKLE_ACCEPTED));
    demand(report->offset <= input.len);
    demand(strlen(pickle_report_message(report, line, sizeof line)) > 0);
    return status;
}

static void check_accepted(struct bytes input, const struct policy *policy,
                           struct pickle_report *report, struct pickle_scratch *scratch) {
    for (size_t i = 0; i < report->globals_count; i++) {
        const struct pickle_global *global = &report->globals[i];
        demand(policy_match(policy, global->module, global->name) == global->entry);
    }
    uint8_t *longer = mem_alloc(mem_system(), input.len + 1);
    bytes_copy_to(longer, input);
    longer[input.len] = input.data[input.len / 2];
    demand(verify(bytes_view(longer, input.len + 1), policy, report, scratch) == BRINE_MALFORMED);
    for (size_t cut = 0; cut < input.len; cut += 1 + input.len / 16) {
        uint8_t *shorter = mem_alloc(mem_system(), cut + 1);
        bytes_copy_to(shorter, bytes_slice(input, 0, cut));
        demand(verify(bytes_view(shorter, cut), policy, report, scratch) == BRINE_NEED_MORE);
        mem_free(mem_system(), shorter, cut + 1);
    }
    mem_free(mem_system(), longer, input.len + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct test_policy policy;
    static struct pickle_scratch scratch;
    struct pickle_report report, again;
    if (policy.count == 0) {
        demand(test_policy_load(&policy, "tests/corpus/pickle/POLICY"));
        pickle_scratch_init(&scratch, mem_system(), 1 << 28);
        scratch.collect_keys = true;
    }
    struct bytes input = bytes_view(data, size);
    enum brine_status status = verify(input, &policy.policy, &report, &scratch);
    demand(verify(input, &policy.policy, &again, &scratch) == status);
    demand(again.reason == report.reason && again.offset == report.offset &&
           again.globals_count == report.globals_count);
    struct pickle_leaf leaf;
    if (pickle_is_leaf(input, &PICKLE_LIMITS_DEFAULT, &leaf))
        demand(status == BRINE_OK && leaf.kind == report.top_kind && report.globals_count == 0 &&
               leaf.protocol == MAX(report.protocol, report.protocol_needed));
    if (status == BRINE_OK) check_accepted(input, &policy.policy, &again, &scratch);
    return 0;
}
