/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Exceptions whose own code looks at what they were made of.
 *
 * UnicodeDecodeError and its kin: str() reads object[start] without a look at whether it is there.
 *
 * ImportError: since Python 3.12 traceback, and so whoever logs it, imports the module that `name`
 * names when it has a `name_from`, to look for similar names there.
 *
 * SyntaxError: traceback draws a caret for each place from the first offset to the second, which
 * may be 10^9 of them, and makes text of the line's number.
 *
 * ExceptionGroup: traceback makes an object of 600 bytes, in 6 us, of each exception in it, and of
 * one that stands in several places again and again: 22 levels of two are 8 million.
 *
 * Celery's stand-in for an exception that it cannot pickle: (module, class, arguments[, text]). Its
 * __init__ pickles each of the arguments again to see whether that can be done, which calls the
 * __reduce_ex__ of whatever they are: so they are plain values, and each call pays for their bytes.
 *
 * Source: CPython Objects/exceptions.c UnicodeDecodeError_str; celery/utils/serialization.py
 * UnpickleableExceptionWrapper, ensure_serializable; 5.2, 5.7. */

#include "pickle/machine.h"

bool error_admits_wrapper(struct machine *m, const struct arguments *args) {
    enum { MODULE, CLASS, ARGUMENTS, TEXT, PARTS };
    if (args->count < TEXT || args->count > PARTS) return false;
    for (uint32_t i = 0; i < args->count; i++) {
        enum pickle_kind kind = argument(m, args, i).kind;
        bool fits = kind == (i == ARGUMENTS ? PICKLE_KIND_TUPLE : PICKLE_KIND_STR);
        if (!fits && (i != TEXT || kind != PICKLE_KIND_NONE)) return false;
    }
    uint32_t number = argument(m, args, ARGUMENTS).a;
    const struct pickle_node *tuple = &m->nodes[number];
    for (uint32_t i = 0; i < tuple->count; i++)
        if (!is_leaf(m->cells[tuple->first + i])) return false;
    charge_copies(m, number);
    return true;
}

static bool is_place(struct pickle_value value) {
    return value.kind == PICKLE_KIND_INT && (int64_t)value.b >= 0;
}

/* (encoding, object, start, end, reason); a translation has no encoding. */
bool error_admits_unicode(struct machine *m, const struct arguments *args) {
    enum { OBJECT = 1, START, END, REASON, PARTS };
    bool decodes = global_is(m, args->callee, "builtins", "UnicodeDecodeError");
    uint32_t without = global_is(m, args->callee, "builtins", "UnicodeTranslateError");
    if (args->count != PARTS - without) return false;
    struct pickle_value object = argument(m, args, OBJECT - without);
    bool fits = decodes ? object.kind == PICKLE_KIND_BYTES || object.flags & VALUE_8BIT
                        : object.kind == PICKLE_KIND_STR;
    return fits && (without || argument(m, args, 0).kind == PICKLE_KIND_STR) &&
           is_place(argument(m, args, START - without)) &&
           is_place(argument(m, args, END - without)) &&
           argument(m, args, REASON - without).kind == PICKLE_KIND_STR;
}

/* (text[, (file, line, offset, source[, end line, end offset])]) */
bool error_admits_syntax(struct machine *m, const struct arguments *args) {
    enum { TEXT, PLACE, PARTS };
    enum { OFFSET = 2, END_OFFSET = 5, OFFSET_MAX = 1 << 16 };
    if (args->count > PARTS || (args->count > TEXT && !is_leaf(argument(m, args, TEXT))))
        return false;
    if (args->count <= PLACE) return true;
    if (argument(m, args, PLACE).kind != PICKLE_KIND_TUPLE) return false;
    const struct pickle_node *place = &m->nodes[argument(m, args, PLACE).a];
    for (uint32_t i = 0; i < place->count; i++) {
        struct pickle_value part = m->cells[place->first + i];
        bool offset = i == OFFSET || i == END_OFFSET;
        bool fits = offset ? part.kind == PICKLE_KIND_NONE ||
                                 (part.kind == PICKLE_KIND_INT && (int64_t)part.b <= OFFSET_MAX &&
                                  (int64_t)part.b >= -OFFSET_MAX)
                           : is_leaf(part);
        if (!fits) return false;
    }
    return true;
}

/* (text, a list of exceptions), which it copies.  How many they are is counted as ranges are, and
 * as the list is now: it may have grown since a tuple took it. */
bool error_admits_group(struct machine *m, const struct arguments *args, uint32_t *exceptions) {
    enum { TEXT, LIST, PARTS, EXCEPTION_ITEMS = 32 };
    if (args->count != PARTS || argument(m, args, TEXT).kind != PICKLE_KIND_STR) return false;
    struct pickle_value list = argument(m, args, LIST);
    if (list.kind != PICKLE_KIND_LIST && list.kind != PICKLE_KIND_TUPLE) return false;
    uint32_t inside = add_saturating(m->nodes[list.a].count, more_seen(m, list.a)->wide);
    *exceptions = add_saturating(inside, 1);
    charge_wide(m, (uint32_t)MIN((uint64_t)*exceptions * EXCEPTION_ITEMS, (uint64_t)UINT32_MAX));
    return true;
}

/* In `wrapped`, beside those of models.c. */
enum { NAMES_PLACE = 1 << 12, NAMES_MODULE = 1 << 13, NAMES_OFFSET = 1 << 14 };

/* An item of a dict that may become the state of such an error. */
bool error_note_item(struct machine *m, uint32_t dict, struct bytes key,
                     struct pickle_value value) {
    static const struct {
        struct bytes name;
        uint32_t what;
    } rows[] = {
        {BYTES_ROW("encoding"), NAMES_PLACE}, {BYTES_ROW("object"), NAMES_PLACE},
        {BYTES_ROW("start"), NAMES_PLACE},    {BYTES_ROW("end"), NAMES_PLACE},
        {BYTES_ROW("reason"), NAMES_PLACE},   {BYTES_ROW("name_from"), NAMES_MODULE},
        {BYTES_ROW("offset"), NAMES_OFFSET},  {BYTES_ROW("end_offset"), NAMES_OFFSET},
        {BYTES_ROW("lineno"), NAMES_OFFSET},  {BYTES_ROW("end_lineno"), NAMES_OFFSET},
    };
    uint32_t named = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        named |= bytes_equal(key, rows[i].name) ? rows[i].what : 0;
    if (named == NAMES_MODULE && value.kind == PICKLE_KIND_NONE) named = 0;
    if (!named) return true;
    struct pickle_more *more = more_of(m, dict);
    if (more) more->wrapped |= named;
    return more != NULL;
}

/* Items of a dict that was made before the instance may not have been looked at; no pickler writes
 * the state so early. */
bool error_state_agrees(const struct machine *m, uint32_t instance, struct pickle_value state) {
    enum policy_model model = entry_of(m, m->nodes[instance].global)->model;
    uint32_t barred = model == POLICY_MODEL_IMPORT_ERROR   ? NAMES_MODULE
                      : model == POLICY_MODEL_SYNTAX_ERROR ? NAMES_OFFSET
                                                           : NAMES_PLACE;
    if (state.kind == PICKLE_KIND_NONE) return true;
    return state.kind == PICKLE_KIND_DICT && state.a > instance &&
           !(more_seen(m, state.a)->wrapped & barred);
}
