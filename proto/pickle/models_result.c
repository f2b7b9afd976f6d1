/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Rows of SQLAlchemy 2.0 and 2.1.  A row is rowproxy_reconstructor(Row, {_parent, _data}), and its
 * parent, the metadata of a result, has a state of its own.  What both do while they load, in the
 * classes' own __setstate__:
 *
 *   _keys                 makes a list of as many None, of the names, of a record for each, and two
 *                         dicts with the names for keys: so these are names, in a list.  A range of
 *                         10^18 would be as many, and a tuple of tuples be hashed for years
 *   _translated_indexes   unpacks it into a call and subtracts 1 from each
 *   _keymap               takes item 0 of each value: of a tuple that is nobody's code
 *   _ambiguous_keys       calls its `intersection`
 *   _parent               reads an attribute of it
 *
 * And a row answers to each of its names as to an attribute: one called __array_interface__ would
 * make numpy read any memory.  So no name is that of a special method.
 *
 * So each key has its kind, what lists and dicts hold is noted as it comes, and a dict with another
 * key, or with one of these twice, is none of theirs: pickles of text in 8 bits have two keys where
 * it depends on the reader which one counts.  What a list or dict got before the first of these
 * names came was not noted; no pickler writes it so early.
 *
 * Source: sqlalchemy/engine/result.py, cursor.py, row.py, _row_cy.py; 2.0.36 and 2.1.9. */

#include "pickle/machine.h"

/* In `wrapped`, beside those of models.c. */
enum { NOT_NAMES = 1 << 8, NOT_NUMBERS = 1 << 9, NOT_RECORDS = 1 << 10 };

/* What a name costs: a record, its tuples, an entry in each of two dicts. */
enum { NAME_BYTES = 512, ENTRY_BYTES = 128, INDEX_BYTES = 32 };

static const struct bytes result_keys[RESULT_KEYS] = {
    [RESULT_KEYMAP] = BYTES_ROW("_keymap"),
    [RESULT_NAMES] = BYTES_ROW("_keys"),
    [RESULT_INDEXES] = BYTES_ROW("_translated_indexes"),
    [RESULT_AMBIGUOUS] = BYTES_ROW("_ambiguous_keys"),
    [RESULT_PARENT] = BYTES_ROW("_parent"),
    [RESULT_DATA] = BYTES_ROW("_data"),
};

static bool is_ordinary(const struct machine *m, struct pickle_value text) {
    return is_plain_str(text) && !is_planted_name(payload(m, text));
}

/* Text, or what SQLAlchemy derives from it: hashed as text is. */
static bool is_name(const struct machine *m, struct pickle_value value) {
    if (value.kind == PICKLE_KIND_STR) return is_ordinary(m, value);
    return value.kind == PICKLE_KIND_INSTANCE && m->nodes[value.a].global != NO_GLOBAL &&
           entry_of(m, m->nodes[value.a].global)->model == POLICY_MODEL_RESULT_NAME;
}

bool result_admits_name(struct machine *m, const struct arguments *args) {
    return args->count > 0 && is_ordinary(m, argument(m, args, 0)) && model_shape(m, args, 0);
}

static bool note(struct machine *m, uint32_t node, uint32_t what) {
    if ((more_seen(m, node)->wrapped & what) == what) return true;
    struct pickle_more *more = more_of(m, node);
    if (!more) return false;
    more->wrapped |= what;
    return true;
}

bool result_note_parts(struct machine *m, uint32_t list, const struct pickle_value *items,
                       uint32_t count) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count && found != (NOT_NAMES | NOT_NUMBERS); i++) {
        if (!is_name(m, items[i])) found |= NOT_NAMES;
        if (items[i].kind != PICKLE_KIND_INT) found |= NOT_NUMBERS;
    }
    return note(m, list, found);
}

/* Runs of integers with plain values do not come here: they are no tuples, nor anything's code. */
bool result_note_value(struct machine *m, uint32_t dict, struct pickle_value value) {
    return value.kind == PICKLE_KIND_TUPLE || note(m, dict, NOT_RECORDS);
}

bool result_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value) {
    if (is_planted_name(key)) return note(m, dict, NOT_RECORDS);
    for (uint32_t i = 0; i < RESULT_KEYS; i++) {
        if (!bytes_equal(key, result_keys[i])) continue;
        struct result_state *result = &m->result;
        if (result->dict != dict) *result = (struct result_state){.dict = dict};
        result->again |= (result->noted & 1u << i) != 0;
        result->noted |= 1u << i;
        result->values[i] = value;
    }
    return true;
}

/* The dict holds some of the keys in `admitted`, each once, and nothing else. */
static bool holds_only(const struct machine *m, struct pickle_value dict, uint32_t admitted) {
    const struct result_state *result = &m->result;
    return dict.kind == PICKLE_KIND_DICT && result->dict == dict.a && !result->again &&
           (result->noted & ~admitted) == 0 &&
           m->nodes[dict.a].count == (uint32_t)__builtin_popcount(result->noted);
}

/* It is of this kind, and holds nothing but what it should, for all that was put into it was noted.
 */
static bool holds(const struct machine *m, struct pickle_value value, enum pickle_kind kind,
                  uint32_t barred) {
    if (value.kind != kind) return false;
    bool noted = value.a >= m->results_from || m->nodes[value.a].count == 0;
    return noted && !(more_seen(m, value.a)->wrapped & barred);
}

static bool are_numbers(const struct machine *m, struct pickle_value value) {
    if (value.kind == PICKLE_KIND_LIST) return holds(m, value, PICKLE_KIND_LIST, NOT_NUMBERS);
    if (value.kind != PICKLE_KIND_TUPLE) return value.kind == PICKLE_KIND_NONE;
    const struct pickle_node *tuple = &m->nodes[value.a];
    for (uint32_t i = 0; i < tuple->count; i++)
        if (m->cells[tuple->first + i].kind != PICKLE_KIND_INT) return false;
    return true;
}

static bool is_frozenset_or_none(const struct machine *m, struct pickle_value value) {
    return value.kind == PICKLE_KIND_NONE || value.kind == PICKLE_KIND_FROZENSET ||
           (value.kind == PICKLE_KIND_INSTANCE &&
            global_is(m, m->nodes[value.a].global, "builtins", "frozenset"));
}

static uint64_t count_of(const struct machine *m, enum result_key key) {
    struct pickle_value value = m->result.values[key];
    return is_container(value) ? m->nodes[value.a].count : 0;
}

/* The same dict may be the state of many, so each pays for the copies that it makes. */
bool result_state_agrees(struct machine *m, struct pickle_value state) {
    uint32_t keys =
        1u << RESULT_KEYMAP | 1u << RESULT_NAMES | 1u << RESULT_INDEXES | 1u << RESULT_AMBIGUOUS;
    const struct pickle_value *values = m->result.values;
    if (!holds_only(m, state, keys)) return false;
    uint32_t noted = m->result.noted;
    bool agree =
        (!(noted & 1u << RESULT_NAMES) ||
         holds(m, values[RESULT_NAMES], PICKLE_KIND_LIST, NOT_NAMES)) &&
        (!(noted & 1u << RESULT_INDEXES) || are_numbers(m, values[RESULT_INDEXES])) &&
        (!(noted & 1u << RESULT_AMBIGUOUS) || is_frozenset_or_none(m, values[RESULT_AMBIGUOUS])) &&
        (!(noted & 1u << RESULT_KEYMAP) ||
         holds(m, values[RESULT_KEYMAP], PICKLE_KIND_DICT, NOT_RECORDS));
    if (!agree) return false;
    if (m->heap > m->heap_max) return true; /* refused at the end; more could overflow */
    m->heap += NAME_BYTES * count_of(m, RESULT_NAMES) + ENTRY_BYTES * count_of(m, RESULT_KEYMAP) +
               INDEX_BYTES * count_of(m, RESULT_INDEXES);
    return true;
}

bool result_admits_row(struct machine *m, const struct arguments *args) {
    enum { CLASS, STATE, PARTS };
    if (args->count != PARTS) return false;
    struct pickle_value class = argument(m, args, CLASS);
    bool is_row = class.kind == PICKLE_KIND_GLOBAL &&
                  (global_is(m, class.a, "sqlalchemy.engine.row", "Row") ||
                   global_is(m, class.a, "sqlalchemy.engine.row", "RowMapping"));
    uint32_t keys = 1u << RESULT_PARENT | 1u << RESULT_DATA;
    if (!is_row || !holds_only(m, argument(m, args, STATE), keys) || m->result.noted != keys)
        return false;
    struct pickle_value parent = m->result.values[RESULT_PARENT];
    return parent.kind == PICKLE_KIND_INSTANCE && m->nodes[parent.a].global != NO_GLOBAL &&
           entry_of(m, m->nodes[parent.a].global)->model == POLICY_MODEL_RESULT_KEYS &&
           m->result.values[RESULT_DATA].kind == PICKLE_KIND_TUPLE;
}
