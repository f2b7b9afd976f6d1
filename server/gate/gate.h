/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The gate decides whether a value may be stored under a key: the one question that every write of
 * a string value asks before it reaches the store.  keyspace/ is the only caller.
 *
 *     struct gate_refusal why;
 *     if (gate_admit(gate, db, key, value, &why) == GATE_REFUSE) reply_error(reply, why.text);
 *
 * Words: a *judge* is what answers; a *refusal* says which byte, and why, in one line that reaches
 * the client's traceback as it stands.
 *
 * Thread: any, at the same time; a judge is pure with respect to the store and is never asked while
 * a shard's lock is held (keyspace asserts it), so it may take as long as its limits allow.
 * Ownership: everything is borrowed for the call.  Errors: a judge that cannot decide refuses.
 * Cost: with gate.mode = "off" one indirect call.
 *
 * The judge is a function pointer and not a switch over modes because each mode is another judge,
 * and because a test puts one there that refuses, to prove that no write gets round it. */
#ifndef BRINE_GATE_H
#define BRINE_GATE_H

#include "base/bytes.h"

enum gate_verdict { GATE_ADMIT, GATE_REFUSE };

enum { GATE_TEXT_BYTES = 512 };

struct gate_refusal {
    size_t offset;              /* into the value, of the byte that decided */
    char text[GATE_TEXT_BYTES]; /* "PICKLEDENIED offset 34: ...", NUL-terminated, one line */
};

/* What is to be judged: the bytes as they would lie in the store afterwards. */
struct gate_question {
    uint32_t db;
    struct bytes key, value;
};

typedef enum gate_verdict gate_judge(void *context, const struct gate_question *question,
                                     struct gate_refusal *why);

struct gate {
    gate_judge *judge;
    void *context; /* the judge's own; borrowed */
};

/* A gate that admits everything: gate.mode = "off". */
void gate_init_off(struct gate *gate);
/* A gate with a judge of the caller's, who keeps `context` alive as long as the gate. */
void gate_init(struct gate *gate, gate_judge *judge, void *context);

enum gate_verdict gate_admit(const struct gate *gate, const struct gate_question *question,
                             struct gate_refusal *why) MUST_USE;

/* Fills *why with "PICKLEDENIED offset N: " and the reason, cut to fit; control bytes become '?'.
 * Returns GATE_REFUSE, so that a judge refuses in one statement. */
enum gate_verdict gate_refuse(struct gate_refusal *why, size_t offset, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
