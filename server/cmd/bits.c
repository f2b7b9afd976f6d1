/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Strings as rows of bits; bit 0 is the highest of the first byte.  Source of answers and of the
 * order of errors: Redis 7.0 bitops.c. */

#include "cmd/bits.h"

#include "base/number.h"

enum { BITS_SHARE = 4 }; /* counting bits is so much faster than copying */

bool call_bit_offset(struct command_call *call, size_t position, unsigned width, uint64_t *offset) {
    struct bytes text = call->args[position];
    int64_t value;
    bool counted = width > 0 && text.len > 0 && text.data[0] == '#';
    if (counted) text = bytes_slice(text, 1, text.len);
    bool right = number_parse_i64(text, &value);
    /* Redis lets the product wrap round, and takes what comes of it for an offset. */
    if (right && counted) (void)__builtin_mul_overflow(value, (int64_t)width, &value);
    uint64_t bytes_max = (uint64_t)config_read(call->worker->config->limits.bulk_bytes);
    if (right && value >= 0 && (uint64_t)value / 8 < bytes_max) {
        *offset = (uint64_t)value;
        return true;
    }
    reply_error(call->reply, BYTES("ERR bit offset is not an integer or out of range"));
    return false;
}

/* For what goes through all of a string: it is taken out of its lock.  False: an error was replied,
 * or the command is run again where time is. */
static bool take_string(struct command_call *call, struct taken_value *taken) {
    call_take_value(call, &call->key, taken);
    if (taken->found && !taken->is_string)
        reply_error(call->reply, ERROR_WRONG_TYPE);
    else if (!taken->bytes.data)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else if (!call_leaves_loop(call, taken->bytes.len / BITS_SHARE))
        return true;
    taken_value_drop(taken);
    return false;
}

/* Enters the key and looks for a string.  False: it was left, and an error was replied. */
static bool enter_string(struct command_call *call, struct bytes *text, bool *found) {
    struct store_value value;
    *found = keyspace_enter(call->access, &call->key, &value);
    *text = *found ? value.bytes : BYTES("");
    if (!*found || value.type == VALUE_STRING) return true;
    keyspace_leave(call->access);
    reply_error(call->reply, ERROR_WRONG_TYPE);
    return false;
}

/* ---- SETBIT, GETBIT -------------------------------------------------------------------------- */

struct one_bit {
    uint64_t offset;
    bool on, was_on;
    bool untold; /* nothing changes but how the value is kept */
};

static int bit_at(struct bytes text, uint64_t offset) {
    if (offset / 8 >= text.len) return 0;
    return text.data[offset / 8] >> (7 - offset % 8) & 1;
}

static enum keyspace_step plan_bit(void *context, const struct bytes *old,
                                   struct keyspace_extent *extent) {
    struct one_bit *bit = context;
    struct bytes text = old ? *old : BYTES("");
    size_t at = (size_t)(bit->offset / 8);
    bit->was_on = bit_at(text, bit->offset);
    bit->untold = bit->was_on == bit->on && at < text.len;
    if (bit->untold && text.len > STRING_EMBEDDED_BYTES_MAX) return KEYSPACE_STEP_LEAVE;
    *extent = (struct keyspace_extent){.len = MAX(text.len, at + 1), .from = at, .to = at + 1};
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_step write_bit(void *context, uint8_t *data,
                                    const struct keyspace_extent *extent) {
    const struct one_bit *bit = context;
    uint8_t mask = (uint8_t)(0x80 >> bit->offset % 8);
    uint8_t *byte = data + extent->from;
    *byte = (uint8_t)(bit->on ? *byte | mask : *byte & ~mask);
    return KEYSPACE_STEP_STORE_EDITED;
}

/* SETBIT key offset value */
void cmd_setbit(struct command_call *call) {
    enum { SETBIT_OFFSET = 2, SETBIT_VALUE = 3 };
    struct one_bit bit = {0};
    int64_t on;
    if (!call_bit_offset(call, SETBIT_OFFSET, 0, &bit.offset)) return;
    if (!number_parse_i64(call->args[SETBIT_VALUE], &on) || (on != 0 && on != 1)) {
        reply_error(call->reply, BYTES("ERR bit is not an integer or out of range"));
        return;
    }
    bit.on = on == 1;
    struct keyspace_edit edit = {plan_bit, write_bit, &bit, "setbit", &bit.untold};
    enum keyspace_outcome outcome = keyspace_edit_string(call->access, &call->key, &edit);
    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_NOT_DONE)
        reply_integer(call->reply, bit.was_on);
    else
        reply_outcome(call, outcome);
}

/* GETBIT key offset */
void cmd_getbit(struct command_call *call) {
    enum { GETBIT_OFFSET = 2 };
    uint64_t offset;
    struct bytes text;
    bool found;
    if (!call_bit_offset(call, GETBIT_OFFSET, 0, &offset)) return;
    if (!enter_string(call, &text, &found)) return;
    reply_integer(call->reply, bit_at(text, offset));
    keyspace_leave(call->access);
}

/* ---- BITCOUNT, BITPOS ------------------------------------------------------------------------ */

struct bit_range {
    int64_t start, end; /* as given */
    bool has_start, has_end, in_bits;
};

static bool parse_unit(struct command_call *call, size_t position, struct bit_range *range) {
    range->in_bits = call_is(call, position, "BIT");
    if (range->in_bits || call_is(call, position, "BYTE")) return true;
    reply_error(call->reply, ERROR_SYNTAX);
    return false;
}

/* As bits, both included; false: nothing lies in it. */
static bool range_in_bits(const struct bit_range *range, size_t len, uint64_t *first,
                          uint64_t *last) {
    int64_t total = (int64_t)len, start = range->start, end = range->has_end ? range->end : -1;
    if (range->in_bits) total *= 8;
    if (start < 0) start = MAX(start + total, 0);
    if (end < 0) end = MAX(end + total, 0);
    end = MIN(end, total - 1);
    if (start > end) return false;
    *first = (uint64_t)start * (range->in_bits ? 1 : 8);
    *last = range->in_bits ? (uint64_t)end : (uint64_t)end * 8 + 7;
    return true;
}

static int64_t count_bits(struct bytes text, uint64_t first, uint64_t last) {
    int64_t count = 0;
    uint64_t at = first;
    for (; at <= last && at % 8; at++) count += bit_at(text, at);
    for (; at + 63 <= last; at += 64) {
        uint64_t word;
        memcpy(&word, text.data + at / 8, sizeof word);
        count += __builtin_popcountll(word);
    }
    for (; at <= last; at++) count += bit_at(text, at);
    return count;
}

/* BITCOUNT key [start end [BYTE | BIT]] */
void cmd_bitcount(struct command_call *call) {
    enum { COUNT_START = 2, COUNT_END = 3, COUNT_UNIT = 4 };
    struct bit_range range = {.end = -1, .has_end = true};
    struct taken_value taken;
    uint64_t first, last;
    int64_t count = 0;
    if (!take_string(call, &taken)) return;
    struct bytes text = taken.bytes;
    if (!taken.found || call->args_count == COUNT_START) {
        if (text.len > 0) count = count_bits(text, 0, (uint64_t)text.len * 8 - 1);
        goto reply;
    }
    if (call->args_count == COUNT_END || call->args_count > COUNT_UNIT + 1) {
        reply_error(call->reply, ERROR_SYNTAX);
        goto leave;
    }
    if (!call_integer(call, COUNT_START, &range.start) ||
        !call_integer(call, COUNT_END, &range.end))
        goto leave;
    bool empty = range.start < 0 && range.end < 0 && range.start > range.end;
    if (!empty && call->args_count > COUNT_UNIT && !parse_unit(call, COUNT_UNIT, &range))
        goto leave;
    if (!empty && range_in_bits(&range, text.len, &first, &last))
        count = count_bits(text, first, last);
reply:
    reply_integer(call->reply, count);
leave:
    taken_value_drop(&taken);
}

/* -1: none. */
static int64_t find_bit(struct bytes text, int wanted, uint64_t first, uint64_t last) {
    const uint64_t skip = wanted ? 0 : UINT64_MAX;
    uint64_t at = first;
    while (at <= last) {
        uint64_t word;
        if (at % 8 == 0 && at + 63 <= last) {
            memcpy(&word, text.data + at / 8, sizeof word);
            if (word == skip) {
                at += 64;
                continue;
            }
        }
        if (bit_at(text, at) == wanted) return (int64_t)at;
        at++;
    }
    return -1;
}

static bool parse_positions(struct command_call *call, struct bit_range *range) {
    enum { POS_START = 3, POS_END = 4, POS_UNIT = 5 };
    if (call->args_count > POS_UNIT + 1) {
        reply_error(call->reply, ERROR_SYNTAX);
        return false;
    }
    range->has_start = call->args_count > POS_START;
    range->has_end = call->args_count > POS_END;
    if (range->has_start && !call_integer(call, POS_START, &range->start)) return false;
    if (call->args_count > POS_UNIT && !parse_unit(call, POS_UNIT, range)) return false;
    return !range->has_end || call_integer(call, POS_END, &range->end);
}

/* BITPOS key bit [start [end [BYTE | BIT]]] */
void cmd_bitpos(struct command_call *call) {
    enum { POS_BIT = 2 };
    struct bit_range range = {0};
    int64_t wanted, position = -1;
    uint64_t first, last;
    struct taken_value taken;
    if (!call_integer(call, POS_BIT, &wanted)) return;
    if (wanted != 0 && wanted != 1) {
        reply_error(call->reply, BYTES("ERR The bit argument must be 1 or 0."));
        return;
    }
    if (!take_string(call, &taken)) return;
    if (!taken.found) {
        reply_integer(call->reply, wanted ? -1 : 0);
    } else if (parse_positions(call, &range)) {
        bool any = range_in_bits(&range, taken.bytes.len, &first, &last);
        if (any) position = find_bit(taken.bytes, (int)wanted, first, last);
        /* Behind the string zeros go on, unless the end was said. */
        if (any && position < 0 && wanted == 0 && !range.has_end) position = (int64_t)last + 1;
        reply_integer(call->reply, position);
    }
    taken_value_drop(&taken);
}
