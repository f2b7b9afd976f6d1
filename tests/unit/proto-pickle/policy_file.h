/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A policy from a plain text file, for the verifier's own tests: one entry a line,
 * "module name right,right [shape]"; lines that begin with # are comments. */
#ifndef BRINE_TEST_POLICY_FILE_H
#define BRINE_TEST_POLICY_FILE_H

#include "policy/match.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEST_POLICY_ENTRIES_MAX = 1024, TEST_POLICY_TEXT_MAX = 1 << 16 };

struct test_policy {
    struct policy policy;
    struct policy_entry entries[TEST_POLICY_ENTRIES_MAX];
    size_t count;
    uint32_t slots[4 * TEST_POLICY_ENTRIES_MAX];
    char text[TEST_POLICY_TEXT_MAX];
};

static inline uint32_t test_policy_rights(const char *words) {
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
    while (*words) {
        size_t len = strcspn(words, ",");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            if (strlen(rows[i].name) == len && strncmp(rows[i].name, words, len) == 0)
                rights |= rows[i].bit;
        words += len + (words[len] == ',');
    }
    return rights;
}

static inline bool test_policy_index(struct test_policy *p) {
    struct brine_error err;
    return policy_index(&p->policy, p->entries, p->count, p->slots, policy_slots_for(p->count),
                        &err) == BRINE_OK;
}

static inline bool test_policy_parse(struct test_policy *p) {
    char *line_state = NULL;
    for (char *line = strtok_r(p->text, "\n", &line_state); line;
         line = strtok_r(NULL, "\n", &line_state)) {
        char *word_state = NULL;
        char *module = strtok_r(line, " ", &word_state);
        if (!module || module[0] == '#') continue;
        char *name = strtok_r(NULL, " ", &word_state);
        char *rights = strtok_r(NULL, " ", &word_state);
        char *shape = strtok_r(NULL, " ", &word_state);
        if (!rights || p->count == TEST_POLICY_ENTRIES_MAX) return false;
        p->entries[p->count++] =
            (struct policy_entry){.module = bytes_of_cstr(module),
                                  .name = bytes_of_cstr(name),
                                  .rights = test_policy_rights(rights),
                                  .shape = shape ? bytes_of_cstr(shape) : bytes_view(NULL, 0)};
    }
    return test_policy_index(p);
}

static inline bool test_policy_load(struct test_policy *p, const char *path) {
    FILE *file = fopen(path, "r");
    p->count = 0;
    if (!file) return false;
    size_t length = fread(p->text, 1, sizeof p->text - 1, file);
    p->text[length] = 0;
    fclose(file);
    return test_policy_parse(p);
}

#endif
