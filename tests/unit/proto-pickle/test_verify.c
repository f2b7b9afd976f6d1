/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the corpus cannot show: reports, facts, limits, scratch, memory that is refused.  Verdicts
 * are in test_corpus.c. */

#include "base/buf.h"
#include "pickle/verify.h"
#include "policy_file.h"

#include <criterion/criterion.h>

struct rig {
    struct test_policy policy;
    struct pickle_limits limits;
    struct pickle_scratch scratch;
    struct pickle_report report;
};

static struct rig *rig_open(void) {
    struct rig *rig = mem_alloc_zeroed(mem_system(), sizeof *rig);
    cr_assert(test_policy_load(&rig->policy, "tests/corpus/pickle/POLICY"));
    rig->limits = PICKLE_LIMITS_DEFAULT;
    pickle_scratch_init(&rig->scratch, mem_system(), 1 << 26);
    return rig;
}

static void rig_close(struct rig *rig) {
    pickle_scratch_deinit(&rig->scratch);
    mem_free(mem_system(), rig, sizeof *rig);
}

static enum brine_status verify(struct rig *rig, struct bytes input) {
    return pickle_verify(input, &rig->policy.policy, &rig->limits, &rig->scratch, &rig->report);
}

static const struct bytes user_with_state = BYTES("\x80\x04\x8c\x03"
                                                  "app\x94\x8c\x04User\x93)\x81}(\x8c\x04"
                                                  "nameN\x8c\x03"
                                                  "ageK\x05ub.");

Test(verify, a_report_tells_the_facts_of_an_accepted_pickle) {
    struct rig *rig = rig_open();
    rig->scratch.collect_keys = true;
    cr_assert_eq(verify(rig, user_with_state), BRINE_OK);
    const struct pickle_report *r = &rig->report;
    cr_expect_eq(r->reason, PICKLE_ACCEPTED);
    cr_expect_eq(r->offset, user_with_state.len);
    cr_expect_eq(r->protocol, 4);
    cr_expect_eq(r->protocol_needed, 4);
    cr_expect_eq(r->origin, PICKLE_ORIGIN_PYTHON3);
    cr_expect_eq(r->opcodes, 16);
    cr_expect_eq(r->memo_entries, 1);
    cr_expect_eq(r->top_kind, PICKLE_KIND_INSTANCE);
    cr_assert_eq(r->globals_count, 1);
    cr_expect_eq(r->top_global, &r->globals[0]);
    cr_expect(bytes_equal(r->globals[0].name, BYTES("User")));
    cr_expect_eq(r->globals[0].uses, PICKLE_USE_NEW | PICKLE_USE_STATE);
    cr_assert_eq(r->globals[0].keys_count, 2);
    cr_expect(bytes_equal(r->globals[0].keys[0], BYTES("age")));
    cr_expect(bytes_equal(r->globals[0].keys[1], BYTES("name")));
    cr_expect_not(r->globals[0].keys_vary);
    rig_close(rig);
}

/* What a learned row has to allow: plain rows are for states that are attributes. */
Test(verify, a_state_that_is_more_than_attributes_is_told) {
    static const struct {
        struct bytes state;
        bool more;
    } cases[] = {
        {BYTES("N"), false},         {BYTES("}"), false},       {BYTES("N}\x86"), false},
        {BYTES("}}\x86"), false},    {BYTES("K\x01"), true},    {BYTES("]"), true},
        {BYTES("N\x85"), true},      {BYTES("NN}\x87"), true},  {BYTES("K\x01}\x86"), true},
        {BYTES("NK\x01\x86"), true}, {BYTES("}K\x01Ns"), true}, {BYTES(")"), true},
    };
    struct rig *rig = rig_open();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf pickle;
        buf_init(&pickle, mem_system(), 256);
        bool made = buf_append(&pickle, BYTES("\x80\x02"
                                              "capp\nReads\n)\x81")) == BRINE_OK &&
                    buf_append(&pickle, cases[i].state) == BRINE_OK &&
                    buf_append(&pickle, BYTES("b.")) == BRINE_OK;
        cr_assert(made);
        cr_assert_eq(verify(rig, buf_view(&pickle)), BRINE_OK, "case %zu", i);
        bool told = (rig->report.globals[0].uses & PICKLE_USE_STATE_ANY) != 0;
        cr_expect_eq(told, cases[i].more, "case %zu", i);
        buf_deinit(&pickle);
    }
    rig_close(rig);
}

Test(verify, the_fingerprint_of_a_state_does_not_depend_on_the_order_of_its_keys) {
    static const struct bytes one = BYTES("capp\nUser\np0\n0(g0\no}(Va\nNVb\nNub.");
    static const struct bytes other = BYTES("capp\nUser\np0\n0(g0\no}(Vb\nNVa\nNub.");
    static const struct bytes differing =
        BYTES("capp\nUser\np0\n0](g0\no}Va\nNsba(g0\no}Vb\nNsba.");
    struct rig *rig = rig_open();
    rig->scratch.collect_keys = true;
    cr_assert_eq(verify(rig, one), BRINE_OK);
    uint64_t fingerprint = rig->report.globals[0].keys_fingerprint;
    cr_assert_eq(verify(rig, other), BRINE_OK);
    cr_expect_eq(rig->report.globals[0].keys_fingerprint, fingerprint);
    cr_assert_eq(verify(rig, differing), BRINE_OK);
    cr_expect(rig->report.globals[0].keys_vary);
    /* It is the same without the list. */
    rig->scratch.collect_keys = false;
    rig->scratch.collect_fingerprints = true;
    cr_assert_eq(verify(rig, other), BRINE_OK);
    cr_expect_eq(rig->report.globals[0].keys_fingerprint, fingerprint);
    cr_expect(!rig->report.globals[0].keys);
    cr_assert_eq(verify(rig, differing), BRINE_OK);
    cr_expect(rig->report.globals[0].keys_vary);
    rig_close(rig);
}

/* One text of 1 MB, which the memo gives as key of 2 bytes as often as the limit lets it: to read
 * it each time would take seconds. */
Test(verify, long_names_of_a_state_cost_no_more_than_short_ones, .timeout = 3) {
    enum { NAME_BYTES = 1 << 20, KEYS = 9000 };
    struct buf buf;
    buf_init(&buf, mem_system(), 4 << 20);
    cr_assert_eq(buf_append(&buf, BYTES("\x80\x02"
                                        "capp\nUser\n)\x81}(X\0\0\x10\0")),
                 BRINE_OK);
    cr_assert_eq(buf_reserve(&buf, NAME_BYTES), BRINE_OK);
    memset(buf.data + buf.len, 'n', NAME_BYTES);
    buf.len += NAME_BYTES;
    enum brine_status status = buf_append(&buf, BYTES("q\0N"));
    for (int i = 0; i < KEYS && status == BRINE_OK; i++) status = buf_append(&buf, BYTES("h\0N"));
    if (status == BRINE_OK) status = buf_append(&buf, BYTES("ub."));
    cr_assert_eq(status, BRINE_OK);
    struct rig *rig = rig_open();
    rig->scratch.collect_fingerprints = true;
    cr_expect_eq(verify(rig, buf_view(&buf)), BRINE_OK);
    rig->scratch.collect_keys = true;
    cr_expect_eq(verify(rig, buf_view(&buf)), BRINE_OK);
    rig_close(rig);
    buf_deinit(&buf);
}

/* Each comparison with its equal walks it. */
Test(verify, a_long_text_may_be_a_key_again_only_so_often) {
    enum { TEXT_BYTES = 1 << 20 };
    static const struct {
        int keys;
        struct bytes opened, key, closed;
        enum pickle_reason reason;
    } rows[] = {
        {100, BYTES("}("), BYTES("h\0N"), BYTES("u."), PICKLE_ACCEPTED},
        {16000, BYTES("}("), BYTES("h\0N"), BYTES("u."), PICKLE_KEY_COST_TOTAL},
        {100, BYTES("\x8f("), BYTES("h\0"), BYTES("\x90."), PICKLE_ACCEPTED},
        {16000, BYTES("\x8f("), BYTES("h\0"), BYTES("\x90."), PICKLE_KEY_COST_TOTAL},
    };
    struct rig *rig = rig_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf;
        buf_init(&buf, mem_system(), 4 << 20);
        cr_assert_eq(buf_append(&buf, BYTES("\x80\x04X\0\0\x10\0")), BRINE_OK);
        cr_assert_eq(buf_reserve(&buf, TEXT_BYTES), BRINE_OK);
        memset(buf.data + buf.len, 'n', TEXT_BYTES);
        buf.len += TEXT_BYTES;
        enum brine_status status = buf_append(&buf, BYTES("q\0000"));
        if (status == BRINE_OK) status = buf_append(&buf, rows[i].opened);
        for (int k = 0; k < rows[i].keys && status == BRINE_OK; k++)
            status = buf_append(&buf, rows[i].key);
        if (status == BRINE_OK) status = buf_append(&buf, rows[i].closed);
        cr_assert_eq(status, BRINE_OK);
        (void)!verify(rig, buf_view(&buf));
        cr_expect_eq(rig->report.reason, rows[i].reason, "%d keys: %s", rows[i].keys,
                     pickle_reason_rule(rig->report.reason));
        buf_deinit(&buf);
    }
    rig_close(rig);
}

Test(verify, states_with_other_keys_have_other_fingerprints) {
    /* The last two are alike but for how a key is written; a state without keys has one too. */
    static const struct bytes rows[] = {
        BYTES("(capp\nUser\no}b."),
        BYTES("(capp\nUser\no}Va\nNsb."),
        BYTES("(capp\nUser\no}Va\nNsVb\nNsb."),
        BYTES("(capp\nUser\no}Vab\nNsb."),
        BYTES("(capp\nUser\no}Vba\nNsb."),
        BYTES("(capp\nUser\no}V\\u0062a\nNsb."),
    };
    enum { ROWS = ARRAY_LEN(rows) };
    uint64_t fingerprints[ROWS];
    struct rig *rig = rig_open();
    rig->scratch.collect_fingerprints = true;
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert_eq(verify(rig, rows[i]), BRINE_OK, "row %zu", i);
        fingerprints[i] = rig->report.globals[0].keys_fingerprint;
        cr_expect_neq(fingerprints[i], 0);
        for (size_t j = 0; j < i; j++)
            cr_expect((fingerprints[i] == fingerprints[j]) == (i == ROWS - 1 && j == ROWS - 2),
                      "rows %zu and %zu", j, i);
    }
    rig_close(rig);
}

Test(verify, the_origin_is_told_by_what_only_one_python_writes) {
    static const struct {
        struct bytes input;
        enum pickle_origin origin;
    } rows[] = {
        {BYTES("N."), PICKLE_ORIGIN_UNKNOWN},
        {BYTES("S'a'\n."), PICKLE_ORIGIN_PYTHON2},
        {BYTES("U\x01"
               "a."),
         PICKLE_ORIGIN_PYTHON2},
        {BYTES("\x80\x03N."), PICKLE_ORIGIN_PYTHON3},
        {BYTES("C\x01"
               "a."),
         PICKLE_ORIGIN_PYTHON3},
    };
    struct rig *rig = rig_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(verify(rig, rows[i].input), BRINE_OK, "row %zu", i);
        cr_expect_eq(rig->report.origin, rows[i].origin, "row %zu", i);
    }
    rig_close(rig);
}

Test(verify, a_refusal_is_one_english_line_with_place_opcode_and_global) {
    static const struct {
        struct bytes input;
        const char *line;
    } rows[] = {
        {BYTES("cos\nsystem\n."),
         "offset 0: GLOBAL: the policy does not list the global: os.system"},
        {BYTES("\x80\x04N"), "offset 3: the bytes end where an opcode should stand"},
        {BYTES("Np9\n."), "offset 1: PUT: a memo index skips unused ones (9, limit 1)"},
        {BYTES("\xff"), "offset 0: no opcode has this byte"},
        {BYTES("ca\x01 b\\\nx\n."), "offset 0: GLOBAL: the policy does not list the global: "
                                    "a\\x01\\x20b\\x5c.x"},
        {BYTES("N."), "accepted"},
    };
    struct rig *rig = rig_open();
    char line[200], narrow[12];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)!verify(rig, rows[i].input);
        cr_expect_str_eq(pickle_report_message(&rig->report, line, sizeof line), rows[i].line);
        pickle_report_message(&rig->report, narrow, sizeof narrow);
        cr_expect_eq(strncmp(narrow, rows[i].line, sizeof narrow - 1), 0);
        cr_expect_lt(strlen(narrow), sizeof narrow);
    }
    rig_close(rig);
}

Test(verify, each_limit_refuses_just_above_itself) {
    static const struct {
        const char *name;
        size_t limit; /* of the field in struct pickle_limits */
        uint64_t fits, refuses;
        struct bytes input;
        enum pickle_reason reason;
    } rows[] = {
#define ROW(field, fits, refuses, input, reason)                                                   \
    {#field, offsetof(struct pickle_limits, field), fits, refuses, BYTES(input), PICKLE_##reason}
        ROW(bytes_max, 2, 1, "N.", BYTES),
        ROW(opcodes_max, 4, 3, "N0N.", OPCODES),
        ROW(nesting_max, 3, 2, "]]]aa.", NESTING),
        ROW(nesting_late_max, 1, 0,
            "]\x94h\x00"
            "a.",
            NESTING_LATE),
        ROW(key_nesting_max, 2, 1, "})\x85Ns.", KEY_NESTING),
        ROW(key_cost_max, 4, 3, "}NNN\x87Ns.", KEY_COST),
        ROW(key_opaque_max, 1, 0, "}capp\nHashed\n)\x81}bNs.", KEY_OPAQUE),
        ROW(key_opaque_max, 1, 0, "cbuiltins\nset\n]capp\nHashed\n)\x81}ba\x85R.", KEY_OPAQUE),
        ROW(memo_skip_max, 2, 1, "Nq\x02.", MEMO_INDEX),
        ROW(digits_max, 3, 2, "I123\n.", DIGITS),
        ROW(long_bytes_max, 9, 8, "\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01.", LONG_BYTES),
        ROW(expanded_max, 4, 3, "]]aNa.", EXPANDED),
#undef ROW
    };
    struct rig *rig = rig_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t *field = (uint64_t *)((char *)&rig->limits + rows[i].limit);
        rig->limits = PICKLE_LIMITS_DEFAULT;
        *field = rows[i].fits;
        cr_expect_eq(verify(rig, rows[i].input), BRINE_OK, "%s fits: %s", rows[i].name,
                     pickle_reason_rule(rig->report.reason));
        *field = rows[i].refuses;
        cr_expect_eq(verify(rig, rows[i].input), BRINE_TOO_BIG, "%s", rows[i].name);
        cr_expect_eq(rig->report.reason, rows[i].reason, "%s is %s", rows[i].name,
                     pickle_reason_rule(rig->report.reason));
    }
    rig_close(rig);
}

Test(verify, the_limit_of_probes_is_a_multiple_of_the_keys) {
    enum { KEYS = 2000, KEY_BYTES = 11, VALUE_BYTES = 1 };
    static uint8_t input[2 + KEYS * (KEY_BYTES + VALUE_BYTES) + 2];
    size_t len = 0;
    input[len++] = '}';
    input[len++] = '(';
    for (uint64_t i = 1; i <= KEYS; i++) { /* LONG1: i * (2**61 - 1), whose hash is 0 */
        unsigned __int128 key = (unsigned __int128)i * (((uint64_t)1 << 61) - 1);
        input[len++] = 0x8a;
        input[len++] = KEY_BYTES - 2;
        for (size_t j = 0; j < KEY_BYTES - 2; j++) input[len++] = (uint8_t)(key >> 8 * j);
        input[len++] = 'N';
    }
    input[len++] = 'u';
    input[len++] = '.';
    struct rig *rig = rig_open();
    cr_expect_eq(verify(rig, bytes_view(input, len)), BRINE_TOO_BIG);
    cr_expect_eq(rig->report.reason, PICKLE_KEY_COLLISIONS);
    rig->limits.key_probes_max = KEYS;
    cr_expect_eq(verify(rig, bytes_view(input, len)), BRINE_OK);
    rig_close(rig);
}

Test(verify, the_heap_limit_is_the_greater_of_a_free_part_and_a_ratio) {
    struct rig *rig = rig_open();
    rig->limits.heap_free = 0;
    rig->limits.heap_ratio = 400;
    cr_expect_eq(verify(rig, BYTES("\x8f.")), BRINE_OK);
    rig->limits.heap_ratio = 50;
    cr_expect_eq(verify(rig, BYTES("\x8f.")), BRINE_TOO_BIG);
    cr_expect_eq(rig->report.reason, PICKLE_HEAP);
    rig->limits.heap_free = 1000;
    cr_expect_eq(verify(rig, BYTES("\x8f.")), BRINE_OK);
    rig_close(rig);
}

Test(verify, shared_parts_count_each_time_when_that_is_limited) {
    struct rig *rig = rig_open();
    rig->limits.expanded_max = 1000;
    cr_expect_eq(verify(rig, BYTES(")\x85"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86.")),
                 BRINE_OK);
    cr_expect_eq(verify(rig, BYTES("](NNNNe2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86"
                                   "2\x86.")),
                 BRINE_TOO_BIG);
    /* A part that grows after it was nested cannot be counted. */
    cr_expect_eq(verify(rig, BYTES("]q\x00h\x00\x86q\x01"
                                   "0h\x00Na0h\x01.")),
                 BRINE_TOO_BIG);
    /* So does an instance that gets its state afterwards, whatever that holds. */
    cr_expect_eq(verify(rig, BYTES("]q\x01"
                                   "capp\nReads\n)\x81q\x00"
                                   "a0h\x00](Va\nNeb0h\x01.")),
                 BRINE_TOO_BIG);
    rig_close(rig);
}

/* Refuses the nth request. */
struct failing {
    struct allocator allocator;
    size_t left;
};

static void *failing_resize(struct allocator *self, void *old, size_t old_bytes, size_t new_bytes) {
    struct failing *failing = (struct failing *)self;
    if (new_bytes > old_bytes && failing->left-- == 0) {
        failing->left = 0;
        return NULL;
    }
    return mem_system()->resize(mem_system(), old, old_bytes, new_bytes);
}

Test(verify, refused_memory_is_an_answer_wherever_it_happens) {
    static const struct bytes input =
        BYTES("\x80\x02}(c__builtin__\ngetattr\ncapp\nOuter\nX\x05\x00\x00\x00Inner\x86R)\x81}U\x01"
              "aNsbq\x01K\x01\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01Nu.");
    struct rig *rig = rig_open();
    size_t refusals = 0;
    for (size_t nth = 0;; nth++) {
        struct failing failing = {.allocator.resize = failing_resize, .left = nth};
        struct pickle_scratch scratch;
        pickle_scratch_init(&scratch, &failing.allocator, 1 << 26);
        scratch.collect_keys = true;
        enum brine_status status =
            pickle_verify(input, &rig->policy.policy, &rig->limits, &scratch, &rig->report);
        pickle_scratch_deinit(&scratch);
        cr_expect(status == BRINE_NO_MEMORY || status == BRINE_MALFORMED || status == BRINE_DENIED,
                  "%s", pickle_reason_rule(rig->report.reason));
        if (status != BRINE_NO_MEMORY) break;
        refusals++;
    }
    cr_expect_gt(refusals, 6);
    rig_close(rig);
}

Test(verify, a_scratch_is_bounded_and_reused_without_allocating) {
    struct rig *rig = rig_open();
    uint8_t marks[5000];
    memset(marks, '(', sizeof marks);
    pickle_scratch_deinit(&rig->scratch);
    pickle_scratch_init(&rig->scratch, mem_system(), 8192);
    cr_expect_eq(verify(rig, bytes_view(marks, sizeof marks)), BRINE_TOO_BIG);
    cr_expect_eq(rig->report.reason, PICKLE_SCRATCH);
    cr_expect_leq(rig->scratch.taken_bytes, 8192);
    pickle_scratch_deinit(&rig->scratch);

    struct failing failing = {.allocator.resize = failing_resize, .left = SIZE_MAX};
    pickle_scratch_init(&rig->scratch, &failing.allocator, 1 << 26);
    cr_assert_eq(verify(rig, user_with_state), BRINE_OK);
    failing.left = 0;
    cr_expect_eq(verify(rig, user_with_state), BRINE_OK);
    failing.left = SIZE_MAX;
    pickle_scratch_trim(&rig->scratch, 1 << 26);
    cr_expect_gt(rig->scratch.taken_bytes, 0);
    pickle_scratch_trim(&rig->scratch, 0);
    cr_expect_eq(rig->scratch.taken_bytes, 0);
    cr_expect_eq(verify(rig, user_with_state), BRINE_OK);
    rig_close(rig);
}

Test(verify, a_change_inside_a_payload_of_bytes_changes_nothing) {
    uint8_t input[] = "\x80\x04"
                      "B\x08\x00\x00\x00xxxxxxxx\x94.";
    struct rig *rig = rig_open();
    for (size_t at = 7; at < 15; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            input[at] = (uint8_t)byte;
            cr_expect_eq(verify(rig, bytes_view(input, sizeof input - 1)), BRINE_OK);
        }
    rig_close(rig);
}

Test(verify, an_entry_limits_the_shape_of_arguments) {
    static const struct {
        const char *shape;
        struct bytes args;
        bool fits;
    } rows[] = {
        {"", BYTES(")"), true},
        {"", BYTES("N\x85"), false},
        {"n", BYTES("N\x85"), true},
        {"n", BYTES(")"), false},
        {"n", BYTES("NN\x86"), false},
        {"ni?", BYTES("N\x85"), true},
        {"ni?", BYTES("NK\x01\x86"), true},
        {"ni?", BYTES("NN\x86"), false},
        {"s*", BYTES(")"), true},
        {"s*", BYTES("Va\nVb\n\x86"), true},
        {"s*", BYTES("Va\nN\x86"), false},
        {"a", BYTES("]\x85"), true},
        {"ldtb", BYTES("(]})C\x00t"), true},
        {"f", BYTES("K\x01\x85"), true},
        {"o", BYTES("\x88\x85"), true},
        {"o", BYTES("K\x01\x85"), false},
        {"v", BYTES("K\x01\x85"), true},
        {"v", BYTES("]\x85"), false},
        {"q", BYTES(")\x85"), true},
        {"q", BYTES("}\x85"), false},
        {"m", BYTES("N\x85"), true},
        {"m", BYTES("K\x01\x85"), false},
        {"e", BYTES("\x8f\x85"), true},
        {"i?s?", BYTES("Va\n\x85"), false},
    };
    struct rig *rig = rig_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t input[64] = "capp\nCheck\n";
        size_t length = 11;
        rig->policy.entries[0] = (struct policy_entry){.module = BYTES("app"),
                                                       .name = BYTES("Check"),
                                                       .rights = POLICY_CALL,
                                                       .shape = bytes_of_cstr(rows[i].shape)};
        rig->policy.count = 1;
        cr_assert(test_policy_index(&rig->policy));
        bytes_copy_to(input + length, rows[i].args);
        length += rows[i].args.len;
        bytes_copy_to(input + length, BYTES("R."));
        enum brine_status status = verify(rig, bytes_view(input, length + 2));
        cr_expect_eq(status == BRINE_OK, rows[i].fits, "row %zu '%s': %s", i, rows[i].shape,
                     pickle_reason_rule(rig->report.reason));
    }
    rig_close(rig);
}

Test(verify, an_entry_may_list_the_globals_that_its_arguments_may_be) {
    static const struct policy_name only[] = {{BYTES("app"), BYTES("User")}};
    struct rig *rig = rig_open();
    rig->policy.count = 3;
    rig->policy.entries[0] = (struct policy_entry){.module = BYTES("app"),
                                                   .name = BYTES("make"),
                                                   .rights = POLICY_CALL,
                                                   .only = only,
                                                   .only_count = 1};
    rig->policy.entries[1] = (struct policy_entry){
        .module = BYTES("app"), .name = BYTES("User"), .rights = POLICY_CLASS};
    rig->policy.entries[2] = (struct policy_entry){
        .module = BYTES("app"), .name = BYTES("Other"), .rights = POLICY_CLASS};
    cr_assert(test_policy_index(&rig->policy));
    cr_expect_eq(verify(rig, BYTES("capp\nmake\ncapp\nUser\n\x85R.")), BRINE_OK);
    cr_expect_eq(verify(rig, BYTES("capp\nmake\nK\x01\x85R.")), BRINE_OK);
    cr_expect_eq(verify(rig, BYTES("capp\nmake\ncapp\nOther\n\x85R.")), BRINE_DENIED);
    cr_expect_eq(rig->report.reason, PICKLE_ARGUMENTS);
    rig_close(rig);
}

Test(verify, every_reason_has_a_rule_a_text_and_a_class) {
    for (int reason = PICKLE_ACCEPTED; reason <= PICKLE_NO_MEMORY; reason++) {
        cr_expect_gt(strlen(pickle_reason_rule((enum pickle_reason)reason)), 2);
        cr_expect_gt(strlen(pickle_class_name(pickle_reason_class((enum pickle_reason)reason))), 2);
    }
    cr_expect_str_eq(pickle_kind_name(PICKLE_KIND_LONG), "int");
    cr_expect_str_eq(pickle_kind_name((enum pickle_kind)0), "nothing");
}
