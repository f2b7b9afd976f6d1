/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A loop around one step per opcode.  A step reads only inside [at, end), keeps the invariant of
 * machine.h, and the loop moves on by at least the opcode's byte each turn, so the pass ends. Steps
 * hold no loop but over the slice that they consume.
 *
 * Frequent opcodes have a short way here, with what they touch in registers.  A short way does what
 * the step would do in the cases that it covers, and leaves all others to the step. */

#include "pickle/machine.h"

const struct pickle_limits PICKLE_LIMITS_DEFAULT = {
#define L(field, value, doc) .field = value,
    PICKLE_LIMITS(L)
#undef L
};

/* What the loop needs to know of a byte; from the opcode table. */
struct op_cost {
    uint16_t heap;
    uint8_t protocol; /* the bit of the one that has it */
};
static const struct op_cost op_costs[256] = {
#define OP(name, byte, argument, in, out, proto, effect, heap, doc) [byte] = {heap, 1 << (proto)},
    PICKLE_OPCODES(OP)
#undef OP
};

/* --- refusing --- */

bool refuse(struct machine *m, enum pickle_reason reason) {
    m->report->reason = reason;
    m->report->offset = m->op_at;
    return false;
}

bool refuse_global(struct machine *m, enum pickle_reason reason, uint32_t global) {
    if (global != NO_GLOBAL) {
        const struct pickle_global *found = &m->scratch->globals[global];
        m->report->module = found->module;
        m->report->name = found->name;
        m->report->entry = found->entry;
    }
    return refuse(m, reason);
}

bool refuse_limit(struct machine *m, enum pickle_reason reason, uint64_t value, uint64_t limit) {
    m->report->value = value;
    m->report->limit = limit;
    return refuse(m, reason);
}

bool global_is(const struct machine *m, uint32_t global, const char *module, const char *name) {
    if (global == NO_GLOBAL) return false;
    const struct pickle_global *found = &m->scratch->globals[global];
    return bytes_equal(found->name, bytes_of_cstr(name)) &&
           bytes_equal(found->module, bytes_of_cstr(module));
}

/* --- memory --- */

bool grow(struct machine *m, void **array, uint32_t *cap, size_t item_bytes, uint32_t need) {
    enum { FIRST_ITEMS = 64 };
    struct pickle_scratch *scratch = m->scratch;
    uint64_t wanted = MAX((uint64_t)FIRST_ITEMS, (uint64_t)*cap * 2);
    while (wanted < need) wanted *= 2;
    if (wanted > UINT32_MAX) wanted = UINT32_MAX;
    size_t old_bytes = (size_t)*cap * item_bytes, new_bytes = (size_t)wanted * item_bytes;
    size_t left = scratch->limit_bytes - scratch->taken_bytes;
    if (new_bytes - old_bytes > left)
        return refuse_limit(m, PICKLE_SCRATCH, scratch->taken_bytes + (new_bytes - old_bytes),
                            scratch->limit_bytes);
    void *grown = mem_resize(scratch->mem, *array, old_bytes, new_bytes);
    if (!grown) return refuse(m, PICKLE_NO_MEMORY);
    *array = grown;
    *cap = (uint32_t)wanted;
    scratch->taken_bytes += new_bytes - old_bytes;
    return true;
}

static inline bool more_new(struct machine *m) {
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->mores, scratch->mores_cap, m->mores_count + 1)) return false;
    scratch->mores[m->mores_count++] = (struct pickle_more){.names = NO_KEY};
    return true;
}

struct pickle_more *more_of(struct machine *m, uint32_t node) {
    if (m->nodes[node].more == 0) {
        if (!more_new(m)) return NULL;
        m->nodes[node].more = m->mores_count - 1;
    }
    return &m->scratch->mores[m->nodes[node].more];
}

#define EACH_ARRAY(X)                                                                              \
    X(stack)                                                                                       \
    X(marks)                                                                                       \
    X(memo)                                                                                        \
    X(nodes)                                                                                       \
    X(mores)                                                                                       \
    X(cells) X(keys) X(names) X(table) X(globals) X(other_stack) X(other_marks) X(other_memo)

void pickle_scratch_init(struct pickle_scratch *scratch, struct allocator *mem,
                         size_t limit_bytes) {
    *scratch = (struct pickle_scratch){.mem = mem, .limit_bytes = limit_bytes};
    arena_init(&scratch->text, mem, limit_bytes);
}

void pickle_scratch_deinit(struct pickle_scratch *scratch) {
#define X(array)                                                                                   \
    mem_free(scratch->mem, scratch->array, (size_t)scratch->array##_cap * sizeof *scratch->array);
    EACH_ARRAY(X)
#undef X
    arena_deinit(&scratch->text);
    *scratch = (struct pickle_scratch){0};
}

void pickle_scratch_trim(struct pickle_scratch *scratch, size_t keep_bytes) {
    if (scratch->taken_bytes + scratch->text.taken_bytes <= keep_bytes) return;
    struct allocator *mem = scratch->mem;
    size_t limit_bytes = scratch->limit_bytes;
    bool collect_keys = scratch->collect_keys, joblib_arrays = scratch->joblib_arrays;
    bool collect_fingerprints = scratch->collect_fingerprints;
    pickle_scratch_deinit(scratch);
    pickle_scratch_init(scratch, mem, limit_bytes);
    scratch->collect_keys = collect_keys;
    scratch->collect_fingerprints = collect_fingerprints;
    scratch->joblib_arrays = joblib_arrays;
}

/* --- the loop --- */

/* What each opcode touches, held in registers: a local of run() whose address goes to inlined
 * functions only.  `at` stands on the opcode until it has been done, so that a short way that does
 * not cover a case leaves everything as it was for the long way, step_opcode().  The steps see the
 * cursor after save(), and load() takes it back. */
struct cursor {
    const uint8_t *at, *end;
    struct pickle_value *top, *fence, *cap;
    struct pickle_value *memo, *memo_next, *memo_cap; /* cap: no room while the memo has holes */
    uint64_t heap;                                    /* what is not yet in the machine's */
    uint64_t counts; /* opcodes, times OPCODE_COUNTED; below that the protocols that they needed */
};

enum { OPCODE_COUNTED = 1 << 8 };

#define HOT static inline __attribute__((always_inline))

HOT void count(struct cursor *c, uint8_t op) {
    c->heap += op_costs[op].heap;
    c->counts = (c->counts + OPCODE_COUNTED) | op_costs[op].protocol;
}

HOT uint32_t memo_count(const struct cursor *c) {
    return (uint32_t)(c->memo_next - c->memo);
}

HOT void save(struct machine *m, struct cursor *c) {
    m->op_at = (uint32_t)(c->at - m->data);
    m->at = m->op_at + 1;
    m->top = (uint32_t)(c->top - m->stack);
    m->fence = (uint32_t)(c->fence - m->stack);
    m->memo_entries += memo_count(c) - m->memo_len;
    m->memo_len = memo_count(c);
    m->opcodes = c->counts / OPCODE_COUNTED;
    m->protocols = c->counts % OPCODE_COUNTED;
    m->heap += c->heap;
    c->heap = 0;
}

HOT void load_stack(const struct machine *m, struct cursor *c) {
    c->top = m->stack + m->top;
    c->fence = m->stack + m->fence;
    c->cap = m->stack + m->stack_cap;
}

HOT void load(struct machine *m, struct cursor *c) {
    c->at = m->data + m->at;
    c->end = m->data + m->end;
    load_stack(m, c);
    c->memo = m->scratch->memo ? m->scratch->memo : m->stack; /* any place for none */
    c->memo_next = c->memo + m->memo_len;
    c->memo_cap = c->memo + (m->memo_entries == m->memo_len ? m->scratch->memo_cap : 0);
}

/* The limits that every opcode counts towards; looked at where memory may grow and at STOP. */
HOT bool check_counts(struct machine *m) {
    if (UNLIKELY(m->opcodes > m->limits->opcodes_max))
        return refuse_limit(m, PICKLE_OPCODES, m->opcodes, m->limits->opcodes_max);
    return check_heap(m);
}

HOT bool has_room(const struct cursor *c) {
    return LIKELY(c->top != c->cap);
}

/* The opcode's argument of `width` bytes lies before the end. */
HOT bool has(const struct cursor *c, unsigned width) {
    return LIKELY(c->end - c->at > (ptrdiff_t)width);
}

/* The opcode that often comes next is done along, but for the checked loop, which goes one by one.
 */
HOT bool comes_next(const struct cursor *c, uint8_t op) {
    return !BRINE_CHECK_MACHINE && c->at != c->end && *c->at == op;
}

/* Picklers memoize what they have just made: that opcode is done along with the one before it. */
HOT void memoize_next(struct cursor *c) {
    if (!comes_next(c, PICKLE_OP_MEMOIZE) || c->memo_next >= c->memo_cap) return;
    *c->memo_next++ = c->top[-1];
    count(c, PICKLE_OP_MEMOIZE);
    c->at++;
}

HOT bool push_fast(struct cursor *c, enum pickle_kind kind, uint64_t b) {
    if (!has_room(c)) return false;
    value_write(c->top++, kind, 0, b);
    c->at++;
    return true;
}

HOT bool empty_tuple_fast(struct cursor *c) {
    if (!has_room(c)) return false;
    value_write(c->top++, PICKLE_KIND_TUPLE, EMPTY_TUPLE_NODE, 0);
    c->at++;
    return true;
}

HOT bool text_fast(struct machine *m, struct cursor *c, unsigned width) {
    const uint8_t *text = c->at + 1 + width;
    ptrdiff_t left = c->end - c->at - (ptrdiff_t)(1 + width);
    if (UNLIKELY(left < 0) || !has_room(c)) return false;
    uint64_t length = load_le(c->at + 1, width);
    if (UNLIKELY((uint64_t)left < length)) return false;
    if (UNLIKELY(!ascii_valid_within(text, length, (uint64_t)left))) return false;
    value_write(c->top++, PICKLE_KIND_STR, (uint32_t)length, (uint64_t)(text - m->data));
    c->heap += length;
    c->at = text + length;
    memoize_next(c);
    return true;
}

HOT bool bytes_fast(struct machine *m, struct cursor *c, unsigned width) {
    const uint8_t *bytes = c->at + 1 + width;
    ptrdiff_t left = c->end - c->at - (ptrdiff_t)(1 + width);
    if (UNLIKELY(left < 0) || !has_room(c)) return false;
    uint64_t length = load_le(c->at + 1, width);
    if (UNLIKELY((uint64_t)left < length)) return false;
    value_write(c->top++, PICKLE_KIND_BYTES, (uint32_t)length, (uint64_t)(bytes - m->data));
    m->seen_bytes = true;
    c->heap += length;
    c->at = bytes + length;
    memoize_next(c);
    return true;
}

HOT bool ints_fast(struct cursor *c, uint8_t op, unsigned width, bool is_signed) {
    do {
        if (!has(c, width)) return false;
        uint64_t value = load_le(c->at + 1, width);
        if (is_signed) value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
        if (!push_fast(c, PICKLE_KIND_INT, value)) return false;
        c->at += width;
        count(c, op);
    } while (comes_next(c, op));
    return true;
}

HOT bool floats_fast(struct cursor *c) {
    do {
        if (!has(c, 8)) return false;
        uint64_t bits = __builtin_bswap64(load_le(c->at + 1, 8));
        if (!push_fast(c, PICKLE_KIND_FLOAT, bits)) return false;
        c->at += 8;
        count(c, PICKLE_OP_BINFLOAT);
    } while (comes_next(c, PICKLE_OP_BINFLOAT));
    return true;
}

HOT bool put_fast(struct cursor *c, unsigned width) {
    if (!has(c, width) || c->top == c->fence) return false;
    uint32_t index = (uint32_t)load_le(c->at + 1, width);
    if (UNLIKELY(index != memo_count(c) || c->memo_next >= c->memo_cap)) return false;
    *c->memo_next++ = c->top[-1];
    c->at += 1 + width;
    return true;
}

HOT bool memoize_fast(struct cursor *c) {
    if (UNLIKELY(c->top == c->fence || c->memo_next >= c->memo_cap)) return false;
    *c->memo_next++ = c->top[-1];
    c->at++;
    return true;
}

HOT bool get_fast(struct cursor *c, unsigned width) {
    if (!has(c, width)) return false;
    uint32_t index = (uint32_t)load_le(c->at + 1, width);
    if (UNLIKELY(index >= memo_count(c) || c->memo[index].kind == 0) || !has_room(c)) return false;
    *c->top++ = c->memo[index];
    c->at += 1 + width;
    return true;
}

HOT bool mark_fast(struct machine *m, struct cursor *c) {
    struct pickle_scratch *scratch = m->scratch;
    if (UNLIKELY(m->marks_count == scratch->marks_cap)) return false;
    scratch->marks[m->marks_count++] = (uint32_t)(c->fence - m->stack);
    c->fence = c->top;
    c->at++;
    return true;
}

HOT bool node_fast(struct machine *m, struct cursor *c, enum pickle_kind kind, uint32_t flags) {
    if (UNLIKELY(m->nodes_count == m->scratch->nodes_cap) || !has_room(c)) return false;
    m->nodes[m->nodes_count] = (struct pickle_node){.flags = flags, .global = NO_GLOBAL};
    value_write(c->top++, kind, m->nodes_count++, 0);
    c->at++;
    memoize_next(c);
    if (comes_next(c, PICKLE_OP_MARK) && mark_fast(m, c)) count(c, PICKLE_OP_MARK);
    return true;
}

HOT bool proto_fast(struct machine *m, struct cursor *c) {
    if (!has(c, 1) || c->at != m->data || c->at[1] > PICKLE_PROTOCOL_MAX) return false;
    m->proto = c->at[1];
    c->at += 2;
    return true;
}

HOT bool frame_fast(struct machine *m, struct cursor *c) {
    enum { LENGTH_BYTES = 8 };
    if (!has(c, LENGTH_BYTES) || m->framed) return false;
    uint64_t length = load_le(c->at + 1, LENGTH_BYTES);
    const uint8_t *content = c->at + 1 + LENGTH_BYTES;
    if (length == 0 || (uint64_t)(c->end - content) < length) return false;
    m->framed = true;
    c->at = content;
    c->end = content + length;
    m->end = (uint32_t)(c->end - m->data);
    return true;
}

HOT enum policy_right right_to(enum pickle_kind kind) {
    return kind == PICKLE_KIND_LIST ? POLICY_ITEMS_LIST : POLICY_ITEMS_DICT;
}

/* Puts the items into the list or dict below them, which is at the top afterwards. */
HOT enum outcome fill_fast(struct machine *m, struct cursor *c, struct pickle_value *items,
                           enum pickle_kind kind) {
    uint32_t target = items[-1].a, count = (uint32_t)(c->top - items);
    m->op_at = (uint32_t)(c->at - m->data);
    c->top = items;
    if (items[-1].kind != kind && !check_fillable(m, items[-1], kind, right_to(kind)))
        return REFUSED;
    bool ok = kind == PICKLE_KIND_LIST ? extend(m, target, items, count)
                                       : update(m, target, items, count);
    if (UNLIKELY(!ok)) return REFUSED;
    c->at++;
    return DONE;
}

HOT enum outcome slice_fast(struct machine *m, struct cursor *c, enum pickle_kind kind) {
    if (UNLIKELY(m->marks_count == 0 || m->unusual == UINT32_MAX)) return NOT_COVERED;
    struct pickle_value *items = c->fence;
    struct pickle_value *fence = m->stack + m->scratch->marks[m->marks_count - 1];
    if (UNLIKELY(items == fence)) return NOT_COVERED;
    m->marks_count--;
    c->fence = fence;
    return fill_fast(m, c, items, kind);
}

HOT enum outcome items_fast(struct machine *m, struct cursor *c, enum pickle_kind kind,
                            unsigned count) {
    bool enough = c->top - c->fence > (ptrdiff_t)count;
    if (UNLIKELY(!enough || m->unusual == UINT32_MAX)) return NOT_COVERED;
    return fill_fast(m, c, c->top - count, kind);
}

HOT enum outcome tuple_fast(struct machine *m, struct cursor *c, uint32_t count) {
    const struct pickle_scratch *scratch = m->scratch;
    bool room = m->nodes_count < scratch->nodes_cap && scratch->cells_cap - m->cells_count >= count;
    if (UNLIKELY(!room || c->top - c->fence < (ptrdiff_t)count)) return NOT_COVERED;
    uint32_t number = m->nodes_count++;
    m->op_at = (uint32_t)(c->at - m->data);
    c->top -= count;
    if (UNLIKELY(!tuple_fill(m, number, c->top, count))) return REFUSED;
    value_write(c->top++, PICKLE_KIND_TUPLE, number, 0);
    c->at++;
    memoize_next(c);
    return DONE;
}

/* A call with arguments of kinds that passed before. */
HOT enum outcome call_fast(struct machine *m, struct cursor *c, bool reduce) {
    if (UNLIKELY(c->top - c->fence < 2 || m->nodes_count == m->scratch->nodes_cap))
        return NOT_COVERED;
    m->op_at = (uint32_t)(c->at - m->data);
    uint32_t number = m->nodes_count;
    enum outcome outcome = call_plain(m, c->top[-2], c->top[-1], reduce);
    if (outcome != DONE) return outcome;
    c->top--;
    value_write(&c->top[-1], PICKLE_KIND_INSTANCE, number, 0);
    c->at++;
    memoize_next(c);
    return DONE;
}

/* A dict as the state of an instance. */
HOT enum outcome build_fast(struct machine *m, struct cursor *c) {
    if (UNLIKELY(c->top - c->fence < 2)) return NOT_COVERED;
    m->op_at = (uint32_t)(c->at - m->data);
    enum outcome outcome = build_plain(m, c->top[-2], c->top[-1]);
    if (outcome != DONE) return outcome;
    c->top--;
    c->at++;
    return DONE;
}

/* A step that reads no argument: `at` and `end` stay where they are. */
HOT bool step_direct(struct machine *m, struct cursor *c, bool (*step_of)(struct machine *)) {
    m->op = *c->at;
    save(m, c);
    if (!check_counts(m) || !step_of(m)) return false;
    load_stack(m, c);
    c->at++;
    return true;
}

HOT bool step_reading(struct machine *m, struct cursor *c, bool (*step_of)(struct machine *)) {
    m->op = *c->at;
    save(m, c);
    if (!check_counts(m) || !step_of(m)) return false;
    load(m, c);
    return true;
}

/* The machine as it is between two opcodes, with the one that was done. */
HOT void check_step(struct machine *m, struct cursor *c) {
    uint32_t op_at = m->op_at;
    save(m, c);
    m->at = m->op_at;
    m->op_at = op_at;
    m->op = m->data[op_at];
    machine_check(m);
}

#define BEGIN()                                                                                    \
    do {                                                                                           \
        if (UNLIKELY(c.at == c.end)) goto ended;                                                   \
        if (BRINE_CHECK_MACHINE) m->op_at = (uint32_t)(c.at - m->data);                            \
        goto *(const void *)ways[*c.at];                                                           \
    } while (0)

/* On to the next opcode. */
#define NEXT()                                                                                     \
    do {                                                                                           \
        if (BRINE_CHECK_MACHINE) check_step(m, &c);                                                \
        BEGIN();                                                                                   \
    } while (0)

/* An opcode's short way, which gives up on what it does not cover. */
#define SHORT_WAY(op, done)                                                                        \
    way_##op : if (UNLIKELY(!(done))) goto long_way;                                               \
    count(&c, PICKLE_OP_##op);                                                                     \
    NEXT()

/* The same that does its own counting. */
#define RUN_WAY(op, done)                                                                          \
    way_##op : if (UNLIKELY(!(done))) goto long_way;                                               \
    NEXT()

#define FILLING_WAY(op, outcome_of)                                                                \
    way_##op : outcome = (outcome_of);                                                             \
    if (UNLIKELY(outcome == NOT_COVERED)) goto long_way;                                           \
    count(&c, PICKLE_OP_##op);                                                                     \
    if (UNLIKELY(outcome == REFUSED)) goto refused;                                                \
    NEXT()

/* The same for calls, many of which go to the step directly. */
#define CALLING_WAY(op, outcome_of, step)                                                          \
    way_##op : count(&c, PICKLE_OP_##op);                                                          \
    outcome = (outcome_of);                                                                        \
    if (UNLIKELY(outcome == REFUSED)) goto refused;                                                \
    if (outcome == NOT_COVERED && UNLIKELY(!(step))) return false;                                 \
    NEXT()

/* The verifier's loop: true at STOP. */
static bool run(struct machine *m) {
/* Addresses, not distances: with the one load each way ends in a jump of its own, which the
 * processor foresees by what came before it.  What has no way of its own, and what is no opcode,
 * takes the long one; the compiler refuses a byte that has two. */
#define W(op)          [PICKLE_OP_##op] = (uintptr_t)(&&way_##op)
#define L(first, last) [first... last] = (uintptr_t)(&&long_way)
    /* clang-format off */
    static const uintptr_t ways[256] = {
        W(SHORT_BINUNICODE), W(BINUNICODE), W(SHORT_BINBYTES), W(BINBYTES), W(BININT1), W(BININT2),
        W(BININT), W(BINFLOAT), W(NONE), W(NEWTRUE), W(NEWFALSE), W(MEMOIZE), W(BINPUT),
        W(LONG_BINPUT), W(BINGET), W(LONG_BINGET), W(MARK), W(EMPTY_TUPLE), W(EMPTY_LIST),
        W(EMPTY_DICT), W(EMPTY_SET), W(APPENDS), W(SETITEMS), W(APPEND), W(SETITEM), W(TUPLE1),
        W(TUPLE2), W(TUPLE3), W(REDUCE), W(NEWOBJ), W(BUILD), W(PROTO), W(FRAME), L(0x00, 0x27),
        L(0x2a, 0x41), L(0x44, 0x46), L(0x48, 0x49), L(0x4c, 0x4c), L(0x4f, 0x51), L(0x53, 0x57),
        L(0x59, 0x5c), L(0x5e, 0x60), L(0x63, 0x64), L(0x66, 0x67), L(0x69, 0x69), L(0x6b, 0x70),
        L(0x74, 0x74), L(0x76, 0x7c), L(0x7e, 0x7f), L(0x82, 0x84), L(0x8a, 0x8b), L(0x8d, 0x8e),
        L(0x90, 0x93), L(0x96, 0xff),
    };
    /* clang-format on */
#undef L
#undef W
    enum outcome outcome;
    struct cursor c = {.counts = m->opcodes * OPCODE_COUNTED | m->protocols};
    load(m, &c);
    BEGIN();

    SHORT_WAY(SHORT_BINUNICODE, text_fast(m, &c, 1));
    SHORT_WAY(BINUNICODE, text_fast(m, &c, 4));
    SHORT_WAY(SHORT_BINBYTES, bytes_fast(m, &c, 1));
    SHORT_WAY(BINBYTES, bytes_fast(m, &c, 4));
    RUN_WAY(BININT1, ints_fast(&c, PICKLE_OP_BININT1, 1, false));
    RUN_WAY(BININT2, ints_fast(&c, PICKLE_OP_BININT2, 2, false));
    RUN_WAY(BININT, ints_fast(&c, PICKLE_OP_BININT, 4, true));
    RUN_WAY(BINFLOAT, floats_fast(&c));
    SHORT_WAY(NONE, push_fast(&c, PICKLE_KIND_NONE, 0));
    SHORT_WAY(NEWTRUE, push_fast(&c, PICKLE_KIND_BOOL, 1));
    SHORT_WAY(NEWFALSE, push_fast(&c, PICKLE_KIND_BOOL, 0));
    SHORT_WAY(EMPTY_TUPLE, empty_tuple_fast(&c));
    SHORT_WAY(MEMOIZE, memoize_fast(&c));
    SHORT_WAY(BINPUT, put_fast(&c, 1));
    SHORT_WAY(LONG_BINPUT, put_fast(&c, 4));
    SHORT_WAY(BINGET, get_fast(&c, 1));
    SHORT_WAY(LONG_BINGET, get_fast(&c, 4));
    SHORT_WAY(MARK, mark_fast(m, &c));
    SHORT_WAY(EMPTY_LIST, node_fast(m, &c, PICKLE_KIND_LIST, 0));
    SHORT_WAY(EMPTY_DICT, node_fast(m, &c, PICKLE_KIND_DICT, 0));
    SHORT_WAY(EMPTY_SET, node_fast(m, &c, PICKLE_KIND_SET, NODE_SET));
    FILLING_WAY(APPENDS, slice_fast(m, &c, PICKLE_KIND_LIST));
    FILLING_WAY(SETITEMS, slice_fast(m, &c, PICKLE_KIND_DICT));
    FILLING_WAY(APPEND, items_fast(m, &c, PICKLE_KIND_LIST, 1));
    FILLING_WAY(SETITEM, items_fast(m, &c, PICKLE_KIND_DICT, 2));
    FILLING_WAY(TUPLE1, tuple_fast(m, &c, 1));
    FILLING_WAY(TUPLE2, tuple_fast(m, &c, 2));
    FILLING_WAY(TUPLE3, tuple_fast(m, &c, 3));
    CALLING_WAY(REDUCE, call_fast(m, &c, true), step_direct(m, &c, step_reduce));
    CALLING_WAY(NEWOBJ, call_fast(m, &c, false), step_direct(m, &c, step_newobj));
    /* joblib's arrays stand behind one */
    CALLING_WAY(BUILD, build_fast(m, &c), step_reading(m, &c, step_build));
    SHORT_WAY(PROTO, proto_fast(m, &c));
    SHORT_WAY(FRAME, frame_fast(m, &c));

long_way:
    m->op = *c.at;
    count(&c, m->op);
    save(m, &c);
    if (!check_counts(m)) return false;
    if (m->op == PICKLE_OP_STOP) return take_stop(m);
    if (!step_opcode(m)) return false;
    load(m, &c);
    NEXT();

refused:
    save(m, &c);
    return false;

ended:
    save(m, &c);
    if (!next_frame(m)) return false;
    c.end = m->data + m->end;
    BEGIN();
}

static void report_facts(struct machine *m) {
    struct pickle_report *report = m->report;
    bool refused = report->reason != PICKLE_ACCEPTED;
    if (!refused) report->offset = m->len;
    report->opcode = report->offset < m->len ? m->data[report->offset] : 0;
    report->protocol = m->proto;
    report->protocol_needed = m->protocols ? (uint8_t)(31 - __builtin_clz(m->protocols)) : 0;
    report->origin = m->seen_8bit                     ? PICKLE_ORIGIN_PYTHON2
                     : m->seen_bytes || m->proto >= 3 ? PICKLE_ORIGIN_PYTHON3
                                                      : PICKLE_ORIGIN_UNKNOWN;
    report->opcodes = m->opcodes;
    report->memo_entries = m->memo_entries;
    report->nesting = m->nesting;
    report->heap_bytes = m->heap;
    report->globals = m->scratch->globals;
    report->globals_count = m->globals_count;
    if (refused) return;
    struct pickle_value top = m->stack[0];
    report->top_kind = top.kind;
    uint32_t global = top.kind == PICKLE_KIND_INSTANCE ? m->nodes[top.a].global
                      : top.kind == PICKLE_KIND_GLOBAL ? top.a
                                                       : NO_GLOBAL;
    if (global != NO_GLOBAL) report->top_global = &m->scratch->globals[global];
}

_Static_assert(PICKLE_ACCEPTED == 0, "a cleared report is an accept");

static enum brine_status status_of(enum pickle_reason reason) {
    if (reason == PICKLE_NO_MEMORY) return BRINE_NO_MEMORY;
    switch (pickle_reason_class(reason)) {
    case PICKLE_CLASS_ACCEPT:
        return BRINE_OK;
    case PICKLE_CLASS_MALFORMED:
        return BRINE_MALFORMED;
    case PICKLE_CLASS_TRUNCATED:
        return BRINE_NEED_MORE;
    case PICKLE_CLASS_FORBIDDEN:
        return BRINE_DENIED;
    case PICKLE_CLASS_LIMIT:
        return BRINE_TOO_BIG;
    }
    return BRINE_DENIED;
}

static bool start(struct machine *m, size_t length) {
    struct pickle_scratch *scratch = m->scratch;
    uint32_t empty_tuple;
    uint64_t bytes_max = MIN(m->limits->bytes_max, (uint64_t)UINT32_MAX);
    if (length > bytes_max) return refuse_limit(m, PICKLE_BYTES, length, bytes_max);
    m->len = m->end = (uint32_t)length;
    if (mul_overflows(m->limits->heap_ratio, (uint64_t)length, &m->heap_max))
        m->heap_max = UINT64_MAX;
    m->heap_max = MAX(m->heap_max, m->limits->heap_free);
    arena_reset(&scratch->text);
    if (!ROOM(m, scratch->stack, scratch->stack_cap, 1)) return false;
    m->stack = scratch->stack;
    m->stack_cap = scratch->stack_cap;
    m->unusual = m->limits->expanded_max ? UINT32_MAX : NODES_UNUSUAL;
    m->sees_keys = scratch->collect_keys || scratch->joblib_arrays;
    m->sums_names = scratch->collect_keys || scratch->collect_fingerprints;
    return more_new(m) && tuple_new(m, NULL, 0, &empty_tuple) && joblib_begin(m);
}

enum brine_status pickle_verify(struct bytes input, const struct policy *policy,
                                const struct pickle_limits *limits, struct pickle_scratch *scratch,
                                struct pickle_report *report) {
    struct machine m;
    mem_clear(report, sizeof *report);
    mem_clear(&m, sizeof m);
    m.data = input.len ? input.data : (const uint8_t *)"";
    m.nodes = scratch->nodes;
    m.cells = scratch->cells;
    m.policy = policy;
    m.limits = limits;
    m.scratch = scratch;
    m.report = report;
    bool ok = start(&m, input.len) && run(&m);
    while (ok && m.inside) ok = joblib_objects_end(&m) && run(&m);
    enum pickle_class class = pickle_reason_class(report->reason);
    if (!ok && (class == PICKLE_CLASS_MALFORMED || class == PICKLE_CLASS_TRUNCATED)) {
        struct pickle_report broken = *report;
        if (check_end(&m)) *report = broken;
    }
    report_facts(&m);
    return status_of(report->reason);
}
