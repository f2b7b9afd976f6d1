/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/policy_option.h"

#include "client/input.h"
#include "client/tool.h"

#include <stdio.h>
#include <string.h>

struct choice {
    struct bytes names[POLICY_OPTION_NAMES_MAX];
    size_t count;
};

static bool is_policy(const struct policy_book *book, struct bytes name) {
    for (size_t i = 0; i < policy_book_count(book); i++)
        if (bytes_equal(policy_book_at(book, i).name, name)) return true;
    return false;
}

/* Cuts "a,b" into names of the book's policies. */
static enum brine_status choose_names(const struct policy_book *book, const char *list,
                                      struct choice *choice, struct brine_error *err) {
    choice->count = 0;
    for (const char *at = list;; at++) {
        const char *end = strchrnul(at, ',');
        struct bytes name = bytes_view(at, (size_t)(end - at));
        if (choice->count == POLICY_OPTION_NAMES_MAX)
            return brine_fail(err, BRINE_TOO_BIG, 0, "more than %d names of policies",
                              POLICY_OPTION_NAMES_MAX);
        if (!is_policy(book, name))
            return brine_fail(err, BRINE_NOT_FOUND, 0, "there is no policy '%.*s'",
                              (int)MIN(name.len, (size_t)POLICY_NAME_BYTES_MAX), at);
        choice->names[choice->count++] = name;
        at = end;
        if (!*end) return BRINE_OK;
    }
}

/* The only policy of a file. */
static enum brine_status choose_single(const struct policy_book *book, size_t from,
                                       const char *path, struct choice *choice,
                                       struct brine_error *err) {
    size_t found = policy_book_count(book) - from;
    if (found == 0)
        return brine_fail(err, BRINE_INVALID, 0, "%.200s: holds no [policy.NAME] table", path);
    if (found > 1)
        return brine_fail(err, BRINE_INVALID, 0,
                          "%.200s: holds %zu policies; say which: --policy %.200s:NAME", path,
                          found, path);
    choice->names[0] = policy_book_at(book, from).name;
    choice->count = 1;
    return BRINE_OK;
}

static enum brine_status add_file(struct policy_book *book, struct buf *text, const char *path,
                                  struct brine_error *err) {
    struct brine_error why = {0};
    enum brine_status status = input_read(text, path, POLICY_BOOK_BYTES_MAX, &why);
    if (status != BRINE_OK) return brine_fail(err, status, 0, "%.200s: %s", path, why.text);
    if (text->len > POLICY_BOOK_BYTES_MAX)
        return brine_fail(err, BRINE_TOO_BIG, 0, "%.200s: more than %d bytes", path,
                          POLICY_BOOK_BYTES_MAX);
    return policy_book_add(
        book, &(struct policy_text){.file = path, .text = buf_view(text), .others_allowed = true},
        err);
}

/* "FILE:NAME,NAME" is cut at the last colon, unless a file has the whole word as its name. */
static enum brine_status load_file(struct policy_book *book, const char *word,
                                   struct choice *choice, struct brine_error *err) {
    size_t presets = policy_book_count(book);
    struct buf text, path;
    buf_init(&text, mem_system(), POLICY_BOOK_BYTES_MAX + (size_t)1);
    buf_init(&path, mem_system(), 64 * 1024);
    enum brine_status status = add_file(book, &text, word, err);
    const char *colon = strrchr(word, ':');
    if (status == BRINE_OK) {
        status = choose_single(book, presets, word, choice, err);
    } else if (status == BRINE_IO && colon && colon > word) {
        status = buf_append(&path, bytes_view(word, (size_t)(colon - word)));
        if (status == BRINE_OK) status = buf_append_byte(&path, 0);
        if (status != BRINE_OK)
            brine_fail(err, status, 0, "the name of the policy's file is too long");
        else
            status = add_file(book, &text, (const char *)path.data, err);
        if (status == BRINE_OK) status = choose_names(book, colon + 1, choice, err);
    }
    buf_deinit(&path);
    buf_deinit(&text);
    return status;
}

/* "; presets are data, stdlib, ..." behind what err says. */
static void add_presets(const struct policy_book *book, struct brine_error *err) {
    struct brine_error before = *err;
    char names[BRINE_ERROR_TEXT_BYTES / 2] = "";
    size_t len = 0;
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct bytes name = policy_book_at(book, i).name;
        if (len + name.len + 2 >= sizeof names) break;
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%.*s", i ? ", " : "",
                                (int)name.len, (const char *)name.data);
    }
    brine_fail(err, before.status, 0, "%.240s; presets are %s", before.text, names);
}

/* What a policy's file admits more widely than it may seem: "file:line:column: ...". */
static void print_warnings(const struct policy_book *book) {
    const char *warning;
    for (size_t i = 0; (warning = policy_book_warning(book, i)); i++)
        (void)tool_complain("warning: %s", warning);
}

enum brine_status policy_option_load(const char *word, struct policy_compiled *compiled,
                                     struct brine_error *err) {
    struct policy_book *book;
    struct choice choice;
    TRY(policy_book_create(mem_system(), true, &book, err));
    struct brine_error unknown = {0};
    enum brine_status status = choose_names(book, word, &choice, &unknown);
    if (status != BRINE_OK) {
        status = load_file(book, word, &choice, err);
        if (status == BRINE_IO && !strpbrk(word, "/.:")) {
            *err = unknown;
            status = unknown.status;
            add_presets(book, err);
        }
    }
    print_warnings(book);
    if (status == BRINE_OK)
        status = policy_compile(book, choice.names, choice.count, compiled, err);
    policy_book_destroy(book);
    return status;
}
