/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What is known to be used in attacks: dangerous.def as a question.
 *
 * It is no wall: a policy admits what it lists and nothing else, whether it is known here or not.
 * It is for those who would widen a policy: learning never admits what is known here, a wildcard
 * never stands for it, and a refusal names it so instead of telling how to allow it.  An operator
 * who knows better still lists it by its exact name.
 *
 * A global of models.def is not dangerous: what may be passed to it is fixed.
 *
 * Thread: any.  Cost: some 600 comparisons, 2 us; not for the way of a value that is accepted. */
#ifndef BRINE_POLICY_DANGEROUS_H
#define BRINE_POLICY_DANGEROUS_H

#include "base/bytes.h"

/* True when module.name is known to run code, reach the system or resolve names.  Wherever the path
 * is cut into module and name: "os"/"path.join", "torch"/"storage._load_from_bytes". */
bool policy_is_dangerous(struct bytes module, struct bytes name);

/* What it is known to do, "runs code"; NULL when it is not dangerous. */
const char *policy_danger(struct bytes module, struct bytes name);

#endif
