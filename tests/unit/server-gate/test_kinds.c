/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "gate/kinds.h"

#include "support/failing.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

enum { GLOBALS_MAX = 300 };

/* A value as a judge would have found it. */
struct value {
    const char *type; /* NULL: opaque */
    const char *names[8];
    uint64_t fingerprint; /* of the first name's states */
    uint8_t protocol;
    size_t many; /* so many globals instead of names */
};

struct bench {
    struct failing_allocator mem;
    struct gate_kinds *kinds;
    struct gate_kinds_cache cache;
};

static void bench_init(struct bench *bench, size_t kinds_max) {
    *bench = (struct bench){0};
    failing_init(&bench->mem, SIZE_MAX);
    bench->kinds = gate_kinds_create(&(struct gate_kinds_options){
        .mem = &bench->mem.allocator, .secret = {1, 2}, .kinds_max = kinds_max});
    cr_assert(bench->kinds);
    gate_kinds_cache_init(&bench->cache, &bench->mem.allocator);
    gate_kinds_set_generation(bench->kinds, 1);
}

static void bench_deinit(struct bench *bench) {
    gate_kinds_cache_deinit(&bench->cache);
    gate_kinds_destroy(bench->kinds);
    cr_expect(bench->mem.taken_bytes == 0, "%zu bytes left", bench->mem.taken_bytes);
}

static struct pickle_global global_of(const char *name, uint64_t fingerprint) {
    const char *dot = strrchr(name, '.');
    return (struct pickle_global){
        .module = bytes_view(name, (size_t)(dot - name)),
        .name = bytes_of_cstr(dot + 1),
        .keys_fingerprint = fingerprint,
    };
}

static gate_ticket label_with(struct gate_kinds *kinds, struct gate_kinds_cache *cache,
                              const struct value *value, uint32_t generation) {
    static const struct frame_path path = {.kinds = {FRAME_PICKLE}, .depth = 1};
    static char many[GLOBALS_MAX][32];
    struct pickle_global globals[GLOBALS_MAX];
    size_t count = 0;
    gate_kinds_begin(cache);
    for (; value->many && count < value->many; count++) {
        snprintf(many[count], sizeof many[count], "m.n%zu", count);
        globals[count] = global_of(many[count], 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(value->names) && value->names[i]; i++)
        globals[count++] = global_of(value->names[i], i == 0 ? value->fingerprint : 0);
    if (value->type) {
        struct pickle_report report = {
            .protocol = value->protocol,
            .top_kind = PICKLE_KIND_DICT,
            .globals = globals,
            .globals_count = count,
        };
        if (strchr(value->type, '.')) report.top_global = &globals[0];
        gate_kinds_note_pickle(cache, &path, &report);
    }
    return gate_kinds_label(kinds, cache, generation);
}

static gate_ticket label(struct bench *bench, struct value value) {
    return label_with(bench->kinds, &bench->cache, &value, gate_kinds_generation(bench->kinds));
}

Test(kinds, equal_facts_have_one_label_and_different_facts_have_different_ones) {
    static const struct {
        struct value value;
        size_t same_as; /* an earlier row, or its own */
    } rows[] = {
        {{.type = NULL}, 0},
        {{.type = "dict"}, 1},
        {{.type = "dict", .protocol = 4}, 2},
        {{.type = "dict", .names = {"a.b"}}, 3},
        {{.type = "dict", .names = {"a.c"}}, 4},
        {{.type = "dict", .names = {"a.b", "a.c"}}, 5},
        {{.type = "dict", .names = {"a.c", "a.b"}}, 5},
        {{.type = "dict", .names = {"a.c", "a.b", "a.c", "a.b"}}, 5},
        {{.type = "a.b", .names = {"a.b", "a.c"}}, 7 + 1},
        {{.type = "a.b", .names = {"a.b"}, .fingerprint = 77}, 9},
        {{.type = "a.b", .names = {"a.b"}, .fingerprint = 78}, 10},
        {{.type = "dict", .names = {"a.b.c"}}, 11},
        {{.type = "dict"}, 1},
    };
    gate_ticket tickets[ARRAY_LEN(rows)];
    struct bench bench;
    bench_init(&bench, 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            gate_ticket ticket = label(&bench, rows[i].value);
            cr_expect(ticket != 0, "row %zu", i);
            cr_expect(round == 0 || ticket == tickets[i], "row %zu is remembered", i);
            tickets[i] = ticket;
            for (size_t j = 0; j < i; j++)
                cr_expect((tickets[j] == ticket) == (rows[j].same_as == rows[i].same_as),
                          "rows %zu and %zu", j, i);
        }
    }
    uint64_t slow = gate_kinds_counts(bench.kinds).slow_total;
    for (size_t i = 0; i < 100; i++) (void)!label(&bench, rows[12].value);
    cr_expect(gate_kinds_counts(bench.kinds).slow_total <= slow + 1, "what recurs takes no mutex");
    bench_deinit(&bench);
}

struct shown {
    size_t kinds, globals, wide, common;
    char text[4096];
};

static void show(void *context, const struct gate_kind *kind) {
    struct shown *shown = context;
    size_t len = strlen(shown->text);
    shown->kinds++;
    shown->globals += kind->globals_count;
    shown->wide += kind->wide;
    shown->common += kind->what == GATE_KIND_COMMON;
    len += (size_t)snprintf(shown->text + len, sizeof shown->text - len,
                            "%.*s p%u:", (int)kind->type.len, (const char *)kind->type.data,
                            kind->protocol);
    for (size_t i = 0; i < kind->globals_count && i < 4; i++)
        len += (size_t)snprintf(
            shown->text + len, sizeof shown->text - len, " %.*s.%.*s/%zu%s",
            (int)kind->globals[i].module.len, (const char *)kind->globals[i].module.data,
            (int)kind->globals[i].name.len, (const char *)kind->globals[i].name.data,
            (size_t)kind->globals[i].fingerprint, kind->globals[i].varies ? "~" : "");
}

static struct shown show_all(struct bench *bench) {
    struct shown shown = {0};
    gate_kinds_visit(bench->kinds, show, &shown);
    return shown;
}

Test(kinds, a_report_shows_what_was_noted) {
    struct bench bench;
    struct shown shown = {0};
    bench_init(&bench, 0);
    gate_ticket ticket = label(
        &bench, (struct value){
                    .type = "shop.Cart", .names = {"shop.Cart"}, .fingerprint = 9, .protocol = 3});
    cr_expect(gate_kinds_visit_one(bench.kinds, (uint16_t)ticket, show, &shown));
    cr_expect_str_eq(shown.text, "shop.Cart p3: shop.Cart/9");
    cr_expect(!gate_kinds_visit_one(bench.kinds, 0, show, &shown));
    cr_expect(!gate_kinds_visit_one(bench.kinds, 4000, show, &shown));
    cr_expect(!gate_kinds_visit_one(bench.kinds, KINDS_MAX, show, &shown));
    bench_deinit(&bench);
}

Test(kinds, a_new_generation_makes_every_label_stale_and_none_makes_all_current) {
    struct bench bench;
    bench_init(&bench, 0);
    uint16_t old = gate_kinds_redeem(bench.kinds, label(&bench, (struct value){.type = "dict"}));
    cr_expect(gate_kinds_is_current(bench.kinds, old) && !gate_kinds_is_current(bench.kinds, 0));
    gate_kinds_set_generation(bench.kinds, 2);
    cr_expect(!gate_kinds_is_current(bench.kinds, old));
    uint16_t new = gate_kinds_redeem(bench.kinds, label(&bench, (struct value){.type = "dict"}));
    cr_expect(new != old &&gate_kinds_is_current(bench.kinds, new));
    struct value late = {.type = "dict"};
    cr_expect(label_with(bench.kinds, &bench.cache, &late, 1) == 0, "judged by an older setup");
    gate_kinds_set_generation(bench.kinds, 0);
    cr_expect(gate_kinds_is_current(bench.kinds, 0) && gate_kinds_is_current(bench.kinds, old));
    cr_expect(label(&bench, late) == 0, "a gate that is off gives no labels");
    bench_deinit(&bench);
}

Test(kinds, too_many_globals_make_a_wide_kind_and_many_fingerprints_are_told_apart_no_more) {
    struct bench bench;
    bench_init(&bench, 0);
    gate_ticket wide = label(&bench, (struct value){.type = "dict", .many = KIND_GLOBALS_MAX + 1});
    cr_expect(wide && wide == label(&bench, (struct value){.type = "dict", .many = GLOBALS_MAX}));
    cr_expect(wide != label(&bench, (struct value){.type = "dict", .many = KIND_GLOBALS_MAX}));
    struct shown shown = show_all(&bench);
    cr_expect(shown.wide == 1 && shown.globals == KIND_GLOBALS_MAX);
    gate_ticket last = 0;
    for (uint64_t i = 1; i <= KIND_VARIANTS_MAX + 10; i++) {
        gate_ticket ticket =
            label(&bench, (struct value){.type = "a.b", .names = {"a.b"}, .fingerprint = i});
        cr_expect((ticket == last) == (i > KIND_VARIANTS_MAX + 1), "fingerprint %zu", (size_t)i);
        last = ticket;
    }
    shown = (struct shown){0};
    gate_kinds_visit_one(bench.kinds, (uint16_t)last, show, &shown);
    cr_expect_str_eq(shown.text, "a.b p0: a.b/0~");
    bench_deinit(&bench);
}

static gate_ticket numbered(struct bench *bench, size_t number) {
    char name[32];
    snprintf(name, sizeof name, "m.n%zu", number);
    return label(bench, (struct value){.type = "dict", .names = {name}});
}

Test(kinds, a_full_table_gives_the_common_kind_until_unused_kinds_are_freed) {
    enum { KINDS = 64 };
    uint64_t entries[KINDS + 1] = {0};
    gate_ticket tickets[KINDS - 1];
    struct bench bench;
    bench_init(&bench, KINDS);
    for (size_t i = 0; i < ARRAY_LEN(tickets); i++) {
        tickets[i] = numbered(&bench, i);
        entries[(uint16_t)tickets[i]] = i % 3; /* every third is unused */
    }
    gate_ticket common = numbered(&bench, 1000);
    cr_expect(common && common == numbered(&bench, 1001) && gate_kinds_needs_room(bench.kinds));
    cr_expect(common == gate_kinds_common(bench.kinds, 1));

    uint64_t epoch = gate_kinds_epoch(bench.kinds);
    cr_expect(gate_kinds_retire(bench.kinds, entries) == 21);
    /* One of the retired got an entry before its ticket could become void. */
    entries[(uint16_t)tickets[0]] = 1;
    cr_expect(gate_kinds_redeem(bench.kinds, tickets[3]) == 0, "a ticket on its way is void");
    cr_expect(gate_kinds_redeem(bench.kinds, tickets[1]) == (uint16_t)tickets[1]);
    cr_expect(gate_kinds_is_current(bench.kinds, (uint16_t)tickets[0]));
    gate_kinds_free_retired(bench.kinds, entries);
    cr_expect(gate_kinds_epoch(bench.kinds) == epoch + 20);
    cr_expect(gate_kinds_is_current(bench.kinds, (uint16_t)tickets[0]));
    cr_expect(!gate_kinds_is_current(bench.kinds, (uint16_t)tickets[3]), "freed is not current");
    cr_expect((uint16_t)numbered(&bench, 0) == (uint16_t)tickets[0], "who was taken back is known");
    cr_expect(numbered(&bench, 1) == tickets[1]);

    for (size_t i = 0; i < 20; i++) {
        gate_ticket ticket = numbered(&bench, 2000 + i);
        cr_expect(ticket != common && gate_kinds_redeem(bench.kinds, ticket) == (uint16_t)ticket);
        for (size_t j = 0; j < ARRAY_LEN(tickets); j++) cr_expect(ticket != tickets[j]);
    }
    cr_expect(numbered(&bench, 3000) == common);
    bench_deinit(&bench);
}

Test(kinds, a_refused_allocation_gives_no_label_or_the_common_one) {
    static const struct value values[] = {
        {.type = "dict"}, {.type = NULL}, {.type = "a.b", .names = {"a.b", "c.d"}}};
    for (size_t fail_at = 0; fail_at < 40; fail_at++) {
        struct bench bench = {0};
        failing_init(&bench.mem, fail_at);
        bench.kinds = gate_kinds_create(
            &(struct gate_kinds_options){.mem = &bench.mem.allocator, .kinds_max = 100});
        gate_kinds_cache_init(&bench.cache, &bench.mem.allocator);
        if (bench.kinds) {
            gate_kinds_set_generation(bench.kinds, 1);
            for (size_t i = 0; i < 2 * ARRAY_LEN(values); i++) {
                gate_ticket ticket = label(&bench, values[i % ARRAY_LEN(values)]);
                uint16_t stored = gate_kinds_redeem(bench.kinds, ticket);
                cr_expect(!stored || gate_kinds_is_current(bench.kinds, stored));
            }
        }
        bool refused = bench.mem.refused;
        bench_deinit(&bench);
        if (!refused) return;
    }
    cr_expect(false, "the allocations come to an end");
}

/* ---- threads ------------------------------------------------------------------------------------
 */

enum { THREADS = 4, ROUNDS = 20000, NUMBERS = 50 };

struct thread {
    struct gate_kinds *kinds;
    uint16_t labels[NUMBERS];
};

static void *intern_all(void *argument) {
    struct thread *thread = argument;
    struct gate_kinds_cache cache;
    gate_kinds_cache_init(&cache, mem_system());
    for (size_t i = 0; i < ROUNDS; i++) {
        char name[32];
        size_t number = i * 7 % NUMBERS;
        snprintf(name, sizeof name, "m.n%zu", number);
        struct value value = {.type = "dict", .names = {name}};
        gate_ticket ticket = label_with(thread->kinds, &cache, &value, 1);
        uint16_t stored = gate_kinds_redeem(thread->kinds, ticket);
        cr_assert(stored && (!thread->labels[number] || thread->labels[number] == stored));
        thread->labels[number] = stored;
    }
    gate_kinds_cache_deinit(&cache);
    return NULL;
}

Test(kinds, threads_agree_on_labels, .timeout = 60) {
    static struct thread threads[THREADS];
    pthread_t ids[THREADS];
    struct bench bench;
    bench_init(&bench, 0);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i].kinds = bench.kinds;
        cr_assert(pthread_create(&ids[i], NULL, intern_all, &threads[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(ids[i], NULL);
    for (size_t i = 1; i < THREADS; i++)
        cr_expect(memcmp(threads[i].labels, threads[0].labels, sizeof threads[0].labels) == 0);
    cr_expect(gate_kinds_counts(bench.kinds).kinds == NUMBERS + 1);
    bench_deinit(&bench);
}
