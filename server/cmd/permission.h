/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a client's user may run a command: what auth/ knows of users, and the command table knows
 * of keys and channels, brought together.
 *
 *     if (UNLIKELY(permission_asks(session)) && permission_denies(worker, session, &attempt)) ...
 *
 * Thread: the session's worker, but for what says otherwise.
 * Cost: permission_asks is one load; permission_denies is O(keys * patterns). */
#ifndef BRINE_CMD_PERMISSION_H
#define BRINE_CMD_PERMISSION_H

#include "cmd/worker.h"

/* The command table as rules name it. */
void permission_vocabulary(struct auth_vocabulary *vocabulary);
/* Whether the [[user]] rows and auth.password are right: for --check-config. */
enum brine_status permission_check_config(struct config *config, struct brine_error *err) MUST_USE;
/* Reads them, and listens to CONFIG SET requirepass from now on.  Before threads exist. */
enum brine_status permission_configure(struct command_shared *shared, struct config *config,
                                       struct brine_error *err) MUST_USE;

/* A command as it was sent. */
struct attempt {
    const struct command *command;
    const struct bytes *args;
    size_t args_count;
};

/* False: the session's user may do everything. */
static inline bool permission_asks(const struct session *session) {
    return session->user && auth_user_fate(session->user) != AUTH_FREE;
}

/* True: the user may not, and an error was replied and noted. */
bool permission_denies(struct worker_state *worker, struct session *session,
                       const struct attempt *attempt);
/* The same for a command that was queued when it was allowed; the error says so. */
bool permission_denies_queued(struct worker_state *worker, struct session *session,
                              const struct attempt *attempt);

/* The question that a command puts to a user; auth_user_check answers. */
void permission_question(const struct attempt *attempt, struct auth_question *question);

/* True: the session's user is gone, or may not listen any more where the session does, so its
 * connection is to be closed.  Changes nothing of the session. */
bool permission_recheck(struct command_shared *shared, const struct session *session);

/* AUTH and HELLO AUTH.  False: an error was replied and noted. */
bool permission_login(struct command_call *call, struct bytes name, struct bytes password);
/* The session's user is "default" again, let in when the server is open. */
void permission_logout(struct command_call *call);
/* A reference to the user that a new client has. */
struct auth_user *permission_newcomer(struct command_shared *shared, bool *authenticated);

static inline struct bytes session_user_name(const struct session *session) {
    return session->user ? session->user->name : BYTES("default");
}

#endif
