/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What an entry's value is, and, of a string, how it came to be. */
#ifndef BRINE_STORE_VALUE_TYPE_H
#define BRINE_STORE_VALUE_TYPE_H

/* ORDER value_type.  The names are those that TYPE answers. */
#define VALUE_TYPES(X)                                                                             \
    /* name    TYPE's word */                                                                      \
    X(STRING, "string")                                                                            \
    X(LIST, "list")                                                                                \
    X(SET, "set")                                                                                  \
    X(ZSET, "zset")                                                                                \
    X(HASH, "hash")

enum value_type {
#define X(name, word) VALUE_##name,
    VALUE_TYPES(X)
#undef X
};

/* A string's bytes do not say how Redis would keep it, as OBJECT ENCODING tells.  A snapshot
 * forgets it, as Redis's does. */
enum value_form {
    VALUE_FORM_SET,   /* as a whole: an integer, where it looks like one */
    VALUE_FORM_TEXT,  /* never an integer: INCRBYFLOAT's */
    VALUE_FORM_EDITED /* by APPEND, SETRANGE, bits: in a buffer of its own, however short */
};

const char *value_type_name(enum value_type type);

#endif
