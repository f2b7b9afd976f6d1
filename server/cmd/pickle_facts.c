/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/pickle_facts.h"

#include "cmd/handlers.h"

#include "base/utf8.h"
#include "gate/keeper.h"
#include "pickle/uses.h"

#include <stdio.h>

enum {
    /* Of the resolutions of names, which a pickle without memo repeats for each instance. */
    RESOLUTIONS_MAX = 65536,
    KEYS_TEXT_BYTES = 512,
    NAME_SHOWN_MAX = 120,
    LOOKED_AT_MAX = 4096, /* bytes for a guess */
};

/* ---- subjects -----------------------------------------------------------------------------------
 */

enum taken { TAKEN, TAKEN_NONE, TAKEN_WRONG_TYPE, TAKEN_LATER, TAKEN_NO_MEMORY };

static enum taken take(struct command_call *call, const struct store_key *key, size_t bytes_max,
                       struct pickle_subject *subject) {
    struct store_value value;
    enum taken taken = TAKEN;
    *subject = (struct pickle_subject){.db = key->db, .key = key->name};
    buf_init(&subject->copy, call->worker->mem, SIZE_MAX);
    if (!keyspace_peek(call->access, key, &value)) {
        taken = TAKEN_NONE;
    } else if (value.type != VALUE_STRING) {
        taken = TAKEN_WRONG_TYPE;
    } else if (value.bytes.len > bytes_max) {
        taken = TAKEN_LATER;
    } else if (value.blob) {
        subject->blob = blob_ref(value.blob);
        subject->value = blob_view(subject->blob);
    } else if (buf_append(&subject->copy, value.bytes) == BRINE_OK) {
        subject->value = buf_view(&subject->copy);
    } else {
        taken = TAKEN_NO_MEMORY;
    }
    if (taken == TAKEN) {
        subject->expire_at_ms = value.expire_at_ms;
        subject->label = value.label;
        subject->writer = value.writer;
        subject->stored_at_s = value.stored_at_s;
    }
    keyspace_leave(call->access);
    if (taken != TAKEN) pickle_subject_drop(subject);
    return taken;
}

bool pickle_subject_take(struct command_call *call, const struct store_key *key,
                         struct pickle_subject *subject) {
    size_t bytes_max = SIZE_MAX;
    if (call->access->in_transaction)
        bytes_max = call->access->keyspace->locked_bytes_max;
    else if (call->access->may_defer)
        bytes_max = (size_t)config_read(call->worker->config->gate.offload_bytes);
    switch (take(call, key, bytes_max, subject)) {
    case TAKEN:
        return true;
    case TAKEN_NONE:
        reply_null(call->reply);
        return false;
    case TAKEN_WRONG_TYPE:
        reply_error(call->reply, ERROR_WRONG_TYPE);
        return false;
    case TAKEN_LATER:
        if (call->access->in_transaction)
            reply_errorf(call->reply, "ERR inside MULTI at most %zu bytes are looked into",
                         bytes_max);
        else
            call->access->deferred = true;
        return false;
    case TAKEN_NO_MEMORY:
        break;
    }
    reply_error(call->reply, ERROR_NO_MEMORY);
    return false;
}

bool pickle_subject_peek(struct command_call *call, const struct store_key *key,
                         struct pickle_subject *subject) {
    return take(call, key, SIZE_MAX, subject) == TAKEN;
}

void pickle_subject_drop(struct pickle_subject *subject) {
    blob_unref(subject->blob);
    buf_deinit(&subject->copy);
    subject->blob = NULL;
}

void pickle_report_frames(struct command_call *call, const struct pickle_subject *subject,
                          struct pickle_frames *frames) {
    struct frame_options *options = &frames->options;
    *options = FRAME_OPTIONS_DEFAULT;
    struct gate_keeper *keeper = call->access->keyspace->gate->keeper;
    if (keeper) {
        struct gate_setup *setup = gate_keeper_setup(keeper);
        const struct gate_rule *rule = gate_setup_rule(setup, subject->db, subject->key);
        options->unpacked_bytes_max = rule->frames.unpacked_bytes_max;
        options->ratio_max = rule->frames.ratio_max;
        options->unpack_ns_max = rule->frames.unpack_ns_max;
        options->clock_ns = rule->frames.clock_ns;
        /* The setup may go; what affixes are made of is the program's. */
        options->affixes_count = MIN(rule->frames.affixes_count, ARRAY_LEN(frames->affixes));
        for (size_t i = 0; i < options->affixes_count; i++)
            frames->affixes[i] = rule->frames.affixes[i];
        options->affixes = frames->affixes;
        gate_setup_unref(setup);
    }
    /* As a policy's rule may admit, and as nobody's default does: any text may be base64. */
    options->admitted |= FRAME_BIT(FRAME_BASE64);
}

struct bytes pickle_up_to_stop(const struct frame_reading *shown,
                               const struct pickle_report *report) {
    bool more = report->reason == PICKLE_TRAILING && shown->trailing_ignored;
    return more ? bytes_slice(shown->bytes, 0, report->offset + 1) : shown->bytes;
}

/* ---- facts --------------------------------------------------------------------------------------
 */

struct reading_facts {
    struct command_call *call;
    struct pickle_facts *facts;
    struct pickle_limits limits;
};

static struct pickle_fact_global *find_global(struct pickle_facts *facts,
                                              const struct pickle_global *global) {
    for (size_t i = 0; i < facts->globals_count; i++)
        if (bytes_equal(facts->globals[i].name, global->name) &&
            bytes_equal(facts->globals[i].module, global->module))
            return &facts->globals[i];
    return NULL;
}

/* "count, owner": the names of a state's keys. */
static struct bytes keys_text(struct arena *scratch, const struct pickle_global *global) {
    char text[KEYS_TEXT_BYTES];
    size_t len = 0;
    for (uint32_t i = 0; i < global->keys_count && len < sizeof text - 1; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", i ? ", " : "",
                                (int)MIN(global->keys[i].len, (size_t)NAME_SHOWN_MAX),
                                (const char *)global->keys[i].data);
    return arena_copy(scratch, bytes_view(text, MIN(len, sizeof text - 1)));
}

static void add_global(struct reading_facts *reading, const struct pickle_global *global) {
    struct pickle_facts *facts = reading->facts;
    struct arena *scratch = &reading->call->worker->scratch;
    struct pickle_fact_global *known = find_global(facts, global);
    if (!known && facts->globals_count == FACTS_GLOBALS_MAX) {
        facts->globals_untold++;
        return;
    }
    if (!known) {
        known = &facts->globals[facts->globals_count];
        *known = (struct pickle_fact_global){.module = arena_copy(scratch, global->module),
                                             .name = arena_copy(scratch, global->name)};
        facts->no_memory |= !known->module.data || !known->name.data;
        if (facts->no_memory) return;
        facts->globals_count++;
    }
    known->uses |= global->uses;
    known->varies |= global->keys_vary || (known->fingerprint && global->keys_fingerprint &&
                                           known->fingerprint != global->keys_fingerprint);
    if (known->fingerprint || !global->keys_fingerprint) return;
    known->fingerprint = global->keys_fingerprint;
    known->keys_count = global->keys_count;
    known->keys = keys_text(scratch, global);
}

static void set_type(struct pickle_facts *facts, const struct pickle_report *report) {
    const struct pickle_global *class = report->top_global;
    if (class && report->top_kind == PICKLE_KIND_INSTANCE)
        snprintf(facts->type, sizeof facts->type, "%.*s.%.*s",
                 (int)MIN(class->module.len, (size_t)NAME_SHOWN_MAX),
                 (const char *)class->module.data,
                 (int)MIN(class->name.len, (size_t)NAME_SHOWN_MAX), (const char *)class->name.data);
    else
        snprintf(facts->type, sizeof facts->type, "%s", pickle_kind_name(report->top_kind));
}

static void take_report(struct reading_facts *reading, const struct frame_reading *shown,
                        const struct pickle_report *report, bool accepted) {
    struct pickle_facts *facts = reading->facts;
    facts->path = shown->path;
    facts->bytes = shown->bytes.len;
    facts->protocol = report->protocol;
    facts->protocol_needed = report->protocol_needed;
    facts->origin = report->origin;
    facts->opcodes = report->opcodes;
    facts->heap_bytes = report->heap_bytes;
    facts->memo_entries = report->memo_entries;
    facts->nesting = report->nesting;
    facts->problem[0] = 0;
    if (accepted)
        set_type(facts, report);
    else
        pickle_report_message(report, facts->problem, sizeof facts->problem);
}

static void take_globals(struct reading_facts *reading, const struct pickle_report *report) {
    size_t looked = MIN(report->globals_count, (size_t)RESOLUTIONS_MAX);
    for (size_t i = 0; i < looked && !reading->facts->no_memory; i++)
        add_global(reading, &report->globals[i]);
    reading->facts->globals_untold += report->globals_count - looked;
}

static enum brine_status verify(struct reading_facts *reading, const struct frame_reading *shown,
                                struct bytes bytes, struct pickle_report *report) {
    static const struct policy everything = {.admits_unknown = true};
    struct pickle_scratch *scratch = &reading->call->access->desk.pickle;
    scratch->joblib_arrays = shown->path.kinds[shown->path.depth - 1] == FRAME_JOBLIB;
    scratch->collect_keys = true;
    return pickle_verify(bytes, &everything, &reading->limits, scratch, report);
}

/* The first pickle gives type and counts, globals are those of all.  What is broken or refused
 * gives its facts until a better reading comes. */
static enum brine_status visit(void *context, const struct frame_reading *shown) {
    struct reading_facts *reading = context;
    struct pickle_facts *facts = reading->facts;
    struct pickle_report report;
    if (shown->integer) {
        if (facts->found != FACTS_PICKLE) facts->found = FACTS_INTEGER;
        return BRINE_OK;
    }
    enum brine_status status = verify(reading, shown, shown->bytes, &report);
    struct bytes bytes = pickle_up_to_stop(shown, &report);
    if (bytes.len < shown->bytes.len) status = verify(reading, shown, bytes, &report);
    enum pickle_class class = pickle_reason_class(report.reason);
    bool stopped = class == PICKLE_CLASS_FORBIDDEN || class == PICKLE_CLASS_LIMIT;
    bool begins = shown->bytes.len > 1 && shown->bytes.data[0] == 0x80;
    if (status == BRINE_OK || stopped) {
        bool better = facts->found != FACTS_PICKLE || (status == BRINE_OK && facts->problem[0]);
        facts->found = FACTS_PICKLE;
        if (better) take_report(reading, shown, &report, status == BRINE_OK);
        take_globals(reading, &report);
    } else if (begins && facts->found == FACTS_BYTES) {
        facts->found = FACTS_BROKEN;
        take_report(reading, shown, &report, false);
    }
    return BRINE_OK;
}

bool pickle_facts_read(struct command_call *call, const struct pickle_subject *subject,
                       struct pickle_facts *facts) {
    struct pickle_frames frames;
    struct reading_facts reading = {.call = call, .facts = facts, .limits = PICKLE_LIMITS_DEFAULT};
    struct brine_error err = {0};
    *facts = (struct pickle_facts){.bytes = subject->value.len};
    facts->globals =
        arena_alloc(&call->worker->scratch, FACTS_GLOBALS_MAX * sizeof *facts->globals);
    if (!facts->globals) return false;
    pickle_report_frames(call, subject, &frames);
    enum brine_status status = frame_walk(subject->value, &frames.options,
                                          &call->access->desk.frame, visit, &reading, &err);
    if (status != BRINE_OK && facts->found == FACTS_BYTES && !facts->problem[0])
        snprintf(facts->problem, sizeof facts->problem, "%s",
                 err.text[0] ? err.text : brine_status_meaning(status));
    return !facts->no_memory && status != BRINE_NO_MEMORY;
}

const char *pickle_looks_like(struct bytes value) {
    static const struct {
        const char *magic;
        size_t len;
        const char *what;
    } magics[] = {
        {"\x1f\x8b", 2, "gzip data without a pickle in it"},
        {"\x28\xb5\x2f\xfd", 4, "zstd data without a pickle in it"},
        {"\x04\x22\x4d\x18", 4, "lz4 data without a pickle in it"},
        {"BZh", 3, "bz2 data without a pickle in it"},
        {"\xfd\x37zXZ", 5, "xz data without a pickle in it"},
        {"\x89PNG", 4, "a PNG image"},
        {"\xff\xd8\xff", 3, "a JPEG image"},
        {"PK\x03\x04", 4, "a zip archive"},
        {"%PDF", 4, "a PDF document"},
        {"\x93NUMPY", 6, "an array of numpy.save"},
    };
    for (size_t i = 0; i < ARRAY_LEN(magics); i++)
        if (bytes_starts_with(value, bytes_view(magics[i].magic, magics[i].len)))
            return magics[i].what;
    if (value.len == 0) return "nothing: it is empty";
    struct bytes head = bytes_slice(value, 0, MIN(value.len, (size_t)LOOKED_AT_MAX));
    for (size_t i = 0; i < head.len; i++)
        if (head.data[i] < ' ' && !(head.data[i] >= '\t' && head.data[i] <= '\r'))
            return "binary data";
    if (utf8_valid_prefix(head) + UTF8_BYTES_MAX <= head.len) return "binary data";
    if (value.data[0] == '{' || value.data[0] == '[') return "JSON";
    if (value.data[0] == '<') return "HTML or XML";
    return "text";
}

const char *pickle_uses_text(uint32_t uses, char line[static USES_TEXT_BYTES]) {
    const char *words[PICKLE_USE_WORDS_MAX];
    size_t count = pickle_use_words(uses, words), len = 0;
    for (size_t i = 0; i < count; i++)
        len +=
            (size_t)snprintf(line + len, USES_TEXT_BYTES - len, "%s%s", len ? ", " : "", words[i]);
    return len ? line : "named";
}
