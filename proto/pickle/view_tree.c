/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A second, simpler machine beside the verifier's: it keeps everything and judges nothing.  It
 * takes what some reader takes; what a call would give is the call. */

#include "pickle/view_tree.h"

#include "base/number.h"
#include "base/reader.h"
#include "pickle/opcodes.h"

struct loader {
    struct reader in;
    struct view_tree *tree;
    struct buf stack, memo; /* of uint32_t node numbers; in the memo VIEW_NOTHING is a hole */
    struct brine_error *err;
    size_t at;
    uint32_t memo_entries;
};

static enum brine_status fail(struct loader *l, const char *words) {
    return brine_fail(l->err, BRINE_MALFORMED, l->at, "%s", words);
}

/* --- arrays in buffers --- */

static size_t stack_count(const struct loader *l) {
    return l->stack.len / sizeof(uint32_t);
}

static uint32_t number_at(const struct buf *numbers, size_t at) {
    uint32_t number;
    memcpy(&number, numbers->data + at * sizeof number, sizeof number);
    return number;
}

static enum brine_status push(struct loader *l, uint32_t node) {
    return buf_append(&l->stack, bytes_view(&node, sizeof node));
}

static enum brine_status pop(struct loader *l, uint32_t *node) {
    if (stack_count(l) == 0) return fail(l, "the stack is empty");
    *node = number_at(&l->stack, stack_count(l) - 1);
    if (view_node(l->tree, *node)->kind == VIEW_MARK)
        return fail(l, "a mark stands where a value should");
    l->stack.len -= sizeof *node;
    return BRINE_OK;
}

static enum brine_status node_new(struct loader *l, struct view_node node, uint32_t *number) {
    node.state = node.items = node.first = node.last = VIEW_NOTHING;
    *number = (uint32_t)(l->tree->nodes.len / sizeof node);
    return buf_append(&l->tree->nodes, bytes_view(&node, sizeof node));
}

static enum brine_status push_new(struct loader *l, struct view_node node) {
    uint32_t number;
    TRY(node_new(l, node, &number));
    return push(l, number);
}

static enum brine_status add_part(struct loader *l, uint32_t parent, uint32_t part) {
    struct view_cell cell = {.node = part, .next = VIEW_NOTHING};
    uint32_t number = (uint32_t)(l->tree->cells.len / sizeof cell);
    TRY(buf_append(&l->tree->cells, bytes_view(&cell, sizeof cell)));
    struct view_node *node = view_node(l->tree, parent);
    if (node->last == VIEW_NOTHING)
        node->first = number;
    else
        ((struct view_cell *)(void *)l->tree->cells.data)[node->last].next = number;
    node->last = number;
    node->count++;
    view_node(l->tree, part)->uses++;
    return BRINE_OK;
}

/* --- marks --- */

/* Where the slice above the newest mark begins on the stack. */
static enum brine_status find_mark(struct loader *l, size_t *from) {
    size_t at = stack_count(l);
    while (at > 0 && view_node(l->tree, number_at(&l->stack, at - 1))->kind != VIEW_MARK) at--;
    if (at == 0) return fail(l, "there is no mark");
    *from = at;
    return BRINE_OK;
}

/* Moves stack[from ..) into `parent`, and drops the mark below it. */
static enum brine_status take_slice(struct loader *l, size_t from, uint32_t parent) {
    for (size_t i = from; i < stack_count(l); i++)
        TRY(add_part(l, parent, number_at(&l->stack, i)));
    l->stack.len = (from - 1) * sizeof(uint32_t);
    return BRINE_OK;
}

static enum brine_status collect(struct loader *l, enum view_kind kind) {
    size_t from;
    uint32_t number;
    TRY(find_mark(l, &from));
    if (kind == VIEW_DICT && (stack_count(l) - from) % 2) return fail(l, "a key has no value");
    TRY(node_new(l, (struct view_node){.kind = (uint8_t)kind}, &number));
    TRY(take_slice(l, from, number));
    return push(l, number);
}

static enum brine_status collect_top(struct loader *l, size_t count) {
    uint32_t number, parts[3] = {0};
    TRY(node_new(l, (struct view_node){.kind = VIEW_TUPLE}, &number));
    for (size_t i = count; i > 0; i--) TRY(pop(l, &parts[i - 1]));
    for (size_t i = 0; i < count; i++) TRY(add_part(l, number, parts[i]));
    return push(l, number);
}

/* The node that takes the items given to `target`: itself, or what is kept beside a call. */
static enum brine_status receiver(struct loader *l, uint32_t target, enum view_kind kind,
                                  uint32_t *number) {
    *number = target;
    uint8_t have = view_node(l->tree, target)->kind;
    if (have == VIEW_LIST || have == VIEW_DICT || have == VIEW_SET) return BRINE_OK;
    if (view_node(l->tree, target)->items == VIEW_NOTHING) {
        TRY(node_new(l, (struct view_node){.kind = (uint8_t)kind, .uses = 1}, number));
        view_node(l->tree, target)->items = *number;
    }
    *number = view_node(l->tree, target)->items;
    return BRINE_OK;
}

static enum brine_status fill_slice(struct loader *l, enum view_kind kind) {
    size_t from;
    uint32_t into;
    TRY(find_mark(l, &from));
    if (from < 2) return fail(l, "there is nothing to fill");
    if (kind == VIEW_DICT && (stack_count(l) - from) % 2) return fail(l, "a key has no value");
    TRY(receiver(l, number_at(&l->stack, from - 2), kind, &into));
    return take_slice(l, from, into);
}

static enum brine_status fill_one(struct loader *l, enum view_kind kind, size_t count) {
    uint32_t parts[2] = {0}, target, into;
    for (size_t i = count; i > 0; i--) TRY(pop(l, &parts[i - 1]));
    TRY(pop(l, &target));
    TRY(receiver(l, target, kind, &into));
    for (size_t i = 0; i < count; i++) TRY(add_part(l, into, parts[i]));
    return push(l, target);
}

/* --- calls --- */

static enum brine_status push_call(struct loader *l, uint32_t callee, uint32_t args,
                                   uint32_t named) {
    uint32_t number;
    TRY(node_new(l, (struct view_node){.kind = VIEW_CALL}, &number));
    TRY(add_part(l, number, callee));
    TRY(add_part(l, number, args));
    if (named != VIEW_NOTHING) TRY(add_part(l, number, named));
    return push(l, number);
}

static enum brine_status call(struct loader *l, bool has_named) {
    uint32_t callee, args, named = VIEW_NOTHING;
    if (has_named) TRY(pop(l, &named));
    TRY(pop(l, &args));
    TRY(pop(l, &callee));
    return push_call(l, callee, args, named);
}

static enum brine_status take_line(struct loader *l, struct bytes *line) {
    const uint8_t *from = l->in.data + l->in.offset;
    const uint8_t *newline = reader_left(&l->in) ? memchr(from, '\n', reader_left(&l->in)) : NULL;
    if (!newline) return brine_fail(l->err, BRINE_NEED_MORE, l->at, "a line does not end");
    *line = read_take(&l->in, (size_t)(newline - from));
    (void)read_u8(&l->in);
    return BRINE_OK;
}

static enum brine_status take_global(struct loader *l, uint32_t *number) {
    struct view_node node = {.kind = VIEW_GLOBAL};
    TRY(take_line(l, &node.payload));
    TRY(take_line(l, &node.extra));
    return node_new(l, node, number);
}

static enum brine_status step_inst(struct loader *l) {
    uint32_t class, args;
    TRY(take_global(l, &class));
    TRY(collect(l, VIEW_TUPLE));
    TRY(pop(l, &args));
    return push_call(l, class, args, VIEW_NOTHING);
}

static enum brine_status step_obj(struct loader *l) {
    size_t from;
    uint32_t class, args;
    TRY(find_mark(l, &from));
    if (from == stack_count(l)) return fail(l, "there is no class");
    class = number_at(&l->stack, from);
    TRY(node_new(l, (struct view_node){.kind = VIEW_TUPLE}, &args));
    for (size_t i = from + 1; i < stack_count(l); i++)
        TRY(add_part(l, args, number_at(&l->stack, i)));
    l->stack.len = (from - 1) * sizeof(uint32_t);
    return push_call(l, class, args, VIEW_NOTHING);
}

static enum brine_status step_stack_global(struct loader *l) {
    uint32_t module, name;
    TRY(pop(l, &name));
    TRY(pop(l, &module));
    struct bytes first = view_node(l->tree, module)->payload,
                 second = view_node(l->tree, name)->payload;
    if (view_node(l->tree, module)->kind != VIEW_STR || view_node(l->tree, name)->kind != VIEW_STR)
        return fail(l, "a global's name is computed");
    return push_new(l, (struct view_node){.kind = VIEW_GLOBAL, .payload = first, .extra = second});
}

static enum brine_status step_build(struct loader *l) {
    uint32_t state, target;
    TRY(pop(l, &state));
    TRY(pop(l, &target));
    view_node(l->tree, target)->state = state;
    view_node(l->tree, state)->uses++;
    return push(l, target);
}

/* --- memo --- */

static enum brine_status memo_put(struct loader *l, uint64_t index) {
    static const uint32_t hole = VIEW_NOTHING;
    uint32_t top;
    TRY(pop(l, &top));
    TRY(push(l, top));
    if (index > l->memo_entries + 65536ull)
        return fail(l, "a memo index is far beyond the entries");
    while (l->memo.len <= index * sizeof hole)
        TRY(buf_append(&l->memo, bytes_view(&hole, sizeof hole)));
    l->memo_entries += number_at(&l->memo, index) == VIEW_NOTHING;
    bytes_copy_to(l->memo.data + index * sizeof top, bytes_view(&top, sizeof top));
    return BRINE_OK;
}

static enum brine_status memo_get(struct loader *l, uint64_t index) {
    if (index >= l->memo.len / sizeof(uint32_t) || number_at(&l->memo, index) == VIEW_NOTHING)
        return fail(l, "the memo holds nothing at the index");
    return push(l, number_at(&l->memo, index));
}

static enum brine_status take_index(struct loader *l, uint64_t *index) {
    struct bytes line;
    TRY(take_line(l, &line));
    return number_parse_u64(line, index) ? BRINE_OK : fail(l, "a memo index is no number");
}

/* --- values --- */

static enum brine_status push_line(struct loader *l, const struct pickle_opcode *op) {
    struct view_node node = {.kind = VIEW_INT, .text = REPR_UTF8};
    double value;
    TRY(take_line(l, &node.payload));
    if (op->byte == PICKLE_OP_UNICODE || op->byte == PICKLE_OP_STRING) {
        node.kind = VIEW_STR;
        node.text = op->byte == PICKLE_OP_UNICODE ? REPR_UNICODE : REPR_STRING;
        if (op->byte == PICKLE_OP_STRING) {
            if (node.payload.len < 2) return fail(l, "a string has no quotes");
            node.payload = bytes_slice(node.payload, 1, node.payload.len - 2);
        }
    } else if (op->byte == PICKLE_OP_FLOAT) {
        node.kind = VIEW_FLOAT;
        if (!number_parse_double(node.payload, &value)) return fail(l, "a float is no number");
        memcpy(&node.bits, &value, sizeof value);
    } else if (op->byte == PICKLE_OP_PERSID) {
        node.kind = VIEW_PERSISTENT;
    } else if (bytes_equal(node.payload, BYTES("00")) || bytes_equal(node.payload, BYTES("01"))) {
        node.kind = node.payload.data[1] == '1' ? VIEW_TRUE : VIEW_FALSE;
    } else {
        size_t last = node.payload.len - (node.payload.len > 0);
        if (op->byte == PICKLE_OP_LONG && node.payload.len && node.payload.data[last] == 'L')
            node.payload.len--;
        for (size_t i = 0; i < node.payload.len; i++)
            if (!byte_is_digit(node.payload.data[i]) && (i > 0 || node.payload.data[i] != '-'))
                return fail(l, "an integer is not decimal");
        if (node.payload.len == 0) return fail(l, "an integer has no digits");
    }
    return push_new(l, node);
}

static enum brine_status push_counted(struct loader *l, const struct pickle_opcode *op) {
    static const struct {
        uint8_t kind, text;
    } kinds[] = {
        [PICKLE_ARG_STRING1] = {VIEW_STR, REPR_LATIN1},
        [PICKLE_ARG_STRING4] = {VIEW_STR, REPR_LATIN1},
        [PICKLE_ARG_UNICODESTRING1] = {VIEW_STR, REPR_UTF8},
        [PICKLE_ARG_UNICODESTRING4] = {VIEW_STR, REPR_UTF8},
        [PICKLE_ARG_UNICODESTRING8] = {VIEW_STR, REPR_UTF8},
        [PICKLE_ARG_BYTES1] = {VIEW_BYTES, 0},
        [PICKLE_ARG_BYTES4] = {VIEW_BYTES, 0},
        [PICKLE_ARG_BYTES8] = {VIEW_BYTES, 0},
        [PICKLE_ARG_BYTEARRAY8] = {VIEW_BYTEARRAY, 0},
        [PICKLE_ARG_LONG1] = {VIEW_LONG, 0},
        [PICKLE_ARG_LONG4] = {VIEW_LONG, 0},
    };
    uint64_t length = read_little_endian(&l->in, pickle_argument_width(op->argument));
    struct bytes payload = read_take(&l->in, length);
    if (reader_failed(&l->in))
        return brine_fail(l->err, BRINE_NEED_MORE, l->at, "the bytes end inside an argument");
    return push_new(l, (struct view_node){.kind = kinds[op->argument].kind,
                                          .text = kinds[op->argument].text,
                                          .payload = payload});
}

/* An integer of the stream's own bytes, as two's complement: unsigned ones need their sign. */
static enum brine_status push_number(struct loader *l, const struct pickle_opcode *op) {
    size_t width = pickle_argument_width(op->argument);
    struct bytes payload = read_take(&l->in, width);
    if (reader_failed(&l->in))
        return brine_fail(l->err, BRINE_NEED_MORE, l->at, "the bytes end inside an argument");
    struct view_node node = {.kind = VIEW_LONG, .payload = payload};
    for (size_t i = payload.len; i > 0; i--) node.bits = node.bits << 8 | payload.data[i - 1];
    if (op->byte == PICKLE_OP_BINFLOAT) {
        node.kind = VIEW_FLOAT;
        node.bits = __builtin_bswap64(node.bits);
    } else if (op->byte != PICKLE_OP_BININT) {
        node.text = 1; /* unsigned: bits hold it */
    }
    if (op->effect == PICKLE_EFFECT_OUTSIDE) node.kind = VIEW_EXTENSION;
    return push_new(l, node);
}

static enum brine_status skip_number(struct loader *l, const struct pickle_opcode *op,
                                     uint64_t *value) {
    *value = read_little_endian(&l->in, pickle_argument_width(op->argument));
    if (reader_failed(&l->in))
        return brine_fail(l->err, BRINE_NEED_MORE, l->at, "the bytes end inside an argument");
    return BRINE_OK;
}

static enum brine_status step_pop(struct loader *l) {
    if (stack_count(l) == 0) return fail(l, "the stack is empty");
    l->stack.len -= sizeof(uint32_t);
    return BRINE_OK;
}

static enum brine_status step_moves(struct loader *l, const struct pickle_opcode *op) {
    uint32_t node;
    size_t from;
    uint64_t index = l->memo_entries;
    switch (op->byte) {
    case PICKLE_OP_POP:
        return step_pop(l);
    case PICKLE_OP_DUP:
        TRY(pop(l, &node));
        TRY(push(l, node));
        return push(l, node);
    case PICKLE_OP_MARK:
        return push_new(l, (struct view_node){.kind = VIEW_MARK});
    case PICKLE_OP_POP_MARK:
        TRY(find_mark(l, &from));
        l->stack.len = (from - 1) * sizeof(uint32_t);
        return BRINE_OK;
    case PICKLE_OP_MEMOIZE:
        return memo_put(l, index);
    case PICKLE_OP_PUT:
        TRY(take_index(l, &index));
        return memo_put(l, index);
    case PICKLE_OP_GET:
        TRY(take_index(l, &index));
        return memo_get(l, index);
    case PICKLE_OP_BINPUT:
    case PICKLE_OP_LONG_BINPUT:
        TRY(skip_number(l, op, &index));
        return memo_put(l, index);
    case PICKLE_OP_BINGET:
    case PICKLE_OP_LONG_BINGET:
        TRY(skip_number(l, op, &index));
        return memo_get(l, index);
    case PICKLE_OP_PROTO:
    case PICKLE_OP_FRAME:
        return skip_number(l, op, &index);
    case PICKLE_OP_READONLY_BUFFER:
        return BRINE_OK;
    default:
        return fail(l, "no opcode has this byte");
    }
}

/* Opcodes that push something without parts or argument. */
static const uint8_t constants[256] = {
    [PICKLE_OP_NONE] = VIEW_NONE,         [PICKLE_OP_NEWTRUE] = VIEW_TRUE,
    [PICKLE_OP_NEWFALSE] = VIEW_FALSE,    [PICKLE_OP_EMPTY_LIST] = VIEW_LIST,
    [PICKLE_OP_EMPTY_DICT] = VIEW_DICT,   [PICKLE_OP_EMPTY_SET] = VIEW_SET,
    [PICKLE_OP_EMPTY_TUPLE] = VIEW_TUPLE, [PICKLE_OP_NEXT_BUFFER] = VIEW_BUFFER,
};

static enum brine_status step(struct loader *l, const struct pickle_opcode *op) {
    uint32_t node;
    if (constants[op->byte]) return push_new(l, (struct view_node){.kind = constants[op->byte]});
    switch (op->byte) {
    case PICKLE_OP_TUPLE1:
        return collect_top(l, 1);
    case PICKLE_OP_TUPLE2:
        return collect_top(l, 2);
    case PICKLE_OP_TUPLE3:
        return collect_top(l, 3);
    case PICKLE_OP_TUPLE:
        return collect(l, VIEW_TUPLE);
    case PICKLE_OP_LIST:
        return collect(l, VIEW_LIST);
    case PICKLE_OP_DICT:
        return collect(l, VIEW_DICT);
    case PICKLE_OP_FROZENSET:
        return collect(l, VIEW_FROZENSET);
    case PICKLE_OP_APPEND:
        return fill_one(l, VIEW_LIST, 1);
    case PICKLE_OP_SETITEM:
        return fill_one(l, VIEW_DICT, 2);
    case PICKLE_OP_APPENDS:
        return fill_slice(l, VIEW_LIST);
    case PICKLE_OP_SETITEMS:
        return fill_slice(l, VIEW_DICT);
    case PICKLE_OP_ADDITEMS:
        return fill_slice(l, VIEW_SET);
    case PICKLE_OP_GLOBAL:
        TRY(take_global(l, &node));
        return push(l, node);
    case PICKLE_OP_STACK_GLOBAL:
        return step_stack_global(l);
    case PICKLE_OP_REDUCE:
    case PICKLE_OP_NEWOBJ:
        return call(l, false);
    case PICKLE_OP_NEWOBJ_EX:
        return call(l, true);
    case PICKLE_OP_INST:
        return step_inst(l);
    case PICKLE_OP_OBJ:
        return step_obj(l);
    case PICKLE_OP_BUILD:
        return step_build(l);
    case PICKLE_OP_BINPERSID:
        TRY(pop(l, &node));
        TRY(push_new(l, (struct view_node){.kind = VIEW_PERSISTENT}));
        return add_part(l, number_at(&l->stack, stack_count(l) - 1), node);
    default:
        break;
    }
    bool counted = op->argument >= PICKLE_ARG_STRING1;
    bool line =
        op->argument >= PICKLE_ARG_DECIMALNL_SHORT && op->argument <= PICKLE_ARG_UNICODESTRINGNL;
    bool moves = op->effect == PICKLE_EFFECT_MEMO || op->effect == PICKLE_EFFECT_STACK ||
                 op->effect == PICKLE_EFFECT_CONTROL || op->argument == PICKLE_ARG_NONE;
    if (moves) return step_moves(l, op);
    return counted ? push_counted(l, op) : line ? push_line(l, op) : push_number(l, op);
}

static enum brine_status run(struct loader *l) {
    for (;;) {
        l->at = l->in.offset;
        if (reader_at_end(&l->in))
            return brine_fail(l->err, BRINE_NEED_MORE, l->at,
                              "the bytes end before the pickle does");
        const struct pickle_opcode *op = pickle_opcode(read_u8(&l->in));
        if (!op->name) return fail(l, "no opcode has this byte");
        if (op->byte == PICKLE_OP_STOP) break;
        TRY(step(l, op));
    }
    TRY(pop(l, &l->tree->root));
    view_node(l->tree, l->tree->root)->uses++;
    return BRINE_OK;
}

enum brine_status view_tree_read(struct view_tree *tree, struct bytes input, struct allocator *mem,
                                 size_t memory_max, struct brine_error *err) {
    struct loader l = {.in = reader_over(input), .tree = tree, .err = err};
    size_t share = memory_max / 4 + 1;
    struct buf *const parts[] = {&tree->nodes, &tree->cells, &l.stack, &l.memo};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) buf_init(parts[i], mem, share);
    enum brine_status status = run(&l);
    buf_deinit(&l.stack);
    buf_deinit(&l.memo);
    return status;
}

void view_tree_deinit(struct view_tree *tree) {
    buf_deinit(&tree->nodes);
    buf_deinit(&tree->cells);
}
