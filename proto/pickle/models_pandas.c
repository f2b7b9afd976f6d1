/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* pandas' _new_Index(class, dict): what stands in the dict, noted as its items come, and what an
 * index made of it costs. */

#include "pickle/machine.h"

/* pandas makes an array of whatever dtype the dict names, and no pickler of it writes one there: in
 * text, in lists or as a class it could be one of gigabytes. */
enum { WRAPPED_BAD_DTYPE = 128 }; /* beside the bits of models.c */

static bool note_dtype(struct machine *m, uint32_t dict, struct pickle_value value) {
    enum { ITEM_BYTES_MAX = 65536 };
    bool numpys = value.kind == PICKLE_KIND_INSTANCE && (m->nodes[value.a].flags & NODE_DTYPE) != 0;
    uint32_t bytes = numpys ? more_seen(m, value.a)->aux : 1;
    if (value.kind == PICKLE_KIND_NONE ||
        (value.kind == PICKLE_KIND_INSTANCE && bytes - 1 < ITEM_BYTES_MAX))
        return true;
    struct pickle_more *more = more_of(m, dict);
    if (!more) return false;
    more->wrapped |= WRAPPED_BAD_DTYPE;
    return true;
}

/* Of a list of text numpy makes an array with room for the longest in each place; pandas writes
 * arrays and indexes there. */
static bool note_labels(struct machine *m, uint32_t dict, struct bytes key,
                        struct pickle_value value) {
    if (m->index_from == 0) return true;
    if (numpy_is_array(m, value)) {
        struct pickle_more *arrays = more_of(m, dict);
        if (!arrays) return false;
        arrays->data += more_seen(m, value.a)->fields;
    }
    bool labels = bytes_equal(key, BYTES("data")) || bytes_equal(key, BYTES("left")) ||
                  bytes_equal(key, BYTES("right")) || bytes_equal(key, BYTES("categories"));
    bool listed = value.kind == PICKLE_KIND_LIST || value.kind == PICKLE_KIND_TUPLE;
    bool parsed = bytes_equal(key, BYTES("freq")) || bytes_equal(key, BYTES("tz"));
    bool bad = (labels && listed) || (parsed && value.kind == PICKLE_KIND_STR && !is_light(value));
    if (!bad) return true;
    struct pickle_more *more = more_of(m, dict);
    if (!more) return false;
    more->wrapped |= WRAPPED_BAD_DTYPE;
    return true;
}

static const struct bytes ranged_numbers[] = {BYTES_ROW("start"), BYTES_ROW("stop"),
                                              BYTES_ROW("step")};

static void note_ranged(struct machine *m, uint32_t dict, struct bytes key,
                        struct pickle_value value) {
    for (uint32_t i = 0; i < ARRAY_LEN(ranged_numbers); i++) {
        if (!bytes_equal(key, ranged_numbers[i])) continue;
        if (m->ranged.dict != dict) m->ranged = (struct ranged_state){.dict = dict};
        m->ranged.numbers[i] = value;
    }
}

/* pandas makes an array of a RangeIndex when another index is made of it: charged as a range is,
 * at 8 bytes a value. */
static bool give_ranged(struct machine *m, uint32_t dict, uint32_t index) {
    enum { START, STOP, STEP, CHARGED_AS = 5 };
    const struct pickle_value *numbers = m->ranged.numbers;
    bool known = m->ranged.dict == dict && numbers[START].kind == PICKLE_KIND_INT &&
                 numbers[STOP].kind == PICKLE_KIND_INT && numbers[STEP].kind == PICKLE_KIND_INT &&
                 numbers[STEP].b != 0;
    uint32_t length = known
                          ? plain_steps_between((int64_t)numbers[START].b, (int64_t)numbers[STOP].b,
                                                (int64_t)numbers[STEP].b)
                          : UINT32_MAX;
    return set_wide(m, index, length == UINT32_MAX ? length : length / CHARGED_AS);
}

bool pandas_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value) {
    if (bytes_equal(key, BYTES("dtype"))) return note_dtype(m, dict, value);
    note_ranged(m, dict, key, value);
    return note_labels(m, dict, key, value);
}

enum { CLASS, DICT, PARTS };

bool pandas_admits_index(const struct machine *m, const struct arguments *args) {
    if (args->count != PARTS || argument(m, args, DICT).kind != PICKLE_KIND_DICT) return false;
    uint32_t dict = argument(m, args, DICT).a;
    bool unseen = dict < m->index_from && m->nodes[dict].count > 0;
    /* A key that is text to Python and no str here would not have been seen. */
    unseen |= (m->nodes[dict].flags & NODE_OTHER_KEYS) != 0;
    return !unseen && !(more_seen(m, dict)->wrapped & WRAPPED_BAD_DTYPE);
}

bool pandas_fill_index(struct machine *m, const struct arguments *args, uint32_t index) {
    enum { LEVEL_COST = 32 };
    uint32_t dict = argument(m, args, DICT).a;
    struct pickle_value class = argument(m, args, CLASS);
    m->heap += more_seen(m, dict)->data; /* it makes objects of them */
    if (class.kind != PICKLE_KIND_GLOBAL) return true;
    struct bytes name = m->scratch->globals[class.a].name;
    /* Each level takes microseconds, whether it holds anything or not. */
    if (bytes_equal(name, BYTES("MultiIndex")))
        return charge_work(m, LEVEL_COST * (uint64_t)m->nodes[dict].parts);
    if (!bytes_equal(name, BYTES("RangeIndex"))) return true;
    return give_ranged(m, dict, index);
}
