/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "pickle/uses.h"

#include "pickle/verify.h"
#include "policy/match.h"

/* The state that "build" does not cover needs "state", which includes it. */
static uint32_t without_what_is_included(uint32_t uses) {
    return uses & PICKLE_USE_STATE_ANY ? uses & ~(uint32_t)PICKLE_USE_STATE : uses;
}

size_t pickle_use_words(uint32_t uses, const char *words[static PICKLE_USE_WORDS_MAX]) {
    static const struct {
        enum pickle_use use;
        const char *word;
    } rows[] = {{PICKLE_USE_REF, "ref"},         {PICKLE_USE_CALL, "call"},
                {PICKLE_USE_NEW, "new"},         {PICKLE_USE_STATE, "build"},
                {PICKLE_USE_STATE_ANY, "state"}, {PICKLE_USE_ITEMS, "items"},
                {PICKLE_USE_HASH, "hash"}};
    _Static_assert(ARRAY_LEN(rows) <= PICKLE_USE_WORDS_MAX, "all words fit");
    size_t count = 0;
    uses = without_what_is_included(uses);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (uses & rows[i].use) words[count++] = rows[i].word;
    return count;
}

uint32_t pickle_use_rights(uint32_t uses) {
    static const struct {
        enum pickle_use use;
        uint32_t right;
    } rows[] = {
        {PICKLE_USE_REF, POLICY_REF},
        {PICKLE_USE_CALL, POLICY_CALL},
        {PICKLE_USE_NEW, POLICY_NEW},
        {PICKLE_USE_STATE, POLICY_BUILD},
        {PICKLE_USE_STATE_ANY, POLICY_STATE_ANY},
        {PICKLE_USE_ITEMS_LIST, POLICY_ITEMS_LIST},
        {PICKLE_USE_ITEMS_DICT, POLICY_ITEMS_DICT},
        {PICKLE_USE_ITEMS_SET, POLICY_ITEMS_SET},
        {PICKLE_USE_HASH, POLICY_HASH},
    };
    uint32_t rights = 0;
    uses = without_what_is_included(uses);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (uses & rows[i].use) rights |= rows[i].right;
    return rights ? rights : POLICY_REF;
}
