/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* [[user]] rows of the configuration file:
 *
 *     [[user]]
 *     name     = "worker"
 *     password = ["5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"]   # SHA-256
 *     rules    = "~jobs:* &events.* +@read +@write -@dangerous"
 *
 * Each becomes a new user's state beside those in force; when all are right, the list is swapped.
 */

#include "auth/auth.h"
#include "base/assert.h"
#include "base/nearest.h"
#include "text/toml.h"

#include <stdio.h>

enum { TREE_BYTES_MAX = 64 << 20, PASSWORD_BYTES_MAX = 1024 };

struct loading {
    struct auth *auth;
    const char *file;
    struct brine_error *err;
    struct auth_user **users; /* by name */
    size_t count, cap;
    bool names_default;
};

static enum brine_status fail(struct loading *loading, const struct toml_value *at,
                              const char *text) {
    return brine_fail(loading->err, BRINE_INVALID, at->offset, "%s:%u:%u: %.400s", loading->file,
                      at->line, at->column, text);
}

static enum brine_status no_memory(struct loading *loading) {
    return brine_fail(loading->err, BRINE_NO_MEMORY, 0, "out of memory for users");
}

/* ---- one user -------------------------------------------------------------------------------- */

static enum brine_status apply(struct loading *loading, const struct toml_value *at,
                               struct auth_user *user, struct bytes rule) {
    struct brine_error why;
    enum brine_status status = auth_user_apply_all(user, &rule, 1, &why);
    return status == BRINE_INVALID ? fail(loading, at, why.text)
           : status == BRINE_OK    ? BRINE_OK
                                   : no_memory(loading);
}

/* "on ~a (+get ~b)": the words, with a selector in parentheses kept together. */
static enum brine_status apply_words(struct loading *loading, const struct toml_value *value,
                                     struct auth_user *user) {
    struct bytes text = value->string;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        bool inside = text.data[at] == '(';
        while (end < text.len && (inside || text.data[end] != ' ')) {
            if (text.data[end] == ')') inside = false;
            end++;
        }
        TRY(apply(loading, value, user, bytes_slice(text, at, end - at)));
        at = end + 1;
    }
    return BRINE_OK;
}

/* A string, or each of an array of strings, with a mark before it; mark 0: as words. */
static enum brine_status apply_texts(struct loading *loading, const struct toml_value *value,
                                     struct auth_user *user, char mark) {
    const struct toml_value *item = value->kind == TOML_ARRAY ? toml_first(value) : value;
    for (; item; item = value->kind == TOML_ARRAY ? item->next : NULL) {
        if (item->kind != TOML_STRING) return fail(loading, item, "expected a string");
        if (mark == 0) {
            TRY(apply_words(loading, item, user));
            continue;
        }
        struct buf rule;
        buf_init(&rule, loading->auth->mem, AUTH_USER_BYTES_MAX);
        enum brine_status status = buf_append_byte(&rule, (uint8_t)mark);
        if (status == BRINE_OK) status = buf_append(&rule, item->string);
        status =
            status == BRINE_OK ? apply(loading, item, user, buf_view(&rule)) : no_memory(loading);
        buf_deinit(&rule);
        TRY(status);
    }
    return BRINE_OK;
}

static enum brine_status apply_flag(struct loading *loading, const struct toml_value *value,
                                    bool *flag) {
    if (value->kind != TOML_BOOLEAN) return fail(loading, value, "expected true or false");
    *flag = value->boolean;
    return BRINE_OK;
}

static enum brine_status apply_key(struct loading *loading, const struct toml_value *value,
                                   struct auth_user *user) {
    static const struct {
        const char *key;
        char mark;
    } texts[] = {
        {"password", '#'}, {"keys", '~'}, {"channels", '&'}, {"commands", 0}, {"rules", 0}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (bytes_is(value->key, texts[i].key))
            return apply_texts(loading, value, user, texts[i].mark);
    if (bytes_is(value->key, "enabled")) return apply_flag(loading, value, &user->is_on);
    if (bytes_is(value->key, "nopass")) return apply_flag(loading, value, &user->no_password);
    if (bytes_is(value->key, "name")) return BRINE_OK;
    static const char *const known[] = {"name",     "enabled",  "nopass", "password",
                                        "commands", "channels", "keys",   "rules"};
    struct nearest nearest = nearest_to(value->key);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) nearest_try(&nearest, known[i]);
    char line[160];
    snprintf(line, sizeof line, "unknown key user.%.*s%s%s%s", (int)MIN(value->key.len, (size_t)64),
             (const char *)value->key.data, nearest.word ? "; did you mean '" : "",
             nearest.word ? nearest.word : "", nearest.word ? "'?" : "");
    return fail(loading, value, line);
}

static bool is_name(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~') return false;
    return text.len > 0 && text.len <= AUTH_USER_NAME_BYTES_MAX;
}

static enum brine_status read_user(struct loading *loading, const struct toml_value *row,
                                   struct auth_user **result) {
    const struct toml_value *name = toml_find(row, BYTES("name"));
    if (row->kind != TOML_TABLE) return fail(loading, row, "user: expected [[user]] tables");
    if (!name || name->kind != TOML_STRING || !is_name(name->string))
        return fail(loading, name ? name : row,
                    "user.name: expected a name of printable characters without blanks");
    struct auth_user *user =
        auth_user_create(loading->auth->vocabulary, loading->auth->mem, name->string);
    if (!user) return no_memory(loading);
    user->is_on = true;
    enum brine_status status = BRINE_OK;
    for (const struct toml_value *each = toml_first(row); each && status == BRINE_OK;
         each = each->next)
        status = apply_key(loading, each, user);
    if (status == BRINE_OK && user->no_password && user->hashes.first)
        status = fail(loading, row, "user: a password and nopass contradict each other");
    if (status == BRINE_OK)
        *result = user;
    else
        auth_user_unref(user);
    return status;
}

/* ---- all users ------------------------------------------------------------------------------- */

/* Takes the user. */
static enum brine_status add(struct loading *loading, struct auth_user *user) {
    if (loading->count == loading->cap) {
        size_t cap = loading->cap ? 2 * loading->cap : 8;
        struct auth_user **users = mem_resize(loading->auth->mem, loading->users,
                                              loading->cap * sizeof *users, cap * sizeof *users);
        if (!users) {
            auth_user_unref(user);
            return no_memory(loading);
        }
        loading->users = users;
        loading->cap = cap;
    }
    loading->users[loading->count++] = user;
    return BRINE_OK;
}

static bool is_named(const struct loading *loading, struct bytes name) {
    for (size_t i = 0; i < loading->count; i++)
        if (bytes_equal(loading->users[i]->name, name)) return true;
    return false;
}

static enum brine_status read_users(struct loading *loading, const struct toml_value *root) {
    const struct toml_value *rows = toml_find(root, BYTES("user"));
    if (rows && rows->kind != TOML_ARRAY)
        return fail(loading, rows, "user: expected [[user]] tables");
    for (const struct toml_value *row = toml_first(rows); row; row = row->next) {
        struct auth_user *user = NULL;
        if (loading->count == AUTH_USERS_MAX - 1) return fail(loading, row, "too many users");
        TRY(read_user(loading, row, &user));
        BRINE_ASSERT(user, "a row that is right makes a user");
        if (is_named(loading, user->name)) {
            auth_user_unref(user);
            return fail(loading, row,
                        "Duplicate user found. A user can only be defined once in config files");
        }
        TRY(add(loading, user));
    }
    return BRINE_OK;
}

static enum brine_status read_file(struct loading *loading, struct config *config) {
    if (config->file_path.len == 0) return BRINE_OK;
    struct buf text;
    struct arena tree;
    struct brine_error why;
    const struct toml_value *root;
    buf_init(&text, loading->auth->mem, CONFIG_FILE_BYTES_MAX);
    arena_init(&tree, loading->auth->mem, TREE_BYTES_MAX);
    enum brine_status status = config_read_file(loading->file, &text, loading->err);
    if (status == BRINE_OK) {
        status = toml_parse(&tree, buf_view(&text), (struct toml_limits){0}, &root, &why);
        if (status != BRINE_OK)
            brine_fail(loading->err, status, why.offset, "%s:%.400s", loading->file, why.text);
    }
    if (status == BRINE_OK) status = read_users(loading, root);
    arena_deinit(&tree);
    buf_deinit(&text);
    return status;
}

/* "default" as auth.password says, unless a row does. */
static enum brine_status add_default(struct loading *loading, struct config *config) {
    static const char *const open_rules[] = {"on", "nopass", "~*", "&*", "+@all"};
    struct auth_user *user = NULL;
    struct buf rule;
    buf_init(&rule, loading->auth->mem, PASSWORD_BYTES_MAX);
    enum brine_status status = buf_append_byte(&rule, '>');
    if (status == BRINE_OK) status = config_copy_text(config, &config->auth.password, &rule);
    bool has_password = rule.len > 1;
    bool is_row = is_named(loading, BYTES("default"));
    if (status != BRINE_OK) {
        status = no_memory(loading);
    } else if (is_row && has_password) {
        status = brine_fail(loading->err, BRINE_INVALID, 0,
                            "auth.password is the password of the user default, which has a "
                            "[[user]] row as well: keep one of the two");
    } else if (!is_row) {
        user = auth_user_create(loading->auth->vocabulary, loading->auth->mem, BYTES("default"));
        if (!user) status = no_memory(loading);
        for (size_t i = 0; i < ARRAY_LEN(open_rules) && status == BRINE_OK; i++)
            status = auth_user_apply(user, bytes_of_cstr(open_rules[i]), loading->err);
        if (status == BRINE_OK && has_password)
            status = auth_user_apply(user, buf_view(&rule), loading->err);
        if (status != BRINE_OK)
            auth_user_unref(user);
        else
            status = add(loading, user);
    }
    buf_deinit(&rule);
    return status;
}

enum brine_status auth_load(struct auth *auth, struct config *config, struct brine_error *err) {
    struct loading loading = {
        .auth = auth, .file = (const char *)config->file_path.data, .err = err};
    enum brine_status status = read_file(&loading, config);
    if (status == BRINE_OK) status = add_default(&loading, config);
    if (status == BRINE_OK) auth_replace_users(auth, loading.users, loading.count, loading.cap);
    for (size_t i = 0; i < loading.count && status != BRINE_OK; i++)
        auth_user_unref(loading.users[i]);
    if (status != BRINE_OK)
        mem_free(auth->mem, loading.users, loading.cap * sizeof(struct auth_user *));
    return status;
}
