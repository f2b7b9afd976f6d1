/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The states of numpy's random generators.  Where in its table a generator stands is taken from the
 * state as it is, and drawing a number then reads there: MT19937's `pos` is looked for in 624
 * words, Philox's `buffer_pos` in 4.
 *
 *   {'bit_generator': name, 'state': {'key': array, 'pos': int}, ...}, with a seed in a tuple since
 *   numpy 2, or ('MT19937', array, pos[, has_gauss, gauss]), which all versions take.
 *
 * A position stands in a dict of this stream and is a plain integer there: a row of a structured
 * array answers to names as well.  Source: numpy/random/_mt19937.pyx, _philox.pyx, mtrand.pyx. */

#include "pickle/machine.h"

/* In `wrapped`, beside those of models.c and models_error.c: a position that there is not; a
 * "state"; one that is no dict, or a second one. */
enum { NAMES_FAR = 1 << 15, NAMES_INNER = 1 << 16, NAMES_OTHER = 1 << 17 };

enum { TABLE_WORDS = 624, BUFFER_WORDS = 4 };

static bool is_within_table(struct pickle_value value, uint64_t words) {
    return value.kind == PICKLE_KIND_INT && value.b <= words;
}

bool random_note_item(struct machine *m, uint32_t dict, struct bytes key,
                      struct pickle_value value) {
    uint32_t noted = 0;
    if (bytes_equal(key, BYTES("pos"))) noted = is_within_table(value, TABLE_WORDS) ? 0 : NAMES_FAR;
    if (bytes_equal(key, BYTES("buffer_pos")))
        noted = is_within_table(value, BUFFER_WORDS) ? 0 : NAMES_FAR;
    if (bytes_equal(key, BYTES("state"))) {
        bool only = value.kind == PICKLE_KIND_DICT && !(more_seen(m, dict)->wrapped & NAMES_INNER);
        noted = NAMES_INNER | (only ? 0u : NAMES_OTHER);
        m->random = (struct random_state){.dict = dict, .inner = value.a};
    }
    if (!noted) return true;
    struct pickle_more *more = more_of(m, dict);
    if (more) more->wrapped |= noted;
    return more != NULL;
}

/* Items of a dict that was made before the instance may not have been looked at. */
static bool dict_agrees(const struct machine *m, uint32_t instance, uint32_t dict) {
    const struct pickle_more *seen = more_seen(m, dict);
    return dict > instance && seen->keys_instances == 0 && !(seen->wrapped & NAMES_FAR);
}

static bool outer_agrees(const struct machine *m, uint32_t instance, uint32_t dict) {
    uint32_t seen = more_seen(m, dict)->wrapped;
    if (!dict_agrees(m, instance, dict) || seen & NAMES_OTHER) return false;
    if (!(seen & NAMES_INNER)) return true;
    return m->random.dict == dict && dict_agrees(m, instance, m->random.inner);
}

bool random_state_agrees(const struct machine *m, uint32_t instance, struct pickle_value state) {
    enum { POSITION = 2 };
    if (state.kind == PICKLE_KIND_NONE) return true;
    if (state.kind == PICKLE_KIND_DICT) return outer_agrees(m, instance, state.a);
    if (state.kind != PICKLE_KIND_TUPLE || m->nodes[state.a].count == 0) return false;
    const struct pickle_value *parts = &m->cells[m->nodes[state.a].first];
    if (parts[0].kind == PICKLE_KIND_DICT) return outer_agrees(m, instance, parts[0].a);
    return parts[0].kind == PICKLE_KIND_STR && m->nodes[state.a].count > POSITION &&
           is_within_table(parts[POSITION], TABLE_WORDS);
}
