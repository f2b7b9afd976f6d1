/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The verifier is a loop around one step per opcode; here each step is tried, not sampled:
 *
 *   - every input of up to three bytes (two under ASan);
 *   - every opcode byte, with arguments at their boundaries and cut at every byte, behind every
 *     kind of state that the corpus and a generator lead to.
 *
 * Each input lies at the end of readable memory, and again at its beginning, so that a read beyond
 * it ends the program.  The loop is compiled once more with BRINE_CHECK_MACHINE; that one does no
 * two steps at once and hands the machine to machine_check() after each: the invariant of machine.h
 * holds, and the step has moved on.  Both loops say the same.  So, from any state reached: a step
 * reads only inside the input, keeps the invariant, advances, and the pass ends.  What is not
 * tried: states that no prefix of these leads to, and loops over slices longer than a few values.
 *
 * usage: exhaustive_step [STATES]      (1000; by hand 65536) */

#include "../unit/proto-pickle/policy_file.h"
#include "base/number.h"
#include "pickle/machine.h"

#include <glob.h>
#include <stdio.h>
#include <sys/mman.h>

#define CORPUS  "tests/corpus/pickle/"
#define STREAMS "tests/corpus/pickle_joblib/"

enum {
    PAGE_BYTES = 4096,
    STATE_BYTES_MAX = 300,
    STATES_MAX = 1 << 16,
    STATES_USUAL = 1000,
    TAIL_BYTES_MAX = 32,
    INPUT_BYTES_MAX = PAGE_BYTES,
    GENERATED = 3000,
    GENERATED_PARTS = 14,
};

/* With ASan an input costs five times as much, and what it looks for the pages around find too. */
#ifdef __SANITIZE_ADDRESS__
enum { SHORT_BYTES = 2 };
#else
enum { SHORT_BYTES = 3 };
#endif

/* An estimate that has met its end goes on to count in the order of the loop. */
static const uint64_t HEAP_SATURATES = UINT64_MAX / 2;

struct state {
    uint64_t signature;
    uint32_t len;
    uint32_t frame_at; /* of the open frame's opcode; 0: none */
    uint8_t bytes[STATE_BYTES_MAX];
};

/* What machine_check() sees and leaves; the hook has no argument for it. */
static struct witness {
    uint32_t at, frame_at;
    size_t steps;
    const char *broken;
    bool collect;
} witness;

static struct proof {
    struct test_policy policy;
    struct pickle_scratch scratch;
    struct pickle_report report;
    uint8_t *page; /* between two that cannot be read */
    struct state states[STATES_MAX];
    size_t states_count, states_max, inputs, failed;
} proof;

/* ---- the invariant of machine.h ---------------------------------------------------------------*/

static bool part_holds(const struct machine *m, struct pickle_value value) {
    if (value.kind < PICKLE_KIND_NONE || value.kind > PICKLE_KIND_INSTANCE) return false;
    bool in_input = value.kind == PICKLE_KIND_STR || value.kind == PICKLE_KIND_LONG ||
                    value.kind == PICKLE_KIND_BYTES || value.kind == PICKLE_KIND_BYTEARRAY;
    if (in_input && !(value.flags & VALUE_DERIVED))
        return value.b >= 1 && value.b <= m->at && value.a <= m->at - value.b;
    if (value.kind == PICKLE_KIND_GLOBAL || value.kind == PICKLE_KIND_METHOD)
        return value.a < m->globals_count;
    bool has_node = value.kind == PICKLE_KIND_PARTIAL || is_container(value);
    return !has_node || value.a < m->nodes_count;
}

static bool stack_holds(const struct machine *m) {
    const struct pickle_scratch *s = m->scratch;
    if (m->stack != s->stack || m->stack_cap != s->stack_cap) return false;
    if (m->top > m->stack_cap || m->fence > m->top || m->marks_count > s->marks_cap) return false;
    uint32_t below = 0;
    for (uint32_t i = 0; i < m->marks_count; i++) {
        if (s->marks[i] < below || s->marks[i] > m->fence) return false;
        below = s->marks[i];
    }
    if (m->marks_count == 0 ? m->fence != 0 : s->marks[0] != 0) return false;
    for (uint32_t i = 0; i < m->top; i++)
        if (!part_holds(m, m->stack[i])) return false;
    return true;
}

static bool memo_holds(const struct machine *m) {
    uint32_t entries = 0;
    if (m->memo_len > m->scratch->memo_cap) return false;
    for (uint32_t i = 0; i < m->memo_len; i++) {
        struct pickle_value value = m->scratch->memo[i];
        entries += value.kind != 0;
        if (value.kind != 0 && !part_holds(m, value)) return false;
    }
    return entries == m->memo_entries;
}

/* A tuple's cells hold values that were made before it. */
static bool cells_hold(const struct machine *m, uint32_t number) {
    const struct pickle_node *node = &m->nodes[number];
    if (node->first > m->cells_count || node->count > m->cells_count - node->first) return false;
    for (uint32_t i = 0; i < node->count; i++) {
        struct pickle_value part = m->cells[node->first + i];
        if (!part_holds(m, part) || (is_container(part) && part.a >= number)) return false;
    }
    return true;
}

static bool nodes_hold(const struct machine *m) {
    const struct pickle_scratch *s = m->scratch;
    if (m->nodes_count > s->nodes_cap || m->cells_count > s->cells_cap ||
        m->mores_count > s->mores_cap || m->keys_count > s->keys_cap ||
        m->names_count > s->names_cap || m->globals_count > s->globals_cap)
        return false;
    if (m->nodes != s->nodes || (m->cells_count > 0 && m->cells != s->cells)) return false;
    for (uint32_t i = 0; i < m->nodes_count; i++) {
        const struct pickle_node *node = &m->nodes[i];
        if (node->global != NO_GLOBAL && node->global >= m->globals_count) return false;
        if (node->more >= m->mores_count) return false;
        if (node->flags & NODE_TUPLE && !cells_hold(m, i)) return false;
    }
    return true;
}

static bool cursor_holds(const struct machine *m) {
    return m->op_at < m->at && m->at <= m->end && m->end <= m->len && m->op == m->data[m->op_at] &&
           (m->framed || m->end == m->len);
}

/* ---- states -----------------------------------------------------------------------------------*/

static uint64_t mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x9e3779b97f4a7c15u;
}

static uint64_t mix_value(const struct machine *m, uint64_t hash, struct pickle_value value) {
    hash = mix(hash, (uint64_t)value.kind << 8 | value.flags);
    if (!is_container(value)) return hash;
    const struct pickle_node *node = &m->nodes[value.a];
    hash = mix(hash, (uint64_t)node->flags << 4 | MIN(node->count, 3u));
    return node->global == NO_GLOBAL ? hash
                                     : mix(hash, m->scratch->globals[node->global].entry->rights);
}

/* States that a step may tell apart: what lies on top, marks, memo, frame, protocol. */
static uint64_t signature_of(const struct machine *m) {
    enum { LOOKED_AT = 4 };
    uint64_t hash = mix(m->proto, (uint64_t)m->framed << 1 | m->inside);
    hash = mix(hash, MIN(m->marks_count, 2u));
    hash = mix(hash, MIN(m->memo_len, 2u));
    hash = mix(hash, MIN(m->top - m->fence, 5u));
    for (uint32_t i = 0; i < LOOKED_AT && i < m->top; i++)
        hash = mix_value(m, hash, m->stack[m->top - 1 - i]);
    return hash;
}

static void collect_state(const struct machine *m) {
    uint64_t signature = signature_of(m);
    if (m->at > STATE_BYTES_MAX || proof.states_count >= proof.states_max) return;
    for (size_t i = 0; i < proof.states_count; i++)
        if (proof.states[i].signature == signature) return;
    struct state *state = &proof.states[proof.states_count++];
    state->signature = signature;
    state->len = m->at;
    state->frame_at = m->framed ? witness.frame_at : 0;
    bytes_copy_to(state->bytes, bytes_view(m->data, m->at));
}

void machine_check(const struct machine *m) {
    witness.steps++;
    if (m->op == PICKLE_OP_FRAME) witness.frame_at = m->op_at;
    if (m->at <= witness.at) witness.broken = "a step did not advance";
    if (!cursor_holds(m)) witness.broken = "the cursor is outside the input";
    if (!stack_holds(m)) witness.broken = "the stack";
    if (!memo_holds(m)) witness.broken = "the memo";
    if (!nodes_hold(m)) witness.broken = "nodes and cells";
    witness.at = m->at;
    if (witness.collect && !witness.broken) collect_state(m);
}

/* ---- one input --------------------------------------------------------------------------------*/

static void fail(struct bytes input, const char *why) {
    if (proof.failed++ >= 10) return;
    fprintf(stderr, "failed: %s:", why);
    for (size_t i = 0; i < input.len; i++) fprintf(stderr, " %02x", input.data[i]);
    fputc('\n', stderr);
}

/* pickle_verify() of the loop that hands its steps on. */
enum brine_status pickle_verify_checked(struct bytes input, const struct policy *policy,
                                        const struct pickle_limits *limits,
                                        struct pickle_scratch *scratch,
                                        struct pickle_report *report);
typedef enum brine_status verifier(struct bytes input, const struct policy *policy,
                                   const struct pickle_limits *limits,
                                   struct pickle_scratch *scratch, struct pickle_report *report);

static enum pickle_reason verify_at(verifier *verify, uint8_t *place, struct bytes input) {
    memmove(place, input.data, input.len);
    witness.at = 0;
    witness.broken = NULL;
    enum brine_status status = verify(bytes_view(place, input.len), &proof.policy.policy,
                                      &PICKLE_LIMITS_DEFAULT, &proof.scratch, &proof.report);
    const struct pickle_report *r = &proof.report;
    bool accepted = status == BRINE_OK;
    if (witness.broken) fail(input, witness.broken);
    if (accepted != (r->reason == PICKLE_ACCEPTED)) fail(input, "status and reason differ");
    if (r->offset > input.len || r->opcodes > input.len) fail(input, "more than the input");
    if (accepted && input.data[input.len - 1] != PICKLE_OP_STOP) fail(input, "accepted, no STOP");
    return r->reason;
}

/* The input at the end of what can be read, step by step and as it is in use; and at its beginning.
 */
static void try_input(struct bytes input) {
    uint8_t *at_end = proof.page + PAGE_BYTES - input.len;
    proof.inputs++;
    enum pickle_reason checked = verify_at(pickle_verify_checked, at_end, input);
    struct pickle_report first = proof.report;
    for (int i = 0; i < 2; i++) {
        enum pickle_reason reason = verify_at(pickle_verify, i ? proof.page : at_end, input);
        const struct pickle_report *r = &proof.report;
        if (reason != checked || r->offset != first.offset) fail(input, "two verdicts");
        if (r->opcodes != first.opcodes) fail(input, "two counts of opcodes");
        if (MIN(r->heap_bytes, HEAP_SATURATES) != MIN(first.heap_bytes, HEAP_SATURATES))
            fail(input, "two estimates");
        bool same = r->memo_entries == first.memo_entries && r->nesting == first.nesting &&
                    r->globals_count == first.globals_count &&
                    r->protocol_needed == first.protocol_needed;
        if (!same) fail(input, "two sets of facts");
    }
}

static void try_all_short(void) {
    uint8_t bytes[SHORT_BYTES];
    try_input(bytes_view(bytes, 0));
    for (uint32_t len = 1; len <= sizeof bytes; len++) {
        for (uint32_t value = 0; value < 1u << (8 * len); value++) {
            for (uint32_t i = 0; i < len; i++) bytes[i] = (uint8_t)(value >> (8 * i));
            try_input(bytes_view(bytes, len));
        }
    }
}

/* ---- every opcode behind a state --------------------------------------------------------------*/

static void try_behind(const struct state *state, uint8_t op, struct bytes tail) {
    uint8_t input[STATE_BYTES_MAX + 1 + TAIL_BYTES_MAX];
    bytes_copy_to(input, bytes_view(state->bytes, state->len));
    input[state->len] = op;
    bytes_copy_to(input + state->len + 1, tail);
    uint32_t len = state->len + 1 + (uint32_t)tail.len;
    if (state->frame_at == 0) {
        try_input(bytes_view(input, len));
        return;
    }
    /* An open frame ends with the input, or behind the opcode's byte. */
    for (uint32_t end = state->len + 1; end <= len; end += MAX(len - state->len - 1, 1u)) {
        uint64_t frame = end - state->frame_at - 9;
        memcpy(input + state->frame_at + 1, &frame, sizeof frame);
        try_input(bytes_view(input, len));
    }
}

static void try_cuts(const struct state *state, uint8_t op, struct bytes tail) {
    for (size_t cut = 0; cut <= tail.len; cut++) try_behind(state, op, bytes_slice(tail, 0, cut));
}

/* Lengths and numbers at their boundaries, before bytes that can be text, lines and opcodes. */
static void try_numbers(const struct state *state, uint8_t op, size_t width) {
    static const uint64_t cut[] = {0, 1, 5, 6, 7, UINT64_MAX};
    static const uint64_t whole[] = {2,        0x7f,      0x80,       0xff,
                                     0x100,    0xffff,    1 << 16,    INT32_MAX,
                                     1u << 31, INT64_MAX, 1ull << 63, UINT32_MAX};
    static const char behind[] = "app\n.)", no_text[] = "\xc3\x28\xff\xed\xa0\x80";
    uint8_t tail[TAIL_BYTES_MAX];
    struct bytes view = bytes_view(tail, width + sizeof behind - 1);
    for (size_t i = 0; i < ARRAY_LEN(cut) + ARRAY_LEN(whole); i++) {
        bool is_cut = i < ARRAY_LEN(cut);
        uint64_t value = is_cut ? cut[i] : whole[i - ARRAY_LEN(cut)];
        memcpy(tail, &value, width);
        memcpy(tail + width, behind, sizeof behind - 1);
        if (is_cut)
            try_cuts(state, op, view);
        else
            try_behind(state, op, view);
        memcpy(tail + width, no_text, sizeof no_text - 1);
        try_behind(state, op, view);
    }
}

static void try_lines(const struct state *state, uint8_t op) {
    static const char *const cut[] = {"1\n.",          "'a\\x41'\n.",   "app\nUser\n.",
                                      "\\u0041\\n\n.", "-12345678L\n.", "-1.5e+300\n."};
    static const char *const whole[] = {"\n.",
                                        "\n\n.",
                                        "01\n.",
                                        "00\n.",
                                        "0x1\n.",
                                        "+1\n.",
                                        "1_0\n.",
                                        "-\n.",
                                        "e\n.",
                                        "nan\n.",
                                        "1e999\n.",
                                        "'\n.",
                                        "'\\'\n.",
                                        "\"a'\n.",
                                        "'\\777'\n.",
                                        "'\\xg'\n.",
                                        "\\u00\n.",
                                        "\\Uffffffff\n.",
                                        "\xff\n\xfe\n.",
                                        "os\nsystem\n.",
                                        "app\nUser.Inner\n.",
                                        "9999999999999999999L\n.",
                                        "1 \n.",
                                        "1\r\n."};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++) try_cuts(state, op, bytes_of_cstr(cut[i]));
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) try_behind(state, op, bytes_of_cstr(whole[i]));
}

static void try_opcodes(const struct state *state) {
    for (unsigned op = 0; op < 256; op++) {
        const struct pickle_opcode *row = pickle_opcode((uint8_t)op);
        size_t width = pickle_argument_width(row->argument);
        if (!row->name || row->argument == PICKLE_ARG_NONE)
            try_cuts(state, (uint8_t)op, BYTES("."));
        else if (width > 0)
            try_numbers(state, (uint8_t)op, width);
        else
            try_lines(state, (uint8_t)op);
    }
}

/* ---- where states come from -------------------------------------------------------------------*/

static void collect_from_file(const char *path) {
    static uint8_t bytes[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : sizeof bytes;
    if (file) fclose(file);
    if (len < sizeof bytes)
        (void)verify_at(pickle_verify_checked, proof.page, bytes_view(bytes, len));
}

/* Neighbours by name are of one class: what is far apart comes first, for there may not be room for
 * all. */
static void collect_from_corpus(const char *pattern) {
    enum { APART = 31 };
    glob_t files;
    if (glob(pattern, 0, NULL, &files) != 0) return;
    for (size_t from = 0; from < APART; from++)
        for (size_t i = from; i < files.gl_pathc; i += APART) collect_from_file(files.gl_pathv[i]);
    globfree(&files);
}

#define PART(text)                                                                                 \
    { (const uint8_t *)(text), sizeof(text) - 1 }

/* Put together at random; a part that the machine refuses is taken away again. */
static void collect_generated(void) {
    static const struct bytes parts[] = {PART("N"),
                                         PART("\x88"),
                                         PART("K\x01"),
                                         PART("J\xff\xff\xff\xff"),
                                         PART("\x8a\x09\1\2\3\4\5\6\7\x08\x09"),
                                         PART("G?\xf0\0\0\0\0\0\0"),
                                         PART("\x8c\x01"
                                              "a"),
                                         PART("X\x0a\0\0\0__setstate"),
                                         PART("U\x01"
                                              "b"),
                                         PART("V\\u0041\n"),
                                         PART("C\x02xy"),
                                         PART("\x96\x01\0\0\0\0\0\0\0x"),
                                         PART("]"),
                                         PART("}"),
                                         PART(")"),
                                         PART("\x8f"),
                                         PART("("),
                                         PART("("),
                                         PART("\x85"),
                                         PART("\x86"),
                                         PART("\x87"),
                                         PART("t"),
                                         PART("l"),
                                         PART("d"),
                                         PART("\x91"),
                                         PART("\x90"),
                                         PART("a"),
                                         PART("e"),
                                         PART("s"),
                                         PART("u"),
                                         PART("0"),
                                         PART("1"),
                                         PART("2"),
                                         PART("\x94"),
                                         PART("q\0"),
                                         PART("h\0"),
                                         PART("R"),
                                         PART("\x81"),
                                         PART("\x92"),
                                         PART("b"),
                                         PART("o"),
                                         PART("capp\nUser\n"),
                                         PART("capp\nStack\n"),
                                         PART("capp\nAttrs\n"),
                                         PART("capp\nReads\n"),
                                         PART("capp\nhelper\n"),
                                         PART("capp\nUser\n)\x81"),
                                         PART("capp\nStack\n)\x81"),
                                         PART("capp\nBag\n)\x81"),
                                         PART("capp\nBoth\n)R"),
                                         PART("cbuiltins\ngetattr\n"),
                                         PART("cbuiltins\nset\n"),
                                         PART("ccollections\ndeque\n)R"),
                                         PART("cfunctools\npartial\n"),
                                         PART("cnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87R"),
                                         PART("cnumpy\nndarray\n"),
                                         PART("\x95\x40\0\0\0\0\0\0\0")};
    uint64_t random = 88172645463325252u;
    uint8_t bytes[STATE_BYTES_MAX + 64] = "\x80\x04";
    for (int round = 0; round < GENERATED; round++) {
        size_t len = round % 3 ? 2 : 0;
        for (int part = 0; part < GENERATED_PARTS; part++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            struct bytes piece = parts[random % ARRAY_LEN(parts)];
            if (len + piece.len > STATE_BYTES_MAX) break;
            bytes_copy_to(bytes + len, piece);
            bool frame = piece.data[0] == 0x95;
            memset(bytes + len + piece.len, 'N', frame ? 64 : 0);
            size_t whole = len + piece.len + (frame ? 64 : 0);
            bool goes_on = verify_at(pickle_verify_checked, proof.page, bytes_view(bytes, whole)) ==
                           PICKLE_END_AT_OPCODE;
            if (goes_on && !frame) len += piece.len;
        }
    }
}

/* ---- the whole --------------------------------------------------------------------------------*/

static bool set_up(void) {
    uint8_t *pages = mmap(NULL, 3 * (size_t)PAGE_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    proof.page = pages + PAGE_BYTES;
    pickle_scratch_init(&proof.scratch, mem_system(), (size_t)1 << 28);
    return mprotect(pages, PAGE_BYTES, PROT_NONE) == 0 &&
           mprotect(pages + 2 * PAGE_BYTES, PAGE_BYTES, PROT_NONE) == 0 &&
           test_policy_load(&proof.policy, CORPUS "POLICY");
}

static void try_states(const char *what, size_t from_corpus) {
    size_t inputs = proof.inputs, steps = witness.steps;
    for (size_t i = 0; i < proof.states_count; i++) {
        proof.scratch.collect_keys = i % 2;
        try_opcodes(&proof.states[i]);
    }
    printf("every opcode behind %zu states of %s (%zu of the corpus): %zu inputs, %zu steps\n",
           proof.states_count, what, from_corpus, proof.inputs - inputs, witness.steps - steps);
    if (witness.steps == steps) fail(bytes_view(NULL, 0), "no step was seen");
}

static void try_pickles(size_t states) {
    proof.states_max = states - states / 4; /* of the corpus */
    witness.collect = true;
    collect_from_corpus(CORPUS "*.pkl");
    size_t from_corpus = proof.states_count;
    proof.states_max = states;
    collect_generated();
    witness.collect = false;
    try_states("pickles", from_corpus);
}

/* The array streams of joblib, with raw bytes and second pickles among the opcodes. */
static void try_array_streams(size_t states) {
    proof.states_count = 0;
    proof.states_max = states / 5;
    proof.scratch.joblib_arrays = true;
    witness.collect = true;
    collect_from_corpus(STREAMS "*.pkl");
    witness.collect = false;
    try_states("array streams", proof.states_count);
}

int main(int argc, char **argv) {
    uint64_t states = STATES_USUAL;
    bool understood = argc < 2 || number_parse_u64(bytes_of_cstr(argv[1]), &states);
    states = MIN(states, (uint64_t)STATES_MAX);
    if (!understood || !set_up()) {
        puts("0 passed, 1 failed");
        return EXIT_FAILURE;
    }
    try_all_short();
    printf("every input of up to %d bytes: %zu inputs, %zu steps\n", SHORT_BYTES, proof.inputs,
           witness.steps);
    try_pickles(states);
    try_array_streams(states);
    pickle_scratch_deinit(&proof.scratch);
    printf("%zu passed, %zu failed\n", proof.inputs - MIN(proof.failed, proof.inputs),
           proof.failed);
    return proof.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
