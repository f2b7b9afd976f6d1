/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Box[int], which an instance of a generic class keeps as __orig_class__: operator.getitem(Box,
 * int).  What stands in the brackets goes to the class's own __class_getitem__, and pydantic's
 * evaluates text there: "__import__('os').system(...)" is a type whose name is not known yet.  So
 * it is a type: a global, None, another such call, or a tuple of these.  Lists, as Callable has
 * them, may hold text.  typing.Literal alone takes plain values, which it keeps.
 *
 * Source: typing.py _GenericAlias.__reduce__, pydantic/main.py __class_getitem__. */

#include "pickle/machine.h"

static bool is_type(const struct machine *m, struct pickle_value value) {
    if (value.kind == PICKLE_KIND_GLOBAL || value.kind == PICKLE_KIND_NONE) return true;
    if (value.kind != PICKLE_KIND_INSTANCE) return false;
    uint32_t global = m->nodes[value.a].global;
    if (global == NO_GLOBAL) return true; /* type(None) */
    return entry_of(m, global)->model == POLICY_MODEL_GETITEM ||
           global_is(m, global, "types", "GenericAlias");
}

bool generic_admits(struct machine *m, const struct arguments *args) {
    enum { CLASS, PARAMETERS, PARTS };
    if (args->count != PARTS || argument(m, args, CLASS).kind != PICKLE_KIND_GLOBAL) return false;
    struct pickle_value parameters = argument(m, args, PARAMETERS);
    bool literal = global_is(m, argument(m, args, CLASS).a, "typing", "Literal");
    if (parameters.kind != PICKLE_KIND_TUPLE)
        return is_type(m, parameters) || (literal && is_leaf(parameters));
    const struct pickle_node *tuple = &m->nodes[parameters.a];
    for (uint32_t i = 0; i < tuple->count; i++) {
        struct pickle_value part = m->cells[tuple->first + i];
        if (!is_type(m, part) && !(literal && is_leaf(part))) return false;
    }
    return true;
}
