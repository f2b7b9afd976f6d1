/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which arguments are nobody's business: passwords, and what makes users.  For whatever shows
 * commands to others: the slow log, MONITOR.
 *
 * Thread: any.  Source: Redis 7.0, the callers of redactClientCommandArgument. */
#ifndef BRINE_CMD_REDACT_H
#define BRINE_CMD_REDACT_H

#include "cmd/command.h"

#define REDACTED BYTES("(redacted)")

/* The argument as it may be shown: itself, or REDACTED. */
struct bytes redact_argument(const struct command *command, const struct bytes *args, size_t count,
                             size_t position);

#endif
