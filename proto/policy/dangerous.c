/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One walk over the rows, for the beginning of the path only: no row is longer than the buffer. */

#include "policy/dangerous.h"

#include "policy/dangerous.def"
#include "policy/match.h"

enum danger {
#define D(id, words) DANGER_##id,
    POLICY_DANGERS(D)
#undef D
};

static const char *const danger_words[] = {
#define D(id, words) [DANGER_##id] = words,
    POLICY_DANGERS(D)
#undef D
};

static const struct {
    enum danger danger;
    struct bytes path;
} rows[] = {
#define D(danger, path) {DANGER_##danger, {(const uint8_t *)(path), sizeof(path) - 1}},
    POLICY_DANGEROUS(D)
#undef D
};

static const struct bytes attributes[] = {
#define A(name) {(const uint8_t *)(name), sizeof(name) - 1},
    POLICY_DANGEROUS_ATTRIBUTES(A)
#undef A
};

enum { PATH_BYTES_MAX = 128 };
#define D(danger, path)                                                                            \
    _Static_assert(sizeof(path) < PATH_BYTES_MAX, "a row longer than the buffer would never "      \
                                                  "match");
POLICY_DANGEROUS(D)
#undef D

static struct bytes next_component(struct bytes *rest) {
    const uint8_t *dot = memchr(rest->data, '.', rest->len);
    struct bytes part = bytes_slice(*rest, 0, dot ? (size_t)(dot - rest->data) : rest->len);
    *rest = bytes_slice(*rest, part.len + (dot != NULL), rest->len);
    return part;
}

/* A module that another one has imported, or a dunder, through which everything is reached. */
static const char *danger_of_attribute(struct bytes part) {
    if (part.len > 4 && bytes_starts_with(part, BYTES("__")) &&
        bytes_equal(bytes_slice(part, part.len - 2, part.len), BYTES("__")))
        return danger_words[DANGER_RESOLVE];
    while (part.len > 0 && part.data[0] == '_') part = bytes_slice(part, 1, part.len);
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if (bytes_equal(part, attributes[i])) return danger_words[DANGER_SYSTEM];
    return NULL;
}

/* The row of most components that is the path or stands above it. */
static const char *danger_of_path(struct bytes path) {
    size_t longest = 0;
    enum danger danger = DANGER_HARMLESS;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes row = rows[i].path;
        if (row.len <= longest || !bytes_starts_with(path, row)) continue;
        if (row.len < path.len && path.data[row.len] != '.') continue;
        longest = row.len;
        danger = rows[i].danger;
    }
    return danger_words[danger];
}

const char *policy_danger(struct bytes module, struct bytes name) {
    if (policy_model_of(module, name) != POLICY_MODEL_NONE) return NULL;
    for (struct bytes rest = name; rest.len > 0;) {
        const char *words = danger_of_attribute(next_component(&rest));
        if (words) return words;
    }
    uint8_t path[2 * PATH_BYTES_MAX + 1];
    struct bytes first = bytes_slice(module, 0, MIN(module.len, (size_t)PATH_BYTES_MAX));
    struct bytes second = bytes_slice(name, 0, MIN(name.len, (size_t)PATH_BYTES_MAX));
    bytes_copy_to(path, first);
    path[first.len] = '.';
    bytes_copy_to(path + first.len + 1, second);
    return danger_of_path(bytes_view(path, first.len + 1 + second.len));
}

bool policy_is_dangerous(struct bytes module, struct bytes name) {
    return policy_danger(module, name) != NULL;
}
