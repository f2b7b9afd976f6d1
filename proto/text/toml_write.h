/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes TOML that toml.h reads back to the same tree.  Strings become basic strings, with escapes
 * for what needs them; bytes that are no UTF-8 become U+FFFD, for TOML cannot hold them.
 * Failures are the buffer's: TOO_BIG or NO_MEMORY, with part of the text written.  Any thread. */
#ifndef BRINE_TOML_WRITE_H
#define BRINE_TOML_WRITE_H

#include "base/buf.h"
#include "text/toml.h"

/* "text", quoted and escaped. */
enum brine_status toml_write_string(struct buf *out, struct bytes text) MUST_USE;
/* A key: bare where that is possible, else quoted. */
enum brine_status toml_write_key(struct buf *out, struct bytes key) MUST_USE;
enum brine_status toml_write_integer(struct buf *out, int64_t value) MUST_USE;
enum brine_status toml_write_float(struct buf *out, double value) MUST_USE;
/* A value as it stands behind `=`: arrays and tables in one line. */
enum brine_status toml_write_value(struct buf *out, const struct toml_value *value) MUST_USE;
/* A whole document: `key = value` lines for the items of a table. */
enum brine_status toml_write_document(struct buf *out, const struct toml_value *root) MUST_USE;

#endif
