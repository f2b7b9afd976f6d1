/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What tools about keys share with commands as they are. */
#ifndef BRINE_CLIENT_COMMAND_H
#define BRINE_CLIENT_COMMAND_H

#include "client/dialog.h"
#include "client/tool.h"

/* The server's command of the tool's name, with the tool's words: for what the tool itself does not
 * know, as `set key value EX 5`.  Returns the exit code. */
int command_forward(struct tool_call *call) MUST_USE;

/* Formatted on a terminal, raw in a pipe. */
struct show command_show(void);

#endif
