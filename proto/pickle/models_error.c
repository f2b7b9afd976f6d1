/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Exceptions whose own code looks at what they were made of.
 *
 * UnicodeDecodeError and its kin: str() reads object[start] without a look at whether it is there.
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

/* In `wrapped`, beside those of models.c. */
enum { NAMES_PLACE = 1 << 12 };

/* An item of a dict that may become the state of such an error. */
bool error_note_item(struct machine *m, uint32_t dict, struct bytes key) {
    static const struct bytes names[] = {BYTES_ROW("encoding"), BYTES_ROW("object"),
                                         BYTES_ROW("start"), BYTES_ROW("end"), BYTES_ROW("reason")};
    bool named = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) named |= bytes_equal(key, names[i]);
    if (!named) return true;
    struct pickle_more *more = more_of(m, dict);
    if (more) more->wrapped |= NAMES_PLACE;
    return more != NULL;
}

/* Items of a dict that was made before the instance may not have been looked at; no pickler writes
 * the state so early. */
bool error_state_agrees(const struct machine *m, uint32_t instance, struct pickle_value state) {
    if (state.kind == PICKLE_KIND_NONE) return true;
    return state.kind == PICKLE_KIND_DICT && state.a > instance &&
           !(more_seen(m, state.a)->wrapped & NAMES_PLACE);
}
