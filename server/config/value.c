/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Values of options as text: each kind is read and written here and nowhere else. */

#include "base/assert.h"
#include "base/number.h"
#include "config/row.h"
#include "text/toml_write.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Source: Redis util.c memtoull; "kb" counts in 1024s, "k" in 1000s. */
static const struct unit size_units[] = {
    {"gb", 1 << 30}, {"mb", 1 << 20}, {"kb", 1 << 10}, {"g", 1000000000},
    {"m", 1000000},  {"k", 1000},     {"b", 1},        {"", 1},
};
enum { SIZE_UNITS_WRITTEN = 3 }; /* the first ones are also written */

static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"", 1000},
};
enum { DURATION_UNITS_WRITTEN = 5 };

/* ---- reading ----------------------------------------------------------------------------------
 */

static enum option_fault in_range(const struct option_row *row, int64_t number,
                                  struct option_value *value) {
    value->number = number;
    if (number < row->min || number > row->max) return FAULT_RANGE;
    return row->kind == KIND_POWER && (number & (number - 1)) ? FAULT_RANGE : FAULT_NONE;
}

/* Digits and a unit; leading zeros are allowed, as Redis does. */
static enum option_fault parse_with_unit(const struct option_row *row, struct bytes text,
                                         const struct unit *units, size_t units_count,
                                         struct option_value *value) {
    size_t digits = 0;
    int64_t number = 0;
    bool overflow = false;
    for (; digits < text.len && byte_is_digit(text.data[digits]); digits++)
        overflow = overflow || mul_overflows(number, (int64_t)10, &number) ||
                   add_overflows(number, (int64_t)(text.data[digits] - '0'), &number);
    if (digits == 0) return FAULT_SHAPE;
    struct bytes unit = bytes_slice(text, digits, text.len);
    for (size_t i = 0; i < units_count; i++) {
        if (!bytes_is(unit, units[i].name)) continue;
        if (overflow || mul_overflows(number, units[i].factor, &number)) return FAULT_RANGE;
        return in_range(row, number, value);
    }
    return FAULT_SHAPE;
}

/* Source: Redis 7.0 config.c numericParseString with MEMORY_CONFIG | PERCENT_CONFIG. */
static enum option_fault parse_share(const struct option_row *row, struct bytes text,
                                     struct option_value *value) {
    int64_t percent;
    if (text.len < 2 || text.data[text.len - 1] != '%')
        return parse_with_unit(row, text, size_units, ARRAY_LEN(size_units), value);
    if (!number_parse_i64(bytes_slice(text, 0, text.len - 1), &percent) || percent < 0)
        return FAULT_SHAPE;
    value->number = -percent;
    return percent > 100 ? FAULT_PERCENT : FAULT_NONE;
}

static enum option_fault parse_seconds(const struct option_row *row, struct bytes text,
                                       struct option_value *value) {
    int64_t seconds;
    if (!number_parse_i64(text, &seconds)) return FAULT_SHAPE;
    if (mul_overflows(seconds, (int64_t)1000, &value->number)) return FAULT_RANGE;
    return in_range(row, value->number, value);
}

static enum option_fault parse_bool(struct bytes text, enum option_dialect dialect,
                                    struct option_value *value) {
    bool brine = dialect == DIALECT_BRINE;
    bool yes = bytes_is(text, "yes") || (brine && bytes_is(text, "true"));
    bool no = bytes_is(text, "no") || (brine && bytes_is(text, "false"));
    value->number = yes;
    return yes || no ? FAULT_NONE : FAULT_SHAPE;
}

static enum option_fault parse_mode(const struct option_row *row, struct bytes text,
                                    struct option_value *value) {
    int64_t mode = 0;
    if (text.len == 0 || text.len > 4) return FAULT_SHAPE;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '7') return FAULT_SHAPE;
        mode = mode << 3 | (text.data[i] - '0');
    }
    return in_range(row, mode, value);
}

/* The next word of "debug|verbose|", moving *words behind it; empty at the end. */
static struct bytes next_word(const char **words) {
    const char *bar = strchr(*words, '|');
    if (!bar) return bytes_view(NULL, 0);
    struct bytes word = bytes_view(*words, (size_t)(bar - *words));
    *words = bar + 1;
    return word;
}

static enum option_fault parse_word(const struct option_row *row, struct bytes text,
                                    struct option_value *value) {
    const char *words = row->words;
    struct bytes word;
    for (value->number = 0; (word = next_word(&words)).len > 0; value->number++)
        if (bytes_equal_nocase(word, text)) return FAULT_NONE;
    return FAULT_SHAPE;
}

/* Source: Redis 7.0 notify.c keyspaceEventsStringToFlags. */
static const struct {
    char letter;
    int64_t classes;
} event_letters[] = {
#define C(constant, letter) {letter, CONFIG_##constant},
    CONFIG_EVENT_CLASSES(C)
#undef C
        {'A', CONFIG_EVENTS_ALL},
};

static enum option_fault parse_events(struct bytes text, struct option_value *value) {
    for (size_t i = 0; i < text.len; i++) {
        size_t at = 0;
        while (at < ARRAY_LEN(event_letters) && (uint8_t)event_letters[at].letter != text.data[i])
            at++;
        if (at == ARRAY_LEN(event_letters)) return FAULT_SHAPE;
        value->number |= event_letters[at].classes;
    }
    return FAULT_NONE;
}

static bool has_nul(struct bytes text) {
    return text.len > 0 && memchr(text.data, 0, text.len);
}

static enum option_fault parse_text(const struct option_row *row, struct bytes text,
                                    struct option_value *value) {
    value->text = text;
    if (has_nul(text)) return FAULT_SHAPE;
    bool fits = (int64_t)text.len >= row->min && (int64_t)text.len <= row->max;
    return fits ? FAULT_NONE : FAULT_RANGE;
}

static enum option_fault add_item(const struct option_row *row, struct bytes item,
                                  struct option_value *value) {
    BRINE_ASSERT(row->max <= CONFIG_LIST_MAX, "a LIST row fits into a value");
    if (has_nul(item)) return FAULT_SHAPE;
    if ((int64_t)value->items_count >= row->max) return FAULT_RANGE;
    value->items[value->items_count++] = item;
    return FAULT_NONE;
}

/* Items with commas or blanks between them. */
static enum option_fault parse_list(const struct option_row *row, struct bytes text,
                                    struct option_value *value) {
    for (size_t at = 0; at < text.len;) {
        size_t len = 0;
        while (at + len < text.len && text.data[at + len] != ',' && text.data[at + len] != ' ')
            len++;
        if (len > 0) {
            /* The file's form, ["a", "b"], would be taken for odd names. */
            if (text.data[at] == '[' || text.data[at] == '"') return FAULT_SHAPE;
            enum option_fault fault = add_item(row, bytes_slice(text, at, len), value);
            if (fault != FAULT_NONE) return fault;
        }
        at += len + 1;
    }
    return (int64_t)value->items_count < row->min ? FAULT_RANGE : FAULT_NONE;
}

enum option_fault option_parse(const struct option_row *row, struct bytes text,
                               enum option_dialect dialect, struct option_value *value) {
    bool redis = dialect == DIALECT_REDIS;
    int64_t number;
    *value = (struct option_value){0};
    switch (row->kind) {
    case KIND_BOOL:
        return parse_bool(text, dialect, value);
    case KIND_INT:
    case KIND_POWER:
        return number_parse_i64(text, &number) ? in_range(row, number, value) : FAULT_SHAPE;
    case KIND_SIZE:
        return parse_with_unit(row, text, size_units, ARRAY_LEN(size_units), value);
    case KIND_SHARE:
        return parse_share(row, text, value);
    case KIND_DURATION:
        if (redis) return parse_seconds(row, text, value);
        return parse_with_unit(row, text, duration_units, ARRAY_LEN(duration_units), value);
    case KIND_MODE:
        return parse_mode(row, text, value);
    case KIND_ENUM:
        return parse_word(row, text, value);
    case KIND_EVENTS:
        return parse_events(text, value);
    case KIND_STRING:
    case KIND_SECRET:
        return parse_text(row, text, value);
    case KIND_LIST:
        return parse_list(row, text, value);
    case KIND_BUFFER_LIMITS:
        break;
    }
    return FAULT_SHAPE;
}

bool config_parse_size(struct bytes text, int64_t *bytes) {
    static const struct option_row size = {.kind = KIND_SIZE, .max = INT64_MAX};
    struct option_value value;
    if (option_parse(&size, text, DIALECT_BRINE, &value) != FAULT_NONE) return false;
    *bytes = value.number;
    return true;
}

static enum option_fault list_from_toml(const struct option_row *row, const struct toml_value *toml,
                                        struct option_value *value) {
    if (toml->kind != TOML_ARRAY) return FAULT_SHAPE;
    for (const struct toml_value *item = toml_first(toml); item; item = item->next) {
        enum option_fault fault =
            item->kind == TOML_STRING ? add_item(row, item->string, value) : FAULT_SHAPE;
        if (fault != FAULT_NONE) return fault;
    }
    return (int64_t)value->items_count < row->min ? FAULT_RANGE : FAULT_NONE;
}

enum option_fault option_from_toml(const struct option_row *row, const struct toml_value *toml,
                                   struct option_value *value) {
    *value = (struct option_value){0};
    bool is_integer = toml->kind == TOML_INTEGER, is_string = toml->kind == TOML_STRING;
    switch (row->kind) {
    case KIND_BOOL:
        value->number = toml->kind == TOML_BOOLEAN && toml->boolean;
        return toml->kind == TOML_BOOLEAN ? FAULT_NONE : FAULT_SHAPE;
    case KIND_INT:
    case KIND_POWER:
        return is_integer ? in_range(row, toml->integer, value) : FAULT_SHAPE;
    case KIND_SIZE:
    case KIND_SHARE:
        if (is_integer) return in_range(row, toml->integer, value);
        break;
    case KIND_DURATION:
        if (!is_integer) break;
        if (mul_overflows(toml->integer, (int64_t)1000, &value->number)) return FAULT_RANGE;
        return in_range(row, value->number, value);
    case KIND_LIST:
        return list_from_toml(row, toml, value);
    case KIND_MODE:
    case KIND_ENUM:
    case KIND_EVENTS:
    case KIND_STRING:
    case KIND_SECRET:
    case KIND_BUFFER_LIMITS:
        break;
    }
    return is_string ? option_parse(row, toml->string, DIALECT_BRINE, value) : FAULT_SHAPE;
}

bool option_value_equal(const struct option_value *a, const struct option_value *b) {
    if (a->number != b->number || !bytes_equal(a->text, b->text)) return false;
    if (a->items_count != b->items_count) return false;
    for (size_t i = 0; i < a->items_count; i++)
        if (!bytes_equal(a->items[i], b->items[i])) return false;
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static enum brine_status write_number(struct buf *out, int64_t number) {
    return toml_write_integer(out, number);
}

/* With the largest unit that leaves a whole number: 64mb, 5m. */
static enum brine_status write_with_unit(struct buf *out, int64_t number, const struct unit *units,
                                         size_t units_count) {
    for (size_t i = 0; number != 0 && i < units_count; i++)
        if (number % units[i].factor == 0)
            return buf_printf(out, "%lld%s", (long long)(number / units[i].factor), units[i].name);
    return write_number(out, number);
}

static enum brine_status write_size(struct buf *out, int64_t bytes) {
    return write_with_unit(out, bytes, size_units, SIZE_UNITS_WRITTEN);
}
static enum brine_status write_duration(struct buf *out, int64_t ms) {
    return write_with_unit(out, ms, duration_units, DURATION_UNITS_WRITTEN);
}

static struct bytes word_at(const struct option_row *row, int64_t index) {
    const char *words = row->words;
    struct bytes word = next_word(&words);
    while (index-- > 0) word = next_word(&words);
    return word;
}

/* 'n' is part of no 'A', and not written beside it.  Source: Redis 7.0 notify.c
 * keyspaceEventsFlagsToString. */
static enum brine_status write_events(struct buf *out, int64_t classes) {
    bool all = (classes & CONFIG_EVENTS_ALL) == CONFIG_EVENTS_ALL;
    if (all) TRY(buf_append_byte(out, 'A'));
    for (size_t i = 0; i < ARRAY_LEN(event_letters) - 1; i++) {
        int64_t one = event_letters[i].classes;
        if (!(classes & one) || (all && one <= CONFIG_EVENTS_NEW)) continue;
        TRY(buf_append_byte(out, (uint8_t)event_letters[i].letter));
    }
    return BRINE_OK;
}

static enum brine_status write_joined(struct buf *out, const struct option_value *value,
                                      uint8_t between) {
    for (size_t i = 0; i < value->items_count; i++) {
        if (i > 0) TRY(buf_append_byte(out, between));
        TRY(buf_append(out, value->items[i]));
    }
    return BRINE_OK;
}

enum brine_status option_format(const struct option_row *row, enum option_dialect dialect,
                                const struct option_value *value, struct buf *out) {
    bool redis = dialect == DIALECT_REDIS;
    switch (row->kind) {
    case KIND_BOOL:
        if (redis) return buf_append(out, value->number ? BYTES("yes") : BYTES("no"));
        return buf_append(out, value->number ? BYTES("true") : BYTES("false"));
    case KIND_INT:
    case KIND_POWER:
        return write_number(out, value->number);
    case KIND_SIZE:
        return redis ? write_number(out, value->number) : write_size(out, value->number);
    case KIND_SHARE:
        if (value->number < 0) return buf_printf(out, "%lld%%", -(long long)value->number);
        return redis ? write_number(out, value->number) : write_size(out, value->number);
    case KIND_DURATION: /* part of a second is a second, so that "on" never reads as 0 */
        if (redis) return write_number(out, (value->number + 999) / 1000);
        return write_duration(out, value->number);
    case KIND_MODE:
        return buf_printf(out, redis ? "%o" : "%04o", (unsigned)value->number);
    case KIND_ENUM:
        return buf_append(out, word_at(row, value->number));
    case KIND_EVENTS:
        return write_events(out, value->number);
    case KIND_STRING:
    case KIND_SECRET:
        return buf_append(out, value->text);
    case KIND_LIST:
        return write_joined(out, value, redis ? ' ' : ',');
    case KIND_BUFFER_LIMITS:
        break;
    }
    return BRINE_INVALID;
}

static enum brine_status write_toml_list(struct buf *out, const struct option_value *value) {
    TRY(buf_append_byte(out, '['));
    for (size_t i = 0; i < value->items_count; i++) {
        if (i > 0) TRY(buf_append(out, BYTES(", ")));
        TRY(toml_write_string(out, value->items[i]));
    }
    return buf_append_byte(out, ']');
}

/* Whether the brine form is a TOML word as it is: true, 16, and a size or time without a unit. */
static bool is_bare(const struct option_row *row, int64_t number) {
    bool is_size = row->kind == KIND_SIZE || (row->kind == KIND_SHARE && number >= 0);
    bool is_size_in_bytes = is_size && (number == 0 || number % (1 << 10) != 0);
    return row->kind == KIND_BOOL || row->kind == KIND_INT || row->kind == KIND_POWER ||
           is_size_in_bytes || (row->kind == KIND_DURATION && number == 0);
}

enum brine_status option_format_toml(const struct option_row *row, const struct option_value *value,
                                     struct buf *out) {
    if (row->kind == KIND_LIST) return write_toml_list(out, value);
    if (row->kind == KIND_STRING || row->kind == KIND_SECRET)
        return toml_write_string(out, value->text);
    if (is_bare(row, value->number)) return option_format(row, DIALECT_BRINE, value, out);
    TRY(buf_append_byte(out, '"'));
    TRY(option_format(row, DIALECT_BRINE, value, out));
    return buf_append_byte(out, '"');
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static enum brine_status write_words(struct buf *out, const struct option_row *row) {
    const char *words = row->words;
    struct bytes word = next_word(&words);
    for (bool first = true; word.len > 0; first = false) {
        if (!first) TRY(buf_append(out, BYTES(", ")));
        TRY(buf_append(out, word));
        word = next_word(&words);
    }
    return BRINE_OK;
}

static enum brine_status write_range(struct buf *out, const struct option_row *row,
                                     enum brine_status (*write)(struct buf *, int64_t)) {
    TRY(write(out, row->min));
    if (row->max == INT64_MAX) return buf_append(out, BYTES(" on"));
    TRY(buf_append(out, BYTES(" to ")));
    return write(out, row->max);
}

enum brine_status option_describe(const struct option_row *row, struct buf *out) {
    switch (row->kind) {
    case KIND_BOOL:
        return buf_append(out, BYTES("true or false"));
    case KIND_INT:
        TRY(buf_append(out, BYTES("a whole number from ")));
        return write_range(out, row, write_number);
    case KIND_POWER:
        TRY(buf_append(out, BYTES("a power of two, or 0, from ")));
        return write_range(out, row, write_number);
    case KIND_SIZE:
        TRY(buf_append(out, BYTES("bytes, such as 65536, \"64kb\" or \"2gb\", from ")));
        return write_range(out, row, write_size);
    case KIND_SHARE:
        return buf_append(out, BYTES("bytes, such as 65536 or \"64mb\", or a percentage, such as "
                                     "\"5%\""));
    case KIND_DURATION:
        TRY(buf_append(out, BYTES("a time, such as \"100ms\", \"30s\" or \"5m\" (a plain number is "
                                  "seconds), from ")));
        return write_range(out, row, write_duration);
    case KIND_MODE:
        return buf_append(out, BYTES("permissions in octal, such as \"0770\", up to \"0777\""));
    case KIND_ENUM:
        TRY(buf_append(out, BYTES("one of ")));
        return write_words(out, row);
    case KIND_EVENTS:
        return buf_append(out, BYTES("letters out of Ag$lshzxeKEtmdn"));
    case KIND_STRING:
    case KIND_SECRET:
        return buf_printf(out, "text of %lld to %lld bytes without NUL", (long long)row->min,
                          (long long)row->max);
    case KIND_LIST:
        return buf_printf(out, "a list of %lld to %lld texts (an array in a file, elsewhere a,b)",
                          (long long)row->min, (long long)row->max);
    case KIND_BUFFER_LIMITS:
        break;
    }
    return BRINE_INVALID;
}

/* Source: Redis 7.0.15 config.c, boolConfigSet and its like. */
enum brine_status option_fault_redis(const struct option_row *row, enum option_fault fault,
                                     struct buf *out) {
    int64_t scale = row->kind == KIND_DURATION ? 1000 : 1;
    bool is_number = row->kind == KIND_INT || row->kind == KIND_SIZE || row->kind == KIND_SHARE ||
                     row->kind == KIND_DURATION;
    if (fault == FAULT_PERCENT)
        return buf_append(out, BYTES("percentage argument must be less or equal to 100"));
    if (fault == FAULT_RANGE && is_number)
        return buf_printf(out, "argument must be between %lld and %lld inclusive",
                          (long long)(row->min / scale), (long long)(row->max / scale));
    switch (row->kind) {
    case KIND_BOOL:
        return buf_append(out, BYTES("argument must be 'yes' or 'no'"));
    case KIND_INT:
    case KIND_POWER:
    case KIND_DURATION:
        return buf_append(out, BYTES("argument couldn't be parsed into an integer"));
    case KIND_SIZE:
        return buf_append(out, BYTES("argument must be a memory value"));
    case KIND_SHARE:
        return buf_append(out, BYTES("argument must be a memory or percent value"));
    case KIND_ENUM:
        TRY(buf_append(out, BYTES("argument(s) must be one of the following: ")));
        return write_words(out, row);
    case KIND_EVENTS:
        return buf_append(out, BYTES("Invalid event class character. Use 'Ag$lshzxeKEtmdn'."));
    case KIND_MODE:
    case KIND_STRING:
    case KIND_SECRET:
    case KIND_LIST:
    case KIND_BUFFER_LIMITS:
        break;
    }
    TRY(buf_append(out, BYTES("argument must be ")));
    return option_describe(row, out);
}
