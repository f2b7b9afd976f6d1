/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Celery's stand-in for an exception that it cannot pickle: (module, class, arguments[, text]). Its
 * __init__ pickles each of the arguments again to see whether that can be done, which calls the
 * __reduce_ex__ of whatever they are: so they are plain values, and each call pays for their bytes.
 *
 * Source: celery/utils/serialization.py UnpickleableExceptionWrapper,
 * ensure_serializable; 5.2, 5.7. */

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
