/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "policy/policy.h"
#include "policy/print.h"
#include "policy/presets.h"

#include "support/failing.h"

#include <criterion/criterion.h>

static struct policy_book *book_of(const char *text) {
    struct policy_book *book;
    struct brine_error err;
    cr_assert_eq(policy_book_create(mem_system(), true, &book, &err), BRINE_OK, "%s", err.text);
    struct policy_text file = {.file = "t.toml", .text = bytes_of_cstr(text)};
    cr_assert_eq(policy_book_add(book, &file, &err), BRINE_OK, "%s", err.text);
    return book;
}

static uint32_t rights_of(const struct policy_compiled *compiled, const char *module,
                          const char *name) {
    const struct policy_entry *entry =
        policy_match(&compiled->policy, bytes_of_cstr(module), bytes_of_cstr(name));
    return entry ? entry->rights : 0;
}

static void compile(const struct policy_book *book, const char *name,
                    struct policy_compiled *compiled) {
    struct brine_error err;
    struct bytes names[] = {bytes_of_cstr(name)};
    cr_assert_eq(policy_compile(book, names, 1, compiled, &err), BRINE_OK, "%s", err.text);
}

Test(policy, an_entry_is_the_pair_of_whole_strings_and_nothing_near_it) {
    struct policy_book *book = book_of("[policy.p]\nallow = ['shop.models.Cart', 'app:Outer.Inner',"
                                       "{name = 'm.f', may = ['call'], args = 'si?'}]");
    struct policy_compiled compiled;
    compile(book, "p", &compiled);
    cr_expect_eq(rights_of(&compiled, "shop.models", "Cart"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "app", "Outer.Inner"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "m", "f"), POLICY_CALL);
    static const char *const others[][2] = {
        {"shop", "models.Cart"}, {"shop.models", "Carts"}, {"shop.models", "Car"},
        {"shop.models", ""},     {"app.Outer", "Inner"},   {"m.f", ""},
        {"os", "system"},        {"shop.models", "*"},     {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        cr_expect_eq(rights_of(&compiled, others[i][0], others[i][1]), 0, "%s %s", others[i][0],
                     others[i][1]);
    const struct policy_entry *f = policy_match(&compiled.policy, BYTES("m"), BYTES("f"));
    cr_expect(bytes_equal(f->shape, BYTES("si?")));
    cr_expect_str_eq(f->origin, "t.toml:2");
    policy_book_destroy(book);
    cr_expect_eq(rights_of(&compiled, "m", "f"), POLICY_CALL,
                 "a compiled policy outlives its book");
    policy_compiled_deinit(&compiled);
}

Test(policy, what_is_extended_adds_up_also_in_circles) {
    struct policy_book *book =
        book_of("[policy.a]\nextends = ['b']\nallow = ['m.A', {name='m.X', may=['new'], args='i'}, "
                "{name='m.Y', may=['ref']}, {name='m.Z', may=['call'], only=['m.A']}]\n"
                "[policy.b]\nextends = ['a', 'stdlib']\nallow = ['m.B', {name='m.X', may=['call'], "
                "args='s'}, {name='m.Y', may=['call'], args='s', only=['m.A', 'm:B.C']}, "
                "{name='m.Z', may=['call'], only=['m.B']}]");
    struct policy_compiled compiled;
    compile(book, "a", &compiled);
    cr_expect_eq(rights_of(&compiled, "m", "A"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "m", "B"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "m", "X"), POLICY_NEW | POLICY_CALL);
    cr_expect_null(policy_match(&compiled.policy, BYTES("m"), BYTES("X"))->shape.data);
    const struct policy_entry *y = policy_match(&compiled.policy, BYTES("m"), BYTES("Y"));
    cr_expect_eq(y->rights, POLICY_REF | POLICY_CALL);
    cr_expect(bytes_equal(y->shape, BYTES("s")), "a row without call says nothing of arguments");
    cr_expect(policy_takes_global(y, BYTES("m"), BYTES("A")));
    cr_expect(policy_takes_global(y, BYTES("m"), BYTES("B.C")));
    cr_expect_not(policy_takes_global(y, BYTES("m"), BYTES("B")));
    const struct policy_entry *z = policy_match(&compiled.policy, BYTES("m"), BYTES("Z"));
    cr_expect(policy_takes_global(z, BYTES("x"), BYTES("Y")), "two lists: any");
    cr_expect_neq(rights_of(&compiled, "datetime", "datetime"), 0);
    policy_compiled_deinit(&compiled);
    policy_book_destroy(book);
}

Test(policy, a_wildcard_stands_for_nothing_that_is_known_to_be_dangerous) {
    struct policy_book *book =
        book_of("[policy.p]\nallow = ['pandas.*', 'os.*', 'shop.*', 'os.getpid']");
    struct policy_compiled compiled;
    compile(book, "p", &compiled);
    cr_expect_eq(rights_of(&compiled, "pandas", "Anything"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "pandas", "eval"), 0);
    cr_expect_eq(rights_of(&compiled, "os", "system"), 0);
    cr_expect_eq(rights_of(&compiled, "shop", "_sys"), 0);
    cr_expect_eq(rights_of(&compiled, "os", "getpid"), POLICY_CLASS, "its exact name does");
    policy_compiled_deinit(&compiled);
    policy_book_destroy(book);
}

Test(policy, a_wildcard_admits_one_component_and_is_warned_about) {
    struct policy_book *book = book_of("[policy.p]\nallow = ['shop.models.*']");
    cr_expect_not_null(strstr(policy_book_warning(book, 0), "t.toml:2:10: 'shop.models.*' admits"));
    cr_expect_null(policy_book_warning(book, 1));
    struct policy_compiled compiled;
    compile(book, "p", &compiled);
    cr_expect_eq(rights_of(&compiled, "shop.models", "Anything"), POLICY_CLASS);
    cr_expect_eq(rights_of(&compiled, "shop.models", "Path.read_text"), 0);
    cr_expect_eq(rights_of(&compiled, "shop.models.sub", "X"), 0);
    policy_compiled_deinit(&compiled);
    policy_book_destroy(book);
}

Test(policy, a_learning_policy_admits_what_it_does_not_know_but_nothing_dangerous) {
    struct policy_book *book = book_of("[policy.p]\n"
                                       "allow = [{ name = \"m.X\", may = [\"ref\"] }, \"w.*\"]\n");
    struct policy_compiled compiled;
    compile(book, "p", &compiled);
    static const struct {
        const char *module, *name;
        bool known, unknown;
        enum policy_model model;
    } rows[] = {
        {"m", "X", true, false, POLICY_MODEL_NONE},
        {"w", "A", true, false, POLICY_MODEL_NONE},
        {"shop.models", "Cart", false, true, POLICY_MODEL_NONE},
        {"shop.models", "Cart.Line", false, true, POLICY_MODEL_NONE},
        {"__main__", "Cart", false, true, POLICY_MODEL_NONE},
        {"pandas._libs.internals", "__pyx_unpickle_Slider", false, true, POLICY_MODEL_NONE},
        {"_codecs", "encode", false, true, POLICY_MODEL_CODECS_ENCODE},
        {"copyreg", "__newobj__", false, true, POLICY_MODEL_NEWOBJ},
        {"os", "system", false, false, POLICY_MODEL_NONE},
        {"shop.models", "os.system", false, false, POLICY_MODEL_NONE},
        {"builtins", "eval", false, false, POLICY_MODEL_NONE},
        {"shop", "__builtins__", false, false, POLICY_MODEL_NONE},
        {"shop", "Cart.__init__.__globals__", false, false, POLICY_MODEL_NONE},
        {"shop.__main__", "x", false, false, POLICY_MODEL_NONE},
        {"shop", "*", false, false, POLICY_MODEL_NONE},
        {"shop", "Cart.*", false, false, POLICY_MODEL_NONE},
        {"shop", "a b", false, false, POLICY_MODEL_NONE},
        {"shop:x", "Cart", false, false, POLICY_MODEL_NONE},
        {"shop", "Ca\"rt", false, false, POLICY_MODEL_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes module = bytes_of_cstr(rows[i].module), name = bytes_of_cstr(rows[i].name);
        compiled.policy.admits_unknown = false;
        const struct policy_entry *entry = policy_match(&compiled.policy, module, name);
        cr_expect((entry != NULL) == rows[i].known, "row %zu", i);
        cr_expect(!entry || !policy_entry_is_unknown(entry), "row %zu", i);
        compiled.policy.admits_unknown = true;
        entry = policy_match(&compiled.policy, module, name);
        cr_expect((entry != NULL) == (rows[i].known || rows[i].unknown), "row %zu learning", i);
        if (!entry) continue;
        cr_expect(policy_entry_is_unknown(entry) == rows[i].unknown, "row %zu learning", i);
        cr_expect(entry->model == rows[i].model, "row %zu learning", i);
    }
    cr_expect(rights_of(&compiled, "m", "X") == POLICY_REF, "what is known keeps its rights");
    policy_compiled_deinit(&compiled);
    policy_book_destroy(book);
}

Test(policy, the_presets_compile_and_data_names_nothing) {
    struct policy_book *book = book_of("");
    cr_assert_eq(policy_book_count(book), POLICY_PRESET_COUNT);
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct policy_summary summary = policy_book_at(book, i);
        cr_expect(summary.preset && summary.doc.len > 0, "%s", (const char *)summary.name.data);
        struct policy_compiled compiled;
        compile(book, (const char *)summary.name.data, &compiled);
        cr_expect_eq(compiled.policy.entries_count == 0, bytes_equal(summary.name, BYTES("data")));
        cr_expect_eq(rights_of(&compiled, "os", "system"), 0);
        cr_expect_eq(rights_of(&compiled, "builtins", "eval"), 0);
        policy_compiled_deinit(&compiled);
    }
    cr_expect_null(policy_book_warning(book, 0), "no preset admits a whole module");
    policy_book_destroy(book);
}

/* As TOML, read into a book that knows no presets, and compiled again. */
static void print_and_read(const struct policy *policy, struct policy_compiled *again) {
    struct policy_book *book;
    struct brine_error err;
    struct buf out;
    struct policy_print print = {
        .name = BYTES("printed"), .doc = BYTES("a \"doc\""), .policy = policy};
    buf_init(&out, mem_system(), 1 << 20);
    cr_assert_eq(policy_print(&out, &print), BRINE_OK);
    cr_assert_eq(policy_book_create(mem_system(), false, &book, &err), BRINE_OK);
    struct policy_text file = {.file = "printed.toml", .text = buf_view(&out)};
    cr_assert_eq(policy_book_add(book, &file, &err), BRINE_OK, "%s", err.text);
    compile(book, "printed", again);
    policy_book_destroy(book);
    buf_deinit(&out);
}

Test(policy, what_is_printed_reads_back_the_same) {
    struct policy_book *book =
        book_of("[policy.own]\nallow = [\"m.X\", \"m:A.B\", \"w.*\", \"w:O.*\", { name = \"m.f\", "
                "may = [\"call\", \"items.set\", \"state\"], args = \"si?\", only = [\"m.X\", "
                "\"m:A.B\"] }]\n");
    for (size_t i = 0; i < policy_book_count(book); i++) {
        struct policy_summary summary = policy_book_at(book, i);
        struct policy_compiled before, after;
        struct brine_error err;
        cr_assert_eq(policy_compile(book, &summary.name, 1, &before, &err), BRINE_OK);
        print_and_read(&before.policy, &after);
        cr_expect_eq(after.policy.entries_count, before.policy.entries_count, "%s", summary.file);
        for (size_t j = 0; j < before.policy.entries_count; j++) {
            const struct policy_entry *a = &before.policy.entries[j];
            const struct policy_entry *b = policy_match(&after.policy, a->module, a->name);
            if (!b) b = &after.policy.entries[j]; /* wildcards are no names */
            cr_expect(bytes_equal(a->module, b->module) && bytes_equal(a->name, b->name) &&
                          a->rights == b->rights && bytes_equal(a->shape, b->shape) &&
                          !a->shape.data == !b->shape.data && a->only_count == b->only_count,
                      "%.*s.%.*s", (int)a->module.len, a->module.data, (int)a->name.len,
                      a->name.data);
            for (size_t k = 0; k < a->only_count; k++)
                cr_expect(policy_takes_global(b, a->only[k].module, a->only[k].name));
        }
        policy_compiled_deinit(&before);
        policy_compiled_deinit(&after);
    }
    policy_book_destroy(book);
}

Test(policy, what_is_wrong_is_refused_with_its_place_and_nothing_is_added) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[policy.p]\nallow = ['os']", "t.toml:2:10: not the name of a global: 'os'"},
        {"[policy.p]\nallow = ['a b.c']", "not the name of a global: 'a b.c'"},
        {"[policy.p]\nallow = ['a.']", "not the name of a global"},
        {"[policy.p]\nallow = ['.a']", "not the name of a global"},
        {"[policy.p]\nallow = ['a*.b']", "not the name of a global"},
        {"[policy.p]\nallow = ['a:b:c']", "not the name of a global"},
        {"[policy.p]\nallow = [7]", "expected a string or a table"},
        {"[policy.p]\nallow = [{name='a.b', may=['cal']}]", "unknown right 'cal'"},
        {"[policy.p]\nallow = [{name='a.b', may=[]}]", "expected a list of rights"},
        {"[policy.p]\nallow = [{name='a.b', args='z'}]", "unknown shape of arguments 'z'"},
        {"[policy.p]\nallow = [{name='a.b', only=[]}]", "expected a list of 1 to 256 globals"},
        {"[policy.p]\nallow = [{name='a.b', only='a.c'}]", "expected a list of 1 to 256 globals"},
        {"[policy.p]\nallow = [{name='a.b', only=['a.*']}]", "not the name of a global: 'a.*'"},
        {"[policy.p]\nallow = [{name='a.b', only=[1]}]", "not the name of a global: ''"},
        {"[policy.p]\nallow = [{name='a.b', args='?s'}]", "unknown shape of arguments '?s'"},
        {"[policy.p]\nallow = [{may=['ref']}]", "an entry without 'name'"},
        {"[policy.p]\nallow = [{name='a.b', deny=1}]", "in 'deny'"},
        {"[policy.p]\nalow = []",
         "t.toml:2:8: unknown key, or a value of the wrong kind, in 'alow'"},
        {"[policy.p]\nextends = ['nobody']", "extends 'nobody', which does not exist"},
        {"[policy.stdlib]",
         "there is a policy of this name already: 'stdlib': it comes with brine"},
        {"[policy.'a b']", "not a policy: 'a b'"},
        {"[server]\nport = 1", "unknown key 'server'"},
        {"[policy.p\n", "t.toml:1:"},
    };
    struct policy_book *book = book_of("");
    size_t before = policy_book_count(book);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy_text file = {.file = "t.toml", .text = bytes_of_cstr(rows[i].text)};
        struct brine_error err = {0};
        cr_expect_neq(policy_book_add(book, &file, &err), BRINE_OK, "%s", rows[i].text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s\n says: %s", rows[i].text, err.text);
        cr_expect_eq(policy_book_count(book), before);
    }
    policy_book_destroy(book);
}

static bool build_one(struct allocator *mem) {
    struct policy_book *book;
    struct policy_compiled compiled;
    if (policy_book_create(mem, true, &book, NULL) != BRINE_OK) return false;
    struct policy_text file = {.file = "t.toml",
                               .text = BYTES("[policy.p]\nextends=['numpy']\nallow=['m.*', 'm.B',"
                                             "{name='m.C', only=['m.B']}]")};
    struct bytes names[] = {BYTES("p")};
    bool built = policy_book_add(book, &file, NULL) == BRINE_OK &&
                 policy_compile(book, names, 1, &compiled, NULL) == BRINE_OK;
    if (built) policy_compiled_deinit(&compiled);
    policy_book_destroy(book);
    return built;
}

Test(policy, a_refused_allocation_is_a_status_and_nothing_leaks) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        bool built = build_one(&mem.allocator);
        cr_assert_eq(mem.taken_bytes, 0, "request %zu", n);
        cr_assert_eq(built, !mem.refused, "request %zu", n);
        if (!mem.refused) break;
    }
}
