/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reads TOML 1.0 into a tree.  Configuration and policies are written in it.
 *
 *     struct arena arena;
 *     arena_init(&arena, mem, 16 << 20);
 *     const struct toml_value *root;
 *     TRY(toml_parse(&arena, text, (struct toml_limits){0}, &root, err));
 *     const struct toml_value *port = toml_find_path(root, "server.port");
 *     if (port && port->kind != TOML_INTEGER)
 *         return toml_fail(err, port, "expected an integer, found %s", toml_kind_name(port->kind));
 *     for (const struct toml_value *rule = toml_first(toml_find(root, BYTES("rule"))); rule;
 *          rule = rule->next) ...
 *
 * Understood: tables, arrays of tables, dotted keys, bare and quoted keys, the four kinds of
 * string, integers (decimal, 0x, 0o, 0b, with _), floats (with inf and nan), booleans, arrays over
 * several lines, inline tables.  Refused by name: dates and times.  A key given twice, a table
 * defined twice or extended against TOML's rules is refused, as is text that is not UTF-8.
 *
 * Errors begin with "line:column: " and say what was expected; err->offset is the byte offset.
 * A column counts characters, from 1; a tab is one.
 * Limits end the reading with BRINE_TOO_BIG; a full arena or a refused allocation is NO_MEMORY.
 * Everything lives in the arena, strings and keys included: `text` may go away afterwards.
 * Cost: O(bytes) and a search of the enclosing table for each key.  No recursion.  Any thread.
 * Source: https://toml.io/en/v1.0.0 */
#ifndef BRINE_TOML_H
#define BRINE_TOML_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

#define TOML_KINDS(X)                                                                              \
    /* kind    with its article, for messages */                                                   \
    X(STRING, "a string")                                                                          \
    X(INTEGER, "an integer")                                                                       \
    X(FLOAT, "a float")                                                                            \
    X(BOOLEAN, "a boolean")                                                                        \
    X(ARRAY, "an array")                                                                           \
    X(TABLE, "a table")

enum toml_kind {
#define X(name, article) TOML_##name,
    TOML_KINDS(X)
#undef X
};

/* Arrays and tables chain their items in the order of the text. */
struct toml_items {
    struct toml_value *first, *last;
    size_t count;
};

struct toml_value {
    enum toml_kind kind;
    uint8_t definition;    /* the reader's own: how a table or array came about */
    uint8_t depth;         /* of the tree here; the root has 0 */
    uint32_t line, column; /* of the value; of a [table], its header; from 1 */
    uint32_t key_line, key_column;
    size_t offset, source_len; /* where the value stands in the text; of a [table], its header */
    struct bytes key;          /* its name in the table around it; empty inside an array */
    struct toml_value *parent; /* the table or array around it; NULL for the root */
    struct toml_value *next;   /* its neighbour in the same table or array, or NULL */
    union {
        struct bytes string; /* NUL-terminated as well, but may hold NULs of its own */
        int64_t integer;
        double real;
        bool boolean;
        struct toml_items items; /* of an array or a table */
    };
};

/* 0 means the default.  depth is that of the tree: arrays and tables inside each other, however
 * they were written. */
struct toml_limits {
    size_t bytes_max; /* default 4 MB */
    size_t nodes_max; /* values of any kind; default 262144 */
    size_t keys_max;  /* of one table; default 4096 */
    size_t depth_max; /* default and ceiling TOML_DEPTH_MAX */
};

enum { TOML_DEPTH_MAX = 64 };

/* On success *root is the table of the whole text. */
enum brine_status toml_parse(struct arena *arena, struct bytes text, struct toml_limits limits,
                             const struct toml_value **root, struct brine_error *err) MUST_USE;

/* The value of a key, or NULL; NULL too when `table` is NULL or no table, so that finds chain. */
const struct toml_value *toml_find(const struct toml_value *table, struct bytes key);
/* "server.port": bare keys with dots between them. */
const struct toml_value *toml_find_path(const struct toml_value *table, const char *path);

/* The first item of an array or table; NULL when it is empty, of another kind, or NULL. */
static inline const struct toml_value *toml_first(const struct toml_value *value) {
    bool has_items = value && (value->kind == TOML_ARRAY || value->kind == TOML_TABLE);
    return has_items ? value->items.first : NULL;
}

/* "a string", "an integer" ... */
const char *toml_kind_name(enum toml_kind kind);

/* Fails as BRINE_INVALID with "line:column: " of the value, or of its key, before the text: what a
 * reader of the tree finds wrong then looks like what the parser does. */
enum brine_status toml_fail(struct brine_error *err, const struct toml_value *value,
                            const char *format, ...) PRINTF_LIKE(3, 4);
enum brine_status toml_fail_at_key(struct brine_error *err, const struct toml_value *value,
                                   const char *format, ...) PRINTF_LIKE(3, 4);

#endif
