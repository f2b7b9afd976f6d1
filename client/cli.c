/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli: finds the tool that the first words name, or takes them for a command to a server. */
#include "client/tool.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv) {
    int used, first = 1, code;
    const struct tool *tool = tool_find(argc, argv, &used);
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of fwrite, said in words */
    if (tool) return tool_run(tool, argc - used, argv + used);
    if (tool_list_group(argc, argv, &code)) return code;
    tool = tool_find_behind_options(argc, argv, &first, &used);
    if (!tool) return tool_run(tool_at(0), argc, argv);
    /* Its name goes, the options before it stay. */
    memmove(argv + 1 + used, argv + 1, (size_t)(first - 1) * sizeof(*argv));
    return tool_run(tool, argc - used, argv + used);
}
