/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "policy/print.h"

#include "policy/policy.h"
#include "text/toml_write.h"

enum brine_status policy_print_global(struct buf *out, struct bytes module, struct bytes name) {
    uint8_t path[POLICY_GLOBAL_BYTES_MAX];
    bool nested = name.len > 0 && memchr(name.data, '.', name.len) != NULL;
    if (module.len >= sizeof path || name.len > sizeof path - module.len - 1) return BRINE_TOO_BIG;
    bytes_copy_to(path, module);
    path[module.len] = nested ? ':' : '.';
    bytes_copy_to(path + module.len + 1, name);
    return toml_write_string(out, bytes_view(path, module.len + 1 + name.len));
}

enum brine_status policy_print_rights(struct buf *out, uint32_t rights) {
    bool first = true;
#define R(id, bit, label, doc)                                                                     \
    if (rights & POLICY_##id) {                                                                    \
        TRY(buf_append(out, first ? BYTES("\"" label "\"") : BYTES(", \"" label "\"")));           \
        first = false;                                                                             \
    }
    POLICY_RIGHTS(R)
#undef R
    return BRINE_OK;
}

enum brine_status policy_print_entry(struct buf *out, const struct policy_entry *entry) {
    if (entry->rights == POLICY_CLASS && !entry->shape.data && entry->only_count == 0)
        return policy_print_global(out, entry->module, entry->name);
    TRY(buf_append(out, BYTES("{ name = ")));
    TRY(policy_print_global(out, entry->module, entry->name));
    TRY(buf_append(out, BYTES(", may = [")));
    TRY(policy_print_rights(out, entry->rights));
    TRY(buf_append(out, BYTES("]")));
    if (entry->shape.data) {
        TRY(buf_append(out, BYTES(", args = ")));
        TRY(toml_write_string(out, entry->shape));
    }
    for (size_t i = 0; i < entry->only_count; i++) {
        TRY(buf_append(out, i ? BYTES(", ") : BYTES(", only = [")));
        TRY(policy_print_global(out, entry->only[i].module, entry->only[i].name));
    }
    if (entry->only_count) TRY(buf_append(out, BYTES("]")));
    return buf_append(out, BYTES(" }"));
}

enum brine_status policy_print_met(struct buf *out, struct bytes module, struct bytes name,
                                   uint32_t rights) {
    if (module.len >= POLICY_GLOBAL_BYTES_MAX ||
        name.len > POLICY_GLOBAL_BYTES_MAX - module.len - 1)
        return buf_printf(out, "    # (a global of %zu bytes, which no policy can name)\n",
                          module.len + 1 + name.len);
    TRY(buf_append(out, BYTES("    { name = ")));
    TRY(policy_print_global(out, module, name));
    TRY(buf_append(out, BYTES(", may = [")));
    TRY(policy_print_rights(out, rights));
    return buf_append(out, BYTES("] },\n"));
}

enum brine_status policy_print(struct buf *out, const struct policy_print *options) {
    const struct policy *policy = options->policy;
    TRY(buf_append(out, BYTES("[policy.")));
    TRY(toml_write_key(out, options->name));
    TRY(buf_append(out, BYTES("]\n")));
    if (options->doc.len > 0) {
        TRY(buf_append(out, BYTES("doc = ")));
        TRY(toml_write_string(out, options->doc));
        TRY(buf_append(out, BYTES("\n")));
    }
    TRY(buf_append(out, BYTES("allow = [\n")));
    for (size_t i = 0; i < policy->entries_count; i++) {
        const struct policy_entry *entry = &policy->entries[i];
        TRY(buf_append(out, BYTES("    ")));
        TRY(policy_print_entry(out, entry));
        TRY(buf_printf(out, ", # %s\n", entry->origin ? entry->origin : ""));
    }
    return buf_append(out, BYTES("]\n"));
}
