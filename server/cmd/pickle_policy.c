/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* PICKLE.POLICY: which policies there are, what one admits, what was learned, and what would become
 * of values under another one. */

#include "cmd/handlers.h"

#include "base/glob.h"
#include "gate/keeper.h"
#include "policy/policy.h"
#include "policy/print.h"

#include <stdio.h>

enum { POLICY_NAMES_MAX = GATE_RULE_POLICIES_MAX, POLICY_TEXT_BYTES_MAX = 64 << 20 };

/* NULL: replied that there is none, as in a server that tests its gate. */
static struct gate_keeper *call_keeper(struct command_call *call) {
    struct gate_keeper *keeper = call->access->keyspace->gate->keeper;
    if (!keeper) reply_error(call->reply, BYTES("ERR this server has no policies"));
    return keeper;
}

static void reply_text(struct command_call *call, enum brine_status status, struct buf *text) {
    if (status == BRINE_OK)
        reply_verbatim(call->reply, buf_view(text));
    else
        reply_error(call->reply, ERROR_NO_MEMORY);
    buf_clear(text);
    buf_shrink(text, KEYSPACE_SCRATCH_BYTES_KEPT);
}

/* ---- LIST, SHOW ------------------------------------------------------------------------------ */

static bool is_used(const struct gate_setup *setup, struct bytes name) {
    for (size_t i = 0; i < setup->rules_count; i++)
        for (size_t j = 0; j < setup->rules[i].policies_count; j++)
            if (bytes_equal(setup->rules[i].policies[j], name)) return true;
    return false;
}

/* PICKLE.POLICY LIST */
void cmd_pickle_policy_list(struct command_call *call) {
    struct gate_keeper *keeper = call_keeper(call);
    if (!keeper) return;
    struct gate_setup *setup = gate_keeper_setup(keeper);
    size_t count = policy_book_count(setup->book);
    reply_array(call->reply, count);
    for (size_t i = 0; i < count; i++) {
        struct policy_summary policy = policy_book_at(setup->book, i);
        reply_map(call->reply, 5);
        reply_bulk(call->reply, BYTES("name"));
        reply_bulk(call->reply, policy.name);
        reply_bulk(call->reply, BYTES("doc"));
        reply_bulk(call->reply, policy.doc);
        reply_bulk(call->reply, BYTES("rows"));
        reply_integer(call->reply, (int64_t)policy.rows);
        reply_bulk(call->reply, BYTES("source"));
        reply_bulk(call->reply, bytes_of_cstr(policy.file));
        reply_bulk(call->reply, BYTES("used"));
        reply_bulk(call->reply, is_used(setup, policy.name) ? BYTES("yes") : BYTES("no"));
    }
    gate_setup_unref(setup);
}

/* Compiles "a,b"; false: replied why not.  `names` are views into the argument. */
static bool call_policy(struct command_call *call, const struct gate_setup *setup,
                        struct bytes argument, struct policy_compiled *compiled) {
    struct bytes names[POLICY_NAMES_MAX];
    struct brine_error err = {0};
    size_t count = 0;
    for (size_t at = 0; at <= argument.len && count < POLICY_NAMES_MAX;) {
        size_t len = 0;
        while (at + len < argument.len && argument.data[at + len] != ',') len++;
        names[count++] = bytes_slice(argument, at, len);
        at += len + 1;
    }
    if (policy_compile(setup->book, names, count, compiled, &err) == BRINE_OK) return true;
    reply_errorf(call->reply, "ERR %s", err.text);
    return false;
}

static struct bytes doc_of(const struct gate_setup *setup, struct bytes name) {
    for (size_t i = 0; i < policy_book_count(setup->book); i++) {
        struct policy_summary policy = policy_book_at(setup->book, i);
        if (bytes_equal(policy.name, name)) return policy.doc;
    }
    return BYTES("");
}

/* PICKLE.POLICY SHOW name: with the rows of all it extends. */
void cmd_pickle_policy_show(struct command_call *call) {
    enum { SHOW_NAME = 2 };
    struct bytes name = call->args[SHOW_NAME];
    struct policy_compiled compiled;
    struct gate_keeper *keeper = call_keeper(call);
    if (!keeper) return;
    struct gate_setup *setup = gate_keeper_setup(keeper);
    if (call_policy(call, setup, name, &compiled)) {
        struct buf *out = &call->worker->collected;
        struct policy_print print = {
            .name = name, .doc = doc_of(setup, name), .policy = &compiled.policy};
        buf_clear(out);
        reply_text(call, policy_print(out, &print), out);
        policy_compiled_deinit(&compiled);
    }
    gate_setup_unref(setup);
}

/* ---- LEARNED, RELOAD ------------------------------------------------------------------------- */

/* "learned", or "learned2" ... where there is one already. */
static void choose_name(const struct gate_setup *setup, char *name, size_t size) {
    snprintf(name, size, "learned");
    for (unsigned number = 2; number < POLICY_BOOK_POLICIES_MAX + 2; number++) {
        bool taken = false;
        for (size_t i = 0; i < policy_book_count(setup->book) && !taken; i++)
            taken = bytes_equal(policy_book_at(setup->book, i).name, bytes_of_cstr(name));
        if (!taken) return;
        snprintf(name, size, "learned%u", number);
    }
}

/* PICKLE.POLICY LEARNED [RESET] */
void cmd_pickle_policy_learned(struct command_call *call) {
    enum { LEARNED_RESET = 2, LEARNED_ARGS_MAX = 3 };
    struct gate_keeper *keeper = call_keeper(call);
    if (!keeper) return;
    struct learn *learn = gate_keeper_parts(keeper)->learn;
    bool reset = call->args_count == LEARNED_ARGS_MAX && call_is(call, LEARNED_RESET, "RESET");
    if (!reset && call->args_count != LEARNED_RESET) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    if (!learn) {
        reply_error(call->reply, BYTES("ERR this server does not learn"));
        return;
    }
    if (reset) {
        learn_reset(learn);
        reply_ok(call->reply);
        return;
    }
    struct gate_setup *setup = gate_keeper_setup(keeper);
    const struct gate_rule *fallback = &setup->rules[setup->rules_count - 1];
    char name[POLICY_NAME_BYTES_MAX];
    struct buf out;
    choose_name(setup, name, sizeof name);
    struct learn_print print = {
        .name = name, .extends = fallback->policies, .extends_count = fallback->policies_count};
    buf_init(&out, call->worker->mem, POLICY_TEXT_BYTES_MAX);
    reply_text(call, learn_print(learn, &print, &out), &out);
    buf_deinit(&out);
    gate_setup_unref(setup);
}

/* PICKLE.POLICY RELOAD */
void cmd_pickle_policy_reload(struct command_call *call) {
    struct brine_error err = {0};
    if (gate_reload(call->access->keyspace->gate, &err) == BRINE_OK)
        reply_ok(call->reply);
    else
        reply_errorf(call->reply, "ERR nothing was changed: %s", err.text);
}

/* ---- TEST ------------------------------------------------------------------------------------ */

enum {
    TEST_POLICIES = 2,
    TEST_WHAT = 3,
    TEST_SUBJECT = 4,
    TEST_KEY_WORD = 5,
    TEST_KEY = 6,
    TALLIES_MAX = 64,
    TALLY_BYTES = 256,
    EXAMPLES_MAX = 10,
};

/* What stands in the way of how many values. */
struct tally {
    char text[TALLY_BYTES];
    uint64_t values;
};

struct policy_test {
    struct command_call *call;
    struct gate_keeper *keeper;
    struct gate_setup *setup;
    struct policy_compiled compiled;
    struct bytes policy_text;
    uint64_t values, admitted, untold; /* untold: refusals without a tally */
    struct tally tallies[TALLIES_MAX];
    size_t tallies_count;
    struct gate_answer examples[EXAMPLES_MAX];
    size_t examples_count;
    struct gate_finding finding; /* of the last value */
    struct gate_answer answer;
};

static bool judge_value(struct policy_test *test, struct bytes key, struct bytes value) {
    struct command_call *call = test->call;
    struct gate_question question = {
        .db = call->session->db, .key = key, .value = value, .command = call->command->name};
    struct gate_rule rule = *gate_setup_rule(test->setup, question.db, key);
    struct gate_look look = {.dry_run = true, .rule = &rule};
    rule.policy = &test->compiled.policy;
    rule.policy_text = test->policy_text;
    rule.on_refusal = GATE_ON_REFUSAL_ERROR;
    return gate_keeper_look(test->keeper, &call->access->desk, &question, &look, &test->answer,
                            &test->finding) == GATE_ADMIT;
}

static void add_refusal(struct policy_test *test) {
    const struct pickle_report *report = test->finding.report;
    char text[TALLY_BYTES];
    if (report && report->name.data)
        snprintf(text, sizeof text, "%.*s.%.*s", (int)MIN(report->module.len, 120u),
                 (const char *)report->module.data, (int)MIN(report->name.len, 120u),
                 (const char *)report->name.data);
    else
        snprintf(text, sizeof text, "%s", test->finding.reason);
    if (test->examples_count < EXAMPLES_MAX) test->examples[test->examples_count++] = test->answer;
    for (size_t i = 0; i < test->tallies_count; i++) {
        if (strcmp(test->tallies[i].text, text) != 0) continue;
        test->tallies[i].values++;
        return;
    }
    if (test->tallies_count == TALLIES_MAX) {
        test->untold++;
        return;
    }
    struct tally *tally = &test->tallies[test->tallies_count++];
    snprintf(tally->text, sizeof tally->text, "%s", text);
    tally->values = 1;
}

static void reply_test(struct policy_test *test) {
    struct reply *reply = test->call->reply;
    reply_map(reply, 6);
    reply_bulk(reply, BYTES("policy"));
    reply_bulk(reply, test->policy_text);
    reply_bulk(reply, BYTES("values"));
    reply_integer(reply, (int64_t)test->values);
    reply_bulk(reply, BYTES("admitted"));
    reply_integer(reply, (int64_t)test->admitted);
    reply_bulk(reply, BYTES("refused"));
    reply_integer(reply, (int64_t)(test->values - test->admitted));
    reply_bulk(reply, BYTES("because of"));
    reply_map(reply, test->tallies_count + (test->untold > 0));
    for (size_t i = 0; i < test->tallies_count; i++) {
        reply_bulk(reply, bytes_of_cstr(test->tallies[i].text));
        reply_integer(reply, (int64_t)test->tallies[i].values);
    }
    if (test->untold > 0) {
        reply_bulk(reply, BYTES("others"));
        reply_integer(reply, (int64_t)test->untold);
    }
    reply_bulk(reply, BYTES("examples"));
    reply_array(reply, test->examples_count);
    for (size_t i = 0; i < test->examples_count; i++)
        reply_bulk(reply, bytes_of_cstr(test->examples[i].text));
}

/* Names of one step of the walk, each with its length in front, for they may not be looked up while
 * the walk holds its lock. */
struct step {
    struct buf names;
    struct bytes pattern;
    bool failed;
};

static void collect_name(void *context, struct bytes name, const struct store_value *value) {
    struct step *step = context;
    if (value->type != VALUE_STRING ||
        !(glob_is_all(step->pattern) || glob_match(step->pattern, name)))
        return;
    uint32_t len = (uint32_t)name.len;
    if (buf_append(&step->names, bytes_view(&len, sizeof len)) != BRINE_OK ||
        buf_append(&step->names, name) != BRINE_OK)
        step->failed = true;
}

/* False: there is no memory for a copy.  What is gone meanwhile is not counted. */
static bool test_key(struct policy_test *test, struct bytes name, struct buf *copy) {
    struct keyspace_access *access = test->call->access;
    struct store_key key = keyspace_key(access, test->call->session->db, name);
    struct store_value value;
    buf_clear(copy);
    bool found = keyspace_peek(access, &key, &value) && value.type == VALUE_STRING;
    bool copied = !found || buf_append(copy, value.bytes) == BRINE_OK;
    keyspace_leave(access);
    if (!copied) return false;
    if (!found) return true;
    test->values++;
    if (judge_value(test, name, buf_view(copy)))
        test->admitted++;
    else
        add_refusal(test);
    return true;
}

static bool test_step(struct policy_test *test, struct bytes names, struct buf *copy) {
    for (size_t at = 0; at < names.len;) {
        uint32_t len;
        memcpy(&len, names.data + at, sizeof len);
        if (!test_key(test, bytes_slice(names, at + sizeof len, len), copy)) return false;
        at += sizeof len + len;
    }
    return true;
}

/* Walks over the session's database as KEYS does, on a thread that may take its time. */
static void test_keys(struct policy_test *test, struct bytes pattern) {
    struct keyspace_access *access = test->call->access;
    struct allocator *mem = test->call->worker->mem;
    struct step step = {.pattern = pattern};
    struct keyspace_scan scan = {
        .db = test->call->session->db, .visit = collect_name, .context = &step};
    struct buf copy;
    uint64_t cursor = 0;
    buf_init(&step.names, mem, POLICY_TEXT_BYTES_MAX);
    buf_init(&copy, mem, SIZE_MAX);
    do {
        buf_clear(&step.names);
        cursor = keyspace_scan(access, &scan, cursor);
        if (!step.failed) step.failed = !test_step(test, buf_view(&step.names), &copy);
    } while (cursor && !step.failed);
    buf_deinit(&copy);
    buf_deinit(&step.names);
    if (step.failed)
        reply_error(test->call->reply, ERROR_NO_MEMORY);
    else
        reply_test(test);
}

static void test_value(struct policy_test *test, struct bytes key, struct bytes value) {
    test->values = 1;
    test->admitted = judge_value(test, key, value);
    if (!test->admitted) add_refusal(test);
    reply_test(test);
}

static void run_test(struct policy_test *test) {
    struct command_call *call = test->call;
    struct bytes subject = call->args[TEST_SUBJECT];
    bool has_key = call->args_count == TEST_KEY + 1 && call_is(call, TEST_KEY_WORD, "KEY");
    if (call_is(call, TEST_WHAT, "KEYS") && call->args_count == TEST_SUBJECT + 1)
        test_keys(test, subject);
    else if (call_is(call, TEST_WHAT, "VALUE") && (has_key || call->args_count == TEST_SUBJECT + 1))
        test_value(test, has_key ? call->args[TEST_KEY] : BYTES(""), subject);
    else
        reply_error(call->reply, ERROR_SYNTAX);
}

/* PICKLE.POLICY TEST name[,name] KEYS pattern | VALUE value [KEY key] */
void cmd_pickle_policy_test(struct command_call *call) {
    struct gate_keeper *keeper = call_keeper(call);
    if (!keeper) return;
    if (call->access->in_transaction) {
        reply_error(call->reply, BYTES("ERR PICKLE.POLICY TEST inside MULTI is not allowed"));
        return;
    }
    if (call->access->may_defer) {
        call->access->deferred = true;
        return;
    }
    struct policy_test *test = arena_alloc(&call->worker->scratch, sizeof *test);
    if (!test) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    *test = (struct policy_test){
        .call = call, .keeper = keeper, .policy_text = call->args[TEST_POLICIES]};
    test->setup = gate_keeper_setup(keeper);
    if (call_policy(call, test->setup, test->policy_text, &test->compiled)) {
        run_test(test);
        policy_compiled_deinit(&test->compiled);
    }
    gate_setup_unref(test->setup);
}

/* PICKLE.POLICY HELP */
void cmd_pickle_policy_help(struct command_call *call) {
    static const char *const lines[] = {
        "LEARNED [RESET]",
        "    Return as TOML what values needed beyond the policy while gate.mode was learn.",
        "LIST",
        "    Return the policies that rules may name.",
        "RELOAD",
        "    Read rules and policies from their files again, all or nothing.",
        "SHOW <name>",
        "    Return a policy with all that it extends as TOML.",
        "TEST <name>[,<name>...] KEYS <pattern> | VALUE <value> [KEY <key>]",
        "    Say which values the policies would refuse.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
