/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One question: which rule, what would readers unpickle, what follows.
 *
 *     value -> frame_walk -> reading, reading ...   each what some reader hands to its unpickler
 *                               |
 *                               +- accepted by the verifier    may be stored
 *                               +- harmless                    every unpickler fails before it has
 *                               |                              done anything
 *                               +- anything else               refused
 *
 * A value is stored when none of its readings is refused; where the rule takes pickles only, one of
 * them must be accepted as well, or be an integer.
 *
 * A pickle that exceeds a limit is refused, harmless or not: limits are what the operator says an
 * object may cost. */

#include "base/reader.h"
#include "gate/keeper_state.h"
#include "gate/refusal.h"
#include "observe/metrics.h"
#include "pickle/leaf.h"
#include "pickle/opcodes.h"
#include "policy/dangerous.h"

struct judging {
    struct gate_keeper *keeper;
    const struct gate_setup *setup;
    const struct gate_rule *rule;
    struct gate_desk *desk;
    const struct gate_question *question;
    const struct gate_look *look;
    struct gate_answer *answer;
    struct gate_finding *finding;
    const struct pickle_limits *limits; /* the setup's, or stricter */
    struct policy policy; /* the rule's; while learning one that admits what it does not know */
    struct pickle_report *report; /* of the last reading that was verified */
    bool records;                 /* notes and counts are wanted */
    bool more_may_follow;         /* readings that are refused, or too long to be read now */
    bool unlearned;               /* so what was accepted is noted by another walk */
    bool learning;                /* this is it */
    bool accepted, integer;
    struct bytes whole; /* the accepted pickle that lies in the value itself; empty: none */
};

static void count(const struct judging *judging, enum metric metric, uint64_t more) {
    if (judging->records) metrics_add(judging->desk->metrics, metric, more);
}

/* ---- refusing ---------------------------------------------------------------------------------*/

static void refuse(struct judging *judging, enum pickle_class class, const char *reason) {
    judging->finding->found = GATE_FOUND_REFUSED;
    judging->finding->class = class;
    judging->finding->reason = reason;
}

/* The report lies in the judging, which ends with the look; its views hold until the desk's next
 * use. */
static void keep_report(struct judging *judging) {
    judging->finding->refused = *judging->report;
    judging->finding->report = &judging->finding->refused;
}

/* The reading that decided, and where in it. */
static void point_at(struct judging *judging, const struct frame_reading *reading, size_t offset) {
    struct gate_finding *finding = judging->finding;
    finding->path = reading->path;
    finding->unpacked = reading->unpacked;
    finding->offset = reading->unpacked ? offset : reading->offset + offset;
    finding->protocol = MAX(judging->report->protocol, judging->report->protocol_needed);
}

static void refuse_reading(struct judging *judging, const struct frame_reading *reading,
                           const struct pickle_harm *harm) {
    const struct pickle_report *report = judging->report;
    struct gate_refusal refusal = {judging->question, judging->finding, harm};
    point_at(judging, reading, harm ? harm->offset : report->offset);
    keep_report(judging);
    refuse(judging, pickle_reason_class(report->reason), pickle_reason_rule(report->reason));
    gate_refusal_say_report(&refusal, judging->answer);
}

/* ---- one reading ------------------------------------------------------------------------------*/

static enum brine_status verify(struct judging *judging, const struct frame_reading *reading,
                                struct bytes bytes) {
    struct pickle_scratch *scratch = &judging->desk->pickle;
    enum frame_kind kind = (enum frame_kind)reading->path.kinds[reading->path.depth - 1];
    scratch->joblib_arrays = kind == FRAME_JOBLIB;
    count(judging, METRIC_gate_verified_bytes, bytes.len);
    bool notes = judging->records && judging->keeper->options.kinds;
    scratch->collect_keys = false; /* the desk's last user may have wanted them listed */
    scratch->collect_fingerprints = notes && gate_kinds_expect_state(bytes);
    enum brine_status status =
        pickle_verify(bytes, &judging->policy, judging->limits, scratch, judging->report);
    if (status != BRINE_OK || !notes || scratch->collect_fingerprints ||
        !gate_kinds_lack_keys(judging->report))
        return status;
    scratch->collect_fingerprints = true;
    return pickle_verify(bytes, &judging->policy, judging->limits, scratch, judging->report);
}

static void learn(struct judging *judging) {
    struct learn_sight sight = {judging->question->db, judging->question->key, judging->report};
    judging->finding->learned += learn_note(judging->keeper->options.learn, &sight);
}

static enum brine_status accept(struct judging *judging, const struct frame_reading *reading) {
    const struct gate_rule *rule = judging->rule;
    const struct pickle_report *report = judging->report;
    uint8_t protocol = MAX(report->protocol, report->protocol_needed);
    if (protocol < rule->min_protocol || protocol > rule->max_protocol) {
        struct gate_refusal refusal = {.question = judging->question, .finding = judging->finding};
        point_at(judging, reading, 0);
        keep_report(judging);
        refuse(judging, PICKLE_CLASS_FORBIDDEN, "protocol");
        gate_refusal_say(&refusal, judging->answer,
                         "the pickle has protocol %u; the rule admits %u to %u", protocol,
                         rule->min_protocol, rule->max_protocol);
        return BRINE_DENIED;
    }
    if (judging->learning) {
        learn(judging);
        return BRINE_OK;
    }
    if (!judging->accepted) point_at(judging, reading, report->offset);
    judging->accepted = true;
    if (judging->look->on_pickle) judging->look->on_pickle(judging->look->context, reading, report);
    if (!judging->records) return BRINE_OK;
    if (judging->keeper->options.kinds)
        gate_kinds_note_pickle(&judging->desk->kinds, &reading->path, report);
    if (judging->policy.admits_unknown && judging->keeper->options.learn) {
        if (judging->more_may_follow)
            judging->unlearned = true;
        else
            learn(judging);
    }
    return BRINE_OK;
}

/* Whether what a reader makes of these bytes up to a STOP is plain data and no text: so begin 3 in
 * 10^4 strings of random bytes. */
static bool makes_no_text(struct judging *judging, const struct frame_reading *reading,
                          size_t stop) {
    const struct pickle_report *report = judging->report;
    return stop > 0 && verify(judging, reading, bytes_slice(reading->bytes, 0, stop)) == BRINE_OK &&
           report->top_kind != PICKLE_KIND_STR && report->globals_count == 0;
}

/* Whether what the verifier does not accept may pass as bytes.  It may when no reader imports,
 * calls or uses anything on the way to its error, nor hashes without bound; memory is then the
 * reader's own, for "McArthur" and "Kerberos" name high memo indices.  What comes to a STOP is a
 * pickle, and no bytes: it has to keep the limits.  One import passes, which only readers written
 * in Python do, because the bytes end within the name: "cat" and "index" are such values.  Nothing
 * is called then, and a name that is known to be dangerous is refused even so. */
static bool may_pass(struct judging *judging, const struct frame_reading *reading,
                     struct pickle_harm *harm) {
    const struct pickle_report *report = judging->report;
    bool is_limit = pickle_reason_class(report->reason) == PICKLE_CLASS_LIMIT;
    size_t stop = report->reason == PICKLE_TRAILING ? report->offset + 1 : 0;
    bool harmless =
        pickle_is_harmless(reading->bytes, judging->limits, &judging->desk->pickle, harm);
    /* Some reader comes to its end with an object, which may be a text that hides a pickle. */
    bool may_hide =
        reading->path.depth == 1 && judging->rule->frames.admitted & FRAME_BIT(FRAME_STRING);
    if (harm->stops)
        return harmless && !is_limit && (!may_hide || makes_no_text(judging, reading, stop));
    unsigned kinds = harm->kinds & ~(unsigned)PICKLE_HARM_MEMORY;
    if (kinds != PICKLE_HARM_IMPORT_AT_END) return kinds == 0;
    return !pickle_harm_has_module(harm, reading->bytes) ||
           !policy_is_dangerous(harm->module, harm->name);
}

/* Whether the verifier admitted all that stands before an opcode at which every reader comes to an
 * error.  What a reader does up to there it may do with any value of the rule; this matters where a
 * value was accepted by another reading of it: an honest session of Beaker, read as if its first
 * letters were a nonce, begins in the middle of its own pickle. */
static bool fails_after_what_is_allowed(const struct pickle_report *report) {
    static const enum pickle_reason errors[] = {
        PICKLE_OPCODE_UNKNOWN, PICKLE_UNDERFLOW,     PICKLE_MARK_MISSING,
        PICKLE_MEMO_MISS,      PICKLE_END_AT_OPCODE,
    };
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (report->reason == errors[i]) return true;
    return false;
}

/* Whether every unpickler fails at a first byte before it has done anything: it is no opcode, or
 * one that takes from the stack, or puts from it into the memo, or asks the memo, of which both are
 * empty.  Most of what is no pickle begins so. */
static bool fails_at_once(uint8_t first) {
    const struct pickle_opcode *opcode = pickle_opcode(first);
    if (!opcode->name) return true;
    if (opcode->effect == PICKLE_EFFECT_MEMO && opcode->argument != PICKLE_ARG_DECIMALNL_SHORT)
        return true;
    return opcode->argument == PICKLE_ARG_NONE && opcode->in[0] != '\0';
}

/* Whether it is the beginning of what was accepted: its unpickler does part of that and ends with
 * an error, or at the same STOP.  So is a pickle cut at a '.' that might have begun a signature. */
static bool begins_the_accepted(const struct judging *judging,
                                const struct frame_reading *reading) {
    return !reading->unpacked && reading->bytes.data == judging->whole.data &&
           reading->bytes.len <= judging->whole.len &&
           reading->path.kinds[reading->path.depth - 1] == FRAME_PICKLE;
}

/* Whether the accepted pickle makes a text that FRAME_STRING does not see, so that what a reader
 * would unpickle next was not looked at.  Classes of text count where a rule names that framing. */
static bool hides_text(const struct judging *judging, const struct frame_reading *reading,
                       struct bytes bytes) {
    static const char *const classes[][2] = {
        {"collections", "UserString"},
        {"django.utils.safestring", "SafeString"},
        {"markupsafe", "Markup"},
        {"numpy", "str_"},
    };
    uint32_t admitted = judging->rule->frames.admitted;
    const struct pickle_report *report = judging->report;
    if (!(admitted & FRAME_BIT(FRAME_STRING)) || reading->path.depth != 1) return false;
    if (report->top_kind == PICKLE_KIND_STR) return !frame_is_written_text(bytes);
    const struct pickle_global *class = report->top_global;
    bool is_named = (admitted | FRAME_BIT(FRAME_JOBLIB)) != FRAME_OPTIONS_DEFAULT.admitted;
    if (!class || !is_named) return false;
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (bytes_equal(class->module, bytes_of_cstr(classes[i][0])) &&
            bytes_equal(class->name, bytes_of_cstr(classes[i][1])))
            return true;
    return false;
}

static enum brine_status visit(void *context, const struct frame_reading *reading) {
    struct judging *judging = context;
    if (reading->integer) {
        if (!judging->integer && !judging->accepted) judging->finding->path = reading->path;
        judging->integer = true;
        return BRINE_OK;
    }
    struct bytes bytes = reading->bytes;
    if (bytes.len > 0 && fails_at_once(bytes.data[0])) return BRINE_OK;
    if (begins_the_accepted(judging, reading)) return BRINE_OK;
    enum brine_status status = verify(judging, reading, bytes);
    if (status == BRINE_NO_MEMORY && judging->question->may_defer) return status;
    if (judging->report->reason == PICKLE_TRAILING && reading->trailing_ignored) {
        bytes = bytes_slice(bytes, 0, judging->report->offset + 1); /* STOP is a byte */
        status = verify(judging, reading, bytes);
    }
    if (status == BRINE_OK && hides_text(judging, reading, bytes)) {
        point_at(judging, reading, 0);
        keep_report(judging);
        refuse(judging, PICKLE_CLASS_FORBIDDEN, "hidden-text");
        struct gate_refusal refusal = {.question = judging->question, .finding = judging->finding};
        gate_refusal_say(
            &refusal, judging->answer,
            "a text in no form that picklers write, which may hold a pickle in base64");
        return BRINE_DENIED;
    }
    if (status == BRINE_OK) {
        bool is_whole = reading->path.depth == 1 && reading->path.kinds[0] == FRAME_PICKLE;
        if (is_whole) judging->whole = bytes;
        return accept(judging, reading);
    }

    if (judging->accepted && fails_after_what_is_allowed(judging->report)) return BRINE_OK;
    struct pickle_harm harm;
    if (may_pass(judging, reading, &harm)) return BRINE_OK;
    if (harm.out_of_memory) return BRINE_NO_MEMORY;
    /* What is said of it lies in the scratch, which the second look has used.  If it is accepted
     * now, memory was short before. */
    if (verify(judging, reading, bytes) == BRINE_OK) return BRINE_NO_MEMORY;
    enum pickle_class class = pickle_reason_class(judging->report->reason);
    bool is_broken = class == PICKLE_CLASS_MALFORMED || class == PICKLE_CLASS_TRUNCATED;
    refuse_reading(judging, reading, is_broken && harm.kinds ? &harm : NULL);
    return BRINE_DENIED;
}

/* ---- the whole value --------------------------------------------------------------------------*/

static void refuse_value(struct judging *judging, enum pickle_class class, const char *reason,
                         const char *text) {
    struct gate_refusal refusal = {.question = judging->question, .finding = judging->finding};
    refuse(judging, class, reason);
    gate_refusal_say(&refusal, judging->answer, "%s", text);
}

/* A rule that takes pickles only met none: says why the most likely reading is none. */
static void refuse_no_pickle(struct judging *judging) {
    struct frame_reading reading = {
        .path = {.kinds = {FRAME_PICKLE}, .depth = 1},
        .bytes = judging->question->value,
    };
    if (judging->rule->frames.admitted & FRAME_BIT(FRAME_PICKLE) &&
        verify(judging, &reading, reading.bytes) != BRINE_OK) {
        refuse_reading(judging, &reading, NULL);
        return;
    }
    refuse_value(judging, PICKLE_CLASS_MALFORMED, "no-pickle",
                 "no pickle in a framing that the rule admits");
}

/* Whether what begins so is nothing to any unpickler, whatever follows.  What is meant to be a
 * pickle need not be asked. */
static bool fails_within(void *context, struct bytes front) {
    struct judging *judging = context;
    struct pickle_harm harm;
    if (front.data[0] == PICKLE_OP_PROTO) return false;
    return fails_at_once(front.data[0]) ||
           (pickle_is_harmless(front, judging->limits, &judging->desk->pickle, &harm) &&
            !harm.stops && harm.end < front.len);
}

static bool is_given_up(void *context) {
    const struct gate_desk *desk = context;
    return desk->given_up && atomic_load_explicit(desk->given_up, memory_order_relaxed);
}

static enum brine_status walk(struct judging *judging, struct brine_error *err) {
    struct bytes value = judging->question->value;
    if (frame_is_bare(value, &judging->rule->frames)) {
        struct frame_reading reading = {
            .path = {.kinds = {FRAME_PICKLE}, .depth = 1},
            .bytes = value,
        };
        return visit(judging, &reading);
    }
    struct frame_options options = judging->rule->frames;
    bool may_defer = judging->question->may_defer;
    judging->more_may_follow = true;
    options.fails_within = fails_within;
    options.fails_within_context = judging;
    options.shared = judging->question->unpacking;
    options.given_up = is_given_up;
    options.given_up_context = judging->desk;
    if (may_defer) {
        enum { LOOP_NS_MAX = 1000000 };
        options.unpacked_bytes_max = MIN(options.unpacked_bytes_max, judging->setup->offload_bytes);
        options.unpack_ns_max = MIN(options.unpack_ns_max, (int64_t)LOOP_NS_MAX);
    }
    return frame_walk(value, &options, &judging->desk->frame, visit, judging, err);
}

/* Whether unpacking met a bound that is none of the value's.  No rule says what follows then: it is
 * not stored, and what is there stays. */
static bool is_undecided(struct judging *judging) {
    const struct frame_budget *shared = judging->question->unpacking;
    if (is_given_up(judging->desk)) {
        judging->answer->undecided = true;
        refuse_value(judging, PICKLE_CLASS_LIMIT, "stopping", "the server is stopping");
    } else if (shared && (shared->bytes == 0 || shared->ns == 0)) {
        judging->answer->undecided = true;
        refuse_value(judging, PICKLE_CLASS_LIMIT, "transaction",
                     "a transaction unpacks no more than its bound, all its values together: do it "
                     "outside of MULTI");
    }
    return judging->answer->undecided;
}

/* GATE_DEFER, or whatever the finding says. */
static bool read_value(struct judging *judging) {
    struct brine_error
        err; /* not cleared as a whole: that costs as much as the look at small values */
    err.text[0] = '\0';
    enum brine_status status = walk(judging, &err);
    if (status == BRINE_OK && judging->unlearned) {
        judging->learning = true;
        judging->whole = bytes_view(NULL, 0);
        status = walk(judging, &err);
    }
    struct gate_finding *finding = judging->finding;
    if (status == BRINE_OK) {
        if (judging->accepted)
            finding->found = GATE_FOUND_PICKLE;
        else if (judging->integer)
            finding->found = GATE_FOUND_INTEGER;
        else if (judging->rule->values == GATE_VALUES_PICKLE)
            refuse_no_pickle(judging);
        else
            finding->found = GATE_FOUND_BYTES;
        return true;
    }
    if (finding->found == GATE_FOUND_REFUSED) return true;
    if (judging->question->may_defer) return false;
    bool is_limit = status == BRINE_TOO_BIG;
    if (is_limit && is_undecided(judging)) return true;
    refuse_value(judging, PICKLE_CLASS_LIMIT, is_limit ? "unpacked" : "no-memory",
                 err.text[0] ? err.text : brine_status_meaning(status));
    if (status == BRINE_NO_MEMORY) gate_refusal_say_memory(judging->answer);
    return true;
}

static void label(struct judging *judging) {
    struct gate_kinds *kinds = judging->keeper->options.kinds;
    if (!kinds || !judging->records) return;
    judging->answer->label =
        gate_kinds_label(kinds, &judging->desk->kinds, judging->setup->generation);
}

static enum gate_verdict conclude(struct judging *judging) {
    const struct gate_finding *finding = judging->finding;
    if (finding->found != GATE_FOUND_REFUSED) {
        if (finding->found == GATE_FOUND_INTEGER) gate_kinds_note_integer(&judging->desk->kinds);
        label(judging);
        return GATE_ADMIT;
    }
    static const enum metric metrics[] = {
        [PICKLE_CLASS_ACCEPT] = METRIC_gate_refused_denied,
        [PICKLE_CLASS_MALFORMED] = METRIC_gate_refused_malformed,
        [PICKLE_CLASS_TRUNCATED] = METRIC_gate_refused_truncated,
        [PICKLE_CLASS_FORBIDDEN] = METRIC_gate_refused_denied,
        [PICKLE_CLASS_LIMIT] = METRIC_gate_refused_limit,
    };
    count(judging, metrics[finding->class], 1);
    if (judging->answer->undecided) return GATE_REFUSE;
    switch (judging->rule->on_refusal) {
    case GATE_ON_REFUSAL_ERROR:
        return GATE_REFUSE;
    case GATE_ON_REFUSAL_DROP:
        return GATE_DROP;
    case GATE_ON_REFUSAL_LOG:
        count(judging, METRIC_gate_logged, 1);
        /* Judged by the present policy; reports look into what was not understood. */
        if (judging->keeper->options.kinds && judging->records)
            judging->answer->label =
                gate_kinds_common(judging->keeper->options.kinds, judging->setup->generation);
        return GATE_ADMIT;
    }
    return GATE_REFUSE;
}

static bool is_too_long(struct judging *judging) {
    const struct gate_rule *rule = judging->rule;
    size_t len = judging->question->value.len;
    if (rule->bytes_max == 0 || len <= rule->bytes_max) return false;
    struct gate_refusal refusal = {.question = judging->question, .finding = judging->finding};
    refuse(judging, PICKLE_CLASS_LIMIT, "value-bytes");
    gate_refusal_say(&refusal, judging->answer, "the value has %zu bytes; the rule admits %llu",
                     len, (unsigned long long)rule->bytes_max);
    return true;
}

/* Whether it is a pickle of one long bytes object, whose content no verifier reads: the bulk of
 * what is both long and cached. */
static bool is_blob(struct bytes value) {
    enum { TAIL_BYTES_MAX = 64 };
    struct reader r = reader_over(value);
    uint8_t opcode = read_u8(&r);
    if (opcode == PICKLE_OP_PROTO) {
        (void)read_u8(&r);
        opcode = read_u8(&r);
    }
    if (opcode != PICKLE_OP_BINBYTES && opcode != PICKLE_OP_BINBYTES8) return false;
    uint64_t len = opcode == PICKLE_OP_BINBYTES ? read_u32le(&r) : read_u64le(&r);
    (void)read_take(&r, len);
    return !reader_failed(&r) && reader_left(&r) <= TAIL_BYTES_MAX;
}

/* Whether all that judges this value ends within its first bytes, however long it is.  That says
 * how long the answer takes and nothing of what it is: the value is read all the same. */
static bool ends_soon(struct judging *judging) {
    struct bytes value = judging->question->value;
    struct frame_reading front = {
        .path = {.kinds = {FRAME_PICKLE}, .depth = 1},
        .bytes = bytes_slice(value, 0, FRAME_FRONT_BYTES),
    };
    if (!frame_is_bare_by_front(value, &judging->rule->frames)) return false;
    if (fails_at_once(value.data[0]) || is_blob(value)) return true;
    struct pickle_harm harm;
    if (verify(judging, &front, front.bytes) == BRINE_OK) return false;
    return pickle_reason_class(judging->report->reason) == PICKLE_CLASS_MALFORMED &&
           judging->report->opcode != PICKLE_OP_FRAME && /* which may end behind the front */
           pickle_is_harmless(front.bytes, judging->limits, &judging->desk->pickle, &harm) &&
           harm.end < front.bytes.len;
}

/* A value is *long* when judging it may take longer than its asker can wait: a loop, or, of a brief
 * question, who waits for a lock. */
static bool is_long(const struct judging *judging) {
    enum { BRIEF_BYTES = 64 * 1024 };
    const struct gate_question *question = judging->question;
    uint64_t most = judging->setup->offload_bytes;
    if (question->brief) most = MIN(most, (uint64_t)BRIEF_BYTES);
    return UNLIKELY(question->value.len > most);
}

/* GATE_DEFER unless a long value's answer is a quick yes.  What limits refuse here, stricter ones
 * than the setup's, or anything else, is said by who has the time to say it well. */
static NOT_INLINED bool admits_soon(struct judging *judging) {
    enum { OPCODES_MAX = FRAME_FRONT_BYTES };
    struct pickle_limits limits = judging->setup->limits;
    limits.opcodes_max = MIN(limits.opcodes_max, (uint64_t)OPCODES_MAX);
    judging->limits = &limits;
    bool admitted =
        ends_soon(judging) && read_value(judging) && judging->finding->found != GATE_FOUND_REFUSED;
    judging->limits = &judging->setup->limits;
    return admitted;
}

/* Reads and decides.  Apart from the look, so that a gate that is off costs nothing of it. */
static NOT_INLINED enum gate_verdict judge(struct judging *judging) {
    const struct gate_rule *rule = judging->rule;
    struct gate_desk *desk = judging->desk;
    judging->policy.admits_unknown =
        judging->setup->mode == CONFIG_GATE_MODE_LEARN && judging->records;
    gate_kinds_begin(&desk->kinds);
    if (!is_too_long(judging) && rule->values != GATE_VALUES_OPAQUE) {
        bool is_short = !judging->question->may_defer || !is_long(judging);
        if (!(is_short ? read_value(judging) : admits_soon(judging))) return GATE_DEFER;
    }
    enum gate_verdict verdict = conclude(judging);
    struct audit *audit = judging->records ? judging->keeper->options.audit : NULL;
    gate_record_finding(audit, judging->question, judging->finding, judging->answer);
    return verdict;
}

/* `refused` is large, and read only when `report` leads to it. */
static void begin_finding(struct gate_finding *finding, const struct gate_setup *setup) {
    finding->found = GATE_FOUND_UNREAD;
    finding->verdict = GATE_ADMIT;
    finding->setup = setup;
    finding->class = PICKLE_CLASS_ACCEPT;
    finding->reason = "";
    finding->path.depth = 0;
    finding->offset = 0;
    finding->unpacked = false;
    finding->learned = 0;
    finding->protocol = 0;
    finding->report = NULL;
}

enum gate_verdict gate_keeper_look(struct gate_keeper *keeper, struct gate_desk *desk,
                                   const struct gate_question *question,
                                   const struct gate_look *look, struct gate_answer *answer,
                                   struct gate_finding *finding) {
    static const struct gate_look plain = {0};
    const struct gate_setup *setup = gate_keeper_desk_setup(keeper, desk);
    if (!look) look = &plain;
    answer->label = 0;
    answer->undecided = false;
    begin_finding(finding, setup);
    finding->rule = look->rule ? look->rule : gate_setup_rule(setup, question->db, question->key);
    if (setup->mode == CONFIG_GATE_MODE_OFF && !look->dry_run) return GATE_ADMIT;

    struct pickle_report report; /* is large, and not cleared before the verifier fills it in */
    struct judging judging = {
        .keeper = keeper,
        .setup = setup,
        .rule = finding->rule,
        .desk = desk,
        .question = question,
        .look = look,
        .answer = answer,
        .finding = finding,
        .limits = &setup->limits,
        .policy = *finding->rule->policy,
        .report = &report,
        .records = !look->dry_run,
    };
    finding->verdict = judge(&judging);
    return finding->verdict;
}

/* A pickle of one bytes object or number is most of what is cached as bytes, and nothing of the
 * look above can refuse it but what is asked here: it names nothing, is in no framing, and its
 * kind is one that this thread has labelled before. */
bool gate_keeper_admits_at_once(struct gate_keeper *keeper, struct gate_desk *desk,
                                const struct gate_question *question, struct gate_answer *answer) {
    const struct gate_setup *setup = gate_keeper_desk_setup(keeper, desk);
    struct bytes value = question->value;
    struct pickle_leaf leaf;
    if (setup->mode != CONFIG_GATE_MODE_ENFORCE || !keeper->options.kinds ||
        value.len > setup->offload_bytes || !pickle_is_leaf(value, &setup->limits, &leaf))
        return false;
    const struct gate_rule *rule = gate_setup_rule(setup, question->db, question->key);
    bool is_plain = rule->values != GATE_VALUES_OPAQUE && rule->audited != GATE_AUDIT_ALL &&
                    (rule->bytes_max == 0 || value.len <= rule->bytes_max);
    if (!is_plain || leaf.protocol < rule->min_protocol || leaf.protocol > rule->max_protocol ||
        !frame_is_bare(value, &rule->frames))
        return false;
    answer->label =
        gate_kinds_leaf_label(keeper->options.kinds, &desk->kinds, &leaf, setup->generation);
    if (answer->label == 0) return false;
    metrics_add(desk->metrics, METRIC_gate_verified_bytes, value.len);
    return true;
}
