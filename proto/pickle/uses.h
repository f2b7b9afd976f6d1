/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a pickle did with a global (enum pickle_use of a report), as words for people and as the
 * rights that a policy would have to give it.  Pure; any thread. */
#ifndef BRINE_PICKLE_USES_H
#define BRINE_PICKLE_USES_H

#include "base/base.h"

enum { PICKLE_USE_WORDS_MAX = 8 };

/* "call", "build" ...: the words of a policy's rights; returns how many, 0 when the global was only
 * named.  "state" includes "build", which is left out then. */
size_t pickle_use_words(uint32_t uses, const char *words[static PICKLE_USE_WORDS_MAX]);

/* Rights of a policy (policy/match.h); POLICY_REF for what was only named. */
uint32_t pickle_use_rights(uint32_t uses);

#endif
