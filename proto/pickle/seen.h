/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What models remember of the dict that was filled last, until it becomes a state or an argument.
 * One of each kind is enough: a pickler fills such a dict at once, and a dict that was filled in
 * two turns is seen as half, which no model admits.  Parts of the machine, as machine.h's. */
#ifndef BRINE_PICKLE_SEEN_H
#define BRINE_PICKLE_SEEN_H

#include "pickle/value.h"

/* The state that a NumpyArrayWrapper may get, as far as it is seen: the dict filled last. */
enum { WRAPPER_PARTS = 6 };
struct wrapper_state {
    uint32_t dict, seen; /* seen: a bit a part */
    struct pickle_value parts[WRAPPER_PARTS];
};

/* The same of the dict that a sklearn tree may get: which of its arrays are seen, and are arrays.
 */
struct grown_state {
    uint32_t dict, arrays; /* a bit each: "nodes", "values" */
};

/* What the dict that a row or the metadata of a result may get holds: models_result.c. */
enum result_key {
    RESULT_KEYMAP,
    RESULT_NAMES,
    RESULT_INDEXES,
    RESULT_AMBIGUOUS,
    RESULT_PARENT,
    RESULT_DATA,
    RESULT_KEYS
};
struct result_state {
    uint32_t dict, noted; /* a bit for each key */
    bool again;           /* one of them came twice */
    struct pickle_value values[RESULT_KEYS];
};

/* The numbers in the dict of a RangeIndex: START, STOP and STEP of models.c. */
struct ranged_state {
    uint32_t dict;
    struct pickle_value numbers[3];
};

/* The number in the dict that a UUID may get. */
struct identity_state {
    uint32_t dict;
    struct pickle_value number;
};

/* The dict under "state" in the one that a random generator may get. */
struct random_state {
    uint32_t dict, inner;
};

#endif
