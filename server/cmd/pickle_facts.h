/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a stored value is, whatever a policy says of it: for reports.
 *
 *     struct pickle_subject subject;
 *     if (!pickle_subject_take(call, &call->key, &subject)) return;    // replied, or deferred
 *     struct pickle_facts facts;
 *     if (pickle_facts_read(call, &subject, &facts)) ...
 *     pickle_subject_drop(&subject);
 *
 * Words: a *subject* is a value kept beyond its shard's lock; *facts* are what its readings in all
 * framings show under a policy that admits all but what is known as dangerous.  Of a pickle that is
 * dangerous or beyond a limit they reach as far as the verifier came, and `problem` says where that
 * is.
 *
 * Ownership: facts lie in the worker's scratch, until the command ends.  Thread: the worker's. */
#ifndef BRINE_CMD_PICKLE_FACTS_H
#define BRINE_CMD_PICKLE_FACTS_H

#include "cmd/command.h"
#include "frame/frame.h"
#include "gate/rules.h"
#include "pickle/verify.h"

struct pickle_subject {
    uint32_t db;
    struct bytes key, value;
    struct blob *blob; /* a reference, or */
    struct buf copy;
    int64_t expire_at_ms;
    uint16_t label, writer;
    uint32_t stored_at_s;
};

/* False: nil or an error was replied, or the command is deferred because the value is long. */
bool pickle_subject_take(struct command_call *call, const struct store_key *key,
                         struct pickle_subject *subject) MUST_USE;
/* The same without a reply: for walks.  False: there is no such string, or no memory. */
bool pickle_subject_peek(struct command_call *call, const struct store_key *key,
                         struct pickle_subject *subject) MUST_USE;
void pickle_subject_drop(struct pickle_subject *subject);

enum pickle_facts_found { FACTS_BYTES, FACTS_INTEGER, FACTS_PICKLE, FACTS_BROKEN };

struct pickle_fact_global {
    struct bytes module, name, keys; /* keys: "count, owner", cut */
    uint32_t uses;
    uint32_t keys_count;
    uint64_t fingerprint;
    bool varies;
};

enum { FACTS_GLOBALS_MAX = 256, FACTS_TYPE_BYTES = 256 };

struct pickle_facts {
    enum pickle_facts_found found; /* BROKEN: begins as a pickle and is none */
    struct frame_path path;
    size_t bytes; /* of the reading, unpacked */
    uint8_t protocol, protocol_needed;
    enum pickle_origin origin;
    uint64_t opcodes, heap_bytes;
    uint32_t memo_entries, nesting;
    char type[FACTS_TYPE_BYTES];
    struct pickle_fact_global *globals;
    size_t globals_count, globals_untold;
    char problem[512]; /* "" when there is none */
    bool no_memory;
};

/* False: no memory.  Replies nothing. */
bool pickle_facts_read(struct command_call *call, const struct pickle_subject *subject,
                       struct pickle_facts *facts) MUST_USE;

/* How a value's framings are unwrapped for reports: all that are known, with the rule's affixes. It
 * must not be moved. */
struct pickle_frames {
    struct frame_options options;
    struct frame_affix affixes[GATE_RULE_AFFIXES_MAX];
};
void pickle_report_frames(struct command_call *call, const struct pickle_subject *subject,
                          struct pickle_frames *frames);
/* What a reader takes of a pickle that has more behind its STOP; else all of it. */
struct bytes pickle_up_to_stop(const struct frame_reading *shown,
                               const struct pickle_report *report);

/* PICKLE.VIEW, PICKLE.VIEW JSON or PICKLE.DIS of a subject: replies. */
enum pickle_shown { PICKLE_SHOWN_VIEW, PICKLE_SHOWN_JSON, PICKLE_SHOWN_DIS };
void pickle_reply_shown(struct command_call *call, const struct pickle_subject *subject,
                        enum pickle_shown shown);
/* PICKLE.GLOBALS key: replies. */
void reply_globals_of_key(struct command_call *call);

/* "call, build" into line, cut: the rights of a policy that these uses need; "named" when it is
 * only that.  Returns line. */
enum { USES_TEXT_BYTES = 64 };
const char *pickle_uses_text(uint32_t uses, char line[static USES_TEXT_BYTES]);

/* "text", "JSON", "gzip data": a guess for people. */
const char *pickle_looks_like(struct bytes value);

#endif
