/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* COMMAND DOCS is a list of names, each followed by a list of keys and values; so is each of its
 * arguments, which may have arguments in turn.  Under RESP3 those lists are maps, with the same
 * elements. */
#include "client/shell_hints.h"

#include "base/buf.h"
#include "client/input.h"

#include <stdio.h>

enum { DEPTH_MAX = 8, TEXT_BYTES_MAX = 4096 };

/* ---- the reply --------------------------------------------------------------------------------*/

static bool is_list(const struct brine_reply *reply) {
    return reply && (reply->type == BRINE_REPLY_ARRAY || reply->type == BRINE_REPLY_MAP ||
                     reply->type == BRINE_REPLY_SET);
}

static struct bytes text_of(const struct brine_reply *reply) {
    return reply ? bytes_view(reply->text, reply->len) : BYTES("");
}

/* The value of a key in a flat list; NULL when there is none. */
static const struct brine_reply *field(const struct brine_reply *list, const char *key) {
    for (size_t i = 0; is_list(list) && i + 1 < list->count; i += 2)
        if (bytes_is(text_of(&list->elements[i]), key)) return &list->elements[i + 1];
    return NULL;
}

static bool has_flag(const struct brine_reply *argument, const char *flag) {
    const struct brine_reply *flags = field(argument, "flags");
    for (size_t i = 0; is_list(flags) && i < flags->count; i++)
        if (bytes_is(text_of(&flags->elements[i]), flag)) return true;
    return false;
}

/* ---- arguments as text ------------------------------------------------------------------------*/

struct level {
    const struct brine_reply *arguments;
    size_t next;
    const char *between;
    const char *end; /* behind the last */
};

static struct bytes shown_name(const struct brine_reply *argument) {
    const struct brine_reply *shown = field(argument, "display_text");
    return text_of(shown ? shown : field(argument, "name"));
}

/* What stands before an argument, and the argument when it has none inside. */
static enum brine_status open_argument(struct buf *out, const struct brine_reply *argument,
                                       const struct brine_reply *inner) {
    const struct brine_reply *token = field(argument, "token");
    if (has_flag(argument, "optional")) TRY(buf_append_byte(out, '['));
    if (token) TRY(input_append_name(out, text_of(token)));
    if (bytes_is(text_of(field(argument, "type")), "pure-token")) return BRINE_OK;
    if (token) TRY(buf_append_byte(out, ' '));
    return inner ? BRINE_OK : input_append_name(out, shown_name(argument));
}

static const char *end_of(const struct brine_reply *argument) {
    bool multiple = has_flag(argument, "multiple"), optional = has_flag(argument, "optional");
    if (multiple) return optional ? " ...]" : " ...";
    return optional ? "]" : "";
}

static enum brine_status add_arguments(struct buf *out, const struct brine_reply *arguments) {
    struct level levels[DEPTH_MAX] = {{.arguments = arguments, .between = " ", .end = ""}};
    size_t depth = is_list(arguments) ? 1 : 0;
    while (depth) {
        struct level *level = &levels[depth - 1];
        if (level->next == level->arguments->count) {
            TRY(buf_append(out, bytes_of_cstr(level->end)));
            depth--;
            continue;
        }
        const struct brine_reply *argument = &level->arguments->elements[level->next++];
        const struct brine_reply *inner = field(argument, "arguments");
        if (!is_list(inner) || depth == DEPTH_MAX) inner = NULL;
        if (level->next > 1) TRY(buf_append(out, bytes_of_cstr(level->between)));
        TRY(open_argument(out, argument, inner));
        if (!inner) {
            TRY(buf_append(out, bytes_of_cstr(end_of(argument))));
            continue;
        }
        bool one_of = bytes_is(text_of(field(argument, "type")), "oneof");
        levels[depth++] = (struct level){
            .arguments = inner, .between = one_of ? "|" : " ", .end = end_of(argument)};
    }
    return BRINE_OK;
}

/* ---- finding ----------------------------------------------------------------------------------*/

static bool next_word(struct bytes *text, struct bytes *word) {
    size_t from = 0;
    while (from < text->len && text->data[from] == ' ') from++;
    size_t end = from;
    while (end < text->len && text->data[end] != ' ' && text->data[end] != '\n') end++;
    *word = bytes_slice(*text, from, end - from);
    *text = bytes_slice(*text, end, text->len);
    return word->len > 0;
}

/* "config|get" is "get" among the subcommands of config. */
static struct bytes own_name(const struct brine_reply *name) {
    struct bytes text = text_of(name);
    const uint8_t *bar = text.len ? memchr(text.data, '|', text.len) : NULL;
    return bar ? bytes_slice(text, (size_t)(bar - text.data) + 1, text.len) : text;
}

static const struct brine_reply *find_named(const struct brine_reply *list, struct bytes name) {
    for (size_t i = 0; is_list(list) && i + 1 < list->count; i += 2)
        if (bytes_equal_nocase(own_name(&list->elements[i]), name)) return &list->elements[i + 1];
    return NULL;
}

/* The command that the text begins with, its subcommand where it has them; *rest is what follows.
 */
static const struct brine_reply *find_command(const struct brine_reply *docs, struct bytes text,
                                              struct bytes *rest) {
    struct bytes word, behind;
    *rest = text;
    if (!next_word(rest, &word)) return NULL;
    const struct brine_reply *found = find_named(docs, word);
    const struct brine_reply *subcommands = field(found, "subcommands");
    behind = *rest;
    if (is_list(subcommands) && next_word(&behind, &word)) {
        const struct brine_reply *inner = find_named(subcommands, word);
        if (inner) {
            *rest = behind;
            return inner;
        }
    }
    return found;
}

/* ---- what is asked ----------------------------------------------------------------------------*/

static bool append_limited(char *text, size_t size, struct bytes word, bool capitals) {
    size_t len = strlen(text);
    if (word.len + 2 > size - len) return false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.data[i];
        if (c < 0x20 || c >= 0x7f) return false;
        bool small = c >= 'a' && c <= 'z';
        text[len++] = (char)(capitals && small ? c - 'a' + 'A' : c);
    }
    text[len] = 0;
    return true;
}

void shell_complete(const struct brine_reply *docs, struct bytes typed,
                    struct shell_completion *completion) {
    struct bytes rest = typed, word = {0}, before = {0}, last = {0};
    const struct brine_reply *list = docs;
    *completion = (struct shell_completion){0};
    if (next_word(&rest, &word) && rest.len) {
        list = field(find_named(docs, word), "subcommands");
        before = word;
        (void)next_word(&rest, &word);
        if (rest.len) return; /* in the arguments */
    }
    bool capitals = typed.len && typed.data[0] >= 'A' && typed.data[0] <= 'Z';
    struct bytes common = {0};
    for (size_t i = 0; is_list(list) && i + 1 < list->count; i += 2) {
        struct bytes name = own_name(&list->elements[i]);
        if (name.len < word.len || !bytes_equal_nocase(bytes_slice(name, 0, word.len), word))
            continue;
        if (completion->count++ == 0) common = name;
        size_t same = 0;
        while (same < common.len && same < name.len &&
               byte_lower(common.data[same]) == byte_lower(name.data[same]))
            same++;
        common.len = same;
        if (append_limited(completion->list, sizeof completion->list, name, capitals))
            (void)append_limited(completion->list, sizeof completion->list, BYTES(" "), false);
        last = name;
    }
    bool adds = completion->count == 1 || common.len > word.len;
    if (!adds) return;
    char *added = completion->added;
    if (before.len && (!append_limited(added, sizeof completion->added, before, false) ||
                       !append_limited(added, sizeof completion->added, BYTES(" "), false)))
        added[0] = 0;
    struct bytes whole = completion->count == 1 ? last : common;
    if (!append_limited(added, sizeof completion->added, whole, capitals) ||
        (completion->count == 1 &&
         !append_limited(added, sizeof completion->added, BYTES(" "), false)))
        added[0] = 0;
}

bool shell_hint(const struct brine_reply *docs, struct bytes typed, char *hint, size_t size) {
    struct bytes rest;
    const struct brine_reply *command = find_command(docs, typed, &rest);
    hint[0] = 0;
    if (!command || rest.len == 0 || rest.data[0] != ' ') return false;
    struct buf out;
    buf_init(&out, mem_system(), TEXT_BYTES_MAX);
    if (add_arguments(&out, field(command, "arguments")) != BRINE_OK) buf_clear(&out);
    size_t len = MIN(out.len, size - 1);
    bytes_copy_to(hint, bytes_view(out.data, len));
    hint[len] = 0;
    buf_deinit(&out);
    return hint[0] != 0;
}

bool shell_help(const struct brine_reply *docs, struct bytes name) {
    struct bytes rest;
    const struct brine_reply *command = find_command(docs, name, &rest);
    if (!command) return false;
    struct buf out;
    buf_init(&out, mem_system(), TEXT_BYTES_MAX);
    static const char *const keys[] = {"summary", "since", "group", "complexity"};
    enum brine_status status = buf_append(&out, BYTES("  "));
    if (status == BRINE_OK) status = input_append_name(&out, name);
    if (status == BRINE_OK) status = buf_append_byte(&out, ' ');
    if (status == BRINE_OK) status = add_arguments(&out, field(command, "arguments"));
    for (size_t i = 0; status == BRINE_OK && i < ARRAY_LEN(keys); i++) {
        const struct brine_reply *value = field(command, keys[i]);
        if (!value) continue;
        status = buf_printf(&out, "\n  %s: ", keys[i]);
        if (status == BRINE_OK) status = input_append_name(&out, text_of(value));
    }
    printf("%.*s\n", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
    return true;
}
