/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Names and calls.  A name is looked up the moment it is resolved, whatever becomes of the value
 * afterwards: importing runs code.  Only global references are called. */

#include "base/utf8.h"
#include "pickle/machine.h"

/* --- names --- */

static bool has_local_part(struct bytes name) {
    return memmem(name.data, name.len, "<locals>", 8) != NULL;
}

static bool refuse_name(struct machine *m, enum pickle_reason reason, struct bytes module,
                        struct bytes name) {
    m->report->module = module;
    m->report->name = name;
    return refuse(m, reason);
}

/* A list that becomes a set has its elements hashed: from here on lists keep theirs in the log. */
static void note_model(struct machine *m, enum policy_model model) {
    if (model == POLICY_MODEL_SET) m->logs_lists = true;
    if (model == POLICY_MODEL_MAPPING) m->sees_pairs = true;
    bool freezes = model == POLICY_MODEL_CHAIN_MAP || model == POLICY_MODEL_PANDAS_INDEX;
    if (UNLIKELY(freezes)) m->sees_maps = true;
    bool looks = model == POLICY_MODEL_PANDAS_INDEX || model == POLICY_MODEL_UUID ||
                 model == POLICY_MODEL_SKLEARN_PREDICTOR || model == POLICY_MODEL_UNICODE_ERROR ||
                 model == POLICY_MODEL_NUMPY_RANDOM || error_keeps_all(model);
    if (UNLIKELY(wraps_data(model) || looks)) m->sees_keys = true;
    if (model == POLICY_MODEL_PANDAS_INDEX && m->index_from == 0) m->index_from = m->nodes_count;
    if (UNLIKELY(model == POLICY_MODEL_RESULT_KEYS || model == POLICY_MODEL_RESULT_ROW) &&
        !m->sees_results) {
        m->sees_results = m->sees_keys = true;
        m->results_from = m->nodes_count;
    }
    m->sees_lists = m->logs_lists || m->sees_pairs || m->sees_maps || m->sees_results;
}

/* These make arrays of whatever they can walk. */
static bool makes_arrays(struct bytes module) {
    static const struct bytes modules[] = {
        BYTES_ROW("numpy"),
        BYTES_ROW("pandas"),
        BYTES_ROW("scipy"),
        BYTES_ROW("sklearn"),
    };
    for (size_t i = 0; i < ARRAY_LEN(modules); i++)
        if (is_within(module, modules[i])) return true;
    return false;
}

bool resolve(struct machine *m, struct bytes module, struct bytes name, bool by_attribute,
             struct pickle_value *value) {
    struct pickle_scratch *scratch = m->scratch;
    if (module.len == 0 || name.len == 0) return refuse(m, PICKLE_OPERAND);
    if (m->proto < 3 && !by_attribute && pickle_rename(&module, &name) == RENAME_AMBIGUOUS)
        return refuse_name(m, PICKLE_GLOBAL_AMBIGUOUS, module, name);
    bool dotted = memchr(name.data, '.', name.len) != NULL;
    if ((dotted && m->proto < 4 && !by_attribute) || has_local_part(name))
        return refuse_name(m, PICKLE_GLOBAL_DOTTED, module, name);
    const struct policy_entry *entry = policy_match(m->policy, module, name);
    if (!entry) return refuse_name(m, PICKLE_GLOBAL, module, name);
    if (!ROOM(m, scratch->globals, scratch->globals_cap, m->globals_count + 1)) return false;
    scratch->globals[m->globals_count] = (struct pickle_global){.module = module,
                                                                .name = name,
                                                                .entry = entry,
                                                                .offset = m->op_at,
                                                                .numerical = makes_arrays(module),
                                                                .by_attribute = by_attribute};
    struct pickle_global *global = &scratch->globals[m->globals_count];
    /* Exceptions make a tuple of their args, django lists of the values that a key has. */
    global->walks = global->numerical ||
                    (bytes_equal(module, BYTES("builtins")) &&
                     (entry->model == POLICY_MODEL_NONE || error_keeps_all(entry->model) ||
                      entry->model == POLICY_MODEL_EXCEPTION_GROUP)) ||
                    bytes_equal(module, BYTES("django.utils.datastructures")) ||
                    bytes_equal(module, BYTES("django.http.request"));
    /* Its errors write out what they got. */
    global->numerical |= is_within(module, BYTES("django"));
    global->moment = is_moment_class(module, name);
    global->hash_flags = NODE_OPAQUE | (entry->rights & POLICY_HASH ? 0 : NODE_NOHASH);
    state_resolve(global);
    m->sees_pairs |= bytes_equal(module, BYTES("django.db.models.base"));
    note_model(m, entry->model);
    *value = (struct pickle_value){.kind = PICKLE_KIND_GLOBAL, .a = m->globals_count++};
    return true;
}

static bool is_ascii(struct bytes text) {
    return ascii_valid(text.data, text.len);
}

/* Strictly, unlike the text of a str: a line that names has no lone surrogates. */
static bool names_text(struct bytes line) {
    return is_ascii(line) || utf8_valid_prefix(line) == line.len;
}

static bool take_names(struct machine *m, struct bytes *module, struct bytes *name) {
    if (!take_line(m, module) || !take_line(m, name)) return false;
    if (module->len == 0 || name->len == 0) return refuse(m, PICKLE_TEXT);
    return (names_text(*module) && names_text(*name)) || refuse(m, PICKLE_UTF8);
}

bool step_global(struct machine *m) {
    struct bytes module, name;
    struct pickle_value value;
    return take_names(m, &module, &name) && resolve(m, module, name, false, &value) &&
           push(m, value);
}

bool step_stack_global(struct machine *m) {
    if (!above_fence(m, 2)) return false;
    m->top -= 2;
    struct pickle_value module = m->stack[m->top], name = m->stack[m->top + 1], value;
    if (!is_plain_str(module) || !is_plain_str(name)) return refuse(m, PICKLE_GLOBAL_COMPUTED);
    return resolve(m, payload(m, module), payload(m, name), false, &value) && push(m, value);
}

/* --- calls --- */

/* Hashes the keys of what it is handed, whether that has hashed them before or not. */
static bool makes_keys(const struct machine *m, uint32_t callee) {
    enum policy_model model = entry_of(m, callee)->model;
    return model == POLICY_MODEL_MAPPING || model == POLICY_MODEL_COUNTER;
}

/* Whoever is called may hash what it is handed, as an enumeration does that looks a member up; of
 * shared tuples the hash takes time without bound. */
bool charge_arguments(struct machine *m, const struct arguments *args) {
    bool keys = makes_keys(m, args->callee);
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        bool hashed = value.kind == PICKLE_KIND_TUPLE || value.kind == PICKLE_KIND_FROZENSET ||
                      value.kind == PICKLE_KIND_INSTANCE || (keys && is_container(value));
        if (hashed && !charge_hashing(m, value.a)) return false;
        /* It may divide it, as Fraction and range do. */
        if (value.kind == PICKLE_KIND_LONG && !charge_work(m, long_work(value))) return false;
    }
    return true;
}

/* And it may copy it, as StringIO does its text and ExceptionGroup its list, though the stream
 * holds it once and refers to it again and again. */
void charge_copy(struct machine *m, struct pickle_value value) {
    enum { COPY_RATIO = 8, ITEM_BYTES = 16 };
    if (m->heap > m->heap_max) return; /* refused at the end; more could overflow */
    bool is_payload = value.kind == PICKLE_KIND_STR || value.kind == PICKLE_KIND_BYTES ||
                      value.kind == PICKLE_KIND_LONG || value.kind == PICKLE_KIND_BYTEARRAY;
    if (is_payload)
        m->heap += COPY_RATIO * (uint64_t)value.a;
    else if (is_container(value))
        m->heap += ITEM_BYTES * (uint64_t)m->nodes[value.a].count;
    if (!numpy_is_array(m, value)) return;
    const struct pickle_more *array = more_seen(m, value.a); /* or objects are made of its items */
    m->heap += ITEM_BYTES * (uint64_t)array->aux + array->fields;
}

void charge_parts(struct machine *m, uint32_t node) {
    enum { ITEM_BYTES = 64 }; /* so much text is a part */
    if (m->heap > m->heap_max) return;
    m->heap += ITEM_BYTES * (uint64_t)m->nodes[node].parts;
}

void charge_copies(struct machine *m, uint32_t tuple) {
    const struct pickle_node *node = &m->nodes[tuple];
    for (uint32_t i = 0; i < node->count; i++) charge_copy(m, m->cells[node->first + i]);
}

/* The names of zones, frequencies and kinds are short; pandas parses long ones for minutes. */
static bool parses_long_text(const struct machine *m, const struct arguments *args) {
    enum { NAME_BYTES = 256 };
    if (LIKELY(!is_within(m->scratch->globals[args->callee].module, BYTES("pandas")))) return false;
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (value.kind == PICKLE_KIND_STR && value.a > NAME_BYTES) return true;
    }
    return false;
}

static bool call(struct machine *m, uint32_t callee, struct pickle_value tuple) {
    struct arguments args = {.callee = callee, .tuple = tuple.a, .count = m->nodes[tuple.a].count};
    struct pickle_value result;
    if (!has_right(m, callee, POLICY_CALL)) return refuse_global(m, PICKLE_CALL, callee);
    if (UNLIKELY(parses_long_text(m, &args))) return refuse_global(m, PICKLE_ARGUMENTS, callee);
    m->scratch->globals[callee].uses |= PICKLE_USE_CALL;
    bool costs = m->nodes[tuple.a].cost > args.count || makes_keys(m, callee);
    if (UNLIKELY(costs) && !charge_arguments(m, &args)) return false;
    charge_copies(m, tuple.a);
    if (!model_call(m, &args, &result)) return false;
    if (model_judges_kinds(m, &args)) m->scratch->globals[callee].called_with = kinds_of(m, tuple);
    return push(m, result);
}

enum outcome call_plain(struct machine *m, struct pickle_value callee, struct pickle_value tuple,
                        bool reduce) {
    if (callee.kind != PICKLE_KIND_GLOBAL || tuple.kind != PICKLE_KIND_TUPLE) return NOT_COVERED;
    const struct pickle_global *global = &m->scratch->globals[callee.a];
    uint64_t passed = reduce ? global->called_with : global->made_with;
    if (passed == 0 || passed != kinds_of(m, tuple)) return NOT_COVERED;
    const struct pickle_node *node = &m->nodes[tuple.a];
    if (UNLIKELY(node->cost > node->count || node->flags & NODE_FUNCTION)) return NOT_COVERED;
    if (UNLIKELY(global->moment) && node->count > 0 && !moment_admits(m, m->cells[node->first]))
        return NOT_COVERED;
    if (tuple.a != EMPTY_TUPLE_NODE) charge_copies(m, tuple.a);
    uint32_t number = m->nodes_count++;
    m->nodes[number] =
        (struct pickle_node){.global = callee.a, .flags = NODE_MADE, .keys = tuple.a};
    bool plain = !global->numerical && gain_plain(m, &m->nodes[number], tuple);
    return plain || gain(m, number, tuple, false) ? DONE : REFUSED;
}

bool step_reduce(struct machine *m) {
    if (!above_fence(m, 2)) return false;
    m->top -= 2;
    struct pickle_value callee = m->stack[m->top], args = m->stack[m->top + 1], result;
    if (args.kind != PICKLE_KIND_TUPLE) return refuse(m, PICKLE_OPERAND);
    if (callee.kind == PICKLE_KIND_GLOBAL) return call(m, callee.a, args);
    if (callee.kind != PICKLE_KIND_PARTIAL || !(m->nodes[callee.a].flags & NODE_READY))
        return refuse(m, PICKLE_CALLEE);
    if (m->nodes[args.a].count != 0) return refuse(m, PICKLE_ARGUMENTS);
    /* A pickler calls it once; each call would copy anew what it was made with. */
    m->nodes[callee.a].flags &= ~(uint32_t)NODE_READY;
    if (!instance_new(m, m->nodes[callee.a].global, &result)) return false;
    const struct pickle_node *partial = &m->nodes[callee.a];
    struct pickle_node *made = &m->nodes[result.a];
    made->cost = partial->cost;
    made->key_depth = partial->key_depth;
    made->depth = partial->depth;
    made->parts = partial->parts;
    made->more = partial->more;
    made->flags |= partial->flags & (NODE_WIDE | NODE_FUNCTION | NODE_UNHASHABLE);
    return push(m, result);
}

/* The class of NEWOBJ and NEWOBJ_EX.  __new__ of a class with a model ignores or misreads what the
 * model admits, and no pickler writes it, so only object() passes. */
static bool instantiate(struct machine *m, struct pickle_value class, struct pickle_value tuple,
                        struct pickle_value *result) {
    if (class.kind != PICKLE_KIND_GLOBAL) return refuse(m, PICKLE_CALLEE);
    if (tuple.kind != PICKLE_KIND_TUPLE) return refuse(m, PICKLE_OPERAND);
    if (!has_right(m, class.a, POLICY_NEW)) return refuse_global(m, PICKLE_NEW, class.a);
    struct arguments args = {.callee = class.a, .tuple = tuple.a, .count = m->nodes[tuple.a].count};
    enum policy_model model = entry_of(m, class.a)->model;
    bool admitted = model == POLICY_MODEL_NONE || (makes_plainly(model) && args.count == 0);
    if (model == POLICY_MODEL_USER_STRING && args.count == 1) /* its __getnewargs__ */
        admitted = argument(m, &args, 0).kind == PICKLE_KIND_STR;
    if (!admitted) return refuse_global(m, PICKLE_ARGUMENTS, class.a);
    m->scratch->globals[class.a].uses |= PICKLE_USE_NEW;
    if (UNLIKELY(m->nodes[tuple.a].cost > args.count) && !charge_arguments(m, &args)) return false;
    charge_copies(m, tuple.a);
    if (!model_shape(m, &args, 0)) return false;
    if (model_judges_kinds(m, &args)) m->scratch->globals[class.a].made_with = kinds_of(m, tuple);
    if (!instance_new(m, class.a, result)) return false;
    m->nodes[result->a].flags |= NODE_MADE;
    m->nodes[result->a].keys = tuple.a;
    return gain(m, result->a, tuple, false);
}

bool step_newobj(struct machine *m) {
    struct pickle_value result;
    if (!above_fence(m, 2)) return false;
    m->top -= 2;
    return instantiate(m, m->stack[m->top], m->stack[m->top + 1], &result) && push(m, result);
}

bool step_newobj_ex(struct machine *m) {
    struct pickle_value result;
    if (!above_fence(m, 3)) return false;
    m->top -= 3;
    struct pickle_value class = m->stack[m->top], keywords = m->stack[m->top + 2];
    if (keywords.kind != PICKLE_KIND_DICT || m->nodes[keywords.a].flags & NODE_OTHER_KEYS)
        return refuse(m, PICKLE_OPERAND);
    if (!instantiate(m, class, m->stack[m->top + 1], &result)) return false;
    const struct policy_entry *entry = entry_of(m, class.a);
    if (m->nodes[keywords.a].count > 0 && (entry->shape.data || entry->model != POLICY_MODEL_NONE))
        return refuse_global(m, PICKLE_ARGUMENTS, class.a);
    charge_copy(m, keywords);
    inherit_cost(m, result.a, keywords);
    if (m->nodes[keywords.a].count > 0) forget_made(&m->nodes[result.a]);
    return gain(m, result.a, keywords, false) && push(m, result);
}

/* INST and OBJ: without arguments a class is instantiated through __new__, anything else is called,
 * and the stream does not show which it is; so both rights are asked for. */
static bool call_class(struct machine *m, struct pickle_value class) {
    struct pickle_value tuple = m->stack[--m->top];
    if (class.kind != PICKLE_KIND_GLOBAL) return refuse(m, PICKLE_CALLEE);
    if (m->nodes[tuple.a].count == 0) {
        if (!has_right(m, class.a, POLICY_NEW)) return refuse_global(m, PICKLE_NEW, class.a);
        m->scratch->globals[class.a].uses |= PICKLE_USE_NEW;
    }
    return call(m, class.a, tuple);
}

bool step_inst(struct machine *m) {
    uint32_t from;
    struct bytes module, name;
    struct pickle_value class;
    if (!pop_mark(m, &from) || !take_names(m, &module, &name)) return false;
    if (!is_ascii(module) || !is_ascii(name)) return refuse(m, PICKLE_TEXT);
    return resolve(m, module, name, false, &class) && step_tuple(m, m->top - from) &&
           call_class(m, class);
}

bool step_obj(struct machine *m) {
    uint32_t from;
    if (!pop_mark(m, &from)) return false;
    if (m->top == from) return refuse(m, PICKLE_UNDERFLOW);
    struct pickle_value class = m->stack[from];
    if (!step_tuple(m, m->top - from - 1)) return false;
    struct pickle_value tuple = m->stack[m->top - 1];
    m->top = from;
    return push(m, tuple) && call_class(m, class);
}
