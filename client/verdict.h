/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A judgement as text and as JSON; `what` is the file, or the key, that it is about.  Names that
 * strangers chose are escaped.  Errors are the buffer's. */
#ifndef BRINE_CLIENT_VERDICT_H
#define BRINE_CLIENT_VERDICT_H

#include "base/buf.h"
#include "client/judge.h"
#include "text/json.h"

/* "cache/a.pkl:34: refused: REDUCE calls os.system" */
enum brine_status verdict_text(struct buf *out, struct bytes what,
                               const struct judgement *judgement) MUST_USE;

/* The keys file (or what first_key says), verdict, class, offset, opcode, global, danger, rule,
 * message, protocol, type, globals, framing of an object that is open. */
void verdict_json_keys(struct json *json, const char *first_key, struct bytes what,
                       const struct judgement *judgement);

/* The opcodes around the offset of a refusal, the one there marked; nothing when there are none. */
enum brine_status verdict_explain(struct buf *out, const struct judgement *judgement) MUST_USE;

/* The global that a refusal is about.  A broken pickle may reach one before it breaks.  False when
 * there is none. */
bool verdict_global(const struct judgement *judgement, struct bytes *module, struct bytes *name);
/* What that global is known to do, "runs code"; NULL when it is not known from attacks. */
const char *verdict_danger(const struct judgement *judgement);

/* Where in the value, or in what was unpacked of it. */
size_t verdict_offset(const struct judgement *judgement);

/* "module.name" as a JSON string. */
void verdict_json_global(struct json *json, struct bytes module, struct bytes name);

/* Judges a value by the policy stdlib and appends what there is to say; the exit code. */
int verdict_print_value(struct bytes value, const char *name, bool as_json, struct buf *out);

#endif
