/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Commands whose words hold a password, which is nothing for a history.  Judged by words, not by
 * the line, so that blanks, quotes and capitals hide none.  When in doubt a command is one of them:
 * a line lost to the history is typed again.  Pure; any thread. */
#ifndef BRINE_CLIENT_SECRET_H
#define BRINE_CLIENT_SECRET_H

#include "base/base.h"

#include <brine_client.h>

bool secret_words(const struct brine_text *words, size_t count) MUST_USE;

#endif
