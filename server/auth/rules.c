/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The ACL language: one word after the other changes a user or one of its selectors.  What a word
 * takes away is left in the arena: the next copy of the user leaves it behind. */

#include "auth/foreign.h"
#include "auth/user.h"

#include <stdio.h>

#define WRONG_WORD    "Syntax error"
#define WRONG_COMMAND "Unknown command or category name in ACL"
#define WRONG_KEY                                                                                  \
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have " \
    "any effect. Try 'resetkeys' to start with an empty list of patterns"
#define WRONG_CHANNEL                                                                              \
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "  \
    "have any effect. Try 'resetchannels' to start with an empty list of channels"
#define WRONG_PASSWORD "The password you are trying to remove from the user does not exist"
#define WRONG_HASH                                                                                 \
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "      \
    "characters"
#define WRONG_FIRST_ARG "Allowing first-arg of a subcommand is not supported"

/* A rule being applied: to the user, and to one of its selectors. */
struct applying {
    struct auth_user *user;
    struct auth_selector *selector;
    struct brine_error *err;
};

static enum brine_status wrong(const struct applying *applying, const char *why) {
    return brine_fail(applying->err, BRINE_INVALID, 0, "%s", why);
}

static enum brine_status no_memory(const struct applying *applying) {
    return brine_fail(applying->err, BRINE_NO_MEMORY, 0, "the user's rules take too much memory");
}

/* ---- lists ----------------------------------------------------------------------------------- */

static struct auth_text *find_text(const struct auth_texts *texts, struct bytes text) {
    struct auth_text *each = texts->first;
    while (each && !bytes_equal(each->text, text)) each = each->next;
    return each;
}

static struct auth_text *add_text(const struct applying *applying, struct auth_texts *texts,
                                  struct bytes text) {
    struct auth_text *added = arena_alloc(&applying->user->arena, sizeof *added);
    if (!added) return NULL;
    *added = (struct auth_text){.text = arena_copy(&applying->user->arena, text)};
    if (!added->text.data) return NULL;
    if (texts->last)
        texts->last->next = added;
    else
        texts->first = added;
    texts->last = added;
    return added;
}

typedef bool text_is_meant(const struct auth_text *text, const void *context);

static void remove_texts(struct auth_texts *texts, text_is_meant *is_meant, const void *context) {
    struct auth_text *kept = NULL, *each = texts->first;
    texts->first = texts->last = NULL;
    for (; each; each = kept) {
        kept = each->next;
        if (is_meant(each, context)) continue;
        each->next = NULL;
        if (texts->last)
            texts->last->next = each;
        else
            texts->first = each;
        texts->last = each;
    }
}

static bool text_equals(const struct auth_text *text, const void *context) {
    return bytes_equal(text->text, *(const struct bytes *)context);
}

static bool row_equals(const struct auth_text *text, const void *context) {
    return text->row == *(const size_t *)context;
}

/* A rule about a command replaces what was said before of it and of its subcommands. */
static bool rule_is_replaced(const struct auth_text *text, const void *context) {
    const struct bytes *newer = context;
    struct bytes older = bytes_slice(text->text, 1, text->text.len);
    if (older.len < newer->len || !bytes_equal(bytes_slice(older, 0, newer->len), *newer))
        return false;
    return older.len == newer->len || older.data[newer->len] == '|';
}

/* ---- commands -------------------------------------------------------------------------------- */

static enum brine_status note_rule(const struct applying *applying, struct bytes name,
                                   bool allows) {
    struct auth_selector *selector = applying->selector;
    struct auth_text *added = NULL;
    char text[256];
    if (name.len > sizeof text - 2) return wrong(applying, WRONG_WORD);
    text[0] = allows ? '+' : '-';
    for (size_t i = 0; i < name.len; i++) text[i + 1] = (char)byte_lower(name.data[i]);
    struct bytes lower = bytes_view(text + 1, name.len);
    remove_texts(&selector->rules, rule_is_replaced, &lower);
    added = add_text(applying, &selector->rules, bytes_view(text, name.len + 1));
    return added ? BRINE_OK : no_memory(applying);
}

static void set_row(struct auth_selector *selector, size_t row, bool allows) {
    uint64_t bit = (uint64_t)1 << row % 64;
    if (allows) {
        selector->commands[row / 64] |= bit;
    } else {
        selector->commands[row / 64] &= ~bit;
        selector->all_commands = false;
    }
    remove_texts(&selector->first_args, row_equals, &row);
}

/* A command and its subcommands. */
static void set_command(const struct applying *applying, size_t row, bool allows) {
    size_t subcommands = applying->user->vocabulary->commands[row].subcommands;
    for (size_t i = 0; i <= subcommands; i++) set_row(applying->selector, row + i, allows);
}

static void set_all_commands(struct auth_selector *selector, bool allows) {
    memset(selector->commands, allows ? 0xff : 0, sizeof selector->commands);
    selector->all_commands = selector->begins_at_all = allows;
    selector->first_args = selector->rules = (struct auth_texts){0};
}

static enum brine_status apply_category(const struct applying *applying, struct bytes word,
                                        bool allows) {
    const struct auth_vocabulary *vocabulary = applying->user->vocabulary;
    struct bytes name = bytes_slice(word, 1, word.len);
    if (bytes_is(name, "all")) {
        set_all_commands(applying->selector, allows);
        return BRINE_OK;
    }
    enum auth_category category = auth_category_find(name);
    if (category == AUTH_CATEGORIES_COUNT) return wrong(applying, WRONG_COMMAND);
    for (size_t row = 0; row < vocabulary->count; row++)
        if (vocabulary->commands[row].categories >> category & 1)
            set_command(applying, row, allows);
    return note_rule(applying, word, allows);
}

/* "+select|0": the command with this first argument alone. */
static enum brine_status allow_first_arg(const struct applying *applying, size_t row,
                                         struct bytes arg) {
    struct auth_text *added = add_text(applying, &applying->selector->first_args, arg);
    if (!added) return no_memory(applying);
    added->row = row;
    return BRINE_OK;
}

/* A rule about what only Redis has. */
static enum brine_status apply_foreign(const struct applying *applying, struct bytes name,
                                       bool allows) {
    size_t split = name.len;
    if (auth_foreign_is_command(name)) return note_rule(applying, name, allows);
    while (split > 0 && name.data[split - 1] != '|') split--;
    if (!allows || split == 0) return wrong(applying, WRONG_COMMAND);
    struct bytes command = bytes_slice(name, 0, split - 1);
    if (!auth_foreign_is_command(command)) return wrong(applying, WRONG_COMMAND);
    if (memchr(command.data, '|', command.len)) return wrong(applying, WRONG_FIRST_ARG);
    if (split == name.len) return wrong(applying, WRONG_WORD);
    if (auth_foreign_is_container(command)) return wrong(applying, WRONG_COMMAND);
    return note_rule(applying, name, true);
}

static enum brine_status apply_command(const struct applying *applying, struct bytes name,
                                       bool allows) {
    const struct auth_vocabulary *vocabulary = applying->user->vocabulary;
    size_t row = auth_vocabulary_find(vocabulary, name), split = name.len;
    if (row < AUTH_ROWS_MAX) {
        set_command(applying, row, allows);
        return note_rule(applying, name, allows);
    }
    while (split > 0 && name.data[split - 1] != '|') split--;
    if (split > 0) row = auth_vocabulary_find(vocabulary, bytes_slice(name, 0, split - 1));
    if (row == AUTH_ROWS_MAX) return apply_foreign(applying, name, allows);
    if (!allows) return wrong(applying, WRONG_COMMAND);
    if (vocabulary->commands[row].is_subcommand) return wrong(applying, WRONG_FIRST_ARG);
    if (split == name.len) return wrong(applying, WRONG_WORD);
    if (vocabulary->commands[row].subcommands) return wrong(applying, WRONG_COMMAND);
    TRY(allow_first_arg(applying, row, bytes_slice(name, split, name.len)));
    return note_rule(applying, name, true);
}

/* ---- patterns -------------------------------------------------------------------------------- */

static bool has_spaces(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == 0 || text.data[i] == ' ' ||
            (text.data[i] >= '\t' && text.data[i] <= '\r'))
            return true;
    return false;
}

/* "%RW~": how many bytes stand before the pattern; 0: that is no such mark. */
static size_t read_access(struct bytes rule, uint8_t *access) {
    *access = 0;
    for (size_t i = 1; i < rule.len; i++) {
        uint8_t letter = byte_lower(rule.data[i]);
        uint8_t one = letter == 'r' ? AUTH_KEY_READ : letter == 'w' ? AUTH_KEY_WRITE : 0;
        if (letter == '~') return *access ? i + 1 : 0;
        if (!one || *access & one) return 0;
        *access |= one;
    }
    /* Redis takes "%R" for a mark with an empty pattern. */
    return *access ? rule.len : 0;
}

static enum brine_status apply_key(const struct applying *applying, struct bytes rule) {
    struct auth_texts *keys = &applying->selector->keys;
    uint8_t access = AUTH_KEY_READ | AUTH_KEY_WRITE;
    if (applying->selector->all_keys) return wrong(applying, WRONG_KEY);
    size_t skip = rule.data[0] == '%' ? read_access(rule, &access) : 1;
    struct bytes pattern = bytes_slice(rule, skip, rule.len);
    if (skip == 0 || has_spaces(pattern)) return wrong(applying, WRONG_WORD);
    struct auth_text *text = find_text(keys, pattern);
    if (!text) text = add_text(applying, keys, pattern);
    if (!text) return no_memory(applying);
    text->access |= access;
    return BRINE_OK;
}

static enum brine_status apply_channel(const struct applying *applying, struct bytes rule) {
    struct auth_texts *channels = &applying->selector->channels;
    struct bytes pattern = bytes_slice(rule, 1, rule.len);
    if (applying->selector->all_channels) return wrong(applying, WRONG_CHANNEL);
    if (has_spaces(pattern)) return wrong(applying, WRONG_WORD);
    if (find_text(channels, pattern) || add_text(applying, channels, pattern)) return BRINE_OK;
    return no_memory(applying);
}

static void set_keys(struct auth_selector *selector, bool all) {
    selector->all_keys = all;
    selector->keys = (struct auth_texts){0};
}

static void set_channels(struct auth_selector *selector, bool all) {
    selector->all_channels = all;
    selector->channels = (struct auth_texts){0};
}

/* ---- one rule -------------------------------------------------------------------------------- */

static enum brine_status apply_to_selector(const struct applying *applying, struct bytes rule) {
    struct auth_selector *selector = applying->selector;
    bool is_all_keys = bytes_is(rule, "allkeys") || bytes_equal(rule, BYTES("~*"));
    bool is_all_channels = bytes_is(rule, "allchannels") || bytes_equal(rule, BYTES("&*"));
    bool allows = rule.data[0] == '+';
    struct bytes name = bytes_slice(rule, 1, rule.len);
    if (is_all_keys || bytes_is(rule, "resetkeys"))
        set_keys(selector, is_all_keys);
    else if (is_all_channels || bytes_is(rule, "resetchannels"))
        set_channels(selector, is_all_channels);
    else if (bytes_is(rule, "allcommands") || bytes_is(rule, "nocommands"))
        set_all_commands(selector, byte_lower(rule.data[0]) == 'a');
    else if (rule.data[0] == '~' || rule.data[0] == '%')
        return apply_key(applying, rule);
    else if (rule.data[0] == '&')
        return apply_channel(applying, rule);
    else if ((allows || rule.data[0] == '-') && name.len && name.data[0] == '@')
        return apply_category(applying, name, allows);
    else if (allows || rule.data[0] == '-')
        return apply_command(applying, name, allows);
    else
        return wrong(applying, WRONG_WORD);
    return BRINE_OK;
}

/* The next word of a selector in parentheses. */
static struct bytes take_word(struct bytes *text) {
    size_t start = 0, end;
    while (start < text->len && text->data[start] == ' ') start++;
    for (end = start; end < text->len && text->data[end] != ' ';) end++;
    struct bytes word = bytes_slice(*text, start, end - start);
    *text = bytes_slice(*text, end, text->len);
    return word;
}

static enum brine_status add_selector(const struct applying *applying, struct bytes rule) {
    struct auth_selector *added = arena_alloc(&applying->user->arena, sizeof *added);
    if (!added) return no_memory(applying);
    *added = (struct auth_selector){0};
    struct applying inner = *applying;
    inner.selector = added;
    struct bytes text = bytes_slice(rule, 1, rule.len - 2);
    for (struct bytes word = take_word(&text); word.len; word = take_word(&text))
        TRY(apply_to_selector(&inner, word));
    struct auth_selector *last = &applying->user->root;
    while (last->next) last = last->next;
    last->next = added;
    return BRINE_OK;
}

/* ">password", "#hash" */
static enum brine_status add_password(const struct applying *applying, struct bytes rule) {
    struct auth_user *user = applying->user;
    struct bytes text = bytes_slice(rule, 1, rule.len);
    uint8_t hash[AUTH_HASH_BYTES];
    if (rule.data[0] == '>')
        auth_hash(text, hash);
    else if (!auth_is_hash(text))
        return wrong(applying, WRONG_HASH);
    else
        bytes_copy_to(hash, text);
    struct bytes view = bytes_view(hash, sizeof hash);
    if (!find_text(&user->hashes, view) && !add_text(applying, &user->hashes, view))
        return no_memory(applying);
    user->no_password = false;
    return BRINE_OK;
}

/* "<password", "!hash" */
static enum brine_status remove_password(const struct applying *applying, struct bytes rule) {
    struct auth_user *user = applying->user;
    struct bytes text = bytes_slice(rule, 1, rule.len);
    uint8_t hash[AUTH_HASH_BYTES];
    if (rule.data[0] == '<') {
        auth_hash(text, hash);
        text = bytes_view(hash, sizeof hash);
    } else if (!auth_is_hash(text)) {
        return wrong(applying, WRONG_HASH);
    }
    if (!find_text(&user->hashes, text)) return wrong(applying, WRONG_PASSWORD);
    remove_texts(&user->hashes, text_equals, &text);
    return BRINE_OK;
}

/* As a new user is. */
static void reset_user(struct auth_user *user) {
    user->is_on = user->no_password = user->skips_sanitizing = false;
    user->sanitizes = true;
    user->hashes = (struct auth_texts){0};
    user->root = (struct auth_selector){0};
}

enum brine_status auth_user_apply(struct auth_user *user, struct bytes rule,
                                  struct brine_error *err) {
    struct applying applying = {.user = user, .selector = &user->root, .err = err};
    if (rule.len == 0) return BRINE_OK;
    uint8_t first = rule.data[0];
    bool is_no_password = bytes_is(rule, "nopass");
    if (bytes_is(rule, "on") || bytes_is(rule, "off")) {
        user->is_on = rule.len == 2;
    } else if (is_no_password || bytes_is(rule, "resetpass")) {
        user->no_password = is_no_password;
        user->hashes = (struct auth_texts){0};
    } else if (bytes_is(rule, "skip-sanitize-payload") || bytes_is(rule, "sanitize-payload")) {
        user->skips_sanitizing = rule.len == sizeof "skip-sanitize-payload" - 1;
        user->sanitizes = !user->skips_sanitizing;
    } else if (bytes_is(rule, "clearselectors")) {
        user->root.next = NULL;
    } else if (bytes_is(rule, "reset")) {
        reset_user(user);
    } else if (first == '>' || first == '#') {
        return add_password(&applying, rule);
    } else if (first == '<' || first == '!') {
        return remove_password(&applying, rule);
    } else if (first == '(' && rule.data[rule.len - 1] == ')') {
        return add_selector(&applying, rule);
    } else {
        return apply_to_selector(&applying, rule);
    }
    return BRINE_OK;
}

/* ---- several --------------------------------------------------------------------------------- */

static enum brine_status apply_named(struct auth_user *user, struct bytes rule,
                                     struct brine_error *err) {
    struct brine_error why = {0};
    enum brine_status status = auth_user_apply(user, rule, &why);
    if (status == BRINE_OK) return BRINE_OK;
    return brine_fail(err, status, 0, "Error in ACL SETUSER modifier '%.*s': %s",
                      (int)MIN(rule.len, (size_t)128), (const char *)rule.data, why.text);
}

static bool opens_selector(struct bytes word) {
    return word.len && word.data[0] == '(' && word.data[word.len - 1] != ')';
}

static bool closes_selector(struct bytes word) {
    return word.len && word.data[word.len - 1] == ')';
}

/* "(+get", "~a)": the words from `from` on that make one selector, joined.  One that begins anew
 * takes the place of what was begun before, as in Redis. */
static enum brine_status apply_spread(struct auth_user *user, const struct bytes *rules,
                                      size_t count, size_t *from, struct brine_error *err) {
    struct buf joined;
    enum brine_status status = BRINE_OK;
    bool closed = false;
    buf_init(&joined, user->mem, AUTH_USER_BYTES_MAX);
    for (; *from < count && !closed && status == BRINE_OK; ++*from) {
        if (opens_selector(rules[*from]))
            buf_clear(&joined);
        else
            status = buf_append_byte(&joined, ' ');
        if (status == BRINE_OK) status = buf_append(&joined, rules[*from]);
        closed = closes_selector(rules[*from]);
    }
    if (status == BRINE_OK)
        status = apply_named(user, buf_view(&joined), err);
    else
        brine_fail(err, status, 0, "the user's rules take too much memory");
    buf_deinit(&joined);
    return status;
}

/* Parentheses are matched before any rule is applied. */
static enum brine_status check_parentheses(const struct bytes *rules, size_t count,
                                           struct brine_error *err) {
    const struct bytes *open = NULL;
    for (size_t i = 0; i < count; i++) {
        if (opens_selector(rules[i]))
            open = &rules[i];
        else if (closes_selector(rules[i]))
            open = NULL;
    }
    if (!open) return BRINE_OK;
    return brine_fail(err, BRINE_INVALID, 0,
                      "Unmatched parenthesis in acl selector starting at '%.*s'.",
                      (int)MIN(open->len, (size_t)128), (const char *)open->data);
}

enum brine_status auth_user_apply_all(struct auth_user *user, const struct bytes *rules,
                                      size_t count, struct brine_error *err) {
    TRY(check_parentheses(rules, count, err));
    for (size_t i = 0; i < count;) {
        if (opens_selector(rules[i]))
            TRY(apply_spread(user, rules, count, &i, err));
        else
            TRY(apply_named(user, rules[i++], err));
    }
    return BRINE_OK;
}
