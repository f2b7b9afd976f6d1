/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  For each number of uses and each age two counts: entries that were used again at
 * that age, and entries that went.  Whoever reached an age and is in neither count below it was
 * alive there, so sums from the oldest age down give how many lived through each step, and for how
 * long.
 *
 * The worth of an age is the most hits for a tick that any horizon gives: hits from this age to the
 * horizon over the ticks lived on the way.  The shortest horizon looked at is a third of the age,
 * as single steps are noisy.
 *
 * Where little was seen, some entries are made up of which so many are used again as one would
 * guess: they decide before anything is learned, and do not matter after. */

#include "store/lessons.h"

enum {
    EVENTS_MIN = 4096, /* new ones, to draw anything from */
    MADE_UP = 8,       /* entries, which live as long again as they are old */
    HORIZON_SHARE = 3, /* of the age */
    HORIZON_TICKS = 3, /* and so many more */
};
static const float DECAY = 0.9f;

static float load(const _Atomic float *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}
static void save(_Atomic float *target, float value) {
    atomic_store_explicit(target, value, memory_order_relaxed);
}

/* The first age of a step; of the step behind the last one, the end of it. */
static float age_of(uint32_t step) {
    if (step < LESSON_AGES_EXACT) return (float)step;
    uint32_t rest = step - LESSON_AGES_EXACT;
    return (float)((8 + rest % 8) << (rest / 8 + 1));
}

static float guessed_share(uint32_t uses) {
    return ((float)uses + 0.5f) / ((float)uses + 4);
}

static void draw_uses(struct lessons *lessons, uint32_t uses) {
    float hits[LESSON_AGES], lived[LESSON_AGES], alive = 0;
    for (uint32_t step = LESSON_AGES; step-- > 0;) {
        float before = alive;
        hits[step] = load(&lessons->hits[uses][step]);
        alive += hits[step] + load(&lessons->ends[uses][step]);
        lived[step] = (before + alive) / 2 * (age_of(step + 1) - age_of(step));
    }
    for (uint32_t step = 0; step < LESSON_AGES; step++) {
        float age = age_of(step), shortest = age + age / HORIZON_SHARE + HORIZON_TICKS;
        float hit = MADE_UP * guessed_share(uses), life = MADE_UP * (age + 1), best = 0;
        for (uint32_t end = step; end < LESSON_AGES; end++) {
            hit += hits[end];
            life += lived[end];
            if (age_of(end + 1) < shortest && end + 1 < LESSON_AGES) continue;
            if (hit / life > best) best = hit / life;
        }
        save(&lessons->worth[uses][step], best);
    }
}

/* What draw_uses would draw from no events, at a hundredth of the cost: all horizons are alike. */
void lessons_init(struct lessons *lessons) {
    for (uint32_t uses = 0; uses < LESSON_USES; uses++) {
        for (uint32_t step = 0; step < LESSON_AGES; step++) {
            save(&lessons->hits[uses][step], 0);
            save(&lessons->ends[uses][step], 0);
            save(&lessons->worth[uses][step], guessed_share(uses) / (age_of(step) + 1));
        }
    }
    save(&lessons->kept, 0);
}

static float total(const struct lessons *lessons) {
    float sum = 0;
    for (uint32_t uses = 0; uses < LESSON_USES; uses++)
        for (uint32_t step = 0; step < LESSON_AGES; step++)
            sum += load(&lessons->hits[uses][step]) + load(&lessons->ends[uses][step]);
    return sum;
}

static void fade(_Atomic float *count) {
    save(count, load(count) * DECAY);
}

void lessons_draw(struct lessons *lessons) {
    float sum = total(lessons);
    if (sum - load(&lessons->kept) < EVENTS_MIN) return;
    for (uint32_t uses = 0; uses < LESSON_USES; uses++) {
        draw_uses(lessons, uses);
        for (uint32_t step = 0; step < LESSON_AGES; step++) {
            fade(&lessons->hits[uses][step]);
            fade(&lessons->ends[uses][step]);
        }
    }
    save(&lessons->kept, sum * DECAY);
}
