/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "script/cache.h"
#include "script/normal.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct script_normal normalise(const char *text) {
    struct script_normal normal;
    struct brine_error err = {0};
    enum brine_status status = script_normalise(bytes_of_cstr(text), &normal, &err);
    cr_assert(status == BRINE_OK, "%s: %s", text, err.text);
    return normal;
}

static bool same(const char *a, const char *b) {
    struct script_normal one = normalise(a), other = normalise(b);
    return script_digest_equal(&one.digest, &other.digest);
}

static const char program[] = "if redis.call('get',KEYS[1]) == ARGV[1] then\n"
                              "    return redis.call('del',KEYS[1])\nelse\n    return 0\nend";

Test(normal, what_changes_no_program_changes_no_digest) {
    static const struct {
        const char *what, *text;
    } rows[] = {
        {"one line", "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) "
                     "else return 0 end"},
        {"quotes, case and blanks",
         "if redis . call ( \"GET\" , KEYS [ 1 ] ) == ARGV[1] then\r\n\treturn "
         "redis.call(\"Del\",KEYS[1])\v\felse return 0 end\n\n"},
        {"escapes", "if redis.call('\\103et',KEYS[1]) == ARGV[1] then return "
                    "redis.call('d\\101l',KEYS[1]) else return 0 end"},
        {"comments", "-- unlock\nif --[[ is it\nmine? ]] redis.call('get',KEYS[1]) == ARGV[1] then "
                     "--[==[ ]] ]==] return redis.call('del',KEYS[1]) else return 0 end -- done"},
        {"semicolons", "if redis.call('get',KEYS[1]) == ARGV[1] then return "
                       "redis.call('del',KEYS[1]); else return 0; end;"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(same(program, rows[i].text), "%s", rows[i].what);
}

Test(normal, another_program_has_another_digest) {
    static const struct {
        const char *what, *one, *other;
    } rows[] = {
        {"another name", "return KEYS[1]", "return ARGV[1]"},
        {"another number", "return 1", "return 10"},
        {"a number as another is written", "return 1", "return 1.0"},
        {"names in another case", "return KEYS[1]", "return keys[1]"},
        {"a string in another case", "return 'ok'", "return 'OK'"},
        {"a string for a name", "return x", "return 'x'"},
        {"a command elsewhere", "return redis.call('get', 'a')", "return redis.call('get', 'A')"},
        {"a call of something else", "return mine.call('get')", "return mine.call('GET')"},
        {"a call by another name", "return redis.call2('get')", "return redis.call2('GET')"},
        {"names that run together", "return ab", "return a b"},
        {"names that are cut elsewhere", "return ab c", "return a bc"},
        {"a string cut in two", "return 'a' 'b'", "return 'ab'"},
        {"a string that looks like tokens", "return 'a','b'", "return 'a\\',\\'b'"},
        {"a string with a length in it", "return 'a\\1\\0\\0\\0\\3'", "return 'a'"},
        {"a minus and a comment", "return 1 - -1", "return 1"},
        {"a call and a statement", "local f = a; (b)(1)", "local f = a (b)(1)"},
        {"return that ends", "return; f()", "return f()"},
        {"two semicolons", "a = 1;; b = 2", "a = 1; b = 2"},
        {"a dot and two", "return a.b", "return a..b"},
        {"less and equal apart", "return a <= b", "return a < = b"},
        {"the text behind a comment", "return 1 -- \n+ 1", "return 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(!same(rows[i].one, rows[i].other), "%s", rows[i].what);
}

Test(normal, the_pattern_of_keys_is_a_hole) {
    const char *users =
        "for i, name in ipairs(redis.call('KEYS', 'users:*')) do redis.call('DEL', name) end";
    const char *pages = "for i, name in ipairs(redis.call('keys', \"pa\\103es:*\")) do "
                        "redis.call('DEL', name); end";
    cr_expect(same(users, pages));
    struct script_normal normal = normalise(pages);
    cr_expect(normal.has_hole);
    cr_expect(bytes_equal(bytes_view(normal.hole, normal.hole_len), BYTES("pages:*")));
    cr_expect(!normalise("return redis.call('keys', KEYS[1])").has_hole);
    cr_expect(!same("return redis.call('keys', 'a')", "return redis.call('keys', KEYS[1])"));
    cr_expect(!same("return redis.call('keys', 'a')", "return redis.call('keys')"));
    struct script_normal two;
    cr_expect(script_normalise(BYTES("return redis.call('keys', 'a'), redis.call('keys', 'b')"),
                               &two, NULL) == BRINE_MALFORMED);
}

Test(normal, a_hole_is_bounded) {
    char text[400];
    struct script_normal normal;
    for (int len = SCRIPT_HOLE_BYTES_MAX; len <= SCRIPT_HOLE_BYTES_MAX + 1; len++) {
        snprintf(text, sizeof text, "return redis.call('keys', '%0*d')", len, 0);
        enum brine_status status = script_normalise(bytes_of_cstr(text), &normal, NULL);
        cr_expect(status == (len > SCRIPT_HOLE_BYTES_MAX ? BRINE_TOO_BIG : BRINE_OK), "%d", len);
    }
}

Test(normal, what_lua_would_not_read_has_no_normal_form) {
    static const struct {
        const char *what;
        struct bytes text;
    } rows[] = {
        {"an open string", BYTES("return 'a")},
        {"a string over a line's end", BYTES("return 'a\nb'")},
        {"an escaped line's end", BYTES("return 'a\\\nb'")},
        {"an escape that is too large", BYTES("return '\\256'")},
        {"an open comment", BYTES("--[[ return 1")},
        {"a comment in a comment", BYTES("--[[ [[ ]] ]] return 1")},
        {"a long string", BYTES("return [[a]]")},
        {"a byte that is no sign", BYTES("return 1 ? 2")},
        {"a byte that is not ASCII", BYTES("return \xc3\xa4")},
        {"a zero byte", BYTES("return 1 \0 2")},
        {"a first line of its own", BYTES("#!lua\nreturn 1")},
        {"compiled code", BYTES("\x1bLua")},
        {"a backslash at the end", BYTES("return '\\")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script_normal normal;
        cr_expect(script_normalise(rows[i].text, &normal, NULL) == BRINE_MALFORMED, "%s",
                  rows[i].what);
    }
    static uint8_t long_text[SCRIPT_TEXT_BYTES_MAX + 1];
    memset(long_text, ' ', sizeof long_text);
    struct script_normal normal;
    cr_expect(script_normalise(bytes_view(long_text, sizeof long_text), &normal, NULL) ==
              BRINE_TOO_BIG);
    cr_expect(script_normalise(bytes_view(long_text, sizeof long_text - 1), &normal, NULL) ==
              BRINE_OK);
}

Test(normal, sites_have_the_lines_that_lua_names) {
    struct script_normal normal =
        normalise("local a = redis.call('get', KEYS[1])\r\n\n--[[\n]] if a + 1 >\n 2 then\n"
                  "redis.pcall\n(\n'set') end");
    cr_expect_eq(normal.call_lines[0], 1);
    cr_expect_eq(normal.call_lines[1], 7);
    cr_expect_eq(normal.call_lines[2], 0);
    cr_expect_eq(normal.operator_lines[0], 4);
    cr_expect_eq(normal.operator_lines[1], 4);
    cr_expect_eq(normal.operator_lines[2], 0);
}

Test(normal, a_digest_is_read_in_any_case_and_nothing_else_is) {
    struct script_digest digest, again;
    char text[SCRIPT_DIGEST_TEXT_BYTES];
    digest = script_digest_of(BYTES("return 1"));
    cr_expect_str_eq(script_digest_text(&digest, text), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    cr_expect(script_digest_parse(BYTES("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), &again));
    cr_expect(script_digest_equal(&digest, &again));
    cr_expect(!script_digest_parse(BYTES("e0e1f9fabfc9d4800c877a703b823ac0578ff8d"), &again));
    cr_expect(!script_digest_parse(BYTES("e0e1f9fabfc9d4800c877a703b823ac0578ff8dg"), &again));
    cr_expect(!script_digest_parse(BYTES(""), &again));
}

Test(cache, a_script_is_found_until_it_is_flushed_or_many_others_came) {
    static struct script_cache cache;
    struct script_entry found, entry = {.program = 7};
    script_cache_init(&cache);
    entry.digest = script_digest_of(BYTES("first"));
    cr_expect(!script_cache_find(&cache, &entry.digest, &found));
    script_cache_put(&cache, &entry);
    script_cache_put(&cache, &entry);
    cr_expect_eq(script_cache_count(&cache), 1);
    cr_expect(script_cache_find(&cache, &entry.digest, &found) && found.program == 7);
    struct script_digest first = entry.digest;
    for (int i = 1; i < SCRIPTS_LOADED_MAX; i++) {
        entry.digest = script_digest_of(bytes_view(&i, sizeof i));
        script_cache_put(&cache, &entry);
    }
    cr_expect(script_cache_find(&cache, &first, NULL));
    cr_expect_eq(script_cache_count(&cache), SCRIPTS_LOADED_MAX);
    entry.digest = script_digest_of(BYTES("last"));
    script_cache_put(&cache, &entry);
    cr_expect(!script_cache_find(&cache, &first, NULL));
    cr_expect(script_cache_find(&cache, &entry.digest, NULL));
    cr_expect_eq(script_cache_count(&cache), SCRIPTS_LOADED_MAX);
    script_cache_flush(&cache);
    cr_expect(!script_cache_find(&cache, &entry.digest, NULL));
    script_cache_deinit(&cache);
}
