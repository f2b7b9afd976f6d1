/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The hashes of datetime's classes.  A date and what has no zone are hashed as bytes, with a
 * secret. A timedelta is hashed as the tuple of its days, seconds and microseconds, a timezone as
 * its offset, and a datetime or time with a zone as the timedelta that its instant is from the
 * first. The instant is known with a datetime.timezone only.  With any other zone the same local
 * time in the same zone stands for one hash: that finds keys that are given again and again. (Equal
 * instants in different zones are equal keys, but for those in a repeated hour, which is why zones
 * that nobody shares are few: models_zone.c.)
 *
 * Source: CPython Modules/_datetimemodule.c delta_hash, timezone_hash, datetime_hash, time_hash. */

#include "pickle/machine.h"

#define MICROSECONDS ((__int128)1000000)
enum { DAY_SECONDS = 86400, DATETIME_BYTES = 10, TIME_BYTES = 6 };

static struct pickle_value part_of(const struct machine *m, const struct pickle_node *node,
                                   uint32_t at) {
    return m->cells[m->nodes[node->keys].first + at];
}

/* timedelta(days, seconds, microseconds) in microseconds; false where it has other arguments. */
static bool delta_of(const struct machine *m, const struct pickle_node *node, __int128 *delta) {
    static const __int128 units[] = {DAY_SECONDS * MICROSECONDS, MICROSECONDS, 1};
    uint32_t count = m->nodes[node->keys].count;
    *delta = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct pickle_value part = part_of(m, node, i);
        if (i == ARRAY_LEN(units) || part.kind != PICKLE_KIND_INT) return false;
        *delta += (int64_t)part.b * units[i];
    }
    return true;
}

/* datetime.timezone's offset. */
static bool offset_of(const struct machine *m, struct pickle_value zone, __int128 *offset) {
    const struct pickle_node *node = &m->nodes[zone.a];
    if (zone.kind != PICKLE_KIND_INSTANCE || !global_is(m, node->global, "datetime", "timezone") ||
        !(node->flags & NODE_MADE) || m->nodes[node->keys].count == 0)
        return false;
    struct pickle_value delta = part_of(m, node, 0);
    const struct pickle_node *made = &m->nodes[delta.a];
    return delta.kind == PICKLE_KIND_INSTANCE &&
           global_is(m, made->global, "datetime", "timedelta") && made->flags & NODE_MADE &&
           delta_of(m, made, offset);
}

/* Days before the first of the month, from the first day of year 1. */
static int64_t days_before(int64_t year, uint8_t month) {
    enum { LEAP = 4, CENTURY = 100, LEAP_CENTURY = 400, YEAR_DAYS = 365, FEBRUARY = 2 };
    static const uint16_t before[] = {0,   0,   31,  59,  90,  120, 151, 181,
                                      212, 243, 273, 304, 334, 0,   0,   0};
    bool leap = year % LEAP == 0 && (year % CENTURY != 0 || year % LEAP_CENTURY == 0);
    int64_t last = year - 1;
    return last * YEAR_DAYS + last / LEAP - last / CENTURY + last / LEAP_CENTURY +
           before[month % ARRAY_LEN(before)] + (leap && month > FEBRUARY);
}

/* What the ten bytes of a datetime or the six of a time say.  The high bit that some have is
 * `fold`, which is no part of the hash. */
static bool local_of(const struct machine *m, struct pickle_value state, __int128 *local) {
    enum { FOLD = 0x80, HOUR_SECONDS = 3600, MINUTE_SECONDS = 60 };
    bool dated = state.a == DATETIME_BYTES;
    if (state.kind != PICKLE_KIND_BYTES || state.flags || (!dated && state.a != TIME_BYTES))
        return false;
    const uint8_t *raw = payload(m, state).data;
    int64_t days = 0;
    if (dated) {
        days = days_before(raw[0] << 8 | raw[1], raw[2] & ~FOLD) + raw[3];
        raw += DATETIME_BYTES - TIME_BYTES;
    }
    int64_t seconds = (raw[0] & ~FOLD) * HOUR_SECONDS + raw[1] * MINUTE_SECONDS + raw[2];
    *local = (days * (int64_t)DAY_SECONDS + seconds) * MICROSECONDS +
             (raw[3] << 16 | raw[4] << 8 | raw[5]);
    return true;
}

enum hash_source time_source(const struct machine *m, const struct pickle_node *node) {
    if (!(node->flags & NODE_MADE)) return HASH_UNKNOWN;
    uint32_t count = m->nodes[node->keys].count;
    __int128 microseconds;
    if (global_is(m, node->global, "datetime", "timedelta"))
        return delta_of(m, node, &microseconds) ? HASH_KNOWN : HASH_UNKNOWN;
    if (count > 2) return HASH_UNKNOWN;
    bool zone = global_is(m, node->global, "datetime", "timezone");
    bool plain = count < 2 || part_of(m, node, 1).kind != PICKLE_KIND_INSTANCE;
    return plain && !zone ? HASH_SECRET : HASH_KNOWN;
}

static uint64_t hash_delta(const struct machine *m, __int128 delta, const uint64_t *known) {
    const __int128 day = DAY_SECONDS * MICROSECONDS;
    __int128 rest = delta % day;
    rest += rest < 0 ? day : 0;
    const struct pickle_value lanes[] = {
        {.kind = PICKLE_KIND_INT, .b = (uint64_t)(int64_t)((delta - rest) / day)},
        {.kind = PICKLE_KIND_INT, .b = (uint64_t)(rest / MICROSECONDS)},
        {.kind = PICKLE_KIND_INT, .b = (uint64_t)(rest % MICROSECONDS)},
    };
    return hash_lanes(m, lanes, ARRAY_LEN(lanes), known);
}

uint64_t time_hash(const struct machine *m, const struct pickle_node *node, const uint64_t *known) {
    __int128 delta, offset, local;
    if (global_is(m, node->global, "datetime", "timedelta") && delta_of(m, node, &delta))
        return hash_delta(m, delta, known);
    struct pickle_value first = part_of(m, node, 0);
    if (global_is(m, node->global, "datetime", "timezone")) return hash_part(m, first, known);
    if (offset_of(m, part_of(m, node, 1), &offset) && local_of(m, first, &local))
        return hash_delta(m, local - offset, known);
    const struct pickle_value lanes[] = {first,
                                         {.kind = PICKLE_KIND_INT, .b = part_of(m, node, 1).a}};
    return hash_lanes(m, lanes, ARRAY_LEN(lanes), known);
}
