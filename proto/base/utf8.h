/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One UTF-8 character at a time, strictly: no overlong forms, no surrogates, nothing above
 * U+10FFFF.  Any thread.
 * Source: Unicode 15, table 3-7, "Well-Formed UTF-8 Byte Sequences". */
#ifndef BRINE_UTF8_H
#define BRINE_UTF8_H

#include "base/bytes.h"

enum { UTF8_BYTES_MAX = 4 };

/* The character at text[at] into *point (which may be NULL); returns its length in bytes, or 0 when
 * there is none or it is malformed or cut off. */
size_t utf8_decode(struct bytes text, size_t at, uint32_t *point) MUST_USE;

/* Writes the character and returns its length, or 0 when there is no such character. */
size_t utf8_encode(uint8_t target[static UTF8_BYTES_MAX], uint32_t point) MUST_USE;

/* Where the first malformed byte is; text.len when all is well. */
size_t utf8_valid_prefix(struct bytes text) MUST_USE;

#endif
