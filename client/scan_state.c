/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What has been found and where the walk stands, as lines of words with tabs between them; bytes
 * below 0x21, the backslash and what is no ASCII stand as \xNN.
 *
 *     brine-scan 2
 *     at      place db cursor asked
 *     counts  keys values bytes pickles skipped gone denied dangerous broken refused
 *     finding severity db offset key type where global opcode framing message
 *     global  uses values listed more module name pattern...
 *
 * Written beside the file and renamed over it, so that what is there is whole. */
#include "client/scan.h"

#include "base/number.h"
#include "client/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS_MAX = 24, COUNTS = 7 };
#define STATE_BYTES_MAX ((size_t)512 << 20)
#define FIRST_LINE      "brine-scan 2\n"

/* ---- writing ----------------------------------------------------------------------------------*/

static enum brine_status add_text(struct buf *out, struct bytes text) {
    TRY(buf_append_byte(out, '\t'));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c > 0x20 && c < 0x7f && c != '\\')
            TRY(buf_append_byte(out, c));
        else
            TRY(buf_printf(out, "\\x%02x", c));
    }
    return BRINE_OK;
}

static enum brine_status add_number(struct buf *out, uint64_t number) {
    return buf_printf(out, "\t%llu", (unsigned long long)number);
}

static enum brine_status add_finding(struct buf *out, const struct scan_finding *finding) {
    const struct bytes texts[] = {finding->key,    finding->type,   finding->where,
                                  finding->global, finding->opcode, finding->framing,
                                  finding->message};
    TRY(buf_append(out, BYTES("finding")));
    TRY(add_number(out, finding->severity));
    TRY(add_number(out, (uint64_t)finding->db));
    TRY(add_number(out, finding->offset));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) TRY(add_text(out, texts[i]));
    return buf_append_byte(out, '\n');
}

static enum brine_status add_global(struct buf *out, const struct scan_global *global) {
    TRY(buf_append(out, BYTES("global")));
    TRY(add_number(out, global->uses));
    TRY(add_number(out, global->values));
    TRY(add_number(out, global->listed));
    TRY(add_number(out, global->more_patterns));
    TRY(add_text(out, global->module));
    TRY(add_text(out, global->name));
    for (size_t i = 0; i < global->patterns_count; i++) TRY(add_text(out, global->patterns[i]));
    return buf_append_byte(out, '\n');
}

static enum brine_status add_all(struct buf *out, const struct scan_position *position,
                                 const struct scan_found *found) {
    const struct scan_counts *counts = &found->counts;
    const uint64_t numbers[] = {counts->keys,    counts->values, counts->bytes, counts->pickles,
                                counts->skipped, counts->gone,   counts->denied};
    TRY(buf_append(out, BYTES(FIRST_LINE "at")));
    TRY(add_text(out, bytes_of_cstr(position->place)));
    TRY(add_number(out, (uint64_t)position->db));
    TRY(add_text(out, bytes_of_cstr(position->cursor)));
    TRY(add_text(out, bytes_of_cstr(position->asked)));
    TRY(buf_append(out, BYTES("\ncounts")));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) TRY(add_number(out, numbers[i]));
    for (size_t i = 0; i < SCAN_SEVERITIES; i++) TRY(add_number(out, counts->found[i]));
    TRY(buf_append_byte(out, '\n'));
    for (size_t i = 0; i < found->findings_count; i++) TRY(add_finding(out, &found->findings[i]));
    for (size_t i = 0; i < found->globals_count; i++) TRY(add_global(out, &found->globals[i]));
    return BRINE_OK;
}

/* It tells keys, and so is its owner's alone. */
static enum brine_status write_over(const char *path, struct bytes text, struct brine_error *err) {
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return brine_fail(err, BRINE_INVALID, 0, "the name of the file is too long");
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return brine_fail(err, BRINE_IO, 0, "%.300s: %s", beside, strerror(errno));
    bool ok = true;
    while (ok && text.len) {
        ssize_t written = write(file, text.data, text.len);
        if (written < 0 && errno == EINTR) continue;
        ok = written > 0;
        if (ok) text = bytes_slice(text, (size_t)written, text.len);
    }
    ok = fsync(file) == 0 && ok;
    ok = close(file) == 0 && ok;
    ok = ok && rename(beside, path) == 0;
    return ok ? BRINE_OK : brine_fail(err, BRINE_IO, 0, "%.300s: %s", path, strerror(errno));
}

enum brine_status scan_state_write(const char *path, const struct scan_position *position,
                                   const struct scan_found *found, struct brine_error *err) {
    struct buf out;
    buf_init(&out, mem_system(), STATE_BYTES_MAX);
    enum brine_status status = add_all(&out, position, found);
    if (status != BRINE_OK)
        brine_fail(err, status, 0, "%s", brine_status_meaning(status));
    else
        status = write_over(path, buf_view(&out), err);
    buf_deinit(&out);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------*/

struct line {
    struct bytes words[WORDS_MAX];
    size_t count;
};

static int hex_digit(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes \xNN where it stands, which only gets shorter. */
static bool unescape(struct bytes *word) {
    uint8_t *data = (uint8_t *)(uintptr_t)word->data; /* the caller's own buffer */
    size_t len = 0;
    for (size_t at = 0; at < word->len; at++) {
        uint8_t c = data[at];
        if (c == '\\') {
            int high = at + 3 < word->len ? hex_digit(data[at + 2]) : -1;
            int low = at + 3 < word->len ? hex_digit(data[at + 3]) : -1;
            if (high < 0 || low < 0 || data[at + 1] != 'x') return false;
            c = (uint8_t)(high * 16 + low);
            at += 3;
        }
        data[len++] = c;
    }
    word->len = len;
    return true;
}

static bool cut_line(struct bytes text, struct line *line) {
    line->count = 0;
    while (line->count < WORDS_MAX) {
        const uint8_t *tab = text.len ? memchr(text.data, '\t', text.len) : NULL;
        size_t len = tab ? (size_t)(tab - text.data) : text.len;
        line->words[line->count] = bytes_slice(text, 0, len);
        if (!unescape(&line->words[line->count++])) return false;
        if (!tab) return true;
        text = bytes_slice(text, len + 1, text.len);
    }
    return false;
}

static bool take_numbers(const struct line *line, size_t from, uint64_t *numbers, size_t count) {
    if (line->count < from + count) return false;
    for (size_t i = 0; i < count; i++)
        if (!number_parse_u64(line->words[from + i], &numbers[i])) return false;
    return true;
}

static void copy_word(char *target, size_t size, struct bytes word) {
    snprintf(target, size, "%.*s", (int)MIN(word.len, size), (const char *)word.data);
}

static bool read_finding(const struct line *line, struct scan_found *found) {
    uint64_t numbers[3];
    if (line->count != 11 || !take_numbers(line, 1, numbers, 3) || numbers[0] >= SCAN_SEVERITIES)
        return false;
    return scan_found_add_finding(found,
                                  &(struct scan_finding){.severity = (enum scan_severity)numbers[0],
                                                         .db = (int)numbers[1],
                                                         .offset = (size_t)numbers[2],
                                                         .key = line->words[4],
                                                         .type = line->words[5],
                                                         .where = line->words[6],
                                                         .global = line->words[7],
                                                         .opcode = line->words[8],
                                                         .framing = line->words[9],
                                                         .message = line->words[10]});
}

static bool read_global(const struct line *line, struct scan_found *found) {
    uint64_t numbers[4];
    if (line->count < 7 || !take_numbers(line, 1, numbers, 4)) return false;
    struct scan_global *global = scan_found_global(found, line->words[5], line->words[6]);
    if (!global) return false;
    global->uses = (uint32_t)numbers[0];
    global->values = numbers[1];
    global->listed = numbers[2] != 0;
    for (size_t i = 7; i < line->count; i++) scan_global_add_pattern(found, global, line->words[i]);
    global->more_patterns = numbers[3] != 0;
    return true;
}

static bool read_line(const struct line *line, struct scan_position *position,
                      struct scan_found *found) {
    uint64_t numbers[COUNTS + SCAN_SEVERITIES], db;
    struct bytes word = line->words[0];
    if (bytes_is(word, "finding")) return read_finding(line, found);
    if (bytes_is(word, "global")) return read_global(line, found);
    if (bytes_is(word, "at")) {
        if (line->count != 5 || !take_numbers(line, 2, &db, 1)) return false;
        copy_word(position->place, sizeof position->place, line->words[1]);
        copy_word(position->cursor, sizeof position->cursor, line->words[3]);
        copy_word(position->asked, sizeof position->asked, line->words[4]);
        position->db = (int)db;
        return true;
    }
    if (!bytes_is(word, "counts") || !take_numbers(line, 1, numbers, ARRAY_LEN(numbers)))
        return false;
    found->counts = (struct scan_counts){.keys = numbers[0],
                                         .values = numbers[1],
                                         .bytes = numbers[2],
                                         .pickles = numbers[3],
                                         .skipped = numbers[4],
                                         .gone = numbers[5],
                                         .denied = numbers[6]};
    for (size_t i = 0; i < SCAN_SEVERITIES; i++) found->counts.found[i] = numbers[COUNTS + i];
    return true;
}

static enum brine_status read_all(struct bytes text, struct scan_position *position,
                                  struct scan_found *found, struct brine_error *err) {
    struct bytes first = BYTES(FIRST_LINE);
    bool ok = bytes_starts_with(text, first);
    size_t at = first.len;
    while (ok && at < text.len) {
        struct line line;
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : 0;
        ok =
            end && cut_line(bytes_slice(text, at, len), &line) && read_line(&line, position, found);
        at += len + 1;
    }
    return ok ? BRINE_OK
              : brine_fail(err, BRINE_MALFORMED, at, "no file of a scan, or a damaged one");
}

enum brine_status scan_state_read(const char *path, struct scan_position *position,
                                  struct scan_found *found, struct brine_error *err) {
    struct buf text;
    if (access(path, F_OK) != 0 && errno == ENOENT) return BRINE_NOT_FOUND;
    buf_init(&text, mem_system(), STATE_BYTES_MAX + 2);
    enum brine_status status = input_read(&text, path, STATE_BYTES_MAX, err);
    if (status == BRINE_OK) status = read_all(buf_view(&text), position, found, err);
    buf_deinit(&text);
    return status;
}
