/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Which arguments a call may have, and what it gives: one function a row of policy/models.def.
 * "admits" functions look at kinds and numbers only; whether globals among the arguments may be
 * data is checked when the result takes them as its parts. */

#include "pickle/machine.h"

enum { COPIED_ITEM_BYTES = 32 };

static bool refuse_arguments(struct machine *m, const struct arguments *args) {
    return refuse_global(m, PICKLE_ARGUMENTS, args->callee);
}

static bool is_int(struct pickle_value value) {
    return value.kind == PICKLE_KIND_INT || value.kind == PICKLE_KIND_LONG;
}

static bool is_literal_container(struct pickle_value value) {
    return value.kind == PICKLE_KIND_LIST || value.kind == PICKLE_KIND_TUPLE ||
           value.kind == PICKLE_KIND_DICT || value.kind == PICKLE_KIND_SET ||
           value.kind == PICKLE_KIND_FROZENSET;
}

static bool is_latin1_name(const struct machine *m, struct pickle_value value) {
    return plain_str_is(m, value, BYTES("latin1")) || plain_str_is(m, value, BYTES("latin-1"));
}

/* A class whose instances a model makes without calling it. */
static bool is_class(const struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_GLOBAL || !has_right(m, value.a, POLICY_NEW)) return false;
    return makes_plainly(entry_of(m, value.a)->model);
}

/* --- shapes --- */

static bool letter_admits(char letter, struct pickle_value value) {
    switch (letter) {
    case 's':
        return value.kind == PICKLE_KIND_STR;
    case 'b':
        return value.kind == PICKLE_KIND_BYTES || value.flags & VALUE_8BIT;
    case 'i':
        return is_int(value);
    case 'f':
        return value.kind == PICKLE_KIND_FLOAT || is_int(value);
    case 'o':
        return value.kind == PICKLE_KIND_BOOL;
    case 'n':
        return value.kind == PICKLE_KIND_NONE;
    case 'v':
        return is_leaf(value);
    case 'q':
        return value.kind == PICKLE_KIND_LIST || value.kind == PICKLE_KIND_TUPLE;
    case 'm':
        return value.kind == PICKLE_KIND_INSTANCE || value.kind == PICKLE_KIND_NONE;
    case 'l':
        return value.kind == PICKLE_KIND_LIST;
    case 'd':
        return value.kind == PICKLE_KIND_DICT;
    case 't':
        return value.kind == PICKLE_KIND_TUPLE;
    case 'e':
        return value.kind == PICKLE_KIND_SET || value.kind == PICKLE_KIND_FROZENSET;
    case 'g':
        return value.kind == PICKLE_KIND_GLOBAL;
    default:
        return letter == 'a';
    }
}

/* For callables that call what they are handed: the policy lists what that may be. */
static bool takes_globals(struct machine *m, const struct arguments *args, uint32_t from) {
    const struct policy_entry *entry = entry_of(m, args->callee);
    for (uint32_t i = from; entry->only_count > 0 && i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (value.kind != PICKLE_KIND_GLOBAL) continue;
        const struct pickle_global *global = &m->scratch->globals[value.a];
        if (!policy_takes_global(entry, global->module, global->name))
            return refuse_arguments(m, args);
    }
    return true;
}

bool model_shape(struct machine *m, const struct arguments *args, uint32_t from) {
    struct bytes shape = entry_of(m, args->callee)->shape;
    if (!takes_globals(m, args, from)) return false;
    plain_charge_hosts(m, args);
    if (UNLIKELY(m->scratch->globals[args->callee].moment) && from < args->count &&
        !moment_admits(m, argument(m, args, from)))
        return refuse_arguments(m, args);
    if (!shape.data) return true;
    size_t at = 0;
    for (uint32_t i = from; i < args->count; i++) {
        bool fits = at < shape.len && letter_admits((char)shape.data[at], argument(m, args, i));
        if (!fits) return refuse_arguments(m, args);
        if (at + 1 < shape.len && shape.data[at + 1] == '*') continue;
        at += at + 1 < shape.len && shape.data[at + 1] == '?' ? 2 : 1;
    }
    bool may_end = at == shape.len ||
                   (at + 1 < shape.len && (shape.data[at + 1] == '?' || shape.data[at + 1] == '*'));
    return may_end || refuse_arguments(m, args);
}

/* --- results --- */

static bool give_instance(struct machine *m, const struct arguments *args,
                          struct pickle_value *result) {
    struct pickle_value tuple = {.kind = PICKLE_KIND_TUPLE, .a = args->tuple};
    if (!instance_new(m, args->callee, result)) return false;
    m->nodes[result->a].flags |= NODE_MADE;
    m->nodes[result->a].keys = args->tuple;
    return gain(m, result->a, tuple, false);
}

static bool give_copy(struct machine *m, const struct arguments *args, uint32_t at,
                      struct pickle_value *result) {
    if (at < args->count && is_container(argument(m, args, at)))
        m->heap += COPIED_ITEM_BYTES * (uint64_t)m->nodes[argument(m, args, at).a].count;
    return give_instance(m, args, result);
}

/* What a copy of its memory copies. */
static bool give_buffer(struct machine *m, const struct arguments *args,
                        struct pickle_value *result) {
    if (!give_copy(m, args, 1, result)) return false;
    struct pickle_value data = {0};
    if (args->count > 1) data = argument(m, args, 1);
    m->nodes[result->a].count = is_container(data) ? m->nodes[data.a].count : data.a;
    return true;
}

static void give_bytes(struct machine *m, enum pickle_kind kind, uint32_t length,
                       struct pickle_value *result) {
    m->heap += length;
    *result =
        (struct pickle_value){.kind = (uint8_t)kind, .flags = VALUE_DERIVED, .a = length, .b = 0};
}

/* An instance of `class` with the arguments from `from` on as its parts. */
static bool give_instance_of(struct machine *m, const struct arguments *args,
                             struct pickle_value class, uint32_t from,
                             struct pickle_value *result) {
    if (!instance_new(m, class.a, result)) return false;
    m->scratch->globals[class.a].uses |= PICKLE_USE_NEW;
    for (uint32_t i = from; i < args->count; i++)
        if (!gain_any(m, result->a, argument(m, args, i))) return false;
    return true;
}

/* --- builtins --- */

/* getattr(allowed, 'literal') is the dotted global, which has its own entry.  '__new__' stands for
 * what functools.partial gets from protocols 2 and 3. */
static bool call_getattr(struct machine *m, const struct arguments *args,
                         struct pickle_value *result) {
    if (args->count != 2) return refuse_arguments(m, args);
    struct pickle_value target = argument(m, args, 0), literal = argument(m, args, 1);
    if (target.kind != PICKLE_KIND_GLOBAL || !is_plain_str(literal))
        return refuse_arguments(m, args);
    struct bytes attribute = payload(m, literal);
    if (attribute.len == 0 || memchr(attribute.data, '.', attribute.len))
        return refuse_arguments(m, args);
    if (bytes_equal(attribute, BYTES("__new__"))) {
        *result = (struct pickle_value){.kind = PICKLE_KIND_METHOD, .a = target.a};
        return true;
    }
    struct bytes module = m->scratch->globals[target.a].module;
    struct bytes name = m->scratch->globals[target.a].name;
    uint8_t *dotted = arena_alloc(&m->scratch->text, name.len + 1 + attribute.len);
    if (!dotted) return refuse(m, PICKLE_NO_MEMORY);
    bytes_copy_to(dotted, name);
    dotted[name.len] = '.';
    bytes_copy_to(dotted + name.len + 1, attribute);
    return resolve(m, module, bytes_view(dotted, name.len + 1 + attribute.len), true, result);
}

static bool admits_type_of(struct machine *m, const struct arguments *args) {
    if (args->count != 1) return false;
    struct pickle_value value = argument(m, args, 0);
    if (value.kind == PICKLE_KIND_NONE) return true;
    return value.kind == PICKLE_KIND_GLOBAL &&
           (global_is(m, value.a, "builtins", "Ellipsis") ||
            global_is(m, value.a, "builtins", "NotImplemented"));
}

/* The class of a singleton: nothing may be done with it but keep it. */
static bool call_type_of(struct machine *m, const struct arguments *args,
                         struct pickle_value *result) {
    if (!admits_type_of(m, args)) return refuse_arguments(m, args);
    return instance_new(m, NO_GLOBAL, result);
}

/* A tuple of a tuple is the same one: it is neither walked nor copied. */
static bool call_tuple(struct machine *m, const struct arguments *args,
                       struct pickle_value *result) {
    if (args->count != 1 || argument(m, args, 0).kind != PICKLE_KIND_TUPLE)
        return refuse_arguments(m, args);
    *result = argument(m, args, 0);
    return true;
}

static bool call_codecs_encode(struct machine *m, const struct arguments *args,
                               struct pickle_value *result) {
    uint32_t length;
    bool admitted = args->count == 2 && argument(m, args, 0).kind == PICKLE_KIND_STR &&
                    is_latin1_name(m, argument(m, args, 1)) &&
                    latin1_length(m, argument(m, args, 0), &length);
    if (!admitted) return refuse_arguments(m, args);
    give_bytes(m, PICKLE_KIND_BYTES, length, result);
    result->b = latin1_digest(m, argument(m, args, 0));
    if (moment_admits(m, argument(m, args, 0))) result->flags |= VALUE_MOMENT;
    return true;
}

static bool call_bytes(struct machine *m, const struct arguments *args, enum pickle_kind kind,
                       struct pickle_value *result) {
    struct pickle_value first = {0};
    if (args->count > 0) first = argument(m, args, 0);
    uint32_t length = first.a;
    bool admitted = args->count == 0 || (args->count == 1 && first.kind == PICKLE_KIND_BYTES);
    if (!admitted && kind == PICKLE_KIND_BYTEARRAY)
        admitted = args->count == 2 && first.kind == PICKLE_KIND_STR &&
                   is_latin1_name(m, argument(m, args, 1)) && latin1_length(m, first, &length);
    if (!admitted) return refuse_arguments(m, args);
    give_bytes(m, kind, length, result);
    return true;
}

/* The elements are hashed one by one inside the call, so they are judged as keys are. */
static bool call_set(struct machine *m, const struct arguments *args, struct pickle_value *result) {
    enum { UNLOGGED_ELEMENTS_MAX = 256 };
    if (args->count == 0) return give_instance(m, args, result);
    struct pickle_value source = argument(m, args, 0);
    if (args->count != 1 || !is_literal_container(source) || source.kind == PICKLE_KIND_DICT)
        return refuse_arguments(m, args);
    struct pickle_node *node = &m->nodes[source.a];
    if (node->flags & NODE_UNHASHABLE) return refuse(m, PICKLE_UNHASHABLE);
    if (node->flags & NODE_NOHASH) return refuse_global(m, PICKLE_HASH, args->callee);
    if (node->flags & NODE_UNLOGGED && node->count > UNLOGGED_ELEMENTS_MAX)
        return refuse_limit(m, PICKLE_KEY_COLLISIONS, node->count, UNLOGGED_ELEMENTS_MAX);
    if (node->flags & NODE_OPAQUE && node->count > m->limits->key_opaque_max)
        return refuse_limit(m, PICKLE_KEY_OPAQUE, node->count, m->limits->key_opaque_max);
    node->flags |= NODE_KEYED | NODE_SET;
    if (!charge_hashing(m, source.a) || !give_copy(m, args, 0, result)) return false;
    bool frozen = hash_source(m, result->a) == HASH_KNOWN;
    if (!frozen) forget_made(&m->nodes[result->a]);
    uint32_t count = source.kind == PICKLE_KIND_TUPLE ? m->nodes[source.a].count : 0;
    m->nodes[result->a].flags |= NODE_SET;
    for (uint32_t i = 0; i < count; i++)
        if (!add_key(m, result->a, m->cells[m->nodes[source.a].first + i])) return false;
    /* What hashing the result costs: a frozenset walks its elements once. */
    m->nodes[result->a].cost = m->nodes[source.a].cost;
    m->nodes[result->a].key_depth = m->nodes[source.a].key_depth;
    return true;
}

static bool admits_collection(struct machine *m, const struct arguments *args, bool dict_only) {
    if (args->count == 0) return true;
    struct pickle_value source = argument(m, args, 0);
    if (args->count != 1) return false;
    return dict_only ? source.kind == PICKLE_KIND_DICT : is_literal_container(source);
}

/* OrderedDict of Python 2 and what werkzeug derives from dict: a list of pairs, whose keys are
 * hashed unseen and so have to be text. */
static bool admits_mapping(struct machine *m, const struct arguments *args) {
    if (admits_collection(m, args, true)) {
        if (args->count == 1) charge_parts(m, argument(m, args, 0).a);
        return true;
    }
    struct pickle_value source = argument(m, args, 0);
    if (args->count != 1 || source.kind != PICKLE_KIND_LIST) return false;
    /* Numbers for keys could be chosen to collide: so few do no harm. */
    enum { NUMBER_KEYS_MAX = 256 };
    if (m->nodes[source.a].flags & NODE_OTHER_KEYS && m->nodes[source.a].count > NUMBER_KEYS_MAX)
        return false;
    return more_seen(m, source.a)->aux == m->nodes[source.a].count;
}

static bool admits_defaultdict(struct machine *m, const struct arguments *args) {
    if (args->count == 0) return true;
    struct pickle_value factory = argument(m, args, 0);
    bool wraps = factory.kind == PICKLE_KIND_INSTANCE && m->nodes[factory.a].flags & NODE_WRAPS;
    if (factory.kind != PICKLE_KIND_NONE && factory.kind != PICKLE_KIND_GLOBAL && !wraps)
        return false;
    return args->count == 1 || (args->count == 2 && argument(m, args, 1).kind == PICKLE_KIND_DICT);
}

static bool admits_deque(struct machine *m, const struct arguments *args) {
    if (args->count == 0) return true;
    struct pickle_value source = argument(m, args, 0);
    if (source.kind != PICKLE_KIND_LIST && source.kind != PICKLE_KIND_TUPLE) return false;
    if (args->count == 1) return true;
    struct pickle_value length = argument(m, args, 1);
    return args->count == 2 && (length.kind == PICKLE_KIND_NONE ||
                                (length.kind == PICKLE_KIND_INT && (int64_t)length.b >= 0));
}

static bool admits_numbers(struct machine *m, const struct arguments *args, uint32_t least,
                           uint32_t most, bool floats) {
    if (args->count < least || args->count > most) return false;
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (!is_int(value) && !(floats && value.kind == PICKLE_KIND_FLOAT)) return false;
    }
    return true;
}

static bool admits_text(struct machine *m, const struct arguments *args,
                        bool (*is_text)(struct bytes)) {
    if (args->count != 1) return false;
    struct pickle_value text = argument(m, args, 0);
    if (text.kind != PICKLE_KIND_STR || text.flags & ~VALUE_8BIT) return false;
    return text.a <= m->limits->digits_max && is_text(payload(m, text));
}

/* --- classes --- */

static bool call_reconstructor(struct machine *m, const struct arguments *args,
                               struct pickle_value *result) {
    if (args->count != 3) return refuse_arguments(m, args);
    struct pickle_value class = argument(m, args, 0), base = argument(m, args, 1);
    struct pickle_value state = argument(m, args, 2);
    bool admitted =
        is_class(m, class) && base.kind == PICKLE_KIND_GLOBAL && plain_base_takes(m, base.a, state);
    if (!admitted) return refuse_arguments(m, args);
    m->scratch->globals[base.a].uses |= PICKLE_USE_REF;
    if (is_container(state)) m->heap += COPIED_ITEM_BYTES * (uint64_t)m->nodes[state.a].count;
    return give_instance_of(m, args, class, 2, result);
}

static bool call_newobj(struct machine *m, const struct arguments *args,
                        struct pickle_value *result) {
    bool admitted = args->count >= 1 && is_class(m, argument(m, args, 0));
    if (!admitted) return refuse_arguments(m, args);
    struct pickle_value class = argument(m, args, 0);
    struct arguments of_class = {.callee = class.a, .tuple = args->tuple, .count = args->count};
    if (entry_of(m, class.a)->model != POLICY_MODEL_NONE && args->count != 1)
        return refuse_arguments(m, args);
    return model_shape(m, &of_class, 1) && give_instance_of(m, args, class, 1, result);
}

/* What the policy lets be called with any arguments: later ones are not seen here. */
static bool is_wrappable(const struct machine *m, struct pickle_value value) {
    if (value.kind != PICKLE_KIND_GLOBAL || !has_right(m, value.a, POLICY_CALL | POLICY_REF))
        return false;
    const struct policy_entry *entry = entry_of(m, value.a);
    return entry->model == POLICY_MODEL_NONE && !entry->shape.data && entry->only_count == 0;
}

/* partial(defaultdict, int) makes the dicts of a nested counter. */
static bool is_inner_factory(const struct machine *m, struct pickle_value value) {
    return value.kind == PICKLE_KIND_GLOBAL && has_right(m, value.a, POLICY_CALL | POLICY_REF) &&
           entry_of(m, value.a)->model == POLICY_MODEL_DEFAULTDICT;
}

/* functools.partial(getattr(base, '__new__')) begins what the state completes.  One of a function
 * is data, opaque as any instance. */
static bool call_partial(struct machine *m, const struct arguments *args,
                         struct pickle_value *result) {
    if (args->count == 1 &&
        (is_wrappable(m, argument(m, args, 0)) || is_inner_factory(m, argument(m, args, 0)))) {
        if (!give_instance(m, args, result)) return false;
        m->nodes[result->a].flags |= NODE_WRAPS;
        return true;
    }
    bool admitted = args->count == 1 && argument(m, args, 0).kind == PICKLE_KIND_METHOD &&
                    has_right(m, argument(m, args, 0).a, POLICY_NEW);
    uint32_t number;
    if (!admitted) return refuse_arguments(m, args);
    if (!node_new(m, 0, &number)) return false;
    m->nodes[number].global = argument(m, args, 0).a;
    *result = (struct pickle_value){.kind = PICKLE_KIND_PARTIAL, .a = number};
    return true;
}

static bool is_keywords(const struct machine *m, struct pickle_value value, uint32_t barred) {
    if (value.kind == PICKLE_KIND_NONE) return true;
    return value.kind == PICKLE_KIND_DICT && !(m->nodes[value.a].flags & barred);
}

static bool is_empty(const struct machine *m, struct pickle_value keywords) {
    return keywords.kind == PICKLE_KIND_NONE ||
           (keywords.kind == PICKLE_KIND_DICT && m->nodes[keywords.a].count == 0);
}

/* (function, positional, keywords, attributes) */
bool model_wrapper_state(struct machine *m, uint32_t wrapper, struct pickle_value state) {
    enum { FUNCTION, POSITIONAL, KEYWORDS, ATTRIBUTES, PARTS };
    uint32_t global = m->nodes[wrapper].global;
    if (state.kind != PICKLE_KIND_TUPLE || m->nodes[state.a].count != PARTS)
        return refuse_global(m, PICKLE_STATE_KIND, global);
    const struct pickle_value *parts = m->cells + m->nodes[state.a].first;
    if (parts[POSITIONAL].kind != PICKLE_KIND_TUPLE)
        return refuse_global(m, PICKLE_STATE_KIND, global);
    struct arguments positional = {.tuple = parts[POSITIONAL].a,
                                   .count = m->nodes[parts[POSITIONAL].a].count};
    bool factory = is_inner_factory(m, parts[FUNCTION]) && positional.count == 1 &&
                   admits_defaultdict(m, &positional) && is_empty(m, parts[KEYWORDS]);
    bool fits = (factory || is_wrappable(m, parts[FUNCTION])) &&
                is_keywords(m, parts[KEYWORDS], NODE_OTHER_KEYS) &&
                is_keywords(m, parts[ATTRIBUTES], NODE_OTHER_KEYS | NODE_PLANTED);
    return fits || refuse_global(m, PICKLE_STATE_KIND, global);
}

/* (getattr(base, '__new__'), (class, ...), keywords, None) */
bool model_partial_state(struct machine *m, uint32_t partial, struct pickle_value state) {
    enum { FUNCTION, POSITIONAL, KEYWORDS, ATTRIBUTES, PARTS };
    if (state.kind != PICKLE_KIND_TUPLE || m->nodes[state.a].count != PARTS ||
        m->nodes[partial].flags & NODE_READY)
        return refuse(m, PICKLE_STATE_KIND);
    const struct pickle_value *parts = m->cells + m->nodes[state.a].first;
    struct pickle_value positional = parts[POSITIONAL], keywords = parts[KEYWORDS];
    bool fits = parts[FUNCTION].kind == PICKLE_KIND_METHOD &&
                parts[FUNCTION].a == m->nodes[partial].global &&
                positional.kind == PICKLE_KIND_TUPLE && m->nodes[positional.a].count > 0 &&
                (keywords.kind == PICKLE_KIND_NONE || keywords.kind == PICKLE_KIND_DICT) &&
                parts[ATTRIBUTES].kind == PICKLE_KIND_NONE;
    if (!fits) return refuse(m, PICKLE_STATE_KIND);
    struct arguments args = {.callee = m->nodes[partial].global,
                             .tuple = positional.a,
                             .count = m->nodes[positional.a].count};
    struct pickle_value class = argument(m, &args, 0);
    if (!is_class(m, class) || entry_of(m, class.a)->model != POLICY_MODEL_NONE)
        return refuse_arguments(m, &args);
    args.callee = class.a;
    if (keywords.kind == PICKLE_KIND_DICT) {
        const struct pickle_node *dict = &m->nodes[keywords.a];
        if (dict->flags & NODE_OTHER_KEYS || (dict->count && entry_of(m, class.a)->shape.data))
            return refuse_arguments(m, &args);
    }
    charge_copies(m, positional.a);
    charge_copy(m, keywords);
    m->nodes[partial].global = class.a; /* what the parts are counted as parts of */
    if (!charge_arguments(m, &args) || !model_shape(m, &args, 1) || !gain_any(m, partial, keywords))
        return false;
    inherit_cost(m, partial, keywords);
    for (uint32_t i = 1; i < args.count; i++)
        if (!gain_any(m, partial, argument(m, &args, i))) return false;
    m->scratch->globals[class.a].uses |= PICKLE_USE_NEW;
    m->nodes[partial].flags |= NODE_READY;
    return true;
}

/* --- array --- */

static bool is_typecode(struct pickle_value value) {
    return value.kind == PICKLE_KIND_STR && value.a == 1;
}

static bool admits_array(struct machine *m, const struct arguments *args) {
    if (args->count == 0 || args->count > 2 || !is_typecode(argument(m, args, 0))) return false;
    if (args->count == 1) return true;
    struct pickle_value items = argument(m, args, 1);
    return items.kind == PICKLE_KIND_LIST || items.kind == PICKLE_KIND_BYTES;
}

static bool call_array(struct machine *m, const struct arguments *args,
                       struct pickle_value *result) {
    return admits_array(m, args) ? give_buffer(m, args, result) : refuse_arguments(m, args);
}

static bool call_array_reconstructor(struct machine *m, const struct arguments *args,
                                     struct pickle_value *result) {
    bool admitted = args->count == 4 && argument(m, args, 0).kind == PICKLE_KIND_GLOBAL &&
                    entry_of(m, argument(m, args, 0).a)->model == POLICY_MODEL_ARRAY &&
                    is_typecode(argument(m, args, 1)) &&
                    argument(m, args, 2).kind == PICKLE_KIND_INT &&
                    argument(m, args, 3).kind == PICKLE_KIND_BYTES;
    if (!admitted) return refuse_arguments(m, args);
    m->heap += argument(m, args, 3).a;
    if (!give_instance_of(m, args, argument(m, args, 0), 1, result)) return false;
    m->nodes[result->a].count = argument(m, args, 3).a;
    return true;
}

/* --- numpy: what models_numpy.c does not build itself --- */

static bool call_numpy_reconstruct(struct machine *m, const struct arguments *args,
                                   uint32_t classes, struct pickle_value *result) {
    if (!numpy_reconstruct(m, args, classes, result)) return refuse_arguments(m, args);
    return result->kind != 0;
}

static bool call_numpy_dtype(struct machine *m, const struct arguments *args,
                             struct pickle_value *result) {
    if (!numpy_dtype(m, args, result)) return refuse_arguments(m, args);
    return result->kind != 0;
}

static bool call_numpy_frombuffer(struct machine *m, const struct arguments *args,
                                  struct pickle_value *result) {
    uint64_t items;
    if (!numpy_frombuffer(m, args, &items)) return refuse_arguments(m, args);
    return give_instance(m, args, result) &&
           numpy_set_items(m, result->a, items, argument(m, args, 0).a);
}

/* (features, classes, outputs): sklearn takes memory for so many outputs, and reads so many of the
 * classes without a look. */
static bool admits_grown(struct machine *m, const struct arguments *args) {
    enum { FEATURES, CLASSES, OUTPUTS, PARTS };
    if (args->count != PARTS || !is_int(argument(m, args, FEATURES)) ||
        !numpy_is_array(m, argument(m, args, CLASSES)))
        return false;
    struct pickle_value outputs = argument(m, args, OUTPUTS);
    m->sees_keys = true; /* its state's arrays are to be known */
    return outputs.kind == PICKLE_KIND_INT &&
           outputs.b <= more_seen(m, argument(m, args, CLASSES).a)->aux;
}

static bool call_pandas_index(struct machine *m, const struct arguments *args,
                              struct pickle_value *result) {
    if (!pandas_admits_index(m, args)) return refuse_arguments(m, args);
    return model_shape(m, args, 0) && give_instance(m, args, result) &&
           pandas_fill_index(m, args, result->a);
}

static bool call_result_row(struct machine *m, const struct arguments *args,
                            struct pickle_value *result) {
    if (!result_admits_row(m, args)) return refuse_arguments(m, args);
    return give_instance_of(m, args, argument(m, args, 0), 1, result);
}

/* --- the table --- */

static bool admits_no_arguments(struct machine *m UNUSED, const struct arguments *args) {
    return args->count == 0;
}
static bool admits_nothing(struct machine *m UNUSED, const struct arguments *args UNUSED) {
    return false;
}
static bool admits_anything(struct machine *m UNUSED, const struct arguments *args UNUSED) {
    return true;
}
static bool admits_sequence(struct machine *m, const struct arguments *args) {
    return admits_collection(m, args, false);
}
static bool admits_counter(struct machine *m, const struct arguments *args) {
    return admits_collection(m, args, true);
}
/* How many values range(...) gives, at most UINT32_MAX; false when it raises. */
static bool range_length(struct machine *m, const struct arguments *args, uint32_t *length) {
    enum { START, STOP, STEP, NUMBERS };
    __int128 numbers[NUMBERS] = {[STEP] = 1};
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (value.kind == PICKLE_KIND_LONG) {
            *length = UINT32_MAX;
            return true;
        }
        numbers[args->count == 1 ? STOP : i] = (int64_t)value.b;
    }
    if (numbers[STEP] == 0) return false;
    *length = plain_steps_between(numbers[START], numbers[STOP], numbers[STEP]);
    return true;
}
static bool call_range(struct machine *m, const struct arguments *args,
                       struct pickle_value *result) {
    uint32_t length;
    if (!admits_numbers(m, args, 1, 3, false) || !range_length(m, args, &length))
        return refuse_arguments(m, args);
    return give_instance(m, args, result) && set_wide(m, result->a, length);
}

static bool call_shaped(struct machine *m, const struct arguments *args,
                        struct pickle_value *result) {
    return model_shape(m, args, 0) && give_instance(m, args, result);
}

static bool call_group(struct machine *m, const struct arguments *args,
                       struct pickle_value *result) {
    uint32_t exceptions;
    if (!error_admits_group(m, args, &exceptions)) return refuse_arguments(m, args);
    return call_shaped(m, args, result) && set_wide(m, result->a, exceptions);
}

static bool call_network(struct machine *m, const struct arguments *args,
                         struct pickle_value *result) {
    uint32_t addresses;
    if (!plain_network_size(m, args, &addresses)) return refuse_arguments(m, args);
    return give_instance(m, args, result) && set_wide(m, result->a, addresses);
}
/* pytz walks the offsets that it knows of the zone, and keeps for good what it did not know. */
static bool call_pytz(struct machine *m, const struct arguments *args,
                      struct pickle_value *result) {
    enum { WALK_COST = 4 };
    if (!zone_admits_pytz(m, args)) return refuse_arguments(m, args);
    m->offsets += WALK_COST;
    return charge_work(m, m->offsets) && give_instance(m, args, result);
}
static bool admits_slice(struct machine *m UNUSED, const struct arguments *args) {
    return args->count >= 1 && args->count <= 3;
}
static bool admits_complex(struct machine *m, const struct arguments *args) {
    return admits_numbers(m, args, 2, 2, true);
}
/* Written as text it holds integers all the same. */
static bool call_fraction(struct machine *m, const struct arguments *args,
                          struct pickle_value *result) {
    bool text = admits_text(m, args, text_is_fraction);
    if (!text && !admits_numbers(m, args, 2, 2, false)) return refuse_arguments(m, args);
    if (!give_instance(m, args, result)) return false;
    if (!text) return true;
    struct pickle_value digits = argument(m, args, 0);
    digits.kind = PICKLE_KIND_LONG;
    m->long_most = MAX(m->long_most, digits.a);
    m->nodes[result->a].cost = add_saturating(m->nodes[result->a].cost, leaf_cost(digits));
    return true;
}
static bool admits_decimal(struct machine *m, const struct arguments *args) {
    return admits_text(m, args, text_is_decimal);
}
static bool call_to_bytes(struct machine *m, const struct arguments *args,
                          struct pickle_value *result) {
    return call_bytes(m, args, PICKLE_KIND_BYTES, result);
}
static bool call_to_bytearray(struct machine *m, const struct arguments *args,
                              struct pickle_value *result) {
    return call_bytes(m, args, PICKLE_KIND_BYTEARRAY, result);
}
static bool call_numpy_array(struct machine *m, const struct arguments *args,
                             struct pickle_value *result) {
    return call_numpy_reconstruct(m, args, 1, result);
}
static bool call_numpy_masked(struct machine *m, const struct arguments *args,
                              struct pickle_value *result) {
    return call_numpy_reconstruct(m, args, 2, result);
}

/* Either says yes or no to the arguments, or does the whole call. */
static const struct {
    bool (*admits)(struct machine *m, const struct arguments *args);
    bool (*call)(struct machine *m, const struct arguments *args, struct pickle_value *result);
} models[] = {
    [POLICY_MODEL_NONE] = {.call = call_shaped},
    [POLICY_MODEL_REFERENCE] = {.admits = admits_nothing},
    [POLICY_MODEL_NO_ARGUMENTS] = {.admits = admits_no_arguments},
    [POLICY_MODEL_GETATTR] = {.call = call_getattr},
    [POLICY_MODEL_TYPE_OF] = {.call = call_type_of},
    [POLICY_MODEL_CODECS_ENCODE] = {.call = call_codecs_encode},
    [POLICY_MODEL_BYTES] = {.call = call_to_bytes},
    [POLICY_MODEL_BYTEARRAY] = {.call = call_to_bytearray},
    [POLICY_MODEL_SET] = {.call = call_set},
    [POLICY_MODEL_TUPLE] = {.call = call_tuple},
    [POLICY_MODEL_ERROR_WRAPPER] = {.admits = error_admits_wrapper},
    [POLICY_MODEL_UNICODE_ERROR] = {.admits = error_admits_unicode},
    [POLICY_MODEL_IMPORT_ERROR] = {.admits = admits_anything},
    [POLICY_MODEL_SYNTAX_ERROR] = {.admits = error_admits_syntax},
    [POLICY_MODEL_EXCEPTION_GROUP] = {.call = call_group},
    [POLICY_MODEL_SEQUENCE] = {.admits = admits_sequence},
    [POLICY_MODEL_MAPPING] = {.admits = admits_mapping},
    [POLICY_MODEL_COUNTER] = {.admits = admits_counter},
    [POLICY_MODEL_DEFAULTDICT] = {.admits = admits_defaultdict},
    [POLICY_MODEL_DEQUE] = {.admits = admits_deque},
    [POLICY_MODEL_RANGE] = {.call = call_range},
    [POLICY_MODEL_NETWORK] = {.call = call_network},
    [POLICY_MODEL_SLICE] = {.admits = admits_slice},
    [POLICY_MODEL_COMPLEX] = {.admits = admits_complex},
    [POLICY_MODEL_RECONSTRUCTOR] = {.call = call_reconstructor},
    [POLICY_MODEL_GETITEM] = {.admits = generic_admits},
    [POLICY_MODEL_NEWOBJ] = {.call = call_newobj},
    [POLICY_MODEL_PARTIAL_NEW] = {.call = call_partial},
    [POLICY_MODEL_FRACTION] = {.call = call_fraction},
    [POLICY_MODEL_DECIMAL] = {.admits = admits_decimal},
    [POLICY_MODEL_ARRAY] = {.call = call_array},
    [POLICY_MODEL_ARRAY_RECONSTRUCTOR] = {.call = call_array_reconstructor},
    [POLICY_MODEL_NUMPY_RECONSTRUCT] = {.call = call_numpy_array},
    [POLICY_MODEL_NUMPY_MARECONSTRUCT] = {.call = call_numpy_masked},
    [POLICY_MODEL_NUMPY_SCALAR] = {.admits = numpy_scalar},
    [POLICY_MODEL_NUMPY_FROMBUFFER] = {.call = call_numpy_frombuffer},
    [POLICY_MODEL_NUMPY_DTYPE] = {.call = call_numpy_dtype},
    [POLICY_MODEL_NUMPY_RANDOM] = {.admits = numpy_random},
    [POLICY_MODEL_NUMPY_ARRAY] = {.admits = admits_nothing},
    [POLICY_MODEL_SKLEARN_GROWN] = {.admits = admits_grown},
    [POLICY_MODEL_SKLEARN_PREDICTOR] = {.admits = admits_no_arguments},
    [POLICY_MODEL_SKLEARN_TREE] = {.call = call_shaped},
    [POLICY_MODEL_SKLEARN_METRIC] = {.call = call_shaped},
    [POLICY_MODEL_JOBLIB_ARRAY] = {.admits = admits_nothing},
    [POLICY_MODEL_UUID] = {.admits = admits_no_arguments},
    [POLICY_MODEL_ZONE] = {.admits = zone_admits},
    [POLICY_MODEL_PYTZ] = {.call = call_pytz},
    [POLICY_MODEL_PANDAS_INDEX] = {.call = call_pandas_index},
    [POLICY_MODEL_SIMPLE_COOKIE] = {.admits = admits_no_arguments},
    [POLICY_MODEL_USER_LIST] = {.admits = admits_no_arguments},
    [POLICY_MODEL_USER_DICT] = {.admits = admits_no_arguments},
    [POLICY_MODEL_USER_STRING] = {.admits = admits_no_arguments},
    [POLICY_MODEL_CHAIN_MAP] = {.admits = admits_no_arguments},
    [POLICY_MODEL_MULTI_DICT] = {.admits = admits_no_arguments},
    [POLICY_MODEL_RESULT_KEYS] = {.admits = admits_no_arguments},
    [POLICY_MODEL_RESULT_ROW] = {.call = call_result_row},
    [POLICY_MODEL_RESULT_NAME] = {.admits = result_admits_name},
};
#define M(id, doc) +1
_Static_assert(ARRAY_LEN(models) == POLICY_MODELS(M), "every model has its row");
#undef M

bool model_call(struct machine *m, const struct arguments *args, struct pickle_value *result) {
    enum policy_model model = entry_of(m, args->callee)->model;
    *result = (struct pickle_value){0};
    if (!takes_globals(m, args, 0)) return false;
    if (models[model].call) return models[model].call(m, args, result);
    /* A model without a row would have neither function, and is refused. */
    if (!models[model].admits || !models[model].admits(m, args)) return refuse_arguments(m, args);
    uint32_t copied = args->count > 1 && is_container(argument(m, args, 1)) ? 1 : 0;
    if (!give_copy(m, args, copied, result)) return false;
    /* Who asks a defaultdict for a key that it has not, or calls Box[int], calls what that is made
     * of. */
    if (model == POLICY_MODEL_DEFAULTDICT || model == POLICY_MODEL_GETITEM)
        m->nodes[result->a].flags |= m->nodes[args->tuple].flags & NODE_FUNCTION;
    return true;
}

/* A tree takes both for arrays and looks into them unchecked; a predictor calls what it takes for
 * the first one's methods. */
static const struct bytes grown_arrays[] = {BYTES_ROW("nodes"), BYTES_ROW("values")};
enum { GROWN_NODES = 1, GROWN_ALL = 3 };

/* What a UserList or its kin would walk.  A bit stays when the key comes again: with encoding=bytes
 * a key of 8-bit text is not the one of Unicode, so either value may be the one that counts. */
enum { WRAPPED_LIST = 1, WRAPPED_DICT = 2, WRAPPED_STR = 4, WRAPPED_OTHER = 8, WRAPPED_MAPS = 16 };
enum { WRAPPED_BAD_MAPS = 32, WRAPPED_FINAL = 64 }; /* a list of maps that may not grow */
enum { WRAPPED_DATA = WRAPPED_LIST | WRAPPED_DICT | WRAPPED_STR | WRAPPED_OTHER };

static bool note_wrapped(struct machine *m, uint32_t dict, bool maps, struct pickle_value value) {
    struct pickle_more *more = more_of(m, dict);
    if (!more) return false;
    if (maps) {
        bool only = value.kind == PICKLE_KIND_LIST && !(more->wrapped & WRAPPED_MAPS);
        more->wrapped |= WRAPPED_MAPS | (only ? 0 : WRAPPED_BAD_MAPS);
        more->maps = only ? value.a : 0;
        return true;
    }
    more->wrapped |= value.kind == PICKLE_KIND_LIST   ? WRAPPED_LIST
                     : value.kind == PICKLE_KIND_DICT ? WRAPPED_DICT
                     : value.kind == PICKLE_KIND_STR  ? WRAPPED_STR
                                                      : WRAPPED_OTHER;
    return true;
}

/* A cookie makes text of any other value, with the shared parts of it again and again. */
bool model_admits_pairs(struct machine *m, uint32_t global, const struct pickle_value *items,
                        uint32_t count) {
    if (bytes_equal(m->scratch->globals[global].module, BYTES("django.http.request")))
        for (uint32_t i = 1; i < count; i += 2) charge_copy(m, items[i]); /* decoded */
    if (entry_of(m, global)->model != POLICY_MODEL_SIMPLE_COOKIE) return true;
    for (uint32_t i = 1; i < count; i += 2) {
        charge_copy(m, items[i]); /* in quotes */
        bool morsel = items[i].kind == PICKLE_KIND_INSTANCE &&
                      global_is(m, m->nodes[items[i].a].global, "http.cookies", "Morsel");
        if (items[i].kind != PICKLE_KIND_STR && !morsel)
            return refuse_global(m, PICKLE_ARGUMENTS, global);
    }
    return true;
}

bool model_note_parts(struct machine *m, uint32_t list, const struct pickle_value *items,
                      uint32_t count) {
    if (more_seen(m, list)->wrapped & WRAPPED_FINAL) return refuse(m, PICKLE_STATE_KIND);
    uint32_t dicts = 0;
    for (uint32_t i = 0; i < count; i++) dicts += items[i].kind == PICKLE_KIND_DICT;
    if (dicts == 0) return true;
    struct pickle_more *more = more_of(m, list);
    if (!more) return false;
    more->maps = add_saturating(more->maps, dicts);
    return true;
}

/* Each of the maps is walked for each walk of the whole, and one may stand there many times. */
static bool maps_agree(struct machine *m, uint32_t dict) {
    enum { MAPS_MAX = 256 };
    const struct pickle_more *state = more_seen(m, dict);
    if ((state->wrapped & (WRAPPED_MAPS | WRAPPED_BAD_MAPS)) != WRAPPED_MAPS) return false;
    uint32_t list = state->maps, count = m->nodes[list].count;
    if (count > MAPS_MAX || more_seen(m, list)->maps != count) return false;
    struct pickle_more *more = more_of(m, list);
    if (!more) return false;
    more->wrapped |= WRAPPED_FINAL;
    return true;
}

static bool wrapped_state_agrees(struct machine *m, enum policy_model model,
                                 struct pickle_value state) {
    if (state.kind != PICKLE_KIND_DICT) return false;
    if (model == POLICY_MODEL_CHAIN_MAP) return maps_agree(m, state.a);
    uint32_t asked = model == POLICY_MODEL_USER_LIST   ? WRAPPED_LIST
                     : model == POLICY_MODEL_USER_DICT ? WRAPPED_DICT
                                                       : WRAPPED_STR;
    return (more_seen(m, state.a)->wrapped & WRAPPED_DATA) == asked;
}

/* What an index is named by has been charged, and stays as it is. */
static bool freeze_list(struct machine *m, struct pickle_value value) {
    if (!m->sees_maps || value.kind != PICKLE_KIND_LIST) return true;
    struct pickle_more *more = more_of(m, value.a);
    if (!more) return false;
    more->wrapped |= WRAPPED_FINAL;
    return true;
}

bool model_note_item(struct machine *m, uint32_t dict, struct bytes key,
                     struct pickle_value value) {
    if (!error_note_item(m, dict, key, value)) return false;
    if (!random_note_item(m, dict, key, value)) return false;
    if (bytes_equal(key, BYTES("int"))) plain_note_identity(m, dict, value);
    if (!pandas_note_item(m, dict, key, value)) return false;
    if (UNLIKELY(m->sees_results) && !result_note_item(m, dict, key, value)) return false;
    if (bytes_equal(key, BYTES("names"))) return freeze_list(m, value);
    bool maps = bytes_equal(key, BYTES("maps"));
    if (maps || bytes_equal(key, BYTES("data"))) return note_wrapped(m, dict, maps, value);
    struct grown_state *grown = &m->grown;
    for (uint32_t i = 0; i < ARRAY_LEN(grown_arrays); i++) {
        if (!bytes_equal(key, grown_arrays[i])) continue;
        if (grown->dict != dict) *grown = (struct grown_state){.dict = dict};
        if (numpy_is_array(m, value))
            grown->arrays |= 1u << i;
        else
            grown->arrays &= ~(1u << i);
    }
    return true;
}

static bool grown_state_agrees(const struct machine *m, struct pickle_value state) {
    return state.kind == PICKLE_KIND_DICT && m->grown.dict == state.a &&
           m->grown.arrays == GROWN_ALL;
}

/* The states of these are taken apart by number, in C and without a look: A an array, I an integer,
 * F a number, M an instance or None. */
bool model_state_agrees(struct machine *m, uint32_t instance, struct pickle_value state) {
    static const char *const shapes[ARRAY_LEN(models)] = {
        [POLICY_MODEL_SKLEARN_TREE] = "AAAAIIIIIIIMM", [POLICY_MODEL_SKLEARN_METRIC] = "FAA"};
    enum policy_model model = entry_of(m, m->nodes[instance].global)->model;
    const char *shape = shapes[model];
    if (UNLIKELY(model == POLICY_MODEL_UNICODE_ERROR || error_keeps_all(model)))
        return error_state_agrees(m, instance, state);
    if (UNLIKELY(model == POLICY_MODEL_SKLEARN_PREDICTOR))
        return state.kind == PICKLE_KIND_DICT && m->grown.dict == state.a &&
               m->grown.arrays & GROWN_NODES;
    if (UNLIKELY(model == POLICY_MODEL_SKLEARN_GROWN)) return grown_state_agrees(m, state);
    if (UNLIKELY(model == POLICY_MODEL_UUID)) return plain_identity_agrees(m, state);
    if (UNLIKELY(model == POLICY_MODEL_MULTI_DICT)) return state.kind == PICKLE_KIND_DICT;
    if (UNLIKELY(model == POLICY_MODEL_RESULT_KEYS)) return result_state_agrees(m, state);
    if (UNLIKELY(wraps_data(model))) return wrapped_state_agrees(m, model, state);
    if (LIKELY(!shape)) return true;
    if (state.kind != PICKLE_KIND_TUPLE || m->nodes[state.a].count != strlen(shape)) return false;
    for (uint32_t i = 0; shape[i]; i++) {
        struct pickle_value part = m->cells[m->nodes[state.a].first + i];
        bool fits = shape[i] == 'A'   ? numpy_is_array(m, part)
                    : shape[i] == 'I' ? part.kind == PICKLE_KIND_INT
                    : shape[i] == 'F' ? letter_admits('f', part)
                                      : letter_admits('m', part);
        if (!fits) return false;
    }
    return true;
}

/* What is in it is looked at, each time: how long pandas' is, how many hosts an address has. */
static bool text_matters(const struct machine *m, const struct arguments *args) {
    struct bytes module = m->scratch->globals[args->callee].module;
    if (LIKELY(!is_within(module, BYTES("pandas")) && !is_within(module, BYTES("pydantic_core"))))
        return false;
    for (uint32_t i = 0; i < args->count; i++)
        if (argument(m, args, i).kind == PICKLE_KIND_STR) return true;
    return false;
}

/* Every model admits or refuses an empty tuple by that alone, and the letters of a shape look at
 * kinds; which globals a callable may get is another question. */
bool model_judges_kinds(const struct machine *m, const struct arguments *args) {
    const struct policy_entry *entry = entry_of(m, args->callee);
    if (entry->only_count > 0 || text_matters(m, args)) return false;
    return entry->model == POLICY_MODEL_NONE ||
           (args->count == 0 && models[entry->model].admits != NULL);
}
