/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A report lives until its scratch is used again or its reading is unpacked over.  So what is said
 * of a reading is said during a visit, which may take a second walk, but for the usual value that
 * has one reading, the value itself. */
#include "client/judge.h"

#include "policy/dangerous.h"

/* What is kept between values; a giant pickle's memory is given back. */
enum { KEEP_BYTES = 64 << 20 };
#define SCRATCH_BYTES_MAX ((size_t)4 << 30)

struct pass {
    struct judge *judge;
    judge_say_fn *say;
    void *context;
    size_t seen;     /* readings so far */
    size_t accepted; /* the first that was; SIZE_MAX: none yet */
    size_t wanted;   /* of the second walk */
    bool opaque, said;
    struct pickle_harm harm;
    bool harmful;
    struct pickle_report report; /* of the last */
    struct frame_reading reading;
};

void judge_init(struct judge *judge, const struct policy *policy) {
    *judge = (struct judge){.policy = policy};
    pickle_scratch_init(&judge->scratch, mem_system(), SCRATCH_BYTES_MAX);
    frame_scratch_init(&judge->frames, mem_system(), SCRATCH_BYTES_MAX);
}

void judge_deinit(struct judge *judge) {
    frame_scratch_deinit(&judge->frames);
    pickle_scratch_deinit(&judge->scratch);
}

void judge_trim(struct judge *judge) {
    pickle_scratch_trim(&judge->scratch, KEEP_BYTES);
    frame_scratch_trim(&judge->frames, KEEP_BYTES);
}

static enum brine_status verify_reading(struct judge *judge, const struct frame_reading *reading,
                                        struct pickle_report *report) {
    return pickle_verify(reading->bytes, judge->policy, &PICKLE_LIMITS_DEFAULT, &judge->scratch,
                         report);
}

static void say(struct pass *pass, const struct judgement *judgement) {
    pass->say(pass->context, judgement);
    pass->said = true;
}

static enum brine_status say_reading(void *context, const struct frame_reading *reading) {
    struct pass *pass = context;
    struct pickle_report report;
    if (pass->seen++ != pass->wanted) return BRINE_OK;
    if (verify_reading(pass->judge, reading, &report) == BRINE_NO_MEMORY) return BRINE_NO_MEMORY;
    say(pass, &(struct judgement){.report = &report,
                                  .reading = reading,
                                  .opaque = pass->opaque,
                                  .harm = pass->harmful ? &pass->harm : NULL});
    return BRINE_DENIED; /* enough */
}

/* Where values may be anything, text that happens to begin like a global is none; but what says
 * PROTO and then wants what is forbidden is a pickle: a global that the policy refuses, whether or
 * not a module can have that name, or one of the extension registry, or a persistent object. */
static bool is_sure_pickle(const struct pickle_report *report) {
    return report->protocol >= 2 && pickle_reason_class(report->reason) == PICKLE_CLASS_FORBIDDEN;
}

/* As the gate has it: no reader imports, calls or uses anything, or only one written in Python
 * imports because the bytes end within the name, as "cat" and "ios" do. Where values may be
 * anything, the memory of what comes to no object is the reader's own: "McArthur" names a high memo
 * index. */
static bool may_be_bytes(struct judge *judge, const struct frame_reading *reading,
                         struct pickle_harm *harm) {
    struct bytes bytes = reading->bytes;
    if (pickle_is_harmless(bytes, &PICKLE_LIMITS_DEFAULT, &judge->scratch, harm)) return true;
    if (!judge->anything || harm->stops) return false;
    unsigned kinds = harm->kinds & ~(unsigned)PICKLE_HARM_MEMORY;
    if (kinds != PICKLE_HARM_IMPORT_AT_END) return kinds == 0;
    return !pickle_harm_has_module(harm, bytes) || !policy_is_dangerous(harm->module, harm->name);
}

static enum brine_status judge_reading(void *context, const struct frame_reading *reading) {
    struct pass *pass = context;
    struct judge *judge = pass->judge;
    enum brine_status status = verify_reading(judge, reading, &pass->report);
    pass->reading = *reading;
    if (status == BRINE_NO_MEMORY) return status;
    if (status == BRINE_OK) pass->accepted = MIN(pass->accepted, pass->seen);
    bool passes = status == BRINE_OK, sure = judge->anything && is_sure_pickle(&pass->report);
    if (!passes && !sure && (status != BRINE_TOO_BIG || judge->anything)) {
        passes = may_be_bytes(judge, reading, &pass->harm);
        pass->harmful = !passes;
    }
    if (!passes) {
        pass->wanted = pass->seen;
        return say_reading(context, reading);
    }
    pass->seen++;
    return BRINE_OK;
}

static struct frame_options framings(const struct judge *judge) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    uint32_t joblib = FRAME_BIT(FRAME_JOBLIB);
    options.admitted &= ~(joblib | FRAME_BIT(FRAME_INTEGER));
    options.admitted_inside &= ~(joblib | FRAME_BIT(FRAME_INTEGER));
    if (judge->joblib) {
        options.admitted = options.admitted_inside =
            joblib | FRAME_BIT(FRAME_ZLIB) | FRAME_BIT(FRAME_GZIP) | FRAME_BIT(FRAME_BZ2) |
            FRAME_BIT(FRAME_XZ) | FRAME_BIT(FRAME_LZMA) | FRAME_BIT(FRAME_LZ4);
    }
    if (judge->base64) options.admitted |= FRAME_BIT(FRAME_BASE64);
    options.affixes = judge->affixes;
    options.affixes_count = judge->affixes_count;
    options.unpacked_bytes_max = PICKLE_LIMITS_DEFAULT.bytes_max;
    options.ratio_max = UINT64_MAX;
    return options;
}

enum brine_status judge_value(struct judge *judge, struct bytes value, judge_say_fn *say_fn,
                              void *context) {
    struct pass pass = {.judge = judge, .say = say_fn, .context = context, .accepted = SIZE_MAX};
    struct frame_options options = framings(judge);
    struct brine_error err = {0};
    judge->scratch.joblib_arrays = judge->joblib;
    enum brine_status status =
        frame_walk(value, &options, &judge->frames, judge_reading, &pass, &err);
    if (status == BRINE_OK && pass.seen == 1 && !pass.reading.unpacked) {
        bool accepted = pass.accepted == 0;
        /* Judging whether it is harmless used the scratch. */
        if (!accepted && verify_reading(judge, &pass.reading, &pass.report) == BRINE_NO_MEMORY)
            return BRINE_NO_MEMORY;
        say(&pass, &(struct judgement){
                       .report = &pass.report, .reading = &pass.reading, .opaque = !accepted});
        return BRINE_OK;
    }
    if (status == BRINE_OK) {
        pass.opaque = pass.accepted == SIZE_MAX;
        pass.wanted = pass.opaque ? 0 : pass.accepted;
        pass.seen = 0;
        status = frame_walk(value, &options, &judge->frames, say_reading, &pass, &err);
    }
    if (pass.said) return BRINE_OK;
    if (status != BRINE_TOO_BIG) return status == BRINE_OK ? BRINE_NO_MEMORY : status;
    say(&pass, &(struct judgement){.limit = err.text});
    return BRINE_OK;
}
