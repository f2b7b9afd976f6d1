/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "text/json.h"

#include "base/assert.h"
#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>

static void write_bytes(struct json *json, struct bytes bytes) {
    if (json->status == BRINE_OK) json->status = buf_append(json->out, bytes);
}

static uint64_t level_bit(const struct json *json) {
    return (uint64_t)1 << (json->depth - 1);
}

/* Before a value, or before a key: the comma, where one is due. */
static void begin_item(struct json *json, bool is_key) {
    if (json->after_key) {
        BRINE_ASSERT(!is_key, "a JSON key is followed by its value");
        json->after_key = false;
        return;
    }
    if (json->depth == 0) return;
    BRINE_ASSERT(is_key == ((json->objects & level_bit(json)) != 0),
                 "items of a JSON object have keys, items of an array have none");
    if (json->begun & level_bit(json)) write_bytes(json, BYTES(","));
    json->begun |= level_bit(json);
}

void json_init(struct json *json, struct buf *out) {
    *json = (struct json){.out = out};
}

enum brine_status json_finish(struct json *json) {
    BRINE_ASSERT(json->status != BRINE_OK || (json->depth == 0 && !json->after_key),
                 "every JSON object and array is closed");
    return json->status;
}

static void open_level(struct json *json, bool is_object) {
    if (json->status != BRINE_OK) return;
    begin_item(json, false);
    if (json->depth == JSON_DEPTH_MAX) {
        json->status = BRINE_TOO_BIG;
        return;
    }
    json->depth++;
    json->begun &= ~level_bit(json);
    json->objects &= ~level_bit(json);
    if (is_object) json->objects |= level_bit(json);
    write_bytes(json, is_object ? BYTES("{") : BYTES("["));
}

void json_open_object(struct json *json) {
    open_level(json, true);
}
void json_open_array(struct json *json) {
    open_level(json, false);
}

void json_close(struct json *json) {
    if (json->status != BRINE_OK) return;
    BRINE_ASSERT(json->depth > 0 && !json->after_key, "a JSON level that is closed was opened");
    write_bytes(json, json->objects & level_bit(json) ? BYTES("}") : BYTES("]"));
    json->depth--;
}

static void write_character(struct json *json, struct bytes text, size_t at, size_t len,
                            uint32_t point) {
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    const char *letter = point && point < 0x80 ? strchr(meant, (int)point) : NULL;
    if (letter) {
        write_bytes(json, BYTES("\\"));
        write_bytes(json, bytes_view(&letters[letter - meant], 1));
    } else if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
        char escape[8];
        int n = snprintf(escape, sizeof escape, "\\u%04x", (unsigned)point);
        write_bytes(json, bytes_view(escape, (size_t)n));
    } else {
        write_bytes(json, bytes_slice(text, at, len));
    }
}

static void write_quoted(struct json *json, struct bytes text) {
    write_bytes(json, BYTES("\""));
    for (size_t at = 0; at < text.len && json->status == BRINE_OK;) {
        uint32_t point;
        size_t len = utf8_decode(text, at, &point);
        if (len == 0)
            write_bytes(json, BYTES("\\ufffd"));
        else
            write_character(json, text, at, len, point);
        at += MAX(len, 1u);
    }
    write_bytes(json, BYTES("\""));
}

void json_key_bytes(struct json *json, struct bytes key) {
    if (json->status != BRINE_OK) return;
    begin_item(json, true);
    write_quoted(json, key);
    write_bytes(json, BYTES(":"));
    json->after_key = true;
}

void json_key(struct json *json, const char *key) {
    json_key_bytes(json, bytes_of_cstr(key));
}

void json_string(struct json *json, struct bytes text) {
    if (json->status != BRINE_OK) return;
    begin_item(json, false);
    write_quoted(json, text);
}

void json_cstr(struct json *json, const char *text) {
    json_string(json, bytes_of_cstr(text));
}

static void write_hex(struct json *json, struct bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    begin_item(json, false);
    write_bytes(json, BYTES("\""));
    for (size_t i = 0; i < bytes.len && json->status == BRINE_OK; i++) {
        const char pair[] = {digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]};
        write_bytes(json, bytes_view(pair, sizeof pair));
    }
    write_bytes(json, BYTES("\""));
}

void json_member(struct json *json, const char *key, struct bytes text) {
    char hex_key[64];
    json_key(json, key);
    json_string(json, text);
    if (json->status != BRINE_OK || utf8_valid_prefix(text) == text.len) return;
    snprintf(hex_key, sizeof hex_key, "%s_hex", key);
    json_key(json, hex_key);
    write_hex(json, text);
}

static void write_word(struct json *json, struct bytes word) {
    if (json->status != BRINE_OK) return;
    begin_item(json, false);
    write_bytes(json, word);
}

void json_int(struct json *json, int64_t value) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    write_word(json, bytes_view(digits, number_format_i64(digits, value)));
}

void json_uint(struct json *json, uint64_t value) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    write_word(json, bytes_view(digits, number_format_u64(digits, value)));
}

void json_double(struct json *json, double value) {
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    char text[NUMBER_DOUBLE_TEXT_BYTES];
    int n = 0;
    double back;
    for (int digits = 15; digits <= 17; digits++) { /* 17 always read back the same */
        n = snprintf(text, sizeof text, "%.*g", digits, value);
        if (number_parse_double(bytes_view(text, (size_t)n), &back) && back == value) break;
    }
    write_word(json, bytes_view(text, (size_t)n));
}

void json_bool(struct json *json, bool value) {
    write_word(json, value ? BYTES("true") : BYTES("false"));
}
void json_null(struct json *json) {
    write_word(json, BYTES("null"));
}
