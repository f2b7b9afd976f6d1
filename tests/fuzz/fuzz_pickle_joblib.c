/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach: pickle_verify with joblib_arrays, and of it joblib.c, steps.c, models_numpy.c.
 * Oracles: the same bytes get the same verdict from a used scratch; a beginning of an accepted
 * stream and a lengthening of it are refused; what is accepted and holds an array is refused
 * without joblib_arrays. */

#include "../unit/proto-pickle/policy_file.h"
#include "pickle/verify.h"

static void demand(bool holds) {
    if (!holds) __builtin_trap();
}

static enum brine_status verify(struct bytes input, const struct policy *policy,
                                struct pickle_scratch *scratch, struct pickle_report *report) {
    enum brine_status status =
        pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, scratch, report);
    demand((status == BRINE_OK) == (report->reason == PICKLE_ACCEPTED));
    demand(report->offset <= input.len);
    return status;
}

static bool holds_array(const struct pickle_report *report) {
    for (size_t i = 0; i < report->globals_count; i++) {
        const struct pickle_global *global = &report->globals[i];
        if (global->entry->model == POLICY_MODEL_JOBLIB_ARRAY && global->uses & PICKLE_USE_STATE)
            return true;
    }
    return false;
}

/* On copies of just the length, so that a read beyond them is seen. */
static enum brine_status verify_cut(struct bytes input, size_t len, const struct policy *policy,
                                    struct pickle_scratch *scratch) {
    struct pickle_report report;
    uint8_t *copy = mem_alloc(mem_system(), len + 1);
    bytes_copy_to(copy, bytes_slice(input, 0, len));
    if (len > input.len) copy[input.len] = input.data[input.len / 2];
    enum brine_status status = verify(bytes_view(copy, len), policy, scratch, &report);
    mem_free(mem_system(), copy, len + 1);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct test_policy policy;
    static struct pickle_scratch scratch;
    struct pickle_report report, again;
    if (policy.count == 0) {
        demand(test_policy_load(&policy, "tests/corpus/pickle/POLICY"));
        pickle_scratch_init(&scratch, mem_system(), 1 << 28);
    }
    struct bytes input = bytes_view(data, size);
    scratch.joblib_arrays = true;
    enum brine_status status = verify(input, &policy.policy, &scratch, &report);
    bool has_array = holds_array(&report);
    demand(verify(input, &policy.policy, &scratch, &again) == status);
    demand(again.reason == report.reason && again.offset == report.offset);
    if (status != BRINE_OK) return 0;
    demand(verify_cut(input, size + 1, &policy.policy, &scratch) != BRINE_OK);
    for (size_t cut = 0; cut < size; cut += 1 + size / 16)
        demand(verify_cut(input, cut, &policy.policy, &scratch) != BRINE_OK);
    scratch.joblib_arrays = false;
    demand(!has_array || verify(input, &policy.policy, &scratch, &again) != BRINE_OK);
    return 0;
}
