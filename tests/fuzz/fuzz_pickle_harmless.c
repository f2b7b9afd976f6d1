/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach: pickle_is_harmless, and of it step_literal, step_slice, step_memo, step_items,
 * step_named, step_names, step_outside, step_frame.
 * Oracles: the same answer from a used scratch; what the verifier accepts with a global is not
 * harmless, and without one does nothing but cost; a name that the verifier refuses is an import;
 * up to the opcode that acts nothing acts; an import stays one whatever follows; bytes that end
 * within a name import when it is completed; what ends early does so whatever follows. */

#include "../unit/proto-pickle/policy_file.h"
#include "pickle/harmless.h"

enum { COSTS = PICKLE_HARM_MEMORY | PICKLE_HARM_TIME };

static void demand(bool holds) {
    if (!holds) __builtin_trap();
}

static struct pickle_harm judge(struct bytes input, struct pickle_scratch *scratch) {
    struct pickle_harm harm;
    bool harmless = pickle_is_harmless(input, &PICKLE_LIMITS_DEFAULT, scratch, &harm);
    demand(harmless == (harm.kinds == 0) && harmless == (harm.what[0] == '\0'));
    demand(harm.offset <= input.len);
    return harm;
}

/* The answer for the input with something behind it. */
static struct pickle_harm judge_longer(struct bytes input, struct bytes tail,
                                       struct pickle_scratch *scratch) {
    uint8_t *longer = mem_alloc(mem_system(), input.len + tail.len);
    bytes_copy_to(longer, input);
    bytes_copy_to(longer + input.len, tail);
    struct pickle_harm harm = judge(bytes_view(longer, input.len + tail.len), scratch);
    mem_free(mem_system(), longer, input.len + tail.len);
    return harm;
}

static bool only_letters(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (byte_lower(text.data[i]) < 'a' || byte_lower(text.data[i]) > 'z') return false;
    return text.len > 0;
}

static void check_verdict(struct bytes input, const struct policy *policy, unsigned kinds,
                          struct pickle_scratch *scratch) {
    struct pickle_report report;
    enum brine_status status =
        pickle_verify(input, policy, &PICKLE_LIMITS_DEFAULT, scratch, &report);
    if (status == BRINE_OK && report.globals_count > 0) demand(kinds & PICKLE_HARM_IMPORT);
    if (status == BRINE_OK && report.globals_count == 0) demand((kinds & ~COSTS) == 0);
    if (report.reason == PICKLE_GLOBAL && only_letters(report.module))
        demand(kinds & PICKLE_HARM_IMPORT);
}

/* What is made of a front alone stands for all that begins so. */
static void check_end(struct bytes input, const struct pickle_harm *harm,
                      struct pickle_scratch *scratch) {
    if (harm->kinds || harm->end == input.len) return;
    struct bytes tails[] = {
        BYTES("\nx\ncos\nx\n."),
        BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\ncos\nx\ncos\nx\n."),
        bytes_slice(input, input.len / 2, input.len),
    };
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        struct pickle_harm longer = judge_longer(input, tails[i], scratch);
        demand(longer.kinds == 0 && longer.end == harm->end && longer.stops == harm->stops);
    }
}

static void check_neighbours(struct bytes input, const struct pickle_harm *harm,
                             struct pickle_scratch *scratch) {
    if (harm->kinds & ~COSTS) {
        struct pickle_harm before = judge(bytes_slice(input, 0, harm->offset), scratch);
        demand((before.kinds & ~COSTS) == 0);
    }
    if (harm->kinds & PICKLE_HARM_IMPORT)
        demand(judge_longer(input, bytes_slice(input, input.len / 2, 8), scratch).kinds & ~COSTS);
    if (harm->kinds & PICKLE_HARM_IMPORT_AT_END &&
        only_letters(bytes_slice(input, input.len - 1, 1)))
        demand(judge_longer(input, BYTES("\nx\n"), scratch).kinds & PICKLE_HARM_IMPORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct test_policy policy;
    static struct pickle_scratch scratch;
    if (policy.count == 0) {
        demand(test_policy_load(&policy, "tests/corpus/pickle/POLICY"));
        pickle_scratch_init(&scratch, mem_system(), 1 << 28);
    }
    struct bytes input = bytes_view(data, size);
    struct pickle_harm harm = judge(input, &scratch);
    check_verdict(input, &policy.policy, harm.kinds, &scratch);
    struct pickle_harm again = judge(input, &scratch);
    demand(again.kinds == harm.kinds && again.offset == harm.offset);
    check_neighbours(input, &harm, &scratch);
    check_end(input, &harm, &scratch);
    return 0;
}
