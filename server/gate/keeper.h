/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The keeper: the judge that reads values.  It holds the setup in force, replaces it when the
 * configuration changes, and answers the gate's question by walking a value's framings and
 * verifying what every reader would unpickle.
 *
 *     TRY(gate_keeper_create(&options, &keeper, err));
 *     gate_init_keeper(&gate, keeper);
 *     ... gate_admit(&gate, ...) by any thread; gate_reload(&gate, &err) by any ...
 *     gate_keeper_destroy(keeper);                          // after all desks
 *
 * Words: a *finding* is what one look at a value brought: the verdict, the rule, the reading that
 * decided, and the verifier's report of it.
 *
 * A setup is changed as a whole: every question is answered by one, and each desk takes over the
 * new one before its next question.  What cannot be read or compiled changes nothing.
 *
 * Thread: any; a desk is one thread's.  Cost: a compare of two numbers to know that the setup is
 * still the same, a rule look-up, and the reading of the value; nothing is allocated for a value
 * like those before. */
#ifndef BRINE_GATE_KEEPER_H
#define BRINE_GATE_KEEPER_H

#include "gate/gate.h"
#include "gate/kinds.h"
#include "gate/learn.h"
#include "gate/setup.h"
#include "observe/audit.h"
#include "observe/log.h"

struct gate_keeper;

/* All outlive the keeper; each but mem and config may be NULL. */
struct gate_keeper_options {
    struct allocator *mem;
    struct config *config;
    struct log *log;          /* told of reloads */
    struct audit *audit;      /* gets what rules want recorded */
    struct gate_kinds *kinds; /* gives the labels of what is admitted */
    struct learn *learn;      /* notes what the policy lacks, while gate.mode is learn */
};

/* Reads the files that the config names and listens to gate.* from now on. */
enum brine_status gate_keeper_create(const struct gate_keeper_options *options,
                                     struct gate_keeper **keeper, struct brine_error *err) MUST_USE;
void gate_keeper_destroy(struct gate_keeper *keeper);

void gate_init_keeper(struct gate *gate, struct gate_keeper *keeper);

/* Reads the files again: SIGHUP, PICKLE.POLICY RELOAD.  On failure nothing is changed. */
enum brine_status gate_keeper_reload(struct gate_keeper *keeper, struct brine_error *err) MUST_USE;

/* Whether gate_keeper_create would succeed: for --check-config, as config's check. */
enum brine_status gate_check_config(struct config *config, struct brine_error *err) MUST_USE;

/* What it was made of. */
const struct gate_keeper_options *gate_keeper_parts(const struct gate_keeper *keeper);

/* The setup in force; gate_setup_unref when done. */
struct gate_setup *gate_keeper_setup(struct gate_keeper *keeper);
uint32_t gate_keeper_generation(const struct gate_keeper *keeper);

/* ---- findings ---------------------------------------------------------------------------------
 */

enum gate_found {
    GATE_FOUND_UNREAD, /* gate.mode = "off", or an opaque rule */
    GATE_FOUND_INTEGER,
    GATE_FOUND_BYTES, /* no pickle, and no reader takes it for one to any effect */
    GATE_FOUND_PICKLE,
    GATE_FOUND_REFUSED,
};

struct gate_finding {
    enum gate_found found;
    enum gate_verdict verdict; /* of GATE_FOUND_REFUSED: what the rule's on_refusal makes of it */
    const struct gate_setup *setup; /* both are valid until the desk's next question */
    const struct gate_rule *rule;
    enum pickle_class class; /* of a refusal: why; else ACCEPT */
    const char *reason;      /* the verifier's rule word, or "value-bytes", "protocol" ... */
    struct frame_path path;  /* of the reading that decided; depth 0: none did */
    size_t offset;           /* of a refusal: into the value, or into what was unpacked last */
    bool unpacked;
    size_t learned;   /* globals that the policy does not know, admitted to learn them */
    uint8_t protocol; /* of a pickle: the highest of those declared and needed */
    /* Of the reading that was refused, valid until the desk's next use; else NULL.  What an
     * accepted one holds is shown to on_pickle. */
    const struct pickle_report *report;
    struct pickle_report refused; /* what `report` points at */
};

/* Called for each reading that is an accepted pickle while its report is valid; may be NULL. */
typedef void gate_pickle_fn(void *context, const struct frame_reading *reading,
                            const struct pickle_report *report);

struct gate_look {
    bool dry_run;                 /* as if gate.mode were enforce; nothing is noted or recorded */
    const struct gate_rule *rule; /* instead of the one that fits; NULL: that one */
    gate_pickle_fn *on_pickle;
    void *context;
};

/* Judges as gate_admit does, and says what was found; NULL look: all defaults. */
enum gate_verdict gate_keeper_look(struct gate_keeper *keeper, struct gate_desk *desk,
                                   const struct gate_question *question,
                                   const struct gate_look *look, struct gate_answer *answer,
                                   struct gate_finding *finding);

#endif
