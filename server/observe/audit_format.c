/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Records into bytes for the ring, and from there into JSON. */

#include "observe/audit_pack.h"

#include "base/utf8.h"
#include "text/json.h"

#include <stdio.h>
#include <time.h>

_Static_assert(sizeof(struct audit_packed) + (AUDIT_TEXT_COUNT - 2) * AUDIT_TEXT_BYTES_MAX +
                       2 * AUDIT_KEY_BYTES_MAX + AUDIT_ALIGN <=
                   AUDIT_RECORD_BYTES_MAX,
               "the longest record fits into AUDIT_RECORD_BYTES_MAX");

static const char *const event_words[] = {
#define E(id, word, doc) word,
    AUDIT_EVENTS(E)
#undef E
};
static const char *const text_words[] = {
#define T(id, word) word,
    AUDIT_TEXTS(T)
#undef T
};

void audit_pack(const struct audit_record *record, struct audit_packed *packed) {
    size_t used = 0;
    memcpy(packed->numbers, record, AUDIT_NUMBERS_BYTES);
    for (size_t i = 0; i < AUDIT_TEXT_COUNT; i++) {
        struct bytes text = record->texts[i];
        struct bytes cut = bytes_slice(text, 0, audit_text_max(i));
        packed->whole[i] = (uint32_t)MIN(text.len, UINT32_MAX);
        bytes_copy_to(packed->texts + used, cut);
        used += cut.len;
    }
    packed->filler = 0;
    packed->bytes = (uint32_t)round_up(sizeof *packed + used, AUDIT_ALIGN);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* What a terminal may obey though it is text: C1 controls, separators of lines, changes of
 * direction. */
static bool is_treacherous(uint32_t point) {
    return (point >= 0x80 && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0x200e || point == 0x200f;
}

static bool is_honest(struct bytes text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        size_t len = utf8_decode(text, at, &point);
        if (len == 0 || is_treacherous(point)) return false;
        at += len;
    }
    return true;
}

/* A cut may have gone through a character; the part of it that is left says nothing. */
static struct bytes without_half_character(struct bytes text) {
    size_t whole = utf8_valid_prefix(text);
    bool half = text.len - whole < UTF8_BYTES_MAX && whole < text.len && text.data[whole] >= 0xc2;
    for (size_t at = whole + 1; half && at < text.len; at++) half = (text.data[at] & 0xc0) == 0x80;
    return half ? bytes_slice(text, 0, whole) : text;
}

/* As Python shows bytes, but for the quotes: backslashes are doubled, what is not printable ASCII
 * becomes \xNN. */
static void write_escaped(struct json *json, struct bytes text) {
    enum { ESCAPE_BYTES = 4 };
    char escaped[AUDIT_KEY_BYTES_MAX * ESCAPE_BYTES + 1];
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool plain = byte >= ' ' && byte < 127;
        if (byte == '\\') escaped[len++] = '\\';
        if (plain)
            escaped[len++] = (char)byte;
        else
            len += (size_t)snprintf(escaped + len, sizeof escaped - len, "\\x%02x", byte);
    }
    json_string(json, bytes_view(escaped, len));
}

static void write_note(struct json *json, const char *word, const char *suffix) {
    char key[64];
    snprintf(key, sizeof key, "%s_%s", word, suffix);
    json_key(json, key);
}

static void write_text(struct json *json, const char *word, struct bytes text, uint32_t whole) {
    if (text.len == 0) return;
    if (text.len < whole) text = without_half_character(text);
    json_key(json, word);
    if (is_honest(text)) {
        json_string(json, text);
    } else {
        write_escaped(json, text);
        write_note(json, word, "escaped");
        json_bool(json, true);
    }
    if (text.len == whole) return;
    write_note(json, word, "bytes");
    json_uint(json, whole);
}

static void write_number(struct json *json, const char *word, int64_t value) {
    if (value < 0) return;
    json_key(json, word);
    json_int(json, value);
}

/* "2026-11-23T00:06:55.123Z" beside the number, for people. */
static void write_time(struct json *json, int64_t time_ms) {
    char text[64];
    struct tm utc = {0};
    time_t seconds = (time_t)(time_ms / 1000);
    gmtime_r(&seconds, &utc);
    int len = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       (int)(time_ms % 1000));
    json_key(json, "time");
    json_string(json, bytes_view(text, (size_t)len));
    write_number(json, "time_ms", time_ms);
}

static enum brine_status format(const struct audit_record *record,
                                const uint32_t whole[AUDIT_TEXT_COUNT], struct buf *out) {
    struct json json;
    json_init(&json, out);
    json_open_object(&json);
    write_time(&json, record->time_ms);
    json_key(&json, "event");
    json_cstr(&json, event_words[record->event]);
    write_number(&json, "count", record->count);
    if (record->client_id) write_number(&json, "client_id", (int64_t)record->client_id);
    for (size_t i = 0; i < AUDIT_TEXT_COUNT; i++) {
        if (i == AUDIT_TEXT_key) write_number(&json, "db", record->db);
        if (i == AUDIT_TEXT_rule_name) write_number(&json, "rule", record->rule);
        if (i == AUDIT_TEXT_verdict) write_number(&json, "generation", record->generation);
        if (i == AUDIT_TEXT_opcode) write_number(&json, "offset", record->offset);
        if (i == AUDIT_TEXT_type) write_number(&json, "protocol", record->protocol);
        if (i == AUDIT_TEXT_digest) write_number(&json, "size", record->size);
        write_text(&json, text_words[i], record->texts[i], whole[i]);
        if (i == AUDIT_TEXT_digest) write_number(&json, "digest_bytes", record->digest_bytes);
    }
    json_close(&json);
    return json_finish(&json);
}

enum brine_status audit_packed_format(const struct audit_packed *packed, struct buf *out) {
    struct audit_record record;
    size_t used = 0;
    memcpy(&record, packed->numbers, AUDIT_NUMBERS_BYTES);
    for (size_t i = 0; i < AUDIT_TEXT_COUNT; i++) {
        size_t len = MIN(packed->whole[i], audit_text_max(i));
        record.texts[i] = bytes_view(packed->texts + used, len);
        used += len;
    }
    return format(&record, packed->whole, out);
}

enum brine_status audit_format(const struct audit_record *record, struct buf *out) {
    struct audit_packed_max space;
    struct audit_packed *packed = (struct audit_packed *)space.bytes;
    audit_pack(record, packed);
    return audit_packed_format(packed, out);
}
