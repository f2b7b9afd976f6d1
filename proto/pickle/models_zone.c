/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Time: dates and times in bytes, zoneinfo's and pytz's zones. */

#include "pickle/machine.h"

bool is_moment_class(struct bytes module, struct bytes name) {
    return bytes_equal(module, BYTES("datetime")) &&
           (bytes_equal(name, BYTES("datetime")) || bytes_equal(name, BYTES("date")) ||
            bytes_equal(name, BYTES("time")));
}

enum { DATE_BYTES = 4, TIME_BYTES = 6, DATETIME_BYTES = DATE_BYTES + TIME_BYTES, FOLD = 0x80 };

static bool is_date(const uint8_t *raw) {
    enum { MONTHS = 12, YEAR_MAX = 9999, LEAP = 4, CENTURY = 100, LEAP_CENTURY = 400 };
    static const uint8_t days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    enum { FEBRUARY = 2 };
    unsigned year = (unsigned)raw[0] << 8 | raw[1], month = raw[2] & ~(unsigned)FOLD;
    if (year - 1 >= YEAR_MAX || month - 1 >= MONTHS) return false;
    if (LIKELY(raw[3] - 1u < days[month - 1])) return true;
    bool leap = year % LEAP == 0 && (year % CENTURY != 0 || year % LEAP_CENTURY == 0);
    return month == FEBRUARY && raw[3] == days[month - 1] + 1 && leap;
}

static bool is_time(const uint8_t *raw) {
    enum { HOURS = 24, SIXTY = 60, MICROSECONDS = 1000000 };
    return (raw[0] & ~(unsigned)FOLD) < HOURS && raw[1] < SIXTY && raw[2] < SIXTY &&
           ((unsigned)raw[3] << 16 | (unsigned)raw[4] << 8 | raw[5]) < MICROSECONDS;
}

/* CPython looks at the month of a date and at the hour of a time, and believes the rest: ctime() of
 * a day in the year 0 reads before the names of the days.  Of another length it refuses it itself.
 * Source: Modules/_datetimemodule.c date_new, datetime_from_pickle_state, time_from_pickle_state,
 * format_ctime. */
bool moment_admits(const struct machine *m, struct pickle_value value) {
    uint8_t buffer[DATETIME_BYTES];
    const uint8_t *raw = buffer;
    uint32_t length = value.a;
    if (value.kind == PICKLE_KIND_BYTES) {
        if (value.flags & VALUE_DERIVED)
            return value.flags & VALUE_MOMENT ||
                   (length != DATE_BYTES && length != TIME_BYTES && length != DATETIME_BYTES);
        raw = payload(m, value).data;
    } else if (value.kind == PICKLE_KIND_STR) {
        length = latin1_copy(m, value, buffer, DATETIME_BYTES);
    } else {
        return true;
    }
    if (length == DATE_BYTES) return is_date(raw);
    if (length == TIME_BYTES) return is_time(raw);
    return length != DATETIME_BYTES || (is_date(raw) && is_time(raw + DATE_BYTES));
}

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
