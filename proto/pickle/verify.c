/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A loop around one step per opcode.  A step reads only inside [at, end), keeps the invariant of
 * machine.h, and the loop moves on by at least the opcode's byte each turn, so the pass ends. Steps
 * hold no loop but over the slice that they consume.
 *
 * The steps of opcodes that only move values stand here so that the compiler folds them into the
 * loop; the rest is in the files that machine.h names. */

#include "pickle/machine.h"

const struct pickle_limits PICKLE_LIMITS_DEFAULT = {
#define L(field, value, doc) .field = value,
    PICKLE_LIMITS(L)
#undef L
};

enum { NESTING_HARD_MAX = 60000, EMPTY_TUPLE_NODE = 0 };

static const struct pickle_value value_none = {.kind = PICKLE_KIND_NONE},
                                 value_true = {.kind = PICKLE_KIND_BOOL, .b = 1},
                                 value_false = {.kind = PICKLE_KIND_BOOL},
                                 value_empty_tuple = {.kind = PICKLE_KIND_TUPLE,
                                                      .a = EMPTY_TUPLE_NODE};

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

static bool more_new(struct machine *m) {
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
    X(nodes) X(mores) X(cells) X(keys) X(names) X(table) X(globals) X(other_stack) X(other_marks)  \
        X(other_memo)

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
    pickle_scratch_deinit(scratch);
    pickle_scratch_init(scratch, mem, limit_bytes);
    scratch->collect_keys = collect_keys;
    scratch->joblib_arrays = joblib_arrays;
}

/* --- arguments --- */

/* Fewer than `wanted` bytes are left before the end of the frame or of the input. */
static __attribute__((cold, noinline)) bool refuse_short(struct machine *m, uint64_t wanted) {
    bool straddles = m->framed && wanted <= m->len - m->at;
    return refuse(m, straddles ? PICKLE_FRAME_STRADDLED : PICKLE_END_IN_ARGUMENT);
}

static inline bool need(struct machine *m, uint64_t wanted) {
    return LIKELY(wanted <= m->end - m->at) || refuse_short(m, wanted);
}

static inline uint64_t load_le(const uint8_t *at, unsigned width) {
    uint64_t value = 0;
    memcpy(&value, at, width);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint64_t take_le(struct machine *m, unsigned width) {
    m->at += width;
    return load_le(m->data + m->at - width, width);
}

/* --- values --- */

static bool push_payload(struct machine *m, enum pickle_kind kind, uint8_t flags, uint64_t length) {
    if (!need(m, length)) return false;
    struct pickle_value value = {
        .kind = (uint8_t)kind, .flags = flags, .a = (uint32_t)length, .b = m->at};
    m->at += (uint32_t)length;
    m->heap += length;
    return push(m, value);
}

static bool push_unicode(struct machine *m, unsigned width) {
    if (!need(m, width)) return false;
    uint64_t length = take_le(m, width);
    if (!push_payload(m, PICKLE_KIND_STR, 0, length)) return false;
    return utf8_valid(payload(m, m->stack[m->top - 1])) || refuse(m, PICKLE_UTF8);
}

static bool push_bytes(struct machine *m, enum pickle_kind kind, unsigned width) {
    if (!need(m, width)) return false;
    uint64_t length = take_le(m, width);
    m->seen_bytes = true;
    return push_payload(m, kind, 0, length);
}

static bool push_8bit(struct machine *m, unsigned width) {
    if (!need(m, width)) return false;
    uint64_t length = take_le(m, width);
    if (width == 4 && length > INT32_MAX) return refuse(m, PICKLE_LENGTH);
    m->seen_8bit = true;
    return push_payload(m, PICKLE_KIND_STR, VALUE_8BIT, length);
}

static bool push_long(struct machine *m, unsigned width) {
    if (!need(m, width)) return false;
    uint64_t length = take_le(m, width);
    if (width == 4 && length > INT32_MAX) return refuse(m, PICKLE_LENGTH);
    if (length > m->limits->long_bytes_max)
        return refuse_limit(m, PICKLE_LONG_BYTES, length, m->limits->long_bytes_max);
    if (length > 8) return push_payload(m, PICKLE_KIND_LONG, 0, length);
    if (!need(m, length)) return false;
    uint64_t value = take_le(m, (unsigned)length);
    if (length > 0 && length < 8 && value >> (length * 8 - 1)) value |= ~0ull << (length * 8);
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_INT, .b = value});
}

static bool push_new(struct machine *m, enum pickle_kind kind, uint32_t flags) {
    uint32_t number;
    return node_new(m, flags, &number) && push_node(m, kind, number);
}

static bool push_int(struct machine *m, unsigned width, bool is_signed) {
    if (!need(m, width)) return false;
    uint64_t value = take_le(m, width);
    if (is_signed) value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    return push(m, (struct pickle_value){.kind = PICKLE_KIND_INT, .b = value});
}

static bool push_float(struct machine *m) {
    if (!need(m, 8)) return false;
    return push(
        m, (struct pickle_value){.kind = PICKLE_KIND_FLOAT, .b = __builtin_bswap64(take_le(m, 8))});
}

/* --- stack and memo --- */

static bool step_mark(struct machine *m) {
    struct pickle_scratch *scratch = m->scratch;
    if (!ROOM(m, scratch->marks, scratch->marks_cap, m->marks_count + 1)) return false;
    scratch->marks[m->marks_count++] = m->fence;
    m->fence = m->top;
    return true;
}

static bool step_pop(struct machine *m) {
    if (m->top > m->fence) {
        m->top--;
        return true;
    }
    uint32_t from;
    if (m->marks_count == 0) return refuse(m, PICKLE_UNDERFLOW);
    return pop_mark(m, &from);
}

static bool step_pop_mark(struct machine *m) {
    uint32_t from = 0;
    if (!pop_mark(m, &from)) return false;
    m->top = from;
    return true;
}

static bool step_tuple_slice(struct machine *m) {
    uint32_t from = 0;
    return pop_mark(m, &from) && step_tuple(m, m->top - from);
}

static bool step_dup(struct machine *m) {
    return above_fence(m, 1) && push(m, m->stack[m->top - 1]);
}

/* CPython's picklers number from 0, Python 2's cPickle from 1; an index beyond would make the older
 * array memo of CPython grow without any data. */
static bool memo_put(struct machine *m, uint32_t index) {
    struct pickle_scratch *scratch = m->scratch;
    if (!above_fence(m, 1)) return false;
    if (index > m->memo_entries + 1)
        return refuse_limit(m, PICKLE_MEMO_INDEX, index, m->memo_entries + 1);
    if (!ROOM(m, scratch->memo, scratch->memo_cap, index + 1)) return false;
    while (m->memo_len <= index) scratch->memo[m->memo_len++] = (struct pickle_value){0};
    m->memo_entries += scratch->memo[index].kind == 0;
    scratch->memo[index] = m->stack[m->top - 1];
    return true;
}

static bool memo_get(struct machine *m, uint32_t index) {
    if (index >= m->memo_len || m->scratch->memo[index].kind == 0)
        return refuse(m, PICKLE_MEMO_MISS);
    return push(m, m->scratch->memo[index]);
}

static bool step_put(struct machine *m, unsigned width) {
    return need(m, width) && memo_put(m, (uint32_t)take_le(m, width));
}
static bool step_get(struct machine *m, unsigned width) {
    return need(m, width) && memo_get(m, (uint32_t)take_le(m, width));
}
static bool step_put_text(struct machine *m) {
    uint32_t index;
    return take_index(m, &index) && memo_put(m, index);
}
static bool step_get_text(struct machine *m) {
    uint32_t index;
    return take_index(m, &index) && memo_get(m, index);
}

/* --- control --- */

static bool step_proto(struct machine *m) {
    if (!need(m, 1)) return false;
    uint64_t proto = take_le(m, 1);
    if (m->op_at != m->start) return refuse(m, PICKLE_PROTOCOL_LATE);
    if (proto > PICKLE_PROTOCOL_MAX) return refuse(m, PICKLE_PROTOCOL);
    m->proto = (uint8_t)proto;
    return true;
}

static bool step_frame(struct machine *m) {
    if (m->framed) return refuse(m, PICKLE_FRAME_OPEN);
    if (!need(m, 8)) return false;
    uint64_t length = take_le(m, 8);
    if (length == 0) return refuse(m, PICKLE_FRAME_EMPTY);
    if (!need(m, length)) return false;
    m->framed = true;
    m->end = m->at + (uint32_t)length;
    return true;
}

static bool check_heap(struct machine *m) {
    return m->heap <= m->heap_max || refuse_limit(m, PICKLE_HEAP, m->heap, m->heap_max);
}

/* The one way to an accept. */
static bool step_stop(struct machine *m) {
    if (!above_fence(m, 1)) return false;
    if (m->top != 1 || m->marks_count != 0) return refuse(m, PICKLE_LEFTOVERS);
    if (m->inside) return check_heap(m);
    if (m->at != m->len) return refuse(m, PICKLE_TRAILING);
    uint32_t root;
    /* The result is data like any part: a node that holds it applies the same rules. */
    if (!node_new(m, 0, &root)) return false;
    m->nodes[root].count = 1;
    if (!gain_any(m, root, m->stack[0])) return false;
    uint64_t expanded = more_seen(m, root)->expanded;
    if (m->limits->expanded_max && expanded > m->limits->expanded_max)
        return refuse_limit(m, PICKLE_EXPANDED, expanded, m->limits->expanded_max);
    return check_heap(m) && probes_check(m);
}

/* The bytes or the frame ended where an opcode should stand. */
static bool next_frame(struct machine *m) {
    if (m->op_at == m->len) return refuse(m, PICKLE_END_AT_OPCODE);
    m->framed = false;
    m->end = m->len;
    return true;
}

static __attribute__((cold, noinline)) bool refuse_outside(struct machine *m) {
    switch (m->op) {
    case PICKLE_OP_EXT1:
    case PICKLE_OP_EXT2:
    case PICKLE_OP_EXT4:
        return refuse(m, PICKLE_EXTENSION);
    case PICKLE_OP_PERSID:
    case PICKLE_OP_BINPERSID:
        return refuse(m, PICKLE_PERSISTENT);
    case PICKLE_OP_NEXT_BUFFER:
    case PICKLE_OP_READONLY_BUFFER:
        return refuse(m, PICKLE_BUFFER);
    default:
        return refuse(m, PICKLE_OPCODE_UNKNOWN);
    }
}

/* One opcode: true to go on.  STOP is the loop's. */
static __attribute__((noinline)) bool step(struct machine *m) {
    switch (m->op) {
    case PICKLE_OP_SHORT_BINUNICODE:
        return push_unicode(m, 1);
    case PICKLE_OP_BINUNICODE:
        return push_unicode(m, 4);
    case PICKLE_OP_BINUNICODE8:
        return push_unicode(m, 8);
    case PICKLE_OP_MEMOIZE:
        return memo_put(m, m->memo_entries);
    case PICKLE_OP_BINPUT:
        return step_put(m, 1);
    case PICKLE_OP_LONG_BINPUT:
        return step_put(m, 4);
    case PICKLE_OP_BINGET:
        return step_get(m, 1);
    case PICKLE_OP_LONG_BINGET:
        return step_get(m, 4);
    case PICKLE_OP_PUT:
        return step_put_text(m);
    case PICKLE_OP_GET:
        return step_get_text(m);
    case PICKLE_OP_BININT1:
        return push_int(m, 1, false);
    case PICKLE_OP_BININT2:
        return push_int(m, 2, false);
    case PICKLE_OP_BININT:
        return push_int(m, 4, true);
    case PICKLE_OP_BINFLOAT:
        return push_float(m);
    case PICKLE_OP_NONE:
        return push(m, value_none);
    case PICKLE_OP_NEWTRUE:
        return push(m, value_true);
    case PICKLE_OP_NEWFALSE:
        return push(m, value_false);
    case PICKLE_OP_MARK:
        return step_mark(m);
    case PICKLE_OP_EMPTY_LIST:
        return push_new(m, PICKLE_KIND_LIST, 0);
    case PICKLE_OP_EMPTY_DICT:
        return push_new(m, PICKLE_KIND_DICT, 0);
    case PICKLE_OP_EMPTY_SET:
        return push_new(m, PICKLE_KIND_SET, NODE_SET);
    case PICKLE_OP_EMPTY_TUPLE:
        return push(m, value_empty_tuple);
    case PICKLE_OP_TUPLE1:
        return step_tuple1(m);
    case PICKLE_OP_TUPLE2:
        return step_tuple2(m);
    case PICKLE_OP_TUPLE3:
        return step_tuple3(m);
    case PICKLE_OP_TUPLE:
        return step_tuple_slice(m);
    case PICKLE_OP_APPEND:
        return step_append(m);
    case PICKLE_OP_APPENDS:
        return step_appends(m);
    case PICKLE_OP_SETITEM:
        return step_setitem(m);
    case PICKLE_OP_SETITEMS:
        return step_setitems(m);
    case PICKLE_OP_ADDITEMS:
        return step_additems(m);
    case PICKLE_OP_LIST:
        return step_list(m);
    case PICKLE_OP_DICT:
        return step_dict(m);
    case PICKLE_OP_FROZENSET:
        return step_frozenset(m);
    case PICKLE_OP_SHORT_BINBYTES:
        return push_bytes(m, PICKLE_KIND_BYTES, 1);
    case PICKLE_OP_BINBYTES:
        return push_bytes(m, PICKLE_KIND_BYTES, 4);
    case PICKLE_OP_BINBYTES8:
        return push_bytes(m, PICKLE_KIND_BYTES, 8);
    case PICKLE_OP_BYTEARRAY8:
        return push_bytes(m, PICKLE_KIND_BYTEARRAY, 8);
    case PICKLE_OP_SHORT_BINSTRING:
        return push_8bit(m, 1);
    case PICKLE_OP_BINSTRING:
        return push_8bit(m, 4);
    case PICKLE_OP_LONG1:
        return push_long(m, 1);
    case PICKLE_OP_LONG4:
        return push_long(m, 4);
    case PICKLE_OP_INT:
        return step_int(m);
    case PICKLE_OP_LONG:
        return step_long(m);
    case PICKLE_OP_FLOAT:
        return step_float(m);
    case PICKLE_OP_STRING:
        return step_string(m);
    case PICKLE_OP_UNICODE:
        return step_unicode(m);
    case PICKLE_OP_POP:
        return step_pop(m);
    case PICKLE_OP_POP_MARK:
        return step_pop_mark(m);
    case PICKLE_OP_DUP:
        return step_dup(m);
    case PICKLE_OP_GLOBAL:
        return step_global(m);
    case PICKLE_OP_STACK_GLOBAL:
        return step_stack_global(m);
    case PICKLE_OP_REDUCE:
        return step_reduce(m);
    case PICKLE_OP_NEWOBJ:
        return step_newobj(m);
    case PICKLE_OP_NEWOBJ_EX:
        return step_newobj_ex(m);
    case PICKLE_OP_INST:
        return step_inst(m);
    case PICKLE_OP_OBJ:
        return step_obj(m);
    case PICKLE_OP_BUILD:
        return step_build(m);
    case PICKLE_OP_PROTO:
        return step_proto(m);
    case PICKLE_OP_FRAME:
        return step_frame(m);
    default:
        return refuse_outside(m);
    }
}

/* --- the loop --- */

/* What each opcode touches, held in registers: a local of run() whose address goes to inlined
 * functions only.  `at` stands on the opcode until it has been done, so that a short way that does
 * not cover a case leaves everything as it was for the long way, step().  The steps see the cursor
 * after save(), and load() takes it back. */
struct cursor {
    const uint8_t *at, *end;
    struct pickle_value *top, *fence;
    uint64_t heap, opcodes; /* heap: what is not yet in the machine's */
    uint32_t protocols;     /* a bit each that opcodes needed */
};

#define HOT static inline __attribute__((always_inline))

HOT void count(struct cursor *c, uint8_t op) {
    c->heap += op_costs[op].heap;
    c->protocols |= op_costs[op].protocol;
    c->opcodes++;
}

HOT void save(struct machine *m, struct cursor *c) {
    m->op_at = (uint32_t)(c->at - m->data);
    m->at = m->op_at + 1;
    m->top = (uint32_t)(c->top - m->stack);
    m->fence = (uint32_t)(c->fence - m->stack);
    m->opcodes = c->opcodes;
    m->protocols = c->protocols;
    m->heap += c->heap;
    c->heap = 0;
}

HOT void load_stack(const struct machine *m, struct cursor *c) {
    c->top = m->stack + m->top;
    c->fence = m->stack + m->fence;
}

HOT void load(struct machine *m, struct cursor *c) {
    m->memo_room = m->memo_entries == m->memo_len ? m->scratch->memo_cap : 0;
    c->at = m->data + m->at;
    c->end = m->data + m->end;
    load_stack(m, c);
}

/* The limits that every opcode counts towards; looked at where memory may grow and at STOP. */
HOT bool check_counts(struct machine *m) {
    if (UNLIKELY(m->opcodes > m->limits->opcodes_max))
        return refuse_limit(m, PICKLE_OPCODES, m->opcodes, m->limits->opcodes_max);
    return check_heap(m);
}

HOT bool has_room(const struct machine *m, const struct cursor *c) {
    return LIKELY(c->top != m->stack + m->stack_cap);
}

/* The opcode's argument of `width` bytes lies before the end. */
HOT bool has(const struct cursor *c, unsigned width) {
    return LIKELY(c->end - c->at > (ptrdiff_t)width);
}

/* Picklers memoize what they have just made: that opcode is done along with the one before it. */
HOT void memoize_next(struct machine *m, struct cursor *c) {
    if (c->at == c->end || *c->at != PICKLE_OP_MEMOIZE || m->memo_len >= m->memo_room) return;
    m->scratch->memo[m->memo_len] = c->top[-1];
    m->memo_entries = ++m->memo_len;
    count(c, PICKLE_OP_MEMOIZE);
    c->at++;
}

HOT bool push_fast(struct machine *m, struct cursor *c, enum pickle_kind kind, uint64_t b) {
    if (!has_room(m, c)) return false;
    value_write(c->top++, kind, 0, b);
    c->at++;
    return true;
}

HOT bool empty_tuple_fast(struct machine *m, struct cursor *c) {
    if (!has_room(m, c)) return false;
    value_write(c->top++, PICKLE_KIND_TUPLE, EMPTY_TUPLE_NODE, 0);
    c->at++;
    return true;
}

HOT bool text_fast(struct machine *m, struct cursor *c, unsigned width) {
    if (!has(c, width) || !has_room(m, c)) return false;
    uint64_t length = load_le(c->at + 1, width);
    const uint8_t *text = c->at + 1 + width;
    if (UNLIKELY((uint64_t)(c->end - text) < length)) return false;
    if (UNLIKELY(!ascii_valid_within(text, length, (uint64_t)(c->end - text)))) return false;
    value_write(c->top++, PICKLE_KIND_STR, (uint32_t)length, (uint64_t)(text - m->data));
    c->heap += length;
    c->at = text + length;
    memoize_next(m, c);
    return true;
}

HOT bool bytes_fast(struct machine *m, struct cursor *c, unsigned width) {
    if (!has(c, width) || !has_room(m, c)) return false;
    uint64_t length = load_le(c->at + 1, width);
    const uint8_t *bytes = c->at + 1 + width;
    if (UNLIKELY((uint64_t)(c->end - bytes) < length)) return false;
    value_write(c->top++, PICKLE_KIND_BYTES, (uint32_t)length, (uint64_t)(bytes - m->data));
    m->seen_bytes = true;
    c->heap += length;
    c->at = bytes + length;
    memoize_next(m, c);
    return true;
}

HOT bool int_fast(struct machine *m, struct cursor *c, unsigned width, bool is_signed) {
    if (!has(c, width)) return false;
    uint64_t value = load_le(c->at + 1, width);
    if (is_signed) value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    if (!push_fast(m, c, PICKLE_KIND_INT, value)) return false;
    c->at += width;
    return true;
}

HOT bool float_fast(struct machine *m, struct cursor *c) {
    if (!has(c, 8)) return false;
    uint64_t bits = __builtin_bswap64(load_le(c->at + 1, 8));
    if (!push_fast(m, c, PICKLE_KIND_FLOAT, bits)) return false;
    c->at += 8;
    return true;
}

HOT bool put_fast(struct machine *m, struct cursor *c, unsigned width) {
    if (!has(c, width) || c->top == c->fence) return false;
    uint32_t index = (uint32_t)load_le(c->at + 1, width);
    if (UNLIKELY(index != m->memo_len || index >= m->memo_room)) return false;
    m->scratch->memo[index] = c->top[-1];
    m->memo_entries = m->memo_len = index + 1;
    c->at += 1 + width;
    return true;
}

HOT bool memoize_fast(struct machine *m, struct cursor *c) {
    if (UNLIKELY(c->top == c->fence || m->memo_len >= m->memo_room)) return false;
    m->scratch->memo[m->memo_len] = c->top[-1];
    m->memo_entries = ++m->memo_len;
    c->at++;
    return true;
}

HOT bool get_fast(struct machine *m, struct cursor *c, unsigned width) {
    if (!has(c, width)) return false;
    uint32_t index = (uint32_t)load_le(c->at + 1, width);
    if (UNLIKELY(index >= m->memo_len)) return false;
    const struct pickle_value *value = &m->scratch->memo[index];
    if (UNLIKELY(value->kind == 0) || !has_room(m, c)) return false;
    *c->top++ = *value;
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
    if (UNLIKELY(m->nodes_count == m->scratch->nodes_cap) || !has_room(m, c)) return false;
    m->nodes[m->nodes_count] = (struct pickle_node){.flags = flags, .global = NO_GLOBAL};
    value_write(c->top++, kind, m->nodes_count++, 0);
    c->at++;
    memoize_next(m, c);
    return true;
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

/* On to the next opcode. */
#define NEXT()                                                                                     \
    do {                                                                                           \
        if (BRINE_CHECK_MACHINE) save(m, &c), machine_check(m);                                    \
        if (UNLIKELY(c.at == c.end)) goto ended;                                                   \
        goto *((const char *)&&long_way + ways[*c.at]);                                            \
    } while (0)

/* An opcode's short way, which gives up on what it does not cover. */
#define SHORT_WAY(op, done)                                                                        \
    way_##op : if (UNLIKELY(!(done))) goto long_way;                                               \
    count(&c, PICKLE_OP_##op);                                                                     \
    NEXT()

/* The step itself, without the detour over step(). */
#define DIRECT_WAY(op, step_of)                                                                    \
    way_##op : count(&c, PICKLE_OP_##op);                                                          \
    if (UNLIKELY(!step_direct(m, &c, step_of))) return false;                                      \
    NEXT()

/* The verifier's loop: true at STOP. */
static bool run(struct machine *m) {
#define W(op) [PICKLE_OP_##op] = (const char *)&&way_##op - (const char *)&&long_way
    static const int32_t ways[256] = {
        W(SHORT_BINUNICODE), W(BINUNICODE), W(SHORT_BINBYTES), W(BINBYTES),    W(BININT1),
        W(BININT2),          W(BININT),     W(BINFLOAT),       W(NONE),        W(NEWTRUE),
        W(NEWFALSE),         W(MEMOIZE),    W(BINPUT),         W(LONG_BINPUT), W(BINGET),
        W(LONG_BINGET),      W(MARK),       W(EMPTY_TUPLE),    W(EMPTY_LIST),  W(EMPTY_DICT),
        W(EMPTY_SET),        W(APPENDS),    W(SETITEMS),       W(APPEND),      W(SETITEM),
        W(TUPLE1),           W(TUPLE2),     W(TUPLE3),         W(REDUCE),      W(NEWOBJ),
    };
#undef W
    struct cursor c = {.opcodes = m->opcodes, .protocols = m->protocols};
    load(m, &c);
    NEXT();

    SHORT_WAY(SHORT_BINUNICODE, text_fast(m, &c, 1));
    SHORT_WAY(BINUNICODE, text_fast(m, &c, 4));
    SHORT_WAY(SHORT_BINBYTES, bytes_fast(m, &c, 1));
    SHORT_WAY(BINBYTES, bytes_fast(m, &c, 4));
    SHORT_WAY(BININT1, int_fast(m, &c, 1, false));
    SHORT_WAY(BININT2, int_fast(m, &c, 2, false));
    SHORT_WAY(BININT, int_fast(m, &c, 4, true));
    SHORT_WAY(BINFLOAT, float_fast(m, &c));
    SHORT_WAY(NONE, push_fast(m, &c, PICKLE_KIND_NONE, 0));
    SHORT_WAY(NEWTRUE, push_fast(m, &c, PICKLE_KIND_BOOL, 1));
    SHORT_WAY(NEWFALSE, push_fast(m, &c, PICKLE_KIND_BOOL, 0));
    SHORT_WAY(EMPTY_TUPLE, empty_tuple_fast(m, &c));
    SHORT_WAY(MEMOIZE, memoize_fast(m, &c));
    SHORT_WAY(BINPUT, put_fast(m, &c, 1));
    SHORT_WAY(LONG_BINPUT, put_fast(m, &c, 4));
    SHORT_WAY(BINGET, get_fast(m, &c, 1));
    SHORT_WAY(LONG_BINGET, get_fast(m, &c, 4));
    SHORT_WAY(MARK, mark_fast(m, &c));
    SHORT_WAY(EMPTY_LIST, node_fast(m, &c, PICKLE_KIND_LIST, 0));
    SHORT_WAY(EMPTY_DICT, node_fast(m, &c, PICKLE_KIND_DICT, 0));
    SHORT_WAY(EMPTY_SET, node_fast(m, &c, PICKLE_KIND_SET, NODE_SET));
    DIRECT_WAY(APPENDS, step_appends);
    DIRECT_WAY(SETITEMS, step_setitems);
    DIRECT_WAY(APPEND, step_append);
    DIRECT_WAY(SETITEM, step_setitem);
    DIRECT_WAY(TUPLE1, step_tuple1);
    DIRECT_WAY(TUPLE2, step_tuple2);
    DIRECT_WAY(TUPLE3, step_tuple3);
    DIRECT_WAY(REDUCE, step_reduce);
    DIRECT_WAY(NEWOBJ, step_newobj);

long_way:
    m->op = *c.at;
    count(&c, m->op);
    save(m, &c);
    if (!check_counts(m)) return false;
    if (m->op == PICKLE_OP_STOP) return step_stop(m);
    if (!step(m)) return false;
    load(m, &c);
    NEXT();

ended:
    save(m, &c);
    if (!next_frame(m)) return false;
    c.end = m->data + m->end;
    NEXT();
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
    uint32_t empty_tuple;
    uint64_t bytes_max = MIN(m->limits->bytes_max, (uint64_t)UINT32_MAX);
    if (length > bytes_max) return refuse_limit(m, PICKLE_BYTES, length, bytes_max);
    m->len = m->end = (uint32_t)length;
    if (mul_overflows(m->limits->heap_ratio, (uint64_t)length, &m->heap_max))
        m->heap_max = UINT64_MAX;
    m->heap_max = MAX(m->heap_max, m->limits->heap_free);
    arena_reset(&m->scratch->text);
    if (!ROOM(m, m->scratch->stack, m->scratch->stack_cap, 1)) return false;
    m->stack = m->scratch->stack;
    m->stack_cap = m->scratch->stack_cap;
    m->sees_keys = m->scratch->collect_keys || m->scratch->joblib_arrays;
    return more_new(m) && node_new(m, NODE_TUPLE, &empty_tuple) && joblib_begin(m);
}

enum brine_status pickle_verify(struct bytes input, const struct policy *policy,
                                const struct pickle_limits *limits, struct pickle_scratch *scratch,
                                struct pickle_report *report) {
    *report = (struct pickle_report){.reason = PICKLE_ACCEPTED};
    struct machine m = {
        .data = input.len ? input.data : (const uint8_t *)"",
        .nodes = scratch->nodes,
        .cells = scratch->cells,
        .new_list_flags = NODE_UNLOGGED,
        .policy = policy,
        .limits = limits,
        .scratch = scratch,
        .report = report,
    };
    bool ok = start(&m, input.len) && run(&m);
    while (ok && m.inside) ok = joblib_objects_end(&m) && run(&m);
    report_facts(&m);
    return status_of(report->reason);
}
