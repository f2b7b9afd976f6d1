/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The gate decides whether a value may be stored under a key: the one question that every write of
 * a string value asks before it reaches the store.  keyspace/ is the only caller.
 *
 *     switch (gate_admit(gate, desk, &question, &answer)) {
 *     case GATE_ADMIT:  put(value, answer.label);        break;
 *     case GATE_DROP:   remove(key); reply_ok();         break;
 *     case GATE_REFUSE: reply_error(reply, answer.text); break;
 *     case GATE_DEFER:  ask_again_elsewhere();           break;
 *     }
 *
 * Words: a *judge* is what answers; a *label* is a small number that stands for what was found in a
 * value (its type, protocol, globals, and under which policy it was judged), kept with the entry; a
 * *desk* is the memory that a judge works in, one a thread; an *actor* is who asks.
 *
 * Thread: any, at the same time, each with a desk of its own; a judge is never asked while a
 * shard's lock is held (keyspace asserts it), so it may take as long as its limits allow.
 * Ownership: everything is borrowed for the call.  Errors: a judge that cannot decide refuses.
 * Cost: with gate.mode = "off" one indirect call.
 *
 * The judge is a function pointer and not a switch over modes because each mode is another judge,
 * and because a test puts one there that refuses, to prove that no write gets round it. */
#ifndef BRINE_GATE_H
#define BRINE_GATE_H

#include "base/bytes.h"
#include "base/status.h"
#include "gate/desk.h"

enum gate_verdict {
    GATE_ADMIT,
    GATE_REFUSE, /* an error that answer.text says; nothing is changed */
    GATE_DROP,   /* answered as if it were stored; the key is then absent */
    GATE_DEFER,  /* too long for an event loop: ask again on a thread that may take its time */
};

enum { GATE_TEXT_BYTES = 512 };

struct gate_answer {
    uint32_t label; /* of what is admitted, a gate_ticket (kinds.h); 0: nothing is known of it */
    size_t offset;  /* of a refusal: into the value, of the byte that decided */
    bool undecided; /* refused, but not for what the value is: who asked had no more time for it */
    char text[GATE_TEXT_BYTES]; /* "PICKLEDENIED offset 34: ...", NUL-terminated, one line */
};

/* Who asks, for the audit trail; views are valid during the question. */
struct gate_actor {
    uint64_t client_id;
    const char *address; /* "" for the server itself */
    struct bytes user, client_name, library_name, library_version;
};
typedef void gate_actor_fn(const void *context, struct gate_actor *actor);

/* What is to be judged: the bytes as they would lie in the store afterwards. */
struct gate_question {
    uint32_t db;
    struct bytes key, value;
    const char *command;  /* lower case, as in the command table; "" when there is none */
    gate_actor_fn *actor; /* called only when somebody wants to know; NULL: the server itself */
    const void *actor_context;
    bool may_defer; /* GATE_DEFER is an answer that the asker understands */
    bool brief;     /* with may_defer: others wait for a lock meanwhile, so it comes early */
    bool published; /* a message: `key` is the channel, and nothing is stored */
    bool recheck;   /* the value is stored already, admitted by an older policy */
    /* What unpacking may take besides the rules' bounds, and takes from it; NULL: they alone. */
    struct frame_budget *unpacking;
};

typedef enum gate_verdict gate_judge(void *context, struct gate_desk *desk,
                                     const struct gate_question *question,
                                     struct gate_answer *answer);

struct gate_keeper; /* keeper.h: the judge that reads values */
struct gate_kinds;  /* kinds.h: what labels mean */

struct gate {
    gate_judge *judge;
    void *context;              /* the judge's own; borrowed */
    struct gate_keeper *keeper; /* NULL: another judge */
    struct gate_kinds *kinds;   /* NULL: values get no labels and are never judged again */
};

/* A gate that admits everything: gate.mode = "off". */
void gate_init_off(struct gate *gate);
/* A gate with a judge of the caller's, who keeps `context` alive as long as the gate. */
void gate_init(struct gate *gate, gate_judge *judge, void *context);

/* Reads rules and policies again, as on SIGHUP; on failure, and of a gate without a keeper, nothing
 * changes. */
enum brine_status gate_reload(const struct gate *gate, struct brine_error *err) MUST_USE;

/* True when some rule in force speaks of one of the two databases and not of the other, so that a
 * value admitted to one may not be put into the other unread.  *generation is that of the rules
 * asked; 0: no rules. */
bool gate_tells_apart(const struct gate *gate, uint32_t a, uint32_t b, uint32_t *generation);
/* True when a value that the rules of this generation admitted under one key, and noted, need not
 * be read again to lie under another: they are in force, the same one stands over both keys, and
 * nobody wants to be told of each value. */
struct gate_place {
    uint32_t db;
    struct bytes key;
};
bool gate_treats_alike(const struct gate *gate, uint32_t generation, const struct gate_place *from,
                       const struct gate_place *to);
/* Still the same rules. */
bool gate_is_at(const struct gate *gate, uint32_t generation);

enum gate_verdict gate_admit(const struct gate *gate, struct gate_desk *desk,
                             const struct gate_question *question,
                             struct gate_answer *answer) MUST_USE;

/* Fills the answer with "PICKLEDENIED offset N: " and the reason, cut to fit; control bytes become
 * '?'.  Returns GATE_REFUSE, so that a judge refuses in one statement. */
enum gate_verdict gate_refuse(struct gate_answer *answer, size_t offset, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
