/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Text keys that become attributes: which of them a reader would call, believe, walk or parse.  The
 * dict does not know yet whether it will be a state, so this is noted in its flags and looked at by
 * state.c.  items.c hands over only keys that may be of this kind. */

#include "pickle/machine.h"

/* Dunders that honest states have and no reader calls. */
static bool is_inert_name(struct bytes text) {
    static const struct bytes names[] = {
        /* pydantic 1 and 2: what its __setstate__ hands to the instance */
        BYTES_ROW("__fields_set__"),
        BYTES_ROW("__private_attribute_values__"),
        BYTES_ROW("__pydantic_extra__"),
        BYTES_ROW("__pydantic_fields_set__"),
        BYTES_ROW("__pydantic_private__"),
        BYTES_ROW("__orig_class__"), /* typing: of what a generic class was made */
        BYTES_ROW("__notes__"),      /* add_note() of exceptions */
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bytes_equal(text, names[i])) return true;
    return false;
}

/* pydantic's states have the attributes under "__dict__", and that dict becomes the instance's own,
 * so it has to be one that a state may be, and stay so. */
static bool is_inner_state(struct machine *m, uint32_t outer, struct bytes text,
                           struct pickle_value value) {
    if (!bytes_equal(text, BYTES("__dict__")) || value.kind != PICKLE_KIND_DICT) return false;
    struct pickle_node *dict = &m->nodes[value.a];
    if (dict->flags & (NODE_PLANTED | NODE_OTHER_KEYS)) return false;
    dict->flags |= NODE_STATE;
    m->nodes[outer].flags |= dict->flags & (NODE_FUNCTION | NODE_BAD_CACHE);
    inherit_cost(m, outer, value);
    return true;
}

/* CPython looks these up on the instance: what a state or an item plants there would be called. */
bool is_planted_name(struct bytes text) {
    bool dunder = text.len >= 4 && text.data[0] == '_' && text.data[1] == '_' &&
                  text.data[text.len - 1] == '_' && text.data[text.len - 2] == '_';
    /* What enumerations look themselves up by; there is one object of each for the process. */
    if (bytes_equal(text, BYTES("_value_")) || bytes_equal(text, BYTES("_name_"))) return true;
    return dunder || bytes_equal(text, BYTES("append")) || bytes_equal(text, BYTES("extend")) ||
           bytes_equal(text, BYTES("add"));
}

/* uuid.UUID writes an `is_safe` that it does not know into an error, and sklearn and django a
 * version that is not their own into a warning: shared parts again and again. */
static bool is_written_out(const struct machine *m, struct bytes text, struct pickle_value value) {
    if (is_leaf(value)) return false;
    if (bytes_equal(text, BYTES("_sklearn_version")) || bytes_equal(text, BYTES("_django_version")))
        return true;
    if (value.kind == PICKLE_KIND_GLOBAL || !bytes_equal(text, BYTES("is_safe"))) return false;
    return value.kind != PICKLE_KIND_INSTANCE ||
           !global_is(m, m->nodes[value.a].global, "uuid", "SafeUUID");
}

/* A model of django makes attributes of the pairs in this list, memoryviews, in each state anew,
 * and hashes what stands there for names: it writes a pair for each field of bytes. */
static bool fills_state(struct machine *m, struct bytes text, struct pickle_value value) {
    enum { PAIRS_MAX = 64, PAIR_BYTES = 512 };
    if (!bytes_equal(text, BYTES("_memoryview_attrs"))) return false;
    if (value.kind != PICKLE_KIND_LIST) return true;
    uint32_t count = m->nodes[value.a].count;
    m->heap += PAIR_BYTES * (uint64_t)count;
    return count > PAIRS_MAX || more_seen(m, value.a)->aux != count;
}

/* pandas hashes the names of its series and indexes. */
static void note_name(struct machine *m, struct bytes text, struct pickle_value value) {
    if (!is_container(value) ||
        !(bytes_equal(text, BYTES("name")) || bytes_equal(text, BYTES("names"))))
        return;
    m->name_cost += add_saturating(m->nodes[value.a].cost, 1);
}

bool note_str_key(struct machine *m, uint32_t number, struct pickle_value key,
                  struct pickle_value value) {
    enum { PARSED_BYTES = 256 };
    struct pickle_scratch *scratch = m->scratch;
    if (scratch->collect_keys) {
        struct pickle_more *more = more_of(m, number);
        if (!more || !ROOM(m, scratch->names, scratch->names_cap, m->names_count + 1)) return false;
        scratch->names[m->names_count] =
            (struct pickle_name){.value = key, .previous = more->names};
        more->names = m->names_count++;
    }
    if (scratch->joblib_arrays) joblib_note_item(m, number, key, value);
    uint8_t buffer[TEXT_BYTES_MAX];
    struct bytes text = text_of(m, key, buffer);
    bool undecoded = key.flags & ~VALUE_8BIT && key.a > TEXT_RAW_BYTES_MAX;
    if (m->sees_keys && !model_note_item(m, number, text, value)) return false;
    struct pickle_node *node = &m->nodes[number];
    bool is_cache = value.kind == PICKLE_KIND_DICT || value.kind == PICKLE_KIND_NONE;
    if (!is_cache && bytes_equal(text, BYTES("_cache"))) {
        if (node->flags & NODE_STATE) return refuse(m, PICKLE_STATE_KEY);
        node->flags |= NODE_BAD_CACHE;
    }
    /* An exception makes a tuple of the args in its state, whatever class it is of. */
    if (bytes_equal(text, BYTES("args")) && value.kind != PICKLE_KIND_TUPLE &&
        (is_container(value) || !is_light(value))) {
        if (value.kind == PICKLE_KIND_INSTANCE) charge_wide(m, more_seen(m, value.a)->wide);
        charge_copy(m, value);
        node->flags |= NODE_WALKED;
    }
    note_name(m, text, value);
    /* What pandas assigns, and parses for minutes. */
    bool is_long = value.kind == PICKLE_KIND_STR && value.a > PARSED_BYTES;
    if (is_long && bytes_equal(text, BYTES("freq"))) node->flags |= NODE_BAD_CACHE;
    if (bytes_equal(text, BYTES("_metadata"))) node->flags |= NODE_WALKED;
    if (is_written_out(m, text, value) || fills_state(m, text, value)) node->flags |= NODE_WALKED;
    if (!undecoded &&
        (!is_planted_name(text) || is_inert_name(text) || is_inner_state(m, number, text, value)))
        return true;
    /* A dict that was a state may by now be the __dict__ of what got it. */
    if (node->flags & NODE_STATE) return refuse(m, PICKLE_STATE_KEY);
    if (bytes_equal(text, BYTES("__setstate__")) && !is_leaf(value) &&
        value.kind != PICKLE_KIND_LIST && value.kind != PICKLE_KIND_DICT)
        return refuse(m, PICKLE_STATE_KEY);
    node->flags |= NODE_PLANTED;
    return true;
}
