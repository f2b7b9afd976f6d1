/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The history of the interactive mode in a file that several shells write at once: each appends its
 * lines under a lock, and what others have added since stays.
 *
 * The file is $BRINECLI_HISTORY, or ~/.brinecli_history; empty for none.  It is its owner's alone,
 * for lines may hold values.  Bounds: SHELL_HISTORY_LINES when a shell reads it, twice that before
 * it is cut back; longer lines than SHELL_HISTORY_LINE_BYTES are not kept in it.  What cannot be
 * written is not: a shell without a history is better than none. */
#ifndef BRINE_CLIENT_SHELL_HISTORY_H
#define BRINE_CLIENT_SHELL_HISTORY_H

#include "base/bytes.h"

#include <histedit.h>

enum { SHELL_HISTORY_LINES = 1000, SHELL_HISTORY_LINE_BYTES = 4096 };

/* Fills a history that is empty. */
void shell_history_load(History *history);
/* Adds a line, which ends in a NUL, to the history and to the file, unless it is the one before. */
void shell_history_add(History *history, struct bytes line);

#endif
