/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/secret.h"

#include "base/bytes.h"

/* A command, and a part of some word behind it that makes it one.  NULL: the command is enough.
 * An option that is a password has "pass" in its name whatever its spelling, ours or Redis's;
 * masterauth alone has not. */
static const struct {
    const char *command, *part;
} rows[] = {
    {"auth", NULL},     {"hello", "auth"},        {"migrate", "auth"},  {"acl", "setuser"},
    {"config", "pass"}, {"config", "masterauth"}, {"config", "secret"}, {"sentinel", "pass"},
};

static struct bytes view(struct brine_text text) {
    return bytes_view(text.data, text.len);
}

static bool holds_nocase(struct bytes text, struct bytes part) {
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (bytes_equal_nocase(bytes_slice(text, at, part.len), part)) return true;
    return false;
}

static bool any_holds(const struct brine_text *words, size_t count, const char *part) {
    for (size_t i = 0; i < count; i++)
        if (holds_nocase(view(words[i]), bytes_of_cstr(part))) return true;
    return false;
}

bool secret_words(const struct brine_text *words, size_t count) {
    for (size_t i = 0; count && i < ARRAY_LEN(rows); i++) {
        if (!bytes_is(view(words[0]), rows[i].command)) continue;
        if (!rows[i].part || any_holds(words + 1, count - 1, rows[i].part)) return true;
    }
    return false;
}
