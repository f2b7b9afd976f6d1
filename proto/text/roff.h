/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Text for manual pages, in the language that man(7) reads.  Failures are the buffer's: TOO_BIG or
 * NO_MEMORY, with part of the text written.  Any thread. */
#ifndef BRINE_ROFF_H
#define BRINE_ROFF_H

#include "base/buf.h"

/* `text` as it is to be read, and a newline: what would mean something to troff is escaped, a
 * newline begins a paragraph. */
enum brine_status roff_append(struct buf *out, const char *text) MUST_USE;
/* The same as it stands, line by line and without filling: for examples. */
enum brine_status roff_append_lines(struct buf *out, const char *text) MUST_USE;
/* A word or several within a line, without the newline. */
enum brine_status roff_append_word(struct buf *out, const char *text) MUST_USE;

#endif
