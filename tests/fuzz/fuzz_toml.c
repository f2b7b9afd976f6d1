/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach toml_parse, toml_check_text, toml_scan_scalar, toml_write_document.  Oracle: what was
 * read is printed as TOML, and that must be read again to the same tree; what was refused has a
 * place inside the text. */

#include "text/toml.h"
#include "text/toml_write.h"

enum { ARENA_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Doubles by their bits, so that nan equals nan and -0.0 differs from 0.0. */
static bool same_double(double a, double b) {
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

static bool same_value(const struct toml_value *a, const struct toml_value *b) {
    if (a->kind != b->kind || !bytes_equal(a->key, b->key)) return false;
    switch (a->kind) {
    case TOML_STRING:
        return bytes_equal(a->string, b->string);
    case TOML_INTEGER:
        return a->integer == b->integer;
    case TOML_FLOAT:
        return same_double(a->real, b->real);
    case TOML_BOOLEAN:
        return a->boolean == b->boolean;
    case TOML_ARRAY:
    case TOML_TABLE:
        return a->items.count == b->items.count;
    }
    return false;
}

/* Both trees are walked in step: down, on, up. */
static bool same_tree(const struct toml_value *a, const struct toml_value *b) {
    for (;;) {
        if (!a || !b || !same_value(a, b)) return false;
        if (toml_first(a)) {
            a = toml_first(a);
            b = toml_first(b);
            continue;
        }
        while (a && !a->next) {
            if (!b || b->next) return false;
            a = a->parent;
            b = b->parent;
        }
        if (!a) return !b;
        a = a->next;
        b = b->next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    arena_init(&arena, mem_system(), ARENA_BYTES);
    const struct toml_value *root, *again;
    struct brine_error err;
    struct buf printed;
    buf_init(&printed, mem_system(), ARENA_BYTES);
    enum brine_status status =
        toml_parse(&arena, bytes_view(data, len), (struct toml_limits){0}, &root, &err);
    if (status != BRINE_OK) {
        if (err.offset > len) __builtin_trap();
    } else {
        if (toml_write_document(&printed, root) != BRINE_OK) __builtin_trap();
        if (toml_parse(&arena, buf_view(&printed), (struct toml_limits){0}, &again, &err) !=
            BRINE_OK)
            __builtin_trap();
        if (!same_tree(root, again)) __builtin_trap();
    }
    buf_deinit(&printed);
    arena_deinit(&arena);
    return 0;
}
