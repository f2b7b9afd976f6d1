/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Snapshots: SAVE, BGSAVE, LASTSAVE, SHUTDOWN.  Source of answers: Redis 7.0 rdb.c, db.c; where it
 * says "-ERR" and no more, the reason stands behind it here. */

#include "cmd/handlers.h"

#include "cmd/worker.h"

#define ERROR_SAVE_IN_PROGRESS BYTES("ERR Background save already in progress")

/* NULL: an error was replied. */
static struct snapshots *snapshots_of(struct command_call *call) {
    const struct services *services = call->worker->services;
    if (services && services->snapshots) return services->snapshots;
    reply_error(call->reply, BYTES("ERR this server keeps no snapshots"));
    return NULL;
}

/* What takes long is done by a thread that may wait.  True: it will be asked again there. */
static bool is_deferred(struct command_call *call) {
    call->access->deferred = call->access->may_defer;
    return call->access->deferred;
}

/* SAVE */
void cmd_save(struct command_call *call) {
    struct snapshots *snapshots = snapshots_of(call);
    struct brine_error err;
    if (!snapshots || is_deferred(call)) return;
    if (snapshots_save(snapshots, &call->access->hold, &err) == BRINE_OK)
        reply_ok(call->reply);
    else
        reply_errorf(call->reply, "ERR %s", err.text);
}

/* BGSAVE [SCHEDULE]: the word is for what else may be in its way in Redis, an AOF rewrite. */
void cmd_bgsave(struct command_call *call) {
    enum { BGSAVE_SCHEDULE = 1, BGSAVE_ARGS_MAX = 2 };
    bool schedule =
        call->args_count == BGSAVE_ARGS_MAX && call_is(call, BGSAVE_SCHEDULE, "SCHEDULE");
    if (call->args_count > 1 && !schedule) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    struct snapshots *snapshots = snapshots_of(call);
    struct brine_error err;
    if (!snapshots) return;
    if (call->access->in_transaction) {
        if (snapshots_schedule(snapshots))
            reply_simple(call->reply, BYTES("Background saving scheduled"));
        else
            reply_error(call->reply, ERROR_SAVE_IN_PROGRESS);
        return;
    }
    switch (snapshots_begin(snapshots, &call->access->hold, &err)) {
    case SNAPSHOTS_BEGUN:
        reply_simple(call->reply, BYTES("Background saving started"));
        break;
    case SNAPSHOTS_BUSY:
        reply_error(call->reply, ERROR_SAVE_IN_PROGRESS);
        break;
    case SNAPSHOTS_FAILED:
        reply_errorf(call->reply, "ERR %s", err.text);
        break;
    }
}

/* BGREWRITEAOF: who is told that a file is being written relies on it. */
void cmd_bgrewriteaof(struct command_call *call) {
    reply_error(call->reply, BYTES("ERR this server keeps no append-only file; BGSAVE writes a "
                                   "snapshot"));
}

/* LASTSAVE */
void cmd_lastsave(struct command_call *call) {
    struct snapshots *snapshots = snapshots_of(call);
    struct snapshots_facts facts;
    if (!snapshots) return;
    snapshots_facts(snapshots, &facts);
    reply_integer(call->reply, facts.last_save_s);
}

struct shutdown {
    bool save, no_save, now, force, abort;
};

static bool read_shutdown(struct command_call *call, struct shutdown *how) {
    const struct {
        const char *word;
        bool *flag;
    } words[] = {{"SAVE", &how->save},
                 {"NOSAVE", &how->no_save},
                 {"NOW", &how->now},
                 {"FORCE", &how->force},
                 {"ABORT", &how->abort}};
    for (size_t i = 1; i < call->args_count; i++) {
        size_t row = 0;
        while (row < ARRAY_LEN(words) && !call_is(call, i, words[row].word)) row++;
        if (row == ARRAY_LEN(words)) return false;
        *words[row].flag = true;
    }
    if (how->abort && call->args_count > 2) return false;
    return !(how->save && how->no_save);
}

/* SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: what is to be saved is saved before, so that its
 * failure can be answered, and again at the end when something changed meanwhile. */
void cmd_shutdown(struct command_call *call) {
    const struct services *services = call->worker->services;
    struct shutdown how = {0};
    struct brine_error err;
    if (!read_shutdown(call, &how)) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    if (how.abort) {
        reply_error(call->reply, BYTES("ERR No shutdown in progress."));
        return;
    }
    if (!services || !services->stop) {
        reply_error(call->reply, BYTES("ERR Errors trying to SHUTDOWN. Check logs."));
        return;
    }
    struct snapshots *snapshots = services->snapshots;
    bool save = snapshots && !how.no_save && (how.save || snapshots_wants_last(snapshots));
    if (save && is_deferred(call)) return;
    if (save && snapshots_save(snapshots, &call->access->hold, &err) != BRINE_OK && !how.force) {
        reply_error(call->reply, BYTES("ERR Errors trying to SHUTDOWN. Check logs."));
        return;
    }
    if (snapshots && (how.save || how.no_save)) snapshots_set_last(snapshots, how.save);
    call->session->close_after_reply = true;
    services->stop(services->server);
}
