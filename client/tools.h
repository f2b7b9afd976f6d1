/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The rows of tool.c's table, each defined by the file that runs it. */
#ifndef BRINE_CLIENT_TOOLS_H
#define BRINE_CLIENT_TOOLS_H

#include "client/tool.h"

extern const struct tool command_tool;                                 /* command.c */
extern const struct tool get_tool, set_tool;                           /* get.c */
extern const struct tool inspect_tool, view_tool, dis_tool, ping_tool; /* look.c */
extern const struct tool verify_tool;                                  /* verify.c */
extern const struct tool scan_tool;                                    /* scan.c */
extern const struct tool policy_check_tool, policy_diff_tool,
    policy_learned_tool;                                           /* policy_tools.c */
extern const struct tool audit_tail_tool, stat_tool, latency_tool; /* watch.c */
extern const struct tool bench_tool;                               /* bench.c */
extern const struct tool snapshot_check_tool, snapshot_list_tool,
    snapshot_cat_tool;                              /* snapshot_tools.c */
extern const struct tool completion_tool, man_tool; /* tool_help.c */

#endif
