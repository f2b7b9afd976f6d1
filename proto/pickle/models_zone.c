/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Time zones: zoneinfo's and pytz's. */

#include "pickle/machine.h"

/* Zone keys are paths below the reader's zone directories.  Without the cache the file is read
 * anew, and the zone is one of its own: times in a repeated hour of two zones have the same hash
 * and are never equal. */
bool zone_admits(struct machine *m, const struct arguments *args) {
    enum { ZONE_BYTES_MAX = 64, OWN_ZONES_MAX = 256 };
    if (args->count == 0 || args->count > 2 || !is_plain_str(argument(m, args, 0))) return false;
    if (args->count == 2) { /* whether from the cache: the C module writes a number */
        struct pickle_value flag = argument(m, args, 1);
        if ((flag.kind != PICKLE_KIND_BOOL && flag.kind != PICKLE_KIND_INT) || flag.b > 1)
            return false;
        if (flag.b == 0 && ++m->own_zones > OWN_ZONES_MAX) return false;
    }
    struct bytes key = payload(m, argument(m, args, 0));
    if (key.len == 0 || key.len > ZONE_BYTES_MAX || key.data[0] == '/') return false;
    for (size_t i = 0; i < key.len; i++) {
        uint8_t c = key.data[i];
        bool letter = byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
        if (!letter && !byte_is_digit(c) && c != '/' && c != '_' && c != '-' && c != '+')
            return false;
    }
    return true;
}

/* (zone), or (zone, offset, daylight saving, name). */
bool zone_admits_pytz(struct machine *m, const struct arguments *args) {
    enum { ZONE, OFFSET, SAVING, NAME, PARTS };
    enum { MINUTE = 60, DAY = 86400 };
    static const char shape[] = "siis";
    if (args->count != 1 && args->count != PARTS) return false;
    for (uint32_t i = 0; i < args->count; i++) {
        struct pickle_value value = argument(m, args, i);
        if (value.kind != (shape[i] == 's' ? PICKLE_KIND_STR : PICKLE_KIND_INT)) return false;
    }
    if (args->count == 1) return true;
    int64_t offset = (int64_t)argument(m, args, OFFSET).b;
    return offset > -DAY && offset < DAY && offset % MINUTE == 0;
}
