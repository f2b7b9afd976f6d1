/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reading whole files with a bound.  Nothing is mapped: a file that shrinks meanwhile is short, not
 * a crash, and one that never ends (a pipe, a device) stops at the bound. */
#ifndef BRINE_CLIENT_INPUT_H
#define BRINE_CLIENT_INPUT_H

#include "base/buf.h"

/* Replaces what buf holds by the file's bytes; "-" is standard input.  A file that holds more than
 * bytes_max leaves bytes_max + 1 in buf and is no failure, so that the caller can tell.  buf's own
 * limit has to be above that.  BRINE_IO, NO_MEMORY: err holds a line without the path. */
enum brine_status input_read(struct buf *buf, const char *path, size_t bytes_max,
                             struct brine_error *err) MUST_USE;

/* Appends a name that a stranger chose so that a terminal shows it and does nothing: controls,
 * backslashes, marks that change the direction of text and what is no UTF-8 become \xNN. */
enum brine_status input_append_name(struct buf *out, struct bytes name) MUST_USE;

#endif
