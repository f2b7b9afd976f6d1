/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Policies as the TOML that policy.h reads: what is printed and read again admits the same.
 * Appends to out; errors are the buffer's.  Any thread. */
#ifndef BRINE_POLICY_PRINT_H
#define BRINE_POLICY_PRINT_H

#include "base/buf.h"
#include "policy/match.h"

/* "module.name", or "module:Outer.Inner" with quotes. */
enum brine_status policy_print_global(struct buf *out, struct bytes module,
                                      struct bytes name) MUST_USE;
/* "new", "build" */
enum brine_status policy_print_rights(struct buf *out, uint32_t rights) MUST_USE;
/* A row of `allow`: a string when that says it all. */
enum brine_status policy_print_entry(struct buf *out, const struct policy_entry *entry) MUST_USE;
/* A row of `allow` for a global that was met, with these rights, on a line of its own.  One that no
 * policy can hold, being too long, is a comment. */
enum brine_status policy_print_met(struct buf *out, struct bytes module, struct bytes name,
                                   uint32_t rights) MUST_USE;

/* A whole [policy.name] without `extends`, each row with where it comes from. */
struct policy_print {
    struct bytes name, doc;
    const struct policy *policy;
};
enum brine_status policy_print(struct buf *out, const struct policy_print *options) MUST_USE;

#endif
