/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* policy check, policy diff: files of policies, without a server.  policy learned: what a server in
 * learn mode has met, ready to paste. */
#include "client/dialog.h"
#include "client/input.h"
#include "client/policy_option.h"
#include "client/tools.h"
#include "policy/dangerous.h"
#include "policy/print.h"
#include "text/json.h"

#include <errno.h>
#include <stdio.h>

enum { TOOL_JSON_ROW };
static const struct tool_option json_options[] = {[TOOL_JSON_ROW] = TOOL_JSON};

/* ---- check ------------------------------------------------------------------------------------*/

/* The book's warnings, then the lines of dangers, each of which ends in a NUL; NULL beyond. */
static const char *warning_at(const struct policy_book *book, struct bytes dangers, size_t index) {
    size_t first = 0;
    while (first < index && policy_book_warning(book, first)) first++;
    const char *warning = policy_book_warning(book, first);
    if (first == index && warning) return warning;
    const char *line = (const char *)dangers.data, *end = line + dangers.len;
    for (size_t left = index - first; left && line < end; left--) line += strlen(line) + 1;
    return dangers.len && line < end ? line : NULL;
}

static void print_policies(const struct policy_book *book, const char *path) {
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct policy_summary row = policy_book_at(book, i);
        if (row.preset) continue;
        printf("%s: policy %.*s: %zu rows of its own\n", path, (int)row.name.len,
               (const char *)row.name.data, row.rows);
    }
}

static void json_policies(const struct policy_book *book, struct bytes dangers, struct json *json) {
    json_key(json, "policies");
    json_open_array(json);
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct policy_summary row = policy_book_at(book, i);
        if (row.preset) continue;
        json_open_object(json);
        json_key(json, "name");
        json_string(json, row.name);
        json_key(json, "rows");
        json_uint(json, row.rows);
        json_close(json);
    }
    json_close(json);
    json_key(json, "warnings");
    json_open_array(json);
    const char *warning;
    for (size_t i = 0; (warning = warning_at(book, dangers, i)); i++) json_cstr(json, warning);
    json_close(json);
}

/* Whoever lists what is dangerous may know better; it is said. */
static enum brine_status add_dangers(struct buf *dangers, const struct policy *policy,
                                     const char *path, struct bytes name) {
    for (size_t i = 0; i < policy->entries_count; i++) {
        const struct policy_entry *entry = &policy->entries[i];
        const char *danger = policy_danger(entry->module, entry->name);
        if (!danger) continue;
        TRY(buf_printf(dangers, "%s: policy %.*s lists '%.*s.%.*s', which %s", path, (int)name.len,
                       (const char *)name.data, (int)entry->module.len,
                       (const char *)entry->module.data, (int)entry->name.len,
                       (const char *)entry->name.data, danger));
        TRY(buf_append_byte(dangers, 0));
    }
    return BRINE_OK;
}

/* Reads the file into the book and compiles each of its policies. */
static enum brine_status check_file(struct policy_book *book, const char *path, struct buf *dangers,
                                    struct brine_error *err) {
    struct buf text;
    buf_init(&text, mem_system(), POLICY_BOOK_BYTES_MAX + (size_t)2);
    struct brine_error why = {0};
    enum brine_status status = input_read(&text, path, POLICY_BOOK_BYTES_MAX, &why);
    if (status != BRINE_OK) brine_fail(err, status, 0, "%.200s: %s", path, why.text);
    struct policy_text added = {.file = path, .text = buf_view(&text), .others_allowed = true};
    if (status == BRINE_OK) status = policy_book_add(book, &added, err);
    buf_deinit(&text);
    size_t own = 0;
    for (size_t i = 0; status == BRINE_OK && i < policy_book_count(book); i++) {
        struct policy_compiled compiled;
        struct bytes name = policy_book_at(book, i).name;
        if (policy_book_at(book, i).preset) continue;
        own++;
        status = policy_compile(book, &name, 1, &compiled, err);
        if (status != BRINE_OK) break;
        status = add_dangers(dangers, &compiled.policy, path, name);
        policy_compiled_deinit(&compiled);
        if (status != BRINE_OK) brine_fail(err, status, 0, "no memory");
    }
    if (status == BRINE_OK && own == 0)
        status = brine_fail(err, BRINE_NOT_FOUND, 0, "%.200s: holds no [policy.NAME] table", path);
    return status;
}

static void print_check_json(const struct policy_book *book, struct bytes dangers, const char *path,
                             const struct brine_error *err, bool ok) {
    struct buf out;
    struct json json;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    json_init(&json, &out);
    json_open_object(&json);
    json_member(&json, "file", bytes_of_cstr(path));
    json_key(&json, "ok");
    json_bool(&json, ok);
    json_key(&json, "error");
    if (ok)
        json_null(&json);
    else
        json_cstr(&json, err->text);
    if (ok) json_policies(book, dangers, &json);
    json_close(&json);
    if (json_finish(&json) == BRINE_OK) printf("%.*s\n", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
}

/* Files of policies may be strangers', and TOML has escapes for every character. */
static void print_line(const char *head, const char *text) {
    fputs(head, stdout);
    tool_print(stdout, bytes_of_cstr(text));
    putchar('\n');
}

static int run_check(struct tool_call *call) {
    int code = TOOL_OK;
    for (size_t i = 0; i < call->words_count; i++) {
        struct brine_error err = {0};
        struct policy_book *book;
        struct buf dangers;
        const char *path = call->words[i], *warning;
        if (policy_book_create(mem_system(), true, &book, &err) != BRINE_OK)
            return tool_complain("%s", err.text);
        buf_init(&dangers, mem_system(), DIALOG_BYTES_MAX);
        bool ok = check_file(book, path, &dangers, &err) == BRINE_OK;
        if (!ok) code = TOOL_BAD;
        if (call->values[TOOL_JSON_ROW]) {
            print_check_json(book, buf_view(&dangers), path, &err, ok);
        } else if (ok) {
            print_policies(book, path);
            for (size_t w = 0; (warning = warning_at(book, buf_view(&dangers), w)); w++)
                print_line("warning: ", warning);
        } else {
            print_line("", err.text);
        }
        buf_deinit(&dangers);
        policy_book_destroy(book);
    }
    return tool_finish(code);
}

const struct tool policy_check_tool = {
    .name = "policy check",
    .arguments = "FILE...",
    .summary = "says whether the policies of TOML files can be read, and what deserves a look",
    .exits = "0 all can, 1 one cannot, 2 wrong usage",
    TOOL_OPTIONS(json_options),
    .words_min = 1,
    .words_max = SIZE_MAX,
    .run = run_check,
};

/* ---- diff -------------------------------------------------------------------------------------*/

struct diff {
    struct buf out;
    bool as_json, differs;
    struct json json;
};

static enum brine_status add_row(struct diff *diff, char mark, const struct policy_entry *entry) {
    struct buf row;
    buf_init(&row, mem_system(), 1 << 20);
    enum brine_status status = policy_print_entry(&row, entry);
    diff->differs = true;
    if (status == BRINE_OK && diff->as_json) {
        char text[] = {mark, 0};
        json_open_object(&diff->json);
        json_key(&diff->json, "change");
        json_cstr(&diff->json, text);
        json_key(&diff->json, "row");
        json_string(&diff->json, buf_view(&row));
        json_close(&diff->json);
    } else if (status == BRINE_OK) {
        status = buf_printf(&diff->out, "%c %.*s\n", mark, (int)row.len, (const char *)row.data);
    }
    buf_deinit(&row);
    return status;
}

static bool same_row(const struct policy_entry *a, const struct policy_entry *b) {
    bool same =
        a->rights == b->rights && bytes_equal(a->shape, b->shape) && a->only_count == b->only_count;
    for (size_t i = 0; same && i < a->only_count; i++)
        same = policy_takes_global(b, a->only[i].module, a->only[i].name);
    return same;
}

/* The row of the very name; a wildcard that covers it is another. */
static const struct policy_entry *exact(const struct policy *policy,
                                        const struct policy_entry *entry) {
    for (size_t i = 0; i < policy->entries_count; i++) {
        const struct policy_entry *other = &policy->entries[i];
        if (bytes_equal(other->module, entry->module) && bytes_equal(other->name, entry->name))
            return other;
    }
    return NULL;
}

static enum brine_status compare(struct diff *diff, const struct policy *old,
                                 const struct policy *new) {
    for (size_t i = 0; i < old->entries_count; i++) {
        const struct policy_entry *entry = &old->entries[i], *other = exact(new, entry);
        if (other && same_row(entry, other)) continue;
        TRY(add_row(diff, '-', entry));
        if (other) TRY(add_row(diff, '+', other));
    }
    for (size_t i = 0; i < new->entries_count; i++)
        if (!exact(old, &new->entries[i])) TRY(add_row(diff, '+', &new->entries[i]));
    return BRINE_OK;
}

static int run_diff(struct tool_call *call) {
    struct policy_compiled sides[2];
    struct brine_error err = {0};
    struct diff diff = {.as_json = call->values[TOOL_JSON_ROW] != NULL};
    if (policy_option_load(call->words[0], &sides[0], &err) != BRINE_OK)
        return tool_complain("%s", err.text);
    if (policy_option_load(call->words[1], &sides[1], &err) != BRINE_OK) {
        policy_compiled_deinit(&sides[0]);
        return tool_complain("%s", err.text);
    }
    buf_init(&diff.out, mem_system(), DIALOG_BYTES_MAX);
    json_init(&diff.json, &diff.out);
    if (diff.as_json) json_open_array(&diff.json);
    enum brine_status status = compare(&diff, &sides[0].policy, &sides[1].policy);
    if (diff.as_json) json_close(&diff.json);
    if (diff.as_json && status == BRINE_OK) status = json_finish(&diff.json);
    if (diff.as_json && status == BRINE_OK) status = buf_append_byte(&diff.out, '\n');
    if (status == BRINE_OK && diff.out.len) fwrite(diff.out.data, 1, diff.out.len, stdout);
    buf_deinit(&diff.out);
    policy_compiled_deinit(&sides[0]);
    policy_compiled_deinit(&sides[1]);
    if (status != BRINE_OK) return tool_complain("%s", brine_status_meaning(status));
    return tool_finish(diff.differs ? TOOL_BAD : TOOL_OK);
}

const struct tool policy_diff_tool = {
    .name = "policy diff",
    .arguments = "OLD NEW",
    .summary = "shows what one policy admits and another does not",
    .text = "Each is a word as --policy of verify takes it: presets, FILE, or FILE:NAME. Rows that "
            "only the first has begin with -, those of the second with +.",
    .exits = "0 they admit the same, 1 they differ, 2 wrong usage",
    TOOL_OPTIONS(json_options),
    .words_min = 2,
    .words_max = 2,
    .run = run_diff,
};

/* ---- learned ----------------------------------------------------------------------------------*/

enum { LEARNED_RESET, LEARNED_JSON };
static const struct tool_option learned_options[] = {
    [LEARNED_RESET] = {"reset", 0, NULL, "forget it afterwards"},
    [LEARNED_JSON] = TOOL_JSON,
};

static int run_learned(struct tool_call *call) {
    struct brine_text args[] = {BRINE_TEXT("PICKLE.POLICY"), BRINE_TEXT("LEARNED"),
                                BRINE_TEXT("RESET")};
    struct brine_reply *reply;
    brine_client *client;
    struct buf out;
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    enum brine_client_status status =
        brine_call(client, args, call->values[LEARNED_RESET] ? 3 : 2, &reply);
    enum show_form form = call->values[LEARNED_JSON] ? SHOW_JSON : SHOW_REPORT;
    if (status != BRINE_CLIENT_OK) {
        tool_complain("%s", brine_last_error(client)->text);
        code = TOOL_BAD;
    } else if (show_reply(&out, reply, (struct show){.form = form}) == BRINE_OK && out.len) {
        tool_print(stdout, buf_view(&out));
        if (out.len && out.data[out.len - 1] != '\n') putchar('\n');
    }
    brine_reply_free(reply);
    buf_deinit(&out);
    brine_close(client);
    return tool_finish(code);
}

const struct tool policy_learned_tool = {
    .name = "policy learned",
    .arguments = "",
    .summary = "prints what a server in learn mode has met, as a policy to look at and paste",
    .exits = "0 printed, 1 an error reply or no connection, 2 wrong usage",
    TOOL_OPTIONS(learned_options),
    .needs_server = true,
    .run = run_learned,
};
