/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One stored value made visible: PICKLE.INSPECT, VIEW and DIS, and PICKLE.GLOBALS of a key.  What
 * they show is a description and never the value's bytes, so they speak of what the policy would
 * not let a client read as well. */

#include "cmd/handlers.h"
#include "cmd/pickle_facts.h"

#include "gate/keeper.h"
#include "pickle/disasm.h"
#include "pickle/view.h"

#include <stdio.h>
#include <time.h>

enum { SUBJECT_KEY = 1, SHOWN_BYTES_MAX = 1 << 20, TEXT_BYTES = 256 };

/* ---- saying -------------------------------------------------------------------------------------
 */

/* A map of as many pairs as were said: its head is written when they are known. */
struct account {
    struct reply *reply;
    size_t head, pairs;
};

static struct account account_open(struct reply *reply) {
    return (struct account){.reply = reply, .head = resp_map_open(&reply->writer)};
}
static void account_close(const struct account *account) {
    resp_map_close(&account->reply->writer, account->head, account->pairs);
}
static void say_name(struct account *account, const char *name) {
    account->pairs++;
    reply_bulk(account->reply, bytes_of_cstr(name));
}
static void say_text(struct account *account, const char *name, struct bytes text) {
    say_name(account, name);
    reply_bulk(account->reply, text);
}
static void say(struct account *account, const char *name, const char *text) {
    say_text(account, name, bytes_of_cstr(text));
}
static void say_number(struct account *account, const char *name, uint64_t number) {
    say_name(account, name);
    reply_integer(account->reply, (int64_t)number);
}

/* "shop.models.Cart: new, build {count, owner} 3f2a90c4d1e8b756" */
static void say_global(struct reply *reply, const struct pickle_fact_global *global) {
    char words[USES_TEXT_BYTES], state[700] = "";
    if (global->fingerprint)
        snprintf(state, sizeof state, " {%.*s} %016llx%s", (int)global->keys.len,
                 (const char *)global->keys.data, (unsigned long long)global->fingerprint,
                 global->varies ? " and others" : "");
    reply_bulkf(reply, "%.*s.%.*s: %s%s", (int)MIN(global->module.len, (size_t)512),
                (const char *)global->module.data, (int)MIN(global->name.len, (size_t)512),
                (const char *)global->name.data, pickle_uses_text(global->uses, words), state);
}

static void say_globals(struct reply *reply, const struct pickle_facts *facts) {
    reply_array(reply, facts->globals_count + (facts->globals_untold > 0));
    for (size_t i = 0; i < facts->globals_count; i++) say_global(reply, &facts->globals[i]);
    if (facts->globals_untold > 0) reply_bulkf(reply, "and %zu more", facts->globals_untold);
}

static void say_time(struct account *account, const char *name, time_t at_s) {
    char text[64];
    struct tm parts;
    if (!gmtime_r(&at_s, &parts) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
        return;
    say(account, name, text);
}

/* ---- PICKLE.INSPECT -----------------------------------------------------------------------------
 */

static void say_pickle(struct account *account, const struct pickle_facts *facts) {
    static const char *const origins[] = {[PICKLE_ORIGIN_UNKNOWN] = "",
                                          [PICKLE_ORIGIN_PYTHON2] = "Python 2",
                                          [PICKLE_ORIGIN_PYTHON3] = "Python 3"};
    say_number(account, "protocol", facts->protocol);
    say_number(account, "protocol needed", facts->protocol_needed);
    if (facts->origin != PICKLE_ORIGIN_UNKNOWN) say(account, "written by", origins[facts->origin]);
    if (facts->type[0]) say(account, "type", facts->type);
    say_name(account, "globals");
    say_globals(account->reply, facts);
    say_number(account, "opcodes", facts->opcodes);
    say_number(account, "memo entries", facts->memo_entries);
    say_number(account, "nesting", facts->nesting);
    say_number(account, "heap bytes, estimated", facts->heap_bytes);
}

/* What a write of this value would be answered now. */
static void say_verdict(struct command_call *call, struct account *account,
                        const struct pickle_subject *subject) {
    struct gate_keeper *keeper = call->access->keyspace->gate->keeper;
    struct gate_question question = {.db = subject->db,
                                     .key = subject->key,
                                     .value = subject->value,
                                     .command = call->command->name};
    if (call->access->in_transaction) question.unpacking = &call->access->locked_unpacking;
    struct gate_look look = {.dry_run = true};
    struct gate_finding finding;
    struct gate_answer answer;
    char rule[GATE_RULE_NAME_BYTES_MAX + 32];
    if (!keeper) return;
    (void)gate_keeper_look(keeper, &call->access->desk, &question, &look, &answer, &finding);
    bool refused = finding.found == GATE_FOUND_REFUSED;
    say(account, "verdict", refused ? gate_on_refusal_word(finding.rule->on_refusal) : "admit");
    say(account, "rule", gate_rule_text(finding.rule, rule, sizeof rule));
    if (finding.rule->policy_text.len) say_text(account, "policy", finding.rule->policy_text);
    if (refused) say(account, "message", answer.text);
}

static const char *found_text(const struct pickle_facts *facts, struct bytes value, char *text,
                              size_t size) {
    switch (facts->found) {
    case FACTS_BYTES:
        snprintf(text, size, "not a pickle; it looks like %s", pickle_looks_like(value));
        break;
    case FACTS_INTEGER:
        snprintf(text, size, "an integer, which readers do not unpickle");
        break;
    case FACTS_PICKLE:
        snprintf(text, size, facts->problem[0] ? "a pickle, read as far as it may be" : "a pickle");
        break;
    case FACTS_BROKEN:
        snprintf(text, size, "begins as a pickle and is none");
        break;
    }
    return text;
}

static void say_storage(struct command_call *call, struct account *account,
                        const struct pickle_subject *subject) {
    struct gate_kinds *kinds = call->access->keyspace->gate->kinds;
    if (subject->expire_at_ms != STORE_NO_EXPIRY)
        say_number(account, "ttl ms", (uint64_t)MAX(subject->expire_at_ms - call->now_ms, 0));
    if (subject->stored_at_s) say_time(account, "stored at", (time_t)subject->stored_at_s);
    if (subject->writer) {
        char writer[TEXT_BYTES];
        say(account, "stored by",
            keyspace_writer_text(call->access->keyspace, subject->writer, writer, sizeof writer));
    }
    if (kinds)
        say(account, "judged by",
            gate_kinds_is_current(kinds, subject->label) ? "the policy in force"
            : subject->label                             ? "an older policy"
                                                         : "no policy yet");
}

/* PICKLE.INSPECT key */
void cmd_pickle_inspect(struct command_call *call) {
    struct pickle_subject subject;
    struct pickle_facts facts;
    char text[TEXT_BYTES];
    if (!pickle_subject_take(call, &call->key, &subject)) return;
    if (!pickle_facts_read(call, &subject, &facts)) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        goto done;
    }
    struct account account = account_open(call->reply);
    say(&account, "found", found_text(&facts, subject.value, text, sizeof text));
    say_number(&account, "bytes", subject.value.len);
    if (facts.path.depth > 0)
        say(&account, "framing", frame_path_text(&facts.path, text, sizeof text));
    if (facts.path.depth > 1) say_number(&account, "bytes of the pickle", facts.bytes);
    if (facts.found == FACTS_PICKLE) say_pickle(&account, &facts);
    if (facts.problem[0]) say(&account, "problem", facts.problem);
    say_storage(call, &account, &subject);
    say_verdict(call, &account, &subject);
    account_close(&account);
done:
    pickle_subject_drop(&subject);
}

/* ---- PICKLE.VIEW and PICKLE.DIS -----------------------------------------------------------------
 */

typedef enum brine_status render_fn(struct bytes pickle, bool json, struct buf *out,
                                    struct brine_error *err);

struct rendering {
    render_fn *render;
    struct frame_path path;
    struct buf out;
    struct brine_error err;   /* of the reading that out shows */
    enum brine_status status; /* of that reading; NOT_FOUND: there is none yet */
    bool json, integer;
};

static enum brine_status render_view(struct bytes pickle, bool json, struct buf *out,
                                     struct brine_error *err) {
    return pickle_view(pickle, (struct pickle_view_options){.json = json}, out, err);
}

static enum brine_status render_dis(struct bytes pickle, bool json UNUSED, struct buf *out,
                                    struct brine_error *err) {
    return pickle_disassemble(pickle, out, err);
}

/* The first reading that can be shown whole, or the one that could be shown longest. */
static enum brine_status render_reading(void *context, const struct frame_reading *reading) {
    struct rendering *rendering = context;
    struct brine_error err = {0};
    struct buf out;
    rendering->integer |= reading->integer;
    if (reading->integer || rendering->status == BRINE_OK) return BRINE_OK;
    buf_init(&out, rendering->out.mem, SHOWN_BYTES_MAX);
    enum brine_status status = rendering->render(reading->bytes, rendering->json, &out, &err);
    bool longer = rendering->status == BRINE_NOT_FOUND || err.offset > rendering->err.offset;
    if (status == BRINE_OK || status == BRINE_TOO_BIG || longer) {
        struct buf old = rendering->out;
        rendering->out = out;
        out = old;
        rendering->err = err;
        rendering->status = status;
        rendering->path = reading->path;
    }
    buf_deinit(&out);
    return BRINE_OK;
}

static void reply_rendering(struct command_call *call, const struct pickle_subject *subject,
                            const struct rendering *rendering) {
    bool partial = rendering->render == render_dis && rendering->out.len > 0;
    char path[TEXT_BYTES];
    if (rendering->status == BRINE_OK || rendering->status == BRINE_TOO_BIG ||
        (partial && !rendering->integer && subject->value.len > 0 &&
         subject->value.data[0] == 0x80)) {
        struct buf *text = &call->worker->collected;
        enum brine_status status = BRINE_OK;
        buf_clear(text);
        if (rendering->path.depth > 1 && !rendering->json)
            status =
                buf_printf(text, "# %s\n", frame_path_text(&rendering->path, path, sizeof path));
        if (status == BRINE_OK) status = buf_append(text, buf_view(&rendering->out));
        if (status == BRINE_OK && rendering->status == BRINE_TOO_BIG)
            status = buf_printf(text, "\n# ... cut after %d bytes", SHOWN_BYTES_MAX);
        else if (status == BRINE_OK && rendering->status != BRINE_OK)
            status =
                buf_printf(text, "\n# offset %zu: %s", rendering->err.offset, rendering->err.text);
        if (status == BRINE_OK)
            reply_verbatim(call->reply, buf_view(text));
        else
            reply_error(call->reply, ERROR_NO_MEMORY);
        buf_clear(text);
        buf_shrink(text, KEYSPACE_SCRATCH_BYTES_KEPT);
    } else if (rendering->integer) {
        reply_error(call->reply, BYTES("ERR the value is an integer and not a pickle"));
    } else if (subject->value.len > 1 && subject->value.data[0] == 0x80) {
        reply_errorf(call->reply, "ERR the value is a broken pickle: offset %zu: %s",
                     rendering->err.offset, rendering->err.text);
    } else {
        reply_errorf(call->reply, "ERR the value is not a pickle; it looks like %s",
                     pickle_looks_like(subject->value));
    }
}

void pickle_reply_shown(struct command_call *call, const struct pickle_subject *subject,
                        enum pickle_shown shown) {
    struct brine_error err = {0};
    struct rendering rendering = {.render = shown == PICKLE_SHOWN_DIS ? render_dis : render_view,
                                  .json = shown == PICKLE_SHOWN_JSON,
                                  .status = BRINE_NOT_FOUND};
    struct pickle_frames frames;
    pickle_report_frames(call, subject, &frames);
    buf_init(&rendering.out, call->worker->mem, SHOWN_BYTES_MAX);
    enum brine_status status =
        frame_walk(subject->value, &frames.options, &call->access->desk.frame, render_reading,
                   &rendering, &err);
    if (status == BRINE_NO_MEMORY || rendering.status == BRINE_NO_MEMORY)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_rendering(call, subject, &rendering);
    buf_deinit(&rendering.out);
}

static void show(struct command_call *call, enum pickle_shown shown) {
    struct pickle_subject subject;
    if (!pickle_subject_take(call, &call->key, &subject)) return;
    pickle_reply_shown(call, &subject, shown);
    pickle_subject_drop(&subject);
}

/* PICKLE.VIEW key [JSON] */
void cmd_pickle_view(struct command_call *call) {
    enum { VIEW_FORM = 2, VIEW_ARGS_MAX = 3 };
    bool json = call->args_count == VIEW_ARGS_MAX && call_is(call, VIEW_FORM, "JSON");
    if (call->args_count > VIEW_ARGS_MAX || (call->args_count == VIEW_ARGS_MAX && !json))
        reply_error(call->reply, ERROR_SYNTAX);
    else
        show(call, json ? PICKLE_SHOWN_JSON : PICKLE_SHOWN_VIEW);
}

/* PICKLE.DIS key */
void cmd_pickle_dis(struct command_call *call) {
    show(call, PICKLE_SHOWN_DIS);
}

/* ---- PICKLE.GLOBALS key -------------------------------------------------------------------------
 */

void reply_globals_of_key(struct command_call *call) {
    struct store_key key = call_key(call, SUBJECT_KEY);
    struct pickle_subject subject;
    struct pickle_facts facts;
    if (!pickle_subject_take(call, &key, &subject)) return;
    if (!pickle_facts_read(call, &subject, &facts))
        reply_error(call->reply, ERROR_NO_MEMORY);
    else if (facts.found == FACTS_PICKLE)
        say_globals(call->reply, &facts);
    else
        reply_errorf(call->reply, "ERR the value is not a pickle; it looks like %s",
                     facts.found == FACTS_INTEGER  ? "an integer"
                     : facts.found == FACTS_BROKEN ? "a broken one"
                                                   : pickle_looks_like(subject.value));
    pickle_subject_drop(&subject);
}
