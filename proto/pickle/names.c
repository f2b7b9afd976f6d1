/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: CPython Modules/_pickle.c find_class: first the pair in NAME_MAPPING, else the module in
 * IMPORT_MAPPING, one step, not repeated. */

#include "pickle/machine.h"
#include "pickle/names.def"

#define TEXT(literal)                                                                              \
    { (const uint8_t *)("" literal), sizeof(literal) - 1 }

struct row {
    struct bytes module, name, to_module, to_name;
};

static int compare(struct bytes module, struct bytes name, const struct row *row) {
    int order = bytes_compare(module, row->module);
    return order ? order : bytes_compare(name, row->name);
}

static const struct row *search(const struct row *rows, size_t count, struct bytes module,
                                struct bytes name) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(module, name, &rows[middle]);
        if (order == 0) return &rows[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

enum rename pickle_rename(struct bytes *module, struct bytes *name) {
    static const struct row names[] = {
#define R(module, name, to_module, to_name)                                                        \
    {TEXT(module), TEXT(name), TEXT(to_module), TEXT(to_name)},
        PICKLE_RENAMES_NAME(R)
#undef R
    };
    static const struct row modules[] = {
#define R(module, to_module) {TEXT(module), TEXT(""), TEXT(to_module), TEXT("")},
        PICKLE_RENAMES_MODULE(R)
#undef R
    };
    /* The last row keeps the array from being empty; no module has an empty name. */
    static const struct row ambiguous[] = {
#define R(module) {TEXT(module), TEXT(""), TEXT(""), TEXT("")},
        PICKLE_RENAMES_AMBIGUOUS_MODULE(R)
#undef R
#define R(module, name) {TEXT(module), TEXT(name), TEXT(""), TEXT("")},
            PICKLE_RENAMES_AMBIGUOUS_NAME(R)
#undef R
                {TEXT(""), TEXT(""), TEXT(""), TEXT("")},
    };
    for (size_t i = 0; i + 1 < ARRAY_LEN(ambiguous); i++)
        if (bytes_equal(*module, ambiguous[i].module) &&
            (ambiguous[i].name.len == 0 || bytes_equal(*name, ambiguous[i].name)))
            return RENAME_AMBIGUOUS;
    const struct row *row = search(names, ARRAY_LEN(names), *module, *name);
    if (row) {
        *module = row->to_module;
        *name = row->to_name;
        return RENAME_DONE;
    }
    row = search(modules, ARRAY_LEN(modules), *module, BYTES(""));
    if (!row) return RENAME_SAME;
    *module = row->to_module;
    return RENAME_DONE;
}
