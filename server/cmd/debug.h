/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who may say DEBUG.  Thread: the session's. */
#ifndef BRINE_CMD_DEBUG_H
#define BRINE_CMD_DEBUG_H

#include "cmd/worker.h"

enum {
    DEBUG_SLEEP_S_MAX = 3600,
    DEBUG_NAME_BYTES_MAX = 1 << 20 /* of a name that POPULATE makes; the keyspace takes shorter */
};

/* The error of DEBUG and of MODULE, where they are not. */
void debug_refuse(struct reply *reply, const struct command *command);

/* As debug.commands says. */
bool debug_is_allowed(const struct worker_state *worker, const struct session *session);

#endif
