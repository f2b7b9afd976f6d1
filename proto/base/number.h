/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers as text, exactly as Redis reads and writes them; independent of the locale.  Any thread.
 */
#ifndef BRINE_NUMBER_H
#define BRINE_NUMBER_H

#include "base/bytes.h"

enum { NUMBER_I64_TEXT_BYTES = 20, NUMBER_DOUBLE_TEXT_BYTES = 32 };

/* Strict decimal: "-" for negatives, no "+", no leading zeros, no blanks, whole text.
 * Source: Redis util.c string2ll. */
bool number_parse_i64(struct bytes text, int64_t *value) MUST_USE;
/* Strict decimal without sign. */
bool number_parse_u64(struct bytes text, uint64_t *value) MUST_USE;

/* Writes the decimal form, no NUL; returns its length (at most NUMBER_I64_TEXT_BYTES). */
size_t number_format_i64(uint8_t target[static NUMBER_I64_TEXT_BYTES], int64_t value);
size_t number_format_u64(uint8_t target[static NUMBER_I64_TEXT_BYTES], uint64_t value);

/* Decimal or exponent form, "inf", "-inf", "nan" in any case; no blanks, no hex, whole text. */
bool number_parse_double(struct bytes text, double *value) MUST_USE;
/* As Lua 5.1 takes a string for a number: what strtod takes, hexadecimal too, white space on both
 * sides, and nothing from a NUL on.  Texts of more than 1023 bytes are none.
 * Source: Lua 5.1 lobject.c luaO_str2d. */
bool number_parse_lua(struct bytes text, double *value) MUST_USE;
/* "%.17g", with "inf", "-inf" and "nan".  No NUL; returns the length. */
size_t number_format_double(uint8_t target[static NUMBER_DOUBLE_TEXT_BYTES], double value);

#endif
