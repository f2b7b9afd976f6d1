/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The lower half of the TOML reader, private to toml.c and toml_scan.c: a cursor that knows its
 * line and column, blanks and comments, keys, strings, and the one-word values.
 *
 * Invariant: the text was checked whole before the first character is read (toml_check_text), so
 * every character is UTF-8, no control character but tab and line end occurs, and CR stands only
 * before LF.  One thread at a time. */
#ifndef BRINE_TOML_SCAN_H
#define BRINE_TOML_SCAN_H

#include "base/buf.h"
#include "text/toml.h"

struct toml_place {
    size_t offset;
    uint32_t line, column;
};

struct toml_scan {
    struct bytes text;
    struct toml_place here;
    struct arena *arena;
    struct buf scratch; /* of the string or number being read */
    struct brine_error *err;
};

enum { TOML_END = -1 };

/* The byte `ahead` of the cursor, or TOML_END. */
static inline int toml_peek(const struct toml_scan *scan, size_t ahead) {
    size_t left = scan->text.len - scan->here.offset;
    return ahead < left ? scan->text.data[scan->here.offset + ahead] : TOML_END;
}

/* Moves over `count` bytes, which are there. */
void toml_advance(struct toml_scan *scan, size_t count);

/* Blanks of one line; with `lines`, line ends and comments too. */
void toml_skip_blank(struct toml_scan *scan, bool lines);

/* After a statement: blanks, a comment, and the end of the line or text. */
enum brine_status toml_expect_line_end(struct toml_scan *scan) MUST_USE;

/* Describes a failure at a place, with "line:column: " before the text. */
void toml_describe_failure(struct toml_scan *scan, struct toml_place place,
                           enum brine_status status, const char *format, ...) PRINTF_LIKE(4, 5);
/* Fails so; a macro, for the compiler and the analyser then see that the value is `status`. */
#define toml_scan_fail(scan, place, status, ...)                                                   \
    (toml_describe_failure((scan), (place), (status), __VA_ARGS__), (status))

void toml_describe_expected(struct toml_scan *scan, const char *what);
/* "line:column: expected <what>, found <the next character>" */
static inline enum brine_status toml_expected(struct toml_scan *scan, const char *what) {
    toml_describe_expected(scan, what);
    return BRINE_MALFORMED;
}

enum brine_status toml_check_text(struct toml_scan *scan) MUST_USE;

/* One part of a dotted key, bare or quoted, into the arena. */
enum brine_status toml_scan_key(struct toml_scan *scan, struct bytes *key) MUST_USE;

/* A value that is neither array nor inline table: fills kind and content. */
enum brine_status toml_scan_scalar(struct toml_scan *scan, struct toml_value *value) MUST_USE;

#endif
