/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The upper half of the TOML reader: how statements build the tree.
 *
 * What TOML forbids about tables follows from how each came about, so that is remembered:
 *
 *   IMPLICIT   named on the way to another: the a of [a.b].  [a] may define it later, once.
 *   HEADER     [a], or an element that [[a]] added.  Closed to dotted keys of other tables.
 *   DOTTED     named on the way in a key: the a of a.b = 1.  More dotted keys may add to it, a
 *              header may add tables below it, none may define it.
 *   INLINE     { ... }.  Whole as it stands.
 *   LITERAL    an array [ ... ].  Whole as it stands.
 *   ELEMENTS   an array that [[a]] made.  Another [[a]] adds to it; [a.b] means its last table.
 *
 * A value may hold arrays and inline tables inside each other.  The one being filled is known by
 * pointer and the one around it is its parent, so the reader needs no stack and no recursion: the
 * tree is the stack, and the depth of the tree is bounded as it grows. */

#include "text/toml.h"

#include "base/assert.h"
#include "text/toml_scan.h"

#include <stdio.h>

enum definition { LEAF, IMPLICIT, HEADER, DOTTED, INLINE, LITERAL, ELEMENTS };

enum {
    DEFAULT_BYTES_MAX = 4 << 20,
    DEFAULT_NODES_MAX = 1 << 18,
    DEFAULT_KEYS_MAX = 4096,
};

struct parser {
    struct toml_scan scan;
    struct toml_limits limits;
    size_t nodes;
    struct toml_value *root;
    struct toml_value *section; /* the table that key = value adds to */
};

static enum brine_status parse_statements(struct parser *p);

enum brine_status toml_parse(struct arena *arena, struct bytes text, struct toml_limits limits,
                             const struct toml_value **root, struct brine_error *err) {
    struct parser parser = {
        .scan = {.text = text, .here = {.line = 1, .column = 1}, .arena = arena, .err = err},
        .limits = {.bytes_max = limits.bytes_max ? limits.bytes_max : DEFAULT_BYTES_MAX,
                   .nodes_max = limits.nodes_max ? limits.nodes_max : DEFAULT_NODES_MAX,
                   .keys_max = limits.keys_max ? limits.keys_max : DEFAULT_KEYS_MAX,
                   .depth_max = limits.depth_max ? limits.depth_max : TOML_DEPTH_MAX},
    };
    struct parser *p = &parser;
    BRINE_ASSERT(p->limits.depth_max <= TOML_DEPTH_MAX, "depth_max is at most TOML_DEPTH_MAX");
    if (text.len > p->limits.bytes_max)
        return toml_scan_fail(&p->scan, p->scan.here, BRINE_TOO_BIG,
                              "%zu bytes of text, the limit is %zu", text.len, p->limits.bytes_max);
    buf_init(&p->scan.scratch, arena->mem, text.len + 1);
    if (bytes_starts_with(text, BYTES("\xEF\xBB\xBF")))
        p->scan.here.offset = 3; /* byte order mark */
    enum brine_status status = toml_check_text(&p->scan);
    if (status == BRINE_OK) status = parse_statements(p);
    buf_deinit(&p->scan.scratch);
    *root = status == BRINE_OK ? p->root : NULL;
    return status;
}

/* ---- the tree ---------------------------------------------------------------------------------
 */

static struct toml_value *find(const struct toml_value *table, struct bytes key) {
    for (struct toml_value *item = table->items.first; item; item = item->next)
        if (bytes_equal(item->key, key)) return item;
    return NULL;
}

static void set_place(struct toml_value *value, struct toml_place place) {
    value->offset = place.offset;
    value->line = place.line;
    value->column = place.column;
}

/* A new item at the end of parent (NULL for the root), an empty table until it is told what it is.
 */
static enum brine_status add_value(struct parser *p, struct toml_value *parent,
                                   struct toml_place place, struct toml_value **added) {
    if (p->nodes >= p->limits.nodes_max)
        return toml_scan_fail(&p->scan, place, BRINE_TOO_BIG, "more than %zu values",
                              p->limits.nodes_max);
    if (parent && parent->depth >= p->limits.depth_max)
        return toml_scan_fail(&p->scan, place, BRINE_TOO_BIG, "nested deeper than %zu",
                              p->limits.depth_max);
    if (parent && parent->kind == TOML_TABLE && parent->items.count >= p->limits.keys_max)
        return toml_scan_fail(&p->scan, place, BRINE_TOO_BIG, "more than %zu keys in one table",
                              p->limits.keys_max);
    struct toml_value *value = arena_alloc(p->scan.arena, sizeof *value);
    if (!value) return toml_scan_fail(&p->scan, place, BRINE_NO_MEMORY, "out of memory");
    *value = (struct toml_value){.kind = TOML_TABLE, .parent = parent};
    set_place(value, place);
    p->nodes++;
    if (parent) {
        value->depth = (uint8_t)(parent->depth + 1);
        if (parent->items.last)
            parent->items.last->next = value;
        else
            parent->items.first = value;
        parent->items.last = value;
        parent->items.count++;
    }
    *added = value;
    return BRINE_OK;
}

static enum brine_status add_key(struct parser *p, struct toml_value *table, struct bytes key,
                                 struct toml_place place, struct toml_value **added) {
    TRY(add_value(p, table, place, added));
    (*added)->key = key;
    (*added)->key_line = place.line;
    (*added)->key_column = place.column;
    return BRINE_OK;
}

/* What it is to a reader: "a value", "an inline table" ... */
static const char *describe(const struct toml_value *value) {
    switch ((enum definition)value->definition) {
    case LEAF:
        return "a value";
    case IMPLICIT:
    case HEADER:
        return "a table";
    case DOTTED:
        return "a table by dotted keys";
    case INLINE:
        return "an inline table";
    case LITERAL:
        return "an array";
    case ELEMENTS:
        return "an array of tables";
    }
    return "a value";
}

static enum brine_status already(struct parser *p, struct toml_place place, struct bytes key,
                                 const struct toml_value *earlier) {
    return toml_scan_fail(
        &p->scan, place, BRINE_MALFORMED, "expected a new key, but '%.*s' is already %s at line %u",
        (int)MIN(key.len, 64u), (const char *)key.data, describe(earlier), earlier->key_line);
}

/* ---- keys and headers -------------------------------------------------------------------------
 */

/* Where a dotted name stands: its last part, not yet looked up, and the table that is to hold it.
 */
struct name {
    struct toml_value *table;
    struct bytes key;
    struct toml_place place;
};

/* The table a name leads through, made when missing.  A key may pass only what keys made; a header
 * may pass any table that is not inline, and the last element of an array of tables. */
static enum brine_status enter(struct parser *p, struct name *name, bool is_header) {
    struct toml_value *found = find(name->table, name->key);
    if (!found) {
        TRY(add_key(p, name->table, name->key, name->place, &found));
        found->definition = is_header ? IMPLICIT : DOTTED;
    } else if (!is_header && found->definition != DOTTED) {
        return already(p, name->place, name->key, found);
    } else if (is_header && found->definition == ELEMENTS) {
        found = found->items.last;
    } else if (is_header && (found->kind != TOML_TABLE || found->definition == INLINE)) {
        return already(p, name->place, name->key, found);
    }
    name->table = found;
    return BRINE_OK;
}

/* Reads a.b.c and enters a and b. */
static enum brine_status parse_name(struct parser *p, struct toml_value *table, bool is_header,
                                    struct name *name) {
    struct toml_scan *scan = &p->scan;
    name->table = table;
    for (;;) {
        name->place = scan->here;
        TRY(toml_scan_key(scan, &name->key));
        toml_skip_blank(scan, false);
        if (toml_peek(scan, 0) != '.') return BRINE_OK;
        toml_advance(scan, 1);
        toml_skip_blank(scan, false);
        TRY(enter(p, name, is_header));
    }
}

/* [a.b] : a table of its own, or one that was only named on the way until now. */
static enum brine_status define_table(struct parser *p, const struct name *name,
                                      struct toml_place header) {
    struct toml_value *found = find(name->table, name->key);
    if (found && found->definition != IMPLICIT) return already(p, name->place, name->key, found);
    if (!found) TRY(add_key(p, name->table, name->key, name->place, &found));
    found->definition = HEADER;
    set_place(found, header);
    p->section = found;
    return BRINE_OK;
}

/* [[a.b]] : one more element. */
static enum brine_status define_element(struct parser *p, const struct name *name,
                                        struct toml_place header) {
    struct toml_value *array = find(name->table, name->key);
    if (array && array->definition != ELEMENTS) return already(p, name->place, name->key, array);
    if (!array) {
        TRY(add_key(p, name->table, name->key, name->place, &array));
        array->kind = TOML_ARRAY;
        array->definition = ELEMENTS;
        set_place(array, header);
    }
    TRY(add_value(p, array, header, &p->section));
    p->section->definition = HEADER;
    return BRINE_OK;
}

static enum brine_status parse_header(struct parser *p) {
    struct toml_scan *scan = &p->scan;
    struct toml_place header = scan->here;
    bool is_element = toml_peek(scan, 1) == '[';
    toml_advance(scan, is_element ? 2 : 1);
    toml_skip_blank(scan, false);
    struct name name;
    TRY(parse_name(p, p->root, true, &name));
    if (toml_peek(scan, 0) != ']' || (is_element && toml_peek(scan, 1) != ']'))
        return toml_expected(scan, is_element ? "]] to close the header" : "] to close the header");
    toml_advance(scan, is_element ? 2 : 1);
    if (is_element)
        TRY(define_element(p, &name, header));
    else
        TRY(define_table(p, &name, header));
    p->section->source_len = scan->here.offset - header.offset;
    return BRINE_OK;
}

/* ---- values -----------------------------------------------------------------------------------
 */

/* Reads `a.b =` and leaves the cursor before the value, whose place in the tree is *slot. */
static enum brine_status parse_key(struct parser *p, struct toml_value *table,
                                   struct toml_value **slot) {
    struct name name;
    TRY(parse_name(p, table, false, &name));
    struct toml_value *earlier = find(name.table, name.key);
    if (earlier) return already(p, name.place, name.key, earlier);
    if (toml_peek(&p->scan, 0) != '=') return toml_expected(&p->scan, "'=' after the key");
    toml_advance(&p->scan, 1);
    toml_skip_blank(&p->scan, false);
    return add_key(p, name.table, name.key, name.place, slot);
}

static void close_value(struct parser *p, struct toml_value *value) {
    value->source_len = p->scan.here.offset - value->offset;
}

/* The array or inline table that a value stands in; dotted keys put tables between. */
static struct toml_value *enclosing(struct toml_value *value) {
    struct toml_value *around = value->parent;
    while (around->definition == DOTTED) around = around->parent;
    return around;
}

/* After a value in `around`: a comma and room for the next, or the closing bracket.
 * *slot is the next value to fill, or NULL when around is closed. */
static enum brine_status parse_separator(struct parser *p, struct toml_value *around, bool first,
                                         struct toml_value **slot) {
    struct toml_scan *scan = &p->scan;
    bool is_array = around->kind == TOML_ARRAY;
    int bracket = is_array ? ']' : '}';
    *slot = NULL;
    toml_skip_blank(scan, is_array);
    bool comma = !first && toml_peek(scan, 0) == ',';
    if (comma) {
        toml_advance(scan, 1);
        toml_skip_blank(scan, is_array);
    }
    bool may_close = is_array || !comma; /* an inline table has no comma before its end */
    if (may_close && toml_peek(scan, 0) == bracket) {
        toml_advance(scan, 1);
        close_value(p, around);
        return BRINE_OK;
    }
    if (!first && !comma) return toml_expected(scan, is_array ? "',' or ']'" : "',' or '}'");
    return is_array ? add_value(p, around, scan->here, slot) : parse_key(p, around, slot);
}

/* Fills slot, and what is inside it, to the end of the value. */
static enum brine_status parse_value(struct parser *p, struct toml_value *slot) {
    struct toml_scan *scan = &p->scan;
    size_t open = 0; /* brackets not yet closed */
    for (;;) {
        set_place(slot, scan->here);
        int c = toml_peek(scan, 0);
        bool opens = c == '[' || c == '{';
        struct toml_value *around = slot;
        if (opens) {
            slot->kind = c == '[' ? TOML_ARRAY : TOML_TABLE;
            slot->definition = c == '[' ? LITERAL : INLINE;
            toml_advance(scan, 1);
            open++;
        } else {
            TRY(toml_scan_scalar(scan, slot));
            close_value(p, slot);
            if (open > 0) around = enclosing(slot);
        }
        bool first = opens;
        slot = NULL;
        while (open > 0 && !slot) {
            TRY(parse_separator(p, around, first, &slot));
            first = false;
            if (slot) continue;
            open--;
            if (open > 0) around = enclosing(around);
        }
        if (open == 0) return BRINE_OK;
    }
}

static enum brine_status parse_statements(struct parser *p) {
    struct toml_scan *scan = &p->scan;
    TRY(add_value(p, NULL, scan->here, &p->root));
    p->root->definition = HEADER;
    p->section = p->root;
    toml_skip_blank(scan, true);
    while (toml_peek(scan, 0) != TOML_END) {
        if (toml_peek(scan, 0) == '[') {
            TRY(parse_header(p));
        } else {
            struct toml_value *slot;
            TRY(parse_key(p, p->section, &slot));
            TRY(parse_value(p, slot));
        }
        TRY(toml_expect_line_end(scan));
    }
    return BRINE_OK;
}

/* ---- reading the tree -------------------------------------------------------------------------
 */

const struct toml_value *toml_find(const struct toml_value *table, struct bytes key) {
    return table && table->kind == TOML_TABLE ? find(table, key) : NULL;
}

const struct toml_value *toml_find_path(const struct toml_value *table, const char *path) {
    for (;;) {
        const char *dot = strchr(path, '.');
        if (!dot) return toml_find(table, bytes_of_cstr(path));
        table = toml_find(table, bytes_view(path, (size_t)(dot - path)));
        path = dot + 1;
    }
}

const char *toml_kind_name(enum toml_kind kind) {
    static const char *const articles[] = {
#define X(name, article) article,
        TOML_KINDS(X)
#undef X
    };
    return (size_t)kind < ARRAY_LEN(articles) ? articles[kind] : "?";
}

PRINTF_LIKE(5, 0)
static enum brine_status fail_at(struct brine_error *err, size_t offset, uint32_t line,
                                 uint32_t column, const char *format, va_list args) {
    char text[BRINE_ERROR_TEXT_BYTES];
    vsnprintf(text, sizeof text, format, args);
    return brine_fail(err, BRINE_INVALID, offset, "%u:%u: %s", line, column, text);
}

enum brine_status toml_fail(struct brine_error *err, const struct toml_value *value,
                            const char *format, ...) {
    va_list args;
    va_start(args, format);
    enum brine_status status =
        fail_at(err, value->offset, value->line, value->column, format, args);
    va_end(args);
    return status;
}

enum brine_status toml_fail_at_key(struct brine_error *err, const struct toml_value *value,
                                   const char *format, ...) {
    va_list args;
    va_start(args, format);
    enum brine_status status =
        fail_at(err, value->offset, value->key_line, value->key_column, format, args);
    va_end(args);
    return status;
}
