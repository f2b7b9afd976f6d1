/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Colours for the word that a line is about, as compilers have them: "x.pkl:34: refused: ...".
 * On a terminal alone, and not when NO_COLOR is set (no-color.org) or TERM is dumb. */
#ifndef BRINE_CLIENT_PAINT_H
#define BRINE_CLIENT_PAINT_H

#include "base/bytes.h"

#include <stdio.h>

/* Writes lines that tools made; false as fwrite.  What strangers chose in them is escaped already.
 */
bool paint_lines(FILE *file, struct bytes lines) MUST_USE;

#endif
