/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Commands that Redis has and brine has not.  A rule may name them, so that the ACL lines of a
 * Redis server are taken as they are; such a rule is kept and shown, and allows nothing, for there
 * is nothing to run.
 *
 * Thread: constant; anyone.  Cost: O(names), for rules alone. */
#ifndef BRINE_AUTH_FOREIGN_H
#define BRINE_AUTH_FOREIGN_H

#include "base/bytes.h"

/* "hset" or "xinfo|stream", in any case of letters. */
bool auth_foreign_is_command(struct bytes name);
/* "xinfo": its subcommands are names of their own, so it takes no first argument. */
bool auth_foreign_is_container(struct bytes name);

#endif
