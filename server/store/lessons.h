/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Lessons: what is to be expected of an entry that was used so often and so long ago.  Private to
 * store/.
 *
 *     lessons_note_hit(&lessons, uses, age);    // it was used again at that age,
 *     lessons_note_end(&lessons, uses, age);    // or it went
 *     lessons_draw(&lessons);                   // now and then
 *     ... lessons_worth(&lessons, uses, age) / bytes: the smallest goes first
 *
 * Words.  *Uses* are 0 to 15, *ages* are in ticks (policy.h) since the last use, 0 to 1023. *Worth*
 * is the hits that are to be expected for each tick that the entry stays.
 *
 * Thread: any; what two threads note in one moment may be noted once.  Cost: noting, an addition to
 * a line that other threads write too; worth, a load; drawing, some 50 us.  12 KB.
 * Source: Beckmann, Chen, Cidon, "LHD: improving cache hit rate by maximizing hit density",
 * NSDI'18, with uses as its classes; the worth of an age is that of the best horizon, as an index
 * of Gittins, and not of the whole life, for a scan's keys make whole lives short. */
#ifndef BRINE_STORE_LESSONS_H
#define BRINE_STORE_LESSONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    LESSON_USES = 16,
    LESSON_AGES_EXACT = 16, /* beyond it eight steps for each doubling */
    LESSON_AGES = LESSON_AGES_EXACT + 6 * 8,
    LESSON_AGE_MAX = 1023,
};

struct lessons {
    _Atomic float hits[LESSON_USES][LESSON_AGES], ends[LESSON_USES][LESSON_AGES];
    _Atomic float worth[LESSON_USES][LESSON_AGES];
    _Atomic float kept; /* how many were noted when it was drawn, as far as they still count */
};

/* Ages beyond LESSON_AGE_MAX count as that one. */
static inline uint32_t lesson_age(uint32_t age) {
    if (age < LESSON_AGES_EXACT) return age;
    if (age > LESSON_AGE_MAX) return LESSON_AGES - 1;
    uint32_t log = 31 - (uint32_t)__builtin_clz(age); /* 4 to 9 */
    return LESSON_AGES_EXACT + (log - 4) * 8 + (age >> (log - 3) & 7);
}

/* Worth before anything is learned: who was used later and more often is worth more. */
void lessons_init(struct lessons *lessons);

/* One writer's addition may undo another's: as good a sample as any, and no locked instruction. */
static inline void lesson_add(_Atomic float *count) {
    float now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + 1, memory_order_relaxed);
}
/* Uses within one tick are not counted, for nothing so young gives way: the most popular keys cost
 * nothing here. */
static inline void lessons_note_hit(struct lessons *lessons, uint32_t uses, uint32_t age) {
    if (age > 0) lesson_add(&lessons->hits[uses][lesson_age(age)]);
}
static inline void lessons_note_end(struct lessons *lessons, uint32_t uses, uint32_t age) {
    lesson_add(&lessons->ends[uses][lesson_age(age)]);
}

/* Draws worth from what was noted, if that is enough to tell; what is long ago counts less. */
void lessons_draw(struct lessons *lessons);

static inline float lessons_worth(const struct lessons *lessons, uint32_t uses, uint32_t age) {
    return atomic_load_explicit(&lessons->worth[uses][lesson_age(age)], memory_order_relaxed);
}

#endif
