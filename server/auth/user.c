/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a user's state, what it allows, and how it is shown. */

#include "auth/user.h"

#include "base/assert.h"
#include "base/glob.h"

/* ---- life ------------------------------------------------------------------------------------ */

struct auth_user *auth_user_create(const struct auth_vocabulary *vocabulary, struct allocator *mem,
                                   struct bytes name) {
    struct auth_user *user = mem_alloc_zeroed(mem, sizeof *user);
    if (!user) return NULL;
    user->vocabulary = vocabulary;
    user->mem = mem;
    atomic_init(&user->refs, 1);
    atomic_init(&user->fate, AUTH_BOUND);
    arena_init(&user->arena, mem, AUTH_USER_BYTES_MAX);
    user->name = arena_copy(&user->arena, name);
    if (user->name.data) return user;
    auth_user_unref(user);
    return NULL;
}

static bool copy_texts(struct arena *arena, const struct auth_texts *from, struct auth_texts *to) {
    *to = (struct auth_texts){0};
    for (const struct auth_text *text = from->first; text; text = text->next) {
        struct auth_text *copy = arena_alloc(arena, sizeof *copy);
        if (!copy) return false;
        *copy = *text;
        copy->next = NULL;
        copy->text = arena_copy(arena, text->text);
        if (!copy->text.data) return false;
        if (to->last)
            to->last->next = copy;
        else
            to->first = copy;
        to->last = copy;
    }
    return true;
}

static bool copy_selector(struct arena *arena, const struct auth_selector *from,
                          struct auth_selector *to) {
    *to = *from;
    to->next = NULL;
    return copy_texts(arena, &from->first_args, &to->first_args) &&
           copy_texts(arena, &from->keys, &to->keys) &&
           copy_texts(arena, &from->channels, &to->channels) &&
           copy_texts(arena, &from->rules, &to->rules);
}

struct auth_user *auth_user_copy(const struct auth_user *user) {
    struct auth_user *copy = auth_user_create(user->vocabulary, user->mem, user->name);
    if (!copy) return NULL;
    copy->id = user->id;
    copy->is_on = user->is_on;
    copy->no_password = user->no_password;
    copy->sanitizes = user->sanitizes;
    copy->skips_sanitizing = user->skips_sanitizing;
    bool copied = copy_texts(&copy->arena, &user->hashes, &copy->hashes) &&
                  copy_selector(&copy->arena, &user->root, &copy->root);
    struct auth_selector **end = &copy->root.next;
    for (const struct auth_selector *each = user->root.next; each && copied; each = each->next) {
        *end = arena_alloc(&copy->arena, sizeof **end);
        copied = *end && copy_selector(&copy->arena, each, *end);
        if (copied) end = &(*end)->next;
    }
    if (copied) return copy;
    auth_user_unref(copy);
    return NULL;
}

struct auth_user *auth_user_ref(struct auth_user *user) {
    atomic_fetch_add_explicit(&user->refs, 1, memory_order_relaxed);
    return user;
}

void auth_user_unref(struct auth_user *user) {
    if (!user) return;
    uint32_t before = atomic_fetch_sub_explicit(&user->refs, 1, memory_order_acq_rel);
    BRINE_ASSERT(before > 0, "a reference is given back once");
    if (before > 1) return;
    arena_deinit(&user->arena);
    mem_free(user->mem, user, sizeof *user);
}

static bool texts_equal(const struct auth_texts *a, const struct auth_texts *b) {
    const struct auth_text *one = a->first, *other = b->first;
    for (; one && other; one = one->next, other = other->next)
        if (!bytes_equal(one->text, other->text) || one->row != other->row ||
            one->access != other->access)
            return false;
    return !one && !other;
}

static bool selectors_equal(const struct auth_selector *a, const struct auth_selector *b) {
    return a->all_commands == b->all_commands && a->all_keys == b->all_keys &&
           a->all_channels == b->all_channels && a->begins_at_all == b->begins_at_all &&
           memcmp(a->commands, b->commands, sizeof a->commands) == 0 &&
           texts_equal(&a->first_args, &b->first_args) && texts_equal(&a->keys, &b->keys) &&
           texts_equal(&a->channels, &b->channels) && texts_equal(&a->rules, &b->rules);
}

bool auth_user_equal(const struct auth_user *a, const struct auth_user *b) {
    const struct auth_selector *one = a->root.next, *other = b->root.next;
    while (one && other && selectors_equal(one, other)) one = one->next, other = other->next;
    return selectors_equal(&a->root, &b->root) && !one && !other && bytes_equal(a->name, b->name) &&
           a->is_on == b->is_on && a->no_password == b->no_password &&
           a->sanitizes == b->sanitizes && a->skips_sanitizing == b->skips_sanitizing &&
           texts_equal(&a->hashes, &b->hashes);
}

/* ---- passwords ------------------------------------------------------------------------------- */

/* The name of a user is no secret that a clock should tell: the hash is made and compared in any
 * case, against one that no password has where there is none. */
bool auth_user_accepts(const struct auth_user *user, struct bytes password) {
    static const uint8_t nobodys[AUTH_HASH_BYTES];
    uint8_t hash[AUTH_HASH_BYTES];
    auth_hash(password, hash);
    bool accepted = auth_hash_equal(hash, nobodys);
    if (!user) return false;
    for (const struct auth_text *each = user->hashes.first; each; each = each->next)
        accepted |= auth_hash_equal(hash, each->text.data);
    return user->is_on && (accepted || user->no_password);
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool selector_may_all(const struct auth_selector *selector) {
    return selector->all_commands && selector->all_keys && selector->all_channels;
}

bool auth_user_may_all(const struct auth_user *user) {
    const struct auth_selector *selector = &user->root;
    while (selector && !selector_may_all(selector)) selector = selector->next;
    return selector != NULL;
}

static bool may_run(const struct auth_user *user, const struct auth_selector *selector,
                    const struct auth_question *question) {
    const struct auth_command *command = &user->vocabulary->commands[question->row];
    if (selector->all_commands || command->is_always) return true;
    if (selector->commands[question->row / 64] >> question->row % 64 & 1) return true;
    size_t position = command->is_subcommand ? 2 : 1;
    if (question->args_count <= position) return false;
    for (const struct auth_text *each = selector->first_args.first; each; each = each->next)
        if (each->row == question->row &&
            bytes_is(question->args[position], (const char *)each->text.data))
            return true;
    return false;
}

static bool key_fits(const struct auth_selector *selector, struct bytes key, uint8_t access) {
    for (const struct auth_text *each = selector->keys.first; each; each = each->next)
        if ((each->access & access) == access && glob_match(each->text, key)) return true;
    return false;
}

/* A pattern to listen by is compared as a word: what it may match cannot be known. */
static bool channel_fits(const struct auth_selector *selector, struct bytes name, bool is_pattern) {
    if (selector->all_channels) return true;
    for (const struct auth_text *each = selector->channels.first; each; each = each->next)
        if (is_pattern ? bytes_equal(each->text, name) : glob_match(each->text, name)) return true;
    return false;
}

static enum auth_verdict check_selector(const struct auth_user *user,
                                        const struct auth_selector *selector,
                                        const struct auth_question *question, size_t *position) {
    *position = 0;
    if (!may_run(user, selector, question)) return AUTH_DENIED_COMMAND;
    for (size_t i = 0; i < question->keys_count && !selector->all_keys; i++) {
        const struct auth_range *range = &question->keys[i];
        for (*position = range->first; *position <= range->last; *position += range->step)
            if (!key_fits(selector, question->args[*position], range->access))
                return AUTH_DENIED_KEY;
    }
    for (size_t i = 0; i < question->channels_count && !selector->all_channels; i++) {
        const struct auth_range *range = &question->channels[i];
        for (*position = range->first; *position <= range->last; *position += range->step)
            if (!channel_fits(selector, question->args[*position], range->is_pattern))
                return AUTH_DENIED_CHANNEL;
    }
    return AUTH_ALLOWED;
}

enum auth_verdict auth_user_check(const struct auth_user *user,
                                  const struct auth_question *question, size_t *position) {
    enum auth_verdict worst = AUTH_DENIED_COMMAND;
    *position = 0;
    for (const struct auth_selector *each = &user->root; each; each = each->next) {
        size_t at;
        enum auth_verdict verdict = check_selector(user, each, question, &at);
        if (verdict == AUTH_ALLOWED) return AUTH_ALLOWED;
        if (verdict < worst || (verdict == worst && at <= *position)) continue;
        worst = verdict;
        *position = at;
    }
    return worst;
}

bool auth_user_may_listen(const struct auth_user *user, struct bytes name, bool is_pattern) {
    const struct auth_selector *selector = &user->root;
    while (selector && !channel_fits(selector, name, is_pattern)) selector = selector->next;
    return selector != NULL;
}

/* ---- as text --------------------------------------------------------------------------------- */

static enum brine_status begin_word(struct buf *out, size_t start) {
    return out->len > start ? buf_append_byte(out, ' ') : BRINE_OK;
}

enum brine_status auth_describe_keys(const struct auth_selector *selector, struct buf *out) {
    static const char *const marks[] = {"", "%R~", "%W~", "~"};
    size_t start = out->len;
    if (selector->all_keys) return buf_append(out, BYTES("~*"));
    for (const struct auth_text *each = selector->keys.first; each; each = each->next) {
        TRY(begin_word(out, start));
        TRY(buf_append(out, bytes_of_cstr(marks[each->access])));
        TRY(buf_append(out, each->text));
    }
    return BRINE_OK;
}

enum brine_status auth_describe_channels(const struct auth_selector *selector, struct buf *out) {
    size_t start = out->len;
    if (selector->all_channels) return buf_append(out, BYTES("&*"));
    for (const struct auth_text *each = selector->channels.first; each; each = each->next) {
        TRY(begin_word(out, start));
        TRY(buf_append_byte(out, '&'));
        TRY(buf_append(out, each->text));
    }
    return BRINE_OK;
}

enum brine_status auth_describe_commands(const struct auth_selector *selector, struct buf *out) {
    /* The rules begin at nothing or at all, whichever they were made from. */
    TRY(buf_append(out, selector->begins_at_all ? BYTES("+@all") : BYTES("-@all")));
    for (const struct auth_text *each = selector->rules.first; each; each = each->next) {
        TRY(buf_append_byte(out, ' '));
        TRY(buf_append(out, each->text));
    }
    return BRINE_OK;
}

static enum brine_status describe_selector(const struct auth_selector *selector, struct buf *out) {
    size_t start = out->len;
    TRY(auth_describe_keys(selector, out));
    if (out->len > start) TRY(buf_append_byte(out, ' '));
    if (!selector->all_channels) TRY(buf_append(out, BYTES("resetchannels ")));
    start = out->len;
    TRY(auth_describe_channels(selector, out));
    if (out->len > start) TRY(buf_append_byte(out, ' '));
    return auth_describe_commands(selector, out);
}

enum brine_status auth_user_describe(const struct auth_user *user, struct buf *out) {
    TRY(buf_append(out, BYTES("user ")));
    TRY(buf_append(out, user->name));
    TRY(buf_append(out, user->is_on ? BYTES(" on") : BYTES(" off")));
    if (user->no_password) TRY(buf_append(out, BYTES(" nopass")));
    if (user->skips_sanitizing) TRY(buf_append(out, BYTES(" skip-sanitize-payload")));
    if (user->sanitizes) TRY(buf_append(out, BYTES(" sanitize-payload")));
    for (const struct auth_text *each = user->hashes.first; each; each = each->next) {
        TRY(buf_append(out, BYTES(" #")));
        TRY(buf_append(out, each->text));
    }
    TRY(buf_append_byte(out, ' '));
    TRY(describe_selector(&user->root, out));
    for (const struct auth_selector *each = user->root.next; each; each = each->next) {
        TRY(buf_append(out, BYTES(" (")));
        TRY(describe_selector(each, out));
        TRY(buf_append_byte(out, ')'));
    }
    return BRINE_OK;
}
