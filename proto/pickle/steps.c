/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The steps of opcodes that only move values, and step_opcode(), which knows the step of each
 * opcode. */

#include "pickle/machine.h"

static const struct pickle_value value_none = {.kind = PICKLE_KIND_NONE},
                                 value_true = {.kind = PICKLE_KIND_BOOL, .b = 1},
                                 value_false = {.kind = PICKLE_KIND_BOOL},
                                 value_empty_tuple = {.kind = PICKLE_KIND_TUPLE,
                                                      .a = EMPTY_TUPLE_NODE};

/* --- arguments --- */

/* Fewer than `wanted` bytes are left before the end of the frame or of the input. */
static __attribute__((cold, noinline)) bool refuse_short(struct machine *m, uint64_t wanted) {
    bool straddles = m->framed && wanted <= m->len - m->at;
    return refuse(m, straddles ? PICKLE_FRAME_STRADDLED : PICKLE_END_IN_ARGUMENT);
}

static inline bool need(struct machine *m, uint64_t wanted) {
    return LIKELY(wanted <= m->end - m->at) || refuse_short(m, wanted);
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
    m->long_most = (uint32_t)MAX(m->long_most, length);
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
    uint64_t highest = m->memo_entries + m->limits->memo_skip_max;
    if (index > highest) return refuse_limit(m, PICKLE_MEMO_INDEX, index, highest);
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

bool step_proto(struct machine *m) {
    if (!need(m, 1)) return false;
    uint64_t proto = take_le(m, 1);
    if (m->op_at != m->start) return refuse(m, PICKLE_PROTOCOL_LATE);
    if (proto > PICKLE_PROTOCOL_MAX) return refuse(m, PICKLE_PROTOCOL);
    m->proto = (uint8_t)proto;
    return true;
}

bool take_frame(struct machine *m) {
    if (m->framed) return refuse(m, PICKLE_FRAME_OPEN);
    if (!need(m, 8)) return false;
    uint64_t length = take_le(m, 8);
    if (length == 0) return refuse(m, PICKLE_FRAME_EMPTY);
    if (!need(m, length)) return false;
    m->framed = true;
    m->end = m->at + (uint32_t)length;
    return true;
}

/* Names are judged at the end, for only a stream that names pandas has them hashed. */
static __attribute__((cold, noinline)) bool check_names(struct machine *m) {
    uint64_t cost, most = m->limits->key_cost_total + m->len;
    if (add_overflows(m->key_cost, m->name_cost, &cost)) cost = UINT64_MAX;
    for (uint32_t i = 0; i < m->globals_count && cost > most; i++)
        if (is_within(m->scratch->globals[i].module, BYTES("pandas")))
            return refuse_limit(m, PICKLE_KEY_COST_TOTAL, cost, most);
    return true;
}

/* The one way to an accept. */
bool take_stop(struct machine *m) {
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
    return check_end(m);
}

bool check_end(struct machine *m) {
    if (UNLIKELY(m->globals_count > 0) && !protocols_check(m)) return false;
    if (UNLIKELY(m->name_cost > m->limits->key_cost_total) && !check_names(m)) return false;
    return check_heap(m) && (LIKELY(probes_needless(m)) || probes_check(m));
}

/* The bytes or the frame ended where an opcode should stand. */
bool next_frame(struct machine *m) {
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
bool step_opcode(struct machine *m) {
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
        return step_tuple(m, 1);
    case PICKLE_OP_TUPLE2:
        return step_tuple(m, 2);
    case PICKLE_OP_TUPLE3:
        return step_tuple(m, 3);
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
        return take_frame(m);
    default:
        return refuse_outside(m);
    }
}
