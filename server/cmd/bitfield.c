/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* BITFIELD: integers of any width at any bit.  Source of answers: Redis 7.0 bitops.c.
 *
 * All operations of a command are read first, then worked on the new value, then the gate judges
 * that as a whole. */

#include "cmd/bits.h"

#include "base/number.h"

enum field_op { FIELD_GET, FIELD_SET, FIELD_ADD };
enum field_overflow { OVERFLOW_WRAP, OVERFLOW_SATURATE, OVERFLOW_FAIL };

struct field {
    enum field_op op;
    enum field_overflow overflow;
    bool is_signed;
    unsigned width;
    uint64_t offset;
    int64_t by;
    int64_t answer;
    bool failed; /* OVERFLOW FAIL met one: nil, and nothing is changed by it */
};

struct fields {
    struct field *fields;
    size_t count;
    size_t from;  /* the first byte that is written */
    size_t bytes; /* that the highest written one needs */
    bool writes;
    bool grows;  /* the value, by them */
    bool untold; /* it only grew: all writes failed */
};

/* ---- reading operations ---------------------------------------------------------------------- */

static bool parse_type(struct command_call *call, size_t position, struct field *field) {
    struct bytes text = call->args[position];
    int64_t width;
    field->is_signed = text.len > 0 && text.data[0] == 'i';
    bool right = text.len > 0 && (field->is_signed || text.data[0] == 'u') &&
                 number_parse_i64(bytes_slice(text, 1, text.len), &width) && width >= 1 &&
                 width <= (field->is_signed ? 64 : 63);
    if (right)
        field->width = (unsigned)width;
    else
        reply_error(call->reply, BYTES("ERR Invalid bitfield type. Use something like i16 u8. Note "
                                       "that u64 is not supported but i64 is."));
    return right;
}

static bool parse_overflow(struct command_call *call, size_t position,
                           enum field_overflow *overflow) {
    if (call_is(call, position, "WRAP")) {
        *overflow = OVERFLOW_WRAP;
    } else if (call_is(call, position, "SAT")) {
        *overflow = OVERFLOW_SATURATE;
    } else if (call_is(call, position, "FAIL")) {
        *overflow = OVERFLOW_FAIL;
    } else {
        reply_error(call->reply, BYTES("ERR Invalid OVERFLOW type specified"));
        return false;
    }
    return true;
}

/* Reads one operation at *position and moves behind it.  False: an error was replied. */
static bool parse_field(struct command_call *call, size_t *position, struct field *field) {
    size_t at = *position, left = call->args_count - at - 1;
    if (call_is(call, at, "GET") && left >= 2) {
        field->op = FIELD_GET;
    } else if (call_is(call, at, "SET") && left >= 3) {
        field->op = FIELD_SET;
    } else if (call_is(call, at, "INCRBY") && left >= 3) {
        field->op = FIELD_ADD;
    } else {
        reply_error(call->reply, ERROR_SYNTAX);
        return false;
    }
    if (!parse_type(call, at + 1, field) ||
        !call_bit_offset(call, at + 2, field->width, &field->offset))
        return false;
    *position = at + 3;
    if (field->op == FIELD_GET) return true;
    *position = at + 4;
    return call_integer(call, at + 3, &field->by);
}

static bool parse_fields(struct command_call *call, struct fields *fields) {
    enum { FIELDS_FIRST = 2 };
    enum field_overflow overflow = OVERFLOW_WRAP;
    fields->fields = arena_alloc(&call->worker->scratch, call->args_count * sizeof(struct field));
    if (!fields->fields) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return false;
    }
    for (size_t at = FIELDS_FIRST; at < call->args_count;) {
        if (call_is(call, at, "OVERFLOW") && at + 1 < call->args_count) {
            if (!parse_overflow(call, at + 1, &overflow)) return false;
            at += 2;
            continue;
        }
        struct field *field = &fields->fields[fields->count];
        *field = (struct field){.overflow = overflow};
        if (!parse_field(call, &at, field)) return false;
        fields->count++;
        if (field->op == FIELD_GET) continue;
        size_t from = (size_t)(field->offset / 8);
        fields->from = fields->writes ? MIN(fields->from, from) : from;
        fields->writes = true;
        fields->bytes = MAX(fields->bytes, (size_t)((field->offset + field->width - 1) / 8 + 1));
    }
    return true;
}

/* ---- working --------------------------------------------------------------------------------- */

static uint64_t read_bits(struct bytes text, uint64_t offset, unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++, offset++) {
        unsigned bit = offset / 8 < text.len ? text.data[offset / 8] >> (7 - offset % 8) & 1u : 0;
        value = value << 1 | bit;
    }
    return value;
}

static void write_bits(uint8_t *data, uint64_t offset, unsigned width, uint64_t value) {
    for (unsigned i = width; i > 0; i--, offset++) {
        uint8_t mask = (uint8_t)(0x80 >> offset % 8);
        bool on = value >> (i - 1) & 1;
        data[offset / 8] = (uint8_t)(on ? data[offset / 8] | mask : data[offset / 8] & ~mask);
    }
}

static int64_t as_signed(uint64_t bits, unsigned width) {
    unsigned shift = 64 - width;
    return (int64_t)(bits << shift) >> shift;
}

/* The old value plus `by`, cut to the field's width by its rule.  False: OVERFLOW FAIL.  A SET is
 * the new value plus 0.  Differences wrap as they do in Redis, which decides about a SET near
 * INT64_MIN.  Source: checkSignedBitfieldOverflow. */
static bool add_signed(const struct field *field, int64_t old, int64_t *sum) {
    int64_t value = field->op == FIELD_SET ? field->by : old;
    int64_t by = field->op == FIELD_SET ? 0 : field->by;
    bool widest = field->width == 64;
    int64_t most = widest ? INT64_MAX : ((int64_t)1 << (field->width - 1)) - 1;
    int64_t least = -most - 1;
    int64_t up = (int64_t)((uint64_t)most - (uint64_t)value);
    int64_t down = (int64_t)((uint64_t)least - (uint64_t)value);
    bool over = value > most || (!widest && by > up) || (value >= 0 && by > 0 && by > up);
    bool under = value < least || (!widest && by < down) || (value < 0 && by < 0 && by < down);
    if (!over && !under) {
        *sum = value + by;
        return true;
    }
    if (field->overflow == OVERFLOW_SATURATE)
        *sum = over ? most : least;
    else
        *sum = as_signed((uint64_t)value + (uint64_t)by, field->width);
    return field->overflow != OVERFLOW_FAIL;
}

static bool add_unsigned(const struct field *field, uint64_t old, int64_t *sum) {
    uint64_t most = ((uint64_t)1 << field->width) - 1;
    if (field->op == FIELD_SET) old = 0;
    bool over, under = false;
    if (field->op == FIELD_SET) /* a negative one is a large one */
        over = (uint64_t)field->by > most;
    else
        over = field->by > 0 && (uint64_t)field->by > most - old;
    if (field->op != FIELD_SET) under = field->by < 0 && old < (uint64_t)0 - (uint64_t)field->by;
    uint64_t value = old + (uint64_t)field->by;
    if (over || under) {
        if (field->overflow == OVERFLOW_SATURATE) value = over ? most : 0;
        *sum = (int64_t)(value & most);
        return field->overflow != OVERFLOW_FAIL;
    }
    *sum = (int64_t)value;
    return true;
}

/* Whether it changed what is there. */
static bool work_on(struct field *field, uint8_t *data, size_t len) {
    uint64_t bits = read_bits(bytes_view(data, len), field->offset, field->width);
    int64_t old = field->is_signed ? as_signed(bits, field->width) : (int64_t)bits, sum;
    field->failed = false;
    field->answer = old;
    if (field->op == FIELD_GET) return false;
    bool fits = field->is_signed ? add_signed(field, old, &sum) : add_unsigned(field, bits, &sum);
    field->failed = !fits;
    if (!fits) return false;
    write_bits(data, field->offset, field->width, (uint64_t)sum);
    if (field->op == FIELD_ADD) field->answer = sum;
    return read_bits(bytes_view(data, len), field->offset, field->width) != bits;
}

static enum keyspace_step plan_fields(void *context, const struct bytes *old,
                                      struct keyspace_extent *extent) {
    struct fields *fields = context;
    size_t len = old ? old->len : 0;
    *extent = (struct keyspace_extent){
        .len = MAX(len, fields->bytes), .from = fields->from, .to = fields->bytes};
    fields->grows = !old || len < fields->bytes;
    return KEYSPACE_STEP_STORE;
}

/* Where nothing is changed nobody who watches or listens is told, nor of zeros that are added for
 * writes which all fail.  Source: Redis bitops.c, `changes`. */
static enum keyspace_step write_fields(void *context, uint8_t *data,
                                       const struct keyspace_extent *extent) {
    struct fields *fields = context;
    bool changed = false, written = false;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->fields[i];
        changed |= work_on(&fields->fields[i], data, extent->len);
        written |= field->op != FIELD_GET && !field->failed;
    }
    bool differs = changed || fields->grows;
    fields->untold = !differs || (!changed && !written);
    /* A short value is kept in another way from now on, if nothing else. */
    bool stores = differs || extent->len <= STRING_EMBEDDED_BYTES_MAX;
    return stores ? KEYSPACE_STEP_STORE_EDITED : KEYSPACE_STEP_LEAVE;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static void reply_fields(struct command_call *call, const struct fields *fields) {
    reply_array(call->reply, fields->count);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->fields[i].failed)
            reply_null(call->reply);
        else
            reply_integer(call->reply, fields->fields[i].answer);
    }
}

/* No copy, no gate: nothing changes. */
static void read_fields(struct command_call *call, struct fields *fields) {
    struct store_value value;
    bool found = keyspace_enter(call->access, &call->key, &value);
    bool wrong = found && value.type != VALUE_STRING;
    struct bytes text = found ? value.bytes : BYTES("");
    for (size_t i = 0; i < fields->count && !wrong; i++) {
        struct field *field = &fields->fields[i];
        uint64_t bits = read_bits(text, field->offset, field->width);
        field->answer = field->is_signed ? as_signed(bits, field->width) : (int64_t)bits;
    }
    keyspace_leave(call->access);
    if (wrong)
        reply_error(call->reply, ERROR_WRONG_TYPE);
    else
        reply_fields(call, fields);
}

/* BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value ...] */
void cmd_bitfield(struct command_call *call) {
    struct fields fields = {0};
    if (!parse_fields(call, &fields)) return;
    if (!fields.writes) {
        read_fields(call, &fields);
        return;
    }
    struct keyspace_edit edit = {plan_fields, write_fields, &fields, "setbit", &fields.untold};
    enum keyspace_outcome outcome = keyspace_edit_string(call->access, &call->key, &edit);
    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_NOT_DONE)
        reply_fields(call, &fields);
    else
        reply_outcome(call, outcome);
}

/* BITFIELD_RO key [GET type offset ...] */
void cmd_bitfield_ro(struct command_call *call) {
    struct fields fields = {0};
    if (!parse_fields(call, &fields)) return;
    if (fields.writes)
        reply_error(call->reply, BYTES("ERR BITFIELD_RO only supports the GET subcommand"));
    else
        read_fields(call, &fields);
}
