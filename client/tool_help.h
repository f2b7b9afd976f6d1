/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What is made of the tools' rows: --help, manual pages, completion of shells. */
#ifndef BRINE_CLIENT_TOOL_HELP_H
#define BRINE_CLIENT_TOOL_HELP_H

#include "client/tool.h"

void tool_help_print(const struct tool *tool);

#endif
