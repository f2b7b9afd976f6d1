/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Texts in, a setup out.  The order: the book of policies, then the rules, then each rule's policy
 * compiled; rules that name the same policies share one. */

#include "gate/setup.h"

#include "base/assert.h"
#include "observe/clock.h"

#include <stdio.h>

enum {
    ARENA_BYTES_MAX = 64 << 20, /* of a setup: rules and their texts */
    TREE_BYTES_MAX = 64 << 20,  /* of a parsed file, for the time of reading */
    POLICY_TEXT_BYTES_MAX = 1024,
};

/* ---- limits -----------------------------------------------------------------------------------*/

static void read_numbers(struct gate_setup *setup, struct config *config) {
    setup->mode = (enum config_gate_mode)config_read(config->gate.mode);
    setup->offload_bytes = (uint64_t)config_read(config->gate.offload_bytes);
#define L(field, value, doc) setup->limits.field = (uint64_t)config_read(config->gate.field);
    PICKLE_LIMITS(L)
#undef L
    for (size_t i = 0; i < setup->rules_count; i++) {
        struct frame_options *frames = &setup->rules[i].frames;
        frames->depth_max = (unsigned)config_read(config->gate.framing_depth_max);
        frames->unpacked_bytes_max = (uint64_t)config_read(config->gate.unpacked_bytes_max);
        frames->ratio_max = (uint64_t)config_read(config->gate.unpacked_ratio_max);
        frames->unpack_ns_max = config_read(config->gate.unpack_ms) * 1000000;
        frames->clock_ns = clock_thread_ns;
    }
}

/* ---- policies ---------------------------------------------------------------------------------*/

static enum brine_status read_book(struct gate_setup *setup, const struct gate_sources *sources,
                                   struct brine_error *err) {
    TRY(policy_book_create(setup->mem, true, &setup->book, err));
    for (size_t i = 0; i < sources->count; i++) {
        const struct gate_source *source = &sources->files[i];
        struct policy_text text = {
            .file = source->path,
            .text = source->text,
            .others_allowed = i == 0 && sources->has_server_file,
        };
        TRY(policy_book_add(setup->book, &text, err));
    }
    return BRINE_OK;
}

static enum brine_status no_memory(struct brine_error *err) {
    return brine_fail(err, BRINE_NO_MEMORY, 0, "gate: out of memory for rules and policies");
}

/* "stdlib, shop" as names; views into the text. */
static enum brine_status split_names(struct bytes text, struct bytes *names, size_t *count,
                                     struct brine_error *err) {
    *count = 0;
    for (size_t at = 0; at < text.len;) {
        size_t len = 0;
        while (at + len < text.len && text.data[at + len] != ',' && text.data[at + len] != ' ')
            len++;
        if (len > 0 && *count == GATE_RULE_POLICIES_MAX)
            return brine_fail(err, BRINE_INVALID, 0, "gate.policy: more than %d policies",
                              GATE_RULE_POLICIES_MAX);
        if (len > 0) names[(*count)++] = bytes_slice(text, at, len);
        at += len + 1;
    }
    return *count ? BRINE_OK : brine_fail(err, BRINE_INVALID, 0, "gate.policy: names no policy");
}

static enum brine_status read_default_policy(struct gate_setup *setup, struct config *config,
                                             struct gate_rule *rule, struct brine_error *err) {
    struct buf text;
    buf_init(&text, setup->mem, POLICY_TEXT_BYTES_MAX);
    if (config_copy_text(config, &config->gate.policy, &text) == BRINE_OK)
        setup->policy_text = arena_copy(&setup->arena, buf_view(&text));
    buf_deinit(&text);
    struct bytes *names = arena_alloc(&setup->arena, GATE_RULE_POLICIES_MAX * sizeof *names);
    if (!names || !setup->policy_text.data) return no_memory(err);
    rule->policies = names;
    return split_names(setup->policy_text, names, &rule->policies_count, err);
}

/* The names with ", " between them: what messages show, and by which equal ones are found. */
static struct bytes join_names(struct gate_setup *setup, const struct gate_rule *rule) {
    size_t len = 0;
    for (size_t i = 0; i < rule->policies_count; i++) len += rule->policies[i].len + 2;
    uint8_t *text = arena_alloc(&setup->arena, len);
    if (!text) return bytes_view(NULL, 0);
    size_t at = 0;
    for (size_t i = 0; i < rule->policies_count; i++) {
        if (i > 0) bytes_copy_to(text + at, BYTES(", "));
        at += i > 0 ? 2 : 0;
        bytes_copy_to(text + at, rule->policies[i]);
        at += rule->policies[i].len;
    }
    return bytes_view(text, at);
}

static const struct policy *find_policy(const struct gate_setup *setup, size_t rules_before,
                                        struct bytes text) {
    for (size_t i = 0; i < rules_before; i++)
        if (bytes_equal(setup->rules[i].policy_text, text)) return setup->rules[i].policy;
    return NULL;
}

static enum brine_status compile_policy(struct gate_setup *setup, const char *file,
                                        struct gate_rule *rule, struct brine_error *err) {
    const struct gate_rule *fallback = &setup->rules[setup->rules_count - 1];
    struct policy_compiled *compiled = &setup->policies[setup->policies_count];
    struct brine_error wrong;
    enum brine_status status =
        policy_compile(setup->book, rule->policies, rule->policies_count, compiled, &wrong);
    if (status == BRINE_OK) {
        setup->policies_count++;
        rule->policy = &compiled->policy;
        return BRINE_OK;
    }
    if (rule->policies == fallback->policies)
        return brine_fail(err, status, 0, "gate.policy: %.400s", wrong.text);
    return brine_fail(err, status, 0, "%s:%u:%u: rule.policy: %.400s", file, rule->line,
                      rule->column, wrong.text);
}

static enum brine_status compile_policies(struct gate_setup *setup, struct config *config,
                                          const char *file, struct brine_error *err) {
    struct gate_rule *fallback = &setup->rules[setup->rules_count - 1];
    TRY(read_default_policy(setup, config, fallback, err));
    setup->policies = arena_alloc(&setup->arena, setup->rules_count * sizeof *setup->policies);
    if (!setup->policies) return no_memory(err);
    for (size_t i = 0; i < setup->rules_count; i++) {
        struct gate_rule *rule = &setup->rules[i];
        if (rule->policies_count == 0) {
            rule->policies = fallback->policies;
            rule->policies_count = fallback->policies_count;
        }
        rule->policy_text = join_names(setup, rule);
        if (!rule->policy_text.data) return no_memory(err);
        rule->policy = find_policy(setup, i, rule->policy_text);
        if (!rule->policy) TRY(compile_policy(setup, file, rule, err));
    }
    return BRINE_OK;
}

/* ---- rules ------------------------------------------------------------------------------------*/

static enum brine_status read_rules(struct gate_setup *setup, const struct gate_source *file,
                                    struct brine_error *err) {
    struct gate_rules_text text = {.file = file ? file->path : ""};
    struct arena tree;
    struct brine_error wrong;
    enum brine_status status = BRINE_OK;
    arena_init(&tree, setup->mem, TREE_BYTES_MAX);
    if (file) {
        status = toml_parse(&tree, file->text, (struct toml_limits){0}, &text.root, &wrong);
        if (status != BRINE_OK)
            status = brine_fail(err, status, wrong.offset, "%s:%.400s", file->path, wrong.text);
    }
    if (status == BRINE_OK)
        status = gate_rules_read(&text, &setup->arena, &setup->rules, &setup->rules_count, err);
    arena_deinit(&tree);
    return status;
}

/* ---- life -------------------------------------------------------------------------------------*/

static void destroy(struct gate_setup *setup) {
    for (size_t i = 0; i < setup->policies_count; i++) policy_compiled_deinit(&setup->policies[i]);
    if (setup->book) policy_book_destroy(setup->book);
    arena_deinit(&setup->arena);
    mem_free(setup->mem, setup, sizeof *setup);
}

enum brine_status gate_setup_create(struct config *config, const struct gate_sources *sources,
                                    struct allocator *mem, struct gate_setup **result,
                                    struct brine_error *err) {
    struct gate_setup *setup = mem_alloc_zeroed(mem, sizeof *setup);
    if (!setup) return no_memory(err);
    setup->mem = mem;
    arena_init(&setup->arena, mem, ARENA_BYTES_MAX);
    atomic_init(&setup->references, 1);
    const struct gate_source *file = sources->has_server_file ? &sources->files[0] : NULL;
    enum brine_status status = read_book(setup, sources, err);
    if (status == BRINE_OK) status = read_rules(setup, file, err);
    if (status == BRINE_OK) status = compile_policies(setup, config, file ? file->path : "", err);
    if (status != BRINE_OK) {
        destroy(setup);
        return status;
    }
    read_numbers(setup, config);
    *result = setup;
    return BRINE_OK;
}

struct gate_setup *gate_setup_ref(struct gate_setup *setup) {
    atomic_fetch_add_explicit(&setup->references, 1, memory_order_relaxed);
    return setup;
}

void gate_setup_unref(struct gate_setup *setup) {
    if (!setup) return;
    uint32_t before = atomic_fetch_sub_explicit(&setup->references, 1, memory_order_acq_rel);
    BRINE_ASSERT(before > 0, "a reference is given back once");
    if (before == 1) destroy(setup);
}

const struct gate_rule *gate_setup_rule(const struct gate_setup *setup, uint32_t db,
                                        struct bytes key) {
    const struct gate_rule *rule = setup->rules;
    while (!gate_rule_fits(rule, db, key)) rule++; /* the last one fits */
    return rule;
}
