/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* No command shows a value that the policy in force denies, though an older one admitted it.  Each
 * row of the command table that takes a key has a row here; a command without one fails the test.
 */

#include "world.h"

#include "gate/kinds.h"

/* What is stored under the older policy: a value of which the new one takes nothing. */
static const char seed[] = "SET s evil:11111 PX 5000\r\nSET t text\r\n";
static const char seed_without[] = "SET t text\r\n";

#define UNLOCK                                                                                     \
    "\"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return " \
    "0 end\""

static const struct look {
    const char *name;
    const char *command;
    bool stays; /* with denied = "error" it is no refusal: it only asks whether the key is there */
} looks[] = {
    {"set", "SET s new GET\r\n", false},
    {"set", "SET s new NX\r\n", true},
    {"set", "SET s new XX\r\n", true},
    {"set", "SET s new KEEPTTL\r\n", true},
    {"setnx", "SETNX s new\r\n", true},
    {"msetnx", "MSETNX s new u new\r\n", true},
    {"get", "GET s\r\n", false},
    {"dump", "DUMP s\r\n", false},
    {"restore",
     "RESTORE s 0 "
     "\"\\x00\\x03\\x61\\x62\\x63\\x0a\\x00\\xd9\\xac\\x30\\x3d\\x41\\x72\\xa2\\xe2\"\r\n",
     true},
    {"eval", "EVAL " UNLOCK " 1 s evil:11111\r\n", false},
    {"eval_ro", "EVAL_RO " UNLOCK " 1 s evil:11111\r\n", false},
    {"sort", "SORT s\r\n", false},
    {"sort_ro", "SORT_RO s\r\n", false},
    {"getdel", "GETDEL s\r\n", false},
    {"getex", "GETEX s\r\n", false},
    {"getex", "GETEX s PX 9000\r\n", false},
    {"getset", "GETSET s new\r\n", false},
    {"mget", "MGET t s\r\n", false},
    {"mget", "MGET s s t\r\n", false},
    {"getrange", "GETRANGE s 0 -1\r\n", false},
    {"substr", "SUBSTR s 1 3\r\n", false},
    {"setrange", "SETRANGE s 3 x\r\n", false},
    {"incrbyfloat", "INCRBYFLOAT s 1.5\r\n", false},
    {"lcs", "LCS s t\r\n", false},
    {"lcs", "LCS t s LEN\r\n", false},
    {"setbit", "SETBIT s 3 1\r\n", false},
    {"getbit", "GETBIT s 1\r\n", false},
    {"bitcount", "BITCOUNT s\r\n", false},
    {"bitpos", "BITPOS s 1\r\n", false},
    {"bitop", "BITOP NOT u s\r\n", false},
    {"bitop", "BITOP OR u t s\r\n", false},
    {"bitfield", "BITFIELD s GET u8 0\r\n", false},
    {"bitfield", "BITFIELD s SET u8 0 65\r\n", false},
    {"bitfield_ro", "BITFIELD_RO s GET u8 0\r\n", false},
    {"incr", "INCR s\r\n", false},
    {"decr", "DECR s\r\n", false},
    {"incrby", "INCRBY s 3\r\n", false},
    {"decrby", "DECRBY s 3\r\n", false},
    {"append", "APPEND s x\r\n", false},
    {"strlen", "STRLEN s\r\n", false},
    {"exists", "EXISTS s t\r\n", false},
    {"touch", "TOUCH s t\r\n", false},
    {"type", "TYPE s\r\n", false},
    {"rename", "RENAME s u\r\n", false},
    {"renamenx", "RENAMENX s u\r\n", false},
    {"copy", "COPY s u\r\n", false},
    {"move", "MOVE s 3\r\n", false},
    {"expire", "EXPIRE s 10\r\n", false},
    {"pexpire", "PEXPIRE s 10000\r\n", false},
    {"expireat", "EXPIREAT s 5000\r\n", false},
    {"pexpireat", "PEXPIREAT s 5000000\r\n", false},
    {"expiretime", "EXPIRETIME s\r\n", false},
    {"pexpiretime", "PEXPIRETIME s\r\n", false},
    {"ttl", "TTL s\r\n", false},
    {"pttl", "PTTL s\r\n", false},
    {"persist", "PERSIST s\r\n", false},
};

/* What takes a key and shows nothing of its value, or describes it for an operator. */
static const char *const others[] = {"evalsha",
                                     "evalsha_ro",
                                     "fcall",
                                     "fcall_ro",
                                     "setex",
                                     "psetex",
                                     "mset",
                                     "del",
                                     "unlink",
                                     "watch",
                                     "ssubscribe",
                                     "sunsubscribe",
                                     "spublish",
                                     "pickle.view",
                                     "pickle.inspect",
                                     "pickle.dis",
                                     "object|encoding",
                                     "object|freq",
                                     "object|idletime",
                                     "object|refcount",
                                     "memory|usage"};

/* ---- a world with two policies ------------------------------------------------------------------
 */

struct policies {
    struct world world;
    struct gate_kinds *kinds;
    size_t questions, rechecks;
    size_t by_clients; /* questions in whose name somebody asked */
    bool strict;       /* the new one is in force */
    bool defers, gives_up;
};

static bool is_evil(struct bytes value) {
    return value.len >= 4 && memcmp(value.data, "evil", 4) == 0;
}

static enum gate_verdict judge(void *context, struct gate_desk *desk,
                               const struct gate_question *question, struct gate_answer *answer) {
    struct policies *policies = context;
    const struct keyspace_access *access = &policies->world.one.worker.access;
    cr_expect(access->hold.depth == 0 || access->in_transaction, "asked while a lock is held");
    policies->questions++;
    policies->rechecks += question->recheck;
    policies->by_clients += question->actor != NULL;
    if (policies->defers && question->may_defer) return GATE_DEFER;
    answer->undecided = policies->gives_up;
    if (policies->gives_up) return gate_refuse(answer, 0, "there is no time");
    if (policies->strict && is_evil(question->value))
        return gate_refuse(answer, 7, "key '%.*s' is refused", (int)question->key.len,
                           (const char *)question->key.data);
    gate_kinds_begin(&desk->kinds);
    answer->label =
        gate_kinds_label(policies->kinds, &desk->kinds, gate_kinds_generation(policies->kinds));
    return GATE_ADMIT;
}

static void policies_init(struct policies *policies, const char *commands) {
    *policies = (struct policies){0};
    world_init_judge(&policies->world, judge, policies);
    policies->kinds = gate_kinds_create(
        &(struct gate_kinds_options){.mem = &policies->world.mem.allocator, .secret = {5, 6}});
    cr_assert(policies->kinds);
    gate_kinds_set_generation(policies->kinds, 1);
    policies->world.one.gate.kinds = policies->kinds;
    ask(&policies->world, commands);
    policies->strict = true;
    gate_kinds_set_generation(policies->kinds, 2);
    policies->questions = policies->rechecks = 0;
}

static void policies_deinit(struct policies *policies) {
    gate_kinds_destroy(policies->kinds);
    world_deinit(&policies->world);
}

static void add_entry(void *context, struct bytes name, const struct store_value *value) {
    must(buf_printf(context, "%.*s:%zu@%lld ", (int)name.len, (const char *)name.data,
                    value->bytes.len, (long long)value->expire_at_ms));
}

/* Names, lengths and expiries of all that is stored, in an order of its own. */
static void picture(struct world *world, struct buf *all) {
    struct keyspace_scan scan = {.visit = add_entry, .context = all};
    uint64_t cursor = 0;
    buf_init(all, mem_system(), SIZE_MAX);
    keyspace_set_recheck(&world->one.keyspace, KEYSPACE_RECHECK_OFF, KEYSPACE_DENIED_MISS);
    do cursor = keyspace_scan(&world->one.worker.access, &scan, cursor);
    while (cursor);
}

Test(recheck, every_command_of_the_table_that_takes_a_key_has_a_row_here) {
    for (size_t row = 0; row < command_table_count(); row++) {
        const struct command *command = &command_table[row];
        bool known = command->keys.use == KEYS_NONE;
        for (size_t i = 0; i < ARRAY_LEN(looks); i++)
            known |= strcmp(looks[i].name, command->name) == 0;
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
            known |= strcmp(others[i], command->name) == 0;
        cr_expect(known, "%s has no row in test_recheck.c", command->name);
    }
}

Test(recheck, a_denied_value_is_a_miss_for_every_command) {
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        struct policies with, without;
        struct buf shown, expected;
        char reply[1024];
        policies_init(&without, seed_without);
        snprintf(reply, sizeof reply, "%s", ask(&without.world, looks[i].command));
        policies_init(&with, seed);
        cr_expect_str_eq(ask(&with.world, looks[i].command), reply, "%s", looks[i].command);
        cr_expect(with.rechecks > 0, "%s: the gate was not asked again", looks[i].command);
        picture(&without.world, &expected);
        picture(&with.world, &shown);
        cr_expect(bytes_equal(buf_view(&shown), buf_view(&expected)), "%s: %.*s is stored",
                  looks[i].command, (int)shown.len, (const char *)shown.data);
        buf_deinit(&shown);
        buf_deinit(&expected);
        policies_deinit(&with);
        policies_deinit(&without);
    }
}

Test(recheck, a_denied_value_is_answered_as_its_refusal_where_that_is_asked_for) {
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        struct policies policies;
        struct buf before, after;
        policies_init(&policies, seed);
        picture(&policies.world, &before);
        keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_READ,
                             KEYSPACE_DENIED_ERROR);
        const char *reply = ask(&policies.world, looks[i].command);
        cr_expect(!strstr(reply, "evil"), "%s answered %s", looks[i].command, reply);
        /* In a script's reply the script's name follows. */
        static const char refusal[] = "-PICKLEDENIED offset 7: key 's' is refused";
        bool is_script = strncmp(looks[i].name, "eval", 4) == 0;
        if (!looks[i].stays)
            cr_expect(strncmp(reply, refusal, sizeof refusal - 1) == 0 &&
                          strncmp(reply + sizeof refusal - 1, is_script ? " script: " : "\r\n",
                                  is_script ? 9 : 2) == 0,
                      "%s answered %s", looks[i].command, reply);
        picture(&policies.world, &after);
        if (!looks[i].stays)
            cr_expect(bytes_equal(buf_view(&before), buf_view(&after)), "%s: %.*s is stored",
                      looks[i].command, (int)after.len, (const char *)after.data);
        keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_READ,
                             KEYSPACE_DENIED_ERROR);
        ask(&policies.world, "SET s new\r\n");
        cr_expect_str_eq(ask(&policies.world, "GET s\r\n"), "$3\r\nnew\r\n");
        buf_deinit(&before);
        buf_deinit(&after);
        policies_deinit(&policies);
    }
}

Test(recheck, what_is_still_admitted_is_asked_about_once) {
    struct policies policies;
    policies_init(&policies, seed);
    for (int i = 0; i < 3; i++)
        cr_expect_str_eq(ask(&policies.world, "GET t\r\n"), "$4\r\ntext\r\n");
    cr_expect(policies.questions == 1 && policies.rechecks == 1, "%zu", policies.questions);
    cr_expect_str_eq(ask(&policies.world, "MGET t t\r\n"), "*2\r\n$4\r\ntext\r\n$4\r\ntext\r\n");
    cr_expect(policies.questions == 1, "%zu", policies.questions);
    policies_deinit(&policies);
}

Test(recheck, a_gate_that_is_off_or_is_told_not_to_shows_everything) {
    struct policies policies;
    policies_init(&policies, seed);
    gate_kinds_set_generation(policies.kinds, 0);
    cr_expect_str_eq(ask(&policies.world, "GET s\r\n"), "$10\r\nevil:11111\r\n");
    gate_kinds_set_generation(policies.kinds, 3);
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_OFF, KEYSPACE_DENIED_MISS);
    cr_expect_str_eq(ask(&policies.world, "GET s\r\n"), "$10\r\nevil:11111\r\n");
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_READ, KEYSPACE_DENIED_MISS);
    cr_expect_str_eq(ask(&policies.world, "GET s\r\n"), "$-1\r\n");
    policies_deinit(&policies);
}

Test(recheck, a_transaction_shows_no_denied_value_either) {
    struct policies policies;
    policies_init(&policies, seed);
    cr_expect_str_eq(ask(&policies.world, "MULTI\r\nGET s\r\nMGET s t\r\nGETDEL s\r\nEXEC\r\n"),
                     "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
                     "*3\r\n$-1\r\n*2\r\n$-1\r\n$4\r\ntext\r\n$-1\r\n");
    policies_deinit(&policies);
    policies_init(&policies, seed);
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_READ,
                         KEYSPACE_DENIED_ERROR);
    cr_expect_str_eq(ask(&policies.world, "MULTI\r\nGET s\r\nGET t\r\nEXEC\r\n"),
                     "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n"
                     "-PICKLEDENIED offset 7: key 's' is refused\r\n$4\r\ntext\r\n");
    policies_deinit(&policies);
}

Test(recheck, a_value_that_could_not_be_judged_now_is_not_shown_and_stays) {
    struct policies policies;
    policies_init(&policies, seed);
    policies.gives_up = true;
    cr_expect_str_eq(ask(&policies.world, "GET t\r\n"),
                     "-PICKLEDENIED offset 0: there is no time\r\n");
    policies.gives_up = false;
    cr_expect_str_eq(ask(&policies.world, "GET t\r\n"), "$4\r\ntext\r\n");
    policies_deinit(&policies);
}

Test(recheck, what_was_queued_under_an_older_policy_is_judged_again_at_exec) {
    struct policies policies;
    policies_init(&policies, "MULTI\r\nSET s evil\r\nPUBLISH c evil\r\nSET t good\r\n");
    cr_expect_str_eq(ask(&policies.world, "EXEC\r\n"),
                     "*3\r\n-PICKLEDENIED offset 7: key 's' is refused\r\n"
                     "-PICKLEDENIED offset 7: key 'c' is refused\r\n+OK\r\n");
    cr_expect_str_eq(ask(&policies.world, "MGET s t\r\n"), "*2\r\n$-1\r\n$4\r\ngood\r\n");
    cr_expect(policies.rechecks == 0, "what EXEC stored was judged by the policy in force");
    policies_deinit(&policies);
}

/* ---- the sweep ----------------------------------------------------------------------------------
 */

static void run_upkeep(struct policies *policies) {
    for (size_t rounds = 0; keyspace_upkeep(&policies->world.one.worker.access, 0); rounds++)
        cr_assert(rounds < 10000, "the sweep comes to an end");
}

Test(recheck, a_sweep_finds_all_that_is_denied_in_all_databases_without_a_read) {
    struct policies policies;
    char command[64];
    policies_init(&policies, "");
    policies.strict = false;
    gate_kinds_set_generation(policies.kinds, 3);
    for (int db = 0; db < 3; db++) {
        snprintf(command, sizeof command, "SELECT %d\r\n", db);
        ask(&policies.world, command);
        for (int i = 0; i < 1000; i++) {
            snprintf(command, sizeof command, "SET k%d %s%d\r\n", i, i % 3 ? "good" : "evil", i);
            ask(&policies.world, command);
        }
    }
    policies.strict = true;
    gate_kinds_set_generation(policies.kinds, 4);
    run_upkeep(&policies);
    cr_expect(store_counts(policies.world.one.store).keys == 3000, "by default nothing is swept");
    cr_expect(policies.rechecks == 0);
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_SWEEP,
                         KEYSPACE_DENIED_MISS);
    policies.by_clients = 0;
    run_upkeep(&policies);
    cr_expect(policies.by_clients == 0, "a client that may be gone is asked who it is");
    cr_expect(store_counts(policies.world.one.store).keys == 3 * 666, "%zu left",
              (size_t)store_counts(policies.world.one.store).keys);
    cr_expect(policies.rechecks == 3000, "%zu", policies.rechecks);
    worker_state_set_time(&policies.world.one.worker, 9000000, 9000000);
    run_upkeep(&policies);
    cr_expect(policies.rechecks == 3000, "what is clean is left alone");

    /* With "error" entries stay, and are not swept again and again. */
    policies.strict = false;
    gate_kinds_set_generation(policies.kinds, 5);
    ask(&policies.world, "SET e evil\r\n");
    policies.strict = true;
    gate_kinds_set_generation(policies.kinds, 6);
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_BOTH,
                         KEYSPACE_DENIED_ERROR);
    policies.rechecks = 0;
    run_upkeep(&policies);
    run_upkeep(&policies);
    cr_expect(policies.rechecks == 3 * 666 + 1, "%zu", policies.rechecks);
    policies_deinit(&policies);
}

Test(recheck, what_takes_long_is_left_to_who_reads_it) {
    struct policies policies;
    policies_init(&policies, seed);
    policies.defers = true;
    keyspace_set_recheck(&policies.world.one.keyspace, KEYSPACE_RECHECK_BOTH, KEYSPACE_DENIED_MISS);
    run_upkeep(&policies);
    cr_expect(store_counts(policies.world.one.store).keys == 2);
    cr_expect_str_eq(ask(&policies.world, "GET s\r\n"), "$-1\r\n");
    policies_deinit(&policies);
}
