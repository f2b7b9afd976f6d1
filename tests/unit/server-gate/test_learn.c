/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/learn.h"
#include "policy/policy.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { OUT_BYTES_MAX = 16 << 20 };

/* ---- support --------------------------------------------------------------------------------- */

static struct policy_compiled stdlib, learning;
static struct pickle_scratch scratch;

static void compile(const char *text, const char *name, struct policy_compiled *compiled) {
    struct policy_book *book;
    struct brine_error err;
    struct bytes names[] = {bytes_of_cstr(name)};
    struct policy_text file = {.file = "learned", .text = bytes_of_cstr(text)};
    cr_assert_eq(policy_book_create(mem_system(), true, &book, &err), BRINE_OK, "%s", err.text);
    cr_assert_eq(policy_book_add(book, &file, &err), BRINE_OK, "%s", err.text);
    cr_assert_eq(policy_compile(book, names, 1, compiled, &err), BRINE_OK, "%s", err.text);
    policy_book_destroy(book);
}

static void setup(void) {
    pickle_scratch_init(&scratch, mem_system(), 1 << 28);
    compile("", "stdlib", &stdlib);
    compile("", "stdlib", &learning);
    learning.policy.admits_unknown = true;
}

static void teardown(void) {
    policy_compiled_deinit(&stdlib);
    policy_compiled_deinit(&learning);
    pickle_scratch_deinit(&scratch);
}

TestSuite(learn, .init = setup, .fini = teardown);

static enum brine_status verify(struct bytes value, const struct policy *policy,
                                struct pickle_report *report) {
    return pickle_verify(value, policy, &PICKLE_LIMITS_DEFAULT, &scratch, report);
}

static bool admits(const struct policy *policy, struct bytes value) {
    struct pickle_report report;
    return verify(value, policy, &report) == BRINE_OK;
}

static struct learn *create(void) {
    struct learn *learn;
    cr_assert(learn_create(mem_system(), LEARN_BYTES_MAX, &learn) == BRINE_OK);
    return learn;
}

static void see(struct learn *learn, const char *key, struct bytes value) {
    struct pickle_report report;
    char line[512];
    cr_assert(verify(value, &learning.policy, &report) == BRINE_OK, "%s: %s", key,
              pickle_report_message(&report, line, sizeof line));
    struct learn_sight sight = {.key = bytes_of_cstr(key), .report = &report};
    (void)learn_note(learn, &sight);
}

static const char *print(struct learn *learn) {
    static char text[OUT_BYTES_MAX];
    struct buf out;
    struct bytes base = BYTES("stdlib");
    struct learn_print options = {.name = "learned", .extends = &base, .extends_count = 1};
    buf_init(&out, mem_system(), OUT_BYTES_MAX - 1);
    cr_assert(learn_print(learn, &options, &out) == BRINE_OK);
    memcpy(text, out.data, out.len);
    text[out.len] = 0;
    buf_deinit(&out);
    return text;
}

/* Each value names globals of module "m", and needs just the rights in `may`. */
static const struct {
    struct bytes value;
    const char *name, *may;
} values[] = {
    {BYTES("\x80\x02"
           "cm\nRef\n."),
     "m.Ref", "\"ref\""},
    {BYTES("\x80\x02"
           "](cm\n"
           "In\ne."),
     "m.In", "\"ref\""},
    {BYTES("\x80\x02"
           "cm\nf\nK\x01\x85R."),
     "m.f", "\"call\""},
    {BYTES("\x80\x02"
           "cm\nNew\n)\x81."),
     "m.New", "\"new\""},
    {BYTES("\x80\x02"
           "cm\nState\n)\x81}X\x01\0\0\0aK\x01sb."),
     "m.State", "\"new\", \"build\""},
    {BYTES("\x80\x02"
           "cm\nSlots\n)\x81N}X\x01\0\0\0aK\x01s\x86"
           "b."),
     "m.Slots", "\"new\", \"build\""},
    {BYTES("\x80\x02"
           "cm\nTuple\n)\x81K\x01\x85"
           "b."),
     "m.Tuple", "\"new\", \"state\""},
    {BYTES("\x80\x02"
           "cm\nKeys\n)\x81}K\x01K\x01sb."),
     "m.Keys", "\"new\", \"state\""},
    {BYTES("\x80\x02"
           "cm\nList\n)\x81K\x01"
           "a."),
     "m.List", "\"new\", \"items.list\""},
    {BYTES("\x80\x02"
           "cm\nDict\n)\x81K\x01K\x01s."),
     "m.Dict", "\"new\", \"items.dict\""},
    {BYTES("\x80\x04"
           "cm\nSet\n)\x81(K\x01\x90."),
     "m.Set", "\"new\", \"items.set\""},
    {BYTES("\x80\x02}"
           "cm\nKey\n)\x81K\x01s."),
     "m.Key", "\"new\", \"hash\""},
    {BYTES("\x80\x04\x8c\x01m\x8c\x05"
           "A.B.C\x93)\x81."),
     "m:A.B.C", "\"new\""},
};

/* ---- what is learned ------------------------------------------------------------------------- */

Test(learn, what_is_learned_admits_the_values_it_was_learned_from_and_each_right_is_needed) {
    struct learn *learn = create();
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        cr_expect(!admits(&stdlib.policy, values[i].value), "row %zu is known already", i);
        see(learn, "k", values[i].value);
    }
    const char *text = print(learn);
    struct policy_compiled learned;
    compile(text, "learned", &learned);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char row[128];
        snprintf(row, sizeof row, "    { name = \"%s\", may = [%s] },\n", values[i].name,
                 values[i].may);
        cr_expect(strstr(text, row), "row %zu: no %s in\n%s", i, row, text);
        cr_expect(admits(&learned.policy, values[i].value), "row %zu is not admitted", i);
    }
    for (size_t i = 0; i < learned.policy.entries_count; i++) {
        struct policy_entry *entry = (struct policy_entry *)&learned.policy.entries[i];
        if (!bytes_equal(entry->module, BYTES("m"))) continue;
        uint32_t rights = entry->rights;
        for (uint32_t bit = 1; bit <= rights; bit <<= 1) {
            size_t refused = 0;
            if (!(rights & bit) || rights == POLICY_REF) continue;
            entry->rights = rights & ~bit;
            for (size_t v = 0; v < ARRAY_LEN(values); v++)
                refused += !admits(&learned.policy, values[v].value);
            cr_expect(refused == 1, "%.*s does not need right %u", (int)entry->name.len,
                      (const char *)entry->name.data, bit);
        }
        entry->rights = rights;
    }
    policy_compiled_deinit(&learned);
    learn_destroy(learn);
}

Test(learn, uses_of_several_values_add_up_and_counts_are_by_value) {
    struct learn *learn = create();
    see(learn, "cart:1",
        BYTES("\x80\x02"
              "cm\nC\n)\x81."));
    see(learn, "cart:2",
        BYTES("\x80\x02"
              "cm\nC\n)\x81"
              "cm\nC\n)\x81\x86."));
    see(learn, "list:2:x",
        BYTES("\x80\x02"
              "cm\nC\n)\x81K\x01"
              "a."));
    see(learn, "known",
        BYTES("\x80\x02"
              "ccollections\nOrderedDict\n)R."));
    cr_expect_str_eq(print(learn),
                     "# Learned from 3 values. Look at each row: it will be allowed.\n"
                     "[policy.learned]\n"
                     "extends = [\"stdlib\"]\n"
                     "allow = [\n"
                     "    # 3 values; keys: cart:*, list:*:x\n"
                     "    { name = \"m.C\", may = [\"new\", \"items.list\"] },\n"
                     "]\n");
    struct learn_counts counts = learn_counts(learn);
    cr_expect(counts.values == 3 && counts.globals == 1 && counts.lost == 0);
    learn_reset(learn);
    counts = learn_counts(learn);
    cr_expect(counts.values == 0 && counts.globals == 0);
    cr_expect_str_eq(print(learn),
                     "# Learned from 0 values. Look at each row: it will be allowed.\n"
                     "[policy.learned]\n"
                     "extends = [\"stdlib\"]\n"
                     "allow = [\n"
                     "]\n");
    learn_destroy(learn);
}

Test(learn, what_is_dangerous_is_refused_while_learning_too) {
    static const struct bytes rows[] = {
        BYTES("\x80\x02"
              "cos\nsystem\nX\x02\0\0\0id\x85R."),
        BYTES("\x80\x02"
              "cshop\neval\n"
              "cbuiltins\neval\n\x86."),
        BYTES("\x80\x04\x8c\x04shop\x8c\x09os.system\x93."),
        BYTES("\x80\x04\x8c\x04shop\x8c\x10"
              "Cart.__globals__\x93."),
        BYTES("\x80\x04\x8c\x04s\"]\n\x8c\x04"
              "Cart\x93."), /* would forge the printed TOML */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(!admits(&learning.policy, rows[i]), "row %zu", i);
}

Test(learn, keys_become_patterns) {
    static const struct {
        const char *key, *pattern;
    } rows[] = {
        {"", ""},
        {"session:9", "session:*"},
        {"user:42:cart", "user:*:cart"},
        {"user42cart7", "user*cart*"},
        {":1:views.decorators.cache.cache_page..GET.d41d8cd98f00b204e9800998ecf8427e.en-us.UTC",
         ":*:views.decorators.cache.cache_page..GET.*.en-us.UTC"},
        {"job:0b1f6a0e-3f0e-4f8a-9d3b-6a0c1f2e3d4c", "job:*"},
        {":1:django.contrib.sessions.cachep3k9zq0abcdefghijklmnopqrstuv1",
         ":*:django.contrib.sessions.*"},
        {"deadbeef", "deadbeef"},
        {"face:deadbeef1", "face:*"},
        {"a*b**c", "a*b*c"},
        {"1:2:3", "*:*:*"},
        {"line\nbreak\x7f\xff", "line?break??"},
        {"caf\xc3\xa9", "caf??"},
    };
    uint8_t pattern[LEARN_PATTERN_BYTES_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = learn_key_pattern(bytes_of_cstr(rows[i].key), pattern);
        cr_expect(bytes_equal(bytes_view(pattern, len), bytes_of_cstr(rows[i].pattern)), "%s: %.*s",
                  rows[i].key, (int)len, (const char *)pattern);
    }
    static char long_key[70000];
    for (size_t i = 0; i < sizeof long_key; i++) long_key[i] = i % 2 ? ':' : 'a';
    size_t len = learn_key_pattern(bytes_view(long_key, sizeof long_key), pattern);
    cr_expect(len <= LEARN_PATTERN_BYTES_MAX && pattern[len - 1] == '*');
}

Test(learn, many_patterns_of_a_global_widen_instead_of_piling_up) {
    struct learn *learn = create();
    char key[32];
    for (int i = 0; i < 26 * 26; i++) {
        snprintf(key, sizeof key, "%s:%c%c", i % 2 ? "cart" : "page", 'a' + i / 26, 'a' + i % 26);
        see(learn, key,
            BYTES("\x80\x02"
                  "cm\nC\n)\x81."));
    }
    const char *text = print(learn);
    size_t commas = 0;
    const char *line = strstr(text, "# 676 values; keys: ");
    cr_assert(line, "%s", text);
    for (const char *at = line; *at != '\n'; at++) commas += *at == ',';
    cr_expect(commas < LEARN_PATTERNS_MAX);
    cr_expect(strstr(line, "page:*") && strstr(line, "cart:*"), "%s", text);
    learn_destroy(learn);
}

Test(learn, memory_is_bounded_and_what_found_no_room_is_said) {
    struct learn *learn;
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    cr_assert(learn_create(&account.allocator, 64 << 10, &learn) == BRINE_OK);
    for (int i = 0; i < 5000; i++) {
        char value[64];
        int len = snprintf(value, sizeof value, "cm%d\nC\n.", i);
        struct pickle_report report;
        cr_assert(verify(bytes_view(value, (size_t)len), &learning.policy, &report) == BRINE_OK);
        struct learn_sight sight = {.key = BYTES("k"), .report = &report};
        cr_expect(learn_note(learn, &sight) == 1);
    }
    cr_expect(mem_account_used(&account) < 512 << 10);
    cr_expect(learn_counts(learn).lost > 4000 && learn_counts(learn).globals > 100);
    cr_expect(strstr(print(learn), "# Incomplete: "));
    struct policy_compiled learned;
    compile(print(learn), "learned", &learned);
    policy_compiled_deinit(&learned);
    learn_destroy(learn);
    cr_expect(mem_account_used(&account) == 0);
}

Test(learn, a_refused_allocation_loses_a_note_and_nothing_else) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct learn *learn;
        failing_init(&mem, n);
        if (learn_create(&mem.allocator, LEARN_BYTES_MAX, &learn) == BRINE_OK) {
            for (size_t i = 0; i < ARRAY_LEN(values); i++) see(learn, "k", values[i].value);
            struct learn_counts counts = learn_counts(learn);
            cr_expect((counts.lost > 0) == mem.refused, "request %zu", n);
            learn_destroy(learn);
        }
        cr_assert(mem.taken_bytes == 0);
        if (!mem.refused) break;
    }
}
