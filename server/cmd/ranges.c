/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Parts of strings, and strings as decimal fractions.  Source of answers: Redis 7.0 t_string.c. */

#include "cmd/handlers.h"

#include "keyspace/edit.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- GETRANGE -------------------------------------------------------------------------------- */

/* The part from start to end, both included and counted from the end when negative. */
static struct bytes part_of(struct bytes text, int64_t start, int64_t end) {
    int64_t len = (int64_t)text.len;
    if (start < 0 && end < 0 && start > end) return BYTES("");
    if (start < 0) start = MAX(start + len, 0);
    if (end < 0) end = MAX(end + len, 0);
    end = MIN(end, len - 1);
    if (start > end || len == 0) return BYTES("");
    return bytes_slice(text, (size_t)start, (size_t)(end - start) + 1);
}

/* GETRANGE key start end */
void cmd_getrange(struct command_call *call) {
    enum { RANGE_START = 2, RANGE_END = 3 };
    int64_t start, end;
    struct store_value value;
    if (!call_integer(call, RANGE_START, &start) || !call_integer(call, RANGE_END, &end)) return;
    bool found = keyspace_enter(call->access, &call->key, &value);
    if (!found)
        reply_bulk(call->reply, BYTES(""));
    else if (value.type != VALUE_STRING)
        reply_error(call->reply, ERROR_WRONG_TYPE);
    else
        reply_part(call->reply, &value, part_of(value.bytes, start, end));
    keyspace_leave(call->access);
}

/* SUBSTR key start end */
void cmd_substr(struct command_call *call) {
    cmd_getrange(call);
}

/* ---- SETRANGE -------------------------------------------------------------------------------- */

struct overlay {
    struct bytes part;
    size_t offset, bytes_max;
    size_t len;    /* of the result */
    bool too_long; /* STOPPED for that */
};

static enum keyspace_step plan_overlay(void *context, const struct bytes *old,
                                       struct keyspace_extent *extent) {
    struct overlay *overlay = context;
    overlay->len = old ? old->len : 0;
    if (overlay->part.len == 0) return KEYSPACE_STEP_LEAVE;
    overlay->too_long = overlay->part.len > overlay->bytes_max ||
                        overlay->offset > overlay->bytes_max - overlay->part.len;
    if (overlay->too_long) return KEYSPACE_STEP_STOP;
    overlay->len = MAX(overlay->len, overlay->offset + overlay->part.len);
    *extent = (struct keyspace_extent){
        .len = overlay->len, .from = overlay->offset, .to = overlay->offset + overlay->part.len};
    return KEYSPACE_STEP_STORE;
}

static enum keyspace_step write_overlay(void *context, uint8_t *data,
                                        const struct keyspace_extent *extent) {
    const struct overlay *overlay = context;
    bytes_copy_to(data + extent->from, overlay->part);
    return KEYSPACE_STEP_STORE_EDITED;
}

/* SETRANGE key offset value */
void cmd_setrange(struct command_call *call) {
    enum { SETRANGE_OFFSET = 2, SETRANGE_VALUE = 3 };
    int64_t offset;
    if (!call_integer(call, SETRANGE_OFFSET, &offset)) return;
    if (offset < 0) {
        reply_error(call->reply, BYTES("ERR offset is out of range"));
        return;
    }
    struct overlay overlay = {
        .part = call->args[SETRANGE_VALUE],
        .offset = (size_t)offset,
        .bytes_max = (size_t)config_read(call->worker->config->limits.bulk_bytes),
    };
    struct keyspace_edit edit = {plan_overlay, write_overlay, &overlay, "setrange", NULL};
    enum keyspace_outcome outcome = keyspace_edit_string(call->access, &call->key, &edit);
    if (outcome == KEYSPACE_DONE || outcome == KEYSPACE_NOT_DONE)
        reply_integer(call->reply, (int64_t)overlay.len);
    else if (outcome == KEYSPACE_STOPPED)
        reply_error(call->reply, ERROR_STRING_TOO_LONG);
    else
        reply_outcome(call, outcome);
}

/* ---- INCRBYFLOAT ----------------------------------------------------------------------------- */

#define ERROR_NOT_FLOAT BYTES("ERR value is not a valid float")

enum { FRACTION_TEXT_BYTES = 5 * 1024 }; /* Redis's bound */

/* Source: Redis util.c string2ld, which takes what strtold does, hexadecimal and "inf" too. */
static bool parse_fraction(struct bytes text, long double *value) {
    char line[FRACTION_TEXT_BYTES], *end;
    if (text.len == 0 || text.len >= sizeof line) return false;
    bytes_copy_to(line, text);
    line[text.len] = 0;
    errno = 0;
    *value = strtold(line, &end);
    if (isspace((unsigned char)line[0]) || (size_t)(end - line) != text.len || isnan(*value))
        return false;
    bool out_of_range = errno == ERANGE && (isinf(*value) || *value == 0);
    return !out_of_range && errno != EINVAL;
}

/* Seventeen digits behind the point, without the zeros at the end.  Source: ld2string. */
static size_t format_fraction(char *line, size_t size, long double value) {
    size_t len = (size_t)snprintf(line, size, "%.17Lf", value);
    while (len > 0 && line[len - 1] == '0') len--;
    if (len > 0 && line[len - 1] == '.') len--;
    if (len == 2 && line[0] == '-' && line[1] == '0') {
        line[0] = '0';
        len = 1;
    }
    return len;
}

struct fraction {
    struct bytes by;
    struct bytes error;
    char text[FRACTION_TEXT_BYTES];
    size_t len;
};

static enum keyspace_step add_fraction(void *context, const struct bytes *old, struct buf *result) {
    struct fraction *fraction = context;
    long double value = 0, by;
    fraction->error = ERROR_NOT_FLOAT;
    if (old && !parse_fraction(*old, &value)) return KEYSPACE_STEP_STOP;
    if (!parse_fraction(fraction->by, &by)) return KEYSPACE_STEP_STOP;
    value += by;
    if (isnan(value) || isinf(value)) {
        fraction->error = BYTES("ERR increment would produce NaN or Infinity");
        return KEYSPACE_STEP_STOP;
    }
    fraction->len = format_fraction(fraction->text, sizeof fraction->text, value);
    return buf_append(result, bytes_view(fraction->text, fraction->len)) == BRINE_OK
               ? KEYSPACE_STEP_STORE_TEXT
               : KEYSPACE_STEP_NO_MEMORY;
}

/* INCRBYFLOAT key increment */
void cmd_incrbyfloat(struct command_call *call) {
    enum { INCRBYFLOAT_INCREMENT = 2 };
    struct fraction fraction = {.by = call->args[INCRBYFLOAT_INCREMENT]};
    enum keyspace_outcome outcome =
        keyspace_update_string(call->access, &call->key, add_fraction, &fraction, "incrbyfloat");
    if (outcome == KEYSPACE_DONE)
        reply_bulk(call->reply, bytes_view(fraction.text, fraction.len));
    else if (outcome == KEYSPACE_STOPPED)
        reply_error(call->reply, fraction.error);
    else
        reply_outcome(call, outcome);
}
