/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The same tree as JSON.  A level of the tree opens at most JSON_LEVELS_EACH levels of JSON. */

#include "pickle/view_print.h"

#include <math.h>

enum { JSON_LEVELS_EACH = 4, HEX_BYTES_MAX = 64 };
_Static_assert((JSON_LEVELS + 2) * JSON_LEVELS_EACH <= JSON_DEPTH_MAX, "the deepest view fits");
static const int64_t JSON_INT_MAX = (int64_t)1 << 53;

static enum brine_status put(struct view_printer *p, uint8_t kind, uint32_t node, uint32_t depth,
                             const char *words) {
    return view_put(p,
                    (struct view_task){.kind = kind, .node = node, .depth = depth, .words = words});
}

/* Text decoded to UTF-8 in a buffer of its own. */
static enum brine_status decode(const struct view_node *node, uint32_t max, struct buf *text) {
    bool cut;
    struct bytes raw = view_cut(node, max, &cut);
    uint32_t point;
    for (size_t at = 0; at < raw.len;) {
        uint8_t utf8[4];
        if (!repr_character(raw, (enum repr_text)node->text, &at, &point)) break;
        size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        for (size_t i = length; i > 1; i--, point >>= 6)
            utf8[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
        utf8[0] = (uint8_t)(length == 1 ? point : (0xf00u >> length) | point);
        TRY(buf_append(text, bytes_view(utf8, length)));
    }
    return cut ? buf_append(text, BYTES("...")) : BRINE_OK;
}

static enum brine_status write_str(struct view_printer *p, const struct view_node *node, bool key) {
    struct buf text;
    buf_init(&text, p->out->mem, 8ull * p->options.text_max + 64);
    enum brine_status status = decode(node, p->options.text_max, &text);
    if (status == BRINE_OK && key) json_key_bytes(&p->json, buf_view(&text));
    if (status == BRINE_OK && !key) json_string(&p->json, buf_view(&text));
    buf_deinit(&text);
    return status;
}

static void write_hex(struct view_printer *p, const struct view_node *node) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * HEX_BYTES_MAX + 1] = "";
    struct bytes shown = bytes_slice(node->payload, 0, HEX_BYTES_MAX);
    for (size_t i = 0; i < shown.len; i++) {
        text[2 * i] = digits[shown.data[i] >> 4];
        text[2 * i + 1] = digits[shown.data[i] & 15];
    }
    json_open_object(&p->json);
    json_key(&p->json, node->kind == VIEW_BYTES ? "bytes" : "bytearray");
    json_string(&p->json, bytes_view(text, 2 * shown.len));
    json_key(&p->json, "length");
    json_uint(&p->json, node->payload.len);
    json_close(&p->json);
}

static void write_wrapped(struct view_printer *p, const char *key, struct bytes text) {
    json_open_object(&p->json);
    json_key(&p->json, key);
    json_string(&p->json, text);
    json_close(&p->json);
}

static enum brine_status write_int(struct view_printer *p, const struct view_node *node) {
    enum { SHOWN_BYTES_MAX = 256 };
    struct buf text;
    int64_t value = 0;
    buf_init(&text, p->out->mem, 4096);
    struct bytes raw = node->payload;
    enum brine_status status = BRINE_OK;
    if (node->kind == VIEW_INT)
        status = buf_append(&text, bytes_slice(raw, 0, SHOWN_BYTES_MAX));
    else if (node->text)
        status = buf_printf(&text, "%llu", (unsigned long long)node->bits);
    else
        status = repr_long(&text, bytes_slice(raw, 0, SHOWN_BYTES_MAX));
    struct bytes digits = buf_view(&text);
    bool negative = digits.len > 0 && digits.data[0] == '-', small = digits.len <= 17;
    for (size_t i = negative; small && i < digits.len; i++)
        value = value * 10 + digits.data[i] - '0';
    if (status == BRINE_OK && small && value <= JSON_INT_MAX)
        json_int(&p->json, negative ? -value : value);
    else if (status == BRINE_OK)
        write_wrapped(p, "int", digits);
    buf_deinit(&text);
    return status;
}

static void write_float(struct view_printer *p, const struct view_node *node) {
    double value;
    memcpy(&value, &node->bits, sizeof value);
    if (isfinite(value))
        json_double(&p->json, value);
    else
        write_wrapped(p, "float",
                      isnan(value) ? BYTES("nan")
                      : value < 0  ? BYTES("-inf")
                                   : BYTES("inf"));
}

static enum brine_status write_global(struct view_printer *p, const struct view_node *node) {
    enum { NAME_BYTES_MAX = 200 };
    struct buf text;
    buf_init(&text, p->out->mem, 1024);
    enum brine_status status = buf_append(&text, bytes_slice(node->payload, 0, NAME_BYTES_MAX));
    if (status == BRINE_OK) status = buf_append_byte(&text, '.');
    if (status == BRINE_OK) status = buf_append(&text, bytes_slice(node->extra, 0, NAME_BYTES_MAX));
    if (status == BRINE_OK) write_wrapped(p, "global", buf_view(&text));
    buf_deinit(&text);
    return status;
}

/* --- containers: an array of parts, or an object where JSON has the same --- */

static void write_more(struct view_printer *p, uint32_t left_out) {
    json_open_object(&p->json);
    json_key(&p->json, "more");
    json_uint(&p->json, left_out);
    json_close(&p->json);
}

static enum brine_status put_array(struct view_printer *p, const struct view_node *node,
                                   uint32_t depth) {
    uint32_t shown = 0;
    json_open_array(&p->json);
    if (node->count > p->options.items_max) write_more(p, node->count - p->options.items_max);
    for (uint32_t cell = node->first; cell != VIEW_NOTHING && shown < p->options.items_max;
         shown++) {
        TRY(put(p, VIEW_TASK_NODE, view_cell(p->tree, cell)->node, depth, NULL));
        cell = view_cell(p->tree, cell)->next;
    }
    return put(p, VIEW_TASK_CLOSE, 0, 0, NULL);
}

static enum brine_status put_object(struct view_printer *p, const struct view_node *node,
                                    uint32_t depth) {
    uint32_t shown = 0, cell = node->first;
    json_open_object(&p->json);
    while (cell != VIEW_NOTHING && shown++ < p->options.items_max) {
        TRY(put(p, VIEW_TASK_KEY, view_cell(p->tree, cell)->node, depth, NULL));
        cell = view_cell(p->tree, cell)->next;
        if (cell == VIEW_NOTHING) break;
        TRY(put(p, VIEW_TASK_NODE, view_cell(p->tree, cell)->node, depth, NULL));
        cell = view_cell(p->tree, cell)->next;
    }
    return put(p, VIEW_TASK_CLOSE, 0, 0, NULL);
}

static const char *const container_keys[] = {
    [VIEW_LIST] = "list", [VIEW_TUPLE] = "tuple",         [VIEW_DICT] = "dict",
    [VIEW_SET] = "set",   [VIEW_FROZENSET] = "frozenset",
};

static enum brine_status put_call(struct view_printer *p, const struct view_node *node,
                                  uint32_t depth) {
    uint32_t named = view_part(p->tree, node, 2);
    TRY(put(p, VIEW_TASK_WORDS, 0, 0, "call"));
    TRY(put(p, VIEW_TASK_NODE, view_part(p->tree, node, 0), depth, NULL));
    TRY(put(p, VIEW_TASK_WORDS, 0, 0, "args"));
    TRY(put(p, VIEW_TASK_NODE, view_part(p->tree, node, 1), depth, NULL));
    const struct {
        const char *key;
        uint32_t node;
    } rest[] = {{"named", named}, {"state", node->state}, {"items", node->items}};
    for (size_t i = 0; i < ARRAY_LEN(rest); i++) {
        if (rest[i].node == VIEW_NOTHING) continue;
        TRY(put(p, VIEW_TASK_WORDS, 0, 0, rest[i].key));
        TRY(put(p, VIEW_TASK_NODE, rest[i].node, depth, NULL));
    }
    return put(p, VIEW_TASK_CLOSE, 0, 0, NULL);
}

static enum brine_status put_branch(struct view_printer *p, struct view_node *node,
                                    uint32_t depth) {
    bool shared = view_is_shared(node);
    bool plain_dict = node->kind == VIEW_DICT && view_has_str_keys(p->tree, node) &&
                      node->count / 2 <= p->options.items_max;
    if (!shared && node->kind == VIEW_LIST) return put_array(p, node, depth);
    if (!shared && plain_dict) return put_object(p, node, depth);
    json_open_object(&p->json);
    if (shared) {
        node->label = ++p->labels;
        json_key(&p->json, "id");
        json_uint(&p->json, node->label);
    }
    if (node->kind == VIEW_CALL) return put_call(p, node, depth);
    json_key(&p->json, plain_dict ? "object" : container_keys[node->kind]);
    /* A dict that is not an object: keys and values in turn. */
    TRY(plain_dict ? put_object(p, node, depth) : put_array(p, node, depth));
    return put(p, VIEW_TASK_CLOSE, 0, 0, NULL);
}

static enum brine_status write_node(struct view_printer *p, uint32_t number, uint32_t depth) {
    struct view_node *node = view_node(p->tree, number);
    switch ((enum view_kind)node->kind) {
    case VIEW_NONE:
        json_null(&p->json);
        return BRINE_OK;
    case VIEW_FALSE:
    case VIEW_TRUE:
        json_bool(&p->json, node->kind == VIEW_TRUE);
        return BRINE_OK;
    case VIEW_INT:
    case VIEW_LONG:
        return write_int(p, node);
    case VIEW_FLOAT:
        write_float(p, node);
        return BRINE_OK;
    case VIEW_STR:
        return write_str(p, node, false);
    case VIEW_BYTES:
    case VIEW_BYTEARRAY:
        write_hex(p, node);
        return BRINE_OK;
    case VIEW_GLOBAL:
        return write_global(p, node);
    case VIEW_MARK:
    case VIEW_PERSISTENT:
        write_wrapped(p, "persistent", BYTES(""));
        return BRINE_OK;
    case VIEW_EXTENSION:
        write_wrapped(p, "extension", BYTES(""));
        return BRINE_OK;
    case VIEW_BUFFER:
        write_wrapped(p, "buffer", BYTES(""));
        return BRINE_OK;
    case VIEW_LIST:
    case VIEW_TUPLE:
    case VIEW_DICT:
    case VIEW_SET:
    case VIEW_FROZENSET:
    case VIEW_CALL:
        break;
    }
    if (node->label) {
        json_open_object(&p->json);
        json_key(&p->json, "ref");
        json_uint(&p->json, node->label);
        json_close(&p->json);
        return BRINE_OK;
    }
    if (depth >= p->options.depth_max) {
        write_more(p, node->count);
        return BRINE_OK;
    }
    size_t begin = view_begin(p);
    TRY(put_branch(p, node, depth + 1));
    view_end(p, begin);
    return BRINE_OK;
}

enum brine_status view_json(struct view_printer *p) {
    json_init(&p->json, p->out);
    TRY(put(p, VIEW_TASK_NODE, p->tree->root, 0, NULL));
    while (p->tasks.len > 0 && p->json.status == BRINE_OK) {
        struct view_task task;
        p->tasks.len -= sizeof task;
        memcpy(&task, p->tasks.data + p->tasks.len, sizeof task);
        switch ((enum view_task_kind)task.kind) {
        case VIEW_TASK_NODE:
            TRY(write_node(p, task.node, task.depth));
            break;
        case VIEW_TASK_KEY:
            TRY(write_str(p, view_node(p->tree, task.node), true));
            break;
        case VIEW_TASK_WORDS:
            json_key(&p->json, task.words);
            break;
        case VIEW_TASK_CLOSE:
            json_close(&p->json);
            break;
        }
    }
    return json_finish(&p->json);
}
