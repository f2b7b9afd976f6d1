/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What view.c (text) and view_json.c share: a stack of things yet to be written, so that no depth
 * of the tree is a depth of calls. */
#ifndef BRINE_PICKLE_VIEW_PRINT_H
#define BRINE_PICKLE_VIEW_PRINT_H

#include "pickle/view.h"
#include "pickle/view_tree.h"
#include "text/json.h"

/* Levels of the tree that JSON shows at most: each may open four of the writer's. */
enum { JSON_LEVELS = 12 };

enum view_task_kind {
    VIEW_TASK_NODE,  /* write the node */
    VIEW_TASK_KEY,   /* write it as the key of an object or named argument */
    VIEW_TASK_WORDS, /* text: these words; JSON: a key of these words */
    VIEW_TASK_CLOSE, /* JSON: close what was opened last */
};

struct view_task {
    uint8_t kind;
    uint32_t node, depth;
    const char *words;
};

struct view_printer {
    struct view_tree *tree;
    struct pickle_view_options options;
    struct buf *out;
    struct buf tasks; /* of struct view_task; the next one last */
    struct json json;
    uint32_t labels;
};

/* Tasks are put in the order in which they are to be done, between these two. */
static inline size_t view_begin(const struct view_printer *p) {
    return p->tasks.len / sizeof(struct view_task);
}
void view_end(struct view_printer *p, size_t begin);
enum brine_status view_put(struct view_printer *p, struct view_task task) MUST_USE;

/* Has parts that are worth sharing, so that it gets a label when it stands in several places. */
bool view_is_shared(const struct view_node *node);
/* Every key is a str. */
bool view_has_str_keys(const struct view_tree *tree, const struct view_node *dict);
/* The part at a place of a call, or VIEW_NOTHING. */
uint32_t view_part(const struct view_tree *tree, const struct view_node *node, uint32_t at);
/* Where text is cut: at most `max` bytes, not inside a character or an escape of it. */
struct bytes view_cut(const struct view_node *node, uint32_t max, bool *cut);

/* view_json.c */
enum brine_status view_json(struct view_printer *p) MUST_USE;

#endif
