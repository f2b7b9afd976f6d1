/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A value judged by a policy, in every framing in which a library might read it, as the gate does.
 *
 * One reading must be accepted and the others harmless, as the raw bytes of a compressed pickle
 * are. A value of which no reading is accepted and all are harmless is *opaque*: it unpickles
 * nowhere, so it is no pickle, or a broken one.
 *
 * Unlike the gate it takes no integer for a pickle, and bounds what is unpacked by size alone, not
 * by ratio: who calls this has asked for it.  A judge is one thread's; its policy any thread's. */
#ifndef BRINE_CLIENT_JUDGE_H
#define BRINE_CLIENT_JUDGE_H

#include "frame/frame.h"
#include "pickle/harmless.h"
#include "pickle/verify.h"

struct judge {
    const struct policy *policy;
    bool joblib; /* values were written by joblib.dump; may be set from value to value */
    /* Values may be anything, pickles or not: what breaks a limit and is harmless is opaque too,
     * for random bytes often claim to be long, and so is text that ends within a global's name. But
     * what begins with PROTO and is forbidden is never opaque. */
    bool anything;
    bool base64; /* look for it in values as they are: something is found in any text */
    const struct frame_affix *affixes; /* signatures that may stand around a pickle */
    size_t affixes_count;
    struct pickle_scratch scratch;
    struct frame_scratch frames;
};

/* What is said of a value: of which reading, or of none when a bound of unpacking was met. */
struct judgement {
    const struct pickle_report *report;
    const struct frame_reading *reading;
    const char *limit; /* when report is NULL */
    bool opaque;
    /* Of a reading that is neither accepted nor harmless; NULL when harmlessness was not asked. */
    const struct pickle_harm *harm;
};

/* Everything of the judgement is valid during the call alone. */
typedef void judge_say_fn(void *context, const struct judgement *judgement);

void judge_init(struct judge *judge, const struct policy *policy);
void judge_deinit(struct judge *judge);
/* Gives back what a giant value took. */
void judge_trim(struct judge *judge);

/* Calls say once when this is BRINE_OK; else (NO_MEMORY) never. */
enum brine_status judge_value(struct judge *judge, struct bytes value, judge_say_fn *say,
                              void *context) MUST_USE;

static inline bool judgement_accepts(const struct judgement *judgement) {
    return judgement->report && judgement->report->reason == PICKLE_ACCEPTED;
}

#endif
