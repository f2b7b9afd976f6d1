/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the interactive mode knows of commands: the reply of COMMAND DOCS, from a server that is not
 * trusted, so every shape is looked at before it is believed, and what is written to the terminal
 * is escaped.  docs may be NULL everywhere.  Cost: linear in the commands. */
#ifndef BRINE_CLIENT_SHELL_HINTS_H
#define BRINE_CLIENT_SHELL_HINTS_H

#include "base/bytes.h"

#include <brine_client.h>

enum { SHELL_ADDED_BYTES = 64, SHELL_LIST_BYTES = 1024 };

struct shell_completion {
    size_t count;                  /* commands that begin so */
    char added[SHELL_ADDED_BYTES]; /* the typed word completed; "" when that adds nothing */
    char list[SHELL_LIST_BYTES];   /* the candidates with blanks between, cut */
};

/* Completes the words of a command's name: "ge" and "config ge". */
void shell_complete(const struct brine_reply *docs, struct bytes typed,
                    struct shell_completion *completion);

/* The arguments of the command that is being typed; false when there is nothing to say. */
bool shell_hint(const struct brine_reply *docs, struct bytes typed, char *hint, size_t size);

/* Prints name, arguments, summary; false when the command is not known. */
bool shell_help(const struct brine_reply *docs, struct bytes name);

#endif
