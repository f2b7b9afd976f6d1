/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The policies that come with brine: presets/NAME.toml, embedded when the library is built.  Any
 * thread. */
#ifndef BRINE_POLICY_PRESETS_H
#define BRINE_POLICY_PRESETS_H

#include "base/bytes.h"

#define POLICY_PRESETS(P)                                                                          \
    P(data)                                                                                        \
    P(stdlib)                                                                                      \
    P(numpy)                                                                                       \
    P(pandas)                                                                                      \
    P(scipy)                                                                                       \
    P(sklearn)                                                                                     \
    P(django)                                                                                      \
    P(celery)                                                                                      \
    P(flask)                                                                                       \
    P(joblib)                                                                                      \
    P(sqlalchemy)                                                                                  \
    P(pydantic)

enum policy_preset {
#define P(name) POLICY_PRESET_##name,
    POLICY_PRESETS(P)
#undef P
        POLICY_PRESET_COUNT
};

const char *policy_preset_name(enum policy_preset preset);
/* The file as it stands in the tree. */
struct bytes policy_preset_text(enum policy_preset preset);

#endif
