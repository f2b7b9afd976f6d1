/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Tells systemd how the server is doing, when it asked to be told.  Any thread.
 * Source: sd_notify(3); written here because 30 lines are less than a library. */
#ifndef BRINE_NOTIFY_H
#define BRINE_NOTIFY_H

#include "base/bytes.h"

/* Sends the state ("READY=1", "STOPPING=1") to a socket named as $NOTIFY_SOCKET names it: a path,
 * or '@' and an abstract name.  NULL or "" sends nothing.  True when it was sent. */
bool notify_send(const char *socket_name, const char *state);

#endif
