/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One user: what rules make of it, what it may then do, and that failing memory changes nothing. */

#include "auth/auth.h"
#include "support/failing.h"

#include <criterion/criterion.h>

enum { GET, SET, MGET, SUBSCRIBE, CONFIG, CONFIG_GET, CONFIG_SET, SELECT, PING_ALWAYS, ROWS };

#define IN(category) (1u << AUTH_CATEGORY_##category)

static const struct auth_vocabulary vocabulary = {
    .count = ROWS,
    .commands = {
        [GET] = {.name = "get", .categories = IN(READ) | IN(STRING) | IN(FAST)},
        [SET] = {.name = "set", .categories = IN(WRITE) | IN(STRING) | IN(SLOW)},
        [MGET] = {.name = "mget", .categories = IN(READ) | IN(STRING) | IN(FAST)},
        [SUBSCRIBE] = {.name = "subscribe", .categories = IN(PUBSUB) | IN(SLOW)},
        [CONFIG] = {.name = "config", .categories = IN(SLOW), .subcommands = 2},
        [CONFIG_GET] = {.name = "config|get", .categories = IN(ADMIN), .is_subcommand = true},
        [CONFIG_SET] = {.name = "config|set", .categories = IN(ADMIN), .is_subcommand = true},
        [SELECT] = {.name = "select", .categories = IN(CONNECTION) | IN(FAST)},
        [PING_ALWAYS] = {.name = "auth", .is_always = true},
    }};

enum { WORDS_MAX = 16 };

static size_t split(const char *text, struct bytes words[static WORDS_MAX]) {
    size_t count = 0;
    for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        cr_assert(count < WORDS_MAX);
        words[count++] = bytes_view(at, strcspn(at, " "));
        at += words[count - 1].len;
    }
    return count;
}

static struct auth_user *make_user(const char *rules, struct brine_error *err,
                                   enum brine_status *status) {
    struct bytes words[WORDS_MAX];
    struct auth_user *user = auth_user_create(&vocabulary, mem_system(), BYTES("u"));
    *status = auth_user_apply_all(user, words, split(rules, words), err);
    return user;
}

Test(rules, make_the_lines_that_redis_shows) {
    static const struct {
        const char *rules, *line;
    } rows[] = {
        {"", "user u off resetchannels -@all"},
        {"on nopass", "user u on nopass resetchannels -@all"},
        {"ON NoPass AllKeys ALLCHANNELS allcommands", "user u on nopass ~* &* +@all"},
        {"on >a", "user u on #ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb "
                  "resetchannels -@all"},
        {">a <a nopass", "user u off nopass resetchannels -@all"},
        {"~a ~b ~a &x &x", "user u off ~a ~b resetchannels &x -@all"},
        {"+hset -hget +XINFO|Stream +lpush|x", "user u off resetchannels -@all +hset -hget "
                                               "+xinfo|stream +lpush|x"},
        {"+hset +hset|x -hset", "user u off resetchannels -@all -hset"},
        {"+@all -hset", "user u off resetchannels +@all -hset"},
        {"%R~a %W~a %r~b", "user u off ~a %R~b resetchannels -@all"},
        {"%R", "user u off %R~ resetchannels -@all"},
        {"~a resetkeys &x resetchannels", "user u off resetchannels -@all"},
        {"+get -get +set", "user u off resetchannels -@all -get +set"},
        {"+@read +GET +@write -get", "user u off resetchannels -@all +@read +@write -get"},
        {"+@all -@admin", "user u off resetchannels +@all -@admin"},
        {"+config|get +config", "user u off resetchannels -@all +config"},
        {"+config -config|get", "user u off resetchannels -@all +config -config|get"},
        {"+select|0 +select|1", "user u off resetchannels -@all +select|0 +select|1"},
        {"+get (+set ~k) ( %R~x &y +mget )", "user u off resetchannels -@all +get "
                                             "(~k resetchannels -@all +set) "
                                             "(%R~x resetchannels &y -@all +mget)"},
        {"(+set ~k) clearselectors", "user u off resetchannels -@all"},
        {"on nopass ~a +get reset", "user u off sanitize-payload resetchannels -@all"},
        {"skip-sanitize-payload", "user u off skip-sanitize-payload resetchannels -@all"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err = {0};
        enum brine_status status;
        struct auth_user *user = make_user(rows[i].rules, &err, &status);
        struct buf line;
        buf_init(&line, mem_system(), 4096);
        cr_expect(status == BRINE_OK, "%s: %s", rows[i].rules, err.text);
        cr_expect(auth_user_describe(user, &line) == BRINE_OK);
        cr_expect(buf_append_byte(&line, 0) == BRINE_OK);
        cr_expect_str_eq((const char *)line.data, rows[i].line, "%s: %s", rows[i].rules,
                         (const char *)line.data);
        buf_deinit(&line);
        auth_user_unref(user);
    }
}

Test(rules, that_are_wrong_are_refused_in_the_words_of_redis) {
    static const struct {
        const char *rules, *error;
    } rows[] = {
        {"nonsense", "Error in ACL SETUSER modifier 'nonsense': Syntax error"},
        {"+nope", "Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL"},
        {"+xinfo|nope",
         "Error in ACL SETUSER modifier '+xinfo|nope': Unknown command or category name in ACL"},
        {"-hset|x",
         "Error in ACL SETUSER modifier '-hset|x': Unknown command or category name in ACL"},
        {"+hset|", "Error in ACL SETUSER modifier '+hset|': Syntax error"},
        {"+xinfo|stream|x", "Error in ACL SETUSER modifier '+xinfo|stream|x': Allowing first-arg "
                            "of a subcommand is not supported"},
        {"-get|x",
         "Error in ACL SETUSER modifier '-get|x': Unknown command or category name in ACL"},
        {"+config|nope",
         "Error in ACL SETUSER modifier '+config|nope': Unknown command or category name in ACL"},
        {"+config|get|x",
         "Error in ACL SETUSER modifier '+config|get|x': Allowing first-arg of a subcommand is not "
         "supported"},
        {"+get|", "Error in ACL SETUSER modifier '+get|': Syntax error"},
        {"+@nope",
         "Error in ACL SETUSER modifier '+@nope': Unknown command or category name in ACL"},
        {"%~a", "Error in ACL SETUSER modifier '%~a': Syntax error"},
        {"%RR~a", "Error in ACL SETUSER modifier '%RR~a': Syntax error"},
        {"#abc", "Error in ACL SETUSER modifier '#abc': The password hash must be exactly 64 "
                 "characters and contain only lowercase hexadecimal characters"},
        {"<abc", "Error in ACL SETUSER modifier '<abc': The password you are trying to remove from "
                 "the user does not exist"},
        {"~* ~a",
         "Error in ACL SETUSER modifier '~a': Adding a pattern after the * pattern (or the "
         "'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to "
         "start with an empty list of patterns"},
        {"&* &a",
         "Error in ACL SETUSER modifier '&a': Adding a pattern after the * pattern (or the "
         "'allchannels' flag) is not valid and does not have any effect. Try "
         "'resetchannels' to start with an empty list of channels"},
        {"(+get", "Unmatched parenthesis in acl selector starting at '(+get'."},
        {"(+get ~a", "Unmatched parenthesis in acl selector starting at '(+get'."},
        {"(on)", "Error in ACL SETUSER modifier '(on)': Syntax error"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err = {0};
        enum brine_status status;
        struct auth_user *user = make_user(rows[i].rules, &err, &status);
        cr_expect(status == BRINE_INVALID, "%s", rows[i].rules);
        cr_expect_str_eq(err.text, rows[i].error, "%s: %s", rows[i].rules, err.text);
        auth_user_unref(user);
    }
}

Test(rules, decide_by_command_key_use_and_channel) {
    static const struct {
        const char *rules;
        size_t row;
        const char *words;
        uint8_t access; /* of the first argument as a key; 0: it is none */
        bool is_channel;
        enum auth_verdict verdict;
        size_t position;
    } rows[] = {
        {"+get ~a*", GET, "get abc", AUTH_KEY_READ, false, AUTH_ALLOWED, 0},
        {"+get ~a*", GET, "get b", AUTH_KEY_READ, false, AUTH_DENIED_KEY, 1},
        {"+get ~a*", SET, "set abc 1", AUTH_KEY_WRITE, false, AUTH_DENIED_COMMAND, 0},
        {"+@all %R~a", GET, "get a", AUTH_KEY_READ, false, AUTH_ALLOWED, 0},
        {"+@all %R~a", SET, "set a 1", AUTH_KEY_WRITE, false, AUTH_DENIED_KEY, 1},
        {"+@all %R~a %W~a", SET, "set a 1", 3, false, AUTH_ALLOWED, 0},
        {"+@all %R~* %W~a", SET, "set a 1", 3, false, AUTH_DENIED_KEY, 1},
        {"+@all", GET, "get a", AUTH_KEY_READ, false, AUTH_DENIED_KEY, 1},
        {"+@all &x*", SUBSCRIBE, "subscribe xy", 0, true, AUTH_ALLOWED, 0},
        {"+@all &x*", SUBSCRIBE, "subscribe y", 0, true, AUTH_DENIED_CHANNEL, 1},
        {"+@all -@read", GET, "get a", AUTH_KEY_READ, false, AUTH_DENIED_COMMAND, 0},
        {"+config", CONFIG_GET, "config get", 0, false, AUTH_ALLOWED, 0},
        {"+config -config|set", CONFIG_SET, "config set", 0, false, AUTH_DENIED_COMMAND, 0},
        {"+config|get", CONFIG_GET, "config get", 0, false, AUTH_ALLOWED, 0},
        {"+config|get", CONFIG, "config", 0, false, AUTH_DENIED_COMMAND, 0},
        {"+select|0", SELECT, "select 0", 0, false, AUTH_ALLOWED, 0},
        {"+select|0", SELECT, "select 1", 0, false, AUTH_DENIED_COMMAND, 0},
        {"+select|0 -select", SELECT, "select 0", 0, false, AUTH_DENIED_COMMAND, 0},
        {"", PING_ALWAYS, "auth x", 0, false, AUTH_ALLOWED, 0},
        {"+get ~a (+get ~b)", GET, "get b", AUTH_KEY_READ, false, AUTH_ALLOWED, 0},
        {"+get ~a (+set ~b)", GET, "get b", AUTH_KEY_READ, false, AUTH_DENIED_KEY, 1},
        {"+get ~a (+set ~b)", SET, "set a 1", AUTH_KEY_WRITE, false, AUTH_DENIED_KEY, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err = {0};
        enum brine_status status;
        struct bytes words[WORDS_MAX];
        size_t position, count = split(rows[i].words, words);
        struct auth_user *user = make_user(rows[i].rules, &err, &status);
        struct auth_question question = {.row = rows[i].row, .args = words, .args_count = count};
        struct auth_range range = {.first = 1, .last = 1, .step = 1, .access = rows[i].access};
        question.keys[0] = question.channels[0] = range;
        question.keys_count = rows[i].access > 0;
        question.channels_count = rows[i].is_channel;
        cr_assert(status == BRINE_OK, "%s", err.text);
        cr_expect(auth_user_check(user, &question, &position) == rows[i].verdict, "%s: %s",
                  rows[i].rules, rows[i].words);
        if (rows[i].verdict != AUTH_ALLOWED)
            cr_expect(position == rows[i].position, "%s: %s: %zu", rows[i].rules, rows[i].words,
                      position);
        auth_user_unref(user);
    }
}

Test(rules, a_pattern_to_listen_by_must_be_allowed_word_for_word) {
    struct brine_error err = {0};
    enum brine_status status;
    struct auth_user *user = make_user("&a* &b", &err, &status);
    cr_expect(auth_user_may_listen(user, BYTES("a*"), true));
    cr_expect(!auth_user_may_listen(user, BYTES("ab*"), true));
    cr_expect(auth_user_may_listen(user, BYTES("ab"), false));
    cr_expect(!auth_user_may_listen(user, BYTES("c"), false));
    auth_user_unref(user);
}

Test(rules, passwords_open_only_users_that_are_on) {
    static const struct {
        const char *rules, *password;
        bool accepted;
    } rows[] = {
        {"on >secret", "secret", true},
        {"on >secret", "secre", false},
        {"on >secret", "secrets", false},
        {"on >secret", "SECRET", false},
        {"on >secret", "", false},
        {"off >secret", "secret", false},
        {"on", "", false},
        {"on nopass", "anything", true},
        {"off nopass", "x", false},
        {"on >a >b", "b", true},
        {"on >a >b <b", "b", false},
        {"on nopass >a", "b", false},
        {"on >a resetpass", "a", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_error err = {0};
        enum brine_status status;
        struct auth_user *user = make_user(rows[i].rules, &err, &status);
        cr_expect(auth_user_accepts(user, bytes_of_cstr(rows[i].password)) == rows[i].accepted,
                  "%s with '%s'", rows[i].rules, rows[i].password);
        auth_user_unref(user);
    }
    cr_expect(!auth_user_accepts(NULL, BYTES("x")));
}

/* ---- all users --------------------------------------------------------------------------------
 */

static struct bytes one(const char *text) {
    return bytes_of_cstr(text);
}

Test(users, a_change_makes_the_old_state_stale_and_a_deletion_ends_it) {
    struct auth auth;
    struct brine_error err;
    cr_assert(auth_init(&auth, mem_system(), &vocabulary) == BRINE_OK);
    cr_expect(auth_is_open(&auth));
    struct bytes on[] = {one("on"), one(">p"), one("+get"), one("~a")}, all = one("allcommands");
    cr_expect(auth_set_user(&auth, one("u"), on, ARRAY_LEN(on), &err) == BRINE_OK);
    struct auth_user *user = auth_login(&auth, one("u"), one("p"));
    cr_assert(user);
    cr_expect(auth_user_fate(user) == AUTH_BOUND);
    cr_expect(auth_set_user(&auth, one("u"), &all, 1, &err) == BRINE_OK);
    cr_expect(auth_user_fate(user) == AUTH_STALE);
    struct auth_user *newer = auth_renew(&auth, user);
    cr_assert(newer && newer != user && newer->id == user->id);
    cr_expect(auth_delete_user(&auth, one("u")) && !auth_delete_user(&auth, one("u")));
    cr_expect(auth_user_fate(newer) == AUTH_GONE);
    cr_expect(auth_set_user(&auth, one("u"), on, ARRAY_LEN(on), &err) == BRINE_OK);
    cr_expect(auth_renew(&auth, newer) == NULL, "a name that comes again is another user");
    auth_user_unref(user);
    auth_user_unref(newer);
    auth_deinit(&auth);
}

Test(users, a_wrong_rule_changes_nothing) {
    struct auth auth;
    struct brine_error err;
    cr_assert(auth_init(&auth, mem_system(), &vocabulary) == BRINE_OK);
    struct bytes rules[] = {one("off"), one("nonsense")};
    struct auth_user *before = auth_find(&auth, one("default"));
    cr_expect(auth_set_user(&auth, one("default"), rules, 2, &err) == BRINE_INVALID);
    cr_expect(auth_set_user(&auth, one("new"), rules, 2, &err) == BRINE_INVALID);
    cr_expect(auth_user_fate(before) == AUTH_FREE && auth_is_open(&auth));
    cr_expect(auth_find(&auth, one("new")) == NULL);
    auth_user_unref(before);
    auth_deinit(&auth);
}

Test(users, a_password_closes_the_server_and_an_empty_one_opens_it) {
    struct auth auth;
    cr_assert(auth_init(&auth, mem_system(), &vocabulary) == BRINE_OK);
    cr_expect(auth_set_password(&auth, one("pw")) == BRINE_OK && !auth_is_open(&auth));
    cr_expect(auth_login(&auth, one("default"), one("no")) == NULL);
    struct auth_user *user = auth_login(&auth, one("default"), one("pw"));
    cr_expect(user != NULL);
    auth_user_unref(user);
    cr_expect(auth_set_password(&auth, one("")) == BRINE_OK && auth_is_open(&auth));
    auth_deinit(&auth);
}

struct shown {
    size_t count;
    uint64_t newest_times;
};

static void begin_shown(void *context, size_t count) {
    *(struct shown *)context = (struct shown){.count = count};
}

static void show(void *context, const struct auth_denial *denial) {
    struct shown *shown = context;
    if (shown->newest_times == 0) shown->newest_times = denial->count;
}

Test(users, denials_of_a_minute_are_counted_together_and_the_oldest_give_way) {
    struct auth auth;
    struct shown shown;
    cr_assert(auth_init(&auth, mem_system(), &vocabulary) == BRINE_OK);
    struct auth_denial denial = {
        .object = one("get"), .user_name = one("u"), .client = one("id=1"), .at_ms = 1000};
    for (int i = 0; i < 3; i++) auth_note_denial(&auth, &denial, 2);
    auth_show_denials(&auth, 10, begin_shown, show, &shown);
    cr_expect(shown.count == 1 && shown.newest_times == 3);
    denial.at_ms += AUTH_DENIAL_GROUPED_MS + 1;
    auth_note_denial(&auth, &denial, 2);
    denial.object = one("set");
    auth_note_denial(&auth, &denial, 2);
    auth_show_denials(&auth, 10, begin_shown, show, &shown);
    cr_expect(shown.count == 2 && shown.newest_times == 1);
    auth_show_denials(&auth, 1, begin_shown, show, &shown);
    cr_expect(shown.count == 1);
    auth_note_denial(&auth, &denial, 0);
    auth_show_denials(&auth, 10, begin_shown, show, &shown);
    cr_expect(shown.count == 0, "acllog-max-len 0 keeps none");
    auth_deinit(&auth);
}

Test(users, memory_that_is_refused_leaves_users_as_they_were) {
    static const char *const words[] = {"on", ">p", "~a", "&c", "+get", "+select|0", "(+set ~b)"};
    struct bytes rules[ARRAY_LEN(words)];
    for (size_t i = 0; i < ARRAY_LEN(words); i++) rules[i] = one(words[i]);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct auth auth;
        struct brine_error err;
        failing_init(&mem, n);
        if (auth_init(&auth, &mem.allocator, &vocabulary) != BRINE_OK) {
            cr_expect(mem.taken_bytes == 0, "%zu", n);
            continue;
        }
        enum brine_status status = auth_set_user(&auth, one("u"), rules, ARRAY_LEN(rules), &err);
        cr_expect((status == BRINE_NO_MEMORY) == mem.refused, "%zu: %d", n, (int)status);
        struct auth_user *user = auth_find(&auth, one("u"));
        cr_expect((user != NULL) == (status == BRINE_OK), "%zu", n);
        auth_user_unref(user);
        auth_deinit(&auth);
        cr_expect(mem.taken_bytes == 0, "%zu", n);
        if (!mem.refused) break;
    }
}
