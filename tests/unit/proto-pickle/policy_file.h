/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A policy from a plain text file, for the verifier's own tests: one entry a line,
 * "module name right,right [shape [module:name,module:name]]", the last being the only globals that
 * arguments may be; lines that begin with # are comments. */
#ifndef BRINE_TEST_POLICY_FILE_H
#define BRINE_TEST_POLICY_FILE_H

#include "policy/match.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEST_POLICY_ENTRIES_MAX = 1024, TEST_POLICY_TEXT_MAX = 1 << 16, TEST_POLICY_ONLY_MAX = 16 };

struct test_policy {
    struct policy policy;
    struct policy_entry entries[TEST_POLICY_ENTRIES_MAX];
    struct policy_name only[TEST_POLICY_ONLY_MAX];
    size_t count, only_count;
    uint32_t slots[4 * TEST_POLICY_ENTRIES_MAX];
    char text[TEST_POLICY_TEXT_MAX];
};

/* Cuts the next piece off `rest`, which moves behind the byte that ends it; no piece has data NULL.
 */
static inline struct bytes test_policy_cut(struct bytes *rest, char end) {
    if (rest->len == 0) return bytes_view(NULL, 0);
    const uint8_t *found = memchr(rest->data, end, rest->len);
    struct bytes piece = bytes_slice(*rest, 0, found ? (size_t)(found - rest->data) : rest->len);
    *rest = bytes_slice(*rest, piece.len + (found != NULL), rest->len);
    return piece;
}

static inline uint32_t test_policy_rights(struct bytes words) {
    uint32_t rights = 0;
    static const struct {
        const char *name;
        uint32_t bit;
    } rows[] = {
#define R(id, bit, name, doc) {name, POLICY_##id},
        POLICY_RIGHTS(R)
#undef R
            {"class", POLICY_CLASS},
        {"items", POLICY_ITEMS},
    };
    while (words.len > 0) {
        struct bytes word = test_policy_cut(&words, ',');
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            if (bytes_equal(word, bytes_of_cstr(rows[i].name))) rights |= rows[i].bit;
    }
    return rights;
}

static inline void test_policy_only(struct test_policy *p, struct policy_entry *entry,
                                    struct bytes words) {
    entry->only = p->only + p->only_count;
    while (words.len > 0 && p->only_count < TEST_POLICY_ONLY_MAX) {
        struct bytes word = test_policy_cut(&words, ','), module = test_policy_cut(&word, ':');
        p->only[p->only_count++] = (struct policy_name){.module = module, .name = word};
        entry->only_count++;
    }
}

static inline bool test_policy_index(struct test_policy *p) {
    struct brine_error err;
    return policy_index(&p->policy, p->entries, p->count, p->slots, policy_slots_for(p->count),
                        &err) == BRINE_OK;
}

static inline bool test_policy_parse(struct test_policy *p, struct bytes text) {
    while (text.len > 0) {
        struct bytes line = test_policy_cut(&text, '\n');
        if (line.len == 0 || line.data[0] == '#') continue;
        struct policy_entry entry = {.module = test_policy_cut(&line, ' ')};
        entry.name = test_policy_cut(&line, ' ');
        struct bytes rights = test_policy_cut(&line, ' ');
        if (!rights.data || p->count == TEST_POLICY_ENTRIES_MAX) return false;
        entry.rights = test_policy_rights(rights);
        entry.shape = test_policy_cut(&line, ' ');
        test_policy_only(p, &entry, line);
        p->entries[p->count++] = entry;
    }
    return test_policy_index(p);
}

static inline bool test_policy_load(struct test_policy *p, const char *path) {
    FILE *file = fopen(path, "r");
    p->count = p->only_count = 0;
    if (!file) return false;
    size_t length = fread(p->text, 1, sizeof p->text - 1, file);
    fclose(file);
    return test_policy_parse(p, bytes_view(p->text, length));
}

#endif
