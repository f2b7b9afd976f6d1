/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/view.h"

#include "pickle/view_print.h"

enum { ITEMS_DEFAULT = 100, TEXT_DEFAULT = 200, DEPTH_DEFAULT = 32 };
static const size_t MEMORY_DEFAULT = 256u << 20;

/* --- tasks --- */

enum brine_status view_put(struct view_printer *p, struct view_task task) {
    return buf_append(&p->tasks, bytes_view(&task, sizeof task));
}

void view_end(struct view_printer *p, size_t begin) {
    struct view_task *tasks = (struct view_task *)(void *)p->tasks.data;
    size_t end = p->tasks.len / sizeof *tasks;
    for (; begin + 1 < end; begin++, end--) {
        struct view_task moved = tasks[begin];
        tasks[begin] = tasks[end - 1];
        tasks[end - 1] = moved;
    }
}

static enum brine_status put_words(struct view_printer *p, const char *words) {
    return view_put(p, (struct view_task){.kind = VIEW_TASK_WORDS, .words = words});
}

static enum brine_status put_node(struct view_printer *p, uint32_t node, uint32_t depth) {
    return view_put(p, (struct view_task){.kind = VIEW_TASK_NODE, .node = node, .depth = depth});
}

/* --- the tree --- */

bool view_is_shared(const struct view_node *node) {
    bool has_parts = node->kind == VIEW_CALL || (node->kind >= VIEW_LIST && node->count > 0);
    return has_parts && node->uses > 1 && node->kind != VIEW_PERSISTENT;
}

/* Not when a last key has no value: an element appended to the items of an instance, say. */
bool view_has_str_keys(const struct view_tree *tree, const struct view_node *dict) {
    uint32_t cell = dict->first;
    if (dict->count % 2) return false;
    for (uint32_t i = 0; cell != VIEW_NOTHING; i++, cell = view_cell(tree, cell)->next)
        if (i % 2 == 0 && view_node(tree, view_cell(tree, cell)->node)->kind != VIEW_STR)
            return false;
    return true;
}

uint32_t view_part(const struct view_tree *tree, const struct view_node *node, uint32_t at) {
    uint32_t cell = node->first;
    while (at-- > 0 && cell != VIEW_NOTHING) cell = view_cell(tree, cell)->next;
    return cell == VIEW_NOTHING ? VIEW_NOTHING : view_cell(tree, cell)->node;
}

struct bytes view_cut(const struct view_node *node, uint32_t max, bool *cut) {
    size_t at = 0, next = 0;
    uint32_t point;
    *cut = node->payload.len > max;
    if (!*cut) return node->payload;
    if (node->kind != VIEW_STR) return bytes_slice(node->payload, 0, max);
    while (next < node->payload.len && next <= max) {
        at = next;
        if (!repr_character(node->payload, (enum repr_text)node->text, &next, &point)) break;
    }
    return bytes_slice(node->payload, 0, at);
}

/* --- leaves as text --- */

static enum brine_status print_str(struct view_printer *p, const struct view_node *node) {
    bool cut;
    struct bytes text = view_cut(node, p->options.text_max, &cut);
    enum brine_status status = repr_str(p->out, text, (enum repr_text)node->text);
    if (status == BRINE_MALFORMED) status = buf_append(p->out, BYTES("<undecodable str>"));
    if (status == BRINE_OK && cut)
        status = buf_printf(p->out, "... <%zu bytes>", node->payload.len);
    return status;
}

static enum brine_status print_bytes(struct view_printer *p, const struct view_node *node) {
    bool cut;
    struct bytes shown = view_cut(node, p->options.text_max, &cut);
    bool array = node->kind == VIEW_BYTEARRAY;
    if (array) TRY(buf_append(p->out, BYTES("bytearray(")));
    TRY(repr_bytes(p->out, shown));
    if (cut) TRY(buf_printf(p->out, "... <%zu bytes>", node->payload.len));
    return array ? buf_append_byte(p->out, ')') : BRINE_OK;
}

static enum brine_status print_long(struct view_printer *p, const struct view_node *node) {
    enum { SHOWN_BYTES_MAX = 256 };
    if (node->text) return buf_printf(p->out, "%llu", (unsigned long long)node->bits);
    if (node->payload.len > SHOWN_BYTES_MAX)
        return buf_printf(p->out, "<int of %zu bytes>", node->payload.len);
    return repr_long(p->out, node->payload);
}

static enum brine_status print_name(struct buf *out, struct bytes name) {
    enum { NAME_BYTES_MAX = 200 };
    for (size_t i = 0; i < MIN(name.len, (size_t)NAME_BYTES_MAX); i++) {
        uint8_t c = name.data[i];
        if (c > 0x20 && c < 0x7f && c != '\\')
            TRY(buf_append_byte(out, c));
        else
            TRY(buf_printf(out, "\\x%02x", c));
    }
    return name.len > NAME_BYTES_MAX ? buf_append(out, BYTES("...")) : BRINE_OK;
}

static enum brine_status print_global(struct view_printer *p, const struct view_node *node) {
    TRY(print_name(p->out, node->payload));
    TRY(buf_append_byte(p->out, '.'));
    return print_name(p->out, node->extra);
}

static enum brine_status print_float(struct view_printer *p, const struct view_node *node) {
    double value;
    memcpy(&value, &node->bits, sizeof value);
    return repr_float(p->out, value);
}

/* --- containers as text --- */

static enum brine_status put_parts(struct view_printer *p, const struct view_node *node,
                                   uint32_t depth, bool named) {
    bool dict = node->kind == VIEW_DICT;
    uint32_t cell = node->first, shown = 0;
    uint32_t count = dict ? node->count / 2 : node->count;
    for (; cell != VIEW_NOTHING && shown < p->options.items_max; shown++) {
        if (shown > 0) TRY(put_words(p, ", "));
        struct view_task key = {.kind = named ? VIEW_TASK_KEY : VIEW_TASK_NODE, .depth = depth};
        key.node = view_cell(p->tree, cell)->node;
        TRY(view_put(p, key));
        cell = view_cell(p->tree, cell)->next;
        if (!dict || cell == VIEW_NOTHING) continue;
        TRY(put_words(p, named ? "=" : ": "));
        TRY(put_node(p, view_cell(p->tree, cell)->node, depth));
        cell = view_cell(p->tree, cell)->next;
    }
    return count > shown ? put_words(p, ", ...") : BRINE_OK;
}

static enum brine_status put_container(struct view_printer *p, const struct view_node *node,
                                       uint32_t depth) {
    static const char *const marks[][2] = {
        [VIEW_LIST] = {"[", "]"},
        [VIEW_TUPLE] = {"(", ")"},
        [VIEW_DICT] = {"{", "}"},
        [VIEW_SET] = {"{", "}"},
        [VIEW_FROZENSET] = {"frozenset({", "})"},
    };
    if (node->kind == VIEW_SET && node->count == 0) return put_words(p, "set()");
    if (node->kind == VIEW_FROZENSET && node->count == 0) return put_words(p, "frozenset()");
    TRY(put_words(p, marks[node->kind][0]));
    TRY(put_parts(p, node, depth, false));
    if (node->kind == VIEW_TUPLE && node->count == 1) TRY(put_words(p, ","));
    return put_words(p, marks[node->kind][1]);
}

static bool is_global(const struct view_tree *tree, uint32_t number, const char *module,
                      const char *name) {
    const struct view_node *node = view_node(tree, number);
    return node->kind == VIEW_GLOBAL && bytes_equal(node->payload, bytes_of_cstr(module)) &&
           bytes_equal(node->extra, bytes_of_cstr(name));
}

/* The date and time that the bytes of datetime's classes hold.
 * Source: CPython Lib/_pydatetime.py, datetime._getstate. */
static bool print_moment(struct view_printer *p, uint32_t callee, uint32_t args,
                         enum brine_status *status) {
    uint32_t first = view_part(p->tree, view_node(p->tree, args), 0);
    if (view_node(p->tree, args)->count != 1 || view_node(p->tree, first)->kind != VIEW_BYTES)
        return false;
    struct bytes raw = view_node(p->tree, first)->payload;
    const uint8_t *b = raw.data;
    if (is_global(p->tree, callee, "datetime", "date") && raw.len == 4) {
        *status = buf_printf(p->out, "datetime.date(%d, %d, %d)", b[0] << 8 | b[1], b[2], b[3]);
        return true;
    }
    if (!is_global(p->tree, callee, "datetime", "datetime") || raw.len != 10) return false;
    uint32_t micro = (uint32_t)b[7] << 16 | (uint32_t)b[8] << 8 | b[9];
    *status = buf_printf(p->out, "datetime.datetime(%d, %d, %d, %d, %d", b[0] << 8 | b[1],
                         b[2] & 0x7f, b[3], b[4], b[5]);
    if (*status == BRINE_OK && (b[6] || micro)) *status = buf_printf(p->out, ", %d", b[6]);
    if (*status == BRINE_OK && micro) *status = buf_printf(p->out, ", %u", micro);
    if (*status == BRINE_OK) *status = buf_append_byte(p->out, ')');
    return true;
}

/* name(arguments, attribute=value) with [items] */
static enum brine_status put_call(struct view_printer *p, const struct view_node *node,
                                  uint32_t depth) {
    uint32_t callee = view_part(p->tree, node, 0), args = view_part(p->tree, node, 1);
    uint32_t named = view_part(p->tree, node, 2), state = node->state, items = node->items;
    bool has_args = view_node(p->tree, args)->count > 0;
    if (view_node(p->tree, args)->kind != VIEW_TUPLE) {
        TRY(put_node(p, callee, depth));
        TRY(put_words(p, "(*"));
        TRY(put_node(p, args, depth));
        return put_words(p, ")");
    }
    TRY(put_node(p, callee, depth));
    TRY(put_words(p, "("));
    TRY(put_parts(p, view_node(p->tree, args), depth, false));
    if (named != VIEW_NOTHING && view_node(p->tree, named)->count > 0) {
        if (has_args) TRY(put_words(p, ", "));
        has_args = true;
        TRY(put_words(p, "**"));
        TRY(put_node(p, named, depth));
    }
    if (state != VIEW_NOTHING) {
        const struct view_node *dict = view_node(p->tree, state);
        bool plain = dict->kind == VIEW_DICT && view_has_str_keys(p->tree, dict);
        if (has_args && (!plain || dict->count)) TRY(put_words(p, ", "));
        if (!plain) TRY(put_words(p, "state="));
        TRY(plain ? put_parts(p, dict, depth, true) : put_node(p, state, depth));
    }
    TRY(put_words(p, ")"));
    if (items == VIEW_NOTHING) return BRINE_OK;
    TRY(put_words(p, " with "));
    return put_node(p, items, depth);
}

static enum brine_status put_branch(struct view_printer *p, const struct view_node *node,
                                    uint32_t depth) {
    size_t begin = view_begin(p);
    if (node->kind == VIEW_CALL)
        TRY(put_call(p, node, depth));
    else
        TRY(put_container(p, node, depth));
    view_end(p, begin);
    return BRINE_OK;
}

static enum brine_status print_node(struct view_printer *p, uint32_t number, uint32_t depth) {
    struct view_node *node = view_node(p->tree, number);
    enum brine_status status;
    if (view_is_shared(node)) {
        if (node->label) return buf_printf(p->out, "$%u", node->label);
        node->label = ++p->labels;
        TRY(buf_printf(p->out, "$%u=", node->label));
    }
    switch ((enum view_kind)node->kind) {
    case VIEW_NONE:
        return buf_append(p->out, BYTES("None"));
    case VIEW_FALSE:
        return buf_append(p->out, BYTES("False"));
    case VIEW_TRUE:
        return buf_append(p->out, BYTES("True"));
    case VIEW_INT:
        return buf_append(p->out, bytes_slice(node->payload, 0, p->options.text_max));
    case VIEW_LONG:
        return print_long(p, node);
    case VIEW_FLOAT:
        return print_float(p, node);
    case VIEW_STR:
        return print_str(p, node);
    case VIEW_BYTES:
    case VIEW_BYTEARRAY:
        return print_bytes(p, node);
    case VIEW_GLOBAL:
        return print_global(p, node);
    case VIEW_PERSISTENT:
        return buf_append(p->out, BYTES("<persistent id>"));
    case VIEW_EXTENSION:
        return buf_printf(p->out, "<extension %u>", (unsigned)node->bits);
    case VIEW_BUFFER:
        return buf_append(p->out, BYTES("<buffer>"));
    case VIEW_MARK:
        return buf_append(p->out, BYTES("<mark>"));
    case VIEW_LIST:
    case VIEW_TUPLE:
    case VIEW_DICT:
    case VIEW_SET:
    case VIEW_FROZENSET:
        break;
    case VIEW_CALL:
        if (print_moment(p, view_part(p->tree, node, 0), view_part(p->tree, node, 1), &status))
            return status;
        break;
    }
    if (depth >= p->options.depth_max) return buf_append(p->out, BYTES("..."));
    return put_branch(p, node, depth + 1);
}

/* An attribute's name stands bare; the quotes would only be in the way. */
static enum brine_status print_key(struct view_printer *p, uint32_t number) {
    const struct view_node *node = view_node(p->tree, number);
    bool bare = node->payload.len > 0 && !memchr(node->payload.data, '\\', node->payload.len);
    return bare ? print_name(p->out, node->payload) : print_str(p, node);
}

static enum brine_status view_text(struct view_printer *p) {
    TRY(put_node(p, p->tree->root, 0));
    while (p->tasks.len > 0) {
        struct view_task task;
        p->tasks.len -= sizeof task;
        memcpy(&task, p->tasks.data + p->tasks.len, sizeof task);
        if (task.kind == VIEW_TASK_WORDS)
            TRY(buf_append(p->out, bytes_of_cstr(task.words)));
        else if (task.kind == VIEW_TASK_KEY)
            TRY(print_key(p, task.node));
        else
            TRY(print_node(p, task.node, task.depth));
    }
    return BRINE_OK;
}

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value ? value : fallback;
}

enum brine_status pickle_view(struct bytes input, struct pickle_view_options options,
                              struct buf *out, struct brine_error *err) {
    struct view_tree tree;
    size_t memory_max = options.memory_max ? options.memory_max : MEMORY_DEFAULT;
    options.items_max = or_default(options.items_max, ITEMS_DEFAULT);
    options.text_max = or_default(options.text_max, TEXT_DEFAULT);
    options.depth_max = or_default(options.depth_max, DEPTH_DEFAULT);
    if (options.json) options.depth_max = MIN(options.depth_max, (uint32_t)JSON_LEVELS);
    struct view_printer p = {.tree = &tree, .options = options, .out = out};
    buf_init(&p.tasks, out->mem, memory_max);
    enum brine_status status = view_tree_read(&tree, input, out->mem, memory_max, err);
    if (status == BRINE_OK) {
        status = options.json ? view_json(&p) : view_text(&p);
        if (status != BRINE_OK)
            brine_fail(err, status, 0, "the view is longer than %zu bytes", out->limit);
    }
    view_tree_deinit(&tree);
    buf_deinit(&p.tasks);
    return status;
}
