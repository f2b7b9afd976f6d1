/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach auth_user_apply_all, auth_user_describe, auth_user_check.  Oracle: the line that shows
 * a user makes an equal user when it is read, and one who may do all is never denied. */

#include "auth/auth.h"
#include "cmd/permission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { RULES_MAX = 32, LINE_BYTES_MAX = 1 << 20 };

/* Words end at LF, for a rule may have blanks. */
static size_t split(struct bytes text, uint8_t end, struct bytes *words, size_t most) {
    size_t count = 0;
    while (text.len > 0 && count < most) {
        size_t at = 0;
        while (at < text.len && text.data[at] != end) at++;
        words[count++] = bytes_slice(text, 0, at);
        text = bytes_slice(text, at + 1, text.len);
    }
    return count;
}

/* "user NAME on ~a (+get ~b)" in words, those of a selector kept together by its parentheses. */
static bool read_line(struct auth_user *user, struct bytes line) {
    struct bytes words[4 * RULES_MAX * RULES_MAX];
    size_t count = split(line, ' ', words, ARRAY_LEN(words));
    struct brine_error err;
    return count == ARRAY_LEN(words) ||
           auth_user_apply_all(user, words + 2, count - 2, &err) == BRINE_OK;
}

static bool has_odd_bytes(const struct bytes *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < words[i].len; at++)
            if (strchr("() ", words[i].data[at])) return true; /* NUL too, which ends the list */
    return false;
}

/* Parentheses and blanks inside a word are not told apart in a line, in Redis neither. */
static void check_round_trip(const struct auth_user *user) {
    struct buf line;
    buf_init(&line, mem_system(), LINE_BYTES_MAX);
    struct auth_user *again = auth_user_create(user->vocabulary, mem_system(), user->name);
    if (auth_user_describe(user, &line) == BRINE_OK) {
        struct auth_user *copy = auth_user_copy(user);
        if (!copy || !auth_user_equal(user, copy)) __builtin_trap();
        auth_user_unref(copy);
        if (!read_line(again, buf_view(&line))) __builtin_trap();
        struct buf other;
        buf_init(&other, mem_system(), LINE_BYTES_MAX);
        if (auth_user_describe(again, &other) != BRINE_OK ||
            !bytes_equal(buf_view(&line), buf_view(&other)) ||
            memcmp(user->root.commands, again->root.commands, sizeof user->root.commands) != 0)
            __builtin_trap();
        buf_deinit(&other);
    }
    auth_user_unref(again);
    buf_deinit(&line);
}

static void ask(const struct auth_user *user, const struct bytes *words, size_t count) {
    for (size_t row = 0; row < command_table_count() && count > 0; row += 7) {
        struct attempt attempt = {&command_table[row], words, count};
        struct auth_question question;
        size_t position;
        if (!command_arity_fits(attempt.command, count)) continue;
        permission_question(&attempt, &question);
        enum auth_verdict verdict = auth_user_check(user, &question, &position);
        if (verdict != AUTH_ALLOWED && (auth_user_may_all(user) || position >= count))
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct auth_vocabulary vocabulary;
    struct bytes words[RULES_MAX];
    struct brine_error err;
    if (vocabulary.count == 0) permission_vocabulary(&vocabulary);
    size_t count = split(bytes_view(data, len), '\n', words, RULES_MAX);
    struct auth_user *user = auth_user_create(&vocabulary, mem_system(), BYTES("u"));
    if (!user) return 0;
    if (auth_user_apply_all(user, words, count, &err) == BRINE_OK) {
        ask(user, words, count);
        (void)auth_user_accepts(user, count ? words[0] : BYTES(""));
        if (!has_odd_bytes(words, count)) check_round_trip(user);
    }
    auth_user_unref(user);
    return 0;
}
