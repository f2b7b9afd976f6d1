/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The interactive mode: a line editor with history, completion of commands and hints of their
 * arguments, both from COMMAND DOCS of the server itself. */
#ifndef BRINE_CLIENT_SHELL_H
#define BRINE_CLIENT_SHELL_H

#include "client/server.h"
#include "client/dialog.h"

/* To the end of input, quit or exit.  readable: pickles are shown as what they hold; ":raw" and
 * ":readable" switch.  Returns the exit code. */
int shell_run(struct dialog *dialog, const struct server_options *server, bool readable) MUST_USE;

#endif
