/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Names that numpy believes.  It asks any object that it is to make an array of for attributes like
 * __array_interface__, and reads the memory whose address it gets; pandas asks for some of its own.
 * What answers attributes from its data makes those names data: a Series (its labels), a row (its
 * columns), sklearn's Bunch (its items), a class of the user's with __getattr__.  And numpy makes
 * arrays of what a stream holds in places that are easily overlooked: the state of a bit generator,
 * the fill value of a masked array, an object field.  So where both may meet, none of these names
 * stands anywhere in the pickle: in UTF-8, in the 32 bits that numpy's arrays of text have (of
 * either byte order), or behind escapes.
 *
 * Source: numpy/_core/src/multiarray ctors.c _array_from_array_like, _sfc64.pyx. */

#include "pickle/machine.h"

static bool is_any_of(struct bytes text, const struct bytes *names, size_t count, bool within) {
    for (size_t i = 0; i < count; i++)
        if (within ? is_within(text, names[i]) : bytes_equal(text, names[i])) return true;
    return false;
}

/* numpy, and what is built upon it, which answers no attribute from its data; but a Bunch does. Not
 * what calls.c notes of a global as `numerical`: pandas' objects too answer from their data, so
 * here they are what is asked, not who asks. */
static bool is_numerical(const struct pickle_global *global) {
    static const struct bytes packages[] = {BYTES_ROW("numpy"), BYTES_ROW("scipy"),
                                            BYTES_ROW("sklearn"), BYTES_ROW("joblib")};
    return is_any_of(global->module, packages, ARRAY_LEN(packages), true) &&
           !bytes_equal(global->name, BYTES("Bunch"));
}

static bool is_plainly_pythons(const struct pickle_global *global) {
    static const struct bytes modules[] = {
        BYTES_ROW("builtins"),    BYTES_ROW("copyreg"),   BYTES_ROW("_codecs"),
        BYTES_ROW("collections"), BYTES_ROW("datetime"),  BYTES_ROW("decimal"),
        BYTES_ROW("_decimal"),    BYTES_ROW("fractions"), BYTES_ROW("uuid"),
        BYTES_ROW("pathlib"),     BYTES_ROW("types"),     BYTES_ROW("array"),
    };
    return is_any_of(global->module, modules, ARRAY_LEN(modules), false);
}

/* Whether something that makes arrays may meet something that answers attributes from its data. */
static bool may_be_asked(const struct machine *m) {
    bool makes_arrays = false, answers = false;
    for (uint32_t i = 0; i < m->globals_count; i++) {
        const struct pickle_global *global = &m->scratch->globals[i];
        bool numerical = is_numerical(global);
        if (is_within(global->module, BYTES("pandas"))) return true;
        makes_arrays |= numerical || is_within(global->module, BYTES("sklearn"));
        answers |= !numerical && !is_plainly_pythons(global);
    }
    return makes_arrays && answers;
}

/* At an underscore. */
static bool begins_name(struct bytes text) {
    static const struct bytes names[] = {
        BYTES_ROW("__array_"),
        BYTES_ROW("__arrow_c_"),
        BYTES_ROW("__dataframe__"),
        BYTES_ROW("_\0\0\0_\0\0\0a\0\0\0r\0\0\0r"),
        BYTES_ROW("_\0\0\0_\0\0\0d\0\0\0a\0\0\0t"),
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bytes_starts_with(text, names[i])) return true;
    return false;
}

/* One pass, for all of an array's data may be here. */
static bool holds_name(struct bytes text) {
    enum { SHORTEST = sizeof "__array_" - 1 };
    const uint8_t *at = text.data, *end = text.data + text.len;
    while (end - at >= SHORTEST && (at = memchr(at, '_', (size_t)(end - at)))) {
        bool may_begin = end - at >= SHORTEST && (at[1] == '_' || at[1] == 0);
        if (may_begin && begins_name(bytes_view(at, (size_t)(end - at)))) return true;
        at++;
    }
    return false;
}

void protocols_note_character(struct machine *m, uint64_t *last, uint32_t point) {
    enum { BYTE = 8 };
    static const char names[][BYTE + 1] = {"__array_", "__arrow_", "__datafr"};
    if (point == 0) return; /* as between the characters of text in 32 bits */
    *last = *last << BYTE | MIN(point, (uint32_t)UINT8_MAX);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint64_t name = 0;
        for (size_t at = 0; at < BYTE; at++) name = name << BYTE | (uint8_t)names[i][at];
        m->escapes_protocol |= *last == name;
    }
}

bool protocols_check(struct machine *m) {
    if (!may_be_asked(m)) return true;
    bool found = m->escapes_protocol || holds_name(bytes_view(m->data, m->len));
    return !found || refuse(m, PICKLE_ARRAY_PROTOCOL);
}
