/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/bytes.h"
#include "client/secret.h"

#include <criterion/criterion.h>

enum { WORDS_MAX = 8 };

Test(secret, words_that_hold_a_password_are_known_whatever_their_place) {
    static const struct {
        const char *words[WORDS_MAX];
        bool secret;
    } rows[] = {
        {{"auth", "pw"}, true},
        {{"AUTH", "default", "pw"}, true},
        {{"auth"}, true},
        {{"authx", "pw"}, false},
        {{"hello", "3"}, false},
        {{"hello", "3", "setname", "a", "AUTH", "u", "pw"}, true},
        {{"config", "set", "requirepass", "pw"}, true},
        {{"config", "set", "maxmemory", "1gb", "auth.password", "pw"}, true},
        {{"CONFIG", "SET", "save", "", "tls.key_file_pass", "pw"}, true},
        {{"config", "set", "Tls-Client-Key-File-Pass", "pw"}, true},
        {{"config", "set", "masterauth", "pw"}, true},
        {{"config", "set", "maxmemory", "1gb"}, false},
        {{"acl", "setuser", "ada", ">pw"}, true},
        {{"acl", "list"}, false},
        {{"migrate", "h", "1", "k", "0", "9", "AUTH2", "u"}, true},
        {{"migrate", "h", "1", "k", "0", "9"}, false},
        {{"sentinel", "set", "m", "auth-pass", "pw"}, true},
        {{"get", "password"}, false},
        {{NULL}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct brine_text words[WORDS_MAX];
        size_t count = 0;
        for (; count < WORDS_MAX && rows[i].words[count]; count++)
            words[count] = brine_text_of(rows[i].words[count]);
        cr_expect_eq(secret_words(words, count), rows[i].secret, "row %zu", i);
    }
}

Test(secret, an_empty_word_is_looked_at_like_any_other) {
    struct brine_text words[] = {{"config", 6}, {"", 0}, {"requirepass", 11}};
    cr_expect(secret_words(words, ARRAY_LEN(words)));
    words[0].len = 0;
    cr_expect_not(secret_words(words, ARRAY_LEN(words)));
}
