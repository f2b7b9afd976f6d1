/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "config/row.h"

#include "base/nearest.h"

#define CONFIG_WORD(constant, word) word "|"
#define WORDS(list)                 list(CONFIG_WORD)
#define NO_WORDS                    NULL

const struct option_row config_rows[CONFIG_OPTIONS] = {
#define OPTION(section_, key_, kind_, default_, min_, max_, when_, redis_, words_, doc_)           \
    {.section = #section_,                                                                         \
     .key = #key_,                                                                                 \
     .name = #section_ "." #key_,                                                                  \
     .redis = redis_,                                                                              \
     .kind = KIND_##kind_,                                                                         \
     .when = WHEN_##when_,                                                                         \
     .default_text = default_,                                                                     \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .words = words_,                                                                              \
     .doc = doc_,                                                                                  \
     .offset = offsetof(struct config, section_.key_)},
#include "config/options.def"
};

const struct option_row config_names[CONFIG_NAMES] = {
#define REDIS_NAME(id, name_, alias_, kind_, default_, min_, max_, when_, words_, doc_)            \
    {.section = "",                                                                                \
     .key = "",                                                                                    \
     .name = name_,                                                                                \
     .redis = alias_,                                                                              \
     .kind = KIND_##kind_,                                                                         \
     .when = WHEN_##when_,                                                                         \
     .default_text = default_,                                                                     \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .words = words_,                                                                              \
     .doc = doc_},
#include "config/redis_names.def"
};
_Static_assert(ARRAY_LEN(config_names) <= CONFIG_REMEMBERED_MAX,
               "struct config has a place for each of Redis's names");

const struct config_section config_sections[] = {
#define CONFIG_SECTION(name, doc) {#name, doc},
#define OPTION(...)
#include "config/options.def"
};
const size_t config_sections_count = ARRAY_LEN(config_sections);

const struct option_row *option_find(struct bytes section, struct bytes key) {
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        if (bytes_equal(section, bytes_of_cstr(row->section)) &&
            bytes_equal(key, bytes_of_cstr(row->key)))
            return row;
    }
    return NULL;
}

static uint8_t upper(uint8_t c) {
    if (c == '.') return '_';
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c;
}

enum brine_status option_environment_name(const struct option_row *row, struct buf *out) {
    TRY(buf_append(out, BYTES("BRINE_")));
    for (const char *c = row->name; *c; c++) TRY(buf_append_byte(out, upper((uint8_t)*c)));
    return BRINE_OK;
}

/* Compared are the whole name, and, for those who forgot or mistook the section, the key alone. */
const struct option_row *option_nearest(struct bytes name) {
    struct bytes key = name;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] == '.') key = bytes_slice(name, i + 1, name.len);
    const struct option_row *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        size_t whole = edit_distance(name, bytes_of_cstr(row->name));
        size_t part = edit_distance(key, bytes_of_cstr(row->key));
        size_t distance = MIN(whole, part == SIZE_MAX ? part : part + 1);
        if (distance >= least) continue;
        least = distance;
        nearest = row;
    }
    size_t near_enough = MAX((size_t)2, key.len / 3);
    return least <= near_enough ? nearest : NULL;
}

const char *section_nearest(struct bytes name) {
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < config_sections_count; i++)
        nearest_try(&nearest, config_sections[i].name);
    for (size_t i = 0; i < CONFIG_FOREIGN_SECTIONS; i++)
        nearest_try(&nearest, config_foreign_sections[i]);
    return nearest.word;
}

const char *const config_foreign_sections[CONFIG_FOREIGN_SECTIONS] = {"rule", "policy", "user"};
