/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The tree that view.c prints: what a stream would build, without building it.  Between view_tree.c
 * and view.c only. */
#ifndef BRINE_PICKLE_VIEW_TREE_H
#define BRINE_PICKLE_VIEW_TREE_H

#include "base/buf.h"
#include "pickle/repr.h"

enum view_kind {
    VIEW_MARK, /* on the stack only */
    VIEW_NONE,
    VIEW_FALSE,
    VIEW_TRUE,
    VIEW_INT,   /* text at payload */
    VIEW_LONG,  /* two's complement at payload */
    VIEW_FLOAT, /* bits */
    VIEW_STR,
    VIEW_BYTES,
    VIEW_BYTEARRAY,
    VIEW_GLOBAL, /* module at payload, name at extra */
    VIEW_LIST,
    VIEW_TUPLE,
    VIEW_DICT, /* parts are keys and values in turn */
    VIEW_SET,
    VIEW_FROZENSET,
    VIEW_CALL, /* parts: callee, arguments (a tuple), named arguments when there are */
    VIEW_PERSISTENT,
    VIEW_EXTENSION,
    VIEW_BUFFER,
};

enum { VIEW_NOTHING = UINT32_MAX };

struct view_node {
    uint8_t kind, text;          /* text: enum repr_text */
    uint32_t uses;               /* places where it stands */
    uint32_t label;              /* given when it is printed and shared; 0: none yet */
    uint32_t first, last, count; /* parts: cells */
    uint32_t state;              /* of a call; VIEW_NOTHING */
    uint32_t items;              /* of a call: a list or dict of its items; VIEW_NOTHING */
    struct bytes payload, extra;
    uint64_t bits;
};

struct view_cell {
    uint32_t node, next;
};

struct view_tree {
    struct buf nodes, cells; /* of struct view_node, struct view_cell */
    uint32_t root;
};

static inline struct view_node *view_node(const struct view_tree *tree, uint32_t number) {
    return (struct view_node *)(void *)tree->nodes.data + number;
}
static inline const struct view_cell *view_cell(const struct view_tree *tree, uint32_t number) {
    return (const struct view_cell *)(const void *)tree->cells.data + number;
}

/* Reads the stream; the tree's payloads point into it.  view_tree_deinit also after a failure. */
enum brine_status view_tree_read(struct view_tree *tree, struct bytes input, struct allocator *mem,
                                 size_t memory_max, struct brine_error *err) MUST_USE;
void view_tree_deinit(struct view_tree *tree);

#endif
