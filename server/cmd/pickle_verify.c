/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* PICKLE.VERIFY: what a write would be answered, and why, without writing. */

#include "cmd/handlers.h"
#include "cmd/pickle_facts.h"

#include "base/number.h"
#include "gate/keeper.h"

#include <stdio.h>

enum {
    GLOBALS_MAX = 256, /* different ones that are listed */
    /* Of the resolutions of names, which a pickle without memo repeats for each instance. */
    RESOLUTIONS_MAX = 65536,
    TYPE_BYTES = 256,
};

struct global {
    struct bytes module, name; /* in the worker's scratch */
    uint32_t uses;
};

/* What the first pickle that is accepted shows while its report is valid. */
struct seen {
    struct arena *scratch;
    struct global *globals;
    size_t globals_count, globals_untold;
    char type[TYPE_BYTES];
    bool any, no_memory;
};

/* ---- looking ----------------------------------------------------------------------------------*/

static struct global *find_global(struct seen *seen, const struct pickle_global *global) {
    for (size_t i = 0; i < seen->globals_count; i++)
        if (bytes_equal(seen->globals[i].name, global->name) &&
            bytes_equal(seen->globals[i].module, global->module))
            return &seen->globals[i];
    return NULL;
}

static void add_global(struct seen *seen, const struct pickle_global *global) {
    struct global *known = find_global(seen, global);
    if (known) {
        known->uses |= global->uses;
        return;
    }
    if (seen->globals_count == GLOBALS_MAX) {
        seen->globals_untold++;
        return;
    }
    struct global *added = &seen->globals[seen->globals_count];
    added->module = arena_copy(seen->scratch, global->module);
    added->name = arena_copy(seen->scratch, global->name);
    added->uses = global->uses;
    seen->no_memory |= !added->module.data || !added->name.data;
    seen->globals_count += !seen->no_memory;
}

static void set_type(struct seen *seen, const struct pickle_report *report) {
    const struct pickle_global *class = report->top_global;
    bool is_class = class && report->top_kind == PICKLE_KIND_INSTANCE;
    if (is_class)
        snprintf(seen->type, sizeof seen->type, "%.*s.%.*s", (int)MIN(class->module.len, 120u),
                 (const char *)class->module.data, (int)MIN(class->name.len, 120u),
                 (const char *)class->name.data);
    else
        snprintf(seen->type, sizeof seen->type, "%s", pickle_kind_name(report->top_kind));
}

static void look_at(struct seen *seen, const struct pickle_report *report) {
    size_t looked = MIN(report->globals_count, (size_t)RESOLUTIONS_MAX);
    for (size_t i = 0; i < looked; i++) add_global(seen, &report->globals[i]);
    seen->globals_untold += report->globals_count - looked;
}

static void on_pickle(void *context, const struct frame_reading *reading UNUSED,
                      const struct pickle_report *report) {
    struct seen *seen = context;
    if (seen->any) return;
    seen->any = true;
    set_type(seen, report);
    look_at(seen, report);
}

/* ---- replying ---------------------------------------------------------------------------------*/

static const char *verdict_word(const struct gate_finding *finding) {
    if (finding->found != GATE_FOUND_REFUSED) return "admit";
    switch (finding->rule->on_refusal) {
    case GATE_ON_REFUSAL_ERROR:
        return "refuse";
    case GATE_ON_REFUSAL_DROP:
        return "drop";
    case GATE_ON_REFUSAL_LOG:
        break;
    }
    return "log";
}

static const char *found_word(enum gate_found found) {
    switch (found) {
    case GATE_FOUND_UNREAD:
        return "opaque, not read";
    case GATE_FOUND_INTEGER:
        return "an integer";
    case GATE_FOUND_BYTES:
        return "bytes that are no pickle to any reader";
    case GATE_FOUND_PICKLE:
        return "a pickle";
    case GATE_FOUND_REFUSED:
        break;
    }
    return "refused";
}

static void say_text(struct reply *reply, const char *name, struct bytes text) {
    reply_bulk(reply, bytes_of_cstr(name));
    reply_bulk(reply, text);
}

static void say(struct reply *reply, const char *name, const char *text) {
    say_text(reply, name, bytes_of_cstr(text));
}

static void say_number(struct reply *reply, const char *name, uint64_t number) {
    reply_bulk(reply, bytes_of_cstr(name));
    reply_integer(reply, (int64_t)number);
}

/* "shop.models.Cart: call, build" */
static void say_global(struct reply *reply, const struct global *global) {
    char words[USES_TEXT_BYTES];
    reply_bulkf(reply, "%.*s.%.*s: %s", (int)MIN(global->module.len, 512u),
                (const char *)global->module.data, (int)MIN(global->name.len, 512u),
                (const char *)global->name.data, pickle_uses_text(global->uses, words));
}

static void say_globals(struct reply *reply, const struct seen *seen) {
    reply_bulk(reply, BYTES("globals"));
    reply_array(reply, seen->globals_count + (seen->globals_untold > 0));
    for (size_t i = 0; i < seen->globals_count; i++) say_global(reply, &seen->globals[i]);
    if (seen->globals_untold > 0) reply_bulkf(reply, "and %zu more", seen->globals_untold);
}

static void say_finding(struct reply *reply, const struct gate_finding *finding,
                        const struct gate_answer *answer, const struct seen *seen) {
    bool refused = finding->found == GATE_FOUND_REFUSED;
    bool is_pickle = finding->found == GATE_FOUND_PICKLE ||
                     (finding->report && finding->class >= PICKLE_CLASS_FORBIDDEN);
    char path[128], rule[GATE_RULE_NAME_BYTES_MAX + 32];
    reply_map(reply, 4 + (finding->path.depth > 0) + 2 * is_pickle + seen->any + 4 * refused);
    say(reply, "verdict", verdict_word(finding));
    say(reply, "found", found_word(finding->found));
    say(reply, "rule", gate_rule_text(finding->rule, rule, sizeof rule));
    say_text(reply, "policy", finding->rule->policy_text);
    if (finding->path.depth > 0)
        say(reply, "framing", frame_path_text(&finding->path, path, sizeof path));
    if (is_pickle) {
        say_number(reply, "protocol", finding->protocol);
        say_globals(reply, seen);
    }
    if (seen->any) say(reply, "type", seen->type);
    if (!refused) return;
    say(reply, "class", pickle_class_name(finding->class));
    say(reply, "reason", finding->reason);
    say_number(reply, "offset", finding->offset);
    say(reply, "message", answer->text);
}

/* ---- the command ------------------------------------------------------------------------------*/

enum { VERIFY_VALUE = 1, VERIFY_FIRST_OPTION = 2 };

/* KEY key and DB n, in any order; false: replied what is wrong. */
static bool read_options(struct command_call *call, struct gate_question *question) {
    for (size_t at = VERIFY_FIRST_OPTION; at < call->args_count; at += 2) {
        if (at + 1 == call->args_count) {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
        int64_t db;
        if (call_is(call, at, "KEY")) {
            question->key = call->args[at + 1];
        } else if (!call_is(call, at, "DB")) {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        } else if (!number_parse_i64(call->args[at + 1], &db) || db < 0 ||
                   db >= config_read(call->worker->config->server.databases)) {
            reply_error(call->reply, BYTES("ERR DB index is out of range"));
            return false;
        } else {
            question->db = (uint32_t)db;
        }
    }
    return true;
}

/* PICKLE.VERIFY value [KEY key] [DB n] */
void cmd_pickle_verify(struct command_call *call) {
    struct gate_keeper *keeper = call->access->keyspace->gate->keeper;
    struct gate_question question = {
        .db = call->session->db,
        .value = call->args[VERIFY_VALUE],
        .command = call->command->name,
        .may_defer = call->access->may_defer,
        .unpacking = call->access->in_transaction ? &call->access->locked_unpacking : NULL,
    };
    if (!keeper) {
        reply_error(call->reply, BYTES("ERR this server has no rules"));
        return;
    }
    if (!read_options(call, &question)) return;
    /* EXEC holds locks: no longer than for a value that is stored. */
    size_t locked_bytes_max = call->access->keyspace->locked_bytes_max;
    if (call->access->in_transaction && question.value.len > locked_bytes_max) {
        reply_errorf(call->reply, "ERR inside MULTI at most %zu bytes are verified",
                     locked_bytes_max);
        return;
    }

    struct seen seen = {.scratch = &call->worker->scratch};
    struct gate_look look = {.dry_run = true, .on_pickle = on_pickle, .context = &seen};
    struct gate_finding finding;
    struct gate_answer answer;
    seen.globals = arena_alloc(seen.scratch, GLOBALS_MAX * sizeof *seen.globals);
    if (!seen.globals) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    if (gate_keeper_look(keeper, &call->access->desk, &question, &look, &answer, &finding) ==
        GATE_DEFER) {
        call->access->deferred = true;
        return;
    }
    if (finding.found == GATE_FOUND_REFUSED && finding.report) look_at(&seen, finding.report);

    if (seen.no_memory)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        say_finding(call->reply, &finding, &answer, &seen);
}
