/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "policy/dangerous.h"
#include "policy/dangerous.def"
#include "policy/policy.h"
#include "policy/presets.h"

#include <criterion/criterion.h>

#include <stdio.h>

static bool dangerous(const char *module, const char *name) {
    return policy_is_dangerous(bytes_of_cstr(module), bytes_of_cstr(name));
}

Test(dangerous, a_row_stands_for_its_path_and_all_below_wherever_it_is_cut) {
    static const struct {
        const char *module, *name;
        bool dangerous;
    } rows[] = {
        {"os", "system", true},
        {"os", "path.join", true},
        {"os.path", "join", true},
        {"osprey", "system", false},
        {"shop.os_tools", "run", false},
        {"torch.storage", "_load_from_bytes", true},
        {"torch", "storage._load_from_bytes", true},
        {"torch.storage", "FloatStorage", false},
        {"builtins", "eval", true},
        {"builtins", "evaluate", false},
        {"builtins", "eval.anything", true},
        {"builtins", "ValueError", false},
        {"__builtin__", "eval", true},
        {"__builtin__", "anything", true},
        {"__builtin__", "set", false}, /* as protocols below 3 name it */
        {"__builtin__", "set.pop", false},
        {"__builtin__", "str.format", true},
        {"subprocess", "Popen", true},
        {"subprocess", "CalledProcessError", false},
        {"subprocess", "CalledProcessErrors", true},
        {"asyncio.exceptions", "CancelledError", false},
        {"asyncio", "exceptions.CancelledError", false},
        {"asyncio.unix_events", "x", true},
        /* modules reached as attributes */
        {"collections", "_sys", true},
        {"pathlib", "os.system", true},
        {"shop.models", "__builtins__", true},
        {"shop.models", "Cart.__init__.__globals__", true},
        {"shop.models", "Cart.__init", false},
        {"shop.models", "____", false},
        {"shop.models", "_cart", false},
        {"shop.models", "Cart", false},
        {"profile.models", "Profile", false},
        /* the machine fixes their arguments */
        {"builtins", "getattr", false},
        {"copyreg", "__newobj__", false},
        {"functools", "partial", false},
        {"", "", false},
        {"", "os", true},
        {"os", "", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(dangerous(rows[i].module, rows[i].name), rows[i].dangerous, "%s %s",
                     rows[i].module, rows[i].name);
    cr_expect_str_eq(policy_danger(BYTES("builtins"), BYTES("exec")), "runs code");
}

Test(dangerous, a_long_path_is_judged_by_its_beginning) {
    char name[4096];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    cr_expect(dangerous("os", name));
    cr_expect_not(dangerous("shop", name));
    cr_expect(dangerous("subprocess", name));
    cr_expect_not(dangerous(name, "x"));
}

Test(dangerous, every_row_answers_for_itself_and_no_row_is_a_modelled_global) {
    static const struct {
        const char *path, *danger;
    } rows[] = {
#define D(danger, path) {path, #danger},
        POLICY_DANGEROUS(D)
#undef D
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *dot = strrchr(rows[i].path, '.');
        struct bytes module = bytes_of_cstr(rows[i].path), name = BYTES("anything");
        if (dot) {
            name = bytes_of_cstr(dot + 1);
            module.len = (size_t)(dot - rows[i].path);
        }
        bool harmless = strcmp(rows[i].danger, "HARMLESS") == 0;
        cr_expect_eq(policy_is_dangerous(module, name), !harmless, "%s", rows[i].path);
    }
}

Test(dangerous, no_preset_has_an_entry_that_is_dangerous) {
    struct policy_book *book;
    struct brine_error err;
    cr_assert_eq(policy_book_create(mem_system(), true, &book, &err), BRINE_OK, "%s", err.text);
    size_t seen = 0;
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct bytes name = policy_book_at(book, i).name;
        struct policy_compiled compiled;
        cr_assert_eq(policy_compile(book, &name, 1, &compiled, &err), BRINE_OK, "%s", err.text);
        for (size_t k = 0; k < compiled.policy.entries_count; k++) {
            const struct policy_entry *entry = &compiled.policy.entries[k];
            const char *words = policy_danger(entry->module, entry->name);
            cr_expect_null(words, "preset %.*s: %.*s.%.*s %s", (int)name.len, name.data,
                           (int)entry->module.len, entry->module.data, (int)entry->name.len,
                           entry->name.data, words);
            seen++;
        }
        policy_compiled_deinit(&compiled);
    }
    cr_expect_gt(seen, 500);
    policy_book_destroy(book);
}

/* What the corpus refuses because its name is not listed is hostile by that name, but for these:
 * names of the corpus's own application, and look-alikes that no module has. */
static bool is_unknown_only(const char *path) {
    static const char *const prefixes[] = {
        "app.",
        "app\\.", /* a line that ends in a backslash */
        "ap.",
        "wild.",
        "collections.evil",
        "collections_evil.",
        "unheard.",
        "zzz.",
        "Tix.",
        "Datetime.",
        "__builtin__.set",
        "'",
        "re._compile",
        "numpy.core.records.record",
        "datetime.datetime.",
        "date\\x74ime.",
        "regex.compile",
    };
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
            return strcmp(path, "app.os") != 0;
    return false;
}

Test(dangerous, what_the_corpus_refuses_by_name_is_dangerous) {
    static const char *const tables[] = {"tests/corpus/pickle/EXPECTED",
                                         "tests/corpus/pickle/FOUND"};
    size_t seen = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        FILE *table = fopen(tables[i], "r");
        char line[1200], rule[256], path[256];
        cr_assert_not_null(table, "%s", tables[i]);
        while (fgets(line, sizeof line, table)) {
            if (line[0] == '#' || sscanf(line, "%*s %*s %255s %255s", rule, path) != 2) continue;
            if (strcmp(rule, "global") != 0 || is_unknown_only(path)) continue;
            bool known = false;
            for (char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.'))
                known |= policy_is_dangerous(bytes_view(path, (size_t)(dot - path)),
                                             bytes_of_cstr(dot + 1));
            cr_expect(known, "%s", path);
            seen++;
        }
        fclose(table);
    }
    cr_expect_gt(seen, 60);
}
