/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "world.h"

Test(rules, what_is_wrong_is_said_with_its_place_and_the_nearest_name) {
    static const struct {
        const char *toml, *expected;
    } rows[] = {
        {"[rule]\nkeys = \"a\"\n", ":1:1: expected [[rule]], found [rule]"},
        {"rule = 3\n", ":1:1: unknown option rule"},
        {"rule = [3]\n", ":1:9: expected [[rule]], found an integer"},
        {"[[rule]]\nkey = \"a\"\n", ":2:1: unknown key of a rule 'key'; did you mean 'keys'?"},
        {"[[rule]]\nfrobnicate = 1\n", ":2:1: unknown key of a rule 'frobnicate'"},
        {"[[rule]]\nkeys = 3\n", ":2:8: rule.keys: expected a pattern or an array of them, found "
                                 "an integer"},
        {"[[rule]]\nkeys = []\n", ":2:8: rule.keys: names no pattern"},
        {"[[rule]]\nkeys = [\"a\", 1]\n", ":2:14: rule.keys: expected a string, found an integer"},
        {"[[rule]]\nname = 1\n", ":2:8: rule.name: expected a string, found an integer"},
        {"[[rule]]\nname = \"a\\nb\"\n", ":2:8: rule.name: expected printable ASCII"},
        {"[[rule]]\ndb = -1\n", ":2:6: rule.db: expected 0 to 63"},
        {"[[rule]]\ndb = []\n", ":2:6: rule.db: names no database"},
        {"[[rule]]\ndb = [0, \"1\"]\n", ":2:10: rule.db: expected a number or an array of them, "
                                        "found a string"},
        {"[[rule]]\nvalues = \"pickles\"\n", ":2:10: rule.values: expected one of \"auto\", "
                                             "\"pickle\", \"opaque\", found 'pickles'"},
        {"[[rule]]\non_refusal = true\n", ":2:14: rule.on_refusal: expected a string, found a "
                                          "boolean"},
        {"[[rule]]\naudit = \"some\"\n", ":2:9: rule.audit: expected one of \"refused\", \"all\", "
                                         "\"none\", found 'some'"},
        {"[[rule]]\nframings = [\"zlip\"]\n", ":2:13: unknown framing 'zlip'; did you mean "
                                              "'zlib'?"},
        {"[[rule]]\nframings = []\n", ":2:12: rule.framings: names no framing"},
        {"[[rule]]\nprofile = \"djang\"\n", ":2:11: unknown profile 'djang'; did you mean "
                                            "'django'?"},
        {"[[rule]]\npolicy = \"nosuch\"\n", ":1:1: rule.policy: there is no policy 'nosuch'"},
        {"[[rule]]\nmax_protocol = 6\n", ":2:16: rule.max_protocol: expected 0 to 5"},
        {"[[rule]]\nmin_protocol = 4\nmax_protocol = 3\n", ":1:1: rule: min_protocol is above "
                                                           "max_protocol"},
        {"[[rule]]\nmax_bytes = \"many\"\n", ":2:13: rule.max_bytes: expected bytes, as 65536 or "
                                             "\"1mb\""},
        {"[gate]\npolicy = \"nosuch\"\n", "gate.policy: there is no policy 'nosuch'"},
        {"[gate]\npolicy = \",\"\n", "gate.policy: names no policy"},
        {"[policy.shop]\nalow = []\n", ":2:8: unknown key"},
        {"[gate]\npolicy_files = [\"/nonexistent/policies.toml\"]\n",
         "/nonexistent/policies.toml: cannot open"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        enum brine_status status = world_config(&world, rows[i].toml);
        if (status == BRINE_OK) status = gate_check_config(&world.config, &world.err);
        cr_expect_neq(status, BRINE_OK, "%s is taken", rows[i].toml);
        cr_expect(strstr(world.err.text, rows[i].expected), "%s: %s", rows[i].toml, world.err.text);
        world_end(&world);
    }
}

Test(rules, the_first_that_fits_by_database_and_key_decides) {
    static const struct {
        uint32_t db;
        const char *key;
        uint32_t rule; /* 0: the default rule */
    } rows[] = {
        {0, "session:1", 1}, {1, "session:1", 1}, {2, "session:1", 0}, {2, "cache:1", 2},
        {2, "tmp:x", 2},     {2, "tmpx", 0},      {3, "anything", 3},  {3, "cache:", 2},
        {3, "", 3},          {63, "k", 0},        {64, "k", 0},
    };
    struct world world;
    world_begin(&world, "[[rule]]\ndb = [0, 1]\nkeys = \"session:*\"\n"
                        "[[rule]]\nkeys = [\"cache:*\", \"tmp:?\"]\n"
                        "[[rule]]\ndb = 3\n");
    struct gate_setup *setup = gate_keeper_setup(world.keeper);
    cr_expect_eq(setup->rules_count, 4);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(gate_setup_rule(setup, rows[i].db, bytes_of_cstr(rows[i].key))->index,
                     rows[i].rule, "%u %s", rows[i].db, rows[i].key);
    gate_setup_unref(setup);
    world_end(&world);
}

Test(rules, every_profile_can_be_read_and_own_keys_are_stronger) {
    static const char *const names[] = {
#define P(name, ...) name,
#include "gate/profiles.def"
        GATE_PROFILES(P)
#undef P
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct world world;
        char toml[256];
        snprintf(toml, sizeof toml,
                 "[[rule]]\nprofile = \"%s\"\n[[rule]]\nvalues = \"opaque\"\npolicy = \"data\"\n"
                 "framings = [\"zlib\", \"huey\"]\nprofile = \"%s\"\n",
                 names[i], names[i]);
        world_begin(&world, toml);
        struct gate_setup *setup = gate_keeper_setup(world.keeper);
        const struct gate_rule *plain = &setup->rules[0], *own = &setup->rules[1];
        cr_expect(plain->values != GATE_VALUES_OPAQUE, "%s", names[i]);
        cr_expect(plain->frames.admitted && plain->policies_count > 0, "%s", names[i]);
        cr_expect_eq(own->values, GATE_VALUES_OPAQUE, "%s", names[i]);
        cr_expect(bytes_equal(own->policy_text, BYTES("data")), "%s", names[i]);
        cr_expect_eq(own->frames.admitted, FRAME_BIT(FRAME_ZLIB) | FRAME_BIT(FRAME_SIGNED), "%s",
                     names[i]);
        cr_expect_eq(own->frames.affixes_count, 1, "%s", names[i]);
        gate_setup_unref(setup);
        world_end(&world);
    }
}

/* Every word of a profile is a framing, an affix or a policy: one that is none is passed over when
 * a profile is read. */
Test(rules, the_words_of_profiles_are_known) {
    static const char *const framings[] = {
#define P(name, values, framings, ...) framings,
        GATE_PROFILES(P)
#undef P
    };
    for (size_t i = 0; i < ARRAY_LEN(framings); i++) {
        char words[256];
        snprintf(words, sizeof words, "%s", framings[i]);
        char *rest = words;
        for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            struct bytes name = bytes_of_cstr(word);
            cr_expect(frame_by_name(name) != FRAME_KINDS || frame_affix_by_name(name), "%s", word);
        }
    }
}

/* A message names its own compression, so every one that kombu has is looked into. */
Test(rules, celery_admits_each_compression_of_kombu) {
    struct world world;
    world_begin(&world, "[[rule]]\nprofile = \"celery\"\n");
    struct gate_setup *setup = gate_keeper_setup(world.keeper);
    uint32_t needed = FRAME_BIT(FRAME_ZLIB) | FRAME_BIT(FRAME_BZ2) | FRAME_BIT(FRAME_XZ) |
                      FRAME_BIT(FRAME_LZMA) | FRAME_BIT(FRAME_ZSTD);
    cr_expect_eq(setup->rules[0].frames.admitted & needed, needed);
    gate_setup_unref(setup);
    world_end(&world);
}

Test(rules, policies_stand_in_the_servers_file_and_in_others) {
    struct world world;
    char more[] = "/tmp/brine-policies-XXXXXX", toml[256];
    int fd = mkstemp(more);
    cr_assert(fd >= 0 && close(fd) == 0);
    world_write_file(more, "[policy.more]\nallow = [\"shop.B\"]\n");
    snprintf(toml, sizeof toml,
             "[gate]\npolicy = \"stdlib, shop more\"\npolicy_files = [\"%s\"]\n"
             "[policy.shop]\nallow = [\"shop.A\"]\n[policy.unused]\nallow = [\"shop.C\"]\n",
             more);
    world_begin(&world, toml);
    cr_expect_eq(world_ask(&world, 0, "k", BYTES("cshop\nA\n.")), GATE_ADMIT);
    cr_expect_eq(world_ask(&world, 0, "k", BYTES("cshop\nB\n.")), GATE_ADMIT);
    cr_expect_eq(world_ask(&world, 0, "k", BYTES("cshop\nC\n.")), GATE_REFUSE);
    cr_expect(strstr(world.answer.text, "policies 'stdlib, shop, more'"), "%s", world.answer.text);
    world_end(&world);
    /* What is no policy is refused there, unlike in the server's own file. */
    world_write_file(more, "[server]\nport = 1\n");
    cr_expect_eq(world_config(&world, toml), BRINE_OK);
    cr_expect_neq(gate_check_config(&world.config, &world.err), BRINE_OK);
    world_end(&world);
    unlink(more);
}
