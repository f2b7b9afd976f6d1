/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A command that is too long to be kept is refused at the header that says so, and what comes of it
 * is thrown away: it holds nothing, no entry gives way for it, and the connection goes on.
 *
 * Thread: the connection's worker. */
#ifndef BRINE_NET_SWALLOW_H
#define BRINE_NET_SWALLOW_H

#include "net/connection.h"

/* When neither clients together nor entries may hold the command in the making. */
void swallow_begin_if_too_long(struct connection *connection);
/* Input while connection->swallowing.  BRINE_NEED_MORE: it goes on; BRINE_OK: it is over, and the
 * query is a command that will be refused, and what came behind; else there is no memory. */
enum brine_status swallow_take(struct connection *connection, struct bytes input) MUST_USE;

#endif
