/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An open hash, at most half full, linear probing.  The hash has no secret: only the operator can
 * insert, so that a stranger can choose at most to meet the longest run of neighbours, whose length
 * is fixed when the policy is compiled. */

#include "policy/match.h"

#include "policy/dangerous.h"

static inline uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_part(uint64_t hash, struct bytes text) {
    size_t at = 0;
    for (; text.len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text.data + at, sizeof word);
        hash = mix(hash ^ word, 0x9e3779b97f4a7c15u);
    }
    uint64_t last = 0;
    for (; at < text.len; at++) last = last << 8 | text.data[at];
    return mix(hash ^ last, 0xd6e8feb86659fd93u ^ text.len);
}

static uint64_t hash_name(struct bytes module, struct bytes name) {
    return hash_part(hash_part(0x2545f4914f6cdd1du, module), name);
}

static bool is_wildcard(struct bytes name) {
    if (name.len == 0 || name.data[name.len - 1] != '*') return false;
    return name.len == 1 || name.data[name.len - 2] == '.';
}

static const struct policy_entry *find(const struct policy *policy, struct bytes module,
                                       struct bytes name) {
    size_t mask = policy->slots_count - 1;
    for (size_t at = hash_name(module, name) & mask; policy->slots[at]; at = (at + 1) & mask) {
        const struct policy_entry *entry = &policy->entries[policy->slots[at] - 1];
        if (bytes_equal(entry->name, name) && bytes_equal(entry->module, module)) return entry;
    }
    return NULL;
}

size_t policy_slots_for(size_t entries_count) {
    size_t slots = 8;
    while (slots < entries_count * 2) slots *= 2;
    return slots;
}

enum brine_status policy_index(struct policy *policy, struct policy_entry *entries,
                               size_t entries_count, uint32_t *slots, size_t slots_count,
                               struct brine_error *err) {
    *policy = (struct policy){.entries = entries, .slots = slots, .slots_count = slots_count};
    memset(slots, 0, slots_count * sizeof *slots);
    for (size_t i = 0; i < entries_count; i++) {
        struct policy_entry *entry = &entries[i];
        if (find(policy, entry->module, entry->name))
            return brine_fail(err, BRINE_INVALID, i, "%.*s.%.*s is listed twice",
                              (int)entry->module.len, entry->module.data, (int)entry->name.len,
                              entry->name.data);
        entry->model = policy_model_of(entry->module, entry->name);
        policy->wildcards_count += is_wildcard(entry->name);
        size_t at = hash_name(entry->module, entry->name) & (slots_count - 1);
        while (slots[at]) at = (at + 1) & (slots_count - 1);
        slots[at] = (uint32_t)(i + 1);
        policy->entries_count = i + 1;
    }
    return BRINE_OK;
}

/* The wildcard for a name is its last component replaced by a star. */
static const struct policy_entry *find_wildcard(const struct policy *policy, struct bytes module,
                                                struct bytes name) {
    enum { WILDCARD_NAME_BYTES_MAX = 256 };
    uint8_t pattern[WILDCARD_NAME_BYTES_MAX];
    size_t prefix = name.len;
    while (prefix > 0 && name.data[prefix - 1] != '.') prefix--;
    if (prefix >= sizeof pattern || prefix == name.len) return NULL;
    if (policy_model_of(module, name) != POLICY_MODEL_NONE) return NULL;
    if (policy_is_dangerous(module, name)) return NULL;
    /* Never a dunder: every object has those, __reduce__ and __class__ among them. */
    if (bytes_starts_with(bytes_slice(name, prefix, name.len), BYTES("__"))) return NULL;
    bytes_copy_to(pattern, bytes_slice(name, 0, prefix));
    pattern[prefix] = '*';
    return find(policy, module, bytes_view(pattern, prefix + 1));
}

/* ---- names that a policy does not know ------------------------------------------------------- */

enum {
    EVERY_RIGHT = POLICY_CLASS | POLICY_STATE_ANY | POLICY_ITEMS | POLICY_HASH,
    UNKNOWN_NAME_BYTES_MAX = 500, /* of each part: together they fit into a policy's row */
};

/* One for each model, because that belongs to the name. */
static const struct policy_entry unknown_entries[] = {
#define M(id, doc)                                                                                 \
    [POLICY_MODEL_##                                                                               \
        id] = {.rights = EVERY_RIGHT, .model = POLICY_MODEL_##id, .origin = "not in the policy"},
    POLICY_MODELS(M)
#undef M
};

/* A component that begins with "__" is no class's own: through __globals__, __class__ and the like
 * everything is reached.  Functions that Cython writes for pickles are the exception. */
static bool has_dunder(struct bytes name) {
    for (size_t at = 0; at < name.len; at++) {
        struct bytes rest = bytes_slice(name, at, name.len);
        bool begins = at == 0 || name.data[at - 1] == '.';
        if (begins && bytes_starts_with(rest, BYTES("__")) &&
            !bytes_starts_with(rest, BYTES("__pyx_unpickle_")))
            return true;
    }
    return false;
}

/* False: no row of a policy could name it, so learning it would lead nowhere. */
static bool is_nameable(struct bytes text) {
    for (size_t at = 0; at < text.len; at++)
        if (text.data[at] <= ' ' || strchr(":*\"\\\x7f", text.data[at])) return false;
    return text.len <= UNKNOWN_NAME_BYTES_MAX;
}

static const struct policy_entry *match_unknown(struct bytes module, struct bytes name) {
    if (!is_nameable(module) || !is_nameable(name)) return NULL;
    enum policy_model model = policy_model_of(module, name);
    bool special = has_dunder(name) || (has_dunder(module) && !bytes_is(module, "__main__"));
    if (model == POLICY_MODEL_NONE && (special || policy_is_dangerous(module, name))) return NULL;
    return &unknown_entries[model];
}

bool policy_entry_is_unknown(const struct policy_entry *entry) {
    return entry >= unknown_entries && entry < unknown_entries + ARRAY_LEN(unknown_entries);
}

const struct policy_entry *policy_match(const struct policy *policy, struct bytes module,
                                        struct bytes name) {
    const struct policy_entry *entry = NULL;
    if (is_wildcard(name)) return NULL;
    if (LIKELY(policy->entries_count > 0)) entry = find(policy, module, name);
    if (LIKELY(entry)) return entry;
    if (policy->wildcards_count > 0) entry = find_wildcard(policy, module, name);
    if (UNLIKELY(!entry && policy->admits_unknown)) entry = match_unknown(module, name);
    return entry;
}

bool policy_takes_global(const struct policy_entry *entry, struct bytes module, struct bytes name) {
    for (size_t i = 0; i < entry->only_count; i++)
        if (bytes_equal(entry->only[i].name, name) && bytes_equal(entry->only[i].module, module))
            return true;
    return entry->only_count == 0;
}

enum policy_model policy_model_of(struct bytes module, struct bytes name) {
    static const struct {
        struct bytes module, name;
        enum policy_model model;
    } rows[] = {
#define G(module, name, model)                                                                     \
    {{(const uint8_t *)(module), sizeof(module) - 1},                                              \
     {(const uint8_t *)(name), sizeof(name) - 1},                                                  \
     POLICY_MODEL_##model},
        POLICY_MODELLED(G)
#undef G
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (bytes_equal(rows[i].name, name) && bytes_equal(rows[i].module, module))
            return rows[i].model;
    return POLICY_MODEL_NONE;
}

const char *policy_model_name(enum policy_model model) {
    static const char *const names[] = {
#define M(id, doc) [POLICY_MODEL_##id] = #id,
        POLICY_MODELS(M)
#undef M
    };
    return (size_t)model < ARRAY_LEN(names) ? names[model] : "?";
}

const char *policy_model_doc(enum policy_model model) {
    static const char *const docs[] = {
#define M(id, doc) [POLICY_MODEL_##id] = doc,
        POLICY_MODELS(M)
#undef M
    };
    return (size_t)model < ARRAY_LEN(docs) ? docs[model] : "?";
}
