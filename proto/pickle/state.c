/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* BUILD.  CPython calls the instance's __setstate__ when it finds one, on the instance too;
 * otherwise it copies a dict into the instance's __dict__ and sets slots from a second one.  So the
 * target has to be an instance of this stream, and no key may be one that CPython would later call.
 */

#include "pickle/machine.h"

/* A dict whose keys become attributes. */
static bool are_attributes(const struct machine *m, struct pickle_value state) {
    return state.kind == PICKLE_KIND_DICT && !(m->nodes[state.a].flags & NODE_OTHER_KEYS);
}

/* The keys of a dict must be none that a reader would follow: `barred` are flags of its node. */
static bool check_keys(struct machine *m, struct pickle_value dict, uint32_t barred) {
    if (m->nodes[dict.a].flags & barred) return refuse(m, PICKLE_STATE_KEY);
    if (barred & NODE_FUNCTION && m->built_late) return refuse(m, PICKLE_STATE_KEY);
    /* Its `args` are copied for each instance, and were charged once. */
    uint32_t copied = NODE_STATE | NODE_WALKED;
    if ((m->nodes[dict.a].flags & copied) == copied) return refuse(m, PICKLE_STATE_KEY);
    m->nodes[dict.a].flags |= NODE_STATE;
    return true;
}

static bool check_attributes(struct machine *m, struct pickle_value state, uint32_t barred) {
    if (!are_attributes(m, state)) return refuse(m, PICKLE_STATE_KIND);
    return check_keys(m, state, barred);
}

/* The packages that presets are of.  Python's own classes keep what they get, but for a datetime,
 * which asks its tzinfo; estimators hold functions of their users, and call them when used. */
static const struct preset_package {
    struct bytes name;
    bool keeps; /* and asks what it gets for nothing while it loads */
} packages[] = {
    {BYTES_ROW("builtins"), true},    {BYTES_ROW("types"), true},
    {BYTES_ROW("collections"), true}, {BYTES_ROW("sklearn"), true},
    {BYTES_ROW("scipy"), true},       {BYTES_ROW("datetime"), false},
    {BYTES_ROW("subprocess"), false}, {BYTES_ROW("urllib"), false},
    {BYTES_ROW("ssl"), false},        {BYTES_ROW("http"), false},
    {BYTES_ROW("django"), false},     {BYTES_ROW("numpy"), false},
    {BYTES_ROW("pandas"), false},     {BYTES_ROW("dateutil"), false},
    {BYTES_ROW("werkzeug"), false},   {BYTES_ROW("flask"), false},
    {BYTES_ROW("markupsafe"), false}, {BYTES_ROW("celery"), false},
    {BYTES_ROW("kombu"), false},      {BYTES_ROW("billiard"), false},
};

static const struct preset_package *package_of(struct bytes module) {
    for (size_t i = 0; i < ARRAY_LEN(packages); i++)
        if (is_within(module, packages[i].name)) return &packages[i];
    return NULL;
}

bool asks_what_it_gets(struct bytes module) {
    const struct preset_package *package = package_of(module);
    return package && !package->keeps;
}

/* Their classes have no state of slots, which are set one by one, as an assignment does it, and run
 * properties: a sparse matrix is reshaped by one, a response encoded.  Nor is a state of theirs an
 * instance, which would answer with code of its own what a dict is asked. */
static bool is_of_presets(struct bytes module) {
    return package_of(module) != NULL;
}

static bool check_slots(struct machine *m, uint32_t global, struct pickle_value state) {
    if (state.kind != PICKLE_KIND_TUPLE || m->nodes[state.a].count != 2) return true;
    struct pickle_value slots = m->cells[m->nodes[state.a].first + 1];
    bool empty = slots.kind != PICKLE_KIND_DICT || m->nodes[slots.a].count == 0;
    if (empty || !is_of_presets(m->scratch->globals[global].module)) return true;
    return refuse_global(m, PICKLE_STATE_KIND, global);
}

static bool check_plain_state(struct machine *m, struct pickle_value state, uint32_t barred) {
    if (state.kind == PICKLE_KIND_NONE) return true;
    if (state.kind != PICKLE_KIND_TUPLE) return check_attributes(m, state, barred);
    const struct pickle_node *pair = &m->nodes[state.a];
    if (pair->count != 2) return refuse(m, PICKLE_STATE_KIND);
    struct pickle_value attributes = m->cells[pair->first], slots = m->cells[pair->first + 1];
    return (attributes.kind == PICKLE_KIND_NONE || check_attributes(m, attributes, barred)) &&
           check_attributes(m, slots, barred);
}

/* What check_plain_state would admit, but for the keys. */
static bool is_plain_state(const struct machine *m, struct pickle_value state) {
    if (state.kind == PICKLE_KIND_NONE) return true;
    if (state.kind != PICKLE_KIND_TUPLE) return are_attributes(m, state);
    const struct pickle_node *pair = &m->nodes[state.a];
    if (pair->count != 2) return false;
    struct pickle_value attributes = m->cells[pair->first], slots = m->cells[pair->first + 1];
    return (attributes.kind == PICKLE_KIND_NONE || are_attributes(m, attributes)) &&
           are_attributes(m, slots);
}

/* Of a key that is an instance of a class derived from str the text is not known. */
static bool check_handed_on(struct machine *m, struct pickle_value dict, uint32_t barred) {
    if (more_seen(m, dict.a)->keys_instances > 0) return refuse(m, PICKLE_STATE_KEY);
    return check_keys(m, dict, barred);
}

/* The finalizer of a StringIO or BytesIO calls its `close`, whatever a state has made of that, and
 * the dict that it gets becomes its own: so attributes are plain values, and stay so. */
static bool check_stream_state(struct machine *m, struct pickle_value state) {
    for (uint32_t i = 0; state.kind == PICKLE_KIND_TUPLE && i < m->nodes[state.a].count; i++) {
        struct pickle_value part = m->cells[m->nodes[state.a].first + i];
        if (part.kind != PICKLE_KIND_DICT) continue;
        struct pickle_node *dict = &m->nodes[part.a];
        if (dict->depth > 0 || dict->flags & NODE_NAMES) return refuse(m, PICKLE_STATE_KEY);
        dict->flags |= NODE_FROZEN;
    }
    return true;
}

/* The class's own __setstate__ gets it: any value, but dicts still plant nothing, at the top or
 * just below it, where such methods hand them to __dict__. */
static bool check_any_state(struct machine *m, struct pickle_value state, uint32_t barred) {
    if (state.kind == PICKLE_KIND_DICT) return check_handed_on(m, state, barred);
    if (barred & NODE_FUNCTION && brings_function(m, state)) return refuse(m, PICKLE_STATE_KEY);
    if (state.kind != PICKLE_KIND_TUPLE) return true;
    const struct pickle_node *tuple = &m->nodes[state.a];
    for (uint32_t i = 0; i < tuple->count; i++) {
        struct pickle_value part = m->cells[tuple->first + i];
        if (part.kind == PICKLE_KIND_DICT && !check_handed_on(m, part, barred)) return false;
        if (barred & NODE_FUNCTION && brings_function(m, part)) return refuse(m, PICKLE_STATE_KEY);
    }
    return true;
}

/* Exceptions of Python and of the presets make a tuple of the `args` in a state, and walking an
 * instance runs whatever its own state holds: a UserList over a defaultdict has no end.  No pickler
 * writes args there.  UUIDs and estimators make text of an attribute (items.c). */
static bool walks_attributes(struct bytes module) {
    static const struct bytes modules[] = {
        BYTES_ROW("builtins"),
        BYTES_ROW("ssl"),
        BYTES_ROW("subprocess"),
        BYTES_ROW("urllib.error"),
        BYTES_ROW("werkzeug.exceptions"),
        BYTES_ROW("celery.exceptions"),
        BYTES_ROW("celery.utils.serialization"),
        BYTES_ROW("kombu.exceptions"),
        BYTES_ROW("billiard.exceptions"),
        BYTES_ROW("django.core.exceptions"),
        BYTES_ROW("django.db.models.base"),
        BYTES_ROW("uuid"),
    };
    for (size_t i = 0; i < ARRAY_LEN(modules); i++)
        if (bytes_equal(module, modules[i])) return true;
    return is_within(module, BYTES("sklearn")) || is_within(module, BYTES("scipy"));
}

/* Makes lists of the values that a dict in its state holds, by that dict's own method. */
static bool copies_values(struct bytes module) {
    return bytes_equal(module, BYTES("django.utils.datastructures")) ||
           bytes_equal(module, BYTES("django.http.request"));
}

/* pandas reads the attribute `_cache` as a dict without a look, and calls attributes while it
 * loads.  Where instances are keys, __hash__ and __eq__ of their class run, and call what the class
 * takes for methods of its own: so no attribute is a function that the policy does not let be
 * called.  Exceptions are hashed by their address. */
static uint32_t barred_keys(const struct pickle_global *global) {
    struct bytes module = global->module;
    /* A dtype is hashed by the attributes that `_metadata` names. */
    uint32_t hashed = global->entry->rights & POLICY_HASH ? NODE_WALKED : 0;
    if (is_within(module, BYTES("pandas")) || is_within(module, BYTES("dateutil")))
        return NODE_PLANTED | NODE_BAD_CACHE | NODE_FUNCTION | hashed;
    bool is_key = global->entry->rights & POLICY_HASH && !bytes_equal(module, BYTES("builtins"));
    is_key |= global->copies_values || is_within(module, BYTES("numpy"));
    return NODE_PLANTED | (is_key ? NODE_FUNCTION : 0) |
           (walks_attributes(module) ? NODE_WALKED : 0);
}

void state_resolve(struct pickle_global *global) {
    const struct policy_entry *entry = global->entry;
    global->copies_values = copies_values(global->module);
    global->sees_pairs = entry->model == POLICY_MODEL_SIMPLE_COOKIE || global->copies_values;
    global->barred = barred_keys(global);
    global->plain_state = entry->model == POLICY_MODEL_NONE && !global->numerical &&
                          !global->copies_values && !bytes_equal(global->module, BYTES("_io")) &&
                          (entry->rights & (POLICY_BUILD | POLICY_STATE_ANY)) == POLICY_BUILD;
}

/* Who holds it in a tuple has counted what hashing it cost before it got its state. */
static bool charge_late(struct machine *m, const struct pickle_node *node,
                        struct pickle_value state) {
    enum { LATE_COST_MAX = 16 };
    if (!(node->flags & NODE_IN_TUPLE) || !is_container(state) ||
        !has_right(m, node->global, POLICY_HASH))
        return true;
    uint32_t cost = m->nodes[state.a].cost, depth = m->nodes[state.a].key_depth;
    for (uint32_t i = 0; state.kind == PICKLE_KIND_TUPLE && i < m->nodes[state.a].count; i++) {
        struct pickle_value part = m->cells[m->nodes[state.a].first + i];
        if (is_container(part)) cost = add_saturating(cost, m->nodes[part.a].cost);
    }
    return (cost <= LATE_COST_MAX && depth <= LATE_COST_MAX) ||
           refuse_limit(m, PICKLE_KEY_COST, MAX(cost, depth), LATE_COST_MAX);
}

static bool check_instance_state(struct machine *m, uint32_t target, struct pickle_value state) {
    struct pickle_node *node = &m->nodes[target];
    bool wraps = node->flags & NODE_WRAPS;
    if (!wraps && !has_right(m, node->global, POLICY_BUILD) &&
        !has_right(m, node->global, POLICY_STATE_ANY))
        return refuse_global(m, PICKLE_BUILD, node->global);
    /* A class's own methods call what the first state left on the instance, under names that only
     * the class knows.  No pickler writes items or another state behind the state. */
    if (node->flags & NODE_BUILT) return refuse_global(m, PICKLE_STATE_LAST, node->global);
    node->flags |= NODE_BUILT;
    if (state.kind == PICKLE_KIND_INSTANCE &&
        is_of_presets(m->scratch->globals[node->global].module))
        return refuse_global(m, PICKLE_STATE_KIND, node->global);
    if (!charge_late(m, node, state)) return false;
    if (m->namespace_calls && walks_attributes(m->scratch->globals[node->global].module))
        return refuse_global(m, PICKLE_STATE_KEY, node->global);
    if (!model_state_agrees(m, target, state))
        return refuse_global(m, PICKLE_STATE_KIND, node->global);
    if (wraps && !model_wrapper_state(m, target, state)) return false;
    /* Its own __setstate__ makes items of them, as SETITEMS does. */
    if (entry_of(m, node->global)->model == POLICY_MODEL_MULTI_DICT) return true;
    bool any = wraps || has_right(m, node->global, POLICY_STATE_ANY);
    uint32_t barred = m->scratch->globals[node->global].barred;
    if (node->flags & NODE_DTYPE) {
        if (!numpy_dtype_state(m, target, state))
            return refuse_global(m, PICKLE_STATE_KIND, node->global);
        return check_any_state(m, state, barred);
    }
    if (node->flags & NODE_NDARRAY) {
        if (!more_of(m, target)) return false; /* for what is noted of it */
        /* A masked array takes any sequence for the tuple; classes of others may have a state of
         * their own. */
        bool numpys = is_within(m->scratch->globals[node->global].module, BYTES("numpy"));
        bool own = any && !numpys && state.kind != PICKLE_KIND_TUPLE;
        if (!numpy_array_state(m, target, state) && !own)
            return refuse_global(m, PICKLE_STATE_KIND, node->global);
        /* The cells of an array of objects may be functions. */
        return check_any_state(m, state, own ? barred : barred & ~(uint32_t)NODE_FUNCTION);
    }
    struct bytes module = m->scratch->globals[node->global].module;
    if (bytes_equal(module, BYTES("_io")) && !check_stream_state(m, state)) return false;
    if (!(any ? check_any_state(m, state, barred) : check_plain_state(m, state, barred)))
        return false;
    bool draws = entry_of(m, node->global)->model == POLICY_MODEL_NUMPY_RANDOM;
    return !draws || random_state_agrees(m, target, state) ||
           refuse_global(m, PICKLE_STATE_KIND, node->global);
}

/* --- facts: the sorted keys of a class's state --- */

/* By what a report may show of them: names of megabytes may come again and again from the memo. */
static int compare_names(struct bytes a, struct bytes b) {
    enum { COMPARED_BYTES = 256 };
    return bytes_compare(bytes_slice(a, 0, COMPARED_BYTES), bytes_slice(b, 0, COMPARED_BYTES));
}

static void sort_names(struct bytes *names, uint32_t count) {
    /* Heap sort: the writer chooses the order, so the worst case must be fine. */
    for (uint32_t start = count / 2, end = count; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            struct bytes last = names[--end];
            names[end] = names[0];
            names[0] = last;
        }
        for (uint32_t root = start; root * 2 + 1 < end;) {
            uint32_t child = root * 2 + 1;
            child += child + 1 < end && compare_names(names[child], names[child + 1]) < 0;
            if (compare_names(names[root], names[child]) >= 0) break;
            struct bytes moved = names[root];
            names[root] = names[child];
            names[child] = moved;
            root = child;
        }
    }
}

/* A state without str keys has this fingerprint. */
#define FINGERPRINT_EMPTY 0xcbf29ce484222325u

static bool list_keys(struct machine *m, struct pickle_global *class, uint32_t dict) {
    struct pickle_scratch *scratch = m->scratch;
    uint32_t count = 0;
    for (uint32_t at = more_seen(m, dict)->names; at != NO_KEY; at = scratch->names[at].previous)
        count++;
    struct bytes *names = arena_alloc(&scratch->text, (count + 1ull) * sizeof *names);
    if (!names) return refuse(m, PICKLE_NO_MEMORY);
    uint32_t filled = 0;
    for (uint32_t at = more_seen(m, dict)->names; at != NO_KEY; at = scratch->names[at].previous) {
        uint8_t buffer[TEXT_BYTES_MAX];
        struct bytes text = text_of(m, scratch->names[at].value, buffer);
        names[filled] = text.data == buffer ? arena_copy(&scratch->text, text) : text;
        if (!names[filled++].data) return refuse(m, PICKLE_NO_MEMORY);
    }
    sort_names(names, count);
    class->keys = names;
    class->keys_count = count;
    return true;
}

static bool collect_keys(struct machine *m, uint32_t global, uint32_t dict) {
    struct pickle_global *class = &m->scratch->globals[global];
    /* A sum kept as the keys came: a dict may be the state of many. */
    uint64_t print = more_seen(m, dict)->names_sum + FINGERPRINT_EMPTY;
    print += print == 0;
    if (class->keys_fingerprint) {
        class->keys_vary |= class->keys_fingerprint != print;
        return true;
    }
    class->keys_fingerprint = print;
    return !m->scratch->collect_keys || list_keys(m, class, dict);
}

static bool note_state(struct machine *m, uint32_t target, struct pickle_value state) {
    uint32_t global = m->nodes[target].global;
    m->scratch->globals[global].uses |= PICKLE_USE_STATE;
    if (!is_plain_state(m, state)) m->scratch->globals[global].uses |= PICKLE_USE_STATE_ANY;
    inherit_cost(m, target, state);
    for (uint32_t i = 0; state.kind == PICKLE_KIND_TUPLE && i < m->nodes[state.a].count; i++)
        inherit_cost(m, target, m->cells[m->nodes[state.a].first + i]);
    if (brings_function(m, state)) {
        /* Who takes it for a mapping calls its attributes; an estimator takes a namespace for an
         * array, and calls what it has for methods. */
        uint32_t flags = m->nodes[target].flags;
        bool namespace = bytes_equal(m->scratch->globals[global].module, BYTES("types"));
        m->namespace_calls |= namespace;
        if (flags & NODE_IN_TUPLE || (namespace && flags & NODE_NESTED))
            return refuse(m, PICKLE_STATE_KEY);
    }
    if (state.kind == PICKLE_KIND_DICT &&
        (m->scratch->collect_keys || m->scratch->collect_fingerprints))
        return collect_keys(m, global, state.a);
    return true;
}

enum outcome build_plain(struct machine *m, struct pickle_value target, struct pickle_value state) {
    if (target.kind != PICKLE_KIND_INSTANCE || state.kind != PICKLE_KIND_DICT) return NOT_COVERED;
    struct pickle_node *node = &m->nodes[target.a], *dict = &m->nodes[state.a];
    if (node->global == NO_GLOBAL || m->namespace_calls) return NOT_COVERED;
    const struct pickle_global *class = &m->scratch->globals[node->global];
    uint32_t barred = class->barred | NODE_OTHER_KEYS | NODE_FUNCTION | NODE_WALKED;
    bool covered =
        class->plain_state && !(dict->flags & barred) &&
        !(node->flags & (NODE_BUILT | NODE_WRAPS | NODE_DTYPE | NODE_NDARRAY | NODE_IN_TUPLE)) &&
        !(class->barred & NODE_FUNCTION && m->built_late);
    if (!covered) return NOT_COVERED;
    node->flags |= NODE_BUILT;
    forget_made(node);
    dict->flags |= NODE_STATE;
    if (!gain_plain(m, node, state) && !gain(m, target.a, state, false)) return REFUSED;
    if (!note_state(m, target.a, state)) return REFUSED;
    charge_copy(m, state);
    return DONE;
}

bool step_build(struct machine *m) {
    if (!above_fence(m, 2)) return false;
    m->top--;
    struct pickle_value target = m->stack[m->top - 1], state = m->stack[m->top];
    if (target.kind == PICKLE_KIND_PARTIAL) return model_partial_state(m, target.a, state);
    if (target.kind != PICKLE_KIND_INSTANCE) {
        return refuse_global(m, PICKLE_STATE_TARGET,
                             target.kind == PICKLE_KIND_GLOBAL ? target.a : NO_GLOBAL);
    }
    const struct pickle_node *node = &m->nodes[target.a];
    /* An array has its items from its state, and who holds it has counted none. */
    m->grew_late |= node->flags & NODE_NESTED &&
                    (node->flags & NODE_NDARRAY ||
                     (node->global != NO_GLOBAL && wraps_data(entry_of(m, node->global)->model)));
    if (!check_instance_state(m, target.a, state) ||
        !check_slots(m, m->nodes[target.a].global, state) || !hash_by_state(m, target.a) ||
        !gain_any(m, target.a, state) || !note_state(m, target.a, state))
        return false;
    charge_copy(m, state);
    if (state.kind == PICKLE_KIND_TUPLE) charge_copies(m, state.a);
    uint32_t global = m->nodes[target.a].global;
    bool copies = m->scratch->globals[global].copies_values ||
                  entry_of(m, global)->model == POLICY_MODEL_MULTI_DICT;
    if (is_container(state) && copies) {
        charge_parts(m, state.a);
        if (!charge_hashing(m, state.a)) return false;
    }
    return entry_of(m, global)->model != POLICY_MODEL_JOBLIB_ARRAY || joblib_read_array(m, state);
}
