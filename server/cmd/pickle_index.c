/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* All stored values by their kinds: PICKLE.GLOBALS, TYPES and STATS count labels and read no value;
 * PICKLE.FIND and FORGET walk over the keys of a database and decide by labels.
 *
 * Only where a label does not tell (the value was never judged, or there were too many kinds or
 * globals) is the value looked into, beyond its shard's lock; it is then forgotten only if it is
 * still the value that was looked at. */

#include "cmd/handlers.h"
#include "cmd/pickle_facts.h"

#include "base/glob.h"
#include "gate/kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GROUPS_MAX = 4096,    /* types or globals of one report */
    GROUP_PARTS_MAX = 64, /* fingerprints or framings of one type */
    NAME_BYTES = 512,
    SNAPSHOT_TRIES = 4,
    FIND_COUNT_DEFAULT = 1000,
    FIND_COUNT_MAX = 1 << 20,
    /* Keys above which a walk does not run on an event loop. */
    WALK_KEYS_MAX = 2000,
};

/* ---- counting by kinds --------------------------------------------------------------------------
 */

struct census {
    struct command_call *call;
    struct gate_kinds *kinds;
    struct store_label_count *counts; /* by label */
    size_t labels;
    bool no_memory;
};

/* Counts labels and shows each kind that has entries, so that counts and kinds belong together. */
static bool take_census(struct census *census, gate_kind_visit_fn *visit, void *context,
                        void (*begin)(void *context)) {
    struct command_call *call = census->call;
    census->kinds = call->access->keyspace->gate->kinds;
    if (!census->kinds) {
        reply_error(call->reply, BYTES("ERR this server has no gate"));
        return false;
    }
    census->labels = gate_kinds_labels(census->kinds);
    census->counts = arena_alloc(&call->worker->scratch, census->labels * sizeof *census->counts);
    if (!census->counts) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return false;
    }
    for (int tries = 0; tries < SNAPSHOT_TRIES; tries++) {
        uint64_t epoch = gate_kinds_epoch(census->kinds);
        keyspace_count_labels(call->access, census->counts, census->labels);
        begin(context);
        gate_kinds_visit(census->kinds, visit, context);
        if (epoch == gate_kinds_epoch(census->kinds)) break;
    }
    return true;
}

/* Entries that have something in common. */
struct part {
    struct bytes text;
    uint64_t entries;
};
struct group {
    struct bytes name;
    uint64_t entries, bytes;
    uint32_t protocols; /* a bit each */
    struct part *fingerprints, *framings;
    size_t fingerprints_count, framings_count;
};
struct groups {
    struct census census;
    struct group *items;
    size_t count, untold;
};

static void groups_begin(void *context) {
    struct groups *groups = context;
    groups->count = groups->untold = 0;
}

static bool groups_init(struct groups *groups, struct command_call *call) {
    *groups = (struct groups){.census = {.call = call}};
    groups->items = arena_alloc(&call->worker->scratch, GROUPS_MAX * sizeof *groups->items);
    if (groups->items) return true;
    reply_error(call->reply, ERROR_NO_MEMORY);
    return false;
}

static struct bytes keep(struct groups *groups, struct bytes text) {
    struct bytes kept = arena_copy(&groups->census.call->worker->scratch, text);
    groups->census.no_memory |= !kept.data;
    return kept;
}

/* Cost: linear; a report has at most GROUPS_MAX names. */
static struct group *group_of(struct groups *groups, struct bytes name) {
    for (size_t i = 0; i < groups->count; i++)
        if (bytes_equal(groups->items[i].name, name)) return &groups->items[i];
    if (groups->count == GROUPS_MAX || groups->census.no_memory) {
        groups->untold++;
        return NULL;
    }
    struct group *group = &groups->items[groups->count];
    *group = (struct group){.name = keep(groups, name)};
    if (groups->census.no_memory) return NULL;
    groups->count++;
    return group;
}

static void add_part(struct groups *groups, struct part **parts, size_t *count, struct bytes text,
                     uint64_t entries) {
    for (size_t i = 0; i < *count; i++) {
        if (!bytes_equal((*parts)[i].text, text)) continue;
        (*parts)[i].entries += entries;
        return;
    }
    if (!*parts)
        *parts =
            arena_alloc(&groups->census.call->worker->scratch, GROUP_PARTS_MAX * sizeof **parts);
    if (!*parts) groups->census.no_memory = true;
    if (*count == GROUP_PARTS_MAX || groups->census.no_memory) return;
    (*parts)[(*count)++] = (struct part){.text = keep(groups, text), .entries = entries};
}

static int by_entries(const void *left, const void *right) {
    const struct group *a = left, *b = right;
    if (a->entries != b->entries) return a->entries < b->entries ? 1 : -1;
    size_t common = MIN(a->name.len, b->name.len);
    int order = common ? memcmp(a->name.data, b->name.data, common) : 0;
    return order ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static void sort_groups(struct groups *groups) {
    qsort(groups->items, groups->count, sizeof *groups->items, by_entries);
}

static bool has_failed(const struct groups *groups) {
    if (!groups->census.no_memory) return false;
    reply_error(groups->census.call->reply, ERROR_NO_MEMORY);
    return true;
}

static struct bytes global_name(const struct gate_kind_global *global, char text[NAME_BYTES]) {
    int len = snprintf(text, NAME_BYTES, "%.*s.%.*s", (int)MIN(global->module.len, 250u),
                       (const char *)global->module.data, (int)MIN(global->name.len, 250u),
                       (const char *)global->name.data);
    return bytes_view(text, (size_t)len);
}

/* ---- PICKLE.GLOBALS -----------------------------------------------------------------------------
 */

static void count_globals(void *context, const struct gate_kind *kind) {
    struct groups *groups = context;
    struct store_label_count count = groups->census.counts[kind->label];
    char text[NAME_BYTES];
    if (!count.entries) return;
    for (size_t i = 0; i < kind->globals_count; i++) {
        struct group *group = group_of(groups, global_name(&kind->globals[i], text));
        if (!group) continue;
        group->entries += count.entries;
        group->bytes += count.bytes;
    }
    if (!kind->wide && kind->what != GATE_KIND_COMMON) return;
    struct group *group = group_of(groups, BYTES("(too many to tell apart)"));
    if (group) group->entries += count.entries;
}

/* PICKLE.GLOBALS [key] */
void cmd_pickle_globals(struct command_call *call) {
    enum { GLOBALS_ARGS_MAX = 2 };
    struct groups groups;
    if (call->args_count > GLOBALS_ARGS_MAX) {
        reply_wrong_arity(call->reply, call->command);
        return;
    }
    if (call->args_count == GLOBALS_ARGS_MAX) {
        reply_globals_of_key(call);
        return;
    }
    if (!groups_init(&groups, call) ||
        !take_census(&groups.census, count_globals, &groups, groups_begin) || has_failed(&groups))
        return;
    sort_groups(&groups);
    reply_map(call->reply, groups.count);
    for (size_t i = 0; i < groups.count; i++) {
        reply_bulk(call->reply, groups.items[i].name);
        reply_integer(call->reply, (int64_t)groups.items[i].entries);
    }
}

/* ---- PICKLE.TYPES -------------------------------------------------------------------------------
 */

static struct bytes kind_name(const struct gate_kind *kind) {
    switch (kind->what) {
    case GATE_KIND_OPAQUE:
        return BYTES("(bytes, no pickle)");
    case GATE_KIND_INTEGER:
        return BYTES("(integer)");
    case GATE_KIND_PICKLE:
        return kind->type;
    case GATE_KIND_COMMON:
        break;
    }
    return BYTES("(not told apart)");
}

/* The state's keys of the value's own class. */
static void add_fingerprint(struct groups *groups, struct group *group,
                            const struct gate_kind *kind, uint64_t entries) {
    char text[NAME_BYTES];
    for (size_t i = 0; i < kind->globals_count; i++) {
        const struct gate_kind_global *global = &kind->globals[i];
        if (!bytes_equal(global_name(global, text), kind->type)) continue;
        if (!global->fingerprint && !global->varies) return;
        if (global->fingerprint)
            snprintf(text, sizeof text, "%016" PRIx64 "%s", global->fingerprint,
                     global->varies ? " and others" : "");
        else
            snprintf(text, sizeof text, "several");
        add_part(groups, &group->fingerprints, &group->fingerprints_count, bytes_of_cstr(text),
                 entries);
        return;
    }
}

static void count_types(void *context, const struct gate_kind *kind) {
    struct groups *groups = context;
    struct store_label_count count = groups->census.counts[kind->label];
    char path[NAME_BYTES];
    if (!count.entries) return;
    struct group *group = group_of(groups, kind_name(kind));
    if (!group) return;
    group->entries += count.entries;
    group->bytes += count.bytes;
    if (kind->what != GATE_KIND_PICKLE) return;
    group->protocols |= 1u << MIN(kind->protocol, 31u);
    frame_path_text(&kind->path, path, sizeof path);
    add_part(groups, &group->framings, &group->framings_count, bytes_of_cstr(path), count.entries);
    add_fingerprint(groups, group, kind, count.entries);
}

static void say_parts(struct reply *reply, const char *name, const struct part *parts,
                      size_t count) {
    reply_bulk(reply, bytes_of_cstr(name));
    reply_map(reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(reply, parts[i].text);
        reply_integer(reply, (int64_t)parts[i].entries);
    }
}

static void say_type(struct reply *reply, const struct group *group) {
    char protocols[64] = "";
    size_t len = 0;
    for (unsigned protocol = 0; protocol < 32; protocol++)
        if (group->protocols >> protocol & 1 && len < sizeof protocols)
            len += (size_t)snprintf(protocols + len, sizeof protocols - len, "%s%u",
                                    len ? ", " : "", protocol);
    reply_map(reply, 3 + (len > 0) + (group->framings_count > 0) + (group->fingerprints_count > 0));
    reply_bulk(reply, BYTES("type"));
    reply_bulk(reply, group->name);
    reply_bulk(reply, BYTES("entries"));
    reply_integer(reply, (int64_t)group->entries);
    reply_bulk(reply, BYTES("bytes"));
    reply_integer(reply, (int64_t)group->bytes);
    if (len > 0) {
        reply_bulk(reply, BYTES("protocols"));
        reply_bulk(reply, bytes_of_cstr(protocols));
    }
    if (group->framings_count) say_parts(reply, "framings", group->framings, group->framings_count);
    if (group->fingerprints_count)
        say_parts(reply, "fingerprints of the state's keys", group->fingerprints,
                  group->fingerprints_count);
}

/* PICKLE.TYPES */
void cmd_pickle_types(struct command_call *call) {
    struct groups groups;
    if (!groups_init(&groups, call) ||
        !take_census(&groups.census, count_types, &groups, groups_begin))
        return;
    struct store_label_count unjudged = groups.census.counts[0];
    struct group *never = unjudged.entries ? group_of(&groups, BYTES("(never judged)")) : NULL;
    if (never) {
        never->entries = unjudged.entries;
        never->bytes = unjudged.bytes;
    }
    if (has_failed(&groups)) return;
    sort_groups(&groups);
    reply_array(call->reply, groups.count);
    for (size_t i = 0; i < groups.count; i++) say_type(call->reply, &groups.items[i]);
}

/* ---- what FIND and FORGET look for --------------------------------------------------------------
 */

/* ORDER: what a label tells of a query. */
enum told { TOLD_NOT_YET, TOLD_NO, TOLD_YES, TOLD_LOOK };

struct query {
    struct command_call *call;
    struct gate_kinds *kinds;
    struct bytes pattern;
    bool by_type;
    uint8_t *told; /* by label, enum told */
    size_t labels;
    uint64_t epoch;
};

/* The pattern fits "module.name", or the module alone. */
static bool fits_global(struct bytes pattern, struct bytes module, struct bytes name) {
    char text[NAME_BYTES * 4];
    if (glob_match(pattern, module)) return true;
    if (module.len + name.len + 1 > sizeof text) return false;
    bytes_copy_to(text, module);
    text[module.len] = '.';
    bytes_copy_to(text + module.len + 1, name);
    return glob_match(pattern, bytes_view(text, module.len + 1 + name.len));
}

static void tell(void *context, const struct gate_kind *kind) {
    struct query *query = context;
    enum told told = TOLD_NO;
    if (kind->what == GATE_KIND_COMMON || kind->wide) {
        told = TOLD_LOOK;
    } else if (query->by_type) {
        if (kind->what == GATE_KIND_PICKLE && glob_match(query->pattern, kind->type))
            told = TOLD_YES;
    } else {
        for (size_t i = 0; i < kind->globals_count && told == TOLD_NO; i++)
            if (fits_global(query->pattern, kind->globals[i].module, kind->globals[i].name))
                told = TOLD_YES;
    }
    query->told[kind->label] = (uint8_t)told;
}

/* Under the shard's lock of an entry with this label, while the label cannot change its meaning. */
static enum told label_tells(struct query *query, uint16_t label) {
    uint64_t epoch = gate_kinds_epoch(query->kinds);
    if (label == 0 || label >= query->labels) return TOLD_LOOK;
    if (UNLIKELY(epoch != query->epoch)) {
        memset(query->told, TOLD_NOT_YET, query->labels);
        query->epoch = epoch;
    }
    if (query->told[label] == TOLD_NOT_YET) {
        query->told[label] = TOLD_LOOK;
        (void)gate_kinds_visit_one(query->kinds, label, tell, query);
    }
    return (enum told)query->told[label];
}

struct closer_look {
    struct query *query;
    bool fits;
};

static enum brine_status look_closer(void *context, const struct frame_reading *shown) {
    static const struct policy everything = {.admits_unknown = true};
    struct closer_look *look = context;
    struct query *query = look->query;
    struct pickle_scratch *scratch = &query->call->access->desk.pickle;
    struct pickle_report report;
    if (shown->integer || look->fits) return BRINE_OK;
    scratch->joblib_arrays = shown->path.kinds[shown->path.depth - 1] == FRAME_JOBLIB;
    enum brine_status status =
        pickle_verify(shown->bytes, &everything, &PICKLE_LIMITS_DEFAULT, scratch, &report);
    struct bytes bytes = pickle_up_to_stop(shown, &report);
    if (bytes.len < shown->bytes.len)
        status = pickle_verify(bytes, &everything, &PICKLE_LIMITS_DEFAULT, scratch, &report);
    enum pickle_class class = pickle_reason_class(report.reason);
    if (status != BRINE_OK && class != PICKLE_CLASS_FORBIDDEN && class != PICKLE_CLASS_LIMIT)
        return BRINE_OK;
    if (query->by_type) {
        char type[NAME_BYTES];
        const struct pickle_global *top = report.top_global;
        if (top)
            snprintf(type, sizeof type, "%.*s.%.*s", (int)MIN(top->module.len, 250u),
                     (const char *)top->module.data, (int)MIN(top->name.len, 250u),
                     (const char *)top->name.data);
        else
            snprintf(type, sizeof type, "%s", pickle_kind_name(report.top_kind));
        look->fits = status == BRINE_OK && glob_match(query->pattern, bytes_of_cstr(type));
        return BRINE_OK;
    }
    for (size_t i = 0; i < report.globals_count && !look->fits; i++)
        look->fits = fits_global(query->pattern, report.globals[i].module, report.globals[i].name);
    /* What it was refused for is named, though not resolved. */
    if (status != BRINE_OK && report.name.data)
        look->fits |= fits_global(query->pattern, report.module, report.name);
    return BRINE_OK;
}

static bool value_fits(struct query *query, const struct pickle_subject *subject) {
    struct pickle_frames frames;
    struct closer_look look = {.query = query};
    struct brine_error err;
    pickle_report_frames(query->call, subject, &frames);
    (void)!frame_walk(subject->value, &frames.options, &query->call->access->desk.frame,
                      look_closer, &look, &err);
    return look.fits;
}

static bool query_init(struct query *query, struct command_call *call, bool by_type,
                       struct bytes pattern) {
    *query = (struct query){.call = call,
                            .kinds = call->access->keyspace->gate->kinds,
                            .pattern = pattern,
                            .by_type = by_type};
    if (!query->kinds) {
        reply_error(call->reply, BYTES("ERR this server has no gate"));
        return false;
    }
    query->labels = gate_kinds_labels(query->kinds);
    query->epoch = gate_kinds_epoch(query->kinds);
    query->told = arena_alloc(&call->worker->scratch, query->labels);
    if (!query->told) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return false;
    }
    memset(query->told, TOLD_NOT_YET, query->labels);
    return true;
}

/* ---- walking ------------------------------------------------------------------------------------
 */

/* Names of a step of the walk, each with what its label told: u8 told, u32 length, name. */
struct candidates {
    struct query *query;
    struct buf names;
    bool no_memory;
};

static void collect(void *context, struct bytes name, const struct store_value *value) {
    struct candidates *found = context;
    enum told told = label_tells(found->query, value->label);
    uint8_t tag = (uint8_t)told;
    uint32_t len = (uint32_t)name.len;
    if (told == TOLD_NO || value->type != VALUE_STRING) return;
    found->no_memory |= buf_append(&found->names, bytes_view(&tag, sizeof tag)) != BRINE_OK ||
                        buf_append(&found->names, bytes_view(&len, sizeof len)) != BRINE_OK ||
                        buf_append(&found->names, name) != BRINE_OK;
}

/* What becomes of a key that fits; false ends the walk.  `subject` is what was looked at, NULL when
 * the label told. */
typedef bool fitting_fn(void *context, const struct store_key *key,
                        const struct pickle_subject *subject);

static bool visit_candidates(struct candidates *found, fitting_fn *fits, void *context) {
    struct command_call *call = found->query->call;
    struct bytes names = buf_view(&found->names);
    bool go_on = true;
    for (size_t at = 0; at < names.len && go_on;) {
        uint8_t told = names.data[at];
        uint32_t len;
        memcpy(&len, names.data + at + 1, sizeof len);
        struct bytes name = bytes_slice(names, at + 1 + sizeof len, len);
        struct store_key key = keyspace_key(call->access, call->session->db, name);
        struct pickle_subject subject;
        at += 1 + sizeof len + len;
        if (told == TOLD_YES) {
            go_on = fits(context, &key, NULL);
        } else if (pickle_subject_peek(call, &key, &subject)) {
            if (value_fits(found->query, &subject)) go_on = fits(context, &key, &subject);
            pickle_subject_drop(&subject);
        }
    }
    return go_on;
}

/* False: no memory, replied. */
static bool walk(struct query *query, fitting_fn *fits, void *context) {
    struct command_call *call = query->call;
    struct candidates found = {.query = query};
    struct keyspace_scan scan = {.db = call->session->db, .visit = collect, .context = &found};
    uint64_t cursor = 0;
    bool go_on = true;
    buf_init(&found.names, call->worker->mem, SIZE_MAX);
    do {
        buf_clear(&found.names);
        cursor = keyspace_scan(call->access, &scan, cursor);
        if (!found.no_memory) go_on = visit_candidates(&found, fits, context);
    } while (cursor && go_on && !found.no_memory);
    buf_deinit(&found.names);
    if (found.no_memory) reply_error(call->reply, ERROR_NO_MEMORY);
    return !found.no_memory;
}

/* True: the walk is long and goes to a thread that may take its time; or it was refused, for within
 * EXEC it would keep everybody waiting. */
static bool is_deferred(struct command_call *call) {
    struct store *store = call->access->keyspace->store;
    bool is_long = store_counts_db(store, call->session->db).keys > WALK_KEYS_MAX;
    if (is_long && call->access->in_transaction)
        reply_errorf(call->reply, "ERR inside MULTI at most %d keys are looked at", WALK_KEYS_MAX);
    else if (is_long && call->access->may_defer)
        call->access->deferred = true;
    else
        return false;
    return true;
}

enum { QUERY_WHAT = 1, QUERY_PATTERN = 2, QUERY_FIRST_OPTION = 3 };

/* GLOBAL glob or TYPE glob; false: a syntax error was replied. */
static bool read_query(struct command_call *call, bool *by_type) {
    *by_type = call_is(call, QUERY_WHAT, "TYPE");
    if (*by_type || call_is(call, QUERY_WHAT, "GLOBAL")) return true;
    reply_error(call->reply, ERROR_SYNTAX);
    return false;
}

/* ---- PICKLE.FIND --------------------------------------------------------------------------------
 */

struct finding {
    struct resp_writer names;
    size_t count, count_max;
};

static bool add_found(void *context, const struct store_key *key,
                      const struct pickle_subject *subject UNUSED) {
    struct finding *finding = context;
    resp_bulk(&finding->names, key->name);
    return ++finding->count < finding->count_max && !finding->names.failed;
}

/* PICKLE.FIND GLOBAL glob | TYPE glob [COUNT n] */
void cmd_pickle_find(struct command_call *call) {
    int64_t count_max = FIND_COUNT_DEFAULT;
    struct query query;
    bool by_type;
    if (!read_query(call, &by_type)) return;
    for (size_t at = QUERY_FIRST_OPTION; at < call->args_count; at += 2) {
        if (at + 1 == call->args_count || !call_is(call, at, "COUNT")) {
            reply_error(call->reply, ERROR_SYNTAX);
            return;
        }
        if (!call_integer(call, at + 1, &count_max)) return;
        if (count_max >= 1 && count_max <= FIND_COUNT_MAX) continue;
        reply_errorf(call->reply, "ERR COUNT is 1 to %d", FIND_COUNT_MAX);
        return;
    }
    if (is_deferred(call) || !query_init(&query, call, by_type, call->args[QUERY_PATTERN])) return;

    struct buf *names = &call->worker->collected;
    buf_clear(names);
    struct finding finding = {
        .names = {.out = names, .version = call->session->resp_version},
        .count_max = (size_t)count_max,
    };
    if (!walk(&query, add_found, &finding)) return;
    if (finding.names.failed) {
        reply_error(call->reply, ERROR_NO_MEMORY);
    } else {
        reply_array(call->reply, finding.count);
        resp_raw(&call->reply->writer, buf_view(names));
    }
    buf_clear(names);
    buf_shrink(names, KEYSPACE_SCRATCH_BYTES_KEPT);
}

/* ---- PICKLE.FORGET ------------------------------------------------------------------------------
 */

struct forgetting {
    struct query *query;
    const struct pickle_subject *subject; /* of the key at hand */
    uint64_t removed;
};

/* Under the lock: another value may have come since. */
static bool still_fits(void *context, const struct store_value *value) {
    const struct forgetting *forgetting = context;
    const struct pickle_subject *subject = forgetting->subject;
    enum told told = label_tells(forgetting->query, value->label);
    if (told != TOLD_LOOK) return told == TOLD_YES;
    if (!subject) return false;
    if (subject->blob || value->blob) return subject->blob == value->blob;
    return bytes_equal(subject->value, value->bytes);
}

static bool forget(void *context, const struct store_key *key,
                   const struct pickle_subject *subject) {
    struct forgetting *forgetting = context;
    forgetting->subject = subject;
    forgetting->removed +=
        keyspace_remove_if(forgetting->query->call->access, key, still_fits, forgetting);
    return true;
}

/* PICKLE.FORGET GLOBAL glob | TYPE glob [SYNC] */
void cmd_pickle_forget(struct command_call *call) {
    enum { FORGET_ARGS_MAX = QUERY_FIRST_OPTION + 1 };
    struct query query;
    struct forgetting forgetting = {.query = &query};
    bool by_type, sync = call->args_count == FORGET_ARGS_MAX;
    if (!read_query(call, &by_type)) return;
    if (call->args_count > FORGET_ARGS_MAX ||
        (sync && !call_is(call, QUERY_FIRST_OPTION, "SYNC"))) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    if (is_deferred(call) || !query_init(&query, call, by_type, call->args[QUERY_PATTERN])) return;

    if (!walk(&query, forget, &forgetting)) return;
    if (sync) keyspace_compact(call->access);
    reply_integer(call->reply, (int64_t)forgetting.removed);
}

/* ---- PICKLE.STATS -------------------------------------------------------------------------------
 */

static void say_count(struct reply *reply, size_t *said, const char *name, uint64_t count) {
    ++*said;
    reply_bulk(reply, bytes_of_cstr(name));
    reply_integer(reply, (int64_t)count);
}

/* PICKLE.STATS */
void cmd_pickle_stats(struct command_call *call) {
    struct gate_kinds *kinds = call->access->keyspace->gate->kinds;
    const struct metrics_set *set = call->worker->metrics_set;
    struct reply *reply = call->reply;
    size_t said = 0, head = resp_map_open(&reply->writer);
    for (int metric = 0; set && metric < METRIC_COUNT; metric++)
        if (strncmp(metric_name((enum metric)metric), "gate_", 5) == 0)
            say_count(reply, &said, metric_name((enum metric)metric) + 5,
                      metrics_set_sum(set, (enum metric)metric));
    if (kinds) {
        struct gate_kinds_counts counts = gate_kinds_counts(kinds);
        size_t labels = gate_kinds_labels(kinds);
        struct store_label_count *entries =
            arena_alloc(&call->worker->scratch, labels * sizeof *entries);
        uint64_t current = 0, stale = 0;
        if (entries) keyspace_count_labels(call->access, entries, labels);
        for (size_t label = 0; entries && label < labels; label++) {
            if (gate_kinds_is_current(kinds, (uint16_t)label))
                current += entries[label].entries;
            else
                stale += entries[label].entries;
        }
        say_count(reply, &said, "policy_generation", gate_kinds_generation(kinds));
        say_count(reply, &said, "entries_judged_by_this_policy", current);
        say_count(reply, &said, "entries_to_recheck", stale);
        say_count(reply, &said, "kinds", counts.kinds);
        say_count(reply, &said, "kinds_max", labels - 1);
        say_count(reply, &said, "kinds_bytes", counts.bytes);
        say_count(reply, &said, "kinds_met", counts.interned_total);
        say_count(reply, &said, "kinds_freed", counts.freed_total);
        say_count(reply, &said, "kinds_looked_up", counts.slow_total);
        say_count(reply, &said, "values_without_a_kind", counts.common_total);
    }
    resp_map_close(&reply->writer, head, said);
}
