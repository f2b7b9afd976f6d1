/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The assembler includes the files, so that what is embedded is byte for byte what stands in the
 * tree and no generator has to run; the paths are relative to the tree's top, where make runs. */

#include "policy/presets.h"

#define P(name)                                                                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            "policy_preset_" #name "_begin:\n"                                                     \
            ".incbin \"proto/policy/presets/" #name ".toml\"\n"                                    \
            "policy_preset_" #name "_end:\n"                                                       \
            ".popsection\n");                                                                      \
    extern const uint8_t policy_preset_##name##_begin[], policy_preset_##name##_end[];
POLICY_PRESETS(P)
#undef P

static const struct {
    const char *name;
    const uint8_t *begin, *end;
} rows[] = {
#define P(name) {#name, policy_preset_##name##_begin, policy_preset_##name##_end},
    POLICY_PRESETS(P)
#undef P
};

const char *policy_preset_name(enum policy_preset preset) {
    return rows[preset].name;
}

struct bytes policy_preset_text(enum policy_preset preset) {
    return bytes_view(rows[preset].begin, (size_t)(rows[preset].end - rows[preset].begin));
}
