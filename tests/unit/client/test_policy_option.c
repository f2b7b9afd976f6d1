/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/policy_option.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <unistd.h>

#define ONE "[policy.one]\nallow = [\"shop.Cart\"]\n"
#define TWO ONE "[policy.two]\nextends = [\"one\", \"stdlib\"]\nallow = []\n[server]\nport = 1\n"

static void go_to_folder_with(const char *const files[][2], size_t count) {
    char folder[] = "/tmp/brine_test_policy_XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    for (size_t i = 0; i < count; i++) {
        FILE *file = fopen(files[i][0], "wb");
        cr_assert_not_null(file);
        fputs(files[i][1], file);
        cr_assert_eq(fclose(file), 0);
    }
}

static void leave_folder(const char *const files[][2], size_t count) {
    char folder[512];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    for (size_t i = 0; i < count; i++) unlink(files[i][0]);
    cr_expect_eq(rmdir(folder), 0);
}

static bool admits(const struct policy_compiled *compiled, const char *module, const char *name) {
    return policy_match(&compiled->policy, bytes_of_cstr(module), bytes_of_cstr(name)) != NULL;
}

static const char *const files[][2] = {
    {"one.toml", ONE},
    {"two.toml", TWO},
    {"none.toml", "[server]\nport = 1\n"},
    {"bad.toml", "[policy.x\n"},
    {"stdlib", "[policy.mine]\nallow = [\"shop.Own\"]\n"},
    {"with:colon.toml", ONE},
    {"word", ONE},
};

Test(policy_option, a_word_is_presets_or_a_file_or_a_file_and_names) {
    static const struct {
        const char *word;
        bool admits_cart, admits_datetime, admits_ndarray;
    } rows[] = {
        {"data", false, false, false},
        {"stdlib", false, true, false}, /* a preset, though a file has that name */
        {"stdlib,numpy", false, true, true},
        {"one.toml", true, false, false},
        {"./one.toml", true, false, false},
        {"two.toml:one", true, false, false},
        {"two.toml:two", true, true, false},
        {"two.toml:one,numpy", true, true, true}, /* numpy extends stdlib */
        {"with:colon.toml", true, false, false},
        {"with:colon.toml:one", true, false, false},
        {"word", true, false, false},
    };
    go_to_folder_with(files, ARRAY_LEN(files));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy_compiled compiled;
        struct brine_error err = {0};
        bool loaded = policy_option_load(rows[i].word, &compiled, &err) == BRINE_OK;
        cr_expect(loaded, "%s: %s", rows[i].word, err.text);
        if (!loaded) continue;
        cr_expect_eq(admits(&compiled, "shop", "Cart"), rows[i].admits_cart, "%s", rows[i].word);
        cr_expect_eq(admits(&compiled, "datetime", "datetime"), rows[i].admits_datetime, "%s",
                     rows[i].word);
        cr_expect_eq(admits(&compiled, "numpy", "ndarray"), rows[i].admits_ndarray, "%s",
                     rows[i].word);
        policy_compiled_deinit(&compiled);
    }
    leave_folder(files, ARRAY_LEN(files));
}

Test(policy_option, what_is_wrong_is_said_with_what_to_do) {
    static const struct {
        const char *word;
        enum brine_status status;
        const char *text; /* how the message begins */
    } rows[] = {
        {"nosuch", BRINE_NOT_FOUND, "there is no policy 'nosuch'; presets are data, stdlib, "},
        {"stdlib,nosuch", BRINE_NOT_FOUND, "there is no policy 'nosuch'; presets are "},
        {"", BRINE_NOT_FOUND, "there is no policy ''; presets are "},
        {"nosuch.toml", BRINE_IO, "nosuch.toml: No such file or directory"},
        {"two.toml:three", BRINE_NOT_FOUND, "there is no policy 'three'"},
        {"two.toml", BRINE_INVALID,
         "two.toml: holds 2 policies; say which: --policy two.toml:NAME"},
        {"none.toml", BRINE_INVALID, "none.toml: holds no [policy.NAME] table"},
        {"bad.toml", BRINE_MALFORMED, "bad.toml:1:"},
    };
    go_to_folder_with(files, ARRAY_LEN(files));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy_compiled compiled;
        struct brine_error err = {0};
        cr_expect_eq(policy_option_load(rows[i].word, &compiled, &err), rows[i].status, "%s: %s",
                     rows[i].word, err.text);
        cr_expect_eq(strncmp(err.text, rows[i].text, strlen(rows[i].text)), 0, "%s: %s",
                     rows[i].word, err.text);
    }
    leave_folder(files, ARRAY_LEN(files));
}

Test(policy_option, more_names_than_there_is_room_for_are_refused) {
    static const char name[] = "data,";
    enum { NAME_BYTES = sizeof name - 1 };
    char word[NAME_BYTES * (POLICY_OPTION_NAMES_MAX + 1)] = "";
    for (size_t names = POLICY_OPTION_NAMES_MAX; names <= POLICY_OPTION_NAMES_MAX + 1; names++) {
        struct policy_compiled compiled;
        struct brine_error err = {0};
        for (size_t i = 0; i < NAME_BYTES * names - 1; i++) word[i] = name[i % NAME_BYTES];
        enum brine_status status = policy_option_load(word, &compiled, &err);
        bool fits = names <= POLICY_OPTION_NAMES_MAX;
        cr_expect_eq(status, fits ? BRINE_OK : BRINE_TOO_BIG, "%zu names: %s", names, err.text);
        if (status == BRINE_OK) policy_compiled_deinit(&compiled);
    }
}

Test(policy_option, a_wildcard_is_warned_about, .init = cr_redirect_stderr) {
    static const char *const wild[][2] = {
        {"wild.toml", "[policy.w]\nallow = [\"shop.models.*\"]\n"}};
    struct policy_compiled compiled;
    struct brine_error err = {0};
    go_to_folder_with(wild, 1);
    cr_assert_eq(policy_option_load("wild.toml", &compiled, &err), BRINE_OK, "%s", err.text);
    policy_compiled_deinit(&compiled);
    leave_folder(wild, 1);
    fflush(stderr);
    char text[512] = "";
    FILE *shown = cr_get_redirected_stderr();
    cr_assert_not_null(fgets(text, sizeof text, shown));
    cr_expect_eq(strncmp(text, "brine-cli: warning: wild.toml:2:", 32), 0, "%s", text);
}
