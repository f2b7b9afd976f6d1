/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A run locks the keys that EVAL names, as EXEC does, and calls handlers within that hold.  What a
 * handler replies is read back from the end of the reply buffer and taken away again, which costs
 * some 50 ns a call and needs no second way to run a command.  Within a run replies are those of
 * RESP2, for that is what a script sees; what it returns is written in the client's version. */

#include "cmd/script_run.h"

#include "base/number.h"
#include "base/reader.h"
#include "cmd/dispatch.h"
#include "cmd/monitor.h"
#include "cmd/tracking.h"
#include "keyspace/transaction.h"

#include <math.h>
#include <stdio.h>

/* Copies of what commands answer, for one run. */
static const size_t MEMORY_BYTES_MAX = (size_t)1 << 30;

/* What a command that writes replies, short as that is, must find room: it has written by then. */
enum { REPLY_ROOM_BYTES = 1024 };

#define OUT_OF_MEMORY "OOM the server is out of memory"

static const struct script_program programs[] = {
#define SCRIPT(name, digest, function, value_arg, walks)                                           \
    {name, digest, function, NULL, value_arg, walks},
#define SCRIPT_NEEDS(name, digest, needs) {name, digest, NULL, needs, 0, false},
#include "cmd/scripts.def"
#undef SCRIPT
#undef SCRIPT_NEEDS
};

const struct script_program *script_program_at(size_t index) {
    return index < ARRAY_LEN(programs) ? &programs[index] : NULL;
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Keeps the first error.  `text` is the whole line without '-'. */
static void fail(struct script_run *run, uint16_t line, struct bytes text) {
    char digest[SCRIPT_DIGEST_TEXT_BYTES];
    if (run->failed) return;
    run->failed = true;
    snprintf(run->error, sizeof run->error, "%.*s script: %s, on @user_script:%u.", (int)text.len,
             (const char *)text.data, script_digest_text(&run->entry->digest, digest), line);
}

static void fail_text(struct script_run *run, uint16_t line, const char *text) {
    fail(run, line, bytes_of_cstr(text));
}

static uint16_t call_line(const struct script_run *run, size_t site) {
    return site < SCRIPT_SITES_MAX ? run->entry->normal.call_lines[site] : 0;
}

static uint16_t operator_line(const struct script_run *run, size_t site) {
    return site < SCRIPT_SITES_MAX ? run->entry->normal.operator_lines[site] : 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *type_name(struct script_value value) {
    switch (value.kind) {
    case SCRIPT_NIL:
        return "nil";
    case SCRIPT_FALSE:
        return "boolean";
    case SCRIPT_NUMBER:
        return "number";
    case SCRIPT_STRING:
        return "string";
    case SCRIPT_STATUS:
    case SCRIPT_LIST:
        return "table";
    }
    return "";
}

bool script_same(struct script_value a, struct script_value b) {
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case SCRIPT_NIL:
    case SCRIPT_FALSE:
        return true;
    case SCRIPT_NUMBER:
        return a.number == b.number;
    case SCRIPT_STRING:
        return bytes_equal(a.text, b.text);
    case SCRIPT_STATUS:
    case SCRIPT_LIST:
        return false; /* two tables */
    }
    return false;
}

struct script_value script_to_number(struct script_value value) {
    double number;
    if (value.kind == SCRIPT_NUMBER) return value;
    if (value.kind == SCRIPT_STRING && number_parse_lua(value.text, &number))
        return script_number(number);
    return NIL;
}

double script_operand(struct script_run *run, size_t site, struct script_value value,
                      const char *what) {
    struct script_value number = script_to_number(value);
    if (number.kind == SCRIPT_NUMBER) return number.number;
    char text[128];
    uint16_t line = operator_line(run, site);
    snprintf(text, sizeof text,
             "ERR user_script:%u: attempt to perform arithmetic on %s%sa %s value%s", line, what,
             *what ? " (" : "", type_name(value), *what ? ")" : "");
    fail_text(run, line, text);
    return 0;
}

double script_length(struct script_run *run, size_t site, struct script_value value) {
    if (value.kind == SCRIPT_STRING) return (double)value.text.len;
    char text[128];
    uint16_t line = operator_line(run, site);
    snprintf(text, sizeof text,
             "ERR user_script:%u: bad argument #1 to 'len' (string expected, got %s)", line,
             type_name(value));
    fail_text(run, line, text);
    return 0;
}

bool script_less(struct script_run *run, size_t site, struct script_value a,
                 struct script_value b) {
    if (a.kind == SCRIPT_NUMBER && b.kind == SCRIPT_NUMBER) return a.number < b.number;
    char text[128];
    uint16_t line = operator_line(run, site);
    if (a.kind == b.kind)
        snprintf(text, sizeof text, "ERR user_script:%u: attempt to compare two %s values", line,
                 type_name(a));
    else
        snprintf(text, sizeof text, "ERR user_script:%u: attempt to compare %s with %s", line,
                 type_name(a), type_name(b));
    fail_text(run, line, text);
    return false;
}

bool script_next(struct script_value *list, struct bytes *element) {
    size_t at = 0;
    int64_t len;
    if (list->kind != SCRIPT_LIST || list->text.len == 0) return false;
    while (list->text.data[at] != '\r') at++;
    if (!number_parse_i64(bytes_slice(list->text, 1, at - 1), &len)) return false;
    *element = bytes_slice(list->text, at + 2, (size_t)len);
    list->text = bytes_slice(list->text, at + 2 + (size_t)len + 2, list->text.len);
    return true;
}

/* ---- redis.call ------------------------------------------------------------------------------ */

static struct script_value keep(struct script_run *run, enum script_kind kind, struct bytes text) {
    struct bytes copy = arena_copy(&run->memory, text);
    if (!copy.data) fail_text(run, 0, OUT_OF_MEMORY);
    return copy.data ? (struct script_value){.kind = kind, .text = copy} : NIL;
}

/* A bulk string whose bytes are not in the buffer. */
static struct script_value keep_large(struct script_run *run, const struct reply_large *large) {
    if (run->pinned_count == SCRIPT_PINNED_MAX) return keep(run, SCRIPT_STRING, large->bytes);
    run->pinned[run->pinned_count++] = blob_ref(large->blob);
    return script_text(large->bytes);
}

/* What a command replied since the mark. */
static struct script_value read_reply(struct script_run *run, struct reply_mark mark,
                                      uint16_t line) {
    const struct reply *reply = run->call->reply;
    struct bytes raw = bytes_slice(buf_view(&reply->out), mark.out_bytes, reply->out.len);
    if (reply->writer.failed == BRINE_NO_MEMORY) {
        fail_text(run, line, OUT_OF_MEMORY);
        return NIL;
    }
    if (reply_is_broken(reply) || raw.len < 3) {
        fail_text(run, line, "ERR the reply of a command in a script is too long");
        return NIL;
    }
    size_t at = 1;
    while (raw.data[at] != '\r') at++;
    struct bytes head = bytes_slice(raw, 1, at - 1), rest = bytes_slice(raw, at + 2, raw.len);
    int64_t number = 0;
    switch (raw.data[0]) {
    case '+':
        return keep(run, SCRIPT_STATUS, head);
    case '-':
        fail(run, line, head);
        return NIL;
    case ':':
        (void)!number_parse_i64(head, &number);
        return script_number((double)number);
    case '$':
        if (bytes_equal(head, BYTES("-1"))) return FALSE;
        if (reply->larges_count > mark.larges_count)
            return keep_large(run, &reply->larges[mark.larges_count]);
        return keep(run, SCRIPT_STRING, bytes_slice(rest, 0, rest.len - 2));
    case '*':
        return keep(run, SCRIPT_LIST, rest);
    default:
        return FALSE;
    }
}

/* The arguments as a command gets them; NULL: they are none, or there is no memory. */
static struct bytes *to_arguments(struct script_run *run, uint16_t line,
                                  const struct script_value *values, size_t count) {
    enum { NUMBER_BYTES = NUMBER_DOUBLE_TEXT_BYTES };
    struct bytes *args = arena_alloc(&run->memory, count * sizeof *args);
    for (size_t i = 0; args && i < count; i++) {
        if (values[i].kind == SCRIPT_STRING) {
            args[i] = values[i].text;
        } else if (values[i].kind == SCRIPT_NUMBER) {
            char text[NUMBER_BYTES];
            int len = snprintf(text, sizeof text, "%.17g", values[i].number);
            args[i] = arena_copy(&run->memory, bytes_view(text, (size_t)len));
            if (!args[i].data) args = NULL;
        } else {
            fail_text(run, line, "ERR Lua redis lib command arguments must be strings or integers");
            return NULL;
        }
    }
    if (!args) fail_text(run, line, OUT_OF_MEMORY);
    return args;
}

/* False: it may not run, and the run has failed. */
static bool may_run(struct script_run *run, const struct command *command, uint16_t line) {
    const char *why = NULL;
    if (run->read_only && command->flags & CMD_WRITE)
        why = "ERR Write commands are not allowed from read-only scripts.";
    else if (run->out_of_memory && !run->has_written && command->flags & CMD_DENYOOM)
        why = "OOM command not allowed when used memory > 'maxmemory'.";
    if (why) fail_text(run, line, why);
    return !why;
}

static void note_reads(struct script_run *run) {
    if (LIKELY(!(run->call->session->modes & SESSION_TRACKING)) || run->has_read) return;
    run->has_read = true;
    tracking_note_script(run->call, run->keys, run->keys_count);
}

struct script_value script_call(struct script_run *run, size_t site,
                                const struct script_value *values, size_t count) {
    struct command_call inner = *run->call;
    uint16_t line = call_line(run, site);
    inner.by_script = true;
    if (run->failed) return NIL;
    struct bytes *args = to_arguments(run, line, values, count);
    if (!args) return NIL;
    inner.args = args;
    inner.args_count = count;
    inner.command = command_find(&inner.worker->shared->index, args[0]);
    if (!inner.command || !may_run(run, inner.command, line)) return NIL;
    if ((size_t)inner.command->keys.first < count)
        inner.key = keyspace_key(inner.access, inner.session->db, args[inner.command->keys.first]);
    if (buf_reserve(&inner.reply->out, REPLY_ROOM_BYTES) != BRINE_OK) {
        fail_text(run, line, OUT_OF_MEMORY);
        return NIL;
    }
    struct reply_mark mark = reply_mark(inner.reply);
    if (inner.command->flags & CMD_READONLY) note_reads(run);
    dispatch_run_inner(&inner);
    struct script_value value = NIL;
    if (inner.access->deferred)
        run->failed =
            true; /* EVAL is run again elsewhere: only what walks is deferred, and first */
    else
        value = read_reply(run, mark, line);
    reply_rewind(inner.reply, mark);
    if (inner.command->flags & CMD_WRITE) run->has_written = true;
    return value;
}

/* ---- what a script returns ------------------------------------------------------------------- */

/* As C would convert it where that is defined, and as x86 does elsewhere, which clients of Redis
 * see. */
static int64_t to_integer(double number) {
    static const double limit = 9223372036854775808.0; /* 2^63 */
    return fabs(number) < limit ? (int64_t)number : INT64_MIN;
}

static void reply_script_value(struct reply *reply, struct script_value value) {
    switch (value.kind) {
    case SCRIPT_NIL:
    case SCRIPT_FALSE:
        reply_null(reply);
        return;
    case SCRIPT_NUMBER:
        reply_integer(reply, to_integer(value.number));
        return;
    case SCRIPT_STRING:
        reply_bulk(reply, value.text);
        return;
    case SCRIPT_STATUS:
        reply_simple(reply, value.text);
        return;
    case SCRIPT_LIST:
        return; /* no program returns what KEYS answered */
    }
}

static void begin_return(struct script_run *run) {
    run->call->reply->writer.version = run->call->session->resp_version;
}

void script_return(struct script_run *run, struct script_value value) {
    if (run->failed) return;
    begin_return(run);
    reply_script_value(run->call->reply, value);
}

void script_return_list(struct script_run *run, const struct script_value *values, size_t count) {
    if (run->failed) return;
    begin_return(run);
    reply_array(run->call->reply, count);
    for (size_t i = 0; i < count; i++) reply_script_value(run->call->reply, values[i]);
}

void script_return_error(struct script_run *run, const char *text) {
    if (run->failed) return;
    begin_return(run);
    reply_error(run->call->reply, bytes_of_cstr(text));
}

void script_fail_memory(struct script_run *run) {
    fail_text(run, 0, OUT_OF_MEMORY);
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* The value that the script would store as it is, judged before anything is locked; false: refused,
 * or deferred. */
static bool judge_value(struct script_run *run, const struct script_program *program,
                        struct keyspace_judged *judged, size_t *judged_count) {
    struct command_call *call = run->call;
    *judged_count = 0;
    if (!program->value_arg || program->value_arg > run->args_count || run->keys_count == 0 ||
        call->access->in_transaction || run->read_only)
        return true;
    struct store_key key = keyspace_key(call->access, call->session->db, run->keys[0]);
    enum keyspace_outcome outcome =
        keyspace_judge(call->access, &key, run->args[program->value_arg - 1], judged);
    *judged_count = 1;
    if (outcome != KEYSPACE_DONE) reply_outcome(call, outcome);
    return outcome == KEYSPACE_DONE;
}

/* NULL: no memory. */
static struct store_key *hash_keys(struct script_run *run) {
    struct command_call *call = run->call;
    struct store_key *keys = arena_alloc(&run->memory, run->keys_count * sizeof *keys);
    for (size_t i = 0; keys && i < run->keys_count; i++)
        keys[i] = keyspace_key(call->access, call->session->db, run->keys[i]);
    return keys;
}

/* With its keys locked, where it has any and they are not held by EXEC. */
static void run_locked(struct script_run *run, const struct script_program *program,
                       const struct keyspace_judged *judged, size_t judged_count) {
    struct keyspace_access *access = run->call->access;
    bool locks = run->keys_count > 0 && !program->walks && !access->in_transaction;
    bool may_defer = access->may_defer;
    struct store_key *keys = locks ? hash_keys(run) : NULL;
    if (locks && !keys) {
        fail_text(run, 0, OUT_OF_MEMORY);
        return;
    }
    access->may_defer = may_defer && program->walks;
    if (locks) keyspace_begin(access, keys, run->keys_count, judged, judged_count);
    program->run(run);
    if (locks) keyspace_end(access);
    access->may_defer = may_defer;
}

void script_run(struct command_call *call, const struct script_entry *entry,
                const struct script_options *options) {
    const struct script_program *program = script_program_at(entry->program);
    struct script_run run = {
        .call = call,
        .entry = entry,
        .keys = options->keys,
        .args = options->args,
        .keys_count = options->keys_count,
        .args_count = options->args_count,
        .read_only = options->read_only,
    };
    struct keyspace_judged judged;
    size_t judged_count;
    if (!judge_value(&run, program, &judged, &judged_count)) {
        if (!call->access->deferred) monitor_show_script(call);
        return;
    }
    /* What walks may be put off, and is shown when it did not. */
    if (!program->walks) monitor_show_script(call);
    /* While EXEC holds its locks no room is made; it asked before. */
    if (!call->access->in_transaction)
        run.out_of_memory = dispatch_memory_is_exceeded(call->worker);
    struct resp_writer *writer = &call->reply->writer;
    arena_init(&run.memory, call->worker->mem, MEMORY_BYTES_MAX);
    writer->version = 2;
    run_locked(&run, program, &judged, judged_count);
    writer->version = call->session->resp_version;
    if (run.failed && !call->access->deferred) reply_error(call->reply, bytes_of_cstr(run.error));
    if (program->walks && !call->access->deferred) monitor_show_script(call);
    for (size_t i = 0; i < run.pinned_count; i++) blob_unref(run.pinned[i]);
    arena_deinit(&run.memory);
}
